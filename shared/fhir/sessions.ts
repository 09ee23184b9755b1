import { metric as metricOf } from "../health/catalogue";
import { SYSTEM } from "../health/codes";
import type { SleepSession, SleepStage, Workout } from "../health/reading";
import { codeOf } from "./coding";
import { type ExerciseCode, exerciseCoding } from "./exercise-codes";
import { frame, type Origin } from "./frame";
import { catalogued } from "./observation";
import { URN } from "./systems";
import { dateTime } from "./time";
import type { Coding, Observation, ObservationComponent } from "./types";
import { quantity } from "./units";

const MINUTE_MS = 60_000;

/** PGHD and SNOMED CT codings of a sleep stage, where there are some. */
const STAGE_CODINGS: Readonly<Partial<Record<SleepStage, readonly Coding[]>>> = {
  in_bed: [{ system: SYSTEM.pghdSleepAnalysis, code: "inBed" }],
  awake: [
    { system: SYSTEM.pghdSleepAnalysis, code: "awake" },
    { system: SYSTEM.snomed, code: "248218005", display: "Awake" },
  ],
  light: [
    { system: SYSTEM.pghdSleepAnalysis, code: "asleepCore" },
    { system: SYSTEM.snomed, code: "60984000", display: "Non-rapid eye movement sleep" },
  ],
  deep: [
    { system: SYSTEM.pghdSleepAnalysis, code: "asleepDeep" },
    { system: SYSTEM.snomed, code: "60984000", display: "Non-rapid eye movement sleep" },
  ],
  rem: [
    { system: SYSTEM.pghdSleepAnalysis, code: "asleepREM" },
    { system: SYSTEM.snomed, code: "89129007", display: "Rapid eye movement sleep" },
  ],
  asleep_unspecified: [
    { system: SYSTEM.pghdSleepAnalysis, code: "asleepUnspecified" },
    { system: SYSTEM.snomed, code: "248220008", display: "Asleep" },
  ],
};

/** Which stages a duration of the night adds up; minutes, as LOINC's sleep terms are commonly written. */
const DURATIONS: readonly (readonly [metric: string, stages: readonly SleepStage[]])[] = [
  ["sleep_duration", ["light", "deep", "rem", "asleep_unspecified"]],
  ["sleep_deep", ["deep"]],
  ["sleep_light", ["light"]],
  ["sleep_rem", ["rem"]],
  ["sleep_awake", ["awake"]],
];

/** A night or nap: durations by stage (minutes), then each stretch as a component with its period. */
export function sleepToObservation(session: SleepSession, origin: Origin): Observation {
  const metric = catalogued("sleep");
  const { start, end, zone, stages, nap, date, attributes } = session;
  const component = [...durations(session), ...stages.map((stretch) => stageComponent(stretch, zone))];
  return {
    ...frame(origin, {
      metric,
      place: { kind: "sleep", source: origin.number, start },
      code: codeOf(metric, "event", origin.source.vendor),
      profiles: [],
      version: session.version,
      recordId: session.id,
      detail: { nap: nap === true ? true : undefined, date, attributes },
    }),
    effectivePeriod: { start: dateTime(start, zone), end: dateTime(end, zone) },
    ...(component.length > 0 && { component }),
  };
}

/** Codes of a workout's totals, where LOINC has a term for exercise. */
const TOTAL_CODES: Readonly<Record<string, ExerciseCode>> = {
  heart_rate_mean: "55425-3",
  heart_rate_max: "55426-1",
  energy_active: "55424-6",
};

const STATISTIC = /_(?:mean|avg|max|min)$/;

/**
 * A workout as one self-contained panel: activity, duration and totals are components, not members, so that one id finds it whole. The
 * route stays in the vault: a precise location needs a consent of its own.
 */
export function workoutToObservation(workout: Workout, origin: Origin): Observation {
  const metric = catalogued("workout");
  const { start, end, zone, type, vendorType, durationS, events, segments, laps, attributes } = workout;
  const minutes = (durationS ?? (end - start) / 1_000) / 60;
  return {
    ...frame(origin, {
      metric,
      place: { kind: "workout", source: origin.number, start, end, tag: type },
      code: codeOf(metric, "event", origin.source.vendor),
      profiles: [],
      version: workout.version,
      recordId: workout.id,
      detail: { vendorType, durationS, events, segments, laps, attributes },
    }),
    effectivePeriod: { start: dateTime(start, zone), end: dateTime(end, zone) },
    component: [
      {
        code: { coding: [exerciseCoding("73985-4")] },
        valueCodeableConcept: { coding: [{ system: URN.workoutType, code: type }], text: vendorType ?? type.replaceAll("_", " ") },
      },
      { code: { coding: [exerciseCoding("55411-3")] }, valueQuantity: quantity(minutes, "min") },
      ...Object.entries(workout.totals).map(([key, total]) => totalComponent(key, total)),
    ],
  };
}

function totalComponent(key: string, total: number): ObservationComponent {
  const metric = metricOf(key) ?? metricOf(key.replace(STATISTIC, ""));
  const exercise = TOTAL_CODES[key];
  const standard =
    exercise !== undefined
      ? [exerciseCoding(exercise)]
      : STATISTIC.test(key)
        ? []
        : (metric?.codings ?? []).filter(({ system }) => system !== URN.metric);
  return {
    code: { coding: [...standard, { system: URN.metric, code: `workout.${key}` }] },
    valueQuantity: quantity(total, metric?.unit ?? "1", metric?.key),
  };
}

function durations({ stages }: SleepSession): ObservationComponent[] {
  return DURATIONS.flatMap(([key, counted]) => {
    const ms = stages.filter(({ stage }) => counted.includes(stage)).reduce((sum, { start, end }) => sum + end - start, 0);
    if (ms === 0) return [];
    const metric = catalogued(key);
    return [{ code: codeOf(metric, "daily"), valueQuantity: quantity(ms / MINUTE_MS, metric.unit) }];
  });
}

function stageComponent({ start, end, stage }: SleepSession["stages"][number], zone: number): ObservationComponent {
  return {
    code: { coding: [...(STAGE_CODINGS[stage] ?? []), { system: URN.metric, code: `sleep.${stage}` }] },
    valuePeriod: { start: dateTime(start, zone), end: dateTime(end, zone) },
  };
}
