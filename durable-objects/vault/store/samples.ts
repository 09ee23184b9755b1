import { HOUR_MS } from "../../../shared/clock";
import type { Metric } from "../../../shared/health/catalogue";
import { type IdentifiedSamples, sortSamples } from "../../../shared/health/merge";
import { addMinutes, emptyMinutes } from "../../../shared/health/minutes";
import { type Roll, rollSamples, slotCount, toEnergy } from "../../../shared/health/rolls";
import type { OpenHour, OpenHours } from "./open-hours";
import { addHours, addToDay, clearHours, hourSlots } from "./rollups";
import { type HourKey, hourRuns, sliceSamples, writeHour } from "./segments";

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

/**
 * Writes dense samples of one metric and source, in any order, with their hourly and minute summaries. Where samples are appended to an
 * hour that `open` knows, the day's summary grows with them; the dates of all others are named, to be rebuilt.
 */
export function writeSamples(
  sql: SqlStorage,
  open: OpenHours,
  metric: Metric,
  source: number,
  unsorted: IdentifiedSamples,
  now: number,
): SamplesWrite {
  const { samples, repeated } = sortSamples(unsorted);
  const energy = metric.energyAverage === true;
  const measure = energy ? toEnergy : identity;
  const write: SamplesWrite = { accepted: 0, duplicate: repeated, updated: 0, dates: new Set(), changed: false };
  const recent = Math.floor(now / HOUR_MS) - MINUTES_KEPT_HOURS;
  for (const { hour, from, to } of hourRuns(samples.at)) {
    const key = { metric: metric.code, source, hour };
    const known = open.get(metric.code, source, hour);
    const done = writeHour(sql, key, sliceSamples(samples, from, to), measure, now, known);
    write.accepted += done.accepted;
    write.duplicate += done.duplicate;
    write.updated += done.updated;
    if (!done.changed) continue;
    write.changed = true;
    const rolls = rollSamples(done.samples, energy);
    if (done.appended) {
      const slots = appendToHour(sql, metric.code, key, rolls, known, write.dates);
      // Whoever asks for the minutes of an hour that grows gets them from its segments.
      if (known?.hasMinutes !== false) forgetMinutes(sql, key);
      open.set(metric.code, source, { ...done.hour, hour, slots, hasMinutes: false });
      continue;
    }
    // A rewritten hour may have lost a date.
    for (const date of clearHours(sql, metric.code, source, hour, hour + 1)) write.dates.add(date);
    for (const roll of rolls) write.dates.add(roll.date);
    addHours(sql, metric.code, source, rolls);
    if (hour >= recent) summariseMinutes(sql, metric.code, source, hour, done, measure);
    open.set(metric.code, source, {
      ...done.hour,
      hour,
      slots: new Map(rolls.map((roll) => [roll.date, roll.slots])),
      hasMinutes: hour >= recent,
    });
  }
  return write;
}

/** Adds the summaries of appended samples. Returns the hour's slots after them. */
function appendToHour(
  sql: SqlStorage,
  metric: number,
  { source, hour }: HourKey,
  rolls: readonly Roll[],
  known: OpenHour | undefined,
  dates: Set<number>,
): ReadonlyMap<number, number> {
  addHours(sql, metric, source, rolls);
  const before = known?.slots;
  if (before === undefined) {
    for (const roll of rolls) dates.add(roll.date);
    return hourSlots(sql, metric, source, hour);
  }
  const slots = new Map(before);
  for (const roll of rolls) {
    const had = before.get(roll.date) ?? 0;
    addToDay(sql, metric, source, roll, slotCount(roll.slots & ~had));
    slots.set(roll.date, had | roll.slots);
  }
  return slots;
}

function forgetMinutes(sql: SqlStorage, { metric, source, hour }: HourKey): void {
  sql.exec("DELETE FROM minutes WHERE metric = ? AND hour = ? AND source = ?", metric, hour, source);
}

/** Builds the minute table of a recent hour. */
export function summariseMinutes(
  sql: SqlStorage,
  metric: number,
  source: number,
  hour: number,
  { samples }: { readonly samples: IdentifiedSamples },
  measure: (value: number) => number,
): void {
  const table = emptyMinutes();
  addMinutes(table, samples, measure);
  sql.exec("INSERT OR REPLACE INTO minutes (metric, hour, source, data) VALUES (?, ?, ?, ?)", metric, hour, source, table.buffer);
}

export function identity(value: number): number {
  return value;
}
