import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { LabDraft } from "../../labs/result";
import { memorySource } from "../byte-source";
import type { ClinicalItem } from "../clinical/items";
import { fhirItems, isNdjson, readFhir } from "./bundle";
import { settled } from "./taken-in";

const CONTEXT = { self: "per-eu-me" };
const resources = (items: readonly ClinicalItem[]) => items.flatMap((item) => (item.kind === "resource" ? [item.draft] : []));
const results = (items: readonly ClinicalItem[]): LabDraft[] => items.flatMap((item) => (item.kind === "result" ? [item.draft] : []));
const reasons = (items: readonly ClinicalItem[]) => items.flatMap((item) => (item.kind === "left" ? [`${item.type}: ${item.code}`] : []));
const code = (value: string, display?: string) => ({
  coding: [{ system: "http://loinc.org", code: value, ...(display !== undefined && { display }) }],
});
const lab = { coding: [{ system: "http://terminology.hl7.org/CodeSystem/observation-category", code: "laboratory" }] };
const quantity = (value: number, unit: string, more = {}) => ({ value, unit, system: "http://unitsofmeasure.org", code: unit, ...more });
const observation = (change: object) => ({
  resourceType: "Observation",
  id: "one",
  status: "final",
  category: [lab],
  code: code("2345-7", "Glucose"),
  subject: { reference: "Patient/p" },
  effectiveDateTime: "2026-11-20T08:30:00+01:00",
  valueQuantity: quantity(92, "mg/dL"),
  ...change,
});
const bundle = (...resources: object[]) => ({
  resourceType: "Bundle",
  type: "collection",
  entry: resources.map((resource) => ({ resource })),
});

describe("an Observation", () => {
  test("of a laboratory is a result, with its range, flag and labels", () => {
    const [result] = results(
      readFhir(
        observation({
          referenceRange: [{ low: quantity(70, "mg/dL"), high: quantity(99, "mg/dL"), type: code("normal") }],
          interpretation: [{ coding: [{ code: "N" }] }],
          performer: [{ display: "City Lab" }],
          specimen: { display: "Serum" },
          note: [{ text: "Fasting." }],
          valueQuantity: quantity(5, "mg/dL", { comparator: "<" }),
        }),
      ),
    );
    expect(result).toMatchObject({
      name: "Glucose",
      value: { comparator: "<", number: 5 },
      unit: "mg/dL",
      ranges: [{ low: 70, high: 99, unit: "mg/dL", meaning: "normal" }],
      flag: "N",
      lab: "City Lab",
      specimen: "Serum",
      note: "Fasting.",
    });
  });

  test.each([
    [
      { valueQuantity: undefined, valueCodeableConcept: { text: "neg", coding: [{ system: "s", code: "c" }] } },
      { coding: { system: "s", code: "c" }, text: "neg" },
    ],
    [{ valueQuantity: undefined, valueString: "Amber" }, { text: "Amber" }],
    [{ valueQuantity: undefined, valueInteger: 3 }, { number: 3 }],
    [{ valueQuantity: undefined, valueBoolean: false }, { text: "false" }],
    [{ valueQuantity: undefined, valueRange: { low: { value: 1 }, high: { value: 2 } } }, { text: "1-2" }],
    [{ valueQuantity: undefined, valueRatio: { numerator: { value: 1 }, denominator: { value: 80 } } }, { text: "1:80" }],
  ])("tells its value by its type: %o", (change, value) => expect(results(readFhir(observation(change)))).toMatchObject([{ value }]));

  test.each([
    [{ status: "registered" }, "pending"],
    [{ category: [], code: code("72166-2") }, "not_laboratory"],
    [{ effectiveDateTime: undefined }, "no_time"],
    [{ valueQuantity: undefined, dataAbsentReason: code("masked") }, "data_absent"],
    [{ valueQuantity: undefined, hasMember: [{ reference: "Observation/x" }] }, "only_members"],
    [{ code: {} }, "no_code"],
    [{ category: [], code: code("8867-4"), status: "entered-in-error" }, "cancelled"],
    [{ code: code("8867-4"), valueQuantity: { value: 61 } }, "unit_unknown"],
  ])("says why it is not imported: %o", (change, reason) =>
    expect(reasons(readFhir(observation(change)))).toEqual([`Observation: ${reason}`]),
  );

  test("of a vital sign is a reading, whatever coding comes first and whatever its category", () => {
    const weight = observation({
      category: [],
      code: {
        coding: [
          { system: "http://example.org", code: "WT" },
          { system: "http://loinc.org", code: "29463-7" },
        ],
      },
      valueQuantity: quantity(160, "[lb_av]"),
      effectiveDateTime: "2026-11-20",
    });
    expect(readFhir(weight)).toMatchObject([
      { kind: "vital", metric: "body_weight", value: expect.closeTo(72.57, 2), at: "2026-11-20", id: "one" },
    ]);
    // A code of another system is not LOINC, whatever it looks like.
    expect(
      reasons(readFhir(observation({ category: [], code: { coding: [{ system: "urn:oid:2.16.840.1.113883.6.238", code: "8867-4" }] } }))),
    ).toEqual(["Observation: not_laboratory"]);
  });

  test("of a blood pressure is whole or nothing", () => {
    const pressure = (diastolic?: number) =>
      observation({
        category: [],
        code: code("85354-9"),
        valueQuantity: undefined,
        component: [
          { code: code("8480-6"), valueQuantity: quantity(120, "mm[Hg]") },
          { code: code("8462-4"), ...(diastolic !== undefined && { valueQuantity: quantity(diastolic, "mm[Hg]") }) },
        ],
      });
    expect(readFhir(pressure(80))).toMatchObject([{ metric: "blood_pressure", value: null, components: { systolic: 120, diastolic: 80 } }]);
    expect(reasons(readFhir(pressure()))).toEqual(["Observation: incomplete_panel"]);
  });

  test("keeps its identity through a correction", () => {
    const [first] = results(readFhir(observation({ meta: { lastUpdated: "2026-11-20T10:00:00Z" } })));
    const [second] = results(
      readFhir(observation({ status: "corrected", valueQuantity: quantity(95, "mg/dL"), meta: { lastUpdated: "2026-11-21T10:00:00Z" } })),
    );
    expect(second).toMatchObject({ identity: first?.identity, status: "corrected" });
    expect(second!.version).toBeGreaterThan(first!.version);
    expect(results(readFhir(observation({ id: "two" })))[0]?.identity).not.toBe(first?.identity);
  });
});

