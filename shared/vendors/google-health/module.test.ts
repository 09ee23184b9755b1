import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BatchBuilder } from "../../health/batch";
import { readEcg } from "../../health/ecg";
import { metric } from "../../health/catalogue";
import { type Batch, ZONE_UNKNOWN } from "../../health/reading";
import { GOOGLE_HEALTH_VENDOR } from "./descriptor";
import { int64, sampleTime, usualCount, usualSampleTime } from "./fields";
import { BAND, FIXTURES, ROLLUP_FIXTURES } from "./fixtures";
import { GOOGLE_HEALTH_MODULE, POINT_MAPPERS } from "./module";

const DELIVERY = { connection: "con_eu_1", syncedAt: 1_790_000_000_000 };
const AT = Date.parse("2026-06-22T08:00:00Z");
const END = Date.parse("2026-06-22T08:15:00Z");
const DAY = Date.parse("2026-06-22T00:00:00Z");

/** Everything a batch says, flattened to comparable rows. */
function facts(batch: Batch) {
  return {
    numbers: batch.series.flatMap((s) =>
      Array.from(s.start, (start, i) => [s.metric, s.kind, start, s.end?.[i] ?? start, Number(s.value[i]?.toFixed(9)), s.zone[i]] as const),
    ),
    readings: batch.readings.map(({ metric: key, kind, start, end, value, text, date, attributes }) => ({
      key,
      kind,
      start,
      end,
      value,
      text,
      date,
      attributes,
    })),
    sleep: batch.sleepSessions,
    workouts: batch.workouts,
    quarantined: batch.quarantined,
  };
}

function read(type: string, points: readonly unknown[], member = "dataPoints") {
  const into = new BatchBuilder();
  const outcome = GOOGLE_HEALTH_MODULE.readPage(type, { [member]: points }, into, DELIVERY);
  return { outcome, batch: into.take() };
}

const one = (type: keyof typeof FIXTURES, extra: object = {}) => {
  const { outcome, batch } = read(type, [{ dataSource: BAND, ...FIXTURES[type], ...extra }]);
  expect(outcome).toMatchObject({ read: 1, rejected: {} });
  return facts(batch);
};

const INTERVALS: readonly [keyof typeof FIXTURES, string, number][] = [
  ["steps", "steps", 500],
  ["distance", "distance_walk_run", 412.5],
  ["floors", "floors", 3],
  ["altitude", "elevation_gain", -2.5],
  ["active-energy-burned", "energy_active", 41.5],
  ["basal-energy-burned", "energy_basal", 17.2],
  ["active-zone-minutes", "active_zone_minutes", 2],
  ["sedentary-period", "sedentary_minutes", 15],
  ["swim-lengths-data", "swim_strokes", 18],
  ["hydration-log", "water_intake", 330],
];

const SAMPLES: readonly [keyof typeof FIXTURES, string, number][] = [
  ["heart-rate", "heart_rate", 72],
  ["oxygen-saturation", "spo2", 96.5],
  ["height", "body_height", 178.5],
  ["body-fat", "body_fat_pct", 18.5],
];

const READINGS: readonly [keyof typeof FIXTURES, string, string, number | null, object | undefined][] = [
  ["weight", "body_weight", "sample", 71.4, { notes: "before breakfast" }],
  ["core-body-temperature", "body_temperature", "sample", 36.8, { measurementLocation: "mouth" }],
  ["vo2-max", "vo2_max", "sample", 44.1, { method: "cooper_test" }],
  ["run-vo2-max", "vo2_max", "sample", 45.5, { method: "run" }],
  ["respiratory-rate-sleep-summary", "respiratory_rate", "sample", 14.2, { context: "sleep", standardDeviation: 1.1, deep: 13.8, rem: 15 }],
  [
    "blood-glucose",
    "blood_glucose",
    "sample",
    98,
    {
      mealType: "breakfast",
      measurementTiming: "before_meal",
      specimen: "capillary_blood",
      measurementSource: "self_monitoring_blood_glucose",
    },
  ],
  ["daily-resting-heart-rate", "resting_heart_rate", "daily", 58, { method: "with_sleep" }],
  ["daily-heart-rate-variability", "hrv_rmssd", "daily", 42.5, { deepSleepRmssdMs: 47, entropy: 2.9, nonRemHeartRate: 54 }],
  ["daily-oxygen-saturation", "spo2", "daily", 96.1, { lower: 92, upper: 99, standardDeviation: 1.2 }],
  ["daily-respiratory-rate", "respiratory_rate", "daily", 14.6, undefined],
  ["daily-vo2-max", "vo2_max", "daily", 43.8, { method: "daily", estimated: true, fitnessLevel: "good" }],
  ["menstrual-period", "menstrual_period", "event", null, { notes: "light" }],
  ["moods", "state_of_mind", "event", null, { moods: ["calm", "grateful"], valences: ["pleasant"] }],
];

