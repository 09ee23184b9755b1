import { Hono } from "hono";
import type { AppContext, AppEnv } from "../../shared/http/app-env";
import { ifMatchHeader, versionIn } from "../../shared/http/if-match";
import { route } from "../../shared/http/route";
import { validate } from "../../shared/http/validate";
import {
  groupBody,
  groupChangeBody,
  groupListQuery,
  groupListSchema,
  groupMemberParam,
  groupParam,
  groupSchema,
  memberInviteBody,
  memberListQuery,
  memberListSchema,
  memberRoleBody,
  memberSchema,
} from "./group-schemas";
import { changeGroup, deleteGroup, findGroups, foundGroup, type Group, listOwnGroups, openGroup } from "./groups";
import {
  admitMember,
  ban,
  changeRole,
  inviteToGroup,
  joinGroup,
  leaveGroup,
  listMembers,
  type Member,
  removeMember,
  unban,
} from "./members";
import { socialPorts } from "./ports";

const TAGS = ["Groups"] as const;

export const groupRoutes = new Hono<AppEnv>()
  .get(
    "/v1/groups",
    route({
      policy: "person",
      summary: "Groups: yours, or those that anybody may find",
      tags: TAGS,
      responses: { 200: groupListSchema },
      problems: ["invalid"],
    }),
    validate("query", groupListQuery),
    async (c) => {
      const { show, region, ...query } = c.req.valid("query");
      const ports = socialPorts(c);
      const { items, next } =
        show === "open" ? await findGroups(ports, { ...query, region }) : await listOwnGroups(ports, { ...query, state: show });
      return c.json({ items: items.map(groupView), next });
    },
  )
  .post(
    "/v1/groups",
    route({
      policy: "person",
      summary: "Found a group",
      description: "You own it. It lies in your region; its members may be of any. At most fifty.",
      tags: TAGS,
      responses: { 201: groupSchema },
      problems: ["malformed", "invalid", "conflict"],
    }),
    validate("json", groupBody),
    async (c) => {
      const group = await foundGroup(socialPorts(c), c.req.valid("json"));
      c.header("location", `/v1/groups/${group.id}`);
      return answer(c, group, 201);
    },
  )
  .get(
    "/v1/groups/:groupId",
    route({ policy: "person", summary: "A group", tags: TAGS, responses: { 200: groupSchema }, problems: ["not_found"] }),
    validate("param", groupParam),
    async (c) => answer(c, await openGroup(socialPorts(c), c.req.valid("param").groupId)),
  )
  .patch(
    "/v1/groups/:groupId",
    route({
      policy: "person",
      summary: "Change a group",
      description: "For owners and administrators. Takes `If-Match`.",
      tags: TAGS,
      responses: { 200: groupSchema },
      problems: ["malformed", "invalid", "not_found", "precondition_failed"],
    }),
    validate("param", groupParam),
    validate("header", ifMatchHeader),
    validate("json", groupChangeBody),
    async (c) => {
      const version = versionIn(c.req.valid("header")["if-match"]);
      return answer(c, await changeGroup(socialPorts(c), c.req.valid("param").groupId, c.req.valid("json"), version));
    },
  )
  .delete(
    "/v1/groups/:groupId",
    route({
      policy: "person",
      summary: "Delete a group",
      description: "For owners. Its members are out, and what was posted in it is gone.",
      tags: TAGS,
      responses: { 204: null },
      problems: ["not_found"],
    }),
    validate("param", groupParam),
    async (c) => {
      await deleteGroup(socialPorts(c), c.req.valid("param").groupId);
      return c.body(null, 204);
    },
  )
  .post(
    "/v1/groups/:groupId/membership",
    route({
      policy: "person",
      summary: "Join a group, accept its invitation, or ask to join",
      description: "What came of it stands under `you`.",
      tags: TAGS,
      responses: { 200: groupSchema },
      problems: ["not_found", "conflict"],
    }),
    validate("param", groupParam),
    async (c) => answer(c, await joinGroup(socialPorts(c), c.req.valid("param").groupId)),
  )
  .delete(
    "/v1/groups/:groupId/membership",
    route({
      policy: "person",
      summary: "Leave a group, decline its invitation, or ask no longer",
      description: "The last owner makes somebody else one first. The last member takes the group along.",
      tags: TAGS,
      responses: { 204: null },
      problems: ["not_found", "conflict"],
    }),
    validate("param", groupParam),
    async (c) => {
      await leaveGroup(socialPorts(c), c.req.valid("param").groupId);
      return c.body(null, 204);
    },
  )
  .get(
    "/v1/groups/:groupId/members",
    route({
      policy: "person",
      summary: "Who is in a group",
      description: "For members; whoever waits, is invited or banned is shown to owners and administrators.",
      tags: TAGS,
      responses: { 200: memberListSchema },
      problems: ["invalid", "not_found"],
    }),
    validate("param", groupParam),
    validate("query", memberListQuery),
    async (c) => {
      const { items, next } = await listMembers(socialPorts(c), c.req.valid("param").groupId, c.req.valid("query"));
      return c.json({ items: items.map(memberView), next });
    },
  )
  .post(
    "/v1/groups/:groupId/members",
    route({
      policy: "person",
      summary: "Invite somebody into a group",
      description:
        "For owners and administrators. Whoever had asked to join is in. The answer tells nothing of whether somebody is registered under the id or has blocked you.",
      tags: TAGS,
      responses: { 202: null },
      problems: ["malformed", "invalid", "not_found"],
    }),
    validate("param", groupParam),
    validate("json", memberInviteBody),
    async (c) => {
      await inviteToGroup(socialPorts(c), c.req.valid("param").groupId, c.req.valid("json").person);
      return c.body(null, 202);
    },
  )
  .post(
    "/v1/groups/:groupId/members/:personId/acceptance",
    route({
      policy: "person",
      summary: "Let somebody in who asked to join",
      description: "For owners and administrators.",
      tags: TAGS,
      responses: { 204: null },
      problems: ["not_found", "conflict"],
    }),
    validate("param", groupMemberParam),
    async (c) => {
      const { groupId, personId } = c.req.valid("param");
      await admitMember(socialPorts(c), groupId, personId);
      return c.body(null, 204);
    },
  )
  .patch(
    "/v1/groups/:groupId/members/:personId",
    route({
      policy: "person",
      summary: "Give a member another role",
      description: "For owners. The last one stays an owner.",
      tags: TAGS,
      responses: { 200: memberSchema },
      problems: ["malformed", "invalid", "not_found", "conflict"],
    }),
    validate("param", groupMemberParam),
    validate("json", memberRoleBody),
    async (c) => {
      const { groupId, personId } = c.req.valid("param");
      return c.json(memberView(await changeRole(socialPorts(c), groupId, personId, c.req.valid("json").role)));
    },
  )
  .delete(
    "/v1/groups/:groupId/members/:personId",
    route({
      policy: "person",
      summary: "Remove a member, refuse who asked, or take an invitation back",
      description: "For owners and administrators; owners and administrators are removed by owners.",
      tags: TAGS,
      responses: { 204: null },
      problems: ["not_found", "conflict"],
    }),
    validate("param", groupMemberParam),
    async (c) => {
      const { groupId, personId } = c.req.valid("param");
      await removeMember(socialPorts(c), groupId, personId);
      return c.body(null, 204);
    },
  )
  .post(
    "/v1/groups/:groupId/bans",
    route({
      policy: "person",
      summary: "Ban somebody from a group",
      description: "For owners and administrators. They are out, and the group does not exist for them any more.",
      tags: TAGS,
      responses: { 201: memberSchema },
      problems: ["malformed", "invalid", "not_found", "conflict"],
    }),
    validate("param", groupParam),
    validate("json", memberInviteBody),
    async (c) => c.json(memberView(await ban(socialPorts(c), c.req.valid("param").groupId, c.req.valid("json").person)), 201),
  )
  .delete(
    "/v1/groups/:groupId/bans/:personId",
    route({
      policy: "person",
      summary: "Lift a ban",
      description: "For owners and administrators.",
      tags: TAGS,
      responses: { 204: null },
      problems: ["not_found"],
    }),
    validate("param", groupMemberParam),
    async (c) => {
      const { groupId, personId } = c.req.valid("param");
      await unban(socialPorts(c), groupId, personId);
      return c.body(null, 204);
    },
  );

function answer(c: AppContext, group: Group, status: 200 | 201 = 200): Response {
  c.header("etag", `"${group.version}"`);
  return c.json(groupView(group), status);
}

function groupView({ version: _version, createdAt, you, ...group }: Group) {
  return {
    ...group,
    createdAt: new Date(createdAt).toISOString(),
    you: you === null ? null : { ...you, since: new Date(you.since).toISOString() },
  };
}

function memberView({ since, ...member }: Member) {
  return { ...member, since: new Date(since).toISOString() };
}
