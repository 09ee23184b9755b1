import { describe, expect, test } from "vitest";
import { appleExport, ecgCsv, element, gpx, metadata, quantity } from "../../../test/fixtures/apple-export";
import { flat, type Imported, importFile } from "../../../test/fixtures/import-file";
import { zip } from "../../../test/fixtures/zip";
import type { Reading, Workout } from "../../health/reading";

const AT = "2026-03-01 08:00:00 +0100";
const LATER = "2026-03-01 08:30:00 +0100";
const START = Date.UTC(2026, 2, 1, 7);
const END = START + 1_800_000;

const read = (...elements: string[]): Promise<Imported> => importFile(appleExport(elements));
const readings = (imported: Imported): Reading[] => imported.batches.flatMap((batch) => batch.readings);
const workouts = (imported: Imported): Workout[] => imported.batches.flatMap((batch) => batch.workouts);
const values = (imported: Imported): [string, number | null][] => flat(imported.batches).map(({ metric, value }) => [metric, value]);

describe("workouts", () => {
  const span = { startDate: AT, endDate: LATER, creationDate: LATER, sourceName: "Robin’s Watch" };

  test("have totals, events, metadata and parts", async () => {
    const [workout] = workouts(
      await read(
        element("Workout", { workoutActivityType: "HKWorkoutActivityTypeRunning", duration: "29.5", durationUnit: "min", ...span }, [
          metadata("HKIndoorWorkout", "0"),
          metadata("HKTimeZone", "America/New_York"),
          element("WorkoutEvent", { type: "HKWorkoutEventTypeLap", date: AT, duration: "5", durationUnit: "min" }),
          element("WorkoutEvent", { type: "HKWorkoutEventTypePause", date: LATER }),
          element("WorkoutStatistics", { type: "HKQuantityTypeIdentifierDistanceWalkingRunning", ...span, sum: "3.1", unit: "mi" }),
          element("WorkoutStatistics", {
            type: "HKQuantityTypeIdentifierHeartRate",
            ...span,
            average: 151,
            minimum: 98,
            maximum: 172,
            unit: "count/min",
          }),
          element("WorkoutActivity", { startDate: AT, endDate: LATER, duration: "29.5", durationUnit: "min" }, [
            element("WorkoutStatistics", { type: "HKQuantityTypeIdentifierHeartRate", ...span, average: 1, unit: "count/min" }),
          ]),
        ]),
      ),
    );
    expect(workout).toMatchObject({
      type: "running",
      start: START,
      end: END,
      zone: -18_000,
      durationS: 1_770,
      events: [
        { type: "lap", start: START, end: START + 300_000 },
        { type: "pause", start: END },
      ],
      segments: [{ start: START, totals: { heart_rate_mean: 1 } }],
      attributes: { metadata: { HKIndoorWorkout: "0" } },
    });
    expect(workout?.totals).toEqual({
      distance_walk_run: expect.closeTo(4_988.97, 1),
      heart_rate_mean: 151,
      heart_rate_min: 98,
      heart_rate_max: 172,
    });
  });

  test("of older systems have totals in their tag, and routes inside", async () => {
    const [workout] = workouts(
      await read(
        element(
          "Workout",
          {
            workoutActivityType: "HKWorkoutActivityTypeCycling",
            totalDistance: 10,
            totalDistanceUnit: "km",
            totalEnergyBurned: 300,
            totalEnergyBurnedUnit: "Cal",
            ...span,
          },
          [element("WorkoutRoute", span, [element("Location", { date: AT, latitude: 47, longitude: 15, altitude: 350 })])],
        ),
      ),
    );
    expect(workout).toMatchObject({
      type: "cycling",
      totals: { distance_cycling: 10_000, energy_active: 300 },
      route: [[START, 47, 15, 350]],
    });
  });

  test("do not hold records: a record inside is left out and said", async () => {
    const imported = await read(
      element("Workout", { workoutActivityType: "HKWorkoutActivityTypeYoga", ...span }, [quantity("HeartRate", 150, "count/min", AT)]),
    );
    expect(values(imported)).toEqual([]);
    expect(workouts(imported)).toHaveLength(1);
    expect(imported.report.warnings).toEqual([expect.objectContaining({ code: "nested_record", count: 1 })]);
  });

  test("of an unknown kind keep their name", async () => {
    expect(workouts(await read(element("Workout", { workoutActivityType: "HKWorkoutActivityTypeQuidditch", ...span })))[0]).toMatchObject({
      type: "other",
      vendorType: "HKWorkoutActivityTypeQuidditch",
    });
  });

  test("find their routes in the archive; a missing one is said", async () => {
    const routed = (path: string): string =>
      element("Workout", { workoutActivityType: "HKWorkoutActivityTypeWalking", ...span }, [
        element("WorkoutRoute", span, [element("FileReference", { path })]),
      ]);
    const archive = zip([
      {
        name: "apple_health_export/workout-routes/Route_1.gpx",
        content: gpx([
          ["2026-03-01T07:00:01Z", 47.2, 15.2],
          ["2026-03-01T07:00:00Z", 47.1, 15.1, 300],
        ]),
      },
      {
        name: "apple_health_export/export.xml",
        content: appleExport([routed("/workout-routes/route_1.gpx"), routed("/workout-routes/lost.gpx")]),
      },
    ]);
    const imported = await importFile(archive);
    expect(workouts(imported).map(({ route }) => route)).toEqual([
      [
        [START, 47.1, 15.1, 300],
        [START + 1_000, 47.2, 15.2],
      ],
      undefined,
    ]);
    expect(imported.report.warnings).toEqual([expect.objectContaining({ code: "route_missing", count: 1 })]);
    expect(imported.report.byType["Workout"]).toMatchObject({ read: 2, accepted: 2 });
  });
});

