import { runInDurableObject } from "cloudflare:test";
import { expect, it } from "vitest";
import { freshVault, WATCH } from "../../../test/vaults";
import { DAY_MS, HOUR_MS } from "../../../shared/clock";
import { BatchBuilder } from "../../../shared/health/batch";
import type { Batch, SleepStage } from "../../../shared/health/reading";
import type { Touched } from "../state";
import { Timers } from "../timers";
import { Store } from "./store";

const MIDNIGHT = Date.UTC(2026, 9, 20);
const ZONE = 3_600;
/** Where the figures of the night that ends on 20 October lie. */
const DATE = MIDNIGHT - ZONE * 1_000;

/** A night from 23:00 to 7:00 of one stage, or stretches of it with record ids. */
function night(stage: SleepStage, version: number): Batch {
  const builder = new BatchBuilder();
  const [start, end] = [MIDNIGHT - 2 * HOUR_MS, MIDNIGHT + 6 * HOUR_MS];
  builder.sleepSession({
    source: builder.source(WATCH),
    start,
    end,
    zone: ZONE,
    stages: [{ start, end, stage }],
    version,
    id: "night",
  });
  return builder.take();
}

function deletion(version: number): Batch {
  return { ...new BatchBuilder().take(), deleted: [{ vendor: WATCH.vendor, id: "night", version }] };
}

/** Runs writes on a store of its own and returns what each of them touched. */
async function touchedBy(...writes: readonly ((store: Store) => unknown)[]): Promise<Touched[][]> {
  return await runInDurableObject(freshVault().vault, (_, { storage }) => {
    const now = () => MIDNIGHT + DAY_MS;
    const store = new Store(storage, now, () => "UTC", new Timers(storage, now));
    let touched: Touched[] = [];
    store.onRecorded((parts) => touched.push(...parts));
    return writes.map((write) => {
      touched = [];
      write(store);
      return touched;
    });
  });
}

const keys = (touched: readonly Touched[] | undefined) => touched?.map(({ metric }) => metric).toSorted();

it("a night touches its own figures, a replay none, and another stage those that differ", async () => {
  const [first, replay, corrected] = await touchedBy(
    (store) => store.record(night("deep", 1)),
    (store) => store.record(night("deep", 1)),
    (store) => store.record(night("light", 2)),
  );
  expect(keys(first)).toEqual([
    "awakenings",
    "sleep",
    "sleep_awake",
    "sleep_deep",
    "sleep_duration",
    "sleep_efficiency",
    "sleep_latency",
    "sleep_light",
    "sleep_rem",
    "time_in_bed",
  ]);
  expect(first?.find(({ metric }) => metric === "sleep_duration")).toEqual({
    metric: "sleep_duration",
    source: 1,
    from: DATE,
    to: DATE,
    isDerived: true,
  });
  expect(replay).toEqual([]);
  expect(keys(corrected)).toEqual(["sleep", "sleep_deep", "sleep_light"]);
});

it.each([
  ["its record", (store: Store) => store.record(deletion(2))],
  ["a range", (store: Store) => store.remove({ metric: 0, sources: undefined, from: MIDNIGHT - DAY_MS, to: MIDNIGHT + DAY_MS })],
])("a night that goes with %s takes its figures along", async (_, remove) => {
  const [made, gone] = await touchedBy((store) => store.record(night("deep", 1)), remove);
  expect(new Set(keys(gone))).toEqual(new Set(keys(made)));
});

it("a night between two that come later in one delivery stays as it is", async () => {
  const told = (...days: readonly number[]): Batch => {
    const builder = new BatchBuilder();
    const source = builder.source(WATCH);
    for (const day of days) {
      const start = MIDNIGHT + day * DAY_MS;
      builder.sleepStretch({ source, start, end: start + 6 * HOUR_MS, stage: "deep", zone: 0, version: 1 });
    }
    return builder.take();
  };
  await runInDurableObject(freshVault().vault, (_, { storage }) => {
    const store = new Store(
      storage,
      () => MIDNIGHT + 9 * DAY_MS,
      () => "UTC",
      new Timers(storage, () => MIDNIGHT + 9 * DAY_MS),
    );
    store.record(told(2));
    store.record(told(1, 3));
    const nights = storage.sql.exec<{ start: number }>("SELECT start FROM sleeps ORDER BY start").toArray();
    expect(nights.map(({ start }) => (start - MIDNIGHT) / DAY_MS)).toEqual([1, 2, 3]);
  });
});
