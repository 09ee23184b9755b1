import { createExecutionContext, createMessageBatch, getQueueResult, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import * as z from "zod";
import { HOUR_MS } from "../../shared/clock";
import { newId } from "../../shared/id";
import { liveVendor, VENDORS } from "../../shared/vendors/vendors";
import { call, make, newOrganisation, type TestOrganisation, withTwoFactors } from "../../test/partners";
import { fetchApp, registerPerson, type RegisteredPerson } from "../../test/people";
import { testQueue } from "../../test/queue";
import { FakeWhoop } from "../../test/vendors/fake-whoop";
import type { Arrival } from "../../durable-objects/gate/inbox";
import { regional, vaultOf } from "../regional";
import { consumeSync } from "./consume-sync";
import { findConnections, OTHERS_THROUGH } from "./register-connection";
import { SUBSCRIBING } from "./keep-subscriptions";
import { CONNECTIONS_OF, tellConnections, UNTOLD } from "./tell-connections";

const SECRET = "a-secret-of-the-clinic";
const accountSchema = z.object({ vendor: z.string(), clientId: z.string(), webhookUrl: z.string() });
const authorization = z.object({ authorizeUrl: z.string() });
const statusSchema = z.object({
  items: z.array(
    z.looseObject({
      id: z.string(),
      state: z.string(),
      organisation: z.string().nullable(),
      error: z.object({ code: z.string() }).nullable(),
    }),
  ),
});
const code = async (response: Response) => z.object({ code: z.string() }).parse(await response.json()).code;

let whoop: FakeWhoop;
beforeEach(() => {
  whoop = new FakeWhoop();
  whoop.answer();
});
afterEach(() => vi.restoreAllMocks());

interface Clinic extends TestOrganisation {
  readonly path: string;
  readonly hook: string;
  readonly clientId: string;
}

/** An organisation with an account at WHOOP, which WHOOP knows. */
async function clinic(): Promise<Clinic> {
  const organisation = await newOrganisation();
  const clientId = `clinic-${crypto.randomUUID()}`;
  whoop.clients.set(clientId, SECRET);
  return {
    ...organisation,
    path: `/v1/organisations/${organisation.id}/vendor-credentials`,
    clientId,
    hook: await register(organisation, clientId),
  };
}

/** Registers the account and returns the path of its webhook. */
async function register({ id, owner }: TestOrganisation, clientId: string): Promise<string> {
  const body = { vendor: "whoop", clientId, clientSecret: SECRET };
  const response = await call(owner, "POST", `/v1/organisations/${id}/vendor-credentials`, body);
  expect(response.status).toBe(201);
  return new URL(accountSchema.parse(await response.json()).webhookUrl).pathname;
}

/** Somebody who shares something with an organisation. */
async function patientOf(organisation: string): Promise<RegisteredPerson> {
  const person = await registerPerson("us");
  const grantee = { kind: "organisation", id: organisation };
  await make(person, "/v1/me/consents", { grantee, role: "partner", categories: ["vitals"], actions: ["read"], purpose: "personal" });
  return person;
}

const authorize = async (person: RegisteredPerson, organisation: string) =>
  await person.fetch(`/v1/integrations/whoop/authorize?organisation=${organisation}`);

async function connect(person: RegisteredPerson, organisation: string): Promise<string> {
  const begun = await authorize(person, organisation);
  expect(begun.status).toBe(200);
  const state = new URL(authorization.parse(await begun.json()).authorizeUrl).searchParams.get("state") ?? "";
  const back = await fetchApp(`/v1/integrations/whoop/callback?${new URLSearchParams({ state, code: "c" })}`);
  expect(back.status, await back.clone().text()).toBe(200);
  return z.object({ connection: z.string() }).parse(await back.json()).connection;
}

const status = async (person: RegisteredPerson) =>
  statusSchema.parse(await (await person.fetch("/v1/integrations/whoop/status")).json()).items;

/** Tells the connections of a change at once, as the queue does in its time. */
async function tell({ id }: Clinic): Promise<number> {
  const { records } = regional(env, "eu");
  const credential = await records.prepare("select id from vendor_credentials where organisation_id = ?").bind(id).first<string>("id");
  await records.prepare("update vendor_credentials set told_to = '' where id = ?").bind(credential).run();
  const bodies: unknown[] = [];
  const queue = () => testQueue(async (sent) => void bodies.push(...sent));
  const told = await tellConnections({ directory: env.DIRECTORY, records, queue }, credential ?? "");
  for (const body of bodies) {
    const batch = createMessageBatch("sync-us", [{ id: "m", timestamp: new Date(), body, attempts: 1 }]);
    await consumeSync(batch, env);
    expect((await getQueueResult(batch, createExecutionContext())).explicitAcks).toEqual(["m"]);
  }
  return told;
}

describe("an account that may have so many people", () => {
  it("lets nobody else connect while it has them, before and after they agreed at the vendor, and those who are there again", async () => {
    const organisation = await newOrganisation();
    const body = { vendor: "strava", clientId: `4${Date.now()}`, clientSecret: SECRET };
    expect((await call(organisation.owner, "POST", `/v1/organisations/${organisation.id}/vendor-credentials`, body)).status).toBe(201);
    const credential = await regional(env, "eu")
      .records.prepare("select id from vendor_credentials where organisation_id = ?")
      .bind(organisation.id)
      .first<string>("id");
    const [first, late] = [await patientOf(organisation.id), await patientOf(organisation.id)];
    const connected = (person: string) =>
      env.DIRECTORY.prepare(
        "insert into vendor_accounts (account_hash, connection_id, person_id, key_version, credential) values (?, ?, ?, '1', ?)",
      ).bind((crypto.randomUUID() + crypto.randomUUID()).replaceAll("-", ""), newId("connection", "us", Date.now()), person, credential);
    const most = liveVendor("strava").vendor.policy.mostPeople ?? 0;
    expect(most).toBe(10);
    const others = Array.from({ length: most - 2 }, () => connected(newId("person", "us", Date.now())));
    // Somebody who has connected twice is one.
    await env.DIRECTORY.batch([...others, connected(first.person.id), connected(first.person.id)]);
    const begin = async (person: RegisteredPerson) =>
      await person.fetch(`/v1/integrations/strava/authorize?organisation=${organisation.id}`);
    const begun = await begin(late);
    expect(begun.status).toBe(200);
    await connected(newId("person", "us", Date.now())).run();
    const state = new URL(authorization.parse(await begun.json()).authorizeUrl).searchParams.get("state") ?? "";
    const back = await fetchApp(`/v1/integrations/strava/callback?${new URLSearchParams({ state, code: "c" })}`);
    expect([back.status, await code(back)]).toEqual([409, "conflict"]);
    expect(await code(await begin(late))).toBe("conflict");
    expect((await begin(first)).status).toBe(200);
    const plan = await env.DIRECTORY.prepare(`explain query plan ${OTHERS_THROUGH}`).bind("c", "p").all<{ detail: string }>();
    expect(plan.results.map(({ detail }) => detail).join("; ")).toContain("vendor_accounts_by_credential");
  });
});

describe("an organisation's account at a vendor", () => {
  it("is registered by its managers who have just proven themselves, once, and never told again", async () => {
    const { path, owner, hook, clientId } = await clinic();
    const seen = await (await owner.fetch(path)).text();
    expect(seen).toContain(clientId);
    expect(await (await owner.fetch(`${path}/whoop`)).json()).toMatchObject({ vendor: "whoop", clientId, more: [] });
    const { records } = regional(env, "eu");
    const stored = JSON.stringify((await records.prepare("select * from vendor_credentials").all()).results);
    for (const secret of [SECRET, hook.split("/").at(-1) ?? ""]) {
      expect(seen).not.toContain(secret);
      expect(stored).not.toContain(secret);
    }
    expect(await code(await call(owner, "POST", path, { vendor: "whoop", clientId: "other", clientSecret: SECRET }))).toBe("conflict");
    const more = await call(owner, "POST", path, { vendor: "oura", clientId: "c", clientSecret: SECRET, more: { pin: "1" } });
    expect([more.status, await code(more)]).toEqual([422, "invalid"]);
    expect(await code(await call(owner, "POST", path, { vendor: "fitbit", clientId: "c", clientSecret: SECRET }))).toBe("vendor_retired");
    const tired = await withTwoFactors(owner, 3_600);
    for (const [method, at] of [
      ["POST", path],
      ["PATCH", `${path}/whoop`],
      ["DELETE", `${path}/whoop`],
    ] as const) {
      const body = method === "DELETE" ? undefined : { vendor: "oura", clientId: "c", clientSecret: SECRET };
      const { vendor: _vendor, clientId: _clientId, ...change } = body ?? {};
      expect(await code(await call(tired, method, at, method === "PATCH" ? change : body))).toBe("step_up_required");
    }
  });

  it("is nothing to strangers, and its members only look", async () => {
    const { id, path, owner } = await clinic();
    const stranger = await withTwoFactors(await registerPerson("eu"));
    const change = { clientSecret: "another-secret" };
    const refused = [
      await stranger.fetch(path),
      await stranger.fetch(`${path}/whoop`),
      await call(stranger, "PATCH", `${path}/whoop`, change),
      await call(stranger, "DELETE", `${path}/whoop`),
      await authorize(stranger, id),
      await authorize(stranger, "org_eu_x"),
    ];
    expect(refused.map((response) => response.status)).toEqual(refused.map(() => 404));
    const invited = await call(owner, "POST", `/v1/organisations/${id}/members`, { person: stranger.person.id, role: "member" });
    expect(invited.status).toBeLessThan(300);
    await call(stranger, "POST", `/v1/organisations/${id}/members/${stranger.person.id}/accept`);
    await regional(env, "eu")
      .records.prepare("update organisation_members set joined_at = 1 where person_id = ?")
      .bind(stranger.person.id)
      .run();
    expect((await stranger.fetch(`${path}/whoop`)).status).toBe(200);
    expect((await call(stranger, "PATCH", `${path}/whoop`, change)).status).toBe(403);
    expect((await call(stranger, "DELETE", `${path}/whoop`)).status).toBe(403);
    expect((await authorize(stranger, id)).status).toBe(200);
  });

  it("is what a connection on its behalf goes through, from another region too, in a sealed copy", async () => {
    const { id, clientId, path, owner } = await clinic();
    const patient = await patientOf(id);
    const url = authorization.parse(await (await authorize(patient, id)).json()).authorizeUrl;
    expect(new URL(url).searchParams.get("client_id")).toBe(clientId);
    const connection = await connect(patient, id);
    expect(whoop.grants.at(-1)?.get("client_secret")).toBe(SECRET);
    expect(await status(patient)).toMatchObject([{ id: connection, state: "active", organisation: id }]);
    const kept = await env.DIRECTORY.prepare("select credential from vendor_accounts where connection_id = ?").bind(connection).first();
    expect(kept).toEqual({ credential: expect.stringMatching(/^vcr_eu_/) });
    await runInDurableObject(vaultOf(env, patient.person.id), async (_, { storage }) => {
      const secrets = storage.sql.exec("SELECT name, sealed FROM connection_secrets").toArray();
      expect(secrets.map(({ name }) => name).toSorted()).toEqual(["account", "credential", "tokens"]);
      expect(JSON.stringify(secrets)).not.toContain(SECRET);
    });
    // Its own grant is ended with its own client; that of the same person through Meridian's account is another connection.
    const own = await patient.fetch("/v1/integrations/whoop/authorize");
    expect(z.object({ connection: z.string() }).parse(await own.json()).connection).not.toBe(connection);
    expect((await patient.fetch(`/v1/integrations/vendors/${connection}`, { method: "DELETE" })).status).toBe(200);
    expect(whoop.revoked).toEqual([clientId]);
    expect((await call(owner, "DELETE", `${path}/whoop`)).status).toBe(204);
    const refused = await authorize(patient, id);
    expect([refused.status, await code(refused)]).toEqual([409, "own_credentials_required"]);
  });

  it("is rotated without ending a connection", async () => {
    const one = await clinic();
    const patient = await patientOf(one.id);
    await connect(patient, one.id);
    whoop.clients.set(one.clientId, "the-next-secret");
    whoop.expire();
    // The vendor knows the new secret, we do not: the connection waits.
    await patient.fetch("/v1/health/sync/immediate", { method: "POST", headers: { "content-type": "application/json" }, body: "{}" });
    expect((await status(patient)).map(({ state }) => state)).not.toContain("reauth_required");
    expect((await call(one.owner, "PATCH", `${one.path}/whoop`, { clientSecret: "the-next-secret" })).status).toBe(200);
    expect(await tell(one)).toBe(1);
    await runInDurableObject(vaultOf(env, patient.person.id), async (_, { storage }) => {
      storage.sql.exec("UPDATE connections SET blocked_until = 0");
      storage.sql.exec("UPDATE connection_windows SET due_at = 0 WHERE state = 'queued'");
    });
    await patient.fetch("/v1/health/sync/immediate", { method: "POST", headers: { "content-type": "application/json" }, body: "{}" });
    expect(whoop.grants.at(-1)?.get("client_secret")).toBe("the-next-secret");
    expect(await status(patient)).toMatchObject([{ state: "active", error: null }]);
  });

  it("takes webhooks that are signed with the secret of before, for as long as its manager says", async () => {
    const one = await clinic();
    await connect(await patientOf(one.id), one.id);
    const rotate = async (change: Record<string, unknown>) => (await call(one.owner, "PATCH", `${one.path}/whoop`, change)).status;
    const post = async (secret: string) => {
      const body = JSON.stringify({ user_id: Number(whoop.user), id: crypto.randomUUID(), type: "sleep.updated" });
      return (await fetchApp(one.hook, { method: "POST", body, headers: await whoop.sign(body, secret) })).status;
    };
    expect(await rotate({ clientSecret: "the-second-secret" })).toBe(200);
    expect([await post("the-second-secret"), await post(SECRET), await post("a-guessed-secret")]).toEqual([204, 204, 401]);
    const begin = Date.now();
    const clock = vi.spyOn(Date, "now").mockReturnValue(begin + 23 * HOUR_MS);
    expect(await post(SECRET)).toBe(204);
    clock.mockReturnValue(begin + 25 * HOUR_MS);
    expect([await post("the-second-secret"), await post(SECRET)]).toEqual([204, 401]);
    clock.mockRestore();
    expect(await rotate({ clientSecret: "the-third-secret" })).toBe(200);
    expect([await post("the-third-secret"), await post("the-second-secret"), await post(SECRET)]).toEqual([204, 204, 401]);
    // In other hands: not even a moment more.
    expect(await rotate({ clientSecret: "the-fourth-secret", overlapHours: 0 })).toBe(200);
    expect([await post("the-fourth-secret"), await post("the-third-secret"), await post("the-second-secret")]).toEqual([204, 401, 401]);
    expect(await rotate({ clientSecret: "the-fifth-secret", overlapHours: 73 })).toBe(422);
  });

  it("takes its own webhooks alone, for its own connections alone", async () => {
    const [one, other] = [await clinic(), await clinic()];
    const changed = await call(other.owner, "PATCH", `${other.path}/whoop`, { clientSecret: "a-secret-of-the-other", overlapHours: 0 });
    expect(changed.status).toBe(200);
    await connect(await patientOf(one.id), one.id);
    const body = JSON.stringify({ user_id: Number(whoop.user), id: crypto.randomUUID(), type: "sleep.updated" });
    const post = async (path: string, secret: string) =>
      (await fetchApp(path, { method: "POST", body, headers: await whoop.sign(body, secret) })).status;
    expect(await post(one.hook, SECRET)).toBe(204);
    expect(await post(one.hook, "a-secret-of-the-other")).toBe(401);
    expect(await post(other.hook, SECRET)).toBe(401);
    expect(await post(one.hook.replace("/whoop/", "/oura/"), SECRET)).toBe(404);
    expect(await post(`${one.hook}x`, SECRET)).toBe(404);
    const queued: unknown[] = [];
    const { receiveHook } = await import("./receive-hook");
    const { directoryKeys } = await import("../../shared/crypto/keys");
    const through = async (credential: string | null) => {
      const account = { credential, credentials: { clientId: "c", clientSecret: SECRET, more: {} }, pathSecret: "p" };
      const ports = {
        verifyTink: async () => false,
        find: (hashes: readonly string[]) => findConnections(env.DIRECTORY, hashes, credential),
        directoryKeys: directoryKeys(env.DIRECTORY_KEYS),
        accounts: async () => [{ ...account, subscriptionSecrets: [], subscriptionIds: [] }],
        now: () => Date.now(),
        inbox: () => ({ accept: async ({ pointers }: Arrival) => void queued.push(...pointers) }),
        vault: (person: RegisteredPerson["person"]["id"]) => vaultOf(env, person),
      };
      const headers = new Headers(await whoop.sign(body, SECRET));
      const bytes = Uint8Array.from(new TextEncoder().encode(body));
      await receiveHook(ports, liveVendor("whoop"), "p", {
        method: "POST",
        headers,
        query: new URLSearchParams(),
        body: bytes,
        now: Date.now(),
      });
      return queued.splice(0).length;
    };
    const mine = await regional(env, "eu")
      .records.prepare("select id from vendor_credentials where organisation_id = ?")
      .bind(one.id)
      .first<string>("id");
    expect([await through(mine), await through("vcr_eu_other"), await through(null)]).toEqual([1, 0, 0]);
  });

  it("is removed with everything that hangs on it: connections wait for consent, and are taken up when it comes again", async () => {
    const one = await clinic();
    const patient = await patientOf(one.id);
    const connection = await connect(patient, one.id);
    expect((await call(one.owner, "DELETE", `${one.path}/whoop`)).status).toBe(204);
    expect((await call(one.owner, "DELETE", `${one.path}/whoop`)).status).toBe(404);
    expect(await tell(one)).toBe(1);
    expect(await status(patient)).toMatchObject([{ id: connection, state: "reauth_required", error: { code: "credential_removed" } }]);
    const body = "{}";
    expect((await fetchApp(one.hook, { method: "POST", body, headers: await whoop.sign(body, SECRET) })).status).toBe(404);
    const row = await regional(env, "eu")
      .records.prepare("select sealed from vendor_credentials where organisation_id = ?")
      .bind(one.id)
      .first();
    expect(row).toEqual({ sealed: null });
    await runInDurableObject(vaultOf(env, patient.person.id), async (_, { storage }) => {
      expect(storage.sql.exec("SELECT 1 FROM connection_secrets WHERE name = 'credential'").toArray()).toEqual([]);
    });
    expect(await register(one, one.clientId)).not.toBe(one.hook);
    expect(await connect(patient, one.id)).toBe(connection);
    expect(await status(patient)).toMatchObject([{ state: "active", error: null }]);
    // A message of before the change is late: what is true now counts.
    expect(await tell(one)).toBe(1);
    expect(await status(patient)).toMatchObject([{ state: "active" }]);
    expect((await call(one.owner, "DELETE", `/v1/organisations/${one.id}`)).status).toBe(204);
    expect(await tell(one)).toBe(1);
    expect(await status(patient)).toMatchObject([{ state: "reauth_required", error: { code: "credential_removed" } }]);
  });

  it("is needed where the vendor demands it", async () => {
    const rows = [liveVendor("whoop").vendor, ...VENDORS.filter(({ id }) => id === "whoop")];
    const { policy } = liveVendor("whoop").vendor;
    for (const row of rows) Object.assign(row, { policy: { ...policy, byoRequired: true } });
    try {
      const one = await clinic();
      const patient = await patientOf(one.id);
      const refused = await patient.fetch("/v1/integrations/whoop/authorize");
      expect([refused.status, await code(refused)]).toEqual([409, "own_credentials_required"]);
      await connect(patient, one.id);
      const { items } = z
        .object({ items: z.array(z.looseObject({ id: z.string(), offered: z.boolean() })) })
        .parse(await (await fetchApp("/v1/vendors")).json());
      expect(items.find(({ id }) => id === "whoop")?.offered).toBe(false);
    } finally {
      for (const row of rows) Object.assign(row, { policy });
    }
  });

  it("is looked up by indexes alone", async () => {
    const plan = async (database: D1Database, sql: string, ...values: unknown[]) =>
      (
        await database
          .prepare(`explain query plan ${sql}`)
          .bind(...values)
          .all<{ detail: string }>()
      ).results
        .map(({ detail }) => detail)
        .join("\n");
    const { records } = regional(env, "eu");
    expect(await plan(env.DIRECTORY, CONNECTIONS_OF, "c", "", 1)).toMatch(
      /SEARCH vendor_accounts USING (COVERING )?INDEX vendor_accounts_by_credential/,
    );
    expect(await plan(records, UNTOLD, 1)).toMatch(/USING (COVERING )?INDEX vendor_credentials_untold/);
    expect(await plan(records, SUBSCRIBING, "oura", 1)).toMatch(
      /SEARCH vendor_credentials USING INDEX vendor_credentials_subscribed \(vendor=\?\)$/,
    );
  });
});
