import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, test, vi } from "vitest";
import * as z from "zod";
import { patientId } from "../../shared/fhir/ids";
import { parseId } from "../../shared/id";
import { call, fetchAs, make, newClient, newOrganisation, type TestClient, type TestOrganisation, tokenOf } from "../../test/partners";
import { registerPerson, type RegisteredPerson } from "../../test/people";
import { createApp } from "../app";
import { regional } from "../regional";
import { sweepBulk, workBulk } from "./bulk-job";

const manifestSchema = z.object({
  transactionTime: z.iso.datetime(),
  request: z.string(),
  requiresAccessToken: z.literal(true),
  output: z.array(z.object({ type: z.string(), url: z.string(), count: z.number() })),
  error: z.array(z.object({ type: z.string(), url: z.string() })),
});
const lineSchema = z.looseObject({ resourceType: z.string(), id: z.string(), subject: z.object({ reference: z.string() }).optional() });
type Fetch = (path: string, init?: RequestInit) => Promise<Response>;

let organisation: TestOrganisation;
let client: TestClient;
let service: Fetch;
let people: [RegisteredPerson, RegisteredPerson, RegisteredPerson];
const consents = new Map<string, string>();

const as =
  (token: string): Fetch =>
  async (path, init) =>
    await fetchAs(token, path, init);
const ASYNC = { prefer: "respond-async", accept: "application/fhir+json" };
const begin = async (fetch: Fetch, path: string) => {
  const response = await fetch(`/fhir/r4${path}`, { headers: ASYNC });
  expect(response.status, await response.text()).toBe(202);
  return new URL(response.headers.get("content-location") ?? "").pathname;
};
const idIn = (path: string) => {
  const id = parseId("bulkExport", (path.split("/").at(-1) ?? "").replaceAll("-", "_"));
  if (id === undefined) throw new TypeError("not an export");
  return id;
};
/** The manifest, once everything is written; works at it beside whoever else does. */
const finished = async (fetch: Fetch, path: string) =>
  await vi.waitFor(
    async () => {
      await workBulk(env, idIn(path));
      const response = await fetch(path);
      expect(response.status).toBe(200);
      expect(response.headers.get("expires")).toBeTruthy();
      return manifestSchema.parse(await response.json());
    },
    { timeout: 20_000, interval: 100 },
  );
const linesOf = async (fetch: Fetch, url: string) => {
  const response = await fetch(new URL(url).pathname, { headers: { accept: "application/fhir+ndjson" } });
  expect(response.status, url).toBe(200);
  expect(response.headers.get("content-type")).toBe("application/fhir+ndjson");
  return new TextDecoder()
    .decode(await response.arrayBuffer())
    .trimEnd()
    .split("\n")
    .map((line) => lineSchema.parse(JSON.parse(line)));
};
const everything = async (fetch: Fetch, { output }: z.infer<typeof manifestSchema>) => {
  const files = await Promise.all(output.map(async ({ url }) => await linesOf(fetch, url)));
  for (const [i, file] of files.entries()) expect(file).toHaveLength(output[i]?.count ?? -1);
  return files.flat();
};
const subjects = (lines: readonly z.infer<typeof lineSchema>[]) =>
  [...new Set(lines.flatMap(({ subject }) => subject?.reference ?? []))].toSorted();
const references = (some: readonly RegisteredPerson[]) => some.map(({ person }) => `Patient/${patientId(person.id)}`).toSorted();
const consentOf = async (person: RegisteredPerson, id = organisation.id) =>
  await make(person, "/v1/me/consents", {
    grantee: { kind: "organisation", id },
    role: "partner",
    categories: ["body"],
    actions: ["read"],
    purpose: "personal",
  });
async function fill(person: RegisteredPerson): Promise<void> {
  const subject = { reference: `Patient/${patientId(person.person.id)}` };
  const weight = {
    resourceType: "Observation",
    status: "final",
    category: [{ coding: [{ system: "http://terminology.hl7.org/CodeSystem/observation-category", code: "vital-signs" }] }],
    code: { coding: [{ system: "http://loinc.org", code: "29463-7" }] },
    subject,
    effectiveDateTime: "2026-11-20T08:00:00Z",
    valueQuantity: { value: 70, unit: "kg", system: "http://unitsofmeasure.org", code: "kg" },
  };
  for (const [type, body] of [
    ["Observation", weight],
    ["Observation", weight],
    ["Condition", { resourceType: "Condition", code: { text: "Asthma" }, subject }],
  ] as const) {
    const headers = { "content-type": "application/fhir+json" };
    expect((await person.fetch(`/fhir/r4/${type}`, { method: "POST", body: JSON.stringify(body), headers })).status).toBe(201);
  }
}

