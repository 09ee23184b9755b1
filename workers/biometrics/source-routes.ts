import { Hono } from "hono";
import { NO_SETTINGS } from "../../shared/health/source-settings";
import type { AppEnv } from "../../shared/http/app-env";
import { ifMatchHeader, versionIn } from "../../shared/http/if-match";
import { route } from "../../shared/http/route";
import { validate } from "../../shared/http/validate";
import { compareSources } from "./compare-sources";
import { json } from "./json";
import { biometricsPorts } from "./ports";
import { keyParam } from "./schemas";
import { comparisonSchema, periodQuery, settingsBody, settingsOf, settingsQuery, settingsSchema } from "./source-schemas";

const TAGS = ["Biometrics"] as const;

/** Which source is believed for what. */
export const sourceRoutes = new Hono<AppEnv>()
  .get(
    "/v1/me/source-priorities",
    route({
      policy: "person",
      summary: "Which sources come first",
      description:
        "Everything is kept per source and chosen when it is read. Without a choice of yours, sources stand in the usual order: by kind of device, by how it was recorded, by the way it came.",
      tags: TAGS,
      responses: { 200: settingsSchema },
      problems: ["not_found", "invalid"],
    }),
    validate("query", settingsQuery),
    async (c) => {
      const { vault, actor } = biometricsPorts(c);
      const view = await vault.sourceSettings(actor, c.req.valid("query").metric);
      return c.json(settingsOf(view), 200, { etag: `"${view.version}"` });
    },
  )
  .put(
    "/v1/me/source-priorities",
    route({
      policy: "person",
      summary: "Choose which sources come first",
      description: "Replaces everything; what is not named goes by the usual order. Counts from the next read on, for all times.",
      tags: TAGS,
      responses: { 200: settingsSchema },
      problems: ["malformed", "invalid", "precondition_failed"],
    }),
    validate("header", ifMatchHeader),
    validate("json", settingsBody),
    async (c) => {
      const { vault, actor } = biometricsPorts(c);
      const view = await vault.setSourceSettings(actor, c.req.valid("json"), versionIn(c.req.valid("header")["if-match"]));
      return c.json(settingsOf(view), 200, { etag: `"${view.version}"` });
    },
  )
  .delete(
    "/v1/me/source-priorities",
    route({
      policy: "person",
      summary: "Go back to the usual order of sources",
      tags: TAGS,
      responses: { 204: null },
      problems: ["precondition_failed"],
    }),
    validate("header", ifMatchHeader),
    async (c) => {
      const { vault, actor } = biometricsPorts(c);
      await vault.setSourceSettings(actor, NO_SETTINGS, versionIn(c.req.valid("header")["if-match"]));
      return c.body(null, 204);
    },
  )
  .get(
    "/v1/me/metrics/:key/sources",
    route({
      policy: "person",
      summary: "The sources of a metric, side by side",
      description: "By local dates, at most a year: what each source tells, which one is chosen for each date, and why.",
      tags: TAGS,
      responses: { 200: comparisonSchema },
      problems: ["not_found", "invalid"],
    }),
    validate("param", keyParam),
    validate("query", periodQuery),
    async (c) => json(c, await compareSources(biometricsPorts(c), c.req.valid("param").key, c.req.valid("query"))),
  );
