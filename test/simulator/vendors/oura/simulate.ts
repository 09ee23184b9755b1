/** Oura API v2: single-use refresh tokens, documents by day, subscriptions that expire. */
import { createHmac } from "node:crypto";
import type { Person } from "../../person.ts";
import { dayNumber, dayOf, MINUTE } from "../../person/civil.ts";
import { bell } from "../../person/random.ts";
import { stageAt } from "../../person/sleep.ts";
import { heartAt, traceOf } from "../../person/trace.ts";
import { planOf } from "../../person/day-plan.ts";
import type { JsonObject } from "../../person/wire.ts";
import { jsonBody } from "../../server/http.ts";
import type { Call, Reply } from "../../server/http.ts";
import { randomId } from "../../server/state.ts";
import type { State } from "../../server/state.ts";
import { daysIn, lifeOf, localIso, sleepSeconds } from "../life.ts";
import type { LifeDay } from "../life.ts";
import { authorize, caller, endGrantOf, token } from "../oauth.ts";
import type { OAuthRules } from "../oauth.ts";
import { sendHook } from "../send.ts";
import { listReply, paged, Refusal, same, storeOf } from "../vendor.ts";
import type { SimulatedVendor } from "../vendor.ts";

const RULES: OAuthRules = {
  id: "oura",
  scopes: [
    "email",
    "personal",
    "daily",
    "heartrate",
    "workout",
    "tag",
    "session",
    "spo2Daily",
    "heart_health",
    "stress",
    "ring_configuration",
  ],
  clientAuth: "body",
  refresh: "rotates",
  lifeSeconds: 86_400,
};
const LIFE_MS = 90 * 86_400_000;
const SCOPES: Record<string, string> = {
  daily_spo2: "spo2Daily",
  daily_stress: "stress",
  daily_resilience: "stress",
  daily_cardiovascular_age: "heart_health",
  vO2_max: "heart_health",
  workout: "workout",
  session: "session",
  heartrate: "heartrate",
};
const ACTIVITIES: Record<string, string> = { OUTDOOR_BIKE: "cycling", SWIMMING_POOL: "swimming", STRENGTH_TRAINING: "strength_training" };
const DIGITS = { DEEP: "1", LIGHT: "2", REM: "3", AWAKE: "4" };
const PAGE = 50;

type Maker = (person: Person, life: LifeDay) => JsonObject[];
const head = (name: string, life: LifeDay): JsonObject => ({ id: `${name}-${life.day}`, day: life.date });
const score = (person: Person, life: LifeDay, name: string): number => Math.round(78 + bell(person.key, name, life.day) * 7);
const nightly =
  (make: (person: Person, life: LifeDay, night: NonNullable<LifeDay["night"]>) => JsonObject): Maker =>
  (person, life) =>
    life.night ? [make(person, life, life.night)] : [];

function sleepDocument(person: Person, life: LifeDay, night: NonNullable<LifeDay["night"]>): JsonObject {
  const sums = sleepSeconds(night);
  const plan = planOf(person, life.day);
  const steps = Math.floor((night.endMs - night.startMs) / (5 * MINUTE));
  const at = (i: number): number => night.startMs + i * 5 * MINUTE;
  const row = (read: (ms: number) => number): JsonObject => ({
    interval: 300,
    timestamp: localIso(person, night.startMs),
    // The ring loses touch now and then.
    items: Array.from({ length: steps }, (_, i) => (i % 17 === 5 ? null : Math.round(read(at(i))))),
  });
  const hearts = row((ms) => heartAt(person, plan, [night], ms, 0));
  const beats = (hearts["items"] as (number | null)[]).filter((beat) => beat !== null);
  return {
    ...head("sleep", life),
    type: "long_sleep",
    period: 0,
    bedtime_start: localIso(person, night.startMs),
    bedtime_end: localIso(person, night.endMs),
    time_in_bed: (night.endMs - night.startMs) / 1000,
    total_sleep_duration: sums.LIGHT + sums.DEEP + sums.REM,
    deep_sleep_duration: sums.DEEP,
    light_sleep_duration: sums.LIGHT,
    rem_sleep_duration: sums.REM,
    awake_time: sums.AWAKE,
    latency: night.minutesToFallAsleep * 60,
    efficiency: Math.round((100 * (sums.LIGHT + sums.DEEP + sums.REM) * 1000) / (night.endMs - night.startMs)),
    average_hrv: life.rmssd,
    average_breath: life.breaths,
    average_heart_rate: Math.round(beats.reduce((sum, beat) => sum + beat, 0) / Math.max(1, beats.length)),
    lowest_heart_rate: Math.min(...beats),
    low_battery_alert: false,
    sleep_phase_30_sec: Array.from(
      { length: Math.floor((night.endMs - night.startMs) / 30_000) },
      (_, i) => DIGITS[stageAt(night, night.startMs + i * 30_000) ?? "AWAKE"],
    ).join(""),
    heart_rate: hearts,
    hrv: row((ms) => life.rmssd * (1 + bell(person.key, "hrv-item", ms) * 0.06)),
  };
}

