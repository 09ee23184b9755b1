import { hashOf, hashOfBytes } from "./alias-hash";
import { grown, resized } from "./arrays";

// The numbers of a record.
const AT = 1;
const VERSION = 2;
const NUMBERS = 3;
/** Bytes before an alias: two of its bucket's id, one of the index in it, one of its length. */
const HEAD = 4;
const INDEX = 2;
const LENGTH = 3;

const TAG = 0xff000000;
const SLOT = 0x00ffffff;
/** The most slots there can be: eight bits of a place in the table are a piece of the hash. */
const MOST_SLOTS = SLOT - 1;
const LEAST_TABLE = 128;

/** What a page holds of each slot as a column of numbers. */
export type Field = "score" | "at" | "version" | "sub";

/**
 * Entries by slot, and slots by alias. The numbers of an entry lie together, and so do its alias and its place in the order: at a million entries
 * each look at another place of memory is what everything costs. Scores lie so that the smaller leads, whatever the board's order. Aliases are
 * ASCII and found by an open table of numbers, a third of what a Map of strings needs; each has room for the longest that ever came. There is no
 * column of subscores until somebody has one.
 */
export class Records {
  /** Slots that were ever used. */
  slots = 0;
  #count = 0;
  #free: number[] = [];
  #numbers = new Float64Array(64 * NUMBERS);
  #subs = new Float64Array(0);
  #heads = new Uint8Array(64 * 8);
  /** Bytes of a head with its alias. */
  #width = 8;
  /** Slots that there is room for. */
  #room = 64;
  /** Slot + 1 with the lowest eight bits of the hash on top; 0 is free. The highest bits of the hash are the place. */
  #table = new Uint32Array(LEAST_TABLE);
  #shift = 25;

  get size(): number {
    return this.#count;
  }

  get hasSub(): boolean {
    return this.#subs.length > 0;
  }

