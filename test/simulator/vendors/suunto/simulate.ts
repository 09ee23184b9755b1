/**
 * Suunto's cloud API: access tokens that are JWTs and name the user, a subscription key in every call, samples of ten minutes, workouts in
 * lists by offset with a FIT file each, notifications that are signed over their body and bring samples themselves.
 */
import { createHmac } from "node:crypto";
import { fitRide } from "../../../fixtures/fit-file.ts";
import type { Person } from "../../person.ts";
import { DAY, dayOf, MINUTE, offsetMs } from "../../person/civil.ts";
import { activeKcal } from "../../person/trace.ts";
import type { JsonObject } from "../../person/wire.ts";
import type { Call, Reply } from "../../server/http.ts";
import type { State } from "../../server/state.ts";
import { lifeOf, livesAround, localIso, sleepSeconds, trainingsIn } from "../life.ts";
import type { LifeDay, Training } from "../life.ts";
import { authorize, caller, endGrantOf, token } from "../oauth.ts";
import type { OAuthRules } from "../oauth.ts";
import { sendHook } from "../send.ts";
import { listReply, Refusal, same, storeOf } from "../vendor.ts";
import type { SimulatedVendor } from "../vendor.ts";

const userName = (person: Person): string => `${person.name}-suunto`;

const RULES: OAuthRules = {
  id: "suunto",
  scopes: ["workout"],
  clientAuth: "basic",
  refresh: "rotates",
  lifeSeconds: 86_400,
  claims: (person) => ({ user: userName(person), scope: ["workout"] }),
};
/** Of the subscription to the API, and of notifications, as the portal gives them to a local Meridian. */
const SUBSCRIPTION_KEY = "meridian-local-subscriptionKey";
const NOTIFICATION_SECRET = "meridian-local-notificationSecret";
const MOST_DAYS = 28;
const STEP_MS = 10 * MINUTE;
const JOULES_A_KCAL = 4_184;
const MOST_A_PAGE = 50;
const SPORTS: Readonly<Record<string, number>> = { OUTDOOR_BIKE: 2, RUNNING: 1, WALKING: 0, SWIMMING_POOL: 21, YOGA: 51 };

interface Sample {
  readonly atMs: number;
  readonly sample: JsonObject;
}
const sampleAt = (person: Person, atMs: number, entryData: JsonObject): Sample => ({
  atMs,
  sample: { timestamp: localIso(person, atMs), entryData },
});

/** Ten minutes each in which the watch was worn. */
function activity(person: Person, { minutes, rmssd, oxygen }: LifeDay): Sample[] {
  const steps = Map.groupBy(minutes, ({ startMs }) => Math.floor(startMs / STEP_MS) * STEP_MS);
  return [...steps].map(([atMs, own]) => {
    const hearts = own.map(({ heart }) => heart);
    return sampleAt(person, atMs, {
      HR: Math.round(hearts.reduce((sum, heart) => sum + heart, 0) / hearts.length),
      HRExt: { Min: Math.round(Math.min(...hearts)), Max: Math.round(Math.max(...hearts)) },
      StepCount: own.reduce((sum, minute) => sum + minute.steps, 0),
      EnergyConsumption: Math.round(own.reduce((sum, minute) => sum + activeKcal(person, minute), 0) * JOULES_A_KCAL),
      SpO2: Number((oxygen / 100).toFixed(3)),
      HRV: rmssd,
    });
  });
}

function sleep(person: Person, { night, day, restingHeart, rmssd, recovery }: LifeDay): Sample[] {
  if (!night) return [];
  const sums = sleepSeconds(night);
  return [
    sampleAt(person, night.endMs, {
      SleepId: day * 86_400,
      BedtimeStart: localIso(person, night.startMs),
      BedtimeEnd: localIso(person, night.endMs),
      IsNap: false,
      Duration: (night.endMs - night.startMs) / 1000,
      DeepSleepDuration: sums.DEEP,
      LightSleepDuration: sums.LIGHT,
      REMSleepDuration: sums.REM,
      SleepOnsetLatencyDuration: 600,
      WakeAfterSleepOnsetDuration: sums.AWAKE,
      SleepQualityScore: recovery,
      HRAvg: restingHeart + 4,
      HRMin: restingHeart,
      AvgHRV: rmssd,
      MaxSpo2: 0.98,
      Feeling: 3,
    }),
  ];
}

/** What is left of the body's resources at noon. */
function recoveries(person: Person, { minutes, recovery }: LifeDay): Sample[] {
  const noon = minutes[Math.floor(minutes.length / 2)];
  return noon === undefined ? [] : [sampleAt(person, noon.startMs, { Balance: recovery / 100, StressState: 1 })];
}

const SAMPLES: Readonly<Record<string, (person: Person, life: LifeDay) => Sample[]>> = { activity, sleep, recovery: recoveries };

const keyOf = ({ startMs }: Training): string => (startMs / MINUTE).toString(16).padStart(24, "0");

function summary(person: Person, training: Training): JsonObject {
  const { startMs, endMs, metres, kcal, meanHeart, maxHeart, type } = training;
  const seconds = (endMs - startMs) / 1000;
  return {
    workoutKey: keyOf(training),
    activityId: SPORTS[type] ?? 11,
    startTime: startMs,
    stopTime: endMs,
    totalTime: seconds,
    timeOffsetInMinutes: offsetMs(person.zone, startMs) / MINUTE,
    totalDistance: metres,
    totalAscent: 12,
    stepCount: 0,
    energyConsumption: Math.round(kcal),
    avgSpeed: metres / seconds,
    maxSpeed: (metres / seconds) * 1.4,
    recoveryTime: 3_600,
    hrdata: { workoutAvgHR: meanHeart, workoutMaxHR: maxHeart, userMaxHR: 190 },
    isManuallyAdded: false,
    gear: { manufacturer: "Suunto", name: "Suunto Race", displayName: "Suunto Race" },
  };
}

