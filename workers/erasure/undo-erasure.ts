import type { PersonActor } from "../../shared/context";
import { regionOf } from "../../shared/id";
import { notFound, problem } from "../../shared/problem";
import { notifyOwner } from "../credentials";
import { LIVE_SESSION, requireSession, sessionGuard } from "../sessions";
import { type JobRow, JOB_COLUMNS, jobOf } from "./job";
import type { RequestPorts } from "./request-ports";
import type { ErasureView } from "./schemas";
import { viewOf } from "./view";

const NEWEST = `select ${JOB_COLUMNS} from erasures where person_id = ? order by id desc limit 1`;

/** The erasure that the actor has asked for. Problem `not_found` where there is none. */
export async function readErasure(ports: RequestPorts, actor: PersonActor): Promise<ErasureView> {
  const { records } = ports.stores(regionOf(actor.person));
  const [guard, found] = await records.batch<JobRow>([
    sessionGuard(records, actor, ports.now()),
    records.prepare(NEWEST).bind(actor.person),
  ]);
  requireSession(guard);
  const row = found?.results[0];
  if (row === undefined || row.state === "undone") throw notFound("erasure");
  return viewOf(jobOf(row));
}

/**
 * Undoes the erasure while it waits: the account is as it was, but for the sessions and API keys that have ended. Repeating it repairs
 * a call that was cut off. Problems `not_found` where nothing was asked for, `conflict` once it has begun, `unavailable`.
 */
export async function undoErasure(ports: RequestPorts, actor: PersonActor): Promise<void> {
  const { person } = actor;
  const { records } = ports.stores(regionOf(person));
  const now = ports.now();
  const [guard, undone, found] = await records.batch<JobRow>([
    sessionGuard(records, actor, now),
    records
      .prepare(
        `update erasures set state = 'undone', finished_at = ?3, letter = null, secret_hash = null
         where person_id = ?2 and state = 'waiting' and ${LIVE_SESSION}`,
      )
      .bind(actor.session, person, now),
    records.prepare(NEWEST).bind(person),
  ]);
  requireSession(guard);
  const row = found?.results[0];
  if (row === undefined) throw notFound("erasure");
  if (row.state !== "undone") throw problem("conflict", "The erasure has begun.");
  try {
    await ports.vault(person).resume();
  } catch {
    throw problem("unavailable", "The erasure is undone, but not all places know yet. Repeat the call.", { retryAfter: 1 });
  }
  if (undone?.meta.changes === 1) notifyOwner(ports, person, "erasure_undone");
}
