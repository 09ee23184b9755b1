import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { LabDraft } from "../../labs/result";
import type { ClinicalItem } from "../clinical/items";
import { readCda } from "./ccd";

const bytes = (text: string) => new TextEncoder().encode(text);
const results = (items: readonly ClinicalItem[]): LabDraft[] => items.flatMap((item) => (item.kind === "result" ? [item.draft] : []));
const reasons = (items: readonly ClinicalItem[]) => items.flatMap((item) => (item.kind === "left" ? [`${item.type}: ${item.code}`] : []));
const document = (...sections: string[]) =>
  `<?xml version="1.0"?><ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <id root="1.2" extension="doc"/><effectiveTime value="20261120120000+0100"/>
  <recordTarget><patientRole><patient><name>Jane Secret</name></patient></patientRole></recordTarget>
  <component><structuredBody>${sections.map((section) => `<component>${section}</component>`).join("")}</structuredBody></component></ClinicalDocument>`;
const section = (code: string, ...entries: string[]) =>
  `<section><code code="${code}" codeSystem="2.16.840.1.113883.6.1"/><title>Section ${code}</title><text>Narrative</text>${entries.map((entry) => `<entry>${entry}</entry>`).join("")}</section>`;
const organizer = (...observations: string[]) =>
  `<organizer><id root="9.9"/><code code="24323-8" codeSystem="2.16.840.1.113883.6.1" displayName="Panel"/><statusCode code="completed"/><effectiveTime><low value="20261120083000+0100"/></effectiveTime>
  ${observations.map((one) => `<component>${one}</component>`).join("")}</organizer>`;
const observation = (value: string, { code = "2345-7", status = "completed", rest = "" } = {}) =>
  `<observation moodCode="EVN"><id root="7.7" extension="${code}"/><code code="${code}" codeSystem="2.16.840.1.113883.6.1" displayName="Test ${code}"/><statusCode code="${status}"/><effectiveTime value="20261120083000+0100"/>${value}${rest}</observation>`;
const one = (value: string, more = {}) => results(readCda(bytes(document(section("30954-2", organizer(observation(value, more)))))))[0];

