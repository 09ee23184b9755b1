import { describe, expect, it } from "vitest";

import { METRIC_CODE, METRICS, type Metric, metric, metricByCode, metricByHealthKit, metricsByHealthConnect } from "./catalogue";
import { CATEGORY_TYPES, EXPECTED_KEYS, QUANTITY_TYPES } from "./catalogue/expected.fixture";
import { LOINC, LOINC_MEANING, type LoincCode, loincMeaning, SYSTEM } from "./codes";
import { dimensionOf, normaliseUnit, TEMPERATURE_DIFFERENCE } from "./units";

const get = (key: string): Metric => {
  const row = metric(key);
  if (!row) throw new Error(`no metric ${key}`);
  return row;
};
const codes = (row: Metric, system: string): string[] =>
  row.codings.filter((coding) => coding.system === system).map((coding) => coding.code);
const isLoinc = (code: string): code is LoincCode => Object.hasOwn(LOINC, code) || Object.hasOwn(LOINC_MEANING, code);
const loinc = (key: string): string[] => codes(get(key), SYSTEM.loinc);
const allCodings = (row: Metric) => [
  ...row.codings,
  ...(row.dailyCodings ?? []),
  ...(row.dailyMaximumCodings ?? []),
  ...(row.components ?? []).flatMap((component) => component.codings),
];

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

