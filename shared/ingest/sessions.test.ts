import { describe, expect, it } from "vitest";
import { flatten, NOW, push } from "./flatten.fixture";
import { parsePush, type Platform } from "./push";

const START = "2026-11-19T22:00:00Z";
const END = "2026-11-20T06:00:00Z";
const night = { startDate: START, endDate: END };
const ms = (text: string) => Date.parse(text);

describe("sleep", () => {
  it.each<[Platform, unknown, string]>([
    ["healthkit", "inBed", "in_bed"],
    ["healthkit", 5, "rem"],
    ["healthkit", "HKCategoryValueSleepAnalysisAsleepCore", "light"],
    ["health-connect", 5, "deep"],
    ["health-connect", "STAGE_TYPE_OUT_OF_BED", "out_of_bed"],
    ["samsung-health", 40_004, "rem"],
  ])("of %s in stage %s is a stretch of %s", (platform, stage, expected) => {
    expect(push(platform, { sleep: [{ id: "n", ...night, stage }] }).batch.sleepStretches).toEqual([
      { source: 0, start: ms(START), end: ms(END), stage: expected, zone: expect.any(Number), version: 0, id: "n" },
    ]);
  });

  it("is a stretch among the records too", () => {
    expect(
      push("healthkit", { records: [{ type: "HKCategoryTypeIdentifierSleepAnalysis", ...night, value: 4 }] }).batch.sleepStretches,
    ).toMatchObject([{ stage: "deep" }]);
  });

  it("with stages is a session, in the zone it ends in", () => {
    const stages = [
      { startTime: "2026-11-20T01:00:00Z", endTime: END, stage: 5 },
      { startTime: START, endTime: "2026-11-20T01:00:00Z", stage: 4 },
    ];
    const { batch } = push("health-connect", {
      sleep: [{ ...night, startZoneOffset: "+02:00", endZoneOffset: "+01:00", stages, title: "Night" }],
    });
    expect(batch.sleepSessions).toMatchObject([
      { zone: 3_600, attributes: { title: "Night" }, stages: [{ stage: "light" }, { stage: "deep", end: ms(END) }] },
    ]);
  });

  it.each([
    ["missing_value", { ...night }],
    ["bad_value", { ...night, stage: {} }],
    ["bad_date", { ...night, stages: [{ startTime: START, endTime: "dawn", stage: 1 }] }],
    ["end_before_start", { ...night, stages: [{ startTime: END, endTime: START, stage: 1 }] }],
    ["not_an_object", 5],
  ])("is refused as %s", (reason, entry) => {
    expect(push("healthkit", { sleep: [entry] }).rejected).toMatchObject([{ reason }]);
  });
});

