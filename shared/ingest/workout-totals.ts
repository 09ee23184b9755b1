import { converter } from "../health/units";
import { type Platform, planOf } from "./plan";
import { isObject, type Json, loose, numberOf, type RejectReason } from "./reject";

/** What a workout's list of figures came to. */
export interface Figures {
  readonly totals: Record<string, number>;
  readonly attributes: Record<string, unknown>;
  durationS: number | undefined;
}

/** A figure that workouts of any platform state: the key it is kept under, its canonical unit, and the unit when none is told. */
interface Figure {
  readonly key: string;
  readonly unit: string;
  readonly into: "totals" | "attributes" | "duration" | "distance";
  readonly assumed: string;
}

const total = (key: string, unit: string, assumed = unit): Figure => ({ key, unit, into: "totals", assumed });
const note = (key: string, unit: string): Figure => ({ key, unit, into: "attributes", assumed: unit });

const DURATION: Figure = { key: "duration", unit: "s", into: "duration", assumed: "s" };
const DISTANCE: Figure = { key: "distance", unit: "m", into: "distance", assumed: "m" };
const ENERGY = total("energy_active", "kcal");

/** Loose name → figure. */
const FIGURES: ReadonlyMap<string, Figure> = new Map([
  ["duration", DURATION],
  ["activeduration", DURATION],
  ["distance", DISTANCE],
  ["totaldistance", DISTANCE],
  ["activeenergyburned", ENERGY],
  ["activeenergy", ENERGY],
  ["activecaloriesburned", ENERGY],
  ["totalenergyburned", ENERGY],
  ["calories", ENERGY],
  ["basalenergyburned", total("energy_basal", "kcal")],
  ["totalcaloriesburned", total("energy_total", "kcal")],
  ["minheartrate", total("heart_rate_min", "/min")],
  ["minimumheartrate", total("heart_rate_min", "/min")],
  ["averageheartrate", total("heart_rate_mean", "/min")],
  ["avgheartrate", total("heart_rate_mean", "/min")],
  ["maxheartrate", total("heart_rate_max", "/min")],
  ["maximumheartrate", total("heart_rate_max", "/min")],
  ["elevationascended", total("elevation_gain", "m")],
  ["elevationgain", total("elevation_gain", "m")],
  ["elevationgained", total("elevation_gain", "m")],
  ["elevationdescended", note("elevationDescendedM", "m")],
  ["stepcount", total("steps", "{steps}")],
  ["flightsclimbed", total("floors", "{flight}")],
  ["swimmingstrokecount", total("swim_strokes", "{strokes}")],
  ["totalswimmingstrokecount", total("swim_strokes", "{strokes}")],
  ["averagespeed", total("speed_mean", "m/s")],
  ["maximumspeed", total("speed_max", "m/s")],
  ["averagepower", total("power_mean", "W")],
  ["averagecadence", total("cadence_mean", "/min")],
  ["weathertemperature", note("weatherTemperatureCel", "Cel")],
  ["weatherhumidity", note("weatherHumidityPct", "%")],
  ["laplength", note("lapLengthM", "m")],
]);

/** HealthKit writes metabolic equivalents as kcal per kg and hour; both forms are metrics of their own. */
const METS = ["averagemets", "mets"];

/** Workout types by the metric their distance belongs to; any other distance stays untyped. */
const DISTANCES: readonly (readonly [RegExp, string])[] = [
  [/^wheelchair/, "distance_wheelchair"],
  [/swim/, "distance_swimming"],
  [/cycling|biking|cyclocross/, "distance_cycling"],
  [/^rowing/, "distance_rowing"],
  [/paddl|kayak|canoe/, "distance_paddle"],
  [/^cross_country_ski/, "distance_xc_ski"],
  [/^(downhill|alpine|backcountry)_skiing|^snowboarding/, "distance_downhill_snow"],
  [/skating/, "distance_skating"],
  [/running|walking|hiking|^track_and_field|treadmill|orienteering/, "distance_walk_run"],
];

/** The metric key of a workout's distance. */
export function distanceKey(workoutType: string): string {
  return DISTANCES.find(([pattern]) => pattern.test(workoutType))?.[1] ?? "distance";
}

const VENDOR_NAME = /^[A-Za-z][\w.]{0,63}$/;
const MOST_FIGURES = 100;

