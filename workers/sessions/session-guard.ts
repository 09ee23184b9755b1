import type { PersonActor } from "../../shared/context";
import { problem } from "../../shared/problem";

/**
 * The check that the actor's session still lives, to be the first statement of a route's own D1 batch: an access token outlives its
 * session by minutes, and this is what makes signing out immediate.
 *
 *     const [guard, rows] = await records.batch([sessionGuard(records, actor, now), query]);
 *     requireSession(guard);
 *
 * A batch that also writes makes its writes conditional on `LIVE_SESSION`, since the guard is read only after all has run.
 */
export function sessionGuard(records: D1Database, actor: PersonActor, now: number): D1PreparedStatement {
  return records.prepare(`select 1 where ${LIVE_SESSION}`).bind(actor.session, actor.person, now);
}

/** SQL condition with three parameters, numbered ?1 to ?3: session id, person id, epoch milliseconds. */
export const LIVE_SESSION =
  "exists (select 1 from sessions where id = ?1 and person_id = ?2 and revoked_at is null and idle_expiry > ?3 and absolute_expiry > ?3)";

/** Throws `session_ended` where the guard found no living session. Nothing of the batch may be answered before this. */
export function requireSession(guard: D1Result | undefined): void {
  if (guard === undefined || guard.results.length === 0) throw problem("session_ended");
}
