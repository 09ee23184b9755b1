import { describe, expect, it } from "vitest";
import { HOUR_MS } from "../clock";
import { flatten, one, push, refusal } from "./flatten.fixture";

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
const hc = (type: string, rest: Record<string, unknown>) => ({ type, startTime: START, endTime: END, ...rest });
const hcAt = (type: string, rest: Record<string, unknown>) => ({ type, time: START, ...rest });

describe("Health Connect records", () => {
  it.each([
    ["StepsRecord", hc("StepsRecord", { count: 120 }), "steps", "interval", 120],
    ["Distance", hc("Distance", { distance: { inMeters: 1_500, inKilometers: 1.5 } }), "distance_walk_run", "interval", 1_500],
    ["ActiveCaloriesBurned", hc("ActiveCaloriesBurned", { energy: { inKilocalories: 80 } }), "energy_active", "interval", 80],
    ["TotalCaloriesBurned", hc("TotalCaloriesBurned", { energy: { value: 900, unit: "kilocalories" } }), "energy_total", "interval", 900],
    ["Weight", hcAt("WeightRecord", { weight: { inKilograms: 72.5 } }), "body_weight", "sample", 72.5],
    ["Weight with a unit beside", hcAt("Weight", { value: 160, unit: "lb" }), "body_weight", "sample", 72.574_779_2],
    ["Height", hcAt("Height", { height: { inMeters: 1.8 } }), "body_height", "sample", 180],
    ["BodyFat", hcAt("BodyFat", { percentage: 1.2 }), "body_fat_pct", "sample", 1.2],
    ["OxygenSaturation", hcAt("OxygenSaturation", { percentage: 97 }), "spo2", "sample", 97],
    ["HeartRateVariabilityRmssd", hcAt("HeartRateVariabilityRmssd", { heartRateVariabilityMillis: 44 }), "hrv_rmssd", "sample", 44],
    ["RestingHeartRate", hcAt("RestingHeartRate", { beatsPerMinute: 52 }), "resting_heart_rate", "sample", 52],
    ["BasalMetabolicRate", hcAt("BasalMetabolicRate", { basalMetabolicRate: { inKilocaloriesPerDay: 1_600 } }), "bmr", "sample", 1_600],
    ["BloodGlucose", hcAt("BloodGlucose", { level: { inMillimolesPerLiter: 5.5 } }), "blood_glucose", "sample", 99.0858],
    ["BloodGlucose in plain mmol/L", hcAt("BloodGlucose", { level: 5.5 }), "blood_glucose", "sample", 99.0858],
    ["BloodGlucose of a sensor", hcAt("BloodGlucose", { level: 5.5, specimenSource: 1 }), "cgm_glucose", "sample", 99.0858],
    ["Hydration", hc("Hydration", { volume: { inLiters: 0.5 } }), "water_intake", "interval", 500],
    ["Vo2Max", hcAt("Vo2Max", { vo2MillilitersPerMinuteKilogram: 42 }), "vo2_max", "sample", 42],
    ["MindfulnessSession", hc("MindfulnessSession", { mindfulnessSessionType: 1 }), "mindful_minutes", "interval", 60],
    ["FloorsClimbed", hc("FloorsClimbed", { floors: 3 }), "floors", "interval", 3],
  ])("%s", (_, record, metric, kind, value) => {
    const [reading, ...more] = one("health-connect", record);
    expect(more).toEqual([]);
    expect(reading).toMatchObject({ metric, kind, start: AT });
    expect(reading?.value).toBeCloseTo(value, 6);
  });

  it.each([
    ["HeartRate", { time: START, beatsPerMinute: 61 }, "heart_rate", 61],
    ["Speed", { time: START, speed: { inKilometersPerHour: 36 } }, "speed", 10],
    ["Power", { time: START, power: { inWatts: 180 } }, "power", 180],
    ["StepsCadence", { time: START, rate: 160 }, "cadence_run", 160],
    ["CyclingPedalingCadence", { time: START, revolutionsPerMinute: 85 }, "cadence_cycle", 85],
  ])("reads the samples of %s", (type, sample, metric, value) => {
    const { batch, rejected, total } = push("health-connect", {
      records: [hc(type, { id: "r", samples: [sample, { ...sample, time: END }, { ...sample, time: "soon" }] })],
    });
    expect(flatten(batch).map((r) => [r.metric, r.start, r.value, r.id])).toEqual([
      [metric, AT, value, "r"],
      [metric, AT + HOUR_MS, value, "r"],
    ]);
    expect(rejected).toEqual([{ id: "r", reason: "bad_date" }]);
    expect(total).toBe(3);
  });

  it("refuses a series without samples", () => {
    expect(refusal("health-connect", hc("HeartRate", { samples: [] }))).toBe("missing_value");
  });

  it("reads blood pressure with its circumstances", () => {
    const record = hcAt("BloodPressure", {
      systolic: { inMillimetersOfMercury: 118 },
      diastolic: 76,
      bodyPosition: 2,
      measurementLocation: "MEASUREMENT_LOCATION_LEFT_UPPER_ARM",
    });
    expect(one("health-connect", record)).toMatchObject([
      {
        metric: "blood_pressure",
        value: null,
        components: { systolic: 118, diastolic: 76 },
        attributes: { bodyPosition: "sitting_down", measurementLocation: "left_upper_arm" },
      },
    ]);
    expect(refusal("health-connect", hcAt("BloodPressure", { systolic: 118 }))).toBe("incomplete_panel");
  });

  it("reads skin temperature as deviations, and as temperatures where the baseline is told", () => {
    const record = hc("SkinTemperature", { baseline: { inCelsius: 34 }, deltas: [{ time: START, delta: { inCelsius: -0.5 } }] });
    const { batch, total } = push("health-connect", { records: [record] });
    expect(total).toBe(2);
    expect(flatten(batch).map((r) => [r.metric, r.value])).toEqual([
      ["skin_temp_deviation", -0.5],
      ["skin_temp", 33.5],
    ]);
  });

  it("reads a nutrition record as a meal and its nutrients", () => {
    const record = hc("Nutrition", {
      name: "Lunch",
      mealType: 2,
      energy: { inKilocalories: 500 },
      protein: { inGrams: 20 },
      sodium: { inGrams: 0.5 },
    });
    const { batch, total } = push("health-connect", { records: [record] });
    expect(total).toBe(4);
    const readings = flatten(batch);
    expect(Object.fromEntries(readings.map((r) => [r.metric, r.value]))).toEqual({
      meal: null,
      dietary_energy: 500,
      "nutrient.protein": 20,
      "nutrient.sodium": 500,
    });
    expect(readings.find((r) => r.metric === "meal")?.attributes).toMatchObject({ name: "Lunch", mealType: "lunch" });
  });

  it("reads intensity as minutes of exercise too", () => {
    expect(one("health-connect", hc("ActivityIntensity", { activityIntensityType: 1 })).map((r) => [r.metric, r.value])).toEqual([
      ["vigorous_minutes", 60],
      ["exercise_minutes", 60],
    ]);
    expect(refusal("health-connect", hc("ActivityIntensity", { activityIntensityType: 5 }))).toBe("bad_value");
  });

  it.each([
    ["MenstruationFlow", { flow: 3 }, "menstrual_flow", "heavy"],
    ["MenstruationFlow", { flow: "light" }, "menstrual_flow", "light"],
    ["OvulationTest", { result: 2 }, "ovulation_test", "high"],
    ["CervicalMucus", { appearance: 4 }, "cervical_mucus", "watery"],
    ["SexualActivity", { protectionUsed: 1 }, "sexual_activity", "protected"],
    ["MenstruationPeriod", {}, "menstrual_period", undefined],
    ["IntermenstrualBleeding", {}, "intermenstrual_bleeding", undefined],
  ])("%s %j is %s %s", (type, fields, metric, text) => {
    expect(one("health-connect", hc(type, fields))).toMatchObject([{ metric, kind: "event", ...(text && { text }) }]);
  });
});

describe("Samsung Health names", () => {
  it.each([
    ["com.samsung.health.heart_rate", 61, "bpm", "heart_rate", 61],
    ["HEART_RATE", 61, undefined, "heart_rate", 61],
    ["com.samsung.health.step_count", 100, "count", "steps", 100],
    ["STEPS", 100, undefined, "steps", 100],
    ["BLOOD_OXYGEN", 97, "%", "spo2", 97],
    ["oxygen_saturation", 97, undefined, "spo2", 97],
    ["BLOOD_GLUCOSE", 5.5, undefined, "blood_glucose", 99.0858],
    ["weight", 72.5, "kg", "body_weight", 72.5],
    ["WATER_INTAKE", 250, "mL", "water_intake", 250],
    ["FLOORS_CLIMBED", 3, undefined, "floors", 3],
    ["BODY_TEMPERATURE", 36.6, "C", "body_temperature", 36.6],
  ])("%s of %s %s is %s", (type, value, unit, metric, canonical) => {
    const [reading] = one("samsung-health", hk(type, value, unit));
    expect(reading).toMatchObject({ metric, source: { vendor: "samsung_health" } });
    expect(reading?.value).toBeCloseTo(canonical, 6);
  });
});
