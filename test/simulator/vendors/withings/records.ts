/** A simulated person's days in Withings' words: integers with powers of ten, seconds since 1970, minutes as seconds. */
import type { Person } from "../../person.ts";
import { MINUTE } from "../../person/civil.ts";
import type { JsonObject } from "../../person/wire.ts";
import type { State } from "../../server/state.ts";
import { dateOf, livesAround, sleepSeconds } from "../life.ts";
import type { LifeDay } from "../life.ts";

interface Span {
  fromMs: number;
  toMs: number;
}
export type Listed = (state: State, person: Person, range: Span) => JsonObject[];

const VENDOR = "withings";
const SCALE = { deviceid: "scale", hash_deviceid: "scale", model: "Body Scan", modelid: 10 };
const WATCH = { deviceid: "watch", model: "ScanWatch 2", modelid: 94 };
const MAT = { model: "Aura Sensor V2", model_id: 63 };
const STATES = { AWAKE: 0, LIGHT: 1, DEEP: 2, REM: 3 } as const;
const CATEGORIES: Readonly<Record<string, number>> = {
  WALKING: 1,
  RUNNING: 2,
  OUTDOOR_BIKE: 6,
  SWIMMING_POOL: 7,
  STRENGTH_TRAINING: 16,
  YOGA: 28,
  HIKING: 3,
};
const seconds = (ms: number): number => Math.round(ms / 1000);

const lives = (state: State, person: Person, { fromMs, toMs }: Span): LifeDay[] => livesAround(state, VENDOR, person, fromMs, toMs);
const within = (ms: number, { fromMs, toMs }: Span): boolean => ms >= fromMs && ms < toMs;
const onDay = (date: string, { fromMs, toMs }: Span): boolean => Date.parse(date) >= fromMs && Date.parse(date) < toMs;

/** Steps on the scale after the night; every eleventh time somebody else may have stood there. */
export const groups: Listed = (state, person, range) =>
  lives(state, person, range).flatMap(({ day, night, restingHeart }) => {
    if (!night) return [];
    const at = night.endMs + 20 * MINUTE;
    if (at > state.clock.now() || !within(at, range)) return [];
    const measure = (type: number, value: number, unit: number): JsonObject => ({
      value: Math.round(value * 10 ** -unit),
      type,
      unit,
      algo: 0,
      fm: 0,
    });
    const head = {
      date: seconds(at),
      created: seconds(at) + 20,
      modified: seconds(at) + 30,
      category: 1,
      timezone: person.zone,
      comment: null,
    };
    const weighed: JsonObject = {
      ...head,
      ...SCALE,
      grpid: day * 10 + 1,
      attrib: day % 11 === 0 ? 1 : 0,
      measures: [
        measure(1, person.weightKg + (day % 7) / 10, -3),
        measure(6, 21.5, -2),
        measure(88, 3.1, -2),
        measure(11, restingHeart, 0),
      ],
    };
    const pressed: JsonObject = {
      ...head,
      grpid: day * 10 + 2,
      attrib: 0,
      model: "BPM Connect",
      modelid: 45,
      measures: [measure(9, 78, 0), measure(10, 121, 0), measure(11, restingHeart + 4, 0)],
    };
    return [weighed, pressed];
  });

export const activities: Listed = (state, person, range) =>
  lives(state, person, range)
    .filter(({ date, minutes }) => onDay(date, range) && minutes.length > 0)
    .map(({ date, minutes, steps, metres, activeKcal, totalKcal }) => {
      const hearts = minutes.map((minute) => minute.heart);
      return {
        ...WATCH,
        date,
        timezone: person.zone,
        modified: seconds(state.clock.now()),
        brand: 1,
        is_tracker: true,
        steps,
        distance: metres,
        elevation: 4,
        soft: 3600,
        moderate: 1800,
        intense: 600,
        active: 2400,
        calories: activeKcal,
        totalcalories: totalKcal,
        hr_average: Math.round(hearts.reduce((sum, heart) => sum + heart, 0) / hearts.length),
        hr_min: Math.round(Math.min(...hearts)),
        hr_max: Math.round(Math.max(...hearts)),
      };
    });

/** Every tenth minute of the watch, by the second it begins. */
export function intraday(state: State, person: Person, range: Span): Record<string, JsonObject> {
  return Object.fromEntries(
    lives(state, person, range)
      .flatMap(({ minutes }) => minutes.filter((_, i) => i % 10 === 0))
      .filter(({ startMs }) => within(startMs, range))
      .map((minute) => [
        String(seconds(minute.startMs)),
        {
          model: WATCH.model,
          model_id: WATCH.modelid,
          duration: 60,
          heart_rate: Math.round(minute.heart),
          steps: minute.steps,
          distance: minute.distanceMm / 1000,
        },
      ]),
  );
}

export const workouts: Listed = (state, person, range) =>
  lives(state, person, range)
    .filter(({ date }) => onDay(date, range))
    .flatMap(({ trainings, date }) =>
      trainings.map((training) => ({
        id: seconds(training.startMs),
        category: CATEGORIES[training.type] ?? 36,
        timezone: person.zone,
        model: WATCH.modelid,
        attrib: 7,
        startdate: seconds(training.startMs),
        enddate: seconds(training.endMs),
        date,
        deviceid: WATCH.deviceid,
        modified: seconds(training.endMs) + 60,
        data: {
          calories: training.kcal,
          intensity: 50,
          hr_average: training.meanHeart,
          hr_min: 80,
          hr_max: training.maxHeart,
          distance: training.metres,
          pause_duration: 0,
          algo_pause_duration: null,
        },
      })),
    );

export const nights: Listed = (state, person, range) =>
  lives(state, person, range).flatMap(({ day, night, recovery, breaths, restingHeart }) => {
    if (!night || !onDay(dateOf(day), range)) return [];
    const sums = sleepSeconds(night);
    const asleep = sums.LIGHT + sums.DEEP + sums.REM;
    const inBed = seconds(night.endMs) - seconds(night.startMs);
    return [
      {
        id: day,
        timezone: person.zone,
        model: 32,
        model_id: MAT.model_id,
        startdate: seconds(night.startMs),
        enddate: seconds(night.endMs),
        date: dateOf(day),
        created: seconds(night.endMs) + 600,
        modified: seconds(night.endMs) + 900,
        data: {
          total_timeinbed: inBed,
          total_sleep_time: asleep,
          lightsleepduration: sums.LIGHT,
          deepsleepduration: sums.DEEP,
          remsleepduration: sums.REM,
          wakeupduration: sums.AWAKE,
          waso: sums.AWAKE,
          sleep_latency: 600,
          sleep_efficiency: asleep / inBed,
          wakeupcount: 2,
          sleep_score: Math.min(100, recovery + 12),
          hr_average: restingHeart + 4,
          hr_min: restingHeart,
          hr_max: restingHeart + 20,
          rr_average: Math.round(breaths),
          rr_min: 11,
          rr_max: 18,
        },
      },
    ];
  });

/** Stretches of sleep, a day's nights one after the other. */
export const stages: Listed = (state, person, range) =>
  lives(state, person, range).flatMap(({ night, restingHeart }) =>
    (night?.stages ?? [])
      .filter(({ startMs }) => within(startMs, range))
      .map(({ stage, startMs, endMs }) => ({
        ...MAT,
        startdate: seconds(startMs),
        enddate: seconds(endMs),
        state: STATES[stage],
        hr: { [String(seconds(startMs))]: restingHeart + 3 },
        rr: { [String(seconds(startMs))]: 14 },
      })),
  );
