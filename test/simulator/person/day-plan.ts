/** What a civil day holds: the night that ended on it, workouts, meals, illness, and when the watch was off the wrist. */
import { dayStart, HOUR, MINUTE, weekday } from "./civil.ts";
import { bell, between, chance, pick, unit } from "./random.ts";
import { nightEndingOn } from "./sleep.ts";
import type { Night } from "./sleep.ts";
import type { Person } from "./traits.ts";

export type WorkoutType = "RUNNING" | "OUTDOOR_BIKE" | "SWIMMING_POOL" | "STRENGTH_TRAINING" | "YOGA" | "WALKING" | "HIKING";
export interface Workout {
  type: WorkoutType;
  startMs: number;
  endMs: number;
  /** Share of heart-rate reserve aimed at. */
  intensity: number;
}
export interface Span {
  startMs: number;
  endMs: number;
}
export interface DayPlan {
  day: number;
  startMs: number;
  endMs: number;
  weekend: boolean;
  ill: boolean;
  /** Absent when the watch was not worn that night. */
  night?: Night;
  /** The sleep that happened, worn or not. */
  slept: Night;
  workouts: Workout[];
  /** Afternoon nap, on few days. */
  nap?: Span;
  /** Watch off the wrist. */
  off: Span[];
  mealTimes: { meal: "BREAKFAST" | "LUNCH" | "DINNER" | "SNACK"; atMs: number }[];
}

const INTENSITY: Record<WorkoutType, number> = {
  RUNNING: 0.74,
  OUTDOOR_BIKE: 0.64,
  SWIMMING_POOL: 0.62,
  STRENGTH_TRAINING: 0.46,
  YOGA: 0.24,
  WALKING: 0.32,
  HIKING: 0.5,
};
const LENGTH_MINUTES: Record<WorkoutType, number> = {
  RUNNING: 42,
  OUTDOOR_BIKE: 58,
  SWIMMING_POOL: 40,
  STRENGTH_TRAINING: 48,
  YOGA: 40,
  WALKING: 45,
  HIKING: 150,
};

/** About one three-day illness in every second block of 45 days. */
export function isIll(person: Person, day: number): boolean {
  const block = Math.floor(day / 45);
  if (!chance(0.5, person.key, "ill", block)) return false;
  const first = block * 45 + Math.floor(between(0, 42, person.key, "ill-start", block));
  return day >= first && day < first + 3;
}

/** True when the watch stayed on the charger for the whole night that ends on `day`. */
function nightOff(person: Person, day: number): boolean {
  return chance(0.05, person.key, "night-off", day);
}

function workoutsOf(person: Person, day: number, startMs: number, wakeMs: number, ill: boolean): Workout[] {
  const weekend = weekday(day) === 0 || weekday(day) === 6;
  if (ill || !chance(Math.min(0.85, (weekend ? 0.55 : 0.42) * person.activity), person.key, "workout", day)) return [];
  const type = weekend
    ? pick(["RUNNING", "HIKING", "OUTDOOR_BIKE", "WALKING", "YOGA"], person.key, "kind", day)
    : pick(["RUNNING", "RUNNING", "STRENGTH_TRAINING", "SWIMMING_POOL", "OUTDOOR_BIKE", "YOGA"], person.key, "kind", day);
  const length = Math.round(LENGTH_MINUTES[type] * between(0.75, 1.3, person.key, "workout-length", day));
  const planned = startMs + Math.round((weekend ? 10.5 : 18.2) * 60 + bell(person.key, "workout-time", day) * 25) * MINUTE;
  const begin = Math.max(planned, Math.ceil(wakeMs / MINUTE) * MINUTE + 60 * MINUTE);
  return [
    { type, startMs: begin, endMs: begin + length * MINUTE, intensity: INTENSITY[type] * between(0.93, 1.07, person.key, "effort", day) },
  ];
}

const cache = new Map<string, DayPlan>();

/** The plan of one civil day. Pure; the cache only saves time. */
export function planOf(person: Person, day: number): DayPlan {
  const id = `${person.key}|${person.zone}|${day}`;
  const known = cache.get(id);
  if (known) return known;
  if (cache.size > 1500) cache.clear();
  const startMs = dayStart(person.zone, day);
  const endMs = dayStart(person.zone, day + 1);
  const slept = nightEndingOn(person, day);
  const ill = isIll(person, day);
  const weekend = weekday(day) === 0 || weekday(day) === 6;
  const off: Span[] = [];
  const at = (minutes: number): number => startMs + Math.round(minutes) * MINUTE;
  if (chance(0.55, person.key, "charge", day)) {
    const begin = at(20.2 * 60 + bell(person.key, "charge-time", day) * 25);
    off.push({ startMs: begin, endMs: begin + Math.round(between(35, 80, person.key, "charge-length", day)) * MINUTE });
  }
  if (chance(0.012, person.key, "forgot", day)) off.push({ startMs: slept.endMs, endMs: at(20 * 60) });
  if (nightOff(person, day)) off.push({ startMs: slept.startMs - 20 * MINUTE, endMs: slept.endMs + 15 * MINUTE });
  if (nightOff(person, day + 1)) {
    const next = nightEndingOn(person, day + 1);
    off.push({ startMs: next.startMs - 20 * MINUTE, endMs: next.endMs + 15 * MINUTE });
  }
  const meals: DayPlan["mealTimes"] = [
    {
      meal: "BREAKFAST",
      atMs: Math.round((slept.endMs + 40 * MINUTE + unit(person.key, "breakfast", day) * 20 * MINUTE) / MINUTE) * MINUTE,
    },
    { meal: "LUNCH", atMs: at(12.6 * 60 + bell(person.key, "lunch", day) * 12) },
    { meal: "DINNER", atMs: at(19.5 * 60 + bell(person.key, "dinner", day) * 15) },
  ];
  if (chance(0.5, person.key, "snack", day)) meals.push({ meal: "SNACK", atMs: at(15.8 * 60 + bell(person.key, "snack-time", day) * 20) });
  const plan: DayPlan = {
    day,
    startMs,
    endMs,
    weekend,
    ill,
    slept,
    off,
    ...(nightOff(person, day) ? {} : { night: slept }),
    workouts: workoutsOf(person, day, startMs, slept.endMs, ill),
    mealTimes: meals.sort((a, b) => a.atMs - b.atMs),
  };
  if (!plan.workouts.length && chance(weekend ? 0.18 : 0.04, person.key, "nap", day)) {
    const begin = startMs + 14 * HOUR + Math.round(unit(person.key, "nap-start", day) * 60) * MINUTE;
    plan.nap = { startMs: begin, endMs: begin + Math.round(between(22, 55, person.key, "nap-length", day)) * MINUTE };
  }
  cache.set(id, plan);
  return plan;
}

/** True when the watch is on the wrist at the instant. */
export function isWorn(plan: DayPlan, ms: number): boolean {
  return !plan.off.some((span) => ms >= span.startMs && ms < span.endMs);
}
