import { Hono } from "hono";
import type { AppEnv } from "../../shared/http/app-env";
import { pageOf, pageQuery } from "../../shared/http/page";
import { route } from "../../shared/http/route";
import { validate } from "../../shared/http/validate";
import { acceptInvitation, changeMember, inviteMember, listMembers, removeMember } from "./manage-members";
import { partnerPorts } from "./ports";
import { inviteBody, memberBody, memberListSchema, memberParam, memberSchema, organisationParam, organisationSchema } from "./schemas";
import { memberView, organisationView } from "./views";

const TAGS = ["Organisations"] as const;

export const memberRoutes = new Hono<AppEnv>()
  .get(
    "/v1/organisations/:organisationId/members",
    route({
      policy: "person",
      summary: "Who works in an organisation, and who is invited",
      tags: TAGS,
      responses: { 200: memberListSchema },
      problems: ["not_found", "invalid"],
    }),
    validate("param", organisationParam),
    validate("query", pageQuery),
    async (c) => {
      const ports = partnerPorts(c);
      const { organisationId } = c.req.valid("param");
      const items = (await listMembers(ports, organisationId)).map(memberView);
      const place = ({ person }: { readonly person: { readonly id: string } }) => person.id;
      return c.json(
        await pageOf(ports.keys, ports.actor.person, { name: `members ${organisationId}`, items, place }, c.req.valid("query")),
      );
    },
  )
  .post(
    "/v1/organisations/:organisationId/members",
    route({
      policy: "person",
      summary: "Invite somebody into an organisation",
      description: "A registered person of the same region, who is in once they accept. Needs a fresh proof by two factors.",
      tags: TAGS,
      responses: { 201: memberSchema },
      problems: ["malformed", "not_found", "invalid", "conflict", "step_up_required"],
    }),
    validate("param", organisationParam),
    validate("json", inviteBody),
    async (c) => {
      const { person, role } = c.req.valid("json");
      return c.json(memberView(await inviteMember(partnerPorts(c), c.req.valid("param").organisationId, person, role)), 201);
    },
  )
  .post(
    "/v1/organisations/:organisationId/acceptance",
    route({
      policy: "person",
      summary: "Accept the invitation into an organisation",
      tags: TAGS,
      responses: { 200: organisationSchema },
      problems: ["not_found"],
    }),
    validate("param", organisationParam),
    async (c) => c.json(organisationView(await acceptInvitation(partnerPorts(c), c.req.valid("param").organisationId))),
  )
  .patch(
    "/v1/organisations/:organisationId/members/:personId",
    route({
      policy: "person",
      summary: "Give a member another role",
      description: "For owners. The last one stays an owner.",
      tags: TAGS,
      responses: { 200: memberSchema },
      problems: ["malformed", "not_found", "invalid", "conflict", "step_up_required"],
    }),
    validate("param", memberParam),
    validate("json", memberBody),
    async (c) => {
      const { organisationId, personId } = c.req.valid("param");
      return c.json(memberView(await changeMember(partnerPorts(c), organisationId, personId, c.req.valid("json").role)));
    },
  )
  .delete(
    "/v1/organisations/:organisationId/members/:personId",
    route({
      policy: "person",
      summary: "Remove a member, take an invitation back, or leave",
      tags: TAGS,
      responses: { 204: null },
      problems: ["not_found", "conflict", "step_up_required"],
    }),
    validate("param", memberParam),
    async (c) => {
      const { organisationId, personId } = c.req.valid("param");
      await removeMember(partnerPorts(c), organisationId, personId);
      return c.body(null, 204);
    },
  );
