import { env, exports } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { PROBLEMS } from "../../shared/problem";
import { HOUR_MS } from "../../shared/clock";
import { createApp } from "../app";
import { vendorTroubles } from "../connections";
import { gateOf } from "../regional";
import { checkHealth } from "./check-health";
import { describeApi, operationsOf } from "./document";

const get = async (path: string, headers: Record<string, string> = {}) =>
  await exports.default.fetch(`http://meridian.test${path}`, { headers });

describe("health", () => {
  test("asks every dependency and shows no secret", async () => {
    const response = await get("/health");
    const text = await response.text();
    expect(response.status).toBe(200);
    const { status, checks } = z
      .object({ status: z.string(), checks: z.record(z.string(), z.object({ status: z.string(), latencyMs: z.number() })) })
      .parse(JSON.parse(text));
    expect(status).toBe("ok");
    for (const name of ["directory", "records-eu", "records-us", "records-ap", "files-eu", "objects-eu", "queues-eu", "keys-eu"])
      expect(checks).toHaveProperty(name);
    expect(text).not.toContain(JSON.parse(env.DIRECTORY_KEYS).email.keys["1"]);
  });

  test("names vendors that are left alone or limited, with no secret, and is not unwell for them", async () => {
    const now = Date.now();
    const policy = { failures: 1, coolDownMs: HOUR_MS, longestMs: HOUR_MS, probeMs: 1_000 };
    const gate = gateOf(env, "us", "vendor:google-health");
    await gate.enter("breaker", policy, now);
    await gate.report("breaker", policy, false, now);
    await gate.learn("app", { left: 0, until: now + 2 * HOUR_MS });
    const expected = { vendor: "google-health", breaker: "open", limited: ["app"], until: new Date(now + 2 * HOUR_MS).toISOString() };
    // Another isolate, or this one after a while, looks again.
    expect(await vendorTroubles(env, now + 60_000)).toContainEqual({ ...expected, region: "us" });
    const text = await (await get("/health")).text();
    const { status, vendors } = z.object({ status: z.string(), vendors: z.array(z.looseObject({})) }).parse(JSON.parse(text));
    expect(status).toBe("ok");
    expect(vendors).toContainEqual({ ...expected, region: "us" });
    expect(text).not.toContain(env.GOOGLE_CLIENT_SECRET);
  });

  test("a vital failure is down, another degraded", async () => {
    const ok = { name: "a", vital: true, run: async () => 1 };
    const broken = { name: "b", vital: false, run: () => Promise.reject(new Error("x")) };
    const now = () => 0;
    expect((await checkHealth([ok], now)).status).toBe("ok");
    expect((await checkHealth([ok, broken], now)).status).toBe("degraded");
    expect((await checkHealth([ok, { ...broken, vital: true }], now)).status).toBe("down");
  });
});

