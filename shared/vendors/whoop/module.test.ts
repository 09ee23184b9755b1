import { describe, expect, it } from "vitest";
import { DAY_MS } from "../../clock";
import { assertAnyOrder, assertNeverThrows, dailyValues, hookCall, hookSecrets, readOne, unannounced, VECTOR_NOW } from "../page.fixture";
import { WHOOP_VENDOR } from "./descriptor";
import { RECORDS } from "./fixtures";
import { WHOOP_HOOK } from "./hook";
import { WHOOP_MODULE } from "./module";

const page = (records: readonly unknown[], next_token?: string) => ({ records, ...(next_token === undefined ? {} : { next_token }) });
const read = (resource: string, ...records: readonly unknown[]) => readOne(WHOOP_MODULE, resource, page(records));
const RESOURCES = Object.keys(WHOOP_VENDOR.resources);
const LISTS = RESOURCES.filter((resource) => resource !== "body_measurement");

describe("records of WHOOP become canonical", () => {
  it("reads a recovery as values of the morning, with WHOOP's own version and the night's id", () => {
    const { batch } = read("recovery", RECORDS["recovery"]);
    expect(dailyValues(batch)).toEqual({ "score.recovery": 66, resting_heart_rate: 51, hrv_rmssd: 62.375, spo2: 96.5, skin_temp: 33.9 });
    const night = `recovery/${String(RECORDS["recovery"]?.["sleep_id"])}`;
    expect(new Set(batch.readings.map(({ date, id, version }) => `${date} ${id} ${version}`))).toEqual(
      new Set([`2026-06-22 ${night} ${Date.parse("2026-06-22T05:20:00Z")}`]),
    );
  });

  it("marks a recovery while WHOOP still learns the person", () => {
    const { score, ...rest } = RECORDS["recovery"] ?? {};
    const { batch } = read("recovery", { ...rest, score: { ...(score as object), user_calibrating: true } });
    expect(batch.readings[0]?.attributes).toEqual({ rangeMin: 0, rangeMax: 100, calibrating: true });
  });

  it("reads a night with its sums in minutes, which have no times of their own", () => {
    const { batch } = read("sleep", RECORDS["sleep"]);
    expect(batch.sleepSessions).toMatchObject([
      {
        start: Date.parse("2026-06-21T21:00:00Z"),
        end: Date.parse("2026-06-22T05:00:00Z"),
        zone: 7200,
        date: "2026-06-22",
        nap: false,
        stages: [],
      },
    ]);
    expect(batch.sleepSessions[0]?.attributes).toMatchObject({
      cycles: 5,
      disturbances: 7,
      minutes: { inBed: 480, noData: 1 },
      neededMinutes: { baseline: 450, fromDebt: 10, fromStrain: 5, fromNaps: 0 },
    });
    expect(dailyValues(batch)).toEqual({
      sleep_duration: 449,
      sleep_light: 240,
      sleep_deep: 90,
      sleep_rem: 119,
      sleep_awake: 30,
      time_in_bed: 480,
      sleep_efficiency: 93.5,
      respiratory_rate: 15.25,
      "score.sleep": 91,
    });
  });

  it("lets a nap say nothing of the night", () => {
    const { batch } = read("sleep", { ...RECORDS["sleep"], nap: true });
    expect([batch.sleepSessions[0]?.nap, batch.readings]).toEqual([true, []]);
  });

  it("converts kilojoules, and names a day by its waking part", () => {
    const { batch } = read("cycle", RECORDS["cycle"]);
    expect(dailyValues(batch)).toEqual({ "score.strain": 13.2, energy_total: 2500, heart_rate: 68 });
    expect(new Set(batch.readings.map(({ date }) => date))).toEqual(new Set(["2026-06-22"]));
    expect(batch.readings.find(({ metric }) => metric === "heart_rate")?.attributes).toEqual({ statistic: "mean", max: 176 });
  });

  it("reads a running cycle, which has no end, as open", () => {
    const { end: _, ...running } = RECORDS["cycle"] ?? {};
    expect(read("cycle", running).batch.readings.map(({ attributes }) => attributes?.["open"])).toEqual([true, true, true]);
    expect(read("cycle", { ...running, score_state: "PENDING_SCORE", score: undefined }).outcome.rejected).toEqual({ pending_score: 1 });
  });

  it("reads a workout with totals in canonical units", () => {
    expect(read("workout", RECORDS["workout"]).batch.workouts).toMatchObject([
      {
        type: "running",
        totals: {
          energy_total: 500,
          heart_rate_mean: 148,
          heart_rate_max: 176,
          distance_walk_run: 9800,
          elevation_gain: 85,
          "score.strain": 11.5,
        },
        attributes: { zonesS: { zero: 0, one: 600, two: 3000 } },
      },
    ]);
  });

  it("reads height and weight as what the profile says today", () => {
    const { batch } = readOne(WHOOP_MODULE, "body_measurement", RECORDS["body_measurement"]);
    expect(dailyValues(batch)).toEqual({ body_weight: 75.5, body_height: 178 });
    expect(batch.readings[0]).toMatchObject({ date: "2026-11-20", attributes: { from: "profile" } });
  });

  it.each(["PENDING_SCORE", "UNSCORABLE"])(
    "takes no score from a record that is %s, but the night and the workout themselves",
    (score_state) => {
      const reason = score_state === "UNSCORABLE" ? "unscorable" : "pending_score";
      for (const resource of ["recovery", "cycle"])
        expect(read(resource, { ...RECORDS[resource], score_state }).outcome.rejected).toEqual({ [reason]: 1 });
      const night = read("sleep", { ...RECORDS["sleep"], score_state }).batch;
      expect([night.sleepSessions.length, night.readings]).toEqual([1, []]);
      expect(read("workout", { ...RECORDS["workout"], score_state, score: undefined }).batch.workouts).toMatchObject([{ totals: {} }]);
    },
  );

  it.each(RESOURCES)("brings what %s announces, and nothing else", (resource) => {
    const { outcome, batch } = readOne(WHOOP_MODULE, resource, RECORDS[resource]);
    expect(outcome).toMatchObject({ read: 1, rejected: {} });
    expect(unannounced(WHOOP_MODULE, resource, batch)).toEqual([]);
  });
});

