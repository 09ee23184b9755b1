import { runInDurableObject } from "cloudflare:test";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { freshVault } from "../../../test/vaults";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../../shared/clock";
import { BatchBuilder } from "../../../shared/health/batch";
import type { Batch, Source, Workout } from "../../../shared/health/reading";
import { sourceId } from "../../../shared/health/source-id";
import { NO_SETTINGS } from "../../../shared/health/source-settings";
import type { SourceChoice } from "./choose";

type Vaulted = ReturnType<typeof freshVault>;

const DATE = 20_757;
const BASE = DATE * DAY_MS;
const SOURCES: readonly Source[] = [
  { vendor: "healthkit", deviceType: "watch", recordingMethod: "automatic" },
  { vendor: "healthkit", deviceType: "phone", recordingMethod: "automatic" },
  { vendor: "fitbit", deviceType: "band", recordingMethod: "automatic" },
  { vendor: "google_health", deviceType: "band", recordingMethod: "automatic" },
];

interface Told {
  readonly source: number;
  readonly date: number;
  readonly hour: number;
  readonly slot: number;
  readonly value: number;
}
interface Total {
  readonly source: number;
  readonly date: number;
  readonly value: number;
}

function batchOf(told: readonly Told[], totals: readonly Total[]): Batch {
  const builder = new BatchBuilder();
  for (const { source, date, hour, slot, value } of told) {
    const at = BASE + date * DAY_MS + hour * HOUR_MS + slot * 10 * MINUTE_MS;
    builder.interval("steps", builder.source(SOURCES[source]!), at, at + 10 * MINUTE_MS, value, 0, 1);
  }
  for (const { source, date, value } of totals) {
    const at = BASE + date * DAY_MS;
    const day = new Date(at).toISOString().slice(0, 10);
    const index = builder.source(SOURCES[source]!);
    builder.reading({ metric: "steps", kind: "daily", source: index, start: at, end: at, value, zone: 0, date: day, version: 1 });
  }
  return builder.take();
}

/** What the totals must be, told plainly: nothing of how the vault finds them. */
function expectedDays(told: readonly Told[], totals: readonly Total[], order: readonly number[], cutover: number): Map<number, number> {
  const days = new Map<number, number>();
  for (let date = 0; date < 3; date++) {
    const has = (source: number) => [...told, ...totals].some((one) => one.source === source && one.date === date);
    const passed = has(2) && has(3) ? (date < cutover ? 3 : 2) : undefined;
    const speaking = order.filter((source) => has(source) && source !== passed);
    const [best] = speaking;
    if (best === undefined) continue;
    const total = totals.find((one) => one.source === best && one.date === date);
    let sum = total?.value ?? 0;
    if (total === undefined) {
      for (let hour = 0; hour < 24; hour++) {
        const inHour = told.filter((one) => one.date === date && one.hour === hour);
        const winner = speaking.find((source) => inHour.some((one) => one.source === source));
        sum += inHour.filter((one) => one.source === winner).reduce((all, one) => all + one.value, 0);
      }
    }
    days.set(DATE + date, sum);
  }
  return days;
}

async function dailySteps({ vault, actor }: Vaulted, choice: SourceChoice = "best"): Promise<Map<number, number>> {
  const query = { key: "steps", from: BASE, to: BASE + 4 * DAY_MS, resolution: "day" as const, choice, limit: 100 };
  const items = JSON.parse((await vault.series(actor, query)).items) as { date: string; sum: number }[];
  return new Map(items.map(({ date, sum }) => [Date.parse(date) / DAY_MS, sum]));
}

