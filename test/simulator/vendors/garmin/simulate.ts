/** Garmin Health API 1.2: everything is pushed or pinged, unsigned; the past is asked for and comes later in the same way. */
import type { Person } from "../../person.ts";
import { DAY } from "../../person/civil.ts";
import type { JsonObject } from "../../person/wire.ts";
import type { Call, Reply } from "../../server/http.ts";
import { personOf, randomId } from "../../server/state.ts";
import type { State } from "../../server/state.ts";
import { authorize, caller, endGrantOf, token } from "../oauth.ts";
import type { OAuthRules } from "../oauth.ts";
import { sendHook } from "../send.ts";
import { listReply, Refusal, storeOf } from "../vendor.ts";
import type { HookTamper, SimulatedVendor, VendorStore } from "../vendor.ts";
import { MAKERS, summariesOf } from "./summaries.ts";

const RULES: OAuthRules = {
  id: "garmin",
  scopes: ["HEALTH_EXPORT", "ACTIVITY_EXPORT", "MCT_EXPORT"],
  clientAuth: "body",
  refresh: "rotates",
  lifeSeconds: 86_400,
  withoutScopes: true,
  challenge: "required",
  deadStatus: 403,
  // The scopes of its tokens are of Garmin's own kind: what the person permits is asked for elsewhere.
  more: () => ({ scope: "PARTNER_READ PARTNER_WRITE CONNECT_READ CONNECT_WRITE", refresh_token_expires_in: 7_775_998, jti: randomId(9) }),
};
const REST = "/wellness-api/rest/";
const MOST_DAYS_A_MINUTE = 10_000;
const LATER_MS = 300;
/** Days of summaries that one push of a backfill holds. */
const PUSH_DAYS = 10;
const BEFORE_FIRST_CONNECTION = 30 * DAY;
/** Name in paths → key in pushes, where that is another. */
const KEYS: Readonly<Record<string, string>> = { pulseOx: "pulseox", respiration: "allDayRespiration", moveiq: "moveIQActivities" };
const UNTOLD = ["healthSnapshot", "bloodPressures", "manuallyUpdatedActivities", "moveIQActivities", "mct"];

/** What Garmin remembers beside tokens. */
interface Memory {
  readonly backfills: Set<string>;
  readonly pulls: Map<string, { readonly person: string; readonly key: string; readonly summaries: readonly JsonObject[] }>;
  /** Days of data that backfills have asked for, by the minute. */
  readonly days: Map<number, number>;
}
const memories = new WeakMap<VendorStore, Memory>();
function memoryOf(state: State): Memory {
  const store = storeOf(state, RULES.id);
  let memory = memories.get(store);
  if (!memory) {
    memory = { backfills: new Set(), pulls: new Map(), days: new Map() };
    memories.set(store, memory);
  }
  return memory;
}

const userId = (person: Person): string => `garmin-${person.healthUserId}`;
const refuse = (status: number, errorMessage: string): Refusal => new Refusal(status, { errorMessage });
const access = (call: Call): string => (call.headers["authorization"] ?? "").replace(/^Bearer\s+/i, "");

function permissionFor(key: string): string {
  if (key === "mct") return "MCT_EXPORT";
  return /activit/i.test(key) ? "ACTIVITY_EXPORT" : "HEALTH_EXPORT";
}

/** The permissions of the person of a call, which they may change at any time. */
function permissionsOf(state: State, call: Call): readonly string[] {
  return storeOf(state, RULES.id).tokens.get(access(call))?.scopes ?? [];
}

/** Sends a body to the address of the portal; a stranger's summary is in the same call, as with everybody's app. */
async function post(state: State, key: string, entries: readonly JsonObject[], tamper?: HookTamper): Promise<void> {
  const url = storeOf(state, RULES.id).dashboardUrl;
  if (url === undefined) return;
  await sendHook(state, {
    vendor: RULES.id,
    url,
    body: JSON.stringify({ [key]: [...entries, { userId: "somebody-else", summaryId: "s" }] }),
    topic: key,
    tamper,
    sign: () => ({ "garmin-client-id": state.settings.client.id, "user-agent": "Garmin Health API" }),
  });
}

const owned = (person: Person, summaries: readonly JsonObject[]): JsonObject[] =>
  summaries.map((summary) => ({ userId: userId(person), ...summary }));

/** Tells that summaries can be pulled, for a day. */
async function ping(state: State, person: Person, key: string, summaries: readonly JsonObject[]): Promise<void> {
  const pull = randomId(12);
  memoryOf(state).pulls.set(pull, { person: person.name, key, summaries });
  const name = Object.entries(KEYS).find(([, pushed]) => pushed === key)?.[0] ?? key;
  const now = Math.floor(state.clock.now() / 1000);
  const query = new URLSearchParams({ uploadStartTimeInSeconds: `${now - 3600}`, uploadEndTimeInSeconds: `${now}`, token: pull });
  await post(state, key, [{ userId: userId(person), callbackURL: `https://apis.garmin.com${REST}${name}?${query.toString()}` }]);
}

/** Seconds of two parameters in milliseconds. */
function rangeOf({ query }: Call, start: string, end: string): { fromMs: number; toMs: number } {
  const [fromMs, toMs] = [start, end].map((name) => (/^\d+$/.test(query.get(name) ?? "") ? Number(query.get(name)) * 1000 : Number.NaN));
  if (!(fromMs !== undefined && toMs !== undefined && fromMs < toMs)) throw refuse(400, `missing or wrong ${start}, ${end}`);
  return { fromMs, toMs };
}

