import { metric } from "../health/catalogue";
import { problem } from "../problem";

/** The metrics that a watcher wants: catalogue keys in order, without repeats; undefined for all. */
export type MetricFilter = readonly string[] | undefined;

/**
 * The filter of a list of catalogue keys; an absent or empty list means every metric. Two lists of the same keys give equal filters.
 *
 * @throws Problem `unknown_metric` (422)
 */
export function metricFilter(keys: readonly string[] | undefined): MetricFilter {
  if (keys === undefined || keys.length === 0) return undefined;
  const known = new Set(keys);
  for (const key of known) if (metric(key) === undefined) throw problem("unknown_metric", "One of the metrics is not in the catalogue.");
  return [...known].toSorted();
}

/** The filter of `heart_rate,steps` in a query. Throws `unknown_metric`. */
export function parseMetricFilter(text: string | undefined): MetricFilter {
  return text === undefined || text === "" ? undefined : metricFilter(text.split(","));
}
