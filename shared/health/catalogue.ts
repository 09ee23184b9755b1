import { ACTIVITY_METRICS } from "./catalogue/activity";
import { BODY_METRICS } from "./catalogue/body";
import { ENVIRONMENT_METRICS } from "./catalogue/environment";
import { GLUCOSE_METRICS } from "./catalogue/glucose";
import { HEART_METRICS } from "./catalogue/heart";
import type { Metric } from "./catalogue/metric";
import { NUTRITION_METRICS } from "./catalogue/nutrition";
import { PERFORMANCE_METRICS } from "./catalogue/performance";
import { REPRODUCTIVE_METRICS } from "./catalogue/reproductive";
import { SCORE_METRICS } from "./catalogue/scores";
import { SESSION_METRICS } from "./catalogue/sessions";
import { SLEEP_METRICS } from "./catalogue/sleep";
import { SYMPTOM_METRICS } from "./catalogue/symptoms";
import { VITAL_METRICS } from "./catalogue/vitals";

export type {
  Aggregation,
  Bounds,
  Category,
  Coding,
  Component,
  HealthConnectMapping,
  HealthKitMapping,
  Kind,
  Metric,
  Sensitivity,
} from "./catalogue/metric";

/** The metric catalogue: everything Meridian can store a reading of. */
export const METRICS: readonly Metric[] = [
  ...HEART_METRICS,
  ...VITAL_METRICS,
  ...GLUCOSE_METRICS,
  ...BODY_METRICS,
  ...ACTIVITY_METRICS,
  ...PERFORMANCE_METRICS,
  ...SLEEP_METRICS,
  ...SCORE_METRICS,
  ...ENVIRONMENT_METRICS,
  ...REPRODUCTIVE_METRICS,
  ...SYMPTOM_METRICS,
  ...NUTRITION_METRICS,
  ...SESSION_METRICS,
];

const byKey = new Map(METRICS.map((row) => [row.key, row]));
const byCode = new Map(METRICS.map((row) => [row.code, row]));

const HEALTH_KIT_PREFIXES = [
  "HKQuantityTypeIdentifier",
  "HKCategoryTypeIdentifier",
  "HKCorrelationTypeIdentifier",
  "HKDataTypeIdentifier",
  "HKDataType",
  "HK",
];

const byHealthKit = new Map<string, Metric>();
for (const row of METRICS) {
  for (const identifier of row.healthKit?.identifiers ?? []) {
    byHealthKit.set(identifier, row);
    const prefix = HEALTH_KIT_PREFIXES.find((candidate) => identifier.startsWith(candidate));
    if (prefix) byHealthKit.set(identifier.slice(prefix.length), row);
  }
}

const byHealthConnect = new Map<string, Metric[]>();
for (const row of METRICS) {
  for (const record of row.healthConnect?.records ?? []) {
    const rows = byHealthConnect.get(record);
    if (rows) rows.push(row);
    else byHealthConnect.set(record, [row]);
  }
}

/** Storage number of each metric key. */
export const METRIC_CODE: ReadonlyMap<string, number> = new Map(METRICS.map((row) => [row.key, row.code]));

/** The metric of a catalogue key, or `undefined`. */
export function metric(key: string): Metric | undefined {
  return byKey.get(key);
}

/** The metric of a storage number, or `undefined`. */
export function metricByCode(code: number): Metric | undefined {
  return byCode.get(code);
}

/**
 * The metric of a HealthKit type, by full identifier (`HKQuantityTypeIdentifierStepCount`) or without its prefix.
 * `BloodGlucose` answers `blood_glucose`: whether the source is a glucose sensor is for the caller to tell.
 */
export function metricByHealthKit(identifier: string): Metric | undefined {
  return byHealthKit.get(identifier);
}

/**
 * The metrics one Health Connect record may carry, with or without its `Record` suffix. Where the sport decides
 * (`Power`, `Speed`), the untyped metric comes first.
 */
export function metricsByHealthConnect(record: string): readonly Metric[] {
  return byHealthConnect.get(record.replace(/Record$/, "")) ?? [];
}