function keyOf(name: string): string {
  const key = KEYS[name] ?? name;
  if (!Object.hasOwn(MAKERS, key) && !UNTOLD.includes(key)) throw refuse(404, "no such summary");
  return key;
}

function backfill(state: State, call: Call, name: string): Reply {
  const person = caller(state, RULES, call);
  const key = keyOf(name);
  if (!permissionsOf(state, call).includes(permissionFor(key))) throw refuse(412, "The user has not permitted this.");
  const { fromMs, toMs } = rangeOf(call, "summaryStartTimeInSeconds", "summaryEndTimeInSeconds");
  const days = Math.ceil((toMs - fromMs) / DAY);
  if (days > (permissionFor(key) === "ACTIVITY_EXPORT" ? 30 : 90)) throw refuse(400, "The range is too long.");
  const first = (storeOf(state, RULES.id).registered.get(person.name) ?? 0) - BEFORE_FIRST_CONNECTION;
  if (fromMs < first)
    throw refuse(400, `[1] start ${new Date(fromMs).toISOString()} before min start time of ${new Date(first).toISOString()}`);
  const memory = memoryOf(state);
  const minute = Math.floor(state.clock.now() / 60_000);
  const used = (memory.days.get(minute) ?? 0) + days;
  if (used > MOST_DAYS_A_MINUTE) throw refuse(429, "Too many days of data.");
  const request = `${person.name} ${key} ${fromMs} ${toMs}`;
  if (memory.backfills.has(request)) throw refuse(409, "This has been asked for already.");
  memory.days.set(minute, used);
  memory.backfills.add(request);
  const timer = setTimeout(() => {
    state.timers.delete(timer);
    void sendPast(state, person, key, fromMs, toMs);
  }, LATER_MS);
  timer.unref();
  state.timers.add(timer);
  return { status: 202 };
}

/** Sends what a backfill has asked for, oldest first, part by part. */
async function sendPast(state: State, person: Person, key: string, fromMs: number, toMs: number): Promise<void> {
  for (let at = fromMs; at < toMs; at += PUSH_DAYS * DAY) {
    const summaries = summariesOf(state, person, key, at, Math.min(toMs, at + PUSH_DAYS * DAY) - 1);
    if (summaries.length > 0) await post(state, key, owned(person, summaries));
  }
}

/** Answers a pull, for the token of a ping alone. */
function pull(state: State, call: Call, name: string): Reply {
  const person = caller(state, RULES, call);
  const { fromMs, toMs } = rangeOf(call, "uploadStartTimeInSeconds", "uploadEndTimeInSeconds");
  if (toMs - fromMs > DAY) throw refuse(400, "At most 24 hours of uploads.");
  const found = memoryOf(state).pulls.get(call.query.get("token") ?? "");
  if (found?.person !== person.name || found.key !== keyOf(name)) throw refuse(400, "InvalidPullTokenException");
  return listReply(owned(person, found.summaries));
}

async function leave(state: State, call: Call): Promise<Reply> {
  const person = caller(state, RULES, call);
  endGrantOf(state, RULES.id, access(call));
  await post(state, "deregistrations", [{ userId: userId(person) }]);
  return { status: 204 };
}

export const GARMIN: SimulatedVendor = {
  id: RULES.id,
  route(state, call) {
    const { method, path } = call;
    if (method === "GET" && path === "/oauth2Confirm") return authorize(state, RULES, call);
    if (method === "POST" && path === "/di-oauth2-service/oauth/token") {
      const reply = token(state, RULES, call);
      for (const { person } of storeOf(state, RULES.id).tokens.values()) {
        const { registered } = storeOf(state, RULES.id);
        if (!registered.has(person)) registered.set(person, state.clock.now());
      }
      return reply;
    }
    const rest = path.startsWith(REST) ? path.slice(REST.length) : undefined;
    if (rest === undefined) throw refuse(404, "not found");
    if (method === "DELETE" && rest === "user/registration") return leave(state, call);
    if (method !== "GET") throw refuse(405, "method not allowed");
    if (rest === "user/id") return { status: 200, body: { userId: userId(caller(state, RULES, call)) } };
    if (rest === "user/permissions") {
      caller(state, RULES, call);
      return { status: 200, headers: { "content-type": "application/json" }, body: JSON.stringify(permissionsOf(state, call)) };
    }
    if (rest.startsWith("backfill/")) return backfill(state, call, rest.slice("backfill/".length));
    return pull(state, call, rest);
  },
  async notify(state, person, { startMs, endMs }, tamper) {
    const now = state.clock.now();
    const isNow = ({ startTimeInSeconds }: JsonObject): boolean => startTimeInSeconds === Math.floor(startMs / 1000);
    await post(state, "activities", owned(person, summariesOf(state, person, "activities", startMs, endMs).filter(isNow)), tamper);
    if (tamper !== undefined) return;
    await post(state, "dailies", owned(person, summariesOf(state, person, "dailies", now, now)));
    const details = summariesOf(state, person, "activityDetails", startMs, endMs);
    await ping(
      state,
      person,
      "activityDetails",
      details.filter(({ activityId }) => activityId === Math.floor(startMs / 1000)),
    );
  },
  async permit(state, name, permissions) {
    for (const held of storeOf(state, RULES.id).tokens.values()) if (held.person === name) held.scopes = [...permissions];
    const changeTimeInSeconds = Math.floor(state.clock.now() / 1000);
    await post(state, "userPermissionsChange", [
      { userId: userId(personOf(state, name)), permissions: [...permissions], changeTimeInSeconds },
    ]);
  },
};