describe("a bundle", () => {
  const report = {
    resourceType: "DiagnosticReport",
    id: "r",
    status: "final",
    category: [{ coding: [{ code: "LAB" }] }],
    code: code("24323-8", "Panel"),
    subject: { reference: "Patient/p" },
    effectiveDateTime: "2026-11-20",
    result: [{ reference: "Observation/one" }],
  };

  test("brings reports with the results that they name, and counts what is not imported", () => {
    const items = readFhir(
      bundle({ resourceType: "Patient", id: "p" }, observation({ category: [], code: code("1-8", "Unknown test") }), report, {
        resourceType: "Condition",
      }),
    );
    const [draft] = items.flatMap((item) => (item.kind === "report" ? [item.draft] : []));
    expect(draft).toMatchObject({ title: "Panel", at: "2026-11-20" });
    expect(results(items)).toMatchObject([{ name: "Unknown test", report: draft?.identity }]);
    expect(reasons(items)).toEqual(["Patient: resource_not_imported", "Condition: resource_not_imported"]);
  });

  test("about two persons is refused", () => {
    expect(() => readFhir(bundle(observation({}), observation({ id: "x", subject: { reference: "Patient/q" } })))).toThrow(
      "more than one person",
    );
    expect(readFhir(bundle(observation({}), observation({ id: "x", subject: { reference: "http://x.test/Patient/p" } })))).toHaveLength(2);
  });

  test("a resource a line is read one by one, and refused as a whole before anything is stored where it is about two persons", async () => {
    const collect = async (...lines: string[]) => {
      const items: ClinicalItem[] = [];
      for await (const read of fhirItems(isNdjson)(memorySource(new TextEncoder().encode(lines.join("\n"))), CONTEXT))
        items.push(...read.items);
      return items;
    };
    const line = (change: object) => JSON.stringify(observation(change));
    expect(results(await collect(line({}), "", line({ id: "two" })))).toHaveLength(2);
    expect(reasons(await collect(line({}), "{broken", line({ id: "two" })))).toEqual(["unreadable line: unreadable_line"]);
    await expect(collect(line({}), line({ subject: { reference: "Patient/q" } }))).rejects.toMatchObject({ code: "file_unreadable" });
    const visit = { resourceType: "Encounter", id: "e", status: "finished", class: { code: "AMB" }, subject: { reference: "Patient/p" } };
    const asthma = { resourceType: "Condition", subject: { reference: "Patient/p" }, encounter: { reference: "Encounter/e" } };
    const kept = resources(await collect(...[asthma, visit].map((one) => JSON.stringify(one))));
    expect(JSON.parse(kept[0]!.json)).toMatchObject({ encounter: { reference: `Encounter/${kept[1]!.id}` } });
    await expect(collect("{}")).rejects.toMatchObject({ code: "file_unreadable" });
    await expect(collect("no json")).rejects.toMatchObject({ code: "file_unreadable" });
  });
});

