import { createServer } from "node:http";
import type { Server } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as z from "zod";
import { api, connect, control } from "./flow.ts";
import { CLOUD_PLATFORM } from "./oauth/authenticate.ts";
import { JWT_BEARER } from "./oauth/token.ts";
import { startSimulator } from "./simulator.ts";
import type { Simulator } from "./simulator.ts";
import { publicKeyValue } from "./webhooks/signing.ts";

const SECRET = "Bearer hook-secret";
interface Received {
  body: string;
  signature: string;
  authorization: string | undefined;
  agent: string | undefined;
}

let simulator: Simulator;
let base: string;
let project: string;
let receiver: Server;
let endpoint: string;
let received: Received[] = [];
/** Statuses to answer notifications with before 204. */
let refusals: number[] = [];
let answerUnauthorized = 401;

const keyset = z.object({
  primaryKeyId: z.number(),
  key: z.array(
    z.object({
      keyId: z.number(),
      status: z.string(),
      outputPrefixType: z.literal("TINK"),
      keyData: z.object({ value: z.string(), typeUrl: z.string(), keyMaterialType: z.string() }),
    }),
  ),
});
const notifications = z.array(
  z.object({
    data: z.object({
      version: z.literal("1"),
      healthUserId: z.string(),
      operation: z.string(),
      dataType: z.string(),
      clientProvidedSubscriptionName: z.string(),
      intervals: z.array(z.object({ physicalTimeInterval: z.object({ startTime: z.string(), endTime: z.string() }) })),
    }),
  }),
);
const pushed = z.object({
  healthUserId: z.string(),
  points: z.record(z.string(), z.number()),
  deliveries: z.array(z.object({ state: z.string(), attempts: z.array(z.object({ status: z.number().optional() })) })),
});

