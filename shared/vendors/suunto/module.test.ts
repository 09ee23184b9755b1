import { describe, expect, it } from "vitest";
import { fitRide } from "../../../test/fixtures/fit-file";
import { BatchBuilder } from "../../health/batch";
import { WORKOUT_TYPES } from "../../health/workout-types";
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
  VECTOR_NOW,
} from "../page.fixture";
import { SUUNTO_VENDOR } from "./descriptor";
import { ACTIVITY, RECOVERY, SAMPLES, SLEEP, SUMMARY } from "./fixtures";
import { SUUNTO_HOOK } from "./hook";
import { SUUNTO_MODULE } from "./module";
import { suuntoSport } from "./sports";

const KEY = SUMMARY.workoutKey;
const RANGE = { from: Date.parse("2026-03-01T00:00:00Z"), to: Date.parse("2026-03-08T00:00:00Z") };
const at = (text: string) => Date.parse(text);

function read(resource: string, reply: unknown, page?: string) {
  const into = new BatchBuilder();
  const outcome = SUUNTO_MODULE.readPage(resource, reply, into, { ...DELIVERY, ...(page !== undefined && { page }) });
  return { outcome, batch: into.take() };
}
const listed = (...workouts: unknown[]) => read("workouts", { error: null, payload: workouts, metadata: { workoutcount: "1" } });

describe("a workout", () => {
  it("is there with its summary, and waits for its recording", () => {
    const { outcome, batch } = listed(SUMMARY);
    expect(batch.sources).toMatchObject([{ vendor: "suunto", deviceName: "Suunto Race", recordingMethod: "active" }]);
    expect(batch.workouts).toEqual([
      {
        source: 0,
        id: `workout/${KEY}`,
        version: DELIVERY.syncedAt,
        start: SUMMARY.startTime,
        end: SUMMARY.stopTime,
        zone: 3_600,
        type: "cycling",
        durationS: 10.5,
        totals: {
          energy_total: 12,
          distance_cycling: 71,
          elevation_gain: 2.4,
          speed_cycle_mean: 6.8,
          speed_cycle_max: 9.5,
          heart_rate_mean: 104,
          heart_rate_max: 110,
        },
        attributes: { trainingStress: 1.25, trainingStressBy: "hr", recoveryTimeS: 3_600 },
        summary: true,
      },
    ]);
    expect(SUUNTO_MODULE.pageRequest("workouts", RANGE, outcome.next)).toMatchObject({ path: `/v3/workouts/${KEY}/fit`, binary: true });
  });

  it("is completed by its recording, under the same id and start", () => {
    const token = listed(SUMMARY).outcome.next;
    const { outcome, batch } = read("workouts", fitRide(10), token);
    expect(outcome).toEqual({ read: 1, rejected: {} });
    const [workout, ...others] = batch.workouts;
    expect(others).toEqual([]);
    expect(workout).toMatchObject({
      id: `workout/${KEY}`,
      version: DELIVERY.syncedAt,
      start: SUMMARY.startTime,
      type: "cycling",
      // What the file tells counts; what it lacks the summary told.
      totals: { energy_total: 240, distance_cycling: 70, elevation_gain: expect.any(Number), power_cycle_mean: 154.5 },
      attributes: { trainingStress: 1.25, recoveryTimeS: 3_600 },
    });
    expect(workout?.summary).toBeUndefined();
    expect(workout?.route?.length).toBe(10);
    expect(new Set(facts(batch).numbers.map(({ id }) => id))).toEqual(new Set([`workout/${KEY}`]));
    expect(facts(batch).numbers.filter(({ metric }) => metric === "heart_rate")).toHaveLength(10);
    expect(batch.sources.filter(({ vendor }) => vendor !== "suunto")).toEqual([]);
    expect(unannounced(SUUNTO_MODULE, "workouts", batch)).toEqual([]);
  });

  it.each([
    ["no file", undefined, {}],
    ["an answer that is none", { error: "not found" }, {}],
    ["a file that is no recording", new TextEncoder().encode("<html>"), { unreadable_recording: 1 }],
  ])("keeps its summary where there is %s", (_, reply, rejected) => {
    const token = listed(SUMMARY, { ...SUMMARY, workoutKey: "other" }).outcome.next;
    const { outcome, batch } = read("workouts", reply, token);
    expect(outcome).toMatchObject({ read: 1, rejected });
    expect(batch.workouts).toEqual([]);
    expect(SUUNTO_MODULE.pageRequest("workouts", RANGE, outcome.next).path).toBe("/v3/workouts/other/fit");
  });

  it("that was typed in has no recording", () => {
    const { outcome, batch } = listed({ ...SUMMARY, isManuallyAdded: true });
    expect(outcome.next).toBeUndefined();
    expect(batch.sources[0]?.recordingMethod).toBe("manual");
  });

  it("is read alone where a notification names it, and is nothing where it is gone", () => {
    expect(SUUNTO_MODULE.pageRequest("workouts", RANGE, undefined, KEY)).toEqual({ method: "GET", path: `/v3/workouts/${KEY}` });
    expect(read("workouts", { error: null, payload: SUMMARY }).batch.workouts).toHaveLength(1);
    expect(read("workouts", { error: { code: 404 }, payload: null }).outcome).toMatchObject({ read: 0 });
    expect(SUUNTO_MODULE.meaningOf?.(404, undefined)).toEqual({ kind: "ok" });
  });

  it("is of a type that everybody knows, or other with Suunto's number", () => {
    const types = Array.from({ length: 120 }, (_, activity) => suuntoSport(activity));
    expect(types.filter(({ type }) => !WORKOUT_TYPES.includes(type))).toEqual([]);
    expect([suuntoSport(22), suuntoSport(119)]).toEqual([{ type: "trail_running" }, { type: "other", vendorName: "activity 119" }]);
  });

  it("lies in a list that goes on until a page is not full", () => {
    const full = Array.from({ length: 25 }, (_, i) => ({ ...SUMMARY, workoutKey: `k${i}`, isManuallyAdded: true }));
    const { next } = listed(...full).outcome;
    expect(SUUNTO_MODULE.pageRequest("workouts", RANGE, next)).toEqual({
      method: "GET",
      path: "/v3/workouts",
      query: {
        since: String(RANGE.from),
        until: String(RANGE.to - 1),
        limit: "25",
        offset: "25",
        "filter-by-modification-time": "false",
      },
    });
    expect(read("workouts", { payload: [] }, next).outcome.next).toBeUndefined();
  });
});

