import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ZONE_UNKNOWN } from "../health/reading";
import { InstantReader, WALL_CLOCK, zoneOffset } from "./instant";

const read = (value: unknown) => {
  const reader = new InstantReader();
  return reader.read(value) ? { ms: reader.ms, zone: reader.zone } : undefined;
};

describe("reading instants", () => {
  it.each([
    ["2026-11-20T07:30:00Z", "2026-11-20T07:30:00Z", ZONE_UNKNOWN],
    ["2026-11-20T07:30:00.250Z", "2026-11-20T07:30:00.250Z", ZONE_UNKNOWN],
    ["2026-11-20T07:30:00.123456789Z", "2026-11-20T07:30:00.123Z", ZONE_UNKNOWN],
    ["2026-11-20T07:30:00+02:00", "2026-11-20T05:30:00Z", 7_200],
    ["2026-11-20T07:30:00-0530", "2026-11-20T13:00:00Z", -19_800],
    ["2026-11-20 07:30:00 +0800", "2026-11-19T23:30:00Z", 28_800],
    ["2026-11-20T07:30Z", "2026-11-20T07:30:00Z", ZONE_UNKNOWN],
    ["2024-02-29T23:59:59+00:00", "2024-02-29T23:59:59Z", 0],
    ["Fri, 20 Nov 2026 07:30:00 GMT", "2026-11-20T07:30:00Z", ZONE_UNKNOWN],
    ["1795159800000", "2026-11-20T07:30:00Z", ZONE_UNKNOWN],
  ])("reads %s", (text, iso, zone) => {
    expect(read(text)).toEqual({ ms: Date.parse(iso), zone });
  });

  it("takes a text without zone for a wall clock", () => {
    expect(read("2026-11-20T07:30:00")).toEqual({ ms: Date.parse("2026-11-20T07:30:00Z"), zone: WALL_CLOCK });
  });

  it("takes numbers for epoch milliseconds, and refuses those that can only be seconds", () => {
    expect(read(1_795_159_800_000)?.ms).toBe(1_795_159_800_000);
    expect(read(1_795_159_800)).toBeUndefined();
    expect(read(Number.NaN)).toBeUndefined();
  });

  it.each([
    "",
    "yesterday",
    "2026-13-01T00:00:00Z",
    "2026-02-29T00:00:00Z",
    "2026-11-20T24:00:00Z",
    "2026-11-20T07:60:00Z",
    "2026-11-20T07:30:00+19:00",
    "2026-11-20T07:30:00.Z",
    "2026-11-20",
    "2026-11-20T07:30:00ZZ",
  ])("refuses %j", (text) => {
    expect(read(text)).toBeUndefined();
  });

  it("agrees with the runtime on every instant it prints", () => {
    fc.assert(
      fc.property(fc.date({ min: new Date("1900-01-01"), max: new Date("2100-01-01"), noInvalidDate: true }), (date) => {
        expect(read(date.toISOString())?.ms).toBe(date.getTime());
      }),
    );
  });
});

describe("reading zone offsets", () => {
  it.each([
    ["+02:00", 7_200],
    ["-05:30", -19_800],
    ["Z", 0],
    [120, 7_200],
    [-300, -18_000],
    [7_200, 7_200],
    [0, 0],
    [{ id: "+01:00", totalSeconds: 3_600 }, 3_600],
    ["somewhere", ZONE_UNKNOWN],
    [99_999, ZONE_UNKNOWN],
    [null, ZONE_UNKNOWN],
  ])("reads %j", (value, seconds) => {
    expect(zoneOffset(value)).toBe(seconds);
  });
});
