import { DAY_MS, MINUTE_MS } from "../clock";
import { offsetAt } from "../health/zone";

/** From one wall-clock time to another, over midnight where the second is not later. Minutes of the day; `from` included, `to` not. */
export interface QuietHours {
  readonly from: number;
  readonly to: number;
}

const DAY_MINUTES = 24 * 60;
/** Longer than any local day, so that a change of the clocks in it is found. */
const AHEAD_MS = DAY_MS + 3 * 60 * MINUTE_MS;

/** `HH:MM` as minutes of the day, or undefined. */
export function parseWallTime(text: string): number | undefined {
  const [, hours, minutes] = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(text) ?? [];
  return hours === undefined ? undefined : Number(hours) * 60 + Number(minutes);
}

/** Minutes of the day as `HH:MM`. */
export function wallTimeText(minutes: number): string {
  return `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;
}

/** The wall clock of a zone at an instant, as milliseconds since its midnight. */
function wallClock(zone: string, at: number): number {
  const local = at + offsetAt(zone, at) * 1_000;
  return local - Math.floor(local / DAY_MS) * DAY_MS;
}

/** Whether the clock on the person's wall stands within the quiet hours at an instant. Nothing is quiet where both times are the same. */
export function isQuiet(zone: string, { from, to }: QuietHours, at: number): boolean {
  const minute = Math.floor(wallClock(zone, at) / MINUTE_MS);
  return from <= to ? minute >= from && minute < to : minute >= from || minute < to;
}

/**
 * The first instant from `at` on at which it is not quiet: `at` itself where it is not. On days when the clocks change that is what the
 * clock on the wall says; a time that is skipped has come with the jump.
 */
export function quietUntil(zone: string, hours: QuietHours, at: number): number {
  return isQuiet(zone, hours, at) ? nextWallTime(zone, hours.to, at, (instant) => !isQuiet(zone, hours, instant)) : at;
}

/**
 * The first instant after `at` at which the wall clock shows a time, or at which a jump has passed it. Minutes of the day.
 *
 * @param isReached whether a jump to an instant has passed it; by default where the time lies within what was skipped
 */
export function nextWallTime(
  zone: string,
  minutes: number,
  at: number,
  isReached = (instant: number) => wasSkipped(zone, minutes, instant),
): number {
  const next = at + untilWallTime(zone, minutes, at);
  const jump = nextJump(zone, at);
  if (jump === undefined || next < jump) return next;
  return isReached(jump) ? jump : jump + (untilWallTime(zone, minutes, jump) % DAY_MS);
}

/** Milliseconds until the clock shows a time, if nobody moves it: more than none, at most a day. */
function untilWallTime(zone: string, minutes: number, at: number): number {
  return DAY_MS - ((wallClock(zone, at) - (minutes % DAY_MINUTES) * MINUTE_MS + DAY_MS) % DAY_MS);
}

/** Whether the clock jumped over a time at an instant. */
function wasSkipped(zone: string, minutes: number, jump: number): boolean {
  const before = wallClock(zone, jump - 1) + 1;
  const gained = (offsetAt(zone, jump) - offsetAt(zone, jump - 1)) * 1_000;
  const passed = (minutes * MINUTE_MS - before + DAY_MS) % DAY_MS;
  return gained > 0 && passed <= gained;
}

/** When the clocks of a zone change within the next day, to the minute; undefined where they do not. */
function nextJump(zone: string, at: number): number | undefined {
  const offset = offsetAt(zone, at);
  let high = Math.ceil((at + AHEAD_MS) / MINUTE_MS);
  if (offsetAt(zone, high * MINUTE_MS) === offset) return undefined;
  let low = Math.floor(at / MINUTE_MS);
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offsetAt(zone, middle * MINUTE_MS) === offset) low = middle;
    else high = middle;
  }
  return high * MINUTE_MS;
}
