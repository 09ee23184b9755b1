import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../../shared/clock";
import { BatchBuilder } from "../../../shared/health/batch";
import type { Batch, Source } from "../../../shared/health/reading";
import { newId } from "../../../shared/id";
import { freshVault, samples } from "../../../test/vaults";
import { MARKED } from "./import-marks";

const BASE = Date.UTC(2026, 9, 20);
const RING: Source = { vendor: "some_export", deviceType: "ring" };
const TABLES: Readonly<Record<string, string>> = {
  segments:
    "SELECT metric, hour, source, sum(n) AS n, min(min) AS min, max(max) AS max, sum(sum) AS sum FROM segments GROUP BY metric, hour, source",
  readings:
    "SELECT metric, source, start, end, tag, kind, value, date, record_id, body FROM readings ORDER BY metric, source, start, end, tag",
  daily: "SELECT metric, date, source, value, body FROM daily ORDER BY metric, date, source",
  hours: "SELECT metric, hour, source, date, n, min, max, sum, last, slots FROM hours ORDER BY metric, hour, source, date",
  days: "SELECT metric, date, source, n, min, max, sum, last, slots FROM days ORDER BY metric, date, source",
  series: "SELECT metric, source, kind, n, first_at, last_at, last_value FROM series ORDER BY metric, source, kind",
  sleep_stretches: "SELECT source, start, end, stage FROM sleep_stretches ORDER BY source, start, end, stage",
  sleeps: "SELECT source, start, end, assembled, body FROM sleeps ORDER BY source, start",
  workouts: "SELECT source, start, end, type, body FROM workouts ORDER BY source, start",
  workout_routes: "SELECT source, start, points FROM workout_routes ORDER BY source, start",
  quarantine: "SELECT metric, source, at, value FROM quarantine ORDER BY metric, source, at",
};

type Vaulted = ReturnType<typeof freshVault>;

async function stored({ vault }: Vaulted): Promise<Record<string, unknown[]>> {
  return await runInDurableObject(vault, (_, { storage }) =>
    Object.fromEntries(Object.entries(TABLES).map(([table, query]) => [table, storage.sql.exec(query).toArray()])),
  );
}

/** Things of every kind, each decided by its number alone, so that whoever brings one brings the same. */
function batchOf(things: readonly number[]): Batch {
  const builder = new BatchBuilder();
  const source = builder.source(RING);
  for (const k of things) {
    const at = BASE + k * 7 * MINUTE_MS;
    const rest = { source, zone: 0, version: 0 };
    const readings = [
      () => builder.sample("heart_rate", source, at, 60 + (k % 40), 0, 0),
      () => builder.sample("body_weight", source, at, 70 + (k % 5), 0, 0),
      () => builder.interval("steps", source, at, at + 11 * MINUTE_MS, 100 + k, 0, 0),
      () =>
        builder.reading({
          ...rest,
          metric: "resting_heart_rate",
          kind: "daily",
          start: at,
          end: at,
          value: 50 + (k % 9),
          date: new Date(BASE + k * DAY_MS).toISOString().slice(0, 10),
        }),
      () => builder.reading({ ...rest, metric: "nutrient.protein", kind: "interval", start: at, end: at, value: k, id: `food-${k}` }),
      () => builder.sleepStretch({ ...rest, start: at + k * HOUR_MS, end: at + k * HOUR_MS + 30 * MINUTE_MS, stage: "deep" }),
      () => builder.sleepSession({ ...rest, start: at + 400 * DAY_MS, end: at + 400 * DAY_MS + 5 * MINUTE_MS, stages: [] }),
      () => builder.workout({ ...rest, start: at, end: at + HOUR_MS, type: "running", totals: {}, route: [[at, 1, 2]] }),
      () => builder.sample("heart_rate", source, at, 5_000 + k, 0, 0),
    ];
    readings[k % readings.length]!();
  }
  // Nights of another year, so that told and assembled ones do not meet.
  return { ...builder.take(), sleepSessions: [] };
}

describe("undoing an import", () => {
  it("leaves what the other imports and doors brought, in whatever order they came and go", async () => {
    const things = fc.uniqueArray(fc.integer({ min: 0, max: 80 }), { maxLength: 30 });
    const delivery = fc.record({ by: fc.integer({ min: 0, max: 3 }), things });
    await fc.assert(
      fc.asyncProperty(fc.array(delivery, { maxLength: 7 }), fc.subarray([1, 2, 3]), async (deliveries, undone) => {
        const imports = [undefined, ...[1, 2, 3].map(() => newId("import", "eu", Date.now()))];
        const one = freshVault();
        for (const { by, things: some } of deliveries) await one.vault.record(batchOf(some), imports[by]);
        for (const by of undone) {
          // The object forgets everything but what is stored.
          await one.vault.metrics(one.actor);
          await evictDurableObject(one.vault);
          while ((await one.vault.undoImport(imports[by] ?? "")).isMore);
          // A repetition finds nothing.
          expect(await one.vault.undoImport(imports[by] ?? "")).toEqual({ removed: 0, isMore: false });
        }
        const other = freshVault();
        for (const { by, things: some } of deliveries) if (!undone.includes(by)) await other.vault.record(batchOf(some));
        expect(await stored(one)).toEqual(await stored(other));
      }),
      { numRuns: 14 },
    );
  });

  it("removes told nights, counts what went, and lets the file be imported again", async () => {
    const one = freshVault();
    const builder = new BatchBuilder();
    const source = builder.source(RING);
    builder.sleepSession({
      source,
      start: BASE,
      end: BASE + 8 * HOUR_MS,
      zone: 0,
      version: 0,
      stages: [{ start: BASE, end: BASE + HOUR_MS, stage: "deep" }],
    });
    const night = builder.take();
    const [first, second] = [newId("import", "eu", Date.now()), newId("import", "eu", Date.now())];
    await one.vault.record(night, first);
    expect(await one.vault.undoImport(first)).toEqual({ removed: 1, isMore: false });
    expect(await stored(one)).toEqual(await stored(freshVault()));
    expect(await one.vault.record(night, second)).toMatchObject({ accepted: 1, duplicate: 0 });
  });

  it("keeps the books small: no row for a reading, and none for a source that no import touched", async () => {
    const one = freshVault();
    const rows = Array.from({ length: 3_600 }, (_, i) => ({ at: BASE + i * 1_000, value: 60 + (i % 30) }));
    await one.vault.record(samples("heart_rate", rows));
    await one.vault.record(samples("heart_rate", rows, RING), newId("import", "eu", Date.now()));
    const books = await runInDurableObject(one.vault, (_, { storage: { sql } }) => ({
      ...sql.exec<{ n: number; bytes: number }>("SELECT count(*) AS n, sum(length(marks)) AS bytes FROM import_marks").one(),
      plan: sql.exec<{ detail: string }>(`EXPLAIN QUERY PLAN ${MARKED}`, 1, "sample", 1, 0, 0).toArray(),
    }));
    expect(books.n).toBe(1);
    expect(books.bytes).toBeLessThan(50);
    expect(books.plan.map(({ detail }) => detail)).toEqual([
      expect.stringContaining("USING INDEX import_marks_by_place (source=? AND what=? AND metric=?"),
    ]);
  });
});
