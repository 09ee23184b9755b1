import { env } from "cloudflare:workers";
import { runInDurableObject } from "cloudflare:test";
import { describe, expect, test } from "vitest";
import { LAB_FILES } from "../../shared/labs/files";
import { newId } from "../../shared/id";
import type { LabBatch, LabDraft } from "../../shared/labs/result";
import { ask, codesOf, type Shown } from "../../test/editions";
import { holdRoles, proveSecondFactor, registerPerson, type RegisteredPerson } from "../../test/people";
import { freshVault } from "../../test/vaults";
import { regional, vaultOf } from "../regional";

const PDF = "%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n";
const GLUCOSE = {
  test: "glucose_fasting",
  collectedAt: "2026-11-20T08:30:00+01:00",
  value: 92,
  unit: "mg/dL",
  referenceRange: { low: 70, high: 90 },
};

async function upload(
  person: Pick<RegisteredPerson, "fetch">,
  body: BodyInit,
  path = "/v1/me/lab-reports",
  headers: Record<string, string> = {},
) {
  const response = await person.fetch(path, { method: "POST", body, headers: { "content-type": "application/pdf", ...headers } });
  return { status: response.status, body: (await response.json()) as Shown };
}

function draft(change: Partial<LabDraft> = {}): LabDraft {
  return {
    identity: "order-1/glucose",
    report: "order-1",
    type: "OBX NM",
    version: 1,
    source: "hl7v2",
    status: "preliminary",
    at: "2026-11-20",
    name: "GLUCOSE",
    codings: [{ system: "LN", code: "2345-7" }],
    value: { number: 95 },
    unit: "mg/dL",
    ranges: [{ low: 70, high: 99, text: "70-99" }],
    ...change,
  };
}

const REPORT: LabBatch["reports"][number] = {
  identity: "order-1",
  type: "OBR",
  version: 1,
  source: "hl7v2",
  status: "preliminary",
  at: "2026-11-20",
  title: "Metabolic panel",
  codings: [],
};

