/** Ultrahuman's partner API: one call for everything of one day. */
import { dayNumber, dayStart, MINUTE } from "../../person/civil.ts";
import type { Person } from "../../person.ts";
import { pointsBetween } from "../../person.ts";
import type { JsonObject } from "../../person/wire.ts";
import type { State } from "../../server/state.ts";
import { daysIn, lifeOf, sleepSeconds } from "../life.ts";
import type { LifeDay } from "../life.ts";
import { authorize, caller, endGrantOf, token } from "../oauth.ts";
import type { OAuthRules } from "../oauth.ts";
import { Refusal, storeOf } from "../vendor.ts";
import type { SimulatedVendor } from "../vendor.ts";

const RULES: OAuthRules = {
  id: "ultrahuman",
  scopes: ["profile", "ring_data", "cgm_data"],
  clientAuth: "body",
  refresh: "rotates",
  lifeSeconds: 86_400,
};

function itemsOf(state: State, person: Person, life: LifeDay, scopes: readonly string[]): JsonObject[] {
  const begin = dayStart(person.zone, life.day);
  const item = (type: string, object: JsonObject): JsonObject => ({ type, object: { day_start_timestamp: begin / 1000, ...object } });
  const points = (list: readonly { startMs: number; value: number }[]): JsonObject[] =>
    list.map(({ startMs, value }) => ({ value, timestamp: startMs / 1000 }));
  const { night } = life;
  const ring = !scopes.includes("ring_data")
    ? []
    : [
        item("hr", {
          values: points(
            life.minutes
              .filter((minute) => minute.startMs % (5 * MINUTE) === 0)
              .map((minute) => ({ startMs: minute.startMs, value: Math.round(minute.heart) })),
          ),
          unit: "bpm",
        }),
        item("steps", { values: [], total: life.steps }),
        item("active_minutes", { value: life.minutes.filter((minute) => minute.met >= 3).length }),
        item("movement_index", { value: Math.min(100, Math.round(life.activeKcal / 8)) }),
        item("vo2_max", { value: person.vo2Max }),
        item("metabolic_score", { value: null }),
      ];
  const nightly = !scopes.includes("ring_data") || !night ? [] : nightItems(life, night, item);
  const end = Math.min(dayStart(person.zone, life.day + 1), state.clock.now());
  const glucose =
    scopes.includes("cgm_data") && person.cgm
      ? [
          item("glucose", {
            values: points(
              pointsBetween(person, "blood-glucose", begin, end)
                .filter(({ origin }) => origin === "cgm")
                .map((point) => ({ startMs: point.startMs, value: Number(point.value["bloodGlucoseMilligramsPerDeciliter"]) })),
            ),
          }),
        ]
      : [];
  return [...ring, ...nightly, ...glucose];
}

function nightItems(
  life: LifeDay,
  night: NonNullable<LifeDay["night"]>,
  item: (type: string, object: JsonObject) => JsonObject,
): JsonObject[] {
  const sums = sleepSeconds(night);
  const quick = (type: string, value: number): JsonObject => ({ type, value });
  return [
    item("sleep_rhr", { value: life.restingHeart }),
    item("avg_sleep_hrv", { value: life.rmssd }),
    item("recovery_index", { value: life.recovery }),
    {
      type: "Sleep",
      object: {
        bedtime_start: night.startMs / 1000,
        bedtime_end: night.endMs / 1000,
        quick_metrics: [
          quick("time_in_bed", (night.endMs - night.startMs) / 1000),
          quick("total_sleep", sums.LIGHT + sums.DEEP + sums.REM),
          quick("sleep_efic", 91),
        ],
        sleep_stages: [
          { type: "deep_sleep", stage_time: sums.DEEP },
          { type: "light_sleep", stage_time: sums.LIGHT },
          { type: "rem_sleep", stage_time: sums.REM },
          { type: "awake", stage_time: sums.AWAKE },
        ],
        sleep_graph: {
          data: night.stages.map((span) => ({
            start: span.startMs / 1000,
            end: span.endMs / 1000,
            type: span.stage === "AWAKE" ? "awake" : `${span.stage.toLowerCase()}_sleep`,
          })),
        },
        spo2: { value: life.oxygen },
      },
    },
  ];
}

export const ULTRAHUMAN: SimulatedVendor = {
  id: RULES.id,
  route(state, call) {
    const { method, path } = call;
    if (method === "GET" && path === "/authorise") return authorize(state, RULES, call);
    if (method === "POST" && path === "/api/partners/oauth/token") return token(state, RULES, call);
    if (method === "POST" && path === "/api/partners/oauth/revoke") {
      const value = new URLSearchParams(call.body).get("token") ?? "";
      return { status: endGrantOf(state, RULES.id, value) ? 200 : 400, body: {} };
    }
    if (method === "GET" && path === "/api/partners/v1/user_data/user_info")
      return { status: 200, body: { data: { user_id: `uh-${caller(state, RULES, call, "profile").healthUserId}` } } };
    if (method !== "GET" || path !== "/api/partners/v1/user_data/metrics") throw new Refusal(404, { error: "Not found" });
    const person = caller(state, RULES, call);
    const day = dayNumber(call.query.get("date") ?? "");
    if (Number.isNaN(day)) throw new Refusal(400, { error: "Invalid date" });
    const value = /^Bearer\s+(\S+)$/i.exec(call.headers["authorization"] ?? "")?.[1] ?? "";
    const scopes = storeOf(state, RULES.id).tokens.get(value)?.scopes ?? [];
    const items = daysIn(state, person, day, day).flatMap((one) => itemsOf(state, person, lifeOf(state, RULES.id, person, one), scopes));
    return { status: 200, body: { data: { metric_data: items }, error: null, status: 200 } };
  },
};
