import { describe, expect, it } from "vitest";
import { DAY_MS } from "../../clock";
import { readEcg } from "../../health/ecg";
import {
  assertAnyOrder,
  assertNeverThrows,
  dailyValues,
  facts,
  hookCall,
  hookSecrets,
  readOne,
  unannounced,
  VECTOR_NOW,
} from "../page.fixture";
import { nightTimes } from "./clock-times";
import { POLAR_VENDOR } from "./descriptor";
import { RECORDS } from "./fixtures";
import { POLAR_HOOK } from "./hook";
import { POLAR_MODULE } from "./module";
import { POLAR_SUBSCRIPTIONS } from "./subscriptions";

const RESOURCES = Object.keys(POLAR_VENDOR.resources);
const WRAPS: Readonly<Record<string, string>> = { sleep: "nights", "nightly-recharge": "recharges" };
const page = (resource: string) => (records: readonly unknown[]) => {
  const name = WRAPS[resource];
  return name === undefined ? records : { [name]: records };
};
const read = (resource: string, ...records: readonly unknown[]) => readOne(POLAR_MODULE, resource, page(resource)(records));
const at = (text: string) => Date.parse(text);

describe("records of Polar become canonical", () => {
  it("reads an exercise with its local start, zones, way and totals", () => {
    const [workout] = read("exercises", RECORDS["exercises"]).batch.workouts;
    const start = at("2026-06-22T06:00:00Z");
    expect(workout).toMatchObject({
      id: "exercises/y6XaBc",
      start,
      end: start + 3_750_500,
      zone: 7200,
      type: "trail_running",
      totals: { energy_total: 640, distance_walk_run: 10_200.5, heart_rate_mean: 148, heart_rate_max: 176 },
      route: [
        [start, 60.2, 25.1],
        [start + 1500, 60.21, 25.11],
      ],
      attributes: { runningIndex: 58, fatPct: 25, zonesS: { 1: 600, 2: 3150 }, load: { cardio: 130.2, muscle: 40, rpe: "rpe_5_hard" } },
    });
  });

  it.each([
    ["OTHER", "WATERSPORTS_WATERSKI", "water_skiing", undefined],
    ["RUNNING", "RUNNING", "running", undefined],
    ["RUNNING", "TRACK_AND_ORBIT", "running", undefined],
    ["OTHER", "QUIDDITCH", "other", "QUIDDITCH"],
  ])("names the sport %s, %s", (sport, detailed_sport_info, type, vendorType) => {
    const [workout] = read("exercises", { ...RECORDS["exercises"], sport, detailed_sport_info }).batch.workouts;
    expect([workout?.type, workout?.vendorType]).toEqual([type, vendorType]);
  });

  it("places an exercise without an offset in the person's own zone", () => {
    const { start_time_utc_offset: _, ...rest } = RECORDS["exercises"] ?? {};
    expect(read("exercises", rest).batch.workouts[0]).toMatchObject({ start: at("2026-06-22T06:00:00Z"), zone: 7200 });
  });

  it("reads a day's activity and its steps, minute by minute", () => {
    const { batch } = read("activities", RECORDS["activities"]);
    expect(dailyValues(batch)).toEqual({ steps: 10_321, distance_walk_run: 7400.5, energy_total: 2450, energy_active: 900 });
    expect(batch.readings.find(({ metric }) => metric === "energy_active")?.attributes).toEqual({
      goalPct: 112.5,
      activeMinutes: 210,
      inactiveMinutes: 540,
      inactivityAlerts: 1,
    });
    expect(facts(batch).numbers.map(({ start, end, value }) => [start, end - start, value])).toEqual([
      [at("2026-06-22T06:01:00Z"), 60_000, 40],
      [at("2026-06-22T06:03:00Z"), 60_000, 55],
    ]);
  });

  it("reads a night whose clock goes past midnight", () => {
    const { batch } = read("sleep", RECORDS["sleep"]);
    const [night] = batch.sleepSessions;
    expect(night).toMatchObject({
      id: "sleep/2026-06-22",
      date: "2026-06-22",
      zone: 7200,
      attributes: { cycles: 5, minutes: { deep: 90, unrecognised: 1 } },
    });
    expect(
      night?.stages.map(({ stage, start, end }) => [
        stage,
        new Date(start).toISOString().slice(11, 19),
        new Date(end).toISOString().slice(11, 19),
      ]),
    ).toEqual([
      ["awake", "21:30:20", "21:45:00"],
      ["light", "21:45:00", "22:20:00"],
      ["deep", "22:20:00", "00:00:00"],
      ["rem", "00:00:00", "00:30:00"],
      ["light", "00:30:00", "04:25:00"],
      ["unknown", "04:25:00", "04:30:00"],
    ]);
    expect(facts(batch).numbers.map(({ metric, start, value }) => [metric, new Date(start).toISOString().slice(0, 16), value])).toEqual([
      ["heart_rate", "2026-06-21T21:31", 61],
      ["heart_rate", "2026-06-21T22:01", 55],
      ["heart_rate", "2026-06-22T04:26", 58],
    ]);
    expect(dailyValues(batch)).toEqual({ "score.sleep": 82 });
  });

  it("takes Polar's sums, in minutes, where a night comes without stages", () => {
    const { hypnogram: _, ...plain } = RECORDS["sleep"] ?? {};
    expect(dailyValues(read("sleep", plain).batch)).toEqual({
      "score.sleep": 82,
      sleep_duration: 390,
      sleep_light: 210,
      sleep_deep: 90,
      sleep_rem: 90,
      sleep_awake: 20,
    });
  });

  it("places clock times at or after a start, whatever order and hour they come in", () => {
    const start = at("2026-06-22T00:39:07+03:00");
    const times = { "09:10": 2, "00:39": 0, "01:23": 1, "24:99": 9 };
    expect(nightTimes(times, start, 10_800).map(({ value }) => value)).toEqual([0, 1, 2]);
    expect(nightTimes({ "00:39": 0 }, start, 10_800)[0]?.at).toBe(at("2026-06-22T00:39:00+03:00"));
  });

  it("reads RMSSD and breathing of the night's first hours, in the person's own zone", () => {
    const { batch } = read("nightly-recharge", RECORDS["nightly-recharge"]);
    expect(dailyValues(batch)).toEqual({ hrv_rmssd: 47, respiratory_rate: 13.9, "score.recovery": 5 });
    expect(batch.readings.find(({ metric }) => metric === "score.recovery")?.attributes).toMatchObject({
      rangeMin: 1,
      rangeMax: 6,
      ansCharge: 2.3,
    });
    expect(
      facts(batch).numbers.map(({ metric, start, zone, value }) => [metric, new Date(start).toISOString().slice(0, 16), zone, value]),
    ).toEqual([
      ["hrv_rmssd", "2026-06-21T21:58", 7200, 44],
      ["hrv_rmssd", "2026-06-21T22:03", 7200, 49],
      ["respiratory_rate", "2026-06-21T22:01", 7200, 13.5],
    ]);
  });

  it("reads a day of heart rates, one day or a list of them, and leaves out what is none", () => {
    for (const reply of [
      RECORDS["continuous-heart-rate"],
      [RECORDS["continuous-heart-rate"]],
      { heart_rates: [RECORDS["continuous-heart-rate"]] },
    ]) {
      const { batch } = readOne(POLAR_MODULE, "continuous-heart-rate", reply);
      expect(facts(batch).numbers.map(({ start, value }) => [start, value])).toEqual([
        [at("2026-06-22T06:00:00Z"), 62],
        [at("2026-06-22T06:05:00Z"), 65],
      ]);
    }
  });

  it("reads load, profile, tests and temperatures", () => {
    expect(read("cardio-load", RECORDS["cardio-load"]).batch.readings).toMatchObject([
      { metric: "score.strain", value: 130.2, attributes: { status: "productive", ratio: 1.14 } },
    ]);
    expect(read("cardio-load", { ...RECORDS["cardio-load"], cardio_load: -1 }).batch.readings).toEqual([]);
    expect(
      read("physical-info", RECORDS["physical-info"]).batch.readings.map(({ metric, value, start }) => [metric, value, start]),
    ).toEqual(
      [
        ["body_weight", 70.5],
        ["body_height", 175],
        ["vo2_max", 50],
        ["resting_heart_rate", 52],
      ].map((row) => [...row, at("2026-06-10T12:00:00Z")]),
    );
    const guessed = read("physical-info", { ...RECORDS["physical-info"], weight_source: "SOURCE_DEFAULT" }).batch.readings;
    expect(guessed.map(({ metric }) => metric)).not.toContain("body_weight");
    expect(read("spo2", RECORDS["spo2"]).batch.readings.map(({ metric, value }) => [metric, value])).toEqual([
      ["spo2", 97],
      ["heart_rate", 58],
      ["hrv_rmssd", 51],
    ]);
    expect(read("spo2", { ...RECORDS["spo2"], test_status: "SPO2_TEST_INCONCLUSIVE_TOO_MANY_MISSING_SAMPLES" }).outcome.rejected).toEqual({
      no_value: 1,
    });
    expect(
      facts(read("bodytemperature", RECORDS["bodytemperature"]).batch).numbers.map(({ metric, start, value }) => [metric, start, value]),
    ).toEqual([
      ["body_temperature", at("2026-06-22T04:00:00Z"), 36.5],
      ["body_temperature", at("2026-06-22T04:01:00Z"), 36.7],
    ]);
    const skin = { ...RECORDS["bodytemperature"], measurement_type: "TM_SKIN_TEMPERATURE" };
    expect(read("bodytemperature", skin).batch.series.map(({ metric }) => metric)).toEqual(["skin_temp"]);
    expect(dailyValues(read("skintemperature", RECORDS["skintemperature"]).batch)).toEqual({ skin_temp: 34.6, skin_temp_deviation: 0.3 });
  });

  it("reads a wrist electrocardiogram in microvolts, in the order of its times", () => {
    const [ecg] = read("ecg", RECORDS["ecg"]).batch.readings;
    expect(ecg).toMatchObject({
      metric: "ecg",
      kind: "event",
      zone: 7200,
      attributes: { samplingHz: 125, lead: "I", averageHeartRate: 61, quality: "high" },
    });
    expect(readEcg(ecg?.attributes ?? {})?.samplesUv.map((uv) => Math.round(uv))).toEqual([100, 1000, -500]);
    expect(read("ecg", { ...RECORDS["ecg"], samples: [] }).outcome.rejected).toEqual({ no_samples: 1 });
  });

  it.each(RESOURCES)("brings what %s announces, and nothing else", (resource) => {
    const { outcome, batch } = read(resource, RECORDS[resource]);
    expect(outcome).toMatchObject({ read: 1, rejected: {} });
    expect(unannounced(POLAR_MODULE, resource, batch)).toEqual([]);
  });
});

