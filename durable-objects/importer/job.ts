import type { CsvMapping } from "../../shared/imports/csv/mapping";
import { type AskedKind, AUTO, importKind, type ImportKind } from "../../shared/imports/kinds";
import type { MappingRow, PreviewState } from "../../shared/imports/preview";
import { IMPORT_STATES, type ImportProblem, type ImportReport, type ImportState, type ImportStatus } from "../../shared/imports/status";
import type { TallyState } from "../../shared/imports/tally";
import type { PersonId } from "../../shared/id";
import type { LabTest } from "../../shared/labs/lab-test";

/** The stored job. */
export interface Job {
  readonly owner: PersonId;
  readonly kind: AskedKind;
  readonly fileName: string;
  readonly state: ImportState;
  readonly done: number;
  readonly total: number;
  readonly seq: number;
  readonly attempts: number;
  readonly report: ImportReport | undefined;
  readonly problem: ImportProblem | undefined;
  readonly fileKept: boolean;
  readonly createdAt: number;
  readonly finishedAt: number | undefined;
  readonly dryRun: boolean;
  readonly mapping: CsvMapping | undefined;
  readonly keptUntil: number | undefined;
  readonly removed: number | undefined;
}

/** What the person wants beyond the plain reading of a file. */
export interface ImportOptions {
  readonly dryRun?: boolean;
  /** How the columns of a table are to be read. */
  readonly mapping?: CsvMapping;
  /** Tests that administrators of the region added: results are matched to them too. */
  readonly labTests?: readonly LabTest[];
}

/** What is known of an import that has ended, as it goes to the object of another region. */
export type ImportBooks = Pick<
  Job,
  "kind" | "fileName" | "state" | "done" | "total" | "seq" | "report" | "problem" | "createdAt" | "finishedAt" | "dryRun" | "removed"
>;

// oxlint-disable-next-line typescript/consistent-type-definitions -- rows of SQLite need an index signature, which interfaces lack
type JobRow = {
  owner: string;
  kind: string;
  file_name: string;
  state: string;
  done: number;
  total: number;
  seq: number;
  attempts: number;
  report: string | null;
  problem: string | null;
  file_kept: number;
  created_at: number;
  finished_at: number | null;
  dry_run: number;
  mapping: string | null;
  kept_until: number | null;
  removed: number | null;
};

/** Characters per part of a checkpoint: below the platform's 2 MB for a row whatever the text holds. */
const PART_CHARACTERS = 600_000;

