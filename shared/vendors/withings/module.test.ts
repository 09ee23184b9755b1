import { describe, expect, it } from "vitest";
import { BatchBuilder } from "../../health/batch";
import { readEcg } from "../../health/ecg";
import { ZONE_UNKNOWN } from "../../health/reading";
import { DAY_MS } from "../../clock";
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
import type { VendorRequest } from "../vendor";
import { ACTIVITY, GROUP, HEART, INTRADAY, reply, SEGMENTS, SIGNAL, SUMMARY, WORKOUT } from "./fixtures";
import { WITHINGS_HOOK } from "./hook";
import { WITHINGS_MODULE } from "./module";

const AT = Date.parse("2026-06-22T06:30:00Z");
const groups = (...measuregrps: readonly unknown[]) => reply({ timezone: "Europe/Berlin", measuregrps });
const measured = (type: number, value: number, unit = 0, rest: object = {}) =>
  readOne(WITHINGS_MODULE, "measures", groups({ ...GROUP, measures: [{ type, value, unit }], ...rest })).batch;

/** Reads pages as the generic code does: each with the token that the page before it gave. */
function chain(resource: string, replies: readonly unknown[]) {
  const into = new BatchBuilder();
  let page: string | undefined;
  const requests: VendorRequest[] = [];
  const outcomes = replies.map((one) => {
    requests.push(WITHINGS_MODULE.pageRequest(resource, { from: AT - DAY_MS, to: AT + DAY_MS }, page));
    const outcome = WITHINGS_MODULE.readPage(resource, one, into, { ...DELIVERY, ...(page === undefined ? {} : { page }) });
    page = outcome.next;
    return outcome;
  });
  return { requests, outcomes, batch: into.take(), left: page };
}

