import { labFhirId } from "../../../shared/fhir/labs";
import { newId } from "../../../shared/id";
import { addedTestOf } from "../../../shared/labs/added";
import { formOf, type LabForm, typedResult } from "../../../shared/labs/form";
import type { LabTest } from "../../../shared/labs/lab-test";
import { readResult, type Whose } from "../../../shared/labs/read-result";
import type { LabBatch, LabDraft, LabFile, LabReceipt, ReportDraft, ReportStatus, ResultStatus } from "../../../shared/labs/result";
import { whenOf } from "../../../shared/labs/when";
import { notFound, problem } from "../../../shared/problem";
import type { Details } from "../details";
import type { VaultState } from "../state";
import { reportAnswer, resultAnswer } from "./answers";
import type { LabFiles } from "./files";
import {
  contentHash,
  identityHash,
  type ReportBody,
  type ReportRow,
  type ResultBody,
  type ResultRow,
  type StoredDraft,
  type VersionRow,
} from "./rows";

/** Which results, newest first. Times epoch ms, `to` exclusive. */
export interface LabQuery {
  readonly test?: string | undefined;
  readonly report?: string | undefined;
  readonly status?: ResultStatus | undefined;
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  readonly limit: number;
  readonly after?: LabPosition | undefined;
}

/** Which reports, newest first. */
export interface ReportQuery extends Omit<LabQuery, "test" | "report" | "status"> {
  readonly status?: ReportStatus | undefined;
}

/** Where a page ended. */
export interface LabPosition {
  readonly at: number;
  readonly id: string;
}

/** `items` is JSON text of the array. */
export interface LabPage {
  readonly items: string;
  readonly next: LabPosition | null;
}

/** What a person says of a report, or changes of it. */
export interface ReportForm {
  readonly title?: string | undefined;
  readonly lab?: string | null | undefined;
  readonly note?: string | null | undefined;
  readonly collectedAt?: string | undefined;
  readonly status?: ReportStatus | undefined;
}

/** What happens to a result or a report, under its FHIR id. */
export interface LabChange {
  readonly type: "Observation" | "DiagnosticReport";
  readonly id: string;
  readonly interaction: "create" | "update" | "delete";
}

/** Statuses that count less than others of the same version: a preliminary word does not replace a final one. */
const RANK: Readonly<Record<string, number>> = { preliminary: 0, needs_review: 0 };
/** Rows that one call of `undo` removes. */
const AT_ONCE = 500;
/** The earliest and latest instants that there are. */
const EVER = { from: -8.64e15, to: 8.64e15 };

/** Laboratory reports and results of one person. */
export class Labs {
  readonly #state: VaultState;
  readonly #details: Details;
  readonly #files: LabFiles;
  readonly #listeners: ((change: LabChange) => void)[] = [];

  constructor(state: VaultState, details: Details, files: LabFiles) {
    this.#state = state;
    this.#details = details;
    this.#files = files;
  }

  /** Registers a listener for every write: part of the writing transaction, after it where something is written, and before it goes. */
  onChanged(listener: (change: LabChange) => void): void {
    this.#listeners.push(listener);
  }

  /** One page of results, newest first. */
  results(query: LabQuery): LabPage {
    const { test, report, status } = query;
    const equal = { ...(test !== undefined && { test }), ...(report !== undefined && { report }), ...(status !== undefined && { status }) };
    const { timeZone } = this.#state.profile();
    return this.#page<ResultRow>("lab_results", equal, query, (row) => resultAnswer(row, timeZone));
  }

  /** One page of reports, newest first. */
  reports(query: ReportQuery, seesFile: boolean): LabPage {
    const { timeZone } = this.#state.profile();
    const equal: Record<string, string> = query.status === undefined ? {} : { status: query.status };
    return this.#page<ReportRow>("lab_reports", equal, query, (row) => reportAnswer(row, timeZone, seesFile));
  }

