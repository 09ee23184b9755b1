import * as z from "zod";
import { int64, isObject, label, note, sampleTime, usualCount, usualSampleTime } from "./fields";
import { mapper } from "./mapper";
import { known, Rejection } from "./point";

const stats = z.object({ breathsPerMinute: z.number(), standardDeviation: z.number().optional(), signalToNoise: z.number().optional() });

const at = (time: { at: number; zone: number }) => ({ start: time.at, end: time.at, zone: time.zone });

/** Measurements at an instant. */
export const VITALS_MAPPERS = {
  "heart-rate": mapper(
    "heartRate",
    z.object({ beatsPerMinute: int64, sampleTime }),
    (v, p) => p.sample("heart_rate", v.sampleTime, v.beatsPerMinute),
    // A band tells one every few seconds.
    (value) => {
      if (!isObject(value)) return undefined;
      const [beatsPerMinute, at] = [usualCount(value["beatsPerMinute"]), usualSampleTime(value["sampleTime"])];
      return beatsPerMinute === undefined || at === undefined ? undefined : { beatsPerMinute, sampleTime: at };
    },
  ),
  "heart-rate-variability": mapper(
    "heartRateVariability",
    z.object({
      rootMeanSquareOfSuccessiveDifferencesMilliseconds: z.number().optional(),
      standardDeviationMilliseconds: z.number().optional(),
      sampleTime,
    }),
    (v, p) => {
      const { rootMeanSquareOfSuccessiveDifferencesMilliseconds: rmssd, standardDeviationMilliseconds: sdnn } = v;
      if (rmssd === undefined && sdnn === undefined) throw new Rejection("no_value");
      if (rmssd !== undefined) p.sample("hrv_rmssd", v.sampleTime, rmssd);
      if (sdnn !== undefined) p.sample("hrv_sdnn", v.sampleTime, sdnn);
    },
  ),
  "oxygen-saturation": mapper("oxygenSaturation", z.object({ percentage: z.number(), sampleTime }), (v, p) =>
    p.sample("spo2", v.sampleTime, v.percentage),
  ),
  "respiratory-rate-sleep-summary": mapper(
    "respiratoryRateSleepSummary",
    z.object({
      fullSleepStats: stats,
      deepSleepStats: stats.optional(),
      lightSleepStats: stats.optional(),
      remSleepStats: stats.optional(),
      sampleTime,
    }),
    (v, p) =>
      p.reading("respiratory_rate", "sample", at(v.sampleTime), {
        value: v.fullSleepStats.breathsPerMinute,
        attributes: known({
          context: "sleep",
          standardDeviation: v.fullSleepStats.standardDeviation,
          deep: v.deepSleepStats?.breathsPerMinute,
          light: v.lightSleepStats?.breathsPerMinute,
          rem: v.remSleepStats?.breathsPerMinute,
        }),
      }),
  ),
  weight: mapper("weight", z.object({ weightGrams: z.number(), notes: note, sampleTime }), (v, p) =>
    p.reading("body_weight", "sample", at(v.sampleTime), { value: v.weightGrams / 1000, attributes: known({ notes: v.notes }) }),
  ),
  height: mapper("height", z.object({ heightMillimeters: int64, sampleTime }), (v, p) =>
    p.sample("body_height", v.sampleTime, v.heightMillimeters / 10),
  ),
  "body-fat": mapper("bodyFat", z.object({ percentage: z.number(), sampleTime }), (v, p) =>
    p.sample("body_fat_pct", v.sampleTime, v.percentage),
  ),
  "blood-glucose": mapper(
    "bloodGlucose",
    z.object({
      bloodGlucoseMilligramsPerDeciliter: z.number(),
      measurementSource: z.string().optional(),
      specimen: z.string().optional(),
      mealType: z.string().optional(),
      measurementTiming: z.string().optional(),
      notes: note,
      sampleTime,
    }),
    (v, p) => {
      const value = v.bloodGlucoseMilligramsPerDeciliter;
      const sensor = v.measurementSource === "CONTINUOUS_GLUCOSE_MONITORING" || v.specimen === "INTERSTITIAL_FLUID";
      const attributes = known({ mealType: label(v.mealType), measurementTiming: label(v.measurementTiming), notes: v.notes });
      // A sensor writes 288 values a day: without anything to annotate they stay plain samples, the specimen follows from the metric.
      if (sensor && Object.keys(attributes).length === 0) return p.sample("cgm_glucose", v.sampleTime, value);
      p.reading(sensor ? "cgm_glucose" : "blood_glucose", "sample", at(v.sampleTime), {
        value,
        attributes: { ...attributes, ...known({ specimen: label(v.specimen), measurementSource: label(v.measurementSource) }) },
      });
    },
  ),
  "core-body-temperature": mapper(
    "coreBodyTemperature",
    z.object({ temperatureCelsius: z.number(), measurementLocation: z.string().optional(), sampleTime }),
    (v, p) =>
      p.reading("body_temperature", "sample", at(v.sampleTime), {
        value: v.temperatureCelsius,
        attributes: known({ measurementLocation: label(v.measurementLocation) }),
      }),
  ),
  "vo2-max": mapper("vo2Max", z.object({ vo2Max: z.number(), measurementMethod: z.string().optional(), sampleTime }), (v, p) =>
    p.reading("vo2_max", "sample", at(v.sampleTime), { value: v.vo2Max, attributes: known({ method: label(v.measurementMethod) }) }),
  ),
  "run-vo2-max": mapper("runVo2Max", z.object({ runVo2Max: z.number(), sampleTime }), (v, p) =>
    p.reading("vo2_max", "sample", at(v.sampleTime), { value: v.runVo2Max, attributes: { method: "run" } }),
  ),
};
