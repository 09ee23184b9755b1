import { SYSTEM } from "../../health/codes";
import { problem } from "../../problem";
import { CLASSES, maskOf } from "../classes";
import { dateRange } from "../r4/date-range";
import { fold, readReference } from "../r4/index-entries";
import { type ParameterKind, type SearchParameter, searchParameters } from "../r4/search-parameters";
import { isResourceType, type ResourceType } from "../r4/structures";
import { canonical } from "../r4/ucum";
import { CLASS } from "../reach";
import { type Condition, type Family, ofSecond } from "./conditions";
import { type SortKey, sortKey } from "./order";
import { valueSetCodes } from "./value-sets";

/** One thing that a search asks of a resource. A search is a conjunction of them. */
export type Filter =
  | { readonly kind: "id"; readonly ids: readonly string[]; readonly isNot: boolean }
  | { readonly kind: "updated"; readonly condition: Condition }
  /** Belongs to classes of this mask alone. */
  | { readonly kind: "class"; readonly mask: number }
  | { readonly kind: "index"; readonly family: Family; readonly name: string; readonly condition: Condition; readonly isNot: boolean }
  | {
      readonly kind: "chain";
      readonly name: string;
      readonly types: readonly ResourceType[];
      readonly filters: readonly (readonly Filter[])[];
      readonly query: readonly [string, string];
    }
  | {
      readonly kind: "has";
      readonly type: ResourceType;
      readonly reference: string;
      readonly filters: readonly Filter[];
      readonly query: readonly [string, string];
    };

/** An `_include` or `_revinclude`. */
export interface Include {
  readonly type: ResourceType;
  readonly name: string;
  readonly target: string | undefined;
}

/** By the time that is told or that of the last change, which have indexes of their own, or by any keys. */
export type Order =
  | { readonly by: "date" | "updated"; readonly isDescending: boolean }
  | { readonly by: "keys"; readonly keys: readonly SortKey[] };

export interface Query {
  readonly filters: readonly Filter[];
  readonly includes: readonly Include[];
  readonly revincludes: readonly Include[];
  readonly order: Order;
  readonly count: number;
  readonly total: boolean;
  readonly summary: "false" | "true" | "text" | "data" | "count";
  readonly elements: readonly string[] | undefined;
  /** What a lenient client asked for and does not get. */
  readonly ignored: readonly string[];
}

export interface QuerySetting {
  readonly timeZone: string;
  readonly now: number;
  readonly lenient: boolean;
}

const DEFAULT_COUNT = 50;
export const LARGEST_COUNT = 200;
/** More alternatives, or parameters, than anybody needs only cost time, and bindings. */
const MOST_ALTERNATIVES = 30;
const MOST_PARAMETERS = 12;
const RESULT = new Set(["_count", "_sort", "_total", "_summary", "_elements", "_include", "_revinclude", "_format", "_pretty", "_cursor"]);

/** Reads a search of a type. Problem `malformed` for what is unknown (unless lenient) or cannot be read. */
export function parseQuery(type: ResourceType, params: readonly (readonly [string, string])[], setting: QuerySetting): Query {
  const filters: Filter[] = [];
  const ignored: string[] = [];
  const results = new Map<string, string[]>();
  for (const [name, value] of params) {
    const [base = "", modifier] = name.split(":");
    if (RESULT.has(base)) {
      if (modifier !== undefined) unsupported(name, setting.lenient, ignored);
      else results.set(base, [...(results.get(base) ?? []), value]);
      continue;
    }
    if (value === "") continue;
    const filter = filterOf(type, name, value, setting);
    if (filter === undefined) unsupported(name, setting.lenient, ignored);
    else filters.push(filter);
  }
  if (filters.length > MOST_PARAMETERS) throw problem("malformed", "The search has too many parameters.");
  const last = (name: string) => results.get(name)?.at(-1);
  const summary = oneOf("_summary", last("_summary") ?? "false", ["false", "true", "text", "data", "count"] as const);
  const isTotal = oneOf("_total", last("_total") ?? "none", ["none", "estimate", "accurate"] as const) === "accurate";
  const count = countOf(last("_count"));
  const elements = last("_elements")
    ?.split(",")
    .filter((name) => /^[A-Za-z.]+$/.test(name));
  return {
    filters,
    includes: (results.get("_include") ?? []).flatMap((text) => includeOf(text, type, setting.lenient, ignored) ?? []),
    revincludes: (results.get("_revinclude") ?? []).flatMap((text) => includeOf(text, undefined, setting.lenient, ignored) ?? []),
    order: orderOf(type, last("_sort"), setting.lenient, ignored),
    count: summary === "count" ? 0 : count,
    total: isTotal || summary === "count" || count === 0,
    summary,
    elements,
    ignored,
  };
}

