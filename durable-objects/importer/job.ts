import { IMPORT_KINDS, type ImportKind } from "../../shared/imports/kinds";
import { IMPORT_STATES, type ImportProblem, type ImportReport, type ImportState, type ImportStatus } from "../../shared/imports/status";
import type { TallyState } from "../../shared/imports/tally";
import type { PersonId } from "../../shared/id";

/** The stored job. */
export interface Job {
  readonly owner: PersonId;
  readonly kind: ImportKind;
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
}

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
};

/** Characters per part of a checkpoint: below the platform's 2 MB for a row whatever the text holds. */
const PART_CHARACTERS = 600_000;

/** The tables of one import. Every change of what watchers see raises `seq`. */
export class JobStore {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  create(owner: PersonId, kind: ImportKind, fileName: string, total: number, now: number): void {
    this.#sql.exec(
      "INSERT INTO job (one, owner, kind, file_name, state, total, created_at) VALUES (1, ?, ?, ?, 'waiting', ?, ?)",
      owner,
      kind,
      fileName,
      total,
      now,
    );
  }

  read(): Job | undefined {
    const [row] = this.#sql.exec<JobRow>("SELECT * FROM job").toArray();
    if (row === undefined) return undefined;
    return {
      owner: row.owner as PersonId,
      kind: IMPORT_KINDS.find((kind) => kind === row.kind) ?? "apple-health-export",
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
    };
  }

  start(total: number, now: number): void {
    this.#sql.exec("UPDATE job SET state = 'running', total = ?, started_at = ?, seq = seq + 1", total, now);
  }

  /** Books progress with the point to go on from, or without one inside a unit that has none. */
  advance(done: number, total: number, tally: TallyState, checkpoint: unknown): void {
    this.#sql.exec("UPDATE job SET done = ?, total = ?, report = ?, seq = seq + 1", done, total, reportText(tally));
    if (checkpoint === undefined) return;
    const text = JSON.stringify(checkpoint);
    this.#sql.exec("UPDATE job SET attempts = 0");
    this.#sql.exec("DELETE FROM checkpoint");
    for (let part = 0; part * PART_CHARACTERS < text.length; part++) {
      this.#sql.exec(
        "INSERT INTO checkpoint (part, text) VALUES (?, ?)",
        part,
        text.slice(part * PART_CHARACTERS, (part + 1) * PART_CHARACTERS),
      );
    }
  }

  /** The last checkpoint, or undefined at the beginning. */
  checkpoint(): unknown {
    const parts = this.#sql.exec<{ text: string }>("SELECT text FROM checkpoint ORDER BY part").toArray();
    return parts.length === 0 ? undefined : (JSON.parse(parts.map((part) => part.text).join("")) as unknown);
  }

  noteAttempt(): void {
    this.#sql.exec("UPDATE job SET attempts = attempts + 1");
  }

  finish(state: "done" | "failed" | "cancelled", now: number, why?: ImportProblem): void {
    this.#sql.exec(
      "UPDATE job SET state = ?, problem = ?, finished_at = ?, seq = seq + 1",
      state,
      why === undefined ? null : JSON.stringify(why),
      now,
    );
    this.#sql.exec("DELETE FROM checkpoint");
  }

  fileDeleted(): void {
    this.#sql.exec("UPDATE job SET file_kept = 0");
  }
}

/** A job as its owner sees it. */
export function statusOf(id: string, job: Job): ImportStatus {
  const { kind, fileName, state, done, total, createdAt, finishedAt, report, problem, seq } = job;
  return {
    id,
    kind,
    fileName,
    state,
    progress: { done, total, unit: "By" },
    createdAt,
    ...(finishedAt !== undefined && { finishedAt }),
    ...(report !== undefined && { report }),
    ...(problem !== undefined && { problem }),
    seq,
  };
}

function reportText({ byType, warnings }: TallyState): string {
  return JSON.stringify({ byType, warnings } satisfies ImportReport);
}
