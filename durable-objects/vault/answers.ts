import { DAY_MS } from "../../shared/clock";
import { metric as metricOf, metricByCode, type Metric } from "../../shared/health/catalogue";
import { readingId, tagHash } from "../../shared/health/reading-id";
import { meanOf } from "../../shared/health/rolls";
import { sourceId } from "../../shared/health/source-id";
import { dayText, isoWithOffset, localDay, offsetAt, startOfDay } from "../../shared/health/zone";
import { notFound } from "../../shared/problem";
import type { SourceChoice } from "./store/choose";
import { type Bucket, readDays, readHours, readMinutes } from "./store/read-buckets";
import { type RawPoint, type RawPosition, readRaw } from "./store/read-raw";
import type { Recording, Sources } from "./store/sources";
import type { Seen } from "./store/store";

export type Resolution = "raw" | "minute" | "hour" | "day";

export interface SeriesQuery {
  readonly key: string;
  /** Inclusive, epoch ms. */
  readonly from: number;
  /** Exclusive. */
  readonly to: number;
  readonly resolution: Resolution;
  readonly choice: SourceChoice;
  readonly recording?: Recording | undefined;
  /** `guidance` where a model reads. */
  readonly purpose?: "guidance" | undefined;
  readonly limit: number;
  /** Where the last page ended. */
  readonly after?: SeriesPosition | undefined;
}

/** Where a page ended: the position of a raw reading, or the key of a bucket. */
export type SeriesPosition = { readonly raw: RawPosition } | { readonly bucket: number; readonly source: number };

/**
 * One page of a series. `items` is JSON text of the array: it crosses RPC as one string, because thousands of small objects would
 * cost more to clone than to read.
 */
export interface SeriesPage {
  readonly key: string;
  readonly unit: string;
  readonly resolution: Resolution;
  /** Share of the asked period with data, 0 to 1, by five-minute slots; null for raw. */
  readonly coverage: number | null;
  readonly items: string;
  readonly next: SeriesPosition | null;
  /** Words that vendors want to stand beside what their sources tell, by source. */
  readonly attributions?: Readonly<Record<string, string>>;
}

/** Reads one page of a metric's series. Throws `not_found` for a metric that the catalogue does not know. */
export function seriesPage(sql: SqlStorage, store: Seen, timeZone: string, query: SeriesQuery): SeriesPage {
  const metric = metricOf(query.key);
  if (metric === undefined) throw notFound("metric");
  return query.resolution === "raw" ? rawPage(sql, store.sources, metric, query) : bucketPage(sql, store.sources, metric, timeZone, query);
}

function rawPage(sql: SqlStorage, sources: Sources, metric: Metric, query: SeriesQuery): SeriesPage {
  const after = query.after !== undefined && "raw" in query.after ? query.after.raw : undefined;
  const points = readRaw(sql, sources, metric, {
    from: query.from,
    to: query.to,
    choice: query.choice,
    limit: query.limit + 1,
    after,
  });
  const page = points.slice(0, query.limit);
  const last = page.at(-1);
  const more = points.length > query.limit && last !== undefined;
  return {
    key: metric.key,
    unit: metric.unit,
    resolution: "raw",
    coverage: null,
    items: `[${page.map((point) => rawItem(metric, point, sources.recordingOf(point.source))).join(",")}]`,
    next: more ? { raw: { at: last.at, source: last.source, end: last.end, tag: last.tag } } : null,
    ...sources.attributions(page.map(({ source }) => source)),
  };
}

function rawItem(metric: Metric, point: RawPoint, recording: Recording): string {
  const id = readingId({
    kind: "reading",
    metric: metric.code,
    source: point.source,
    start: point.at,
    end: point.end,
    tag: tagHash(point.tag),
  });
  const end = point.end === point.at ? "" : `,"endAt":"${isoWithOffset(point.end, point.zone)}"`;
  const rest = point.body === null ? "" : `,${point.body.slice(1, -1)}`;
  return `{"id":"${id}","at":"${isoWithOffset(point.at, point.zone)}"${end},"value":${point.value ?? "null"},"source":"${sourceId(point.source)}"${recording === "manual" ? ',"recording":"manual"' : ""}${rest}}`;
}

function bucketPage(sql: SqlStorage, sources: Sources, metric: Metric, timeZone: string, query: SeriesQuery): SeriesPage {
  const { resolution, choice } = query;
  const after = query.after !== undefined && "bucket" in query.after ? query.after : undefined;
  const read = () => {
    if (resolution === "day") {
      const first = localDay(query.from, offsetAt(timeZone, query.from));
      const last = localDay(query.to - 1, offsetAt(timeZone, query.to - 1));
      return readDays(sql, sources, metric, Math.max(first, after?.bucket ?? first), last, choice, query.limit + 2);
    }
    const from = Math.max(query.from, after?.bucket ?? query.from);
    return resolution === "hour"
      ? readHours(sql, sources, metric, from, query.to, choice, query.limit + 2)
      : readMinutes(sql, sources, metric, from, query.to, choice, query.limit + 2);
  };
  const fresh = read().filter((b) => after === undefined || b.key > after.bucket || (b.key === after.bucket && b.source > after.source));
  const buckets = fresh.slice(0, query.limit);
  const last = buckets.at(-1);
  const item = resolution === "day" ? dayItem : instantItem;
  return {
    key: metric.key,
    unit: metric.unit,
    resolution,
    coverage: coverageOf(buckets, resolution, query, last, fresh.length > query.limit),
    items: `[${buckets.map((b) => item(metric, b, timeZone)).join(",")}]`,
    next: fresh.length > query.limit && last !== undefined ? { bucket: last.key, source: last.source } : null,
    ...sources.attributions(buckets.flatMap(({ source, spoke }) => [source, ...(spoke?.keys() ?? [])])),
  };
}

