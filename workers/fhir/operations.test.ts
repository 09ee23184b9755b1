import { beforeAll, expect, test } from "vitest";
import { validateResource } from "../../shared/fhir/r4/validate";
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

interface Statistics {
  readonly parameter: readonly {
    readonly name: string;
    readonly resource: {
      readonly id?: string;
      readonly effectivePeriod?: { readonly start: string; readonly end: string };
      readonly component?: readonly {
        readonly code: { readonly coding: readonly { readonly code: string }[] };
        readonly valueQuantity?: { readonly value: number; readonly code: string };
      }[];
    };
  }[];
}
const statsOf = async (query: string) => {
  const response = await ada.fetch(`/fhir/r4/Observation/$stats?${query}`);
  const body: Statistics = await response.json();
  expect(response.status, JSON.stringify(body)).toBe(200);
  const [first] = body.parameter;
  const values = (first?.resource.component ?? []).map(({ code, valueQuantity }) => [code.coding[0]?.code, valueQuantity?.value] as const);
  return {
    values: Object.fromEntries(values),
    unit: first?.resource.component?.[0]?.valueQuantity?.code,
    ...first?.resource,
    names: body.parameter.map(({ name }) => name),
  };
};

test("$stats tells statistics of stored Observations in one unit, in a period, with what they come from", async () => {
  const pounds = { ...weight(4, 160), valueQuantity: { value: 160, unit: "lb", system: "http://unitsofmeasure.org", code: "[lb_av]" } };
  expect((await post("/Observation", pounds)).status).toBe(201);
  const query = "code=29463-7&system=http://loinc.org&period.start=2026-01-01&period.end=2026-01-04&include=true&statistic=";
  const { values, unit, names, effectivePeriod } = await statsOf(`${query}average,count,median,maximum,std-dev`);
  expect(values).toMatchObject({ count: 4, median: 71.5, maximum: 72.5747792 });
  expect(values["average"]).toBeCloseTo((70 + 71 + 72 + 72.5747792) / 4, 6);
  expect(unit).toBe("kg");
  expect(effectivePeriod).toEqual({ start: "2026-01-01T00:00:00.000Z", end: "2026-01-04T23:59:59.999Z" });
  expect(names).toEqual(["statistics", "source", "source", "source", "source"]);
  expect((await statsOf("code=29463-7&statistic=count&period=2026-01-02")).values).toEqual({ count: 1 });
  expect((await eve.fetch(`/fhir/r4/Observation/$stats?code=29463-7&statistic=count&subject=Patient/${patient}`)).status).toBe(404);
  const trend = await statsOf("code=29463-7&period.start=2026-01-01&period.end=2026-01-03&statistic=regression");
  expect([trend.values["regression"], trend.unit], "a kilogram a day").toEqual([expect.closeTo(1, 6), "kg/d"]);
  expect((await ada.fetch("/fhir/r4/Observation/$stats?code=29463-7&statistic=guess")).status).toBe(400);
});

test("$stats of readings are the same by their summaries as by their values", async () => {
  const begin = Date.UTC(2026, 1, 3, 7, 30);
  const rates = Array.from({ length: 400 }, (_, i) => 60 + ((i * 37) % 41));
  const records = rates.map((value, i) => ({
    type: "HKQuantityTypeIdentifierHeartRate",
    startDate: new Date(begin + i * 60_000).toISOString(),
    endDate: new Date(begin + i * 60_000).toISOString(),
    value,
    unit: "count/min",
  }));
  const body = JSON.stringify({ provider: "apple", data: { records, sleep: [], workouts: [] } });
  expect((await ada.fetch("/v1/ingest/healthkit", { method: "POST", headers: { "content-type": "application/json" }, body })).status).toBe(
    200,
  );
  // From within an hour to within another.
  const [from, to] = [17, 333];
  const wanted = rates.slice(from, to + 1);
  const period = `period.start=${new Date(begin + from * 60_000).toISOString()}&period.end=${new Date(begin + to * 60_000).toISOString()}`;
  const query = `coding=http://loinc.org|8867-4&${period}&statistic=average,count,minimum,maximum,sum`;
  const quick = await statsOf(query);
  const sum = wanted.reduce((all, one) => all + one, 0);
  expect(quick.values).toMatchObject({ count: wanted.length, minimum: Math.min(...wanted), maximum: Math.max(...wanted), sum });
  const slow = await statsOf(`${query},median`);
  expect(slow.values).toMatchObject(quick.values);
  expect(slow.values["median"]).toBe([...wanted].toSorted((a, b) => a - b)[(wanted.length - 1) / 2]);
});

