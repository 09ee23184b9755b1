import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import { fetchApp, registerPerson, type RegisteredPerson, send } from "../../test/people";
import { createApp } from "../app";

/** Paths, hosts, methods and origins: what is not exactly an address of the product leads nowhere, and links lead to the product. */
let person: RegisteredPerson;
beforeAll(async () => {
  person = await registerPerson("eu");
});

const EVIL = "evil.example";

test.each([
  "/v1/sessions?limit=1&limit=2",
  "/v1/me/access-log?limit=5&limit=5",
  "/v1/me/live?metrics=steps&metrics=steps",
  "/v1/imports?cursor=a&cursor=b",
])("a parameter that comes twice is refused: %s", async (path) => expect((await person.fetch(path)).status).toBe(422));

describe("a path that is spelled otherwise", () => {
  test.each([
    "/v1/me/",
    "//v1/me",
    "/v1//me",
    "/v1/./me/.",
    "/V1/me",
    "/v1/Me",
    "/v1/me%00",
    "/v1/me%20",
    "/v1/me;a=b",
    "/v1/me.json",
    "/v1%2fme",
    "/v1/%252e%252e/v1/me",
    "/v1/me/..%2f..%2fv1%2fdev%2foutbox",
    "/v1\\me",
    "/v1/people/%2e%2e%2fme",
    "/fhir/R4/../../v1/me%2f",
    "/fhir/r5/Patient",
    "/FHIR/r4/Patient",
  ])("%s is no other way to a person's data", async (path) => {
    const response = await fetchApp(path);
    expect([401, 404, 422], `answered ${response.status}`).toContain(response.status);
    const signedIn = await person.fetch(path);
    expect(signedIn.status).toBeLessThan(500);
    if (signedIn.status === 200) expect(new URL(path, "http://x").pathname).toMatch(/^\/v1\/me$/);
  });

  test.each([
    "/.env",
    "/.git/config",
    "/admin",
    "/debug",
    "/metrics",
    "/__scheduled",
    "/cdn-cgi/handler/scheduled",
    "/server-status",
    "/actuator/env",
    "/graphql",
    "/swagger.json",
    "/wp-login.php",
  ])("%s does not exist", async (path) => expect((await fetchApp(path)).status).toBe(404));
});

describe("a method by another name", () => {
  test.each(["x-http-method-override", "x-http-method", "x-method-override", "_method"])("%s changes nothing", async (name) => {
    const headers = { authorization: `Bearer ${person.accessToken}`, [name]: "DELETE" };
    expect((await fetchApp("/v1/sessions/current", { headers })).status).toBe(405);
    expect((await fetchApp("/v1/me?_method=DELETE", { headers })).status).toBe(200);
    expect((await person.fetch("/v1/me")).status).toBe(200);
  });

  test.each(["TRACE", "CONNECT", "TRACK"])("%s is not spoken", async (method) => {
    // The runtime itself refuses to make such a request, or the product answers that there is no such method.
    const status = await fetchApp("/v1/me", { method }).then(
      (response) => response.status,
      () => 405,
    );
    expect([404, 405]).toContain(status);
  });

  test("HEAD needs the same token as GET, and says as little", async () => {
    const refused = await fetchApp("/v1/me", { method: "HEAD" });
    expect([refused.status, await refused.text()]).toEqual([401, ""]);
    const answered = await person.fetch("/v1/me", { method: "HEAD" });
    expect([answered.status, await answered.text()]).toEqual([200, ""]);
  });
});

describe("a host that the caller names", () => {
  const hosts: Record<string, string>[] = [
    { "x-forwarded-host": EVIL },
    { forwarded: `host=${EVIL};proto=https` },
    { "x-original-host": EVIL },
    { "x-host": EVIL },
    { "x-forwarded-server": EVIL },
    { "x-original-url": `https://${EVIL}/` },
    { "x-rewrite-url": "/v1/dev/outbox" },
    { "x-forwarded-proto": "javascript" },
    { "x-forwarded-prefix": `//${EVIL}` },
  ];
  test.each(hosts.map((headers) => [Object.keys(headers).join(), headers] as const))("in %s is in no answer", async (_name, headers) => {
    for (const path of ["/v1/nothing", "/fhir/r4/metadata", "/fhir/r4/Observation?_count=1", "/v1/integrations/google-health/authorize"]) {
      const response = await person.fetch(path, { headers });
      expect(await response.text()).not.toContain(EVIL);
      expect(JSON.stringify([...response.headers])).not.toContain(EVIL);
    }
  });

  const app = createApp({ log: () => undefined });
  const at = async (url: string, headers: Record<string, string> = {}) =>
    await app.request(url, { headers: { authorization: `Bearer ${person.accessToken}`, ...headers } }, { ...env, RESIDENCY: "on" });

  test("in `Host` is in no link of FHIR", async () => {
    for (const path of ["/fhir/r4/metadata", "/fhir/r4/Observation?_count=1", "/fhir/r4/Patient"]) {
      const text = await (await at(`http://${EVIL}${path}`)).text();
      expect(text, path).not.toContain(EVIL);
    }
  });

  test("in `Host` is in no problem, redirect or vendor's URL", async () => {
    for (const path of ["/v1/nothing", "/v1/me", "/v1/integrations/google-health/authorize"]) {
      const response = await at(`http://${EVIL}${path}`);
      expect(await response.text(), path).not.toContain(EVIL);
      expect(response.headers.get("location") ?? "").not.toContain(EVIL);
    }
  });

  test("gets no letter that leads there", async () => {
    await send("POST", "/v1/password-resets", { email: person.email }, { "x-forwarded-host": EVIL, host: EVIL });
    await expect
      .poll(async () => await (await fetchApp(`/v1/dev/outbox?to=${encodeURIComponent(person.email)}`)).text())
      .toContain("rst_eu_");
    expect(await (await fetchApp(`/v1/dev/outbox?to=${encodeURIComponent(person.email)}`)).text()).not.toContain(EVIL);
  });

  test("does not open the outbox of a developer's machine", async () => {
    for (const host of ["127.0.0.1.evil.example", "localhost.evil.example", "meridian.test.evil.example", "evil.example"]) {
      const response = await app.request(`http://${host}/v1/dev/outbox`, {}, { ...env, RESIDENCY: "off" });
      expect([host, [404, 503].includes(response.status)]).toEqual([host, true]);
    }
    expect((await app.request("http://127.0.0.1/v1/dev/outbox", {}, { ...env, RESIDENCY: "on" })).status).toBe(404);
  });
});

