import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, test, vi } from "vitest";
import * as z from "zod";
import { regionalKeys } from "../../shared/crypto/keys";
import { newId, parseId, systemRandom } from "../../shared/id";
import { LiveClient } from "../../test/live-client";
import { fetchApp, holdRoles, proveSecondFactor, registerPerson, type RegisteredPerson, send } from "../../test/people";
import { samples } from "../../test/vaults";
import { regional, vaultOf } from "../regional";
import type { WatchPorts } from "./ports";
import { watchPerson } from "./watch-person";

const MINUTE = 60_000;
const UPGRADE = { upgrade: "websocket" };

afterEach(() => {
  vi.useRealTimers();
});

const travel = (ms: number) => vi.useFakeTimers({ now: Date.now() + ms, toFake: ["Date"] });

async function give(owner: RegisteredPerson, grantee: RegisteredPerson, change: object = {}): Promise<string> {
  const terms = {
    grantee: { kind: "person", id: grantee.person.id },
    role: "user",
    categories: ["vitals"],
    actions: ["read"],
    purpose: "personal",
    ...change,
  };
  const headers = { "content-type": "application/json" };
  const response = await owner.fetch("/v1/me/consents", { method: "POST", headers, body: JSON.stringify(terms) });
  expect(response.status).toBe(201);
  return z.object({ id: z.string() }).parse(await response.json()).id;
}

const pathTo = ({ person }: RegisteredPerson, query = "") => `/v1/people/${person.id}/live${query}`;
const knock = async (reader: RegisteredPerson, owner: RegisteredPerson, query = "") =>
  await reader.fetch(pathTo(owner, query), { headers: UPGRADE });

async function watch(reader: RegisteredPerson, owner: RegisteredPerson, query = ""): Promise<LiveClient> {
  const response = await knock(reader, owner, query);
  if (response.webSocket === null) throw new Error(`answered ${response.status}: ${await response.text()}`);
  const client = new LiveClient(response.webSocket);
  await client.nextOf("hello");
  return client;
}

const refusalOf = async (reader: RegisteredPerson, owner: RegisteredPerson, query = "") => {
  const response = await knock(reader, owner, query);
  return [response.status, z.looseObject({ code: z.string() }).parse(await response.json()).code];
};

/** Stores one reading of each metric, now. */
async function measure(owner: RegisteredPerson, ...metrics: readonly string[]): Promise<void> {
  for (const metric of metrics)
    await vaultOf(env, owner.person.id).record(samples(metric, [{ at: Date.now() - 1_000, value: 61 }]), "test");
}

/** What came since, once the server has answered a ping: the metrics of all readings and changes. */
async function seenBy(client: LiveClient): Promise<string[]> {
  await client.settle();
  const seen: string[] = [];
  while (client.unread().length > 0) {
    const message = await client.next();
    seen.push(...(message.items ?? []).map(({ metric }) => metric), ...(message.metric === undefined ? [] : [message.metric]));
  }
  return seen;
}

const logOf = async (owner: RegisteredPerson, reader: RegisteredPerson, query = "") =>
  z
    .object({
      items: z.array(z.looseObject({ resource: z.string(), outcome: z.string(), reason: z.string(), about: z.array(z.string()) })),
    })
    .parse(await (await owner.fetch(`/v1/me/access-log?actor=${reader.person.id}${query}`)).json()).items;