beforeAll(async () => {
  simulator = await startSimulator({ port: 0, now: "2026-11-20T12:00:00Z", frozen: true, retryBaseMs: 5, retryAttempts: 4 });
  base = simulator.url;
  receiver = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (chunk: string) => (body += chunk));
    request.on("end", () => {
      const { authorization } = request.headers;
      if (body === '{"type":"verification"}') return void response.writeHead(authorization === SECRET ? 201 : answerUnauthorized).end();
      received.push({
        body,
        signature: String(request.headers["google-health-api-signature"] ?? ""),
        authorization,
        agent: request.headers["user-agent"],
      });
      response.writeHead(refusals.shift() ?? 204).end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
  const address = receiver.address();
  endpoint = `http://127.0.0.1:${typeof address === "object" && address ? address.port : 0}/hook`;
  const claims = Buffer.from(
    JSON.stringify({ iss: "operator", scope: CLOUD_PLATFORM, exp: Date.parse("2026-11-20T13:00:00Z") / 1000 }),
  ).toString("base64url");
  const answer = await fetch(`${base}/token`, {
    method: "POST",
    body: new URLSearchParams({ grant_type: JWT_BEARER, assertion: `e30.${claims}.x` }),
  });
  project = z.object({ access_token: z.string() }).parse(await answer.json()).access_token;
});
afterAll(async () => {
  await simulator.close();
  receiver.closeAllConnections();
  await new Promise((resolve) => receiver.close(resolve));
});

async function register(id: string, policy: "AUTOMATIC" | "MANUAL", token = project, uri = endpoint): Promise<Response> {
  return fetch(`${base}/v4/projects/123/subscribers?subscriberId=${id}`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}` },
    body: JSON.stringify({
      endpointUri: uri,
      endpointAuthorization: { secret: SECRET },
      subscriberConfigs: [{ dataTypes: ["steps", "sleep", "weight"], subscriptionCreatePolicy: policy }],
    }),
  });
}
async function fresh(policy: "AUTOMATIC" | "MANUAL" = "AUTOMATIC"): Promise<void> {
  simulator.state.subscribers.clear();
  received = [];
  refusals = [];
  expect((await register("meridian", policy)).status).toBe(200);
}

/** DER → r‖s, as WebCrypto wants it. */
function rawSignature(der: Buffer): Buffer {
  const integerAt = (offset: number): { bytes: Buffer; next: number } => {
    const length = der[offset + 1] ?? 0;
    const bytes = der.subarray(offset + 2, offset + 2 + length);
    const trimmed = bytes.subarray(Math.max(0, bytes.length - 32));
    return { bytes: Buffer.concat([Buffer.alloc(32 - trimmed.length), trimmed]), next: offset + 2 + length };
  };
  const r = integerAt(2);
  return Buffer.concat([r.bytes, integerAt(r.next).bytes]);
}

async function verifies(one: Received): Promise<boolean> {
  const keys = keyset.parse(await (await fetch(`${base}/webhooks/public_keyset.json`)).json());
  const envelope = Buffer.from(one.signature, "base64");
  const key = keys.key.find((candidate) => candidate.keyId === envelope.readUInt32BE(1) && candidate.status === "ENABLED");
  if (envelope[0] !== 1 || !key) return false;
  const value = Buffer.from(key.keyData.value, "base64");
  const point = Buffer.concat([Buffer.from([4]), value.subarray(11, 43), value.subarray(46, 78)]);
  const imported = await crypto.subtle.importKey("raw", point, { name: "ECDSA", namedCurve: "P-256" }, false, ["verify"]);
  return crypto.subtle.verify({ name: "ECDSA", hash: "SHA-256" }, imported, rawSignature(envelope.subarray(5)), Buffer.from(one.body));
}

describe("registration", () => {
  it("verifies the endpoint twice and answers with an operation", async () => {
    simulator.state.subscribers.clear();
    const body: unknown = await (await register("meridian", "AUTOMATIC")).json();
    expect(body).toMatchObject({
      done: true,
      response: { name: "projects/123/subscribers/meridian", state: "ACTIVE", endpointAuthorization: { secretSet: true } },
    });
    expect(JSON.stringify(body)).not.toContain("hook-secret");
    expect((await register("meridian", "AUTOMATIC")).status).toBe(409);
  });

  it("refuses an endpoint that lets everybody in", async () => {
    answerUnauthorized = 201;
    const response = await register("careless", "AUTOMATIC");
    answerUnauthorized = 401;
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { status: "FAILED_PRECONDITION" } });
  });

  it("refuses plain HTTP elsewhere, bad ids, user tokens and no token", async () => {
    expect((await register("remote", "AUTOMATIC", project, "http://example.com/hook")).status).toBe(400);
    expect((await register("X", "AUTOMATIC")).status).toBe(400);
    expect((await register("someone", "AUTOMATIC", (await connect(base)).access_token)).status).toBe(403);
    expect((await register("nobody", "AUTOMATIC", "none")).status).toBe(401);
  });
});

describe("notifications", () => {
  it("are signed, authorized, and point to data that can be fetched", async () => {
    await fresh();
    const { access_token: access } = await connect(base, "ben");
    const answer = pushed.parse(await control(base, "push", { person: "ben", dataTypes: ["steps", "weight"] }));
    expect(answer.deliveries).toHaveLength(1);
    expect(answer.points["weight"]).toBe(1);
    const [one] = received;
    if (!one) throw new Error("nothing received");
    expect(one).toMatchObject({ authorization: SECRET, agent: "Google-Health-API-Webhooks" });
    expect(await verifies(one)).toBe(true);
    expect(await verifies({ ...one, body: one.body.replace("UPSERT", "DELETE") })).toBe(false);
    const items = notifications.parse(JSON.parse(one.body));
    expect(items.map((item) => item.data.dataType)).toEqual(["steps", "weight"]);
    for (const { data } of items) {
      const { startTime, endTime } = data.intervals[0]?.physicalTimeInterval ?? { startTime: "", endTime: "" };
      const member = data.dataType === "steps" ? "steps.interval.start_time" : "weight.sample_time.physical_time";
      const filter = `${member} >= "${startTime}" AND ${member} < "${endTime}"`;
      const { body } = await api(base, access, `dataTypes/${data.dataType}/dataPoints?${new URLSearchParams({ filter }).toString()}`);
      expect(body["dataPoints"]).toBeDefined();
    }
  });

  it("keep coming until 204", async () => {
    await fresh();
    await connect(base, "ben");
    refusals = [500, 200];
    await control(base, "push", { person: "ben", dataTypes: ["steps"] });
    const { deliveries } = await control(base, "deliveries?waitMs=5000");
    expect(received).toHaveLength(3);
    expect(
      z
        .array(z.object({ state: z.string() }))
        .parse(deliveries)
        .at(-1)?.state,
    ).toBe("delivered");
  });

  it("stop after the last attempt, and the subscriber becomes inactive", async () => {
    await fresh();
    await connect(base, "ben");
    refusals = [500, 500, 500, 500, 500];
    await control(base, "push", { person: "ben", dataTypes: ["steps"] });
    await control(base, "deliveries?waitMs=5000");
    expect(received).toHaveLength(4);
    expect(JSON.stringify(await control(base, "subscribers"))).toContain("INACTIVE");
  });

  it("tell of deleted data, whose points are gone", async () => {
    await fresh();
    const { access_token: access } = await connect(base, "chie");
    const window = { from: "2026-11-18T00:00:00Z", to: "2026-11-19T00:00:00Z" };
    const filter = `steps.interval.start_time >= "${window.from}" AND steps.interval.start_time < "${window.to}"`;
    const path = `dataTypes/steps/dataPoints?${new URLSearchParams({ filter }).toString()}`;
    expect((await api(base, access, path)).body["dataPoints"]).toBeDefined();
    await control(base, "late", { person: "chie", dataType: "steps", action: "delete", ...window });
    expect(received[0]?.body).toContain('"operation":"DELETE"');
    expect((await api(base, access, path)).body).toEqual({});
  });

  it("need consent; a manual policy also needs a subscription", async () => {
    await fresh("MANUAL");
    const { access_token: access } = await connect(base, "ben");
    await control(base, "push", { person: "ben", dataTypes: ["steps"] });
    expect(received).toHaveLength(0);
    const user = String((await api(base, access, "identity")).body["healthUserId"]);
    const made = await fetch(`${base}/v4/projects/123/subscribers/meridian/subscriptions?subscriptionId=con-1234`, {
      method: "POST",
      headers: { authorization: `Bearer ${project}` },
      body: JSON.stringify({ user: `users/${user}`, dataTypes: ["steps"] }),
    });
    expect(made.status).toBe(200);
    await control(base, "push", { person: "ben", dataTypes: ["steps", "sleep"] });
    expect(notifications.parse(JSON.parse(received[0]?.body ?? "[]")).map((item) => item.data)).toMatchObject([
      { dataType: "steps", clientProvidedSubscriptionName: "con-1234" },
    ]);
    await control(base, "revoke", { person: "ben" });
    await control(base, "push", { person: "ben", dataTypes: ["steps"] });
    expect(received).toHaveLength(1);
  });

  it.each(["signature", "body", "unknown-key", "no-signature"])("can be spoiled: %s", async (tamper) => {
    await fresh();
    await connect(base, "ben");
    await control(base, "push", { person: "ben", dataTypes: ["steps"], tamper, single: true });
    const [one] = received;
    if (!one) throw new Error("nothing received");
    expect(one.body.startsWith("{")).toBe(true);
    expect(one.signature !== "" && (await verifies(one))).toBe(false);
  });
});

describe("keys", () => {
  it("are encoded as Tink encodes them", () => {
    const x = Buffer.from("60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6", "hex");
    const y = Buffer.from("7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299", "hex");
    expect(publicKeyValue({ x, y })).toBe(
      "EgYIAxACGAIaIQBg/tS6JVqdMclh63TGNW1owEm4kjth+mzmaWIuYPKftiIhAHkD/hAIuLyZpBrp6VYovGTy8bIMLX6fUXejwpTURiKZ",
    );
  });

  it("rotate: a new primary signs, the old one stays until retired", async () => {
    await fresh();
    await connect(base, "ben");
    await control(base, "push", { person: "ben", dataTypes: ["steps"] });
    await control(base, "keys/rotate", {});
    await control(base, "push", { person: "ben", dataTypes: ["steps"] });
    const [before, after] = received;
    if (!before || !after) throw new Error("two notifications expected");
    expect(before.signature.slice(0, 6)).not.toBe(after.signature.slice(0, 6));
    expect([await verifies(before), await verifies(after)]).toEqual([true, true]);
    await control(base, "keys/rotate", { retireOld: true });
    expect(await verifies(after)).toBe(false);
  });
});
