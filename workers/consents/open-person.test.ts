import { env } from "cloudflare:workers";
import { afterEach, describe, expect, test, vi } from "vitest";
import { holdRoles, proveSecondFactor, registerPerson, type RegisteredPerson, send } from "../../test/people";
import { regional, vaultOf } from "../regional";

afterEach(() => {
  vi.useRealTimers();
});

const read = async (reader: RegisteredPerson, owner: RegisteredPerson) =>
  (await reader.fetch(`/v1/people/${owner.person.id}/metrics`)).status;

/** Somebody who shares their vitals with a reader in a role, and that reader, who has read them once. */
async function shared(role: "user" | "clinician" = "user") {
  const [owner, reader] = await Promise.all([registerPerson("eu"), registerPerson("us")]);
  await holdRoles(reader, role === "user" ? ["user"] : ["user", role]);
  await proveSecondFactor(reader);
  const terms = {
    grantee: { kind: "person", id: reader.person.id },
    role,
    categories: ["vitals"],
    actions: ["read"],
    purpose: role === "user" ? "personal" : "care",
  };
  const given = await send("POST", "/v1/me/consents", terms, { authorization: `Bearer ${owner.accessToken}` });
  expect([given.status, await read(reader, owner)]).toEqual([201, 200]);
  return { owner, reader, records: regional(env, "us").records };
}

/** What nothing in the product does behind the back of a vault. */
const dropSessions = async (records: D1Database, { person }: RegisteredPerson) =>
  await records.prepare("update sessions set revoked_at = 1 where person_id = ?").bind(person.id).run();

describe("A person who reads somebody else's data", () => {
  test("is looked up once a minute, where nothing could be taken from them", async () => {
    const { owner, reader, records } = await shared();
    await dropSessions(records, reader);
    expect(await read(reader, owner)).toBe(200);
    vi.useFakeTimers({ now: Date.now() + 61_000, toFake: ["Date"] });
    expect(await read(reader, owner)).toBe(401);
  });

  test("is looked up every time in a role that can be taken", async () => {
    const [first, second] = [await shared("clinician"), await shared("clinician")];
    await dropSessions(first.records, first.reader);
    expect(await read(first.reader, first.owner)).toBe(401);
    await second.records.prepare(`update people set roles = '["user"]' where id = ?`).bind(second.reader.person.id).run();
    expect(await read(second.reader, second.owner)).toBe(404);
  });

  test("is refused with the next call after signing out", async () => {
    const { owner, reader } = await shared();
    expect((await reader.fetch("/v1/sessions/current", { method: "DELETE" })).status).toBe(204);
    expect(await read(reader, owner)).toBe(401);
  });

  test("is remembered for the people they have read, and for nobody else", async () => {
    const { owner, reader, records } = await shared();
    const other = await registerPerson("eu");
    await dropSessions(records, reader);
    expect([await read(reader, other), await read(reader, owner)]).toEqual([401, 200]);
  });

  test("is not remembered by what the records said before their roles changed", async () => {
    const { owner, reader } = await shared();
    const vault = vaultOf(env, reader.person.id);
    const actor = { kind: "person", person: reader.person.id, session: sessionOf(reader) } as const;
    await vault.rolesChanged();
    const before = await vault.recallReader(actor, owner.person.id);
    await vault.rolesChanged();
    if (before === undefined || before === "ended") throw new TypeError("the vault is open");
    await vault.learnReader(actor, owner.person.id, Date.now() + 60_000, before.epoch);
    expect(await vault.recallReader(actor, owner.person.id)).toMatchObject({ isKnown: false });
  });

  test("is looked up in the records where their own vault does not answer for them", async () => {
    const { owner, reader } = await shared();
    const stranger = { kind: "person", person: owner.person.id, session: sessionOf(owner) } as const;
    expect(await vaultOf(env, reader.person.id).recallReader(stranger, owner.person.id)).toBeUndefined();
  });
});

/** The session that a token is of. */
function sessionOf({ accessToken }: RegisteredPerson) {
  const claims: { sid: `ses_${string}` } = JSON.parse(atob(accessToken.split(".")[1]!.replaceAll("-", "+").replaceAll("_", "/")));
  return claims.sid as Parameters<ReturnType<typeof vaultOf>["revokeSession"]>[0];
}