describe("a result that is typed in", () => {
  test("is read, compared, corrected with its history, and gone for good when deleted", async () => {
    const person = await registerPerson("eu");
    const made = await ask(person, "POST", "/v1/me/lab-results", GLUCOSE, { "idempotency-key": "lab-1" });
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({
      test: "glucose_fasting",
      status: "final",
      canonical: { number: 92, unit: "mg/dL" },
      interpretation: "high",
      appliedRange: { from: "laboratory", low: 70, high: 90 },
      source: "manual",
      broughtBy: person.person.id,
    });
    const { id } = made.body;
    const path = `/v1/me/lab-results/${id}`;
    expect(made.headers.get("location")).toBe(path);
    expect((await ask(person, "POST", "/v1/me/lab-results", GLUCOSE, { "idempotency-key": "lab-1" })).body.id).toBe(id);
    expect((await ask(person, "GET", "/v1/me/lab-results")).body.items).toHaveLength(1);

    expect((await ask(person, "PATCH", path, { value: 5.1, unit: "mmol/L", note: "Read again." }, { "if-match": '"9"' })).status).toBe(412);
    const changed = await ask(person, "PATCH", path, { value: 5.1, unit: "mmol/L", note: "Read again." }, { "if-match": '"1"' });
    expect(changed.body).toMatchObject({
      status: "final",
      edition: 2,
      unit: "mmol/L",
      canonical: { number: 91.87533778 },
      note: "Read again.",
    });
    const replaced = await ask(person, "PUT", path, { name: "Glucose", text: "not measured", collectedAt: "2026-11-20" });
    expect(replaced.body).toMatchObject({
      edition: 3,
      test: "glucose",
      value: { text: "not measured" },
      canonical: null,
      interpretation: null,
    });
    const history = (await ask(person, "GET", `${path}/history`)).body.items;
    expect(history.map(({ edition, unit }) => [edition, unit])).toEqual([
      [2, "mmol/L"],
      [1, "mg/dL"],
    ]);

    expect((await ask(person, "DELETE", path)).status).toBe(204);
    for (const [method, at] of [
      ["GET", path],
      ["GET", `${path}/history`],
      ["DELETE", path],
    ] as const)
      expect((await ask(person, method, at)).status).toBe(404);
  });

  test.each([
    [{ unit: "furlongs" }, ["/unit unknown_unit"]],
    [{ unit: "U/L" }, ["/unit unit_mismatch"]],
    [{ unit: undefined }, ["/unit required"]],
    [{ value: 5.1 }, ["/value implausible_value"]],
    [{ test: "humours" }, ["/test unknown_test"]],
    [{ collectedAt: "2999-01-01" }, ["/collectedAt in_the_future"]],
    [{ value: undefined, comparator: "<" }, ["/value required", "/comparator no_value"]],
    [{ referenceRange: { low: 9, high: 1 } }, ["/referenceRange/high invalid_range"]],
  ])("is refused with its fault: %o", async (change, codes) => {
    const person = await registerPerson("eu");
    const refused = await ask(person, "POST", "/v1/me/lab-results", { ...GLUCOSE, ...change });
    expect(refused.status).toBe(422);
    expect(codesOf(refused)).toEqual(codes);
    expect(JSON.stringify(refused.body)).not.toContain("furlongs");
  });

  test("of mg/dL that was meant as mmol/L is told the likelier unit", async () => {
    const refused = await ask(await registerPerson("us"), "POST", "/v1/me/lab-results", { ...GLUCOSE, value: 5.1 });
    expect(JSON.stringify(refused.body)).toContain("Is it in mmol/L?");
  });

  test("is found by test, time and status, a page after the other, and pages belong to their list", async () => {
    const person = await registerPerson("eu");
    for (const day of [1, 2, 3, 4]) await ask(person, "POST", "/v1/me/lab-results", { ...GLUCOSE, collectedAt: `2026-11-0${day}` });
    await ask(person, "POST", "/v1/me/lab-results", {
      name: "Urine color",
      text: "Amber",
      collectedAt: "2026-11-02",
      status: "preliminary",
    });
    const list = async (query: string) => (await ask(person, "GET", `/v1/me/lab-results?${query}`)).body;
    const first = await list("test=glucose_fasting&limit=3");
    expect(first.items.map(({ collectedAt }) => collectedAt)).toEqual(["2026-11-04", "2026-11-03", "2026-11-02"]);
    expect((await list(`test=glucose_fasting&limit=3&cursor=${first.next}`)).items.map(({ collectedAt }) => collectedAt)).toEqual([
      "2026-11-01",
    ]);
    expect((await ask(person, "GET", `/v1/me/lab-results?limit=3&cursor=${first.next}`)).status).toBe(422);
    expect((await list("from=2026-11-02T12:00:00Z&to=2026-11-03T12:00:00Z")).items).toHaveLength(1);
    expect((await list("status=preliminary")).items).toMatchObject([{ test: null, value: { text: "Amber" } }]);
  });

  test("its lists are read by an index", async () => {
    const { vault, actor } = freshVault();
    await vault.labResults(actor, { limit: 1 });
    const plans = await runInDurableObject(vault, (_instance, { storage: { sql } }) =>
      ["at >= 0 AND at < 1", "test = 'x' AND at >= 0 AND at < 1 AND (at, id) < (1, 'x')", "report = 'x' AND at >= 0 AND at < 1"].map(
        (where) =>
          sql
            .exec<{ detail: string }>(`EXPLAIN QUERY PLAN SELECT * FROM lab_results WHERE ${where} ORDER BY at DESC, id DESC LIMIT 2`)
            .toArray()
            .map(({ detail }) => detail)
            .join("; "),
      ),
    );
    for (const plan of plans) expect(plan).toMatch(/^SEARCH lab_results USING INDEX lab_results_by_\w+ \([^;]*\)$/);
  });
});

