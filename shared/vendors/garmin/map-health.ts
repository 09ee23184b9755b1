import * as z from "zod";
import { maybe, word } from "../fields";
import { known, parsed, Rejection, type Span, type VendorRecord } from "../record";
import { byOffset, dateOf, epoch, type Head, minutes, offset, valuesOf, zoneOf } from "./fields";

type Mapper = (raw: unknown, record: VendorRecord, head: Head) => void;

const dailySchema = z.object({
  steps: maybe,
  pushes: maybe,
  distanceInMeters: maybe,
  floorsClimbed: maybe,
  activeKilocalories: maybe,
  bmrKilocalories: maybe,
  moderateIntensityDurationInSeconds: maybe,
  vigorousIntensityDurationInSeconds: maybe,
  minHeartRateInBeatsPerMinute: maybe,
  maxHeartRateInBeatsPerMinute: maybe,
  restingHeartRateInBeatsPerMinute: maybe,
  timeOffsetHeartRateSamples: byOffset,
  averageStressLevel: maybe,
  averageStresslevel: maybe,
  maxStressLevel: maybe,
  stressDurationInSeconds: maybe,
  restStressDurationInSeconds: maybe,
  activityStressDurationInSeconds: maybe,
  lowStressDurationInSeconds: maybe,
  mediumStressDurationInSeconds: maybe,
  highStressDurationInSeconds: maybe,
  stressQualifier: word.nullish(),
  bodyBatteryChargedValue: maybe,
  bodyBatteryDrainedValue: maybe,
});

/**
 * A day. `averageHeartRateInBeatsPerMinute` is left out on purpose: it is the mean of seven days. The lowest and the highest heart rate
 * go with the resting one; without it the samples tell them.
 */
const mapDaily: Mapper = (raw, record, head) => {
  const v = parsed(dailySchema, raw);
  const date = must(dateOf(head));
  record.daily("steps", date, v.steps);
  record.daily("wheelchair_pushes", date, v.pushes);
  record.daily("distance_walk_run", date, v.distanceInMeters);
  record.daily("floors", date, v.floorsClimbed);
  record.daily("energy_active", date, v.activeKilocalories);
  record.daily("energy_basal", date, v.bmrKilocalories);
  if (is(v.activeKilocalories) && is(v.bmrKilocalories)) record.daily("energy_total", date, v.activeKilocalories + v.bmrKilocalories);
  record.daily("moderate_minutes", date, minutes(v.moderateIntensityDurationInSeconds));
  record.daily("vigorous_minutes", date, minutes(v.vigorousIntensityDurationInSeconds));
  const { minHeartRateInBeatsPerMinute: dayMin, maxHeartRateInBeatsPerMinute: dayMax } = v;
  record.daily("resting_heart_rate", date, v.restingHeartRateInBeatsPerMinute, { dayMin, dayMax });
  const stress = v.averageStressLevel ?? v.averageStresslevel;
  // −1 stands for "none".
  record.daily("score.stress", date, is(stress) && stress >= 0 ? stress : undefined, {
    rangeMin: 0,
    rangeMax: 100,
    max: v.maxStressLevel,
    qualifier: v.stressQualifier,
    minutes: known({
      stress: minutes(v.stressDurationInSeconds),
      rest: minutes(v.restStressDurationInSeconds),
      activity: minutes(v.activityStressDurationInSeconds),
      low: minutes(v.lowStressDurationInSeconds),
      medium: minutes(v.mediumStressDurationInSeconds),
      high: minutes(v.highStressDurationInSeconds),
    }),
  });
  const { bodyBatteryChargedValue: charged, bodyBatteryDrainedValue: drained } = v;
  // What was gained and spent over the day, beside the level that the details tell.
  if (is(charged) && is(drained)) record.daily("score.body_battery", date, undefined, { charged, drained }, "balance");
  if (!is(head.startTimeInSeconds)) return;
  for (const [at, value] of valuesOf(head.startTimeInSeconds, v.timeOffsetHeartRateSamples))
    if (value > 0) record.oneOfMany("heart_rate", at, zoneOf(head), value);
};

const measuredAt = { measurementTimeInSeconds: epoch, measurementTimeOffsetInSeconds: offset.nullish() };

