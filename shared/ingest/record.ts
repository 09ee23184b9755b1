import { MINUTE_MS } from "../clock";
import { annotations, eventAttributes } from "./annotations";
import { canonicalValue, categoryValue, hasCategoryValue, healthConnectValue } from "./category-values";
import { activityIntensity, nutrition, series, skinTemperature } from "./health-connect";
import { food, pressure, pressurePart } from "./correlation";
import type { Delivery, Header } from "./delivery";
import { type Plan, planOf } from "./plan";
import { recordQuantity } from "./quantity";
import { isObject, type Json } from "./reject";
import { sleepEntry } from "./sleep";
import { workoutEntry } from "./workout";

/**
 * Maps one record into the delivery's batch, or refuses it. `parent` is the record it is nested in: it lends its header, and forbids
 * records that would nest further.
 */
export function mapRecord(d: Delivery, raw: unknown, parent?: Header): void {
  if (!isObject(raw)) {
    d.id = undefined;
    return d.reject("not_an_object");
  }
  const fault = d.header(raw, parent);
  if (fault !== undefined) return d.reject(fault);
  const type = raw["type"] ?? raw["recordType"] ?? raw["dataType"];
  const plan = typeof type === "string" ? planOf(d.platform, type) : undefined;
  if (plan === undefined) return d.reject("unknown_type");
  switch (plan.mode) {
    case "sample":
    case "interval":
      return number(d, raw, plan, plan.mode);
    case "series":
      return series(d, raw, plan);
    case "pressure_part":
      return pressurePart(d, raw, plan);
    case "glucose":
      return glucose(d, raw, plan);
    case "minutes":
      return d.builder.interval(plan.row.key, d.source, d.start, d.end, (d.end - d.start) / MINUTE_MS, d.zone, d.version, d.id);
    case "stand_hour":
      return standHour(d, raw, plan);
    case "category":
    case "cycle_start":
      return category(d, raw, plan);
    case "event":
      return event(d, raw, plan);
    case "daily":
      return daily(d, raw, plan);
    case "skin_temperature":
      return skinTemperature(d, raw, plan);
    case "activity_intensity":
      return activityIntensity(d, raw);
    default:
      return parent === undefined ? compound(d, raw, plan) : nested(d, raw, plan);
  }
}

/** Records that hold others. */
function compound(d: Delivery, raw: Json, plan: Plan): void {
  switch (plan.mode) {
    case "pressure":
      return pressure(d, raw, plan);
    case "food":
      return food(d, raw, mapRecord);
    case "nutrition":
      return nutrition(d, raw);
    case "workout":
      return workoutEntry(d, raw, mapRecord);
    default:
      return sleepEntry(d, raw);
  }
}

/** Of the records that may hold others, a correlation may contain a stretch of sleep; nothing else nests twice. */
function nested(d: Delivery, raw: Json, plan: Plan): void {
  if (plan.mode === "sleep") sleepEntry(d, raw);
  else d.reject("unknown_type");
}

function number(d: Delivery, raw: Json, plan: Plan, kind: "sample" | "interval"): void {
  const value = recordQuantity(plan, raw);
  if (typeof value !== "number") return d.reject(value);
  const { key } = plan.row;
  const attributes = annotations(key, raw, d.metadata);
  if (attributes !== undefined) {
    d.builder.reading({ metric: key, kind, ...reading(d), end: kind === "sample" ? d.start : d.end, value, attributes });
  } else if (kind === "sample") d.builder.sample(key, d.source, d.start, value, d.zone, d.version, d.id);
  else d.builder.interval(key, d.source, d.start, d.end, value, d.zone, d.version, d.id);
}

/** The header as the fields of a reading. */
function reading(d: Delivery) {
  return { source: d.source, start: d.start, end: d.end, zone: d.zone, version: d.version, ...(d.id !== undefined && { id: d.id }) };
}

