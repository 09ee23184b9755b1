import type { Placed, Terms } from "../../shared/ranking/terms";

/** How a board counts, fixed for good. */
export interface BoardTerms extends Terms {
  /** So many entries of a period in one object divide it into twice as many parts; a million where absent. */
  readonly partSize?: number;
}

/** A pointer to a reward for the ranks from one to another, both inclusive, as far as they reach a score. */
export interface Prize {
  readonly reward: string;
  readonly from: number;
  readonly to: number;
  /** The score (the largest, on an ascending board) that must be reached as well. */
  readonly reaches?: number;
}

export interface PeriodStatus {
  readonly period: number;
  readonly state: "open" | "closing" | "closed";
  readonly closedAt: number | null;
  /** How many entries there were at the close; null before it. */
  readonly entries: number | null;
}

/** A reward that a close gave. `(board, period, reward, alias)` is the key under which it may be paid once. */
export interface Given {
  readonly period: number;
  readonly reward: string;
  readonly alias: string;
  /** As it was at the close. */
  readonly rank: number;
}

/** Somebody's own place. */
export interface Standing {
  readonly entry: Placed;
  readonly count: number;
  /** The share of the others that they lead, per cent. */
  readonly percentile: number;
}

/** A page of a board. */
export interface BoardPage {
  readonly items: readonly Placed[];
  readonly hasBefore: boolean;
  readonly hasAfter: boolean;
  readonly count: number;
  readonly state: PeriodStatus["state"];
}

/** Submissions of one call at most. */
export const MOST_AT_ONCE = 5_000;
/** Entries of one page at most, and aliases of one subset. */
export const MOST_LISTED = 1_000;
