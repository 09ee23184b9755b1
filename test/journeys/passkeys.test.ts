import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import { build } from "esbuild";
import type { CDPSession, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import { type RunningBrowser, startBrowser } from "./browser.ts";
import { Meridian } from "./harness.ts";
import { Client } from "./person.ts";
import { freePort, HOST } from "./ports.ts";

const PAGE_FAULTS = readFileSync(join(import.meta.dirname, "page-faults.js"), "utf8");

/** A web app on an origin of its own uses passkeys with @simplewebauthn/browser in Chromium, whose authenticators are virtual. */
let meridian: Meridian;
let running: RunningBrowser;
let server: Server;
let page: Page;
let devtools: CDPSession;
let owner: Client;

const answerSchema = z.object({ status: z.number(), body: z.looseObject({}) });
const passkeySchema = z.object({ id: z.string(), name: z.string() });
const listSchema = z.object({ items: z.array(z.looseObject({ id: z.string(), name: z.string(), lastUsedAt: z.string().nullable() })) });

beforeAll(async () => {
  const [port, own] = [await freePort(), await freePort()];
  // Browsers bind passkeys to names, and to no address but this one of the machine itself.
  const origin = `http://localhost:${port}`;
  // Alone: while a packaged browser is unpacked, the folder for temporary files is another.
  const browser = await startBrowser();
  running = browser;
  const [bundle, started] = await Promise.all([
    build({ entryPoints: ["test/journeys/passkey-page.ts"], bundle: true, write: false, format: "iife", platform: "browser" }),
    // Its own pages are looked at by that name too.
    Meridian.start(undefined, { port: own, vars: { CORS_ORIGINS: `${origin} http://localhost:${own}` } }),
  ]);
  meridian = started;
  const html = `<!doctype html><title>App</title><script>${bundle.outputFiles[0]?.text ?? ""}</script>`;
  server = createServer((_request, response) => response.setHeader("content-type", "text/html").end(html)).listen(port, HOST);
  await once(server, "listening");
  page = await browser.browser.newPage();
  await page.goto(origin);
  devtools = await page.context().newCDPSession(page);
  await devtools.send("WebAuthn.enable");
  owner = await Client.register(meridian);
});

afterAll(async () => {
  await running?.close();
  server?.close();
  await meridian?.dispose();
});

/** Attaches an authenticator that knows its owner and verifies them. */
async function attach(): Promise<string> {
  const { authenticatorId } = await devtools.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  return authenticatorId;
}

/** Takes an authenticator away; returns its passkeys. */
async function detach(authenticatorId: string) {
  const { credentials } = await devtools.send("WebAuthn.getCredentials", { authenticatorId });
  await devtools.send("WebAuthn.removeVirtualAuthenticator", { authenticatorId });
  return credentials;
}

const run = async (name: "add" | "signIn", ...given: string[]): Promise<unknown> =>
  await page.evaluate(`passkeys.${name}(${[meridian.origin, ...given].map((text) => JSON.stringify(text)).join(", ")})`);
const add = async (name: string) => answerSchema.parse(await run("add", owner.accessToken, name));
const signIn = async () => answerSchema.parse(await run("signIn"));
const list = async () => (await owner.get("/v1/me/passkeys", listSchema)).items;

describe("passkeys in a browser", () => {
  test("are added, sign in, are named anew and removed, and one that was removed signs nobody in", async () => {
    const telephone = await attach();
    const first = await add("Telephone");
    expect(first.status).toBe(201);
    const { id } = passkeySchema.parse(first.body);
    // The authenticator itself refuses to hold two for one account.
    expect(await run("add", owner.accessToken, "Again")).toEqual({ refusedBy: "InvalidStateError" });

    const signedIn = await signIn();
    expect(signedIn).toMatchObject({ status: 201, body: { person: { id: owner.id } } });
    const { tokens } = z.object({ tokens: z.object({ accessToken: z.string() }) }).parse(signedIn.body);
    expect(JSON.parse(Buffer.from(tokens.accessToken.split(".")[1] ?? "", "base64url").toString())).toMatchObject({
      acr: "aal2",
      amr: ["hwk", "user"],
    });

    const [kept] = await detach(telephone);
    const key = await attach();
    const second = await add("Key");
    expect(second.status).toBe(201);
    expect((await list()).map(({ name }) => name)).toEqual(["Telephone", "Key"]);
    expect(await signIn()).toMatchObject({ status: 201, body: { person: { id: owner.id } } });
    expect((await list()).every(({ lastUsedAt }) => lastUsedAt !== null)).toBe(true);

    const renamed = await owner.call("PATCH", `/v1/me/passkeys/${id}`, { name: "Old telephone" });
    expect(renamed).toMatchObject({ status: 200, body: { name: "Old telephone" } });
    expect((await owner.call("DELETE", `/v1/me/passkeys/${id}`)).status).toBe(204);
    expect((await list()).map(({ name }) => name)).toEqual(["Key"]);

    await detach(key);
    const again = await attach();
    if (kept === undefined) throw new TypeError("the authenticator kept no passkey");
    await devtools.send("WebAuthn.addCredential", { authenticatorId: again, credential: kept });
    expect(await signIn()).toMatchObject({ status: 401, body: { code: "invalid_credentials" } });
    await detach(again);
  });

  test("sign in on the page where apps are let in, and the password does where there is none", { timeout: 60_000 }, async () => {
    const registered = await fetch(`${meridian.origin}/oauth/register`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ client_name: "Heart diary", redirect_uris: [`${new URL(page.url()).origin}/`] }),
    });
    const { client_id: client } = z.looseObject({ client_id: z.string() }).parse(await registered.json());
    const asked = new URL(`http://localhost:${meridian.port}/oauth/authorize`);
    for (const [name, value] of Object.entries({
      response_type: "code",
      client_id: client,
      redirect_uri: `${new URL(page.url()).origin}/`,
      scope: "launch/patient patient/Patient.r",
      state: "mine",
      aud: `${meridian.origin}/fhir/r4`,
      code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
      code_challenge_method: "S256",
    }))
      asked.searchParams.set(name, value);

    const authenticator = await attach();
    expect((await add("For the page")).status).toBe(201);
    await page.goto(asked.href);
    const faults = z.array(z.string()).parse(await page.evaluate(PAGE_FAULTS));
    expect(faults).toEqual([]);
    await page.getByRole("button", { name: "Sign in with a passkey" }).press("Enter");
    await page.waitForSelector("input[name=scope]");
    await page.getByRole("button", { name: "Allow", exact: true }).click();
    await page.waitForURL((url) => url.searchParams.has("code"));
    expect(new URL(page.url()).searchParams.get("state")).toBe("mine");

    // Without a passkey the page says so, and goes on by the password.
    await devtools.send("WebAuthn.clearCredentials", { authenticatorId: authenticator });
    asked.searchParams.set("prompt", "login");
    await page.goto(asked.href);
    await page.getByRole("button", { name: "Sign in with a passkey" }).click();
    await page.getByRole("alert").filter({ hasText: "No passkey was used" }).waitFor();
    await page.getByLabel("E-mail").fill(owner.email);
    await page.getByLabel("Password").fill(owner.password);
    await page.getByRole("button", { name: "Continue" }).click();
    await page.waitForSelector("input[name=scope]");
  });
});
