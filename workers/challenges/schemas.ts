import * as z from "zod";
import { chosenName } from "../../shared/chosen-name";
import { parseCron } from "../../shared/challenges/cron";
import { type Measure, faultOf, WORKOUT_FIGURES } from "../../shared/challenges/measures";
import { LONGEST_CHALLENGE_MS } from "../../shared/challenges/periods";
import { OPERATORS } from "../../shared/challenges/score";
import { CHALLENGE_KINDS } from "../../shared/challenges/terms";
import { TRUST } from "../../shared/challenges/trust";
import { isTimeZone } from "../../shared/health/zone";
import { pageQuery } from "../../shared/http/page";
import { REGIONS } from "../../shared/region";

export const VISIBILITIES = ["public", "friends", "group", "organisation", "private"] as const;
export type Visibility = (typeof VISIBILITIES)[number];
export const JOININGS = ["open", "request", "invitation"] as const;
export const TEAMS_BY = ["owner", "people"] as const;
export const RANKINGS = ["anonymous", "public"] as const;

const at = z.string().meta({ example: "2026-12-07T00:00:00.000Z" });
const instant = z.iso.datetime({ offset: true }).meta({ example: "2026-12-07T00:00:00+01:00" });
const challengeId = z.string().meta({ example: "chl_eu_01kad7wjcm0000000000000000" });
const alias = z.string().meta({ example: "q2VfYpQ0J6mM8tq1uXh3Rg" });
const title = chosenName({ least: 3, most: 120 }).meta({ example: "Steps in December" });
const description = z.string().trim().max(2_000);
const key = z.string().min(1).max(64);
const formula = z
  .string()
  .min(1)
  .max(200)
  .describe("Numbers, metrics, `+ - * /`, parentheses, `min`, `max`, `floor`, `round`, for each date");

const FAULTS = {
  unknown_metric: "No such metric.",
  metric_not_allowed: "This metric does not enter a leaderboard.",
  invalid_formula: "Not a formula.",
  too_many_metrics: "Six metrics at most.",
  nothing_counted: "Name a metric.",
  unknown_workout_type: "No such type of workout.",
} as const;

const measure = z
  .discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("metric"), metric: key.meta({ example: "steps" }) }),
    z.strictObject({ kind: z.literal("formula"), formula: formula.meta({ example: "steps / 1000 + 2 * floors" }) }),
    z.strictObject({ kind: z.enum(["days", "streak"]), formula: formula.meta({ example: "steps" }), target: z.number().min(0).max(1e9) }),
    z.strictObject({ kind: z.literal("workouts"), figure: z.enum(WORKOUT_FIGURES), types: z.array(key).min(1).max(30).optional() }),
  ])
  .superRefine((value, ctx) => {
    const fault = faultOf(value as Measure);
    if (fault !== undefined) ctx.addIssue({ code: "custom", message: FAULTS[fault], params: { code: fault } });
  })
  .meta({ example: { kind: "metric", metric: "steps" } })
  .describe("What is counted: a metric, a formula, dates that reach a target (all, or in a row), or workouts");

const goal = z
  .discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("absolute"), target: z.number().positive().max(1e12).nullable().default(null) }),
    z.strictObject({
      kind: z.literal("relative"),
      baselineDays: z.int().min(7).max(90).default(28),
      target: z.number().positive().max(100_000).nullable().default(null),
    }),
    z.strictObject({ kind: z.literal("custom") }),
  ])
  .describe("`relative`: scores are per cent of what each did before; `custom`: per cent of a target that each chooses");

const HOUR_S = 3_600;
const repeat = z
  .union([
    z.enum(["once", "daily", "weekly"]),
    z.strictObject({
      cron: z
        .string()
        .max(64)
        .refine((text) => parseCron(text) !== undefined, "Not a cron expression."),
    }),
  ])
  .default("once");

