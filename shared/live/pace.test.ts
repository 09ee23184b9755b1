import fc from "fast-check";
import { expect, test } from "vitest";
import { Pace } from "./pace";

test("lets a burst of one second's worth pass, then one per interval", () => {
  const pace = new Pace(50);
  expect(Array.from({ length: 60 }, () => pace.pass(1_000)).filter(Boolean)).toHaveLength(50);
  expect(pace.pass(1_019)).toBe(false);
  expect(pace.pass(1_020)).toBe(true);
  expect(pace.pass(1_020)).toBe(false);
});

test("never lets more pass than the rate and one burst", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 200 }), { maxLength: 300 }), (gaps) => {
      const pace = new Pace(50);
      let now = 10_000;
      let passed = 0;
      for (const gap of gaps) {
        now += gap;
        if (pace.pass(now)) passed++;
      }
      expect(passed).toBeLessThanOrEqual(50 + (now - 10_000) / 20 + 1);
    }),
  );
});
