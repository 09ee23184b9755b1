import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { freshVault } from "../../test/vaults";
import type { LogEvent } from "../../shared/log";
import { Timers } from "./timers";

const NOW = Date.UTC(2026, 10, 20);

/** Runs a test against timers in a fresh vault's storage, with a clock of its own. */
async function withTimers(
  test: (
    timers: Timers,
    clock: { now: number },
    rows: () => { kind: string; ref: string; due_at: number; attempts: number }[],
    log: LogEvent[],
  ) => Promise<void>,
) {
  await runInDurableObject(freshVault().vault, async (_, state) => {
    const clock = { now: NOW };
    const log: LogEvent[] = [];
    const timers = new Timers(
      state.storage,
      () => clock.now,
      (event) => log.push(event),
    );
    const rows = () =>
      state.storage.sql
        .exec<{ kind: string; ref: string; due_at: number; attempts: number }>("SELECT * FROM timers ORDER BY due_at")
        .toArray();
    await test(timers, clock, rows, log);
    state.storage.sql.exec("DELETE FROM timers");
    await state.storage.deleteAlarm();
  });
}

describe("timers", () => {
  it("run when they are due and not before, in order of time", async () => {
    await withTimers(async (timers, clock) => {
      const ran: string[] = [];
      timers.on("job", async (ref) => void ran.push(ref));
      timers.set("job", "b", NOW + 2_000);
      timers.set("job", "a", NOW + 1_000);
      timers.set("job", "c", NOW + 9_000);
      clock.now = NOW + 5_000;
      await timers.run();
      expect(ran).toEqual(["a", "b"]);
    });
  });

  it("come back at the time their handler asks for", async () => {
    await withTimers(async (timers, _, rows) => {
      timers.on("job", async () => NOW + 60_000);
      timers.set("job", "a", NOW);
      await timers.run();
      expect(rows()).toMatchObject([{ ref: "a", due_at: NOW + 60_000, attempts: 0 }]);
    });
  });

  it("that fail are tried again later and later, and stop nobody else", async () => {
    await withTimers(async (timers, clock, rows, log) => {
      const ran: string[] = [];
      timers.on("broken", async () => {
        throw new TypeError("with details that stay here");
      });
      timers.on("job", async (ref) => void ran.push(ref));
      timers.set("broken", "x", NOW);
      timers.set("job", "a", NOW);
      await timers.run();
      expect(ran).toEqual(["a"]);
      const [first] = rows();
      expect(first).toMatchObject({ kind: "broken", attempts: 1, due_at: NOW + 2_000 });
      clock.now = NOW + 2_000;
      await timers.run();
      expect(rows()).toMatchObject([{ kind: "broken", attempts: 2, due_at: NOW + 6_000 }]);
      expect(log).toMatchObject([{ kind: "broken", reason: "TypeError" }, { kind: "broken" }]);
      expect(JSON.stringify(log)).not.toContain("details");
    });
  });

  it("that are moved while their handler runs keep the new time", async () => {
    await withTimers(async (timers, _, rows) => {
      timers.on("job", async (ref) => {
        timers.set("job", ref, NOW + 30_000);
        return undefined;
      });
      timers.set("job", "a", NOW);
      await timers.run();
      expect(rows()).toMatchObject([{ ref: "a", due_at: NOW + 30_000 }]);
    });
  });

  it("set to the earliest of two times run at the earlier", async () => {
    await withTimers(async (timers, _, rows) => {
      timers.setEarliest("job", "a", NOW + 5_000);
      timers.setEarliest("job", "a", NOW + 9_000);
      timers.setEarliest("job", "a", NOW + 3_000);
      expect(rows()).toMatchObject([{ due_at: NOW + 3_000 }]);
    });
  });
});
