import { beforeAll, expect, test } from "vitest";
import { type RegisteredPerson, registerPerson } from "../../test/people";

type Body = {
  entry?: { resource: { id: string; resourceType: string } }[];
  link?: { relation: string; url: string }[];
  issue?: { severity: string }[];
};

let ada: RegisteredPerson;
let eve: RegisteredPerson;
let patient: string;

beforeAll(async () => {
  [ada, eve] = await Promise.all([registerPerson("eu"), registerPerson("eu")]);
  patient = ada.person.id.replaceAll("_", "-");
  for (const [day, value] of [70, 71, 72].entries()) expect((await post("/Observation", weight(day + 1, value))).status).toBe(201);
});

const weight = (day: number, value: number) => ({
  resourceType: "Observation",
  status: "final",
  category: [{ coding: [{ system: "http://terminology.hl7.org/CodeSystem/observation-category", code: "vital-signs" }] }],
  code: { coding: [{ system: "http://loinc.org", code: "29463-7" }] },
  subject: { reference: `Patient/${patient}` },
  effectiveDateTime: `2026-01-0${day}T03:04:05Z`,
  valueQuantity: { value, unit: "kg", system: "http://unitsofmeasure.org", code: "kg" },
});
const post = async (path: string, body: object) =>
  await ada.fetch(`/fhir/r4${path}`, { method: "POST", headers: { "content-type": "application/fhir+json" }, body: JSON.stringify(body) });

test("$everything pages through all resources once, and only for the person", async () => {
  const seen: string[] = [];
  let next: string | undefined = `/fhir/r4/Patient/${patient}/$everything?_count=2`;
  while (next !== undefined) {
    const response = await ada.fetch(next);
    expect(response.status).toBe(200);
    const bundle: Body = await response.json();
    seen.push(...(bundle.entry ?? []).map(({ resource }) => `${resource.resourceType}/${resource.id}`));
    const link = bundle.link?.find(({ relation }) => relation === "next");
    next = link === undefined ? undefined : new URL(link.url).pathname + new URL(link.url).search;
  }
  expect(seen[0]).toBe(`Patient/${patient}`);
  expect(seen.filter((one) => one.startsWith("Observation/"))).toHaveLength(3);
  expect(new Set(seen).size).toBe(seen.length);
  expect((await eve.fetch(`/fhir/r4/Patient/${patient}/$everything`)).status).toBe(404);
});

test("$lastn shows the newest of a code", async () => {
  const response = await ada.fetch("/fhir/r4/Observation/$lastn?max=2&code=29463-7");
  const bundle: { entry: { resource: { valueQuantity: { value: number } } }[] } = await response.json();
  expect(bundle.entry.map(({ resource }) => resource.valueQuantity.value)).toEqual([72, 71]);
});

test("$validate says what is wrong and stores nothing", async () => {
  const good: Body = await (await post("/Observation/$validate?mode=create", weight(9, 80))).json();
  expect(good.issue?.map(({ severity }) => severity)).toEqual(["information"]);
  const { status: _status, ...bad } = weight(9, 80);
  const wrong: Body = await (await post("/Observation/$validate", bad)).json();
  expect(wrong.issue?.[0]?.severity).toBe("error");
  const found: Body = await (await ada.fetch("/fhir/r4/Observation?date=2026-01-09")).json();
  expect(found.entry ?? []).toHaveLength(0);
});
