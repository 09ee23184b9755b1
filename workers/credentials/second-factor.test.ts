import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it, vi } from "vitest";
import * as z from "zod";
import { registerPerson, type RegisteredPerson, send } from "../../test/people";
import { fromBase32, stepAt, totpCode } from "../../shared/crypto/totp";
import { type Region, REGIONS } from "../../shared/region";
import { regional } from "../regional";
import { cleanChallenges } from "./challenges";
import { spendRecoveryCode } from "./recovery-codes";

afterEach(() => {
  vi.useRealTimers();
});

const challengeSchema = z.object({
  code: z.literal("mfa_required"),
  challenge: z.string(),
  methods: z.array(z.string()),
  expiresIn: z.number(),
});
const signedInSchema = z.object({ person: z.unknown(), tokens: z.object({ accessToken: z.string(), refreshToken: z.string() }) });
const claimsSchema = z.looseObject({ acr: z.string(), amr: z.array(z.string()), auth_time: z.number(), sid: z.string() });

const bearer = (accessToken: string) => ({ authorization: `Bearer ${accessToken}` });
const claimsOf = (accessToken: string) => claimsSchema.parse(JSON.parse(atob(accessToken.split(".")[1] ?? "")));
const codeOf = async (response: Response) => z.object({ code: z.string() }).parse(await response.json()).code;
const later = (seconds: number) => vi.useFakeTimers({ now: Date.now() + seconds * 1000, toFake: ["Date"] });

/** The code of the app at this moment, or some steps away. */
async function appCode(secret: string, steps = 0): Promise<string> {
  return await totpCode(fromBase32(secret) ?? new Uint8Array(), stepAt(Date.now()) + steps);
}

/** A person with a confirmed app. The step of its first code is used. */
async function withApp(region: RegisteredPerson["person"]["region"] = "eu") {
  // In the middle of a step, so that no test meets its end.
  vi.useFakeTimers({ now: Math.floor(Date.now() / 30_000) * 30_000 + 15_000, toFake: ["Date"] });
  const owner = await registerPerson(region);
  const enrolled = await owner.fetch("/v1/me/totp", { method: "POST" });
  expect(enrolled.status).toBe(201);
  const { secret, uri } = z.object({ secret: z.string(), uri: z.string() }).parse(await enrolled.json());
  expect(uri).toContain(secret);
  const confirmed = await send("POST", "/v1/me/totp/confirmation", { code: await appCode(secret) }, bearer(owner.accessToken));
  expect(confirmed.status).toBe(201);
  const { recoveryCodes } = z.object({ recoveryCodes: z.array(z.string()) }).parse(await confirmed.json());
  return { ...owner, secret, recoveryCodes };
}

async function challengeOf({ email, password }: RegisteredPerson): Promise<string> {
  const response = await send("POST", "/v1/sessions", { email, password });
  expect(response.status).toBe(401);
  expect(response.headers.get("www-authenticate")).toMatch(/^Bearer/);
  const { challenge, methods, expiresIn } = challengeSchema.parse(await response.json());
  expect([methods, expiresIn]).toEqual([["totp", "recovery_code"], 300]);
  return challenge;
}

const complete = async (body: unknown) => await send("POST", "/v1/sessions/challenges", body);

