import fc from "fast-check";
import { expect, test } from "vitest";
import { isNothing } from "../ranking/terms";
import { leastOfWinner, nothing } from "./board";

test("somebody of whom nothing counts leads nobody and wins nothing, whatever the others' scores and whichever leads", () => {
  fc.assert(
    fc.property(
      fc.double({ min: -1e12, max: 1e12, noNaN: true }),
      fc.constantFrom("ascending" as const, "descending" as const),
      (score, order) => {
        const leads = (a: number, b: number) => (order === "descending" ? a > b : a < b);
        const none = nothing({ order });
        expect(leads(score, none)).toBe(true);
        expect(leads(leastOfWinner({ order }), none)).toBe(true);
        expect(leads(leastOfWinner({ order }), score)).toBe(false);
        expect([isNothing(none), isNothing(score)]).toEqual([true, false]);
      },
    ),
    { numRuns: 300 },
  );
});
