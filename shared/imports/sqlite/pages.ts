import { problem } from "../../problem";
import type { ByteSource } from "../byte-source";

/** How every SQLite 3 file begins. */
const MAGIC = new TextEncoder().encode("SQLite format 3\0");
const HEADER_BYTES = 100;
/** Read at once: pages of one table lie near each other, and a range of a bucket costs a round trip. */
const BLOCK_BYTES = 256 * 1024;
/** Kept at once; the whole memory that pages take. */
const MOST_BLOCKS = 48;

/** Whether bytes begin as a database of SQLite does. */
export function isSqlite(head: Uint8Array): boolean {
  return head.length >= MAGIC.length && MAGIC.every((byte, i) => head[i] === byte);
}

/** What to say of a database that contradicts itself. */
export function damagedDatabase(what: string): Error {
  return problem("file_unreadable", `The database is damaged: ${what}.`);
}

/** Encodings of text by the number in the header; 0 is a database in which nothing was ever written. */
const ENCODINGS: Readonly<Record<number, string>> = { 0: "utf-8", 1: "utf-8", 2: "utf-16le", 3: "utf-16be" };

/**
 * The pages of a database, read by ranges and kept in a bounded cache. The header is that of the published file format
 * (sqlite.org/fileformat2.html, 1.3). A write-ahead log beside the file is not read: what it holds had not arrived in the file.
 */
export class Pages {
  readonly pageSize: number;
  /** Bytes of a page that are used; the rest is reserved for extensions. */
  readonly usable: number;
  /** Whole pages that the file holds. */
  readonly count: number;
  readonly encoding: string;
  readonly #source: ByteSource;
  readonly #blockBytes: number;
  readonly #mostBlocks: number;
  readonly #blocks = new Map<number, Uint8Array>();

  private constructor(source: ByteSource, header: DataView, mostBlocks: number) {
    const stated = header.getUint16(16);
    this.pageSize = stated === 1 ? 65_536 : stated;
    const isPower = this.pageSize >= 512 && (this.pageSize & (this.pageSize - 1)) === 0;
    this.usable = this.pageSize - header.getUint8(20);
    if (!isPower || this.usable < 480) throw damagedDatabase("its pages have no possible size");
    if (header.getUint8(19) > 2) throw problem("file_unreadable", "The database is of a version that cannot be read.");
    if (header.getUint8(21) !== 64 || header.getUint8(22) !== 32 || header.getUint8(23) !== 32)
      throw damagedDatabase("its header cannot be");
    const encoding = ENCODINGS[header.getUint32(56)];
    if (encoding === undefined) throw damagedDatabase("its text has no possible encoding");
    this.encoding = encoding;
    this.count = Math.floor(source.size / this.pageSize);
    if (this.count < 1) throw damagedDatabase("it was cut off");
    this.#source = source;
    this.#blockBytes = Math.max(BLOCK_BYTES, this.pageSize);
    this.#mostBlocks = mostBlocks;
  }

  /** Reads the header. Problem `file_unreadable` for what is no database. `mostBlocks` bounds the cache, in blocks of 256 KB. */
  static async open(source: ByteSource, mostBlocks = MOST_BLOCKS): Promise<Pages> {
    if (source.size < HEADER_BYTES) throw problem("file_unreadable", "The file is no database.");
    const bytes = await source.read(0, HEADER_BYTES);
    if (!isSqlite(bytes)) throw problem("file_unreadable", "The file is no database.");
    return new Pages(source, new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), mostBlocks);
  }

  /** A page by its number, counted from 1: at once where it is kept. */
  page(number: number): Uint8Array | Promise<Uint8Array> {
    if (!(number >= 1 && number <= this.count)) throw damagedDatabase("it names a page that it does not have");
    const offset = (number - 1) * this.pageSize;
    const index = Math.floor(offset / this.#blockBytes);
    const block = this.#blocks.get(index);
    if (block === undefined) return this.#load(index).then((loaded) => this.#cut(loaded, index, offset));
    // The oldest stands first: what is used again goes to the end.
    this.#blocks.delete(index);
    this.#blocks.set(index, block);
    return this.#cut(block, index, offset);
  }

  #cut(block: Uint8Array, index: number, offset: number): Uint8Array {
    const at = offset - index * this.#blockBytes;
    return block.subarray(at, at + this.pageSize);
  }

  async #load(index: number): Promise<Uint8Array> {
    const from = index * this.#blockBytes;
    const block = await this.#source.read(from, Math.min(this.#blockBytes, this.#source.size - from));
    if (this.#blocks.size >= this.#mostBlocks) {
      const [oldest] = this.#blocks.keys();
      if (oldest !== undefined) this.#blocks.delete(oldest);
    }
    this.#blocks.set(index, block);
    return block;
  }
}
