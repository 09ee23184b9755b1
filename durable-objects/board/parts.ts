import { hashOf } from "../../shared/ranking/alias-hash";
import { Across, type Part } from "../../shared/ranking/across";
import type { Place, Window } from "../../shared/ranking/ranking";
import type { Entry, Outcome, Submission } from "../../shared/ranking/terms";
import type { Kept } from "./standing";
import type { Store } from "./store";
import type { BoardTerms } from "./terms";

/** Entries of a period in one object, before it is divided. */
const PART_SIZE = 1_000_000;
/** Slots read at once when a part is divided. */
const SLOTS_AT_ONCE = 8_192;

/** What is asked of a part at once, and its answers. */
export interface Question {
  readonly count?: true;
  readonly find?: readonly string[];
  readonly places?: readonly Entry[];
  readonly windows?: readonly Window[];
}
export interface Answer {
  readonly count: number;
  readonly find: readonly (Entry | null)[];
  readonly places: readonly Place[];
  readonly windows: readonly Entry[][];
}

/** A part in another object; see `Board`. */
export interface PartDoor {
  partSubmit(terms: BoardTerms, period: number, submissions: readonly Submission[]): Promise<PartSubmitted>;
  partAsk(terms: BoardTerms, period: number, question: Question): Promise<Answer>;
  partExport(terms: BoardTerms, period: number, from: number, parts: number, part: number): Promise<Exported>;
  partAbsorb(terms: BoardTerms, period: number, entries: readonly Kept[]): Promise<void>;
  partSeal(terms: BoardTerms, period: number): Promise<void>;
  partForget(terms: BoardTerms, alias: string): Promise<void>;
  partKeep(terms: BoardTerms, parts: number, part: number): Promise<void>;
  partErase(): Promise<void>;
}

export interface PartSubmitted {
  readonly outcomes: readonly Outcome[];
  /** Entries of the period in the part. */
  readonly size: number;
}

export interface Exported {
  readonly entries: readonly Kept[];
  readonly next: number | undefined;
}

export interface PartsPorts {
  readonly sql: SqlStorage;
  readonly store: Store;
  readonly terms: () => BoardTerms;
  /** A part of this board other than the first. */
  readonly door: (part: number) => PartDoor;
}

/**
 * Where the entries of a board lie: in the board's own object, or spread over 2, 4, 8 … by the lowest bits of the hash of their aliases, of
 * which the board's own is the first. A rank is then the sum of what leads in each, a page the best of the pages of all. When one part
 * holds too many, each is divided in two: the half that leaves is copied, then counts in its new place, then is dropped in the old one. Each
 * step may be done again after a crash. Nothing else works on the board meanwhile; see `Turns`.
 */
export class Parts {
  readonly #ports: PartsPorts;
  #state: { readonly parts: number; readonly dividing: "copying" | "dropping" | null } | undefined;

  constructor(ports: PartsPorts) {
    this.#ports = ports;
  }

  get count(): number {
    return this.#read().parts;
  }

  /** Whether a crash left what must be ended before anything else. */
  get isUneven(): boolean {
    return this.#read().dividing === "dropping";
  }

