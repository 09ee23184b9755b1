import { problem } from "../../problem";
import type { ByteSource } from "../byte-source";
import { ChunkReader, type PieceReader } from "../chunk-reader";
import type { Tally } from "../tally";
import { listZip } from "../zip/directory";
import type { ZipEntry } from "../zip/entry";
import { gunzip, openEntry, type ZipLimits } from "../zip/open";

/** A file that may hold workouts, alone or in an archive. */
export interface SourceFile {
  /** Bytes that it takes in the upload. */
  readonly bytes: number;
  open(): Promise<PieceReader>;
}

export interface FileSet {
  readonly files: readonly SourceFile[];
  readonly isArchive: boolean;
}

const MEGABYTE = 1024 ** 2;
/** Days of XML at a point a second; text of this kind shrinks about 30-fold. */
const LIMITS: ZipLimits = { bytes: 2048 * MEGABYTE, ratio: 300, ratioFrom: 16 * MEGABYTE };
const ZIP_MAGIC = 0x04034b50;
const ZIP_EMPTY = 0x06054b50;
const WORKOUT_NAME = /\.(?:fit|tcx|gpx)(?:\.gz)?$/i;
const ARCHIVE_NAME = /\.(?:zip|tar|tgz|7z|rar)$/i;

/** Whether the names of an archive's files say that it holds workouts. */
export function holdsWorkouts(names: Iterable<string>): boolean {
  for (const name of names) if (WORKOUT_NAME.test(name) && !isNoise(name)) return true;
  return false;
}

/** Whether bytes begin as a file of gzip does. */
export function isGzip(head: Uint8Array): boolean {
  return head[0] === 0x1f && head[1] === 0x8b;
}

/**
 * The files of an upload: itself, what it becomes when it is unpacked, or those of an archive whose names say that they hold workouts.
 * Throws a Problem `file_unreadable` for an upload without any. Warnings go to `tally`, where one is given.
 */
export async function filesOf(source: ByteSource, tally: Tally | undefined): Promise<FileSet> {
  if (source.size === 0) throw problem("file_unreadable", "The file is empty.");
  const head = await source.read(0, Math.min(4, source.size));
  const magic = head.length < 4 ? 0 : new DataView(head.buffer, head.byteOffset).getUint32(0, true);
  if (magic === ZIP_EMPTY) throw problem("file_unreadable", "The archive is empty.");
  if (magic === ZIP_MAGIC) return await openArchive(source, tally);
  const whole = async (): Promise<PieceReader> => new ChunkReader(await source.stream(0, source.size));
  const open = isGzip(head) ? async () => gunzip(await whole(), source.size, LIMITS) : whole;
  return { files: [{ bytes: source.size, open }], isArchive: false };
}

async function openArchive(source: ByteSource, tally: Tally | undefined): Promise<FileSet> {
  const listing = await listZip(source);
  const entries = listing.entries.filter(({ name }) => !isNoise(name));
  const read = entries.filter(({ name }) => WORKOUT_NAME.test(name));
  if (read.length === 0) throw problem("file_unreadable", "The archive holds no FIT, TCX or GPX files.");
  if (listing.unsafe > 0) tally?.warn("unsafe_name", "Files whose names lead out of the archive were left out.", listing.unsafe);
  if (listing.recovered) tally?.warn("truncated_archive", "The archive has lost its directory; what could be found was read.");
  const archives = entries.filter(({ name }) => ARCHIVE_NAME.test(name)).length;
  if (archives > 0) tally?.warn("archive_in_archive", "Archives in the archive were not opened; import them by themselves.", archives);
  const others = entries.length - read.length - archives;
  if (others > 0) tally?.warn("other_files", "Files of other kinds in the archive were left out.", others);
  return { files: read.map((entry) => ({ bytes: entry.compressedSize, open: () => openFile(source, entry) })), isArchive: true };
}

async function openFile(source: ByteSource, entry: ZipEntry): Promise<PieceReader> {
  const reader = await openEntry(source, entry, LIMITS);
  return /\.gz$/i.test(entry.name) ? gunzip(reader, entry.size ?? entry.compressedSize, LIMITS) : reader;
}

function isNoise(name: string): boolean {
  return name.endsWith("/") || name.split("/").some((step) => step === "__MACOSX" || step.startsWith("."));
}
