import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Fields, fieldsIn } from "../fhir/r4/issue";
import { isAcceptable, validateResource } from "../fhir/r4/validate";
import { faultsOf, formOf, newRecord, RECORD_NAMES, RECORDS, type RecordName, shownRecord, withChange, withForm } from "./records";

const NOW = Date.parse("2026-11-20T08:00:00Z");
const PATIENT = "per-eu-01kad7wjcm0000000000000000";

const text = fc
  .string({ minLength: 1, maxLength: 20, unit: fc.constantFrom("a", "b", " ", "z", "ä", "ß", "7") })
  .map((one) => `x${one.trim()}`);
const date = fc.constantFrom("2019", "2020-05", "2021-07-01", "2022-01-01T10:00:00Z");
const some = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const code = fc
  .record({ system: some(fc.constantFrom("http://snomed.info/sct", "urn:own")), code: fc.constantFrom("44054006", "x1") })
  .map(present);
const severity = fc.constantFrom("mild", "moderate", "severe");
const common = { name: text, code: some(code), note: some(text), recordedAt: some(date) };

const FORMS: Readonly<Record<RecordName, fc.Arbitrary<Fields>>> = {
  conditions: fc
    .record({
      ...common,
      status: fc.constantFrom("inactive", "resolved"),
      verification: some(fc.constantFrom("confirmed", "refuted")),
      severity: some(severity),
      onset: some(date),
      end: some(date),
    })
    .map(present),
  medications: fc
    .record({
      ...common,
      status: fc.constantFrom(...RECORDS.medications.statuses),
      start: some(date),
      end: some(date),
      dose: some(text),
      route: some(text),
    })
    .filter(({ start = "", end = "9999" }) => start.slice(0, 4) <= end)
    .map(present),
  allergies: fc
    .record({
      ...common,
      status: fc.constantFrom(...RECORDS.allergies.statuses),
      verification: some(fc.constantFrom("confirmed", "unconfirmed")),
      criticality: some(fc.constantFrom("low", "high", "unable-to-assess")),
      onset: some(date),
      reactions: some(
        fc.array(fc.record({ manifestations: fc.array(text, { minLength: 1, maxLength: 2 }), severity: some(severity) }).map(present), {
          minLength: 1,
          maxLength: 3,
        }),
      ),
    })
    .map(present),
  immunizations: fc
    .record({
      ...common,
      status: fc.constantFrom(...RECORDS.immunizations.statuses),
      date,
      doseNumber: some(fc.constantFrom(1, 2)),
      manufacturer: some(text),
      lot: some(text),
      site: some(text),
    })
    .map(present),
  procedures: fc
    .record({
      name: text,
      code: some(code),
      note: some(text),
      status: fc.constantFrom(...RECORDS.procedures.statuses),
      start: some(date),
      end: some(date),
      bodySite: some(text),
      outcome: some(text),
    })
    .filter(({ start = "", end = "9999" }) => start.slice(0, 4) <= end)
    .map(present),
};

function present(value: object): Fields {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined));
}

/** As another system writes them: with more than plain records have. */
const FOREIGN: Readonly<Record<RecordName, Fields>> = {
  conditions: {
    resourceType: "Condition",
    id: "a",
    identifier: [{ system: "urn:clinic", value: "1" }],
    clinicalStatus: { coding: [{ system: "http://terminology.hl7.org/CodeSystem/condition-clinical", code: "active", display: "Active" }] },
    category: [{ text: "Problem list" }],
    code: {
      coding: [
        { system: "http://snomed.info/sct", code: "44054006", display: "Diabetes mellitus type 2" },
        { system: "http://hl7.org/fhir/sid/icd-10", code: "E11" },
      ],
    },
    subject: { reference: `Patient/${PATIENT}` },
    onsetPeriod: { start: "2015-03", end: "2015-05" },
    note: [{ text: "First." }, { text: "Second.", time: "2020-01-01" }],
    stage: [{ summary: { text: "II" } }],
  },
  medications: {
    resourceType: "MedicationStatement",
    id: "b",
    contained: [{ resourceType: "Medication", id: "m", code: { text: "Metformin 500 mg" } }],
    status: "active",
    medicationReference: { reference: "#m" },
    subject: { reference: `Patient/${PATIENT}` },
    effectiveDateTime: "2020-02-01",
    dosage: [
      { text: "Twice daily", route: { coding: [{ code: "26643006", display: "Oral" }] }, doseAndRate: [{ doseQuantity: { value: 1 } }] },
      { text: "As needed" },
    ],
    reasonCode: [{ text: "Diabetes" }],
  },
  allergies: {
    resourceType: "AllergyIntolerance",
    id: "c",
    clinicalStatus: { coding: [{ system: "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical", code: "active" }] },
    type: "allergy",
    category: ["food"],
    code: { text: "Peanut" },
    patient: { reference: `Patient/${PATIENT}` },
    reaction: [
      { manifestation: [{ text: "Hives" }], severity: "mild", onset: "2012-06-12" },
      { manifestation: [{ text: "Wheezing" }], exposureRoute: { text: "Oral" } },
    ],
  },
  immunizations: {
    resourceType: "Immunization",
    id: "d",
    status: "completed",
    vaccineCode: { coding: [{ system: "http://hl7.org/fhir/sid/cvx", code: "112", display: "Tetanus" }] },
    patient: { reference: `Patient/${PATIENT}` },
    occurrenceString: "In childhood",
    site: { coding: [{ code: "LA", display: "left arm" }] },
    protocolApplied: [{ series: "Basic", doseNumberString: "first", targetDisease: [{ text: "Tetanus" }] }],
    manufacturer: { reference: "Organization/o", display: "Maker" },
  },
  procedures: {
    resourceType: "Procedure",
    id: "e",
    status: "completed",
    code: { text: "Appendectomy" },
    subject: { reference: `Patient/${PATIENT}` },
    performedPeriod: { start: "2012-08-03T08:00:00Z", end: "2012-08-03T09:30:00Z" },
    bodySite: [{ coding: [{ code: "66754008", display: "Appendix" }] }, { text: "Skin" }],
    complication: [{ text: "None" }],
  },
};

