import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { dateRange } from "./date-range";
import { CONDITION, EXAMPLES, GOAL, PERSON, PRESSURE, QUESTIONS, WEIGHT } from "./examples.fixture";
import { fold, type IndexValue, indexEntries, OPEN, readReference } from "./index-entries";
import type { Fields } from "./issue";
import { indexedAs, searchParameters } from "./search-parameters";
import { RESOURCE_TYPES } from "./structures";

const ZONE = "Europe/Berlin";
const UCUM = "http://unitsofmeasure.org";
const LOINC = "http://loinc.org";

function found(resource: Fields, param: string): IndexValue[] {
  return indexEntries(resource, ZONE).flatMap(({ param: name, value }) => (name === param ? [value] : []));
}

describe("search parameters", () => {
  test("every type has those of every resource", () => {
    for (const type of RESOURCE_TYPES)
      expect([...searchParameters(type).keys()]).toEqual(
        expect.arrayContaining(["_id", "_lastUpdated", "_profile", "_security", "_source", "_tag"]),
      );
  });

  test.each([
    [
      "Observation",
      "patient subject category code date status device identifier value-quantity value-concept combo-code component-code code-value-quantity component-code-value-quantity combo-code-value-quantity derived-from has-member encounter based-on",
    ],
    [
      "Patient",
      "identifier name family given birthdate gender address email phone telecom deceased general-practitioner link organization",
    ],
    ["Provenance", "target patient agent recorded when entity"],
    ["DiagnosticReport", "patient category code date result status"],
    ["DocumentReference", "patient category type date period status relationship"],
    ["QuestionnaireResponse", "patient questionnaire authored status author"],
    ["Consent", "patient status scope category date period actor"],
    ["AuditEvent", "patient agent entity date action outcome"],
  ] as const)("%s has those that clients use", (type, names) => {
    expect([...searchParameters(type).keys()]).toEqual(expect.arrayContaining(names.split(" ")));
  });

  test("each is whole: paths, or bases with a path for every part", () => {
    for (const type of RESOURCE_TYPES)
      for (const { name, kind, paths, parts, bases, definition } of searchParameters(type).values()) {
        expect([type, name, definition.length > 0]).toEqual([type, name, true]);
        const isWhole =
          kind === "composite" ? bases.length > 0 && bases.every((base) => base.parts.length === parts.length) : paths.length > 0;
        expect([type, name, isWhole]).toEqual([type, name, true]);
      }
  });
});

test("only the combined parameters of Observation are others' together, and nothing is in the index that a resource is kept by", () => {
  const madeOf = RESOURCE_TYPES.flatMap((type) =>
    [...searchParameters(type).values()].flatMap(({ name, madeOf: parts }) => (parts.length > 0 ? [`${type}.${name}`] : [])),
  );
  expect(madeOf).toEqual(
    ["code", "code-value-concept", "code-value-quantity", "data-absent-reason", "value-concept", "value-quantity"].map(
      (name) => `Observation.combo-${name}`,
    ),
  );
  expect(indexedAs("Observation", "value-quantity")).toEqual(["value-quantity"]);
  expect([
    ...found({ ...WEIGHT, id: "w" }, "_id"),
    ...found({ ...WEIGHT, meta: { lastUpdated: "2026-11-20T07:00:00Z" } }, "_lastUpdated"),
  ]).toEqual([]);
});

