import { DAY_MS } from "../clock";
import { SYSTEM } from "../health/codes";
import { isoWithOffset, offsetAt } from "../health/zone";
import { parseId, type PersonId } from "../id";
import { labTest } from "../labs/catalogue";
import { LOINC_NAMES } from "../labs/read-result";
import type { AppliedRange, LabCoding, LabDraft, LabFile, LabReading, LabValue, ReportDraft } from "../labs/result";
import type { Interpretation, ToldRange } from "../labs/value";
import { whenOf } from "../labs/when";
import type { Token } from "./coding";
import { patientId } from "./ids";
import { URN } from "./systems";
import type { Fields } from "./r4/issue";
import type { CodeableConcept, Coding, DiagnosticReport, Observation, Quantity, ReferenceRange } from "./types";

/** What all laboratory resources are made of. Times epoch milliseconds. */
interface Kept {
  readonly person: PersonId;
  /** The person's IANA zone, for times that were told without one. */
  readonly timeZone: string;
  readonly id: string;
  readonly at: number;
  readonly edition: number;
  readonly changedAt: number;
}

export interface KeptResult extends Kept {
  readonly draft: Omit<LabDraft, "identity" | "report" | "type" | "version">;
  readonly reading: LabReading;
}

export interface KeptReport extends Kept {
  readonly draft: Omit<ReportDraft, "identity" | "type" | "version" | "pdf">;
  /** Ids of its results. */
  readonly results: readonly string[];
  /** Its file, where there is one and the reader may see it. */
  readonly file?: { readonly file: LabFile; readonly url: string };
}

const LABORATORY: Coding = { system: SYSTEM.observationCategory, code: "laboratory", display: "Laboratory" };
/** HL7 v2 table 0074. */
const REPORT_CATEGORY: Coding = { system: "http://terminology.hl7.org/CodeSystem/v2-0074", code: "LAB", display: "Laboratory" };
const OBSERVATION_STATUS = "http://hl7.org/fhir/observation-status";
const REPORT_STATUS_SYSTEM = "http://hl7.org/fhir/diagnostic-report-status";
const MEANING = "http://terminology.hl7.org/CodeSystem/referencerange-meaning";
const INTERPRETATION = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation";
const ABSENT = "http://terminology.hl7.org/CodeSystem/data-absent-reason";

const OURS: Readonly<Record<Interpretation, Coding>> = {
  low: { system: INTERPRETATION, code: "L", display: "Low" },
  normal: { system: INTERPRETATION, code: "N", display: "Normal" },
  high: { system: INTERPRETATION, code: "H", display: "High" },
};
/** The flags of laboratories that are codes of HL7, as they are. */
const FLAGS: Readonly<Record<string, string>> = {
  L: "Low",
  LL: "Critical low",
  N: "Normal",
  H: "High",
  HH: "Critical high",
  A: "Abnormal",
  AA: "Critical abnormal",
  "<": "Off scale low",
  ">": "Off scale high",
  POS: "Positive",
  NEG: "Negative",
  IND: "Indeterminate",
};

/** A report that nobody has read yet has no results; one that was rejected is not the person's. */
const REPORT_STATUS: Readonly<Record<ReportDraft["status"], DiagnosticReport["status"]>> = {
  preliminary: "preliminary",
  final: "final",
  corrected: "corrected",
  cancelled: "cancelled",
  needs_review: "registered",
  rejected: "entered-in-error",
};

/** The FHIR id of a result or report: ids of FHIR know no underscore. */
export function labFhirId(id: string): string {
  return id.replaceAll("_", "-");
}

/** The id of the result that a FHIR id names, or undefined. */
export function resultOfFhirId(id: string): string | undefined {
  return id.includes("_") ? undefined : parseId("labResult", id.replaceAll("-", "_"));
}

/** The id of the report that a FHIR id names, or undefined. */
export function reportOfFhirId(id: string): string | undefined {
  return id.includes("_") ? undefined : parseId("labReport", id.replaceAll("-", "_"));
}

