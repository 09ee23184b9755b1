/** A type of the fields of FIT messages (FIT protocol, "Base Types"). */
export interface BaseType {
  readonly name: string;
  /** Bytes of one element. */
  readonly size: number;
}

/** By the low five bits of a type's number; the high bit says only that the byte order matters. */
const BASE_TYPES: readonly BaseType[] = [
  { name: "enum", size: 1 },
  { name: "sint8", size: 1 },
  { name: "uint8", size: 1 },
  { name: "sint16", size: 2 },
  { name: "uint16", size: 2 },
  { name: "sint32", size: 4 },
  { name: "uint32", size: 4 },
  { name: "string", size: 1 },
  { name: "float32", size: 4 },
  { name: "float64", size: 8 },
  { name: "uint8z", size: 1 },
  { name: "uint16z", size: 2 },
  { name: "uint32z", size: 4 },
  { name: "byte", size: 1 },
  { name: "sint64", size: 8 },
  { name: "uint64", size: 8 },
  { name: "uint64z", size: 8 },
];

export const STRING = 7;
export const BYTE = 13;

/** The type's position for its number in a definition; what no version of the protocol knows is bytes. */
export function baseTypeOf(number: number): number {
  const index = number & 0x1f;
  return index < BASE_TYPES.length ? index : BYTE;
}

export function sizeOf(type: number): number {
  return BASE_TYPES[type]!.size;
}

/**
 * The number at a place, or NaN where it holds the value by which its type says "not measured". Integers beyond 2^53 are rounded. Not
 * for strings.
 */
export function readNumber(view: DataView, at: number, type: number, little: boolean): number {
  switch (type) {
    case 0:
    case 2:
    case BYTE: {
      const value = view.getUint8(at);
      return value === 0xff ? Number.NaN : value;
    }
    case 1: {
      const value = view.getInt8(at);
      return value === 0x7f ? Number.NaN : value;
    }
    case 3: {
      const value = view.getInt16(at, little);
      return value === 0x7fff ? Number.NaN : value;
    }
    case 4: {
      const value = view.getUint16(at, little);
      return value === 0xffff ? Number.NaN : value;
    }
    case 5: {
      const value = view.getInt32(at, little);
      return value === 0x7fff_ffff ? Number.NaN : value;
    }
    case 6: {
      const value = view.getUint32(at, little);
      return value === 0xffff_ffff ? Number.NaN : value;
    }
    // All bits set is a NaN already.
    case 8:
      return view.getFloat32(at, little);
    case 9:
      return view.getFloat64(at, little);
    case 10:
      return view.getUint8(at) || Number.NaN;
    case 11:
      return view.getUint16(at, little) || Number.NaN;
    case 12:
      return view.getUint32(at, little) || Number.NaN;
    case 14: {
      const value = view.getBigInt64(at, little);
      return value === 0x7fff_ffff_ffff_ffffn ? Number.NaN : Number(value);
    }
    case 15: {
      const value = view.getBigUint64(at, little);
      return value === 0xffff_ffff_ffff_ffffn ? Number.NaN : Number(value);
    }
    case 16:
      return Number(view.getBigUint64(at, little)) || Number.NaN;
    default:
      return Number.NaN;
  }
}
