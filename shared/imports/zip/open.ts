import { constants, crc32, createGunzip, createInflateRaw, type Gunzip, type InflateRaw } from "node:zlib";
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

/** Deflate grows at most 1,032-fold, so this bounds what one write can put into memory to 16 MB. */
const INPUT_BYTES = 16 * 1024;
const OUTPUT_BYTES = 128 * 1024;

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
  const reader = new ChunkReader(raw);
  return new CheckedReader(entry.method === STORED ? reader : new Inflater(reader, inflateRaw()), entry, limits);
}

/**
 * Unpacks a file of gzip that takes `size` bytes. Reading throws `file_unreadable` where the data is damaged, cut off, or grows past the
 * limits; what could be unpacked comes out before.
 */
export function gunzip(reader: PieceReader, size: number, limits: ZipLimits): PieceReader {
  const inflater = new Inflater(reader, createGunzip({ chunkSize: OUTPUT_BYTES }));
  return new CheckedReader(inflater, { crc: undefined, truncated: false, compressedSize: size }, limits, () => inflater.failed);
}

function inflateRaw(): InflateRaw {
  return createInflateRaw({ finishFlush: constants.Z_SYNC_FLUSH, chunkSize: OUTPUT_BYTES });
}

/** Counts what comes out, refuses what grows too far, and compares the checksum at the end. */
class CheckedReader implements PieceReader {
  readonly #inner: PieceReader;
  readonly #entry: Pick<ZipEntry, "crc" | "truncated" | "compressedSize">;
  readonly #limits: ZipLimits;
  readonly #hasFailed: () => boolean;
  #length = 0;
  #crc = 0;

  constructor(
    inner: PieceReader,
    entry: Pick<ZipEntry, "crc" | "truncated" | "compressedSize">,
    limits: ZipLimits,
    hasFailed = () => false,
  ) {
    this.#inner = inner;
    this.#entry = entry;
    this.#limits = limits;
    this.#hasFailed = hasFailed;
  }

  async read(): Promise<Uint8Array | undefined> {
    const chunk = await this.#next();
    if (chunk === undefined) {
      const { crc, truncated } = this.#entry;
      if (this.#hasFailed() || (crc !== undefined && !truncated && crc !== this.#crc)) throw damaged();
      return undefined;
    }
    this.#length += chunk.length;
    if (this.#entry.crc !== undefined) this.#crc = crc32(chunk, this.#crc);
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
 * Inflates on demand: no more input is taken than the reader asks output for. The platform's own `DecompressionStream` inflates ahead
 * of a slow reader without bound, which an archive of a gigabyte turns into a gigabyte of memory; it also throws away what it has
 * queued when its input ends too early, where this hands out everything that could be inflated. What is wrong shows in the checksum.
 */
class Inflater implements PieceReader {
  /** The data was damaged, or ended too early. */
  failed = false;
  readonly #reader: PieceReader;
  readonly #inflate: InflateRaw | Gunzip;
  #input: Uint8Array = new Uint8Array();
  #queue: Uint8Array[] = [];
  #ended = false;
  #resume: () => void = () => undefined;

  constructor(reader: PieceReader, inflate: InflateRaw | Gunzip) {
    this.#reader = reader;
    this.#inflate = inflate;
    this.#inflate.on("data", (chunk: Uint8Array) => this.#queue.push(chunk));
    this.#inflate.on("error", () => {
      this.failed = true;
      this.#stop();
    });
    this.#inflate.on("end", () => this.#stop());
  }

  async read(): Promise<Uint8Array | undefined> {
    while (this.#queue.length === 0 && !this.#ended) {
      if (this.#input.length === 0) {
        const chunk = await this.#reader.read();
        if (chunk === undefined) {
          // What it still holds comes out before its end event, which ends the loop.
          await this.#until(() => this.#inflate.end());
          break;
        }
        this.#input = chunk;
      }
      const slice = this.#input.slice(0, INPUT_BYTES);
      this.#input = this.#input.subarray(INPUT_BYTES);
      await this.#until((written) => this.#inflate.write(slice, written));
    }
    return this.#queue.shift();
  }

  async cancel(): Promise<void> {
    this.#queue = [];
    this.#stop();
    this.#inflate.destroy();
    await this.#reader.cancel();
  }

  /** Runs an operation until it calls back, or the inflater stops: then some runtimes never call back. */
  async #until(operation: (done: () => void) => void): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#resume = resolve;
      operation(resolve);
    });
  }

  #stop(): void {
    this.#ended = true;
    this.#resume();
  }
}

function tooLarge(): Error {
  return problem("file_unreadable", "A file in the archive grows far beyond what its size allows.");
}

function damaged(): Error {
  return problem("file_unreadable", "A file in the archive is damaged.");
}
