import { env } from "cloudflare:workers";
import { Hono } from "hono";
import { describe, expect, test, vi } from "vitest";
import * as z from "zod";
import type { AppEnv } from "../shared/http/app-env";
import { assertPolicies } from "../shared/http/policies";
import { route } from "../shared/http/route";
import type { LogEvent } from "../shared/log";
import { deploySecrets } from "../scripts/local-secrets";
import { registerPerson } from "../test/people";
import { createApp } from "./app";

const HOST = "http://meridian.test";
const problemShape = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number(),
  code: z.string(),
  instance: z.string(),
  detail: z.string().optional(),
  host: z.string().optional(),
});

function client(overrides: Partial<Env> = {}) {
  const events: LogEvent[] = [];
  const app = createApp({ log: (event) => events.push(event) });
  const send = async (path: string, init: RequestInit = {}) =>
    await app.request(path.startsWith("http") ? path : `${HOST}${path}`, init, { ...env, ...overrides });
  const refused = async (path: string, init: RequestInit = {}) => {
    const response = await send(path, init);
    return { response, problem: problemShape.parse(await response.json()) };
  };
  return { app, events, send, refused };
}

describe("routing", () => {
  test("an unknown path is a 404 problem", async () => {
    const { response, problem } = await client().refused("/v1/nothing");
    expect(response.status).toBe(404);
    expect(response.headers.get("content-type")).toBe("application/problem+json; charset=utf-8");
    expect(problem).toMatchObject({ code: "not_found", status: 404, type: `${env.ORIGIN}/problems/not_found` });
    expect(problem.instance).toBe(response.headers.get("x-request-id"));
  });

  test("a known path with another method is a 405 that names the methods", async () => {
    const { response, problem } = await client().refused("/v1/accounts", { method: "DELETE" });
    expect(response.status).toBe(405);
    expect(problem.code).toBe("method_not_allowed");
    expect(response.headers.get("allow")).toContain("POST");
  });

  test("HEAD is answered where GET is, without a body", async () => {
    const response = await client().send("/openapi.json", { method: "HEAD" });
    expect(response.status).toBe(200);
    expect(await response.text()).toBe("");
  });

  test("a path under /fhir gets an OperationOutcome", async () => {
    const response = await client().send("/fhir/nothing");
    expect(response.headers.get("content-type")).toContain("application/fhir+json");
    expect(await response.json()).toMatchObject({ resourceType: "OperationOutcome", issue: [{ severity: "error", code: "not-found" }] });
  });

  test("a route without a policy does not start", () => {
    const app = new Hono<AppEnv>();
    app.use(async (_c, next) => next());
    app.get("/good", route({ policy: "public", summary: "Good", tags: ["test"], responses: { 200: null } }), (c) => c.text("ok"));
    assertPolicies(app);
    app.get("/bad", (c) => c.text("ok"));
    expect(() => assertPolicies(app)).toThrow("GET /bad does not declare its policy");
  });
});

describe("errors", () => {
  const throwing = (error: unknown) => {
    const { app, ...rest } = client();
    app.get("/boom", route({ policy: "public", summary: "Throw", tags: ["test"], responses: { 200: null } }), () => {
      throw error;
    });
    return rest;
  };

  test("an unknown error shows a request id and nothing else, in the answer and in the log", async () => {
    const { refused, events } = throwing(new Error("D1_ERROR: UNIQUE failed: secret@example.org"));
    const { response, problem } = await refused("/boom");
    expect(response.status).toBe(500);
    expect(problem).toMatchObject({ code: "internal" });
    expect(problem.detail).toBeUndefined();
    expect(JSON.stringify([problem, events])).not.toContain("secret@example.org");
    expect(events.find(({ event }) => event === "error")).toMatchObject({ kind: "Error", request: problem.instance });
  });

  test("a problem that lost its prototype over RPC is still a problem", async () => {
    const travelled = Object.assign(new Error("Not found"), { name: "Problem", code: "not_found", status: 404 });
    expect((await throwing(travelled).refused("/boom")).problem.code).toBe("not_found");
  });

  test("an overloaded object is a 503 to try again", async () => {
    const { response } = await throwing(Object.assign(new Error("overloaded"), { overloaded: true })).refused("/boom");
    expect(response.status).toBe(503);
    expect(response.headers.get("retry-after")).toBe("1");
  });

  test("a database out of reach is a 503, a broken statement is not", async () => {
    const lost = new Error("Failed query", { cause: new Error("D1_ERROR: Network connection lost.") });
    expect((await throwing(lost).refused("/boom")).response.status).toBe(503);
    expect((await throwing(new Error("D1_ERROR: no such table: x")).refused("/boom")).response.status).toBe(500);
  });

  test("titles follow Accept-Language", async () => {
    const { response, problem } = await client().refused("/v1/nothing", { headers: { "accept-language": "fr, de-AT;q=0.8, en;q=0.5" } });
    expect(problem.title).toBe("Nicht gefunden");
    expect(response.headers.get("content-language")).toBe("de");
    expect(response.headers.get("vary")).toContain("accept-language");
  });
});

