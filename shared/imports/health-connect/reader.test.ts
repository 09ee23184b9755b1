import { describe, expect, test } from "vitest";
import { healthConnectExport } from "../../../test/fixtures/health-connect";
import { readFileAs, type ReadFile } from "../../../test/fixtures/read-import";
import { zip } from "../../../test/fixtures/zip";
import { parsePush } from "../../ingest/push";

const AT = Date.UTC(2026, 2, 1, 7);
const MINUTE = 60_000;
const instant = { time: AT, zone_offset: 3_600 };
const span = (from: number, to: number) => ({
  start_time: AT + from * MINUTE,
  end_time: AT + to * MINUTE,
  start_zone_offset: 3_600,
  end_zone_offset: 3_600,
});
const told = ({ values }: ReadFile) => values.map(({ metric, kind, at, value }) => [metric, kind, (at - AT) / MINUTE, value]);

describe("records", () => {
  test("each table becomes what its record means, in canonical units, under the record's own id", async () => {
    const file = healthConnectExport((rows) => {
      rows.add("weight_record_table", { ...instant, weight: 72_500, app_info_id: 2, device_info_id: 3, recording_method: 1 });
      rows.add("height_record_table", { ...instant, height: 1.8 });
      rows.add("body_water_mass_record_table", { ...instant, body_water_mass: 40_000 });
      rows.add("basal_metabolic_rate_record_table", { ...instant, basal_metabolic_rate: 80 });
      rows.add("blood_glucose_record_table", { ...instant, level: 5.5, specimen_source: 2, relation_to_meal: 2, meal_type: 1 });
      rows.add("blood_pressure_record_table", { ...instant, systolic: 118, diastolic: 76, body_position: 2, measurement_location: 3 });
      rows.add("heart_rate_variability_rmssd_record_table", { ...instant, heart_rate_variability_millis: 44 });
      rows.add("ovulation_test_record_table", { ...instant, result: 1 });
      rows.add("steps_record_table", { ...span(0, 5), count: 120 });
      rows.add("active_calories_burned_record_table", { ...span(0, 5), energy: 80_000 });
      rows.add("hydration_record_table", { ...span(0, 1), volume: 0.25 });
      rows.add("mindfulness_session_record_table", { ...span(0, 10), type: 1 });
    });
    const read = await readFileAs(file, { fileName: "health_connect_export.db" });
    expect(read.kind).toBe("health-connect");
    expect(told(read)).toEqual([
      ["body_weight", "sample", 0, 72.5],
      ["body_height", "sample", 0, 180],
      ["body_water_mass", "sample", 0, 40],
      ["bmr", "sample", 0, expect.closeTo((80 * 86_400) / 4_184, 6)],
      ["blood_glucose", "sample", 0, expect.closeTo(99.0858, 4)],
      ["blood_pressure", "sample", 0, null],
      ["hrv_rmssd", "sample", 0, 44],
      ["ovulation_test", "event", 0, null],
      ["steps", "interval", 0, 120],
      ["energy_active", "interval", 0, 80],
      ["water_intake", "interval", 0, 250],
      ["mindful_minutes", "interval", 0, 10],
    ]);
    const find = (metric: string) => read.values.find((one) => one.metric === metric);
    expect(find("body_weight")).toMatchObject({
      zone: 3_600,
      source: {
        vendor: "health_connect",
        app: "com.example.scale",
        deviceManufacturer: "Acme",
        deviceModel: "S1",
        deviceType: "scale",
        recordingMethod: "active",
      },
    });
    expect(find("blood_pressure")?.reading).toMatchObject({
      id: "00000000-0000-0000-0000-000000000006",
      components: { systolic: 118, diastolic: 76 },
      attributes: { bodyPosition: "sitting_down", measurementLocation: "left_upper_arm" },
    });
    expect(find("blood_glucose")?.reading?.attributes).toEqual({
      relationToMeal: "fasting",
      mealType: "breakfast",
      specimenSource: "capillary_blood",
    });
    expect(find("ovulation_test")?.reading?.text).toBe("positive");
    expect(read.mapping.find(({ metric }) => metric === "body_weight")).toMatchObject({ types: ["Weight"], fileUnits: ["g"], count: 1 });
  });

  test("amounts of a meal that were not recorded are none, and the rest is one meal", async () => {
    const file = healthConnectExport((rows) => {
      rows.add("nutrition_record_table", {
        ...span(0, 20),
        energy: 350_000,
        protein: 12,
        sodium: 0.4,
        vitamin_d: Number.MIN_VALUE,
        meal_type: 1,
        meal_name: "Porridge",
      });
    });
    const read = await readFileAs(file);
    expect(
      told(read)
        .map(([metric, , , value]) => [metric, value])
        .toSorted(),
    ).toEqual([
      ["dietary_energy", 350],
      ["meal", null],
      ["nutrient.protein", 12],
      ["nutrient.sodium", 400],
    ]);
    expect(read.values.find(({ metric }) => metric === "meal")?.reading?.attributes).toMatchObject({
      name: "Porridge",
      mealType: "breakfast",
    });
  });

  test("nights have their stages and workouts their parts, though the parts of two lie between each other", async () => {
    const file = healthConnectExport((rows) => {
      const night = rows.add("sleep_session_record_table", { ...span(-480, 0), title: "Night" });
      const nap = rows.add("sleep_session_record_table", span(300, 330));
      const stage = (parent: number, from: number, to: number, type: number) =>
        rows.part("sleep_stages_table", {
          parent_key: parent,
          stage_start_time: AT + from * MINUTE,
          stage_end_time: AT + to * MINUTE,
          stage_type: type,
        });
      stage(night, -480, -400, 4);
      stage(nap, 300, 330, 2);
      stage(night, -400, -300, 5);
      stage(night, -300, 0, 6);
      const run = rows.add("exercise_session_record_table", { ...span(60, 90), exercise_type: 33 });
      rows.add("exercise_session_record_table", { ...span(100, 110), exercise_type: 4_711 });
      rows.part("exercise_laps_table", {
        parent_key: run,
        lap_start_time: AT + 60 * MINUTE,
        lap_end_time: AT + 70 * MINUTE,
        lap_length: 1_000,
      });
      rows.part("exercise_segments_table", {
        parent_key: run,
        segment_start_time: AT + 60 * MINUTE,
        segment_end_time: AT + 61 * MINUTE,
        segment_type: 55,
        repetitions_count: 20,
      });
      for (const i of [2, 1])
        rows.part("exercise_route_table", {
          parent_key: run,
          timestamp_millis: AT + (60 + i) * MINUTE,
          latitude: 52 + i / 1_000,
          longitude: 13,
          altitude: i === 1 ? 34.5 : Number.MIN_VALUE,
          horizontal_accuracy: 3,
          vertical_accuracy: 3,
        });
    });
    const read = await readFileAs(file);
    expect(read.sleeps.map(({ stages }) => stages.map(({ stage, start }) => [stage, (start - AT) / MINUTE]))).toEqual([
      [
        ["light", -480],
        ["deep", -400],
        ["rem", -300],
      ],
      [["asleep_unspecified", 300]],
    ]);
    expect(read.workouts.map(({ type }) => type)).toEqual(["running", "other"]);
    expect(read.workouts[0]).toMatchObject({
      laps: [{ distanceM: 1_000 }],
      segments: [{ type: "squat", repetitions: 20 }],
      route: [
        [AT + 61 * MINUTE, 52.001, 13, 34.5],
        [AT + 62 * MINUTE, 52.002, 13],
      ],
    });
  });

  test("series are read value by value under the id of their record; what has none is told", async () => {
    const file = healthConnectExport((rows) => {
      const [first, second] = [rows.add("heart_rate_record_table", span(0, 2)), rows.add("heart_rate_record_table", span(3, 4))];
      const beat = (parent: number, at: number, bpm: number) =>
        rows.part("heart_rate_record_series_table", { parent_key: parent, epoch_millis: AT + at * MINUTE, beats_per_minute: bpm });
      beat(first, 0, 61);
      beat(second, 3, 70);
      beat(first, 1, 62);
      beat(99, 1, 63);
      const ride = rows.add("SpeedRecordTable", span(0, 1));
      rows.part("speed_record_table", { parent_key: ride, epoch_millis: AT, speed: 7.5 });
      const night = rows.add("skin_temperature_record_table", { ...span(0, 60), baseline: 34 });
      rows.part("skin_temperature_delta_table", { parent_key: night, epoch_millis: AT, delta: 0.25 });
    });
    const read = await readFileAs(file);
    expect(told(read).toSorted()).toEqual([
      ["heart_rate", "sample", 0, 61],
      ["heart_rate", "sample", 1, 62],
      ["heart_rate", "sample", 3, 70],
      ["skin_temp", "sample", 0, 34.25],
      ["skin_temp_deviation", "sample", 0, 0.25],
      ["speed", "sample", 0, 7.5],
    ]);
    expect(read.report.byType["HeartRate"]).toMatchObject({ read: 4, rejected: 1 });
    expect(read.report.warnings.map(({ code }) => code)).toEqual(["no_record"]);
    expect(read.batches.flatMap(({ series }) => series).find(({ metric }) => metric === "heart_rate")?.ids).toEqual([
      "00000000-0000-0000-0000-000000000001",
      "00000000-0000-0000-0000-000000000002",
      "00000000-0000-0000-0000-000000000001",
    ]);
  });
});

