import { Hono } from "hono";
import { countedMetrics } from "../../shared/challenges/measures";
import type { AppEnv } from "../../shared/http/app-env";
import { ifMatchHeader, versionIn } from "../../shared/http/if-match";
import { pageQuery } from "../../shared/http/page";
import { route } from "../../shared/http/route";
import { validate } from "../../shared/http/validate";
import { readerOf } from "../consents";
import { admitSocket } from "../live";
import { decideAppeal, listAppeals, makeAppeal, withdrawAppeal } from "./appeal";
import {
  answerRequest,
  createTeam,
  invite,
  listInvitations,
  listRequests,
  listTeams,
  myInvitations,
  removeParticipant,
  uninvite,
} from "./invite";
import { changeChallenge, createChallenge, deleteChallenge, listChallenges, readChallenge } from "./manage-challenge";
import { openChallengeRoom, readChallengeRoom, setInRoom } from "./challenge-room";
import { challengePorts } from "./ports";
import {
  appealBody,
  appealDecision,
  appealList,
  appealParam,
  appealView,
  challengeBody,
  challengeChange,
  challengeList,
  challengeParam,
  challengeQuery,
  challengeView,
  countedList,
  effortsQuery,
  effortsView,
  invitationBody,
  invitationList,
  invitedParam,
  joinBody,
  memberParam,
  myInvitationList,
  partChange,
  partList,
  partView,
  participantParam,
  requestAnswer,
  requestList,
  resultsQuery,
  roomBody,
  roomView,
  resultsView,
  roundList,
  standingsQuery,
  standingsView,
  teamBody,
  teamList,
  teamView,
  totalsView,
  watchQuery,
} from "./schemas";
import { listRounds, readResults, readStandings, readTotals } from "./standings";
import { watchStandings } from "./watch-standings";
import { changePart, leave, listParts, readEfforts, readPart, takePart } from "./take-part";

const TAGS = ["Challenges"] as const;

const challenges = new Hono<AppEnv>()
  .get(
    "/v1/challenges",
    route({
      policy: "person",
      summary: "Challenges: public ones, your own, or those of a group or gym that you are in, newest first",
      tags: TAGS,
      responses: { 200: challengeList },
      problems: ["invalid", "not_found"],
    }),
    validate("query", challengeQuery),
    async (c) => c.json(await listChallenges(challengePorts(c), c.req.valid("query"))),
  )
  .post(
    "/v1/challenges",
    route({
      policy: "person",
      summary: "Make a challenge, as a draft or open at once",
      description: "It belongs to your region; people of all regions may take part.",
      tags: TAGS,
      responses: { 201: challengeView },
      problems: ["malformed", "invalid", "not_found", "conflict"],
    }),
    validate("json", challengeBody),
    async (c) => {
      const challenge = await createChallenge(challengePorts(c), c.req.valid("json"));
      return c.json(challenge, 201, { location: `/v1/challenges/${challenge.id}`, etag: `"${challenge.version}"` });
    },
  )
  .get(
    "/v1/challenges/:id",
    route({ policy: "person", summary: "One challenge", tags: TAGS, responses: { 200: challengeView }, problems: ["not_found"] }),
    validate("param", challengeParam),
    async (c) => {
      const challenge = await readChallenge(challengePorts(c), c.req.valid("param").id);
      return c.json(challenge, 200, { etag: `"${challenge.version}"` });
    },
  )
  .patch(
    "/v1/challenges/:id",
    route({
      policy: "person",
      summary: "Change your challenge, open a draft, or cancel",
      description:
        "What counts changes until the first round begins, and as long as nobody takes part: whoever joins agrees to exactly that.",
      tags: TAGS,
      responses: { 200: challengeView },
      problems: ["malformed", "invalid", "not_found", "forbidden", "conflict", "precondition_failed"],
    }),
    validate("param", challengeParam),
    validate("header", ifMatchHeader),
    validate("json", challengeChange),
    async (c) => {
      const version = versionIn(c.req.valid("header")["if-match"]);
      const challenge = await changeChallenge(challengePorts(c), c.req.valid("param").id, c.req.valid("json"), version);
      return c.json(challenge, 200, { etag: `"${challenge.version}"` });
    },
  )
  .delete(
    "/v1/challenges/:id",
    route({
      policy: "person",
      summary: "Delete a draft, or a challenge that is over",
      tags: TAGS,
      responses: { 204: null },
      problems: ["not_found", "forbidden", "conflict"],
    }),
    validate("param", challengeParam),
    async (c) => {
      await deleteChallenge(challengePorts(c), c.req.valid("param").id);
      return c.body(null, 204);
    },
  )
  .get(
    "/v1/challenge-metrics",
    route({ policy: "person", summary: "What a challenge can count", tags: TAGS, responses: { 200: countedList } }),
    async (c) => {
      const { recordsOf, actor, now } = challengePorts(c);
      await readerOf(recordsOf, actor, now());
      return c.json({
        items: countedMetrics().map(({ key, title, unit }) => ({ key, title, unit: unit === "" ? "{count}" : unit })),
        next: null,
      });
    },
  );