describe("points become canonical", () => {
  it.each(INTERVALS)("%s is an interval of %s", (type, key, value) => {
    expect(one(type).numbers).toEqual([[key, "interval", AT, END, value, 7200]]);
  });

  it.each(SAMPLES)("%s is a sample of %s", (type, key, value) => {
    expect(one(type).numbers).toEqual([[key, "sample", AT + 250, AT + 250, value, 7200]]);
  });

  it.each(READINGS)("%s is a reading of %s", (type, key, kind, value, attributes) => {
    const [reading, ...rest] = one(type).readings;
    expect(rest).toEqual([]);
    expect(reading).toMatchObject({ key, kind, value });
    expect(reading?.attributes).toEqual(attributes);
    const day = { date: "2026-06-22", start: DAY, end: DAY + 86_400_000 };
    expect(reading).toMatchObject(kind === "daily" ? day : { date: undefined });
  });

  it("splits active minutes by level and leaves light ones out", () => {
    expect(one("active-minutes").numbers.map(([key, , , , value]) => [key, value])).toEqual([
      ["moderate_minutes", 6],
      ["vigorous_minutes", 4],
    ]);
  });

  it("keeps RMSSD and SDNN apart", () => {
    expect(one("heart-rate-variability").numbers.map(([key, , , , value]) => [key, value])).toEqual([
      ["hrv_rmssd", 38.4],
      ["hrv_sdnn", 51.2],
    ]);
  });

  it("derives the deviation of the skin temperature from nightly and baseline", () => {
    expect(one("daily-sleep-temperature-derivations").readings.map(({ key, value, date }) => [key, value, date])).toEqual([
      ["skin_temp", 34.9, "2026-06-22"],
      ["skin_temp_deviation", 0.3, "2026-06-22"],
    ]);
  });

  it.each([
    [{ measurementSource: "CONTINUOUS_GLUCOSE_MONITORING" }, "cgm_glucose"],
    [{ specimen: "INTERSTITIAL_FLUID" }, "cgm_glucose"],
  ])("tells sensor glucose by %j", (extra, key) => {
    const { sampleTime } = FIXTURES["blood-glucose"].bloodGlucose;
    const { batch } = read("blood-glucose", [{ bloodGlucose: { bloodGlucoseMilligramsPerDeciliter: 120, sampleTime, ...extra } }]);
    expect(facts(batch).numbers).toEqual([[key, "sample", AT + 250, AT + 250, 120, 7200]]);
  });

  it("divides the ECG by its scaling factor, stores microvolts and lets it last as long as its samples", () => {
    const [ecg] = one("electrocardiogram").readings;
    expect(ecg).toMatchObject({ key: "ecg", kind: "event", start: AT, end: AT + 16, value: null, text: "normal_sinus_rhythm" });
    expect(ecg?.attributes).toMatchObject({
      samplingHz: 250,
      samples: { count: 4, minUv: -500, maxUv: 1000 },
      lead: "I",
      averageHeartRate: 67,
    });
    expect(readEcg(ecg?.attributes ?? {})?.samplesUv).toEqual([0, 1000, -500, 0.092]);
  });

  it("keeps the windows of an irregular rhythm notification", () => {
    const [event] = one("irregular-rhythm-notification").readings;
    expect(event).toMatchObject({
      key: "event.irregular_rhythm",
      attributes: { windows: [{ start: AT, end: AT + 300_000, positive: true, beats: 1 }] },
    });
  });

  it("splits a meal into energy, nutrients in catalogue units and the meal itself", () => {
    const { numbers, readings } = one("nutrition-log");
    expect(Object.fromEntries(numbers.map(([key, , , , value]) => [key, value]))).toEqual({
      dietary_energy: 350,
      dietary_energy_from_fat: 63,
      "nutrient.sodium": 120,
      "nutrient.vitamin_d": 2.5,
      "nutrient.protein": 12,
      "nutrient.carbohydrates": 54,
      "nutrient.fat_total": 7,
    });
    expect(readings).toMatchObject([
      {
        key: "meal",
        text: "breakfast",
        attributes: {
          name: "Porridge",
          mealType: "breakfast",
          serving: { amount: 1, unit: "bowl" },
          nutrients: { dietary_energy: 350, "nutrient.protein": 12 },
        },
      },
    ]);
  });

  it("names ovulation results and symptoms as the catalogue does, and keeps unknown symptoms apart", () => {
    expect(metric("ovulation_test")?.values).toContain(one("ovulation-test").readings[0]?.text);
    const { readings, quarantined } = one("symptoms", { name: "users/u1/dataTypes/symptoms/dataPoints/p1" });
    expect(readings.map(({ key, text }) => [key, text])).toEqual([
      ["symptom.headache", "unspecified"],
      ["symptom.appetite_changes", "increased"],
    ]);
    expect(quarantined).toMatchObject([{ metric: "symptom.brain_fog", reason: "no_metric", id: "symptoms/p1" }]);
  });

  it("reads a workout with totals, pauses and laps in canonical units", () => {
    const [workout] = one("exercise").workouts;
    expect(workout).toMatchObject({
      start: AT,
      end: END,
      zone: 7200,
      type: "trail_running",
      durationS: 870,
      version: Date.parse("2026-06-22T09:00:00Z"),
      totals: {
        energy_total: 180,
        distance_walk_run: 2500,
        steps: 2400,
        heart_rate_mean: 151,
        elevation_gain: 42,
        active_zone_minutes: 22,
        cadence_run: 168,
        ground_contact_time: 245,
        stride_length: 0.99,
        vertical_oscillation: 8.4,
      },
      events: [{ type: "pause", start: AT + 300_000 }],
      laps: [{ type: "distance", totals: { distance_walk_run: 1000 } }],
    });
    expect(workout?.totals["speed_mean"]).toBeCloseTo(2.7778);
  });

  it("reads a night with its stages in order and the vendor's day", () => {
    const [night] = one("sleep").sleep;
    expect(night).toMatchObject({
      date: "2026-06-22",
      nap: false,
      zone: 7200,
      attributes: { minutes: { asleep: 470, awake: 10, toFallAsleep: 8 } },
    });
    expect(night?.stages.map((s) => s.stage)).toEqual(["light", "deep", "rem", "awake"]);
  });

  it("has a fixture and a mapper for every data type of the descriptor", () => {
    const rollups = Object.entries(GOOGLE_HEALTH_VENDOR.resources).filter(([, r]) => r.operation === "rollUp");
    const fixtures = new Set([...Object.keys(FIXTURES), ...Object.keys(ROLLUP_FIXTURES)]);
    expect(Object.keys(GOOGLE_HEALTH_VENDOR.resources).filter((type) => !fixtures.has(type))).toEqual([]);
    expect(rollups.map(([type]) => type).filter((type) => !(type in ROLLUP_FIXTURES))).toEqual([]);
    expect(Object.keys(FIXTURES).filter((type) => !(type in POINT_MAPPERS))).toEqual([]);
  });

  it("brings only metrics that the catalogue knows, in a kind it allows, and that the descriptor announces", () => {
    for (const [type, spec] of Object.entries(GOOGLE_HEALTH_VENDOR.resources)) {
      const rollup = spec.operation === "rollUp";
      const fixtures: Readonly<Record<string, object>> = rollup ? ROLLUP_FIXTURES : FIXTURES;
      const { batch } = read(type, [{ ...(rollup ? DAY_BOUNDS : {}), ...fixtures[type] }], rollup ? "rollupDataPoints" : "dataPoints");
      const seen = [...batch.series, ...batch.readings].map(({ metric: key, kind }) => [key, kind] as const);
      for (const [key, kind] of seen) expect(metric(key)?.kinds, `${type} → ${key}`).toContain(kind);
      const announced = (key: string) =>
        spec.metrics.some((name) => name === key || (name.endsWith("*") && key.startsWith(name.slice(0, -1))));
      expect(
        seen.filter(([key]) => !announced(key)),
        type,
      ).toEqual([]);
    }
  });
});

