import { problem } from "../problem";
import type { Token } from "./coding";
import { type Clause, dateClauses } from "./date-search";
import { URN } from "./systems";

export const DEFAULT_COUNT = 50;
export const LARGEST_COUNT = 200;

/** One search parameter, as the CapabilityStatement lists it. */
export interface SearchParameter {
  readonly name: string;
  readonly type: "token" | "reference" | "date" | "special";
  readonly documentation: string;
}

const ID: SearchParameter = { name: "_id", type: "token", documentation: "Logical id" };
const IDENTIFIER: SearchParameter = {
  name: "identifier",
  type: "token",
  documentation: `Meridian's own identifier; of an Observation also that of the vendor's record (\`${URN.source}{vendor}|{id}\`)`,
};
const PATIENT: SearchParameter = { name: "patient", type: "reference", documentation: "The person: `{id}` or `Patient/{id}`" };

/** The parameters each resource type can be searched by: what is not here is refused. */
export const SEARCH_PARAMETERS = {
  Observation: [
    ID,
    IDENTIFIER,
    PATIENT,
    { name: "subject", type: "reference", documentation: "As `patient`" },
    {
      name: "code",
      type: "token",
      documentation: "Code of the Observation: LOINC, PGHD, SNOMED CT, Meridian's own, the vendor's, the laboratory's",
    },
    { name: "category", type: "token", documentation: "Category of the Observation" },
    { name: "date", type: "date", documentation: "Time of the Observation; values without a zone are read in the person's own time zone" },
    { name: "device", type: "reference", documentation: "The Device that stands for the source" },
    { name: "status", type: "token", documentation: "Status of the Observation" },
    { name: "_lastUpdated", type: "date", documentation: "When the record last changed" },
  ],
  DiagnosticReport: [
    ID,
    IDENTIFIER,
    PATIENT,
    { name: "subject", type: "reference", documentation: "As `patient`" },
    { name: "code", type: "token", documentation: "Code of the report, as its source gave it" },
    { name: "category", type: "token", documentation: "Category of the report: `LAB`" },
    { name: "date", type: "date", documentation: "Time of the report; values without a zone are read in the person's own time zone" },
    { name: "status", type: "token", documentation: "Status of the report" },
    { name: "_lastUpdated", type: "date", documentation: "When the report last changed" },
  ],
  Patient: [ID, IDENTIFIER],
  Device: [ID, IDENTIFIER, PATIENT],
} as const satisfies Readonly<Record<string, readonly SearchParameter[]>>;

export type SearchableType = keyof typeof SEARCH_PARAMETERS;

/** Parameters that shape the answer and select nothing. `_cursor` is Meridian's own, in `next` links. */
const RESULT_PARAMETERS = ["_count", "_sort", "_total", "_format", "_cursor"];

const SORTS = ["date", "-date", "_lastUpdated", "-_lastUpdated"] as const;
export type Sort = (typeof SORTS)[number];

/** A parsed search. Lists of lists are conjunctions of alternatives. */
export interface Search {
  /** Undefined where any id fits. */
  readonly ids: readonly string[] | undefined;
  readonly identifiers: readonly (readonly Token[])[];
  readonly patients: readonly (readonly string[])[];
  readonly codes: readonly (readonly Token[])[];
  readonly categories: readonly (readonly Token[])[];
  readonly statuses: readonly (readonly Token[])[];
  readonly devices: readonly (readonly string[])[];
  readonly date: readonly Clause[];
  readonly updated: readonly Clause[];
  readonly count: number;
  readonly sort: Sort;
  readonly total: boolean;
  /** What a lenient client asked for and does not get, in words fit for an OperationOutcome. */
  readonly ignored: readonly string[];
}

/** What reading a search needs to know. */
export interface SearchSetting {
  /** The person's IANA zone, for dates without one. */
  readonly timeZone: string;
  /** Epoch milliseconds. */
  readonly now: number;
  /** `Prefer: handling=lenient`: unknown parameters are ignored and named, instead of refused. */
  readonly lenient: boolean;
}

