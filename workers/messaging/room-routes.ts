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
import { readCard } from "./read-card";
import * as s from "./schemas";

const TAGS = ["Messaging"] as const;
const IN_ROOM = ["invalid", "not_found"] as const;
const WRITES = ["malformed", "invalid", "not_found", "conflict", "gone", "rate_limited"] as const;

/** Rooms, who is in them, and what is said there. A room's socket and these routes have the same verbs. */
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
    "/v1/rooms/:roomId/messages",
    route({
      policy: "person",
      summary: "The history of a room",
      description: "In order, the newest page first; by number in both directions, of the main timeline or of one thread.",
      tags: TAGS,
      responses: { 200: s.historySchema },
      problems: [...IN_ROOM],
    }),
    validate("param", s.roomParam),
    validate("query", s.historyQuery),
    async (c) => {
      const { room, person } = await enter(requestPorts(c), personOf(c), c.req.valid("param").roomId);
      return c.json(await room.history(person, c.req.valid("query")));
    },
  )
  .post(
    "/v1/rooms/:roomId/messages",
    route({
      policy: "person",
      summary: "Send a message",
      description: "The client's id makes a retry the same message, with the same answer.",
      tags: TAGS,
      responses: { 201: s.answerSchema },
      problems: [...WRITES, "idempotency_mismatch"],
    }),
    validate("param", s.roomParam),
    validate("json", s.sendBody),
    async (c) => {
      const answer = await act(requestPorts(c), personOf(c), c.req.valid("param").roomId, { type: "send", ...c.req.valid("json") });
      return c.json(answer, 201);
    },
  )
  .get(
    "/v1/rooms/:roomId/messages/:seq",
    route({
      policy: "person",
      summary: "A message",
      tags: TAGS,
      responses: { 200: s.ownMessageSchema },
      problems: [...IN_ROOM],
    }),
    validate("param", s.messageParam),
    async (c) => {
      const { room, person } = await enter(requestPorts(c), personOf(c), c.req.valid("param").roomId);
      return c.json(await room.message(person, c.req.valid("param").seq));
    },
  )
  .patch(
    "/v1/rooms/:roomId/messages/:seq",
    route({
      policy: "person",
      summary: "Edit a message of yours",
      description: "What it said before is kept.",
      tags: TAGS,
      responses: { 200: s.answerSchema },
      problems: [...WRITES],
    }),
    validate("param", s.messageParam),
    validate("json", s.editBody),
    async (c) => {
      const answer = await act(requestPorts(c), personOf(c), c.req.valid("param").roomId, {
        type: "edit",
        seq: c.req.valid("param").seq,
        ...c.req.valid("json"),
      });
      return c.json(answer);
    },
  )
  .delete(
    "/v1/rooms/:roomId/messages/:seq",
    route({
      policy: "person",
      summary: "Delete a message",
      description: "Your own, or any for the staff. Its place is left, and nothing else.",
      tags: TAGS,
      responses: { 200: s.answerSchema },
      problems: [...WRITES],
    }),
    validate("param", s.messageParam),
    async (c) => {
      const answer = await act(requestPorts(c), personOf(c), c.req.valid("param").roomId, {
        type: "delete",
        seq: c.req.valid("param").seq,
      });
      return c.json(answer);
    },
  )
  .get(
    "/v1/rooms/:roomId/messages/:seq/edits",
    route({
      policy: "person",
      summary: "What a message said before",
      tags: TAGS,
      responses: { 200: s.editsSchema },
      problems: [...IN_ROOM],
    }),
    validate("param", s.messageParam),
    async (c) => {
      const { room, person } = await enter(requestPorts(c), personOf(c), c.req.valid("param").roomId);
      return c.json({ items: await room.edits(person, c.req.valid("param").seq) });
    },
  )
  .get(
    "/v1/rooms/:roomId/messages/:seq/card",
    route({
      policy: "person",
      summary: "What the card of a message shows you",
      description: "Read from whoever sent it, by their consent of this moment: two readers may see different things.",
      tags: TAGS,
      responses: { 200: s.cardViewSchema },
      problems: [...IN_ROOM],
    }),
    validate("param", s.messageParam),
    async (c) => {
      const [ports, actor] = [requestPorts(c), personOf(c)];
      const { id } = await enter(ports, actor, c.req.valid("param").roomId);
      return c.json(await readCard(ports, actor, id, c.req.valid("param").seq));
    },
  )
  .put(
    "/v1/rooms/:roomId/messages/:seq/reactions/:emoji",
    route({
      policy: "person",
      summary: "React to a message",
      tags: TAGS,
      responses: { 200: s.answerSchema },
      problems: [...WRITES],
    }),
    validate("param", s.reactionParam),
    async (c) => {
      const answer = await act(requestPorts(c), personOf(c), c.req.valid("param").roomId, {
        type: "react",
        seq: c.req.valid("param").seq,
        emoji: c.req.valid("param").emoji,
      });
      return c.json(answer);
    },
  )
  .delete(
    "/v1/rooms/:roomId/messages/:seq/reactions/:emoji",
    route({
      policy: "person",
      summary: "Take a reaction back",
      tags: TAGS,
      responses: { 200: s.answerSchema },
      problems: [...WRITES],
    }),
    validate("param", s.reactionParam),
    async (c) => {
      const answer = await act(requestPorts(c), personOf(c), c.req.valid("param").roomId, {
        type: "unreact",
        seq: c.req.valid("param").seq,
        emoji: c.req.valid("param").emoji,
      });
      return c.json(answer);
    },
  )
  .put(
    "/v1/rooms/:roomId/messages/:seq/pin",
    route({
      policy: "person",
      summary: "Pin a message",
      description: "For the staff; in a direct room for both.",
      tags: TAGS,
      responses: { 200: s.answerSchema },
      problems: [...WRITES],
    }),
    validate("param", s.messageParam),
    async (c) => {
      const answer = await act(requestPorts(c), personOf(c), c.req.valid("param").roomId, { type: "pin", seq: c.req.valid("param").seq });
      return c.json(answer);
    },
  )
  .delete(
    "/v1/rooms/:roomId/messages/:seq/pin",
    route({
      policy: "person",
      summary: "Unpin a message",
      tags: TAGS,
      responses: { 200: s.answerSchema },
      problems: [...WRITES],
    }),
    validate("param", s.messageParam),
    async (c) => {
      const answer = await act(requestPorts(c), personOf(c), c.req.valid("param").roomId, { type: "unpin", seq: c.req.valid("param").seq });
      return c.json(answer);
    },
  )
  .put(
    "/v1/rooms/:roomId/messages/:seq/vote",
    route({
      policy: "person",
      summary: "Vote in a poll",
      description: "Replaces your vote; no option takes it back.",
      tags: TAGS,
      responses: { 200: s.answerSchema },
      problems: [...WRITES],
    }),
    validate("param", s.messageParam),
    validate("json", s.voteBody),
    async (c) => {
      const answer = await act(requestPorts(c), personOf(c), c.req.valid("param").roomId, {
        type: "vote",
        seq: c.req.valid("param").seq,
        ...c.req.valid("json"),
      });
      return c.json(answer);
    },
  )
  .post(
    "/v1/rooms/:roomId/messages/:seq/close",
    route({
      policy: "person",
      summary: "Close a poll",
      tags: TAGS,
      responses: { 200: s.answerSchema },
      problems: [...WRITES],
    }),
    validate("param", s.messageParam),
    async (c) => {
      const answer = await act(requestPorts(c), personOf(c), c.req.valid("param").roomId, {
        type: "close_poll",
        seq: c.req.valid("param").seq,
      });
      return c.json(answer);
    },
  )
  .post(
    "/v1/rooms/:roomId/messages/:seq/report",
    route({
      policy: "person",
      summary: "Report a message to the room's staff",
      description: "Nobody is shown who reported it.",
      tags: TAGS,
      responses: { 200: s.answerSchema },
      problems: [...WRITES],
    }),
    validate("param", s.messageParam),
    validate("json", s.reportBody),
    async (c) => {
      const answer = await act(requestPorts(c), personOf(c), c.req.valid("param").roomId, {
        type: "report",
        seq: c.req.valid("param").seq,
        ...c.req.valid("json"),
      });
      return c.json(answer);
    },
  )
  .get(
    "/v1/rooms/:roomId/pins",
    route({
      policy: "person",
      summary: "The pinned messages of a room",
      tags: TAGS,
      responses: { 200: s.messagesSchema },
      problems: [...IN_ROOM],
    }),
    validate("param", s.roomParam),
    async (c) => {
      const { room, person } = await enter(requestPorts(c), personOf(c), c.req.valid("param").roomId);
      return c.json({ items: await room.pins(person) });
    },
  )
  .get(
    "/v1/rooms/:roomId/threads",
    route({
      policy: "person",
      summary: "The threads that you follow",
      description: "Those you began or wrote in, with what is unread in each.",
      tags: TAGS,
      responses: { 200: s.threadsSchema },
      problems: [...IN_ROOM],
    }),
    validate("param", s.roomParam),
    async (c) => {
      const { room, person } = await enter(requestPorts(c), personOf(c), c.req.valid("param").roomId);
      return c.json({ items: await room.threads(person, 50) });
    },
  )
  .get(
    "/v1/rooms/:roomId/events",
    route({
      policy: "person",
      summary: "What changed in a room after a number",
      description: "The numbers have no gaps. For clients that come back, beside the socket.",
      tags: TAGS,
      responses: { 200: s.eventsSchema },
      problems: [...IN_ROOM],
    }),
    validate("param", s.roomParam),
    validate("query", s.eventsQuery),
    async (c) => {
      const { room, person } = await enter(requestPorts(c), personOf(c), c.req.valid("param").roomId);
      const { after, limit } = c.req.valid("query");
      const { items, head, isReset } = await room.events(person, after, limit);
      return c.body(`{"items":${items},"head":${head},"isReset":${isReset}}`, 200, { "content-type": "application/json" });
    },
  )
  .post(
    "/v1/rooms/:roomId/read",
    route({
      policy: "person",
      summary: "Mark a room as read up to a message",
      description: "Everything up to and including it. A private mark counts for you and is shown to nobody.",
      tags: TAGS,
      responses: { 200: s.answerSchema },
      problems: [...WRITES],
    }),
    validate("param", s.roomParam),
    validate("json", s.readBody),
    async (c) => {
      const answer = await act(requestPorts(c), personOf(c), c.req.valid("param").roomId, { type: "read", ...c.req.valid("json") });
      return c.json(answer);
    },
  )
  .post(
    "/v1/rooms/:roomId/delivered",
    route({
      policy: "person",
      summary: "Say that messages have arrived on your device",
      tags: TAGS,
      responses: { 200: s.answerSchema },
      problems: [...WRITES],
    }),
    validate("param", s.roomParam),
    validate("json", s.deliveredBody),
    async (c) => {
      const answer = await act(requestPorts(c), personOf(c), c.req.valid("param").roomId, { type: "delivered", ...c.req.valid("json") });
      return c.json(answer);
    },
  )
  .post(
    "/v1/rooms/:roomId/unread",
    route({
      policy: "person",
      summary: "Mark a room as unread from a message",
      tags: TAGS,
      responses: { 200: s.answerSchema },
      problems: [...WRITES],
    }),
    validate("param", s.roomParam),
    validate("json", s.unreadBody),
    async (c) => {
      const answer = await act(requestPorts(c), personOf(c), c.req.valid("param").roomId, { type: "unread", ...c.req.valid("json") });
      return c.json(answer);
    },
  )
  .post(
    "/v1/rooms/:roomId/typing",
    route({
      policy: "person",
      summary: "Say that you are typing, or have stopped",
      description: "Forgotten by itself after ten seconds.",
      tags: TAGS,
      responses: { 200: s.answerSchema },
      problems: [...WRITES],
    }),
    validate("param", s.roomParam),
    validate("json", s.typingBody),
    async (c) => {
      const answer = await act(requestPorts(c), personOf(c), c.req.valid("param").roomId, { type: "typing", ...c.req.valid("json") });
      return c.json(answer);
    },
  )
  .get(
    "/v1/rooms/:roomId/search",
    route({
      policy: "person",
      summary: "Search a room",
      description: "By the beginnings of words, the newest first. A sealed room is searched on your device.",
      tags: TAGS,
      responses: { 200: s.searchSchema },
      problems: [...IN_ROOM, "conflict"],
    }),
    validate("param", s.roomParam),
    validate("query", s.searchQuery),
    async (c) => {
      const { room, person } = await enter(requestPorts(c), personOf(c), c.req.valid("param").roomId);
      const { q, from, to, ...rest } = c.req.valid("query");
      const span = { ...(from !== undefined && { from: Date.parse(from) }), ...(to !== undefined && { to: Date.parse(to) }) };
      return c.json({ items: await room.search(person, { words: q, ...rest, ...span }) });
    },
  )
  .get(
    "/v1/rooms/:roomId/reports",
    route({
      policy: "person",
      summary: "The moderation queue of a room",
      description: "For its staff: what members have reported.",
      tags: TAGS,
      responses: { 200: s.moderationListSchema },
      problems: [...IN_ROOM],
    }),
    validate("param", s.roomParam),
    validate("query", s.reportsQuery),
    async (c) => {
      const { room, person } = await enter(requestPorts(c), personOf(c), c.req.valid("param").roomId);
      const { state, after, limit } = c.req.valid("query");
      return c.json({ items: await room.reports(person, state, after, limit) });
    },
  )
  .post(
    "/v1/rooms/:roomId/reports/:no/decision",
    route({
      policy: "person",
      summary: "Decide about a report",
      description:
        "`remove` deletes the message; `silence` and `ban` also keep its author from writing. Every open report about the message is decided with it.",
      tags: TAGS,
      responses: { 200: s.moderationSchema },
      problems: [...WRITES],
    }),
    validate("param", s.numberParam),
    validate("json", s.decisionBody),
    async (c) => {
      const { room, person } = await enter(requestPorts(c), personOf(c), c.req.valid("param").roomId);
      const { decision, reason, until } = c.req.valid("json");
      const more = { reason, ...(until !== undefined && { until: Date.parse(until) }) };
      return c.json(await room.decideReport(person, c.req.valid("param").no, decision, more));
    },
  )
  .get(
    "/v1/rooms/:roomId/moderation",
    route({
      policy: "person",
      summary: "What the staff of a room did",
      description: "All of it for the staff; for others what concerned them.",
      tags: TAGS,
      responses: { 200: s.actionListSchema },
      problems: [...IN_ROOM],
    }),
    validate("param", s.roomParam),
    validate("query", s.backQuery),
    async (c) => {
      const { room, person } = await enter(requestPorts(c), personOf(c), c.req.valid("param").roomId);
      return c.json({
        items: await room.actions(person, c.req.valid("query").before ?? Number.MAX_SAFE_INTEGER, c.req.valid("query").limit),
      });
    },
  )
  .get(
    "/v1/rooms/:roomId/scheduled",
    route({
      policy: "person",
      summary: "Your messages that are to be sent later",
      tags: TAGS,
      responses: { 200: s.scheduledListSchema },
      problems: [...IN_ROOM],
    }),
    validate("param", s.roomParam),
    async (c) => {
      const { room, person } = await enter(requestPorts(c), personOf(c), c.req.valid("param").roomId);
      return c.json({ items: await room.scheduledMessages(person) });
    },
  )
  .post(
    "/v1/rooms/:roomId/scheduled",
    route({
      policy: "person",
      summary: "Schedule a message",
      description: "Sent at its time, whatever happens in between, as if you sent it then.",
      tags: TAGS,
      responses: { 201: s.scheduledSchema },
      problems: [...WRITES],
    }),
    validate("param", s.roomParam),
    validate("json", s.scheduleBody),
    async (c) => {
      const { room, person } = await enter(requestPorts(c), personOf(c), c.req.valid("param").roomId);
      const { at, message } = c.req.valid("json");
      return c.json(await room.schedule(person, Date.parse(at), message), 201);
    },
  )
  .delete(
    "/v1/rooms/:roomId/scheduled/:no",
    route({
      policy: "person",
      summary: "Take a scheduled message back",
      tags: TAGS,
      responses: { 204: null },
      problems: [...IN_ROOM],
    }),
    validate("param", s.numberParam),
    async (c) => {
      const { room, person } = await enter(requestPorts(c), personOf(c), c.req.valid("param").roomId);
      await room.unschedule(person, c.req.valid("param").no);
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
