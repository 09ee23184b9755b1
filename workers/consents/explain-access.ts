import type { PersonId } from "../../shared/id";
import type { Category, SharedAction } from "../../shared/policy/vocabulary";
import type { ConsentPorts } from "./ports";
import { standingOf } from "./records";
import type { ExplanationView } from "./schemas";

/** What the actor's vault would decide about somebody at this moment, and why: the same decision that their calls get. */
export async function explainAccess(
  { actor, vault, recordsOf, now }: ConsentPorts,
  somebody: PersonId,
  action: SharedAction,
  category: Category,
): Promise<ExplanationView> {
  const { roles, sessions } = await standingOf(recordsOf, somebody, now());
  const reader = { person: somebody, roles, sessions, assurance: sessions.length > 0 ? "aal2" : "aal1" } as const;
  const { decision, purpose } = await vault.explainAccess(actor, reader, action, category);
  if (!decision.allow) return { allowed: false, reason: decision.reason, purpose, obligations: [] };
  const { reason, consent, obligations } = decision;
  return { allowed: true, reason, purpose, ...(consent !== undefined && { consent }), obligations: [...obligations] };
}
