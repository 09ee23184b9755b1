import { env } from "cloudflare:workers";
import { exportJWK, generateKeyPair, type JWTHeaderParameters, type JWTPayload, SignJWT } from "jose";
import { expect } from "vitest";
import * as z from "zod";
import { ringsOf } from "../shared/http/authenticate";
import { parseId, systemRandom } from "../shared/id";
import { signAccessToken } from "../shared/crypto/tokens";
import type { Region } from "../shared/region";
import { regional } from "../workers/regional";
import { fetchApp, ORIGIN, registerPerson, type RegisteredPerson } from "./people";

const madeSchema = z.looseObject({ id: z.string() });
const tokenSchema = z.object({ access_token: z.string(), token_type: z.literal("Bearer"), expires_in: z.number(), scope: z.string() });
const sidSchema = z.object({ sid: z.string() });

export const ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/** The same person in the same session, with a token that says they have proven themselves with two factors, some seconds ago. */
export async function withTwoFactors(person: RegisteredPerson, secondsAgo = 0): Promise<RegisteredPerson> {
  const payload = (person.accessToken.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/");
  const session = parseId("session", sidSchema.parse(JSON.parse(atob(payload))).sid);
  if (session === undefined) throw new TypeError("the token names no session");
  const { id, region } = person.person;
  const claims = { person: id, session, clientId: "meridian", scope: "me", amr: ["hwk"], acr: "aal2" } as const;
  const now = Date.now();
  const accessToken = await signAccessToken(
    ORIGIN,
    ringsOf(env)[region],
    { ...claims, authTime: Math.floor(now / 1000) - secondsAgo },
    now,
    systemRandom,
  );
  return {
    ...person,
    accessToken,
    fetch: async (path, init = {}) => {
      const headers = new Headers(init.headers);
      headers.set("authorization", `Bearer ${accessToken}`);
      return await fetchApp(path, { ...init, headers });
    },
  };
}

/** Sends JSON, or nothing, as a person. */
export async function call(person: RegisteredPerson, method: string, path: string, body?: unknown): Promise<Response> {
  const sent = body === undefined ? {} : { headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
  return await person.fetch(path, { method, ...sent });
}

/** What a call made; fails where it made nothing. */
export async function make(person: RegisteredPerson, path: string, body: unknown): Promise<string> {
  const response = await call(person, "POST", path, body);
  const text = await response.text();
  expect(response.status, `${path} answered ${text.slice(0, 300)}`).toBe(201);
  return madeSchema.parse(JSON.parse(text)).id;
}

export interface KeyPair {
  readonly alg: string;
  readonly kid: string;
  readonly privateKey: CryptoKey;
  /** The public half, as it is registered. */
  readonly jwk: Readonly<Record<string, unknown>>;
}

/** A fresh pair of keys. */
export async function newKey(alg = "ES384"): Promise<KeyPair> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true, modulusLength: 3_072 });
  const kid = crypto.randomUUID();
  const { kty, crv, x, y, n, e } = await exportJWK(publicKey);
  return { alg, kid, privateKey, jwk: JSON.parse(JSON.stringify({ kty, crv, x, y, n, e, kid })) as Record<string, unknown> };
}

export interface TestClient {
  readonly id: string;
  readonly key: KeyPair;
  readonly region: Region;
}

/** An organisation with its owner. */
export interface TestOrganisation {
  readonly id: string;
  readonly owner: RegisteredPerson;
  readonly region: Region;
}

/** A fresh organisation. */
export async function newOrganisation(region: Region = "eu", name = "Clinic"): Promise<TestOrganisation> {
  const owner = await withTwoFactors(await registerPerson(region));
  return { id: await make(owner, "/v1/organisations", { name }), owner, region };
}

/** The same organisation, which the operator has found to be a clinic. */
export async function clinicOf(organisation: TestOrganisation): Promise<TestOrganisation> {
  const { records } = regional(env, organisation.region);
  await records.prepare("update organisations set roles = ? where id = ?").bind('["partner","clinician"]', organisation.id).run();
  return organisation;
}

/** A fresh client of an organisation. */
export async function newClient(
  { id, owner, region }: TestOrganisation,
  scopes: readonly string[] = ["read:*"],
  key?: KeyPair,
): Promise<TestClient> {
  const pair = key ?? (await newKey());
  const path = `/v1/organisations/${id}/clients`;
  return { id: await make(owner, path, { name: "Report", scopes, jwks: { keys: [pair.jwk] } }), key: pair, region };
}

/** What an assertion says unless a test bends it. */
export interface Bent {
  readonly header?: Partial<JWTHeaderParameters>;
  readonly claims?: JWTPayload;
  readonly key?: CryptoKey | Uint8Array;
}

/** A client's proof of itself, good for a minute. */
export async function assertionOf({ id, key, region }: TestClient, bent: Bent = {}): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: id, sub: id, aud: `${ORIGIN}/${region}`, jti: crypto.randomUUID(), iat: now, exp: now + 60, ...bent.claims };
  return await new SignJWT(claims).setProtectedHeader({ alg: key.alg, kid: key.kid, ...bent.header }).sign(bent.key ?? key.privateKey);
}

/** Sends a form to an endpoint of OAuth. */
export async function postForm(
  path: string,
  form: Readonly<Record<string, string>> | string,
  headers: Record<string, string> = {},
): Promise<Response> {
  const body = typeof form === "string" ? form : new URLSearchParams(form).toString();
  return await fetchApp(path, { method: "POST", body, headers: { "content-type": "application/x-www-form-urlencoded", ...headers } });
}

/** The form of a client with its proof. */
export async function formOf(
  client: TestClient,
  form: Readonly<Record<string, string>> = {},
  bent: Bent = {},
): Promise<Record<string, string>> {
  return { client_assertion_type: ASSERTION_TYPE, client_assertion: await assertionOf(client, bent), ...form };
}

/** Asks for a token. */
export async function askToken(client: TestClient, form: Readonly<Record<string, string>> = {}, bent: Bent = {}): Promise<Response> {
  return await postForm("/oauth/token", await formOf(client, { grant_type: "client_credentials", ...form }, bent));
}

/** A token that is granted. */
export async function tokenOf(client: TestClient, scope?: string): Promise<string> {
  const response = await askToken(client, scope === undefined ? {} : { scope });
  const text = await response.text();
  expect(response.status, text).toBe(200);
  return tokenSchema.parse(JSON.parse(text)).access_token;
}

/** Calls the API with a client's token. */
export async function fetchAs(token: string, path: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  headers.set("authorization", `Bearer ${token}`);
  return await fetchApp(path, { ...init, headers });
}
