import { createHash, generateKeyPairSync, randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import type { ProviderId } from "../../workers/identities/providers.ts";
import { Meridian } from "./harness.ts";
import { addressOf, IdentityProvider } from "./identity-provider.ts";
import { Client } from "./person.ts";
import { freePort, HOST } from "./ports.ts";
import { UserAgent } from "./user-agent.ts";

/** Somebody else's OpenID provider stands where Google and Apple stand; a browser without scripts walks through it. */
const APP = "http://localhost:5199/signed-in";
let meridian: Meridian;
let providers: Readonly<Record<ProviderId, IdentityProvider>>;
/** Codes and secrets that were met on the way, to be looked for at the end. */
const met: Record<string, string> = { "the secret of a provider": "secret-of-the-journey" };

beforeAll(async () => {
  const port = await freePort();
  const redirectUri = (id: ProviderId) => `http://${HOST}:${port}/v1/sign-in-providers/${id}/callback`;
  const keys = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const signer = { team: "TEAM123456", keyId: "KEY1234567", key: keys.publicKey.export({ format: "jwk" }) };
  const google = await IdentityProvider.start("google", () => ({
    id: "journey-google",
    secret: "secret-of-the-journey",
    redirectUri: redirectUri("google"),
  }));
  const apple = await IdentityProvider.start("apple", () => ({ id: "journey.apple", signer, redirectUri: redirectUri("apple") }));
  providers = { google, apple };
  const vars = {
    CORS_ORIGINS: "http://localhost:5199",
    GOOGLE_SIGN_IN_ID: "journey-google",
    GOOGLE_SIGN_IN_SECRET: "secret-of-the-journey",
    GOOGLE_SIGN_IN_BASE: google.origin,
    APPLE_SIGN_IN_ID: "journey.apple",
    APPLE_SIGN_IN_BASE: apple.origin,
    APPLE_TEAM_ID: signer.team,
    APPLE_KEY_ID: signer.keyId,
    APPLE_SIGN_IN_KEY: keys.privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
  meridian = await Meridian.start(undefined, { vars, port });
});

afterAll(async () => {
  for (const provider of Object.values(providers ?? {})) provider.close();
  await meridian?.dispose(met);
});

const begun = z.object({ authorizeUrl: z.string() });
const needed = z.object({ registration: z.object({ token: z.string(), name: z.string(), email: z.string() }) });
const signedIn = z.object({
  person: z.object({ id: z.string(), name: z.string(), region: z.string() }),
  tokens: z.object({ accessToken: z.string() }),
});

async function post(path: string, body: unknown, token?: string): Promise<{ readonly status: number; readonly body: unknown }> {
  const headers: Record<string, string> = { "content-type": "application/json" };
  if (token !== undefined) headers["authorization"] = `Bearer ${token}`;
  const response = await fetch(`${meridian.origin}${path}`, { method: "POST", headers, body: JSON.stringify(body) });
  return { status: response.status, body: await response.json() };
}

/** Begins at a path, walks through the provider as `login`, and completes at another path. */
async function through(id: ProviderId, login: string, from: string, to: string, token?: string) {
  const verifier = randomBytes(32).toString("base64url");
  const challenge = createHash("sha256").update(verifier).digest("base64url");
  const { status, body } = await post(from, { challenge, returnTo: APP }, token);
  expect([status, body]).toEqual([201, expect.anything()]);
  const landed = await new UserAgent().walk(begun.parse(body).authorizeUrl, login, APP);
  expect([...landed.searchParams.keys()]).toEqual(["provider", "handoff"]);
  expect(landed.searchParams.get("provider")).toBe(id);
  met[`a handoff of ${login} to ${to}`] = landed.searchParams.get("handoff") ?? "";
  met[`a verifier of ${login} to ${to}`] = verifier;
  return await post(to, { handoff: landed.searchParams.get("handoff"), verifier }, token);
}

const signIn = async (id: ProviderId, login: string) => await through(id, login, `/v1/sessions/providers/${id}`, "/v1/sessions/providers");

describe("a provider that is not ours", () => {
  test.each([
    ["google", "eu", "Journey ada"],
    ["apple", "us", "Ada Lovelace"],
  ] as const)("%s brings somebody new to %s as %s, and knows them again", async (id, region, name) => {
    const login = "ada" + (id === "apple" ? "-a" : "");
    const first = await signIn(id, login);
    expect(first.status).toBe(200);
    const { registration } = needed.parse(first.body);
    expect(registration.email).toBe(addressOf(login));
    if (id === "apple") expect(registration.name).toBe(name);
    const registered = await post("/v1/accounts/providers", { registration: registration.token, region, timeZone: "Europe/Vienna" });
    expect(registered.status).toBe(201);
    const { person } = signedIn.parse(registered.body);
    expect(person).toMatchObject({ name, region });
    const again = await signIn(id, login);
    expect(again.status).toBe(201);
    expect(signedIn.parse(again.body).person.id).toBe(person.id);
  });

  test("is linked by somebody with a password, proves them anew, and is unlinked", async () => {
    const owner = await Client.register(meridian, "ap");
    const linked = await through("google", "grace", "/v1/me/identities/google", "/v1/me/identities", owner.accessToken);
    expect(linked).toMatchObject({ status: 201, body: { provider: "google", label: addressOf("grace") } });
    const { body } = await signIn("google", "grace");
    const session = signedIn.parse(body);
    expect(session.person.id).toBe(owner.id);

    const begin = "/v1/sessions/step-up/providers/google";
    const proven = await through("google", "grace", begin, "/v1/sessions/step-up/providers", session.tokens.accessToken);
    expect(proven.status).toBe(200);
    const { accessToken } = z.object({ accessToken: z.string() }).parse(proven.body);
    const headers = { authorization: `Bearer ${accessToken}` };
    expect((await fetch(`${meridian.origin}/v1/me/identities/google`, { method: "DELETE", headers })).status).toBe(204);
    expect((await signIn("google", "grace")).status).toBe(200);
  });
});
