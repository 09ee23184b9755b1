/** What a new score does to the one that is there. */
export const OPERATORS = ["best", "set", "increment", "decrement"] as const;
export type Operator = (typeof OPERATORS)[number];

/** Whether the largest or the smallest score leads. */
export const ORDERS = ["descending", "ascending"] as const;
export type Order = (typeof ORDERS)[number];

/** Who leads of two with the same score and subscore: whoever reached it earlier, or both share the rank (1, 1, 3). */
export const TIES = ["earlier", "shared"] as const;
export type Ties = (typeof TIES)[number];

/** How a board counts. Fixed for good. */
export interface Terms {
  readonly operator: Operator;
  readonly order: Order;
  readonly ties: Ties;
  /** What increments and decrements begin from; 0 where absent. Decrements stop at 0. */
  readonly start?: number;
}

/** What a source says of one alias. */
export interface Submission {
  /** 1 to 64 printable ASCII characters without spaces. */
  readonly alias: string;
  /** The score, or by how much it changes. */
  readonly score: number;
  /** Decides between equal scores, in the board's order; 0 where absent. */
  readonly subscore?: number;
  /** When the score was reached, epoch milliseconds. */
  readonly at: number;
  /**
   * The source's number of this statement about the alias, from 1. `set`: the highest counts, whenever it comes. Increments and decrements:
   * each number counts once, in any order, and none is left out. `best` needs none: the best is the best however often it is said.
   */
  readonly version: number;
}

/**
 * What became of a submission. `counted`: the entry is another now. `kept`: it was no better. `replayed`: it had been counted, or a later
 * one had. `gap`: so many earlier numbers are missing that it is not taken; it must be sent again.
 */
export type Outcome = "counted" | "kept" | "replayed" | "gap";

/** What a board holds of somebody. */
export interface Entry {
  readonly alias: string;
  readonly score: number;
  readonly subscore: number;
  /** Epoch milliseconds. */
  readonly at: number;
}

/** An entry with its rank, from 1. */
export interface Placed extends Entry {
  readonly rank: number;
}

/** Beyond every score, one way or the other: an owner's word for an entry of which nothing counts at the moment. */
export const NOTHING = 1e15;

/** Whether a score says that nothing counts. */
export function isNothing(score: number): boolean {
  return Math.abs(score) >= NOTHING;
}

export const LONGEST_ALIAS = 64;
const ALIAS = /^[\x21-\x7e]{1,64}$/;

export function isAlias(text: string): boolean {
  return ALIAS.test(text);
}

/** Whether a submission is one that a board may count: finite numbers, a version from 1, and no change backwards. */
export function isSubmission(terms: Terms, { alias, score, subscore = 0, at, version }: Submission): boolean {
  const isWhole = Number.isSafeInteger(at) && Number.isSafeInteger(version) && version >= 1;
  const isForward = terms.operator !== "decrement" || (score >= 0 && subscore >= 0);
  return isWhole && isForward && Number.isFinite(score) && Number.isFinite(subscore) && isAlias(alias);
}

/** Below 0, 0 or above it as `a` leads, is the same entry, or follows. Total: of equal scores and times the alias decides. */
export function compareEntries(order: Order, a: Entry, b: Entry): number {
  const sign = order === "descending" ? -1 : 1;
  if (a.score !== b.score) return sign * (a.score - b.score);
  if (a.subscore !== b.subscore) return sign * (a.subscore - b.subscore);
  if (a.at !== b.at) return a.at - b.at;
  return a.alias === b.alias ? 0 : a.alias < b.alias ? -1 : 1;
}
