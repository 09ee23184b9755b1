/** WHOOP API v2: refresh tokens with `offline` alone, pages of 25 newest first, scores that are pending at first. */
import { createHmac } from "node:crypto";
import type { Person } from "../../person.ts";
import { dayOf, HOUR } from "../../person/civil.ts";
import { planOf } from "../../person/day-plan.ts";
import type { JsonObject } from "../../person/wire.ts";
import type { Call, Reply } from "../../server/http.ts";
import type { State } from "../../server/state.ts";
import { lifeOf, livesAround, localIso, sleepSeconds } from "../life.ts";
import type { LifeDay } from "../life.ts";
import { authorize, caller, endGrantOf, token } from "../oauth.ts";
import type { OAuthRules } from "../oauth.ts";
import { sendHook } from "../send.ts";
import { paged, Refusal, storeOf } from "../vendor.ts";
import type { SimulatedVendor } from "../vendor.ts";

const RULES: OAuthRules = {
  id: "whoop",
  scopes: ["offline", "read:recovery", "read:cycles", "read:workout", "read:sleep", "read:profile", "read:body_measurement"],
  clientAuth: "body",
  refresh: "rotates",
  refreshScope: "offline",
  lifeSeconds: 3600,
};
const PER_MINUTE = 100;
const MOST = 25;

/** An id in the form of a UUID whose last part says which record it is. */
const uuid = (person: Person, kind: 1 | 2, n: number): string =>
  `${(person.key >>> 0).toString(16).padStart(8, "0")}-000${kind}-4000-8000-${n.toString(16).padStart(12, "0")}`;

const userId = (person: Person): number => Number(person.healthUserId) % 1_000_000_000;
const offsetText = (person: Person, ms: number): string => localIso(person, ms).slice(-6);
const KJ = 4.184;

interface Timed {
  startMs: number;
  record: JsonObject;
}
const head = (person: Person, ms: number): JsonObject => ({
  user_id: userId(person),
  created_at: new Date(ms).toISOString(),
  updated_at: new Date(ms + 60_000).toISOString(),
});

type Maker = (state: State, person: Person, life: LifeDay) => Timed[];

const COLLECTIONS: Record<string, { scope: string; make: Maker }> = {
  "/activity/sleep": {
    scope: "read:sleep",
    make: (_state, person, { night, day, breaths, recovery }) => {
      if (!night) return [];
      const sums = sleepSeconds(night);
      const record = {
        ...head(person, night.endMs + HOUR / 2),
        id: uuid(person, 1, day),
        cycle_id: day,
        start: new Date(night.startMs).toISOString(),
        end: new Date(night.endMs).toISOString(),
        timezone_offset: offsetText(person, night.endMs),
        nap: false,
        score_state: "SCORED",
        score: {
          stage_summary: {
            total_in_bed_time_milli: night.endMs - night.startMs,
            total_awake_time_milli: sums.AWAKE * 1000,
            total_no_data_time_milli: 0,
            total_light_sleep_time_milli: sums.LIGHT * 1000,
            total_slow_wave_sleep_time_milli: sums.DEEP * 1000,
            total_rem_sleep_time_milli: sums.REM * 1000,
            sleep_cycle_count: 4,
            disturbance_count: 6,
          },
          sleep_needed: {
            baseline_milli: 27_000_000,
            need_from_sleep_debt_milli: 0,
            need_from_recent_strain_milli: 600_000,
            need_from_recent_nap_milli: 0,
          },
          respiratory_rate: breaths,
          sleep_performance_percentage: Math.min(100, recovery + 15),
          sleep_consistency_percentage: 80,
          sleep_efficiency_percentage: 92.5,
        },
      };
      return [{ startMs: night.startMs, record }];
    },
  },
  "/recovery": {
    scope: "read:recovery",
    make: (state, person, life) => {
      if (!life.night) return [];
      const at = life.night.endMs + HOUR / 2;
      // The first hour after a night is not scored yet.
      const isScored = state.clock.now() >= at + HOUR;
      const score = {
        user_calibrating: false,
        recovery_score: life.recovery,
        resting_heart_rate: life.restingHeart,
        hrv_rmssd_milli: life.rmssd,
        spo2_percentage: life.oxygen,
        skin_temp_celsius: life.skin,
      };
      const record = {
        ...head(person, at),
        cycle_id: life.day,
        sleep_id: uuid(person, 1, life.day),
        score_state: isScored ? "SCORED" : "PENDING_SCORE",
        ...(isScored ? { score } : {}),
      };
      return [{ startMs: life.night.startMs, record }];
    },
  },
  "/cycle": {
    scope: "read:cycles",
    make: (state, person, life) => {
      const startMs = planOf(person, life.day).slept.startMs;
      const endMs = planOf(person, life.day + 1).slept.startMs;
      if (startMs > state.clock.now()) return [];
      const hearts = life.minutes.map((minute) => minute.heart);
      const score = {
        strain: Math.min(21, 4 + life.activeKcal / 60),
        kilojoule: life.totalKcal * KJ,
        average_heart_rate: Math.round(hearts.reduce((sum, heart) => sum + heart, 0) / Math.max(1, hearts.length)),
        max_heart_rate: Math.round(Math.max(60, ...hearts)),
      };
      const isOver = endMs <= state.clock.now();
      const record = {
        ...head(person, startMs),
        updated_at: new Date(Math.min(state.clock.now(), endMs)).toISOString(),
        id: life.day,
        start: new Date(startMs).toISOString(),
        ...(isOver ? { end: new Date(endMs).toISOString() } : {}),
        timezone_offset: offsetText(person, startMs),
        ...(hearts.length > 0 ? { score_state: "SCORED", score } : { score_state: "UNSCORABLE" }),
      };
      return [{ startMs, record }];
    },
  },
  "/activity/workout": {
    scope: "read:workout",
    make: (_state, person, { trainings }) =>
      trainings.map((training) => ({
        startMs: training.startMs,
        record: {
          ...head(person, training.endMs),
          id: uuid(person, 2, training.startMs),
          start: new Date(training.startMs).toISOString(),
          end: new Date(training.endMs).toISOString(),
          timezone_offset: offsetText(person, training.startMs),
          sport_name: training.type === "OUTDOOR_BIKE" ? "cycling" : training.type.toLowerCase(),
          score_state: "SCORED",
          score: {
            strain: 8.5,
            average_heart_rate: training.meanHeart,
            max_heart_rate: training.maxHeart,
            kilojoule: training.kcal * KJ,
            percent_recorded: 100,
            distance_meter: training.metres,
            altitude_gain_meter: 12,
            altitude_change_meter: 0,
            zone_durations: { zone_one_milli: training.endMs - training.startMs },
          },
        },
      })),
  },
};