describe("with an authenticator app", () => {
  it.each(REGIONS)("a person of %s signs in with password and code, and their tokens say so", async (region) => {
    const owner = await withApp(region);
    later(30);
    const response = await complete({ challenge: await challengeOf(owner), code: await appCode(owner.secret) });
    expect(response.status).toBe(201);
    const { person, tokens } = signedInSchema.parse(await response.json());
    expect(person).toEqual(owner.person);
    expect(claimsOf(tokens.accessToken)).toMatchObject({ acr: "aal2", amr: ["pwd", "otp", "mfa"] });
    expect((await send("GET", "/v1/me", undefined, bearer(tokens.accessToken))).status).toBe(200);
  });

  it("the secret is sealed and the recovery codes are hashes", async () => {
    const { person, secret, recoveryCodes } = await withApp();
    const { records } = regional(env, person.region);
    const sealed = await records
      .prepare("select sealed_secret from totp where person_id = ?")
      .bind(person.id)
      .first<string>("sealed_secret");
    expect(sealed).toMatch(/^v1\./);
    expect(sealed).not.toContain(secret);
    const { results } = await records.prepare("select code_hash from recovery_codes where person_id = ?").bind(person.id).all();
    expect(results).toHaveLength(10);
    expect(new Set(recoveryCodes).size).toBe(10);
    expect(JSON.stringify(results)).not.toContain(recoveryCodes[0]);
  });

  it("no code is good twice, not even in the half-minute in which it is right", async () => {
    const owner = await withApp();
    const used = await complete({ challenge: await challengeOf(owner), code: await appCode(owner.secret) });
    expect([used.status, await codeOf(used)]).toEqual([401, "invalid_credentials"]);
    later(30);
    const [one, other] = [await challengeOf(owner), await challengeOf(owner)];
    const code = await appCode(owner.secret);
    const both = await Promise.all([complete({ challenge: one, code }), complete({ challenge: other, code })]);
    expect(both.map(({ status }) => status).toSorted()).toEqual([201, 401]);
  });

  it("a code of the step before is taken, one of two steps before is not", async () => {
    const owner = await withApp();
    later(90);
    const challenge = await challengeOf(owner);
    expect((await complete({ challenge, code: await appCode(owner.secret, -2) })).status).toBe(401);
    expect((await complete({ challenge, code: await appCode(owner.secret, -1) })).status).toBe(201);
  });

  it("a challenge is good once, for five minutes, for its own person, and dies with the password", async () => {
    const owner = await withApp();
    later(30);
    const challenge = await challengeOf(owner);
    expect((await complete({ challenge, code: await appCode(owner.secret) })).status).toBe(201);
    later(30);
    expect(await codeOf(await complete({ challenge, code: await appCode(owner.secret) }))).toBe("unauthenticated");

    const expiring = await challengeOf(owner);
    later(301);
    expect(await codeOf(await complete({ challenge: expiring, code: await appCode(owner.secret) }))).toBe("unauthenticated");

    const stranger = await withApp();
    expect(await codeOf(await complete({ challenge: await challengeOf(owner), code: await appCode(stranger.secret) }))).toBe(
      "invalid_credentials",
    );

    const newPassword = "entirely another sentence";
    const before = await challengeOf(stranger);
    const change = { currentPassword: stranger.password, newPassword };
    expect((await send("PUT", "/v1/me/password", change, bearer(stranger.accessToken))).status).toBe(204);
    later(30);
    expect(await codeOf(await complete({ challenge: before, code: await appCode(stranger.secret) }))).toBe("unauthenticated");
  });

  it.each(["", "mfa_eu_x", `mfa_eu_${"A".repeat(43)}`, `mfa_zz_${"A".repeat(43)}`])("the challenge %j is none", async (challenge) => {
    const response = await complete({ challenge, code: "123456" });
    expect(response.status).toBe(challenge === "" ? 422 : 401);
  });

  it("wrong codes lock the account, and the right password does not unlock it", async () => {
    const owner = await withApp();
    later(30);
    const challenge = await challengeOf(owner);
    const guesses = [];
    for (let i = 0; i < 10; i++) {
      guesses.push((await complete({ challenge, code: "000000" })).status);
      if (i === 5) await challengeOf(owner);
    }
    expect(guesses).toEqual(Array.from({ length: 10 }, () => 401));
    expect((await complete({ challenge, code: await appCode(owner.secret) })).status).toBe(429);
    expect((await send("POST", "/v1/sessions", { email: owner.email, password: owner.password })).status).toBe(429);
  });

  it("a recovery code signs in once, however it is typed", async () => {
    const owner = await withApp();
    const [first = "", second = ""] = owner.recoveryCodes;
    const challenge = await challengeOf(owner);
    expect((await complete({ challenge, recoveryCode: ` ${first.toUpperCase().replaceAll("-", " ")} ` })).status).toBe(201);
    expect((await complete({ challenge: await challengeOf(owner), recoveryCode: first })).status).toBe(401);
    const challenges = [await challengeOf(owner), await challengeOf(owner)];
    const both = await Promise.all(challenges.map((each) => complete({ challenge: each, recoveryCode: second })));
    expect(both.map(({ status }) => status).toSorted()).toEqual([201, 401]);
    expect(await (await owner.fetch("/v1/me/factors")).json()).toMatchObject({ totp: {}, recoveryCodes: { left: 8 } });
  });

  it("a recovery code tried fifty times at once is good once", async () => {
    const owner = await withApp();
    const ports = { now: Date.now, stores: (region: Region) => ({ records: regional(env, region).records }) };
    const [code = ""] = owner.recoveryCodes;
    const spent = await Promise.all(Array.from({ length: 50 }, () => spendRecoveryCode(ports, owner.person.id, code)));
    expect(spent.filter(Boolean)).toHaveLength(1);
  });

  it("needs exactly one code", async () => {
    expect((await complete({ challenge: "x" })).status).toBe(422);
    expect((await complete({ challenge: "x", code: "123456", recoveryCode: "a".repeat(24) })).status).toBe(422);
  });
});

