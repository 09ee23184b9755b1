/** Heart and night-time vitals: dense heart rate, variability, oxygen, breathing, temperature and their daily summaries. */
import { MINUTE } from "../person/civil.ts";
import { planOf, isWorn } from "../person/day-plan.ts";
import type { DayPlan } from "../person/day-plan.ts";
import { bell, drift } from "../person/random.ts";
import { stageAt } from "../person/sleep.ts";
import type { Night, Stage } from "../person/sleep.ts";
import { traceOf, zoneFloors } from "../person/trace.ts";
import type { Person } from "../person/traits.ts";
import { dateOf, int64, round, sampleTime } from "../person/wire.ts";
import type { JsonObject } from "../person/wire.ts";
import type { Draft, Generator } from "./point.ts";

const REST_SPACING = 15_000;
const WORKOUT_SPACING = 5_000;

/** A heart-rate sample every 15 s on the wrist, every 5 s in a workout. */
const heartRate: Generator = (person, day) => {
  const plan = planOf(person, day);
  const trace = traceOf(person, day);
  const drafts: Draft[] = [];
  trace.forEach((minute, index) => {
    if (!minute.worn) return;
    const next = trace[index + 1] ?? minute;
    const spacing = minute.workout ? WORKOUT_SPACING : REST_SPACING;
    for (let ms = minute.startMs; ms < minute.startMs + MINUTE; ms += spacing) {
      if (!isWorn(plan, ms)) continue;
      const along = (ms - minute.startMs) / MINUTE;
      const level = minute.heart + (next.heart - minute.heart) * along + bell(person.key, "beat", ms / 1000) * 0.9;
      drafts.push({
        startMs: ms,
        endMs: ms,
        origin: "watch",
        value: {
          sampleTime: sampleTime(person.zone, ms),
          beatsPerMinute: int64(Math.min(person.maxHr + 2, Math.max(34, level))),
          metadata: { motionContext: minute.steps > 30 || minute.workout ? "ACTIVE" : "SEDENTARY", sensorLocation: "WRIST" },
        },
      });
    }
  });
  return drafts;
};

/** Every `spacing` inside the worn night, with the stage of that moment. */
function throughNight(
  person: Person,
  day: number,
  spacing: number,
  read: (ms: number, stage: Stage, plan: DayPlan) => JsonObject,
): Draft[] {
  const plan = planOf(person, day);
  const { night } = plan;
  if (!night) return [];
  const drafts: Draft[] = [];
  for (let ms = Math.ceil(night.startMs / spacing) * spacing; ms < night.endMs; ms += spacing) {
    const stage = stageAt(night, ms);
    if (!stage || stage === "AWAKE") continue;
    drafts.push({ startMs: ms, endMs: ms, origin: "watch", value: { sampleTime: sampleTime(person.zone, ms), ...read(ms, stage, plan) } });
  }
  return drafts;
}

/** RMSSD of a moment of sleep, ms: highest in deep sleep, lower when ill. */
function rmssd(person: Person, plan: DayPlan, stage: Stage, ms: number): number {
  const byStage = { DEEP: 1.12, LIGHT: 1, REM: 0.88, AWAKE: 0.8 }[stage];
  const daily = 1 + bell(person.key, "hrv-day", plan.day) * 0.08;
  return Math.max(8, person.rmssdMs * byStage * daily * (plan.ill ? 0.72 : 1) * (1 + drift(ms, 9 * MINUTE, person.key, "hrv") * 0.18));
}

function nightMean(night: Night, read: (ms: number, stage: Stage) => number, only?: Stage): number {
  let sum = 0;
  let count = 0;
  for (let ms = night.startMs; ms < night.endMs; ms += 5 * MINUTE) {
    const stage = stageAt(night, ms);
    if (!stage || stage === "AWAKE" || (only && stage !== only)) continue;
    sum += read(ms, stage);
    count += 1;
  }
  return count ? sum / count : read(night.startMs, only ?? "LIGHT");
}

function oxygen(person: Person, plan: DayPlan, ms: number): number {
  const value =
    96.4 + drift(ms, 12 * MINUTE, person.key, "oxygen") * 1.2 + bell(person.key, "oxygen", ms / 1000) * 0.4 - (plan.ill ? 0.9 : 0);
  return round(Math.min(100, value), 1);
}

function breaths(person: Person, plan: DayPlan, stage: Stage): number {
  const base = 14.2 + bell(person.key, "breath") * 0.9 + bell(person.key, "breath-day", plan.day) * 0.4 + (plan.ill ? 1.6 : 0);
  return round(base + { DEEP: -0.4, LIGHT: 0, REM: 0.8, AWAKE: 1 }[stage], 1);
}

/** A summary of the night, dated by the day it ended; known half an hour after waking. */
function daily(read: (person: Person, plan: DayPlan, night: Night) => JsonObject): Generator {
  return (person, day) => {
    const plan = planOf(person, day);
    if (!plan.night) return [];
    const value = { date: dateOf(day * 86_400_000), ...read(person, plan, plan.night) };
    return [{ startMs: plan.startMs, endMs: plan.startMs, origin: "derived", value, availableAtMs: plan.night.endMs + 30 * MINUTE }];
  };
}

