import { Hono } from "hono";
import { regionalKeys } from "../../shared/crypto/keys";
import { type AppEnv } from "../../shared/http/app-env";
import { openCursor, sealCursor } from "../../shared/http/cursor";
import { pageQuery } from "../../shared/http/page";
import { route } from "../../shared/http/route";
import { validate } from "../../shared/http/validate";
import { regionOf } from "../../shared/id";
import { problem } from "../../shared/problem";
import { regional } from "../regional";
import type { SfuAnswer } from "./client";
import { changeTracks, closeTracks, listTracks, openSession, renegotiate } from "./forward";
import { iceServers } from "./ice-servers";
import { callPorts } from "./ports";
import {
  answerBody,
  callAnswerSchema,
  callListSchema,
  callParam,
  closeBody,
  iceSchema,
  roomParam,
  sfuAnswerSchema,
  sfuParam,
  sfuSessionSchema,
  startBody,
  trackListSchema,
  tracksBody,
} from "./schemas";
import { callSchema } from "../../shared/calls/views";

const TAGS = ["Calls"] as const;
const ITEMS = callListSchema.shape.items;

/** Calls of a room. Joining and signalling go over the room's socket; see docs/calls.md. */
export const callsRoutes = new Hono<AppEnv>()
  .get(
    "/v1/rooms/:roomId/calls",
    route({
      policy: "person",
      summary: "The calls of a room, the newest first",
      tags: TAGS,
      responses: { 200: callListSchema },
      problems: ["not_found", "invalid"],
    }),
    validate("param", roomParam),
    validate("query", pageQuery),
    async (c) => {
      const { roomId } = c.req.valid("param");
      const { limit, cursor } = c.req.valid("query");
      const { say, actor } = await callPorts(c, roomId);
      const keys = regionalKeys(regional(c.env, regionOf(actor.person)).keys);
      const before = cursor === undefined ? undefined : await openCursor<number>(keys, actor.person, `calls ${roomId}`, cursor);
      const answer = await say({ type: "call.list", limit: limit + 1, ...(before !== undefined && { before }) });
      const found = ITEMS.parse((answer as { items: unknown }).items);
      const items = found.slice(0, limit);
      const last = items.at(-1);
      const next =
        found.length > limit && last !== undefined ? await sealCursor(keys, actor.person, `calls ${roomId}`, Number(last.id)) : null;
      return c.json({ items, next });
    },
  )
  .post(
    "/v1/rooms/:roomId/calls",
    route({
      policy: "person",
      summary: "Start a call in a room",
      description:
        "It rings for 45 seconds at whoever is named, else at everybody. While a call goes on, this answers that one. It is joined on the room's socket, with `call.join`.",
      tags: TAGS,
      responses: { 201: callSchema },
      problems: ["malformed", "invalid", "not_found"],
    }),
    validate("param", roomParam),
    validate("json", startBody),
    async (c) => {
      const { say } = await callPorts(c, c.req.valid("param").roomId);
      const { call } = callAnswerSchema.parse(await say({ type: "call.start", ...c.req.valid("json") }));
      return c.json(call, 201, { location: `${c.req.path}/${call.id}` });
    },
  )
  .get(
    "/v1/rooms/:roomId/calls/:callId",
    route({ policy: "person", summary: "One call", tags: TAGS, responses: { 200: callSchema }, problems: ["not_found", "invalid"] }),
    validate("param", callParam),
    async (c) => {
      const { roomId, callId } = c.req.valid("param");
      const { say } = await callPorts(c, roomId);
      return c.json(callAnswerSchema.parse(await say({ type: "call.get", call: callId })).call);
    },
  )
  .post(
    "/v1/rooms/:roomId/calls/:callId/decline",
    route({
      policy: "person",
      summary: "Decline a call that rings",
      tags: TAGS,
      responses: { 200: callSchema },
      problems: ["not_found", "invalid", "gone"],
    }),
    validate("param", callParam),
    async (c) => {
      const { roomId, callId } = c.req.valid("param");
      const { say } = await callPorts(c, roomId);
      return c.json(callAnswerSchema.parse(await say({ type: "call.decline", call: callId })).call);
    },
  )
  .post(
    "/v1/rooms/:roomId/calls/:callId/end",
    route({
      policy: "person",
      summary: "End a call for everybody, as its host",
      tags: TAGS,
      responses: { 200: callSchema },
      problems: ["not_found", "invalid", "gone"],
    }),
    validate("param", callParam),
    async (c) => {
      const { roomId, callId } = c.req.valid("param");
      const { say } = await callPorts(c, roomId);
      return c.json(callAnswerSchema.parse(await say({ type: "call.end", call: callId })).call);
    },
  )
  .post(
    "/v1/rooms/:roomId/calls/:callId/ice-servers",
    route({
      policy: "person",
      summary: "Servers by which the devices of a call find each other",
      description: "With credentials of four hours, for whoever is in the room while the call goes on.",
      tags: TAGS,
      responses: { 200: iceSchema },
      problems: ["not_found", "invalid", "gone", "server_failed", "server_timeout"],
      idempotency: "off",
    }),
    validate("param", callParam),
    async (c) => {
      const { roomId, callId } = c.req.valid("param");
      const ports = await callPorts(c, roomId);
      const { call } = callAnswerSchema.parse(await ports.say({ type: "call.get", call: callId }));
      if (call.state === "ended") throw problem("gone", "The call is over.");
      const { expiresAt, ...rest } = await iceServers(ports);
      return c.json({ ...rest, expiresAt: new Date(expiresAt).toISOString() });
    },
  )
  .get(
    "/v1/rooms/:roomId/calls/:callId/tracks",
    route({
      policy: "person",
      summary: "What can be pulled from the forwarding server in a call, and whose it is",
      tags: TAGS,
      responses: { 200: trackListSchema },
      problems: ["not_found", "invalid", "conflict"],
    }),
    validate("param", callParam),
    async (c) => {
      const { roomId, callId } = c.req.valid("param");
      return c.json({ items: await listTracks(await callPorts(c, roomId), callId), next: null });
    },
  )
  .post(
    "/v1/rooms/:roomId/calls/:callId/sessions",
    route({
      policy: "person",
      summary: "Open a session of your own at the forwarding server of a call",
      tags: TAGS,
      responses: { 201: sfuSessionSchema },
      problems: ["not_found", "invalid", "conflict", "server_failed", "server_timeout"],
      idempotency: "off",
    }),
    validate("param", callParam),
    async (c) => {
      const { roomId, callId } = c.req.valid("param");
      return c.json({ session: await openSession(await callPorts(c, roomId), callId) }, 201);
    },
  )
  .post(
    "/v1/rooms/:roomId/calls/:callId/sessions/:sfuSession/tracks",
    route({
      policy: "person",
      summary: "Push tracks of your own in your session, or pull those of others in the same call",
      tags: TAGS,
      responses: { 200: sfuAnswerSchema },
      problems: ["malformed", "not_found", "invalid", "conflict", "server_failed", "server_timeout"],
      idempotency: "off",
    }),
    validate("param", sfuParam),
    validate("json", tracksBody),
    async (c) => {
      const { roomId, callId, sfuSession } = c.req.valid("param");
      return c.json(answerView(await changeTracks(await callPorts(c, roomId), callId, sfuSession, c.req.valid("json"))));
    },
  )
  .put(
    "/v1/rooms/:roomId/calls/:callId/sessions/:sfuSession/answer",
    route({
      policy: "person",
      summary: "Answer an offer of the forwarding server in your session",
      tags: TAGS,
      responses: { 200: sfuAnswerSchema },
      problems: ["malformed", "not_found", "invalid", "conflict", "server_failed", "server_timeout"],
      idempotency: "off",
    }),
    validate("param", sfuParam),
    validate("json", answerBody),
    async (c) => {
      const { roomId, callId, sfuSession } = c.req.valid("param");
      return c.json(answerView(await renegotiate(await callPorts(c, roomId), callId, sfuSession, c.req.valid("json").answer)));
    },
  )
  .put(
    "/v1/rooms/:roomId/calls/:callId/sessions/:sfuSession/tracks/close",
    route({
      policy: "person",
      summary: "Close tracks of your session",
      tags: TAGS,
      responses: { 200: sfuAnswerSchema },
      problems: ["malformed", "not_found", "invalid", "conflict", "server_failed", "server_timeout"],
      idempotency: "off",
    }),
    validate("param", sfuParam),
    validate("json", closeBody),
    async (c) => {
      const { roomId, callId, sfuSession } = c.req.valid("param");
      const { mids, offer } = c.req.valid("json");
      return c.json(answerView(await closeTracks(await callPorts(c, roomId), callId, sfuSession, mids, offer)));
    },
  );

function answerView({ sessionDescription, requiresImmediateRenegotiation, tracks = [] }: SfuAnswer) {
  return {
    description: sessionDescription ?? null,
    renegotiate: requiresImmediateRenegotiation === true,
    tracks: tracks.map(({ trackName, mid, errorCode }) => ({ name: trackName ?? null, mid: mid ?? null, refused: errorCode ?? null })),
  };
}