describe("measurements of Withings become canonical", () => {
  it.each([
    [1, 71_450, -3, "body_weight", 71.45],
    [4, 1825, -3, "body_height", 182.5],
    [5, 55_300, -3, "lean_mass", 55.3],
    [6, 2245, -2, "body_fat_pct", 22.45],
    [8, 16_100, -3, "fat_mass", 16.1],
    [11, 58, 0, "heart_rate", 58],
    [12, 367, -1, "body_temperature", 36.7],
    [54, 97, 0, "spo2", 97],
    [71, 3671, -2, "body_temperature", 36.71],
    [73, 334, -1, "skin_temp", 33.4],
    [76, 52_400, -3, "muscle_mass", 52.4],
    [77, 40_200, -3, "body_water_mass", 40.2],
    [88, 2800, -3, "bone_mass", 2.8],
    [91, 712, -2, "pulse_wave_velocity", 7.12],
    [123, 42, 0, "vo2_max", 42],
    [155, 38, 0, "vascular_age", 38],
    [168, 171, -1, "body_water_extracellular", 17.1],
    [169, 231, -1, "body_water_intracellular", 23.1],
    [170, 21, -1, "visceral_fat", 2.1],
    [226, 16, 2, "bmr", 1600],
    [227, 35, 0, "metabolic_age", 35],
  ])("type %d: %d × 10^%d is %s %d", (type, value, unit, metric, canonical) => {
    const [row] = facts(measured(type, value, unit)).numbers;
    expect(row).toEqual({
      metric,
      kind: "sample",
      start: AT,
      end: AT,
      value: canonical,
      zone: 7200,
      version: AT + 30_000,
      id: "measures/7001",
    });
  });

  it("makes one panel of a blood pressure and leaves the pulse a heart rate", () => {
    const measures = [
      { type: 9, value: 78, unit: 0 },
      { type: 10, value: 121, unit: 0 },
      { type: 11, value: 60, unit: 0 },
    ];
    const { batch } = readOne(WITHINGS_MODULE, "measures", groups({ ...GROUP, model: "BPM Connect", measures }));
    expect(batch.readings).toMatchObject([{ metric: "blood_pressure", value: null, components: { systolic: 121, diastolic: 78 } }]);
    expect(facts(batch).numbers.map(({ metric, value }) => [metric, value])).toEqual([["heart_rate", 60]]);
    expect(batch.sources[0]).toMatchObject({ deviceType: "blood_pressure_monitor", deviceName: "BPM Connect" });
    expect(measured(10, 121).quarantined).toMatchObject([{ metric: "blood_pressure", value: 121, reason: "half_a_panel" }]);
  });

  it.each([
    [130, "ecg"],
    [139, "ppg"],
  ])("tells an irregular rhythm where type %d is positive, and nothing where it is not", (type, method) => {
    expect(measured(type, 1).readings).toMatchObject([{ metric: "event.irregular_rhythm", kind: "event", attributes: { method } }]);
    expect(measured(type, 0).readings).toEqual([]);
    expect(measured(type, 2).readings).toEqual([]);
  });

  it("keeps the intervals of an electrocardiogram with it", () => {
    const measures = [130, 135, 136, 137, 138].map((type, i) => ({ type, value: i === 0 ? 0 : 90 + i, unit: 0 }));
    const { batch } = readOne(WITHINGS_MODULE, "measures", groups({ ...GROUP, measures }));
    expect(batch.readings).toMatchObject([
      { metric: "ecg", attributes: { qrsMs: 91, prMs: 92, qtMs: 93, qtcMs: 94, afib: "negative" }, id: "measures/7001" },
    ]);
  });

  it.each([167, 173, 174, 175, 196, 229, 18])("keeps type %d, which has no metric, apart under the vendor's number", (type) => {
    expect(measured(type, 5).quarantined).toMatchObject([{ metric: `withings.${type}`, value: 5, reason: "no_metric" }]);
  });

  it("takes no goals for measurements", () => {
    const { outcome, batch } = readOne(WITHINGS_MODULE, "measures", groups({ ...GROUP, category: 2 }));
    expect([outcome.rejected, facts(batch).numbers]).toEqual([{ goal: 1 }, []]);
  });

  it.each([
    [0, "automatic", undefined],
    [8, "automatic", undefined],
    [2, "manual", undefined],
    [4, "manual", "entered_at_sign_up"],
    [5, "automatic", "best_of_several"],
    [7, "automatic", "confirmed_by_person"],
    [15, "active", "guided_conditions"],
  ])("takes attribution %d as %s", (attrib, method, note) => {
    const batch = measured(1, 70, 0, { attrib });
    expect(batch.sources[0]?.recordingMethod).toBe(method);
    expect(batch.readings[0]?.attributes).toEqual(note === undefined ? undefined : { attribution: note });
    expect(batch.readings.length + batch.series.length).toBe(1);
  });

  it("keeps apart what somebody else may have weighed", () => {
    const batch = measured(1, 70, 0, { attrib: 1 });
    expect(batch.series).toEqual([]);
    expect(batch.quarantined).toMatchObject([{ metric: "body_weight", value: 70, reason: "ambiguous_person" }]);
  });

  it("reads the zone of the reply, and none where it is no zone", () => {
    const zoneOf = (timezone: unknown) =>
      facts(readOne(WITHINGS_MODULE, "measures", reply({ timezone, measuregrps: [GROUP] })).batch).numbers[0]?.zone;
    expect(zoneOf("America/New_York")).toBe(-14_400);
    expect(zoneOf("Nowhere/Land")).toBe(ZONE_UNKNOWN);
    expect(zoneOf(undefined)).toBe(ZONE_UNKNOWN);
  });
});

