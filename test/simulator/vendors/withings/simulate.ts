/**
 * Withings: every call is a form with an `action`, every answer a 200 with a status of its own. Codes live for 30 seconds, refresh tokens
 * rotate, lists come in parts by `more` and `offset`, and what ends a grant is signed with a nonce that works once.
 */
import { createHmac } from "node:crypto";
import type { Person } from "../../person.ts";
import type { JsonObject } from "../../person/wire.ts";
import type { Call, Reply } from "../../server/http.ts";
import { personOf, randomId } from "../../server/state.ts";
import type { State } from "../../server/state.ts";
import { authorize, caller, endGrant, token } from "../oauth.ts";
import type { OAuthRules } from "../oauth.ts";
import { sendHook } from "../send.ts";
import { Refusal, same, storeOf } from "../vendor.ts";
import type { SimulatedVendor } from "../vendor.ts";
import { activities, groups, intraday, nights, stages, workouts } from "./records.ts";
import type { Listed } from "./records.ts";

const RULES: OAuthRules = {
  id: "withings",
  scopes: ["user.info", "user.metrics", "user.activity"],
  clientAuth: "body",
  refresh: "rotates",
  codeSeconds: 30,
  lifeSeconds: 10_800,
  more: (person) => ({ userid: userId(person) }),
};
/** Records of one part of a list. */
const PART = 100;
const LONGEST_URL = 255;
const NONCE_LIFE_MS = 30 * 60_000;
/** Longest range of an intraday call, and of a call for stages. */
const DAY_S = 86_400;
const WEEK_S = 7 * DAY_S;
const APPLIS = new Set([1, 2, 4, 16, 44, 46, 50, 51, 52, 54, 55, 58, 62]);
const WORKOUT_APPLI = 16;

const userId = (person: Person): string => String(Number(person.healthUserId) % 100_000_000);
const nonceName = (nonce: string): string => `nonce/${nonce}`;

/** An answer of the vendor's: 200, whatever it says. */
const said = (status: number, rest: JsonObject = {}): Reply => ({ status: 200, body: { status, ...rest } });
const fine = (body: JsonObject = {}): Reply => said(0, { body });
const wrong = (what: string): Refusal => new Refusal(200, { status: 503, body: {}, error: `Invalid Params: ${what}` });

type Form = ReadonlyMap<string, string>;
type Action = (state: State, call: Call, form: Form) => Reply | Promise<Reply>;

function member(form: Form, name: string): string {
  const value = form.get(name);
  if (value === undefined || value === "") throw wrong(`Missing ${name}`);
  return value;
}

function second(form: Form, name: string): number {
  const value = member(form, name);
  if (!/^\d{1,11}$/.test(value)) throw wrong(`invalid ${name}`);
  return Number(value);
}

/** The range of a call: seconds, or days that count as a whole. */
function rangeOf(form: Form, days: boolean): { fromMs: number; toMs: number } {
  if (!days) return { fromMs: second(form, "startdate") * 1000, toMs: second(form, "enddate") * 1000 };
  const [from = Number.NaN, to = Number.NaN] = ["startdateymd", "enddateymd"].map((name) => Date.parse(member(form, name)));
  if (Number.isNaN(from) || Number.isNaN(to)) throw wrong("invalid date");
  return { fromMs: from, toMs: to + DAY_S * 1000 };
}

/** The person of a call, where a scope is granted; dead tokens and missing scopes are statuses. */
function who(state: State, call: Call, scope: string): Person {
  try {
    return caller(state, RULES, call, scope);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    throw error.reply.status === 403
      ? new Refusal(200, { status: 277, body: {}, error: "The user did not grant this" })
      : new Refusal(200, { status: 401, body: {}, error: "XRequestID: Not provided invalid_token: The access token provided is invalid" });
  }
}

/** A part of a list, as the call's `offset` says. */
function part(form: Form, list: readonly JsonObject[], name: string, person: Person): Reply {
  const from = form.has("offset") ? second(form, "offset") : 0;
  const isMore = from + PART < list.length;
  const shown = { [name]: list.slice(from, from + PART), timezone: person.zone };
  return fine(isMore ? { ...shown, more: name === "measuregrps" ? 1 : true, offset: from + PART } : { ...shown, more: false, offset: 0 });
}

