import { describe, expect, test } from "vitest";
import { METRICS } from "../../health/catalogue";
import { NIGHT, ORIGIN, readingsOf, RUN } from "../fixtures";
import { readingToObservation } from "../observation";
import { sleepToObservation, workoutToObservation } from "../sessions";
import { type Fields, isFields } from "./issue";
import { checkProfiles } from "./profiles";
import { validateResource } from "./validate";

const UCUM = "http://unitsofmeasure.org";
const LOINC = "http://loinc.org";

function observation(code: string, unit: string, rest: Fields = {}): Fields {
  const all: Fields = {
    resourceType: "Observation",
    status: "final",
    category: [category("vital-signs")],
    code: { coding: [{ system: LOINC, code }] },
    subject: { reference: "Patient/one" },
    effectiveDateTime: "2026-11-20T08:00:00Z",
    valueQuantity: { value: 40, unit, system: UCUM, code: unit },
    ...rest,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

function category(code: string): Fields {
  return { coding: [{ system: "http://terminology.hl7.org/CodeSystem/observation-category", code }] };
}

function component(code: string, unit = "mm[Hg]"): Fields {
  return { code: { coding: [{ system: LOINC, code }] }, valueQuantity: { value: 80, unit, system: UCUM, code: unit } };
}

const faults = (resource: Fields) =>
  checkProfiles(resource).flatMap(({ severity, expression }) => (severity === "error" ? [expression] : []));
const pressure = (...components: Fields[]) => observation("85354-9", "mm[Hg]", { valueQuantity: undefined, component: components });

describe("what conforms", () => {
  test.each([
    ["heart rate", observation("8867-4", "/min")],
    ["weight in pounds", observation("29463-7", "[lb_av]")],
    ["temperature in Fahrenheit", observation("8310-5", "[degF]")],
    ["blood pressure", pressure(component("8480-6"), component("8462-4"))],
    [
      "saturation with both codes",
      observation("2708-6", "%", {
        code: {
          coding: [
            { system: LOINC, code: "2708-6" },
            { system: LOINC, code: "59408-5" },
          ],
        },
      }),
    ],
    ["steps", observation("55423-8", "{steps}", { category: [category("activity")] })],
    ["steps of a day as a rate", observation("41950-7", "{steps}/d", { category: [category("activity")] })],
    ["glucose in moles", observation("2345-7", "mmol/L", { category: [category("laboratory")] })],
    ["haematocrit as a ratio", observation("4544-3", "L/L", { category: [category("laboratory")] })],
    ["a code that nobody knows", observation("99999-9", "kg", { category: [category("exam")] })],
  ])("%s", (_, resource) => expect(faults(resource)).toEqual([]));
});

describe("what does not", () => {
  test.each([
    ["a unit that is no UCUM", observation("8867-4", "bpm"), "Observation.valueQuantity.code"],
    ["a pressure under the code of the heart rate", observation("8867-4", "mm[Hg]"), "Observation.valueQuantity.code"],
    ["a diastolic pressure under the code of the heart rate", pressure(component("8480-6"), component("8867-4")), "Observation.component"],
    ["… and its unit", pressure(component("8480-6"), component("8867-4")), "Observation.component[1].valueQuantity.code"],
    [
      "a name that is another code's",
      observation("8867-4", "/min", { code: { coding: [{ system: LOINC, code: "8867-4", display: "Diastolic blood pressure" }] } }),
      "Observation.code.coding[0].display",
    ],
    [
      "two codes that contradict each other",
      observation("8867-4", "/min", {
        code: {
          coding: [
            { system: LOINC, code: "8867-4" },
            { system: LOINC, code: "29463-7" },
          ],
        },
      }),
      "Observation.valueQuantity.code",
    ],
    ["a saturation by its method alone", observation("59408-5", "%"), "Observation.code"],
    ["a saturation as a fraction", observation("2708-6", "1"), "Observation.valueQuantity.code"],
    [
      "kilograms under the code of a percentage",
      observation("41982-0", "kg", { category: [category("exam")] }),
      "Observation.valueQuantity.code",
    ],
    [
      "kilograms under the code of the muscle's share",
      observation("73965-6", "kg", { category: [category("exam")] }),
      "Observation.valueQuantity.code",
    ],
    ["a variability under the code of a heart rate", observation("8889-8", "ms"), "Observation.valueQuantity.code"],
    [
      "an uptake by weight under the code of a volume rate",
      observation("60842-2", "mL/kg/min", { category: [category("activity")] }),
      "Observation.valueQuantity.code",
    ],
    ["steps in per cent", observation("55423-8", "%", { category: [category("activity")] }), "Observation.valueQuantity.code"],
    [
      "a potassium in milligrams of nothing",
      observation("2823-3", "mg", { category: [category("laboratory")] }),
      "Observation.valueQuantity.code",
    ],
    [
      "a pressure with a value of its own",
      observation("85354-9", "mm[Hg]", { component: [component("8480-6"), component("8462-4")] }),
      "Observation",
    ],
    ["a vital sign without the category", observation("8867-4", "/min", { category: [category("activity")] }), "Observation.category"],
    ["a vital sign of nobody", observation("8867-4", "/min", { subject: undefined }), "Observation.subject"],
    ["a vital sign of a group", observation("8867-4", "/min", { subject: { reference: "Group/one" } }), "Observation.subject"],
    ["a vital sign without a time", observation("8867-4", "/min", { effectiveDateTime: undefined }), "Observation.effective"],
    ["a vital sign of a month", observation("8867-4", "/min", { effectiveDateTime: "2026-11" }), "Observation.effective"],
    ["a vital sign without a value", observation("8867-4", "/min", { valueQuantity: undefined }), "Observation"],
    ["a unit in words", observation("8867-4", "/min", { valueQuantity: { value: 60, unit: "/min" } }), "Observation.valueQuantity"],
    [
      "a component without a value",
      pressure(component("8480-6"), { code: { coding: [{ system: LOINC, code: "8462-4" }] } }),
      "Observation.component[1]",
    ],
  ])("%s", (_, resource, expression) => expect(faults(resource)).toContain(expression));

  test("the same code of another system means something else", () => {
    expect(
      faults(observation("8867-4", "kg", { category: [category("exam")], code: { coding: [{ system: "urn:other", code: "8867-4" }] } })),
    ).toEqual([]);
  });
});

test("everything that Meridian writes of readings is valid and conforms", () => {
  const written = [
    ...METRICS.flatMap((metric) => readingsOf(metric).map((reading) => readingToObservation(reading, ORIGIN))),
    sleepToObservation(NIGHT, ORIGIN),
    workoutToObservation(RUN, ORIGIN),
  ];
  for (const one of written) {
    const resource: unknown = structuredClone(one);
    expect([one.code.text, validateResource(resource)]).toEqual([one.code.text, []]);
    expect([one.code.text, isFields(resource) ? checkProfiles(resource) : "no object"]).toEqual([one.code.text, []]);
  }
});
