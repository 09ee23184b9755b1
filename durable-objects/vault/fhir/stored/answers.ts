import { type Fields, isFields, textAt } from "../../../../shared/fhir/r4/issue";
import type { Problem } from "../../../../shared/problem";
import type { StoredVersion } from "./resources";
import type { HistoryMark } from "./requests";
import type { Mark } from "./search";

/** What came of it. */
export interface FhirAnswer {
  readonly status: number;
  /** The resource, as JSON text. */
  readonly json?: string;
  /** `Type/id`. */
  readonly reference?: string;
  readonly version?: string;
  /** Epoch milliseconds. */
  readonly changedAt?: number;
  readonly page?: AnswerPage;
  /** What a page answers, for its links. */
  readonly asked?: { readonly type: string; readonly query: string };
  readonly history?: readonly { readonly method: string; readonly answer: FhirAnswer }[];
  /** Where the history goes on. */
  readonly following?: HistoryMark;
  readonly bundle?: { readonly type: "batch" | "transaction"; readonly answers: readonly FhirAnswer[] };
  /** Of an entry of a batch that failed. */
  readonly fault?: Pick<Problem, "code" | "detail" | "errors">;
}

export interface AnswerPage {
  readonly entries: readonly { readonly reference: string; readonly json: string; readonly mode: "match" | "include" }[];
  readonly next?: Mark;
  readonly total?: number;
  readonly ignored: readonly string[];
}

/** What an entry of a batch is answered where it failed. */
export function faultOf({ status, code, detail, errors }: Problem): FhirAnswer {
  return { status, fault: { code, detail, errors } };
}

export function answerOf({ type, id, version, changedAt, json }: StoredVersion): FhirAnswer {
  return {
    status: 200,
    ...(json !== undefined && { json }),
    reference: `${type}/${id}`,
    version: String(version),
    changedAt,
  };
}

/** The answer that is a view: its version is that of what it shows. */
export function builtAnswer(resource: Fields): FhirAnswer {
  const meta = resource["meta"];
  const changedAt = Date.parse(textAt(meta, "lastUpdated") ?? "");
  return {
    status: 200,
    json: JSON.stringify(resource),
    reference: `${textAt(resource, "resourceType")}/${textAt(resource, "id")}`,
    version: textAt(meta, "versionId") ?? "0",
    ...(!Number.isNaN(changedAt) && { changedAt }),
  };
}

const SUBSETTED = { system: "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", code: "SUBSETTED" };
const ALWAYS: ReadonlySet<string> = new Set(["resourceType", "id", "meta", "status", "code", "subject", "patient"]);

/** A resource as `_summary` and `_elements` want it, marked where something was left out. */
export function summarised(resource: Fields, summary: string, elements: readonly string[] | undefined): Fields {
  const keeps =
    elements !== undefined
      ? (name: string) => ALWAYS.has(name) || elements.some((one) => one.split(".").at(-1) === name || one.split(".")[0] === name)
      : summary === "text"
        ? (name: string) => ALWAYS.has(name) || name === "text"
        : summary === "true" || summary === "data"
          ? (name: string) => name !== "text" && (summary === "data" || name !== "contained")
          : undefined;
  if (keeps === undefined) return resource;
  const meta = isFields(resource["meta"]) ? resource["meta"] : {};
  const tags = Array.isArray(meta["tag"]) ? meta["tag"] : [];
  const kept = Object.fromEntries(Object.entries(resource).filter(([name]) => keeps(name)));
  return { ...kept, meta: { ...meta, tag: [...tags, SUBSETTED] } };
}
