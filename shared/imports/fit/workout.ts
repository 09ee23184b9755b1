import { SECOND_MS } from "../../clock";
import type { Workout } from "../../health/reading";
import { cadenceMetric, distanceMetric, powerMetric, speedMetric } from "../../health/workout-metrics";
import { known, rounded } from "../workouts/figures";
import { range, stated } from "../workouts/track";
import type { SessionBook } from "./activity";
import { INTENSITIES, LAP_TRIGGERS, SWIM_STROKES } from "./sports";
import type { FileSurvey } from "./survey";

/** The fields that sessions and laps share. */
interface Summary {
  readonly totalCalories?: number;
  readonly metabolicCalories?: number;
  readonly totalDistance?: number;
  readonly totalCycles?: number;
  readonly totalAscent?: number;
  readonly avgHeartRate?: number;
  readonly maxHeartRate?: number;
  readonly minHeartRate?: number;
  readonly avgPower?: number;
  readonly maxPower?: number;
  readonly avgCadence?: number;
  readonly maxCadence?: number;
  readonly avgFractionalCadence?: number;
  readonly maxFractionalCadence?: number;
  readonly avgSpeed?: number;
  readonly maxSpeed?: number;
  readonly enhancedAvgSpeed?: number;
  readonly enhancedMaxSpeed?: number;
}

const ACTIVE_LENGTH = 1;

/** A session as a workout: what its summary says, and what its records say where it says nothing. */
export function finishWorkout(book: SessionBook, file: FileSurvey, source: number, all: readonly SessionBook[]): Workout {
  const { span, type, vendorType, way } = book;
  const { start, end, fields } = span;
  const isOwn = (part: { readonly start: number }) => all.findLast((one) => one.span.start <= part.start) === book;
  const laps = file.laps.filter(isOwn).map((lap) => ({
    start: lap.start,
    end: lap.end,
    ...named("trigger", LAP_TRIGGERS[lap.fields.lapTrigger ?? -1]),
    ...named("intensity", INTENSITIES[lap.fields.intensity ?? -1]),
    ...named("stroke", SWIM_STROKES[lap.fields.swimStroke ?? -1]),
    ...known({ durationS: lap.fields.totalTimerTime ?? Number.NaN, lengths: lap.fields.numActiveLengths ?? Number.NaN }),
    totals: totalsOf(lap.fields, type),
  }));
  const lengths = file.lengths.filter(isOwn).map((length) => ({
    type: length.fields.lengthType === ACTIVE_LENGTH ? "length" : "rest",
    start: length.start,
    end: length.end,
    ...named("stroke", SWIM_STROKES[length.fields.swimStroke ?? -1]),
    ...known({
      durationS: length.fields.totalTimerTime ?? Number.NaN,
      strokes: length.fields.totalStrokes ?? Number.NaN,
      speed: length.fields.avgSpeed ?? Number.NaN,
    }),
  }));
  const pauses = file.pauses.filter((pause) => pause.start >= start && pause.end <= end && pause.end > pause.start);
  const attributes = attributesOf(book);
  const durationS = fields.totalTimerTime ?? (pauses.length === 0 ? undefined : activeS(start, end, pauses));
  return {
    source,
    start,
    end,
    zone: file.zone,
    type,
    ...named("vendorType", vendorType),
    ...(durationS !== undefined && { durationS }),
    totals: { ...measured(book), ...totalsOf(fields, type) },
    ...(pauses.length > 0 && { events: pauses.map((pause) => ({ type: "pause", ...pause })) }),
    ...(lengths.length > 0 && { segments: lengths }),
    ...(laps.length > 0 && { laps }),
    ...(way.points.length > 0 && { route: way.ordered }),
    ...(Object.keys(attributes).length > 0 && { attributes }),
    // A recording that was cut off gives way to the whole one, which ends later.
    id: `${orZero(file.manufacturer)}.${orZero(file.product)}.${start / SECOND_MS}`,
    version: end,
  };
}

