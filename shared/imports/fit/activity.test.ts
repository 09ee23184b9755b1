import { describe, expect, test } from "vitest";
import { F, fileId, type FitField, fitRide, fitTime, FitWriter, joined, semicircles } from "../../../test/fixtures/fit-file";
import { readWorkouts } from "../../../test/fixtures/read-workouts";
import type { Workout } from "../../health/reading";

const START = "2026-03-01T08:00:00Z";
const AT = Date.parse(START);
const T0 = fitTime(START);

async function workoutsOf(bytes: Uint8Array): Promise<Workout[]> {
  return (await readWorkouts(bytes)).batches.flatMap((batch) => batch.workouts);
}

async function seriesOf(bytes: Uint8Array): Promise<Record<string, [at: number, value: number][]>> {
  const { batches } = await readWorkouts(bytes);
  return Object.fromEntries(
    batches.flatMap(({ series }) => series).map((s) => [s.metric, Array.from(s.start, (at, i) => [(at - AT) / 1_000, s.value[i] ?? 0])]),
  );
}

const record = (second: number, ...fields: FitField[]) => [F.u32(253, T0 + second), ...fields];
const session = (from: number, to: number, sport: number, subSport: number, ...fields: FitField[]) => [
  F.u32(253, T0 + to),
  F.u32(2, T0 + from),
  F.u32(7, (to - from) * 1_000),
  F.enum(5, sport),
  F.enum(6, subSport),
  ...fields,
];

test("a ride becomes one workout with its totals, laps, way and place in time, and its samples become series of the sport", async () => {
  const [workout, ...others] = await workoutsOf(fitRide(10));
  expect(others).toEqual([]);
  expect(workout).toMatchObject({
    start: AT,
    end: AT + 10_000,
    zone: 3_600,
    type: "cycling",
    durationS: 10,
    totals: { distance_cycling: 70, energy_total: 240, heart_rate_mean: 104.5, heart_rate_max: 109, power_cycle_mean: 154.5 },
    laps: [
      { start: AT, end: AT + 5_000, trigger: "manual", totals: { distance_cycling: 35 } },
      { start: AT + 5_000, end: AT + 10_000, trigger: "session_end" },
    ],
    id: `1.2697.${AT / 1_000}`,
  });
  expect(workout?.route).toHaveLength(10);
  expect(workout?.route?.[1]).toEqual([AT + 1_000, 50.0001, 8, 101]);
  const series = await seriesOf(fitRide(10));
  expect(Object.keys(series).toSorted()).toEqual(["cadence_cycle", "heart_rate", "power_cycle", "speed_cycle"]);
  expect(series["heart_rate"]?.[3]).toEqual([3, 103]);
  expect(series["speed_cycle"]?.[3]).toEqual([3, 7.003]);
});

test("the report counts what each field of the file became", async () => {
  const { report } = await readWorkouts(fitRide(10));
  expect(report).toMatchObject({
    byType: { "record.heart_rate": { read: 10, accepted: 10 }, "record.power": { read: 10 }, session: { read: 1, accepted: 1 } },
    warnings: [],
  });
});

test("a reader that is lost after every batch goes on where it was, and tells the same", async () => {
  const whole = await readWorkouts(joined(fitRide(300), fitRide(120, "2026-03-02T08:00:00Z")));
  const resumed = await readWorkouts(joined(fitRide(300), fitRide(120, "2026-03-02T08:00:00Z")), {
    chunkSize: 700,
    batchSize: 50,
    resumeEveryBatch: true,
  });
  expect(resumed.batches.length).toBeGreaterThan(10);
  expect(resumed.report).toEqual(whole.report);
  const flat = ({ batches }: typeof whole) => ({
    workouts: batches.flatMap((batch) => batch.workouts),
    heart: batches.flatMap(({ series }) => series.filter((s) => s.metric === "heart_rate").flatMap((s) => [...s.start])),
  });
  expect(flat(resumed)).toEqual(flat(whole));
});

test("cadence of a run is told in strides and stored in steps, with its fractions", async () => {
  const file = new FitWriter()
    .message(0, fileId(4))
    .message(20, record(0, F.u8(4, 81), F.u8(53, 64)), { local: 1 })
    .message(18, session(0, 1, 1, 0, F.u32(10, 1_200)), { local: 2 })
    .file();
  expect((await seriesOf(file))["cadence_run"]).toEqual([[0, 163]]);
  expect((await workoutsOf(file))[0]).toMatchObject({ type: "running", totals: { steps: 2_400 } });
});