const listing =
  (scope: string, name: string, days: boolean, make: Listed): Action =>
  (state, call, form) => {
    const person = who(state, call, scope);
    return part(form, make(state, person, rangeOf(form, days)), name, person);
  };

/** Whether what is signed was signed by us: the values of some members in the order of their names, and for a nonce that it is unused. */
function checkSigned(state: State, form: Form, names: readonly string[]): void {
  const { id, secret } = state.settings.client;
  const text = names.map((name) => member(form, name)).join(",");
  const wanted = createHmac("sha256", secret).update(text).digest("hex");
  if (!same(member(form, "client_id"), id) || !same(member(form, "signature"), wanted)) throw wrong("Invalid signature");
  const nonce = form.get("nonce");
  if (nonce === undefined) return;
  const { registered } = storeOf(state, RULES.id);
  const until = registered.get(nonceName(nonce)) ?? 0;
  registered.delete(nonceName(nonce));
  if (until <= state.clock.now()) throw wrong("invalid nonce");
}

/** The token endpoint of RFC 6749, with its refusals in the vendor's words. */
function requestToken(state: State, call: Call, form: Form): Reply {
  try {
    const { body } = token(state, RULES, call);
    if (typeof body !== "object" || body === null) throw wrong("no reply");
    const { scope, ...rest } = body as JsonObject;
    return fine({ ...rest, scope: String(scope).replaceAll(" ", ",") });
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const isGrant = String((error.reply.body as JsonObject | undefined)?.["error"]) === "invalid_grant";
    if (!isGrant) throw wrong("invalid client");
    throw wrong(form.get("grant_type") === "refresh_token" ? "invalid refresh_token" : "invalid code");
  }
}

function revoke(state: State, _call: Call, form: Form): Reply {
  checkSigned(state, form, ["action", "client_id", "nonce"]);
  const user = member(form, "userid");
  const { tokens, subscriptions } = storeOf(state, RULES.id);
  for (const held of tokens.values()) if (userId(personOf(state, held.person)) === user) endGrant(state, RULES.id, held.grant);
  for (const [name, { token: of }] of subscriptions) if (of === user) subscriptions.delete(name);
  return fine();
}

function getNonce(state: State, _call: Call, form: Form): Reply {
  checkSigned(state, form, ["action", "client_id", "timestamp"]);
  if (Math.abs(second(form, "timestamp") * 1000 - state.clock.now()) > NONCE_LIFE_MS) throw wrong("invalid timestamp");
  const nonce = randomId(16);
  storeOf(state, RULES.id).registered.set(nonceName(nonce), state.clock.now() + NONCE_LIFE_MS);
  return fine({ nonce });
}

/** A subscription is of one person and one kind of data; the address must answer HEAD first. */
async function subscribe(state: State, call: Call, form: Form): Promise<Reply> {
  const user = userId(who(state, call, "user.info"));
  const [url, appli] = [member(form, "callbackurl"), second(form, "appli")];
  if (!APPLIS.has(appli)) throw wrong("invalid appli");
  if (url.length > LONGEST_URL || !URL.canParse(url)) throw wrong("invalid callbackurl");
  const answer = await fetch(url, { method: "HEAD", redirect: "manual" }).catch(() => undefined);
  if (answer === undefined || answer.status < 200 || answer.status > 299) throw wrong("The callback URL is either absent or incorrect");
  const id = `${user}/${appli}/${url}`;
  storeOf(state, RULES.id).subscriptions.set(id, {
    id,
    topic: String(appli),
    url,
    token: user,
    secret: "",
    expiresAtMs: 2_147_483_647_000,
    active: true,
  });
  return fine();
}

function mySubscriptions(state: State, call: Call, form: Form) {
  const user = userId(who(state, call, "user.info"));
  const appli = form.get("appli");
  return [...storeOf(state, RULES.id).subscriptions.values()].filter(
    (one) => one.token === user && (appli === undefined || one.topic === appli),
  );
}

