import { describe, expect, test } from "vitest";
import { appleExport, category, element, metadata, quantity, WATCH } from "../../../test/fixtures/apple-export";
import { flat, type Imported, importFile } from "../../../test/fixtures/import-file";
import type { Reading } from "../../health/reading";

const AT = "2026-03-01 08:00:00 +0100";
const LATER = "2026-03-01 08:30:00 +0100";
const START = Date.UTC(2026, 2, 1, 7);
const END = START + 1_800_000;

const read = (...elements: string[]): Promise<Imported> => importFile(appleExport(elements));
const readings = (imported: Imported): Reading[] => imported.batches.flatMap((batch) => batch.readings);
const values = (imported: Imported): [string, number | null][] => flat(imported.batches).map(({ metric, value }) => [metric, value]);

describe("numbers arrive in the canonical unit", () => {
  test.each([
    ["HeartRate", "72", "count/min", "heart_rate", 72],
    ["BodyMass", "200", "lb", "body_weight", 90.718474],
    ["Height", "6", "ft", "body_height", 182.88],
    ["BodyMassIndex", "22.5", "count", "bmi", 22.5],
    ["BodyTemperature", "98.6", "degF", "body_temperature", 37],
    ["VO2Max", "41.2", "mL/min·kg", "vo2_max", 41.2],
    ["WalkingSpeed", "3.6", "km/hr", "walking_speed", 1],
    ["WalkingStepLength", "28", "in", "walking_step_length", 0.7112],
    ["HeadphoneAudioExposure", "72", "dBASPL", "headphone_audio", 72],
    ["BloodGlucose", "5.5", "mmol<180.1558800000541>/L", "blood_glucose", 99.0858],
    ["PhysicalEffort", "1.5", "kcal/hr·kg", "physical_effort", 1.5],
    ["OxygenSaturation", "0.96", "%", "spo2", 96],
    ["OxygenSaturation", "96", "%", "spo2", 96],
    ["BodyFatPercentage", "0.182", "%", "body_fat_pct", 18.2],
    ["BodyFatPercentage", "16.2", "%", "body_fat_pct", 16.2],
    ["WalkingAsymmetryPercentage", "0.02", "%", "walking_asymmetry", 2],
  ])("%s %s %s", async (type, value, unit, metric, canonical) => {
    const [only] = flat((await read(quantity(type, value, unit, AT))).batches);
    expect(only).toMatchObject({ metric, start: START, zone: 3_600 });
    expect(only?.value).toBeCloseTo(canonical, 9);
  });

  test.each([
    ["ActiveEnergyBurned", "10", "Cal", "energy_active", 10],
    ["BasalEnergyBurned", "100", "kJ", "energy_basal", 23.900574],
    ["DistanceWalkingRunning", "2.5", "mi", "distance_walk_run", 4023.36],
    ["StepCount", "400", "count", "steps", 400],
    ["DietaryWater", "0.5", "L", "water_intake", 500],
    ["AppleStandTime", "3", "min", "stand_minutes", 3],
  ])("%s %s %s over a span", async (type, value, unit, metric, canonical) => {
    const [only] = flat((await read(quantity(type, value, unit, AT, { endDate: LATER }))).batches);
    expect(only).toMatchObject({ metric, start: START, end: END });
    expect(only?.value).toBeCloseTo(canonical, 5);
  });

  test("glucose of a sensor's app is sensor glucose", async () => {
    expect(values(await read(quantity("BloodGlucose", "110", "mg/dL", AT, { sourceName: "Dexcom G7" })))).toEqual([["cgm_glucose", 110]]);
  });
});

