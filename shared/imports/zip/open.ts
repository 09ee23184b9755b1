import { constants, crc32, createInflateRaw, type InflateRaw } from "node:zlib";
import { problem } from "../../problem";
import type { ByteSource } from "../byte-source";
import { ChunkReader, type PieceReader } from "../chunk-reader";
import { DEFLATE, LOCAL_HEADER, LOCAL_HEADER_BYTES, STORED, viewOf, type ZipEntry } from "./entry";

export interface ZipLimits {
  /** Most bytes an entry may grow to. */
  readonly bytes: number;
  /** Most bytes out per byte in, once an entry has grown past `ratioFrom`. Text of an export reaches about 60. */
  readonly ratio: number;
  readonly ratioFrom: number;
}

/**
 * Opens an entry. Exactly its compressed bytes are inflated: what follows them in the archive must never reach the inflater, which
 * would lose the last records. Reading throws `file_unreadable` where the data is damaged or grows past the limits; opening throws it for encrypted entries and for methods other than stored and deflate.
 */
export async function openEntry(source: ByteSource, entry: ZipEntry, limits: ZipLimits): Promise<PieceReader> {
  if (entry.encrypted) throw problem("file_unreadable", "The archive is protected by a password.");
  if (entry.method !== STORED && entry.method !== DEFLATE)
    throw problem("file_unreadable", "The archive uses a compression that is not supported.");
  if ((entry.size ?? 0) > limits.bytes) throw tooLarge();
  const head = viewOf(await source.read(entry.headerOffset, Math.min(LOCAL_HEADER_BYTES, source.size - entry.headerOffset)));
  if (head.byteLength < LOCAL_HEADER_BYTES || head.getUint32(0, true) !== LOCAL_HEADER)
    throw problem("file_unreadable", "The archive is damaged.");
  const dataOffset = entry.headerOffset + LOCAL_HEADER_BYTES + head.getUint16(26, true) + head.getUint16(28, true);
  const available = Math.max(0, source.size - dataOffset);
  const raw = await source.stream(dataOffset, Math.min(entry.compressedSize, available));
  const isCut = entry.truncated || entry.compressedSize > available;
  return new CheckedReader(inflated(raw, entry.method, isCut), entry, limits);
}

function inflated(raw: ReadableStream<Uint8Array>, method: number, isCut: boolean): PieceReader {
  if (method === STORED) return new ChunkReader(raw);
  if (isCut) return new PartialInflater(raw);
  // The two declarations of BufferSource in scope differ, the stream at run time is one.
  return new ChunkReader(raw.pipeThrough(new DecompressionStream("deflate-raw") as ReadableWritablePair<Uint8Array, Uint8Array>));
}

/** Counts what comes out, refuses what grows too far, and compares the checksum at the end. */
class CheckedReader implements PieceReader {
  readonly #inner: PieceReader;
  readonly #entry: ZipEntry;
  readonly #limits: ZipLimits;
  #length = 0;
  #crc = 0;

  constructor(inner: PieceReader, entry: ZipEntry, limits: ZipLimits) {
    this.#inner = inner;
    this.#entry = entry;
    this.#limits = limits;
  }

  async read(): Promise<Uint8Array | undefined> {
    const chunk = await this.#next();
    if (chunk === undefined) {
      const { crc, truncated } = this.#entry;
      if (crc !== undefined && !truncated && crc !== this.#crc) throw damaged();
      return undefined;
    }
    this.#length += chunk.length;
    this.#crc = crc32(chunk, this.#crc);
    const { bytes, ratio, ratioFrom } = this.#limits;
    if (this.#length > bytes || (this.#length > ratioFrom && this.#length > ratio * this.#entry.compressedSize)) {
      await this.cancel();
      throw tooLarge();
    }
    return chunk;
  }

  cancel(): Promise<void> {
    return this.#inner.cancel();
  }

  async #next(): Promise<Uint8Array | undefined> {
    try {
      return await this.#inner.read();
    } catch {
      throw damaged();
    }
  }
}

/**
 * Inflates data that ends too early. The standard stream discards what it has queued when its input fails; this one hands out
 * everything that could be inflated.
 */
class PartialInflater implements PieceReader {
  readonly #reader: ChunkReader;
  readonly #inflate: InflateRaw;
  #queue: Uint8Array[] = [];
  #ended = false;

  constructor(raw: ReadableStream<Uint8Array>) {
    this.#reader = new ChunkReader(raw);
    this.#inflate = createInflateRaw({ finishFlush: constants.Z_SYNC_FLUSH });
    this.#inflate.on("data", (chunk: Uint8Array) => this.#queue.push(chunk));
    this.#inflate.on("error", () => {
      this.#ended = true;
    });
  }

  async read(): Promise<Uint8Array | undefined> {
    while (this.#queue.length === 0 && !this.#ended) {
      const chunk = await this.#reader.read();
      if (chunk === undefined) {
        this.#ended = true;
        await new Promise<void>((resolve) => {
          this.#inflate.once("end", resolve).once("error", () => resolve());
          this.#inflate.end();
        });
      } else {
        await new Promise<void>((resolve) => {
          this.#inflate.write(chunk.slice(), () => resolve());
        });
      }
    }
    return this.#queue.shift();
  }

  async cancel(): Promise<void> {
    this.#ended = true;
    this.#queue = [];
    this.#inflate.destroy();
    await this.#reader.cancel();
  }
}

function tooLarge(): Error {
  return problem("file_unreadable", "A file in the archive grows far beyond what its size allows.");
}

function damaged(): Error {
  return problem("file_unreadable", "A file in the archive is damaged.");
}
