import { env } from "cloudflare:workers";
import { decodeJwt, decodeProtectedHeader } from "jose";
import { afterEach, describe, expect, test, vi } from "vitest";
import * as z from "zod";
import { toBase64Url } from "../../shared/crypto/base64url";
import { newId } from "../../shared/id";
import { CLIENT_SCOPES } from "../../shared/policy/scopes";
import { REGIONS } from "../../shared/region";
import {
  askToken,
  assertionOf,
  ASSERTION_TYPE,
  type Bent,
  call,
  fetchAs,
  formOf,
  newClient,
  newKey,
  newOrganisation,
  postForm,
  tokenOf,
} from "../../test/partners";
import { fetchApp, freshAddress, ORIGIN } from "../../test/people";
import { regional } from "../regional";
import { authenticateClient } from "./authenticate-client";
import { cleanPartners } from "./clean";
import { FROM_LIVING_CLIENT } from "./client-guard";

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const errorSchema = z.object({ error: z.string(), error_description: z.string().optional(), code: z.string(), instance: z.string() });
const introspectionSchema = z.looseObject({ active: z.boolean() });

/** Status and OAuth's name of a refusal, which must be as OAuth wants it. */
async function refusal(response: Response): Promise<[number, string]> {
  expect(response.headers.get("content-type")).toMatch(/^application\/json/);
  expect(response.headers.get("cache-control")).toBe("no-store");
  expect(response.headers.get("pragma")).toBe("no-cache");
  return [response.status, errorSchema.parse(await response.json()).error];
}

const introspect = async (client: Parameters<typeof formOf>[0], token: string) => {
  const response = await postForm("/oauth/introspect", await formOf(client, { token }));
  expect(response.status).toBe(200);
  return introspectionSchema.parse(await response.json());
};

const organisation = await newOrganisation();
const strange = await newKey();
const [client, other] = await Promise.all([newClient(organisation, ["read:vitals", "read:sleep"]), newClient(organisation)]);

describe("the authorization server", () => {
  test.each(REGIONS)("of %s says what it offers, to any page", async (region) => {
    const response = await fetchApp(`/.well-known/oauth-authorization-server/${region}`, { headers: { origin: "https://any.example" } });
    expect(response.headers.get("access-control-allow-origin")).toBe("*");
    expect(await response.json()).toMatchObject({
      issuer: `${ORIGIN}/${region}`,
      token_endpoint: `${ORIGIN}/oauth/token`,
      introspection_endpoint: `${ORIGIN}/oauth/introspect`,
      revocation_endpoint: `${ORIGIN}/oauth/revoke`,
      jwks_uri: `${ORIGIN}/.well-known/jwks.json`,
      grant_types_supported: ["client_credentials"],
      token_endpoint_auth_methods_supported: ["private_key_jwt"],
      token_endpoint_auth_signing_alg_values_supported: ["RS384", "ES384", "ES256", "EdDSA", "Ed25519"],
      scopes_supported: CLIENT_SCOPES,
    });
  });

  test("knows no other regions", async () => {
    expect((await fetchApp("/.well-known/oauth-authorization-server/mars")).status).toBe(422);
  });
});

