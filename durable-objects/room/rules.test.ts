import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { DAY_MS } from "../../shared/clock";
import { connectRoom, freshPerson, freshRoom, say } from "../../test/rooms";
import { roomOf, vaultOf } from "../../workers/regional";
import type { Room } from "./room";
import { ROOM_TABLES } from "./tables";
import { COUNT, MENTIONS } from "./unread";

const refusal = async (promise: Promise<unknown>) =>
  await promise.then(
    () => undefined,
    ({ code, errors, retryAfter }: { code?: string; errors?: { code: string }[]; retryAfter?: number }) => ({
      code,
      ...(errors !== undefined && { why: errors[0]?.code }),
      ...(retryAfter !== undefined && { retryAfter }),
    }),
  );
const sqlOf = async <T>(room: DurableObjectStub<Room>, work: (sql: SqlStorage, ctx: DurableObjectState) => T | Promise<T>): Promise<T> =>
  await runInDurableObject(room, async (_, ctx) => await work(ctx.storage.sql, ctx));

describe("what is unread", () => {
  test("is what others said after the mark, by thread, without what was deleted, and never one's own", async () => {
    const { room, people } = await freshRoom();
    const [a, b, c] = people;
    const root = (await room.perform(a, say("root"))).seq;
    const gone = (await room.perform(b, say("gone"))).seq;
    await room.perform(b, say("@c", { mentions: [3] }));
    await room.perform(a, say("@all", { mentions: ["room"] }));
    await room.perform(b, say("in the thread", { thread: root }));
    await room.perform(b, { type: "delete", seq: gone });
    expect((await room.view(c)).unread).toMatchObject({ messages: 3, mentions: 2, threads: [] });
    expect((await room.view(a)).unread).toMatchObject({ messages: 1, mentions: 0, threads: [{ thread: root, messages: 1 }] });
    // A private mark counts, and is shown to nobody; of the two the further decides.
    const watcher = await connectRoom(room, b);
    await watcher.nextOf("hello");
    await room.perform(c, { type: "read", seq: 100, private: true });
    expect((await room.view(c)).unread).toMatchObject({ messages: 0, mentions: 0 });
    await room.perform(c, { type: "read", seq: root });
    expect((await room.view(c)).unread.messages).toBe(0);
    const isRead = ({ kind }: Readonly<Record<string, unknown>>) => kind === "read";
    const { signals = [] } = await watcher.nextThat((frame) => frame.signals?.some(isRead) === true);
    expect(signals.filter(isRead)).toEqual([{ kind: "read", member: 3, thread: null, seq: root }]);
    await room.perform(c, { type: "unread", seq: root });
    expect((await room.view(c)).unread).toMatchObject({ messages: 3, marked: true });
  });

  test("is counted by an index alone", async () => {
    const { room } = await freshRoom();
    const plans = await sqlOf(room, (sql) =>
      [COUNT, MENTIONS].map((query) =>
        sql
          .exec<{ detail: string }>(`EXPLAIN QUERY PLAN ${query}`, 0, 0, 1)
          .toArray()
          .map(({ detail }) => detail),
      ),
    );
    expect(plans[0]?.join()).toMatch(/USING COVERING INDEX messages_unread/);
    for (const detail of plans.flat()) expect(detail).not.toMatch(/^SCAN (?!named|\(subquery)/);
  });
});

test("a member sees what was said since they came, and nothing from before", async () => {
  const { room, people } = await freshRoom();
  const early = (await room.perform(people[0], say("secret"))).seq;
  const late = freshPerson();
  await room.addMember({ person: late });
  const { seq } = await room.perform(people[0], say("welcome"));
  expect((await room.history(late, { limit: 50 })).items.map((message) => message.seq)).toEqual([seq]);
  expect(await refusal(room.message(late, early))).toEqual({ code: "not_found" });
  expect(await refusal(room.perform(late, { type: "react", seq: early, emoji: "👀" }))).toEqual({ code: "not_found" });
  expect((await room.search(late, { words: "secret", limit: 10 })).length).toBe(0);
  expect((await room.view(late)).unread.messages).toBe(1);
  // Changed since they came, it is still from before.
  const edit = await room.perform(people[0], { type: "edit", seq: early, text: "secret indeed" });
  const { items } = await room.events(late, 0, 50);
  expect(JSON.parse(items)).toContainEqual(expect.objectContaining({ seq: edit.seq, kind: "edit", message: null }));
  expect(items).not.toContain("secret");
});

test("a direct room has no staff: neither decides about the other", async () => {
  const { room, people } = await freshRoom({ kind: "direct", people: 2 });
  const [a, b] = people;
  const { seq } = await room.perform(a, say("mine"));
  expect(await refusal(room.perform(b, { type: "delete", seq }))).toEqual({ code: "forbidden" });
  await room.perform(b, { type: "report", seq, reason: "harassment" });
  expect(await refusal(room.reports(a, "open", 0, 10))).toEqual({ code: "forbidden" });
  expect(await refusal(room.changeMember(b, 1, { isBanned: true }))).toEqual({ code: "forbidden" });
});

describe("whoever is silenced and comes back under another handle", () => {
  const silenced = async () => {
    const [owner, person] = [freshPerson(), freshPerson()];
    const members = [
      { person: owner, role: "owner" as const, alias: "Host", handle: "owner" },
      { person, alias: "first", handle: "first" },
    ];
    const { room } = await freshRoom({ kind: "challenge", isManaged: true, members });
    const { seq } = await room.perform(person, say("Here I am."));
    await room.changeMember(owner, 2, { silencedUntil: Date.now() + DAY_MS });
    /** What everybody reads of one call that is to take them in. */
    const read = async () => {
      const { head } = await room.view(owner);
      await refusal(room.addMember({ person, alias: "second", handle: "second" }));
      const { items } = await room.events(owner, head, 50);
      return (JSON.parse(items) as { kind: string; member: unknown }[]).map(({ kind, member }) => [kind, member]);
    };
    return { room, owner, person, seq, read };
  };

  test.each<[string, (room: DurableObjectStub<Room>, person: ReturnType<typeof freshPerson>) => Promise<unknown>]>([
    ["while they are in", async () => undefined],
    ["after they withdrew", async (room, person) => await room.withdraw(person)],
    ["after they were taken out", async (room, person) => await room.removeMember(person)],
  ])(
    "is erased in one answer and comes in with another, so that nobody reads who that is, as silenced as they were: %s",
    async (_, goes) => {
      const { room, owner, person, seq, read } = await silenced();
      await goes(room, person);
      expect(await read()).toEqual([["erased", 2]]);
      expect(await room.message(owner, seq)).toMatchObject({ text: null, author: { member: 2, person: null, alias: null } });
      expect(await read()).toEqual([["member", expect.objectContaining({ member: 3, alias: "second", state: "active" })]]);
      expect(await refusal(room.perform(person, say("Here I am again.")))).toMatchObject({ code: "forbidden" });
    },
  );

  test("is known by nothing but the silence meanwhile, and by nothing once they are back or erased", async () => {
    const numbersOf = async (room: DurableObjectStub<Room>, person: string) =>
      await sqlOf(room, (sql) => sql.exec("SELECT no, alias, handle FROM members WHERE person = ?", person).toArray());
    for (const end of ["back", "erased"] as const) {
      const { room, person, read } = await silenced();
      await read();
      expect(await numbersOf(room, person)).toEqual([{ no: 2, alias: null, handle: null }]);
      if (end === "back") await read();
      else await room.forget(person);
      expect(await numbersOf(room, person)).toEqual(end === "back" ? [{ no: 3, alias: "second", handle: "second" }] : []);
    }
  });
});

describe("whoever was silenced and left for good", () => {
  const left = async () => {
    const [owner, person] = [freshPerson(), freshPerson()];
    const members = [
      { person: owner, role: "owner" as const, alias: "Host", handle: "owner" },
      { person, alias: "first", handle: "first" },
    ];
    const { id, room } = await freshRoom({ kind: "challenge", isManaged: true, members });
    const { seq } = await room.perform(person, say("Here I was."));
    await room.changeMember(owner, 2, { silencedUntil: Date.now() + DAY_MS });
    return { id, room, owner, person, seq };
  };
  /** The room's clock comes by, before the silence is over or after it. */
  const later = async (room: DurableObjectStub<Room>, isOver: boolean) => {
    await sqlOf(room, (sql) => {
      if (isOver) sql.exec("UPDATE members SET silenced_until = 1 WHERE silenced_until IS NOT NULL");
      sql.exec("UPDATE timers SET due_at = 1 WHERE kind = 'silences'");
    });
    await evictDurableObject(room);
    await runInDurableObject(room, async (instance) => await instance.onAlarm());
  };
  const known = async (room: DurableObjectStub<Room>) =>
    await sqlOf(room, (sql) => sql.exec("SELECT person, state, silenced_until IS NULL AS is_free FROM members WHERE no = 2").toArray()[0]);

  test("is known by their id until the silence is over, and then by nothing, with what they said", async () => {
    const { room, owner, person, seq } = await left();
    await room.withdraw(person);
    await room.withdraw(person);
    await later(room, false);
    expect(await known(room)).toEqual({ person, state: "removed", is_free: 0 });
    for (let turn = 0; turn < 2; turn++) {
      await later(room, true);
      expect(await known(room)).toEqual({ person: null, state: "erased", is_free: 1 });
    }
    expect(await room.message(owner, seq)).toMatchObject({ text: null, author: { person: null, alias: null } });
  });

  test("is so as well on the number that another handle has emptied, also of before this was so", async () => {
    for (const isOld of [false, true]) {
      const { room, person } = await left();
      await refusal(room.addMember({ person, alias: "second", handle: "second" }));
      if (isOld) {
        await sqlOf(room, async (sql, { storage }) => {
          sql.exec("DELETE FROM timers");
          sql.exec("DELETE FROM _migrations WHERE name = '0322_left_waiting'");
          await storage.deleteAlarm();
        });
        await evictDurableObject(room);
        await room.exists();
        expect(await sqlOf(room, async (_, { storage }) => await storage.getAlarm())).not.toBeNull();
      }
      await later(room, false);
      expect(await known(room)).toEqual({ person, state: "erased", is_free: 0 });
      await later(room, true);
      expect(await known(room)).toEqual({ person: null, state: "erased", is_free: 1 });
    }
  });

  test("and comes back before that is not taken out when it is over", async () => {
    const { room, owner, person, seq } = await left();
    await room.withdraw(person);
    await room.addMember({ person, alias: "first", handle: "first" });
    await later(room, true);
    expect(await known(room)).toMatchObject({ person, state: "active" });
    expect(await room.message(owner, seq)).toMatchObject({ text: "Here I was." });
    expect(await sqlOf(room, (sql) => sql.exec("SELECT 1 FROM timers WHERE kind = 'silences'").toArray())).toEqual([]);
  });
});

describe("what moderators of the platform decide", () => {
  const reportsOf = async (room: DurableObjectStub<Room>) =>
    await sqlOf(room, (sql) =>
      sql.exec("SELECT state, decided_by, evidence, handed_at IS NOT NULL AS handed FROM reports ORDER BY no").toArray(),
    );

  test.each([
    ["removed", "upheld", null],
    ["kept", "dismissed", "of the other"],
  ] as const)("counts once, also before the room has heard that they have the report: %s", async (outcome, state, text) => {
    const { room, people } = await freshRoom({ kind: "direct", people: 2 });
    const [a, b] = people;
    const { seq } = await room.perform(a, say("of the other"));
    await room.perform(b, { type: "report", seq, reason: "harassment" });
    for (let turn = 0; turn < 2; turn++) await room.decideHanded(seq, outcome);
    for (let turn = 0; turn < 2; turn++) await room.reportHanded(1);
    expect(await reportsOf(room)).toEqual([{ state, decided_by: 0, evidence: null, handed: 1 }]);
    expect(await room.message(b, seq)).toMatchObject({ text });
    expect(await room.reportToHand(1)).toBeUndefined();
  });

  test("is nothing to a message that was not handed to them", async () => {
    const { room, people } = await freshRoom();
    const [, author, reporter] = people;
    const { seq } = await room.perform(author, say("the staff's"));
    await room.perform(reporter, { type: "report", seq, reason: "spam" });
    await room.decideHanded(seq, "removed");
    expect(await reportsOf(room)).toEqual([{ state: "open", decided_by: null, evidence: null, handed: 0 }]);
    expect(await room.message(reporter, seq)).toMatchObject({ text: "the staff's" });
  });
});

test("what staff deletes of others is written down, and what is reported of somebody others decide", async () => {
  const { room, people } = await freshRoom();
  const [owner, b] = people;
  const { seq } = await room.perform(b, say("off with it"));
  await room.perform(owner, { type: "delete", seq });
  expect(await room.actions(b, Number.MAX_SAFE_INTEGER, 10)).toMatchObject([{ action: "delete", concerned: 2, message: seq }]);
  const mine = await room.perform(owner, say("of the owner"));
  await room.perform(b, { type: "report", seq: mine.seq, reason: "harassment" });
  const [report] = await room.reports(owner, "open", 0, 10);
  expect(await refusal(room.decideReport(owner, report?.no ?? 0, "dismiss", {}))).toEqual({ code: "forbidden" });
});

test("history goes both ways, and around a place", async () => {
  const { room, people } = await freshRoom();
  const seqs: number[] = [];
  for (let i = 0; i < 7; i++) seqs.push((await room.perform(people[0], say(`${i}`))).seq);
  const texts = async (ask: object) => {
    const { items, before, after } = await room.history(people[1], { limit: 3, ...ask });
    return [items.map(({ text }) => text).join(""), before !== null, after !== null];
  };
  expect(await texts({})).toEqual(["456", true, false]);
  expect(await texts({ before: seqs[4] })).toEqual(["123", true, true]);
  expect(await texts({ after: seqs[0] })).toEqual(["123", true, true]);
  expect(await texts({ around: seqs[3] })).toEqual(["234", true, true]);
});

test("a message is edited a hundred times at most, and a hundred are pinned at most", async () => {
  const { room, people } = await freshRoom();
  const [owner] = people;
  const { seq } = await room.perform(owner, say("0"));
  for (let n = 1; n <= 100; n++) await room.perform(owner, { type: "edit", seq, text: String(n) });
  const again = room.perform(owner, { type: "edit", seq, text: "one too many" });
  expect(await refusal(again)).toEqual({ code: "conflict" });
  expect(await room.edits(owner, seq)).toHaveLength(100);
  const { seq: next } = await room.perform(owner, say("next"));
  await sqlOf(room, (sql) => {
    const row = sql.exec<Record<string, SqlStorageValue>>("SELECT * FROM messages WHERE seq = ?", seq).one();
    for (let n = 1; n <= 100; n++) {
      const copy = { ...row, seq: 1_000 + n, pinned_at: n };
      sql.exec(
        `INSERT INTO messages (${Object.keys(copy).join(", ")}) VALUES (${Object.keys(copy)
          .map(() => "?")
          .join(", ")})`,
        ...Object.values(copy),
      );
    }
  });
  expect(await refusal(room.perform(owner, { type: "pin", seq: next }))).toEqual({ code: "conflict" });
  await room.perform(owner, { type: "unpin", seq: 1_001 });
  await room.perform(owner, { type: "pin", seq: next });
  expect(await room.pins(owner)).toHaveLength(100);
});

test("settings that change nothing make no event", async () => {
  const { room, people } = await freshRoom();
  const [owner] = people;
  const settings = { name: "Runs", slowModeS: 5, blocklist: ["spam"], retentionDays: 30 };
  await room.configure(owner, settings);
  const { head } = await room.view(owner);
  for (const same of [{}, settings, { name: "Runs" }, { blocklist: ["spam"] }]) await room.configure(owner, same);
  expect((await room.view(owner)).head).toBe(head);
  for (const other of [{ retentionDays: null }, { blocklist: [] }, { name: "Walks" }]) await room.configure(owner, other);
  expect((await room.view(owner)).head).toBe(head + 3);
});

test("half a character is refused of a socket's verbs too", async () => {
  const { room, people } = await freshRoom();
  const { seq } = await room.perform(people[0], say("hi"));
  expect(await refusal(room.perform(people[1], { type: "report", seq, reason: "spam", note: "half \ud83d" }))).toEqual({
    code: "invalid",
    why: "ill_formed",
  });
});

test("polls count each voter once, may be anonymous, and close", async () => {
  const { room, people } = await freshRoom();
  const [a, b, c] = people;
  const poll = { question: "When?", options: ["Now", "Later"], anonymous: true };
  const { seq } = await room.perform(a, { type: "send", clientId: "p", poll });
  await room.perform(b, { type: "vote", seq, options: [0] });
  const second = await room.perform(b, { type: "vote", seq, options: [1] });
  expect(await room.perform(b, { type: "vote", seq, options: [1] })).toEqual(second);
  expect(await refusal(room.perform(c, { type: "vote", seq, options: [0, 1] }))).toEqual({ code: "invalid", why: "one_only" });
  const shown = await room.message(b, seq);
  expect(shown).toMatchObject({
    ownVotes: [1],
    poll: {
      voters: 1,
      options: [
        { votes: 0, members: null },
        { votes: 1, members: null },
      ],
    },
  });
  expect(JSON.parse((await room.events(c, seq, 10)).items)).toMatchObject([
    { kind: "vote", by: 0 },
    { kind: "vote", by: 0 },
  ]);
  await room.perform(a, { type: "close_poll", seq });
  expect(await refusal(room.perform(c, { type: "vote", seq, options: [0] }))).toEqual({ code: "conflict" });
});

describe("moderation", () => {
  test("a slow room, a blocklist and a broadcast hold for members, and for the staff as far as they should", async () => {
    const { room, people } = await freshRoom();
    const [owner, member] = people;
    await room.configure(owner, { slowModeS: 60, blocklist: ["spam"] });
    await room.perform(member, say("one"));
    expect(await refusal(room.perform(member, say("two")))).toMatchObject({ code: "rate_limited", retryAfter: expect.any(Number) });
    await room.perform(owner, say("one"));
    expect(await refusal(room.perform(owner, say("S.P.A.M")))).toEqual({ code: "invalid", why: "blocked_word" });
    expect((await room.view(member)).settings.blocklist).toBeNull();
    await room.configure(owner, { whoSends: "staff", slowModeS: 0 });
    const { seq } = await room.perform(owner, say("news"));
    expect(await refusal(room.perform(member, say("no")))).toEqual({ code: "forbidden" });
    expect((await room.perform(member, say("yes", { thread: seq }))).seq).toBeGreaterThan(seq);
    expect(await refusal(room.configure(member, { slowModeS: 0 }))).toEqual({ code: "forbidden" });
  });

  test("a report goes to the staff without its reporter's name, is decided once, and is written down", async () => {
    const { room, people } = await freshRoom();
    const [owner, villain, reporter] = people;
    const { seq } = await room.perform(villain, say("something bad"));
    await room.perform(reporter, { type: "report", seq, reason: "harassment", note: "Again." });
    await room.perform(reporter, { type: "report", seq, reason: "harassment" });
    expect(await refusal(room.reports(reporter, "open", 0, 10))).toEqual({ code: "forbidden" });
    const queue = await room.reports(owner, "open", 0, 10);
    expect(queue).toMatchObject([{ message: { seq, text: "something bad" }, reason: "harassment", note: "Again." }]);
    expect(queue[0]).not.toHaveProperty("reporter");
    const client = await connectRoom(room, villain);
    await room.decideReport(owner, queue[0]?.no ?? 0, "ban", { reason: "Rule 1" });
    expect(await client.closed).toMatchObject({ code: 4403 });
    expect(await refusal(room.decideReport(owner, queue[0]?.no ?? 0, "dismiss", {}))).toEqual({ code: "conflict" });
    expect(await room.message(reporter, seq)).toMatchObject({ text: null });
    expect((await room.actions(owner, 100, 10)).map(({ action }) => action)).toEqual(["uphold_report", "ban"]);
    expect(await room.actions(reporter, 100, 10)).toEqual([]);
    // Whoever was banned is not taken in again by asking.
    await room.addMember({ person: villain });
    expect(await refusal(room.view(villain))).toEqual({ code: "not_found" });
    expect(await refusal(room.changeMember(reporter, 1, { isBanned: true }))).toEqual({ code: "forbidden" });
  });

  test("the last owner does not leave the others without one", async () => {
    const { room, people } = await freshRoom();
    expect(await refusal(room.leave(people[0]))).toEqual({ code: "conflict" });
    await room.changeMember(people[0], 2, { role: "owner" });
    await room.leave(people[0]);
    expect((await room.view(people[1])).own.role).toBe("owner");
  });
});

test("search finds beginnings of words without accents, marks them, and follows edits and deletions", async () => {
  const { room, people } = await freshRoom();
  const [a, b] = people;
  const { seq } = await room.perform(a, say("Frühstück mit Müsli"));
  await room.perform(b, say("Abendessen"));
  const find = async (words: string, more: object = {}) =>
    (await room.search(b, { words, limit: 10, ...more })).map((hit) => [hit.message.seq, ...hit.highlights]);
  expect(await find("fruh musli")).toEqual([[seq, [0, 9], [14, 19]]]);
  expect(await find("fruh", { author: 2 })).toEqual([]);
  expect(await find('" OR *')).toEqual([]);
  await room.perform(a, { type: "edit", seq, text: "Brunch" });
  expect([await find("fruh"), await find("brunch")]).toEqual([[], [[seq, [0, 6]]]]);
  await room.perform(a, { type: "delete", seq });
  expect(await find("brunch")).toEqual([]);
});

describe("a sealed room", () => {
  test("keeps ciphertext and public keys, takes no plain text, and its members read each other", async () => {
    const { room, people } = await freshRoom({ isSealed: true, people: 2, kind: "direct" });
    const [a, b] = people;
    expect(await refusal(room.perform(a, say("plain")))).toEqual({ code: "invalid", why: "plaintext" });
    expect(await refusal(room.perform(a, { type: "send", clientId: "c", card: { kind: "workout", id: "w" } }))).toMatchObject({
      code: "invalid",
    });
    expect(await refusal(room.search(a, { words: "x", limit: 1 }))).toEqual({ code: "conflict" });
    const curve = { name: "ECDH", namedCurve: "P-256" } as const;
    const device = async () => (await crypto.subtle.generateKey(curve, true, ["deriveKey"])) as CryptoKeyPair;
    const [ofA, ofB] = [await device(), await device()];
    for (const [person, keys] of [
      [a, ofA],
      [b, ofB],
    ] as const) {
      const raw = (await crypto.subtle.exportKey("raw", keys.publicKey)) as ArrayBuffer;
      await room.addKey(person, "ECDH-P256", Buffer.from(raw).toString("base64url"));
    }
    const shared = async (own: CryptoKeyPair, member: number) => {
      const found = (await room.keys(a)).find((key) => key.member === member);
      const other = await crypto.subtle.importKey("raw", Buffer.from(found?.publicKey ?? "", "base64url"), curve, false, []);
      return await crypto.subtle.deriveKey(
        { name: "ECDH", public: other } as never,
        own.privateKey,
        { name: "AES-GCM", length: 256 },
        false,
        ["encrypt", "decrypt"],
      );
    };
    const iv = crypto.getRandomValues(new Uint8Array(12));
    const secret = "I have not slept since Tuesday";
    const cipher = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, await shared(ofA, 2), new TextEncoder().encode(secret));
    const sealed = {
      algorithm: "A256GCM",
      ciphertext: Buffer.from(cipher).toString("base64url"),
      header: Buffer.from(iv).toString("base64url"),
    };
    const { seq } = await room.perform(a, { type: "send", clientId: "s", sealed });
    const got = (await room.message(b, seq)).sealed;
    const opened = await crypto.subtle.decrypt(
      { name: "AES-GCM", iv: Buffer.from(got?.header ?? "", "base64url") },
      await shared(ofB, 1),
      Buffer.from(got?.ciphertext ?? "", "base64url"),
    );
    expect(new TextDecoder().decode(opened)).toBe(secret);
    const stored = await sqlOf(room, (sql) => JSON.stringify(sql.exec("SELECT * FROM messages").toArray()));
    expect(stored).not.toContain("slept");
  });
});

