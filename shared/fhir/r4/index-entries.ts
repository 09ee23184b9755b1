import { SYSTEM } from "../../health/codes";
import { dateRange } from "./date-range";
import { type Fields, fieldsIn, isFields, textAt } from "./issue";
import { type ParameterKind, type Path, type PathStep, type SearchParameter, searchParameters } from "./search-parameters";
import { isResourceType } from "./structures";
import { canonical } from "./ucum";

/** One value that a resource is found by. */
export interface IndexEntry {
  readonly param: string;
  readonly value: IndexValue;
}

export type IndexValue = TokenValue | ReferenceValue | DateValue | StringValue | QuantityValue | NumberValue | UriValue | CompositeValue;

export interface TokenValue {
  readonly kind: "token";
  readonly system?: string | undefined;
  readonly code?: string | undefined;
  /** Display, text of the concept, or type of an identifier, folded: what `:text` looks at. */
  readonly text?: string | undefined;
  /** Of an identifier, the codes of its type: what `:of-type` looks at. */
  readonly types?: readonly { readonly system?: string; readonly code?: string }[];
}

export interface ReferenceValue {
  readonly kind: "reference";
  /** Type and id of a literal reference, relative or absolute. */
  readonly type?: string | undefined;
  readonly id?: string | undefined;
  /** The reference as it stands where it is absolute, a URN or canonical; without the version of a canonical. */
  readonly url?: string;
  readonly version?: string;
  readonly identifier?: { readonly system?: string; readonly value?: string };
}

export interface DateValue {
  readonly kind: "date";
  /** Epoch milliseconds, both ends included; ±8.64e15 where a period is open. */
  readonly lo: number;
  readonly hi: number;
}

export interface StringValue {
  readonly kind: "string";
  /** Without case and accents, spaces as one. */
  readonly folded: string;
  /** As it stands, for `:exact`. */
  readonly exact: string;
}

export interface QuantityValue {
  readonly kind: "quantity";
  readonly value: number;
  readonly system?: string | undefined;
  readonly code?: string | undefined;
  /** The unit's text, which a search without a system may name. */
  readonly unit?: string | undefined;
  /** UCUM in base units, so that 150 lb finds 68 kg; absent where the unit is not UCUM. */
  readonly canonicalCode?: string | undefined;
  readonly canonicalValue?: number | undefined;
}

export interface NumberValue {
  readonly kind: "number";
  readonly value: number;
}

export interface UriValue {
  readonly kind: "uri";
  readonly uri: string;
}

/** Values that stand together: the code and the value of one component. */
export interface CompositeValue {
  readonly kind: "composite";
  readonly parts: readonly Exclude<IndexValue, CompositeValue>[];
}

type PlainValue = Exclude<IndexValue, CompositeValue>;

/**
 * What a resource is found by: an entry for each value of each of its search parameters, without repeats. Its id and its
 * last change are what it is kept by, and have none; nor have parameters that others stand for (`indexedAs`). Dates without a zone are read
 * in `zone` (IANA). Of sampled data the lowest and the highest value stand for quantities, of a range its ends. Nothing for types that
 * are not stored.
 */
export function indexEntries(resource: Fields, zone: string): IndexEntry[] {
  const type = textAt(resource, "resourceType") ?? "";
  if (!isResourceType(type)) return [];
  const entries: IndexEntry[] = [];
  const found: Known = new Map();
  for (const parameter of searchParameters(type).values()) {
    if (parameter.madeOf.length > 0 || KEPT_BY.has(parameter.name) || !hasHead(resource, parameter.heads)) continue;
    const values = valuesOf(resource, parameter, zone, found);
    const seen = values.length > 1 ? new Set<string>() : undefined;
    for (const value of values) {
      if (seen !== undefined) {
        const key = JSON.stringify(value);
        if (seen.has(key)) continue;
        seen.add(key);
      }
      entries.push({ param: parameter.name, value });
    }
  }
  return entries;
}

const KEPT_BY: ReadonlySet<string> = new Set(["_id", "_lastUpdated"]);

/** What lies at the paths of a resource: parameters share them. */
type Known = Map<Path, readonly PlainValue[]>;

