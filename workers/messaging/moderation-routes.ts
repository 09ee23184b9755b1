import { Hono } from "hono";
import { type AppEnv, personOf } from "../../shared/http/app-env";
import { route } from "../../shared/http/route";
import { validate } from "../../shared/http/validate";
import { enter } from "./act";
import { requestPorts } from "./ports";
import * as s from "./schemas";
import { IN_ROOM, TAGS, WRITES } from "./terms";

/** What is reported in rooms, and what was decided about it. */
export const moderationRoutes = new Hono<AppEnv>()
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
  );
