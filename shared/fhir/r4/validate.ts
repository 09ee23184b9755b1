import { invariants } from "./invariants";
import { type Fields, type Issue, isFields, textAt } from "./issue";
import { primitiveFault } from "./primitives";
import { codeSet, type ElementRule, isR4Type, isResourceType, type Structure, structureOf, type TypeRule } from "./structures";

/** Levels below the resource: an answer in a questionnaire is four levels to an item, so groups of seven are well within. */
const DEEPEST = 40;

/** Issues after which reading ends: who sends nonsense learns enough. */
const MOST_ISSUES = 50;

/** Where something lies, from the inside out: written as a path where something is wrong with it, and nowhere else. */
interface Place {
  readonly up: Place | undefined;
  readonly name: string;
  /** In a list. */
  readonly index?: number;
}

interface Walk {
  readonly issues: Issue[];
  /** The outermost resource, or the one of a bundle's entry: contained ones are looked for in it. */
  readonly root: Fields;
}

/**
 * Whether a value from JSON is a resource of R4: structure, cardinality, primitive formats, required codes, references, and the invariants
 * of the types that are stored. Empty where it is; warnings are no reason to refuse. What is of profiles is not looked at.
 */
export function validateResource(resource: unknown): Issue[] {
  if (!isFields(resource)) return [error("structure", "", "A resource is a JSON object.")];
  const type = textAt(resource, "resourceType");
  if (type === undefined) return [error("structure", "resourceType", "The resource does not say its type.")];
  if (!isResourceType(type) && structureOf(type)?.isResource !== true)
    return [
      error(
        "not-supported",
        "resourceType",
        isR4Type(type) ? "Resources of this type are not stored here." : "There is no resource of this type in R4.",
      ),
    ];
  const walk: Walk = { issues: [], root: resource };
  visitResource(resource, type, { up: undefined, name: type }, walk, 0);
  return walk.issues.slice(0, MOST_ISSUES);
}

/** Whether none of the issues is a reason to refuse. */
export function isAcceptable(issues: readonly Issue[]): boolean {
  return issues.every(({ severity }) => severity !== "error");
}

function error(code: Issue["code"], expression: string, diagnostics: string): Issue {
  return { severity: "error", code, expression, diagnostics };
}

/** A place as a path of FHIRPath, and that of a property in it. */
function pathOf({ up, name, index }: Place, property?: string): string {
  const own = index === undefined ? name : `${name}[${index}]`;
  const path = up === undefined ? own : `${pathOf(up)}.${own}`;
  return property === undefined ? path : `${path}.${property}`;
}

function visitResource(value: Fields, type: string, at: Place, walk: Walk, depth: number): void {
  const structure = structureOf(type);
  if (structure === undefined) {
    walk.issues.push({
      severity: "warning",
      code: "not-supported",
      expression: pathOf(at),
      diagnostics: `What a ${type} holds was not looked at.`,
    });
    return;
  }
  visit(value, structure, at, walk, depth);
}

function visit(value: Fields, structure: Structure, at: Place, walk: Walk, depth: number): void {
  const { issues } = walk;
  if (issues.length >= MOST_ISSUES) return;
  if (depth > DEEPEST) {
    issues.push(error("too-long", pathOf(at), `Nested deeper than ${DEEPEST} levels.`));
    return;
  }
  let isEmpty = true;
  let chosen: Map<ElementRule, string> | undefined;
  for (const key in value) {
    const content = value[key];
    if ((key === "resourceType" && structure.isResource) || content === undefined) continue;
    const isSibling = key.startsWith("_");
    const name = isSibling ? key.slice(1) : key;
    const property = structure.properties.get(name);
    if (property === undefined || (isSibling && !property.type.isPrimitive)) {
      issues.push(error("structure", pathOf(at), `${structure.name} has no property ${safe(key)}.`));
      continue;
    }
    const { rule, type } = property;
    if (rule.isChoice) {
      chosen ??= new Map();
      const other = chosen.get(rule) ?? name;
      if (other !== name)
        issues.push(
          error("structure", pathOf(at, rule.name), `Only one type of ${rule.name}[x] may be given, not both ${other} and ${name}.`),
        );
      chosen.set(rule, name);
    }
    if (rule.isForbidden) issues.push(error("structure", pathOf(at, name), "May not be given here."));
    if (isSibling) {
      siblings(content, value[name], rule, { up: at, name }, walk, depth);
      isEmpty = false;
    } else if (element(content, value, rule, type, { up: at, name }, walk, depth)) isEmpty = false;
  }
  for (const rule of structure.required)
    if (!isGiven(value, rule)) issues.push(error("required", pathOf(at, rule.name), `${structure.name}.${rule.name} is required.`));
  if (isEmpty && !structure.isResource) issues.push(error("invariant", pathOf(at), "An element has a value or children (ele-1)."));
  // Rules across elements are asked where the elements themselves are sound.
  for (const [key, text, severity = "error"] of invariants(structure.name, value, walk.root))
    issues.push({ severity, code: "invariant", expression: pathOf(at), diagnostics: `${text} (${key})` });
}