function whole(query: URLSearchParams, name: string, otherwise: number): number {
  const value = Number(query.get(name) ?? otherwise);
  if (!Number.isInteger(value) || value < 0) throw new Refusal(400, { error: `${name} is not valid` });
  return value;
}

/** The person of a call, which must carry the subscription's key too. */
function known(state: State, call: Call): Person {
  if (!same(call.headers["ocp-apim-subscription-key"] ?? "", SUBSCRIPTION_KEY))
    throw new Refusal(401, { statusCode: 401, message: "Access denied due to invalid subscription key." });
  return caller(state, RULES, call, "workout");
}

function samples(state: State, call: Call, kind: string): Reply {
  const person = known(state, call);
  const make = Object.hasOwn(SAMPLES, kind) ? SAMPLES[kind] : undefined;
  if (make === undefined) throw new Refusal(404, { error: "not found" });
  const [from, to] = [whole(call.query, "from", 0), whole(call.query, "to", state.clock.now())];
  if (to < from || to - from > MOST_DAYS * DAY) throw new Refusal(400, { error: "The range is longer than 28 days" });
  const found = livesAround(state, RULES.id, person, from, to)
    .flatMap((life) => make(person, life))
    .filter(({ atMs }) => atMs >= from && atMs <= to);
  return listReply(found.map(({ sample }) => sample));
}

function workouts(state: State, call: Call, key: string | undefined, isFile: boolean): Reply {
  const person = known(state, call);
  if (key === undefined) {
    const [since, until] = [whole(call.query, "since", 0), whole(call.query, "until", state.clock.now())];
    const found = trainingsIn(state, RULES.id, person, since, until).reverse();
    const [offset, limit] = [whole(call.query, "offset", 0), Math.min(MOST_A_PAGE, whole(call.query, "limit", MOST_A_PAGE))];
    const page = found.slice(offset, offset + limit).map((training) => summary(person, training));
    return { status: 200, body: { error: null, payload: page, metadata: { workoutcount: String(found.length) } } };
  }
  const startMs = Number.parseInt(key, 16) * MINUTE;
  const found = trainingsIn(state, RULES.id, person, startMs, startMs).find((training) => keyOf(training) === key);
  if (!found) throw new Refusal(404, { error: { code: 404, description: "No such workout" }, payload: null });
  if (!isFile) return { status: 200, body: { error: null, payload: summary(person, found), metadata: null } };
  const recording = fitRide((found.endMs - found.startMs) / 1000, new Date(found.startMs).toISOString());
  return { status: 200, headers: { "content-type": "application/octet-stream" }, body: recording };
}

function deauthorize(state: State, call: Call): Reply {
  const access = /^Bearer\s+(\S+)$/i.exec(call.headers["authorization"] ?? "")?.[1] ?? "";
  if (call.query.get("client_id") !== state.settings.client.id || !endGrantOf(state, RULES.id, access))
    throw new Refusal(401, { error: "invalid_token" });
  return { status: 200, body: {} };
}

export const SUUNTO: SimulatedVendor = {
  id: RULES.id,
  route(state, call) {
    const { method, path } = call;
    if (method === "GET" && path === "/oauth/authorize") return authorize(state, RULES, call);
    if (method === "POST" && path === "/oauth/token") return token(state, RULES, call);
    if (method !== "GET") throw new Refusal(405);
    if (path === "/oauth/deauthorize") return deauthorize(state, call);
    const [, kind] = /^\/247samples\/([a-z]+)$/.exec(path) ?? [];
    if (kind !== undefined) return samples(state, call, kind);
    const [matched, key, file] = /^\/v3\/workouts(?:\/([0-9a-f]+)(\/fit)?)?$/.exec(path) ?? [];
    if (matched === undefined) throw new Refusal(404, { error: "not found" });
    return workouts(state, call, key, file !== undefined);
  },
  async notify(state, person, workout, tamper) {
    const { dashboardUrl } = storeOf(state, RULES.id);
    if (dashboardUrl === undefined) return;
    const life = lifeOf(state, RULES.id, person, dayOf(person.zone, workout.startMs));
    const training = life.trainings.find(({ startMs }) => startMs === workout.startMs);
    const head = { username: userName(person) };
    const during = activity(person, life).filter(({ atMs }) => atMs + STEP_MS > workout.startMs && atMs < workout.endMs);
    const events: JsonObject[] = [
      ...(training ? [{ ...head, type: "WORKOUT_CREATED", workout: summary(person, training) }] : []),
      { ...head, type: "SUUNTO_247_ACTIVITY_CREATED", samples: during.map(({ sample }) => sample) },
    ];
    for (const event of events)
      await sendHook(state, {
        vendor: RULES.id,
        url: dashboardUrl,
        body: JSON.stringify(event),
        topic: String(event["type"]),
        tamper,
        sign: (bytes) => ({ "x-hmac-sha256-signature": createHmac("sha256", NOTIFICATION_SECRET).update(bytes).digest("hex") }),
      });
  },
};