/** Reads the parameters of a grant; undefined where one cannot be evaluated: such a grant gives nothing. */
export function parseWhere(type: ResourceType, where: readonly (readonly [string, string])[], setting: QuerySetting): Filter[] | undefined {
  try {
    const filters = where.map(([name, value]) =>
      name === CLASS ? classFilter(value) : filterOf(type, name, value, { ...setting, lenient: false }),
    );
    return filters.includes(undefined) ? undefined : filters.filter((filter) => filter !== undefined);
  } catch {
    return undefined;
  }
}

function classFilter(value: string): Filter {
  const named = value.split(",");
  return { kind: "class", mask: maskOf(CLASSES.filter((one) => named.includes(one))) };
}

function unsupported(name: string, lenient: boolean, ignored: string[]): void {
  const label = /^[A-Za-z_][\w.:-]{0,63}$/.test(name) ? name : "of this name";
  if (!lenient) throw problem("malformed", `The search parameter ${label} is not supported here.`);
  ignored.push(`The search parameter ${label} is not supported and was ignored.`);
}

function filterOf(type: ResourceType, name: string, value: string, setting: QuerySetting, depth = 0): Filter | undefined {
  if (name.startsWith("_has:")) return depth === 0 ? hasOf(name, value, setting) : undefined;
  const dot = name.indexOf(".");
  if (dot > 0) return depth === 0 ? chainOf(type, name, dot, value, setting) : undefined;
  const [base = "", modifier, ...rest] = name.split(":");
  if (rest.length > 0) return undefined;
  const values = alternatives(value);
  if (base === "_id") return idFilter(modifier, values);
  if (base === "_lastUpdated") return updatedFilter(modifier, values, setting);
  const parameter = searchParameters(type).get(base);
  return parameter === undefined ? undefined : parameterFilter(parameter, modifier, values, setting);
}

/** Every resource has one id, so that `:missing` finds all or nothing. */
function idFilter(modifier: string | undefined, values: readonly string[]): Filter | undefined {
  if (modifier === "missing") {
    const isMissing = oneOf("_id", values.join(","), ["true", "false"] as const) === "true";
    return { kind: "id", ids: [], isNot: !isMissing };
  }
  return modifier === undefined || modifier === "not" ? { kind: "id", ids: values.map(unescaped), isNot: modifier === "not" } : undefined;
}

/** So has it one time of its last change. */
function updatedFilter(modifier: string | undefined, values: readonly string[], setting: QuerySetting): Filter | undefined {
  if (modifier === "missing") {
    const isMissing = oneOf("_lastUpdated", values.join(","), ["true", "false"] as const) === "true";
    return { kind: "updated", condition: isMissing ? { any: [] } : { all: [] } };
  }
  if (modifier !== undefined) return undefined;
  return { kind: "updated", condition: { any: values.map((one) => dateCondition("_lastUpdated", one, setting)) } };
}

