/** Workouts and what only a workout measures: swim lengths and running VO₂max. */
import { MINUTE, offsetMs } from "../person/civil.ts";
import { isWorn, planOf } from "../person/day-plan.ts";
import type { Workout, WorkoutType } from "../person/day-plan.ts";
import { bell, pick } from "../person/random.ts";
import { activeKcal, basalKcalPerDay, traceOf, zoneOf } from "../person/trace.ts";
import type { MinuteOfDay, Zone } from "../person/trace.ts";
import type { Person } from "../person/traits.ts";
import { instant, int64, interval, round, sampleTime, seconds } from "../person/wire.ts";
import type { JsonObject } from "../person/wire.ts";
import { syncedAt } from "./point.ts";
import type { Draft, Generator } from "./point.ts";

const NAMES: Record<WorkoutType, string> = {
  RUNNING: "Run",
  OUTDOOR_BIKE: "Outdoor Bike",
  SWIMMING_POOL: "Swim",
  STRENGTH_TRAINING: "Strength training",
  YOGA: "Yoga",
  WALKING: "Walk",
  HIKING: "Hike",
};
const POOL_MM = 25_000;
const SECONDS_PER_LENGTH = 34;

/** Running VO₂max around the person's own, with a slow training drift. */
export function vo2MaxOn(person: Person, day: number): number {
  return round(person.vo2Max + Math.sin((day / 180) * Math.PI) * 0.9 + bell(person.key, "vo2", day) * 0.25, 2);
}

function swimLengths(workout: Workout): number {
  return Math.floor((workout.endMs - workout.startMs) / (SECONDS_PER_LENGTH * 1000));
}

/** Sums over the minutes of a workout or a part of it. */
function summary(person: Person, workout: Workout, minutes: readonly MinuteOfDay[], workoutDay?: number): JsonObject {
  const total = (read: (minute: MinuteOfDay) => number): number => minutes.reduce((sum, minute) => sum + read(minute), 0);
  const zoneMs: Record<Zone, number> = { LIGHT: 0, MODERATE: 0, VIGOROUS: 0, PEAK: 0 };
  for (const minute of minutes) {
    const zone = zoneOf(person, minute.heart);
    if (zone) zoneMs[zone] += MINUTE;
  }
  const lengths = swimLengths(workout);
  const distance = workout.type === "SWIMMING_POOL" ? (workoutDay === undefined ? 0 : lengths * POOL_MM) : total((m) => m.distanceMm);
  const span = minutes.length * 60;
  const moving = distance > 0 && workout.type !== "STRENGTH_TRAINING";
  const cadence = total((m) => m.steps) / Math.max(1, minutes.length);
  const strideMm =
    distance /
    Math.max(
      1,
      total((m) => m.steps),
    );
  return {
    caloriesKcal: round(
      total((m) => activeKcal(person, m) + basalKcalPerDay(person) / 1440),
      2,
    ),
    averageHeartRateBeatsPerMinute: int64(total((m) => m.heart) / Math.max(1, minutes.length)),
    activeZoneMinutes: int64((zoneMs.MODERATE + 2 * (zoneMs.VIGOROUS + zoneMs.PEAK)) / MINUTE),
    heartRateZoneDurations: {
      lightTime: seconds(zoneMs.LIGHT),
      moderateTime: seconds(zoneMs.MODERATE),
      vigorousTime: seconds(zoneMs.VIGOROUS),
      peakTime: seconds(zoneMs.PEAK),
    },
    ...(cadence > 20 ? { steps: int64(total((m) => m.steps)) } : {}),
    ...(moving
      ? {
          distanceMillimeters: distance,
          averageSpeedMillimetersPerSecond: round(distance / span, 2),
          averagePaceSecondsPerMeter: round(span / (distance / 1000), 4),
        }
      : {}),
    ...(workout.type !== "SWIMMING_POOL" && moving ? { elevationGainMillimeters: total((m) => m.floors) * 3048 } : {}),
    ...(workout.type === "SWIMMING_POOL" && workoutDay !== undefined ? { totalSwimLengths: lengths } : {}),
    ...(workout.type === "RUNNING" && workoutDay !== undefined
      ? {
          runVo2Max: vo2MaxOn(person, workoutDay),
          mobilityMetrics: {
            avgCadenceStepsPerMinute: round(cadence, 1),
            avgStrideLengthMillimeters: int64(strideMm * 2),
            avgVerticalOscillationMillimeters: int64(strideMm * 0.085),
            avgVerticalRatio: 8.5,
            avgGroundContactTimeDuration: "0.248s",
          },
        }
      : {}),
  };
}

