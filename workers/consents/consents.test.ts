import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test, vi } from "vitest";
import * as z from "zod";
import { newId, parseId } from "../../shared/id";
import { fetchApp, holdRoles, registerPerson, type RegisteredPerson, send } from "../../test/people";
import { regional, vaultOf } from "../regional";

const consentSchema = z.object({
  id: z.string(),
  version: z.number(),
  grantee: z.object({ kind: z.string(), id: z.string() }),
  role: z.string(),
  categories: z.array(z.string()),
  actions: z.array(z.string()),
  purpose: z.string(),
  from: z.string(),
  until: z.string().nullable(),
  state: z.string(),
  changedAt: z.string(),
  receipt: z.string(),
});
const listSchema = z.object({ items: z.array(consentSchema), next: z.string().nullable() });
const sharedSchema = z.object({
  items: z.array(
    z.object({
      person: z.object({ id: z.string(), name: z.string(), region: z.string() }),
      consents: z.array(z.looseObject({ id: z.string() })),
    }),
  ),
  next: z.string().nullable(),
});
const faultSchema = z.object({ code: z.string(), errors: z.array(z.object({ pointer: z.string(), code: z.string() })).optional() });

const call = async (person: RegisteredPerson, method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
  await person.fetch(path, {
    method,
    headers: { ...headers, ...(body !== undefined && { "content-type": "application/json" }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });

const terms = (grantee: string, change: object = {}) => ({
  grantee: { kind: "person", id: grantee },
  role: "user",
  categories: ["vitals"],
  actions: ["read"],
  purpose: "personal",
  ...change,
});

async function give(owner: RegisteredPerson, grantee: RegisteredPerson, change: object = {}) {
  const response = await call(owner, "POST", "/v1/me/consents", terms(grantee.person.id, change));
  expect(response.status).toBe(201);
  return consentSchema.parse(await response.json());
}

async function fault(response: Response, status: number) {
  expect(response.status).toBe(status);
  return faultSchema.parse(await response.json());
}

const sharedWith = async (person: RegisteredPerson, query = "") =>
  sharedSchema.parse(await (await person.fetch(`/v1/me/shared-with-me${query}`)).json());

const [owner, friend, stranger] = await Promise.all([registerPerson("eu", { name: "Olga" }), registerPerson("us"), registerPerson("eu")]);

describe("a consent", () => {
  test("is given, read, changed, taken back, and remembers every version with its receipt", async () => {
    const given = await call(owner, "POST", "/v1/me/consents", terms(friend.person.id));
    expect(given.headers.get("etag")).toBe('"1"');
    const first = consentSchema.parse(await given.json());
    const path = given.headers.get("location") ?? "";
    expect(path).toBe(`/v1/me/consents/${first.id}`);
    expect(first).toMatchObject({ version: 1, state: "active", until: null, categories: ["vitals"] });
    expect(await (await owner.fetch(path)).json()).toEqual(first);

    const changed = await call(owner, "PATCH", path, { categories: ["vitals", "sleep"] }, { "if-match": '"1"' });
    expect(changed.headers.get("etag")).toBe('"2"');
    expect(consentSchema.parse(await changed.json())).toMatchObject({ version: 2, categories: ["vitals", "sleep"], from: first.from });
    expect((await fault(await call(owner, "PATCH", path, { actions: ["read"] }, { "if-match": '"1"' }), 412)).code).toBe(
      "precondition_failed",
    );
    expect((await call(owner, "DELETE", path, undefined, { "if-match": '"1"' })).status).toBe(412);

    expect((await call(owner, "DELETE", path)).status).toBe(204);
    expect((await call(owner, "DELETE", path)).status).toBe(204);
    expect((await fault(await call(owner, "PATCH", path, { actions: ["read"] }), 409)).code).toBe("conflict");
    const history = listSchema.parse(await (await owner.fetch(`${path}/history`)).json());
    expect(history.items.map(({ version, state }) => [version, state])).toEqual([
      [3, "revoked"],
      [2, "active"],
      [1, "active"],
    ]);
    expect(history.items[2]).toEqual(first);
    const newest = listSchema.parse(await (await owner.fetch(`${path}/history?limit=2`)).json());
    const oldest = listSchema.parse(await (await owner.fetch(`${path}/history?limit=2&cursor=${newest.next ?? ""}`)).json());
    expect([[...newest.items, ...oldest.items], oldest.next]).toEqual([history.items, null]);
    expect(new Set(history.items.map(({ receipt }) => receipt)).size).toBe(3);
  });

  test("is proven by each of its receipts, for as long as its terms are what was agreed", async () => {
    const person = await registerPerson();
    const first = await give(person, friend);
    const path = `/v1/me/consents/${first.id}`;
    const second = consentSchema.parse(await (await call(person, "PATCH", path, { categories: ["sleep"] })).json());
    const prove = async (receipt: string) =>
      z.object({ proven: consentSchema.nullable() }).parse(await (await call(person, "POST", `${path}/proof`, { receipt })).json()).proven;
    expect([await prove(first.receipt), await prove(second.receipt)]).toEqual([first, second]);
    const other = await give(person, friend);
    for (const receipt of [other.receipt, `${first.receipt}x`, first.receipt.slice(2), "1.", "__proto__.x"])
      expect(await prove(receipt)).toBeNull();
    expect((await call(friend, "POST", `${path}/proof`, { receipt: first.receipt })).status).toBe(404);
    await runInDurableObject(vaultOf(env, person.person.id), (_vault, ctx) => {
      ctx.storage.sql.exec(`UPDATE consents SET categories = '["vitals","ecg"]' WHERE id = ? AND version = 1`, first.id);
    });
    expect([await prove(first.receipt), await prove(second.receipt)]).toEqual([null, second]);
  });

  test("is listed latest first, in pages", async () => {
    const person = await registerPerson();
    const ids: string[] = [];
    for (let i = 0; i < 3; i++) ids.unshift((await give(person, friend)).id);
    const page = listSchema.parse(await (await person.fetch("/v1/me/consents?limit=2")).json());
    const rest = listSchema.parse(await (await person.fetch(`/v1/me/consents?limit=2&cursor=${page.next}`)).json());
    expect([...page.items, ...rest.items].map(({ id }) => id).toSorted()).toEqual(ids.toSorted());
    expect(rest.next).toBeNull();
    expect((await stranger.fetch(`/v1/me/consents?cursor=${page.next}`)).status).toBe(422);
  });

  test("is given once under one idempotency key", async () => {
    const headers = { "idempotency-key": newId("ticket", "eu", Date.now()) };
    const ids = new Set<string>();
    for (let i = 0; i < 2; i++) {
      const response = await call(owner, "POST", "/v1/me/consents", terms(friend.person.id), headers);
      ids.add(consentSchema.parse(await response.json()).id);
    }
    expect(ids.size).toBe(1);
  });

  test.each<[string, object]>([
    ["/grantee/id", { grantee: { kind: "person", id: newId("person", "us", 1) } }],
    ["/grantee/id", { grantee: { kind: "person", id: owner.person.id } }],
    ["/grantee/kind", { grantee: { kind: "gym", id: "org" } }],
    ["/grantee/id", { grantee: { kind: "organisation", id: "org" } }],
    ["/grantee/id", { grantee: { kind: "organisation", id: newId("client", "eu", 1) } }],
    ["/grantee/id", { grantee: { kind: "organisation", id: newId("organisation", "eu", 1) } }],
    ["/grantee/id", { grantee: { kind: "app", id: newId("client", "us", 1) }, role: "partner" }],
    ["/role", { role: "admin" }],
    ["/role", { role: "gym_staff" }],
    ["/categories", { categories: [] }],
    ["/categories", { categories: ["vitals", "vitals"] }],
    ["/categories/0", { categories: ["*"] }],
    ["/categories", { role: "trainer", purpose: "coaching", categories: ["mental"] }],
    ["/actions", { actions: ["write"] }],
    ["/actions/0", { actions: ["delete"] }],
    ["/purpose", { purpose: "care" }],
    ["/purpose", { purpose: "emergency" }],
    ["/until", { until: "2020-01-01T00:00:00Z" }],
    ["/until", { from: "2030-01-01T00:00:00Z", until: "2029-01-01T00:00:00Z" }],
    ["/owner", { owner: stranger.person.id }],
    ["/state", { state: "active" }],
  ])("is refused, and leaves no trace, for its %s: %j", async (pointer, change) => {
    const before = await sharedWith(friend);
    const { errors } = await fault(await call(owner, "POST", "/v1/me/consents", terms(friend.person.id, change)), 422);
    expect(errors?.map((error) => error.pointer)).toContain(pointer);
    expect(await sharedWith(friend)).toEqual(before);
  });

  test("cannot be changed to more than its role allows", async () => {
    const { id } = await give(owner, friend);
    expect((await fault(await call(owner, "PATCH", `/v1/me/consents/${id}`, { actions: ["write"] }), 422)).errors?.[0]?.pointer).toBe(
      "/actions",
    );
    expect((await call(owner, "PATCH", `/v1/me/consents/${id}`, {})).status).toBe(422);
    expect((await call(owner, "PATCH", `/v1/me/consents/${id}`, { role: "clinician" })).status).toBe(422);
  });

  test("is nobody else's to see, change or take back", async () => {
    const { id } = await give(owner, friend);
    for (const person of [friend, stranger]) {
      expect((await person.fetch(`/v1/me/consents/${id}`)).status).toBe(404);
      expect((await person.fetch(`/v1/me/consents/${id}/history`)).status).toBe(404);
      expect((await call(person, "PATCH", `/v1/me/consents/${id}`, { actions: ["read"] })).status).toBe(404);
      expect((await call(person, "DELETE", `/v1/me/consents/${id}`)).status).toBe(404);
    }
    expect((await owner.fetch("/v1/me/consents/cns_eu_nothing")).status).toBe(404);
  });

  test("is in the log, with the request in which it was given", async () => {
    const person = await registerPerson();
    const requestId = "consent-request-1";
    const response = await call(person, "POST", "/v1/me/consents", terms(friend.person.id), { "x-request-id": requestId });
    const { id } = consentSchema.parse(await response.json());
    const log = z
      .object({ items: z.array(z.looseObject({ action: z.string(), about: z.array(z.string()), requestId: z.string().optional() })) })
      .parse(await (await person.fetch("/v1/me/access-log?action=manage")).json());
    expect(log.items).toHaveLength(1);
    expect(log.items[0]).toMatchObject({ about: [id], requestId, resource: "consent", outcome: "allowed" });
    expect(await (await person.fetch("/v1/me/access-log/verify")).json()).toMatchObject({ intact: true, fault: null });
  });
});

describe("the access log", () => {
  const logSchema = z.object({
    items: z.array(
      z.looseObject({
        action: z.string(),
        resource: z.string(),
        about: z.array(z.string()),
        session: z.string().optional(),
        requestId: z.string().optional(),
        actor: z.object({ kind: z.string(), id: z.string() }),
      }),
    ),
    next: z.string().nullable(),
  });
  const logOf = async (person: RegisteredPerson, query = "") =>
    logSchema.parse(await (await person.fetch(`/v1/me/access-log${query}`)).json());

  test("tells who signed in and out, in which session", async () => {
    const person = await registerPerson();
    const response = await send("POST", "/v1/sessions", { email: person.email, password: person.password });
    const { tokens } = z.object({ tokens: z.object({ accessToken: z.string() }) }).parse(await response.json());
    await fetchApp("/v1/sessions/current", { method: "DELETE", headers: { authorization: `Bearer ${tokens.accessToken}` } });
    const [signedIn] = (await logOf(person, "?action=sign_in")).items;
    const [signedOut] = (await logOf(person, "?action=sign_out")).items;
    expect(signedIn).toMatchObject({ actor: { kind: "person", id: person.person.id }, session: expect.stringMatching(/^ses_eu_/) });
    expect(signedOut?.about).toEqual([signedIn?.session]);
  });

  test("tells what somebody tried who did not prove to be the person", async () => {
    const person = await registerPerson();
    for (let i = 0; i < 2; i++) await send("POST", "/v1/sessions", { email: person.email, password: "a wrong guess" });
    await vi.waitFor(async () => expect((await logOf(person, "?action=sign_in&outcome=denied")).items).toHaveLength(2));
    const [line] = (await logOf(person, "?actor=unknown")).items;
    expect(line).toMatchObject({ actor: { kind: "unknown", id: "unknown" }, reason: "wrong_password", resource: "session" });
  });

  test("is filtered by resource, and by category with the metrics of it", async () => {
    const person = await registerPerson();
    for (const path of ["/v1/me/metrics/heart_rate", "/v1/me/metrics/steps", "/v1/me/sleep"]) await person.fetch(path);
    const categories = async (query: string) => (await logOf(person, query)).items.map(({ resource, about }) => [resource, ...about]);
    expect(await categories("?category=vitals")).toEqual([["metric", "heart_rate"]]);
    expect(await categories("?category=activity&resource=metric")).toEqual([["metric", "steps"]]);
    expect(await categories("?resource=sleep")).toEqual([["sleep"]]);
    const page = await logOf(person, "?resource=metric&limit=1");
    expect((await logOf(person, `?resource=metric&limit=1&cursor=${page.next}`)).items).toHaveLength(1);
    expect((await person.fetch(`/v1/me/access-log?category=vitals&limit=1&cursor=${page.next}`)).status).toBe(422);
    expect((await person.fetch("/v1/me/access-log?category=everything")).status).toBe(422);
  });

  test("has one line for each of the person's own reads, with its request", async () => {
    const person = await registerPerson();
    const paths = [
      "/v1/me/metrics",
      "/v1/me/metrics/heart_rate",
      "/v1/me/days/2026-11-20",
      "/v1/me/sleep",
      "/v1/me/workouts",
      "/v1/me/sources",
    ];
    const before = (await logOf(person)).items.length;
    const requests: string[] = [];
    for (const path of paths) requests.push((await person.fetch(path)).headers.get("x-request-id") ?? "");
    const { items } = await logOf(person);
    // The reading of the log itself, twice.
    expect(items.length).toBe(before + paths.length + 1);
    expect(items.slice(1, paths.length + 1).map(({ requestId }) => requestId)).toEqual(requests.toReversed());
  });

  test("is read in pages under its filters, and by nobody else", async () => {
    const person = await registerPerson();
    for (let i = 0; i < 5; i++) await person.fetch("/v1/me/metrics");
    const first = await logOf(person, "?action=read&limit=3");
    expect(first.items).toHaveLength(3);
    const rest = await logOf(person, `?action=read&limit=3&cursor=${first.next}`);
    expect(rest.items.length).toBeGreaterThan(0);
    expect((await person.fetch(`/v1/me/access-log?action=write&limit=3&cursor=${first.next}`)).status).toBe(422);
    expect((await stranger.fetch(`/v1/me/access-log?action=read&limit=3&cursor=${first.next}`)).status).toBe(422);
    for (const query of ["?action=look", "?outcome=maybe", "?from=yesterday", "?limit=201", "?values=1"])
      expect((await person.fetch(`/v1/me/access-log${query}`)).status, query).toBe(422);
    expect((await logOf(person, "?from=2020-01-01T00:00:00Z&to=2020-01-02T00:00:00Z")).items).toEqual([]);
  });
});

describe("who shares with me", () => {
  test("shows people of every region, what they share, and nothing that was taken back", async () => {
    const me = await registerPerson("us");
    const away = await registerPerson("us", { name: "Uma" });
    expect(await sharedWith(me)).toEqual({ items: [], next: null });
    const [first, second] = await Promise.all([give(owner, me, { categories: ["sleep"] }), give(away, me)]);
    const { items } = await sharedWith(me);
    expect(items.map(({ person }) => person.name).toSorted()).toEqual(["Olga", "Uma"]);
    const olga = items.find(({ person }) => person.id === owner.person.id);
    expect(olga).toMatchObject({ person: { region: "eu" }, consents: [{ id: first.id, categories: ["sleep"], role: "user" }] });
    expect(JSON.stringify(items)).not.toContain("receipt");
    const page = await sharedWith(me, "?limit=1");
    const rest = await sharedWith(me, `?limit=1&cursor=${page.next}`);
    expect([...page.items, ...rest.items]).toHaveLength(2);
    await call(away, "DELETE", `/v1/me/consents/${second.id}`);
    expect((await sharedWith(me)).items.map(({ person }) => person.id)).toEqual([owner.person.id]);
  });

  test("keeps pointers alone in the region's records", async () => {
    const me = await registerPerson("us");
    const { id } = await give(owner, me);
    const row = await regional(env, "us").records.prepare("select * from shared_with where grantee_id = ?").bind(me.person.id).first();
    expect(row).toEqual({ grantee_id: me.person.id, owner_id: owner.person.id, consent_id: id });
    await call(owner, "DELETE", `/v1/me/consents/${id}`);
    expect(
      await regional(env, "us").records.prepare("select * from shared_with where grantee_id = ?").bind(me.person.id).first(),
    ).toBeNull();
  });

  test("shows nothing for a pointer that was left behind", async () => {
    const me = await registerPerson("us");
    const { id } = await give(owner, me);
    const consent = parseId("consent", id);
    expect(consent).toBeDefined();
    if (consent === undefined) return;
    const session = newId("session", "eu", Date.now());
    await vaultOf(env, owner.person.id).revokeConsent({ kind: "person", person: owner.person.id, session }, consent, undefined);
    expect(await sharedWith(me)).toEqual({ items: [], next: null });
    // Taking it back again tidies up.
    await call(owner, "DELETE", `/v1/me/consents/${id}`);
    expect(
      await regional(env, "us").records.prepare("select * from shared_with where grantee_id = ?").bind(me.person.id).first(),
    ).toBeNull();
  });
});

describe("explaining", () => {
  const explain = async (person: RegisteredPerson, actor: string, category = "vitals", action = "read") =>
    await (await person.fetch(`/v1/me/access/explain?actor=${actor}&category=${category}&action=${action}`)).json();

  test("says which consent lets somebody in, or what is missing", async () => {
    const person = await registerPerson();
    expect(await explain(person, friend.person.id)).toEqual({ allowed: false, reason: "no_consent", purpose: "personal", obligations: [] });
    const { id } = await give(person, friend);
    expect(await explain(person, friend.person.id)).toEqual({
      allowed: true,
      reason: "consent",
      purpose: "personal",
      consent: { id, version: 1 },
      assurance: "aal1",
      obligations: ["log"],
    });
    expect(await explain(person, friend.person.id, "sleep")).toMatchObject({ reason: "category_not_granted" });
    expect(await explain(person, friend.person.id, "mental")).toMatchObject({ reason: "special_category_not_granted" });
    expect(await explain(person, friend.person.id, "vitals", "write")).toMatchObject({ reason: "action_not_granted" });
    await give(person, friend, { role: "trainer", purpose: "coaching", actions: ["write"] });
    expect(await explain(person, friend.person.id, "vitals", "write")).toMatchObject({ reason: "role_not_held", purpose: "coaching" });
    await holdRoles(friend, ["user", "trainer"]);
    expect(await explain(person, friend.person.id, "vitals", "write")).toMatchObject({ allowed: true, assurance: "aal2" });
    await holdRoles(friend, ["user"]);
    await call(person, "DELETE", `/v1/me/consents/${id}`);
    expect(await explain(person, person.person.id)).toMatchObject({ allowed: true, reason: "self" });
  });
});
