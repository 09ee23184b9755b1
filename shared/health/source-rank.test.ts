import { describe, expect, it } from "vitest";
import fc from "fast-check";
import type { Source } from "./reading";
import { parseReadingId, readingId, tagHash } from "./reading-id";
import { betterSource, sourceRank } from "./source-rank";

const watch: Source = { vendor: "healthkit", deviceType: "watch", recordingMethod: "automatic" };
const phone: Source = { vendor: "healthkit", deviceType: "phone", recordingMethod: "automatic" };
const scale: Source = { vendor: "healthkit", deviceType: "scale", recordingMethod: "automatic" };
const typed: Source = { vendor: "healthkit", deviceType: "watch", recordingMethod: "manual" };
const better = (sensitivity: "activity" | "body" | "nutrition", a: Source, b: Source) =>
  sourceRank({ sensitivity }, a) < sourceRank({ sensitivity }, b);

describe("the rank of sources", () => {
  it("puts the watch before the phone for activity and the scale first for weight", () => {
    expect(better("activity", watch, phone)).toBe(true);
    expect(better("body", scale, watch)).toBe(true);
  });

  it("puts measured before typed, except where nothing measures", () => {
    expect(better("activity", phone, typed)).toBe(true);
    expect(sourceRank({ sensitivity: "nutrition" }, typed)).toBe(sourceRank({ sensitivity: "nutrition" }, watch));
  });

  it("puts the device's own account before a copy of it in a file", () => {
    expect(better("activity", watch, { ...watch, vendor: "apple_health_export" })).toBe(true);
  });

  it("recognises a device by its name where no type is told", () => {
    const named: Source = { vendor: "apple_health_export", app: "Ada's Apple Watch" };
    expect(better("activity", named, { vendor: "apple_health_export", app: "Ada's iPhone" })).toBe(true);
  });

  it("is a strict order", () => {
    const candidate = fc.record({ rank: fc.nat(5), number: fc.nat(5) });
    fc.assert(
      fc.property(candidate, candidate, (a, b) => {
        const same = a.rank === b.rank && a.number === b.number;
        expect(betterSource(a, b) !== betterSource(b, a)).toBe(!same);
      }),
    );
  });
});

describe("reading ids", () => {
  it("come back as the key they were made of", () => {
    const key = fc.record({
      kind: fc.constantFrom("reading" as const, "daily" as const, "sleep" as const, "workout" as const),
      metric: fc.nat(40_000),
      source: fc.nat(900_000),
      start: fc.integer({ min: -2_208_988_800_000, max: 4_000_000_000_000 }),
      length: fc.nat(400_000_000),
      tag: fc.string().map(tagHash),
    });
    fc.assert(
      fc.property(key, ({ length, ...rest }) => {
        const original = { ...rest, end: rest.start + length };
        expect(parseReadingId(readingId(original))).toEqual(original);
      }),
    );
  });

  it("are refused in any other spelling", () => {
    for (const text of ["", "r1.1", "x1.1.1.0", "r01.1.1.0", "R1.1.1.0", "r1.1.1.0.xyz", "r1.1.1.0 "])
      expect(parseReadingId(text)).toBeUndefined();
  });
});
