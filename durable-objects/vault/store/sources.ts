import { sourceKey } from "../../../shared/health/batch";
import type { Source } from "../../../shared/health/reading";

export interface StoredSource {
  /** Number of the source in this vault; `src_<number>` on the wire. */
  readonly number: number;
  readonly source: Source;
}

/** Each question ends at the first row that it finds; `series` has a row per metric, and quarantine is asked last. */
const WITH_READINGS = `SELECT id FROM sources WHERE
  EXISTS (SELECT 1 FROM series WHERE source = sources.id)
  OR EXISTS (SELECT 1 FROM sleeps WHERE source = sources.id)
  OR EXISTS (SELECT 1 FROM sleep_stretches WHERE source = sources.id)
  OR EXISTS (SELECT 1 FROM workouts WHERE source = sources.id)
  OR EXISTS (SELECT 1 FROM quarantine WHERE source = sources.id)`;

/** The vault's sources: few, so they are all kept in memory. */
export class Sources {
  readonly #sql: SqlStorage;
  readonly #byKey = new Map<string, number>();
  readonly #byNumber = new Map<number, Source>();

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    this.reload();
  }

  /** Reads the sources anew, after a transaction was rolled back. */
  reload(): void {
    this.#byKey.clear();
    this.#byNumber.clear();
    for (const row of this.#sql.exec<{ id: number; key: string; body: string }>("SELECT id, key, body FROM sources")) {
      this.#byKey.set(row.key, row.id);
      this.#byNumber.set(row.id, JSON.parse(row.body) as Source);
    }
  }

  /** The number of a source, added when it is new. */
  number(source: Source, now: number): number {
    const key = sourceKey(source);
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    const row = this.#sql
      .exec<{ id: number }>("INSERT INTO sources (key, body, first_seen) VALUES (?, ?, ?) RETURNING id", key, JSON.stringify(source), now)
      .one();
    this.#byKey.set(key, row.id);
    this.#byNumber.set(row.id, source);
    return row.id;
  }

  get(number: number): Source | undefined {
    return this.#byNumber.get(number);
  }

  all(): StoredSource[] {
    return [...this.#byNumber].map(([number, source]) => ({ number, source }));
  }

  /** Those of which something is still here; a source whose readings were all deleted keeps its number and is not among them. */
  withReadings(): StoredSource[] {
    const rows = this.#sql.exec<{ id: number }>(WITH_READINGS).toArray();
    const kept = new Set(rows.map(({ id }) => id));
    return this.all().filter(({ number }) => kept.has(number));
  }

  /** Numbers of the sources of a vendor, or of one of its connections. */
  ofVendor(vendor: string, connection?: string): number[] {
    return this.all()
      .filter(({ source }) => source.vendor === vendor && (connection === undefined || source.connection === connection))
      .map(({ number }) => number);
  }
}
