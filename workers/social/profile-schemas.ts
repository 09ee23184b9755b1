import * as z from "zod";
import { chosenName } from "../../shared/chosen-name";
import { BUDDY_GOALS, BUDDY_LEVELS, BUDDY_PURPOSES, cellOf, DAY_PARTS, DAYS, DISTANCES, REASONS } from "../../shared/social/buddies";
import { POST_AUDIENCES, POSTED_KINDS } from "../../shared/social/posts";
import { FOLLOW_RULES } from "../../shared/social/ties";
import { AUDIENCES, PROFILE_FIELDS } from "../../shared/social/visibility";
import { textSchema } from "./group-schemas";
import { VIAS } from "./invitations";
import { cardSchema, listOf } from "./schemas";

const at = z.iso.datetime();

/** Letters, digits, points and underscores: what can be told on the telephone. */
const handleSchema = z
  .string()
  .regex(/^[A-Za-z0-9](?:[A-Za-z0-9._]{1,28})[A-Za-z0-9]$/, "3 to 30 letters, digits, points and underscores.");
const activity = z.string().regex(/^[a-z][a-z0-9_]{0,39}$/, "A type of activity, such as trail_running.");
const activities = z.array(activity).max(20);

const visibility = z.object(
  Object.fromEntries(PROFILE_FIELDS.map((field) => [field, z.enum(AUDIENCES)])) as Record<
    (typeof PROFILE_FIELDS)[number],
    z.ZodEnum<{ nobody: "nobody"; friends: "friends"; groups: "groups"; everybody: "everybody" }>
  >,
);
const posting = z.partialRecord(z.enum(POSTED_KINDS), z.enum(POST_AUDIENCES));

export const ownProfileSchema = z
  .object({
    handle: z.string().nullable(),
    about: z.string().nullable(),
    pronouns: z.string().nullable(),
    area: z.string().nullable(),
    activities: z.array(z.string()),
    visibility,
    following: z.enum(FOLLOW_RULES),
    requests: z.enum(["everybody", "nobody"]),
    posting,
  })
  .meta({ id: "SocialProfile" });

export const profileChangeBody = z
  .strictObject({
    handle: handleSchema.nullable().optional().describe("Whoever has one can be found by it, as a whole; null takes it out"),
    about: textSchema(1_000).nullable().optional(),
    pronouns: chosenName({ most: 40 }).nullable().optional(),
    area: chosenName({ most: 80 }).nullable().optional().describe("In your own words: never a place that was measured"),
    activities: activities.optional(),
    visibility: visibility
      .partial()
      .strict()
      .optional()
      .describe(
        "Who sees each field: `nobody`, `friends`, `groups` (friends and people of a group of yours), `everybody`. `posts` narrows the audience of all your posts",
      ),
    following: z.enum(FOLLOW_RULES).optional().describe("Who may follow you"),
    requests: z
      .enum(["everybody", "nobody"])
      .optional()
      .describe("Whether you want to hear of friend requests; invitations count in any case"),
    posting: z
      .partialRecord(z.enum(POSTED_KINDS), z.enum(["nobody", ...POST_AUDIENCES]))
      .optional()
      .describe("What is posted by itself as it happens, and for whom; nothing unless you say so"),
  })
  .meta({ id: "SocialProfileChange", example: { about: "I run before breakfast.", visibility: { about: "friends" } } });

export const seenProfileSchema = z
  .object({
    id: z.string(),
    name: z.string().nullable(),
    handle: z.string().nullable(),
    about: z.string().nullable(),
    pronouns: z.string().nullable(),
    area: z.string().nullable(),
    activities: z.array(z.string()).nullable(),
    friends: z.int().nullable().describe("How many"),
    groups: z.int().nullable().describe("How many"),
    relation: z.enum(["self", "friend", "groupmate", "stranger"]).describe("What you are to them"),
    following: z.enum(["none", "waiting", "active"]).describe("Whether you follow them"),
  })
  .meta({ id: "PersonProfile" });
export const handleBody = z.strictObject({ handle: handleSchema }).meta({ id: "HandleSearch", example: { handle: "ada.runs" } });

