import { Columns } from "./columns";
import { Ordered, type Probe } from "./order";
import { sortedSlots } from "./sort";
import type { Entry, Outcome, Submission, Terms } from "./terms";

/** Where a key lies: how many entries lead it, and how many of them by score and subscore. */
export interface Place {
  readonly ahead: number;
  readonly better: number;
}

/** Entries from a key on, the key excluded; from an end where there is none. Backwards means towards the best, nearest first. */
export interface Window {
  readonly key: Entry | null;
  readonly backwards: boolean;
  readonly limit: number;
}

/** Numbers that one alias may have counted before those that lie below them. */
export const MOST_EARLY = 1_000;

/** Entries and their order, in memory. */
export class Ranking {
  readonly terms: Terms;
  readonly columns: Columns;
  /** Numbers that were counted above the one up to which all were, by slot. */
  readonly early = new Map<number, Set<number>>();
  /** The slot of the last submission that was counted. */
  touched = -1;
  readonly #order: Ordered;
  readonly #sign: 1 | -1;

  constructor(terms: Terms, columns = new Columns()) {
    this.terms = terms;
    this.columns = columns;
    this.#sign = terms.order === "descending" ? -1 : 1;
    this.#order = new Ordered(columns);
    if (columns.size > 0) this.#order.build(sortedSlots(columns));
  }

  get size(): number {
    return this.#order.size;
  }

  /** Counts one submission, which must be valid; see `isSubmission`. */
  submit(submission: Submission): Outcome {
    const { alias, score, subscore = 0, at, version } = submission;
    const slot = this.columns.aliases.find(alias);
    const { operator } = this.terms;
    const sign = this.#sign;
    if (operator === "increment" || operator === "decrement") return this.#sum(slot, submission);
    const [key, sub] = [score * sign + 0, subscore * sign + 0];
    if (slot === -1) return this.#enter(alias, key, sub, at, version);
    const known = this.columns.version[slot]!;
    if (operator === "set") {
      if (version <= known) return "replayed";
      return this.#change(slot, key, sub, at, version);
    }
    const difference = key - this.columns.score[slot]! || sub - this.columns.subOf(slot) || at - this.columns.at[slot]!;
    return difference < 0 ? this.#change(slot, key, sub, at, Math.max(known, version)) : "kept";
  }

  /** Puts an entry as it stands; of two with the same alias the later call counts. */
  put(alias: string, key: number, sub: number, at: number, version: number): void {
    const slot = this.columns.aliases.find(alias);
    if (slot === -1) this.#enter(alias, key, sub, at, version);
    else this.#change(slot, key, sub, at, version);
  }

  /** Takes an alias out; returns the slot that it had, or -1. */
  remove(alias: string): number {
    const slot = this.columns.aliases.find(alias);
    if (slot === -1) return -1;
    this.#order.remove(slot);
    this.columns.release(slot);
    this.early.delete(slot);
    return slot;
  }

  entry(alias: string): Entry | null {
    const slot = this.columns.aliases.find(alias);
    return slot === -1 ? null : this.entryAt(slot);
  }

  /** The rank of an alias, from 1; 0 where it is not there. */
  rank(alias: string): number {
    const slot = this.columns.aliases.find(alias);
    if (slot === -1) return 0;
    if (this.terms.ties === "earlier") return this.#order.position(slot) + 1;
    return this.#order.betterThan(this.columns.score[slot]!, this.columns.subOf(slot)) + 1;
  }

  /** Where a key lies, whether or not there is an entry with it. */
  place(key: Entry): Place {
    const probe = this.#probe(key);
    const ahead = this.#order.aheadOf(probe);
    return { ahead, better: this.terms.ties === "earlier" ? ahead : this.#order.betterThan(probe.score, probe.sub) };
  }

  window({ key, backwards, limit }: Window): Entry[] {
    if (!backwards) {
      const from = key === null ? 0 : this.#after(key);
      return this.slice(from, limit);
    }
    const end = key === null ? this.size : this.#order.aheadOf(this.#probe(key));
    const from = Math.max(0, end - limit);
    return this.slice(from, end - from).toReversed();
  }

  /** Entries from a position, counted from 0. */
  slice(from: number, count: number): Entry[] {
    return this.#order.slice(from, count).map((slot) => this.entryAt(slot));
  }

  entryAt(slot: number): Entry {
    const { columns } = this;
    return {
      alias: columns.aliases.text(slot),
      score: columns.score[slot]! * this.#sign + 0,
      subscore: columns.subOf(slot) * this.#sign + 0,
      at: columns.at[slot]!,
    };
  }

  #after(key: Entry): number {
    const ahead = this.#order.aheadOf(this.#probe(key));
    const slot = this.columns.aliases.find(key.alias);
    if (slot === -1) return ahead;
    const { score, subscore, at } = this.entryAt(slot);
    return score === key.score && subscore === key.subscore && at === key.at ? ahead + 1 : ahead;
  }

  #probe({ score, subscore, at, alias }: Entry): Probe {
    return { score: score * this.#sign + 0, sub: subscore * this.#sign + 0, at, alias };
  }

  /** Increments and decrements commute, so that each number need only count once. */
  #sum(slot: number, { alias, score, subscore = 0, at, version }: Submission): Outcome {
    const { columns } = this;
    const { operator, start = 0 } = this.terms;
    const sign = this.#sign;
    const seen = slot === -1 ? 0 : columns.version[slot]!;
    const early = this.early.get(slot);
    if (version <= seen || early?.has(version) === true) return "replayed";
    if (version > seen + 1 && (early?.size ?? 0) >= MOST_EARLY) return "gap";
    let upTo = seen;
    if (version === seen + 1) for (upTo = version; early?.delete(upTo + 1) === true;) upTo++;
    const stands = slot === -1 ? start : columns.score[slot]! * sign;
    const standsSub = slot === -1 ? 0 : columns.subOf(slot) * sign;
    const isDown = operator === "decrement";
    const total = (isDown ? Math.max(0, stands - score) : stands + score) * sign + 0;
    const totalSub = (isDown ? Math.max(0, standsSub - subscore) : standsSub + subscore) * sign + 0;
    if (slot === -1) this.#enter(alias, total, totalSub, at, upTo);
    else this.#change(slot, total, totalSub, Math.max(at, columns.at[slot]!), upTo);
    if (version > upTo) {
      const kept = early ?? new Set<number>();
      kept.add(version);
      this.early.set(this.touched, kept);
    } else if (early?.size === 0) this.early.delete(slot);
    return "counted";
  }

  #enter(alias: string, key: number, sub: number, at: number, version: number): Outcome {
    const slot = this.columns.take(alias);
    this.columns.write(slot, key, sub, at, version);
    this.#order.insert(slot);
    this.touched = slot;
    return "counted";
  }

  #change(slot: number, key: number, sub: number, at: number, version: number): Outcome {
    this.#order.move(slot, key, sub, at, version);
    this.touched = slot;
    return "counted";
  }
}