function parameterFilter(
  parameter: SearchParameter,
  modifier: string | undefined,
  values: readonly string[],
  setting: QuerySetting,
): Filter | undefined {
  const { name, kind } = parameter;
  const family = familyOf(kind);
  if (modifier === "missing") {
    const isMissing = oneOf(name, values.join(","), ["true", "false"] as const) === "true";
    return { kind: "index", family, name, condition: { all: [] }, isNot: isMissing };
  }
  if (kind === "token" && modifier !== undefined) {
    const filter = tokenFilter(name, modifier, values);
    if (filter !== undefined) return filter;
  }
  const reader = readerOf(parameter, modifier, setting);
  if (reader === undefined) return undefined;
  return { kind: "index", family, name, condition: { any: values.map(reader) }, isNot: modifier === "not" };
}

/** What a token has beside its code: words, the type of an identifier, membership of a set of codes. */
function tokenFilter(name: string, modifier: string, values: readonly string[]): Filter | undefined {
  switch (modifier) {
    case "text":
      return { kind: "index", family: "string", name: `${name}:text`, condition: { any: values.map(wordsCondition) }, isNot: false };
    case "of-type":
      return {
        kind: "index",
        family: "token",
        name: `${name}:of-type`,
        condition: { any: values.map((one) => typedCondition(name, one)) },
        isNot: false,
      };
    case "in":
    case "not-in":
      return { kind: "index", family: "token", name, condition: { any: values.map(memberCondition) }, isNot: modifier === "not-in" };
    case "above":
    case "below":
      throw problem("malformed", `${name}:${modifier} asks for a hierarchy of codes: there is no terminology server here.`);
    default:
      return undefined;
  }
}

/** The beginning of the text or of a word in it. */
function wordsCondition(text: string): Condition {
  const words = fold(unescaped(text));
  return {
    any: [
      { column: "plain", op: "begins", value: words },
      { column: "plain", op: "contains", value: ` ${words}` },
    ],
  };
}

/** `system|code|value`: the type of an identifier and its value. */
function typedCondition(name: string, text: string): Condition {
  const [system = "", code = "", value = "", ...rest] = text.split(/(?<!\\)\|/).map(unescaped);
  if (code === "" || value === "" || rest.length > 0)
    throw problem("malformed", `A value of ${name}:of-type is system|code|value, the type of an identifier and its value.`);
  const typed = is("code", `${code}|${value}`);
  return system === "" ? typed : { all: [typed, is("system", system)] };
}

function memberCondition(text: string): Condition {
  const codes = valueSetCodes(unescaped(text));
  if (codes === undefined)
    throw problem(
      "malformed",
      "This value set is not known: those of R4's required codes and of its vital signs are, there is no terminology server here.",
    );
  return {
    any: [...codes].map(([system, members]) => ({ all: [is("system", system), { any: members.map((code) => is("code", code)) }] })),
  };
}

/** Every address of which a given one is a part: the address itself and all before a slash in it. */
function partsOf(address: string): string[] {
  const parts = [address];
  for (let i = address.lastIndexOf("/"); i > 0; i = address.lastIndexOf("/", i - 1))
    parts.push(address.slice(0, i), address.slice(0, i + 1));
  return parts;
}

function readerOf(
  { name, kind, parts, targets }: SearchParameter,
  modifier: string | undefined,
  setting: QuerySetting,
): ((text: string) => Condition) | undefined {
  switch (kind) {
    case "token":
      return modifier === undefined || modifier === "not" ? tokenCondition : undefined;
    case "reference":
      if (modifier === "identifier") return (text) => ({ all: [is("identifier", identifierOf(text)), { filled: "identifier" }] });
      if (modifier !== undefined && !isResourceType(modifier)) return undefined;
      return (text) => referenceCondition(unescaped(text), modifier ?? (targets.length === 1 ? targets[0] : undefined));
    case "string":
      if (modifier === undefined) return (text) => ({ column: "plain", op: "begins", value: fold(unescaped(text)) });
      if (modifier === "contains") return (text) => ({ column: "plain", op: "contains", value: fold(unescaped(text)) });
      return modifier === "exact" ? (text) => is("exact", unescaped(text)) : undefined;
    case "uri":
      if (modifier === "below") return (text) => ({ column: "value", op: "begins", value: unescaped(text) });
      if (modifier === "above") return (text) => ({ any: partsOf(unescaped(text)).map((part) => is("value", part)) });
      return modifier === undefined ? (text) => is("value", unescaped(text)) : undefined;
    case "date":
      return modifier === undefined ? (text) => dateCondition(name, text, setting) : undefined;
    case "number":
    case "quantity":
      return modifier === undefined ? (text) => quantityCondition(name, text) : undefined;
    case "composite":
      return modifier === undefined ? (text) => pairCondition(name, parts, text, setting) : undefined;
  }
}

