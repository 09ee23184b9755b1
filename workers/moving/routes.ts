import { Hono } from "hono";
import { type AppEnv, personOf } from "../../shared/http/app-env";
import { route } from "../../shared/http/route";
import { validate } from "../../shared/http/validate";
import { requireStepUp } from "../sessions";
import { cancelMove, readMove } from "./follow-move";
import { requestMove } from "./request-move";
import { requestPorts } from "./request-ports";
import { moveBody, moveSchema } from "./schemas";

const TAGS = ["Rights"] as const;

export const movingRoutes = new Hono<AppEnv>()
  .post(
    "/v1/me/region",
    route({
      policy: "person",
      summary: "Move your account to another region",
      description:
        "While it is copied and compared, everything else about the account answers 503. Then every session ends: sign in again, and you are in the new region, under a new id. See docs/rights.md.",
      tags: TAGS,
      responses: { 202: moveSchema },
      problems: ["malformed", "invalid", "step_up_required", "invalid_credentials", "conflict", "locked"],
      idempotency: "off",
    }),
    validate("json", moveBody),
    async (c) => {
      await requireStepUp(c);
      return c.json(await requestMove(requestPorts(c), { actor: personOf(c), ...c.req.valid("json") }), 202, {
        location: "/v1/me/region-move",
      });
    },
  )
  .get(
    "/v1/me/region-move",
    route({
      policy: "person",
      summary: "Read how far your move to another region is",
      tags: TAGS,
      responses: { 200: moveSchema },
      problems: ["not_found"],
    }),
    async (c) => c.json(await readMove(requestPorts(c), personOf(c))),
  )
  .delete(
    "/v1/me/region-move",
    route({
      policy: "person",
      summary: "Cancel your move to another region before the switch",
      description: "The old side goes on as it was; the new one is emptied.",
      tags: TAGS,
      responses: { 204: null },
      problems: ["not_found", "conflict"],
      idempotency: "off",
    }),
    async (c) => {
      await cancelMove(requestPorts(c), personOf(c));
      return c.body(null, 204);
    },
  );
