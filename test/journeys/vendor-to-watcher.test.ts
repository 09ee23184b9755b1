import { WebSocket as ReconnectingSocket } from "partysocket";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as z from "zod";
import { control } from "../simulator/flow.ts";
import { type Simulator, startSimulator } from "../simulator/simulator.ts";
import { Meridian } from "./harness.ts";
import { Client } from "./person.ts";
import { until } from "./until.ts";
import { agree, countersOf, deliveriesOf, nightsOf, statusOf, subscribe } from "./vendor.ts";

const AREAS = "sleep,nutrition";
const PATIENCE_MS = 60_000;
const ticketReply = z.object({ ticket: z.string() });
const message = z.looseObject({
  type: z.string(),
  seq: z.number().optional(),
  metric: z.string().optional(),
  items: z.array(z.object({ metric: z.string() })).optional(),
});
const synced = z.object({ items: z.array(z.object({ accepted: z.number(), updated: z.number() })) });

let meridian: Meridian;
let simulator: Simulator;
let ada: Client;

beforeAll(async () => {
  simulator = await startSimulator({ port: 0, retryBaseMs: 200, retryAttempts: 8 });
  meridian = await Meridian.start(Number(new URL(simulator.url).port));
  ada = await Client.register(meridian);
});
afterAll(async () => {
  await meridian.dispose();
  await simulator.close();
});

/** An app that watches one metric and reconnects by itself, with a ticket for each socket, from where it was. */
function watch(client: Client, metric: string) {
  const state = { connections: 0, seen: 0, last: undefined as number | undefined };
  const address = async (): Promise<string> => {
    const { ticket } = ticketReply.parse((await client.call("POST", "/v1/tickets")).body);
    const after = state.last === undefined ? "" : `&after=${state.last}`;
    return `${meridian.origin.replace("http", "ws")}/v1/me/live?metrics=${metric}&ticket=${encodeURIComponent(ticket)}${after}`;
  };
  const socket = new ReconnectingSocket(address, undefined, { minReconnectionDelay: 100, maxReconnectionDelay: 500 });
  socket.addEventListener("message", ({ data }) => {
    const { type, seq, metric: changed, items } = message.parse(JSON.parse(String(data)));
    if (type === "hello") state.connections++;
    if (seq !== undefined) state.last = seq;
    if (changed === metric || items?.some((item) => item.metric === metric)) state.seen++;
  });
  return { state, close: () => socket.close() };
}

test("a first import gets through refusals and a power cut, with nothing missing and nothing twice", async () => {
  // Meridian waits as long as the vendor asks, and half a minute where the vendor fails: only the former suits a journey.
  const limited = { kind: "status", path: "/v4/users/me/dataTypes/", status: 429, retryAfterSeconds: 1, times: 2 };
  await control(simulator.url, "faults", limited);

  expect((await agree(ada, AREAS)).status).toBe(200);
  await until(async () => (await statusOf(ada)).backfill.done > 0, PATIENCE_MS);
  await meridian.cutPower();
  await until(async () => {
    const { done, failed, total } = (await statusOf(ada)).backfill;
    return done + failed === total;
  }, PATIENCE_MS);
  expect(await statusOf(ada)).toMatchObject({ state: "active", error: null, backfill: { failed: 0 } });
  expect(await countersOf(simulator)).toMatchObject({ "status:429": 2 });

  const nights = await nightsOf(ada);
  expect(nights.length).toBeGreaterThan(300);
  expect(new Set(nights).size).toBe(nights.length);
});

test("what a device brings reaches a watcher by itself, even where Meridian was down when the vendor told it", async () => {
  expect((await subscribe(meridian, simulator, "meridian")).status).toBe(200);
  const { state, close } = watch(ada, "water_intake");
  try {
    await until(() => state.connections === 1, PATIENCE_MS);
    await control(simulator.url, "push", { person: "ada", dataTypes: ["hydration-log"], minutes: 60 });
    await until(() => state.seen > 0, PATIENCE_MS);

    const before = state.seen;
    await meridian.kill();
    await control(simulator.url, "push", { person: "ada", dataTypes: ["hydration-log"], minutes: 60 });
    await meridian.restart();
    await until(() => state.seen > before && state.connections === 2, PATIENCE_MS);
    expect((await deliveriesOf(simulator)).map((delivery) => delivery.state)).toEqual(["delivered", "delivered"]);
  } finally {
    close();
  }
});

test("reading it all again changes nothing", async () => {
  // The simulated person goes on living: what has come since is read once more before time stands still.
  await control(simulator.url, "clock", { frozen: true });
  await ada.call("POST", "/v1/health/sync/immediate", {});
  const nights = await nightsOf(ada);
  const { body } = await ada.call("POST", "/v1/health/sync/immediate", {});
  for (const { accepted, updated } of synced.parse(body).items) expect({ accepted, updated }).toEqual({ accepted: 0, updated: 0 });
  expect(await nightsOf(ada)).toEqual(nights);
});
