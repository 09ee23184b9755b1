import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import type { Region } from "../../shared/region";
import { newId } from "../../shared/id";
import { somebody, type Somebody } from "../../test/staff";
import { regional } from "../regional";
import { areBlocked, areFriends, friendsOf, hiddenFrom, socialContext, sweepTies } from ".";
import { BLOCKS_QUERY, INCOMING_QUERY, OUTGOING_QUERY } from "./friends";
import { FOLLOWERS_QUERY, FOLLOWS_QUERY } from "./follows";
import { FRIENDS_QUERY, HIDDEN_QUERY, MEMBERS_QUERY } from "./relations";
import { SILENT, UNSENT } from "./ties";

const context = socialContext(env, Date.now);
const card = z.object({ id: z.string(), name: z.string().nullable() });
const people = z.object({ items: z.array(z.object({ person: card })), next: z.string().nullable() });
const friends = z.object({ items: z.array(card), next: z.string().nullable() });

const post = async (as: Somebody, path: string, body?: unknown) =>
  await as.fetch(path, {
    method: "POST",
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
  });
const ask = async (as: Somebody, other: Somebody) => await post(as, "/v1/me/friend-requests", { person: other.person.id });
const accept = async (as: Somebody, other: Somebody) => await post(as, `/v1/me/friend-requests/${other.person.id}/acceptance`);
const remove = async (as: Somebody, list: string, other: Somebody) =>
  await as.fetch(`/v1/me/${list}/${other.person.id}`, { method: "DELETE" });
const friendIds = async (as: Somebody) => friends.parse(await (await as.fetch("/v1/me/friends")).json()).items.map(({ id }) => id);
const idsIn = async (as: Somebody, path: string) => people.parse(await (await as.fetch(path)).json()).items.map(({ person }) => person.id);
const incoming = async (as: Somebody) => await idsIn(as, "/v1/me/friend-requests");
const outgoing = async (as: Somebody) => await idsIn(as, "/v1/me/friend-requests?direction=out");
const block = async (as: Somebody, other: Somebody) => await post(as, "/v1/me/blocks", { person: other.person.id });

const PAIRS: readonly (readonly [Region, Region])[] = [
  ["eu", "eu"],
  ["eu", "us"],
];

