import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import * as z from "zod";
import { fetchApp, freshEmail, registerPerson, type RegisteredPerson, send } from "../../test/people";
import { agree, beginAt, newVerifier } from "../../test/provider-client";
import { Authenticator } from "../../test/authenticator";
import { withEarlierCode } from "../../test/totp";
import { answerProviders, type AtProvider, FakeProvider } from "../../test/vendors/fake-provider";
import { fromBase32, stepAt, totpCode } from "../../shared/crypto/totp";
import { ORIGIN } from "../../test/people";
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

const codeOf = async (response: Response) => z.object({ code: z.string() }).parse(await response.json()).code;
const later = (ms: number) => vi.useFakeTimers({ now: Date.now() + ms, toFake: ["Date"] });
const bearer = (accessToken: string) => ({ authorization: `Bearer ${accessToken}` });
const somebody = (more: Partial<AtProvider> = {}): AtProvider => ({
  sub: crypto.randomUUID(),
  email: freshEmail(),
  email_verified: true,
  ...more,
});
const tokensSchema = z.object({ person: z.object({ id: z.string() }), tokens: z.object({ accessToken: z.string() }) });

const beginLink = async (fake: FakeProvider, token: string) => await beginAt(`/v1/me/identities/${fake.id}`, bearer(token));
const complete = async (token: string, handoff: string, verifier: string) =>
  await send("POST", "/v1/me/identities", { handoff, verifier }, bearer(token));

async function link(fake: FakeProvider, { accessToken }: { readonly accessToken: string }, who: AtProvider): Promise<Response> {
  const flow = await beginLink(fake, accessToken);
  return await complete(accessToken, await agree(fake, flow, who), flow.verifier);
}

async function signIn(fake: FakeProvider, who: AtProvider): Promise<Response> {
  const flow = await beginAt(`/v1/sessions/providers/${fake.id}`);
  return await send("POST", "/v1/sessions/providers", { handoff: await agree(fake, flow, who), verifier: flow.verifier });
}

/** A person who has come by Google and has no password. */
async function fromGoogle(who = somebody()): Promise<{ readonly id: string; readonly accessToken: string; readonly who: AtProvider }> {
  const { registration } = z.object({ registration: z.object({ token: z.string() }) }).parse(await (await signIn(google, who)).json());
  const response = await send("POST", "/v1/accounts/providers", { registration: registration.token, region: "eu", name: "Grace" });
  const { person, tokens } = tokensSchema.parse(await response.json());
  return { id: person.id, accessToken: tokens.accessToken, who };
}

async function signInAgain({ email, password }: RegisteredPerson): Promise<string> {
  return tokensSchema.parse(await (await send("POST", "/v1/sessions", { email, password })).json()).tokens.accessToken;
}

async function letterTo(to: string, about: string): Promise<string> {
  return await vi.waitFor(async () => {
    const response = await fetchApp(`/v1/dev/outbox?to=${encodeURIComponent(to)}`);
    const { items } = z.object({ items: z.array(z.object({ subject: z.string(), text: z.string() })) }).parse(await response.json());
    const found = items.find(({ subject }) => subject.includes(about));
    if (found === undefined) throw new Error(`no letter about ${about}`);
    return found.text;
  });
}

const identities = async (token: string) =>
  z
    .object({ items: z.array(z.object({ provider: z.string(), label: z.string().nullable() })) })
    .parse(await (await fetchApp("/v1/me/identities", { headers: bearer(token) })).json()).items;

async function addTotp(token: string): Promise<string> {
  const enrolled = z.object({ secret: z.string() }).parse(await (await send("POST", "/v1/me/totp", undefined, bearer(token))).json());
  const confirmed = await withEarlierCode(
    enrolled.secret,
    async (code) => await send("POST", "/v1/me/totp/confirmation", { code }, bearer(token)),
  );
  expect(confirmed.status).toBe(201);
  return enrolled.secret;
}

const codeNow = async (secret: string) => await totpCode(fromBase32(secret) ?? new Uint8Array(), stepAt(Date.now()));