describe("whatever WHOOP sends", () => {
  it.each(LISTS)("%s says the same in any order of pages", (resource) => {
    const one = RECORDS[resource] ?? {};
    const other = {
      ...one,
      id: "other-2",
      sleep_id: "other-2",
      start: "2026-06-23T21:00:00Z",
      end: "2026-06-24T05:00:00Z",
      created_at: "2026-06-24T05:00:00Z",
    };
    assertAnyOrder(WHOOP_MODULE, resource, [page([one]), page([other]), page([other, one])]);
  });

  it.each(LISTS)("%s never throws over a record", (resource) => assertNeverThrows(WHOOP_MODULE, resource, [RECORDS[resource] ?? {}], page));

  it("counts a broken score and a broken offset as malformed", () => {
    expect(read("recovery", { ...RECORDS["recovery"], score: "high" }).outcome.rejected).toEqual({ malformed: 1 });
    expect(read("sleep", { ...RECORDS["sleep"], timezone_offset: "CET" }).outcome.rejected).toEqual({ malformed: 1 });
  });

  it.each([
    ["a text", "down"],
    ["nothing", null],
    ["records that are none", { records: 5 }],
  ])("refuses %s as a page", (_, reply) => {
    expect(() => readOne(WHOOP_MODULE, "sleep", reply)).toThrow(expect.objectContaining({ code: "vendor_failed" }));
  });
});

describe("requests to WHOOP", () => {
  const range = { from: Date.parse("2026-06-22T00:00:00Z"), to: Date.parse("2026-06-29T00:00:00Z") };

  it("asks for 25 records at a time, from a day ahead, and spells the next page as a request does", () => {
    expect(WHOOP_MODULE.pageRequest("sleep", range, "n1")).toEqual({
      method: "GET",
      path: "/developer/v2/activity/sleep",
      query: { start: "2026-06-21T00:00:00.000Z", end: "2026-06-29T00:00:00.000Z", limit: "25", nextToken: "n1" },
    });
    expect(readOne(WHOOP_MODULE, "sleep", page([], "n1")).outcome.next).toBe("n1");
    expect(WHOOP_MODULE.pageRequest("workout", range, undefined, "u-1").path).toBe("/developer/v2/activity/workout/u-1");
  });

  it("always asks for a lasting permission, and again with every refresh", () => {
    expect(WHOOP_VENDOR.auth.baseScopes).toContain("offline");
    expect(WHOOP_MODULE.tokenParameters?.({ grant_type: "refresh_token", refresh_token: "r" }, hookSecrets().credentials)).toEqual({
      grant_type: "refresh_token",
      refresh_token: "r",
      scope: "offline",
    });
    expect(WHOOP_MODULE.tokenParameters?.({ grant_type: "authorization_code" }, hookSecrets().credentials)).toEqual({
      grant_type: "authorization_code",
    });
  });

  it("learns what is left of the app's limit", () => {
    const headers = new Headers({ "x-ratelimit-limit": "100", "x-ratelimit-remaining": "7", "x-ratelimit-reset": "21" });
    expect(WHOOP_MODULE.limitsOf?.(headers, VECTOR_NOW)).toEqual([{ scope: "app", left: 7, until: VECTOR_NOW + 21_000 }]);
    expect(WHOOP_MODULE.limitsOf?.(new Headers(), VECTOR_NOW)).toEqual([]);
  });

  it("knows the person by a number, and ends the permission", async () => {
    expect(WHOOP_MODULE.readIdentity({ user_id: 10129, email: "a@b" })).toEqual({ userId: "10129" });
    expect(() => WHOOP_MODULE.readIdentity({ user_id: null })).toThrow(expect.objectContaining({ code: "vendor_failed" }));
    const calls: unknown[] = [];
    await WHOOP_MODULE.revoke?.(
      { userId: "1" },
      { access: "a", refresh: "r" },
      hookSecrets().credentials,
      async (request) => calls.push(request),
      0,
    );
    expect(calls).toEqual([{ method: "DELETE", path: "/developer/v2/user/access" }]);
  });
});