describe.each(PAIRS)("people of %s and %s", (here, there) => {
  let ada: Somebody;
  let ben: Somebody;
  beforeAll(async () => {
    [ada, ben] = await Promise.all([somebody(here, { name: "Ada" }), somebody(there, { name: "Ben" })]);
  });

  test("become friends by request and acceptance, see one another by name, and repeating changes nothing", async () => {
    expect((await ask(ada, ben)).status).toBe(201);
    expect((await ask(ada, ben)).status).toBe(201);
    const waiting = people.parse(await (await ben.fetch("/v1/me/friend-requests")).json());
    expect(waiting.items.map(({ person }) => [person.id, person.name])).toEqual([[ada.person.id, "Ada"]]);
    expect(await outgoing(ada)).toEqual([ben.person.id]);
    expect(await areFriends(context, ada.person.id, ben.person.id)).toBe(false);
    expect((await accept(ben, ada)).status).toBe(200);
    expect((await accept(ben, ada)).status).toBe(200);
    expect(friends.parse(await (await ada.fetch("/v1/me/friends")).json()).items).toMatchObject([{ id: ben.person.id, name: "Ben" }]);
    expect(await friendIds(ben)).toEqual([ada.person.id]);
    expect(await friendsOf(context, ben.person.id)).toEqual([ada.person.id]);
    expect([await incoming(ben), await outgoing(ada)]).toEqual([[], []]);
  });

  test("a block ends the friendship, hides both from each other, and looks to the blocked like a request without answer", async () => {
    expect((await block(ada, ben)).status).toBe(201);
    expect([await friendIds(ada), await friendIds(ben)]).toEqual([[], []]);
    expect(await areBlocked(context, ben.person.id, ada.person.id)).toBe(true);
    expect([await hiddenFrom(context, ada.person.id), await hiddenFrom(context, ben.person.id)]).toEqual([
      [ben.person.id],
      [ada.person.id],
    ]);
    const answer = await ask(ben, ada);
    expect([answer.status, z.looseObject({ state: z.string() }).parse(await answer.json()).state]).toEqual([201, "waiting"]);
    expect(await outgoing(ben)).toEqual([ada.person.id]);
    expect(await incoming(ada)).toEqual([]);
    expect((await accept(ada, ben)).status).toBe(404);
    expect((await ask(ada, ben)).status).toBe(409);
  });

  test("lifting the block brings nothing back but what was asked since", async () => {
    expect((await remove(ada, "blocks", ben)).status).toBe(204);
    expect(await areBlocked(context, ada.person.id, ben.person.id)).toBe(false);
    expect(await friendIds(ada)).toEqual([]);
    expect(await incoming(ada)).toEqual([ben.person.id]);
  });

  test("a rejected request is gone for both, and asking again counts", async () => {
    expect((await post(ada, `/v1/me/friend-requests/${ben.person.id}/rejection`)).status).toBe(204);
    expect([await incoming(ada), await outgoing(ben)]).toEqual([[], []]);
    expect((await accept(ada, ben)).status).toBe(404);
    await ask(ben, ada);
    expect(await incoming(ada)).toEqual([ben.person.id]);
    expect((await remove(ben, "friend-requests", ada)).status).toBe(204);
    expect(await incoming(ada)).toEqual([]);
    expect((await accept(ada, ben)).status).toBe(404);
  });

  test("two who ask each other at the same moment are friends, and one who removes the other leaves no request behind", async () => {
    const answers = await Promise.all([ask(ada, ben), ask(ben, ada)]);
    expect(answers.map(({ status }) => status)).toEqual([201, 201]);
    expect([await friendIds(ada), await friendIds(ben)]).toEqual([[ben.person.id], [ada.person.id]]);
    expect((await remove(ben, "friends", ada)).status).toBe(204);
    expect([await friendIds(ada), await outgoing(ada), await incoming(ben)]).toEqual([[], [], []]);
    expect((await remove(ada, "friends", ben)).status).toBe(404);
  });

  test("following waits for approval where that is asked for, and is over when the follower is removed", async () => {
    await regional(env, there)
      .records.prepare("insert into social_profiles (person_id, follow_rule, updated_at) values (?, 'approval', 0)")
      .bind(ben.person.id)
      .run();
    expect(await (await post(ada, "/v1/me/follows", { person: ben.person.id })).json()).toMatchObject({ state: "waiting" });
    expect(await idsIn(ben, "/v1/me/followers?state=waiting")).toEqual([ada.person.id]);
    expect((await post(ben, `/v1/me/followers/${ada.person.id}/acceptance`)).status).toBe(204);
    expect(await (await ada.fetch("/v1/me/follows")).json()).toMatchObject({ items: [{ person: { id: ben.person.id }, state: "active" }] });
    expect(await idsIn(ben, "/v1/me/followers?state=active")).toEqual([ada.person.id]);
    expect((await remove(ben, "followers", ada)).status).toBe(204);
    expect(await idsIn(ada, "/v1/me/follows")).toEqual([]);
  });
});

