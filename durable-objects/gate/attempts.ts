import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from "../../shared/clock";

/**
 * Soft locks against guessing. Attempts are counted *before* they are made, so that parallel ones cannot slip through; a success takes
 * the count back. After `free` failures every further one locks for twice as long as the last, up to `longestLockMs`. One failure is
 * forgiven every `forgiveMs`.
 */
export interface AttemptPolicy {
  readonly free: number;
  readonly firstLockMs: number;
  readonly longestLockMs: number;
  readonly forgiveMs: number;
}

/** `account`: guesses at one account. `address`: guesses from one network at many accounts; many people may share one. */
export const ATTEMPT_POLICIES = {
  account: { free: 10, firstLockMs: 30 * SECOND_MS, longestLockMs: 15 * MINUTE_MS, forgiveMs: HOUR_MS },
  address: { free: 100, firstLockMs: 10 * SECOND_MS, longestLockMs: 15 * MINUTE_MS, forgiveMs: MINUTE_MS },
} as const satisfies Record<string, AttemptPolicy>;
export type AttemptKind = keyof typeof ATTEMPT_POLICIES;

/** Times are epoch milliseconds. */
export interface Attempts {
  readonly failures: number;
  readonly lastAt: number;
  readonly lockedUntil: number;
}

export const NO_ATTEMPTS: Attempts = { failures: 0, lastAt: 0, lockedUntil: 0 };

export interface Verdict {
  readonly allowed: boolean;
  /** Milliseconds until a new try makes sense; 0 where this one is allowed. */
  readonly retryAfterMs: number;
}

export const ALLOWED: Verdict = { allowed: true, retryAfterMs: 0 };

/** One attempt at `now`. A refused attempt changes nothing, so that hammering does not lengthen a lock. */
export function tryAttempt(policy: AttemptPolicy, before: Attempts, now: number): { readonly verdict: Verdict; readonly after: Attempts } {
  if (now < before.lockedUntil) return { verdict: { allowed: false, retryAfterMs: before.lockedUntil - now }, after: before };
  const failures = forgiven(policy, before, now) + 1;
  return { verdict: ALLOWED, after: { failures, lastAt: now, lockedUntil: now + lockMs(policy, failures) } };
}

/** Takes one attempt back: it succeeded, which says nothing about the others that were counted here. */
export function takeBack(policy: AttemptPolicy, before: Attempts, now: number): Attempts {
  const failures = Math.max(0, forgiven(policy, before, now) - 1);
  return { failures, lastAt: Math.max(now, before.lastAt), lockedUntil: failures < policy.free ? 0 : before.lockedUntil };
}

/** When a count has been forgiven whole and need not be kept. */
export function attemptsExpireAt(policy: AttemptPolicy, { failures, lastAt, lockedUntil }: Attempts): number {
  return Math.max(lockedUntil, lastAt + Math.min(failures * policy.forgiveMs, 30 * DAY_MS));
}

function forgiven(policy: AttemptPolicy, { failures, lastAt }: Attempts, now: number): number {
  return Math.max(0, failures - Math.floor(Math.max(0, now - lastAt) / policy.forgiveMs));
}

function lockMs({ free, firstLockMs, longestLockMs }: AttemptPolicy, failures: number): number {
  return failures < free ? 0 : Math.min(longestLockMs, firstLockMs * 2 ** Math.min(failures - free, 30));
}
