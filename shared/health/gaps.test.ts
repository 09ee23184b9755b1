import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { gapId, parseGapId } from "./gap-id";
import { classify, type Coverage, HABIT_DAYS, habitOf, isWatched, lagDays, missingOf } from "./gaps";

const everyDay = (from: number, to: number, slots = 200): Coverage =>
  new Map(Array.from({ length: to - from + 1 }, (_, i) => [from + i, slots]));

describe("a date", () => {
  it("lacks everything where a source that told nearly every day told nothing", () => {
    expect(missingOf(everyDay(0, 13), 14, true)).toBe("all");
    // After a week of silence there is no habit any more: the device was put away.
    expect(missingOf(everyDay(0, 13), 21, true)).toBeUndefined();
  });

  it("lacks nothing where nothing was to be expected", () => {
    expect(missingOf(everyDay(0, 3), 4, true)).toBeUndefined();
    expect(missingOf(new Map([0, 3, 6, 9, 12].map((day) => [day, 200])), 14, true)).toBeUndefined();
    expect(missingOf(new Map(), 14, true)).toBeUndefined();
  });

  it("lacks a part where less than half of the usual was told, of what is told all day", () => {
    const short = (slots: number): Coverage => new Map([...everyDay(0, 13), [14, slots]]);
    expect(missingOf(short(99), 14, true)).toBe("part");
    expect(missingOf(short(100), 14, true)).toBeUndefined();
    expect(missingOf(short(1), 14, false)).toBeUndefined();
    // A few samples a day are no day that could be half.
    expect(missingOf(new Map([...everyDay(0, 13, 10), [14, 1]]), 14, true)).toBeUndefined();
  });

  it("is judged by the days before it alone, never has a gap where it was told as usual, and keeps its judgement in any order", () => {
    const days = fc.uniqueArray(fc.tuple(fc.integer({ min: -30, max: 30 }), fc.integer({ min: 1, max: 288 })), {
      selector: ([day]) => day,
    });
    fc.assert(
      fc.property(days, fc.boolean(), (told, isSteady) => {
        const coverage = new Map(told);
        const before = told.filter(([day]) => day < 0 && day >= -HABIT_DAYS);
        expect(missingOf(new Map(told.toReversed()), 0, isSteady)).toBe(missingOf(coverage, 0, isSteady));
        expect(habitOf(new Map(before), 0)).toBe(habitOf(coverage, 0));
        const usual = habitOf(coverage, 0);
        if (before.length < 5) expect(usual).toBeUndefined();
        if (before.length === HABIT_DAYS) expect(usual).toBeDefined();
        if (usual !== undefined) {
          expect(missingOf(new Map([...before, [0, usual]]), 0, isSteady)).toBeUndefined();
          expect(missingOf(new Map(before), 0, isSteady)).toBe("all");
        }
      }),
    );
  });
});

describe("the class of a gap", () => {
  it.each([
    [{ missing: "all", isDeviceSilent: true, feed: "fine" }, "not_worn"],
    [{ missing: "all", isDeviceSilent: false, feed: "fine" }, "partial"],
    [{ missing: "part", isDeviceSilent: false, feed: "fine" }, "partial"],
    [{ missing: "all", isDeviceSilent: true, feed: "failed" }, "sync_failure"],
    [{ missing: "all", isDeviceSilent: true, feed: "outage" }, "vendor_outage"],
    [{ missing: "part", isDeviceSilent: false, feed: "forbidden" }, "permission_missing"],
  ] as const)("of %j is %s", (evidence, expected) => {
    expect(classify(evidence)).toBe(expected);
  });
});

it("a feed that is asked rarely is judged later", () => {
  expect(lagDays(3_600_000, 7)).toBe(0);
  expect(lagDays(6 * 3_600_000, 7)).toBe(0);
  expect(lagDays(24 * 3_600_000, 7)).toBe(1);
  expect(lagDays(7 * 24 * 3_600_000, 7)).toBe(7);
});

it("what people type in, and what happens now and then, is never missing", () => {
  expect(isWatched({ key: "heart_rate", kind: "sample", sensitivity: "vitals" })).toBe(true);
  expect(isWatched({ key: "sleep", kind: "event", sensitivity: "sleep" })).toBe(true);
  expect(isWatched({ key: "sleep_deep", kind: "daily", sensitivity: "sleep" })).toBe(false);
  expect(isWatched({ key: "nutrient.iron", kind: "interval", sensitivity: "nutrition" })).toBe(false);
});

it("a gap's id comes back as what it names, and nothing else is one", () => {
  const key = { date: 20_777, metric: 501, source: 3 };
  expect(parseGapId(gapId(key))).toEqual(key);
  for (const text of ["", "g1.2", "g01.2.3", "g1.2.3 ", "G1.2.3", "g-1.2.3"]) expect(parseGapId(text)).toBeUndefined();
});
