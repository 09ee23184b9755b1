import { PROBLEMS, type Problem, type ProblemCode } from "../problem";
import type { CsvMapping } from "./csv/mapping";
import type { AskedKind } from "./kinds";
import type { MappingRow } from "./preview";
import type { ImportWarning, TypeCount } from "./tally";

/**
 * `previewed` follows a dry run and waits for the person; `undoing` and `undone` follow the wish to take back what an import brought.
 */
export const IMPORT_STATES = ["waiting", "running", "previewed", "done", "failed", "cancelled", "undoing", "undone"] as const;
export type ImportState = (typeof IMPORT_STATES)[number];

/** What became of the file, by the types it names itself. */
export interface ImportReport {
  readonly byType: Readonly<Record<string, TypeCount>>;
  readonly warnings: readonly ImportWarning[];
  /** What a dry run found that each type would become. */
  readonly mapping?: readonly MappingRow[];
  /** How the columns of a table were read, or are proposed to be. */
  readonly columns?: CsvMapping;
}

/** Why an import failed: the part of a problem that is kept. */
export interface ImportProblem {
  readonly code: ProblemCode;
  readonly title: string;
  readonly status: number;
  readonly detail?: string;
}

/** An import inside Meridian: times in epoch milliseconds. */
export interface ImportStatus {
  readonly id: string;
  readonly kind: AskedKind;
  readonly fileName: string;
  readonly state: ImportState;
  /** Nothing is stored until the person has confirmed. */
  readonly dryRun: boolean;
  readonly progress: { readonly done: number; readonly total: number; readonly unit: string };
  readonly createdAt: number;
  readonly finishedAt?: number;
  /** Until when a dry run can be confirmed. */
  readonly keptUntil?: number;
  readonly report?: ImportReport;
  readonly problem?: ImportProblem;
  /** Readings, sessions and workouts that were taken back. */
  readonly undone?: { readonly removed: number };
  /** Grows with every change. */
  readonly seq: number;
}

/** An import as its owner sees it, over HTTP and in live messages. */
export interface PublicImport {
  readonly id: string;
  readonly kind: AskedKind;
  readonly fileName: string;
  readonly state: ImportState;
  readonly dryRun: boolean;
  readonly progress: { readonly done: number; readonly total: number; readonly unit: string };
  readonly createdAt: string;
  readonly finishedAt?: string;
  readonly keptUntil?: string;
  readonly report?: ImportReport;
  readonly problem?: ImportProblem;
  readonly undone?: { readonly removed: number };
}

/** The public shape of an import. */
export function publicImport({ seq: _seq, createdAt, finishedAt, keptUntil, ...rest }: ImportStatus): PublicImport {
  return {
    ...rest,
    createdAt: new Date(createdAt).toISOString(),
    ...(finishedAt !== undefined && { finishedAt: new Date(finishedAt).toISOString() }),
    ...(keptUntil !== undefined && { keptUntil: new Date(keptUntil).toISOString() }),
  };
}

/** What is kept of a problem. */
export function keptProblem({ code, detail }: Pick<Problem, "code" | "detail">): ImportProblem {
  const [status, title] = PROBLEMS[code];
  return { code, title, status, ...(detail !== undefined && { detail }) };
}

/** Where an uploaded file lies in the region's bucket: the opaque id of its import and nothing else. */
export function uploadKey(id: string): string {
  return `imports/${id}`;
}

/** Where lies what a packed upload holds, while it is read here and there. */
export function unpackedKey(id: string): string {
  return `${uploadKey(id)}/unpacked`;
}
