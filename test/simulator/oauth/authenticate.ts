/** Bearer checks of the API: who calls, with which scopes, and within the per-user quota. */
import type { Person } from "../person.ts";
import { ApiError } from "../server/http.ts";
import type { Call } from "../server/http.ts";
import { personOf } from "../server/state.ts";
import type { State } from "../server/state.ts";
import { isStanding, openToken } from "./tokens.ts";
import type { Claims } from "./tokens.ts";

export interface Caller {
  person: Person;
  scopes: ReadonlySet<string>;
}

export const CLOUD_PLATFORM = "https://www.googleapis.com/auth/cloud-platform";
const HEALTH = "https://www.googleapis.com/auth/googlehealth.";

function unauthenticated(): ApiError {
  return new ApiError(
    401,
    "UNAUTHENTICATED",
    "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential.",
    { headers: { "www-authenticate": 'Bearer realm="https://accounts.google.com/", error="invalid_token"' } },
  );
}

function bearer(state: State, call: Call): Claims {
  const token = /^Bearer\s+(\S+)$/i.exec(call.headers["authorization"] ?? "")?.[1];
  const claims = token === undefined ? undefined : openToken(state, token);
  if (!claims || claims.use !== "access" || !isStanding(state, claims)) throw unauthenticated();
  if ((claims.expiresAtMs ?? 0) <= state.clock.now()) throw unauthenticated();
  if (claims.order <= (state.expiredUpTo.get(claims.person) ?? 0)) throw unauthenticated();
  return claims;
}

/** 300 calls a minute and person, by the wall clock. */
function spendQuota(state: State, person: string): void {
  const wall = Date.now();
  const recent = (state.calls.get(person) ?? []).filter((ms) => ms > wall - 60_000);
  const oldest = recent[0];
  if (recent.length >= state.settings.quotaPerMinute && oldest !== undefined) {
    state.calls.set(person, recent);
    const seconds = Math.max(1, Math.ceil((oldest + 60_000 - wall) / 1000));
    throw new ApiError(
      429,
      "RESOURCE_EXHAUSTED",
      "Quota exceeded for quota metric 'Requests' and limit 'Requests per minute per user' of service 'health.googleapis.com'.",
      {
        reason: "RATE_LIMIT_EXCEEDED",
        headers: { "retry-after": String(seconds) },
      },
    );
  }
  recent.push(wall);
  state.calls.set(person, recent);
}

/** The person behind the call. 401 for a dead token, 429 above the quota. */
export function authenticate(state: State, call: Call): Caller {
  const claims = bearer(state, call);
  spendQuota(state, claims.person);
  return { person: personOf(state, claims.person), scopes: new Set(claims.scopes) };
}

/** Project calls need a token with the cloud-platform scope. */
export function authenticateProject(state: State, call: Call): void {
  const claims = bearer(state, call);
  if (!claims.scopes.includes(CLOUD_PLATFORM)) throw insufficientScope();
}

/** 403 for a missing scope. */
export function insufficientScope(): ApiError {
  return new ApiError(403, "PERMISSION_DENIED", "Request had insufficient authentication scopes.", {
    reason: "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
    headers: { "www-authenticate": 'Bearer realm="https://accounts.google.com/", error="insufficient_scope"' },
  });
}

/** `full` with the read scope of an area, `own` with only its write scope; 403 otherwise. */
export function accessTo(caller: Caller, area: string): "full" | "own" {
  if (caller.scopes.has(`${HEALTH}${area}.readonly`)) return "full";
  if (caller.scopes.has(`${HEALTH}${area}.writeonly`)) return "own";
  throw insufficientScope();
}

/** True when the caller holds any health scope at all. */
export function hasAnyHealthScope(caller: Caller): boolean {
  return [...caller.scopes].some((scope) => scope.startsWith(HEALTH));
}
