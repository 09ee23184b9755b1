import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it, test, vi } from "vitest";
import * as z from "zod";
import { Authenticator, FLAGS } from "../../test/authenticator";
import { freshAddress, ORIGIN, registerPerson, type RegisteredPerson, send } from "../../test/people";
import { toBase64Url } from "../../shared/crypto/base64url";
import { newId } from "../../shared/id";
import { REGIONS } from "../../shared/region";
import { cleanSignInChallenges } from "./passkey-challenge";
import { relyingParty } from "./relying-party";

afterEach(() => {
  vi.useRealTimers();
});

const creationSchema = z.looseObject({ challenge: z.string(), user: z.looseObject({ id: z.string() }) });
const requestSchema = z.looseObject({ challenge: z.string() });
const passkeySchema = z.object({
  id: z.string(),
  name: z.string(),
  backedUp: z.boolean(),
  flaggedAt: z.string().nullable(),
  lastUsedAt: z.string().nullable(),
});
const listSchema = z.object({ items: z.array(passkeySchema) });
const signedInSchema = z.object({ person: z.unknown(), tokens: z.object({ accessToken: z.string() }) });

const bearer = (accessToken: string) => ({ authorization: `Bearer ${accessToken}` });
const later = (minutes: number) => vi.useFakeTimers({ now: Date.now() + minutes * 60_000, toFake: ["Date"] });
const codeOf = async (response: Response) => z.object({ code: z.string() }).parse(await response.json()).code;

async function creationOptions({ fetch }: RegisteredPerson) {
  const response = await fetch("/v1/me/passkeys/challenges", { method: "POST" });
  expect(response.status).toBe(201);
  return creationSchema.parse(await response.json());
}

const add = async ({ accessToken }: RegisteredPerson, response: unknown, name = "Telephone") =>
  await send("POST", "/v1/me/passkeys", { name, response }, bearer(accessToken));

/** A person with a passkey. */
async function withPasskey(region: RegisteredPerson["person"]["region"] = "eu") {
  const owner = await registerPerson(region);
  const authenticator = await Authenticator.make(ORIGIN);
  const added = await add(owner, await authenticator.create(await creationOptions(owner)));
  expect(added.status).toBe(201);
  return { ...owner, authenticator, passkey: passkeySchema.parse(await added.json()) };
}

async function requestOptions() {
  const response = await send("POST", "/v1/sessions/passkeys/challenges", undefined);
  expect(response.status).toBe(201);
  return requestSchema.parse(await response.json());
}

const signIn = async (response: unknown, headers: Record<string, string> = {}) =>
  await send("POST", "/v1/sessions/passkeys", { response }, headers);

const list = async ({ fetch }: RegisteredPerson) => listSchema.parse(await (await fetch("/v1/me/passkeys")).json()).items;

test("passkeys are listed in pages", async () => {
  const owner = await withPasskey();
  const second = await add(owner, await (await Authenticator.make(ORIGIN)).create(await creationOptions(owner)), "Key");
  const made = [owner.passkey.id, passkeySchema.parse(await second.json()).id];
  const pageSchema = listSchema.extend({ next: z.string().nullable() });
  const first = pageSchema.parse(await (await owner.fetch("/v1/me/passkeys?limit=1")).json());
  const rest = pageSchema.parse(await (await owner.fetch(`/v1/me/passkeys?limit=1&cursor=${first.next ?? ""}`)).json());
  expect([...first.items, ...rest.items].map(({ id }) => id)).toEqual(made);
  expect([first.items.length, rest.next]).toEqual([1, null]);
  expect((await owner.fetch(`/v1/me/api-keys?cursor=${first.next ?? ""}`)).status).toBe(422);
});

