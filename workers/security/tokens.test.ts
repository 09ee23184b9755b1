import { beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import { fetchApp, registerPerson, type RegisteredPerson, send } from "../../test/people";

/** Credentials that are genuine, in the wrong place or the wrong form, and credentials that only look genuine. */
let owner: RegisteredPerson;
let stranger: RegisteredPerson;
let key: string;

beforeAll(async () => {
  [owner, stranger] = await Promise.all([registerPerson("eu"), registerPerson("us")]);
  const made = await owner.fetch("/v1/me/api-keys", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name: "Program", scopes: ["data:read"] }),
  });
  expect(made.status).toBe(201);
  key = z.looseObject({ key: z.string() }).parse(await made.json()).key;
});

const get = async (path: string, headers: Record<string, string> = {}) => await fetchApp(path, { headers });

describe("an access token", () => {
  test.each<[string, (token: string) => Record<string, string>]>([
    ["with the DPoP scheme", (token) => ({ authorization: `DPoP ${token}` })],
    ["with the Basic scheme", (token) => ({ authorization: `Basic ${btoa(`${token}:`)}` })],
    ["with the Token scheme", (token) => ({ authorization: `Token ${token}` })],
    ["without a scheme", (token) => ({ authorization: token })],
    ["behind two schemes", (token) => ({ authorization: `Bearer Bearer ${token}` })],
    ["twice in one header", (token) => ({ authorization: `Bearer ${token}, Bearer ${token}` })],
    ["in quotes", (token) => ({ authorization: `Bearer "${token}"` })],
    ["with a tail", (token) => ({ authorization: `Bearer ${token} x` })],
    ["in a cookie", (token) => ({ cookie: `access_token=${token}; session=${token}; __Host-rt=${token}` })],
    ["in x-api-key", (token) => ({ "x-api-key": token })],
    ["in x-access-token", (token) => ({ "x-access-token": token })],
    ["in proxy-authorization", (token) => ({ "proxy-authorization": `Bearer ${token}` })],
    ["in x-forwarded-authorization", (token) => ({ "x-forwarded-authorization": `Bearer ${token}` })],
    ["with its parts in upper case", (token) => ({ authorization: `Bearer ${token.toUpperCase()}` })],
    ["with padding in its signature", (token) => ({ authorization: `Bearer ${token}==` })],
    ["with standard base 64 in its signature", (token) => ({ authorization: `Bearer ${token.slice(0, -1)}+` })],
    ["without its first part", (token) => ({ authorization: `Bearer ${token.slice(token.indexOf(".") + 1)}` })],
    ["cut by one character", (token) => ({ authorization: `Bearer ${token.slice(0, -1)}` })],
  ])("%s is no token", async (_how, headers) => {
    const response = await get("/v1/me", headers(owner.accessToken));
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toMatch(/^Bearer/);
  });

  test.each(["access_token", "token", "bearer", "authorization", "api_key", "key"])("in the query as %s is no token", async (name) => {
    const response = await get(`/v1/me/api-keys?${name}=${owner.accessToken}`);
    expect(response.status).toBe(401);
  });

  test("in the body is no token (RFC 6750 §2.2 is not offered)", async () => {
    const body = `access_token=${owner.accessToken}`;
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    expect((await fetchApp("/fhir/r4/Observation/_search", { method: "POST", headers, body })).status).toBe(401);
  });

  test("with a claim named twice counts by what was signed, and nothing else", async () => {
    const [header = "", payload = "", signature = ""] = owner.accessToken.split(".");
    const text = atob(payload.replaceAll("-", "+").replaceAll("_", "/"));
    const doubled = btoa(`${text.slice(0, -1)},"sub":"${stranger.person.id}"}`)
      .replaceAll("+", "-")
      .replaceAll("/", "_")
      .replaceAll("=", "");
    expect((await get("/v1/me", { authorization: `Bearer ${header}.${doubled}.${signature}` })).status).toBe(401);
  });

  test("of one person with the payload of another is refused", async () => {
    const [header = "", , signature = ""] = owner.accessToken.split(".");
    const payload = stranger.accessToken.split(".")[1] ?? "";
    expect((await get("/v1/me", { authorization: `Bearer ${header}.${payload}.${signature}` })).status).toBe(401);
  });

  test("is accepted under any spelling of its scheme, which is the whole of what may vary", async () => {
    for (const scheme of ["Bearer", "bearer", "BEARER"]) {
      expect((await get("/v1/me", { authorization: `${scheme} ${owner.accessToken}` })).status).toBe(200);
    }
  });
});

