import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import * as z from "zod";
import { patientId } from "../../shared/fhir/ids";
import { call, fetchAs, make, newClient, newOrganisation, tokenOf } from "../../test/partners";
import { registerPerson, type RegisteredPerson } from "../../test/people";

const groupSchema = z.looseObject({
  id: z.string(),
  quantity: z.number(),
  meta: z.object({ versionId: z.string() }),
  member: z.array(z.object({ entity: z.object({ reference: z.string() }) })).default([]),
});
const bundleSchema = z.looseObject({ total: z.number() });
const ownSchema = z.object({ items: z.array(z.object({ id: z.string(), organisation: z.object({ name: z.string() }) })) });
type Fetch = (path: string, init?: RequestInit) => Promise<Response>;

const [clinic, rival, ada, eve, stranger] = await Promise.all([
  newOrganisation("eu", "Clinic"),
  newOrganisation("eu"),
  registerPerson("eu"),
  registerPerson("us"),
  registerPerson("eu"),
]);
const [service, reader, foreign] = await Promise.all([
  newClient(clinic, ["system/Group.crus"]),
  newClient(clinic, ["system/Group.rs"]),
  newClient(rival, ["system/*.crus"]),
]);
const [token, readers, foreigns] = await Promise.all([tokenOf(service), tokenOf(reader), tokenOf(foreign)]);
const as =
  (bearer: string): Fetch =>
  async (path, init) =>
    await fetchAs(bearer, path, init);
const consentOf = async (person: RegisteredPerson, more: object = {}) =>
  await make(person, "/v1/me/consents", {
    ...more,
    grantee: { kind: "organisation", id: clinic.id },
    role: "partner",
    categories: ["vitals"],
    actions: ["read"],
    purpose: "personal",
  });
const consents = { ada: await consentOf(ada), eve: await consentOf(eve) };

const group = (people: readonly RegisteredPerson[], more: object = {}) => ({
  resourceType: "Group",
  type: "person",
  actual: true,
  ...(people.length > 0 && { member: people.map(({ person }) => ({ entity: { reference: `Patient/${patientId(person.id)}` } })) }),
  ...more,
});
const send = async (fetch: Fetch, method: string, path: string, body: object, headers: Record<string, string> = {}) =>
  await fetch(`/fhir/r4${path}`, { method, body: JSON.stringify(body), headers: { "content-type": "application/fhir+json", ...headers } });
const made = async (people: readonly RegisteredPerson[], more: object = {}) => {
  const response = await send(as(token), "POST", "/Group", group(people, more));
  const text = await response.text();
  expect(response.status, text).toBe(201);
  return groupSchema.parse(JSON.parse(text));
};
const read = async (id: string) => groupSchema.parse(await (await as(token)(`/fhir/r4/Group/${id}`)).json());

test("a group is made, found, changed and deleted by a program of its organisation, and by its staff", async () => {
  const { id, meta } = await made([ada], { identifier: [{ system: "https://clinic.example", value: "7" }] });
  const path = `/Group/${id}`;
  const mine = `managing-entity=Organization/${clinic.id.replaceAll("_", "-")}`;
  for (const query of [`_id=${id}`, "identifier=https://clinic.example|7", `identifier=7&member=Patient/${patientId(ada.person.id)}`])
    expect(bundleSchema.parse(await (await as(readers)(`/fhir/r4/Group?${query}`)).json()).total).toBe(1);
  expect((await clinic.owner.fetch(`/fhir/r4${path}`)).status).toBe(200);
  expect(bundleSchema.parse(await (await clinic.owner.fetch(`/fhir/r4/Group?${mine}&_id=${id}`)).json()).total).toBe(1);

  const change = group([ada, eve], { id });
  expect((await send(as(readers), "PUT", path, change)).status).toBe(403);
  expect((await send(as(token), "PUT", path, change, { "if-match": 'W/"7"' })).status).toBe(412);
  const changed = await send(as(token), "PUT", path, change, { "if-match": `W/"${meta.versionId}"` });
  expect(groupSchema.parse(await changed.json())).toMatchObject({ quantity: 2, meta: { versionId: "2" } });
  expect((await send(clinic.owner.fetch, "PUT", path, group([eve], { id }))).status).toBe(200);
  expect((await read(id)).member.map(({ entity }) => entity.reference)).toEqual([`Patient/${patientId(eve.person.id)}`]);
  expect((await as(token)(`/fhir/r4${path}`, { method: "DELETE" })).status).toBe(204);
  expect((await as(token)(`/fhir/r4${path}`)).status).toBe(404);
});

