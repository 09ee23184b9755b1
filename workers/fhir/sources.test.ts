import { runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import * as z from "zod";
import { type RegisteredPerson, registerPerson } from "../../test/people";

const BASE = "http://127.0.0.1:8790/r4";
const problemShape = z.object({ code: z.string() });
const withId = z.looseObject({ id: z.string() });

/** What the other server answers to a path below its base; a number is a status without a body. */
type Answers = (path: string, headers: Headers) => unknown;
let answers: Answers;
let asked: string[];

beforeEach(() => {
  asked = [];
  vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init) => {
    const request = new Request(input, init);
    const path = request.url.slice(BASE.length + 1);
    asked.push(path);
    const answer = await answers(path, request.headers);
    if (answer instanceof Response) return answer;
    if (typeof answer === "number") return new Response(null, { status: answer });
    return Response.json(answer, { headers: { "content-type": "application/fhir+json" } });
  });
});

afterEach(() => {
  vi.restoreAllMocks();
});

async function reader(auth: unknown = { kind: "none" }): Promise<{ person: RegisteredPerson; at: string }> {
  const person = await registerPerson("eu");
  const { id } = withId.parse(
    await (await post(person, "/v1/me/fhir-targets", { name: "Clinic", baseUrl: BASE, auth, state: "paused" })).json(),
  );
  return { person, at: `/v1/fhir-sources/${id}` };
}

async function post(person: RegisteredPerson, path: string, body?: unknown): Promise<Response> {
  const json = body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } };
  return await person.fetch(path, { method: "POST", ...json });
}

const patient = (id: string) => ({ resourceType: "Patient", id, name: [{ given: ["Ada"], family: "King" }], birthDate: "1985-12-10" });
const bundle = (resources: readonly unknown[], next?: string) => ({
  resourceType: "Bundle",
  type: "searchset",
  ...(next !== undefined && { link: [{ relation: "next", url: next }] }),
  entry: resources.map((resource) => ({ resource })),
});
const glucose = (id: string, value: number) => ({
  resourceType: "Observation",
  id,
  status: "final",
  category: [{ coding: [{ system: "http://terminology.hl7.org/CodeSystem/observation-category", code: "laboratory" }] }],
  code: { coding: [{ system: "http://loinc.org", code: "2345-7" }] },
  subject: { reference: "Patient/p-1" },
  effectiveDateTime: `2026-10-0${value - 90}T08:00:00Z`,
  valueQuantity: { value, unit: "mg/dL", system: "http://unitsofmeasure.org", code: "mg/dL" },
});

describe("a Patient of another server", () => {
  test("is read with the person's credentials", async () => {
    answers = (_path, headers) => (headers.get("authorization") === "Bearer sesame" ? patient("p-1") : 401);
    const { person, at } = await reader({ kind: "bearer", token: "sesame" });
    const response = await person.fetch(`${at}/patients/p-1`);
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ id: "p-1", name: "Ada King", birthDate: "1985-12-10", gender: null });
    expect(asked).toEqual(["Patient/p-1"]);
  });

  test.each([
    ["unknown there", () => 404, 404, "not_found"],
    ["deleted there", () => 410, 404, "not_found"],
    ["refused to us", () => 403, 502, "server_failed"],
    ["answered with something else", () => ({ resourceType: "OperationOutcome" }), 502, "server_failed"],
    ["answered with no JSON", () => new Response("<html>"), 502, "server_failed"],
    ["redirected", () => new Response(null, { status: 302, headers: { location: "https://elsewhere.org/" } }), 502, "server_failed"],
    ["not to be had for an outage", () => 503, 503, "unavailable"],
    ["asked for too often", () => 429, 503, "unavailable"],
    ["where nobody answers", () => Promise.reject(new TypeError("refused")), 503, "unavailable"],
    ["where the answer takes too long", () => Promise.reject(new DOMException("late", "TimeoutError")), 504, "server_timeout"],
  ] satisfies [string, Answers, number, string][])("%s", async (_name, answer, status, code) => {
    const { person, at } = await reader();
    answers = answer;
    const response = await person.fetch(`${at}/patients/p-1`);
    expect([response.status, problemShape.parse(await response.json()).code]).toEqual([status, code]);
    if (status === 503) expect(Number(response.headers.get("retry-after"))).toBeGreaterThan(0);
  });

  test("is read by a further try where the first ones fail", async () => {
    const { person, at } = await reader();
    answers = () => (asked.length < 3 ? 502 : patient("p-1"));
    expect((await person.fetch(`${at}/patients/p-1`)).status).toBe(200);
    expect(asked).toHaveLength(3);
  });

  test("is not asked for again before the time that the server names", async () => {
    const { person, at } = await reader();
    answers = () => new Response(null, { status: 503, headers: { "retry-after": "120" } });
    const response = await person.fetch(`${at}/patients/p-1`);
    expect([response.headers.get("retry-after"), asked.length]).toEqual(["120", 1]);
  });

  test("has an id as FHIR writes it: nothing else is asked for", async () => {
    const { person, at } = await reader();
    for (const odd of ["a%2F..%2Fmetadata", "%24everything", "x".repeat(65)])
      expect((await person.fetch(`${at}/patients/${odd}`)).status, odd).toBe(422);
    expect(asked).toEqual([]);
  });
});

