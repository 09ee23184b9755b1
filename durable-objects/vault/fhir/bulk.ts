import { type BulkAsk, BULK_TYPES, filtersOf } from "../../../shared/fhir/bulk";
import type { ResourceType } from "../../../shared/fhir/r4/structures";
import { intersection, type Reach } from "../../../shared/fhir/reach";
import { LARGEST_COUNT, parseQuery } from "../../../shared/fhir/store/query";
import type { BulkExportId } from "../../../shared/id";
import type { VaultState } from "../state";
import type { Mark } from "./stored/search";
import type { Params } from "./stored/requests";
import type { Repository } from "./stored/repository";

/** One step of an export, as it crosses RPC. */
export interface BulkRequest extends BulkAsk {
  readonly id: BulkExportId;
  /** Of the step: the same step writes the same files, however often it is done. */
  readonly seq: number;
  readonly after?: BulkMark | undefined;
}

/** Where a step ended: in which type, and where in it. */
export interface BulkMark {
  readonly type: ResourceType;
  readonly mark: Mark;
}

/** What a step wrote, and where the next one begins. */
export interface BulkStep {
  readonly files: readonly { readonly type: ResourceType; readonly lines: number; readonly bytes: number }[];
  readonly next?: BulkMark;
}

export interface BulkTexts {
  readonly texts: readonly { readonly type: ResourceType; readonly lines: number; readonly text: string }[];
  readonly next?: BulkMark;
}

/** So much is written at once: a step that is done again costs no more. */
const MOST_CHARACTERS = 4_000_000;

/** The resources within a reach as lines, type after type, a step at a time. */
export class Bulk {
  readonly #state: VaultState;
  readonly #repository: Repository;

  constructor(state: VaultState, repository: Repository) {
    this.#state = state;
    this.#repository = repository;
  }

  step({ types, since, filters, after }: Omit<BulkRequest, "id" | "seq">, reach: Reach): BulkTexts {
    const { search } = this.#repository;
    const begin = after === undefined ? 0 : BULK_TYPES.indexOf(after.type);
    const top = after?.mark.top ?? this.#state.sql.exec<{ top: number | null }>("SELECT max(n) AS top FROM fhir_resources").one().top ?? 0;
    const texts: { type: ResourceType; lines: number; text: string }[] = [];
    let written = 0;
    for (const type of BULK_TYPES.slice(begin)) {
      if ((types !== undefined && !types.includes(type)) || search.bounds(reach, type, "s") === undefined) continue;
      const lines: string[] = [];
      const close = () => {
        if (lines.length > 0) texts.push({ type, lines: lines.length, text: `${lines.join("\n")}\n` });
      };
      const [only = [], ...others] = filtersOf({ filters }, type);
      const params = [...(since === undefined ? [] : [["_lastUpdated", `ge${since}`] as const]), ...(others.length === 0 ? only : [])];
      const asked = { type, params: [...params, ["_count", String(LARGEST_COUNT)] as const], lenient: false };
      // Several unite, as grants do: one search says each resource once.
      const within = others.length === 0 ? reach : this.#united(type, [only, ...others], reach);
      let mark: Mark | undefined = after?.type === type ? after.mark : { top, stored: "start", built: "start" };
      while (mark !== undefined) {
        if (written >= MOST_CHARACTERS) {
          close();
          return { texts, next: { type, mark } };
        }
        const page = search.page({ ...asked, after: mark }, within);
        // What is stored is its text already.
        for (const { json: line } of page.found) {
          written += line.length;
          lines.push(line);
        }
        mark = page.next;
      }
      close();
    }
    return { texts };
  }

  /** What of a reach satisfies one of several searches. Problem `malformed` for one that cannot be read. */
  #united(type: ResourceType, filters: readonly Params[], reach: Reach): Reach {
    const setting = { timeZone: this.#state.profile().timeZone, now: this.#state.now(), lenient: false };
    for (const where of filters) parseQuery(type, where, setting);
    return intersection(reach, { grants: filters.map((where) => ({ type, interactions: "s", where })) });
  }
}