/**
 * A result as an Observation of category laboratory. The value and the laboratory's ranges are as they were told, in UCUM where the unit is
 * known; a typical range stands beside them where Meridian compared with one.
 */
export function resultToObservation(kept: KeptResult): Observation {
  const { draft, reading } = kept;
  const id = labFhirId(kept.id);
  const ranges = [...draft.ranges.map((range) => toldRange(range, draft.unit, reading.unit)), ...typical(reading.applied)];
  const interpretation = interpretationOf(reading.interpretation, draft.flag);
  const value = valueOf(draft.value, draft.unit, reading.unit);
  return {
    resourceType: "Observation",
    id,
    meta: metaOf(kept),
    identifier: [{ system: URN.observation, value: id }],
    status: draft.status,
    category: [{ coding: [LABORATORY] }],
    code: { coding: resultCodings(draft, reading), text: draft.name },
    subject: subjectOf(kept),
    ...timesOf(kept),
    ...performer(draft.lab),
    ...value,
    ...(Object.keys(value).length === 0 && { dataAbsentReason: { coding: [{ system: ABSENT, code: "unknown", display: "Unknown" }] } }),
    ...(interpretation.length > 0 && { interpretation }),
    ...(draft.note !== undefined && { note: [{ text: draft.note }] }),
    ...(draft.method !== undefined && { method: { text: draft.method } }),
    ...(draft.specimen !== undefined && { specimen: { display: draft.specimen } }),
    ...(ranges.length > 0 && { referenceRange: ranges }),
  };
}

/** A report as a DiagnosticReport that names its results. */
export function reportToDiagnosticReport(kept: KeptReport): DiagnosticReport {
  const { draft, results, file } = kept;
  const id = labFhirId(kept.id);
  const coding = draft.codings.map(codingOf);
  return {
    resourceType: "DiagnosticReport",
    id,
    meta: metaOf(kept),
    identifier: [{ system: URN.report, value: id }],
    status: REPORT_STATUS[draft.status],
    category: [{ coding: [REPORT_CATEGORY] }],
    code: { ...(coding.length > 0 && { coding }), text: draft.title },
    subject: subjectOf(kept),
    ...timesOf(kept),
    ...performer(draft.lab),
    ...(draft.specimen !== undefined && { specimen: [{ display: draft.specimen }] }),
    ...(results.length > 0 && { result: results.map((result) => ({ reference: `Observation/${labFhirId(result)}` })) }),
    ...(draft.note !== undefined && { conclusion: draft.note }),
    ...(file !== undefined && {
      presentedForm: [
        {
          contentType: file.file.type,
          url: file.url,
          size: file.file.size,
          ...(file.file.name !== "" && { title: file.file.name }),
        },
      ],
    }),
  };
}

/** What is said of every result or report by its id alone; undefined for an id of neither. */
export function labOutline(type: "Observation" | "DiagnosticReport", id: string, person: PersonId): Fields | undefined {
  const subject = { reference: `Patient/${patientId(person)}` };
  if (type === "Observation" && resultOfFhirId(id) !== undefined)
    return { resourceType: type, id, category: [{ coding: [LABORATORY] }], subject };
  if (type === "DiagnosticReport" && reportOfFhirId(id) !== undefined)
    return { resourceType: type, id, category: [{ coding: [REPORT_CATEGORY] }], subject };
  return undefined;
}

/** The time of a result or report that was told as `told`, as [start, end]: a date is the whole day, a month the whole month. */
export function labSpan(at: number, told: string): { readonly start: number; readonly end: number } {
  return { start: at, end: at + (LENGTHS[told.length] ?? 0) };
}

/** What a text of a date, a month, or a year stands for beyond its first instant, by its length. */
export const LENGTHS: Readonly<Record<number, number>> = { 10: DAY_MS - 1, 7: 28 * DAY_MS - 1, 4: 365 * DAY_MS - 1 };