const COLLECTIONS: Record<string, Maker> = {
  daily_activity: (person, life) => [
    {
      ...head("daily_activity", life),
      timestamp: localIso(person, life.minutes[0]?.startMs ?? 0),
      score: score(person, life, "activity"),
      steps: life.steps,
      active_calories: life.activeKcal,
      total_calories: life.totalKcal,
      equivalent_walking_distance: life.metres,
      high_activity_time: 60 * life.minutes.filter((minute) => minute.met >= 6).length,
      medium_activity_time: 60 * life.minutes.filter((minute) => minute.met >= 3 && minute.met < 6).length,
      low_activity_time: 60 * life.minutes.filter((minute) => minute.met >= 1.5 && minute.met < 3).length,
      sedentary_time: 60 * life.minutes.filter((minute) => minute.met < 1.5 && !minute.asleep).length,
      resting_time: 60 * life.minutes.filter((minute) => minute.asleep).length,
    },
  ],
  daily_sleep: nightly((person, life) => ({
    ...head("daily_sleep", life),
    timestamp: `${life.date}T00:00:00+00:00`,
    score: score(person, life, "sleep"),
  })),
  daily_readiness: nightly((person, life) => ({
    ...head("daily_readiness", life),
    timestamp: `${life.date}T00:00:00+00:00`,
    score: score(person, life, "readiness"),
    temperature_deviation: life.skinDeviation,
    temperature_trend_deviation: null,
  })),
  daily_spo2: nightly((_person, life) => ({
    ...head("daily_spo2", life),
    spo2_percentage: { average: life.oxygen },
    breathing_disturbance_index: 3,
  })),
  daily_stress: nightly((person, life) => ({
    ...head("daily_stress", life),
    stress_high: 900 * (4 + (life.day % 5)),
    recovery_high: 900 * (2 + (person.key % 4)),
    day_summary: "normal",
  })),
  daily_resilience: nightly((_person, life) => ({ ...head("daily_resilience", life), level: "solid", contributors: { stress: 50 } })),
  daily_cardiovascular_age: nightly((person, life) => ({
    ...head("daily_cardiovascular_age", life),
    vascular_age: person.ageYears - 2,
    pulse_wave_velocity: 6.8,
  })),
  vO2_max: (person, life) =>
    life.day % 7 === 0 ? [{ ...head("vO2_max", life), timestamp: `${life.date}T08:00:00+00:00`, vo2_max: Math.round(person.vo2Max) }] : [],
  sleep: nightly(sleepDocument),
  session: () => [],
  workout: (person, life) =>
    life.trainings.map((training) => ({
      id: `workout-${training.startMs}`,
      day: life.date,
      activity: ACTIVITIES[training.type] ?? training.type.toLowerCase(),
      start_datetime: localIso(person, training.startMs),
      end_datetime: localIso(person, training.endMs),
      calories: training.kcal,
      distance: training.metres,
      intensity: "moderate",
      label: null,
      source: "confirmed",
    })),
};

function collection(state: State, call: Call, name: string, id: string | undefined): Reply {
  const make = COLLECTIONS[name];
  if (!make) throw new Refusal(404, { detail: "Not found" });
  const person = caller(state, RULES, call, SCOPES[name] ?? "daily");
  if (id !== undefined) {
    const stamp = Number(id.split("-").at(-1));
    const day = name === "workout" ? dayOf(person.zone, stamp) : stamp;
    const found = Number.isSafeInteger(day)
      ? make(person, lifeOf(state, RULES.id, person, day)).find((one) => one["id"] === id)
      : undefined;
    if (!found) throw new Refusal(404, { detail: "Not found" });
    return { status: 200, body: found };
  }
  const [from, to] = [call.query.get("start_date"), call.query.get("end_date")].map((text) => dayNumber(text ?? ""));
  if (from === undefined || to === undefined || Number.isNaN(from) || Number.isNaN(to)) throw new Refusal(400, { detail: "Invalid date" });
  const documents = daysIn(state, person, from, to).flatMap((day) => make(person, lifeOf(state, RULES.id, person, day)));
  const { part, next } = paged(documents, PAGE, call.query.get("next_token"));
  return { status: 200, body: { data: [...part], next_token: next } };
}

function heartRates(state: State, call: Call): Reply {
  const person = caller(state, RULES, call, "heartrate");
  const [from, to] = ["start_datetime", "end_datetime"].map((name) => Date.parse(call.query.get(name) ?? ""));
  if (from === undefined || to === undefined || !(to - from <= 31 * 86_400_000)) throw new Refusal(400, { detail: "Invalid range" });
  const rows = daysIn(state, person, dayOf(person.zone, from), dayOf(person.zone, to)).flatMap((day) =>
    traceOf(person, day)
      .filter(
        (minute) =>
          minute.worn &&
          minute.startMs % (5 * MINUTE) === 0 &&
          minute.startMs >= from &&
          minute.startMs < to &&
          minute.startMs <= state.clock.now(),
      )
      .map((minute) => ({
        bpm: Math.round(minute.heart),
        source: minute.asleep ? "sleep" : minute.workout ? "workout" : "awake",
        timestamp: new Date(minute.startMs).toISOString(),
        timestamp_unix: minute.startMs,
      })),
  );
  const { part, next } = paged(rows, 1000, call.query.get("next_token"));
  return { status: 200, body: { data: [...part], next_token: next } };
}