describe("where and when", () => {
  test("the wearer's zone wins over the exporting phone's", async () => {
    const [only] = flat((await read(quantity("HeartRate", 60, "count/min", AT, {}, [metadata("HKTimeZone", "America/New_York")]))).batches);
    expect(only).toMatchObject({ start: START, zone: -18_000 });
  });

  test("an unknown zone changes nothing", async () => {
    const [only] = flat((await read(quantity("HeartRate", 60, "count/min", AT, {}, [metadata("HKTimeZone", "Mars/Olympus")]))).batches);
    expect(only?.zone).toBe(3_600);
  });

  test("app, device and typing make the source; the device's address and software do not", async () => {
    const { batches } = await read(
      quantity("HeartRate", 60, "count/min", AT, { device: WATCH }),
      quantity("HeartRate", 61, "count/min", LATER, { device: WATCH.replace("0x281795f40", "0xffff").replace("11.1", "11.1") }),
      quantity("BodyMass", 80, "kg", AT, {}, [metadata("HKWasUserEntered", "1")]),
      quantity("BodyMass", 80, "kg", LATER, {}, [metadata("HKWasUserEntered", "0")]),
    );
    expect(batches[0]?.sources).toEqual([
      {
        vendor: "apple_health_export",
        app: "Robin’s Watch",
        deviceName: "Apple Watch",
        deviceManufacturer: "Apple Inc.",
        deviceModel: "Watch7,5",
        deviceType: "watch",
      },
      { vendor: "apple_health_export", app: "Robin’s Watch", recordingMethod: "manual" },
      { vendor: "apple_health_export", app: "Robin’s Watch" },
    ]);
  });

  test("metadata of one record does not reach the next", async () => {
    const { batches } = await read(
      quantity("BodyMass", 80, "kg", AT, {}, [metadata("HKWasUserEntered", "1"), metadata("HKTimeZone", "Asia/Tokyo")]),
      quantity("BodyMass", 81, "kg", LATER),
    );
    const [first, second] = flat(batches);
    expect(first?.app).toContain("manual");
    expect(second?.app).not.toContain("manual");
    expect([first?.zone, second?.zone]).toEqual([32_400, 3_600]);
  });
});

describe("what is repeated counts once", () => {
  const systolic = quantity("BloodPressureSystolic", 118, "mmHg", AT);
  const diastolic = quantity("BloodPressureDiastolic", 76, "mmHg", AT);
  const correlation = element(
    "Correlation",
    { type: "HKCorrelationTypeIdentifierBloodPressure", sourceName: "Robin’s Watch", startDate: AT, endDate: AT, creationDate: AT },
    [metadata("HKWasUserEntered", "0"), diastolic, systolic],
  );
  const panel = { metric: "blood_pressure", start: START, end: START, value: null, components: { systolic: 118, diastolic: 76 } };

  test("a correlation alone is one reading", async () => {
    const imported = await read(correlation);
    expect(readings(imported)).toEqual([expect.objectContaining(panel)]);
    expect(imported.report.byType).toEqual({
      HKCorrelationTypeIdentifierBloodPressure: { read: 1, accepted: 1, duplicate: 0, quarantined: 0, rejected: 0 },
    });
  });

  test("top-level values of one instant are paired, and equal the correlation's reading in all that identifies it", async () => {
    const found = readings(await read(systolic, diastolic, correlation));
    expect(found).toHaveLength(2);
    expect(found[1]).toEqual(found[0]);
  });

  test("half a blood pressure is set aside", async () => {
    const imported = await read(systolic);
    expect(readings(imported)).toEqual([]);
    expect(imported.batches.flatMap((batch) => batch.quarantined)).toEqual([
      expect.objectContaining({ metric: "blood_pressure", value: 118, reason: "incomplete_panel" }),
    ]);
    expect(imported.report.byType["HKQuantityTypeIdentifierBloodPressureSystolic"]).toMatchObject({ read: 1, quarantined: 1 });
  });

  test("a food is a meal; its nutrients are the same readings as the top-level ones", async () => {
    const energy = quantity("DietaryEnergyConsumed", 250, "Cal", AT);
    const sodium = quantity("DietarySodium", 0.4, "g", AT);
    const food = element(
      "Correlation",
      { type: "HKCorrelationTypeIdentifierFood", sourceName: "Robin’s Watch", startDate: AT, endDate: AT, creationDate: AT },
      [metadata("HKFoodType", "Apple pie"), energy, sodium],
    );
    const imported = await read(energy, sodium, food);
    const [meal] = readings(imported);
    expect(meal).toMatchObject({
      metric: "meal",
      text: "Apple pie",
      attributes: { nutrients: { dietary_energy: 250, "nutrient.sodium": 400 } },
    });
    const nutrients = flat(imported.batches).filter(({ metric }) => metric !== "meal");
    expect(new Set(nutrients.map((reading) => JSON.stringify(reading))).size).toBe(2);
    expect(nutrients).toHaveLength(4);
    expect(imported.report.byType["HKQuantityTypeIdentifierDietarySodium"]).toMatchObject({ read: 1, accepted: 1 });
  });

  test("two foods of one minute stay two", async () => {
    const imported = await read(quantity("DietaryProtein", 10, "g", AT), quantity("DietaryProtein", 20, "g", AT));
    expect(new Set(flat(imported.batches).map(({ rest }) => rest)).size).toBe(2);
  });
});

