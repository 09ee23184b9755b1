import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BatchBuilder } from "../../health/batch";
import { assertNeverThrows, DELIVERY, facts, hookCall, hookSecrets, unannounced, VECTOR_NOW } from "../page.fixture";
import { STRAVA_VENDOR } from "./descriptor";
import { DETAILED, FAULT, LISTED, STREAMS } from "./fixtures";
import { STRAVA_HOOK } from "./hook";
import { STRAVA_MODULE } from "./module";
import { STRAVA_SUBSCRIPTIONS } from "./subscriptions";

const START = Date.parse("2026-06-22T06:00:00Z");
const RANGE = { from: Date.parse("2026-06-01T00:00:00Z"), to: Date.parse("2026-06-30T00:00:00Z") };
const ID = String(LISTED.id);

function read(reply: unknown, page?: string) {
  const into = new BatchBuilder();
  const outcome = STRAVA_MODULE.readPage("activity", reply, into, { ...DELIVERY, ...(page !== undefined && { page }) });
  return { outcome, batch: into.take() };
}

/** Follows the tokens of a window with a made-up Strava, and says what was asked and what was stored, in order. */
function follow(replyTo: (path: string) => unknown, object?: string) {
  const asked: string[] = [];
  const batches: ReturnType<typeof read>["batch"][] = [];
  let page: string | undefined;
  do {
    const request = STRAVA_MODULE.pageRequest("activity", RANGE, page, object);
    asked.push(request.path);
    const { outcome, batch } = read(replyTo(request.path), page);
    batches.push(batch);
    page = outcome.next;
  } while (page !== undefined && asked.length < 50);
  return { asked, batches };
}

const strava = (path: string): unknown =>
  path.endsWith("/streams") ? STREAMS : path.endsWith("/athlete/activities") ? [LISTED] : DETAILED;

