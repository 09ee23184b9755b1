import fc from "fast-check";
import { expect, test } from "vitest";
import { Trend } from "./trend";

const DAY = 86_400_000;
const NOW = Date.UTC(2026, 10, 20);

function trendOf(points: readonly (readonly [day: number, value: number])[]): number | undefined {
  const trend = new Trend();
  for (const [day, value] of points) trend.add(value, NOW + day * DAY);
  return trend.perDay;
}

test("a line has its own slope, in whatever order its points come", () => {
  const days = fc.uniqueArray(fc.integer({ min: 0, max: 1_000 }), { minLength: 2, maxLength: 30 });
  fc.assert(
    fc.property(days, fc.double({ min: -5, max: 5, noNaN: true }), fc.double({ min: -100, max: 100, noNaN: true }), (list, slope, zero) => {
      expect(trendOf(list.map((day) => [day, zero + slope * day] as const))).toBeCloseTo(slope, 6);
    }),
    { numRuns: 60 },
  );
});

test("of scattered points it is that of least squares", () => {
  // Σ(t−t̄)(y−ȳ) = 7, Σ(t−t̄)² = 5
  expect(
    trendOf([
      [0, 1],
      [1, 3],
      [2, 2],
      [3, 6],
    ]),
  ).toBeCloseTo(1.4, 9);
});

test("of one time there is none", () => {
  expect(trendOf([])).toBeUndefined();
  expect(trendOf([[1, 70]])).toBeUndefined();
  expect(
    trendOf([
      [1, 70],
      [1, 71],
    ]),
  ).toBeUndefined();
});
