import type { Source } from "../../health/reading";
import { type Document, textOf } from "../documents/document";
import type { Emitter } from "../documents/emitter";
import { jsonItems } from "../documents/json-items";
import { isoMoment, type Moment } from "../documents/local-time";
import type { Format, FormatContext } from "../documents/reader";
import { type JsonObject, objectOf, textFrom } from "../documents/shape";

interface Measure {
  readonly metric: string;
  /** Units as the schemas spell them, and as UCUM does. */
  readonly units: Readonly<Record<string, string>>;
  readonly kind?: "interval";
}

const MASS = { kg: "kg", lb: "[lb_av]", g: "g" };
const LENGTH = { cm: "cm", m: "m", in: "[in_i]", ft: "[ft_i]" };

/** Metrics that data points may bring. */
export const openMHealthMetrics = (): string[] => [...Object.values(MEASURES).map(({ metric }) => metric), "blood_pressure"];

/** Properties of Open mHealth and IEEE 1752.1 bodies that carry a value. */
const MEASURES: Readonly<Record<string, Measure>> = {
  body_weight: { metric: "body_weight", units: MASS },
  body_height: { metric: "body_height", units: LENGTH },
  body_mass_index: { metric: "bmi", units: { "kg/m2": "kg/m2" } },
  body_fat_percentage: { metric: "body_fat_pct", units: { "%": "%" } },
  body_temperature: { metric: "body_temperature", units: { C: "Cel", F: "[degF]" } },
  heart_rate: { metric: "heart_rate", units: { "beats/min": "/min" } },
  blood_glucose: { metric: "blood_glucose", units: { "mg/dL": "mg/dL", "mmol/L": "mmol/L" } },
  oxygen_saturation: { metric: "spo2", units: { "%": "%" } },
  respiratory_rate: { metric: "respiratory_rate", units: { "breaths/min": "/min" } },
  step_count: { metric: "steps", units: { steps: "{steps}" }, kind: "interval" },
  calories_burned: { metric: "energy_total", units: { kcal: "kcal", kJ: "kJ" }, kind: "interval" },
};
const PRESSURES = ["systolic_blood_pressure", "diastolic_blood_pressure"] as const;
const STATISTICS = new Set([
  "average",
  "count",
  "maximum",
  "median",
  "minimum",
  "standard deviation",
  "sum",
  "variance",
  "20th percentile",
  "80th percentile",
  "lower quartile",
  "upper quartile",
  "quartile deviation",
  "1st quintile",
  "2nd quintile",
  "3rd quintile",
  "4th quintile",
]);
const RELATIONS: Readonly<Record<string, ReadonlySet<string>>> = {
  temporal_relationship_to_physical_activity: new Set(["at rest", "active", "before exercise", "after exercise", "during exercise"]),
  temporal_relationship_to_sleep: new Set(["before sleeping", "during sleep", "on waking"]),
  body_posture: new Set(["sitting", "lying down", "standing", "semi-recumbent"]),
};
/** Qualifiers that are kept as they are. */
const KEPT = [
  "descriptive_statistic",
  "temporal_relationship_to_physical_activity",
  "temporal_relationship_to_sleep",
  "temporal_relationship_to_meal",
  "body_posture",
  "measurement_location",
  "measurement_site",
] as const;
const SOURCE: Source = { vendor: "open_mhealth" };

