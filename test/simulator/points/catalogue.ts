/** Every data type the simulator serves: its record kind, permitted operations, scope area and generator. */
import { activityGenerators } from "./activity.ts";
import { bodyGenerators } from "./body.ts";
import { exerciseGenerators } from "./exercise.ts";
import { heartGenerators } from "./heart.ts";
import { logGenerators } from "./logs.ts";
import { medicalGenerators } from "./medical.ts";
import type { Generator } from "./point.ts";
import { sleepGenerators } from "./sleep.ts";

const generators = {
  ...activityGenerators,
  ...heartGenerators,
  ...sleepGenerators,
  ...exerciseGenerators,
  ...bodyGenerators,
  ...logGenerators,
  ...medicalGenerators,
};

export type DataType = keyof typeof generators;
export type RecordKind = "interval" | "sample" | "daily" | "session";
export type Operation = "list" | "get" | "reconcile" | "rollUp" | "dailyRollUp";
export type Area =
  | "activity_and_fitness"
  | "health_metrics_and_measurements"
  | "sleep"
  | "nutrition"
  | "ecg"
  | "irn"
  | "reproductive_health"
  | "mindfulness"
  | "logged_symptoms";

export interface TypeInfo {
  name: DataType;
  /** Union field of a DataPoint: `heart-rate` → `heartRate`. */
  field: string;
  /** Name in filters: `heart-rate` → `heart_rate`. */
  filterName: string;
  kind: RecordKind;
  operations: readonly Operation[];
  area: Area;
  /** The field a correction multiplies, where one number is the point. */
  measure?: string;
  generate: Generator;
}

const FITNESS: Area = "activity_and_fitness";
const HEALTH: Area = "health_metrics_and_measurements";
const READ: readonly Operation[] = ["list", "reconcile"];
const ROLL: readonly Operation[] = ["rollUp", "dailyRollUp"];
const ALL: readonly Operation[] = ["list", "reconcile", "rollUp", "dailyRollUp"];
const NAMED: readonly Operation[] = ["list", "get", "reconcile", "rollUp", "dailyRollUp"];
const MERGED: readonly Operation[] = ["reconcile", "rollUp", "dailyRollUp"];

type Row = readonly [kind: RecordKind, operations: readonly Operation[], area: Area, measure?: string];

/**
 * Operations follow the type table of the public client where it has the type, and the roll-up and reconcile unions of the
 * discovery document otherwise. Types outside the reconcile union can only be listed.
 */
