import { quietSample } from "./noise.ts";
import { figure, median } from "./stats.ts";

export interface Paired {
  /** Medians as text, with the extremes. */
  readonly ours: string;
  readonly bare: string;
  /** Median of the ratios of the rounds. */
  readonly ratio: number;
}

/**
 * Measures ours and the bare variant by turns, the order reversed every other round, so that drift of the machine hits both. A sample
 * answers operations a second.
 */
export async function paired(
  pids: readonly number[],
  rounds: number,
  ours: () => Promise<number>,
  bare: () => Promise<number>,
): Promise<Paired> {
  const results: { ours: number; bare: number }[] = [];
  for (let round = 0; round < rounds; round++) {
    let [a, b] = [Number.NaN, Number.NaN];
    if (round % 2 === 0) a = (await quietSample(pids, ours)).value;
    b = (await quietSample(pids, bare)).value;
    if (round % 2 === 1) a = (await quietSample(pids, ours)).value;
    results.push({ ours: a, bare: b });
  }
  return {
    ours: spread(results.map((r) => r.ours)),
    bare: spread(results.map((r) => r.bare)),
    ratio: median(results.map((r) => r.ours / r.bare)),
  };
}

/** The median with the extremes in brackets. */
export function spread(samples: readonly number[]): string {
  return `${figure(median(samples))} [${figure(Math.min(...samples))}–${figure(Math.max(...samples))}]`;
}