describe("bodies", () => {
  const post = (body: BodyInit, headers: Record<string, string> = { "content-type": "application/json" }): RequestInit => ({
    method: "POST",
    body,
    headers,
  });

  test("malformed JSON is 400, another type 415, a wrong shape 422", async () => {
    const { refused } = client();
    expect((await refused("/v1/sessions", post("{"))).problem.code).toBe("malformed");
    expect((await refused("/v1/sessions", post("email=x", { "content-type": "application/x-www-form-urlencoded" }))).problem.code).toBe(
      "unsupported_media_type",
    );
    expect((await refused("/v1/sessions", post(new Uint8Array([1]), {}))).problem.code).toBe("unsupported_media_type");
    expect((await refused("/v1/sessions", post("[]"))).problem.code).toBe("invalid");
  });

  test("what cannot be read says why", async () => {
    const { refused } = client();
    for (const body of ["", "{"]) expect((await refused("/v1/sessions", post(body))).problem.detail).toBe("The body is not JSON.");
  });

  test("a text with half a character is refused, with its place", async () => {
    const body = '{"email":"half@example.org","password":"correct horse battery staple","name":"\\ud800","region":"eu"}';
    const answer = await client().send("/v1/accounts", post(body));
    expect(answer.status).toBe(422);
    expect(await answer.json()).toMatchObject({ errors: [{ pointer: "/name", code: "ill_formed" }] });
  });

  test("a body over the limit is 413, declared or not", async () => {
    const { refused } = client();
    const long = JSON.stringify({ email: "x".repeat(1_100_000) });
    expect(
      (await refused("/v1/sessions", post(long, { "content-type": "application/json", "content-length": String(long.length) }))).response
        .status,
    ).toBe(413);
    const stream = new Blob([long]).stream();
    expect((await refused("/v1/sessions", post(stream))).problem.code).toBe("too_large");
  });
});

describe("headers", () => {
  test("every answer forbids framing, sniffing, caching and referrers", async () => {
    for (const path of ["/health", "/v1/nothing", "/v1/me"]) {
      const { headers } = await client().send(path);
      expect(Object.fromEntries(headers)).toMatchObject({
        "x-frame-options": "DENY",
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
        "cache-control": "no-store",
      });
      expect(headers.get("strict-transport-security")).toMatch(/max-age=\d{8,}/);
    }
  });

  test("a harmless request id is kept, another replaced", async () => {
    const { send } = client();
    expect((await send("/v1/nothing", { headers: { "x-request-id": "trace-0123456789" } })).headers.get("x-request-id")).toBe(
      "trace-0123456789",
    );
    const replaced = (await send("/v1/nothing", { headers: { "x-request-id": 'a b"<script>' } })).headers.get("x-request-id");
    expect(replaced).toMatch(/^[0-9a-z]{26}$/);
  });

  test("a missing token is a 401 with a challenge", async () => {
    const { response, problem } = await client().refused("/v1/me");
    expect(problem.code).toBe("unauthenticated");
    expect(response.headers.get("www-authenticate")).toBe('Bearer realm="meridian"');
  });

  test("only configured origins may read answers, and never with credentials", async () => {
    const { send } = client();
    const from = async (origin: string, path = "/v1/me") => (await send(path, { headers: { origin } })).headers;
    expect((await from("https://app.meridian.test")).get("access-control-allow-origin")).toBe("https://app.meridian.test");
    expect((await from("https://evil.example")).get("access-control-allow-origin")).toBeNull();
    expect((await from("null")).get("access-control-allow-origin")).toBeNull();
    const open = await from("https://evil.example", "/fhir/r4/metadata");
    expect(open.get("access-control-allow-origin")).toBe("*");
    expect(open.get("access-control-allow-credentials")).toBeNull();
  });

  test("a preflight names methods and headers", async () => {
    const response = await client().send("/v1/me", {
      method: "OPTIONS",
      headers: {
        origin: "https://app.meridian.test",
        "access-control-request-method": "PATCH",
        "access-control-request-headers": "authorization",
      },
    });
    expect(response.status).toBe(204);
    expect(response.headers.get("access-control-allow-methods")).toContain("PATCH");
    expect(response.headers.get("access-control-allow-headers")).toContain("authorization");
  });
});

