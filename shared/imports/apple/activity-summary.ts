import { DAY_MS } from "../../clock";
import { metric as metricOf } from "../../health/catalogue";
import type { BatchBuilder } from "../../health/batch";
import { ZONE_UNKNOWN } from "../../health/reading";
import { parseDay } from "../../health/zone";
import type { Tally } from "../tally";
import type { Tag } from "../xml/tag";
import { parseDecimal } from "./decimal";
import { conversionOf } from "./record-plan";
import { ACTIVITY_SUMMARY_APP, sourceOf } from "./sources";
import { A } from "./vocabulary";

const TYPE = "ActivitySummary";
/** The first day of HealthKit; exports hold empty summaries of 1969 and 1970. */
const FIRST_DAY = Date.UTC(2014, 0, 1) / DAY_MS;

const TOTALS: readonly { readonly value: number; readonly metric: string; readonly unit: number | string; readonly skipZero?: true }[] = [
  { value: A.activeEnergyBurned, metric: "energy_active", unit: A.activeEnergyBurnedUnit },
  { value: A.appleExerciseTime, metric: "exercise_minutes", unit: "min" },
  { value: A.appleStandHours, metric: "stand_hours", unit: "{hours}" },
  // Zero for everybody whose rings count energy instead of minutes.
  { value: A.appleMoveTime, metric: "move_minutes", unit: "min", skipZero: true },
];

/**
 * Maps the day totals of the activity rings to daily readings of their own source: a total of a day is another kind than the intervals
 * it was made of, and is never added to them. `version` is the instant of the export, because a day's summary grows until it ends.
 */
export function addActivitySummary(tag: Tag, builder: BatchBuilder, tally: Tally, version: number): void {
  const count = tally.type(TYPE);
  count.read++;
  const date = tag.text(A.dateComponents) ?? "";
  const day = parseDay(date);
  if (day === undefined || day < FIRST_DAY) return tally.reject(count, "bad_date", TYPE);
  const source = builder.source(sourceOf(ACTIVITY_SUMMARY_APP, undefined, false));
  let emitted = 0;
  for (const total of TOTALS) {
    const metric = metricOf(total.metric);
    if (metric === undefined || !metric.kinds.includes("daily") || !tag.has(total.value)) continue;
    const raw = parseDecimal(tag.bytes, tag.start(total.value), tag.end(total.value));
    const unit = typeof total.unit === "string" ? total.unit : (tag.text(total.unit) ?? metric.unit);
    const value = conversionOf(metric, unit)?.(raw);
    if (value === undefined || Number.isNaN(value) || (total.skipZero === true && value === 0)) continue;
    const start = day * DAY_MS;
    builder.reading({ metric: metric.key, kind: "daily", source, start, end: start + DAY_MS, value, zone: ZONE_UNKNOWN, date, version });
    // A row is one thing read, however many totals it holds: its first decides what became of it.
    tally.credit(metric.key, emitted === 0 ? [TYPE] : []).n++;
    emitted++;
  }
  if (emitted === 0) tally.reject(count, "incomplete", TYPE);
}
