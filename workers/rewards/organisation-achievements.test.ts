import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import * as z from "zod";
import { DAY_MS, HOUR_MS } from "../../shared/clock";
import { newOrganisation } from "../../test/partners";
import { somebody, type Somebody } from "../../test/staff";
import { regional } from "../regional";
import { OPEN_OF_ORGANISATION } from "./organisation-achievements";

const answerSchema = z.looseObject({
  id: z.string().optional(),
  errors: z.array(z.looseObject({ pointer: z.string() })).default([]),
  items: z
    .array(
      z.looseObject({
        id: z.string(),
        organisation: z.string().nullish(),
        earned: z.array(z.looseObject({ key: z.string() })).default([]),
      }),
    )
    .default([]),
});
async function call(who: Pick<Somebody, "fetch">, method: string, path: string, status: number, body?: unknown) {
  const response = await who.fetch(path, {
    method,
    ...(body !== undefined && { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
  });
  const text = await response.text();
  expect(response.status, text).toBe(status);
  return answerSchema.parse(text === "" ? {} : JSON.parse(text));
}

test("what a gym defines is computed in the vaults of its people who take it up, from the same days, and nobody else learns of it", async () => {
  const gym = await newOrganisation("eu", "Gym");
  const [ada, eve] = await Promise.all([somebody("eu"), somebody("us")]);
  const { records } = regional(env, "eu");
  await records
    .prepare("insert into shared_with_partners (grantee_id, owner_id, consent_id) values (?, ?, 'cns_eu_01kad7wjcm0000000000000000')")
    .bind(gym.id, ada.person.id)
    .run();
  const path = `/v1/organisations/${gym.id}/achievements`;
  const rule = { kind: "streak", of: "workouts", atLeast: 1 };
  const body = { title: "Twice in a row", text: "Come on two days in a row.", rule, steps: [2, 5] };
  const { id = "" } = await call(gym.owner, "POST", path, 201, body);
  // Of the catalogue of measures alone, of no special class, and with steps where there are steps.
  for (const [change, pointer] of [
    [{ rule: { kind: "total", of: "mindful" } }, "/rule/of"],
    [{ rule: { kind: "total", of: "blood_pressure" } }, "/rule/of"],
    [{ rule: { kind: "calendar", of: "steps", atLeast: 1, month: 2, day: 30 } }, "/rule"],
    [{ steps: [] }, "/steps"],
    [{ steps: [5, 2] }, "/steps"],
  ] as const) {
    expect((await call(gym.owner, "POST", path, 422, { ...body, ...change })).errors.map((one) => one.pointer)).toContain(pointer);
  }
  for (const who of [ada, eve]) await call(who, "POST", path, 404, body);
  await call(eve, "GET", path, 404);
  await call(eve, "PUT", `/v1/me/achievements/${id}`, 404);
  expect((await call(ada, "GET", path, 200)).items).toMatchObject([{ id, steps: [2, 5], unit: "{days}", rule }]);

  // Taken up, it is computed of the days that there were.
  const noon = Math.floor(Date.now() / DAY_MS) * DAY_MS - 12 * HOUR_MS;
  const workouts = [0, 1].map((ago) => ({
    id: `w${ago}`,
    type: "running",
    startDate: new Date(noon - ago * DAY_MS).toISOString(),
    endDate: new Date(noon - ago * DAY_MS + HOUR_MS / 6).toISOString(),
    source: { deviceName: "Watch", bundleIdentifier: "com.apple.health" },
  }));
  await call(ada, "POST", "/v1/ingest/healthkit", 200, { data: { records: [], sleep: [], workouts } });
  const own = async () => (await call(ada, "GET", "/v1/me/achievements?limit=200", 200)).items.filter((one) => one.id === id);
  expect(await own()).toEqual([]);
  for (let turn = 0; turn < 2; turn++) await call(ada, "PUT", `/v1/me/achievements/${id}`, 204);
  expect(await own()).toMatchObject([{ organisation: gym.id, shareable: false, earned: [{ key: "step:2", points: 0 }] }]);
  expect(await call(ada, "GET", `/v1/me/achievements/${id}`, 200)).toMatchObject({ title: "Twice in a row", next: { at: 5 } });
  // Nobody else sees it, whatever the person shows of the others; nor is it posted.
  await call(ada, "PATCH", "/v1/me/achievement-settings", 200, { visibility: "public" });
  await call(ada, "PATCH", "/v1/me/social-profile", 200, { posting: { achievement: "everybody", streak: "everybody" } });
  expect((await call(gym.owner, "GET", `/v1/people/${ada.person.id}/achievements`, 200)).items.map((one) => one.id)).not.toContain(id);

  // What it was computed from goes, and it with that. Closed it goes on for whoever has it, and is taken up by nobody.
  await call(ada, "POST", "/v1/ingest/healthkit", 200, { data: { records: [], sleep: [], workouts: [] }, deleted: [{ id: "w1" }] });
  expect(await own()).toMatchObject([{ earned: [] }]);
  await call(gym.owner, "DELETE", `${path}/${id}`, 204);
  expect(await own()).toHaveLength(1);
  await call(ada, "DELETE", `/v1/me/achievements/${id}`, 204);
  await call(ada, "DELETE", `/v1/me/achievements/${id}`, 204);
  expect(await own()).toEqual([]);
  await call(ada, "PUT", `/v1/me/achievements/${id}`, 404);
  const { results } = await records.prepare(`explain query plan ${OPEN_OF_ORGANISATION}`).bind("o").all<{ detail: string }>();
  expect(results.map(({ detail }) => detail).join()).toMatch(/organisation_achievements_open/);
});
