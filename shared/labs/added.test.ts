import { expect, test } from "vitest";
import { addedTestOf, addedTestsFor } from "./added";
import type { LabTest } from "./lab-test";

const COPPER: LabTest = {
  key: "copper",
  title: "Copper, serum",
  group: "micronutrients",
  loinc: ["5631-7"],
  unit: "ug/dL",
  otherUnits: [],
  synonyms: ["Cu"],
  bounds: null,
  ranges: [],
};
const told = (change: object) => ({ name: "X", codings: [], ...change });

test("a test that was added is known by key, by LOINC code, else by name; another LOINC code is another test", () => {
  const of = (change: object) => addedTestOf(told(change), [COPPER])?.key;
  expect(of({ test: "copper" })).toBe("copper");
  expect(of({ codings: [{ system: "LN", code: "5631-7" }] })).toBe("copper");
  expect(of({ name: " copper (serum)" })).toBe("copper");
  expect(of({ name: "CU" })).toBe("copper");
  expect(of({ name: "CU", codings: [{ system: "LN", code: "9999-9" }] })).toBeUndefined();
  expect(of({ name: "CU", codings: [{ system: "L", code: "CU" }] })).toBe("copper");
  expect(of({ name: "Zinc" })).toBeUndefined();
});

test("what the code's own catalogue knows stays its own", () => {
  const glucose = { ...COPPER, key: "sugar", title: "Glucose", synonyms: [], loinc: ["2345-7"] };
  expect(addedTestOf(told({ name: "Glucose" }), [glucose])).toBeUndefined();
  expect(addedTestOf(told({ codings: [{ system: "http://loinc.org", code: "2345-7" }] }), [glucose])).toBeUndefined();
  expect(addedTestsFor([told({ name: "Glucose" }), told({ name: "cu" }), told({ name: "Cu" })], [glucose, COPPER])).toEqual([COPPER]);
});
