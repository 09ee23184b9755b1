import * as z from "zod";
import { primitiveFault } from "../../shared/fhir/r4/primitives";
import { instant } from "../../shared/http/instant";
import { type RecordName, RECORDS } from "../../shared/records/records";

/** A year, month or day, or an instant with an offset: as exactly as it is known. */
const when = z
  .string()
  .max(40)
  .refine((text) => primitiveFault("dateTime", text) === undefined, "Give a year, a month, a date, or an instant with an offset.")
  .meta({ example: "2019-05" });

const short = z.string().trim().min(1).max(300);
const long = z.string().trim().min(1).max(10_000);
const code = z.strictObject({
  system: z
    .url()
    .max(200)
    .refine((text) => primitiveFault("uri", text) === undefined, "A URL has no spaces.")
    .optional(),
  code: z
    .string()
    .regex(/^[^\s]+(?: [^\s]+)*$/)
    .max(64),
});
const severity = z.enum(["mild", "moderate", "severe"]);
const reaction = z.strictObject({ manifestations: z.array(short).min(1).max(20), severity: severity.optional() });

const common = {
  name: short,
  code: code.nullable().optional().describe("Of SNOMED CT, ICD-10, RxNorm or another system, by its URL"),
  note: long.nullable().optional(),
  recordedAt: when.nullable().optional(),
};
const verification = z.enum(["unconfirmed", "confirmed", "refuted", "entered-in-error"]).nullable().optional();
const time = when.nullable().optional();

const FORMS = {
  conditions: {
    ...common,
    status: z.enum(RECORDS.conditions.statuses).nullable().optional(),
    verification: z.enum(["unconfirmed", "provisional", "differential", "confirmed", "refuted", "entered-in-error"]).nullable().optional(),
    severity: severity.nullable().optional(),
    onset: time,
    end: time,
  },
  medications: {
    ...common,
    status: z.enum(RECORDS.medications.statuses).optional(),
    start: time,
    end: time,
    dose: short.nullable().optional().describe("In words"),
    route: short.nullable().optional().describe("In words"),
  },
  allergies: {
    ...common,
    status: z.enum(RECORDS.allergies.statuses).nullable().optional(),
    verification,
    criticality: z.enum(["low", "high", "unable-to-assess"]).nullable().optional(),
    onset: time,
    reactions: z.array(reaction).max(50).nullable().optional(),
  },
  immunizations: {
    ...common,
    status: z.enum(RECORDS.immunizations.statuses).optional(),
    date: when,
    doseNumber: z.int().min(1).max(1_000).nullable().optional().describe("Which dose of its series it was"),
    manufacturer: short.nullable().optional(),
    lot: short.nullable().optional(),
    site: short.nullable().optional().describe("In words"),
  },
  procedures: {
    name: common.name,
    code: common.code,
    note: common.note,
    status: z.enum(RECORDS.procedures.statuses).optional(),
    start: time,
    end: time,
    bodySite: short.nullable().optional().describe("In words"),
    outcome: short.nullable().optional().describe("In words"),
  },
};

const SHOWN = {
  conditions: {
    severity: severity.nullable(),
    onset: z.string().nullable(),
    end: z.string().nullable(),
    verification: z.string().nullable(),
    recordedAt: z.string().nullable(),
  },
  medications: {
    start: z.string().nullable(),
    end: z.string().nullable(),
    dose: z.string().nullable(),
    route: z.string().nullable(),
    recordedAt: z.string().nullable(),
  },
  allergies: {
    criticality: z.string().nullable(),
    onset: z.string().nullable(),
    verification: z.string().nullable(),
    reactions: z.array(z.object({ manifestations: z.array(z.string()), severity: z.string().optional() })).nullable(),
    recordedAt: z.string().nullable(),
  },
  immunizations: {
    date: z.string().nullable(),
    doseNumber: z.int().nullable(),
    manufacturer: z.string().nullable(),
    lot: z.string().nullable(),
    site: z.string().nullable(),
    recordedAt: z.string().nullable(),
  },
  procedures: {
    start: z.string().nullable(),
    end: z.string().nullable(),
    bodySite: z.string().nullable(),
    outcome: z.string().nullable(),
  },
};

const EXAMPLES = {
  conditions: { name: "Asthma", code: { system: "http://snomed.info/sct", code: "195967001" }, onset: "2019-05" },
  medications: { name: "Salbutamol", start: "2019-05", dose: "100 micrograms as needed", route: "inhaled" },
  allergies: { name: "Peanut", criticality: "high", reactions: [{ manifestations: ["Hives"], severity: "mild" }] },
  immunizations: { name: "Tetanus", code: { system: "http://hl7.org/fhir/sid/cvx", code: "112" }, date: "2024-03-12", lot: "AB123" },
  procedures: { name: "Appendectomy", start: "2012-08-03", outcome: "Successful" },
};

/** Names of the schemas in the API's document. */
const NAMES = {
  conditions: "Condition",
  medications: "Medication",
  allergies: "Allergy",
  immunizations: "Immunization",
  procedures: "Procedure",
} as const;

/** The schemas of one kind of record. */
export function schemasOf(name: RecordName) {
  const form = z.strictObject(FORMS[name]);
  const id = NAMES[name];
  const record = z
    .object({
      id: z.string(),
      name: z.string().nullable(),
      code: z.object({ system: z.string().optional(), code: z.string() }).nullable(),
      status: z.string().nullable(),
      ...SHOWN[name],
      note: z.string().nullable(),
      edition: z.int().describe("The version of the FHIR resource, and the entity tag"),
      changedAt: z.iso.datetime(),
    })
    .meta({ id: `${id}Record` });
  return {
    body: form.meta({ id: `${id}Form`, example: EXAMPLES[name] }),
    change: form
      .partial()
      .refine((change) => Object.keys(change).length > 0, "Change something.")
      .meta({ id: `${id}Change`, example: { note: "Seen again in November." } }),
    record,
    list: z.object({ items: z.array(record), next: z.string().nullable() }).meta({ id: `${id}RecordList` }),
    query: z
      .strictObject({
        status: z.enum(RECORDS[name].statuses).optional(),
        from: instant.optional(),
        to: instant.optional(),
        limit: z.coerce.number().int().min(1).max(200).default(50),
        cursor: z.string().max(2_048).optional(),
      })
      .refine(({ from, to }) => from === undefined || to === undefined || from < to, {
        path: ["to"],
        message: "The end must lie after the beginning.",
      }),
  };
}

export const itemParam = z.strictObject({ id: z.string().min(1).max(64) });
export const personParam = z.strictObject({ personId: z.string().min(1).max(64).meta({ example: "per_eu_01kad7wjcm0000000000000000" }) });
