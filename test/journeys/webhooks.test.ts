import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import * as z from "zod";
import { type Simulator, startSimulator } from "../simulator/simulator.ts";
import { Meridian } from "./harness.ts";
import { Client } from "./person.ts";
import { freePort, HOST } from "./ports.ts";
import { healthConnectPush } from "./pushes.ts";
import { agree } from "./vendor.ts";

const PATIENCE = { timeout: 90_000, interval: 200 };
const messageSchema = z.object({ type: z.string(), orderedAt: z.string(), data: z.looseObject({ metric: z.string().optional() }) });
const madeSchema = z.object({ id: z.string(), secret: z.string() });

let meridian: Meridian;
let simulator: Simulator;
let ada: Client;
let server: Server;
let url: string;
let hook: z.output<typeof madeSchema>;
let fresh = "";
/** Statuses that the receiver answers with, one after the other; 204 when there are none. */
const answers: number[] = [];
const got: { id: string; signatures: number; message: z.output<typeof messageSchema> }[] = [];
const refused: unknown[] = [];

/** A receiver as a developer writes one, with the client library that the authors of the specification wrote. */
async function receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await text(request);
  const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
  const status = answers.shift() ?? 204;
  try {
    const message = messageSchema.parse(new Webhook(fresh || hook.secret).verify(body, headers));
    got.push({ id: headers["webhook-id"] ?? "", signatures: headers["webhook-signature"]?.split(" ").length ?? 0, message });
  } catch (error) {
    refused.push(error);
  }
  response.writeHead(status).end("what a receiver says is nobody's business");
}

async function serve(): Promise<void> {
  const port = await freePort();
  url = `http://${HOST}:${port}/meridian`;
  server = createServer((request, response) => void receive(request, response));
  server.listen(port, HOST);
  await once(server, "listening");
}

beforeAll(async () => {
  await serve();
  simulator = await startSimulator({ port: 0, retryBaseMs: 100, retryAttempts: 2 });
  meridian = await Meridian.start(Number(new URL(simulator.url).port));
  ada = await Client.register(meridian);
  const { status, body } = await ada.call("POST", "/v1/me/webhooks", { url });
  expect(status, JSON.stringify(body)).toBe(201);
  hook = madeSchema.parse(body);
});
afterAll(async () => {
  await meridian.dispose({ "secret of a webhook": hook.secret.slice(6), "rotated secret": fresh.slice(6) });
  await simulator.close();
  server.close();
});

const typesOf = () => new Set(got.map(({ message }) => message.type));

test("what a phone pushed is told to a receiver of another maker, through a failure, under one id", async () => {
  answers.push(503);
  expect((await ada.call("POST", "/v1/ingest/health-connect", healthConnectPush(0))).status).toBe(200);
  const timesOf = () => [...Map.groupBy(got, ({ id }) => id).values()].map(({ length }) => length);
  await vi.waitFor(() => expect(Math.max(0, ...timesOf())).toBe(2), PATIENCE);
  expect(typesOf()).toEqual(new Set(["readings.created"]));
  expect(refused).toEqual([]);
});

test("what was stored before the power went is told when it is back", async () => {
  const before = new Set(got.map(({ id }) => id));
  expect((await ada.call("POST", "/v1/ingest/health-connect", healthConnectPush(1))).status).toBe(200);
  await meridian.cutPower();
  await vi.waitFor(() => expect(got.some(({ id }) => !before.has(id))).toBe(true), PATIENCE);
  expect(refused).toEqual([]);
});

test("a secret is changed without a message that nobody can verify", async () => {
  const { status, body } = await ada.call("POST", `/v1/me/webhooks/${hook.id}/secrets`, { overlapHours: 1 });
  expect(status, JSON.stringify(body)).toBe(201);
  const before = got.length;
  // The receiver still knows the old one alone.
  expect((await ada.call("POST", `/v1/me/webhooks/${hook.id}/test`)).body).toMatchObject({ delivered: true, status: 204 });
  fresh = madeSchema.parse(body).secret;
  expect((await ada.call("POST", `/v1/me/webhooks/${hook.id}/test`)).body).toMatchObject({ delivered: true, status: 204 });
  expect(got.slice(before).map(({ signatures, message }) => [signatures, message.type])).toEqual([
    [2, "webhook.test"],
    [2, "webhook.test"],
  ]);
  expect(refused).toEqual([]);
});

test("a vendor that is connected, read and left is told of step by step", async () => {
  expect((await agree(ada, "sleep")).status).toBe(200);
  const arrive = async (...types: string[]) =>
    await vi.waitFor(() => expect([...typesOf()]).toEqual(expect.arrayContaining(types)), PATIENCE);
  await arrive("connection.created", "backfill.started", "backfill.completed", "sleep.created");
  expect((await ada.call("POST", "/v1/health/sync", {})).status).toBeLessThan(300);
  await arrive("sync.completed");
  const { items } = z
    .object({ items: z.array(z.looseObject({ id: z.string() })) })
    .parse((await ada.call("GET", "/v1/integrations/vendors")).body);
  expect((await ada.call("DELETE", `/v1/integrations/vendors/${items[0]?.id}`)).status).toBeLessThan(300);
  await arrive("connection.revoked");
  expect(refused).toEqual([]);
  // However they arrived, an order can be made of them.
  const places = new Map(got.map(({ id, message }) => [id, message.orderedAt]));
  expect(new Set(places.values()).size).toBe(places.size);
});
