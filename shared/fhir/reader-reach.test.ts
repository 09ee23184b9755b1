import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { newId } from "../id";
import { decide } from "../policy/decide";
import { CATEGORIES, type Category, type Consent, type SharedAction, type Subject } from "../policy/vocabulary";
import { ADVICE_TYPES, type Class, CLASSES, coversClasses, maskOf } from "./classes";
import { CLASS, type Grant, type Interaction, intersection, limitsOf, type Reach, reachOfReader } from "./reach";

const NOW = 1_000;
const LETTERS: Interaction[] = ["c", "r", "u", "d", "s"];
const TYPES = ["Observation", "Condition", "CarePlan", "Goal", "Patient"];
const owner = newId("person", "eu", 1);
const reader = newId("person", "eu", 2);
const subject: Subject = { kind: "person", id: reader, roles: ["user", "clinician", "trainer"], assurance: "aal2" };

const categories = fc.subarray([...CATEGORIES]);
const consent: fc.Arbitrary<Consent> = fc.record({
  id: fc.uuid(),
  version: fc.constant(1),
  owner: fc.constant(owner),
  grantee: fc.constantFrom({ kind: "person" as const, id: reader }, { kind: "person" as const, id: owner }),
  role: fc.constantFrom("user", "clinician", "trainer", "nutritionist"),
  categories,
  actions: fc.subarray<SharedAction>(["read", "write", "advise"]),
  purpose: fc.constantFrom("personal", "care", "coaching"),
  from: fc.constantFrom(0, NOW + 1),
  until: fc.constantFrom(null, NOW, NOW + 1),
  state: fc.constantFrom("active", "revoked"),
});

/** The reach of the reader with these consents, as the vault makes it. */
function reachWith(consents: readonly Consent[]): Reach {
  const may = (action: SharedAction) =>
    CATEGORIES.filter((category) =>
      (["personal", "care", "coaching"] as const).some(
        (purpose) => decide(subject, action, { owner, kind: "fhir", category }, purpose, consents, ["me"], NOW).allow,
      ),
    );
  return reachOfReader({ read: may("read"), write: may("write"), advise: may("advise") });
}

/** Whether a resource of a type and of classes is within reach, as queries work it out. */
function reaches(reach: Reach, type: string, letter: Interaction, classes: readonly Class[]): boolean {
  const limits = limitsOf(reach, type, letter);
  if (typeof limits === "string") return limits === "all";
  return limits.some((where) =>
    where.every(([name, value]) => {
      const named = value.split(",");
      return name === CLASS && coversClasses(maskOf(CLASSES.filter((one) => named.includes(one))), maskOf(classes));
    }),
  );
}

const what = fc.record({
  type: fc.constantFrom(...TYPES),
  letter: fc.constantFrom(...LETTERS),
  classes: fc.subarray([...CLASSES], { minLength: 0, maxLength: 3 }),
});

describe("what consents allow of FHIR resources", () => {
  test("taking away a consent never shows more, nor lets anybody do more", () => {
    fc.assert(
      fc.property(fc.array(consent, { maxLength: 4 }), fc.nat(), what, (consents, at, { type, letter, classes }) => {
        const fewer = consents.filter((_, i) => i !== at % Math.max(1, consents.length));
        if (!reaches(reachWith(consents), type, letter, classes)) expect(reaches(reachWith(fewer), type, letter, classes)).toBe(false);
      }),
      { numRuns: 1_000 },
    );
  });

  test("without consents nothing is within reach, and nobody deletes", () => {
    fc.assert(
      fc.property(fc.array(consent, { maxLength: 4 }), what, (consents, { type, letter, classes }) => {
        expect(reaches(reachWith([]), type, letter, classes)).toBe(false);
        expect(reaches(reachWith(consents), type, "d", classes)).toBe(false);
      }),
    );
  });

  test("each category opens what belongs to it and to nothing else", () => {
    fc.assert(
      fc.property(categories, what, (read, { type, classes }) => {
        const isSeen = classes.length > 0 && classes.every((one) => one === "person" || read.includes(one)) && read.length > 0;
        expect(reaches(reachOfReader({ read, write: [], advise: [] }), type, "r", classes)).toBe(isSeen);
      }),
    );
  });

  test("advice is given in the types of advice alone", () => {
    const reach = reachOfReader({ read: [], write: [], advise: ["activity"] });
    for (const type of TYPES) expect(reaches(reach, type, "c", ["activity"])).toBe((ADVICE_TYPES as readonly string[]).includes(type));
  });
});

const grant: fc.Arbitrary<Grant> = fc.record(
  {
    type: fc.constantFrom("*", ...TYPES),
    interactions: fc.subarray(LETTERS).map((letters) => letters.join("")),
    where: fc.option(
      categories.map((named): Grant["where"] => [[CLASS, named.join(",")]]),
      { nil: undefined },
    ),
  },
  { requiredKeys: ["type", "interactions"] },
);
const reachOf = (grants: Grant[], sees: readonly Category[] | undefined): Reach => ({
  grants: grants.map(({ where, ...one }) => (where === undefined ? one : { ...one, where })),
  ...(sees !== undefined && { sees }),
});
const someReach = fc
  .tuple(fc.array(grant, { maxLength: 3 }), fc.option(categories, { nil: undefined }))
  .map(([grants, sees]) => reachOf(grants, sees));

test("what an app was given and what a consent allows meet: never more than either, and never less than both", () => {
  fc.assert(
    fc.property(someReach, someReach, what, (one, other, { type, letter, classes }) => {
      const both = intersection(one, other);
      expect(reaches(both, type, letter, classes)).toBe(reaches(one, type, letter, classes) && reaches(other, type, letter, classes));
      for (const { sees } of [one, other]) if (sees !== undefined) expect(sees).toEqual(expect.arrayContaining([...(both.sees ?? [])]));
    }),
    { numRuns: 500 },
  );
});
