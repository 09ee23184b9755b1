import { evictDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { newId, regionOf } from "../../shared/id";
import { connectRoom, freshPerson, freshRoom, say } from "../../test/rooms";
import { roomOf, vaultOf } from "../../workers/regional";

const codeOf = async (promise: Promise<unknown>) =>
  await promise.then(
    () => undefined,
    (error: { code?: string }) => error.code,
  );

describe("a message", () => {
  test("gets the next number, and everybody gets it in that place", async () => {
    const { room, people } = await freshRoom();
    const [a, b] = await Promise.all([connectRoom(room, people[0]), connectRoom(room, people[1])]);
    const { head = 0 } = await a.nextOf("hello");
    await b.nextOf("hello");
    const first = await a.ask(say("one"));
    const second = await b.ask(say("two"));
    expect([first.answer?.seq, second.answer?.seq]).toEqual([head + 1, head + 2]);
    for (const client of [a, b]) {
      const events = await client.until(head + 2);
      expect(events.map(({ seq, message }) => [seq, (message as { text: string }).text])).toEqual([
        [head + 1, "one"],
        [head + 2, "two"],
      ]);
    }
    expect(await room.perform(people[2], say("three"))).toMatchObject({ seq: head + 3 });
  });

  test("sent again under its client's id is the same, by whatever way, and another under that id is refused", async () => {
    const { room, people } = await freshRoom();
    const client = await connectRoom(room, people[0]);
    const verb = say("once");
    const [one, two] = [await client.ask(verb), await client.ask(verb)];
    expect(two.answer).toEqual(one.answer);
    expect(await room.perform(people[0], verb)).toEqual(one.answer);
    expect(await client.ask({ ...verb, text: "twice" })).toMatchObject({ type: "error", code: "idempotency_mismatch" });
    // The id is each client's own.
    expect((await room.perform(people[1], verb)).seq).toBe((one.answer?.seq ?? 0) + 1);
  });

  test("keeps what it said before when it is edited, and leaves a place and nothing else when it is deleted", async () => {
    const { room, people } = await freshRoom();
    const [author, other] = people;
    const { seq } = await room.perform(author, say("frist"));
    expect(await codeOf(room.perform(other, { type: "edit", seq, text: "mine" }))).toBe("forbidden");
    const edit = await room.perform(author, { type: "edit", seq, text: "first" });
    expect(await room.perform(author, { type: "edit", seq, text: "first" })).toEqual(edit);
    expect(await room.edits(other, seq)).toMatchObject([{ text: "frist" }]);
    await room.perform(other, { type: "react", seq, emoji: "👍" });
    expect(await codeOf(room.perform(other, { type: "delete", seq }))).toBe("forbidden");
    const gone = await room.perform(author, { type: "delete", seq });
    expect(await room.perform(author, { type: "delete", seq })).toEqual(gone);
    expect(await room.message(other, seq)).toMatchObject({ seq, text: null, reactions: [], deletedAt: expect.any(String) });
    expect(await room.edits(other, seq)).toEqual([]);
    expect(await codeOf(room.perform(author, { type: "edit", seq, text: "again" }))).toBe("gone");
  });
});

describe("resuming", () => {
  test("gives exactly what came after a number, as it is now, and goes on without a gap", async () => {
    const { room, people } = await freshRoom();
    const [a, b] = people;
    const { seq } = await room.perform(a, say("one"));
    await room.perform(b, say("two"));
    await room.perform(a, { type: "edit", seq, text: "eins" });
    const client = await connectRoom(room, b, { after: seq - 1 });
    const replayed = await client.until(seq + 2);
    expect(replayed.map(({ seq: n, kind }) => [n, kind])).toEqual([
      [seq, "message"],
      [seq + 1, "message"],
      [seq + 2, "edit"],
    ]);
    expect(replayed[0]?.["message"]).toMatchObject({ text: "eins" });
    expect(await client.nextOf("resumed")).toMatchObject({ head: seq + 2 });
    await room.perform(a, say("three"));
    expect((await client.until(seq + 3)).map((event) => event.seq)).toEqual([seq + 3]);
  });

  test("says so where the numbers are none of this room's", async () => {
    const { room, people } = await freshRoom();
    const client = await connectRoom(room, people[0], { after: 4_000 });
    expect(await client.nextOf("snapshot")).toMatchObject({ head: expect.any(Number) });
    client.send({ type: "resume", after: 0 });
    expect(await client.nextOf("resumed")).toMatchObject({ head: expect.any(Number) });
  });

  test("goes on over an eviction, with the sockets that hibernate", async () => {
    const { room, people } = await freshRoom();
    const client = await connectRoom(room, people[0]);
    const { head = 0 } = await client.nextOf("hello");
    await evictDurableObject(room);
    expect((await client.ask(say("awake"))).answer?.seq).toBe(head + 1);
    expect((await client.until(head + 1)).at(-1)?.["message"]).toMatchObject({ text: "awake", author: { member: 1 } });
  });
});

describe("who is in", () => {
  test("a room is nobody else's, and one that is not there looks the same", async () => {
    const { room } = await freshRoom();
    const stranger = freshPerson();
    expect(await codeOf(room.view(stranger))).toBe("not_found");
    expect(await codeOf(room.perform(stranger, say("hello")))).toBe("not_found");
    expect(await codeOf(roomOf(env, newId("room", "eu", Date.now())).view(stranger))).toBe("not_found");
    await expect(connectRoom(room, stranger)).rejects.toThrow("not_found");
  });

  test("whoever is taken out loses their sockets at once, and comes back under their number", async () => {
    const { room, people } = await freshRoom();
    const client = await connectRoom(room, people[1]);
    await client.nextOf("hello");
    await room.removeMember(people[1]);
    expect(await client.closed).toMatchObject({ code: 4403 });
    expect(await codeOf(room.view(people[1]))).toBe("not_found");
    expect(await room.addMember({ person: people[1] })).toBe(2);
    expect((await room.view(people[1])).own.member).toBe(2);
  });

  test("a session that ends takes its sockets with it, and no others", async () => {
    const { room, people } = await freshRoom();
    const session = newId("session", "eu", Date.now());
    const [ended, kept] = await Promise.all([connectRoom(room, people[0], { session }), connectRoom(room, people[0])]);
    await evictDurableObject(room);
    await room.dismiss(people[0], session);
    expect(await ended.closed).toMatchObject({ code: 4401 });
    expect(await kept.ask(say("still here"))).toMatchObject({ type: "ok" });
  });

  test("their vaults know where they are", async () => {
    const { id, room, people } = await freshRoom();
    const pointer = async () => await vaultOf(env, people[1]).allRooms();
    expect(await pointer()).toEqual([id]);
    expect(regionOf(id)).toBe("eu");
    await room.forget(people[1]);
    expect(await codeOf(room.view(people[1]))).toBe("not_found");
  });
});

test("the room itself says a thing once", async () => {
  const { room, people } = await freshRoom();
  const seq = await room.systemMessage({ key: "k1", code: "challenge_started", about: { rank: 3 } });
  expect(await room.systemMessage({ key: "k1", code: "challenge_started", about: { rank: 3 } })).toBe(seq);
  expect(await room.message(people[0], seq)).toMatchObject({ author: null, system: { code: "challenge_started", about: { rank: 3 } } });
  expect((await room.view(people[0])).unread.messages).toBe(0);
});
