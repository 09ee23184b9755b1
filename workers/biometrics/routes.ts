import { Hono } from "hono";
import { demandsOf } from "../../shared/vendors/source-policy";
import { sourceId } from "../../shared/health/source-id";
import type { AppEnv } from "../../shared/http/app-env";
import { pageOf, pageQuery } from "../../shared/http/page";
import { route } from "../../shared/http/route";
import { validate } from "../../shared/http/validate";
import { gapRoutes } from "./gap-routes";
import { ingestRoutes } from "./ingest-routes";
import { listMetrics } from "./list-metrics";
import { json } from "./json";
import { peopleRoutes } from "./people-routes";
import { biometricsPorts } from "./ports";
import { qualityRoutes } from "./quality-routes";
import { readDay, readDays } from "./read-days";
import { readSeries } from "./read-series";
import { readSessions } from "./read-sessions";
import { sourceRoutes } from "./source-routes";
import {
  dateParam,
  dayListSchema,
  daySchema,
  erasedSchema,
  eraseQuery,
  keyParam,
  metricListSchema,
  ownDayQuery,
  ownDaysQuery,
  ownSeriesQuery,
  ownSessionsQuery,
  readingParam,
  seriesSchema,
  sleepListSchema,
  sourceListSchema,
  sourceParam,
  workoutListSchema,
  workoutSchema,
} from "./schemas";

const TAGS = ["Biometrics"] as const;

const reads = new Hono<AppEnv>()
  .get(
    "/v1/me/metrics",
    route({
      policy: "person",
      summary: "What there is: every metric with data",
      tags: TAGS,
      responses: { 200: metricListSchema },
      problems: ["invalid"],
    }),
    validate("query", pageQuery),
    async (c) => c.json(await listMetrics(biometricsPorts(c), c.req.valid("query"))),
  )
  .get(
    "/v1/me/metrics/:key",
    route({
      policy: "person",
      summary: "A metric's series",
      description: "Several sources are never added: each hour shows its best source, unless `source` names one or asks for `all`.",
      tags: TAGS,
      responses: { 200: seriesSchema },
      problems: ["not_found", "invalid"],
    }),
    validate("param", keyParam),
    validate("query", ownSeriesQuery),
    async (c) => {
      return json(c, await readSeries(biometricsPorts(c), { ...c.req.valid("query"), key: c.req.valid("param").key }, c.get("now")()));
    },
  )
  .get(
    "/v1/me/days",
    route({
      policy: "person",
      summary: "Daily summaries across metrics",
      description:
        "A page covers `limit` dates and leaves out those without data, so that it may be empty: go on while `next` is not null.",
      tags: TAGS,
      responses: { 200: dayListSchema },
      problems: ["invalid"],
    }),
    validate("query", ownDaysQuery),
    async (c) => {
      return json(c, await readDays(biometricsPorts(c), c.req.valid("query")));
    },
  )
  .get(
    "/v1/me/days/:date",
    route({
      policy: "person",
      summary: "The summary of one date in your zone",
      tags: TAGS,
      responses: { 200: daySchema },
      problems: ["invalid"],
    }),
    validate("param", dateParam),
    validate("query", ownDayQuery),
    async (c) => {
      return json(c, await readDay(biometricsPorts(c), c.req.valid("param").date, c.req.valid("query")));
    },
  )
  .get(
    "/v1/me/sleep",
    route({
      policy: "person",
      summary: "Sleep sessions by the time they end",
      description: "A night that several sources tell is one, shown as the best of them tells it; `source=all` shows each of them.",
      tags: TAGS,
      responses: { 200: sleepListSchema },
      problems: ["invalid"],
    }),
    validate("query", ownSessionsQuery),
    async (c) => {
      return json(c, await readSessions(biometricsPorts(c), "sleep", c.req.valid("query"), c.get("now")()));
    },
  )
  .get(
    "/v1/me/workouts",
    route({
      policy: "person",
      summary: "Workouts by the time they begin",
      description:
        "An activity that several sources tell (half of the shorter one overlaps) is one: the best source leads, and what it does not tell comes from the next, as `origins` says. `source=all` shows each of them.",
      tags: TAGS,
      responses: { 200: workoutListSchema },
      problems: ["invalid"],
    }),
    validate("query", ownSessionsQuery),
    async (c) => {
      return json(c, await readSessions(biometricsPorts(c), "workouts", c.req.valid("query"), c.get("now")()));
    },
  )
  .get(
    "/v1/me/workouts/:id",
    route({
      policy: "person",
      summary: "One workout with its route",
      description: "The id that leads an activity shows it as the list does; the id of another account shows that account alone.",
      tags: TAGS,
      responses: { 200: workoutSchema },
      problems: ["not_found"],
    }),
    validate("param", readingParam),
    async (c) => {
      const { vault, actor } = biometricsPorts(c);
      return json(c, await vault.workout(actor, c.req.valid("param").id));
    },
  )
  .get(
    "/v1/me/sources",
    route({
      policy: "person",
      summary: "The apps and devices that brought readings",
      tags: TAGS,
      responses: { 200: sourceListSchema },
      problems: ["invalid"],
    }),
    validate("query", pageQuery),
    async (c) => {
      const { vault, actor, keys } = biometricsPorts(c);
      const list = { name: "sources", items: await vault.sources(actor), place: ({ number }: { readonly number: number }) => number };
      const { items, next } = await pageOf(keys, actor.person, list, c.req.valid("query"));
      return c.json({ items: items.map(({ number, source }) => ({ id: sourceId(number), ...source, ...demandsOf(source.vendor) })), next });
    },
  );

const deletions = new Hono<AppEnv>()
  .delete(
    "/v1/me/metrics/:key",
    route({
      policy: "person",
      summary: "Delete a range of a metric",
      description: "What is deleted stays deleted: a later sync of the same past does not bring it back.",
      tags: TAGS,
      responses: { 200: erasedSchema },
      problems: ["not_found", "invalid"],
    }),
    validate("param", keyParam),
    validate("query", eraseQuery),
    async (c) => {
      const { vault, actor } = biometricsPorts(c);
      return c.json(await vault.erase(actor, { ...c.req.valid("query"), key: c.req.valid("param").key }));
    },
  )
  .delete(
    "/v1/me/sources/:id",
    route({
      policy: "person",
      summary: "Delete everything a source has brought so far",
      description: "Readings that the source brings for later times are welcome again.",
      tags: TAGS,
      responses: { 200: erasedSchema },
      problems: ["not_found"],
    }),
    validate("param", sourceParam),
    async (c) => {
      const { vault, actor } = biometricsPorts(c);
      return c.json(await vault.erase(actor, { source: c.req.valid("param").id, from: EARLIEST, to: c.get("now")() + 1 }));
    },
  )
  .delete(
    "/v1/me/readings/:id",
    route({
      policy: "person",
      summary: "Delete one reading, sleep session or workout",
      tags: TAGS,
      responses: { 204: null },
      problems: ["not_found"],
    }),
    validate("param", readingParam),
    async (c) => {
      const { vault, actor } = biometricsPorts(c);
      await vault.eraseOne(actor, c.req.valid("param").id);
      return c.body(null, 204);
    },
  );

/** Before every reading: 1900-01-01. */
const EARLIEST = Date.UTC(1900, 0, 1);

export const biometricsRoutes = new Hono<AppEnv>()
  .route("/", ingestRoutes)
  .route("/", reads)
  .route("/", deletions)
  .route("/", sourceRoutes)
  .route("/", gapRoutes)
  .route("/", qualityRoutes)
  .route("/", peopleRoutes);