const scheduleFields = {
  timeZone: z.string().max(64).refine(isTimeZone, "Not a time zone.").meta({ example: "Europe/Berlin" }),
  startsAt: instant,
  endsAt: instant,
  repeat,
  windowHours: z
    .int()
    .min(1)
    .max(366 * 24)
    .nullable()
    .default(null)
    .describe("How long each round counts after its reset; until the next one where null"),
  lateHours: z
    .int()
    .min(0)
    .max(7 * 24)
    .default(24)
    .describe("How long after the end of a round late data still count"),
};
const schedule = z
  .strictObject(scheduleFields)
  .refine(({ startsAt, endsAt }) => Date.parse(endsAt) - Date.parse(startsAt) >= HOUR_S * 1_000, {
    path: ["endsAt"],
    message: "An hour at least.",
  })
  .refine(({ startsAt, endsAt }) => Date.parse(endsAt) - Date.parse(startsAt) <= LONGEST_CHALLENGE_MS, {
    path: ["endsAt"],
    message: "366 days at most.",
  })
  .meta({
    example: { timeZone: "Europe/Berlin", startsAt: "2026-12-01T00:00:00+01:00", endsAt: "2027-01-01T00:00:00+01:00" },
  });

const rewards = z
  .array(
    z.strictObject({ reward: z.string().min(1).max(64), ranks: z.int().min(1).max(10_000).optional(), whoReach: z.boolean().optional() }),
  )
  .max(10)
  .default([])
  .describe("Pointers to rewards: for the first ranks, or for everybody who reaches the goal");

const fields = {
  title,
  description: description.default(""),
  kind: z.enum(CHALLENGE_KINDS).default("individual"),
  measure,
  operator: z.enum(OPERATORS).default("increment").describe("Of dates or workouts: the best, the latest, or all together"),
  order: z.enum(["descending", "ascending"]).default("descending"),
  goal: goal.default({ kind: "absolute", target: null }),
  trust: z
    .enum(TRUST)
    .optional()
    .describe("Sources that are believed less do not count. `file`, unless everything counted is typed in by nature"),
  attempts: z.int().min(1).max(1_000).nullable().default(null),
  schedule,
  visibility: z.enum(VISIBILITIES).default("private"),
  audience: z.string().max(64).nullable().default(null).describe("The group or organisation that it is for"),
  joining: z.enum(JOININGS).default("open"),
  mostPeople: z.int().min(2).max(1_000_000).default(10_000),
  mostInTeam: z.int().min(2).max(1_000).nullable().default(null),
  teamsBy: z.enum(TEAMS_BY).default("people").describe("Who makes teams: the owner alone, or whoever takes part as well"),
  rewards,
};

const called = chosenName({ most: 60 }).describe("What you go by in the room; your name where absent");

export const challengeBody = z
  .strictObject({
    ...fields,
    state: z.enum(["draft", "open"]).default("draft"),
    room: z.boolean().default(false).describe("Whether it has a room in which those who take part talk"),
    roomName: called.optional(),
  })
  .meta({ id: "ChallengeInput" });
export type ChallengeInput = z.output<typeof challengeBody>;

/** The same without defaults: what is absent stays. */
export const challengeChange = z
  .strictObject({
    title: title.optional(),
    description: description.optional(),
    measure: measure.optional(),
    operator: z.enum(OPERATORS).optional(),
    order: z.enum(["descending", "ascending"]).optional(),
    goal: goal.optional(),
    trust: z.enum(TRUST).optional(),
    attempts: z.int().min(1).max(1_000).nullable().optional(),
    schedule: schedule.optional(),
    joining: z.enum(JOININGS).optional(),
    mostPeople: z.int().min(2).max(1_000_000).optional(),
    mostInTeam: z.int().min(2).max(1_000).nullable().optional(),
    teamsBy: z.enum(TEAMS_BY).optional(),
    rewards: rewards.optional(),
    state: z.enum(["open", "cancelled"]).optional(),
  })
  .refine((change) => Object.keys(change).length > 0, "Change something.")
  .meta({ id: "ChallengeChange" });
export type ChallengeChange = z.output<typeof challengeChange>;

export const challengeParam = z.strictObject({ id: z.string().min(1).max(64) });
export const memberParam = z.strictObject({ id: z.string().min(1).max(64), personId: z.string().min(1).max(64) });
export const invitedParam = z.strictObject({ id: z.string().min(1).max(64), invitedId: z.string().min(1).max(64) });
export const participantParam = z.strictObject({ id: z.string().min(1).max(64), alias: z.string().min(1).max(64) });
export const appealParam = z.strictObject({ id: z.string().min(1).max(64), appealId: z.string().min(1).max(64) });