function hasHead(resource: Fields, heads: readonly string[]): boolean {
  if (heads.length === 0) return true;
  for (const head of heads) if (resource[head] !== undefined) return true;
  return false;
}

const folded = new Map<string, string>();
const MOST_FOLDED = 2_000;
const LONGEST_FOLDED = 200;

/** Text as strings are compared: without case, accents and repeated spaces. */
export function fold(text: string): string {
  const known = folded.get(text);
  if (known !== undefined) return known;
  const made = text.normalize("NFKD").replaceAll(/\p{M}/gu, "").toLowerCase().replaceAll("ß", "ss").replaceAll(/\s+/g, " ").trim();
  // Names of codes come again and again.
  if (text.length <= LONGEST_FOLDED) {
    if (folded.size >= MOST_FOLDED) folded.clear();
    folded.set(text, made);
  }
  return made;
}

/** Most pairs that one part of a resource is found by: codes × values. */
const MOST_PAIRS = 64;

function valuesOf(resource: Fields, { kind, paths, parts, bases }: SearchParameter, zone: string, known: Known): readonly IndexValue[] {
  if (kind !== "composite") {
    const [first, ...others] = paths;
    if (first === undefined) return [];
    const values = knownAt(resource, first, kind, zone, known);
    if (others.length === 0) return values;
    const all = [...values];
    for (const path of others) all.push(...knownAt(resource, path, kind, zone, known));
    return all;
  }
  const pairs: IndexValue[] = [];
  for (const { steps, parts: ways } of bases) {
    for (const base of reach(resource, steps)) {
      if (!isFields(base)) continue;
      const found: PlainValue[][] = [];
      for (const [i, inner] of ways.entries()) {
        const part: PlainValue[] = [];
        for (const path of inner) {
          const partKind = parts[i] ?? "string";
          part.push(...(base === resource ? knownAt(resource, path, partKind, zone, known) : valuesAt(base, path, partKind, zone)));
        }
        // Nothing pairs with nothing.
        if (part.length === 0) break;
        found.push(part);
      }
      if (found.length < ways.length) continue;
      for (const pair of combinations(found).slice(0, MOST_PAIRS)) pairs.push({ kind: "composite", parts: pair });
    }
  }
  return pairs;
}

function combinations(lists: readonly (readonly PlainValue[])[]): PlainValue[][] {
  return lists.reduce<PlainValue[][]>((all, list) => all.flatMap((head) => list.map((one) => [...head, one])), [[]]);
}

const NONE: readonly PlainValue[] = [];

function knownAt(resource: Fields, path: Path, kind: ParameterKind, zone: string, known: Known): readonly PlainValue[] {
  const head = path.steps[0]?.name;
  if (head !== undefined && resource[head] === undefined) return NONE;
  const before = known.get(path);
  if (before !== undefined) return before;
  const made = valuesAt(resource, path, kind, zone);
  known.set(path, made);
  return made;
}

function valuesAt(from: Fields, path: Path, kind: ParameterKind, zone: string): PlainValue[] {
  const found = reach(from, path.steps);
  if (path.type === "exists") return found.length > 0 ? [{ kind: "token", code: "true" }] : [];
  if (found.length === 1) return convert(found[0], path, kind, zone);
  return found.flatMap((value) => convert(value, path, kind, zone));
}

/** What lies at the end of the steps, lists gone through. */
function reach(from: unknown, steps: readonly PathStep[]): unknown[] {
  let here: unknown[] = [from];
  for (const { name, where } of steps) {
    const next: unknown[] = [];
    const add = (inner: unknown) => {
      if (inner !== undefined && inner !== null && (where === undefined || textAt(inner, where[0]) === where[1])) next.push(inner);
    };
    for (const one of here) {
      if (!isFields(one)) continue;
      const value = one[name];
      if (Array.isArray(value)) for (const inner of value) add(inner);
      else add(value);
    }
    if (next.length === 0) return next;
    here = next;
  }
  return here;
}

