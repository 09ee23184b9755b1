import { Hono } from "hono";
import type { AppEnv } from "../../shared/http/app-env";
import { route } from "../../shared/http/route";
import { validate } from "../../shared/http/validate";
import { issuerParam, metadataOf, metadataSchema } from "./oauth-schemas";

const TAGS = ["Machine clients"] as const;
/** As long as the key set: what changes is announced there first. */
const METADATA_SECONDS = 300;

/** What machine clients find out about the authorization server; its endpoints are in `workers/smart`. */
export const oauthRoutes = new Hono<AppEnv>().get(
  "/.well-known/oauth-authorization-server/:region",
  route({
    policy: "public",
    summary: "What the authorization server of a region offers (RFC 8414)",
    tags: TAGS,
    responses: { 200: metadataSchema },
    problems: ["invalid"],
  }),
  validate("param", issuerParam),
  (c) => {
    c.header("cache-control", `public, max-age=${METADATA_SECONDS}`);
    return c.json(metadataOf(c.env.ORIGIN, c.req.valid("param").region));
  },
);
