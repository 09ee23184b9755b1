/** Who has heard nothing for so long goes on alone: whoever worked for them may be gone. */
const PATIENCE_MS = 3_000;

type Outcome<T> = { readonly value: T } | { readonly error: unknown };

/**
 * What one request of an isolate finds out, for others that wait for the same. Requests may share no promise of what the runtime does for one of
 * them: a request that waits for another's has been seen to wait for ever, one in some ten thousand, under load. Each waits for a
 * promise of its own, with a timer beside it, without which the runtime takes it for one that hangs.
 */
export class News<T> {
  readonly #begunAt = Date.now();
  readonly #listeners: ((outcome: Outcome<T>) => void)[] = [];

  /** Whether it is young enough to wait for. */
  get isAwaited(): boolean {
    return Date.now() - this.#begunAt < PATIENCE_MS;
  }

  /** Waits for it; undefined where nothing was heard in three seconds. Throws what the work threw. */
  async heard(): Promise<T | undefined> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const outcome = await new Promise<Outcome<T> | undefined>((resolve) => {
      timer = setTimeout(resolve, PATIENCE_MS, undefined);
      this.#listeners.push(resolve);
    });
    clearTimeout(timer);
    if (outcome === undefined) return undefined;
    if ("error" in outcome) throw outcome.error;
    return outcome.value;
  }

  /**
   * Tells everybody what comes of some work of this request, and returns or throws it.
   *
   * @param later keeps the work alive when the request's caller has gone
   */
  async tell(work: Promise<T>, later: (work: Promise<unknown>) => void): Promise<T> {
    const told = work.then(
      (value): Outcome<T> => ({ value }),
      (error: unknown): Outcome<T> => ({ error }),
    );
    const telling = told.then((outcome) => {
      for (const listener of this.#listeners.splice(0)) listener(outcome);
    });
    later(telling);
    await telling;
    return await work;
  }
}

/** Reads of an isolate's requests, of which those that want the same at the same time are one. */
export class SingleFlight<T> {
  readonly #flights = new Map<string, News<T>>();

  /**
   * Loads what a key stands for, or waits for whoever loads it already.
   *
   * @param later keeps the work alive when the request's caller has gone
   */
  async get(key: string, load: () => Promise<T>, later: (work: Promise<unknown>) => void): Promise<T> {
    const known = this.#flights.get(key);
    if (known?.isAwaited === true) return (await known.heard()) ?? (await load());
    const flight = new News<T>();
    this.#flights.set(key, flight);
    try {
      return await flight.tell(load(), later);
    } finally {
      if (this.#flights.get(key) === flight) this.#flights.delete(key);
    }
  }
}
