import { ZONE_UNKNOWN, type SleepStage } from "../health/reading";
import { type SleepPlatform, sleepStage } from "../health/sleep-stages";
import type { Delivery } from "./delivery";
import { zoneOffset } from "./instant";
import type { Platform } from "./plan";
import { isObject, type Json, type RejectReason, textOf } from "./reject";

const STAGE_TABLES: Readonly<Record<Platform, SleepPlatform>> = {
  healthkit: "healthkit",
  "health-connect": "health_connect",
  "samsung-health": "samsung",
};
/** A night in half-minute stages is 1,200 of them. */
const MOST_STAGES = 5_000;

/** The stage a record means by `stage` or `value`, as number or name; undefined for anything else. */
function stageOf(d: Delivery, value: unknown): SleepStage | undefined {
  const named = typeof value === "string" && value !== "" && value.length <= 64;
  return named || typeof value === "number" ? sleepStage(STAGE_TABLES[d.platform], value) : undefined;
}

/**
 * A sleep entry whose header is read: a session where it lists stages (or, on Android, tells none), else one stretch of one stage as
 * HealthKit writes them.
 */
export function sleepEntry(d: Delivery, raw: Json): void {
  const stages = raw["stages"];
  if (Array.isArray(stages)) return session(d, raw, stages);
  const value = raw["stage"] ?? raw["value"];
  const stage = stageOf(d, value);
  if (stage !== undefined) {
    d.builder.sleepStretch({
      source: d.source,
      start: d.start,
      end: d.end,
      stage,
      zone: d.zone,
      version: d.version,
      ...(d.id !== undefined && { id: d.id }),
    });
  } else if (value === undefined && d.platform !== "healthkit") session(d, raw, []);
  else d.reject(value === undefined || value === null ? "missing_value" : "bad_value");
}

function session(d: Delivery, raw: Json, list: readonly unknown[]): void {
  const stages = readStages(d, list);
  if (typeof stages === "string") return d.reject(stages);
  // A night belongs to the day it ends on, so the offset at its end counts where a change of the clocks makes two.
  const zoneAtEnd = raw["endZoneOffset"] === undefined ? ZONE_UNKNOWN : zoneOffset(raw["endZoneOffset"]);
  const nap = raw["nap"] ?? raw["isNap"];
  const title = textOf(raw["title"])?.slice(0, 200);
  d.builder.sleepSession({
    source: d.source,
    start: d.start,
    end: d.end,
    zone: zoneAtEnd === ZONE_UNKNOWN ? d.zone : zoneAtEnd,
    stages,
    version: d.version,
    ...(typeof nap === "boolean" && { nap }),
    ...(title !== undefined && { attributes: { title } }),
    ...(d.id !== undefined && { id: d.id }),
  });
}

function readStages(d: Delivery, list: readonly unknown[]): { start: number; end: number; stage: SleepStage }[] | RejectReason {
  if (list.length > MOST_STAGES) return "too_large";
  const stages: { start: number; end: number; stage: SleepStage }[] = [];
  for (const entry of list) {
    if (!isObject(entry)) return "not_an_object";
    const start = d.instant(entry["startTime"] ?? entry["startDate"]);
    const end = d.instant(entry["endTime"] ?? entry["endDate"]);
    if (start === undefined || end === undefined) return "bad_date";
    if (end < start) return "end_before_start";
    const stage = stageOf(d, entry["stage"] ?? entry["value"]);
    if (stage === undefined) return "bad_value";
    stages.push({ start, end, stage });
  }
  return stages.sort((a, b) => a.start - b.start || a.end - b.end);
}
