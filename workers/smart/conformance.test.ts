import { createLocalJWKSet, decodeProtectedHeader, type JSONWebKeySet, jwtVerify, SignJWT } from "jose";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { validateResource } from "../../shared/fhir/r4/validate";
import { parseScope } from "../../shared/fhir/scopes";
import { ASSERTION_TYPE, newKey } from "../../test/partners";
import { fetchApp, ORIGIN, registerPerson, type RegisteredPerson, send } from "../../test/people";
import { Browser, formIn } from "../../test/smart/driver";

/** What servers are held to by SMART App Launch 2.2 and its test kit, where no other file holds us to it: docs/conformance.md. */
const BASE = `${ORIGIN}/fhir/r4`;
const BACK = "https://conformant.example/callback";
const SCOPE = "openid fhirUser offline_access launch/patient patient/Patient.r";
const VERIFIER = "v".repeat(43);
const CHALLENGE = Buffer.from(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(VERIFIER))).toString("base64url");

const discoverySchema = z.looseObject({
  issuer: z.url(),
  jwks_uri: z.url(),
  authorization_endpoint: z.url(),
  token_endpoint: z.url(),
  capabilities: z.array(z.string()),
  grant_types_supported: z.array(z.string()),
  code_challenge_methods_supported: z.array(z.string()),
});

function askOf(client: string): URLSearchParams {
  return new URLSearchParams({
    response_type: "code",
    client_id: client,
    redirect_uri: BACK,
    scope: SCOPE,
    state: "s",
    aud: BASE,
    code_challenge: CHALLENGE,
    code_challenge_method: "S256",
  });
}

const browser = () => new Browser(ORIGIN, async (url, init) => await fetchApp(url.slice(ORIGIN.length), init));

async function register(more: Record<string, unknown> = {}): Promise<string> {
  const response = await send("POST", "/oauth/register", { client_name: "Conformant", redirect_uris: [BACK], ...more });
  expect(response.status, await response.clone().text()).toBe(201);
  return z.looseObject({ client_id: z.string() }).parse(await response.json()).client_id;
}

async function codeOf(client: string, person: RegisteredPerson): Promise<string> {
  const to = await browser().letIn(`${ORIGIN}/oauth/authorize?${askOf(client).toString()}`, person);
  return new URL(to ?? "about:blank").searchParams.get("code") ?? "";
}

const exchange = async (client: string, code: string, more: Record<string, string> = {}) =>
  await fetchApp("/oauth/token", {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded", origin: new URL(BACK).origin },
    body: new URLSearchParams({
      grant_type: "authorization_code",
      client_id: client,
      code,
      redirect_uri: BACK,
      code_verifier: VERIFIER,
      ...more,
    }).toString(),
  });

describe("discovery", () => {
  test("is JSON whatever is accepted, for pages of any origin, and names what apps of patients need", async () => {
    for (const accept of ["application/json", "text/html", "application/fhir+json"]) {
      const response = await fetchApp("/fhir/r4/.well-known/smart-configuration", { headers: { accept, origin: "https://any.example" } });
      expect([response.status, response.headers.get("access-control-allow-origin")]).toEqual([200, "*"]);
      expect(response.headers.get("content-type")).toMatch(/^application\/json/);
      const found = discoverySchema.parse(await response.json());
      expect(found.code_challenge_methods_supported).toEqual(["S256"]);
      expect(found.grant_types_supported).toEqual(expect.arrayContaining(["authorization_code", "client_credentials"]));
      expect(found.capabilities).toEqual(
        expect.arrayContaining([
          "launch-standalone",
          "launch-ehr",
          "client-public",
          "client-confidential-symmetric",
          "client-confidential-asymmetric",
          "sso-openid-connect",
          "context-standalone-patient",
          "permission-offline",
          "permission-patient",
          "authorize-post",
          "permission-v1",
          "permission-v2",
        ]),
      );
      for (const name of ["management_endpoint", "introspection_endpoint", "revocation_endpoint"])
        expect(z.url().safeParse(found[name]).success, name).toBe(true);
      expect(found["scopes_supported"]).toEqual(expect.arrayContaining(["openid", "fhirUser", "offline_access", "launch/patient"]));
      expect(found["token_endpoint_auth_methods_supported"]).toEqual(expect.arrayContaining(["private_key_jwt", "client_secret_basic"]));
      expect(found["token_endpoint_auth_signing_alg_values_supported"]).toEqual(expect.arrayContaining(["RS384", "ES384"]));
      for (const name of ["issuer", "jwks_uri", "authorization_endpoint", "token_endpoint"])
        expect(z.url().safeParse(found[name]).success, name).toBe(true);
    }
  });

  test("names no context but the patient, and no scope that asks for another", async () => {
    const found = discoverySchema.parse(await (await fetchApp("/fhir/r4/.well-known/smart-configuration")).json());
    expect(found.capabilities.filter((one) => one.startsWith("context-"))).toEqual(["context-standalone-patient", "context-ehr-patient"]);
    const launches = z
      .array(z.string())
      .parse(found["scopes_supported"])
      .filter((scope) => scope.startsWith("launch"));
    expect(launches).toEqual(["launch", "launch/patient"]);
    // What is no scope is not granted, whoever asks for it.
    expect(parseScope("launch/encounter")).toBeUndefined();
  });

  test("names the brand under which people know the server, for pages of any origin, and again where it has changed alone", async () => {
    const configuration = z
      .looseObject({ user_access_brand_bundle: z.url(), user_access_brand_identifier: z.looseObject({ value: z.string() }) })
      .parse(await (await fetchApp("/fhir/r4/.well-known/smart-configuration")).json());
    const path = new URL(configuration.user_access_brand_bundle).pathname;
    const response = await fetchApp(path, { headers: { origin: "https://anywhere.example" } });
    expect(response.headers.get("access-control-allow-origin")).toBe("*");
    const bundle = z
      .looseObject({
        type: z.literal("collection"),
        timestamp: z.iso.datetime(),
        entry: z.array(z.looseObject({ fullUrl: z.url(), resource: z.looseObject({ resourceType: z.string() }) })),
      })
      .parse(await response.json());
    const [brand, endpoint] = bundle.entry;
    expect(brand?.resource).toMatchObject({
      identifier: [configuration.user_access_brand_identifier],
      endpoint: [{ reference: endpoint?.fullUrl }],
    });
    expect(endpoint?.resource).toMatchObject({ resourceType: "Endpoint", status: "active", address: BASE });
    expect(validateResource(brand?.resource).filter(({ severity }) => severity === "error")).toEqual([]);
    const again = await fetchApp(path, { headers: { "if-none-match": response.headers.get("etag") ?? "" } });
    expect([again.status, await again.text()]).toEqual([304, ""]);
  });

  test("of OpenID Connect says the same, and signs with RS256", async () => {
    const smart = discoverySchema.parse(await (await fetchApp("/fhir/r4/.well-known/smart-configuration")).json());
    const openid: unknown = await (await fetchApp("/.well-known/openid-configuration")).json();
    const { issuer, jwks_uri, authorization_endpoint, token_endpoint } = smart;
    expect(openid).toMatchObject({ issuer, jwks_uri, authorization_endpoint, token_endpoint });
    expect(openid).toMatchObject({
      response_types_supported: ["code"],
      subject_types_supported: ["public"],
      id_token_signing_alg_values_supported: expect.arrayContaining(["RS256"]),
    });
  });
});

