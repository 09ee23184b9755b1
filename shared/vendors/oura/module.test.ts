import { describe, expect, it } from "vitest";
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
import { OURA_VENDOR } from "./descriptor";
import { DOCUMENTS } from "./fixtures";
import { OURA_HOOK } from "./hook";
import { OURA_MODULE } from "./module";
import { OURA_SUBSCRIPTIONS } from "./subscriptions";

const page = (documents: readonly unknown[], next_token: string | null = null) => ({ data: documents, next_token });
const read = (resource: string, ...documents: readonly unknown[]) => readOne(OURA_MODULE, resource, page(documents));
const RESOURCES = Object.keys(OURA_VENDOR.resources);
const CREDENTIALS = hookSecrets().credentials;

describe("documents of Oura become canonical", () => {
  it.each([
    [
      "daily_activity",
      {
        steps: 9120,
        energy_active: 430,
        energy_total: 2380,
        distance_walk_run: 8400,
        vigorous_minutes: 12,
        moderate_minutes: 35,
        sedentary_minutes: 540,
        "score.activity": 84,
      },
    ],
    ["daily_sleep", { "score.sleep": 79 }],
    ["daily_readiness", { "score.readiness": 77, skin_temp_deviation: -0.12 }],
    ["daily_spo2", { spo2: 97.2, breathing_disturbance: 4 }],
    ["daily_stress", { stress_high_minutes: 90, recovery_high_minutes: 45 }],
    ["daily_resilience", { "score.resilience": null }],
    ["daily_cardiovascular_age", { vascular_age: 31, pulse_wave_velocity: 6.4 }],
    ["vo2_max", { vo2_max: 44 }],
  ])("%s is a day's values", (resource, values) => {
    const { outcome, batch } = read(resource, DOCUMENTS[resource]);
    expect(outcome).toMatchObject({ read: 1, rejected: {} });
    expect(dailyValues(batch)).toEqual(values);
    expect(new Set(batch.readings.map(({ date, id }) => `${date} ${id}`))).toEqual(new Set([`2026-06-22 ${resource}/${resource}-1`]));
  });

  it("keeps labels, contributors and what is only an equivalent", () => {
    expect(read("daily_resilience", DOCUMENTS["daily_resilience"]).batch.readings[0]).toMatchObject({ text: "solid", value: null });
    expect(read("daily_stress", DOCUMENTS["daily_stress"]).batch.readings[0]?.attributes).toEqual({ summary: "normal" });
    const activity = read("daily_activity", DOCUMENTS["daily_activity"]).batch.readings;
    expect(activity.find(({ metric }) => metric === "distance_walk_run")?.attributes).toEqual({ equivalent: true });
    expect(activity.find(({ metric }) => metric === "moderate_minutes")?.attributes).toEqual({ lowMinutes: 180 });
    expect(activity.find(({ metric }) => metric === "score.activity")?.attributes).toMatchObject({ rangeMin: 1, rangeMax: 100 });
  });

  it("leaves the holes out of a row of values", () => {
    const { numbers } = facts(read("daily_activity", DOCUMENTS["daily_activity"]).batch);
    const start = Date.parse("2026-06-22T04:00:00+02:00");
    expect(numbers.map(({ metric, start: at, value, zone }) => [metric, at, value, zone])).toEqual([
      ["met", start, 1.1, 7200],
      ["met", start + 120_000, 2.4, 7200],
    ]);
  });

  it("reads a night with stages of half a minute, RMSSD, breathing and the lowest heart rate, which is no resting heart rate", () => {
    const { batch } = read("sleep", DOCUMENTS["sleep"]);
    const start = Date.parse("2026-06-21T23:00:00+02:00");
    expect(batch.sleepSessions).toMatchObject([
      {
        id: "sleep/sleep-1",
        start,
        end: start + 150_000,
        zone: 7200,
        date: "2026-06-22",
        nap: false,
        attributes: { efficiencyPct: 88, minutes: { asleep: 435 } },
      },
    ]);
    expect(batch.sleepSessions[0]?.stages).toEqual([
      { start, end: start + 60_000, stage: "awake" },
      { start: start + 60_000, end: start + 90_000, stage: "light" },
      { start: start + 90_000, end: start + 120_000, stage: "deep" },
      { start: start + 120_000, end: start + 150_000, stage: "rem" },
    ]);
    expect(dailyValues(batch)).toEqual({ hrv_rmssd: 48, respiratory_rate: 14.5, sleep_hr_min: 49 });
    expect(facts(batch).numbers.map(({ metric, value }) => [metric, value])).toEqual([
      ["heart_rate", 57],
      ["heart_rate", 55],
      ["hrv_rmssd", 41],
    ]);
    expect(batch.series.map(({ metric }) => metric)).not.toContain("hrv_sdnn");
  });

  it("takes the ring's own sums, in minutes, where a night comes without stages", () => {
    const { sleep_phase_30_sec: _, heart_rate: __, ...plain } = DOCUMENTS["sleep"] as Record<string, unknown>;
    const { batch } = read("sleep", plain);
    expect(dailyValues(batch)).toMatchObject({
      sleep_duration: 435,
      sleep_deep: 90,
      sleep_light: 225,
      sleep_rem: 120,
      sleep_awake: 30,
      sleep_latency: 5,
      time_in_bed: 465,
      sleep_efficiency: 88,
    });
    expect(batch.readings.find(({ metric }) => metric === "heart_rate")).toMatchObject({
      kind: "sample",
      value: 56.5,
      attributes: { statistic: "mean" },
    });
  });

  it("reads stages of five minutes where there are no finer ones, cut at the end", () => {
    const { sleep_phase_30_sec: _, ...coarse } = DOCUMENTS["sleep"] as Record<string, unknown>;
    const { batch } = read("sleep", { ...coarse, sleep_phase_5_min: "41", bedtime_end: "2026-06-21T23:07:00+02:00" });
    expect(batch.sleepSessions[0]?.stages.map(({ stage, start, end }) => [stage, (end - start) / 60_000])).toEqual([
      ["awake", 5],
      ["deep", 2],
    ]);
  });

  it.each([
    ["late_nap", true],
    ["sleep", true],
    ["long_sleep", false],
  ])("counts a sleep of type %s as nap: %s, and lets no nap speak for the night", (type, nap) => {
    const { batch } = read("sleep", { ...(DOCUMENTS["sleep"] as object), type });
    expect(batch.sleepSessions[0]?.nap).toBe(nap);
    expect(batch.readings.length === 0).toBe(nap);
  });

  it.each([
    ["deleted", 0],
    ["rest", 2],
  ])("takes a sleep of type %s away, and leaves %d of its series without it", (type, rows) => {
    const { batch } = read("sleep", { ...(DOCUMENTS["sleep"] as object), type });
    expect(batch.sleepSessions).toEqual([]);
    expect(batch.series.map(({ ids }) => ids)).toEqual(Array.from({ length: rows }, () => undefined));
    expect(batch.deleted).toEqual([{ vendor: "oura", id: "sleep/sleep-1", version: DELIVERY.syncedAt }]);
  });

  it("keeps a night's figures where its times cannot be, and the night apart", () => {
    const { batch } = read("sleep", { ...(DOCUMENTS["sleep"] as object), bedtime_end: "2026-06-21T08:00:00+02:00" });
    expect(batch.sleepSessions).toEqual([]);
    expect(batch.quarantined).toMatchObject([{ metric: "sleep", reason: "end_before_start" }]);
    expect(dailyValues(batch)).toMatchObject({ sleep_duration: 435, hrv_rmssd: 48 });
  });

  it("reads workouts with the distance of their sport, and sessions as mindful minutes", () => {
    expect(read("workout", DOCUMENTS["workout"]).batch.workouts).toMatchObject([
      {
        type: "running",
        totals: { energy_active: 350.5, distance_walk_run: 5000 },
        attributes: { intensity: "moderate", detection: "confirmed" },
      },
    ]);
    const { batch } = read("session", DOCUMENTS["session"]);
    expect(batch.readings).toMatchObject([
      { metric: "mindful_minutes", kind: "interval", value: 10, attributes: { type: "meditation", mood: "good" } },
    ]);
    expect(facts(batch).numbers.map(({ metric, value }) => [metric, value])).toEqual([
      ["heart_rate", 61],
      ["hrv_rmssd", 52],
    ]);
  });

  it("keeps where a heart rate was measured", () => {
    const { batch } = read("heartrate", DOCUMENTS["heartrate"], { bpm: 50, timestamp: "2026-06-22T01:00:00Z", source: "sleep" });
    expect(facts(batch).numbers).toMatchObject([{ metric: "heart_rate", value: 72 }]);
    expect(batch.readings).toMatchObject([{ metric: "heart_rate", value: 50, attributes: { context: "sleep" } }]);
  });

  it.each(RESOURCES)("brings what %s announces, and nothing else", (resource) => {
    const { outcome, batch } = read(resource, DOCUMENTS[resource]);
    expect(outcome.rejected).toEqual({});
    expect(unannounced(OURA_MODULE, resource, batch)).toEqual([]);
  });

  it("reads the one document of a webhook like a page, and goes on where a page names a next one", () => {
    const { outcome } = readOne(OURA_MODULE, "daily_sleep", DOCUMENTS["daily_sleep"]);
    expect(outcome).toMatchObject({ read: 1, rejected: {} });
    expect(readOne(OURA_MODULE, "daily_sleep", page([], "n1")).outcome).toEqual({ read: 0, rejected: {}, next: "n1" });
  });
});

