/** Dexcom API v3: everything of a kind in at most thirty days, times of UTC, bounds where a sensor measures no further. */
import type { Person } from "../../person.ts";
import { pointsBetween } from "../../person.ts";
import { dayOf, DAY } from "../../person/civil.ts";
import { planOf } from "../../person/day-plan.ts";
import type { JsonObject } from "../../person/wire.ts";
import type { Call, Reply } from "../../server/http.ts";
import type { State } from "../../server/state.ts";
import { daysIn, localIso } from "../life.ts";
import { authorize, caller, token } from "../oauth.ts";
import type { OAuthRules } from "../oauth.ts";
import { Refusal } from "../vendor.ts";
import type { SimulatedVendor } from "../vendor.ts";

const RULES: OAuthRules = {
  id: "dexcom",
  scopes: ["offline_access"],
  clientAuth: "body",
  refresh: "rotates",
  refreshScope: "offline_access",
  lifeSeconds: 7200,
  proposes: "ben",
};
const LONGEST_MS = 30 * DAY;

function head(person: Person, kind: string, ms: number): JsonObject {
  return {
    recordId: `${kind}-${person.key}-${ms}`,
    systemTime: `${new Date(ms).toISOString().slice(0, 19)}Z`,
    displayTime: localIso(person, ms),
    transmitterId: "simulated",
    transmitterGeneration: "g7",
    displayDevice: "iOS",
  };
}

const KINDS: Record<string, (state: State, person: Person, from: number, to: number) => JsonObject[]> = {
  egvs(_state, person, from, to) {
    let last: number | undefined;
    return pointsBetween(person, "blood-glucose", from, to).flatMap((point) => {
      const value = Number(point.value["bloodGlucoseMilligramsPerDeciliter"]);
      if (point.origin !== "cgm" || Number.isNaN(value)) return [];
      const trendRate = last === undefined ? null : Number(((value - last) / 5).toFixed(1));
      last = value;
      // One value in two hundred is beyond what the sensor measures.
      const isLow = Math.floor(point.startMs / 300_000) % 200 === 7;
      return [
        {
          ...head(person, "egv", point.startMs),
          value: isLow ? null : Math.round(value),
          status: isLow ? "low" : null,
          unit: "mg/dL",
          trend: "flat",
          trendRate: isLow ? null : trendRate,
          rateUnit: "mg/dL/min",
        },
      ];
    });
  },
  events: (state, person, from, to) =>
    daysIn(state, person, dayOf(person.zone, from), dayOf(person.zone, to)).flatMap((day) =>
      planOf(person, day)
        .mealTimes.filter(({ atMs }) => atMs >= from && atMs < to)
        .map(({ atMs }, i) => ({
          ...head(person, "event", atMs),
          eventType: "carbs",
          eventSubType: null,
          eventStatus: "created",
          value: String(30 + 10 * i),
          unit: "grams",
        })),
    ),
  calibrations: () => [],
};

function read(state: State, call: Call, kind: string): Reply {
  const person = caller(state, RULES, call);
  const userId = `dexcom-${person.healthUserId}`;
  if (kind === "dataRange") {
    const now = new Date(state.clock.now()).toISOString().slice(0, 19);
    const range = {
      start: { systemTime: "2024-01-15T00:00:00", displayTime: "2024-01-15T00:00:00" },
      end: { systemTime: now, displayTime: now },
    };
    return { status: 200, body: { recordType: "dataRange", recordVersion: "3.0", userId, egvs: range, events: range } };
  }
  const make = KINDS[kind];
  if (!make) throw new Refusal(404, {});
  const [from, to] = ["startDate", "endDate"].map((name) => {
    const text = call.query.get(name) ?? "";
    return /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}$/.test(text) ? Date.parse(`${text}Z`) : Number.NaN;
  });
  if (from === undefined || to === undefined || !(to > from && to - from <= LONGEST_MS))
    throw new Refusal(400, { errors: ["Invalid date range"] });
  const records = person.cgm ? make(state, person, from, Math.min(to, state.clock.now())) : [];
  return { status: 200, body: { recordType: kind, recordVersion: "3.0", userId, records } };
}

export const DEXCOM: SimulatedVendor = {
  id: RULES.id,
  route(state, call) {
    const { method, path } = call;
    if (method === "GET" && path === "/v2/oauth2/login") return authorize(state, RULES, call);
    if (method === "POST" && path === "/v2/oauth2/token") return token(state, RULES, call);
    const kind = /^\/v3\/users\/self\/(\w+)$/.exec(path)?.[1];
    if (method !== "GET" || kind === undefined) throw new Refusal(404, {});
    return read(state, call, kind);
  },
};
