import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { CDPSession, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as z from "zod";
import { standInBases, standInCredentials } from "../notifications/accounts.ts";
import { ProviderStandIn } from "../notifications/stand-in.ts";
import { type RunningBrowser, startBrowser } from "./browser.ts";
import { Meridian } from "./harness.ts";
import { Client } from "./person.ts";
import { freePort, HOST } from "./ports.ts";
import { until } from "./until.ts";

/** A web page in Chromium is told by socket and by Web Push. There is no push service offline: a stand-in takes the messages, and hands them to the browser. */
let meridian: Meridian;
let running: RunningBrowser;
let server: Server;
let page: Page;
let devtools: CDPSession;
let origin: string;
let standIn: ProviderStandIn;
let registration = "";

const subscriptions = z.object({ applicationServerKey: z.string() });
const consentSchema = z.object({ id: z.string() });

beforeAll(async () => {
  const [appPort, pushPort] = [await freePort(), await freePort()];
  origin = `http://localhost:${appPort}`;
  const credentials = JSON.stringify(await standInCredentials());
  const base = `http://${HOST}:${pushPort}`;
  standIn = new ProviderStandIn(base, credentials);
  const files: Readonly<Record<string, readonly [string, string]>> = {
    "/": ["text/html", `<!doctype html><title>App</title><script src="/page.js"></script>`],
    "/page.js": ["text/javascript", readFileSync("test/journeys/push-page.js", "utf8")],
    "/worker.js": ["text/javascript", readFileSync("test/journeys/push-worker.js", "utf8")],
  };
  const pages = createServer((request, response) => {
    const [type, text] = files[request.url ?? ""] ?? ["text/plain", ""];
    response.setHeader("content-type", type).end(text);
  }).listen(appPort, HOST);
  server = createServer((request, response) => {
    void answer(request).then(async (reply) => response.writeHead(reply.status).end(await reply.text()));
  }).listen(pushPort, HOST);
  await Promise.all([once(pages, "listening"), once(server, "listening")]);
  server.once("close", () => pages.close());
  const browser = await startBrowser();
  running = browser;
  meridian = await Meridian.start(undefined, {
    vars: { CORS_ORIGINS: origin, NOTIFICATION_CREDENTIALS: credentials, NOTIFICATION_BASES: standInBases(base) },
  });
  const context = await browser.browser.newContext();
  await context.grantPermissions(["notifications"], { origin });
  page = await context.newPage();
  await page.goto(origin);
  devtools = await context.newCDPSession(page);
  devtools.on("ServiceWorker.workerRegistrationUpdated", ({ registrations }) => {
    registration = registrations.find(({ scopeURL }) => scopeURL === `${origin}/`)?.registrationId ?? registration;
  });
  await devtools.send("ServiceWorker.enable");
});

afterAll(async () => {
  await running?.close();
  server?.close();
  await meridian?.dispose();
});

async function answer(request: IncomingMessage): Promise<Response> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const headers = Object.entries(request.headers).flatMap(([name, value]): [string, string][] =>
    typeof value === "string" ? [[name, value]] : [],
  );
  return await standIn.answer(
    new Request(`http://${request.headers.host}${request.url}`, { method: request.method ?? "POST", headers, body: Buffer.concat(chunks) }),
  );
}

test("a page hears of what concerns its person at once, and its service worker shows what only this browser can open", async () => {
  const [ada, ben] = [await Client.register(meridian), await Client.register(meridian)];
  await page.evaluate(`app.listen(${JSON.stringify(meridian.origin)}, ${JSON.stringify(ada.accessToken)})`);
  await page.evaluate("app.install()");
  const { applicationServerKey } = subscriptions.parse((await ada.call("GET", "/v1/me/push-subscriptions")).body);
  const keys = await page.evaluate("app.keys()");
  const endpoint = standIn.park("chromium", applicationServerKey);
  expect(await ada.call("POST", "/v1/me/push-subscriptions", { endpoint, keys, label: "Chromium" })).toMatchObject({ status: 201 });
  expect(await ada.call("PATCH", "/v1/me/notification-preferences", { modes: { consent: { push: "now" } } })).toMatchObject({
    status: 200,
  });

  const consent = { grantee: { kind: "person", id: ben.id }, role: "user", categories: ["vitals"], actions: ["read"], purpose: "personal" };
  const given = await ada.call("POST", "/v1/me/consents", consent);
  expect(consentSchema.parse(given.body).id).toMatch(/^cns_/);

  await until(async () => ((await page.evaluate("app.heard")) as { type: string }[]).some(({ type }) => type === "notification"), 30_000);
  expect(await page.evaluate("app.heard")).toContainEqual(
    expect.objectContaining({ type: "notification", kind: "consent", title: "Consent changed", unread: 1 }),
  );
  await until(() => standIn.of("web_push", "chromium").length > 0, 30_000);
  const closed = String(standIn.of("web_push", "chromium")[0]?.body["closed"]);
  expect([standIn.faults, Buffer.from(closed, "base64url").toString("latin1").includes("Consent")]).toEqual([[], false]);
  const data = String(await page.evaluate(`app.open(${JSON.stringify(closed)})`));
  expect(JSON.parse(data)).toMatchObject({ type: "consent", title: "Consent changed", unread: 1 });

  await until(() => registration !== "", 10_000);
  for (let turn = 0; turn < 2; turn++)
    await devtools.send("ServiceWorker.deliverPushMessage", { origin: `${origin}/`, registrationId: registration, data });
  await until(async () => ((await page.evaluate("app.shown()")) as unknown[]).length > 0, 10_000);
  const { notification } = JSON.parse(data) as { notification: string };
  expect(await page.evaluate("app.shown()")).toEqual([
    { title: "Consent changed", body: "A consent was given, changed or taken back.", tag: notification },
  ]);
});
