import type { PersonActor } from "../../shared/context";
import { regionOf } from "../../shared/id";
import { requireSession, sessionGuard } from "../sessions";
import { labelPlace } from "./labels";
import type { IdentityPorts } from "./ports";
import { type IdentityView, providerSchema } from "./schemas";

interface Row {
  id: string;
  provider: string;
  sealed_label: string | null;
  created_at: number;
  last_used_at: number | null;
}

/** The accounts at providers that open the person's own: at most one for each. */
export async function listIdentities(ports: IdentityPorts, actor: PersonActor): Promise<IdentityView[]> {
  const { person } = actor;
  const { records } = ports.stores(regionOf(person));
  const [guard, rows] = await records.batch<Row>([
    sessionGuard(records, actor, ports.now()),
    records
      .prepare("select id, provider, sealed_label, created_at, last_used_at from identities where person_id = ? order by id")
      .bind(person),
  ]);
  requireSession(guard);
  const vault = ports.vault(person);
  return await Promise.all(
    (rows?.results ?? []).map(async (row) => ({
      provider: providerSchema.parse(row.provider),
      label: row.sealed_label === null ? null : await vault.unseal(labelPlace(row.id), row.sealed_label),
      linkedAt: new Date(row.created_at).toISOString(),
      lastUsedAt: row.last_used_at === null ? null : new Date(row.last_used_at).toISOString(),
    })),
  );
}
