import { env } from "cloudflare:workers";
import { Hono } from "hono";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { DAY_MS } from "../shared/clock";
import type { AppEnv } from "../shared/http/app-env";
import { cleanIdempotency } from "../shared/http/idempotency";
import { renderError } from "../shared/http/render-problem";
import { route } from "../shared/http/route";
import { validate } from "../shared/http/validate";
import { problem } from "../shared/problem";
import { isRegion } from "../shared/region";
import { regional } from "./regional";

/** A public route whose claims lie in the region that its body names, with a counter of real runs. */
function counter(outcome: (run: number) => number = () => 201) {
  const state = { runs: 0, now: Date.now() };
  const app = new Hono<AppEnv>();
  app.use(async (c, next) => {
    c.set("requestId", "test");
    c.set("now", () => state.now);
    c.set("idempotency", (region) => regional(c.env, region));
    await next();
  });
  app.onError((error, c) => renderError(c, error, () => undefined));
  const regionOfBody = (body: unknown) => {
    const region = z.object({ region: z.string() }).safeParse(body).data?.region;
    return isRegion(region) ? region : undefined;
  };
  app.post(
    "/things",
    route({ policy: "public", summary: "Make a thing", tags: ["test"], responses: { 201: null }, idempotency: regionOfBody }),
    validate("json", z.object({ region: z.string(), secret: z.string() })),
    async (c) => {
      state.runs++;
      const status = outcome(state.runs);
      if (status === 422) throw problem("invalid");
      if (status === 500) throw new Error("boom");
      return c.json({ run: state.runs, token: "canary-token" }, 201, { location: "/things/1" });
    },
  );
  const send = async (key: string, body: unknown = { region: "eu", secret: "a" }, headers: Record<string, string> = {}) =>
    await app.request(
      "http://meridian.test/things",
      { method: "POST", headers: { "content-type": "application/json", "idempotency-key": key, ...headers }, body: JSON.stringify(body) },
      env,
    );
  return { state, send };
}

const freshKey = () => crypto.randomUUID();
const codeOf = async (response: Response) => z.object({ code: z.string() }).parse(await response.json()).code;

describe("idempotency", () => {
  test("of ten parallel requests one runs and nine meet a conflict", async () => {
    const { state, send } = counter();
    const key = freshKey();
    await send(freshKey());
    state.runs = 0;
    const statuses = (await Promise.all(Array.from({ length: 10 }, () => send(key)))).map(({ status }) => status).sort();
    expect(state.runs).toBe(1);
    expect(statuses.filter((status) => status === 201).length).toBeGreaterThanOrEqual(1);
    expect(statuses.every((status) => status === 201 || status === 409)).toBe(true);
  });

  test("a repetition gets the first answer, marked as replayed", async () => {
    const { state, send } = counter();
    const key = freshKey();
    const first = await send(key);
    const second = await send(key);
    expect(state.runs).toBe(1);
    expect(second.status).toBe(201);
    expect(second.headers.get("idempotency-replayed")).toBe("true");
    expect(first.headers.get("idempotency-replayed")).toBeNull();
    expect(second.headers.get("location")).toBe("/things/1");
    expect(await second.text()).toBe(await first.text());
  });

  test("another body under the same key is a conflict", async () => {
    const { state, send } = counter();
    const key = freshKey();
    await send(key);
    const answer = await send(key, { region: "eu", secret: "b" });
    expect(answer.status).toBe(409);
    expect(await codeOf(answer)).toBe("idempotency_mismatch");
    expect(state.runs).toBe(1);
  });

  test("a failure and a refusal release the claim", async () => {
    const { state, send } = counter((run) => [500, 422, 201][run - 1] ?? 201);
    const key = freshKey();
    expect((await send(key)).status).toBe(500);
    expect((await send(key)).status).toBe(422);
    expect((await send(key)).status).toBe(201);
    expect(state.runs).toBe(3);
  });

  test("the same key of another network is another request", async () => {
    const { state, send } = counter();
    const key = freshKey();
    await send(key, undefined, { "cf-connecting-ip": "203.0.113.1" });
    await send(key, undefined, { "cf-connecting-ip": "203.0.113.2" });
    expect(state.runs).toBe(2);
  });

  test("an answer is forgotten after a day", async () => {
    const { state, send } = counter();
    const key = freshKey();
    await send(key);
    state.now += DAY_MS;
    expect((await send(key)).headers.get("idempotency-replayed")).toBeNull();
    expect(state.runs).toBe(2);
  });

  test("stored answers are sealed and name nobody", async () => {
    const { send } = counter();
    const key = freshKey();
    await send(key);
    const rows = await regional(env, "eu").records.prepare("select * from idempotency_claims").all();
    const dump = JSON.stringify(rows.results);
    expect(rows.results.length).toBeGreaterThan(0);
    expect(dump).not.toContain("canary-token");
    expect(dump).not.toContain(key);
  });

  test("a key with control characters or of undue length is refused", async () => {
    const { send } = counter();
    expect((await send("x".repeat(256))).status).toBe(422);
    expect((await send("with space")).status).toBe(422);
  });

  test("cleaning deletes what is old enough and nothing else", async () => {
    const { state, send } = counter();
    const key = freshKey();
    await send(key, { region: "us", secret: "a" });
    const { records } = regional(env, "us");
    await cleanIdempotency(records, state.now);
    expect((await send(key, { region: "us", secret: "a" })).headers.get("idempotency-replayed")).toBe("true");
    expect(await cleanIdempotency(records, state.now + DAY_MS)).toBeGreaterThan(0);
    expect((await send(key, { region: "us", secret: "a" })).headers.get("idempotency-replayed")).toBeNull();
  });
});
