import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../clock";
import { offsetAt, startOfDay } from "../../health/zone";

const DATE = /^(\d{4})(?:-(\d{2})(?:-(\d{2})(?:T(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d+))?)?(Z|[+-]\d{2}:\d{2})?)?)?)?$/;

/**
 * The time that a date, dateTime or instant of R4 means, as epoch milliseconds [first, last]: a day is its 23 to 25 hours in `zone`
 * (IANA), a second its thousand milliseconds. A time without an offset is read in `zone`. Undefined for what is no date of the calendar.
 */
export function dateRange(text: string, zone: string): readonly [lo: number, hi: number] | undefined {
  const match = DATE.exec(text);
  if (match === null) return undefined;
  const [, year = "", month, day, hours, minutes, seconds, fraction, offset] = match;
  const [y, m, d] = [Number(year), Number(month ?? "1"), Number(day ?? "1")];
  const midnight = utcDay(y, m, d);
  if (midnight === undefined) return undefined;
  if (hours === undefined) {
    const until = day !== undefined ? midnight + DAY_MS : month !== undefined ? nextMonth(y, m) : nextMonth(y, 12);
    return [startOfDay(zone, midnight / DAY_MS), startOfDay(zone, until / DAY_MS) - 1];
  }
  // 60 is a leap second, which epoch milliseconds know only as the second after it.
  if (Number(hours) > 23 || Number(minutes) > 59 || Number(seconds ?? "0") > 60) return undefined;
  const ms = fraction === undefined ? 0 : Number(fraction.slice(0, 3).padEnd(3, "0"));
  const wall = midnight + Number(hours) * HOUR_MS + Number(minutes) * MINUTE_MS + Number(seconds ?? "0") * 1_000 + ms;
  const lo = offset === undefined ? fromWall(zone, wall) : wall - offsetMs(offset);
  // Two digits of a fraction mean ten milliseconds.
  const span = seconds === undefined ? MINUTE_MS : fraction === undefined ? 1_000 : 10 ** Math.max(0, 3 - fraction.length);
  return [lo, lo + span - 1];
}

const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Midnight UTC of a day of the calendar, or undefined where there is none. */
function utcDay(year: number, month: number, day: number): number | undefined {
  const isLeap = month === 2 && year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  if (day < 1 || day > (DAYS[month - 1] ?? 0) + (isLeap ? 1 : 0)) return undefined;
  // Date.UTC takes years below 100 for those of the last century.
  return year < 100 ? new Date(0).setUTCFullYear(year, month - 1, day) : Date.UTC(year, month - 1, day);
}

function nextMonth(year: number, month: number): number {
  return new Date(0).setUTCFullYear(year, month, 1);
}

function fromWall(zone: string, wall: number): number {
  return wall - offsetAt(zone, wall - offsetAt(zone, wall) * 1_000) * 1_000;
}

function offsetMs(text: string): number {
  if (text === "Z") return 0;
  const ms = Number(text.slice(1, 3)) * HOUR_MS + Number(text.slice(4, 6)) * MINUTE_MS;
  return text.startsWith("-") ? -ms : ms;
}
