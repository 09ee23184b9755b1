import { Hono } from "hono";
import type * as z from "zod";
import { type AppContext, type AppEnv, personOf } from "../../shared/http/app-env";
import { route } from "../../shared/http/route";
import { validate } from "../../shared/http/validate";
import { parseMetricFilter } from "../../shared/live/filter";
import { admitSocket } from "./admit-socket";
import { issueTicket } from "./issue-ticket";
import { openStream, type StreamRequest } from "./open-stream";
import { livePorts } from "./ports";
import { liveQuery, personParam, ticketSchema } from "./schemas";
import { watchPerson } from "./watch-person";

export const liveRoutes = new Hono<AppEnv>()
  .post(
    "/v1/tickets",
    route({
      policy: "person",
      summary: "Get a ticket that opens one WebSocket",
      description: "For browsers, which cannot send a token when they open a socket. Good for 30 seconds and one use.",
      tags: ["Live"],
      responses: { 200: ticketSchema },
      idempotency: "off",
    }),
    async (c) => c.json(await issueTicket(livePorts(c), personOf(c))),
  )
  .get(
    "/v1/me/live",
    route({
      policy: "ticket",
      summary: "Watch and publish readings as they happen (WebSocket)",
      description: "Send the access token as usual, or a ticket in the query. The messages are described in docs/live.md.",
      tags: ["Live"],
      responses: { 101: null },
      problems: ["malformed", "forbidden", "not_found", "invalid", "unknown_metric"],
    }),
    validate("query", liveQuery),
    async (c) => await upgraded(c, c.req.valid("query"), async (request) => await openStream(livePorts(c), request)),
  )
  .get(
    "/v1/people/:personId/live",
    route({
      policy: "ticket",
      summary: "Watch another person's readings as they happen (WebSocket)",
      description:
        "What the person allows you to see, for as long as they do: the stream closes or narrows the moment a consent, a role or your session ends. Opened like your own; the messages are described in docs/live.md.",
      tags: ["People"],
      responses: { 101: null },
      problems: ["malformed", "forbidden", "not_found", "invalid", "unknown_metric", "step_up_required"],
    }),
    validate("param", personParam),
    validate("query", liveQuery),
    async (c) =>
      await upgraded(c, c.req.valid("query"), async (request) => await watchPerson(livePorts(c), c.req.valid("param").personId, request)),
  );

/** Checks who asks and how, and answers with the socket that `open` makes. */
async function upgraded(
  c: AppContext,
  { metrics, after, ticket }: z.output<typeof liveQuery>,
  open: (request: StreamRequest) => Promise<WebSocket>,
): Promise<Response> {
  const admission = await admitSocket(c, ticket);
  const filter = parseMetricFilter(metrics);
  return new Response(null, { status: 101, webSocket: await open({ admission, filter, after, requestId: c.get("requestId") }) });
}