describe("totals of many sources", () => {
  it("are the chosen source's hour by hour, whatever came in which order, and never the sum of devices", async () => {
    const told = fc.uniqueArray(
      fc.record({
        source: fc.nat(3),
        date: fc.nat(2),
        hour: fc.nat(23),
        slot: fc.nat(5),
        value: fc.integer({ min: 1, max: 900 }),
      }),
      { minLength: 1, maxLength: 40, selector: ({ source, date, hour, slot }) => `${source} ${date} ${hour} ${slot}` },
    );
    const totals = fc.uniqueArray(fc.record({ source: fc.nat(3), date: fc.nat(2), value: fc.integer({ min: 1, max: 30_000 }) }), {
      maxLength: 3,
      selector: ({ source, date }) => `${source} ${date}`,
    });
    await fc.assert(
      fc.asyncProperty(
        told,
        totals,
        fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4 }),
        fc.nat(3),
        fc.infiniteStream(fc.nat(4)),
        async (rows, sums, order, cutover, cuts) => {
          const one = freshVault();
          for (let from = 0; from < rows.length;) {
            const to = from + 1 + cuts.next().value;
            // Every delivery comes twice, the second time with part of the one before.
            await one.vault.record(batchOf(rows.slice(from, to), []));
            await one.vault.record(batchOf(rows.slice(Math.max(0, from - 2), to).toReversed(), sums.slice(0, 1)));
            from = to;
          }
          await one.vault.record(batchOf([], sums));
          const present = await one.vault.sources(one.actor);
          const numberOf = (index: number) =>
            present.find(({ source }) => source.vendor === SOURCES[index]!.vendor && source.deviceType === SOURCES[index]!.deviceType)
              ?.number;
          const sources = order.flatMap((index) => numberOf(index) ?? []).map(sourceId);
          const cutovers = [{ from: "fitbit", to: "google_health", date: DATE + cutover }];
          await one.vault.setSourceSettings(one.actor, { priorities: [{ metric: "steps", sources }], cutovers }, undefined);
          expect(await dailySteps(one)).toEqual(expectedDays(rows, sums, order, cutover));
        },
      ),
      { numRuns: 25 },
    );
  });

  it("count one of two feeds of the same devices, by the day after the newer one began or as the person says", async () => {
    const one = freshVault();
    const both = [0, 1, 2].flatMap((date): Told[] => [
      { source: 2, date, hour: 9, slot: 0, value: 100 },
      { source: 3, date, hour: 10, slot: 0, value: 107 },
    ]);
    await one.vault.record(batchOf(both, []));
    expect([...(await dailySteps(one)).values()]).toEqual([100, 107, 107]);
    expect(await one.vault.sourceSettings(one.actor)).toMatchObject({ handovers: [{ date: DATE + 1, derived: true }] });
    const cutovers = [{ from: "fitbit", to: "google_health", date: DATE + 2 }];
    await one.vault.setSourceSettings(one.actor, { ...NO_SETTINGS, cutovers }, undefined);
    expect([...(await dailySteps(one)).values()]).toEqual([100, 100, 107]);
    const hours = { key: "steps", from: BASE, to: BASE + 3 * DAY_MS, choice: "best" as const, limit: 100 };
    for (const resolution of ["hour", "minute", "raw"] as const) {
      const items = JSON.parse((await one.vault.series(one.actor, { ...hours, resolution })).items) as { at: string }[];
      expect(new Set(items.map(({ at }) => at.slice(0, 13)))).toEqual(new Set(["2026-10-31T09", "2026-11-01T09", "2026-11-02T10"]));
    }
  });
});

const RIDE: Omit<Workout, "source" | "totals"> = { start: BASE, end: BASE + HOUR_MS, zone: 0, type: "cycling", version: 1 };

function rides(): Batch {
  const builder = new BatchBuilder();
  const device = { deviceName: "Edge 840", deviceType: "bike_computer" };
  const route = [[BASE, 48.1, 11.5]] as const;
  builder.workout({ ...RIDE, source: builder.source({ vendor: "fit_file", ...device }), id: "fit", totals: { heart_rate_mean: 140 } });
  builder.workout({
    ...RIDE,
    source: builder.source({ vendor: "tcx_file", ...device }),
    id: "tcx",
    start: BASE + 1_000,
    totals: { distance_cycling: 30_000 },
    route,
  });
  builder.workout({
    ...RIDE,
    source: builder.source({ vendor: "strava" }),
    id: "strava",
    end: BASE + HOUR_MS + 5_000,
    totals: { distance_cycling: 29_900, elevation_gain: 300 },
  });
  return builder.take();
}

type Ride = {
  id: string;
  source: string;
  sources: { source: string; id: string }[];
  origins?: Record<string, string>;
  totals: Record<string, number>;
  route?: unknown[];
};

async function ridesOf({ vault, actor }: Vaulted, choice: SourceChoice = "best"): Promise<Ride[]> {
  return JSON.parse((await vault.workouts(actor, { from: BASE - DAY_MS, to: BASE + DAY_MS, choice, limit: 10 })).items) as Ride[];
}

