import { CODES, R4_TYPES, STORED_TYPES, STRUCTURES } from "./definitions";

/** Resources that Meridian stores, as R4 names them. */
export const RESOURCE_TYPES = STORED_TYPES;
export type ResourceType = (typeof RESOURCE_TYPES)[number];

/** Whether Meridian stores resources of this name. */
export function isResourceType(name: string): name is ResourceType {
  return RESOURCE_TYPES.some((type) => type === name);
}

/** An element of a resource or type. */
export interface ElementRule {
  /** As JSON has it; of a choice of types the stem, `value` of `value[x]`. */
  readonly name: string;
  readonly isChoice: boolean;
  readonly isArray: boolean;
  readonly isRequired: boolean;
  readonly isForbidden: boolean;
  readonly types: readonly TypeRule[];
  /** Its names in JSON, in the order of the types. */
  readonly names: readonly string[];
  /** Name of the set of codes that it must come from. */
  readonly codes: string | undefined;
}

export interface TypeRule {
  readonly name: string;
  readonly isPrimitive: boolean;
  /** Types that a Reference may lead to; empty where any. */
  readonly targets: readonly string[];
}

/** A resource, a type, or a part of one (`Observation.component`). */
export interface Structure {
  readonly name: string;
  readonly elements: readonly ElementRule[];
  /** Those of the elements that must be there. */
  readonly required: readonly ElementRule[];
  /** By the name in JSON: `valueQuantity` leads to the element `value` and the type Quantity. */
  readonly properties: ReadonlyMap<string, Property>;
  readonly isResource: boolean;
}

export interface Property {
  readonly rule: ElementRule;
  readonly type: TypeRule;
}

/** Sections of a text by the first word of their first line. */
export function sectionsOf(text: string): Map<string, string> {
  return new Map(text.split("\n@").flatMap((part) => (part === "" ? [] : [[/^\S+/.exec(part)?.[0] ?? "", part]])));
}

// The texts are cut when first asked for, and each structure is read when first met: a start of the Worker pays for none of it.
let sections: Map<string, string> | undefined;
let codeSections: Map<string, string> | undefined;
let everyType: ReadonlySet<string> | undefined;
const structures = new Map<string, Structure>();
const codeSets = new Map<string, ReadonlyMap<string, ReadonlySet<string>>>();

/** Whether R4 has a resource of this name. */
export function isR4Type(name: string): boolean {
  everyType ??= new Set(R4_TYPES.trim().split("\n"));
  return everyType.has(name);
}

/** The structure of a name, or undefined where the definitions have none. */
export function structureOf(name: string): Structure | undefined {
  const known = structures.get(name);
  if (known !== undefined) return known;
  sections ??= sectionsOf(STRUCTURES);
  const text = sections.get(name);
  if (text === undefined) return undefined;
  const [head = "", ...lines] = text.split("\n");
  const base = structureOf(head.slice(name.length + 1));
  const elements = [...(base?.elements ?? []), ...lines.map(elementOf)];
  const structure: Structure = {
    name,
    elements,
    required: elements.filter(({ isRequired }) => isRequired),
    properties: new Map(elements.flatMap((rule) => rule.types.map((type, i) => [rule.names[i] ?? "", { rule, type }]))),
    isResource: name === "Resource" || base?.isResource === true,
  };
  structures.set(name, structure);
  return structure;
}

/** The set of codes of a name: system → codes. */
export function codeSet(name: string): ReadonlyMap<string, ReadonlySet<string>> {
  const known = codeSets.get(name);
  if (known !== undefined) return known;
  codeSections ??= sectionsOf(CODES);
  const text = codeSections.get(name);
  if (text === undefined) return new Map();
  const [, ...lines] = text.split("\n");
  const set = new Map(
    lines.map((line) => {
      const [system = "", ...codes] = line.split(" ");
      return [system, new Set(codes)];
    }),
  );
  codeSets.set(name, set);
  return set;
}

function elementOf(line: string): ElementRule {
  const [first = "", cardinality = "", list = "", codes] = line.split(" ");
  const isChoice = first.endsWith("[x]");
  const name = isChoice ? first.slice(0, -3) : first;
  const types = list.split(",").map((type): TypeRule => {
    const [, bare = "", targets] = /^([^(]*)(?:\((.*)\))?$/.exec(type) ?? [];
    return { name: bare, isPrimitive: /^[a-z]/.test(bare), targets: targets === undefined ? [] : targets.split("|") };
  });
  return {
    name,
    isChoice,
    isArray: cardinality === "*" || cardinality === "+",
    isRequired: cardinality === "1" || cardinality === "+",
    isForbidden: cardinality === "0",
    types,
    names: types.map((type) => (isChoice ? `${name}${type.name.charAt(0).toUpperCase()}${type.name.slice(1)}` : name)),
    codes: codes?.slice(1),
  };
}
