import { DAY_MS } from "../../../shared/clock";
import { metric as metricOf, metricByCode, type Metric } from "../../../shared/health/catalogue";
import { type Coverage, isWatched } from "../../../shared/health/gaps";
import { SLOTS_A_DAY } from "../../../shared/health/rolls";
import type { Source } from "../../../shared/health/reading";
import type { Store } from "../store/store";

/** What one source tells of one metric, by local date. */
export interface Stream {
  readonly metric: Metric;
  readonly source: number;
  readonly coverage: Coverage;
}

/** What is there on local dates, by stream and by device. Read once for a period: a night's work looks at it and at nothing else. */
export interface DailyCoverage {
  readonly streams: readonly Stream[];
  /** The streams of a metric. */
  of(metric: number): readonly Stream[];
  /** Whether anything at all of the source's device is there on a date. */
  hears(source: number, date: number): boolean;
}

/** Phones that send by themselves; other doors are opened by somebody, when they like. */
const PHONE_DOORS: ReadonlySet<string> = new Set(["healthkit", "health_connect", "samsung_health"]);

/** Whether a source may be expected to tell something day by day. */
export function isFeed({ vendor, connection, recordingMethod }: Source): boolean {
  return recordingMethod !== "manual" && (connection !== undefined || PHONE_DOORS.has(vendor));
}

/** Reads what is there on the dates [from, to]. */
export function dailyCoverage(sql: SqlStorage, store: Store, from: number, to: number): DailyCoverage {
  const found = new Map<string, { metric: Metric; source: number; coverage: Map<number, number> }>();
  const byDevice = new Map<string, Set<number>>();
  const deviceOf = new Map<number, string>();
  for (const { number, source } of store.sources.all()) deviceOf.set(number, deviceKey(source));
  const add = (code: number, source: number, date: number, slots: number): void => {
    const device = deviceOf.get(source);
    if (device !== undefined) {
      const dates = byDevice.get(device);
      if (dates === undefined) byDevice.set(device, new Set([date]));
      else dates.add(date);
    }
    const metric = metricByCode(code);
    if (metric === undefined || !isWatched(metric)) return;
    const key = `${code} ${source}`;
    const stream = found.get(key) ?? { metric, source, coverage: new Map<number, number>() };
    stream.coverage.set(date, Math.max(stream.coverage.get(date) ?? 0, slots));
    found.set(key, stream);
  };
  type Row = { metric: number; source: number; date: number; slots: number };
  for (const row of sql.exec<Row>("SELECT metric, source, date, slots FROM days WHERE date >= ? AND date <= ?", from, to)) {
    add(row.metric, row.source, row.date, row.slots);
  }
  // Figures that the vault computes from nights follow their nights.
  for (const row of sql.exec<Row>(
    "SELECT metric, source, date, 1 AS slots FROM daily WHERE date >= ? AND date <= ? AND value IS NOT NULL",
    from,
    to,
  )) {
    add(row.metric, row.source, row.date, row.slots);
  }
  const sleep = metricOf("sleep")!.code;
  for (const row of sql.exec<{ source: number; date: number; start: number; end: number }>(
    "SELECT source, date, start, end FROM sleeps WHERE date >= ? AND date <= ? AND nap = 0",
    from,
    to,
  )) {
    add(sleep, row.source, row.date, Math.ceil(((row.end - row.start) / DAY_MS) * SLOTS_A_DAY));
  }
  const streams = [...found.values()];
  const byMetric = Map.groupBy(streams, ({ metric }) => metric.code);
  return {
    streams,
    of: (metric) => byMetric.get(metric) ?? [],
    hears: (source, date) => byDevice.get(deviceOf.get(source) ?? "")?.has(date) ?? false,
  };
}

function deviceKey({ vendor, connection, deviceName, deviceModel, app }: Source): string {
  return JSON.stringify([vendor, connection ?? "", deviceName ?? deviceModel ?? app ?? ""]);
}
