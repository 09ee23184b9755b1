import { METRICS, metric } from "../health/catalogue";
import { SYSTEM } from "../health/codes";
import { LAB_TESTS } from "../labs/catalogue";
import { CATEGORIES, type Category } from "../policy/vocabulary";
import { type Fields, fieldsIn, textAt } from "./r4/issue";
import { URN } from "./systems";

/**
 * To which classes of data a resource belongs: the categories that a consent names, and `person` for what goes with every one of them
 * (whom it is about, and with what it was measured). Whoever sees a resource may see all of its classes; one of none is nobody's but the
 * person's. What cannot be placed is `history`, which may tell of anything, or `documents`, which may hold anything.
 */
export const CLASSES = [...CATEGORIES, "person"] as const;
export type Class = (typeof CLASSES)[number];

/** The system of codes with which whoever advises says what the advice is about: `urn:meridian:category|activity`. */
export const CATEGORY_SYSTEM = "urn:meridian:category";

/** Types in which somebody says what should be done. */
export const ADVICE_TYPES = ["CarePlan", "Goal", "ServiceRequest", "Task", "Communication"] as const;

const ADVICE: ReadonlySet<string> = new Set(ADVICE_TYPES);
const ANYTHING: ReadonlySet<string> = new Set(["DocumentReference", "Binary", "Bundle", "Basic", "List", "Communication"]);
/** Meridian's own books, which have doors of their own. */
const NOBODYS: ReadonlySet<string> = new Set(["Consent", "AuditEvent", "Subscription"]);
/** What stands in another resource only to say who or with what. */
const ACCESSORY: ReadonlySet<string> = new Set(["Practitioner", "PractitionerRole", "Organization", "Device", "Specimen"]);
/** Ids of views, which begin with the person and the kind of what they show; ids of what is stored have an `s` there. */
const VIEW = /^[0-9a-hjkmnp-tv-z]{26}\.[a-rt-z]/;

/** What `Observation.category` says of an Observation whose code says nothing. */
const BY_CATEGORY: ReadonlyMap<string, Category> = new Map([
  ["vital-signs", "vitals"],
  ["activity", "activity"],
  ["PhysicalActivity", "activity"],
  ["laboratory", "labs"],
  ["LAB", "labs"],
  ["GE", "genetics"],
]);

let known: ReadonlyMap<string, ReadonlySet<Category>> | undefined;
let tests: ReadonlySet<string> | undefined;

/** The classes of a resource, as it is stored or shown. */
export function classesOf(resource: Fields): Class[] {
  const type = textAt(resource, "resourceType") ?? "";
  const found = new Set<Class>(ownClasses(type, resource));
  if (found.size === 0) return [];
  for (const inner of fieldsIn(resource["contained"] ?? [])) {
    if (ACCESSORY.has(textAt(inner, "resourceType") ?? "")) continue;
    for (const one of ownClasses(textAt(inner, "resourceType") ?? "", inner)) found.add(one);
  }
  return found.size === 1 ? [...found] : CLASSES.filter((one) => found.has(one));
}

/** Classes as the bits of a number, in their order. */
export function maskOf(classes: readonly Class[]): number {
  let mask = 0;
  for (const one of classes) mask |= 1 << CLASSES.indexOf(one);
  return mask;
}

/** Whether somebody who may see the classes of a mask may see what belongs to those of another. */
export function coversClasses(mask: number, wanted: number): boolean {
  return wanted !== 0 && (wanted & ~mask) === 0;
}

