import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeIds, encodeIds } from "./record-ids";
import { decodeSegment, encodeSegment, type Samples, SegmentReader } from "./segment";

const HOUR = 1_763_600_400_000 - (1_763_600_400_000 % 3_600_000);

function samples(rows: { at: number; value: number; zone: number; version: number }[]): Samples {
  const sorted = [...new Map(rows.map((row) => [row.at, row])).values()].toSorted((a, b) => a.at - b.at);
  return {
    at: Float64Array.from(sorted, (row) => row.at),
    value: Float64Array.from(sorted, (row) => row.value),
    zone: Int32Array.from(sorted, (row) => row.zone),
    version: Float64Array.from(sorted, (row) => row.version),
  };
}

const sampleRow = fc.record({
  at: fc.integer({ min: 0, max: 3_599_999 }).map((ms) => HOUR + ms),
  value: fc.oneof(
    fc.integer({ min: -50, max: 400 }),
    fc.integer({ min: 0, max: 40_000 }).map((n) => n / 100),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
  ),
  zone: fc.constantFrom(0, 3_600, 19_800, -12_600),
  version: fc.constantFrom(0, 1, 1_763_600_400_123),
});

describe("segment codec", () => {
  it("gives back exactly what was encoded", () => {
    fc.assert(
      fc.property(fc.array(sampleRow, { maxLength: 300 }), (rows) => {
        const original = samples(rows);
        expect(decodeSegment(encodeSegment(original))).toEqual(original);
      }),
    );
  });

  it("encodes a part of the columns", () => {
    const original = samples([1, 2, 3, 4].map((i) => ({ at: HOUR + i, value: i, zone: 0, version: 0 })));
    expect([...decodeSegment(encodeSegment(original, 1, 3)).value]).toEqual([2, 3]);
  });

  it("stores an hour of 1 Hz heart rate in under 1.2 bytes a sample", () => {
    const rows = Array.from({ length: 3_600 }, (_, i) => ({
      at: HOUR + i * 1_000,
      value: 70 + Math.round(8 * Math.sin(i / 90)),
      zone: 3_600,
      version: 0,
    }));
    expect(encodeSegment(samples(rows)).length / 3_600).toBeLessThan(1.2);
  });

  it("keeps irregular instants to the millisecond", () => {
    const original = samples([0, 7, 1_003, 1_004, 59_999, 3_599_999].map((ms) => ({ at: HOUR + ms, value: 1, zone: 0, version: 0 })));
    expect(decodeSegment(encodeSegment(original)).at).toEqual(original.at);
  });

  it("refuses bytes that are no segment", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        try {
          const decoded = decodeSegment(bytes);
          expect(decoded.at.length).toBe(decoded.value.length);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
    );
  });
});

describe("segment reader", () => {
  const reader = new SegmentReader();

  it("reads one after the other as they are decoded, with the unit of their steps", () => {
    fc.assert(
      fc.property(fc.array(sampleRow, { maxLength: 300 }), (rows) => {
        const bytes = encodeSegment(samples(rows));
        const { version: _version, ...decoded } = decodeSegment(bytes);
        const { step, ...read } = reader.read(bytes);
        expect(read).toEqual(decoded);
        const steps = [...decoded.at].slice(1).map((at, i) => at - decoded.at[i]!);
        const unit = steps.reduce((a, b) => (b === 0 ? a : gcd(a, b)), 0);
        expect(step).toBe(unit === 0 ? 1 : unit);
      }),
    );
  });

  it("makes room for more than an hour of seconds", () => {
    const original = samples(Array.from({ length: 5_000 }, (_, i) => ({ at: HOUR + i * 500, value: i % 7, zone: 0, version: 1 })));
    expect(reader.read(encodeSegment(original)).value).toEqual(original.value);
  });

  it("refuses bytes that are no segment, and reads the next one", () => {
    const original = samples([{ at: HOUR, value: 5, zone: 0, version: 0 }]);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        try {
          reader.read(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
        expect([...reader.read(encodeSegment(original)).value]).toEqual([5]);
      }),
    );
  });
});

function gcd(a: number, b: number): number {
  return a === 0 ? b : gcd(b % a, a);
}

describe("record ids", () => {
  it("come back as they were, whatever their form", () => {
    const form = fc.oneof(
      fc.uuid(),
      fc.uuid().map((id) => id.toUpperCase()),
      fc.string({ maxLength: 40 }).map((s) => s.toWellFormed()),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(form, fc.integer({ min: 1, max: 5 })), { maxLength: 50 }), (runs) => {
        const ids = runs.flatMap(([id, times]) => Array.from({ length: times }, () => id));
        expect(decodeIds(encodeIds(ids), ids.length)).toEqual(ids);
      }),
    );
  });

  it("take 16 bytes where all are UUIDs of one letter case", () => {
    const ids = ["ED008640-6873-4647-92B2-24F7680014A0", "E3D5647B-2B0E-43AA-BE3F-9FAD43D35581"];
    expect(encodeIds(ids)?.length).toBe(1 + 2 * 16);
  });

  it("are told once where a record brought all samples of the hour", () => {
    const ids = Array.from({ length: 720 }, () => "sleep/7c2f0c9e-3f5e-4a37-9a6a-0a3c8f5f2a11");
    expect(encodeIds(ids)?.length).toBeLessThan(50);
  });

  it("take nothing where there are none", () => {
    expect(encodeIds(["", ""])).toBeNull();
  });
});
