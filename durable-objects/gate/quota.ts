import { ALLOWED, type Verdict } from "./attempts";

/**
 * A quota. `window`: at most `limit` in each window of `windowMs`, aligned to the epoch, as vendors count theirs (the full quarter of an
 * hour, the UTC day). `rate`: `limit` per `windowMs` spread evenly, with bursts of at most `burst` (the generic cell rate algorithm,
 * ITU-T I.371 annex A in its virtual-scheduling form).
 */
export type Limit =
  | { readonly name: string; readonly kind: "window"; readonly limit: number; readonly windowMs: number }
  | { readonly name: string; readonly kind: "rate"; readonly limit: number; readonly windowMs: number; readonly burst: number };

/** What a vendor says in its answers: `left` more calls until `until` (epoch ms). */
export interface Learned {
  readonly left: number;
  readonly until: number;
}

export interface Quota {
  readonly windowStart: number;
  readonly used: number;
  readonly arrival: number;
  readonly learnedLeft: number;
  readonly learnedUntil: number;
}

export const UNUSED: Quota = { windowStart: 0, used: 0, arrival: 0, learnedLeft: 0, learnedUntil: 0 };

/** Takes `cost` from a quota at `now`, or says when that will be possible. A cost above the whole limit is never possible. */
export function takeFrom(limit: Limit, before: Quota, cost: number, now: number): { readonly verdict: Verdict; readonly after: Quota } {
  const refuse = (until: number) => ({ verdict: { allowed: false, retryAfterMs: Math.max(1, Math.ceil(until - now)) }, after: before });
  const learned = now < before.learnedUntil;
  if (learned && before.learnedLeft < cost) return refuse(before.learnedUntil);
  const after = learned ? { ...before, learnedLeft: before.learnedLeft - cost } : before;

  if (limit.kind === "window") {
    const windowStart = Math.floor(now / limit.windowMs) * limit.windowMs;
    const used = (before.windowStart === windowStart ? before.used : 0) + cost;
    if (used > limit.limit) return refuse(windowStart + limit.windowMs);
    return { verdict: ALLOWED, after: { ...after, windowStart, used } };
  }

  const interval = limit.windowMs / limit.limit;
  const arrival = Math.max(before.arrival, now) + cost * interval;
  const earliest = arrival - limit.burst * interval;
  if (earliest > now) return refuse(earliest);
  return { verdict: ALLOWED, after: { ...after, arrival } };
}

/** When a quota is whole again and need not be kept. */
export function quotaExpiresAt(limit: Limit, quota: Quota): number {
  return Math.max(quota.learnedUntil, quota.arrival, limit.kind === "window" ? quota.windowStart + limit.windowMs : 0);
}