export const challengeQuery = pageQuery.extend({
  scope: z.enum(["public", "own", "audience"]).default("public"),
  region: z.enum(REGIONS).optional().describe("Of public ones: your own where absent"),
  audience: z.string().max(64).optional(),
});
export type ChallengeQuery = z.output<typeof challengeQuery>;

const roundSchema = z.object({ opensAt: at, endsAt: at, closesAt: at });

export const challengeView = z
  .object({
    id: challengeId,
    state: z.enum(["draft", "open", "ended", "cancelled"]),
    title: z.string(),
    description: z.string(),
    kind: z.enum(CHALLENGE_KINDS),
    measure: z.looseObject({ kind: z.string() }),
    unit: z.string().nullable(),
    operator: z.enum(OPERATORS),
    order: z.enum(["descending", "ascending"]),
    goal: z.looseObject({ kind: z.string() }),
    trust: z.enum(TRUST),
    attempts: z.int().nullable(),
    schedule: z.object({
      timeZone: z.string(),
      startsAt: at,
      endsAt: at,
      repeat: z.union([z.string(), z.object({ cron: z.string() })]),
      windowHours: z.number().nullable(),
      lateHours: z.number(),
    }),
    visibility: z.enum(VISIBILITIES),
    audience: z.string().nullable(),
    joining: z.enum(JOININGS),
    people: z.int(),
    mostPeople: z.int(),
    mostInTeam: z.int().nullable(),
    teamsBy: z.enum(TEAMS_BY),
    rewards: z.array(z.looseObject({ reward: z.string() })),
    version: z.int(),
    createdAt: at,
    updatedAt: at,
    round: roundSchema.nullable().describe("The one under way, else the next"),
    room: z.string().nullable().describe("Its room, should it have one"),
    isOwner: z.boolean(),
    participation: z.enum(["none", "invited", "requested", "active", "left", "removed", "refused"]),
  })
  .meta({ id: "Challenge" });
export type ChallengeView = z.output<typeof challengeView>;
export const roomBody = z.strictObject({ name: called.optional() }).meta({ id: "ChallengeRoomInput" });
export type RoomInput = z.output<typeof roomBody>;
export const roomView = z
  .object({ room: z.string(), isMember: z.boolean().describe("Whether you are in it, or will be within minutes") })
  .meta({ id: "ChallengeRoom" });
export type RoomAnswer = z.output<typeof roomView>;

export const challengeList = z.object({ items: z.array(challengeView), next: z.string().nullable() }).meta({ id: "ChallengeList" });

const rankNews = z
  .boolean()
  .describe("Whether to be told when somebody passes you, when you rise into the top, or move by many places: once a day");

export const joinBody = z
  .strictObject({
    ranking: z.enum(RANKINGS).default("anonymous").describe("Under an alias of this challenge alone, or with a name"),
    name: chosenName({ most: 60 }).optional().describe("What to show where the ranking is public; your name where absent"),
    target: z.number().positive().max(1e12).optional().describe("Your own target, where the goal is `custom`"),
    team: z.string().max(64).optional(),
    room: z
      .boolean()
      .optional()
      .describe(
        "Whether to enter the challenge's room, should it have one, under what you stand under; where absent whoever shows a name does",
      ),
    rankNews: rankNews.default(false),
  })
  .meta({ id: "ChallengeJoining" });
export type JoinInput = z.output<typeof joinBody>;
export const partChange = z
  .strictObject({
    ranking: z.enum(RANKINGS).optional(),
    name: chosenName({ most: 60 }).optional(),
    target: z.number().positive().max(1e12).optional(),
    rankNews: rankNews.optional(),
  })
  .refine((change) => Object.keys(change).length > 0, "Change something.")
  .meta({ id: "ChallengePartChange" });
export type PartChangeInput = z.output<typeof partChange>;

