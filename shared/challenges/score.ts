/** How efforts become a score: the best one, the latest one, or all together. */
export const OPERATORS = ["best", "set", "increment"] as const;
export type Operator = (typeof OPERATORS)[number];

/** Something that counts: a local date of the challenge's zone, or a workout. */
export interface Effort {
  /** Names it within its period: `2026-11-20`, or the workout's start and source. */
  readonly key: string;
  /** When it was done: epoch milliseconds of the last reading in it. */
  readonly at: number;
  /** Days since 1970-01-01, for streaks. */
  readonly day: number;
  readonly value: number;
}

/** How a score is made of efforts. */
export interface Rule {
  readonly operator: Operator;
  /** Only so many efforts count, the first ones. */
  readonly attempts: number | null;
  /** Less is better. */
  readonly isAscending: boolean;
  /** `days` and `streak` count efforts that reach a target. */
  readonly counts: "values" | "days" | "streak";
  readonly target: number;
}

export interface Score {
  readonly score: number;
  /** When it was reached, for ties; epoch milliseconds. */
  readonly at: number;
  /** How many efforts count. */
  readonly efforts: number;
}

/** The score of efforts, in whatever order they come; undefined where nothing counts. */
export function scoreOf(all: readonly Effort[], rule: Rule): Score | undefined {
  const inOrder = all.toSorted((a, b) => a.day - b.day || a.at - b.at || (a.key < b.key ? -1 : 1));
  const counted = rule.attempts === null ? inOrder : inOrder.slice(0, rule.attempts);
  if (counted.length === 0) return undefined;
  if (rule.counts !== "values") return reaching(counted, rule);
  const efforts = counted.length;
  switch (rule.operator) {
    case "increment":
      return { score: rounded(counted.reduce((sum, { value }) => sum + value, 0)), at: lastOf(counted), efforts };
    case "set": {
      const last = counted.at(-1)!;
      return { score: rounded(last.value), at: last.at, efforts };
    }
    case "best": {
      const best = counted.reduce((a, b) => ((rule.isAscending ? b.value < a.value : b.value > a.value) ? b : a));
      return { score: rounded(best.value), at: best.at, efforts };
    }
  }
}

/** How many dates reach the target, or how many in a row at most. */
function reaching(counted: readonly Effort[], { target, counts }: Rule): Score | undefined {
  const reached = counted.filter(({ value }) => value >= target);
  const efforts = counted.length;
  if (reached.length === 0) return { score: 0, at: counted[0]!.at, efforts };
  if (counts === "days") return { score: reached.length, at: lastOf(reached), efforts };
  let [longest, at, run] = [0, 0, 0];
  reached.forEach((effort, i) => {
    run = effort.day - 1 === reached[i - 1]?.day ? run + 1 : 1;
    if (run > longest) [longest, at] = [run, effort.at];
  });
  return { score: longest, at, efforts };
}

function lastOf(efforts: readonly Effort[]): number {
  return Math.max(...efforts.map(({ at }) => at));
}

/** To the thousandth: sums of doubles do not depend on their order then. */
function rounded(value: number): number {
  return Math.round(value * 1_000) / 1_000 + 0;
}

/** What people are measured by: the amount itself, or how much of their own it is. */
export type Goal =
  | { readonly kind: "absolute"; readonly target: number | null }
  /** In percent of what the person did before, taken when they joined. */
  | { readonly kind: "relative"; readonly baselineDays: number; readonly target: number | null }
  /** In percent of a target of the person's own. */
  | { readonly kind: "custom" };

/** What of a goal is the person's own: their baseline, or the target that they chose. */
export type Own = number | null;

/** The score that is ranked; undefined where somebody has no baseline or target to be measured by. */
export function rankedScore(score: number, goal: Goal, own: Own): number | undefined {
  if (goal.kind === "absolute") return score;
  return own === null || own <= 0 ? undefined : rounded((score / own) * 100);
}

/** Whether a ranked score has reached the goal; null where there is none to reach. */
export function hasReached(ranked: number, goal: Goal, isAscending: boolean): boolean | null {
  const target = goal.kind === "custom" ? 100 : goal.target;
  if (target === null) return null;
  return isAscending ? ranked <= target : ranked >= target;
}

/** What somebody did on so many dates before, over as many days as a period has; undefined where they did too little to compare with. */
export function baselineOf(values: readonly number[], days: number, rule: Pick<Rule, "operator" | "isAscending">): number | undefined {
  if (values.length < LEAST_BASELINE_DAYS) return undefined;
  const total = values.reduce((sum, value) => sum + value, 0);
  if (rule.operator === "best") return rule.isAscending ? Math.min(...values) : Math.max(...values);
  const mean = total / values.length;
  const found = rule.operator === "increment" ? mean * days : mean;
  return found > 0 ? rounded(found) : undefined;
}

export const LEAST_BASELINE_DAYS = 3;
