import { HOUR_MS, MINUTE_MS, SECOND_MS } from "../clock";
import type { RandomBytes } from "../id";
import type { Outcome } from "./channels/outcome";

/** Waits after each attempt that failed for a time; after the seventh it is given up. */
export const WAITS_MS = [5 * SECOND_MS, 30 * SECOND_MS, 5 * MINUTE_MS, 30 * MINUTE_MS, 2 * HOUR_MS, 6 * HOUR_MS] as const;
const LONGEST_WAIT_MS = 12 * HOUR_MS;
const JITTER = 0.2;

/** When to try again after so many attempts, from now; undefined where it is given up. A provider's own wish counts where it is longer. */
export function waitAfter(attempts: number, outcome: Extract<Outcome, { kind: "retry" }>, random: RandomBytes): number | undefined {
  const wait = WAITS_MS[attempts - 1];
  if (wait === undefined) return undefined;
  const stretched = wait * (1 + (JITTER * (random(new Uint8Array(1))[0] ?? 0)) / 255);
  return Math.min(Math.max(Math.round(stretched), outcome.afterMs ?? 0), LONGEST_WAIT_MS);
}
