import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import { patientId } from "../../shared/fhir/ids";
import { validateResource } from "../../shared/fhir/r4/validate";
import { call, make } from "../../test/partners";
import { registerPerson, type RegisteredPerson } from "../../test/people";
import { somebody, type Somebody } from "../../test/staff";
import { newId } from "../../shared/id";
import { vaultOf } from "../regional";

const bundleSchema = z.looseObject({
  total: z.number().optional(),
  link: z.array(z.object({ relation: z.string(), url: z.string() })),
  entry: z
    .array(z.looseObject({ resource: z.looseObject({ resourceType: z.string(), id: z.string() }), search: z.object({ mode: z.string() }) }))
    .default([]),
});
type Caller = Pick<RegisteredPerson, "fetch">;

let ada: RegisteredPerson;
let friend: Somebody;
let me = "";
let first = "";
let second = "";

const found = async (who: Caller, path: string) => {
  const response = await who.fetch(path.startsWith("/fhir") ? path : `/fhir/r4${path}`);
  const text = await response.text();
  expect(response.status, `${path}: ${text.slice(0, 300)}`).toBe(200);
  return bundleSchema.parse(JSON.parse(text));
};
const ids = ({ entry }: z.infer<typeof bundleSchema>) => entry.map(({ resource }) => resource.id);
const fhirId = (id: string) => id.replaceAll("_", "-");
/** All pages of a search. */
const all = async (path: string) => {
  const seen: string[] = [];
  let next: string | undefined = path;
  while (next !== undefined) {
    const page: z.infer<typeof bundleSchema> = await found(ada, next);
    seen.push(...ids(page));
    const link = page.link.find(({ relation }) => relation === "next");
    next = link === undefined ? undefined : new URL(link.url).pathname + new URL(link.url).search;
  }
  return seen;
};

beforeAll(async () => {
  const [owner, reader, other] = await Promise.all([registerPerson("eu"), somebody("eu"), somebody("eu")]);
  [ada, friend] = [owner, reader];
  me = patientId(ada.person.id);
  const terms = { role: "user", categories: ["vitals"], actions: ["read"], purpose: "personal" };
  first = await make(ada, "/v1/me/consents", { ...terms, grantee: { kind: "person", id: friend.person.id } });
  second = await make(ada, "/v1/me/consents", {
    ...terms,
    grantee: { kind: "person", id: other.person.id },
    categories: ["labs"],
  });
  expect((await call(ada, "DELETE", `/v1/me/consents/${second}`)).status).toBe(204);
  // The friend reads, which leaves a line with the consent.
  expect((await friend.fetch(`/fhir/r4/Observation?patient=${me}`)).status).toBe(200);
});

describe("a consent", () => {
  test("is read as it is, and written by its own door alone", async () => {
    const response = await ada.fetch(`/fhir/r4/Consent/${fhirId(first)}`);
    const consent: Record<string, unknown> = await response.json();
    expect(consent).toMatchObject({ status: "active", patient: { reference: `Patient/${me}` } });
    expect(validateResource(consent).filter(({ severity }) => severity === "error")).toEqual([]);
    const put = { method: "PUT", body: JSON.stringify(consent), headers: { "content-type": "application/fhir+json" } };
    expect((await ada.fetch(`/fhir/r4/Consent/${fhirId(first)}`, put)).status).toBe(405);
    expect((await ada.fetch(`/fhir/r4/Consent/${fhirId(first)}`, { method: "DELETE" })).status).toBe(405);
  });

  test("is found by status, date, whom it is for and what it is of", async () => {
    expect(ids(await found(ada, `/Consent?patient=${me}&status=active`))).toEqual([fhirId(first)]);
    expect(ids(await found(ada, "/Consent?status=inactive"))).toEqual([fhirId(second)]);
    expect(ids(await found(ada, `/Consent?actor:identifier=urn:meridian:person|${friend.person.id}`))).toEqual([fhirId(first)]);
    expect(ids(await found(ada, "/Consent?category=http://loinc.org|59284-0&date=lt2020"))).toEqual([]);
    expect((await found(ada, "/Consent?_summary=count")).total).toBe(2);
    const sorted = await all("/fhir/r4/Consent?_sort=date&_count=1");
    expect(sorted).toEqual([fhirId(first), fhirId(second)]);
    expect(await all("/fhir/r4/Consent?_sort=-status&_count=1")).toEqual([fhirId(second), fhirId(first)]);
  });
});

