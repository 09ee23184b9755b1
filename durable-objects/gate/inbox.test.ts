import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it, vi } from "vitest";
import { HOUR_MS, MINUTE_MS } from "../../shared/clock";
import { newId } from "../../shared/id";
import { gateDoor } from "../doors";
import { type Arrival, Inbox } from "./inbox";

const freshGate = () => gateDoor(env, "eu", `hooks:${crypto.randomUUID()}`);
type TestGate = ReturnType<typeof freshGate>;

/** A pointer to a connection that nobody has: the queue's consumer drops it. */
const person = newId("person", "eu", Date.now());
const pointer = () => JSON.stringify({ kind: "ended", person, connection: newId("connection", "eu", Date.now()) });
const arrival = (signature?: string, forgetAt = Date.now() + HOUR_MS): Arrival => ({
  region: "eu",
  pointers: [pointer()],
  call: signature === undefined ? undefined : { signature, forgetAt },
});

const rowsOf = (gate: TestGate, table: "inbox" | "calls") =>
  runInDurableObject(gate, (_, { storage }) => storage.sql.exec<{ n: number }>(`select count(*) as n from ${table}`).one().n);

afterEach(() => {
  vi.useRealTimers();
});

describe("what webhooks bring", () => {
  it("is kept when it is acknowledged, and is in the queue soon, however many come at once", async () => {
    const gate = freshGate();
    const taken = await Promise.all(Array.from({ length: 25 }, () => gate.receive(Array.from({ length: 10 }, () => arrival()))));
    expect(taken.flat()).toEqual(Array(250).fill(true));
    await vi.waitFor(async () => expect(await rowsOf(gate, "inbox")).toBe(0), { timeout: 15_000 });
  });

  it("waits while the queue takes nothing, also in another life of the object, and goes in order", async () => {
    const gate = freshGate();
    await gate.receive([arrival("first")]);
    await vi.waitFor(async () => expect(await rowsOf(gate, "inbox")).toBe(0), { timeout: 15_000 });
    await runInDurableObject(gate, (_, { storage }) =>
      storage.sql.exec("insert into inbox (region, pointer) values ('nowhere', ?), ('eu', ?)", pointer(), pointer()),
    );
    await evictDurableObject(gate);
    await gate.receive([arrival()]);
    await vi.waitFor(async () => expect(await alarmOf(gate)).toBeGreaterThan(Date.now()), { timeout: 15_000 });
    expect(await rowsOf(gate, "inbox")).toBe(3);
    await runInDurableObject(gate, (_, { storage }) => storage.sql.exec("update inbox set region = 'eu'"));
    expect(await runDurableObjectAlarm(gate)).toBe(true);
    expect(await rowsOf(gate, "inbox")).toBe(0);
  });

  it("leaves a gate empty when everything is sent and forgotten", async () => {
    const gate = freshGate();
    await gate.receive([arrival("call", Date.now() + MINUTE_MS)]);
    await vi.waitFor(async () => expect(await rowsOf(gate, "inbox")).toBe(0), { timeout: 15_000 });
    vi.useFakeTimers({ now: Date.now() + 11 * MINUTE_MS, toFake: ["Date"] });
    await vi.waitFor(async () => expect(await runDurableObjectAlarm(gate)).toBe(true), { timeout: 15_000 });
    const tables = await runInDurableObject(gate, (_, { storage }) =>
      storage.sql.exec("select 1 from sqlite_master where name = 'calls'").toArray(),
    );
    expect(tables).toEqual([]);
  });
});

describe("a call that was here before", () => {
  it("is known at once, in any order, and after the object has left memory; a forgotten one is new", async () => {
    const gate = freshGate();
    const signatures = Array.from({ length: 40 }, (_, i) => `signature-${i % 8}`);
    const taken = await Promise.all([0, 10, 20, 30].map((at) => gate.receive(signatures.slice(at, at + 10).map((one) => arrival(one)))));
    expect(taken.flat().filter(Boolean)).toHaveLength(8);
    await evictDurableObject(gate);
    expect(await gate.receive([arrival("signature-3")])).toEqual([false]);
    expect(await gate.receive([arrival("signature-9")])).toEqual([true]);
    await runInDurableObject(gate, (_, { storage }) => storage.sql.exec("update calls set expires_at = 0"));
    await gate.receive([arrival()]);
    await vi.waitFor(async () => expect(await rowsOf(gate, "calls")).toBe(0), { timeout: 15_000 });
    expect(await gate.receive([arrival("signature-3")])).toEqual([true]);
  });

  it("is kept whole, however many people it speaks of", async () => {
    const gate = freshGate();
    await gate.receive([arrival("zero")]);
    await runInDurableObject(gate, (_, { storage }) => {
      storage.sql.exec("delete from inbox");
      const one = pointer();
      expect(new Inbox(storage.sql).take([{ region: "eu", pointers: Array.from({ length: 15_000 }, () => one) }])).toEqual([true]);
      expect(storage.sql.exec<{ n: number }>("select count(*) as n from inbox").one().n).toBe(15_000);
      storage.sql.exec("delete from inbox");
    });
  });

  it("is remembered among so many and no more, and is found by its signature", async () => {
    const gate = freshGate();
    await gate.receive([arrival("zero")]);
    await runInDurableObject(gate, (_, { storage }) => {
      const inbox = new Inbox(storage.sql, 10);
      for (let i = 0; i < 25; i++) expect(inbox.take([arrival(`many-${i}`)])).toEqual([true]);
      expect(storage.sql.exec<{ n: number }>("select count(*) as n from calls").one().n).toBe(10);
      expect(inbox.take([arrival("many-24"), arrival("other"), arrival("other"), arrival()])).toEqual([false, true, false, true]);
      for (const query of [
        "select 1 from calls where signature = ?",
        "delete from calls where expires_at <= ?",
        "delete from calls where id <= ?",
      ]) {
        const plan = storage.sql.exec<{ detail: string }>(`explain query plan ${query}`, 1).toArray();
        expect(plan.every(({ detail }) => detail.startsWith("SEARCH"))).toBe(true);
      }
    });
  });
});

const alarmOf = (gate: TestGate) => runInDurableObject(gate, async (_, { storage }) => (await storage.getAlarm()) ?? 0);