describe("signing in with a passkey", () => {
  it.each(REGIONS)("finds a person of %s without being told who it is, and counts as both factors", async (region) => {
    const owner = await withPasskey(region);
    const response = await signIn(await owner.authenticator.get(await requestOptions()));
    expect(response.status).toBe(201);
    const { person, tokens } = signedInSchema.parse(await response.json());
    expect(person).toEqual(owner.person);
    const claims = z.unknown().parse(JSON.parse(atob(tokens.accessToken.split(".")[1] ?? "")));
    expect(claims).toMatchObject({ acr: "aal2", amr: ["hwk", "user"] });
    const [listed] = await list(owner);
    expect(listed).toMatchObject({ name: "Telephone", backedUp: true, flaggedAt: null, lastUsedAt: expect.any(String) });
  });

  it("asks for any passkey of this site that verifies its owner", async () => {
    expect(await requestOptions()).toMatchObject({ rpId: "meridian.test", userVerification: "required" });
  });

  it("takes an answer once, and within five minutes", async () => {
    const { authenticator } = await withPasskey();
    const answer = await authenticator.get(await requestOptions());
    const both = await Promise.all([signIn(answer), signIn(answer)]);
    expect(both.map(({ status }) => status).toSorted()).toEqual([201, 401]);
    const late = await authenticator.get(await requestOptions());
    later(6);
    expect((await signIn(late)).status).toBe(401);
  });

  it("refuses whatever was bent, in the same words", async () => {
    const [owner, stranger] = await Promise.all([withPasskey(), withPasskey("us")]);
    const { authenticator } = owner;
    const other = (person: { id: string }) => toBase64Url(new TextEncoder().encode(person.id));
    const flipped = (bytes: Uint8Array<ArrayBuffer>) => bytes.map((byte, i) => (i === bytes.length - 1 ? byte ^ 1 : byte));
    const answers = [
      await authenticator.get(await requestOptions(), { origin: "https://evil.example" }),
      await authenticator.get(await requestOptions(), { rpId: "evil.example" }),
      await authenticator.get(await requestOptions(), { type: "webauthn.create" }),
      await authenticator.get(await requestOptions(), { flags: FLAGS.present }),
      await authenticator.get(await requestOptions(), { flags: FLAGS.verified }),
      await authenticator.get(await requestOptions(), { signature: flipped }),
      await authenticator.get(await requestOptions(), { userHandle: other(stranger.person) }),
      await authenticator.get(await requestOptions(), { userHandle: other({ id: newId("person", "eu", Date.now()) }) }),
      await authenticator.get(await requestOptions(), { userHandle: "AAAA" }),
      await authenticator.get({ challenge: toBase64Url(crypto.getRandomValues(new Uint8Array(43))) }),
      await authenticator.get(await creationOptions(owner)),
      { ...(await authenticator.get(await requestOptions())), id: "AAAA", rawId: "AAAA" },
      await (await Authenticator.make(ORIGIN)).get(await requestOptions(), { userHandle: other(owner.person) }),
    ];
    for (const answer of answers) {
      const response = await signIn(answer);
      expect([response.status, await response.json()]).toMatchObject([
        401,
        { code: "invalid_credentials", detail: "The passkey was not accepted." },
      ]);
    }
  });

  it("passes the lock of the account, but not that of the network", async () => {
    const owner = await withPasskey();
    const guesses = Array.from({ length: 12 }, () => send("POST", "/v1/sessions", { email: owner.email, password: "a wrong guess" }));
    expect((await Promise.all(guesses)).filter(({ status }) => status === 429).length).toBeGreaterThan(0);
    expect((await signIn(await owner.authenticator.get(await requestOptions()))).status).toBe(201);
    const home = { "cf-connecting-ip": freshAddress() };
    const nonsense = await owner.authenticator.get(await requestOptions(), { origin: "https://evil.example" });
    await Promise.all(Array.from({ length: 101 }, () => signIn(nonsense, home)));
    expect((await signIn(await owner.authenticator.get(await requestOptions()), home)).status).toBe(429);
  });

  it("flags a counter that went back, and locks nobody out", async () => {
    const owner = await withPasskey();
    owner.authenticator.counter = 41;
    expect((await signIn(await owner.authenticator.get(await requestOptions()))).status).toBe(201);
    owner.authenticator.counter = 6;
    expect((await signIn(await owner.authenticator.get(await requestOptions()))).status).toBe(201);
    const [flagged] = await list(owner);
    expect(flagged?.flaggedAt).toEqual(expect.any(String));
  });
});

