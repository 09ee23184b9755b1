/** Observations as clients write them: five vital signs in turn, spread over a year. Shared by the load, the vault and the others. */

const UCUM = "http://unitsofmeasure.org";
const YEAR_MS = 365 * 86_400_000;

const KINDS = [
  { code: "29463-7", display: "Body weight", unit: "kg", ucum: "kg", base: 70, step: 0.1 },
  { code: "8310-5", display: "Body temperature", unit: "°C", ucum: "Cel", base: 36, step: 0.1 },
  { code: "9279-1", display: "Respiratory rate", unit: "/min", ucum: "/min", base: 12, step: 1 },
  { code: "2708-6", display: "Oxygen saturation in Arterial blood", unit: "%", ucum: "%", base: 90, step: 1 },
  { code: "40443-4", display: "Heart rate --resting", unit: "/min", ucum: "/min", base: 50, step: 1 },
] as const;

/** The code that is searched for: that of body weight. */
export const SEARCHED_CODE = `http://loinc.org|${KINDS[0].code}`;

/** The codes of all. */
export const ALL_CODES = KINDS.map(({ code }) => `http://loinc.org|${code}`).join(",");

/** Number `i` of `count` that are spread over the year before `end`. */
export function observation(i: number, count: number, end: number, patient: string) {
  const { code, display, unit, ucum, base, step } = KINDS[i % KINDS.length]!;
  return {
    resourceType: "Observation",
    status: "final",
    identifier: [{ system: "https://app.example/entries", value: `entry-${end}-${i}` }],
    category: [{ coding: [{ system: "http://terminology.hl7.org/CodeSystem/observation-category", code: "vital-signs" }] }],
    code: { coding: [{ system: "http://loinc.org", code, display }], text: display },
    subject: { reference: `Patient/${patient}` },
    effectiveDateTime: new Date(end - Math.floor((YEAR_MS / count) * (count - i))).toISOString(),
    valueQuantity: { value: Math.round((base + (i % 10) * step) * 10) / 10, unit, system: UCUM, code: ucum },
  };
}

/** A transaction that creates `length` of them, from number `first` on. */
export function transaction(first: number, length: number, count: number, end: number, patient: string): string {
  const entry = Array.from({ length }, (_, i) => ({
    fullUrl: `urn:uuid:00000000-0000-4000-8000-${String(i).padStart(12, "0")}`,
    resource: observation(first + i, count, end, patient),
    request: { method: "POST", url: "Observation" },
  }));
  return JSON.stringify({ resourceType: "Bundle", type: "transaction", entry });
}

/** The id of a person's Patient resource. */
export function patientOf(person: string): string {
  return person.replaceAll("_", "-");
}
