import type { ByteSource } from "./byte-source";
import { readAll } from "./chunk-reader";
import { decodeHead } from "./text";
import { listZip } from "./zip/directory";
import type { ZipEntry } from "./zip/entry";
import { openEntry } from "./zip/open";

/** How much of a file is looked at: enough to see the root element behind the long document type of an export. */
export const HEAD_BYTES = 32 * 1024;
/** Entries of an archive whose beginnings are looked at, and how much of each. */
const MOST_HEADS = 24;
const ENTRY_HEAD_BYTES = 4 * 1024;

const ZIP = [0x50, 0x4b] as const;

/** The beginning of one document, as a recogniser sees it. */
export interface Head {
  /** File name, or path in the archive; empty where it was not told. */
  readonly name: string;
  readonly bytes: Uint8Array;
  /** The same as text, without a byte order mark; empty where it is no text. The last character may be cut off. */
  readonly text: string;
}

/** What a file shows of itself before it is read. */
export interface Look extends Head {
  readonly isZip: boolean;
  /** Paths in the archive, without folders; undefined for other files, and for archives that have not arrived yet. */
  readonly entries: readonly string[] | undefined;
  /** Beginnings of some documents of the archive. */
  readonly heads: readonly Head[];
}

/** The look of a file whose first bytes have arrived. */
export function lookAtHead(name: string, bytes: Uint8Array): Look {
  const isZip = ZIP.every((byte, i) => bytes[i] === byte);
  return { ...headOf(name, bytes), isZip, entries: undefined, heads: [] };
}

/** The look of a whole file; an archive is listed. Problem `file_unreadable` for an archive that cannot be. */
export async function lookAt(name: string, source: ByteSource): Promise<Look> {
  const look = lookAtHead(name, await source.read(0, Math.min(HEAD_BYTES, source.size)));
  if (!look.isZip) return look;
  const { entries } = await listZip(source);
  const files = entries.filter(isDocument);
  const heads: Head[] = [];
  for (const entry of files.slice(0, MOST_HEADS)) {
    const head = await entryHead(source, entry);
    if (head !== undefined) heads.push(head);
  }
  return { ...look, entries: files.map((entry) => entry.name), heads };
}

/** Whether an entry is a document of somebody's, and no folder and nothing that a computer left there. */
export function isDocument({ name }: Pick<ZipEntry, "name">): boolean {
  return !name.endsWith("/") && !/(?:^|\/)(?:__MACOSX\/|\._|\.DS_Store$|Thumbs\.db$)/.test(name);
}

/** Every document that a recogniser may judge: the file itself, or those of the archive that were opened. */
export function headsOf(look: Look): readonly Head[] {
  return look.isZip ? look.heads : [look];
}

export function headOf(name: string, bytes: Uint8Array): Head {
  return { name, bytes, text: decodeHead(bytes) };
}

async function entryHead(source: ByteSource, entry: ZipEntry): Promise<Head | undefined> {
  try {
    const reader = await openEntry(source, entry, { bytes: Number.POSITIVE_INFINITY, ratio: 1_100, ratioFrom: 1024 * 1024 });
    const parts: Uint8Array[] = [];
    let length = 0;
    for (let piece = await reader.read(); piece !== undefined && length < ENTRY_HEAD_BYTES; piece = await reader.read()) {
      parts.push(piece.slice(0, ENTRY_HEAD_BYTES - length));
      length += parts.at(-1)!.length;
    }
    await reader.cancel();
    let at = 0;
    const bytes =
      (await readAll({ read: () => Promise.resolve(parts[at++]), cancel: () => Promise.resolve() }, length)) ?? new Uint8Array();
    return headOf(entry.name, bytes);
  } catch {
    // What cannot be opened is judged by its name, and refused when it is read.
    return undefined;
  }
}