test("values that were not measured are left out, and the enhanced field comes first", async () => {
  const file = new FitWriter()
    .message(0, fileId(4))
    .message(20, record(0, F.u8(3, null), F.u16(6, 5_000), F.u32(73, 5_100), F.s32(0, null), F.s32(1, null)), { local: 1 })
    .message(20, record(1, F.u8(3, 90), F.u16(6, 5_000), F.u32(73, null), F.s32(0, null), F.s32(1, null)), { local: 1 })
    .message(18, session(0, 2, 2, 0), { local: 2 })
    .file();
  expect(await seriesOf(file)).toEqual({
    heart_rate: [[1, 90]],
    speed_cycle: [
      [0, 5.1],
      [1, 5],
    ],
  });
  expect((await workoutsOf(file))[0]?.route).toBeUndefined();
});

test("speed and distance in three bytes are unpacked, and the distance grows past its twelve bits", async () => {
  const packed = (speed: number, distance: number): FitField => ({
    number: 8,
    type: "byte",
    values: [speed & 0xff, (speed >> 8) | ((distance & 15) << 4), distance >> 4],
  });
  const file = new FitWriter()
    .message(0, fileId(4))
    .message(20, record(0, packed(300, 4_000)), { local: 1 })
    .message(20, record(1, packed(310, 100)), { local: 1 })
    .message(18, session(0, 2, 2, 0), { local: 2 })
    .file();
  expect((await seriesOf(file))["speed_cycle"]).toEqual([
    [0, 3],
    [1, 3.1],
  ]);
  expect((await workoutsOf(file))[0]?.totals["distance_cycling"]).toBe((4_096 + 100) / 16);
});

test("several sports in one file become several workouts, each with its own laps and samples", async () => {
  const writer = new FitWriter().message(0, fileId(4));
  for (let i = 0; i < 30; i++) writer.message(20, record(i, F.u8(3, 100 + i), F.u8(4, 60), F.u32(5, i * 100)), { local: 1 });
  for (const [from, to] of [
    [0, 10],
    [10, 20],
    [20, 30],
  ] as const) {
    writer.message(19, [F.u32(253, T0 + to), F.u32(2, T0 + from), F.u32(7, 10_000)], { local: 2 });
  }
  for (const [from, to, sport, sub] of [
    [0, 10, 5, 18],
    [10, 20, 2, 0],
    [20, 30, 1, 0],
  ] as const) {
    writer.message(18, session(from, to, sport, sub), { local: 3 });
  }
  const workouts = await workoutsOf(writer.file());
  expect(workouts.map(({ type, laps }) => [type, laps?.length])).toEqual([
    ["open_water_swimming", 1],
    ["cycling", 1],
    ["running", 1],
  ]);
  expect(workouts.map(({ totals }) => totals["heart_rate_max"])).toEqual([109, 119, 129]);
  expect(workouts[1]?.totals["distance_cycling"]).toBe(10);
  const series = await seriesOf(writer.file());
  expect([series["cadence_cycle"]?.length, series["cadence_run"]?.length]).toEqual([10, 10]);
});

test("lengths of a pool become segments with strokes", async () => {
  const file = new FitWriter()
    .message(0, fileId(4))
    .message(101, [F.u32(253, T0 + 25), F.u32(2, T0), F.u32(3, 25_000), F.u32(4, 25_000), F.u16(5, 18), F.enum(7, 2), F.enum(12, 1)])
    .message(18, session(0, 25, 5, 17, F.u16(44, 2_500), F.u32(10, 18)), { local: 1 })
    .file();
  expect((await workoutsOf(file))[0]).toMatchObject({
    type: "pool_swimming",
    segments: [{ type: "length", start: AT, end: AT + 25_000, stroke: "breaststroke", strokes: 18 }],
    totals: { swim_strokes: 18 },
    attributes: { poolLengthM: 25 },
  });
});

test("pauses of the timer are events, and take away from the active time where the file does not tell it", async () => {
  const timer = (second: number, type: number) => [F.u32(253, T0 + second), F.enum(0, 0), F.enum(1, type)];
  const writer = new FitWriter().message(0, fileId(4));
  for (const [second, type] of [
    [0, 0],
    [10, 4],
    [40, 0],
    [60, 4],
  ] as const)
    writer.message(21, timer(second, type), { local: 1 });
  const file = writer.message(18, session(0, 60, 1, 0), { local: 2 }).file();
  expect((await workoutsOf(file))[0]).toMatchObject({
    durationS: 30,
    events: [{ type: "pause", start: AT + 10_000, end: AT + 40_000 }],
  });
});

