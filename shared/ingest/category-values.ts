import { loose } from "./reject";

/**
 * HealthKit writes the values of category samples as numbers; the names are Apple's, from the enumerations of the HealthKit
 * documentation, in the order of their raw values. `undefined` marks raw values that Apple does not use.
 */
type Names = readonly (string | undefined)[];

const SEVERITY: Names = ["unspecified", "not_present", "mild", "moderate", "severe"];
const PRESENCE: Names = ["present", "not_present"];
const BLEEDING: Names = [undefined, "unspecified", "light", "medium", "heavy", "none"];
const TEST: Names = [undefined, "negative", "positive", "indeterminate"];

/** HealthKit category type without prefix → names of its raw values. Types without an entry carry no value. */
const CATEGORY_VALUES: Readonly<Record<string, Names>> = {
  AppetiteChanges: ["unspecified", "no_change", "decreased", "increased"],
  MoodChanges: PRESENCE,
  SleepChanges: PRESENCE,
  MenstrualFlow: BLEEDING,
  BleedingDuringPregnancy: BLEEDING,
  BleedingAfterPregnancy: BLEEDING,
  OvulationTestResult: [undefined, "negative", "luteinizing_hormone_surge", "indeterminate", "estrogen_surge"],
  CervicalMucusQuality: [undefined, "dry", "sticky", "creamy", "watery", "egg_white"],
  Contraceptive: [undefined, "unspecified", "implant", "injection", "intrauterine_device", "intravaginal_ring", "oral", "patch"],
  PregnancyTestResult: TEST,
  ProgesteroneTestResult: TEST,
  AppleStandHour: ["stood", "idle"],
  LowCardioFitnessEvent: [undefined, "low_fitness"],
  AppleWalkingSteadinessEvent: [undefined, "initial_low", "initial_very_low", "repeat_low", "repeat_very_low"],
  AudioExposureEvent: [undefined, "momentary_limit"],
  HeadphoneAudioExposureEvent: [undefined, "seven_day_limit"],
};

/** Health Connect's integer enumerations, by record and field. */
const HEALTH_CONNECT_VALUES: Readonly<Record<string, Names>> = {
  "MenstruationFlow.flow": ["unspecified", "light", "medium", "heavy"],
  "OvulationTest.result": ["indeterminate", "positive", "high", "negative"],
  "CervicalMucus.appearance": ["unspecified", "dry", "sticky", "creamy", "watery", "egg_white", "unusual"],
  "CervicalMucus.sensation": ["unspecified", "light", "medium", "heavy"],
  "SexualActivity.protectionUsed": ["unspecified", "protected", "unprotected"],
  "BloodGlucose.specimenSource": ["unspecified", "interstitial_fluid", "capillary_blood", "plasma", "serum", "tears", "whole_blood"],
  "BloodGlucose.relationToMeal": ["unspecified", "general", "fasting", "before_meal", "after_meal"],
  mealType: ["unspecified", "breakfast", "lunch", "dinner", "snack"],
  "BloodPressure.bodyPosition": ["unspecified", "standing_up", "sitting_down", "lying_down", "reclining"],
  "BloodPressure.measurementLocation": ["unspecified", "left_wrist", "right_wrist", "left_upper_arm", "right_upper_arm"],
  "Vo2Max.measurementMethod": [
    "other",
    "metabolic_cart",
    "heart_rate_ratio",
    "cooper_test",
    "multistage_fitness_test",
    "rockport_fitness_test",
  ],
  "BodyTemperature.measurementLocation": [
    "unspecified",
    "armpit",
    "finger",
    "forehead",
    "mouth",
    "rectum",
    "temporal_artery",
    "toe",
    "ear",
    "wrist",
    "vagina",
  ],
  "SkinTemperature.measurementLocation": ["unspecified", "finger", "toe", "wrist"],
  "MindfulnessSession.mindfulnessSessionType": ["unspecified", "meditation", "breathing", "music", "movement", "unguided"],
};

/**
 * The name of a HealthKit category value, given as raw number or as Apple's name with or without its prefix
 * (`HKCategoryValueSeverityMild`, `mild`). Undefined for values Apple does not have.
 */
export function categoryValue(type: string, symptom: boolean, value: unknown): string | undefined {
  return nameOf(CATEGORY_VALUES[type] ?? (symptom ? SEVERITY : []), value);
}

/** True where HealthKit gives samples of the type a value that means something. */
export function hasCategoryValue(type: string, symptom: boolean): boolean {
  return symptom || Object.hasOwn(CATEGORY_VALUES, type);
}

/**
 * The name of a Health Connect enumeration value, given as number or as text of any spelling. Text that the enumeration does not
 * know is undefined; a field without an enumeration here is undefined too.
 */
export function healthConnectValue(field: string, value: unknown): string | undefined {
  return Object.hasOwn(HEALTH_CONNECT_VALUES, field) ? nameOf(HEALTH_CONNECT_VALUES[field]!, value) : undefined;
}

function nameOf(names: Names, value: unknown): string | undefined {
  if (typeof value === "number") return names[value];
  if (typeof value !== "string" || value.length > 100) return undefined;
  if (/^\d{1,2}$/.test(value)) return names[Number(value)];
  const text = loose(value);
  let best: string | undefined;
  // The longest name wins: `…VeryLow` also ends in `low`.
  for (const name of names) {
    if (name !== undefined && text.endsWith(loose(name)) && name.length > (best?.length ?? 0)) best = name;
  }
  return best;
}

/** The catalogue's own spelling of a value, where its closed set has one that differs in punctuation only. */
export function canonicalValue(values: readonly string[] | undefined, name: string): string {
  const wanted = loose(name);
  return values?.find((candidate) => loose(candidate) === wanted) ?? name;
}