describe("proving oneself again with a passkey", () => {
  const stepUp = async (accessToken: string, body: unknown) => await send("POST", "/v1/sessions/step-up", body, bearer(accessToken));

  it("renews the proof of the same session, with both factors", async () => {
    const owner = await withPasskey();
    later(6);
    const refreshed = await send("POST", "/v1/sessions/refresh", { refreshToken: owner.refreshToken });
    const { tokens } = z.object({ tokens: z.object({ accessToken: z.string() }) }).parse(await refreshed.json());
    expect((await send("POST", "/v1/me/passkeys/challenges", undefined, bearer(tokens.accessToken))).status).toBe(403);
    const proven = await stepUp(tokens.accessToken, { passkey: await owner.authenticator.get(await requestOptions()) });
    expect(proven.status).toBe(200);
    const { accessToken } = z.object({ accessToken: z.string() }).parse(await proven.json());
    const [before, after] = [tokens.accessToken, accessToken].map((token) =>
      z.looseObject({ sid: z.string() }).parse(JSON.parse(atob(token.split(".")[1] ?? ""))),
    );
    expect(before).toMatchObject({ acr: "aal1" });
    expect(after).toMatchObject({ sid: before?.sid, acr: "aal2", amr: ["hwk", "user"], auth_time: Math.floor(Date.now() / 1000) });
    expect((await send("POST", "/v1/me/passkeys/challenges", undefined, bearer(accessToken))).status).toBe(201);
  });

  it("takes no other person's, none twice, and none beside a password", async () => {
    const [owner, stranger] = await Promise.all([withPasskey(), withPasskey("us")]);
    const foreign = await stepUp(owner.accessToken, { passkey: await stranger.authenticator.get(await requestOptions()) });
    expect([foreign.status, await codeOf(foreign)]).toEqual([401, "invalid_credentials"]);
    const passkey = await owner.authenticator.get(await requestOptions());
    const both = await Promise.all([stepUp(owner.accessToken, { passkey }), stepUp(owner.accessToken, { passkey })]);
    expect(both.map(({ status }) => status).toSorted()).toEqual([200, 401]);
    for (const body of [{}, { code: "123456" }, { passkey, password: owner.password }, { passkey, code: "123456" }])
      expect((await stepUp(owner.accessToken, body)).status).toBe(422);
  });
});

