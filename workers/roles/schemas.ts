import * as z from "zod";
import { parseId } from "../../shared/id";
import { ROLE_NAMES } from "../../shared/roles";

export const personParam = z.strictObject({ personId: z.string().min(1).max(64) });

const roles = z
  .array(z.enum(ROLE_NAMES))
  .min(1)
  .max(ROLE_NAMES.length)
  .refine((list) => new Set(list).size === list.length, "Each may stand here once.")
  .refine((list) => list.includes("user"), "Everybody is a user of their own data.")
  .meta({ example: ["user", "trainer"] });

export const setRolesBody = z
  .strictObject({ roles: roles.describe("The whole list: what is not named is taken away") })
  .meta({ id: "SetRoles" });

/** The list that a change was made for, as the answers carry it. */
export const ifMatchHeader = z.object({
  "if-match": z.string().max(200).meta({ example: '"user"' }).optional().describe("Entity tag of the list that was read; needed"),
});

export const heldRolesSchema = z
  .object({ person: z.string().refine((text) => parseId("person", text) !== undefined), roles: z.array(z.enum(ROLE_NAMES)) })
  .meta({ id: "HeldRoles" });
export type HeldRoles = z.output<typeof heldRolesSchema>;
