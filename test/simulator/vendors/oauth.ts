/** OAuth as the vendors speak it, each with its own quirks. */
import { createHash } from "node:crypto";
import type { Person } from "../person.ts";
import type { JsonObject } from "../person/wire.ts";
import type { Call, Reply } from "../server/http.ts";
import { personOf, randomId } from "../server/state.ts";
import type { State } from "../server/state.ts";
import { consentPage, errorPage, hasToChoose } from "../oauth/consent-page.ts";
import { isOurBasic, isOurForm, Refusal, storeOf } from "./vendor.ts";

export interface OAuthRules {
  readonly id: string;
  readonly scopes: readonly string[];
  readonly clientAuth: "basic" | "body";
  /** `rotates`: a refresh token works once, and its grant ends when it is used again. */
  readonly refresh: "rotates" | "none";
  /** A refresh token is given only with this scope. */
  readonly refreshScope?: string;
  readonly lifeSeconds: number;
  /** How long a code lives; a minute where left out. */
  readonly codeSeconds?: number;
  /** The authorize URL names no scopes: the person chooses among all of them. */
  readonly withoutScopes?: true;
  /** A challenge with S256 is wanted, and its verifier with the code. */
  readonly challenge?: "required";
  /** Status of calls with a dead token; 401 where left out. */
  readonly deadStatus?: number;
  /** Whom its page proposes, where not everybody has its device. */
  readonly proposes?: string;
  /** Scopes have commas between them. */
  readonly commas?: true;
  /** What was granted is told with the code, and not with the tokens. */
  readonly scopesWithCode?: true;
  /** Access tokens are JWTs with these claims, which nobody but the vendor checks. */
  readonly claims?: (person: Person) => JsonObject;
  /** Further members of the token reply. */
  readonly more?: (person: Person) => JsonObject;
}

const CODE_LIFE_MS = 60_000;

function back(redirectUri: string, values: Record<string, string>): Reply {
  const url = new URL(redirectUri);
  for (const [name, value] of Object.entries(values)) url.searchParams.set(name, value);
  return { status: 302, headers: { location: url.toString() } };
}

const isLocal = (redirect: string): boolean => URL.canParse(redirect) && ["127.0.0.1", "localhost"].includes(new URL(redirect).hostname);

/** Shows browsers a page, and consents at once otherwise. `sim_person` picks the person, `sim_deny=1` refuses, `sim_scopes` grants only part. */
export function authorize(state: State, rules: OAuthRules, call: Call): Reply {
  const { query } = call;
  const redirectUri = query.get("redirect_uri") ?? "";
  if (query.get("client_id") !== state.settings.client.id) return errorPage(401, "invalid_client", "The OAuth client was not found.");
  if (!isLocal(redirectUri)) return errorPage(400, "redirect_uri_mismatch", "The redirect URI is not registered.");
  const stateValue = query.get("state") ?? "";
  const asked = (query.get("scope") ?? "").split(rules.commas ? "," : " ").filter(Boolean);
  if (query.get("response_type") !== "code" || stateValue === "") return back(redirectUri, { error: "invalid_request", state: stateValue });
  if (!rules.withoutScopes && (asked.length === 0 || !asked.every((scope) => rules.scopes.includes(scope))))
    return back(redirectUri, { error: "invalid_scope", state: stateValue });
  const challenge = query.get("code_challenge") ?? "";
  if (rules.challenge && (query.get("code_challenge_method") !== "S256" || challenge.length !== 43))
    return back(redirectUri, { error: "invalid_request", state: stateValue });
  if (query.get("sim_deny") === "1") return back(redirectUri, { error: "access_denied", state: stateValue });
  const offered = rules.withoutScopes ? [...rules.scopes] : asked;
  if (hasToChoose(call)) return consentPage(query, offered, [...state.people.keys()], rules.proposes ?? "ada");
  const only = query
    .getAll("sim_scopes")
    .flatMap((value) => value.split(/[ ,]+/))
    .filter(Boolean);
  const code = randomId(24);
  const scopes = only.length > 0 ? offered.filter((scope) => only.includes(scope)) : offered;
  storeOf(state, rules.id).codes.set(code, {
    person: query.get("sim_person") ?? "ada",
    scopes,
    ...(rules.challenge ? { challenge } : {}),
    redirectUri,
    expiresAtMs: state.clock.now() + (rules.codeSeconds === undefined ? CODE_LIFE_MS : rules.codeSeconds * 1000),
  });
  return back(redirectUri, { code, state: stateValue, ...(rules.scopesWithCode ? { scope: scopes.join(",") } : {}) });
}

const refuse = (status: number, error: string): Refusal => new Refusal(status, { error, error_description: "Refused." });

