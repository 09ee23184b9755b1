import { Hono } from "hono";
import type { AppEnv } from "../../shared/http/app-env";
import { pageOf, pageQuery } from "../../shared/http/page";
import { route } from "../../shared/http/route";
import { validate } from "../../shared/http/validate";
import { clientRoutes } from "./client-routes";
import { closeOrganisation, createOrganisation, listOrganisations, readOrganisation, renameOrganisation } from "./manage-organisation";
import { memberRoutes } from "./member-routes";
import { oauthRoutes } from "./oauth-routes";
import { partnerPorts } from "./ports";
import { organisationBody, organisationListSchema, organisationParam, organisationSchema } from "./schemas";
import { organisationView } from "./views";

const TAGS = ["Organisations"] as const;

const organisationRoutes = new Hono<AppEnv>()
  .post(
    "/v1/organisations",
    route({
      policy: "person",
      summary: "Make an organisation, as its owner",
      description: "It lies in your region. Needs a fresh proof by two factors.",
      tags: TAGS,
      responses: { 201: organisationSchema },
      problems: ["malformed", "invalid", "conflict", "step_up_required"],
    }),
    validate("json", organisationBody),
    async (c) => {
      const made = organisationView(await createOrganisation(partnerPorts(c), c.req.valid("json").name));
      return c.json(made, 201, { location: `/v1/organisations/${made.id}` });
    },
  )
  .get(
    "/v1/organisations",
    route({
      policy: "person",
      summary: "Your organisations, and those that have invited you",
      tags: TAGS,
      responses: { 200: organisationListSchema },
      problems: ["invalid"],
    }),
    validate("query", pageQuery),
    async (c) => {
      const ports = partnerPorts(c);
      const items = (await listOrganisations(ports)).map(organisationView);
      const list = { name: "organisations", items, place: ({ id }: { readonly id: string }) => id };
      return c.json(await pageOf(ports.keys, ports.actor.person, list, c.req.valid("query")));
    },
  )
  .get(
    "/v1/organisations/:organisationId",
    route({ policy: "person", summary: "One organisation", tags: TAGS, responses: { 200: organisationSchema }, problems: ["not_found"] }),
    validate("param", organisationParam),
    async (c) => c.json(organisationView(await readOrganisation(partnerPorts(c), c.req.valid("param").organisationId))),
  )
  .patch(
    "/v1/organisations/:organisationId",
    route({
      policy: "person",
      summary: "Rename an organisation",
      tags: TAGS,
      responses: { 200: organisationSchema },
      problems: ["malformed", "not_found", "invalid", "step_up_required"],
    }),
    validate("param", organisationParam),
    validate("json", organisationBody),
    async (c) =>
      c.json(organisationView(await renameOrganisation(partnerPorts(c), c.req.valid("param").organisationId, c.req.valid("json").name))),
  )
  .delete(
    "/v1/organisations/:organisationId",
    route({
      policy: "person",
      summary: "Close an organisation, for good",
      description: "Its machine clients are revoked, and no consent lets it in any more. For owners.",
      tags: TAGS,
      responses: { 204: null },
      problems: ["not_found", "step_up_required"],
    }),
    validate("param", organisationParam),
    async (c) => {
      await closeOrganisation(partnerPorts(c), c.req.valid("param").organisationId);
      return c.body(null, 204);
    },
  );

export const partnersRoutes = new Hono<AppEnv>()
  .route("/", organisationRoutes)
  .route("/", memberRoutes)
  .route("/", clientRoutes)
  .route("/", oauthRoutes);
