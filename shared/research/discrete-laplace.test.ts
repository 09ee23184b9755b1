import { describe, expect, test } from "vitest";
import fc from "fast-check";
import type { RandomBytes } from "../id";
import { binOf, isAffordable, leftOf, milliEpsilon, MOST_BUDGET } from "./budget";
import { discreteLaplace } from "./discrete-laplace";

/** Bytes that a seed determines (xorshift128+ by Vigna, on two 64-bit words). */
function seeded(seed: bigint): RandomBytes {
  let a = seed | 1n;
  let b = 0x9e3779b97f4a7c15n;
  const next = () => {
    let x = a;
    a = b;
    x ^= (x << 23n) & 0xffffffffffffffffn;
    b = x ^ b ^ (x >> 17n) ^ (b >> 26n);
    return (a + b) & 0xffffffffffffffffn;
  };
  return (bytes) => {
    for (let i = 0; i < bytes.length; i++) bytes[i] = Number((next() >> 32n) & 0xffn);
    return bytes;
  };
}

const draws = (epsilon: number, count: number, seed = 42n) => {
  const random = seeded(seed);
  return Array.from({ length: count }, () => discreteLaplace(epsilon, random));
};

/** P(x) = (1 - q) / (1 + q) q^|x| with q = exp(-ε). */
const probability = (epsilon: number, x: number) => {
  const q = Math.exp(-epsilon / 1_000);
  return ((1 - q) / (1 + q)) * q ** Math.abs(x);
};

describe.each([100, 333, 1_000, 2_500])("the discrete Laplace distribution with a loss of %d thousandths", (epsilon) => {
  const count = 40_000;
  const drawn = draws(epsilon, count);
  const q = Math.exp(-epsilon / 1_000);
  const variance = (2 * q) / (1 - q) ** 2;

  test("has the mean and the variance of the exact one", () => {
    const mean = drawn.reduce((sum, x) => sum + x, 0) / count;
    expect(Math.abs(mean)).toBeLessThan(4 * Math.sqrt(variance / count));
    const found = drawn.reduce((sum, x) => sum + x * x, 0) / count;
    // The fourth moment is below seven times the square of the variance.
    expect(Math.abs(found - variance)).toBeLessThan(4 * Math.sqrt((7 * variance ** 2) / count) + 0.02);
  });

  test("is symmetric", () => {
    const [above, below] = [drawn.filter((x) => x > 0).length, drawn.filter((x) => x < 0).length];
    expect(Math.abs(above - below)).toBeLessThan(4 * Math.sqrt(above + below));
  });

  test("fits the exact probabilities", () => {
    const reach = Math.floor(Math.log(count / 20) / (epsilon / 1_000));
    let chiSquare = 0;
    let degrees = -1;
    let rest = count;
    let expectedRest = count;
    for (let x = -reach; x <= reach; x++) {
      const expected = count * probability(epsilon, x);
      if (expected < 8) continue;
      const observed = drawn.filter((one) => one === x).length;
      chiSquare += (observed - expected) ** 2 / expected;
      degrees++;
      rest -= observed;
      expectedRest -= expected;
    }
    if (expectedRest >= 8) {
      chiSquare += (rest - expectedRest) ** 2 / expectedRest;
      degrees++;
    }
    // Four standard deviations of a chi-square variable above its mean.
    expect(chiSquare).toBeLessThan(degrees + 4 * Math.sqrt(2 * degrees) + 4);
    expect(degrees).toBeGreaterThan(2);
  });
});

test("the distribution hides one person: neighbouring results are at most e^ε apart", () => {
  for (const epsilon of [50, 1_000])
    for (let x = -20; x < 20; x++) {
      const ratio = probability(epsilon, x) / probability(epsilon, x + 1);
      expect(Math.max(ratio, 1 / ratio)).toBeLessThanOrEqual(Math.exp(epsilon / 1_000) * (1 + 1e-12));
    }
});

test.each([0, -1, 0.5, Number.NaN, 10_001])("a loss of %d thousandths is refused", (epsilon) => {
  expect(() => discreteLaplace(epsilon)).toThrow(RangeError);
});

describe("a budget", () => {
  const losses = fc.array(fc.integer({ min: 1, max: 3_000 }), { maxLength: 20 });

  test("is never overspent, in whatever order answers are asked for", () => {
    fc.assert(
      fc.property(losses, fc.integer({ min: 1, max: MOST_BUDGET }), (asked, total) => {
        const spent: number[] = [];
        for (const cost of asked) if (isAffordable(total, spent, cost)) spent.push(cost);
        expect(leftOf(total, spent)).toBeGreaterThanOrEqual(0);
        expect(leftOf(total, spent)).toBe(total - spent.reduce((a, b) => a + b, 0));
      }),
    );
  });

  test("counts thousandths exactly", () => {
    expect([0.001, 0.1, 0.3, 1, 10].map(milliEpsilon)).toEqual([1, 100, 300, 1_000, 10_000]);
    expect([0, -1, 0.0004, 0.0015, 10.001, Number.NaN, Number.POSITIVE_INFINITY].map(milliEpsilon)).toEqual(Array(7).fill(undefined));
    expect(leftOf(1_000, Array<number>(10).fill(100))).toBe(0);
  });
});

test("a value lies in one bin at most: the one between its edges", () => {
  const edges = [0, 10, 20, 50];
  expect([-1, 0, 9.9, 10, 19, 20, 49.9, 50, 99].map((value) => binOf(edges, value))).toEqual([
    undefined,
    0,
    0,
    1,
    1,
    2,
    2,
    undefined,
    undefined,
  ]);
  expect(binOf([], 1)).toBeUndefined();
});