test("another organisation, its programs and everybody else find nothing", async () => {
  const { id } = await made([ada]);
  for (const fetch of [as(foreigns), stranger.fetch, ada.fetch, rival.owner.fetch]) {
    expect((await fetch(`/fhir/r4/Group/${id}`)).status).toBe(404);
    expect((await send(fetch, "PUT", `/Group/${id}`, group([], { id }))).status).toBe(404);
    expect((await fetch(`/fhir/r4/Group/${id}`, { method: "DELETE" })).status).toBe(404);
  }
  expect((await read(id)).quantity).toBe(1);
  expect(bundleSchema.parse(await (await as(foreigns)("/fhir/r4/Group")).json()).total).toBe(0);
});

test("members are people who consented, and nothing says what they have in common", async () => {
  expect((await send(as(token), "POST", "/Group", group([ada, stranger]))).status).toBe(422);
  for (const more of [{ name: "People with asthma" }, { code: { text: "Asthma" } }, { actual: false }, { type: "device" }])
    expect((await send(as(token), "POST", "/Group", group([ada], more))).status, JSON.stringify(more)).toBe(422);
});

test("a person sees in which groups they are, and leaves them with the last consent", async () => {
  const { id } = await made([ada, eve]);
  const own = async (person: RegisteredPerson) =>
    ownSchema.parse(await (await person.fetch("/v1/me/groups")).json()).items.map((one) => one.id);
  const row = id.replaceAll("-", "_");
  expect(await own(ada)).toContain(row);
  expect(await own(eve)).toContain(row);
  expect(await own(stranger)).toEqual([]);
  expect((await call(eve, "DELETE", `/v1/me/consents/${consents.eve}`)).status).toBe(204);
  expect(await own(eve)).toEqual([]);
  expect((await read(id)).quantity).toBe(1);
  // Another consent does not bring them back.
  consents.eve = await consentOf(eve);
  expect((await read(id)).quantity).toBe(1);
});

test("whose consent has ended by its date is out of the groups by themselves, and another does not bring them back", async () => {
  const [later, muchLater] = [3_600_000, 7_200_000].map((ms) => new Date(Date.now() + ms).toISOString());
  const consent = await consentOf(stranger, { until: later });
  const endOf = async () =>
    await env.RECORDS_EU.prepare("select ends_at from shared_with_partners where consent_id = ?").bind(consent).first<number>("ends_at");
  expect(await endOf()).toBe(Date.parse(later ?? ""));
  expect((await call(stranger, "PATCH", `/v1/me/consents/${consent}`, { until: muchLater })).status).toBe(200);
  expect(await endOf()).toBe(Date.parse(muchLater ?? ""));
  const { id } = await made([ada, stranger]);
  expect((await read(id)).quantity).toBe(2);
  await env.RECORDS_EU.prepare("update shared_with_partners set ends_at = ? where consent_id = ?")
    .bind(Date.now() - 1, consent)
    .run();
  expect((await read(id)).quantity).toBe(1);
  expect((await send(as(token), "POST", "/Group", group([stranger]))).status).toBe(422);
  const own = ownSchema.parse(await (await stranger.fetch("/v1/me/groups")).json());
  expect(own.items.map((one) => one.id)).not.toContain(id.replaceAll("-", "_"));
  await consentOf(stranger);
  expect((await read(id)).quantity).toBe(1);
});

test("groups and their members are found by indexes", async () => {
  for (const sql of [
    "select 1 from fhir_groups where organisation_id = ?1 and id > ''",
    "delete from fhir_group_members where person_id = ?1",
    "select 1 from fhir_group_members where group_id = ?1 order by person_id",
  ]) {
    const { results } = await env.RECORDS_EU.prepare(`explain query plan ${sql}`).bind("x").all<{ detail: string }>();
    expect(results.map(({ detail }) => detail).join("\n")).not.toMatch(/^SCAN/m);
  }
});