/** Whether an element is there in one of its types, or what stands beside it. */
function isGiven(value: Fields, { names, types }: ElementRule): boolean {
  for (const name of names) if (value[name] !== undefined) return true;
  return types.some((type, i) => type.isPrimitive && value[`_${names[i] ?? ""}`] !== undefined);
}

/** A property's name as it may be repeated to the sender. */
function safe(key: string): string {
  return /^[A-Za-z_][\w.-]{0,63}$/.test(key) ? key : "of this name";
}

/** Looks at what a property holds; false where it holds nothing. */
function element(content: unknown, within: Fields, rule: ElementRule, type: TypeRule, at: Place, walk: Walk, depth: number): boolean {
  const { issues } = walk;
  if (Array.isArray(content) !== rule.isArray) {
    issues.push(
      error("structure", pathOf(at), rule.isArray ? "Must be a list." : content === null ? "Must not be null." : "Must not be a list."),
    );
    return true;
  }
  if (!Array.isArray(content)) {
    one(content, rule, type, at, walk, depth);
    return true;
  }
  if (content.length === 0) {
    issues.push(error("structure", pathOf(at), "A list must not be empty."));
    return true;
  }
  const { up, name } = at;
  for (let index = 0; index < content.length; index++) {
    const item: unknown = content[index];
    // A null holds the place of a primitive whose extensions lie in the sibling.
    if (item === null && type.isPrimitive && hasSibling(within, name, index)) continue;
    one(item, rule, type, { up, name, index }, walk, depth);
  }
  return true;
}

function hasSibling(within: Fields, name: string, index: number): boolean {
  const siblings = within[`_${name}`];
  return Array.isArray(siblings) && isFields(siblings[index]);
}

const ELEMENT: TypeRule = { name: "Element", isPrimitive: false, targets: [] };

/** `_name` beside a primitive: its id and extensions. */
function siblings(content: unknown, values: unknown, rule: ElementRule, at: Place, walk: Walk, depth: number): void {
  const { issues } = walk;
  if (Array.isArray(content) !== rule.isArray) {
    issues.push(
      error("structure", pathOf(at), "What stands beside a value must be a list where the value is one, and no list where it is none."),
    );
    return;
  }
  if (!Array.isArray(content)) {
    one(content, rule, ELEMENT, at, walk, depth);
    return;
  }
  if (Array.isArray(values) && values.length < content.length)
    issues.push(error("structure", pathOf(at), "Has more extensions than values."));
  const { up, name } = at;
  content.forEach((item: unknown, index) => {
    const place = { up, name, index };
    if (item !== null) one(item, rule, ELEMENT, place, walk, depth);
    else if (!Array.isArray(values) || values[index] === null || values[index] === undefined)
      issues.push(error("structure", pathOf(place), "Has neither a value nor extensions."));
  });
}

function one(value: unknown, rule: ElementRule, type: TypeRule, at: Place, walk: Walk, depth: number): void {
  const { issues } = walk;
  if (type.isPrimitive) {
    const fault = primitiveFault(type.name, value);
    if (fault !== undefined) issues.push(error("value", pathOf(at), `The ${type.name} ${fault}.`));
    else if (rule.codes !== undefined && type.name === "code" && !hasCode(rule.codes, undefined, value))
      issues.push(error("code-invalid", pathOf(at), `The code is not one of ${rule.codes}.`));
    return;
  }
  if (!isFields(value)) {
    issues.push(error("structure", pathOf(at), "Must be an object."));
    return;
  }
  if (type.name === "Resource") {
    inner(value, at, walk, depth);
    return;
  }
  const structure = structureOf(type.name);
  if (structure === undefined) return;
  visit(value, structure, at, walk, depth + 1);
  if (rule.codes !== undefined && (type.name === "CodeableConcept" || type.name === "Coding") && !isBound(value, type.name, rule.codes))
    issues.push(error("code-invalid", pathOf(at), `There is no code of ${rule.codes}.`));
  if (type.name === "Reference") reference(value, type, at, walk);
}