describe("results of an import", () => {
  test("change nothing when they come again, follow corrections, and do not undo what somebody changed", async () => {
    const { vault, actor, person } = freshVault();
    const imports = [newId("import", "eu", 1), newId("import", "eu", 2), newId("import", "eu", 3)] as const;
    const record = async (change: Partial<LabDraft>, by: string) =>
      (await vault.recordLabs({ reports: [REPORT], results: [draft(change)] }, by)).byType["OBX NM"];
    const read = async () => JSON.parse((await vault.labResults(actor, { limit: 10 })).items) as Shown[];
    expect(await record({}, imports[0])).toEqual({ accepted: 1, duplicate: 0, rejected: 0 });
    const before = await read();
    expect(before).toMatchObject([{ status: "preliminary", interpretation: "normal", broughtBy: imports[0] }]);
    expect(await record({}, imports[1])).toEqual({ accepted: 0, duplicate: 1, rejected: 0 });
    expect(await read()).toEqual(before);
    expect(await record({ version: 2, status: "corrected", value: { number: 120 } }, imports[1])).toMatchObject({ accepted: 1 });
    expect(await record({}, imports[2])).toMatchObject({ duplicate: 1 });
    const [corrected] = await read();
    expect(corrected).toMatchObject({ id: before[0]?.id, edition: 2, status: "corrected", interpretation: "high" });

    // Undoing the correction alone puts back what was there before.
    expect(await vault.undoLabs(imports[1])).toEqual({ removed: 1, isMore: false });
    expect(await read()).toMatchObject([{ status: "preliminary", value: { number: 95 }, edition: 3 }]);

    await vault.changeLabResult(actor, corrected?.id ?? "", { note: "Fasting." }, { isWhole: false });
    expect(await record({ version: 3, value: { number: 300 } }, imports[2])).toMatchObject({ duplicate: 1 });
    expect(await read()).toMatchObject([{ note: "Fasting.", value: { number: 95 }, source: "hl7v2" }]);

    await vault.removeLabResult(actor, corrected?.id ?? "");
    expect(await record({ version: 9 }, imports[2])).toEqual({ accepted: 0, duplicate: 0, rejected: 1 });
    expect(await read()).toEqual([]);
    expect(person).toMatch(/^per_eu_/);
  });

  test("go with their import, those that no other told", async () => {
    const { vault, actor } = freshVault();
    const [one, other] = [newId("import", "eu", 1), newId("import", "eu", 2)];
    await vault.recordLabs(
      {
        reports: [REPORT],
        results: [draft(), draft({ identity: "order-1/sodium", name: "Sodium", codings: [], value: { number: 140 }, unit: "mmol/L" })],
      },
      one,
    );
    await vault.recordLabs({ reports: [], results: [draft()] }, other);
    const names = async () => (JSON.parse((await vault.labResults(actor, { limit: 10 })).items) as Shown[]).map(({ name }) => name);
    await vault.undoLabs(one);
    expect(await names()).toEqual(["GLUCOSE"]);
    await vault.undoLabs(one);
    await vault.undoLabs(other);
    expect(await names()).toEqual([]);
    expect((await vault.recordLabs({ reports: [REPORT], results: [draft()] }, one)).byType).toMatchObject({ "OBX NM": { accepted: 1 } });
  });

  test("are compared with the person's own sex and age where the laboratory states no range", async () => {
    const { vault, actor } = freshVault();
    await vault.changeDetails(actor, { birthDate: "1980-01-01", sex: "male" });
    await vault.recordLabs(
      { reports: [], results: [draft({ name: "Hemoglobin", codings: [], value: { number: 12.5 }, unit: "g/dL", ranges: [] })] },
      newId("import", "eu", 1),
    );
    const [result] = JSON.parse((await vault.labResults(actor, { limit: 10 })).items) as Shown[];
    expect(result).toMatchObject({ interpretation: "low", appliedRange: { from: "typical" } });
  });
});

