import { evictDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../shared/clock";
import type { Terms } from "../../shared/challenges/terms";
import { BatchBuilder } from "../../shared/health/batch";
import type { Source } from "../../shared/health/reading";
import { newId } from "../../shared/id";
import { isProblem } from "../../shared/problem";
import { freshVault, intervals, PHONE, WATCH } from "../../test/vaults";
import { vaultOf } from "../regional";

const TODAY = Math.floor(Date.now() / DAY_MS) * DAY_MS;

const terms = (change: Partial<Terms> = {}, schedule: Partial<Terms["schedule"]> = {}): Terms => ({
  kind: "individual",
  measure: { kind: "metric", metric: "steps" },
  operator: "increment",
  order: "descending",
  goal: { kind: "absolute", target: null },
  trust: "file",
  attempts: null,
  schedule: {
    zone: "UTC",
    startsAt: TODAY - 3 * DAY_MS,
    endsAt: TODAY + 3 * DAY_MS,
    repeat: "once",
    windowS: null,
    lateS: 3_600,
    ...schedule,
  },
  ...change,
});

/** A vault that takes part, and what it counts. */
function taker(agreed: Terms, target: number | null = null) {
  const fresh = freshVault();
  const challenge = newId("challenge", "eu", Date.now());
  return {
    ...fresh,
    join: async () => await fresh.vault.joinChallenge(fresh.actor, { challenge, title: "T", terms: agreed, ranking: "anonymous", target }),
    async count() {
      await vaultOf(env, fresh.person).countChallenge(challenge);
      return await vaultOf(env, fresh.person).challengeRound(fresh.actor, challenge);
    },
    challenge,
  };
}

async function codeOf(work: () => Promise<unknown>): Promise<string> {
  try {
    await work();
    return "done";
  } catch (error) {
    return isProblem(error) ? error.code : "failed";
  }
}

const hours = (metric: string, from: number, values: readonly number[], source: Source = WATCH) =>
  intervals(
    metric,
    values.map((value, i) => ({ at: from + i * HOUR_MS, end: from + (i + 1) * HOUR_MS, value })),
    source,
  );

test("two devices of one hour are one, the order of sources decides, and another order counts anew", async () => {
  const { vault, actor, join, count } = taker(terms());
  await join();
  await vault.record(hours("steps", TODAY - DAY_MS, [1_000, 2_000], WATCH));
  await vault.record(hours("steps", TODAY - DAY_MS, [1_500, 2_500], PHONE));
  expect((await count()).round).toMatchObject({ score: 3_000, isDue: false });
  await vault.setSourceSettings(actor, { priorities: [{ metric: "steps", sources: ["device:phone"] }], cutovers: [] }, undefined);
  expect((await count()).round.score).toBe(4_000);
});

test("an object that remembers nothing goes on: what was written before the eviction is counted after it", async () => {
  const { vault, person, join, count } = taker(terms());
  await join();
  await vault.record(hours("steps", TODAY - DAY_MS, [1_234]));
  await evictDurableObject(vaultOf(env, person));
  expect((await count()).round.score).toBe(1_234);
  await evictDurableObject(vaultOf(env, person));
  await vaultOf(env, person).record(hours("steps", TODAY - DAY_MS + 5 * HOUR_MS, [1_000]));
  await evictDurableObject(vaultOf(env, person));
  expect((await count()).round.score).toBe(2_234);
});

test("dates are the challenge's own, also where its midnight lies on a half hour", async () => {
  const zone = "Asia/Kolkata";
  const startsAt = TODAY - DAY_MS + 18.5 * HOUR_MS;
  const { vault, join, count } = taker(terms({}, { zone, startsAt, endsAt: startsAt + 2 * DAY_MS }));
  await join();
  // An hour before midnight there, the hour around it, and one after.
  await vault.record(hours("steps", startsAt - 90 * MINUTE_MS, [600, 600, 600]));
  expect(await count()).toMatchObject({ round: { score: 900 }, efforts: [{ value: 900 }] });
});

test("hours beyond what somebody can do are left out with the reason, and count when that is allowed", async () => {
  const { vault, challenge, join, count } = taker(terms());
  await join();
  await vault.record(hours("steps", TODAY - DAY_MS, [4_000, 40_000]));
  const { round, efforts } = await count();
  expect(round.score).toBe(4_000);
  expect(efforts).toMatchObject([{ value: 4_000, leftOut: 40_000, reason: "implausible_hour" }]);
  await vault.judgeEffort(challenge, round.opensAt, efforts[0]?.key ?? "", true);
  expect(await count()).toMatchObject({ round: { score: 44_000 }, efforts: [{ value: 44_000, isAllowed: true, reason: null }] });
});

test("water and meals that were typed in count by nature, of two apps one of them", async () => {
  const typed = (app: string): Source => ({ vendor: "healthkit", app, recordingMethod: "manual" });
  const water = taker(terms({ measure: { kind: "metric", metric: "water_intake" }, trust: "manual" }));
  await water.join();
  await water.vault.record(hours("water_intake", TODAY - DAY_MS, [250, 500], typed("one")));
  expect((await water.count()).round.score).toBe(750);

  const meals = taker(terms({ measure: { kind: "days", formula: "meal", target: 2 }, trust: "manual" }));
  await meals.join();
  for (const app of ["one", "two"]) {
    const builder = new BatchBuilder();
    const source = builder.source(typed(app));
    for (const hour of [8, 13]) {
      const at = TODAY - DAY_MS + hour * HOUR_MS;
      builder.reading({
        metric: "meal",
        kind: "event",
        source,
        start: at,
        end: at,
        value: null,
        zone: 0,
        id: `${app} ${hour}`,
        version: 1,
      });
    }
    await meals.vault.record(builder.take());
  }
  expect(await meals.count()).toMatchObject({ round: { score: 1 }, efforts: [{ value: 2 }] });
});

test("workouts count once, by type and by attempts, and doubted ones are named", async () => {
  const { vault, join, count } = taker(
    terms({ measure: { kind: "workouts", figure: "distance", types: ["running"] }, operator: "best", attempts: 2 }),
  );
  await join();
  const builder = new BatchBuilder();
  const [watch, phone] = [builder.source(WATCH), builder.source(PHONE)];
  const run = (source: number, day: number, distance: number, type = "running") => {
    const start = TODAY - 3 * DAY_MS + day * DAY_MS + 7 * HOUR_MS;
    const totals = { distance_walk_run: distance };
    builder.workout({ source, start, end: start + HOUR_MS, zone: 0, type, totals, id: `${source} ${day} ${type}`, version: 1 });
  };
  run(watch, 0, 9_000);
  run(phone, 0, 9_500);
  run(watch, 1, 60_000);
  run(watch, 2, 8_000);
  run(watch, 2.5, 30_000, "cycling");
  run(watch, 2.8, 12_000);
  await vault.record(builder.take());
  const { round, efforts } = await count();
  expect(round).toMatchObject({ score: 9_000, efforts: 2 });
  expect(efforts.map(({ value, leftOut, reason, counts }) => [value, leftOut, reason, counts])).toEqual([
    [9_000, 0, null, true],
    [null, 60_000, "too_fast", false],
    [8_000, 0, null, true],
    [12_000, 0, "attempts_used", false],
  ]);
});

test("a relative goal measures by what was before joining, and a target of one's own stays once a round has begun", async () => {
  const relative = taker(terms({ goal: { kind: "relative", baselineDays: 7, target: null } }, { startsAt: TODAY, endsAt: TODAY + DAY_MS }));
  for (let day = 1; day <= 5; day++) await relative.vault.record(hours("steps", TODAY - day * DAY_MS, [1_000]));
  expect(await relative.join()).toMatchObject({ own: 1_000 });
  await relative.vault.record(hours("steps", TODAY, [1_500]));
  // What is added to the time before changes no baseline.
  await relative.vault.record(hours("steps", TODAY - DAY_MS + 12 * HOUR_MS, [5_000]));
  expect((await relative.count()).round).toMatchObject({ score: 1_500, ranked: 150 });

  const custom = taker(terms({ goal: { kind: "custom" } }), 2_000);
  await custom.join();
  await custom.vault.record(hours("steps", TODAY - DAY_MS, [500]));
  expect((await custom.count()).round).toMatchObject({ ranked: 25, hasReached: false });
  expect(await codeOf(async () => await custom.vault.changeChallenge(custom.actor, custom.challenge, { target: 100 }))).toBe("conflict");
});

test("leaving forgets what was counted, keeps the consent with its end, and nothing that comes later is looked at", async () => {
  const { vault, actor, challenge, join, count } = taker(terms());
  const joined = await join();
  await vault.record(hours("steps", TODAY - DAY_MS, [1_000]));
  await count();
  await vault.leaveChallenge(actor, challenge);
  await vault.record(hours("steps", TODAY - DAY_MS + 3 * HOUR_MS, [1_000]));
  await vault.countChallenge(challenge);
  const [part] = await vault.challenges(actor);
  expect(part).toMatchObject({ state: "left", round: null, alias: joined.alias });
  expect(part?.receipt).not.toBe(joined.receipt);
  expect(await codeOf(async () => await vault.challengeRound(actor, challenge))).toBe("not_found");
});
