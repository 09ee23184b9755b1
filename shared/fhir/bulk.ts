import { problem } from "../problem";
import { dateRange } from "./r4/date-range";
import { isResourceType, RESOURCE_TYPES, type ResourceType } from "./r4/structures";

/** What a bulk export asks for (Bulk Data Access IG 2.0 §export). Crosses RPC and is kept as JSON. */
export interface BulkAsk {
  /** Undefined for every type within reach. */
  readonly types?: readonly ResourceType[];
  /** An instant as it was written: what has not changed since is left out. */
  readonly since?: string;
  /** Searches of which a resource of the type must satisfy one. */
  readonly filters: Readonly<Partial<Record<ResourceType, readonly Params[]>>>;
}

type Params = readonly (readonly [string, string])[];

/** More than anybody needs only costs time. */
const MOST_FILTERS = 10;

/** The searches of a type; none where all of it is wanted. Jobs that were written down before there could be several have one. */
export function filtersOf({ filters }: BulkAsk, type: ResourceType): readonly Params[] {
  const found: readonly (Params | readonly [string, string])[] = filters[type] ?? [];
  const isOne = found.some((one) => typeof one[0] === "string");
  return isOne ? [found as Params] : (found as readonly Params[]);
}

export const NDJSON = "application/fhir+ndjson";
/** The folder of the region's bucket in which files of exports lie for a day. */
export const BULK_FOLDER = "bulk/";

const FORMATS: ReadonlySet<string> = new Set([NDJSON, "application/ndjson", "ndjson"]);
/** A subscription is how data is asked for, and a Group of an organisation is no part of a person's record. */
const LEFT_OUT: ReadonlySet<ResourceType> = new Set(["Subscription"]);

/** The types of an export in the order of its files. */
export const BULK_TYPES: readonly ResourceType[] = RESOURCE_TYPES.filter((type) => !LEFT_OUT.has(type));

/** The name of a file. */
export function bulkFile(id: string, seq: number, type: string): string {
  return `${BULK_FOLDER}${id}/${seq}-${type}`;
}

/** Reads the parameters of a kick-off. Problem `malformed` for what is unknown (unless lenient) or cannot be done. */
export function readBulk(params: readonly (readonly [string, string])[], lenient: boolean): BulkAsk {
  const types: ResourceType[] = [];
  const filters: Partial<Record<ResourceType, [string, string][][]>> = {};
  let since: string | undefined;
  let isTyped = false;
  for (const [name, value] of params) {
    if (name === "_outputFormat") {
      // A plus sign that was not encoded arrives as a blank.
      if (!FORMATS.has(value.replace(" ", "+"))) throw problem("malformed", `_outputFormat is ${NDJSON}.`);
    } else if (name === "_since") {
      since = value.replace(/ (?=\d{2}:\d{2}$)/, "+");
      if (!/T.*(?:Z|[+-]\d{2}:\d{2})$/.test(since) || dateRange(since, "UTC") === undefined)
        throw problem("malformed", "_since is an instant.");
    } else if (name === "_type") {
      isTyped = true;
      for (const one of value.split(",")) {
        if (isResourceType(one)) types.push(one);
        else if (!lenient) throw problem("malformed", "_type names a type that is not kept here.");
      }
    } else if (name === "_typeFilter") {
      for (const [type, query] of typeFilters(value)) {
        const several = [...(filters[type] ?? []), query];
        if (several.length > MOST_FILTERS) throw problem("malformed", `A type has at most ${MOST_FILTERS} filters.`);
        filters[type] = several;
      }
    } else if (!lenient && name !== "_format" && name !== "_pretty") {
      throw problem("malformed", "Parameters of $export are _type, _since, _typeFilter and _outputFormat.");
    }
  }
  return { ...(isTyped && { types: [...new Set(types)] }), ...(since !== undefined && { since }), filters };
}

function typeFilters(value: string): [ResourceType, [string, string][]][] {
  return value.split(/,(?=[A-Z][A-Za-z]+\?)/).map((text) => {
    const [type = "", query = ""] = text.split(/\?(.*)/s);
    const params = [...new URLSearchParams(query)];
    // What says how a search is shown, or fetches others, says nothing of an export.
    const isPlain = params.length > 0 && params.every(([name]) => !name.startsWith("_") || ["_id", "_lastUpdated", "_tag"].includes(name));
    if (!isResourceType(type) || !isPlain) throw problem("malformed", "A _typeFilter is a search: Observation?code=….");
    return [type, params];
  });
}
