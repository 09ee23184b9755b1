import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { STORED_TYPES } from "./r4/definitions";
import { type Interaction, limitsOf, permits } from "./reach";
import { covers, parseScope, reachOf, scopesOf, scopeText, within } from "./scopes";

const CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category";
const LETTERS: readonly Interaction[] = ["c", "r", "u", "d", "s"];

describe("one scope", () => {
  test.each([
    ["patient/Observation.rs", "rs"],
    ["patient/Observation.cruds", "cruds"],
    ["patient/Observation.cd", "cd"],
    ["patient/Observation.read", "rs"],
    ["patient/Observation.write", "cud"],
    ["patient/*.*", "cruds"],
    ["user/Patient.r", "r"],
    ["system/*.rs", "rs"],
  ])("%s allows %s", (text, interactions) => {
    expect(parseScope(text)).toMatchObject({ kind: "resource", text, interactions });
  });

  test.each([
    "patient/Observation.",
    "patient/Observation",
    "patient/Observation.dus",
    "patient/Observation.rr",
    "patient/Observation.rx",
    "patient/Observation.rs?",
    "patient/Observation.rs?category",
    "patient/Observation.rs?category=",
    "patient/Observation.rs?subject.name=a",
    "patient/Observation.rs?_has:Provenance:target:agent=x",
    "patient/*.rs?category=a",
    "patient/observation.rs",
    "patient/Nothing.rs",
    "practitioner/Observation.rs",
    "Patient/Observation.rs",
    "patient/Observation.rs extra",
    "openid ",
    "launch/encounter",
    "",
  ])("%j is none", (text) => {
    expect(parseScope(text)).toBeUndefined();
  });

  test("a constraint is kept with its value as a search has it", () => {
    const scope = parseScope(`patient/Observation.rs?category=${CATEGORY}|vital-signs`);
    expect(scope).toMatchObject({ where: [["category", `${CATEGORY}|vital-signs`]] });
    expect(parseScope(`patient/Observation.rs?category=${encodeURIComponent(`${CATEGORY}|vital-signs`)}`)).toMatchObject({
      where: [["category", `${CATEGORY}|vital-signs`]],
    });
  });
});

describe("reach", () => {
  test("two granular scopes give the union, each with its own constraint", () => {
    const reach = reachOf(scopesOf("patient/Observation.rs?category=laboratory patient/Observation.r?category=survey"));
    expect(limitsOf(reach, "Observation", "r")).toEqual([[["category", "laboratory"]], [["category", "survey"]]]);
    expect(limitsOf(reach, "Observation", "s")).toEqual([[["category", "laboratory"]]]);
    expect(limitsOf(reach, "Condition", "r")).toBe("none");
  });

  test("a scope without a constraint beside one with a constraint gives all", () => {
    expect(limitsOf(reachOf(scopesOf("patient/Observation.rs?category=laboratory patient/*.r")), "Observation", "r")).toBe("all");
  });

  test("every letter allows its own interaction and no other", () => {
    for (const letter of LETTERS) {
      const reach = reachOf(scopesOf(`patient/Observation.${letter}`));
      for (const other of LETTERS) expect(permits(reach, "Observation", other)).toBe(letter === other);
    }
  });

  test("system scopes give nothing in a person's compartment, and fhirUser lets the person be read", () => {
    expect(reachOf(scopesOf("system/*.cruds openid launch/patient offline_access"))).toEqual({ grants: [] });
    expect(permits(reachOf(scopesOf("fhirUser")), "Patient", "r")).toBe(true);
    expect(permits(reachOf(scopesOf("fhirUser")), "Patient", "s")).toBe(false);
  });
});

const scopeArb = fc
  .record({
    context: fc.constantFrom("patient", "user", "system"),
    type: fc.constantFrom("*", ...STORED_TYPES.slice(15, 22)),
    letters: fc.subarray([...LETTERS], { minLength: 1 }),
    where: fc.option(fc.constantFrom("category=a", "category=b", "code=x|y", "category=a&code=x"), { nil: undefined }),
  })
  .map(({ context, type, letters, where }) => `${context}/${type}.${letters.join("")}${where === undefined ? "" : `?${where}`}`);
const wordArb = fc.constantFrom("openid", "fhirUser", "launch/patient", "offline_access", "nonsense", "patient/Observation.");
const textArb = fc.array(fc.oneof(scopeArb, wordArb), { maxLength: 8 }).map((list) => list.join(" "));

/** What is allowed, as a set of sentences: a constraint allows no more than nothing of one. */
function allowed(text: string, type: string, letter: Interaction, tags: readonly string[]): boolean {
  const limits = limitsOf(reachOf(scopesOf(text)), type, letter);
  if (limits === "all") return true;
  if (limits === "none") return false;
  return limits.some((where) => where.every(([name, value]) => tags.includes(`${name}=${value}`)));
}
const askArb = fc.tuple(
  fc.constantFrom(...STORED_TYPES.slice(15, 22)),
  fc.constantFrom(...LETTERS),
  fc.subarray(["category=a", "category=b", "code=x|y", "code=x"]),
);

describe("never more", () => {
  test("taking a scope away never allows more", () => {
    fc.assert(
      fc.property(textArb, fc.nat(), askArb, (text, at, [type, letter, tags]) => {
        const names = text.split(" ");
        const fewer = names.filter((_, i) => i !== at % names.length).join(" ");
        return !allowed(fewer, type, letter, tags) || allowed(text, type, letter, tags);
      }),
      { numRuns: 500 },
    );
  });

  test("what is granted lies within what was asked for and within what is registered", () => {
    fc.assert(
      fc.property(textArb, textArb, askArb, (asked, registered, [type, letter, tags]) => {
        const granted = scopeText(within(scopesOf(asked), scopesOf(registered)));
        const isAllowed = allowed(granted, type, letter, tags);
        return !isAllowed || (allowed(asked, type, letter, tags) && allowed(registered, type, letter, tags));
      }),
      { numRuns: 500 },
    );
  });

  test("scopes are their own text again, and cover themselves", () => {
    fc.assert(
      fc.property(textArb, (text) => {
        const scopes = scopesOf(text);
        expect(scopesOf(scopeText(scopes))).toEqual(scopes);
        expect(within(scopes, scopes)).toEqual(scopes);
      }),
    );
  });

  test.each([
    ["patient/*.rs", "patient/Observation.r", true],
    ["patient/Observation.rs", "patient/*.r", false],
    ["patient/Observation.rs", "patient/Observation.rs?category=a", true],
    ["patient/Observation.rs?category=a", "patient/Observation.rs", false],
    ["patient/Observation.rs?category=a", "patient/Observation.rs?category=b", false],
    ["patient/*.rs", "user/Observation.r", false],
    ["openid", "fhirUser", false],
  ])("%s covers %s: %s", (have, want, is) => {
    const [wanted] = scopesOf(want);
    expect(wanted !== undefined && covers(scopesOf(have), wanted)).toBe(is);
  });
});
