import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import * as z from "zod";
import { DAY_MS, HOUR_MS } from "../../shared/clock";
import { type Somebody, somebody } from "../../test/staff";
import { intervals, PHONE } from "../../test/vaults";
import { regional, vaultOf } from "../regional";
import { AUDIENCE_QUERY, OWN_QUERY, PUBLIC_QUERY } from "./manage-challenge";

const answerSchema = z.looseObject({
  alias: z.string().nullish(),
  version: z.number().optional(),
  errors: z.array(z.object({ pointer: z.string() })).default([]),
  items: z.array(z.looseObject({ id: z.string().optional(), challenge: z.string().optional(), state: z.string().optional() })).default([]),
});
type Answer = z.output<typeof answerSchema>;
const idSchema = z.looseObject({ id: z.string(), version: z.number() });

export const call = async (
  who: Pick<Somebody, "fetch">,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
) =>
  await who.fetch(path, {
    method,
    headers: { ...(body !== undefined && { "content-type": "application/json" }), ...headers },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });

async function json(response: Response, status = 200): Promise<Answer> {
  const text = await response.text();
  expect(response.status, text).toBe(status);
  return answerSchema.parse(JSON.parse(text));
}

/** From yesterday's midnight for a week, in UTC. */
const schedule = (change: object = {}) => {
  const today = Math.floor(Date.now() / DAY_MS) * DAY_MS;
  return {
    timeZone: "UTC",
    startsAt: new Date(today - DAY_MS).toISOString(),
    endsAt: new Date(today + 6 * DAY_MS).toISOString(),
    ...change,
  };
};
const terms = (change: object = {}) => ({
  title: "Steps of a week",
  measure: { kind: "metric", metric: "steps" },
  schedule: schedule(),
  state: "open",
  visibility: "public",
  ...change,
});
const create = async (who: Somebody, change: object = {}) =>
  idSchema.parse(await json(await call(who, "POST", "/v1/challenges", terms(change)), 201)).id;
const join = async (who: Somebody, id: string, body: object = {}) => await call(who, "POST", `/v1/challenges/${id}/participation`, body);
const codeOf = async (response: Response) => z.object({ code: z.string() }).parse(await response.json()).code;

const owner = await somebody("eu");

test("a draft is its owner's alone until it is opened, and is changed by whoever has its version", async () => {
  const other = await somebody("eu");
  const id = await create(owner, { state: "draft" });
  expect((await call(other, "GET", `/v1/challenges/${id}`)).status).toBe(404);
  expect(await json(await call(owner, "POST", `/v1/challenges/${id}/participation`, {}), 409)).toMatchObject({
    code: "conflict",
    detail: "The challenge is a draft: open it first.",
  });
  expect((await call(owner, "PATCH", `/v1/challenges/${id}`, { title: "Other steps" }, { "if-match": '"7"' })).status).toBe(412);
  const opened = await json(await call(owner, "PATCH", `/v1/challenges/${id}`, { state: "open", attempts: 3 }, { "if-match": '"1"' }));
  expect(opened).toMatchObject({
    state: "open",
    attempts: 3,
    version: 2,
    isOwner: true,
    participation: "none",
    trust: "file",
    unit: "{steps}",
  });
  expect(await json(await call(other, "GET", `/v1/challenges/${id}`))).toMatchObject({ isOwner: false, people: 0 });
  expect((await call(other, "PATCH", `/v1/challenges/${id}`, { title: "Mine now" })).status).toBe(404);
  expect(await codeOf(await call(owner, "PATCH", `/v1/challenges/${id}`, { attempts: 4 }))).toBe("conflict");
  expect(await codeOf(await call(owner, "DELETE", `/v1/challenges/${id}`))).toBe("conflict");
});

test("terms that count nothing, or something that nobody should show, are refused where they stand", async () => {
  const faults = async (change: object) =>
    (await json(await call(owner, "POST", "/v1/challenges", terms(change)), 422)).errors.map(({ pointer }) => pointer);
  expect(await faults({ measure: { kind: "metric", metric: "body_weight" } })).toEqual(["/measure"]);
  expect(await faults({ measure: { kind: "formula", formula: "steps +" } })).toEqual(["/measure"]);
  expect(await faults({ schedule: schedule({ repeat: { cron: "* * * * *" } }) })).toEqual(["/schedule/repeat/cron"]);
  expect(await faults({ schedule: schedule({ timeZone: "Mars/Olympus" }) })).toEqual(["/schedule/timeZone"]);
  expect(await faults({ schedule: schedule({ endsAt: schedule().startsAt }) })).toEqual(["/schedule/endsAt"]);
  expect(await faults({ visibility: "organisation" })).toEqual(["/audience"]);
  expect(await faults({ kind: "team", operator: "best" })).toEqual(["/operator"]);
  expect(await faults({ measure: { kind: "streak", formula: "steps", target: 5_000 }, goal: { kind: "relative" } })).toEqual([
    "/goal/kind",
  ]);
});