/** Totals by metric in canonical units. Calories are those of the whole body, of which newer devices tell the resting share. */
function totalsOf(s: Summary, type: string): Record<string, number> {
  const cadence = cadenceMetric(type);
  const perTurn = cadence === "cadence_run" ? 2 : 1;
  const cadenceOf = (turns = Number.NaN, fraction = 0) => rounded((turns + fraction) * perTurn, 3);
  const none = Number.NaN;
  return known({
    energy_total: s.totalCalories ?? none,
    energy_active: s.metabolicCalories === undefined ? none : Math.max(0, (s.totalCalories ?? none) - s.metabolicCalories),
    // Zero is how devices without a sensor write "not measured".
    [distanceMetric(type)]: s.totalDistance || none,
    ...(cadence === "cadence_run" && { steps: (s.totalCycles || none) * 2 }),
    ...(/swim/.test(type) && { swim_strokes: s.totalCycles || none }),
    elevation_gain: s.totalAscent ?? none,
    heart_rate_mean: s.avgHeartRate || none,
    heart_rate_max: s.maxHeartRate || none,
    heart_rate_min: s.minHeartRate || none,
    [`${powerMetric(type)}_mean`]: s.avgPower ?? none,
    [`${powerMetric(type)}_max`]: s.maxPower ?? none,
    ...(cadence !== undefined && {
      [`${cadence}_mean`]: cadenceOf(s.avgCadence, s.avgFractionalCadence),
      [`${cadence}_max`]: cadenceOf(s.maxCadence, s.maxFractionalCadence),
    }),
    [`${speedMetric(type)}_mean`]: s.enhancedAvgSpeed ?? s.avgSpeed ?? none,
    [`${speedMetric(type)}_max`]: s.enhancedMaxSpeed ?? s.maxSpeed ?? none,
  });
}

/** What the records add up to. */
function measured(book: SessionBook): Record<string, number> {
  const { type, way, heartRate, cadence, power, speed } = book;
  const ridden = book.lastDistance - book.firstDistance;
  const cadenceKey = cadenceMetric(type);
  return known({
    [distanceMetric(type)]: ridden > 0 ? rounded(ridden, 2) : way.lengthM > 0 ? rounded(way.lengthM, 2) : Number.NaN,
    elevation_gain: way.altitudeM.n > 1 ? rounded(way.ascentM, 1) : Number.NaN,
    ...stated("heart_rate", heartRate, true),
    ...stated(powerMetric(type), power),
    ...(cadenceKey !== undefined && stated(cadenceKey, cadence)),
    ...stated(speedMetric(type), speed),
  });
}

function attributesOf(book: SessionBook): Record<string, unknown> {
  const { fields, name } = book.span;
  const { temperature, way, beatS, cadence } = book;
  return {
    ...named("title", name),
    ...named("stroke", SWIM_STROKES[fields.swimStroke ?? -1]),
    ...known({
      trainingEffect: fields.totalTrainingEffect ?? Number.NaN,
      anaerobicTrainingEffect: fields.totalAnaerobicTrainingEffect ?? Number.NaN,
      normalizedPowerW: fields.normalizedPower ?? Number.NaN,
      trainingStressScore: fields.trainingStressScore ?? Number.NaN,
      workJ: fields.totalWork ?? Number.NaN,
      poolLengthM: fields.poolLength ?? Number.NaN,
      lengths: fields.numActiveLengths ?? Number.NaN,
      descentM: fields.totalDescent ?? (way.altitudeM.n > 1 ? rounded(way.descentM, 1) : Number.NaN),
    }),
    ...range("altitudeM", way.altitudeM),
    ...range("temperatureCel", temperature),
    // Strokes of a paddle or a swim, which no metric counts.
    ...(cadenceMetric(book.type) === undefined && range("cadencePerMin", cadence)),
    ...(beatS.n > 0 && { beats: known({ n: beatS.n, meanS: rounded(beatS.mean, 4), rmssdMs: rounded(book.rmssdMs, 1) }) }),
  };
}

function named(key: string, text: string | undefined): Record<string, string> {
  return text === undefined || text === "" ? {} : { [key]: text };
}

function activeS(start: number, end: number, pauses: readonly { readonly start: number; readonly end: number }[]): number {
  return (end - start - pauses.reduce((sum, pause) => sum + pause.end - pause.start, 0)) / SECOND_MS;
}

function orZero(number: number): number {
  return Number.isNaN(number) ? 0 : number;
}
