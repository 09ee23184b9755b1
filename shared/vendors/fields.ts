import * as z from "zod";
import { DAY_MS } from "../clock";
import { ZONE_UNKNOWN } from "../health/reading";
import { offsetAt } from "../health/zone";

/** ISO 8601 lets offsets reach 18 hours. */
const MAX_OFFSET_S = 18 * 3600;
const INSTANT = /^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)(Z|[+-]\d{2}:?\d{2})$/;
const WALL = /^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)$/;

/** An instant with the zone that its text tells: seconds east of UTC, or `ZONE_UNKNOWN` for `Z`. */
export interface Zoned {
  readonly at: number;
  readonly zone: number;
}

/** `±hh:mm`, `±hhmm` or `Z` in seconds east of UTC; undefined for anything else. */
export function offsetSeconds(text: string): number | undefined {
  if (text === "Z") return 0;
  const [, sign, hours, minutes] = /^([+-])(\d{2}):?(\d{2})$/.exec(text) ?? [];
  if (sign === undefined) return undefined;
  const seconds = Number(hours) * 3600 + Number(minutes) * 60;
  return seconds > MAX_OFFSET_S || Number(minutes) > 59 ? undefined : sign === "-" ? -seconds : seconds;
}

function utcOf(date: string, time: string): number {
  return calendarDay(date) === undefined ? Number.NaN : Date.parse(`${date}T${time.length === 5 ? `${time}:00` : time}Z`);
}

/** The date itself where it is one of the calendar. */
function calendarDay(date: string): string | undefined {
  const at = Date.parse(`${date}T00:00:00Z`);
  return Number.isFinite(at) && new Date(at).toISOString().slice(0, 10) === date ? date : undefined;
}

/** An RFC 3339 instant; seconds may be left out. `Z` says UTC and nothing of where the person is. */
export const zoned = z.string().transform((text, context): Zoned => {
  const [, date = "", time = "", offset = ""] = INSTANT.exec(text) ?? [];
  const seconds = offsetSeconds(offset);
  const utc = utcOf(date, time);
  if (seconds === undefined || !Number.isFinite(utc)) {
    context.addIssue({ code: "custom", message: "not an instant" });
    return z.NEVER;
  }
  return { at: utc - seconds * 1000, zone: offset === "Z" ? ZONE_UNKNOWN : seconds };
});

/** The milliseconds of an RFC 3339 instant. */
export const instant = zoned.transform(({ at }) => at);

/** A clock's date and time without a zone, as the milliseconds of a clock at UTC. */
export const wallClock = z.string().transform((text, context): number => {
  const [, date = "", time = ""] = WALL.exec(text) ?? [];
  const at = utcOf(date, time);
  if (Number.isFinite(at)) return at;
  context.addIssue({ code: "custom", message: "not a local time" });
  return z.NEVER;
});

/** `YYYY-MM-DD` of the calendar; a time behind it is left out. */
export const day = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}(T[0-9:.]{5,15}(Z|[+-]\d{2}:?\d{2})?)?$/)
  .transform((text) => text.slice(0, 10))
  .refine((text) => calendarDay(text) !== undefined, "not a date");

/** A number that may be missing in either manner. */
export const maybe = z.number().nullish();

/** Seconds as minutes; nothing of nothing. */
export const minutes = (seconds: number | null | undefined): number | undefined =>
  seconds === undefined || seconds === null ? undefined : seconds / 60;

/** Free text of a person, cut to what attributes may hold. */
export const note = z
  .string()
  .transform((text) => text.slice(0, 2000))
  .nullish();

/** A vendor's word, of a length that may be kept. */
export const word = z.string().max(200);

/** Ids go into paths and into storage: nothing but what ids are made of, and no step to another place. */
export const recordId = z.string().regex(/^(?!\.{1,2}$)[A-Za-z0-9._~:-]{1,120}$/);

/** `PT1H2M3.5S` in seconds; days count 24 hours. */
export const isoDuration = z.string().transform((text, context): number => {
  const [, days, hours, minutes, seconds] =
    /^P(?:(\d{1,4})D)?(?:T(?:(\d{1,5})H)?(?:(\d{1,6})M)?(?:(\d{1,8}(?:\.\d{1,9})?)S)?)?$/.exec(text) ?? [];
  if ([days, hours, minutes, seconds].every((part) => part === undefined)) {
    context.addIssue({ code: "custom", message: "not a duration" });
    return z.NEVER;
  }
  return Number(days ?? 0) * 86_400 + Number(hours ?? 0) * 3600 + Number(minutes ?? 0) * 60 + Number(seconds ?? 0);
});

/** Midnight UTC of a date, which stands for the day in start and end of daily readings. */
export function dayRange(date: string): { start: number; end: number } {
  const start = Date.parse(`${date}T00:00:00Z`);
  return { start, end: start + DAY_MS };
}

/** `YYYY-MM-DD` of an instant at UTC. */
export function utcDay(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}

/** The instant at which a clock without a zone showed a time, in the person's own zone; as if at UTC where that is not told. */
export function fromWallClock(wall: number, timeZone: string | undefined): Zoned {
  if (timeZone === undefined) return { at: wall, zone: ZONE_UNKNOWN };
  const guess = wall - offsetAt(timeZone, wall) * 1000;
  const zone = offsetAt(timeZone, guess);
  return { at: wall - zone * 1000, zone };
}
