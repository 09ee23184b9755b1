/** A simulated person's days as plain numbers, which every vendor tells in its own words. */
import type { Person } from "../person.ts";
import { civilOf, DAY, dayOf, HOUR, MINUTE, offsetMs } from "../person/civil.ts";
import { planOf } from "../person/day-plan.ts";
import type { Workout, WorkoutType } from "../person/day-plan.ts";
import { bell } from "../person/random.ts";
import type { Night } from "../person/sleep.ts";
import { activeKcal, basalKcalPerDay, traceOf } from "../person/trace.ts";
import type { MinuteOfDay } from "../person/trace.ts";
import type { State } from "../server/state.ts";
import { storeOf } from "./vendor.ts";

export interface Training {
  type: WorkoutType;
  startMs: number;
  endMs: number;
  kcal: number;
  metres: number;
  meanHeart: number;
  maxHeart: number;
}

export interface LifeDay {
  day: number;
  date: string;
  night: Night | undefined;
  /** The minutes of the day that have passed, with the watch on. */
  minutes: readonly MinuteOfDay[];
  steps: number;
  metres: number;
  activeKcal: number;
  totalKcal: number;
  restingHeart: number;
  rmssd: number;
  breaths: number;
  oxygen: number;
  skin: number;
  skinDeviation: number;
  /** 0–100. */
  recovery: number;
  trainings: Training[];
}

export const dateOf = (day: number): string => new Date(day * DAY).toISOString().slice(0, 10);
const round = (value: number, digits = 0): number => Number(value.toFixed(digits));

/** ISO 8601 with the person's own offset. */
export function localIso(person: Person, ms: number): string {
  const offset = offsetMs(person.zone, ms) / MINUTE;
  const sign = offset < 0 ? "-" : "+";
  const two = (n: number): string => String(n).padStart(2, "0");
  return `${new Date(civilOf(person.zone, ms)).toISOString().slice(0, 19)}${sign}${two(Math.floor(Math.abs(offset) / 60))}:${two(Math.abs(offset) % 60)}`;
}

/** The clock's date and time where the person is, without a zone. */
export function wallIso(person: Person, ms: number): string {
  return new Date(civilOf(person.zone, ms)).toISOString().slice(0, 19);
}

function trainingOf(person: Person, { type, startMs, endMs }: Pick<Workout, "type" | "startMs" | "endMs">): Training {
  const minutes = [dayOf(person.zone, startMs), dayOf(person.zone, endMs)]
    .flatMap((day, i, days) => (i > 0 && day === days[0] ? [] : traceOf(person, day)))
    .filter((minute) => minute.startMs >= startMs && minute.startMs < endMs);
  const hearts = minutes.map((minute) => minute.heart);
  return {
    type,
    startMs,
    endMs,
    kcal: round(
      minutes.reduce((sum, minute) => sum + activeKcal(person, minute) + basalKcalPerDay(person) / 1440, 0),
      1,
    ),
    metres: round(minutes.reduce((sum, minute) => sum + minute.distanceMm, 0) / 1000, 1),
    meanHeart: round(hearts.reduce((sum, heart) => sum + heart, 0) / Math.max(1, hearts.length)),
    maxHeart: round(Math.max(60, ...hearts)),
  };
}

/** What a vendor knows of a civil day now. */
export function lifeOf(state: State, vendor: string, person: Person, day: number): LifeDay {
  const now = state.clock.now();
  const plan = planOf(person, day);
  const night = plan.night && plan.night.endMs + 30 * MINUTE <= now ? plan.night : undefined;
  const minutes = traceOf(person, day).filter((minute) => minute.worn && minute.startMs + MINUTE <= now);
  const active = minutes.reduce((sum, minute) => sum + activeKcal(person, minute), 0);
  const skinDeviation = round(bell(person.key, "skin-day", day) * 0.22 + (plan.ill ? 0.9 : 0), 2);
  const extras = (storeOf(state, vendor).extras.get(person.name) ?? []).filter(({ startMs }) => dayOf(person.zone, startMs) === day);
  return {
    day,
    date: dateOf(day),
    night,
    minutes,
    steps: minutes.reduce((sum, minute) => sum + minute.steps, 0),
    metres: round(minutes.reduce((sum, minute) => sum + minute.distanceMm, 0) / 1000),
    activeKcal: round(active),
    totalKcal: round(active + (basalKcalPerDay(person) * minutes.length) / 1440),
    restingHeart: round(person.restingHr + (plan.ill ? 5 : 0) + bell(person.key, "resting-day", day) * 1.1),
    rmssd: round(Math.max(8, person.rmssdMs * (1 + bell(person.key, "hrv-day", day) * 0.08) * (plan.ill ? 0.72 : 1))),
    breaths: round(14.2 + bell(person.key, "breath") * 0.9 + bell(person.key, "breath-day", day) * 0.4, 1),
    oxygen: round(Math.min(99.5, 96.6 + bell(person.key, "oxygen-day", day) * 0.5), 1),
    skin: round(33.6 + bell(person.key, "skin") * 0.5 + skinDeviation, 2),
    skinDeviation,
    recovery: Math.round(Math.min(98, Math.max(12, 66 + bell(person.key, "recovery", day) * 14 - (plan.ill ? 30 : 0)))),
    trainings: [...plan.workouts, ...extras.map((extra) => ({ type: "WALKING" as const, ...extra }))]
      .filter(({ endMs }) => endMs <= now)
      .map((workout) => trainingOf(person, workout)),
  };
}

/** The civil days of a range, none before the person had a device and none after today. */
export function daysIn(state: State, person: Person, fromDay: number, toDay: number): number[] {
  const first = Math.max(person.memberSince, fromDay);
  const last = Math.min(dayOf(person.zone, state.clock.now()), toDay);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => first + i);
}

/** What a vendor knows of the days of an interval, and of the one on each side, whose nights and workouts may reach into it. */
export function livesAround(state: State, vendor: string, person: Person, fromMs: number, toMs: number): LifeDay[] {
  return daysIn(state, person, dayOf(person.zone, fromMs) - 1, dayOf(person.zone, toMs) + 1).map((day) =>
    lifeOf(state, vendor, person, day),
  );
}

/** The workouts that begin in an interval, both of whose ends count, in order. */
export function trainingsIn(state: State, vendor: string, person: Person, fromMs: number, toMs: number): Training[] {
  return livesAround(state, vendor, person, fromMs, toMs)
    .flatMap(({ trainings }) => trainings)
    .filter(({ startMs }) => startMs >= fromMs && startMs <= toMs)
    .sort((a, b) => a.startMs - b.startMs);
}

/** A workout that ends now, as a device brings it. */
export function trainNow(state: State, vendor: string, person: Person): { startMs: number; endMs: number } {
  const endMs = Math.floor(state.clock.now() / MINUTE) * MINUTE;
  const extra = { startMs: endMs - HOUR / 2, endMs };
  const { extras } = storeOf(state, vendor);
  extras.set(person.name, [...(extras.get(person.name) ?? []), extra]);
  return extra;
}

/** Sleep in seconds by stage. */
export function sleepSeconds(night: Night): Record<"AWAKE" | "LIGHT" | "DEEP" | "REM", number> {
  const sums = { AWAKE: 0, LIGHT: 0, DEEP: 0, REM: 0 };
  for (const span of night.stages) sums[span.stage] += (span.endMs - span.startMs) / 1000;
  return sums;
}
