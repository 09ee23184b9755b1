import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it, vi } from "vitest";
import { HOUR_MS, MINUTE_MS } from "../../shared/clock";
import { type ConnectionId, newId } from "../../shared/id";
import type { Region } from "../../shared/region";
import type { AddressedPush } from "../../shared/vendors/push";
import { gateDoor } from "../doors";
import { ACCOUNTS, GatePushes, NEXT_TELL, UNTOLD, WAITING } from "./pushes";

const freshGate = () => gateDoor(env, "eu", `hooks:${crypto.randomUUID()}`);
type TestGate = ReturnType<typeof freshGate>;

/** A push for somebody whom nobody knows, in the name of a vendor that nobody has: the queue's consumer finds nothing at that vendor's gate. */
function push(parts = "[]", region: Region = "eu", connection = newId("connection", region, Date.now())): AddressedPush {
  const person = newId("person", region, Date.now());
  return { vendor: `test-${crypto.randomUUID()}`, person, connection, account: "hash", credential: null, parts };
}

const arrival = (pushes: readonly AddressedPush[], signature?: string) => ({
  region: "eu" as const,
  pointers: [],
  pushes,
  ...(signature !== undefined && { call: { signature, forgetAt: Date.now() + HOUR_MS } }),
});

/** Lets something happen with the pushes of a gate whose tables are there. */
async function inside<T>(gate: TestGate, act: (pushes: GatePushes, sql: SqlStorage) => T): Promise<T> {
  await gate.receive([]);
  return await runInDurableObject(gate, (_, { storage }) => act(new GatePushes(storage.sql), storage.sql));
}

const rowsOf = (gate: TestGate) =>
  inside(gate, (_, sql) =>
    sql.exec<{ id: number; connection: ConnectionId; tell_at: number }>("select * from pushes order by id").toArray(),
  );

afterEach(() => {
  vi.useRealTimers();
});

describe("what a vendor sends itself", () => {
  it("waits at the gate until it is taken, also in another life of the object", async () => {
    const gate = freshGate();
    const pushes = Array.from({ length: 30 }, (_, i) => push(`[${i}]`));
    expect(await gate.receive(pushes.slice(0, 20).map((one) => arrival([one])))).toEqual(Array(20).fill(true));
    expect(await gate.receive([arrival(pushes.slice(20))])).toEqual([true]);
    await vi.waitFor(async () => expect((await rowsOf(gate)).every(({ tell_at }) => tell_at > Date.now() + 50 * MINUTE_MS)).toBe(true), {
      timeout: 15_000,
    });
    await evictDurableObject(gate);
    const rows = await rowsOf(gate);
    expect(rows.map(({ connection }) => connection)).toEqual(pushes.map(({ connection }) => connection));
    for (const [i, { id, connection }] of rows.entries()) {
      expect((await gate.waitingPushes(connection, 0, 1_000)).map(({ parts }) => parts)).toEqual([`[${i}]`]);
      await gate.donePushes([id]);
    }
    expect(await rowsOf(gate)).toEqual([]);
  });

  it("is told again after an hour, should the message be lost", async () => {
    const gate = freshGate();
    await gate.receive([arrival([push()])]);
    await vi.waitFor(async () => expect((await rowsOf(gate))[0]?.tell_at).toBeGreaterThan(Date.now() + 50 * MINUTE_MS), {
      timeout: 15_000,
    });
    const alarm = await runInDurableObject(gate, async (_, { storage }) => await storage.getAlarm());
    expect(alarm).toBeLessThanOrEqual(Date.now() + HOUR_MS);
    vi.useFakeTimers({ now: Date.now() + HOUR_MS + MINUTE_MS, toFake: ["Date"] });
    expect(await runDurableObjectAlarm(gate)).toBe(true);
    expect((await rowsOf(gate))[0]?.tell_at).toBeGreaterThan(Date.now());
  });

  it("is not kept of an exact repetition of a signed call", async () => {
    const gate = freshGate();
    expect(await gate.receive([arrival([push()], "one"), arrival([push()], "one")])).toEqual([true, false]);
    expect(await gate.receive([arrival([push()], "one")])).toEqual([false]);
    expect(await rowsOf(gate)).toHaveLength(1);
  });

  it("leaves the gate empty when all is taken, also where somebody looks for more later", async () => {
    const gate = freshGate();
    await gate.receive([arrival([push()])]);
    await vi.waitFor(async () => expect((await rowsOf(gate))[0]?.tell_at).toBeGreaterThan(Date.now()), { timeout: 15_000 });
    await gate.donePushes((await rowsOf(gate)).map(({ id }) => id));
    vi.useFakeTimers({ now: Date.now() + 2 * HOUR_MS, toFake: ["Date"] });
    await vi.waitFor(async () => expect(await runDurableObjectAlarm(gate)).toBe(true), { timeout: 15_000 });
    const connection = newId("connection", "eu", Date.now());
    expect([await gate.waitingPushes(connection, 0, 1_000), await gate.pushAccounts(connection)]).toEqual([[], []]);
    await gate.donePushes([1]);
    const tables = await runInDurableObject(gate, (_, { storage }) =>
      storage.sql.exec("select 1 from sqlite_master where name = 'pushes'").toArray(),
    );
    expect(tables).toEqual([]);
  });
});

