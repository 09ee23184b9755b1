import type { PersonActor } from "../../shared/context";
import { type Id, regionOf } from "../../shared/id";
import { notFound } from "../../shared/problem";
import { endOthers, LIVE_SESSION, requireSession, sessionGuard, tellEnded } from "../sessions";
import { lowerAssurance } from "./lower-assurance";
import { notifyOwner } from "./notify";
import type { Passkey } from "./passkey-schemas";
import type { CredentialPorts } from "./ports";
import { hasOtherWayIn, lastWayIn } from "./ways-in";

export interface PasskeyRow {
  id: string;
  name: string;
  backed_up: number;
  flagged_at: number | null;
  created_at: number;
  last_used_at: number | null;
}

/** What is shown of a passkey. */
export const COLUMNS = "id, name, backed_up, flagged_at, created_at, last_used_at";

/** The person's passkeys, oldest first. */
export async function listPasskeys(ports: CredentialPorts, actor: PersonActor): Promise<Passkey[]> {
  const { records } = ports.stores(regionOf(actor.person));
  const [guard, rows] = await records.batch<PasskeyRow>([
    sessionGuard(records, actor, ports.now()),
    records.prepare(`select ${COLUMNS} from passkeys where person_id = ? order by id`).bind(actor.person),
  ]);
  requireSession(guard);
  return (rows?.results ?? []).map(passkeyOf);
}

/** Gives a passkey another name. Problem `not_found` for one that is not the person's. */
export async function renamePasskey(
  ports: CredentialPorts,
  { actor, id, name }: { readonly actor: PersonActor; readonly id: Id<"passkey"> | undefined; readonly name: string },
): Promise<Passkey> {
  const { records } = ports.stores(regionOf(actor.person));
  const [guard, rows] = await records.batch<PasskeyRow>([
    sessionGuard(records, actor, ports.now()),
    records
      .prepare(`update passkeys set name = ?4 where id = ?5 and person_id = ?2 and ${LIVE_SESSION} returning ${COLUMNS}`)
      .bind(actor.session, actor.person, ports.now(), name, id ?? ""),
  ]);
  requireSession(guard);
  const row = rows?.results[0];
  if (row === undefined) throw notFound("passkey");
  return passkeyOf(row);
}

/**
 * Removes a passkey and ends all other sessions. Problems: `not_found` for one that is not the person's; `conflict` for the last way to
 * sign in.
 */
export async function removePasskey(ports: CredentialPorts, actor: PersonActor, id: Id<"passkey"> | undefined): Promise<void> {
  const now = ports.now();
  const { records } = ports.stores(regionOf(actor.person));
  const [guard, found] = await records.batch<{ other?: number }>([
    sessionGuard(records, actor, now),
    records
      .prepare(`select ${hasOtherWayIn("passkey", "?2", "?1")} as other from passkeys where id = ?1 and person_id = ?2`)
      .bind(id ?? "", actor.person),
  ]);
  requireSession(guard);
  const row = found?.results[0];
  if (row === undefined) throw notFound("passkey");
  if (row.other !== 1) throw lastWayIn();
  await records.batch([
    records
      .prepare(`delete from passkeys where id = ?4 and person_id = ?2 and ${LIVE_SESSION} and ${hasOtherWayIn("passkey", "?2", "?4")}`)
      .bind(actor.session, actor.person, now, id ?? ""),
    endOthers(records, actor, now, "factor_changed"),
    lowerAssurance(records, actor),
  ]);
  notifyOwner(ports, actor.person, "factor_removed");
  await tellEnded(ports, actor.person);
}

/** The wire form of a row. */
export function passkeyOf(row: PasskeyRow): Passkey {
  return {
    id: row.id,
    name: row.name,
    backedUp: row.backed_up === 1,
    flaggedAt: instant(row.flagged_at),
    createdAt: new Date(row.created_at).toISOString(),
    lastUsedAt: instant(row.last_used_at),
  };
}

function instant(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}
