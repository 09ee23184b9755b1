import * as z from "zod";
import { chosenName } from "../../shared/chosen-name";
import { DEFINITIONS } from "../../shared/achievements/definitions";
import { isRepeated, ruleSchema } from "../../shared/achievements/own-rules";
import { parseId, type PersonId } from "../../shared/id";
import { pageQuery } from "../../shared/http/page";
import { BOOKING_KINDS, CURRENCIES, MOST_AT_ONCE, REWARD_KINDS, UNITS, VOUCHER_STATES } from "../../shared/wallet/wallet";

const id = z.string().min(1).max(64);
const at = z.iso.datetime();
const date = z.iso.date();
const ACHIEVEMENT = "workouts";
const REWARD = "rwd_eu_01kad7wjcm0000000000000000";
const VOUCHER = "vch_eu_01kad7wjcm0000000000000000";
const PERSON = "per_eu_01kad7wjcm0000000000000000";
const ORGANISATION = "org_eu_01kad7wjcm0000000000000000";

export const achievementParam = z.strictObject({ achievementId: id.meta({ example: ACHIEVEMENT }) });
export const personParam = z.strictObject({ personId: id.meta({ example: PERSON }) });
export const rewardParam = z.strictObject({ rewardId: id.meta({ example: REWARD }) });
export const voucherParam = z.strictObject({ voucherId: id.meta({ example: VOUCHER }) });
export const organisationParam = z.strictObject({ organisationId: id.meta({ example: ORGANISATION }) });
export const organisationRewardParam = organisationParam.extend({ rewardId: id.meta({ example: REWARD }) });

const step = z.object({ at: z.number(), points: z.number().int() });
const definition = {
  id: z.string(),
  title: z.string(),
  text: z.string(),
  kind: z.enum(["count", "total", "streak", "weekends", "record", "time_of_day", "calendar", "return", "level"]),
  unit: z.string().describe("UCUM, of `at` and of the progress"),
  category: z.string().describe("The class of data that it shows"),
  shareable: z.boolean().describe("False for special classes, which nobody else ever sees"),
  steps: z.array(step).describe("Each is earned once; empty for what can be earned again and again"),
  pointsEach: z.number().int().nullable().describe("Points of each time, for what repeats"),
};
export const definitionSchema = z.object({ ...definition }).meta({ id: "AchievementDefinition" });
export const definitionListSchema = z
  .object({ items: z.array(definitionSchema), next: z.string().nullable() })
  .meta({ id: "AchievementDefinitionList" });

export const organisationAchievementParam = organisationParam.extend({ achievementId: id.meta({ example: ACHIEVEMENT }) });
export const newAchievementBody = z
  .strictObject({
    title: chosenName({ most: 60 }),
    text: z.string().trim().min(1).max(200),
    rule: ruleSchema,
    steps: z
      .array(z.number().positive().max(1e9))
      .max(10)
      .default([])
      .refine((all) => all.every((at, i) => i === 0 || at > (all[i - 1] ?? 0)), "In rising order."),
  })
  .refine(({ rule, steps }) => isRepeated(rule) === (steps.length === 0), {
    path: ["steps"],
    message: "Records, days of the calendar and returns have no steps; everything else has one at least.",
  })
  .meta({
    id: "OrganisationAchievementInput",
    example: {
      title: "Days in a row",
      text: "Come on days in a row.",
      rule: { kind: "streak", of: "workouts", atLeast: 1 },
      steps: [2, 5],
    },
  });
export type NewAchievement = z.output<typeof newAchievementBody>;
export const organisationAchievementSchema = z
  .object({
    id: z.string(),
    organisation: z.string(),
    title: z.string(),
    text: z.string(),
    rule: z.looseObject({ kind: z.string() }),
    unit: z.string(),
    steps: z.array(z.number()),
    createdAt: at,
  })
  .meta({ id: "OrganisationAchievement" });
export type OrganisationAchievementView = z.output<typeof organisationAchievementSchema>;
export const organisationAchievementListSchema = z
  .object({ items: z.array(organisationAchievementSchema), next: z.string().nullable() })
  .meta({ id: "OrganisationAchievementList" });