describe("adding a passkey", () => {
  it("asks for one that knows its owner and verifies them, and for none that is known", async () => {
    const owner = await withPasskey();
    expect(await creationOptions(owner)).toMatchObject({
      rp: { id: "meridian.test", name: "Meridian" },
      attestation: "none",
      authenticatorSelection: { residentKey: "required", userVerification: "required" },
      excludeCredentials: [{ type: "public-key" }],
    });
  });

  it("refuses whatever was bent, and a challenge that was used or is another person's", async () => {
    const [owner, stranger] = await Promise.all([registerPerson(), registerPerson()]);
    const authenticator = await Authenticator.make(ORIGIN);
    for (const bent of [
      { origin: "https://evil.example" },
      { rpId: "evil.example" },
      { type: "webauthn.get" },
      { flags: FLAGS.present | FLAGS.attested },
      { flags: FLAGS.verified | FLAGS.attested },
    ]) {
      const response = await add(owner, await authenticator.create(await creationOptions(owner), bent));
      expect([response.status, await codeOf(response)]).toEqual([422, "invalid"]);
    }
    const options = await creationOptions(owner);
    const answer = await authenticator.create(options);
    expect((await add(stranger, answer)).status).toBe(410);
    const fresh = await authenticator.create(await creationOptions(owner));
    expect((await add(owner, fresh)).status).toBe(201);
    expect((await add(owner, fresh)).status).toBe(410);
    const again = await add(stranger, await authenticator.create(await creationOptions(stranger)));
    expect([again.status, await codeOf(again)]).toEqual([409, "conflict"]);
  });

  it("and removing one wants a fresh proof and ends the other sessions", async () => {
    const owner = await registerPerson();
    const other = async () =>
      signedInSchema.parse(await (await send("POST", "/v1/sessions", { email: owner.email, password: owner.password })).json()).tokens;
    const before = await other();
    const authenticator = await Authenticator.make(ORIGIN);
    const added = passkeySchema.parse(await (await add(owner, await authenticator.create(await creationOptions(owner)))).json());
    expect((await send("GET", "/v1/me", undefined, bearer(before.accessToken))).status).toBe(401);
    const between = await other();
    expect((await owner.fetch(`/v1/me/passkeys/${added.id}`, { method: "DELETE" })).status).toBe(204);
    expect((await send("GET", "/v1/me", undefined, bearer(between.accessToken))).status).toBe(401);
    expect((await signIn(await authenticator.get(await requestOptions()))).status).toBe(401);
    expect(await list(owner)).toEqual([]);
    later(6);
    const refreshed = await send("POST", "/v1/sessions/refresh", { refreshToken: owner.refreshToken });
    const { tokens } = z.object({ tokens: z.object({ accessToken: z.string() }) }).parse(await refreshed.json());
    const stale = await send("POST", "/v1/me/passkeys/challenges", undefined, bearer(tokens.accessToken));
    expect([stale.status, await codeOf(stale)]).toEqual([403, "step_up_required"]);
  });
});

describe("the own passkeys", () => {
  it("are named, by their owner alone", async () => {
    const [owner, stranger] = await Promise.all([withPasskey(), registerPerson()]);
    const path = `/v1/me/passkeys/${owner.passkey.id}`;
    expect((await send("PATCH", path, { name: " Key ring " }, bearer(owner.accessToken))).status).toBe(200);
    expect((await list(owner)).map(({ name }) => name)).toEqual(["Key ring"]);
    expect((await send("PATCH", path, { name: "Mine" }, bearer(stranger.accessToken))).status).toBe(404);
    expect((await stranger.fetch(path, { method: "DELETE" })).status).toBe(404);
    expect(await list(stranger)).toEqual([]);
    expect(await list(owner)).toHaveLength(1);
  });
});

it("challenges that no passkey answered are cleaned away", async () => {
  await requestOptions();
  later(6);
  expect(await cleanSignInChallenges(env.DIRECTORY, Date.now())).toBeGreaterThan(0);
  const left = await env.DIRECTORY.prepare("select count(*) as n from passkey_challenges where expires_at <= ?")
    .bind(Date.now())
    .first("n");
  expect(left).toBe(0);
});

it.each([
  ["https://eu.api.meridian.health", "meridian.health", "meridian.health"],
  ["https://meridian.health", "meridian.health", "meridian.health"],
  ["https://notmeridian.health", "meridian.health", "notmeridian.health"],
  ["http://localhost:8787", "meridian.health", "localhost"],
  ["http://127.0.0.1:8787", "meridian.health", "localhost"],
])("passkeys of %s with the domain %s are bound to %s", (ORIGIN_, PASSKEY_DOMAIN, id) => {
  const party = relyingParty({ ORIGIN: ORIGIN_, CORS_ORIGINS: " https://app.example ", PASSKEY_DOMAIN });
  expect(party).toEqual({ id, origins: [ORIGIN_, "https://app.example"] });
});
