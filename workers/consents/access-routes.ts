import { Hono } from "hono";
import type { AppEnv } from "../../shared/http/app-env";
import { route } from "../../shared/http/route";
import { validate } from "../../shared/http/validate";
import { accessLogQuery, accessLogSchema, verificationSchema, verifyQuery } from "./access-schemas";
import { consentPorts } from "./ports";
import { readAccessLog, verifyAccessLog } from "./read-access-log";

const TAGS = ["Access"] as const;

export const accessRoutes = new Hono<AppEnv>()
  .get(
    "/v1/me/access-log",
    route({
      policy: "person",
      summary: "Who did what with your data",
      description: "Newest first. Reading the log is logged too.",
      tags: TAGS,
      responses: { 200: accessLogSchema },
      problems: ["invalid"],
    }),
    validate("query", accessLogQuery),
    async (c) => c.json(await readAccessLog(consentPorts(c), c.req.valid("query"))),
  )
  .get(
    "/v1/me/access-log/verify",
    route({
      policy: "person",
      summary: "Prove that nobody has changed the log",
      description:
        "Recomputes the chain of up to 20 000 lines and compares it with the newest record that is kept outside of the log. Go on with `after` while `next` is not null.",
      tags: TAGS,
      responses: { 200: verificationSchema },
      problems: ["invalid"],
    }),
    validate("query", verifyQuery),
    async (c) => c.json(await verifyAccessLog(consentPorts(c), c.req.valid("query").after)),
  );
