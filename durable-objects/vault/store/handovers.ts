import { passedOver } from "../../../shared/health/source-settings";
import type { OpenHandover, Sources } from "./sources";

/** Which sources have something on a local date. */
type Present = (date: number) => ReadonlySet<number>;

/** Dates that are asked for at a time. */
const BLOCK = 64;
const NOBODY: ReadonlySet<number> = new Set();

/** Says which of two feeds of the same devices is passed over on a date. Asks nothing of storage where there are no two feeds. */
export class Handovers {
  readonly #open: readonly (OpenHandover & { readonly cutover: number })[];
  readonly #present: Present;

  constructor(sources: Sources, present: Present) {
    this.#open = sources.handovers().map((handover) => ({ ...handover, cutover: sources.cutoverOf(handover) }));
    this.#present = present;
  }

  /** For the readings and daily totals of a metric. */
  static ofMetric(sql: SqlStorage, metric: number, sources: Sources): Handovers {
    const blocks = new Map<number, Map<number, Set<number>>>();
    return new Handovers(sources, (date) => {
      const block = Math.floor(date / BLOCK);
      let dates = blocks.get(block);
      if (dates === undefined) {
        dates = sourcesByDate(sql, metric, block * BLOCK, (block + 1) * BLOCK);
        blocks.set(block, dates);
      }
      return dates.get(date) ?? NOBODY;
    });
  }

  passesOver(number: number, date: number): boolean {
    for (const { older, newer, cutover } of this.#open) {
      const side = older.has(number) ? "from" : newer.has(number) ? "to" : undefined;
      if (side === undefined) continue;
      const present = this.#present(date);
      const has = { from: !older.isDisjointFrom(present), to: !newer.isDisjointFrom(present) };
      if (passedOver(date, cutover, has) === side) return true;
    }
    return false;
  }
}

function sourcesByDate(sql: SqlStorage, metric: number, from: number, to: number): Map<number, Set<number>> {
  const dates = new Map<number, Set<number>>();
  const rows = sql.exec<{ date: number; source: number }>(
    `SELECT date, source FROM days WHERE metric = ?1 AND date >= ?2 AND date < ?3
     UNION SELECT date, source FROM daily WHERE metric = ?1 AND date >= ?2 AND date < ?3 AND value IS NOT NULL`,
    metric,
    from,
    to,
  );
  for (const { date, source } of rows) {
    const known = dates.get(date);
    if (known === undefined) dates.set(date, new Set([source]));
    else known.add(source);
  }
  return dates;
}
