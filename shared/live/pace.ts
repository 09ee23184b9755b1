/**
 * The generic cell rate algorithm (ITU-T I.371) for one sender: `perSecond` on average, and a burst of one second's worth after a
 * pause. Kept in memory: one number of state.
 */
export class Pace {
  readonly #interval: number;
  readonly #tolerance: number;
  #due = 0;

  constructor(perSecond: number) {
    this.#interval = 1_000 / perSecond;
    this.#tolerance = 1_000 - this.#interval;
  }

  /** Counts one message at `now` (epoch milliseconds) and returns true, or returns false and counts nothing. */
  pass(now: number): boolean {
    const due = Math.max(this.#due, now);
    if (due - now > this.#tolerance) return false;
    this.#due = due + this.#interval;
    return true;
  }
}
