import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MOST_SHIFT_DAYS, pseudonymOf, shiftOf } from "./pseudonym";

const key = fc.uint8Array({ minLength: 32, maxLength: 32 });
const person = fc.string({ minLength: 1, maxLength: 40 });

describe("a pseudonym", () => {
  test("is the same for a person and a programme, and another for every other", () => {
    fc.assert(
      fc.property(key, key, person, person, (a, b, one, two) => {
        expect(pseudonymOf(a, one)).toBe(pseudonymOf(a, one));
        if (one !== two) expect(pseudonymOf(a, one)).not.toBe(pseudonymOf(a, two));
        if (a.some((byte, i) => byte !== b[i])) expect(pseudonymOf(a, one)).not.toBe(pseudonymOf(b, one));
        expect(pseudonymOf(a, one)).toMatch(/^p_[A-Za-z0-9_-]{20}$/);
      }),
    );
  });
});

describe("a shift of dates", () => {
  test("is a whole number of days within half a year, and the same every time: intervals are kept", () => {
    fc.assert(
      fc.property(key, person, fc.integer({ min: 0, max: 40_000 }), fc.integer({ min: 0, max: 40_000 }), (secret, who, a, b) => {
        const shift = shiftOf(secret, who);
        expect(Number.isInteger(shift) && Math.abs(shift) <= MOST_SHIFT_DAYS).toBe(true);
        expect(shiftOf(secret, who)).toBe(shift);
        expect(b + shift - (a + shift)).toBe(b - a);
      }),
    );
  });

  test("differs between people and programmes, and every one of them is equally likely", () => {
    const [first, second] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
    const counts = new Map<number, number>();
    let same = 0;
    const drawn = 18_350;
    for (let i = 0; i < drawn; i++) {
      const shift = shiftOf(first, `person ${i}`);
      counts.set(shift, (counts.get(shift) ?? 0) + 1);
      if (shift === shiftOf(second, `person ${i}`)) same++;
    }
    expect(counts.size).toBe(367);
    // 366 degrees of freedom: beyond 470 is less than one in ten thousand.
    const chiSquare = [...counts.values()].reduce((sum, n) => sum + (n - 50) ** 2 / 50, 0);
    expect(chiSquare).toBeLessThan(470);
    expect(same).toBeLessThan(90);
  });
});
