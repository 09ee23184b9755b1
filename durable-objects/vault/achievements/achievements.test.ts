import { runInDurableObject } from "cloudflare:test";
import { expect, test } from "vitest";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../../shared/clock";
import { BatchBuilder } from "../../../shared/health/batch";
import type { Source } from "../../../shared/health/reading";
import { parseDay } from "../../../shared/health/zone";
import { freshVault, intervals, WATCH } from "../../../test/vaults";
import { AWARDS_FROM, DAYS_AFTER, STANDING_BEFORE } from "./achievements";

type Fresh = ReturnType<typeof freshVault>;
/** A Friday: three days before it are no weekend. */
const TODAY = parseDay("2025-11-21")!;
const TYPED: Source = { vendor: "healthkit", recordingMethod: "manual" };

function workouts(daysAgo: readonly number[], source: Source = WATCH, hour = 12) {
  const builder = new BatchBuilder();
  const index = builder.source(source);
  for (const ago of daysAgo) {
    const start = (TODAY - ago) * DAY_MS + hour * HOUR_MS;
    builder.workout({
      source: index,
      start,
      end: start + 30 * MINUTE_MS,
      zone: 0,
      type: "running",
      version: 0,
      id: `w${ago}`,
      totals: {},
      route: [],
    });
  }
  return builder.take();
}
const walked = (steps: Readonly<Record<number, number>>) =>
  intervals(
    "steps",
    Object.entries(steps).map(([ago, value]) => {
      const at = (TODAY - Number(ago)) * DAY_MS + 10 * HOUR_MS;
      return { at, end: at + HOUR_MS, value, id: `s${ago}` };
    }),
  );
const keysOf = async ({ vault, actor }: Fresh, id: string) =>
  (await vault.achievements(actor)).find((one) => one.id === id)?.earned.map(({ key }) => key);
const points = async ({ vault, actor }: Fresh) => (await vault.wallet(actor)).find(({ unit }) => unit === "points")?.amount;
/** Everything that is computed, as it is stored. */
const computed = async ({ vault }: Fresh) =>
  await runInDurableObject(vault, (_, { storage: { sql } }) => [
    sql.exec("SELECT achievement, key, date FROM achievement_awards WHERE taken_at IS NULL ORDER BY achievement, key").toArray(),
    sql.exec("SELECT * FROM achievement_days ORDER BY date").toArray(),
    sql.exec("SELECT body FROM achievement_standings ORDER BY date DESC LIMIT 1").toArray(),
  ]);

test("follow what is stored: given once with their points, and taken back with what they were computed from", async () => {
  const ada = freshVault();
  await ada.vault.record(workouts([3, 2, 1]));
  expect([await keysOf(ada, "workouts"), await keysOf(ada, "workout-streak")]).toEqual([["step:1"], ["step:3"]]);
  const earned = await points(ada);
  expect(earned).toBeGreaterThan(0);
  // The same again is nothing new.
  await ada.vault.record(workouts([3, 2, 1]));
  await ada.vault.recomputeAchievements(ada.actor);
  expect(await points(ada)).toBe(earned);

  await ada.vault.erase(ada.actor, { from: (TODAY - 2) * DAY_MS, to: (TODAY - 1) * DAY_MS });
  expect([await keysOf(ada, "workouts"), await keysOf(ada, "workout-streak")]).toEqual([["step:1"], []]);
  const [newest] = await ada.vault.walletStatement(ada.actor, "points", undefined, 50);
  expect(newest).toMatchObject({ kind: "taken_back", amount: -15, about: "workout-streak/step:3" });
  expect(await points(ada)).toBe((earned ?? 0) - 15);
});

test("points that were spent stay spent, and what was not taken back is not paid twice", async () => {
  const ada = freshVault();
  await ada.vault.record(workouts([3, 2, 1]));
  const earned = (await points(ada)) ?? 0;
  const offer = {
    reward: "rwd",
    organisation: "org",
    kind: "discount",
    title: "A tenth",
    terms: { percentOff: 10 },
    unit: "points",
    price: earned,
    perPerson: 1,
    validDays: 1,
  } as const;
  await ada.vault.holdVoucher(ada.actor, "vch", offer);
  await ada.vault.erase(ada.actor, { from: (TODAY - 3) * DAY_MS, to: TODAY * DAY_MS });
  expect([await keysOf(ada, "workouts"), await points(ada)]).toEqual([[], 0]);
  // Typed in, it counts for nothing; from a device it is earned again, and was paid already.
  await ada.vault.record(workouts([31, 30, 29], TYPED));
  expect(await keysOf(ada, "workouts")).toEqual([]);
  await ada.vault.record(workouts([24, 23, 22]));
  expect([await keysOf(ada, "workout-streak"), await points(ada)]).toEqual([["step:3"], 0]);
});