  /** One result as JSON text; problem `not_found`. */
  result(id: string): string {
    return JSON.stringify(resultAnswer(this.#result(id), this.#state.profile().timeZone));
  }

  /** One report as JSON text; problem `not_found`. */
  report(id: string, seesFile: boolean): string {
    return JSON.stringify(reportAnswer(this.#report(id), this.#state.profile().timeZone, seesFile));
  }

  /** What a result said before, newest first, as JSON text of an array; problem `not_found`. */
  history(id: string): string {
    const { report } = this.#result(id);
    const { timeZone } = this.#state.profile();
    const versions = this.#state.sql.exec<VersionRow>("SELECT * FROM lab_result_versions WHERE result = ? ORDER BY edition DESC", id);
    return JSON.stringify([...versions].map(({ result, ...row }) => resultAnswer({ ...row, id: result, report }, timeZone)));
  }

  /** Adds a result that somebody typed; problems `invalid`, `not_found` for a report that is not here, `conflict` for one that was rejected. */
  async add(form: LabForm, report: string | undefined, by: string, definition?: LabTest): Promise<string> {
    const typed = typedResult(form, this.#state.now(), definition);
    const whose = await this.#details.read();
    if (report !== undefined && this.#report(report).status === "rejected") throw problem("conflict", "The report was rejected.");
    const id = newId("labResult", this.#state.region, this.#state.now(), this.#state.random);
    this.#insert(id, identityHash("manual", id), report ?? null, { ...typed, identity: id, version: 0 }, by, whose, definition);
    return this.result(id);
  }

  /** Replaces what a result says, or parts of it; what it said stays in its history. Problems `not_found`, `invalid`, `precondition_failed`. */
  async change(
    id: string,
    change: Partial<LabForm>,
    isWhole: boolean,
    by: string,
    ifEdition?: number,
    definition?: LabTest,
  ): Promise<string> {
    const whose = await this.#details.read();
    const row = this.#result(id);
    assertEdition(row.edition, ifEdition);
    const { draft } = JSON.parse(row.body) as ResultBody;
    const form = isWhole ? (change as LabForm) : { ...formOf(draft), ...change };
    const now = Math.floor(this.#state.now());
    const { type: _type, ...typed } = typedResult(form, this.#state.now(), definition);
    // What was read of a file keeps saying where it came from, and what no form has.
    const merged: StoredDraft = {
      ...typed,
      source: draft.source,
      codings: isWhole || change.loinc !== undefined ? typed.codings : draft.codings,
      ranges: change.referenceRange === undefined && !isWhole ? draft.ranges : typed.ranges,
      status: form.status ?? (draft.status === "preliminary" ? "preliminary" : "corrected"),
    };
    this.#state.storage.transactionSync(() => {
      // A message from before the change does not take it back.
      this.#replace(row, merged, Math.max(row.version, now), by, whose, definition);
    });
    return this.result(id);
  }

  /** Deletes a result for good, its history too; a later import does not bring it back. Problem `not_found`. */
  remove(id: string): void {
    const row = this.#result(id);
    this.#state.storage.transactionSync(() => this.#remove(row, true));
  }

  /** Deletes a report with its results and its file. Problem `not_found`. */
  removeReport(id: string): void {
    const row = this.#report(id);
    this.#state.storage.transactionSync(() => {
      for (const result of this.#state.sql.exec<ResultRow>("SELECT * FROM lab_results WHERE report = ?", id).toArray())
        this.#remove(result, true);
      this.#removeReport(row, true);
    });
  }

  /** Adds a report whose file is to be read by somebody; problem `invalid` for a file that is no PDF. */
  async addFile(bytes: Uint8Array, name: string, form: ReportForm): Promise<string> {
    const now = this.#state.now();
    const id = newId("labReport", this.#state.region, now, this.#state.random);
    const at = form.collectedAt ?? new Date(now).toISOString();
    const { key, file } = await this.#files.put(bytes, name);
    const draft = {
      source: "manual" as const,
      status: "needs_review" as const,
      at,
      title: form.title ?? (name === "" ? "Laboratory report" : name.replace(/\.pdf$/i, "")),
      codings: [],
      ...(typeof form.lab === "string" && { lab: form.lab }),
      ...(typeof form.note === "string" && { note: form.note }),
    };
    this.#state.storage.transactionSync(() => {
      this.#writeReport({ id, identity: identityHash("manual", id), version: 0, edition: 1, hash: "" }, { draft, file }, key);
      this.#files.keep(key);
    });
    return this.report(id, true);
  }

  /** Changes what is said of a report. Problems `not_found`, `precondition_failed`, and `conflict` where one with results is rejected. */
  changeReport(id: string, form: ReportForm, seesFile: boolean, ifEdition?: number): string {
    const row = this.#report(id);
    assertEdition(row.edition, ifEdition);
    const { draft, file } = JSON.parse(row.body) as ReportBody;
    if (form.status === "rejected" && this.#state.sql.exec("SELECT 1 FROM lab_results WHERE report = ? LIMIT 1", id).toArray().length > 0)
      throw problem("conflict", "The report has results: delete them first.");
    const changed = {
      ...draft,
      ...(form.title !== undefined && { title: form.title }),
      ...(form.status !== undefined && { status: form.status }),
      ...(form.collectedAt !== undefined && { at: form.collectedAt }),
    };
    const { lab = null, note = null, ...rest } = changed;
    const texts = { lab: form.lab === undefined ? lab : form.lab, note: form.note === undefined ? note : form.note };
    const body: ReportBody = {
      draft: { ...rest, ...(texts.lab !== null && { lab: texts.lab }), ...(texts.note !== null && { note: texts.note }) },
      ...(file !== undefined && { file }),
    };
    const version = Math.max(row.version, Math.floor(this.#state.now()));
    this.#state.storage.transactionSync(() => this.#writeReport({ ...row, version, edition: row.edition + 1 }, body, row.file));
    return this.report(id, seesFile);
  }

  /** A report's file, whole; problems `not_found`, and `gone` where the bucket has lost it. */
  async file(id: string): Promise<{ readonly file: LabFile; readonly bytes: Uint8Array<ArrayBuffer> }> {
    const row = this.#report(id);
    const { file } = JSON.parse(row.body) as ReportBody;
    if (row.file === null || file === undefined) throw notFound("file");
    return { file, bytes: await this.#files.open(row.file, file) };
  }

  /** A file under its name, for a move to another region; undefined where there is none any more. */
  async openFile(name: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const [row] = this.#state.sql.exec<{ body: string }>("SELECT body FROM lab_reports WHERE file = ?", name).toArray();
    const [binary] = this.#state.sql.exec<{ sha256: string }>("SELECT sha256 FROM fhir_files WHERE file = ? LIMIT 1", name).toArray();
    const { file = binary } = row === undefined ? {} : (JSON.parse(row.body) as ReportBody);
    return file === undefined || !(await this.#files.has(name)) ? undefined : await this.#files.open(name, file);
  }

  /**
   * Stores what an import brings. One transaction; a replay changes nothing. `by` is the import's id, `added` the tests that administrators
   * added.
   */
  async record(batch: LabBatch, by: string, added: readonly LabTest[] = []): Promise<LabReceipt> {
    const whose = await this.#details.read();
    const files = new Map<string, { key: string; file: LabFile }>();
    for (const report of batch.reports) {
      if (report.pdf !== undefined && !this.#knows("lab_reports", identityHash(report.source, report.identity)))
        files.set(report.identity, await this.#files.put(report.pdf, ""));
    }
    const books = new Books();
    this.#state.storage.transactionSync(() => {
      for (const report of batch.reports) this.#recordReport(report, by, books, files.get(report.identity));
      for (const result of batch.results) this.#recordResult(result, by, books, whose, addedTestOf(result, added));
    });
    return books.receipt;
  }

  /** Takes back what an import told and nobody else did; idempotent. Called again while `isMore`. */
  undo(by: string): { readonly removed: number; readonly isMore: boolean } {
    const { sql, storage } = this.#state;
    return storage.transactionSync(() => {
      const items = sql.exec<{ item: string }>("SELECT item FROM lab_imports WHERE import = ? LIMIT ?", by, AT_ONCE).toArray();
      let removed = 0;
      for (const { item } of items) {
        sql.exec("DELETE FROM lab_imports WHERE import = ? AND item = ?", by, item);
        removed += this.#forget(item, by);
      }
      return { removed, isMore: items.length === AT_ONCE };
    });
  }

  /** The last parts of the names of files that are kept, those of Binary resources too, after one. */
  fileNames(after: string | undefined, limit: number): string[] {
    return this.#state.sql
      .exec<{ file: string }>(
        `SELECT file FROM lab_reports WHERE file IS NOT NULL AND file > ?1
         UNION SELECT file FROM fhir_files WHERE file > ?1 ORDER BY file LIMIT ?2`,
        after ?? "",
        limit,
      )
      .toArray()
      .map(({ file }) => file);
  }

  /** Stores a file under the name that it had in another region. Idempotent. */
  async takeFile(name: string, bytes: Uint8Array): Promise<void> {
    if (!(await this.#files.has(name))) await this.#files.take(name, bytes);
  }

  /** The files of all reports, for an export. */
  documents(): { readonly report: string; readonly size: number }[] {
    const rows = this.#state.sql.exec<ReportRow>("SELECT * FROM lab_reports WHERE file IS NOT NULL");
    return [...rows].flatMap(({ id, file, body }) => {
      const { size } = (JSON.parse(body) as ReportBody).file ?? {};
      return file === null || size === undefined ? [] : [{ report: id, size }];
    });
  }

  #forget(item: string, by: string): number {
    const { sql } = this.#state;
    const isToldElsewhere = sql.exec("SELECT 1 FROM lab_imports WHERE item = ? LIMIT 1", item).toArray().length > 0;
    const [result] = sql.exec<ResultRow>("SELECT * FROM lab_results WHERE id = ?", item).toArray();
    if (result !== undefined) {
      if (isToldElsewhere) return this.#restoreBefore(result, by);
      // What somebody has changed by hand is theirs.
      if (result.brought_by !== by && !result.brought_by.startsWith("imp_")) return 0;
      this.#remove(result, false);
      return 1;
    }
    const [report] = isToldElsewhere ? [] : sql.exec<ReportRow>("SELECT * FROM lab_reports WHERE id = ?", item).toArray();
    if (report === undefined || sql.exec("SELECT 1 FROM lab_results WHERE report = ? LIMIT 1", report.id).toArray().length > 0) return 0;
    this.#removeReport(report, false);
    return 1;
  }

  /** Puts back what a result said before an import corrected it. */
  #restoreBefore(row: ResultRow, by: string): number {
    if (row.brought_by !== by) return 0;
    const { sql } = this.#state;
    const [before] = sql
      .exec<VersionRow>("SELECT * FROM lab_result_versions WHERE result = ? AND brought_by <> ? ORDER BY edition DESC LIMIT 1", row.id, by)
      .toArray();
    if (before === undefined) return 0;
    const { result: _result, edition, ...content } = before;
    sql.exec("DELETE FROM lab_result_versions WHERE result = ? AND edition >= ?", row.id, edition);
    this.#write({ ...row, ...content, edition: row.edition + 1, changed_at: Math.floor(this.#state.now()) });
    this.#tellResult("updated", row.id, row.at, content.at);
    return 1;
  }

  #recordReport(draft: ReportDraft, by: string, books: Books, stored: { key: string; file: LabFile } | undefined): void {
    const { sql } = this.#state;
    const identity = identityHash(draft.source, draft.identity);
    const { identity: _identity, type, version, pdf: _pdf, ...rest } = draft;
    const when = whenOf(draft.at, this.#state.profile().timeZone);
    if (this.#isDeleted(identity)) return books.reject(type, "deleted_by_person");
    if (when === undefined) return books.reject(type, "no_time");
    const [row] = sql.exec<ReportRow>("SELECT * FROM lab_reports WHERE identity = ?", identity).toArray();
    const hash = contentHash(rest);
    const id = row?.id ?? newId("labReport", this.#state.region, this.#state.now(), this.#state.random);
    this.#mark(by, id);
    if (row !== undefined && isOld(row, { hash, version, status: draft.status })) return books.count(type, "duplicate");
    const { file: known } = row === undefined ? {} : (JSON.parse(row.body) as ReportBody);
    const file = known ?? stored?.file;
    this.#writeReport(
      { id, identity, version, edition: (row?.edition ?? 0) + 1, hash },
      { draft: rest, ...(file !== undefined && { file }) },
      row?.file ?? stored?.key ?? null,
    );
    if (row === undefined && stored !== undefined) this.#files.keep(stored.key);
    books.count(type, "accepted");
  }

  #recordResult(draft: LabDraft, by: string, books: Books, whose: Whose, definition: LabTest | undefined): void {
    const { sql } = this.#state;
    const identity = identityHash(draft.source, draft.identity);
    if (this.#isDeleted(identity)) return books.reject(draft.type, "deleted_by_person");
    if (whenOf(draft.at, this.#state.profile().timeZone) === undefined) return books.reject(draft.type, "no_time");
    const report = draft.report === undefined ? undefined : this.#idOf("lab_reports", identityHash(draft.source, draft.report));
    const [row] = sql.exec<ResultRow>("SELECT * FROM lab_results WHERE identity = ?", identity).toArray();
    if (row === undefined) {
      const id = newId("labResult", this.#state.region, this.#state.now(), this.#state.random);
      const issue = this.#insert(id, identity, report ?? null, draft, by, whose, definition);
      this.#mark(by, id);
      if (issue !== null) books.warn(issue, draft.name);
      return books.count(draft.type, "accepted");
    }
    this.#mark(by, row.id);
    const stored = storedOf(draft);
    if (isOld(row, { hash: contentHash(stored), version: draft.version, status: draft.status }))
      return books.count(draft.type, "duplicate");
    const issue = this.#replace(row, stored, draft.version, by, whose, definition);
    if (issue !== null) books.warn(issue, draft.name);
    books.count(draft.type, "accepted");
  }

  #insert(id: string, identity: string, report: string | null, draft: LabDraft, by: string, whose: Whose, definition?: LabTest) {
    const stored = storedOf(draft);
    const { at, reading } = this.#read(stored, whose, definition);
    this.#write({
      id,
      identity,
      report,
      at,
      test: reading.test,
      status: stored.status,
      version: draft.version,
      edition: 1,
      hash: contentHash(stored),
      brought_by: by,
      changed_at: Math.floor(this.#state.now()),
      body: JSON.stringify({ draft: stored, reading } satisfies ResultBody),
    });
    this.#tellResult("created", id, at);
    return reading.issue;
  }

  #replace(row: ResultRow, draft: StoredDraft, version: number, by: string, whose: Whose, definition?: LabTest) {
    const { id: result, identity: _identity, report: _report, ...before } = row;
    this.#insertInto("lab_result_versions", { result, ...before });
    const { at, reading } = this.#read(draft, whose, definition);
    this.#write({
      ...row,
      at,
      test: reading.test,
      status: draft.status,
      version,
      edition: row.edition + 1,
      hash: contentHash(draft),
      brought_by: by,
      changed_at: Math.floor(this.#state.now()),
      body: JSON.stringify({ draft, reading } satisfies ResultBody),
    });
    this.#tellResult("updated", row.id, row.at, at);
    return reading.issue;
  }

  #read(draft: StoredDraft, whose: Whose, definition: LabTest | undefined) {
    const when = whenOf(draft.at, this.#state.profile().timeZone);
    if (when === undefined) throw problem("invalid", "The result has no time.");
    return { at: when.at, reading: readResult({ ...draft, identity: "", type: "", version: 0 }, when.at, whose, definition) };
  }

  #write(row: ResultRow): void {
    this.#insertInto("lab_results", row);
  }

  #writeReport(row: Pick<ReportRow, "id" | "identity" | "version" | "edition" | "hash">, body: ReportBody, file: string | null): void {
    const { id, identity, version, edition, hash } = row;
    const when = whenOf(body.draft.at, this.#state.profile().timeZone);
    if (when === undefined) throw problem("invalid", "The report has no time.");
    const changed_at = Math.floor(this.#state.now());
    const { status } = body.draft;
    this.#insertInto("lab_reports", {
      id,
      identity,
      at: when.at,
      status,
      version,
      edition,
      hash,
      changed_at,
      file,
      body: JSON.stringify(body),
    } satisfies ReportRow);
    this.#tellReport(edition === 1 ? "created" : "updated", id);
  }

  /** Lets subscribers know that a result came, changed or went; `at` are the times that it had and has. */
  #tellResult(change: Change, id: string, ...at: readonly number[]): void {
    const [from, to] = [Math.min(...at), Math.max(...at)];
    this.#told("Observation", id, change);
    this.#state.emit({ type: `labs.result.${change}`, about: "lab_result", categories: ["labs"], from, to, n: 1 });
  }

  #tellReport(change: Change, id: string): void {
    this.#told("DiagnosticReport", id, change);
    this.#state.emit({ type: `labs.report.${change}`, about: id, categories: ["labs"] });
  }

  #told(type: LabChange["type"], id: string, change: Change): void {
    for (const listener of this.#listeners) listener({ type, id: labFhirId(id), interaction: INTERACTIONS[change] });
  }

  #insertInto(table: string, row: Readonly<Record<string, string | number | null>>): void {
    const columns = Object.keys(row);
    this.#state.sql.exec(
      `INSERT OR REPLACE INTO ${table} (${columns.join(", ")}) VALUES (${columns.map(() => "?").join(", ")})`,
      ...Object.values(row),
    );
  }

  #remove(row: ResultRow, isRemembered: boolean): void {
    const { sql } = this.#state;
    this.#tellResult("deleted", row.id, row.at);
    sql.exec("DELETE FROM lab_results WHERE id = ?", row.id);
    sql.exec("DELETE FROM lab_result_versions WHERE result = ?", row.id);
    this.#leave(row, isRemembered);
  }

  #removeReport(row: ReportRow, isRemembered: boolean): void {
    this.#tellReport("deleted", row.id);
    this.#state.sql.exec("DELETE FROM lab_reports WHERE id = ?", row.id);
    this.#leave(row, isRemembered);
    if (row.file !== null) this.#files.drop(row.file);
  }

  #leave({ id, identity }: { readonly id: string; readonly identity: string }, isRemembered: boolean): void {
    this.#state.sql.exec("DELETE FROM lab_imports WHERE item = ?", id);
    if (isRemembered)
      this.#state.sql.exec(
        "INSERT OR IGNORE INTO lab_deletions (identity, deleted_at) VALUES (?, ?)",
        identity,
        Math.floor(this.#state.now()),
      );
  }

  #mark(by: string, item: string): void {
    this.#state.sql.exec("INSERT OR IGNORE INTO lab_imports (import, item) VALUES (?, ?)", by, item);
  }