/** Whether every Observation that is a result has the category that a token names. */
export function isLaboratory(token: Token): boolean {
  return names(LABORATORY, token);
}

/** Whether a DiagnosticReport has the category that a token names. */
export function isReportCategory(token: Token): boolean {
  return names(REPORT_CATEGORY, token);
}

/** The statuses of results that a token names. */
export function resultStatuses(token: Token): string[] {
  return ["preliminary", "final", "corrected", "cancelled"].filter((code) => names({ system: OBSERVATION_STATUS, code }, token));
}

/** The statuses of reports, as they are stored, that a token names. */
export function reportStatuses(token: Token): string[] {
  return Object.entries(REPORT_STATUS).flatMap(([stored, code]) => (names({ system: REPORT_STATUS_SYSTEM, code }, token) ? [stored] : []));
}

/** How formats write a code system whose canonical URL is given, and that URL. */
export function spellingsOf(system: string): string[] {
  if (system === SYSTEM.loinc) return [...LOINC_NAMES, ...[...LOINC_NAMES].map((name) => name.replace(/^http:/, "https:"))];
  const known = Object.entries(SYSTEMS_BY_NAME).flatMap(([name, url]) => (url === system ? [name] : []));
  const oid = system.startsWith("urn:oid:") ? [system.slice("urn:oid:".length)] : [];
  return [system, ...known, ...oid, ...(system.startsWith(URN.codeSystem) ? [decoded(system.slice(URN.codeSystem.length))] : [])];
}

/** Codings of a result: its source's, else the preferred LOINC code of the test, and the key of the test. */
function resultCodings({ codings }: Pick<LabDraft, "codings">, { test, title }: LabReading): Coding[] {
  const told = codings.map(codingOf);
  const [loinc] = test === null ? [] : (labTest(test)?.loinc ?? []);
  return [
    ...told,
    ...(loinc !== undefined && !told.some(({ system }) => system === SYSTEM.loinc) ? [{ system: SYSTEM.loinc, code: loinc }] : []),
    ...(test === null ? [] : [{ system: URN.labTest, code: test, ...(title !== null && { display: title }) }]),
  ];
}

/** HL7 v2 table 0396, as far as its names stand in results. */
const SYSTEMS_BY_NAME: Readonly<Record<string, string>> = {
  SCT: SYSTEM.snomed,
  "SNOMED-CT": SYSTEM.snomed,
  "2.16.840.1.113883.6.96": SYSTEM.snomed,
  "urn:oid:2.16.840.1.113883.6.96": SYSTEM.snomed,
  UCUM: SYSTEM.ucum,
};

function codingOf({ system, code, display }: LabCoding): Coding {
  return {
    ...(system !== undefined && system !== "" && { system: canonicalSystem(system) }),
    code: code.trim().replaceAll(/\s+/g, " "),
    ...(display !== undefined && display !== "" && { display }),
  };
}

function canonicalSystem(system: string): string {
  if (LOINC_NAMES.has(system.replace(/^https:/, "http:"))) return SYSTEM.loinc;
  const known = SYSTEMS_BY_NAME[system];
  if (known !== undefined) return known;
  if (/^[a-z][a-z0-9+.-]*:\S+$/i.test(system)) return system;
  return /^[0-2](?:\.\d+)+$/.test(system) ? `urn:oid:${system}` : `${URN.codeSystem}${encodeURIComponent(system)}`;
}

function valueOf(
  { comparator, number, coding, text }: LabValue,
  written: string | undefined,
  ucum: string | null,
): Pick<Observation, "valueQuantity" | "valueCodeableConcept" | "valueString"> {
  if (number !== undefined) return { valueQuantity: quantityOf(number, written, ucum, comparator) };
  if (coding !== undefined) return { valueCodeableConcept: { coding: [codingOf(coding)], ...(text !== undefined && { text }) } };
  return text === undefined ? {} : { valueString: text };
}