describe("activity of Withings becomes canonical", () => {
  it("is a day's sums, with floors for elevation", () => {
    const { outcome, batch } = readOne(WITHINGS_MODULE, "activity", reply({ activities: [ACTIVITY], more: true, offset: 200 }));
    expect(dailyValues(batch)).toEqual({
      steps: 8123,
      distance_walk_run: 6210.5,
      floors: 9,
      energy_active: 412.5,
      energy_total: 2105.25,
      moderate_minutes: 30,
      vigorous_minutes: 10,
      heart_rate: 74,
    });
    expect(batch.readings.find(({ metric }) => metric === "heart_rate")?.attributes).toEqual({
      min: 48,
      max: 151,
      zonesS: { light: 900, moderate: 300 },
    });
    expect(batch.readings.find(({ metric }) => metric === "moderate_minutes")?.attributes).toEqual({ lightMinutes: 60 });
    expect(WITHINGS_MODULE.pageRequest("activity", { from: AT, to: AT }, outcome.next).form).toMatchObject({ offset: "200" });
  });

  it("names no maker for trackers that Withings only reads", () => {
    const { batch } = readOne(WITHINGS_MODULE, "activity", reply({ activities: [{ ...ACTIVITY, brand: 18, model: "GoogleFit tracker" }] }));
    expect(batch.sources[0]).not.toHaveProperty("deviceManufacturer");
    expect(batch.sources[0]?.deviceType).toBe("phone");
  });

  it("is intervals and samples within a day", () => {
    const { outcome, batch } = readOne(WITHINGS_MODULE, "intraday", reply({ series: INTRADAY }));
    expect(outcome).toMatchObject({ read: 2, rejected: {} });
    const rows = facts(batch).numbers.map(({ metric, kind, start, end, value }) => [metric, kind, start - AT, end - AT, value]);
    expect(rows.toSorted()).toEqual(
      [
        ["steps", "interval", 0, 60_000, 88],
        ["floors", "interval", 0, 60_000, 1],
        ["energy_active", "interval", 0, 60_000, 4.5],
        ["distance_walk_run", "interval", 0, 60_000, 64.2],
        ["heart_rate", "sample", 60_000, 60_000, 66],
        ["spo2", "sample", 60_000, 60_000, 97],
        ["hrv_rmssd", "sample", 60_000, 60_000, 41],
        ["body_temperature", "sample", 60_000, 60_000, 37.1],
        ["respiratory_rate", "sample", 60_000, 60_000, 15],
      ].toSorted(),
    );
    expect(batch.readings).toMatchObject([{ metric: "hrv_sdnn", value: 52, attributes: { windowS: 60 } }]);
    expect(readOne(WITHINGS_MODULE, "intraday", reply({ series: [] })).outcome).toEqual({ read: 0, rejected: {} });
  });

  it("is workouts with the distance of their sport, floors and pauses", () => {
    const [workout] = readOne(WITHINGS_MODULE, "workouts", reply({ series: [WORKOUT] })).batch.workouts;
    expect(workout).toMatchObject({
      id: "workouts/9001",
      start: AT,
      end: AT + 1_800_000,
      zone: 7200,
      type: "running",
      durationS: 1740,
      totals: {
        energy_active: 310,
        distance_walk_run: 5020,
        steps: 4800,
        floors: 3,
        heart_rate_mean: 142,
        heart_rate_min: 95,
        heart_rate_max: 171,
      },
      attributes: { attribution: "confirmed_by_person", intensity: 70, spo2Mean: 96, zonesS: { maximal: 120 } },
    });
    const swim = { ...WORKOUT, category: 7, data: { strokes: 400, pool_laps: 40, pool_length: 25, hr_average: 0 } };
    expect(readOne(WITHINGS_MODULE, "workouts", reply({ series: [swim] })).batch.workouts[0]).toMatchObject({
      type: "swimming",
      totals: { swim_strokes: 400 },
      attributes: { poolLaps: 40, poolLengthM: 25 },
    });
  });

  it.each([
    [1, "walking", undefined],
    [6, "cycling", undefined],
    [16, "traditional_strength_training", undefined],
    [306, "treadmill_walking", undefined],
    [5, "other", "bmx"],
    [555, "other", "public_speaking"],
    [9999, "other", "withings_9999"],
  ])("knows workout category %d as %s", (category, type, vendorType) => {
    const [workout] = readOne(WITHINGS_MODULE, "workouts", reply({ series: [{ ...WORKOUT, category }] })).batch.workouts;
    expect([workout?.type, workout?.vendorType]).toEqual([type, vendorType]);
  });
});

