import type { Plan } from "./plan";
import { isObject, type Json, numberOf, type RejectReason } from "./reject";

/** Health Connect's measurement classes print one property per unit; any one of them tells the quantity. */
const UNIT_PROPERTIES: ReadonlyMap<string, string> = new Map([
  ["inKilograms", "kg"],
  ["inGrams", "g"],
  ["inMilligrams", "mg"],
  ["inMicrograms", "ug"],
  ["inPounds", "[lb_av]"],
  ["inOunces", "[oz_av]"],
  ["inMeters", "m"],
  ["inKilometers", "km"],
  ["inMiles", "[mi_i]"],
  ["inFeet", "[ft_i]"],
  ["inInches", "[in_i]"],
  ["inLiters", "L"],
  ["inMilliliters", "mL"],
  ["inFluidOuncesUs", "[foz_us]"],
  ["inKilocalories", "kcal"],
  ["inCalories", "cal"],
  ["inKilojoules", "kJ"],
  ["inJoules", "J"],
  ["inKilocaloriesPerDay", "kcal/d"],
  ["inWatts", "W"],
  ["inCelsius", "Cel"],
  ["inFahrenheit", "[degF]"],
  ["inMillimolesPerLiter", "mmol/L"],
  ["inMilligramsPerDeciliter", "mg/dL"],
  ["inMillimetersOfMercury", "mm[Hg]"],
  ["inMetersPerSecond", "m/s"],
  ["inKilometersPerHour", "km/h"],
  ["inMilesPerHour", "[mi_i]/h"],
]);

/**
 * One value in the canonical unit of a plan. Understood are a number with the unit beside it, `{ value, unit }`, and Health
 * Connect's `{ inKilograms: … }`. Returns the number, or the fault.
 */
export function quantity(plan: Plan, value: unknown, unit: unknown): number | RejectReason {
  if (typeof value === "number") return converted(plan, value, unit);
  if (value === undefined || value === null) return "missing_value";
  if (isObject(value)) return fromObject(plan, value, unit);
  const parsed = numberOf(value);
  return parsed === undefined ? "bad_value" : converted(plan, parsed, unit);
}

function fromObject(plan: Plan, value: Json, unit: unknown): number | RejectReason {
  if (value["value"] !== undefined) {
    const inner = numberOf(value["value"]);
    return inner === undefined ? "bad_value" : converted(plan, inner, value["unit"] ?? unit);
  }
  let fault: RejectReason = "missing_value";
  for (const [property, ucum] of UNIT_PROPERTIES) {
    const stated = value[property];
    if (stated === undefined) continue;
    const number = numberOf(stated);
    const result = number === undefined ? "bad_value" : converted(plan, number, ucum);
    if (typeof result === "number") return result;
    fault = result;
  }
  return fault;
}

function converted(plan: Plan, value: number, unit: unknown): number | RejectReason {
  const convert = plan.convert(unit);
  if (convert === undefined) return "unit_mismatch";
  const result = convert(value);
  return Number.isFinite(result) ? result : "bad_value";
}

/** The value of a record: in `value`, in the plan's own field, or in HealthKit's older `quantity` and `qty`. */
export function recordQuantity(plan: Plan, raw: Json): number | RejectReason {
  const value = raw["value"];
  if (typeof value === "number") return converted(plan, value, raw["unit"]);
  const field = plan.field;
  return quantity(
    plan,
    value ?? (field === undefined ? undefined : raw[field]) ?? raw["quantity"] ?? raw["qty"] ?? raw["count"],
    raw["unit"],
  );
}
