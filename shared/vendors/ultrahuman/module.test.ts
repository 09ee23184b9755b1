import { describe, expect, it } from "vitest";
import { ZONE_UNKNOWN } from "../../health/reading";
import { assertAnyOrder, assertNeverThrows, dailyValues, facts, readOne, unannounced } from "../page.fixture";
import { GRAPH, ITEMS } from "./fixtures";
import { ULTRAHUMAN_MAPPERS } from "./mappers";
import { ULTRAHUMAN_MODULE } from "./module";

const page = (items: readonly unknown[]) => ({ data: { metric_data: items }, error: null, status: 200 });
const ASKED = { from: Date.parse("2026-06-22T00:00:00Z"), to: Date.parse("2026-06-23T00:00:00Z") };
const read = (items: readonly unknown[]) => readOne(ULTRAHUMAN_MODULE, "metrics", page(items), ASKED);

describe("a day of Ultrahuman becomes canonical", () => {
  it("reads the values of the day under the date that was asked for", () => {
    const { outcome, batch } = read(ITEMS);
    expect(outcome).toMatchObject({ read: ITEMS.length, rejected: {} });
    expect(dailyValues(batch)).toEqual({
      steps: 8120,
      resting_heart_rate: 50,
      hrv_rmssd: 49,
      "score.recovery": 77,
      "score.activity": 64,
      exercise_minutes: 38,
      sedentary_minutes: 300,
      vo2_max: 43.5,
      cgm_mean: 98,
      cgm_cv: 14,
      cgm_tir: 93,
      spo2: 97,
      sleep_duration: 420,
      time_in_bed: 480,
      sleep_efficiency: 88,
      sleep_deep: 90,
      sleep_light: 210,
      sleep_rem: 120,
      sleep_awake: 30,
    });
    expect(new Set(batch.readings.map(({ date }) => date))).toEqual(new Set(["2026-06-22"]));
    expect(unannounced(ULTRAHUMAN_MODULE, "metrics", batch)).toEqual([]);
  });

  it("reads rows of values in the zone that the day's beginning tells", () => {
    const first = Date.parse("2026-06-22T00:05:00+02:00");
    const rows = facts(read(ITEMS).batch).numbers;
    expect(rows.map(({ metric, value }) => [metric, value])).toEqual([
      ["cgm_glucose", 96],
      ["cgm_glucose", 101],
      ["heart_rate", 58],
      ["heart_rate", 61],
      ["hrv_rmssd", 44],
      ["hrv_rmssd", 52],
      ["skin_temp", 34.2],
    ]);
    expect(rows[2]).toMatchObject({ start: first, zone: 7200 });
    const utc = { type: "hr", object: { day_start_timestamp: ASKED.from / 1000, values: [{ value: 60, timestamp: ASKED.from / 1000 }] } };
    expect(facts(read([utc]).batch).numbers[0]?.zone).toBe(ZONE_UNKNOWN);
  });

  it("takes the stages' own times where the night comes with them, in either form", () => {
    const night = ITEMS.find(({ type }) => type === "Sleep");
    for (const sleep_graph of [GRAPH, { title: "Stages", data: GRAPH }]) {
      const { batch } = read([{ type: "Sleep", object: { ...night?.object, sleep_graph } }]);
      expect(batch.sleepSessions[0]?.stages.map(({ stage }) => stage)).toEqual(["light", "deep"]);
      expect(dailyValues(batch)).toEqual({ spo2: 97 });
    }
  });

  it("takes the night's average for a resting rate only where the day has none", () => {
    const nightly = ITEMS.filter(({ type }) => type === "night_rhr");
    expect(dailyValues(read(nightly).batch)).toEqual({ resting_heart_rate: 51.5 });
  });

  it("adds up steps where there is no total", () => {
    const steps = { type: "steps", object: { values: [{ value: 10, timestamp: 1 }, { value: 5, timestamp: 2 }, "x"] } };
    expect(dailyValues(read([steps]).batch)).toEqual({ steps: 15 });
  });

  it("has a fixture for every type that becomes something", () => {
    const seen = new Set(ITEMS.map(({ type }) => type.toLowerCase()));
    expect(Object.keys(ULTRAHUMAN_MAPPERS).filter((type) => !seen.has(type))).toEqual(["hba1c", "weekly_active_minutes", "movements"]);
  });
});

describe("whatever Ultrahuman sends", () => {
  it("says the same in any order of pages", () =>
    assertAnyOrder(ULTRAHUMAN_MODULE, "metrics", [page(ITEMS.slice(0, 6)), page(ITEMS.slice(6)), page(ITEMS)], ASKED));

  it("never throws over a value", () => {
    assertNeverThrows(ULTRAHUMAN_MODULE, "metrics", ITEMS, page, ASKED);
    const night = ITEMS.find(({ type }) => type === "Sleep")!;
    assertNeverThrows(
      ULTRAHUMAN_MODULE,
      "metrics",
      [night.object],
      (objects) => page(objects.map((object) => ({ type: "Sleep", object }))),
      ASKED,
    );
  });

  it("counts what it does not know, and takes a day without anything for what it is", () => {
    expect(read([{ type: "aura", object: { value: 1 } }]).outcome.rejected).toEqual({ unsupported_type: 1 });
    expect(read([{ type: "hr", object: null }]).outcome.rejected).toEqual({});
    for (const reply of [{ data: null }, { data: { metric_data: null } }, page([])])
      expect(readOne(ULTRAHUMAN_MODULE, "metrics", reply, ASKED).outcome).toEqual({ read: 0, rejected: {} });
  });

  it.each([
    ["a text", "down"],
    ["a list", []],
    ["broken data", { data: 5 }],
  ])("refuses %s as a day", (_, reply) => {
    expect(() => readOne(ULTRAHUMAN_MODULE, "metrics", reply, ASKED)).toThrow(expect.objectContaining({ code: "vendor_failed" }));
  });
});

describe("requests to Ultrahuman", () => {
  it("asks for one day", () => {
    expect(ULTRAHUMAN_MODULE.pageRequest("metrics", ASKED, undefined)).toEqual({
      method: "GET",
      path: "/api/partners/v1/user_data/metrics",
      query: { date: "2026-06-22" },
    });
  });

  it.each([
    [{ data: { user_id: 12 } }, "12"],
    [{ id: "u1" }, "u1"],
    [{ data: { email: "a@b.test" } }, "a@b.test"],
  ])("knows the person by %j", (reply, userId) => expect(ULTRAHUMAN_MODULE.readIdentity(reply)).toEqual({ userId }));

  it("refuses an identity of nobody", () => {
    for (const reply of [{}, { data: {} }, null])
      expect(() => ULTRAHUMAN_MODULE.readIdentity(reply)).toThrow(expect.objectContaining({ code: "vendor_failed" }));
  });
});
