import { grown, resized } from "./aliases";
import type { Columns } from "./columns";

/** Slots of one bucket. Below a thousand, moving them is one short copy. */
const CAPACITY = 512;
const FILLED = 360;
const SPARSE = 64;

/** A place in the order that need not be an entry's: scores as the columns hold them. */
export interface Probe {
  readonly score: number;
  readonly sub: number;
  readonly at: number;
  readonly alias: string;
}

/**
 * Slots in their order, in buckets of some hundred with a tree of counts over them. A slot knows its bucket, so that a rank is a scan of
 * one bucket and a sum of a dozen numbers, and a move a scan, two binary searches and two short copies.
 */
export class Ordered {
  readonly #columns: Columns;
  /**
   * Buckets by id, which one keeps for its life: a stretch of slots, and their scores beside them, so that a search stays within a few lines of the
   * cache. All lie in one array of each: what is found by an object of its own lies somewhere else again.
   */
  #slots = new Uint32Array(CAPACITY);
  #scores = new Float64Array(CAPACITY);
  /** Ids that were ever given. */
  #given = 0;
  #freeIds: number[] = [];
  /** By id: where the bucket stands. */
  #places = new Uint16Array(8);
  // By place: the bucket's id, its size, and its first score.
  #ids = new Uint16Array(8);
  #sizes = new Uint32Array(8);
  #first = new Float64Array(8);
  /** Sums of sizes: a Fenwick tree, from 1. */
  #tree = new Uint32Array(9);
  #count = 0;
  /** By slot: the id of its bucket. */
  #bucketOf = new Uint16Array(64);
  size = 0;
  // What is looked for: an entry's own key where `#slot` is not negative.
  #score = 0;
  #sub = 0;
  #at = 0;
  #slot = -1;
  #alias = "";

  constructor(columns: Columns) {
    this.#columns = columns;
  }

  /** Takes slots over that are in order already. */
  build(sorted: Uint32Array): void {
    this.#given = 0;
    this.#freeIds = [];
    this.#count = 0;
    this.#bucketOf = new Uint16Array(this.#columns.score.length);
    const count = Math.ceil(sorted.length / FILLED);
    this.#reserve(count);
    this.#expect(count);
    for (let place = 0; place < count; place++) {
      const part = sorted.subarray(place * FILLED, (place + 1) * FILLED);
      const id = this.#add(place);
      const base = id * CAPACITY;
      this.#slots.set(part, base);
      for (let i = 0; i < part.length; i++) {
        const slot = part[i]!;
        this.#scores[base + i] = this.#columns.score[slot]!;
        this.#bucketOf[slot] = id;
      }
      this.#sizes[place] = part.length;
      this.#first[place] = this.#scores[base]!;
    }
    this.size = sorted.length;
    this.#sum();
  }

