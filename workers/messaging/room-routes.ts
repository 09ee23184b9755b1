import { Hono } from "hono";
import type * as z from "zod";
import { type AppEnv, personOf } from "../../shared/http/app-env";
import { route } from "../../shared/http/route";
import { validate } from "../../shared/http/validate";
import { regionOf } from "../../shared/id";
import { act, enter, knownPeople } from "./act";
import { listRooms, searchOwn, unreadTotals } from "./list-rooms";
import { openDirect } from "./open-room";
import { freshRoomId } from "./open-socket";
import { requestPorts } from "./ports";
import * as s from "./schemas";
import { IN_ROOM, TAGS, WRITES } from "./terms";

/** Rooms, and who is in them. A room's socket and these routes have the same verbs. */
export const roomRoutes = new Hono<AppEnv>()
  .post(
    "/v1/rooms",
    route({
      policy: "person",
      summary: "Open a conversation",
      description:
        "With one person (the one there is, or a new one: no message flows before both want it), or a group or broadcast of your own, into which you ask others.",
      tags: TAGS,
      responses: { 201: s.roomSchema },
      problems: ["malformed", "invalid", "not_found", "conflict"],
    }),
    validate("json", s.newRoomBody),
    async (c) => {
      const [ports, actor, form] = [requestPorts(c), personOf(c), c.req.valid("json")];
      await ports.vault(actor.person).enterRooms(actor);
      const people = await knownPeople(ports, actor, form.kind === "direct" ? [form.person] : form.people);
      const [peer] = people;
      const id =
        form.kind === "direct" && peer !== undefined
          ? await openDirect(ports, actor.person, peer, form.sealed)
          : freshRoomId(ports, regionOf(actor.person));
      if (form.kind !== "direct") {
        await ports.room(id).open({
          kind: form.kind,
          name: form.name,
          isSealed: form.sealed,
          by: actor.person,
          members: [{ person: actor.person, role: "owner" }, ...people.map((person) => ({ person, state: "invited" as const }))],
        });
      }
      c.header("location", `/v1/rooms/${id}`);
      return c.json(await ports.room(id).view(actor.person), 201);
    },
  )
  .get(
    "/v1/me/rooms",
    route({
      policy: "person",
      summary: "Your conversations",
      description: "Those newest to you first, each with what is unread in it: counted by the room when you ask.",
      tags: TAGS,
      responses: { 200: s.roomListSchema },
      problems: ["invalid"],
    }),
    validate("query", s.roomListQuery),
    async (c) => {
      return c.json(await listRooms(requestPorts(c), personOf(c), c.req.valid("query")));
    },
  )
  .get(
    "/v1/me/rooms/unread",
    route({
      policy: "person",
      summary: "What is unread in all of your conversations",
      description: "Of the latest 200, without those muted or archived.",
      tags: TAGS,
      responses: { 200: s.totalsSchema },
      problems: [],
    }),
    async (c) => {
      return c.json(await unreadTotals(requestPorts(c), personOf(c)));
    },
  )
  .get(
    "/v1/me/rooms/search",
    route({
      policy: "person",
      summary: "Search your conversations",
      description: "By the beginnings of words, in the 50 rooms latest to you. Sealed rooms are searched on your device.",
      tags: TAGS,
      responses: { 200: s.ownSearchSchema },
      problems: ["invalid"],
    }),
    validate("query", s.ownSearchQuery),
    async (c) => {
      const { q, limit } = c.req.valid("query");
      return c.json(await searchOwn(requestPorts(c), personOf(c), q, limit));
    },
  )
  .get(
    "/v1/rooms/:roomId",
    route({
      policy: "person",
      summary: "A conversation and how you stand in it",
      tags: TAGS,
      responses: { 200: s.roomSchema },
      problems: [...IN_ROOM],
    }),
    validate("param", s.roomParam),
    async (c) => {
      const { room, person } = await enter(requestPorts(c), personOf(c), c.req.valid("param").roomId);
      return c.json(await room.view(person));
    },
  )
  .patch(
    "/v1/rooms/:roomId",
    route({
      policy: "person",
      summary: "Change the settings of a room",
      description: "For its staff. In a direct room either of the two may set how long it is kept.",
      tags: TAGS,
      responses: { 200: s.roomSchema },
      problems: [...WRITES],
    }),
    validate("param", s.roomParam),
    validate("json", s.settingsBody),
    async (c) => {
      const { room, person } = await enter(requestPorts(c), personOf(c), c.req.valid("param").roomId);
      return c.json(await room.configure(person, c.req.valid("json")));
    },
  )
  .delete(
    "/v1/rooms/:roomId",
    route({
      policy: "person",
      summary: "Close a room",
      description: "For an owner. Nobody writes there any more; what was written can be read.",
      tags: TAGS,
      responses: { 204: null },
      problems: [...WRITES],
    }),
    validate("param", s.roomParam),
    async (c) => {
      const { room, person } = await enter(requestPorts(c), personOf(c), c.req.valid("param").roomId);
      await room.close(person);
      return c.body(null, 204);
    },
  )
  .patch(
    "/v1/rooms/:roomId/membership",
    route({
      policy: "person",
      summary: "Change your own settings of a room",
      description: "Receipts, presence, notifications, mute and archive.",
      tags: TAGS,
      responses: { 200: s.answerSchema },
      problems: [...WRITES],
    }),
    validate("param", s.roomParam),
    validate("json", s.membershipBody),
    async (c) => {
      const answer = await act(requestPorts(c), personOf(c), c.req.valid("param").roomId, { type: "settings", ...c.req.valid("json") });
      return c.json(answer);
    },
  )
  .post(
    "/v1/rooms/:roomId/membership",
    route({
      policy: "person",
      summary: "Accept or decline an invitation",
      tags: TAGS,
      responses: { 204: null },
      problems: [...WRITES],
    }),
    validate("param", s.roomParam),
    validate("json", s.invitationBody),
    async (c) => {
      const { room, person } = await enter(requestPorts(c), personOf(c), c.req.valid("param").roomId);
      await room.answerInvitation(person, c.req.valid("json").accept);
      return c.body(null, 204);
    },
  )
  .delete(
    "/v1/rooms/:roomId/membership",
    route({
      policy: "person",
      summary: "Leave a room",
      tags: TAGS,
      responses: { 204: null },
      problems: [...WRITES],
    }),
    validate("param", s.roomParam),
    async (c) => {
      const { room, person } = await enter(requestPorts(c), personOf(c), c.req.valid("param").roomId);
      await room.leave(person);
      return c.body(null, 204);
    },
  )
  .get(
    "/v1/rooms/:roomId/members",
    route({
      policy: "person",
      summary: "Who is in a room, and who is asked to be",
      tags: TAGS,
      responses: { 200: s.memberListSchema },
      problems: [...IN_ROOM],
    }),
    validate("param", s.roomParam),
    validate("query", s.membersQuery),
    async (c) => {
      const { room, person } = await enter(requestPorts(c), personOf(c), c.req.valid("param").roomId);
      return c.json(
        pageOfMembers(await room.members(person, c.req.valid("query").after, c.req.valid("query").limit), c.req.valid("query").limit),
      );
    },
  )
  .post(
    "/v1/rooms/:roomId/members",
    route({
      policy: "person",
      summary: "Ask people to join",
      description: "For the staff of a room that belongs to nothing else. They decide.",
      tags: TAGS,
      responses: { 200: s.memberListSchema },
      problems: [...WRITES],
    }),
    validate("param", s.roomParam),
    validate("json", s.inviteBody),
    async (c) => {
      const [ports, actor] = [requestPorts(c), personOf(c)];
      const { room, person } = await enter(ports, actor, c.req.valid("param").roomId);
      await room.view(person);
      const people = await knownPeople(ports, actor, c.req.valid("json").people);
      return c.json({ items: await room.invite(person, people), next: null });
    },
  )
  .patch(
    "/v1/rooms/:roomId/members/:no",
    route({
      policy: "person",
      summary: "Change a member: role, silence, ban",
      description: "Roles are an owner's to give; a moderator silences and bans members.",
      tags: TAGS,
      responses: { 200: s.memberSchema },
      problems: [...WRITES],
    }),
    validate("param", s.memberParam),
    validate("json", s.memberBody),
    async (c) => {
      const { room, person } = await enter(requestPorts(c), personOf(c), c.req.valid("param").roomId);
      return c.json(await room.changeMember(person, c.req.valid("param").no, changeOf(c.req.valid("json"))));
    },
  )
  .delete(
    "/v1/rooms/:roomId/members/:no",
    route({
      policy: "person",
      summary: "Take a member out",
      description: "Their sockets close at once.",
      tags: TAGS,
      responses: { 204: null },
      problems: [...WRITES],
    }),
    validate("param", s.memberParam),
    validate("query", s.reasonQuery),
    async (c) => {
      const { room, person } = await enter(requestPorts(c), personOf(c), c.req.valid("param").roomId);
      await room.expel(person, c.req.valid("param").no, c.req.valid("query").reason);
      return c.body(null, 204);
    },
  )
  .get(
    "/v1/rooms/:roomId/keys",
    route({
      policy: "person",
      summary: "Public keys of the members' devices",
      description: "In a sealed room: what a message is sealed for.",
      tags: TAGS,
      responses: { 200: s.keyListSchema },
      problems: [...IN_ROOM],
    }),
    validate("param", s.roomParam),
    async (c) => {
      const { room, person } = await enter(requestPorts(c), personOf(c), c.req.valid("param").roomId);
      return c.json({ items: await room.keys(person) });
    },
  )
  .post(
    "/v1/rooms/:roomId/keys",
    route({
      policy: "person",
      summary: "Publish the public key of a device",
      description: "In a sealed room. Meridian keeps public keys and ciphertext, and nothing that opens either.",
      tags: TAGS,
      responses: { 200: s.keyNumberSchema },
      problems: [...WRITES],
    }),
    validate("param", s.roomParam),
    validate("json", s.keyBody),
    async (c) => {
      const { room, person } = await enter(requestPorts(c), personOf(c), c.req.valid("param").roomId);
      const { algorithm, publicKey } = c.req.valid("json");
      return c.json({ no: await room.addKey(person, algorithm, publicKey) });
    },
  )
  .delete(
    "/v1/rooms/:roomId/keys/:no",
    route({
      policy: "person",
      summary: "Take a public key back",
      tags: TAGS,
      responses: { 204: null },
      problems: [...IN_ROOM],
    }),
    validate("param", s.numberParam),
    async (c) => {
      const { room, person } = await enter(requestPorts(c), personOf(c), c.req.valid("param").roomId);
      await room.removeKey(person, c.req.valid("param").no);
      return c.body(null, 204);
    },
  );

function pageOfMembers<T extends { readonly member: number }>(
  items: readonly T[],
  limit: number,
): { items: readonly T[]; next: number | null } {
  return { items, next: items.length < limit ? null : (items.at(-1)?.member ?? null) };
}

function changeOf({ silencedUntil, banned, role, reason }: z.output<typeof s.memberBody>) {
  return {
    ...(role !== undefined && { role }),
    ...(banned !== undefined && { isBanned: banned }),
    ...(silencedUntil !== undefined && { silencedUntil: silencedUntil === null ? null : Date.parse(silencedUntil) }),
    ...(reason !== undefined && { reason }),
  };
}
