/**
 * Strava v3: scopes with commas, refresh tokens that rotate, lists in numbered pages (newest first, but for those after a time), details
 * and streams one by one, both limits in every reply, one subscription for the app whose events nobody signs.
 */
import type { Person } from "../../person.ts";
import { MINUTE, offsetMs } from "../../person/civil.ts";
import type { JsonObject } from "../../person/wire.ts";
import type { Call, Reply } from "../../server/http.ts";
import { randomId } from "../../server/state.ts";
import type { State } from "../../server/state.ts";
import { trainingsIn, wallIso } from "../life.ts";
import type { Training } from "../life.ts";
import { authorize, caller, endGrantOf, token } from "../oauth.ts";
import type { OAuthRules } from "../oauth.ts";
import { sendHook } from "../send.ts";
import { isOurForm, listReply, Refusal, storeOf } from "../vendor.ts";
import type { SimulatedVendor } from "../vendor.ts";

const athleteId = (person: Person): number => Number(person.healthUserId) % 100_000_000;

const RULES: OAuthRules = {
  id: "strava",
  scopes: ["read", "read_all", "profile:read_all", "activity:read", "activity:read_all"],
  clientAuth: "body",
  refresh: "rotates",
  lifeSeconds: 21_600,
  commas: true,
  scopesWithCode: true,
  more: (person) => ({
    expires_at: Math.floor(Date.now() / 1000) + 21_600,
    athlete: { id: athleteId(person), username: person.name, resource_state: 2 },
  }),
};
const LIMITS = { all: [2_000, 20_000], read: [1_000, 10_000] } as const;
const MOST_A_PAGE = 200;
const SPORTS: Readonly<Record<string, string>> = { OUTDOOR_BIKE: "Ride", RUNNING: "Run", WALKING: "Walk", SWIMMING: "Swim", YOGA: "Yoga" };
/** Half a minute between two rows of a stream. */
const STEP_MS = MINUTE / 2;

const fault = (status: number, message: string, code: string): Refusal =>
  new Refusal(status, { message, errors: [{ resource: "Activity", field: "", code }] });

/** An id in which the time of the activity can be found again. */
const idOf = ({ startMs }: Training): number => startMs / MINUTE;

function summary(person: Person, training: Training): JsonObject {
  const { startMs, endMs, metres, meanHeart, maxHeart, type } = training;
  const seconds = (endMs - startMs) / 1000;
  const sport = SPORTS[type] ?? "Workout";
  return {
    resource_state: 2,
    id: idOf(training),
    athlete: { id: athleteId(person), resource_state: 1 },
    name: `Morning ${sport}`,
    distance: metres,
    moving_time: Math.round(seconds * 0.95),
    elapsed_time: seconds,
    total_elevation_gain: 35,
    type: sport,
    sport_type: sport,
    start_date: new Date(startMs).toISOString().replace(".000Z", "Z"),
    start_date_local: `${wallIso(person, startMs)}Z`,
    timezone: `(GMT+00:00) ${person.zone}`,
    utc_offset: offsetMs(person.zone, startMs) / 1000,
    device_name: "Garmin Forerunner 265",
    trainer: false,
    commute: false,
    manual: false,
    private: false,
    average_speed: metres / seconds,
    max_speed: (metres / seconds) * 1.4,
    has_heartrate: true,
    average_heartrate: meanHeart,
    max_heartrate: maxHeart,
  };
}

function streams({ startMs, endMs, metres, meanHeart, maxHeart }: Training): JsonObject {
  const rows = Math.floor((endMs - startMs) / STEP_MS);
  const share = (i: number): number => i / Math.max(1, rows - 1);
  const stream = (at: (i: number) => number | number[]): JsonObject => ({
    data: Array.from({ length: rows }, (_, i) => at(i)),
    series_type: "time",
    original_size: rows,
    resolution: "high",
  });
  return {
    time: stream((i) => (i * STEP_MS) / 1000),
    heartrate: stream((i) => Math.round(meanHeart + (maxHeart - meanHeart) * Math.sin(share(i) * Math.PI))),
    velocity_smooth: stream(() => metres / ((endMs - startMs) / 1000)),
    altitude: stream((i) => 34 + 10 * Math.sin(share(i) * Math.PI)),
    latlng: stream((i) => [52.5 + share(i) / 100, 13.4 + share(i) / 100]),
  };
}

function whole(query: URLSearchParams, name: string, otherwise: number, most = Number.MAX_SAFE_INTEGER): number {
  const text = query.get(name);
  const value = text === null ? otherwise : Number(text);
  if (!Number.isInteger(value) || value < 0 || value > most) throw fault(400, "Bad Request", "invalid");
  return value;
}

function list(state: State, call: Call): Reply {
  const person = caller(state, RULES, call, "activity:read");
  const after = call.query.get("after");
  const fromMs = whole(call.query, "after", 0) * 1000;
  const toMs = whole(call.query, "before", Math.ceil(state.clock.now() / 1000) + 1) * 1000;
  const [page, size] = [whole(call.query, "page", 1), whole(call.query, "per_page", 30, MOST_A_PAGE)];
  // Neither end counts.
  const found = trainingsIn(state, RULES.id, person, fromMs + 1, toMs - 1);
  const ordered = after === null ? found.toReversed() : found;
  return listReply(ordered.slice((page - 1) * size, page * size).map((training) => summary(person, training)));
}

