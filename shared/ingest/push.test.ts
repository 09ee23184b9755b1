import { describe, expect, it } from "vitest";
import { ZONE_UNKNOWN } from "../health/reading";
import { isProblem, type Problem } from "../problem";
import { flatten, NOW, one, push, sizeOf } from "./flatten.fixture";
import { MOST_RECORDS, parsePush, REJECT_REASONS } from "./push";

const AT = "2026-11-20T07:30:00Z";
const heart = (changes: Record<string, unknown> = {}) => ({
  id: "a",
  type: "HKQuantityTypeIdentifierHeartRate",
  startDate: AT,
  endDate: AT,
  value: 61,
  unit: "count/min",
  ...changes,
});

function problemOf(body: unknown): Problem {
  try {
    parsePush("healthkit", typeof body === "string" ? body : JSON.stringify(body), NOW);
  } catch (error) {
    if (isProblem(error)) return error;
    throw error;
  }
  throw new Error("the push was accepted");
}

describe("the envelope", () => {
  it.each([
    ["no JSON", "{", "malformed", undefined],
    ["a list", [], "invalid", ""],
    ["no data", {}, "invalid", "/data"],
    ["data that is a list", { data: [] }, "invalid", "/data"],
    ["records that are no list", { data: { records: {} } }, "invalid", "/data/records"],
    ["sleep that is no list", { data: { sleep: "x" } }, "invalid", "/data/sleep"],
    ["deletions that are no list", { data: {}, deleted: "x" }, "invalid", "/deleted"],
    ["a cursor that is no text", { data: {}, cursor: 7 }, "invalid", "/cursor"],
    ["a cursor past 4 KB in UTF-8", { data: {}, cursor: "é".repeat(2_049) }, "invalid", "/cursor"],
    ["an unreadable timestamp", { data: {}, syncTimestamp: "soon" }, "invalid", "/syncTimestamp"],
    ["too many records", { data: { records: Array.from({ length: MOST_RECORDS }, () => 0) }, deleted: ["x"] }, "invalid", "/data"],
  ])("refuses %s", (_, body, code, pointer) => {
    const found = problemOf(body);
    expect(found.code).toBe(code);
    expect(found.errors?.[0]?.pointer).toBe(pointer);
  });

  it("refuses bytes that are not UTF-8", () => {
    expect(() => parsePush("healthkit", new Uint8Array([0x7b, 0xff, 0x7d]), NOW)).toThrow(expect.objectContaining({ code: "malformed" }));
  });

  it("hands the cursor back, also where there is nothing else", () => {
    expect(push("healthkit", {}, { cursor: "c1" })).toMatchObject({ cursor: "c1", total: 0, rejected: [] });
    expect(push("healthkit", {}).cursor).toBeNull();
  });

  it("takes deletions beside data and inside it, newer than all they delete", () => {
    const { batch, rejected } = push("health-connect", { deleted: ["b", { id: "c" }, 7.5] }, { deleted: ["a"], syncTimestamp: AT });
    expect(batch.deleted).toEqual(["a", "b", "c"].map((id) => ({ vendor: "health_connect", id, version: Date.parse(AT) })));
    expect(rejected).toEqual([{ id: "/data/deleted/2", reason: "bad_id" }]);
  });

  it("never repeats what it was sent in a problem", () => {
    for (const body of [
      '{"secret-1234":',
      { data: "secret-1234" },
      { data: {}, cursor: ["secret-1234"] },
      { data: {}, syncTimestamp: "secret-1234" },
    ]) {
      const { message, detail, errors } = problemOf(body);
      expect(JSON.stringify([message, detail, errors])).not.toContain("secret-1234");
    }
  });
});

describe("one bad record", () => {
  it.each([
    ["not_an_object", 7],
    ["bad_id", heart({ id: { a: 1 } })],
    ["bad_id", heart({ id: "half \ud83d" })],
    ["id_too_long", heart({ id: "x".repeat(201) })],
    ["unknown_type", heart({ type: "HKQuantityTypeIdentifierNikeFuel" })],
    ["unknown_type", heart({ type: undefined })],
    ["bad_date", heart({ startDate: "yesterday" })],
    ["bad_date", heart({ startDate: undefined })],
    ["zone_missing", heart({ startDate: "2026-11-20T07:30:00", endDate: undefined })],
    ["end_before_start", heart({ endDate: "2026-11-20T07:29:59Z" })],
    ["too_old", heart({ startDate: "1899-12-31T23:59:59Z", endDate: undefined })],
    ["future", heart({ startDate: "2026-11-22T12:00:01Z", endDate: undefined })],
    ["missing_value", heart({ value: undefined })],
    ["bad_value", heart({ value: "fast" })],
    ["unit_mismatch", heart({ unit: "kg" })],
    ["unit_mismatch", heart({ unit: "no such unit" })],
    ["unit_mismatch", heart({ unit: 7 })],
  ])("is refused as %s and leaves the others alone", (reason, bad) => {
    const { batch, rejected, total } = push("healthkit", {
      records: [heart({ id: "b" }), bad, heart({ id: "c", startDate: "2026-11-20T07:31:00Z", endDate: undefined })],
    });
    expect(rejected.map((r) => r.reason)).toEqual([reason]);
    expect(REJECT_REASONS).toContain(reason);
    expect(sizeOf(batch)).toBe(2);
    expect(total).toBe(3);
  });

  it("is refused where its number overflows", () => {
    const body = `{"data":{"records":[{"type":"HeartRate","startDate":"${AT}","value":1e999}]}}`;
    expect(parsePush("healthkit", body, NOW).rejected).toEqual([{ id: "/data/records/0", reason: "bad_value" }]);
  });

  it("is named by its id, or else by its place", () => {
    const { rejected } = push("healthkit", { records: [heart({ value: undefined }), heart({ id: undefined, value: undefined })] });
    expect(rejected.map((r) => r.id)).toEqual(["a", "/data/records/1"]);
  });
});

