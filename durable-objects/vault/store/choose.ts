import type { Metric } from "../../../shared/health/catalogue";
import { betterSource, sourceRank } from "../../../shared/health/source-rank";
import type { Sources } from "./sources";

/** Which source a reader wants: one by number, `all` side by side, or `best` by rank. */
export type SourceChoice = number | "all" | "best";

/** Ranks the sources of a metric once per read. */
export class Chooser {
  readonly #metric: Pick<Metric, "sensitivity">;
  readonly #sources: Sources;
  readonly #ranks = new Map<number, number>();

  constructor(metric: Pick<Metric, "sensitivity">, sources: Sources) {
    this.#metric = metric;
    this.#sources = sources;
  }

  /** The best of these source numbers; undefined for none. */
  best(numbers: Iterable<number>): number | undefined {
    let best: { rank: number; number: number } | undefined;
    for (const number of numbers) {
      const candidate = { rank: this.#rank(number), number };
      if (best === undefined || betterSource(candidate, best)) best = candidate;
    }
    return best?.number;
  }

  #rank(number: number): number {
    let rank = this.#ranks.get(number);
    if (rank === undefined) {
      const source = this.#sources.get(number);
      rank = source === undefined ? Number.MAX_SAFE_INTEGER : sourceRank(this.#metric, source);
      this.#ranks.set(number, rank);
    }
    return rank;
  }
}
