import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it, vi } from "vitest";
import * as z from "zod";
import { freshPassword, registerPerson, type RegisteredPerson, send } from "../../test/people";
import { parseId } from "../../shared/id";
import { regional, vaultOf } from "../regional";

afterEach(() => {
  vi.useRealTimers();
});

const signedInSchema = z.object({ tokens: z.object({ accessToken: z.string(), refreshToken: z.string() }) });

const change = async (accessToken: string, body: unknown) =>
  await send("PUT", "/v1/me/password", body, { authorization: `Bearer ${accessToken}` });

const signIn = async ({ email }: RegisteredPerson, password: string) => await send("POST", "/v1/sessions", { email, password });

const tokensOf = async (response: Response) => signedInSchema.parse(await response.json()).tokens;

const later = (minutes: number) => vi.useFakeTimers({ now: Date.now() + minutes * 60_000, toFake: ["Date"] });

async function refreshed(refreshToken: string) {
  return await tokensOf(await send("POST", "/v1/sessions/refresh", { refreshToken }));
}

describe("a changed password", () => {
  it("is the one that counts, and ends every other session at once, at the vault too", async () => {
    const owner = await registerPerson("us");
    const other = await tokensOf(await signIn(owner, owner.password));
    const newPassword = freshPassword();
    expect((await change(owner.accessToken, { currentPassword: owner.password, newPassword })).status).toBe(204);
    expect((await signIn(owner, owner.password)).status).toBe(401);
    expect((await signIn(owner, newPassword)).status).toBe(201);
    expect((await owner.fetch("/v1/me")).status).toBe(200);
    expect((await send("GET", "/v1/me", undefined, { authorization: `Bearer ${other.accessToken}` })).status).toBe(401);
    expect((await send("POST", "/v1/sessions/refresh", { refreshToken: other.refreshToken })).status).toBe(401);
    const { sid } = z.object({ sid: z.string() }).parse(JSON.parse(atob(other.accessToken.split(".")[1] ?? "")));
    const session = parseId("session", sid);
    if (session === undefined) throw new TypeError("not a session");
    const atVault = async (): Promise<void> =>
      await vaultOf(env, owner.person.id).admit({ kind: "person", person: owner.person.id, session });
    await expect(atVault()).rejects.toMatchObject({ code: "session_ended" });
  });

  it("needs the present one when the sign-in is longer ago", async () => {
    const owner = await registerPerson();
    expect((await change(owner.accessToken, { newPassword: freshPassword() })).status).toBe(204);
    later(6);
    const { accessToken } = await refreshed(owner.refreshToken);
    const response = await change(accessToken, { newPassword: freshPassword() });
    expect([response.status, await response.json()]).toMatchObject([403, { code: "step_up_required" }]);
  });

  it("is not taken with a wrong present one, and guessing at it locks the account everywhere", async () => {
    const owner = await registerPerson();
    const guesses = await Promise.all(
      Array.from({ length: 11 }, () => change(owner.accessToken, { currentPassword: "a wrong guess", newPassword: freshPassword() })),
    );
    expect(guesses.map(({ status }) => status).toSorted()).toEqual([...Array.from({ length: 10 }, () => 422), 429]);
    expect((await signIn(owner, owner.password)).status).toBe(429);
  });

  it.each(["short", "password123", "Meridian-for-ever"])("cannot be %s", async (newPassword) => {
    const owner = await registerPerson();
    const response = await change(owner.accessToken, { currentPassword: owner.password, newPassword });
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({ errors: [{ pointer: "/newPassword" }] });
  });

  it("cannot contain the address, which is kept sealed", async () => {
    const owner = await registerPerson();
    const { records } = regional(env, "eu");
    await vi.waitFor(async () => {
      const kept = await records
        .prepare("select 1 from credentials where person_id = ? and sealed_email is not null")
        .bind(owner.person.id)
        .first();
      expect(kept).not.toBeNull();
    });
    const [localPart = ""] = owner.email.split("@");
    const response = await change(owner.accessToken, { currentPassword: owner.password, newPassword: `${localPart.toUpperCase()}-7!` });
    expect([response.status, await response.json()]).toMatchObject([422, { errors: [{ code: "contains_context" }] }]);
  });

  it("is chosen once where two are chosen at the same time", async () => {
    const owner = await registerPerson();
    const chosen = [freshPassword(), freshPassword()];
    const answers = await Promise.all(
      chosen.map((newPassword) => change(owner.accessToken, { currentPassword: owner.password, newPassword })),
    );
    const done = answers.filter(({ status }) => status === 204);
    expect(done.length).toBe(1);
    const works = await Promise.all(chosen.map(async (password) => (await signIn(owner, password)).status));
    expect(works.toSorted()).toEqual([201, 401]);
  });
});

describe("the roles of a person", () => {
  const hold = async ({ person }: RegisteredPerson, ...roles: string[]) =>
    await regional(env, person.region)
      .records.prepare("update people set roles = ? where id = ?")
      .bind(JSON.stringify(roles), person.id)
      .run();

  it("shorten their sessions from the next refresh on: 15 minutes without one, 12 hours in all", async () => {
    const owner = await registerPerson();
    await hold(owner, "user", "trainer");
    let { refreshToken } = await refreshed(owner.refreshToken);
    later(14);
    ({ refreshToken } = await refreshed(refreshToken));
    later(16);
    expect((await send("POST", "/v1/sessions/refresh", { refreshToken })).status).toBe(401);
    vi.useRealTimers();
    let tokens = await tokensOf(await signIn(owner, owner.password));
    for (let i = 0; i < 51; i++) {
      later(14);
      tokens = await refreshed(tokens.refreshToken);
    }
    later(10);
    expect((await send("POST", "/v1/sessions/refresh", { refreshToken: tokens.refreshToken })).status).toBe(401);
  });

  it("leave somebody who is here for themselves 14 days", async () => {
    const owner = await registerPerson();
    later(13.9 * 24 * 60);
    const { refreshToken } = await refreshed(owner.refreshToken);
    later(14.1 * 24 * 60);
    expect((await send("POST", "/v1/sessions/refresh", { refreshToken })).status).toBe(401);
  });

  it("end their sessions where one of them is not known", async () => {
    const owner = await registerPerson();
    await hold(owner, "user", "emperor");
    expect((await send("POST", "/v1/sessions/refresh", { refreshToken: owner.refreshToken })).status).toBe(401);
  });
});
