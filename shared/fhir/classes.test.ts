import { describe, expect, test } from "vitest";
import { CATEGORIES } from "../policy/vocabulary";
import { classesOf, coversClasses, maskOf } from "./classes";
import { STORED_TYPES } from "./r4/definitions";

const LOINC = "http://loinc.org";
const CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category";
const concept = (system: string, code: string) => ({ coding: [{ system, code }] });
const observation = (code: object, more: object = {}) => ({ resourceType: "Observation", id: "x", code, ...more });
const category = (code: string) => ({ category: [concept(CATEGORY, code)] });

test.each<[string, object, readonly string[]]>([
  ["heart rate", observation(concept(LOINC, "8867-4")), ["vitals"]],
  ["weight, whatever its category says", observation(concept(LOINC, "29463-7"), category("vital-signs")), ["body"]],
  ["a metric of ours", observation(concept("urn:meridian:metric", "state_of_mind")), ["mental"]],
  ["a laboratory result", observation(concept(LOINC, "2345-7"), category("laboratory")), ["labs"]],
  ["a vital sign that is not in the catalogue", observation(concept(LOINC, "1-1"), category("vital-signs")), ["vitals"]],
  ["something seen", observation({ text: "Something" }), ["history"]],
  ["an answer to a survey", observation(concept(LOINC, "44249-1"), category("survey")), ["history"]],
  [
    "blood pressure with something else beside it",
    observation(concept(LOINC, "85354-9"), { component: [{ code: concept(LOINC, "8480-6") }, { code: { text: "Pregnant" } }] }),
    ["vitals", "history"],
  ],
  ["a panel of two kinds", observation(concept(LOINC, "8867-4"), { component: [{ code: concept(LOINC, "29463-7") }] }), ["vitals", "body"]],
  ["a condition", { resourceType: "Condition", code: { text: "Asthma" } }, ["history"]],
  ["a letter", { resourceType: "DocumentReference" }, ["documents"]],
  [
    "a laboratory report with its file",
    { resourceType: "DiagnosticReport", ...category("LAB"), presentedForm: [{}] },
    ["labs", "documents"],
  ],
  [
    "a plan that says what it is about",
    { resourceType: "CarePlan", category: [concept("urn:meridian:category", "activity")] },
    ["activity"],
  ],
  ["a plan that does not", { resourceType: "CarePlan" }, ["history"]],
  ["the record of a consent", { resourceType: "Consent" }, []],
  [
    "what hides another thing",
    observation(concept(LOINC, "8867-4"), { contained: [{ resourceType: "Condition" }] }),
    ["vitals", "history"],
  ],
  ["who measured", observation(concept(LOINC, "8867-4"), { contained: [{ resourceType: "Practitioner" }] }), ["vitals"]],
])("%s", (_what, resource, classes) => {
  expect(classesOf({ ...resource }).toSorted()).toEqual([...classes].toSorted());
});

describe("every type", () => {
  test.each(STORED_TYPES)("%s has classes, or is nobody's", (resourceType) => {
    const classes = classesOf({ resourceType });
    expect(classes.length > 0).toBe(!["Consent", "AuditEvent", "Subscription"].includes(resourceType));
    expect(coversClasses(maskOf([...CATEGORIES, "person"]), maskOf(classes))).toBe(classes.length > 0);
    expect(coversClasses(0, maskOf(classes))).toBe(false);
  });
});
