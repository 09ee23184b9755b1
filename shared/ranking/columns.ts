import { Aliases, grown, resized } from "./aliases";

/**
 * Entries by slot, a column for each thing. Scores lie so that the smaller leads, whatever the board's order. There is no column of
 * subscores until somebody has one.
 */
export class Columns {
  score = new Float64Array(64);
  sub = new Float64Array(0);
  at = new Float64Array(64);
  version = new Float64Array(64);
  readonly aliases = new Aliases();
  /** Slots that were ever used. */
  slots = 0;
  #free: number[] = [];

  get size(): number {
    return this.aliases.size;
  }

  /** A slot for a new alias. */
  take(alias: string): number {
    const slot = this.#free.pop() ?? this.slots++;
    if (slot >= this.score.length) this.#grow(grown(slot + 1));
    this.aliases.set(slot, alias);
    return slot;
  }

  release(slot: number): void {
    this.aliases.remove(slot);
    this.#free.push(slot);
  }

  subOf(slot: number): number {
    return this.sub.length === 0 ? 0 : this.sub[slot]!;
  }

  write(slot: number, score: number, sub: number, at: number, version: number): void {
    this.score[slot] = score;
    this.at[slot] = at;
    this.version[slot] = version;
    if (sub !== 0 && this.sub.length === 0) this.sub = new Float64Array(this.score.length);
    if (this.sub.length > 0) this.sub[slot] = sub;
  }

  /** Makes room for so many slots; for loading. */
  reserve(slots: number, hasSub: boolean): void {
    this.slots = Math.max(this.slots, slots);
    if (slots > this.score.length) this.#grow(slots);
    if (hasSub && this.sub.length === 0) this.sub = new Float64Array(this.score.length);
  }

  /** Sizes the arrays for what is about to be loaded. */
  expect(slots: number, bytes: number): void {
    if (slots > this.score.length) this.#grow(slots);
    this.aliases.expect(slots, bytes);
  }

  /** Makes room for a slot beyond the last; for loading. */
  reserveOne(slot: number): void {
    this.slots = slot + 1;
    if (slot >= this.score.length) this.#grow(grown(slot + 1));
  }

  /** Finds aliases and free slots again after loading. */
  index(): void {
    this.aliases.index();
    this.#free = [];
    for (let slot = this.slots - 1; slot >= 0; slot--) if (!this.aliases.has(slot)) this.#free.push(slot);
  }

  #grow(size: number): void {
    this.score = resized(this.score, new Float64Array(size));
    this.at = resized(this.at, new Float64Array(size));
    this.version = resized(this.version, new Float64Array(size));
    if (this.sub.length > 0) this.sub = resized(this.sub, new Float64Array(size));
  }
}
