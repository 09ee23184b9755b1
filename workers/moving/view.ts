import { regionOf } from "../../shared/id";
import type { MoveJob } from "./job";
import type { MoveView } from "./schemas";

/** A move on the wire. */
export function viewOf({ id, state, home, to, done, total, requestedAt, finishedAt, problem }: MoveJob): MoveView {
  return {
    id,
    state,
    from: home,
    to: regionOf(to),
    progress: { done, total, unit: "{row}" },
    requestedAt: new Date(requestedAt).toISOString(),
    finishedAt: finishedAt === null ? null : new Date(finishedAt).toISOString(),
    problem,
  };
}
