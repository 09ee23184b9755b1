import { env } from "cloudflare:workers";
import { afterEach, expect, test, vi } from "vitest";
import * as z from "zod";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../shared/clock";
import { boardIdOf, roundNumber } from "../../shared/challenges/board";
import { newId } from "../../shared/id";
import { type Somebody, signedIn, somebody } from "../../test/staff";
import { boardOf, regional, vaultOf } from "../regional";
import { RANKS_DUE_QUERY, WHO_HEARS_QUERY } from "./keep-ranks";
import { ANONYMOUS_BY_TEAM_QUERY, ANONYMOUS_QUERY } from "./veil";
import { DUE_QUERY, keepChallenges, STARTED_QUERY, UNTOLD_QUERY } from "./keep-challenges";
import { REQUESTS_QUERY } from "./invite";
import { workPorts } from "./ports";
import { MEMBERS_QUERY, NAMES_QUERY, RESULTS_QUERY, ROUNDS_QUERY } from "./standings";

const answerSchema = z.looseObject({
  id: z.string().optional(),
  alias: z.string().nullish(),
  items: z.array(z.looseObject({})).default([]),
  late: z.array(z.looseObject({})).default([]),
  efforts: z.array(z.looseObject({ effort: z.string() })).default([]),
});

afterEach(() => {
  vi.useRealTimers();
});

async function call(who: Pick<Somebody, "fetch">, method: string, path: string, body?: unknown, status = 200) {
  const response = await who.fetch(path, {
    method,
    ...(body !== undefined && { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
  });
  const text = await response.text();
  expect(response.status, text).toBe(status);
  return answerSchema.parse(text === "" ? {} : JSON.parse(text));
}

/** A push of a phone: steps that a watch counted in an hour, or that somebody typed in. */
async function push(who: Somebody, at: number, steps: number, change: object = {}, id = crypto.randomUUID()) {
  const record = {
    id,
    type: "HKQuantityTypeIdentifierStepCount",
    startDate: new Date(at).toISOString(),
    endDate: new Date(at + HOUR_MS).toISOString(),
    value: steps,
    unit: "count",
    source: { deviceName: "Watch", deviceType: "watch", recordingMethod: "automatic", ...change },
  };
  const data = { records: [record], sleep: [], workouts: [] };
  const response = await who.fetch("/v1/ingest/healthkit", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ data }),
  });
  const receipt = await response.json();
  expect(response.status, JSON.stringify(receipt)).toBe(200);
  return id;
}

/** A reward of a gym that somebody leads. */
async function rewardOf({ person }: Somebody): Promise<string> {
  const [gym, reward] = [newId("organisation", "eu", Date.now()), newId("reward", "eu", Date.now())];
  const { records } = regional(env, "eu");
  await records.batch([
    records.prepare("insert into organisations (id, name, created_at, updated_at) values (?, 'Gym', 1, 1)").bind(gym),
    records
      .prepare("insert into organisation_members (organisation_id, person_id, role, invited_at, joined_at) values (?, ?, 'owner', 1, 1)")
      .bind(gym, person.id),
    records
      .prepare(
        `insert into rewards (id, organisation_id, kind, title, description, terms, unit, price, limit_each, valid_days, created_at, updated_at)
         values (?, ?, 'free_session', 'An hour', '', '{"sessions":1}', 'points', 100, 5, 30, 1, 1)`,
      )
      .bind(reward, gym),
  ]);
  return reward;
}

const keep = async () => await keepChallenges(workPorts(env, Date.now));

