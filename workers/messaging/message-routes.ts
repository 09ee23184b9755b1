import { Hono } from "hono";
import { type AppEnv, personOf } from "../../shared/http/app-env";
import { route } from "../../shared/http/route";
import { validate } from "../../shared/http/validate";
import { act, enter } from "./act";
import { requestPorts } from "./ports";
import { readCard } from "./read-card";
import * as s from "./schemas";
import { IN_ROOM, TAGS, WRITES } from "./terms";

/** What is said in rooms, and what of it has been read. */
export const messageRoutes = new Hono<AppEnv>()
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
  );