describe("whatever Oura sends", () => {
  it.each(RESOURCES)("%s says the same in any order of pages", (resource) => {
    const document = DOCUMENTS[resource] as object;
    assertAnyOrder(OURA_MODULE, resource, [
      page([document]),
      page([{ ...document, id: "other-2", day: "2026-06-23" }]),
      page([document, document]),
    ]);
  });

  it.each(RESOURCES)("%s never throws over a document", (resource) => {
    assertNeverThrows(OURA_MODULE, resource, [DOCUMENTS[resource] as object], page);
  });

  it("counts what it leaves out by reason", () => {
    const { outcome } = read("daily_sleep", { id: "x", day: "2026-02-30", score: 70 }, { id: "y", day: "2026-06-22", score: null }, "z");
    expect(outcome.rejected).toEqual({ malformed: 2, no_value: 1 });
  });

  it.each([
    ["a text", "down"],
    ["nothing", null],
    ["an error", { detail: "no" }],
  ])("refuses %s as a page", (_, reply) => {
    expect(() => readOne(OURA_MODULE, "sleep", reply)).toThrow(expect.objectContaining({ code: "vendor_failed" }));
  });
});

describe("requests to Oura", () => {
  const range = { from: Date.parse("2026-06-22T00:00:00Z"), to: Date.parse("2026-06-29T00:00:00Z") };

  it("asks collections by day, a day beyond on both sides, and heart rates by instant", () => {
    expect(OURA_MODULE.pageRequest("vo2_max", range, "n1")).toEqual({
      method: "GET",
      path: "/v2/usercollection/vO2_max",
      query: { start_date: "2026-06-21", end_date: "2026-06-29", next_token: "n1" },
    });
    expect(OURA_MODULE.pageRequest("heartrate", range, undefined).query).toEqual({
      start_datetime: "2026-06-22T00:00:00.000Z",
      end_datetime: "2026-06-29T00:00:00.000Z",
    });
  });

  it("asks for one document by its id, which is no path", () => {
    expect(OURA_MODULE.pageRequest("sleep", range, undefined, "../x").path).toBe("/v2/usercollection/sleep/..%2Fx");
  });

  it("learns which layer of the limits is used up", () => {
    const headers = (tier: string) =>
      new Headers({ "retry-after": "30", "x-ratelimit-reset": String(VECTOR_NOW / 1000 + 30), "x-ratelimit-tier": tier });
    expect(OURA_MODULE.limitsOf?.(headers("per-app"), VECTOR_NOW)).toEqual([{ scope: "app", left: 0, until: VECTOR_NOW + 30_000 }]);
    expect(OURA_MODULE.limitsOf?.(headers("token"), VECTOR_NOW)?.[0]?.scope).toBe("user");
    expect(OURA_MODULE.limitsOf?.(new Headers(), VECTOR_NOW)).toEqual([]);
  });

  it("wants a subscription for each event of each kind of document, and reads, renews and removes them", () => {
    expect(OURA_SUBSCRIPTIONS.wanted).toContain("daily_sleep.delete");
    expect(OURA_SUBSCRIPTIONS.wanted).not.toContain("heartrate.create");
    expect(OURA_SUBSCRIPTIONS.wanted.length).toBe(33);
    const created = {
      id: "s_1-a",
      callback_url: "https://m.test/h",
      event_type: "delete",
      data_type: "daily_sleep",
      expiration_time: "2027-01-01T00:00:00",
    };
    expect(OURA_SUBSCRIPTIONS.readList([created, { id: 5 }])).toEqual([
      { id: "s_1-a", key: "daily_sleep.delete", url: "https://m.test/h", expiresAt: Date.parse("2027-01-01T00:00:00Z") },
    ]);
    expect(OURA_SUBSCRIPTIONS.readCreated(created, "daily_sleep.delete", "https://m.test/h")).toMatchObject({ id: "s_1-a" });
    expect(OURA_SUBSCRIPTIONS.readCreated({ detail: "no" }, "daily_sleep.delete", "https://m.test/h")).toBeUndefined();
    expect(OURA_SUBSCRIPTIONS.create(CREDENTIALS, "daily_sleep.delete", "https://m.test/h", "token")).toMatchObject({
      method: "POST",
      auth: "none",
      headers: { "x-client-id": "test-client" },
      body: { callback_url: "https://m.test/h", verification_token: "token", event_type: "delete", data_type: "daily_sleep" },
    });
    const one = { id: "s_1-a", key: "daily_sleep.delete", url: "" };
    expect(OURA_SUBSCRIPTIONS.renew?.(CREDENTIALS, one)).toMatchObject({ method: "PUT", path: "/v2/webhook/subscription/renew/s_1-a" });
    expect(OURA_SUBSCRIPTIONS.remove(CREDENTIALS, one)).toMatchObject({ method: "DELETE", path: "/v2/webhook/subscription/s_1-a" });
  });
});