describe("linking", () => {
  it("opens the account from then on, ends other sessions, and is told by letter", async () => {
    const owner = await registerPerson("us");
    const other = await signInAgain(owner);
    // Another address than the account's: addresses play no part.
    const who = somebody();
    const linked = await link(google, owner, who);
    expect([linked.status, await linked.json()]).toEqual([
      201,
      { provider: "google", label: who.email, linkedAt: expect.any(String), lastUsedAt: null },
    ]);
    expect(await codeOf(await fetchApp("/v1/me", { headers: bearer(other) }))).toBe("session_ended");
    expect(await identities(owner.accessToken)).toEqual([{ provider: "google", label: who.email }]);
    expect(await letterTo(owner.email, "way to sign in was added")).toContain("added");
    const signedIn = await signIn(google, who);
    expect(tokensSchema.parse(await signedIn.json()).person.id).toBe(owner.person.id);
    const log = z
      .object({ items: z.array(z.looseObject({ action: z.string() })) })
      .parse(await (await owner.fetch("/v1/me/access-log")).json());
    expect(log.items.filter(({ action }) => action === "sign_in")).not.toHaveLength(0);
  });

  it("wants a fresh proof to begin with, and so does unlinking", async () => {
    const { who } = await fromGoogle();
    // The provider does not say when its owner proved themselves: nothing counts as fresh.
    const { tokens } = tokensSchema.parse(await (await signIn(google, who)).json());
    const body = { challenge: "A".repeat(43), returnTo: "https://app.meridian.test/" };
    expect(await codeOf(await send("POST", "/v1/me/identities/apple", body, bearer(tokens.accessToken)))).toBe("step_up_required");
    const unlinked = await fetchApp("/v1/me/identities/google", { method: "DELETE", headers: bearer(tokens.accessToken) });
    expect(await codeOf(unlinked)).toBe("step_up_required");
  });

  it("is completed by the session that began, and by no other of the same person", async () => {
    const owner = await registerPerson("eu");
    const other = await signInAgain(owner);
    const flow = await beginLink(google, owner.accessToken);
    expect(await codeOf(await complete(other, await agree(google, flow, somebody()), flow.verifier))).toBe("gone");
    expect(await identities(owner.accessToken)).toEqual([]);
  });

  it("of one person is not completed by another, with or without the verifier", async () => {
    const [victim, attacker] = await Promise.all([registerPerson("eu"), registerPerson("eu")]);
    const begun = await beginLink(google, victim.accessToken);
    const stolen = await agree(google, begun, somebody());
    expect(await codeOf(await complete(attacker.accessToken, stolen, begun.verifier))).toBe("gone");
    const second = await beginLink(google, victim.accessToken);
    expect(await codeOf(await complete(attacker.accessToken, await agree(google, second, somebody()), newVerifier()))).toBe("gone");
    expect([await identities(victim.accessToken), await identities(attacker.accessToken)]).toEqual([[], []]);
  });

  it("does not put an attacker's identity into a victim's account (login CSRF)", async () => {
    const [victim, attacker] = await Promise.all([registerPerson("eu"), registerPerson("us")]);
    const victims = await beginLink(google, victim.accessToken);
    const attackers = await beginLink(google, attacker.accessToken);
    const handoff = await agree(google, attackers, somebody());
    expect(await codeOf(await complete(victim.accessToken, handoff, victims.verifier))).toBe("gone");
    expect(await identities(victim.accessToken)).toEqual([]);
  });

  it("does not put a victim's identity into the account of an attacker who sent them to the provider", async () => {
    const attacker = await registerPerson("eu");
    const flow = await beginLink(google, attacker.accessToken);
    const victim = somebody();
    // The victim agrees; the handoff is in the victim's browser, and the attacker has the verifier alone.
    await agree(google, flow, victim);
    expect(await codeOf(await complete(attacker.accessToken, `hof_${"A".repeat(43)}`, flow.verifier))).toBe("gone");
    expect((await signIn(google, victim)).status).toBe(200);
  });

  it("refuses an identity that opens another account, in whatever region", async () => {
    const [near, far] = await Promise.all([registerPerson("eu"), registerPerson("us")]);
    const who = somebody();
    expect((await link(google, near, who)).status).toBe(201);
    const refused = await link(google, far, who);
    expect([refused.status, await codeOf(refused)]).toEqual([409, "conflict"]);
    expect(await identities(far.accessToken)).toEqual([]);
    expect(tokensSchema.parse(await (await signIn(google, who)).json()).person.id).toBe(near.person.id);
  });

  it("of one identity by two people at once succeeds for one", async () => {
    const [one, other] = await Promise.all([registerPerson("eu"), registerPerson("us")]);
    const who = somebody();
    const answers = await Promise.all([link(google, one, who), link(google, other, who)]);
    expect(answers.map(({ status }) => status).toSorted()).toEqual([201, 409]);
  });

  it("takes one account of each provider", async () => {
    const owner = await registerPerson("eu");
    expect((await link(google, owner, somebody())).status).toBe(201);
    expect((await link(apple, owner, somebody())).status).toBe(201);
    const body = { challenge: "A".repeat(43), returnTo: "https://app.meridian.test/" };
    expect(await codeOf(await send("POST", "/v1/me/identities/google", body, bearer(owner.accessToken)))).toBe("conflict");
    expect((await identities(owner.accessToken)).map(({ provider }) => provider)).toEqual(["google", "apple"]);
  });

  it("is completed by repeating it where the call was cut off after the directory", async () => {
    const owner = await registerPerson("eu");
    const who = somebody();
    expect((await link(google, owner, who)).status).toBe(201);
    // What a cut leaves behind: the directory's row without the region's.
    await regional(env, "eu").records.prepare("delete from identities where person_id = ?").bind(owner.person.id).run();
    expect((await signIn(google, who)).status).toBe(200);
    const stranger = await registerPerson("eu");
    expect((await link(google, stranger, who)).status).toBe(409);
    expect((await link(google, owner, who)).status).toBe(201);
    expect(tokensSchema.parse(await (await signIn(google, who)).json()).person.id).toBe(owner.person.id);
  });

  it("leaves a claim that leads nowhere to the next, after a minute", async () => {
    const owner = await registerPerson("eu");
    const who = somebody();
    expect((await link(google, owner, who)).status).toBe(201);
    await regional(env, "eu").records.prepare("delete from identities where person_id = ?").bind(owner.person.id).run();
    later(61_000);
    const stranger = await registerPerson("us");
    expect((await link(google, stranger, who)).status).toBe(201);
    expect(tokensSchema.parse(await (await signIn(google, who)).json()).person.id).toBe(stranger.person.id);
  });
});

