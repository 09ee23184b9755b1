import type { Fields } from "./issue";

/** Resources written for tests: each uses much of what its type has, and is valid. */

const UCUM = "http://unitsofmeasure.org";
const LOINC = "http://loinc.org";

export const PRESSURE: Fields = {
  resourceType: "Observation",
  id: "pressure-1",
  meta: {
    versionId: "1",
    lastUpdated: "2026-11-20T08:00:05.123Z",
    source: "urn:meridian:test",
    profile: ["http://hl7.org/fhir/StructureDefinition/bp"],
    tag: [{ system: "urn:tags", code: "morning" }],
    security: [{ system: "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", code: "R" }],
  },
  text: { status: "generated", div: '<div xmlns="http://www.w3.org/1999/xhtml"><p>Blood pressure</p></div>' },
  contained: [{ resourceType: "Practitioner", id: "nurse", name: [{ family: "Example", given: ["Una"] }] }],
  extension: [{ url: "urn:ext:nested", extension: [{ url: "arm", valueCode: "left" }] }],
  identifier: [{ system: "urn:ids", value: "a-1" }],
  status: "final",
  _status: { extension: [{ url: "urn:ext:why", valueString: "told" }] },
  category: [{ coding: [{ system: "http://terminology.hl7.org/CodeSystem/observation-category", code: "vital-signs" }] }],
  code: { coding: [{ system: LOINC, code: "85354-9", display: "Blood pressure panel" }], text: "Blutdruck Übung" },
  subject: { reference: "Patient/p-1" },
  encounter: { reference: "https://other.example/fhir/Encounter/e-1" },
  effectivePeriod: { start: "2026-11-20T08:00:00+01:00", end: "2026-11-20T08:05:00+01:00" },
  issued: "2026-11-20T07:10:00Z",
  performer: [{ reference: "#nurse" }, { type: "Practitioner", identifier: { system: "urn:staff", value: "7" } }],
  device: { reference: "urn:uuid:0b9b3b42-8f0c-4d52-9d42-2f6ac32a1b11" },
  note: [{ text: "calm", time: "2026-11-20" }],
  component: [
    {
      code: { coding: [{ system: LOINC, code: "8480-6" }] },
      valueQuantity: { value: 121, unit: "mmHg", system: UCUM, code: "mm[Hg]" },
      referenceRange: [{ low: { value: 90, system: UCUM, code: "mm[Hg]" }, text: "usual" }],
    },
    { code: { coding: [{ system: LOINC, code: "8462-4" }] }, valueQuantity: { value: 79.5, unit: "mmHg", system: UCUM, code: "mm[Hg]" } },
  ],
};

export const WEIGHT: Fields = {
  resourceType: "Observation",
  status: "final",
  code: { coding: [{ system: LOINC, code: "29463-7" }] },
  subject: { reference: "Patient/p-1" },
  effectiveDateTime: "2026-11-20",
  valueQuantity: { value: 150, unit: "lb", system: UCUM, code: "[lb_av]" },
};

export const PERSON: Fields = {
  resourceType: "Patient",
  id: "p-1",
  identifier: [{ use: "official", system: "urn:ids", value: "p-1" }],
  active: true,
  name: [{ use: "official", family: "Müller-Świątek", given: ["Zoë", "Ana"] }],
  telecom: [
    { system: "email", value: "zoe@example.org" },
    { system: "phone", value: "+49 30 1", rank: 1 },
  ],
  gender: "female",
  birthDate: "1990-02",
  deceasedBoolean: false,
  address: [{ line: ["Am Weg 1"], city: "Köln", postalCode: "50667", country: "DE" }],
  contact: [{ name: { text: "A friend" }, relationship: [{ text: "friend" }] }],
  generalPractitioner: [{ reference: "Practitioner/d-1" }],
  link: [{ other: { reference: "Patient/p-2" }, type: "seealso" }],
};

export const CONDITION: Fields = {
  resourceType: "Condition",
  id: "c-1",
  clinicalStatus: { coding: [{ system: "http://terminology.hl7.org/CodeSystem/condition-clinical", code: "resolved" }] },
  verificationStatus: { coding: [{ system: "http://terminology.hl7.org/CodeSystem/condition-ver-status", code: "confirmed" }] },
  code: { text: "Sprain" },
  subject: { reference: "Patient/p-1" },
  onsetAge: { value: 31, unit: "a", system: UCUM, code: "a" },
  abatementDateTime: "2024",
  recordedDate: "2026-11-20T10:00:00.5-03:00",
  stage: [{ summary: { text: "mild" } }],
};

export const QUESTIONS: Fields = {
  resourceType: "Questionnaire",
  id: "q-1",
  url: "https://example.org/q/mood",
  version: "2",
  status: "active",
  subjectType: ["Patient"],
  date: "2026-01-01",
  item: [
    {
      linkId: "1",
      type: "group",
      text: "Mood",
      item: [
        {
          linkId: "1.1",
          type: "choice",
          text: "How are you?",
          answerOption: [{ valueCoding: { code: "well" } }, { valueString: "other" }],
        },
        { linkId: "1.2", type: "string", enableWhen: [{ question: "1.1", operator: "=", answerString: "other" }], maxLength: 200 },
      ],
    },
  ],
};

export const GOAL: Fields = {
  resourceType: "Goal",
  id: "g-1",
  lifecycleStatus: "active",
  description: { text: "Walk" },
  subject: { reference: "Patient/p-1" },
  startDate: "2026-11-01",
  target: [
    {
      measure: { coding: [{ system: LOINC, code: "55423-8" }] },
      detailQuantity: { value: 8000, system: UCUM, code: "{steps}" },
      dueDate: "2026-12-31",
    },
  ],
};

export const EXAMPLES: readonly Fields[] = [PRESSURE, WEIGHT, PERSON, CONDITION, QUESTIONS, GOAL];
