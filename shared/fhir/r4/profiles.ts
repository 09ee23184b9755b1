import { METRICS } from "../../health/catalogue";
import { LOINC, SYSTEM } from "../../health/codes";
import { LAB_TESTS } from "../../labs/catalogue";
import { URN } from "../systems";
import { type Fields, fieldsIn, type Issue, isFields, textAt } from "./issue";
import { dimension } from "./ucum";

/** What a code asks of the values that it stands on. */
interface CodeRule {
  /** Units by name, where a profile lists them. */
  readonly units?: readonly string[];
  /** Units whose dimension and sort (per cent, number of things, ratio) one of these has. */
  readonly like?: readonly string[];
  /** Components that must be there, with a value or the reason why there is none; the whole then has no value of its own. */
  readonly components?: readonly string[];
  /** Another LOINC code that must stand beside it. */
  readonly beside?: string;
  readonly category?: string;
}

/** Codes of R4's vital-signs profiles: whoever uses one of them means the profile (observation-vitalsigns.html). */
const VITAL_SIGNS: Readonly<Record<string, CodeRule>> = {
  "85353-1": {},
  "9279-1": { units: ["/min"] },
  "8867-4": { units: ["/min"] },
  // Older uses had the code of the method alone; both profiles ask for the general one.
  "2708-6": { units: ["%"] },
  "59408-5": { units: ["%"], beside: "2708-6" },
  "8310-5": { units: ["Cel", "[degF]"] },
  "8302-2": { units: ["cm", "[in_i]"] },
  "9843-4": { units: ["cm", "[in_i]"] },
  "29463-7": { units: ["kg", "[lb_av]", "g"] },
  "39156-5": { units: ["kg/m2"] },
  "85354-9": { components: ["8480-6", "8462-4"] },
  "8480-6": { units: ["mm[Hg]"] },
  "8462-4": { units: ["mm[Hg]"] },
  "8478-0": { units: ["mm[Hg]"] },
};

export const VITAL_SIGN_CODES: readonly string[] = Object.keys(VITAL_SIGNS);

/** Codes that make a vital sign only as parts of the panel. */
const PRESSURES = new Set(["8480-6", "8462-4", "8478-0"]);

/** Codes that are often taken for something that they are not, with what they are. */
const MISTAKEN: Readonly<Record<string, readonly string[]>> = {
  // Heart rates, and not the variability that some files have under them.
  "8889-8": ["/min"],
  // A plain volume rate: the share of body weight has 94122-9.
  "60842-2": ["mL/min"],
  // A ratio of muscle to body weight: the mass has 73964-9.
  "73965-6": ["%"],
  "73964-9": ["kg"],
  "56086-2": ["cm"],
  // A concentration of moles of magnesium: the mass has 19123-9.
  "2601-3": ["mmol/L"],
};

/** Values that have a unit. */
const MEASURED = ["valueQuantity", "valueSampledData"] as const;

/** Units of which a day's total may be told as a rate. */
const PER_DAY = ["d", "wk"];

const LOINC_NAMES: ReadonlyMap<string, string> = new Map(Object.entries(LOINC));

let rules: ReadonlyMap<string, CodeRule> | undefined;
let names: ReadonlyMap<string, string> | undefined;

/** (system, code) → rule: the same code means something else in another system. */
function rulesByCode(): ReadonlyMap<string, CodeRule> {
  if (rules !== undefined) return rules;
  const like = new Map<string, { units: Set<string>; category: string | undefined }>();
  const add = (system: string, code: string, units: readonly string[], category: string | undefined) => {
    const key = `${system}|${code}`;
    const known = like.get(key) ?? { units: new Set<string>(), category };
    for (const unit of units) if (unit !== "") known.units.add(unit);
    like.set(key, known.category === category ? known : { ...known, category: undefined });
  };
  for (const { key, unit, kinds, category, codings, dailyCodings = [], dailyMaximumCodings = [], healthKit, components = [] } of METRICS) {
    const daily = kinds.includes("daily") ? PER_DAY.map((span) => `${unit === "1" ? "" : unit}/${span}`) : [];
    const own = { system: URN.metric, code: key };
    for (const one of [own, ...codings, ...dailyMaximumCodings, ...(healthKit?.codings ?? [])]) add(one.system, one.code, [unit], category);
    for (const one of [own, ...dailyCodings]) add(one.system, one.code, unit === "" ? [] : [unit, ...daily], category);
    for (const part of components) {
      add(URN.metric, `${key}.${part.key}`, [part.unit], undefined);
      for (const one of part.codings) add(one.system, one.code, [part.unit], undefined);
    }
  }
  for (const { loinc, unit, otherUnits } of LAB_TESTS)
    for (const code of loinc) add(SYSTEM.loinc, code, [unit, ...otherUnits.map((other) => other.unit)], "laboratory");
  for (const [code, units] of Object.entries(MISTAKEN)) add(SYSTEM.loinc, code, units, undefined);
  const all = new Map<string, CodeRule>();
  for (const [key, { units, category }] of like)
    all.set(key, { ...(units.size > 0 && { like: [...units] }), ...(category !== undefined && { category }) });
  for (const [code, rule] of Object.entries(VITAL_SIGNS)) all.set(`${SYSTEM.loinc}|${code}`, rule);
  rules = all;
  return all;
}