const participation = new Hono<AppEnv>()
  .post(
    "/v1/challenges/:id/participation",
    route({
      policy: "person",
      summary: "Take part in a challenge, or ask to",
      description:
        "Joining is your consent: from your data of the metrics and the time of the challenge a score is computed, in your region, and shown under an alias of this challenge alone, or under a name if you choose. 202 where the owner decides.",
      tags: TAGS,
      responses: { 201: partView, 202: partView },
      problems: ["malformed", "invalid", "not_found", "conflict"],
    }),
    validate("param", challengeParam),
    validate("json", joinBody),
    async (c) => {
      const part = await takePart(challengePorts(c), c.req.valid("param").id, c.req.valid("json"));
      return c.json(part, part.state === "requested" ? 202 : 201);
    },
  )
  .get(
    "/v1/challenges/:id/participation",
    route({ policy: "person", summary: "How you take part", tags: TAGS, responses: { 200: partView }, problems: ["not_found"] }),
    validate("param", challengeParam),
    async (c) => c.json(await readPart(challengePorts(c), c.req.valid("param").id)),
  )
  .patch(
    "/v1/challenges/:id/participation",
    route({
      policy: "person",
      summary: "Change how you are shown, or your own target",
      description: "Whoever becomes anonymous gets another alias. A target of your own is set until the first round begins.",
      tags: TAGS,
      responses: { 200: partView },
      problems: ["malformed", "invalid", "not_found", "conflict"],
    }),
    validate("param", challengeParam),
    validate("json", partChange),
    async (c) => c.json(await changePart(challengePorts(c), c.req.valid("param").id, c.req.valid("json"))),
  )
  .delete(
    "/v1/challenges/:id/participation",
    route({
      policy: "person",
      summary: "Stop taking part",
      description: "Counts at once: what was counted is forgotten, and the board takes you off.",
      tags: TAGS,
      responses: { 204: null },
      problems: ["not_found"],
    }),
    validate("param", challengeParam),
    async (c) => {
      await leave(challengePorts(c), c.req.valid("param").id);
      return c.body(null, 204);
    },
  )
  .get(
    "/v1/challenges/:id/efforts",
    route({
      policy: "person",
      summary: "What of yours counts in a round, what does not, and why",
      tags: TAGS,
      responses: { 200: effortsView },
      problems: ["invalid", "not_found"],
    }),
    validate("param", challengeParam),
    validate("query", effortsQuery),
    async (c) => c.json(await readEfforts(challengePorts(c), c.req.valid("param").id, c.req.valid("query").round)),
  )
  .get(
    "/v1/me/challenges",
    route({
      policy: "person",
      summary: "Challenges that you take part in, or took",
      tags: TAGS,
      responses: { 200: partList },
      problems: ["invalid"],
    }),
    validate("query", pageQuery),
    async (c) => c.json(await listParts(challengePorts(c), c.req.valid("query"))),
  );