/** One split per kilometre, the last one shorter. */
function splits(person: Person, workout: Workout, minutes: readonly MinuteOfDay[]): JsonObject[] {
  const found: JsonObject[] = [];
  let part: MinuteOfDay[] = [];
  let distance = 0;
  const close = (): void => {
    const first = part[0];
    const last = part.at(-1);
    if (!first || !last) return;
    const endMs = last.startMs + MINUTE;
    found.push({
      startTime: instant(first.startMs),
      startUtcOffset: seconds(offsetMs(person.zone, first.startMs)),
      endTime: instant(endMs),
      endUtcOffset: seconds(offsetMs(person.zone, endMs)),
      activeDuration: seconds(part.length * MINUTE),
      splitType: "DISTANCE",
      metricsSummary: summary(person, workout, part),
    });
    part = [];
    distance = 0;
  };
  for (const minute of minutes) {
    part.push(minute);
    distance += minute.distanceMm;
    if (distance >= 1_000_000) close();
  }
  close();
  return found;
}

function session(person: Person, day: number, workout: Workout): Draft {
  const available = syncedAt(person, workout.endMs + 3 * MINUTE);
  const minutes = traceOf(person, day).filter((minute) => minute.workout === workout);
  const event = (ms: number, exerciseEventType: string): JsonObject => ({
    eventTime: instant(ms),
    eventUtcOffset: seconds(offsetMs(person.zone, ms)),
    exerciseEventType,
  });
  const travels = workout.type === "RUNNING" || workout.type === "WALKING" || workout.type === "HIKING" || workout.type === "OUTDOOR_BIKE";
  return {
    startMs: workout.startMs,
    endMs: workout.endMs,
    origin: "watch",
    availableAtMs: available,
    value: {
      interval: interval(person.zone, workout.startMs, workout.endMs),
      exerciseType: workout.type,
      displayName: NAMES[workout.type],
      activeDuration: seconds(workout.endMs - workout.startMs),
      metricsSummary: summary(person, workout, minutes, day),
      exerciseMetadata: { hasGps: travels, ...(workout.type === "SWIMMING_POOL" ? { poolLengthMillimeters: int64(POOL_MM) } : {}) },
      exerciseEvents: [event(workout.startMs, "START"), event(workout.endMs, "STOP")],
      ...(travels ? { splits: splits(person, workout, minutes) } : {}),
      createTime: instant(available),
      updateTime: instant(available),
    },
  };
}

/** Workouts recorded by the watch. */
export function recordedWorkouts(person: Person, day: number): Workout[] {
  const plan = planOf(person, day);
  return plan.workouts.filter((workout) => isWorn(plan, workout.startMs) && isWorn(plan, workout.endMs - MINUTE));
}

export const exerciseGenerators = {
  exercise: (person, day) => recordedWorkouts(person, day).map((workout) => session(person, day, workout)),
  "swim-lengths-data": (person, day) =>
    recordedWorkouts(person, day)
      .filter((w) => w.type === "SWIMMING_POOL")
      .flatMap((workout) =>
        Array.from({ length: swimLengths(workout) }, (_, i): Draft => {
          const startMs = workout.startMs + i * SECONDS_PER_LENGTH * 1000;
          const endMs = startMs + SECONDS_PER_LENGTH * 1000;
          const swimStrokeType = pick(
            ["FREESTYLE", "FREESTYLE", "FREESTYLE", "BREASTSTROKE", "BACKSTROKE"],
            person.key,
            "stroke",
            Math.floor(i / 4),
            day,
          );
          return {
            startMs,
            endMs,
            origin: "watch",
            value: {
              interval: interval(person.zone, startMs, endMs),
              swimStrokeType,
              strokeCount: int64(18 + bell(person.key, "strokes", startMs / 1000) * 2),
            },
          };
        }),
      ),
  "run-vo2-max": (person, day) =>
    recordedWorkouts(person, day)
      .filter((w) => w.type === "RUNNING")
      .map((workout) => ({
        startMs: workout.endMs,
        endMs: workout.endMs,
        origin: "derived",
        value: { sampleTime: sampleTime(person.zone, workout.endMs), runVo2Max: vo2MaxOn(person, day) },
      })),
} satisfies Record<string, Generator>;
