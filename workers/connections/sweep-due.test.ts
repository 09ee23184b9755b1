import { createMessageBatch, getQueueResult, createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterAll, describe, expect, it, vi } from "vitest";
import { HOUR_MS } from "../../shared/clock";
import { newId } from "../../shared/id";
import { registerPerson } from "../../test/people";
import { type SyncPointer, syncPointerSchema } from "../../shared/vendors/pointer";
import { testQueue } from "../../test/queue";
import { answerFetch, FakeGoogle } from "../../test/vendors/fake-google";
import { regional, vaultOf } from "../regional";
import { consumeDeadSync, consumeSync } from "./consume-sync";
import { registerConnection, setDue } from "./register-connection";
import { DUE_QUERY, sweepDue } from "./sweep-due";

const announced: string[] = [];

/** The announcements of the connected vaults travel through the real queue: the runtime must not end under them. */
afterAll(async () => {
  const known = async () =>
    await env.DIRECTORY.prepare("select count(*) as n from vendor_accounts where connection_id in (select value from json_each(?))")
      .bind(JSON.stringify(announced))
      .first("n");
  await vi.waitFor(async () => expect(await known()).toBe(announced.length), { timeout: 20_000, interval: 100 });
  vi.restoreAllMocks();
});

const records = regional(env, "ap").records;

function fakeQueue() {
  const sent: SyncPointer[] = [];
  const queue = testQueue(async (bodies) => {
    sent.push(...bodies.map((body) => syncPointerSchema.parse(body)));
  });
  return { sent, queue };
}

const dueAt = async (connection: string): Promise<number | null> =>
  await regional(env, "eu")
    .records.prepare("select due_at from due_connections where connection_id = ?")
    .bind(connection)
    .first<number>("due_at");

describe("the sweep", () => {
  it("finds what is due by its index and nothing else", async () => {
    const plan = await records.prepare(`explain query plan ${DUE_QUERY}`).bind(0, 1).all<{ detail: string }>();
    expect(plan.results.map(({ detail }) => detail)).toEqual([
      expect.stringMatching(/^SEARCH due_connections USING COVERING INDEX due_connections_by_due \(due_at<\?\)$/),
    ]);
  });

  it("queues every due connection once, and again only after the lease", async () => {
    const now = 5_000_000;
    const due = Array.from({ length: 230 }, () => ({ person: newId("person", "ap", now), connection: newId("connection", "ap", now) }));
    for (const { person, connection } of due) await setDue(records, person, connection, now - 1);
    const later = newId("connection", "ap", now);
    await setDue(records, newId("person", "ap", now), later, now + 1);
    const swept = async (at: number) => {
      const { sent, queue } = fakeQueue();
      await sweepDue({ records, queue }, at);
      const mine = new Set([...due.map(({ connection }) => connection), later]);
      return sent.filter((pointer) => mine.has(pointer.connection));
    };
    const pointers = await swept(now);
    expect(pointers).toHaveLength(230);
    expect(new Set(pointers.map((pointer) => JSON.stringify(pointer)))).toEqual(
      new Set(due.map(({ person, connection }) => JSON.stringify({ kind: "due", person, connection }))),
    );
    expect(await swept(now)).toHaveLength(0);
    expect(await swept(now + HOUR_MS)).toHaveLength(231);
  });

  it("leaves connections due when the queue does not take them", async () => {
    const now = 1_000;
    const connection = newId("connection", "ap", now);
    await setDue(records, newId("person", "ap", now), connection, now);
    const queue = testQueue(() => Promise.reject(new Error("down")));
    await expect(sweepDue({ records, queue }, now)).rejects.toThrow("down");
    expect(await records.prepare("select due_at from due_connections where connection_id = ?").bind(connection).first("due_at")).toBe(now);
  });
});