/** Reads a search. Problem `malformed` for a parameter that is unknown (unless lenient) or cannot be read. */
export function parseSearch(type: SearchableType, params: readonly (readonly [string, string])[], setting: SearchSetting): Search {
  const known: readonly SearchParameter[] = SEARCH_PARAMETERS[type];
  const ignored: string[] = [];
  const values = new Map<string, string[][]>();
  for (const [given, value] of params) {
    const name = plainName(given);
    const parameter = known.find((candidate) => candidate.name === name);
    if (parameter === undefined && !RESULT_PARAMETERS.includes(name)) {
      if (!setting.lenient) throw problem("malformed", `The search parameter ${label(given)} is not supported here.`);
      ignored.push(`The search parameter ${label(given)} is not supported and was ignored.`);
      continue;
    }
    if (value !== "") values.set(name, [...(values.get(name) ?? []), alternatives(value)]);
  }
  const of = (name: string) => values.get(name) ?? [];
  const last = (name: string) => of(name).at(-1)?.join(",");
  return {
    ids: intersection(of("_id")),
    identifiers: of("identifier").map((tokens) => tokens.map(identifier)),
    patients: [...of("patient"), ...of("subject")].map((refs) => refs.map((ref) => target(ref, "Patient"))),
    codes: of("code").map((tokens) => tokens.map(token)),
    categories: of("category").map((tokens) => tokens.map(token)),
    statuses: of("status").map((tokens) => tokens.map(token)),
    devices: of("device").map((refs) => refs.map((ref) => target(ref, "Device"))),
    date: of("date").flatMap((dates) => clauses("date", dates, setting)),
    updated: of("_lastUpdated").flatMap((dates) => clauses("_lastUpdated", dates, setting)),
    count: countOf(last("_count")),
    sort: sortOf(last("_sort")),
    total: totalOf(last("_total")) || last("_count") === "0",
    ignored,
  };
}

/** `patient:Patient` is `patient` with its type said aloud; other modifiers change the meaning and stay part of the name. */
function plainName(given: string): string {
  return given === "patient:Patient" || given === "subject:Patient" || given === "device:Device"
    ? given.slice(0, given.indexOf(":"))
    : given;
}

/** A parameter's name in a message: short, and without anything a name does not need. */
function label(name: string): string {
  return /^[A-Za-z_][\w.:-]{0,63}$/.test(name) ? name : "of this name";
}

/** Values between commas; `\,` is a comma within a value. */
function alternatives(value: string): string[] {
  return value.split(/(?<!\\),/).map((part) => part.replaceAll(/\\([,|$\\])/g, "$1"));
}

function token(text: string): Token {
  const bar = text.indexOf("|");
  if (bar < 0) return { system: undefined, code: text };
  const code = text.slice(bar + 1);
  return { system: text.slice(0, bar), code: code === "" ? undefined : code };
}

/** The hash under `urn:meridian:reading` says what a reading is, and leads nowhere: nothing is stored by it. */
function identifier(text: string): Token {
  const found = token(text);
  if (found.code === undefined || found.code === "") throw problem("malformed", "A value of identifier names no identifier.");
  if (found.system === URN.reading) throw problem("malformed", `Search by ${URN.observation} instead of ${URN.reading}.`);
  return found;
}

/** The id in `id`, `Type/id` or an absolute reference. */
function target(reference: string, type: "Patient" | "Device"): string {
  const at = reference.lastIndexOf(`${type}/`);
  return at < 0 ? reference : reference.slice(at + type.length + 1);
}

function intersection(lists: readonly (readonly string[])[]): readonly string[] | undefined {
  return lists.length === 0 ? undefined : (lists[0] ?? []).filter((id) => lists.every((list) => list.includes(id)));
}

function clauses(name: string, dates: readonly string[], { timeZone, now }: SearchSetting): Clause[] {
  // Alternatives multiply into clauses; more of them than anybody needs would only cost time.
  const found = dates.length > 4 ? undefined : dateClauses(dates, timeZone, now);
  if (found === undefined) throw problem("malformed", `A value of ${name} is not a date that can be searched by.`);
  return found;
}

function countOf(text: string | undefined): number {
  if (text === undefined) return DEFAULT_COUNT;
  if (!/^\d{1,9}$/.test(text)) throw problem("malformed", "The value of _count is not a number.");
  return Math.min(Number(text), LARGEST_COUNT);
}

function sortOf(text: string | undefined): Sort {
  const sort = text === undefined ? "-date" : SORTS.find((candidate) => candidate === text);
  if (sort === undefined) throw problem("malformed", `_sort is one of ${SORTS.join(", ")}.`);
  return sort;
}

function totalOf(text: string | undefined): boolean {
  if (text !== undefined && !["none", "estimate", "accurate"].includes(text))
    throw problem("malformed", "_total is one of none, estimate, accurate.");
  return text === "accurate";
}
