import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type IdentifiedSamples, mergeSamples, sortSamples } from "./merge";

interface Row {
  at: number;
  value: number;
  version: number;
}

function columns(rows: readonly Row[]): IdentifiedSamples {
  return {
    at: Float64Array.from(rows, (r) => r.at),
    value: Float64Array.from(rows, (r) => r.value),
    zone: new Int32Array(rows.length),
    version: Float64Array.from(rows, (r) => r.version),
  };
}

const sorted = (rows: readonly Row[]) => sortSamples(columns(rows)).samples;
const NOTHING = columns([]);
const row = fc.record({
  at: fc.integer({ min: 0, max: 30 }),
  value: fc.integer({ min: 0, max: 5 }),
  version: fc.integer({ min: 0, max: 1_000_000 }),
});
const distinct = fc.uniqueArray(row, { maxLength: 40, selector: (r) => r.version });

describe("merging samples", () => {
  it("is idempotent", () => {
    fc.assert(
      fc.property(distinct, distinct, (a, b) => {
        const once = mergeSamples(sorted(a), sorted(b)).samples;
        const twice = mergeSamples(once, sorted(b));
        expect(twice.samples).toEqual(once);
        expect(twice).toMatchObject({ accepted: 0, updated: 0, changed: false });
      }),
    );
  });

  it("does not depend on the order of deliveries", () => {
    fc.assert(
      fc.property(distinct, fc.nat(40), (rows, cut) => {
        const [a, b] = [sorted(rows.slice(0, cut)), sorted(rows.slice(cut))];
        const ab = mergeSamples(mergeSamples(NOTHING, a).samples, b).samples;
        const ba = mergeSamples(mergeSamples(NOTHING, b).samples, a).samples;
        expect(ab).toEqual(ba);
      }),
    );
  });

  it("counts every incoming sample once", () => {
    fc.assert(
      fc.property(distinct, distinct, (a, b) => {
        const incoming = sorted(b);
        const { accepted, duplicate, updated } = mergeSamples(sorted(a), incoming);
        expect(accepted + duplicate + updated).toBe(incoming.at.length);
      }),
    );
  });

  it("keeps record ids with their samples", () => {
    const merged = mergeSamples(
      { ...columns([{ at: 2, value: 1, version: 0 }]), ids: ["b"] },
      { ...columns([{ at: 1, value: 1, version: 0 }]), ids: ["a"] },
    );
    expect(merged.samples.ids).toEqual(["a", "b"]);
  });

  it("sorts and leaves the highest version of an instant", () => {
    const { samples, repeated } = sortSamples(
      columns([
        { at: 5, value: 1, version: 2 },
        { at: 1, value: 9, version: 0 },
        { at: 5, value: 3, version: 1 },
      ]),
    );
    expect([...samples.at]).toEqual([1, 5]);
    expect([...samples.value]).toEqual([9, 1]);
    expect(repeated).toBe(1);
  });
});
