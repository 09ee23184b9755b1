import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeSampledData, encodeSampledData, toJson } from "./sampled-data";
import { OFFSETS_EXTENSION } from "./systems";
import { quantity } from "./units";

const START = Date.UTC(2026, 10, 20, 7);
const ORIGIN = quantity(0, "/min");

const series = fc
  .uniqueArray(fc.tuple(fc.integer({ min: 0, max: 3_599_999 }), fc.double({ noNaN: true, noDefaultInfinity: true })), {
    minLength: 1,
    maxLength: 400,
    selector: ([at]) => at,
  })
  .map((pairs) => pairs.sort(([a], [b]) => a - b))
  .map((pairs) => ({ at: pairs.map(([at]) => START + at), value: pairs.map(([, value]) => value) }));

describe("SampledData", () => {
  test("any series comes back exactly", () => {
    fc.assert(
      fc.property(series, ({ at, value }) => {
        expect(decodeSampledData(encodeSampledData({ at, value }, ORIGIN), at[0]!)).toEqual({ at, value });
      }),
    );
  });

  test("data stays in proportion to the series: an hour of seconds, or four slots a sample", () => {
    fc.assert(
      fc.property(series, ({ at, value }) => {
        const { data, period } = encodeSampledData({ at, value }, ORIGIN);
        expect(data.split(" ").length).toBeLessThanOrEqual(Math.max(3_600, at.length * 4));
        expect(period).toBeGreaterThan(0);
      }),
    );
  });

  test("a regular grid needs no offsets", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60_000 }), fc.integer({ min: 2, max: 60 }), (step, n) => {
        const at = Array.from({ length: n }, (_, i) => START + i * step);
        expect(encodeSampledData({ at, value: at.map((_, i) => i) }, ORIGIN)).toEqual({
          origin: ORIGIN,
          period: step,
          dimensions: 1,
          data: at.map((_, i) => i).join(" "),
        });
      }),
    );
  });

  test("an irregular series lies within half a step of its true times, which stand beside it", () => {
    const at = [START, START + 61_237, START + 3_000_001];
    const encoded = encodeSampledData({ at, value: [1, 2, 3] }, ORIGIN);
    expect(encoded.extension).toEqual([{ url: OFFSETS_EXTENSION, valueString: "0 61237 3000001" }]);
    const { extension: _, ...grid } = encoded;
    for (const [i, near] of decodeSampledData(grid, START)!.at.entries())
      expect(Math.abs(near - at[i]!)).toBeLessThanOrEqual(encoded.period / 2);
  });

  test("the unit of the steps, where it is known, changes nothing", () => {
    const at = [START, START + 4_000, START + 10_000];
    expect(encodeSampledData({ at, value: [1, 2, 3], step: 2_000 }, ORIGIN)).toEqual(encodeSampledData({ at, value: [1, 2, 3] }, ORIGIN));
  });

  test("a resource is the same JSON, wherever its series stands and whatever stands in its texts", () => {
    const text = fc.constantFrom("plain", '"data":""}}', "\u0000", "");
    fc.assert(
      fc.property(series, text, fc.boolean(), ({ at, value }, said, isLast) => {
        const valueSampledData = encodeSampledData({ at, value }, ORIGIN);
        const resource = isLast ? { id: "a", note: said, valueSampledData } : { id: "a", valueSampledData, note: said };
        expect(toJson(resource)).toBe(JSON.stringify(resource));
      }),
    );
    expect(toJson({ id: "a", valueSampledData: 1 })).toBe('{"id":"a","valueSampledData":1}');
  });

  test("text that is no series is refused", () => {
    const grid = { origin: ORIGIN, period: 1_000, dimensions: 1 };
    expect(decodeSampledData({ ...grid, data: "1  2" }, START)).toBeUndefined();
    expect(decodeSampledData({ ...grid, data: "1 x" }, START)).toBeUndefined();
    expect(decodeSampledData({ ...grid, data: "1 2", extension: [{ url: OFFSETS_EXTENSION, valueString: "0" }] }, START)).toBeUndefined();
  });
});