describe("unlinking", () => {
  it("closes the way in, ends other sessions, and is told by letter", async () => {
    const owner = await registerPerson("eu");
    const who = somebody();
    await link(google, owner, who);
    const other = await signInAgain(owner);
    expect((await owner.fetch("/v1/me/identities/google", { method: "DELETE" })).status).toBe(204);
    expect(await codeOf(await fetchApp("/v1/me", { headers: bearer(other) }))).toBe("session_ended");
    expect(await identities(owner.accessToken)).toEqual([]);
    expect(await letterTo(owner.email, "way to sign in was removed")).toContain("removed");
    expect((await signIn(google, who)).status).toBe(200);
    expect((await env.DIRECTORY.prepare("select 1 from identities where person_id = ?").bind(owner.person.id).all()).results).toEqual([]);
    expect((await owner.fetch("/v1/me/identities/google", { method: "DELETE" })).status).toBe(404);
    const next = await registerPerson("us");
    expect((await link(google, next, who)).status).toBe(201);
  });

  it("does not take away the last way in, and neither does removing the last passkey", async () => {
    const { accessToken } = await fromGoogle();
    const unlink = async () => await fetchApp("/v1/me/identities/google", { method: "DELETE", headers: bearer(accessToken) });
    expect([(await unlink()).status, (await identities(accessToken)).length]).toEqual([409, 1]);
    // An authenticator app alone lets nobody in.
    await addTotp(accessToken);
    expect((await unlink()).status).toBe(409);
    const options = z
      .looseObject({ challenge: z.string(), user: z.looseObject({ id: z.string() }) })
      .parse(await (await send("POST", "/v1/me/passkeys/challenges", undefined, bearer(accessToken))).json());
    const response = await (await Authenticator.make(ORIGIN)).create(options);
    const added = await send("POST", "/v1/me/passkeys", { name: "Telephone", response }, bearer(accessToken));
    const { id } = z.object({ id: z.string() }).parse(await added.json());
    expect((await unlink()).status).toBe(204);
    const removed = await fetchApp(`/v1/me/passkeys/${id}`, { method: "DELETE", headers: bearer(accessToken) });
    expect([removed.status, await codeOf(removed)]).toEqual([409, "conflict"]);
  });

  it("of both providers at once leaves one", async () => {
    const { accessToken } = await fromGoogle();
    expect((await link(apple, { accessToken }, somebody())).status).toBe(201);
    const answers = await Promise.all(
      ["google", "apple"].map((id) => fetchApp(`/v1/me/identities/${id}`, { method: "DELETE", headers: bearer(accessToken) })),
    );
    expect(answers.map(({ status }) => status).toSorted()).toEqual([204, 409]);
    expect(await identities(accessToken)).toHaveLength(1);
  });

  it("ends a sign-in that waits for its second half", async () => {
    const owner = await registerPerson("eu");
    const who = somebody();
    await link(google, owner, who);
    const secret = await addTotp(owner.accessToken);
    const half = await signIn(google, who);
    const { challenge } = z.object({ challenge: z.string() }).parse(await half.json());
    expect((await owner.fetch("/v1/me/identities/google", { method: "DELETE" })).status).toBe(204);
    expect((await send("POST", "/v1/sessions/challenges", { challenge, code: await codeNow(secret) })).status).toBe(401);
  });
});