const room = new Hono<AppEnv>()
  .post(
    "/v1/challenges/:id/room",
    route({
      policy: "person",
      summary: "Open a room for your challenge",
      description:
        "Whoever shows a name enters it with that name; whoever is anonymous enters by their own choice, under their alias. You are in it under the name you give. Opened already is fine.",
      tags: TAGS,
      responses: { 201: roomView },
      problems: ["malformed", "invalid", "not_found", "forbidden", "conflict"],
    }),
    validate("param", challengeParam),
    validate("json", roomBody),
    async (c) => c.json(await openChallengeRoom(challengePorts(c), c.req.valid("param").id, c.req.valid("json")), 201),
  )
  .get(
    "/v1/challenges/:id/room",
    route({
      policy: "person",
      summary: "The room of a challenge, and whether you are in it",
      tags: TAGS,
      responses: { 200: roomView },
      problems: ["not_found"],
    }),
    validate("param", challengeParam),
    async (c) => c.json(await readChallengeRoom(challengePorts(c), c.req.valid("param").id)),
  )
  .put(
    "/v1/challenges/:id/room/membership",
    route({
      policy: "person",
      summary: "Enter the room of a challenge that you take part in",
      description: "Under what you stand under: your alias, or the name that you chose to show. Who you are is shown to nobody.",
      tags: TAGS,
      responses: { 204: null },
      problems: ["not_found", "conflict"],
    }),
    validate("param", challengeParam),
    async (c) => {
      await setInRoom(challengePorts(c), c.req.valid("param").id, true);
      return c.body(null, 204);
    },
  )
  .delete(
    "/v1/challenges/:id/room/membership",
    route({
      policy: "person",
      summary: "Leave the room of a challenge, and go on taking part",
      description: "What you said there goes with you.",
      tags: TAGS,
      responses: { 204: null },
      problems: ["not_found", "conflict"],
    }),
    validate("param", challengeParam),
    async (c) => {
      await setInRoom(challengePorts(c), c.req.valid("param").id, false);
      return c.body(null, 204);
    },
  );

