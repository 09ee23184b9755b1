import { env } from "cloudflare:workers";
import { runDurableObjectAlarm } from "cloudflare:test";
import { describe, expect, test } from "vitest";
import { newId } from "../../shared/id";
import { uploadKey } from "../../shared/imports/status";
import { freshVault } from "../../test/vaults";
import { importerOf, regional } from "../../workers/regional";

const ORU = (value: string, status: string, at: string) =>
  [
    `MSH|^~\\&|LAB|City Lab|ME|HERE|${at}||ORU^R01|1|P|2.5.1`,
    "PID|1||42^^^HOSP||DOE^JANE",
    "OBR|1|P-1|F-1|24323-8^Panel^LN|||20261120083000+0100|||||||||||||||20261120110000+0100|||F",
    `OBX|1|NM|2345-7^Glucose^LN||${value}|mg/dL|70-99|N|||${status}`,
    "OBX|2|NM|99999-9^Unknown^LN||7|furlong||N|||F",
    "OBX|3|NM|8867-4^Heart rate^LN||61|/min||||||F",
    "OBX|4|RP|X^Image^L||https://x.test^^image^PICT||||||F",
  ].join("\r");

/** Imports a text whole, and answers how it ended. */
async function run({ person }: ReturnType<typeof freshVault>, text: string, options = {}) {
  const id = newId("import", "eu", Date.now());
  const importer = importerOf(env, id);
  await importer.create(person, "auto", "", text.length, options);
  await regional(env, "eu").files.put(uploadKey(id), text);
  await importer.start(person);
  for (let turn = 0; turn < 20; turn++) {
    const status = await importer.status(person);
    if (status.state !== "running" && status.state !== "waiting") return { id, importer, status };
    await runDurableObjectAlarm(importer);
  }
  throw new Error("the import does not end");
}

const resultsOf = async ({ vault, actor }: ReturnType<typeof freshVault>) =>
  JSON.parse((await vault.labResults(actor, { limit: 50 })).items) as {
    name: string;
    value: { number: number };
    status: string;
    edition: number;
    reportId: string | null;
  }[];

test("a result message is recognised, stored with its report, known when it comes again, corrected, and taken back", async () => {
  const somebody = freshVault();
  const first = await run(somebody, ORU("92", "P", "20261120120000+0100"));
  expect(first.status).toMatchObject({
    kind: "hl7v2",
    state: "done",
    report: {
      byType: {
        OBR: { read: 1, accepted: 1 },
        "OBX NM": { read: 3, accepted: 3, duplicate: 0, rejected: 0 },
        "OBX RP": { read: 1, rejected: 1 },
      },
    },
  });
  expect(first.status.report?.warnings).toEqual(
    expect.arrayContaining([
      { code: "pointer_elsewhere", detail: "Image", count: 1 },
      { code: "unknown_unit", detail: "Unknown", count: 1 },
    ]),
  );
  const before = await resultsOf(somebody);
  expect(before.map(({ name, status }) => `${name} ${status}`).toSorted()).toEqual(["Glucose preliminary", "Unknown final"]);
  expect(before.every(({ reportId }) => reportId !== null)).toBe(true);

  const again = await run(somebody, ORU("92", "P", "20261120120000+0100"));
  expect(again.status.report?.byType["OBX NM"]).toMatchObject({ read: 3, accepted: 0, duplicate: 3 });
  expect(await resultsOf(somebody)).toEqual(before);

  const correction = await run(somebody, ORU("120", "C", "20261121120000+0100"));
  expect(correction.status.report?.byType["OBX NM"]).toMatchObject({ accepted: 1 });
  const glucose = async () => (await resultsOf(somebody)).find(({ name }) => name === "Glucose");
  expect(await glucose()).toMatchObject({ value: { number: 120 }, status: "corrected" });

  const undo = async ({ importer }: typeof first) => {
    await importer.undo(somebody.person);
    for (let turn = 0; turn < 10 && (await importer.status(somebody.person)).state === "undoing"; turn++)
      await runDurableObjectAlarm(importer);
  };
  await undo(correction);
  expect(await glucose()).toMatchObject({ value: { number: 92 } });
  await undo(first);
  expect(await resultsOf(somebody)).toHaveLength(2);
  await undo(again);
  expect(await resultsOf(somebody)).toEqual([]);
  expect(await somebody.vault.metrics(somebody.actor)).toEqual([]);
});

