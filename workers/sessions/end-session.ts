import { SECOND_MS } from "../../shared/clock";
import type { PersonActor } from "../../shared/context";
import { ACCESS_TOKEN_S, CLOCK_TOLERANCE_S, FIRST_PARTY } from "../../shared/crypto/tokens";
import { parseId, type PersonId, regionOf, type SessionId } from "../../shared/id";
import { notFound, problem } from "../../shared/problem";
import type { SessionPorts } from "./ports";
import { LIVE_SESSION, requireSession, sessionGuard } from "./session-guard";

export type EndReason =
  | "signed_out"
  | "ended_by_person"
  | "refresh_replayed"
  | "password_changed"
  | "password_reset"
  | "email_changed"
  | "factor_changed"
  | "app_removed"
  | "code_replayed"
  | "erasure"
  | "moved";

/** The longest time for which an access token of a session that ends now may still be accepted by its own word. */
const OUTLIVES_MS = (ACCESS_TOKEN_S + CLOCK_TOLERANCE_S) * SECOND_MS;

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
    await ports.vault(person).revokeSession(session, now + OUTLIVES_MS);
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

/**
 * Ends every session that the person signed in to, the actor's own included unless `exceptOwn`; keys of programs stay. Problem
 * `session_ended`; `unavailable` where the vault does not answer, and repeating the call repairs it.
 */
export async function endMySessions(ports: SessionPorts, actor: PersonActor, exceptOwn: boolean): Promise<void> {
  const now = ports.now();
  const { records } = ports.stores(regionOf(actor.person));
  const [guard] = await records.batch([sessionGuard(records, actor, now), endOthers(records, actor, now, "ended_by_person")]);
  requireSession(guard);
  await tellEnded(ports, actor.person);
  // Last, so that a call that was cut off can be repeated.
  if (!exceptOwn) await endSession(ports, actor.person, actor.session, "signed_out");
}

/**
 * Ends all sessions that the actor's person signed in to but the actor's own, as a statement of the caller's batch; does nothing where
 * the actor's own has ended. Keys of programs stay. The caller tells the vault afterwards, with `tellEnded`.
 */
export function endOthers(records: D1Database, actor: PersonActor, now: number, reason: EndReason): D1PreparedStatement {
  return records
    .prepare(
      `update sessions set revoked_at = ?3, revoked_reason = ?4
       where person_id = ?2 and id <> ?1 and client_id = ?5 and revoked_at is null and ${LIVE_SESSION}`,
    )
    .bind(actor.session, actor.person, now, reason, FIRST_PARTY);
}

/** Ends everything but the actor's own session, keys of programs included, as a statement of the caller's batch; see `endOthers`. */
export function endAllButOwn(records: D1Database, actor: PersonActor, now: number, reason: EndReason): D1PreparedStatement {
  return records
    .prepare(
      `update sessions set revoked_at = ?3, revoked_reason = ?4 where person_id = ?2 and id <> ?1 and revoked_at is null and ${LIVE_SESSION}`,
    )
    .bind(actor.session, actor.person, now, reason);
}

/** Ends all sessions of a person, those of API keys included, as a statement of the caller's batch; see `endOthers`. */
export function endAll(records: D1Database, person: PersonId, now: number, reason: EndReason): D1PreparedStatement {
  return records
    .prepare("update sessions set revoked_at = ?, revoked_reason = ? where person_id = ? and revoked_at is null")
    .bind(now, reason, person);
}

/**
 * Tells the vault of every session of the person that ended while its access tokens may still be valid; its sockets close there.
 * Problem `unavailable` where the vault does not answer; the next call of this kind tells it again.
 */
export async function tellEnded(ports: SessionPorts, person: PersonId): Promise<void> {
  const now = ports.now();
  const { results } = await ports
    .stores(regionOf(person))
    .records.prepare("select id, revoked_at from sessions where person_id = ? and revoked_at > ?")
    .bind(person, now - OUTLIVES_MS)
    .all<{ id: string; revoked_at: number }>();
  const vault = ports.vault(person);
  try {
    await Promise.all(
      results.map(async (row) => {
        const session = parseId("session", row.id);
        if (session !== undefined) await vault.revokeSession(session, row.revoked_at + OUTLIVES_MS);
      }),
    );
  } catch {
    throw problem("unavailable", "The sessions have ended, but not all places know yet.", { retryAfter: 1 });
  }
}