/** Resting heart rate of a day. */
export function restingHeartRate(person: Person, day: number): number {
  return person.restingHr + (planOf(person, day).ill ? 5 : 0) + bell(person.key, "resting-day", day) * 1.1;
}

export const heartGenerators = {
  "heart-rate": heartRate,
  "daily-resting-heart-rate": (person, day) => {
    const plan = planOf(person, day);
    const method = plan.night ? "WITH_SLEEP" : "ONLY_WITH_AWAKE_DATA";
    return [
      {
        startMs: plan.startMs,
        endMs: plan.startMs,
        origin: "derived",
        availableAtMs: plan.slept.endMs + 30 * MINUTE,
        value: {
          date: dateOf(day * 86_400_000),
          beatsPerMinute: int64(restingHeartRate(person, day)),
          dailyRestingHeartRateMetadata: { calculationMethod: method },
        },
      },
    ];
  },
  "heart-rate-variability": (person, day) =>
    throughNight(person, day, 5 * MINUTE, (ms, stage, plan) => {
      const value = rmssd(person, plan, stage, ms);
      return {
        rootMeanSquareOfSuccessiveDifferencesMilliseconds: round(value, 2),
        standardDeviationMilliseconds: round(value * 1.25, 2),
        metadata: { highFrequencyPower: round((value * value) / 3, 1), lowFrequencyPower: round((value * value) / 2.2, 1) },
      };
    }),
  "daily-heart-rate-variability": daily((person, plan, night) => ({
    averageHeartRateVariabilityMilliseconds: round(
      nightMean(night, (ms, stage) => rmssd(person, plan, stage, ms)),
      2,
    ),
    deepSleepRootMeanSquareOfSuccessiveDifferencesMilliseconds: round(
      nightMean(night, (ms) => rmssd(person, plan, "DEEP", ms), "DEEP"),
      2,
    ),
    entropy: round(2.6 + bell(person.key, "entropy", plan.day) * 0.12, 3),
    nonRemHeartRateBeatsPerMinute: int64(restingHeartRate(person, plan.day) - 1),
  })),
  "daily-heart-rate-zones": (person, day) => {
    const plan = planOf(person, day);
    const floors = zoneFloors(person);
    const zone = (heartRateZoneType: string, min: number, max: number): JsonObject => ({
      heartRateZoneType,
      minBeatsPerMinute: int64(min),
      maxBeatsPerMinute: int64(max),
    });
    const heartRateZones = [
      zone("LIGHT", floors.LIGHT, floors.MODERATE - 1),
      zone("MODERATE", floors.MODERATE, floors.VIGOROUS - 1),
      zone("VIGOROUS", floors.VIGOROUS, floors.PEAK - 1),
      zone("PEAK", floors.PEAK, 220),
    ];
    return [{ startMs: plan.startMs, endMs: plan.startMs, origin: "derived", value: { date: dateOf(day * 86_400_000), heartRateZones } }];
  },
  "oxygen-saturation": (person, day) =>
    throughNight(person, day, 5 * MINUTE, (ms, _stage, plan) => ({ percentage: oxygen(person, plan, ms) })),
  "daily-oxygen-saturation": daily((person, plan, night) => {
    const average = nightMean(night, (ms) => oxygen(person, plan, ms));
    return {
      averagePercentage: round(average, 1),
      lowerBoundPercentage: round(average - 1.8, 1),
      upperBoundPercentage: round(Math.min(100, average + 1.7), 1),
      standardDeviationPercentage: round(0.5 + Math.abs(bell(person.key, "oxygen-sd", plan.day)) * 0.2, 2),
    };
  }),
  "daily-respiratory-rate": daily((person, plan) => ({ breathsPerMinute: breaths(person, plan, "LIGHT") })),
  "respiratory-rate-sleep-summary": (person, day) => {
    const plan = planOf(person, day);
    if (!plan.night) return [];
    const ms = plan.night.endMs;
    const stats = (stage: Stage, spread: number): JsonObject => ({
      breathsPerMinute: breaths(person, plan, stage),
      standardDeviation: spread,
      signalToNoise: round(4 + bell(person.key, "snr", day, stage) * 0.6, 2),
    });
    return [
      {
        startMs: ms,
        endMs: ms,
        origin: "derived",
        value: {
          sampleTime: sampleTime(person.zone, ms),
          fullSleepStats: stats("LIGHT", 1.4),
          deepSleepStats: stats("DEEP", 0.8),
          lightSleepStats: stats("LIGHT", 1.3),
          remSleepStats: stats("REM", 1.9),
        },
      },
    ];
  },
  "daily-sleep-temperature-derivations": daily((person, plan) => {
    const baseline = 33.6 + bell(person.key, "skin") * 0.5;
    return {
      nightlyTemperatureCelsius: round(baseline + bell(person.key, "skin-day", plan.day) * 0.22 + (plan.ill ? 0.9 : 0), 2),
      baselineTemperatureCelsius: round(baseline, 2),
      relativeNightlyStddev30dCelsius: 0.24,
    };
  }),
} satisfies Record<string, Generator>;
