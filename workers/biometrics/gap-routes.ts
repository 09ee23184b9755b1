import { Hono } from "hono";
import type { AppEnv } from "../../shared/http/app-env";
import { route } from "../../shared/http/route";
import { validate } from "../../shared/http/validate";
import { gapListSchema, gapParam, gapRunSchema, gapSchema, gapsQuery, gapView } from "./gap-schemas";
import { listGaps } from "./list-gaps";
import { biometricsPorts } from "./ports";

const TAGS = ["Data quality"] as const;

/** What is missing, and why. */
export const gapRoutes = new Hono<AppEnv>()
  .get(
    "/v1/me/gaps",
    route({
      policy: "person",
      summary: "Dates on which readings are missing, newest first",
      description:
        "A source that told a metric on most of the last days and told nothing, or much less than usual, on a date has a gap there, unless another source tells it. Every morning the days before are looked at; what can be asked of a vendor again is asked once.",
      tags: TAGS,
      responses: { 200: gapListSchema },
      problems: ["not_found", "invalid"],
    }),
    validate("query", gapsQuery),
    async (c) => c.json(await listGaps(biometricsPorts(c), c.req.valid("query"))),
  )
  .post(
    "/v1/me/gaps/check",
    route({
      policy: "person",
      summary: "Look for gaps now",
      description: "Looks at the dates up to yesterday that were not looked at yet, and at the gaps that are open.",
      tags: TAGS,
      responses: { 200: gapRunSchema },
    }),
    async (c) => {
      const { vault, actor } = biometricsPorts(c);
      return c.json(await vault.checkGaps(actor));
    },
  )
  .post(
    "/v1/me/gaps/:id/dismiss",
    route({
      policy: "person",
      summary: "Close a gap that does not matter to you",
      tags: TAGS,
      responses: { 200: gapSchema },
      problems: ["not_found"],
    }),
    validate("param", gapParam),
    async (c) => {
      const { vault, actor } = biometricsPorts(c);
      return c.json(gapView(await vault.dismissGap(actor, c.req.valid("param").id)));
    },
  );