/** Display → code of LOINC, in lower case: a name that is another code's is a mistake. */
function codeOfName(display: string): string | undefined {
  names ??= new Map([...LOINC_NAMES].map(([code, name]) => [name.toLowerCase(), code]));
  return names.get(display.trim().toLowerCase());
}

/**
 * What an Observation lacks of the profiles that its codes and categories mean: R4's vital signs, and for every code of the metric
 * catalogue and of the laboratory tests a unit that can measure it. Structure is for `validateResource`. Other types have no rules here.
 */
export function checkProfiles(resource: Fields): Issue[] {
  if (resource["resourceType"] !== "Observation") return [];
  const issues: Issue[] = [];
  const categories = codesOf(resource["category"], SYSTEM.observationCategory);
  const codes = codesOf(resource["code"], SYSTEM.loinc);
  const isVital = categories.includes("vital-signs");
  const isVitalCode = codes.some((code) => Object.hasOwn(VITAL_SIGNS, code) && !PRESSURES.has(code));
  if (isVitalCode && !isVital) issues.push(fault("Observation.category", "A vital sign has the category vital-signs."));
  if (isVital || isVitalCode) vitalSigns(resource, issues);
  coded(resource, "Observation", issues);
  fieldsIn(resource["component"]).forEach((component, i) => coded(component, `Observation.component[${i}]`, issues));
  expectedCategory(resource, categories, issues);
  return issues;
}

function fault(expression: string, diagnostics: string, severity: Issue["severity"] = "error"): Issue {
  return { severity, code: "business-rule", expression, diagnostics };
}

function vitalSigns(resource: Fields, issues: Issue[]): void {
  const { subject } = resource;
  const target = textAt(subject, "reference");
  if (!isFields(subject)) issues.push(fault("Observation.subject", "A vital sign has a subject."));
  else if (target !== undefined && /(?:^|\/)(?:Group|Device|Location)\/[^/]+$/.test(target))
    issues.push(fault("Observation.subject", "The subject of a vital sign is a Patient."));
  const day = textAt(resource, "effectiveDateTime");
  const period = resource["effectivePeriod"];
  if (day === undefined && !isFields(period))
    issues.push(fault("Observation.effective", "A vital sign has a time: a dateTime or a Period."));
  if ([day, textAt(period, "start"), textAt(period, "end")].some((text) => text !== undefined && text.length < 10))
    issues.push(fault("Observation.effective", "The time of a vital sign is known to the day (vs-1)."));
  if (!hasValue(resource) && !["component", "hasMember"].some((name) => resource[name] !== undefined))
    issues.push(fault("Observation", "A vital sign has a value, a reason why there is none, components or members (vs-2)."));
  fieldsIn(resource["component"]).forEach((component, i) => {
    if (!hasValue(component))
      issues.push(fault(`Observation.component[${i}]`, "A component has a value, or a reason why there is none (vs-3)."));
  });
}

function hasValue(part: Fields): boolean {
  return part["dataAbsentReason"] !== undefined || hasOwnValue(part);
}

function hasOwnValue(part: Fields): boolean {
  for (const key in part) if (key.startsWith("value") && /^value[A-Z]/.test(key)) return true;
  return false;
}