  #isDeleted(identity: string): boolean {
    return this.#state.sql.exec("SELECT 1 FROM lab_deletions WHERE identity = ?", identity).toArray().length > 0;
  }

  #knows(table: "lab_reports" | "lab_results", identity: string): boolean {
    return this.#idOf(table, identity) !== undefined || this.#isDeleted(identity);
  }

  #idOf(table: "lab_reports" | "lab_results", identity: string): string | undefined {
    return this.#state.sql.exec<{ id: string }>(`SELECT id FROM ${table} WHERE identity = ?`, identity).toArray()[0]?.id;
  }

  #result(id: string): ResultRow {
    const [row] = this.#state.sql.exec<ResultRow>("SELECT * FROM lab_results WHERE id = ?", id).toArray();
    if (row === undefined) throw notFound("result");
    return row;
  }

  #report(id: string): ReportRow {
    const [row] = this.#state.sql.exec<ReportRow>("SELECT * FROM lab_reports WHERE id = ?", id).toArray();
    if (row === undefined) throw notFound("report");
    return row;
  }

  #page<R extends ResultRow | ReportRow>(
    table: "lab_results" | "lab_reports",
    equal: Readonly<Record<string, string>>,
    { from = EVER.from, to = EVER.to, limit, after }: Omit<LabQuery, "test" | "report" | "status">,
    show: (row: R) => unknown,
  ): LabPage {
    const conditions = [
      ...Object.keys(equal).map((column) => `${column} = ?`),
      "at >= ?",
      "at < ?",
      ...(after === undefined ? [] : ["(at, id) < (?, ?)"]),
    ];
    const rows = this.#state.sql
      .exec<R>(
        `SELECT * FROM ${table} WHERE ${conditions.join(" AND ")} ORDER BY at DESC, id DESC LIMIT ?`,
        ...Object.values(equal),
        from,
        to,
        ...(after === undefined ? [] : [after.at, after.id]),
        limit + 1,
      )
      .toArray();
    const page = rows.slice(0, limit);
    const last = page.at(-1);
    return { items: JSON.stringify(page.map(show)), next: rows.length > limit && last !== undefined ? { at: last.at, id: last.id } : null };
  }
}