describe("a report as a PDF", () => {
  test("waits for review, is downloaded, gets results, is final, and goes with everything", async () => {
    const person = await registerPerson("eu");
    const made = await upload(person, PDF, "/v1/me/lab-reports?lab=City%20Lab", { "x-file-name": "Blutbild%20M%C3%A4rz.pdf" });
    expect(made).toMatchObject({
      status: 201,
      body: { status: "needs_review", title: "Blutbild März", lab: "City Lab", file: { size: PDF.length } },
    });
    const path = `/v1/me/lab-reports/${made.body.id}`;
    const file = await person.fetch(`${path}/file`);
    expect([await file.text(), file.headers.get("content-type"), file.headers.get("content-disposition")]).toEqual([
      PDF,
      "application/pdf",
      `attachment; filename="${made.body.id}.pdf"`,
    ]);
    const { files } = regional(env, "eu");
    const stored = async () => (await files.list({ prefix: `${LAB_FILES}${person.person.id}/` })).objects.map(({ key }) => key);
    expect(await stored()).toHaveLength(1);
    expect((await stored()).join(" ")).not.toMatch(/Blutbild|lbr_/);
    const [name = ""] = await stored();
    const sealed = new Uint8Array((await (await files.get(name))?.arrayBuffer()) ?? new ArrayBuffer());
    expect(new TextDecoder().decode(sealed)).not.toContain("%PDF");
    // Neither altered nor exchanged for another is it given out as the report's.
    const altered = sealed.slice();
    altered.set([(altered.at(-1) ?? 0) ^ 1], altered.length - 1);
    for (const other of [altered, new TextEncoder().encode(PDF.replace("1.7", "1.4"))]) {
      await files.put(name, other);
      expect((await person.fetch(`${path}/file`)).status).toBe(500);
    }
    await files.put(name, sealed);

    expect((await ask(person, "POST", "/v1/me/lab-results", { ...GLUCOSE, reportId: made.body.id })).status).toBe(201);
    expect((await ask(person, "PATCH", path, { status: "rejected" })).status).toBe(409);
    expect((await ask(person, "PATCH", path, { status: "final" })).body).toMatchObject({ status: "final", edition: 2 });
    expect((await ask(person, "GET", "/v1/me/lab-reports?status=final")).body.items).toHaveLength(1);
    expect((await ask(person, "GET", `/v1/me/lab-results?report=${made.body.id}`)).body.items).toHaveLength(1);

    expect((await ask(person, "DELETE", path)).status).toBe(204);
    expect((await ask(person, "GET", "/v1/me/lab-results")).body.items).toEqual([]);
    expect((await person.fetch(`${path}/file`)).status).toBe(404);
    await runInDurableObject(vaultOf(env, person.person.id), async (instance) => await instance.alarm());
    expect(await stored()).toEqual([]);
  });

  test("that is none is refused and leaves nothing, whatever its type says", async () => {
    const person = await registerPerson("eu");
    for (const body of ["", "<html>%PDF</html>", "PK\u0003\u0004"])
      expect((await upload(person, body)).body).toMatchObject({ code: "file_unreadable" });
    expect((await upload(person, PDF, undefined, { "content-type": "text/html" })).status).toBe(415);
    expect((await upload(person, new Uint8Array(20 * 1024 * 1024 + 1))).status).toBe(413);
    expect((await ask(person, "GET", "/v1/me/lab-reports")).body.items).toEqual([]);
    expect((await regional(env, "eu").files.list({ prefix: `${LAB_FILES}${person.person.id}/` })).objects).toEqual([]);
  });

  test("that was rejected takes no results", async () => {
    const person = await registerPerson("eu");
    const { body } = await upload(person, PDF);
    await ask(person, "PATCH", `/v1/me/lab-reports/${body.id}`, { status: "rejected" });
    expect((await ask(person, "POST", "/v1/me/lab-results", { ...GLUCOSE, reportId: body.id })).status).toBe(409);
  });
});

async function clinicianOf(person: RegisteredPerson, categories: readonly string[], actions: readonly string[]) {
  const clinician = await registerPerson("us");
  await holdRoles(clinician, ["user", "clinician"]);
  await proveSecondFactor(clinician);
  const grantee = { kind: "person", id: clinician.person.id };
  const consent = await ask(person, "POST", "/v1/me/consents", { grantee, role: "clinician", categories, actions, purpose: "care" });
  expect(consent.status).toBe(201);
  return clinician;
}