function familyOf(kind: ParameterKind): Family {
  return kind === "number" ? "quantity" : kind === "composite" ? "pair" : kind;
}

function is(column: string, value: string | number): Condition {
  return { column, op: "=", value };
}

function tokenCondition(text: string): Condition {
  const bar = unescapedBar(text);
  if (bar < 0) return is("code", unescaped(text));
  const system = is("system", unescaped(text.slice(0, bar)));
  const code = unescaped(text.slice(bar + 1));
  return code === "" ? system : { all: [is("code", code), system] };
}

function identifierOf(text: string): string {
  const bar = unescapedBar(text);
  return bar < 0 ? `|${unescaped(text)}` : `${unescaped(text.slice(0, bar))}|${unescaped(text.slice(bar + 1))}`;
}

function referenceCondition(text: string, type: string | undefined): Condition {
  const { type: said, id, url } = readReference(text);
  if (id !== undefined && said !== undefined) {
    const literal: Condition = { all: [is("id", id), is("type", said)] };
    return url === undefined ? literal : { any: [literal, at(url)] };
  }
  if (/^[A-Za-z0-9.-]{1,64}$/.test(text)) return type === undefined ? is("id", text) : { all: [is("id", text), is("type", type)] };
  return at(url ?? text);
}

function at(url: string): Condition {
  return { all: [is("url", url), { filled: "url" }] };
}

const PREFIXES = ["eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"] as const;
type Prefix = (typeof PREFIXES)[number];

function prefixed(text: string): [Prefix, string] {
  const prefix = PREFIXES.find((one) => text.startsWith(one));
  return prefix === undefined ? ["eq", text] : [prefix, text.slice(2)];
}

/** Date search (search.html#date): the time of the resource is [lo, hi], that of the parameter [from, to]. */
function dateCondition(name: string, text: string, { timeZone, now }: QuerySetting): Condition {
  const [prefix, rest] = prefixed(unescaped(text));
  // A plus sign that was not encoded arrives as a blank.
  const range = dateRange(rest.replace(/ (?=\d{2}:\d{2}$)/, "+"), timeZone);
  if (range === undefined) throw problem("malformed", `A value of ${name} is not a date that can be searched by.`);
  const [from, to] = range;
  const [startsIn, endsIn]: [Condition, Condition] = [
    { column: "lo", op: ">=", value: from },
    { column: "hi", op: "<=", value: to },
  ];
  const [startsBefore, endsAfter]: [Condition, Condition] = [
    { column: "lo", op: "<", value: from },
    { column: "hi", op: ">", value: to },
  ];
  switch (prefix) {
    case "eq":
      return { all: [startsIn, endsIn] };
    case "ne":
      return { any: [startsBefore, endsAfter] };
    case "gt":
      return endsAfter;
    case "lt":
      return startsBefore;
    case "ge":
      return { any: [endsAfter, startsIn] };
    case "le":
      return { any: [startsBefore, endsIn] };
    case "sa":
      return { column: "lo", op: ">", value: to };
    case "eb":
      return { column: "hi", op: "<", value: from };
    case "ap": {
      const slack = Math.round(Math.abs(now - from) / 10);
      return {
        all: [
          { column: "hi", op: ">=", value: from - slack },
          { column: "lo", op: "<=", value: to + slack },
        ],
      };
    }
  }
}

