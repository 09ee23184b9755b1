import fc from "fast-check";
import { expect, test } from "vitest";
import { type Grant, type Interaction, limitsOf, permits, WHOLE_REACH } from "./reach";

const LETTERS: Interaction[] = ["c", "r", "u", "d", "s"];
const grant: fc.Arbitrary<Grant> = fc.record({
  type: fc.constantFrom("*", "Observation", "Condition"),
  interactions: fc.subarray(LETTERS).map((letters) => letters.join("")),
  where: fc.array(fc.tuple(fc.constant("category"), fc.constantFrom("a", "b")), { maxLength: 2 }),
});

test("the person reaches everything of their own", () => {
  for (const letter of LETTERS) expect(limitsOf(WHOLE_REACH, "Observation", letter)).toBe("all");
});

test("each letter stands for itself alone", () => {
  for (const given of LETTERS)
    for (const asked of LETTERS)
      expect(permits({ grants: [{ type: "Observation", interactions: given }] }, "Observation", asked)).toBe(given === asked);
});

test("two limited grants unite, an unlimited one opens all, and another type stays closed", () => {
  const lab: Grant = { type: "Observation", interactions: "rs", where: [["category", "laboratory"]] };
  const vital: Grant = { type: "Observation", interactions: "rs", where: [["category", "vital-signs"]] };
  expect(limitsOf({ grants: [lab, vital] }, "Observation", "s")).toEqual([lab.where, vital.where]);
  expect(limitsOf({ grants: [lab, { type: "*", interactions: "r" }] }, "Observation", "r")).toBe("all");
  expect(limitsOf({ grants: [lab] }, "Condition", "r")).toBe("none");
});

test("another grant never takes anything away", () => {
  fc.assert(
    fc.property(fc.array(grant), grant, fc.constantFrom(...LETTERS), (grants, more, letter) => {
      const before = limitsOf({ grants }, "Observation", letter);
      const after = limitsOf({ grants: [...grants, more] }, "Observation", letter);
      if (before === "all") expect(after).toBe("all");
      else if (before !== "none" && after !== "all") expect(after).toEqual(expect.arrayContaining([...before]));
    }),
  );
});
