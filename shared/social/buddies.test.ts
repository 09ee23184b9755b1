import fc from "fast-check";
import { expect, test } from "vitest";
import {
  BUDDY_GOALS,
  BUDDY_LEVELS,
  BUDDY_PURPOSES,
  type BuddyProfile,
  cellOf,
  cellsAround,
  distanceOf,
  maskOf,
  matchOf,
  MOST_POINTS,
  timesIn,
} from "./buddies";

const cell = fc.record({ lat: fc.integer({ min: -900, max: 899 }), lon: fc.integer({ min: -1_800, max: 1_799 }) });
const profile: fc.Arbitrary<BuddyProfile> = fc.record({
  purpose: fc.constantFrom(...BUDDY_PURPOSES),
  activities: fc.uniqueArray(fc.constantFrom("running", "cycling", "yoga", "swimming"), { maxLength: 4 }),
  goals: fc.uniqueArray(fc.constantFrom(...BUDDY_GOALS), { maxLength: 4 }),
  languages: fc.uniqueArray(fc.constantFrom("de", "en", "fr"), { maxLength: 3 }),
  level: fc.option(fc.constantFrom(...BUDDY_LEVELS)),
  times: fc.integer({ min: 0, max: 2 ** 28 - 1 }),
  cell: fc.option(cell),
});

test("a score is the sum of its reasons, at most a hundred, and the same from both sides", () => {
  expect(Object.values(MOST_POINTS).reduce((a, b) => a + b, 0)).toBe(100);
  fc.assert(
    fc.property(profile, profile, (a, b) => {
      const match = matchOf(a, b);
      const back = matchOf(b, a);
      expect(match?.score).toBe(back?.score);
      expect(match?.distance).toBe(back?.distance);
      if (match === undefined) return;
      expect(match.reasons.reduce((sum, { points }) => sum + points, 0)).toBe(match.score);
      expect(match.score).toBeLessThanOrEqual(100);
      for (const { kind, points, common } of match.reasons) {
        expect(points).toBeLessThanOrEqual(MOST_POINTS[kind]);
        if (kind !== "level") expect(common.length).toBeGreaterThan(0);
      }
    }),
  );
});

test("having more in common never brings less", () => {
  fc.assert(
    fc.property(profile, profile, fc.constantFrom("running", "cycling", "yoga", "swimming"), (a, b, more) => {
      const before = matchOf(a, b);
      const after = matchOf({ ...a, activities: [...a.activities, more] }, { ...b, activities: [...b.activities, more] });
      expect((after?.score ?? 0) >= (before?.score ?? 0)).toBe(true);
    }),
  );
});

test("people of purposes that do not meet are no match", () => {
  const one: BuddyProfile = { purpose: "training", activities: [], goals: [], languages: [], level: null, times: 0, cell: null };
  expect(matchOf(one, { ...one, purpose: "accountability" })).toBeUndefined();
  expect(matchOf(one, { ...one, purpose: "both" })?.reasons).toEqual([{ kind: "purpose", points: 5, common: ["training"] }]);
});

test("of a place nothing finer than a tenth of a degree is left", () => {
  expect(cellOf(52.5163, 13.3777)).toEqual(cellOf(52.5899, 13.3001));
  expect(distanceOf(cellOf(52.52, 13.4), cellOf(52.58, 13.38))).toBe("near");
  expect(distanceOf(cellOf(52.52, 13.4), cellOf(52.39, 13.06))).toBe("within_50_km");
  expect(distanceOf(cellOf(52.52, 13.4), cellOf(48.14, 11.58))).toBe("far");
  expect(distanceOf(cellOf(0.05, 179.95), cellOf(0.05, -179.95))).toBe("near");
  expect(distanceOf(null, cellOf(0, 0))).toBe("unknown");
});

test("whoever is within fifty kilometres lies in the cells that are looked at", () => {
  fc.assert(
    fc.property(
      fc.record({ lat: fc.integer({ min: -700, max: 700 }), lon: fc.integer({ min: -1_700, max: 1_700 }) }),
      fc.integer({ min: -30, max: 30 }),
      fc.integer({ min: -30, max: 30 }),
      (own, north, east) => {
        const other = { lat: own.lat + north, lon: own.lon + east };
        if (distanceOf(own, other) === "far") return;
        const { lat, lon } = cellsAround(own);
        expect([other.lat >= lat[0] && other.lat <= lat[1], other.lon >= lon[0] && other.lon <= lon[1]]).toEqual([true, true]);
      },
    ),
  );
});

test("times of a week become bits and times again", () => {
  const times = ["monday_morning", "tuesday_evening", "sunday_evening"];
  expect(timesIn(maskOf(times))).toEqual(times);
  expect(timesIn(maskOf(["never"]))).toEqual([]);
});
