/** One file of an archive, as its directory or its local header describes it. */
export interface ZipEntry {
  /** A relative path with `/`, checked by `safeName`. */
  readonly name: string;
  /** 0 stored, 8 deflate; anything else cannot be read. */
  readonly method: number;
  readonly encrypted: boolean;
  readonly compressedSize: number;
  /** As stated; unknown for entries found without a directory. */
  readonly size: number | undefined;
  readonly crc: number | undefined;
  /** Where the local header lies. */
  readonly headerOffset: number;
  /** The archive ends inside this entry. */
  readonly truncated: boolean;
}

export interface ZipListing {
  readonly entries: readonly ZipEntry[];
  /** Entries passed over because their names lead out of the archive. */
  readonly unsafe: number;
  /** The archive has no directory: it was cut off. */
  readonly recovered: boolean;
}

export const LOCAL_HEADER = 0x04034b50;
export const CENTRAL_HEADER = 0x02014b50;
export const DATA_DESCRIPTOR = 0x08074b50;
export const LOCAL_HEADER_BYTES = 30;
export const STORED = 0;
export const DEFLATE = 8;
const ENCRYPTED = 1;
const HAS_DESCRIPTOR = 8;
const MAX_32 = 0xffff_ffff;
const ZIP64_EXTRA = 1;

export function isEncrypted(flags: number): boolean {
  return (flags & ENCRYPTED) !== 0;
}

/** True where sizes and checksum follow the data instead of standing in the local header. */
export function hasDescriptor(flags: number): boolean {
  return (flags & HAS_DESCRIPTOR) !== 0;
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const latin = new TextDecoder("latin1");

/**
 * The entry's name as a relative path, or undefined for one that must not be used: absolute, with a drive letter, a backslash, a
 * `..` step or a NUL. UTF-8 where it is valid, whatever the flag says, because many writers forget the flag.
 */
export function safeName(bytes: Uint8Array): string | undefined {
  let name: string;
  try {
    name = utf8.decode(bytes);
  } catch {
    name = latin.decode(bytes);
  }
  if (name === "" || name.startsWith("/") || /^[A-Za-z]:/.test(name) || /[\\\u0000]/.test(name)) return undefined;
  return name.split("/").includes("..") ? undefined : name;
}

/** Sizes and offset with the zip64 extra field applied: it holds, in order, only those that do not fit 32 bits. */
export function withZip64(
  extra: DataView,
  plain: { readonly size: number; readonly compressedSize: number; readonly offset: number },
): { size: number; compressedSize: number; offset: number } {
  let { size, compressedSize, offset } = plain;
  for (let at = 0; at + 4 <= extra.byteLength;) {
    const id = extra.getUint16(at, true);
    const length = extra.getUint16(at + 2, true);
    const end = Math.min(at + 4 + length, extra.byteLength);
    if (id === ZIP64_EXTRA) {
      let field = at + 4;
      const next = (now: number): number => {
        if (now !== MAX_32 || field + 8 > end) return now;
        const value = Number(extra.getBigUint64(field, true));
        field += 8;
        return value;
      };
      size = next(size);
      compressedSize = next(compressedSize);
      offset = next(offset);
    }
    at += 4 + length;
  }
  return { size, compressedSize, offset };
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