/** A resource within another: contained, in a bundle's entry, or as a parameter. */
function inner(value: Fields, at: Place, walk: Walk, depth: number): void {
  const { issues } = walk;
  const type = textAt(value, "resourceType");
  if (type === undefined || !isR4Type(type)) {
    issues.push(error("structure", pathOf(at), "There is no resource of this type in R4."));
    return;
  }
  const isContained = at.up !== undefined && at.name === "contained";
  if (isContained && textAt(value, "id") === undefined)
    issues.push(error("required", pathOf(at, "id"), "A contained resource has an id (ref-1)."));
  visitResource(value, type, at, isContained ? walk : { issues, root: value }, depth + 1);
}

function isBound(value: Fields, type: string, codes: string): boolean {
  if (type === "Coding") return hasCode(codes, textAt(value, "system") ?? "", value["code"]);
  const codings = value["coding"];
  return (
    Array.isArray(codings) &&
    codings.some((coding: unknown) => isFields(coding) && hasCode(codes, textAt(coding, "system") ?? "", coding["code"]))
  );
}

/** Whether a set has a code. Bare codes have no system (undefined); a Coding without one (empty) has no code of any set. */
function hasCode(name: string, system: string | undefined, code: unknown): boolean {
  const set = codeSet(name);
  if (typeof code !== "string") return false;
  if (system !== undefined) return set.get(system)?.has(code) === true;
  for (const codes of set.values()) if (codes.has(code)) return true;
  return false;
}

const RELATIVE = /^([A-Z][A-Za-z]*)\/[A-Za-z0-9.-]{1,64}(?:\/_history\/[A-Za-z0-9.-]{1,64})?$/;
const ABSOLUTE = /^[a-z][a-z0-9+.-]*:\S+$/i;
const ON_SERVER = /^https?:\/\/\S+\/([A-Z][A-Za-z]*)\/[A-Za-z0-9.-]{1,64}(?:\/_history\/[A-Za-z0-9.-]{1,64})?$/;
/** A search that finds one resource, as bundles that are transactions may have it. */
const CONDITIONAL = /^([A-Z][A-Za-z]*)\?\S+$/;

function reference(value: Fields, { targets }: TypeRule, at: Place, walk: Walk): void {
  const { issues } = walk;
  const literal = textAt(value, "reference");
  const said = textAt(value, "type");
  let type = said?.slice(said.lastIndexOf("/") + 1);
  if (literal !== undefined) {
    const relative = RELATIVE.exec(literal) ?? CONDITIONAL.exec(literal);
    if (literal.startsWith("#")) {
      const found = literal === "#" ? textAt(walk.root, "resourceType") : containedType(walk.root, literal.slice(1));
      if (found === undefined)
        issues.push(error("invariant", pathOf(at, "reference"), "There is no contained resource of this id (ref-1)."));
      type = found ?? type;
    } else if (relative !== null) {
      type = relative[1];
      if (type !== undefined && !isR4Type(type)) issues.push(error("value", pathOf(at, "reference"), "The reference names no type of R4."));
    } else if (ABSOLUTE.test(literal)) type = ON_SERVER.exec(literal)?.[1] ?? type;
    else
      issues.push(
        error("value", pathOf(at, "reference"), "The reference is neither Type/id, an absolute address, nor #id of a contained resource."),
      );
    const named = said?.slice(said.lastIndexOf("/") + 1);
    if (named !== undefined && type !== undefined && isR4Type(type) && named !== type)
      issues.push(error("value", pathOf(at, "type"), "The reference leads to another type than it says."));
  }
  if (type !== undefined && targets.length > 0 && isR4Type(type) && !targets.includes(type))
    issues.push(error("value", pathOf(at), `The reference may lead to ${targets.join(", ")}, not to ${type}.`));
}

function containedType(root: Fields, id: string): string | undefined {
  const contained = root["contained"];
  const found = Array.isArray(contained) ? contained.find((one: unknown) => textAt(one, "id") === id) : undefined;
  return textAt(found, "resourceType");
}
