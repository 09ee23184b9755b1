import { healthConnectValue } from "./category-values";
import { isObject, type Json } from "./reject";
import { saysYes } from "./source";

type Attributes = Readonly<Record<string, unknown>>;

/** One remark that a record may carry beside its number: where it stands, and how its value is named. */
interface Annotation {
  readonly attribute: string;
  readonly field: string;
  readonly values: string | readonly (string | undefined)[];
}

const MEAL: readonly Annotation[] = [
  { attribute: "relationToMeal", field: "relationToMeal", values: "BloodGlucose.relationToMeal" },
  { attribute: "mealType", field: "mealType", values: "mealType" },
  { attribute: "specimenSource", field: "specimenSource", values: "BloodGlucose.specimenSource" },
  { attribute: "relationToMeal", field: "HKBloodGlucoseMealTime", values: [undefined, "before_meal", "after_meal"] },
];

/** Metric → remarks worth keeping with its readings. Dense metrics have none: their samples are packed numbers. */
const ANNOTATIONS: ReadonlyMap<string, readonly Annotation[]> = new Map([
  ["blood_glucose", MEAL],
  ["insulin_delivery", [{ attribute: "reason", field: "HKInsulinDeliveryReason", values: [undefined, "basal", "bolus"] }]],
  ["body_temperature", [{ attribute: "measurementLocation", field: "measurementLocation", values: "BodyTemperature.measurementLocation" }]],
  [
    "basal_body_temperature",
    [{ attribute: "measurementLocation", field: "measurementLocation", values: "BodyTemperature.measurementLocation" }],
  ],
  ["vo2_max", [{ attribute: "measurementMethod", field: "measurementMethod", values: "Vo2Max.measurementMethod" }]],
  [
    "blood_pressure",
    [
      { attribute: "bodyPosition", field: "bodyPosition", values: "BloodPressure.bodyPosition" },
      { attribute: "measurementLocation", field: "measurementLocation", values: "BloodPressure.measurementLocation" },
    ],
  ],
]);

/** The remarks of a record, or undefined where it carries none (the usual case). Values nobody knows are left out. */
export function annotations(metric: string, raw: Json, metadata: Json | undefined): Attributes | undefined {
  const wanted = ANNOTATIONS.get(metric);
  if (wanted === undefined) return undefined;
  let out: Record<string, unknown> | undefined;
  for (const { attribute, field, values } of wanted) {
    const told = raw[field] ?? metadata?.[field];
    if (told === undefined) continue;
    const name = typeof values === "string" ? healthConnectValue(values, told) : typeof told === "number" ? values[told] : undefined;
    if (name !== undefined && name !== "unspecified") out = { ...out, [attribute]: name };
  }
  return out;
}

/** Fields of an event that are kept beside its coded value. */
const EVENT_FIELDS = [
  "classification",
  "averageHeartRate",
  "symptomsStatus",
  "samplingFrequency",
  "kind",
  "labels",
  "associations",
  "valenceClassification",
  "name",
  "title",
] as const;
const MOST_WORDS = 50;
const LONGEST_WORD = 200;

/** The known details of an event: numbers, flags, short texts, and lists of short texts. */
export function eventAttributes(raw: Json, metadata: Json | undefined): Attributes | undefined {
  const out: Record<string, unknown> = {};
  for (const field of EVENT_FIELDS) {
    const kept = keepable(raw[field]);
    if (kept !== undefined) out[field] = kept;
  }
  const cycleStart = metadata?.["HKMenstrualCycleStart"];
  if (cycleStart !== undefined) out["cycleStart"] = saysYes(cycleStart);
  return Object.keys(out).length === 0 ? undefined : out;
}

function keepable(value: unknown): unknown {
  if (typeof value === "number") return Number.isFinite(value) ? value : undefined;
  if (typeof value === "boolean") return value;
  if (typeof value === "string") return value === "" || value.length > LONGEST_WORD ? undefined : value;
  if (!Array.isArray(value) || value.length === 0 || value.length > MOST_WORDS) return undefined;
  return value.every((word) => typeof word === "string" && word.length <= LONGEST_WORD) ? value : undefined;
}

/** What a correlation or a food record is called. */
export function mealName(raw: Json, metadata: Json | undefined): string | undefined {
  const name = raw["name"] ?? metadata?.["HKFoodType"];
  return typeof name === "string" && name !== "" ? name.slice(0, LONGEST_WORD) : undefined;
}

/** The parts of a correlation, under the names bridges use for them. */
export function partsOf(raw: Json): readonly unknown[] | undefined {
  const parts = raw["objects"] ?? raw["parts"] ?? raw["samples"] ?? raw["quantitySamples"];
  if (!Array.isArray(parts)) return undefined;
  const categories = raw["categorySamples"];
  return Array.isArray(categories) && parts !== categories ? [...parts, ...categories] : parts;
}

/** The type of a record that is part of another. */
export function partType(part: unknown): string | undefined {
  return isObject(part) && typeof part["type"] === "string" ? part["type"] : undefined;
}
