import { appleRefusal, isAppleExport } from "./apple/recognise";
import { type ExportCheckpoint, ExportReader } from "./apple/export-reader";
import type { ByteSource } from "./byte-source";
import { CLINICAL_KINDS } from "./clinical/kinds";
import { TABLE_KINDS } from "./documents/kinds";
import { FIT } from "./fit/format";
import { GPX } from "./gpx/format";
import { type HealthConnectCheckpoint, HealthConnectReader } from "./health-connect/reader";
import { healthConnectRefusal, isHealthConnectExport } from "./health-connect/recognise";
import type { ImportReader } from "./import-reader";
import type { KindRow, OpenOptions } from "./kind-row";
import type { Look } from "./look";
import { isMeridianExport, meridianRefusal } from "./meridian/recognise";
import { type MeridianCheckpoint, MeridianReader } from "./meridian/reader";
import { TCX } from "./tcx/format";
import { type WorkoutCheckpoint, WorkoutReader } from "./workouts/reader";
import { isWorkoutArchive, isWorkoutFile, workoutRefusal } from "./workouts/recognise";

/** The files that can be imported. */
const ROWS = [
  {
    kind: "apple-health-export",
    title: "Apple Health export (zip or XML)",
    recognise: isAppleExport,
    refuse: appleRefusal,
    // A checkpoint is handed back by the one object that stored it, for the same kind.
    open: (source, checkpoint, options) => new ExportReader(source, checkpoint as ExportCheckpoint | undefined, options),
  },
  {
    kind: "meridian-export",
    title: "Export of Meridian (zip)",
    recognise: isMeridianExport,
    refuse: meridianRefusal,
    open: (source, checkpoint) => new MeridianReader(source, checkpoint as MeridianCheckpoint | undefined),
  },
  {
    kind: "health-connect",
    title: "Health Connect export of an Android phone (zip or its database)",
    recognise: isHealthConnectExport,
    refuse: healthConnectRefusal,
    open: (source, checkpoint, options) => new HealthConnectReader(source, checkpoint as HealthConnectCheckpoint | undefined, options),
  },
  {
    kind: "fit",
    title: "FIT file of a watch, bicycle computer or scale",
    recognise: isWorkoutFile(FIT),
    refuse: workoutRefusal([FIT]),
    open: (source, checkpoint, options) => new WorkoutReader(source, FIT, checkpoint as WorkoutCheckpoint | undefined, options),
  },
  {
    kind: "tcx",
    title: "TCX file of workouts",
    recognise: isWorkoutFile(TCX),
    refuse: workoutRefusal([TCX]),
    open: (source, checkpoint, options) => new WorkoutReader(source, TCX, checkpoint as WorkoutCheckpoint | undefined, options),
  },
  {
    kind: "gpx",
    title: "GPX file of tracks",
    recognise: isWorkoutFile(GPX),
    refuse: workoutRefusal([GPX]),
    open: (source, checkpoint, options) => new WorkoutReader(source, GPX, checkpoint as WorkoutCheckpoint | undefined, options),
  },
  {
    kind: "workout-files",
    title: "Archive of FIT, TCX and GPX files (zip), or one of them packed by gzip",
    recognise: isWorkoutArchive,
    refuse: workoutRefusal(),
    open: (source, checkpoint, options) => new WorkoutReader(source, undefined, checkpoint as WorkoutCheckpoint | undefined, options),
  },
  // Before other tables: one of laboratory results says more of itself.
  ...CLINICAL_KINDS,
  ...TABLE_KINDS,
] as const satisfies readonly KindRow[];

export type ImportKind = (typeof ROWS)[number]["kind"];

/** To be recognised from the file itself. */
export const AUTO = "auto";
export type AskedKind = ImportKind | typeof AUTO;

const KINDS: readonly (KindRow & { readonly kind: ImportKind })[] = ROWS;
export const IMPORT_KINDS = KINDS.map(({ kind }) => kind) as [ImportKind, ...ImportKind[]];

/** The kind of a name, or undefined. */
export function importKind(name: string): ImportKind | undefined {
  return KINDS.find(({ kind }) => kind === name)?.kind;
}

/** Opens a file of a kind, at its beginning or where a checkpoint of the same kind left off. */
export function openImport(kind: ImportKind, source: ByteSource, checkpoint: unknown, options: OpenOptions): ImportReader {
  const row = KINDS.find((one) => one.kind === kind);
  if (row === undefined) throw new RangeError("an import is of no kind");
  return row.open(source, checkpoint, options);
}

/** The kind that a file looks like, or undefined. An archive is recognised once it is there as a whole. */
export function recogniseImport(look: Look): ImportKind | undefined {
  return KINDS.find((row) => row.recognise(look))?.kind;
}

/** What can be imported, for people who sent something else. */
export function supportedKinds(): string {
  return `The file is of no kind that can be imported. Supported: ${KINDS.map(({ title }) => title).join("; ")}.`;
}

/**
 * What is wrong with a file as far as its first bytes tell (any number of them, the more the better), or undefined where it may be
 * what it is said to be. The text is shown to people.
 */
export function refuseLook(asked: AskedKind, look: Look): string | undefined {
  if (look.bytes.length === 0) return "The file is empty.";
  if (look.isZip && look.bytes[2] === 5 && look.bytes[3] === 6) return "The archive is empty.";
  if (asked !== AUTO) return KINDS.find(({ kind }) => kind === asked)?.refuse?.(look.bytes);
  return look.isZip || recogniseImport(look) !== undefined ? undefined : supportedKinds();
}
