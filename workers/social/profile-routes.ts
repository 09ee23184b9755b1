import { Hono } from "hono";
import { directoryKeys } from "../../shared/crypto/keys";
import type { AppContext, AppEnv } from "../../shared/http/app-env";
import { ifMatchHeader, versionIn } from "../../shared/http/if-match";
import { pageQuery } from "../../shared/http/page";
import { route } from "../../shared/http/route";
import { validate } from "../../shared/http/validate";
import { notFound, isProblem } from "../../shared/problem";
import { maskOf, timesIn } from "../../shared/social/buddies";
import { notificationPorts } from "../notifications";
import {
  askToTrain,
  type Buddy,
  dropBuddyProfile,
  endTraining,
  keepBuddyProfile,
  listBuddies,
  nudge,
  readBuddyProfile,
  type StoredBuddyProfile,
  suggestBuddies,
} from "./buddies";
import { invitationPage } from "./invitation-page";
import { acceptInvitation, type Invitation, invite, listInvitations, openInvitation, revokeInvitation } from "./invitations";
import { socialContext, socialPorts } from "./ports";
import { changeProfile, findByHandle, type OwnProfile, readOwnProfile, readProfile } from "./profile";
import {
  acceptedSchema,
  buddyListSchema,
  buddyProfileBody,
  buddyProfileSchema,
  buddySchema,
  codeParam,
  handleBody,
  invitationBody,
  invitationListSchema,
  invitationParam,
  madeInvitationSchema,
  openInvitationSchema,
  ownProfileSchema,
  profileChangeBody,
  seenProfileSchema,
  suggestionListSchema,
} from "./profile-schemas";
import { personBody, personParam } from "./schemas";

const PEOPLE = ["People"] as const;
const INVITATIONS = ["Invitations"] as const;
const BUDDIES = ["Buddies"] as const;

