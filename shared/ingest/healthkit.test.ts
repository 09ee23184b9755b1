import { describe, expect, it } from "vitest";
import { HOUR_MS } from "../clock";
import { flatten, one, push, refusal, sizeOf } from "./flatten.fixture";

const START = "2026-11-20T07:00:00Z";
const END = "2026-11-20T08:00:00Z";
const AT = Date.parse(START);
const hk = (type: string, value: unknown, unit?: string, rest: Record<string, unknown> = {}) => ({
  type,
  startDate: START,
  endDate: END,
  value,
  unit,
  ...rest,
});

describe("HealthKit quantities", () => {
  it.each([
    ["HKQuantityTypeIdentifierStepCount", 66, "count", "steps", "interval", 66],
    ["StepCount", 66, undefined, "steps", "interval", 66],
    ["steps", 66, "{steps}", "steps", "interval", 66],
    ["HKQuantityTypeIdentifierHeartRate", 61, "count/min", "heart_rate", "sample", 61],
    ["HeartRate", 1, "Hz", "heart_rate", "sample", 60],
    ["HKQuantityTypeIdentifierRestingHeartRate", 52, "bpm", "resting_heart_rate", "sample", 52],
    ["HKQuantityTypeIdentifierOxygenSaturation", 0.97, "%", "spo2", "sample", 97],
    ["HKQuantityTypeIdentifierOxygenSaturation", 97, "%", "spo2", "sample", 97],
    ["HKQuantityTypeIdentifierBodyFatPercentage", 0.21, undefined, "body_fat_pct", "sample", 21],
    ["HKQuantityTypeIdentifierBodyMass", 160, "lb", "body_weight", "sample", 72.574_779_2],
    ["HKQuantityTypeIdentifierHeight", 1.8, "m", "body_height", "sample", 180],
    ["HKQuantityTypeIdentifierBloodGlucose", 5.5, "mmol<180.1558800000541>/L", "blood_glucose", "sample", 99.0858],
    ["HKQuantityTypeIdentifierDietaryWater", 0.25, undefined, "water_intake", "interval", 250],
    ["HKQuantityTypeIdentifierDietarySodium", 0.4, "g", "nutrient.sodium", "interval", 400],
    ["HKQuantityTypeIdentifierActiveEnergyBurned", 418.4, "kJ", "energy_active", "interval", 100],
    ["HKQuantityTypeIdentifierDistanceWalkingRunning", 1.5, "km", "distance_walk_run", "interval", 1_500],
    ["HKQuantityTypeIdentifierAppleStandTime", 5, "min", "stand_minutes", "interval", 5],
    ["HKQuantityTypeIdentifierRunningVerticalOscillation", 0.09, undefined, "vertical_oscillation", "sample", 9],
    ["HKQuantityTypeIdentifierBodyTemperature", 98.6, "degF", "body_temperature", "sample", 37],
    ["HKQuantityTypeIdentifierVO2Max", "42.5", "mL/min·kg", "vo2_max", "sample", 42.5],
    ["HKQuantityTypeIdentifierInsulinDelivery", 2, "IU", "insulin_delivery", "interval", 2],
  ])("%s of %s %s is %s", (type, value, unit, metric, kind, canonical) => {
    const [reading, ...more] = one("healthkit", hk(type, value, unit));
    expect(more).toEqual([]);
    expect(reading).toMatchObject({ metric, kind, start: AT });
    expect(reading?.value).toBeCloseTo(canonical, 6);
    expect(reading?.end).toBe(kind === "interval" ? AT + HOUR_MS : AT);
  });

  it("takes glucose of a sensor's app, or of interstitial fluid, for sensor glucose", () => {
    const source = { bundleIdentifier: "com.dexcom.G7" };
    expect(one("healthkit", hk("BloodGlucose", 100, "mg/dL", { source }))[0]?.metric).toBe("cgm_glucose");
    expect(one("healthkit", hk("BloodGlucose", 100, "mg/dL"))[0]?.metric).toBe("blood_glucose");
  });

  it("keeps the remarks that change what a number means", () => {
    expect(one("healthkit", hk("BloodGlucose", 100, "mg/dL", { metadata: { HKBloodGlucoseMealTime: 1 } }))[0]?.attributes).toEqual({
      relationToMeal: "before_meal",
    });
    expect(one("healthkit", hk("InsulinDelivery", 2, "IU", { metadata: { HKInsulinDeliveryReason: 2 } }))[0]?.attributes).toEqual({
      reason: "bolus",
    });
  });
});