describe("days", () => {
  it("are told by tens of minutes", () => {
    const { batch } = read("activity", [ACTIVITY]);
    const start = at("2026-03-01T06:50:00Z");
    expect(facts(batch).numbers.map(({ metric, start: from, end, value, zone }) => [metric, from, end - from, value, zone])).toEqual([
      ["energy_active", start, 600_000, 10, 3_600],
      ["heart_rate", start, 0, 61, 3_600],
      ["hrv_rmssd", start, 0, 48, 3_600],
      ["spo2", start, 0, 97, 3_600],
      ["steps", start, 600_000, 120, 3_600],
    ]);
  });

  it("leave out what was not measured", () => {
    const { outcome, batch } = read("activity", [{ ...ACTIVITY, entryData: { HR: null, StepCount: 0, SpO2: 0 } }]);
    expect(outcome.rejected).toEqual({});
    expect(facts(batch).numbers.map(({ metric, value }) => [metric, value])).toEqual([["steps", 0]]);
  });
});

describe("a night", () => {
  it("has its times, figures and score on the day on which it ends", () => {
    const { batch } = read("sleep", [SLEEP]);
    expect(batch.sleepSessions).toMatchObject([
      {
        id: "sleep/1772342400",
        start: at("2026-02-28T21:40:00Z"),
        end: at("2026-03-01T05:40:00Z"),
        zone: 3_600,
        date: "2026-03-01",
        nap: false,
        attributes: { averageHeartRate: 54, spo2Max: 98, feeling: 4 },
      },
    ]);
    expect(dailyValues(batch)).toEqual({
      sleep_duration: 450,
      sleep_deep: 90,
      sleep_light: 270,
      sleep_rem: 90,
      sleep_awake: 20,
      sleep_latency: 10,
      time_in_bed: 480,
      "score.sleep": 82,
      hrv_rmssd: 52,
      sleep_hr_min: 47,
    });
  });

  it("that is told while it goes on gives way to the whole one", () => {
    const versions = [SLEEP, { ...SLEEP, entryData: { ...SLEEP.entryData, BedtimeEnd: "2026-03-01T03:00:00.000+01:00" } }].map(
      (night) => read("sleep", [night]).batch.sleepSessions[0]?.version ?? 0,
    );
    expect(versions[0]).toBeGreaterThan(versions[1] ?? 0);
  });

  it("is no nap, whose figures are not the night's", () => {
    const { batch } = read("sleep", [{ ...SLEEP, entryData: { ...SLEEP.entryData, IsNap: true } }]);
    expect([batch.sleepSessions[0]?.nap, batch.readings]).toEqual([true, []]);
  });
});