describe("setting one up", () => {
  it("ends all other sessions, and raises this one", async () => {
    const owner = await registerPerson();
    const other = signedInSchema.parse(await (await send("POST", "/v1/sessions", { email: owner.email, password: owner.password })).json());
    const { secret } = z.object({ secret: z.string() }).parse(await (await owner.fetch("/v1/me/totp", { method: "POST" })).json());
    expect((await send("GET", "/v1/me", undefined, bearer(other.tokens.accessToken))).status).toBe(200);
    await send("POST", "/v1/me/totp/confirmation", { code: await appCode(secret) }, bearer(owner.accessToken));
    expect((await send("GET", "/v1/me", undefined, bearer(other.tokens.accessToken))).status).toBe(401);
    const refreshed = await send("POST", "/v1/sessions/refresh", { refreshToken: owner.refreshToken });
    const { tokens } = z.object({ tokens: z.object({ accessToken: z.string() }) }).parse(await refreshed.json());
    expect(claimsOf(tokens.accessToken)).toMatchObject({ acr: "aal2" });
  });

  it("changes nothing before a code is confirmed", async () => {
    const owner = await registerPerson();
    await owner.fetch("/v1/me/totp", { method: "POST" });
    const wrong = await send("POST", "/v1/me/totp/confirmation", { code: "000000" }, bearer(owner.accessToken));
    expect([wrong.status, await wrong.json()]).toMatchObject([422, { errors: [{ pointer: "/code" }] }]);
    expect((await send("POST", "/v1/sessions", { email: owner.email, password: owner.password })).status).toBe(201);
    expect(await (await owner.fetch("/v1/me/factors")).json()).toMatchObject({ totp: null, recoveryCodes: { left: 0 } });
    expect((await owner.fetch("/v1/me/recovery-codes", { method: "POST" })).status).toBe(409);
  });

  it("a second one is refused, and removing it makes the password enough again", async () => {
    const owner = await withApp();
    expect((await owner.fetch("/v1/me/totp", { method: "POST" })).status).toBe(409);
    later(30);
    const signedIn = await complete({ challenge: await challengeOf(owner), code: await appCode(owner.secret) });
    const other = signedInSchema.parse(await signedIn.json()).tokens.accessToken;
    const fresh = await owner.fetch("/v1/me/recovery-codes", { method: "POST" });
    expect(fresh.status).toBe(201);
    // New codes are another factor: the other sessions end.
    expect((await send("GET", "/v1/me", undefined, bearer(other))).status).toBe(401);
    expect((await complete({ challenge: await challengeOf(owner), recoveryCode: owner.recoveryCodes[0] })).status).toBe(401);
    expect((await owner.fetch("/v1/me/totp", { method: "DELETE" })).status).toBe(204);
    const after = await send("POST", "/v1/sessions/refresh", { refreshToken: owner.refreshToken });
    expect(claimsOf(signedInSchema.pick({ tokens: true }).parse(await after.json()).tokens.accessToken)).toMatchObject({ acr: "aal1" });
    expect((await send("POST", "/v1/sessions", { email: owner.email, password: owner.password })).status).toBe(201);
    expect((await owner.fetch("/v1/me/totp", { method: "DELETE" })).status).toBe(404);
  });

  it("wants a proof of the last five minutes, which step-up gives: with both factors where there are two", async () => {
    const owner = await withApp();
    later(310);
    const refreshed = await send("POST", "/v1/sessions/refresh", { refreshToken: owner.refreshToken });
    const { tokens } = z.object({ tokens: z.object({ accessToken: z.string() }) }).parse(await refreshed.json());
    const stale = await send("DELETE", "/v1/me/totp", undefined, bearer(tokens.accessToken));
    expect([stale.status, await codeOf(stale)]).toEqual([403, "step_up_required"]);
    const stepUp = async (body: unknown) => await send("POST", "/v1/sessions/step-up", body, bearer(tokens.accessToken));
    expect(await codeOf(await stepUp({ password: "not this one" }))).toBe("invalid_credentials");
    expect(await codeOf(await stepUp({ password: owner.password }))).toBe("mfa_required");
    expect(await codeOf(await stepUp({ password: owner.password, code: "000000" }))).toBe("invalid_credentials");
    const proven = await stepUp({ password: owner.password, code: await appCode(owner.secret) });
    expect(proven.status).toBe(200);
    const { accessToken } = z.object({ accessToken: z.string() }).parse(await proven.json());
    expect(claimsOf(accessToken)).toMatchObject({ acr: "aal2", auth_time: Math.floor(Date.now() / 1000) });
    expect(claimsOf(accessToken).sid).toBe(claimsOf(tokens.accessToken).sid);
    expect((await send("DELETE", "/v1/me/totp", undefined, bearer(accessToken))).status).toBe(204);
  });
});

it("challenges that nobody completed are cleaned away", async () => {
  const owner = await withApp();
  await challengeOf(owner);
  const count = async () =>
    await regional(env, "eu").records.prepare("select count(*) as n from challenges where person_id = ?").bind(owner.person.id).first("n");
  const clean = async () => await cleanChallenges((region) => regional(env, region).records, Date.now());
  await clean();
  expect(await count()).toBe(1);
  later(301);
  expect(await clean()).toBeGreaterThan(0);
  expect(await count()).toBe(0);
});