describe("workouts", () => {
  const run = { id: "w", type: "running", startDate: "2026-11-20T07:00:00Z", endDate: "2026-11-20T07:30:00Z" };

  it("keep their totals by metric, in canonical units", () => {
    const values = [
      { type: "duration", unit: "min", value: 29 },
      { type: "distance", unit: "km", value: 5 },
      { type: "activeEnergyBurned", unit: "kJ", value: 418.4 },
      { type: "averageHeartRate", unit: "bpm", value: 155 },
      { type: "maxHeartRate", value: 176 },
      { type: "averageMETs", unit: "kcal/kg/hr", value: 9.5 },
      { type: "elevationAscended", unit: "m", value: 12 },
      { type: "HKQuantityTypeIdentifierStepCount", sum: 4_200, unit: "count" },
      { type: "indoorWorkout", unit: "bool", value: false },
      { type: "weatherTemperature", unit: "degF", value: 50 },
      { type: "shoeAge", value: 3 },
    ];
    const [workout] = push("healthkit", { workouts: [{ ...run, values }] }).batch.workouts;
    expect(workout).toMatchObject({
      type: "running",
      durationS: 1_740,
      totals: {
        distance_walk_run: 5_000,
        heart_rate_mean: 155,
        heart_rate_max: 176,
        physical_effort: 9.5,
        elevation_gain: 12,
        steps: 4_200,
      },
      attributes: { indoor: false, shoeAge: 3 },
    });
    expect(workout?.totals["energy_active"]).toBeCloseTo(100, 9);
    expect(workout?.attributes?.["weatherTemperatureCel"]).toBeCloseTo(10, 9);
  });

  it.each([
    ["cycling", "distance_cycling"],
    ["swimming", "distance_swimming"],
    ["rowing", "distance_rowing"],
    ["yoga", "distance"],
  ])("of %s count their distance as %s", (type, key) => {
    expect(push("healthkit", { workouts: [{ ...run, type, distance: { value: 1, unit: "mi" } }] }).batch.workouts[0]?.totals).toEqual({
      [key]: 1_609.344,
    });
  });

  it("keep a vendor's own name where the type is not known", () => {
    expect(push("healthkit", { workouts: [{ ...run, type: "Goat yoga" }] }).batch.workouts).toMatchObject([
      { type: "other", vendorType: "Goat yoga" },
    ]);
  });

  it("keep laps, segments, events and the route in time order", () => {
    const span = { startTime: run.startDate, endTime: "2026-11-20T07:10:00Z" };
    const record = {
      type: "ExerciseSessionRecord",
      startTime: run.startDate,
      endTime: run.endDate,
      exerciseType: 56,
      laps: [{ ...span, length: { inMeters: 400 } }],
      segments: [{ ...span, segmentType: 30, repetitions: 12 }],
      workoutEvents: [{ type: "pause", date: run.startDate, duration: 60 }],
      exerciseRoute: {
        route: [
          { time: "2026-11-20T07:05:00Z", latitude: 48.2, longitude: 16.4, altitude: { inMeters: 170 } },
          { time: run.startDate, latitude: 48.1, longitude: 16.3 },
          { time: run.startDate, latitude: 148.1, longitude: 16.3 },
        ],
      },
    };
    const [workout] = push("health-connect", { records: [record] }).batch.workouts;
    const start = ms(run.startDate);
    expect(workout).toMatchObject({
      type: "running",
      laps: [{ start, end: start + 600_000, distanceM: 400 }],
      segments: [{ start, type: 30, repetitions: 12 }],
      events: [{ type: "pause", start, end: start + 60_000 }],
      attributes: { routePointsDropped: 1 },
    });
    expect(workout?.route).toEqual([
      [start, 48.1, 16.3],
      [start + 300_000, 48.2, 16.4, 170],
    ]);
  });

  it("give their samples as readings of their source", () => {
    const samples = [{ type: "HeartRate", value: 150, unit: "bpm", startDate: "2026-11-20T07:10:00Z" }, { type: "Workout" }, 7];
    const { batch, rejected, total } = push("healthkit", { workouts: [{ ...run, source: { name: "Watch" }, samples }] });
    expect(flatten(batch)).toMatchObject([{ metric: "heart_rate", value: 150, source: { deviceName: "Watch" } }]);
    expect(rejected.map((r) => r.reason)).toEqual(["unknown_type", "not_an_object"]);
    expect(total).toBe(4);
  });

  it.each([
    ["unit_mismatch", { values: [{ type: "distance", unit: "kg", value: 5 }] }],
    ["bad_value", { values: [{ type: "distance", unit: "m", value: "far" }] }],
    ["bad_value", { values: [7] }],
    ["bad_date", { laps: [{ startTime: "soon" }] }],
    ["bad_value", { route: "along the river" }],
    ["too_large", { segments: Array.from({ length: 2_001 }, () => ({})) }],
  ])("are refused as %s", (reason, changes) => {
    expect(push("healthkit", { workouts: [{ ...run, ...changes }] }).rejected).toEqual([{ id: "w", reason }]);
  });
});