describe("a second factor", () => {
  it("stays in force: a provider is half a sign-in, and tokens say how it was completed", async () => {
    const { accessToken, who } = await fromGoogle();
    const secret = await addTotp(accessToken);
    const half = await signIn(google, who);
    expect(half.status).toBe(401);
    const { code, challenge } = z.object({ code: z.string(), challenge: z.string() }).parse(await half.json());
    expect(code).toBe("mfa_required");
    const whole = await send("POST", "/v1/sessions/challenges", { challenge, code: await codeNow(secret) });
    expect(whole.status).toBe(201);
    const token = tokensSchema.parse(await whole.json()).tokens.accessToken;
    // The app's code is new, the proof at the provider is not: nobody has said when that was.
    expect(await codeOf(await fetchApp("/v1/me/totp", { method: "DELETE", headers: bearer(token) }))).toBe("step_up_required");
    const claims = z
      .object({ amr: z.array(z.string()), acr: z.string() })
      .parse(JSON.parse(atob((token.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/"))));
    expect(claims).toEqual({ amr: ["fed", "otp", "mfa"], acr: "aal2" });
  });
});

describe("proving anew at a provider", () => {
  const beginProof = async (token: string) => await beginAt("/v1/sessions/step-up/providers/google", bearer(token));
  const prove = async (token: string, handoff: string, verifier: string, more: Record<string, string> = {}) =>
    await send("POST", "/v1/sessions/step-up/providers", { handoff, verifier, ...more }, bearer(token));
  const now = () => Math.floor(Date.now() / 1000);

  /** Somebody whose session is as fresh as their provider says. */
  async function comeBack(who: AtProvider): Promise<string> {
    return tokensSchema.parse(await (await signIn(google, who)).json()).tokens.accessToken;
  }

  it("is asked for, checked by auth_time, and opens what wants a fresh proof", async () => {
    const { who } = await fromGoogle();
    const token = await comeBack(who);
    expect(await codeOf(await send("POST", "/v1/me/totp", undefined, bearer(token)))).toBe("step_up_required");
    const flow = await beginProof(token);
    expect(Object.fromEntries(new URL(flow.authorizeUrl).searchParams)).toMatchObject({ max_age: "0" });
    const proven = await prove(token, await agree(google, flow, { ...who, auth_time: now() }), flow.verifier);
    expect(proven.status).toBe(200);
    const { accessToken } = z.object({ accessToken: z.string() }).parse(await proven.json());
    expect((await send("POST", "/v1/me/totp", undefined, bearer(accessToken))).status).toBe(201);
  });

  it("is enough for whoever has no password to export everything, and to ask for their erasure", async () => {
    const { who } = await fromGoogle();
    const token = await comeBack(who);
    const ask = async (bearerToken: string) => {
      const exported = await send("POST", "/v1/me/exports", undefined, bearer(bearerToken));
      const erased = await send("DELETE", "/v1/me", undefined, bearer(bearerToken));
      return [exported.status, erased.status];
    };
    expect(await ask(token)).toEqual([403, 403]);
    const flow = await beginProof(token);
    const proven = await prove(token, await agree(google, flow, { ...who, auth_time: now() }), flow.verifier);
    const { accessToken } = z.object({ accessToken: z.string() }).parse(await proven.json());
    expect(await ask(accessToken)).toEqual([202, 202]);
  });

  it.each([
    ["does not say when", undefined],
    ["says that it was an hour ago", 3_600],
  ])("counts for nothing where the provider %s", async (_what, ago) => {
    const { who } = await fromGoogle();
    const token = await comeBack(who);
    const flow = await beginProof(token);
    const said = ago === undefined ? {} : { auth_time: now() - ago };
    const response = await prove(token, await agree(google, flow, { ...who, ...said }), flow.verifier);
    expect([response.status, await codeOf(response)]).toEqual([403, "step_up_required"]);
  });

  it("is not done by somebody else's identity, in another session, or with a handoff for signing in", async () => {
    const { who } = await fromGoogle();
    const [token, other] = [await comeBack(who), await comeBack(who)];
    const wrong = await beginProof(token);
    const stranger = await agree(google, wrong, { ...somebody(), auth_time: now() });
    expect(await codeOf(await prove(token, stranger, wrong.verifier))).toBe("invalid_credentials");
    const flow = await beginProof(token);
    expect(await codeOf(await prove(other, await agree(google, flow, { ...who, auth_time: now() }), flow.verifier))).toBe("gone");
    const signingIn = await beginAt("/v1/sessions/providers/google");
    const handoff = await agree(google, signingIn, { ...who, auth_time: now() });
    expect(await codeOf(await prove(token, handoff, signingIn.verifier))).toBe("gone");
  });

  it("wants the second factor as well, and a missing code leaves the handoff", async () => {
    const { accessToken, who } = await fromGoogle();
    const secret = await addTotp(accessToken);
    const flow = await beginProof(accessToken);
    const handoff = await agree(google, flow, { ...who, auth_time: now() });
    expect(await codeOf(await prove(accessToken, handoff, flow.verifier))).toBe("mfa_required");
    expect((await prove(accessToken, handoff, flow.verifier, { code: await codeNow(secret) })).status).toBe(200);
  });

  it("is offered for linked providers alone", async () => {
    const owner = await registerPerson("eu");
    const body = { challenge: "A".repeat(43), returnTo: "https://app.meridian.test/" };
    expect((await send("POST", "/v1/sessions/step-up/providers/google", body, bearer(owner.accessToken))).status).toBe(404);
    // A password that nobody has proves nothing, and says what does.
    const { accessToken } = await fromGoogle();
    const refused = await send("POST", "/v1/sessions/step-up", { password: "!" }, bearer(accessToken));
    expect(await refused.json()).toMatchObject({ code: "invalid_credentials", detail: expect.stringContaining("no password") });
  });
});

describe("somebody who registered with a stranger's address", () => {
  it("does not come back by what they left behind once the owner of the mailbox takes the account", async () => {
    const owner = await registerPerson("eu");
    const attacker = somebody();
    expect((await link(google, owner, attacker)).status).toBe(201);
    await send("POST", "/v1/password-resets", { email: owner.email });
    const token = /^rst_\S+$/m.exec(await letterTo(owner.email, "new password"))?.[0] ?? "";
    const password = "a longer sentence is better";
    expect((await send("POST", "/v1/password-resets/completions", { token, password })).status).toBe(204);
    // Unknown again: the identity leads to a registration of its own.
    expect((await signIn(google, attacker)).status).toBe(200);
    const { tokens } = tokensSchema.parse(await (await send("POST", "/v1/sessions", { email: owner.email, password })).json());
    expect(await identities(tokens.accessToken)).toEqual([]);
  });
});

describe("what is kept of a person", () => {
  it("goes with the person in the region, and is found by their id in the directory", async () => {
    const { id } = await fromGoogle();
    const { records } = regional(env, "eu");
    await records.prepare("delete from people where id = ?").bind(id).run();
    expect((await records.prepare("select 1 from identities where person_id = ?").bind(id).all()).results).toEqual([]);
    const plans = await Promise.all(
      [
        env.DIRECTORY.prepare("explain query plan select * from identities where person_id = ?").bind(id),
        env.DIRECTORY.prepare("explain query plan select * from sign_in_flows where person_id = ?").bind(id),
        env.DIRECTORY.prepare("explain query plan select * from identities where identity_hash in (select value from json_each(?))").bind(
          "[]",
        ),
        env.DIRECTORY.prepare("explain query plan delete from sign_in_flows where handoff_hash = ? and expires_at > ?").bind("a", 0),
        records.prepare("explain query plan select * from identities where person_id = ? and provider = ?").bind(id, "google"),
      ].map(async (statement) => (await statement.all<{ detail: string }>()).results.map(({ detail }) => detail).join("; ")),
    );
    for (const plan of plans) expect(plan).not.toMatch(/SCAN (?!json_each)/);
  });
});
