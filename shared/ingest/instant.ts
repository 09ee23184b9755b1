import { DAY_MS } from "../clock";
import { ZONE_UNKNOWN } from "../health/reading";

/** What a date text says about its zone: seconds east of UTC, `ZONE_UNKNOWN` for plain UTC (`Z`), `WALL_CLOCK` for nothing. */
export const WALL_CLOCK = 0x7ffffffe;

/** Numbers nearer to 1970 than this are seconds, days or mistakes, never the milliseconds of a phone's reading. */
const SMALLEST_EPOCH_MS = 1e11;
const LARGEST_EPOCH_MS = 8.64e15;
/** ISO 8601 lets offsets reach 18 hours. */
export const LARGEST_OFFSET_S = 18 * 3_600;

const DAYS_BEFORE_MONTH = [0, 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
const ZONED = /(?:Z|GMT|UTC|[+-]\d\d:?\d\d)$/;
/** A calendar date the fast reader refused has no second chance: `Date.parse` would let 24:00 pass. */
const CALENDAR = /^\d{4}-\d{2}-/;
const EPOCH_DIGITS = /^-?\d{12,16}$/;

/**
 * Reads instants. The common fixed forms of ISO 8601 (`2026-11-20T07:30:00Z`, with fraction, with `±hh:mm`, `±hhmm` or a blank
 * before them, as HealthKit exports write) are read by character code, because this runs twice per record; everything else that
 * ends in a zone goes to `Date.parse`. Numbers and long digit texts are epoch milliseconds. A text without a zone is a wall clock:
 * `ms` is then as if it were UTC and `zone` is `WALL_CLOCK`.
 *
 * One reader is reused for many texts; `ms` and `zone` hold the last result. An offset of `Z` tells no zone: phones print UTC.
 */
export class InstantReader {
  ms = 0;
  zone = ZONE_UNKNOWN;

  /** Reads one value; false where it is no instant. */
  read(value: unknown): boolean {
    if (typeof value === "string") return this.#fixed(value) || this.#other(value);
    if (typeof value !== "number") return false;
    return this.#epoch(value);
  }

  #epoch(value: number): boolean {
    const size = Math.abs(value);
    // Written so that NaN fails too.
    if (!(size >= SMALLEST_EPOCH_MS && size <= LARGEST_EPOCH_MS)) return false;
    this.ms = Math.trunc(value);
    this.zone = ZONE_UNKNOWN;
    return true;
  }

  #other(text: string): boolean {
    if (text.length > 64) return false;
    if (EPOCH_DIGITS.test(text)) return this.#epoch(Number(text));
    if (CALENDAR.test(text) || !ZONED.test(text)) return false;
    const ms = Date.parse(text);
    if (Number.isNaN(ms)) return false;
    this.ms = ms;
    this.zone = ZONE_UNKNOWN;
    return true;
  }

  #fixed(t: string): boolean {
    const n = t.length;
    if (n < 16 || t.charCodeAt(4) !== 45 || t.charCodeAt(7) !== 45 || t.charCodeAt(13) !== 58) return false;
    const separator = t.charCodeAt(10);
    if (separator !== 84 && separator !== 32) return false;
    const year = two(t, 0) * 100 + two(t, 2);
    const month = two(t, 5);
    const day = two(t, 8);
    const hour = two(t, 11);
    const minute = two(t, 14);
    let second = 0;
    let fraction = 0;
    let i = 16;
    if (i < n && t.charCodeAt(i) === 58) {
      second = two(t, 17);
      i = 19;
      if (i < n && (t.charCodeAt(i) === 46 || t.charCodeAt(i) === 44)) {
        let weight = 100;
        let digits = 0;
        for (i++; i < n; i++, digits++) {
          const c = t.charCodeAt(i) - 48;
          if (c < 0 || c > 9) break;
          if (weight >= 1) fraction += c * weight;
          weight /= 10;
        }
        if (digits === 0 || digits > 9) return false;
      }
    }
    // `two` answers NaN for anything but digits, and NaN fails every comparison.
    if (!(month >= 1 && month <= 12 && day >= 1 && day <= daysOf(year, month) && hour <= 23 && minute <= 59 && second <= 60)) return false;
    const ms = daysSince1970(year, month, day) * DAY_MS + hour * 3_600_000 + minute * 60_000 + second * 1_000 + fraction;
    return this.#finish(t, i, ms);
  }

  /** Reads the zone that begins at `i` and sets the result. */
  #finish(t: string, i: number, wall: number): boolean {
    const n = t.length;
    if (i < n && t.charCodeAt(i) === 32) i++;
    if (i === n) {
      this.ms = wall;
      this.zone = WALL_CLOCK;
      return true;
    }
    const sign = t.charCodeAt(i);
    if (sign === 90 && i + 1 === n) {
      this.ms = wall;
      this.zone = ZONE_UNKNOWN;
      return true;
    }
    if (sign !== 43 && sign !== 45) return false;
    const offset = offsetDigits(t, i + 1);
    if (Number.isNaN(offset)) return false;
    const seconds = sign === 45 ? -offset : offset;
    this.ms = wall - seconds * 1_000;
    this.zone = seconds;
    return true;
  }
}