describe("watching another person", () => {
  test("shows the metrics of the granted categories alone, from another region too, and is one line of the log", async () => {
    const [owner, reader] = await Promise.all([registerPerson("eu"), registerPerson("us")]);
    const consent = await give(owner, reader);
    const client = await watch(reader, owner);
    expect(await client.next()).toEqual({ type: "granted", categories: ["vitals"] });
    await measure(owner, "heart_rate", "body_weight", "heart_rate_variability_sdnn");
    const [first] = (await client.nextOf("readings")).items ?? [];
    expect(first?.metric).toBe("heart_rate");
    expect(await seenBy(client)).not.toContain("body_weight");
    const log = await logOf(owner, reader);
    expect(log).toHaveLength(1);
    expect(log[0]).toMatchObject({ action: "read", resource: "live", outcome: "allowed", about: ["vitals"], consent: `${consent}/1` });
  });

  test("narrows a list of metrics to what is granted, and is not found where nothing of it is", async () => {
    const [owner, reader] = await Promise.all([registerPerson("eu"), registerPerson("us")]);
    await give(owner, reader);
    const client = await watch(reader, owner, "?metrics=heart_rate,body_weight");
    await measure(owner, "body_weight", "heart_rate", "resting_heart_rate");
    expect((await client.nextOf("readings")).items?.map(({ metric }) => metric)).toEqual(["heart_rate"]);
    expect(await seenBy(client)).toEqual([]);
    expect(await refusalOf(reader, owner, "?metrics=body_weight,menstrual_flow")).toEqual([404, "not_found"]);
  });

  test("is not found without a consent, by nobody, and for who is not registered; a role needs its second factor", async () => {
    const [owner, reader] = await Promise.all([registerPerson("eu"), registerPerson("us")]);
    expect(await refusalOf(reader, owner)).toEqual([404, "not_found"]);
    expect((await fetchApp(pathTo(owner), { headers: UPGRADE })).status).toBe(401);
    const nobody = newId("person", "eu", Date.now());
    for (const id of [nobody, "per_eu_x"]) expect((await reader.fetch(`/v1/people/${id}/live`, { headers: UPGRADE })).status).toBe(404);
    await holdRoles(reader, ["user", "trainer"]);
    await give(owner, reader, { role: "trainer", purpose: "coaching" });
    expect(await refusalOf(reader, owner)).toEqual([403, "step_up_required"]);
    await proveSecondFactor(reader);
    await watch(reader, owner);
    expect((await reader.fetch(pathTo(owner))).status).toBe(400);
  });

  test("is opened by browsers with a ticket, once anywhere", async () => {
    const [owner, reader] = await Promise.all([registerPerson("eu"), registerPerson("us")]);
    await give(owner, reader);
    const { ticket } = z.object({ ticket: z.string() }).parse(await (await reader.fetch("/v1/tickets", { method: "POST" })).json());
    const use = async (path: string) => (await fetchApp(`${path}?ticket=${encodeURIComponent(ticket)}`, { headers: UPGRADE })).status;
    expect([await use(pathTo(owner)), await use(pathTo(owner)), await use("/v1/me/live")]).toEqual([101, 401, 401]);
  });

  test("publishes nothing, and asks for no more than is granted", async () => {
    const [owner, reader] = await Promise.all([registerPerson("eu"), registerPerson("us")]);
    await give(owner, reader);
    const client = await watch(reader, owner, "?metrics=heart_rate");
    client.send({ type: "publish", ref: "1", items: [{ metric: "heart_rate", at: new Date().toISOString(), value: 66 }] });
    expect(await client.nextOf("error")).toMatchObject({ code: "forbidden", ref: "1" });
    client.send({ type: "subscribe", metrics: ["body_weight"] });
    expect(await client.nextOf("error")).toMatchObject({ code: "not_found" });
    client.send({ type: "subscribe" });
    await client.nextOf("granted");
    await measure(owner, "body_weight", "resting_heart_rate");
    expect((await client.nextOf("readings")).items?.map(({ metric }) => metric)).toEqual(["resting_heart_rate"]);
    expect((await logOf(owner, reader)).map(({ outcome }) => outcome)).toEqual(["allowed", "denied", "allowed"]);
    expect(z.object({ items: z.array(z.unknown()) }).parse(await (await reader.fetch("/v1/me/metrics")).json()).items).toEqual([]);
  });
});