const DAY_BOUNDS = {
  civilStartTime: { date: { year: 2026, month: 6, day: 22 }, time: {} },
  civilEndTime: { date: { year: 2026, month: 6, day: 23 }, time: {} },
};

describe("roll-ups of a day", () => {
  it.each([
    ["total-calories", [["energy_total", 2310.5]]],
    ["steps", [["steps", 8000]]],
    ["distance", [["distance_walk_run", 6000]]],
    ["floors", [["floors", 11]]],
    ["altitude", [["elevation_gain", 35]]],
    ["active-energy-burned", [["energy_active", 610]]],
    ["sedentary-period", [["sedentary_minutes", 600]]],
    [
      "active-minutes",
      [
        ["moderate_minutes", 25],
        ["vigorous_minutes", 12],
      ],
    ],
  ] as const)("%s is a day's total", (type, expected) => {
    const { batch } = read(type, [{ ...DAY_BOUNDS, ...ROLLUP_FIXTURES[type] }], "rollupDataPoints");
    expect(facts(batch).readings.map(({ key, kind, value, date }) => [key, kind, Number(value?.toFixed(6)), date])).toEqual(
      expected.map(([key, value]) => [key, "daily", value, "2026-06-22"]),
    );
  });

  it("refuses a roll-up of several days", () => {
    const week = { ...DAY_BOUNDS, civilEndTime: { date: { year: 2026, month: 6, day: 29 } } };
    expect(read("steps", [{ ...week, ...ROLLUP_FIXTURES.steps }], "rollupDataPoints").outcome.rejected).toEqual({ malformed: 1 });
  });
});

