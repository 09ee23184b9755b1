import * as z from "zod";
import { pageQuery } from "../../shared/http/page";
import { instant } from "../../shared/http/instant";
import { at, sourceNumber } from "./schemas";

const STATES = ["held", "released", "discarded"] as const;

export const quarantineQuery = pageQuery.extend({ state: z.enum(STATES).default("held") });

/** A path part that is no id names nothing: no reading has the number 0. */
export const quarantineParam = z.strictObject({
  id: z
    .string()
    .max(32)
    .transform((text) => Number(/^q([1-9]\d{0,14})$/.exec(text)?.[1] ?? 0))
    .meta({ example: "q1" }),
});

/** Which readings that are held; at least one condition, so that nobody decides about all by leaving everything out. */
export const heldBody = z
  .strictObject({
    metric: z.string().min(1).max(64).optional(),
    source: sourceNumber.optional(),
    reason: z.string().min(1).max(64).optional(),
    from: instant.optional(),
    to: instant.optional(),
  })
  .refine((query) => Object.values(query).some((value) => value !== undefined), "Say which.")
  .refine((query) => query.from === undefined || query.to === undefined || query.from < query.to, {
    path: ["to"],
    message: "The end must lie after the beginning.",
  })
  .meta({ id: "HeldReadings", example: { metric: "blood_glucose", reason: "unit_suspect" } });

export const decidedSchema = z
  .object({
    decided: z.int(),
    refused: z.int().describe("Readings that cannot be stored: never understood as a whole, deleted meanwhile, or past what is kept"),
    isMore: z.boolean().describe("Whether more of them wait: ask again"),
  })
  .meta({ id: "Decided" });

export const quarantineListSchema = z
  .object({
    items: z.array(
      z.object({
        id: z.string().meta({ example: "q1" }),
        metric: z.string(),
        at,
        value: z.number().nullable(),
        unit: z.string(),
        reason: z.string().describe("`implausible_value`, `unit_suspect` where another unit would fit, or what the source's data lacked"),
        source: z.string(),
        recordId: z.string(),
        receivedAt: at,
        state: z.enum(STATES),
        decidedAt: at.nullable(),
      }),
    ),
    next: z.string().nullable(),
  })
  .meta({ id: "QuarantineList" });

export const reconciliationSchema = z
  .object({
    key: z.string(),
    unit: z.string(),
    from: z.string(),
    to: z.string(),
    timeZone: z.string(),
    days: z
      .array(
        z.object({
          date: z.string(),
          source: z.string(),
          dailyTotal: z.number(),
          fromReadings: z.number(),
          difference: z.number().describe("Total minus readings"),
          ratio: z.number().nullable().describe("Readings as a share of the total"),
        }),
      )
      .describe("Dates on which a source told its own number and readings"),
    sources: z.array(
      z.object({
        source: z.string(),
        attribution: z.string().optional().describe("Words that its vendor wants to stand where it is shown"),
        days: z.int(),
        meanDifference: z.number(),
        largestDifference: z.number(),
      }),
    ),
  })
  .meta({ id: "Reconciliation" });
