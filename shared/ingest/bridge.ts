import { isObject, type Json, loose, textOf } from "./reject";

/** What a section of a push holds. */
export type SectionKind = "records" | "sleep" | "workouts";

/** A list of records and the JSON pointer of its place in the body. */
export interface Section {
  readonly kind: SectionKind;
  readonly pointer: string;
  readonly items: readonly unknown[];
}

/**
 * A shape that bridge apps post instead of our envelope. `read` returns its sections, or undefined where the body has another shape.
 */
interface Shape {
  readonly name: string;
  readonly read: (body: Json) => readonly Section[] | undefined;
}

/**
 * The shapes of the bridge apps we know, tried in this order when the body has no `data` object of ours:
 * - `flat`: our lists at the top level, or `records` of `{ record_type, value, unit, start_time_ms, end_time_ms }`;
 * - `grouped`: one list per metric, `{ steps: [{ count, start_time, end_time }], heart_rate: [{ bpm, time }], … }`;
 * - `metrics`: `{ data: { metrics: [{ name, units, data: [{ qty, date }] }], workouts } }`;
 * - `points`: `{ data: [{ name, qty, date, source }] }`;
 * - `document`: one sample in the style of Open mHealth's HealthKit schemas.
 */
const SHAPES: readonly Shape[] = [
  { name: "metrics", read: metricsShape },
  { name: "points", read: pointsShape },
  { name: "flat", read: flatShape },
  { name: "grouped", read: groupedShape },
  { name: "document", read: documentShape },
];

/** The sections of a body in one of the bridge shapes, or undefined. */
export function bridgeSections(body: Json): readonly Section[] | undefined {
  for (const shape of SHAPES) {
    const sections = shape.read(body);
    if (sections !== undefined) return sections;
  }
  return undefined;
}

const KINDS: readonly SectionKind[] = ["records", "sleep", "workouts"];

function flatShape(body: Json): readonly Section[] | undefined {
  if (body["data"] !== undefined) return undefined;
  // A `sleep` list alone belongs to the grouped shape, whose entries are named differently.
  if (!Array.isArray(body["records"]) && !Array.isArray(body["workouts"])) return undefined;
  return KINDS.flatMap((kind) => {
    const items = body[kind];
    return Array.isArray(items) ? [{ kind, pointer: `/${kind}`, items: items.map(flatRecord) }] : [];
  });
}

function flatRecord(raw: unknown): unknown {
  if (!isObject(raw) || raw["type"] !== undefined || raw["record_type"] === undefined) return raw;
  return {
    ...raw,
    type: raw["record_type"],
    startDate: raw["start_time_ms"] ?? raw["start_time"],
    endDate: raw["end_time_ms"] ?? raw["end_time"],
    lastModifiedTime: raw["captured_at_ms"],
  };
}

/** One group of the grouped shape: the type, and the field of the value with its unit. */
interface Group {
  readonly type: string;
  readonly field?: string;
  readonly unit?: string;
  readonly kind?: SectionKind;
}

const GROUPS: Readonly<Record<string, Group>> = {
  steps: { type: "Steps", field: "count" },
  heart_rate: { type: "HeartRate", field: "bpm" },
  resting_heart_rate: { type: "RestingHeartRate", field: "bpm" },
  heart_rate_variability: { type: "HeartRateVariabilityRmssd", field: "rmssd_millis" },
  distance: { type: "Distance", field: "meters", unit: "m" },
  active_calories: { type: "ActiveCaloriesBurned", field: "calories", unit: "kcal" },
  total_calories: { type: "TotalCaloriesBurned", field: "calories", unit: "kcal" },
  weight: { type: "Weight", field: "kilograms", unit: "kg" },
  height: { type: "Height", field: "meters", unit: "m" },
  body_fat: { type: "BodyFat", field: "percentage", unit: "%" },
  oxygen_saturation: { type: "OxygenSaturation", field: "percentage", unit: "%" },
  respiratory_rate: { type: "RespiratoryRate", field: "rate" },
  body_temperature: { type: "BodyTemperature", field: "celsius", unit: "Cel" },
  blood_glucose: { type: "BloodGlucose", field: "mmol_per_liter", unit: "mmol/L" },
  blood_pressure: { type: "BloodPressure" },
  hydration: { type: "Hydration", field: "liters", unit: "L" },
  vo2_max: { type: "Vo2Max", field: "ml_per_kg_per_min" },
  floors_climbed: { type: "FloorsClimbed", field: "floors" },
  nutrition: { type: "Nutrition" },
  sleep: { type: "SleepSession", kind: "sleep" },
  exercise: { type: "ExerciseSession", kind: "workouts" },
};