describe("an activity", () => {
  it("is read from the list, then with its details, then with its recordings", () => {
    const { asked, batches } = follow(strava);
    expect(asked).toEqual(["/api/v3/athlete/activities", `/api/v3/activities/${ID}`, `/api/v3/activities/${ID}/streams`]);
    const versions = batches.map(({ workouts }) => workouts.map(({ version }) => version));
    expect(versions).toEqual([[START], [START + 1], [DELIVERY.syncedAt]]);
    expect(batches.map(({ workouts }) => [workouts[0]?.totals["energy_active"], workouts[0]?.route?.length])).toEqual([
      [undefined, undefined],
      [702.5, undefined],
      [702.5, 3],
    ]);
    expect(unannounced(STRAVA_MODULE, "activity", batches[2]!)).toEqual([]);
  });

  it("has its times, sport, totals, laps, way and where to see it", () => {
    const whole = follow(strava, ID).batches.at(-1)!;
    expect(whole.sources).toEqual([
      { vendor: "strava", connection: DELIVERY.connection, deviceName: "Edge 540", recordingMethod: "active" },
    ]);
    expect(whole.workouts).toEqual([
      {
        source: 0,
        id: `activity/${ID}`,
        version: DELIVERY.syncedAt,
        start: START,
        end: START + 3_600_000,
        zone: 7200,
        type: "cycling",
        durationS: 3_500,
        totals: {
          energy_active: 702.5,
          distance_cycling: 30_050.4,
          elevation_gain: 210,
          speed_cycle_mean: 8.586,
          speed_cycle_max: 15.2,
          heart_rate_mean: 141.2,
          heart_rate_max: 169,
          power_cycle_mean: 180.5,
          power_cycle_max: 640,
          cadence_cycle_mean: 82.5,
        },
        laps: [{ start: START, end: START + 1_800_000, durationS: 1_750, totals: { distance_cycling: 15_000, heart_rate_mean: 138 } }],
        route: [
          [START, 52.5, 13.3, 34.2],
          [START + 1_000, 52.5001, 13.3001, 34.4],
          [START + 3_000, 52.5003, 13.3004, 34.8],
        ],
        attributes: {
          title: "Round the lake",
          viewUrl: `https://www.strava.com/activities/${ID}`,
          mechanicalWorkKj: 631.8,
          weightedPowerW: 195,
          isPowerMeasured: true,
          airTemperatureMeanC: 19,
          relativeEffort: 75,
          commute: true,
        },
      },
    ]);
    const values = Object.groupBy(facts(whole).numbers, ({ metric }) => metric);
    expect(
      Object.fromEntries(Object.entries(values).map(([key, rows]) => [key, rows?.map(({ start, value }) => [start - START, value])])),
    ).toEqual({
      heart_rate: [
        [0, 101],
        [3_000, 104],
      ],
      power_cycle: [
        [0, 0],
        [3_000, 210],
      ],
      speed_cycle: [
        [0, 0],
        [1_000, 4.2],
        [3_000, 8.1],
      ],
      cadence_cycle: [
        [0, 0],
        [1_000, 61],
        [3_000, 80],
      ],
    });
    expect(new Set(facts(whole).numbers.map(({ id }) => id))).toEqual(new Set([`activity/${ID}`]));
  });

  it("counts both feet of a run", () => {
    const run = { ...DETAILED, sport_type: "TrailRun", average_cadence: 80 };
    const [, whole] = follow((path) => (path.endsWith("/streams") ? STREAMS : run), ID).batches;
    expect(whole?.workouts[0]).toMatchObject({ type: "trail_running", totals: { cadence_run_mean: 160, distance_walk_run: 30_050.4 } });
    expect(
      facts(whole!)
        .numbers.filter(({ metric }) => metric === "cadence_run")
        .map(({ value }) => value),
    ).toEqual([0, 122, 160]);
  });

  it("that was typed in, or hides when it was, has no recordings to ask for", () => {
    for (const more of [{ manual: true }, { start_date_local: "2026-06-22T00:00:01Z" }]) {
      const { outcome, batch } = read({ ...DETAILED, ...more }, JSON.stringify({ ids: [ID] }));
      expect(outcome.next).toBeUndefined();
      expect(batch.workouts[0]?.version).toBe(DELIVERY.syncedAt);
    }
    expect(read({ ...DETAILED, manual: true }).batch.sources[0]?.recordingMethod).toBe("manual");
    expect(read({ ...DETAILED, start_date_local: "2026-06-22T00:00:01Z" }).batch.workouts[0]?.attributes).toMatchObject({
      startHidden: true,
    });
  });

  it("is whole without recordings where Strava has none", () => {
    const { batches } = follow((path) => (path.endsWith("/streams") ? FAULT : DETAILED), ID);
    expect(batches.at(-1)?.workouts[0]).toMatchObject({ version: DELIVERY.syncedAt, totals: { energy_active: 702.5 } });
    expect(STRAVA_MODULE.meaningOf?.(404, FAULT)).toEqual({ kind: "ok" });
    expect(STRAVA_MODULE.meaningOf?.(404, "nothing here")).toBeUndefined();
  });

  it("that went in the meantime is passed over, and the others are read", () => {
    const { outcome, batch } = read(FAULT, JSON.stringify({ ids: ["1", "2"], page: 3 }));
    expect(batch.workouts).toEqual([]);
    expect(JSON.parse(outcome.next ?? "")).toEqual({ ids: ["2"], page: 3 });
  });

  it.each([
    ["Ride", "cycling"],
    ["GravelRide", "cycling"],
    ["MountainBikeRide", "mountain_biking"],
    ["EMountainBikeRide", "e_biking"],
    ["AlpineSki", "downhill_skiing"],
    ["NordicSki", "cross_country_skiing"],
    ["WeightTraining", "traditional_strength_training"],
    ["Swim", "swimming"],
    ["Quidditch", "other"],
  ])("of the sport %s is %s", (sport_type, type) => {
    const [workout] = read({ ...DETAILED, sport_type }).batch.workouts;
    expect([workout?.type, workout?.vendorType]).toEqual([type, type === "other" ? sport_type : undefined]);
  });

  it("takes its old name of the sport where there is no new one", () =>
    expect(read([{ ...LISTED, sport_type: undefined }]).batch.workouts[0]?.type).toBe("cycling"));
});

