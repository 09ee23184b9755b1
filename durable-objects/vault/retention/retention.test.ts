import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { describe, expect, test, vi } from "vitest";
import { DAY_MS, HOUR_MS } from "../../../shared/clock";
import { freshVault, samples } from "../../../test/vaults";

type Fresh = ReturnType<typeof freshVault>;

const HOUR = Math.floor(Date.now() / HOUR_MS);
/** An hour of samples so many days ago. */
const ago = (days: number) => (HOUR - days * 24) * HOUR_MS;
const hourOf = (days: number) =>
  samples(
    "heart_rate",
    Array.from({ length: 60 }, (_, i) => ({ at: ago(days) + i * 60_000, value: 60 + (i % 5) })),
  );

async function series({ vault, actor }: Fresh, resolution: "raw" | "hour" | "day") {
  const query = { key: "heart_rate", from: ago(400), to: Date.now(), resolution, choice: "best", limit: 1_000 } as const;
  return JSON.parse((await vault.series(actor, query)).items) as { count?: number }[];
}

/** Runs the vault's alarm until no slice of the clean-up is due. */
async function run({ vault }: Fresh, now = Date.now()): Promise<void> {
  const clock = vi.spyOn(Date, "now").mockImplementation(() => now);
  try {
    for (let turn = 0; turn < 20; turn++) {
      await runInDurableObject(vault, (_, ctx) => {
        ctx.storage.sql.exec("UPDATE timers SET due_at = ? WHERE kind = 'retention' AND due_at <= ?", now, now + 5_000);
      });
      await runDurableObjectAlarm(vault);
    }
  } finally {
    clock.mockRestore();
  }
}

const set = async ({ vault, actor }: Fresh, keep: Record<string, number | null>, keepSummaries = true) =>
  await vault.setRetention(actor, { keep, keepSummaries });
const line = async ({ vault, actor }: Fresh, kind: string) => (await vault.retention(actor)).kinds.find((one) => one.kind === kind);

describe("samples", () => {
  test("stay for good unless the person says otherwise", async () => {
    const one = freshVault();
    await one.vault.record(hourOf(300));
    await run(one);
    expect(await series(one, "raw")).toHaveLength(60);
    expect(await line(one, "raw_samples")).toMatchObject({ keep: null, removedInAll: 0 });
  });

  test("past what is kept go, and what they added up to stays", async () => {
    const one = freshVault();
    for (const days of [100, 40, 2]) await one.vault.record(hourOf(days));
    const [hours, days] = [await series(one, "hour"), await series(one, "day")];
    await set(one, { raw_samples: 60 });
    await run(one);
    expect(await series(one, "raw")).toHaveLength(120);
    expect(await series(one, "hour")).toEqual(hours);
    expect(await series(one, "day")).toEqual(days);
    expect(await line(one, "raw_samples")).toMatchObject({ keep: 60, removedInAll: 60 });
    expect((await one.vault.metrics(one.actor)).find(({ key }) => key === "heart_rate")).toMatchObject({ count: 120 });
    const { items } = await one.vault.accessLog(one.actor, { limit: 50, action: "delete" });
    expect(items[0]).toMatchObject({ actor: "retention", about: ["raw_samples"] });
  });

  test("and their summaries go together where the person wants that", async () => {
    const one = freshVault();
    for (const days of [100, 2]) await one.vault.record(hourOf(days));
    await set(one, { raw_samples: 60 }, false);
    await run(one);
    expect(await series(one, "day")).toHaveLength(1);
    expect(await series(one, "hour")).toHaveLength(1);
  });

  test("do not come back by a later sync of the same past, and later ones are taken as ever", async () => {
    const one = freshVault();
    await one.vault.record(hourOf(100));
    await set(one, { raw_samples: 60 });
    await run(one);
    const again = await one.vault.record(hourOf(100));
    expect([again.accepted, again.rejected.length, again.rejected[0]?.reason]).toEqual([0, 60, "past_retention"]);
    expect(await one.vault.record(hourOf(3))).toMatchObject({ accepted: 60 });
    // Nothing was marked as deleted: with a longer time the same past is taken again, and is not counted twice.
    await set(one, {});
    expect(await one.vault.record(hourOf(100))).toMatchObject({ accepted: 60, rejected: [] });
    expect((await series(one, "day")).map(({ count }) => count)).toEqual([60, 60]);
  });

  test("that are gone leave summaries that the person can still delete", async () => {
    const one = freshVault();
    await one.vault.record(hourOf(100));
    await set(one, { raw_samples: 60 });
    await run(one);
    expect(await series(one, "day")).toHaveLength(1);
    await one.vault.erase(one.actor, { key: "heart_rate", from: ago(101), to: ago(99) });
    expect(await series(one, "day")).toEqual([]);
    expect(await series(one, "hour")).toEqual([]);
    expect((await one.vault.metrics(one.actor)).filter(({ key }) => key === "heart_rate")).toEqual([]);
  });
});