/** A sensor's glucose in interstitial fluid and a meter's in blood are two metrics: the specimen tells, or else the app. */
function glucose(d: Delivery, raw: Json, plan: Plan): void {
  const value = recordQuantity(plan, raw);
  if (typeof value !== "number") return d.reject(value);
  const told = raw["specimenSource"] ?? d.metadata?.["specimenSource"];
  const specimen = told === "interstitial" ? "interstitial_fluid" : healthConnectValue("BloodGlucose.specimenSource", told);
  const known = specimen !== undefined && specimen !== "unspecified";
  if (known ? specimen === "interstitial_fluid" : d.sources.isGlucoseSensor(d.source)) {
    return d.builder.sample("cgm_glucose", d.source, d.start, value, d.zone, d.version, d.id);
  }
  const attributes = annotations("blood_glucose", raw, d.metadata);
  if (attributes === undefined) d.builder.sample("blood_glucose", d.source, d.start, value, d.zone, d.version, d.id);
  else d.builder.reading({ metric: "blood_glucose", kind: "sample", ...reading(d), end: d.start, value, attributes });
}

/** HealthKit says of every hour whether the wearer stood in it; the hours stood are what is counted. */
function standHour(d: Delivery, raw: Json, plan: Plan): void {
  const name = categoryValue(plan.name, false, raw["value"]);
  if (name === undefined) return d.reject(raw["value"] === undefined ? "missing_value" : "bad_value");
  d.builder.interval(plan.row.key, d.source, d.start, d.end, name === "stood" ? 1 : 0, d.zone, d.version, d.id);
}

function category(d: Delivery, raw: Json, plan: Plan): void {
  const symptom = plan.row.key.startsWith("symptom.");
  const value = raw["value"];
  let text: string | undefined;
  if (hasCategoryValue(plan.name, symptom)) {
    if (value === undefined || value === null) return d.reject("missing_value");
    text = categoryValue(plan.name, symptom, value);
    if (text === undefined) return d.reject("bad_value");
  } else if (plan.row.key === "sexual_activity") text = protection(d.metadata?.["HKSexualActivityProtectionUsed"]);
  emitEvent(d, raw, plan, text, null);
}

function protection(told: unknown): string {
  if (told === undefined || told === null) return "unspecified";
  return told === true || told === 1 || told === "1" || told === "true" ? "protected" : "unprotected";
}

function event(d: Delivery, raw: Json, plan: Plan): void {
  const enumeration = `${plan.name}.${plan.field}`;
  const stated = (plan.field === undefined ? undefined : raw[plan.field]) ?? raw["value"];
  const coded = healthConnectValue(enumeration, stated);
  if (coded !== undefined) return emitEvent(d, raw, plan, coded, null);
  if (plan.row.values !== undefined) {
    const text = typeof stated === "string" && stated.length <= 100 ? canonicalValue(plan.row.values, stated) : undefined;
    if (text !== undefined && plan.row.values.includes(text)) return emitEvent(d, raw, plan, text, null);
    // A platform's event without its value still happened, unless a value of it is present and unreadable.
    if (stated !== undefined && stated !== null) return d.reject("bad_value");
  } else if (plan.row.unit !== "" && stated !== undefined && stated !== null && typeof stated !== "string") {
    const value = recordQuantity(plan, raw);
    return typeof value === "number" ? emitEvent(d, raw, plan, undefined, value) : d.reject(value);
  }
  emitEvent(d, raw, plan, undefined, null);
}

function emitEvent(d: Delivery, raw: Json, plan: Plan, text: string | undefined, value: number | null): void {
  const attributes = eventAttributes(raw, d.metadata);
  d.builder.reading({
    metric: plan.row.key,
    kind: "event",
    ...reading(d),
    value,
    ...(text !== undefined && { text: canonicalValue(plan.row.values, text) }),
    ...(attributes !== undefined && { attributes }),
  });
}

/** Metrics that exist as day values only keep the local day their record ends on, where the zone tells it. */
function daily(d: Delivery, raw: Json, plan: Plan): void {
  const value = recordQuantity(plan, raw);
  if (typeof value !== "number") return d.reject(value);
  const date = d.localDate();
  if (date === undefined) return d.reject("zone_missing");
  d.builder.reading({ metric: plan.row.key, kind: "daily", ...reading(d), value, date });
}
