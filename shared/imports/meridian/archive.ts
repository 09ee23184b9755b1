import { createHash } from "node:crypto";
import { FORMAT, MANIFEST, type Manifest, type ManifestFile, manifestSchema } from "../../exports/manifest";
import { problem, type Problem } from "../../problem";
import type { ByteSource } from "../byte-source";
import { type PieceReader, readAll } from "../chunk-reader";
import { listZip } from "../zip/directory";
import type { ZipEntry } from "../zip/entry";
import { openEntry } from "../zip/open";

const LARGEST_MANIFEST = 32 * 1024 * 1024;
/** One file, and all that are read: many times what the largest vault exports. */
const LARGEST_FILE = 16 * 1024 ** 3;
const LARGEST_SUM = 64 * 1024 ** 3;
/** Deflate reaches 1,032. A file's own size, which the manifest states, bounds what it may grow to. */
const RATIO = 1_100;

/** A file of an export that can be read. */
export interface MeridianFile extends ManifestFile {
  readonly entry: ZipEntry;
}

export interface MeridianArchive {
  readonly manifest: Manifest;
  /** The files of JSON lines, in the order of the archive. */
  readonly files: readonly MeridianFile[];
}

/** Opens an export: its directory and its manifest. Problem `file_unreadable` for what is none, with the reason. */
export async function openArchive(source: ByteSource): Promise<MeridianArchive> {
  const listing = await listZip(source);
  if (listing.recovered) throw unreadable("The archive was cut off.");
  if (listing.unsafe > 0) throw unreadable("Names in the archive lead out of it.");
  const entries = new Map(listing.entries.map((entry) => [entry.name, entry]));
  if (entries.size !== listing.entries.length) throw unreadable("Two files in the archive have one name.");
  const manifest = await readManifest(source, entries.get(MANIFEST));
  const names = new Set(manifest.files.map(({ name }) => name));
  if (names.size !== manifest.files.length) throw unreadable("The manifest names a file twice.");
  const files = manifest.files
    .filter(({ format }) => format === "ndjson")
    .map((file): MeridianFile => {
      const entry = entries.get(file.name);
      if (entry === undefined) throw unreadable("A file that the manifest names is missing.");
      if (file.bytes > LARGEST_FILE) throw unreadable("A file of the archive is too large.");
      return { ...file, entry };
    });
  if (files.reduce((sum, { bytes }) => sum + bytes, 0) > LARGEST_SUM) throw unreadable("The archive is too large.");
  return { manifest, files };
}

/** Opens a file for reading; it throws `file_unreadable` where the content is damaged or longer than the manifest says. */
export async function openFile(source: ByteSource, file: MeridianFile): Promise<PieceReader> {
  return await openEntry(source, file.entry, { bytes: file.bytes, ratio: RATIO, ratioFrom: 1024 * 1024 });
}

/** Reads a file to its end and compares it with what the manifest says. Problem `file_unreadable` where it differs. */
export async function proveFile(source: ByteSource, file: MeridianFile): Promise<void> {
  const reader = await openFile(source, file);
  const hash = createHash("sha256");
  let length = 0;
  for (let piece = await reader.read(); piece !== undefined; piece = await reader.read()) {
    hash.update(piece);
    length += piece.length;
  }
  if (length !== file.bytes || hash.digest("hex") !== file.sha256) throw unreadable("A file of the archive is not what the manifest says.");
}

async function readManifest(source: ByteSource, entry: ZipEntry | undefined): Promise<Manifest> {
  if (entry === undefined) throw unreadable("The archive is no export of Meridian: it has no manifest.");
  const bytes = await readAll(
    await openEntry(source, entry, { bytes: LARGEST_MANIFEST, ratio: RATIO, ratioFrom: 1024 * 1024 }),
    LARGEST_MANIFEST,
  );
  const json = parsed(new TextDecoder().decode(bytes ?? new Uint8Array()));
  const manifest = manifestSchema.safeParse(json);
  if (manifest.success) return manifest.data;
  const isOther = typeof json === "object" && json !== null && (json as { format?: unknown }).format === FORMAT;
  throw unreadable(isOther ? "The export has a form that is not known here." : "The archive is no export of Meridian.");
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function unreadable(detail: string): Problem {
  return problem("file_unreadable", detail);
}
