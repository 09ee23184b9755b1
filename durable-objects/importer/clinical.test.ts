import { env } from "cloudflare:workers";
import { runDurableObjectAlarm } from "cloudflare:test";
import { expect, test } from "vitest";
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