type Change = keyof typeof INTERACTIONS;
const INTERACTIONS = { created: "create", updated: "update", deleted: "delete" } as const;

/** Counts what became of a batch. */
class Books {
  readonly receipt: LabReceipt = { byType: {}, warnings: [] };

  count(type: string, outcome: "accepted" | "duplicate" | "rejected"): void {
    (this.receipt.byType[type] ??= { accepted: 0, duplicate: 0, rejected: 0 })[outcome]++;
  }

  reject(type: string, reason: string): void {
    this.count(type, "rejected");
    this.warn("rejected", reason);
  }

  warn(code: string, detail: string): void {
    const known = this.receipt.warnings.findIndex((one) => one.code === code && one.detail === detail);
    const { count } = this.receipt.warnings[known] ?? { count: 0 };
    this.receipt.warnings.splice(known < 0 ? this.receipt.warnings.length : known, known < 0 ? 0 : 1, { code, detail, count: count + 1 });
  }
}

function storedOf({ identity: _identity, report: _report, type: _type, version: _version, ...draft }: LabDraft): StoredDraft {
  return draft;
}

/** Whether a delivery says nothing new: the same, or what came before. */
function isOld(row: Pick<ResultRow, "hash" | "version" | "status">, next: Pick<ResultRow, "hash" | "version" | "status">): boolean {
  if (row.hash === next.hash) return true;
  if (next.version !== row.version) return next.version < row.version;
  return (RANK[next.status] ?? 1) < (RANK[row.status] ?? 1);
}

function assertEdition(edition: number, wanted: number | undefined): void {
  if (wanted !== undefined && wanted !== edition) throw problem("precondition_failed");
}