describe("an Observation", () => {
  test("is found by its codes, with their systems", () => {
    expect(found(PRESSURE, "code")).toEqual([
      { kind: "token", system: LOINC, code: "85354-9", text: "blood pressure panel blutdruck ubung" },
    ]);
    expect(found(PRESSURE, "component-code").map((one) => "code" in one && one.code)).toEqual(["8480-6", "8462-4"]);
    // What is found in it and in its components has a row for each already.
    expect(found(PRESSURE, "combo-code")).toEqual([]);
    expect(indexedAs("Observation", "combo-code:text")).toEqual(["code:text", "component-code:text"]);
    expect(found(PRESSURE, "status")).toEqual([{ kind: "token", system: "http://hl7.org/fhir/observation-status", code: "final" }]);
    expect(found(PRESSURE, "_tag")).toEqual([{ kind: "token", system: "urn:tags", code: "morning" }]);
    expect(found(PRESSURE, "_source")).toEqual([{ kind: "uri", uri: "urn:meridian:test" }]);
    expect(found(PRESSURE, "identifier")).toEqual([{ kind: "token", system: "urn:ids", code: "a-1" }]);
  });

  test("is found by what its references lead to, however they are written", () => {
    expect(found(PRESSURE, "patient")).toEqual([{ kind: "reference", type: "Patient", id: "p-1" }]);
    expect(found(PRESSURE, "subject")).toEqual([{ kind: "reference", type: "Patient", id: "p-1" }]);
    expect(found(PRESSURE, "encounter")).toEqual([
      { kind: "reference", type: "Encounter", id: "e-1", url: "https://other.example/fhir/Encounter/e-1" },
    ]);
    expect(found(PRESSURE, "device")).toEqual([{ kind: "reference", url: "urn:uuid:0b9b3b42-8f0c-4d52-9d42-2f6ac32a1b11" }]);
    expect(found(PRESSURE, "performer")).toEqual([
      { kind: "reference", type: "Practitioner", identifier: { system: "urn:staff", value: "7" } },
    ]);
    expect(found({ ...WEIGHT, subject: { reference: "Group/g" } }, "patient")).toEqual([]);
  });

  test("pairs the code of each component with its own value", () => {
    const pairs = found(PRESSURE, "component-code-value-quantity").map((one) =>
      one.kind === "composite"
        ? one.parts.map((part) => (part.kind === "token" ? part.code : part.kind === "quantity" ? part.value : part.kind))
        : [],
    );
    expect(pairs).toEqual([
      ["8480-6", 121],
      ["8462-4", 79.5],
    ]);
    expect(found(PRESSURE, "code-value-quantity")).toEqual([]);
    expect(indexedAs("Observation", "combo-code-value-quantity")).toEqual(["code-value-quantity", "component-code-value-quantity"]);
  });

  test("is found by its value in whatever unit", () => {
    expect(found(WEIGHT, "value-quantity")).toEqual([
      { kind: "quantity", value: 150, system: UCUM, code: "[lb_av]", unit: "lb", canonicalCode: "g", canonicalValue: 68_038.8555 },
    ]);
    expect(found({ ...WEIGHT, valueQuantity: { value: 68.0388555, system: UCUM, code: "kg" } }, "value-quantity")[0]).toMatchObject({
      canonicalValue: 68_038.8555,
    });
    expect(found({ ...WEIGHT, valueQuantity: { value: 1, system: "urn:x", code: "kg" } }, "value-quantity")).toEqual([
      { kind: "quantity", value: 1, system: "urn:x", code: "kg" },
    ]);
  });

  test("with sampled data is found by the lowest and the highest value", () => {
    const { valueQuantity: _, ...rest } = WEIGHT;
    const series = { origin: { value: 10, system: UCUM, code: "/min" }, period: 1000, dimensions: 1, factor: 2, data: "30 E 25 L 40 U" };
    expect(found({ ...rest, valueSampledData: series }, "value-quantity")).toMatchObject([{ value: 60 }, { value: 90 }]);
  });

  test("of a day takes the day of the person, of a period all of it", () => {
    expect(found(WEIGHT, "date")).toEqual([{ kind: "date", lo: Date.UTC(2026, 10, 19, 23), hi: Date.UTC(2026, 10, 20, 23) - 1 }]);
    expect(found(PRESSURE, "date")).toEqual([{ kind: "date", lo: Date.UTC(2026, 10, 20, 7), hi: Date.UTC(2026, 10, 20, 7, 5, 0, 999) }]);
    const { effectiveDateTime: _, ...rest } = WEIGHT;
    expect(found({ ...rest, effectivePeriod: { start: "2026-11-20T00:00:00Z" } }, "date")).toEqual([
      { kind: "date", lo: Date.UTC(2026, 10, 20), hi: OPEN },
    ]);
    expect(found({ ...rest, effectiveTiming: { event: ["2026-11-22", "2026-11-20T00:00:00Z"] } }, "date")).toEqual([
      { kind: "date", lo: Date.UTC(2026, 10, 20), hi: Date.UTC(2026, 10, 22, 23) - 1 },
    ]);
  });
});