describe("a refresh token", () => {
  const refresh = async (refreshToken: string) => await send("POST", "/v1/sessions/refresh", { refreshToken });

  test.each<[string, (token: string) => string]>([
    ["of another region", (token) => token.replace(/^rt_eu_/, "rt_us_")],
    ["of no region", (token) => token.replace(/^rt_eu_/, "rt_mars_")],
    ["with the next number", (token) => token.replace(".0.", ".1.")],
    ["with a number below zero", (token) => token.replace(".0.", ".-1.")],
    ["with a number that is none", (token) => token.replace(".0.", ".0x0.")],
    ["with a number beyond integers", (token) => token.replace(".0.", `.${"9".repeat(40)}.`)],
    ["with a leading zero", (token) => token.replace(".0.", ".00.")],
    ["with another's session", (token) => token.replace(/_([0-9a-z]{26})\./, "_01kad7wjcm0000000000000000.")],
    ["without its MAC", (token) => token.slice(0, token.lastIndexOf(".") + 1)],
    ["with a MAC of zeros", (token) => `${token.slice(0, token.lastIndexOf(".") + 1)}${"A".repeat(43)}`],
    ["with another part", (token) => `${token}.x`],
    ["with a blank behind it", (token) => `${token} `],
    ["with a line end behind it", (token) => `${token}\n`],
    ["in upper case", (token) => token.toUpperCase()],
    ["that is an access token's shape", (token) => `${token.replaceAll("_", ".")}`],
    ["that is an API key", () => key],
  ])("%s is refused and ends nothing", async (_how, forged) => {
    const person = await registerPerson("eu");
    const response = await refresh(forged(person.refreshToken));
    expect([400, 401, 422]).toContain(response.status);
    expect(response.status).not.toBe(200);
    expect(await response.text()).not.toContain(person.refreshToken);
    expect((await refresh(person.refreshToken)).status).toBe(200);
  });

  test("as a bearer opens nothing", async () => {
    expect((await get("/v1/me", { authorization: `Bearer ${owner.refreshToken}` })).status).toBe(401);
  });

  test("in a cookie alone refreshes nothing", async () => {
    const response = await fetchApp("/v1/sessions/refresh", {
      method: "POST",
      headers: { cookie: `__Host-rt=${owner.refreshToken}`, "content-type": "application/json" },
      body: "{}",
    });
    expect(response.status).toBe(422);
  });
});

describe("an API key", () => {
  const bearer = (text: string) => ({ authorization: `Bearer ${text}` });

  test("reads what its scope names", async () => {
    expect((await get("/v1/me/metrics", bearer(key))).status).toBe(200);
  });

  test.each<[string, (text: string) => string]>([
    ["of another region", (text) => text.replace(/^mk_eu_/, "mk_us_")],
    ["with its check digits changed", (text) => `${text.slice(0, -1)}${text.endsWith("a") ? "b" : "a"}`],
    ["with its random part changed", (text) => text.replace(/^(mk_eu_.)./, (_whole, head: string) => `${head}!`)],
    ["in upper case", (text) => text.toUpperCase()],
    ["cut in half", (text) => text.slice(0, text.length / 2)],
    ["with SQL behind it", (text) => `${text}' or '1'='1`],
    ["that is its own hash", () => `mk_eu_${"0".repeat(43)}_00000000`],
  ])("%s opens nothing", async (_how, forged) => {
    expect((await get("/v1/me/metrics", bearer(forged(key)))).status).toBe(401);
  });

  test.each<[string, Record<string, string>]>([
    ["x-api-key", { "x-api-key": "KEY" }],
    ["api-key", { "api-key": "KEY" }],
    ["basic authorization", { authorization: "Basic KEY" }],
    ["a cookie", { cookie: "api_key=KEY" }],
  ])("in %s opens nothing (a key is a bearer token)", async (_where, headers) => {
    const filled = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, value.replace("KEY", key)]));
    expect((await get("/v1/me/metrics", filled)).status).toBe(401);
  });

  test.each([
    ["GET", "/v1/me"],
    ["GET", "/v1/me/"],
    ["GET", "/v1/me/metrics/../../me"],
    ["GET", "/v1/me/metrics/%2e%2e/api-keys"],
    ["GET", "/v1/me/metrics/..%2fapi-keys"],
    ["GET", "/v1/me/metrics%2f..%2fapi-keys"],
    ["GET", "/v1/me/metricsx"],
    ["GET", "/V1/me/metrics"],
    ["GET", "/v1/ME/metrics"],
    ["GET", "//v1/me/metrics"],
    ["GET", "/v1//me/metrics"],
    ["GET", "/v1/me/api-keys"],
    ["GET", "/v1/me/api-keys?x=/v1/me/metrics"],
    ["GET", "/v1/me/factors"],
    ["GET", "/v1/me/consents"],
    ["GET", "/v1/me/access-log"],
    ["GET", "/v1/sessions"],
    ["HEAD", "/v1/me"],
    ["HEAD", "/v1/sessions"],
    ["DELETE", "/v1/me/metrics/heart_rate"],
    ["POST", "/v1/imports"],
    ["POST", "/v1/ingest/healthkit"],
    ["POST", "/v1/tickets"],
    ["POST", "/v1/me/api-keys"],
    ["POST", "/fhir/r4/Observation/_search/../../../../v1/tickets"],
    ["PATCH", "/v1/me"],
    ["PUT", "/v1/me/password"],
  ])("for reading does not reach %s %s", async (method, path) => {
    const response = await fetchApp(path, {
      method,
      headers: { ...bearer(key), "content-type": "application/json" },
      ...(method === "GET" || method === "HEAD" ? {} : { body: "{}" }),
    });
    expect([403, 404, 405], `${method} ${path} answered ${response.status}`).toContain(response.status);
  });

  test.each(["x-http-method-override", "x-http-method", "x-method-override"])("is not turned into a writer by %s", async (name) => {
    const before = await (await owner.fetch("/v1/me/sources")).text();
    const response = await get("/v1/me/metrics", { ...bearer(key), [name]: "DELETE" });
    expect(response.status).toBe(200);
    expect(await (await owner.fetch("/v1/me/sources")).text()).toBe(before);
  });
});
