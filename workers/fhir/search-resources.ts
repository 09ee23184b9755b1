import type { SearchableType } from "../../shared/fhir/search";
import { idOf } from "../../shared/context";
import { openCursor, sealCursor } from "../../shared/http/cursor";
import type { Position } from "../../durable-objects/vault/fhir/entries";
import type { FhirPorts } from "./ports";
import { asParams, isWithin, requireReach } from "./within-reach";

export interface SearchInput {
  readonly type: SearchableType;
  readonly params: readonly (readonly [string, string])[];
  readonly lenient: boolean;
  /** Base of links, without a slash at the end. */
  readonly base: string;
}

const CURSOR = "_cursor";

/** Searches a person's compartment; a searchset Bundle as JSON text. Problems `malformed`, and `invalid` for a foreign cursor. */
export async function searchResources(
  { vault, actor, owner, keys }: FhirPorts,
  { type, params, lenient, base }: SearchInput,
): Promise<string> {
  const limits = requireReach(actor, type, "s");
  const limiting = asParams(limits);
  const query = params.filter(([name]) => name !== CURSOR);
  const cursor = params.find(([name]) => name === CURSOR)?.[1];
  // A cursor goes on with the very search it came from.
  const scope = `fhir ${owner} ${type} ${JSON.stringify([query, limits])}`;
  const after = cursor === undefined ? undefined : await openCursor<Position>(keys, idOf(actor), scope, cursor);
  const found = await vault.searchFhir(actor, {
    type,
    params: [...query, ...(limiting ?? [])],
    lenient,
    ...(after !== undefined && { after }),
  });
  // Where the search could not say the limits, nobody counts what lies beyond them either.
  const resources = limiting === undefined ? found.resources.filter(({ json }) => isWithin(limits, json)) : found.resources;
  const link = [{ relation: "self", url: urlOf(base, type, params) }];
  if (found.next !== undefined) {
    const sealed = await sealCursor(keys, idOf(actor), scope, found.next);
    link.push({ relation: "next", url: urlOf(base, type, [...query, [CURSOR, sealed]]) });
  }
  const matches = resources.map(
    ({ reference, json }) => `{"fullUrl":${JSON.stringify(`${base}/${reference}`)},"resource":${json},"search":{"mode":"match"}}`,
  );
  const outcomes =
    found.ignored.length === 0 ? [] : [`{"resource":${JSON.stringify(warnings(found.ignored))},"search":{"mode":"outcome"}}`];
  const entry = [...matches, ...outcomes];
  const head = JSON.stringify({
    resourceType: "Bundle",
    type: "searchset",
    ...(found.total !== undefined && limiting !== undefined && { total: found.total }),
    link,
  });
  // The vault's texts are put together as they are: a page can be some megabytes.
  return entry.length === 0 ? head : `${head.slice(0, -1)},"entry":[${entry.join(",")}]}`;
}

function warnings(ignored: readonly string[]) {
  return {
    resourceType: "OperationOutcome",
    issue: ignored.map((diagnostics) => ({ severity: "warning", code: "not-supported", diagnostics })),
  };
}

function urlOf(base: string, type: string, params: readonly (readonly [string, string])[]): string {
  const query = new URLSearchParams(params.map(([name, value]) => [name, value])).toString();
  return query === "" ? `${base}/${type}` : `${base}/${type}?${query}`;
}
