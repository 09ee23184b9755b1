import type { SearchableType } from "../../shared/fhir/search";
import type { FhirPorts } from "./ports";
import { requireReach, requireWithin } from "./within-reach";

export interface ReadInput {
  readonly type: SearchableType;
  readonly id: string;
  readonly ifNoneMatch: string | undefined;
}

/** A resource as it goes over the wire; no body where the client's copy is current. */
export interface ReadReply {
  readonly body: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
}

/** Reads one resource of a person's compartment; problem `not_found` for any other, existing or not. */
export async function readResource({ vault, actor }: FhirPorts, { type, id, ifNoneMatch }: ReadInput): Promise<ReadReply> {
  const limits = requireReach(actor, type, "r");
  const { json, versionId, lastUpdated } = await vault.readFhir(actor, type, id);
  requireWithin(limits, type, json);
  const etag = `W/"${versionId}"`;
  const headers = { etag, ...(lastUpdated !== undefined && { "last-modified": new Date(lastUpdated).toUTCString() }) };
  return { body: matches(ifNoneMatch, etag) ? undefined : json, headers };
}

/** Weak comparison (RFC 9110 §13.1.2). */
function matches(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  if (header.trim() === "*") return true;
  const bare = etag.replace(/^W\//, "");
  return header.split(",").some((candidate) => candidate.trim().replace(/^W\//, "") === bare);
}
