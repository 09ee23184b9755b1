import { type ExportCheckpoint, ExportReader } from "./apple/export-reader";
import type { ByteSource } from "./byte-source";
import type { ImportReader } from "./import-reader";
import { type MeridianCheckpoint, MeridianReader } from "./meridian/reader";

/** The files that can be imported. */
export const IMPORT_KINDS = ["apple-health-export", "meridian-export"] as const;
export type ImportKind = (typeof IMPORT_KINDS)[number];

export interface OpenOptions {
  /** Keep what was read before damage in the file, instead of failing. */
  readonly tolerant: boolean;
}

/** Opens a file of a kind, at its beginning or where a checkpoint of the same kind left off. */
export function openImport(kind: ImportKind, source: ByteSource, checkpoint: unknown, options: OpenOptions): ImportReader {
  switch (kind) {
    case "apple-health-export":
      // A checkpoint is handed back by the one object that stored it, for the same kind.
      return new ExportReader(source, checkpoint as ExportCheckpoint | undefined, options);
    case "meridian-export":
      return new MeridianReader(source, checkpoint as MeridianCheckpoint | undefined);
  }
}
