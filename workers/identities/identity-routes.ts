import { Hono } from "hono";
import { type AppEnv, personOf } from "../../shared/http/app-env";
import { route } from "../../shared/http/route";
import { validate } from "../../shared/http/validate";
import { requireStepUp } from "../sessions";
import { beginLink } from "./begin-flow";
import { linkIdentity } from "./link-identity";
import { listIdentities } from "./list-identities";
import { identityPorts } from "./ports";
import { beginFlowBody, begunSchema, handoffBody, identityListSchema, identitySchema, providerParam } from "./schemas";
import { unlinkIdentity } from "./unlink-identity";

export const identityRoutes = new Hono<AppEnv>()
  .get(
    "/v1/me/identities",
    route({
      policy: "person",
      summary: "List your linked accounts at sign-in providers",
      tags: ["Credentials"],
      responses: { 200: identityListSchema },
    }),
    async (c) => c.json({ items: await listIdentities(identityPorts(c), personOf(c)), next: null }),
  )
  .post(
    "/v1/me/identities/:provider",
    route({
      policy: "person",
      summary: "Begin to link a provider to your account",
      description: "As signing in begins; `POST /v1/me/identities` completes it, in the same session.",
      tags: ["Credentials"],
      responses: { 201: begunSchema },
      problems: ["malformed", "invalid", "not_found", "conflict", "step_up_required"],
      idempotency: "off",
    }),
    validate("param", providerParam),
    validate("json", beginFlowBody),
    async (c) => {
      await requireStepUp(c);
      return c.json(await beginLink(identityPorts(c), personOf(c), { ...c.req.valid("param"), ...c.req.valid("json") }), 201);
    },
  )
  .post(
    "/v1/me/identities",
    route({
      policy: "person",
      summary: "Link a provider to your account",
      description: "With the handoff that the browser came back with, in the session that began. All other sessions end.",
      tags: ["Credentials"],
      responses: { 201: identitySchema },
      problems: ["malformed", "invalid", "gone", "invalid_credentials", "vendor_failed", "not_found", "conflict"],
      idempotency: "off",
    }),
    validate("json", handoffBody),
    async (c) => c.json(await linkIdentity(identityPorts(c), personOf(c), c.req.valid("json")), 201),
  )
  .delete(
    "/v1/me/identities/:provider",
    route({
      policy: "person",
      summary: "Unlink a provider from your account",
      description: "All other sessions end. The last way to sign in cannot be removed.",
      tags: ["Credentials"],
      responses: { 204: null },
      problems: ["not_found", "conflict", "step_up_required"],
      idempotency: "off",
    }),
    validate("param", providerParam),
    async (c) => {
      await requireStepUp(c);
      await unlinkIdentity(identityPorts(c), personOf(c), c.req.valid("param").provider);
      return c.body(null, 204);
    },
  );