describe("categories", () => {
  test("sleep stages become stretches", async () => {
    const { batches } = await read(
      category("SleepAnalysis", "HKCategoryValueSleepAnalysisAsleepCore", AT, LATER, [metadata("HKTimeZone", "Europe/Vienna")]),
      category("SleepAnalysis", "HKCategoryValueSleepAnalysisInBed", AT, LATER),
      category("SleepAnalysis", "5", AT, LATER),
    );
    expect(batches[0]?.sleepStretches.map(({ stage, start, end }) => [stage, start, end])).toEqual([
      ["light", START, END],
      ["in_bed", START, END],
      ["rem", START, END],
    ]);
  });

  test("stand hours count the hours stood, mindful sessions their minutes", async () => {
    const imported = await read(
      category("AppleStandHour", "HKCategoryValueAppleStandHourStood", AT, LATER),
      category("AppleStandHour", "HKCategoryValueAppleStandHourIdle", LATER, "2026-03-01 09:30:00 +0100"),
      category("MindfulSession", "HKCategoryValueNotApplicable", AT, LATER),
    );
    expect(values(imported)).toEqual([
      ["mindful_minutes", 30],
      ["stand_hours", 1],
      ["stand_hours", 0],
    ]);
  });

  test("events keep their coded value and what describes them", async () => {
    const found = readings(
      await read(
        category("HighHeartRateEvent", "HKCategoryValueNotApplicable", AT, LATER, [metadata("HKHeartRateEventThreshold", "120 count/min")]),
        category("Headache", "HKCategoryValueSeverityModerate", AT, LATER),
        category("SexualActivity", "HKCategoryValueNotApplicable", AT, AT, [metadata("HKSexualActivityProtectionUsed", "1")]),
      ),
    );
    expect(found[0]).toMatchObject({
      metric: "event.high_heart_rate",
      value: null,
      attributes: { metadata: { HKHeartRateEventThreshold: "120 count/min" } },
    });
    expect(found[0]).not.toHaveProperty("text");
    expect(found[1]).toMatchObject({ metric: "symptom.headache", text: "moderate" });
    expect(found[2]).toMatchObject({ metric: "sexual_activity", text: "protected" });
  });

  test("the start of a cycle is a period too", async () => {
    const found = readings(
      await read(category("MenstrualFlow", "HKCategoryValueMenstrualFlowMedium", AT, LATER, [metadata("HKMenstrualCycleStart", "1")])),
    );
    expect(found.map(({ metric, text }) => [metric, text])).toEqual([
      ["menstrual_flow", "medium"],
      ["menstrual_period", undefined],
    ]);
  });

  test("a state of mind has its valence, kind, labels and associations", async () => {
    const [mood] = readings(
      await read(
        category("StateOfMind", "HKCategoryValueStateOfMindNotSet", AT, AT, [
          metadata("HKMetadataKeyStateOfMindValence", "0.25"),
          metadata("HKMetadataKeyStateOfMindKind", "1"),
          metadata("HKMetadataKeyStateOfMindLabels", "(    1,    2)"),
          metadata("HKMetadataKeyStateOfMindAssociations", "(    3)"),
        ]),
      ),
    );
    expect(mood).toMatchObject({
      metric: "state_of_mind",
      value: 0.25,
      attributes: { kind: "momentary_emotion", labels: ["1", "2"], associations: ["3"] },
    });
  });
});

test("heart rate variability keeps its beats", async () => {
  const beats = element("HeartRateVariabilityMetadataList", {}, [
    element("InstantaneousBeatsPerMinute", { bpm: 62, time: "8:00:01,22" }),
    element("InstantaneousBeatsPerMinute", { bpm: 64, time: "8:00:02,19" }),
  ]);
  const [only] = readings(await read(quantity("HeartRateVariabilitySDNN", 45, "ms", AT, {}, [beats])));
  expect(only).toMatchObject({
    metric: "hrv_sdnn",
    kind: "sample",
    value: 45,
    attributes: { beatsPerMinute: [62, 64], beatTimes: ["8:00:01,22", "8:00:02,19"] },
  });
});