test("from making a challenge to its results: live ranks, what is left out, late data, corrections, the close, once", async () => {
  const today = Math.floor(Date.now() / DAY_MS) * DAY_MS;
  const [startsAt, endsAt] = [today - DAY_MS, today + DAY_MS];
  const owner = await somebody("eu", { name: "Olga" });
  let [ann, bob] = [await somebody("eu", { name: "Ann" }), await somebody("us", { name: "Bob" })];
  const made = await call(
    owner,
    "POST",
    "/v1/challenges",
    {
      title: "Steps of two days",
      measure: { kind: "metric", metric: "steps" },
      goal: { kind: "absolute", target: 9_000 },
      schedule: { timeZone: "UTC", startsAt: new Date(startsAt).toISOString(), endsAt: new Date(endsAt).toISOString(), lateHours: 2 },
      visibility: "public",
      state: "open",
      rewards: [{ reward: await rewardOf(owner), ranks: 1 }],
    },
    201,
  );
  const id = made.id ?? "";
  const path = `/v1/challenges/${id}`;
  const a = await call(ann, "POST", `${path}/participation`, { ranking: "public" }, 201);
  const b = await call(bob, "POST", `${path}/participation`, { ranking: "public", name: "B." }, 201);
  await keep();

  // What their phones bring is counted in their own regions, and ranked in the challenge's.
  const walk = await push(ann, startsAt + 9 * HOUR_MS, 8_000);
  await push(bob, startsAt + 9 * HOUR_MS, 9_500);
  const typed = { deviceName: "Phone", deviceType: "phone", recordingMethod: "manual" };
  await push(ann, startsAt + 12 * HOUR_MS, 3_000, typed);
  const counted = async () => {
    for (const one of [ann, bob]) await vaultOf(env, one.person.id).countChallenge(id);
  };
  await counted();
  const ranks = async (view = "everyone") =>
    (await call(ann, "GET", `${path}/standings?view=${view}`)).items.map(({ rank, name, score, isYou }) => [rank, name, score, isYou]);
  expect(await ranks()).toEqual([
    [1, "B.", 9_500, false],
    [2, "Ann", 8_000, true],
  ]);
  expect(await ranks("around")).toEqual(await ranks());
  expect(await ranks("friends")).toEqual([[2, "Ann", 8_000, true]]);
  // Counting again, and telling again, changes nothing.
  await counted();
  expect(await ranks()).toHaveLength(2);

  // What she typed in is shown to her as left out; she appeals, and the owner lets it count.
  const [effort] = (await call(ann, "GET", `${path}/efforts`)).efforts;
  expect(effort).toMatchObject({ value: 8_000, leftOut: 3_000, reason: "manual_excluded", counts: true });
  const round = new Date(startsAt).toISOString();
  const appeal = await call(ann, "POST", `${path}/appeals`, { round, effort: effort?.effort, words: "A treadmill." }, 201);
  await call(bob, "POST", `${path}/appeals/${appeal.id}/decision`, { uphold: true }, 404);
  expect((await call(owner, "GET", `${path}/appeals`)).items).toMatchObject([{ alias: a.alias, value: 3_000, isYours: false }]);
  await call(owner, "POST", `${path}/appeals/${appeal.id}/decision`, { uphold: true });
  await counted();
  expect((await ranks())[0]).toEqual([1, "Ann", 11_000, true]);

  // A correction re-ranks: the phone says that the walk never was.
  await ann.fetch("/v1/ingest/healthkit", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ data: { records: [], sleep: [], workouts: [] }, deleted: [{ id: walk }] }),
  });
  await counted();
  expect(await ranks()).toEqual([
    [1, "B.", 9_500, false],
    [2, "Ann", 3_000, true],
  ]);

  // After the end and before the close what comes late counts; afterwards it is refused, and said.
  const later = async (to: number) => {
    vi.useFakeTimers({ now: to, toFake: ["Date"] });
    [ann, bob] = [await signedIn(ann, "aal1"), await signedIn(bob, "aal1")];
  };
  await later(endsAt + HOUR_MS);
  await push(ann, endsAt - 3 * HOUR_MS, 7_000);
  await counted();
  expect((await ranks())[0]).toEqual([1, "Ann", 10_000, true]);
  await later(endsAt + 2 * HOUR_MS + MINUTE_MS);
  await push(bob, endsAt - 2 * HOUR_MS, 5_000);
  await counted();
  expect(await ranks()).toEqual([
    [1, "Ann", 10_000, true],
    [2, "B.", 9_500, false],
  ]);
  expect((await call(bob, "GET", `${path}/efforts`)).late).toMatchObject([{ date: new Date(endsAt - DAY_MS).toISOString().slice(0, 10) }]);

  // The close, cut off in its middle and repeated, gives results and rewards once.
  await later(endsAt + 3 * HOUR_MS);
  const { records } = regional(env, "eu");
  await keep();
  await records.prepare("update challenge_periods set state = 'closing', cursor = null where challenge_id = ?").bind(id).run();
  await records.prepare("update fitness_challenges set due_at = 1, state = 'open' where id = ?").bind(id).run();
  await keep();
  await keep();
  const results = await call(bob, "GET", `${path}/results?round=${encodeURIComponent(round)}`);
  expect(results.items.map(({ rank, name, score, hasReached, isYou }) => [rank, name, score, hasReached, isYou])).toEqual([
    [1, "Ann", 10_000, true, false],
    [2, "B.", 9_500, true, true],
  ]);
  // After the close nothing is upheld that would change nothing.
  const { records: eu } = regional(env, "eu");
  const belated = newId("appeal", "eu", Date.now());
  await eu
    .prepare(
      `insert into challenge_appeals (id, challenge_id, person_id, opens_at, effort, reason, value, words, state, created_at)
       values (?, ?, ?, ?, 'x', 'too_fast', 1, 'w', 'open', 1)`,
    )
    .bind(belated, id, bob.person.id, startsAt)
    .run();
  const host = await signedIn(owner, "aal1");
  await call(host, "POST", `${path}/appeals/${belated}/decision`, { uphold: true }, 409);
  await call(host, "POST", `${path}/appeals/${belated}/decision`, { uphold: false });
  // The winner has what was to be won, once; nobody else has.
  expect(await boardOf(env, boardIdOf(id)).unsettled()).toEqual([]);
  expect((await call(ann, "GET", "/v1/me/wallet/vouchers")).items).toHaveLength(1);
  expect((await call(bob, "GET", "/v1/me/wallet/vouchers")).items).toHaveLength(0);
  expect(await call(ann, "GET", path)).toMatchObject({ state: "ended", participation: "active" });
  const kept = await records.prepare("select count(*) as n from challenge_results where challenge_id = ?").bind(id).first<{ n: number }>();
  expect(kept?.n).toBe(2);
  // A name is taken back from results at once, and whoever leaves is gone from the board.
  await call(ann, "PATCH", `${path}/participation`, { ranking: "anonymous" });
  expect(await call(bob, "GET", `${path}/results?round=${encodeURIComponent(round)}`)).toMatchObject({
    veiled: true,
    items: [{ rank: 2, name: "B.", isYou: true }],
  });
  await call(bob, "DELETE", `${path}/participation`, undefined, 204);
  expect(await boardOf(env, boardIdOf(id)).rank(b.alias ?? "", roundNumber(startsAt))).toBeNull();
});

