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
