import type { Place, Window } from "./ranking";
import { compareEntries, type Entry, type Placed, type Terms } from "./terms";

/**
 * One part of a board: a ranking in this object, or the same in another. Every question is one of these four, for many at once, so that a
 * board of many parts asks each part once.
 */
export interface Part {
  count(): number | Promise<number>;
  find(aliases: readonly string[]): readonly (Entry | null)[] | Promise<readonly (Entry | null)[]>;
  places(keys: readonly Entry[]): readonly Place[] | Promise<readonly Place[]>;
  windows(windows: readonly Window[]): readonly Entry[][] | Promise<readonly Entry[][]>;
}

/** A stretch of a board in its order. */
export interface Listed {
  readonly items: readonly Placed[];
  /** Whether there is more towards the best, and towards the worst. */
  readonly hasBefore: boolean;
  readonly hasAfter: boolean;
}

/** What is read of a board, whichever parts it lies in. `partOf` says where an alias is. */
export class Across {
  readonly #terms: Terms;
  readonly #parts: readonly Part[];
  readonly #partOf: (alias: string) => number;

  constructor(terms: Terms, parts: readonly Part[], partOf: (alias: string) => number) {
    this.#terms = terms;
    this.#parts = parts;
    this.#partOf = partOf;
  }

  async count(): Promise<number> {
    const counts = await this.#each((part) => part.count());
    return counts.reduce((sum, count) => sum + count, 0);
  }

  /** Entries of aliases with their true ranks, in the order asked for; null where there is none. */
  async ranked(aliases: readonly string[]): Promise<(Placed | null)[]> {
    const entries = await this.#find(aliases);
    const found = entries.filter((entry) => entry !== null);
    const ranks = await this.#places(found);
    let next = 0;
    return entries.map((entry) => (entry === null ? null : { rank: ranks[next++]!.better + 1, ...entry }));
  }

  /** Those of some aliases that are there, in the board's order, with their true ranks. */
  async subset(aliases: readonly string[]): Promise<Placed[]> {
    const placed = (await this.ranked([...new Set(aliases)])).filter((entry) => entry !== null);
    return placed.toSorted((a, b) => compareEntries(this.#terms.order, a, b));
  }

  /** A page after a key, or before it; from an end where there is none. Items are in the board's order either way. */
  async page(key: Entry | null, limit: number, backwards = false): Promise<Listed> {
    const [found = []] = await this.#windows([{ key, backwards, limit: limit + 1 }]);
    const hasMore = found.length > limit;
    const entries = found.slice(0, limit);
    if (backwards) entries.reverse();
    const items = await this.#numbered(entries);
    const hasOther = key !== null;
    return { items, hasBefore: backwards ? hasMore : hasOther, hasAfter: backwards ? hasOther : hasMore };
  }

  /** So many entries with an alias in their middle, filled up at the ends of the board; null where it is not there. */
  async around(alias: string, limit: number): Promise<Listed | null> {
    const [one = null] = await this.surroundings([alias], limit);
    return one;
  }

  /** `around` for many at once. */
  async surroundings(aliases: readonly string[], limit: number): Promise<(Listed | null)[]> {
    const entries = await this.#find(aliases);
    const found = entries.filter((entry) => entry !== null);
    const windows = await this.#windows(
      found.flatMap((key) => [
        { key, backwards: true, limit },
        { key, backwards: false, limit },
      ]),
    );
    const cut = found.map((entry, i) => cutAround(entry, windows[2 * i]!, windows[2 * i + 1]!, limit));
    const places = await this.#places(cut.map(({ entries: [first] }) => first!));
    let next = 0;
    return entries.map((entry) => {
      if (entry === null) return null;
      const place = places[next]!;
      const { entries: shown, hasBefore, hasAfter } = cut[next++]!;
      return { items: numbered(this.#terms, shown, place), hasBefore, hasAfter };
    });
  }

  async #numbered(entries: readonly Entry[]): Promise<Placed[]> {
    const [first] = entries;
    if (first === undefined) return [];
    const [place] = await this.#places([first]);
    return numbered(this.#terms, entries, place!);
  }

  async #find(aliases: readonly string[]): Promise<(Entry | null)[]> {
    if (this.#parts.length === 1) return [...(await this.#parts[0]!.find(aliases))];
    const byPart = this.#parts.map((): string[] => []);
    for (const alias of aliases) byPart[this.#partOf(alias)]!.push(alias);
    const found = await this.#each((part, i) => (byPart[i]!.length === 0 ? [] : part.find(byPart[i]!)));
    const next = this.#parts.map(() => 0);
    return aliases.map((alias) => {
      const part = this.#partOf(alias);
      return found[part]![next[part]!++]!;
    });
  }

  async #places(keys: readonly Entry[]): Promise<Place[]> {
    if (keys.length === 0) return [];
    const [first = [], ...others] = await this.#each((part) => part.places(keys));
    return first.map(({ ahead, better }, i) => ({
      ahead: others.reduce((sum, places) => sum + places[i]!.ahead, ahead),
      better: others.reduce((sum, places) => sum + places[i]!.better, better),
    }));
  }

  async #windows(windows: readonly Window[]): Promise<Entry[][]> {
    if (windows.length === 0) return [];
    const found = await this.#each((part) => part.windows(windows));
    if (found.length === 1) return [...found[0]!];
    return windows.map(({ backwards, limit }, i) => {
      const merged = found.flatMap((of) => of[i]!).toSorted((a, b) => compareEntries(this.#terms.order, a, b));
      return (backwards ? merged.reverse() : merged).slice(0, limit);
    });
  }

  async #each<T>(ask: (part: Part, i: number) => T | Promise<T>): Promise<Awaited<T>[]> {
    if (this.#parts.length === 1) return [await ask(this.#parts[0]!, 0)];
    return await Promise.all(this.#parts.map(ask));
  }
}

/** Gives entries that follow each other their ranks; the first one's place is known. */
export function numbered(terms: Terms, entries: readonly Entry[], { ahead, better }: Place): Placed[] {
  let rank = better + 1;
  return entries.map((entry, i) => {
    const before = entries[i - 1];
    const shares = terms.ties === "shared" && before?.score === entry.score && before.subscore === entry.subscore;
    if (i > 0 && !shares) rank = ahead + i + 1;
    return { rank, ...entry };
  });
}

interface Cut {
  readonly entries: readonly Entry[];
  readonly hasBefore: boolean;
  readonly hasAfter: boolean;
}

/** `before` is nearest first. */
function cutAround(entry: Entry, before: readonly Entry[], after: readonly Entry[], limit: number): Cut {
  const others = limit - 1;
  let above = Math.min(before.length, others >>> 1);
  const below = Math.min(after.length, others - above);
  above = Math.min(before.length, others - below);
  return {
    entries: [...before.slice(0, above).toReversed(), entry, ...after.slice(0, below)],
    hasBefore: before.length > above,
    hasAfter: after.length > below,
  };
}

/** The share of the others that a rank leads, per cent; 100 for the only one. */
export function percentile(rank: number, count: number): number {
  return count <= 1 ? 100 : (100 * (count - rank)) / (count - 1);
}
