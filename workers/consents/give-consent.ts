import type { ConsentTerms } from "../../durable-objects/vault/consents/consents";
import { newId, regionOf } from "../../shared/id";
import { isProblem, problem } from "../../shared/problem";
import { dropGrantee, noteGrantee, unknownGrantee } from "./grantees";
import type { ConsentPorts } from "./ports";
import type { ConsentView } from "./schemas";
import { viewOf } from "./view";

/**
 * Gives a consent to somebody who is registered, or an open programme. The pointer in the grantee's region is written first: one that leads
 * to no consent shows nothing, whereas a consent without a pointer would stay unknown to its grantee.
 *
 * Problems: `invalid` for a grantee that is not registered or more than the role can be given, `conflict` past the limit.
 */
export async function giveConsent(ports: GivePorts, terms: ConsentTerms): Promise<ConsentView> {
  const { actor, vault, now, random } = ports;
  const id = newId("consent", regionOf(actor.person), now(), random);
  const { grantee } = terms;
  const isKnown = await noteGrantee(ports, grantee, { owner: actor.person, consent: id, endsAt: terms.until ?? null });
  if (!isKnown) throw problem("invalid", undefined, { errors: [{ pointer: "/grantee/id", ...unknownGrantee(grantee) }] });
  try {
    return viewOf(await vault.giveConsent(actor, id, terms), now());
  } catch (error) {
    // Without an answer the consent may have been given.
    if (isProblem(error)) await dropGrantee(ports, grantee, actor.person, id);
    throw error;
  }
}

/** What giving a consent needs. */
export type GivePorts = Pick<ConsentPorts, "actor" | "vault" | "now" | "random" | "recordsOf" | "programmeOf">;