describe("a clinical document", () => {
  test("brings organizers as reports, and their observations with ranges and flags", () => {
    const range = `<interpretationCode code="H"/><referenceRange><observationRange><text>70-99</text><value xsi:type="IVL_PQ"><low value="70" unit="mg/dL"/><high value="99" unit="mg/dL" inclusive="false"/></value><interpretationCode code="N"/></observationRange></referenceRange>`;
    const items = readCda(
      bytes(document(section("30954-2", organizer(observation('<value xsi:type="PQ" value="120" unit="mg/dL"/>', { rest: range }))))),
    );
    expect(items[0]).toMatchObject({ kind: "report", draft: { title: "Panel", status: "final", at: "2026-11-20T08:30:00+01:00" } });
    expect(results(items)).toMatchObject([
      {
        name: "Test 2345-7",
        codings: [{ system: "http://loinc.org", code: "2345-7" }],
        value: { number: 120 },
        unit: "mg/dL",
        flag: "H",
        ranges: [{ low: 70, high: 99, isHighExcluded: true, unit: "mg/dL", text: "70-99", meaning: "N" }],
      },
    ]);
    expect(JSON.stringify(items)).not.toContain("Secret");
  });

  test.each([
    [
      '<value xsi:type="IVL_PQ"><low value="500" unit="mg/dL" inclusive="false"/><high nullFlavor="PINF"/></value>',
      { comparator: ">", number: 500 },
      "mg/dL",
    ],
    ['<value xsi:type="IVL_PQ"><high value="5" unit="mg/dL"/></value>', { comparator: "<=", number: 5 }, "mg/dL"],
    [
      '<value xsi:type="PQ" nullFlavor="OTH"><translation value="152" nullFlavor="OTH"><originalText>THOUS/MCL</originalText></translation></value>',
      { number: 152 },
      "THOUS/MCL",
    ],
    [
      '<value xsi:type="CD" code="260385009" codeSystem="2.16.840.1.113883.6.96" displayName="Negative"/>',
      { coding: { system: "http://snomed.info/sct", code: "260385009", display: "Negative" } },
      undefined,
    ],
    ['<value xsi:type="ST"> Borderline,\n equal to 1:80 </value>', { text: "Borderline, equal to 1:80" }, undefined],
    ['<value xsi:type="ST">&lt;0.5</value>', { comparator: "<", number: 0.5 }, undefined],
    ['<value xsi:type="RTO"><numerator value="1"/><denominator value="80"/></value>', { text: "1:80" }, undefined],
    ['<value xsi:type="BL" value="true"/>', { text: "true" }, undefined],
  ])("tells a value by its type: %s", (value, expected, unit) =>
    expect(one(value)).toMatchObject({ value: expected, ...(unit !== undefined && { unit }) }),
  );

  test("names what has no value, is not imported, or stands in the narrative alone", () => {
    const items = readCda(
      bytes(
        document(
          section(
            "30954-2",
            organizer(
              observation('<value xsi:type="PQ" nullFlavor="NA"/>', { status: "active" }),
              observation('<value xsi:type="PQ" nullFlavor="UNK"/>'),
            ),
          ),
          section("48765-2", "<act/>", "<act/>"),
          section("30954-2"),
          section("8716-3", organizer(observation('<value xsi:type="PQ" value="1" unit="1"/>', { code: "1234-4" }))),
        ),
      ),
    );
    expect(reasons(items)).toEqual([
      "Results: pending",
      "Results: null_unk",
      "Section 48765-2: section_not_imported",
      "Section 48765-2: section_not_imported",
      "Vital signs: unsupported_code",
    ]);
    expect(items).toContainEqual({ kind: "note", code: "narrative_only", detail: "Section 30954-2" });
  });

  test("brings vital signs as readings in the catalogue's units", () => {
    const pq = (value: number, unit: string) => `<value xsi:type="PQ" value="${value}" unit="${unit}"/>`;
    const items = readCda(
      bytes(
        document(
          section(
            "8716-3",
            organizer(
              observation(pq(120, "mm[Hg]"), { code: "8480-6" }),
              observation(pq(80, "mm[Hg]"), { code: "8462-4" }),
              observation(pq(170, "[lb_av]"), { code: "29463-7" }),
            ),
          ),
        ),
      ),
    );
    expect(items.filter(({ kind }) => kind === "vital")).toMatchObject([
      { metric: "body_weight", value: expect.closeTo(77.11, 2) },
      { metric: "blood_pressure", components: { systolic: 120, diastolic: 80 } },
    ]);
  });

  test("of any prefix is read, and entities that it declares are not expanded", () => {
    const prefixed = document(section("30954-2", organizer(observation('<value xsi:type="ST">&bomb;</value>')))).replaceAll(
      /<(\/?)(?=[a-zA-Z])/g,
      "<$1cda:",
    );
    expect(results(readCda(bytes(`<!DOCTYPE x [<!ENTITY bomb "boom">]>${prefixed}`)))).toMatchObject([{ value: { text: "&bomb;" } }]);
  });

  test("about two persons, or none at all, is refused", () => {
    expect(() => readCda(bytes(document().replace("<recordTarget>", "<recordTarget/><recordTarget>")))).toThrow("more than one person");
    expect(() => readCda(bytes("<html><body/></html>"))).toThrow("no clinical document");
  });

  test("that is cut off or damaged anywhere never breaks the reader", () => {
    const whole = bytes(document(section("30954-2", organizer(observation('<value xsi:type="PQ" value="120" unit="mg/dL"/>')))));
    const tolerant = (input: Uint8Array) => {
      try {
        readCda(input);
      } catch (error) {
        expect(error).toMatchObject({ code: "file_unreadable" });
      }
    };
    for (let end = 0; end <= whole.length; end += 7) tolerant(whole.slice(0, end));
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 20 }), (changes) => {
        const damaged = whole.slice();
        for (const [at, value] of changes) damaged[at] = value;
        tolerant(damaged);
      }),
      { numRuns: 50 },
    );
    expect(() => readCda(bytes(`${"<component>".repeat(400)}`))).toThrow("too large or too deep");
  });
});
