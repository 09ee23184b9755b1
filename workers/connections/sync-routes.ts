import { Hono } from "hono";
import type { AppEnv } from "../../shared/http/app-env";
import { route } from "../../shared/http/route";
import { connectionJson } from "../../shared/vendors/connection-view";
import { validate } from "../../shared/http/validate";
import { ownPorts } from "./ports";
import { readObservations } from "./read-observations";
import { requestSync } from "./request-sync";
import { jobJson, jobParam, observationListSchema, observationsQuery, syncBody, syncJobSchema, syncResultSchema } from "./schemas";

const TAGS = ["Connections"] as const;

export const syncRoutes = new Hono<AppEnv>()
  .post(
    "/v1/health/sync",
    route({
      policy: "person",
      summary: "Read what is new at your vendors",
      description: "In the background; `GET /v1/health/sync/{id}` tells how it goes.",
      tags: TAGS,
      responses: { 202: syncJobSchema },
      problems: ["malformed", "invalid", "not_found", "vendor_retired", "unavailable"],
    }),
    validate("json", syncBody),
    async (c) => {
      const job = await requestSync(ownPorts(c), c.req.valid("json").vendor);
      c.header("location", `/v1/health/sync/${job.id}`);
      return c.json(jobJson(job), 202);
    },
  )
  .get(
    "/v1/health/sync/:id",
    route({
      policy: "person",
      summary: "How a sync goes",
      tags: TAGS,
      responses: { 200: syncJobSchema },
      problems: ["not_found", "invalid"],
    }),
    validate("param", jobParam),
    async (c) => {
      const { vault, actor } = ownPorts(c);
      return c.json(jobJson(await vault.syncJob(actor, c.req.valid("param").id)));
    },
  )
  .post(
    "/v1/health/sync/immediate",
    route({
      policy: "person",
      summary: "Read what is new at your vendors, now",
      description: "Answers when it is done, or after twenty seconds with what has been read so far; the rest follows by itself.",
      tags: TAGS,
      responses: { 200: syncResultSchema },
      problems: ["malformed", "invalid", "not_found", "vendor_retired"],
    }),
    validate("json", syncBody),
    async (c) => {
      const { vault, actor } = ownPorts(c);
      const results = await vault.syncNow(actor, c.req.valid("json").vendor);
      return c.json({ items: results.map(({ connection, ...rest }) => ({ connection: connectionJson(connection), ...rest })) });
    },
  )
  .get(
    "/v1/health/observations",
    route({
      policy: "person",
      summary: "Readings of every vendor in one shape",
      description: "Metric by metric, each in the order of time, every source side by side. Without a range, the last 30 days.",
      tags: TAGS,
      responses: { 200: observationListSchema },
      problems: ["invalid", "unknown_metric", "not_found"],
    }),
    validate("query", observationsQuery),
    async (c) => {
      const page = await readObservations(ownPorts(c), c.req.valid("query"), c.get("now")());
      return c.body(page, 200, { "content-type": "application/json; charset=UTF-8" });
    },
  );
