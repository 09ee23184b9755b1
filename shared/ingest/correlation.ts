import { type Meal, mealAttributes } from "../health/meal";
import { annotations, mealName, partsOf, partType } from "./annotations";
import type { Delivery, Header } from "./delivery";
import { type Plan, planOf } from "./plan";
import { quantity, recordQuantity } from "./quantity";
import { isObject, type Json, type RejectReason, textOf } from "./reject";

type MapRecord = (d: Delivery, raw: unknown, parent?: Header) => void;

/** One of HealthKit's two blood pressure types: waits for its other half. */
export function pressurePart(d: Delivery, raw: Json, plan: Plan): void {
  const value = recordQuantity(plan, raw);
  if (typeof value !== "number") return d.reject(value);
  const side = plan.name === "BloodPressureSystolic" ? "systolic" : "diastolic";
  d.panels.add(side, textOf(raw["parentId"]), { ...d.keep(), id: d.id, place: `${d.section}/${d.index}`, value });
}

/**
 * A whole blood pressure: Health Connect's record, a HealthKit correlation with its parts inside, or `value: { systolic, diastolic }`.
 * A correlation without parts is the header of two top-level records that name it as their parent.
 */
export function pressure(d: Delivery, raw: Json, plan: Plan): void {
  const parts = partsOf(raw);
  const inner = isObject(raw["value"]) ? raw["value"] : isObject(raw["components"]) ? raw["components"] : raw;
  const unit = inner["unit"] ?? raw["unit"];
  const systolic = parts === undefined ? quantity(plan, inner["systolic"], unit) : partValue(d, parts, "BloodPressureSystolic");
  const diastolic = parts === undefined ? quantity(plan, inner["diastolic"], unit) : partValue(d, parts, "BloodPressureDiastolic");
  if (systolic === "missing_value" && diastolic === "missing_value" && d.id !== undefined) {
    return d.panels.addHeader(d.id);
  }
  if (typeof systolic !== "number") return d.reject(systolic === "missing_value" ? "incomplete_panel" : systolic);
  if (typeof diastolic !== "number") return d.reject(diastolic === "missing_value" ? "incomplete_panel" : diastolic);
  if (d.id !== undefined) d.panels.addWhole(d.id);
  const attributes = annotations("blood_pressure", raw, d.metadata);
  emitPressure(d, { ...d.keep(), id: d.id, systolic, diastolic }, attributes);
}

/** Writes a blood pressure to the batch. */
export function emitPressure(
  d: Delivery,
  p: Header & { readonly id: string | undefined; readonly systolic: number; readonly diastolic: number },
  attributes?: Readonly<Record<string, unknown>>,
): void {
  d.builder.reading({
    metric: "blood_pressure",
    kind: "sample",
    source: p.source,
    start: p.start,
    end: p.start,
    value: null,
    components: { systolic: p.systolic, diastolic: p.diastolic },
    zone: p.zone,
    version: p.version,
    ...(attributes !== undefined && { attributes }),
    ...(p.id !== undefined && { id: p.id }),
  });
}

function partValue(d: Delivery, parts: readonly unknown[], name: string): number | RejectReason {
  for (const part of parts) {
    const type = partType(part);
    const plan = type === undefined ? undefined : planOf(d.platform, type);
    if (plan?.name === name && isObject(part)) return recordQuantity(plan, part);
  }
  return "missing_value";
}

/**
 * HealthKit's food correlation: a meal with the nutrients inside it, and the nutrients as readings of their own. Where the parts came
 * as top-level records instead, the meal carries its name alone.
 */
export function food(d: Delivery, raw: Json, mapRecord: MapRecord): void {
  const parts = partsOf(raw) ?? [];
  const parent = d.keep();
  const nutrients: Record<string, number> = {};
  for (const part of parts) {
    const type = partType(part);
    const plan = type === undefined ? undefined : planOf(d.platform, type);
    if (plan?.mode !== "interval" || !isObject(part)) continue;
    const value = recordQuantity(plan, part);
    if (typeof value === "number") nutrients[plan.row.key] = (nutrients[plan.row.key] ?? 0) + value;
  }
  emitMeal(d, { name: mealName(raw, d.metadata), nutrients });
  d.total += parts.length;
  for (const part of parts) mapRecord(d, part, parent);
}

/** Writes a meal with the header at hand. */
export function emitMeal(d: Delivery, meal: Meal): void {
  d.builder.reading({
    metric: "meal",
    kind: "event",
    source: d.source,
    start: d.start,
    end: d.end,
    value: null,
    attributes: mealAttributes(meal),
    zone: d.zone,
    version: d.version,
    ...(d.id !== undefined && { id: d.id }),
  });
}
