import { patientId } from "../../../shared/fhir/ids";
import type { Fields } from "../../../shared/fhir/r4/issue";
import { WHOLE_REACH } from "../../../shared/fhir/reach";
import { notFound, problem } from "../../../shared/problem";
import {
  faultsOf,
  newRecord,
  type RecordForm,
  type RecordName,
  RECORDS,
  shownRecord,
  withChange,
  withForm,
} from "../../../shared/records/records";
import type { FhirAnswer } from "../fhir/stored/answers";
import type { Repository } from "../fhir/stored/repository";
import type { FhirRequest } from "../fhir/stored/requests";
import type { Mark } from "../fhir/stored/search";
import type { VaultState } from "../state";

/** Which records are asked for. Instants are epoch milliseconds; `from` is in, `to` is not. */
export interface RecordQuery {
  readonly status?: string | undefined;
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  readonly limit: number;
  readonly after?: Mark | undefined;
}

/** One page of records as JSON text. */
export interface RecordPage {
  readonly items: string;
  readonly next: Mark | null;
}

/** Health records in plain words: the same resources as at the FHIR door, under the same rules. Callers decide who may. */
export class Records {
  readonly #state: VaultState;
  readonly #repository: Repository;

  constructor(state: VaultState, repository: Repository) {
    this.#state = state;
    this.#repository = repository;
  }

  /** One page, those changed last first. */
  list(name: RecordName, { status, from, to, limit, after }: RecordQuery): RecordPage {
    const kind = RECORDS[name];
    const params: [string, string][] = [
      ["_sort", "-_lastUpdated"],
      ["_count", String(limit)],
    ];
    if (status !== undefined) params.push([kind.statusParam, status]);
    if (from !== undefined) params.push([kind.timeParam, `ge${new Date(from).toISOString()}`]);
    if (to !== undefined) params.push([kind.timeParam, `lt${new Date(to).toISOString()}`]);
    const { page } = this.#ask({ kind: "search", type: kind.type, params, lenient: false, after });
    const items = (page?.entries ?? []).map(({ json }) => shownRecord(kind, parsed(json)));
    return { items: JSON.stringify(items), next: page?.next ?? null };
  }

  /** One record as JSON text. Problems `not_found`, `gone`. */
  one(name: RecordName, id: string): string {
    return this.#shown(name, this.#ask({ kind: "read", type: RECORDS[name].type, id }));
  }

  /** Makes a record. Problem `invalid`. */
  add(name: RecordName, form: RecordForm): string {
    const kind = RECORDS[name];
    const resource = newRecord(kind, patientId(this.#state.person), form, this.#state.now());
    requireSound(name, resource);
    return this.#shown(name, this.#ask({ kind: "create", type: kind.type, resource: JSON.stringify(resource) }));
  }

  /** Changes a record, whole or in parts. Problems `not_found`, `gone`, `invalid`, `precondition_failed`. */
  change(
    name: RecordName,
    id: string,
    change: RecordForm,
    { isWhole, ifMatch }: { readonly isWhole: boolean; readonly ifMatch?: string | undefined },
  ): string {
    const kind = RECORDS[name];
    const before = parsed(this.#ask({ kind: "read", type: kind.type, id }).json);
    const resource = isWhole ? withForm(kind, before, change) : withChange(kind, before, change);
    requireSound(name, resource);
    return this.#shown(name, this.#ask({ kind: "update", type: kind.type, id, resource: JSON.stringify(resource), ifMatch }));
  }

  /** Deletes a record: at the FHIR door it is gone too. Problems `not_found`, `gone`, `precondition_failed`. */
  remove(name: RecordName, id: string, ifMatch?: string): void {
    const { type } = RECORDS[name];
    this.#ask({ kind: "read", type, id });
    this.#ask({ kind: "delete", type, id, ifMatch });
  }

  #ask(request: FhirRequest): FhirAnswer {
    return this.#repository.answer(request, WHOLE_REACH, () => undefined);
  }

  #shown(name: RecordName, { json }: FhirAnswer): string {
    return JSON.stringify(shownRecord(RECORDS[name], parsed(json)));
  }
}

function parsed(json: string | undefined): Fields {
  if (json === undefined) throw notFound("record");
  return JSON.parse(json) as Fields;
}

function requireSound(name: RecordName, resource: Fields): void {
  const faults = faultsOf(name, resource);
  if (faults.length > 0)
    throw problem("invalid", undefined, { errors: faults.map(({ field, ...rest }) => ({ pointer: `/${field}`, ...rest })) });
}
