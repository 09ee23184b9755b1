/** The vendor's JSON forms of time and number: int64 as strings, durations as "7200s", zero fields left out. */
import { civilOf, offsetMs } from "./civil.ts";

export type Json = string | number | boolean | null | Json[] | JsonObject;
export interface JsonObject {
  [field: string]: Json | undefined;
}

/** A string field; anything else reads as empty. */
export function textOf(value: Json | undefined): string {
  return typeof value === "string" ? value : "";
}

/** int64. */
export function int64(value: number): string {
  return String(Math.round(value));
}

/** google-duration, whole seconds. */
export function seconds(ms: number): string {
  return `${Math.round(ms / 1000)}s`;
}

/** google-datetime without a needless fraction. */
export function instant(ms: number): string {
  return new Date(ms).toISOString().replace(".000Z", "Z");
}

/** Rounds to a number of decimals. */
export function round(value: number, decimals: number): number {
  const scale = 10 ** decimals;
  return Math.round(value * scale) / scale;
}

/** google.type.Date of a civil instant. */
export function dateOf(civilMs: number): JsonObject {
  const date = new Date(civilMs);
  return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() };
}

/** CivilDateTime; midnight is an empty `time`, as in the vendor's own samples. */
export function civilDateTime(civilMs: number): JsonObject {
  const date = new Date(civilMs);
  const time: JsonObject = {};
  if (date.getUTCHours()) time["hours"] = date.getUTCHours();
  if (date.getUTCMinutes()) time["minutes"] = date.getUTCMinutes();
  if (date.getUTCSeconds()) time["seconds"] = date.getUTCSeconds();
  if (date.getUTCMilliseconds()) time["nanos"] = date.getUTCMilliseconds() * 1_000_000;
  return { date: dateOf(civilMs), time };
}

/** ISO 8601 clock face without offset. */
export function civilIso(civilMs: number): string {
  return new Date(civilMs).toISOString().slice(0, 19);
}

/** ObservationTimeInterval and SessionTimeInterval share one form. */
export function interval(zone: string, startMs: number, endMs: number): JsonObject {
  return {
    startTime: instant(startMs),
    startUtcOffset: seconds(offsetMs(zone, startMs)),
    endTime: instant(endMs),
    endUtcOffset: seconds(offsetMs(zone, endMs)),
    civilStartTime: civilDateTime(civilOf(zone, startMs)),
    civilEndTime: civilDateTime(civilOf(zone, endMs)),
  };
}

/** ObservationSampleTime. */
export function sampleTime(zone: string, ms: number): JsonObject {
  return {
    physicalTime: instant(ms),
    utcOffset: seconds(offsetMs(zone, ms)),
    civilTime: civilDateTime(civilOf(zone, ms)),
  };
}
