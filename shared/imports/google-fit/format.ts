import type { Source } from "../../health/reading";
import { workoutType } from "../../health/workout-types";
import { type Document, textOf } from "../documents/document";
import { type Emitter, utc } from "../documents/emitter";
import { jsonItems } from "../documents/json-items";
import type { Format, FormatContext } from "../documents/reader";
import { type JsonObject, listOf, numberFrom, objectOf, textFrom } from "../documents/shape";

/** Data types of Google Fit that carry one number, and what it is. */
const TYPES: Readonly<Record<string, { readonly metric: string; readonly unit: string; readonly kind: "sample" | "interval" }>> = {
  "com.google.heart_rate.bpm": { metric: "heart_rate", unit: "/min", kind: "sample" },
  "com.google.step_count.delta": { metric: "steps", unit: "{steps}", kind: "interval" },
  "com.google.calories.expended": { metric: "energy_total", unit: "kcal", kind: "interval" },
  "com.google.distance.delta": { metric: "distance_walk_run", unit: "m", kind: "interval" },
  "com.google.weight": { metric: "body_weight", unit: "kg", kind: "sample" },
  "com.google.height": { metric: "body_height", unit: "m", kind: "sample" },
  "com.google.body.fat.percentage": { metric: "body_fat_pct", unit: "%", kind: "sample" },
  "com.google.hydration": { metric: "water_intake", unit: "L", kind: "interval" },
  "com.google.oxygen_saturation": { metric: "spo2", unit: "%", kind: "sample" },
  "com.google.body.temperature": { metric: "body_temperature", unit: "Cel", kind: "sample" },
  "com.google.blood_glucose": { metric: "blood_glucose", unit: "mmol/L", kind: "sample" },
};

/** Activities by Google's number; those that are no workout are left out. */
const ACTIVITIES: Readonly<Record<number, string>> = {
  1: "biking",
  7: "walking",
  8: "running",
  9: "aerobics",
  10: "badminton",
  11: "baseball",
  12: "basketball",
  20: "boxing",
  24: "dancing",
  25: "elliptical",
  32: "golf",
  33: "gymnastics",
  35: "hiking",
  36: "hockey",
  39: "jumping_rope",
  44: "martial_arts",
  49: "pilates",
  53: "rowing",
  54: "rowing_machine",
  56: "running",
  57: "running",
  58: "treadmill",
  61: "skating",
  65: "skiing",
  73: "snowboarding",
  76: "squash",
  77: "stair_climbing",
  80: "strength_training",
  81: "surfing",
  82: "swimming",
  83: "swimming",
  84: "swimming",
  85: "table_tennis",
  87: "tennis",
  88: "treadmill",
  89: "volleyball",
  93: "walking",
  97: "weightlifting",
  100: "yoga",
  101: "zumba",
  113: "crossfit",
  114: "high_intensity_interval_training",
};
/** In a vehicle, still, unknown, tilting, and sleep. */
const NO_WORKOUT = new Set([0, 3, 4, 5, 72, 109, 110, 111, 112]);

/** Stored data sets of Google Fit: points of one data source, times in nanoseconds. */
export const GOOGLE_FIT: Format = {
  name: "google-fit",
  recognise: ({ text }) =>
    /^[\s\u{feff}]*[[{]/u.test(text) && /"(?:startTimeNanos|minStartTimeNs)"\s*:/.test(text) && /"point"\s*:/.test(text),
  read: readGoogleFit,
};

async function* readGoogleFit(document: Document, { emit }: FormatContext): AsyncGenerator<void, void> {
  for await (const item of jsonItems(textOf(document))) {
    for (const one of listOf(objectOf(item)?.["point"]) ?? []) {
      readPoint(objectOf(one) ?? {}, emit);
      yield;
    }
    yield;
  }
}

function readPoint(point: JsonObject, emit: Emitter): void {
  const type = textFrom(point["dataTypeName"]) ?? "point";
  const [start, end] = [nanos(point["startTimeNanos"]), nanos(point["endTimeNanos"])];
  if (start === undefined || end === undefined) return emit.reject(type, "unreadable_time", "Points without a time.");
  const first = objectOf(listOf(point["value"])?.[0]);
  const value = numberFrom(first?.["fpVal"]) ?? numberFrom(first?.["intVal"]);
  const origin = textFrom(point["originDataSourceId"]) ?? "";
  const app = origin.split(":")[2] ?? "";
  const source: Source = {
    vendor: "google_fit",
    recordingMethod: origin.endsWith(":user_input") ? "manual" : "automatic",
    ...(app !== "" && { app: app.slice(0, 100) }),
  };
  const version = numberFrom(point["modifiedTimeMillis"]) ?? 0;
  if (type === "com.google.activity.segment") {
    if (value === undefined || NO_WORKOUT.has(value)) return emit.warn("not_mapped", "Segments that are no workout.");
    const { type: workout } = workoutType("google_fit", ACTIVITIES[value] ?? "other");
    return emit.workout({
      type_: type,
      source,
      start,
      end,
      zone: utc(start).zone,
      type: workout,
      ...(workout === "other" && { vendorType: `Google Fit activity ${value}` }),
      totals: {},
      version,
    });
  }
  const row = TYPES[type];
  if (row === undefined) return emit.warn("not_mapped", `Data types of Google Fit: ${type.slice(0, 60)}`);
  const emitted = { type, metric: row.metric, unit: row.unit, source, value, version };
  if (row.kind === "sample") emit.sample(emitted, utc(start));
  else emit.interval(emitted, utc(start), end);
}

/** Epoch milliseconds of nanoseconds, which no double holds. */
function nanos(value: unknown): number | undefined {
  const text = textFrom(value);
  return text !== undefined && /^\d{1,20}$/.test(text) ? Number(BigInt(text) / 1_000_000n) : undefined;
}