describe("the state of another server", () => {
  test.each([
    ["connected", () => ({ resourceType: "CapabilityStatement", fhirVersion: "4.0.1", software: { name: "Clinic" } })],
    ["unhealthy", () => 500],
    ["unhealthy", () => ({ resourceType: "Patient" })],
    ["timeout", () => Promise.reject(new DOMException("late", "TimeoutError"))],
    ["disconnected", () => Promise.reject(new TypeError("refused"))],
  ] satisfies [string, Answers][])("is %s, asked once", async (state, answer) => {
    const { person, at } = await reader();
    answers = answer;
    const found = z.looseObject({ state: z.string() }).parse(await (await person.fetch(`${at}/status`)).json());
    expect(found.state).toBe(state);
    if (state === "connected") expect(found).toMatchObject({ fhirVersion: "4.0.1", software: "Clinic" });
    expect(asked).toEqual(["metadata"]);
  });
});

describe("the record of a Patient", () => {
  async function imported(person: RegisteredPerson, response: Response): Promise<readonly unknown[]> {
    expect(response.status, await response.clone().text()).toBe(202);
    const { id } = withId.parse(await response.json());
    for (let turn = 0; turn < 50; turn++) {
      const { state } = z.looseObject({ state: z.string() }).parse(await (await person.fetch(`/v1/imports/${id}`)).json());
      if (state === "done") break;
      await runDurableObjectAlarm(env.IMPORTERS.getByName(id));
    }
    return z.object({ items: z.array(z.unknown()) }).parse(await (await person.fetch("/v1/me/lab-results")).json()).items;
  }

  test("is imported page by page, and without doubles when it is fetched again", async () => {
    const { person, at } = await reader();
    answers = (path) => {
      if (path === "Patient/p-1") return patient("p-1");
      if (path.startsWith("Patient/p-1/$everything")) return bundle([patient("p-1"), glucose("a", 91)], `${BASE}?page=2`);
      return path.includes("page=2") || asked.at(-1)?.includes("page=2") ? bundle([glucose("b", 92), glucose("a", 91)]) : 404;
    };
    expect(await imported(person, await post(person, `${at}/patients/p-1/imports`))).toHaveLength(2);
    expect(await imported(person, await post(person, `${at}/patients/p-1/imports`))).toHaveLength(2);
  });

  test("is searched for where the server has no $everything", async () => {
    const { person, at } = await reader();
    answers = (path) => {
      if (path === "Patient/p-1") return patient("p-1");
      if (path.startsWith("Observation?patient=p-1")) return bundle([glucose("a", 91)]);
      return path.startsWith("DiagnosticReport?") ? bundle([]) : 501;
    };
    expect(await imported(person, await post(person, `${at}/patients/p-1/imports`))).toHaveLength(1);
  });

  test.each([
    ["another host", "https://elsewhere.org/r4?page=2"],
    ["a place outside its base", "http://127.0.0.1:8790/other?page=2"],
    ["itself", `${BASE}/Patient/p-1/$everything?_count=200`],
  ])("is given up where its next page is %s, and nothing is imported", async (_name, next) => {
    const { person, at } = await reader();
    answers = (path) => (path === "Patient/p-1" ? patient("p-1") : bundle([glucose("a", 91)], next));
    const response = await post(person, `${at}/patients/p-1/imports`);
    expect([response.status, problemShape.parse(await response.json()).code]).toEqual([502, "server_failed"]);
    expect(z.object({ items: z.array(z.unknown()) }).parse(await (await person.fetch("/v1/imports")).json()).items).toEqual([]);
  });
});

test("another person's FHIR server is not there", async () => {
  answers = () => patient("p-1");
  const { at } = await reader();
  const other = await registerPerson("eu");
  for (const path of [`${at}/status`, `${at}/patients/p-1`]) expect((await other.fetch(path)).status).toBe(404);
  expect((await post(other, `${at}/patients/p-1/imports`)).status).toBe(404);
  expect(asked).toEqual([]);
});
