import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BatchBuilder } from "../../health/batch";
import {
  assertAnyOrder,
  assertNeverThrows,
  dailyValues,
  DELIVERY,
  facts,
  hookCall,
  hookSecrets,
  readOne,
  unannounced,
} from "../page.fixture";
import { AT, SUMMARIES } from "./fixtures";
import { GARMIN_HOOK } from "./hook";
import { GARMIN_MODULE } from "./module";
import { summariesOf } from "./split";

const START = AT * 1000;
const read = (resource: string, ...more: readonly object[]) =>
  readOne(GARMIN_MODULE, resource, more.length === 0 ? [SUMMARIES[resource]] : more.map((one) => ({ ...SUMMARIES[resource], ...one })));
const values = (resource: string, ...more: readonly object[]) =>
  facts(read(resource, ...more).batch).numbers.map(({ metric, kind, start, value }) => [metric, kind, start - START, value]);

describe("summaries of Garmin become canonical", () => {
  it("a day, without the mean heart rate of a week", () => {
    const { batch } = read("dailies");
    expect(dailyValues(batch)).toEqual({
      steps: 9001,
      wheelchair_pushes: 3,
      distance_walk_run: 7011.5,
      floors: 8,
      energy_active: 510,
      energy_basal: 1480,
      energy_total: 1990,
      moderate_minutes: 30,
      vigorous_minutes: 10,
      resting_heart_rate: 51,
      "score.stress": 29,
      "score.body_battery": null,
    });
    expect(new Set(batch.readings.map(({ date }) => date))).toEqual(new Set(["2026-06-22"]));
    const attributesOf = (key: string) => batch.readings.find(({ metric }) => metric === key)?.attributes;
    expect(attributesOf("resting_heart_rate")).toEqual({ dayMin: 46, dayMax: 158 });
    expect(attributesOf("score.stress")).toEqual({ rangeMin: 0, rangeMax: 100, max: 88, qualifier: "balanced", minutes: { high: 20 } });
    expect(attributesOf("score.body_battery")).toEqual({ charged: 55, drained: 62 });
    expect(values("dailies")).toEqual([
      ["heart_rate", "sample", 15_000, 61],
      ["heart_rate", "sample", 30_000, 63],
    ]);
    expect(dailyValues(read("dailies", { averageStressLevel: -1 }).batch)).not.toHaveProperty("score.stress");
  });

  it("a day without a label, by the date that the watch showed, whatever its offset", () => {
    const { batch } = read("dailies", { calendarDate: undefined, startTimeOffsetInSeconds: -12_345 });
    expect(batch.readings[0]?.date).toBe("2026-06-21");
    expect(facts(batch).numbers[0]?.zone).toBe(-12_345);
  });

  it("an epoch as intervals, whose kinds of movement are added", () => {
    expect(values("epochs")).toEqual([
      ["distance_walk_run", "interval", 36_000_000, 540.25],
      ["energy_active", "interval", 36_000_000, 31],
      ["met", "sample", 36_000_000, 3.5],
      ["steps", "interval", 36_000_000, 700],
    ]);
    const both = values("epochs", {}, { activityType: "RUNNING", steps: 300, distanceInMeters: 400, activeTimeInSeconds: 200, met: 7.5 });
    expect(both.find(([metric]) => metric === "steps")).toEqual(["steps", "interval", 36_000_000, 1000]);
    expect(both.find(([metric]) => metric === "met")).toEqual(["met", "sample", 36_000_000, 4.5]);
  });

  it("a night with its stages, score and nap", () => {
    const { batch } = read("sleeps");
    expect(batch.sleepSessions).toMatchObject([
      { id: "sleeps/2026-06-22", start: START, end: START + 26_100_000, date: "2026-06-22", zone: 7200, nap: false },
      { id: `naps/${AT + 50_000}`, start: START + 50_000_000, end: START + 51_500_000, nap: true },
    ]);
    expect(batch.sleepSessions[0]?.stages.map(({ stage, start, end }) => [stage, (end - start) / 1000])).toEqual([
      ["light", 13_200],
      ["awake", 900],
      ["deep", 6000],
      ["rem", 6000],
    ]);
    expect(dailyValues(batch)).toEqual({ "score.sleep": 81 });
    expect(batch.readings[0]?.attributes).toMatchObject({ qualifier: "good", components: { remPercentage: "fair" } });
    expect(values("sleeps")).toEqual([
      ["respiratory_rate", "sample", 60_000, 14.5],
      ["spo2", "sample", 60_000, 96],
    ]);
  });

  it("a night's own sums where it has no stages; its duration leaves time awake out", () => {
    const { batch } = read("sleeps", { sleepLevelsMap: undefined, naps: undefined });
    expect(dailyValues(batch)).toMatchObject({ sleep_duration: 420, sleep_deep: 100, sleep_light: 220, sleep_rem: 100, sleep_awake: 15 });
    expect(batch.sleepSessions[0]?.end).toBe(START + 26_100_000);
    const counted = read("sleeps", { sleepLevelsMap: undefined, durationInSeconds: 26_100 }).batch;
    expect(dailyValues(counted)["sleep_duration"]).toBe(420);
    expect(counted.sleepSessions[0]?.end).toBe(START + 26_100_000);
  });

  it.each([
    ["AUTO_TENTATIVE", "AUTO_FINAL"],
    ["ENHANCED_TENTATIVE", "ENHANCED_FINAL"],
    ["AUTO_FINAL", "AUTO_MANUAL"],
    ["ENHANCED_FINAL", "MANUAL"],
  ])("a night that is %s gives way to one that is %s, however long", (less, more) => {
    const version = (validation: string, durationInSeconds: number) =>
      read("sleeps", { validation, durationInSeconds }).batch.sleepSessions[0]?.version ?? 0;
    expect(version(more, 100)).toBeGreaterThan(version(less, 80_000));
    expect(version(more, 200)).toBeGreaterThan(version(more, 100));
  });

  it("a body in kilograms and percent", () => {
    expect(values("bodyComps").map(([metric, , , value]) => [metric, value])).toEqual([
      ["bmi", 22.5],
      ["body_fat_pct", 19.5],
      ["body_water_pct", 55.5],
      ["body_weight", 71.45],
      ["bone_mass", 3.1],
      ["muscle_mass", 33],
    ]);
  });

  it("stress without its negative codes", () => {
    expect(values("stressDetails")).toEqual([
      ["score.body_battery", "sample", 0, 55],
      ["score.body_battery", "sample", 180_000, 54],
      ["stress_level", "sample", 0, 21],
      ["stress_level", "sample", 1_080_000, 0],
    ]);
  });

  it("the rest, each under its metric", () => {
    expect(dailyValues(read("userMetrics").batch)).toEqual({ vo2_max: 48, fitness_age: 31 });
    expect(read("userMetrics").batch.readings[0]?.attributes).toEqual({ context: "running", cycling: 51 });
    expect(read("userMetrics", { vo2Max: null }).batch.readings[0]).toMatchObject({ value: 51, attributes: { context: "cycling" } });
    expect(values("pulseox").map(([, , at, value]) => [at, value])).toEqual([
      [0, 97],
      [3_600_000, 95],
    ]);
    expect(read("pulseox", { onDemand: true }).batch.readings[0]).toMatchObject({
      metric: "spo2",
      value: 97,
      attributes: { onDemand: true },
    });
    expect(values("allDayRespiration")).toEqual([["respiratory_rate", "sample", 0, 14.25]]);
    expect(dailyValues(read("hrv").batch)).toEqual({ hrv_rmssd: 52 });
    expect(values("hrv").map(([metric, , at, value]) => [metric, at, value])).toEqual([
      ["hrv_rmssd", 300_000, 48],
      ["hrv_rmssd", 600_000, 51],
    ]);
    expect(dailyValues(read("skinTemp").batch)).toEqual({ skin_temp_deviation: -0.25 });
    expect(read("bloodPressures").batch.readings).toMatchObject([
      { metric: "blood_pressure", components: { systolic: 118, diastolic: 76 } },
    ]);
    expect(values("bloodPressures")).toEqual([["heart_rate", "sample", 25_000_000, 58]]);
    expect(read("mct").batch.readings).toMatchObject([
      { metric: "menstrual_period", start: Date.parse("2026-06-02"), end: Date.parse("2026-06-07"), attributes: { cycleLength: 28 } },
    ]);
    expect(read("mct", { isPredictedCycle: true }).outcome.rejected).toEqual({ predicted: 1 });
  });

  it("a snapshot as rows, or as means where it has none", () => {
    const { batch } = read("healthSnapshot");
    expect(values("healthSnapshot").map(([metric, , , value]) => [metric, value])).toEqual([
      ["heart_rate", 59],
      ["heart_rate", 61],
      ["respiratory_rate", 14],
      ["spo2", 98],
      ["stress_level", 18],
    ]);
    expect(batch.readings.map(({ metric, value }) => [metric, value])).toEqual([
      ["hrv_rmssd", 44],
      ["hrv_sdnn", 57],
    ]);
  });

  it("an activity, its details with way and laps, and what was changed by hand are one workout", () => {
    const [summary, details, changed, found] = ["activities", "activityDetails", "manuallyUpdatedActivities", "moveIQActivities"].map(
      (resource) => read(resource).batch.workouts[0],
    );
    expect(summary).toMatchObject({
      id: "activities/55501",
      type: "running",
      start: START + 60_000_000,
      end: START + 61_800_000,
      totals: { energy_active: 320, distance_walk_run: 5020.5, steps: 4700, heart_rate_mean: 148, heart_rate_max: 172, elevation_gain: 41 },
      attributes: { title: "Evening run" },
    });
    expect([details?.id, changed?.id, changed?.type, found?.id]).toEqual([summary?.id, summary?.id, "trail_running", "moveiq/s-15"]);
    expect(details?.route?.[2]).toEqual([START + 60_002_000, 52.502, 13.4, 36]);
    expect(details?.laps?.length).toBe(2);
    expect([summary, details, changed].map((one) => one?.version)).toEqual([1800, 10_001_800, 20_001_800]);
    expect(
      values("activityDetails")
        .map(([metric]) => metric)
        .filter((metric, i, all) => all.indexOf(metric) === i),
    ).toEqual(["cadence_run", "heart_rate", "power_run", "speed_run"]);
    expect(read("activities", { isParent: true }).outcome.rejected).toEqual({ parent_of_parts: 1 });
  });

  it("the longer of the same start replaces the shorter, under whatever id it comes", () => {
    const [first, second] = [3600, 86_400].map(
      (durationInSeconds) => read("dailies", { durationInSeconds, summaryId: `x-${durationInSeconds}` }).batch.readings[0],
    );
    expect(first?.id).toBe(second?.id);
    expect(second?.version).toBeGreaterThan(first?.version ?? 0);
  });
});

