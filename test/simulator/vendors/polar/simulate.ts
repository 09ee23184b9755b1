/** Polar AccessLink v3: a lasting token without refresh, users to register, one webhook for the app, lists without pages. */
import { createHmac } from "node:crypto";
import type { Person } from "../../person.ts";
import { civilOf, dayNumber, dayOf, MINUTE, offsetMs } from "../../person/civil.ts";
import type { JsonObject } from "../../person/wire.ts";
import { jsonBody } from "../../server/http.ts";
import type { Call, Reply } from "../../server/http.ts";
import { randomId } from "../../server/state.ts";
import type { State } from "../../server/state.ts";
import { postAsWebhooks } from "../../webhooks/delivery.ts";
import { daysIn, lifeOf, localIso, sleepSeconds, wallIso } from "../life.ts";
import type { LifeDay, Training } from "../life.ts";
import { authorize, caller, token } from "../oauth.ts";
import type { OAuthRules } from "../oauth.ts";
import { sendHook } from "../send.ts";
import { isOurBasic, listReply, Refusal, storeOf } from "../vendor.ts";
import type { SimulatedVendor } from "../vendor.ts";

const userId = (person: Person): number => Number(person.healthUserId) % 100_000_000;
const RULES: OAuthRules = {
  id: "polar",
  scopes: ["accesslink.read_all"],
  clientAuth: "basic",
  refresh: "none",
  lifeSeconds: 10 * 365 * 86_400,
  more: (person) => ({ x_user_id: userId(person) }),
};
const KEPT_DAYS = 28;
const STAGES = { AWAKE: 0, REM: 1, LIGHT: 2, DEEP: 4 };

const clock = (person: Person, ms: number): string => new Date(civilOf(person.zone, ms)).toISOString().slice(11, 16);
const url = (person: Person): string => `https://www.polaraccesslink.com/v3/users/${userId(person)}`;
const duration = (ms: number): string => `PT${Math.round(ms / 1000)}S`;

/** The person of the call, who must be registered. */
function registered(state: State, call: Call): Person {
  const person = caller(state, RULES, call, "accesslink.read_all");
  if (!storeOf(state, RULES.id).registered.has(person.name)) throw new Refusal(403, { error: "User is not registered" });
  return person;
}

function exercise(person: Person, training: Training): JsonObject {
  return {
    id: `ex${training.startMs}`,
    upload_time: new Date(training.endMs).toISOString(),
    polar_user: url(person),
    device: "Polar Vantage V3",
    start_time: wallIso(person, training.startMs),
    start_time_utc_offset: offsetMs(person.zone, training.startMs) / MINUTE,
    duration: duration(training.endMs - training.startMs),
    calories: Math.round(training.kcal),
    distance: training.metres,
    heart_rate: { average: training.meanHeart, maximum: training.maxHeart },
    sport: training.type === "OUTDOOR_BIKE" ? "CYCLING" : training.type === "SWIMMING_POOL" ? "SWIMMING" : training.type,
    detailed_sport_info: training.type,
    has_route: false,
  };
}

function sleep(person: Person, { night, date, recovery }: LifeDay): JsonObject[] {
  if (!night) return [];
  const sums = sleepSeconds(night);
  return [
    {
      polar_user: url(person),
      date,
      sleep_start_time: localIso(person, night.startMs),
      sleep_end_time: localIso(person, night.endMs),
      light_sleep: sums.LIGHT,
      deep_sleep: sums.DEEP,
      rem_sleep: sums.REM,
      unrecognized_sleep_stage: 0,
      total_interruption_duration: sums.AWAKE,
      sleep_score: Math.max(1, recovery),
      sleep_charge: 3,
      sleep_cycles: 5,
      hypnogram: Object.fromEntries(night.stages.map((span) => [clock(person, span.startMs), STAGES[span.stage]])),
      heart_rate_samples: {},
    },
  ];
}

function recharge(person: Person, { night, date, rmssd, breaths, restingHeart }: LifeDay): JsonObject[] {
  if (!night) return [];
  const samples = (value: number): JsonObject =>
    Object.fromEntries(Array.from({ length: 12 }, (_, i) => [clock(person, night.startMs + (30 + 5 * i) * MINUTE), value]));
  return [
    {
      polar_user: url(person),
      date,
      heart_rate_avg: restingHeart,
      beat_to_beat_avg: Math.round(60_000 / restingHeart),
      heart_rate_variability_avg: rmssd,
      breathing_rate_avg: breaths,
      nightly_recharge_status: 4,
      ans_charge: 1.2,
      ans_charge_status: 3,
      hrv_samples: samples(rmssd),
      breathing_samples: samples(breaths),
    },
  ];
}

