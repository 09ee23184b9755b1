import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, test } from "vitest";
import type { Observation, SearchBundle } from "../../shared/fhir/types";
import { BatchBuilder } from "../../shared/health/batch";
import { fetchApp, type RegisteredPerson, registerPerson } from "../../test/people";
import { vaultOf } from "../regional";

const HOUR = Date.UTC(2026, 10, 20, 7);
const MINUTE = 60_000;
const BERLIN = 3_600;
const STAGES = [
  { start: HOUR - 9 * 60 * MINUTE, end: HOUR - 4 * 60 * MINUTE, stage: "light" as const },
  { start: HOUR - 4 * 60 * MINUTE, end: HOUR, stage: "deep" as const },
];

let ada: RegisteredPerson;
let eve: RegisteredPerson;

beforeAll(async () => {
  [ada, eve] = await Promise.all([registerPerson("eu", { timeZone: "Europe/Berlin" }), registerPerson("eu")]);
  const batch = new BatchBuilder();
  const watch = batch.source({ vendor: "healthkit", deviceName: "Watch", deviceModel: "Watch7,5" });
  const scale = batch.source({ vendor: "withings", deviceName: "Scale", deviceType: "scale" });
  for (let i = 0; i < 90; i++) batch.sample("heart_rate", watch, HOUR + i * MINUTE, 60 + (i % 10), BERLIN, 1);
  for (let day = 0; day < 10; day++)
    batch.sample("body_weight", scale, HOUR - day * 24 * 60 * MINUTE, 70 + day / 10, BERLIN, 1, `w-${day}`);
  for (let i = 0; i < 6; i++) batch.interval("steps", watch, HOUR + i * 10 * MINUTE, HOUR + (i + 1) * 10 * MINUTE, 100 + i, BERLIN, 1);
  batch.reading({
    metric: "blood_pressure",
    kind: "sample",
    source: scale,
    start: HOUR,
    end: HOUR,
    value: null,
    components: { systolic: 118, diastolic: 76 },
    zone: BERLIN,
    version: 1,
  });
  batch.reading({
    metric: "steps",
    kind: "daily",
    source: watch,
    start: HOUR,
    end: HOUR,
    value: 9_000,
    zone: BERLIN,
    date: "2026-11-20",
    version: 1,
  });
  batch.sleepSession({ source: watch, start: HOUR - 9 * 60 * MINUTE, end: HOUR, zone: BERLIN, stages: STAGES, version: 1, id: "night" });
  batch.workout({
    source: watch,
    start: HOUR + 60 * MINUTE,
    end: HOUR + 90 * MINUTE,
    zone: BERLIN,
    type: "running",
    totals: { energy_active: 300 },
    version: 1,
    id: "run",
  });
  const receipt = await vaultOf(env, ada.person.id).record(batch.take());
  expect(receipt.quarantined).toEqual([]);
  await vaultOf(env, ada.person.id).setProfile({ timeZone: "Europe/Berlin", locale: "en", name: "Ada Probe" });
});

const json = async <T>(response: Response) => (await response.json()) as T;
const search = async (query: string, person = ada) => {
  const response = await person.fetch(`/fhir/r4/Observation?${query}`);
  expect(response.status).toBe(200);
  return await json<SearchBundle>(response);
};
const found = async (query: string, person = ada) =>
  ((await search(query, person)).entry ?? []).map(({ resource }) => resource as Observation);
const me = () => `patient=${ada.person.id.replaceAll("_", "-")}`;

test("the Patient bears the name given at registration, and the one given since", async () => {
  const { person, fetch } = await registerPerson("eu", { timeZone: "Asia/Tokyo" });
  const name = async () => await json(await fetch(`/fhir/r4/Patient/${person.id.replaceAll("_", "-")}`));
  expect(await name()).toMatchObject({ name: [{ text: "Ada Probe" }] });
  const change = { method: "PATCH", headers: { "content-type": "application/json" }, body: JSON.stringify({ name: "Ada King" }) };
  expect((await fetch("/v1/me", change)).status).toBe(200);
  expect(await name()).toMatchObject({ name: [{ text: "Ada King" }] });
});