describe("whatever Strava sends", () => {
  it("is counted and never thrown over", () => {
    assertNeverThrows(STRAVA_MODULE, "activity", [LISTED, DETAILED], (records) => records);
    fc.assert(
      fc.property(fc.record({ time: fc.anything(), heartrate: fc.anything(), latlng: fc.anything() }), (streams) => {
        const { outcome, batch } = read(streams, JSON.stringify({ streams: { ...DETAILED } }));
        return outcome.read === 1 && batch.workouts.length === 1;
      }),
    );
  });

  it.each(["down", 5, null])("refuses %j as a page", (reply) =>
    expect(() => read(reply)).toThrow(expect.objectContaining({ code: "vendor_failed" })),
  );

  it("begins at the first page where its token is none of ours", () =>
    expect(STRAVA_MODULE.pageRequest("activity", RANGE, "{").query?.["page"]).toBe("1"));
});

describe("requests to Strava", () => {
  it("ask for a range in whole seconds with both ends in it, until a page is not full", () => {
    expect(STRAVA_MODULE.pageRequest("activity", { from: RANGE.from, to: RANGE.to - 1 }, undefined)).toEqual({
      method: "GET",
      path: "/api/v3/athlete/activities",
      query: { after: String(RANGE.from / 1000 - 1), before: String(RANGE.to / 1000), page: "1", per_page: "30" },
    });
    const full = Array.from({ length: 30 }, (_, i) => ({ ...LISTED, id: i + 1 }));
    const next = JSON.parse(read(full).outcome.next ?? "") as { page: number; ids: string[] };
    expect([next.page, next.ids.length]).toEqual([2, 30]);
    expect(STRAVA_MODULE.pageRequest("activity", RANGE, JSON.stringify({ page: 2 })).query?.["page"]).toBe("2");
    expect(read([]).outcome.next).toBeUndefined();
  });

  it("learn the tighter of the two limits, which end with the quarter of an hour and the day", () => {
    const now = Date.parse("2026-06-22T10:07:30Z");
    const headers = new Headers({
      "x-ratelimit-limit": "200,2000",
      "x-ratelimit-usage": "150,300",
      "x-readratelimit-limit": "100,1000",
      "x-readratelimit-usage": "99,1001",
    });
    expect(STRAVA_MODULE.limitsOf?.(headers, now)).toEqual([
      { scope: "app", left: 1, until: Date.parse("2026-06-22T10:15:00Z") },
      { scope: "app_day", left: 0, until: Date.parse("2026-06-23T00:00:00Z") },
    ]);
    expect(STRAVA_MODULE.limitsOf?.(new Headers({ "x-ratelimit-limit": "200", "x-ratelimit-usage": "a,b" }), now)).toEqual([]);
  });

  it("know the athlete from the reply with the tokens, and end the permission", async () => {
    expect(STRAVA_MODULE.readIdentity({ access_token: "a", athlete: { id: 4711 } })).toEqual({ userId: "4711" });
    expect(() => STRAVA_MODULE.readIdentity({ access_token: "a" })).toThrow(expect.objectContaining({ code: "vendor_failed" }));
    const calls: unknown[] = [];
    const isEnded = await STRAVA_MODULE.revoke?.(
      { userId: "4711" },
      { access: "a", refresh: "r" },
      hookSecrets().credentials,
      async (request) => calls.push(request),
      0,
    );
    expect(isEnded).toBe(true);
    expect(calls).toMatchObject([{ method: "POST", host: "token", path: "/oauth/revoke", form: { token: "a", client_id: "test-client" } }]);
  });

  it("keep the one subscription that an app may have", () => {
    const { credentials } = hookSecrets();
    const url = "https://m.test/hooks/strava/s";
    expect(STRAVA_SUBSCRIPTIONS.create(credentials, "events", url, "t")).toEqual({
      method: "POST",
      path: "/api/v3/push_subscriptions",
      form: { client_id: "test-client", client_secret: "test-client-secret", callback_url: url, verify_token: "t" },
      auth: "none",
    });
    expect(STRAVA_SUBSCRIPTIONS.readCreated({ id: 7 }, "events", url)).toEqual({ id: "7", key: "events", url });
    expect(STRAVA_SUBSCRIPTIONS.readCreated({ message: "Bad Request" }, "events", url)).toBeUndefined();
    expect(STRAVA_SUBSCRIPTIONS.readList([{ id: 7, callback_url: url }])).toEqual([{ id: "7", key: "events", url }]);
    expect(() => STRAVA_SUBSCRIPTIONS.readList({})).toThrow(expect.objectContaining({ code: "vendor_failed" }));
    expect(STRAVA_SUBSCRIPTIONS.remove(credentials, { id: "7", key: "events", url })).toMatchObject({
      method: "DELETE",
      path: "/api/v3/push_subscriptions/7",
    });
  });
});

