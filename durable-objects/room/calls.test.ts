import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import type { CallView } from "../../shared/calls/views";
import type { PersonId } from "../../shared/id";
import { connectRoom, freshRoom, type RoomClient } from "../../test/rooms";
import { roomOf, vaultOf } from "../../workers/regional";
import { CALL_PAGE, LIVE_CALL, SIGNALS_FOR } from "./calls";

type Fresh = Awaited<ReturnType<typeof freshRoom>>;
interface Answer {
  readonly type: string;
  readonly code?: string;
  readonly answer?: {
    readonly call: CallView;
    readonly own?: { peer: number };
    readonly seq?: number;
    readonly signals?: readonly Record<string, unknown>[];
  };
}
const ask = async (client: RoomClient, frame: Record<string, unknown>) => (await client.ask(frame)) as unknown as Answer;
const start = { type: "call.start", clientId: "one", media: "video" };
const rest = async ({ room }: Fresh, person: PersonId, frame: Record<string, unknown>) =>
  JSON.parse(await room.extend(person, JSON.stringify(frame))) as { call: CallView; items: CallView[] };
const offer = (clientId: string, to: number, type = "offer") => ({
  type: "call.signal",
  call: "1",
  to,
  clientId,
  description: { type, sdp: `v=0 ${clientId}` },
});
async function twoInCall(fresh: Fresh) {
  const [a, b] = await Promise.all([connectRoom(fresh.room, fresh.people[0]), connectRoom(fresh.room, fresh.people[1])]);
  await rest(fresh, fresh.people[0], start);
  await ask(a, { type: "call.join", call: "1", video: true });
  await ask(b, { type: "call.join", call: "1", video: true });
  return [a, b] as const;
}

test("rings once, is joined, relays offers, answers and candidates in order and once each, and is in the log when it is over", async () => {
  const fresh = await freshRoom({ people: 2 });
  const [a, b] = await twoInCall(fresh);
  expect(await b.nextOf("call.ring")).toMatchObject({ from: 1, call: { id: "1", state: "waiting" } });
  // The same start, by whoever and however often, is the same call.
  expect((await rest(fresh, fresh.people[0], start)).call.id).toBe("1");
  expect((await rest(fresh, fresh.people[1], { ...start, clientId: "another" })).call.id).toBe("1");
  expect((await ask(a, offer("o1", 2))).answer).toEqual({ seq: 1 });
  expect((await ask(a, offer("o1", 2))).answer).toEqual({ seq: 1 });
  await ask(a, { type: "call.signal", call: "1", to: 2, clientId: "c1", candidate: { candidate: "candidate:1", sdpMid: "0" } });
  // Whoever came later gives way where both offer.
  expect(await b.nextOf("call.signal")).toMatchObject({ seq: 1, from: 1, polite: true, description: { type: "offer", sdp: "v=0 o1" } });
  expect(await b.nextOf("call.signal")).toMatchObject({ seq: 2, candidate: { candidate: "candidate:1" } });
  await ask(b, offer("a1", 1, "answer"));
  expect(await a.nextOf("call.signal")).toMatchObject({ from: 2, polite: false, description: { type: "answer" } });
  expect((await ask(b, { type: "call.state", call: "1", screen: true, audio: false })).answer?.call.parties[1]).toMatchObject({
    screen: true,
    audio: false,
  });
  expect((await rest(fresh, fresh.people[0], { type: "call.end", call: "1" })).call).toMatchObject({ state: "ended", reason: "ended" });
  expect(await ask(a, offer("late", 2))).toMatchObject({ type: "error", code: "gone" });
  const { items } = await fresh.room.events(fresh.people[1], 0, 50);
  const log = (JSON.parse(items) as { kind: string; state?: string }[]).filter(({ kind }) => kind === "call");
  expect(log.map(({ state }) => state)).toEqual(["started", "ended"]);
  expect((await rest(fresh, fresh.people[1], { type: "call.list" })).items.map(({ id }) => id)).toEqual(["1"]);
  expect(await runInDurableObject(fresh.room, (_, { storage }) => storage.sql.exec("SELECT 1 FROM call_signals").toArray())).toEqual([]);
});

