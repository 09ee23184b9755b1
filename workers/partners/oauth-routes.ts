import { Hono } from "hono";
import type { AppEnv } from "../../shared/http/app-env";
import { route } from "../../shared/http/route";
import { validate } from "../../shared/http/validate";
import { authenticateClient } from "./authenticate-client";
import { FORM_LIMIT, formOf, required } from "./form";
import { introspectToken, revokeToken } from "./inspect-token";
import { issueToken } from "./issue-token";
import { oauthPorts } from "./oauth-ports";
import { introspectionSchema, issuerParam, metadataOf, metadataSchema, tokenSchema } from "./oauth-schemas";

const TAGS = ["Machine clients"] as const;
/** As long as the key set: what changes is announced there first. */
const METADATA_SECONDS = 300;

const form = (parameters: string) => ({
  mediaType: "application/x-www-form-urlencoded",
  description: `\`client_assertion_type\`, \`client_assertion\` (RFC 7523), ${parameters}`,
});

/** The authorization server, as far as machine clients need it. */
export const oauthRoutes = new Hono<AppEnv>()
  .post(
    "/oauth/token",
    route({
      policy: "assertion",
      summary: "An access token for a machine client",
      description: "`client_credentials` with `private_key_jwt`. The token is good for five minutes and has no refresh token.",
      tags: TAGS,
      responses: { 200: tokenSchema },
      problems: ["malformed", "too_large", "invalid_client", "invalid_scope", "unsupported_grant_type", "wrong_region"],
      bodyLimit: FORM_LIMIT,
      rawBody: form("`grant_type`, `scope`"),
      idempotency: "off",
    }),
    async (c) => {
      const answer = await issueToken(oauthPorts(c), await formOf(c), c.req.header("authorization"));
      return c.json(answer, 200, { "cache-control": "no-store", pragma: "no-cache" });
    },
  )
  .post(
    "/oauth/introspect",
    route({
      policy: "assertion",
      summary: "Whether a token of a machine client counts, and for what",
      tags: TAGS,
      responses: { 200: introspectionSchema },
      problems: ["malformed", "too_large", "invalid_client", "wrong_region"],
      bodyLimit: FORM_LIMIT,
      rawBody: form("`token`"),
      idempotency: "off",
    }),
    async (c) => {
      const [ports, parameters] = [oauthPorts(c), await formOf(c)];
      const token = required(parameters, "token");
      await authenticateClient(ports, parameters, c.req.header("authorization"));
      return c.json(await introspectToken(ports, token), 200, { "cache-control": "no-store", pragma: "no-cache" });
    },
  )
  .post(
    "/oauth/revoke",
    route({
      policy: "assertion",
      summary: "Revoke an access token of one's own",
      description: "Answers alike for a token that is none.",
      tags: TAGS,
      responses: { 200: null },
      problems: ["malformed", "too_large", "invalid_client", "wrong_region"],
      bodyLimit: FORM_LIMIT,
      rawBody: form("`token`"),
      idempotency: "off",
    }),
    async (c) => {
      const [ports, parameters] = [oauthPorts(c), await formOf(c)];
      const token = required(parameters, "token");
      await revokeToken(ports, await authenticateClient(ports, parameters, c.req.header("authorization")), token);
      return c.body(null, 200, { "cache-control": "no-store", pragma: "no-cache" });
    },
  )
  .get(
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
