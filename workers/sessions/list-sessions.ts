import type { PersonActor } from "../../shared/context";
import { FIRST_PARTY } from "../../shared/crypto/tokens";
import { regionOf } from "../../shared/id";
import type { SessionPorts } from "./ports";
import type { SessionView } from "./schemas";
import { requireSession, sessionGuard } from "./session-guard";

/** More sessions than anybody has; older ones are not shown. */
const SHOWN = 200;

interface SessionRow {
  id: string;
  device: string | null;
  address: string | null;
  created_at: number;
  last_used_at: number;
  idle_expiry: number;
}

/** The living sessions of a person, newest first. */
export async function listSessions(ports: SessionPorts, actor: PersonActor): Promise<SessionView[]> {
  const now = ports.now();
  const { records } = ports.stores(regionOf(actor.person));
  const [guard, rows] = await records.batch<SessionRow>([
    sessionGuard(records, actor, now),
    records
      .prepare(
        `select id, device, address, created_at, last_used_at, idle_expiry from sessions
         where person_id = ? and client_id = ? and revoked_at is null and idle_expiry > ? and absolute_expiry > ? order by id desc limit ${SHOWN}`,
      )
      .bind(actor.person, FIRST_PARTY, now, now),
  ]);
  requireSession(guard);
  return (rows?.results ?? []).map((row) => ({
    id: row.id,
    current: row.id === actor.session,
    device: row.device,
    network: row.address,
    createdAt: new Date(row.created_at).toISOString(),
    lastUsedAt: new Date(row.last_used_at).toISOString(),
    expiresAt: new Date(row.idle_expiry).toISOString(),
  }));
}
