import { Hono } from "hono";
import { type AppContext, type AppEnv, personOf } from "../../shared/http/app-env";
import { route } from "../../shared/http/route";
import { validate } from "../../shared/http/validate";
import { ADMISSION_HEADER, writeAdmission } from "../../shared/live/admission";
import { refusalOf } from "../../shared/live/refusal";
import { problem } from "../../shared/problem";
import { ownPorts } from "./ports";
import { connectionParam, detailJson, detailSchema, followQuery } from "./schemas";

const TAGS = ["Connections"] as const;

export const followRoutes = new Hono<AppEnv>()
  .get(
    "/v1/me/connections/:id",
    route({
      policy: "person",
      summary: "One of your connections, with progress, history and how far its readings go",
      tags: TAGS,
      responses: { 200: detailSchema },
      problems: ["not_found", "invalid"],
    }),
    validate("param", connectionParam),
    async (c) => {
      const { vault, actor } = ownPorts(c);
      return c.json(detailJson(await vault.connection(actor, c.req.valid("param").id)));
    },
  )
  .get(
    "/v1/me/connections/:id/events",
    route({
      policy: "person",
      summary: "Follow a connection by server-sent events",
      description:
        "`snapshot` first, `progress` with every change: its state, a page that was read, what has happened to it. `after` or `Last-Event-ID` " +
        "names the last message seen; what came after it is told first.",
      tags: TAGS,
      responses: { 200: { mediaType: "text/event-stream", description: "Messages `{ type, seq, connection, events }`" } },
      problems: ["not_found", "invalid", "unavailable"],
    }),
    validate("param", connectionParam),
    validate("query", followQuery),
    async (c) => await follow(c, c.req.valid("param").id, c.req.valid("query").after ?? lastEvent(c), {}),
  )
  .get(
    "/v1/me/connections/:id/live",
    route({
      policy: "person",
      summary: "Follow a connection over a WebSocket",
      description: "The messages of `events`, as text frames. Reconnect with `after` set to the last `seq` seen.",
      tags: TAGS,
      responses: { 101: null },
      problems: ["not_found", "invalid", "malformed", "unavailable"],
    }),
    validate("param", connectionParam),
    validate("query", followQuery),
    async (c) => {
      const { id } = c.req.valid("param");
      if (c.req.method !== "GET" || c.req.header("upgrade")?.toLowerCase() !== "websocket") {
        // Whose connection it is must not show in how a wrong request is refused.
        const { vault, actor } = ownPorts(c);
        await vault.connection(actor, id);
        throw problem("malformed", "This address speaks WebSocket.");
      }
      return await follow(c, id, c.req.valid("query").after, { upgrade: "websocket" });
    },
  );

/** Hands the request to the person's vault, which keeps it open. It is made from scratch: of the client's own headers none reaches it. */
async function follow(c: AppContext, id: string, after: number | undefined, headers: Record<string, string>): Promise<Response> {
  const { vault } = ownPorts(c);
  const url = new URL(`https://vault/connections/${encodeURIComponent(id)}`);
  if (after !== undefined) url.searchParams.set("after", String(after));
  const admission = { [ADMISSION_HEADER]: writeAdmission({ actor: personOf(c) }) };
  const answer = await vault.fetch(url.href, { headers: { ...headers, ...admission } });
  if (!answer.ok && answer.status !== 101) throw refusalOf(await answer.text());
  return answer.webSocket === null ? answer : new Response(null, { status: 101, webSocket: answer.webSocket });
}

function lastEvent(c: AppContext): number | undefined {
  const id = c.req.header("last-event-id");
  return id !== undefined && /^\d{1,15}$/.test(id) ? Number(id) : undefined;
}