describe("searching Observations", () => {
  test("finds a dense series as one SampledData an hour, by LOINC code", async () => {
    const hours = await found(`${me()}&code=http://loinc.org|8867-4&date=ge2026-11-20&_sort=date`);
    expect(hours.map(({ valueSampledData }) => valueSampledData?.data.split(" ").length)).toEqual([60, 30]);
    expect(hours[0]).toMatchObject({
      effectivePeriod: { start: "2026-11-20T08:00:00.000+01:00", end: "2026-11-20T08:59:00.000+01:00" },
      valueSampledData: { period: 60_000 },
    });
  });

  test.each([
    ["code=29463-7", 10],
    ["code=29463-7&date=2026-11-20", 1],
    ["code=29463-7&date=ge2026-11-18&date=lt2026-11-20", 2],
    ["code=29463-7&date=ne2026-11-20", 9],
    ["code=29463-7,85354-9&date=2026-11-20", 2],
    ["code=http://snomed.info/sct|29463-7", 0],
    ["code=urn:meridian:metric|&category=vital-signs,activity", 21],
    ["category=vital-signs&date=2026-11-20", 4],
    ["category=http://terminology.hl7.org/CodeSystem/observation-category|activity&category=PhysicalActivity", 8],
    ["code=41950-7&date=2026-11-20", 1],
    ["code=41950-7&date=2026-11-19", 0],
    ["code=55423-8&date=2026-11-20T07:10:00Z", 0],
    ["code=55423-8&date=sa2026-11-20T07:10:00Z", 4],
    ["code=55423-8&date=ge2026-11-20T07:20:00Z&date=lt2026-11-20T07:40:00Z", 2],
    ["code=sleepEpisode&date=ap2026-11-20", 1],
    ["code=sleepEpisode&date=2026-11-20", 0],
    ["code=73985-4", 1],
    ["status=final&code=73985-4", 1],
    ["status=preliminary&code=73985-4", 0],
    ["_lastUpdated=gt2026-01-01&code=73985-4", 1],
    ["_lastUpdated=lt2026-01-01", 0],
    ["_id=nothing", 0],
  ])("%s finds %i", async (query, n) => {
    const bundle = await search(`${me()}&${query}&_total=accurate&_count=200`);
    expect(bundle.entry ?? []).toHaveLength(n);
    expect(bundle.total).toBe(n);
  });

  test.each(["date", "-date", "_lastUpdated", "-_lastUpdated"])(
    "pages by cursor in the order %s, without repeats or gaps",
    async (sort) => {
      const whole = (await found(`${me()}&_sort=${sort}&_count=200`)).map(({ id }) => id);
      const paged: string[] = [];
      let next: string | undefined = `/fhir/r4/Observation?${me()}&_sort=${sort}&_count=3`;
      while (next !== undefined) {
        const bundle: SearchBundle = await json(await ada.fetch(next));
        paged.push(...(bundle.entry ?? []).map(({ resource }) => (resource as Observation).id));
        const link = bundle.link.find(({ relation }) => relation === "next");
        next = link === undefined ? undefined : new URL(link.url).pathname + new URL(link.url).search;
      }
      expect(paged).toEqual(whole);
      expect(new Set(paged).size).toBe(paged.length);
      expect(paged.length).toBeGreaterThan(20);
    },
  );

  test("sorts by the start of the time", async () => {
    const starts = (await found(`${me()}&_count=200`)).map((one) =>
      Date.parse(
        one.effectivePeriod?.start ??
          (one.effectiveDateTime?.length === 10 ? `${one.effectiveDateTime}T00:00:00+01:00` : (one.effectiveDateTime ?? "")),
      ),
    );
    expect(starts).toEqual(starts.toSorted((a, b) => b - a));
  });

  test("each result can be read and searched by its id", async () => {
    for (const resource of await found(`${me()}&_count=200`)) {
      const response = await ada.fetch(`/fhir/r4/Observation/${resource.id}`);
      expect(await json(response)).toEqual(resource);
      expect((await found(`_id=${resource.id}`)).map(({ id }) => id)).toEqual([resource.id]);
    }
  });

  test("each result can be searched by each of its identifiers that lead somewhere", async () => {
    const results = await found(`${me()}&_count=200`);
    for (const { id, identifier = [] } of results) {
      for (const { system, value } of identifier.filter((one) => one.system !== "urn:meridian:reading")) {
        const token = encodeURIComponent(`${system}|${value}`);
        expect((await found(`identifier=${token}`)).map((one) => one.id)).toEqual([id]);
        expect(await found(`identifier=${token}`, eve)).toEqual([]);
      }
    }
    expect(results.filter(({ identifier = [] }) => identifier[0]?.system === "urn:meridian:source:withings")).toHaveLength(10);
  });

  test.each([
    ["identifier=w-3", 1],
    ["identifier=w-3,w-4,night,run", 4],
    ["identifier=w-3,w-4&identifier=w-4", 1],
    ["identifier=w-3&code=29463-7", 1],
    ["identifier=w-3&code=8867-4", 0],
    ["identifier=urn:meridian:source:healthkit|w-3", 0],
    ["identifier=urn:other|w-3", 0],
  ])("%s finds %i", async (query, n) => {
    expect(await found(query)).toHaveLength(n);
  });

  test("pages through what identifiers name, in the order asked for", async () => {
    const names = Array.from({ length: 10 }, (_, i) => `w-${i}`).join(",");
    const values: (number | undefined)[] = [];
    let next: string | undefined = `/fhir/r4/Observation?identifier=${names}&_sort=date&_count=3&_total=accurate`;
    while (next !== undefined) {
      const bundle: SearchBundle = await json(await ada.fetch(next));
      expect(bundle.total).toBe(10);
      values.push(...(bundle.entry ?? []).map(({ resource }) => (resource as Observation).valueQuantity?.value));
      const link = bundle.link.find(({ relation }) => relation === "next");
      next = link === undefined ? undefined : new URL(link.url).pathname + new URL(link.url).search;
    }
    expect(values).toEqual([70.9, 70.8, 70.7, 70.6, 70.5, 70.4, 70.3, 70.2, 70.1, 70]);
  });

  test.each(["identifier=urn:meridian:source:withings|", "identifier=urn:meridian:reading|abc"])("%s is refused", async (query) => {
    expect((await ada.fetch(`/fhir/r4/Observation?${query}`)).status).toBe(400);
  });

  test.each(["Patient", "Device"])("%s is found by its identifier", async (type) => {
    const all = await json<SearchBundle>(await ada.fetch(`/fhir/r4/${type}`));
    const [one] = all.entry ?? [];
    const identifier = one !== undefined && "identifier" in one.resource ? one.resource.identifier?.[0] : undefined;
    const by = async (token: string) =>
      await json<SearchBundle>(await ada.fetch(`/fhir/r4/${type}?identifier=${encodeURIComponent(token)}`));
    expect((await by(`${identifier?.system}|${identifier?.value}`)).entry).toEqual([one]);
    expect((await by(`urn:other|${identifier?.value}`)).entry).toBeUndefined();
  });

  test("by device finds the readings of one source", async () => {
    const bundle = await json<SearchBundle>(await ada.fetch(`/fhir/r4/Device?${me()}`));
    const scale = bundle.entry
      ?.map(({ resource }) => resource)
      .find((device) => device.resourceType === "Device" && device.deviceName?.[0]?.name === "Scale");
    expect(scale).toBeDefined();
    const id = scale !== undefined && "id" in scale ? scale.id : "";
    expect(await found(`device=Device/${id}`)).toHaveLength(11);
    expect(await found(`device=${id}&code=8867-4`)).toHaveLength(0);
  });

  test("takes its parameters from a form, too", async () => {
    const init = {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded; charset=UTF-8" },
      body: `${me()}&code=29463-7&_count=2`,
    };
    const bundle = await json<SearchBundle>(await ada.fetch("/fhir/r4/Observation/_search", init));
    expect(bundle.entry).toHaveLength(2);
    expect((await ada.fetch("/fhir/r4/Observation/_search", { ...init, headers: { "content-type": "application/json" } })).status).toBe(
      415,
    );
  });

  test("refuses what it does not know, unless the client is lenient", async () => {
    const refused = await ada.fetch("/fhir/r4/Observation?quantity=gt60");
    expect([refused.status, (await json<{ resourceType: string }>(refused)).resourceType]).toEqual([400, "OperationOutcome"]);
    const lenient = await json<SearchBundle>(
      await ada.fetch("/fhir/r4/Observation?quantity=gt60&code=29463-7", { headers: { prefer: "return=minimal; handling=lenient" } }),
    );
    expect(lenient.entry?.filter(({ search: { mode } }) => mode === "match")).toHaveLength(10);
    expect(lenient.entry?.at(-1)).toMatchObject({ search: { mode: "outcome" }, resource: { resourceType: "OperationOutcome" } });
  });
});

