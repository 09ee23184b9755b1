import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it, vi } from "vitest";
import * as z from "zod";
import { fetchApp, freshAddress, freshEmail, freshPassword, ORIGIN, registerPerson, type RegisteredPerson, send } from "../../test/people";
import { fromBase32, stepAt, totpCode } from "../../shared/crypto/totp";
import { createApp } from "../app";
import { regional } from "../regional";

afterEach(() => {
  vi.useRealTimers();
});

const outboxSchema = z.object({ items: z.array(z.object({ to: z.string(), subject: z.string(), text: z.string(), region: z.string() })) });
const signedInSchema = z.object({ person: z.object({ id: z.string() }), tokens: z.object({ accessToken: z.string() }) });

const bearer = (accessToken: string) => ({ authorization: `Bearer ${accessToken}` });
const later = (minutes: number) => vi.useFakeTimers({ now: Date.now() + minutes * 60_000, toFake: ["Date"] });
const signIn = async (email: string, password: string) => await send("POST", "/v1/sessions", { email, password });
const codeOf = async (response: Response) => z.object({ code: z.string() }).parse(await response.json()).code;

async function letters(to: string) {
  return outboxSchema.parse(await (await fetchApp(`/v1/dev/outbox?to=${encodeURIComponent(to)}`)).json()).items;
}

/** The newest letter with these words in its subject; letters are written after the answer. */
async function letterTo(to: string, about: string) {
  return await vi.waitFor(async () => {
    const found = (await letters(to)).find(({ subject }) => subject.includes(about));
    if (found === undefined) throw new Error(`no letter about ${about}`);
    return found;
  });
}

async function codeTo(to: string, about: string): Promise<string> {
  const { text } = await letterTo(to, about);
  return /^[a-z]{3}_[a-z]{2}_\S{43}$/m.exec(text)?.[0] ?? "";
}

/** The address of a new account is kept after the answer. */
async function addressKept({ person }: RegisteredPerson): Promise<string> {
  return await vi.waitFor(async () => {
    const { records } = regional(env, person.region);
    const sealed = await records
      .prepare("select sealed_email from credentials where person_id = ?")
      .bind(person.id)
      .first<string>("sealed_email");
    if (sealed === null) throw new Error("not yet");
    return sealed;
  });
}

