import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { decodeJwt, decodeProtectedHeader, importPKCS8, jwtVerify } from "jose";
import * as z from "zod";
import { fetchApp, freshEmail, registerPerson, send } from "../../test/people";
import { agree, beginAt, bringBack, landing, newVerifier, RETURN } from "../../test/provider-client";
import { answerProviders, type AtProvider, FakeProvider } from "../../test/vendors/fake-provider";
import { regional } from "../regional";

let google: FakeProvider;
let apple: FakeProvider;
beforeEach(() => {
  google = new FakeProvider("google");
  apple = new FakeProvider("apple");
  answerProviders([google, apple]);
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const signedInSchema = z.object({
  person: z.object({ id: z.string(), name: z.string(), region: z.enum(["eu", "us", "ap"]) }),
  tokens: z.object({ accessToken: z.string(), refreshToken: z.string() }),
});
const neededSchema = z.object({
  registration: z.object({ token: z.string(), expiresIn: z.literal(900), name: z.string().nullable(), email: z.string() }),
});

const codeOf = async (response: Response) => z.object({ code: z.string() }).parse(await response.json()).code;
const later = (ms: number) => vi.useFakeTimers({ now: Date.now() + ms, toFake: ["Date"] });
const newcomer = (more: Partial<AtProvider> = {}): AtProvider => ({
  sub: `sub-${crypto.randomUUID()}`,
  email: freshEmail(),
  email_verified: true,
  name: "Grace Example",
  ...more,
});
const begin = async (fake: FakeProvider) => await beginAt(`/v1/sessions/providers/${fake.id}`);
const trade = async (handoff: string, verifier: string) => await send("POST", "/v1/sessions/providers", { handoff, verifier });

/** From the first call to the answer of the exchange. */
async function signIn(fake: FakeProvider, who: AtProvider, more: Record<string, string> = {}): Promise<Response> {
  const flow = await begin(fake);
  return await trade(await agree(fake, flow, who, more), flow.verifier);
}

async function register(fake: FakeProvider, who: AtProvider, body: Record<string, unknown> = { region: "eu" }) {
  const needed = await signIn(fake, who);
  expect(needed.status).toBe(200);
  const { registration } = neededSchema.parse(await needed.json());
  const response = await send("POST", "/v1/accounts/providers", { registration: registration.token, ...body });
  expect(response.status).toBe(201);
  return signedInSchema.parse(await response.json());
}

describe("somebody new", () => {
  it.each([
    ["google", "eu"],
    ["google", "us"],
    ["apple", "ap"],
  ] as const)("signs in with %s, chooses %s, and is known from then on", async (id, region) => {
    const fake = id === "google" ? google : apple;
    const who = newcomer();
    const first = await register(fake, who, { region, timeZone: "Europe/Vienna", locale: "de-at" });
    expect(first.person).toMatchObject({ name: "Grace Example", region });
    expect(first.person.id).toMatch(new RegExp(`^per_${region}_`));
    const me = await fetchApp("/v1/me", { headers: { authorization: `Bearer ${first.tokens.accessToken}` } });
    expect(await me.json()).toMatchObject({ id: first.person.id, timeZone: "Europe/Vienna", locale: "de-AT" });

    const again = await signIn(fake, { ...who, email: freshEmail() });
    expect(again.status).toBe(201);
    expect(signedInSchema.parse(await again.json()).person.id).toBe(first.person.id);
  });

  it("has no account before the region is chosen, and nothing of them lies readable", async () => {
    const who = newcomer();
    const response = await signIn(google, who);
    expect([response.status, await response.json()]).toEqual([
      200,
      { registration: { token: expect.stringMatching(/^idr_/), expiresIn: 900, name: "Grace Example", email: who.email } },
    ]);
    const everything = await Promise.all(
      ["identities", "sign_in_flows", "emails"].map((table) => env.DIRECTORY.prepare(`select * from ${table}`).all()),
    );
    const text = JSON.stringify(everything.map(({ results }) => results));
    for (const secret of [who.email ?? "", who.sub, "Grace"]) expect(text).not.toContain(secret);
  });

  it("is found by keyed hashes alone: neither directory nor region holds subject or address", async () => {
    const who = newcomer();
    const { person } = await register(google, who);
    const directory = await env.DIRECTORY.prepare("select * from identities where person_id = ?").bind(person.id).all();
    expect(directory.results).toEqual([
      {
        identity_hash: expect.stringMatching(/^[0-9a-f]{64}$/),
        key_version: "1",
        provider: "google",
        person_id: person.id,
        claimed_at: expect.any(Number),
      },
    ]);
    const { results } = await regional(env, "eu").records.prepare("select * from identities where person_id = ?").bind(person.id).all();
    expect(results).toEqual([expect.objectContaining({ id: expect.stringMatching(/^idn_eu_/), provider: "google" })]);
    expect(results[0]?.["identity_hash"]).not.toBe(directory.results[0]?.["identity_hash"]);
    expect(JSON.stringify([directory.results, results])).not.toContain(who.email);
  });

  it("registers once with a token, whoever is faster, and not after fifteen minutes", async () => {
    const { registration } = neededSchema.parse(await (await signIn(google, newcomer())).json());
    const body = { registration: registration.token, region: "eu" };
    const answers = await Promise.all([1, 2, 3, 4].map(() => send("POST", "/v1/accounts/providers", body)));
    expect(answers.map(({ status }) => status).filter((status) => status === 201)).toHaveLength(1);
    expect(await codeOf(await send("POST", "/v1/accounts/providers", body))).toBe("gone");

    const late = neededSchema.parse(await (await signIn(google, newcomer())).json());
    later(901_000);
    expect(await codeOf(await send("POST", "/v1/accounts/providers", { registration: late.registration.token, region: "eu" }))).toBe(
      "gone",
    );
  });

  it("gives a name where the provider gives none, and a bad region leaves the token", async () => {
    const who = newcomer({ name: "\u0007" });
    const { registration } = neededSchema.parse(await (await signIn(google, who)).json());
    expect(registration.name).toBeNull();
    const complete = async (body: Record<string, unknown>) =>
      await send("POST", "/v1/accounts/providers", { registration: registration.token, ...body });
    expect(await codeOf(await complete({ region: "mars", name: "Grace" }))).toBe("invalid");
    const nameless = await complete({ region: "us" });
    expect(await nameless.json()).toMatchObject({ code: "invalid", errors: [{ pointer: "/name", code: "missing" }] });
    expect((await complete({ region: "us", name: "Grace" })).status).toBe(201);
  });

  it("gets Apple's name from the first form, and its address from the id token alone", async () => {
    const who = newcomer({
      name: undefined,
      email: `${crypto.randomUUID()}@privaterelay.appleid.com`,
      email_verified: "true",
    } as AtProvider);
    const flow = await begin(apple);
    const user = JSON.stringify({ name: { firstName: "Grace", lastName: "Hopper" }, email: "victim@people.test" });
    const answer = await trade(await agree(apple, flow, who, { user }), flow.verifier);
    expect(neededSchema.parse(await answer.json()).registration).toMatchObject({ name: "Grace Hopper", email: who.email });
  });

  it.each([
    ["no address", { email: undefined }],
    ["one that is not verified", { email_verified: false }],
    ["one that nobody calls verified", { email_verified: undefined }],
  ])("is sent to a registration with password where the provider gives %s", async (_what, more) => {
    const response = await signIn(google, { ...newcomer(), ...more } as AtProvider);
    expect([response.status, await codeOf(response)]).toEqual([403, "forbidden"]);
  });

  it("does not get into an account with the same address, nor takes it over", async () => {
    const owner = await registerPerson("us");
    const response = await signIn(google, newcomer({ email: owner.email.toUpperCase() }));
    expect([response.status, await response.json()]).toEqual([
      409,
      expect.objectContaining({ code: "email_taken", detail: expect.stringContaining("link the provider") }),
    ]);
    expect((await env.DIRECTORY.prepare("select 1 from identities where person_id = ?").bind(owner.person.id).all()).results).toEqual([]);
    // An address that the provider does not vouch for tells nothing about accounts.
    const unverified = await signIn(google, newcomer({ email: owner.email, email_verified: false }));
    expect(await codeOf(unverified)).toBe("forbidden");
  });

  it("has no password, which no password signs in to, and may choose one by letter", async () => {
    const who = newcomer();
    const { tokens } = await register(google, who);
    const factors = await fetchApp("/v1/me/factors", { headers: { authorization: `Bearer ${tokens.accessToken}` } });
    expect(await factors.json()).toMatchObject({ password: null, totp: null, providers: ["google"], passkeys: { count: 0 } });
    for (const password of ["!", "", "anything at all"]) {
      const tried = await send("POST", "/v1/sessions", { email: who.email, password });
      expect([401, 422]).toContain(tried.status);
    }
    await send("POST", "/v1/password-resets", { email: who.email });
    const token = await vi.waitFor(async () => {
      const { items } = z
        .object({ items: z.array(z.object({ text: z.string() })) })
        .parse(await (await fetchApp(`/v1/dev/outbox?to=${encodeURIComponent(who.email ?? "")}`)).json());
      const found = items.map(({ text }) => /^rst_\S+$/m.exec(text)?.[0]).find((text) => text !== undefined);
      if (found === undefined) throw new Error("no letter yet");
      return found;
    });
    const password = "a longer sentence is better";
    expect((await send("POST", "/v1/password-resets/completions", { token, password })).status).toBe(204);
    expect((await send("POST", "/v1/sessions", { email: who.email, password })).status).toBe(201);
    // The address was proven already: the identity stays.
    expect((await signIn(google, who)).status).toBe(201);
  });
});

describe("the way to a provider", () => {
  it("asks with code, PKCE, nonce and a state of its own, and keeps none of them readable", async () => {
    const { authorizeUrl } = await begin(google);
    const { origin, pathname, searchParams } = new URL(authorizeUrl);
    expect(`${origin}${pathname}`).toBe("https://accounts.google.com/o/oauth2/v2/auth");
    expect(Object.fromEntries(searchParams)).toEqual({
      response_type: "code",
      response_mode: "query",
      client_id: "meridian-google",
      redirect_uri: "http://meridian.test/v1/sign-in-providers/google/callback",
      scope: "openid email profile",
      state: expect.stringMatching(/^[\w-]{43}$/),
      nonce: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge_method: "S256",
    });
    const { results } = await env.DIRECTORY.prepare("select * from sign_in_flows").all();
    for (const name of ["state", "nonce", "code_challenge"]) expect(JSON.stringify(results)).not.toContain(searchParams.get(name));
    expect(new URL((await begin(apple)).authorizeUrl).searchParams.get("response_mode")).toBe("form_post");
  });

  it("shows Apple a secret that is signed for this client and this call", async () => {
    await signIn(apple, newcomer());
    const secret = apple.exchanges[0]?.get("client_secret") ?? "";
    expect(decodeProtectedHeader(secret)).toEqual({ alg: "ES256", kid: "KEY1234567" });
    const { iat = 0, ...claims } = decodeJwt(secret);
    expect(claims).toEqual({ iss: "TEAM123456", sub: "test.meridian.signin", aud: "https://appleid.apple.com", exp: iat + 300 });
    const key = await importPKCS8(env.APPLE_SIGN_IN_KEY ?? "", "ES256", { extractable: true });
    const jwk = await crypto.subtle.exportKey("jwk", key);
    if (jwk instanceof ArrayBuffer) throw new TypeError("not a JWK");
    const { kty, crv, x = "", y = "" } = jwk;
    await expect(jwtVerify(secret, { kty, crv, x, y })).resolves.toBeDefined();
  });

  it("leads back to allowed places alone", async () => {
    for (const returnTo of [
      "https://evil.test/",
      "javascript:alert(1)",
      "test.meridian.app:/other",
      "https://app.meridian.test@evil.test/",
    ]) {
      const response = await send("POST", "/v1/sessions/providers/google", { challenge: "A".repeat(43), returnTo });
      expect(await response.json()).toMatchObject({ code: "invalid", errors: [{ pointer: "/returnTo", code: "address_not_allowed" }] });
    }
    const flow = await beginAt("/v1/sessions/providers/google", {}, "test.meridian.app:/signed-in?flow=1");
    const back = await bringBack(google, google.agree(flow.authorizeUrl, newcomer()));
    expect(back.headers.get("location")).toMatch(/^test\.meridian\.app:\/signed-in\?flow=1&provider=google&handoff=hof_[\w-]{43}$/);
  });

  it("puts no token and nothing of the person into the address", async () => {
    const flow = await begin(google);
    const who = newcomer();
    const back = await bringBack(google, google.agree(flow.authorizeUrl, who));
    expect([...landing(back).keys()]).toEqual(["provider", "handoff"]);
    expect(google.exchanges).toEqual([]);
    expect(back.headers.get("referrer-policy")).toBe("no-referrer");
  });

  it("says when a provider is not one of ours", async () => {
    const body = { challenge: "A".repeat(43), returnTo: RETURN };
    expect(await codeOf(await send("POST", "/v1/sessions/providers/myspace", body))).toBe("not_found");
    expect((await fetchApp("/v1/sign-in-providers/myspace/callback?state=x")).status).toBe(404);
    expect(await (await fetchApp("/v1/sign-in-providers")).json()).toEqual({
      items: [
        { id: "google", title: "Google" },
        { id: "apple", title: "Apple" },
      ],
      next: null,
    });
  });
});

describe("the way back", () => {
  it("is open once: a state that comes again is gone, also in parallel", async () => {
    const flow = await begin(google);
    const answer = google.agree(flow.authorizeUrl, newcomer());
    const answers = await Promise.all(Array.from({ length: 8 }, () => bringBack(google, answer)));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([303, ...Array.from({ length: 7 }, () => 410)]);
  });

  it.each([
    ["nobody's", { state: "A".repeat(43), code: "c" }, 410],
    ["not one", { state: "short", code: "c" }, 400],
    ["missing", { code: "c" }, 422],
  ])("is closed to a state that is %s", async (_what, answer, status) => {
    expect((await bringBack(google, answer as Record<string, string>)).status).toBe(status);
  });

  it("is closed after ten minutes, to the other provider, and in the other way of answering", async () => {
    const flow = await begin(google);
    const answer = google.agree(flow.authorizeUrl, newcomer());
    expect((await bringBack(apple, answer)).status).toBe(410);
    const posted = await send("POST", "/v1/sign-in-providers/google/callback", undefined);
    expect(posted.status).toBe(422);
    const body = new URLSearchParams(answer).toString();
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    expect((await fetchApp("/v1/sign-in-providers/google/callback", { method: "POST", body, headers })).status).toBe(400);
    later(601_000);
    expect((await bringBack(google, answer)).status).toBe(410);
  });

  it.each([
    ["google", "access_denied", "access_denied"],
    ["apple", "user_cancelled_authorize", "access_denied"],
    ["google", "server_error", "provider_failed"],
  ] as const)("of %s says %s as %s, and uses the state up", async (id, error, said) => {
    const fake = id === "google" ? google : apple;
    const state = new URL((await begin(fake)).authorizeUrl).searchParams.get("state") ?? "";
    expect(Object.fromEntries(landing(await bringBack(fake, { state, error })))).toEqual({ provider: id, error: said });
    expect((await bringBack(fake, { state, code: "c" })).status).toBe(410);
  });

  it("passes no code on that another issuer gave (mix-up)", async () => {
    const flow = await begin(google);
    const answer = google.agree(flow.authorizeUrl, newcomer());
    const query = landing(await bringBack(google, { ...answer, iss: "https://evil.test" }));
    expect(Object.fromEntries(query)).toEqual({ provider: "google", error: "provider_failed" });
    expect(google.exchanges).toEqual([]);
    const genuine = await begin(google);
    const handoff = await agree(google, genuine, newcomer(), { iss: "https://accounts.google.com" });
    expect((await trade(handoff, genuine.verifier)).status).toBe(200);
  });
});

describe("a handoff", () => {
  it("is worth nothing without the verifier, and then nothing at all", async () => {
    const flow = await begin(google);
    const handoff = await agree(google, flow, newcomer());
    expect(await codeOf(await trade(handoff, newVerifier()))).toBe("gone");
    expect(await codeOf(await trade(handoff, flow.verifier))).toBe("gone");
    expect(google.exchanges).toEqual([]);
  });

  it("of an attacker does not sign a victim's client in", async () => {
    const victim = await begin(google);
    const attacker = await begin(google);
    const handoff = await agree(google, attacker, newcomer());
    expect(await codeOf(await trade(handoff, victim.verifier))).toBe("gone");
  });

  it("is traded once, also in parallel, and within two minutes", async () => {
    const flow = await begin(google);
    const handoff = await agree(google, flow, newcomer());
    const answers = await Promise.all(Array.from({ length: 8 }, () => trade(handoff, flow.verifier)));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, ...Array.from({ length: 7 }, () => 410)]);
    const slow = await begin(google);
    const late = await agree(google, slow, newcomer());
    later(121_000);
    expect(await codeOf(await trade(late, slow.verifier))).toBe("gone");
  });

  it("is good for what it was begun for alone", async () => {
    const flow = await begin(google);
    const handoff = await agree(google, flow, newcomer());
    const person = await registerPerson("eu");
    const headers = { authorization: `Bearer ${person.accessToken}` };
    const linked = await send("POST", "/v1/me/identities", { handoff, verifier: flow.verifier }, headers);
    expect(await codeOf(linked)).toBe("gone");
  });
});