const earned = z.object({
  key: z.string().describe("`step:<at>`, or `on:<date>`"),
  step: z.number().nullable(),
  date: date.describe("The local date on which it was earned"),
  at: at.describe("When it was noticed"),
  points: z.number().int(),
});
export const achievementSchema = z
  .object({
    ...definition,
    hidden: z.boolean().describe("Not in the catalogue; here because it is earned"),
    progress: z.number().describe("Towards the next step, as of today"),
    best: z.number().nullable().describe("The longest row, or the best day"),
    next: step.nullable(),
    keptBack: z.boolean(),
    organisation: z.string().nullable().describe("Whose it is, where an organisation defined it: then nobody else ever sees it"),
    earned: z.array(earned).describe("Latest first"),
  })
  .meta({ id: "Achievement" });
export type AchievementView = z.infer<typeof achievementSchema>;
export const achievementListSchema = z
  .object({ items: z.array(achievementSchema), next: z.string().nullable() })
  .meta({ id: "AchievementList" });
export const achievementQuery = pageQuery.extend({ state: z.enum(["all", "earned", "open"]).default("all") });

export const shownAchievementSchema = z
  .object({ id: z.string(), title: z.string(), text: z.string(), earned: z.array(earned.omit({ at: true, points: true })) })
  .meta({ id: "ShownAchievement" });
export const shownAchievementListSchema = z
  .object({ items: z.array(shownAchievementSchema), next: z.string().nullable() })
  .meta({ id: "ShownAchievementList" });

export const recomputedSchema = z
  .object({ done: z.boolean().describe("False where it goes on for a while") })
  .meta({ id: "AchievementsRecomputed" });

const known = new Set(DEFINITIONS.map((one) => one.id));
const VISIBILITY = z.enum(["private", "friends", "public"]);
export const settingsBody = z
  .strictObject({
    visibility: VISIBILITY.optional(),
    keptBack: z
      .array(
        z
          .string()
          .max(64)
          .refine((one) => known.has(one), "No such achievement."),
      )
      .max(100)
      .optional()
      .describe("Achievements that nobody else sees, whatever the visibility"),
  })
  .meta({ id: "AchievementSettingsChange", example: { visibility: "friends", keptBack: ["nights"] } });
export const settingsSchema = z.object({ visibility: VISIBILITY, keptBack: z.array(z.string()) }).meta({ id: "AchievementSettings" });

const unit = z.enum(UNITS);
const currency = z.enum(CURRENCIES);
export const walletSchema = z
  .object({
    balances: z.array(z.object({ unit, amount: z.number().int(), expiring: z.object({ amount: z.number().int(), at }).nullable() })),
  })
  .meta({ id: "Wallet" });

export const statementQuery = pageQuery.extend({ unit: unit.optional() });
export const transactionSchema = z
  .object({
    number: z.number().int(),
    kind: z.enum(BOOKING_KINDS),
    unit,
    amount: z.number().int().describe("Negative for what went out"),
    balance: z.number().int().describe("Of the unit, afterwards"),
    about: z.string().describe("A pointer to what it was for"),
    at,
    expiresAt: at.nullable(),
  })
  .meta({ id: "WalletTransaction" });
export const statementSchema = z.object({ items: z.array(transactionSchema), next: z.string().nullable() }).meta({ id: "WalletStatement" });

const person = id
  .transform((text, context): PersonId => {
    const parsed = parseId("person", text);
    if (parsed !== undefined) return parsed;
    context.addIssue({ code: "custom", message: "Not a person's id." });
    return z.NEVER;
  })
  .meta({ example: PERSON });
export const transferBody = z
  .strictObject({ to: person.describe("A friend of yours"), amount: z.number().int().min(1).max(MOST_AT_ONCE).describe("Coins") })
  .meta({ id: "CoinTransferInput", example: { to: PERSON, amount: 25 } });
export const transferSchema = z
  .object({
    id: z.string(),
    to: z.string(),
    amount: z.number().int(),
    state: z.enum(["sending", "done", "returned"]),
    createdAt: at,
  })
  .meta({ id: "CoinTransfer" });

