import * as z from "zod";
import { chosenName } from "../../shared/chosen-name";
import { metric } from "../../shared/health/catalogue";
import { pageQuery } from "../../shared/http/page";
import { CATEGORIES } from "../../shared/policy/vocabulary";
import { LEAST_COHORT } from "../../shared/research/anonymise";
import { milliEpsilon } from "../../shared/research/budget";

const at = z.string().meta({ example: "2026-11-20T07:30:00.000Z" });
const date = z.iso.date().meta({ example: "2025-01-01" });
const id = z.string().meta({ example: "prg_eu_01kad7wjcm0000000000000000" });
const distinct = (list: readonly unknown[]): boolean => new Set(list).size === list.length;
const TWICE = "Each may stand here once.";

const categories = z
  .array(z.enum(CATEGORIES).exclude(["location"]))
  .min(1)
  .refine(distinct, TWICE)
  .meta({ example: ["activity"] })
  .describe("One by one, special ones too; places cannot be asked for");

/** Metrics that have a number a day. */
const isNumeric = (key: string): boolean => {
  const known = metric(key);
  return known?.bounds !== undefined && known.sensitivity !== "location";
};
const metricKey = z.string().max(64).refine(isNumeric, "Not a metric with numbers.");

const epsilon = z
  .number()
  .refine((value) => milliEpsilon(value) !== undefined, "0.001 to 10, with at most three decimals.")
  .meta({ example: 0.5, minimum: 0.001, maximum: 10 });

const MOST_DAYS = 366;
const dayOf = (text: string): number => Date.parse(text) / 86_400_000;

export const programmeBody = z
  .strictObject({
    title: chosenName({ least: 3, most: 120 }).meta({ example: "Steps and sleep" }),
    purpose: z.string().trim().min(20).max(2_000).meta({ example: "How daily steps and the length of sleep go together in adults." }),
    categories,
    metrics: z
      .array(metricKey)
      .min(1)
      .max(20)
      .refine(distinct, TWICE)
      .meta({ example: ["steps"] }),
    period: z
      .strictObject({ from: date, to: date })
      .refine(({ from, to }) => from <= to && dayOf(to) - dayOf(from) < MOST_DAYS, { path: ["to"], message: "One day to 366 days." })
      .meta({ example: { from: "2025-01-01", to: "2025-03-31" } }),
    cohort: z.int().min(LEAST_COHORT).max(10_000).default(LEAST_COHORT).describe("Nothing is released of fewer people: k"),
    epsilon: epsilon.describe("The whole privacy budget of counts and histograms"),
  })
  .refine(({ metrics, categories: named }) => metrics.every((key) => named.some((category) => category === metric(key)?.sensitivity)), {
    path: ["metrics"],
    message: "Name the category of each metric.",
  })
  .meta({ id: "ProgrammeTerms" });
export type ProgrammeInput = z.output<typeof programmeBody>;

export const stateBody = z.strictObject({ state: z.enum(["open", "closed"]) }).meta({ id: "ProgrammeChange" });

export const programmeParam = z.strictObject({ id: z.string().min(1).max(64) });
export const exportParam = z.strictObject({ id: z.string().min(1).max(64), exportId: z.string().min(1).max(64) });
export const programmeQuery = pageQuery.extend({ scope: z.enum(["open", "own"]).default("open") });
export type ProgrammeQuery = z.output<typeof programmeQuery>;

const period = z.object({ from: z.string(), to: z.string() });

const programmeSchema = z
  .object({
    id,
    title: z.string(),
    purpose: z.string(),
    categories: z.array(z.enum(CATEGORIES)),
    metrics: z.array(z.string()),
    period: period.describe("The dates that a release shows"),
    reads: period.describe("The days that are read: each person's dates are moved by up to half a year"),
    cohort: z.int(),
    epsilon: z.object({ total: z.number(), spent: z.number().nullable() }).describe("What was spent, researchers see"),
    state: z.enum(["draft", "open", "closed"]),
    createdAt: at,
  })
  .meta({ id: "Programme" });
export type ProgrammeView = z.output<typeof programmeSchema>;
export const programmeView = programmeSchema;
export const programmeListSchema = z.object({ items: z.array(programmeSchema), next: z.string().nullable() }).meta({ id: "ProgrammeList" });

export const joinBody = z.strictObject({ categories }).meta({ id: "Participation" });

const released = z
  .array(z.object({ export: z.string(), releasedAt: at }))
  .describe("Releases that hold your data under a pseudonym. They cannot be called back");

export const participationSchema = z
  .object({
    programme: id,
    consents: z.array(z.object({ id: z.string(), categories: z.array(z.enum(CATEGORIES)) })),
    released,
  })
  .meta({ id: "ParticipationState" });
export type ParticipationView = z.output<typeof participationSchema>;

export const withdrawalSchema = z.object({ programme: id, withdrawnAt: at, released }).meta({ id: "Withdrawal" });
export type WithdrawalView = z.output<typeof withdrawalSchema>;

const exportSchema = z
  .object({
    id: z.string(),
    state: z.enum(["running", "done", "failed", "expired"]),
    createdAt: at,
    period,
    progress: z.object({ done: z.int(), total: z.int(), unit: z.literal("%") }),
    expiresAt: at.nullable(),
    result: z.object({ people: z.int(), suppressedPeople: z.int(), suppressedValues: z.int() }).nullable(),
    problem: z.object({ code: z.string(), status: z.int(), title: z.string() }).nullable(),
  })
  .meta({ id: "ResearchExport" });
export type ExportView = z.output<typeof exportSchema>;
export const exportView = exportSchema;
export const exportListSchema = z.object({ items: z.array(exportSchema), next: z.string().nullable() }).meta({ id: "ResearchExportList" });

export const questionBody = z
  .strictObject({
    metric: metricKey.meta({ example: "steps" }),
    edges: z
      .array(z.number().min(-1e9).max(1e9))
      .min(2)
      .max(51)
      .refine((edges) => edges.every((edge, i) => i === 0 || edge > (edges[i - 1] ?? edge)), "Rising edges.")
      .meta({ example: [0, 5_000, 10_000, 50_000] })
      .describe("Edges of the bins: two of them are a count"),
    epsilon: epsilon.describe("What the answer may cost"),
  })
  .meta({ id: "ResearchQuestion" });
export type QuestionInput = z.output<typeof questionBody>;

const answerSchema = z
  .object({
    seq: z.int(),
    at,
    metric: z.string(),
    unit: z.string(),
    bins: z.array(z.object({ from: z.number(), to: z.number(), count: z.int().describe("With noise: it may be negative") })),
    epsilon: z.number(),
  })
  .meta({ id: "ResearchAnswer" });
export type AnswerView = z.output<typeof answerSchema>;
export const answerView = answerSchema;
export const answerListSchema = z.object({ items: z.array(answerSchema), next: z.string().nullable() }).meta({ id: "ResearchLedger" });
