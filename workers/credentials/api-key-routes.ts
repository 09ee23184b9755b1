import { Hono } from "hono";
import { type AppEnv, personOf } from "../../shared/http/app-env";
import { pageOf, pageQuery } from "../../shared/http/page";
import { route } from "../../shared/http/route";
import { validate } from "../../shared/http/validate";
import { regionOf } from "../../shared/id";
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
    route({
      policy: "person",
      summary: "List your API keys",
      tags: ["Credentials"],
      responses: { 200: apiKeyListSchema },
      problems: ["invalid"],
    }),
    validate("query", pageQuery),
    async (c) => {
      const [ports, actor] = [credentialPorts(c), personOf(c)];
      const list = { name: "api-keys", items: await listApiKeys(ports, actor), place: ({ id }: { readonly id: string }) => id };
      return c.json(await pageOf(ports.stores(regionOf(actor.person)).keys, actor.person, list, c.req.valid("query")));
    },
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