/**
 * Reads a workout's figures, each `{ type, value, unit }` or a HealthKit statistic `{ type, sum | average | minimum | maximum, unit }`.
 * Known ones are converted and kept by metric key; unknown numbers stay as attributes under the vendor's name. A known figure that
 * cannot be read refuses the workout: a silently lost total would look like none.
 */
export function readFigures(platform: Platform, workoutType: string, list: readonly unknown[]): Figures | RejectReason {
  if (list.length > MOST_FIGURES) return "too_large";
  const out: Figures = { totals: {}, attributes: {}, durationS: undefined };
  for (const entry of list) {
    if (!isObject(entry) || typeof entry["type"] !== "string" || entry["type"].length > 128) return "bad_value";
    const fault = readFigure(platform, workoutType, entry, entry["type"], out);
    if (fault !== undefined) return fault;
  }
  return out;
}

function readFigure(platform: Platform, workoutType: string, entry: Json, type: string, out: Figures): RejectReason | undefined {
  const value = entry["value"] ?? entry["qty"];
  const name = loose(type);
  if (name === "indoorworkout" || name === "indoor" || name === "isindoor") {
    if (typeof value === "boolean" || value === 0 || value === 1) out.attributes["indoor"] = Boolean(value);
    return undefined;
  }
  const figure = FIGURES.get(name);
  if (figure !== undefined) return known(figure, workoutType, entry, value, out);
  if (METS.includes(name)) return mets(entry, value, out);
  const statistic = statisticOf(platform, type, entry, value, out);
  if (statistic !== "unknown") return statistic;
  if (VENDOR_NAME.test(type) && ((typeof value === "number" && Number.isFinite(value)) || typeof value === "boolean"))
    out.attributes[type] = value;
  return undefined;
}

function known(figure: Figure, workoutType: string, entry: Json, stated: unknown, out: Figures): RejectReason | undefined {
  if (stated === undefined || stated === null) return undefined;
  const value = numberOf(stated);
  if (value === undefined) return "bad_value";
  const result = inUnit(value, entry["unit"] ?? entry["units"] ?? figure.assumed, figure.unit);
  if (typeof result !== "number") return result;
  if (figure.into === "duration") out.durationS = result;
  else if (figure.into === "distance") out.totals[distanceKey(workoutType)] = result;
  else if (figure.into === "attributes") out.attributes[figure.key] = result;
  else out.totals[figure.key] = result;
  return undefined;
}

function mets(entry: Json, stated: unknown, out: Figures): RejectReason | undefined {
  const value = numberOf(stated);
  if (value === undefined) return "bad_value";
  const unit = entry["unit"] ?? "kcal/h/kg";
  const effort = inUnit(value, unit, "kcal/h/kg");
  if (typeof effort === "number") out.totals["physical_effort"] = effort;
  else {
    const met = inUnit(value, unit, "[MET]");
    if (typeof met !== "number") return met;
    out.totals["met"] = met;
  }
  return undefined;
}

const AGGREGATES = [
  ["average", "_mean"],
  ["minimum", "_min"],
  ["maximum", "_max"],
] as const;

/** A figure named by a metric's own type. */
function statisticOf(platform: Platform, type: string, entry: Json, value: unknown, out: Figures): RejectReason | undefined | "unknown" {
  const plan = planOf(platform, type);
  if (plan === undefined || (plan.mode !== "interval" && plan.mode !== "sample" && plan.mode !== "series")) return "unknown";
  const convert = plan.convert(entry["unit"]);
  if (convert === undefined) return "unit_mismatch";
  const sum = numberOf(entry["sum"] ?? value);
  const finish = (number: number, suffix: string): void => {
    const result = convert(number);
    if (Number.isFinite(result)) out.totals[`${plan.row.key}${suffix}`] = result;
  };
  if (sum !== undefined) finish(sum, plan.mode === "interval" ? "" : "_mean");
  for (const [field, suffix] of AGGREGATES) {
    const number = numberOf(entry[field]);
    if (number !== undefined) finish(number, suffix);
  }
  return undefined;
}

function inUnit(value: number, from: unknown, to: string): number | RejectReason {
  const convert = typeof from === "string" && from.length <= 64 ? converter(from, to) : undefined;
  if (convert === undefined) return "unit_mismatch";
  const result = convert(value);
  return Number.isFinite(result) ? result : "bad_value";
}