test("teams and everybody together come to the sum of what their people have", async () => {
  const today = Math.floor(Date.now() / DAY_MS) * DAY_MS;
  const owner = await somebody("eu");
  const people = [await somebody("eu"), await somebody("us"), await somebody("ap")] as const;
  const made = await call(
    owner,
    "POST",
    "/v1/challenges",
    {
      title: "Teams",
      kind: "team",
      measure: { kind: "metric", metric: "steps" },
      schedule: { timeZone: "UTC", startsAt: new Date(today).toISOString(), endsAt: new Date(today + DAY_MS).toISOString() },
      visibility: "public",
      mostInTeam: 2,
      state: "open",
    },
    201,
  );
  const path = `/v1/challenges/${made.id}`;
  await call(people[0], "POST", `${path}/participation`, {}, 422);
  const red = await call(owner, "POST", `${path}/teams`, { name: "Red" }, 201);
  const blue = await call(people[2], "POST", `${path}/teams`, { name: "Blue" }, 201);
  await call(people[2], "POST", `${path}/teams`, { name: "Blue" }, 409);
  // Whoever was sent away makes none, and nobody but the owner where that is said, or where enough teams have nobody.
  const { records } = regional(env, "eu");
  const makes = async (name: string, status: number) => await call(people[0], "POST", `${path}/teams`, { name }, status);
  const out = "insert into challenge_people (challenge_id, person_id, state, ranking, changed_at) values (?, ?, 'removed', 'anonymous', 1)";
  await records
    .prepare(out)
    .bind(made.id ?? "", people[0].person.id)
    .run();
  await makes("Green", 403);
  await records
    .prepare("delete from challenge_people where challenge_id = ?")
    .bind(made.id ?? "")
    .run();
  await call(owner, "PATCH", path, { joining: "request" });
  await makes("Green", 403);
  await call(owner, "PATCH", path, { joining: "open", teamsBy: "owner" });
  await makes("Green", 403);
  await call(owner, "PATCH", path, { teamsBy: "people" });
  await records
    .prepare(
      "insert into challenge_teams (id, challenge_id, name, created_at) select 'tem_' || value || ?1, ?1, value, 1 from json_each(?2)",
    )
    .bind(made.id ?? "", JSON.stringify(Array.from({ length: 18 }, (_, i) => `T${i}`)))
    .run();
  await makes("Green", 409);
  await records
    .prepare("delete from challenge_teams where challenge_id = ? and name glob 'T[0-9]*'")
    .bind(made.id ?? "")
    .run();
  for (const [person, team] of [
    [people[0], red],
    [people[1], red],
    [people[2], blue],
  ] as const) {
    await call(person, "POST", `${path}/participation`, { team: team.id }, 201);
  }
  await call(owner, "POST", `${path}/participation`, { team: red.id }, 409);
  for (const [i, person] of people.entries()) {
    await push(person, today, 1_000 * (i + 1));
    await vaultOf(env, person.person.id).countChallenge(made.id ?? "");
  }
  // Of three without a name a sum would tell what single people have.
  expect(await call(people[2], "GET", `${path}/totals`)).toMatchObject({ total: null, teams: [{ score: null }, { score: null }] });
  for (const person of people.slice(0, 2)) await call(person, "PATCH", `${path}/participation`, { ranking: "public" });
  const half = await call(people[2], "GET", `${path}/totals`);
  expect(half).toMatchObject({ total: null, teams: expect.arrayContaining([expect.objectContaining({ name: "Blue", score: null })]) });
  expect(half["teams"]).toContainEqual(expect.objectContaining({ name: "Red", score: 3_000 }));
  await call(people[2], "PATCH", `${path}/participation`, { ranking: "public" });
  await vaultOf(env, people[2].person.id).countChallenge(made.id ?? "");
  expect(await call(people[2], "GET", `${path}/totals`)).toMatchObject({
    total: 6_000,
    teams: expect.toSatisfy(
      (teams: { name: string }[]) =>
        teams
          .map(({ name }) => name)
          .toSorted()
          .join() === "Blue,Red",
    ),
  });
});

