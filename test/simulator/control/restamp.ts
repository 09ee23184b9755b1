/** Moving a value in time: every time field shifts together, civil forms included. */
import type { Person } from "../person.ts";
import { civilOf, DAY, dayOf, dayStart, offsetMs } from "../person/civil.ts";
import { civilDateTime, dateOf, instant, seconds, textOf } from "../person/wire.ts";
import type { Json, JsonObject } from "../person/wire.ts";

/** Time field → the fields that repeat it as offset and civil time. */
const COMPANIONS: Record<string, [offset: string, civil: string] | undefined> = {
  startTime: ["startUtcOffset", "civilStartTime"],
  endTime: ["endUtcOffset", "civilEndTime"],
  physicalTime: ["utcOffset", "civilTime"],
  eventTime: ["eventUtcOffset", ""],
  createTime: ["", ""],
  updateTime: ["", ""],
};

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function walk(person: Person, value: Json | undefined, shiftMs: number): Json | undefined {
  if (Array.isArray(value)) return value.map((item) => walk(person, item, shiftMs) ?? null);
  return isObject(value) ? restamped(person, value, shiftMs) : value;
}

/** A copy of the value, later by `shiftMs`. */
export function restamped(person: Person, value: JsonObject, shiftMs: number): JsonObject {
  const result: JsonObject = {};
  for (const [field, content] of Object.entries(value)) result[field] = walk(person, content, shiftMs);
  for (const [field, companions] of Object.entries(COMPANIONS)) {
    const text = value[field];
    if (typeof text !== "string" || !companions) continue;
    const ms = Date.parse(text) + shiftMs;
    result[field] = instant(ms);
    const [offset, civil] = companions;
    if (offset in value) result[offset] = seconds(offsetMs(person.zone, ms));
    if (civil in value) result[civil] = civilDateTime(civilOf(person.zone, ms));
  }
  const { date } = value;
  if (isObject(date) && typeof date["year"] === "number" && !("time" in value)) {
    const civil = Date.UTC(date["year"], Number(date["month"]) - 1, Number(date["day"]));
    result["date"] = dateOf(civil + Math.round(shiftMs / DAY) * DAY);
  }
  return result;
}

/** Where a value lies in time; undefined when it has neither interval, sample time nor date. */
export function spanOf(person: Person, value: JsonObject): { startMs: number; endMs: number } | undefined {
  const { interval, sampleTime, date } = value;
  let startMs = Number.NaN;
  let endMs = Number.NaN;
  if (isObject(interval)) {
    startMs = Date.parse(textOf(interval["startTime"]));
    endMs = Date.parse(textOf(interval["endTime"]));
  } else if (isObject(sampleTime)) {
    startMs = Date.parse(textOf(sampleTime["physicalTime"]));
    endMs = startMs;
  } else if (isObject(date)) {
    const civil = Date.UTC(Number(date["year"]), Number(date["month"]) - 1, Number(date["day"]));
    startMs = dayStart(person.zone, dayOf("UTC", civil));
    endMs = startMs;
  }
  return Number.isNaN(startMs) || Number.isNaN(endMs) ? undefined : { startMs, endMs };
}
