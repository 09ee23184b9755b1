import { describe, expect, it } from "vitest";

import { METRICS, type Metric, metric } from "../catalogue";
import { LOINC, LOINC_MEANING, type LoincCode, loincMeaning, SYSTEM } from "../codes";

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
