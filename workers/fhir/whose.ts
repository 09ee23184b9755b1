import { candidatesOf, namedIn, type Said } from "../../shared/fhir/whose";
import { type AppContext, readerOf } from "../../shared/http/app-env";
import type { PersonId } from "../../shared/id";
import { isProblem, problem } from "../../shared/problem";
import { isRegistered } from "../consents";
import { regional } from "../regional";
import { fhirPorts, type FhirPorts, personFhirPorts } from "./ports";

/**
 * Answers a request in the vault of whom it is about: of the one other person that it names, where they let the caller in, and otherwise of
 * the caller, where what it names is nothing. A machine client has no vault: problem `not_found` where it names nobody, `invalid` where
 * several.
 */
export async function inVaultOf<T>(c: AppContext, said: Said, run: (ports: FhirPorts) => Promise<T>): Promise<T> {
  const actor = readerOf(c);
  const named = namedIn(said);
  const own = actor.kind === "person" ? actor.person : undefined;
  const isOwn = own !== undefined && (named.length === 0 || named.some((one) => candidatesOf(one).includes(own)));
  if (isOwn) return await run(fhirPorts(c));
  const [first] = named;
  if (named.length > 1 && own === undefined) throw problem("invalid", "A request is about one person.");
  const other = first === undefined || named.length > 1 ? undefined : await registered(c, candidatesOf(first));
  if (own === undefined) {
    if (other === undefined) throw problem("not_found", "Name whose resources these are: Patient/{id}/{type}, or ?patient={id}.");
    return await run(await personFhirPorts(c, other));
  }
  if (other === undefined) return await run(fhirPorts(c));
  try {
    return await run(await personFhirPorts(c, other));
  } catch (error) {
    // Whoever is not let in gets the answer that they would get if there were nobody of this id.
    if (!isProblem(error) || error.code !== "not_found") throw error;
    return await run(fhirPorts(c));
  }
}

/** Who of these is registered; one at most, since their random parts are the same. Problems follow from the vault and its door. */
async function registered(c: AppContext, candidates: readonly PersonId[]): Promise<PersonId | undefined> {
  if (candidates.length === 1) return candidates[0];
  const found = await Promise.all(candidates.map(async (id) => await isRegistered((region) => regional(c.env, region).records, id)));
  return candidates.find((_, i) => found[i]);
}