describe("nights of Withings", () => {
  it("come as figures first, then with their stages in a call of their own", () => {
    const { requests, outcomes, batch, left } = chain("sleep", [reply({ series: [SUMMARY], more: false }), reply({ series: SEGMENTS })]);
    expect(requests.map(({ form }) => [form?.["action"], form?.["startdate"], form?.["enddate"]])).toEqual([
      ["getsummary", undefined, undefined],
      ["get", String(AT / 1000 - 28_800), String(AT / 1000)],
    ]);
    expect(outcomes.map(({ read, rejected }) => [read, rejected])).toEqual([
      [1, {}],
      [5, {}],
    ]);
    expect(left).toBeUndefined();
    expect(batch.sleepStretches).toEqual([]);
    expect(batch.sleepSessions).toMatchObject([
      {
        id: "sleep/5001",
        start: AT - 28_800_000,
        end: AT,
        zone: 7200,
        date: "2026-06-22",
        version: AT + 900_000,
        attributes: { sleep_efficiency: 90.625 },
      },
    ]);
    expect(batch.sleepSessions[0]?.stages.map(({ stage, start, end }) => [stage, (end - start) / 1000])).toEqual([
      ["awake", 900],
      ["light", 14_100],
      ["deep", 6000],
      ["rem", 7500],
      ["out_of_bed", 300],
    ]);
    expect(dailyValues(batch)).toMatchObject({ "score.sleep": 82, sleep_hr_min: 48, respiratory_rate: 14, breathing_disturbance: 12 });
    expect(dailyValues(batch)).not.toHaveProperty("sleep_duration");
    expect(facts(batch).numbers.map(({ metric, value }) => [metric, value])).toEqual([
      ["heart_rate", 61],
      ["hrv_rmssd", 44],
      ["respiratory_rate", 14],
    ]);
    expect(batch.readings.find(({ metric }) => metric === "hrv_sdnn")?.attributes).toEqual({ windowS: 60 });
  });

  it("keep their own sums where no stages come", () => {
    const { batch } = chain("sleep", [reply({ series: [SUMMARY] }), reply({ series: [] })]);
    expect(dailyValues(batch)).toMatchObject({
      time_in_bed: 480,
      sleep_duration: 435,
      sleep_light: 240,
      sleep_deep: 105,
      sleep_rem: 90,
      sleep_awake: 25,
      sleep_latency: 15,
      sleep_efficiency: 90.625,
      awakenings: 3,
    });
    expect(batch.sleepSessions[0]?.stages).toEqual([]);
  });

  it("are asked for a week at a time, and the list goes on behind them", () => {
    const days = 14;
    const series = Array.from({ length: days }, (_, i) => ({
      ...SUMMARY,
      id: i,
      startdate: SUMMARY.startdate - i * 86_400,
      enddate: SUMMARY.enddate - i * 86_400,
    }));
    const { requests, batch, left } = chain("sleep", [
      reply({ series, more: true, offset: 14 }),
      reply({ series: [] }),
      reply({ series: [] }),
      reply({ series: [] }),
    ]);
    for (const { form } of requests.slice(1))
      expect(Number(form?.["enddate"]) - Number(form?.["startdate"])).toBeLessThanOrEqual(7 * 86_400);
    expect(batch.sleepSessions.length).toBe(days);
    expect(WITHINGS_MODULE.pageRequest("sleep", { from: AT, to: AT }, left).form).toMatchObject({ action: "getsummary", offset: "14" });
  });

  it("are put together by the vault where stages come without a summary", () => {
    const { batch } = readOne(WITHINGS_MODULE, "sleep", reply({ series: SEGMENTS }));
    expect(batch.sleepSessions).toEqual([]);
    expect(batch.sleepStretches.map(({ stage }) => stage)).toEqual(["awake", "light", "deep", "rem", "out_of_bed"]);
  });
});

describe("electrocardiograms of Withings", () => {
  it("are listed, then read one by one with their signal", () => {
    const list = reply({ series: [HEART, { ...HEART, ecg: { signalid: 34, afib: 1 }, timestamp: HEART.timestamp + 60 }], more: false });
    const { requests, batch, left } = chain("heart", [list, reply(SIGNAL), reply(SIGNAL)]);
    expect(requests.map(({ form }) => [form?.["action"], form?.["signalid"]])).toEqual([
      ["list", undefined],
      ["get", "33"],
      ["get", "34"],
    ]);
    expect(left).toBeUndefined();
    expect(batch.readings.map(({ id, start, end, attributes }) => [id, start - AT, end - start, attributes?.["afib"]])).toEqual([
      ["heart/33", 0, 20, "negative"],
      ["heart/34", 60_000, 20, "positive"],
    ]);
    expect(readEcg(batch.readings[0]?.attributes ?? {})).toMatchObject({ samplingHz: 300, samplesUv: SIGNAL.signal, averageHeartRate: 62 });
    expect(batch.sources[0]).toMatchObject({ recordingMethod: "active", deviceName: "ScanWatch 2" });
  });
});

const PAGES: readonly (readonly [string, readonly object[], (records: readonly unknown[]) => unknown])[] = [
  ["measures", [GROUP], (records) => groups(...records)],
  ["activity", [ACTIVITY], (records) => reply({ activities: records })],
  ["workouts", [WORKOUT], (records) => reply({ series: records })],
  ["sleep", [SUMMARY, ...SEGMENTS], (records) => reply({ series: records })],
  ["heart", [HEART], (records) => reply({ series: records })],
];

