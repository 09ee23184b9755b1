import { type DayFacts, MEASURE_NAMES, MEASURES, type MeasureName, saysSomething } from "../../../shared/achievements/facts";
import { DAY_MS, MINUTE_MS } from "../../../shared/clock";
import { METRIC_CODE, metric as metricOf } from "../../../shared/health/catalogue";
import type { WorkoutBody } from "../../../shared/health/merge-workouts";
import { summariseSleep } from "../../../shared/health/sleep";
import { headline } from "../answers";
import { readDays } from "../store/read-buckets";
import { readRaw } from "../store/read-raw";
import { readSleeps, readWorkouts } from "../store/read-sessions";
import type { SleepBody } from "../store/sleeps";
import type { Sources } from "../store/sources";

const MEAL = metricOf("meal")!;
const SESSIONS = ["sleep", "workout"];
const METRICS = Object.values(MEASURES).flatMap((measure) => ("metric" in measure ? [measure.metric] : []));

/** Keys of what is written that change facts. */
export const WATCHED: ReadonlySet<string> = new Set([...METRICS, MEAL.key, ...SESSIONS]);
/** Their numbers in the store. */
export const WATCHED_CODES: readonly number[] = [...WATCHED].map((key) => METRIC_CODE.get(key)).filter((code) => code !== undefined);

interface Day {
  zone: number | null;
  readonly values: Partial<Record<MeasureName, number>>;
  readonly starts: number[];
}

/** What the readings say of the local dates [from, to], best source first, those without any facts left out. */
export function readFacts(sql: SqlStorage, sources: Sources, from: number, to: number): DayFacts[] {
  const days = new Map<number, Day>();
  const at = (date: number): Day => {
    const known = days.get(date);
    if (known !== undefined) return known;
    const day: Day = { zone: null, values: {}, starts: [] };
    days.set(date, day);
    return day;
  };
  const add = (date: number, name: MeasureName, value: number) => {
    if (date < from || date > to || !Number.isFinite(value) || value <= 0) return;
    const { values } = at(date);
    values[name] = (values[name] ?? 0) + value;
  };
  const measured = sources.recordedBy("automatic");
  for (const name of MEASURE_NAMES) {
    const measure = MEASURES[name];
    const metric = "metric" in measure ? metricOf(measure.metric) : undefined;
    if (metric === undefined) continue;
    for (const bucket of readDays(sql, measure.takesTyped ? sources : measured, metric, from, to, "best", Number.POSITIVE_INFINITY))
      add(bucket.key, name, headline(metric, bucket));
  }
  const [begin, end] = [(from - 1) * DAY_MS, (to + 2) * DAY_MS];
  const meals = readRaw(sql, sources, MEAL, { from: begin, to: end, choice: "best", limit: Number.MAX_SAFE_INTEGER });
  // Foods of one meal are told at one time.
  for (const key of new Set(meals.map((meal) => `${dateOf(meal.at, meal.zone)} ${meal.at}`))) add(Number(key.split(" ")[0]), "meals", 1);
  for (const { head } of readSleeps(sql, measured, begin, end, "best")) {
    if (head.nap || head.date < from || head.date > to) continue;
    const { stages } = JSON.parse(head.body) as SleepBody;
    const { asleepMin } = summariseSleep({
      start: head.start,
      end: head.end,
      stages: stages.map(([s, e, stage]) => ({ start: s, end: e, stage })),
    });
    add(head.date, "slept", stages.length === 0 ? (head.end - head.start) / MINUTE_MS : (asleepMin ?? 0));
    at(head.date).zone = head.zone;
  }
  for (const { head } of readWorkouts(sql, measured, begin, end, "best")) {
    if (head.date < from || head.date > to) continue;
    const { durationS = (head.end - head.start) / 1_000 } = JSON.parse(head.body) as WorkoutBody & { durationS?: number };
    const minutes = durationS / 60;
    add(head.date, "workouts", 1);
    add(head.date, "trained", minutes);
    const day = at(head.date);
    day.values.longest = Math.max(day.values.longest ?? 0, minutes);
    day.starts.push(Math.floor((head.start + head.zone * 1_000 - head.date * DAY_MS) / MINUTE_MS));
    day.zone = head.zone;
  }
  for (const { date, zone } of sql.exec<{ date: number; zone: number }>(
    "SELECT date, zone FROM daily WHERE date >= ? AND date <= ?",
    from,
    to,
  )) {
    const day = days.get(date);
    if (day !== undefined) day.zone ??= zone;
  }
  return [...days]
    .toSorted((a, b) => a[0] - b[0])
    .map(([date, { zone, values, starts }]): DayFacts => ({ date, zone, values, starts: starts.toSorted((a, b) => a - b) }))
    .filter(saysSomething);
}

function dateOf(at: number, zone: number): number {
  return Math.floor((at + zone * 1_000) / DAY_MS);
}