describe("HealthKit categories", () => {
  it.each([
    ["HKCategoryTypeIdentifierHeadache", 2, "symptom.headache", "mild"],
    ["Headache", "HKCategoryValueSeveritySevere", "symptom.headache", "severe"],
    ["HKCategoryTypeIdentifierAppetiteChanges", 2, "symptom.appetite_changes", "decreased"],
    ["HKCategoryTypeIdentifierMoodChanges", 1, "symptom.mood_changes", "not_present"],
    ["HKCategoryTypeIdentifierMenstrualFlow", 4, "menstrual_flow", "heavy"],
    ["HKCategoryTypeIdentifierMenstrualFlow", "HKCategoryValueMenstrualFlowNone", "menstrual_flow", "none"],
    ["HKCategoryTypeIdentifierOvulationTestResult", 2, "ovulation_test", "luteinizing_hormone_surge"],
    ["HKCategoryTypeIdentifierCervicalMucusQuality", 5, "cervical_mucus", "egg_white"],
    ["HKCategoryTypeIdentifierPregnancyTestResult", "positive", "pregnancy_test", "positive"],
    ["HKCategoryTypeIdentifierAppleWalkingSteadinessEvent", 2, "event.walking_steadiness", "initial_very_low"],
    ["HKCategoryTypeIdentifierHighHeartRateEvent", 0, "event.high_heart_rate", undefined],
    ["HKCategoryTypeIdentifierHandwashingEvent", undefined, "handwashing", undefined],
    ["HKCategoryTypeIdentifierSexualActivity", 0, "sexual_activity", "unspecified"],
  ])("%s %s is %s %s", (type, value, metric, text) => {
    expect(one("healthkit", hk(type, value))).toMatchObject([
      { metric, kind: "event", value: null, end: AT + HOUR_MS, ...(text && { text }) },
    ]);
  });

  it("counts minutes of mindfulness and hours stood", () => {
    expect(one("healthkit", hk("MindfulSession", 0))).toMatchObject([{ metric: "mindful_minutes", kind: "interval", value: 60 }]);
    expect(one("healthkit", hk("AppleStandHour", 0))).toMatchObject([{ metric: "stand_hours", kind: "interval", value: 1 }]);
    expect(one("healthkit", hk("AppleStandHour", "HKCategoryValueAppleStandHourIdle"))[0]?.value).toBe(0);
  });

  it("refuses values Apple does not have", () => {
    expect(refusal("healthkit", hk("Headache", 9))).toBe("bad_value");
    expect(refusal("healthkit", hk("MenstrualFlow", undefined))).toBe("missing_value");
  });

  it("keeps that a cycle started", () => {
    expect(one("healthkit", hk("MenstrualFlow", 3, undefined, { metadata: { HKMenstrualCycleStart: true } }))[0]?.attributes).toEqual({
      cycleStart: true,
    });
  });
});

describe("HealthKit correlations", () => {
  const systolic = hk("HKQuantityTypeIdentifierBloodPressureSystolic", 118, "mmHg", { id: "s", parentId: "bp" });
  const diastolic = hk("HKQuantityTypeIdentifierBloodPressureDiastolic", 10, "kPa", { id: "d", parentId: "bp" });
  const header = hk("HKCorrelationTypeIdentifierBloodPressure", undefined, undefined, { id: "bp" });

  it("makes one blood pressure of two halves", () => {
    const { batch, total } = push("healthkit", { records: [diastolic, header, systolic] });
    const [reading] = flatten(batch);
    expect([sizeOf(batch), total]).toEqual([1, 1]);
    expect(reading).toMatchObject({
      metric: "blood_pressure",
      kind: "sample",
      value: null,
      id: "bp",
      start: AT,
      components: { systolic: 118 },
    });
    expect(reading?.components?.["diastolic"]).toBeCloseTo(75.006, 3);
  });

  it("counts parts that are repeated at the top level once", () => {
    const { batch, total } = push("healthkit", {
      records: [{ ...header, objects: [systolic, { ...diastolic, value: 76, unit: "mmHg" }] }, systolic, diastolic],
    });
    expect([sizeOf(batch), total]).toEqual([1, 1]);
    expect(flatten(batch)[0]?.components).toEqual({ systolic: 118, diastolic: 76 });
  });

  it("refuses a half without its other half", () => {
    expect(push("healthkit", { records: [systolic, header] })).toMatchObject({
      rejected: [{ id: "s", reason: "incomplete_panel" }],
      total: 1,
    });
    expect(push("healthkit", { records: [header] }).rejected).toEqual([{ id: "bp", reason: "incomplete_panel" }]);
  });

  it("makes a meal and its nutrients of a food correlation", () => {
    const parts = [
      hk("DietaryCarbohydrates", 29.3, "g"),
      { type: "DietaryEnergyConsumed", value: 105, unit: "kcal" },
      hk("Food", undefined),
    ];
    const { batch, rejected, total } = push("healthkit", {
      records: [
        hk("HKCorrelationTypeIdentifierFood", undefined, undefined, { id: "m", metadata: { HKFoodType: "Apple" }, objects: parts }),
      ],
    });
    expect(total).toBe(4);
    expect(rejected.map((r) => r.reason)).toEqual(["unknown_type"]);
    const readings = flatten(batch);
    expect(readings.map((r) => r.metric).toSorted()).toEqual(["dietary_energy", "meal", "nutrient.carbohydrates"]);
    expect(readings.find((r) => r.metric === "meal")?.attributes).toEqual({
      name: "Apple",
      nutrients: { "nutrient.carbohydrates": 29.3, dietary_energy: 105 },
    });
  });
});
