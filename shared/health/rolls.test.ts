import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { HOUR_MS } from "../clock";
import { addMinutes, emptyMinutes, minuteRows } from "./minutes";
import { meanOf, rollSamples, Rolls, slotCount } from "./rolls";
import type { Samples } from "./segment";

const HOUR = 490_000;
const samples = (rows: readonly [ms: number, value: number, zone: number][]): Samples => ({
  at: Float64Array.from(rows, ([ms]) => HOUR * HOUR_MS + ms),
  value: Float64Array.from(rows, ([, value]) => value),
  zone: Int32Array.from(rows, ([, , zone]) => zone),
  version: new Float64Array(rows.length),
});

describe("rolls", () => {
  it("of samples add up to all of them", () => {
    const row = fc.tuple(fc.integer({ min: 0, max: HOUR_MS - 1 }), fc.integer({ min: 40, max: 200 }), fc.constantFrom(0, 19_800, -12_600));
    fc.assert(
      fc.property(fc.uniqueArray(row, { minLength: 1, maxLength: 60, selector: ([ms]) => ms }), (rows) => {
        const ordered = rows.toSorted((a, b) => a[0] - b[0]);
        const rolls = rollSamples(samples(ordered), false);
        expect(rolls.reduce((n, roll) => n + roll.n, 0)).toBe(rows.length);
        expect(rolls.reduce((sum, roll) => sum + roll.sum, 0)).toBe(rows.reduce((sum, [, value]) => sum + value, 0));
        expect(new Set(rolls.map((roll) => roll.date)).size).toBe(rolls.length);
      }),
    );
  });

  it("of an interval share it out without loss", () => {
    fc.assert(
      fc.property(
        fc.nat(HOUR_MS),
        fc.integer({ min: 1, max: 30 * HOUR_MS }),
        fc.integer({ min: 1, max: 10_000 }),
        (from, length, value) => {
          const rolls = new Rolls(false);
          rolls.add(HOUR * HOUR_MS + from, HOUR * HOUR_MS + from + length, value, 0);
          expect(rolls.values().reduce((sum, roll) => sum + roll.sum, 0)).toBeCloseTo(value, 6);
          expect(rolls.values().reduce((n, roll) => n + roll.n, 0)).toBe(1);
        },
      ),
    );
  });

  it("mark the five-minute slots with data", () => {
    const [roll] = rollSamples(
      samples([
        [0, 1, 0],
        [1_000, 1, 0],
        [HOUR_MS - 1, 1, 0],
      ]),
      false,
    );
    expect(slotCount(roll?.slots ?? 0)).toBe(2);
  });

  it("mean decibels as energy", () => {
    const [roll] = rollSamples(
      samples([
        [0, 60, 0],
        [1_000, 60, 0],
      ]),
      true,
    );
    expect(meanOf(roll?.sum ?? 0, roll?.n ?? 0, true)).toBeCloseTo(60, 9);
  });
});

describe("minutes", () => {
  it("sum up each minute that has samples", () => {
    const table = emptyMinutes();
    addMinutes(
      table,
      samples([
        [0, 60, 0],
        [59_999, 64, 0],
        [60_000, 70, 0],
      ]),
      (value) => value,
    );
    expect(minuteRows(table, HOUR)).toEqual([
      { at: HOUR * HOUR_MS, n: 2, min: 60, max: 64, sum: 124 },
      { at: HOUR * HOUR_MS + 60_000, n: 1, min: 70, max: 70, sum: 70 },
    ]);
  });
});
