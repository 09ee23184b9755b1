/** `POST /token` and `POST /revoke`. */
import { createHash, timingSafeEqual } from "node:crypto";
import * as z from "zod";
import type { Call, Reply } from "../server/http.ts";
import type { State } from "../server/state.ts";
import { randomId } from "../server/state.ts";
import { CLOUD_PLATFORM } from "./authenticate.ts";
import { grantFor, isStanding, issueAccess, issueRefresh, openToken, revokeGrant } from "./tokens.ts";

const NO_STORE = { "cache-control": "no-cache, no-store, max-age=0, must-revalidate", pragma: "no-cache" };
export const JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer";

function refuse(status: number, error: string, description: string): Reply {
  return { status, headers: NO_STORE, body: { error, error_description: description } };
}

function same(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

function exchangeCode(state: State, form: URLSearchParams, clientId: string): Reply {
  const code = form.get("code");
  if (!code) return refuse(400, "invalid_request", "Missing required parameter: code");
  const pending = state.codes.get(code);
  // A code is spent by the first attempt, right or wrong.
  state.codes.delete(code);
  if (!pending || pending.expiresAtMs <= state.clock.now() || pending.clientId !== clientId)
    return refuse(400, "invalid_grant", "Malformed auth code.");
  if (form.get("redirect_uri") !== pending.redirectUri) return refuse(400, "redirect_uri_mismatch", "Bad Request");
  const verifier = form.get("code_verifier");
  if (pending.challenge !== undefined) {
    if (!verifier) return refuse(400, "invalid_grant", "Missing code verifier.");
    if (!same(createHash("sha256").update(verifier).digest("base64url"), pending.challenge))
      return refuse(400, "invalid_grant", "Invalid code verifier.");
  } else if (verifier) return refuse(400, "invalid_grant", "Code challenge was not provided.");
  const { grant, isNew } = grantFor(state, clientId, pending.person, pending.scopes);
  const scopes = pending.includeGranted ? [...grant.scopes] : pending.scopes;
  const holder = { person: pending.person, client: clientId, grant: grant.id };
  // The vendor hands out a refresh token on the first consent or when asked to consent again.
  const refresh = pending.offline && (isNew || pending.reconsent) ? { refresh_token: issueRefresh(state, holder, scopes) } : {};
  return {
    status: 200,
    headers: NO_STORE,
    body: {
      access_token: issueAccess(state, holder, scopes),
      expires_in: state.settings.tokenLifeSeconds,
      ...refresh,
      scope: scopes.join(" "),
      token_type: "Bearer",
    },
  };
}

function refreshAccess(state: State, form: URLSearchParams, clientId: string): Reply {
  const token = form.get("refresh_token");
  if (!token) return refuse(400, "invalid_request", "Missing required parameter: refresh_token");
  const claims = openToken(state, token);
  if (!claims || claims.use !== "refresh" || claims.client !== clientId || !isStanding(state, claims)) {
    return refuse(400, "invalid_grant", "Token has been expired or revoked.");
  }
  const asked = form.get("scope")?.split(" ").filter(Boolean) ?? claims.scopes;
  if (!asked.every((scope) => claims.scopes.includes(scope))) return refuse(400, "invalid_scope", "Some requested scopes were invalid.");
  return {
    status: 200,
    headers: NO_STORE,
    body: {
      access_token: issueAccess(state, claims, asked),
      expires_in: state.settings.tokenLifeSeconds,
      scope: asked.join(" "),
      token_type: "Bearer",
    },
  };
}

const assertionClaims = z.object({ iss: z.string().min(1), scope: z.string(), exp: z.number() });

/** Service-account assertions: shape and expiry are checked, the signature is not (there is no registered key to check it with). */
function serviceAccount(state: State, form: URLSearchParams): Reply {
  let content: unknown;
  try {
    content = JSON.parse(Buffer.from(form.get("assertion")?.split(".")[1] ?? "", "base64url").toString("utf8"));
  } catch {
    return refuse(400, "invalid_grant", "Invalid JWT.");
  }
  const parsed = assertionClaims.safeParse(content);
  if (!parsed.success || parsed.data.exp * 1000 <= state.clock.now())
    return refuse(400, "invalid_grant", "Invalid JWT: token must be short-lived and in a reasonable timeframe.");
  if (!parsed.data.scope.split(" ").includes(CLOUD_PLATFORM))
    return refuse(400, "invalid_scope", "Only the cloud-platform scope is offered to service accounts.");
  const holder = { person: "", client: parsed.data.iss, grant: `service-${randomId(6)}` };
  return {
    status: 200,
    headers: NO_STORE,
    body: { access_token: issueAccess(state, holder, [CLOUD_PLATFORM]), expires_in: state.settings.tokenLifeSeconds, token_type: "Bearer" },
  };
}

/** Token endpoint; client credentials in the form body, errors in the RFC 6749 form. */
export function token(state: State, call: Call): Reply {
  if (!(call.headers["content-type"] ?? "").startsWith("application/x-www-form-urlencoded"))
    return refuse(400, "invalid_request", "Expected a form body.");
  const form = new URLSearchParams(call.body);
  const grantType = form.get("grant_type");
  if (grantType === JWT_BEARER) return serviceAccount(state, form);
  const clientId = form.get("client_id") ?? "";
  const { client } = state.settings;
  if (clientId !== client.id) return refuse(401, "invalid_client", "The OAuth client was not found.");
  if (!same(form.get("client_secret") ?? "", client.secret)) return refuse(401, "invalid_client", "Unauthorized");
  if (grantType === "authorization_code") return exchangeCode(state, form, clientId);
  if (grantType === "refresh_token") return refreshAccess(state, form, clientId);
  return refuse(400, "unsupported_grant_type", `Invalid grant_type: ${grantType ?? ""}`);
}

/** Revokes the whole grant behind an access or refresh token (form body or query). */
export function revoke(state: State, call: Call): Reply {
  const value = new URLSearchParams(call.body).get("token") ?? call.query.get("token");
  const claims = value === null ? undefined : openToken(state, value);
  if (!claims || state.revokedGrants.has(claims.grant)) return refuse(400, "invalid_token", "Token expired or revoked");
  revokeGrant(state, claims.client, claims.person, claims.grant);
  return { status: 200, headers: NO_STORE, body: {} };
}
