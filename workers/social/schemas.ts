import * as z from "zod";
import { pageQuery } from "../../shared/http/page";
import { parseId, type PersonId } from "../../shared/id";

export const PERSON_EXAMPLE = "per_eu_01kad7wjcm0000000000000000";
const at = z.iso.datetime();

/** An id of somebody in a body. */
export const personIdSchema = z
  .string()
  .max(64)
  .transform((text, context): PersonId => {
    const id = parseId("person", text);
    if (id !== undefined) return id;
    context.addIssue({ code: "custom", message: "This is no person's id." });
    return z.NEVER;
  })
  .meta({ example: PERSON_EXAMPLE });

export const personParam = z.strictObject({ personId: z.string().min(1).max(64).meta({ example: PERSON_EXAMPLE }) });
export const personBody = z.strictObject({ person: personIdSchema }).meta({ id: "PersonNamed", example: { person: PERSON_EXAMPLE } });

export const requestQuery = pageQuery.extend({ direction: z.enum(["in", "out"]).default("in").describe("Of others to you, or your own") });
export const followerQuery = pageQuery.extend({ state: z.enum(["all", "waiting", "active"]).default("all") });

const next = z.string().nullable();
/** A page, under its name in the document. */
export const listOf = <T extends z.ZodType>(item: T, id: string) => z.object({ items: z.array(item), next }).meta({ id });

export const cardSchema = z
  .object({
    id: z.string(),
    name: z.string().nullable().describe("Null where they do not show it to you"),
    handle: z.string().nullable(),
  })
  .meta({ id: "PersonCard" });

export const friendSchema = cardSchema.extend({ since: at }).meta({ id: "Friend" });
export const friendListSchema = listOf(friendSchema, "FriendList");
export const requestSchema = z.object({ person: cardSchema, askedAt: at, expiresAt: at }).meta({ id: "FriendRequest" });
export const requestListSchema = listOf(requestSchema, "FriendRequestList");
export const standingSchema = z
  .object({
    person: cardSchema,
    state: z.enum(["waiting", "friends"]).describe("`friends` at once where they had asked you"),
    askedAt: at,
  })
  .meta({ id: "FriendStanding" });
export const blockSchema = z.object({ person: cardSchema, since: at }).meta({ id: "Block" });
export const blockListSchema = listOf(blockSchema, "BlockList");
export const followingSchema = z.object({ person: cardSchema, state: z.enum(["waiting", "active"]), since: at }).meta({ id: "Following" });
export const followingListSchema = listOf(followingSchema, "FollowingList");
