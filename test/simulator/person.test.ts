import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { DATA_TYPES, makePerson, pointsBetween } from "./person.ts";
import type { DataType, Point } from "./person.ts";
import { civilOf, DAY, HOUR, MINUTE } from "./person/civil.ts";
import { planOf } from "./person/day-plan.ts";

const START = Date.parse("2026-03-20T00:00:00Z");
const NAMES = ["ada", "ben", "chie", "someone"];

describe("windows", () => {
  it("are the union of their halves, in whichever order they are asked", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...DATA_TYPES),
        fc.constantFrom(...NAMES),
        fc.integer({ min: 0, max: 300 * 24 }),
        fc.integer({ min: 0, max: 70 }),
        fc.integer({ min: 0, max: 70 }),
        (type, name, offsetHours, firstHours, secondHours) => {
          const person = makePerson(7, name);
          const from = START + offsetHours * HOUR;
          const middle = from + firstHours * HOUR;
          const to = middle + secondHours * HOUR;
          const late = pointsBetween(person, type, middle, to);
          const early = pointsBetween(person, type, from, middle);
          expect([...early, ...late]).toEqual(pointsBetween(person, type, from, to));
        },
      ),
      { numRuns: 30 },
    );
  });

  it("hold unique ids in ascending order of start", () => {
    const person = makePerson(3, "ben");
    for (const type of DATA_TYPES) {
      const points = pointsBetween(person, type, START, START + 5 * DAY);
      expect(new Set(points.map((point) => point.id)).size).toBe(points.length);
      expect(points.every((point, i) => i === 0 || (points[i - 1]?.startMs ?? 0) <= point.startMs)).toBe(true);
    }
  });

  it("repeat for an equal seed and differ for another", () => {
    const sleep = (seed: number): Point[] => pointsBetween(makePerson(seed, "ada"), "sleep", START, START + 7 * DAY);
    expect(sleep(1)).toEqual(sleep(1));
    expect(sleep(1)).not.toEqual(sleep(2));
  });

  it("make no point before membership", () => {
    expect(pointsBetween(makePerson(1, "ada"), "steps", Date.parse("2023-06-01T00:00:00Z"), Date.parse("2023-06-03T00:00:00Z"))).toEqual(
      [],
    );
  });
});

const numberIn = (point: Point, field: string): number => Number(point.value[field]);
const sleepValue = z.object({
  summary: z.object({
    minutesInSleepPeriod: z.string(),
    minutesAsleep: z.string(),
    minutesAwake: z.string(),
    stagesSummary: z.array(z.object({ minutes: z.string() })),
  }),
});
const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Bounds that no healthy adult leaves. */
const RANGES: [DataType, string, number, number][] = [
  ["heart-rate", "beatsPerMinute", 34, 205],
  ["daily-resting-heart-rate", "beatsPerMinute", 40, 90],
  ["heart-rate-variability", "rootMeanSquareOfSuccessiveDifferencesMilliseconds", 5, 160],
  ["oxygen-saturation", "percentage", 90, 100],
  ["daily-respiratory-rate", "breathsPerMinute", 10, 21],
  ["daily-sleep-temperature-derivations", "nightlyTemperatureCelsius", 31, 37],
  ["blood-glucose", "bloodGlucoseMilligramsPerDeciliter", 55, 260],
  ["core-body-temperature", "temperatureCelsius", 35.5, 40],
  ["weight", "weightGrams", 40_000, 130_000],
  ["body-fat", "percentage", 8, 40],
  ["daily-vo2-max", "vo2Max", 20, 65],
  ["steps", "count", 1, 200],
  ["swim-lengths-data", "strokeCount", 8, 30],
];

