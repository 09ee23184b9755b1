import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DAY_MS, MINUTE_MS } from "../clock";
import { isQuiet, nextWallTime, parseWallTime, quietUntil, wallTimeText } from "./quiet-hours";

const ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "America/St_Johns"];
const minute = fc.integer({ min: 0, max: 1_439 });
/** Minutes about the days on which clocks change in those zones, and others. */
const instant = fc
  .oneof(
    ...["2026-03-29T01:00Z", "2026-10-25T01:00Z", "2026-03-08T07:00Z", "2026-11-01T06:00Z", "2026-10-03T15:30Z", "2026-04-04T15:00Z"].map(
      (at) => fc.integer({ min: -1_500, max: 300 }).map((minutes) => Date.parse(at) + minutes * MINUTE_MS),
    ),
    fc.integer({ min: 0, max: 365 * 1_440 }).map((minutes) => Date.parse("2026-01-01T00:00Z") + minutes * MINUTE_MS),
  )
  .map((at) => at + 17);

test("quiet hours end at the first minute that is not quiet on the wall's clock, also when clocks change", () => {
  fc.assert(
    fc.property(fc.constantFrom(...ZONES), minute, minute, instant, (zone, from, to, at) => {
      const hours = { from, to };
      const end = quietUntil(zone, hours, at);
      if (!isQuiet(zone, hours, at)) {
        expect(end).toBe(at);
        return;
      }
      expect(isQuiet(zone, hours, end)).toBe(false);
      expect(end - at).toBeLessThanOrEqual(DAY_MS + 3 * 60 * MINUTE_MS);
      for (let one = Math.ceil(at / MINUTE_MS) * MINUTE_MS; one < end; one += MINUTE_MS)
        if (!isQuiet(zone, hours, one))
          expect.fail(`${zone} ${from}–${to}: ${new Date(one).toISOString()} is before ${new Date(end).toISOString()}`);
    }),
    { numRuns: 150 },
  );
});

describe("the next time of day", () => {
  test.each([
    ["Europe/Berlin", "2026-06-01T05:00:00Z", "08:00", "2026-06-01T06:00:00.000Z"],
    ["Europe/Berlin", "2026-06-01T06:00:00Z", "08:00", "2026-06-02T06:00:00.000Z"],
    // Clocks go forward at one o'clock UTC: half past two is skipped, and comes with the jump.
    ["Europe/Berlin", "2026-03-28T20:00:00Z", "02:30", "2026-03-29T01:00:00.000Z"],
    ["Europe/Berlin", "2026-03-28T20:00:00Z", "08:00", "2026-03-29T06:00:00.000Z"],
    // Clocks go back: half past two comes twice, and its first time counts.
    ["Europe/Berlin", "2026-10-24T20:00:00Z", "02:30", "2026-10-25T00:30:00.000Z"],
    ["Europe/Berlin", "2026-10-24T20:00:00Z", "08:00", "2026-10-25T07:00:00.000Z"],
    ["Australia/Lord_Howe", "2026-10-03T12:00:00Z", "08:00", "2026-10-03T21:00:00.000Z"],
  ])("in %s after %s: %s is %s", (zone, after, time, expected) => {
    expect(new Date(nextWallTime(zone, parseWallTime(time) ?? 0, Date.parse(after))).toISOString()).toBe(expected);
  });

  test("is written and read as hours and minutes", () => {
    fc.assert(fc.property(minute, (one) => parseWallTime(wallTimeText(one)) === one));
    expect(["24:00", "7:00", "12:60", ""].map(parseWallTime)).toEqual([undefined, undefined, undefined, undefined]);
  });
});
