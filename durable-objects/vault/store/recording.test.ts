import { describe, expect, it } from "vitest";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../../shared/clock";
import { BatchBuilder } from "../../../shared/health/batch";
import { newId } from "../../../shared/id";
import { freshVault } from "../../../test/vaults";
import type { Resolution } from "../answers";
import type { Recording } from "./sources";

const BASE = 20_757 * DAY_MS;
const WATCH = { vendor: "healthkit", deviceType: "watch", recordingMethod: "automatic" } as const;
const TYPED = { vendor: "healthkit", app: "com.example.diary", recordingMethod: "manual" } as const;
const UNSAID = { vendor: "strava" } as const;

/** A night and a run of both: the watch's, and what was typed in for the same time and for a second run. */
async function sessions() {
  const { vault, actor } = freshVault();
  const into = new BatchBuilder();
  for (const told of [WATCH, TYPED]) {
    const source = into.source(told);
    const span = (hour: number, hours: number) => ({
      source,
      start: BASE + hour * HOUR_MS,
      end: BASE + (hour + hours) * HOUR_MS,
      zone: 0,
      version: 1,
    });
    into.sleepSession({ ...span(0, 7), stages: [{ start: BASE, end: BASE + 7 * HOUR_MS, stage: told === WATCH ? "deep" : "light" }] });
    into.workout({ ...span(9, 1), type: "running", totals: { distance_walk_run: told === WATCH ? 9_876 : 10_000 } });
    if (told === TYPED) into.workout({ ...span(18, 1), type: "yoga", totals: {} });
  }
  await vault.record(into.take());
  return async (recording?: Recording) => {
    const query = { from: BASE, to: BASE + DAY_MS, choice: "best", recording, limit: 10 } as const;
    const date = BASE / DAY_MS;
    const [nights, workouts, days] = await Promise.all([
      vault.sleep(actor, query),
      vault.workouts(actor, query),
      vault.days(actor, { from: date, to: date, every: true, recording }),
    ]);
    return { nights: listed(nights.items), workouts: listed(workouts.items), day: listed(days)[0] };
  };
}

type Answer = Record<string, unknown>;
const listed = (items: string) => JSON.parse(items) as Answer[];

/** Steps of a day: 100 an hour by the watch for ten hours, and 5,000 typed in at noon, with a total of 7,000 typed in for the day. */
async function rig() {
  const { vault, person } = freshVault();
  const into = new BatchBuilder();
  for (let hour = 8; hour < 18; hour++) {
    const at = BASE + hour * HOUR_MS;
    into.interval("steps", into.source(WATCH), at, at + 10 * MINUTE_MS, 100, 0, 1);
  }
  into.interval("steps", into.source(TYPED), BASE + 12 * HOUR_MS, BASE + 12 * HOUR_MS + 10 * MINUTE_MS, 5_000, 0, 1);
  const date = new Date(BASE).toISOString().slice(0, 10);
  into.reading({
    metric: "steps",
    kind: "daily",
    source: into.source(TYPED),
    start: BASE,
    end: BASE,
    value: 7_000,
    zone: 0,
    date,
    version: 1,
  });
  into.interval("distance_walk_run", into.source(UNSAID), BASE + 9 * HOUR_MS, BASE + 10 * HOUR_MS, 3_000, 0, 1);
  await vault.record(into.take());
  const actor = { kind: "person", person, session: newId("session", "eu", Date.now()) } as const;
  return async (resolution: Resolution, recording?: Recording, choice: "best" | "all" = "best", key = "steps") => {
    const page = await vault.series(actor, { key, from: BASE, to: BASE + DAY_MS, resolution, choice, recording, limit: 1_000 });
    return JSON.parse(page.items) as { value?: number; sum?: number; recording?: string; source: string }[];
  };
}

describe("what was typed in", () => {
  it("is marked among raw readings, and shown alone or not at all, whether sources are chosen or side by side", async () => {
    const read = await rig();
    const all = await read("raw", undefined, "all");
    expect(all.map(({ recording }) => recording).filter(Boolean)).toEqual(["manual"]);
    for (const choice of ["best", "all"] as const) {
      expect((await read("raw", "manual", choice)).map(({ value }) => value)).toEqual([5_000]);
      expect((await read("raw", "automatic", choice)).map(({ value }) => value)).toEqual(Array(10).fill(100));
    }
  });

  it.each(["minute", "hour"] as const)("counts alone or not at all by the %s", async (resolution) => {
    const read = await rig();
    const total = async (recording: Recording) => (await read(resolution, recording)).reduce((sum, item) => sum + (item.sum ?? 0), 0);
    expect([Math.round(await total("manual")), Math.round(await total("automatic"))]).toEqual([5_000, 1_000]);
  });

  it("tells a day by its own total, and leaves the day to what was measured where it is not wanted", async () => {
    const read = await rig();
    expect((await read("day", "manual")).map(({ sum }) => sum)).toEqual([7_000]);
    expect((await read("day", "automatic")).map(({ sum }) => sum)).toEqual([1_000]);
    expect((await read("day")).map(({ sum }) => sum)).toEqual([1_000]);
  });

  it("is a night or workout alone or not at all, and marked where it stands beside what was measured", async () => {
    const read = await sessions();
    const [all, typed, measured] = [await read(), await read("manual"), await read("automatic")];
    expect(all.workouts).toMatchObject([
      { source: "src_1", sources: [{ source: "src_1" }, { source: "src_2", recording: "manual" }] },
      { type: "yoga" },
    ]);
    expect(all.workouts.map(({ totals }) => totals)).toEqual([{ distance_walk_run: 9_876 }, {}]);
    expect(typed.workouts).toMatchObject([{ source: "src_2", totals: { distance_walk_run: 10_000 } }, { type: "yoga" }]);
    expect(measured.workouts).toMatchObject([{ source: "src_1", sources: [{ source: "src_1" }] }]);
    expect([all, typed, measured].map(({ nights }) => nights.map(({ source }) => source))).toEqual([["src_1"], ["src_2"], ["src_1"]]);
    expect([all, typed, measured].map(({ day }) => day?.["metrics"])).toMatchObject([
      { sleep_deep: { value: 420, source: "src_1" } },
      { sleep_light: { value: 420, source: "src_2" } },
      { sleep_deep: { value: 420, source: "src_1" } },
    ]);
    expect(typed.day).toMatchObject({ sleep: { source: "src_2" }, workouts: [{ source: "src_2" }, { type: "yoga" }] });
    expect(Object.keys(measured.day?.["metrics"] ?? {})).not.toContain("distance_walk_run");
  });

  it("is nothing whose source does not say how it recorded", async () => {
    const read = await rig();
    expect(await read("raw", "manual", "best", "distance_walk_run")).toEqual([]);
    expect(await read("raw", "automatic", "best", "distance_walk_run")).toHaveLength(1);
  });
});
