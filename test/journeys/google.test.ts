import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import * as z from "zod";
import { control } from "../simulator/flow.ts";
import { type Simulator, startSimulator } from "../simulator/simulator.ts";
import { Meridian } from "./harness.ts";
import { Client } from "./person.ts";
import { agree, authorizeUrl, countersOf, deliveriesOf, nightsOf, statusOf, subscribe, vendorStatus } from "./vendor.ts";

/** Half a year of nights, weights and the like is read in seconds; dense types would only make the journey long. */
const AREAS = "sleep,nutrition";
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

/** Waits until a connection's first import is read. */
async function imported(client: Client): Promise<void> {
  await vi.waitUntil(async () => (await statusOf(client)).backfill.done === (await statusOf(client)).backfill.total, {
    timeout: 100_000,
    interval: 200,
  });
}

describe("Google Health", () => {
  test("is connected by consent, and the first import survives a power cut in its middle", async () => {
    const back = await agree(ada, AREAS);
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
    expect((await agree(ben, AREAS, { sim_deny: "1" })).status).toBe(403);
    const consent = await fetch(`${await authorizeUrl(ben, "sleep")}&sim_person=ben`, { redirect: "manual" });
    const callback = consent.headers.get("location") ?? "";
    expect((await fetch(callback)).status).toBe(200);
    expect((await fetch(callback)).status).toBe(410);
    expect((await ben.get("/v1/integrations/google-health/status", vendorStatus)).connected).toBe(true);
  });

  test("is told of changes by signed notifications, and by those alone", async () => {
    expect((await subscribe(meridian, simulator, "meridian")).status).toBe(200);
    const drinks = async () =>
      (await ada.get(`/v1/health/observations?type=water_intake&from=${new Date(Date.now() - 7_200_000).toISOString()}`, observations))
        .items;
    const before = new Set((await drinks()).map(({ at }) => at));
    await control(simulator.url, "push", { person: "ada", dataTypes: ["hydration-log"], minutes: 60 });
    const told = await deliveriesOf(simulator);
    expect(told.map(({ state }) => state)).toEqual(["delivered"]);
    await vi.waitUntil(async () => (await drinks()).some(({ at }) => !before.has(at)), { timeout: 30_000, interval: 200 });
  });

  test.each(["signature", "body", "unknown-key", "no-signature", "authorization", "no-authorization"])(
    "refuses notifications that are spoiled: %s",
    async (tamper) => {
      // A subscriber that is refused becomes inactive: every way to spoil gets one of its own.
      expect((await subscribe(meridian, simulator, `spoiled-${tamper}`)).status).toBe(200);
      await control(simulator.url, "push", { person: "ada", dataTypes: ["hydration-log"], minutes: 5, tamper });
      const spoiled = (await deliveriesOf(simulator)).filter((one) => one.tamper === tamper);
      expect(spoiled.length).toBeGreaterThan(0);
      expect(new Set(spoiled.flatMap(({ attempts }) => attempts.map((attempt) => attempt.status)))).toEqual(new Set([401]));
    },
  );

  test("goes on after tokens have expired, with one refresh for many callers", async () => {
    await control(simulator.url, "expire", { person: "ada" });
    const before = (await countersOf(simulator))["token:refresh_token"] ?? 0;
    const answers = await Promise.all(Array.from({ length: 20 }, () => ada.call("POST", "/v1/health/sync/immediate", {})));
    expect(answers.map((answer) => answer.status)).toEqual(answers.map(() => 200));
    expect(((await countersOf(simulator))["token:refresh_token"] ?? 0) - before).toBe(1);
    expect((await statusOf(ada)).state).toBe("active");
  });

  test("is left alone for as long as it wants, and asked again afterwards", async () => {
    await control(simulator.url, "faults", { kind: "status", path: "/v4/", status: 429, retryAfterSeconds: 2, times: 1 });
    const { body } = await ada.call("POST", "/v1/health/sync", {});
    const { id } = z.object({ id: z.string() }).parse(body);
    const job = z.object({ state: z.string() });
    await vi.waitUntil(async () => (await ada.get(`/v1/health/sync/${id}`, job)).state === "done", { timeout: 30_000, interval: 200 });
    expect((await countersOf(simulator))["status:429"]).toBe(1);
    expect((await statusOf(ada)).state).toBe("active");
  });

  test("wants a new consent once the person has taken it back there, and reads only what is missing after it", async () => {
    const nights = await nightsOf(ada);
    await control(simulator.url, "revoke", { person: "ada" });
    await ada.call("POST", "/v1/health/sync/immediate", {});
    expect(await statusOf(ada)).toMatchObject({ state: "reauth_required" });
    await fetch(`${simulator.url}/sim/requests`, { method: "DELETE" });
    expect((await agree(ada, AREAS)).status).toBe(200);
    await imported(ada);
    await vi.waitUntil(async () => (await statusOf(ada)).state === "active", { timeout: 10_000, interval: 100 });
    expect(await nightsOf(ada)).toEqual(nights);
    const read = Object.entries(await countersOf(simulator)).filter(([name]) => name.startsWith("GET /v4/"));
    expect(read.reduce((sum, [, n]) => sum + n, 0)).toBeLessThan(20);
  });

  test("is disconnected with its readings deleted", async () => {
    const { id } = await statusOf(ada);
    const { body } = await ada.call("DELETE", `/v1/integrations/vendors/${id}?deleteData=true`);
    expect(z.object({ deleted: z.number() }).parse(body).deleted).toBeGreaterThan(300);
    expect(await nightsOf(ada)).toEqual([]);
    expect((await ada.get("/v1/integrations/google-health/status", vendorStatus)).connected).toBe(false);
  });
});
