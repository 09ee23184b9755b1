import { SYSTEM } from "../../../shared/health/codes";
import { LAB_TESTS } from "../../../shared/labs/catalogue";
import { LOINC_NAMES } from "../../../shared/labs/read-result";
import type { Token } from "../../../shared/fhir/coding";
import {
  isLaboratory,
  isReportCategory,
  type KeptReport,
  reportOfFhirId,
  reportStatuses,
  reportToDiagnosticReport,
  resultOfFhirId,
  resultStatuses,
  resultToObservation,
  spellingsOf,
} from "../../../shared/fhir/labs";
import type { Search, SearchableType } from "../../../shared/fhir/search";
import { URN } from "../../../shared/fhir/systems";
import type { DiagnosticReport, Observation } from "../../../shared/fhir/types";
import { DAY_MS } from "../../../shared/clock";
import type { ReportBody, ReportRow, ResultBody, ResultRow } from "../labs/rows";
import type { VaultState } from "../state";
import type { Condition, Entry, Stream } from "./entries";

/** A time that was told as a year is the longest there is. */
const LONGEST_MS = 366 * DAY_MS;
/** A report names at most so many results. */
const MOST_RESULTS = 1_000;

/** Laboratory results and reports as FHIR resources. */
export class LabView {
  readonly #state: VaultState;

  constructor(state: VaultState) {
    this.#state = state;
  }

  /** The Observation of a FHIR id; undefined where it names no result of this vault. */
  result(id: string): Observation | undefined {
    const named = resultOfFhirId(id);
    return named === undefined ? undefined : this.#result(named);
  }

  /** The DiagnosticReport of a FHIR id, its file where `seesFile`; undefined where it names no report of this vault. */
  report(id: string, seesFile: boolean): DiagnosticReport | undefined {
    const named = reportOfFhirId(id);
    return named === undefined ? undefined : this.#report(named, seesFile);
  }

  /** What an entry of these streams shows; undefined for those of other tables. */
  load({ stream, tag }: Entry, seesFile: boolean): Observation | DiagnosticReport | undefined {
    if (stream.table === "lab_results") return this.#result(tag);
    return stream.table === "lab_reports" ? this.#report(tag, seesFile) : undefined;
  }

  /** The rows that a search selects by everything but its times, as at most one sequence. */
  streams(type: SearchableType, search: Search): Stream[] {
    const table = type === "Observation" ? "lab_results" : type === "DiagnosticReport" ? "lab_reports" : undefined;
    if (table === undefined || search.devices.length > 0) return [];
    const isOfCategory = table === "lab_results" ? isLaboratory : isReportCategory;
    if (!search.categories.every((tokens) => tokens.some(isOfCategory))) return [];
    const [extent] = this.#state.sql
      .exec<{ first: number | null; last: number | null }>(
        `SELECT (SELECT at FROM ${table} ORDER BY at LIMIT 1) AS first, (SELECT at FROM ${table} ORDER BY at DESC LIMIT 1) AS last`,
      )
      .toArray();
    if (extent === undefined || extent.first === null || extent.last === null) return [];
    return [{ table, metric: 0, source: 0, first: extent.first, last: extent.last, longest: LONGEST_MS, only: conditionOf(table, search) }];
  }

  /** Whether a search selects a resource by everything but its times. */
  selects(search: Search, { id, resourceType }: Observation | DiagnosticReport): boolean {
    const isResult = resourceType === "Observation";
    const [stream] = this.streams(resourceType, search);
    const named = isResult ? resultOfFhirId(id) : reportOfFhirId(id);
    if (stream?.only === undefined || named === undefined) return false;
    const { where, bind } = stream.only;
    return this.#state.sql.exec(`SELECT 1 FROM ${stream.table} WHERE id = ? AND ${where}`, named, ...bind).toArray().length > 0;
  }

