import { describe, expect, it } from "vitest";
import { ZONE_UNKNOWN } from "../../health/reading";
import { assertAnyOrder, assertNeverThrows, DELIVERY, facts, readOne, unannounced } from "../page.fixture";
import { DEXCOM_VENDOR } from "./descriptor";
import { CALIBRATION, EGV, EVENTS } from "./fixtures";
import { DEXCOM_MODULE } from "./module";

const AT = Date.parse("2026-06-22T08:00:00Z");
const page = (records: readonly unknown[]) => ({ recordType: "egv", recordVersion: "3.0", userId: "u1", records });
const read = (resource: string, ...records: readonly unknown[]) => readOne(DEXCOM_MODULE, resource, page(records));
const RECORDS: Readonly<Record<string, readonly object[]>> = { egvs: [EGV], events: Object.values(EVENTS), calibrations: [CALIBRATION] };

describe("records of Dexcom become canonical", () => {
  it("reads a sensor's value with its trend, its own id, the clock's zone and what it was measured with", () => {
    const { batch } = read("egvs", EGV);
    const common = { kind: "sample", start: AT, zone: 7200, id: EGV.recordId, version: DELIVERY.syncedAt };
    expect(facts(batch).numbers).toMatchObject([
      { metric: "cgm_glucose", value: 112, ...common },
      { metric: "cgm_trend", value: -0.4, ...common },
    ]);
    expect(batch.sources).toEqual([
      { vendor: "dexcom", connection: "con_eu_1", app: "iOS", deviceManufacturer: "Dexcom", deviceModel: "g7", deviceType: "cgm" },
    ]);
  });

  it.each([
    ["low", "<", 40],
    ["high", ">", 400],
    ["Low", "<", 40],
  ])("keeps a value that is only %s as a bound", (status, comparator, value) => {
    const { batch, outcome } = read("egvs", { ...EGV, value: null, status, trendRate: null });
    expect(outcome.rejected).toEqual({});
    expect(batch.readings).toMatchObject([
      { metric: "cgm_glucose", kind: "sample", start: AT, value, attributes: { comparator }, id: EGV.recordId },
    ]);
  });

  it("has nothing to keep of a value that is none, nor of an unknown unit", () => {
    expect(read("egvs", { ...EGV, value: null }).outcome.rejected).toEqual({ no_value: 1 });
    expect(read("egvs", { ...EGV, unit: "bananas" }).outcome.rejected).toEqual({ unknown_unit: 1 });
  });

  it("converts molar values and rates", () => {
    const { numbers } = facts(read("egvs", { ...EGV, value: 6, unit: "mmol/L", trendRate: 0.1, rateUnit: "mmol/L/min" }).batch);
    expect(numbers.map(({ value }) => Number(value?.toFixed(4)))).toEqual([108.0936, 1.8016]);
  });

  it.each([
    ["a phone's offset", { systemTime: "2026-06-22T08:00:00Z", displayTime: "2026-06-22T03:00:00-05:00" }, -18_000],
    ["a receiver's clock", { systemTime: "2026-06-22T08:00:00", displayTime: "2026-06-22T01:02:00" }, -25_200],
    ["a phone that writes both", { systemTime: "2026-06-22T10:00:00+02:00", displayTime: "2026-06-22T10:00:00+02:00" }, 7200],
    ["no clock", { displayTime: undefined }, ZONE_UNKNOWN],
    ["a clock that is days off", { displayTime: "2026-06-25T01:02:00" }, ZONE_UNKNOWN],
  ])("reads the zone off %s, and the instant off the system's time", (_, times, zone) => {
    expect(facts(read("egvs", { ...EGV, ...times }).batch).numbers[0]).toMatchObject({ start: AT, zone });
  });

  it("reads what the person entered", () => {
    const { batch, outcome } = read("events", ...Object.values(EVENTS));
    expect(outcome).toMatchObject({ read: 6, rejected: {} });
    expect(facts(batch).numbers).toMatchObject([{ metric: "nutrient.carbohydrates", kind: "interval", start: AT, end: AT, value: 45 }]);
    expect(batch.readings.map(({ metric, value, attributes }) => [metric, value, attributes])).toEqual([
      ["insulin_delivery", 4.5, { reason: "bolus", kind: "fastActing" }],
      ["blood_glucose", 104, { purpose: "entered" }],
    ]);
    expect(batch.workouts).toMatchObject([
      { type: "other", vendorType: "exercise", start: AT, end: AT + 1_800_000, attributes: { intensity: "medium" } },
    ]);
    expect(batch.quarantined.map(({ metric, reason }) => [metric, reason])).toEqual([
      ["health.high_symptoms", "no_metric"],
      ["note", "no_metric"],
    ]);
    expect(read("events", { ...EVENTS.insulin, eventSubType: "longActing" }).batch.readings[0]?.attributes).toMatchObject({
      reason: "basal",
    });
  });

  it("takes a deleted event away, and counts events of no value and of no known kind", () => {
    const { batch } = read("events", { ...EVENTS.carbs, eventStatus: "deleted" });
    expect([batch.deleted, batch.series]).toEqual([[{ vendor: "dexcom", id: EVENTS.carbs.recordId, version: DELIVERY.syncedAt }], []]);
    expect(read("events", { ...EVENTS.carbs, value: "many" }, { ...EVENTS.carbs, eventType: "dance" }).outcome.rejected).toEqual({
      no_value: 1,
      unsupported_type: 1,
    });
  });

  it("tells a drop of blood from the sensor", () => {
    expect(read("calibrations", CALIBRATION).batch.readings).toMatchObject([
      { metric: "blood_glucose", value: 108, attributes: { purpose: "calibration" } },
    ]);
  });

  it.each(Object.keys(DEXCOM_VENDOR.resources))("brings what %s announces, and nothing else", (resource) => {
    expect(unannounced(DEXCOM_MODULE, resource, read(resource, ...(RECORDS[resource] ?? [])).batch)).toEqual([]);
  });
});