function activity(person: Person, life: LifeDay): JsonObject[] {
  const start = life.minutes[0]?.startMs;
  if (start === undefined) return [];
  return [
    {
      start_time: `${life.date}T00:00:00`,
      end_time: `${life.date}T23:59:59`,
      active_duration: duration(life.minutes.filter((minute) => minute.met >= 3).length * MINUTE),
      inactive_duration: duration(life.minutes.filter((minute) => minute.met < 1.5).length * MINUTE),
      daily_activity: Math.round((life.activeKcal / 500) * 100),
      calories: life.totalKcal,
      active_calories: life.activeKcal,
      steps: life.steps,
      distance_from_steps: life.metres,
      samples: {
        date: life.date,
        steps: {
          interval_ms: MINUTE,
          total_steps: life.steps,
          samples: life.minutes
            .filter((minute) => minute.steps > 0)
            .map((minute) => ({ steps: minute.steps, timestamp: wallIso(person, minute.startMs).slice(0, 16) })),
        },
      },
    },
  ];
}

function heartRates(person: Person, life: LifeDay): JsonObject[] {
  const samples = life.minutes
    .filter((minute) => minute.startMs % (5 * MINUTE) === 0)
    .map((minute) => ({ heart_rate: Math.round(minute.heart), sample_time: `${clock(person, minute.startMs)}:00` }));
  return samples.length === 0 ? [] : [{ polar_user: url(person), date: life.date, heart_rate_samples: samples }];
}

const BY_DAY: Record<string, { wrap?: string; make: (person: Person, life: LifeDay) => JsonObject[] }> = {
  "/users/sleep": { wrap: "nights", make: sleep },
  "/users/nightly-recharge": { wrap: "recharges", make: recharge },
  "/users/activities": { make: activity },
  "/users/continuous-heart-rate": { make: heartRates },
  "/users/cardio-load": {
    make: (_person, { date, activeKcal }) => [{ date, cardio_load: Math.round(activeKcal / 10), cardio_load_status: "MAINTAINING" }],
  },
  "/users/cardio-load/date": {
    make: (_person, { date, activeKcal }) => [{ date, cardio_load: Math.round(activeKcal / 10), cardio_load_status: "MAINTAINING" }],
  },
  "/users/biosensing/skintemperature": {
    make: (_person, { night, date, skin, skinDeviation }) =>
      night ? [{ sleep_date: date, sleep_time_skin_temperature_celsius: skin, deviation_from_baseline_celsius: skinDeviation }] : [],
  },
  "/users/biosensing/ecg": { make: () => [] },
  "/users/biosensing/spo2": { make: () => [] },
  "/users/biosensing/bodytemperature": { make: () => [] },
};

function data(state: State, call: Call, part: string): Reply {
  const person = registered(state, call);
  const today = dayOf(person.zone, state.clock.now());
  const life = (day: number): LifeDay => lifeOf(state, RULES.id, person, day);
  const since = storeOf(state, RULES.id).registered.get(person.name) ?? 0;
  if (part === "/exercises" || part.startsWith("/exercises/")) {
    // Only what is uploaded after the registration.
    const all = daysIn(state, person, today - KEPT_DAYS, today)
      .flatMap((day) => life(day).trainings)
      .filter(({ endMs }) => endMs >= since - MINUTE)
      .map((training) => exercise(person, training));
    if (part === "/exercises") return listReply(all);
    const found = all.find((one) => `/exercises/${String(one["id"])}` === part);
    if (!found) throw new Refusal(404);
    return { status: 200, body: found };
  }
  if (part === "/users/physical-info")
    return {
      status: 200,
      body: {
        weight: person.weightKg,
        height: person.heightCm,
        created: "2024-06-01T12:00:00Z",
        modified: "2026-06-10T12:00:00Z",
        weight_source: "SOURCE_USER",
        vo2_max: Math.round(person.vo2Max),
        resting_heart_rate: person.restingHr,
      },
    };
  const [, parent, date] = /^(.*)\/(\d{4}-\d{2}-\d{2})$/.exec(part) ?? [];
  const kind = BY_DAY[parent ?? part];
  if (!kind) throw new Refusal(404);
  if (date !== undefined) {
    const [one] = kind.make(person, life(dayNumber(date)));
    return one ? { status: 200, body: one } : { status: 404, body: {} };
  }
  const [from, to] = [call.query.get("from"), call.query.get("to")].map((text, i) =>
    text === null ? today - (i === 0 ? KEPT_DAYS : 0) : dayNumber(text),
  );
  if (from === undefined || to === undefined || Number.isNaN(from) || to - from > KEPT_DAYS)
    throw new Refusal(400, { error: "Invalid range" });
  const list = daysIn(state, person, Math.max(from, today - KEPT_DAYS), to).flatMap((day) => kind.make(person, life(day)));
  return kind.wrap === undefined ? listReply(list) : { status: 200, body: { [kind.wrap]: list } };
}