describe("a forgotten password", () => {
  it.each(["eu", "us"] as const)(
    "of a person of %s is chosen anew with the code of a letter, once, and all sessions end",
    async (region) => {
      const owner = await registerPerson(region, { locale: "de-AT" });
      const asked = await send("POST", "/v1/password-resets", { email: owner.email.toUpperCase() });
      expect([asked.status, await asked.json()]).toEqual([202, { status: "letter_sent" }]);
      const token = await codeTo(owner.email, "Neues Passwort");
      expect(token).toMatch(new RegExp(`^rst_${region}_`));
      const password = freshPassword();
      expect((await send("POST", "/v1/password-resets/completions", { token, password: "password123" })).status).toBe(422);
      expect((await send("POST", "/v1/password-resets/completions", { token, password })).status).toBe(204);
      expect((await owner.fetch("/v1/me")).status).toBe(401);
      expect((await signIn(owner.email, owner.password)).status).toBe(401);
      expect((await signIn(owner.email, password)).status).toBe(201);
      const again = await send("POST", "/v1/password-resets/completions", { token, password: freshPassword() });
      expect([again.status, await codeOf(again)]).toEqual([410, "gone"]);
      expect((await letterTo(owner.email, "Passwort wurde geändert")).text).not.toContain(token);
    },
  );

  it("is answered alike for an address that nobody has, which gets no letter", async () => {
    const [known, unknown] = [(await registerPerson()).email, freshEmail()];
    const answers = await Promise.all([known, unknown].map((email) => send("POST", "/v1/password-resets", { email })));
    const bodies = await Promise.all(answers.map((answer) => answer.text()));
    expect(answers.map(({ status }) => status)).toEqual([202, 202]);
    expect(bodies[0]).toBe(bodies[1]);
    await letterTo(known, "Choose a new password");
    expect(await letters(unknown)).toEqual([]);
  });

  it("keeps the second factor in force", async () => {
    const owner = await registerPerson();
    const { secret } = z.object({ secret: z.string() }).parse(await (await owner.fetch("/v1/me/totp", { method: "POST" })).json());
    const code = await totpCode(fromBase32(secret) ?? new Uint8Array(), stepAt(Date.now()));
    expect((await send("POST", "/v1/me/totp/confirmation", { code }, bearer(owner.accessToken))).status).toBe(201);
    await send("POST", "/v1/password-resets", { email: owner.email });
    const password = freshPassword();
    const token = await codeTo(owner.email, "Choose a new password");
    expect((await send("POST", "/v1/password-resets/completions", { token, password })).status).toBe(204);
    expect(await codeOf(await signIn(owner.email, password))).toBe("mfa_required");
  });

  it("cannot be chosen with a code that is late, or older than the password", async () => {
    const owner = await registerPerson();
    await send("POST", "/v1/password-resets", { email: owner.email });
    const token = await codeTo(owner.email, "Choose a new password");
    const change = { currentPassword: owner.password, newPassword: freshPassword() };
    expect((await send("PUT", "/v1/me/password", change, bearer(owner.accessToken))).status).toBe(204);
    expect((await send("POST", "/v1/password-resets/completions", { token, password: freshPassword() })).status).toBe(410);
    const other = await registerPerson();
    await send("POST", "/v1/password-resets", { email: other.email });
    const late = await codeTo(other.email, "Choose a new password");
    later(21);
    expect((await send("POST", "/v1/password-resets/completions", { token: late, password: freshPassword() })).status).toBe(410);
  });

  it("fills nobody's mailbox: five letters an hour", async () => {
    const owner = await registerPerson();
    const answers = await Promise.all(Array.from({ length: 8 }, () => send("POST", "/v1/password-resets", { email: owner.email })));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
    await vi.waitFor(async () => expect(await letters(owner.email)).toHaveLength(5));
    const home = { "cf-connecting-ip": freshAddress() };
    const flood = await Promise.all(Array.from({ length: 35 }, () => send("POST", "/v1/password-resets", { email: freshEmail() }, home)));
    expect(flood.some(({ status }) => status === 429)).toBe(true);
    expect(await letters(owner.email)).toHaveLength(5);
  });
});

