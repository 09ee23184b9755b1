import { metric } from "../../../shared/health/catalogue";
import type { Category } from "../../../shared/policy/vocabulary";
import type { DayAnswer, SleepAnswer, WorkoutAnswer } from "../day-answers";
import type { Entry } from "./door";

/** Totals of a workout are metrics, or aggregates of one: `heart_rate_max`. */
const AGGREGATE = /_(?:mean|min|max|sum|last)$/;

/** Leaves out of an answer what belongs to categories that the reader may not see. What cannot be placed is left out. */
export function seesMetric(entry: Entry, key: string): boolean {
  const category = categoryOf(key);
  return entry.isOwner || (category !== undefined && entry.sees(category));
}

/** A page of raw readings as JSON text, without what vendors attached to them: nobody knows of which category that is. */
export function withoutAttributes(items: string): string {
  const list = JSON.parse(items) as Record<string, unknown>[];
  return JSON.stringify(list.map(({ attributes: _attributes, ...rest }) => rest));
}

/** Days with what the reader may see; days of which nothing is left only where `every` is asked for. */
export function narrowDays(entry: Entry, days: readonly DayAnswer[], every: boolean): readonly DayAnswer[] {
  if (entry.isOwner) return days;
  const narrowed = days.map(({ date, timeZone, metrics: all, sleep, workouts, attributions = {} }): DayAnswer => {
    const metrics = Object.fromEntries(Object.entries(all).filter(([key]) => seesMetric(entry, key)));
    const shown = new Set(Object.values(metrics).map(({ source }) => source));
    const words = Object.entries(attributions).filter(([source]) => shown.has(source));
    return {
      date,
      timeZone,
      metrics,
      ...(sleep !== undefined && entry.sees("sleep") && { sleep: narrowSleep(entry, sleep) }),
      workouts: entry.sees("activity") ? workouts.map((workout) => narrowWorkout(entry, workout)) : [],
      ...(words.length > 0 && { attributions: Object.fromEntries(words) }),
    };
  });
  return every
    ? narrowed
    : narrowed.filter(({ metrics, sleep, workouts }) => sleep !== undefined || workouts.length > 0 || Object.keys(metrics).length > 0);
}

/** A night without what the vendor attached. */
export function narrowSleep(entry: Entry, answer: SleepAnswer): SleepAnswer {
  if (entry.isOwner) return answer;
  const { id, startAt, endAt, date, nap, source, sources, summary, stages } = answer;
  return { id, startAt, endAt, date, nap, source, sources, summary, stages };
}

/** A workout with those totals that the reader may see, without laps, segments and what the vendor attached. */
export function narrowWorkout(entry: Entry, answer: WorkoutAnswer): WorkoutAnswer {
  if (entry.isOwner) return answer;
  const { id, type, startAt, endAt, durationS, source, sources, totals } = answer;
  return {
    id,
    type,
    startAt,
    endAt,
    durationS,
    source,
    sources,
    totals: Object.fromEntries(Object.entries(totals).filter(([key]) => seesMetric(entry, key))),
  };
}

/** The category of a metric, or of an aggregate of one; undefined for what cannot be placed. */
export function categoryOf(key: string): Category | undefined {
  return (metric(key) ?? metric(key.replace(AGGREGATE, "")))?.sensitivity;
}
