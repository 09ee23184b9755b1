import { describe, expect, test } from "vitest";
import { ask, codesOf, type List } from "../../test/editions";
import { holdRoles, proveSecondFactor, registerPerson } from "../../test/people";

const CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical";

describe("a health record", () => {
  test("is one truth behind both doors: made here it is FHIR there, and what FHIR wrote is changed here without loss", async () => {
    const person = await registerPerson("eu");
    const made = await ask(person, "POST", "/v1/me/allergies", {
      name: "Peanut",
      criticality: "high",
      reactions: [{ manifestations: ["Hives"], severity: "mild" }],
    });
    expect(made).toMatchObject({ status: 201, body: { status: "active", edition: 1, code: null } });
    expect(made.headers.get("etag")).toBe('"1"');
    const there = await ask(person, "GET", `/fhir/r4/AllergyIntolerance/${made.body.id}`);
    expect(there.body).toMatchObject({ code: { text: "Peanut" }, criticality: "high", reaction: [{ severity: "mild" }] });

    const patient = person.person.id.replaceAll("_", "-");
    const written = {
      resourceType: "Condition",
      clinicalStatus: { coding: [{ system: CLINICAL, code: "active" }] },
      code: { coding: [{ system: "http://snomed.info/sct", code: "44054006", display: "Diabetes mellitus type 2" }] },
      subject: { reference: `Patient/${patient}` },
      onsetDateTime: "2015-03",
      stage: [{ summary: { text: "II" } }],
    };
    const { id } = (await ask(person, "POST", "/fhir/r4/Condition", written)).body;
    const path = `/v1/me/conditions/${id}`;
    expect((await ask(person, "GET", path)).body).toMatchObject({ name: "Diabetes mellitus type 2", onset: "2015-03", edition: 1 });
    expect((await ask(person, "PATCH", path, { note: "Seen." }, { "if-match": '"7"' })).status).toBe(412);
    expect((await ask(person, "PATCH", path, { note: "Seen." }, { "if-match": '"1"' })).body).toMatchObject({ note: "Seen.", edition: 2 });
    expect((await ask(person, "GET", `/fhir/r4/Condition/${id}`)).body).toMatchObject({ ...written, note: [{ text: "Seen." }] });
    const replaced = await ask(person, "PUT", path, { name: "Diabetes", status: "resolved", end: "2024" });
    expect(replaced.body).toMatchObject({ name: "Diabetes", code: null, onset: null, note: null, end: "2024", edition: 3 });
    expect((await ask(person, "DELETE", path)).status).toBe(204);
    expect((await ask(person, "GET", path)).status).toBe(410);
    expect((await ask(person, "GET", `/fhir/r4/Condition/${id}`)).status).toBe(410);
  });

  test("of an immunization or a procedure is read from what others wrote, and keeps what plain words do not say", async () => {
    const person = await registerPerson("eu");
    const subject = { reference: `Patient/${person.person.id.replaceAll("_", "-")}` };
    const made = await ask(person, "POST", "/v1/me/immunizations", { name: "Tetanus", date: "2024-03", doseNumber: 2, lot: "AB1" });
    expect(made).toMatchObject({ status: 201, body: { status: "completed", date: "2024-03", doseNumber: 2, manufacturer: null } });
    expect((await ask(person, "GET", `/fhir/r4/Immunization/${made.body.id}`)).body).toMatchObject({
      vaccineCode: { text: "Tetanus" },
      occurrenceDateTime: "2024-03",
      protocolApplied: [{ doseNumberPositiveInt: 2 }],
      lotNumber: "AB1",
    });
    expect(codesOf(await ask(person, "PATCH", `/v1/me/immunizations/${made.body.id}`, { date: null }))).not.toEqual([]);

    const written = {
      resourceType: "Procedure",
      status: "completed",
      code: { text: "Appendectomy" },
      subject,
      performedPeriod: { start: "2012-08-03T08:00:00Z", end: "2012-08-03T09:30:00Z" },
      bodySite: [{ text: "Appendix" }],
      complication: [{ text: "None" }],
    };
    const { id } = (await ask(person, "POST", "/fhir/r4/Procedure", written)).body;
    const path = `/v1/me/procedures/${id}`;
    expect((await ask(person, "GET", path)).body).toMatchObject({
      name: "Appendectomy",
      end: "2012-08-03T09:30:00Z",
      bodySite: "Appendix",
    });
    await ask(person, "PATCH", path, { end: null, outcome: "Well" });
    const now = (await ask(person, "GET", `/fhir/r4/Procedure/${id}`)).body;
    expect(now).toMatchObject({ performedDateTime: "2012-08-03T08:00:00Z", outcome: { text: "Well" }, complication: [{ text: "None" }] });
    expect(now).not.toHaveProperty("performedPeriod");
    const found = await ask(person, "GET", "/v1/me/procedures?from=2012-01-01T00:00:00Z&to=2013-01-01T00:00:00Z&status=completed");
    expect(found.body.items).toMatchObject([{ id }]);
  });

  test("is refused where its parts do not fit together", async () => {
    const person = await registerPerson("us");
    const faults = async (body: unknown) => codesOf(await ask(person, "POST", "/v1/me/conditions", body));
    expect(await faults({ name: "Flu", status: "active", end: "2021" })).toEqual(["/end not_over"]);
    expect(await faults({ name: "Flu", onset: "2021-02-30" })).toEqual(["/onset custom"]);
    // Of R4, whose hours end at 23 and whose zones end at 14, and whose URIs have no spaces.
    for (const onset of ["0000", "2021-06-01T24:00:00Z", "2021-06-01T10:00:00+15:30"])
      expect(await faults({ name: "Flu", onset })).toEqual(["/onset custom"]);
    expect(await faults({ name: "Flu", code: { system: "urn:a b", code: "1" } })).toEqual(["/code/system custom"]);
    expect(await faults({ status: "active", humour: "black" })).toContain("/humour unknown_field");
  });

  test("is found by status and time, a page after the other", async () => {
    const person = await registerPerson("eu");
    for (const year of [2019, 2020, 2021])
      await ask(person, "POST", "/v1/me/medications", {
        name: `Of ${year}`,
        start: `${year}-05-01`,
        dose: "Daily",
        status: year === 2019 ? "stopped" : "active",
      });
    const list = async (query: string) => (await ask(person, "GET", `/v1/me/medications?${query}`)).body;
    const names = ({ items }: List) => items.map(({ name }) => name).toSorted();
    expect(names(await list("status=active"))).toEqual(["Of 2020", "Of 2021"]);
    const first = await list("limit=2");
    const second = await list(`limit=2&cursor=${first.next}`);
    expect([...names(first), ...names(second)].toSorted()).toEqual(["Of 2019", "Of 2020", "Of 2021"]);
    expect(second.next).toBeNull();
    expect((await ask(person, "GET", `/v1/me/medications?status=active&cursor=${first.next}`)).status).toBe(422);
    expect(names(await list("from=2021-01-01T00:00:00Z"))).toContain("Of 2021");
    expect(names(await list("to=2019-12-31T00:00:00Z"))).toEqual(["Of 2019"]);
  });

  test("is shown to somebody else by a consent that names the history, and that is logged", async () => {
    const person = await registerPerson("eu");
    await ask(person, "POST", "/v1/me/conditions", { name: "Asthma" });
    const clinician = await registerPerson("eu");
    await holdRoles(clinician, ["user", "clinician"]);
    await proveSecondFactor(clinician);
    const at = `/v1/people/${person.person.id}/conditions`;
    const consent = async (categories: readonly string[]) =>
      await ask(person, "POST", "/v1/me/consents", {
        grantee: { kind: "person", id: clinician.person.id },
        role: "clinician",
        categories,
        actions: ["read"],
        purpose: "care",
      });
    await consent(["labs", "documents"]);
    expect((await ask(clinician, "GET", at)).status).toBe(404);
    expect((await consent(["history"])).status).toBe(201);
    expect((await ask(clinician, "GET", at)).body.items).toMatchObject([{ name: "Asthma" }]);
    const log = await ask(person, "GET", `/v1/me/access-log?actor=${clinician.person.id}&resource=record`);
    expect(log.body.items).toMatchObject([{ outcome: "allowed" }, { outcome: "denied", reason: "special_category_not_granted" }]);
    expect(JSON.stringify(log.body)).not.toContain("Asthma");
  });
});