describe("what is kept for a time", () => {
  test("goes when the clock says so, by the vault's own alarm, and not before", async () => {
    const one = freshVault();
    await one.vault.record(samples("heart_rate", [{ at: Date.now() - HOUR_MS, value: 5_000 }]));
    await run(one);
    expect(await one.vault.quarantined(one.actor, { state: "held", limit: 10 })).toHaveLength(1);
    await runInDurableObject(one.vault, (_, ctx) => {
      ctx.storage.sql.exec("UPDATE timers SET due_at = 1 WHERE kind = 'retention'");
    });
    await run(one, Date.now() + 89 * DAY_MS);
    expect(await one.vault.quarantined(one.actor, { state: "held", limit: 10 })).toHaveLength(1);
    await runInDurableObject(one.vault, (_, ctx) => {
      ctx.storage.sql.exec("UPDATE timers SET due_at = 1 WHERE kind = 'retention'");
    });
    await run(one, Date.now() + 91 * DAY_MS);
    expect(await one.vault.quarantined(one.actor, { state: "held", limit: 10 })).toEqual([]);
    expect(await line(one, "quarantine")).toMatchObject({ keep: 90, removedInAll: 1 });
  });

  test("is looked at again when the oldest of it is due", async () => {
    const one = freshVault();
    const before = Date.now();
    await one.vault.record(samples("heart_rate", [{ at: before - HOUR_MS, value: 5_000 }]));
    await set(one, { quarantine: 30 });
    await run(one);
    const { nextRunAt } = await one.vault.retention(one.actor);
    expect(nextRunAt).toBeGreaterThanOrEqual(before + DAY_MS);
    expect(nextRunAt).toBeLessThanOrEqual(Date.now() + 30 * DAY_MS);
  });

  test("cannot be chosen beyond its bounds", async () => {
    const one = freshVault();
    const refused = async (keep: Record<string, number | null>) => {
      try {
        await set(one, keep);
      } catch (error) {
        return (error as { code?: string }).code;
      }
      return "taken";
    };
    expect(await refused({ access_log: 100 })).toBe("invalid");
    expect(await refused({ raw_samples: 1 })).toBe("invalid");
    expect(await refused({ minutes: null })).toBe("invalid");
    expect(await refused({ horoscope: 9 })).toBe("invalid");
    expect(await refused({ access_log: 4_000, quarantine: null })).toBe("taken");
    expect(await line(one, "access_log")).toMatchObject({ keep: 4_000 });
  });
});

describe("an access log of more than six years", () => {
  const OLD = Date.now() - 7 * 366 * DAY_MS;

  /** A log whose first lines are old. */
  async function aged(): Promise<Fresh> {
    const one = freshVault();
    const clock = vi.spyOn(Date, "now").mockImplementation(() => OLD);
    try {
      for (let n = 0; n < 5; n++) await one.vault.metrics(one.actor);
    } finally {
      clock.mockRestore();
    }
    for (let n = 0; n < 3; n++) await one.vault.metrics(one.actor);
    await set(one, {});
    await run(one);
    return one;
  }
  const verify = async ({ vault, actor }: Fresh) => await vault.verifyAccessLog(actor, 0, 1_000);
  const tamper = async ({ vault }: Fresh, statement: string) =>
    await runInDurableObject(vault, (_, ctx) => {
      ctx.storage.sql.exec(statement);
    });

  test("loses its beginning, and what is left is proven", async () => {
    const one = await aged();
    const { items, next } = await one.vault.accessLog(one.actor, { limit: 100 });
    expect(items.at(-1)?.seq).toBe(6);
    expect(next).toBeNull();
    expect(await verify(one)).toMatchObject({ intact: true, first: 6, fault: null });
  });

  test.each([
    ["a line at the new beginning", "DELETE FROM access_log WHERE seq = 6", "missing", 6],
    ["the anchor", "DELETE FROM access_anchor", "missing", 1],
    [
      "the anchor, moved over lines that were deleted",
      "UPDATE access_anchor SET seq = 6, hash = (SELECT hash FROM access_log WHERE seq = 6)",
      "anchor_forged",
      6,
    ],
    ["the anchor's hash", "UPDATE access_anchor SET hash = 'x'", "anchor_forged", 5],
    ["a line after it", "UPDATE access_log SET body = '[]' WHERE seq = 7", "altered", 7],
  ])("does not hide that somebody changed %s", async (_what, statement, kind, seq) => {
    const one = await aged();
    await tamper(one, statement);
    expect((await verify(one)).fault).toEqual({ kind, seq });
  });

  test("never loses its newest line", async () => {
    const one = freshVault();
    await one.vault.metrics(one.actor);
    await tamper(one, "UPDATE timers SET due_at = 1 WHERE kind = 'access-checkpoint'");
    await runDurableObjectAlarm(one.vault);
    await run(one, Date.now() + 10 * 366 * DAY_MS);
    await runInDurableObject(one.vault, (_, ctx) => {
      ctx.storage.sql.exec("UPDATE timers SET due_at = 1 WHERE kind = 'retention'");
    });
    await run(one, Date.now() + 10 * 366 * DAY_MS);
    expect(await verify(one)).toMatchObject({ intact: true });
  });
});