async function webhooks(state: State, call: Call, id: string | undefined): Promise<Reply> {
  if (!isOurBasic(state, call)) throw new Refusal(401);
  const store = storeOf(state, RULES.id).subscriptions;
  const [own] = store.values();
  if (call.method === "GET")
    return {
      status: 200,
      body: { data: [...store.values()].map((one) => ({ id: one.id, events: one.topic.split(","), url: one.url, active: one.active })) },
    };
  if (call.method === "POST" && id === "activate") {
    if (own) own.active = true;
    return { status: own ? 200 : 204 };
  }
  if (call.method === "POST") {
    if (own) throw new Refusal(409, { error: "Webhook already exists" });
    const { events, url: address } = jsonBody(call) as { events: string[]; url: string };
    // The ping comes before the secret exists.
    const ping = await postAsWebhooks(address, JSON.stringify({ timestamp: new Date(state.clock.now()).toISOString(), event: "PING" }), {
      "polar-webhook-event": "PING",
    });
    if (ping.status !== 200) throw new Refusal(400, { error: "The ping was not answered" });
    const made = {
      id: randomId(6),
      topic: events.join(","),
      url: address,
      token: "",
      secret: randomId(24),
      expiresAtMs: Infinity,
      active: true,
    };
    store.set(made.id, made);
    return { status: 201, body: { data: { id: made.id, events, url: address, signature_secret_key: made.secret } } };
  }
  if (call.method !== "DELETE" || !store.delete(id ?? "")) throw new Refusal(404);
  return { status: 204 };
}

export const POLAR: SimulatedVendor = {
  id: RULES.id,
  route(state, call) {
    const { method, path } = call;
    if (method === "GET" && path === "/oauth2/authorization") return authorize(state, RULES, call);
    if (method === "POST" && path === "/v2/oauth2/token") return token(state, RULES, call);
    const part = path.startsWith("/v3/") ? path.slice(3) : undefined;
    if (part === undefined) throw new Refusal(404);
    if (part === "/webhooks" || part.startsWith("/webhooks/")) return webhooks(state, call, part.split("/")[2]);
    const { registered: users } = storeOf(state, RULES.id);
    if (method === "POST" && part === "/users") {
      const person = caller(state, RULES, call);
      if (users.has(person.name)) throw new Refusal(409, { error: "User is already registered" });
      users.set(person.name, state.clock.now());
      return {
        status: 200,
        body: { "polar-user-id": userId(person), "member-id": String((jsonBody(call) as JsonObject)["member-id"] ?? "") },
      };
    }
    if (method === "DELETE" && /^\/users\/\d+$/.test(part)) {
      const person = caller(state, RULES, call);
      if (part !== `/users/${userId(person)}` || !users.delete(person.name)) throw new Refusal(404);
      for (const [value, held] of storeOf(state, RULES.id).tokens)
        if (held.person === person.name) storeOf(state, RULES.id).tokens.delete(value);
      return { status: 204 };
    }
    if (method !== "GET") throw new Refusal(405);
    return data(state, call, part);
  },
  headers: (state, status) => ({
    "ratelimit-usage": status === 429 ? "520, 900" : `${Math.min(400, state.log.length)}, ${Math.min(4000, state.log.length)}`,
    "ratelimit-limit": "520, 5100",
    "ratelimit-reset": status === 429 ? "1, 1" : "300, 80000",
  }),
  async notify(state, person, workout, tamper) {
    for (const { url: address, secret, active } of storeOf(state, RULES.id).subscriptions.values()) {
      if (!active) continue;
      const id = `ex${workout.startMs}`;
      await sendHook(state, {
        vendor: RULES.id,
        url: address,
        // The address is nobody's: only a receiver that follows it would notice.
        body: JSON.stringify({
          event: "EXERCISE",
          user_id: userId(person),
          entity_id: id,
          timestamp: new Date(state.clock.now()).toISOString(),
          url: `http://127.0.0.1:9/v3/exercises/${id}`,
        }),
        topic: "EXERCISE",
        tamper,
        sign: (bytes) => ({
          "polar-webhook-event": "EXERCISE",
          "polar-webhook-signature": createHmac("sha256", secret).update(bytes).digest("hex"),
        }),
      });
    }
  },
};
