import { type Metric, metric, metricByHealthKit, METRICS, metricsByHealthConnect } from "../health/catalogue";
import { converter } from "../health/units";
import { NAME_ALIASES } from "./aliases";
import { loose } from "./reject";

/** The three phone platforms of the push door, as they stand in its path. */
export const PLATFORMS = ["healthkit", "health-connect", "samsung-health"] as const;
export type Platform = (typeof PLATFORMS)[number];

/** How the records of a type are mapped. */
export type Mode =
  | "sample"
  | "interval"
  | "daily"
  | "series"
  | "event"
  | "category"
  | "minutes"
  | "glucose"
  | "pressure"
  | "pressure_part"
  | "food"
  | "nutrition"
  | "sleep"
  | "workout"
  | "skin_temperature"
  | "activity_intensity"
  | "stand_hour"
  | "cycle_start";

type Convert = (value: number) => number;
const UNITS_KEPT = 64;

/** Everything that is the same for all records of one type: found once per type, not once per record. */
export class Plan {
  readonly mode: Mode;
  readonly row: Metric;
  /** The type without its vendor's prefix or suffix. */
  readonly name: string;
  /** Where the value stands when it is not in `value`. */
  readonly field: string | undefined;
  readonly #defaultUnit: string;
  readonly #fraction: boolean;
  #lastUnit: string | undefined;
  #lastConvert: Convert | undefined;
  readonly #converts = new Map<string, Convert | undefined>();

  constructor(
    mode: Mode,
    row: Metric,
    name: string,
    options: { readonly field?: string | undefined; readonly unit?: string | undefined; readonly fraction?: boolean | undefined } = {},
  ) {
    this.mode = mode;
    this.row = row;
    this.name = name;
    this.field = options.field;
    this.#defaultUnit = options.unit ?? row.unit;
    this.#fraction = options.fraction ?? false;
  }