describe.each(RECORD_NAMES)("%s", (name) => {
  const kind = RECORDS[name];

  test("become valid resources that say the same", () => {
    fc.assert(
      fc.property(FORMS[name], (form) => {
        const resource = newRecord(kind, PATIENT, form, NOW);
        expect(formOf(kind, resource)).toEqual({
          ...("recordedAt" in kind.fields && { recordedAt: new Date(NOW).toISOString() }),
          ...form,
        });
        expect(isAcceptable(validateResource(resource)), JSON.stringify(validateResource(resource))).toBe(true);
      }),
    );
  });

  test("say of any resource what a form makes it say, and are the same resource where nothing is new", () => {
    fc.assert(
      fc.property(FORMS[name], FORMS[name], fc.boolean(), (before, after, isForeign) => {
        const resource = isForeign ? FOREIGN[name] : newRecord(kind, PATIENT, before, NOW);
        expect(withChange(kind, resource, {})).toBe(resource);
        const changed = withForm(kind, resource, after);
        expect(formOf(kind, changed)).toEqual(after);
        expect(withForm(kind, changed, after)).toBe(changed);
        expect(isAcceptable(validateResource(changed))).toBe(true);
      }),
    );
  });

  test("leave alone what they do not know", () => {
    const changed = withChange(kind, FOREIGN[name], { note: "Seen." });
    expect(changed).toEqual({ ...FOREIGN[name], note: [{ text: "Seen." }] });
    expect(shownRecord(kind, changed)).toMatchObject({
      id: FOREIGN[name]["id"],
      note: "Seen.",
      code: formOf(kind, changed)["code"] ?? null,
    });
  });
});

test("what another system wrote is read in plain words", () => {
  expect(formOf(RECORDS.conditions, FOREIGN.conditions)).toEqual({
    name: "Diabetes mellitus type 2",
    code: { system: "http://snomed.info/sct", code: "44054006" },
    status: "active",
    onset: "2015-03",
    note: "First.\n\nSecond.",
  });
  expect(formOf(RECORDS.medications, FOREIGN.medications)).toEqual({
    name: "Metformin 500 mg",
    status: "active",
    start: "2020-02-01",
    dose: "Twice daily",
    route: "Oral",
  });
  expect(formOf(RECORDS.allergies, FOREIGN.allergies)["reactions"]).toEqual([
    { manifestations: ["Hives"], severity: "mild" },
    { manifestations: ["Wheezing"] },
  ]);
});

test("another code takes the old one's translations along, and another dose its amounts", () => {
  const coded = withChange(RECORDS.conditions, FOREIGN.conditions, { code: { code: "46635009" } });
  expect(coded["code"]).toEqual({ coding: [{ code: "46635009" }], text: "Diabetes mellitus type 2" });
  const dosed = withChange(RECORDS.medications, FOREIGN.medications, { dose: "Once daily" });
  expect(dosed["dosage"]).toEqual([
    { route: { coding: [{ code: "26643006", display: "Oral" }] }, text: "Once daily" },
    { text: "As needed" },
  ]);
});

test("a reaction that stays keeps all that was said of it", () => {
  const reactions = [{ manifestations: ["Cough"] }, { manifestations: ["Hives"], severity: "mild" }];
  expect(withChange(RECORDS.allergies, FOREIGN.allergies, { reactions })["reaction"]).toEqual([
    { manifestation: [{ text: "Cough" }] },
    { manifestation: [{ text: "Hives" }], severity: "mild", onset: "2012-06-12" },
  ]);
});

test("a medication keeps the medicine that another one within it is made of", () => {
  const compound = { resourceType: "Medication", id: "n", ingredient: [{ itemReference: { reference: "#m" } }] };
  const contained = [...fieldsIn(FOREIGN.medications["contained"]), compound];
  const resource = { ...FOREIGN.medications, contained, reasonReference: [{ reference: "#n" }] };
  expect(withChange(RECORDS.medications, resource, { name: "Metformin" })["contained"]).toEqual(contained);
  expect(withChange(RECORDS.medications, FOREIGN.medications, { name: "Metformin" })["contained"]).toBeUndefined();
});

test("a medication is not named after a resource within it that it does not refer to", () => {
  const resource = { ...FOREIGN.medications, contained: [{ code: { text: "Other" } }], medicationReference: { display: "Aspirin" } };
  expect(formOf(RECORDS.medications, resource)["name"]).toBe("Aspirin");
});

test.each(["medications", "allergies"] as const)("%s have a status", (name) => {
  const resource = withForm(RECORDS[name], FOREIGN[name], { name: "x" });
  expect(faultsOf(name, resource)).toMatchObject([{ field: "status", code: "required" }]);
});

test.each([
  [{ status: "active", end: "2021" }, ["end not_over"]],
  [{ status: "resolved", onset: "2022-05-01", end: "2021" }, ["end invalid_range"]],
  [{ status: "resolved", onset: "2022-05-01", end: "2022" }, []],
  [{ status: "active", verification: "entered-in-error" }, ["status entered_in_error"]],
])("what does not fit together is named: %o", (form, faults) => {
  const resource = newRecord(RECORDS.conditions, PATIENT, { name: "x", ...form }, NOW);
  expect(faultsOf("conditions", resource).map(({ field, code: fault }) => `${field} ${fault}`)).toEqual(faults);
});