test("the authorization request may be posted as a form", async () => {
  const response = await fetchApp("/oauth/authorize", {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: askOf(await register()).toString(),
  });
  const text =
    response.status === 200
      ? await response.text()
      : await (await browser().open(new URL(response.headers.get("location") ?? "", ORIGIN).href)).text();
  expect(formIn(text)?.fields.has("email")).toBe(true);
});

test("the answer with the token is kept nowhere, says whose record it is, and identifies the person by a key that is published", async () => {
  const person = await registerPerson("us");
  const client = await register();
  const response = await exchange(client, await codeOf(client, person));
  expect([response.status, response.headers.get("cache-control"), response.headers.get("pragma")]).toEqual([200, "no-store", "no-cache"]);
  expect(response.headers.get("access-control-allow-origin")).toBe(new URL(BACK).origin);
  const tokens = z
    .looseObject({ access_token: z.string(), id_token: z.string(), expires_in: z.number(), patient: z.string(), refresh_token: z.string() })
    .parse(await response.json());
  expect(tokens).toMatchObject({ token_type: "Bearer", scope: SCOPE });
  expect(tokens.expires_in).toBeLessThanOrEqual(3_600);

  const { jwks_uri } = discoverySchema.parse(await (await fetchApp("/fhir/r4/.well-known/smart-configuration")).json());
  const keys = (await (await fetchApp(new URL(jwks_uri).pathname)).json()) as JSONWebKeySet;
  const { payload } = await jwtVerify(tokens.id_token, createLocalJWKSet(keys), {
    issuer: ORIGIN,
    audience: client,
    algorithms: ["RS256"],
  });
  expect(decodeProtectedHeader(tokens.id_token).kid).toBeTypeOf("string");
  expect(payload.sub?.length).toBeLessThan(256);
  expect([payload.exp, payload.iat].every((time) => typeof time === "number")).toBe(true);
  const fhirUser = z.string().parse(payload["fhirUser"]);
  expect(fhirUser).toBe(`${BASE}/Patient/${tokens.patient}`);
  const who = await fetchApp(new URL(fhirUser).pathname, {
    headers: { authorization: `Bearer ${tokens.access_token}`, origin: new URL(BACK).origin },
  });
  expect([who.status, who.headers.get("access-control-allow-origin")]).toEqual([200, new URL(BACK).origin]);
});

test.each(["ES384", "RS384"] as const)("an app with keys proves itself by an assertion signed with %s, once", async (alg) => {
  const person = await registerPerson("eu");
  const key = await newKey(alg);
  const client = await register({ token_endpoint_auth_method: "private_key_jwt", jwks: { keys: [key.jwk] } });
  const proof = async () =>
    await new SignJWT({})
      .setProtectedHeader({ alg, kid: key.kid, typ: "JWT" })
      .setIssuer(client)
      .setSubject(client)
      .setAudience(`${ORIGIN}/oauth/token`)
      .setJti(crypto.randomUUID())
      .setIssuedAt()
      .setExpirationTime("4m")
      .sign(key.privateKey);
  const assertion = await proof();
  const asked = { client_assertion_type: ASSERTION_TYPE, client_assertion: assertion };
  expect((await exchange(client, await codeOf(client, person))).status, "without a proof").toBe(401);
  expect((await exchange(client, await codeOf(client, person), asked)).status).toBe(200);
  expect((await exchange(client, await codeOf(client, person), asked)).status, "the same proof again").toBe(401);
});
