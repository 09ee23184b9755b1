import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { METRICS } from "../health/catalogue";
import { offsetAt, parseDay } from "../health/zone";
import { SPECIAL } from "../policy/vocabulary";
import { categoryOf, type Definition, DEFINITIONS, definitionOf, pointsOf, rulesMark, unitOf } from "./definitions";
import { type Award, BEGINNING, evaluate, progressOn, type Standing } from "./evaluate";
import { type DayFacts, MEASURE_NAMES, MEASURES, type MeasureName } from "./facts";

const MONDAY = parseDay("2026-11-23")!;
const day = (date: number, values: DayFacts["values"] = { workouts: 1 }, more: Partial<DayFacts> = {}): DayFacts => ({
  date,
  zone: null,
  values,
  starts: [],
  ...more,
});
const only = (id: string): readonly Definition[] => [definitionOf(id)!];
const keys = (days: readonly DayFacts[], id: string): string[] => evaluate(days, only(id)).awards.map(({ key }) => key);

describe("the definitions", () => {
  test("have ids of their own, rising steps or points for each time, and measures that the catalogue has with the same class", () => {
    expect(new Set(DEFINITIONS.map(({ id }) => id)).size).toBe(DEFINITIONS.length);
    for (const one of DEFINITIONS) {
      expect(one.id).toMatch(/^[a-z-]+$/);
      expect(one.steps.length > 0, one.id).toBe(one.each === undefined);
      expect(one.steps.map(({ at }) => at)).toEqual(one.steps.map(({ at }) => at).toSorted((a, b) => a - b));
      expect(unitOf(one)).not.toBe("");
    }
    for (const name of MEASURE_NAMES) {
      const measure = MEASURES[name];
      if (!("metric" in measure)) continue;
      const metric = METRICS.find(({ key }) => key === measure.metric);
      expect([metric?.unit, metric?.sensitivity], name).toEqual([measure.unit, measure.category]);
    }
  });

  test("say of which class they are, so that those of special classes can be kept from others", () => {
    expect(DEFINITIONS.filter((one) => SPECIAL.has(categoryOf(one))).map(({ id }) => id)).toEqual(["calm"]);
  });

  test("are told apart by a mark that changes with any rule, and not with a text", () => {
    const [first, ...rest] = DEFINITIONS;
    expect(rulesMark(DEFINITIONS)).toBe(rulesMark([{ ...first!, title: "Another" }, ...rest]));
    expect(rulesMark(DEFINITIONS)).not.toBe(rulesMark([{ ...first!, steps: [{ at: 2, points: 10 }] }, ...rest]));
  });
});

