import { METRIC_CODE, metricByCode } from "../../../shared/health/catalogue";

/** How far readings of each metric go, epoch milliseconds, by the metric's key; `sleep` and `workout` for sessions. */
export type LastData = Readonly<Record<string, number>>;

/** One look per metric and source: a series knows its newest reading. */
export const LAST_READINGS = `SELECT s.metric, max(s.last_at) AS at FROM json_each(?1) m CROSS JOIN json_each(?2) o
  CROSS JOIN series s ON s.metric = m.value AND s.source = o.value WHERE s.n > 0 GROUP BY s.metric`;
/** The newest session of each source. */
export const LAST_SESSIONS = {
  sleep: "SELECT max((SELECT end FROM sleeps WHERE source = o.value ORDER BY start DESC LIMIT 1)) AS at FROM json_each(?) o",
  workout: "SELECT max((SELECT end FROM workouts WHERE source = o.value ORDER BY start DESC LIMIT 1)) AS at FROM json_each(?) o",
} as const;

/**
 * The newest reading of each of some metrics that some sources brought. Looks up what it names and reads nothing else.
 *
 * @param metrics keys that may be there, `sleep` and `workout` among them
 * @param sources numbers of the vault's sources
 */
export function lastData(sql: SqlStorage, metrics: readonly string[], sources: readonly number[]): LastData {
  const codes = [...new Set(metrics)].flatMap((key) => METRIC_CODE.get(key) ?? []);
  const numbers = JSON.stringify(sources);
  const found: Record<string, number> = {};
  for (const { metric, at } of sql.exec<{ metric: number; at: number }>(LAST_READINGS, JSON.stringify(codes), numbers)) {
    const key = metricByCode(metric)?.key;
    if (key !== undefined) found[key] = at;
  }
  for (const [key, query] of Object.entries(LAST_SESSIONS)) {
    if (!metrics.includes(key)) continue;
    const { at } = sql.exec<{ at: number | null }>(query, numbers).one();
    if (at !== null) found[key] = at;
  }
  return found;
}
