import * as z from "zod";

/** The version that a change was made for: a strong entity tag, as the answers carry it. */
export const ifMatchHeader = z.object({
  "if-match": z
    .string()
    .regex(/^"\d{1,9}"$/, "Send the entity tag of a version.")
    .meta({ example: '"1"' })
    .optional(),
});

/** The version in an entity tag. */
export function versionIn(tag: string | undefined): number | undefined {
  return tag === undefined ? undefined : Number(tag.slice(1, -1));
}