describe("an address that the caller claims", () => {
  test.each(["x-forwarded-for", "x-real-ip", "true-client-ip", "x-client-ip", "forwarded", "x-cluster-client-ip", "fastly-client-ip"])(
    "in %s does not free them of a limit",
    async (name) => {
      const keys: string[] = [];
      const limit = async ({ key }: RateLimitOptions) => ({ success: keys.push(key) < 0 });
      const app = createApp({ log: () => undefined });
      const headers = { "cf-connecting-ip": "203.0.113.9", [name]: "198.51.100.7" };
      expect((await app.request("http://meridian.test/openapi.json", { headers }, { ...env, LIMITER: { limit } })).status).toBe(429);
      expect(keys).toEqual(["203.0.113.9"]);
    },
  );
});

describe("a page of another origin", () => {
  const ORIGINS = [
    "null",
    "https://evil.example",
    "http://app.meridian.test",
    "https://app.meridian.test:8443",
    "https://app.meridian.test.evil.example",
    "https://evil-app.meridian.test",
    "https://sub.app.meridian.test",
    "https://app.meridian.testevil",
    "https://app.meridian.test@evil.example",
    "https://APP.meridian.test",
    "file://",
    "https://app.meridian.test https://evil.example",
    "*",
  ];
  test.each(ORIGINS)("%s may read nothing of a person's", async (origin) => {
    const answer = await person.fetch("/v1/me", { headers: { origin } });
    expect(answer.headers.get("access-control-allow-origin")).toBeNull();
    expect(answer.headers.get("access-control-allow-credentials")).toBeNull();
    expect(answer.headers.get("vary")).toMatch(/origin/i);
    const preflight = await fetchApp("/v1/me", { method: "OPTIONS", headers: { origin, "access-control-request-method": "DELETE" } });
    expect(preflight.headers.get("access-control-allow-origin")).toBeNull();
    expect(preflight.headers.get("access-control-allow-credentials")).toBeNull();
  });

  test.each(["x-http-method-override", "x-forwarded-for", "cookie", "x-api-key", "*"])("a preflight does not allow %s", async (name) => {
    const headers = { origin: "https://app.meridian.test", "access-control-request-method": "GET", "access-control-request-headers": name };
    const preflight = await fetchApp("/v1/me", { method: "OPTIONS", headers });
    const allowed = (preflight.headers.get("access-control-allow-headers") ?? "").toLowerCase().split(/,\s*/);
    expect(allowed).not.toContain(name);
    expect(allowed).not.toContain("*");
  });

  test.each([
    ["a form", "application/x-www-form-urlencoded", "email=a%40b.test&password=12345678"],
    [
      "a form with files",
      "multipart/form-data; boundary=x",
      '--x\r\ncontent-disposition: form-data; name="email"\r\n\r\na@b.test\r\n--x--',
    ],
    ["JSON that says it is text", "text/plain", '{"email":"a@b.test","password":"12345678"}'],
    ["JSON that says nothing", "", '{"email":"a@b.test","password":"12345678"}'],
    ["JSON behind a text type", "text/plain; application/json", '{"email":"a@b.test","password":"12345678"}'],
  ])("cannot send %s without asking first", async (_what, type, body) => {
    const headers: Record<string, string> = { origin: `https://${EVIL}`, "sec-fetch-site": "cross-site", "content-type": type };
    for (const path of ["/v1/sessions", "/v1/accounts", "/v1/password-resets", "/v1/sessions/refresh"]) {
      expect((await fetchApp(path, { method: "POST", headers, body })).status, path).toBe(415);
    }
  });

  test("finds no cookie to ride on: none is set, and none signs anybody in", async () => {
    const signedIn = await send("POST", "/v1/sessions", { email: person.email, password: person.password });
    expect(signedIn.status).toBe(201);
    expect(signedIn.headers.getSetCookie()).toEqual([]);
    const cookie = `session=${person.accessToken}; token=${person.accessToken}; __Host-rt=${person.refreshToken}`;
    expect((await fetchApp("/v1/me", { headers: { cookie } })).status).toBe(401);
  });
});

test("the outbox's answer has letters, so that the search above looks at something", async () => {
  const body = z.looseObject({ items: z.array(z.unknown()) }).parse(await (await fetchApp("/v1/dev/outbox")).json());
  expect(body.items.length).toBeGreaterThan(0);
});
