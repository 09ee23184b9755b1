import { hashOf } from "./alias-hash";
import { Ordered, type Probe } from "./order";
import { Records } from "./records";
import { sorted } from "./sort";
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

/** So many submissions are looked at together: what they touch fits into the cache of a processor. */
const TOGETHER = 64;

/** Numbers that one alias may have counted before those that lie below them. */
export const MOST_EARLY = 1_000;

/** Entries and their order, in memory. */
export class Ranking {
  readonly terms: Terms;
  readonly records: Records;
  /** Numbers that were counted above the one up to which all were, by slot. */
  readonly early = new Map<number, Set<number>>();
  /** The slot of the last submission that was counted. */
  touched = -1;
  readonly #order: Ordered;
  readonly #hashes = new Uint32Array(TOGETHER);
  readonly #slots = new Int32Array(TOGETHER);
  readonly #buckets = new Uint16Array(TOGETHER);
  /** What was seen in passing: nothing reads it, but without it nobody would look. */
  glanced = 0;
  readonly #sign: 1 | -1;

  constructor(terms: Terms, records = new Records()) {
    this.terms = terms;
    this.records = records;
    this.#sign = terms.order === "descending" ? -1 : 1;
    this.#order = new Ordered(records);
    if (records.size > 0) this.#order.build(sorted(records));
  }

  get size(): number {
    return this.#order.size;
  }

  /**
   * Counts submissions in their order, each of which must be valid; see `isSubmission`. Says of each what became of it, and of those that were
   * counted in which slot and whether it is new.
   */
  submitAll(submissions: readonly Submission[], counted: (slot: number, isNew: boolean) => void): Outcome[] {
    const outcomes: Outcome[] = [];
    for (let from = 0; from < submissions.length; from += TOGETHER) {
      const to = Math.min(submissions.length, from + TOGETHER);
      for (let i = from; i < to; i++) this.#hashes[i - from] = hashOf(submissions[i]!.alias);
      this.#glance(to - from);
      for (let i = from; i < to; i++) {
        const size = this.size;
        const outcome = this.submit(submissions[i]!, this.#hashes[i - from]!);
        outcomes.push(outcome);
        if (outcome === "counted") counted(this.touched, this.size > size);
      }
    }
    return outcomes;
  }

  /** Counts one submission, which must be valid; see `isSubmission`. */
  submit(submission: Submission, hash = hashOf(submission.alias)): Outcome {
    const { alias, score, subscore = 0, at, version } = submission;
    const slot = this.records.find(alias, hash);
    const { operator } = this.terms;
    const sign = this.#sign;
    if (operator === "increment" || operator === "decrement") return this.#sum(slot, submission);
    const [key, sub] = [score * sign + 0, subscore * sign + 0];
    if (slot === -1) return this.#enter(alias, key, sub, at, version);
    const known = this.records.versionOf(slot);
    if (operator === "set") {
      if (version <= known) return "replayed";
      return this.#change(slot, key, sub, at, version);
    }
    const difference = key - this.records.scoreOf(slot) || sub - this.records.subOf(slot) || at - this.records.atOf(slot);
    return difference < 0 ? this.#change(slot, key, sub, at, Math.max(known, version)) : "kept";
  }

  /** Puts an entry as it stands; of two with the same alias the later call counts. */
  put(alias: string, key: number, sub: number, at: number, version: number): void {
    const slot = this.records.find(alias);
    if (slot === -1) this.#enter(alias, key, sub, at, version);
    else this.#change(slot, key, sub, at, version);
  }

  /** Takes an alias out; returns the slot that it had, or -1. */
  remove(alias: string): number {
    const slot = this.records.find(alias);
    if (slot === -1) return -1;
    this.#order.remove(slot);
    this.records.release(slot);
    this.early.delete(slot);
    return slot;
  }

  entry(alias: string): Entry | null {
    const slot = this.records.find(alias);
    return slot === -1 ? null : this.entryAt(slot);
  }

  /** The rank of an alias, from 1; 0 where it is not there. */
  rank(alias: string): number {
    const slot = this.records.find(alias);
    if (slot === -1) return 0;
    if (this.terms.ties === "earlier") return this.#order.position(slot) + 1;
    return this.#order.betterThan(this.records.scoreOf(slot), this.records.subOf(slot)) + 1;
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
    const { records } = this;
    return {
      alias: records.text(slot),
      score: records.scoreOf(slot) * this.#sign + 0,
      subscore: records.subOf(slot) * this.#sign + 0,
      at: records.atOf(slot),
    };
  }

  /** Looks at what changes of entries with some hashes will touch; see `Records`. */
  #glance(count: number): void {
    const [records, slots, buckets] = [this.records, this.#slots, this.#buckets];
    this.glanced +=
      records.likely(this.#hashes, slots, count) + records.glanceAtHeads(slots, count) + records.glanceAtNumbers(slots, count);
    records.bucketsOf(slots, buckets, count);
    this.#order.lastsOf(buckets, slots, count);
    this.glanced += records.glanceAtHeads(slots, count);
  }

  #after(key: Entry): number {
    const ahead = this.#order.aheadOf(this.#probe(key));
    const slot = this.records.find(key.alias);
    if (slot === -1) return ahead;
    const { score, subscore, at } = this.entryAt(slot);
    return score === key.score && subscore === key.subscore && at === key.at ? ahead + 1 : ahead;
  }

  #probe({ score, subscore, at, alias }: Entry): Probe {
    return { score: score * this.#sign + 0, sub: subscore * this.#sign + 0, at, alias };
  }

  /** Increments and decrements commute, so that each number need only count once. */
  #sum(slot: number, { alias, score, subscore = 0, at, version }: Submission): Outcome {
    const { records } = this;
    const { operator, start = 0 } = this.terms;
    const sign = this.#sign;
    const seen = slot === -1 ? 0 : records.versionOf(slot);
    const early = this.early.get(slot);
    if (version <= seen || early?.has(version) === true) return "replayed";
    if (version > seen + 1 && (early?.size ?? 0) >= MOST_EARLY) return "gap";
    let upTo = seen;
    if (version === seen + 1) for (upTo = version; early?.delete(upTo + 1) === true;) upTo++;
    const stands = slot === -1 ? start : records.scoreOf(slot) * sign;
    const standsSub = slot === -1 ? 0 : records.subOf(slot) * sign;
    const isDown = operator === "decrement";
    const total = (isDown ? Math.max(0, stands - score) : stands + score) * sign + 0;
    const totalSub = (isDown ? Math.max(0, standsSub - subscore) : standsSub + subscore) * sign + 0;
    if (slot === -1) this.#enter(alias, total, totalSub, at, upTo);
    else this.#change(slot, total, totalSub, Math.max(at, records.atOf(slot)), upTo);
    if (version > upTo) {
      const kept = early ?? new Set<number>();
      kept.add(version);
      this.early.set(this.touched, kept);
    } else if (early?.size === 0) this.early.delete(slot);
    return "counted";
  }

  #enter(alias: string, key: number, sub: number, at: number, version: number): Outcome {
    const slot = this.records.take(alias);
    this.records.write(slot, key, sub, at, version);
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
