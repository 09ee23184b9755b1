import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from "../clock";
import type { RandomBytes } from "../id";

/** Waits before each attempt: the first goes at once, and after the eighth the delivery is given up. */
export const WAITS_MS = [0, 5 * SECOND_MS, 5 * MINUTE_MS, 30 * MINUTE_MS, 2 * HOUR_MS, 5 * HOUR_MS, 10 * HOUR_MS, 10 * HOUR_MS] as const;

/** An endpoint that has taken nothing for so long is switched off. */
export const FAILING_MS = 5 * DAY_MS;
/** A refusal that the next attempt will hardly change is tried so often. */
const MOST_REFUSALS = 3;
/** A wait is stretched by up to a fifth, so that what failed together does not come back together. */
const JITTER = 0.2;
/** No longer than this, whatever an endpoint asks for. */
const LONGEST_WAIT_MS = 12 * HOUR_MS;

/** What came of one attempt. `status` is absent where no answer came. */
export interface Attempt {
  readonly status?: number;
  readonly reason?: string;
  /** As the endpoint asked for it. */
  readonly retryAfterMs?: number;
}

export type Verdict =
  | { readonly kind: "delivered" }
  /** The endpoint is gone for good and says so. */
  | { readonly kind: "gone" }
  | { readonly kind: "retry"; readonly afterMs: number; readonly reason: string }
  | { readonly kind: "failed"; readonly reason: string };

/**
 * What follows from an attempt: 2xx is delivered, 410 ends the endpoint. Redirects and refusals (4xx but 408, 425 and 429) are tried three
 * times, since an endpoint may be mended; everything else by the schedule.
 *
 * @param attempts how many there were, with this one
 */
export function judgeAttempt(attempt: Attempt, attempts: number, random: RandomBytes): Verdict {
  const { status } = attempt;
  if (status !== undefined && status >= 200 && status < 300) return { kind: "delivered" };
  if (status === 410) return { kind: "gone" };
  const reason = attempt.reason ?? (status === undefined ? "unreachable" : status >= 300 && status < 400 ? "redirect" : `http_${status}`);
  const isRefusal = status !== undefined && status >= 300 && status < 500 && ![408, 425, 429].includes(status);
  const wait = WAITS_MS[attempts];
  if (wait === undefined || attempts >= (isRefusal ? MOST_REFUSALS : WAITS_MS.length)) return { kind: "failed", reason };
  return { kind: "retry", afterMs: Math.min(Math.max(jittered(wait, random), attempt.retryAfterMs ?? 0), LONGEST_WAIT_MS), reason };
}

/** Seconds or a date (RFC 9110 §10.2.3) as milliseconds from now; undefined for anything else. */
export function retryAfterMs(header: string | null, now: number): number | undefined {
  if (header === null) return undefined;
  if (/^\s*\d{1,9}\s*$/.test(header)) return Number(header) * SECOND_MS;
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}

function jittered(waitMs: number, random: RandomBytes): number {
  return Math.round(waitMs * (1 + (JITTER * (random(new Uint8Array(1))[0] ?? 0)) / 255));
}