describe.each(PAGES)("pages of %s", (resource, records, wrap) => {
  it("say the same in any order", () => {
    assertAnyOrder(
      WITHINGS_MODULE,
      resource,
      records.map((record) => wrap([record])),
    );
  });

  it("are read whatever a record holds", () => assertNeverThrows(WITHINGS_MODULE, resource, records, wrap));

  it("bring what the resource announces", () => {
    for (const record of records)
      expect(unannounced(WITHINGS_MODULE, resource, readOne(WITHINGS_MODULE, resource, wrap([record])).batch)).toEqual([]);
  });
});

describe("replies of Withings", () => {
  it.each([
    [0, { kind: "ok" }],
    [601, { kind: "limited" }],
    [401, { kind: "unauthorized" }],
    [100, { kind: "unauthorized" }],
    [2555, { kind: "forbidden" }],
    [2553, { kind: "forbidden" }],
    [214, { kind: "forbidden" }],
    [277, { kind: "forbidden" }],
    [2554, { kind: "rejected", error: "not_implemented" }],
    [503, { kind: "rejected", error: "invalid_params" }],
    [293, { kind: "rejected", error: "invalid_params" }],
    [522, { kind: "down" }],
    [524, { kind: "down" }],
    [215, { kind: "down" }],
    [10_000, { kind: "down" }],
  ])("of status %d mean %j", (status, meaning) => expect(WITHINGS_MODULE.meaningOf?.(200, { status, body: {} })).toEqual(meaning));

  it("say that a code or a permission is over in the words of the error", () => {
    for (const what of ["code", "refresh_token"])
      expect(WITHINGS_MODULE.meaningOf?.(200, { status: 503, body: {}, error: `Invalid Params: invalid ${what}` })).toEqual({
        kind: "rejected",
        error: "invalid_grant",
      });
  });

  it("leave other statuses of HTTP to the generic reading", () => {
    expect(WITHINGS_MODULE.meaningOf?.(503, { status: 0 })).toBeUndefined();
    expect(WITHINGS_MODULE.meaningOf?.(200, "<html>")).toEqual({ kind: "down" });
  });

  it.each([undefined, "down", {}, { status: 0 }, { status: 0, body: [] }])("%j is no page", (body) => {
    expect(() => WITHINGS_MODULE.readPage("measures", body, new BatchBuilder(), DELIVERY)).toThrow(
      expect.objectContaining({ code: "vendor_failed" }),
    );
  });

  it("wrap the tokens, and name the person there", () => {
    const tokens = WITHINGS_MODULE.tokenReply?.(
      reply({ userid: 123, access_token: "a", refresh_token: "r", expires_in: 10_800, scope: "user.metrics" }),
    );
    expect(tokens).toMatchObject({ access_token: "a" });
    expect(WITHINGS_MODULE.readIdentity(tokens)).toEqual({ userId: "123" });
    expect(() => WITHINGS_MODULE.readIdentity({})).toThrow(expect.objectContaining({ code: "vendor_failed" }));
  });
});

