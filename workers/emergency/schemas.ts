import * as z from "zod";
import { pageQuery } from "../../shared/http/page";
import { REGIONS } from "../../shared/region";

const at = z.string().meta({ example: "2026-11-20T07:30:00.000Z" });
const id = z.string().meta({ example: "emg_eu_01kad7wjcm0000000000000000" });
const OUTCOMES = ["justified", "unjustified"] as const;

export const emergencyPersonParam = z.strictObject({ personId: z.string().min(1).max(64) });
export const emergencyParam = z.strictObject({ id: z.string().min(1).max(64) });

export const openBody = z
  .strictObject({
    reason: z
      .string()
      .trim()
      .min(10)
      .max(500)
      .meta({ example: "Found unconscious, no relatives present." })
      .describe("Why it cannot wait for a consent. The person and the reviewers read it: write no health data that it can do without"),
  })
  .meta({ id: "EmergencyOpening" });

export const openedSchema = z
  .object({ id, openedAt: at, endsAt: at.describe("An hour later; it cannot be extended") })
  .meta({ id: "EmergencyOpened" });
export type OpenedView = z.output<typeof openedSchema>;

const accessSchema = z
  .object({
    id,
    clinician: z.object({ id: z.string(), name: z.string(), region: z.enum(REGIONS) }),
    reason: z.string(),
    state: z.enum(["not_opened", "open", "ended"]).describe("`not_opened`: it was tried, and nothing could be read"),
    openedAt: at,
    endsAt: at.describe("When it ends, or has ended"),
    reads: z.int().describe("Number of reads that it allowed; each is a line of the access log"),
    review: z.object({ outcome: z.enum(OUTCOMES), decidedAt: at, note: z.string() }).nullable(),
  })
  .meta({ id: "EmergencyAccess" });
export type AccessView = z.output<typeof accessSchema>;
export const accessView = accessSchema;
export const accessListSchema = z.object({ items: z.array(accessSchema), next: z.string().nullable() }).meta({ id: "EmergencyAccessList" });

export const REVIEW_STATES = ["open", "overdue", "justified", "unjustified"] as const;

export const reviewQuery = pageQuery.extend({
  state: z.enum(REVIEW_STATES).optional().describe("`open` includes those that are overdue"),
  region: z.enum(REGIONS).optional().describe("The reviewer's own where absent"),
});
export type ReviewQuery = z.output<typeof reviewQuery>;

const reviewSchema = z
  .object({
    id,
    person: z.string(),
    clinician: z.string(),
    openedAt: at,
    endsAt: at,
    state: z.enum(REVIEW_STATES).describe("`overdue`: not decided within 72 hours"),
    decidedAt: at.nullable(),
    reviewer: z.string().nullable(),
  })
  .meta({ id: "EmergencyReview" });
export type ReviewView = z.output<typeof reviewSchema>;
export const reviewView = reviewSchema;
export const reviewListSchema = z.object({ items: z.array(reviewSchema), next: z.string().nullable() }).meta({ id: "EmergencyReviewList" });

export const decisionBody = z
  .strictObject({
    outcome: z.enum(OUTCOMES),
    note: z.string().trim().min(1).max(1_000).meta({ example: "Confirmed with the emergency ward." }).describe("The person reads it"),
  })
  .meta({ id: "EmergencyDecision" });
export type Decision = z.output<typeof decisionBody>;
