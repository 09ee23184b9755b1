import { problem } from "../../problem";
import type { ByteSource } from "../byte-source";
import { CENTRAL_HEADER, isEncrypted, LOCAL_HEADER_BYTES, safeName, viewOf, withZip64, type ZipEntry, type ZipListing } from "./entry";
import { recoverEntries } from "./recover";

const END_OF_DIRECTORY = 0x06054b50;
const END_BYTES = 22;
const LONGEST_COMMENT = 0xffff;
const ZIP64_LOCATOR = 0x07064b50;
const ZIP64_LOCATOR_BYTES = 20;
const ZIP64_END = 0x06064b50;
const ZIP64_END_BYTES = 56;
const CENTRAL_BYTES = 46;
/** About 600,000 entries; larger directories are not those of a health export. */
const LARGEST_DIRECTORY = 64 * 1024 * 1024;

interface Directory {
  readonly offset: number;
  readonly length: number;
  /** Bytes before the archive, which its own offsets do not count. */
  readonly shift: number;
}

/**
 * Lists an archive. The directory at its end is the truth; where there is none, because the file was cut off, the local headers are
 * walked instead. Throws `file_unreadable` where the directory is damaged or there is nothing to read.
 */
export async function listZip(source: ByteSource): Promise<ZipListing> {
  const directory = await findDirectory(source);
  if (directory === undefined) return recoverEntries(source);
  const bytes = await source.read(directory.offset, directory.length);
  const view = viewOf(bytes);
  const entries: ZipEntry[] = [];
  let unsafe = 0;
  for (let at = 0; at + CENTRAL_BYTES <= bytes.length;) {
    if (view.getUint32(at, true) !== CENTRAL_HEADER) break;
    const nameEnd = at + CENTRAL_BYTES + view.getUint16(at + 28, true);
    const extraEnd = nameEnd + view.getUint16(at + 30, true);
    if (extraEnd > bytes.length) throw problem("file_unreadable", "The archive's directory is damaged.");
    const sizes = withZip64(viewOf(bytes.subarray(nameEnd, extraEnd)), {
      size: view.getUint32(at + 24, true),
      compressedSize: view.getUint32(at + 20, true),
      offset: view.getUint32(at + 42, true),
    });
    const name = safeName(bytes.subarray(at + CENTRAL_BYTES, nameEnd));
    if (name === undefined) unsafe++;
    else {
      entries.push({
        name,
        method: view.getUint16(at + 10, true),
        encrypted: isEncrypted(view.getUint16(at + 8, true)),
        compressedSize: sizes.compressedSize,
        size: sizes.size,
        crc: view.getUint32(at + 16, true),
        headerOffset: sizes.offset + directory.shift,
        truncated: false,
      });
    }
    at = extraEnd + view.getUint16(at + 32, true);
  }
  refuseOverlap(entries);
  return { entries, unsafe, recovered: false };
}

/** A directory whose entries share their bytes makes much out of little: each is honest, all together are a bomb. */
function refuseOverlap(entries: readonly ZipEntry[]): void {
  let end = 0;
  for (const { headerOffset, compressedSize } of entries.toSorted((a, b) => a.headerOffset - b.headerOffset)) {
    if (headerOffset < end) throw problem("file_unreadable", "The archive's entries overlap.");
    end = headerOffset + LOCAL_HEADER_BYTES + compressedSize;
  }
}

async function findDirectory(source: ByteSource): Promise<Directory | undefined> {
  const tailLength = Math.min(source.size, END_BYTES + LONGEST_COMMENT + ZIP64_LOCATOR_BYTES);
  const tailStart = source.size - tailLength;
  const tail = viewOf(await source.read(tailStart, tailLength));
  for (let at = tailLength - END_BYTES; at >= 0; at--) {
    if (tail.getUint32(at, true) !== END_OF_DIRECTORY) continue;
    // Bytes after the comment are tolerated, a comment that runs out of the file is not: then the signature is a coincidence.
    if (at + END_BYTES + tail.getUint16(at + 20, true) > tailLength) continue;
    const large = await findZip64(source, tail, at);
    const length = large?.length ?? tail.getUint32(at + 12, true);
    const stated = large?.offset ?? tail.getUint32(at + 16, true);
    const end = large?.end ?? tailStart + at;
    const offset = end - length;
    if (length > LARGEST_DIRECTORY) throw problem("file_unreadable", "The archive's directory is too large.");
    if (offset < 0 || stated > offset) continue;
    return { offset, length, shift: offset - stated };
  }
  return undefined;
}

async function findZip64(
  source: ByteSource,
  tail: DataView,
  end: number,
): Promise<{ offset: number; length: number; end: number } | undefined> {
  const at = end - ZIP64_LOCATOR_BYTES;
  if (at < 0 || tail.getUint32(at, true) !== ZIP64_LOCATOR) return undefined;
  const stated = Number(tail.getBigUint64(at + 8, true));
  if (stated + ZIP64_END_BYTES > source.size) return undefined;
  const record = viewOf(await source.read(stated, ZIP64_END_BYTES));
  if (record.getUint32(0, true) !== ZIP64_END) return undefined;
  return { length: Number(record.getBigUint64(40, true)), offset: Number(record.getBigUint64(48, true)), end: stated };
}
