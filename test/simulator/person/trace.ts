/**
 * The minute-by-minute trace of one civil day: steps, heart rate, energy, climbing. Every activity and heart type is read
 * from it, so that they agree with each other (a run shows in steps, distance, heart rate, zones and calories alike).
 */
import { HOUR, MINUTE, civilOf } from "./civil.ts";
import { isWorn, planOf } from "./day-plan.ts";
import type { DayPlan, Workout } from "./day-plan.ts";
import { between, chance, drift, unit } from "./random.ts";
import { stageAt } from "./sleep.ts";
import type { Night, Stage } from "./sleep.ts";
import type { Person } from "./traits.ts";

export interface MinuteOfDay {
  startMs: number;
  steps: number;
  distanceMm: number;
  floors: number;
  heart: number;
  /** Metabolic equivalents, 1 = rest. */
  met: number;
  worn: boolean;
  asleep: boolean;
  workout?: Workout;
}

const CADENCE: Partial<Record<Workout["type"], number>> = { RUNNING: 163, WALKING: 112, HIKING: 104, STRENGTH_TRAINING: 7 };
const WORKOUT_MET: Partial<Record<Workout["type"], number>> = { OUTDOOR_BIKE: 7.4, SWIMMING_POOL: 7, STRENGTH_TRAINING: 4.4, YOGA: 2.6 };
/** How likely a ten-minute block holds a walk, by civil hour. */
const WALKS = [0, 0, 0, 0, 0, 0.05, 0.2, 0.38, 0.42, 0.24, 0.26, 0.28, 0.5, 0.36, 0.22, 0.26, 0.3, 0.48, 0.46, 0.3, 0.22, 0.16, 0.08, 0.03];

/** Heart rate of an instant; continuous inside a day apart from beat-to-beat noise. */
export function heartAt(person: Person, plan: DayPlan, nights: readonly Night[], ms: number, walking: number): number {
  const rest = person.restingHr + (plan.ill ? 7 : 0);
  const wobble = drift(ms, 4 * MINUTE, person.key, "wobble") * 2.2 + drift(ms, 25 * MINUTE, person.key, "mood") * 2.6;
  for (const night of nights) {
    const stage = stageAt(night, ms);
    if (stage) return sleeping(rest, night, stage, ms) + wobble * 0.7;
  }
  const hour = (civilOf(person.zone, ms) % (24 * HOUR)) / HOUR;
  let level = rest + 13 + 4 * Math.cos(((hour - 16) / 24) * 2 * Math.PI) + walking * 0.3;
  for (const workout of plan.workouts) {
    const target = rest + workout.intensity * (person.maxHr - rest);
    const into = ms - workout.startMs;
    const after = ms - workout.endMs;
    if (into < 0 || after > 40 * MINUTE) continue;
    const surge = drift(ms, 3 * MINUTE, person.key, "surge") * 6 + (into / (workout.endMs - workout.startMs)) * 5;
    const effort = (target + Math.min(surge, 11) - level) * (1 - Math.exp(-Math.min(into, workout.endMs - workout.startMs) / 110_000));
    level += Math.max(0, effort) * (after > 0 ? Math.exp(-after / 150_000) : 1);
  }
  return Math.min(person.maxHr, level + wobble);
}

function sleeping(rest: number, night: Night, stage: Stage, ms: number): number {
  const along = (ms - night.startMs) / (night.endMs - night.startMs);
  const decline = 6 * Math.exp(-along * 5) + (along > 0.85 ? (along - 0.85) * 20 : 0);
  const byStage = { AWAKE: 8, LIGHT: 0, DEEP: -3, REM: 3.5 }[stage];
  return rest - 3 + decline + byStage;
}

function stepsIn(person: Person, plan: DayPlan, ms: number, hour: number): number {
  const { key } = person;
  const workout = plan.workouts.find((w) => ms >= w.startMs && ms < w.endMs);
  if (workout) return Math.round(Math.max(0, (CADENCE[workout.type] ?? 0) + drift(ms, 5 * MINUTE, key, "cadence") * 8));
  const block = Math.floor(ms / (10 * MINUTE));
  const fit = plan.ill ? 0.3 : person.activity;
  if (chance((WALKS[hour] ?? 0) * 0.55 * fit, key, "walk", block)) {
    const length = 2 + Math.floor(unit(key, "walk-length", block) * 7);
    const into = Math.floor((ms % (10 * MINUTE)) / MINUTE);
    if (into < length) return Math.round(between(62, 112, key, "pace", block) + drift(ms, 2 * MINUTE, key, "step") * 9);
  }
  return chance(0.13 * fit, key, "potter", Math.floor(ms / MINUTE)) ? Math.round(between(4, 24, key, "few", Math.floor(ms / MINUTE))) : 0;
}

