import * as z from "zod";
import { ecgAttributes } from "../../health/ecg";
import { ZONE_UNKNOWN } from "../../health/reading";
import { day, instant, maybe, wallClock, word } from "../fields";
import { parsed, Rejection, type VendorRecord } from "../record";

const physicalSchema = z.object({
  weight: maybe,
  height: maybe,
  vo2_max: maybe,
  resting_heart_rate: maybe,
  maximum_heart_rate: maybe,
  weight_source: word.nullish(),
  created: instant.nullish(),
  modified: instant.nullish(),
});

/** What the profile says since it was last changed. A default of Polar's is nothing about the person. */
export function mapPhysicalInfo(raw: unknown, record: VendorRecord, readAt: number): void {
  const v = parsed(physicalSchema, raw);
  const at = v.modified ?? v.created ?? Math.floor(readAt / 86_400_000) * 86_400_000;
  const put = (metric: string, value: number | null | undefined, attributes: Readonly<Record<string, unknown>> = {}): void => {
    if (value === undefined || value === null || value <= 0) return;
    record.reading(metric, "sample", { start: at, end: at, zone: ZONE_UNKNOWN }, { value, attributes: { from: "profile", ...attributes } });
  };
  if (v.weight_source !== "SOURCE_DEFAULT") put("body_weight", v.weight, { origin: label(v.weight_source, "SOURCE_") });
  put("body_height", v.height);
  put("vo2_max", v.vo2_max);
  put("resting_heart_rate", v.resting_heart_rate);
}

/** Offsets of tests are in minutes. */
const testHead = {
  source_device_id: word.nullish(),
  test_time: z.number().int().min(0).max(8.64e12),
  time_zone_offset: z.number().int().min(-1080).max(1080).nullish(),
  average_heart_rate_bpm: maybe,
  heart_rate_variability_ms: maybe,
};

function testSpan(v: { test_time: number; time_zone_offset?: number | null | undefined }, lastsMs = 0) {
  const start = v.test_time * 1000;
  const zone = v.time_zone_offset === undefined || v.time_zone_offset === null ? ZONE_UNKNOWN : v.time_zone_offset * 60;
  return { start, end: start + lastsMs, zone };
}

const MOST_SAMPLES = 100_000;
const ecgSchema = z.object({
  ...testHead,
  rri_ms: maybe,
  heart_rate_variability_level: word.nullish(),
  samples: z.array(z.object({ recording_time_delta_ms: z.number(), amplitude_mv: z.number() })).max(MOST_SAMPLES),
  quality_measurements: z
    .array(z.object({ quality_level: word }))
    .max(1000)
    .nullish(),
});

/** A wrist electrocardiogram: one lead, in microvolts. */
export function mapEcg(raw: unknown, record: VendorRecord): void {
  const v = parsed(ecgSchema, raw);
  const samples = v.samples.toSorted((a, b) => a.recording_time_delta_ms - b.recording_time_delta_ms);
  const [first, last] = [samples[0], samples.at(-1)];
  if (first === undefined || last === undefined || samples.length < 2 || last.recording_time_delta_ms <= first.recording_time_delta_ms)
    throw new Rejection("no_samples");
  const lastsMs = last.recording_time_delta_ms - first.recording_time_delta_ms;
  const samplingHz = Math.round(((samples.length - 1) / lastsMs) * 1000 * 1000) / 1000;
  const quality = v.quality_measurements?.map(({ quality_level }) => label(quality_level, "ECG_QUALITY_"));
  record.reading("ecg", "event", testSpan(v, Math.round(lastsMs)), {
    value: null,
    attributes: {
      ...ecgAttributes({
        samplingHz,
        samplesUv: samples.map(({ amplitude_mv }) => amplitude_mv * 1000),
        lead: "I",
        averageHeartRate: v.average_heart_rate_bpm ?? undefined,
        device: v.source_device_id === undefined || v.source_device_id === null ? undefined : { id: v.source_device_id },
      }),
      rrMs: v.rri_ms,
      hrvLevel: label(v.heart_rate_variability_level, "ECG_HRV_LEVEL_"),
      quality: quality?.at(-1),
    },
  });
  putHeart(record, v, "ecg");
}

const spo2Schema = z.object({
  ...testHead,
  test_status: word.nullish(),
  blood_oxygen_percent: maybe,
  spo2_class: word.nullish(),
  spo2_value_deviation_from_baseline: word.nullish(),
  spo2_quality_average_percent: maybe,
  altitude_meters: maybe,
});

/** A test of the blood's oxygen. One that came to no result has no value. */
export function mapSpo2(raw: unknown, record: VendorRecord): void {
  const v = parsed(spo2Schema, raw);
  const { blood_oxygen_percent: value } = v;
  if (value === undefined || value === null || (v.test_status ?? "SPO2_TEST_PASSED") !== "SPO2_TEST_PASSED")
    throw new Rejection("no_value");
  record.reading("spo2", "sample", testSpan(v), {
    value,
    attributes: {
      class: label(v.spo2_class, "SPO2_CLASS_"),
      deviation: label(v.spo2_value_deviation_from_baseline, "DEVIATION_"),
      qualityPct: v.spo2_quality_average_percent,
      altitudeM: v.altitude_meters,
    },
  });
  putHeart(record, v, "spo2");
}

/** What a test says of the heart besides. */
function putHeart(
  record: VendorRecord,
  v: Parameters<typeof testSpan>[0] & {
    average_heart_rate_bpm?: number | null | undefined;
    heart_rate_variability_ms?: number | null | undefined;
  },
  context: string,
): void {
  const put = (metric: string, value: number | null | undefined): void => {
    if (value !== undefined && value !== null && value > 0)
      record.reading(metric, "sample", testSpan(v), { value, attributes: { context: `${context}_test` } });
  };
  put("heart_rate", v.average_heart_rate_bpm);
  put("hrv_rmssd", v.heart_rate_variability_ms);
}

const temperatureSchema = z.object({
  source_device_id: word.nullish(),
  measurement_type: word.nullish(),
  sensor_location: word.nullish(),
  start_time: wallClock.or(instant),
  samples: z.array(z.object({ temperature_celsius: z.number(), recording_time_delta_milliseconds: z.number() })).max(MOST_SAMPLES),
});

/** A period of temperatures; its times are UTC. Skin is skin and no body temperature. */
export function mapBodyTemperature(raw: unknown, record: VendorRecord): void {
  const v = parsed(temperatureSchema, raw);
  if (v.samples.length === 0) throw new Rejection("no_value");
  const metric = v.measurement_type === "TM_SKIN_TEMPERATURE" ? "skin_temp" : "body_temperature";
  for (const { temperature_celsius, recording_time_delta_milliseconds: delta } of v.samples)
    record.oneOfMany(metric, v.start_time + Math.round(delta), ZONE_UNKNOWN, temperature_celsius);
}

const skinSchema = z.object({ sleep_date: day, sleep_time_skin_temperature_celsius: maybe, deviation_from_baseline_celsius: maybe });

/** The skin's temperature in a night. */
export function mapSkinTemperature(raw: unknown, record: VendorRecord): void {
  const v = parsed(skinSchema, raw);
  record.daily("skin_temp", v.sleep_date, v.sleep_time_skin_temperature_celsius, { context: "sleep" });
  record.daily("skin_temp_deviation", v.sleep_date, v.deviation_from_baseline_celsius);
}

/** An enum's value without what its kind begins with, in lower case. */
function label(value: string | null | undefined, prefix: string): string | undefined {
  return value === undefined || value === null ? undefined : value.replace(prefix, "").toLowerCase();
}