/** The code of the whole or of a component against its value. */
function coded(part: Fields, at: string, issues: Issue[]): void {
  const codings = fieldsIn(isFields(part["code"]) ? part["code"]["coding"] : undefined);
  codings.forEach((coding, i) => {
    const [system, code, display] = [textAt(coding, "system") ?? "", textAt(coding, "code") ?? "", textAt(coding, "display") ?? ""];
    // Mostly it is the code's own name.
    if (system === SYSTEM.loinc && display !== "" && LOINC_NAMES.get(code) !== display) {
      const meant = codeOfName(display);
      if (meant !== undefined && meant !== code)
        issues.push({ ...fault(`${at}.code.coding[${i}].display`, `The display is the name of ${meant}.`), code: "code-invalid" });
    }
    const rule = rulesByCode().get(`${system}|${code}`);
    if (rule === undefined) return;
    if (rule.beside !== undefined && !codesOf(part["code"], SYSTEM.loinc).includes(rule.beside))
      issues.push(fault(`${at}.code`, `${code} stands beside ${rule.beside}.`));
    if (rule.components !== undefined) panel(part, at, code, rule.components, issues);
    for (const name of MEASURED) {
      const quantity = name === "valueQuantity" ? part[name] : isFields(part[name]) ? part[name]["origin"] : undefined;
      if (isFields(quantity)) unit(quantity, `${at}.${name}${name === "valueQuantity" ? "" : ".origin"}`, code, rule, issues);
    }
  });
}

function panel(part: Fields, at: string, code: string, wanted: readonly string[], issues: Issue[]): void {
  if (hasOwnValue(part)) issues.push(fault(at, `${code} has its values in components, and none of its own.`));
  // Parts may be Observations of their own.
  if (part["hasMember"] !== undefined) return;
  const components = fieldsIn(part["component"]);
  for (const one of wanted)
    if (!components.some((component) => codesOf(component["code"], SYSTEM.loinc).includes(one)))
      issues.push(fault(`${at}.component`, `${code} has a component ${one}.`));
}

function unit(quantity: Fields, at: string, code: string, { units, like }: CodeRule, issues: Issue[]): void {
  if (units === undefined && like === undefined) return;
  const [system, given] = [textAt(quantity, "system"), textAt(quantity, "code")];
  if (given === undefined || system === undefined) {
    // R4's profiles ask for both; elsewhere a unit in words is all that many laboratories have.
    issues.push(fault(at, `The quantity has a unit of UCUM: system and code.`, units === undefined ? "warning" : "error"));
    return;
  }
  if (system !== SYSTEM.ucum) {
    issues.push(fault(`${at}.system`, `The unit is one of ${SYSTEM.ucum}.`, units === undefined ? "warning" : "error"));
    return;
  }
  const base = dimension(given);
  if (base === undefined) {
    issues.push({ ...fault(`${at}.code`, "The unit is no code of UCUM."), code: "code-invalid" });
    return;
  }
  if (units !== undefined ? units.includes(given) : (like ?? []).some((one) => dimension(one) === base && sameSort(one, given))) return;
  issues.push(fault(`${at}.code`, `${code} is measured in ${(units ?? like ?? []).join(", ")}, or what converts to it.`));
}

type Sort = "part" | "number" | "ratio";

/** A per cent, a number of things and a ratio have one dimension, and are not each other. */
function sortOf(code: string): Sort {
  if (/^(?:%|\[pp[a-z]+\])/.test(code)) return "part";
  return /^(?:1|10\*\d+)?(?:\{[^}]*\})*$/.test(code) ? "number" : "ratio";
}

function sameSort(wanted: string, given: string): boolean {
  if (dimension(wanted) !== "1") return true;
  const [a, b] = [sortOf(wanted), sortOf(given)];
  // Of volumes, moles and masses a part in hundred is a ratio too: a haematocrit of 0.45 L/L is 45 %.
  return a === b || (a === "part" && b === "ratio") || (a === "ratio" && b === "part");
}

function expectedCategory(resource: Fields, categories: readonly string[], issues: Issue[]): void {
  for (const coding of codingsOf(resource["code"])) {
    const [system, code] = [textAt(coding, "system") ?? "", textAt(coding, "code") ?? ""];
    const wanted = rulesByCode().get(`${system}|${code}`)?.category;
    if (wanted === undefined || categories.includes(wanted) || wanted !== "laboratory") continue;
    issues.push(fault("Observation.category", `${code} usually has the category ${wanted}.`, "warning"));
    return;
  }
}

function codingsOf(concept: unknown): Fields[] {
  const found: Fields[] = [];
  for (const one of fieldsIn(concept)) for (const coding of fieldsIn(one["coding"])) found.push(coding);
  return found;
}

function codesOf(concept: unknown, system: string): string[] {
  const codes: string[] = [];
  for (const coding of codingsOf(concept)) {
    const code = coding["code"];
    if (coding["system"] === system && typeof code === "string") codes.push(code);
  }
  return codes;
}