  /** Puts a slot at the place that its columns say. */
  insert(slot: number): void {
    if (slot >= this.#bucketOf.length) this.#bucketOf = resized(this.#bucketOf, new Uint16Array(grown(slot + 1)));
    if (this.#count === 0) {
      this.#add(0);
      this.#sizes[0] = 0;
      this.#sum();
    }
    this.#aimAt(slot);
    let place = this.#place();
    if (this.#sizes[place] === CAPACITY) {
      this.#split(place);
      place = this.#place();
    }
    const id = this.#ids[place]!;
    const base = id * CAPACITY;
    const size = this.#sizes[place]!;
    const i = this.#within(base, base + size);
    this.#slots.copyWithin(i + 1, i, base + size);
    this.#scores.copyWithin(i + 1, i, base + size);
    this.#slots[i] = slot;
    this.#scores[i] = this.#score;
    this.#bucketOf[slot] = id;
    if (i === base) this.#first[place] = this.#score;
    this.#sizes[place] = size + 1;
    this.#weigh(place, 1);
    this.size++;
  }

  /** Takes a slot out. */
  remove(slot: number): void {
    const id = this.#bucketOf[slot]!;
    this.#takeOut(this.#places[id]!, this.#slots.indexOf(slot, id * CAPACITY));
  }

  /** Gives a slot another key. */
  move(slot: number, score: number, sub: number, at: number, version: number): void {
    const id = this.#bucketOf[slot]!;
    const place = this.#places[id]!;
    const slots = this.#slots;
    const scores = this.#scores;
    const base = id * CAPACITY;
    const i = slots.indexOf(slot, base);
    this.#columns.write(slot, score, sub, at, version);
    this.#aimAt(slot);
    // Many changes do not change the order.
    const isInside = i > base && i + 1 < base + this.#sizes[place]!;
    if (isInside && this.#compare(slots[i - 1]!, scores[i - 1]!) < 0 && this.#compare(slots[i + 1]!, scores[i + 1]!) > 0) {
      scores[i] = score;
      return;
    }
    this.#takeOut(place, i);
    this.insert(slot);
  }

  /** How many lead an entry. */
  position(slot: number): number {
    const id = this.#bucketOf[slot]!;
    const base = id * CAPACITY;
    return this.#before(this.#places[id]!) + this.#slots.indexOf(slot, base) - base;
  }

  /** How many lead a place. */
  aheadOf({ score, sub, at, alias }: Probe): number {
    this.#score = score;
    this.#sub = sub;
    this.#at = at;
    this.#alias = alias;
    this.#slot = -1;
    if (this.size === 0) return 0;
    const place = this.#place();
    const base = this.#ids[place]! * CAPACITY;
    return this.#before(place) + this.#within(base, base + this.#sizes[place]!) - base;
  }

  /** How many have a better score and subscore. */
  betterThan(score: number, sub: number): number {
    return this.aheadOf({ score, sub, at: Number.NEGATIVE_INFINITY, alias: "" });
  }

  /** Slots from a position on, as many as there are up to a count. */
  slice(from: number, count: number): number[] {
    const slots: number[] = [];
    const wanted = Math.min(this.size, from + count) - from;
    if (wanted <= 0) return slots;
    let place = 0;
    let rest = from;
    for (let step = 1 << (31 - Math.clz32(this.#count)); step > 0; step >>= 1) {
      const next = place + step;
      if (next > this.#count || this.#tree[next]! > rest) continue;
      place = next;
      rest -= this.#tree[next]!;
    }
    for (; slots.length < wanted; place++, rest = 0) {
      const base = this.#ids[place]! * CAPACITY;
      const last = Math.min(this.#sizes[place]!, rest + wanted - slots.length);
      for (let i = rest; i < last; i++) slots.push(this.#slots[base + i]!);
    }
    return slots;
  }

  /** Takes out what lies at an index of all buckets, which is of the one at a place. */
  #takeOut(place: number, i: number): void {
    const base = this.#ids[place]! * CAPACITY;
    const size = this.#sizes[place]! - 1;
    this.#slots.copyWithin(i, i + 1, base + size + 1);
    this.#scores.copyWithin(i, i + 1, base + size + 1);
    this.#sizes[place] = size;
    this.size--;
    if (size === 0) return this.#drop(place);
    if (i === base) this.#first[place] = this.#scores[base]!;
    this.#weigh(place, -1);
    if (size < SPARSE) this.#join(place);
  }

  #aimAt(slot: number): void {
    const columns = this.#columns;
    this.#slot = slot;
    this.#score = columns.score[slot]!;
    this.#sub = columns.subOf(slot);
    this.#at = columns.at[slot]!;
  }

  /** Below 0 where an entry leads what is looked for. */
  #compare(slot: number, score: number): number {
    return score === this.#score ? this.#compareRest(slot) : score < this.#score ? -1 : 1;
  }

  #compareRest(slot: number): number {
    const columns = this.#columns;
    const sub = columns.subOf(slot);
    if (sub !== this.#sub) return sub < this.#sub ? -1 : 1;
    const at = columns.at[slot]!;
    if (at !== this.#at) return at < this.#at ? -1 : 1;
    if (slot === this.#slot) return 0;
    return this.#slot === -1 ? columns.aliases.compareText(slot, this.#alias) : columns.aliases.compare(slot, this.#slot);
  }

  /** The last bucket whose first entry does not follow what is looked for. */
  #place(): number {
    let low = 1;
    let high = this.#count;
    const first = this.#first;
    const wanted = this.#score;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const score = first[middle]!;
      if (score < wanted || (score === wanted && this.#compareRest(this.#slots[this.#ids[middle]! * CAPACITY]!) <= 0)) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /** Where what is looked for lies between two indexes of a bucket: behind all that lead it. */
  #within(from: number, to: number): number {
    let low = from;
    let high = to;
    const slots = this.#slots;
    const scores = this.#scores;
    const wanted = this.#score;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const score = scores[middle]!;
      if (score < wanted || (score === wanted && this.#compareRest(slots[middle]!) < 0)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** How many lie in the buckets before a place. */
  #before(place: number): number {
    let sum = 0;
    for (let i = place; i > 0; i &= i - 1) sum += this.#tree[i]!;
    return sum;
  }

  #weigh(place: number, by: number): void {
    for (let i = place + 1; i <= this.#count; i += i & -i) this.#tree[i]! += by;
  }

  /** Counts all sizes and places anew. */
  #sum(): void {
    const count = this.#count;
    const tree = this.#tree;
    tree.fill(0);
    for (let i = 1; i <= count; i++) {
      this.#places[this.#ids[i - 1]!] = i - 1;
      tree[i]! += this.#sizes[i - 1]!;
      const above = i + (i & -i);
      if (above <= count) tree[above]! += tree[i]!;
    }
  }

  #split(place: number): void {
    const from = this.#ids[place]! * CAPACITY + (CAPACITY >>> 1);
    const to = this.#ids[place]! * CAPACITY + CAPACITY;
    const id = this.#add(place + 1);
    const base = id * CAPACITY;
    this.#slots.copyWithin(base, from, to);
    this.#scores.copyWithin(base, from, to);
    const moved = to - from;
    for (let i = base; i < base + moved; i++) this.#bucketOf[this.#slots[i]!] = id;
    this.#sizes[place] = CAPACITY - moved;
    this.#sizes[place + 1] = moved;
    this.#first[place + 1] = this.#scores[base]!;
    this.#sum();
  }

  /** Empties a sparse bucket into a neighbour that has room. */
  #join(place: number): void {
    const into = place > 0 ? place - 1 : place;
    const from = into + 1;
    if (from >= this.#count) return;
    const [sizeInto, sizeFrom] = [this.#sizes[into]!, this.#sizes[from]!];
    if (sizeInto + sizeFrom > FILLED) return;
    const id = this.#ids[into]!;
    const end = id * CAPACITY + sizeInto;
    const base = this.#ids[from]! * CAPACITY;
    this.#slots.copyWithin(end, base, base + sizeFrom);
    this.#scores.copyWithin(end, base, base + sizeFrom);
    for (let i = end; i < end + sizeFrom; i++) this.#bucketOf[this.#slots[i]!] = id;
    this.#sizes[into] = sizeInto + sizeFrom;
    this.#drop(from);
  }

  /** Puts an empty bucket at a place, before `#sum`; returns its id. */
  #add(place: number): number {
    const count = this.#count;
    this.#reserve(count + 1);
    const id = this.#freeIds.pop() ?? this.#given++;
    if (id > 0xffff) throw new RangeError("a part of a board is full");
    if (this.#given * CAPACITY > this.#slots.length) this.#expect(this.#given + (this.#given >>> 2));
    this.#ids.copyWithin(place + 1, place, count);
    this.#sizes.copyWithin(place + 1, place, count);
    this.#first.copyWithin(place + 1, place, count);
    this.#ids[place] = id;
    this.#count = count + 1;
    return id;
  }

  /** Makes room for so many buckets. */
  #expect(buckets: number): void {
    if (buckets * CAPACITY <= this.#slots.length) return;
    this.#slots = resized(this.#slots, new Uint32Array(buckets * CAPACITY));
    this.#scores = resized(this.#scores, new Float64Array(buckets * CAPACITY));
  }

  #drop(place: number): void {
    const id = this.#ids[place]!;
    const count = this.#count;
    this.#freeIds.push(id);
    this.#ids.copyWithin(place, place + 1, count);
    this.#sizes.copyWithin(place, place + 1, count);
    this.#first.copyWithin(place, place + 1, count);
    this.#count = count - 1;
    this.#sum();
  }

  #reserve(count: number): void {
    if (count <= this.#sizes.length) return;
    const size = count + (count >>> 1);
    this.#sizes = resized(this.#sizes, new Uint32Array(size));
    this.#first = resized(this.#first, new Float64Array(size));
    this.#ids = resized(this.#ids, new Uint16Array(size));
    this.#places = resized(this.#places, new Uint16Array(size));
    this.#tree = resized(this.#tree, new Uint32Array(size + 1));
  }
}