describe("another person", () => {
  test("reads and finds nothing", async () => {
    const [one] = await found(`${me()}&_count=1`);
    expect((await eve.fetch(`/fhir/r4/Observation/${one?.id}`)).status).toBe(404);
    expect((await eve.fetch(`/fhir/r4/Patient/${ada.person.id}`)).status).toBe(404);
    expect((await eve.fetch(`/fhir/r4/${one?.device?.reference}`)).status).toBe(404);
    expect(await found(me(), eve)).toEqual([]);
    expect(await found(`subject=Patient/${ada.person.id}`, eve)).toEqual([]);
    expect(await found(`_id=${one?.id}`, eve)).toEqual([]);
  });

  test("cannot go on with a stranger's cursor", async () => {
    const bundle = await search(`${me()}&_count=1`);
    const url = new URL(bundle.link.find(({ relation }) => relation === "next")?.url ?? "");
    expect((await eve.fetch(url.pathname + url.search)).status).toBe(422);
  });
});

describe("the door", () => {
  test("shows the person as a Patient, with conditional reads", async () => {
    const response = await ada.fetch(`/fhir/r4/Patient/${ada.person.id.replaceAll("_", "-")}`);
    expect(await json(response)).toMatchObject({ resourceType: "Patient", name: [{ text: "Ada Probe" }] });
    const etag = response.headers.get("etag") ?? "";
    expect((await ada.fetch(`/fhir/r4/Patient/${ada.person.id}`, { headers: { "if-none-match": etag } })).status).toBe(304);
    expect((await ada.fetch(`/fhir/r4/Patient/${ada.person.id}`, { headers: { "if-none-match": 'W/"other"' } })).status).toBe(200);
    expect((await json<SearchBundle>(await ada.fetch(`/fhir/r4/Patient?_id=${ada.person.id.replaceAll("_", "-")}`))).entry).toHaveLength(1);
  });

  test("tells version and time of an Observation", async () => {
    const [one] = await found(`${me()}&code=29463-7&_count=1`);
    const response = await ada.fetch(`/fhir/r4/Observation/${one?.id}`);
    expect(response.headers.get("etag")).toBe(`W/"${one?.meta?.versionId}"`);
    expect(Date.parse(response.headers.get("last-modified") ?? "")).toBe(
      Math.floor(Date.parse(one?.meta?.lastUpdated ?? "") / 1_000) * 1_000,
    );
    expect(response.headers.get("content-type")).toBe("application/fhir+json; charset=utf-8");
  });

  test.each([
    ["application/fhir+json, */*; q=0.1", "", 200],
    ["application/json", "", 200],
    ["application/fhir+json; charset=UTF-8; fhirVersion=4.0", "", 200],
    ["application/fhir+xml", "", 406],
    ["text/html", "&_format=json", 200],
    ["*/*", "&_format=application/fhir%2Bjson", 200],
    ["application/json", "&_format=xml", 406],
  ])("accepts %s%s with %i", async (accept, format, status) => {
    const response = await ada.fetch(`/fhir/r4/Observation?${me()}&_count=1${format}`, { headers: { accept } });
    expect(response.status).toBe(status);
    if (status === 406) expect((await json<{ resourceType: string }>(response)).resourceType).toBe("OperationOutcome");
  });

  test("answers under /fhir/R4 as well, and its links stay there", async () => {
    const bundle = await json<SearchBundle>(await ada.fetch(`/fhir/R4/Observation?${me()}&_count=1`));
    expect(bundle.link.map(({ url }) => new URL(url).pathname)).toEqual(["/fhir/R4/Observation", "/fhir/R4/Observation"]);
  });

  test("tells everybody what it can do, from the table it works by", async () => {
    const response = await fetchApp("/fhir/R4/metadata", { headers: { accept: "text/html", origin: "https://app.example" } });
    expect(response.headers.get("access-control-allow-origin")).toBe("*");
    const statement = await json<{ fhirVersion: string; rest: { resource: { type: string; searchParam: { name: string }[] }[] }[] }>(
      response,
    );
    expect(statement.fhirVersion).toBe("4.0.1");
    const observation = statement.rest[0]?.resource.find(({ type }) => type === "Observation");
    expect(observation?.searchParam.map(({ name }) => name)).toEqual(expect.arrayContaining(["patient", "category", "code", "date"]));
  });

  test("without a token answers 401 as an OperationOutcome", async () => {
    const response = await fetchApp(`/fhir/r4/Observation?${me()}`);
    expect([response.status, response.headers.get("www-authenticate")?.startsWith("Bearer")]).toEqual([401, true]);
    expect((await json<{ resourceType: string }>(response)).resourceType).toBe("OperationOutcome");
  });
});