function convert(value: unknown, path: Path, kind: ParameterKind, zone: string): PlainValue[] {
  switch (kind) {
    case "token":
      return tokens(value, path);
    case "reference":
      return references(value, path);
    case "date":
      return dates(value, path.type, zone);
    case "string":
      return strings(value, path.type);
    case "quantity":
      return quantities(value, path.type);
    case "number":
      return typeof value === "number" ? [{ kind: "number", value }] : [];
    case "uri":
      return typeof value === "string" ? [{ kind: "uri", uri: value }] : [];
    case "composite":
      return [];
  }
}

function tokens(value: unknown, { type, system }: Path): PlainValue[] {
  if (typeof value === "boolean") return [{ kind: "token", code: String(value) }];
  if (typeof value === "string") return [{ kind: "token", system, code: value, text: undefined }];
  if (!isFields(value)) return [];
  switch (type) {
    case "CodeableConcept": {
      const text = textAt(value, "text");
      const codings = fieldsIn(value["coding"]);
      if (codings.length === 0) return text === undefined ? [] : [{ kind: "token", text: fold(text) }];
      return codings.map((coding) => codingToken(coding, text));
    }
    case "Identifier": {
      if (textAt(value, "value") === undefined && textAt(value, "system") === undefined) return [];
      const type = isFields(value["type"]) ? value["type"] : undefined;
      const named = token(textAt(value, "system"), textAt(value, "value"), textAt(type, "text"));
      const types = fieldsIn(type?.["coding"]).map((coding) => {
        const [system, code] = [textAt(coding, "system"), textAt(coding, "code")];
        return { ...(system !== undefined && { system }), ...(code !== undefined && { code }) };
      });
      return [types.length === 0 ? named : { ...named, types }];
    }
    case "ContactPoint":
      return textAt(value, "value") === undefined ? [] : [token(undefined, textAt(value, "value"), undefined)];
    default:
      return [codingToken(value, undefined)];
  }
}

function codingToken(coding: Fields, text: string | undefined): TokenValue {
  const display = textAt(coding, "display");
  const words = display === undefined || text === undefined ? (display ?? text) : `${display} ${text}`;
  return token(textAt(coding, "system"), textAt(coding, "code"), words);
}

function token(system: string | undefined, code: string | undefined, text: string | undefined): TokenValue {
  const folded = text === undefined ? "" : fold(text);
  return { kind: "token", system, code, text: folded === "" ? undefined : folded };
}

const LITERAL = /^(?:(https?:\/\/.+)\/)?([A-Z][A-Za-z]+)\/([A-Za-z0-9.-]{1,64})(?:\/_history\/[A-Za-z0-9.-]{1,64})?$/;

/** Reads a literal reference: relative, absolute, a URN or a canonical address. */
export function readReference(reference: string): Pick<ReferenceValue, "type" | "id" | "url" | "version"> {
  const literal = LITERAL.exec(reference);
  if (literal !== null) {
    const [, server, type = "", id = ""] = literal;
    return { type, id, ...(server !== undefined && { url: `${server}/${type}/${id}` }) };
  }
  const bar = reference.indexOf("|");
  return bar < 0 ? { url: reference } : { url: reference.slice(0, bar), version: reference.slice(bar + 1) };
}

function references(value: unknown, { target }: Path): PlainValue[] {
  const literal = typeof value === "string" ? value : textAt(value, "reference");
  const identifier = isFields(value) && isFields(value["identifier"]) ? value["identifier"] : undefined;
  // A contained resource is found through the one that contains it, and not by its place.
  const read: ReturnType<typeof readReference> = literal === undefined || literal.startsWith("#") ? {} : readReference(literal);
  const type = read.type ?? textAt(value, "type");
  if (target !== undefined && type !== undefined && type !== target) return [];
  // What does not say its type, a URN, may be of the one that is wanted only where it says so.
  if (target !== undefined && type === undefined && !(read.url?.startsWith("urn:") === true)) return [];
  if (read.id === undefined && read.url === undefined && identifier === undefined) return [];
  const [system, text] = [textAt(identifier, "system"), textAt(identifier, "value")];
  return [
    {
      kind: "reference",
      ...read,
      ...(type !== undefined && { type }),
      ...(identifier !== undefined && {
        identifier: { ...(system !== undefined && { system }), ...(text !== undefined && { value: text }) },
      }),
    },
  ];
}