describe("a token", () => {
  test.each(["RS384", "ES384", "ES256", "EdDSA", "Ed25519"])("is given for a proof with %s", async (alg) => {
    // Both names of the algorithm are good for the same key.
    const key = { ...(await newKey(alg === "EdDSA" ? "Ed25519" : alg)), alg };
    expect((await askToken(await newClient(organisation, ["read:*"], key))).status).toBe(200);
  });

  test.each(REGIONS)("of %s names the client, its scopes and its region, and nobody's session", async (region) => {
    const one = await newClient(await newOrganisation(region), ["read:vitals"]);
    const response = await askToken(one);
    expect(response.headers.get("pragma")).toBe("no-cache");
    const body = z
      .strictObject({ access_token: z.string(), token_type: z.string(), expires_in: z.number(), scope: z.string() })
      .parse(await response.json());
    expect(body).toMatchObject({ token_type: "Bearer", expires_in: 300, scope: "read:vitals" });
    const claims = decodeJwt(body.access_token);
    expect(claims).toMatchObject({ iss: `${ORIGIN}/${region}`, aud: ORIGIN, sub: one.id, client_id: one.id, scope: "read:vitals" });
    expect((claims.exp ?? 0) - (claims.iat ?? 0)).toBe(300);
    expect(Object.keys(claims)).not.toContain("sid");
    expect(decodeProtectedHeader(body.access_token)).toMatchObject({ typ: "at+jwt", alg: "ES256" });
  });

  test("has the scopes that were asked for, of the registered ones", async () => {
    expect(decodeJwt(await tokenOf(client))["scope"]).toBe("read:vitals read:sleep");
    expect(decodeJwt(await tokenOf(client, "read:sleep"))["scope"]).toBe("read:sleep");
  });

  test.each([
    "read:labs",
    "read:vitals read:labs",
    "read:*",
    "read:vitals  read:sleep",
    " read:vitals",
    "me",
    "openid",
    "system/*.rs",
    "READ:VITALS",
    "read:vitals\tread:sleep",
  ])("is refused for the scope %j, which is not registered", async (scope) => {
    expect(await refusal(await askToken(client, { scope }))).toEqual([400, "invalid_scope"]);
  });

  test("may be asked for at the issuer or the endpoint, with the client's id beside the proof or without", async () => {
    for (const aud of [`${ORIGIN}/eu`, `${ORIGIN}/oauth/token`, [`${ORIGIN}/oauth/token`]])
      expect((await askToken(client, {}, { claims: { aud } })).status).toBe(200);
    expect((await askToken(client, { client_id: client.id })).status).toBe(200);
    expect(await refusal(await askToken(client, { client_id: other.id }))).toEqual([401, "invalid_client"]);
  });
});

