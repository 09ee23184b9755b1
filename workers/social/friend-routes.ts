import { Hono } from "hono";
import { type AppEnv, personOf } from "../../shared/http/app-env";
import { pageQuery } from "../../shared/http/page";
import { route } from "../../shared/http/route";
import { validate } from "../../shared/http/validate";
import { parseId } from "../../shared/id";
import { judgeRooms } from "../challenges";
import { roomPorts, setBlocked } from "../messaging";
import { admit, dropFollower, followPerson, type Following, listFollowers, listFollows, unfollowPerson } from "./follows";
import {
  acceptRequest,
  askForFriendship,
  blockPerson,
  type Friend,
  type FriendRequest,
  listBlocks,
  listFriends,
  listRequests,
  rejectRequest,
  removeFriend,
  unblockPerson,
  withdrawRequest,
} from "./friends";
import { socialPorts } from "./ports";
import {
  blockListSchema,
  blockSchema,
  followerQuery,
  followingListSchema,
  followingSchema,
  friendListSchema,
  friendSchema,
  personBody,
  personParam,
  requestListSchema,
  requestQuery,
  standingSchema,
} from "./schemas";

const TAGS = ["Friends"] as const;

export const friendRoutes = new Hono<AppEnv>()
  .get(
    "/v1/me/friends",
    route({ policy: "person", summary: "Your friends", tags: TAGS, responses: { 200: friendListSchema }, problems: ["invalid"] }),
    validate("query", pageQuery),
    async (c) => {
      const { items, next } = await listFriends(socialPorts(c), c.req.valid("query"));
      return c.json({ items: items.map(friendView), next });
    },
  )
  .delete(
    "/v1/me/friends/:personId",
    route({
      policy: "person",
      summary: "End a friendship",
      description: "Whatever each shared with friends is hidden from the other at once. Nobody is told.",
      tags: TAGS,
      responses: { 204: null },
      problems: ["not_found"],
    }),
    validate("param", personParam),
    async (c) => {
      await removeFriend(socialPorts(c), c.req.valid("param").personId);
      return c.body(null, 204);
    },
  )
  .get(
    "/v1/me/friend-requests",
    route({
      policy: "person",
      summary: "Friend requests that wait",
      description: "Those of others, newest first, or with `direction=out` your own. One that nobody has answered lapses after 90 days.",
      tags: TAGS,
      responses: { 200: requestListSchema },
      problems: ["invalid"],
    }),
    validate("query", requestQuery),
    async (c) => {
      const { direction, ...query } = c.req.valid("query");
      const { items, next } = await listRequests(socialPorts(c), direction, query);
      return c.json({ items: items.map(requestView), next });
    },
  )
  .post(
    "/v1/me/friend-requests",
    route({
      policy: "person",
      summary: "Ask somebody for friendship",
      description:
        "They see your name with the request. Whoever has asked you becomes your friend at once; asking again changes nothing. The answer tells nothing of whether somebody is registered under the id, hears of requests, or has blocked you. At most 50 a day.",
      tags: TAGS,
      responses: { 201: standingSchema },
      problems: ["malformed", "invalid", "conflict"],
    }),
    validate("json", personBody),
    async (c) => {
      const { askedAt, ...standing } = await askForFriendship(socialPorts(c), c.req.valid("json").person);
      return c.json({ ...standing, askedAt: iso(askedAt) }, 201);
    },
  )
  .delete(
    "/v1/me/friend-requests/:personId",
    route({
      policy: "person",
      summary: "Take your friend request back",
      tags: TAGS,
      responses: { 204: null },
      problems: ["not_found", "conflict"],
    }),
    validate("param", personParam),
    async (c) => {
      await withdrawRequest(socialPorts(c), c.req.valid("param").personId);
      return c.body(null, 204);
    },
  )
  .post(
    "/v1/me/friend-requests/:personId/acceptance",
    route({
      policy: "person",
      summary: "Accept a friend request",
      tags: TAGS,
      responses: { 200: friendSchema },
      problems: ["not_found", "conflict"],
    }),
    validate("param", personParam),
    async (c) => c.json(friendView(await acceptRequest(socialPorts(c), c.req.valid("param").personId))),
  )
  .post(
    "/v1/me/friend-requests/:personId/rejection",
    route({
      policy: "person",
      summary: "Reject a friend request",
      description: "Nobody is told; the request is gone for both.",
      tags: TAGS,
      responses: { 204: null },
      problems: ["not_found"],
    }),
    validate("param", personParam),
    async (c) => {
      await rejectRequest(socialPorts(c), c.req.valid("param").personId);
      return c.body(null, 204);
    },
  )
  .get(
    "/v1/me/blocks",
    route({ policy: "person", summary: "Whom you block", tags: TAGS, responses: { 200: blockListSchema }, problems: ["invalid"] }),
    validate("query", pageQuery),
    async (c) => {
      const { items, next } = await listBlocks(socialPorts(c), c.req.valid("query"));
      return c.json({ items: items.map(({ person, since }) => ({ person, since: iso(since) })), next });
    },
  )
  .post(
    "/v1/me/blocks",
    route({
      policy: "person",
      summary: "Block somebody",
      description:
        "Each is hidden from the other everywhere at once; friendship, requests, following and training together end. They are not told, and what they ask of you from now on seems to wait.",
      tags: TAGS,
      responses: { 201: blockSchema },
      problems: ["malformed", "invalid", "conflict"],
    }),
    validate("json", personBody),
    async (c) => {
      const { person, since } = await blockPerson(socialPorts(c), c.req.valid("json").person);
      await setBlocked(roomPorts(c.env, c.get("now")), personOf(c).person, c.req.valid("json").person, true);
      await judgeRooms(c.env, c.get("now"), personOf(c).person, c.req.valid("json").person);
      return c.json({ person, since: iso(since) }, 201);
    },
  )
  .delete(
    "/v1/me/blocks/:personId",
    route({
      policy: "person",
      summary: "Lift a block",
      description: "What was before the block does not come back by itself.",
      tags: TAGS,
      responses: { 204: null },
      problems: ["not_found"],
    }),
    validate("param", personParam),
    async (c) => {
      await unblockPerson(socialPorts(c), c.req.valid("param").personId);
      const person = parseId("person", c.req.valid("param").personId);
      if (person !== undefined) {
        await setBlocked(roomPorts(c.env, c.get("now")), personOf(c).person, person, false);
        await judgeRooms(c.env, c.get("now"), personOf(c).person, person);
      }
      return c.body(null, 204);
    },
  )
  .get(
    "/v1/me/follows",
    route({ policy: "person", summary: "Whom you follow", tags: TAGS, responses: { 200: followingListSchema }, problems: ["invalid"] }),
    validate("query", pageQuery),
    async (c) => {
      const { items, next } = await listFollows(socialPorts(c), c.req.valid("query"));
      return c.json({ items: items.map(followingView), next });
    },
  )
  .post(
    "/v1/me/follows",
    route({
      policy: "person",
      summary: "Follow somebody",
      description:
        "Counts at once where they let everybody follow them, else when they agree. The answer tells nothing of whoever lets nobody.",
      tags: TAGS,
      responses: { 201: followingSchema },
      problems: ["malformed", "invalid", "conflict"],
    }),
    validate("json", personBody),
    async (c) => c.json(followingView(await followPerson(socialPorts(c), c.req.valid("json").person)), 201),
  )
  .delete(
    "/v1/me/follows/:personId",
    route({ policy: "person", summary: "Follow somebody no longer", tags: TAGS, responses: { 204: null }, problems: ["not_found"] }),
    validate("param", personParam),
    async (c) => {
      await unfollowPerson(socialPorts(c), c.req.valid("param").personId);
      return c.body(null, 204);
    },
  )
  .get(
    "/v1/me/followers",
    route({
      policy: "person",
      summary: "Who follows you, and who waits to be let",
      tags: TAGS,
      responses: { 200: followingListSchema },
      problems: ["invalid"],
    }),
    validate("query", followerQuery),
    async (c) => {
      const { items, next } = await listFollowers(socialPorts(c), c.req.valid("query"));
      return c.json({ items: items.map(followingView), next });
    },
  )
  .post(
    "/v1/me/followers/:personId/acceptance",
    route({ policy: "person", summary: "Let somebody follow you", tags: TAGS, responses: { 204: null }, problems: ["not_found"] }),
    validate("param", personParam),
    async (c) => {
      await admit(socialPorts(c), c.req.valid("param").personId);
      return c.body(null, 204);
    },
  )
  .delete(
    "/v1/me/followers/:personId",
    route({
      policy: "person",
      summary: "Remove a follower, or say no to one",
      tags: TAGS,
      responses: { 204: null },
      problems: ["not_found"],
    }),
    validate("param", personParam),
    async (c) => {
      await dropFollower(socialPorts(c), c.req.valid("param").personId);
      return c.body(null, 204);
    },
  );

function iso(at: number): string {
  return new Date(at).toISOString();
}

function friendView({ since, ...card }: Friend) {
  return { ...card, since: iso(since) };
}

function requestView({ person, askedAt, expiresAt }: FriendRequest) {
  return { person, askedAt: iso(askedAt), expiresAt: iso(expiresAt) };
}

function followingView({ since, ...rest }: Following) {
  return { ...rest, since: iso(since) };
}