describe("pushes that wait", () => {
  it("are told by people's regions, once for each connection", async () => {
    await inside(freshGate(), (pushes) => {
      const [eu, us] = [push(), push("[]", "us")];
      pushes.add([...Array.from({ length: 150 }, () => eu), us, eu], 1_000);
      const pointer = ({ vendor, person, connection }: AddressedPush) => ({ kind: "pushed", vendor, person, connection });
      const first = pushes.untold(1_000, 1_000)!;
      expect([first.region, first.ids.length, first.pointers]).toEqual(["eu", 151, [pointer(eu)]]);
      pushes.told(first, 1_000);
      const second = pushes.untold(1_000, 1_000)!;
      expect([second.region, second.ids.length, second.pointers]).toEqual(["us", 1, [pointer(us)]]);
      pushes.told(second, 1_000);
      expect([pushes.untold(1_000, 1_000), pushes.nextTell]).toEqual([undefined, 1_000 + HOUR_MS]);
    });
  });

  it("have numbers in the order in which they came, which are given once", async () => {
    await inside(freshGate(), (pushes, sql) => {
      const [a, b] = [push(), push()];
      const idsOf = ({ connection }: AddressedPush) => pushes.waiting(connection, 0, 100).map(({ id }) => id);
      pushes.add([a, b, a, a], 5_000);
      new GatePushes(sql).add([b], 5_000);
      const ids = [...idsOf(a), ...idsOf(b)];
      expect(new Set(ids).size).toBe(5);
      expect(idsOf(b)[1]).toBeGreaterThan(Math.max(...idsOf(a)));
      pushes.done(ids);
      pushes.add([a], 5_001);
      expect(idsOf(a)[0]).toBeGreaterThan(Math.max(...ids));
    });
  });

  it("are read for their connection alone, as many as may be held in memory, and go on where that ended", async () => {
    await inside(freshGate(), (pushes) => {
      const own = push();
      const sizes = [10, 90_000, 150_000, 199_000, 20];
      pushes.add([...sizes.map((n) => ({ ...own, parts: "ü".repeat(n) })), push()], 1_000);
      const ids = pushes.waiting(own.connection, 0, 10_000_000).map(({ id }) => id);
      const sizesOf = (after: number, letters: number, only?: readonly number[]) =>
        pushes.waiting(own.connection, after, letters, only).map(({ parts }) => parts.length);
      expect(sizesOf(0, 250_000)).toEqual([10, 90_000, 150_000]);
      expect(sizesOf(0, 1)).toEqual([10]);
      expect(sizesOf(ids[1]!, 1)).toEqual([150_000]);
      expect(sizesOf(ids[4]!, 1)).toEqual([]);
      expect(sizesOf(0, 10_000_000)).toEqual(sizes);
      expect(sizesOf(0, 10_000_000, [ids[4]!, ids[1]!])).toEqual([90_000, 20]);
      expect(pushes.accounts(own.connection, [ids[2]!])).toEqual([{ id: ids[2], account: "hash", credential: null }]);
      expect(pushes.accounts(own.connection).map(({ id }) => id)).toEqual(ids);
    });
  });

  it("are found by an index", async () => {
    await inside(freshGate(), (_, sql) => {
      for (const [query, ...values] of [
        [UNTOLD, 1, 1],
        [WAITING, "c", "[]", 0],
        [WAITING, "c", null, 0],
        [ACCOUNTS, "c", null],
        [NEXT_TELL],
      ] as const) {
        const details = sql
          .exec<{ detail: string }>(`explain query plan ${query}`, ...values)
          .toArray()
          .map(({ detail }) => detail);
        expect(details[0]).toMatch(/^SEARCH pushes USING (INTEGER PRIMARY KEY|(COVERING )?INDEX)/);
        expect(details.filter((detail) => /SCAN (?!json_each)|TEMP B-TREE/.test(detail))).toEqual([]);
      }
    });
  });
});