describe("codings", () => {
  /** What the LOINC name of a metric must speak of. */
  const MEANING: Readonly<Record<string, RegExp>> = {
    heart_rate: /^heart rate/i,
    resting_heart_rate: /heart rate.*resting/i,
    hrv_sdnn: /R-R interval.standard deviation/i,
    spo2: /oxygen saturation/i,
    respiratory_rate: /respiratory rate/i,
    blood_pressure: /blood pressure/i,
    body_temperature: /body temperature/i,
    basal_body_temperature: /body temperature/i,
    perfusion_index: /perfusion index/i,
    fev1: /FEV1/,
    fvc: /forced vital capacity/i,
    pef: /expiratory.*flow.*peak flow/i,
    blood_alcohol: /ethanol.*blood/i,
    blood_glucose: /glucose.*capillary/i,
    cgm_glucose: /glucose.*interstitial/i,
    cgm_summary: /glucose.*summary/i,
    cgm_mean: /average glucose/i,
    cgm_gmi: /glucose management/i,
    cgm_tbr2: /very low/i,
    cgm_tbr1: /below range, low/i,
    cgm_tir: /target/i,
    cgm_tar1: /above range, high/i,
    cgm_tar2: /very high/i,
    cgm_cv: /variation/i,
    cgm_wear_days: /days/i,
    cgm_active_pct: /active/i,
    body_weight: /weight/i,
    body_height: /height/i,
    bmi: /mass index/i,
    body_fat_pct: /percentage.*fat/i,
    fat_mass: /fat \[mass\]/i,
    lean_mass: /lean/i,
    muscle_mass: /muscle mass$/i,
    waist: /waist/i,
    steps: /steps/i,
    distance_walk_run: /walking distance/i,
    distance_cycling: /cycling distance/i,
    distance_swimming: /swimming distance/i,
    distance: /distance/i,
    floors: /flights climbed/i,
    elevation_gain: /elevation/i,
    energy_active: /calories burned/i,
    energy_total: /calories burned in 24 hour/i,
    exercise_minutes: /exercise duration/i,
    moderate_minutes: /moderate/i,
    vigorous_minutes: /vigorous/i,
    wheelchair_pushes: /pushes/i,
    vo2_max: /VO2.*body weight/i,
    sleep_duration: /sleep duration/i,
    sleep_deep: /deep/i,
    sleep_light: /light/i,
    sleep_rem: /REM/,
    sleep_awake: /awake/i,
    awakenings: /awakenings/i,
    menstrual_period: /menstrual period/i,
    menstrual_flow: /menstrual/i,
    pregnancy: /pregnancy/i,
    meal: /food/i,
    dietary_energy: /calorie intake/i,
    water_intake: /fluid intake/i,
    workout: /exercise/i,
  };

  it("names in LOINC what the metric is about", () => {
    for (const row of METRICS) {
      for (const coding of allCodings(row)) {
        if (coding.system !== SYSTEM.loinc) continue;
        const meaning = row.components?.some((part) => part.codings.includes(coding)) ? /blood pressure/i : MEANING[row.key];
        expect([row.key, isLoinc(coding.code) && meaning?.test(loincMeaning(coding.code))]).toEqual([row.key, true]);
      }
    }
  });

  it("orders LOINC, PGHD, SNOMED, and falls back to its own code only without the first two", () => {
    const rank: Readonly<Record<string, number>> = {
      [SYSTEM.loinc]: 0,
      [SYSTEM.pghd]: 1,
      [SYSTEM.pghdSleepEpisode]: 1,
      [SYSTEM.snomed]: 2,
      [SYSTEM.mdc]: 2,
      [SYSTEM.metric]: 3,
    };
    for (const row of METRICS) {
      expect(row.codings.length).toBeGreaterThan(0);
      const ranks = row.codings.map((coding) => rank[coding.system] ?? 9);
      expect([row.key, ranks]).toEqual([row.key, ranks.toSorted((a, b) => a - b)]);
      expect(ranks.filter((value) => value === 1).length).toBeLessThanOrEqual(1);
      expect([row.key, ranks.includes(3)]).toEqual([row.key, !ranks.includes(0) && !ranks.includes(1)]);
      expect(codes(row, SYSTEM.metric)).toEqual(ranks.includes(3) ? [row.key] : []);
    }
  });

  it("sends SpO2 with both codes in the order the profiles ask for", () => {
    expect(loinc("spo2")).toEqual(["2708-6", "59408-5"]);
  });

  it("never gives RMSSD a LOINC code", () => {
    expect(loinc("hrv_rmssd")).toEqual([]);
    expect(codes(get("hrv_rmssd"), SYSTEM.metric)).toEqual(["hrv_rmssd"]);
  });

  it("avoids codes that mean something else", () => {
    const wrong = ["8889-8", "60842-2", "73965-6", "56086-2", "LP203183-1", "93819-1", "11976-8"];
    const used = METRICS.flatMap(allCodings)
      .filter((coding) => coding.system === SYSTEM.loinc)
      .map((coding) => coding.code);
    expect(used.filter((code) => wrong.includes(code))).toEqual([]);
    expect(used.filter((code) => !/^\d{1,6}-\d$/.test(code))).toEqual([]);
  });

  it("never codes a pressure or a skin temperature as something else", () => {
    const parts = get("blood_pressure").components ?? [];
    expect(parts.map((part) => [part.key, part.codings[0]?.code])).toEqual([
      ["systolic", "8480-6"],
      ["diastolic", "8462-4"],
      ["mean", "8478-0"],
    ]);
    expect(loinc("skin_temp")).toEqual([]);
    expect(loinc("skin_temp_deviation")).toEqual([]);
  });

  it("uses 24-hour codes for day totals only", () => {
    for (const [key, day] of [
      ["steps", "41950-7"],
      ["distance_walk_run", "41953-1"],
      ["energy_active", "41979-6"],
    ] as const) {
      expect(loinc(key)).not.toContain(day);
      expect(get(key).dailyCodings?.[0]?.code).toBe(day);
    }
    expect(loinc("energy_active")[0]).toBe("55424-6");
    expect(loinc("heart_rate")).not.toContain("8873-2");
    expect(get("heart_rate").dailyMaximumCodings?.[0]?.code).toBe("8873-2");
  });

  it("has valid LOINC check digits", () => {
    for (const code of [...Object.keys(LOINC), ...Object.keys(LOINC_MEANING)]) {
      const [number = "", check] = code.split("-");
      let sum = 0;
      for (const [index, digit] of number.split("").toReversed().entries()) {
        const doubled = index % 2 === 0 ? Number(digit) * 2 : Number(digit);
        sum += doubled > 9 ? doubled - 9 : doubled;
      }
      expect([code, String((10 - (sum % 10)) % 10)]).toEqual([code, check]);
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
