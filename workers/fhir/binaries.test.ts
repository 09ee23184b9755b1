import { env } from "cloudflare:workers";
import { runDurableObjectAlarm } from "cloudflare:test";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { labFileKey } from "../../shared/labs/files";
import { newId, type PersonId } from "../../shared/id";
import { patientId } from "../../shared/fhir/ids";
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