describe("the stream ends", () => {
  test("the moment the consent is taken back, and does not open again, with what was missed neither", async () => {
    const [owner, reader] = await Promise.all([registerPerson("eu"), registerPerson("us")]);
    const id = await give(owner, reader);
    const client = await watch(reader, owner);
    await measure(owner, "heart_rate");
    const { seq } = await client.nextOf("readings");
    expect((await owner.fetch(`/v1/me/consents/${id}`, { method: "DELETE" })).status).toBe(204);
    await measure(owner, "resting_heart_rate");
    expect(await client.closed).toMatchObject({ code: 4403 });
    expect(client.unread().filter(({ type }) => type !== "granted")).toEqual([]);
    expect(await refusalOf(reader, owner, `?after=${seq}`)).toEqual([404, "not_found"]);
  });

  test("when the consent does, although nothing happens and its timer is late", async () => {
    const [owner, reader] = await Promise.all([registerPerson("eu"), registerPerson("us")]);
    await give(owner, reader, { until: new Date(Date.now() + MINUTE).toISOString() });
    const [quiet, busy] = [await watch(reader, owner), await watch(reader, owner)];
    travel(MINUTE + 1_000);
    await measure(owner, "heart_rate");
    expect(await busy.closed).toMatchObject({ code: 4403 });
    expect(busy.unread().filter(({ type }) => type === "readings")).toEqual([]);
    expect(await quiet.closed).toMatchObject({ code: 4403 });
    vi.useRealTimers();
    await give(owner, reader, { until: new Date(Date.now() + MINUTE).toISOString() });
    const alone = await watch(reader, owner);
    travel(MINUTE + 1_000);
    expect(await runDurableObjectAlarm(vaultOf(env, owner.person.id))).toBe(true);
    expect(await alone.closed).toMatchObject({ code: 4403 });
  });

  test("at once when the reader signs out, and when their session ends by itself", async () => {
    const [owner, reader] = await Promise.all([registerPerson("eu"), registerPerson("us")]);
    await give(owner, reader);
    const client = await watch(reader, owner);
    expect((await reader.fetch("/v1/sessions/current", { method: "DELETE" })).status).toBe(204);
    expect(await client.closed).toMatchObject({ code: 4401 });
    expect(await refusalOf(reader, owner)).toEqual([401, "session_ended"]);

    const idle = await registerPerson("us");
    await give(owner, idle);
    await regional(env, "us")
      .records.prepare("update sessions set idle_expiry = ? where person_id = ?")
      .bind(Date.now() + MINUTE, idle.person.id)
      .run();
    const other = await watch(idle, owner);
    travel(MINUTE + 1_000);
    await measure(owner, "heart_rate");
    expect(await other.closed).toMatchObject({ code: 4401 });
  });

  test("at once when an administrator takes the role away", async () => {
    const [owner, reader, admin] = await Promise.all([registerPerson("eu"), registerPerson("us"), registerPerson("us")]);
    await Promise.all([holdRoles(reader, ["user", "trainer"]), holdRoles(admin, ["user", "admin"])]);
    await Promise.all([proveSecondFactor(reader), proveSecondFactor(admin)]);
    await give(owner, reader, { role: "trainer", purpose: "coaching" });
    const client = await watch(reader, owner);
    const headers = { authorization: `Bearer ${admin.accessToken}`, "if-match": '"user.trainer"' };
    expect((await send("PUT", `/v1/admin/people/${reader.person.id}/roles`, { roles: ["user"] }, headers)).status).toBe(200);
    expect(await client.closed).toMatchObject({ code: 4403 });
    expect(await refusalOf(reader, owner)).toEqual([404, "not_found"]);
  });

  test("by the next telling, where the one at the end of the session was lost", async () => {
    const [owner, reader] = await Promise.all([registerPerson("eu"), registerPerson("us")]);
    await give(owner, reader);
    const client = await watch(reader, owner);
    const vault = vaultOf(env, reader.person.id);
    await runInDurableObject(vault, (_vault, ctx) => {
      ctx.storage.sql.exec(
        "INSERT INTO timers (kind, ref, due_at) SELECT 'watching', owner || ' ' || session, 0 FROM watching WHERE owner = ?",
        owner.person.id,
      );
    });
    expect(await runDurableObjectAlarm(vault)).toBe(true);
    expect(await client.closed).toMatchObject({ code: 4401 });
  });

  test.each([
    ["session", "session_ended", "update sessions set revoked_at = 1 where person_id = ?"],
    ["role", "unavailable", `update people set roles = '["user"]' where id = ?`],
    ["second factor", "unavailable", "update sessions set acr = 'aal1' where person_id = ?"],
  ])("before it began, where the %s is lost while it opens", async (_what, code, change) => {
    const [owner, reader] = await Promise.all([registerPerson("eu"), registerPerson("us")]);
    await holdRoles(reader, ["user", "trainer"]);
    await proveSecondFactor(reader);
    await give(owner, reader, { role: "trainer", purpose: "coaching" });
    const { records } = regional(env, "us");
    const session = parseId(
      "session",
      (await records.prepare("select id from sessions where person_id = ?").bind(reader.person.id).first("id")) ?? "",
    );
    if (session === undefined) throw new TypeError("no session");
    let reads = 0;
    // The third time that the reader's session is read, something has changed just before.
    const prepare = (sql: string): D1PreparedStatement => {
      const statement = records.prepare(sql);
      if (!sql.startsWith("select people.roles")) return statement;
      return new Proxy(statement, {
        get(_target, name) {
          if (name !== "bind") return Reflect.get(statement, name) as unknown;
          return (...values: unknown[]) => {
            const bound = statement.bind(...values);
            const first = async (): Promise<unknown> => {
              if (++reads === 3) await records.prepare(change).bind(reader.person.id).run();
              return await bound.first();
            };
            return { first };
          };
        },
      });
    };
    const slow = new Proxy(records, {
      get(target, name) {
        const value: unknown = name === "prepare" ? prepare : Reflect.get(target, name);
        return typeof value === "function" ? (value.bind(target) as unknown) : value;
      },
    });
    const ports: WatchPorts = {
      now: Date.now,
      random: systemRandom,
      keys: (region) => regionalKeys(regional(env, region).keys),
      recordsOf: (region) => (region === "us" ? slow : regional(env, region).records),
      vault: (person) => vaultOf(env, person),
    };
    const admission = { actor: { kind: "person", person: reader.person.id, session } } as const;
    const opening = watchPerson(ports, owner.person.id, { admission, filter: undefined, after: undefined, requestId: "probe-1" });
    await expect(opening).rejects.toMatchObject({ code });
    expect(reads).toBe(3);
    const open = await runInDurableObject(
      vaultOf(env, owner.person.id),
      (_vault, ctx) => ctx.getWebSockets().filter(({ readyState }) => readyState === WebSocket.OPEN).length,
    );
    expect(open).toBe(0);
  });

  test("for those alone whom it concerns", async () => {
    const [owner, reader, other] = await Promise.all([registerPerson("eu"), registerPerson("us"), registerPerson("us")]);
    const id = await give(owner, reader);
    await give(owner, other);
    const [gone, stays, own] = [
      await watch(reader, owner),
      await watch(other, owner),
      await owner.fetch("/v1/me/live", { headers: UPGRADE }),
    ];
    if (own.webSocket === null) throw new TypeError("no socket");
    const mine = new LiveClient(own.webSocket);
    await owner.fetch(`/v1/me/consents/${id}`, { method: "DELETE" });
    expect(await gone.closed).toMatchObject({ code: 4403 });
    await measure(owner, "heart_rate");
    for (const client of [stays, mine]) expect((await client.nextOf("readings")).items?.[0]?.metric).toBe("heart_rate");
  });
});