test("what is too old goes from the front, and what remains has no gaps", async () => {
  const { room, people } = await freshRoom();
  const [a] = people;
  const old = (await room.perform(a, say("old"))).seq;
  await sqlOf(room, (sql) => {
    sql.exec("UPDATE events SET at = at - ?", 3 * DAY_MS);
  });
  const fresh = (await room.perform(a, say("fresh"))).seq;
  await room.configure(a, { retentionDays: 1 });
  await runInDurableObject(room, async (instance) => await instance.onAlarm());
  expect(await refusal(room.message(a, old))).toEqual({ code: "not_found" });
  expect(await room.message(a, fresh)).toMatchObject({ text: "fresh" });
  expect(await room.events(a, 0, 10)).toMatchObject({ isReset: true });
  expect((await room.perform(a, say("next"))).seq).toBe(fresh + 2);
});

test("a scheduled message is sent at its time, once, and may be taken back", async () => {
  const { room, people } = await freshRoom();
  const [a, b] = people;
  const later = { clientId: "later", text: "Good morning", mentions: [], attachments: [] };
  const one = await room.schedule(a, Date.now() + 60_000, later);
  const other = await room.schedule(a, Date.now() + 60_000, { ...later, clientId: "never" });
  await room.unschedule(a, other.no);
  expect(await refusal(room.unschedule(b, one.no))).toEqual({ code: "not_found" });
  for (let i = 0; i < 2; i++) {
    await sqlOf(room, (sql) => {
      sql.exec("UPDATE timers SET due_at = 1 WHERE kind = 'scheduled'");
    });
    await runInDurableObject(room, async (instance) => await instance.onAlarm());
  }
  expect((await room.history(b, { limit: 10 })).items.map(({ text }) => text)).toEqual(["Good morning"]);
  expect(await room.scheduledMessages(a)).toEqual([]);
});