const people = new Hono<AppEnv>()
  .post(
    "/v1/challenges/:id/invitations",
    route({
      policy: "person",
      summary: "Invite friends, people of your groups, or whole groups",
      description: "The owner does; whoever takes part in an open challenge may invite people too.",
      tags: TAGS,
      responses: { 204: null },
      problems: ["malformed", "invalid", "not_found", "forbidden", "conflict"],
    }),
    validate("param", challengeParam),
    validate("json", invitationBody),
    async (c) => {
      await invite(challengePorts(c), c.req.valid("param").id, c.req.valid("json"));
      return c.body(null, 204);
    },
  )
  .get(
    "/v1/challenges/:id/invitations",
    route({
      policy: "person",
      summary: "Who is invited and has not answered",
      tags: TAGS,
      responses: { 200: invitationList },
      problems: ["invalid", "not_found", "forbidden"],
    }),
    validate("param", challengeParam),
    validate("query", pageQuery),
    async (c) => c.json(await listInvitations(challengePorts(c), c.req.valid("param").id, c.req.valid("query"))),
  )
  .delete(
    "/v1/challenges/:id/invitations/:invitedId",
    route({
      policy: "person",
      summary: "Take an invitation back, or decline your own",
      tags: TAGS,
      responses: { 204: null },
      problems: ["not_found"],
    }),
    validate("param", invitedParam),
    async (c) => {
      const { id, invitedId } = c.req.valid("param");
      await uninvite(challengePorts(c), id, invitedId);
      return c.body(null, 204);
    },
  )
  .get(
    "/v1/me/challenge-invitations",
    route({ policy: "person", summary: "Challenges that you are invited to", tags: TAGS, responses: { 200: myInvitationList } }),
    async (c) => c.json(await myInvitations(challengePorts(c))),
  )
  .get(
    "/v1/challenges/:id/requests",
    route({
      policy: "person",
      summary: "Who asks to take part in your challenge",
      tags: TAGS,
      responses: { 200: requestList },
      problems: ["invalid", "not_found", "forbidden"],
    }),
    validate("param", challengeParam),
    validate("query", pageQuery),
    async (c) => c.json(await listRequests(challengePorts(c), c.req.valid("param").id, c.req.valid("query"))),
  )
  .post(
    "/v1/challenges/:id/requests/:personId",
    route({
      policy: "person",
      summary: "Let somebody who asks take part, or not",
      description: "Whoever is let in is invited: they agree to what counts when they join.",
      tags: TAGS,
      responses: { 204: null },
      problems: ["malformed", "invalid", "not_found", "forbidden"],
    }),
    validate("param", memberParam),
    validate("json", requestAnswer),
    async (c) => {
      const { id, personId } = c.req.valid("param");
      await answerRequest(challengePorts(c), id, personId, c.req.valid("json").accept);
      return c.body(null, 204);
    },
  )
  .delete(
    "/v1/challenges/:id/participants/:alias",
    route({
      policy: "person",
      summary: "Take somebody out of your challenge, by their alias",
      tags: TAGS,
      responses: { 204: null },
      problems: ["not_found", "forbidden"],
    }),
    validate("param", participantParam),
    async (c) => {
      const { id, alias } = c.req.valid("param");
      await removeParticipant(challengePorts(c), id, alias);
      return c.body(null, 204);
    },
  )
  .get(
    "/v1/challenges/:id/teams",
    route({ policy: "person", summary: "Teams of a challenge", tags: TAGS, responses: { 200: teamList }, problems: ["not_found"] }),
    validate("param", challengeParam),
    async (c) => c.json(await listTeams(challengePorts(c), c.req.valid("param").id)),
  )
  .post(
    "/v1/challenges/:id/teams",
    route({
      policy: "person",
      summary: "Make a team",
      description: "The owner does, and, unless the challenge says that they alone do, whoever takes part or may join at once.",
      tags: TAGS,
      responses: { 201: teamView },
      problems: ["malformed", "invalid", "not_found", "forbidden", "conflict"],
    }),
    validate("param", challengeParam),
    validate("json", teamBody),
    async (c) => c.json(await createTeam(challengePorts(c), c.req.valid("param").id, c.req.valid("json").name), 201),
  );

