/** The hash by which aliases are found and spread over parts. */
export function hashOf(alias: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < alias.length; i++) hash = Math.imul(hash ^ alias.charCodeAt(i), 0x01000193);
  return mixed(hash);
}

function mixed(of: number): number {
  let hash = of;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

const TAG = 0xff000000;
const SLOT = 0x00ffffff;
/** The most slots there can be: eight bits of a place in the table are a piece of the hash. */
export const MOST_SLOTS = SLOT - 1;

/**
 * Aliases by slot, and slots by alias: ASCII in one array of bytes and an open table of numbers, a third of what a Map of strings needs.
 */
export class Aliases {
  #bytes = new Uint8Array(1_024);
  #end = 1;
  #wasted = 0;
  /** Where an alias begins: its length, then its bytes. 0 is a free slot. */
  #start = new Uint32Array(64);
  /** Slot + 1 with the lowest eight bits of the hash on top; 0 is free. The highest bits of the hash are the place. */
  #table = new Uint32Array(128);
  #shift = 25;
  #count = 0;

  get size(): number {
    return this.#count;
  }

  /** The slot of an alias, or -1. */
  find(alias: string): number {
    const hash = hashOf(alias);
    const table = this.#table;
    const mask = table.length - 1;
    const tag = hash << 24;
    for (let place = hash >>> this.#shift; ; place = (place + 1) & mask) {
      const found = table[place]!;
      if (found === 0) return -1;
      if (((found ^ tag) & TAG) === 0) {
        const slot = (found & SLOT) - 1;
        if (this.#isAt(slot, alias)) return slot;
      }
    }
  }

  /** Puts an alias that is not there into a free slot. */
  set(slot: number, alias: string): void {
    this.#reserve(slot, alias.length + 1);
    const bytes = this.#bytes;
    let end = this.#end;
    this.#start[slot] = end;
    bytes[end++] = alias.length;
    for (let i = 0; i < alias.length; i++) bytes[end++] = alias.charCodeAt(i);
    this.#end = end;
    if (++this.#count * 4 > this.#table.length * 3) this.#rebuild(this.#table.length * 2);
    else this.#put(slot);
  }

  /** Frees a slot. */
  remove(slot: number): void {
    const table = this.#table;
    const mask = table.length - 1;
    let hole = this.hash(slot) >>> this.#shift;
    while ((table[hole]! & SLOT) !== slot + 1) hole = (hole + 1) & mask;
    // Whatever lies behind moves up where its own place is not beyond the hole: no marks of the dead remain.
    for (let place = (hole + 1) & mask; table[place] !== 0; place = (place + 1) & mask) {
      const home = this.hash((table[place]! & SLOT) - 1) >>> this.#shift;
      if (((place - home) & mask) < ((place - hole) & mask)) continue;
      table[hole] = table[place]!;
      hole = place;
    }
    table[hole] = 0;
    this.clear(slot);
  }

  has(slot: number): boolean {
    return slot < this.#start.length && this.#start[slot] !== 0;
  }

  text(slot: number): string {
    return String.fromCharCode(...this.bytes(slot));
  }

  /** The bytes of an alias. Valid until the next change. */
  bytes(slot: number): Uint8Array<ArrayBuffer> {
    const start = this.#start[slot]!;
    return this.#bytes.subarray(start + 1, start + 1 + this.#bytes[start]!);
  }

  /** The low bits of its hash say in which part an alias lies. */
  hash(slot: number): number {
    const bytes = this.#bytes;
    const start = this.#start[slot]!;
    const end = start + bytes[start]!;
    let hash = 0x811c9dc5;
    for (let i = start + 1; i <= end; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
    return mixed(hash);
  }

  /** Below 0, 0 or above it, as strings compare. */
  compare(a: number, b: number): number {
    const bytes = this.#bytes;
    const [startA, startB] = [this.#start[a]!, this.#start[b]!];
    const [lengthA, lengthB] = [bytes[startA]!, bytes[startB]!];
    const least = Math.min(lengthA, lengthB);
    for (let i = 1; i <= least; i++) {
      const difference = bytes[startA + i]! - bytes[startB + i]!;
      if (difference !== 0) return difference;
    }
    return lengthA - lengthB;
  }

  compareText(slot: number, alias: string): number {
    const bytes = this.#bytes;
    const start = this.#start[slot]!;
    const length = bytes[start]!;
    const least = Math.min(length, alias.length);
    for (let i = 0; i < least; i++) {
      const difference = bytes[start + 1 + i]! - alias.charCodeAt(i);
      if (difference !== 0) return difference;
    }
    return length - alias.length;
  }

  /** Puts bytes into a slot without the table, until `index` is called. */
  place(slot: number, bytes: Uint8Array): void {
    this.clear(slot);
    this.#reserve(slot, bytes.length + 1);
    this.#start[slot] = this.#end;
    this.#bytes[this.#end] = bytes.length;
    this.#bytes.set(bytes, this.#end + 1);
    this.#end += bytes.length + 1;
    this.#count++;
  }

  /** Empties a slot without the table. */
  clear(slot: number): void {
    if (!this.has(slot)) return;
    const start = this.#start[slot]!;
    const end = start + this.#bytes[start]! + 1;
    this.#bytes.fill(0, start, end);
    this.#wasted += end - start;
    this.#start[slot] = 0;
    this.#count--;
  }

  /** Makes room for so many slots and bytes of aliases. */
  expect(slots: number, bytes: number): void {
    if (slots > this.#start.length) this.#start = resized(this.#start, new Uint32Array(slots));
    if (this.#end + bytes > this.#bytes.length) this.#bytes = resized(this.#bytes, new Uint8Array(this.#end + bytes));
  }

  /** Takes in aliases of slots from one on, as `packed` gave them. Between `expect` and `index`. */
  restore(from: number, count: number, packed: Uint8Array): void {
    this.expect(from + count, packed.length);
    const base = this.#end;
    const bytes = this.#bytes;
    bytes.set(packed, base);
    let end = base;
    for (let slot = from; slot < from + count; slot++) {
      const length = bytes[end]!;
      this.#start[slot] = length === 0 ? 0 : end;
      if (length !== 0) this.#count++;
      end += length + 1;
    }
    this.#end = end;
  }

  /** The aliases of slots from one on: lengths and bytes, a length of 0 where the slot is free. */
  packed(from: number, count: number): Uint8Array<ArrayBuffer> {
    let size = 0;
    for (let slot = from; slot < from + count; slot++) size += 1 + (this.has(slot) ? this.#bytes[this.#start[slot]!]! : 0);
    const packed = new Uint8Array(size);
    let end = 0;
    for (let slot = from; slot < from + count; slot++) {
      if (this.has(slot)) {
        const start = this.#start[slot]!;
        const length = this.#bytes[start]!;
        packed.set(this.#bytes.subarray(start, start + 1 + length), end);
        end += length;
      }
      end++;
    }
    return packed;
  }

  /** Builds the table anew. */
  index(): void {
    let size = 128;
    while (this.#count * 4 > size * 3) size *= 2;
    this.#rebuild(size);
  }

  #reserve(slot: number, more: number): void {
    if (slot > MOST_SLOTS) throw new RangeError("a part of a board is full");
    if (slot >= this.#start.length) this.#start = resized(this.#start, new Uint32Array(grown(slot + 1)));
    if (this.#end + more <= this.#bytes.length) return;
    if (this.#wasted > this.#bytes.length >>> 2) this.#close(more);
    else this.#bytes = resized(this.#bytes, new Uint8Array(grown(this.#end + more)));
  }

  /** Closes the holes of freed slots. */
  #close(more: number): void {
    const old = this.#bytes;
    const bytes = new Uint8Array(grown(this.#end - this.#wasted + more));
    let end = 1;
    for (let slot = 0; slot < this.#start.length; slot++) {
      const start = this.#start[slot]!;
      if (start === 0) continue;
      const length = old[start]! + 1;
      bytes.set(old.subarray(start, start + length), end);
      this.#start[slot] = end;
      end += length;
    }
    this.#bytes = bytes;
    this.#end = end;
    this.#wasted = 0;
  }

  #rebuild(size: number): void {
    this.#table = new Uint32Array(size);
    this.#shift = 32 - Math.log2(size);
    for (let slot = 0; slot < this.#start.length; slot++) if (this.#start[slot] !== 0) this.#put(slot);
  }

  #put(slot: number): void {
    const hash = this.hash(slot);
    const table = this.#table;
    const mask = table.length - 1;
    let place = hash >>> this.#shift;
    while (table[place] !== 0) place = (place + 1) & mask;
    table[place] = ((hash << 24) | (slot + 1)) >>> 0;
  }

  #isAt(slot: number, alias: string): boolean {
    const bytes = this.#bytes;
    const start = this.#start[slot]!;
    if (bytes[start] !== alias.length) return false;
    for (let i = 0; i < alias.length; i++) if (bytes[start + 1 + i] !== alias.charCodeAt(i)) return false;
    return true;
  }
}

/** A size with room for a quarter more. */
export function grown(least: number): number {
  return Math.max(64, least + (least >>> 2));
}

/** Copies what an array holds into a larger one. */
export function resized<
  A extends Uint8Array<ArrayBuffer> | Uint16Array<ArrayBuffer> | Uint32Array<ArrayBuffer> | Float64Array<ArrayBuffer>,
>(from: A, into: A): A {
  into.set(from);
  return into;
}
