import { Hono } from "hono";
import type { AppEnv } from "../../shared/http/app-env";
import { route } from "../../shared/http/route";
import { validate } from "../../shared/http/validate";
import { requireStepUp } from "../sessions";
import { rolePorts } from "./ports";
import { readRoles } from "./read-roles";
import { heldRolesSchema, ifMatchHeader, personParam, setRolesBody } from "./schemas";
import { setRoles } from "./set-roles";

const TAGS = ["Administration"] as const;

/** For administrators of the person's own region, with a second factor. To everybody else nobody is registered here. */
export const rolesRoutes = new Hono<AppEnv>()
  .get(
    "/v1/admin/people/:personId/roles",
    route({
      policy: "person",
      summary: "What roles somebody holds",
      description:
        "For administrators of the same region, within five minutes of a proof with a second factor. The person sees it in their access log.",
      tags: TAGS,
      responses: { 200: heldRolesSchema },
      problems: ["not_found", "step_up_required"],
    }),
    validate("param", personParam),
    async (c) => {
      const { held, etag } = await readRoles(rolePorts(c), c.req.valid("param").personId, () => requireStepUp(c));
      return c.json(held, 200, { etag });
    },
  )
  .put(
    "/v1/admin/people/:personId/roles",
    route({
      policy: "person",
      summary: "Set what roles somebody holds",
      description:
        "The whole list, with `If-Match` of the one that was read, within five minutes of a proof with a second factor. It counts for the person's next request; they are told by a letter.",
      tags: TAGS,
      responses: { 200: heldRolesSchema },
      problems: ["malformed", "invalid", "not_found", "step_up_required", "precondition_failed", "conflict"],
      idempotency: "off",
    }),
    validate("param", personParam),
    validate("header", ifMatchHeader),
    validate("json", setRolesBody),
    async (c) => {
      const { held, etag } = await setRoles(rolePorts(c), c.req.valid("param").personId, {
        roles: c.req.valid("json").roles,
        ifMatch: c.req.valid("header")["if-match"],
        requireFresh: () => requireStepUp(c),
      });
      return c.json(held, 200, { etag });
    },
  );
