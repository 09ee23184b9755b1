import { DAY_MS, HOUR_MS } from "../clock";

/**
 * Local time without a calendar library: offsets in seconds east of UTC, local dates as days since 1970-01-01. IANA zones come from
 * the runtime's own tables; offsets change at quarter hours at the finest, so they are cached per quarter hour.
 */
const QUARTER_MS = HOUR_MS / 4;
const LARGEST_CACHE = 4_096;

const formatters = new Map<string, Intl.DateTimeFormat>();
const offsets = new Map<string, number>();

/** True for an IANA zone that the runtime knows. */
export function isTimeZone(zone: string): boolean {
  try {
    formatter(zone);
    return true;
  } catch {
    return false;
  }
}

/** Seconds east of UTC in a zone at an instant (epoch milliseconds). Throws a RangeError for an unknown zone. */
export function offsetAt(zone: string, at: number): number {
  if (zone === "UTC") return 0;
  const quarter = Math.floor(at / QUARTER_MS);
  const key = `${zone} ${quarter}`;
  const known = offsets.get(key);
  if (known !== undefined) return known;
  const instant = quarter * QUARTER_MS;
  const part: Record<string, number> = {};
  for (const { type, value } of formatter(zone).formatToParts(instant)) {
    if (type !== "literal" && type !== "era") part[type] = Number(value);
  }
  const wall = Date.UTC(part["year"]!, part["month"]! - 1, part["day"]!, part["hour"]! % 24, part["minute"], part["second"]);
  const offset = Math.round((wall - instant) / 1_000);
  if (offsets.size >= LARGEST_CACHE) offsets.clear();
  offsets.set(key, offset);
  return offset;
}

/** The local date (days since 1970-01-01) of an instant under an offset in seconds. */
export function localDay(at: number, offsetS: number): number {
  return Math.floor((at + offsetS * 1_000) / DAY_MS);
}

/** The instant at which a local date begins in a zone, right on days of 23 and 25 hours. */
export function startOfDay(zone: string, day: number): number {
  const wall = day * DAY_MS;
  const guess = wall - offsetAt(zone, wall) * 1_000;
  const settled = wall - offsetAt(zone, guess) * 1_000;
  // Where midnight does not exist the day begins at the jump: the later of the two readings.
  return localDay(settled, offsetAt(zone, settled)) < day ? Math.max(guess, settled) : settled;
}

/** `YYYY-MM-DD` of a day number. */
export function dayText(day: number): string {
  return day === lastDay ? lastDayText.slice(0, -1) : new Date(day * DAY_MS).toISOString().slice(0, -14);
}

/** The day number of `YYYY-MM-DD`, or undefined where the text is no calendar date. */
export function parseDay(text: string): number | undefined {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return undefined;
  const at = Date.parse(`${text}T00:00:00Z`);
  if (Number.isNaN(at)) return undefined;
  const day = at / DAY_MS;
  return dayText(day) === text ? day : undefined;
}

/** ISO 8601 with the reading's own offset, e.g. `2026-11-20T08:30:00.000+01:00`. Throws a RangeError past the range of dates. */
export function isoWithOffset(at: number, offsetS: number): string {
  const local = Math.trunc(at + offsetS * 1_000);
  const day = Math.floor(local / DAY_MS);
  if (day !== lastDay) {
    // Pages of readings stay on a day for long, and making its text costs more than all the rest.
    lastDayText = new Date(local).toISOString().slice(0, -13);
    lastDay = day;
  }
  const ms = local - day * DAY_MS;
  const seconds = Math.floor(ms / 1_000);
  const time = `${two(Math.floor(seconds / 3_600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}.${three(ms % 1_000)}`;
  if (offsetS === 0) return `${lastDayText}${time}Z`;
  const minutes = Math.round(Math.abs(offsetS) / 60);
  return `${lastDayText}${time}${offsetS < 0 ? "-" : "+"}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

let lastDay = Number.NaN;
let lastDayText = "";

function two(n: number): string {
  return n < 10 ? `0${n}` : String(n);
}

function three(n: number): string {
  return n < 10 ? `00${n}` : n < 100 ? `0${n}` : String(n);
}

function formatter(zone: string): Intl.DateTimeFormat {
  let known = formatters.get(zone);
  if (known === undefined) {
    known = new Intl.DateTimeFormat("en-US", {
      timeZone: zone,
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
    formatters.set(zone, known);
  }
  return known;
}