describe("calls to Withings", () => {
  it("are forms that name their action, with real measurements alone", () => {
    const range = { from: AT, to: AT + DAY_MS };
    const forms = Object.keys(WITHINGS_MODULE.vendor.resources).map((resource) => WITHINGS_MODULE.pageRequest(resource, range, undefined));
    expect(forms.every(({ method, form, body }) => method === "POST" && form?.["action"] !== undefined && body === undefined)).toBe(true);
    expect(forms[0]?.form).toEqual({ action: "getmeas", category: "1", startdate: String(AT / 1000), enddate: String(AT / 1000 + 86_400) });
    expect(WITHINGS_MODULE.tokenParameters?.({ grant_type: "refresh_token" }, hookSecrets().credentials)).toEqual({
      action: "requesttoken",
      grant_type: "refresh_token",
    });
  });

  it("never ask for more than a day of intraday values", () => {
    const { form } = WITHINGS_MODULE.pageRequest("intraday", { from: AT, to: AT + 3 * DAY_MS }, undefined);
    expect(Number(form?.["enddate"]) - Number(form?.["startdate"])).toBe(86_400);
  });

  it("subscribe once for each kind of data after connecting", () => {
    const requests = WITHINGS_MODULE.connectRequests?.({ userId: "1" }, "https://m.test/hooks/withings/s") ?? [];
    expect(requests.map(({ path, form }) => [path, form?.["action"], form?.["callbackurl"]])).toEqual(
      requests.map(() => ["/notify", "subscribe", "https://m.test/hooks/withings/s"]),
    );
    expect(requests.map(({ form }) => form?.["appli"])).toEqual(["1", "2", "4", "16", "44", "46", "54", "58"]);
  });

  it("end the permission with a signed nonce", async () => {
    const calls: VendorRequest[] = [];
    const credentials = { clientId: "cid", clientSecret: "test-client-secret", more: {} };
    const call = async (request: VendorRequest) => {
      calls.push(request);
      return calls.length === 1 ? reply({ nonce: "nonce-1" }) : reply({});
    };
    expect(await WITHINGS_MODULE.revoke?.({ userId: "77" }, { access: "a", refresh: "r" }, credentials, call, VECTOR_NOW)).toBe(true);
    expect(calls[0]).toMatchObject({
      path: "/v2/signature",
      auth: "none",
      form: {
        action: "getnonce",
        client_id: "cid",
        timestamp: "1763618400",
        signature: "0e8f625e9aa01f837a12f63926501cb85761f50e7405698dd90ac9e1c7822020",
      },
    });
    expect(calls[1]).toMatchObject({
      path: "/v2/oauth2",
      host: "token",
      auth: "none",
      form: { action: "revoke", nonce: "nonce-1", userid: "77" },
    });
    expect(calls[1]?.form?.["signature"]).toMatch(/^[0-9a-f]{64}$/);
    const refused = async () => undefined;
    expect(await WITHINGS_MODULE.revoke?.({ userId: "77" }, { access: "a", refresh: "r" }, credentials, refused, VECTOR_NOW)).toBe(false);
  });
});

describe("notifications of Withings", () => {
  const read = (body: string) => WITHINGS_HOOK.read(hookCall(body, { "content-type": "application/x-www-form-urlencoded" }), hookSecrets());
  const seconds = AT / 1000;

  it.each([
    [1, ["measures"]],
    [2, ["measures"]],
    [4, ["measures"]],
    [16, ["activity", "intraday", "workouts"]],
    [44, ["sleep"]],
    [54, ["heart"]],
    [50, []],
    [51, []],
  ])("of kind %d are read again as %j", (appli, resources) => {
    const { changes } = read(`userid=77&appli=${appli}&startdate=${seconds}&enddate=${seconds + 60}`);
    const range = { from: AT, to: AT + 61_000 };
    expect(changes).toEqual(resources.map((resource) => ({ userId: "77", resource, operation: "upsert", range })));
  });

  it("name a day by its date, in whatever zone", () => {
    const day = Date.parse("2026-06-22T00:00:00Z");
    expect(read("userid=77&appli=16&date=2026-06-22").changes[0]?.range).toEqual({ from: day - 14 * 3_600_000, to: day + 38 * 3_600_000 });
  });

  it("tell of deletions, and of people who left", () => {
    expect(read(`userid=77&appli=1&startdate=${seconds}&enddate=${seconds}&action=delete`).changes[0]?.operation).toBe("delete");
    expect(read("userid=77&appli=46&action=unlink")).toEqual({ changes: [], ended: ["77"] });
    expect(read("userid=77&appli=46&action=delete")).toEqual({ changes: [], ended: ["77"] });
    expect(read("userid=77&appli=46&action=update")).toEqual({ changes: [] });
  });

  it.each(["appli=1", "userid=77", "userid=../1&appli=1", '{"userid":77}', "userid=77&appli=x"])("refuse %j", (body) => {
    expect(() => read(body)).toThrow(expect.objectContaining({ code: "malformed" }));
  });

  it("are looked for by HEAD and by an empty POST", async () => {
    const ask = (method: string, body = "") => WITHINGS_HOOK.handshake?.(hookCall(body, {}, { method }), hookSecrets());
    expect([ask("HEAD"), ask("GET"), ask("POST")]).toEqual([{ status: 200 }, { status: 200 }, { status: 200 }]);
    expect(ask("POST", "userid=77&appli=1")).toBeUndefined();
    expect(await WITHINGS_HOOK.verify(hookCall("userid=77&appli=1", {}), hookSecrets())).toBe("genuine");
  });
});
