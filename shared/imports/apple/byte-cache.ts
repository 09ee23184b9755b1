import { sameBytes } from "../xml/vocabulary";

interface Entry<T> {
  readonly bytes: Uint8Array;
  readonly value: T;
}

/**
 * What was made of a run of bytes, so that the same type, unit, source or device is decoded once and not once per record. Values
 * repeat in runs, so the last one is compared first. Bounded, because the bytes come from a file.
 */
export class ByteCache<T> {
  readonly #make: (bytes: Uint8Array, start: number, end: number) => T;
  readonly #limit: number;
  readonly #buckets = new Map<number, Entry<T>[]>();
  #last: Entry<T> | undefined;
  #size = 0;

  constructor(make: (bytes: Uint8Array, start: number, end: number) => T, limit = 4_096) {
    this.#make = make;
    this.#limit = limit;
  }

  get(bytes: Uint8Array, start: number, end: number): T {
    const last = this.#last;
    if (last !== undefined && sameBytes(last.bytes, bytes, start, end)) return last.value;
    const hash = hashOf(bytes, start, end);
    const bucket = this.#buckets.get(hash);
    const known = bucket?.find((entry) => sameBytes(entry.bytes, bytes, start, end));
    if (known !== undefined) {
      this.#last = known;
      return known.value;
    }
    const made = { bytes: bytes.slice(start, end), value: this.#make(bytes, start, end) };
    if (this.#size >= this.#limit) {
      this.#buckets.clear();
      this.#size = 0;
    }
    const target = this.#buckets.get(hash);
    if (target === undefined) this.#buckets.set(hash, [made]);
    else target.push(made);
    this.#size++;
    this.#last = made;
    return made.value;
  }
}

/** FNV-1a, 32 bits. */
function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  return hash >>> 0;
}
