import { Hono } from "hono";
import { type AppContext, type AppEnv, personOf } from "../../shared/http/app-env";
import { authenticate } from "../../shared/http/authenticate";
import { refuseWrongHost } from "../../shared/http/regional-hosts";
import { route } from "../../shared/http/route";
import { validate } from "../../shared/http/validate";
import type { Admission } from "../../shared/live/admission";
import { parseMetricFilter } from "../../shared/live/filter";
import { problem } from "../../shared/problem";
import { issueTicket } from "./issue-ticket";
import { openStream } from "./open-stream";
import { livePorts } from "./ports";
import { liveQuery, ticketSchema } from "./schemas";
import { openTicket } from "./ticket";

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
    async (c) => {
      const { metrics, after, ticket } = c.req.valid("query");
      requireKnownOrigin(c);
      const admission = await admit(c, ticket);
      c.set("actor", admission.actor);
      refuseWrongHost(c, admission.actor.person);
      const filter = parseMetricFilter(metrics);
      // A HEAD is answered by the same handler, and opens nothing.
      if (c.req.method !== "GET" || c.req.header("upgrade")?.toLowerCase() !== "websocket") {
        c.header("upgrade", "websocket");
        throw problem("malformed", "This address speaks WebSocket: ask for an upgrade.");
      }
      const requestId = c.get("requestId");
      return new Response(null, { status: 101, webSocket: await openStream(livePorts(c), { admission, filter, after, requestId }) });
    },
  );

/** Browsers say which page opens the socket, and no CORS check protects it: only pages of the configured origins, and our own, may. */
function requireKnownOrigin(c: AppContext): void {
  const origin = c.req.header("origin");
  if (origin === undefined || origin === new URL(c.env.ORIGIN).origin) return;
  const allowed: readonly string[] = c.env.CORS_ORIGINS.split(/\s+/);
  if (origin === "" || !allowed.includes(origin)) throw problem("forbidden", "This origin may not open a socket.");
}

async function admit(c: AppContext, ticket: string | undefined): Promise<Admission> {
  if (ticket === undefined) return { actor: await authenticate(c) };
  if (c.req.header("authorization") !== undefined) throw problem("invalid", "Send a token or a ticket, not both.");
  return await openTicket(livePorts(c), ticket);
}
