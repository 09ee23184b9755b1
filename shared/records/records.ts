import { type Fields, textAt } from "../fhir/r4/issue";
import type { ResourceType } from "../fhir/r4/structures";
import { isSame } from "../fhir/store/json-patch";
import {
  codeField,
  conceptAt,
  DOSE,
  DOSE_NUMBER,
  type Field,
  firstWordsField,
  MEDICINE,
  nameField,
  NOTE,
  REACTIONS,
  ROUTE,
  SEVERITY,
  spanField,
  statusField,
  takenField,
  textField,
  timeField,
  whoField,
  wordsField,
} from "./fields";

const HL7 = "http://terminology.hl7.org/CodeSystem/";

/** A kind of health record: the part of the path it stands under, and the resource that it is a view of. */
export interface RecordKind {
  readonly type: ResourceType;
  /** The element that says whose it is. */
  readonly subject: "subject" | "patient";
  readonly statuses: readonly [string, ...string[]];
  /** What a new one has, unless something else is said. */
  readonly newStatus: string;
  /** Parameters of FHIR searches by status and by time. */
  readonly statusParam: string;
  readonly timeParam: string;
  /** In the order in which they are written. */
  readonly fields: Readonly<Record<string, Field>>;
}

export const RECORD_NAMES = ["conditions", "medications", "allergies", "immunizations", "procedures"] as const;
export type RecordName = (typeof RECORD_NAMES)[number];

export const RECORDS: Readonly<Record<RecordName, RecordKind>> = {
  conditions: {
    type: "Condition",
    subject: "subject",
    statuses: ["active", "recurrence", "relapse", "inactive", "remission", "resolved"],
    newStatus: "active",
    statusParam: "clinical-status",
    timeParam: "onset-date",
    fields: {
      code: codeField(conceptAt("code")),
      name: nameField(conceptAt("code")),
      status: statusField("clinicalStatus", `${HL7}condition-clinical`),
      verification: statusField("verificationStatus", `${HL7}condition-ver-status`),
      severity: SEVERITY,
      onset: timeField("onset", "start"),
      end: timeField("abatement", "end"),
      note: NOTE,
      recordedAt: textField("recordedDate"),
    },
  },
  medications: {
    type: "MedicationStatement",
    subject: "subject",
    statuses: ["active", "completed", "entered-in-error", "intended", "stopped", "on-hold", "unknown", "not-taken"],
    newStatus: "active",
    statusParam: "status",
    timeParam: "effective",
    fields: {
      code: codeField(MEDICINE),
      name: nameField(MEDICINE),
      status: textField("status"),
      start: takenField("start"),
      end: takenField("end"),
      dose: DOSE,
      route: ROUTE,
      note: NOTE,
      recordedAt: textField("dateAsserted"),
    },
  },
  allergies: {
    type: "AllergyIntolerance",
    subject: "patient",
    statuses: ["active", "inactive", "resolved"],
    newStatus: "active",
    statusParam: "clinical-status",
    timeParam: "date",
    fields: {
      code: codeField(conceptAt("code")),
      name: nameField(conceptAt("code")),
      status: statusField("clinicalStatus", `${HL7}allergyintolerance-clinical`),
      verification: statusField("verificationStatus", `${HL7}allergyintolerance-verification`),
      criticality: textField("criticality"),
      onset: timeField("onset", "start"),
      reactions: REACTIONS,
      note: NOTE,
      recordedAt: textField("recordedDate"),
    },
  },
  immunizations: {
    type: "Immunization",
    subject: "patient",
    statuses: ["completed", "entered-in-error", "not-done"],
    newStatus: "completed",
    statusParam: "status",
    timeParam: "date",
    fields: {
      code: codeField(conceptAt("vaccineCode")),
      name: nameField(conceptAt("vaccineCode")),
      status: textField("status"),
      date: timeField("occurrence", "start"),
      doseNumber: DOSE_NUMBER,
      manufacturer: whoField("manufacturer"),
      lot: textField("lotNumber"),
      site: wordsField("site"),
      note: NOTE,
      recordedAt: textField("recorded"),
    },
  },
  procedures: {
    type: "Procedure",
    subject: "subject",
    statuses: ["preparation", "in-progress", "not-done", "on-hold", "stopped", "completed", "entered-in-error", "unknown"],
    newStatus: "completed",
    statusParam: "status",
    timeParam: "date",
    fields: {
      code: codeField(conceptAt("code")),
      name: nameField(conceptAt("code")),
      status: textField("status"),
      start: spanField("performed", "start"),
      end: spanField("performed", "end"),
      bodySite: firstWordsField("bodySite"),
      outcome: wordsField("outcome"),
      note: NOTE,
    },
  },
};

