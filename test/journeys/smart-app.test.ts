import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import { build } from "esbuild";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import { type RunningBrowser, startBrowser } from "./browser.ts";
import { Meridian } from "./harness.ts";
import { freePort, HOST } from "./ports.ts";

/** Apps of patients, built on clients of others, are launched in Chromium: by themselves, and from here; their person decides by the keyboard. */
let meridian: Meridian;
let running: RunningBrowser;
let server: Server;
let page: Page;
let app: string;
let appOrigin: string;
let base: string;
let token: string;
const email = `${crypto.randomUUID()}@people.test`;
const password = `vq-${crypto.randomUUID()}`;

const tokensSchema = z.looseObject({ scope: z.string(), patient: z.string(), claims: z.looseObject({ fhirUser: z.string() }).optional() });
const answerSchema = z.object({ status: z.number(), body: z.looseObject({}) });
const readySchema = z.object({ patient: z.string(), read: z.string(), user: z.string(), scope: z.string() });

async function post(path: string, body: unknown, bearer?: string): Promise<Record<string, unknown>> {
  const response = await fetch(`${meridian.origin}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }) },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  expect(response.status, text).toBe(201);
  return z.record(z.string(), z.unknown()).parse(JSON.parse(text));
}

beforeAll(async () => {
  const port = await freePort();
  appOrigin = `http://localhost:${port}`;
  // Alone: while a packaged browser is unpacked, the folder for temporary files is another.
  running = await startBrowser();
  const [bundle, started] = await Promise.all([
    build({ entryPoints: ["test/journeys/smart-page.ts"], bundle: true, write: false, format: "iife", platform: "browser" }),
    Meridian.start(),
  ]);
  meridian = started;
  base = `${meridian.origin}/fhir/r4`;
  const html = `<!doctype html><title>App</title><script>${bundle.outputFiles[0]?.text.replaceAll("</script", "<\\/script") ?? ""}</script>`;
  const bundled = readFileSync(join(import.meta.dirname, "../../node_modules/fhirclient/build/fhir-client.min.js"));
  const other = `<!doctype html><title>Other app</title><script src="/fhir-client.js"></script>`;
  server = createServer(({ url = "" }, response) => {
    if (url === "/fhir-client.js") response.setHeader("content-type", "text/javascript").end(bundled);
    else response.setHeader("content-type", "text/html").end(url.startsWith("/other") ? other : html);
  }).listen(port, HOST);
  await once(server, "listening");
  page = await (await running.browser.newContext()).newPage();
  const account = await post("/v1/accounts", { email, password, name: "Ada King", region: "eu", timeZone: "Europe/Berlin" });
  token = z.looseObject({ accessToken: z.string() }).parse(account["tokens"]).accessToken;
  const person = z.looseObject({ id: z.string() }).parse(account["person"]).id;
  await post(
    "/fhir/r4/Observation",
    {
      resourceType: "Observation",
      status: "final",
      category: [{ coding: [{ system: "http://terminology.hl7.org/CodeSystem/observation-category", code: "survey" }] }],
      code: { text: "Mood" },
      subject: { reference: `Patient/${person.replaceAll("_", "-")}` },
      effectiveDateTime: "2026-11-20",
      valueString: "Good",
    },
    token,
  );
  const registered = await post("/oauth/register", {
    client_name: "Heart diary",
    redirect_uris: [`${appOrigin}/`],
    initiate_login_uri: `${appOrigin}/launch`,
  });
  app = z.string().parse(registered["client_id"]);
});

afterAll(async () => {
  await running?.close();
  server?.close();
  await meridian?.dispose();
});

const call = async (name: string, ...given: string[]): Promise<unknown> =>
  await page.evaluate(`smart.${name}(${given.map((text) => JSON.stringify(text)).join(", ")})`);
const read = async (path: string) => answerSchema.parse(await call("read", base, path));

async function begin(scope: string, ...launch: string[]): Promise<void> {
  const away = page.waitForURL((url) => url.origin === meridian.origin);
  await call("begin", base, app, scope, ...launch).catch(() => undefined);
  await away;
}

async function back(): Promise<z.output<typeof tokensSchema>> {
  await page.waitForURL((url) => url.origin === appOrigin && url.searchParams.has("code"));
  return tokensSchema.parse(await call("finish"));
}

const PAGE_FAULTS = readFileSync(join(import.meta.dirname, "page-faults.js"), "utf8");

/** What WCAG 2.2 asks of a page of forms, as far as a program can tell. */
async function faultsOf(scheme: "light" | "dark"): Promise<string[]> {
  await page.emulateMedia({ colorScheme: scheme });
  return z.array(z.string()).parse(await page.evaluate(PAGE_FAULTS));
}

/** Moves on by the keyboard until an element has the focus, which must be seen. */
async function tabTo(what: string): Promise<void> {
  for (let step = 0; step < 40; step++) {
    const is = await page.evaluate(`document.activeElement.matches(${JSON.stringify(what)})`);
    if (is === true) {
      expect(await page.evaluate("getComputedStyle(document.activeElement).outlineStyle")).not.toBe("none");
      return;
    }
    await page.keyboard.press("Tab");
  }
  throw new Error(`the keyboard does not reach ${what}`);
}

