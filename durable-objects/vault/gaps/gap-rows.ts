import type { GapClass, GapState } from "../../../shared/health/gaps";

/** A local date (days since 1970-01-01) of a metric (catalogue code) and source. */
export interface GapKey {
  readonly date: number;
  readonly metric: number;
  readonly source: number;
}

export interface Gap extends GapKey {
  readonly class: GapClass;
  readonly state: GapState;
  /** Epoch milliseconds. */
  readonly foundAt: number;
  readonly changedAt: number;
  readonly repairAt: number | null;
}

/** Which gaps; dates inclusive. */
export interface GapQuery {
  readonly from: number;
  readonly to: number;
  readonly metric?: number | undefined;
  readonly class?: GapClass | undefined;
  readonly state?: GapState | undefined;
  readonly after?: GapKey | undefined;
  readonly limit: number;
}

type Row = {
  date: number;
  metric: number;
  source: number;
  class: GapClass;
  state: GapState;
  found_at: number;
  changed_at: number;
  repair_at: number | null;
};

const COLUMNS = "date, metric, source, class, state, found_at, changed_at, repair_at";
/** States in which readings that arrive still change something. */
const UNFILLED = "state IN ('open', 'repairing', 'reported')";

/** The tables of gaps. Methods are synchronous: callers make them one transaction. */
export class GapRows {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Adds a gap; false where it is known already, in whatever state. */
  add(key: GapKey, found: GapClass, now: number, checkAt: number): boolean {
    return (
      this.#sql
        .exec(
          `INSERT OR IGNORE INTO gaps (date, metric, source, class, state, found_at, changed_at, check_at)
           VALUES (?1, ?2, ?3, ?4, 'open', ?6, ?6, ?5) RETURNING date`,
          key.date,
          key.metric,
          key.source,
          found,
          checkAt,
          now,
        )
        .toArray().length > 0
    );
  }

  /** Moves a gap on; `checkAt` null where nobody looks again. */
  set({ date, metric, source }: GapKey, state: GapState, now: number, checkAt: number | null): void {
    this.#sql.exec(
      `UPDATE gaps SET state = ?1, changed_at = ?2, check_at = ?3, repair_at = iif(?1 = 'repairing', coalesce(repair_at, ?2), repair_at)
       WHERE date = ?4 AND metric = ?5 AND source = ?6`,
      state,
      now,
      checkAt,
      date,
      metric,
      source,
    );
  }

  /** Looks at a gap again later, without anything having changed. */
  postpone({ date, metric, source }: GapKey, checkAt: number | null): void {
    this.#sql.exec("UPDATE gaps SET check_at = ? WHERE date = ? AND metric = ? AND source = ?", checkAt, date, metric, source);
  }

  get({ date, metric, source }: GapKey): Gap | undefined {
    const [row] = this.#sql
      .exec<Row>(`SELECT ${COLUMNS} FROM gaps WHERE date = ? AND metric = ? AND source = ?`, date, metric, source)
      .toArray();
    return row === undefined ? undefined : gapOf(row);
  }

  /** Gaps to look at now, the longest waiting first. */
  due(now: number, limit: number): Gap[] {
    return this.#sql
      .exec<Row>(`SELECT ${COLUMNS} FROM gaps WHERE check_at <= ? ORDER BY check_at LIMIT ?`, now, limit)
      .toArray()
      .map(gapOf);
  }

  /** When the next gap is to be looked at. */
  nextCheck(): number | undefined {
    return this.#sql.exec<{ at: number | null }>("SELECT min(check_at) AS at FROM gaps WHERE check_at IS NOT NULL").one().at ?? undefined;
  }

  /** The dates between which each metric has gaps that readings could still fill. */
  unfilled(): Map<number, { readonly from: number; readonly to: number }> {
    const rows = this.#sql.exec<{ metric: number; first: number; last: number }>(
      `SELECT metric, min(date) AS first, max(date) AS last FROM gaps WHERE ${UNFILLED} GROUP BY metric`,
    );
    return new Map(rows.toArray().map(({ metric, first, last }) => [metric, { from: first, to: last }]));
  }

  /** Has the gaps of a metric between two dates looked at; how many. */
  wake(metric: number, from: number, to: number, checkAt: number): number {
    return this.#sql
      .exec(
        `UPDATE gaps SET check_at = min(coalesce(check_at, ?1), ?1) WHERE date >= ?2 AND date <= ?3 AND metric = ?4 AND ${UNFILLED} RETURNING date`,
        checkAt,
        from,
        to,
        metric,
      )
      .toArray().length;
  }

  /** One page, newest dates first. */
  page({ from, to, metric, class: wanted, state, after, limit }: GapQuery): Gap[] {
    const past = after === undefined ? "" : "AND (date < ?7 OR (date = ?7 AND (metric, source) > (?8, ?9)))";
    return this.#sql
      .exec<Row>(
        `SELECT ${COLUMNS} FROM gaps WHERE date >= ?1 AND date <= ?2 AND (?3 IS NULL OR metric = ?3) AND (?4 IS NULL OR class = ?4)
           AND (?5 IS NULL OR state = ?5) ${past} ORDER BY date DESC, metric, source LIMIT ?6`,
        from,
        to,
        metric ?? null,
        wanted ?? null,
        state ?? null,
        limit,
        ...(after === undefined ? [] : [after.date, after.metric, after.source]),
      )
      .toArray()
      .map(gapOf);
  }

  /** The last local date that was looked at. */
  get checkedTo(): number | undefined {
    return this.#sql.exec<{ date: number }>("SELECT checked_to AS date FROM gap_checks").toArray()[0]?.date;
  }

  set checkedTo(date: number | undefined) {
    if (date === undefined) return;
    this.#sql.exec(
      "INSERT INTO gap_checks (one, checked_to) VALUES (1, ?1) ON CONFLICT DO UPDATE SET checked_to = max(checked_to, ?1)",
      date,
    );
  }
}

function gapOf(row: Row): Gap {
  const { date, metric, source, class: found, state } = row;
  return { date, metric, source, class: found, state, foundAt: row.found_at, changedAt: row.changed_at, repairAt: row.repair_at };
}
