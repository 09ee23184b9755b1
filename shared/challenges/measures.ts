import { metric, METRICS, type Metric } from "../health/catalogue";
import { WORKOUT_TYPES } from "../health/workout-types";
import type { Category } from "../policy/vocabulary";
import { type Formula, isFormula, metricsOf, parseFormula } from "./formula";

/** What of activity nobody should try to have most of, or least. */
const NOT_OF_ACTIVITY: ReadonlySet<string> = new Set([
  "energy_basal",
  "energy_total",
  "falls",
  "inhaler_usage",
  "medication_taken",
  "sedentary_minutes",
  "workout",
]);
/** Of what people eat and how they sleep, these alone: a contest in eating less does harm. */
const OF_OTHER_CLASSES: ReadonlySet<string> = new Set(["meal", "water_intake", "nutrient.fiber", "nutrient.protein", "sleep_duration"]);

/** What is counted of a workout. */
export const WORKOUT_FIGURES = ["sessions", "minutes", "distance", "energy"] as const;
export type WorkoutFigure = (typeof WORKOUT_FIGURES)[number];

/** What a challenge counts. An effort is a local date of the challenge's zone, or a workout. */
export type Measure =
  | { readonly kind: "metric"; readonly metric: string }
  | { readonly kind: "formula"; readonly formula: string }
  /** How many dates reach a target, or how many of them in a row at most. */
  | { readonly kind: "days" | "streak"; readonly formula: string; readonly target: number }
  | { readonly kind: "workouts"; readonly figure: WorkoutFigure; readonly types?: readonly string[] | undefined };

/** Whether a metric may enter a leaderboard: it adds up over a day, and is of no special class. */
export function mayCount({ key, aggregation, sensitivity }: Metric): boolean {
  const addsUp = aggregation === "sum" || aggregation === "count";
  return addsUp && (sensitivity === "activity" ? !NOT_OF_ACTIVITY.has(key) : OF_OTHER_CLASSES.has(key));
}

/** Every metric that may enter a leaderboard. */
export function countedMetrics(): Metric[] {
  return METRICS.filter(mayCount);
}

export const MOST_METRICS = 6;

/** Why a measure counts nothing that may be counted. */
export type MeasureFault =
  | "unknown_metric"
  | "metric_not_allowed"
  | "invalid_formula"
  | "too_many_metrics"
  | "nothing_counted"
  | "unknown_workout_type";

/** What is wrong with a measure; undefined where nothing is. */
export function faultOf(measure: Measure): MeasureFault | undefined {
  if (measure.kind === "workouts")
    return measure.types?.every((type) => WORKOUT_TYPES.some((known) => known === type)) === false ? "unknown_workout_type" : undefined;
  const formula = formulaOf(measure);
  if (formula === undefined) return "invalid_formula";
  const keys = metricsOf(formula);
  if (keys.length === 0) return "nothing_counted";
  if (keys.length > MOST_METRICS) return "too_many_metrics";
  for (const key of keys) {
    const known = metric(key);
    if (known === undefined) return "unknown_metric";
    if (!mayCount(known)) return "metric_not_allowed";
  }
  return undefined;
}

/** What is computed of each date; undefined for workouts, and for a text that is no formula. */
export function formulaOf(measure: Measure): Formula | undefined {
  if (measure.kind === "workouts") return undefined;
  if (measure.kind === "metric") return { kind: "metric", key: measure.metric };
  const read = parseFormula(measure.formula);
  return isFormula(read) ? read : undefined;
}

/** Keys under which a vault hears that something of the measure has changed. */
export function touchedBy(measure: Measure): string[] {
  if (measure.kind === "workouts") return ["workout"];
  const formula = formulaOf(measure);
  return formula === undefined ? [] : metricsOf(formula);
}

/** Classes of data that are read for a measure. */
export function categoriesOf(measure: Measure): Category[] {
  return [...new Set(touchedBy(measure).flatMap((key) => metric(key)?.sensitivity ?? []))];
}

/** The UCUM unit of the score, or undefined where a formula has none. */
export function unitOf(measure: Measure): string | undefined {
  switch (measure.kind) {
    case "metric":
      return metric(measure.metric)?.unit || "{count}";
    case "days":
    case "streak":
      return "d";
    case "formula":
      return undefined;
    case "workouts":
      return { sessions: "{count}", minutes: "min", distance: "m", energy: "kcal" }[measure.figure];
  }
}
