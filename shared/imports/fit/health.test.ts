import { expect, test } from "vitest";
import { F, fileId, type FitField, fitTime, FitWriter } from "../../../test/fixtures/fit-file";
import { flat } from "../../../test/fixtures/import-file";
import { readWorkouts } from "../../../test/fixtures/read-workouts";

const MIDNIGHT = "2026-03-01T00:00:00Z";
const AT = Date.parse(MIDNIGHT);
const T0 = fitTime(MIDNIGHT);
const minutes = (n: number): number => AT + n * 60_000;

async function readingsOf(writer: FitWriter) {
  const { batches } = await readWorkouts(writer.file());
  return flat(batches).map(({ metric, start, end, value }) => [metric, (start - AT) / 60_000, (end - AT) / 60_000, value]);
}

function day(): FitWriter {
  return new FitWriter().message(0, fileId(32)).message(103, [F.u32(253, T0), F.u32(0, T0 + 3_600)], { local: 1 });
}

const steps = (total: number, time: FitField, activity = 6) => [F.u32(3, total), time, F.enum(5, activity)];

test("totals of a day become the steps between two messages, whose times tell sixteen bits", async () => {
  const low = (second: number) => F.u16(26, (T0 + second) & 0xffff);
  const writer = day()
    .message(55, steps(100, low(600)), { local: 2 })
    .message(55, steps(160, low(1_200)), { local: 2 });
  writer.message(55, steps(160, low(1_800)), { local: 2 });
  // More than eighteen hours after the last full time: the sixteen bits have come round once.
  writer.message(55, steps(165, low(60_000)), { local: 2 }).message(55, steps(175, low(72_000)), { local: 2 });
  expect(await readingsOf(writer)).toEqual([
    ["steps", 0, 10, 100],
    ["steps", 10, 20, 60],
    ["steps", 30, 1_000, 5],
    ["steps", 1_000, 1_200, 10],
  ]);
});

test("walking and running add up, a total that shrinks has begun anew, and what a file begins with belongs to the one before", async () => {
  const at = (minute: number) => F.u32(253, T0 + minute * 60);
  const writer = day();
  writer.message(55, steps(500, at(0)), { local: 2 });
  writer.message(55, steps(600, at(10)), { local: 2 }).message(55, steps(80, at(10), 1), { local: 2 });
  writer.message(55, steps(40, at(20)), { local: 2 });
  expect(await readingsOf(writer)).toEqual([
    ["steps", 0, 10, 180],
    ["steps", 10, 20, 40],
  ]);
});

test("heart rates of a day, stress, breathing, oxygen and variability are samples; codes for none are not", async () => {
  const writer = day().message(55, [F.u16(26, (T0 + 60) & 0xffff), F.u8(27, 61)], { local: 2 });
  writer.message(227, [F.s16(0, 31), F.u32(1, T0 + 120)], { local: 3 }).message(227, [F.s16(0, -1), F.u32(1, T0 + 300)], { local: 3 });
  writer.message(297, [F.u32(253, T0 + 180), F.s16(0, 1_450)], { local: 4 });
  writer.message(269, [F.u32(253, T0 + 240), F.u8(0, 97)], { local: 5 });
  writer.message(371, [F.u32(253, T0 + 300), F.u16(0, 5_632)], { local: 6 });
  writer.message(211, [F.u32(253, T0 + 360), F.u8(0, 52), F.u8(1, 50)], { local: 7 });
  expect(await readingsOf(writer)).toEqual([
    ["heart_rate", 1, 1, 61],
    ["hrv_rmssd", 5, 5, 44],
    ["respiratory_rate", 3, 3, 14.5],
    ["resting_heart_rate", 6, 6, 50],
    ["spo2", 4, 4, 97],
    ["stress_level", 2, 2, 31],
  ]);
});

test("a scale's file becomes weight and what the body is made of; a scale that is still weighing says nothing", async () => {
  const writer = new FitWriter().message(0, fileId(9));
  writer.message(30, [F.u32(253, T0), F.u16(0, 7_580), F.u16(1, 2_230), F.u16(7, 6_400), F.u8(10, null)], { local: 1 });
  writer.message(30, [F.u32(253, T0 + 60), F.u16(0, 0xfffe)], { local: 2 });
  expect(await readingsOf(writer)).toEqual([
    ["bmr", 0, 0, 1_600],
    ["body_fat_pct", 0, 0, 22.3],
    ["body_weight", 0, 0, 75.8],
  ]);
});

test("blood pressure is a panel, with its pulse beside it", async () => {
  const writer = new FitWriter()
    .message(0, fileId(14))
    .message(51, [F.u32(253, T0), F.u16(0, 121), F.u16(1, 79), F.u16(2, 93), F.u8(6, 64)]);
  const { batches } = await readWorkouts(writer.file());
  expect(batches[0]?.readings[0]).toMatchObject({ metric: "blood_pressure", components: { systolic: 121, diastolic: 79, mean: 93 } });
  expect(batches[0]?.series).toMatchObject([{ metric: "heart_rate" }]);
});

test("levels of sleep become nights with stages, and the score belongs to the last of them", async () => {
  const writer = new FitWriter().message(0, fileId(49));
  for (const [minute, level] of [
    [0, 1],
    [10, 2],
    [20, 2],
    [40, 3],
    [60, 4],
    [90, 1],
  ] as const) {
    writer.message(275, [F.u32(253, T0 + minute * 60), F.enum(0, level)], { local: 1 });
  }
  writer.message(346, [F.u8(6, 82)], { local: 2 });
  const { batches } = await readWorkouts(writer.file());
  expect(batches[0]?.sleepSessions).toMatchObject([
    {
      start: AT,
      end: minutes(90),
      stages: [
        { stage: "awake", start: AT, end: minutes(10) },
        { stage: "light", start: minutes(10), end: minutes(40) },
        { stage: "deep", start: minutes(40), end: minutes(60) },
        { stage: "rem", start: minutes(60), end: minutes(90) },
      ],
    },
  ]);
  expect(batches[0]?.series).toMatchObject([{ metric: "score.sleep", value: Float64Array.of(82) }]);
});
