import { MINUTE_MS } from "../clock";
import type { BoardId, ChallengeId } from "../id";
import { NOTHING, type Terms as BoardTerms } from "../ranking/terms";
import type { Terms } from "./terms";

/** The board of a challenge: of the same region and the same number, so that vaults find it without asking. */
export function boardIdOf(challenge: ChallengeId | string): BoardId {
  return challenge.replace(/^chl_/, "brd_") as BoardId;
}

/** The number of a round on its board: the minute at which it opens. Rounds begin an hour apart at least. */
export function roundNumber(opensAt: number): number {
  return Math.floor(opensAt / MINUTE_MS);
}

/** When the round of a number opens, to the minute. */
export function opensOf(round: number): number {
  return round * MINUTE_MS;
}

/** How a challenge's board counts: vaults say what the score is, and the newest statement is the one that holds. */
export function boardTermsOf({ order }: Pick<Terms, "order">): BoardTerms {
  return { operator: "set", order, ties: "earlier" };
}

/** Stands for a score of somebody of whom nothing counts any more: it leads nobody, not those below nought either. */
export function nothing({ order }: Pick<Terms, "order">): number {
  return order === "ascending" ? NOTHING : -NOTHING;
}

/** The score that whoever wins anything has at least (at most, where less is better): that of somebody of whom something counts. */
export function leastOfWinner({ order }: Pick<Terms, "order">): number {
  return order === "ascending" ? NOTHING - 1 : 1 - NOTHING;
}
