import type { ErasureJob } from "./job";
import type { ErasureView } from "./schemas";
import { STEPS } from "./steps";

/** An erasure on the wire, as its person sees it. */
export function viewOf({
  id,
  state,
  requestedAt,
  dueAt,
  step,
}: Pick<ErasureJob, "id" | "state" | "requestedAt" | "dueAt" | "step">): ErasureView {
  return {
    id,
    state,
    requestedAt: iso(requestedAt),
    undoUntil: iso(dueAt),
    progress: { done: Math.min(step, STEPS.length), total: STEPS.length, unit: "{step}" },
  };
}

export function iso(ms: number): string {
  return new Date(ms).toISOString();
}
