import { problem } from "../../problem";
import type { ByteSource } from "../byte-source";
import { ChunkReader, type PieceReader } from "../chunk-reader";
import { type Head, HEAD_BYTES, headOf, isDocument, lookAtHead } from "../look";
import { encodingOf } from "../text";
import { listZip } from "../zip/directory";
import type { ZipEntry } from "../zip/entry";
import { openEntry, type ZipLimits } from "../zip/open";

/** One document of a file: the file itself, or an entry of an archive. */
export interface Document {
  /** File name, or path in the archive. */
  readonly name: string;
  /** Bytes as far as they are told. */
  readonly size: number;
  /** The beginning of the document. */
  head(): Promise<Head>;
  /** The document from its beginning. */
  open(): Promise<PieceReader>;
}

/** Limits against archives that are made to overwhelm. Tables and JSON of sensors reach about 40 bytes out per byte in. */
const LIMITS: ZipLimits = { bytes: 8 * 1024 ** 3, ratio: 1_000, ratioFrom: 1024 * 1024 };
const MOST_BYTES = 32 * 1024 ** 3;
const MOST_DOCUMENTS = 100_000;

export interface Documents {
  readonly list: readonly Document[];
  /** Entries that were passed over because their names lead out of the archive. */
  readonly unsafe: number;
}

/** The documents of a file. Problem `file_unreadable` for an archive that cannot be listed or is too large. */
export async function openDocuments(source: ByteSource, fileName: string): Promise<Documents> {
  if (source.size === 0) throw problem("file_unreadable", "The file is empty.");
  const first = await source.read(0, Math.min(HEAD_BYTES, source.size));
  if (!lookAtHead(fileName, first).isZip) {
    const open = async (): Promise<PieceReader> => new ChunkReader(await source.stream(0, source.size));
    return { list: [{ name: fileName, size: source.size, head: () => Promise.resolve(headOf(fileName, first)), open }], unsafe: 0 };
  }
  const listing = await listZip(source);
  const entries = listing.entries.filter(isDocument);
  if (entries.length === 0) throw problem("file_unreadable", "The archive is empty.");
  if (entries.length > MOST_DOCUMENTS) throw problem("file_unreadable", "The archive has too many files.");
  if (entries.reduce((sum, { size }) => sum + (size ?? 0), 0) > MOST_BYTES) throw problem("file_unreadable", "The archive is too large.");
  // In an order that does not depend on how the archive was written.
  const sorted = entries.toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  return { list: sorted.map((entry) => entryDocument(source, entry)), unsafe: listing.unsafe };
}

function entryDocument(source: ByteSource, entry: ZipEntry): Document {
  const open = (): Promise<PieceReader> => openEntry(source, entry, LIMITS);
  const head = async (): Promise<Head> => {
    const reader = await open();
    const piece = await reader.read();
    const bytes = piece?.slice(0, HEAD_BYTES) ?? new Uint8Array();
    await reader.cancel();
    return headOf(entry.name, bytes);
  };
  return { name: entry.name, size: entry.size ?? entry.compressedSize, head, open };
}

/** The text of a document, piece by piece, in whatever encoding it is. */
export async function* textOf(document: Document): AsyncGenerator<string, void> {
  const reader = await document.open();
  try {
    let decoder: TextDecoder | undefined;
    for (let piece = await reader.read(); piece !== undefined; piece = await reader.read()) {
      if (piece.length === 0) continue;
      decoder ??= new TextDecoder(encodingOf((await document.head()).bytes));
      const text = decoder.decode(piece, { stream: true });
      if (text !== "") yield text;
    }
    const rest = decoder?.decode() ?? "";
    if (rest !== "") yield rest;
  } finally {
    await reader.cancel();
  }
}