/** Data points of Open mHealth and IEEE 1752.1, with or without their header; what the schemas do not allow is refused. */
export const OPEN_MHEALTH: Format = {
  name: "open-mhealth",
  recognise: ({ text }) =>
    /^[\s\u{feff}]*[[{]/u.test(text) &&
    (/"effective_time_frame"\s*:/.test(text) ||
      new RegExp(`"(?:${Object.keys(MEASURES).join("|")}|${PRESSURES.join("|")})"\\s*:\\s*\\{`).test(text)),
  read: readOpenMHealth,
};

async function* readOpenMHealth(document: Document, { emit }: FormatContext): AsyncGenerator<void, void> {
  for await (const item of jsonItems(textOf(document))) {
    const point = objectOf(item);
    if (point === undefined) emit.reject("data point", "unreadable", "Data points of an unknown form.");
    else readDataPoint(point, emit);
    yield;
  }
}

/** Reads one data point. `base` is its source but for the app and the way of recording, which its header says. */
export function readDataPoint(point: JsonObject, emit: Emitter, base: Source = SOURCE, version?: number): void {
  const header = objectOf(point["header"]);
  const body = objectOf(point["body"]) ?? point;
  const property = Object.keys(MEASURES).find((key) => key in body);
  const type = PRESSURES.some((key) => key in body)
    ? "blood_pressure"
    : (property ?? textFrom(objectOf(header?.["schema_id"])?.["name"]) ?? "data point");
  const fault = faultOf(body);
  const frame = frameOf(objectOf(body["effective_time_frame"]));
  if (fault !== undefined) return emit.reject(type, "invalid", fault);
  if (frame === undefined) return emit.reject(type, "invalid", "A data point's time frame is missing or not as the schema says.");
  const attributes = Object.fromEntries([
    ...KEPT.flatMap((key) => (typeof body[key] === "string" ? [[key, body[key]]] : [])),
    ...(frame.isInterval ? [["end", new Date(frame.end).toISOString()]] : []),
  ]) as JsonObject;
  const provenance = objectOf(header?.["acquisition_provenance"]) ?? objectOf(header?.["modality"]);
  const modality = textFrom(provenance?.["modality"]) ?? textFrom(header?.["modality"]);
  const app = textFrom(provenance?.["source_name"]);
  const source: Source = {
    ...base,
    recordingMethod: modality === "self-reported" ? "manual" : modality === "sensed" ? "automatic" : "unknown",
    ...(app !== undefined && { app: app.slice(0, 100) }),
  };
  const id = textFrom(header?.["id"]) ?? textFrom(header?.["uuid"]);
  const shared = { type, source, id, version, ...(Object.keys(attributes).length > 0 && { attributes }) };
  if (type === "blood_pressure") {
    const [systolic, diastolic] = PRESSURES.map((key) => valueOf(body[key], { mmHg: "mm[Hg]" }));
    if (systolic === undefined || diastolic === undefined)
      return emit.reject(type, "invalid", "A pressure is missing, or its unit is not mmHg.");
    return emit.panel({ ...shared, metric: "blood_pressure" }, frame, { systolic: systolic.value, diastolic: diastolic.value });
  }
  const measure = property === undefined ? undefined : MEASURES[property];
  if (measure === undefined || property === undefined)
    return emit.reject(type, "not_mapped", `Schemas that are not read: ${type.replaceAll(/[^\w-]/g, "").slice(0, 60)}`);
  const told =
    typeof body[property] === "number"
      ? { value: body[property], unit: Object.values(measure.units)[0]! }
      : valueOf(body[property], measure.units);
  if (told === undefined) return emit.reject(type, "invalid", "A value is missing, or its unit is not one of the schema's.");
  if (measure.kind === "interval") emit.interval({ ...shared, metric: measure.metric, ...told }, frame, frame.end);
  else emit.sample({ ...shared, metric: measure.metric, ...told }, frame);
}

function faultOf(body: JsonObject): string | undefined {
  if (body["descriptive_statistic"] !== undefined && !STATISTICS.has(textFrom(body["descriptive_statistic"]) ?? ""))
    return "A descriptive statistic is none of the schema's.";
  for (const [key, allowed] of Object.entries(RELATIONS))
    if (body[key] !== undefined && !allowed.has(textFrom(body[key]) ?? "")) return `A value of ${key} is none of the schema's.`;
  return undefined;
}

function valueOf(item: unknown, units: Readonly<Record<string, string>>): { readonly value: number; readonly unit: string } | undefined {
  const object = objectOf(item);
  const unit = units[textFrom(object?.["unit"]) ?? ""];
  const value = object?.["value"];
  return unit !== undefined && typeof value === "number" ? { value, unit } : undefined;
}

interface Frame extends Moment {
  readonly end: number;
  readonly isInterval: boolean;
}

const DURATIONS: Readonly<Record<string, number>> = { ms: 1, sec: 1_000, min: 60_000, h: 3_600_000, d: 86_400_000, wk: 604_800_000 };

/** A `date_time`, or an interval of two ends or of one and a duration; nothing else says when something was. */
function frameOf(frame: JsonObject | undefined): Frame | undefined {
  if (frame === undefined) return undefined;
  const instant = exactly(frame["date_time"]);
  const interval = objectOf(frame["time_interval"]);
  if ((instant === undefined) === (interval === undefined)) return undefined;
  if (instant !== undefined) return { ...instant, end: instant.at, isInterval: false };
  const [start, end] = [exactly(interval?.["start_date_time"]), exactly(interval?.["end_date_time"])];
  const duration = objectOf(interval?.["duration"]);
  const length =
    typeof duration?.["value"] === "number" ? duration["value"] * (DURATIONS[textFrom(duration["unit"]) ?? ""] ?? Number.NaN) : undefined;
  if (start !== undefined && end !== undefined) return end.at >= start.at ? { ...start, end: end.at, isInterval: true } : undefined;
  if (length === undefined || !(length >= 0)) return undefined;
  if (start !== undefined) return { ...start, end: start.at + length, isInterval: true };
  return end === undefined ? undefined : { at: end.at - length, zone: end.zone, end: end.at, isInterval: true };
}

function exactly(value: unknown): Moment | undefined {
  return typeof value === "string" && /T.*(?:Z|[+-]\d{2}:\d{2})$/.test(value) ? isoMoment(value, 0) : undefined;
}
