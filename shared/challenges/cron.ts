import { DAY_MS, HOUR_MS, MINUTE_MS } from "../clock";
import { localDay, offsetAt } from "../health/zone";

/**
 * When something happens again, on the clocks of a zone: five fields (minute, hour, day of the month, month, day of the week with 0 or 7 for
 * Sunday), each `*`, a number, a range, a list or steps (`1-5/2`). As in POSIX, days of the month and of the week both count where
 * both are given. The minute is one number: nothing happens more than once an hour.
 */
export interface Cron {
  readonly minute: number;
  readonly hours: readonly number[];
  readonly daysOfMonth: ReadonlySet<number>;
  readonly months: ReadonlySet<number>;
  readonly daysOfWeek: ReadonlySet<number>;
  /** Both kinds of days are given: either is enough. */
  readonly isEither: boolean;
}

const LONGEST = 64;

/** Reads a cron expression; undefined where it is none, or never comes true. */
export function parseCron(text: string): Cron | undefined {
  const fields = text.length > LONGEST ? [] : text.trim().split(/\s+/);
  if (fields.length !== 5) return undefined;
  const [minutes, hours, days, months, week] = [
    listOf(fields[0], 0, 59),
    listOf(fields[1], 0, 23),
    listOf(fields[2], 1, 31),
    listOf(fields[3], 1, 12),
    listOf(fields[4], 0, 7),
  ];
  if (minutes?.length !== 1 || hours === undefined || days === undefined || months === undefined || week === undefined) return undefined;
  const isEither = fields[2] !== "*" && fields[4] !== "*";
  const longest = Math.max(...months.map((month) => (month === 2 ? 29 : [4, 6, 9, 11].includes(month) ? 30 : 31)));
  if (!isEither && fields[2] !== "*" && days.every((day) => day > longest)) return undefined;
  return {
    minute: minutes[0] ?? 0,
    hours,
    daysOfMonth: new Set(days),
    months: new Set(months),
    daysOfWeek: new Set(week.map((day) => day % 7)),
    isEither,
  };
}

const PART = /^(?:(\*)|(\d{1,2})(?:-(\d{1,2}))?)(?:\/(\d{1,2}))?$/;

function listOf(field: string | undefined, least: number, most: number): number[] | undefined {
  const found = new Set<number>();
  for (const part of (field ?? "").split(",")) {
    const match = PART.exec(part);
    if (match === null) return undefined;
    const [, all, first, last, step] = match;
    const from = all === undefined ? Number(first) : least;
    const to = all !== undefined ? most : last === undefined ? (step === undefined ? from : most) : Number(last);
    const by = step === undefined ? 1 : Number(step);
    if (from < least || to > most || from > to || by < 1) return undefined;
    for (let value = from; value <= to; value += by) found.add(value);
  }
  return [...found].toSorted((a, b) => a - b);
}

/** Whether something happens on a local date, days since 1970-01-01. */
function isOn(cron: Cron, day: number): boolean {
  const date = new Date(day * DAY_MS);
  if (!cron.months.has(date.getUTCMonth() + 1)) return false;
  const ofMonth = cron.daysOfMonth.has(date.getUTCDate());
  const ofWeek = cron.daysOfWeek.has(date.getUTCDay());
  return cron.isEither ? ofMonth || ofWeek : ofMonth && ofWeek;
}

/** A leap day on a certain day of the week is there within these days. */
const FARTHEST_DAYS = 366 * 8;

/** The first instant after another at which it happens (epoch milliseconds); undefined where there is none within eight years. */
export function nextRun(cron: Cron, zone: string, after: number): number | undefined {
  const first = localDay(after, offsetAt(zone, after)) - 1;
  for (let day = first; day <= first + FARTHEST_DAYS; day++) {
    if (!isOn(cron, day)) continue;
    const found = runsOf(cron, zone, day).find((at) => at > after);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The last instant not after another at which it happened; undefined where there is none within eight years. */
export function lastRun(cron: Cron, zone: string, at: number): number | undefined {
  const last = localDay(at, offsetAt(zone, at)) + 1;
  for (let day = last; day >= last - FARTHEST_DAYS; day--) {
    if (!isOn(cron, day)) continue;
    const found = runsOf(cron, zone, day).findLast((one) => one <= at);
    if (found !== undefined) return found;
  }
  return undefined;
}

function runsOf(cron: Cron, zone: string, day: number): number[] {
  return cron.hours.map((hour) => instantOf(zone, day, hour * HOUR_MS + cron.minute * MINUTE_MS));
}

/**
 * The instant at which the clocks of a zone show a time (milliseconds since midnight) on a local date. A time that is shown twice, when clocks
 * go back, is the first of the two; one that is left out, when they go forward, is the instant at which they do.
 */
export function instantOf(zone: string, day: number, timeMs: number): number {
  const wall = day * DAY_MS + timeMs;
  const before = offsetAt(zone, wall - DAY_MS) * 1_000;
  const after = offsetAt(zone, wall + DAY_MS) * 1_000;
  const shows = (at: number): boolean => at + offsetAt(zone, at) * 1_000 === wall;
  const [early, late] = [wall - Math.max(before, after), wall - Math.min(before, after)];
  if (shows(early)) return early;
  if (shows(late)) return late;
  // The clocks jump between the two: found to the quarter of an hour, at which offsets change at the finest.
  let [low, high] = [Math.floor(early / QUARTER_MS), Math.ceil(late / QUARTER_MS)];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (middle * QUARTER_MS + offsetAt(zone, middle * QUARTER_MS) * 1_000 <= wall) low = middle;
    else high = middle;
  }
  return high * QUARTER_MS;
}

const QUARTER_MS = HOUR_MS / 4;