describe("another address", () => {
  it("counts once its code came back; the old one is told, and free again", async () => {
    const owner = await registerPerson("us");
    expect(await addressKept(owner)).not.toContain(owner.email);
    const email = freshEmail();
    expect((await send("POST", "/v1/me/email", { email }, bearer(owner.accessToken))).status).toBe(202);
    const token = await codeTo(email, "Confirm your new address");
    expect((await signIn(email, owner.password)).status).toBe(401);
    expect((await send("POST", "/v1/me/email/confirmation", { token }, bearer(owner.accessToken))).status).toBe(204);
    expect((await signIn(email, owner.password)).status).toBe(201);
    expect((await signIn(owner.email, owner.password)).status).toBe(401);
    await letterTo(owner.email, "address was changed");
    expect((await send("POST", "/v1/me/email/confirmation", { token }, bearer(owner.accessToken))).status).toBe(410);
    const heir = { email: owner.email, password: freshPassword(), name: "Heir", region: "eu" };
    expect((await send("POST", "/v1/accounts", heir)).status).toBe(201);
  });

  it("ends all other sessions, at the vault too", async () => {
    const owner = await registerPerson();
    const other = signedInSchema.parse(await (await signIn(owner.email, owner.password)).json()).tokens;
    const email = freshEmail();
    await send("POST", "/v1/me/email", { email }, bearer(owner.accessToken));
    const token = await codeTo(email, "Confirm your new address");
    expect((await send("GET", "/v1/me/metrics", undefined, bearer(other.accessToken))).status).toBe(200);
    expect((await send("POST", "/v1/me/email/confirmation", { token }, bearer(owner.accessToken))).status).toBe(204);
    for (const path of ["/v1/me", "/v1/me/metrics"]) {
      expect((await send("GET", path, undefined, bearer(other.accessToken))).status, path).toBe(401);
      expect((await owner.fetch(path)).status, path).toBe(200);
    }
  });

  it("that belongs to somebody is not given away, and the caller does not learn of it", async () => {
    const [owner, stranger] = await Promise.all([registerPerson(), registerPerson("us")]);
    const asked = await send("POST", "/v1/me/email", { email: stranger.email }, bearer(owner.accessToken));
    expect([asked.status, await asked.json()]).toEqual([202, { status: "letter_sent" }]);
    await letterTo(stranger.email, "You have an account already");
    expect((await signIn(stranger.email, stranger.password)).status).toBe(201);
  });

  it("goes to the first of two who want it", async () => {
    const people = await Promise.all([registerPerson(), registerPerson("us")]);
    const email = freshEmail();
    for (const { accessToken } of people) await send("POST", "/v1/me/email", { email }, bearer(accessToken));
    const tokens = await vi.waitFor(async () => {
      const found = (await letters(email)).map(({ text }) => /^eml_\S+$/m.exec(text)?.[0] ?? "");
      if (found.length < 2) throw new Error("not yet");
      return found;
    });
    const confirm = async ({ accessToken, person }: RegisteredPerson) =>
      await send(
        "POST",
        "/v1/me/email/confirmation",
        { token: tokens.find((token) => token.startsWith(`eml_${person.region}_`)) ?? "" },
        bearer(accessToken),
      );
    const answers = await Promise.all(people.map(confirm));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([204, 409]);
  });

  it("is confirmed by its own person alone, with a fresh proof", async () => {
    const [owner, stranger] = await Promise.all([registerPerson(), registerPerson()]);
    const email = freshEmail();
    await send("POST", "/v1/me/email", { email }, bearer(owner.accessToken));
    const token = await codeTo(email, "Confirm your new address");
    expect((await send("POST", "/v1/me/email/confirmation", { token }, bearer(stranger.accessToken))).status).toBe(410);
    later(6);
    const refreshed = await send("POST", "/v1/sessions/refresh", { refreshToken: owner.refreshToken });
    const { tokens } = z.object({ tokens: z.object({ accessToken: z.string() }) }).parse(await refreshed.json());
    expect(await codeOf(await send("POST", "/v1/me/email", { email }, bearer(tokens.accessToken)))).toBe("step_up_required");
  });
});