  /** The slot of an alias, or -1. */
  find(alias: string, hash = hashOf(alias)): number {
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

  /** A slot for an alias that is not there. */
  take(alias: string): number {
    const slot = this.#free.pop() ?? this.slots++;
    this.#reserve(slot);
    this.#fit(alias.length);
    const heads = this.#heads;
    let at = slot * this.#width + LENGTH;
    heads[at++] = alias.length;
    for (let i = 0; i < alias.length; i++) heads[at++] = alias.charCodeAt(i);
    if (++this.#count * 4 > this.#table.length * 3) this.#rebuild(this.#table.length * 2);
    else this.#put(slot);
    return slot;
  }

  /** Frees a slot, of which nothing remains. */
  release(slot: number): void {
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
    this.#free.push(slot);
  }

  scoreOf(slot: number): number {
    return this.#numbers[slot * NUMBERS]!;
  }

  atOf(slot: number): number {
    return this.#numbers[slot * NUMBERS + AT]!;
  }

  versionOf(slot: number): number {
    return this.#numbers[slot * NUMBERS + VERSION]!;
  }

  subOf(slot: number): number {
    return this.hasSub ? this.#subs[slot]! : 0;
  }

  write(slot: number, score: number, sub: number, at: number, version: number): void {
    const base = slot * NUMBERS;
    this.#numbers[base] = score;
    this.#numbers[base + AT] = at;
    this.#numbers[base + VERSION] = version;
    if (sub !== 0 && !this.hasSub) this.#subs = new Float64Array(this.#room);
    if (this.hasSub) this.#subs[slot] = sub;
  }

  /** The bucket that an entry was put into; see `Ordered`. */
  bucketOf(slot: number): number {
    const at = slot * this.#width;
    return this.#heads[at]! | (this.#heads[at + 1]! << 8);
  }

  /** Where in its bucket it was put. */
  indexOf(slot: number): number {
    return this.#heads[slot * this.#width + INDEX]!;
  }

  setBucket(slot: number, id: number, index: number): void {
    const at = slot * this.#width;
    this.#heads[at] = id;
    this.#heads[at + 1] = id >>> 8;
    this.#heads[at + INDEX] = index;
  }

  setIndex(slot: number, index: number): void {
    this.#heads[slot * this.#width + INDEX] = index;
  }

  has(slot: number): boolean {
    return slot < this.slots && this.#heads[slot * this.#width + LENGTH] !== 0;
  }

  text(slot: number): string {
    return String.fromCharCode(...this.bytes(slot));
  }

  /** The bytes of an alias. Valid until the next change. */
  bytes(slot: number): Uint8Array {
    const at = slot * this.#width + HEAD;
    return this.#heads.subarray(at, at + this.#heads[at - 1]!);
  }

  /** The low bits of its hash say in which part an alias lies. */
  hash(slot: number): number {
    const at = slot * this.#width + HEAD;
    return hashOfBytes(this.#heads, at, this.#heads[at - 1]!);
  }

  /** How the aliases of two slots compare, as strings do: below 0, 0 or above it. */
  compare(a: number, b: number): number {
    const heads = this.#heads;
    const [atA, atB] = [a * this.#width + HEAD, b * this.#width + HEAD];
    const [lengthA, lengthB] = [heads[atA - 1]!, heads[atB - 1]!];
    const least = Math.min(lengthA, lengthB);
    for (let i = 0; i < least; i++) {
      const difference = heads[atA + i]! - heads[atB + i]!;
      if (difference !== 0) return difference;
    }
    return lengthA - lengthB;
  }

  compareText(slot: number, alias: string): number {
    const heads = this.#heads;
    const at = slot * this.#width + HEAD;
    const length = heads[at - 1]!;
    const least = Math.min(length, alias.length);
    for (let i = 0; i < least; i++) {
      const difference = heads[at + i]! - alias.charCodeAt(i);
      if (difference !== 0) return difference;
    }
    return length - alias.length;
  }

  // What is needed of many is looked at beforehand, one kind of thing after the other: a processor waits for a dozen places of memory at once, but
  // for one after the other where each says where the next one lies. The loops are as short as can be, since only so many steps are under way.

  /** Finds the slots in which aliases with some hashes lie, nearly always; -1 for those that are not there. */
  likely(hashes: Uint32Array, slots: Int32Array, count: number): number {
    const [table, shift] = [this.#table, this.#shift];
    const mask = table.length - 1;
    let seen = 0;
    for (let i = 0; i < count; i++) seen ^= table[hashes[i]! >>> shift]!;
    for (let i = 0; i < count; i++) {
      const tag = hashes[i]! << 24;
      let place = hashes[i]! >>> shift;
      while (table[place] !== 0 && ((table[place]! ^ tag) & TAG) !== 0) place = (place + 1) & mask;
      slots[i] = (table[place]! & SLOT) - 1;
    }
    return seen;
  }

  /** The buckets of slots; 0 where there is none. */
  bucketsOf(slots: Int32Array, buckets: Uint16Array, count: number): void {
    const [heads, width] = [this.#heads, this.#width];
    for (let i = 0; i < count; i++) {
      const at = Math.max(0, slots[i]!) * width;
      buckets[i] = heads[at]! | (heads[at + 1]! << 8);
    }
  }

  glanceAtHeads(slots: Int32Array, count: number): number {
    const [heads, width] = [this.#heads, this.#width];
    let seen = 0;
    for (let i = 0; i < count; i++) seen ^= heads[Math.max(0, slots[i]!) * width]!;
    return seen;
  }

  glanceAtNumbers(slots: Int32Array, count: number): number {
    const numbers = this.#numbers;
    let seen = 0;
    for (let i = 0; i < count; i++) seen += numbers[Math.max(0, slots[i]!) * NUMBERS]!;
    return seen;
  }

  /** Which of some slots have a score below one, and which have the same: how many, and the slots. */
  lead(slots: Uint32Array, first: number, count: number, score: number, same: number[]): number {
    const numbers = this.#numbers;
    let leading = 0;
    for (let i = first; i < first + count; i++) {
      const other = numbers[slots[i]! * NUMBERS]!;
      if (other < score) leading++;
      else if (other === score) same.push(slots[i]!);
    }
    return leading;
  }

  /** The scores of some slots. */
  scoresOf(slots: Uint32Array, first: number, count: number, scores: Float64Array): void {
    const numbers = this.#numbers;
    for (let i = 0; i < count; i++) scores[i] = numbers[slots[first + i]! * NUMBERS]!;
  }

  /** One number of slots from one on, as a column. */
  column(field: Field, from = 0, count = this.slots): Float64Array<ArrayBuffer> {
    if (field === "sub") return this.#subs.slice(from, from + count);
    const column = new Float64Array(count);
    const numbers = this.#numbers;
    let at = from * NUMBERS + (field === "score" ? 0 : field === "at" ? AT : VERSION);
    for (let i = 0; i < count; i++, at += NUMBERS) column[i] = numbers[at]!;
    return column;
  }

  // Loading: slots are filled without the table, and `index` makes it.

  /** Makes room for so many slots. */
  expect(slots: number): void {
    if (slots > this.#room) this.#resize(slots);
  }

  /** Puts an alias that lies in bytes into a slot, whatever was there. */
  place(slot: number, from: Uint8Array, start: number, length: number): void {
    if (slot >= this.slots) this.slots = slot + 1;
    this.#reserve(slot);
    this.#fit(length);
    this.clear(slot);
    const heads = this.#heads;
    const at = slot * this.#width + HEAD;
    heads[at - 1] = length;
    for (let i = 0; i < length; i++) heads[at + i] = from[start + i]!;
    if (length > 0) this.#count++;
  }

  /** Takes in the aliases of slots from one on that were never used, as `packed` gave them. */
  restore(from: number, count: number, packed: Uint8Array): void {
    let longest = 0;
    for (let i = 0, end = 0; i < count; i++, end += packed[end]! + 1) longest = Math.max(longest, packed[end]!);
    this.#fit(longest);
    this.slots = Math.max(this.slots, from + count);
    this.#reserve(this.slots - 1);
    const [heads, width] = [this.#heads, this.#width];
    for (let slot = from, end = 0; slot < from + count; slot++) {
      const length = packed[end]!;
      const at = slot * width + LENGTH;
      for (let i = 0; i <= length; i++) heads[at + i] = packed[end++]!;
      if (length > 0) this.#count++;
    }
  }

  /** The aliases of slots from one on: lengths and bytes, a length of 0 where the slot is free. */
  packed(from: number, count: number): Uint8Array<ArrayBuffer> {
    const [heads, width] = [this.#heads, this.#width];
    let size = count;
    for (let slot = from; slot < from + count; slot++) size += heads[slot * width + LENGTH]!;
    const packed = new Uint8Array(size);
    let end = 0;
    for (let slot = from; slot < from + count; slot++) {
      const at = slot * width + LENGTH;
      const length = heads[at]!;
      for (let i = 0; i <= length; i++) packed[end++] = heads[at + i]!;
    }
    return packed;
  }

  /** Empties a slot. */
  clear(slot: number): void {
    if (!this.has(slot)) return;
    this.#heads.fill(0, slot * this.#width, (slot + 1) * this.#width);
    this.write(slot, 0, 0, 0, 0);
    this.#count--;
  }

  /** Finds aliases and free slots again. */
  index(): void {
    let size = LEAST_TABLE;
    while (this.#count * 4 > size * 3) size *= 2;
    this.#rebuild(size);
    this.#free = [];
    for (let slot = this.slots - 1; slot >= 0; slot--) if (!this.has(slot)) this.#free.push(slot);
  }

  #reserve(slot: number): void {
    if (slot > MOST_SLOTS) throw new RangeError("a part of a board is full");
    if (slot >= this.#room) this.#resize(grown(slot + 1));
  }

  #resize(room: number): void {
    this.#numbers = resized(this.#numbers, new Float64Array(room * NUMBERS));
    if (this.hasSub) this.#subs = resized(this.#subs, new Float64Array(room));
    this.#heads = resized(this.#heads, new Uint8Array(room * this.#width));
    this.#room = room;
  }

  /** Makes room for aliases of a length. */
  #fit(length: number): void {
    if (HEAD + length <= this.#width) return;
    const [old, oldWidth] = [this.#heads, this.#width];
    const width = Math.ceil((HEAD + length) / 8) * 8;
    const heads = new Uint8Array(this.#room * width);
    for (let slot = 0; slot < this.slots; slot++) for (let i = 0; i < oldWidth; i++) heads[slot * width + i] = old[slot * oldWidth + i]!;
    this.#heads = heads;
    this.#width = width;
  }

  #rebuild(size: number): void {
    this.#table = new Uint32Array(size);
    this.#shift = 32 - Math.log2(size);
    for (let slot = 0; slot < this.slots; slot++) if (this.has(slot)) this.#put(slot);
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
    const heads = this.#heads;
    const at = slot * this.#width + HEAD;
    if (heads[at - 1] !== alias.length) return false;
    for (let i = 0; i < alias.length; i++) if (heads[at + i] !== alias.charCodeAt(i)) return false;
    return true;
  }
}