describe("bridge shapes", () => {
  const read = (platform: Platform, body: unknown) => parsePush(platform, JSON.stringify(body), NOW);

  it("flat records with snake case and epoch milliseconds", () => {
    const body = {
      records: [
        { record_type: "weight", value: 72.5, unit: "kg", start_time_ms: ms(START), end_time_ms: ms(END), captured_at_ms: ms(END) },
      ],
    };
    expect(flatten(read("health-connect", body).batch)).toMatchObject([
      { metric: "body_weight", start: ms(START), value: 72.5, version: ms(END) },
    ]);
  });

  it("one list per metric", () => {
    const span = { start_time: START, end_time: END };
    const body = {
      timestamp: END,
      steps: [{ count: 10, ...span }],
      heart_rate: [{ bpm: 61, time: START }],
      distance: [{ meters: 5, ...span }],
      weight: [{ kilograms: 72.5, time: START }],
      active_calories: [{ calories: 20, ...span }],
      blood_glucose: [{ mmol_per_liter: 5, time: START }],
      blood_pressure: [{ systolic: 118, diastolic: 76, time: START }],
      nutrition: [{ calories: 500, protein_grams: 20, ...span }],
      sleep: [{ session_end_time: END, duration_seconds: 28_800, stages: [{ stage: 4, ...span }] }],
      exercise: [{ type: "56", duration_seconds: 28_800, ...span }],
    };
    const { batch, rejected } = read("health-connect", body);
    expect(rejected).toEqual([]);
    expect(
      flatten(batch)
        .map((r) => [r.metric, r.value])
        .toSorted(),
    ).toEqual(
      [
        ["steps", 10],
        ["heart_rate", 61],
        ["distance_walk_run", 5],
        ["body_weight", 72.5],
        ["energy_active", 20],
        ["blood_glucose", expect.closeTo(90.078, 6)],
        ["blood_pressure", null],
        ["dietary_energy", 500],
        ["nutrient.protein", 20],
        ["meal", null],
      ].toSorted(),
    );
    expect(batch.sleepSessions).toMatchObject([{ start: ms(START), end: ms(END), stages: [{ stage: "light" }] }]);
    expect(batch.workouts).toMatchObject([{ type: "running", durationS: 28_800 }]);
  });

  it("metrics with points, and sleep in figures", () => {
    const body = {
      data: {
        metrics: [
          { name: "active_energy", units: "kJ", data: [{ qty: 41.84, date: "2026-11-20 07:00:00 +0800", source: "Watch" }] },
          { name: "blood_oxygen_saturation", units: "%", data: [{ qty: 97, date: "2026-11-20 07:00:00 +0800" }] },
          { name: "basal_body_temperature", units: "degC", data: null },
          {
            name: "sleep_analysis",
            units: "hr",
            data: [{ inBedStart: START, inBedEnd: END, sleepStart: START, sleepEnd: END, sleepSource: "Watch" }],
          },
        ],
        workouts: [{ name: "Outdoor Run", start: START, end: END, distance: { qty: 5, units: "km" } }],
      },
    };
    const { batch, rejected } = read("healthkit", body);
    expect(rejected).toEqual([]);
    expect(flatten(batch)).toMatchObject([
      { metric: "energy_active", start: ms("2026-11-19T23:00:00Z"), zone: 28_800, source: { app: "Watch" } },
      { metric: "spo2", value: 97 },
    ]);
    expect(batch.sleepSessions).toMatchObject([{ start: ms(START), stages: [{ stage: "asleep_unspecified" }] }]);
    expect(batch.workouts).toMatchObject([{ type: "running", totals: { distance_walk_run: 5_000 } }]);
  });

  it("a list of named points", () => {
    const body = { data: [{ name: "step_count", qty: 10, date: START, source: "iPhone" }] };
    expect(flatten(read("healthkit", body).batch)).toMatchObject([{ metric: "steps", value: 10 }]);
  });

  it("single documents", () => {
    const effective_time_frame = { time_interval: { start_date_time: START, end_date_time: END } };
    const metadata = [{ key: "HKMetadataKeyWasUserEntered", value: "True" }];
    const quantity = {
      quantity_type: "HKQuantityTypeIdentifierDietaryFatTotal",
      unit_value: { value: 29, unit: "g" },
      effective_time_frame,
      metadata,
    };
    expect(flatten(read("healthkit", quantity).batch)).toMatchObject([
      { metric: "nutrient.fat_total", value: 29, source: { recordingMethod: "manual" } },
    ]);
    const category = { category_type: "HKCategoryTypeIdentifierSleepAnalysis", category_value: "InBed", effective_time_frame };
    expect(read("healthkit", category).batch.sleepStretches).toMatchObject([{ stage: "in_bed" }]);
    const meal = {
      correlation_type: "HKCorrelationTypeIdentifierFood",
      quantity_samples: [quantity],
      category_samples: [category],
      effective_time_frame,
    };
    expect(read("healthkit", meal).total).toBe(3);
    const workout = {
      activity_name: "HKWorkoutActivityTypeCycling",
      effective_time_frame: { date_time: START },
      kcal_burned: { value: 160, unit: "kcal" },
    };
    expect(read("healthkit", workout).batch.workouts).toMatchObject([
      { type: "cycling", start: ms(START), end: ms(START), totals: { energy_active: 160 } },
    ]);
  });
});
