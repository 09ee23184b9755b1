import type { PersonId } from "../../shared/id";
import type { Category, SharedAction } from "../../shared/policy/vocabulary";
import type { ConsentPorts } from "./ports";
import { rolesOf } from "./records";
import type { ExplanationView } from "./schemas";

/** What the actor's vault would decide about somebody at this moment, and why: the same decision that their calls get. */
export async function explainAccess(
  { actor, vault, recordsOf }: ConsentPorts,
  somebody: PersonId,
  action: SharedAction,
  category: Category,
): Promise<ExplanationView> {
  const roles = await rolesOf(recordsOf, somebody);
  const { decision, purpose, assurance } = await vault.explainAccess(actor, { person: somebody, roles }, action, category);
  if (!decision.allow) return { allowed: false, reason: decision.reason, purpose, obligations: [] };
  const { reason, consent, obligations } = decision;
  return { allowed: true, reason, purpose, ...(consent !== undefined && { consent }), assurance, obligations: [...obligations] };
}
