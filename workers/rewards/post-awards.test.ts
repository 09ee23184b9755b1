import { env } from "cloudflare:workers";
import { runInDurableObject } from "cloudflare:test";
import { expect, test } from "vitest";
import * as z from "zod";
import { DAY_MS, HOUR_MS } from "../../shared/clock";
import { TO_FEED } from "../../durable-objects/vault/achievements/achievements";
import { somebody, type Somebody } from "../../test/staff";
import { vaultOf } from "../regional";
import { postAwards } from "./post-awards";

const feedSchema = z.object({ items: z.array(z.looseObject({ kind: z.string(), card: z.looseObject({ title: z.string() }).nullable() })) });

async function send(who: Somebody, method: string, path: string, body: unknown): Promise<void> {
  const response = await who.fetch(path, { method, headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  expect(response.ok, await response.clone().text()).toBe(true);
}
/** What somebody reads of others, as titles; weekends are another row on some days. */
const feed = async (who: Somebody) =>
  feedSchema
    .parse(await (await who.fetch("/v1/me/feed")).json())
    .items.map(({ kind, card }) => `${kind}: ${card?.title}`)
    .toSorted();

test("what somebody earns is posted where they have chosen that, once, to whom they chose, and goes with what it was earned by", async () => {
  const [ada, ben, eve] = await Promise.all([somebody("eu"), somebody("us"), somebody("eu")]);
  await send(ada, "POST", "/v1/me/friend-requests", { person: ben.person.id });
  await send(ben, "POST", "/v1/me/friend-requests", { person: ada.person.id });
  await send(eve, "POST", "/v1/me/follows", { person: ada.person.id });
  const noon = Math.floor(Date.now() / DAY_MS) * DAY_MS - 12 * HOUR_MS;
  const workouts = [0, 1, 2].map((ago) => ({
    id: crypto.randomUUID(),
    type: "running",
    startDate: new Date(noon - ago * DAY_MS).toISOString(),
    endDate: new Date(noon - ago * DAY_MS + HOUR_MS / 6).toISOString(),
    source: { deviceName: "Watch", bundleIdentifier: "com.apple.health" },
  }));
  const push = async (data: object, deleted: readonly object[] = []) => {
    await send(ada, "POST", "/v1/ingest/healthkit", { data: { records: [], sleep: [], workouts: [], ...data }, deleted });
    // The reader brings it up to date.
    await ada.fetch("/v1/me/achievements");
  };
  const work = async () => await postAwards(env, Date.now, ada.person.id);
  const again = async () => {
    await runInDurableObject(vaultOf(env, ada.person.id), (_, { storage }) => {
      storage.sql.exec("UPDATE achievement_awards SET feed = 'post' WHERE feed = 'posted' AND achievement = 'workout-streak'");
    });
    await work();
  };

  // Off unless chosen: what was earned before is not posted later.
  await push({ workouts: workouts.slice(1, 2) });
  await work();
  expect(await feed(ben)).toEqual([]);
  await send(ada, "PATCH", "/v1/me/social-profile", { posting: { achievement: "friends", streak: "friends" } });
  await push({ workouts });
  await work();
  expect(await feed(ben)).toEqual(["streak: Every day"]);
  expect(await feed(eve)).toEqual([]);
  // Told again, and cut off before it was noted: posted once.
  await again();
  await work();
  expect(await feed(ben)).toEqual(["streak: Every day"]);

  // The workout is no more, nor is the row of three, nor its post. It comes again, and so does that.
  await push({}, [{ id: workouts[1]?.id }]);
  await work();
  expect(await feed(ben)).toEqual([]);
  await push({ workouts: workouts.map((one) => ({ ...one, id: crypto.randomUUID() })) });
  await work();
  expect(await feed(ben)).toEqual(["streak: Every day"]);

  // A post that comes too late, when it was taken back already, is taken out again.
  const vault = vaultOf(env, ada.person.id);
  await send(ada, "PATCH", "/v1/me/achievement-settings", { keptBack: ["workout-streak"] });
  expect(await vault.awardFed({ achievement: "workout-streak", key: "step:3", feed: "post" })).toBe(false);
  await work();
  expect(await feed(ben)).toEqual([]);
  expect(await vault.awardsForFeed()).toEqual([]);
  const plan = await runInDurableObject(vault, (_, { storage }) =>
    storage.sql
      .exec<{ detail: string }>(`EXPLAIN QUERY PLAN ${TO_FEED}`, 1)
      .toArray()
      .map(({ detail }) => detail),
  );
  expect(plan.join()).toContain("achievement_awards_to_feed");
});