const bodySchema = z.object({
  ...measuredAt,
  weightInGrams: maybe,
  muscleMassInGrams: maybe,
  boneMassInGrams: maybe,
  bodyFatInPercent: maybe,
  bodyWaterInPercent: maybe,
  bodyMassIndex: maybe,
});

const mapBody: Mapper = (raw, record) => {
  const v = parsed(bodySchema, raw);
  const kilograms = (grams: number | null | undefined) => (is(grams) ? grams / 1000 : undefined);
  const found = known({
    body_weight: kilograms(v.weightInGrams),
    muscle_mass: kilograms(v.muscleMassInGrams),
    bone_mass: kilograms(v.boneMassInGrams),
    body_fat_pct: v.bodyFatInPercent,
    body_water_pct: v.bodyWaterInPercent,
    bmi: v.bodyMassIndex,
  });
  if (Object.keys(found).length === 0) throw new Rejection("no_value");
  const zone = zoneOf({ startTimeOffsetInSeconds: v.measurementTimeOffsetInSeconds });
  for (const [metric, value] of Object.entries(found)) record.sample(metric, v.measurementTimeInSeconds, zone, value);
};

const stressSchema = z.object({ timeOffsetStressLevelValues: byOffset, timeOffsetBodyBatteryValues: byOffset });

/** Negative values are codes: off the wrist, moving, no data, recovering, unidentified. */
const mapStress: Mapper = (raw, record, head) => {
  const v = parsed(stressSchema, raw);
  putValues(record, head, "stress_level", v.timeOffsetStressLevelValues, 0);
  putValues(record, head, "score.body_battery", v.timeOffsetBodyBatteryValues, 0);
};

const metricsSchema = z.object({ vo2Max: maybe, vo2MaxCycling: maybe, fitnessAge: maybe });

/** One value of a day: that for cycling stands beside the one for running, or alone. */
const mapUserMetrics: Mapper = (raw, record, head) => {
  const { vo2Max, vo2MaxCycling, fitnessAge } = parsed(metricsSchema, raw);
  const date = must(dateOf(head));
  const isRunning = is(vo2Max);
  const attributes = { context: isRunning ? "running" : "cycling", cycling: isRunning ? vo2MaxCycling : undefined };
  record.daily("vo2_max", date, vo2Max ?? vo2MaxCycling, attributes);
  record.daily("fitness_age", date, fitnessAge);
};

const pulseSchema = z.object({ timeOffsetSpo2Values: byOffset, onDemand: z.boolean().nullish() });

const mapPulseOx: Mapper = (raw, record, head) => {
  const v = parsed(pulseSchema, raw);
  if (v.onDemand !== true) return putValues(record, head, "spo2", v.timeOffsetSpo2Values, 1);
  for (const [at, value] of valuesOf(must(head.startTimeInSeconds), v.timeOffsetSpo2Values)) {
    const span = { start: at, end: at, zone: zoneOf(head) };
    if (value > 0) record.reading("spo2", "sample", span, { value, attributes: { onDemand: true } });
  }
};

const respirationSchema = z.object({ timeOffsetEpochToBreaths: byOffset });

const mapRespiration: Mapper = (raw, record, head) =>
  putValues(record, head, "respiratory_rate", parsed(respirationSchema, raw).timeOffsetEpochToBreaths, 1);

const hrvSchema = z.object({ lastNightAvg: maybe, lastNight5MinHigh: maybe, hrvValues: byOffset });

/** RMSSD of the night: its mean, and values of five minutes. */
const mapHrv: Mapper = (raw, record, head) => {
  const v = parsed(hrvSchema, raw);
  record.daily("hrv_rmssd", must(dateOf(head)), v.lastNightAvg, { context: "sleep", highest5Min: v.lastNight5MinHigh });
  if (v.hrvValues !== undefined && v.hrvValues !== null) putValues(record, head, "hrv_rmssd", v.hrvValues, 1);
};

const pressureSchema = z.object({ ...measuredAt, systolic: z.number(), diastolic: z.number(), pulse: maybe, sourceType: word.nullish() });

const mapPressure: Mapper = (raw, record) => {
  const v = parsed(pressureSchema, raw);
  const at = v.measurementTimeInSeconds;
  const zone = zoneOf({ startTimeOffsetInSeconds: v.measurementTimeOffsetInSeconds });
  const { systolic, diastolic } = v;
  record.panel("blood_pressure", { start: at, end: at, zone }, { systolic, diastolic }, { sourceType: v.sourceType?.toLowerCase() });
  if (is(v.pulse)) record.sample("heart_rate", at, zone, v.pulse);
};