describe("the consumer", () => {
  async function deliver(body: unknown, queue = "sync-eu", attempts = 1) {
    const batch = createMessageBatch(queue, [{ id: "m", timestamp: new Date(), body, attempts }]);
    await (queue.endsWith("-dlq") ? consumeDeadSync(batch, env) : consumeSync(batch, env));
    return await getQueueResult(batch, createExecutionContext());
  }

  async function connected() {
    const google = new FakeGoogle();
    google.scope = "https://www.googleapis.com/auth/googlehealth.sleep.readonly";
    answerFetch(google);
    const { person, accessToken } = await registerPerson("eu");
    const vault = vaultOf(env, person.id);
    const actor = { kind: "person", person: person.id, session: newId("session", "eu", Date.now()) } as const;
    const { connection } = await vault.beginConnection(actor, {
      vendor: "google-health",
      state: "s",
      stateHash: person.id,
      redirectUri: "https://x.test",
    });
    const { registration } = await vault.completeConnection(person.id, "code");
    announced.push(connection);
    return { person: person.id, connection, vault, actor, registration, accessToken };
  }

  it("registers a connection that says it is there, acknowledges, and sets when it is due", async () => {
    const { person, connection } = await connected();
    const result = await deliver({ kind: "connected", person, connection });
    expect(result.explicitAcks).toEqual(["m"]);
    expect(
      await env.DIRECTORY.prepare("select person_id from vendor_accounts where connection_id = ?").bind(connection).first("person_id"),
    ).toBe(person);
    expect(await dueAt(connection)).toBeGreaterThan(Date.now());
    await setDue(regional(env, "eu").records, person, connection, 0);
    await deliver({ kind: "due", person, connection });
    expect(await dueAt(connection)).toBeGreaterThan(Date.now());
  });

  it("takes connections out of the clock that do not want to be asked any more", async () => {
    const { person, connection, vault, actor, registration } = await connected();
    await registerConnection(env.DIRECTORY, regional(env, "eu").records, person, registration);
    await vault.disconnect(actor, connection, { tell: false, deleteData: false });
    expect((await deliver({ kind: "due", person, connection })).explicitAcks).toEqual(["m"]);
    expect(await dueAt(connection)).toBeNull();
  });

  it("is done with a message of many pointers when it is with all of them", async () => {
    const { person, connection } = await connected();
    const result = await deliver([
      { kind: "connected", person, connection },
      { kind: "due", person, connection },
    ]);
    expect(result.explicitAcks).toEqual(["m"]);
    expect(await dueAt(connection)).toBeGreaterThan(Date.now());
  });

  it("has a message come again whole where one of its pointers is none, and has done the others", async () => {
    const { person, connection } = await connected();
    const result = await deliver([{ kind: "connected", person, connection }, { kind: "x" }]);
    expect(result.explicitAcks).toEqual([]);
    expect(result.retryMessages).toMatchObject([{ msgId: "m" }]);
    expect(await dueAt(connection)).toBeGreaterThan(Date.now());
  });

  it("has only those messages come again whose vault takes nothing now", async () => {
    const { person, connection, vault } = await connected();
    const other = await connected();
    await vault.freeze();
    const batch = createMessageBatch("sync-eu", [
      { id: "frozen", timestamp: new Date(), body: [{ kind: "due", person, connection }], attempts: 1 },
      { id: "other", timestamp: new Date(), body: [{ kind: "due", person: other.person, connection: other.connection }], attempts: 1 },
    ]);
    await consumeSync(batch, env);
    const { explicitAcks, retryMessages } = await getQueueResult(batch, createExecutionContext());
    expect(explicitAcks).toEqual(["other"]);
    expect(retryMessages).toMatchObject([{ msgId: "frozen" }]);
    await vault.resume();
  });

  it.each([[[]], [{ kind: "due" }], ["x"], [null], [{ kind: "due", person: "per_eu_x", connection: "con_eu_x" }]])(
    "never acknowledges %j",
    async (body) => {
      const result = await deliver(body);
      expect(result.explicitAcks).toEqual([]);
      expect(result.retryMessages).toMatchObject([{ msgId: "m" }]);
    },
  );

  it("is told by a vault when to come again, where it cannot take more now, and waits so long", async () => {
    const { person, connection, vault } = await connected();
    await vault.freeze();
    const delays: unknown[] = [];
    const message: Message = {
      id: "m",
      timestamp: new Date(),
      body: { kind: "due", person, connection },
      attempts: 3,
      ack: () => delays.push("acknowledged"),
      retry: (options) => delays.push(options?.delaySeconds),
    };
    const batch = { queue: "sync-eu", messages: [message], metadata: { metrics: { backlogCount: 0, backlogBytes: 0 } } };
    await consumeSync({ ...batch, ackAll: () => undefined, retryAll: () => undefined }, env);
    expect(delays).toEqual([60]);
    await vault.resume();
    expect((await deliver({ kind: "due", person, connection })).explicitAcks).toEqual(["m"]);
  });

  it("makes a pointer that was lost for good visible on its connection", async () => {
    const { person, connection, vault, actor } = await connected();
    expect((await deliver({ kind: "due", person, connection }, "sync-eu-dlq")).explicitAcks).toEqual(["m"]);
    const [detail] = await vault.connectionStatus(actor, "google-health");
    expect(detail?.history.map(({ kind }) => kind)).toContain("sync_failed");
    expect((await deliver("poison", "sync-eu-dlq")).explicitAcks).toEqual(["m"]);
    const together = [{ kind: "due", person, connection }, "poison", { kind: "due", person, connection }];
    expect((await deliver(together, "sync-eu-dlq")).explicitAcks).toEqual(["m"]);
    const [after] = await vault.connectionStatus(actor, "google-health");
    expect(after?.history.filter(({ kind }) => kind === "sync_failed")).toHaveLength(3);
  });
});