describe("a strap's own record of the heart", () => {
  const swim = (withRates: boolean) => {
    const writer = new FitWriter().message(0, fileId(4));
    for (let i = 0; i < 4; i++) writer.message(20, record(i, F.u8(3, withRates ? 100 + i : null)), { local: 1 });
    writer.message(132, [F.u32(253, T0), F.u16(0, 16_384), F.u8(6, 120), F.u32(9, 4_000)], { local: 2 });
    // 4,000 + 100 passes 4,096: the low bits are 4, and a second later 1,028.
    writer.message(
      132,
      [
        { number: 6, type: "uint8", values: [121, 122] },
        { number: 10, type: "byte", values: [4, 0x40, 0x40] },
      ],
      { local: 3 },
    );
    return writer.message(18, session(0, 4, 5, 18), { local: 4 }).file();
  };

  test("is unpacked from twelve bits and fills what the records lack", async () => {
    const rates = (await seriesOf(swim(false)))["heart_rate"];
    expect(rates).toEqual([
      [0.5, 120],
      [0.598, 121],
      [1.598, 122],
    ]);
  });

  test("is left out where the records tell the heart rate themselves", async () => {
    expect((await seriesOf(swim(true)))["heart_rate"]?.map(([, rate]) => rate)).toEqual([100, 101, 102, 103]);
  });
});

test("times between beats are summed up in the workout", async () => {
  const file = new FitWriter()
    .message(0, fileId(4))
    .message(20, record(0, F.u8(3, 60)), { local: 1 })
    .message(78, [{ number: 0, type: "uint16", values: [1_000, 1_040, null, null, null] }], { local: 2 })
    .message(18, session(0, 2, 1, 0), { local: 3 })
    .file();
  expect((await workoutsOf(file))[0]?.attributes).toMatchObject({ beats: { n: 2, meanS: 1.02, rmssdMs: 40 } });
});

test("a recording without a summary becomes a workout of its records, to which the whole one is a later version", async () => {
  const whole = fitRide(60);
  const cut = await readWorkouts(whole.slice(0, 600));
  const [workout] = cut.batches.flatMap((batch) => batch.workouts);
  const [full] = await workoutsOf(whole);
  expect(cut.report.warnings.map(({ code }) => code).toSorted()).toEqual(["no_summary", "truncated"]);
  expect(workout?.id).toBe(full?.id);
  expect(workout?.version).toBeLessThan(full?.version ?? 0);
});

test("what is missing in the summary is computed: length of the way, ascent, mean and extremes", async () => {
  const writer = new FitWriter().message(0, fileId(4));
  for (let i = 0; i < 11; i++) {
    const place = [F.s32(0, semicircles(50 + i / 1_000)), F.s32(1, semicircles(8)), F.u16(2, (500 + i) * 5), F.u8(3, 100 + i)];
    writer.message(20, record(i * 60, ...place), { local: 1 });
  }
  const [workout] = await workoutsOf(writer.message(18, session(0, 600, 17, 0), { local: 2 }).file());
  expect(workout?.totals).toMatchObject({ elevation_gain: 9, heart_rate_mean: 105, heart_rate_min: 100 });
  expect(workout?.totals["distance_walk_run"]).toBeCloseTo(1_111.9, 0);
});

describe("what is no workout that was done imports nothing and says why", () => {
  test.each([
    [2, "settings"],
    [5, "planned"],
    [6, "course"],
  ])("files of kind %i", async (type, word) => {
    const { batches, report } = await readWorkouts(
      new FitWriter()
        .message(0, fileId(type))
        .message(20, record(0, F.u8(3, 100)), { local: 1 })
        .file(),
    );
    expect(batches.flatMap(({ series, workouts }) => [...series, ...workouts])).toEqual([]);
    expect(report.warnings).toEqual([{ code: "nothing_to_import", detail: expect.stringContaining(word), count: 1 }]);
  });

  test("records of a clock that was never set", async () => {
    const file = new FitWriter()
      .message(0, fileId(4))
      .message(20, [F.u32(253, 900), F.u8(3, 100)], { local: 1 })
      .file();
    expect((await readWorkouts(file)).report).toMatchObject({
      byType: { record: { read: 1, rejected: 1 } },
      warnings: [{ code: "no_instant" }],
    });
  });
});