describe("sources, ids and zones", () => {
  it("names device, app and method, and drops the vendor's user id from the record's id", () => {
    const { batch } = read("weight", [{ name: "users/u-secret/dataTypes/weight/dataPoints/w1", dataSource: BAND, ...FIXTURES.weight }]);
    expect(batch.sources).toEqual([
      {
        vendor: "google_health",
        connection: "con_eu_1",
        app: "fitbit",
        deviceName: "Charge 6",
        deviceManufacturer: "Fitbit",
        deviceType: "band",
        recordingMethod: "automatic",
      },
    ]);
    expect(batch.readings[0]?.id).toBe("weight/w1");
    expect(JSON.stringify(batch.readings)).not.toContain("secret");
  });

  it("reads the zone off the civil time where the offset is missing, and says so where both are", () => {
    const { startUtcOffset: _, ...interval } = FIXTURES.steps.steps.interval;
    const { civilStartTime: __, ...bare } = interval;
    expect(facts(read("steps", [{ steps: { count: "1", interval } }]).batch).numbers[0]?.[5]).toBe(7200);
    expect(facts(read("steps", [{ steps: { count: "1", interval: bare } }]).batch).numbers[0]?.[5]).toBe(ZONE_UNKNOWN);
  });

  it("takes the fetch time as version where a point has none", () => {
    expect(read("steps", [FIXTURES.steps]).batch.series[0]?.version[0]).toBe(DELIVERY.syncedAt);
  });
});

