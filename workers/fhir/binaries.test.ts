import { env } from "cloudflare:workers";
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { describe, expect, test, vi } from "vitest";
import * as z from "zod";
import { labFileKey } from "../../shared/labs/files";
import { newId, type PersonId } from "../../shared/id";
import { patientId } from "../../shared/fhir/ids";
import { make } from "../../test/partners";
import { registerPerson, type RegisteredPerson } from "../../test/people";
import { regional, vaultOf } from "../regional";

const PDF = new TextEncoder().encode("%PDF-1.7\nA letter.");
const idOf = (value: unknown) => z.looseObject({ id: z.string() }).parse(value).id;

const keep = async (person: RegisteredPerson, body: Uint8Array | string, headers: Record<string, string>) =>
  await person.fetch("/fhir/r4/Binary", { method: "POST", body, headers });
const created = async (person: RegisteredPerson, headers: Record<string, string> = { "content-type": "application/pdf" }) => {
  const response = await keep(person, PDF, headers);
  expect(response.status, await response.clone().text()).toBe(201);
  return idOf(await response.json());
};
const get = async (person: RegisteredPerson, id: string, accept: string) =>
  await person.fetch(`/fhir/r4/Binary/${id}`, { headers: { accept } });
const filesOf = async (person: PersonId) => (await regional(env, "eu").files.list({ prefix: labFileKey(person, "") })).objects;

const FHIR = { "content-type": "application/fhir+json" };

/** Where the resources of a Bundle have come to be. */
async function sendBundle(person: RegisteredPerson, type: string, entry: readonly object[]): Promise<(string | undefined)[]> {
  const response = await person.fetch("/fhir/r4", {
    method: "POST",
    headers: FHIR,
    body: JSON.stringify({ resourceType: "Bundle", type, entry }),
  });
  const text = await response.text();
  expect(response.status, text).toBe(200);
  const schema = z.looseObject({ entry: z.array(z.looseObject({ response: z.looseObject({ location: z.string().optional() }) })) });
  return schema.parse(JSON.parse(text)).entry.map(({ response: { location } }) => location);
}

