import { isoWithOffset, offsetAt } from "../../../shared/health/zone";
import type { ReportBody, ReportRow, ResultBody, ResultRow } from "./rows";

/** A result as it is shown. Everything that is not there is left out, save what somebody would look for: then it is null. */
export function resultAnswer(
  row: Pick<ResultRow, "id" | "report" | "at" | "status" | "edition" | "brought_by" | "changed_at" | "body">,
  timeZone: string,
) {
  const { draft, reading } = JSON.parse(row.body) as ResultBody;
  const { source, name, codings, value, unit, ranges, flag, specimen, method, lab, note, issuedAt } = draft;
  return {
    id: row.id,
    reportId: row.report,
    test: reading.test,
    title: reading.title,
    name,
    codings,
    status: row.status,
    collectedAt: draft.at,
    at: isoWithOffset(row.at, offsetAt(timeZone, row.at)),
    ...(issuedAt !== undefined && { issuedAt }),
    value,
    unit: unit ?? null,
    ucum: reading.unit,
    canonical: reading.canonical,
    referenceRanges: ranges,
    appliedRange: reading.applied,
    interpretation: reading.interpretation,
    flag: flag ?? null,
    issue: reading.issue,
    ...(specimen !== undefined && { specimen }),
    ...(method !== undefined && { method }),
    ...(lab !== undefined && { lab }),
    ...(note !== undefined && { note }),
    source,
    broughtBy: row.brought_by,
    edition: row.edition,
    changedAt: new Date(row.changed_at).toISOString(),
  };
}

/** A report as it is shown; its file only to whoever may see documents. */
export function reportAnswer(row: ReportRow, timeZone: string, seesFile: boolean) {
  const { draft, file } = JSON.parse(row.body) as ReportBody;
  return {
    id: row.id,
    title: draft.title,
    codings: draft.codings,
    status: row.status,
    collectedAt: draft.at,
    at: isoWithOffset(row.at, offsetAt(timeZone, row.at)),
    ...(draft.issuedAt !== undefined && { issuedAt: draft.issuedAt }),
    ...(draft.lab !== undefined && { lab: draft.lab }),
    ...(draft.specimen !== undefined && { specimen: draft.specimen }),
    ...(draft.note !== undefined && { note: draft.note }),
    source: draft.source,
    hasFile: row.file !== null,
    file: seesFile && file !== undefined ? file : null,
    edition: row.edition,
    changedAt: new Date(row.changed_at).toISOString(),
  };
}
