import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { metric, METRICS } from "../health/catalogue";
import { SPECIAL } from "../policy/vocabulary";
import { countedMetrics, faultOf, touchedBy, unitOf } from "./measures";
import { doubtOf, mostOfDay, mostOfHour } from "./plausibility";
import { baselineOf, type Effort, hasReached, rankedScore, type Rule, scoreOf } from "./score";
import { trustOf, unfitness } from "./trust";

const RULE: Rule = { operator: "increment", attempts: null, isAscending: false, counts: "values", target: 0 };
const effort = (day: number, value: number, at = day * 86_400_000): Effort => ({ key: String(day), day, at, value });
const efforts = fc
  .uniqueArray(fc.tuple(fc.nat({ max: 40 }), fc.integer({ min: 0, max: 30_000 })), { selector: ([day]) => day, maxLength: 40 })
  .map((days) => days.map(([day, value]) => effort(day, value)));
const rules: fc.Arbitrary<Rule> = fc.record({
  operator: fc.constantFrom("best", "set", "increment"),
  attempts: fc.option(fc.integer({ min: 1, max: 10 })),
  isAscending: fc.boolean(),
  counts: fc.constantFrom("values", "days", "streak"),
  target: fc.constantFrom(0, 5_000, 10_000),
});

describe("a score", () => {
  const days = [effort(1, 5), effort(2, 9), effort(3, 9), effort(5, 4)];

  test.each([
    ["all together", {}, { score: 27, at: 5 * 86_400_000, efforts: 4 }],
    ["the best, reached first", { operator: "best" }, { score: 9, at: 2 * 86_400_000, efforts: 4 }],
    ["the least", { operator: "best", isAscending: true }, { score: 4, at: 5 * 86_400_000, efforts: 4 }],
    ["the latest", { operator: "set" }, { score: 4, at: 5 * 86_400_000, efforts: 4 }],
    ["the first attempts", { attempts: 2 }, { score: 14, at: 2 * 86_400_000, efforts: 2 }],
    ["days that reach a target", { counts: "days", target: 5 }, { score: 3, at: 3 * 86_400_000, efforts: 4 }],
    ["the longest streak", { counts: "streak", target: 5 }, { score: 3, at: 3 * 86_400_000, efforts: 4 }],
    ["a streak that a day breaks", { counts: "streak", target: 4 }, { score: 3, at: 3 * 86_400_000, efforts: 4 }],
    ["a target that nobody reaches", { counts: "streak", target: 50 }, { score: 0, at: 86_400_000, efforts: 4 }],
  ] as const)("is %s", (_name, change, expected) => {
    expect(scoreOf(days, { ...RULE, ...change })).toEqual(expected);
  });

  test("does not depend on the order in which efforts come", () => {
    fc.assert(
      fc.property(efforts, rules, fc.infiniteStream(fc.nat()), (all, rule, noise) => {
        const shuffled = all.map((one) => [noise.next().value, one] as const).toSorted((a, b) => Number(a[0]) - Number(b[0]));
        expect(
          scoreOf(
            shuffled.map(([, one]) => one),
            rule,
          ),
        ).toEqual(scoreOf(all, rule));
      }),
    );
  });

  test("of a total never falls with one more effort, and a best never gets worse", () => {
    fc.assert(
      fc.property(efforts, fc.nat({ max: 30_000 }), (all, value) => {
        const more = [...all, effort(41, value)];
        expect(scoreOf(more, RULE)!.score).toBeGreaterThanOrEqual(scoreOf(all, RULE)?.score ?? 0);
        const best = { ...RULE, operator: "best" as const };
        expect(scoreOf(more, best)!.score).toBeGreaterThanOrEqual(scoreOf(all, best)?.score ?? 0);
      }),
    );
  });

  test("of a streak is what walking from day to day counts", () => {
    fc.assert(
      fc.property(efforts, fc.constantFrom(1, 5_000, 20_000), (all, target) => {
        const reached = new Set(all.filter(({ value }) => value >= target).map(({ day }) => day));
        let [longest, run] = [0, 0];
        for (let day = 0; day <= 41; day++) {
          run = reached.has(day) ? run + 1 : 0;
          longest = Math.max(longest, run);
        }
        expect(scoreOf(all, { ...RULE, counts: "streak", target })?.score ?? 0).toBe(longest);
      }),
    );
  });
});

describe("a goal", () => {
  test("is reached in the amount, in percent of what was before, or in percent of one's own", () => {
    expect(rankedScore(700, { kind: "absolute", target: 600 }, null)).toBe(700);
    expect(rankedScore(700, { kind: "relative", baselineDays: 14, target: 110 }, 500)).toBe(140);
    expect(rankedScore(700, { kind: "relative", baselineDays: 14, target: 110 }, null)).toBeUndefined();
    expect(rankedScore(700, { kind: "custom" }, 1_000)).toBe(70);
    expect(hasReached(700, { kind: "absolute", target: 600 }, false)).toBe(true);
    expect(hasReached(700, { kind: "absolute", target: 600 }, true)).toBe(false);
    expect(hasReached(99.9, { kind: "custom" }, false)).toBe(false);
    expect(hasReached(1, { kind: "absolute", target: null }, false)).toBeNull();
  });

  test("relative to a baseline takes the mean of days with data, for as many days as a period has", () => {
    expect(baselineOf([1_000, 2_000, 3_000], 7, RULE)).toBe(14_000);
    expect(baselineOf([1_000, 2_000, 3_000], 7, { ...RULE, operator: "best" })).toBe(3_000);
    expect(baselineOf([1_000, 2_000], 7, RULE)).toBeUndefined();
    expect(baselineOf([0, 0, 0], 7, RULE)).toBeUndefined();
  });
});