describe("other types", () => {
  test("a person is found by name without case and accents, by every part", () => {
    expect(found(PERSON, "name").map((one) => "folded" in one && one.folded)).toEqual(["muller-swiatek", "zoe", "ana"]);
    expect(found(PERSON, "family")).toEqual([{ kind: "string", folded: "muller-swiatek", exact: "Müller-Świątek" }]);
    expect(found(PERSON, "address-city")).toEqual([{ kind: "string", folded: "koln", exact: "Köln" }]);
  });

  test("ways to reach somebody are told apart by their system", () => {
    expect(found(PERSON, "email")).toEqual([{ kind: "token", code: "zoe@example.org" }]);
    expect(found(PERSON, "phone")).toEqual([{ kind: "token", code: "+49 30 1" }]);
    expect(found(PERSON, "telecom")).toHaveLength(2);
  });

  test("whoever has a day of death has died", () => {
    expect(found(PERSON, "deceased")).toEqual([{ kind: "token", code: "false" }]);
    const { deceasedBoolean: _, ...rest } = PERSON;
    expect(found({ ...rest, deceasedDateTime: "2026" }, "deceased")).toEqual([{ kind: "token", code: "true" }]);
    expect(found(rest, "deceased")).toEqual([]);
  });

  test("ages, months and addresses", () => {
    expect(found(PERSON, "birthdate")).toEqual([{ kind: "date", lo: Date.UTC(1990, 0, 31, 23), hi: Date.UTC(1990, 1, 28, 23) - 1 }]);
    expect(found(CONDITION, "onset-age")).toMatchObject([{ value: 31, canonicalCode: "s" }]);
    expect(found(QUESTIONS, "url")).toEqual([{ kind: "uri", uri: "https://example.org/q/mood" }]);
    expect(found(GOAL, "target-date")).toHaveLength(1);
    expect(found({ resourceType: "QuestionnaireResponse", questionnaire: "https://example.org/q/mood|2" }, "questionnaire")).toEqual([
      { kind: "reference", url: "https://example.org/q/mood", version: "2" },
    ]);
  });

  test("a relation of documents is paired with what it leads to", () => {
    const document = { resourceType: "DocumentReference", relatesTo: [{ code: "replaces", target: { reference: "DocumentReference/d" } }] };
    expect(found(document, "relationship")).toEqual([
      {
        kind: "composite",
        parts: [
          { kind: "reference", type: "DocumentReference", id: "d" },
          { kind: "token", system: "http://hl7.org/fhir/document-relationship-type", code: "replaces" },
        ],
      },
    ]);
  });
});

describe("rules", () => {
  test("no entry repeats another, and all are of a parameter of the type with its kind", () => {
    for (const example of EXAMPLES) {
      const entries = indexEntries(example, ZONE);
      expect(new Set(entries.map((one) => JSON.stringify(one))).size).toBe(entries.length);
      const type = RESOURCE_TYPES.find((one) => one === example["resourceType"]) ?? "Basic";
      for (const { param, value } of entries) expect([param, searchParameters(type).get(param)?.kind]).toEqual([param, value.kind]);
    }
  });

  test("never throws, whatever stands in the places", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...EXAMPLES),
        fc.dictionary(
          fc.constantFrom("code", "subject", "valueQuantity", "effectivePeriod", "component", "identifier", "meta"),
          fc.jsonValue(),
        ),
        (example, rest) => Array.isArray(indexEntries({ ...example, ...rest }, ZONE)),
      ),
    );
  });

  test("components pair as they stand, in any number", () => {
    const component = fc.record({ code: fc.stringMatching(/^[a-z]{1,4}$/), value: fc.integer() });
    fc.assert(
      fc.property(fc.uniqueArray(component, { maxLength: 8, selector: ({ code, value }) => `${code} ${value}` }), (components) => {
        const resource = {
          ...PRESSURE,
          component: components.map(({ code, value }) => ({ code: { coding: [{ code }] }, valueQuantity: { value } })),
        };
        const pairs = found(resource, "component-code-value-quantity").map((one) => one.kind === "composite" && one.parts);
        expect(pairs).toEqual(
          components.map(({ code, value }) => [
            { kind: "token", code },
            { kind: "quantity", value },
          ]),
        );
      }),
    );
  });

  test("folding twice is folding once, and case does not matter", () => {
    fc.assert(fc.property(fc.string(), (text) => fold(fold(text)) === fold(text)));
    expect(fold("  ÉCOLE \n Straße ")).toBe("ecole strasse");
  });

  test("a shorter date contains the longer ones that begin with it", () => {
    const date = fc.date({ min: new Date("1900-01-01T00:00:00Z"), max: new Date("2099-12-31T00:00:00Z"), noInvalidDate: true });
    fc.assert(
      fc.property(date, fc.constantFrom("UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Pacific/Apia"), (at, zone) => {
        const text = at.toISOString();
        const ranges = [4, 7, 10].map((length) => dateRange(text.slice(0, length), zone));
        for (const [i, range] of ranges.entries()) {
          const wider = ranges[i - 1];
          expect(range).toBeDefined();
          expect((range?.[0] ?? 0) <= (range?.[1] ?? -1)).toBe(true);
          if (wider !== undefined && range !== undefined) expect(wider[0] <= range[0] && range[1] <= wider[1]).toBe(true);
        }
        expect(dateRange(text, zone)).toEqual([at.getTime(), at.getTime()]);
      }),
    );
  });

  test.each([
    ["2026-03-29", 23],
    ["2026-10-25", 25],
    ["2026-11-20", 24],
  ])("%s has %d hours in Berlin", (day, hours) => {
    const [lo = 0, hi = 0] = dateRange(day, ZONE) ?? [];
    expect(hi + 1 - lo).toBe(hours * 3_600_000);
  });

  test("a reference with a version leads to the resource", () => {
    expect(readReference("Patient/p/_history/3")).toEqual({ type: "Patient", id: "p" });
    expect(readReference("https://a.example/fhir/Patient/p/_history/3")).toEqual({
      type: "Patient",
      id: "p",
      url: "https://a.example/fhir/Patient/p",
    });
  });
});