describe("a proof", () => {
  const seconds = () => Math.floor(Date.now() / 1000);
  const bent: [string, () => Bent][] = [
    ["for another audience", () => ({ claims: { aud: "https://elsewhere.example/oauth/token" } })],
    ["for the API instead of its authorization server", () => ({ claims: { aud: ORIGIN } })],
    ["for the issuer of another region", () => ({ claims: { aud: `${ORIGIN}/us` } })],
    ["for others too", () => ({ claims: { aud: [`${ORIGIN}/eu`, "https://elsewhere.example"] } })],
    ["without an audience", () => ({ claims: { aud: undefined } })],
    ["that lasts too long", () => ({ claims: { exp: seconds() + 320 } })],
    ["that has expired", () => ({ claims: { exp: seconds() - 10 } })],
    ["without an end", () => ({ claims: { exp: undefined } })],
    ["from the future", () => ({ claims: { iat: seconds() + 60 } })],
    ["that is not valid yet", () => ({ claims: { nbf: seconds() + 60 } })],
    ["without an id", () => ({ claims: { jti: undefined } })],
    ["with an empty id", () => ({ claims: { jti: "" } })],
    ["with an endless id", () => ({ claims: { jti: "x".repeat(256) } })],
    ["by another issuer", () => ({ claims: { iss: other.id } })],
    ["about another client", () => ({ claims: { sub: other.id } })],
    ["of another client", () => ({ claims: { iss: other.id, sub: other.id } })],
    ["of nobody", () => ({ claims: { iss: newId("client", "eu", 1), sub: newId("client", "eu", 1) } })],
    [
      "of another region's client of the same name",
      () => ({ claims: { iss: client.id.replace("_eu_", "_us_"), sub: client.id.replace("_eu_", "_us_") } }),
    ],
    ["of a person", () => ({ claims: { iss: organisation.owner.person.id, sub: organisation.owner.person.id } })],
    ["with another key", () => ({ key: strange.privateKey })],
    ["with another client's key", () => ({ key: other.key.privateKey, header: { kid: other.key.kid } })],
    ["under a key id that nobody has", () => ({ header: { kid: "unknown" } })],
    ["that brings its own key", () => ({ key: strange.privateKey, header: { jwk: strange.jwk, kid: strange.kid } })],
    ["that points to its own keys", () => ({ header: { jku: "https://evil.example/jwks.json" } })],
    ["with HS256 over the public key", () => ({ header: { alg: "HS256" }, key: new TextEncoder().encode(JSON.stringify(client.key.jwk)) })],
  ];
  test.each(bent)("%s is refused", async (_name, bend) => {
    const read = vi.spyOn(globalThis, "fetch");
    expect(await refusal(await askToken(client, {}, bend()))).toEqual([401, "invalid_client"]);
    expect(read).not.toHaveBeenCalled();
  });

  test("that nobody has signed is refused", async () => {
    const [, payload = "", signature = ""] = (await assertionOf(client)).split(".");
    for (const alg of ["none", "NoNe", "ES384"]) {
      const header = toBase64Url(new TextEncoder().encode(JSON.stringify({ alg, kid: client.key.kid })));
      for (const end of ["", alg === "ES384" ? toBase64Url(new Uint8Array(96)) : signature]) {
        const form = await formOf(client, { grant_type: "client_credentials", client_assertion: `${header}.${payload}.${end}` });
        expect(await refusal(await postForm("/oauth/token", form))).toEqual([401, "invalid_client"]);
      }
    }
  });

  test("looks the same whether the client is unknown, revoked or lies", async () => {
    const revoked = await newClient(organisation);
    expect((await call(organisation.owner, "DELETE", `/v1/organisations/${organisation.id}/clients/${revoked.id}`)).status).toBe(204);
    const nobody = { ...client, id: newId("client", "eu", Date.now()) };
    const texts = [];
    for (const answer of [await askToken(nobody), await askToken(revoked), await askToken(client, {}, { key: strange.privateKey })]) {
      const { instance: _instance, ...rest } = errorSchema.parse(await answer.json());
      texts.push(JSON.stringify([answer.status, rest]));
    }
    expect(new Set(texts).size).toBe(1);
  });

  test("is good once, of ten at the same time too", async () => {
    const form = await formOf(client, { grant_type: "client_credentials" });
    const answers = await Promise.all(Array.from({ length: 10 }, async () => await postForm("/oauth/token", form)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(await refusal(await postForm("/oauth/token", form))).toEqual([401, "invalid_client"]);
    // At another endpoint neither.
    expect(await refusal(await postForm("/oauth/introspect", { ...form, token: "x" }))).toEqual([401, "invalid_client"]);
    // Another client may use the same id.
    const { jti } = decodeJwt(form["client_assertion"] ?? "");
    expect((await askToken(other, {}, { claims: { jti } })).status).toBe(200);
  });

  test("is forgotten once it has expired by itself", async () => {
    const form = await formOf(client, { grant_type: "client_credentials" });
    expect((await postForm("/oauth/token", form)).status).toBe(200);
    const { jti } = decodeJwt(form["client_assertion"] ?? "");
    const { records } = regional(env, "eu");
    const kept = async () =>
      await records.prepare("select 1 from client_assertions where client_id = ? and jti = ?").bind(client.id, jti).first();
    await cleanPartners((region) => regional(env, region).records, Date.now());
    expect(await kept()).not.toBeNull();
    await cleanPartners((region) => regional(env, region).records, Date.now() + 66_000);
    expect(await kept()).toBeNull();
    vi.useFakeTimers({ now: Date.now() + 70_000, toFake: ["Date"] });
    expect((await postForm("/oauth/token", form)).status).toBe(401);
  });
});

describe("a request for a token", () => {
  const good = async () => await formOf(client, { grant_type: "client_credentials" });

  test("with a parameter twice is refused", async () => {
    const form = new URLSearchParams(await good()).toString();
    for (const name of ["scope=read:vitals&scope=read:sleep", "grant_type=client_credentials", "client_assertion=x"])
      expect(await refusal(await postForm("/oauth/token", `${form}&${name}`))).toEqual([400, "invalid_request"]);
  });

  test("that is no form is refused", async () => {
    const body = JSON.stringify(await good());
    expect(await refusal(await postForm("/oauth/token", body, { "content-type": "application/json" }))).toEqual([400, "invalid_request"]);
    expect(await refusal(await postForm("/oauth/token", "", { "content-type": "text/plain" }))).toEqual([400, "invalid_request"]);
  });

  test("with parameters in the address is refused", async () => {
    const form = await good();
    expect(await refusal(await postForm(`/oauth/token?${new URLSearchParams(form).toString()}`, form))).toEqual([400, "invalid_request"]);
    expect(await refusal(await postForm("/oauth/token?client_secret=x", form))).toEqual([400, "invalid_request"]);
  });

  test("with a secret, or with two ways of authenticating, is refused", async () => {
    const basic = { authorization: `Basic ${btoa(`${client.id}:secret`)}` };
    expect(await refusal(await postForm("/oauth/token", { ...(await good()), client_secret: "x" }))).toEqual([400, "invalid_request"]);
    expect(await refusal(await postForm("/oauth/token", await good(), basic))).toEqual([400, "invalid_request"]);
    expect(await refusal(await postForm("/oauth/token", { grant_type: "client_credentials" }, basic))).toEqual([401, "invalid_client"]);
  });

  test("without a proof, or with another kind of it, is refused", async () => {
    expect(await refusal(await postForm("/oauth/token", { grant_type: "client_credentials", client_id: client.id }))).toEqual([
      401,
      "invalid_client",
    ]);
    const saml = "urn:ietf:params:oauth:client-assertion-type:saml2-bearer";
    expect(await refusal(await askToken(client, { client_assertion_type: saml }))).toEqual([401, "invalid_client"]);
    for (const client_assertion of ["x", "a.b.c", "x".repeat(9_000)]) {
      const form = { grant_type: "client_credentials", client_assertion_type: ASSERTION_TYPE, client_assertion };
      expect(await refusal(await postForm("/oauth/token", form))).toEqual([401, "invalid_client"]);
    }
  });

  test("of another grant type, or of none, is refused", async () => {
    for (const grant_type of ["password", "authorization_code", "refresh_token"])
      expect(await refusal(await askToken(client, { grant_type }))).toEqual([400, "unsupported_grant_type"]);
    expect(await refusal(await postForm("/oauth/token", await formOf(client)))).toEqual([400, "invalid_request"]);
  });

  test("comes too often from one network before anything is proven", async () => {
    // Time stands still, so that no turn comes back however slow the machine is.
    vi.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
    const headers = { "cf-connecting-ip": freshAddress() };
    const nobody = { ...client, id: newId("client", "eu", Date.now()) };
    const form = await formOf(nobody, { grant_type: "client_credentials" });
    const statuses = await Promise.all(Array.from({ length: 110 }, async () => (await postForm("/oauth/token", form, headers)).status));
    expect(new Set(statuses)).toEqual(new Set([401, 429]));
    const limited = await postForm("/oauth/token", form, headers);
    expect(Number(limited.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(await refusal(limited)).toEqual([429, "temporarily_unavailable"]);
  });

  test("is refused where nobody counts turns", async () => {
    const ports = {
      refuseWrongHost: () => undefined,
      takeTurn: async () => {
        await Promise.resolve();
        throw new TypeError("the gate does not answer");
      },
    };
    const form = new Map(Object.entries(await good()));
    await expect(authenticateClient(ports as never, form, undefined)).rejects.toMatchObject({ code: "unavailable" });
  });
});

describe("introspection", () => {
  test("tells clients what a client's token is good for", async () => {
    const token = await tokenOf(client, "read:vitals");
    expect(await introspect(other, token)).toMatchObject({
      active: true,
      scope: "read:vitals",
      client_id: client.id,
      sub: client.id,
      iss: `${ORIGIN}/eu`,
      aud: ORIGIN,
      token_type: "Bearer",
      exp: decodeJwt(token).exp,
    });
  });

  test("says nothing about what is no client's token, or counts no more", async () => {
    const token = await tokenOf(client);
    const [head, payload] = token.split(".");
    for (const one of [
      "x",
      organisation.owner.accessToken,
      organisation.owner.refreshToken,
      `${head}.${payload}.AAAA`,
      await assertionOf(client),
    ])
      expect(await introspect(other, one)).toEqual({ active: false });
    vi.useFakeTimers({ now: Date.now() + 306_000, toFake: ["Date"] });
    expect(await introspect(other, token)).toEqual({ active: false });
  });

  test("answers clients alone", async () => {
    const token = await tokenOf(client);
    expect(await refusal(await postForm("/oauth/introspect", { token }))).toEqual([401, "invalid_client"]);
    expect(await refusal(await postForm("/oauth/introspect", { token }, { authorization: `Bearer ${token}` }))).toEqual([
      401,
      "invalid_client",
    ]);
    expect(await refusal(await postForm("/oauth/introspect", await formOf(client)))).toEqual([400, "invalid_request"]);
  });
});

describe("revoking", () => {
  const works = async (token: string) => (await fetchAs(token, "/v1/shared-with-us")).status;

  test("a token ends it with its next use, and leaves the others", async () => {
    const [token, kept] = [await tokenOf(client), await tokenOf(client)];
    expect(await works(token)).toBe(200);
    const response = await postForm("/oauth/revoke", await formOf(client, { token, token_type_hint: "access_token" }));
    expect([response.status, await response.text()]).toEqual([200, ""]);
    expect(await works(token)).toBe(401);
    expect(await introspect(other, token)).toEqual({ active: false });
    expect(await works(kept)).toBe(200);
    expect((await postForm("/oauth/revoke", await formOf(client, { token }))).status).toBe(200);
  });

  test("what is not one's own changes nothing, and is answered alike", async () => {
    const token = await tokenOf(client);
    for (const one of [token, organisation.owner.accessToken, "x"])
      expect((await postForm("/oauth/revoke", await formOf(other, { token: one }))).status).toBe(200);
    expect(await works(token)).toBe(200);
    expect((await organisation.owner.fetch("/v1/me")).status).toBe(200);
    expect(await refusal(await postForm("/oauth/revoke", { token }))).toEqual([401, "invalid_client"]);
  });

  test("a client ends its living tokens with their next use", async () => {
    const one = await newClient(organisation);
    const token = await tokenOf(one);
    expect(await works(token)).toBe(200);
    await call(organisation.owner, "DELETE", `/v1/organisations/${organisation.id}/clients/${one.id}`);
    expect(await works(token)).toBe(401);
    expect(await introspect(other, token)).toEqual({ active: false });
    expect(await refusal(await askToken(one))).toEqual([401, "invalid_client"]);
  });

  test("closing an organisation ends its clients and their tokens", async () => {
    const closing = await newOrganisation();
    const one = await newClient(closing);
    const token = await tokenOf(one);
    expect(await works(token)).toBe(200);
    expect((await call(closing.owner, "DELETE", `/v1/organisations/${closing.id}`)).status).toBe(204);
    expect(await works(token)).toBe(401);
    expect(await refusal(await askToken(one))).toEqual([401, "invalid_client"]);
  });
});

test("whether a client counts is looked up by keys alone", async () => {
  const { records } = regional(env, "eu");
  const { results } = await records
    .prepare(`explain query plan select 1 ${FROM_LIVING_CLIENT} and not exists (select 1 from revoked_client_tokens where jti = ?2)`)
    .bind("cli_eu_x", "x")
    .all<{ detail: string }>();
  const steps = results.map(({ detail }) => detail).filter((detail) => /SCAN|SEARCH/.test(detail));
  expect(steps.length).toBeGreaterThanOrEqual(4);
  for (const step of steps) expect(step).toMatch(/^SEARCH .* USING (?:PRIMARY KEY|.*INDEX)/);
});
