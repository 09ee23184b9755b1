import { env } from "cloudflare:workers";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import * as z from "zod";
import { parseId } from "../../shared/id";
import { somebody, type Somebody } from "../../test/staff";
import { regional } from "../regional";
import { COMMENTS_QUERY } from "./comments";
import { BY_AUTHORS_QUERY, FOLLOWED_QUERY, IN_GROUPS_QUERY, OWN_QUERY } from "./feed";
import { effects, QUEUE_QUERY } from "./moderation";
import { commentListSchema, postListSchema, postSchema, reportListSchema } from "./post-schemas";
import { COUNTS_QUERY } from "./posts";
import { MANY_TIES } from "./ties";
import { type Happening, postToFeed, socialContext } from ".";

const context = socialContext(env, Date.now);
const call = async (as: Somebody, method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
  await as.fetch(path, {
    method,
    headers: { ...headers, ...(body === undefined ? {} : { "content-type": "application/json" }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
const status = async (answer: Promise<Response>) => (await answer).status;
const posted = async (as: Somebody, body: unknown, path = "/v1/me/posts") =>
  postSchema.parse(await (await call(as, "POST", path, body)).json());
const list = async (as: Somebody, path = "/v1/me/feed") => postListSchema.parse(await (await as.fetch(path)).json());
const feed = async (as: Somebody) => (await list(as)).items.map(({ id }) => id);
const comments = async (as: Somebody, post: string) =>
  commentListSchema.parse(await (await as.fetch(`/v1/posts/${post}/comments`)).json()).items.map(({ text }) => text);
async function befriend(a: Somebody, b: Somebody): Promise<void> {
  await call(a, "POST", "/v1/me/friend-requests", { person: b.person.id });
  await call(b, "POST", "/v1/me/friend-requests", { person: a.person.id });
}

describe.each(["eu", "us"] as const)("what somebody of eu posts, for people of %s", (there) => {
  let ada: Somebody;
  let friend: Somebody;
  let follower: Somebody;
  let stranger: Somebody;
  beforeAll(async () => {
    [ada, friend, follower, stranger] = await Promise.all([
      somebody("eu", { name: "Ada" }),
      somebody(there, { name: "Ben" }),
      somebody(there),
      somebody(there),
    ]);
    await befriend(ada, friend);
    await call(ada, "PATCH", "/v1/me/social-profile", { following: "approval" });
    await call(follower, "POST", "/v1/me/follows", { person: ada.person.id });
    await call(ada, "POST", `/v1/me/followers/${follower.person.id}/acceptance`);
  });
  const seenBy = async (id: string) =>
    await Promise.all([ada, friend, follower, stranger].map(async (one) => await status(one.fetch(`/v1/posts/${id}`))));

  test("is seen by whom it is for, in feeds and alone", async () => {
    const toFriends = await posted(ada, { text: "Ten kilometres!" });
    const toFollowers = await posted(ada, { text: "Eleven!", audience: "followers" });
    const toAll = await posted(ada, { text: "Twelve!", audience: "everybody" });
    expect(await seenBy(toFriends.id)).toEqual([200, 200, 404, 404]);
    expect(await seenBy(toFollowers.id)).toEqual([200, 200, 200, 404]);
    expect(await seenBy(toAll.id)).toEqual([200, 200, 200, 200]);
    expect(await feed(friend)).toEqual([toAll.id, toFollowers.id, toFriends.id]);
    expect(await feed(follower)).toEqual([toAll.id, toFollowers.id]);
    expect(await feed(stranger)).toEqual([]);
    expect(await status(ada.fetch(`/v1/people/${stranger.person.id}/posts`))).toBe(404);
    expect(await feed(ada)).toEqual([toAll.id, toFollowers.id, toFriends.id]);
    expect((await list(stranger, `/v1/people/${ada.person.id}/posts`)).items.map(({ id }) => id)).toEqual([toAll.id]);
    const first = await list(friend, "/v1/me/feed?limit=2");
    const second = await list(friend, `/v1/me/feed?limit=2&cursor=${first.next ?? ""}`);
    expect([first.items.length, second.items.map(({ id }) => id), second.next]).toEqual([2, [toFriends.id], null]);
  });

  test("is hidden from the answer on that narrows it: by the post, by the profile, by removing a follower, by a block", async () => {
    const { id } = await posted(ada, { text: "For all", audience: "everybody" });
    await call(ada, "PATCH", `/v1/posts/${id}`, { audience: "followers" });
    expect(await seenBy(id)).toEqual([200, 200, 200, 404]);
    await call(ada, "PATCH", "/v1/me/social-profile", { visibility: { posts: "friends" } });
    expect(await seenBy(id)).toEqual([200, 200, 404, 404]);
    await call(ada, "PATCH", "/v1/me/social-profile", { visibility: { posts: "nobody" } });
    expect(await seenBy(id)).toEqual([200, 404, 404, 404]);
    await call(ada, "PATCH", "/v1/me/social-profile", { visibility: { posts: "everybody" } });
    expect(await feed(friend)).toContain(id);
    await call(friend, "POST", `/v1/posts/${id}/comments`, { text: "Well done" });
    await call(friend, "POST", "/v1/me/blocks", { person: ada.person.id });
    expect(await seenBy(id)).toEqual([200, 404, 200, 404]);
    expect([await feed(friend), await comments(ada, id), (await list(ada)).items[0]?.comments]).toEqual([[], [], 0]);
    expect(await comments(follower, id)).toEqual(["Well done"]);
    await call(friend, "DELETE", `/v1/me/blocks/${ada.person.id}`);
    expect(await status(friend.fetch(`/v1/posts/${id}`))).toBe(404);
    await call(ada, "DELETE", `/v1/me/followers/${follower.person.id}`);
    expect(await seenBy(id)).toEqual([200, 404, 404, 404]);
    await befriend(ada, friend);
  });

  test("takes one reaction of each, and comments that their authors change, and they and the post's author delete", async () => {
    const { id } = await posted(ada, { text: "Done" });
    await call(friend, "PUT", `/v1/posts/${id}/reaction`, { kind: "like" });
    const answer = postSchema.parse(await (await call(friend, "PUT", `/v1/posts/${id}/reaction`, { kind: "cheer" })).json());
    expect([answer.reactions, answer.yourReaction]).toEqual([{ like: 0, cheer: 1, strong: 0, wow: 0, support: 0 }, "cheer"]);
    const made = z
      .object({ id: z.string() })
      .parse(await (await call(friend, "POST", `/v1/posts/${id}/comments`, { text: "Good" })).json());
    const path = `/v1/posts/${id}/comments/${made.id}`;
    expect(await status(call(ada, "PATCH", path, { text: "Mine" }))).toBe(404);
    expect(await status(call(friend, "PATCH", path, { text: "Great" }))).toBe(200);
    expect(await comments(ada, id)).toEqual(["Great"]);
    expect(await status(call(stranger, "DELETE", path))).toBe(404);
    expect(await status(call(ada, "DELETE", path))).toBe(204);
    expect(await status(call(friend, "DELETE", `/v1/posts/${id}/reaction`))).toBe(204);
    expect(await status(call(friend, "DELETE", `/v1/posts/${id}`))).toBe(403);
    expect(await status(call(ada, "DELETE", `/v1/posts/${id}`))).toBe(204);
    expect(await status(call(ada, "GET", `/v1/posts/${id}`))).toBe(404);
  });
});

test("what is posted in a group is seen by its members alone, whatever their regions, and kept in order by its administrators", async () => {
  const [owner, far, outside] = await Promise.all([somebody("eu"), somebody("us"), somebody("eu")]);
  const group = z
    .object({ id: z.string() })
    .parse(await (await call(owner, "POST", "/v1/groups", { name: "Runners", joining: "open" })).json());
  await call(far, "POST", `/v1/groups/${group.id}/membership`);
  const { id } = await posted(far, { text: "Who comes?" }, `/v1/groups/${group.id}/posts`);
  expect([await feed(owner), await feed(far), await feed(outside)]).toEqual([[id], [id], []]);
  expect(await status(outside.fetch(`/v1/posts/${id}`))).toBe(404);
  expect(await status(outside.fetch(`/v1/groups/${group.id}/posts`))).toBe(404);
  expect((await list(owner, `/v1/groups/${group.id}/posts`)).items.map((post) => post.id)).toEqual([id]);
  await call(owner, "POST", "/v1/me/blocks", { person: far.person.id });
  expect([await feed(owner), await status(owner.fetch(`/v1/posts/${id}`))]).toEqual([[], 404]);
  await call(owner, "DELETE", `/v1/me/blocks/${far.person.id}`);
  await call(far, "DELETE", `/v1/groups/${group.id}/membership`);
  expect(await status(call(owner, "DELETE", `/v1/posts/${id}`))).toBe(204);
});

test("what happens to somebody is posted where they have chosen that, to whom they chose, once however often it is told", async () => {
  const [ada, ben] = await Promise.all([somebody("eu"), somebody("eu")]);
  await befriend(ada, ben);
  const happening = { kind: "achievement", key: crypto.randomUUID(), card: { title: "Ten days in a row", facts: [] } } satisfies Happening;
  expect(await postToFeed(context, ada.person.id, happening)).toBeUndefined();
  await call(ada, "PATCH", "/v1/me/social-profile", { posting: { achievement: "friends" } });
  const id = await postToFeed(context, ada.person.id, happening);
  expect(id).toBeDefined();
  expect(await postToFeed(context, ada.person.id, happening)).toBeUndefined();
  expect((await list(ben)).items).toMatchObject([{ id, kind: "achievement", card: { title: "Ten days in a row" } }]);
  await call(ada, "PATCH", "/v1/me/social-profile", { posting: { achievement: "nobody" } });
  expect(await postToFeed(context, ada.person.id, { ...happening, key: crypto.randomUUID() })).toBeUndefined();
});

test("a workout shows what its person chooses of it, read from their vault, and never a pulse or a place", async () => {
  const ada = await somebody("eu");
  const source = { deviceName: "Watch", bundleIdentifier: "com.apple.health" };
  const [startDate, endDate] = ["2026-11-20T07:30:00Z", "2026-11-20T08:00:00Z"];
  await call(ada, "POST", "/v1/ingest/healthkit", {
    data: { records: [], sleep: [], workouts: [{ id: crypto.randomUUID(), type: "running", startDate, endDate, source }] },
  });
  const found = await ada.fetch("/v1/me/workouts?from=2026-11-20T00:00:00Z&to=2026-11-21T00:00:00Z");
  const [workout] = z.object({ items: z.array(z.object({ id: z.string() })) }).parse(await found.json()).items;
  const post = await posted(ada, { workout: { id: workout?.id, show: ["duration", "distance"] } });
  expect(post).toMatchObject({
    kind: "workout",
    text: "",
    card: { title: "running", facts: [{ label: "duration", value: 30, unit: "min" }] },
  });
  expect(await status(call(await somebody("eu"), "POST", "/v1/me/posts", { workout: { id: workout?.id } }))).toBe(404);
});

describe("what is reported", () => {
  let author: Somebody;
  let reporter: Somebody;
  let moderator: Somebody;
  let post: z.output<typeof postSchema>;
  beforeAll(async () => {
    [author, reporter, moderator] = await Promise.all([
      somebody("eu"),
      somebody("us"),
      somebody("eu", { roles: ["moderator"], acr: "aal2" }),
    ]);
  });
  beforeEach(async () => {
    post = await posted(author, { text: "Buy my pills", audience: "everybody" });
  });
  const report = async (as: Somebody) =>
    z
      .object({ id: z.string(), state: z.string() })
      .parse(await (await call(as, "POST", "/v1/reports", { about: post.id, reason: "spam" })).json());
  const decide = async (as: Somebody, id: string, outcome: string) =>
    await call(as, "POST", `/v1/moderation/reports/${id}/decision`, { outcome, note: "Advertising." });
  const queue = async (state = "open") =>
    reportListSchema.parse(await (await moderator.fetch(`/v1/moderation/reports?state=${state}&limit=200`)).json()).items;

  test("waits in the queue of its region, once for each who reports it, and is decided by a moderator for all of them", async () => {
    const first = await report(reporter);
    expect(await report(reporter)).toEqual(first);
    const second = await report(await somebody("eu"));
    expect(
      (await queue())
        .filter(({ subject }) => subject === post.id)
        .map(({ id }) => id)
        .toSorted(),
    ).toEqual([first.id, second.id].toSorted());
    expect(await status(decide(reporter, first.id, "removed"))).toBe(404);
    expect(await status(reporter.fetch("/v1/moderation/reports"))).toBe(403);
    expect(await status(decide(moderator, first.id, "removed"))).toBe(200);
    expect(await status(decide(moderator, first.id, "removed"))).toBe(200);
    expect(await status(decide(moderator, second.id, "kept"))).toBe(409);
    expect(await status(reporter.fetch(`/v1/posts/${post.id}`))).toBe(404);
    const own = postSchema.parse(await (await author.fetch(`/v1/posts/${post.id}`)).json());
    expect(own.removedFor).toBe("spam: Advertising.");
  });

  test("of two who decide otherwise at the same moment one decides, and what is seen agrees", async () => {
    const other = await somebody("eu", { roles: ["moderator"], acr: "aal2" });
    const { id } = await report(reporter);
    const decided = await Promise.all([status(decide(moderator, id, "removed")), status(decide(other, id, "kept"))]);
    expect(decided.toSorted()).toEqual([200, 409]);
    expect(await status(reporter.fetch(`/v1/posts/${post.id}`))).toBe(decided[0] === 200 ? 404 : 200);
    // Whoever asked when the report was open, and is late, changes nothing.
    const { records } = regional(env, "eu");
    const late = effects(
      records,
      { id: parseId("report", id)!, kind: "post", subject_id: post.id, within_id: null, reason: "spam" },
      "removed",
      "",
      Date.now(),
    );
    const before = await records.prepare("select removed_at from posts where id = ?").bind(post.id).first();
    await records.batch(late);
    expect(await records.prepare("select removed_at from posts where id = ?").bind(post.id).first()).toEqual(before);
  });

  test("comes back where its author appeals and another look finds it right", async () => {
    await decide(moderator, (await report(reporter)).id, "removed");
    expect(await status(call(reporter, "POST", `/v1/posts/${post.id}/appeal`, {}))).toBe(404);
    const appealed = await call(author, "POST", `/v1/posts/${post.id}/appeal`, { note: "It was a joke." });
    expect(appealed.status).toBe(202);
    const { id } = z.object({ id: z.string() }).parse(await appealed.json());
    expect(await status(decide(moderator, id, "kept"))).toBe(200);
    expect(await status(reporter.fetch(`/v1/posts/${post.id}`))).toBe(200);
  });

  test("is decided by nobody who wrote or reported it, and nothing is reported that one does not see", async () => {
    const own = await posted(moderator, { text: "Mine", audience: "everybody" });
    const { id } = z
      .object({ id: z.string() })
      .parse(await (await call(reporter, "POST", "/v1/reports", { about: own.id, reason: "other" })).json());
    expect(await status(decide(moderator, id, "kept"))).toBe(403);
    const hidden = await posted(author, { text: "For friends" });
    expect(await status(call(reporter, "POST", "/v1/reports", { about: hidden.id, reason: "spam" }))).toBe(404);
  });
});

test.each(
  Object.entries({ BY_AUTHORS_QUERY, IN_GROUPS_QUERY, OWN_QUERY, FOLLOWED_QUERY, COMMENTS_QUERY, COUNTS_QUERY, QUEUE_QUERY, MANY_TIES }),
)("%s is answered from indexes", async (_name, sql) => {
  const values = Array.from({ length: new Set(sql.match(/\?\d/g)).size }, () => "[]");
  const { results } = await env.RECORDS_EU.prepare(`explain query plan ${sql}`)
    .bind(...values)
    .all<{ detail: string }>();
  const scans = results.map(({ detail }) => detail).filter((detail) => detail.startsWith("SCAN "));
  expect(scans.filter((detail) => !/^SCAN (CONSTANT|json_each|author|here|\(subquery|value)/.test(detail))).toEqual([]);
});
