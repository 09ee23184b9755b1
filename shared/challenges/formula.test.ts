import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { evaluate, type Formula, formulaText, isFormula, metricsOf, parseFormula } from "./formula";

const KEYS = ["steps", "distance_walk_run", "nutrient.fiber", "floors"] as const;

const formulas: fc.Arbitrary<Formula> = fc.letrec<{ formula: Formula }>((tie) => ({
  formula: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.nat({ max: 9_999 }).map((value): Formula => ({ kind: "number", value })),
    fc.constantFrom(...KEYS).map((key): Formula => ({ kind: "metric", key })),
    tie("formula").map((of): Formula => ({ kind: "negative", of })),
    fc
      .tuple(fc.constantFrom("+", "-", "*", "/"), tie("formula"), tie("formula"))
      .map(([operator, left, right]): Formula => ({ kind: "binary", operator, left, right })),
    fc
      .tuple(fc.constantFrom("min", "max"), tie("formula"), tie("formula"))
      .map(([name, left, right]): Formula => ({ kind: "call", name, of: [left, right] })),
    fc.tuple(fc.constantFrom("floor", "round"), tie("formula")).map(([name, of]): Formula => ({ kind: "call", name, of: [of] })),
  ),
})).formula;

const values = fc.record(Object.fromEntries(KEYS.map((key) => [key, fc.nat({ max: 100_000 })])));
const read = (text: string): Formula => {
  const found = parseFormula(text);
  if (!isFormula(found)) throw new Error(found.fault);
  return found;
};
const valueOf = (text: string, of: Record<string, number> = {}) => evaluate(read(text), new Map(Object.entries(of)));

/** Reads and computes with two stacks (Dijkstra's shunting yard): nothing of it is shared with the reader under test. */
function byStacks(text: string, given: Readonly<Record<string, number>>): number {
  const [numbers, signs]: [number[], string[]] = [[], []];
  const strength: Record<string, number> = { "+": 1, "-": 1, "*": 2, "/": 2, negative: 3 };
  const apply = () => {
    const sign = signs.pop()!;
    const b = numbers.pop()!;
    if (sign === "negative") return void numbers.push(-b);
    const a = numbers.pop()!;
    numbers.push(sign === "+" ? a + b : sign === "-" ? a - b : sign === "*" ? a * b : b === 0 ? Number.NaN : a / b);
  };
  const functions: Record<string, (a: number, b: number) => number> = {
    min: Math.min,
    max: Math.max,
    floor: Math.floor,
    round: Math.round,
  };
  let isOperand = true;
  for (const [token] of text.matchAll(/[a-z_.]+(?=\()|[a-z_.]+|\d+|[-+*/(),]/g)) {
    if (Object.hasOwn(functions, token)) signs.push(token);
    else if (/^\d/.test(token)) [isOperand] = [false, numbers.push(Number(token))];
    else if (/^[a-z]/.test(token)) [isOperand] = [false, numbers.push(given[token] ?? 0)];
    else if (token === "(") [isOperand] = [true, signs.push(token)];
    else if (token === ")" || token === ",") {
      while (signs.at(-1) !== "(") apply();
      isOperand = token === ",";
      if (isOperand) continue;
      signs.pop();
      const call = functions[signs.at(-1) ?? ""];
      if (call === undefined) continue;
      const takesTwo = signs.pop()?.startsWith("m") === true;
      const b = numbers.pop()!;
      numbers.push(takesTwo ? call(numbers.pop()!, b) : call(b, 0));
    } else if (isOperand) signs.push("negative");
    else {
      while (signs.length > 0 && (strength[signs.at(-1)!] ?? 0) >= strength[token]!) apply();
      signs.push(token);
      isOperand = true;
    }
  }
  while (signs.length > 0) apply();
  return numbers[0]!;
}

describe("a formula", () => {
  test("binds as in arithmetic, and takes what is missing for nothing", () => {
    expect(valueOf("1 + 2 * 3 - 4 / 2")).toBe(5);
    expect(valueOf("10 - 4 - 3")).toBe(3);
    expect(valueOf("16 / 4 / 2")).toBe(2);
    expect(valueOf("-(2 + 3) * -2")).toBe(10);
    expect(valueOf("steps / 1000 + min(floors, 5)", { steps: 8_500, floors: 12 })).toBe(13.5);
    expect(valueOf("steps + floors", { steps: 7 })).toBe(7);
    expect(valueOf("round(2.5) + floor(2.9) + max(1, 2)")).toBe(7);
  });

  test("that divides by nothing, or comes to more than can be ranked, has no value", () => {
    expect(valueOf("steps / floors", { steps: 1 })).toBeUndefined();
    expect(valueOf("0 / 0")).toBeUndefined();
    expect(valueOf("steps * steps * steps", { steps: 100_000 })).toBeUndefined();
    expect(Object.is(valueOf("-floors"), 0)).toBe(true);
  });

  test.each([
    ["", "unreadable"],
    ["steps steps", "unreadable"],
    ["1 +", "unreadable"],
    ["(1", "unreadable"],
    ["min(1)", "unreadable"],
    ["min(1, 2, 3)", "unreadable"],
    ["steps; 1", "unreadable"],
    ["Steps", "unreadable"],
    ["1e9", "unreadable"],
    ["steps[0]", "unreadable"],
    ["constructor(1)", "unknown_function"],
    ["eval(1)", "unknown_function"],
    ["(".repeat(40), "too_deep"],
    [`1${"+1".repeat(60)}`, "too_long"],
    [" ".repeat(201), "too_long"],
  ])("%j is none: %s", (text, fault) => {
    expect(parseFormula(text)).toMatchObject({ fault });
  });

  test("reads as the same from its text", () => {
    fc.assert(
      fc.property(formulas, (formula) => {
        const found = parseFormula(formulaText(formula));
        // What is longer than may be is refused as a whole.
        if (isFormula(found)) expect(found).toEqual(formula);
        else expect(["too_long", "too_deep"]).toContain(found.fault);
      }),
      { numRuns: 300 },
    );
  });

  test("comes to what another way of reading comes to", () => {
    fc.assert(
      fc.property(formulas, values, (formula, given) => {
        const expected = byStacks(formulaText(formula), given);
        const found = evaluate(formula, new Map(Object.entries(given)));
        if (Number.isFinite(expected) && Math.abs(expected) <= 1e12) expect(found).toBe(expected + 0);
        else expect(found).toBeUndefined();
      }),
      { numRuns: 300 },
    );
  });

  test("never throws, whatever is written", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 60, unit: fc.constantFrom(...Array.from("abmin (),.+-*/0123_steps\n\0é")) }), (text) => {
        const found = parseFormula(text);
        if (isFormula(found)) evaluate(found, new Map([["steps", 1]]));
      }),
      { numRuns: 500 },
    );
  });

  test("names each metric once", () => {
    expect(metricsOf(read("steps + max(steps, floors) - -nutrient.fiber"))).toEqual(["steps", "floors", "nutrient.fiber"]);
  });
});
