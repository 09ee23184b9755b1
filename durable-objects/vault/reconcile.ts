import { metric as metricOf } from "../../shared/health/catalogue";
import { parseSourceId, sourceId } from "../../shared/health/source-id";
import { dayText } from "../../shared/health/zone";
import { notFound } from "../../shared/problem";
import { headline, round } from "./answers";
import { attributed } from "./compare-sources";
import { readDays } from "./store/read-buckets";
import type { Seen } from "./store/store";

/** What a source's own number for a day says beside what its readings come to. Both stay as they are. */
export interface ReconciledDay {
  readonly date: string;
  readonly source: string;
  readonly dailyTotal: number;
  readonly fromReadings: number;
  /** Total minus readings. */
  readonly difference: number;
  /** Readings as a share of the total; null where the total is 0. */
  readonly ratio: number | null;
}

export interface Reconciliation {
  readonly key: string;
  readonly unit: string;
  readonly from: string;
  readonly to: string;
  readonly timeZone: string;
  /** Dates on which a source told both, in order. */
  readonly days: readonly ReconciledDay[];
  /** By source: on how many dates it told both, and how far they were apart at most and on average. */
  readonly sources: readonly {
    readonly source: string;
    /** Words that its vendor wants to stand beside it. */
    readonly attribution?: string;
    readonly days: number;
    readonly meanDifference: number;
    readonly largestDifference: number;
  }[];
}

/** Compares daily totals with readings over the local dates [from, to]. Nothing is corrected. Problem `not_found` for an unknown metric. */
export function reconcile(
  sql: SqlStorage,
  store: Seen,
  timeZone: string,
  { key, from, to }: { readonly key: string; readonly from: number; readonly to: number },
): Reconciliation {
  const metric = metricOf(key);
  if (metric === undefined) throw notFound("metric");
  const told = readDays(sql, store.sources, metric, from, to, "all", Number.POSITIVE_INFINITY);
  const days = [...Map.groupBy(told, ({ key: date, source }) => `${date} ${source}`).values()].flatMap((pair): ReconciledDay[] => {
    const total = pair.find(({ daily }) => daily === true);
    const read = pair.find(({ daily }) => daily !== true);
    if (total === undefined || read === undefined) return [];
    const [dailyTotal, fromReadings] = [headline(metric, total), headline(metric, read)];
    return [
      {
        date: dayText(total.key),
        source: sourceId(total.source),
        dailyTotal,
        fromReadings,
        difference: round(dailyTotal - fromReadings),
        ratio: dailyTotal === 0 ? null : round(fromReadings / dailyTotal),
      },
    ];
  });
  const sources = [...Map.groupBy(days, ({ source }) => source)].map(([source, list]) => ({
    source,
    ...attributed(store, parseSourceId(source) ?? 0),
    days: list.length,
    meanDifference: round(list.reduce((sum, { difference }) => sum + difference, 0) / list.length),
    largestDifference: list.reduce((most, { difference }) => (Math.abs(difference) > Math.abs(most) ? difference : most), 0),
  }));
  return { key, unit: metric.unit, from: dayText(from), to: dayText(to), timeZone, days, sources };
}