function ownClasses(type: string, resource: Fields): readonly Class[] {
  if (NOBODYS.has(type)) return [];
  const isView = VIEW.test(textAt(resource, "id") ?? "");
  switch (type) {
    case "Patient":
      return ["person"];
    case "Device":
      return isView ? ["person"] : ["history"];
    case "Observation":
      return observationClasses(resource, isView);
    case "DiagnosticReport": {
      const isLaboratory = codingsIn(resource["category"]).some(({ code }) => BY_CATEGORY.get(code) === "labs");
      const files = fieldsIn(resource["presentedForm"] ?? []).length > 0;
      // A view shows its file to whoever may see files.
      return [isLaboratory ? "labs" : "history", ...(files ? (["documents"] as const) : [])];
    }
    default: {
      const named = ADVICE.has(type) ? adviceClasses(resource) : [];
      if (named.length > 0) return named;
      return ANYTHING.has(type) ? ["documents"] : ["history"];
    }
  }
}

/** By its codes, then by its category. What a stored one says beside its subject, under codes that nobody knows here, may be anything. */
function observationClasses(resource: Fields, isView: boolean): readonly Class[] {
  const categories: Category[] = [];
  for (const { code } of codingsIn(resource["category"])) {
    const category = BY_CATEGORY.get(code);
    if (category !== undefined) categories.push(category);
  }
  const isLaboratory = categories.includes("labs");
  const subject = classesOfCodes(codingsIn(resource["code"]), isLaboratory);
  const found = new Set<Class>(subject.size > 0 ? subject : categories.length > 0 ? categories : ["history"]);
  if (isLaboratory) found.add("labs");
  if (categories.includes("genetics")) found.add("genetics");
  // A view is cut to its reader where it is made.
  if (isView) return [...found];
  for (const component of fieldsIn(resource["component"] ?? [])) {
    const classes = classesOfCodes(codingsIn(component["code"]), isLaboratory);
    for (const one of classes.size > 0 ? classes : (["history"] as const)) found.add(one);
  }
  return [...found];
}

function classesOfCodes(codings: readonly Coded[], isLaboratory: boolean): Set<Category> {
  const found = new Set<Category>();
  for (const { system, code } of codings) {
    const isTest = system === URN.labTest || (system === SYSTEM.loinc && testCodes().has(code));
    if (isTest && (isLaboratory || metricCodes().get(`${system}|${code}`) === undefined)) found.add("labs");
    else if (system === URN.metric) {
      const one = metric(code) ?? metric(code.slice(0, code.lastIndexOf(".")));
      if (one !== undefined) found.add(one.sensitivity);
    } else for (const one of metricCodes().get(`${system}|${code}`) ?? []) found.add(one);
  }
  return found;
}

function adviceClasses(resource: Fields): Category[] {
  const said = [...codingsIn(resource["category"]), ...codingsIn(resource["code"])].filter(({ system }) => system === CATEGORY_SYSTEM);
  const named = said.map(({ code }) => CATEGORIES.find((one) => one === code) ?? ("history" as const));
  return [...new Set(named)];
}

/** `system|code` of all metrics and of their components. */
function metricCodes(): ReadonlyMap<string, ReadonlySet<Category>> {
  if (known !== undefined) return known;
  const map = new Map<string, Set<Category>>();
  for (const { codings, dailyCodings = [], dailyMaximumCodings = [], components = [], sensitivity } of METRICS) {
    const all = [...codings, ...dailyCodings, ...dailyMaximumCodings, ...components.flatMap((one) => one.codings ?? [])];
    for (const { system, code } of all) {
      const key = `${system}|${code}`;
      map.set(key, (map.get(key) ?? new Set<Category>()).add(sensitivity));
    }
  }
  return (known = map);
}

function testCodes(): ReadonlySet<string> {
  return (tests ??= new Set(LAB_TESTS.flatMap(({ loinc }) => loinc)));
}

interface Coded {
  readonly system: string;
  readonly code: string;
}

function codingsIn(concepts: unknown): Coded[] {
  const found: Coded[] = [];
  for (const concept of fieldsIn(concepts))
    for (const coding of fieldsIn(concept["coding"]))
      found.push({ system: textAt(coding, "system") ?? "", code: textAt(coding, "code") ?? "" });
  return found;
}
