import { METRIC_CODE, metricByCode } from "../../../shared/health/catalogue";
import { sourceId } from "../../../shared/health/source-id";
import type { MetricFilter } from "../../../shared/live/filter";
import { itemText } from "./protocol";

interface LatestRow extends Record<string, SqlStorageValue> {
  metric: number;
  source: number;
  kind: string;
  last_at: number;
  last_value: number;
  start: number | null;
}

/**
 * The newest value of each metric of a filter, as JSON items joined by commas: of whatever source spoke last, and of a day total only
 * where there is nothing else. Nothing of hidden sources, by their numbers.
 */
export function latestItems(sql: SqlStorage, filter: MetricFilter, hidden: readonly number[]): string {
  const codes = filter === undefined ? null : JSON.stringify(filter.map((key) => METRIC_CODE.get(key) ?? -1));
  const rows = sql
    .exec<LatestRow>(
      `SELECT metric, source, kind, last_at, last_value, iif(kind = 'interval', (
         SELECT max(r.start) FROM readings r WHERE r.metric = s.metric AND r.source = s.source AND r.start >= s.last_at - s.longest AND r.end = s.last_at
       ), NULL) AS start FROM (
         SELECT *, row_number() OVER (PARTITION BY metric ORDER BY kind = 'daily', last_at DESC, source) AS place FROM series
         WHERE n > 0 AND last_value IS NOT NULL AND (?1 IS NULL OR metric IN (SELECT value FROM json_each(?1)))
           AND source NOT IN (SELECT value FROM json_each(?2))
       ) s WHERE place = 1 ORDER BY metric`,
      codes,
      JSON.stringify(hidden),
    )
    .toArray();
  return rows
    .flatMap((row) => {
      const metric = metricByCode(row.metric);
      if (metric === undefined) return [];
      const end = row.start === null ? undefined : row.last_at;
      return [itemText(metric.key, row.start ?? row.last_at, end, row.last_value, metric.unit, sourceId(row.source))];
    })
    .join(",");
}
