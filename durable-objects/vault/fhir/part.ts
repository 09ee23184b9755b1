import type { SearchableType } from "../../../shared/fhir/search";
import { regionalKeys } from "../../../shared/crypto/keys";
import { storesOf } from "../../doors";
import { PersonKey } from "../connections/person-key";
import type { VaultState } from "../state";
import type { Sources } from "../store/sources";
import { Bulk } from "./bulk";
import type { Position } from "./entries";
import { Forwarding } from "./forward";
import { FhirSource } from "./source";
import { Targets } from "./targets";
import type { LabFiles } from "../labs/files";
import { Binaries } from "./stored/binaries";
import { ImportedResources } from "./stored/imported";
import { Operations } from "./stored/operations";
import { Repository } from "./stored/repository";
import { Records } from "../records/records";
import { FhirView, type SearchRequest, type Sight } from "./view";

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
  readonly repository: Repository;
  readonly records: Records;
  readonly operations: Operations;
  readonly bulk: Bulk;
  readonly imported: ImportedResources;
  readonly binaries: Binaries;
  readonly targets: Targets;
  readonly forwarding: Forwarding;
  readonly source: FhirSource;

  constructor(state: VaultState, sources: Sources, files: LabFiles) {
    const { env, region, person, random } = state;
    const stores = storesOf(env, region);
    const key = new PersonKey(stores.files, regionalKeys(stores.keys), person, random);
    this.view = new FhirView(state, sources);
    this.repository = new Repository(state, this.view);
    this.records = new Records(state, this.repository);
    this.imported = new ImportedResources(state, this.repository);
    this.binaries = new Binaries(state, this.repository, files);
    this.operations = new Operations(state, this.repository, this.view, sources);
    this.bulk = new Bulk(state, this.repository);
    this.targets = new Targets(state, () => key.open());
    this.source = new FhirSource(state, this.targets, (url, init) => fetch(url, init));
    this.forwarding = new Forwarding(state, this.view, this.targets, stores.fhir, (url, init) => fetch(url, init));
  }

  /** One resource by type and id; problem `not_found`. */
  read(type: SearchableType, id: string, sight?: Sight): ReadAnswer {
    const resource = this.view.read(type, id, sight);
    const { versionId = "0", lastUpdated } = resource.meta ?? {};
    return { json: JSON.stringify(resource), versionId, ...(lastUpdated !== undefined && { lastUpdated }) };
  }

  /** One page of a search; problem `malformed`. */
  search(request: SearchRequest, sight?: Sight): SearchAnswer {
    const { resources, ...rest } = this.view.search(request, sight);
    return {
      resources: resources.map((resource) => ({ reference: `${resource.resourceType}/${resource.id}`, json: JSON.stringify(resource) })),
      ...rest,
    };
  }
}
