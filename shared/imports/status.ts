import { PROBLEMS, type Problem, type ProblemCode } from "../problem";
import type { ImportKind } from "./kinds";
import type { ImportWarning, TypeCount } from "./tally";

export const IMPORT_STATES = ["waiting", "running", "done", "failed", "cancelled"] as const;
export type ImportState = (typeof IMPORT_STATES)[number];

/** What became of the file, by the types it names itself. */
export interface ImportReport {
  readonly byType: Readonly<Record<string, TypeCount>>;
  readonly warnings: readonly ImportWarning[];
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
  readonly kind: ImportKind;
  readonly fileName: string;
  readonly state: ImportState;
  readonly progress: { readonly done: number; readonly total: number; readonly unit: string };
  readonly createdAt: number;
  readonly finishedAt?: number;
  readonly report?: ImportReport;
  readonly problem?: ImportProblem;
  /** Grows with every change. */
  readonly seq: number;
}

/** An import as its owner sees it, over HTTP and in live messages. */
export interface PublicImport {
  readonly id: string;
  readonly kind: ImportKind;
  readonly fileName: string;
  readonly state: ImportState;
  readonly progress: { readonly done: number; readonly total: number; readonly unit: string };
  readonly createdAt: string;
  readonly finishedAt?: string;
  readonly report?: ImportReport;
  readonly problem?: ImportProblem;
}

/** The public shape of an import. */
export function publicImport({ id, kind, fileName, state, progress, createdAt, finishedAt, report, problem }: ImportStatus): PublicImport {
  return {
    id,
    kind,
    fileName,
    state,
    progress,
    createdAt: new Date(createdAt).toISOString(),
    ...(finishedAt !== undefined && { finishedAt: new Date(finishedAt).toISOString() }),
    ...(report !== undefined && { report }),
    ...(problem !== undefined && { problem }),
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
