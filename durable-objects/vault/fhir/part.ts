import type { SearchableType } from "../../../shared/fhir/search";
import type { VaultState } from "../state";
import type { Sources } from "../store/sources";
import type { Position } from "./entries";
import { FhirView, type SearchRequest } from "./view";

/** One resource as JSON text: it crosses RPC without being taken apart. */
export interface ReadAnswer {
  readonly json: string;
  readonly versionId: string;
  /** ISO 8601, where the resource tells it. */
  readonly lastUpdated?: string;
}

export interface SearchAnswer {
  readonly resources: readonly { readonly reference: string; readonly json: string }[];
  readonly next?: Position;
  readonly total?: number;
  readonly ignored: readonly string[];
}

/** What a vault offers to the FHIR door. */
export class FhirPart {
  readonly view: FhirView;

  constructor(state: VaultState, sources: Sources) {
    this.view = new FhirView(state, sources);
  }

  /** One resource by type and id; problem `not_found`. */
  read(type: SearchableType, id: string): ReadAnswer {
    const resource = this.view.read(type, id);
    const { versionId = "0", lastUpdated } = resource.meta ?? {};
    return { json: JSON.stringify(resource), versionId, ...(lastUpdated !== undefined && { lastUpdated }) };
  }

  /** One page of a search; problem `malformed`. */
  search(request: SearchRequest): SearchAnswer {
    const { resources, ...rest } = this.view.search(request);
    return {
      resources: resources.map((resource) => ({ reference: `${resource.resourceType}/${resource.id}`, json: JSON.stringify(resource) })),
      ...rest,
    };
  }
}
