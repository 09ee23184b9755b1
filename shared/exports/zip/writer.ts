import { joined } from "../../bytes";
import { constants, crc32, deflateRawSync } from "node:zlib";

/**
 * An archive that is written piece by piece, so that writing can stop anywhere between two pieces and go on elsewhere: every piece is
 * compressed by itself up to a byte boundary, and what is needed to go on is plain data. Entries are deflated, named in UTF-8, and say
 * their sizes in 64 bits behind the data.
 */
export interface OpenEntry {
  readonly name: string;
  readonly offset: number;
  readonly crc: number;
  /** Bytes before and after compression. */
  readonly size: number;
  readonly compressedSize: number;
}

const LOCAL_HEADER = 0x04034b50;
const CENTRAL_HEADER = 0x02014b50;
const DATA_DESCRIPTOR = 0x08074b50;
const END = 0x06054b50;
const ZIP64_END = 0x06064b50;
const ZIP64_LOCATOR = 0x07064b50;
/** Sizes follow the data; the name is UTF-8. */
const FLAGS = 0x0808;
const DEFLATE = 8;
const VERSION = 45;
/** Made on Unix; a plain file that its owner may read and write. */
const MADE_BY = (3 << 8) | VERSION;
const ATTRIBUTES = 0o100600 << 16;
const MAX_16 = 0xffff;
const MAX_32 = 0xffff_ffff;
const LEVEL = 5;
/** An empty last block: ends a stream whose other blocks do not say that they are the last. */
const LAST_BLOCK = new Uint8Array([3, 0]);
const encoder = new TextEncoder();

/** Begins an entry at an offset of the archive: its state, and the bytes that stand before its data. */
export function beginEntry(name: string, offset: number, at: number): { readonly entry: OpenEntry; readonly bytes: Uint8Array } {
  const text = encoder.encode(name);
  const head = record(
    [4, LOCAL_HEADER],
    [2, VERSION],
    [2, FLAGS],
    [2, DEFLATE],
    ...dosTime(at),
    [4, 0],
    [4, MAX_32],
    [4, MAX_32],
    [2, text.length],
    [2, 20],
  );
  const extra = record([2, 1], [2, 16], [8, 0], [8, 0]);
  return { entry: { name, offset, crc: 0, size: 0, compressedSize: 0 }, bytes: joined([head, text, extra]) };
}

/** Adds a piece of the entry's content. Needs nothing of the pieces before it. */
export function addPiece(entry: OpenEntry, content: Uint8Array): { readonly entry: OpenEntry; readonly bytes: Uint8Array } {
  if (content.length === 0) return { entry, bytes: content };
  const bytes = deflateRawSync(content, { level: LEVEL, finishFlush: constants.Z_FULL_FLUSH });
  const next = {
    ...entry,
    crc: crc32(content, entry.crc),
    size: entry.size + content.length,
    compressedSize: entry.compressedSize + bytes.length,
  };
  return { entry: next, bytes };
}

/** Ends the entry. */
export function endEntry(entry: OpenEntry): { readonly entry: OpenEntry; readonly bytes: Uint8Array } {
  const done = { ...entry, compressedSize: entry.compressedSize + LAST_BLOCK.length };
  return {
    entry: done,
    bytes: joined([LAST_BLOCK, record([4, DATA_DESCRIPTOR], [4, done.crc], [8, done.compressedSize], [8, done.size])]),
  };
}

/** The directory of ended entries, which ends the archive. `offset` is where it begins. */
export function directory(entries: readonly OpenEntry[], offset: number, at: number): Uint8Array {
  const parts = entries.flatMap((entry) => centralRecord(entry, at));
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  if (entries.length >= MAX_16 || length >= MAX_32 || offset >= MAX_32) {
    parts.push(
      record(
        [4, ZIP64_END],
        [8, 44],
        [2, MADE_BY],
        [2, VERSION],
        [4, 0],
        [4, 0],
        [8, entries.length],
        [8, entries.length],
        [8, length],
        [8, offset],
      ),
      record([4, ZIP64_LOCATOR], [4, 0], [8, offset + length], [4, 1]),
    );
  }
  const count = Math.min(entries.length, MAX_16);
  parts.push(
    record([4, END], [2, 0], [2, 0], [2, count], [2, count], [4, Math.min(length, MAX_32)], [4, Math.min(offset, MAX_32)], [2, 0]),
  );
  return joined(parts);
}

function centralRecord(entry: OpenEntry, at: number): Uint8Array[] {
  const name = encoder.encode(entry.name);
  // Only what does not fit, in this order.
  const large = [entry.size, entry.compressedSize, entry.offset].filter((value) => value >= MAX_32);
  const extra = large.length === 0 ? new Uint8Array() : record([2, 1], [2, 8 * large.length], ...large.map((value): Field => [8, value]));
  const head = record(
    [4, CENTRAL_HEADER],
    [2, MADE_BY],
    [2, VERSION],
    [2, FLAGS],
    [2, DEFLATE],
    ...dosTime(at),
    [4, entry.crc],
    [4, Math.min(entry.compressedSize, MAX_32)],
    [4, Math.min(entry.size, MAX_32)],
    [2, name.length],
    [2, extra.length],
    [2, 0],
    [2, 0],
    [2, 0],
    [4, ATTRIBUTES],
    [4, Math.min(entry.offset, MAX_32)],
  );
  return [head, name, extra];
}

type Field = readonly [width: 2 | 4 | 8, value: number];

/** Little-endian fields. */
function record(...fields: readonly Field[]): Uint8Array {
  const bytes = new Uint8Array(fields.reduce((sum, [width]) => sum + width, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const [width, value] of fields) {
    if (width === 2) view.setUint16(at, value, true);
    else if (width === 4) view.setUint32(at, value >>> 0, true);
    else view.setBigUint64(at, BigInt(value), true);
    at += width;
  }
  return bytes;
}

/** Time and date as the format has them: UTC, two seconds exact, not before 1980. */
function dosTime(at: number): readonly [Field, Field] {
  const date = new Date(Math.max(at, Date.UTC(1980, 0, 1)));
  return [
    [2, (date.getUTCHours() << 11) | (date.getUTCMinutes() << 5) | (date.getUTCSeconds() >> 1)],
    [2, ((date.getUTCFullYear() - 1980) << 9) | ((date.getUTCMonth() + 1) << 5) | date.getUTCDate()],
  ];
}