const terms = z
  .union([
    z.strictObject({ percentOff: z.number().int().min(1).max(100) }),
    z.strictObject({
      amountOff: z.number().int().min(1).max(100_000_000).describe("In the smallest unit of the currency"),
      currency: z.string().regex(/^[A-Z]{3}$/),
    }),
    z.strictObject({ sessions: z.number().int().min(1).max(100) }),
  ])
  .describe("What it gives: a discount has `percentOff` or `amountOff` with `currency`, free sessions their number");
const text = (most: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(most)
    .refine((one) => !/\p{Cc}/u.test(one.replaceAll("\n", "")), "The text holds control characters.");
const offer = {
  title: chosenName({ most: 120 }),
  description: text(2_000),
  stock: z.number().int().min(0).max(MOST_AT_ONCE).nullable().describe("How many there are in all; null for any number"),
};
const NEW_REWARD = {
  kind: "free_session",
  title: "A session on the house",
  description: "One hour with a trainer of your choice.",
  terms: { sessions: 1 },
  price: { unit: "points", amount: 500 },
  stock: 20,
};
export const newRewardBody = z
  .strictObject({
    kind: z.enum(REWARD_KINDS),
    ...offer,
    stock: offer.stock.default(null),
    terms,
    price: z.strictObject({ unit: currency, amount: z.number().int().min(0).max(MOST_AT_ONCE) }),
    perPerson: z.number().int().min(1).max(1_000).default(1),
    validDays: z.number().int().min(1).max(3_650).default(90),
  })
  .refine(({ kind, terms: given }) => (kind === "free_session") === "sessions" in given, {
    path: ["terms"],
    message: "Free sessions have a number of sessions; a discount has what is taken off.",
  })
  .meta({ id: "RewardInput", example: NEW_REWARD });
export type NewReward = z.output<typeof newRewardBody>;
export const rewardChangeBody = z
  .strictObject({ title: offer.title.optional(), description: offer.description.optional(), stock: offer.stock.optional() })
  .meta({ id: "RewardChange", example: { stock: 40 } });
export type RewardChange = z.output<typeof rewardChangeBody>;

export const rewardSchema = z
  .object({
    id: z.string(),
    organisation: z.object({ id: z.string(), name: z.string() }),
    kind: z.enum(REWARD_KINDS),
    title: z.string(),
    description: z.string(),
    terms,
    price: z.object({ unit: currency, amount: z.number().int() }),
    stock: z.number().int().nullable(),
    left: z.number().int().nullable().describe("Null for any number"),
    perPerson: z.number().int(),
    validDays: z.number().int(),
    createdAt: at,
    closedAt: at.nullable(),
  })
  .meta({ id: "Reward" });
export type RewardView = z.infer<typeof rewardSchema>;
export const rewardListSchema = z.object({ items: z.array(rewardSchema), next: z.string().nullable() }).meta({ id: "RewardList" });
export const rewardQuery = pageQuery.extend({
  organisation: id.optional().meta({ example: ORGANISATION }).describe("Of one organisation; else of all in your region"),
});

export const voucherSchema = z
  .object({
    id: z.string(),
    reward: z.string(),
    organisation: z.string(),
    kind: z.enum(REWARD_KINDS),
    title: z.string(),
    terms,
    paid: z.object({ unit: currency, amount: z.number().int() }),
    state: z.enum(VOUCHER_STATES),
    code: z.string().nullable().optional().describe("To be shown at the organisation; with one voucher alone, while it is good"),
    createdAt: at,
    expiresAt: at,
    settledAt: at.nullable(),
  })
  .meta({ id: "Voucher" });
export const voucherListSchema = z.object({ items: z.array(voucherSchema), next: z.string().nullable() }).meta({ id: "VoucherList" });

export const redemptionBody = z
  .strictObject({ code: z.string().min(16).max(40) })
  .meta({ id: "RedemptionInput", example: { code: "7H2K-QW9D-M4TX-3ZRB" } });
export const redemptionSchema = z
  .object({ voucher: z.string(), reward: z.string(), kind: z.enum(REWARD_KINDS), title: z.string(), terms, usedAt: at })
  .meta({ id: "Redemption" });