describe("limits", () => {
  test("a flood from one network is slowed, another network is not", async () => {
    const limit = vi.fn(async ({ key }: RateLimitOptions) => ({ success: key !== "2001:db8:1:2" }));
    const { refused, send } = client({ LIMITER: { limit } });
    const { response, problem } = await refused("/openapi.json", { headers: { "cf-connecting-ip": "2001:DB8:1:2:ffff::1" } });
    expect(problem.code).toBe("rate_limited");
    expect(response.headers.get("retry-after")).toBe("60");
    expect(response.headers.get("ratelimit")).toContain("r=0");
    expect((await send("/openapi.json", { headers: { "cf-connecting-ip": "203.0.113.9" } })).status).toBe(200);
  });

  test("a limiter that fails lets requests pass", async () => {
    const limiter = { limit: () => Promise.reject(new Error("down")) };
    expect((await client({ LIMITER: limiter }).send("/openapi.json", { headers: { "cf-connecting-ip": "203.0.113.9" } })).status).toBe(200);
  });

  test("an address that the caller claims for themselves is not believed", async () => {
    const limit = vi.fn(async () => ({ success: false }));
    expect((await client({ LIMITER: { limit } }).send("/openapi.json", { headers: { "x-forwarded-for": "203.0.113.9" } })).status).toBe(
      200,
    );
    expect(limit).not.toHaveBeenCalled();
  });
});

describe("residency", () => {
  test("a public host refuses to serve with pinning off, and says why", async () => {
    const { refused, send } = client({ RESIDENCY: "off", ORIGIN: "https://api.meridian.health" });
    const { response, problem } = await refused("https://api.meridian.health/openapi.json");
    expect(response.status).toBe(503);
    expect(problem.detail).toContain("RESIDENCY");
    const health = await send("https://api.meridian.health/health");
    expect(health.status).toBe(503);
    expect(await health.json()).toMatchObject({ status: "down", checks: { residency: { status: "failed", detail: "RESIDENCY is off." } } });
  });

  /** What a deployment has: pinning, and keys of its own. */
  const deployed = (changes: Record<string, string> = {}) =>
    client({
      RESIDENCY: "on",
      ORIGIN: "https://api.meridian.health",
      GOOGLE_CLIENT_ID: "",
      R2_ACCOUNT: "",
      ...deploySecrets({}),
      ...changes,
    });

  test("a public host serves with pinning on and with keys of its own", async () => {
    expect((await deployed().send("https://api.meridian.health/openapi.json")).status).toBe(200);
  });

  test.each([
    ["secrets", "KEYS_EU", ""],
    ["secrets", "DIRECTORY_KEYS", "{}"],
    ["secrets", "OPERATIONS_SECRET", ""],
    ["keys", "KEYS_US", env.KEYS_US],
    ["keys", "OPERATIONS_SECRET", env.OPERATIONS_SECRET],
  ])("a public host refuses to serve with wrong %s: %s", async (check, name, value) => {
    const { refused, send } = deployed({ [name]: value });
    const { response, problem } = await refused("https://api.meridian.health/openapi.json");
    expect([response.status, problem.detail]).toEqual([503, expect.stringContaining(name)]);
    const health = await send("https://api.meridian.health/health");
    const text = await health.text();
    expect(health.status).toBe(503);
    expect(JSON.parse(text)).toMatchObject({
      status: "down",
      checks: { [check]: { status: "failed", detail: expect.stringContaining(name) } },
    });
    if (value.length > 2) expect(text).not.toContain(value.slice(0, 60));
  });
});

describe("regional hosts", () => {
  const REGIONAL_HOSTS = JSON.stringify({ eu: "eu.meridian.test", us: "us.meridian.test" });

  test("a person is sent to the host of their region, and nothing is read on the wrong one", async () => {
    const { accessToken } = await registerPerson("eu");
    const headers = { authorization: `Bearer ${accessToken}` };
    const { send, refused } = client({ REGIONAL_HOSTS, RESIDENCY: "off", ORIGIN: env.ORIGIN });
    const { response, problem } = await refused("http://us.meridian.test/v1/me", { headers });
    expect(response.status).toBe(421);
    expect(problem).toMatchObject({ code: "wrong_region", host: "eu.meridian.test" });
    expect((await send("http://eu.meridian.test/v1/me", { headers })).status).toBe(200);
    expect((await send("/v1/me", { headers })).status).toBe(200);
  });
});

describe("the log", () => {
  test("names the route's pattern, never the path or the query", async () => {
    const { send, events } = client();
    await send("/problems/not_found?token=canary");
    expect(events).toEqual([
      expect.objectContaining({ event: "request", route: "/problems/:code", status: 200, method: "GET", policy: "public" }),
    ]);
    expect(JSON.stringify(events)).not.toContain("canary");
  });
});
