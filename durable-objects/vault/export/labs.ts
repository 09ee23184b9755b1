import { utc } from "../../../shared/exports/records";
import { type ExportKind, parsed, tableKind } from "./kind";
import type { ReportBody, ResultBody } from "../labs/rows";

const RESULT_COLUMNS = [
  "id",
  "report",
  "test",
  "name",
  "at",
  "status",
  "value",
  "unit",
  "ranges",
  "flag",
  "reading",
  "source",
  "codings",
  "issuedAt",
  "specimen",
  "method",
  "lab",
  "note",
  "version",
  "edition",
  "identity",
  "reportIdentity",
  "broughtBy",
  "changedAt",
];

const results = tableKind({
  kind: "lab-results",
  tables: ["lab_results"],
  resource: "lab_result",
  columns: RESULT_COLUMNS,
  from: "(SELECT one.*, (SELECT identity FROM lab_reports WHERE id = one.report) AS report_identity FROM lab_results AS one)",
  key: ["id"],
  record: (row) => {
    const { draft, reading } = parsed(row["body"]) as ResultBody;
    return {
      ...draft,
      id: row["id"],
      report: row["report"],
      reading,
      version: row["version"],
      edition: row["edition"],
      identity: row["identity"],
      reportIdentity: row["report_identity"],
      broughtBy: row["brought_by"],
      changedAt: utc(Number(row["changed_at"])),
    };
  },
});

const versions = tableKind({
  kind: "lab-result-versions",
  tables: ["lab_result_versions"],
  resource: "lab_result",
  columns: ["result", "edition", "name", "at", "status", "value", "unit", "ranges", "flag", "reading", "broughtBy", "changedAt"],
  notReimported: "proof",
  from: "lab_result_versions",
  key: ["result", "edition"],
  record: (row) => {
    const { draft, reading } = parsed(row["body"]) as ResultBody;
    return {
      ...draft,
      result: row["result"],
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
  columns: [
    "id",
    "title",
    "at",
    "status",
    "lab",
    "specimen",
    "note",
    "source",
    "codings",
    "issuedAt",
    "file",
    "version",
    "edition",
    "identity",
    "changedAt",
  ],
  from: "lab_reports",
  key: ["id"],
  record: (row) => {
    const { draft, file = null } = parsed(row["body"]) as ReportBody;
    return {
      ...draft,
      id: row["id"],
      file,
      version: row["version"],
      edition: row["edition"],
      identity: row["identity"],
      changedAt: utc(Number(row["changed_at"])),
    };
  },
});

/** Laboratory reports and results. The files of reports lie beside them in the archive. */
export const LAB_KINDS: readonly ExportKind[] = [reports, results, versions];