function coverageOf(
  buckets: readonly Bucket[],
  resolution: Resolution,
  query: SeriesQuery,
  last: Bucket | undefined,
  cut: boolean,
): number | null {
  if (resolution === "minute") return null;
  // A page speaks for the part of the period that it covers.
  const end = cut && last !== undefined ? (resolution === "day" ? (last.key + 1) * DAY_MS : last.key + 3_600_000) : query.to;
  const begin =
    query.after !== undefined && "bucket" in query.after
      ? resolution === "day"
        ? query.after.bucket * DAY_MS
        : query.after.bucket
      : query.from;
  const slots = buckets.reduce((sum, b) => sum + (resolution === "hour" ? countSlots(b.slots) : b.slots), 0);
  const possible = (end - begin) / 300_000;
  return possible <= 0 ? 0 : Math.min(1, Math.round((slots / possible) * 1e4) / 1e4);
}

function countSlots(mask: number): number {
  let count = 0;
  for (let rest = mask; rest !== 0; rest &= rest - 1) count++;
  return count;
}

function instantItem(metric: Metric, b: Bucket, timeZone: string): string {
  return `{"at":"${isoWithOffset(b.key, offsetAt(timeZone, b.key))}",${figures(metric, b)}}`;
}

function dayItem(metric: Metric, b: Bucket, timeZone: string): string {
  const start = startOfDay(timeZone, b.key);
  const total = b.daily === true ? `,"dailyTotal":true` : "";
  return `{"at":"${isoWithOffset(start, offsetAt(timeZone, start))}","date":"${dayText(b.key)}",${figures(metric, b)}${total}}`;
}

function figures(metric: Metric, b: Bucket): string {
  const mean = meanOf(b.sum, Math.max(b.n, 1), metric.energyAverage === true && b.daily !== true);
  const sum = metric.aggregation === "sum" ? `,"sum":${round(b.sum)}` : "";
  return `"count":${b.n},"min":${round(b.min)},"max":${round(b.max)},"mean":${round(mean)}${sum},"source":"${sourceId(b.source)}"`;
}

/** Ten significant digits: hides the noise of adding doubles, keeps every digit that a sensor has. */
export function round(value: number): number {
  // Whole numbers of up to ten digits are what they are; most counts and many sums are.
  return Number.isInteger(value) && Math.abs(value) < 1e10 ? value : Number(value.toPrecision(10));
}

/** The one number a day or an overview shows for a metric, by its aggregation. */
export function headline(metric: Metric, b: Bucket): number {
  if (b.daily === true) return round(b.last);
  switch (metric.aggregation) {
    case "sum":
      return round(b.sum);
    case "count":
      return b.n;
    case "min":
      return b.min;
    case "max":
      return b.max;
    case "last":
      return b.last;
    case "mean":
      return round(meanOf(b.sum, b.n, metric.energyAverage === true));
  }
}

export interface MetricOverview {
  readonly key: string;
  readonly title: string;
  readonly unit: string;
  readonly kind: string;
  readonly lastValue: number | null;
  readonly firstAt: string;
  readonly lastAt: string;
  readonly count: number;
  readonly sources: readonly string[];
  readonly attributions?: Readonly<Record<string, string>>;
}

type SeriesRow = { metric: number; source: number; kind: string; n: number; first_at: number; last_at: number; last_value: number | null };

/** What there is: one entry per metric with its extent, last value and sources, in order of the key. */
export function metricOverviews(sql: SqlStorage, store: Seen): MetricOverview[] {
  const rows = sql
    .exec<SeriesRow>("SELECT metric, source, kind, n, first_at, last_at, last_value FROM series WHERE n > 0")
    .toArray()
    .filter(({ source }) => store.sources.shows(source));
  const items: MetricOverview[] = [];
  for (const [code, group] of Map.groupBy(rows, (row) => row.metric)) {
    const metric = metricByCode(code);
    if (metric === undefined) continue;
    const latest = group.reduce((a, b) => (b.last_at > a.last_at ? b : a));
    items.push({
      key: metric.key,
      title: metric.title,
      unit: metric.unit,
      kind: metric.kind,
      lastValue: latest.last_value,
      firstAt: new Date(Math.min(...group.map((row) => row.first_at))).toISOString(),
      lastAt: new Date(latest.last_at).toISOString(),
      count: group.reduce((sum, row) => sum + row.n, 0),
      sources: [...new Set(group.map((row) => row.source))].map(sourceId),
      ...store.sources.attributions(group.map(({ source }) => source)),
    });
  }
  return items.toSorted((a, b) => (a.key < b.key ? -1 : 1));
}
