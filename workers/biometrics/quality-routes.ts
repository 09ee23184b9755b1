import { Hono } from "hono";
import type { AppEnv } from "../../shared/http/app-env";
import { route } from "../../shared/http/route";
import { validate } from "../../shared/http/validate";
import { problem } from "../../shared/problem";
import { json } from "./json";
import { listQuarantine } from "./list-quarantine";
import { biometricsPorts } from "./ports";
import { decidedSchema, heldBody, quarantineListSchema, quarantineParam, quarantineQuery, reconciliationSchema } from "./quality-schemas";
import { reconcile } from "./reconcile";
import { keyParam } from "./schemas";
import { periodQuery } from "./source-schemas";

const TAGS = ["Data quality"] as const;
const RELEASED = "They are stored as they came, with the reason in `attributes.quarantine`; a later delivery of the same is a duplicate.";
const DISCARDED = "A later delivery of the same is not held again.";

/** What is not believed, and what does not add up. */
export const qualityRoutes = new Hono<AppEnv>()
  .get(
    "/v1/me/quarantine",
    route({
      policy: "person",
      summary: "Readings that were kept apart, with the reason",
      tags: TAGS,
      responses: { 200: quarantineListSchema },
      problems: ["invalid"],
    }),
    validate("query", quarantineQuery),
    async (c) => c.json(await listQuarantine(biometricsPorts(c), c.req.valid("query"))),
  )
  .post(
    "/v1/me/quarantine/release",
    route({
      policy: "person",
      summary: "Store readings that were kept apart, after all",
      description: `By metric, source, reason or time, a thousand at a time. ${RELEASED}`,
      tags: TAGS,
      responses: { 200: decidedSchema },
      problems: ["malformed", "invalid"],
    }),
    validate("json", heldBody),
    async (c) => {
      const { vault, actor } = biometricsPorts(c);
      return c.json(await vault.decideQuarantine(actor, "release", c.req.valid("json")));
    },
  )
  .post(
    "/v1/me/quarantine/discard",
    route({
      policy: "person",
      summary: "Let readings that were kept apart go",
      description: `By metric, source, reason or time, a thousand at a time. ${DISCARDED}`,
      tags: TAGS,
      responses: { 200: decidedSchema },
      problems: ["malformed", "invalid"],
    }),
    validate("json", heldBody),
    async (c) => {
      const { vault, actor } = biometricsPorts(c);
      return c.json(await vault.decideQuarantine(actor, "discard", c.req.valid("json")));
    },
  )
  .post(
    "/v1/me/quarantine/:id/release",
    route({
      policy: "person",
      summary: "Store one reading that was kept apart, after all",
      description: RELEASED,
      tags: TAGS,
      responses: { 204: null },
      problems: ["not_found", "conflict"],
    }),
    validate("param", quarantineParam),
    async (c) => {
      const { vault, actor } = biometricsPorts(c);
      const { refused } = await vault.decideQuarantine(actor, "release", { id: c.req.valid("param").id });
      if (refused > 0) throw problem("conflict", "The reading was never understood as a whole, or was deleted meanwhile.");
      return c.body(null, 204);
    },
  )
  .post(
    "/v1/me/quarantine/:id/discard",
    route({
      policy: "person",
      summary: "Let one reading that was kept apart go",
      description: DISCARDED,
      tags: TAGS,
      responses: { 204: null },
      problems: ["not_found"],
    }),
    validate("param", quarantineParam),
    async (c) => {
      const { vault, actor } = biometricsPorts(c);
      await vault.decideQuarantine(actor, "discard", { id: c.req.valid("param").id });
      return c.body(null, 204);
    },
  )
  .get(
    "/v1/me/metrics/:key/reconciliation",
    route({
      policy: "person",
      summary: "A source's own daily numbers beside what its readings come to",
      description: "By local dates, at most a year. Shown and never corrected: a day is told by the total, an hour by the readings.",
      tags: TAGS,
      responses: { 200: reconciliationSchema },
      problems: ["not_found", "invalid"],
    }),
    validate("param", keyParam),
    validate("query", periodQuery),
    async (c) => json(c, await reconcile(biometricsPorts(c), c.req.valid("param").key, c.req.valid("query"))),
  );
