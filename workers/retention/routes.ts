import { Hono } from "hono";
import { type AppEnv, personOf } from "../../shared/http/app-env";
import { route } from "../../shared/http/route";
import { validate } from "../../shared/http/validate";
import { vaultOf } from "../regional";
import { retentionBody, retentionOf, retentionSchema } from "./schemas";

export const retentionRoutes = new Hono<AppEnv>()
  .get(
    "/v1/me/retention",
    route({
      policy: "person",
      summary: "How long what is kept, and what was removed",
      tags: ["Retention"],
      responses: { 200: retentionSchema },
    }),
    async (c) => {
      const actor = personOf(c);
      return c.json(retentionOf(await vaultOf(c.env, actor.person).retention(actor)));
    },
  )
  .put(
    "/v1/me/retention",
    route({
      policy: "person",
      summary: "Choose how long what is kept",
      description: "Within the bounds that reading it shows. What is too old by the new choice is removed within minutes, for good.",
      tags: ["Retention"],
      responses: { 200: retentionSchema },
      problems: ["malformed", "invalid"],
    }),
    validate("json", retentionBody),
    async (c) => {
      const actor = personOf(c);
      const { keep, keepSummaries } = c.req.valid("json");
      const days = Object.fromEntries(Object.entries(keep).map(([kind, value]) => [kind, value === "forever" ? null : value]));
      return c.json(retentionOf(await vaultOf(c.env, actor.person).setRetention(actor, { keep: days, keepSummaries })));
    },
  );
