import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { control } from "../simulator/flow.ts";
import { CLOUD_PLATFORM } from "../simulator/oauth/authenticate.ts";
import { JWT_BEARER } from "../simulator/oauth/token.ts";
import { type Simulator, startSimulator } from "../simulator/simulator.ts";
import { Meridian } from "./harness.ts";
import { Client } from "./person.ts";
import { sessions } from "./wire.ts";

/** Half a year of nights, weights and the like is read in seconds; dense types would only make the journey long. */
const AREAS = "sleep,nutrition";
const AUTHORIZE = "/v1/integrations/google-health/authorize";

const authorization = z.object({ authorizeUrl: z.string(), connection: z.string() });
const connection = z.looseObject({
  id: z.string(),
  state: z.string(),
  error: z.object({ code: z.string() }).nullable(),
  backfill: z.object({ done: z.number(), failed: z.number(), total: z.number() }),
});
const status = z.object({ connected: z.boolean(), items: z.array(connection) });
const requests = z.object({ counters: z.record(z.string(), z.number()) });
const deliveries = z.object({
  deliveries: z.array(
    z.object({ state: z.string(), tamper: z.string().optional(), attempts: z.array(z.object({ status: z.number().optional() })) }),
  ),
});
const observations = z.object({
  items: z.array(z.looseObject({ metric: z.string(), at: z.string(), value: z.number().nullable() })),
  next: z.string().nullable(),
});

let meridian: Meridian;
let simulator: Simulator;
let ada: Client;

beforeAll(async () => {
  simulator = await startSimulator({ port: 0, retryBaseMs: 100, retryAttempts: 2 });
  meridian = await Meridian.start(Number(new URL(simulator.url).port));
  ada = await Client.register(meridian);
});
afterAll(async () => {
  await meridian.dispose();
  await simulator.close();
});

/** Agrees at the vendor as a browser would, and comes back. `extra` steers the simulated consent. */
async function agree(client: Client, extra: Record<string, string> = {}, areas = AREAS): Promise<Response> {
  const { authorizeUrl } = await client.get(`${AUTHORIZE}?areas=${areas}`, authorization);
  const url = new URL(authorizeUrl);
  for (const [name, value] of Object.entries({ sim_auto: "1", ...extra })) url.searchParams.set(name, value);
  const consent = await fetch(url, { redirect: "manual" });
  return await fetch(consent.headers.get("location") ?? "", { redirect: "manual" });
}

async function statusOf(client: Client) {
  const [first] = (await client.get("/v1/integrations/google-health/status", status)).items;
  if (first === undefined) throw new Error("there is no connection");
  return first;
}

/** Waits until a connection's first import is read. */
async function imported(client: Client): Promise<void> {
  await vi.waitUntil(async () => (await statusOf(client)).backfill.done === (await statusOf(client)).backfill.total, {
    timeout: 100_000,
    interval: 200,
  });
}

async function nightsOf(client: Client): Promise<readonly string[]> {
  const nights: string[] = [];
  for (let cursor = ""; ;) {
    const page = await client.get(`/v1/me/sleep?from=2025-01-01T00:00:00Z&to=2027-01-01T00:00:00Z&source=all&limit=200${cursor}`, sessions);
    nights.push(...page.items.map(({ startAt, endAt }) => `${startAt} ${endAt}`));
    if (page.next === null) return nights;
    cursor = `&cursor=${encodeURIComponent(page.next)}`;
  }
}

const counters = async (): Promise<Record<string, number>> => requests.parse(await control(simulator.url, "requests")).counters;

/** Registers Meridian's endpoint with the vendor, as an operator does once. */
async function subscribe(id: string): Promise<Response> {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const assertion = `${encode({ alg: "RS256" })}.${encode({ iss: "operator@test", scope: CLOUD_PLATFORM, exp: Math.floor(Date.now() / 1000) + 600 })}.c2ln`;
  const token = await fetch(`${simulator.url}/token`, { method: "POST", body: new URLSearchParams({ grant_type: JWT_BEARER, assertion }) });
  const { access_token } = z.object({ access_token: z.string() }).parse(await token.json());
  const secret = meridian.secret("GOOGLE_WEBHOOK_SECRET");
  return await fetch(`${simulator.url}/v4/projects/1/subscribers?subscriberId=${id}`, {
    method: "POST",
    headers: { authorization: `Bearer ${access_token}`, "content-type": "application/json" },
    body: JSON.stringify({
      endpointUri: `${meridian.origin}/hooks/google-health/${secret}`,
      subscriberConfigs: [{ dataTypes: ["sleep", "hydration-log"], subscriptionCreatePolicy: "AUTOMATIC" }],
      endpointAuthorization: { secret: `Bearer ${secret}` },
    }),
  });
}

