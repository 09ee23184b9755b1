/** `GET /o/oauth2/v2/auth`: checks the request, lets the person consent, sends the browser back with a code. */
import type { Call, Reply } from "../server/http.ts";
import { randomId } from "../server/state.ts";
import type { State } from "../server/state.ts";
import { consentPage, errorPage, hasToChoose } from "./consent-page.ts";

export const CODE_LIFE_MS = 60_000;
export const DEFAULT_PERSON = "ada";

const HEALTH_SCOPE =
  /^https:\/\/www\.googleapis\.com\/auth\/googlehealth\.(activity_and_fitness|ecg|health_metrics_and_measurements|irn|location|logged_symptoms|mindfulness|nutrition|profile|reproductive_health|settings|sleep)\.(readonly|writeonly)$/;
const OTHER_SCOPES = new Set([
  "openid",
  "email",
  "profile",
  "https://www.googleapis.com/auth/userinfo.email",
  "https://www.googleapis.com/auth/userinfo.profile",
]);

/** True for scopes the vendor knows. `nutrition.readonly` is in its guides though not in its discovery document. */
export function isKnownScope(scope: string): boolean {
  return HEALTH_SCOPE.test(scope) || OTHER_SCOPES.has(scope);
}

function isLocal(redirect: string): boolean {
  if (!URL.canParse(redirect)) return false;
  const url = new URL(redirect);
  return (
    (url.protocol === "http:" || url.protocol === "https:") && (url.hostname === "127.0.0.1" || url.hostname === "localhost") && !url.hash
  );
}

function back(redirectUri: string, values: Record<string, string | null>): Reply {
  const url = new URL(redirectUri);
  for (const [name, value] of Object.entries(values)) if (value !== null) url.searchParams.set(name, value);
  return { status: 302, headers: { location: url.toString() } };
}

function faultIn(query: URLSearchParams): { error: string; description: string } | undefined {
  if (query.get("response_type") !== "code") return { error: "unsupported_response_type", description: "response_type must be code" };
  if (!query.get("state")) return { error: "invalid_request", description: "Missing required parameter: state" };
  const scopes = (query.get("scope") ?? "").split(" ").filter(Boolean);
  if (!scopes.length) return { error: "invalid_request", description: "Missing required parameter: scope" };
  if (!scopes.every(isKnownScope)) return { error: "invalid_scope", description: "Some requested scopes were invalid" };
  const challenge = query.get("code_challenge");
  if (challenge !== null && (query.get("code_challenge_method") !== "S256" || !/^[A-Za-z0-9_-]{43}$/.test(challenge))) {
    return { error: "invalid_request", description: "code_challenge must be an S256 challenge" };
  }
  const access = query.get("access_type");
  if (access !== null && access !== "offline" && access !== "online")
    return { error: "invalid_request", description: "Invalid access_type" };
  return undefined;
}

/** A browser that was asked to show the consent page and did not choose yet. */
function wantsPage(call: Call): boolean {
  return hasToChoose(call) && (call.query.get("prompt") ?? "").split(" ").includes("consent");
}

/**
 * Consents at once, unless a browser asks with `prompt=consent`. `sim_person` or `login_hint` picks the person, `sim_deny=1`
 * refuses, `sim_scopes` grants only some of the scopes (the vendor's consent is granular).
 */
export function authorize(state: State, call: Call): Reply {
  const { query } = call;
  const clientId = query.get("client_id") ?? "";
  const redirectUri = query.get("redirect_uri") ?? "";
  if (clientId !== state.settings.client.id) return errorPage(401, "invalid_client", "The OAuth client was not found.");
  if (!isLocal(redirectUri))
    return errorPage(
      400,
      "redirect_uri_mismatch",
      "The redirect URI in the request does not match the ones authorized for the OAuth client.",
    );
  const stateValue = query.get("state");
  const fault = faultIn(query);
  if (fault) return back(redirectUri, { error: fault.error, error_description: fault.description, state: stateValue });
  const asked = (query.get("scope") ?? "").split(" ").filter(Boolean);
  if (wantsPage(call)) return consentPage(query, asked, [...state.people.keys()], DEFAULT_PERSON);
  if (query.get("sim_deny") === "1") return back(redirectUri, { error: "access_denied", state: stateValue });
  const only = query
    .getAll("sim_scopes")
    .flatMap((value) => value.split(/[ ,]+/))
    .filter(Boolean);
  const scopes = only.length ? asked.filter((scope) => only.includes(scope)) : asked;
  const person = (query.get("sim_person") ?? query.get("login_hint") ?? DEFAULT_PERSON).split("@")[0] || DEFAULT_PERSON;
  const challenge = query.get("code_challenge");
  const code = `4/0A${randomId(24)}`;
  state.codes.set(code, {
    clientId,
    redirectUri,
    person,
    scopes,
    offline: query.get("access_type") === "offline",
    expiresAtMs: state.clock.now() + CODE_LIFE_MS,
    ...(challenge === null ? {} : { challenge }),
    reconsent: (query.get("prompt") ?? "").split(" ").includes("consent"),
    includeGranted: query.get("include_granted_scopes") === "true",
  });
  return back(redirectUri, { state: stateValue, code, scope: scopes.join(" "), authuser: "0", prompt: query.get("prompt") ?? "none" });
}
