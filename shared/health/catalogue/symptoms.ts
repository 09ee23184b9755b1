import { defineMetrics, type MetricRow, pghd, type Sensitivity } from "./metric";

const SEVERITY = ["unspecified", "not_present", "mild", "moderate", "severe"] as const;
const PRESENCE = ["present", "not_present"] as const;
const APPETITE = ["unspecified", "no_change", "decreased", "increased"] as const;

/** HealthKit's name → key part, PGHD code and title follow from it. */
const symptom = (code: number, name: string, values: readonly string[] = SEVERITY, sensitivity: Sensitivity = "vitals"): MetricRow => {
  const words = name.replace(/(?<=.)([A-Z])/g, " $1").toLowerCase();
  return {
    key: `symptom.${words.replaceAll(" ", "_")}`,
    code,
    title: words.charAt(0).toUpperCase() + words.slice(1),
    kind: "event",
    aggregation: "count",
    unit: "",
    values,
    sensitivity,
    codings: [pghd(name.charAt(0).toLowerCase() + name.slice(1))],
    hkCategory: name,
  };
};

/** The 39 symptoms of HealthKit, self-reported with a severity. */
export const SYMPTOM_METRICS = defineMetrics({ sensitivity: "vitals", category: "survey" }, [
  symptom(1001, "AbdominalCramps"),
  symptom(1002, "Acne"),
  symptom(1003, "AppetiteChanges", APPETITE),
  symptom(1004, "BladderIncontinence"),
  symptom(1005, "Bloating"),
  symptom(1006, "BreastPain", SEVERITY, "reproductive"),
  symptom(1007, "ChestTightnessOrPain"),
  symptom(1008, "Chills"),
  symptom(1009, "Constipation"),
  symptom(1010, "Coughing"),
  symptom(1011, "Diarrhea"),
  symptom(1012, "Dizziness"),
  symptom(1013, "DrySkin"),
  symptom(1014, "Fainting"),
  symptom(1015, "Fatigue"),
  symptom(1016, "Fever"),
  symptom(1017, "GeneralizedBodyAche"),
  symptom(1018, "HairLoss"),
  symptom(1019, "Headache"),
  symptom(1020, "Heartburn"),
  symptom(1021, "HotFlashes", SEVERITY, "reproductive"),
  symptom(1022, "LossOfSmell"),
  symptom(1023, "LossOfTaste"),
  symptom(1024, "LowerBackPain"),
  symptom(1025, "MemoryLapse", SEVERITY, "mental"),
  symptom(1026, "MoodChanges", PRESENCE, "mental"),
  symptom(1027, "Nausea"),
  symptom(1028, "NightSweats"),
  symptom(1029, "PelvicPain", SEVERITY, "reproductive"),
  symptom(1030, "RapidPoundingOrFlutteringHeartbeat"),
  symptom(1031, "RunnyNose"),
  symptom(1032, "ShortnessOfBreath"),
  symptom(1033, "SinusCongestion"),
  symptom(1034, "SkippedHeartbeat"),
  symptom(1035, "SleepChanges", PRESENCE),
  symptom(1036, "SoreThroat"),
  symptom(1037, "VaginalDryness", SEVERITY, "reproductive"),
  symptom(1038, "Vomiting"),
  symptom(1039, "Wheezing"),
]);
