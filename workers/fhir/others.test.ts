import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import { BatchBuilder } from "../../shared/health/batch";
import { patientId } from "../../shared/fhir/ids";
import { registerPerson, type RegisteredPerson } from "../../test/people";
import { call, fetchAs, make, newClient, newKey, newOrganisation, tokenOf } from "../../test/partners";
import { somebody, type Somebody } from "../../test/staff";
import { WATCH } from "../../test/vaults";
import { regional, vaultOf } from "../regional";

const AT = Date.UTC(2026, 10, 20, 7);
const LOINC = "http://loinc.org";
const resourceSchema = z.looseObject({ resourceType: z.string(), id: z.string() });
const bundleSchema = z.looseObject({
  total: z.number().optional(),
  link: z.array(z.object({ relation: z.string(), url: z.string() })),
  entry: z.array(z.looseObject({ fullUrl: z.string(), resource: resourceSchema })).default([]),
});
type Caller = Pick<RegisteredPerson, "fetch">;

let owner: RegisteredPerson;
let friend: Somebody;
let trainer: Somebody;
let stranger: Somebody;
let me = "";

const give = async (grantee: { kind: string; id: string }, change: object = {}, person = owner) =>
  await make(person, "/v1/me/consents", {
    grantee,
    role: "user",
    categories: ["vitals"],
    actions: ["read"],
    purpose: "personal",
    ...change,
  });
const personOf = ({ person }: Somebody) => ({ kind: "person", id: person.id });
const COACHING = { role: "trainer", purpose: "coaching" };

const send = async (who: Caller, method: string, path: string, body: object) =>
  await who.fetch(`/fhir/r4${path}`, { method, body: JSON.stringify(body), headers: { "content-type": "application/fhir+json" } });
const found = async (who: Caller, path: string) => {
  const response = await who.fetch(`/fhir/r4${path}`);
  const text = await response.text();
  expect(response.status, `${path}: ${text.slice(0, 300)}`).toBe(200);
  return bundleSchema.parse(JSON.parse(text));
};
const typesAndCodes = (bundle: z.infer<typeof bundleSchema>) =>
  bundle.entry.map(({ resource }) => {
    const text = JSON.stringify(resource["code"] ?? {});
    return `${resource.resourceType} ${/"urn:meridian:metric","code":"([^"]+)"/.exec(text)?.[1] ?? /"text":"([^"]+)"/.exec(text)?.[1] ?? ""}`;
  });

const weight = (subject: string, value = 70) => ({
  resourceType: "Observation",
  status: "final",
  category: [{ coding: [{ system: "http://terminology.hl7.org/CodeSystem/observation-category", code: "vital-signs" }] }],
  code: { coding: [{ system: LOINC, code: "29463-7" }], text: "Weight" },
  subject: { reference: `Patient/${subject}` },
  effectiveDateTime: "2026-11-20T08:00:00Z",
  valueQuantity: { value, unit: "kg", system: "http://unitsofmeasure.org", code: "kg" },
});
const plan = (subject: string, category: string) => ({
  resourceType: "CarePlan",
  status: "active",
  intent: "plan",
  category: [{ coding: [{ system: "urn:meridian:category", code: category }] }],
  subject: { reference: `Patient/${subject}` },
});

