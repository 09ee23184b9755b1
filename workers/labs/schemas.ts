import * as z from "zod";
import { instant } from "../../shared/http/instant";
import { COMPARATORS } from "../../shared/labs/value";
import { LAB_SOURCES, LONGEST_NAME, LONGEST_TEXT, REPORT_STATUSES, RESULT_STATUSES } from "../../shared/labs/result";
import { whenOf } from "../../shared/labs/when";

const INSTANT = "2026-11-20T08:30:00+01:00";

/** A date, or an instant with or without an offset. Kept as it is written. */
const when = z
  .string()
  .max(40)
  .refine((text) => whenOf(text, "UTC") !== undefined, "Give a date, or an instant as in ISO 8601.")
  .meta({ example: INSTANT });

const short = z.string().trim().min(1).max(LONGEST_NAME);
const long = z.string().trim().min(1).max(LONGEST_TEXT);
const finite = z.number().finite();

const coding = z.strictObject({ system: z.string().max(200).optional(), code: z.string().min(1).max(64), display: short.optional() });

const page = {
  from: instant.optional(),
  to: instant.optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(2_048).optional(),
};
const inOrder = ({ from, to }: { from?: number | undefined; to?: number | undefined }) =>
  from === undefined || to === undefined || from < to;
const ORDER = { path: ["to"], message: "The end must lie after the beginning." };

export const resultsQuery = z
  .strictObject({
    test: z.string().max(64).optional().meta({ example: "glucose" }),
    report: z.string().max(64).optional(),
    status: z.enum(RESULT_STATUSES).optional(),
    ...page,
  })
  .refine(inOrder, ORDER);
export const reportsQuery = z.strictObject({ status: z.enum(REPORT_STATUSES).optional(), ...page }).refine(inOrder, ORDER);

const id = z.string().min(1).max(64);
const personId = z.string().min(1).max(64).meta({ example: "per_eu_01kad7wjcm0000000000000000" });
export const itemParam = z.strictObject({ id });
export const personParam = z.strictObject({ personId });
export const personItemParam = z.strictObject({ personId, id });

const form = {
  test: z.string().min(1).max(64).optional().describe("Key of a test of `/v1/reference/lab-tests`"),
  name: short.optional(),
  loinc: z
    .string()
    .regex(/^\d{1,7}-\d$/, "Not a LOINC code.")
    .optional(),
  collectedAt: when,
  issuedAt: when.optional(),
  status: z.enum(RESULT_STATUSES).optional(),
  value: finite.optional(),
  comparator: z.enum(COMPARATORS).optional().describe("For bounded values: less than 0.5 is `<` and 0.5"),
  text: long.optional(),
  coding: coding.optional(),
  unit: z.string().trim().min(1).max(64).optional().describe("UCUM, or a common spelling"),
  referenceRange: z.strictObject({ low: finite.optional(), high: finite.optional(), text: short.optional() }).optional(),
  flag: z.string().trim().min(1).max(32).optional().describe("As the laboratory prints it"),
  specimen: short.optional(),
  method: short.optional(),
  lab: short.optional(),
  note: long.optional(),
};
const EXAMPLE = { test: "glucose_fasting", collectedAt: INSTANT, value: 92, unit: "mg/dL", referenceRange: { low: 70, high: 99 } };

export const replaceBody = z.strictObject(form).meta({ id: "LabResultForm", example: EXAMPLE });
export const createBody = z
  .strictObject({ ...form, reportId: id.optional().describe("The report that it was read from") })
  .meta({ id: "NewLabResult", example: EXAMPLE });
export const changeBody = z
  .strictObject(form)
  .partial()
  .refine((change) => Object.keys(change).length > 0, "Change something.")
  .meta({ id: "LabResultChange", example: { note: "Repeated a week later." } });

export const uploadQuery = z.strictObject({ title: short.optional(), lab: short.optional(), collectedAt: when.optional() });
export const reportBody = z
  .strictObject({
    title: short.optional(),
    lab: short.nullable().optional(),
    note: long.nullable().optional(),
    collectedAt: when.optional(),
    status: z.enum(["preliminary", "final", "needs_review", "rejected"]).optional(),
  })
  .refine((change) => Object.keys(change).length > 0, "Change something.")
  .meta({ id: "LabReportChange", example: { status: "final" } });

const shownRange = z.object({
  low: z.number().optional(),
  high: z.number().optional(),
  isLowExcluded: z.literal(true).optional(),
  isHighExcluded: z.literal(true).optional(),
  unit: z.string().optional(),
  text: z.string().optional(),
});
const shownCoding = z.object({ system: z.string().optional(), code: z.string(), display: z.string().optional() });
const shownWhen = {
  collectedAt: z.string().describe("As it was told: an instant or a date"),
  at: z.string().describe("The instant by which it is sorted, in the person's zone"),
  issuedAt: z.string().optional(),
};

export const resultSchema = z
  .object({
    id,
    reportId: z.string().nullable(),
    test: z.string().nullable().describe("Null where no test of the catalogue is certain"),
    title: z.string().nullable(),
    name: z.string(),
    codings: z.array(shownCoding),
    status: z.enum(RESULT_STATUSES),
    ...shownWhen,
    value: z.object({
      comparator: z.enum(COMPARATORS).optional(),
      number: z.number().optional(),
      coding: shownCoding.optional(),
      text: z.string().optional(),
    }),
    unit: z.string().nullable().describe("As it was written"),
    ucum: z.string().nullable(),
    canonical: z.object({ comparator: z.enum(COMPARATORS).optional(), number: z.number(), unit: z.string() }).nullable(),
    referenceRanges: z.array(shownRange.extend({ meaning: z.string().optional() })).describe("As they were told"),
    appliedRange: shownRange.extend({ from: z.enum(["laboratory", "typical"]) }).nullable(),
    interpretation: z.enum(["low", "normal", "high"]).nullable().describe("Ours, of the applied range; null where none can be"),
    flag: z.string().nullable().describe("The source's own"),
    issue: z.enum(["unknown_unit", "unit_mismatch", "implausible_value", "no_unit"]).nullable().describe("Why it was not converted"),
    specimen: z.string().optional(),
    method: z.string().optional(),
    lab: z.string().optional(),
    note: z.string().optional(),
    source: z.enum(LAB_SOURCES),
    broughtBy: z.string().describe("The import, or who typed it"),
    edition: z.int(),
    changedAt: z.iso.datetime(),
  })
  .meta({ id: "LabResult" });
export const resultListSchema = z.object({ items: z.array(resultSchema), next: z.string().nullable() }).meta({ id: "LabResultList" });
export const historySchema = z.object({ items: z.array(resultSchema) }).meta({ id: "LabResultHistory" });

export const reportSchema = z
  .object({
    id,
    title: z.string(),
    codings: z.array(shownCoding),
    status: z.enum(REPORT_STATUSES),
    ...shownWhen,
    lab: z.string().optional(),
    specimen: z.string().optional(),
    note: z.string().optional(),
    source: z.enum(LAB_SOURCES),
    hasFile: z.boolean(),
    file: z
      .object({ name: z.string(), type: z.literal("application/pdf"), size: z.int(), sha256: z.string() })
      .nullable()
      .describe("Null without a file, and for readers who may not see documents"),
    edition: z.int(),
    changedAt: z.iso.datetime(),
  })
  .meta({ id: "LabReport" });
export const reportListSchema = z.object({ items: z.array(reportSchema), next: z.string().nullable() }).meta({ id: "LabReportList" });
