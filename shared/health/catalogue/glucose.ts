import type { LoincCode } from "../codes";
import { type Bounds, defineMetrics, loinc, type MetricRow, pghd } from "./metric";

/** A value of the glucose-sensor report over a period; computed, so its bounds only guard against nonsense. */
const summary = (key: string, code: number, title: string, unit: string, bounds: Bounds, loincCode: LoincCode): MetricRow => ({
  key,
  code,
  title,
  kind: "daily",
  aggregation: "last",
  unit,
  bounds,
  codings: [loinc(loincCode)],
});

/** Blood and interstitial glucose, the sensor report, insulin. Bounds of cgm_trend and the report are Meridian's. */
export const GLUCOSE_METRICS = defineMetrics({ sensitivity: "labs", category: "laboratory" }, [
  {
    key: "blood_glucose",
    code: 201,
    title: "Blood glucose",
    kind: "sample",
    aggregation: "last",
    unit: "mg/dL",
    bounds: [10, 1000],
    codings: [loinc("41653-7"), pghd("bloodGlucose")],
    hk: "BloodGlucose",
    hc: "BloodGlucose.level",
    hcUnit: "mmol/L",
    vendor: {
      google_health: ["bloodGlucose.bloodGlucoseMilligramsPerDeciliter"],
      dexcom: ["events.bloodGlucose"],
    },
  },
  {
    // HealthKit and Google carry sensor values in the blood glucose type; specimen or source app tell them apart.
    key: "cgm_glucose",
    code: 202,
    title: "Interstitial glucose (sensor)",
    kind: "sample",
    aggregation: "mean",
    unit: "mg/dL",
    bounds: [20, 600],
    storage: "segment",
    codings: [loinc("99504-3"), pghd("bloodGlucose")],
    hc: "BloodGlucose.level",
    hcUnit: "mmol/L",
    vendor: {
      google_health: ["bloodGlucose.bloodGlucoseMilligramsPerDeciliter"],
      dexcom: ["egvs.value"],
    },
  },
  {
    key: "cgm_trend",
    code: 203,
    title: "Glucose trend",
    kind: "sample",
    aggregation: "last",
    unit: "mg/dL/min",
    bounds: [-30, 30],
    storage: "segment",
    vendor: { dexcom: ["egvs.trendRate"] },
  },
  {
    key: "cgm_summary",
    code: 204,
    title: "Glucose sensor report",
    kind: "daily",
    aggregation: "last",
    unit: "",
    codings: [loinc("107931-8")],
  },
  summary("cgm_mean", 205, "Mean sensor glucose", "mg/dL", [20, 600], "97507-8"),
  summary("cgm_gmi", 206, "Glucose management indicator", "%", [3, 18], "97506-0"),
  // Low and very low as the profiles of the HL7 CGM guide assign them.
  summary("cgm_tbr2", 207, "Time below 54 mg/dL", "%", [0, 100], "104642-4"),
  summary("cgm_tbr1", 208, "Time at 54–69 mg/dL", "%", [0, 100], "104641-6"),
  summary("cgm_tir", 209, "Time at 70–180 mg/dL", "%", [0, 100], "97510-2"),
  summary("cgm_tar1", 210, "Time at 181–250 mg/dL", "%", [0, 100], "104640-8"),
  summary("cgm_tar2", 211, "Time above 250 mg/dL", "%", [0, 100], "104639-0"),
  summary("cgm_cv", 212, "Glucose coefficient of variation", "%", [0, 200], "104638-2"),
  summary("cgm_wear_days", 213, "Days of sensor wear", "d", [0, 366], "104636-6"),
  summary("cgm_active_pct", 214, "Share of time the sensor was active", "%", [0, 100], "104637-4"),
  {
    key: "insulin_delivery",
    code: 215,
    title: "Insulin delivered",
    kind: "interval",
    also: ["daily"],
    aggregation: "sum",
    unit: "[iU]",
    bounds: [0, 300],
    codings: [pghd("insulinDelivery")],
    hk: "InsulinDelivery",
    vendor: { dexcom: ["events.insulin"] },
  },
]);
