import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Simulator, startSimulator } from "../simulator/simulator.ts";
import { type RunningBrowser, startBrowser } from "./browser.ts";
import { CANARY, NAME_CANARY } from "./canaries.ts";
import { Meridian } from "./harness.ts";
import { freePort, HOST } from "./ports.ts";

/** A newcomer connects a vendor in a browser, from the page that `npm start` names, and sees data arrive. */
let meridian: Meridian;
let simulator: Simulator;
let running: RunningBrowser;
let page: Page;
const faults: string[] = [];

const PATIENCE = { timeout: 60_000 };

beforeAll(async () => {
  const port = await freePort();
  const person = { email: `${crypto.randomUUID()}.${CANARY}@people.test`, password: `vq-${CANARY}-${crypto.randomUUID()}` };
  running = await startBrowser();
  simulator = await startSimulator({ port: 0, workbench: { meridian: `http://${HOST}:${port}`, ...person } });
  meridian = await Meridian.start(Number(new URL(simulator.url).port), { port, vars: { CORS_ORIGINS: simulator.url } });
  const account = { ...person, name: `Ada ${NAME_CANARY}`, region: "eu", timeZone: "Europe/Berlin" };
  const headers = { "content-type": "application/json" };
  const made = await fetch(`${meridian.origin}/v1/accounts`, { method: "POST", headers, body: JSON.stringify(account) });
  expect(made.status).toBe(201);
  page = await running.browser.newPage();
  page.on("pageerror", ({ message }) => faults.push(message));
  await page.goto(simulator.url);
});

afterAll(async () => {
  await running?.close();
  await simulator?.close();
  await meridian?.dispose();
});

const stateOf = (vendor: string) => page.locator(`[data-vendor="${vendor}"] .state`);

test("a refusal on the vendor's page is told, and connects nothing", async () => {
  await page.getByRole("button", { name: "Connect Oura" }).click(PATIENCE);
  await page.getByRole("button", { name: "Deny" }).click(PATIENCE);
  await page.getByRole("alert").filter({ hasText: "Nothing was connected: refused" }).waitFor(PATIENCE);
  expect(await stateOf("oura").textContent(PATIENCE)).toBe("");
});

test("consent on the vendor's page connects, what was measured arrives, and so does what is measured now", async () => {
  await page.getByRole("button", { name: "Connect Oura" }).click(PATIENCE);
  await page.getByRole("button", { name: "Allow" }).click(PATIENCE);
  await stateOf("oura").filter({ hasText: "active" }).waitFor(PATIENCE);
  await page.locator("#arrivals tr").first().waitFor(PATIENCE);
  await meridian.tick();
  await page.getByRole("button", { name: "A new workout at Oura" }).click(PATIENCE);
  await page.locator("#arrivals tr").filter({ hasText: "workout" }).first().waitFor(PATIENCE);
  expect(await page.getByRole("alert").textContent()).toBe("");
  expect(faults).toEqual([]);
});
