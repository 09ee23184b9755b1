import * as z from "zod";
import { chosenName } from "../../shared/chosen-name";
import { parseId, type PersonId } from "../../shared/id";
import { ORGANISATION_ROLES } from "./roles";

const ORGANISATION_EXAMPLE = "org_eu_01kad7wjcm0000000000000000";
const PERSON_EXAMPLE = "per_eu_01kad7wjcm0000000000000000";
const id = z.string().min(1).max(64);

/** A name that people will read when they decide about a consent. */
export const partnerName = chosenName({ most: 120 });

export const organisationParam = z.strictObject({ organisationId: id.meta({ example: ORGANISATION_EXAMPLE }) });
export const memberParam = organisationParam.extend({ personId: id.meta({ example: PERSON_EXAMPLE }) });

export const organisationBody = z
  .strictObject({ name: partnerName })
  .meta({ id: "OrganisationInput", example: { name: "Kardiologie am Ring" } });

const personId = z
  .string()
  .max(64)
  .transform((text, context): PersonId => {
    const parsed = parseId("person", text);
    if (parsed !== undefined) return parsed;
    context.addIssue({ code: "custom", message: "Not a person's id." });
    return z.NEVER;
  })
  .meta({ example: PERSON_EXAMPLE });

const role = z.enum(ORGANISATION_ROLES).meta({ example: "member" });
export const inviteBody = z
  .strictObject({ person: personId, role: role.default("member") })
  .meta({ id: "MemberInvitation", example: { person: PERSON_EXAMPLE, role: "member" } });
export const memberBody = z.strictObject({ role }).meta({ id: "MemberChange" });

const at = z.iso.datetime();

export const organisationSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    region: z.enum(["eu", "us", "ap"]),
    role: z.enum(ORGANISATION_ROLES).describe("What you are there"),
    state: z.enum(["invited", "member"]).describe("`invited` until you accept"),
    createdAt: at,
  })
  .meta({ id: "Organisation" });
export type OrganisationView = z.infer<typeof organisationSchema>;
export const organisationListSchema = z
  .object({ items: z.array(organisationSchema), next: z.string().nullable() })
  .meta({ id: "OrganisationList" });

export const memberSchema = z
  .object({
    person: z.object({ id: z.string(), name: z.string() }),
    role: z.enum(ORGANISATION_ROLES),
    state: z.enum(["invited", "member"]),
    invitedAt: at,
    joinedAt: at.nullable(),
  })
  .meta({ id: "Member" });
export type MemberView = z.infer<typeof memberSchema>;
export const memberListSchema = z.object({ items: z.array(memberSchema), next: z.string().nullable() }).meta({ id: "MemberList" });
