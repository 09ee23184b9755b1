import { createHmac, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as z from "zod";
import { publicKeyset, signBody, signingKey } from "../simulator/webhooks/signing.ts";
import { Meridian } from "./harness.ts";

/** A Worker that has just started knows nothing yet, and many ask at once: each must be answered, whoever reads first what all of them need. */
let meridian: Meridian;
let keys: Server;
const key = signingKey(1, 0);

beforeAll(async () => {
  // In place of all vendors' servers, and as far away as they are.
  keys = createServer((_, response) => void pause(500).then(() => response.end(JSON.stringify(publicKeyset([key])))));
  await new Promise<void>((resolve) => keys.listen(0, "127.0.0.1", resolve));
  meridian = await Meridian.start((keys.address() as AddressInfo).port);
});
afterAll(async () => {
  await meridian.dispose();
  keys.close();
});

const TOGETHER = 60;
const credentials = z.record(z.string(), z.looseObject({ hookSecret: z.string(), clientSecret: z.string() }));

/** The statuses of so many equal requests at once, and how often each came. */
async function statuses(path: () => string, init: () => RequestInit = () => ({})): Promise<Record<number, number>> {
  const answers = await Promise.all(
    Array.from({ length: TOGETHER }, async () => {
      const answer = await fetch(`${meridian.origin}${path()}`, init());
      await answer.arrayBuffer();
      return answer.status;
    }),
  );
  return Object.fromEntries([...Map.groupBy(answers, (status) => status)].map(([status, all]) => [status, all.length]));
}

/** A call of Oura's as it signs, with what is new in each. */
function ouraCall(): { readonly path: string; readonly headers: Record<string, string>; readonly body: string } {
  const { hookSecret, clientSecret } = credentials.parse(JSON.parse(meridian.secret("VENDOR_CREDENTIALS")))["oura"]!;
  const at = String(Math.floor(Date.now() / 1000));
  const about = { event_type: "update", data_type: "sleep", object_id: randomBytes(8).toString("hex"), user_id: "nobody" };
  const body = JSON.stringify({ ...about, event_time: new Date().toISOString() });
  const signature = createHmac("sha256", clientSecret).update(at).update(body).digest("hex").toUpperCase();
  return { path: `/hooks/oura/${hookSecret}`, body, headers: { "x-oura-timestamp": at, "x-oura-signature": signature } };
}

test("webhooks of a vendor whose subscriptions nobody has read yet are all answered", async () => {
  const calls = Array.from({ length: TOGETHER }, ouraCall);
  const init = (): RequestInit => {
    const { headers, body } = calls.pop()!;
    return { method: "POST", headers, body };
  };
  expect(await statuses(() => ouraCall().path, init)).toEqual({ 200: TOGETHER });
});

test("webhooks that are signed by a key which nobody has fetched yet are all answered", async () => {
  const secret = meridian.secret("GOOGLE_WEBHOOK_SECRET");
  const signed = (): RequestInit => {
    const about = {
      version: "1",
      clientProvidedSubscriptionName: "s",
      healthUserId: "nobody",
      operation: "UPSERT",
      dataType: "heart-rate",
    };
    const body = JSON.stringify({ data: { ...about, intervals: [], n: randomBytes(8).toString("hex") } });
    return { method: "POST", body, headers: { authorization: `Bearer ${secret}`, "google-health-api-signature": signBody(key, body) } };
  };
  expect(await statuses(() => `/hooks/google-health/${secret}`, signed)).toEqual({ 204: TOGETHER });
});

test("a caller that hangs up takes nobody's call with it, though others share its work", async () => {
  const { hostname, port } = new URL(meridian.origin);
  const sockets = await Promise.all(
    Array.from({ length: TOGETHER }, async () => {
      const socket = connect(Number(port), hostname);
      await once(socket, "connect");
      return socket;
    }),
  );
  // The first leads, and is gone before it can be answered.
  for (const socket of sockets) {
    const { path, headers, body } = ouraCall();
    const head = Object.entries({ ...headers, host: hostname, "content-length": String(body.length) }).map(
      ([name, value]) => `${name}: ${value}`,
    );
    socket.write(`POST ${path} HTTP/1.1\r\n${head.join("\r\n")}\r\n\r\n${body}`);
  }
  sockets[0]!.destroy();
  const answers = await Promise.all(sockets.slice(1).map(async (socket) => String((await once(socket, "data"))[0]).slice(0, 12)));
  for (const socket of sockets) socket.destroy();
  expect(new Set(answers)).toEqual(new Set(["HTTP/1.1 200"]));
});

test("all who ask how the service is are answered", async () => {
  expect(await statuses(() => "/health")).toEqual({ 200: TOGETHER });
});
