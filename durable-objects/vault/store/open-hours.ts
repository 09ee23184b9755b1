/** What is stored of an hour that samples are being appended to. */
export interface OpenHour {
  readonly hour: number;
  readonly parts: number;
  /** Number of the next part. */
  readonly nextPart: number;
  /** Instant of the latest sample, epoch milliseconds. */
  readonly latest: number;
  /** Five-minute slots with data, by local date: as the `hours` rows have them. */
  readonly slots: ReadonlyMap<number, number>;
  /** Whether the hour may have a table of minutes. */
  readonly hasMinutes: boolean;
}

/** So many series are remembered; a person's devices stream fewer at a time. */
const MOST = 64;

/**
 * The hours that were written last, one per metric and source. A stream of single samples would otherwise read its hour again for every
 * one of them. Only a memory: what is not in it is read. Whoever changes segments or hours by another way must forget what it knows.
 */
export class OpenHours {
  readonly #hours = new Map<string, OpenHour>();

  get(metric: number, source: number, hour: number): OpenHour | undefined {
    const known = this.#hours.get(keyOf(metric, source));
    return known?.hour === hour ? known : undefined;
  }

  set(metric: number, source: number, open: OpenHour): void {
    const key = keyOf(metric, source);
    this.#hours.delete(key);
    if (this.#hours.size >= MOST) {
      const [oldest] = this.#hours.keys();
      if (oldest !== undefined) this.#hours.delete(oldest);
    }
    this.#hours.set(key, open);
  }

  /** Forgets one series, after its rows or summaries were changed. */
  forget(metric: number, source: number): void {
    this.#hours.delete(keyOf(metric, source));
  }

  /** Forgets everything: after deletions, and after a transaction was rolled back. */
  clear(): void {
    this.#hours.clear();
  }
}

function keyOf(metric: number, source: number): string {
  return `${metric} ${source}`;
}
