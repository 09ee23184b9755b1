/**
 * Who may work at the same time: any number of readers and writers of entries together, or one that changes what they stand on (a close, a
 * division into parts, an erasure). The latter waits for those under way, and those that come later wait for it.
 */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  readonly #together = new Set<Promise<unknown>>();

  async together<T>(work: () => T | Promise<T>): Promise<T> {
    if (this.#waiting > 0) await this.#last;
    const under = Promise.resolve(work());
    const quiet = under.then(nothing, nothing);
    this.#together.add(quiet);
    try {
      return await under;
    } finally {
      this.#together.delete(quiet);
    }
  }

  async alone<T>(work: () => Promise<T>): Promise<T> {
    const before = this.#last;
    this.#waiting++;
    const turn = before.then(async () => {
      while (this.#together.size > 0) await Promise.all(this.#together);
      return await work();
    });
    this.#last = turn.then(nothing, nothing);
    try {
      return await turn;
    } finally {
      this.#waiting--;
    }
  }
}

function nothing(): void {}
