import { Hono } from "hono";
import type { Earned, OwnAchievement } from "../../durable-objects/vault/achievements/achievements";
import { categoryOf, type Definition, DEFINITIONS, definitionOf, unitOf } from "../../shared/achievements/definitions";
import { dayText } from "../../shared/health/zone";
import { regionalKeys } from "../../shared/crypto/keys";
import { type AppContext, type AppEnv, personOf } from "../../shared/http/app-env";
import { pageOf, pageQuery } from "../../shared/http/page";
import { route } from "../../shared/http/route";
import { validate } from "../../shared/http/validate";
import { parseId, regionOf } from "../../shared/id";
import { SPECIAL } from "../../shared/policy/vocabulary";
import { notFound } from "../../shared/problem";
import { partnerPorts } from "../partners";
import { regional, vaultOf } from "../regional";
import { closeAchievement, defineAchievement, listAchievements, takeUp } from "./organisation-achievements";
import { rewardPorts } from "./ports";
import { relationOf } from "./relations";
import {
  achievementListSchema,
  achievementParam,
  achievementQuery,
  achievementSchema,
  type AchievementView,
  definitionListSchema,
  newAchievementBody,
  organisationAchievementListSchema,
  organisationAchievementParam,
  organisationAchievementSchema,
  organisationParam,
  personParam,
  recomputedSchema,
  settingsBody,
  settingsSchema,
  shownAchievementListSchema,
} from "./schemas";

const TAGS = ["Achievements"] as const;
/** In the order of the catalogue, which grows at its end. */
const ORDER = new Map(DEFINITIONS.map(({ id }, i) => [id, i]));
/** Those of organisations come behind, by their ids. */
const placeOf = ({ id }: { readonly id: string }) => {
  const place = ORDER.get(id);
  return place === undefined ? id : String(place).padStart(4, "0");
};

