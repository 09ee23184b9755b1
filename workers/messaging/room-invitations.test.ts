import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { parseId, type RoomId } from "../../shared/id";
import { registerPerson, type RegisteredPerson } from "../../test/people";
import { freshPerson, freshRoom } from "../../test/rooms";
import { roomOf, vaultOf } from "../regional";

type Method = "POST" | "PATCH" | "PUT";

async function call(person: RegisteredPerson, method: Method, path: string, body?: unknown) {
  const init = body === undefined ? { method } : { method, headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
  const response = await person.fetch(path, init);
  const text = await response.text();
  return { status: response.status, body: text === "" ? {} : (JSON.parse(text) as unknown) };
}

const listSchema = z.looseObject({
  items: z.array(
    z.looseObject({
      type: z.string(),
      title: z.string(),
      body: z.string(),
      about: z.record(z.string(), z.string()),
      readAt: z.string().nullable(),
    }),
  ),
});

/** What somebody was told of rooms, the newest first. */
async function told(person: RegisteredPerson, language = "en") {
  const response = await person.fetch("/v1/me/notifications", { headers: { "accept-language": language } });
  const { items } = listSchema.parse(await response.json());
  return items.filter(({ type }) => type.startsWith("room_"));
}

/** A room with a name of one's own, and others asked in. */
async function groupOf(owner: RegisteredPerson, people: readonly RegisteredPerson[], name = "Sunday runs"): Promise<RoomId> {
  const { status, body } = await call(owner, "POST", "/v1/rooms", { kind: "group", name, people: people.map(({ person }) => person.id) });
  expect(status).toBe(201);
  const id = parseId("room", z.looseObject({ id: z.string() }).parse(body).id);
  if (id === undefined) throw new TypeError("no room's id");
  return id;
}

const ask = async (staff: RegisteredPerson, room: RoomId, one: RegisteredPerson) =>
  (await call(staff, "POST", `/v1/rooms/${room}/members`, { people: [one.person.id] })).status;
const answer = async (one: RegisteredPerson, room: RoomId, accept: boolean) =>
  (await call(one, "POST", `/v1/rooms/${room}/membership`, { accept })).status;

describe("an invitation into a room", () => {
  test("is told once by name, in either language, and read once it is answered", async () => {
    const [ada, bo, cy] = await Promise.all([
      registerPerson("eu", { name: "Ada" }),
      registerPerson("us", { name: "Bo" }),
      registerPerson("eu", { name: "Cy" }),
    ]);
    const room = await groupOf(ada, [bo]);
    expect(await ask(ada, room, cy)).toBe(200);
    // Asked again, or told again by the room, it is the same invitation.
    expect(await ask(ada, room, bo)).toBe(200);
    await runInDurableObject(
      roomOf(env, room),
      (_, ctx) => void ctx.storage.sql.exec("UPDATE members SET is_untold = 1, invited_by = 1 WHERE no > 1"),
    );
    await roomOf(env, room).follow(freshPerson(), freshPerson());
    const about = { room, person: ada.person.id };
    expect(await told(bo)).toMatchObject([{ type: "room_invitation", about, readAt: null, body: "Ada invites you to Sunday runs." }]);
    expect(await told(cy, "de")).toMatchObject([{ type: "room_invitation", about, readAt: null, body: "Ada lädt Sie ein: Sunday runs." }]);
    expect(await told(ada)).toEqual([]);
    expect(await answer(bo, room, true)).toBe(204);
    expect(await told(bo)).toMatchObject([{ readAt: expect.any(String) }]);
    // Who declined and is asked anew is told anew.
    expect(await answer(cy, room, false)).toBe(204);
    expect(await ask(ada, room, cy)).toBe(200);
    expect(await told(cy)).toMatchObject([{ readAt: null }, { readAt: expect.any(String) }]);
  });

  test("to one other, whom no name is known of, says no more than who asks; asking in turn answers it", async () => {
    const [ada, bo] = await Promise.all([registerPerson("eu", { name: "Ada" }), registerPerson("us")]);
    const direct = { kind: "direct", person: bo.person.id };
    expect((await call(ada, "POST", "/v1/rooms", direct)).status).toBe(201);
    expect((await call(ada, "POST", "/v1/rooms", direct)).status).toBe(201);
    expect(await told(bo)).toMatchObject([{ type: "room_invitation", body: "Ada invites you to a conversation.", readAt: null }]);
    expect((await call(bo, "POST", "/v1/rooms", { kind: "direct", person: ada.person.id })).status).toBe(201);
    expect(await told(bo)).toMatchObject([{ readAt: expect.any(String) }]);
    expect(await told(ada)).toEqual([]);
  });

  test("is another fact than being taken in, as a friend is", async () => {
    const [ada, bo] = await Promise.all([registerPerson("eu", { name: "Ada" }), registerPerson("eu")]);
    await call(ada, "POST", "/v1/me/friend-requests", { person: bo.person.id });
    await call(bo, "POST", "/v1/me/friend-requests", { person: ada.person.id });
    expect((await call(ada, "POST", "/v1/rooms", { kind: "direct", person: bo.person.id })).status).toBe(201);
    expect(await told(bo)).toMatchObject([{ type: "room_added", body: "Ada has begun a conversation with you." }]);
    expect(await told(ada)).toEqual([]);
  });

  test("makes none where its type or the conversation is silenced by whoever is asked", async () => {
    const [ada, bo, cy] = await Promise.all([registerPerson(), registerPerson(), registerPerson()]);
    expect((await call(bo, "PATCH", "/v1/me/notification-preferences", { modes: { room_invitation: { inbox: "off" } } })).status).toBe(200);
    const room = await groupOf(ada, [bo, cy]);
    expect(await told(bo)).toEqual([]);
    expect(await answer(cy, room, false)).toBe(204);
    const level = { conversation: room, level: "none" };
    expect((await call(cy, "PUT", "/v1/me/notification-levels", level)).status).toBeLessThan(300);
    expect(await ask(ada, room, cy)).toBe(200);
    expect(await told(cy)).toHaveLength(1);
  });

  test("makes none from whoever is silenced there, or blocked", async () => {
    const [ada, mo, bo, cy] = await Promise.all([registerPerson(), registerPerson(), registerPerson(), registerPerson()]);
    const room = await groupOf(ada, [mo]);
    expect(await answer(mo, room, true)).toBe(204);
    const until = new Date(Date.now() + 3_600_000).toISOString();
    expect((await call(ada, "PATCH", `/v1/rooms/${room}/members/2`, { role: "moderator", silencedUntil: until })).status).toBe(200);
    expect(await ask(mo, room, bo)).toBe(200);
    expect(await told(bo)).toEqual([]);
    expect((await call(cy, "POST", "/v1/me/blocks", { person: ada.person.id })).status).toBe(201);
    expect(await ask(ada, room, cy)).toBe(404);
    expect(await told(cy)).toEqual([]);
  });
});

test("a room that its members come into by themselves tells nobody that they were asked", async () => {
  const ada = await registerPerson();
  const { room } = await freshRoom({ kind: "challenge", isManaged: true });
  await room.addMember({ person: ada.person.id, alias: "Runner 7", handle: "runner7" });
  expect(await told(ada)).toEqual([]);
  expect(await vaultOf(env, ada.person.id).allRooms()).toHaveLength(1);
});
