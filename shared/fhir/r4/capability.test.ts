import { describe, expect, test } from "vitest";
import { abilities, EVERYTHING, READ_ONLY } from "./abilities";
import { capabilityStatement } from "./capability";
import { searchParameters } from "./search-parameters";
import { RESOURCE_TYPES } from "./structures";

const SERVER = { base: "https://api.meridian.test/fhir/R4", date: "2026-11-01" };
const everything = abilities(
  { AuditEvent: READ_ONLY, Binary: { ...EVERYTHING, interactions: ["read", "create"] } },
  ["batch", "transaction"],
  [],
);

describe("the capability statement", () => {
  const { rest } = capabilityStatement(SERVER, everything);
  const resource = (type: string) => rest[0]?.resource.find((one) => one.type === type);

  test("names every type once", () => {
    expect(rest[0]?.resource.map(({ type }) => type)).toEqual([...RESOURCE_TYPES]);
  });

  test("lists every search parameter of a type with its definition", () => {
    for (const type of RESOURCE_TYPES.filter((one) => one !== "Binary"))
      expect(resource(type)?.searchParam?.map(({ name }) => name)).toEqual([...searchParameters(type).keys()]);
    expect(resource("Observation")?.searchParam).toContainEqual({
      name: "code-value-quantity",
      definition: "http://hl7.org/fhir/SearchParameter/Observation-code-value-quantity",
      type: "composite",
    });
  });

  test("tells the references that can be followed, both ways", () => {
    expect(resource("Observation")?.searchInclude).toEqual(
      expect.arrayContaining(["Observation:patient", "Observation:device", "Observation:focus"]),
    );
    expect(resource("Observation")?.searchRevInclude).toEqual(
      expect.arrayContaining(["Provenance:target", "DiagnosticReport:result", "Observation:has-member"]),
    );
    expect(resource("Observation")?.searchRevInclude).not.toContain("Observation:patient");
  });

  test("tells nothing of searching where a type is not searched", () => {
    expect(resource("Binary")).not.toHaveProperty("searchParam");
    expect(resource("Patient")?.searchRevInclude?.some((name) => name.startsWith("Binary:"))).toBe(false);
  });

  test("says that what is only read is not written", () => {
    expect(resource("AuditEvent")).toMatchObject({
      updateCreate: false,
      conditionalCreate: false,
      conditionalDelete: "not-supported",
      versioning: "no-version",
    });
  });
});