const ownRound = roundSchema
  .extend({
    score: z.number().nullable().describe("In the unit of the challenge"),
    ranked: z.number().nullable().describe("What the board has: the same, or per cent where the goal is relative or custom"),
    reachedAt: at.nullable(),
    efforts: z.int(),
    hasReached: z.boolean().nullable(),
    isFinal: z.boolean(),
    isDue: z.boolean().describe("Something has changed and is being counted"),
  })
  .meta({ id: "ChallengeOwnRound" });

const listedPart = z
  .object({
    challenge: challengeId,
    title: z.string(),
    state: z.enum(["requested", "active", "left"]),
    ranking: z.enum(RANKINGS),
    alias: alias.nullable(),
    own: z.number().nullable().describe("Your baseline or your target"),
    joinedAt: at.nullable(),
    leftAt: at.nullable(),
    consent: z
      .object({ purpose: z.literal("challenge"), metrics: z.array(z.string()), from: at, until: at, receipt: z.string() })
      .nullable()
      .describe("What you agreed to by joining: a score of these metrics in this time"),
    unit: z.string().nullable(),
    round: ownRound.nullable(),
  })
  .meta({ id: "ChallengeParticipationListed" });
export type ListedPart = z.output<typeof listedPart>;
export const partView = listedPart.extend({ rankNews: z.boolean() }).meta({ id: "ChallengeParticipation" });
export type PartAnswer = z.output<typeof partView>;
export const partList = z.object({ items: z.array(listedPart), next: z.string().nullable() }).meta({ id: "ChallengeParticipationList" });

export const effortsQuery = z.strictObject({ round: instant.optional().describe("`opensAt` of a round; the last one where absent") });
export const effortsView = z
  .object({
    round: ownRound,
    unit: z.string().nullable(),
    efforts: z.array(
      z.object({
        effort: z.string(),
        date: z.string(),
        at,
        value: z.number().nullable(),
        counts: z.boolean(),
        leftOut: z.number(),
        reason: z.string().nullable().describe("Why something was left out"),
        allowed: z.boolean().describe("It counts as a whole, as was decided on appeal"),
      }),
    ),
    late: z.array(z.object({ date: z.string(), arrivedAt: at })).describe("What arrived after the close, and does not count"),
  })
  .meta({ id: "ChallengeEfforts" });
export type EffortsAnswer = z.output<typeof effortsView>;

export const countedList = z
  .object({ items: z.array(z.object({ key: z.string(), title: z.string(), unit: z.string() })), next: z.string().nullable() })
  .meta({ id: "ChallengeMetricList" });

const personId = z.string().min(1).max(64);
export const invitationBody = z
  .strictObject({ people: z.array(personId).max(100).default([]), groups: z.array(z.string().min(1).max(64)).max(20).default([]) })
  .refine(({ people, groups }) => people.length + groups.length > 0, "Invite somebody.")
  .meta({ id: "ChallengeInvitationInput", example: { people: ["per_eu_01kad7wjcm0000000000000000"] } });
export type InvitationInput = z.output<typeof invitationBody>;
export const invitationList = z
  .object({
    items: z.array(z.object({ person: z.string().nullable(), group: z.string().nullable(), invitedAt: at })),
    next: z.string().nullable(),
  })
  .meta({ id: "ChallengeInvitationList" });
export type InvitationView = z.output<typeof invitationList>["items"][number];
export const myInvitationList = z
  .object({ items: z.array(z.object({ challenge: challengeId, title: z.string(), invitedAt: at })), next: z.string().nullable() })
  .meta({ id: "ChallengeInvitationsToYou" });
export type MyInvitation = z.output<typeof myInvitationList>["items"][number];

export const requestList = z
  .object({
    items: z.array(z.object({ person: z.string(), ranking: z.enum(RANKINGS), name: z.string().nullable(), askedAt: at })),
    next: z.string().nullable(),
  })
  .meta({ id: "ChallengeRequestList" });
export type RequestView = z.output<typeof requestList>["items"][number];
export const requestAnswer = z.strictObject({ accept: z.boolean() }).meta({ id: "ChallengeRequestAnswer" });

export const teamBody = z.strictObject({ name: chosenName({ most: 60 }) }).meta({ id: "ChallengeTeamInput" });
export const teamView = z.object({ id: z.string(), name: z.string(), people: z.int() }).meta({ id: "ChallengeTeam" });
export type TeamView = z.output<typeof teamView>;
export const teamList = z.object({ items: z.array(teamView), next: z.string().nullable() }).meta({ id: "ChallengeTeamList" });