function one(state: State, call: Call, id: string, isStreams: boolean): Reply {
  const person = caller(state, RULES, call, "activity:read");
  const startMs = Number(id) * MINUTE;
  const training = trainingsIn(state, RULES.id, person, startMs, startMs).find((candidate) => String(idOf(candidate)) === id);
  if (!training) throw fault(404, "Record Not Found", "not found");
  if (!isStreams)
    return { status: 200, body: { ...summary(person, training), resource_state: 3, calories: training.kcal, description: "", laps: [] } };
  if (call.query.get("key_by_type") !== "true") throw fault(400, "Bad Request", "missing key_by_type");
  const keys = new Set((call.query.get("keys") ?? "").split(","));
  return { status: 200, body: Object.fromEntries(Object.entries(streams(training)).filter(([name]) => keys.has(name))) };
}

async function subscriptions(state: State, call: Call, id: string | undefined): Promise<Reply> {
  const form = new URLSearchParams(call.body);
  const proof = call.method === "POST" ? form : call.query;
  if (!isOurForm(state, proof)) throw fault(401, "Authorization Error", "invalid");
  const store = storeOf(state, RULES.id).subscriptions;
  if (call.method === "GET")
    return listReply([...store.values()].map(({ id: own, url }) => ({ id: Number(own), resource_state: 2, callback_url: url })));
  if (call.method === "POST") {
    const [url, verifyToken] = [form.get("callback_url") ?? "", form.get("verify_token") ?? ""];
    if (store.size > 0)
      throw new Refusal(400, { message: "Bad Request", errors: [{ resource: "PushSubscription", code: "already exists" }] });
    const challenge = randomId(12);
    const asked = new URL(url);
    for (const [name, value] of Object.entries({ mode: "subscribe", challenge, verify_token: verifyToken }))
      asked.searchParams.set(`hub.${name}`, value);
    const answer = await fetch(asked, { signal: AbortSignal.timeout(2_000), redirect: "manual" }).catch(() => undefined);
    const said = answer?.status === 200 ? ((await answer.json().catch(() => ({}))) as JsonObject)["hub.challenge"] : undefined;
    if (said !== challenge)
      throw new Refusal(400, {
        message: "Bad Request",
        errors: [{ resource: "PushSubscription", field: "callback url", code: "GET to callback URL does not return 200" }],
      });
    const made = {
      id: String(120_000 + state.log.length),
      topic: "events",
      url,
      token: verifyToken,
      secret: "",
      expiresAtMs: Infinity,
      active: true,
    };
    store.set(made.id, made);
    return { status: 201, body: { id: Number(made.id) } };
  }
  if (call.method !== "DELETE" || !store.delete(id ?? "")) throw fault(404, "Record Not Found", "not found");
  return { status: 204 };
}

function revoke(state: State, call: Call): Reply {
  const form = new URLSearchParams(call.body);
  if (!isOurForm(state, form)) throw fault(401, "Authorization Error", "invalid");
  endGrantOf(state, RULES.id, form.get("token") ?? "");
  return { status: 200, body: {} };
}

export const STRAVA: SimulatedVendor = {
  id: RULES.id,
  route(state, call) {
    const { method, path } = call;
    if (method === "GET" && path === "/oauth/authorize") return authorize(state, RULES, call);
    if (method === "POST" && path === "/oauth/token") return token(state, RULES, call);
    if (method === "POST" && path === "/oauth/revoke") return revoke(state, call);
    const part = path.startsWith("/api/v3/") ? path.slice("/api/v3".length) : "";
    if (part === "/push_subscriptions" || part.startsWith("/push_subscriptions/")) return subscriptions(state, call, part.split("/")[2]);
    if (method !== "GET") throw fault(404, "Record Not Found", "not found");
    if (part === "/athlete/activities") return list(state, call);
    const [, id, rest] = /^\/activities\/(\d+)(\/streams)?$/.exec(part) ?? [];
    if (id === undefined) throw fault(404, "Record Not Found", "not found");
    return one(state, call, id, rest !== undefined);
  },
  headers(state, status) {
    const used = state.log.filter((entry) => entry.path.startsWith("/strava/api/")).length;
    const usage = ([quarter, day]: readonly [number, number]): string =>
      status === 429 ? `${quarter},${Math.min(used, day)}` : `${Math.min(used, quarter - 1)},${Math.min(used, day - 1)}`;
    return {
      "x-ratelimit-limit": LIMITS.all.join(","),
      "x-ratelimit-usage": usage(LIMITS.all),
      "x-readratelimit-limit": LIMITS.read.join(","),
      "x-readratelimit-usage": usage(LIMITS.read),
    };
  },
  async notify(state, person, workout, tamper) {
    for (const { id, url } of storeOf(state, RULES.id).subscriptions.values()) {
      const nowMs = state.clock.now();
      await sendHook(state, {
        vendor: RULES.id,
        url,
        body: JSON.stringify({
          object_type: "activity",
          object_id: workout.startMs / MINUTE,
          aspect_type: "create",
          owner_id: athleteId(person),
          // Nobody signs these: what can be spoilt is whose subscription it is.
          subscription_id: Number(id) + (tamper === undefined ? 0 : 1),
          event_time: Math.floor(nowMs / 1000),
          updates: {},
        }),
        topic: "activity.create",
        tamper,
        sign: () => ({}),
      });
    }
  },
};
