import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it, vi } from "vitest";
import { DAY_MS, HOUR_MS } from "../../shared/clock";
import { gateDoor } from "../doors";
import type { BreakerPolicy } from "./breaker";
import type { Limit } from "./quota";

const BREAKER: BreakerPolicy = { failures: 2, coolDownMs: 60_000, longestMs: 600_000, probeMs: 5_000 };
const HOURLY: Limit = { name: "hourly", kind: "window", limit: 5, windowMs: HOUR_MS };
const DAILY: Limit = { name: "daily", kind: "window", limit: 8, windowMs: DAY_MS };

const freshGate = () => gateDoor(env, "eu", `test:${crypto.randomUUID()}`);
/** The beginning of an hour and a day from now, so that no window ends under a test. */
const NOW = Math.ceil(Date.now() / DAY_MS) * DAY_MS;

afterEach(() => {
  vi.useRealTimers();
});

describe("attempts at a gate", () => {
  it("are counted exactly, however many come at once", async () => {
    const gate = freshGate();
    const verdicts = await Promise.all(Array.from({ length: 40 }, () => gate.attempt("account", NOW)));
    expect(verdicts.filter(({ allowed }) => allowed)).toHaveLength(10);
  });

  it("stay counted when the object leaves memory", async () => {
    const gate = freshGate();
    for (let i = 0; i < 10; i++) await gate.attempt("account", NOW);
    await evictDurableObject(gate);
    expect(await gate.attempt("account", NOW + 1)).toEqual({ allowed: false, retryAfterMs: 29_999 });
  });

  it("are forgotten when the owner proves themselves, for that kind alone", async () => {
    const gate = freshGate();
    for (let i = 0; i < 10; i++) await gate.attempt("account", NOW);
    for (let i = 0; i < 100; i++) await gate.attempt("address", NOW);
    await gate.clear("account");
    expect((await gate.attempt("account", NOW)).allowed).toBe(true);
    expect((await gate.attempt("address", NOW)).allowed).toBe(false);
    await gate.refund("address", NOW);
    expect((await gate.attempt("address", NOW)).allowed).toBe(true);
    expect((await gate.attempt("address", NOW)).allowed).toBe(false);
  });
});

describe("quotas of a gate", () => {
  it("are taken from all limits or from none", async () => {
    const gate = freshGate();
    for (let i = 0; i < 5; i++) expect((await gate.take([HOURLY, DAILY], NOW)).allowed).toBe(true);
    expect(await gate.take([HOURLY, DAILY], NOW)).toEqual({ allowed: false, retryAfterMs: HOUR_MS });
    // The refused turn cost the day nothing: three are left.
    for (let i = 0; i < 3; i++) expect((await gate.take([HOURLY, DAILY], NOW + HOUR_MS)).allowed).toBe(true);
    expect(await gate.take([HOURLY, DAILY], NOW + HOUR_MS)).toEqual({ allowed: false, retryAfterMs: 23 * HOUR_MS });
  });

  it("are exact for parallel callers and survive eviction", async () => {
    const gate = freshGate();
    const verdicts = await Promise.all(Array.from({ length: 20 }, () => gate.take([HOURLY], NOW)));
    expect(verdicts.filter(({ allowed }) => allowed)).toHaveLength(5);
    await evictDurableObject(gate);
    expect((await gate.take([HOURLY], NOW)).allowed).toBe(false);
  });

  it("follow what the vendor says", async () => {
    const gate = freshGate();
    await gate.learn("hourly", { left: 1, until: NOW + 30_000 });
    expect((await gate.take([HOURLY], NOW)).allowed).toBe(true);
    await evictDurableObject(gate);
    expect(await gate.take([HOURLY], NOW)).toEqual({ allowed: false, retryAfterMs: 30_000 });
    expect((await gate.take([HOURLY], NOW + 30_000)).allowed).toBe(true);
  });
});

describe("the breaker of a gate", () => {
  it("stays open over an eviction, then lets exactly one probe through", async () => {
    const gate = freshGate();
    for (let i = 0; i < 2; i++) await gate.report("vendor", BREAKER, false, NOW);
    await evictDurableObject(gate);
    expect(await gate.enter("vendor", BREAKER, NOW)).toEqual({ allowed: false, retryAfterMs: 60_000 });
    const probes = await Promise.all(Array.from({ length: 10 }, () => gate.enter("vendor", BREAKER, NOW + 60_000)));
    expect(probes.filter(({ allowed }) => allowed)).toHaveLength(1);
    await gate.report("vendor", BREAKER, true, NOW + 60_100);
    expect((await gate.enter("vendor", BREAKER, NOW + 60_100)).allowed).toBe(true);
  });
});

describe("a gate with nothing left to say", () => {
  it("empties itself, and works again afterwards", async () => {
    const gate = freshGate();
    await gate.attempt("account", Date.now());
    await gate.take([HOURLY], Date.now());
    vi.useFakeTimers({ now: Date.now() + 3 * HOUR_MS, toFake: ["Date"] });
    expect(await runDurableObjectAlarm(gate)).toBe(true);
    const tables = await runInDurableObject(gate, (_, state) =>
      state.storage.sql.exec("select name from sqlite_master where name = 'attempts'").toArray(),
    );
    expect(tables).toEqual([]);
    expect((await gate.attempt("account", Date.now())).allowed).toBe(true);
  });

  it("keeps what is still needed", async () => {
    const gate = freshGate();
    await gate.attempt("account", Date.now());
    await gate.take([DAILY], NOW);
    vi.useFakeTimers({ now: Date.now() + 3 * HOUR_MS, toFake: ["Date"] });
    expect(await runDurableObjectAlarm(gate)).toBe(true);
    const rows = await runInDurableObject(gate, (_, state) => [
      state.storage.sql.exec("select kind from attempts").toArray().length,
      state.storage.sql.exec("select name from quotas").toArray().length,
    ]);
    expect(rows).toEqual([0, 1]);
    expect(await runInDurableObject(gate, (_, state) => state.storage.getAlarm())).toBe(NOW + DAY_MS);
  });
});

describe("what a gate counts", () => {
  it("can be looked at, which changes nothing", async () => {
    const gate = freshGate();
    expect(await gate.standing()).toEqual({ quotas: [], breakers: [] });
    await gate.take([HOURLY], NOW);
    for (let i = 0; i < 2; i++) {
      await gate.enter("vendor", BREAKER, NOW);
      await gate.report("vendor", BREAKER, false, NOW);
    }
    for (let i = 0; i < 2; i++) {
      const { quotas, breakers } = await gate.standing();
      expect(quotas).toEqual([expect.objectContaining({ name: "hourly", used: 1, windowStart: NOW })]);
      expect(breakers).toEqual([{ name: "vendor", state: "open", failures: 2, openings: 1, until: NOW + 60_000 }]);
    }
  });
});