describe("malformed input", () => {
  it.each([
    ["a count that is no number", "steps", { steps: { ...FIXTURES.steps.steps, count: "many" } }, "malformed"],
    ["a count beyond exact integers", "steps", { steps: { ...FIXTURES.steps.steps, count: "9007199254740993" } }, "malformed"],
    [
      "an end before the start",
      "steps",
      { steps: { count: "1", interval: { startTime: "2026-06-22T08:00:00Z", endTime: "2026-06-22T07:00:00Z" } } },
      "malformed",
    ],
    [
      "a date that does not exist",
      "daily-respiratory-rate",
      { dailyRespiratoryRate: { breathsPerMinute: 14, date: { year: 2026, month: 2, day: 30 } } },
      "malformed",
    ],
    [
      "an offset beyond the earth",
      "heart-rate",
      { heartRate: { beatsPerMinute: "60", sampleTime: { physicalTime: "2026-06-22T08:00:00Z", utcOffset: "90000s" } } },
      "malformed",
    ],
    ["another member", "steps", { weight: {} }, "no_value"],
    ["a string for a point", "steps", "x", "malformed"],
    [
      "an ECG without samples",
      "electrocardiogram",
      { electrocardiogram: { ...FIXTURES.electrocardiogram.electrocardiogram, waveformSamples: [] } },
      "no_samples",
    ],
    [
      "an empty day of variability",
      "daily-heart-rate-variability",
      { dailyHeartRateVariability: { date: { year: 2026, month: 6, day: 22 } } },
      "no_value",
    ],
    ["a data type that is not pulled", "activity-level", { activityLevel: {} }, "unsupported_type"],
  ])("rejects %s and keeps the rest of the page", (_, type, point, reason) => {
    const good = type in FIXTURES ? [FIXTURES[type as keyof typeof FIXTURES]] : [];
    const { outcome, batch } = read(type, [point, ...good]);
    expect(outcome.rejected).toEqual({ [reason]: 1 });
    expect(batch.series.length + batch.readings.length).toBe(good.length);
  });

  it("reads by hand what looks as usual, to the same as the schema, and nothing that the schema refuses", () => {
    const odd = fc.constantFrom<unknown>(null, "", "x", [], {}, 1.5, -1, "-1", "1e3", "12345678901", " 7", "2026-02-30T00:00:00Z");
    const or = <T>(usual: fc.Arbitrary<T>) =>
      fc.oneof({ arbitrary: usual as fc.Arbitrary<unknown>, weight: 6 }, { arbitrary: odd, weight: 1 });
    const civil = fc.record(
      {
        date: or(
          fc.record({
            year: or(fc.integer({ min: 1899, max: 2030 })),
            month: or(fc.integer({ min: 0, max: 13 })),
            day: or(fc.integer({ min: 0, max: 32 })),
          }),
        ),
        time: or(fc.record({ hours: or(fc.nat(25)), minutes: or(fc.nat(61)), seconds: or(fc.nat(61)) }, { requiredKeys: [] })),
      },
      { requiredKeys: ["date"] },
    );
    const time = fc.record(
      {
        physicalTime: or(
          fc.constantFrom("2026-06-22T08:00:00.250Z", "2026-06-22T08:00:00Z", "2026-06-22T10:00:00+02:00", "2026-13-22T08:00:00Z"),
        ),
        utcOffset: or(fc.constantFrom("7200s", "-12600s", "0s", "-0s", "0.5s", "64800s", "64801s")),
        civilTime: or(civil),
      },
      { requiredKeys: ["physicalTime"] },
    );
    fc.assert(
      fc.property(or(time), or(fc.oneof(fc.nat(300), fc.nat(300).map(String))), (sampleTimeTold, count) => {
        const bySchema = sampleTime.safeParse(sampleTimeTold);
        const byHand = usualSampleTime(sampleTimeTold);
        if (byHand !== undefined) expect(bySchema).toEqual({ success: true, data: byHand });
        const counted = usualCount(count);
        if (counted !== undefined) expect(int64.safeParse(count)).toEqual({ success: true, data: counted });
      }),
      { numRuns: 1_000 },
    );
    expect(usualSampleTime(FIXTURES["heart-rate"].heartRate.sampleTime)).toEqual({ at: AT + 250, zone: 7_200 });
  });

  it("reads the source of a point by itself, whatever the one before came from", () => {
    const odd = fc.constantFrom<unknown>(undefined, null, [], 7, {});
    const word = fc.constantFrom<unknown>("FITBIT", "Charge 6", "WATCH", undefined, undefined, 7);
    const source = fc.oneof(
      odd,
      fc.record({
        platform: word,
        recordingMethod: word,
        device: fc.oneof(odd, fc.record({ displayName: word, manufacturer: word, formFactor: word })),
        application: fc.oneof(odd, fc.record({ packageName: word })),
      }),
    );
    const point = fc.record({
      dataSource: source,
      name: fc.constantFrom<unknown>("users/1/dataTypes/heart-rate/dataPoints/a", undefined, 7),
    });
    fc.assert(
      fc.property(fc.array(fc.tuple(point, fc.integer({ min: 1, max: 3 })), { maxLength: 6 }), (list) => {
        const points = list.flatMap(([one, times]) => Array.from({ length: times }, () => ({ ...one, ...FIXTURES["heart-rate"] })));
        const told = ({ batch, outcome }: ReturnType<typeof read>) => [
          batch.series
            .flatMap(({ source: index, ids, start }) => Array.from(start, (_, i) => JSON.stringify([batch.sources[index], ids?.[i] ?? ""])))
            .toSorted(),
          outcome.rejected["malformed"] ?? 0,
        ];
        const alone = points.map((one) => told(read("heart-rate", [one])));
        expect(told(read("heart-rate", points))).toEqual([
          alone.flatMap(([texts]) => texts as string[]).toSorted(),
          alone.reduce((sum, [, n]) => sum + Number(n), 0),
        ]);
      }),
    );
  });

  it("never throws for points, whatever they hold", () => {
    const types = Object.keys(POINT_MAPPERS);
    fc.assert(
      fc.property(fc.constantFrom(...types), fc.anything(), fc.object(), (type, value, head) => {
        const field = POINT_MAPPERS[type]?.field ?? "";
        const { outcome } = read(type, [{ ...head, [field]: value }, value]);
        expect(outcome.read).toBe(2);
      }),
      { numRuns: 500 },
    );
  });

  it("refuses a reply that is no page", () => {
    expect(() => GOOGLE_HEALTH_MODULE.readPage("steps", "down", new BatchBuilder(), DELIVERY)).toThrow(
      expect.objectContaining({ code: "vendor_failed" }),
    );
    expect(() => GOOGLE_HEALTH_MODULE.readIdentity({})).toThrow(expect.objectContaining({ code: "vendor_failed" }));
  });
});
