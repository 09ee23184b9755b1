import * as z from "zod";
import { civilDate as date, int64, label } from "./fields";
import { mapper } from "./mapper";
import { known, Rejection } from "./point";

/** Google's own summaries of a day; its day label wins over any computation. */
export const DAILY_MAPPERS = {
  "daily-resting-heart-rate": mapper(
    "dailyRestingHeartRate",
    z.object({
      beatsPerMinute: int64,
      dailyRestingHeartRateMetadata: z.object({ calculationMethod: z.string().optional() }).optional(),
      date,
    }),
    (v, p) =>
      p.daily("resting_heart_rate", v.date, v.beatsPerMinute, known({ method: label(v.dailyRestingHeartRateMetadata?.calculationMethod) })),
  ),
  "daily-heart-rate-variability": mapper(
    "dailyHeartRateVariability",
    z.object({
      averageHeartRateVariabilityMilliseconds: z.number().optional(),
      deepSleepRootMeanSquareOfSuccessiveDifferencesMilliseconds: z.number().optional(),
      entropy: z.number().optional(),
      nonRemHeartRateBeatsPerMinute: int64.optional(),
      date,
    }),
    (v, p) => {
      if (v.averageHeartRateVariabilityMilliseconds === undefined) throw new Rejection("no_value");
      p.daily(
        "hrv_rmssd",
        v.date,
        v.averageHeartRateVariabilityMilliseconds,
        known({
          deepSleepRmssdMs: v.deepSleepRootMeanSquareOfSuccessiveDifferencesMilliseconds,
          entropy: v.entropy,
          nonRemHeartRate: v.nonRemHeartRateBeatsPerMinute,
        }),
      );
    },
  ),
  "daily-oxygen-saturation": mapper(
    "dailyOxygenSaturation",
    z.object({
      averagePercentage: z.number(),
      lowerBoundPercentage: z.number().optional(),
      upperBoundPercentage: z.number().optional(),
      standardDeviationPercentage: z.number().optional(),
      date,
    }),
    (v, p) =>
      p.daily(
        "spo2",
        v.date,
        v.averagePercentage,
        known({ lower: v.lowerBoundPercentage, upper: v.upperBoundPercentage, standardDeviation: v.standardDeviationPercentage }),
      ),
  ),
  "daily-respiratory-rate": mapper("dailyRespiratoryRate", z.object({ breathsPerMinute: z.number(), date }), (v, p) =>
    p.daily("respiratory_rate", v.date, v.breathsPerMinute),
  ),
  "daily-sleep-temperature-derivations": mapper(
    "dailySleepTemperatureDerivations",
    z.object({
      nightlyTemperatureCelsius: z.number(),
      baselineTemperatureCelsius: z.number().optional(),
      relativeNightlyStddev30dCelsius: z.number().optional(),
      date,
    }),
    (v, p) => {
      const { nightlyTemperatureCelsius: nightly, baselineTemperatureCelsius: baseline } = v;
      p.daily("skin_temp", v.date, nightly, known({ baseline, relativeStandardDeviation30d: v.relativeNightlyStddev30dCelsius }));
      // Google states both to a few decimals; more in the difference would be noise of the subtraction.
      if (baseline !== undefined) p.daily("skin_temp_deviation", v.date, Math.round((nightly - baseline) * 1e4) / 1e4);
    },
  ),
  "daily-vo2-max": mapper(
    "dailyVo2Max",
    z.object({
      vo2Max: z.number(),
      estimated: z.boolean().optional(),
      cardioFitnessLevel: z.string().optional(),
      vo2MaxCovariance: z.number().optional(),
      date,
    }),
    (v, p) =>
      p.daily(
        "vo2_max",
        v.date,
        v.vo2Max,
        known({ method: "daily", estimated: v.estimated, fitnessLevel: label(v.cardioFitnessLevel), covariance: v.vo2MaxCovariance }),
      ),
  ),
};
