import { Hono } from "hono";
import { type AppContext, type AppEnv, personOf } from "../../shared/http/app-env";
import { ifMatchHeader, versionIn } from "../../shared/http/if-match";
import { pageQuery } from "../../shared/http/page";
import { route } from "../../shared/http/route";
import { validate } from "../../shared/http/validate";
import { vaultOf } from "../regional";
import { changeComment, type Comment, deleteComment, listComments, writeComment } from "./comments";
import { listPostsIn, listPostsOf, readFeed } from "./feed";
import { groupParam } from "./group-schemas";
import { appeal, decideReport, fileReport, listReports, type Report } from "./moderation";
import { socialPorts } from "./ports";
import {
  appealBody,
  commentBody,
  commentListSchema,
  commentParam,
  commentSchema,
  decisionBody,
  groupPostBody,
  postBody,
  postChangeBody,
  postListSchema,
  postParam,
  postSchema,
  reactionBody,
  reportBody,
  reportedSchema,
  reportListSchema,
  reportParam,
  reportQuery,
  reportSchema,
} from "./post-schemas";
import { type CardFacts, changePost, deletePost, type Post, react, readPost, unreact, writePost } from "./posts";
import { personParam } from "./schemas";
import { workoutCard } from "./workout-card";

const TAGS = ["Feed"] as const;
const MODERATION = ["Moderation"] as const;