/** Recomputed by two other implementations of HMAC. */
const VECTOR = {
  body: '{"event_type":"update","data_type":"daily_sleep","object_id":"5f1e7b3c-0000-4000-8000-000000000001","event_time":"2026-11-20T06:00:00+00:00","user_id":"u1"}',
  ts: "1763618400",
  sig: "E16C2BFAF7FCE83D85D425C1C679F89FFFE5221A3C0355F52E333D556DD76B48",
};

describe("webhooks of Oura", () => {
  const verify = (body: string, headers: Readonly<Record<string, string>>, now = VECTOR_NOW) =>
    OURA_HOOK.verify(hookCall(body, headers, { now }), hookSecrets());
  const good = { "x-oura-signature": VECTOR.sig, "x-oura-timestamp": VECTOR.ts };

  it("believes a known answer, within five minutes of its time", async () => {
    expect(await verify(VECTOR.body, good)).toBe("genuine");
    expect(await verify(VECTOR.body, good, VECTOR_NOW + 299_000)).toBe("genuine");
    expect(await verify(VECTOR.body, good, VECTOR_NOW + 301_000)).toBe("stale");
    expect(await verify(VECTOR.body, good, VECTOR_NOW - 301_000)).toBe("stale");
  });

  it.each([
    ["a changed byte", VECTOR.body.replace("u1", "u2"), good],
    ["lower case", VECTOR.body, { ...good, "x-oura-signature": VECTOR.sig.toLowerCase() }],
    ["base 64", VECTOR.body, { ...good, "x-oura-signature": Buffer.from(VECTOR.sig, "hex").toString("base64") }],
    ["a shortened signature", VECTOR.body, { ...good, "x-oura-signature": VECTOR.sig.slice(0, -2) }],
    ["another time", VECTOR.body, { ...good, "x-oura-timestamp": "1763618401" }],
    ["no signature", VECTOR.body, { "x-oura-timestamp": VECTOR.ts }],
    ["no time", VECTOR.body, { "x-oura-signature": VECTOR.sig }],
    ["an empty signature", VECTOR.body, { ...good, "x-oura-signature": "" }],
  ])("refuses %s", async (_, body, headers: Readonly<Record<string, string>>) => expect(await verify(body, headers)).toBe("forged"));

  it("repeats the challenge of our own subscription alone", () => {
    const ask = (query: string, method = "GET") => OURA_HOOK.handshake?.(hookCall("", {}, { method, query }), hookSecrets());
    expect(ask("verification_token=a-path-secret-of-ours&challenge=c1")).toEqual({ status: 200, body: { challenge: "c1" } });
    expect(ask("verification_token=other&challenge=c1")).toEqual({ status: 401 });
    expect(ask("challenge=c1")).toEqual({ status: 401 });
    expect(ask("challenge=c1&verification_token=a-path-secret-of-ours", "POST")).toBeUndefined();
  });

  it("reads which document changed or is gone", () => {
    const at = Date.parse("2026-11-20T06:00:00Z");
    const change = {
      userId: "u1",
      resource: "daily_sleep",
      range: { from: at, to: at + 1 },
      object: "5f1e7b3c-0000-4000-8000-000000000001",
    };
    expect(OURA_HOOK.read(hookCall(VECTOR.body, {}), hookSecrets())).toEqual({ changes: [{ ...change, operation: "upsert" }] });
    expect(OURA_HOOK.read(hookCall(VECTOR.body.replace("update", "delete"), {}), hookSecrets()).changes[0]?.operation).toBe("delete");
    expect(OURA_MODULE.recordIds?.("sleep", "a1")).toEqual(["sleep/a1"]);
  });

  it.each(["", "[]", "{}", VECTOR.body.replace("u1", ""), VECTOR.body.replace("5f1e7b3c", "../5f1e7b3c")])(
    "refuses the body %j",
    (body) => {
      expect(() => OURA_HOOK.read(hookCall(body, {}), hookSecrets())).toThrow(expect.objectContaining({ code: "malformed" }));
    },
  );

  it("knows the person by an id, and ends the permission with the token", async () => {
    expect(OURA_MODULE.readIdentity({ id: "u1", age: 30 })).toEqual({ userId: "u1" });
    expect(() => OURA_MODULE.readIdentity({})).toThrow(expect.objectContaining({ code: "vendor_failed" }));
    const calls: unknown[] = [];
    const revoked = await OURA_MODULE.revoke?.(
      { userId: "u1" },
      { access: "a", refresh: "r" },
      CREDENTIALS,
      async (request) => calls.push(request),
      0,
    );
    expect([revoked, calls]).toMatchObject([true, [{ path: "/oauth/revoke", query: { access_token: "a" }, host: "token" }]]);
  });
});
