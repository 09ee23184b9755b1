import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { build } from "esbuild";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as z from "zod";
import { type RunningBrowser, startBrowser } from "./browser.ts";
import { Meridian } from "./harness.ts";
import { Client } from "./person.ts";
import { freePort, HOST } from "./ports.ts";

/** Two people call each other in two pages of Chromium, whose cameras and microphones are made up, by the signalling of the built Worker. */
let meridian: Meridian;
let running: RunningBrowser;
let server: Server;

const withId = z.looseObject({ id: z.string() });
const listSchema = z.object({ items: z.array(z.looseObject({ id: z.string(), state: z.string(), reason: z.string().nullable() })) });

beforeAll(async () => {
  const port = await freePort();
  const origin = `http://localhost:${port}`;
  running = await startBrowser([
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    // Both pages are on this machine, which may have no other network.
    "--allow-loopback-in-peer-connection",
  ]);
  const [bundle, started] = await Promise.all([
    build({ entryPoints: ["test/journeys/call-page.js"], bundle: true, write: false, format: "iife", platform: "browser" }),
    Meridian.start(undefined, { vars: { CORS_ORIGINS: origin } }),
  ]);
  meridian = started;
  const html = `<!doctype html><title>Call</title><script>${bundle.outputFiles[0]?.text ?? ""}</script>`;
  server = createServer((_request, response) => response.setHeader("content-type", "text/html").end(html)).listen(port, HOST);
  await once(server, "listening");
});

afterAll(async () => {
  await running?.close();
  server?.close();
  await meridian?.dispose();
});

async function post(client: Client, path: string, body: unknown): Promise<Response> {
  return await client.fetch(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
}

/** The page of somebody, with their socket of the room open. */
async function pageOf(client: Client, room: string): Promise<Page> {
  const address = server.address();
  const page = await (await running.browser.newContext()).newPage();
  await page.goto(`http://localhost:${typeof address === "object" && address !== null ? address.port : 0}`);
  const given = [meridian.origin, room, client.accessToken].map((text) => JSON.stringify(text)).join(", ");
  await page.evaluate(`globalThis.caller = new Caller(${given}); caller.open()`);
  return page;
}
const run = async (page: Page, what: string): Promise<unknown> => await page.evaluate(`caller.${what}`);

test("two browsers see each other over a room's signalling, also when both offer at once, share a screen, mute, and hang up", async () => {
  const [ada, bob] = [await Client.register(meridian), await Client.register(meridian)];
  const made = await post(ada, "/v1/rooms", { kind: "direct", person: bob.id });
  expect(made.status).toBe(201);
  const { id: room } = withId.parse(await made.json());
  expect((await post(bob, "/v1/rooms", { kind: "direct", person: ada.id })).status).toBeLessThan(300);
  const [adas, bobs] = [await pageOf(ada, room), await pageOf(bob, room)];
  const call = String(await run(adas, "start()"));
  expect(await run(bobs, "rung()")).toBe(call);
  const join = (other: number) => `join(${JSON.stringify(call)}, ${other})`;
  await Promise.all([run(adas, join(2)), run(bobs, join(1))]);
  // Pictures are decoded on both sides.
  await Promise.all([run(adas, "sees(1, 20)"), run(bobs, "sees(1, 20)")]);
  // Another track is another negotiation.
  await run(adas, "showScreen()");
  await run(bobs, "sees(2, 10)");
  expect(await run(bobs, "shows(1, { screen: true, video: true })")).toBe(true);
  await run(bobs, "mute()");
  expect(await run(adas, "shows(2, { audio: false, video: true })")).toBe(true);
  for (const page of [adas, bobs]) expect(await run(page, "settled()")).toMatchObject({ faults: [] });
  await run(adas, "leave()");
  await run(bobs, "leave()");
  const { items } = listSchema.parse(await (await bob.fetch(`/v1/rooms/${room}/calls`)).json());
  expect(items).toMatchObject([{ id: call, state: "ended", reason: "left" }]);
}, 120_000);