describe("whatever Dexcom sends", () => {
  it.each(Object.keys(DEXCOM_VENDOR.resources))("%s says the same in any order of pages, and never throws over a record", (resource) => {
    const records = RECORDS[resource] ?? [];
    const later = records.map((record, i) => ({
      ...record,
      recordId: `later-${i}`,
      systemTime: "2026-06-22T09:00:00Z",
      displayTime: "2026-06-22T11:00:00+02:00",
    }));
    assertAnyOrder(DEXCOM_MODULE, resource, [page(records), page(later), page([])]);
    assertNeverThrows(DEXCOM_MODULE, resource, records, page);
  });

  it.each([
    ["a text", "down"],
    ["nothing", null],
    ["no records", { userId: "u1" }],
  ])("refuses %s as a page", (_, reply) => {
    expect(() => readOne(DEXCOM_MODULE, "egvs", reply)).toThrow(expect.objectContaining({ code: "vendor_failed" }));
  });
});

describe("requests to Dexcom", () => {
  it("asks by times of UTC, for thirty days at most, and knows the person by any reply", () => {
    expect(DEXCOM_MODULE.pageRequest("egvs", { from: AT, to: AT + 3_600_000 }, undefined)).toEqual({
      method: "GET",
      path: "/v3/users/self/egvs",
      query: { startDate: "2026-06-22T08:00:00", endDate: "2026-06-22T09:00:00" },
    });
    expect(Math.max(...Object.values(DEXCOM_VENDOR.resources).map(({ windowDays }) => windowDays))).toBe(30);
    expect(DEXCOM_MODULE.readIdentity({ recordType: "dataRange", userId: "u1" })).toEqual({ userId: "u1" });
    expect(() => DEXCOM_MODULE.readIdentity({})).toThrow(expect.objectContaining({ code: "vendor_failed" }));
  });
});