const NUMBER = /^[+-]?\d{1,30}(?:\.\d{1,30})?(?:[eE][+-]?\d{1,3})?$/;

/** Quantities (search.html#quantity): `5.4`, `5.4|system|code`, `5.4||unit`. Units of UCUM are compared after conversion. */
function quantityCondition(name: string, text: string): Condition {
  const [amount = "", system = "", ...codes] = text.split("|");
  const code = unescaped(codes.join("|"));
  const [prefix, digits] = prefixed(amount);
  if (!NUMBER.test(digits)) throw problem("malformed", `A value of ${name} is not a number that can be searched by.`);
  const value = Number(digits);
  const compare = (column: string, convert: (one: number) => number) => amountCondition(prefix, column, value, halfStep(digits), convert);
  const base = code === "" ? undefined : canonical(1, code);
  if ((system === SYSTEM.ucum || system === "") && code !== "" && base !== undefined) {
    const converted: Condition = { all: [is("canon", base.code), compare("amount", (one) => canonical(one, code)?.value ?? one)] };
    return system === "" ? { any: [converted, { all: [is("unit", code), compare("value", same)] }] } : converted;
  }
  const unit: Condition[] =
    code === ""
      ? []
      : system === ""
        ? [{ any: [is("code", code), is("unit", code)] }]
        : [is("code", code), is("system", unescaped(system))];
  return { all: [...unit, compare("value", same)] };
}

function same(value: number): number {
  return value;
}

function amountCondition(prefix: Prefix, column: string, value: number, half: number, convert: (one: number) => number): Condition {
  const exact = convert(value);
  const [a, b] = prefix === "ap" ? [value - Math.abs(value) / 10, value + Math.abs(value) / 10] : [value - half, value + half];
  const [low, high] = [convert(a), convert(b)];
  switch (prefix) {
    case "eq":
    case "ap":
      return {
        all: [
          { column, op: ">=", value: low },
          { column, op: prefix === "ap" ? "<=" : "<", value: high },
        ],
      };
    case "ne":
      return {
        any: [
          { column, op: "<", value: low },
          { column, op: ">=", value: high },
        ],
      };
    case "gt":
    case "sa":
      return { column, op: ">", value: exact };
    case "lt":
    case "eb":
      return { column, op: "<", value: exact };
    case "ge":
      return { column, op: ">=", value: exact };
    case "le":
      return { column, op: "<=", value: exact };
  }
}

/** Half of what the last digit counts: 5.40 means [5.395, 5.405). */
function halfStep(digits: string): number {
  const [mantissa = "", exponent = "0"] = digits.toLowerCase().split("e");
  return 0.5 * 10 ** (Number(exponent) - (mantissa.split(".")[1]?.length ?? 0));
}

function pairCondition(name: string, parts: readonly ParameterKind[], text: string, setting: QuerySetting): Condition {
  const [first, second, ...rest] = text.split(/(?<!\\)\$/);
  const [, kind] = parts;
  if (first === undefined || second === undefined || rest.length > 0 || kind === undefined)
    throw problem("malformed", `A value of ${name} is two values with a $ between them.`);
  const parameter: SearchParameter = { name, kind, definition: "", targets: [], paths: [], parts: [], bases: [], heads: [], madeOf: [] };
  const reader = readerOf(parameter, undefined, setting);
  if (reader === undefined || kind === "composite") throw problem("malformed", `${name} cannot be searched by.`);
  return { all: [tokenCondition(first), ofSecond(reader(second))] };
}

function chainOf(type: ResourceType, name: string, dot: number, value: string, setting: QuerySetting): Filter | undefined {
  const [base = "", said] = name.slice(0, dot).split(":");
  const inner = name.slice(dot + 1);
  const parameter = searchParameters(type).get(base);
  if (parameter?.kind !== "reference") return undefined;
  const types = (said === undefined ? parameter.targets : [said]).filter(isResourceType);
  const pairs = types.flatMap((target) => {
    const filter = filterOf(target, inner, value, setting, 1);
    return filter === undefined ? [] : [{ target, filters: [filter] }];
  });
  if (pairs.length === 0) return undefined;
  return {
    kind: "chain",
    name: base,
    types: pairs.map(({ target }) => target),
    filters: pairs.map(({ filters }) => filters),
    query: [inner, value],
  };
}