  across(period: number): Across {
    const { parts } = this.#read();
    return new Across(
      this.#ports.terms(),
      Array.from({ length: parts }, (_, part) => this.#part(period, part)),
      (alias) => hashOf(alias) & (parts - 1),
    );
  }

  /** Counts a batch; `isFull` where a part should be divided. */
  submit(period: number, submissions: readonly Submission[]): Submitted | Promise<Submitted> {
    const { store, terms } = this.#ports;
    const { partSize = PART_SIZE } = terms();
    if (this.count > 1) return this.#spread(period, submissions, partSize);
    const outcomes = store.submit(period, submissions);
    return { outcomes, isFull: store.of(period).ranking.size >= partSize };
  }

  async seal(period: number): Promise<void> {
    const { store, terms } = this.#ports;
    store.seal(period);
    await Promise.all(this.#others().map(async (door) => await door.partSeal(terms(), period)));
  }

  async forget(alias: string): Promise<void> {
    const { store, terms, door } = this.#ports;
    const part = hashOf(alias) & (this.count - 1);
    if (part === 0) store.remove([alias]);
    else await door(part).partForget(terms(), alias);
  }

  async erase(): Promise<void> {
    await Promise.all(this.#others().map(async (door) => await door.partErase()));
    this.#state = undefined;
  }

  /** Divides every part in two where one is full, or ends a division that a crash interrupted. */
  async divide(): Promise<void> {
    const { terms } = this.#ports;
    const { parts, dividing } = this.#read();
    if (dividing === null) {
      if (!(await this.#isFull())) return;
      this.#write(parts, "copying");
    }
    if (dividing !== "dropping") {
      for (let part = 0; part < parts; part++) await this.#copy(part, parts);
      this.#write(2 * parts, "dropping");
    }
    const count = this.count;
    await Promise.all(
      Array.from({ length: count / 2 }, async (_, part) =>
        part === 0 ? keepOnly(this.#ports.store, count, 0) : await this.#ports.door(part).partKeep(terms(), count, part),
      ),
    );
    this.#write(count, null);
  }

  async #isFull(): Promise<boolean> {
    const { store, terms } = this.#ports;
    const { partSize = PART_SIZE } = terms();
    for (const period of store.periods()) {
      const counts = await Promise.all(Array.from({ length: this.count }, async (_, part) => await this.#part(period, part).count()));
      if (counts.some((count) => count >= partSize)) return true;
    }
    return false;
  }

  /** Copies the half of a part that leaves into its new place, which begins empty. */
  async #copy(part: number, parts: number): Promise<void> {
    const { store, terms, door } = this.#ports;
    const into = door(part + parts);
    await into.partErase();
    for (const period of store.periods()) {
      for (let from: number | undefined = 0; from !== undefined;) {
        const { entries, next }: Exported =
          part === 0
            ? exportHalf(store, period, from, 2 * parts, parts)
            : await door(part).partExport(terms(), period, from, 2 * parts, part + parts);
        await into.partAbsorb(terms(), period, entries);
        from = next;
      }
      if (store.state(period) !== "open") await into.partSeal(terms(), period);
    }
  }

  async #spread(period: number, submissions: readonly Submission[], partSize: number): Promise<Submitted> {
    const { store, terms, door } = this.#ports;
    const { count } = this;
    const where = submissions.map(({ alias }) => hashOf(alias) & (count - 1));
    const done = await Promise.all(
      Array.from({ length: count }, async (_, part): Promise<PartSubmitted> => {
        const own = submissions.filter((__, i) => where[i] === part);
        if (own.length === 0) return { outcomes: [], size: 0 };
        if (part > 0) return await door(part).partSubmit(terms(), period, own);
        return { outcomes: store.submit(period, own), size: store.of(period).ranking.size };
      }),
    );
    const next = done.map(() => 0);
    const outcomes = where.map((part) => done[part]!.outcomes[next[part]!++]!);
    return { outcomes, isFull: done.some(({ size }) => size >= partSize) };
  }

  #part(period: number, part: number): Part {
    const { store, terms, door } = this.#ports;
    if (part === 0) return store.part(period);
    const ask = async (question: Question) => await door(part).partAsk(terms(), period, question);
    return {
      count: async () => (await ask({ count: true })).count,
      find: async (find) => (await ask({ find })).find,
      places: async (places) => (await ask({ places })).places,
      windows: async (windows) => (await ask({ windows })).windows,
    };
  }

  #others(): PartDoor[] {
    return Array.from({ length: this.count - 1 }, (_, i) => this.#ports.door(i + 1));
  }

  #read() {
    return (this.#state ??= this.#ports.sql
      .exec<{ parts: number; dividing: "copying" | "dropping" | null }>("SELECT parts, dividing FROM board")
      .one());
  }

  #write(parts: number, dividing: "copying" | "dropping" | null): void {
    this.#ports.sql.exec("UPDATE board SET parts = ?, dividing = ?", parts, dividing);
    this.#state = { parts, dividing };
  }
}

export interface Submitted {
  readonly outcomes: readonly Outcome[];
  readonly isFull: boolean;
}

/** Answers what is asked of the entries here. */
export function answer(store: Store, period: number, { count, find = [], places = [], windows = [] }: Question): Answer {
  const { ranking } = store.of(period);
  return {
    count: count === true ? ranking.size : 0,
    find: find.map((alias) => ranking.entry(alias)),
    places: places.map((key) => ranking.place(key)),
    windows: windows.map((window) => ranking.window(window)),
  };
}

/** The next entries here that belong to a part of so many. */
export function exportHalf(store: Store, period: number, from: number, parts: number, part: number): Exported {
  return store.of(period).export(from, SLOTS_AT_ONCE, (hash) => (hash & (parts - 1)) === part);
}

/** Drops what does not belong to a part of so many. */
export function keepOnly(store: Store, parts: number, part: number): void {
  for (const period of store.periods()) {
    for (let from: number | undefined = 0; from !== undefined;) {
      const { entries, next }: Exported = store.of(period).export(from, SLOTS_AT_ONCE, (hash) => (hash & (parts - 1)) !== part);
      store.change(period, (standing) => standing.remove(entries.map(({ alias }) => alias)));
      from = next;
    }
  }
  store.rewrite();
}