export const postRoutes = new Hono<AppEnv>()
  .get(
    "/v1/me/feed",
    route({
      policy: "person",
      summary: "Your feed",
      description:
        "What friends, people you follow and your groups have posted, and your own, newest first. What you see is judged as you read: a block, a narrower audience or the end of a friendship hides at once.",
      tags: TAGS,
      responses: { 200: postListSchema },
      problems: ["invalid"],
    }),
    validate("query", pageQuery),
    async (c) => listed(c, await readFeed(socialPorts(c), c.req.valid("query"))),
  )
  .post(
    "/v1/me/posts",
    route({
      policy: "person",
      summary: "Post something",
      tags: TAGS,
      responses: { 201: postSchema },
      problems: ["malformed", "invalid", "not_found"],
    }),
    validate("json", postBody),
    async (c) => {
      const { workout, ...post } = c.req.valid("json");
      const card = await cardOf(c, workout);
      return made(c, await writePost(socialPorts(c), { ...post, card, kind: card === null ? "text" : "workout" }));
    },
  )
  .get(
    "/v1/people/:personId/posts",
    route({
      policy: "person",
      summary: "What somebody has posted that you may see",
      tags: TAGS,
      responses: { 200: postListSchema },
      problems: ["invalid", "not_found"],
    }),
    validate("param", personParam),
    validate("query", pageQuery),
    async (c) => listed(c, await listPostsOf(socialPorts(c), c.req.valid("param").personId, c.req.valid("query"))),
  )
  .get(
    "/v1/groups/:groupId/posts",
    route({
      policy: "person",
      summary: "What was posted in a group",
      description: "For members.",
      tags: TAGS,
      responses: { 200: postListSchema },
      problems: ["invalid", "not_found"],
    }),
    validate("param", groupParam),
    validate("query", pageQuery),
    async (c) => listed(c, await listPostsIn(socialPorts(c), c.req.valid("param").groupId, c.req.valid("query"))),
  )
  .post(
    "/v1/groups/:groupId/posts",
    route({
      policy: "person",
      summary: "Post something in a group",
      description: "For members, whom it is shown to. It lies in the group's region.",
      tags: TAGS,
      responses: { 201: postSchema },
      problems: ["malformed", "invalid", "not_found"],
    }),
    validate("param", groupParam),
    validate("json", groupPostBody),
    async (c) => {
      const { workout, text } = c.req.valid("json");
      const card = await cardOf(c, workout);
      const post = { text, card, kind: card === null ? "text" : "workout", audience: "friends" } as const;
      return made(c, await writePost(socialPorts(c), post, c.req.valid("param").groupId));
    },
  )
  .get(
    "/v1/posts/:postId",
    route({ policy: "person", summary: "A post", tags: TAGS, responses: { 200: postSchema }, problems: ["not_found"] }),
    validate("param", postParam),
    async (c) => answer(c, await readPost(socialPorts(c), c.req.valid("param").postId)),
  )
  .patch(
    "/v1/posts/:postId",
    route({
      policy: "person",
      summary: "Change the words or the audience of your post",
      description: "Takes `If-Match`. Whoever is not of the new audience does not see it any more, from the answer on.",
      tags: TAGS,
      responses: { 200: postSchema },
      problems: ["malformed", "invalid", "not_found", "conflict", "precondition_failed"],
    }),
    validate("param", postParam),
    validate("header", ifMatchHeader),
    validate("json", postChangeBody),
    async (c) => {
      const version = versionIn(c.req.valid("header")["if-match"]);
      return answer(c, await changePost(socialPorts(c), c.req.valid("param").postId, c.req.valid("json"), version));
    },
  )
  .delete(
    "/v1/posts/:postId",
    route({
      policy: "person",
      summary: "Delete a post",
      description: "Your own; in a group its owners and administrators delete others' too. Comments and reactions go with it.",
      tags: TAGS,
      responses: { 204: null },
      problems: ["not_found"],
    }),
    validate("param", postParam),
    async (c) => {
      await deletePost(socialPorts(c), c.req.valid("param").postId);
      return c.body(null, 204);
    },
  )
  .put(
    "/v1/posts/:postId/reaction",
    route({
      policy: "person",
      summary: "React to a post",
      description: "One reaction each: another one replaces it.",
      tags: TAGS,
      responses: { 200: postSchema },
      problems: ["malformed", "invalid", "not_found"],
    }),
    validate("param", postParam),
    validate("json", reactionBody),
    async (c) => answer(c, await react(socialPorts(c), c.req.valid("param").postId, c.req.valid("json").kind)),
  )
  .delete(
    "/v1/posts/:postId/reaction",
    route({ policy: "person", summary: "Take your reaction back", tags: TAGS, responses: { 204: null }, problems: ["not_found"] }),
    validate("param", postParam),
    async (c) => {
      await unreact(socialPorts(c), c.req.valid("param").postId);
      return c.body(null, 204);
    },
  )
  .get(
    "/v1/posts/:postId/comments",
    route({
      policy: "person",
      summary: "The comments of a post",
      description: "Oldest first, without those of people whom you block or who block you.",
      tags: TAGS,
      responses: { 200: commentListSchema },
      problems: ["invalid", "not_found"],
    }),
    validate("param", postParam),
    validate("query", pageQuery),
    async (c) => {
      const { items, next } = await listComments(socialPorts(c), c.req.valid("param").postId, c.req.valid("query"));
      return c.json({ items: items.map(commentView), next });
    },
  )
  .post(
    "/v1/posts/:postId/comments",
    route({
      policy: "person",
      summary: "Comment on a post",
      tags: TAGS,
      responses: { 201: commentSchema },
      problems: ["malformed", "invalid", "not_found"],
    }),
    validate("param", postParam),
    validate("json", commentBody),
    async (c) => c.json(commentView(await writeComment(socialPorts(c), c.req.valid("param").postId, c.req.valid("json").text)), 201),
  )
  .patch(
    "/v1/posts/:postId/comments/:commentId",
    route({
      policy: "person",
      summary: "Change your comment",
      tags: TAGS,
      responses: { 200: commentSchema },
      problems: ["malformed", "invalid", "not_found"],
    }),
    validate("param", commentParam),
    validate("json", commentBody),
    async (c) => {
      const { postId, commentId } = c.req.valid("param");
      return c.json(commentView(await changeComment(socialPorts(c), postId, commentId, c.req.valid("json").text)));
    },
  )
  .delete(
    "/v1/posts/:postId/comments/:commentId",
    route({
      policy: "person",
      summary: "Delete a comment",
      description: "Your own, one under your post, or in a group as its owner or administrator.",
      tags: TAGS,
      responses: { 204: null },
      problems: ["not_found"],
    }),
    validate("param", commentParam),
    async (c) => {
      const { postId, commentId } = c.req.valid("param");
      await deleteComment(socialPorts(c), postId, commentId);
      return c.body(null, 204);
    },
  )
  .post(
    "/v1/posts/:postId/appeal",
    route({
      policy: "person",
      summary: "Ask for another look at your post that a moderator took out",
      tags: MODERATION,
      responses: { 202: reportedSchema },
      problems: ["malformed", "invalid", "not_found", "conflict"],
    }),
    validate("param", postParam),
    validate("json", appealBody),
    async (c) => c.json(await appeal(socialPorts(c), c.req.valid("param").postId, c.req.valid("json").note), 202),
  )
  .post(
    "/v1/reports",
    route({
      policy: "person",
      summary: "Report a post, a comment, a person or a group",
      description: "Moderators of the region where it lies look at it. Whoever is reported does not learn by whom.",
      tags: MODERATION,
      responses: { 202: reportedSchema },
      problems: ["malformed", "invalid", "not_found"],
    }),
    validate("json", reportBody),
    async (c) => c.json(await fileReport(socialPorts(c), c.req.valid("json")), 202),
  )
  .get(
    "/v1/moderation/reports",
    route({
      policy: "person",
      summary: "What was reported in a region, oldest first",
      description: "For moderators and admins whose session was opened with a second factor.",
      tags: MODERATION,
      responses: { 200: reportListSchema },
      problems: ["invalid"],
    }),
    validate("query", reportQuery),
    async (c) => {
      const { items, next } = await listReports(socialPorts(c), c.req.valid("query"));
      return c.json({ items: items.map(reportView), next });
    },
  )
  .post(
    "/v1/moderation/reports/:reportId/decision",
    route({
      policy: "person",
      summary: "Decide about what was reported",
      description:
        "Takes it out, or keeps it, with all open reports of the same thing; the author is told, with the note. On an appeal, `kept` puts back what was taken out. Nobody decides about what they wrote or reported.",
      tags: MODERATION,
      responses: { 200: reportSchema },
      problems: ["malformed", "invalid", "not_found", "conflict"],
    }),
    validate("param", reportParam),
    validate("json", decisionBody),
    async (c) => {
      const { outcome, note } = c.req.valid("json");
      return c.json(reportView(await decideReport(socialPorts(c), c.req.valid("param").reportId, outcome, note)));
    },
  );

