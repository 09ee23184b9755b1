import { Hono } from "hono";
import { expect, test } from "vitest";
import type { AppEnv } from "./app-env";
import { frame } from "./frame";

const env = { CORS_ORIGINS: "https://app.meridian.test" };

function app(): Hono<AppEnv> {
  return new Hono<AppEnv>()
    .use(
      frame(
        () => {},
        () => 0,
        () => {},
      ),
    )
    .get("/plain", (c) => c.json({ a: 1 }))
    .get("/typed", (c) => c.body("a,b", 203, { "content-type": "text/csv" }))
    .get("/empty", (c) => c.body(null, 204))
    .get("/placed", (c) => {
      c.header("location", "/plain");
      return c.json({ a: 1 }, 201);
    })
    .get("/coded", (c) => {
      c.status(202);
      return c.json({ a: 1 });
    })
    .get("/tagged", (c) => c.json({ a: 1 }, 200, { etag: "1", "cache-control": "max-age=60" }))
    .post("/made", (c) => c.body("{}", 201, { location: "/made/1", etag: "1", "content-type": "application/fhir+json" }))
    .get("/replaced", (c) => {
      c.json({ a: 1 });
      return new Response("another", { headers: { "x-request-id": "no" } });
    })
    .get("/fixed", () => Response.redirect("https://meridian.test/elsewhere"))
    .get("/cached", (c) => c.text("a page", 200, { "cache-control": "max-age=60", vary: "accept-language" }))
    .get("/broken", () => {
      throw new Error("broken");
    })
    .onError((_, c) => c.text("broken", 500));
}

test("every answer, an error too, may not be framed, sniffed, cached, scripted or sent on by referrer", async () => {
  for (const path of ["/cached", "/broken", "/absent", "/fixed"]) {
    const { headers } = await app().request(path, {}, env);
    expect(Object.fromEntries(headers), path).toMatchObject({
      "strict-transport-security": "max-age=63072000; includeSubDomains",
      "x-content-type-options": "nosniff",
      "x-frame-options": "DENY",
      "referrer-policy": "no-referrer",
      "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
      "cache-control": path === "/cached" ? "max-age=60" : "no-store",
    });
  }
});

test("answers say of themselves what their route said, and nothing of another answer", async () => {
  const shape = async (path: string, init: RequestInit = {}) => {
    const response = await app().request(path, init, env);
    const { headers } = response;
    const of = (name: string) => headers.get(name);
    const text = await response.text();
    expect([of("x-frame-options"), of("vary"), of("content-security-policy")], path).toEqual(["DENY", "Origin", expect.any(String)]);
    expect(of("x-request-id"), path).toMatch(/^[0-9a-z]{26}$/);
    return [response.status, of("content-type"), of("location"), of("etag"), of("cache-control"), text];
  };
  const json = "application/json";
  for (let round = 0; round < 2; round++) {
    expect(await shape("/placed")).toEqual([201, json, "/plain", null, "no-store", '{"a":1}']);
    expect(await shape("/tagged")).toEqual([200, json, null, "1", "max-age=60", '{"a":1}']);
    expect(await shape("/plain")).toEqual([200, json, null, null, "no-store", '{"a":1}']);
    expect(await shape("/coded")).toEqual([202, json, null, null, "no-store", '{"a":1}']);
    expect(await shape("/typed")).toEqual([203, "text/csv", null, null, "no-store", "a,b"]);
    expect(await shape("/empty")).toEqual([204, null, null, null, "no-store", ""]);
    expect(await shape("/made", { method: "POST" })).toEqual([201, "application/fhir+json", "/made/1", "1", "no-store", "{}"]);
    expect(await shape("/replaced")).toEqual([200, "text/plain;charset=UTF-8", null, null, "no-store", "another"]);
    expect(await shape("/plain", { method: "HEAD" })).toEqual([200, json, null, null, "no-store", ""]);
  }
});

test("an answer of a write has the headers that one of a read has", async () => {
  const names = async (path: string, method: string) => [...(await app().request(path, { method }, env)).headers.keys()].toSorted();
  expect((await names("/made", "POST")).filter((name) => name !== "etag" && name !== "location")).toEqual(await names("/typed", "GET"));
});

test("every answer has a name of its own", async () => {
  const named = async () => (await app().request("/plain", {}, env)).headers.get("x-request-id");
  const [one, other] = [await named(), await named()];
  expect(one).not.toBe(other);
  const given = await app().request("/plain", { headers: { "x-request-id": "given-by-me" } }, env);
  expect(given.headers.get("x-request-id")).toBe("given-by-me");
});

test("an answer whose headers cannot be changed gets them all the same", async () => {
  const answer = await app().request("/fixed", {}, env);
  expect(answer.status).toBe(302);
  expect(answer.headers.get("location")).toBe("https://meridian.test/elsewhere");
  expect(answer.headers.get("x-frame-options")).toBe("DENY");
  expect(answer.headers.get("vary")).toBe("Origin");
});

test("what a route says of caching stays, and its variance grows", async () => {
  const { headers } = await app().request("/cached", {}, env);
  expect(headers.get("cache-control")).toBe("max-age=60");
  expect(headers.get("vary")).toBe("accept-language, Origin");
});

test("browsers of configured origins are let in, others are not told anything", async () => {
  const ask = async (origin: string) => (await app().request("/cached", { headers: { origin } }, env)).headers;
  const welcome = await ask("https://app.meridian.test");
  expect(welcome.get("access-control-allow-origin")).toBe("https://app.meridian.test");
  expect(welcome.get("access-control-expose-headers")).toContain("x-request-id");
  expect(welcome.get("access-control-allow-credentials")).toBeNull();
  expect((await ask("https://evil.test")).get("access-control-allow-origin")).toBeNull();
});

test("a preflight allows every header that FHIR clients in browsers send", async () => {
  const wanted = ["authorization", "content-type", "if-match", "if-none-exist", "prefer", "x-medplum"];
  const answer = await app().request(
    "/cached",
    {
      method: "OPTIONS",
      headers: {
        origin: "https://app.meridian.test",
        "access-control-request-method": "POST",
        "access-control-request-headers": wanted.join(","),
      },
    },
    env,
  );
  expect(answer.status).toBe(204);
  expect(answer.headers.get("access-control-allow-headers")?.split(",")).toEqual(expect.arrayContaining(wanted));
});
