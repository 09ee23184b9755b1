import { SYSTEM } from "../health/codes";
import { converter, normaliseUnit } from "../health/units";
import type { PersonDetails } from "../person-details";
import { labTest, labTestByLoinc, labTestByName } from "./catalogue";
import { type LabTest, TYPICAL_ADULT } from "./lab-test";
import type { AppliedRange, LabCoding, LabDraft, LabIssue, LabReading } from "./result";
import { type Interpretation, interpret, type ToldNumber, type ToldRange } from "./value";

/** What is known of a person whose results are read. */
export type Whose = Pick<PersonDetails, "birthDate" | "sex">;

/** How the formats write LOINC. */
export const LOINC_NAMES: ReadonlySet<string> = new Set([
  SYSTEM.loinc,
  "LN",
  "LOINC",
  "2.16.840.1.113883.6.1",
  "urn:oid:2.16.840.1.113883.6.1",
]);

/** Whether a coding is of LOINC, as the formats write it. */
export function isLoinc({ system }: LabCoding): boolean {
  return system !== undefined && LOINC_NAMES.has(system.startsWith("urn:") ? system : system.replace(/^https:/, "http:"));
}

/**
 * The test of a draft: the one that was chosen, else by LOINC, else, without any LOINC code, by its name. A LOINC code that the catalogue
 * does not have is another test, whatever it is called.
 */
export function testOf({ test, codings, name }: Pick<LabDraft, "test" | "codings" | "name">): LabTest | undefined {
  if (test !== undefined) return labTest(test);
  const loinc = codings.filter(isLoinc);
  for (const { code } of loinc) {
    const found = labTestByLoinc(code);
    if (found !== undefined) return found;
  }
  return loinc.length > 0 ? undefined : labTestByName(name);
}

/**
 * Reads a result: matches its test, converts its value, and compares it with the laboratory's own range, else with a typical one for the
 * person's sex and age at that time. What is uncertain stays null, with the issue.
 *
 * @param at epoch milliseconds
 * @param definition of a test that the code's catalogue does not have
 */
export function readResult(draft: LabDraft, at: number, whose: Whose, definition?: LabTest): LabReading {
  const test = definition ?? testOf(draft);
  const unit = draft.unit === undefined ? undefined : normaliseUnit(draft.unit);
  const told = numberIn(draft);
  const base = { test: test?.key ?? null, title: test?.title ?? null, unit: unit ?? null };
  if (told === undefined) return { ...base, canonical: null, applied: null, interpretation: null, issue: null };
  const { canonical, issue } = canonicalOf(test, told, draft.unit, unit);
  // The laboratory's range and its value are of one unit, whatever that is.
  const own = issue === "implausible_value" ? undefined : ownRange(draft.ranges, draft.unit);
  if (own !== undefined)
    return { ...base, canonical, applied: { from: "laboratory", ...own }, interpretation: interpret(told, own), issue };
  const typical = canonical === null || test === undefined ? undefined : typicalRange(test, at, whose);
  const interpretation: Interpretation | null =
    canonical === null || typical === undefined ? null : interpret({ comparator: null, ...canonical }, typical);
  return { ...base, canonical, applied: typical ?? null, interpretation, issue };
}

function numberIn({ value }: LabDraft): ToldNumber | undefined {
  return value.number === undefined ? undefined : { comparator: value.comparator ?? null, number: value.number };
}

function canonicalOf(
  test: LabTest | undefined,
  { comparator, number }: ToldNumber,
  written: string | undefined,
  unit: string | undefined,
): { canonical: LabReading["canonical"]; issue: LabIssue | null } {
  if (written !== undefined && unit === undefined) return { canonical: null, issue: "unknown_unit" };
  if (test === undefined) return { canonical: null, issue: null };
  if (unit === undefined) return { canonical: null, issue: "no_unit" };
  const converted = inCanonicalUnit(test, number, unit);
  if (converted === undefined) return { canonical: null, issue: "unit_mismatch" };
  if (!isPlausible(test, converted)) return { canonical: null, issue: "implausible_value" };
  return { canonical: { ...(comparator !== null && { comparator }), number: converted, unit: test.unit }, issue: null };
}

/** A value in the canonical unit of a test; undefined where the unit does not measure it. Rounded to ten digits: conversions bring noise. */
export function inCanonicalUnit(test: LabTest, value: number, unit: string): number | undefined {
  const straight = converter(unit, test.unit);
  if (straight !== undefined) return tenDigits(straight(value));
  for (const other of test.otherUnits) {
    const convert = converter(unit, other.unit);
    if (convert !== undefined) return tenDigits(convert(value) * other.times + (other.plus ?? 0));
  }
  return undefined;
}

export function isPlausible({ bounds }: LabTest, canonical: number): boolean {
  return bounds === null || (canonical >= bounds[0] && canonical <= bounds[1]);
}

/** A unit of the test in which the number would be believed, where the one that was given is not it. */
export function likelierUnit(test: LabTest, value: number): string | undefined {
  return [test.unit, ...test.otherUnits.map(({ unit }) => unit)].find((unit) => {
    const canonical = inCanonicalUnit(test, value, unit);
    return canonical !== undefined && isPlausible(test, canonical);
  });
}

/** The first range of normal values that has ends, in the unit of the value. */
function ownRange(ranges: readonly ToldRange[], written: string | undefined): Omit<AppliedRange, "from"> | undefined {
  for (const { low, high, unit, meaning, ...rest } of ranges) {
    if ((low === undefined && high === undefined) || (meaning !== undefined && !NORMAL.test(meaning))) continue;
    const convert =
      unit === undefined || unit === written ? (value: number) => value : written === undefined ? undefined : converter(unit, written);
    if (convert === undefined) continue;
    return {
      ...(low !== undefined && { low: tenDigits(convert(low)) }),
      ...(high !== undefined && { high: tenDigits(convert(high)) }),
      ...(rest.isLowExcluded === true && { isLowExcluded: true }),
      ...(rest.isHighExcluded === true && { isHighExcluded: true }),
      ...(written !== undefined && { unit: written }),
      ...(rest.text !== undefined && { text: rest.text }),
    };
  }
  return undefined;
}

const NORMAL = /^(?:n|normal|normal range)$/i;

function typicalRange(test: LabTest, at: number, { birthDate, sex }: Whose): AppliedRange | undefined {
  const age = birthDate === null ? undefined : ageAt(birthDate, at);
  if (age === undefined) return undefined;
  const range = test.ranges.find((one) => age >= one.fromAge && (one.sex === undefined || one.sex === sex));
  if (range === undefined) return undefined;
  return {
    from: "typical",
    ...(range.low !== undefined && { low: range.low }),
    ...(range.high !== undefined && { high: range.high }),
    ...(range.isHighExcluded === true && { isHighExcluded: true }),
    unit: test.unit,
    text: TYPICAL_ADULT,
  };
}

function ageAt(birthDate: string, at: number): number {
  const [year = 0, month = 1, day = 1] = birthDate.split("-").map(Number);
  const then = new Date(at);
  const isBefore = then.getUTCMonth() + 1 < month || (then.getUTCMonth() + 1 === month && then.getUTCDate() < day);
  return then.getUTCFullYear() - year - (isBefore ? 1 : 0);
}

function tenDigits(value: number): number {
  return Number.isInteger(value) ? value : Number(value.toPrecision(10));
}