describe("whatever Polar sends", () => {
  it.each(RESOURCES)("%s says the same in any order of pages, and never throws over a record", (resource) => {
    const record = RECORDS[resource] ?? {};
    const other = {
      ...record,
      id: "other",
      date: "2026-06-23",
      test_time: 1_782_196_800,
      sleep_date: "2026-06-23",
      start_time: "2026-06-23T08:00:00",
    };
    assertAnyOrder(POLAR_MODULE, resource, [[record], [other], [other, record]].map(page(resource)));
    assertNeverThrows(POLAR_MODULE, resource, [record], page(resource));
  });

  it("takes an answer without a body for nothing", () =>
    expect(readOne(POLAR_MODULE, "sleep", undefined).outcome).toEqual({ read: 0, rejected: {} }));

  it.each([
    ["a text", "down"],
    ["a number", 5],
    ["nights that are none", { nights: "many" }],
  ])("refuses %s as a page", (_, reply) => {
    expect(() => readOne(POLAR_MODULE, "sleep", reply)).toThrow(expect.objectContaining({ code: "vendor_failed" }));
  });
});

describe("requests to Polar", () => {
  const range = { from: at("2026-06-01T00:00:00Z"), to: at("2026-06-08T00:00:00Z") };

  it("asks by date, both ends counted, or for everything that a list holds", () => {
    expect(POLAR_MODULE.pageRequest("continuous-heart-rate", range, undefined)).toEqual({
      method: "GET",
      path: "/v3/users/continuous-heart-rate",
      query: { from: "2026-06-01", to: "2026-06-07" },
    });
    expect(POLAR_MODULE.pageRequest("exercises", range, undefined)).toMatchObject({
      path: "/v3/exercises",
      query: { zones: "true", route: "true" },
    });
    expect(POLAR_MODULE.pageRequest("sleep", range, undefined, "2026-06-03").path).toBe("/v3/users/sleep/2026-06-03");
    expect(POLAR_MODULE.pageRequest("exercises", range, undefined, "a/b").path).toBe("/v3/exercises/a%2Fb");
  });

  it("registers the person, and is content where that is done already", async () => {
    const account = POLAR_MODULE.readIdentity({ access_token: "a", expires_in: 1, x_user_id: 4711 });
    expect(account).toEqual({ userId: "4711" });
    expect(POLAR_MODULE.connectRequests?.(account, "https://m.test/h")).toEqual([
      { method: "POST", path: "/v3/users", body: { "member-id": "4711" } },
    ]);
    expect(POLAR_MODULE.meaningOf?.(409, {})).toEqual({ kind: "ok" });
    expect(POLAR_MODULE.meaningOf?.(200, {})).toBeUndefined();
    expect(() => POLAR_MODULE.readIdentity({ access_token: "a" })).toThrow(expect.objectContaining({ code: "vendor_failed" }));
    const calls: unknown[] = [];
    await POLAR_MODULE.revoke?.(
      account,
      { access: "a", refresh: undefined },
      hookSecrets().credentials,
      async (request) => calls.push(request),
      0,
    );
    expect(calls).toEqual([{ method: "DELETE", path: "/v3/users/4711" }]);
    expect(POLAR_VENDOR.auth.withoutRefresh).toBe(true);
  });

  it("learns both limits from one reply", () => {
    const headers = new Headers({ "ratelimit-usage": "20, 400", "ratelimit-limit": "520, 5100", "ratelimit-reset": "300, 80000" });
    expect(POLAR_MODULE.limitsOf?.(headers, VECTOR_NOW)).toEqual([
      { scope: "app", left: 500, until: VECTOR_NOW + 300_000 },
      { scope: "app_day", left: 4700, until: VECTOR_NOW + 80_000_000 },
    ]);
    expect(POLAR_MODULE.limitsOf?.(new Headers(), VECTOR_NOW)).toEqual([]);
  });

  it("keeps one webhook for the app, whose secret is told once", () => {
    const url = "https://m.test/h";
    const events = ["EXERCISE", "SLEEP", "CONTINUOUS_HEART_RATE", "ACTIVITY_SUMMARY", "PHYSICAL_INFORMATION"];
    expect(POLAR_SUBSCRIPTIONS.create(hookSecrets().credentials, "all", url, "t")).toMatchObject({
      method: "POST",
      path: "/v3/webhooks",
      auth: "none",
      headers: { authorization: `Basic ${btoa("test-client:test-client-secret")}` },
      body: { events, url },
    });
    const created = { data: { id: "w1", events, url, signature_secret_key: "s3" } };
    expect(POLAR_SUBSCRIPTIONS.readCreated(created, "all", url)).toEqual({ id: "w1", key: "all", url, secret: "s3" });
    expect(POLAR_SUBSCRIPTIONS.readCreated({ data: { ...created.data, signature_secret_key: undefined } }, "all", url)).toBeUndefined();
    expect(POLAR_SUBSCRIPTIONS.readCreated({ status: 409 }, "all", url)).toBeUndefined();
    const listed = {
      data: [{ id: "w1", events, url, active: false }, { id: "w2_-x", events: ["SLEEP"], url }, { id: "..", events, url }, 5],
    };
    expect(POLAR_SUBSCRIPTIONS.readList(listed)).toEqual([
      { id: "w1", key: "all", url, inactive: true },
      { id: "w2_-x", key: "all", url, inactive: true },
    ]);
    expect(POLAR_SUBSCRIPTIONS.readList({})).toEqual([]);
  });
});

