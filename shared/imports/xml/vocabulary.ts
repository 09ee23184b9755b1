/** A fixed set of names, found by their bytes without decoding. Ids are positions in the list; unknown names have none. */
export class Vocabulary {
  readonly names: readonly string[];
  readonly #bytes: readonly Uint8Array[];
  /** Bucket → first id + 1, and id → next id + 1 of the same bucket; 0 ends a chain. */
  readonly #first: Int16Array;
  readonly #next: Int16Array;
  /** So many bits of a hash are no part of its bucket. */
  readonly #shift: number;

  constructor(names: readonly string[]) {
    this.names = names;
    const encoder = new TextEncoder();
    this.#bytes = names.map((name) => encoder.encode(name));
    this.#next = new Int16Array(names.length);
    // Some sixteen buckets a name: chains are short, and the table stays small enough to lie near the processor.
    const bits = Math.min(16, 36 - Math.clz32(names.length));
    this.#shift = 32 - bits;
    this.#first = new Int16Array(1 << bits);
    this.#bytes.forEach((bytes, id) => {
      const bucket = hashOf(bytes, 0, bytes.length) >>> this.#shift;
      this.#next[id] = this.#first[bucket]!;
      this.#first[bucket] = id + 1;
    });
  }

  /** The id of the name in `bytes[start, end)`, or -1. */
  find(bytes: Uint8Array, start: number, end: number): number {
    for (let id = this.#first[hashOf(bytes, start, end) >>> this.#shift]! - 1; id >= 0; id = this.#next[id]! - 1) {
      if (sameBytes(this.#bytes[id]!, bytes, start, end)) return id;
    }
    return -1;
  }
}

const COLON = 0x3a;

/** Names without regard to the prefixes of their namespaces, which every writer chooses anew: `ns3:Watts` is `Watts`. */
export class LocalVocabulary extends Vocabulary {
  override find(bytes: Uint8Array, start: number, end: number): number {
    let from = start;
    for (let i = start; i < end; i++) if (bytes[i] === COLON) from = i + 1;
    return super.find(bytes, from, end);
  }
}

/** Of the length and both ends, which tell most names apart; its upper bits are mixed well. */
function hashOf(bytes: Uint8Array, start: number, end: number): number {
  return Math.imul((((end - start) & 63) << 10) | ((bytes[start]! & 31) << 5) | (bytes[end - 1]! & 31), 0x9e37_79b1);
}

/** True where `bytes[start, end)` equals `known`. */
export function sameBytes(known: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (known.length !== end - start) return false;
  for (let i = 0, j = start; j < end; i++, j++) {
    if (known[i] !== bytes[j]) return false;
  }
  return true;
}

/** The ids that a vocabulary of these names gives them. */
export function idsOf<N extends string>(names: readonly N[]): Readonly<Record<N, number>> {
  return Object.fromEntries(names.map((name, id) => [name, id])) as Record<N, number>;
}