test("a dry run shows the tests that results would become, and stores nothing", async () => {
  const somebody = freshVault();
  const { status } = await run(
    somebody,
    "analyte,value,unit,range,flag,date\nGlucose,92,mg/dL,70-99,,2026-11-20\nHumours,4,,,,2026-11-20\n",
    { dryRun: true },
  );
  expect(status).toMatchObject({ kind: "labs-csv", state: "previewed" });
  expect(JSON.stringify(status.report)).toContain("lab:glucose");
  expect(JSON.stringify(status.report)).toContain("lab:unmatched");
  expect(await resultsOf(somebody)).toEqual([]);
});

test("results of two persons are refused, and nothing of them is stored", async () => {
  const somebody = freshVault();
  const text = `${ORU("92", "F", "20261120120000")}\r${ORU("93", "F", "20261120120000").replace("42^^^HOSP", "43^^^HOSP")}`;
  const { status } = await run(somebody, text);
  expect(status).toMatchObject({
    state: "failed",
    problem: { code: "file_unreadable", detail: "The file has results of more than one person." },
  });
  expect(await resultsOf(somebody)).toEqual([]);
});

describe("resources of a bundle", () => {
  const BASE = "https://clinic.test/fhir";
  const patient = { resourceType: "Patient", id: "p" };
  const encounter = { resourceType: "Encounter", id: "e", status: "finished", class: { code: "AMB" }, subject: { reference: "Patient/p" } };
  const condition = (text: string, change: object = {}) => ({
    resourceType: "Condition",
    id: "c",
    subject: { reference: "Patient/p" },
    encounter: { reference: "Encounter/e" },
    code: { text },
    ...change,
  });
  const glucose = {
    resourceType: "Observation",
    id: "g",
    status: "final",
    category: [{ coding: [{ code: "laboratory" }] }],
    code: { coding: [{ system: "http://loinc.org", code: "2345-7" }] },
    subject: { reference: "Patient/p" },
    effectiveDateTime: "2026-11-20",
    valueQuantity: { value: 92, unit: "mg/dL" },
  };
  const bundle = (...all: { resourceType: string; id?: string }[]) =>
    JSON.stringify({
      resourceType: "Bundle",
      type: "collection",
      entry: all.map((resource) => ({ fullUrl: `${BASE}/${resource.resourceType}/${resource.id}`, resource })),
    });
  type Shown = { id: string; meta: { versionId: string }; [name: string]: unknown };
  const search = async ({ vault, actor }: ReturnType<typeof freshVault>, type: string) => {
    const { page } = await vault.fhir(actor, { kind: "search", type, params: [], lenient: false });
    return (page?.entries ?? []).map(({ json }) => JSON.parse(json) as Shown);
  };
  const undo = async (somebody: ReturnType<typeof freshVault>, { importer }: Awaited<ReturnType<typeof run>>) => {
    await importer.undo(somebody.person);
    for (let turn = 0; turn < 10 && (await importer.status(somebody.person)).state === "undoing"; turn++)
      await runDurableObjectAlarm(importer);
  };

  test("are stored with what leads from one to the other, told by one Provenance, known when they come again, and taken back", async () => {
    const somebody = freshVault();
    const text = bundle(patient, condition("Asthma", { evidence: [{ detail: [{ reference: "Observation/g" }] }] }), encounter, glucose, {
      resourceType: "Procedure",
      id: "bad",
    });
    const first = await run(somebody, text);
    expect(first.status).toMatchObject({
      state: "done",
      report: {
        byType: {
          Condition: { read: 1, accepted: 1 },
          Encounter: { read: 1, accepted: 1 },
          Observation: { read: 1, accepted: 1 },
          Procedure: { read: 1, rejected: 1 },
          Patient: { read: 1, rejected: 1 },
        },
      },
    });
    expect(first.status.report?.warnings).toContainEqual({
      code: "resource_invalid",
      detail: expect.stringContaining("Procedure."),
      count: 1,
    });
    const [stored] = await search(somebody, "Condition");
    const [visit] = await search(somebody, "Encounter");
    const [result] = await search(somebody, "Observation");
    expect(stored).toMatchObject({
      meta: { source: BASE },
      subject: { reference: `Patient/${somebody.person.replaceAll("_", "-")}` },
      encounter: { reference: `Encounter/${visit?.id}` },
      evidence: [{ detail: [{ reference: `Observation/${result?.id}` }] }],
    });
    const [provenance, ...more] = await search(somebody, "Provenance");
    expect(more).toEqual([]);
    expect((provenance!["target"] as { reference: string }[]).map(({ reference }) => reference).toSorted()).toEqual(
      [`Condition/${stored?.id}`, `Encounter/${visit?.id}`, `Observation/${result?.id}`].toSorted(),
    );

    const again = await run(somebody, text);
    expect(again.status.report?.byType["Condition"]).toMatchObject({ accepted: 0, duplicate: 1 });
    expect(await search(somebody, "Condition")).toEqual([stored]);
    expect(await search(somebody, "Provenance")).toHaveLength(1);

    await undo(somebody, first);
    expect(await search(somebody, "Condition")).toEqual([stored]);
    expect(await search(somebody, "Provenance")).toEqual([]);
    await undo(somebody, again);
    for (const type of ["Condition", "Encounter", "Observation"]) expect(await search(somebody, type), type).toEqual([]);
    const { history } = await somebody.vault
      .fhir(somebody.actor, { kind: "history", type: "Condition", id: stored!.id })
      .catch(() => ({ history: [] }));
    expect(JSON.stringify(history)).not.toContain("Asthma");
    expect((await run(somebody, text)).status.report?.byType["Condition"]).toMatchObject({ accepted: 1 });
  });

  test("change what the same source said before, and go back to it; what the person changed or deleted since stays and is reported", async () => {
    const somebody = freshVault();
    const told = (text: string, lastUpdated: string) =>
      run(somebody, bundle(patient, encounter, condition(text, { meta: { lastUpdated } })));
    await told("Asthma", "2026-11-01T00:00:00Z");
    const second = await told("Mild asthma", "2026-11-02T00:00:00Z");
    const code = async () => (await search(somebody, "Condition"))[0]?.["code"];
    expect(await code()).toEqual({ text: "Mild asthma" });
    const older = await told("Asthma", "2026-11-01T00:00:00Z");
    expect(older.status.report?.byType["Condition"]).toMatchObject({ duplicate: 1 });
    await undo(somebody, second);
    expect(await code()).toEqual({ text: "Asthma" });

    const [mine] = await search(somebody, "Condition");
    const { id } = mine!;
    const resource = JSON.stringify({ ...mine, code: { text: "None of it" } });
    await somebody.vault.fhir(somebody.actor, { kind: "update", type: "Condition", id, resource });
    const unchanged = await told("Asthma", "2026-11-01T00:00:00Z");
    expect(unchanged.status.report?.byType["Condition"]).toMatchObject({ duplicate: 1 });
    const conflict = await told("Severe asthma", "2026-11-05T00:00:00Z");
    expect(conflict.status.report?.warnings).toContainEqual({ code: "changed_here", detail: `Condition/${id}`, count: 1 });
    expect(await code()).toEqual({ text: "None of it" });

    await somebody.vault.fhir(somebody.actor, { kind: "delete", type: "Condition", id });
    const gone = await told("Severe asthma", "2026-11-06T00:00:00Z");
    expect(gone.status.report?.warnings).toContainEqual({ code: "deleted_by_person", detail: `Condition/${id}`, count: 1 });
    expect(await search(somebody, "Condition")).toEqual([]);
  });

  test("a dry run says what they would become and stores nothing", async () => {
    const somebody = freshVault();
    const { status } = await run(somebody, bundle(patient, encounter, condition("Asthma", { onsetDateTime: "2020-05" })), { dryRun: true });
    expect(status.report?.mapping).toContainEqual({
      types: ["Condition"],
      metric: "fhir:Condition",
      unit: "",
      fileUnits: [],
      count: 1,
      firstAt: "2020-05-01T00:00:00.000Z",
      lastAt: "2020-05-01T00:00:00.000Z",
      examples: [{ at: "2020-05-01T00:00:00.000Z", value: null, text: "Asthma" }],
    });
    expect(await search(somebody, "Condition")).toEqual([]);
  });

  test("in lines find each other wherever they stand", async () => {
    const somebody = freshVault();
    const lines = [condition("Asthma"), encounter, patient].map((resource) => JSON.stringify(resource)).join("\n");
    expect((await run(somebody, lines)).status).toMatchObject({ kind: "fhir", state: "done" });
    const [visit] = await search(somebody, "Encounter");
    expect(await search(somebody, "Condition")).toMatchObject([{ encounter: { reference: `Encounter/${visit?.id}` } }]);
  });
});
