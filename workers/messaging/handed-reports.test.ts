import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import type { Room } from "../../durable-objects/room/room";
import type { PersonId, RoomId } from "../../shared/id";
import { freshPerson, freshRoom, say } from "../../test/rooms";
import { regional, roomOf } from "../regional";
import { socialContext } from "../social";
import { handReport, roomPorts } from "./index";

type Stub = DurableObjectStub<Room>;

/** A challenge's room: an owner, two members under aliases, and who is asked for beside them. */
async function challengeRoom(...others: ("owner" | "moderator")[]) {
  const people = Array.from({ length: 3 + others.length }, () => freshPerson());
  const members = people.map((person, i) => ({
    person,
    role: i === 0 ? ("owner" as const) : (others[i - 3] ?? ("member" as const)),
    alias: `alias ${i}`,
    handle: `handle ${i}`,
  }));
  const { id, room } = await freshRoom({ kind: "challenge", isManaged: true, members });
  return { id, room, people: people as [PersonId, PersonId, PersonId, ...PersonId[]] };
}

async function report(room: Stub, author: PersonId, reporter: PersonId, text = "I know where you live"): Promise<number> {
  const { seq } = await room.perform(author, say(text));
  await room.perform(reporter, { type: "report", seq, reason: "harassment", note: "again" });
  return seq;
}

/** What the platform's moderators have of a room, once every report that waits is brought, whoever of the queue and the test is first. */
async function handed(id: RoomId) {
  const numbers = await runInDurableObject(roomOf(env, id), (_, { storage }) =>
    storage.sql.exec<{ no: number }>("SELECT no FROM reports ORDER BY no").toArray(),
  );
  for (const { no } of numbers) await handReport(roomPorts(env), socialContext(env, Date.now), id, no);
  const { results } = await regional(env, "eu")
    .records.prepare("select subject_id, author_id, reporter_id, quote from reports where within_id = ? order by id")
    .bind(id)
    .all();
  return results;
}

test("what is reported in a room whose last of the staff is gone goes to the platform's moderators, and what they decide is done", async () => {
  const { id, room, people } = await challengeRoom();
  const [owner, author, reporter] = people;
  await room.removeMember(owner);
  const seq = await report(room, author, reporter);
  await room.perform(reporter, { type: "report", seq, reason: "harassment" });
  // Nobody else would bring it.
  const waits = await runInDurableObject(room, (_, { storage }) =>
    storage.sql.exec("SELECT 1 FROM reports WHERE handed_at IS NOT NULL UNION SELECT 1 FROM timers WHERE kind = 'reports'").toArray(),
  );
  expect(waits).toHaveLength(1);
  const found = { subject_id: `${id}.${seq}`, author_id: author, reporter_id: reporter, quote: "I know where you live" };
  for (let turn = 0; turn < 2; turn++) expect(await handed(id)).toEqual([found]);
  await room.decideHanded(seq, "removed");
  expect(await room.message(reporter, seq)).toMatchObject({ text: null });
});

test.each<[string, (room: Stub, owner: PersonId) => Promise<unknown>]>([
  ["is taken out", async (room, owner) => await room.removeMember(owner)],
  ["withdraws", async (room, owner) => await room.withdraw(owner)],
  ["is erased", async (room, owner) => await room.forget(owner)],
  ["is of the staff no more", async (room, owner) => await room.changeMember(owner, 1, { role: "member" })],
])("what is open when the last of the staff %s goes to the platform's moderators as well", async (_, goes) => {
  const { id, room, people } = await challengeRoom();
  const [owner, author, reporter] = people;
  const seq = await report(room, author, reporter);
  expect(await handed(id)).toEqual([]);
  await goes(room, owner);
  expect(await handed(id)).toMatchObject([{ subject_id: `${id}.${seq}`, author_id: author, quote: "I know where you live" }]);
});

test("what was open with nobody to decide it before that was handed over goes when the room wakes, once, and what staff may decide does not", async () => {
  const { id, room, people } = await challengeRoom("moderator");
  const [owner, author, reporter, moderator] = people;
  const ofOwner = await runInDurableObject(room, async (instance, { storage }) => {
    const { seq } = await instance.perform(owner, say("I know where you live"));
    await instance.perform(reporter, { type: "report", seq, reason: "harassment" });
    // As if it had been reported when nobody handed anything over.
    storage.sql.exec("UPDATE reports SET evidence = NULL");
    storage.sql.exec("DELETE FROM timers WHERE kind = 'reports'");
    return seq;
  });
  const ofAuthor = await report(room, author, reporter);
  expect(await handed(id)).toEqual([]);
  for (let turn = 0; turn < 2; turn++) {
    await runInDurableObject(room, (_, { storage }) => void storage.sql.exec("DELETE FROM _migrations WHERE name = '0322_left_waiting'"));
    await evictDurableObject(room);
    expect(await room.exists()).toBe(true);
    await runInDurableObject(room, async (instance) => await instance.onAlarm());
    expect(await handed(id)).toMatchObject([{ subject_id: `${id}.${ofOwner}`, author_id: owner }]);
  }
  expect((await room.reports(moderator!, "open", 0, 10)).map(({ message }) => message?.seq)).toContain(ofAuthor);
});

test("what staff has decided before they went is nobody else's to decide", async () => {
  const { id, room, people } = await challengeRoom();
  const [owner, author, reporter] = people;
  const seq = await report(room, author, reporter);
  await room.decideReport(owner, 1, "dismiss", {});
  await room.removeMember(owner);
  await room.perform(reporter, { type: "report", seq, reason: "harassment" });
  expect(await handed(id)).toEqual([]);
});

test("what is left of the staff goes on deciding", async () => {
  const { id, room, people } = await challengeRoom("moderator");
  const [owner, author, reporter, moderator] = people;
  await report(room, author, reporter);
  await room.removeMember(owner);
  await report(room, author, reporter);
  expect(await handed(id)).toEqual([]);
  expect(await room.reports(moderator!, "open", 0, 10)).toHaveLength(2);
});

test("a room of people that gets a new owner keeps what is open, unless it is of that owner", async () => {
  const { id, room, people } = await freshRoom();
  const [owner, next, other] = people;
  const [ofNext, ofOther] = [await report(room, next, other, "of the next owner"), await report(room, other, next)];
  await room.forget(owner);
  expect(await handed(id)).toMatchObject([{ subject_id: `${id}.${ofNext}`, author_id: next }]);
  expect((await room.reports(next, "open", 0, 10)).map(({ message }) => message?.seq)).toContain(ofOther);
});

test("what is reported of somebody whom nobody of the staff may act on goes to the platform's moderators", async () => {
  const { id, room, people } = await challengeRoom("moderator", "moderator");
  const [owner, , reporter, moderator, another] = people;
  const ofOwner = await report(room, owner, reporter);
  await report(room, moderator!, reporter);
  expect((await handed(id)).map(({ subject_id }) => subject_id)).toEqual([`${id}.${ofOwner}`]);
  await room.removeMember(owner);
  // One moderator does not decide about another.
  const ofAnother = await report(room, another!, reporter);
  expect((await handed(id)).map(({ subject_id }) => subject_id)).toContain(`${id}.${ofAnother}`);
});

test("of whoever is erased nothing is handed over", async () => {
  const { id, room, people } = await challengeRoom();
  const [owner, author, reporter] = people;
  await report(room, author, reporter);
  await room.forget(author);
  await room.removeMember(owner);
  expect(await handed(id)).toEqual([]);
});