test("activity summaries are daily totals of a source of their own, versioned by the export", async () => {
  const imported = await read(
    element("ActivitySummary", {
      dateComponents: "2026-03-01",
      activeEnergyBurned: 520,
      activeEnergyBurnedUnit: "Cal",
      appleMoveTime: 0,
      appleExerciseTime: 35,
      appleStandHours: 11,
    }),
    element("ActivitySummary", { dateComponents: "1969-12-30", activeEnergyBurned: 0, appleExerciseTime: 0, appleStandHours: 0 }),
  );
  expect(readings(imported).map(({ metric, kind, value, date, version }) => [metric, kind, value, date, version])).toEqual(
    [
      ["energy_active", 520],
      ["exercise_minutes", 35],
      ["stand_hours", 11],
    ].map(([metric, value]) => [metric, "daily", value, "2026-03-01", Date.UTC(2026, 10, 1, 7)]),
  );
  expect(imported.batches[0]?.sources).toEqual([{ vendor: "apple_health_export", app: "activity_summary" }]);
  expect(imported.report.byType["ActivitySummary"]).toEqual({ read: 2, accepted: 1, duplicate: 0, quarantined: 0, rejected: 1 });
});

test("electrocardiograms of the archive become events with their waveform", async () => {
  const archive = zip([
    { name: "apple_health_export/导出.xml", content: appleExport([quantity("HeartRate", 60, "count/min", AT)]) },
    {
      name: "apple_health_export/electrocardiograms/ecg_1.csv",
      content: ecgCsv({ samples: Array.from({ length: 512 }, (_, i) => (i / 4).toFixed(3)) }),
    },
    { name: "apple_health_export/electrocardiograms/broken.csv", content: "a,b\n1,2\n" },
    { name: "__MACOSX/apple_health_export/._ecg_1.csv", content: "junk" },
    { name: "apple_health_export/export_cda.xml", content: "<ClinicalDocument/>" },
  ]);
  const imported = await importFile(archive);
  const [ecg] = readings(imported);
  expect(ecg).toMatchObject({
    metric: "ecg",
    kind: "event",
    text: "sinus_rhythm",
    start: Date.UTC(2026, 8, 5, 13, 30),
    end: Date.UTC(2026, 8, 5, 13, 30, 1),
    attributes: { samplingHz: 512, samples: { count: 512, minUv: 0, maxUv: 127.75 }, waveform: { stepUv: 0.001 } },
  });
  expect(JSON.stringify(ecg)).not.toContain("Robin Probe");
  expect(JSON.stringify(ecg?.attributes).length).toBeLessThan(16_000);
  expect(imported.report.byType["Electrocardiogram"]).toMatchObject({ read: 2, accepted: 1, rejected: 1 });
});