/** The tables of one import. Every change of what watchers see raises `seq`. */
export class JobStore {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  create(
    owner: PersonId,
    kind: AskedKind,
    fileName: string,
    total: number,
    now: number,
    { dryRun = false, mapping, labTests = [] }: ImportOptions,
  ): void {
    this.#sql.exec(
      `INSERT INTO job (one, owner, kind, file_name, state, total, created_at, dry_run, mapping, lab_tests)
       VALUES (1, ?, ?, ?, 'waiting', ?, ?, ?, ?, ?)`,
      owner,
      kind,
      fileName,
      total,
      now,
      dryRun ? 1 : 0,
      mapping === undefined ? null : JSON.stringify(mapping),
      labTests.length === 0 ? null : JSON.stringify(labTests),
    );
  }

  /** The tests that administrators had added. */
  labTests(): readonly LabTest[] {
    const [row] = this.#sql.exec<{ lab_tests: string | null }>("SELECT lab_tests FROM job").toArray();
    return row === undefined || row.lab_tests === null ? [] : (JSON.parse(row.lab_tests) as LabTest[]);
  }

  read(): Job | undefined {
    const [row] = this.#sql.exec<JobRow>("SELECT * FROM job").toArray();
    if (row === undefined) return undefined;
    return {
      owner: row.owner as PersonId,
      kind: importKind(row.kind) ?? AUTO,
      fileName: row.file_name,
      state: IMPORT_STATES.find((state) => state === row.state) ?? "failed",
      done: row.done,
      total: row.total,
      seq: row.seq,
      attempts: row.attempts,
      report: row.report === null ? undefined : (JSON.parse(row.report) as ImportReport),
      problem: row.problem === null ? undefined : (JSON.parse(row.problem) as ImportProblem),
      fileKept: row.file_kept === 1,
      createdAt: row.created_at,
      finishedAt: row.finished_at ?? undefined,
      dryRun: row.dry_run === 1,
      mapping: row.mapping === null ? undefined : (JSON.parse(row.mapping) as CsvMapping),
      keptUntil: row.kept_until ?? undefined,
      removed: row.removed ?? undefined,
    };
  }

  /** The books of an import that has ended. A dry run ends here: its file stays behind, and what it showed with it. */
  books(): ImportBooks | undefined {
    const job = this.read();
    if (job === undefined || job.state === "waiting" || job.state === "running") return undefined;
    const { kind, fileName, state, done, total, seq, report, problem, createdAt, finishedAt, dryRun, removed } = job;
    const told = { kind, fileName, done, total, seq, problem, createdAt, finishedAt, dryRun, removed };
    return state === "previewed" ? { ...told, state: "cancelled", report: undefined } : { ...told, state, report };
  }

  /** Writes the books that another object has handed over. */
  arrive(owner: PersonId, books: ImportBooks): void {
    const json = (value: unknown): string | null => (value === undefined ? null : JSON.stringify(value));
    this.#sql.exec(
      `INSERT INTO job (one, owner, kind, file_name, state, done, total, seq, report, problem, file_kept, created_at, finished_at, dry_run, removed)
       VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?)`,
      owner,
      books.kind,
      books.fileName,
      books.state,
      books.done,
      books.total,
      books.seq,
      json(books.report),
      json(books.problem),
      books.createdAt,
      books.finishedAt ?? null,
      books.dryRun ? 1 : 0,
      books.removed ?? null,
    );
  }

  start(total: number, now: number): void {
    this.#sql.exec("UPDATE job SET state = 'running', total = ?, started_at = ?, seq = seq + 1", total, now);
  }

  /** Says of which kind the file turned out to be. */
  recognised(kind: ImportKind): void {
    this.#sql.exec("UPDATE job SET kind = ?, seq = seq + 1", kind);
  }

  /** Reads the file of a dry run again from its beginning: as it is to be stored, or with another mapping. */
  begin(next: { readonly dryRun: boolean; readonly mapping?: unknown }): void {
    this.#sql.exec(
      `UPDATE job SET state = 'running', dry_run = ?, mapping = coalesce(?, mapping), done = 0, attempts = 0, report = NULL, problem = NULL,
         preview = NULL, kept_until = NULL, finished_at = NULL, seq = seq + 1`,
      next.dryRun ? 1 : 0,
      next.mapping === undefined ? null : JSON.stringify(next.mapping),
    );
    this.#sql.exec("DELETE FROM checkpoint");
  }

  /** Books progress with the point to go on from, or without one inside a unit that has none. */
  advance(done: number, total: number, report: ImportReport, checkpoint: unknown, preview: PreviewState | undefined): void {
    this.#sql.exec("UPDATE job SET done = ?, total = ?, report = ?, seq = seq + 1", done, total, JSON.stringify(report));
    if (checkpoint === undefined) return;
    const text = JSON.stringify(checkpoint);
    this.#sql.exec("UPDATE job SET attempts = 0, preview = ?", preview === undefined ? null : JSON.stringify(preview));
    this.#sql.exec("DELETE FROM checkpoint");
    for (let part = 0; part * PART_CHARACTERS < text.length; part++) {
      this.#sql.exec(
        "INSERT INTO checkpoint (part, text) VALUES (?, ?)",
        part,
        text.slice(part * PART_CHARACTERS, (part + 1) * PART_CHARACTERS),
      );
    }
  }

  /** What the dry run had counted at the last checkpoint. */
  preview(): PreviewState | undefined {
    const [row] = this.#sql.exec<{ preview: string | null }>("SELECT preview FROM job").toArray();
    return row?.preview === null || row === undefined ? undefined : (JSON.parse(row.preview) as PreviewState);
  }

  /** The last checkpoint, or undefined at the beginning. */
  checkpoint(): unknown {
    const parts = this.#sql.exec<{ text: string }>("SELECT text FROM checkpoint ORDER BY part").toArray();
    return parts.length === 0 ? undefined : (JSON.parse(parts.map((part) => part.text).join("")) as unknown);
  }

  noteAttempt(): void {
    this.#sql.exec("UPDATE job SET attempts = attempts + 1");
  }

  finish(state: "done" | "failed" | "cancelled" | "undone", now: number, why?: ImportProblem): void {
    this.#sql.exec(
      "UPDATE job SET state = ?, problem = ?, finished_at = ?, kept_until = NULL, preview = NULL, seq = seq + 1",
      state,
      why === undefined ? null : JSON.stringify(why),
      now,
    );
    this.#sql.exec("DELETE FROM checkpoint");
  }

  /** Ends a dry run; its file is kept until then. */
  previewed(until: number): void {
    this.#sql.exec("UPDATE job SET state = 'previewed', kept_until = ?, preview = NULL, seq = seq + 1", until);
    this.#sql.exec("DELETE FROM checkpoint");
  }

  /** Begins to take back what the import brought. */
  undo(): void {
    this.#sql.exec("UPDATE job SET state = 'undoing', removed = 0, attempts = 0, seq = seq + 1");
  }

  /** Counts what has been taken back. */
  removed(more: number): void {
    this.#sql.exec("UPDATE job SET removed = coalesce(removed, 0) + ?, attempts = 0, seq = seq + 1", more);
  }

  fileDeleted(): void {
    this.#sql.exec("UPDATE job SET file_kept = 0");
  }
}

/** A job as its owner sees it. */
export function statusOf(id: string, job: Job): ImportStatus {
  const { kind, fileName, state, dryRun, done, total, createdAt, finishedAt, keptUntil, report, problem, removed, seq } = job;
  return {
    id,
    kind,
    fileName,
    state,
    dryRun,
    progress: { done, total, unit: "By" },
    createdAt,
    ...(finishedAt !== undefined && { finishedAt }),
    ...(keptUntil !== undefined && { keptUntil }),
    ...(report !== undefined && { report }),
    ...(problem !== undefined && { problem }),
    ...(removed !== undefined && { undone: { removed } }),
    seq,
  };
}

/** What is shown of an import's books; the mapping belongs to a dry run. */
export function reportOf(
  { byType, warnings }: TallyState,
  columns: CsvMapping | undefined,
  mapping: readonly MappingRow[] | undefined,
): ImportReport {
  return { byType, warnings, ...(mapping !== undefined && { mapping }), ...(columns !== undefined && { columns }) };
}