/**
 * A zone offset in seconds east of UTC, or `ZONE_UNKNOWN`. Reads `Z`, `+02:00`, `+0200`, `+02`; numbers up to 1080 in size are
 * minutes and larger ones seconds (18 hours are 1080 minutes, and no zone is within 18 minutes of UTC but UTC itself); and objects
 * with `totalSeconds`, as Health Connect bridges write them.
 */
export function zoneOffset(value: unknown): number {
  if (typeof value === "number") {
    const seconds = Math.abs(value) <= 1_080 ? value * 60 : value;
    return Number.isInteger(seconds) && Math.abs(seconds) <= LARGEST_OFFSET_S ? seconds : ZONE_UNKNOWN;
  }
  if (typeof value === "string") return offsetText(value);
  if (typeof value === "object" && value !== null && "totalSeconds" in value) {
    const seconds = value.totalSeconds;
    if (typeof seconds === "number" && Number.isInteger(seconds) && Math.abs(seconds) <= LARGEST_OFFSET_S) return seconds;
  }
  return ZONE_UNKNOWN;
}

function offsetText(text: string): number {
  if (text === "Z" || text === "UTC" || text === "GMT") return 0;
  const sign = text.charCodeAt(0);
  if (sign !== 43 && sign !== 45) return ZONE_UNKNOWN;
  const offset = offsetDigits(text, 1);
  if (Number.isNaN(offset)) return ZONE_UNKNOWN;
  return sign === 45 && offset !== 0 ? -offset : offset;
}

/** Seconds of `hh`, `hhmm`, `hh:mm` or `hh:mm:ss` from `i` to the end of the text, or NaN. */
function offsetDigits(t: string, i: number): number {
  const rest = t.length - i;
  let seconds = two(t, i) * 3_600;
  if (rest === 4) seconds += minutes(t, i + 2);
  else if (rest === 5 && t.charCodeAt(i + 2) === 58) seconds += minutes(t, i + 3);
  else if (rest === 8 && t.charCodeAt(i + 2) === 58 && t.charCodeAt(i + 5) === 58) seconds += minutes(t, i + 3) + two(t, i + 6);
  else if (rest !== 2) return Number.NaN;
  return seconds <= LARGEST_OFFSET_S ? seconds : Number.NaN;
}

function minutes(t: string, i: number): number {
  const value = two(t, i);
  return value <= 59 ? value * 60 : Number.NaN;
}

/** Two decimal digits, or NaN. */
function two(t: string, i: number): number {
  const a = t.charCodeAt(i) - 48;
  const b = t.charCodeAt(i + 1) - 48;
  return a >= 0 && a <= 9 && b >= 0 && b <= 9 ? a * 10 + b : Number.NaN;
}

function leap(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

function daysOf(year: number, month: number): number {
  if (month === 2) return leap(year) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** Days from 1970-01-01 to a date of the Gregorian calendar. */
function daysSince1970(year: number, month: number, day: number): number {
  const past = year - 1;
  const leapDays = Math.floor(past / 4) - Math.floor(past / 100) + Math.floor(past / 400);
  const inYear = DAYS_BEFORE_MONTH[month]! + (month > 2 && leap(year) ? 1 : 0);
  // 719162 days lie between 0001-01-01 and 1970-01-01.
  return past * 365 + leapDays + inYear + day - 1 - 719_162;
}