type WorkoutWish = { readonly id: string; readonly show: readonly ("duration" | "distance" | "ascent")[] } | undefined;

/** What a workout shows, read from the person's own vault: never a client's word. */
async function cardOf(c: AppContext, workout: WorkoutWish): Promise<CardFacts | null> {
  if (workout === undefined) return null;
  const actor = personOf(c);
  return workoutCard(await vaultOf(c.env, actor.person).workout(actor, workout.id), workout.show);
}

function made(c: AppContext, post: Post): Response {
  c.header("location", `/v1/posts/${post.id}`);
  return answer(c, post, 201);
}

function answer(c: AppContext, post: Post, status: 200 | 201 = 200): Response {
  c.header("etag", `"${post.version}"`);
  return c.json(postView(post), status);
}

function listed(c: AppContext, { items, next }: { readonly items: readonly Post[]; readonly next: string | null }): Response {
  return c.json({ items: items.map(postView), next });
}

const iso = (at: number) => new Date(at).toISOString();

function postView({ version: _version, createdAt, editedAt, ...post }: Post) {
  return { ...post, createdAt: iso(createdAt), editedAt: editedAt === null ? null : iso(editedAt) };
}

function commentView({ createdAt, editedAt, ...comment }: Comment) {
  return { ...comment, createdAt: iso(createdAt), editedAt: editedAt === null ? null : iso(editedAt) };
}

function reportView({ createdAt, decidedAt, ...report }: Report) {
  return { ...report, createdAt: iso(createdAt), decidedAt: decidedAt === null ? null : iso(decidedAt) };
}