const standings = new Hono<AppEnv>()
  .get(
    "/v1/challenges/:id/standings",
    route({
      policy: "person",
      summary: "Who stands where: everybody, around you, friends, or a group",
      description: "Under aliases; with a name those who chose to show one. Among friends and in groups these alone are shown.",
      tags: TAGS,
      responses: { 200: standingsView },
      problems: ["invalid", "not_found"],
    }),
    validate("param", challengeParam),
    validate("query", standingsQuery),
    async (c) => c.json(await readStandings(challengePorts(c), c.req.valid("param").id, c.req.valid("query"))),
  )
  .get(
    "/v1/challenges/:id/standings/live",
    route({
      policy: "ticket",
      summary: "Watch who stands where, as it changes (WebSocket)",
      description:
        "The best, and those around you where you take part, within a second of a change. Opened like your own stream, with the access token or a ticket; it ends after five minutes: then connect again, with the last `seq`. The messages are described in docs/boards.md.",
      tags: TAGS,
      responses: { 101: null },
      problems: ["malformed", "forbidden", "invalid", "not_found"],
    }),
    validate("param", challengeParam),
    validate("query", watchQuery),
    async (c) => {
      const { ticket, ...query } = c.req.valid("query");
      const admission = await admitSocket(c, ticket);
      const webSocket = await watchStandings(challengePorts(c), c.req.valid("param").id, admission.ticket, query);
      return new Response(null, { status: 101, webSocket });
    },
  )
  .get(
    "/v1/challenges/:id/totals",
    route({
      policy: "person",
      summary: "What teams, or everybody together, have come to",
      tags: TAGS,
      responses: { 200: totalsView },
      problems: ["invalid", "not_found"],
    }),
    validate("param", challengeParam),
    validate("query", effortsQuery),
    async (c) => c.json(await readTotals(challengePorts(c), c.req.valid("param").id, c.req.valid("query").round)),
  )
  .get(
    "/v1/challenges/:id/rounds",
    route({
      policy: "person",
      summary: "Rounds that have begun, newest first",
      tags: TAGS,
      responses: { 200: roundList },
      problems: ["invalid", "not_found"],
    }),
    validate("param", challengeParam),
    validate("query", pageQuery),
    async (c) => {
      const { limit, cursor } = c.req.valid("query");
      return c.json(await listRounds(challengePorts(c), c.req.valid("param").id, limit, cursor));
    },
  )
  .get(
    "/v1/challenges/:id/results",
    route({
      policy: "person",
      summary: "What a closed round came to",
      tags: TAGS,
      responses: { 200: resultsView },
      problems: ["invalid", "not_found"],
    }),
    validate("param", challengeParam),
    validate("query", resultsQuery),
    async (c) => c.json(await readResults(challengePorts(c), c.req.valid("param").id, c.req.valid("query"))),
  );

const appeals = new Hono<AppEnv>()
  .post(
    "/v1/challenges/:id/appeals",
    route({
      policy: "person",
      summary: "Ask that an effort of yours counts after all",
      tags: TAGS,
      responses: { 201: appealView },
      problems: ["malformed", "invalid", "not_found", "conflict"],
    }),
    validate("param", challengeParam),
    validate("json", appealBody),
    async (c) => c.json(await makeAppeal(challengePorts(c), c.req.valid("param").id, c.req.valid("json")), 201),
  )
  .get(
    "/v1/challenges/:id/appeals",
    route({
      policy: "person",
      summary: "Appeals, newest first: all of them for whoever decides, else your own",
      tags: TAGS,
      responses: { 200: appealList },
      problems: ["invalid", "not_found"],
    }),
    validate("param", challengeParam),
    validate("query", pageQuery),
    async (c) => c.json(await listAppeals(challengePorts(c), c.req.valid("param").id, c.req.valid("query"))),
  )
  .post(
    "/v1/challenges/:id/appeals/:appealId/decision",
    route({
      policy: "person",
      summary: "Decide about an appeal",
      description: "For the owner of the challenge and for moderators; nobody decides about their own.",
      tags: TAGS,
      responses: { 200: appealView },
      problems: ["malformed", "invalid", "not_found", "forbidden", "conflict"],
    }),
    validate("param", appealParam),
    validate("json", appealDecision),
    async (c) => {
      const { id, appealId } = c.req.valid("param");
      const { uphold, answer = null } = c.req.valid("json");
      return c.json(await decideAppeal(challengePorts(c), id, appealId, uphold, answer));
    },
  )
  .delete(
    "/v1/challenges/:id/appeals/:appealId",
    route({
      policy: "person",
      summary: "Take your appeal back",
      tags: TAGS,
      responses: { 204: null },
      problems: ["not_found", "conflict"],
    }),
    validate("param", appealParam),
    async (c) => {
      const { id, appealId } = c.req.valid("param");
      await withdrawAppeal(challengePorts(c), id, appealId);
      return c.body(null, 204);
    },
  );

export const challengesRoutes = new Hono<AppEnv>()
  .route("/", challenges)
  .route("/", participation)
  .route("/", room)
  .route("/", people)
  .route("/", standings)
  .route("/", appeals);