/** What there is to achieve, and what the person and others have. */
export const achievementRoutes = new Hono<AppEnv>()
  .get(
    "/v1/achievements",
    route({
      policy: "person",
      summary: "What there is to achieve",
      description: "Hidden ones are not here: they show once they are earned.",
      tags: TAGS,
      responses: { 200: definitionListSchema },
      problems: ["invalid"],
    }),
    validate("query", pageQuery),
    async (c) => {
      const actor = personOf(c);
      await vaultOf(c.env, actor.person).admit(actor, { action: "read", resource: "achievement" });
      const items = DEFINITIONS.filter(({ isHidden }) => isHidden !== true).map(definitionView);
      return c.json(await pageOf(keysOf(c), actor.person, { name: "achievements", items, place: placeOf }, c.req.valid("query")));
    },
  )
  .get(
    "/v1/me/achievements",
    route({
      policy: "person",
      summary: "Your achievements, with how far you are",
      description:
        "Computed from your readings, workouts and nights by the sources that come first, by your local dates. What was typed in counts for meals, water and mindful minutes alone.",
      tags: TAGS,
      responses: { 200: achievementListSchema },
      problems: ["invalid"],
    }),
    validate("query", achievementQuery),
    async (c) => {
      const actor = personOf(c);
      const { state, ...page } = c.req.valid("query");
      const all = (await vaultOf(c.env, actor.person).achievements(actor)).map(achievementView);
      const items = all.filter(({ earned }) => state === "all" || (state === "earned") === earned.length > 0);
      return c.json(await pageOf(keysOf(c), actor.person, { name: `own achievements ${state}`, items, place: placeOf }, page));
    },
  )
  .post(
    "/v1/me/achievements/recompute",
    route({
      policy: "person",
      summary: "Compute your achievements anew",
      description:
        "From all that is stored. It comes to the same as what is computed from day to day; what no longer follows is taken back.",
      tags: TAGS,
      responses: { 200: recomputedSchema },
    }),
    async (c) => {
      const actor = personOf(c);
      return c.json({ done: !(await vaultOf(c.env, actor.person).recomputeAchievements(actor)) });
    },
  )
  .get(
    "/v1/me/achievements/:achievementId",
    route({
      policy: "person",
      summary: "One of your achievements",
      tags: TAGS,
      responses: { 200: achievementSchema },
      problems: ["not_found"],
    }),
    validate("param", achievementParam),
    async (c) => {
      const actor = personOf(c);
      return c.json(achievementView(await vaultOf(c.env, actor.person).achievement(actor, c.req.valid("param").achievementId)));
    },
  )
  .put(
    "/v1/me/achievements/:achievementId",
    route({
      policy: "person",
      summary: "Take up an achievement of an organisation that you are with",
      description:
        "Your vault computes it from now on, of all your days. The organisation is not told, nor does anybody else see it. It is worth no points.",
      tags: TAGS,
      responses: { 204: null },
      problems: ["not_found", "conflict"],
    }),
    validate("param", achievementParam),
    async (c) => {
      await takeUp(rewardPorts(c), c.req.valid("param").achievementId);
      return c.body(null, 204);
    },
  )
  .delete(
    "/v1/me/achievements/:achievementId",
    route({
      policy: "person",
      summary: "Drop an achievement of an organisation, with what you earned by it",
      tags: TAGS,
      responses: { 204: null },
    }),
    validate("param", achievementParam),
    async (c) => {
      const actor = personOf(c);
      await vaultOf(c.env, actor.person).dropAchievement(actor, c.req.valid("param").achievementId);
      return c.body(null, 204);
    },
  )
  .get(
    "/v1/organisations/:organisationId/achievements",
    route({
      policy: "person",
      summary: "What an organisation gives its people to achieve",
      description: "For those who work there or share something with it.",
      tags: TAGS,
      responses: { 200: organisationAchievementListSchema },
      problems: ["not_found"],
    }),
    validate("param", organisationParam),
    async (c) => c.json({ items: await listAchievements(rewardPorts(c), c.req.valid("param").organisationId), next: null }),
  )
  .post(
    "/v1/organisations/:organisationId/achievements",
    route({
      policy: "person",
      summary: "Define an achievement of your organisation",
      description: "For owners and administrators. The rule stays as it is; close it and make another to change it.",
      tags: TAGS,
      responses: { 201: organisationAchievementSchema },
      problems: ["malformed", "invalid", "not_found", "conflict"],
    }),
    validate("param", organisationParam),
    validate("json", newAchievementBody),
    async (c) => c.json(await defineAchievement(partnerPorts(c), c.req.valid("param").organisationId, c.req.valid("json")), 201),
  )
  .delete(
    "/v1/organisations/:organisationId/achievements/:achievementId",
    route({
      policy: "person",
      summary: "Close an achievement: nobody takes it up any more",
      description: "Who has taken it up goes on.",
      tags: TAGS,
      responses: { 204: null },
      problems: ["not_found"],
    }),
    validate("param", organisationAchievementParam),
    async (c) => {
      const { organisationId, achievementId } = c.req.valid("param");
      await closeAchievement(partnerPorts(c), organisationId, achievementId);
      return c.body(null, 204);
    },
  )
  .get(
    "/v1/me/achievement-settings",
    route({ policy: "person", summary: "Who sees your achievements", tags: TAGS, responses: { 200: settingsSchema } }),
    async (c) => {
      const actor = personOf(c);
      return c.json(await vaultOf(c.env, actor.person).achievementSettings(actor));
    },
  )
  .patch(
    "/v1/me/achievement-settings",
    route({
      policy: "person",
      summary: "Choose who sees your achievements",
      description: "Nobody, unless you say otherwise. What shows data of a special class is never seen by others.",
      tags: TAGS,
      responses: { 200: settingsSchema },
      problems: ["malformed", "invalid"],
    }),
    validate("json", settingsBody),
    async (c) => {
      const actor = personOf(c);
      const { visibility, keptBack } = c.req.valid("json");
      const change = { ...(visibility !== undefined && { visibility }), ...(keptBack !== undefined && { keptBack }) };
      return c.json(await vaultOf(c.env, actor.person).changeAchievementSettings(actor, change));
    },
  )
  .get(
    "/v1/people/:personId/achievements",
    route({
      policy: "person",
      summary: "What somebody else has achieved, as far as they show it to you",
      tags: TAGS,
      responses: { 200: shownAchievementListSchema },
      problems: ["not_found", "invalid"],
    }),
    validate("param", personParam),
    validate("query", pageQuery),
    async (c) => {
      const actor = personOf(c);
      await vaultOf(c.env, actor.person).admit(actor, { action: "read", resource: "achievement" });
      const owner = parseId("person", c.req.valid("param").personId);
      if (owner === undefined) throw notFound("person");
      const relation = owner === actor.person ? "friend" : await relationOf(c, owner, actor.person);
      if (relation === "blocked") throw notFound("person");
      const shown = await vaultOf(c.env, owner).shownAchievements(actor, relation);
      const items = shown.flatMap(({ id, earned }) => {
        const definition = definitionOf(id);
        if (definition === undefined) return [];
        const times = earned.map((one) => {
          const { key, step, date } = earnedView(one);
          return { key, step, date };
        });
        return [{ id, title: definition.title, text: definition.text, earned: times }];
      });
      return c.json(
        await pageOf(keysOf(c), actor.person, { name: `achievements of ${owner}`, items, place: placeOf }, c.req.valid("query")),
      );
    },
  );

function keysOf(c: AppContext) {
  return regionalKeys(regional(c.env, regionOf(personOf(c).person)).keys);
}

function definitionView(definition: Definition) {
  const { id, title, text, rule, steps, each } = definition;
  const category = categoryOf(definition);
  return {
    id,
    title,
    text,
    kind: rule.kind,
    unit: unitOf(definition),
    category,
    shareable: !SPECIAL.has(category),
    steps: [...steps],
    pointsEach: each ?? null,
  };
}

function achievementView({ id, progress, best, earned, isKeptBack, definition: own }: OwnAchievement): AchievementView {
  const definition = own ?? definitionOf(id);
  if (definition === undefined) throw new TypeError("not an achievement");
  const reached = new Set(earned.map(({ key }) => key));
  return {
    ...definitionView(definition),
    ...(own !== null && { shareable: false }),
    organisation: own?.organisation ?? null,
    hidden: definition.isHidden === true,
    progress,
    best,
    next: definition.steps.find(({ at }) => !reached.has(`step:${at}`)) ?? null,
    keptBack: isKeptBack,
    earned: earned.map(earnedView),
  };
}

function earnedView({ key, date, at, points }: Earned) {
  const [kind, value] = key.split(":");
  return {
    key: kind === "on" ? `on:${dayText(date)}` : key,
    step: kind === "step" ? Number(value) : null,
    date: dayText(date),
    at: new Date(at).toISOString(),
    points,
  };
}