describe("an achievement", () => {
  test("is earned step by step, each once", () => {
    const days = Array.from({ length: 60 }, (_, i) => day(MONDAY + i * 2));
    expect(keys(days, "workouts")).toEqual(["step:1", "step:10", "step:50"]);
    expect(keys([day(MONDAY, { workouts: 12 })], "workouts")).toEqual(["step:1", "step:10"]);
  });

  test("of days in a row wants each date, and begins again after one without", () => {
    const row = [0, 1, 3, 4, 5].map((i) => day(MONDAY + i));
    const { awards, standing } = evaluate(row, only("workout-streak"));
    expect(awards).toEqual([{ achievement: "workout-streak", key: "step:3", date: MONDAY + 5, points: 15 }]);
    const { rule } = definitionOf("workout-streak")!;
    const progress = standing.of["workout-streak"];
    // Today may still come; yesterday's row is over the day after.
    expect([5, 6, 7].map((today) => progressOn(rule, progress, MONDAY + today))).toEqual([3, 3, 0]);
  });

  test("of days in a row goes by dates and not by hours: neither a day of 23 nor of 25 hours breaks it", () => {
    for (const from of ["2026-03-27", "2026-10-23"]) {
      const first = parseDay(from)!;
      const days = Array.from({ length: 5 }, (_, i) =>
        day(first + i, { workouts: 1 }, { zone: offsetAt("Europe/Berlin", (first + i) * 86_400_000) }),
      );
      expect(new Set(days.map(({ zone }) => zone)).size).toBe(2);
      expect(evaluate(days, only("workout-streak")).standing.of["workout-streak"]?.run).toBe(5);
    }
  });

  test("of days in a row is not broken by the date that a flight over the date line leaves out, but by one that was lived through", () => {
    const [losAngeles, auckland, berlin] = [-8 * 3_600, 13 * 3_600, 3_600];
    const run = (before: number | null, after: number | null) =>
      evaluate([day(MONDAY, undefined, { zone: before }), day(MONDAY + 2, undefined, { zone: after })], only("workout-streak")).standing.of[
        "workout-streak"
      ]?.run;
    expect([run(losAngeles, auckland), run(losAngeles, berlin), run(auckland, losAngeles), run(null, auckland)]).toEqual([2, 1, 1, 1]);
  });

  test("of whole weekends wants Saturday and Sunday, and weekends in a row", () => {
    const weekend = (n: number) => [day(MONDAY + 5 + 7 * n), day(MONDAY + 6 + 7 * n)];
    expect(keys([0, 1, 2, 3].flatMap(weekend), "weekend-warrior")).toEqual(["step:1", "step:4"]);
    expect(keys([0, 1, 2, 4, 5].flatMap(weekend), "weekend-warrior")).toEqual(["step:1"]);
    expect(keys([day(MONDAY + 6), day(MONDAY + 12)], "weekend-warrior")).toEqual([]);
  });

  test("of a record comes with each day better than all before, once there were enough", () => {
    const values = [...Array.from({ length: 14 }, () => 5_000), 6_000, 6_000, 7_000];
    const days = values.map((steps, i) => day(MONDAY + i, { steps }));
    expect(keys(days, "step-record")).toEqual([`on:${MONDAY + 14}`, `on:${MONDAY + 16}`]);
  });

  test("of a part of the day goes by the wall clock where the workout was", () => {
    const at = (minute: number) => day(MONDAY, { workouts: 1 }, { starts: [minute] });
    expect([keys([at(359)], "early-bird"), keys([at(360)], "early-bird"), keys([at(179)], "early-bird")]).toEqual([["step:1"], [], []]);
    expect(keys([at(23 * 60)], "night-owl")).toEqual(["step:1"]);
  });

  test("of a day of the year and of a return come again each time", () => {
    const years = [2025, 2026].map((year) => parseDay(`${year}-01-01`)!);
    expect(
      keys(
        years.map((date) => day(date)),
        "new-year",
      ),
    ).toEqual(years.map((date) => `on:${date}`));
    expect(
      keys(
        [0, 30, 61].map((i) => day(MONDAY + i)),
        "comeback",
      ),
    ).toEqual([`on:${MONDAY + 61}`]);
  });

  test("of a level counts the points of all others, on the same day", () => {
    const { awards, standing } = evaluate([day(MONDAY, { workouts: 50 })], DEFINITIONS);
    const points = awards.reduce((sum, award) => sum + award.points, 0);
    expect(standing.points).toBe(points);
    expect(awards.filter(({ achievement }) => achievement === "level").map(({ key }) => key)).toEqual(["step:50"]);
    expect(pointsOf(definitionOf("workouts")!, "step:10")).toBe(20);
  });
});

const facts = fc
  .record({
    zone: fc.constantFrom(null, -28_800, 0, 3_600, 46_800),
    starts: fc.array(fc.integer({ min: 0, max: 1_439 }), { maxLength: 2 }),
    values: fc.dictionary(fc.constantFrom(...MEASURE_NAMES), fc.constantFrom(1, 3, 30, 60, 500, 2_500, 9_000, 12_000, 50_000), {
      maxKeys: 6,
    }),
  })
  .map(({ values, ...rest }) => ({ ...rest, values: values as Partial<Record<MeasureName, number>> }));

test("going on from any earlier standing, after any changes of later days, gives the same as beginning anew", () => {
  const world = fc.dictionary(fc.integer({ min: 0, max: 120 }).map(String), facts, { maxKeys: 60 });
  fc.assert(
    fc.property(
      world,
      fc.array(fc.tuple(fc.integer({ min: 0, max: 120 }), fc.option(facts)), { minLength: 1, maxLength: 10 }),
      (first, changes) => {
        const days = new Map(Object.entries(first).map(([date, one]) => [Number(date), one]));
        const ordered = () => [...days].toSorted((a, b) => a[0] - b[0]).map(([date, one]): DayFacts => ({ date, ...one }));
        const standings = new Map<number, Standing>();
        let awards: Award[] = [];
        const goOn = (from: number) => {
          for (const date of standings.keys()) if (date >= from) standings.delete(date);
          awards = awards.filter(({ date }) => date < from);
          const before = [...standings.keys()].toSorted((a, b) => a - b).at(-1);
          let standing = before === undefined ? BEGINNING : standings.get(before)!;
          for (const one of ordered().filter(({ date }) => date > standing.date)) {
            const step = evaluate([one], DEFINITIONS, standing);
            ({ standing } = step);
            standings.set(one.date, JSON.parse(JSON.stringify(standing)) as Standing);
            awards = [...awards.filter(({ date }) => date !== one.date), ...step.awards];
          }
        };
        goOn(0);
        for (const [date, changed] of changes) {
          if (changed === null) days.delete(date);
          else days.set(date, changed);
          goOn(date);
        }
        expect(awards).toEqual(evaluate(ordered(), DEFINITIONS).awards);
        expect(new Set(awards.map(({ achievement, key }) => `${achievement} ${key}`)).size).toBe(awards.length);
      },
    ),
    { numRuns: 60 },
  );
});
