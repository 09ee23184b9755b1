import { type Bounds, defineMetrics, type MetricRow, pghd, type Sensitivity } from "./metric";

/**
 * A vendor's score. The native range travels with each reading; the bounds only hold what any vendor can mean. Scores of
 * different vendors are never averaged, and LOINC answer codes are never borrowed for them.
 */
const score = (
  name: string,
  code: number,
  title: string,
  bounds: Bounds,
  sensitivity: Sensitivity,
  vendor: Readonly<Record<string, readonly string[]>>,
): MetricRow => ({
  key: `score.${name}`,
  code,
  title,
  kind: "daily",
  also: ["sample"],
  aggregation: "last",
  unit: "{score}",
  bounds,
  sensitivity,
  vendor,
});

/** Scores, stress and state of mind. Bounds are Meridian's proposal around the vendors' native ranges. */
export const SCORE_METRICS = defineMetrics({ sensitivity: "mental", category: "activity" }, [
  score("sleep", 701, "Sleep score", [0, 100], "sleep", {
    oura: ["daily_sleep.score"],
    whoop: ["sleep.score.sleep_performance_percentage"],
    garmin: ["sleeps.overallSleepScore.value"],
    withings: ["sleepSummary.sleep_score"],
    polar: ["sleep.sleep_score"],
  }),
  score("readiness", 702, "Readiness score", [0, 100], "activity", {
    oura: ["daily_readiness.score"],
  }),
  score("recovery", 703, "Recovery score", [0, 100], "activity", {
    whoop: ["recovery.score.recovery_score"],
    polar: ["nightly-recharge.nightly_recharge_status"],
  }),
  score("activity", 704, "Activity score", [0, 100], "activity", {
    oura: ["daily_activity.score"],
  }),
  score("stress", 705, "Stress score of the day", [0, 100], "mental", {
    garmin: ["dailies.averageStressLevel"],
  }),
  // Polar's cardio load has no upper end.
  score("strain", 706, "Strain score", [0, 10_000], "activity", {
    whoop: ["cycle.score.strain"],
    polar: ["cardio-load"],
  }),
  {
    ...score("body_battery", 707, "Body battery", [0, 100], "activity", {
      garmin: ["stressDetails.timeOffsetBodyBatteryValues"],
    }),
    kind: "sample",
    also: ["daily"],
    storage: "segment",
  },
  score("resilience", 708, "Resilience score", [0, 100], "mental", {
    oura: ["daily_resilience.level"],
  }),
  {
    // A device's estimate; the self-rated level (93038-8) is a survey answer and another concept.
    key: "stress_level",
    code: 709,
    title: "Stress level",
    kind: "sample",
    also: ["daily"],
    aggregation: "mean",
    unit: "{score}",
    bounds: [0, 100],
    storage: "segment",
    vendor: {
      garmin: ["stressDetails.timeOffsetStressLevelValues", "healthSnapshot.summaries.stress"],
    },
  },
  {
    key: "stress_high_minutes",
    code: 710,
    title: "Minutes of high stress",
    kind: "daily",
    aggregation: "sum",
    unit: "min",
    bounds: [0, 1500],
    vendor: { oura: ["daily_stress.stress_high"] },
  },
  {
    key: "recovery_high_minutes",
    code: 711,
    title: "Minutes of high recovery",
    kind: "daily",
    aggregation: "sum",
    unit: "min",
    bounds: [0, 1500],
    vendor: { oura: ["daily_stress.recovery_high"] },
  },
  {
    key: "mindful_minutes",
    code: 712,
    title: "Mindful minutes",
    kind: "interval",
    also: ["daily"],
    aggregation: "sum",
    unit: "min",
    bounds: [0, 1500],
    codings: [pghd("mindfulSession")],
    hkCategory: "MindfulSession",
    hc: "MindfulnessSession",
    vendor: { oura: ["session"] },
  },
  {
    // The value is the valence; kind, labels and associations are attributes.
    key: "state_of_mind",
    code: 713,
    title: "State of mind",
    kind: "event",
    aggregation: "mean",
    unit: "{score}",
    bounds: [-1, 1],
    category: "survey",
    codings: [pghd("stateOfMind")],
    hkCategory: "StateOfMind",
    hkOther: ["HKDataTypeStateOfMind", "HKStateOfMind"],
    vendor: { google_health: ["moods"] },
  },
]);