describe.each(Object.entries(SUMMARIES))("%s", (resource, summary) => {
  it("says the same in any order", () => {
    const other = { ...summary, startTimeInSeconds: AT + 90_000, measurementTimeInSeconds: AT + 90_000, calendarDate: "2026-06-23" };
    assertAnyOrder(GARMIN_MODULE, resource, [[summary], [other], [summary]].slice(0, resource === "activityDetails" ? 1 : 2));
  });
  it("is read whatever it holds", () => assertNeverThrows(GARMIN_MODULE, resource, [summary], (records) => records));
  it("brings what the resource announces", () => {
    const { outcome, batch } = read(resource);
    expect([outcome.read, outcome.rejected, unannounced(GARMIN_MODULE, resource, batch)]).toEqual([1, {}, []]);
    expect(outcome.newestAt).toBeDefined();
  });
});

describe("calls to Garmin", () => {
  const range = { from: START, to: START + 86_400_000 };

  it("ask for the past by summary, and the answer means that it comes later", () => {
    expect(GARMIN_MODULE.pageRequest("pulseox", range, undefined)).toEqual({
      method: "GET",
      path: "/wellness-api/rest/backfill/pulseOx",
      query: { summaryStartTimeInSeconds: String(AT), summaryEndTimeInSeconds: String(AT + 86_400) },
    });
    expect([202, 409, 412, 403, 200, 429].map((status) => GARMIN_MODULE.meaningOf?.(status, undefined)?.kind)).toEqual([
      "later",
      "later",
      "forbidden",
      "unauthorized",
      undefined,
      undefined,
    ]);
    for (const { windowDays } of Object.values(GARMIN_MODULE.vendor.resources)) expect(windowDays).toBeLessThanOrEqual(90);
  });

  it("tell how far the past reaches, which is then asked for to the second", () => {
    const meaning = (errorMessage: unknown) => GARMIN_MODULE.meaningOf?.(400, { errorMessage });
    const notBefore = Date.parse("2026-05-23T10:11:12.345Z");
    expect(meaning("[a-1] start 2026-05-20T00:00:00Z before min start time of 2026-05-23T10:11:12.345Z")).toEqual({
      kind: "rejected",
      notBefore,
    });
    const { query } = GARMIN_MODULE.pageRequest("dailies", { from: notBefore, to: notBefore + 5000 }, undefined);
    expect(query?.["summaryStartTimeInSeconds"]).toBe(String(Math.ceil(notBefore / 1000)));
    expect(meaning("Endpoint not enabled for summary type: CONNECT_ACTIVITY")).toEqual({ kind: "forbidden" });
    for (const other of ["no", 7, undefined]) expect(meaning(other)).toBeUndefined();
  });

  it("ask what the person permits, in either form of the answer", () => {
    for (const reply of [["HEALTH_EXPORT"], { permissions: ["HEALTH_EXPORT"] }])
      expect(GARMIN_MODULE.permissions?.read(reply)).toEqual(["HEALTH_EXPORT"]);
    expect(() => GARMIN_MODULE.permissions?.read({})).toThrow(expect.objectContaining({ code: "vendor_failed" }));
  });

  it("tell who the person is, and forget scopes of Garmin's own kind", async () => {
    expect(GARMIN_MODULE.readIdentity({ userId: "u1" })).toEqual({ userId: "u1" });
    expect(GARMIN_MODULE.tokenReply?.({ access_token: "a", scope: "PARTNER_READ" })).toEqual({ access_token: "a" });
    const calls: unknown[] = [];
    const tokens = { access: "a", refresh: undefined };
    await GARMIN_MODULE.revoke?.({ userId: "u1" }, tokens, hookSecrets().credentials, async (request) => calls.push(request), 0);
    expect(calls).toEqual([{ method: "DELETE", path: "/wellness-api/rest/user/registration" }]);
  });
});

