import { SEARCHES } from "./definitions";
import { type ResourceType, sectionsOf } from "./structures";

export type ParameterKind = "token" | "reference" | "date" | "string" | "quantity" | "number" | "uri" | "composite";

/** Where values of a parameter lie in a resource. */
export interface Path {
  /** Properties from the resource (or the base of a composite) downwards; lists are gone through. */
  readonly steps: readonly PathStep[];
  /** The type of what is found there; `exists` for a truth of whether there is anything. */
  readonly type: string;
  /** References to this type alone. */
  readonly target: string | undefined;
  /** The system of a bare code. */
  readonly system: string | undefined;
}

export interface PathStep {
  readonly name: string;
  /** Only parts whose property has this value. */
  readonly where: readonly [property: string, value: string] | undefined;
}

/** A search parameter of R4, as it holds for one type. */
export interface SearchParameter {
  readonly name: string;
  readonly kind: ParameterKind;
  /** Canonical address of its definition. */
  readonly definition: string;
  /** Types that a reference may lead to; empty where any. */
  readonly targets: readonly string[];
  /** Empty for composites. */
  readonly paths: readonly Path[];
  /** The kinds of the parts of a composite, in the order of `$`; empty for others. */
  readonly parts: readonly ParameterKind[];
  /** Places below which the parts of a composite are looked for together. */
  readonly bases: readonly CompositeBase[];
  /** Properties of the resource of which one must be there, or it has no values; none where that cannot be told. */
  readonly heads: readonly string[];
  /** Other parameters of the type that find, taken together, the very same values: then those stand for it in the index. */
  readonly madeOf: readonly string[];
}

export interface CompositeBase {
  readonly steps: readonly PathStep[];
  readonly parts: readonly (readonly Path[])[];
}

let sections: Map<string, string> | undefined;
const byType = new Map<ResourceType, ReadonlyMap<string, SearchParameter>>();

/** The search parameters of a type by name. `_list`, `_content`, `_text`, `near` and those of documents in bundles are not among them. */
export function searchParameters(type: ResourceType): ReadonlyMap<string, SearchParameter> {
  const read = byType.get(type);
  if (read !== undefined) return read;
  sections ??= sectionsOf(SEARCHES);
  const [, ...lines] = (sections.get(type) ?? "").split("\n");
  const alone = lines.map(parameterOf);
  const parameters = new Map(alone.map((one): [string, SearchParameter] => [one.name, { ...one, madeOf: partsOf(one, alone) }]));
  byType.set(type, parameters);
  return parameters;
}

/**
 * Under which names the index has what a parameter of a type finds; `name` may say more behind a colon. So many rows are spared with every
 * Observation, whose `combo-` parameters are what is found in it and in its components.
 */
export function indexedAs(type: ResourceType, name: string): readonly string[] {
  const colon = name.indexOf(":");
  const [base, more] = colon < 0 ? [name, ""] : [name.slice(0, colon), name.slice(colon)];
  const { madeOf = [] } = searchParameters(type).get(base) ?? {};
  return madeOf.length === 0 ? [name] : madeOf.map((one) => `${one}${more}`);
}

type Alone = Omit<SearchParameter, "madeOf">;

/** The names of those that find parts of what one finds and together all of it; none where there are none. */
function partsOf(one: Alone, all: readonly Alone[]): string[] {
  // What refers is included by the name of its parameter.
  const wanted = placesOf(one);
  if (one.kind === "reference" || wanted.size < 2) return [];
  const parts = all.filter((other) => {
    const places = placesOf(other);
    const isOfKind = other.kind === one.kind && other.parts.join() === one.parts.join();
    return isOfKind && places.size < wanted.size && [...places].every((place) => wanted.has(place));
  });
  const found = new Set(parts.flatMap((part) => [...placesOf(part)]));
  return found.size === wanted.size ? parts.map(({ name }) => name) : [];
}

/** Where values are looked for, as keys. */
function placesOf({ kind, paths, bases }: Pick<SearchParameter, "kind" | "paths" | "bases">): Set<string> {
  return new Set(kind === "composite" ? bases.map((base) => JSON.stringify(base)) : paths.map((path) => JSON.stringify(path)));
}

function parameterOf(line: string): Alone {
  const [name = "", kind = "", id = "", fourth = "", fifth = ""] = line.split(" ");
  const isComposite = kind === "composite";
  const parts = isComposite ? fourth.split("$").map(kindOf) : [];
  const paths = isComposite ? [] : pathsOf(fourth, kindOf(kind));
  const bases = isComposite
    ? fifth.split(";").map((base) => {
        const [at = "", ...texts] = base.split("&");
        return { steps: stepsOf(at), parts: texts.map((text, i) => pathsOf(text, parts[i] ?? "string")) };
      })
    : [];
  return {
    name,
    kind: kindOf(kind),
    definition: `http://hl7.org/fhir/SearchParameter/${id}`,
    targets: isComposite || fifth === "" || fifth === "*" ? [] : fifth.split(","),
    paths,
    parts,
    bases,
    heads: headsOf(
      isComposite
        ? bases.flatMap(({ steps, parts: [first = []] }): Pick<Path, "steps">[] => (steps.length > 0 ? [{ steps }] : [...first]))
        : paths,
    ),
  };
}

function headsOf(paths: readonly Pick<Path, "steps">[]): string[] {
  const heads = paths.map(({ steps }) => steps[0]?.name);
  return heads.includes(undefined) ? [] : [...new Set(heads.filter((head) => head !== undefined))];
}

const KINDS = ["token", "reference", "date", "string", "quantity", "number", "uri", "composite"] as const;

function kindOf(text: string): ParameterKind {
  return KINDS.find((kind) => kind === text) ?? "string";
}

/** By kind and text: what several parameters share is one object, and is looked for once. */
const known = new Map<string, Path>();

function pathsOf(text: string, kind: ParameterKind): Path[] {
  return text.split(",").map((path) => {
    const key = `${kind} ${path}`;
    const made = known.get(key) ?? pathOf(path);
    known.set(key, made);
    return made;
  });
}

function pathOf(path: string): Path {
  const [, at = "", target, type = "", system] = /^([^:>]*)(?:>([A-Za-z]+))?:([A-Za-z]+)(?:=(.*))?$/.exec(path) ?? [];
  return { steps: stepsOf(at), type, target, system };
}

function stepsOf(at: string): PathStep[] {
  if (at === "") return [];
  return at.split(".").map((step) => {
    const [, name = "", property, value = ""] = /^([^[]*)(?:\[([a-z]+)=([a-z]+)\])?$/.exec(step) ?? [];
    return { name, where: property === undefined ? undefined : [property, value] };
  });
}
