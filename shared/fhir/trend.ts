const DAY_MS = 86_400_000;

/**
 * The straight line that comes nearest to values over time (least squares), one value at a time: means and moments are kept as deviations, so that
 * times of this century lose nothing.
 */
export class Trend {
  #n = 0;
  #meanT = 0;
  #meanY = 0;
  #varT = 0;
  #cov = 0;

  /** `at` in epoch milliseconds. */
  add(value: number, at: number): void {
    const t = at / DAY_MS;
    this.#n++;
    const [beforeT, beforeY] = [t - this.#meanT, value - this.#meanY];
    this.#meanT += beforeT / this.#n;
    this.#meanY += beforeY / this.#n;
    this.#varT += beforeT * (t - this.#meanT);
    this.#cov += beforeT * (value - this.#meanY);
  }

  /** The change in a day; undefined for fewer than two times. */
  get perDay(): number | undefined {
    return this.#n < 2 || this.#varT <= 0 ? undefined : this.#cov / this.#varT;
  }
}
