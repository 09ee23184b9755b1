import { Hono } from "hono";
import type { AppEnv } from "../../shared/http/app-env";
import { pageQuery } from "../../shared/http/page";
import { route } from "../../shared/http/route";
import { validate } from "../../shared/http/validate";
import { endAccess, listAccesses } from "./manage-own";
import { openAccess } from "./open-access";
import { emergencyPorts } from "./ports";
import { decideReview, listReviews, readReview } from "./review";
import {
  accessListSchema,
  accessView,
  decisionBody,
  emergencyParam,
  emergencyPersonParam,
  openBody,
  openedSchema,
  reviewListSchema,
  reviewQuery,
  reviewView,
} from "./schemas";

const TAGS = ["Emergency access"] as const;

const accesses = new Hono<AppEnv>()
  .post(
    "/v1/people/:personId/emergency-access",
    route({
      policy: "person",
      summary: "Break the glass: read a person's data without their consent, for an hour",
      description:
        "For clinicians whose session was opened with a second factor. The person is told at once, every read is marked in their access log, and somebody reviews it. It counts in this session alone.",
      tags: TAGS,
      responses: { 201: openedSchema },
      problems: ["malformed", "invalid", "not_found", "forbidden"],
    }),
    validate("param", emergencyPersonParam),
    validate("json", openBody),
    async (c) => c.json(await openAccess(emergencyPorts(c), c.req.valid("param").personId, c.req.valid("json").reason), 201),
  )
  .get(
    "/v1/me/emergency-accesses",
    route({
      policy: "person",
      summary: "Who broke the glass to your data, when and why, latest first",
      tags: TAGS,
      responses: { 200: accessListSchema },
      problems: ["invalid"],
    }),
    validate("query", pageQuery),
    async (c) => c.json(await listAccesses(emergencyPorts(c), c.req.valid("query"))),
  )
  .delete(
    "/v1/me/emergency-accesses/:id",
    route({
      policy: "person",
      summary: "End an emergency access to your data",
      description: "The very next read is refused.",
      tags: TAGS,
      responses: { 204: null },
      problems: ["not_found"],
    }),
    validate("param", emergencyParam),
    async (c) => {
      await endAccess(emergencyPorts(c), c.req.valid("param").id);
      return c.body(null, 204);
    },
  );

const reviews = new Hono<AppEnv>()
  .get(
    "/v1/reviews/emergency-accesses",
    route({
      policy: "person",
      summary: "Emergency accesses to be reviewed, oldest first",
      description: "For moderators and admins whose session was opened with a second factor. Ids, times and states alone.",
      tags: TAGS,
      responses: { 200: reviewListSchema },
      problems: ["invalid", "forbidden"],
    }),
    validate("query", reviewQuery),
    async (c) => c.json(await listReviews(emergencyPorts(c), c.req.valid("query"))),
  )
  .get(
    "/v1/reviews/emergency-accesses/:id",
    route({
      policy: "person",
      summary: "One emergency access with its reason, for a reviewer",
      description: "Reading it is a line in the person's access log.",
      tags: TAGS,
      responses: { 200: accessView },
      problems: ["not_found"],
    }),
    validate("param", emergencyParam),
    async (c) => c.json(await readReview(emergencyPorts(c), c.req.valid("param").id)),
  )
  .post(
    "/v1/reviews/emergency-accesses/:id/decision",
    route({
      policy: "person",
      summary: "Say whether an emergency access was justified",
      description: "The person sees it. One that was not justified ends at once, and the person is written.",
      tags: TAGS,
      responses: { 200: reviewView },
      problems: ["malformed", "invalid", "not_found", "forbidden", "conflict"],
    }),
    validate("param", emergencyParam),
    validate("json", decisionBody),
    async (c) => c.json(await decideReview(emergencyPorts(c), c.req.valid("param").id, c.req.valid("json"))),
  );

export const emergencyRoutes = new Hono<AppEnv>().route("/", accesses).route("/", reviews);