describe("the access log", () => {
  test("is read by lines, from the newest, each once, and what comes meanwhile is on no later page", async () => {
    const seen = await all("/fhir/r4/AuditEvent?_count=3");
    expect(seen.length).toBeGreaterThan(4);
    expect(new Set(seen).size).toBe(seen.length);
    expect(await all("/fhir/r4/AuditEvent?_count=2&_sort=date")).toEqual(expect.arrayContaining(seen));
    const [newest = ""] = seen;
    const event: Record<string, unknown> = await (await ada.fetch(`/fhir/r4/AuditEvent/${newest}`)).json();
    expect(event).toMatchObject({ action: "R", subtype: [{ code: "read" }, { code: "fhir" }] });
    expect(validateResource(event).filter(({ severity }) => severity === "error")).toEqual([]);
  });

  test("is found by what was done, and shows the consent that allowed it", async () => {
    const byFriend = `/AuditEvent?agent:identifier=urn:meridian:person|${friend.person.id}&_include=AuditEvent:entity:Consent`;
    const page = await found(ada, byFriend);
    expect(page.entry.map(({ resource, search }) => `${search.mode} ${resource.resourceType}`)).toEqual([
      "match AuditEvent",
      "include Consent",
    ]);
    expect((await found(ada, "/AuditEvent?subtype=manage&entity-name=consent")).entry).toHaveLength(3);
    expect((await found(ada, "/AuditEvent?action=D&subtype=write")).entry).toHaveLength(0);
    expect((await found(ada, `/AuditEvent?date=lt2020&_total=accurate`)).total).toBe(0);
    const now = new Date(Date.now() - 3_600_000).toISOString();
    const { total = 0 } = await found(ada, `/AuditEvent?date=ge${now}&_total=accurate&_count=0`);
    expect(total).toBeGreaterThan(5);
  });

  test("says of reading it that it was read", async () => {
    const before = (await found(ada, "/AuditEvent?_summary=count")).total ?? 0;
    expect((await found(ada, "/AuditEvent?_summary=count")).total).toBe(before + 1);
  });
});

test("both are nobody's but the person's, whatever was consented to", async () => {
  const [line = ""] = ids(await found(ada, "/AuditEvent?_count=1"));
  for (const path of [`/AuditEvent?patient=${me}`, `/Consent?patient=${me}`]) expect((await found(friend, path)).entry, path).toEqual([]);
  for (const path of [`/AuditEvent/${line}`, `/Consent/${fhirId(first)}`])
    expect((await friend.fetch(`/fhir/r4${path}`)).status, path).toBe(404);
});

test("an app reads what its scopes name", async () => {
  const vault = vaultOf(env, ada.person.id);
  const actor = (type: string) =>
    ({
      kind: "person",
      person: ada.person.id,
      session: newId("session", "eu", Date.now()),
      reach: { grants: [{ type, interactions: "rs" }] },
    }) as const;
  const ask = { kind: "search", type: "AuditEvent", params: [], lenient: false } as const;
  expect((await vault.fhir(actor("AuditEvent"), ask)).page?.entries.length).toBeGreaterThan(0);
  const refused = await vault.fhir(actor("Observation"), ask).catch((error: unknown) => error);
  expect(refused).toMatchObject({ code: "forbidden" });
});

test("everything and an export of the person have both too, and the CapabilityStatement says what is searched", async () => {
  const types = new Set<string>();
  for (const { resource } of (await found(ada, `/Patient/${me}/$everything?_type=Consent,AuditEvent&_count=200`)).entry)
    types.add(resource.resourceType);
  expect(types).toEqual(new Set(["Consent", "AuditEvent"]));
  const self = { kind: "person", person: ada.person.id, session: newId("session", "eu", Date.now()) } as const;
  const asked = { id: newId("bulkExport", "eu", Date.now()), seq: 0, types: ["Consent", "AuditEvent"], filters: {} } as const;
  const { files } = await vaultOf(env, ada.person.id).exportFhir(self, asked);
  expect(files.map(({ type, lines }) => [type, lines > 1])).toEqual([
    ["Consent", true],
    ["AuditEvent", true],
  ]);
  const statement: { rest: { resource: { type: string; interaction: { code: string }[]; searchParam: { name: string }[] }[] }[] } = await (
    await ada.fetch("/fhir/r4/metadata")
  ).json();
  const own = statement.rest[0]?.resource.find(({ type }) => type === "AuditEvent");
  expect(own?.interaction.map(({ code }) => code)).toEqual(["read", "search-type"]);
  expect(own?.searchParam.map(({ name }) => name)).toEqual(
    expect.arrayContaining(["action", "agent", "date", "entity", "patient", "subtype", "type"]),
  );
});