/** The token endpoint: codes work once, refresh tokens as the vendor's rules say. */
export function token(state: State, rules: OAuthRules, call: Call): Reply {
  const form = new URLSearchParams(call.body);
  const isOurs = rules.clientAuth === "basic" ? isOurBasic(state, call) : isOurForm(state, form);
  if (!isOurs) throw refuse(401, "invalid_client");
  const store = storeOf(state, rules.id);
  switch (form.get("grant_type")) {
    case "authorization_code": {
      const pending = store.codes.get(form.get("code") ?? "");
      store.codes.delete(form.get("code") ?? "");
      if (!pending || pending.expiresAtMs <= state.clock.now() || form.get("redirect_uri") !== pending.redirectUri)
        throw refuse(400, "invalid_grant");
      if (pending.challenge !== undefined && pending.challenge !== challengeOf(form.get("code_verifier") ?? ""))
        throw refuse(400, "invalid_grant");
      return issue(state, rules, pending.person, pending.scopes, randomId(9));
    }
    case "refresh_token": {
      const held = rules.refresh === "none" ? undefined : store.tokens.get(form.get("refresh_token") ?? "");
      if (held?.use !== "refresh") throw refuse(400, "invalid_grant");
      if (held.spent) {
        endGrant(state, rules.id, held.grant);
        throw refuse(400, "invalid_grant");
      }
      held.spent = true;
      for (const one of store.tokens.values()) if (one.grant === held.grant && one.use === "access") one.expiresAtMs = 0;
      return issue(state, rules, held.person, held.scopes, held.grant);
    }
    default:
      throw refuse(400, "unsupported_grant_type");
  }
}

const challengeOf = (verifier: string): string => createHash("sha256").update(verifier).digest("base64url");

function issue(state: State, rules: OAuthRules, name: string, scopes: string[], grant: string): Reply {
  const store = storeOf(state, rules.id);
  const [access, refresh] = [accessToken(state, rules, name), randomId(24)];
  const common = { person: name, scopes, grant, spent: false };
  store.tokens.set(access, { ...common, use: "access", expiresAtMs: state.clock.now() + rules.lifeSeconds * 1000 });
  const refreshes = rules.refresh === "rotates" && (rules.refreshScope === undefined || scopes.includes(rules.refreshScope));
  if (refreshes) store.tokens.set(refresh, { ...common, use: "refresh", expiresAtMs: Infinity });
  return {
    status: 200,
    headers: { "cache-control": "no-store" },
    body: {
      access_token: access,
      token_type: "bearer",
      expires_in: rules.lifeSeconds,
      ...(refreshes ? { refresh_token: refresh } : {}),
      ...(rules.refresh === "none" || rules.scopesWithCode ? {} : { scope: scopes.join(" ") }),
      ...rules.more?.(personOf(state, name)),
    },
  };
}

function accessToken(state: State, { claims, lifeSeconds }: OAuthRules, name: string): string {
  if (claims === undefined) return randomId(24);
  const exp = Math.floor(state.clock.now() / 1000) + lifeSeconds;
  const parts = [
    { alg: "RS256", typ: "JWT" },
    { ...claims(personOf(state, name)), exp, jti: randomId(9) },
  ];
  return [...parts.map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")), randomId(32)].join(".");
}

/** The person of a call's token. 401, or what the vendor says instead, for a dead token, 403 without the scope. */
export function caller(state: State, rules: OAuthRules, call: Call, scope?: string): Person {
  const value = /^Bearer\s+(\S+)$/i.exec(call.headers["authorization"] ?? "")?.[1] ?? "";
  const held = storeOf(state, rules.id).tokens.get(value);
  if (held?.use !== "access" || held.expiresAtMs <= state.clock.now())
    throw new Refusal(rules.deadStatus ?? 401, { error: "invalid_token" });
  if (scope !== undefined && !held.scopes.includes(scope)) throw new Refusal(403, { error: "insufficient_scope" });
  return personOf(state, held.person);
}

/** Ends everything that one consent gave. */
export function endGrant(state: State, vendor: string, grant: string): void {
  const { tokens } = storeOf(state, vendor);
  for (const [value, held] of tokens) if (held.grant === grant) tokens.delete(value);
}

/** Ends the consent that an access token belongs to; false where there is none. */
export function endGrantOf(state: State, vendor: string, access: string): boolean {
  const held = storeOf(state, vendor).tokens.get(access);
  if (held) endGrant(state, vendor, held.grant);
  return held !== undefined;
}

/** Lets a person's access tokens at a vendor die. */
export function expireTokens(state: State, vendor: string, person: string): void {
  for (const held of storeOf(state, vendor).tokens.values()) if (held.person === person && held.use === "access") held.expiresAtMs = 0;
}
