import type { Clock } from "../../shared/clock";
import type { PersonActor } from "../../shared/context";
import type { SessionId } from "../../shared/id";

/**
 * The sessions that were ended while their access tokens may still be valid: few, kept in memory and in storage, so that a request to
 * the vault needs no second round trip.
 */
export class RevokedSessions {
  readonly #sql: SqlStorage;
  readonly #now: Clock;
  readonly #until: Map<string, number>;

  constructor(sql: SqlStorage, now: Clock) {
    this.#sql = sql;
    this.#now = now;
    this.#until = new Map(
      sql
        .exec<{ session: string; until: number }>("SELECT session, until FROM revoked_sessions")
        .toArray()
        .map((row) => [row.session, row.until]),
    );
  }

  /** Ends a session; `until` is when its last access token expires (epoch milliseconds). */
  revoke(session: SessionId, until: number): void {
    const now = this.#now();
    this.#sql.exec(
      "INSERT INTO revoked_sessions (session, until) VALUES (?, ?) ON CONFLICT DO UPDATE SET until = max(until, excluded.until)",
      session,
      Math.ceil(until),
    );
    this.#sql.exec("DELETE FROM revoked_sessions WHERE until < ?", now);
    this.#until.set(session, until);
    for (const [known, end] of this.#until) if (end < now) this.#until.delete(known);
  }

  /** Whether the actor's session was ended. */
  isEnded(actor: PersonActor): boolean {
    const until = this.#until.get(actor.session);
    return until !== undefined && until >= this.#now();
  }
}