describe("what the repository keeps", () => {
  const condition = (change: object = {}) => ({
    resourceType: "Condition",
    id: "c",
    meta: { versionId: "7", lastUpdated: "2026-11-01T10:00:00Z", tag: [{ code: "t" }] },
    subject: { reference: "Patient/p" },
    code: { text: "Asthma" },
    onsetDateTime: "2020-05",
    ...change,
  });
  const patient = { resourceType: "Patient", id: "p" };
  const at = (base: string, ...all: object[]) => ({
    resourceType: "Bundle",
    type: "collection",
    entry: all.map((resource) => ({
      fullUrl: `${base}/${Reflect.get(resource, "resourceType")}/${Reflect.get(resource, "id")}`,
      resource,
    })),
  });
  const draftOf = (value: unknown) => resources(readFhir(value, CONTEXT))[0]!;
  const jsonOf = (value: unknown) => JSON.parse(draftOf(value).json) as unknown;

  test("comes under an id that stays the same, is the person's, and says which system it is from", () => {
    const draft = draftOf(at("https://clinic.test/fhir", patient, condition()));
    expect(JSON.parse(draft.json)).toEqual({
      ...condition(),
      id: draft.id,
      meta: { tag: [{ code: "t" }], source: "https://clinic.test/fhir" },
      subject: { reference: "Patient/per-eu-me" },
    });
    expect(draft).toMatchObject({ original: "c", toldAt: Date.parse("2026-11-01T10:00:00Z"), at: "2020-05", title: "Asthma" });
    expect(draftOf(at("https://clinic.test/fhir", patient, condition({ code: { text: "Hay fever" } }))).id).toBe(draft.id);
    expect(draftOf(at("https://other.test/fhir", patient, condition())).id).not.toBe(draft.id);
    expect(draftOf(bundle({ ...patient, identifier: [{ value: "1" }] }, condition())).id).not.toBe(
      draftOf(bundle({ ...patient, identifier: [{ value: "2" }] }, condition())).id,
    );
    const uuid = "0A0b0c0d-0000-4000-8000-000000000001";
    expect(draftOf(bundle(patient, condition({ id: uuid }))).id).toBe(uuid.toLowerCase());
  });

  test("keeps the references between its resources, however they are written", () => {
    const encounter = {
      resourceType: "Encounter",
      id: "e",
      identifier: [{ system: "urn:visits", value: "9" }],
      status: "finished",
      class: { code: "AMB" },
      subject: { reference: "urn:uuid:11111111-1111-4111-8111-111111111111" },
    };
    const written = [
      "Encounter/e",
      "Encounter/e/_history/3",
      "urn:uuid:22222222-2222-4222-8222-222222222222",
      "Encounter?identifier=urn:visits|9",
    ];
    for (const reference of written) {
      const items = readFhir(
        {
          resourceType: "Bundle",
          type: "transaction",
          entry: [
            { fullUrl: "urn:uuid:11111111-1111-4111-8111-111111111111", resource: { resourceType: "Patient" } },
            { fullUrl: "urn:uuid:22222222-2222-4222-8222-222222222222", resource: encounter },
            {
              fullUrl: "urn:uuid:33333333-3333-4333-8333-333333333333",
              resource: condition({ subject: { reference: "urn:uuid:11111111-1111-4111-8111-111111111111" }, encounter: { reference } }),
            },
          ],
        },
        CONTEXT,
      );
      const [one, other] = resources(items);
      expect(JSON.parse(other!.json), reference).toMatchObject({
        subject: { reference: "Patient/per-eu-me" },
        encounter: { reference: `Encounter/${one!.id}` },
      });
    }
  });

  test("leaves what leads elsewhere to be settled, and names it by its address or its identifier", () => {
    const [elsewhere] = resources(
      readFhir(at("https://clinic.test/fhir", patient, condition({ encounter: { reference: "Encounter/x", display: "Visit" } })), CONTEXT),
    );
    expect(settled(elsewhere!, () => undefined)).toMatchObject({
      encounter: { reference: "https://clinic.test/fhir/Encounter/x", display: "Visit" },
    });
    expect(settled(elsewhere!, ({ reference }) => reference)).toMatchObject({ encounter: { reference: elsewhere!.links[0]!.reference } });
    const [nameless] = resources(
      readFhir(bundle(patient, condition({ encounter: { reference: "urn:uuid:44444444-4444-4444-8444-444444444444" } })), CONTEXT),
    );
    expect(settled(nameless!, () => undefined)).toMatchObject({
      encounter: { identifier: { system: "urn:ietf:rfc:3986", value: "urn:uuid:44444444-4444-4444-8444-444444444444" } },
    });
    const [conditional] = resources(
      readFhir(bundle(patient, condition({ recorder: { reference: "Practitioner?identifier=http://npi.test|99" } })), CONTEXT),
    );
    expect(settled(conditional!, () => undefined)).toMatchObject({
      recorder: { type: "Practitioner", identifier: { system: "http://npi.test", value: "99" } },
    });
    // Nothing but what is stored: else the same file would look changed when it comes again.
    for (const one of [elsewhere!, nameless!, conditional!]) {
      const resource = settled(one, () => undefined);
      expect(resource).toStrictEqual(JSON.parse(JSON.stringify(resource)));
    }
  });

  test("a result of a laboratory that something refers to is found by what it is recognised by", () => {
    const items = readFhir(
      bundle(patient, observation({}), condition({ evidence: [{ detail: [{ reference: "Observation/one" }] }] })),
      CONTEXT,
    );
    const [draft] = resources(items);
    expect(draft?.links).toEqual([{ lab: { type: "Observation", identity: results(items)[0]?.identity }, original: "Observation/one" }]);
    expect(items.at(-1)?.kind).toBe("resource");
  });

  test("what is not valid is named with its place, and nothing leads to it", () => {
    const items = readFhir(
      bundle(patient, condition({ encounter: { reference: "Encounter/e" } }), { resourceType: "Encounter", id: "e", status: "finished" }),
      CONTEXT,
    );
    expect(items).toContainEqual({
      kind: "left",
      type: "Encounter",
      code: "resource_invalid",
      detail: expect.stringContaining("Encounter.class"),
    });
    expect(resources(items)[0]?.links).toHaveLength(1);
  });

  test("of other people nothing is taken in where the file says whose it is, and nothing at all where it does not", () => {
    const items = readFhir(
      bundle(
        patient,
        condition(),
        condition({ id: "d", subject: { reference: "Patient/q" } }),
        observation({ subject: { reference: "Patient/q" } }),
      ),
      CONTEXT,
    );
    expect(reasons(items)).toEqual(["Patient: resource_not_imported", "Condition: other_person", "Observation: other_person"]);
    expect(resources(items)).toHaveLength(1);
    expect(() => readFhir(bundle(condition(), condition({ id: "d", subject: { reference: "Patient/q" } })), CONTEXT)).toThrow(
      "more than one person",
    );
  });

  test("another person may have a part in it, and is named without being led to", () => {
    const told = jsonOf(bundle(patient, condition({ asserter: { reference: "Patient/q", display: "Her sister" } })));
    expect(told).toMatchObject({ asserter: { type: "Patient", identifier: { value: "Patient/q" }, display: "Her sister" } });
    expect(JSON.stringify(told)).not.toContain('"reference":"Patient/q"');
    expect(results(readFhir(observation({ performer: [{ reference: "Patient/q" }] }), CONTEXT))).toHaveLength(1);
  });

  test("what is neither a result nor a vital sign, or tells no number of one, is kept as it is; consents have no effect and are not", () => {
    const smoking = observation({
      category: undefined,
      code: code("72166-2", "Smoking"),
      valueQuantity: undefined,
      valueCodeableConcept: { text: "never" },
    });
    expect(jsonOf(smoking)).toMatchObject({ resourceType: "Observation", valueCodeableConcept: { text: "never" } });
    expect(reasons(readFhir({ resourceType: "Consent" }, CONTEXT))).toEqual(["Consent: resource_not_imported"]);
  });
});

test("no JSON breaks the reader", () => {
  const field = fc.constantFrom(
    "resourceType",
    "entry",
    "resource",
    "code",
    "coding",
    "system",
    "valueQuantity",
    "value",
    "component",
    "effectivePeriod",
    "start",
    "category",
    "result",
    "contained",
    "identifier",
    "referenceRange",
    "low",
    "status",
    "subject",
    "reference",
    "fullUrl",
    "id",
  );
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { depthSize: "small" },
      fc.constantFrom<unknown>(
        null,
        1,
        "Observation",
        "Bundle",
        "DiagnosticReport",
        "8480-6",
        "http://loinc.org",
        "2026",
        "laboratory",
        true,
      ),
      fc.array(tie("tree"), { maxLength: 3 }),
      fc.dictionary(field, tie("tree"), { maxKeys: 6 }),
    ),
  }));
  fc.assert(
    fc.property(tree, fc.constantFrom("Observation", "Bundle", "DiagnosticReport"), (value, resourceType) => {
      try {
        readFhir(typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value, resourceType } : value, CONTEXT);
      } catch (error) {
        expect(error).toMatchObject({ code: "file_unreadable" });
      }
    }),
    { numRuns: 500 },
  );
});
