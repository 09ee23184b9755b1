import type { ConsentTerms } from "../../durable-objects/vault/consents/consents";
import { newId, regionOf } from "../../shared/id";
import { isProblem, problem } from "../../shared/problem";
import type { ConsentPorts } from "./ports";
import { dropPointer, notePointer } from "./records";
import type { ConsentView } from "./schemas";
import { viewOf } from "./view";

/**
 * Gives a consent to a registered person. The pointer in the grantee's region is written first: one that leads to no consent shows
 * nothing, whereas a consent without a pointer would stay unknown to its grantee.
 *
 * Problems: `invalid` for a grantee who is not registered or more than the role can be given, `conflict` past the limit.
 */
export async function giveConsent({ actor, vault, now, random, recordsOf }: ConsentPorts, terms: ConsentTerms): Promise<ConsentView> {
  const id = newId("consent", regionOf(actor.person), now(), random);
  const isKnown = await notePointer(recordsOf, terms.grantee, actor.person, id);
  if (!isKnown) {
    throw problem("invalid", undefined, {
      errors: [{ pointer: "/grantee/id", code: "unknown_person", message: "Nobody is registered under this id." }],
    });
  }
  try {
    return viewOf(await vault.giveConsent(actor, id, terms), now());
  } catch (error) {
    // Without an answer the consent may have been given.
    if (isProblem(error)) await dropPointer(recordsOf, terms.grantee, actor.person, id);
    throw error;
  }
}
