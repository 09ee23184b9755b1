/** Body measurements, glucose, temperature and fitness level. */
import { HOUR, MINUTE } from "../person/civil.ts";
import { planOf } from "../person/day-plan.ts";
import type { DayPlan } from "../person/day-plan.ts";
import { bell, between, chance, drift, unit } from "../person/random.ts";
import type { Person } from "../person/traits.ts";
import { dateOf, int64, round, sampleTime } from "../person/wire.ts";
import type { JsonObject } from "../person/wire.ts";
import { vo2MaxOn } from "./exercise.ts";
import type { Draft, Generator, Origin } from "./point.ts";

function sample(person: Person, ms: number, origin: Origin, value: JsonObject): Draft {
  return { startMs: ms, endMs: ms, origin, value: { sampleTime: sampleTime(person.zone, ms), ...value } };
}

/** On the scale about three mornings a week. */
function weighingMs(person: Person, day: number): number | undefined {
  if (!chance(0.43, person.key, "weigh", day)) return undefined;
  return Math.round((planOf(person, day).slept.endMs + between(8, 25, person.key, "weigh-time", day) * MINUTE) / 1000) * 1000;
}

function weightKg(person: Person, day: number): number {
  return person.weightKg * (1 + Math.sin((day / 240) * 2 * Math.PI) * 0.015) + bell(person.key, "water", day) * 0.35;
}

/** Interstitial glucose, mg/dL: a fasting base, a dawn rise and one bump per meal that peaks after about 45 minutes. */
function glucose(person: Person, plan: DayPlan, ms: number): number {
  let level = 94 + drift(ms, 3 * HOUR, person.key, "glucose-base") * 6 + bell(person.key, "glucose", ms / 1000) * 1.6;
  const meals = [...planOf(person, plan.day - 1).mealTimes, ...plan.mealTimes];
  for (const { meal, atMs } of meals) {
    const hours = (ms - atMs) / HOUR;
    if (hours <= 0 || hours > 4) continue;
    const size = (meal === "SNACK" ? 22 : 46) * between(0.7, 1.35, person.key, "meal-size", atMs / 1000);
    level += size * (hours / 0.75) * Math.exp(1 - hours / 0.75);
  }
  for (const workout of plan.workouts) if (ms > workout.startMs && ms < workout.endMs + HOUR) level -= 14;
  return Math.min(250, Math.max(58, level));
}

const bloodGlucose: Generator = (person, day) => {
  const plan = planOf(person, day);
  if (person.cgm) {
    const drafts: Draft[] = [];
    for (let ms = Math.ceil(plan.startMs / (5 * MINUTE)) * 5 * MINUTE; ms < plan.endMs; ms += 5 * MINUTE) {
      if (chance(0.02, person.key, "sensor-gap", Math.floor(ms / HOUR))) continue;
      drafts.push(
        sample(person, ms, "cgm", {
          bloodGlucoseMilligramsPerDeciliter: round(glucose(person, plan, ms), 0),
          measurementSource: "CONTINUOUS_GLUCOSE_MONITORING",
          specimen: "INTERSTITIAL_FLUID",
        }),
      );
    }
    return drafts;
  }
  if (!chance(0.14, person.key, "fingerstick", day)) return [];
  const ms = Math.round((plan.slept.endMs + 20 * MINUTE) / MINUTE) * MINUTE;
  return [
    sample(person, ms, "manual", {
      bloodGlucoseMilligramsPerDeciliter: round(90 + bell(person.key, "fasting", day) * 5, 0),
      measurementSource: "SELF_MONITORING_BLOOD_GLUCOSE",
      specimen: "CAPILLARY_BLOOD",
      measurementTiming: "FASTING",
    }),
  ];
};

function fitnessLevel(person: Person, vo2: number): string {
  const expected = 50 - 0.28 * person.ageYears - (person.sex === "female" ? 5 : 0);
  const over = vo2 - expected;
  if (over > 9) return "EXCELLENT";
  if (over > 5) return "VERY_GOOD";
  if (over > 1) return "GOOD";
  if (over > -3) return "AVERAGE";
  return over > -7 ? "FAIR" : "POOR";
}

export const bodyGenerators = {
  weight: (person, day) => {
    const ms = weighingMs(person, day);
    return ms === undefined ? [] : [sample(person, ms, "scale", { weightGrams: round(weightKg(person, day) * 1000, 0) })];
  },
  "body-fat": (person, day) => {
    const ms = weighingMs(person, day);
    const percentage = person.bodyFatPercent + Math.sin((day / 240) * 2 * Math.PI) * 0.8 + bell(person.key, "fat-day", day) * 0.3;
    return ms === undefined ? [] : [sample(person, ms, "scale", { percentage: round(percentage, 1) })];
  },
  height: (person, day) =>
    (day - person.memberSince) % 182 === 0
      ? [sample(person, planOf(person, day).startMs + 9 * HOUR, "manual", { heightMillimeters: int64(person.heightCm * 10) })]
      : [],
  "blood-glucose": bloodGlucose,
  "core-body-temperature": (person, day) => {
    const plan = planOf(person, day);
    if (!plan.ill && !chance(0.03, person.key, "thermometer", day)) return [];
    const ms = plan.startMs + 10 * HOUR + Math.round(unit(person.key, "thermometer-time", day) * 600) * MINUTE;
    const celsius = 36.7 + bell(person.key, "core", day) * 0.2 + (plan.ill ? 1.4 : 0);
    return [sample(person, ms, "manual", { temperatureCelsius: round(celsius, 1), measurementLocation: "MOUTH" })];
  },
  "vo2-max": (person, day) =>
    day % 14 === person.key % 14
      ? [
          sample(person, planOf(person, day).startMs + 12 * HOUR, "derived", {
            vo2Max: vo2MaxOn(person, day),
            measurementMethod: "GOOGLE_DEMOGRAPHIC",
          }),
        ]
      : [],
  "daily-vo2-max": (person, day) => {
    const plan = planOf(person, day);
    const vo2Max = vo2MaxOn(person, day);
    return [
      {
        startMs: plan.startMs,
        endMs: plan.startMs,
        origin: "derived",
        availableAtMs: plan.slept.endMs + 30 * MINUTE,
        value: {
          date: dateOf(day * 86_400_000),
          vo2Max,
          estimated: false,
          cardioFitnessLevel: fitnessLevel(person, vo2Max),
          vo2MaxCovariance: 1.2,
        },
      },
    ];
  },
} satisfies Record<string, Generator>;
