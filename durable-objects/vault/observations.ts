import { metricByCode } from "../../shared/health/catalogue";
import { type SeriesPosition, seriesPage } from "./answers";
import type { Store } from "./store/store";

/** Raw readings of many metrics, every source side by side. Times epoch ms, `to` exclusive. */
export interface ObservationsQuery {
  /** Catalogue keys; every metric with readings in the range where undefined. */
  readonly key?: string | undefined;
  readonly from: number;
  readonly to: number;
  readonly limit: number;
  readonly after?: ObservationsPosition | undefined;
}

/** Where a page ended: in which metric, and after which of its readings (null: before the first). */
export interface ObservationsPosition {
  readonly metric: string;
  readonly after: SeriesPosition | null;
}

/** `items` is JSON text of the array. */
export interface ObservationsPage {
  readonly items: string;
  readonly next: ObservationsPosition | null;
}

/** One page of raw readings, metric by metric in the order of their keys and each in the order of time. */
export function observationsPage(sql: SqlStorage, store: Store, timeZone: string, query: ObservationsQuery): ObservationsPage {
  const keys = query.key === undefined ? keysBetween(sql, query.from, query.to) : [query.key];
  const wanted = keys.filter((key) => query.after === undefined || key >= query.after.metric);
  const items: string[] = [];
  let left = query.limit;
  for (const [i, key] of wanted.entries()) {
    const after = key === query.after?.metric ? (query.after.after ?? undefined) : undefined;
    const page = seriesPage(sql, store, timeZone, {
      key,
      from: query.from,
      to: query.to,
      resolution: "raw",
      choice: "all",
      limit: left,
      after,
    });
    const found = JSON.parse(page.items) as object[];
    for (const item of found) items.push(JSON.stringify({ metric: key, unit: page.unit, ...item }));
    left -= found.length;
    const following = wanted[i + 1];
    if (page.next !== null) return { items: `[${items.join(",")}]`, next: { metric: key, after: page.next } };
    if (left === 0 && following !== undefined) return { items: `[${items.join(",")}]`, next: { metric: following, after: null } };
  }
  return { items: `[${items.join(",")}]`, next: null };
}

/** The metrics whose readings reach into a range, in order. */
function keysBetween(sql: SqlStorage, from: number, to: number): string[] {
  return sql
    .exec<{ metric: number }>(
      "SELECT DISTINCT metric FROM series WHERE n > 0 AND kind <> 'daily' AND first_at < ? AND last_at >= ?",
      to,
      from,
    )
    .toArray()
    .flatMap(({ metric }) => metricByCode(metric)?.key ?? [])
    .toSorted();
}
