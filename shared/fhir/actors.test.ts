import { expect, test } from "vitest";
import { deviceOf, patientOf, sourceOfDevice } from "./actors";
import { AT, PERSON, WATCH } from "./fixtures";
import { parseDeviceId, parseObservationId, personOfPatientId } from "./ids";
import type { PersonId } from "../id";

test("a Device brings its source back", () => {
  expect(sourceOfDevice(deviceOf(PERSON, 3, WATCH, AT))).toEqual(WATCH);
  expect(sourceOfDevice(deviceOf(PERSON, 4, { vendor: "manual" }, AT))).toEqual({ vendor: "manual" });
});

test("a Patient id is the person's, without the characters FHIR does not know", () => {
  const patient = patientOf(PERSON, " Ada ");
  expect(patient).toMatchObject({ id: "per-eu-01kad7ws00abcdefghjkmnpqrs", name: [{ text: "Ada" }] });
  expect(personOfPatientId(patient.id)).toBe(PERSON);
  expect(personOfPatientId(PERSON)).toBe(PERSON);
  expect(personOfPatientId("someone")).toBeUndefined();
});

test("ids of another person, or not in their one spelling, name nothing", () => {
  const other = "per_eu_01kad7ws00zzzzzzzzzzzzzzzz" as PersonId;
  const id = deviceOf(PERSON, 3, WATCH, AT).id;
  expect(parseDeviceId(PERSON, id)).toBe(3);
  expect(parseDeviceId(other, id)).toBeUndefined();
  expect(parseObservationId(PERSON, "01kad7ws00abcdefghjkmnpqrs.r2t.3.mi2abcde")).toMatchObject({
    kind: "reading",
    metric: 101,
    source: 3,
  });
  for (const text of [
    "01kad7ws00abcdefghjkmnpqrs.r2t.03.mi2abcde",
    "01kad7ws00abcdefghjkmnpqrs.r2t.3.mi2abcde.0",
    "01kad7ws00abcdefghjkmnpqrs.q2t.3.1",
    "x",
    "",
  ]) {
    expect(parseObservationId(PERSON, text)).toBeUndefined();
  }
  expect(parseObservationId(other, "01kad7ws00abcdefghjkmnpqrs.r2t.3.mi2abcde")).toBeUndefined();
});