describe("somebody else", () => {
  test("reads, enters and corrects results by consent, and does not delete them", async () => {
    const person = await registerPerson("eu");
    const clinician = await clinicianOf(person, ["labs"], ["read", "write"]);
    const at = `/v1/people/${person.person.id}/lab-results`;
    const made = await ask(clinician, "POST", at, GLUCOSE);
    expect(made).toMatchObject({ status: 201, body: { broughtBy: clinician.person.id } });
    expect((await ask(clinician, "PATCH", `${at}/${made.body.id}`, { flag: "H" })).body).toMatchObject({ flag: "H", edition: 2 });
    expect((await ask(clinician, "GET", at)).body.items).toHaveLength(1);
    expect((await ask(clinician, "GET", `${at}/${made.body.id}/history`)).body.items).toHaveLength(1);
    expect((await ask(clinician, "DELETE", `${at}/${made.body.id}`)).status).toBe(405);
    expect((await ask(person, "GET", "/v1/me/lab-results")).body.items).toMatchObject([{ flag: "H" }]);
    const log = await ask(person, "GET", `/v1/me/access-log?actor=${clinician.person.id}&resource=lab_result&action=write`);
    expect(log.body.items).toHaveLength(2);
    expect(JSON.stringify(log.body)).not.toContain("glucose");
  });

  test("sees a report's document only where the consent names documents", async () => {
    const person = await registerPerson("eu");
    const { body } = await upload(person, PDF, undefined, { "x-file-name": "private-name.pdf" });
    const [labs, both] = [
      await clinicianOf(person, ["labs"], ["read"]),
      await clinicianOf(person, ["labs", "documents"], ["read", "write"]),
    ];
    const at = `/v1/people/${person.person.id}/lab-reports`;
    expect((await ask(labs, "GET", at)).body.items).toMatchObject([{ hasFile: true, file: null }]);
    expect((await labs.fetch(`${at}/${body.id}/file`)).status).toBe(404);
    expect((await ask(labs, "PATCH", `${at}/${body.id}`, { status: "final" })).status).toBe(404);
    expect((await upload(labs, PDF, at)).status).toBe(404);
    expect((await ask(both, "GET", at)).body.items).toMatchObject([{ file: { name: "private-name.pdf" } }]);
    expect(await (await both.fetch(`${at}/${body.id}/file`)).text()).toBe(PDF);
    expect((await ask(both, "PATCH", `${at}/${body.id}`, { status: "final" })).body).toMatchObject({ status: "final" });
    expect((await upload(both, PDF, at)).status).toBe(201);
  });
});