beforeAll(async () => {
  [owner, friend, trainer, stranger] = await Promise.all([
    registerPerson("eu", { name: "Olga" }),
    somebody("us"),
    somebody("eu", { roles: ["user", "trainer"], acr: "aal2" }),
    somebody("eu"),
  ]);
  me = patientId(owner.person.id);
  const batch = new BatchBuilder();
  const watch = batch.source(WATCH);
  const flo = batch.source({ vendor: "healthkit", app: "Period tracker" });
  const strava = batch.source({ vendor: "strava" });
  for (let i = 0; i < 10; i++) {
    batch.sample("heart_rate", watch, AT + i * 60_000, 60 + i, 0, 1);
    batch.sample("heart_rate", strava, AT + 3_600_000 + i * 60_000, 160 + i, 0, 1);
  }
  batch.interval("steps", watch, AT, AT + 600_000, 900, 0, 1);
  batch.reading({
    metric: "menstrual_flow",
    kind: "event",
    source: flo,
    start: AT,
    end: AT,
    value: null,
    zone: 0,
    version: 1,
    text: "light",
  });
  batch.workout({
    source: watch,
    start: AT,
    end: AT + 1_800_000,
    zone: 0,
    type: "running",
    totals: { energy_active: 300, heart_rate_max: 171 },
    attributes: { diary: "what nobody placed" },
    version: 1,
    id: "run",
  });
  await vaultOf(env, owner.person.id).record(batch.take(), "test");
  expect((await send(owner, "POST", "/Observation", weight(me))).status).toBe(201);
  const condition = { resourceType: "Condition", code: { text: "Asthma" }, subject: { reference: `Patient/${me}` } };
  expect((await send(owner, "POST", "/Condition", condition)).status).toBe(201);
  await give(personOf(friend));
  await give(personOf(trainer), { ...COACHING, categories: ["activity", "body"], actions: ["read", "write", "advise"] });
});

describe("somebody with a consent", () => {
  test("finds what belongs to its categories, and nothing of other ones, of a vendor for its person alone, or of apps that tell of more", async () => {
    const everything = await found(friend, `/Patient/${me}/$everything`);
    expect(typesAndCodes(everything).toSorted()).toEqual(["Device ", "Observation heart_rate", "Patient "]);
    const text = JSON.stringify(everything);
    for (const hidden of ["Olga", "Period tracker", "strava", "Asthma", "29463-7"]) expect(text).not.toContain(hidden);
    expect(await found(friend, `/Observation?patient=${me}&_total=accurate`)).toMatchObject({ total: 1 });
    expect(typesAndCodes(await found(friend, `/Patient/${me}/Observation`))).toEqual(["Observation heart_rate"]);
    expect(typesAndCodes(await found(friend, `/Patient?_id=${me}`))).toEqual(["Patient "]);
    expect((await found(friend, `/Condition?patient=${me}`)).entry).toEqual([]);
    expect(typesAndCodes(await found(friend, `/Observation/$lastn?patient=${me}`))).toEqual(["Observation heart_rate"]);
  });

  test("sees of a workout the totals of its categories, and nothing that a vendor attached", async () => {
    const [run] = (await found(trainer, `/Observation?patient=${me}&code=73985-4`)).entry;
    const text = JSON.stringify(run);
    expect(text).toContain("workout.energy_active");
    expect(text).not.toMatch(/heart_rate_max|diary/);
    const again = await trainer.fetch(`/fhir/r4/Observation/${run?.resource.id}`);
    expect(JSON.stringify(await again.json())).not.toMatch(/heart_rate_max|diary/);
    expect(JSON.stringify((await found(owner, "/Observation?code=73985-4")).entry)).toMatch(/diary/);
  });

  test("reads by id what they may see, and finds nothing at ids of the rest", async () => {
    for (const { resource } of (await found(owner, `/Patient/${me}/$everything`)).entry) {
      const { resourceType, id } = resource;
      const seen = JSON.stringify(resource).includes('"heart_rate"') && !JSON.stringify(resource).includes("strava");
      const [answer, history] = [`/fhir/r4/${resourceType}/${id}`, `/fhir/r4/${resourceType}/${id}/_history`];
      if (["Patient", "Device"].includes(resourceType)) continue;
      expect((await friend.fetch(answer)).status, JSON.stringify(resource).slice(0, 200)).toBe(seen ? 200 : 404);
      expect((await friend.fetch(history)).status).toBe(seen ? 200 : 404);
      expect((await stranger.fetch(answer)).status).toBe(404);
    }
  });

  test("goes on from page to page, and no further once the consent is taken back", async () => {
    const [reader, person] = await Promise.all([somebody("eu"), registerPerson("us")]);
    const id = patientId(person.person.id);
    for (let i = 0; i < 3; i++) expect((await send(person, "POST", "/Observation", weight(id, 70 + i))).status).toBe(201);
    const consent = await give(personOf(reader), { categories: ["body"] }, person);
    const page = await found(reader, `/Observation?patient=${id}&_count=2`);
    expect(page.entry).toHaveLength(2);
    const next = new URL(page.link.find(({ relation }) => relation === "next")?.url ?? "");
    const path = `${next.pathname.replace("/fhir/r4", "")}${next.search}`;
    expect((await found(reader, path)).entry).toHaveLength(1);
    const last = page.entry[0]?.resource.id ?? "";
    expect((await reader.fetch(`/fhir/r4/Observation/${last}`)).status).toBe(200);
    expect((await call(person, "DELETE", `/v1/me/consents/${consent}`)).status).toBe(204);
    expect((await reader.fetch(`/fhir/r4${path}`)).status).not.toBe(200);
    expect((await reader.fetch(`/fhir/r4/Observation/${last}`)).status).toBe(404);
    expect((await found(reader, `/Observation?patient=${id}`)).entry).toEqual([]);
  });

  test("is in the person's access log with what they looked at", async () => {
    await found(friend, `/Observation?patient=${me}`);
    const log = await (await owner.fetch("/v1/me/access-log")).text();
    expect(log).toContain(friend.person.id);
    expect(log).toMatch(/"resource":"fhir"/);
  });
});