describe("a person's rights", () => {
  test("every table of a room says what becomes of a member's rows", async () => {
    const { room } = await freshRoom();
    const names = await sqlOf(room, (sql) =>
      sql
        .exec<{ name: string }>(
          "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\' AND name NOT LIKE 'sqlite%' AND name NOT LIKE 'texts\\_%' ESCAPE '\\'",
        )
        .toArray()
        .map(({ name }) => name),
    );
    expect(Object.keys(ROOM_TABLES).toSorted()).toEqual(names.toSorted());
  });

  test("erasure leaves tombstones and numbers, the others go on, and nobody's room is emptied", async () => {
    const { room, people } = await freshRoom();
    const [a, b, c] = people;
    const { seq } = await room.perform(b, say("remember me not"));
    await room.perform(b, { type: "edit", seq, text: "remember me not, please" });
    const kept = (await room.perform(a, say("kept"))).seq;
    await room.perform(b, { type: "react", seq: kept, emoji: "👍" });
    await room.perform(c, { type: "report", seq, reason: "other" });
    await room.search(c, { words: "remember", limit: 1 });
    await room.forget(b);
    await room.forget(b);
    const dump = await sqlOf(room, (sql) =>
      Object.keys(ROOM_TABLES)
        .map((table) => JSON.stringify(sql.exec(`SELECT * FROM ${table}`).toArray()))
        .join("\n"),
    );
    expect(dump).not.toContain(b);
    expect(dump).not.toContain("remember");
    expect(await room.message(a, seq)).toMatchObject({ text: null, author: { member: 2, person: null } });
    expect(await room.message(a, kept)).toMatchObject({ text: "kept", reactions: [] });
    expect((await room.members(a, 0, 10)).map(({ member }) => member)).toEqual([1, 3]);
    await room.forget(a);
    expect((await room.view(c)).own.role).toBe("owner");
    await room.forget(c);
    expect(await room.exists()).toBe(false);
    const tables = await sqlOf(room, (sql) => sql.exec("SELECT name FROM sqlite_master WHERE name = 'messages'").toArray());
    expect(tables).toEqual([]);
  });

  test("an export has what the person wrote and did, also where they have left", async () => {
    const { room, people } = await freshRoom();
    const [a, b] = people;
    const { seq } = await room.perform(b, say("mine"));
    await room.perform(a, say("not mine"));
    await room.perform(b, { type: "react", seq, emoji: "👍" });
    await room.leave(b);
    const records = JSON.parse(await room.exportOf(b, 0, 100)) as Record<string, unknown>[];
    expect(records).toMatchObject([{ membership: { state: "left", reactions: [{ message: seq, emoji: "👍" }] } }, { seq, text: "mine" }]);
    expect(await room.exportOf(freshPerson(), 0, 100)).toBe("[]");
  });

  test("a move to another region keeps memberships, numbers and direct rooms", async () => {
    const { id, room, people } = await freshRoom({ kind: "direct", people: 2 });
    const [a, b] = people;
    const { seq } = await room.perform(a, say("before"));
    const moved = freshPerson("us");
    await room.follow(a, moved);
    await room.follow(a, moved);
    expect(await refusal(room.view(a))).toEqual({ code: "not_found" });
    await room.perform(moved, { type: "edit", seq, text: "after" });
    expect((await room.view(b)).peer).toMatchObject({ member: 1, person: moved });
    expect(await vaultOf(env, b).directRoomWith(moved)).toBe(id);
    expect(await vaultOf(env, b).directRoomWith(a)).toBeUndefined();
    expect(await vaultOf(env, moved).allRooms()).toEqual([id]);
    expect(await roomOf(env, id).exists()).toBe(true);
  });
});

test("whoever was away is told once until they read, and nobody who is there", async () => {
  const { id, room, people } = await freshRoom();
  const [a, b, c] = people;
  const here = await connectRoom(room, c);
  await here.nextOf("hello");
  const news = async (person: typeof a) =>
    await runInDurableObject(
      vaultOf(env, person),
      (_, ctx) => ctx.storage.sql.exec("SELECT 1 FROM notification_facts WHERE fact LIKE ?", `%${id}/%`).toArray().length,
    );
  const ring = async () => {
    await sqlOf(room, (sql) => {
      sql.exec("UPDATE timers SET due_at = 1 WHERE kind = 'news'");
    });
    await runInDurableObject(room, async (instance) => await instance.onAlarm());
  };
  await room.perform(a, say("one"));
  await ring();
  await room.perform(a, say("two"));
  await ring();
  expect([await news(a), await news(b), await news(c)]).toEqual([0, 1, 0]);
  await room.perform(b, { type: "read", seq: 100 });
  await room.perform(a, say("three"));
  await ring();
  expect(await news(b)).toBe(2);
});