describe("as FHIR", () => {
  interface Bundle {
    readonly total?: number;
    readonly link: readonly { readonly relation: string; readonly url: string }[];
    readonly entry?: readonly { readonly fullUrl: string; readonly resource: Record<string, unknown> & { readonly id: string } }[];
  }
  const bundle = async (person: Pick<RegisteredPerson, "fetch">, path: string) => {
    const response = await person.fetch(path);
    expect(response.status).toBe(200);
    return (await response.json()) as Bundle;
  };
  const imported = async (person: RegisteredPerson) =>
    await vaultOf(env, person.person.id).recordLabs(
      {
        reports: [REPORT],
        results: [
          draft({ status: "final" }),
          draft({
            identity: "order-1/sodium",
            name: "Sodium",
            codings: [{ system: "L", code: "NA" }],
            value: { number: 140 },
            unit: "mmol/L",
          }),
          draft({
            identity: "old",
            report: "none",
            name: "Colour",
            codings: [],
            value: { text: "Amber" },
            ranges: [],
            at: "2025-03-01T08:00:00Z",
          }),
        ],
      },
      newId("import", "eu", 1),
    );

  test("results and reports are found by code, date, category, status, patient and id, a page after the other", async () => {
    const person = await registerPerson("eu", { timeZone: "Europe/Berlin" });
    await imported(person);
    await vaultOf(env, person.person.id).recordLabs({ reports: [], results: [] }, newId("import", "eu", 2));
    const me = `patient=${person.person.id.replaceAll("_", "-")}`;
    const count = async (query: string, type = "Observation") =>
      (await bundle(person, `/fhir/r4/${type}?${me}&${query}&_total=accurate&_count=50`)).entry?.length ?? 0;
    const expected: readonly (readonly [string, number])[] = [
      ["category=laboratory", 3],
      ["category=http://terminology.hl7.org/CodeSystem/observation-category|laboratory&date=2026-11-20", 2],
      ["category=vital-signs", 0],
      ["code=http://loinc.org|2345-7", 1],
      ["code=2345-7&date=ge2026-11-21", 0],
      // Of a test known by its name: its LOINC code is ours.
      ["code=http://loinc.org|2951-2", 1],
      ["code=urn:meridian:lab-test|", 2],
      ["code=urn:meridian:code-system:L|NA", 1],
      ["code=http://loinc.org|NA", 0],
      ["code=2345-7,NA&status=final", 1],
      ["status=preliminary", 2],
      ["date=lt2026", 1],
      ["device=x", 0],
    ];
    for (const [query, n] of expected) expect([query, await count(query)]).toEqual([query, n]);
    for (const [query, n] of [
      ["category=LAB", 1],
      ["category=laboratory", 0],
      ["status=preliminary&date=2026-11-20", 1],
      ["status=registered", 0],
    ] as const)
      expect([query, await count(query, "DiagnosticReport")]).toEqual([query, n]);

    const [first] = (await bundle(person, `/fhir/r4/Observation?${me}&code=2345-7`)).entry ?? [];
    expect(first?.resource).toMatchObject({
      status: "final",
      valueQuantity: { value: 95, unit: "mg/dL", code: "mg/dL" },
      referenceRange: [{ low: { value: 70 }, high: { value: 99 } }],
      interpretation: [{ coding: [{ code: "N" }] }],
    });
    const read = await person.fetch(`/fhir/r4/Observation/${first?.resource.id}`);
    expect([read.status, read.headers.get("etag"), await read.json()]).toEqual([200, 'W/"1"', first?.resource]);
    expect(await count(`_id=${first?.resource.id}&code=2345-7`)).toBe(1);
    expect(await count(`_id=${first?.resource.id}&code=718-7`)).toBe(0);
    expect(await count(`identifier=urn:meridian:observation|${first?.resource.id}`)).toBe(1);
    const [report] = (await bundle(person, `/fhir/r4/DiagnosticReport?${me}`)).entry ?? [];
    const results = report?.resource["result"] as { reference: string }[];
    expect(results.map(({ reference }) => reference)).toContain(`Observation/${first?.resource.id}`);
    expect(results).toHaveLength(2);

    const ids: string[] = [];
    for (let next: string | undefined = `/fhir/r4/Observation?${me}&_count=1`; next !== undefined;) {
      const page: Bundle = await bundle(person, next);
      ids.push(...(page.entry ?? []).map(({ resource }) => resource.id));
      const url = page.link.find(({ relation }) => relation === "next")?.url;
      next = url === undefined ? undefined : new URL(url).pathname + new URL(url).search;
    }
    expect(new Set(ids).size).toBe(3);
    expect(ids).toHaveLength(3);
    const other = await registerPerson("eu");
    expect((await other.fetch(`/fhir/r4/Observation/${first?.resource.id}`)).status).toBe(404);
  });

  test("results are read in the order of time by an index", async () => {
    const person = await registerPerson("eu");
    await imported(person);
    const plan = await runInDurableObject(vaultOf(env, person.person.id), (_instance, { storage: { sql } }) =>
      sql
        .exec<{ detail: string }>("EXPLAIN QUERY PLAN SELECT at FROM lab_results WHERE at >= ? AND at < ? ORDER BY at DESC LIMIT 2", 0, 1)
        .toArray()
        .map(({ detail }) => detail),
    );
    expect(plan.join()).toMatch(/^SEARCH lab_results USING .*INDEX lab_results_by_time/);
  });

  test("others see them by a consent of the category labs, files where it names documents, and nothing else", async () => {
    const person = await registerPerson("eu");
    await imported(person);
    const { body } = await upload(person, PDF, undefined, { "x-file-name": "private-name.pdf" });
    const [labs, both, none] = [
      await clinicianOf(person, ["labs"], ["read"]),
      await clinicianOf(person, ["labs", "documents"], ["read"]),
      await clinicianOf(person, ["vitals"], ["read"]),
    ];
    const at = `/v1/people/${person.person.id}/fhir`;
    const seen = await bundle(labs, `${at}/Observation?code=2345-7`);
    expect(seen.entry).toHaveLength(1);
    expect(seen.entry?.[0]?.fullUrl).toContain(`${at}/Observation/lab-eu-`);
    expect((await bundle(labs, `${at}/Observation`)).entry).toHaveLength(3);
    const report = `${at}/DiagnosticReport/${body.id.replaceAll("_", "-")}`;
    expect(await (await labs.fetch(report)).json()).not.toHaveProperty("presentedForm");
    const whole = (await (await both.fetch(report)).json()) as { presentedForm: { url: string }[] };
    expect(whole).toMatchObject({ presentedForm: [{ title: "private-name.pdf", size: PDF.length }] });
    expect(await (await both.fetch(whole.presentedForm[0]?.url ?? "")).text()).toBe(PDF);
    expect(await (await person.fetch(whole.presentedForm[0]?.url ?? "")).text()).toBe(PDF);
    for (const path of ["Observation", "DiagnosticReport"]) expect((await none.fetch(`${at}/${path}`)).status).toBe(404);
    expect((await none.fetch(report)).status).toBe(404);
    const log = await ask(person, "GET", `/v1/me/access-log?actor=${labs.person.id}`);
    expect(log.body.items.length).toBeGreaterThanOrEqual(3);
  });
});