describe("where addresses are verified first", () => {
  const app = createApp({ log: () => undefined });
  const register = async (body: unknown) => {
    const ctx = createExecutionContext();
    const request = new Request(`${ORIGIN}/v1/accounts`, {
      method: "POST",
      body: JSON.stringify(body),
      headers: { "content-type": "application/json", "cf-connecting-ip": freshAddress() },
    });
    const response = await app.fetch(request, { ...env, VERIFY_EMAIL: "on" }, ctx);
    await waitOnExecutionContext(ctx);
    return response;
  };

  it("there is an account once the code comes back, and the tokens come with it", async () => {
    const body = { email: freshEmail(), password: freshPassword(), name: "Ada", region: "ap", timeZone: "Asia/Tokyo" };
    const response = await register(body);
    expect([response.status, await response.json()]).toEqual([202, { status: "letter_sent" }]);
    expect((await signIn(body.email, body.password)).status).toBe(401);
    const token = await codeTo(body.email, "Confirm your address");
    const { results } = await regional(env, "ap").records.prepare("select content from challenges where kind = 'reg'").all();
    expect(JSON.stringify(results)).not.toContain(body.email);
    const verified = await send("POST", "/v1/accounts/verifications", { token });
    expect(verified.status).toBe(201);
    const { tokens } = signedInSchema.parse(await verified.json());
    expect(await (await send("GET", "/v1/me", undefined, bearer(tokens.accessToken))).json()).toMatchObject({ timeZone: "Asia/Tokyo" });
    expect((await signIn(body.email, body.password)).status).toBe(201);
    expect((await send("POST", "/v1/accounts/verifications", { token })).status).toBe(410);
  });

  it("a taken address is answered in the same words, and its owner is told", async () => {
    const owner = await registerPerson();
    const taken = await register({ email: owner.email, password: freshPassword(), name: "Eve", region: "us" });
    expect([taken.status, await taken.json()]).toEqual([202, { status: "letter_sent" }]);
    await letterTo(owner.email, "You have an account already");
    expect((await signIn(owner.email, owner.password)).status).toBe(201);
  });

  it("of two registrations of an address the first that is verified wins", async () => {
    const email = freshEmail();
    await register({ email, password: freshPassword(), name: "One", region: "eu" });
    await register({ email, password: freshPassword(), name: "Two", region: "us" });
    const tokens = (await letters(email)).map(({ text }) => /^reg_\S+$/m.exec(text)?.[0] ?? "");
    const answers = [];
    for (const token of tokens) answers.push((await send("POST", "/v1/accounts/verifications", { token })).status);
    expect(answers).toEqual([201, 409]);
  });

  it("a mailbox gets five letters an hour, however often somebody registers with it", async () => {
    const email = freshEmail();
    for (let i = 0; i < 7; i++) {
      expect((await register({ email, password: freshPassword(), name: "Again", region: "us" })).status).toBe(202);
    }
    expect(await letters(email)).toHaveLength(5);
  });

  it("a code is good for a day", async () => {
    const email = freshEmail();
    await register({ email, password: freshPassword(), name: "Late", region: "eu" });
    const token = await codeTo(email, "Confirm your address");
    later(24 * 60 + 1);
    expect((await send("POST", "/v1/accounts/verifications", { token })).status).toBe(410);
  });
});

describe("the outbox", () => {
  const app = createApp({ log: () => undefined });
  it.each([
    ["https://api.meridian.health", "on"],
    ["https://api.meridian.health", "off"],
    ["http://127.0.0.1", "on"],
  ])("is not at %s with residency %s", async (origin, residency) => {
    const response = await app.fetch(new Request(`${origin}/v1/dev/outbox`), { ...env, RESIDENCY: residency });
    expect([404, 503]).toContain(response.status);
  });

  it("keeps letters sealed", async () => {
    const owner = await registerPerson();
    await send("POST", "/v1/password-resets", { email: owner.email });
    const token = await codeTo(owner.email, "Choose a new password");
    const { results } = await regional(env, "eu").records.prepare("select sealed from outbox").all();
    expect(JSON.stringify(results)).not.toContain(token);
    expect(JSON.stringify(results)).not.toContain(owner.email);
  });

  it("is passed over where the deployment has a mail service", async () => {
    const sent: unknown[] = [];
    const service = { send: async (mail: unknown) => void sent.push(mail) };
    const owner = await registerPerson();
    const ctx = createExecutionContext();
    const request = new Request(`${ORIGIN}/v1/password-resets`, {
      method: "POST",
      body: JSON.stringify({ email: owner.email }),
      headers: { "content-type": "application/json" },
    });
    await app.fetch(request, { ...env, MAIL: service, MAIL_FROM: "no-reply@meridian.test" } as Env, ctx);
    await waitOnExecutionContext(ctx);
    expect(sent).toMatchObject([{ from: "no-reply@meridian.test", to: owner.email, subject: "Meridian: Choose a new password" }]);
    expect(await letters(owner.email)).toEqual([]);
  });
});