describe("somebody whose consent says so", () => {
  test("writes within its categories: makes and changes, and deletes nothing", async () => {
    const made = await send(trainer, "POST", "/Observation", weight(me, 71));
    expect(made.status).toBe(201);
    const { id, ...rest } = resourceSchema.parse(await made.json());
    expect((await owner.fetch(`/fhir/r4/Observation/${id}`)).status).toBe(200);
    const changed = { ...rest, id, valueQuantity: { ...weight(me).valueQuantity, value: 72 } };
    expect((await send(trainer, "PUT", `/Observation/${id}`, changed)).status).toBe(200);
    expect((await trainer.fetch(`/fhir/r4/Observation/${id}`, { method: "DELETE" })).status).toBe(404);
    const rate = { ...weight(me), code: { coding: [{ system: LOINC, code: "8867-4" }] } };
    const asRate = { ...rate, valueQuantity: { value: 60, unit: "/min", system: "http://unitsofmeasure.org", code: "/min" } };
    expect((await send(trainer, "POST", "/Observation", asRate)).status).toBe(403);
    expect((await send(trainer, "PUT", `/Observation/${id}`, { ...asRate, id })).status).toBe(403);
  });

  test("writes a bundle of one person's resources, and not one of two people's", async () => {
    const entry = (subject: string) => ({ resource: weight(subject, 73), request: { method: "POST", url: "Observation" } });
    const bundle = (...subjects: string[]) => ({ resourceType: "Bundle", type: "transaction", entry: subjects.map(entry) });
    expect((await send(trainer, "POST", "/", bundle(me))).status).toBe(200);
    expect((await send(trainer, "POST", "/", bundle(me, patientId(trainer.person.id)))).status).toBe(422);
    expect((await send(friend, "POST", "/", bundle(me))).status).toBe(422);
  });

  test("advises where that is all they may", async () => {
    const [coach, person] = await Promise.all([somebody("eu", { roles: ["user", "trainer"], acr: "aal2" }), registerPerson("eu")]);
    const id = patientId(person.person.id);
    await give(personOf(coach), { ...COACHING, categories: ["activity"], actions: ["read", "advise"] }, person);
    expect((await send(coach, "POST", "/CarePlan", plan(id, "activity"))).status).toBe(201);
    expect((await send(coach, "POST", "/CarePlan", plan(id, "body"))).status).toBe(403);
    expect((await send(coach, "POST", "/Observation", weight(id))).status).toBe(422);
    expect((await found(coach, `/CarePlan?patient=${id}`)).entry).toHaveLength(1);
  });

  test("who may only read writes nothing", async () => {
    expect((await send(friend, "POST", "/Observation", weight(me))).status).toBe(422);
  });
});

