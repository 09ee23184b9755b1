import { defineMetrics, loinc, pghd } from "./metric";

/** Workouts and medication: events whose detail lives in their own structures. */
export const SESSION_METRICS = defineMetrics({ sensitivity: "activity", category: "activity" }, [
  {
    key: "workout",
    code: 1301,
    title: "Workout",
    kind: "event",
    aggregation: "count",
    unit: "",
    codings: [loinc("73985-4")],
    hkOther: ["HKWorkoutTypeIdentifier", "HKWorkout"],
    hc: "ExerciseSession.exerciseType",
    vendor: {
      google_health: ["exercise"],
      oura: ["workout"],
      whoop: ["workout"],
      garmin: ["activities"],
      withings: ["workouts"],
      polar: ["exercises"],
      strava: ["activities"],
      dexcom: ["events.exercise"],
    },
  },
  {
    // PGHD's medicationAdherence means the degree of adherence, not one dose.
    key: "medication_taken",
    code: 1302,
    title: "Medication taken",
    kind: "event",
    aggregation: "count",
    unit: "",
    sensitivity: "labs",
    category: "social-history",
    hkOther: ["HKMedicationDoseEvent"],
  },
  {
    key: "inhaler_usage",
    code: 1303,
    title: "Inhaler puffs",
    kind: "interval",
    also: ["daily"],
    aggregation: "sum",
    unit: "{puffs}",
    bounds: [0, 200],
    sensitivity: "vitals",
    category: "social-history",
    codings: [pghd("inhalerUsage")],
    hk: "InhalerUsage",
  },
]);
