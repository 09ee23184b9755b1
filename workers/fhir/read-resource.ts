import type { SearchableType } from "../../shared/fhir/search";
import { namesVersion } from "../../shared/http/etag";
import type { FhirPorts } from "./ports";

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
  const { json, versionId, lastUpdated } = await vault.readFhir(actor, type, id);
  const etag = `W/"${versionId}"`;
  const headers = { etag, ...(lastUpdated !== undefined && { "last-modified": new Date(lastUpdated).toUTCString() }) };
  return { body: ifNoneMatch !== undefined && namesVersion(ifNoneMatch, versionId) ? undefined : json, headers };
}
