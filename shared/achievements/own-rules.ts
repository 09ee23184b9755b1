import * as z from "zod";
import { SPECIAL } from "../policy/vocabulary";
import type { Definition, Rule } from "./definitions";
import { MEASURE_NAMES, MEASURES } from "./facts";

/** An achievement that an organisation defined. Its steps are worth no points: those are not an organisation's to give. */
export interface OrganisationDefinition extends Definition {
  readonly organisation: string;
}

const of = z
  .enum(MEASURE_NAMES)
  .refine((name) => !SPECIAL.has(MEASURES[name].category), "What shows data of a special class is nobody's to reward.")
  .meta({ example: "steps" });
const atLeast = z.number().positive().max(1e9);
const minutes = z
  .int()
  .min(0)
  .max(24 * 60)
  .describe("Minutes after midnight, by the wall clock where it was");

/** How something is earned, as an organisation may say it: of the same measures and by the same kinds as Meridian's own, but for levels. */
export const ruleSchema = z
  .discriminatedUnion("kind", [
    z.strictObject({ kind: z.enum(["count", "streak", "weekends"]), of, atLeast }),
    z.strictObject({ kind: z.literal("total"), of }),
    z.strictObject({ kind: z.literal("record"), of, after: z.int().min(1).max(365).describe("Once there were so many days") }),
    z.strictObject({ kind: z.literal("time_of_day"), from: minutes, to: minutes }).refine(({ from, to }) => from < to, "It ends later."),
    z
      .strictObject({ kind: z.literal("calendar"), of, atLeast, month: z.int().min(1).max(12), day: z.int().min(1).max(31) })
      .refine(({ month, day }) => day <= new Date(Date.UTC(2024, month, 0)).getUTCDate(), "There is no such day."),
    z.strictObject({ kind: z.literal("return"), of, atLeast, idleDays: z.int().min(1).max(365) }),
  ])
  .describe("Earned by days, from the sources that come first, as Meridian's own achievements are")
  .meta({ example: { kind: "streak", of: "workouts", atLeast: 1 } });

/** Whether what a rule counts is earned again and again, and has no steps. */
export function isRepeated({ kind }: Pick<Rule, "kind">): boolean {
  return kind === "record" || kind === "calendar" || kind === "return";
}

/** An organisation's achievement as the evaluation reads it. */
export function organisationDefinition(one: {
  readonly id: string;
  readonly organisation: string;
  readonly title: string;
  readonly text: string;
  readonly rule: Rule;
  readonly steps: readonly number[];
}): OrganisationDefinition {
  const { steps, ...rest } = one;
  return { ...rest, steps: steps.map((at) => ({ at, points: 0 })), ...(isRepeated(one.rule) && { each: 0 }) };
}