const NUTRITION_FIELDS: readonly (readonly [string, string, string])[] = [
  ["calories", "energy", "kcal"],
  ["protein_grams", "protein", "g"],
  ["carbs_grams", "totalCarbohydrate", "g"],
  ["fat_grams", "totalFat", "g"],
];

function groupedShape(body: Json): readonly Section[] | undefined {
  if (body["data"] !== undefined) return undefined;
  const sections: Section[] = [];
  for (const [name, group] of Object.entries(GROUPS)) {
    const items = body[name];
    if (!Array.isArray(items)) continue;
    sections.push({ kind: group.kind ?? "records", pointer: `/${name}`, items: items.map((raw) => grouped(raw, group)) });
  }
  return sections.length === 0 ? undefined : sections;
}

function grouped(raw: unknown, group: Group): unknown {
  if (!isObject(raw)) return raw;
  const end = raw["end_time"] ?? raw["session_end_time"];
  const seconds = raw["duration_seconds"];
  const start =
    raw["start_time"] ?? raw["time"] ?? (typeof seconds === "number" && typeof end === "string" ? startOf(end, seconds) : undefined);
  const base = { ...raw, type: group.type, startDate: start, endDate: end };
  if (group.kind === "workouts") return { ...base, exerciseType: raw["type"], duration: seconds };
  if (group.kind === "sleep") return { ...base, stages: Array.isArray(raw["stages"]) ? raw["stages"].map(groupedStage) : [] };
  if (group.type === "Nutrition") {
    const amounts = NUTRITION_FIELDS.flatMap(([from, to, unit]) =>
      raw[from] === undefined ? [] : [[to, { value: raw[from], unit }] as const],
    );
    return { ...base, ...Object.fromEntries(amounts) };
  }
  if (group.field === undefined) return base;
  return { ...base, value: raw[group.field], ...(group.unit !== undefined && { unit: group.unit }) };
}

function groupedStage(raw: unknown): unknown {
  return isObject(raw) ? { ...raw, startTime: raw["start_time"], endTime: raw["end_time"] } : raw;
}

function startOf(end: string, seconds: number): number | undefined {
  const at = Date.parse(end);
  return Number.isNaN(at) ? undefined : at - Math.round(seconds * 1_000);
}

function metricsShape(body: Json): readonly Section[] | undefined {
  const data = body["data"];
  if (!isObject(data) || !Array.isArray(data["metrics"]) || data["records"] !== undefined) return undefined;
  const sections: Section[] = data["metrics"].flatMap((metric: unknown, i: number): Section[] => {
    if (!isObject(metric) || !Array.isArray(metric["data"])) return [];
    const name = textOf(metric["name"]) ?? "";
    const units = metric["units"];
    const pointer = `/data/metrics/${i}/data`;
    const isSleep = loose(name) === "sleepanalysis";
    return [
      {
        kind: isSleep ? "sleep" : "records",
        pointer,
        items: metric["data"].map((raw: unknown) => (isSleep ? sleepPoint(raw) : point(raw, name, units))),
      },
    ];
  });
  if (Array.isArray(data["workouts"]))
    sections.push({ kind: "workouts", pointer: "/data/workouts", items: data["workouts"].map(metricsWorkout) });
  return sections;
}

