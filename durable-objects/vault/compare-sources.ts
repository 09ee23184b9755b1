import { metric as metricOf, type Metric } from "../../shared/health/catalogue";
import { meanOf, SLOTS_A_DAY } from "../../shared/health/rolls";
import { sourceId } from "../../shared/health/source-id";
import type { RankReason } from "../../shared/health/source-settings";
import { dayText } from "../../shared/health/zone";
import { notFound } from "../../shared/problem";
import { headline, round } from "./answers";
import { Chooser } from "./store/choose";
import { type Bucket, readDays } from "./store/read-buckets";
import type { Seen } from "./store/store";

/** Why a source speaks for a date. */
export type ChoiceReason = "only_source" | "cutover" | "shown_night" | RankReason;

/** What one source tells of a metric. Figures are null where it tells nothing in the period. */
export interface ComparedSource {
  readonly source: string;
  /** Words that its vendor wants to stand beside it. */
  readonly attribution?: string;
  /** 1 is the best. */
  readonly place: number;
  readonly reason: RankReason;
  readonly count: number;
  readonly days: number;
  /** Share of the period with readings, by five-minute slots. */
  readonly coverage: number;
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  /** Of metrics that add up: over all dates, each by the source's own daily total where it has one. */
  readonly total?: number;
  /** On how many dates it speaks, alone or for some hours. */
  readonly chosenDays: number;
}

export interface ComparedDay {
  readonly date: string;
  readonly chosen: { readonly source: string; readonly value: number; readonly why: ChoiceReason; readonly hours?: Record<string, number> };
  readonly sources: Readonly<
    Record<string, { readonly value: number; readonly count: number; readonly coverage: number; readonly dailyTotal: boolean }>
  >;
}

export interface Comparison {
  readonly key: string;
  readonly unit: string;
  readonly from: string;
  readonly to: string;
  readonly timeZone: string;
  readonly sources: readonly ComparedSource[];
  readonly days: readonly ComparedDay[];
}

/** Puts the sources of a metric side by side over the local dates [from, to]. Problem `not_found` for a metric that the catalogue lacks. */
export function compareSources(
  sql: SqlStorage,
  store: Seen,
  timeZone: string,
  query: { readonly key: string; readonly from: number; readonly to: number },
): Comparison {
  const metric = metricOf(query.key);
  if (metric === undefined) throw notFound("metric");
  const { from, to } = query;
  const everything = readDays(sql, store.sources, metric, from, to, "all", Number.POSITIVE_INFINITY);
  const chosen = new Map(
    readDays(sql, store.sources, metric, from, to, "best", Number.POSITIVE_INFINITY).map((bucket) => [bucket.key, bucket]),
  );
  const chooser = new Chooser(sql, metric, store.sources);
  const bySource = Map.groupBy(everything, ({ source }) => source);
  const order = [...bySource.keys()].toSorted((a, b) => chooser.rank(a) - chooser.rank(b) || a - b);
  const sources = order.map((number, place): ComparedSource => ({
    source: sourceId(number),
    ...attributed(store, number),
    place: place + 1,
    reason: chooser.reason(number),
    ...figuresOf(metric, bySource.get(number) ?? [], to - from + 1),
    chosenDays: [...chosen.values()].filter(({ source, spoke }) => spoke?.has(number) ?? source === number).length,
  }));
  const days = [...Map.groupBy(everything, ({ key }) => key)]
    .toSorted((a, b) => a[0] - b[0])
    .flatMap(([date, buckets]): ComparedDay[] => {
      const winner = chosen.get(date);
      return winner === undefined ? [] : [dayOf(metric, chooser, date, buckets, winner)];
    });
  return { key: metric.key, unit: metric.unit, from: dayText(from), to: dayText(to), timeZone, sources, days };
}

/** The words that a source's vendor wants. */
export function attributed({ sources }: Seen, number: number): { readonly attribution?: string } {
  const attribution = sources.attribution(number);
  return attribution === undefined ? {} : { attribution };
}

function figuresOf(metric: Metric, buckets: readonly Bucket[], days: number) {
  const told = [...Map.groupBy(buckets, ({ key }) => key).values()];
  // What a source read itself says more than its vendor's one number for the day.
  const read = buckets.filter(({ daily }) => daily !== true);
  const counted = read.length > 0 ? read : buckets;
  const n = counted.reduce((sum, b) => sum + b.n, 0);
  const isEnergy = metric.energyAverage === true && read.length > 0;
  return {
    count: n,
    days: told.length,
    coverage: share(
      read.reduce((sum, b) => sum + b.slots, 0),
      days,
    ),
    min: round(Math.min(...counted.map((b) => b.min))),
    max: round(Math.max(...counted.map((b) => b.max))),
    mean: round(
      meanOf(
        counted.reduce((sum, b) => sum + b.sum, 0),
        Math.max(n, 1),
        isEnergy,
      ),
    ),
    ...(metric.aggregation === "sum" ? { total: round(told.reduce((sum, day) => sum + headline(metric, ownOf(day)), 0)) } : {}),
  };
}

/** What a source says of its day: its own total where it has one, else its readings. */
function ownOf(buckets: readonly Bucket[]): Bucket {
  return buckets.find(({ daily }) => daily === true) ?? buckets[0]!;
}

function dayOf(metric: Metric, chooser: Chooser, date: number, buckets: readonly Bucket[], winner: Bucket): ComparedDay {
  const bySource = Map.groupBy(buckets, ({ source }) => source);
  const hours = winner.spoke === undefined ? {} : { hours: named(winner.spoke) };
  return {
    date: dayText(date),
    chosen: {
      source: sourceId(winner.source),
      value: headline(metric, winner),
      why: reasonOf(metric, chooser, date, [...bySource.keys()], winner.source),
      ...hours,
    },
    sources: Object.fromEntries(
      [...bySource].map(([number, own]) => {
        const shown = ownOf(own);
        const read = own.find(({ daily }) => daily !== true);
        return [
          sourceId(number),
          {
            value: headline(metric, shown),
            count: read?.n ?? shown.n,
            coverage: share(read?.slots ?? 0, 1),
            dailyTotal: shown.daily === true,
          },
        ];
      }),
    ),
  };
}

function reasonOf(metric: Metric, chooser: Chooser, date: number, numbers: readonly number[], winner: number): ChoiceReason {
  if (numbers.length === 1) return "only_source";
  const left = numbers.filter((number) => !chooser.passesOver(number, date));
  if (left.length === 1) return "cutover";
  return metric.sensitivity === "sleep" && chooser.best(left) !== winner ? "shown_night" : chooser.reason(winner);
}

function named(spoke: ReadonlyMap<number, number>): Record<string, number> {
  return Object.fromEntries([...spoke].map(([number, hours]) => [sourceId(number), hours]));
}

function share(slots: number, days: number): number {
  return Math.min(1, Math.round((slots / (SLOTS_A_DAY * days)) * 1e4) / 1e4);
}