describe("a ride as FIT, as TCX and from Strava", () => {
  it("is one activity of three sources, with the best of each", async () => {
    const one = freshVault();
    await one.vault.record(rides());
    const sources = ["vendor:fit_file", "vendor:tcx_file", "vendor:strava"];
    await one.vault.setSourceSettings(one.actor, { ...NO_SETTINGS, priorities: [{ metric: "workout", sources }] }, undefined);
    const [ride, ...rest] = await ridesOf(one);
    expect(rest).toEqual([]);
    expect(ride).toMatchObject({
      source: "src_1",
      sources: [{ source: "src_1" }, { source: "src_2" }, { source: "src_3" }],
      totals: { heart_rate_mean: 140, distance_cycling: 30_000, elevation_gain: 300 },
      origins: { "totals.distance_cycling": "src_2", "totals.elevation_gain": "src_3", route: "src_2" },
    });
    expect(JSON.parse(await one.vault.workout(one.actor, ride!.id))).toMatchObject({ route: [{ lat: 48.1 }], totals: ride!.totals });
    expect(await ridesOf(one, "all")).toHaveLength(3);
    // The account of one source alone is still to be had.
    const strava = JSON.parse(await one.vault.workout(one.actor, ride!.sources[2]!.id)) as Ride;
    expect(strava).toMatchObject({ source: "src_3", totals: { distance_cycling: 29_900, elevation_gain: 300 }, route: [] });
    expect(strava.origins).toBeUndefined();
  });

  it("falls back to the next source where one is deleted, and follows what the person puts first", async () => {
    const one = freshVault();
    await one.vault.record(rides());
    await one.vault.setSourceSettings(
      one.actor,
      { ...NO_SETTINGS, priorities: [{ metric: "workout", sources: ["vendor:strava"] }] },
      undefined,
    );
    const led = await ridesOf(one);
    expect(led).toMatchObject([{ source: "src_3", totals: { distance_cycling: 29_900 } }]);
    const gone = new BatchBuilder();
    gone.delete("strava", "strava", 2);
    await one.vault.record(gone.take());
    expect(await ridesOf(one)).toMatchObject([{ source: "src_1", sources: [{ source: "src_1" }, { source: "src_2" }] }]);
    await one.vault.eraseOne(one.actor, (await ridesOf(one))[0]!.id);
    expect(await ridesOf(one)).toMatchObject([{ source: "src_2", totals: { distance_cycling: 30_000 } }]);
  });
});

it("the figures of a night are those of the night that is shown, not of another source's nap", async () => {
  const one = freshVault();
  const builder = new BatchBuilder();
  const ring = builder.source({ vendor: "healthkit", deviceType: "ring" });
  const phone = builder.source({ vendor: "healthkit", deviceType: "phone" });
  const asleep = (start: number, hours: number) => ({ start, end: start + hours * HOUR_MS, zone: 0, version: 1 });
  for (const [source, session] of [
    [ring, asleep(BASE + 14 * HOUR_MS, 1)],
    [phone, asleep(BASE - HOUR_MS, 8)],
  ] as const) {
    builder.sleepSession({ ...session, source, nap: source === ring, stages: [{ ...session, stage: "light" }] });
  }
  await one.vault.record(builder.take());
  const [day] = JSON.parse(await one.vault.days(one.actor, { from: DATE, to: DATE, every: true })) as {
    metrics: Record<string, { value: number; source: string }>;
    sleep: { source: string };
  }[];
  expect(day).toMatchObject({ sleep: { source: "src_2" }, metrics: { sleep_duration: { value: 480, source: "src_2" } } });
});

it("choosing reads by key: no scan of readings", async () => {
  const { vault } = freshVault();
  const plans = await runInDurableObject(vault, (_, { storage: { sql } }) =>
    [
      `SELECT date, source FROM days WHERE metric = 1 AND date >= 2 AND date < 3
       UNION SELECT date, source FROM daily WHERE metric = 1 AND date >= 2 AND date < 3 AND value IS NOT NULL`,
      "SELECT hour, source, date FROM hours WHERE metric = 1 AND hour >= 2 AND hour < 3",
      "SELECT source, start, end, date, nap FROM sleeps WHERE date = 1",
    ].flatMap((query) =>
      sql
        .exec<{ detail: string }>(`EXPLAIN QUERY PLAN ${query}`)
        .toArray()
        .map(({ detail }) => detail),
    ),
  );
  expect(plans.filter((detail) => detail.startsWith("SCAN"))).toEqual([]);
  expect(plans.filter((detail) => detail.startsWith("SEARCH")).length).toBeGreaterThanOrEqual(4);
});