/** The instants that stand for an open end of a period: the first and the last that a Date can tell. */
export const OPEN = 8.64e15;

function dates(value: unknown, type: string, zone: string): PlainValue[] {
  if (typeof value === "string") {
    const range = dateRange(value, zone);
    return range === undefined ? [] : [{ kind: "date", lo: range[0], hi: range[1] }];
  }
  if (!isFields(value)) return [];
  if (type === "Period") return period(value, zone);
  if (type !== "Timing") return [];
  const repeat = isFields(value["repeat"]) ? value["repeat"] : undefined;
  const bounds = repeat !== undefined && isFields(repeat["boundsPeriod"]) ? period(repeat["boundsPeriod"], zone) : [];
  const events = (Array.isArray(value["event"]) ? value["event"] : []).flatMap((event) => dates(event, "dateTime", zone));
  const all = [...bounds, ...events].filter((one) => one.kind === "date");
  if (all.length === 0) return [];
  return [{ kind: "date", lo: Math.min(...all.map(({ lo }) => lo)), hi: Math.max(...all.map(({ hi }) => hi)) }];
}

function period(value: Fields, zone: string): PlainValue[] {
  const [from, to] = ["start", "end"].map((name) => {
    const text = textAt(value, name);
    return text === undefined ? undefined : dateRange(text, zone);
  });
  return from === undefined && to === undefined ? [] : [{ kind: "date", lo: from?.[0] ?? -OPEN, hi: to?.[1] ?? OPEN }];
}

const STRING_PARTS: Readonly<Record<string, readonly string[]>> = {
  HumanName: ["text", "family", "given", "prefix", "suffix"],
  Address: ["text", "line", "city", "district", "state", "postalCode", "country"],
  CodeableConcept: ["text"],
};

function strings(value: unknown, type: string): PlainValue[] {
  const texts =
    typeof value === "string"
      ? [value]
      : isFields(value)
        ? (STRING_PARTS[type] ?? []).flatMap((name) => value[name]).filter((text) => typeof text === "string")
        : [];
  return texts.map((exact) => ({ kind: "string", folded: fold(exact), exact }));
}

function quantities(value: unknown, type: string): PlainValue[] {
  if (!isFields(value)) return [];
  switch (type) {
    case "Range":
      return ["low", "high"].flatMap((end) => quantities(value[end], "Quantity"));
    case "SampledData":
      return sampled(value);
    case "Money": {
      const amount = value["value"];
      const code = textAt(value, "currency");
      return typeof amount === "number"
        ? [{ kind: "quantity", value: amount, system: "urn:iso:std:iso:4217", ...(code !== undefined && { code }) }]
        : [];
    }
    default: {
      const amount = value["value"];
      return typeof amount === "number" ? [quantity(amount, value)] : [];
    }
  }
}

function quantity(value: number, unitOf: Fields): QuantityValue {
  const [system, code, unit] = [textAt(unitOf, "system"), textAt(unitOf, "code"), textAt(unitOf, "unit")];
  const base = system === SYSTEM.ucum && code !== undefined ? canonical(value, code) : undefined;
  return { kind: "quantity", value, system, code, unit, canonicalCode: base?.code, canonicalValue: base?.value };
}

/** The bounds of sampled data: value = origin + datum × factor. */
function sampled(value: Fields): PlainValue[] {
  const { origin, factor, data } = value;
  if (!isFields(origin) || typeof data !== "string") return [];
  const zero = typeof origin["value"] === "number" ? origin["value"] : 0;
  const by = typeof factor === "number" ? factor : 1;
  let [lowest, highest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const word of data.split(" ")) {
    const datum = Number(word);
    if (word === "" || Number.isNaN(datum)) continue;
    const at = zero + datum * by;
    lowest = Math.min(lowest, at);
    highest = Math.max(highest, at);
  }
  if (lowest > highest) return [];
  return lowest === highest ? [quantity(lowest, origin)] : [quantity(lowest, origin), quantity(highest, origin)];
}
