import * as z from "zod";
import { distanceMetric } from "../../health/workout-metrics";
import { workoutType } from "../../health/workout-types";
import { maybe, note, recordId, word, zoned } from "../fields";
import { known, parsed, Rejection, some, type VendorRecord } from "../record";
import { putSeries, seriesSchema } from "./series";

const workoutSchema = z.object({
  id: recordId,
  activity: word,
  start_datetime: zoned,
  end_datetime: zoned,
  calories: maybe,
  distance: maybe,
  intensity: word.nullish(),
  label: note,
  source: word.nullish(),
});

/** A workout, found by the ring or entered by the person. */
export function mapWorkout(raw: unknown, record: VendorRecord): void {
  const v = parsed(workoutSchema, raw);
  const { type, vendorName } = workoutType("oura", v.activity);
  record.workout({
    start: v.start_datetime.at,
    end: v.end_datetime.at,
    zone: v.start_datetime.zone,
    type,
    ...some("vendorType", vendorName),
    totals: known({ energy_active: v.calories, [distanceMetric(type)]: v.distance }),
    ...some("attributes", known({ title: v.label, intensity: v.intensity, detection: v.source })),
  });
}

const sessionSchema = z.object({
  id: recordId,
  type: word,
  start_datetime: zoned,
  end_datetime: zoned,
  mood: word.nullish(),
  heart_rate: seriesSchema,
  heart_rate_variability: seriesSchema,
});

/** A moment of meditation, breathing or rest. */
export function mapSession(raw: unknown, record: VendorRecord): void {
  const v = parsed(sessionSchema, raw);
  const [start, end] = [v.start_datetime.at, v.end_datetime.at];
  if (end <= start) throw new Rejection("empty_interval");
  record.reading(
    "mindful_minutes",
    "interval",
    { start, end, zone: v.start_datetime.zone },
    { value: (end - start) / 60_000, attributes: { type: v.type, mood: v.mood } },
  );
  putSeries(record, "heart_rate", v.heart_rate);
  putSeries(record, "hrv_rmssd", v.heart_rate_variability);
}

const heartRateSchema = z.object({ bpm: z.number(), timestamp: zoned, source: word.nullish() });

/** One value of the heart-rate series. They are many: only what is no plain day or night keeps a word beside it. */
export function mapHeartRate(raw: unknown, record: VendorRecord): void {
  const { bpm, timestamp, source } = parsed(heartRateSchema, raw);
  const { at, zone } = timestamp;
  if (source === undefined || source === null || source === "awake") return record.oneOfMany("heart_rate", at, zone, bpm);
  record.reading("heart_rate", "sample", { start: at, end: at, zone }, { value: bpm, attributes: { context: source } });
}