it("recovery is there by the hour, and as the last of the day", () => {
  const later = { timestamp: "2026-03-01T22:00:00.000+01:00", entryData: { Balance: 0.4, StressState: 0 } };
  const { batch } = read("recovery", [RECOVERY, later]);
  expect(facts(batch).numbers.map(({ metric, value }) => [metric, value])).toEqual([
    ["score.body_battery", 85.5],
    ["score.body_battery", 40],
  ]);
  const daily = batch.readings.toSorted((a, b) => a.version - b.version);
  expect(daily.map(({ date, value, attributes }) => [date, value, attributes?.["state"]])).toEqual([
    ["2026-03-01", 85.5, "passive"],
    ["2026-03-01", 40, undefined],
  ]);
});

describe("whatever Suunto sends", () => {
  it.each(Object.keys(SAMPLES))("%s says the same in any order of pages, and never throws over a sample", (resource) => {
    const sample = SAMPLES[resource]!;
    const other = {
      timestamp: "2026-03-02T06:40:00.000+01:00",
      entryData: { ...sample.entryData, SleepId: 5, BedtimeStart: "2026-03-01T23:00:00+01:00", BedtimeEnd: "2026-03-02T06:00:00+01:00" },
    };
    assertAnyOrder(SUUNTO_MODULE, resource, [[sample], [other], [other, sample]]);
    assertNeverThrows(SUUNTO_MODULE, resource, [sample], (records) => records);
    const { outcome, batch } = readOne(SUUNTO_MODULE, resource, [sample]);
    expect(outcome).toMatchObject({ read: 1, rejected: {} });
    expect(unannounced(SUUNTO_MODULE, resource, batch)).toEqual([]);
  });

  it("as a workout is counted, and never thrown over", () =>
    assertNeverThrows(SUUNTO_MODULE, "workouts", [SUMMARY], (payload) => ({ payload })));

  it.each([
    ["workouts", 5],
    ["workouts", "down"],
    ["sleep", "down"],
    ["sleep", { payload: [] }],
  ])("for %s is no page where it is %j", (resource, reply) =>
    expect(() => read(resource, reply)).toThrow(expect.objectContaining({ code: "vendor_failed" })),
  );

  it("in its gateway's words is no refusal of the person", () => {
    expect(SUUNTO_MODULE.meaningOf?.(401, { statusCode: 401, message: "Access denied due to missing subscription key." })).toEqual({
      kind: "down",
    });
    expect(SUUNTO_MODULE.meaningOf?.(403, { message: "Out of call volume quota. Quota will be replenished in 01:02:03." })).toEqual({
      kind: "limited",
      retryAfterMs: 3_723_000,
    });
    expect(SUUNTO_MODULE.meaningOf?.(403, { message: "Forbidden" })).toBeUndefined();
    expect(SUUNTO_MODULE.meaningOf?.(401, { error: "invalid_token" })).toBeUndefined();
  });
});

