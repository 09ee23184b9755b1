import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { csvLine } from "./csv";
import { denseCsv, denseLine, readDense } from "./dense";
import { stamp } from "./records";

describe("a cell of CSV", () => {
  test.each(["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])("that begins like a formula is a text: %j", (text) => {
    expect(csvLine([text]).replaceAll('"', "")).toBe(`'${text}\r\n`);
  });
  test("is quoted where it must be, and numbers stay numbers", () => {
    expect(csvLine(["a,b", 'say "x"', "two\nlines", -1.5, null, undefined, true, { a: 1 }])).toBe(
      '"a,b","say ""x""","two\nlines",-1.5,,,true,"{""a"":1}"\r\n',
    );
  });
});

describe("an instant", () => {
  test("keeps itself and its offset", () => {
    expect(stamp(Date.UTC(2026, 2, 29, 1, 30), 7_200)).toBe("2026-03-29T03:30:00.000+02:00");
    fc.assert(
      fc.property(fc.integer({ min: -2e12, max: 4e12 }), fc.integer({ min: -50_000, max: 50_000 }), (at, zone) => {
        expect(Date.parse(stamp(at, zone))).toBe(at);
      }),
    );
  });
});

describe("an hour of dense samples", () => {
  const sample = fc.record({
    step: fc.integer({ min: 1, max: 5_000 }),
    value: fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
    zone: fc.constantFrom(0, 3_600, -12_600, 20_700),
    version: fc.constantFrom(0, 1, 1_790_000_000_000),
    id: fc.constantFrom("", "A1B2", "日本"),
  });
  test("comes back to the last bit", () => {
    fc.assert(
      fc.property(fc.array(sample, { minLength: 1, maxLength: 60 }), fc.boolean(), (list, withIds) => {
        let at = Date.UTC(2026, 5, 1);
        const times = list.map(({ step }) => (at += step));
        const samples = {
          at: Float64Array.from(times),
          value: Float64Array.from(list, ({ value }) => value),
          zone: Int32Array.from(list, ({ zone }) => zone),
          version: Float64Array.from(list, ({ version }) => version),
          ...(withIds && { ids: list.map(({ id }) => id) }),
        };
        const more = [[times[0]!, '{"attributes":{"motion":"still"}}']] as const;
        const hour = { metric: "heart_rate", unit: "/min", source: "src_1", samples, more };
        const read = readDense(JSON.parse(denseLine(hour)));
        expect(read?.samples).toEqual(samples);
        expect(read?.more.get(times[0]!)).toEqual({ attributes: { motion: "still" } });
        expect(denseCsv(hour).split("\r\n")).toHaveLength(list.length + 1);
      }),
    );
  });
  test("with columns that do not fit each other is none", () => {
    const line = {
      metric: "heart_rate",
      source: "src_1",
      from: "2026-06-01T00:00:00Z",
      steps: [[1_000, 2]],
      zones: [[0, 3]],
      versions: [[0, 3]],
      values: [1, 2, 3],
    };
    expect(readDense(line)).toBeDefined();
    expect(readDense({ ...line, values: [1, 2] })).toBeUndefined();
    expect(readDense({ ...line, steps: [[0, 2]] })).toBeUndefined();
    expect(readDense({ ...line, zones: [[0, 4_000_000]] })).toBeUndefined();
    expect(readDense({ ...line, from: "yesterday" })).toBeUndefined();
  });
});