const VECTOR = {
  body: '{"user_id":456,"id":"550e8400-e29b-41d4-a716-446655440000","type":"sleep.updated","trace_id":"e369c784-5100-49e8-8098-75d35c47b31b"}',
  ts: "1763618400000",
  sig: "0Ph5IHbRKqAwh3DpClWctXgeWWb2stAwJOysVa+XbN4=",
};

describe("webhooks of WHOOP", () => {
  const verify = (body: string, headers: Readonly<Record<string, string>>, now = VECTOR_NOW) =>
    WHOOP_HOOK.verify(hookCall(body, headers, { now }), hookSecrets());
  const good = { "x-whoop-signature": VECTOR.sig, "x-whoop-signature-timestamp": VECTOR.ts };

  it("believes a known answer, within five minutes of its time", async () => {
    expect(await verify(VECTOR.body, good)).toBe("genuine");
    expect(await verify(VECTOR.body, good, VECTOR_NOW + 301_000)).toBe("stale");
    expect(await verify(VECTOR.body, good, VECTOR_NOW - 301_000)).toBe("stale");
  });

  it.each([
    ["a changed byte", VECTOR.body.replace("456", "457"), good],
    ["another case", VECTOR.body, { ...good, "x-whoop-signature": VECTOR.sig.toLowerCase() }],
    ["hexadecimal digits", VECTOR.body, { ...good, "x-whoop-signature": Buffer.from(VECTOR.sig, "base64").toString("hex") }],
    ["base 64 without padding", VECTOR.body, { ...good, "x-whoop-signature": VECTOR.sig.slice(0, -1) }],
    ["seconds", VECTOR.body, { ...good, "x-whoop-signature-timestamp": "1763618400" }],
    ["no signature", VECTOR.body, { "x-whoop-signature-timestamp": VECTOR.ts }],
    ["no time", VECTOR.body, { "x-whoop-signature": VECTOR.sig }],
  ])("refuses %s", async (_, body, headers: Readonly<Record<string, string>>) => expect(await verify(body, headers)).toBe("forged"));

  const changes = (type: string) => WHOOP_HOOK.read(hookCall(VECTOR.body.replace("sleep.updated", type), {}), hookSecrets()).changes;

  it("reads which record changed or is gone; a recovery is the night's and found in its list", () => {
    const id = "550e8400-e29b-41d4-a716-446655440000";
    const range = { from: VECTOR_NOW, to: VECTOR_NOW + 1 };
    expect(changes("sleep.updated")).toEqual([{ userId: "456", resource: "sleep", operation: "upsert", range, object: id }]);
    expect(changes("workout.deleted")).toEqual([{ userId: "456", resource: "workout", operation: "delete", range, object: id }]);
    expect(changes("recovery.deleted")).toEqual([{ userId: "456", resource: "recovery", operation: "delete", range, object: id }]);
    expect(changes("recovery.updated")).toEqual([
      { userId: "456", resource: "recovery", operation: "upsert", range: { from: VECTOR_NOW - 14 * DAY_MS, to: VECTOR_NOW + DAY_MS } },
    ]);
    expect(WHOOP_MODULE.recordIds?.("recovery", id)).toEqual([`recovery/${id}`]);
  });

  it.each(["", "{}", "[]", VECTOR.body.replace("sleep.updated", "sleep"), VECTOR.body.replace("550e8400", "../x")])(
    "refuses the body %j",
    (body) => {
      expect(() => WHOOP_HOOK.read(hookCall(body, {}), hookSecrets())).toThrow(expect.objectContaining({ code: "malformed" }));
    },
  );
});