describe("what cannot be used is counted and said, and never fails the rest", () => {
  test.each([
    ["an unknown type", quantity("FutureThing", 1, "count", AT), "unknown_type"],
    ["no number", quantity("HeartRate", "NaN", "count/min", AT), "not_a_number"],
    ["infinity", quantity("HeartRate", "inf", "count/min", AT), "not_a_number"],
    ["no value", quantity("HeartRate", "1", "count/min", AT).replace(/ value="1"/, ""), "incomplete"],
    ["a unit of something else", quantity("HeartRate", "1", "kg", AT), "unit_mismatch"],
    ["a unit nobody knows", quantity("BodyMass", "1", "stein", AT), "unit_mismatch"],
    ["an impossible date", quantity("HeartRate", "1", "count/min", "2026-02-30 08:00:00 +0100"), "bad_date"],
    ["an end before its start", quantity("HeartRate", "1", "count/min", LATER, { endDate: AT }), "ends_before_start"],
    [
      "an audiogram",
      element("Audiogram", { type: "HKDataTypeIdentifierAudiogram", startDate: AT }, [
        element("SensitivityPoint", { frequencyValue: 250 }),
      ]),
      "not_imported",
    ],
  ])("%s", async (_what, line, code) => {
    const imported = await read(line, quantity("HeartRate", 60, "count/min", LATER));
    expect(values(imported)).toEqual([["heart_rate", 60]]);
    expect(imported.report.warnings).toEqual([expect.objectContaining({ code, count: 1 })]);
    expect(Object.values(imported.report.byType).reduce((sum, count) => sum + count.rejected, 0)).toBe(1);
  });

  test("a document that ends too early gives everything complete", async () => {
    const xml = appleExport([
      quantity("HeartRate", 60, "count/min", AT),
      quantity("HeartRate", 61, "count/min", LATER, {}, [metadata("HKTimeZone", "Asia/Tokyo")]),
    ]);
    const imported = await importFile(xml.slice(0, xml.indexOf("Asia/Tokyo")));
    expect(values(imported)).toEqual([["heart_rate", 60]]);
    expect(imported.report.warnings).toEqual([expect.objectContaining({ code: "truncated" })]);
  });

  test("an archive that is cut off gives what is left of it", async () => {
    const lines = Array.from({ length: 3_000 }, (_, i) =>
      quantity(
        "HeartRate",
        40 + ((i * 7_919) % 100),
        "count/min",
        AT.replace("08:00", `${String(8 + (i % 12)).padStart(2, "0")}:${String(i % 60).padStart(2, "0")}`),
      ),
    );
    const whole = zip([{ name: "apple_health_export/export.xml", content: appleExport(lines) }]);
    const imported = await importFile(whole.slice(0, Math.floor(whole.length * 0.6)));
    const { read: count = 0 } = imported.report.byType["HKQuantityTypeIdentifierHeartRate"] ?? {};
    expect(count).toBeGreaterThan(1_000);
    expect(count).toBeLessThan(3_000);
    expect(imported.report.warnings.map(({ code }) => code)).toEqual(expect.arrayContaining(["truncated_archive", "truncated"]));
  });
});

describe("what is no export is a problem", () => {
  test.each([
    ["nothing", ""],
    ["text", "hello"],
    ["another document", "<ClinicalDocument/>"],
    ["an archive without one", zip([{ name: "a.txt", content: "x" }])],
    ["an archive with a clinical document only", zip([{ name: "apple_health_export/export_cda.xml", content: "<ClinicalDocument/>" }])],
    [
      "an export hidden in an archive in the archive",
      zip([{ name: "a.zip", content: zip([{ name: "export.xml", content: appleExport([]) }]) }]),
    ],
    ["a locked archive", zip([{ name: "export.xml", content: appleExport([]), encrypted: true }])],
  ])("%s", async (_what, content) => {
    await expect(importFile(content)).rejects.toMatchObject({ name: "Problem", code: "file_unreadable" });
  });
});
