import * as z from "zod";
import { ZONE_UNKNOWN } from "../../health/reading";

/** Google writes 64-bit integers as strings. */
export const int64 = z
  .union([
    z.number(),
    z
      .string()
      .regex(/^-?\d{1,16}$/)
      .transform(Number),
  ])
  .refine(Number.isSafeInteger, "not a whole number");

/** A duration such as `7200s` or `0.350s`, in seconds. */
export const duration = z
  .string()
  .regex(/^-?\d{1,9}(\.\d{1,9})?s$/)
  .transform((text) => Number(text.slice(0, -1)));

/** An RFC 3339 instant with up to nine decimals, in epoch milliseconds. */
export const instant = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/)
  .transform((text) => Date.parse(text))
  .refine(Number.isFinite, "not an instant");

/** A calendar date as `YYYY-MM-DD`. */
export const civilDate = z
  .object({ year: z.number().int().min(1900).max(9999), month: z.number().int().min(1).max(12), day: z.number().int().min(1).max(31) })
  .refine(({ year, month, day }) => new Date(Date.UTC(year, month - 1, day)).getUTCDate() === day, "not a date")
  .transform(({ year, month, day }) => `${year}-${String(month).padStart(2, "0")}-${String(day).padStart(2, "0")}`);

/** A local date and time; midnight where the time is left out. Kept as milliseconds of a clock without a zone. */
export const civilDateTime = z
  .object({
    date: civilDate,
    time: z
      .object({ hours: z.number().int().default(0), minutes: z.number().int().default(0), seconds: z.number().int().default(0) })
      .optional(),
  })
  .transform(({ date, time }) => ({
    date,
    wallMs: Date.parse(`${date}T00:00:00Z`) + ((time?.hours ?? 0) * 3600 + (time?.minutes ?? 0) * 60 + (time?.seconds ?? 0)) * 1000,
  }));

type Civil = z.output<typeof civilDateTime>;

const MAX_OFFSET_S = 18 * 3600;
const offset = duration.refine((seconds) => Math.abs(seconds) <= MAX_OFFSET_S, "not an offset");

/** The stated offset; else what the local time says; else unknown. Whole seconds east of UTC. */
function zoneOf(stated: number | undefined, at: number, civil: Civil | undefined): number {
  // Never the zero below zero.
  if (stated !== undefined) return Math.round(stated) + 0;
  if (civil === undefined) return ZONE_UNKNOWN;
  // The civil time has whole seconds, the instant may have decimals; zones are multiples of a quarter of an hour.
  const seconds = Math.round((civil.wallMs - at) / 900_000) * 900;
  return Math.abs(seconds) <= MAX_OFFSET_S ? seconds : ZONE_UNKNOWN;
}

/** `ObservationTimeInterval` and `SessionTimeInterval`. */
export const interval = z
  .object({
    startTime: instant,
    endTime: instant,
    startUtcOffset: offset.optional(),
    endUtcOffset: offset.optional(),
    civilStartTime: civilDateTime.optional(),
    civilEndTime: civilDateTime.optional(),
  })
  .refine((i) => i.endTime >= i.startTime, "ends before it starts")
  .transform((i) => ({
    start: i.startTime,
    end: i.endTime,
    zone: zoneOf(i.startUtcOffset, i.startTime, i.civilStartTime),
    endZone: zoneOf(i.endUtcOffset, i.endTime, i.civilEndTime),
    endDate: i.civilEndTime?.date,
  }));

/** `ObservationSampleTime`. */
export const sampleTime = z
  .object({ physicalTime: instant, utcOffset: offset.optional(), civilTime: civilDateTime.optional() })
  .transform((s) => ({ at: s.physicalTime, zone: zoneOf(s.utcOffset, s.physicalTime, s.civilTime) }));

/** Whether a value is an object with members, as JSON has them. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const USUAL_INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?Z$/;
const USUAL_OFFSET = /^-?\d{1,5}s$/;
const isWhole = (value: unknown, least: number, most: number): boolean =>
  Number.isInteger(value) && (value as number) >= least && (value as number) <= most;

/** What `sampleTime` makes of a time that states its offset, without the price of a schema; undefined where anything about it is unusual. */
export function usualSampleTime(value: unknown): z.output<typeof sampleTime> | undefined {
  if (!isObject(value)) return undefined;
  const { physicalTime, utcOffset, civilTime } = value;
  if (typeof physicalTime !== "string" || !USUAL_INSTANT.test(physicalTime)) return undefined;
  if (typeof utcOffset !== "string" || !USUAL_OFFSET.test(utcOffset) || !isUsualCivil(civilTime)) return undefined;
  const [at, zone] = [Date.parse(physicalTime), Number(utcOffset.slice(0, -1))];
  return Number.isFinite(at) && Math.abs(zone) <= MAX_OFFSET_S ? { at, zone: zone + 0 } : undefined;
}

/** A local time that the schema takes, whatever it says: the stated offset is what counts. */
function isUsualCivil(value: unknown): boolean {
  if (value === undefined) return true;
  if (!isObject(value) || !isObject(value["date"])) return false;
  const { year, month, day } = value["date"];
  const { time = {} } = value;
  return (
    // Every month has so many days.
    isWhole(year, 1900, 9999) && isWhole(month, 1, 12) && isWhole(day, 1, 28) && isObject(time) && CLOCK.every((part) => isHand(time[part]))
  );
}

const CLOCK = ["hours", "minutes", "seconds"] as const;
const isHand = (value: unknown): boolean => value === undefined || isWhole(value, 0, 60);

const USUAL_COUNT = /^\d{1,9}$/;

/** What `int64` makes of a plain count; undefined where it is unusual. */
export function usualCount(value: unknown): number | undefined {
  if (typeof value === "string") return USUAL_COUNT.test(value) ? Number(value) : undefined;
  return isWhole(value, 0, 999_999_999) ? (value as number) : undefined;
}

export { dayRange } from "../fields";

/** A value of one of Google's enums, in lower case; nothing for the `…_UNSPECIFIED` ones. */
export function label(value: string | undefined): string | undefined {
  return value === undefined || value.endsWith("_UNSPECIFIED") ? undefined : value.toLowerCase();
}

/** Free text of a person, cut to what attributes may hold. */
export const note = z
  .string()
  .transform((text) => text.slice(0, 2000))
  .optional();
