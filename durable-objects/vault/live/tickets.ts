import type { Admission } from "../../../shared/live/admission";
import { problem } from "../../../shared/problem";
import type { VaultState } from "../state";

const TIMER = "live_tickets";

/** Tickets that were used: a row for each until it would have expired. */
export class RedeemedTickets {
  readonly #state: VaultState;

  constructor(state: VaultState) {
    this.#state = state;
    state.timers.on(TIMER, async () => this.#clean());
  }

  /** Uses a ticket up. Throws `unauthenticated` where it was used before or its time is over. */
  redeem({ id, until }: NonNullable<Admission["ticket"]>): void {
    const { sql, timers, now } = this.#state;
    const fresh =
      until > now() &&
      sql
        .exec("INSERT INTO live_tickets (ticket, until) VALUES (?, ?) ON CONFLICT DO NOTHING RETURNING ticket", id, Math.ceil(until))
        .toArray().length > 0;
    if (!fresh) throw problem("unauthenticated", "The ticket is not valid any more.");
    timers.setEarliest(TIMER, "", until + 1);
  }

  #clean(): number | undefined {
    const { sql, now } = this.#state;
    sql.exec("DELETE FROM live_tickets WHERE until < ?", now());
    const { next } = sql.exec<{ next: number | null }>("SELECT min(until) AS next FROM live_tickets").one();
    return next === null ? undefined : next + 1;
  }
}