function quantityOf(value: number, written: string | undefined, ucum: string | null, comparator?: Quantity["comparator"]): Quantity {
  return {
    value,
    ...(comparator !== undefined && { comparator }),
    ...(written !== undefined && { unit: written }),
    ...(ucum !== null && { system: SYSTEM.ucum, code: ucum }),
  };
}

/** A range in the unit of the value, or in its own. */
function toldRange(range: ToldRange, written: string | undefined, ucum: string | null): ReferenceRange {
  const { low, high, unit, meaning } = range;
  const isOther = unit !== undefined && unit !== written;
  const end = (value: number) => (isOther ? { value, unit } : quantityOf(value, written, ucum));
  const text = range.text ?? wordsOf(range);
  return {
    ...(low !== undefined && { low: end(low) }),
    ...(high !== undefined && { high: end(high) }),
    ...(meaning !== undefined && { type: /^n(?:ormal)?$/i.test(meaning) ? NORMAL : { text: meaning } }),
    ...(text !== undefined && { text }),
  };
}

const NORMAL: CodeableConcept = { coding: [{ system: MEANING, code: "normal", display: "Normal Range" }] };

/** Ends that are not included can be said in words alone. */
function wordsOf({ low, high, isLowExcluded, isHighExcluded }: ToldRange): string | undefined {
  if (low !== undefined && isLowExcluded === true) return `>${low}`;
  if (high !== undefined && isHighExcluded === true) return `<${high}`;
  // A range without ends and words says nothing; FHIR asks for one of them.
  return low === undefined && high === undefined ? "not stated" : undefined;
}

function typical(applied: AppliedRange | null): ReferenceRange[] {
  if (applied?.from !== "typical") return [];
  const { low, high, unit, text } = applied;
  const end = (value: number) => quantityOf(value, unit, unit ?? null);
  return [
    {
      ...(low !== undefined && { low: end(low) }),
      ...(high !== undefined && { high: end(high) }),
      type: NORMAL,
      ...(text !== undefined && { text }),
    },
  ];
}

/** The laboratory's own flag, and ours where it says something else. */
function interpretationOf(ours: Interpretation | null, flag: string | undefined): CodeableConcept[] {
  const code = flag?.trim().toUpperCase() ?? "";
  const display = FLAGS[code];
  return [
    ...(flag === undefined ? [] : [{ ...(display !== undefined && { coding: [{ system: INTERPRETATION, code, display }] }), text: flag }]),
    ...(ours === null || OURS[ours].code === code ? [] : [{ coding: [OURS[ours]], text: "as Meridian compared it" }]),
  ];
}

function metaOf({ edition, changedAt, draft }: (KeptResult | KeptReport) & Kept): Observation["meta"] & object {
  return { versionId: String(edition), lastUpdated: new Date(changedAt).toISOString(), source: `${URN.lab}${draft.source}` };
}

function subjectOf({ person }: Kept) {
  return { reference: `Patient/${patientId(person)}` };
}

/** Instants get the zone that they were told with, else the person's; dates stay as long as they are. */
function timesOf({ draft, at, timeZone }: KeptResult | KeptReport): { readonly effectiveDateTime: string; readonly issued?: string } {
  const issued = draft.issuedAt === undefined ? undefined : whenOf(draft.issuedAt, timeZone);
  return {
    effectiveDateTime: draft.at.includes("T") ? dateTime(draft.at, at, timeZone) : draft.at,
    ...(issued?.precision === "instant" && { issued: dateTime(draft.issuedAt ?? "", issued.at, timeZone) }),
  };
}

function dateTime(told: string, at: number, timeZone: string): string {
  return /T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})$/.test(told) ? told : isoWithOffset(at, offsetAt(timeZone, at));
}

function performer(lab: string | undefined) {
  return lab === undefined ? {} : { performer: [{ display: lab }] };
}

function names(coding: Coding, token: Token): boolean {
  return (token.system === undefined || coding.system === token.system) && (token.code === undefined || coding.code === token.code);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
