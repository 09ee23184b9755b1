import { describe, expect, it } from "vitest";

import { METRIC_CODE, METRICS, type Metric, metric, metricByCode, metricByHealthKit, metricsByHealthConnect } from "./catalogue";
import { CATEGORY_TYPES, EXPECTED_KEYS, QUANTITY_TYPES } from "./catalogue/expected.fixture";
import { dimensionOf, normaliseUnit, TEMPERATURE_DIFFERENCE } from "./units";

const get = (key: string): Metric => {
  const row = metric(key);
  if (!row) throw new Error(`no metric ${key}`);
  return row;
};

describe("the catalogue is complete and unambiguous", () => {
  it.each(Object.entries(EXPECTED_KEYS))("has exactly the %s metrics", (_, keys) => {
    expect(keys.filter((key) => !metric(key))).toEqual([]);
  });

  it("has no metric beyond the reference list", () => {
    expect(METRICS.map((row) => row.key).toSorted()).toEqual(Object.values(EXPECTED_KEYS).flat().toSorted());
  });

  it("gives every metric its own key and storage number", () => {
    expect(new Set(METRICS.map((row) => row.key)).size).toBe(METRICS.length);
    expect(new Set(METRICS.map((row) => row.code)).size).toBe(METRICS.length);
    expect(METRIC_CODE.size).toBe(METRICS.length);
    for (const row of METRICS) {
      expect(row.code).toSatisfy(Number.isInteger);
      expect(row.code).toBeGreaterThan(0);
      expect(metricByCode(row.code)).toBe(row);
    }
  });

  it("keeps storage numbers that data already uses", () => {
    const pinned = {
      heart_rate: 101,
      spo2: 107,
      cgm_glucose: 202,
      body_weight: 301,
      steps: 401,
      energy_active: 414,
      power: 501,
      sleep: 601,
      "score.body_battery": 707,
      env_audio: 802,
      menstrual_flow: 902,
      "symptom.headache": 1019,
      "nutrient.iron": 1215,
      workout: 1301,
    };
    for (const [key, code] of Object.entries(pinned)) expect(METRIC_CODE.get(key)).toBe(code);
  });

  it("answers nothing for unknown keys, also those of Object.prototype", () => {
    expect(metric("constructor")).toBeUndefined();
    expect(metricByHealthKit("toString")).toBeUndefined();
    expect(metricsByHealthConnect("constructor")).toEqual([]);
    expect(metricByCode(-1)).toBeUndefined();
  });
});

describe("HealthKit", () => {
  it("has a row for each of the 119 quantity and 68 category types", () => {
    expect(QUANTITY_TYPES).toHaveLength(119);
    expect(CATEGORY_TYPES).toHaveLength(68);
    const missing = [
      ...QUANTITY_TYPES.map((name) => `HKQuantityTypeIdentifier${name}`),
      ...CATEGORY_TYPES.map((name) => `HKCategoryTypeIdentifier${name}`),
    ].filter((identifier) => !metricByHealthKit(identifier));
    expect(missing).toEqual([]);
  });

  it("claims each identifier once, with and without prefix", () => {
    const identifiers = METRICS.flatMap((row) => row.healthKit?.identifiers ?? []);
    expect(new Set(identifiers).size).toBe(identifiers.length);
    for (const row of METRICS) {
      for (const identifier of row.healthKit?.identifiers ?? []) {
        expect(metricByHealthKit(identifier)).toBe(row);
        expect(metricByHealthKit(identifier.replace(/^HK(Quantity|Category|Correlation)TypeIdentifier/, ""))).toBe(row);
      }
    }
  });

  it("knows that HealthKit counts the body mass index", () => {
    expect(METRICS.filter((row) => row.healthKit?.unitless).map((row) => row.key)).toEqual(["bmi"]);
  });

  it("marks every percentage type as a fraction", () => {
    const percentages = METRICS.filter((row) => row.unit === "%" && row.healthKit?.identifiers.some((name) => name.includes("Quantity")));
    expect(percentages.length).toBeGreaterThanOrEqual(8);
    for (const row of percentages) expect([row.key, row.healthKit?.fraction]).toEqual([row.key, true]);
  });
});