/** What is watched of a round: its best, at most a hundred. */
export const watchQuery = z.strictObject({
  round: z.iso.datetime({ offset: true }).optional().describe("When the round opens; the present one where absent"),
  top: z.coerce.number().int().min(0).max(100).default(10),
  after: z.coerce.number().int().min(0).optional().describe("The last `seq` seen"),
  ticket: z.string().max(1_000).optional().describe("A ticket of `POST /v1/tickets`, where no header can be sent"),
});

export const standingsQuery = pageQuery.extend({
  view: z.enum(["everyone", "around", "friends", "group"]).default("everyone"),
  round: instant.optional().describe("`opensAt` of a round; the present or last one where absent"),
  group: z.string().max(64).optional(),
});
export type StandingsQuery = z.output<typeof standingsQuery>;
const place = z.object({
  rank: z.int(),
  alias,
  name: z.string().nullable().describe("Of those who chose to show one"),
  score: z.number().nullable(),
  hasReached: z.boolean().nullable().describe("Whether the goal is reached; null where there is none"),
  isYou: z.boolean(),
});
export const standingsView = z
  .object({
    challenge: challengeId,
    round: roundSchema,
    count: z.int(),
    veiled: z.boolean().describe("Those without a name are too few to be shown: you see yourself, and those who show theirs"),
    items: z.array(place.extend({ reachedAt: at.nullable() })),
    next: z.string().nullable(),
    previous: z.string().nullable(),
  })
  .meta({ id: "ChallengeStandings" });
export type StandingsAnswer = z.output<typeof standingsView>;
export const totalsView = z
  .object({
    challenge: challengeId,
    round: roundSchema,
    total: z.number().nullable().describe("Of everybody together; null where it would show what single people without a name have"),
    hasReached: z.boolean().nullable(),
    teams: z.array(z.object({ team: z.string(), name: z.string(), rank: z.int(), score: z.number().nullable(), people: z.int() })),
  })
  .meta({ id: "ChallengeTotals" });
export type TotalsAnswer = z.output<typeof totalsView>;
export const roundList = z
  .object({
    items: z.array(roundSchema.extend({ state: z.enum(["open", "closing", "closed"]), entries: z.int().nullable() })),
    next: z.string().nullable(),
  })
  .meta({ id: "ChallengeRoundList" });
export type RoundList = z.output<typeof roundList>;
export const resultsQuery = pageQuery.extend({ round: instant, kind: z.enum(["person", "team"]).default("person") });
export const resultsView = z
  .object({
    challenge: challengeId,
    round: roundSchema,
    closedAt: at,
    count: z.int(),
    veiled: z.boolean().describe("Those without a name were too few to be shown"),
    items: z.array(place),
    next: z.string().nullable(),
  })
  .meta({ id: "ChallengeResults" });
export type ResultsAnswer = z.output<typeof resultsView>;

export const appealBody = z
  .strictObject({
    round: instant,
    effort: z.string().min(1).max(64).meta({ example: "2026-12-07" }),
    words: z.string().trim().min(1).max(1_000).describe("Why it should count. Whoever decides sees it, with the effort, under your alias"),
  })
  .meta({ id: "ChallengeAppealInput" });
export type AppealInput = z.output<typeof appealBody>;
export const appealView = z
  .object({
    id: z.string(),
    alias: alias.nullable(),
    isYours: z.boolean(),
    round: at,
    effort: z.string(),
    reason: z.string(),
    value: z.number(),
    words: z.string(),
    state: z.enum(["open", "upheld", "rejected", "withdrawn"]),
    answer: z.string().nullable(),
    createdAt: at,
    decidedAt: at.nullable(),
  })
  .meta({ id: "ChallengeAppeal" });
export type AppealView = z.output<typeof appealView>;
export const appealList = z.object({ items: z.array(appealView), next: z.string().nullable() }).meta({ id: "ChallengeAppealList" });
export const appealDecision = z
  .strictObject({ uphold: z.boolean(), answer: z.string().trim().max(1_000).optional() })
  .meta({ id: "ChallengeAppealDecision" });
