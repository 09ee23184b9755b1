import * as z from "zod";
import { day, maybe, minutes, recordId, word } from "../fields";
import { parsed, Rejection, scoreRange, type VendorRecord } from "../record";
import { putSeries, seriesSchema } from "./series";

const contributors = z.record(z.string().max(64), z.number().nullable()).nullish();
const head = { id: recordId, day };

const activitySchema = z.object({
  ...head,
  score: maybe,
  steps: maybe,
  active_calories: maybe,
  total_calories: maybe,
  equivalent_walking_distance: maybe,
  high_activity_time: maybe,
  medium_activity_time: maybe,
  low_activity_time: maybe,
  sedentary_time: maybe,
  resting_time: maybe,
  non_wear_time: maybe,
  inactivity_alerts: maybe,
  contributors,
  met: seriesSchema,
});

function mapActivity(raw: unknown, record: VendorRecord): void {
  const v = parsed(activitySchema, raw);
  record.daily("steps", v.day, v.steps);
  record.daily("energy_active", v.day, v.active_calories);
  record.daily("energy_total", v.day, v.total_calories);
  // What the day's energy would have been as a walk, not what was walked.
  record.daily("distance_walk_run", v.day, v.equivalent_walking_distance, { equivalent: true });
  record.daily("vigorous_minutes", v.day, minutes(v.high_activity_time));
  record.daily("moderate_minutes", v.day, minutes(v.medium_activity_time), { lowMinutes: minutes(v.low_activity_time) });
  record.daily("sedentary_minutes", v.day, minutes(v.sedentary_time), {
    restingMinutes: minutes(v.resting_time),
    nonWearMinutes: minutes(v.non_wear_time),
    inactivityAlerts: v.inactivity_alerts,
  });
  record.daily("score.activity", v.day, v.score, { ...scoreRange(1, 100), contributors: v.contributors });
  putSeries(record, "met", v.met);
}

function mapSleepScore(raw: unknown, record: VendorRecord): void {
  const v = parsed(z.object({ ...head, score: maybe, contributors }), raw);
  if (v.score === undefined || v.score === null) throw new Rejection("no_value");
  record.daily("score.sleep", v.day, v.score, { ...scoreRange(1, 100), contributors: v.contributors });
}

function mapReadiness(raw: unknown, record: VendorRecord): void {
  const v = parsed(
    z.object({ ...head, score: maybe, temperature_deviation: maybe, temperature_trend_deviation: maybe, contributors }),
    raw,
  );
  record.daily("score.readiness", v.day, v.score, { ...scoreRange(1, 100), contributors: v.contributors });
  record.daily("skin_temp_deviation", v.day, v.temperature_deviation, { trend: v.temperature_trend_deviation });
}

function mapSpo2(raw: unknown, record: VendorRecord): void {
  const v = parsed(z.object({ ...head, spo2_percentage: z.object({ average: maybe }).nullish(), breathing_disturbance_index: maybe }), raw);
  // Zero stands for a night without enough of a signal.
  record.daily("spo2", v.day, v.spo2_percentage?.average === 0 ? undefined : v.spo2_percentage?.average, { context: "sleep" });
  record.daily("breathing_disturbance", v.day, v.breathing_disturbance_index, { ...scoreRange(0, 100) });
}

function mapStress(raw: unknown, record: VendorRecord): void {
  const v = parsed(z.object({ ...head, stress_high: maybe, recovery_high: maybe, day_summary: word.nullish() }), raw);
  record.daily("stress_high_minutes", v.day, minutes(v.stress_high), { summary: v.day_summary });
  record.daily("recovery_high_minutes", v.day, minutes(v.recovery_high), { summary: v.day_summary });
}

function mapResilience(raw: unknown, record: VendorRecord): void {
  const v = parsed(z.object({ ...head, level: word, contributors }), raw);
  // Oura gives a word, no number.
  record.daily("score.resilience", v.day, null, { contributors: v.contributors }, v.level);
}

function mapCardiovascularAge(raw: unknown, record: VendorRecord): void {
  const v = parsed(z.object({ ...head, vascular_age: maybe, pulse_wave_velocity: maybe }), raw);
  record.daily("vascular_age", v.day, v.vascular_age);
  record.daily("pulse_wave_velocity", v.day, v.pulse_wave_velocity);
}

function mapVo2Max(raw: unknown, record: VendorRecord): void {
  const v = parsed(z.object({ ...head, vo2_max: maybe }), raw);
  if (v.vo2_max === undefined || v.vo2_max === null) throw new Rejection("no_value");
  record.daily("vo2_max", v.day, v.vo2_max);
}

/** Oura's documents of a day; its day label wins over any computation. */
export const DAILY_MAPPERS: Readonly<Record<string, (raw: unknown, record: VendorRecord) => void>> = {
  daily_activity: mapActivity,
  daily_sleep: mapSleepScore,
  daily_readiness: mapReadiness,
  daily_spo2: mapSpo2,
  daily_stress: mapStress,
  daily_resilience: mapResilience,
  daily_cardiovascular_age: mapCardiovascularAge,
  vo2_max: mapVo2Max,
};