describe("an app in a browser", () => {
  test("is launched by itself, gets what its person leaves, refreshes, and is sent away", { timeout: 60_000 }, async () => {
    await page.goto(appOrigin);
    await begin("openid fhirUser offline_access launch/patient patient/Patient.r patient/Observation.rs patient/Condition.rs");
    expect([...(await faultsOf("light")), ...(await faultsOf("dark"))], "signing in").toEqual([]);
    await tabTo("input[name=email]");
    await page.keyboard.type(email);
    await tabTo("input[name=password]");
    await page.keyboard.type(password);
    await page.keyboard.press("Enter");
    await page.waitForSelector("input[name=scope]");
    expect([...(await faultsOf("light")), ...(await faultsOf("dark"))], "deciding").toEqual([]);
    expect(await page.getByRole("group", { name: "Heart diary" }).count()).toBe(1);
    expect(await page.getByRole("checkbox").count()).toBe(7);
    await tabTo("input[value='patient/Condition.rs']");
    await page.keyboard.press("Space");
    expect(await page.isChecked("input[value='patient/Condition.rs']")).toBe(false);
    await tabTo("button[value=allow]");
    await page.keyboard.press("Enter");

    const tokens = await back();
    expect(tokens.scope.split(" ")).not.toContain("patient/Condition.rs");
    expect(tokens.claims?.fhirUser).toBe(`${base}/Patient/${tokens.patient}`);
    expect(await read(`Patient/${tokens.patient}`)).toMatchObject({ status: 200, body: { resourceType: "Patient", id: tokens.patient } });
    expect(await read("Observation?category=survey")).toMatchObject({
      status: 200,
      body: { entry: [{ resource: { code: { text: "Mood" } } }] },
    });
    expect((await read("Condition")).status).toBe(403);
    await call("refresh");
    expect((await read("Observation?category=survey")).status).toBe(200);

    const own = await page.context().newPage();
    await own.goto(`${meridian.origin}/oauth/apps`);
    await own.getByRole("button", { name: /Heart diary/ }).click();
    await own.waitForLoadState();
    expect(await own.getByRole("button", { name: /Heart diary/ }).count()).toBe(0);
    await own.close();
    expect((await read("Observation")).status).toBe(401);
    await expect(call("refresh")).rejects.toThrow(/./);
  });

  test("is launched from here with the handle that it is given", { timeout: 60_000 }, async () => {
    const { url } = z.looseObject({ url: z.string() }).parse(await post(`/v1/me/apps/${app}/launches`, {}, token));
    const launch = new URL(url);
    expect([launch.origin, launch.pathname, launch.searchParams.get("iss")]).toEqual([appOrigin, "/launch", base]);
    await page.goto(url);
    await begin("launch patient/Patient.rs", launch.searchParams.get("launch") ?? "");
    await page.click("button[value=allow]");
    const tokens = await back();
    expect(tokens).toMatchObject({ need_patient_banner: false, fhirContext: [{ reference: `Patient/${tokens.patient}` }] });
    expect((await read(`Patient/${tokens.patient}`)).status).toBe(200);
  });

  test("that is built on fhirclient is launched by itself and from here, reads, and refreshes", { timeout: 60_000 }, async () => {
    const registered = await post("/oauth/register", {
      client_name: "Other diary",
      redirect_uris: [`${appOrigin}/other`],
      initiate_login_uri: `${appOrigin}/other-launch`,
    });
    const clientId = z.string().parse(registered["client_id"]);
    const own = await (await running.browser.newContext()).newPage();
    const authorize = async (more: Record<string, string>) => {
      const away = own.waitForURL((url) => url.origin === meridian.origin);
      const options = JSON.stringify({ clientId, redirectUri: `${appOrigin}/other`, ...more });
      await own.evaluate(`void FHIR.oauth2.authorize(${options})`);
      await away;
    };
    const ready = async () => {
      await own.waitForURL((url) => url.origin === appOrigin && url.searchParams.has("code"));
      return readySchema.parse(
        await own.evaluate(`FHIR.oauth2.ready().then(async (client) => {
          globalThis.client = client;
          const [patient, user] = await Promise.all([client.patient.read(), client.user.read()]);
          return { patient: client.patient.id, read: patient.id, user: user.id, scope: client.state.tokenResponse.scope };
        })`),
      );
    };

    await own.goto(`${appOrigin}/other`);
    await authorize({ iss: base, scope: "openid fhirUser offline_access launch/patient patient/Patient.r patient/Observation.rs" });
    await own.getByLabel("E-mail").fill(email);
    await own.getByLabel("Password").fill(password);
    await own.getByRole("button", { name: "Continue" }).click();
    await own.getByRole("button", { name: "Allow", exact: true }).click();
    const { patient, read: shown, user } = await ready();
    expect([shown, user]).toEqual([patient, patient]);
    const moods = `client.request("Observation?category=survey", { flat: true }).then((all) => all.map(({ code }) => code.text))`;
    expect(await own.evaluate(moods)).toEqual(["Mood"]);
    expect(await own.evaluate(`client.request("Condition").catch(({ statusCode }) => statusCode)`)).toBe(403);
    expect(await own.evaluate(`client.refresh().then((state) => state.tokenResponse.scope)`)).toContain("patient/Observation.rs");
    expect(await own.evaluate(moods)).toEqual(["Mood"]);

    const { url } = z.looseObject({ url: z.string() }).parse(await post(`/v1/me/apps/${clientId}/launches`, {}, token));
    await own.goto(url);
    // It reads `iss` and `launch` from the address by itself.
    await authorize({ scope: "launch openid fhirUser patient/Patient.r patient/Observation.rs" });
    await own.getByRole("button", { name: "Allow", exact: true }).click();
    expect((await ready()).patient).toBe(patient);
    expect(await own.evaluate(moods)).toEqual(["Mood"]);
    await own.context().close();
  });
});
