import { type RandomBytes, systemRandom } from "../id";

/**
 * A privacy loss in thousandths: an integer, so that sums are exact. 1000 is ε = 1.
 */
export type MilliEpsilon = number;

/** The largest loss that the sampler takes in one go: ε = 10. */
export const MOST_MILLI_EPSILON = 10_000;

/**
 * Draws from the discrete Laplace distribution with P(x) ∝ exp(-|x| ε), exactly: every step compares integers with fair random integers,
 * and nothing is a floating-point number (Canonne, Kamath and Steinke, "The Discrete Gaussian for Differential Privacy", 2020, algorithms 1
 * and 2). Added to a count that one person changes by at most 1, it makes the count ε-differentially private.
 *
 * @param epsilon thousandths, 1 to 10 000
 */
export function discreteLaplace(epsilon: MilliEpsilon, random: RandomBytes = systemRandom): number {
  if (!Number.isInteger(epsilon) || epsilon < 1 || epsilon > MOST_MILLI_EPSILON) throw new RangeError("not a privacy loss");
  // The scale 1/ε as the fraction t/s.
  const t = 1_000;
  const s = epsilon;
  for (;;) {
    const u = below(t, random);
    if (!bernoulliExp(u, t, random)) continue;
    let v = 0;
    while (bernoulliExp(1, 1, random)) v++;
    const magnitude = Math.floor((u + t * v) / s);
    const isNegative = below(2, random) === 1;
    // Zero would be drawn twice as often otherwise.
    if (isNegative && magnitude === 0) continue;
    return isNegative ? -magnitude : magnitude;
  }
}

/** True with probability exp(-a/b), for 0 <= a <= b. */
function bernoulliExp(a: number, b: number, random: RandomBytes): boolean {
  let k = 1;
  while (below(b * k, random) < a) k++;
  return k % 2 === 1;
}

/** A fair integer in [0, n), for n up to 2^32. Words that would favour small numbers are drawn again. */
function below(n: number, random: RandomBytes): number {
  if (n === 1) return 0;
  const fair = Math.floor(2 ** 32 / n) * n;
  for (;;) {
    const word = new DataView(random(new Uint8Array(4)).buffer).getUint32(0);
    if (word < fair) return word % n;
  }
}