describe("a Binary", () => {
  test("comes raw or as a resource, is answered as either, lies sealed, and goes with its bytes", async () => {
    const person = await registerPerson("eu");
    const raw = await created(person);
    const data = btoa(String.fromCharCode(...PDF));
    const response = await keep(person, JSON.stringify({ resourceType: "Binary", contentType: "application/pdf", data }), {
      "content-type": "application/fhir+json",
    });
    expect(response.headers.get("location")).toMatch(/\/fhir\/r4\/Binary\/[^/]+\/_history\/1$/);
    const sent = idOf(await response.json());
    for (const id of [raw, sent]) {
      const file = await get(person, id, "application/pdf, */*");
      expect(Object.fromEntries(file.headers)).toMatchObject({
        "content-type": "application/pdf",
        "content-disposition": "attachment",
        "x-content-type-options": "nosniff",
        etag: 'W/"1"',
      });
      expect(new Uint8Array(await file.arrayBuffer())).toEqual(PDF);
      expect(await (await get(person, id, "application/fhir+json")).json()).toMatchObject({
        resourceType: "Binary",
        contentType: "application/pdf",
        data,
      });
    }
    const stored = await filesOf(person.person.id);
    expect(stored).toHaveLength(2);
    const bytes = await (await regional(env, "eu").files.get(stored[0]!.key))!.text();
    expect(bytes).not.toContain("letter");

    // What a move copies and an erasure deletes.
    const vault = vaultOf(env, person.person.id);
    const names = await vault.labFileNames(undefined, 10);
    expect(names).toHaveLength(2);
    expect(await vault.openLabFile(names[0]!)).toEqual(PDF);
    const stranger = await registerPerson("eu");
    expect((await get(stranger, raw, "*/*")).status).toBe(404);
    expect(
      (await person.fetch(`/fhir/r4/Binary/${raw}`, { method: "PUT", body: "{}", headers: { "content-type": "application/fhir+json" } }))
        .status,
    ).toBe(405);
    expect((await person.fetch(`/fhir/r4/Binary/${raw}`, { method: "DELETE" })).status).toBe(204);
    expect((await get(person, raw, "*/*")).status).toBe(410);
    for (let turn = 0; turn < 5 && (await filesOf(person.person.id)).length > 1; turn++)
      await runDurableObjectAlarm(vaultOf(env, person.person.id));
    expect(await filesOf(person.person.id)).toHaveLength(1);
  });

  test("in a transaction or an import lies sealed like any other, once, and is read from there", async () => {
    const person = await registerPerson("eu");
    const { id } = person.person;
    const vault = vaultOf(env, id);
    const binary = { resourceType: "Binary", contentType: "application/pdf", data: btoa(String.fromCharCode(...PDF)) };
    const attached = {
      resourceType: "DocumentReference",
      status: "current",
      content: [{ attachment: { url: "urn:uuid:7d5b1cb1-0f5b-4c54-8b05-8d6a0a6a0a01" } }],
    };
    const post = (resource: object, fullUrl?: string) => ({
      request: { method: "POST", url: (resource as typeof binary).resourceType },
      resource,
      fullUrl,
    });
    const made = await sendBundle(person, "transaction", [post(binary, "urn:uuid:7d5b1cb1-0f5b-4c54-8b05-8d6a0a6a0a01"), post(attached)]);
    const [file, document] = made.map((location) => location?.replace(/.*r4\/|\/_history.*/g, "") ?? "");
    expect(await (await person.fetch(`/fhir/r4/${document}`)).json()).toMatchObject({ content: [{ attachment: { url: file } }] });
    expect(await filesOf(id)).toHaveLength(1);
    await runInDurableObject(vault, (_instance, { storage: { sql } }) => {
      expect(sql.exec("SELECT 1 FROM fhir_resources WHERE type = 'Binary' AND body LIKE '%data%'").toArray()).toEqual([]);
    });
    expect(new Uint8Array(await (await get(person, file?.slice("Binary/".length) ?? "", "*/*")).arrayBuffer())).toEqual(PDF);
    // A batch that reads it shows its data.
    const batch = await person.fetch("/fhir/r4", {
      method: "POST",
      headers: FHIR,
      body: JSON.stringify({ resourceType: "Bundle", type: "batch", entry: [{ request: { method: "GET", url: file } }] }),
    });
    expect(await batch.json()).toMatchObject({ entry: [{ resource: { data: binary.data } }] });

    // What an import brings twice is one file; taken back, it goes.
    const by = newId("import", "eu", Date.now());
    const draft = { type: "Binary" as const, id: crypto.randomUUID(), original: "", toldAt: 0, json: JSON.stringify(binary), links: [] };
    const bring = async () => await vault.recordResources({ drafts: [draft], isEnd: false }, by, "a.json");
    expect((await bring()).byType).toEqual({ Binary: { accepted: 1, duplicate: 0, rejected: 0 } });
    expect((await bring()).byType).toEqual({ Binary: { accepted: 0, duplicate: 1, rejected: 0 } });
    expect(await filesOf(id)).toHaveLength(2);
    expect(new Uint8Array(await (await get(person, draft.id, "*/*")).arrayBuffer())).toEqual(PDF);
    await vault.undoImport(by);
    for (let turn = 0; turn < 5 && (await filesOf(id)).length > 1; turn++) await runDurableObjectAlarm(vault);
    expect(await filesOf(id)).toHaveLength(1);

    // One that reads and deletes it has done both, and says so.
    const entry = ["GET", "DELETE"].map((method) => ({ request: { method, url: file } }));
    const both = await person.fetch("/fhir/r4", {
      method: "POST",
      headers: FHIR,
      body: JSON.stringify({ resourceType: "Bundle", type: "batch", entry }),
    });
    expect(both.status).toBe(200);
    expect(await both.json()).toMatchObject({
      entry: [{ response: { status: expect.stringMatching(/^200/) } }, { response: { status: expect.stringMatching(/^20[04]/) } }],
    });
    expect((await get(person, file?.slice("Binary/".length) ?? "", "*/*")).status).toBe(410);
  });

  test("in a transaction that fails, or that dies between file and row, leaves no file behind", async () => {
    const person = await registerPerson("eu");
    const { id } = person.person;
    const vault = vaultOf(env, id);
    const binary = { resourceType: "Binary", contentType: "application/pdf", data: btoa(String.fromCharCode(...PDF)) };
    const post = (resource: object) => ({ request: { method: "POST", url: (resource as typeof binary).resourceType }, resource });
    const bundle = (...entry: object[]) => JSON.stringify({ resourceType: "Bundle", type: "transaction", entry });
    const send = async (body: string) => (await person.fetch("/fhir/r4", { method: "POST", headers: FHIR, body })).status;
    expect(await send(bundle(post(binary), post({ resourceType: "Condition" })))).toBe(422);
    // A program, whatever it is called.
    expect(await send(bundle(post({ ...binary, data: btoa("MZ program") })))).toBe(422);
    for (let turn = 0; turn < 5 && (await filesOf(id)).length > 0; turn++) await runDurableObjectAlarm(vault);
    expect(await filesOf(id)).toEqual([]);

    vi.useFakeTimers({ toFake: ["Date"] });
    try {
      // The object dies once the file is in the bucket: nothing that comes after it happens.
      await runInDurableObject(vault, (_instance, { storage }) => {
        vi.spyOn(storage, "transactionSync").mockImplementation(() => {
          throw new Error("dead");
        });
      });
      expect(await send(bundle(post(binary)))).toBe(500);
      vi.restoreAllMocks();
      await evictDurableObject(vault);
      expect(await filesOf(id)).toHaveLength(1);
      vi.setSystemTime(Date.now() + 3_700_000);
      for (let turn = 0; turn < 5 && (await filesOf(id)).length > 0; turn++) await runDurableObjectAlarm(vault);
      expect(await filesOf(id)).toEqual([]);
    } finally {
      vi.useRealTimers();
    }
  });

  test("of somebody else is read by consent: as its context is, or with all documents", async () => {
    const [person, friend] = [await registerPerson("eu"), await registerPerson("us")];
    const subject = { reference: `Patient/${patientId(person.person.id)}` };
    const weight = await person.fetch("/fhir/r4/Observation", {
      method: "POST",
      headers: FHIR,
      body: JSON.stringify({
        resourceType: "Observation",
        status: "final",
        category: [{ coding: [{ system: "http://terminology.hl7.org/CodeSystem/observation-category", code: "vital-signs" }] }],
        code: { coding: [{ system: "http://loinc.org", code: "8867-4" }] },
        subject,
        effectiveDateTime: "2026-11-20T07:00:00Z",
        valueQuantity: { value: 60, unit: "/min", system: "http://unitsofmeasure.org", code: "/min" },
      }),
    });
    const of = `Observation/${idOf(await weight.json())}`;
    const [within, alone] = [await created(person, { "content-type": "application/pdf", "x-security-context": of }), await created(person)];
    const reads = async () => await Promise.all([within, alone].map(async (one) => (await get(friend, one, "*/*")).status));
    expect(await reads()).toEqual([404, 404]);
    const grantee = { kind: "person", id: friend.person.id };
    const share = async (...categories: string[]) =>
      await make(person, "/v1/me/consents", { grantee, role: "user", categories, actions: ["read"], purpose: "personal" });
    const vitals = await share("vitals");
    expect(await reads()).toEqual([200, 404]);
    await person.fetch(`/v1/me/consents/${vitals}`, { method: "DELETE" });
    await share("documents");
    expect(await reads()).toEqual([404, 200]);
    // The person reads both, also once the context is gone.
    await person.fetch(`/fhir/r4/${of}`, { method: "DELETE" });
    expect((await get(person, within, "*/*")).status).toBe(200);
  });

  test("is refused where it is not what it is called, and of a type that is not kept", async () => {
    const person = await registerPerson("eu");
    const status = async (type: string, body: string) => (await keep(person, body, { "content-type": type })).status;
    expect(await status("application/pdf", "<html></html>")).toBe(422);
    expect(await status("text/plain", "MZ program")).toBe(422);
    expect(await status("image/svg+xml", "<svg/>")).toBe(422);
    expect(await filesOf(person.person.id)).toEqual([]);
  });

  test("is what a document's attachment leads to, and may be read by who may read the document", async () => {
    const person = await registerPerson("eu");
    const id = await created(person);
    const alone = await created(person);
    const subject = { reference: `Patient/${patientId(person.person.id)}` };
    const document = await person.fetch("/fhir/r4/DocumentReference", {
      method: "POST",
      headers: { "content-type": "application/fhir+json" },
      body: JSON.stringify({
        resourceType: "DocumentReference",
        status: "current",
        subject,
        content: [{ attachment: { contentType: "application/pdf", url: `Binary/${id}` } }],
      }),
    });
    const of = `DocumentReference/${idOf(await document.json())}`;
    const within = await created(person, { "content-type": "application/pdf", "x-security-context": of });
    const vault = vaultOf(env, person.person.id);
    const reads = async (type: string, one: string) => {
      const actor = {
        kind: "person" as const,
        person: person.person.id,
        session: newId("session", "eu", Date.now()),
        reach: { grants: [{ type, interactions: "r" }] },
      };
      return await vault.fhirBinary(actor, { kind: "read", id: one }).then(
        () => true,
        () => false,
      );
    };
    // Files alone; documents alone; neither. What has a context is as that is.
    expect(await Promise.all([id, alone, within].map(async (one) => await reads("Binary", one)))).toEqual([true, true, false]);
    expect(await Promise.all([id, alone, within].map(async (one) => await reads("DocumentReference", one)))).toEqual([true, false, true]);
    expect(await Promise.all([id, alone, within].map(async (one) => await reads("Condition", one)))).toEqual([false, false, false]);
    const odd = await keep(person, PDF, { "content-type": "application/pdf", "x-security-context": "DocumentReference/none" });
    expect(odd.status).toBe(422);
  });
});