function listSubscriptions(state: State, call: Call, form: Form): Reply {
  const profiles = mySubscriptions(state, call, form).map(({ topic, url }) => ({
    appli: Number(topic),
    callbackurl: url,
    comment: "",
    expires: 2_147_483_647,
  }));
  return fine({ profiles });
}

function unsubscribe(state: State, call: Call, form: Form): Reply {
  const url = member(form, "callbackurl");
  const found = mySubscriptions(state, call, form).filter((one) => one.url === url);
  if (found.length === 0) throw new Refusal(200, { status: 294, body: {}, error: "No such subscription" });
  for (const { id } of found) storeOf(state, RULES.id).subscriptions.delete(id);
  return fine();
}

/** Path and action → what is done. */
const ACTIONS: Readonly<Record<string, Action>> = {
  "/v2/oauth2 requesttoken": requestToken,
  "/v2/oauth2 revoke": revoke,
  "/v2/signature getnonce": getNonce,
  "/notify subscribe": subscribe,
  "/notify list": listSubscriptions,
  "/notify revoke": unsubscribe,
  "/measure getmeas": listing("user.metrics", "measuregrps", false, groups),
  "/v2/measure getactivity": listing("user.activity", "activities", true, activities),
  "/v2/measure getworkouts": listing("user.activity", "series", true, workouts),
  "/v2/sleep getsummary": listing("user.activity", "series", true, nights),
  "/v2/heart list": listing("user.metrics", "series", false, () => []),
  "/v2/measure getintradayactivity": (state, call, form) => {
    const person = who(state, call, "user.activity");
    const range = rangeOf(form, false);
    if (range.toMs - range.fromMs > DAY_S * 1000) throw wrong("startdate and enddate are more than 24h apart");
    const series = intraday(state, person, range);
    // Nothing is an empty list, and something an object.
    return fine({ series: Object.keys(series).length === 0 ? [] : series });
  },
  "/v2/sleep get": (state, call, form) => {
    const person = who(state, call, "user.activity");
    const range = rangeOf(form, false);
    if (range.toMs - range.fromMs > WEEK_S * 1000) throw wrong("the range is too long");
    return fine({ series: stages(state, person, range), model: 32 });
  },
};

export const WITHINGS: SimulatedVendor = {
  id: RULES.id,
  async route(state, call) {
    const { method, path } = call;
    if (method === "GET" && path === "/oauth2_user/authorize2") {
      // Withings writes its scopes with commas.
      const query = new URLSearchParams(call.query);
      query.set("scope", (query.get("scope") ?? "").replaceAll(",", " "));
      return authorize(state, RULES, { ...call, query });
    }
    if (method !== "POST") throw new Refusal(404, "");
    const form = new Map(new URLSearchParams(call.body));
    const action = ACTIONS[`${path} ${form.get("action") ?? ""}`];
    if (action === undefined) return said(2554, { body: {}, error: "Unspecified service" });
    return await action(state, call, form);
  },
  async notify(state, person, workout, tamper) {
    const user = userId(person);
    const rows = [...storeOf(state, RULES.id).subscriptions.values()].filter(
      ({ token: of, topic }) => of === user && topic === String(WORKOUT_APPLI),
    );
    const date = new Date(workout.startMs).toISOString().slice(0, 10);
    for (const { url } of rows) {
      await sendHook(state, {
        vendor: RULES.id,
        // Nothing is signed: what can be spoilt is the secret in the address, or the body.
        url: tamper === "signature" ? `${url.slice(0, -1)}${url.endsWith("A") ? "B" : "A"}` : url,
        body: tamper === "body" ? "userid=&appli=x" : new URLSearchParams({ userid: user, appli: String(WORKOUT_APPLI), date }).toString(),
        topic: String(WORKOUT_APPLI),
        tamper,
        sign: () => ({ "content-type": "application/x-www-form-urlencoded" }),
      });
    }
  },
};
