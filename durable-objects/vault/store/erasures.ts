/** A range that the person deleted; zero stands for every metric or source. `to` is exclusive. */
export interface Erasure {
  readonly id: number;
  readonly metric: number;
  readonly source: number;
  readonly from: number;
  readonly to: number;
  readonly erasedAt: number;
}

/** Ranges that stay deleted and records that stay deleted. Both are few; ranges are kept in memory. */
export class Erasures {
  readonly #sql: SqlStorage;
  #ranges: Erasure[];
  #hasTombstones: boolean;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    this.#ranges = this.#load();
    this.#hasTombstones = this.#anyTombstone();
  }

  /** Reads the ranges anew, after a transaction was rolled back. */
  reload(): void {
    this.#ranges = this.#load();
    this.#hasTombstones = this.#anyTombstone();
  }

  all(): readonly Erasure[] {
    return this.#ranges;
  }

  /** Marks a range as deleted by the person. */
  erase(metric: number, source: number, from: number, to: number, now: number): void {
    this.#sql.exec(
      "INSERT INTO erasures (metric, source, from_at, to_at, erased_at) VALUES (?, ?, ?, ?, ?)",
      metric,
      source,
      from,
      to,
      now,
    );
    this.#ranges = this.#load();
  }

  /** Marks a range that was deleted elsewhere, where it is not marked already. */
  restore(metric: number, source: number, from: number, to: number, at: number): void {
    const isKnown = this.#ranges.some((r) => r.metric === metric && r.source === source && r.from === from && r.to === to);
    if (!isKnown) this.erase(metric, source, from, to, at);
  }

  /** Lifts an erasure, so that the range can be filled again. False where there is none of that id. */
  lift(id: number): boolean {
    const lifted = this.#sql.exec("DELETE FROM erasures WHERE id = ? RETURNING id", id).toArray().length > 0;
    this.#ranges = this.#load();
    return lifted;
  }

  /** A test for instants of one metric and source, or undefined where nothing of it was ever deleted. */
  covers(metric: number, source: number): ((at: number) => boolean) | undefined {
    if (this.#ranges.length === 0) return undefined;
    const ranges = this.#ranges.filter((r) => (r.metric === 0 || r.metric === metric) && (r.source === 0 || r.source === source));
    return ranges.length === 0 ? undefined : (at) => ranges.some((r) => at >= r.from && at < r.to);
  }

  /** Marks records of a vendor as gone; the highest version stays. */
  bury(vendor: string, records: readonly { id: string; version: number }[], now: number): void {
    if (records.length === 0) return;
    this.#sql.exec(
      `INSERT INTO tombstones (vendor, record_id, version, deleted_at) SELECT ?1, value->>0, value->>1, ?2 FROM json_each(?3) WHERE true
       ON CONFLICT DO UPDATE SET version = max(version, excluded.version)`,
      vendor,
      now,
      JSON.stringify(records.map((record) => [record.id, record.version])),
    );
    this.#hasTombstones = true;
  }

  /** Which of these record ids are gone, with the version that deleted them. */
  buried(vendor: string, ids: readonly string[]): ReadonlyMap<string, number> {
    if (!this.#hasTombstones || ids.length === 0) return NONE;
    const rows = this.#sql.exec<{ record_id: string; version: number }>(
      "SELECT record_id, version FROM tombstones WHERE vendor = ? AND record_id IN (SELECT value FROM json_each(?))",
      vendor,
      JSON.stringify([...new Set(ids)]),
    );
    return new Map(rows.toArray().map((row) => [row.record_id, row.version]));
  }

  #anyTombstone(): boolean {
    return this.#sql.exec("SELECT 1 FROM tombstones LIMIT 1").toArray().length > 0;
  }

  #load(): Erasure[] {
    return this.#sql
      .exec<{ id: number; metric: number; source: number; from_at: number; to_at: number; erased_at: number }>("SELECT * FROM erasures")
      .toArray()
      .map((r) => ({ id: r.id, metric: r.metric, source: r.source, from: r.from_at, to: r.to_at, erasedAt: r.erased_at }));
  }
}

const NONE: ReadonlyMap<string, number> = new Map();
