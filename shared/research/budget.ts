import type { MilliEpsilon } from "./discrete-laplace";

/** The most that a programme may spend in all, in thousandths: ε = 10. */
export const MOST_BUDGET: MilliEpsilon = 10_000;

/** A privacy loss on the wire, with at most three decimals, as thousandths; undefined where it is none. */
export function milliEpsilon(value: number): MilliEpsilon | undefined {
  const milli = Math.round(value * 1_000);
  return milli >= 1 && milli <= MOST_BUDGET && Math.abs(milli / 1_000 - value) < 1e-9 ? milli : undefined;
}

/** What is left of a budget after what was spent: losses of answers about the same people add up. */
export function leftOf(total: MilliEpsilon, spent: readonly MilliEpsilon[]): MilliEpsilon {
  return total - spent.reduce((sum, one) => sum + one, 0);
}

/** Whether an answer may still be given. */
export function isAffordable(total: MilliEpsilon, spent: readonly MilliEpsilon[], cost: MilliEpsilon): boolean {
  return cost > 0 && cost <= leftOf(total, spent);
}

/** Which of the bins, given by their rising edges, a value lies in: the first edge inclusive, the last exclusive; undefined outside. */
export function binOf(edges: readonly number[], value: number): number | undefined {
  const [first] = edges;
  const last = edges.at(-1);
  if (first === undefined || last === undefined || value < first || value >= last) return undefined;
  let found = 0;
  for (let i = 1; i < edges.length - 1; i++) if (value >= (edges[i] ?? Number.POSITIVE_INFINITY)) found = i;
  return found;
}