export const invitationParam = z.strictObject({
  invitationId: z.string().min(1).max(64).meta({ example: "inv_eu_01kad7wjcm0000000000000000" }),
});
export const codeParam = z.strictObject({
  code: z.string().min(1).max(100).meta({ example: "mi_eu_0000000000000000000000000000000000000000000" }),
});
export const invitationBody = z
  .strictObject({
    via: z
      .enum(VIAS)
      .default("link")
      .describe("`email`, and `sms` with a number, are sent by Meridian; else you get words to send yourself"),
    group: z.string().min(1).max(64).optional().describe("Into this group instead of friendship with you"),
    email: z.email().max(254).optional(),
    number: z
      .string()
      .regex(/^\+[1-9]\d{6,14}$/, "A number in the international form of E.164.")
      .optional()
      .describe("For `sms`: Meridian sends it there. The international form, with `+` and nothing but digits"),
    locale: z.string().max(35).optional().describe("Language of the mail or text message"),
    mostUses: z.int().min(1).max(100).default(1),
    expiresInDays: z.int().min(1).max(30).default(14),
  })
  .refine(({ via, email }) => (via === "email") === (email !== undefined), "An address belongs to an invitation by mail, and to no other.")
  .refine(({ via, number }) => via === "sms" || number === undefined, "A number belongs to an invitation by SMS, and to no other.")
  .meta({ id: "NewInvitation", example: { via: "link", mostUses: 1 } });
export const invitationSchema = z
  .object({
    id: z.string(),
    via: z.enum(VIAS),
    group: z.string().nullable(),
    uses: z.int(),
    mostUses: z.int(),
    createdAt: at,
    expiresAt: at,
    state: z.enum(["open", "used", "expired", "revoked"]),
  })
  .meta({ id: "Invitation" });
export const madeInvitationSchema = invitationSchema
  .extend({
    url: z.string().describe("Where it leads, with the code: shown once"),
    text: z.string().describe("Words to share, with the address in them"),
    smsUrl: z.string().nullable().describe("Opens the telephone's own messages with these words; for `sms` where Meridian sends none"),
    shares: z
      .object({ whatsapp: z.string(), telegram: z.string(), x: z.string(), facebook: z.string(), sms: z.string(), email: z.string() })
      .describe("Opens each network's own way to share, with words and link filled in"),
  })
  .meta({ id: "MadeInvitation" });
export const invitationListSchema = listOf(invitationSchema, "InvitationList");
export const openInvitationSchema = z
  .object({
    from: z.string(),
    group: z.object({ name: z.string(), about: z.string() }).nullable(),
    expiresAt: at,
    link: z.string().describe("Opens it in the app"),
  })
  .meta({ id: "OpenInvitation" });
export const acceptedSchema = z.object({ person: cardSchema, group: z.string().nullable() }).meta({ id: "AcceptedInvitation" });

const times = z.array(z.enum(DAYS.flatMap((day) => DAY_PARTS.map((part) => `${day}_${part}` as const)) as [string, ...string[]])).max(28);
export const buddyProfileBody = z
  .strictObject({
    purpose: z.enum(BUDDY_PURPOSES),
    activities: activities.default([]),
    goals: z.array(z.enum(BUDDY_GOALS)).max(8).default([]),
    languages: z
      .array(z.string().regex(/^[a-z]{2,3}$/, "A language, such as de."))
      .max(10)
      .default([]),
    level: z.enum(BUDDY_LEVELS).nullable().default(null),
    times: times.default([]).describe("When in the week, in your zone"),
    place: z
      .strictObject({ lat: z.number().min(-90).max(90), lon: z.number().min(-180).max(180) })
      .nullable()
      .default(null)
      .transform((place) => (place === null ? null : cellOf(place.lat, place.lon)))
      .describe("Made a cell of a tenth of a degree at once; nothing finer is kept, and nobody is shown either"),
  })
  .meta({ id: "BuddySearch", example: { purpose: "training", activities: ["running"], goals: ["event"], times: ["tuesday_evening"] } });
export const buddyProfileSchema = z
  .object({
    purpose: z.enum(BUDDY_PURPOSES),
    activities: z.array(z.string()),
    goals: z.array(z.enum(BUDDY_GOALS)),
    languages: z.array(z.string()),
    level: z.enum(BUDDY_LEVELS).nullable(),
    times: z.array(z.string()),
    hasPlace: z.boolean(),
  })
  .meta({ id: "BuddyProfile" });
export const suggestionSchema = z
  .object({
    person: cardSchema,
    score: z.int().describe("0–100: the sum of the points of the reasons"),
    distance: z.enum(DISTANCES),
    reasons: z.array(z.object({ kind: z.enum(REASONS), points: z.int(), common: z.array(z.string()) })),
  })
  .meta({ id: "BuddySuggestion" });
export const suggestionListSchema = listOf(suggestionSchema, "BuddySuggestionList");
export const buddySchema = z
  .object({ person: cardSchema, state: z.enum(["buddies", "waiting_for_you", "waiting_for_them"]), since: at })
  .meta({ id: "Buddy" });
export const buddyListSchema = listOf(buddySchema, "BuddyList");