  /** The conversion from a record's unit (UCUM or a known spelling; none means the platform's own) to the canonical one. */
  convert(unit: unknown): Convert | undefined {
    const from = unit === undefined || unit === null || unit === "" ? this.#defaultUnit : unit;
    if (typeof from !== "string") return undefined;
    if (from === this.#lastUnit) return this.#lastConvert;
    let known = this.#converts.get(from);
    if (known === undefined && !this.#converts.has(from)) {
      if (this.#converts.size >= UNITS_KEPT) this.#converts.clear();
      known = this.#build(from);
      this.#converts.set(from, known);
    }
    this.#lastUnit = from;
    this.#lastConvert = known;
    return known;
  }

  #build(from: string): Convert | undefined {
    if (from.length > 64) return undefined;
    if (this.#fraction && FRACTION_UNITS.has(from)) return percentOf;
    return converter(from, this.row.unit, GLUCOSE.test(this.row.key) ? "glucose" : undefined);
  }
}

const GLUCOSE = /glucose|^cgm_/;
const FRACTION_UNITS = new Set(["%", "1", "count", "percent"]);

/** HealthKit calls a fraction of 1 `%`; clients that already multiplied are recognised by the size. */
function percentOf(value: number): number {
  return value <= 1.5 ? value * 100 : value;
}

const PLANS_KEPT = 2_000;
const plans: Readonly<Record<Platform, Map<string, Plan | undefined>>> = {
  healthkit: new Map(),
  "health-connect": new Map(),
  "samsung-health": new Map(),
};

/**
 * The plan of a type name on a platform, or undefined for names nobody knows. Understood are HealthKit identifiers in full or
 * without prefix, Health Connect records with or without `Record`, Samsung Health names, catalogue keys, and the usual spellings of
 * all of them (`step_count`, `HEART_RATE`). A platform's own names win where two vocabularies share one.
 */
export function planOf(platform: Platform, type: string): Plan | undefined {
  const cache = plans[platform];
  const known = cache.get(type);
  if (known !== undefined || cache.has(type)) return known;
  const plan = type.length > 128 ? undefined : resolve(platform, type);
  if (cache.size >= PLANS_KEPT) cache.clear();
  if (type.length <= 128) cache.set(type, plan);
  return plan;
}

function resolve(platform: Platform, type: string): Plan | undefined {
  const bare = type.replace(/^com\.(samsung\.)?s?(health|hc)\./, "");
  const spelt = spellings().get(loose(bare)) ?? [];
  const alias = NAME_ALIASES.get(loose(bare));
  const own = platform === "healthkit" ? healthKitPlan : healthConnectPlan;
  const other = platform === "healthkit" ? healthConnectPlan : healthKitPlan;
  return (
    (platform === "samsung-health" && alias !== undefined ? named(alias, own, other) : undefined) ??
    own(bare) ??
    keyPlan(bare) ??
    other(bare) ??
    (alias === undefined ? undefined : named(alias, own, other)) ??
    firstOf(spelt, own) ??
    firstOf(spelt, other) ??
    firstOf(spelt, keyPlan)
  );
}

type Vocabulary = (name: string) => Plan | undefined;

function firstOf(names: readonly string[], vocabulary: Vocabulary): Plan | undefined {
  for (const name of names) {
    const plan = vocabulary(name);
    if (plan !== undefined) return plan;
  }
  return undefined;
}

function named(name: string, own: Vocabulary, other: Vocabulary): Plan | undefined {
  return keyPlan(name) ?? own(name) ?? other(name);
}

const HEALTH_KIT_PREFIX =
  /^HK(?:QuantityTypeIdentifier|CategoryTypeIdentifier|CorrelationTypeIdentifier|DataTypeIdentifier|DataType|WorkoutTypeIdentifier)?/;

/** HealthKit types whose records need more than a number. */
const HEALTH_KIT_MODES: Readonly<Record<string, Mode>> = {
  BloodGlucose: "glucose",
  BloodPressure: "pressure",
  BloodPressureSystolic: "pressure_part",
  BloodPressureDiastolic: "pressure_part",
  Food: "food",
  SleepAnalysis: "sleep",
  Workout: "workout",
  WorkoutTypeIdentifier: "workout",
  MindfulSession: "minutes",
  AppleStandHour: "stand_hour",
  MenstrualFlow: "cycle_start",
};

function healthKitPlan(name: string): Plan | undefined {
  const row = metricByHealthKit(name);
  if (row === undefined) return undefined;
  const short = name.replace(HEALTH_KIT_PREFIX, "") || name;
  const category = row.healthKit?.identifiers.some((identifier) => identifier === `HKCategoryTypeIdentifier${short}`) ?? false;
  const mode = HEALTH_KIT_MODES[short] ?? (category ? "category" : modeOf(row));
  return new Plan(mode, row, short, { unit: row.healthKit?.unit, fraction: row.healthKit?.fraction });
}

/** Health Connect records whose mapping needs more than one field. */
const HEALTH_CONNECT_MODES: Readonly<Record<string, Mode>> = {
  BloodGlucose: "glucose",
  BloodPressure: "pressure",
  Nutrition: "nutrition",
  SleepSession: "sleep",
  ExerciseSession: "workout",
  SkinTemperature: "skin_temperature",
  ActivityIntensity: "activity_intensity",
  MindfulnessSession: "minutes",
};

function healthConnectPlan(name: string): Plan | undefined {
  const short = name.replace(/Record$/, "");
  const [row] = metricsByHealthConnect(short);
  if (row === undefined) return undefined;
  const field = row.healthConnect?.field;
  const series = field?.startsWith("samples.") === true;
  const mode = HEALTH_CONNECT_MODES[short] ?? (series ? "series" : modeOf(row));
  return new Plan(mode, row, short, { unit: row.healthConnect?.unit, field: series ? field.slice("samples.".length) : field });
}

const KEY_MODES: Readonly<Record<string, Mode>> = {
  blood_glucose: "glucose",
  blood_pressure: "pressure",
  sleep: "sleep",
  workout: "workout",
};

function keyPlan(key: string): Plan | undefined {
  const row = metric(key);
  return row === undefined ? undefined : new Plan(KEY_MODES[key] ?? modeOf(row), row, key);
}

/**
 * Phones give instants and intervals, never day labels, so a metric whose main kind is `daily` is taken as what else it may be; the
 * vault makes the day's value from it.
 */
function modeOf(row: Metric): Mode {
  if (row.kind !== "daily") return row.kind;
  if (row.kinds.includes("interval")) return "interval";
  return row.kinds.includes("sample") ? "sample" : "daily";
}

let spellingsMade: ReadonlyMap<string, readonly string[]> | undefined;

/** The known names under each loose spelling. Made on first use: most deliveries spell their types as their platform does. */
function spellings(): ReadonlyMap<string, readonly string[]> {
  if (spellingsMade !== undefined) return spellingsMade;
  const made = new Map<string, string[]>();
  const add = (spelling: string, name: string): void => {
    const names = made.get(loose(spelling));
    if (names === undefined) made.set(loose(spelling), [name]);
    else if (!names.includes(name)) names.push(name);
  };
  for (const row of METRICS) {
    add(row.key, row.key);
    for (const record of row.healthConnect?.records ?? []) add(record, record);
    for (const identifier of row.healthKit?.identifiers ?? []) {
      add(identifier, identifier);
      add(identifier.replace(HEALTH_KIT_PREFIX, ""), identifier);
    }
  }
  spellingsMade = made;
  return made;
}