test("goes on over a lost socket and an eviction: what was said meanwhile is asked for, and the same device keeps its connection", async () => {
  const fresh = await freshRoom({ people: 2 });
  const [a, b] = await twoInCall(fresh);
  await ask(a, offer("o1", 2));
  b.close();
  await a.nextThat((frame) => JSON.stringify(frame).includes('"away"'));
  await ask(a, offer("o2", 2));
  await evictDurableObject(fresh.room);
  const again = await connectRoom(fresh.room, fresh.people[1]);
  expect((await ask(again, { type: "call.join", call: "1", peer: 2 })).answer?.own?.peer).toBe(2);
  const { answer } = await ask(again, { type: "call.resume", call: "1", after: 1 });
  expect(answer?.signals).toMatchObject([{ seq: 2, description: { sdp: "v=0 o2" } }]);
  // Another device takes over, and is another connection: what was meant for the first is not for it.
  const tablet = await connectRoom(fresh.room, fresh.people[1]);
  expect((await ask(tablet, { type: "call.join", call: "1" })).answer?.own?.peer).toBe(3);
  expect(await again.nextOf("call.taken_over")).toMatchObject({ call: "1" });
  expect(await ask(again, offer("old", 1))).toMatchObject({ code: "conflict" });
  expect((await ask(tablet, { type: "call.resume", call: "1" })).answer?.signals).toEqual([]);
});

test("with a lobby is for whom a host lets in; a host silences and removes, and nobody else does", async () => {
  const fresh = await freshRoom();
  const [host, guest] = await Promise.all([connectRoom(fresh.room, fresh.people[0]), connectRoom(fresh.room, fresh.people[1])]);
  await ask(host, { ...start, lobby: true });
  await ask(host, { type: "call.join", call: "1", audio: true });
  expect((await ask(guest, { type: "call.join", call: "1", audio: true })).answer?.call.parties[1]).toMatchObject({ state: "waiting" });
  expect(await ask(guest, offer("o", 1))).toMatchObject({ code: "conflict" });
  expect(await ask(guest, { type: "call.admit", call: "1", member: 2 })).toMatchObject({ code: "forbidden" });
  await ask(host, { type: "call.admit", call: "1", member: 2 });
  expect(await ask(guest, { type: "call.mute", call: "1", member: 1 })).toMatchObject({ code: "forbidden" });
  await ask(host, { type: "call.mute", call: "1", member: 2 });
  expect(await guest.nextOf("call.mute")).toMatchObject({ by: 1 });
  await fresh.room.removeMember(fresh.people[1]);
  await host.nextThat((frame) => JSON.stringify(frame).includes('"left"'));
});

test("that nobody takes is missed by the clock, and tells the vaults of those who were called", async () => {
  const fresh = await freshRoom({ people: 2 });
  const host = await connectRoom(fresh.room, fresh.people[0]);
  await ask(host, start);
  await ask(host, { type: "call.join", call: "1" });
  await runInDurableObject(fresh.room, (_, { storage }) => {
    const { body } = storage.sql.exec<{ body: string }>("SELECT body FROM calls").one();
    const past = Date.now() - 46_000;
    storage.sql.exec("UPDATE calls SET body = ?", JSON.stringify({ ...(JSON.parse(body) as object), startedAt: past }));
    storage.sql.exec("UPDATE timers SET due_at = 1 WHERE kind = 'call'");
  });
  await runDurableObjectAlarm(fresh.room);
  expect((await rest(fresh, fresh.people[0], { type: "call.get", call: "1" })).call).toMatchObject({
    state: "ended",
    reason: "missed",
    parties: [{}, { state: "missed" }],
  });
  const told = await runInDurableObject(vaultOf(env, fresh.people[1]), (_, { storage }) =>
    storage.sql.exec("SELECT type FROM notifications WHERE type = 'call'").toArray(),
  );
  expect(told).toEqual([{ type: "call" }]);
});

test("is nobody's outside the room, nor in a closed one; what routes note of sessions is taken from no socket; pages go by keys", async () => {
  const fresh = await freshRoom({ people: 2 });
  const client = await connectRoom(fresh.room, fresh.people[0]);
  expect(await ask(client, { type: "call.sfu.own", call: "1", session: "somebody's" })).toMatchObject({ code: "not_found" });
  await fresh.room.close(fresh.people[0]);
  expect(await ask(client, start)).toMatchObject({ code: "conflict" });
  const plans = await runInDurableObject(roomOf(env, fresh.id), (_, { storage: { sql } }) =>
    [CALL_PAGE, LIVE_CALL, SIGNALS_FOR].map((query) =>
      sql
        .exec<{ detail: string }>(`EXPLAIN QUERY PLAN ${query}`, ...Array.from({ length: query.split("?").length - 1 }, () => 1))
        .toArray()
        .map(({ detail }) => detail)
        .join(),
    ),
  );
  expect(plans[0]).toContain("USING INTEGER PRIMARY KEY");
  expect(plans[1]).toContain("calls_live");
  expect(plans[2]).toContain("USING PRIMARY KEY (call=? AND seq>?)");
});