test("a block hides a challenge from lists too, and whose it is shows in each", async () => {
  const [maker, other] = await Promise.all([somebody("eu"), somebody("eu")]);
  const id = await create(maker);
  const listed = async (who: Somebody) =>
    (await json(await call(who, "GET", "/v1/challenges?limit=200"))).items.find((one) => one.id === id);
  expect(await listed(maker)).toMatchObject({ isOwner: true });
  expect(await listed(other)).toMatchObject({ isOwner: false });
  expect((await call(maker, "POST", "/v1/me/blocks", { person: other.person.id })).ok).toBe(true);
  expect(await listed(other)).toBeUndefined();
});

test("whoever joins agrees to exactly what counts, under an alias of this challenge alone, and leaves at once", async () => {
  const person = await somebody("us");
  const [one, other] = [await create(owner), await create(owner)];
  const first = await json(await join(person, one), 201);
  expect(first).toMatchObject({ state: "active", ranking: "anonymous", consent: { purpose: "challenge", metrics: ["steps"] } });
  expect(await json(await join(person, one), 201)).toMatchObject({ alias: first.alias, consent: first["consent"] });
  const second = await json(await join(person, other, { ranking: "public" }), 201);
  expect(second.alias).not.toBe(first.alias);
  expect(await json(await call(person, "GET", `/v1/challenges/${one}`))).toMatchObject({ people: 1, participation: "active" });
  const hidden = await json(await call(person, "PATCH", `/v1/challenges/${other}/participation`, { ranking: "anonymous" }));
  expect(hidden.alias).not.toBe(second.alias);
  // What people have agreed to does not change.
  expect(await codeOf(await call(owner, "PATCH", `/v1/challenges/${one}`, { trust: "manual" }))).toBe("conflict");
  expect((await call(person, "DELETE", `/v1/challenges/${one}/participation`)).status).toBe(204);
  expect((await call(person, "DELETE", `/v1/challenges/${one}/participation`)).status).toBe(204);
  expect(await json(await call(owner, "GET", `/v1/challenges/${one}`))).toMatchObject({ people: 0 });
  const mine = await json(await call(person, "GET", "/v1/me/challenges"));
  expect(mine.items.map(({ challenge, state }) => [challenge, state])).toEqual([
    [one, "left"],
    [other, "active"],
  ]);
  const again = await json(await join(person, one), 201);
  expect(again.alias).not.toBe(first.alias);
});

test("places are as many as there are, whoever comes at once", async () => {
  const id = await create(owner, { mostPeople: 2 });
  const people = await Promise.all([somebody("eu"), somebody("us"), somebody("ap"), somebody("eu")]);
  const statuses = await Promise.all(people.map(async (one) => (await join(one, id)).status));
  expect(statuses.toSorted()).toEqual([201, 201, 409, 409]);
  expect(await json(await call(owner, "GET", `/v1/challenges/${id}`))).toMatchObject({ people: 2, mostPeople: 2 });
  const left = people[statuses.indexOf(201)]!;
  await call(left, "DELETE", `/v1/challenges/${id}/participation`);
  expect((await join(people[statuses.indexOf(409)]!, id)).status).toBe(201);
});

test("the score is what the vault has: devices alone, and what is typed in is shown as left out", async () => {
  const person = await somebody("eu");
  const id = await create(owner);
  await join(person, id);
  const start = Date.parse(schedule().startsAt) + 9 * HOUR_MS;
  const vault = vaultOf(env, person.person.id);
  await vault.record(intervals("steps", [{ at: start, end: start + HOUR_MS, value: 4_000 }], PHONE));
  await vault.record(
    intervals("steps", [{ at: start + 2 * HOUR_MS, end: start + 3 * HOUR_MS, value: 9_000 }], { ...PHONE, recordingMethod: "manual" }),
  );
  await vault.countChallenge(id);
  const efforts = await json(await call(person, "GET", `/v1/challenges/${id}/efforts`));
  expect(efforts).toMatchObject({ round: { score: 4_000, ranked: 4_000, efforts: 1 }, unit: "{steps}", late: [] });
  expect(efforts["efforts"]).toMatchObject([{ value: 4_000, counts: true, leftOut: 9_000, reason: "manual_excluded" }]);
});

test("lists are found by an index", async () => {
  const { records } = regional(env, "eu");
  for (const [sql, more] of [
    [PUBLIC_QUERY, ["[]"]],
    [OWN_QUERY, []],
    [AUDIENCE_QUERY, ["[]", "grp"]],
  ] as const) {
    const { results } = await records
      .prepare(`explain query plan ${sql}`)
      .bind("p", null, 10, ...more)
      .all<{ detail: string }>();
    const plan = results.map(({ detail }) => detail);
    expect(
      plan.filter((detail) => /^SCAN (?!CONSTANT|json_each)/.test(detail) && !detail.includes("fitness_challenges_public")).join(),
      sql,
    ).toBe("");
    expect(plan.join(), sql).not.toContain("TEMP B-TREE");
  }
});
