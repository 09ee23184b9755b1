import { type ExportRecord, utc } from "../../../shared/exports/records";
import type { ReportBody, ResultBody } from "../labs/rows";
import { type ExportKind, parsed, tableKind } from "./kind";

const TOLD = ["at", "status", "value", "unit", "ranges", "flag", "source", "codings", "issuedAt", "specimen", "method", "lab", "note"];

const RESULT_COLUMNS = ["identity", "reportIdentity", "test", "name", ...TOLD, "reading", "version"];
const REPORT_COLUMNS = ["identity", "title", "at", "status", "lab", "specimen", "note", "source", "codings", "issuedAt", "version"];

/** The fields that are there, in the order of the columns, whichever way a row came to be. */
function inOrder(record: ExportRecord, columns: readonly string[]): ExportRecord {
  return Object.fromEntries(columns.filter((column) => record[column] !== undefined).map((column) => [column, record[column]]));
}

/** Results under the hashes by which they are recognised: ids and counts of changes are this vault's own. */
const results = tableKind({
  kind: "lab-results",
  tables: ["lab_results"],
  resource: "lab_result",
  columns: RESULT_COLUMNS,
  from: "(SELECT one.*, (SELECT identity FROM lab_reports WHERE id = one.report) AS report_identity FROM lab_results AS one)",
  key: ["identity"],
  record: (row) => {
    const { draft, reading } = parsed(row["body"]) as ResultBody;
    const record = { ...draft, reading, version: row["version"], identity: row["identity"], reportIdentity: row["report_identity"] };
    return inOrder(record, RESULT_COLUMNS);
  },
});

const versions = tableKind({
  kind: "lab-result-versions",
  tables: ["lab_result_versions"],
  resource: "lab_result",
  columns: ["identity", "edition", "name", ...TOLD, "reading", "broughtBy", "changedAt"],
  notReimported: "proof",
  from: "(SELECT one.*, (SELECT identity FROM lab_results WHERE id = one.result) AS identity FROM lab_result_versions AS one)",
  key: ["result", "edition"],
  record: (row) => {
    const { draft, reading } = parsed(row["body"]) as ResultBody;
    return {
      ...draft,
      identity: row["identity"],
      edition: row["edition"],
      reading,
      broughtBy: row["brought_by"],
      changedAt: utc(Number(row["changed_at"])),
    };
  },
});

const reports = tableKind({
  kind: "lab-reports",
  tables: ["lab_reports"],
  resource: "lab_report",
  columns: REPORT_COLUMNS,
  from: "lab_reports",
  key: ["identity"],
  record: (row) =>
    inOrder({ ...(parsed(row["body"]) as ReportBody).draft, version: row["version"], identity: row["identity"] }, REPORT_COLUMNS),
});

/** Which document of the archive belongs to which report. */
const documents = tableKind({
  kind: "lab-report-files",
  tables: [],
  resource: "lab_report",
  columns: ["identity", "document", "name", "type", "size", "sha256"],
  notReimported: "account",
  from: "lab_reports",
  where: "file IS NOT NULL",
  key: ["id"],
  record: (row) => {
    const { file } = parsed(row["body"]) as ReportBody;
    return { identity: row["identity"], document: `lab-documents/${row["id"]}.pdf`, ...file };
  },
});

/** Laboratory reports and results. The files of reports lie beside them in the archive. */
export const LAB_KINDS: readonly ExportKind[] = [reports, results, versions, documents];
