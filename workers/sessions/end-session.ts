import { SECOND_MS } from "../../shared/clock";
import type { PersonActor } from "../../shared/context";
import { ACCESS_TOKEN_S, CLOCK_TOLERANCE_S } from "../../shared/crypto/tokens";
import { type PersonId, regionOf, type SessionId } from "../../shared/id";
import { notFound, problem } from "../../shared/problem";
import type { SessionPorts } from "./ports";
import { requireSession, sessionGuard } from "./session-guard";

export type EndReason = "signed_out" | "ended_by_person" | "refresh_replayed";

/**
 * Ends a session of a person: in the records first, then in the vault, which refuses its access tokens until the last has run out.
 * Problem `unavailable` where the vault does not answer. Ending an ended session tells the vault again, so that repeating the call
 * repairs it.
 *
 * @returns whether the person has such a session
 */
export async function endSession(ports: SessionPorts, person: PersonId, session: SessionId, reason: EndReason): Promise<boolean> {
  const now = ports.now();
  const { records } = ports.stores(regionOf(person));
  const [, found] = await records.batch([
    records
      .prepare("update sessions set revoked_at = ?, revoked_reason = ? where id = ? and person_id = ? and revoked_at is null")
      .bind(now, reason, session, person),
    records.prepare("select 1 from sessions where id = ? and person_id = ?").bind(session, person),
  ]);
  if (found === undefined || found.results.length === 0) return false;
  try {
    await ports.vault(person).revokeSession(session, now + (ACCESS_TOKEN_S + CLOCK_TOLERANCE_S) * SECOND_MS);
  } catch {
    throw problem("unavailable", "The session has ended, but not all places know yet. Repeat the call.", { retryAfter: 1 });
  }
  return true;
}

/** Ends another session of the person (or this one). Problem `not_found` for a session that is not theirs. */
export async function endOneSession(ports: SessionPorts, actor: PersonActor, session: SessionId | undefined): Promise<void> {
  const { records } = ports.stores(regionOf(actor.person));
  requireSession(await sessionGuard(records, actor, ports.now()).all());
  if (session === undefined || regionOf(session) !== regionOf(actor.person)) throw notFound("session");
  if (!(await endSession(ports, actor.person, session, "ended_by_person"))) throw notFound("session");
}
