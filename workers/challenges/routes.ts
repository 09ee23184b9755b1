import { Hono } from "hono";
import { countedMetrics } from "../../shared/challenges/measures";
import type { AppEnv } from "../../shared/http/app-env";
import { ifMatchHeader, versionIn } from "../../shared/http/if-match";
import { pageQuery } from "../../shared/http/page";
import { route } from "../../shared/http/route";
import { validate } from "../../shared/http/validate";
import { readerOf } from "../consents";
import { changeChallenge, createChallenge, deleteChallenge, listChallenges, readChallenge } from "./manage-challenge";
import { challengePorts } from "./ports";
import {
  challengeBody,
  challengeChange,
  challengeList,
  challengeParam,
  challengeQuery,
  challengeView,
  countedList,
  effortsQuery,
  effortsView,
  joinBody,
  partChange,
  partList,
  partView,
} from "./schemas";
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

export const challengesRoutes = new Hono<AppEnv>().route("/", challenges).route("/", participation);
