import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import * as z from "zod";
import { DAY_MS } from "../../shared/clock";
import { newId, parseId, type RoomId } from "../../shared/id";
import { somebody, type Somebody } from "../../test/staff";
import { say } from "../../test/rooms";
import { regional, roomOf } from "../regional";
import { keepChallenges } from "./keep-challenges";
import { workPorts } from "./ports";
import { BETWEEN_QUERY, TOLD_QUERY, UNTOLD_OF_QUERY, UNTOLD_PEOPLE_QUERY, UNTOLD_ROOMS_QUERY } from "./tell-room";

const answerSchema = z.looseObject({
  id: z.string().optional(),
  alias: z.string().nullish(),
  room: z.string().nullish(),
  isMember: z.boolean().optional(),
  items: z.array(z.looseObject({ room: z.string().optional(), id: z.string().optional() })).default([]),
});

async function call(who: Somebody, method: string, path: string, body?: unknown, status = 200) {
  const response = await who.fetch(path, {
    method,
    ...(body !== undefined && { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
  });
  const text = await response.text();
  expect(response.status, text).toBe(status);
  return answerSchema.parse(text === "" ? {} : JSON.parse(text));
}

const today = Math.floor(Date.now() / DAY_MS) * DAY_MS;
async function create(who: Somebody, change: object = {}): Promise<string> {
  const body = {
    title: "Steps of a week",
    measure: { kind: "metric", metric: "steps" },
    schedule: { timeZone: "UTC", startsAt: new Date(today - DAY_MS).toISOString(), endsAt: new Date(today + 6 * DAY_MS).toISOString() },
    state: "open",
    visibility: "public",
    ...change,
  };
  return (await call(who, "POST", "/v1/challenges", body, 201)).id ?? "";
}
const keep = async () => await keepChallenges(workPorts(env, Date.now));
const roomIdIn = async (who: Somebody, id: string): Promise<RoomId> => {
  const { room } = await call(who, "GET", `/v1/challenges/${id}/room`);
  return parseId("room", room ?? "")!;
};
/** Whom somebody sees in a room. */
const seen = async (who: Somebody, room: RoomId) =>
  (await roomOf(env, room).members(who.person.id, 0, 100)).map(({ person, alias, role }) => [person, alias, role]);

test("whoever takes part is in the room under what they stand under, by their own choice where they are anonymous, and leaves it with the challenge", async () => {
  const [olga, ann, bob, cleo] = await Promise.all([
    somebody("eu", { name: "Olga" }),
    somebody("eu", { name: "Ann" }),
    somebody("us"),
    somebody("eu", { name: "Cleo" }),
  ]);
  const id = await create(olga);
  const path = `/v1/challenges/${id}`;
  await call(ann, "POST", `${path}/participation`, { ranking: "public" }, 201);
  await call(ann, "GET", `${path}/room`, undefined, 404);
  await call(ann, "POST", `${path}/room`, {}, 404);
  // Later opened, it takes in who was there.
  await call(olga, "POST", `${path}/room`, { name: "The host" }, 201);
  await call(olga, "POST", `${path}/room`, { name: "Another" }, 201);
  const { alias } = await call(bob, "POST", `${path}/participation`, {}, 201);
  const room = await roomIdIn(olga, id);
  const { records } = regional(env, "eu");
  expect(await seen(olga, room)).toEqual([
    [null, "The host", "owner"],
    [null, "Ann", "member"],
  ]);
  expect(await call(bob, "GET", `${path}/room`)).toMatchObject({ isMember: false });
  await call(bob, "PUT", `${path}/room/membership`, undefined, 204);
  await call(bob, "PUT", `${path}/room/membership`, undefined, 204);
  expect(await seen(ann, room)).toContainEqual([null, alias, "member"]);
  expect((await call(bob, "GET", "/v1/me/rooms")).items).toMatchObject([{ id: room }]);
  // One does not leave by the room's own door, nor is anybody called where addresses would tell.
  await call(bob, "DELETE", `/v1/rooms/${room}/membership`, undefined, 409);
  await call(bob, "POST", `/v1/rooms/${room}/calls`, { clientId: "1" }, 409);

  // Whoever becomes anonymous is gone with their name and what they said, and comes back as nobody known.
  const { seq } = await roomOf(env, room).perform(ann.person.id, say("It is me."));
  await call(ann, "PATCH", `${path}/participation`, { ranking: "anonymous" });
  expect(await roomOf(env, room).message(olga.person.id, seq)).toMatchObject({ text: null, author: { alias: null, person: null } });
  expect((await seen(olga, room)).map(([, name]) => name)).toEqual(["The host", alias]);
  await call(ann, "PUT", `${path}/room/membership`, undefined, 204);
  const again = await call(ann, "GET", `${path}/participation`);
  expect(await seen(olga, room)).toEqual([
    [null, "The host", "owner"],
    [null, alias, "member"],
    [null, again.alias, "member"],
  ]);
  const numbers = (await roomOf(env, room).members(olga.person.id, 0, 100)).map(({ member }) => member);
  expect(numbers).toEqual([1, 3, 4]);

  // Blocked by the owner: out of the room with a name, whereas an alias that vanished would say whose it is. A block that is lifted lets in again.
  await call(cleo, "POST", `${path}/participation`, { ranking: "public" }, 201);
  const names = async () => (await seen(olga, room)).map(([, name]) => name);
  for (const { person } of [bob, cleo]) await call(olga, "POST", "/v1/me/blocks", { person: person.id }, 201);
  await records.prepare("update challenge_people set room_untold = abs(room_untold) + 1 where challenge_id = ?").bind(id).run();
  await keep();
  expect(await names()).toEqual(["The host", alias, again.alias]);
  expect((await call(cleo, "GET", "/v1/me/rooms")).items).toEqual([]);
  for (const { person } of [bob, cleo]) await call(olga, "DELETE", `/v1/me/blocks/${person.id}`, undefined, 204);
  expect(await names()).toEqual(["The host", alias, again.alias, "Cleo"]);
  await call(cleo, "DELETE", `${path}/participation`, undefined, 204);
  // Taken out by the owner, left: out of the room.
  await call(olga, "DELETE", `${path}/participants/${alias}`, undefined, 204);
  await call(ann, "DELETE", `${path}/participation`, undefined, 204);
  expect(await seen(olga, room)).toEqual([[null, "The host", "owner"]]);

  // What was cut off is made good by the clock, once.
  await call(cleo, "POST", `${path}/participation`, { ranking: "public" }, 201);
  await roomOf(env, room).withdraw(cleo.person.id);
  await records.prepare("update challenge_people set room_untold = abs(room_untold) + 1 where challenge_id = ?").bind(id).run();
  await keep();
  await keep();
  expect((await seen(olga, room)).map(([, name]) => name)).toEqual(["The host", "Cleo"]);
});

test("the room says that rounds have begun and are closed, once however often that is repeated, and goes with the challenge", async () => {
  const olga = await somebody("eu", { name: "Olga" });
  const times = { timeZone: "UTC", startsAt: new Date(today - DAY_MS).toISOString(), endsAt: new Date(today + DAY_MS).toISOString() };
  const id = await create(olga, { room: true, roomName: "Host", schedule: { ...times, repeat: "daily", lateHours: 0 } });
  const room = await roomIdIn(olga, id);
  const { records } = regional(env, "eu");
  const codes = async () =>
    (await roomOf(env, room).history(olga.person.id, { limit: 50 })).items.map(
      (message) => z.looseObject({ system: z.looseObject({ code: z.string() }).nullish() }).parse(message).system?.code,
    );
  for (let turn = 0; turn < 3; turn++) {
    await records.prepare("delete from challenge_periods where challenge_id = ?").bind(id).run();
    await records.prepare("update fitness_challenges set due_at = 1 where id = ?").bind(id).run();
    await keep();
  }
  expect(await codes()).toEqual(["round_started", "round_started", "round_closed"]);
  await call(olga, "PATCH", `/v1/challenges/${id}`, { state: "cancelled" });
  await keep();
  expect((await codes()).at(-1)).toBe("challenge_cancelled");
  // A room that nobody was left in holds nothing up.
  await roomOf(env, room).forget(olga.person.id);
  await records.prepare("update fitness_challenges set due_at = 1 where id = ?").bind(id).run();
  await keep();
  expect(await records.prepare("select due_at from fitness_challenges where id = ?").bind(id).first("due_at")).toBeNull();
  await call(olga, "DELETE", `/v1/challenges/${id}`, undefined, 204);
  expect(await roomOf(env, room).exists()).toBe(false);
});

/** The clock, with something that happens while it tells the room of people; `times` counts how often it opens it. */
async function keepWhile(id: string, happens: () => Promise<unknown>): Promise<number> {
  const ports = workPorts(env, Date.now);
  let times = 0;
  const open: typeof ports.room.open = async (challenge, title, people) => {
    if (challenge === id && times++ === 0) await happens();
    await ports.room.open(challenge, title, people);
  };
  await keepChallenges({ ...ports, room: { ...ports.room, open } });
  return times;
}
const UNTOLD = "update challenge_people set room_untold = abs(room_untold) + 1 where challenge_id = ?1";

test("who leaves or is blocked while the room is told of them is not put back, and the room is told of all at once", async () => {
  const { records } = regional(env, "eu");
  const [olga, ann, cleo] = await Promise.all(["Olga", "Ann", "Cleo"].map(async (name) => await somebody("eu", { name })));
  const id = await create(olga!, { room: true, roomName: "Host" });
  const path = `/v1/challenges/${id}`;
  for (const who of [ann!, cleo!]) await call(who, "POST", `${path}/participation`, { ranking: "public" }, 201);
  const room = await roomIdIn(olga!, id);
  const names = async () => (await seen(olga!, room)).map(([, name]) => name);
  const untold = async () =>
    await records.prepare("select count(*) as n from challenge_people where challenge_id = ? and room_untold > 0").bind(id).first("n");

  // A request tells of whoever asks; the rest is the clock's, with one call.
  await records.prepare(UNTOLD).bind(id).run();
  await call(ann!, "PUT", `${path}/room/membership`, undefined, 204);
  expect(await untold()).toBe(1);
  await records.prepare(UNTOLD).bind(id).run();
  expect(await keepWhile(id, async () => undefined)).toBe(1);
  expect(await untold()).toBe(0);

  await records.prepare(UNTOLD).bind(id).run();
  await keepWhile(id, async () => await call(ann!, "DELETE", `${path}/participation`, undefined, 204));
  expect(await names()).toEqual(["Host", "Cleo"]);
  await records.prepare(UNTOLD).bind(id).run();
  await keepWhile(id, async () => await call(olga!, "POST", "/v1/me/blocks", { person: cleo!.person.id }, 201));
  expect(await names()).toEqual(["Host"]);
  expect(await untold()).toBe(0);
});

test("who becomes somebody else comes in with a later call than they go out with, and as silenced as they were", async () => {
  const [olga, ann, cleo] = await Promise.all(["Olga", "Ann", "Cleo"].map(async (name) => await somebody("eu", { name })));
  const id = await create(olga!, { room: true, roomName: "Host" });
  const room = await roomIdIn(olga!, id);
  const rooms = roomOf(env, room);
  const plan = (who: Somebody, handle: string) => ({ person: who.person.id, alias: handle, handle });
  const opened = async (members: ReturnType<typeof plan>[]) =>
    await rooms.open({ kind: "challenge", members, isManaged: true }).then(
      () => true,
      () => false,
    );
  const speaks = async (who: Somebody) =>
    await rooms.perform(who.person.id, say("Here I am.")).then(
      () => true,
      () => false,
    );
  const all = async () => (await rooms.members(olga!.person.id, 0, 100)).map(({ member, alias }) => [member, alias]);
  expect(await opened([plan(ann!, "a1"), plan(cleo!, "c1")])).toBe(true);
  // The others of the same call are in.
  const [bob] = [await somebody("eu", { name: "Bob" })];
  expect(await opened([plan(ann!, "a2"), plan(bob, "b1")])).toBe(false);
  expect((await all()).map(([, alias]) => alias)).toEqual(["Host", "c1", "b1"]);
  expect(await opened([plan(ann!, "a2")])).toBe(true);
  expect(await all()).toEqual([
    [1, "Host"],
    [3, "c1"],
    [4, "b1"],
    [5, "a2"],
  ]);

  const until = Date.now() + DAY_MS;
  await rooms.changeMember(olga!.person.id, 3, { silencedUntil: until });
  // Whether they leave first or not.
  await rooms.withdraw(cleo!.person.id);
  expect(await opened([plan(cleo!, "c2")])).toBe(false);
  expect(await opened([plan(cleo!, "c2")])).toBe(true);
  expect(await speaks(cleo!)).toBe(false);
  expect(await opened([plan(cleo!, "c3")])).toBe(false);
  expect(await opened([plan(cleo!, "c3")])).toBe(true);
  expect((await all()).at(-1)).toEqual([7, "c3"]);
  expect(await speaks(cleo!)).toBe(false);
  expect(await speaks(ann!)).toBe(true);
});

test("who was known by name and enters under an alias before the room has heard of it is out at once, and in by the next tick of the clock", async () => {
  const [olga, ann] = await Promise.all([somebody("eu", { name: "Olga" }), somebody("eu", { name: "Ann" })]);
  const id = await create(olga, { room: true, roomName: "Host" });
  const path = `/v1/challenges/${id}`;
  await call(ann, "POST", `${path}/participation`, { ranking: "public" }, 201);
  const room = await roomIdIn(olga, id);
  const names = async () => (await seen(olga, room)).map(([, name]) => name);
  expect(await names()).toEqual(["Host", "Ann"]);
  await regional(env, "eu")
    .records.prepare("update challenge_people set ranking = 'anonymous', name = null, alias = 'Another' where challenge_id = ?")
    .bind(id)
    .run();
  await call(ann, "PUT", `${path}/room/membership`, undefined, 204);
  expect(await names()).toEqual(["Host"]);
  await keep();
  expect(await names()).toEqual(["Host", "Another"]);
});

test("people are told of in the order of their aliases, and those of a challenge without a room hold nothing up", async () => {
  const { records } = regional(env, "eu");
  const olga = await somebody("eu", { name: "Olga" });
  const ann = await somebody("eu", { name: "Ann" });
  const [id, roomless] = [await create(olga, { room: true, roomName: "Host" }), await create(olga)];
  const people = [newId("person", "eu", today), newId("person", "eu", today), newId("person", "eu", today)].sort();
  for (const [place, person] of people.entries())
    await records
      .prepare(
        "insert into challenge_people (challenge_id, person_id, state, alias, ranking, changed_at, in_room, room_untold) values (?, ?, 'active', ?, 'anonymous', 0, 1, 1)",
      )
      .bind(id, person, `alias ${String(9 - place)}`)
      .run();
  const { results } = await records.prepare(UNTOLD_PEOPLE_QUERY).bind(id, 50).all<{ alias: string }>();
  expect(results.map(({ alias }) => alias)).toEqual(["alias 7", "alias 8", "alias 9"]);
  await records.prepare("delete from challenge_people where challenge_id = ?").bind(id).run();

  await call(ann, "POST", `/v1/challenges/${roomless}/participation`, { ranking: "public", room: true }, 201);
  await records.prepare("update challenge_people set in_room = 1 where challenge_id = ?").bind(roomless).run();
  await call(olga, "POST", "/v1/me/blocks", { person: ann.person.id }, 201);
  const of = async () =>
    await records.prepare("select room_untold from challenge_people where challenge_id = ?").bind(roomless).first("room_untold");
  expect(await of()).toBe(0);
  await records.prepare(UNTOLD).bind(roomless).run();
  const rooms = await records.prepare(UNTOLD_ROOMS_QUERY).bind(1000).all<{ id: string }>();
  expect(rooms.results.map((row) => row.id)).not.toContain(roomless);
});

test("what a challenge's room asks is found by an index", async () => {
  const plans: readonly (readonly [string, readonly unknown[]])[] = [
    [UNTOLD_PEOPLE_QUERY, ["c", 1]],
    [UNTOLD_OF_QUERY, ["c", "[]"]],
    [TOLD_QUERY, ["c", "[]", 1]],
    [UNTOLD_ROOMS_QUERY, [1]],
    [BETWEEN_QUERY, ["a", "b"]],
  ];
  for (const [sql, values] of plans) {
    const { results } = await regional(env, "eu")
      .records.prepare(`explain query plan ${sql}`)
      .bind(...values)
      .all<{ detail: string }>();
    const scans = results
      .map(({ detail }) => detail)
      .filter((detail) => detail.startsWith("SCAN") && !/_unopened|_room_untold|VIRTUAL TABLE INDEX/.test(detail));
    expect(scans, sql).toEqual([]);
  }
});

test("the room is called as its challenge is, once for each change, whatever is told late or again, and not otherwise by its staff", async () => {
  const olga = await somebody("eu", { name: "Olga" });
  const id = await create(olga, { room: true });
  const room = await roomIdIn(olga, id);
  const path = `/v1/challenges/${id}`;
  const stub = roomOf(env, room);
  /** What the room is called, and how often that was changed. */
  const named = async () => {
    const { items } = await stub.events(olga.person.id, 0, 100);
    const settings = (JSON.parse(items) as { kind: string; by: number }[]).filter(({ kind }) => kind === "settings");
    expect(settings.every(({ by }) => by === 0)).toBe(true);
    return [(await stub.view(olga.person.id)).name, settings.length];
  };
  await call(olga, "PATCH", path, { title: "Steps of May" });
  await call(olga, "PATCH", path, { title: "Steps of May", description: "All of them." });
  await keep();
  expect(await named()).toEqual(["Steps of May", 1]);

  // What could not be told is told by the clock, and what changes meanwhile after it.
  const rename = async (title: string) =>
    await regional(env, "eu")
      .records.prepare("update fitness_challenges set title = ?2, version = version + 1, has_room = 1 where id = ?1")
      .bind(id, title)
      .run();
  await rename("Steps of June");
  await keepWhile(id, async () => await rename("Steps of July"));
  expect(await named()).toEqual(["Steps of June", 2]);
  await keep();
  await keep();
  expect(await named()).toEqual(["Steps of July", 3]);

  // What was told before comes late, or again.
  for (const nameVersion of [1, 2, 3])
    await stub.open({ kind: "challenge", name: "Steps of a week", nameVersion, members: [], isManaged: true });
  expect(await named()).toEqual(["Steps of July", 3]);

  await call(olga, "PATCH", `/v1/rooms/${room}`, { name: "Another" }, 409);
  await call(olga, "PATCH", `/v1/rooms/${room}`, { name: "Steps of July" });
  expect(await named()).toEqual(["Steps of July", 3]);
});
