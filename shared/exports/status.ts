import type { ImportProblem } from "../imports/status";

export const EXPORT_STATES = ["running", "done", "failed", "cancelled", "expired"] as const;
export type ExportState = (typeof EXPORT_STATES)[number];

/** The finished file. Times in epoch milliseconds. */
export interface ExportFile {
  readonly bytes: number;
  readonly sha256: string;
  readonly records: number;
  readonly expiresAt: number;
}

/** An export inside Meridian: times in epoch milliseconds. */
export interface ExportStatus {
  readonly id: string;
  readonly state: ExportState;
  readonly progress: { readonly done: number; readonly total: number; readonly unit: string };
  readonly createdAt: number;
  readonly finishedAt?: number;
  readonly file?: ExportFile;
  readonly problem?: ImportProblem;
  /** Grows with every change. */
  readonly seq: number;
}

/** An export as its owner sees it, over HTTP and in events. */
export interface PublicExport {
  readonly id: string;
  readonly state: ExportState;
  readonly progress: { readonly done: number; readonly total: number; readonly unit: string };
  readonly createdAt: string;
  readonly finishedAt?: string;
  readonly result?: {
    readonly url: string;
    readonly name: string;
    readonly bytes: number;
    readonly sha256: string;
    readonly records: number;
    readonly expiresAt: string;
  };
  readonly problem?: ImportProblem;
}

/** The public shape of an export. */
export function publicExport({ id, state, progress, createdAt, finishedAt, file, problem }: ExportStatus): PublicExport {
  return {
    id,
    state,
    progress,
    createdAt: new Date(createdAt).toISOString(),
    ...(finishedAt !== undefined && { finishedAt: new Date(finishedAt).toISOString() }),
    ...(file !== undefined && {
      result: {
        url: `/v1/me/exports/${id}/file`,
        name: archiveName(createdAt),
        bytes: file.bytes,
        sha256: file.sha256,
        records: file.records,
        expiresAt: new Date(file.expiresAt).toISOString(),
      },
    }),
    ...(problem !== undefined && { problem }),
  };
}

/** What the archive is called when it is saved. */
export function archiveName(createdAt: number): string {
  return `meridian-export-${new Date(createdAt).toISOString().slice(0, 10)}.zip`;
}

/** Where the archive lies in the region's bucket: the opaque id of its export and nothing else. */
export function exportKey(id: string): string {
  return `exports/${id}`;
}

/** Facts of an account that lie outside of the vault, as the Worker hands them over when an export begins. */
export interface AccountFacts {
  readonly kind: string;
  readonly columns: readonly string[];
  readonly records: readonly Readonly<Record<string, unknown>>[];
}