/** The fields of a record; of a change, null takes a field out. */
export type RecordForm = Readonly<Record<string, unknown>>;

/** What a resource says, as a plain record: its fields, absent where it does not say them. */
export function formOf({ fields }: RecordKind, resource: Fields): RecordForm {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([name, field]) => {
      const value = field.read(resource);
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

/** The plain record as it is shown: null where the resource does not say a field. */
export function shownRecord(kind: RecordKind, resource: Fields): Fields {
  const form = formOf(kind, resource);
  const meta = resource["meta"];
  return {
    id: textAt(resource, "id"),
    ...Object.fromEntries(Object.keys(kind.fields).map((name) => [name, form[name] ?? null])),
    edition: Number(textAt(meta, "versionId") ?? 0),
    changedAt: textAt(meta, "lastUpdated"),
  };
}

/** A resource that says what a form says; what the form has no field for, and what it says already, stays as it is. */
export function withForm({ fields }: RecordKind, resource: Fields, form: RecordForm): Fields {
  return Object.entries(fields).reduce((now, [name, field]) => {
    const value = form[name] ?? undefined;
    return isSame(field.read(now), value) ? now : field.write(now, value);
  }, resource);
}

/** A resource after a change of some fields. */
export function withChange(kind: RecordKind, resource: Fields, change: RecordForm): Fields {
  return withForm(kind, resource, { ...formOf(kind, resource), ...change });
}

/** A new resource of one person. It has the status of new ones, and is recorded now, unless the form says otherwise. */
export function newRecord(kind: RecordKind, patient: string, form: RecordForm, now: number): Fields {
  const isError = form["verification"] === "entered-in-error";
  const full = {
    ...(!isError && { status: kind.newStatus }),
    ...(kind.fields["recordedAt"] !== undefined && { recordedAt: new Date(now).toISOString() }),
    ...form,
  };
  return withForm(kind, { resourceType: kind.type, [kind.subject]: { reference: `Patient/${patient}` } }, full);
}

const OVER = ["inactive", "remission", "resolved"];

/** What does not fit together in a record, by the name of its field. */
export function faultsOf(
  name: RecordName,
  resource: Fields,
): { readonly field: string; readonly code: string; readonly message: string }[] {
  const form = formOf(RECORDS[name], resource);
  const [status, from, end] = [form["status"], form["onset"] ?? form["start"], form["end"]];
  const faults = [];
  if (form["verification"] === "entered-in-error" && status !== undefined)
    faults.push({ field: "status", code: "entered_in_error", message: "What was entered in error has no status." });
  if (name !== "conditions" && status === undefined && form["verification"] !== "entered-in-error")
    faults.push({ field: "status", code: "required", message: "It has a status: conditions alone may be without." });
  if (name === "immunizations" && form["date"] === undefined && textAt(resource, "occurrenceString") === undefined)
    faults.push({ field: "date", code: "required", message: "Say when it was, as exactly as it is known." });
  if (name === "conditions" && end !== undefined && !OVER.includes(String(status)))
    faults.push({ field: "end", code: "not_over", message: "What has ended is inactive, in remission or resolved." });
  if (typeof from === "string" && typeof end === "string" && isBefore(end, from))
    faults.push({ field: "end", code: "invalid_range", message: "The end lies before the beginning." });
  return faults;
}

/** Whether a date surely lies before another: they may be of days, months or years. */
function isBefore(a: string, b: string): boolean {
  const length = Math.min(a.length, b.length, 10);
  if (a.length > 10 && b.length > 10) return Date.parse(a) < Date.parse(b);
  return a.slice(0, length) < b.slice(0, length);
}