function collection(state: State, call: Call, part: string): Reply {
  const whole = COLLECTIONS[part];
  if (whole) return list(state, call, whole);
  const [, parent, id = ""] = /^(\/activity\/(?:sleep|workout))\/([^/]+)$/.exec(part) ?? [];
  const found = parent === undefined ? undefined : COLLECTIONS[parent];
  if (!found) throw new Refusal(404, "");
  const person = caller(state, RULES, call, found.scope);
  const n = Number.parseInt(id.split("-").at(-1) ?? "", 16);
  const day = parent === "/activity/workout" ? dayOf(person.zone, n) : n;
  const record = Number.isSafeInteger(day)
    ? found.make(state, person, lifeOf(state, RULES.id, person, day)).find((one) => one.record["id"] === id)?.record
    : undefined;
  if (!record) throw new Refusal(404, "");
  return { status: 200, body: record };
}

function list(state: State, call: Call, { scope, make }: { scope: string; make: Maker }): Reply {
  const person = caller(state, RULES, call, scope);
  const limit = Number(call.query.get("limit") ?? 10);
  const from = Date.parse(call.query.get("start") ?? "2024-01-01T00:00:00Z");
  const to = Date.parse(call.query.get("end") ?? new Date(state.clock.now()).toISOString());
  if (!(limit >= 1 && limit <= MOST) || Number.isNaN(from) || Number.isNaN(to)) throw new Refusal(400, "");
  const records = livesAround(state, RULES.id, person, from, to)
    .flatMap((life) => make(state, person, life))
    .filter(({ startMs }) => startMs >= from && startMs < to)
    .sort((a, b) => b.startMs - a.startMs)
    .map(({ record }) => record);
  const { part, next } = paged(records, limit, call.query.get("nextToken"));
  return { status: 200, body: { records: [...part], ...(next === null ? {} : { next_token: next }) } };
}

export const WHOOP: SimulatedVendor = {
  id: RULES.id,
  route(state, call) {
    const { method, path } = call;
    if (method === "GET" && path === "/oauth/oauth2/auth") return authorize(state, RULES, call);
    if (method === "POST" && path === "/oauth/oauth2/token") return token(state, RULES, call);
    const part = path.startsWith("/developer/v2/") ? path.slice("/developer/v2".length) : undefined;
    if (part === undefined) throw new Refusal(404, "");
    if (method === "DELETE" && part === "/user/access") {
      caller(state, RULES, call);
      endGrantOf(state, RULES.id, (call.headers["authorization"] ?? "").replace(/^Bearer\s+/i, ""));
      return { status: 204 };
    }
    if (method !== "GET") throw new Refusal(405, "");
    if (part === "/user/profile/basic")
      return { status: 200, body: { user_id: userId(caller(state, RULES, call, "read:profile")), email: "a@b.test" } };
    if (part === "/user/measurement/body") {
      const person = caller(state, RULES, call, "read:body_measurement");
      return { status: 200, body: { height_meter: person.heightCm / 100, weight_kilogram: person.weightKg, max_heart_rate: person.maxHr } };
    }
    return collection(state, call, part);
  },
  headers(state, status) {
    const used = state.log.filter((entry) => entry.path.startsWith("/whoop/") && Date.parse(entry.at) > state.clock.now() - 60_000).length;
    const left = status === 429 ? 0 : Math.max(PER_MINUTE, 10 * PER_MINUTE - used);
    return { "x-ratelimit-limit": `${PER_MINUTE}`, "x-ratelimit-remaining": `${left}`, "x-ratelimit-reset": status === 429 ? "1" : "30" };
  },
  async notify(state, person, workout, tamper) {
    const url = storeOf(state, RULES.id).dashboardUrl;
    if (url === undefined) return;
    await sendHook(state, {
      vendor: RULES.id,
      url,
      body: JSON.stringify({
        user_id: userId(person),
        id: uuid(person, 2, workout.startMs),
        type: "workout.updated",
        trace_id: uuid(person, 2, 1),
      }),
      topic: "workout.updated",
      tamper,
      sign: (bytes, nowMs) => ({
        "x-whoop-signature-timestamp": String(nowMs),
        "x-whoop-signature": createHmac("sha256", state.settings.client.secret).update(`${nowMs}${bytes}`).digest("base64"),
      }),
    });
  },
};
