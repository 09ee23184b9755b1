import { pointsOf, type Definition, type Rule } from "./definitions";
import type { DayFacts } from "./facts";

/** What an achievement has come to. Plain data: kept as JSON. */
export interface Progress {
  /** Days, weekends, times, a sum, or the best day, by the kind of rule. */
  readonly n: number;
  /** Days or weekends in a row up to `last`, and the longest such row. */
  readonly run?: number;
  readonly longest?: number;
  /** The last date that counted, and its zone. */
  readonly last?: number;
  readonly zone?: number | null;
  /** For records: how many days there were. */
  readonly seen?: number;
}

/** Where the evaluation stands after a date. */
export interface Standing {
  readonly date: number;
  readonly points: number;
  readonly of: Readonly<Record<string, Progress>>;
}

/** One award: `step:<at>` once for ever, `on:<date>` for each time of what repeats. */
export interface Award {
  readonly achievement: string;
  readonly key: string;
  /** The local date on which it was earned. */
  readonly date: number;
  readonly points: number;
}

export const BEGINNING: Standing = { date: Number.MIN_SAFE_INTEGER, points: 0, of: {} };

/**
 * One more day. Days come in rising order; those without facts are left out. The result depends on the days alone, so that going on from
 * any standing is the same as beginning anew.
 */
export function advance(
  standing: Standing,
  day: DayFacts,
  definitions: readonly Definition[],
): { readonly standing: Standing; readonly awards: readonly Award[] } {
  const of: Record<string, Progress> = { ...standing.of };
  const awards: Award[] = [];
  let { points } = standing;
  for (const definition of definitions) {
    const { id, rule } = definition;
    if (rule.kind === "level") continue;
    const before = of[id] ?? { n: 0 };
    const after = next(rule, before, day);
    if (after === before) continue;
    of[id] = after;
    for (const key of earned(definition, before, after, day)) {
      const award = { achievement: id, key, date: day.date, points: pointsOf(definition, key) };
      awards.push(award);
      points += award.points;
    }
  }
  // Levels count points of all others, those of this day included.
  for (const definition of definitions) {
    if (definition.rule.kind !== "level") continue;
    const before = of[definition.id] ?? { n: 0 };
    if (points === before.n) continue;
    const after = { n: points };
    of[definition.id] = after;
    for (const key of earned(definition, before, after, day)) {
      awards.push({ achievement: definition.id, key, date: day.date, points: pointsOf(definition, key) });
    }
  }
  return { standing: { date: day.date, points, of }, awards };
}

/** All days from the beginning, or from a standing before them. */
export function evaluate(
  days: Iterable<DayFacts>,
  definitions: readonly Definition[],
  from: Standing = BEGINNING,
): { readonly standing: Standing; readonly awards: readonly Award[] } {
  let standing = from;
  const awards: Award[] = [];
  for (const day of days) {
    const step = advance(standing, day, definitions);
    standing = step.standing;
    awards.push(...step.awards);
  }
  return { standing, awards };
}

/** What counts towards the next step, on a date that may be later than the last facts: a row that was broken since counts nothing. */
export function progressOn(rule: Rule, progress: Progress | undefined, today: number): number {
  if (progress === undefined) return 0;
  const { n, run = 0, last = Number.MIN_SAFE_INTEGER } = progress;
  // Today, and for weekends this week, may still come.
  if (rule.kind === "streak") return today - last <= 1 ? run : 0;
  if (rule.kind === "weekends") return today - last <= 7 ? run : 0;
  return n;
}

function next(rule: Exclude<Rule, { readonly kind: "level" }>, before: Progress, { date, zone, values, starts }: DayFacts): Progress {
  const value = "of" in rule ? (values[rule.of] ?? 0) : 0;
  switch (rule.kind) {
    case "count":
      return value >= rule.atLeast ? { n: before.n + 1 } : before;
    case "total":
      return value > 0 ? { n: before.n + value } : before;
    case "streak":
      return value >= rule.atLeast ? inRow(before, date, zone, 1) : before;
    case "weekends": {
      if (value < rule.atLeast) return before;
      if (weekday(date) === SATURDAY) return { ...before, seen: date };
      return weekday(date) === SUNDAY && before.seen === date - 1 ? inRow(before, date, null, 7) : before;
    }
    case "record": {
      if (value <= 0) return before;
      return { n: Math.max(before.n, value), seen: (before.seen ?? 0) + 1 };
    }
    case "time_of_day":
      return starts.some((start) => start >= rule.from && start < rule.to) ? { n: before.n + 1 } : before;
    case "calendar":
      return value >= rule.atLeast && isDay(date, rule) ? { n: before.n + 1 } : before;
    case "return": {
      if (value < rule.atLeast) return before;
      const isBack = before.last !== undefined && date - before.last > rule.idleDays;
      return { n: before.n + (isBack ? 1 : 0), last: date };
    }
  }
}

function inRow(before: Progress, date: number, zone: number | null, pace: number): Progress {
  const { run = 0, longest = 0, last = Number.MIN_SAFE_INTEGER } = before;
  const goesOn = date - last === pace || (pace === 1 && date - last === 2 && wasSkipped(before.zone ?? null, zone));
  const now = goesOn ? run + 1 : 1;
  return { ...before, n: Math.max(longest, now), run: now, longest: Math.max(longest, now), last: date, zone };
}

/** Longest part of a skipped date that somebody may have lived through, so that it breaks no row. */
const HALF_A_DAY_S = 12 * 3_600;

/**
 * Whether the date between two others was hardly there: whoever flies west over the date line has a calendar without it, or with a few hours
 * of it. It lasted a day less what the clock was put forward.
 */
function wasSkipped(before: number | null, after: number | null): boolean {
  return before !== null && after !== null && after - before > HALF_A_DAY_S;
}

function earned(definition: Definition, before: Progress, after: Progress, day: DayFacts): string[] {
  if (definition.each !== undefined) return hasRepeated(definition.rule, before, after) ? [`on:${day.date}`] : [];
  return definition.steps.filter(({ at }) => before.n < at && after.n >= at).map(({ at }) => `step:${at}`);
}

function hasRepeated(rule: Rule, before: Progress, after: Progress): boolean {
  if (rule.kind === "record") return after.n > before.n && (before.seen ?? 0) >= rule.after;
  return after.n > before.n;
}

const SATURDAY = 6;
const SUNDAY = 0;

/** 0 is Sunday; 1970-01-01 was a Thursday. */
function weekday(date: number): number {
  return (((date + 4) % 7) + 7) % 7;
}

function isDay(date: number, { month, day }: { readonly month: number; readonly day: number }): boolean {
  const at = new Date(date * 86_400_000);
  return at.getUTCMonth() + 1 === month && at.getUTCDate() === day;
}