beforeAll(async () => {
  organisation = await newOrganisation("eu");
  client = await newClient(organisation, ["system/*.rs", "system/Group.crus"]);
  service = as(await tokenOf(client));
  people = await Promise.all([registerPerson("eu"), registerPerson("us"), registerPerson("eu")]);
  await Promise.all(people.map(async (person) => await fill(person)));
  for (const person of people) consents.set(person.person.id, await consentOf(person));
});

describe("a program", () => {
  test("exports what everybody who consented lets it see, in files that their regions keep and its token opens alone", async () => {
    const path = await begin(service, "/Patient/$export?_type=Patient,Observation,Condition");
    const manifest = await finished(service, path);
    expect(manifest.request).toContain("$export?_type=Patient,Observation,Condition");
    const lines = await everything(service, manifest);
    expect(lines.map(({ resourceType }) => resourceType).toSorted()).toEqual([
      ...Array.from({ length: 6 }, () => "Observation"),
      "Patient",
      "Patient",
      "Patient",
    ]);
    expect(subjects(lines)).toEqual(references(people));

    const [file] = manifest.output;
    const other = as(await tokenOf(await newClient(organisation, ["system/*.rs"])));
    for (const fetch of [other, people[0].fetch]) {
      expect((await fetch(path)).status).toBe(404);
      expect((await fetch(new URL(file?.url ?? "").pathname)).status).toBe(404);
    }
    const far = people[1].person.id;
    const { objects } = await regional(env, "us").files.list({ prefix: `bulk/${idIn(path)}/` });
    expect(objects.length).toBeGreaterThan(0);
    expect(JSON.stringify(objects.map(({ key }) => key))).not.toContain(far);
  });

  test("exports the members of its group, and of what it asked for alone", async () => {
    const member = [people[0], people[2]].map(({ person }) => ({ entity: { reference: `Patient/${patientId(person.id)}` } }));
    const group = { resourceType: "Group", type: "person", actual: true, member };
    const made = await service("/fhir/r4/Group", {
      method: "POST",
      body: JSON.stringify(group),
      headers: { "content-type": "application/fhir+json" },
    });
    const { id } = z.looseObject({ id: z.string() }).parse(await made.json());
    const filter = encodeURIComponent("Observation?code=8867-4,Observation?code=29463-7&date=ge2026");
    const path = await begin(service, `/Group/${id}/$export?_type=Observation&_typeFilter=${filter}&_since=2026-01-01T00:00:00Z`);
    const lines = await everything(service, await finished(service, path));
    expect(subjects(lines)).toEqual(references([people[0], people[2]]));
    const later = await begin(service, `/Group/${id}/$export?_since=2099-01-01T00:00:00Z&_type=Observation`);
    expect((await finished(service, later)).output).toEqual([]);
    const rival = as(await tokenOf(await newClient(await newOrganisation("eu"), ["system/*.rs"])));
    expect((await rival(`/fhir/r4/Group/${id}/$export`, { headers: ASYNC })).status).toBe(404);
  });

  test("cancels an export, and finds nothing of it afterwards", async () => {
    const path = await begin(service, "/$export?_outputFormat=ndjson");
    const manifest = await finished(service, path);
    expect((await service(path, { method: "DELETE" })).status).toBe(202);
    const after = await service(path);
    expect(after.status).toBe(404);
    expect(await after.text()).toContain("OperationOutcome");
    expect((await service(new URL(manifest.output[0]?.url ?? "").pathname)).status).toBe(404);
    await sweepBulk(env, Date.now() + 7_200_000);
    const { objects } = await regional(env, "eu").files.list({ prefix: `bulk/${idIn(path)}/` });
    expect(objects).toEqual([]);
  });

  test.each<[string, Record<string, string>, number]>([
    ["/$export", {}, 400],
    ["/$export?_outputFormat=text/csv", { prefer: "respond-async" }, 400],
    ["/$export?_nonsense=1", { prefer: "respond-async" }, 400],
    ["/$export?_type=Nonsense", { prefer: "respond-async" }, 400],
    ["/$bulk/nothing", {}, 404],
  ])("%s with %j is %i", async (path, headers, status) => {
    expect((await service(`/fhir/r4${path}`, { headers })).status).toBe(status);
  });

  test("exports no type that its token does not open, and no more at once than a few", async () => {
    const one = await newClient(organisation, ["system/Observation.rs"]);
    const narrow = as(await tokenOf(one));
    expect((await narrow("/fhir/r4/$export?_type=Condition", { headers: ASYNC })).status).toBe(403);
    const { records } = regional(env, "eu");
    for (let i = 0; i < 3; i++) await finished(narrow, await begin(narrow, "/$export"));
    await records.prepare("update fhir_exports set state = 'running' where program = ?").bind(one.id).run();
    const refused = await narrow("/fhir/r4/$export", { headers: ASYNC });
    expect(refused.status).toBe(429);
    expect(refused.headers.get("retry-after")).toBeTruthy();
  });
});

