import { HOUR_MS } from "../../../shared/clock";
import { metricByCode } from "../../../shared/health/catalogue";
import type { Touched } from "../state";
import type { RecordContext } from "./record";
import { clearHours, rebuildDays } from "./rollups";
import { recount } from "./series";

/** Hours of one series that are removed at once: bounds a transaction. */
const HOURS_AT_ONCE = 1_000;

export interface Expired {
  /** Samples that went. */
  readonly removed: number;
  /** Whether more are due. */
  readonly isMore: boolean;
  readonly touched: Touched[];
}

/**
 * Removes the dense samples before an hour, a piece at a time, without a mark: what comes late for that time is refused by the horizon
 * that the screen knows. Hours and days stay where `keepsSummaries`. Runs inside the caller's transaction.
 */
export function expireSamples(ctx: RecordContext, beforeHour: number, keepsSummaries: boolean): Expired {
  const { sql } = ctx;
  const pairs = sql
    .exec<{ metric: number; source: number }>(
      "SELECT metric, source FROM series WHERE kind = 'sample' AND n > 0 AND first_at < ?",
      beforeHour * HOUR_MS,
    )
    .toArray();
  for (const { metric, source } of pairs) {
    const hours = sql
      .exec<{ hour: number }>(
        "SELECT hour FROM segments WHERE metric = ? AND hour < ? AND source = ? AND part = 0 ORDER BY hour LIMIT ?",
        metric,
        beforeHour,
        source,
        HOURS_AT_ONCE,
      )
      .toArray()
      .map(({ hour }) => hour);
    const [first] = hours;
    const last = hours.at(-1);
    if (first === undefined || last === undefined) continue;
    const removed = removeHours(sql, metric, source, first, last);
    if (!keepsSummaries) rebuildDays(sql, metric, source, clearHours(sql, metric, source, first, last + 1));
    recount(sql, metric, source);
    const key = metricByCode(metric)?.key;
    const touched =
      keepsSummaries || key === undefined ? [] : [{ metric: key, source, from: first * HOUR_MS, to: (last + 1) * HOUR_MS - 1 }];
    return { removed, isMore: true, touched };
  }
  return { removed: 0, isMore: false, touched: [] };
}

function removeHours(sql: SqlStorage, metric: number, source: number, first: number, last: number): number {
  const gone = sql
    .exec<{ n: number }>(
      "DELETE FROM segments WHERE metric = ? AND hour >= ? AND hour <= ? AND source = ? RETURNING n",
      metric,
      first,
      last,
      source,
    )
    .toArray();
  sql.exec("DELETE FROM segment_ids WHERE hour >= ? AND hour <= ? AND metric = ? AND source = ?", first, last, metric, source);
  const [from, to] = [first * HOUR_MS, (last + 1) * HOUR_MS];
  sql.exec("DELETE FROM annotations WHERE metric = ? AND at >= ? AND at < ? AND source = ?", metric, from, to, source);
  return gone.reduce((sum, { n }) => sum + n, 0);
}