const VECTOR = {
  body: '{"event":"EXERCISE","user_id":475,"entity_id":"aQlC83","timestamp":"2026-11-20T06:00:00Z","url":"https://www.polaraccesslink.com/v3/exercises/aQlC83"}',
  sig: "48193c49167d8670124f7a405396463cdbe9bd4bea65a879dda4a7eb299b8810",
};
const SECRETS = hookSecrets({ subscriptionSecrets: ["an-older-secret", "test-client-secret"] });

describe("webhooks of Polar", () => {
  const verify = (body: string, headers: Readonly<Record<string, string>>, secrets = SECRETS) =>
    POLAR_HOOK.verify(hookCall(body, headers), secrets);

  it("believes a known answer under any secret of ours", async () => {
    expect(await verify(VECTOR.body, { "polar-webhook-signature": VECTOR.sig })).toBe("genuine");
  });

  it.each([
    ["a changed byte", VECTOR.body.replace("475", "476"), { "polar-webhook-signature": VECTOR.sig }],
    ["upper case", VECTOR.body, { "polar-webhook-signature": VECTOR.sig.toUpperCase() }],
    ["base 64", VECTOR.body, { "polar-webhook-signature": Buffer.from(VECTOR.sig, "hex").toString("base64") }],
    ["no signature", VECTOR.body, {}],
  ])("refuses %s", async (_, body, headers: Readonly<Record<string, string>>) => expect(await verify(body, headers)).toBe("forged"));

  it("believes nothing before a secret is kept, but answers a ping", async () => {
    const secrets = hookSecrets();
    expect(await verify(VECTOR.body, { "polar-webhook-signature": VECTOR.sig }, secrets)).toBe("forged");
    const ping = hookCall('{"timestamp":"2026-11-20T06:00:00Z","event":"PING"}', { "polar-webhook-event": "PING" });
    expect(POLAR_HOOK.handshake?.(ping, secrets)).toEqual({ status: 200 });
    expect(POLAR_HOOK.handshake?.(hookCall(VECTOR.body, { "polar-webhook-event": "PING" }), secrets)).toBeUndefined();
  });

  const changes = (body: string) => POLAR_HOOK.read(hookCall(body, {}), SECRETS).changes;

  it("reads what is new, and never goes where the body's address points", () => {
    const told = at("2026-11-20T06:00:00Z");
    const exercise = { userId: "475", resource: "exercises", operation: "upsert", range: { from: told, to: told + 1 }, object: "aQlC83" };
    expect(changes(VECTOR.body)).toEqual([exercise]);
    expect(changes(VECTOR.body.replace("https://www.polaraccesslink.com/v3/exercises/aQlC83", "http://169.254.169.254/latest"))).toEqual([
      exercise,
    ]);
    const night = '{"event":"SLEEP","user_id":475,"date":"2026-11-19","timestamp":"2026-11-20T06:00:00Z","url":"https://x.test"}';
    const range = { from: at("2026-11-19T00:00:00Z"), to: at("2026-11-19T00:00:00Z") + DAY_MS };
    expect(changes(night)).toEqual(
      ["sleep", "nightly-recharge"].map((resource) => ({ userId: "475", resource, operation: "upsert", range, object: "2026-11-19" })),
    );
    expect(changes(night.replace("SLEEP", "SLEEP_WISE_ALERTNESS"))).toEqual([]);
    expect(changes('{"event":"PHYSICAL_INFORMATION","user_id":475,"timestamp":"2026-11-20T06:00:00Z"}')).toEqual([
      { userId: "475", resource: "physical-info", operation: "upsert", range: { from: told, to: told + 1 } },
    ]);
  });

  it.each(["", "{}", VECTOR.body.replace("aQlC83", "../users"), VECTOR.body.replace("2026-11-20T06:00:00Z", "soon")])(
    "refuses the body %j",
    (body) => {
      expect(() => changes(body)).toThrow(expect.objectContaining({ code: "malformed" }));
    },
  );
});