describe("the zone of a reading", () => {
  const zoneOf = (changes: Record<string, unknown>) => one("healthkit", heart(changes))[0]?.zone;

  it("is the record's own field before all else", () => {
    expect(zoneOf({ zoneOffset: "+02:00", startDate: "2026-11-20T07:30:00+01:00", metadata: { HKTimeZone: "Asia/Tokyo" } })).toBe(7_200);
  });

  it("is else the offset of its date, then the named zone at that instant", () => {
    expect(zoneOf({ startDate: "2026-11-20T07:30:00+01:00", endDate: undefined, metadata: { HKTimeZone: "Asia/Tokyo" } })).toBe(3_600);
    expect(zoneOf({ metadata: { HKTimeZone: "America/New_York" } })).toBe(-18_000);
    expect(zoneOf({ startDate: "2026-07-01T07:30:00Z", endDate: undefined, metadata: { HKTimeZone: "America/New_York" } })).toBe(-14_400);
  });

  it("is unknown where nothing tells it", () => {
    expect(zoneOf({})).toBe(ZONE_UNKNOWN);
    expect(zoneOf({ zoneOffset: "somewhere", metadata: { HKTimeZone: "Moon/Tranquility" } })).toBe(ZONE_UNKNOWN);
  });

  it("places a wall clock", () => {
    const [reading] = one("healthkit", heart({ startDate: "2026-11-20T07:30:00", endDate: "2026-11-20T07:30:00", zoneOffset: 60 }));
    expect(reading).toMatchObject({ start: Date.parse("2026-11-20T06:30:00Z"), zone: 3_600 });
  });
});

describe("the version of a reading", () => {
  const versionOf = (record: Record<string, unknown>, rest: Record<string, unknown> = {}) =>
    flatten(push("health-connect", { records: [record] }, rest).batch)[0]?.version;
  const steps = (metadata: Record<string, unknown>) => ({
    type: "StepsRecord",
    startTime: AT,
    endTime: "2026-11-20T07:40:00Z",
    count: 10,
    metadata,
  });

  it("is the writer's count, else when it was modified, else the delivery's time, else 0", () => {
    expect(versionOf(steps({ clientRecordVersion: 4, lastModifiedTime: AT }))).toBe(4);
    expect(versionOf(steps({ clientRecordVersion: 0, lastModifiedTime: AT }))).toBe(Date.parse(AT));
    expect(versionOf(steps({}), { syncTimestamp: AT })).toBe(Date.parse(AT));
    expect(versionOf(steps({}))).toBe(0);
  });

  it("never lies in the future", () => {
    expect(versionOf(steps({ lastModifiedTime: "2030-01-01T00:00:00Z" }))).toBe(NOW);
    expect(versionOf(steps({}), { syncTimestamp: "2030-01-01T00:00:00Z" })).toBe(NOW);
  });
});

describe("the source of a reading", () => {
  it("is told by the source object of an iPhone app", () => {
    const source = {
      bundleIdentifier: "com.apple.health.1",
      deviceName: "Watch",
      deviceManufacturer: "Apple Inc.",
      deviceModel: "Watch",
      productType: "Watch7,5",
    };
    expect(one("healthkit", heart({ source, metadata: { HKWasUserEntered: true } }))[0]?.source).toEqual({
      vendor: "healthkit",
      app: "com.apple.health.1",
      deviceName: "Watch",
      deviceManufacturer: "Apple Inc.",
      deviceModel: "Watch7,5",
      deviceType: "watch",
      recordingMethod: "manual",
    });
  });

  it("is told by the metadata of Health Connect, in numbers or names", () => {
    const metadata = { dataOrigin: { packageName: "com.fit" }, device: { manufacturer: "Acme", model: "R1", type: 4 }, recordingMethod: 2 };
    const expected = {
      vendor: "health_connect",
      app: "com.fit",
      deviceManufacturer: "Acme",
      deviceModel: "R1",
      deviceType: "ring",
      recordingMethod: "automatic",
    };
    expect(one("health-connect", heart({ type: "HeartRate", metadata }))[0]?.source).toEqual(expected);
    const names = {
      dataOrigin: "com.fit",
      device: { manufacturer: "Acme", model: "R1", type: "TYPE_RING" },
      recordingMethod: "RECORDING_METHOD_AUTOMATICALLY_RECORDED",
    };
    expect(one("health-connect", heart({ type: "HeartRate", metadata: names }))[0]?.source).toEqual(expected);
  });

  it("is one source for all records that tell the same", () => {
    const records = Array.from({ length: 40 }, (_, i) => heart({ id: `r${i}`, source: { name: `phone ${i % 20}` } }));
    expect(push("healthkit", { records }).batch.sources).toHaveLength(20);
  });
});
