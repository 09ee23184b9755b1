import { MINUTE_MS } from "../clock";
import { metric, metricsByHealthConnect } from "../health/catalogue";
import { mealName } from "./annotations";
import { healthConnectValue } from "./category-values";
import { emitMeal } from "./correlation";
import type { Delivery } from "./delivery";
import { Plan } from "./plan";
import { quantity, recordQuantity } from "./quantity";
import { isObject, type Json } from "./reject";

/**
 * Health Connect's series records (heart rate, speed, power, cadence): every sample is a reading under the record's id, so that
 * deleting the record deletes them all. A record with a plain value instead of samples is one sample.
 */
export function series(d: Delivery, raw: Json, plan: Plan): void {
  const samples = raw["samples"];
  const { key } = plan.row;
  if (!Array.isArray(samples)) {
    const value = recordQuantity(plan, raw);
    return typeof value === "number" ? d.builder.sample(key, d.source, d.start, value, d.zone, d.version, d.id) : d.reject(value);
  }
  if (samples.length === 0) return d.reject("missing_value");
  d.total += samples.length - 1;
  for (const sample of samples) {
    if (!isObject(sample)) {
      d.reject("not_an_object");
      continue;
    }
    const at = d.instant(sample["time"] ?? sample["startTime"] ?? sample["date"]);
    if (at === undefined) {
      d.reject("bad_date");
      continue;
    }
    const value = quantity(plan, sample[plan.field ?? "value"] ?? sample["value"], sample["unit"] ?? raw["unit"]);
    if (typeof value === "number") d.builder.sample(key, d.source, at, value, d.zone, d.version, d.id);
    else d.reject(value);
  }
}

const deviationRow = metric("skin_temp_deviation");
const deviation = deviationRow === undefined ? undefined : new Plan("sample", deviationRow, "skin_temp_deviation");

/**
 * Skin temperature comes as differences from a baseline. The differences are readings; where the baseline is told, so are the
 * temperatures. A record with a plain value is one temperature.
 */
export function skinTemperature(d: Delivery, raw: Json, plan: Plan): void {
  const deltas = raw["deltas"];
  if (!Array.isArray(deltas) || deltas.length === 0) {
    const value = quantity(plan, raw["value"] ?? raw["temperature"] ?? raw["baseline"], raw["unit"] ?? "Cel");
    return typeof value === "number" ? d.builder.sample("skin_temp", d.source, d.start, value, d.zone, d.version, d.id) : d.reject(value);
  }
  const baseline = raw["baseline"] === undefined || raw["baseline"] === null ? undefined : quantity(plan, raw["baseline"], "Cel");
  if (typeof baseline === "string") return d.reject(baseline);
  d.total += deltas.length - 1;
  for (const entry of deltas) {
    const at = isObject(entry) ? d.instant(entry["time"]) : undefined;
    if (!isObject(entry) || at === undefined || deviation === undefined) {
      d.reject("bad_date");
      continue;
    }
    const delta = quantity(deviation, entry["delta"] ?? entry["value"], entry["unit"] ?? "Cel");
    if (typeof delta !== "number") {
      d.reject(delta);
      continue;
    }
    d.builder.sample("skin_temp_deviation", d.source, at, delta, d.zone, d.version, d.id);
    if (baseline === undefined) continue;
    d.total++;
    d.builder.sample("skin_temp", d.source, at, baseline + delta, d.zone, d.version, d.id);
  }
}

/** Minutes of moderate or vigorous activity, which are minutes of exercise too. */
export function activityIntensity(d: Delivery, raw: Json): void {
  const told = raw["activityIntensityType"] ?? raw["intensity"] ?? raw["value"];
  if (told === undefined || told === null) return d.reject("missing_value");
  const name = typeof told === "string" ? told.toLowerCase() : told;
  const vigorous = name === 1 || (typeof name === "string" && name.endsWith("vigorous"));
  const moderate = name === 0 || (typeof name === "string" && name.endsWith("moderate"));
  if (!vigorous && !moderate) return d.reject("bad_value");
  const minutes = (d.end - d.start) / MINUTE_MS;
  d.total++;
  d.builder.interval(vigorous ? "vigorous_minutes" : "moderate_minutes", d.source, d.start, d.end, minutes, d.zone, d.version, d.id);
  d.builder.interval("exercise_minutes", d.source, d.start, d.end, minutes, d.zone, d.version, d.id);
}

/** The fields of a nutrition record that carry an amount. */
const NUTRIENTS: readonly Plan[] = metricsByHealthConnect("Nutrition")
  .filter((row) => row.healthConnect?.field !== undefined)
  .map((row) => new Plan("interval", row, "Nutrition", { field: row.healthConnect?.field, unit: row.healthConnect?.unit }));

/** A nutrition record: one meal, and one reading per nutrient in it. */
export function nutrition(d: Delivery, raw: Json): void {
  const nutrients: Record<string, number> = {};
  for (const plan of NUTRIENTS) {
    const stated = plan.field === undefined ? undefined : raw[plan.field];
    if (stated === undefined || stated === null) continue;
    d.total++;
    const value = quantity(plan, stated, undefined);
    if (typeof value !== "number") {
      d.reject(value);
      continue;
    }
    nutrients[plan.row.key] = value;
    d.builder.interval(plan.row.key, d.source, d.start, d.end, value, d.zone, d.version, d.id);
  }
  emitMeal(d, { name: mealName(raw, d.metadata), mealType: healthConnectValue("mealType", raw["mealType"]), nutrients });
}
