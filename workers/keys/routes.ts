import { Hono } from "hono";
import type { AppEnv } from "../../shared/http/app-env";
import { requireOperator } from "../../shared/http/operator";
import { route } from "../../shared/http/route";
import { countOld } from "./count-old";
import { moveNow } from "./move-all";
import { keyPorts } from "./ports";
import { keyStatusSchema, movedSchema } from "./schemas";

const TAGS = ["operations"] as const;

/** For the operator's tool (`npm run keys`): versions and counts, nothing about anybody. */
export const keysRoutes = new Hono<AppEnv>()
  .get(
    "/v1/operations/keys",
    route({
      policy: "secret",
      summary: "How much is still made with older keys",
      description: "For operators, with `OPERATIONS_SECRET` as bearer token. Versions and counts alone.",
      tags: TAGS,
      responses: { 200: keyStatusSchema },
      problems: ["unauthenticated"],
    }),
    requireOperator(),
    async (c) => c.json(await countOld(keyPorts(c.env, c.get("now")))),
  )
  .post(
    "/v1/operations/keys/moves",
    route({
      policy: "secret",
      summary: "Move a slice to the current keys at once",
      description: "What the clock does every five minutes: up to 500 rows of each kind. Repeat it until nothing moves.",
      tags: TAGS,
      responses: { 200: movedSchema },
      problems: ["unauthenticated"],
      idempotency: "off",
    }),
    requireOperator(),
    async (c) => c.json(await moveNow(keyPorts(c.env, c.get("now")))),
  );