describe("the stream follows the consent", () => {
  const change = async (owner: RegisteredPerson, id: string, categories: readonly string[]) => {
    const headers = { "content-type": "application/json" };
    const response = await owner.fetch(`/v1/me/consents/${id}`, { method: "PATCH", headers, body: JSON.stringify({ categories }) });
    expect(response.status).toBe(200);
  };

  test("to less and to more, and says so", async () => {
    const [owner, reader] = await Promise.all([registerPerson("eu"), registerPerson("us")]);
    const id = await give(owner, reader, { categories: ["vitals", "body"] });
    const client = await watch(reader, owner);
    expect(await client.nextOf("granted")).toMatchObject({ categories: ["vitals", "body"] });
    await change(owner, id, ["body"]);
    expect(await client.next()).toEqual({ type: "granted", categories: ["body"] });
    await measure(owner, "heart_rate", "body_weight");
    expect((await client.next()).items?.map(({ metric }) => metric)).toEqual(["body_weight"]);
    expect(await seenBy(client)).toEqual([]);
    await change(owner, id, ["body", "vitals"]);
    await client.nextOf("granted");
    await measure(owner, "resting_heart_rate");
    expect((await client.nextOf("readings")).items?.map(({ metric }) => metric)).toEqual(["resting_heart_rate"]);
  });

  test("through an eviction, whatever was changed while nobody was awake", async () => {
    const [owner, reader] = await Promise.all([registerPerson("eu"), registerPerson("us")]);
    const id = await give(owner, reader, { categories: ["vitals", "body"] });
    const client = await watch(reader, owner);
    await client.nextOf("granted");
    const vault = vaultOf(env, owner.person.id);
    await evictDurableObject(vault);
    await measure(owner, "heart_rate");
    expect((await client.nextOf("readings")).items?.map(({ metric }) => metric)).toEqual(["heart_rate"]);
    await evictDurableObject(vault);
    const consent = parseId("consent", id);
    if (consent === undefined) throw new TypeError("no consent");
    const actor = { kind: "person", person: owner.person.id, session: newId("session", "eu", Date.now()) } as const;
    await vault.revokeConsent(actor, consent, undefined);
    expect(await client.closed).toMatchObject({ code: 4403 });
  });

  test("in what is sent after a pause", async () => {
    const [owner, reader] = await Promise.all([registerPerson("eu"), registerPerson("us")]);
    const id = await give(owner, reader, { categories: ["vitals", "body"] });
    const client = await watch(reader, owner);
    await measure(owner, "heart_rate");
    const { seq } = await client.nextOf("readings");
    client.close();
    await measure(owner, "body_weight", "resting_heart_rate");
    await change(owner, id, ["body"]);
    const again = await watch(reader, owner, `?after=${seq}`);
    await again.nextOf("granted");
    expect((await again.nextOf("readings")).items?.map(({ metric }) => metric)).toEqual(["body_weight"]);
    expect(await seenBy(again)).toEqual([]);
    // The newest of each metric, where what was missed is not known any more, is narrowed as well.
    const afresh = await watch(reader, owner, "?after=0");
    expect((await afresh.nextOf("snapshot")).items?.map(({ metric }) => metric)).toEqual(["body_weight"]);
  });
});