describe("Google Health", () => {
  test("is connected by consent, and the first import survives a power cut in its middle", async () => {
    const back = await agree(ada);
    expect(back.status, await back.clone().text()).toBe(200);
    await vi.waitUntil(async () => (await statusOf(ada)).backfill.done > 0, { timeout: 60_000, interval: 10 });
    await meridian.cutPower();
    await imported(ada);
    expect(await statusOf(ada)).toMatchObject({ state: "active", error: null, backfill: { failed: 0 } });

    const nights = await nightsOf(ada);
    expect(nights.length).toBeGreaterThan(300);
    expect(new Set(nights).size).toBe(nights.length);
  });

  test("shows a refused consent and a used state for what they are", async () => {
    const ben = await Client.register(meridian, "us");
    expect((await agree(ben, { sim_deny: "1" })).status).toBe(403);
    const { authorizeUrl } = await ben.get(`${AUTHORIZE}?areas=sleep`, authorization);
    const consent = await fetch(`${authorizeUrl}&sim_person=ben`, { redirect: "manual" });
    const callback = consent.headers.get("location") ?? "";
    expect((await fetch(callback)).status).toBe(200);
    expect((await fetch(callback)).status).toBe(410);
    expect((await ben.get("/v1/integrations/google-health/status", status)).connected).toBe(true);
  });

  test("is told of changes by signed notifications, and by those alone", async () => {
    expect((await subscribe("meridian")).status).toBe(200);
    const drinks = async () =>
      (await ada.get(`/v1/health/observations?type=water_intake&from=${new Date(Date.now() - 7_200_000).toISOString()}`, observations))
        .items;
    const before = new Set((await drinks()).map(({ at }) => at));
    await control(simulator.url, "push", { person: "ada", dataTypes: ["hydration-log"], minutes: 60 });
    const told = deliveries.parse(await control(simulator.url, "deliveries?waitMs=20000"));
    expect(told.deliveries.map(({ state }) => state)).toEqual(["delivered"]);
    await vi.waitUntil(async () => (await drinks()).some(({ at }) => !before.has(at)), { timeout: 30_000, interval: 200 });
  });

  test.each(["signature", "body", "unknown-key", "no-signature", "authorization", "no-authorization"])(
    "refuses notifications that are spoiled: %s",
    async (tamper) => {
      // A subscriber that is refused becomes inactive: every way to spoil gets one of its own.
      expect((await subscribe(`spoiled-${tamper}`)).status).toBe(200);
      await control(simulator.url, "push", { person: "ada", dataTypes: ["hydration-log"], minutes: 5, tamper });
      const spoiled = deliveries
        .parse(await control(simulator.url, "deliveries?waitMs=20000"))
        .deliveries.filter((one) => one.tamper === tamper);
      expect(spoiled.length).toBeGreaterThan(0);
      expect(new Set(spoiled.flatMap(({ attempts }) => attempts.map((attempt) => attempt.status)))).toEqual(new Set([401]));
    },
  );

  test("goes on after tokens have expired, with one refresh for many callers", async () => {
    await control(simulator.url, "expire", { person: "ada" });
    const before = (await counters())["token:refresh_token"] ?? 0;
    const answers = await Promise.all(Array.from({ length: 20 }, () => ada.call("POST", "/v1/health/sync/immediate", {})));
    expect(answers.map((answer) => answer.status)).toEqual(answers.map(() => 200));
    expect(((await counters())["token:refresh_token"] ?? 0) - before).toBe(1);
    expect((await statusOf(ada)).state).toBe("active");
  });

  test("is left alone for as long as it wants, and asked again afterwards", async () => {
    await control(simulator.url, "faults", { kind: "status", path: "/v4/", status: 429, retryAfterSeconds: 2, times: 1 });
    const { body } = await ada.call("POST", "/v1/health/sync", {});
    const { id } = z.object({ id: z.string() }).parse(body);
    const job = z.object({ state: z.string() });
    await vi.waitUntil(async () => (await ada.get(`/v1/health/sync/${id}`, job)).state === "done", { timeout: 30_000, interval: 200 });
    expect((await counters())["status:429"]).toBe(1);
    expect((await statusOf(ada)).state).toBe("active");
  });

  test("wants a new consent once the person has taken it back there, and reads only what is missing after it", async () => {
    const nights = await nightsOf(ada);
    await control(simulator.url, "revoke", { person: "ada" });
    await ada.call("POST", "/v1/health/sync/immediate", {});
    expect(await statusOf(ada)).toMatchObject({ state: "reauth_required" });
    await fetch(`${simulator.url}/sim/requests`, { method: "DELETE" });
    expect((await agree(ada)).status).toBe(200);
    await imported(ada);
    await vi.waitUntil(async () => (await statusOf(ada)).state === "active", { timeout: 10_000, interval: 100 });
    expect(await nightsOf(ada)).toEqual(nights);
    const read = Object.entries(await counters()).filter(([name]) => name.startsWith("GET /v4/"));
    expect(read.reduce((sum, [, n]) => sum + n, 0)).toBeLessThan(20);
  });

  test("is disconnected with its readings deleted", async () => {
    const { id } = await statusOf(ada);
    const { body } = await ada.call("DELETE", `/v1/integrations/vendors/${id}?deleteData=true`);
    expect(z.object({ deleted: z.number() }).parse(body).deleted).toBeGreaterThan(300);
    expect(await nightsOf(ada)).toEqual([]);
    expect((await ada.get("/v1/integrations/google-health/status", status)).connected).toBe(false);
  });
});
