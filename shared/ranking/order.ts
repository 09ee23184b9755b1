import { resized } from "./arrays";
import type { Records } from "./records";

/** Slots of one bucket. */
const CAPACITY = 128;
const FILLED = 90;
const SPARSE = 24;
const MOST_BUCKETS = 65_536;
/** So many sizes are summed up into one of the next level. */
const FAN_BITS = 5;
/** Counting through a bucket so often costs as much as putting it in order. */
const MOST_COUNTED = 32;

/** A place in the order that need not be an entry's: scores as the records hold them. */
export interface Probe {
  readonly score: number;
  readonly sub: number;
  readonly at: number;
  readonly alias: string;
}

/**
 * Slots in their order: buckets of about a hundred in their order, with sums of their sizes, and a bucket's slots in any order until they are
 * read. A slot's record knows its bucket and where in it. So a change takes a slot out of one bucket and puts it into another, without looking
 * at the others there; a rank is a sum of some dozen numbers, and a count through one bucket where that has changed since it was put in order.
 */
export class Ordered {
  readonly #records: Records;
  /** Slots of buckets by id, which a bucket keeps for its life. */
  #slots = new Uint32Array(CAPACITY);
  /** Ids that were ever given. */
  #given = 0;
  #freeIds: number[] = [];
  // By id: where the bucket stands, and how often it was counted through since its slots were in order, plus one; 0 where they are.
  #places = new Uint16Array(8);
  #counted = new Uint8Array(8);
  // By place: the bucket's id, its size, and the least key that belongs into it; into the first one every lesser key does.
  #ids = new Uint16Array(8);
  #sizes = new Uint32Array(8);
  #fromScore = new Float64Array(8);
  #fromSub = new Float64Array(8);
  #fromAt = new Float64Array(8);
  #fromAlias: string[] = [];
  /** Sums of 32 sizes, and of 32 of those. */
  #sums = new Uint32Array(1);
  #totals = new Uint32Array(1);
  #count = 0;
  size = 0;
  // What is looked for: an entry's own key where `#slot` is not negative.
  #score = 0;
  #sub = 0;
  #at = 0;
  #slot = -1;
  #alias = "";
  /** Scores of a bucket that is put in order. */
  readonly #scores = new Float64Array(CAPACITY);

  constructor(records: Records) {
    this.#records = records;
  }