test("what the phone sent is the same reading, of the same source, as what its export holds", async () => {
  const file = healthConnectExport((rows) => void rows.add("steps_record_table", { ...span(0, 5), count: 120 }));
  const [exported] = (await readFileAs(file)).batches.filter(({ series }) => series.length > 0);
  const { batch } = parsePush(
    "health-connect",
    JSON.stringify({
      data: {
        records: [
          {
            type: "StepsRecord",
            id: "00000000-0000-0000-0000-000000000001",
            startTime: "2026-03-01T08:00:00+01:00",
            endTime: "2026-03-01T08:05:00+01:00",
            count: 120,
            metadata: {
              dataOrigin: { packageName: "com.example.watch" },
              device: { manufacturer: "Acme", model: "W1", type: 1 },
              recordingMethod: 2,
              lastModifiedTime: 1_772_000_000_000,
            },
          },
        ],
      },
    }),
    Date.UTC(2026, 10, 1),
  );
  expect(exported?.sources).toEqual(batch.sources);
  expect(exported?.series).toEqual(batch.series);
});

describe("files", () => {
  const many = healthConnectExport((rows) => {
    for (let i = 0; i < 50; i++) rows.add("steps_record_table", { ...span(i, i + 1), count: i });
    const record = rows.add("heart_rate_record_table", span(0, 30_000));
    for (let i = 0; i < 45_000; i++)
      rows.part("heart_rate_record_series_table", { parent_key: record, epoch_millis: AT + i * 1_000, beats_per_minute: 60 + (i % 40) });
    rows.add("planned_exercise_session_record_table", { ...span(0, 1), title: "Plan" });
  });

  test("the archive of the phone is unpacked and read, in batches of one table each, and taken up anywhere", async () => {
    const packed = zip([{ name: "health_connect_export.db", content: many }]);
    const [whole, resumed] = [await readFileAs(packed, { fileName: "Health Connect.zip" }), await readFileAs(packed, { resumes: true })];
    expect(whole.kind).toBe("health-connect");
    expect(whole.values).toHaveLength(45_050);
    expect(whole.batches.map(({ series }) => series.length)).toEqual([1, 1, 1, 1, 0]);
    expect(resumed.values).toEqual(whole.values);
    expect(resumed.report).toEqual(whole.report);
    expect(whole.report.byType).toMatchObject({ Steps: { read: 50 }, HeartRate: { read: 45_000 } });
    expect(whole.report.warnings).toEqual([
      { code: "not_mapped", detail: "Records that are not read: planned_exercise_session_record", count: 1 },
    ]);
  });

  test.each([
    ["an export without records", healthConnectExport(() => undefined)],
    ["a database that was cut off", many.slice(0, 60_000)],
    ["an archive without a database", zip([{ name: "health_connect_export.db", content: "text" }])],
  ])("%s is refused", async (_what, content) => {
    await expect(readFileAs(content, { kind: "health-connect" })).rejects.toMatchObject({ code: "file_unreadable" });
  });
});