test("without a consent a person is as good as none", async () => {
  for (const path of [`/Observation?patient=${me}`, `/Patient?_id=${me}`]) expect((await found(stranger, path)).entry).toEqual([]);
  for (const path of [`/Patient/${me}`, `/Patient/${me}/Observation`, `/Patient/${me}/$everything`])
    expect((await stranger.fetch(`/fhir/r4${path}`)).status).toBe(404);
});

test("a machine client reads whose people consent to its organisation, and has nothing of its own", async () => {
  const organisation = await newOrganisation("us");
  const token = await tokenOf(await newClient(organisation, ["read:*"]));
  const client: Caller = { fetch: async (path, init) => await fetchAs(token, path, init) };
  expect((await client.fetch(`/fhir/r4/Observation?patient=${me}`)).status).toBe(404);
  await give({ kind: "organisation", id: organisation.id }, { role: "partner", categories: ["activity"] });
  expect(typesAndCodes(await found(client, `/Observation?patient=${me}`)).toSorted()).toEqual(["Observation steps", "Observation workout"]);
  for (const path of ["/Observation", "/Patient", `/Observation/${crypto.randomUUID()}`])
    expect((await client.fetch(`/fhir/r4${path}`)).status).toBe(404);
});

describe("a backend service", () => {
  test("gets what both its scopes and the consents name, asks for less, and writes where both say so", async () => {
    const clinic = await newOrganisation("eu");
    await regional(env, "eu")
      .records.prepare("update organisations set roles = ? where id = ?")
      .bind('["partner","clinician"]', clinic.id)
      .run();
    const client = await newClient(clinic, ["system/*.rs", "system/Condition.rs", "system/Observation.cru"], await newKey("RS384"));
    const service = async (scope?: string): Promise<Caller> => {
      const token = await tokenOf(client, scope);
      return { fetch: async (path, init) => await fetchAs(token, path, init) };
    };
    const CARE = { role: "clinician", purpose: "care", categories: ["body", "history", "reproductive"], actions: ["read", "write"] };
    const consent = await give({ kind: "organisation", id: clinic.id }, CARE);
    const whole = await service();
    expect(typesAndCodes(await found(whole, `/Condition?patient=${me}`))).toEqual(["Condition Asthma"]);
    const text = JSON.stringify(await found(whole, `/Observation?patient=${me}`));
    expect(text).toContain("29463-7");
    expect(text).not.toMatch(/menstrual|heart_rate/);
    expect((await send(whole, "POST", "/Observation", weight(me, 74))).status).toBe(201);
    expect((await send(whole, "POST", "/Condition", { resourceType: "Condition", subject: weight(me).subject })).status).toBe(403);

    const narrow = await service("system/Observation.s");
    expect((await narrow.fetch(`/fhir/r4/Condition?patient=${me}`)).status).toBe(403);
    expect((await found(narrow, `/Observation?patient=${me}`)).entry.length).toBeGreaterThan(0);
    expect((await narrow.fetch(`/v1/people/${owner.person.id}/conditions`)).status).toBe(404);

    expect((await call(owner, "DELETE", `/v1/me/consents/${consent}`)).status).toBe(204);
    expect((await whole.fetch(`/fhir/r4/Condition?patient=${me}`)).status).toBe(404);
  });

  test("may not register a scope that no service has", async () => {
    const organisation = await newOrganisation("eu");
    for (const scope of ["system/*.cruds", "patient/*.rs", "system/Nothing.rs", "write:*"]) {
      const body = { name: "Odd", scopes: [scope], jwks: { keys: [(await newKey()).jwk] } };
      expect((await call(organisation.owner, "POST", `/v1/organisations/${organisation.id}/clients`, body)).status, scope).toBe(422);
    }
  });
});
