import * as z from "zod";
import { instant } from "../../shared/http/instant";
import { ACTIONS, CATEGORIES, PURPOSES, RESOURCES } from "../../shared/policy/vocabulary";

const at = z.string().meta({ example: "2026-11-20T07:30:00.000Z" });

export const accessLogQuery = z
  .strictObject({
    actor: z.string().min(1).max(64).meta({ example: "per_eu_01kad7wjcm0000000000000000" }).optional(),
    action: z.enum(ACTIONS).optional(),
    resource: z.enum(RESOURCES).optional(),
    category: z.enum(CATEGORIES).optional().describe("Lines about this category, or about a metric of it"),
    outcome: z.enum(["allowed", "denied"]).optional(),
    from: instant.optional(),
    to: instant.optional(),
    limit: z.coerce.number().int().min(1).max(200).default(50),
    cursor: z.string().max(2_048).optional(),
  })
  .refine((q) => q.from === undefined || q.to === undefined || q.from < q.to, {
    path: ["to"],
    message: "The end must lie after the beginning.",
  });

export type AccessLogQuery = z.output<typeof accessLogQuery>;

const accessEventSchema = z
  .object({
    seq: z.int().describe("Counts without gaps, from 1"),
    at,
    actor: z.object({ kind: z.enum(["person", "client", "system", "unknown"]), id: z.string() }),
    action: z.enum(ACTIONS),
    resource: z.enum(RESOURCES),
    about: z.array(z.string()).describe("Metrics, categories or ids; never values"),
    purpose: z.enum(PURPOSES),
    outcome: z.enum(["allowed", "denied"]),
    reason: z.string().describe("`self`, `consent`, `role`, `break_glass`, `review`, `system`, or why it was denied"),
    session: z.string().optional(),
    requestId: z.string().optional(),
    onBehalfOf: z.string().optional().describe("For `client` its organisation; for `system` the person"),
    consent: z.string().optional().describe("id/version of the consents that allowed it, and the id of the emergency access"),
  })
  .meta({ id: "AccessEvent" });

export type AccessEventView = z.output<typeof accessEventSchema>;

export const accessLogSchema = z.object({ items: z.array(accessEventSchema), next: z.string().nullable() }).meta({ id: "AccessLog" });

export const verifyQuery = z.strictObject({
  after: z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER).default(0).describe("Go on after this number"),
});

export const verificationSchema = z
  .object({
    intact: z.boolean().describe("Every line from `first` on that was looked at is proven"),
    fault: z
      .object({
        kind: z.enum(["altered", "missing", "truncated", "rewritten", "checkpoint_forged", "checkpoint_missing", "anchor_forged"]),
        seq: z.int(),
      })
      .nullable()
      .describe("The first thing that is wrong"),
    first: z.int(),
    proven: z.int().describe("Number of lines proven"),
    checkpoint: z
      .object({
        seq: z.int(),
        at,
        statement: z.string().optional().describe("The record as a JWS: anybody verifies it with `/.well-known/jwks.json`. Keep it"),
      })
      .nullable()
      .describe("The newest record of the log that is kept outside of it"),
    next: z.int().nullable().describe("Ask again with `after` of this number; null at the end"),
  })
  .meta({ id: "AccessLogVerification" });

export type VerificationView = z.output<typeof verificationSchema>;
