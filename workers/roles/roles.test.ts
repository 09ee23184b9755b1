import { env } from "cloudflare:workers";
import { afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import * as z from "zod";
import { newId } from "../../shared/id";
import type { Role } from "../../shared/roles";
import { fetchApp, holdRoles, proveSecondFactor, registerPerson, type RegisteredPerson, send } from "../../test/people";
import { somebody } from "../../test/staff";
import { regional } from "../regional";
import { listSecurityEvents, securityPorts } from "../security";
import { SET_ROLES } from "./set-roles";

afterEach(() => {
  vi.useRealTimers();
});

const heldSchema = z.strictObject({ person: z.string(), roles: z.array(z.string()) });
const logSchema = z.object({ items: z.array(z.looseObject({ actor: z.object({ id: z.string() }), reason: z.string() })) });
const pathOf = ({ person }: Pick<RegisteredPerson, "person">) => `/v1/admin/people/${person.id}/roles`;

const put = async (who: RegisteredPerson, whose: Pick<RegisteredPerson, "person">, roles: readonly string[], ifMatch?: string) =>
  await who.fetch(pathOf(whose), {
    method: "PUT",
    headers: { "content-type": "application/json", ...(ifMatch !== undefined && { "if-match": ifMatch }) },
    body: JSON.stringify({ roles }),
  });

/** Sets roles as an administrator does: reads, and sends the tag of what was read. */
async function set(admin: RegisteredPerson, whose: Pick<RegisteredPerson, "person">, roles: readonly Role[]): Promise<Response> {
  const etag = (await admin.fetch(pathOf(whose))).headers.get("etag") ?? "";
  return await put(admin, whose, roles, etag);
}

const logOf = async (person: RegisteredPerson, query: string) =>
  logSchema.parse(await (await person.fetch(`/v1/me/access-log?${query}`)).json()).items;
const codeOf = async (response: Response) => z.object({ code: z.string() }).parse(await response.json()).code;
const storedOf = async ({ person }: RegisteredPerson) =>
  await regional(env, person.region).records.prepare("select roles from people where id = ?").bind(person.id).first<string>("roles");

async function administrator(region: RegisteredPerson["person"]["region"] = "eu"): Promise<RegisteredPerson> {
  const admin = await registerPerson(region);
  await holdRoles(admin, ["user", "admin"]);
  await proveSecondFactor(admin);
  return admin;
}

let admin: RegisteredPerson;
let person: RegisteredPerson;

beforeAll(async () => {
  [admin, person] = await Promise.all([administrator(), registerPerson("eu")]);
});

describe("an administrator", () => {
  test("reads and sets roles, which count for the very next request and make sessions short", async () => {
    const read = await admin.fetch(pathOf(person));
    expect([read.status, heldSchema.parse(await read.json())]).toEqual([200, { person: person.person.id, roles: ["user"] }]);
    const written = await put(admin, person, ["trainer", "user"], read.headers.get("etag") ?? "");
    expect([written.status, await written.json()]).toEqual([200, { person: person.person.id, roles: ["user", "trainer"] }]);
    expect(z.looseObject({ roles: z.array(z.string()) }).parse(await (await person.fetch("/v1/me")).json()).roles).toEqual([
      "user",
      "trainer",
    ]);
    const refreshed = await send("POST", "/v1/sessions/refresh", { refreshToken: person.refreshToken });
    expect(refreshed.status).toBe(200);
    const row = await regional(env, "eu")
      .records.prepare(
        "select idle_expiry - last_used_at as idle, absolute_expiry - created_at as absolute from sessions where person_id = ?",
      )
      .bind(person.person.id)
      .first<{ idle: number; absolute: number }>();
    expect(row).toEqual({ idle: 15 * 60_000, absolute: 12 * 3_600_000 });
    expect((await set(admin, person, ["user"])).status).toBe(200);
  });

  test("is in the region's security events once, with both ids and the roles", async () => {
    const person = await somebody("eu");
    expect((await set(admin, person, ["user", "trainer"])).status).toBe(200);
    expect((await set(admin, person, ["user", "trainer"])).status, "nothing changes").toBe(200);
    const events = await listSecurityEvents(securityPorts(env, "eu", Date.now), undefined, 100);
    const about = events.filter(({ detail }) => detail["person"] === person.person.id);
    expect(about).toMatchObject([
      { kind: "role_changed", actor: admin.person.id, detail: { person: person.person.id, roles: "user trainer" } },
    ]);
  });

  test("is seen by the person: in a letter, and in their access log by name, reason and what it was about", async () => {
    const told = await registerPerson("eu");
    await vi.waitFor(async () => {
      const { records } = regional(env, "eu");
      const kept = await records
        .prepare("select 1 from credentials where person_id = ? and sealed_email is not null")
        .bind(told.person.id)
        .first();
      expect(kept).not.toBeNull();
    });
    expect((await set(admin, told, ["user", "clinician"])).status).toBe(200);
    const [set_, read] = await logOf(told, `actor=${admin.person.id}`);
    expect(set_).toMatchObject({
      action: "manage",
      resource: "role",
      about: ["user", "clinician"],
      purpose: "administration",
      reason: "role",
    });
    expect(read).toMatchObject({ action: "read", resource: "role", outcome: "allowed" });
    await vi.waitFor(async () => {
      const outbox = await (await fetchApp(`/v1/dev/outbox?to=${encodeURIComponent(told.email)}`)).text();
      expect(outbox).toContain("Your roles were changed");
    });
  });

  test("needs a second factor, and a proof of the last five minutes", async () => {
    const plain = await administrator();
    await proveSecondFactor(plain, "aal1");
    const refused = await plain.fetch(pathOf(person));
    expect([refused.status, await codeOf(refused)]).toEqual([403, "step_up_required"]);
    expect((await put(plain, person, ["user", "admin"], '"user"')).status).toBe(403);
    await proveSecondFactor(plain);
    vi.useFakeTimers({ now: Date.now() + 310_000, toFake: ["Date"] });
    const refreshed = await send("POST", "/v1/sessions/refresh", { refreshToken: plain.refreshToken });
    const { tokens } = z.object({ tokens: z.object({ accessToken: z.string() }) }).parse(await refreshed.json());
    const headers = { authorization: `Bearer ${tokens.accessToken}` };
    expect((await fetchApp(pathOf(person), { headers })).status).toBe(403);
    const stale = await send("PUT", pathOf(person), { roles: ["user", "admin"] }, { ...headers, "if-match": '"user"' });
    expect([stale.status, await codeOf(stale)]).toEqual([403, "step_up_required"]);
    expect(await storedOf(person)).toBe('["user"]');
  });

  test("of another region is nobody here", async () => {
    const far = await administrator("us");
    expect((await far.fetch(pathOf(person))).status).toBe(404);
    expect((await put(far, person, ["user", "admin"], '"user"')).status).toBe(404);
    expect(await storedOf(person)).toBe('["user"]');
  });

  test("changes nothing that was changed meanwhile, and nothing without saying what was read", async () => {
    expect([(await put(admin, person, ["user", "partner"], '"user.trainer"')).status, await storedOf(person)]).toEqual([412, '["user"]']);
    expect((await put(admin, person, ["user", "partner"])).status).toBe(422);
    const both = await Promise.all([put(admin, person, ["user", "trainer"], '"user"'), put(admin, person, ["user", "partner"], '"user"')]);
    expect(both.map(({ status }) => status).toSorted()).toEqual([200, 412]);
    await set(admin, person, ["user"]);
  });

  test.each([[["owner"]], [["user", "user"]], [[]], [["trainer"]], ["user"]])("cannot set %j", async (roles) => {
    expect((await put(admin, person, roles as string[], '"user"')).status).toBe(422);
  });

  test("sees no health data by it", async () => {
    expect((await admin.fetch(`/v1/people/${person.person.id}/metrics`)).status).toBe(404);
  });
});

describe("everybody else", () => {
  test("finds nobody there, whatever they hold, themselves included, and it is in the log", async () => {
    const other = await registerPerson("eu");
    await holdRoles(other, ["user", "moderator", "clinician", "partner"]);
    await proveSecondFactor(other);
    const nobody = newId("person", "eu", Date.now());
    for (const id of [person.person.id, other.person.id, nobody, "per_eu_x"]) {
      const path = `/v1/admin/people/${id}/roles`;
      expect((await other.fetch(path)).status === 404 || id === other.person.id, path).toBe(true);
      const body = JSON.stringify({ roles: ["user", "admin"] });
      const headers = { "content-type": "application/json", "if-match": '"user"' };
      expect((await other.fetch(path, { method: "PUT", headers, body })).status, path).toBe(404);
    }
    expect(await storedOf(other)).not.toContain("admin");
    expect((await logOf(person, `actor=${other.person.id}&outcome=denied`)).map(({ reason }) => reason)).toEqual([
      "role_not_held",
      "role_not_held",
    ]);
  });
});

describe("the last administrator of a region", () => {
  test("keeps the role, however many ask at once", async () => {
    const { records } = regional(env, "ap");
    await records.prepare(`update people set roles = '["user"]' where instr(roles, '"admin"') > 0`).run();
    const [one, two] = await Promise.all([administrator("ap"), administrator("ap")]);
    const answers = await Promise.all([set(one, one, ["user"]), set(two, two, ["user"])]);
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 409]);
    const { results } = await records.prepare(`select id from people where instr(roles, '"admin"') > 0`).all();
    expect(results).toHaveLength(1);
  });

  test("is looked for among administrators alone", async () => {
    const { results } = await regional(env, "eu")
      .records.prepare(`explain query plan ${SET_ROLES}`)
      .bind("per_eu_x", "[]", "[]", 0)
      .all<{ detail: string }>();
    const plan = results.map(({ detail }) => detail).join("\n");
    expect(plan).toContain("people_admins");
    expect(plan).not.toMatch(/SCAN (?:people|other)(?! USING (?:COVERING )?INDEX people_admins)/);
  });
});
