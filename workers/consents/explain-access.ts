import type { Category, Grantee, SharedAction } from "../../shared/policy/vocabulary";
import { judgedGrantee } from "./grantees";
import type { ConsentPorts } from "./ports";
import type { ExplanationView } from "./schemas";

/** What the actor's vault would decide about somebody at this moment, and why: the same decision that their calls get. */
export async function explainAccess(
  { actor, vault, recordsOf, now }: ConsentPorts,
  somebody: Grantee,
  action: SharedAction,
  category: Category,
): Promise<ExplanationView> {
  const judged = await judgedGrantee(recordsOf, somebody, now());
  const { decision, purpose, assurance } = await vault.explainAccess(actor, judged, action, category);
  if (!decision.allow) return { allowed: false, reason: decision.reason, purpose, obligations: [] };
  const { reason, consent, obligations } = decision;
  return { allowed: true, reason, purpose, ...(consent !== undefined && { consent }), assurance, obligations: [...obligations] };
}
