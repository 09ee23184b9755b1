import { problem } from "../../problem";
import type { ByteSource } from "../byte-source";
import { ChunkReader } from "../chunk-reader";
import {
  DATA_DESCRIPTOR,
  hasDescriptor,
  isEncrypted,
  LOCAL_HEADER,
  LOCAL_HEADER_BYTES,
  safeName,
  viewOf,
  withZip64,
  type ZipEntry,
  type ZipListing,
} from "./entry";

const MOST_ENTRIES = 100_000;
const DESCRIPTOR_BYTES = 24;

/**
 * Finds the entries of an archive that has lost its directory by walking its local headers. An entry of unknown size ends at the
 * data descriptor that states the very distance walked. The last entry may be incomplete and says so.
 */
export async function recoverEntries(source: ByteSource): Promise<ZipListing> {
  const entries: ZipEntry[] = [];
  let unsafe = 0;
  let at = 0;
  while (at + LOCAL_HEADER_BYTES <= source.size && entries.length < MOST_ENTRIES) {
    const head = viewOf(await source.read(at, LOCAL_HEADER_BYTES));
    if (head.getUint32(0, true) !== LOCAL_HEADER) break;
    const nameLength = head.getUint16(26, true);
    const extraLength = head.getUint16(28, true);
    const dataOffset = at + LOCAL_HEADER_BYTES + nameLength + extraLength;
    if (dataOffset > source.size) break;
    const names = await source.read(at + LOCAL_HEADER_BYTES, nameLength + extraLength);
    const flags = head.getUint16(6, true);
    const left = source.size - dataOffset;
    const sizes = withZip64(viewOf(names.subarray(nameLength)), {
      size: head.getUint32(22, true),
      compressedSize: head.getUint32(18, true),
      offset: 0,
    });
    const isOpen = hasDescriptor(flags) && sizes.compressedSize === 0;
    const found = isOpen ? await findDescriptor(source, dataOffset) : undefined;
    const compressedSize = found?.compressedSize ?? (isOpen ? left : sizes.compressedSize);
    const truncated = isOpen ? found === undefined : compressedSize > left;
    const name = safeName(names.subarray(0, nameLength));
    if (name === undefined) unsafe++;
    else {
      entries.push({
        name,
        method: head.getUint16(8, true),
        encrypted: isEncrypted(flags),
        compressedSize: Math.min(compressedSize, left),
        size: undefined,
        crc: found?.crc ?? (isOpen || truncated ? undefined : head.getUint32(14, true)),
        headerOffset: at,
        truncated,
      });
    }
    at = found?.next ?? dataOffset + compressedSize;
  }
  if (entries.length === 0) throw problem("file_unreadable", "The archive holds nothing that can be read.");
  return { entries, unsafe, recovered: true };
}

async function findDescriptor(
  source: ByteSource,
  dataOffset: number,
): Promise<{ compressedSize: number; crc: number; next: number } | undefined> {
  const reader = new ChunkReader(await source.stream(dataOffset, source.size - dataOffset));
  let window = new Uint8Array();
  let base = dataOffset;
  for (;;) {
    const chunk = await reader.read();
    const joined = new Uint8Array(window.length + (chunk?.length ?? 0));
    joined.set(window);
    if (chunk !== undefined) joined.set(chunk, window.length);
    const view = viewOf(joined);
    const last = chunk === undefined ? joined.length - 16 : joined.length - DESCRIPTOR_BYTES;
    for (let i = 0; i <= last; i++) {
      if (joined[i] !== 0x50 || view.getUint32(i, true) !== DATA_DESCRIPTOR) continue;
      const distance = base + i - dataOffset;
      const is64 = i + DESCRIPTOR_BYTES <= joined.length && view.getBigUint64(i + 8, true) === BigInt(distance);
      // In the 32-bit form the uncompressed size follows; where both readings fit, the next header decides nothing we rely on.
      if (!is64 && view.getUint32(i + 8, true) !== distance) continue;
      await reader.cancel();
      const is32 = view.getUint32(i + 8, true) === distance && !(is64 && view.getUint32(i + 12, true) === 0);
      return { compressedSize: distance, crc: view.getUint32(i + 4, true), next: base + i + (is32 ? 16 : DESCRIPTOR_BYTES) };
    }
    if (chunk === undefined) return undefined;
    const kept = Math.min(joined.length, DESCRIPTOR_BYTES - 1);
    window = joined.slice(joined.length - kept);
    base += joined.length - kept;
  }
}
