import type { ConsentTerms } from "../../durable-objects/vault/consents/consents";
import { newId, regionOf } from "../../shared/id";
import { isProblem, problem } from "../../shared/problem";
import { dropGrantee, noteGrantee } from "./grantees";
import type { ConsentPorts } from "./ports";
import type { ConsentView } from "./schemas";
import { viewOf } from "./view";

/**
 * Gives a consent to somebody who is registered. The pointer in the grantee's region is written first: one that leads to no consent shows
 * nothing, whereas a consent without a pointer would stay unknown to its grantee.
 *
 * Problems: `invalid` for a grantee that is not registered or more than the role can be given, `conflict` past the limit.
 */
export async function giveConsent({ actor, vault, now, random, recordsOf }: ConsentPorts, terms: ConsentTerms): Promise<ConsentView> {
  const id = newId("consent", regionOf(actor.person), now(), random);
  const isKnown = await noteGrantee(recordsOf, terms.grantee, actor.person, id);
  if (!isKnown) {
    throw problem("invalid", undefined, {
      errors: [{ pointer: "/grantee/id", code: `unknown_${terms.grantee.kind}`, message: "Nobody is registered under this id." }],
    });
  }
  try {
    return viewOf(await vault.giveConsent(actor, id, terms), now());
  } catch (error) {
    // Without an answer the consent may have been given.
    if (isProblem(error)) await dropGrantee(recordsOf, terms.grantee, actor.person, id);
    throw error;
  }
}
