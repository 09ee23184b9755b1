import { SYSTEM } from "../health/codes";
import { type Fields, fieldsIn, isFields, textAt } from "./r4/issue";
import type { ResourceType } from "./r4/structures";

type Params = readonly (readonly [string, string])[];

/** One section of a patient summary, and what is looked for it. */
export interface SummarySection {
  readonly title: string;
  /** LOINC. */
  readonly code: string;
  readonly display: string;
  /** Is there with a reason where it is empty; others are left out. */
  readonly isRequired: boolean;
  readonly from: readonly { readonly type: ResourceType; readonly params: Params; readonly newestOfEach?: boolean }[];
}

/** Sections of the International Patient Summary (hl7.org/fhir/uv/ips): the required ones, and those that are recommended. */
export const SUMMARY_SECTIONS: readonly SummarySection[] = [
  {
    title: "Medication Summary",
    code: "10160-0",
    display: "History of Medication use Narrative",
    isRequired: true,
    from: [
      { type: "MedicationStatement", params: [["status:not", "entered-in-error"]] },
      { type: "MedicationRequest", params: [["status", "active,on-hold,completed"]] },
    ],
  },
  {
    title: "Allergies and Intolerances",
    code: "48765-2",
    display: "Allergies and adverse reactions Document",
    isRequired: true,
    from: [{ type: "AllergyIntolerance", params: [["verification-status:not", "entered-in-error"]] }],
  },
  {
    title: "Problem List",
    code: "11450-4",
    display: "Problem list - Reported",
    isRequired: true,
    from: [{ type: "Condition", params: [["verification-status:not", "entered-in-error"]] }],
  },
  {
    title: "Immunizations",
    code: "11369-6",
    display: "History of Immunization Narrative",
    isRequired: false,
    from: [{ type: "Immunization", params: [["status", "completed"]] }],
  },
  {
    title: "Procedures",
    code: "47519-4",
    display: "History of Procedures Document",
    isRequired: false,
    from: [{ type: "Procedure", params: [["status:not", "entered-in-error"]] }],
  },
  {
    title: "Results",
    code: "30954-2",
    display: "Relevant diagnostic tests/laboratory data Narrative",
    isRequired: false,
    from: [
      { type: "Observation", params: [["category", "laboratory"]], newestOfEach: true },
      { type: "DiagnosticReport", params: [["_count", "20"]] },
    ],
  },
  {
    title: "Vital Signs",
    code: "8716-3",
    display: "Vital signs note",
    isRequired: false,
    from: [{ type: "Observation", params: [["category", "vital-signs"]], newestOfEach: true }],
  },
  {
    title: "Social History",
    code: "29762-2",
    display: "Social history Narrative",
    isRequired: false,
    from: [{ type: "Observation", params: [["category", "social-history"]], newestOfEach: true }],
  },
  {
    title: "Plan of Care",
    code: "18776-5",
    display: "Plan of care note",
    isRequired: false,
    from: [{ type: "CarePlan", params: [["status", "active"]] }],
  },
];

export interface SummaryInput {
  readonly patient: Fields;
  /** What was found for each section, in their order; undefined where it may not be seen. */
  readonly found: readonly (readonly Fields[] | undefined)[];
  /** Base of the addresses of the entries, without a slash at its end. */
  readonly base: string;
  /** A UUID. */
  readonly id: string;
  /** Epoch milliseconds. */
  readonly at: number;
}