describe("calls of Garmin", () => {
  const push = (body: unknown) => GARMIN_HOOK.read(hookCall(JSON.stringify(body), {}), hookSecrets());
  const rest = "https://apis.garmin.com/wellness-api/rest";
  const ping = (callbackURL: string) => push({ dailies: [{ userId: "u1", callbackURL }] }).changes;

  it("are believed with our own id alone", async () => {
    const verify = (headers: Record<string, string>) => GARMIN_HOOK.verify(hookCall("{}", headers), hookSecrets());
    expect(await verify({ "garmin-client-id": "test-client" })).toBe("genuine");
    expect(await verify({ "garmin-client-id": "test-clienT" })).toBe("forged");
    expect(await verify({})).toBe("forged");
  });

  it("bring summaries of several people, each person's part for itself", () => {
    const { inline } = push({
      dailies: [SUMMARIES["dailies"], { ...SUMMARIES["dailies"], userId: "u2" }, { summaryId: "nobody's" }],
      unknown: [{ userId: "u1" }],
    });
    expect(inline?.map(({ userId, resource, reply }) => [userId, resource, (reply as unknown[]).length])).toEqual([
      ["u1", "dailies", 1],
      ["u2", "dailies", 1],
    ]);
  });

  it("bring details slimmer than they came, which read the same", () => {
    const [part] = push({ activityDetails: [SUMMARIES["activityDetails"]] }).inline ?? [];
    expect(JSON.stringify(part?.reply)).not.toContain("latitudeInDegree");
    expect(facts(readOne(GARMIN_MODULE, "activityDetails", part?.reply).batch)).toEqual(facts(read("activityDetails").batch));
  });

  it("name a window to pull, by the vendor's own host and path alone", () => {
    const query = "uploadStartTimeInSeconds=1782000000&uploadEndTimeInSeconds=1782086400&token=T-1.x";
    const [change] = ping(`${rest}/dailies?${query}`);
    expect(change).toMatchObject({ userId: "u1", resource: "dailies", object: "1782000000-1782086400-T-1.x", operation: "upsert" });
    expect(GARMIN_MODULE.pageRequest("dailies", { from: 0, to: 1 }, undefined, change?.object)).toEqual({
      method: "GET",
      path: "/wellness-api/rest/dailies",
      query: { uploadStartTimeInSeconds: "1782000000", uploadEndTimeInSeconds: "1782086400", token: "T-1.x" },
    });
    for (const url of [
      `https://apis.garmin.com.evil.test/wellness-api/rest/dailies?${query}`,
      `http://apis.garmin.com/wellness-api/rest/dailies?${query}`,
      `https://apis.garmin.com:8443/wellness-api/rest/dailies?${query}`,
      `https://a@apis.garmin.com/wellness-api/rest/dailies?${query}`,
      `${rest}/sleeps?${query}`,
      `${rest}/../admin?${query}`,
      `${rest}/dailies`,
      "not a url",
    ])
      expect(ping(url)).toEqual([]);
  });

  it("tell who left, and who permits something else, each once", () => {
    const { ended, permissions } = push({
      deregistrations: [{ userId: "u1" }, { userId: "u1" }],
      userPermissionsChange: [{ userId: "u2", permissions: ["HEALTH_EXPORT"] }],
    });
    expect([ended, permissions]).toEqual([["u1"], ["u2"]]);
  });

  it.each(["", "[]", "{", '{"dailies":[{]}', '{"dailies":[{"userId":"u1"}', '{"dailies":[]}x', "null", "{dailies:[]}"])(
    "refuse %j",
    (body) => {
      expect(() => GARMIN_HOOK.read(hookCall(body, {}), hookSecrets())).toThrow(expect.objectContaining({ code: "malformed" }));
    },
  );

  it("are taken apart as JSON itself would be", () => {
    const item = fc.jsonValue();
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.array(item, { maxLength: 4 }), { maxKeys: 4 }), fc.constantFrom(0, 1, 2), (body, space) => {
        const text = JSON.stringify(body, undefined, space);
        const whole = JSON.parse(text) as Record<string, unknown[]>;
        const expected = Object.entries(whole).flatMap(([key, list]) => list.map((value) => ({ key, value })));
        const found = [...summariesOf(new TextEncoder().encode(text))];
        expect(found.map(({ key, value }) => ({ key, value }))).toEqual(expected);
        expect(found.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThanOrEqual(new TextEncoder().encode(text).length);
      }),
      { numRuns: 300 },
    );
  });

  it("go to the vault in parts of a few megabytes, but for epochs, which belong together", () => {
    const filler = "x".repeat(1_000_000);
    const parts = (key: string) => push({ [key]: Array.from({ length: 9 }, () => ({ userId: "u1", filler })) }).inline ?? [];
    expect(parts("dailies").map(({ reply }) => (reply as unknown[]).length)).toEqual([3, 3, 3]);
    expect(parts("epochs").length).toBe(1);
  });

  it("of many megabytes are read one summary at a time", () => {
    const details = SUMMARIES["activityDetails"] as { samples: readonly object[] };
    const samples = Array.from({ length: 20_000 }, (_, i) => ({ ...details.samples[0], startTimeInSeconds: AT + 60_000 + i }));
    const body = JSON.stringify({ activityDetails: Array.from({ length: 4 }, (_, i) => ({ ...details, userId: `u${i}`, samples })) });
    expect(body.length).toBeGreaterThan(15_000_000);
    const { inline = [] } = GARMIN_HOOK.read(hookCall(body, {}), hookSecrets());
    expect(inline.length).toBe(4);
    expect(JSON.stringify(inline).length).toBeLessThan(body.length / 3);
  });

  it("is no page where it is no list", () => {
    expect(() => GARMIN_MODULE.readPage("dailies", { errorMessage: "no" }, new BatchBuilder(), DELIVERY)).toThrow(
      expect.objectContaining({ code: "vendor_failed" }),
    );
  });
});
