import type { AppContext } from "../../shared/http/app-env";
import { type ConsentPorts, consentPorts } from "../consents";
import { requireStepUp } from "../sessions";

/** What the verbs of this domain need from outside. */
export interface ResearchPorts extends ConsentPorts {
  /** Throws `step_up_required` for whoever has not just proven who they are. */
  readonly requireStepUp: () => Promise<void>;
  /** Does work once the answer is on its way. It must not fail. */
  readonly later: (work: Promise<void>) => void;
}

/** The ports of a request of a signed-in person. */
export function researchPorts(c: AppContext): ResearchPorts {
  return {
    ...consentPorts(c),
    requireStepUp: async () => await requireStepUp(c),
    later: (work) => c.executionCtx.waitUntil(work),
  };
}
