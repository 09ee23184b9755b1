import type { Measure } from "./measures";
import type { Schedule } from "./periods";
import type { Goal, Operator, Rule } from "./score";
import type { Trust } from "./trust";

export const CHALLENGE_KINDS = ["individual", "team", "cooperative"] as const;
export type ChallengeKind = (typeof CHALLENGE_KINDS)[number];

/** What people take part in, and what each of their vaults counts by. Never changes once the first period has begun. */
export interface Terms {
  readonly kind: ChallengeKind;
  readonly measure: Measure;
  readonly operator: Operator;
  /** `ascending`: less is better. */
  readonly order: "descending" | "ascending";
  readonly goal: Goal;
  /** Sources that are believed less do not count. */
  readonly trust: Trust;
  /** Only the first so many dates or workouts of a period count. */
  readonly attempts: number | null;
  readonly schedule: Schedule;
}

/** How scores are made under these terms. */
export function ruleOf({ measure, operator, order, attempts }: Terms): Rule {
  const counts = measure.kind === "days" || measure.kind === "streak" ? measure.kind : "values";
  return {
    operator,
    attempts,
    isAscending: order === "ascending",
    counts,
    target: counts === "values" ? 0 : (measure as { target: number }).target,
  };
}
