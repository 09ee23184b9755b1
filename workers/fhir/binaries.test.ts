import { env } from "cloudflare:workers";
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { describe, expect, test, vi } from "vitest";
import * as z from "zod";
import fhirFiles from "../../migrations/vault/0251_fhir_files.sql";
import fhirFileVersions from "../../migrations/vault/0312_fhir_file_versions.sql";
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

  test("that a second import brings with other bytes has these, sealed and exported; taken back, it has those of the first", async () => {
    const person = await registerPerson("eu");
    const vault = vaultOf(env, person.person.id);
    const [first, second] = [newId("import", "eu", Date.now()), newId("import", "eu", Date.now())];
    const binary = crypto.randomUUID();
    const bring = async (by: string, bytes: Uint8Array, contentType = "application/pdf") => {
      const json = JSON.stringify({ resourceType: "Binary", contentType, data: btoa(String.fromCharCode(...bytes)) });
      const draft = { type: "Binary" as const, id: binary, original: "", toldAt: 0, json, links: [] };
      return (await vault.recordResources({ drafts: [draft], isEnd: false }, by, "a.json")).byType["Binary"];
    };
    const read = async () => new Uint8Array(await (await get(person, binary, "*/*")).arrayBuffer());
    const exported = async () => {
      const id = newId("export", "eu", Date.now());
      await vault.openExport({ kind: "person", person: person.person.id, session: newId("session", "eu", Date.now()) }, id);
      const { documents } = await vault.exportPlan(id);
      const bytes = await vault.exportDocument(id, `Binary/${binary}`, 0, 1_000);
      await vault.closeExport(id);
      return { documents: documents.map(({ size, type }) => ({ size, type })), bytes };
    };
    const swept = async (left: number) => {
      for (let turn = 0; turn < 5 && (await filesOf(person.person.id)).length > left; turn++) await runDurableObjectAlarm(vault);
      return await filesOf(person.person.id);
    };
    const other = new TextEncoder().encode("%PDF-1.7\nA longer letter.");
    await bring(first, PDF);
    expect(await bring(second, other)).toEqual({ accepted: 1, duplicate: 0, rejected: 0 });
    expect(await bring(second, other)).toEqual({ accepted: 0, duplicate: 1, rejected: 0 });
    expect(await read()).toEqual(other);
    expect(await exported()).toEqual({ documents: [{ size: other.length, type: "application/pdf" }], bytes: other });
    await runInDurableObject(vault, (_instance, { storage: { sql } }) => {
      expect(sql.exec("SELECT 1 FROM fhir_resources WHERE type = 'Binary' AND body LIKE '%data%'").toArray()).toEqual([]);
    });
    // The same bytes under another type are the same file.
    await bring(second, other, "application/octet-stream");
    expect(await exported()).toEqual({ documents: [{ size: other.length, type: "application/octet-stream" }], bytes: other });
    expect(await swept(2)).toHaveLength(2);

    await vault.undoImport(second);
    expect(await read()).toEqual(PDF);
    expect(await exported()).toEqual({ documents: [{ size: PDF.length, type: "application/pdf" }], bytes: PDF });
    expect(await swept(1)).toHaveLength(1);
    expect(await vault.labFileNames(undefined, 10)).toHaveLength(1);
    await vault.undoImport(first);
    expect((await get(person, binary, "*/*")).status).toBe(410);
    expect(await swept(0)).toEqual([]);
  });

  test("of an import that was changed by the next goes with all its bytes when it is deleted", async () => {
    const person = await registerPerson("eu");
    const vault = vaultOf(env, person.person.id);
    const id = crypto.randomUUID();
    for (const text of ["%PDF-1.7\nOne.", "%PDF-1.7\nTwo."]) {
      const json = JSON.stringify({ resourceType: "Binary", contentType: "application/pdf", data: btoa(text) });
      const draft = { type: "Binary" as const, id, original: "", toldAt: 0, json, links: [] };
      await vault.recordResources({ drafts: [draft], isEnd: false }, newId("import", "eu", Date.now()), "a.json");
    }
    expect(await filesOf(person.person.id)).toHaveLength(2);
    expect((await person.fetch(`/fhir/r4/Binary/${id}`, { method: "DELETE" })).status).toBe(204);
    for (let turn = 0; turn < 5 && (await filesOf(person.person.id)).length > 0; turn++) await runDurableObjectAlarm(vault);
    expect(await filesOf(person.person.id)).toEqual([]);
  });

  test("whose file goes while an import brings the same bytes is not said to have it: the import tries again", async () => {
    const person = await registerPerson("eu");
    const vault = vaultOf(env, person.person.id);
    const [first, second] = [newId("import", "eu", Date.now()), newId("import", "eu", Date.now())];
    const draft = (bytes: Uint8Array) => {
      const json = JSON.stringify({ resourceType: "Binary", contentType: "application/pdf", data: btoa(String.fromCharCode(...bytes)) });
      return { type: "Binary" as const, id: crypto.randomUUID(), original: "", toldAt: 0, json, links: [] };
    };
    const [binary, other] = [draft(PDF), draft(new TextEncoder().encode("%PDF-1.7\nAnother."))];
    await vault.recordResources({ drafts: [binary], isEnd: false }, first, "a.json");
    const both = { drafts: [binary, other], isEnd: false };
    await runInDurableObject(vault, async (instance) => {
      // It has seen the file that is here, and stores the other one.
      const brought = instance.recordResources(both, second, "b.json");
      await instance.undoImport(first);
      await expect(brought).rejects.toThrow("before it was named");
    });
    for (let turn = 0; turn < 5 && (await filesOf(person.person.id)).length > 0; turn++) await runDurableObjectAlarm(vault);
    expect(await filesOf(person.person.id)).toEqual([]);
    await vault.recordResources(both, second, "b.json");
    expect(new Uint8Array(await (await get(person, binary.id, "*/*")).arrayBuffer())).toEqual(PDF);
  });

  test("from before files had versions keeps its file with every version that holds no bytes itself", async () => {
    const person = await registerPerson("eu");
    await runInDurableObject(vaultOf(env, person.person.id), (_instance, { storage: { sql } }) => {
      const body = (fields: object) => JSON.stringify({ resourceType: "Binary", contentType: "text/plain", ...fields });
      sql.exec("DROP TABLE fhir_files");
      sql.exec(fhirFiles);
      sql.exec("INSERT INTO fhir_files (n, file, type, size, sha256) VALUES (900, 'one', 'text/plain', 3, 'abc')");
      const insert = (version: number, text: string | null) =>
        sql.exec(
          "INSERT INTO fhir_versions (n, type, version, changed_at, method, body) VALUES (900, 'Binary', ?, 0, 'PUT', ?)",
          version,
          text,
        );
      insert(1, body({}));
      insert(2, body({ data: "YWJj" }));
      insert(3, null);
      sql.exec(
        "INSERT INTO fhir_resources (n, type, id, version, changed_at, at, method, class, body) VALUES (900, 'Binary', 'a', 4, 0, 0, 'PUT', 0, ?)",
        body({ contentType: "text/csv" }),
      );
      sql.exec(fhirFileVersions);
      expect(sql.exec("SELECT version, file, type FROM fhir_files ORDER BY version").toArray()).toEqual([
        { version: 1, file: "one", type: "text/plain" },
        { version: 4, file: "one", type: "text/csv" },
      ]);
    });
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
