import * as z from "zod";
import { pageQuery } from "../../shared/http/page";
import { REGIONS } from "../../shared/region";
import { POST_AUDIENCES, POST_KINDS, REACTIONS } from "../../shared/social/posts";
import { textSchema } from "./group-schemas";
import { REPORT_KINDS, REPORT_REASONS, REPORT_STATES } from "./moderation";
import { cardFactsSchema } from "./posts";
import { cardSchema, listOf } from "./schemas";

const at = z.iso.datetime();
const POST_EXAMPLE = "pst_eu_01kad7wjcm0000000000000000";
const COMMENT_EXAMPLE = "cmt_eu_01kad7wjcm0000000000000000";

export const postParam = z.strictObject({ postId: z.string().min(1).max(64).meta({ example: POST_EXAMPLE }) });
export const commentParam = postParam.extend({ commentId: z.string().min(1).max(64).meta({ example: COMMENT_EXAMPLE }) });

const words = textSchema(4_000);
const audience = z
  .enum(POST_AUDIENCES)
  .describe("Who sees it beside you; each includes those before it. Your profile's `posts` may narrow it");
const workout = z
  .strictObject({
    id: z.string().min(1).max(200),
    show: z
      .array(z.enum(["duration", "distance", "ascent"]))
      .max(3)
      .default(["duration"]),
  })
  .describe("One of your workouts: Meridian itself reads the facts that you choose to show. Never places or a pulse");

export const postBody = z
  .strictObject({ text: words.default(""), audience: audience.default("friends"), workout: workout.optional() })
  .refine(({ text, workout: about }) => text !== "" || about !== undefined, "Say something, or show a workout.")
  .meta({ id: "NewPost", example: { text: "First ten kilometres!", audience: "friends" } });
export const groupPostBody = z
  .strictObject({ text: words.default(""), workout: workout.optional() })
  .refine(({ text, workout: about }) => text !== "" || about !== undefined, "Say something, or show a workout.")
  .meta({ id: "NewGroupPost", example: { text: "Who comes on Tuesday?" } });
export const postChangeBody = z
  .strictObject({ text: words.optional(), audience: audience.optional() })
  .meta({ id: "PostChange", example: { audience: "followers" } });
export const reactionBody = z.strictObject({ kind: z.enum(REACTIONS) }).meta({ id: "NewReaction", example: { kind: "cheer" } });
export const commentBody = z
  .strictObject({ text: words.refine((text) => text !== "", "Say something.") })
  .meta({ id: "NewComment", example: { text: "Well done!" } });

export const postSchema = z
  .object({
    id: z.string(),
    author: cardSchema,
    kind: z.enum(POST_KINDS),
    text: z.string(),
    card: cardFactsSchema.nullable().describe("A few facts of what it is about"),
    audience: z.enum(POST_AUDIENCES).nullable().describe("Null in a group"),
    group: z.string().nullable(),
    createdAt: at,
    editedAt: at.nullable(),
    comments: z.int(),
    reactions: z.object({ like: z.int(), cheer: z.int(), strong: z.int(), wow: z.int(), support: z.int() }),
    yourReaction: z.enum(REACTIONS).nullable(),
    removedFor: z.string().nullable().describe("Why a moderator took your post out"),
  })
  .meta({ id: "Post" });
export const postListSchema = listOf(postSchema, "PostList");
export const commentSchema = z
  .object({ id: z.string(), author: cardSchema, text: z.string(), createdAt: at, editedAt: at.nullable() })
  .meta({ id: "PostComment" });
export const commentListSchema = listOf(commentSchema, "CommentList");

export const reportBody = z
  .strictObject({
    about: z.string().min(1).max(64).describe("The id of a post, a comment, a person or a group").meta({ example: POST_EXAMPLE }),
    within: z.string().max(64).optional().describe("The post of a comment"),
    reason: z.enum(REPORT_REASONS),
    note: textSchema(1_000).default(""),
  })
  .meta({ id: "NewReport", example: { about: POST_EXAMPLE, reason: "spam" } });
export const reportedSchema = z.object({ id: z.string(), state: z.enum(REPORT_STATES) }).meta({ id: "Reported" });
export const appealBody = z
  .strictObject({ note: textSchema(1_000).default("") })
  .meta({ id: "Appeal", example: { note: "It was a joke among friends." } });

export const reportParam = z.strictObject({ reportId: z.string().min(1).max(64).meta({ example: "rpt_eu_01kad7wjcm0000000000000000" }) });
export const reportQuery = pageQuery.extend({
  state: z.enum(REPORT_STATES).default("open"),
  region: z.enum(REGIONS).optional().describe("Your own by default"),
});
export const decisionBody = z
  .strictObject({ outcome: z.enum(["removed", "kept"]), note: textSchema(500).default("").describe("Its author sees it") })
  .meta({ id: "ReportDecision", example: { outcome: "removed", note: "Advertising." } });
export const reportSchema = z
  .object({
    id: z.string(),
    kind: z.enum(REPORT_KINDS),
    subject: z.string(),
    within: z.string().nullable(),
    author: z.string().nullable(),
    reporter: z.string(),
    reason: z.enum([...REPORT_REASONS, "appeal"]),
    note: z.string(),
    quote: z.string().describe("What was there when it was reported"),
    state: z.enum(REPORT_STATES),
    createdAt: at,
    decidedAt: at.nullable(),
    decisionNote: z.string().nullable(),
  })
  .meta({ id: "Report" });
export const reportListSchema = listOf(reportSchema, "ReportList");
