import { Hono } from "hono";
import type { AppEnv } from "../../shared/http/app-env";
import { pageQuery } from "../../shared/http/page";
import { route } from "../../shared/http/route";
import { validate } from "../../shared/http/validate";
import { openPerson } from "../consents";
import { json } from "./json";
import { listMetrics } from "./list-metrics";
import { compareSources } from "./compare-sources";
import { reconciliationSchema } from "./quality-schemas";
import { readDay, readDays } from "./read-days";
import { readSeries } from "./read-series";
import { readSessions } from "./read-sessions";
import { reconcile } from "./reconcile";
import {
  dayListSchema,
  daySchema,
  dayQuery,
  daysQuery,
  metricListSchema,
  personDateParam,
  personKeyParam,
  personParam,
  seriesQuery,
  seriesSchema,
  sessionsQuery,
  sleepListSchema,
  workoutListSchema,
} from "./schemas";
import { comparisonSchema, periodQuery } from "./source-schemas";

const TAGS = ["People"] as const;
const DESCRIPTION =
  "Shows what the person allows you to see, in the shapes of your own data. Whatever you may not see looks as if it did not exist.";

/** Another person's data, by their consent: every call is decided and logged in that person's vault. */
export const peopleRoutes = new Hono<AppEnv>()
  .get(
    "/v1/people/:personId/metrics",
    route({
      policy: "reader",
      summary: "What there is of another person",
      description: DESCRIPTION,
      tags: TAGS,
      responses: { 200: metricListSchema },
      problems: ["not_found", "invalid", "step_up_required"],
    }),
    validate("param", personParam),
    validate("query", pageQuery),
    async (c) => c.json(await listMetrics(await openPerson(c, c.req.valid("param").personId), c.req.valid("query"))),
  )
  .get(
    "/v1/people/:personId/metrics/:key",
    route({
      policy: "reader",
      summary: "A metric's series of another person",
      description: DESCRIPTION,
      tags: TAGS,
      responses: { 200: seriesSchema },
      problems: ["not_found", "invalid", "step_up_required"],
    }),
    validate("param", personKeyParam),
    validate("query", seriesQuery),
    async (c) => {
      const { personId, key } = c.req.valid("param");
      return json(c, await readSeries(await openPerson(c, personId), { ...c.req.valid("query"), key }, c.get("now")()));
    },
  )
  .get(
    "/v1/people/:personId/metrics/:key/sources",
    route({
      policy: "reader",
      summary: "The sources of a metric of another person, side by side",
      description: DESCRIPTION,
      tags: TAGS,
      responses: { 200: comparisonSchema },
      problems: ["not_found", "invalid", "step_up_required"],
    }),
    validate("param", personKeyParam),
    validate("query", periodQuery),
    async (c) => {
      const { personId, key } = c.req.valid("param");
      return json(c, await compareSources(await openPerson(c, personId), key, c.req.valid("query")));
    },
  )
  .get(
    "/v1/people/:personId/metrics/:key/reconciliation",
    route({
      policy: "reader",
      summary: "A source's own daily numbers of another person, beside what its readings come to",
      description: DESCRIPTION,
      tags: TAGS,
      responses: { 200: reconciliationSchema },
      problems: ["not_found", "invalid", "step_up_required"],
    }),
    validate("param", personKeyParam),
    validate("query", periodQuery),
    async (c) => {
      const { personId, key } = c.req.valid("param");
      return json(c, await reconcile(await openPerson(c, personId), key, c.req.valid("query")));
    },
  )
  .get(
    "/v1/people/:personId/days",
    route({
      policy: "reader",
      summary: "Daily summaries of another person",
      description: DESCRIPTION,
      tags: TAGS,
      responses: { 200: dayListSchema },
      problems: ["not_found", "invalid", "step_up_required"],
    }),
    validate("param", personParam),
    validate("query", daysQuery),
    async (c) => json(c, await readDays(await openPerson(c, c.req.valid("param").personId), c.req.valid("query"))),
  )
  .get(
    "/v1/people/:personId/days/:date",
    route({
      policy: "reader",
      summary: "The summary of one date of another person, in their zone",
      description: DESCRIPTION,
      tags: TAGS,
      responses: { 200: daySchema },
      problems: ["not_found", "invalid", "step_up_required"],
    }),
    validate("param", personDateParam),
    validate("query", dayQuery),
    async (c) => {
      const { personId, date } = c.req.valid("param");
      return json(c, await readDay(await openPerson(c, personId), date, c.req.valid("query")));
    },
  )
  .get(
    "/v1/people/:personId/sleep",
    route({
      policy: "reader",
      summary: "Sleep sessions of another person",
      description: DESCRIPTION,
      tags: TAGS,
      responses: { 200: sleepListSchema },
      problems: ["not_found", "invalid", "step_up_required"],
    }),
    validate("param", personParam),
    validate("query", sessionsQuery),
    async (c) =>
      json(c, await readSessions(await openPerson(c, c.req.valid("param").personId), "sleep", c.req.valid("query"), c.get("now")())),
  )
  .get(
    "/v1/people/:personId/workouts",
    route({
      policy: "reader",
      summary: "Workouts of another person",
      description: DESCRIPTION,
      tags: TAGS,
      responses: { 200: workoutListSchema },
      problems: ["not_found", "invalid", "step_up_required"],
    }),
    validate("param", personParam),
    validate("query", sessionsQuery),
    async (c) =>
      json(c, await readSessions(await openPerson(c, c.req.valid("param").personId), "workouts", c.req.valid("query"), c.get("now")())),
  );
