import { DAY_MS } from "../clock";

/**
 * What one person says of another. Each tie has one writer, the person who says it; what is between two people (a friendship, a block, a
 * following) is read from the ties of both, so that no two rows have to change together, in one region or in two. Times are epoch
 * milliseconds. A refusal is an instant: whatever the other asked for up to then counts for nothing, and what they ask for later counts.
 */
export interface Tie {
  /** Friendship asked for, or agreed to. */
  readonly wantsAt: number | null;
  readonly refusedAt: number;
  /** The other's posts are wanted. */
  readonly followsAt: number | null;
  /** The other may follow, where following has to be allowed. */
  readonly admitsAt: number | null;
  readonly followRefusedAt: number;
  readonly blockedAt: number | null;
  /** Training together asked for, or agreed to. */
  readonly buddyAt: number | null;
  readonly buddyRefusedAt: number;
}

export const NO_TIE: Tie = {
  wantsAt: null,
  refusedAt: 0,
  followsAt: null,
  admitsAt: null,
  followRefusedAt: 0,
  blockedAt: null,
  buddyAt: null,
  buddyRefusedAt: 0,
};

/** A request that nobody has answered by then counts no longer. */
export const REQUEST_LASTS_MS = 90 * DAY_MS;

/** Who may follow somebody. */
export const FOLLOW_RULES = ["nobody", "approval", "everybody"] as const;
export type FollowRule = (typeof FOLLOW_RULES)[number];

/** Whether either has blocked the other. */
export function isBlocked(a: Tie, b: Tie): boolean {
  return a.blockedAt !== null || b.blockedAt !== null;
}

/** Whether two people are friends: both want it, neither has refused the other's wish since, and the wishes were alive together. */
export function areFriends(a: Tie, b: Tie): boolean {
  return !isBlocked(a, b) && isMutual(a.wantsAt, b.wantsAt, a.refusedAt, b.refusedAt);
}

/** The same of training together. */
export function areBuddies(a: Tie, b: Tie): boolean {
  return !isBlocked(a, b) && isMutual(a.buddyAt, b.buddyAt, a.buddyRefusedAt, b.buddyRefusedAt);
}

function isMutual(a: number | null, b: number | null, refusedByA: number, refusedByB: number): boolean {
  return a !== null && b !== null && a > refusedByB && b > refusedByA && Math.abs(a - b) <= REQUEST_LASTS_MS;
}

/**
 * Whether `asker` waits for `asked` to answer, as the asker sees it: a block by the asked looks as if nothing was answered. The asked sees it
 * where nobody is blocked.
 */
export function hasAsked(asker: Tie, asked: Tie, now: number): boolean {
  return isOpen(asker.wantsAt, asked.refusedAt, now) && !areFriends(asker, asked);
}

export function hasAskedToTrain(asker: Tie, asked: Tie, now: number): boolean {
  return isOpen(asker.buddyAt, asked.buddyRefusedAt, now) && !areBuddies(asker, asked);
}

function isOpen(wish: number | null, refused: number, now: number): boolean {
  return wish !== null && wish > refused && wish > now - REQUEST_LASTS_MS;
}

/** What comes of somebody's wish to follow another, who lets people follow by `rule`. */
export function following(follower: Tie, followed: Tie, rule: FollowRule): "none" | "waiting" | "active" {
  if (isBlocked(follower, followed)) return "none";
  if (follower.followsAt === null || follower.followsAt <= followed.followRefusedAt || rule === "nobody") return "none";
  return rule === "everybody" || followed.admitsAt !== null ? "active" : "waiting";
}

/** One step of somebody about another: their tie before, the other's tie, and the instant. Later than what it answers, whatever clocks say. */
export type Step = (own: Tie, theirs: Tie, now: number) => Tie;

/** Asks for friendship, or agrees to it. A wish that still counts stays as old as it is. */
export const askFriend: Step = (own, theirs, now) =>
  isOpen(own.wantsAt, theirs.refusedAt, now) || areFriends(own, theirs) ? own : { ...own, wantsAt: Math.max(now, theirs.refusedAt + 1) };

/** Takes the own wish back. */
export const cancelRequest: Step = (own) => ({ ...own, wantsAt: null });

/** Says no to what the other asked for so far. */
export const refuseFriend: Step = (own, theirs, now) => ({ ...own, refusedAt: later(own.refusedAt, theirs.wantsAt, now) });

/** Ends a friendship; the other is not left with a wish that would wait. Training together, which begins by a request of its own, is left. */
export const endFriendship: Step = (own, theirs, now) => ({ ...refuseFriend(own, theirs, now), wantsAt: null });

export const follow: Step = (own, theirs, now) =>
  own.followsAt !== null && own.followsAt > theirs.followRefusedAt ? own : { ...own, followsAt: Math.max(now, theirs.followRefusedAt + 1) };
export const unfollow: Step = (own) => ({ ...own, followsAt: null });
export const admitFollower: Step = (own, _theirs, now) => ({ ...own, admitsAt: own.admitsAt ?? now });
/** Removes a follower, or says no to one. */
export const removeFollower: Step = (own, theirs, now) => ({
  ...own,
  admitsAt: null,
  followRefusedAt: later(own.followRefusedAt, theirs.followsAt, now),
});

export const askBuddy: Step = (own, theirs, now) =>
  isOpen(own.buddyAt, theirs.buddyRefusedAt, now) || areBuddies(own, theirs)
    ? own
    : { ...own, buddyAt: Math.max(now, theirs.buddyRefusedAt + 1) };
/** Ends training together, takes a wish for it back, or says no to the other's: one step, at any time. */
export const endBuddy: Step = (own, theirs, now) => ({
  ...own,
  buddyAt: null,
  buddyRefusedAt: later(own.buddyRefusedAt, theirs.buddyAt, now),
});

/** Blocks: whatever was between the two is over, and stays so when the block is lifted. */
export const block: Step = (own, theirs, now) => ({
  ...endBuddy(removeFollower(unfollow(endFriendship(own, theirs, now), theirs, now), theirs, now), theirs, now),
  blockedAt: own.blockedAt ?? now,
});
export const unblock: Step = (own) => ({ ...own, blockedAt: null });

function later(before: number, wish: number | null, now: number): number {
  return Math.max(before, wish ?? 0, now);
}
