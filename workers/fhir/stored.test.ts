import { beforeAll, describe, expect, test } from "vitest";
import { type RegisteredPerson, registerPerson } from "../../test/people";

const LOINC = "http://loinc.org";
const UCUM = "http://unitsofmeasure.org";
const CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category";

let ada: RegisteredPerson;
let patient: string;

beforeAll(async () => {
  ada = await registerPerson("eu", { timeZone: "Europe/Berlin" });
  patient = ada.person.id.replaceAll("_", "-");
});

type Body = Record<string, unknown> & {
  id?: string;
  entry?: { resource?: Body; response?: { status: string; location?: string; outcome?: Body } }[];
};

const fresh = () => ({ system: "https://tests.example", value: crypto.randomUUID() });
const weight = (value: number, more: object = {}) => ({
  resourceType: "Observation",
  status: "final",
  identifier: [fresh()],
  category: [{ coding: [{ system: CATEGORY, code: "vital-signs" }] }],
  code: { coding: [{ system: LOINC, code: "29463-7" }] },
  subject: { reference: `Patient/${patient}` },
  effectiveDateTime: "2026-01-02T03:04:05Z",
  valueQuantity: { value, unit: "kg", system: UCUM, code: "kg" },
  ...more,
});

async function send(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
  const type = method === "PATCH" ? "application/json-patch+json; charset=UTF-8" : "application/fhir+json";
  const response = await ada.fetch(`/fhir/r4${path}`, {
    method,
    headers: { ...(body !== undefined && { "content-type": type }), ...headers },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: (text === "" ? {} : JSON.parse(text)) as Body };
}
const create = async (resource: object) => {
  const made = await send("POST", `/${(resource as { resourceType: string }).resourceType}`, resource);
  expect(made.status, JSON.stringify(made.body)).toBe(201);
  return made.body as Body & { id: string };
};
const ids = (bundle: Body) => (bundle.entry ?? []).map(({ resource }) => resource?.id);
const found = async (query: string) => {
  const answer = await send("GET", `/Observation?${query}`);
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  return ids(answer.body);
};
const keyOf = ({ identifier }: { identifier?: unknown }) => {
  const [{ system, value }] = identifier as [{ system: string; value: string }];
  return `${system}|${value}`;
};

describe("a stored resource", () => {
  test("that is refused names the element of each fault", async () => {
    const { body } = await send(
      "POST",
      "/Observation",
      weight(70, { valueQuantity: { value: 70, unit: "bpm", system: UCUM, code: "bpm" } }),
    );
    const faults = body["issue"] as { expression?: string[]; diagnostics: string }[];
    expect(faults.map(({ expression }) => expression)).toContainEqual(["Observation.valueQuantity.code"]);
  });

  test("has versions from creation over update and patch to deletion, each readable, and 410 at the end", async () => {
    const made = await send("POST", "/Observation", weight(70));
    expect(made.headers.get("location")).toMatch(new RegExp(`/fhir/r4/Observation/${made.body.id}/_history/1$`));
    expect(made.headers.get("etag")).toBe('W/"1"');
    const at = `/Observation/${made.body.id}`;
    expect((await send("PUT", at, { ...made.body, status: "amended" }, { "if-match": 'W/"7", W/"1"' })).headers.get("etag")).toBe('W/"2"');
    expect((await send("PUT", at, { ...made.body, status: "amended" })).headers.get("etag")).toBe('W/"2"');
    expect((await send("PUT", at, made.body, { "if-match": 'W/"1"' })).status).toBe(412);
    const patch = [{ op: "replace", path: "/status", value: "corrected" }];
    expect((await send("PATCH", at, patch, { prefer: "return=presentation" })).body["status"]).toBe("corrected");
    expect((await send("GET", at, undefined, { "if-none-match": 'W/"3"' })).status).toBe(304);
    expect((await send("GET", `${at}/_history/1`)).body["status"]).toBe("final");
    expect((await send("DELETE", at)).status).toBe(204);
    expect((await send("DELETE", at)).status).toBe(204);
    expect((await send("GET", at)).status).toBe(410);
    const history = (await send("GET", `${at}/_history`)).body;
    expect(history.entry?.map(({ response }) => response?.status)).toEqual(["410", "200", "200", "201"]);
    expect((await send("PUT", at, made.body)).status).toBe(201);
    expect((await send("GET", at)).headers.get("etag")).toBe('W/"5"');
  });

  test("may have an id of the client's own, within its letters", async () => {
    const id = `mine-${crypto.randomUUID()}`;
    expect((await send("PUT", `/Observation/${id}`, weight(70, { id }))).status).toBe(201);
    expect((await send("PUT", "/Observation/a_b", weight(70, { id: "a_b" }))).status).toBe(422);
    expect((await send("PUT", `/Observation/${id}`, weight(70, { id: "other" }))).status).toBe(422);
  });

  test.each<[string, object | string, number]>([
    ["about another person", weight(70, { subject: { reference: "Patient/per-eu-01ARZ3NDEKTSV4RRFFQ69G5FAV" } }), 422],
    ["of another type", { ...weight(70), resourceType: "Condition" }, 422],
    ["without its status", weight(70, { status: undefined }), 422],
  ])("is refused %s", async (_name, resource, status) => {
    expect((await send("POST", "/Observation", resource)).status).toBe(status);
  });

  test("is refused as a view's, as the Patient, as XML, as text, and in a type that is not kept", async () => {
    const { entry = [] } = (await send("GET", "/Patient")).body;
    expect(entry).toHaveLength(1);
    expect((await send("PUT", `/Patient/${patient}`, entry[0]?.resource)).status).toBe(405);
    expect((await send("POST", "/Nonsense", {})).status).toBe(404);
    expect((await send("POST", "/Observation", weight(1), { "content-type": "text/plain" })).status).toBe(415);
    expect((await send("GET", "/Observation", undefined, { accept: "application/fhir+xml" })).status).toBe(406);
  });
});

describe("conditions", () => {
  test("fifty creations at once under one identifier make one resource", async () => {
    const resource = weight(70);
    const headers = { "if-none-exist": `identifier=${keyOf(resource)}` };
    const answers = await Promise.all(Array.from({ length: 50 }, () => send("POST", "/Observation", resource, headers)));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([...Array.from({ length: 49 }, () => 200), 201]);
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
    expect(await found(`identifier=${encodeURIComponent(keyOf(resource))}`)).toHaveLength(1);
  });

  test("update, patch and delete the one that they name; none is made, missing or nothing; several are refused", async () => {
    const resource = weight(70);
    const query = `?identifier=${encodeURIComponent(keyOf(resource))}`;
    const first = await send("PUT", `/Observation${query}`, resource);
    expect(first.status).toBe(201);
    const second = await send("PUT", `/Observation${query}`, { ...resource, status: "amended" });
    expect([second.status, second.body.id]).toEqual([200, first.body.id]);
    const patch = [{ op: "add", path: "/note", value: [{ text: "x" }] }];
    expect((await send("PATCH", `/Observation${query}`, patch)).status).toBe(200);
    await create({ ...resource });
    for (const [method, body] of [
      ["PUT", resource],
      ["PATCH", patch],
      ["DELETE", undefined],
    ] as const)
      expect((await send(method, `/Observation${query}`, body)).status).toBe(412);
    expect((await send("POST", "/Observation", resource, { "if-none-exist": query.slice(1) })).status).toBe(412);
    expect((await send("DELETE", `/Observation/${first.body.id}`)).status).toBe(204);
    expect((await send("DELETE", `/Observation${query}`)).status).toBe(204);
    expect((await send("DELETE", `/Observation${query}`)).status).toBe(204);
    expect((await send("PATCH", `/Observation${query}`, patch)).status).toBe(404);
    expect((await send("DELETE", "/Observation")).status).toBe(400);
  });
});

describe("a search", () => {
  const mark = fresh();
  const own = `identifier=${encodeURIComponent(`${mark.system}|${mark.value}`)}`;
  let kilos: string;
  let pressure: string;
  beforeAll(async () => {
    kilos = (
      await create(
        weight(68.0388555, {
          identifier: [mark],
          effectivePeriod: { start: "2026-01-01", end: "2026-01-31" },
          effectiveDateTime: undefined,
        }),
      )
    ).id;
    const component = [
      ["8480-6", 150],
      ["8462-4", 90],
    ].map(([code, value]) => ({ code: { coding: [{ system: LOINC, code }] }, valueQuantity: { value, system: UCUM, code: "mm[Hg]" } }));
    const code = { coding: [{ system: LOINC, code: "85354-9" }] };
    pressure = (await create(weight(0, { identifier: [mark], code, component, valueQuantity: undefined, status: "preliminary" }))).id;
    await create({
      resourceType: "Provenance",
      target: [{ reference: `Observation/${kilos}` }],
      recorded: "2026-01-02T03:04:06Z",
      agent: [{ who: { reference: `Patient/${patient}` } }],
    });
  });

  test.each<[string, ("kilos" | "pressure")[]]>([
    ["code=29463-7", ["kilos"]],
    [`code=${LOINC}|29463-7,${LOINC}|85354-9`, ["kilos", "pressure"]],
    ["code=29463-7&code=85354-9", []],
    ["code=https://other|29463-7", []],
    ["code:not=29463-7", ["pressure"]],
    ["status=preliminary", ["pressure"]],
    [`value-quantity=150|${UCUM}|[lb_av]`, ["kilos"]],
    [`value-quantity=gt60|${UCUM}|kg`, ["kilos"]],
    [`value-quantity=gt60|${UCUM}|/min`, []],
    ["value-quantity=lt60", []],
    ["value-quantity:missing=true", ["pressure"]],
    [`component-code-value-quantity=${LOINC}|8480-6$gt140|${UCUM}|mm[Hg]`, ["pressure"]],
    [`component-code-value-quantity=${LOINC}|8462-4$gt140|${UCUM}|mm[Hg]`, []],
    ["date=2026-01", ["kilos", "pressure"]],
    ["date=2026-01-02", ["pressure"]],
    ["date=gt2026-01-20", ["kilos"]],
    ["date=sa2026-01-01", ["pressure"]],
    ["date=ap2026-01-15", ["kilos", "pressure"]],
    ["date=eb2026-01-01", []],
    ["patient:Patient.identifier=nobody", []],
    ["_has:Provenance:target:recorded=2026-01-02", ["kilos"]],
    ["_lastUpdated=gt2020-01-01&category=vital-signs", ["kilos", "pressure"]],
  ])("%s finds %j", async (query, names) => {
    const wanted = names.map((name) => ({ kilos, pressure })[name]);
    expect((await found(`${own}&${query.replaceAll("+", "%2B")}`)).toSorted()).toEqual(wanted.toSorted());
    const total = await send("GET", `/Observation?${own}&${query}&_total=accurate&_count=0`);
    expect(total.body["total"]).toBe(wanted.length);
  });

  test("finds by id of the Patient, in its compartment too, and through what refers to what", async () => {
    expect(await found(`${own}&patient._id=${patient}&_sort=date`)).toHaveLength(2);
    expect(ids((await send("GET", `/Patient/${patient}/Observation?${own}`)).body)).toHaveLength(2);
    const both = await send("GET", `/Observation?${own}&code=29463-7&_revinclude=Provenance:target&_include=Observation:subject`);
    expect(both.body.entry?.map(({ resource }) => resource?.["resourceType"])).toEqual(["Observation", "Patient", "Provenance"]);
  });

  test("pages without repeats or gaps, and does not show what came after its first page", async () => {
    const tag = fresh();
    for (let i = 0; i < 5; i++) await create(weight(i, { identifier: [tag], effectiveDateTime: `2026-02-0${i + 1}` }));
    const query = `identifier=${encodeURIComponent(`${tag.system}|${tag.value}`)}`;
    let path: string | undefined = `/Observation?${query}&_count=2&_sort=date`;
    const seen: unknown[] = [];
    while (path !== undefined) {
      const page: Body = (await send("GET", path)).body;
      seen.push(...(page.entry ?? []).map(({ resource }) => (resource?.["valueQuantity"] as { value: number } | undefined)?.value));
      if (seen.length === 2) await create(weight(9, { identifier: [tag], effectiveDateTime: "2026-02-09" }));
      const next = (page["link"] as { relation: string; url: string }[]).find(({ relation }) => relation === "next");
      path = next?.url.replace(/^.*\/fhir\/r4/, "");
    }
    expect(seen).toEqual([0, 1, 2, 3, 4]);
  });

  test("refuses what it does not know, unless the client is lenient, who is told", async () => {
    expect((await send("GET", "/Observation?nothing=1")).status).toBe(400);
    const lenient = await send("GET", `/Observation?${own}&nothing=1`, undefined, { prefer: "handling=lenient" });
    expect(lenient.body.entry).toHaveLength(3);
  });
});

describe("a Bundle", () => {
  const provenance = (target: string) => ({
    resourceType: "Provenance",
    target: [{ reference: target }],
    recorded: "2026-01-02T03:04:06Z",
    agent: [{ who: { reference: `Patient/${patient}` } }],
  });

  test("of type transaction rewrites references to its own entries and to what conditions name", async () => {
    const fullUrl = `urn:uuid:${crypto.randomUUID()}`;
    const other = weight(80);
    await create(other);
    const entry = [
      {
        resource: { ...provenance(fullUrl), target: [{ reference: fullUrl }, { reference: `Observation?identifier=${keyOf(other)}` }] },
        request: { method: "POST", url: "Provenance" },
      },
      { fullUrl, resource: weight(81), request: { method: "POST", url: "Observation" } },
    ];
    const answer = await send("POST", "/", { resourceType: "Bundle", type: "transaction", entry });
    expect(answer.status, JSON.stringify(answer.body)).toBe(200);
    const [source, observation] = answer.body.entry ?? [];
    const targets = source?.resource?.["target"] as { reference: string }[] | undefined;
    expect(targets?.[0]?.reference).toBe(`Observation/${observation?.resource?.id}`);
  });

  test("of type transaction happens as a whole or not at all, and not with one identity twice", async () => {
    const good = weight(82);
    const fails = { resource: weight(83, { status: "nonsense" }), request: { method: "POST", url: "Observation" } };
    const entry = [{ resource: good, request: { method: "POST", url: "Observation" } }, fails];
    expect((await send("POST", "", { resourceType: "Bundle", type: "transaction", entry })).status).toBe(422);
    expect(await found(`identifier=${encodeURIComponent(keyOf(good))}`)).toEqual([]);
    const twice = { resource: good, request: { method: "PUT", url: `Observation?identifier=${keyOf(good)}` } };
    expect((await send("POST", "", { resourceType: "Bundle", type: "transaction", entry: [twice, twice] })).status).toBe(422);
    expect(await found(`identifier=${encodeURIComponent(keyOf(good))}`)).toEqual([]);
  });

  test("goes on with a search in it where its page ends", async () => {
    const tag = fresh();
    for (const value of [61, 62, 63]) await create(weight(value, { identifier: [tag] }));
    const url = `Observation?identifier=${encodeURIComponent(`${tag.system}|${tag.value}`)}&_count=2`;
    const entry = [{ request: { method: "GET", url } }];
    const { body } = await send("POST", "/", { resourceType: "Bundle", type: "batch", entry });
    const page = body.entry?.[0]?.resource;
    const links = page?.["link"] as { relation: string; url: string }[] | undefined;
    const next = links?.find(({ relation }) => relation === "next")?.url ?? "";
    const rest = await send("GET", new URL(next).pathname.slice("/fhir/r4".length) + new URL(next).search);
    expect([page?.entry?.length, rest.body.entry?.length]).toEqual([2, 1]);
  });

  test("of type batch answers each entry for itself", async () => {
    const entry = [
      { resource: weight(84), request: { method: "POST", url: "Observation" } },
      { request: { method: "GET", url: `Observation/${crypto.randomUUID()}` } },
      { request: { method: "GET", url: "Patient/per-eu-01ARZ3NDEKTSV4RRFFQ69G5FAV" } },
      { request: { method: "GET", url: `Patient/${patient}` } },
      { request: { method: "GET", url: "Observation?nothing=1" } },
    ];
    const answer = await send("POST", "/", { resourceType: "Bundle", type: "batch", entry });
    expect(answer.body.entry?.map(({ response }) => response?.status)).toEqual(["201", "404", "404", "200", "400"]);
    expect(answer.body.entry?.[1]?.response?.outcome?.["resourceType"]).toBe("OperationOutcome");
  });
});
