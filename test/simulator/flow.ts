/** A vendor client for tests: walks the consent flow and calls the API the way any third party would. */
import { createHash } from "node:crypto";
import * as z from "zod";

export const REDIRECT = "http://127.0.0.1:9999/callback";
export const VERIFIER = "a-verifier-that-is-long-enough-to-be-a-verifier-0123";
export const CHALLENGE = createHash("sha256").update(VERIFIER).digest("base64url");
const AREAS = [
  "activity_and_fitness",
  "health_metrics_and_measurements",
  "sleep",
  "nutrition",
  "settings",
  "profile",
  "ecg",
  "irn",
  "reproductive_health",
  "mindfulness",
  "logged_symptoms",
];
/** Read scopes of every area. */
export const ALL_SCOPES = AREAS.map((area) => `https://www.googleapis.com/auth/googlehealth.${area}.readonly`).join(" ");

const tokens = z.object({
  access_token: z.string(),
  expires_in: z.number(),
  refresh_token: z.string().optional(),
  scope: z.string(),
  token_type: z.literal("Bearer"),
});
export type Tokens = z.infer<typeof tokens>;
const record = z.record(z.string(), z.unknown());

/** Query of a correct authorize request; overrides replace fields, null removes them. */
export function authorizeQuery(overrides: Record<string, string | null> = {}): URLSearchParams {
  const query = new URLSearchParams({
    client_id: "meridian-local",
    redirect_uri: REDIRECT,
    response_type: "code",
    scope: ALL_SCOPES,
    state: "state-1",
    access_type: "offline",
    prompt: "consent",
    code_challenge: CHALLENGE,
    code_challenge_method: "S256",
  });
  for (const [name, value] of Object.entries(overrides)) {
    if (value === null) query.delete(name);
    else query.set(name, value);
  }
  return query;
}

/** Calls the authorize endpoint and returns the parameters it sends back. */
export async function authorizeWith(base: string, overrides: Record<string, string | null> = {}): Promise<URLSearchParams> {
  const response = await fetch(`${base}/o/oauth2/v2/auth?${authorizeQuery(overrides).toString()}`, { redirect: "manual" });
  const location = response.headers.get("location");
  if (response.status !== 302 || !location) throw new Error(`authorize answered ${response.status}`);
  return new URL(location).searchParams;
}

/** Posts a form to the token endpoint with the default client's credentials. */
export async function postToken(base: string, form: Record<string, string>): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(`${base}/token`, {
    method: "POST",
    body: new URLSearchParams({ client_id: "meridian-local", client_secret: "meridian-local-secret", ...form }),
  });
  return { status: response.status, body: record.parse(await response.json()) };
}

/** The form that exchanges a code. */
export function exchangeForm(code: string): Record<string, string> {
  return { grant_type: "authorization_code", code, redirect_uri: REDIRECT, code_verifier: VERIFIER };
}

/** Connects a person and returns the tokens. */
export async function connect(base: string, person = "ada", overrides: Record<string, string | null> = {}): Promise<Tokens> {
  const back = await authorizeWith(base, { sim_person: person, ...overrides });
  const { status, body } = await postToken(base, exchangeForm(back.get("code") ?? ""));
  if (status !== 200) throw new Error(`token answered ${status}: ${JSON.stringify(body)}`);
  return tokens.parse(body);
}

/** GET (or POST with a body) on the API; path below `/v4/users/me/`. */
export async function api(
  base: string,
  accessToken: string,
  path: string,
  body?: unknown,
): Promise<{ status: number; body: Record<string, unknown>; headers: Headers }> {
  const response = await fetch(`${base}/v4/users/me/${path}`, {
    headers: { authorization: `Bearer ${accessToken}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }),
  });
  return { status: response.status, body: record.parse(await response.json()), headers: response.headers };
}

/** Calls the control plane. */
export async function control(base: string, path: string, body?: unknown): Promise<Record<string, unknown>> {
  const response = await fetch(`${base}/sim/${path}`, body === undefined ? {} : { method: "POST", body: JSON.stringify(body) });
  const answer = record.parse(await response.json());
  if (!response.ok) throw new Error(`control answered ${response.status}: ${JSON.stringify(answer)}`);
  return answer;
}