test("people are told that a challenge has begun, and of their rank where they want that, once a day and without a number", async () => {
  const today = Math.floor(Date.now() / DAY_MS) * DAY_MS;
  const [owner, ann, bob] = await Promise.all([somebody("eu"), somebody("eu"), somebody("us")]);
  const made = await call(
    owner,
    "POST",
    "/v1/challenges",
    {
      title: "Steps by day",
      measure: { kind: "metric", metric: "steps" },
      schedule: {
        timeZone: "UTC",
        startsAt: new Date(today).toISOString(),
        endsAt: new Date(today + 2 * DAY_MS).toISOString(),
        repeat: { cron: "0 */2 * * *" },
      },
      visibility: "public",
      state: "open",
    },
    201,
  );
  const id = made.id ?? "";
  const join = async (who: Somebody, body: object) =>
    await call(who, "POST", `/v1/challenges/${id}/participation`, { ranking: "public", ...body }, 201);
  const [a, b] = [await join(ann, { rankNews: true }), await join(bob, {})];
  expect(a).toMatchObject({ rankNews: true });
  expect(await call(bob, "GET", `/v1/challenges/${id}/participation`)).toMatchObject({ rankNews: false });
  const { records } = regional(env, "eu");
  const { opensAt } = z.object({ opensAt: z.string() }).parse((await call(ann, "GET", `/v1/challenges/${id}`))["round"]);
  const board = boardOf(env, boardIdOf(id));
  const stand = async (alias: unknown, score: number, version: number) => {
    await board.submit([{ alias: String(alias), score, at: Date.now(), version: 1e15 + version }], roundNumber(Date.parse(opensAt)));
    await records
      .prepare("update fitness_challenges set ranks_due_at = 1, due_at = 1 where id = ? and ranks_due_at is not null")
      .bind(id)
      .run();
    await keep();
  };
  const told = async (who: Somebody) =>
    (await call(who, "GET", "/v1/me/notifications")).items.filter(({ type }) => String(type).startsWith("challenge_"));
  await stand(a.alias, 500, 1);
  await stand(b.alias, 400, 1);
  const types = async (who: Somebody) => (await told(who)).map(({ type }) => type);
  expect([await types(ann), await types(bob)]).toEqual([["challenge_started"], ["challenge_started"]]);
  await stand(b.alias, 600, 2);
  await stand(a.alias, 700, 2);
  await stand(b.alias, 800, 3);
  // A start that was cut off, and another round of the same day.
  await records.prepare("update challenge_periods set told_to = '' where challenge_id = ?").bind(id).run();
  await keep();
  expect([(await types(ann)).toSorted(), await types(bob)]).toEqual([["challenge_rank", "challenge_started"], ["challenge_started"]]);
  expect(JSON.stringify(await told(ann))).not.toMatch(/[5-8]00\b/);
  await call(ann, "PATCH", `/v1/challenges/${id}/participation`, { rankNews: false });
  await stand(a.alias, 900, 3);
  expect(await records.prepare("select ranks_due_at from fitness_challenges where id = ?").bind(id).first("ranks_due_at")).toBeNull();
});