function hasOf(name: string, value: string, setting: QuerySetting): Filter | undefined {
  const [, type = "", reference = "", ...inner] = name.split(":");
  if (!isResourceType(type) || searchParameters(type).get(reference)?.kind !== "reference") return undefined;
  const asked = inner.join(":");
  const filter = filterOf(type, asked, value, setting, 1);
  return filter === undefined ? undefined : { kind: "has", type, reference, filters: [filter], query: [asked, value] };
}

function includeOf(text: string, source: ResourceType | undefined, lenient: boolean, ignored: string[]): Include | undefined {
  const [type = "", name = "", target] = text.split(":");
  const isKnown =
    isResourceType(type) && (source === undefined || source === type) && searchParameters(type).get(name)?.kind === "reference";
  if (isKnown && isResourceType(type)) return { type, name, target };
  unsupported(source === undefined ? "_revinclude" : "_include", lenient, ignored);
  return undefined;
}

const MOST_KEYS = 4;

function orderOf(type: ResourceType, text: string | undefined, lenient: boolean, ignored: string[]): Order {
  const hasDate = searchParameters(type).get("date")?.kind === "date";
  const usual: Order = { by: hasDate ? "date" : "updated", isDescending: true };
  if (text === undefined || text === "") return usual;
  const keys = text.split(",").map((one) => keyOf(type, one));
  const known = keys.filter((key) => key !== undefined);
  if (keys.length > MOST_KEYS) throw problem("malformed", `_sort takes at most ${MOST_KEYS} parameters.`);
  if (known.length < keys.length) {
    if (!lenient) throw problem("malformed", "_sort names search parameters of the type, each with a minus before it to turn it round.");
    ignored.push("A value of _sort is not supported and was ignored.");
  }
  const [first, second] = known;
  if (first === undefined) return usual;
  if (second === undefined && first.by === "updated") return { by: "updated", isDescending: first.isDescending };
  if (second === undefined && hasDate && first.by === "index" && first.name === "date")
    return { by: "date", isDescending: first.isDescending };
  return { by: "keys", keys: known };
}

function keyOf(type: ResourceType, text: string): SortKey | undefined {
  const isDescending = text.startsWith("-");
  const name = isDescending ? text.slice(1) : text;
  if (name === "_id") return { by: "id", isDescending };
  if (name === "_lastUpdated") return { by: "updated", isDescending };
  const parameter = searchParameters(type).get(name);
  return parameter === undefined ? undefined : sortKey(parameter, isDescending);
}

function countOf(text: string | undefined): number {
  if (text === undefined) return DEFAULT_COUNT;
  if (!/^\d{1,9}$/.test(text)) throw problem("malformed", "The value of _count is not a number.");
  return Math.min(Number(text), LARGEST_COUNT);
}

function oneOf<T extends string>(name: string, text: string, allowed: readonly T[]): T {
  const found = allowed.find((one) => one === text);
  if (found === undefined) throw problem("malformed", `${name} is one of ${allowed.join(", ")}.`);
  return found;
}

/** Values between commas; escapes stay for whoever looks for `|` and `$`. */
function alternatives(value: string): string[] {
  const parts = value.split(/(?<!\\),/);
  if (parts.length > MOST_ALTERNATIVES) throw problem("malformed", `A parameter takes at most ${MOST_ALTERNATIVES} values.`);
  return parts;
}

function unescaped(text: string): string {
  return text.replaceAll(/\\([,|$\\])/g, "$1");
}

function unescapedBar(text: string): number {
  return text.search(/(?<!\\)\|/);
}