  /** Takes slots over that are in order already. */
  build(sorted: Uint32Array): void {
    const count = Math.ceil(sorted.length / FILLED);
    for (let place = 0; place < count; place++) {
      const id = this.#add(place);
      const [slots, first] = [this.#slots, id * CAPACITY];
      const size = Math.min(FILLED, sorted.length - place * FILLED);
      for (let i = 0; i < size; i++) {
        const slot = sorted[place * FILLED + i]!;
        slots[first + i] = slot;
        this.#records.setBucket(slot, id, i);
      }
      this.#sizes[place] = size;
      this.#bound(place);
    }
    this.size = sorted.length;
    this.#sum();
  }

  /** Puts a slot at the place that its record says. */
  insert(slot: number): void {
    this.#aimAt(slot);
    if (this.#count === 0) {
      this.#add(0);
      this.#sum();
    }
    this.#put(this.#place(), slot);
  }

  /** Takes a slot out. */
  remove(slot: number): void {
    this.#takeOut(this.#places[this.#records.bucketOf(slot)]!, this.#records.indexOf(slot));
  }

  /** Gives a slot another key. */
  move(slot: number, score: number, sub: number, at: number, version: number): void {
    const id = this.#records.bucketOf(slot);
    const place = this.#places[id]!;
    this.#records.write(slot, score, sub, at, version);
    this.#aim(slot, score, sub, at);
    const next = this.#place();
    if (next === place) this.#counted[id] ||= 1;
    else if (this.#takeOut(place, this.#records.indexOf(slot))) this.#put(this.#place(), slot);
    else this.#put(next, slot);
  }

  /** How many lead an entry. */
  position(slot: number): number {
    const id = this.#records.bucketOf(slot);
    const place = this.#places[id]!;
    if (this.#isCountedThrough(id)) {
      this.#aimAt(slot);
      return this.#before(place) + this.#leading(place);
    }
    this.#sort(place);
    return this.#before(place) + this.#records.indexOf(slot);
  }

  /** How many lead a place. */
  aheadOf({ score, sub, at, alias }: Probe): number {
    this.#aim(-1, score, sub, at, alias);
    if (this.size === 0) return 0;
    const place = this.#place();
    return this.#before(place) + this.#leading(place);
  }

  /** How many have a better score and subscore. */
  betterThan(score: number, sub: number): number {
    return this.aheadOf({ score, sub, at: Number.NEGATIVE_INFINITY, alias: "" });
  }

  /** Slots from a position on, as many as there are up to a count. */
  slice(from: number, count: number): number[] {
    const found: number[] = [];
    const wanted = Math.min(this.size, from + count) - from;
    if (wanted <= 0) return found;
    let rest = from;
    let total = 0;
    while (this.#totals[total]! <= rest) rest -= this.#totals[total++]!;
    let sum = total << FAN_BITS;
    while (this.#sums[sum]! <= rest) rest -= this.#sums[sum++]!;
    let place = sum << FAN_BITS;
    while (this.#sizes[place]! <= rest) rest -= this.#sizes[place++]!;
    for (; found.length < wanted; place++, rest = 0) {
      this.#sort(place);
      const id = this.#ids[place]!;
      const [slots, first] = [this.#slots, id * CAPACITY];
      const last = Math.min(this.#sizes[place]!, rest + wanted - found.length);
      for (let i = rest; i < last; i++) found.push(slots[first + i]!);
    }
    return found;
  }

  /** The slots that would take the place of those that leave some buckets; see `Records`. */
  lastsOf(buckets: Uint16Array, slots: Int32Array, count: number): void {
    const [places, sizes, all] = [this.#places, this.#sizes, this.#slots];
    for (let i = 0; i < count; i++) slots[i] = all[buckets[i]! * CAPACITY + Math.max(1, sizes[places[buckets[i]!]!]!) - 1]!;
  }

  /** Puts a slot into the bucket at a place, where it belongs. */
  #put(into: number, slot: number): void {
    let place = into;
    if (this.#sizes[place] === CAPACITY) {
      this.#split(place);
      this.#aimAt(slot);
      place = this.#place();
    }
    const id = this.#ids[place]!;
    const size = this.#sizes[place]!;
    this.#slots[id * CAPACITY + size] = slot;
    if (size > 0) this.#counted[id] ||= 1;
    this.#records.setBucket(slot, id, size);
    this.#weigh(place, 1);
    this.size++;
  }

  /** Takes out what lies at an index of the bucket at a place; whether others have another place now. */
  #takeOut(place: number, i: number): boolean {
    const id = this.#ids[place]!;
    const last = this.#sizes[place]! - 1;
    if (i !== last) {
      const [slots, first] = [this.#slots, id * CAPACITY];
      const moved = slots[first + last]!;
      slots[first + i] = moved;
      this.#records.setIndex(moved, i);
      this.#counted[id] ||= 1;
    }
    this.#weigh(place, -1);
    this.size--;
    if (last === 0) {
      this.#drop(place);
      return true;
    }
    return last < SPARSE && this.#join(place);
  }

  #aimAt(slot: number): void {
    const records = this.#records;
    this.#aim(slot, records.scoreOf(slot), records.subOf(slot), records.atOf(slot));
  }

  #aim(slot: number, score: number, sub: number, at: number, alias = ""): void {
    this.#slot = slot;
    this.#score = score;
    this.#sub = sub;
    this.#at = at;
    this.#alias = alias;
  }

  /** Whether a bucket is not in order and has not been asked too often for leaving it so. */
  #isCountedThrough(id: number): boolean {
    const counted = this.#counted[id]!;
    if (counted === 0 || counted > MOST_COUNTED) return false;
    this.#counted[id] = counted + 1;
    return true;
  }

  /** How many of the bucket at a place lead what is looked for. */
  #leading(place: number): number {
    const same: number[] = [];
    const leading = this.#records.lead(this.#slots, this.#ids[place]! * CAPACITY, this.#sizes[place]!, this.#score, same);
    return same.reduce((sum, slot) => sum + (this.#compareRest(slot) < 0 ? 1 : 0), leading);
  }

  /** Below 0 where an entry with the same score leads what is looked for. */
  #compareRest(slot: number): number {
    const records = this.#records;
    const sub = records.subOf(slot);
    if (sub !== this.#sub) return sub < this.#sub ? -1 : 1;
    const at = records.atOf(slot);
    if (at !== this.#at) return at < this.#at ? -1 : 1;
    if (slot === this.#slot) return 0;
    return this.#slot === -1 ? records.compareText(slot, this.#alias) : records.compare(slot, this.#slot);
  }

  /** The last bucket whose least key does not follow what is looked for. */
  #place(): number {
    let low = 1;
    let high = this.#count;
    const from = this.#fromScore;
    const wanted = this.#score;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const score = from[middle]!;
      if (score < wanted || (score === wanted && this.#compareFrom(middle) <= 0)) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /** Below 0 where the least key of a place with the same score leads what is looked for. */
  #compareFrom(place: number): number {
    const [sub, at] = [this.#fromSub[place]!, this.#fromAt[place]!];
    if (sub !== this.#sub) return sub < this.#sub ? -1 : 1;
    if (at !== this.#at) return at < this.#at ? -1 : 1;
    const [alias, wanted] = [this.#fromAlias[place]!, this.#slot === -1 ? this.#alias : this.#records.text(this.#slot)];
    return alias === wanted ? 0 : alias < wanted ? -1 : 1;
  }

  /** Lets what belongs into the bucket at a place begin with the first of its slots, which are in order. */
  #bound(place: number): void {
    const id = this.#ids[place]!;
    const slot = this.#slots[id * CAPACITY]!;
    this.#fromScore[place] = this.#records.scoreOf(slot);
    this.#fromSub[place] = this.#records.subOf(slot);
    this.#fromAt[place] = this.#records.atOf(slot);
    this.#fromAlias[place] = this.#records.text(slot);
  }

  /** How many lie in the buckets before a place. */
  #before(place: number): number {
    const sum = place >>> FAN_BITS;
    const total = sum >>> FAN_BITS;
    let before = 0;
    for (let i = 0; i < total; i++) before += this.#totals[i]!;
    for (let i = total << FAN_BITS; i < sum; i++) before += this.#sums[i]!;
    for (let i = sum << FAN_BITS; i < place; i++) before += this.#sizes[i]!;
    return before;
  }

  #weigh(place: number, by: number): void {
    this.#sizes[place]! += by;
    this.#sums[place >>> FAN_BITS]! += by;
    this.#totals[place >>> (2 * FAN_BITS)]! += by;
  }

  /** Counts all sizes and places anew. */
  #sum(): void {
    this.#sums.fill(0);
    this.#totals.fill(0);
    for (let place = 0; place < this.#count; place++) {
      this.#places[this.#ids[place]!] = place;
      this.#sums[place >>> FAN_BITS]! += this.#sizes[place]!;
      this.#totals[place >>> (2 * FAN_BITS)]! += this.#sizes[place]!;
    }
  }

  /** Puts the slots of the bucket at a place in order. */
  #sort(place: number): void {
    const id = this.#ids[place]!;
    if (this.#counted[id] === 0) return;
    const [records, slots, scores, first] = [this.#records, this.#slots, this.#scores, id * CAPACITY];
    const size = this.#sizes[place]!;
    records.scoresOf(slots, first, size, scores);
    for (let i = 1; i < size; i++) {
      const [score, slot] = [scores[i]!, slots[first + i]!];
      let to = i;
      for (; to > 0; to--) {
        const other = scores[to - 1]!;
        if (other < score || (other === score && this.#isBefore(slots[first + to - 1]!, slot))) break;
        scores[to] = other;
        slots[first + to] = slots[first + to - 1]!;
      }
      scores[to] = score;
      slots[first + to] = slot;
    }
    for (let i = 0; i < size; i++) records.setIndex(slots[first + i]!, i);
    this.#counted[id] = 0;
  }

  /** Whether one of two slots with the same score leads the other. */
  #isBefore(slot: number, other: number): boolean {
    const records = this.#records;
    const difference = records.subOf(slot) - records.subOf(other) || records.atOf(slot) - records.atOf(other);
    return difference < 0 || (difference === 0 && records.compare(slot, other) < 0);
  }

  #split(place: number): void {
    const half = CAPACITY >>> 1;
    this.#sort(place);
    const id = this.#add(place + 1);
    this.#carry(place, half, CAPACITY, id, 0);
    this.#sizes[place] = half;
    this.#sizes[place + 1] = CAPACITY - half;
    this.#bound(place + 1);
    this.#sum();
  }

  /** Empties a sparse bucket into a neighbour that has room; whether it did. */
  #join(place: number): boolean {
    const into = place > 0 ? place - 1 : place;
    const from = into + 1;
    if (from >= this.#count) return false;
    const [sizeInto, sizeFrom] = [this.#sizes[into]!, this.#sizes[from]!];
    if (sizeInto + sizeFrom > FILLED) return false;
    const [idInto, idFrom] = [this.#ids[into]!, this.#ids[from]!];
    this.#carry(from, 0, sizeFrom, idInto, sizeInto);
    this.#counted[idInto] ||= this.#counted[idFrom]!;
    this.#sizes[into] = sizeInto + sizeFrom;
    this.#drop(from);
    return true;
  }

  /** Copies slots of the bucket at a place to an index of another. */
  #carry(place: number, start: number, end: number, id: number, at: number): void {
    const from = this.#ids[place]!;
    const [slots, first, into] = [this.#slots, from * CAPACITY, id * CAPACITY + at];
    for (let i = start; i < end; i++) {
      const slot = slots[first + i]!;
      slots[into + i - start] = slot;
      this.#records.setBucket(slot, id, at + i - start);
    }
  }

  /** Puts an empty bucket at a place, before `#sum`; returns its id. */
  #add(place: number): number {
    const count = this.#count;
    this.#reserve(count + 1);
    const id = this.#freeIds.pop() ?? this.#given++;
    if (id >= MOST_BUCKETS) throw new RangeError("a part of a board is full");
    if (this.#given * CAPACITY > this.#slots.length) this.#slots = resized(this.#slots, new Uint32Array((id + 1 + (id >>> 2)) * CAPACITY));
    for (const column of [this.#ids, this.#sizes, this.#fromScore, this.#fromSub, this.#fromAt]) column.copyWithin(place + 1, place, count);
    this.#fromAlias.splice(place, 0, "");
    this.#ids[place] = id;
    this.#sizes[place] = 0;
    this.#counted[id] = 0;
    this.#count = count + 1;
    return id;
  }

  #drop(place: number): void {
    const count = this.#count;
    this.#freeIds.push(this.#ids[place]!);
    for (const column of [this.#ids, this.#sizes, this.#fromScore, this.#fromSub, this.#fromAt]) column.copyWithin(place, place + 1, count);
    this.#fromAlias.splice(place, 1);
    this.#count = count - 1;
    this.#sum();
  }

  #reserve(count: number): void {
    if (count <= this.#sizes.length) return;
    const size = count + (count >>> 1);
    this.#ids = resized(this.#ids, new Uint16Array(size));
    this.#places = resized(this.#places, new Uint16Array(size));
    this.#counted = resized(this.#counted, new Uint8Array(size));
    this.#sizes = resized(this.#sizes, new Uint32Array(size));
    this.#fromScore = resized(this.#fromScore, new Float64Array(size));
    this.#fromSub = resized(this.#fromSub, new Float64Array(size));
    this.#fromAt = resized(this.#fromAt, new Float64Array(size));
    this.#sums = new Uint32Array((size >>> FAN_BITS) + 1);
    this.#totals = new Uint32Array((size >>> (2 * FAN_BITS)) + 1);
  }
}
