import type { Metric } from "../../../shared/health/catalogue";
import type { RankReason } from "../../../shared/health/source-settings";
import { betterSource } from "../../../shared/health/source-rank";
import { Handovers } from "./handovers";
import type { Sources } from "./sources";

/** Which source a reader wants: one by number, `all` side by side, or `best` by rank. */
export type SourceChoice = number | "all" | "best";

/** Ranks the sources of a metric once per read. */
export class Chooser {
  readonly #metric: Pick<Metric, "key" | "sensitivity">;
  readonly #sources: Sources;
  readonly #ranks = new Map<number, number>();
  readonly #handovers: Handovers;

  constructor(sql: SqlStorage, metric: Pick<Metric, "key" | "code" | "sensitivity">, sources: Sources) {
    this.#metric = metric;
    this.#sources = sources;
    this.#handovers = Handovers.ofMetric(sql, metric.code, sources);
  }

  /** The best of these source numbers; undefined for none. */
  best(numbers: Iterable<number>): number | undefined {
    let best: { rank: number; number: number } | undefined;
    for (const number of numbers) {
      const candidate = { rank: this.rank(number), number };
      if (best === undefined || betterSource(candidate, best)) best = candidate;
    }
    return best?.number;
  }

  /** Whether a source is passed over on a local date because another feed of the same devices tells it. */
  passesOver(number: number, date: number): boolean {
    return this.#handovers.passesOver(number, date);
  }

  rank(number: number): number {
    let rank = this.#ranks.get(number);
    if (rank === undefined) {
      rank = this.#sources.rank(this.#metric, number)?.rank ?? Number.MAX_SAFE_INTEGER;
      this.#ranks.set(number, rank);
    }
    return rank;
  }

  /** Why a source stands where it does. */
  reason(number: number): RankReason {
    return this.#sources.rank(this.#metric, number)?.reason ?? "default_order";
  }
}
