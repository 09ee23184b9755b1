import { HOUR_MS } from "../clock";
import { localDay, offsetAt } from "../health/zone";
import { type Cron, instantOf, lastRun, nextRun, parseCron } from "./cron";

/** When a challenge counts. Instants are epoch milliseconds. */
export interface Schedule {
  /** IANA zone of the challenge: its days and its resets are those of this zone's clocks. */
  readonly zone: string;
  readonly startsAt: number;
  /** Exclusive. */
  readonly endsAt: number;
  /** `once`, each day or week at the time of day of the start, or a cron expression. */
  readonly repeat: "once" | "daily" | "weekly" | { readonly cron: string };
  /** How long it counts after each reset, in seconds; until the next one where null. */
  readonly windowS: number | null;
  /** How long after the end of a period late data still counts, in seconds. */
  readonly lateS: number;
}

/** One round of a challenge. */
export interface Period {
  /** Names it. */
  readonly opensAt: number;
  /** What is measured from here on counts no more. */
  readonly endsAt: number;
  /** What arrives from here on counts no more. */
  readonly closesAt: number;
}

export const LONGEST_CHALLENGE_MS = 366 * 24 * HOUR_MS;

/** The first period that has not ended at an instant: the one under way, else the next; undefined after the last. */
export function periodFrom(schedule: Schedule, at: number): Period | undefined {
  for (let cycle = cycleAt(schedule, Math.max(at, schedule.startsAt)); cycle !== undefined; cycle = cycleAfter(schedule, cycle)) {
    const period = periodOf(schedule, cycle);
    if (period !== undefined && period.endsAt > at) return period;
  }
  return undefined;
}

/** The period that opens at an instant; undefined where none does. */
export function periodAt(schedule: Schedule, opensAt: number): Period | undefined {
  const found = periodFrom(schedule, opensAt);
  return found?.opensAt === opensAt ? found : undefined;
}

/** The period after another. */
export function periodAfter(schedule: Schedule, { endsAt }: Period): Period | undefined {
  return periodFrom(schedule, endsAt);
}

/** From one reset to the next: the start of a challenge may lie inside. */
interface Cycle {
  readonly from: number;
  readonly to: number;
}

/** What of a cycle counts: from the reset or the start for as long as the window lasts, never past the next reset or the end. */
function periodOf({ startsAt, endsAt, windowS, lateS }: Schedule, { from, to }: Cycle): Period | undefined {
  const opens = Math.max(from, startsAt);
  const ends = Math.min(windowS === null ? to : from + windowS * 1_000, to, endsAt);
  return ends > opens ? { opensAt: opens, endsAt: ends, closesAt: ends + lateS * 1_000 } : undefined;
}

function cycleAt(schedule: Schedule, at: number): Cycle | undefined {
  const { startsAt, endsAt, repeat, zone } = schedule;
  if (at >= endsAt) return undefined;
  if (repeat === "once") return { from: startsAt, to: endsAt };
  if (typeof repeat === "string") {
    const step = repeat === "daily" ? 1 : 7;
    const [first, time] = placeOf(schedule);
    const turn = Math.floor((localDay(at, offsetAt(zone, at)) - first) / step);
    // The date alone does not say whether the time of day has come.
    for (let k = turn + 1; k >= turn - 1; k--) {
      const from = instantOf(zone, first + k * step, time);
      if (from <= at) return { from, to: instantOf(zone, first + (k + 1) * step, time) };
    }
    return undefined;
  }
  const cron = cronOf(repeat.cron);
  const from = lastRun(cron, zone, at) ?? startsAt;
  return { from, to: nextRun(cron, zone, at) ?? Number.POSITIVE_INFINITY };
}

function cycleAfter(schedule: Schedule, { to }: Cycle): Cycle | undefined {
  return to < schedule.endsAt ? cycleAt(schedule, to) : undefined;
}

/** Local date and time of day of the start. */
function placeOf({ startsAt, zone }: Schedule): readonly [day: number, timeMs: number] {
  const offset = offsetAt(zone, startsAt);
  const day = localDay(startsAt, offset);
  return [day, startsAt + offset * 1_000 - day * 24 * HOUR_MS];
}

function cronOf(text: string): Cron {
  const cron = parseCron(text);
  if (cron === undefined) throw new TypeError("not a cron expression");
  return cron;
}
