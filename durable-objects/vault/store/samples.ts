import { HOUR_MS } from "../../../shared/clock";
import type { Metric } from "../../../shared/health/catalogue";
import { type IdentifiedSamples, sortSamples } from "../../../shared/health/merge";
import { addMinutes, emptyMinutes } from "../../../shared/health/minutes";
import { rollSamples, toEnergy } from "../../../shared/health/rolls";
import { addHours, clearHours } from "./rollups";
import { type HourWrite, hourRuns, sliceSamples, writeHour } from "./segments";

/** Minutes are kept for hours younger than this; older ones are computed from the segments. */
export const MINUTES_KEPT_HOURS = 48;

export interface SamplesWrite {
  accepted: number;
  duplicate: number;
  updated: number;
  /** Local dates whose summaries must be rebuilt. */
  readonly dates: Set<number>;
  /** Whether anything was stored. */
  changed: boolean;
}

/** Writes dense samples of one metric and source, in any order, with their hourly and minute summaries. */
export function writeSamples(sql: SqlStorage, metric: Metric, source: number, unsorted: IdentifiedSamples, now: number): SamplesWrite {
  const { samples, repeated } = sortSamples(unsorted);
  const energy = metric.energyAverage === true;
  const measure = energy ? toEnergy : identity;
  const write: SamplesWrite = { accepted: 0, duplicate: repeated, updated: 0, dates: new Set(), changed: false };
  const recent = Math.floor(now / HOUR_MS) - MINUTES_KEPT_HOURS;
  for (const { hour, from, to } of hourRuns(samples.at)) {
    const key = { metric: metric.code, source, hour };
    const done = writeHour(sql, key, sliceSamples(samples, from, to), measure, now);
    write.accepted += done.accepted;
    write.duplicate += done.duplicate;
    write.updated += done.updated;
    if (!done.changed) continue;
    write.changed = true;
    summariseHour(sql, metric, source, hour, done, write.dates);
    if (hour >= recent) summariseMinutes(sql, metric.code, source, hour, done, measure);
  }
  return write;
}

function summariseHour(sql: SqlStorage, metric: Metric, source: number, hour: number, done: HourWrite, dates: Set<number>): void {
  // A rewritten hour may have lost a date; appended samples only add.
  if (!done.appended) for (const date of clearHours(sql, metric.code, source, hour, hour + 1)) dates.add(date);
  const rolls = rollSamples(done.samples, metric.energyAverage === true);
  for (const roll of rolls) dates.add(roll.date);
  addHours(sql, metric.code, source, rolls);
}

/** Builds or extends the minute table of a recent hour. */
export function summariseMinutes(
  sql: SqlStorage,
  metric: number,
  source: number,
  hour: number,
  done: { readonly appended: boolean; readonly samples: IdentifiedSamples },
  measure: (value: number) => number,
): void {
  const [row] = done.appended
    ? sql
        .exec<{ data: ArrayBuffer }>("SELECT data FROM minutes WHERE metric = ? AND hour = ? AND source = ?", metric, hour, source)
        .toArray()
    : [];
  const table = row === undefined ? emptyMinutes() : new Float64Array(row.data);
  addMinutes(table, done.samples, measure);
  sql.exec("INSERT OR REPLACE INTO minutes (metric, hour, source, data) VALUES (?, ?, ?, ?)", metric, hour, source, table.buffer);
}

export function identity(value: number): number {
  return value;
}