function metOf(steps: number, workout: Workout | undefined, asleep: boolean): number {
  const fixed = workout && WORKOUT_MET[workout.type];
  if (fixed) return fixed;
  if (asleep) return 0.95;
  if (steps >= 135) return steps * 0.059;
  return 1.15 + steps * 0.022;
}

const cache = new Map<string, MinuteOfDay[]>();

/** The trace of one civil day (1440 minutes; 1380 or 1500 where the clock changes). */
export function traceOf(person: Person, day: number): MinuteOfDay[] {
  const id = `${person.key}|${person.zone}|${day}`;
  const known = cache.get(id);
  if (known) return known;
  if (cache.size > 120) cache.clear();
  const plan = planOf(person, day);
  const nights = [plan.slept, planOf(person, day + 1).slept];
  const strideMm = person.heightCm * 10 * 0.414;
  const minutes: MinuteOfDay[] = [];
  const recent = [0, 0, 0];
  for (let startMs = plan.startMs; startMs < plan.endMs; startMs += MINUTE) {
    const middle = startMs + MINUTE / 2;
    const hour = Math.floor((civilOf(person.zone, startMs) % (24 * HOUR)) / HOUR);
    const stage = nights.map((night) => stageAt(night, middle)).find((found) => found !== undefined);
    const napping = plan.nap !== undefined && middle >= plan.nap.startMs && middle < plan.nap.endMs;
    const asleep = napping || (stage !== undefined && stage !== "AWAKE");
    const inBed = napping || stage !== undefined;
    const workout = plan.workouts.find((w) => middle >= w.startMs && middle < w.endMs);
    const steps = inBed ? 0 : stepsIn(person, plan, startMs, hour);
    recent.push(steps);
    recent.shift();
    const walking = workout ? 0 : recent.reduce((sum, n) => sum + n, 0) / recent.length;
    const stride = strideMm * (steps >= 135 ? 1.45 : 1);
    const rolling = workout?.type === "OUTDOOR_BIKE" ? between(330_000, 420_000, person.key, "roll", Math.floor(startMs / MINUTE)) : 0;
    const climbs = steps > 40 && chance(workout?.type === "HIKING" ? 0.45 : 0.06, person.key, "climb", Math.floor(startMs / MINUTE));
    minutes.push({
      startMs,
      steps,
      asleep,
      distanceMm: Math.round(steps * stride + rolling),
      floors: climbs ? 1 : 0,
      heart: heartAt(person, plan, nights, middle, walking) - (napping ? 9 : 0),
      met: metOf(steps, workout, asleep),
      worn: isWorn(plan, middle),
      ...(workout ? { workout } : {}),
    });
  }
  cache.set(id, minutes);
  return minutes;
}

/** Basal metabolic rate, kcal per day (Mifflin-St Jeor 1990). */
export function basalKcalPerDay(person: Person): number {
  return 10 * person.weightKg + 6.25 * person.heightCm - 5 * person.ageYears + (person.sex === "male" ? 5 : -161);
}

/** Active energy of a minute, kcal, on top of the basal rate. */
export function activeKcal(person: Person, minute: MinuteOfDay): number {
  return (Math.max(0, minute.met - 1.15) * person.weightKg) / 60;
}

export type Zone = "LIGHT" | "MODERATE" | "VIGOROUS" | "PEAK";

/** Lower bounds of the heart-rate zones in beats per minute (Karvonen, shares of heart-rate reserve). */
export function zoneFloors(person: Person): Record<Zone, number> {
  const reserve = person.maxHr - person.restingHr;
  const share = (part: number): number => Math.round(person.restingHr + reserve * part);
  return { LIGHT: share(0.25), MODERATE: share(0.4), VIGOROUS: share(0.6), PEAK: share(0.85) };
}

/** The zone of a heart rate; below the LIGHT bound there is none. */
export function zoneOf(person: Person, heart: number): Zone | undefined {
  const floors = zoneFloors(person);
  if (heart >= floors.PEAK) return "PEAK";
  if (heart >= floors.VIGOROUS) return "VIGOROUS";
  if (heart >= floors.MODERATE) return "MODERATE";
  return heart >= floors.LIGHT ? "LIGHT" : undefined;
}
