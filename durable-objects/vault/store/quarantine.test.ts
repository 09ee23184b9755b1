import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { freshVault, samples, WATCH } from "../../../test/vaults";
import { BatchBuilder } from "../../../shared/health/batch";

const AT = Date.UTC(2026, 9, 20, 8);
type Vaulted = ReturnType<typeof freshVault>;

const list = async ({ vault, actor }: Vaulted, state: "held" | "released" | "discarded" = "held") =>
  await vault.quarantined(actor, { state, limit: 100 });

async function raw({ vault, actor }: Vaulted, key: string): Promise<Record<string, unknown>[]> {
  const query = { key, from: AT - 1, to: AT + 3_600_000, resolution: "raw" as const, choice: "best" as const, limit: 100 };
  return JSON.parse((await vault.series(actor, query)).items) as Record<string, unknown>[];
}

describe("a reading that was kept apart", () => {
  it("is stored and marked when it is released, and its replay is a duplicate", async () => {
    const one = freshVault();
    const batch = samples("heart_rate", [
      { at: AT, value: 62, id: "a" },
      { at: AT + 1_000, value: 350, id: "b", zone: 3_600, version: 4 },
    ]);
    await one.vault.record(batch);
    const [held] = await list(one);
    expect(held).toMatchObject({ metric: "heart_rate", value: 350, reason: "implausible_value", recordId: "b", state: "held" });
    expect(await one.vault.decideQuarantine(one.actor, "release", { id: held!.id })).toEqual({ decided: 1, refused: 0, isMore: false });
    expect(await raw(one, "heart_rate")).toMatchObject([
      { value: 62 },
      { value: 350, at: "2026-10-20T09:00:01.000+01:00", attributes: { quarantine: { reason: "implausible_value" } } },
    ]);
    expect(await one.vault.record(batch)).toMatchObject({ accepted: 0, duplicate: 2, quarantined: [] });
    expect(await list(one)).toEqual([]);
    expect(await list(one, "released")).toMatchObject([{ id: held!.id }]);
  });

  it("is released whole: a panel with all of its parts, an interval with its end, a day's number as one", async () => {
    const one = freshVault();
    const builder = new BatchBuilder();
    const source = builder.source(WATCH);
    const reading = { source, start: AT, end: AT, zone: 0, version: 1 };
    builder.reading({ ...reading, metric: "blood_pressure", kind: "sample", value: null, components: { systolic: 900, diastolic: 800 } });
    builder.interval("steps", source, AT, AT + 60_000, 5_000_000, 0, 1);
    builder.reading({ ...reading, metric: "steps", kind: "daily", value: 9_000_000, date: "2026-10-20" });
    await one.vault.record(builder.take());
    const held = await list(one);
    expect(held.length).toBe(3);
    expect(await one.vault.decideQuarantine(one.actor, "release", { reason: "implausible_value" })).toMatchObject({
      decided: 3,
      refused: 0,
    });
    expect(await raw(one, "blood_pressure")).toMatchObject([{ components: { systolic: 900, diastolic: 800 } }]);
    expect(await raw(one, "steps")).toMatchObject([{ value: 5_000_000, endAt: "2026-10-20T08:01:00.000Z" }]);
  });

  it("does not come back once it is discarded, and does not come in where the person deleted its time", async () => {
    const one = freshVault();
    const batch = samples("heart_rate", [{ at: AT, value: 900 }]);
    await one.vault.record(batch);
    expect(await one.vault.decideQuarantine(one.actor, "discard", { metric: "heart_rate", from: AT, to: AT + 1 })).toMatchObject({
      decided: 1,
    });
    await one.vault.record(batch);
    expect(await list(one)).toEqual([]);
    expect(await raw(one, "heart_rate")).toEqual([]);
    expect(await one.vault.decideQuarantine(one.actor, "release", { metric: "heart_rate" })).toEqual({
      decided: 0,
      refused: 0,
      isMore: false,
    });
  });

  it("that was never understood as a whole cannot be stored", async () => {
    const one = freshVault();
    const builder = new BatchBuilder();
    builder.quarantine({ source: builder.source(WATCH), metric: "steps", at: AT, value: 3, unit: "furlong", reason: "unit_mismatch" });
    await one.vault.record(builder.take());
    const [held] = await list(one);
    expect(await one.vault.decideQuarantine(one.actor, "release", { id: held!.id })).toEqual({ decided: 0, refused: 1, isMore: false });
    expect(await list(one)).toHaveLength(1);
  });
});

it("glucose at 4 to 9 that claims to be mg/dL is held as a whole series, with the suspicion as its reason", async () => {
  const one = freshVault();
  await one.vault.record(
    samples(
      "blood_glucose",
      [5.1, 6.2, 8.9, 11.4].map((value, i) => ({ at: AT + i * 60_000, value })),
    ),
  );
  expect((await list(one)).map(({ value, reason }) => [value, reason])).toEqual([
    [11.4, "unit_suspect"],
    [8.9, "unit_suspect"],
    [6.2, "unit_suspect"],
    [5.1, "unit_suspect"],
  ]);
  await one.vault.record(samples("blood_glucose", [{ at: AT + 3_000_000, value: 104 }]));
  expect(await raw(one, "blood_glucose")).toMatchObject([{ value: 104 }]);
});

it("what is held is found by an index", async () => {
  const plans = await runInDurableObject(freshVault().vault, (_, { storage: { sql } }) =>
    [
      "SELECT id FROM quarantine WHERE state = 'held' AND (received_at, id) < (1, 2) ORDER BY received_at DESC, id DESC LIMIT 1",
      "SELECT 1 FROM quarantine WHERE metric = 'a' AND source = 1 AND at = 2 AND value = '3' AND state = 'released'",
    ].map((query) =>
      sql
        .exec<{ detail: string }>(`EXPLAIN QUERY PLAN ${query}`)
        .toArray()
        .map(({ detail }) => detail),
    ),
  );
  for (const plan of plans) expect(plan).toMatchObject([expect.stringMatching(/^SEARCH/)]);
});
