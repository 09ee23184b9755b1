import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it, test } from "vitest";
import * as z from "zod";
import { directoryHashesOf } from "../../shared/crypto/identity-hashes";
import { newId } from "../../shared/id";
import { ORIGIN } from "../../test/people";
import { createApp } from "../app";
import { claimIdentity, findIdentityClaim, replaceIdentityClaim } from "./directory";
import { cleanFlows, keepFlow } from "./flows";
import { providerAccess, type SignInEnv } from "./provider-access";

const app = createApp({ log: () => undefined });

async function ask(path: string, init: RequestInit, vars: Partial<SignInEnv>): Promise<Response> {
  const ctx = createExecutionContext();
  const response = await app.fetch(new Request(`${ORIGIN}${path}`, init), { ...env, ...vars }, ctx);
  await waitOnExecutionContext(ctx);
  return response;
}

const configured: SignInEnv = {
  RESIDENCY: "off",
  LOCAL_HOSTS: "127.0.0.1",
  GOOGLE_SIGN_IN_ID: "client",
  GOOGLE_SIGN_IN_BASE: "",
  GOOGLE_SIGN_IN_SECRET: "secret",
  APPLE_SIGN_IN_ID: "client",
  APPLE_SIGN_IN_BASE: "",
  APPLE_TEAM_ID: "team",
  APPLE_KEY_ID: "key",
  APPLE_SIGN_IN_KEY: "pem",
};

describe("a provider", () => {
  it.each([
    ["google", "GOOGLE_SIGN_IN_ID"],
    ["google", "GOOGLE_SIGN_IN_SECRET"],
    ["apple", "APPLE_SIGN_IN_ID"],
    ["apple", "APPLE_TEAM_ID"],
    ["apple", "APPLE_KEY_ID"],
    ["apple", "APPLE_SIGN_IN_KEY"],
  ] as const)("%s is not there without %s", (id, name) => {
    expect(providerAccess(configured, id)).toBeDefined();
    expect(providerAccess({ ...configured, [name]: "" }, id)).toBeUndefined();
  });

  it("that is not set up is not offered, and says so", async () => {
    const vars = { GOOGLE_SIGN_IN_ID: "" };
    const { items } = z
      .object({ items: z.array(z.object({ id: z.string() })) })
      .parse(await (await ask("/v1/sign-in-providers", {}, vars)).json());
    expect(items.map(({ id }) => id)).toEqual(["apple"]);
    const body = JSON.stringify({ challenge: "A".repeat(43), returnTo: "https://app.meridian.test/" });
    const response = await ask(
      "/v1/sessions/providers/google",
      { method: "POST", headers: { "content-type": "application/json" }, body },
      vars,
    );
    expect(await response.json()).toMatchObject({ status: 404, code: "not_found", detail: expect.stringContaining("not set up") });
  });

  it("has a stand-in on the developer's own machine alone", () => {
    const base = { ...configured, GOOGLE_SIGN_IN_BASE: "http://127.0.0.1:9000/" };
    expect(providerAccess(base, "google")).toMatchObject({
      issuer: "http://127.0.0.1:9000",
      tokenUrl: "http://127.0.0.1:9000/token",
      keysUrl: "http://127.0.0.1:9000/oauth2/v3/certs",
      local: true,
    });
    expect(providerAccess({ ...base, RESIDENCY: "on" }, "google")).toBeUndefined();
    expect(providerAccess({ ...base, RESIDENCY: "" }, "google")).toBeUndefined();
    expect(providerAccess({ ...base, LOCAL_HOSTS: "" }, "google")).toBeUndefined();
    expect(providerAccess({ ...base, GOOGLE_SIGN_IN_BASE: "https://evil.test" }, "google")).toBeUndefined();
    expect(providerAccess({ ...base, GOOGLE_SIGN_IN_BASE: "not a URL" }, "google")).toBeUndefined();
  });
});

describe("an identity in the directory", () => {
  const key = () => btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(32))));
  const ring = (current: string, keys: Record<string, string>) => ({ email: { current, keys }, vendor: { current, keys } });
  const identity = () => ({ issuer: "https://accounts.google.com", subject: crypto.randomUUID() });
  const claimant = (now: number) => ({ provider: "google", person: newId("person", "eu", now), now }) as const;

  it("is found under an older key, and moves to the present one", async () => {
    const [old, present] = [key(), key()];
    const who = identity();
    const mine = claimant(1);
    await claimIdentity(env.DIRECTORY, await directoryHashesOf(ring("1", { 1: old }), who), mine);
    const both = await directoryHashesOf(ring("2", { 1: old, 2: present }), who);
    expect(await claimIdentity(env.DIRECTORY, both, claimant(2))).toEqual({ person: mine.person, claimedAt: 1 });
    expect(await findIdentityClaim(env.DIRECTORY, both)).toEqual({ person: mine.person, claimedAt: 1 });
    const alone = await directoryHashesOf(ring("2", { 2: present }), who);
    expect(await findIdentityClaim(env.DIRECTORY, alone)).toEqual({ person: mine.person, claimedAt: 1 });
  });

  it("is claimed by one of many at once, and replaced only while it is as it was found", async () => {
    const who = identity();
    const hashes = await directoryHashesOf(ring("1", { 1: key() }), who);
    const claims = await Promise.all(Array.from({ length: 8 }, (_, n) => claimIdentity(env.DIRECTORY, hashes, claimant(n + 1))));
    expect(new Set(claims.map(({ person }) => person)).size).toBe(1);
    const [found] = claims;
    if (found === undefined) throw new TypeError("nobody claimed it");
    const next = { person: newId("person", "us", 9), now: 9 };
    expect(await replaceIdentityClaim(env.DIRECTORY, hashes, { ...found, claimedAt: 0 }, next)).toBe(false);
    expect(await replaceIdentityClaim(env.DIRECTORY, hashes, found, next)).toBe(true);
    expect(await findIdentityClaim(env.DIRECTORY, hashes)).toEqual({ person: next.person, claimedAt: 9 });
  });

  it("does not depend on where issuer and subject meet", async () => {
    const keys = ring("1", { 1: key() });
    const [one] = await directoryHashesOf(keys, { issuer: "https://a.test", subject: "bc" });
    const [other] = await directoryHashesOf(keys, { issuer: "https://a.testb", subject: "c" });
    expect(one.hash).not.toBe(other.hash);
  });
});

test("flows that nobody ended are cleared away, and no others", async () => {
  const now = Date.now();
  const ports = {
    now: () => now,
    random: (bytes: Uint8Array<ArrayBuffer>) => crypto.getRandomValues(bytes),
    directory: { records: env.DIRECTORY, keys: { email: { current: "1", keys: {} }, vendor: { current: "1", keys: {} } } },
  };
  const person = newId("person", "eu", now);
  const flow = { provider: "google", purpose: "link", challenge: "c", returnTo: "https://app.meridian.test/", person } as const;
  await keepFlow(ports, { ...flow, lifeMs: -1 });
  await keepFlow(ports, { ...flow, lifeMs: 60_000 });
  expect(await cleanFlows(env.DIRECTORY, now)).toBeGreaterThan(0);
  const { results } = await env.DIRECTORY.prepare("select 1 from sign_in_flows where person_id = ?").bind(person).all();
  expect(results).toHaveLength(1);
});