describe("requests to Suunto", () => {
  it("carry the subscription's key, and ask for days by milliseconds with both ends in", () => {
    const { credentials } = hookSecrets();
    expect(SUUNTO_MODULE.headers?.({ ...credentials, more: { subscriptionKey: "k" } })).toEqual({ "ocp-apim-subscription-key": "k" });
    expect(SUUNTO_MODULE.pageRequest("sleep", RANGE, undefined)).toEqual({
      method: "GET",
      path: "/247samples/sleep",
      query: { from: String(RANGE.from), to: String(RANGE.to - 1) },
    });
    expect(SUUNTO_VENDOR.auth.moreCredentials).toEqual(["subscriptionKey", "notificationSecret"]);
  });

  it("know the person from the reply with the tokens, or from the token itself", () => {
    const claims = Buffer.from(JSON.stringify({ user: "jürgen", aud: "x" })).toString("base64url");
    expect(SUUNTO_MODULE.readIdentity({ access_token: `h.${claims}.s` })).toEqual({ userId: "jürgen" });
    expect(SUUNTO_MODULE.readIdentity({ access_token: "opaque", user: "ada" })).toEqual({ userId: "ada" });
    for (const reply of [{ access_token: "opaque" }, { access_token: "a.e30.c" }, {}])
      expect(() => SUUNTO_MODULE.readIdentity(reply)).toThrow(expect.objectContaining({ code: "vendor_failed" }));
  });

  it("end the permission", async () => {
    const calls: unknown[] = [];
    await SUUNTO_MODULE.revoke?.(
      { userId: "ada" },
      { access: "a", refresh: "r" },
      hookSecrets().credentials,
      async (request) => calls.push(request),
      0,
    );
    expect(calls).toEqual([{ method: "GET", host: "token", path: "/oauth/deauthorize", query: { client_id: "test-client" } }]);
  });
});

const VECTOR = {
  body: '{"type":"WORKOUT_CREATED","username":"u1"}',
  sig: "02c1482fd764ed6059962fcf712b24fffb1e43518cdbca9ea0acbb6a7af0a800",
};
const SECRETS = hookSecrets({ credentials: { clientId: "c", clientSecret: "s", more: { notificationSecret: "test-client-secret" } } });

describe("notifications of Suunto", () => {
  const verify = (body: string, headers: Readonly<Record<string, string>>, secrets = SECRETS) =>
    SUUNTO_HOOK.verify(hookCall(body, headers), secrets);
  const content = (body: unknown) => SUUNTO_HOOK.read(hookCall(typeof body === "string" ? body : JSON.stringify(body), {}), SECRETS);

  it("are believed by a known answer, and by nothing else", async () => {
    expect(await verify(VECTOR.body, { "x-hmac-sha256-signature": VECTOR.sig })).toBe("genuine");
    expect(await verify(`${VECTOR.body} `, { "x-hmac-sha256-signature": VECTOR.sig })).toBe("forged");
    expect(await verify(VECTOR.body, {})).toBe("forged");
    expect(await verify(VECTOR.body, { "x-hmac-sha256-signature": VECTOR.sig }, hookSecrets())).toBe("forged");
  });

  it("of a workout say which one to read", () => {
    const from = SUMMARY.startTime;
    const change = { userId: "u1", resource: "workouts", operation: "upsert", object: KEY };
    expect(content({ type: "WORKOUT_CREATED", username: "u1", workout: SUMMARY, gear: SUMMARY.gear })).toEqual({
      changes: [{ ...change, range: { from, to: from + 1 } }],
    });
    expect(content(`username=u1&workoutid=${KEY}`)).toEqual({ changes: [{ ...change, range: { from: VECTOR_NOW, to: VECTOR_NOW + 1 } }] });
  });

  it.each([
    ["SUUNTO_247_ACTIVITY_CREATED", "activity"],
    ["SUUNTO_247_SLEEP_CREATED", "sleep"],
    ["SUUNTO_247_RECOVERY_CREATED", "recovery"],
  ])("of %s bring the samples themselves", (type, resource) => {
    const samples = [SAMPLES[resource]];
    expect(content({ type, username: "u1", samples })).toEqual({ changes: [], inline: [{ userId: "u1", resource, reply: samples }] });
    expect(() => content({ type, username: "u1" })).toThrow(expect.objectContaining({ code: "malformed" }));
  });

  it("of routes say nothing", () => expect(content({ type: "ROUTE_CREATED", username: "u1", route: {} })).toEqual({ changes: [] }));

  it.each([VECTOR.body, "", "[]", '{"type":"WORKOUT_CREATED","username":"u1","workout":{"workoutKey":"a/b"}}'])(
    "that say %j are refused",
    (body) => expect(() => content(body)).toThrow(expect.objectContaining({ code: "malformed" })),
  );
});
