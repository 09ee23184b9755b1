import { Hono } from "hono";
import { type AppEnv, personOf } from "../../shared/http/app-env";
import { route } from "../../shared/http/route";
import { validate } from "../../shared/http/validate";
import { requireStepUp } from "../sessions";
import { apiKeyListSchema, apiKeyParam, createdApiKeySchema, newApiKeyBody } from "./api-key-schemas";
import { createApiKey, listApiKeys, revokeApiKey } from "./api-keys";
import { credentialPorts } from "./ports";

export const apiKeyRoutes = new Hono<AppEnv>()
  .post(
    "/v1/me/api-keys",
    route({
      policy: "person",
      summary: "Make an API key for a program of your own",
      description: "It acts for you within its scopes until it expires. The key is shown only here.",
      tags: ["Credentials"],
      responses: { 201: createdApiKeySchema },
      problems: ["malformed", "invalid", "conflict", "step_up_required"],
      idempotency: "off",
    }),
    validate("json", newApiKeyBody),
    async (c) => {
      await requireStepUp(c);
      return c.json(await createApiKey(credentialPorts(c), { actor: personOf(c), ...c.req.valid("json") }), 201);
    },
  )
  .get(
    "/v1/me/api-keys",
    route({ policy: "person", summary: "List your API keys", tags: ["Credentials"], responses: { 200: apiKeyListSchema } }),
    async (c) => c.json({ items: await listApiKeys(credentialPorts(c), personOf(c)), next: null }),
  )
  .delete(
    "/v1/me/api-keys/:id",
    route({
      policy: "person",
      summary: "Revoke an API key",
      tags: ["Credentials"],
      responses: { 204: null },
      problems: ["not_found"],
      idempotency: "off",
    }),
    validate("param", apiKeyParam),
    async (c) => {
      await revokeApiKey(credentialPorts(c), personOf(c), c.req.valid("param").id);
      return c.body(null, 204);
    },
  );
