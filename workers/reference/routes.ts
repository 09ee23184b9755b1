import { Hono } from "hono";
import type { AppEnv } from "../../shared/http/app-env";
import { route } from "../../shared/http/route";
import { validate } from "../../shared/http/validate";
import { addActivity, changeActivity, listActivities, readActivity } from "./activity-types";
import { addTest, changeTest, listTests, readTest } from "./lab-tests";
import { adminPorts, referencePorts } from "./ports";
import {
  activitiesQuery,
  activityChangeBody,
  activityListSchema,
  activitySchema,
  keyParam,
  newActivityBody,
  newTestBody,
  testChangeBody,
  testListSchema,
  testSchema,
  testsQuery,
} from "./schemas";

const TAGS = ["Reference"] as const;

/** What everybody may look up: laboratory tests with units and ranges, and types of activities. */
export const referenceRoutes = new Hono<AppEnv>()
  .get(
    "/v1/reference/lab-tests",
    route({
      policy: "person",
      summary: "Laboratory tests, with search",
      tags: TAGS,
      responses: { 200: testListSchema },
      problems: ["invalid"],
    }),
    validate("query", testsQuery),
    async (c) => c.json(await listTests(await referencePorts(c), c.req.valid("query"))),
  )
  .get(
    "/v1/reference/lab-tests/:key",
    route({
      policy: "person",
      summary: "One laboratory test",
      tags: TAGS,
      responses: { 200: testSchema },
      problems: ["not_found"],
    }),
    validate("param", keyParam),
    async (c) => c.json(await readTest(await referencePorts(c), c.req.valid("param").key)),
  )
  .post(
    "/v1/reference/lab-tests",
    route({
      policy: "person",
      summary: "Add a laboratory test",
      description: "For administrators of the region, with a second factor and within five minutes of a proof of who they are.",
      tags: TAGS,
      responses: { 201: testSchema },
      problems: ["malformed", "invalid", "conflict", "step_up_required"],
    }),
    validate("json", newTestBody),
    async (c) => c.json(await addTest(await adminPorts(c), c.req.valid("json"), c.get("now")()), 201),
  )
  .patch(
    "/v1/reference/lab-tests/:key",
    route({
      policy: "person",
      summary: "Change a laboratory test that was added",
      description: "For administrators of the region, with a second factor and within five minutes of a proof of who they are.",
      tags: TAGS,
      responses: { 200: testSchema },
      problems: ["malformed", "invalid", "not_found", "conflict", "precondition_failed", "step_up_required"],
    }),
    validate("param", keyParam),
    validate("json", testChangeBody),
    async (c) => c.json(await changeTest(await adminPorts(c), c.req.valid("param").key, defined(c.req.valid("json")), c.get("now")())),
  )
  .get(
    "/v1/reference/activity-types",
    route({
      policy: "person",
      summary: "Types of activities, with search",
      tags: TAGS,
      responses: { 200: activityListSchema },
      problems: ["invalid"],
    }),
    validate("query", activitiesQuery),
    async (c) => c.json(await listActivities(await referencePorts(c), c.req.valid("query"))),
  )
  .get(
    "/v1/reference/activity-types/:key",
    route({
      policy: "person",
      summary: "One type of activity",
      tags: TAGS,
      responses: { 200: activitySchema },
      problems: ["not_found"],
    }),
    validate("param", keyParam),
    async (c) => c.json(await readActivity(await referencePorts(c), c.req.valid("param").key)),
  )
  .post(
    "/v1/reference/activity-types",
    route({
      policy: "person",
      summary: "Add a type of activity",
      description: "For administrators of the region, with a second factor and within five minutes of a proof of who they are.",
      tags: TAGS,
      responses: { 201: activitySchema },
      problems: ["malformed", "invalid", "conflict", "step_up_required"],
    }),
    validate("json", newActivityBody),
    async (c) => c.json(await addActivity(await adminPorts(c), c.req.valid("json"), c.get("now")()), 201),
  )
  .patch(
    "/v1/reference/activity-types/:key",
    route({
      policy: "person",
      summary: "Change a type of activity that was added",
      description: "For administrators of the region, with a second factor and within five minutes of a proof of who they are.",
      tags: TAGS,
      responses: { 200: activitySchema },
      problems: ["malformed", "invalid", "not_found", "conflict", "precondition_failed", "step_up_required"],
    }),
    validate("param", keyParam),
    validate("json", activityChangeBody),
    async (c) => c.json(await changeActivity(await adminPorts(c), c.req.valid("param").key, defined(c.req.valid("json")), c.get("now")())),
  );

/** Without the parts that are not to change. */
function defined<T extends object>(parts: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