describe("what may be counted", () => {
  test("adds up, is of no special class, and does nobody harm", () => {
    const keys = countedMetrics().map(({ key }) => key);
    for (const key of ["steps", "water_intake", "meal", "exercise_minutes", "distance_cycling", "floors", "sleep_duration"])
      expect(keys).toContain(key);
    for (const key of [
      "body_weight",
      "glucose",
      "dietary_energy",
      "falls",
      "medication_taken",
      "mindful_minutes",
      "heart_rate",
      "sedentary_minutes",
    ])
      expect(keys).not.toContain(key);
    for (const { sensitivity } of countedMetrics()) expect(SPECIAL.has(sensitivity)).toBe(false);
    for (const { key } of METRICS.filter(({ sensitivity }) => SPECIAL.has(sensitivity))) {
      expect(faultOf({ kind: "formula", formula: `steps + ${key}` }), key).not.toBeUndefined();
    }
  });

  test.each([
    [{ kind: "metric", metric: "steps" }, undefined],
    [{ kind: "metric", metric: "nope" }, "unknown_metric"],
    [{ kind: "metric", metric: "body_weight" }, "metric_not_allowed"],
    [{ kind: "formula", formula: "1 + 1" }, "nothing_counted"],
    [{ kind: "formula", formula: "steps +" }, "invalid_formula"],
    [{ kind: "streak", formula: "steps", target: 1 }, undefined],
    [{ kind: "workouts", figure: "minutes", types: ["running"] }, undefined],
    [{ kind: "workouts", figure: "minutes", types: ["flying a kite badly"] }, "unknown_workout_type"],
    [{ kind: "formula", formula: "steps+floors+meal+water_intake+exercise_minutes+swim_strokes+wheelchair_pushes" }, "too_many_metrics"],
  ] as const)("%j: %s", (measure, fault) => {
    expect(faultOf(measure)).toBe(fault);
  });

  test("has the units of what it counts", () => {
    expect(unitOf({ kind: "metric", metric: "water_intake" })).toBe("mL");
    expect(unitOf({ kind: "metric", metric: "meal" })).toBe("{count}");
    expect(unitOf({ kind: "streak", formula: "steps", target: 1 })).toBe("d");
    expect(unitOf({ kind: "workouts", figure: "distance" })).toBe("m");
    expect(touchedBy({ kind: "formula", formula: "steps + floors" })).toEqual(["steps", "floors"]);
  });
});

describe("fair play", () => {
  test("believes a device before a file, and a file before what was typed in", () => {
    expect(trustOf({ vendor: "healthkit", recordingMethod: "automatic" })).toBe("device");
    expect(trustOf({ vendor: "garmin", connection: "con_eu_x" })).toBe("device");
    expect(trustOf({ vendor: "fit_file" })).toBe("file");
    expect(trustOf({ vendor: "csv" })).toBe("manual");
    expect(trustOf({ vendor: "healthkit", recordingMethod: "manual" })).toBe("manual");
    expect(unfitness({ vendor: "fit_file" }, "device")).toBe("file_excluded");
    expect(unfitness({ vendor: "csv" }, "file")).toBe("manual_excluded");
    expect(unfitness({ vendor: "manual" }, "manual")).toBeUndefined();
    expect(unfitness({ vendor: "strava", connection: "con_eu_x" }, "manual")).toBe("kept_for_its_person");
  });

  test("doubts workouts that nobody can have done", () => {
    const run = { type: "running", start: 0, end: 3_600_000, activeS: 3_600, distanceM: 12_000, energyKcal: 800 };
    expect(doubtOf(run)).toBeUndefined();
    expect(doubtOf({ ...run, distanceM: 30_000 })).toBe("too_fast");
    expect(doubtOf({ ...run, type: "cycling", distanceM: 30_000 })).toBeUndefined();
    expect(doubtOf({ ...run, end: 30_000, activeS: 30 })).toBe("too_short");
    expect(doubtOf({ ...run, end: 100_000_000 })).toBe("too_long");
    expect(doubtOf({ ...run, energyKcal: 3_000 })).toBe("too_much_energy");
  });

  test("knows the most of an hour and of a day for metrics that are there, within their bounds", () => {
    for (const { key, bounds } of countedMetrics()) {
      const [hour, day] = [mostOfHour(key), mostOfDay(key)];
      if (hour === undefined || day === undefined) continue;
      expect(hour, key).toBeLessThanOrEqual(day);
      expect(day, key).toBeLessThanOrEqual(bounds?.[1] ?? day);
      expect(metric(key), key).toBeDefined();
    }
  });
});
