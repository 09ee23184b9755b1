/** A fixed set of names, found by their bytes without decoding. Ids are positions in the list; unknown names have none. */
export class Vocabulary {
  readonly names: readonly string[];
  readonly #bytes: readonly Uint8Array[];
  /** Bucket → first id + 1, and id → next id + 1 of the same bucket; 0 ends a chain. */
  readonly #first = new Int16Array(65_536);
  readonly #next: Int16Array;

  constructor(names: readonly string[]) {
    this.names = names;
    const encoder = new TextEncoder();
    this.#bytes = names.map((name) => encoder.encode(name));
    this.#next = new Int16Array(names.length);
    this.#bytes.forEach((bytes, id) => {
      const bucket = bucketOf(bytes, 0, bytes.length);
      this.#next[id] = this.#first[bucket]!;
      this.#first[bucket] = id + 1;
    });
  }

  /** The id of the name in `bytes[start, end)`, or -1. */
  find(bytes: Uint8Array, start: number, end: number): number {
    for (let id = this.#first[bucketOf(bytes, start, end)]! - 1; id >= 0; id = this.#next[id]! - 1) {
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

function bucketOf(bytes: Uint8Array, start: number, end: number): number {
  return (((end - start) & 63) << 10) | ((bytes[start]! & 31) << 5) | (bytes[end - 1]! & 31);
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
