import * as z from "zod";
import { chosenName } from "../../shared/chosen-name";
import { pageQuery } from "../../shared/http/page";
import { REGIONS } from "../../shared/region";
import { JOINING, STATES } from "./groups";
import { GROUP_ROLES } from "./relations";
import { cardSchema, listOf, PERSON_EXAMPLE, personIdSchema } from "./schemas";

const GROUP_EXAMPLE = "sgr_eu_01kad7wjcm0000000000000000";
const at = z.iso.datetime();

/** A text of several lines. */
export const textSchema = (most: number) =>
  z
    .string()
    .trim()
    .max(most)
    .refine((text) => !/[^\P{Cc}\n\t]/u.test(text), "The text holds control characters.");

export const groupParam = z.strictObject({ groupId: z.string().min(1).max(64).meta({ example: GROUP_EXAMPLE }) });
export const groupMemberParam = groupParam.extend({ personId: z.string().min(1).max(64).meta({ example: PERSON_EXAMPLE }) });

const joining = z
  .enum(JOINING)
  .describe("Who gets in: whoever wants to, whom an administrator lets in, or who is invited. The last kind is invisible to others.");
export const groupBody = z
  .strictObject({ name: chosenName({ most: 80 }), about: textSchema(2_000).default(""), joining: joining.default("invitation") })
  .meta({ id: "NewSocialGroup", example: { name: "Tuesday runners", about: "Ten kilometres, easy.", joining: "request" } });
export const groupChangeBody = z
  .strictObject({ name: chosenName({ most: 80 }).optional(), about: textSchema(2_000).optional(), joining: joining.optional() })
  .meta({ id: "SocialGroupChange", example: { joining: "open" } });

export const groupListQuery = pageQuery.extend({
  show: z
    .enum(["member", "invited", "asked", "open"])
    .default("member")
    .describe("Groups you are in, are invited to or asked to join; or `open`: those that anybody may find, newest first"),
  region: z.enum(REGIONS).optional().describe("Where to look for those that anybody may find; your own by default"),
});
export const memberListQuery = pageQuery.extend({
  state: z.enum(STATES).default("member").describe("Others than members are shown to owners and administrators"),
});
export const memberInviteBody = z
  .strictObject({ person: personIdSchema })
  .meta({ id: "SocialGroupInvite", example: { person: PERSON_EXAMPLE } });
export const memberRoleBody = z.strictObject({ role: z.enum(GROUP_ROLES) }).meta({ id: "SocialGroupRole", example: { role: "admin" } });

export const groupSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    about: z.string(),
    joining: z.enum(JOINING),
    members: z.int(),
    createdAt: at,
    you: z
      .object({ state: z.enum(STATES), role: z.enum(GROUP_ROLES), since: at })
      .nullable()
      .describe("What you are there"),
  })
  .meta({ id: "SocialGroup" });
export const groupListSchema = listOf(groupSchema, "SocialGroupList");
export const memberSchema = z
  .object({ person: cardSchema, state: z.enum(STATES), role: z.enum(GROUP_ROLES), since: at })
  .meta({ id: "SocialGroupMember" });
export const memberListSchema = listOf(memberSchema, "SocialGroupMemberList");