function point(raw: unknown, name: string, units: unknown): unknown {
  if (!isObject(raw)) return raw;
  const pressure = raw["systolic"] !== undefined ? { systolic: raw["systolic"], diastolic: raw["diastolic"] } : {};
  return {
    type: name,
    value: raw["qty"] ?? raw["Avg"],
    unit: units,
    startDate: raw["startDate"] ?? raw["date"],
    endDate: raw["endDate"],
    source: raw["source"],
    ...pressure,
  };
}

/** One night in figures: from being in bed to leaving it, with the time asleep as one stretch. */
function sleepPoint(raw: unknown): unknown {
  if (!isObject(raw)) return raw;
  if (raw["value"] !== undefined) return { ...raw, stage: raw["value"] };
  const asleep = { startTime: raw["sleepStart"], endTime: raw["sleepEnd"], stage: "asleepUnspecified" };
  return {
    startDate: raw["inBedStart"] ?? raw["sleepStart"],
    endDate: raw["inBedEnd"] ?? raw["sleepEnd"],
    stages: raw["sleepStart"] === undefined ? [] : [asleep],
    source: raw["sleepSource"] ?? raw["source"] ?? raw["inBedSource"],
  };
}

const METRICS_FIGURES = ["activeEnergyBurned", "activeEnergy", "distance", "avgHeartRate", "maxHeartRate", "elevationUp"] as const;

function metricsWorkout(raw: unknown): unknown {
  if (!isObject(raw)) return raw;
  const values: unknown[] = raw["duration"] === undefined ? [] : [{ type: "duration", value: raw["duration"], unit: "s" }];
  for (const field of METRICS_FIGURES) {
    const stated = raw[field];
    if (isObject(stated))
      values.push({ type: field === "elevationUp" ? "elevationGain" : field, value: stated["qty"], unit: stated["units"] });
  }
  return { id: raw["id"], type: raw["name"], startDate: raw["start"], endDate: raw["end"], values };
}

function pointsShape(body: Json): readonly Section[] | undefined {
  const data = body["data"];
  if (!Array.isArray(data) || data.length === 0) return undefined;
  const [first] = data;
  if (!isObject(first) || first["name"] === undefined || first["date"] === undefined) return undefined;
  return [
    {
      kind: "records",
      pointer: "/data",
      items: data.map((raw: unknown) =>
        point(raw, isObject(raw) ? (textOf(raw["name"]) ?? "") : "", isObject(raw) ? raw["units"] : undefined),
      ),
    },
  ];
}

function documentShape(body: Json): readonly Section[] | undefined {
  if (!isObject(body["effective_time_frame"])) return undefined;
  const workout = body["activity_name"] !== undefined;
  return [{ kind: workout ? "workouts" : "records", pointer: "", items: [document(body)] }];
}

function document(raw: Json): Json {
  const frame = raw["effective_time_frame"];
  const interval = isObject(frame) ? frame["time_interval"] : undefined;
  const at = isObject(frame) ? frame["date_time"] : undefined;
  const amount = isObject(raw["unit_value"]) ? raw["unit_value"] : { value: raw["count"] ?? raw["category_value"] };
  const parts = [raw["quantity_samples"], raw["category_samples"]].flatMap((list) => (Array.isArray(list) ? list : []));
  const energy = raw["kcal_burned"];
  return {
    id: raw["id"],
    type: raw["quantity_type"] ?? raw["category_type"] ?? raw["correlation_type"] ?? raw["activity_name"],
    startDate: isObject(interval) ? interval["start_date_time"] : at,
    endDate: isObject(interval) ? interval["end_date_time"] : undefined,
    value: amount["value"],
    unit: amount["unit"],
    metadata: raw["metadata"],
    distance: raw["distance"],
    duration: raw["duration"],
    ...(parts.length > 0 && { parts: parts.map((part: unknown) => (isObject(part) ? document(part) : part)) }),
    ...(isObject(energy) && { totalEnergyBurned: energy }),
  };
}