describe("the document", () => {
  test("describes every route, with policy, tag and answers", async () => {
    const app = createApp({ log: () => undefined });
    const document = await describeApi(app);
    const declared = new Set(
      app.routes
        .filter(({ method }) => method !== "ALL")
        .map(({ method, path }) => `${method} ${path.replace(/:([^/{]+)(\{[^/]*\})?/g, "{$1}")}`),
    );
    const described = Object.entries(document.paths).flatMap(([path, item]) =>
      Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(described.toSorted()).toEqual([...declared].toSorted());
    for (const [, operation] of operationsOf(document)) {
      expect(operation).toHaveProperty("x-policy");
      expect(operation.tags?.length).toBeGreaterThan(0);
      expect(operation.summary).toBeTruthy();
      expect(operation.responses).toHaveProperty("500");
    }
    expect(JSON.stringify(document)).not.toContain("Development documentation");
  });

  test("a validated route can answer 422, one without input cannot", async () => {
    const { paths } = await describeApi(createApp({ log: () => undefined }));
    expect(Object.keys(paths["/v1/accounts"]?.post?.responses ?? {})).toEqual(
      expect.arrayContaining(["201", "400", "409", "413", "415", "422"]),
    );
    expect(Object.keys(paths["/health"]?.get?.responses ?? {})).not.toContain("422");
  });

  test("a write that can be made once says so, with both of its refusals; a read does not", async () => {
    const { paths } = await describeApi(createApp({ log: () => undefined }));
    const push = paths["/v1/ingest/{platform}"]?.post;
    expect(push?.parameters).toContainEqual(expect.objectContaining({ name: "Idempotency-Key", in: "header" }));
    expect(push?.responses?.["409"]).toMatchObject({
      description: expect.stringMatching(/`idempotency_mismatch`.*`idempotency_in_flight`/),
    });
    expect(paths["/v1/accounts"]?.post?.responses?.["409"]).toMatchObject({
      description: expect.stringMatching(/`email_taken`.*`idempotency_/),
    });
    expect(paths["/v1/me"]?.get?.responses).not.toHaveProperty("409");
    expect(paths["/v1/sessions/refresh"]?.post?.responses).not.toHaveProperty("409");
    expect(JSON.stringify(paths)).not.toContain("x-idempotent");
  });

  test("every referenced schema exists", async () => {
    const document = await describeApi(createApp({ log: () => undefined }));
    const names = [...JSON.stringify(document).matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map((match) => match[1] ?? "");
    expect(names.length).toBeGreaterThan(0);
    for (const name of new Set(names)) expect(document.components.schemas).toHaveProperty(name);
  });
});

describe("pages", () => {
  test("/docs runs under a policy that allows this origin alone", async () => {
    const page = await get("/docs");
    const policy = page.headers.get("content-security-policy") ?? "";
    expect(policy).toContain("script-src 'self'");
    expect(policy).not.toContain("unsafe");
    const html = await page.text();
    expect(html).not.toMatch(/https?:\/\//);
    expect(html).not.toMatch(/<script>|onclick|style="/);
    for (const [path, type] of [
      ["/docs/page.js", "text/javascript"],
      ["/docs/page.css", "text/css"],
    ] as const) {
      expect(html).toContain(path);
      expect((await get(path)).headers.get("content-type")).toContain(type);
    }
  });

  test("every problem code has a page and a JSON form", async () => {
    for (const [code, [status, title]] of Object.entries(PROBLEMS)) {
      expect(await (await get(`/problems/${code}`)).json()).toEqual({ code, status, title });
    }
    const page = await get("/problems/not_found", { accept: "text/html", "accept-language": "de" });
    expect(page.headers.get("content-type")).toContain("text/html");
    expect(await page.text()).toContain("Nicht gefunden");
    expect((await get("/problems/constructor")).status).toBe(404);
  });
});

describe("the document keeps its word", () => {
  const part = z.looseObject({
    parameters: z.array(z.looseObject({ name: z.string() })).default([]),
    responses: z.record(
      z.string(),
      z.looseObject({ content: z.record(z.string(), z.looseObject({ schema: z.looseObject({}) })).default({}) }),
    ),
  });
  const read = async () => {
    const response = await exports.default.fetch(new Request("http://meridian.test/openapi.json"));
    const document = z.looseObject({
      paths: z.record(z.string(), z.record(z.string(), part)),
      components: z.looseObject({ schemas: z.record(z.string(), z.looseObject({})) }),
    });
    return document.parse(await response.json());
  };

  test("a list that takes a cursor may answer one", async () => {
    const { paths, components } = await read();
    const lists = Object.values(paths).flatMap((item) =>
      Object.values(item).filter(({ parameters }) => parameters.some(({ name }) => name === "cursor")),
    );
    expect(lists.length).toBeGreaterThan(10);
    for (const { responses } of lists) {
      const { $ref } = z.looseObject({ $ref: z.string() }).parse(responses["200"]?.content["application/json"]?.schema);
      const schema = components.schemas[$ref.split("/").pop() ?? ""];
      const { next } = z.looseObject({ properties: z.looseObject({ next: z.unknown() }) }).parse(schema).properties;
      expect(JSON.stringify(next), $ref).toContain('"string"');
    }
  });

  test("a night may carry what its source says besides", async () => {
    const { components } = await read();
    expect(components.schemas["SleepSession"]).toMatchObject({ properties: { attributes: { type: "object" } } });
  });

  // Discovery is OAuth's, whose documents are plain JSON.
  test("under /fhir a refusal is an OperationOutcome, and a resource an object", async () => {
    const { paths } = await read();
    for (const [path, item] of Object.entries(paths).filter(([name]) => name.startsWith("/fhir/") && !name.includes("/.well-known/"))) {
      for (const { responses } of Object.values(item)) {
        for (const [status, { content }] of Object.entries(responses)) {
          expect(
            Object.keys(content).filter((type) => type !== "application/fhir+json"),
            `${path} ${status}`,
          ).toEqual([]);
          for (const { schema } of Object.values(content)) expect(schema["type"] ?? schema["$ref"]).toMatch(/^object$|OperationOutcome$/);
        }
      }
    }
  });
});