/** A patient summary as a document: a Composition, the Patient, and each resource once. */
export function summaryBundle({ patient, found, base, id, at }: SummaryInput): Fields {
  const timestamp = new Date(at).toISOString();
  const subject = { reference: keyOf(patient) };
  const sections = SUMMARY_SECTIONS.flatMap((section, i): Fields[] => {
    const resources = found[i];
    if (resources !== undefined && resources.length > 0) return [sectionOf(section, resources)];
    return section.isRequired ? [emptySection(section, resources === undefined)] : [];
  });
  const composition = {
    resourceType: "Composition",
    id,
    text: narrative([`Patient summary of ${timestamp.slice(0, 10)}`]),
    identifier: { system: "urn:ietf:rfc:3986", value: `urn:uuid:${id}` },
    status: "final",
    type: { coding: [{ system: SYSTEM.loinc, code: "60591-5", display: "Patient summary Document" }] },
    subject,
    date: timestamp,
    // Nobody but the person has put it together: Meridian only sorts what is there.
    author: [subject],
    title: "Patient Summary",
    section: sections,
  };
  const entries = new Map<string, Fields>([[keyOf(composition), composition]]);
  for (const resource of [patient, ...found.flatMap((resources) => resources ?? [])]) entries.set(keyOf(resource), resource);
  return {
    resourceType: "Bundle",
    id,
    identifier: { system: "urn:ietf:rfc:3986", value: `urn:uuid:${id}` },
    type: "document",
    timestamp,
    entry: [...entries].map(([key, resource]) => ({ fullUrl: `${base}/${key}`, resource })),
  };
}

function sectionOf({ title, code, display }: SummarySection, resources: readonly Fields[]) {
  return {
    title,
    code: { coding: [{ system: SYSTEM.loinc, code, display }] },
    text: narrative(resources.map(labelOf)),
    entry: resources.map((resource) => ({ reference: keyOf(resource) })),
  };
}

function emptySection({ title, code, display }: SummarySection, isWithheld: boolean) {
  const [reason, text] = isWithheld ? ["withheld", "Withheld"] : ["unavailable", "Unavailable"];
  return {
    title,
    code: { coding: [{ system: SYSTEM.loinc, code, display }] },
    text: narrative([isWithheld ? "This is withheld." : "Nothing is recorded here; that does not mean that there is nothing."]),
    emptyReason: { coding: [{ system: "http://terminology.hl7.org/CodeSystem/list-empty-reason", code: reason, display: text }] },
  };
}

function narrative(lines: readonly string[]) {
  const items = lines.map((line) => `<li>${escaped(line)}</li>`).join("");
  return { status: "generated", div: `<div xmlns="http://www.w3.org/1999/xhtml"><ul>${items}</ul></div>` };
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

const CONCEPTS = ["code", "medicationCodeableConcept", "vaccineCode", "type"];
const TIMES = [
  "effectiveDateTime",
  "occurrenceDateTime",
  "performedDateTime",
  "onsetDateTime",
  "recordedDate",
  "authoredOn",
  "dateAsserted",
];

/** A resource in a line: what it is, its value, when. */
function labelOf(resource: Fields): string {
  const concept = CONCEPTS.map((name) => resource[name]).find(isFields);
  const coding = fieldsIn(concept?.["coding"]);
  const name =
    textAt(concept, "text") ??
    coding.map((one) => textAt(one, "display") ?? textAt(one, "code")).find((one) => one !== undefined) ??
    textAt(resource["medicationReference"], "display") ??
    textAt(resource, "title") ??
    textAt(resource, "resourceType") ??
    "";
  const quantity = isFields(resource["valueQuantity"]) ? resource["valueQuantity"] : undefined;
  const amount = quantity?.["value"];
  const value =
    typeof amount === "number"
      ? `${amount} ${textAt(quantity, "unit") ?? textAt(quantity, "code") ?? ""}`.trim()
      : (textAt(resource, "valueString") ?? textAt(resource["valueCodeableConcept"], "text"));
  const when = TIMES.map((time) => textAt(resource, time)).find((time) => time !== undefined);
  return [value === undefined ? name : `${name}: ${value}`, ...(when === undefined ? [] : [when.slice(0, 10)])].join(", ");
}

function keyOf(resource: Fields): string {
  return `${textAt(resource, "resourceType")}/${textAt(resource, "id")}`;
}