const EVENT = {
  aspect_type: "create",
  event_time: VECTOR_NOW / 1000,
  object_id: 1_360_128_428,
  object_type: "activity",
  owner_id: 134_815,
  subscription_id: 120_475,
  updates: {},
};
const SIGNATURE = `t=${VECTOR_NOW / 1000},v1=f25d253b1abf859525be8477644db2cff54695fbb4f5bf93d87417c3992bc32f`;
const SECRETS = hookSecrets({ subscriptionIds: ["120475"] });

describe("webhooks of Strava", () => {
  const call = (event: unknown, headers: Readonly<Record<string, string>> = {}) => hookCall(JSON.stringify(event), headers);
  const verify = (event: unknown, headers: Readonly<Record<string, string>> = {}, secrets = SECRETS) =>
    STRAVA_HOOK.verify(call(event, headers), secrets);

  it("are believed for our own subscription alone", async () => {
    expect(await verify(EVENT)).toBe("genuine");
    expect(await verify({ ...EVENT, subscription_id: 120_476 })).toBe("forged");
    expect(await verify(EVENT, {}, hookSecrets())).toBe("forged");
  });

  it("are checked by their signature where they have one", async () => {
    expect(await verify(EVENT, { "x-strava-signature": SIGNATURE })).toBe("genuine");
    expect(await verify({ ...EVENT, object_id: 1 }, { "x-strava-signature": SIGNATURE })).toBe("forged");
    const late = { ...call(EVENT, { "x-strava-signature": SIGNATURE }), now: VECTOR_NOW + 301_000 };
    expect(await STRAVA_HOOK.verify(late, SECRETS)).toBe("stale");
  });

  it.each([
    ["create", "upsert"],
    ["update", "upsert"],
    ["delete", "delete"],
  ])("tell of an activity's %s", (aspect_type, operation) => {
    const range = { from: VECTOR_NOW, to: VECTOR_NOW + 1 };
    expect(STRAVA_HOOK.read(call({ ...EVENT, aspect_type }), SECRETS)).toEqual({
      changes: [{ userId: "134815", resource: "activity", operation, range, object: "1360128428" }],
    });
    expect(STRAVA_MODULE.recordIds?.("activity", "1360128428")).toEqual(["activity/1360128428"]);
  });

  it("tell of an athlete who took back the permission", () => {
    const left = { ...EVENT, object_type: "athlete", object_id: 134_815, aspect_type: "update" };
    for (const authorized of ["false", false])
      expect(STRAVA_HOOK.read(call({ ...left, updates: { authorized } }), SECRETS)).toEqual({ changes: [], ended: ["134815"] });
    expect(STRAVA_HOOK.read(call({ ...left, updates: { weight: "70" } }), SECRETS)).toEqual({ changes: [] });
  });

  it.each([[], "x", { ...EVENT, object_id: "a/b" }, { ...EVENT, event_time: -1 }, { ...EVENT, object_type: "club" }])(
    "that say %j are refused",
    (body) => expect(() => STRAVA_HOOK.read(call(body), SECRETS)).toThrow(expect.objectContaining({ code: "malformed" })),
  );

  it("answer a challenge with our token, and nobody else's", () => {
    const ask = (query: string) => STRAVA_HOOK.handshake?.(hookCall("", {}, { method: "GET", query }), SECRETS);
    const ours = `hub.mode=subscribe&hub.verify_token=${SECRETS.pathSecret}`;
    expect(ask(`${ours}&hub.challenge=15f7`)).toEqual({ status: 200, body: { "hub.challenge": "15f7" } });
    for (const query of [
      "",
      ours,
      "hub.mode=subscribe&hub.verify_token=other&hub.challenge=15f7",
      `${ours.replace("subscribe", "x")}&hub.challenge=1`,
    ])
      expect(ask(query)).toEqual({ status: 403 });
    expect(STRAVA_HOOK.handshake?.(call(EVENT), SECRETS)).toBeUndefined();
  });
});

it("says what Strava demands of whoever shows its data", () =>
  expect(STRAVA_VENDOR.policy).toEqual({
    byoRequired: true,
    noAi: true,
    ownDataOnly: true,
    mostPeople: 10,
    attribution: "Powered by Strava",
  }));