describe("an export under way", () => {
  const { records } = regional(env, "eu");
  /** An export at which nobody works yet. */
  async function waiting(type = "Observation"): Promise<string> {
    const path = await begin(service, `/$export?_type=${type}`);
    await finished(service, path);
    const id = idIn(path);
    await records.batch([
      records.prepare("delete from fhir_export_files where export_id = ?").bind(id),
      records
        .prepare(
          "update fhir_exports set state = 'running', seq = 0, done_until = '', place = null, done = 0, lease_until = 0 where id = ?",
        )
        .bind(id),
    ]);
    return path;
  }

  test("is worked at from the moment it is asked for, whatever becomes of the queue", async () => {
    const closed = { send: async () => await Promise.reject(new Error("the queue is closed")) };
    const ctx = createExecutionContext();
    const authorization = `Bearer ${await tokenOf(await newClient(organisation, ["system/*.rs"]))}`;
    const request = new Request("https://meridian.test/fhir/r4/$export?_type=Observation", { headers: { ...ASYNC, authorization } });
    const response = await createApp({ log: () => undefined }).fetch(request, { ...env, FHIR_EU: closed } as unknown as Env, ctx);
    expect(response.status, await response.clone().text()).toBe(202);
    await waitOnExecutionContext(ctx);
    const id = idIn(new URL(response.headers.get("content-location") ?? "").pathname);
    expect(await records.prepare("select state from fhir_exports where id = ?").bind(id).first("state")).toBe("done");
  });

  test("that was killed after any step goes on from what was written down, and brings everything once", async () => {
    const path = await waiting();
    const id = idIn(path);
    for (let steps = 0; steps < 4; steps++) {
      // The step was done and not written down, or another message works at the same.
      await Promise.all([workBulk(env, id), workBulk(env, id)]);
      await records
        .prepare(
          "update fhir_exports set state = 'running', lease_until = 0, seq = ?2, place = null, done_until = coalesce((select max(person_id) from fhir_export_files where export_id = ?1 and seq < ?2), '') where id = ?1",
        )
        .bind(id, steps)
        .run();
      await records.prepare("delete from fhir_export_files where export_id = ? and seq >= ?").bind(id, steps).run();
    }
    const lines = await everything(service, await finished(service, path));
    expect(lines).toHaveLength(6);
    expect(new Set(lines.map(({ id: one }) => one)).size).toBe(6);
  });

  test("asks each vault when it writes: who takes a consent back in the middle is left out, and what was written of them is closed", async () => {
    const [first, far] = people;
    const path = await waiting();
    expect((await call(far, "DELETE", `/v1/me/consents/${consents.get(far.person.id)}`)).status).toBe(204);
    const manifest = await finished(service, path);
    expect(subjects(await everything(service, manifest))).toEqual(references([people[0], people[2]]));

    const urls = manifest.output.map(({ url }) => new URL(url).pathname);
    expect((await call(first, "DELETE", `/v1/me/consents/${consents.get(first.person.id)}`)).status).toBe(204);
    const statuses = await Promise.all(urls.map(async (url) => (await service(url)).status));
    expect(statuses.toSorted()).toEqual([200, 404]);
    expect((await finished(service, path)).output).toHaveLength(1);
    for (const person of [first, far]) consents.set(person.person.id, await consentOf(person));
  });

  test("ends with its program", async () => {
    const one = await newClient(organisation, ["system/*.rs"]);
    const fetch = as(await tokenOf(one));
    const path = await begin(fetch, "/$export");
    await finished(fetch, path);
    await call(organisation.owner, "DELETE", `/v1/organisations/${organisation.id}/clients/${one.id}`);
    await records.prepare("update fhir_exports set state = 'running', lease_until = 0 where id = ?").bind(idIn(path)).run();
    await workBulk(env, idIn(path));
    expect(await records.prepare("select state from fhir_exports where id = ?").bind(idIn(path)).first("state")).toBe("failed");
  });

  test("is asked for again by the clock where its message was lost, found by an index", async () => {
    const path = await waiting();
    expect(await sweepBulk(env, Date.now())).toBeGreaterThan(0);
    await finished(service, path);
    const { results } = await records
      .prepare("explain query plan select id from fhir_exports where state = 'running' and lease_until < 1 order by lease_until limit 100")
      .all<{ detail: string }>();
    expect(results.map(({ detail }) => detail).join("\n")).toContain("fhir_exports_running");
  });
});

test("a person exports their own record, all of it", async () => {
  const [ada] = people;
  const path = await begin(ada.fetch, "/Patient/$export?_type=Observation,Condition,Patient");
  const lines = await everything(ada.fetch, await finished(ada.fetch, path));
  expect(lines.map(({ resourceType }) => resourceType).toSorted()).toEqual(["Condition", "Observation", "Observation", "Patient"]);
  expect((await people[2].fetch(path)).status).toBe(404);
});
