import fc from "fast-check";
import { expect, inject, test } from "vitest";

test("property tests draw their cases from the seed of the run", () => {
  expect(fc.readConfigureGlobal().seed).toBe(inject("seed"));
  const drawn = (): number[] => {
    const all: number[] = [];
    fc.assert(fc.property(fc.integer(), (one) => void all.push(one)));
    return all;
  };
  expect(drawn()).toEqual(drawn());
});