test("the answer to a request says nothing of whether anybody is registered under the id", async () => {
  const [ada, ben] = await Promise.all([somebody("eu"), somebody("eu")]);
  const shape = async (person: string) => {
    const answer = await post(ada, "/v1/me/friend-requests", { person });
    return JSON.stringify([answer.status, await answer.json()])
      .replaceAll(person, "id")
      .replaceAll(/\d{4}-[^"]+/g, "at");
  };
  expect(await shape(newId("person", "eu", Date.now()))).toBe(await shape(ben.person.id));
  expect(await shape(newId("person", "us", Date.now()))).toBe(await shape(ben.person.id));
});

test("whoever hears of no requests is not told of them, and the answer is the same", async () => {
  const [ada, ben] = await Promise.all([somebody("eu"), somebody("us")]);
  const told = async () =>
    z
      .object({ items: z.array(z.looseObject({ type: z.string() })) })
      .parse(await (await ben.fetch("/v1/me/notifications")).json())
      .items.map(({ type }) => type);
  const requests = async (asks: string) =>
    await regional(env, "us")
      .records.prepare(
        "insert into social_profiles (person_id, asks, updated_at) values (?1, ?2, 0) on conflict do update set asks = excluded.asks",
      )
      .bind(ben.person.id, asks)
      .run();
  await requests("nobody");
  expect(await (await ask(ada, ben)).json()).toMatchObject({ state: "waiting" });
  expect([await told(), await incoming(ben)]).toEqual([[], []]);
  expect(await outgoing(ada)).toEqual([ben.person.id]);
  await remove(ada, "friend-requests", ben);
  await requests("everybody");
  await ask(ada, ben);
  expect(await told()).toEqual(["friend_request"]);
});

test("nobody asks more than fifty people a day", async () => {
  const ada = await somebody("eu");
  const now = Date.now();
  await regional(env, "eu")
    .records.prepare(
      `insert into ties (person_id, other_id, rev, sent_rev, wants_at, changed_at)
       select ?1, 'per_eu_01kad7wjcm00000000000000' || printf('%02d', value), 1, 1, ?2, ?2 from json_each(?3)`,
    )
    .bind(ada.person.id, now, JSON.stringify(Array.from({ length: 50 }, (_, i) => i)))
    .run();
  const answer = await ask(ada, await somebody("eu"));
  expect([answer.status, answer.headers.get("retry-after") !== null]).toEqual([429, true]);
});

test("a copy that could not be delivered is delivered by the clock, and an older one never replaces a newer", async () => {
  const [ada, ben] = await Promise.all([somebody("eu"), somebody("ap")]);
  await ask(ada, ben);
  const far = regional(env, "ap").records;
  await far.prepare("delete from ties where person_id = ?").bind(ada.person.id).run();
  await regional(env, "eu").records.prepare("update ties set sent_rev = 0 where person_id = ?").bind(ada.person.id).run();
  expect(await incoming(ben)).toEqual([]);
  await sweepTies(context);
  expect(await incoming(ben)).toEqual([ada.person.id]);
  await far.prepare("update ties set rev = rev + 1, wants_at = null where person_id = ?").bind(ada.person.id).run();
  await regional(env, "eu").records.prepare("update ties set sent_rev = 0 where person_id = ?").bind(ada.person.id).run();
  await sweepTies(context);
  expect(await incoming(ben)).toEqual([]);
});

test("a list of friends goes on after the last one of the page before", async () => {
  const ada = await somebody("eu");
  const others = await Promise.all(Array.from({ length: 3 }, async () => await somebody("eu")));
  for (const other of others) {
    await ask(ada, other);
    await ask(other, ada);
  }
  const first = friends.parse(await (await ada.fetch("/v1/me/friends?limit=2")).json());
  const second = friends.parse(await (await ada.fetch(`/v1/me/friends?limit=2&cursor=${first.next ?? ""}`)).json());
  expect([...first.items, ...second.items].map(({ id }) => id)).toEqual(others.map(({ person }) => person.id).toSorted());
  expect(second.next).toBeNull();
  expect((await others[0]?.fetch(`/v1/me/friends?cursor=${first.next ?? ""}`))?.status).toBe(422);
});

test.each(
  Object.entries({
    FRIENDS_QUERY,
    HIDDEN_QUERY,
    MEMBERS_QUERY,
    INCOMING_QUERY,
    OUTGOING_QUERY,
    BLOCKS_QUERY,
    FOLLOWS_QUERY,
    FOLLOWERS_QUERY,
    UNSENT,
    SILENT,
  }),
)("%s is answered from indexes", async (_name, sql) => {
  const values = Array.from({ length: Math.max(1, new Set(sql.match(/\?\d/g)).size) }, () => 1);
  const { results } = await env.RECORDS_EU.prepare(`explain query plan ${sql}`)
    .bind(...values)
    .all<{ detail: string }>();
  const plan = results.map(({ detail }) => detail);
  expect(plan.filter((detail) => /^SCAN (?!CONSTANT|\(subquery)(?!.*USING (?:COVERING )?INDEX)/.test(detail))).toEqual([]);
  expect(plan.join("\n")).toMatch(/INDEX|PRIMARY KEY/);
});