const ROWS: Record<DataType, Row> = {
  steps: ["interval", ALL, FITNESS, "count"],
  distance: ["interval", ALL, FITNESS, "millimeters"],
  floors: ["interval", MERGED, FITNESS, "count"],
  altitude: ["interval", ALL, FITNESS, "gainMillimeters"],
  "active-energy-burned": ["interval", ALL, FITNESS, "kcal"],
  "basal-energy-burned": ["interval", READ, FITNESS, "kcal"],
  "total-calories": ["interval", ROLL, FITNESS, "kcal"],
  "active-zone-minutes": ["interval", ALL, FITNESS, "activeZoneMinutes"],
  "active-minutes": ["interval", MERGED, FITNESS],
  "activity-level": ["interval", ALL, FITNESS],
  "sedentary-period": ["interval", ALL, FITNESS],
  "time-in-heart-rate-zone": ["interval", MERGED, FITNESS],
  "calories-in-heart-rate-zone": ["interval", ROLL, FITNESS, "kcal"],
  "heart-rate": ["sample", ALL, HEALTH, "beatsPerMinute"],
  "daily-resting-heart-rate": ["daily", ["list", "reconcile", "dailyRollUp"], HEALTH, "beatsPerMinute"],
  "heart-rate-variability": ["sample", READ, HEALTH, "rootMeanSquareOfSuccessiveDifferencesMilliseconds"],
  "daily-heart-rate-variability": ["daily", ["list", "reconcile", "dailyRollUp"], HEALTH, "averageHeartRateVariabilityMilliseconds"],
  "daily-heart-rate-zones": ["daily", ["reconcile"], HEALTH],
  "oxygen-saturation": ["sample", READ, HEALTH, "percentage"],
  "daily-oxygen-saturation": ["daily", READ, HEALTH, "averagePercentage"],
  "daily-respiratory-rate": ["daily", READ, HEALTH, "breathsPerMinute"],
  "respiratory-rate-sleep-summary": ["sample", READ, HEALTH],
  "daily-sleep-temperature-derivations": ["daily", READ, HEALTH, "nightlyTemperatureCelsius"],
  sleep: ["session", ["list", "get", "reconcile"], "sleep"],
  exercise: ["session", ["list", "get", "reconcile"], FITNESS],
  "swim-lengths-data": ["interval", ALL, FITNESS, "strokeCount"],
  "run-vo2-max": ["sample", ALL, FITNESS, "runVo2Max"],
  weight: ["sample", NAMED, HEALTH, "weightGrams"],
  "body-fat": ["sample", NAMED, HEALTH, "percentage"],
  height: ["sample", ["list", "get", "reconcile"], HEALTH, "heightMillimeters"],
  "blood-glucose": ["sample", NAMED, HEALTH, "bloodGlucoseMilligramsPerDeciliter"],
  "core-body-temperature": ["sample", NAMED, HEALTH, "temperatureCelsius"],
  "vo2-max": ["sample", READ, FITNESS, "vo2Max"],
  "daily-vo2-max": ["daily", READ, FITNESS, "vo2Max"],
  "hydration-log": ["session", NAMED, "nutrition"],
  "nutrition-log": ["session", NAMED, "nutrition"],
  moods: ["sample", ["list", "get"], "mindfulness"],
  symptoms: ["sample", ["list", "get"], "logged_symptoms"],
  electrocardiogram: ["session", ["list", "get"], "ecg"],
  "irregular-rhythm-notification": ["session", ["list", "get"], "irn"],
  "menstrual-period": ["interval", ["list", "get"], "reproductive_health"],
  "ovulation-test": ["sample", ["list", "get"], "reproductive_health"],
};

function camel(name: string): string {
  return name.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

function isDataType(name: string): name is DataType {
  return Object.hasOwn(ROWS, name);
}

const infos = new Map<DataType, TypeInfo>();

/** Looks a type up by its kebab-case name. */
export function typeInfo(name: string): TypeInfo | undefined {
  if (!isDataType(name)) return undefined;
  let info = infos.get(name);
  if (!info) {
    const [kind, operations, area, measure] = ROWS[name];
    info = {
      name,
      field: camel(name),
      filterName: name.replaceAll("-", "_"),
      kind,
      operations,
      area,
      generate: generators[name],
      ...(measure ? { measure } : {}),
    };
    infos.set(name, info);
  }
  return info;
}

/** All type names. */
export const DATA_TYPES: readonly DataType[] = Object.keys(ROWS).filter(isDataType);

/** Types a subscriber may ask notifications for. */
export const SUBSCRIBABLE: ReadonlySet<string> = new Set<DataType>([
  "active-zone-minutes",
  "activity-level",
  "altitude",
  "blood-glucose",
  "body-fat",
  "calories-in-heart-rate-zone",
  "daily-heart-rate-variability",
  "daily-heart-rate-zones",
  "daily-oxygen-saturation",
  "daily-respiratory-rate",
  "daily-resting-heart-rate",
  "daily-sleep-temperature-derivations",
  "distance",
  "exercise",
  "floors",
  "heart-rate",
  "heart-rate-variability",
  "height",
  "hydration-log",
  "nutrition-log",
  "respiratory-rate-sleep-summary",
  "run-vo2-max",
  "sedentary-period",
  "sleep",
  "steps",
  "time-in-heart-rate-zone",
  "total-calories",
  "weight",
]);
