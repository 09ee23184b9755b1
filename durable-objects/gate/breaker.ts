import { ALLOWED, type Verdict } from "./attempts";

/**
 * A circuit breaker in front of a vendor. `failures` failures in a row open it for `coolDownMs`, then one probe at a time may pass: its
 * success closes the breaker, its failure opens it for twice as long as before, up to `longestMs`. A probe that never reports is given
 * up after `probeMs`.
 */
export interface BreakerPolicy {
  readonly failures: number;
  readonly coolDownMs: number;
  readonly longestMs: number;
  readonly probeMs: number;
}

export interface Breaker {
  readonly state: "closed" | "open" | "half_open";
  /** Failures in a row. */
  readonly failures: number;
  /** Openings since it last closed. */
  readonly openings: number;
  /** Epoch milliseconds until which nobody else passes. */
  readonly until: number;
}

export const CLOSED: Breaker = { state: "closed", failures: 0, openings: 0, until: 0 };

/** Asks to call the vendor at `now`. Whoever is let through reports the outcome. */
export function enter(policy: BreakerPolicy, before: Breaker, now: number): { readonly verdict: Verdict; readonly after: Breaker } {
  if (before.state === "closed") return { verdict: ALLOWED, after: before };
  if (now < before.until) return { verdict: { allowed: false, retryAfterMs: before.until - now }, after: before };
  return { verdict: ALLOWED, after: { ...before, state: "half_open", until: now + policy.probeMs } };
}

/** The state after a call ended at `now`. Calls that began before the breaker opened say nothing new. */
export function afterCall(policy: BreakerPolicy, before: Breaker, succeeded: boolean, now: number): Breaker {
  if (before.state === "open") return before;
  if (succeeded) return CLOSED;
  const failures = before.failures + 1;
  if (before.state === "closed" && failures < policy.failures) return { ...before, failures };
  const openings = before.openings + 1;
  const lasts = Math.min(policy.longestMs, policy.coolDownMs * 2 ** Math.min(openings - 1, 30));
  return { state: "open", failures, openings, until: now + lasts };
}