  #result(id: string): Observation | undefined {
    const [row] = this.#state.sql.exec<ResultRow>("SELECT * FROM lab_results WHERE id = ?", id).toArray();
    if (row === undefined) return undefined;
    const { draft, reading } = JSON.parse(row.body) as ResultBody;
    return resultToObservation({ ...this.#kept(row), draft, reading });
  }

  #report(id: string, seesFile: boolean): DiagnosticReport | undefined {
    const { sql } = this.#state;
    const [row] = sql.exec<ReportRow>("SELECT * FROM lab_reports WHERE id = ?", id).toArray();
    if (row === undefined) return undefined;
    const { draft, file } = JSON.parse(row.body) as ReportBody;
    const results = sql
      .exec<{ id: string }>("SELECT id FROM lab_results WHERE report = ? ORDER BY at, id LIMIT ?", id, MOST_RESULTS)
      .toArray()
      .map((result) => result.id);
    const isShown = seesFile && row.file !== null && file !== undefined;
    const shown: Pick<KeptReport, "file"> = isShown ? { file: { file, url: this.#fileUrl(id) } } : {};
    return reportToDiagnosticReport({ ...this.#kept(row), draft, results, ...shown });
  }

  #kept({ id, at, edition, changed_at }: Pick<ResultRow, "id" | "at" | "edition" | "changed_at">) {
    const { person } = this.#state;
    return { person, timeZone: this.#state.profile().timeZone, id, at, edition, changedAt: changed_at };
  }

  /** Good for the person as for others: everybody may call themselves by their id. */
  #fileUrl(report: string): string {
    return `/v1/people/${this.#state.person}/lab-reports/${report}/file`;
  }
}

function conditionOf(table: "lab_results" | "lab_reports", { codes, statuses }: Search): Condition {
  const named = table === "lab_results" ? resultStatuses : reportStatuses;
  const parts: Condition[] = [
    ...statuses.map((tokens) => ({
      where: "status IN (SELECT value FROM json_each(?))",
      bind: [JSON.stringify(tokens.flatMap((token) => named(token)))],
    })),
    ...codes.map((tokens) => anyOf(tokens.map((token) => codeCondition(table, token)))),
  ];
  return { where: parts.map(({ where }) => where).join(" AND ") || "true", bind: parts.flatMap(({ bind }) => bind) };
}

/** A code is one of the source's, the key of the test, or the test's preferred LOINC code where the source gave none. */
function codeCondition(table: "lab_results" | "lab_reports", { system, code }: Token): Condition {
  const told: Condition = anyCoding(code, system === undefined ? undefined : spellingsOf(system));
  if (table === "lab_reports") return told;
  const isOwn = system === undefined || system === URN.labTest;
  const own: Condition[] = isOwn ? [code === undefined ? ANY_TEST : { where: "test = ?", bind: [code] }] : [];
  if (system !== undefined && system !== SYSTEM.loinc) return anyOf([told, ...own]);
  const keys = LAB_TESTS.filter(({ loinc: [preferred] }) => preferred !== undefined && (code === undefined || preferred === code));
  const untold = anyCoding(undefined, [...LOINC_NAMES]);
  const preferred: Condition = {
    where: `(test IN (SELECT value FROM json_each(?)) AND NOT ${untold.where})`,
    bind: [JSON.stringify(keys.map(({ key }) => key)), ...untold.bind],
  };
  return anyOf([told, ...own, preferred]);
}

const ANY_TEST: Condition = { where: "test IS NOT NULL", bind: [] };

function anyCoding(code: string | undefined, systems: readonly string[] | undefined): Condition {
  const parts: Condition[] = [
    ...(code === undefined ? [] : [{ where: "value ->> '$.code' = ?", bind: [code] }]),
    ...(systems === undefined
      ? []
      : [{ where: "value ->> '$.system' IN (SELECT value FROM json_each(?))", bind: [JSON.stringify(systems)] }]),
  ];
  return {
    where: `EXISTS (SELECT 1 FROM json_each(body, '$.draft.codings') WHERE ${parts.map(({ where }) => where).join(" AND ") || "true"})`,
    bind: parts.flatMap(({ bind }) => bind),
  };
}

function anyOf(conditions: readonly Condition[]): Condition {
  return { where: `(${conditions.map(({ where }) => where).join(" OR ")})`, bind: conditions.flatMap(({ bind }) => bind) };
}