test("what is computed from day to day, with corrections and deletions, is what is computed from the beginning", async () => {
  const ada = freshVault();
  await ada.vault.record(walked({ 90: 12_000, 60: 9_000, 59: 9_000, 58: 9_000 }));
  await ada.vault.record(workouts([100, 40, 39, 38, 2, 1]));
  await ada.vault.achievements(ada.actor);
  await ada.vault.record(walked({ 57: 8_500, 20: 15_000, 1: 11_000 }));
  await ada.vault.achievements(ada.actor);
  await ada.vault.erase(ada.actor, { key: "steps", from: (TODAY - 59) * DAY_MS, to: (TODAY - 58) * DAY_MS });
  await ada.vault.record(workouts([37, 0], WATCH, 5));
  await ada.vault.achievements(ada.actor);
  expect(await keysOf(ada, "comeback")).toHaveLength(2);
  const before = await computed(ada);
  await runInDurableObject(ada.vault, (_, { storage: { sql } }) => {
    sql.exec("DELETE FROM achievement_days");
    sql.exec("DELETE FROM achievement_standings");
  });
  await ada.vault.recomputeAchievements(ada.actor);
  expect(await computed(ada)).toEqual(before);
});

test("others see what the person shows them, never of a special class, and hidden ones once they are earned", async () => {
  const [ada, bob] = [freshVault(), freshVault()];
  await ada.vault.record(workouts([1], WATCH, 23));
  const at = (TODAY - 1) * DAY_MS + HOUR_MS;
  await ada.vault.record(intervals("mindful_minutes", [{ at, end: at + 20 * MINUTE_MS, value: 20 }]));
  expect([await keysOf(ada, "calm"), await keysOf(ada, "night-owl"), await keysOf(ada, "comeback")]).toEqual([
    ["step:1"],
    ["step:1"],
    undefined,
  ]);
  const seen = async (relation: "friend" | "stranger") => {
    try {
      return (await ada.vault.shownAchievements(bob.actor, relation)).map(({ id }) => id);
    } catch (error) {
      return (error as { code?: string }).code;
    }
  };
  expect(await seen("friend")).toBe("not_found");
  await ada.vault.changeAchievementSettings(ada.actor, { visibility: "friends", keptBack: ["workouts"] });
  expect(await seen("friend")).toEqual(["night-owl"]);
  expect(await seen("stranger")).toBe("not_found");
  await ada.vault.changeAchievementSettings(ada.actor, { visibility: "public", keptBack: [] });
  expect(await seen("stranger")).toEqual(["workouts", "night-owl"]);
});

test("what was just earned is news, once, and neither what lies back nor what is of a special class is any", async () => {
  const ada = freshVault();
  const now = Date.now();
  const mindful = (at: number) => ({ at, end: at + 20 * MINUTE_MS, value: 20 });
  await ada.vault.record(intervals("mindful_minutes", [mindful(now - HOUR_MS)]));
  await ada.vault.record(intervals("steps", [{ at: now - HOUR_MS, end: now, value: 22_000 }]));
  await ada.vault.record(workouts([3, 2, 1]));
  for (let i = 0; i < 2; i++) await ada.vault.recomputeAchievements(ada.actor);
  const told = await runInDurableObject(ada.vault, (_, { storage: { sql } }) =>
    sql
      .exec<{ about: string }>("SELECT about FROM notifications ORDER BY about DESC")
      .toArray()
      .map(({ about }) => JSON.parse(about) as unknown),
  );
  expect(told).toEqual([
    { achievement: "ten-thousand", award: "step:1" },
    { achievement: "level", award: "step:50" },
  ]);
});

test("days of years come in slices, and what is asked of the store is found by keys", async () => {
  const ada = freshVault();
  await ada.vault.record(workouts(Array.from({ length: 60 }, (_, i) => i * 25)));
  expect(await keysOf(ada, "workouts")).toEqual(["step:50", "step:10", "step:1"]);
  const { kept, plans } = await runInDurableObject(ada.vault, (_, { storage: { sql } }) => ({
    kept: sql.exec<{ n: number }>("SELECT count(*) AS n FROM achievement_standings").one().n,
    plans: [AWARDS_FROM, STANDING_BEFORE, DAYS_AFTER].map((query) =>
      sql
        .exec<{ detail: string }>(`EXPLAIN QUERY PLAN ${query}`, 1)
        .toArray()
        .map(({ detail }) => detail)
        .join(),
    ),
  }));
  expect(kept).toBeGreaterThan(30);
  expect(plans).toEqual([
    expect.stringContaining("USING INDEX achievement_awards_by_date"),
    expect.stringContaining("USING INTEGER PRIMARY KEY"),
    expect.stringContaining("USING INTEGER PRIMARY KEY"),
  ]);
});
