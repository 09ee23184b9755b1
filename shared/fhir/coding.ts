import type { Category, Kind, Metric } from "../health/catalogue";
import { SYSTEM } from "../health/codes";
import { exerciseCoding } from "./exercise-codes";
import { URN } from "./systems";
import type { CodeableConcept, Coding } from "./types";

const CATEGORY_DISPLAY: Readonly<Record<Category, string>> = {
  "vital-signs": "Vital Signs",
  activity: "Activity",
  exam: "Exam",
  laboratory: "Laboratory",
  "social-history": "Social History",
  survey: "Survey",
  procedure: "Procedure",
};

/** Coding order: LOINC, PGHD, SNOMED CT, other nomenclatures, Meridian's own, the vendor's. */
const RANK: readonly string[] = [SYSTEM.loinc, SYSTEM.pghd, SYSTEM.pghdSleepEpisode, SYSTEM.pghdSleepAnalysis, SYSTEM.snomed];

const PROFILES = "http://hl7.org/fhir/StructureDefinition/";

/** R4 vital-signs profiles by metric, with the only unit in which Meridian writes them. */
const VITAL_PROFILES: Readonly<Record<string, readonly [profile: string, unit: string]>> = {
  heart_rate: ["heartrate", "/min"],
  respiratory_rate: ["resprate", "/min"],
  spo2: ["oxygensat", "%"],
  body_temperature: ["bodytemp", "Cel"],
  body_weight: ["bodyweight", "kg"],
  body_height: ["bodyheight", "cm"],
  bmi: ["bmi", "kg/m2"],
  blood_pressure: ["bp", "mm[Hg]"],
};

/** ucum-vitals-common: the units that the base vital-signs profile knows. */
const VITAL_UNITS = new Set(["%", "cm", "[in_i]", "kg", "g", "[lb_av]", "Cel", "[degF]", "mm[Hg]", "/min", "kg/m2", "m2"]);

/** `Observation.category` of a metric. Activity carries the category of the Physical Activity guide as well. */
export function categoriesOf(metric: Metric): CodeableConcept[] {
  const { category } = metric;
  const base = { coding: [{ system: SYSTEM.observationCategory, code: category, display: CATEGORY_DISPLAY[category] }] };
  if (category !== "activity") return [base];
  return [base, { coding: [{ system: SYSTEM.physicalActivity, code: "PhysicalActivity", display: "Physical Activity" }] }];
}

/** `Observation.code` of a metric: what the catalogue says for the kind, Meridian's own code, and the vendor's where it has one. */
export function codeOf(metric: Metric, kind: Kind, vendor?: string): CodeableConcept {
  const codings = kind === "daily" ? (metric.dailyCodings ?? metric.codings) : metric.codings;
  const workout = metric.key === "workout" ? WORKOUT_PANEL : [];
  return { coding: ordered([...workout, ...codings, ownCoding(metric), ...vendorCoding(metric, vendor)]), text: metric.title };
}

/** The code of a component of a panel. */
export function componentCode(metric: Metric, key: string): CodeableConcept {
  const component = metric.components?.find((candidate) => candidate.key === key);
  return { coding: ordered([...(component?.codings ?? []), { system: URN.metric, code: `${metric.key}.${key}` }]) };
}

/**
 * R4 profiles that an Observation of a metric at one instant or date conforms to; `shape` tells what stands in its value. Observations
 * with a period claim none: validators read invariant vs-1 as if it asked for a dateTime.
 */
export function profilesOf(metric: Metric, shape: "quantity" | "components" | "other"): string[] {
  if (metric.category !== "vital-signs") return [];
  const base = shape === "other" || VITAL_UNITS.has(metric.unit) ? [`${PROFILES}vitalsigns`] : [];
  const special = VITAL_PROFILES[metric.key];
  if (special === undefined || special[1] !== metric.unit) return base;
  // The profiles of single measures close their value to Quantity; the one of blood pressure has components only.
  const fits = metric.key === "blood_pressure" ? shape === "components" : shape === "quantity";
  return fits ? [...base, `${PROFILES}${special[0]}`] : base;
}

/** The catalogue key in Meridian's own coding of a concept, or undefined. */
export function ownCodeIn(concept: CodeableConcept): string | undefined {
  return concept.coding?.find(({ system }) => system === URN.metric)?.code;
}

/** A token of a search: a code with its system, a code of any system, or anything of a system. */
export interface Token {
  /** Undefined matches any system; empty matches none of ours, because every coding has one. */
  readonly system: string | undefined;
  readonly code: string | undefined;
}

/** Whether an Observation of this metric and kind from this vendor carries a code that the token names. */
export function codeMatches(metric: Metric, kind: Kind, vendor: string, token: Token): boolean {
  return (codeOf(metric, kind, vendor).coding ?? []).some((coding) => matches(coding, token));
}

/** Whether an Observation of this metric has the category that the token names. */
export function categoryMatches(metric: Metric, token: Token): boolean {
  return categoriesOf(metric).some(({ coding }) => coding?.some((one) => matches(one, token)));
}

const APPLE = ["healthkit", "apple_health_export"] as const;

const WORKOUT_PANEL: readonly Coding[] = [
  exerciseCoding("55409-7"),
  { system: SYSTEM.physicalActivity, code: "PAPanel", display: "Physical Activity Panel" },
];

function matches(coding: Coding, token: Token): boolean {
  return (token.system === undefined || coding.system === token.system) && (token.code === undefined || coding.code === token.code);
}

function ownCoding(metric: Metric): Coding {
  return { system: URN.metric, code: metric.key, display: metric.title };
}

/** The vendor's own name of a metric, where the catalogue knows exactly one. */
function vendorCoding(metric: Metric, vendor: string | undefined): Coding[] {
  if (vendor === undefined) return [];
  const apple = APPLE.some((name) => name === vendor);
  const names = apple ? (metric.healthKit?.identifiers ?? []) : (metric.vendor?.[vendor] ?? []);
  const [name] = names;
  if (name === undefined || names.length > 1) return [];
  return [{ system: apple ? SYSTEM.appleHealthKit : `${URN.vendor}${vendor}`, code: name }];
}

/** Sorts codings by system, keeps the order within one, and drops repeats. */
function ordered(codings: readonly Coding[]): Coding[] {
  const distinct = codings.filter(
    (coding, i) => codings.findIndex((other) => other.system === coding.system && other.code === coding.code) === i,
  );
  return distinct
    .map((coding, i) => ({ coding, i }))
    .sort((a, b) => rank(a.coding) - rank(b.coding) || a.i - b.i)
    .map(({ coding }) => coding);
}

function rank({ system = "" }: Coding): number {
  const known = RANK.indexOf(system);
  if (known >= 0) return known;
  if (system === URN.metric) return RANK.length + 1;
  return system === SYSTEM.appleHealthKit || system.startsWith(URN.vendor) ? RANK.length + 2 : RANK.length;
}