const skinSchema = z.object({ avgDeviationCelsius: z.number() });

const mapSkin: Mapper = (raw, record, head) =>
  record.daily("skin_temp_deviation", must(dateOf(head)), parsed(skinSchema, raw).avgDeviationCelsius);

const SNAPSHOT: Readonly<Record<string, string>> = {
  heart_rate: "heart_rate",
  respiration: "respiratory_rate",
  stress: "stress_level",
  spo2: "spo2",
  rmssd_hrv: "hrv_rmssd",
  sdrr_hrv: "hrv_sdnn",
};
const snapshotSchema = z.object({
  summaries: z.array(z.object({ summaryType: z.string(), avgValue: maybe, epochSummaries: byOffset })).max(50),
});

/** Two minutes of sitting still: rows of values of five seconds, or the mean alone. */
const mapSnapshot: Mapper = (raw, record, head) => {
  const start = must(head.startTimeInSeconds);
  for (const { summaryType, avgValue, epochSummaries } of parsed(snapshotSchema, raw).summaries) {
    const metric = SNAPSHOT[summaryType.toLowerCase()];
    if (metric === undefined) continue;
    const hasRow = Object.keys(epochSummaries ?? {}).length > 0;
    if (hasRow) putValues(record, head, metric, epochSummaries, 0);
    else if (is(avgValue) && avgValue >= 0) {
      const span = { start, end: start, zone: zoneOf(head) };
      record.reading(metric, "sample", span, { value: avgValue, attributes: { statistic: "mean", windowS: head.durationInSeconds } });
    }
  }
};

const cycleSchema = z.object({
  periodStartDate: z.string().regex(/^\d{4}-\d{2}-\d{2}$/),
  cycleLength: maybe,
  predictedCycleLength: maybe,
  currentPhase: maybe,
  currentPhaseType: word.nullish(),
  dayInCycle: maybe,
  lengthOfCurrentPhase: maybe,
  daysUntilNextPhase: maybe,
  periodLength: maybe,
  fertileWindowStart: maybe,
  lengthOfFertileWindow: maybe,
  isPredictedCycle: z.boolean().nullish(),
});
const LONGEST_PERIOD_DAYS = 30;

/** A cycle: the period with what Garmin says of the rest. Predicted ones have not happened. */
const mapCycle: Mapper = (raw, record) => {
  const { periodStartDate, isPredictedCycle, ...rest } = parsed(cycleSchema, raw);
  const start = Date.parse(`${periodStartDate}T00:00:00Z`);
  if (!Number.isFinite(start)) throw new Rejection("malformed");
  if (isPredictedCycle === true) throw new Rejection("predicted");
  const { periodLength } = rest;
  const days = is(periodLength) && periodLength > 0 && periodLength <= LONGEST_PERIOD_DAYS ? Math.round(periodLength) : 1;
  const span: Span = { start, end: start + days * 86_400_000, zone: 0 };
  record.reading("menstrual_period", "event", span, { value: null, attributes: rest });
};

/** Summary → mapper, of everything but sleep, epochs and activities. */
export const HEALTH_MAPPERS: Readonly<Record<string, Mapper>> = {
  dailies: mapDaily,
  bodyComps: mapBody,
  stressDetails: mapStress,
  userMetrics: mapUserMetrics,
  pulseox: mapPulseOx,
  allDayRespiration: mapRespiration,
  healthSnapshot: mapSnapshot,
  hrv: mapHrv,
  bloodPressures: mapPressure,
  skinTemp: mapSkin,
  mct: mapCycle,
};

function putValues(record: VendorRecord, head: Head, metric: string, row: z.output<typeof byOffset>, least: number): void {
  for (const [at, value] of valuesOf(must(head.startTimeInSeconds), row))
    if (value >= least) record.oneOfMany(metric, at, zoneOf(head), value);
}

const is = (value: number | null | undefined): value is number => value !== undefined && value !== null;

function must<T>(value: T | null | undefined): T {
  if (value === undefined || value === null) throw new Rejection("no_time");
  return value;
}
