import { damagedDatabase } from "./pages";

/** A value of a column: whole numbers beyond 2^53 are `bigint`. */
export type SqlValue = number | bigint | string | Uint8Array | null;

/** Reads varints and values of one piece of memory; the format is that of sqlite.org/fileformat2.html, 1.6 and 2.1. */
export class Cursor {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  at = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** The next number of one to nine bytes. Throws `file_unreadable` past the end, and for one beyond 2^53, which nothing here counts to. */
  varint(): number {
    const first = this.bytes[this.at];
    if (first === undefined) throw damagedDatabase("a record was cut off");
    if (first < 0x80) {
      this.at++;
      return first;
    }
    const value = this.bigVarint();
    if (value < -MOST || value > MOST) throw damagedDatabase("a number is too large");
    return Number(value);
  }

  /** The next number as SQLite means it: 64 bits with a sign. */
  bigVarint(): bigint {
    let value = 0n;
    for (let i = 0; i < 9; i++) {
      const byte = this.bytes[this.at++];
      if (byte === undefined) throw damagedDatabase("a record was cut off");
      if (i === 8) return BigInt.asIntN(64, (value << 8n) | BigInt(byte));
      value = (value << 7n) | BigInt(byte & 0x7f);
      if (byte < 0x80) return value;
    }
    return value;
  }
}

const MOST = BigInt(Number.MAX_SAFE_INTEGER);

/** Bytes that a value of a serial type takes in the record. */
export function sizeOf(type: number): number {
  if (type >= 12) return (type - (type % 2 === 0 ? 12 : 13)) / 2;
  const size = SIZES[type];
  if (size === undefined) throw damagedDatabase("a value is of a type that there is not");
  return size;
}

/** By serial type; 10 and 11 are reserved and never in a file. */
const SIZES: readonly (number | undefined)[] = [0, 1, 2, 3, 4, 6, 8, 8, 0, 0, undefined, undefined];

/** The value of a serial type that begins at `at`. */
export function valueAt({ view, bytes }: Cursor, at: number, type: number, decoder: TextDecoder): SqlValue {
  const size = sizeOf(type);
  if (at + size > bytes.length) throw damagedDatabase("a record was cut off");
  switch (type) {
    case 0:
      return null;
    case 1:
      return view.getInt8(at);
    case 2:
      return view.getInt16(at);
    case 3:
      return view.getInt8(at) * 0x1_0000 + view.getUint16(at + 1);
    case 4:
      return view.getInt32(at);
    case 5:
      return view.getInt16(at) * 0x1_0000_0000 + view.getUint32(at + 2);
    case 6: {
      const whole = view.getBigInt64(at);
      return whole >= -MOST && whole <= MOST ? Number(whole) : whole;
    }
    case 7:
      return view.getFloat64(at);
    case 8:
      return 0;
    case 9:
      return 1;
    default: {
      const slice = bytes.subarray(at, at + size);
      return type % 2 === 0 ? slice.slice() : decoder.decode(slice);
    }
  }
}
