import { expect, test } from "vitest";
import { newId } from "../id";
import { patientId, storedId } from "./ids";
import { candidatesOf, namedIn, type Said } from "./whose";

const [ada, eve] = [newId("person", "eu", 1), newId("person", "us", 2)];
const [patient, other] = [patientId(ada), patientId(eve)];
const subject = (id: string) => JSON.stringify({ resourceType: "Observation", subject: { reference: `Patient/${id}` } });
const bundle = (...entry: object[]) => JSON.stringify({ resourceType: "Bundle", type: "batch", entry });

test.each<[string, Said]>([
  ["the Patient of the path", { type: "Patient", id: patient }],
  ["the search parameter patient", { type: "Observation", params: [["patient", patient]] }],
  [
    "subject, with its type and an address",
    { type: "Observation", params: [["subject:Patient", `https://a.example/fhir/r4/Patient/${patient}`]] },
  ],
  ["the id of a Patient that is searched for", { type: "Patient", params: [["_id", patient]] }],
  ["the identifier of a Patient", { type: "Patient", params: [["identifier", `urn:meridian:person|${ada}`]] }],
  ["the subject of a body", { type: "Observation", body: subject(patient) }],
  ["an entry of a bundle", { body: bundle({ request: { method: "GET", url: `Observation?patient=${patient}&_count=1` } }) }],
  ["the id and the subject of what is changed", { type: "Observation", id: storedId(ada, "00ff"), body: subject(patient) }],
  ["the path of an entry", { body: bundle({ request: { method: "GET", url: `Patient/${patient}` } }) }],
])("a person is named by %s", (_by, said) => {
  expect(namedIn(said)).toEqual([{ person: ada }]);
});

test("the id of a resource names its person, in whatever region they are", () => {
  const [named] = namedIn({ type: "Condition", id: storedId(ada, "00ff") });
  expect(named).toEqual({ ulid: ada.slice(7) });
  expect(named === undefined ? [] : candidatesOf(named)).toContain(ada);
});

test("all who are named are told, and nobody where nobody is", () => {
  expect(namedIn({ type: "Observation", params: [["patient", `${patient},${other}`]] })).toHaveLength(2);
  expect(namedIn({ type: "Observation", params: [["patient", patient]], body: subject(other) })).toHaveLength(2);
  for (const said of [{}, { type: "Observation", id: crypto.randomUUID() }, { type: "Observation", params: [["code", patient]] as const }])
    expect(namedIn(said)).toEqual([]);
});
