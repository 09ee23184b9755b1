import fc from "fast-check";
import { expect, test } from "vitest";
import { CATEGORIES, SPECIAL } from "../policy/vocabulary";
import { type Class, CLASSES, coversClasses, maskOf } from "./classes";
import { isCoveredBy, policyScopesOf, reachOfClient } from "./client-scopes";
import { CLASS, type Interaction, limitsOf } from "./reach";

/** Whether a token with these scopes leaves a resource of a type and of classes. */
function leaves(names: readonly string[], type: string, letter: Interaction, classes: readonly Class[]): boolean {
  const limits = limitsOf(reachOfClient(names), type, letter);
  if (typeof limits === "string") return limits === "all";
  return limits.some((where) =>
    where.every(
      ([name, value]) => name === CLASS && coversClasses(maskOf(CLASSES.filter((one) => value.split(",").includes(one))), maskOf(classes)),
    ),
  );
}

const scope = fc.constantFrom(
  "read:*",
  "read:vitals",
  "read:mental",
  "system/*.rs",
  "system/*.read",
  "system/Observation.rs",
  "system/Observation.cu",
  "system/Condition.rs",
  "system/CarePlan.cru",
);

test.each<[string[], string, Interaction, Class[], boolean]>([
  [["system/*.rs"], "Observation", "s", ["vitals"], true],
  [["system/*.rs"], "Observation", "s", ["mental"], false],
  [["system/*.rs", "read:mental"], "Observation", "s", ["mental"], true],
  [["system/*.rs"], "Condition", "r", ["history"], false],
  [["system/Condition.rs"], "Condition", "r", ["history"], true],
  [["system/Condition.rs", "system/Observation.rs"], "Observation", "r", ["history"], false],
  [["system/Observation.r"], "Observation", "s", ["vitals"], false],
  [["read:vitals"], "Observation", "c", ["vitals"], false],
  [["read:vitals", "read:body"], "Observation", "r", ["vitals", "body"], true],
  [["system/Observation.cu"], "Observation", "c", ["vitals"], true],
  [["read:mental", "system/CarePlan.cru"], "CarePlan", "r", ["mental", "history"], true],
  [["read:mental", "system/CarePlan.cru"], "CarePlan", "c", ["mental", "history"], false],
])("%j leaves %s (%s) of %j: %s", (names, type, letter, classes, isLeft) => {
  expect(leaves(names, type, letter, classes)).toBe(isLeft);
});

test("taking a scope away never leaves more, and what is left is in the words of the policy", () => {
  const what = fc.tuple(
    fc.constantFrom("Observation", "Condition", "CarePlan"),
    fc.constantFrom<Interaction>("c", "r", "u", "d", "s"),
    fc.subarray([...CATEGORIES], { minLength: 1, maxLength: 2 }),
  );
  fc.assert(
    fc.property(fc.array(scope, { maxLength: 4 }), fc.nat(), what, (names, at, [type, letter, classes]) => {
      const isLeft = leaves(names, type, letter, classes);
      if (!isLeft)
        expect(
          leaves(
            names.filter((_, i) => i !== at % Math.max(1, names.length)),
            type,
            letter,
            classes,
          ),
        ).toBe(false);
      const action = letter === "r" || letter === "s" ? "read" : "write";
      if (isLeft) for (const category of classes) expect(policyScopesOf(names)).toContain(`${action}:${category}`);
      for (const category of SPECIAL)
        if (names.every((one) => one === "read:*" || one.startsWith("system/*")))
          expect(policyScopesOf(names)).not.toContain(`read:${category}`);
    }),
  );
});

test("part of what is registered may be asked for, and nothing beside it", () => {
  expect(isCoveredBy(["system/*.rs"], "system/Observation.r")).toBe(true);
  expect(isCoveredBy(["system/*.rs"], "system/Observation.c")).toBe(false);
  expect(isCoveredBy(["system/Observation.rs"], "system/*.rs")).toBe(false);
  expect(isCoveredBy(["read:*"], "read:vitals")).toBe(false);
  for (const odd of ["patient/*.rs", "system/*.cruds", "system/*.d", "system/Nothing.rs"])
    expect(isCoveredBy(["system/*.rs"], odd)).toBe(false);
});