test("what the clock and lists ask is found by an index", async () => {
  const { records } = regional(env, "eu");
  const plans: readonly (readonly [string, readonly unknown[]])[] = [
    [DUE_QUERY, [1, 1]],
    [UNTOLD_QUERY, []],
    [MEMBERS_QUERY, ["c", "", 1]],
    [REQUESTS_QUERY, ["c", "", 1]],
    [ROUNDS_QUERY, ["c", 1, 1]],
    [RESULTS_QUERY, ["c", 1, "person", 0, "", 1, "[]", "p"]],
    [STARTED_QUERY, ["c", "", 1]],
    [RANKS_DUE_QUERY, [1, 1]],
    [WHO_HEARS_QUERY, ["c", "", 1]],
    [ANONYMOUS_QUERY, ["c", 5]],
    [ANONYMOUS_BY_TEAM_QUERY, ["c"]],
    [NAMES_QUERY, ["c", "[]", "[]"]],
  ];
  for (const [sql, values] of plans) {
    const { results } = await records
      .prepare(`explain query plan ${sql}`)
      .bind(...values)
      .all<{ detail: string }>();
    const scans = results
      .map(({ detail }) => detail)
      .filter((detail) => detail.startsWith("SCAN") && !/json_each|challenge_appeals_untold|subquery/.test(detail));
    expect(scans, sql).toEqual([]);
  }
});
