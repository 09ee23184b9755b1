import type { SearchableType } from "../../shared/fhir/search";
import { idOf } from "../../shared/context";
import { openCursor, sealCursor } from "../../shared/http/cursor";
import type { Position } from "../../durable-objects/vault/fhir/entries";
import { searchset } from "./answer";
import { CURSOR, urlOf } from "./interact";
import type { FhirPorts } from "./ports";

export interface SearchInput {
  readonly type: SearchableType;
  readonly params: readonly (readonly [string, string])[];
  readonly lenient: boolean;
  /** Base of links, without a slash at the end. */
  readonly base: string;
}

/** Searches a person's compartment; a searchset Bundle as JSON text. Problems `malformed`, and `invalid` for a foreign cursor. */
export async function searchResources(
  { vault, actor, owner, keys }: FhirPorts,
  { type, params, lenient, base }: SearchInput,
): Promise<string> {
  const query = params.filter(([name]) => name !== CURSOR);
  const cursor = params.find(([name]) => name === CURSOR)?.[1];
  // A cursor goes on with the very search it came from.
  const scope = `fhir ${owner} ${type} ${JSON.stringify(query)}`;
  const after = cursor === undefined ? undefined : await openCursor<Position>(keys, idOf(actor), scope, cursor);
  const { resources, next, total, ignored } = await vault.searchFhir(actor, {
    type,
    params: query,
    lenient,
    ...(after !== undefined && { after }),
  });
  const entries = resources.map((found) => ({ ...found, mode: "match" as const }));
  const following = next === undefined ? undefined : await sealCursor(keys, idOf(actor), scope, next);
  const path = `${base}/${type}`;
  return searchset({ entries, ignored, ...(total !== undefined && { total }) }, base, {
    self: urlOf(path, params),
    next: following === undefined ? undefined : urlOf(path, [...query, [CURSOR, following]]),
  });
}
