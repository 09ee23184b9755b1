import { Hono } from "hono";
import type { AppEnv } from "../../shared/http/app-env";
import { pageOf, pageQuery } from "../../shared/http/page";
import { route } from "../../shared/http/route";
import { validate } from "../../shared/http/validate";
import { changeClientBody, clientListSchema, clientParam, clientSchema, newClientBody } from "./client-schemas";
import { changeClient, listClients, readClient, registerClient, revokeClient } from "./manage-clients";
import { partnerPorts } from "./ports";
import { organisationParam } from "./schemas";

const TAGS = ["Organisations"] as const;

export const clientRoutes = new Hono<AppEnv>()
  .post(
    "/v1/organisations/:organisationId/clients",
    route({
      policy: "person",
      summary: "Register a machine client of an organisation",
      description: "It proves itself with a private key that only it has: there is no secret. Needs a fresh proof by two factors.",
      tags: TAGS,
      responses: { 201: clientSchema },
      problems: ["malformed", "not_found", "invalid", "conflict", "step_up_required"],
    }),
    validate("param", organisationParam),
    validate("json", newClientBody),
    async (c) => {
      const { organisationId } = c.req.valid("param");
      const client = await registerClient(partnerPorts(c), organisationId, c.req.valid("json"));
      return c.json(client, 201, { location: `/v1/organisations/${organisationId}/clients/${client.id}` });
    },
  )
  .get(
    "/v1/organisations/:organisationId/clients",
    route({
      policy: "person",
      summary: "The machine clients of an organisation",
      tags: TAGS,
      responses: { 200: clientListSchema },
      problems: ["not_found", "invalid"],
    }),
    validate("param", organisationParam),
    validate("query", pageQuery),
    async (c) => {
      const ports = partnerPorts(c);
      const { organisationId } = c.req.valid("param");
      const items = await listClients(ports, organisationId);
      const list = { name: `clients ${organisationId}`, items, place: ({ id }: { readonly id: string }) => id };
      return c.json(await pageOf(ports.keys, ports.actor.person, list, c.req.valid("query")));
    },
  )
  .get(
    "/v1/organisations/:organisationId/clients/:clientId",
    route({ policy: "person", summary: "One machine client", tags: TAGS, responses: { 200: clientSchema }, problems: ["not_found"] }),
    validate("param", clientParam),
    async (c) => {
      const { organisationId, clientId } = c.req.valid("param");
      return c.json(await readClient(partnerPorts(c), organisationId, clientId));
    },
  )
  .patch(
    "/v1/organisations/:organisationId/clients/:clientId",
    route({
      policy: "person",
      summary: "Change a machine client: its name, scopes or keys",
      description: "Register a new key beside the old one, let the program use it, and take the old one away.",
      tags: TAGS,
      responses: { 200: clientSchema },
      problems: ["malformed", "not_found", "invalid", "step_up_required"],
    }),
    validate("param", clientParam),
    validate("json", changeClientBody),
    async (c) => {
      const { organisationId, clientId } = c.req.valid("param");
      return c.json(await changeClient(partnerPorts(c), organisationId, clientId, c.req.valid("json")));
    },
  )
  .delete(
    "/v1/organisations/:organisationId/clients/:clientId",
    route({
      policy: "person",
      summary: "Revoke a machine client, for good",
      description: "Its next call is refused, with a living token too.",
      tags: TAGS,
      responses: { 204: null },
      problems: ["not_found", "step_up_required"],
    }),
    validate("param", clientParam),
    async (c) => {
      const { organisationId, clientId } = c.req.valid("param");
      await revokeClient(partnerPorts(c), organisationId, clientId);
      return c.body(null, 204);
    },
  );
