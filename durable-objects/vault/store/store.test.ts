import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { freshVault, intervals, type Interval, PHONE, type Sample, samples, WATCH } from "../../../test/vaults";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../../shared/clock";
import { BatchBuilder } from "../../../shared/health/batch";
import { localDay, parseDay } from "../../../shared/health/zone";
import type { Resolution } from "../answers";
import type { Batch } from "../../../shared/health/reading";
import { ELSEWHERE } from "./rows";
import { Store } from "./store";
import { Timers } from "../timers";

const BASE = Date.UTC(2026, 9, 20);

type Vaulted = ReturnType<typeof freshVault>;
type Item = Record<string, unknown>;

async function series(
  { vault, actor }: Vaulted,
  key: string,
  resolution: Resolution,
  from: number,
  to: number,
  choice: number | "all" | "best" = "best",
): Promise<Item[]> {
  const page = await vault.series(actor, { key, from, to, resolution, choice, limit: 10_000 });
  return JSON.parse(page.items) as Item[];
}

const values = (items: readonly Item[]) => items.map((item) => [item["at"], item["value"]]);

describe("samples", () => {
  it("end the same whatever the order, the number and the interruptions of deliveries", async () => {
    const row = fc.record({
      at: fc.integer({ min: 0, max: 3 * 60 * 12 }).map((k) => BASE + k * 20_000),
      value: fc.integer({ min: 40, max: 180 }),
      version: fc.integer({ min: 1, max: 1_000_000 }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(row, { maxLength: 60, selector: (r) => r.version }),
        fc.array(fc.nat(), { maxLength: 6 }),
        async (rows, cuts) => {
          const one = freshVault();
          const two = freshVault();
          await one.vault.record(
            samples(
              "heart_rate",
              rows.toSorted((a, b) => a.version - b.version),
            ),
          );
          const pieces = cuts.map((cut) => cut % (rows.length + 1)).toSorted((a, b) => a - b);
          for (const [k, cut] of [...pieces, rows.length].entries()) {
            const from = k === 0 ? 0 : (pieces[k - 1] ?? 0);
            // Each piece comes twice, and the object forgets everything in between.
            await two.vault.record(samples("heart_rate", rows.slice(from, cut)));
            await evictDurableObject(two.vault);
            await two.vault.record(samples("heart_rate", rows.slice(from, cut)));
          }
          for (const resolution of ["raw", "minute", "hour", "day"] as const) {
            expect(await series(two, "heart_rate", resolution, BASE, BASE + DAY_MS)).toEqual(
              await series(one, "heart_rate", resolution, BASE, BASE + DAY_MS),
            );
          }
        },
      ),
      { numRuns: 12 },
    );
  });

  it("keep rollups equal to what the raw readings add up to", async () => {
    const one = freshVault();
    const rows: Sample[] = Array.from({ length: 500 }, (_, i) => ({ at: BASE + ((i * 7_919) % 50_000) * 1_000, value: 50 + (i % 90) }));
    await one.vault.record(samples("heart_rate", rows.slice(0, 300)));
    await one.vault.record(samples("heart_rate", rows.slice(200)));
    const raw = await series(one, "heart_rate", "raw", BASE, BASE + DAY_MS);
    const hours = await series(one, "heart_rate", "hour", BASE, BASE + DAY_MS);
    const [day] = await series(one, "heart_rate", "day", BASE, BASE + DAY_MS);
    const all = raw.map((item) => Number(item["value"]));
    expect(hours.reduce((n, item) => n + Number(item["count"]), 0)).toBe(all.length);
    expect(day).toMatchObject({ count: all.length, min: Math.min(...all), max: Math.max(...all) });
    expect(Number(day?.["mean"])).toBeCloseTo(all.reduce((a, b) => a + b, 0) / all.length, 6);
  });

  it("let a late older version lose and a newer one win", async () => {
    const one = freshVault();
    await one.vault.record(samples("heart_rate", [{ at: BASE, value: 72, version: 2 }]));
    expect(await one.vault.record(samples("heart_rate", [{ at: BASE, value: 70, version: 1 }]))).toMatchObject({
      duplicate: 1,
      updated: 0,
    });
    expect(await one.vault.record(samples("heart_rate", [{ at: BASE, value: 74, version: 3 }]))).toMatchObject({ updated: 1 });
    expect(values(await series(one, "heart_rate", "raw", BASE, BASE + 1))).toEqual([["2026-10-20T00:00:00.000Z", 74]]);
  });

  it("take appended, late and interleaved readings alike", async () => {
    const one = freshVault();
    for (const minute of [0, 10, 20, 5, 15, 59, 1])
      await one.vault.record(samples("heart_rate", [{ at: BASE + minute * MINUTE_MS, value: 60 + minute }]));
    expect((await series(one, "heart_rate", "raw", BASE, BASE + HOUR_MS)).map((item) => item["value"])).toEqual([
      60, 61, 65, 70, 75, 80, 119,
    ]);
  });

  it("merge an hour of many small writes into few parts", async () => {
    const one = freshVault();
    for (let i = 0; i < 100; i++) await one.vault.record(samples("heart_rate", [{ at: BASE + i * 1_000, value: 60 }]));
    const parts = await runInDurableObject(
      one.vault,
      (_, state) => state.storage.sql.exec<{ n: number }>("SELECT count(*) AS n FROM segments").one().n,
    );
    expect(parts).toBeLessThanOrEqual(33);
    expect(await series(one, "heart_rate", "raw", BASE, BASE + HOUR_MS)).toHaveLength(100);
  });

  it("average decibels by their energy", async () => {
    const one = freshVault();
    await one.vault.record(
      samples("env_audio", [
        { at: BASE, value: 60 },
        { at: BASE + 60_000, value: 90 },
      ]),
    );
    const [hour] = await series(one, "env_audio", "hour", BASE, BASE + HOUR_MS);
    expect(Number(hour?.["mean"])).toBeCloseTo(86.994, 2);
  });
});

describe("a write that is interrupted", () => {
  it("leaves nothing behind, wherever it breaks, and succeeds when repeated", async () => {
    const one = freshVault();
    await one.vault.record(mixed(0));
    const before = await dump(one);
    let broken = 0;
    for (let step = 1; ; step++) {
      const failed = await runInDurableObject(one.vault, (_, state) => breaksAt(state.storage, step, mixed(1)));
      await evictDurableObject(one.vault);
      if (!failed) break;
      broken++;
      expect(await dump(one), `after step ${step}`).toEqual(before);
    }
    expect(broken).toBeGreaterThan(30);
    expect(await dump(one)).not.toEqual(before);
    expect(await one.vault.record(mixed(1))).toMatchObject({ accepted: 0, updated: 0, deleted: 0 });
  });
});

describe("rows", () => {
  it("are known by source, start and end: a replay is a duplicate, a change a correction", async () => {
    const one = freshVault();
    const row: Interval = { at: BASE, end: BASE + HOUR_MS, value: 500, version: 1 };
    expect(await one.vault.record(intervals("steps", [row]))).toMatchObject({ accepted: 1 });
    expect(await one.vault.record(intervals("steps", [row]))).toMatchObject({ duplicate: 1 });
    expect(await one.vault.record(intervals("steps", [{ ...row, value: 510, version: 2 }]))).toMatchObject({ updated: 1 });
    expect(await one.vault.record(intervals("steps", [{ ...row, version: 1 }]))).toMatchObject({ duplicate: 1 });
    expect((await series(one, "steps", "day", BASE, BASE + DAY_MS)).map((item) => item["sum"])).toEqual([510]);
  });

  it("that a delivery tells twice count once, and its replay corrects nothing", async () => {
    const one = freshVault();
    const row: Interval = { at: BASE, end: BASE + HOUR_MS, value: 500, version: 1 };
    const batch = intervals("steps", [row, { ...row, value: 520 }]);
    expect(await one.vault.record(batch)).toMatchObject({ accepted: 1, duplicate: 1 });
    expect(await one.vault.record(batch)).toMatchObject({ accepted: 0, updated: 0, duplicate: 2 });
    expect((await series(one, "steps", "day", BASE, BASE + DAY_MS)).map((item) => item["sum"])).toEqual([520]);
  });

  it("move when their record comes again at another time", async () => {
    const one = freshVault();
    await one.vault.record(intervals("steps", [{ at: BASE, end: BASE + HOUR_MS, value: 500, version: 1, id: "r1" }]));
    expect(
      await one.vault.record(intervals("steps", [{ at: BASE + 2 * HOUR_MS, end: BASE + 3 * HOUR_MS, value: 480, version: 2, id: "r1" }])),
    ).toMatchObject({ updated: 1, accepted: 0 });
    expect((await series(one, "steps", "hour", BASE, BASE + DAY_MS)).map((item) => [item["at"], item["sum"]])).toEqual([
      ["2026-10-20T02:00:00.000Z", 480],
    ]);
  });

  it("are what the newest version of each record says, in whatever order and parts its versions come", async () => {
    const version = fc.record({
      record: fc.nat(2),
      version: fc.integer({ min: 1, max: 4 }),
      slot: fc.nat(3),
      slots: fc.integer({ min: 1, max: 3 }),
    });
    // A version says one thing.
    const told = fc.uniqueArray(version, { minLength: 1, maxLength: 8, selector: ({ record, version: n }) => `${record} ${n}` });
    await fc.assert(
      fc.asyncProperty(
        told.chain((list) => fc.tuple(fc.shuffledSubarray(list, { minLength: list.length }), fc.integer({ min: 1, max: 8 }))),
        async ([list, size]) => {
          const one = freshVault();
          const placed = list.map(({ record, version: n, slot, slots }) => {
            // Records lie apart, so that only a record can be in its own way.
            const start = BASE + (record * 8 + slot) * HOUR_MS;
            return { id: `r${record}`, version: n, start, end: start + slots * HOUR_MS, value: record * 100 + n };
          });
          for (let at = 0; at < placed.length; at += size) {
            const builder = new BatchBuilder();
            const source = builder.source(WATCH);
            for (const { id, version: n, start, end, value } of placed.slice(at, at + size)) {
              builder.interval("steps", source, start, end, value, 0, n, id);
              builder.workout({ source, start, end, zone: 0, type: "running", totals: { steps: value }, id, version: n });
              builder.sleepSession({ source, start, end, zone: 0, stages: [], id, version: n });
            }
            const receipt = await one.vault.record(builder.take());
            expect(receipt.accepted + receipt.updated + receipt.duplicate).toBe(3 * Math.min(size, placed.length - at));
          }
          const newest = [...Map.groupBy(placed, ({ id }) => id).values()]
            .map((versions) => versions.reduce((a, b) => (b.version > a.version ? b : a)))
            .toSorted((a, b) => a.start - b.start);
          await runInDurableObject(one.vault, (_, { storage: { sql } }) => {
            const rows = (query: string) => sql.exec(query).toArray();
            expect(rows("SELECT record_id AS id, start, end, value FROM readings ORDER BY start")).toEqual(
              newest.map(({ id, start, end, value }) => ({ id, start, end, value })),
            );
            const sessions = newest.map(({ id, start, end }) => ({ id, start, end }));
            expect(rows("SELECT record_id AS id, start, end FROM workouts ORDER BY start")).toEqual(sessions);
            expect(rows("SELECT record_id AS id, start, end FROM sleeps ORDER BY start")).toEqual(sessions);
          });
          const total = newest.reduce((sum, { value }) => sum + value, 0);
          const hours = await series(one, "steps", "day", BASE, BASE + 2 * DAY_MS);
          expect(hours.reduce((sum, item) => sum + Number(item["sum"]), 0)).toBeCloseTo(total, 6);
        },
      ),
      { numRuns: 20 },
    );
  });

  it("of dense samples go with the record that brought them, and no others", async () => {
    const record = fc.record({
      kind: fc.constantFrom("night", "workout", "series"),
      hour: fc.nat(30),
      hours: fc.integer({ min: 1, max: 9 }),
      step: fc.constantFrom(20, 60, 300),
      isDeleted: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(record, { minLength: 1, maxLength: 5 }), async (records) => {
        const one = freshVault();
        const kept: number[] = [];
        for (const [i, { kind, hour, hours, step, isDeleted }] of records.entries()) {
          const builder = new BatchBuilder();
          const source = builder.source(WATCH);
          // Records have milliseconds of their own, so that no two tell the same instant.
          const [start, end, id] = [BASE + hour * HOUR_MS + i, BASE + (hour + hours) * HOUR_MS + i, `${kind}/${i}`];
          const span = { source, start, end, zone: 0, version: 1, id };
          if (kind === "night") builder.sleepSession({ ...span, stages: [] });
          if (kind === "workout") builder.workout({ ...span, type: "running", totals: {} });
          for (let at = start; at < end; at += step * 1_000) {
            builder.sample("heart_rate", source, at, 60, 0, 1, id);
            if (!isDeleted) kept.push(at);
          }
          builder.sample("heart_rate", source, start + 500, 61, 0, 1);
          kept.push(start + 500);
          await one.vault.record(builder.take());
        }
        const deletions = new BatchBuilder();
        for (const [i, { kind, isDeleted }] of records.entries()) if (isDeleted) deletions.delete(WATCH.vendor, `${kind}/${i}`, 2);
        await one.vault.record(deletions.take());
        const items = await series(one, "heart_rate", "raw", BASE, BASE + 3 * DAY_MS);
        expect(items.map(({ at }) => Date.parse(String(at))).toSorted((a, b) => a - b)).toEqual(kept.toSorted((a, b) => a - b));
      }),
      { numRuns: 8 },
    );
  });

  it("of workouts keep laps and route where a summary of the same record corrects the rest", async () => {
    const one = freshVault();
    const told = async (version: number, type: string, more: Partial<Batch["workouts"][number]>) => {
      const builder = new BatchBuilder();
      const source = builder.source(WATCH);
      builder.workout({ source, start: BASE, end: BASE + HOUR_MS, zone: 0, type, totals: { steps: version }, id: "w1", version, ...more });
      return await one.vault.record(builder.take());
    };
    const stored = async () =>
      await runInDurableObject(one.vault, (_, { storage: { sql } }) => ({
        workouts: sql.exec<{ type: string; body: string }>("SELECT type, body FROM workouts").toArray(),
        points: sql.exec<{ points: string }>("SELECT points FROM workout_routes").toArray(),
      }));
    await told(1, "running", { route: [[BASE, 52.5, 13.4]], laps: [{ start: BASE, end: BASE + HOUR_MS }] });
    for (const [version, type] of [
      [2, "running"],
      [3, "trail_running"],
    ] as const) {
      expect(await told(version, type, { summary: true })).toMatchObject({ updated: 1 });
      expect(await told(version, type, { summary: true })).toMatchObject({ duplicate: 1 });
      const { workouts, points } = await stored();
      expect(workouts.map((row) => [row.type, JSON.parse(row.body)])).toEqual([
        [type, { totals: { steps: version }, laps: [{ start: BASE, end: BASE + HOUR_MS }], points: 1 }],
      ]);
      expect(points).toEqual([{ points: JSON.stringify([[BASE, 52.5, 13.4]]) }]);
    }
    await told(4, "trail_running", {});
    expect((await stored()).points).toEqual([]);
  });

  it("spread over the hours and days they cover in proportion to time", async () => {
    const one = freshVault();
    await one.vault.record(intervals("steps", [{ at: BASE + 23.5 * HOUR_MS, end: BASE + 24.5 * HOUR_MS, value: 100 }]));
    expect((await series(one, "steps", "day", BASE, BASE + 2 * DAY_MS)).map((item) => [item["date"], item["sum"]])).toEqual([
      ["2026-10-20", 50],
      ["2026-10-21", 50],
    ]);
  });

  it("lie on their local date, also before 1970 and in every zone", async () => {
    const at = Date.parse("1965-03-04T00:30:00Z");
    for (const zone of [0, -3_600, 19_800]) {
      const one = freshVault();
      await one.vault.record(
        samples("body_weight", [
          { at, value: 70, zone },
          { at: at + HOUR_MS, value: 71, zone },
          { at: at + DAY_MS, value: 72, zone },
        ]),
      );
      const dates = await runInDurableObject(one.vault, (_, state) =>
        state.storage.sql.exec<{ start: number; date: number }>("SELECT start, date FROM readings").toArray(),
      );
      expect(dates.map(({ date }) => date)).toEqual(dates.map(({ start }) => localDay(start, zone)));
      expect(dates).toHaveLength(3);
    }
  });

  it("keep two foods of the same minute apart by their records", async () => {
    const one = freshVault();
    const food = (id: string, value: number): Interval => ({ at: BASE, end: BASE, value, id });
    await one.vault.record(intervals("dietary_energy", [food("apple", 90), food("bread", 210)]));
    expect((await series(one, "dietary_energy", "day", BASE, BASE + DAY_MS)).map((item) => item["sum"])).toEqual([300]);
  });
});

describe("daily totals", () => {
  const total = (value: number) => {
    const builder = new BatchBuilder();
    const source = builder.source(WATCH);
    builder.reading({ metric: "steps", kind: "daily", source, start: BASE, end: BASE, value, zone: 0, date: "2026-10-20", version: 1 });
    return builder.take();
  };

  it("are never added to intervals: the source's own total speaks for its day", async () => {
    const one = freshVault();
    await one.vault.record(intervals("steps", [{ at: BASE + HOUR_MS, end: BASE + 2 * HOUR_MS, value: 700 }]));
    await one.vault.record(total(9_000));
    expect(await series(one, "steps", "day", BASE, BASE + DAY_MS)).toMatchObject([{ sum: 9_000, dailyTotal: true }]);
    expect((await series(one, "steps", "hour", BASE, BASE + DAY_MS)).map((item) => item["sum"])).toEqual([700]);
  });

  it("of a worse source do not outweigh the readings of a better one", async () => {
    const one = freshVault();
    await one.vault.record(total(9_000));
    await one.vault.record(intervals("steps", [{ at: BASE + HOUR_MS, end: BASE + 2 * HOUR_MS, value: 700 }], PHONE));
    expect(await series(one, "steps", "day", BASE, BASE + DAY_MS)).toMatchObject([{ sum: 9_000, source: "src_1" }]);
    expect(await series(one, "steps", "day", BASE, BASE + DAY_MS, 2)).toMatchObject([{ sum: 700 }]);
  });
});

describe("local days", () => {
  const perHour = (from: string, hours: number, zoneOf: (at: number) => number): Sample[] =>
    Array.from({ length: hours }, (_, i) => ({
      at: Date.parse(from) + i * HOUR_MS,
      value: 60,
      zone: zoneOf(Date.parse(from) + i * HOUR_MS),
    }));

  it("have 25 hours when the clocks go back and 23 when they go forward", async () => {
    const one = freshVault();
    await one.vault.setProfile({ timeZone: "Europe/Berlin", locale: "de" });
    const autumn = Date.parse("2026-10-25T01:00:00Z");
    await one.vault.record(
      samples(
        "heart_rate",
        perHour("2026-10-24T22:00:00Z", 26, (at) => (at < autumn ? 7_200 : 3_600)),
      ),
    );
    const spring = Date.parse("2026-03-29T01:00:00Z");
    await one.vault.record(
      samples(
        "heart_rate",
        perHour("2026-03-28T23:00:00Z", 24, (at) => (at < spring ? 3_600 : 7_200)),
      ),
    );
    const days = await series(one, "heart_rate", "day", Date.parse("2026-03-01T00:00:00Z"), Date.parse("2026-10-30T00:00:00Z"));
    expect(days.map((item) => [item["date"], item["count"], item["at"]])).toEqual([
      ["2026-03-29", 23, "2026-03-29T00:00:00.000+01:00"],
      ["2026-03-30", 1, "2026-03-30T00:00:00.000+02:00"],
      ["2026-10-25", 25, "2026-10-25T00:00:00.000+02:00"],
      ["2026-10-26", 1, "2026-10-26T00:00:00.000+01:00"],
    ]);
  });

  it("follow a traveller's own clock, not the home zone", async () => {
    const one = freshVault();
    await one.vault.setProfile({ timeZone: "Europe/Berlin", locale: "de" });
    const at = Date.parse("2026-10-20T23:30:00Z");
    await one.vault.record(samples("body_weight", [{ at, value: 70, zone: -7 * 3_600 }]));
    await one.vault.record(samples("body_weight", [{ at: at + MINUTE_MS, value: 71, zone: 2 * 3_600 }]));
    const days = await series(one, "body_weight", "day", at - 2 * DAY_MS, at + 2 * DAY_MS);
    expect(days.map((item) => [item["date"], item["count"]])).toEqual([
      ["2026-10-20", 1],
      ["2026-10-21", 1],
    ]);
  });

  it("split an hour that straddles midnight in a zone of half hours", async () => {
    const one = freshVault();
    // Midnight in India is 18:30 UTC.
    const at = Date.parse("2026-10-20T18:00:00Z");
    await one.vault.record(
      samples("heart_rate", [
        { at: at + 10 * MINUTE_MS, value: 50, zone: 19_800 },
        { at: at + 40 * MINUTE_MS, value: 70, zone: 19_800 },
      ]),
    );
    await one.vault.setProfile({ timeZone: "Asia/Kolkata", locale: "en" });
    const days = await series(one, "heart_rate", "day", at - DAY_MS, at + DAY_MS);
    expect(days.map((item) => [item["date"], item["mean"]])).toEqual([
      ["2026-10-20", 50],
      ["2026-10-21", 70],
    ]);
    expect(await series(one, "heart_rate", "hour", at, at + HOUR_MS)).toMatchObject([{ count: 2, mean: 60 }]);
  });

  it("use the person's zone where a reading tells none", async () => {
    const one = freshVault();
    await one.vault.setProfile({ timeZone: "America/Los_Angeles", locale: "en" });
    const at = Date.parse("2026-10-20T05:00:00Z");
    await one.vault.record(samples("heart_rate", [{ at, value: 60, zone: 0x7fffffff }]));
    expect(values(await series(one, "heart_rate", "raw", at, at + 1))).toEqual([["2026-10-19T22:00:00.000-07:00", 60]]);
  });
});

describe("the hot queries", () => {
  it("search by key and never scan a table", async () => {
    const one = freshVault();
    await one.vault.record(mixed(0));
    const plans = await runInDurableObject(one.vault, (_, state) =>
      HOT.map((query) => ({
        query,
        plan: state.storage.sql
          .exec<{ detail: string }>(`EXPLAIN QUERY PLAN ${query}`, ...query.matchAll(/\?/g).map(() => 1))
          .toArray()
          .map((r) => r.detail),
      })),
    );
    for (const { query, plan } of plans) {
      expect(plan.join("; "), query).toMatch(/SEARCH/);
      expect(plan.join("; "), query).not.toMatch(/SCAN (?!j VIRTUAL|json_each)/);
    }
  });
});

const HOT = [
  ELSEWHERE,
  "SELECT part, n, last_at FROM segments WHERE metric = ? AND hour = ? AND source = ? ORDER BY part",
  "SELECT hour, source FROM segments WHERE metric = ? AND hour >= ? AND hour <= ? AND part = 0 ORDER BY hour, source",
  "SELECT * FROM hours WHERE metric = ? AND hour >= ? AND hour < ? ORDER BY hour",
  "SELECT * FROM days WHERE metric = ? AND date >= ? AND date <= ? ORDER BY date",
  "SELECT * FROM daily WHERE metric = ? AND date >= ? AND date <= ? ORDER BY date",
  "SELECT metric FROM days WHERE date >= ? AND date <= ?",
  "SELECT * FROM readings WHERE metric = ? AND source = ? AND start >= ? AND start < ? ORDER BY start, end, tag",
  "SELECT * FROM readings WHERE record_id = ? AND record_id <> ''",
  "SELECT * FROM sleeps WHERE end >= ? AND end < ? ORDER BY end, source",
  "SELECT * FROM workouts WHERE start >= ? AND start < ? ORDER BY start, source",
  "SELECT kind, ref FROM timers WHERE due_at <= ? ORDER BY due_at LIMIT ?",
];

/** A batch that goes through every table. */
function mixed(step: number): Batch {
  const builder = new BatchBuilder();
  const source = builder.source(WATCH);
  const at = BASE + step * 1_800_000;
  for (let i = 0; i < 5; i++) builder.sample("heart_rate", source, at + i * 1_000, 60 + i + step, 0, step, `hr-${step}-${i}`);
  builder.sample("heart_rate", source, BASE + 1_000, 99, 0, step);
  builder.interval("steps", source, at, at + 60_000, 40, 0, step, `st-${step}`);
  builder.interval("steps", source, BASE, BASE + 60_000, 41 + step, 0, step, "st-0");
  builder.reading({
    metric: "resting_heart_rate",
    kind: "daily",
    source,
    start: BASE,
    end: BASE,
    value: 50 + step,
    zone: 0,
    date: "2026-10-20",
    version: step,
  });
  builder.reading({
    metric: "blood_pressure",
    kind: "sample",
    source,
    start: at,
    end: at,
    value: null,
    components: { systolic: 118, diastolic: 76 },
    zone: 0,
    version: step,
  });
  builder.sleepStretch({ source, start: at - DAY_MS, end: at - DAY_MS + HOUR_MS, stage: "deep", zone: 0, version: step });
  builder.workout({
    source,
    start: at,
    end: at + HOUR_MS,
    zone: 0,
    type: "running",
    totals: { energy_active: 300 },
    route: [[at, 52.5, 13.4]],
    version: step,
  });
  builder.sample("heart_rate", source, at + 9_000, 900, 0, step, "odd");
  if (step > 0) builder.delete("healthkit", "hr-0-3", step);
  return builder.take();
}

/** Records with a storage that breaks at the nth statement; true where it did. */
function breaksAt(storage: DurableObjectStorage, step: number, batch: Batch): boolean {
  let left = step;
  const sql = new Proxy(storage.sql, {
    get(target, property) {
      if (property !== "exec") return Reflect.get(target, property);
      return (...args: Parameters<SqlStorage["exec"]>) => {
        if (armed && --left < 0) throw new Error("power cut");
        return target.exec(...args);
      };
    },
  });
  const broken = new Proxy(storage, {
    get(target, property) {
      if (property === "sql") return sql;
      const value: unknown = Reflect.get(target, property);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  let armed = false;
  const store = new Store(
    broken,
    () => BASE + DAY_MS,
    () => "UTC",
    new Timers(broken, () => BASE),
  );
  armed = true;
  try {
    store.record(batch);
    return false;
  } catch (error) {
    if (error instanceof Error && error.message === "power cut") return true;
    throw error;
  }
}

const TABLES = [
  "series",
  "segments",
  "segment_ids",
  "readings",
  "daily",
  "hours",
  "days",
  "minutes",
  "sleep_stretches",
  "sleeps",
  "workouts",
  "workout_routes",
  "quarantine",
  "tombstones",
  "sources",
];

/** Everything that is stored, without the times of writing. */
async function dump({ vault }: Vaulted): Promise<Record<string, unknown[]>> {
  return await runInDurableObject(vault, (_, state) =>
    Object.fromEntries(
      TABLES.map((table) => [
        table,
        state.storage.sql
          .exec(`SELECT * FROM ${table}`)
          .toArray()
          .map((row) =>
            JSON.stringify({ ...row, updated_at: 0, received_at: 0, first_seen: 0, deleted_at: 0 }, (_, v: unknown) =>
              v instanceof ArrayBuffer ? [...new Uint8Array(v)] : v,
            ),
          ),
      ]),
    ),
  );
}

describe("dates", () => {
  it("are the days the tests take them for", () => {
    expect(parseDay("2026-10-20")).toBe(BASE / DAY_MS);
  });
});