test("$summary is a document about the person, and about nobody else", async () => {
  expect(
    (await post("/Condition", { resourceType: "Condition", subject: { reference: `Patient/${patient}` }, code: { text: "Hay fever" } }))
      .status,
  ).toBe(201);
  const response = await ada.fetch(`/fhir/r4/Patient/${patient}/$summary`);
  const bundle: Body & { type: string } = await response.json();
  expect(response.status, JSON.stringify(bundle)).toBe(200);
  expect(bundle.type).toBe("document");
  expect(validateResource(bundle).filter(({ severity }) => severity === "error")).toEqual([]);
  const types = (bundle.entry ?? []).map(({ resource }) => resource.resourceType);
  expect(types.slice(0, 2)).toEqual(["Composition", "Patient"]);
  expect(new Set(types)).toEqual(new Set(["Composition", "Patient", "Condition", "Observation"]));
  expect((await eve.fetch(`/fhir/r4/Patient/${patient}/$summary`)).status).toBe(404);
});

test("$everything for Health Connect leaves out activity and what contains others", async () => {
  const walk = (code: string) => ({
    resourceType: "Observation",
    status: "final",
    category: [{ coding: [{ system: "http://terminology.hl7.org/CodeSystem/observation-category", code }] }],
    code: { text: `Something of ${code}` },
    subject: { reference: `Patient/${patient}` },
    effectiveDateTime: "2026-03-01T00:00:00Z",
    valueString: "seen",
  });
  const containing = { ...walk("laboratory"), contained: [{ resourceType: "Device", id: "d" }], device: { reference: "#d" } };
  const made = await Promise.all(
    [walk("activity"), walk("social-history"), containing].map(async (one) => await post("/Observation", one)),
  );
  const bodies: { id: string }[] = await Promise.all(made.map(async (one) => await one.json()));
  const bundle: Body = await (
    await ada.fetch(`/fhir/r4/Patient/${patient}/$everything?for=health-connect&_type=Observation&start=2026-03-01&end=2026-03-02`)
  ).json();
  expect(bundle.entry?.map(({ resource }) => resource.id)).toEqual([bodies[1]?.id]);
});

test("$purge removes all versions of what is stored, after a fresh proof, and only by POST", async () => {
  const bob = await registerPerson("eu");
  const own = `/fhir/r4/Patient/${bob.person.id.replaceAll("_", "-")}/$purge`;
  const sent = async (path: string, method: string, body?: object) =>
    await bob.fetch(path, {
      method,
      ...(body !== undefined && { headers: { "content-type": "application/fhir+json" }, body: JSON.stringify(body) }),
    });
  const goal = { resourceType: "Goal", id: "walk", lifecycleStatus: "active", description: { text: "Walk" }, subject: { display: "me" } };
  expect((await sent("/fhir/r4/Goal/walk", "PUT", goal)).status).toBe(201);
  expect((await sent("/fhir/r4/Goal/walk", "PUT", { ...goal, lifecycleStatus: "completed" })).status).toBe(200);
  expect((await sent("/fhir/r4/Goal/walk", "DELETE")).status).toBe(204);
  expect((await sent(own, "GET")).status).toBe(405);
  expect((await ada.fetch(own, { method: "POST" })).status).toBe(404);
  const outcome: Body = await (await sent(own, "POST")).json();
  expect(outcome.issue?.map(({ severity }) => severity)).toEqual(["information"]);
  expect((await sent("/fhir/r4/Goal/walk", "GET")).status).toBe(404);
  const history: Body = await (await sent("/fhir/r4/_history", "GET")).json();
  expect(history.entry ?? []).toEqual([]);
});