describe.each(NAMES)("%s is plausible", (name) => {
  const person = makePerson(11, name);
  const to = START + 28 * DAY;

  it.each(RANGES)("%s %s lies within %d–%d", (type, field, low, high) => {
    const values = pointsBetween(person, type, START, to).map((point) => numberIn(point, field));
    const outside = values.filter((value) => !(value >= low && value <= high));
    expect(outside).toEqual([]);
  });

  it("sleeps in contiguous stages that add up, deep early and REM late", () => {
    const thirds = { deepFirst: 0, deepLast: 0, remFirst: 0, remLast: 0 };
    const nights = [];
    for (let day = Math.floor(START / DAY); day < Math.floor(to / DAY); day += 1) {
      const { night } = planOf(person, day);
      if (!night) continue;
      nights.push(night);
      expect(night.stages[0]?.startMs).toBe(night.startMs);
      expect(night.stages.at(-1)?.endMs).toBe(night.endMs);
      night.stages.forEach((span, i) => {
        expect(span.endMs).toBeGreaterThan(span.startMs);
        if (i > 0) expect(span.startMs).toBe(night.stages[i - 1]?.endMs);
        const middle = ((span.startMs + span.endMs) / 2 - night.startMs) / (night.endMs - night.startMs);
        const length = span.endMs - span.startMs;
        if (span.stage === "DEEP") thirds[middle < 0.5 ? "deepFirst" : "deepLast"] += length;
        if (span.stage === "REM") thirds[middle < 0.5 ? "remFirst" : "remLast"] += length;
      });
    }
    const total = nights.reduce((sum, night) => sum + night.endMs - night.startMs, 0);
    expect(nights.length).toBeGreaterThan(20);
    expect(total / nights.length / HOUR).toBeGreaterThan(6);
    expect(total / nights.length / HOUR).toBeLessThan(9);
    expect(thirds.deepFirst).toBeGreaterThan(2 * thirds.deepLast);
    expect(thirds.remLast).toBeGreaterThan(1.4 * thirds.remFirst);
    expect((thirds.deepFirst + thirds.deepLast) / total).toBeGreaterThan(0.1);
    expect((thirds.deepFirst + thirds.deepLast) / total).toBeLessThan(0.27);
    expect((thirds.remFirst + thirds.remLast) / total).toBeGreaterThan(0.15);
    expect((thirds.remFirst + thirds.remLast) / total).toBeLessThan(0.32);
  });

  it("reports a sleep summary whose parts sum to the whole", () => {
    for (const point of pointsBetween(person, "sleep", START, to)) {
      const { summary } = sleepValue.parse(point.value);
      const total = Math.floor((point.endMs - point.startMs) / MINUTE);
      expect(Number(summary.minutesInSleepPeriod)).toBe(total);
      expect(Number(summary.minutesAsleep) + Number(summary.minutesAwake)).toBe(total);
      expect(summary.stagesSummary.reduce((sum, row) => sum + Number(row.minutes), 0)).toBe(total);
    }
  });

  it("has a low heart rate at night, a higher one by day and the highest in workouts", () => {
    const from = START + 5 * DAY;
    const points = pointsBetween(person, "heart-rate", from, from + 10 * DAY);
    const hour = (point: Point): number => (civilOf(person.zone, point.startMs) % DAY) / HOUR;
    const night = points.filter((point) => hour(point) >= 2 && hour(point) < 4).map((point) => numberIn(point, "beatsPerMinute"));
    const day = points.filter((point) => hour(point) >= 11 && hour(point) < 17).map((point) => numberIn(point, "beatsPerMinute"));
    expect(mean(night)).toBeLessThan(mean(day) - 10);
    const workouts = pointsBetween(person, "exercise", from, from + 10 * DAY).filter((point) => point.value["exerciseType"] === "RUNNING");
    for (const workout of workouts) {
      const during = points.filter((point) => point.startMs > workout.startMs + 5 * MINUTE && point.startMs < workout.endMs);
      expect(mean(during.map((point) => numberIn(point, "beatsPerMinute")))).toBeGreaterThan(mean(day) + 30);
    }
  });

  it("walks and burns like an ordinary person", () => {
    const total = (type: DataType, field: string): number =>
      pointsBetween(person, type, START, to)
        .filter((p) => p.origin !== "phone")
        .reduce((sum, p) => sum + numberIn(p, field), 0) / 28;
    expect(total("steps", "count")).toBeGreaterThan(3_000);
    expect(total("steps", "count")).toBeLessThan(16_000);
    expect(total("total-calories", "kcal")).toBeGreaterThan(1_200);
    expect(total("total-calories", "kcal")).toBeLessThan(3_600);
  });

  it("takes the watch off sometimes, and some data arrives hours late", () => {
    const points = pointsBetween(person, "heart-rate", START, to);
    const gaps = points.filter((point, i) => i > 0 && point.startMs - (points[i - 1]?.startMs ?? 0) > 20 * MINUTE);
    expect(gaps.length).toBeGreaterThan(3);
    const delays = points.map((point) => point.availableAtMs - point.endMs);
    expect(delays.filter((delay) => delay < 0)).toEqual([]);
    expect(pointsBetween(person, "steps", START, START + 120 * DAY).some((point) => point.availableAtMs - point.endMs > 4 * HOUR)).toBe(
      true,
    );
  });
});

it("goes to bed later before a weekend morning than before a working day", () => {
  const person = makePerson(5, "ada");
  const bed = (weekend: boolean): number => {
    const minutes: number[] = [];
    for (let day = 20_500; day < 20_600; day += 1) {
      const plan = planOf(person, day);
      if (plan.weekend === weekend) minutes.push((plan.slept.startMs - plan.startMs) / MINUTE);
    }
    return mean(minutes);
  };
  expect(bed(true)).toBeGreaterThan(bed(false) + 30);
});