describe("Health Connect", () => {
  it.each([
    ["Steps", ["steps"]],
    ["HeartRateVariabilityRmssdRecord", ["hrv_rmssd"]],
    ["BloodGlucose", ["blood_glucose", "cgm_glucose"]],
    ["WeightRecord", ["body_weight"]],
    ["Distance", ["distance_walk_run"]],
    ["Nothing", []],
  ])("maps %s", (record, keys) => {
    expect(metricsByHealthConnect(record).map((row) => row.key)).toEqual(keys);
  });

  it("offers the untyped metric first where the sport decides", () => {
    expect(metricsByHealthConnect("Power")[0]?.key).toBe("power");
    expect(metricsByHealthConnect("SpeedRecord")[0]?.key).toBe("speed");
  });
});

describe("units and bounds", () => {
  const parts = METRICS.flatMap((row) => [row, ...(row.components ?? [])]);

  it("uses canonical UCUM units the converter knows", () => {
    for (const part of parts) {
      const extra = "healthKit" in part ? [part.healthKit?.unit, part.healthConnect?.unit] : [];
      for (const unit of [part.unit, ...extra]) {
        if (!unit) continue;
        expect([unit, normaliseUnit(unit)]).toEqual([unit, unit]);
        expect(dimensionOf(unit)).toBeDefined();
      }
    }
  });

  it("bounds every number, low before high", () => {
    for (const part of parts) {
      if (part.unit === "" || ("components" in part && part.components)) continue;
      const [low, high] = part.bounds ?? [Number.NaN, Number.NaN];
      expect([part.key, low < high && Number.isFinite(low) && Number.isFinite(high)]).toEqual([part.key, true]);
    }
  });

  it.each([
    ["heart_rate", 20, 300],
    ["resting_heart_rate", 20, 150],
    ["hrv_rmssd", 1, 500],
    ["spo2", 50, 100],
    ["respiratory_rate", 4, 60],
    ["body_temperature", 30, 45],
    ["skin_temp_deviation", -10, 10],
    ["blood_glucose", 10, 1000],
    ["cgm_glucose", 20, 600],
    ["insulin_delivery", 0, 300],
    ["vascular_age", 10, 110],
  ])("%s lies within %d and %d", (key, low, high) => {
    expect(get(key).bounds).toEqual([low, high]);
  });

  it("keeps a temperature deviation apart from a temperature", () => {
    expect(get("skin_temp_deviation").unit).toBe(TEMPERATURE_DIFFERENCE);
    expect(get("skin_temp").unit).toBe("Cel");
  });

  it("packs only samples into segments", () => {
    const kinds = METRICS.filter((row) => row.storage === "segment").map((row) => row.kind);
    expect(new Set(kinds)).toEqual(new Set(["sample"]));
  });

  it("averages decibels by energy, and nothing else", () => {
    for (const row of METRICS) {
      expect([row.key, row.energyAverage ?? false]).toEqual([row.key, row.unit.startsWith("dB")]);
    }
  });

  it("lists the main kind first and no kind twice", () => {
    for (const row of METRICS) {
      expect(row.kinds[0]).toBe(row.kind);
      expect(new Set(row.kinds).size).toBe(row.kinds.length);
    }
  });
});

describe("sensitivity", () => {
  it("puts the whole reproductive group into its own class", () => {
    for (const key of EXPECTED_KEYS["reproductive"] ?? []) {
      expect([key, get(key).sensitivity]).toEqual([key, "reproductive"]);
    }
    expect(get("basal_body_temperature").sensitivity).toBe("reproductive");
  });

  it("guards the electrocardiogram and the mind", () => {
    expect(get("ecg").sensitivity).toBe("ecg");
    expect(get("state_of_mind").sensitivity).toBe("mental");
    expect(get("stress_level").sensitivity).toBe("mental");
  });
});