function shown(one: { id: string; topic: string; url: string; expiresAtMs: number }): JsonObject {
  const [data_type = "", event_type = ""] = one.topic.split(".");
  return {
    id: one.id,
    callback_url: one.url,
    data_type,
    event_type,
    expiration_time: new Date(one.expiresAtMs).toISOString().slice(0, 19),
  };
}

async function subscriptions(state: State, call: Call, id: string | undefined, renewId: string | undefined): Promise<Reply> {
  const { client } = state.settings;
  if (!same(call.headers["x-client-id"] ?? "", client.id) || !same(call.headers["x-client-secret"] ?? "", client.secret))
    throw new Refusal(401, { detail: "Unauthorized" });
  const store = storeOf(state, RULES.id).subscriptions;
  if (call.method === "GET" && id === undefined) return listReply([...store.values()].map(shown));
  if (call.method === "POST") {
    const { callback_url, verification_token, event_type, data_type } = jsonBody(call) as Record<string, string>;
    const topic = `${data_type}.${event_type}`;
    if ([...store.values()].some((one) => one.topic === topic)) throw new Refusal(409, { detail: "Subscription already exists" });
    const challenge = randomId(12);
    const url = `${callback_url}?${new URLSearchParams({ verification_token: verification_token ?? "", challenge }).toString()}`;
    const answer = await fetch(url).then(
      async (response) => (response.ok ? ((await response.json()) as { challenge?: string }) : {}),
      () => ({}),
    );
    if ((answer as { challenge?: string }).challenge !== challenge)
      throw new Refusal(422, { detail: "The callback did not repeat the challenge" });
    const made = {
      id: randomId(12),
      topic,
      url: callback_url ?? "",
      token: verification_token ?? "",
      secret: "",
      expiresAtMs: state.clock.now() + LIFE_MS,
      active: true,
    };
    store.set(made.id, made);
    return { status: 201, body: shown(made) };
  }
  const found = store.get(renewId ?? id ?? "");
  if (!found) throw new Refusal(403, { detail: "Forbidden" });
  if (call.method === "PUT" && renewId !== undefined) {
    found.expiresAtMs = state.clock.now() + LIFE_MS;
    return { status: 200, body: shown(found) };
  }
  if (call.method !== "DELETE") throw new Refusal(405);
  store.delete(found.id);
  return { status: 204 };
}

export const OURA: SimulatedVendor = {
  id: RULES.id,
  route(state, call) {
    const { method, path, query } = call;
    if (method === "GET" && path === "/oauth/authorize") return authorize(state, RULES, call);
    if (method === "POST" && path === "/oauth/token") return token(state, RULES, call);
    if (method === "POST" && path === "/oauth/revoke")
      return { status: endGrantOf(state, RULES.id, query.get("access_token") ?? "") ? 200 : 400, body: {} };
    const [, version, area, name, id] = path.split("/");
    if (version !== "v2") throw new Refusal(404, { detail: "Not found" });
    if (area === "webhook" && name === "subscription")
      return subscriptions(state, call, id, id === "renew" ? path.split("/")[5] : undefined);
    if (area !== "usercollection" || method !== "GET") throw new Refusal(404, { detail: "Not found" });
    if (name === "personal_info") return { status: 200, body: { id: `oura-${caller(state, RULES, call, "personal").healthUserId}` } };
    return name === "heartrate" ? heartRates(state, call) : collection(state, call, name ?? "", id);
  },
  headers: (state, status): Record<string, string> =>
    status === 429
      ? {
          "x-ratelimit-limit": "5000",
          "x-ratelimit-window": "300",
          "x-ratelimit-reset": String(Math.ceil(state.clock.now() / 1000) + 1),
          "x-ratelimit-tier": "token",
        }
      : {},
  async notify(state, person, workout, tamper) {
    const told = [...storeOf(state, RULES.id).subscriptions.values()].filter(
      ({ topic, expiresAtMs }) => topic === "workout.create" && expiresAtMs > state.clock.now(),
    );
    for (const { url, topic } of told) {
      const body = JSON.stringify({
        event_type: "create",
        data_type: "workout",
        object_id: `workout-${workout.startMs}`,
        event_time: new Date(state.clock.now()).toISOString(),
        user_id: `oura-${person.healthUserId}`,
      });
      await sendHook(state, {
        vendor: RULES.id,
        url,
        body,
        topic,
        tamper,
        sign(bytes, nowMs) {
          const ts = String(Math.floor(nowMs / 1000));
          const signature = createHmac("sha256", state.settings.client.secret).update(`${ts}${bytes}`).digest("hex").toUpperCase();
          return { "x-oura-timestamp": ts, "x-oura-signature": signature };
        },
      });
    }
  },
};