export const profileRoutes = new Hono<AppEnv>()
  .get(
    "/v1/me/social-profile",
    route({ policy: "person", summary: "How you show yourself to others", tags: PEOPLE, responses: { 200: ownProfileSchema } }),
    async (c) => ownAnswer(c, await readOwnProfile(socialPorts(c))),
  )
  .patch(
    "/v1/me/social-profile",
    route({
      policy: "person",
      summary: "Change how you show yourself",
      description:
        "Nothing is shown until you say so, but your name to friends and in your groups. What you narrow is hidden from the answer on. Takes `If-Match`.",
      tags: PEOPLE,
      responses: { 200: ownProfileSchema },
      problems: ["malformed", "invalid", "conflict", "precondition_failed"],
    }),
    validate("header", ifMatchHeader),
    validate("json", profileChangeBody),
    async (c) => {
      const version = versionIn(c.req.valid("header")["if-match"]);
      return ownAnswer(c, await changeProfile({ ...socialPorts(c), ...handlePorts(c) }, c.req.valid("json"), version));
    },
  )
  .get(
    "/v1/people/:personId/profile",
    route({
      policy: "person",
      summary: "What somebody shows to you",
      description: "Somebody who shows you nothing, is blocked either way, or is not registered, looks the same.",
      tags: PEOPLE,
      responses: { 200: seenProfileSchema },
      problems: ["not_found"],
    }),
    validate("param", personParam),
    async (c) => c.json(await readProfile(socialPorts(c), c.req.valid("param").personId)),
  )
  .post(
    "/v1/people/search",
    route({
      policy: "person",
      summary: "Find somebody by their handle",
      description: "By the whole handle, of people in every region who want to be found by it.",
      tags: PEOPLE,
      responses: { 200: seenProfileSchema },
      problems: ["malformed", "invalid", "not_found"],
    }),
    validate("json", handleBody),
    async (c) => c.json(await findByHandle({ ...socialPorts(c), ...handlePorts(c) }, c.req.valid("json").handle)),
  )
  .get(
    "/v1/me/invitations",
    route({
      policy: "person",
      summary: "Invitations that you have made",
      tags: INVITATIONS,
      responses: { 200: invitationListSchema },
      problems: ["invalid"],
    }),
    validate("query", pageQuery),
    async (c) => {
      const { items, next } = await listInvitations(socialPorts(c), c.req.valid("query"));
      return c.json({ items: items.map(invitationView), next });
    },
  )
  .post(
    "/v1/me/invitations",
    route({
      policy: "person",
      summary: "Invite somebody: into friendship, or into a group",
      description:
        "The code is shown once, in `url`, `text` and `shares`. Whoever opens it sees your name. To an `email` or a `number` Meridian sends it, once; neither is kept, and the answer tells nothing of whether it belongs to somebody here or wants no invitations. At most thirty a day, ten of them as text messages, and three a month to one address from whomever.",
      tags: INVITATIONS,
      responses: { 201: madeInvitationSchema },
      problems: ["malformed", "invalid", "not_found", "unavailable"],
    }),
    validate("json", invitationBody),
    async (c) => {
      const ports = {
        ...socialPorts(c),
        origin: c.env.ORIGIN,
        notifications: notificationPorts(c.env, c.get("now")),
        after: (work: Promise<void>) => c.executionCtx.waitUntil(work),
      };
      const body = c.req.valid("json");
      const { url, text, shares, ...made } = await invite(ports, body);
      const smsUrl = made.via === "sms" && body.number === undefined ? shares.sms : null;
      return c.json({ ...invitationView(made), url, text, smsUrl, shares }, 201);
    },
  )
  .delete(
    "/v1/me/invitations/:invitationId",
    route({
      policy: "person",
      summary: "Take an invitation back",
      description: "Its code opens nothing any more. Whoever has come in by it stays.",
      tags: INVITATIONS,
      responses: { 204: null },
      problems: ["not_found"],
    }),
    validate("param", invitationParam),
    async (c) => {
      await revokeInvitation(socialPorts(c), c.req.valid("param").invitationId);
      return c.body(null, 204);
    },
  )
  .get(
    "/v1/invitations/:code",
    route({
      policy: "public",
      summary: "What an invitation is about",
      description: "For whoever has the code: who invites, and into what. One that is wrong, used, expired or taken back looks the same.",
      tags: INVITATIONS,
      responses: { 200: openInvitationSchema },
      problems: ["not_found", "invalid"],
    }),
    validate("param", codeParam),
    async (c) => {
      const { code } = c.req.valid("param");
      const { expiresAt, ...open } = await openInvitation(socialContext(c.env, c.get("now")), code);
      c.header("cache-control", "no-store");
      return c.json({ ...open, expiresAt: iso(expiresAt), link: `meridian://invite/${code}` });
    },
  )
  .get(
    "/invite/:code",
    route({
      policy: "public",
      summary: "The page of an invitation",
      description: "Where links lead that people share: what the invitation is about, and the way into the app.",
      tags: INVITATIONS,
      responses: { 200: { mediaType: "text/html", description: "The page, also of an invitation that opens nothing any more" } },
      problems: ["invalid"],
    }),
    validate("param", codeParam),
    async (c) => {
      const { code } = c.req.valid("param");
      const found = await openInvitation(socialContext(c.env, c.get("now")), code).catch((error: unknown) => {
        if (isProblem(error) && error.code === "not_found") return undefined;
        throw error;
      });
      c.header("cache-control", "no-store");
      c.header("referrer-policy", "no-referrer");
      return c.html(invitationPage(found, code));
    },
  )
  .post(
    "/v1/invitations/:code/acceptance",
    route({
      policy: "person",
      summary: "Accept an invitation",
      description: "You and who invites are friends, or you are in the group. Accepted already is fine.",
      tags: INVITATIONS,
      responses: { 200: acceptedSchema },
      problems: ["not_found", "conflict", "invalid"],
    }),
    validate("param", codeParam),
    async (c) => c.json(await acceptInvitation(socialPorts(c), c.req.valid("param").code)),
  )
  .get(
    "/v1/me/buddy-profile",
    route({
      policy: "person",
      summary: "What you look for in somebody to train with",
      tags: BUDDIES,
      responses: { 200: buddyProfileSchema },
      problems: ["not_found"],
    }),
    async (c) => {
      const profile = await readBuddyProfile(socialPorts(c));
      if (profile === undefined) throw notFound("buddy profile");
      return c.json(buddyProfileView(profile));
    },
  )
  .put(
    "/v1/me/buddy-profile",
    route({
      policy: "person",
      summary: "Want to be found by somebody to train with",
      description:
        "By people of your region who want to be found too. What you say here is compared, and shown only where you have it in common. Of a place a cell of about ten kilometres is kept, and shown to nobody.",
      tags: BUDDIES,
      responses: { 200: buddyProfileSchema },
      problems: ["malformed", "invalid"],
    }),
    validate("json", buddyProfileBody),
    async (c) => {
      const { place, times, ...profile } = c.req.valid("json");
      return c.json(buddyProfileView(await keepBuddyProfile(socialPorts(c), { ...profile, times: maskOf(times), cell: place })));
    },
  )
  .delete(
    "/v1/me/buddy-profile",
    route({
      policy: "person",
      summary: "Want to be found no longer",
      description: "Nothing of it is kept. Those with whom you train stay your buddies.",
      tags: BUDDIES,
      responses: { 204: null },
    }),
    async (c) => {
      await dropBuddyProfile(socialPorts(c));
      return c.body(null, 204);
    },
  )
  .get(
    "/v1/me/buddy-suggestions",
    route({
      policy: "person",
      summary: "People who fit you, with reasons",
      description:
        "The best first, at most twenty. Each reason says what you have in common and how many points it brings; the score is their sum.",
      tags: BUDDIES,
      responses: { 200: suggestionListSchema },
      problems: ["conflict"],
    }),
    async (c) => {
      const found = await suggestBuddies(socialPorts(c));
      return c.json({
        items: found.map(({ reasons, ...rest }) => ({
          ...rest,
          reasons: reasons.map(({ common, ...one }) => ({ ...one, common: [...common] })),
        })),
        next: null,
      });
    },
  )
  .get(
    "/v1/me/buddies",
    route({
      policy: "person",
      summary: "With whom you train, and who waits for an answer",
      tags: BUDDIES,
      responses: { 200: buddyListSchema },
    }),
    async (c) => c.json({ items: (await listBuddies(socialPorts(c))).map(buddyView), next: null }),
  )
  .post(
    "/v1/me/buddies",
    route({
      policy: "person",
      summary: "Ask somebody to train together",
      description: "A friend, or somebody who wants to be found as you do. Whoever has asked you becomes your buddy at once.",
      tags: BUDDIES,
      responses: { 201: buddySchema },
      problems: ["malformed", "invalid", "not_found", "conflict"],
    }),
    validate("json", personBody),
    async (c) => c.json(buddyView(await askToTrain(socialPorts(c), c.req.valid("json").person)), 201),
  )
  .delete(
    "/v1/me/buddies/:personId",
    route({
      policy: "person",
      summary: "End training together, or say no",
      description: "At any time, by either, without a word.",
      tags: BUDDIES,
      responses: { 204: null },
      problems: ["not_found"],
    }),
    validate("param", personParam),
    async (c) => {
      await endTraining(socialPorts(c), c.req.valid("param").personId);
      return c.body(null, 204);
    },
  )
  .post(
    "/v1/me/buddies/:personId/nudge",
    route({
      policy: "person",
      summary: "Cheer a buddy on",
      description: "They hear of it as they have chosen to be notified; once a day, however often you do it.",
      tags: BUDDIES,
      responses: { 202: null },
      problems: ["not_found"],
    }),
    validate("param", personParam),
    async (c) => {
      await nudge(socialPorts(c), c.req.valid("param").personId);
      return c.body(null, 202);
    },
  );

const iso = (at: number) => new Date(at).toISOString();

function handlePorts(c: AppContext) {
  return { directory: c.env.DIRECTORY, handleKeys: directoryKeys(c.env.DIRECTORY_KEYS) };
}

function ownAnswer(c: AppContext, { version, ...profile }: OwnProfile): Response {
  c.header("etag", `"${version}"`);
  return c.json(profile);
}

function invitationView({ id, via, group, uses, mostUses, createdAt, expiresAt, state }: Invitation) {
  return { id, via, group, uses, mostUses, createdAt: iso(createdAt), expiresAt: iso(expiresAt), state };
}

function buddyProfileView({ cell, times, version: _version, ...profile }: StoredBuddyProfile) {
  return { ...profile, times: timesIn(times), hasPlace: cell !== null };
}

function buddyView({ since, ...buddy }: Buddy) {
  return { ...buddy, since: iso(since) };
}
