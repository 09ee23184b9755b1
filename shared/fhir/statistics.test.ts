import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readStats, type Sample, STATISTICS, type Statistic, statisticOf } from "./statistics";

const setting = { now: Date.UTC(2026, 5, 1), timeZone: "UTC" };

function sampleOf(numbers: readonly number[]): Sample {
  const values = Float64Array.from(numbers).sort();
  const sum = numbers.reduce((all, one) => all + one, 0);
  return {
    n: numbers.length,
    total: numbers.length,
    min: Math.min(...numbers),
    max: Math.max(...numbers),
    mean: sum / numbers.length,
    sum,
    values,
  };
}

describe("a statistic", () => {
  test.each<[Statistic, number]>([
    ["average", 5],
    ["median", 4.5],
    ["count", 8],
    ["sum", 40],
    ["minimum", 2],
    ["maximum", 9],
    ["variance", 32 / 7],
    ["std-dev", Math.sqrt(32 / 7)],
    ["4-lower", 4],
    ["4-upper", 5.5],
    ["4-dev", 0.75],
    ["20-percent", 4],
    ["5-4", 6.2],
    ["skew", 0.65625],
    ["kurtosis", -0.21875],
  ])("%s of 2, 4, 4, 4, 5, 5, 7, 9 is %d", (name, wanted) => {
    expect(statisticOf(name, sampleOf([2, 4, 4, 4, 5, 5, 7, 9]))).toBeCloseTo(wanted, 10);
  });

  test("that is a percentile lies between the bounds, and they stand in their order", () => {
    const numbers = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 50 });
    fc.assert(
      fc.property(numbers, (list) => {
        const sample = sampleOf(list);
        const names = ["minimum", "20-percent", "4-lower", "5-2", "median", "5-3", "4-upper", "80-percent", "maximum"] as const;
        const found = names.map((name) => statisticOf(name, sample) ?? Number.NaN);
        expect(found.every((value, i) => i === 0 || value >= (found[i - 1] ?? value) - 1e-6)).toBe(true);
      }),
    );
  });

  test("of nothing is told where it can be: the counts", () => {
    const none: Sample = { n: 0, total: 3, min: Infinity, max: -Infinity, mean: Number.NaN, sum: 0, values: new Float64Array() };
    const told = Object.keys(STATISTICS).filter((name) => statisticOf(name as Statistic, none) !== undefined);
    expect(told).toEqual(["count", "total-count"]);
  });
});

describe("the parameters", () => {
  test("name codes, statistics and a time", () => {
    const query = readStats(
      [
        ["subject", "Patient/p"],
        ["system", "http://loinc.org"],
        ["code", "8867-4"],
        ["statistic", "average,count"],
        ["duration", "24"],
      ],
      setting,
    );
    expect(query).toMatchObject({
      codes: ["http://loinc.org|8867-4"],
      statistics: ["average", "count"],
      subject: "p",
      from: setting.now - 86_400_000,
    });
  });

  test.each<[string, [string, string][]]>([
    ["no code", [["statistic", "count"]]],
    ["no statistic", [["code", "1"]]],
    [
      "an unknown statistic",
      [
        ["code", "1"],
        ["statistic", "guess"],
      ],
    ],
    [
      "two times",
      [
        ["code", "1"],
        ["statistic", "count"],
        ["duration", "1"],
        ["period", "2026"],
      ],
    ],
    [
      "a period the wrong way round",
      [
        ["code", "1"],
        ["statistic", "count"],
        ["period.start", "2026-02"],
        ["period.end", "2026-01"],
      ],
    ],
    [
      "something else",
      [
        ["code", "1"],
        ["statistic", "count"],
        ["taste", "1"],
      ],
    ],
  ])("are refused with %s", (_what, params) => {
    expect(() => readStats(params, setting)).toThrow();
  });
});
