import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";

/** What is said to hold us to SMART must be there. */
const ROOT = resolve(import.meta.dirname, "../..");
const rows = (await readFile(join(ROOT, "docs/conformance.md"), "utf8"))
  .split("\n")
  .map((line) => line.split("|").map((cell) => cell.trim()))
  .flatMap(([, id = "", , proof = ""]) => (/^[A-Z]\d+$/.test(id) ? [{ id, proof }] : []));

test("every requirement is there once, and names its test or says that it is not there", () => {
  expect(rows.length).toBeGreaterThan(40);
  expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length);
  expect(rows.filter(({ proof }) => proof !== "not there" && !/^`[^`]+\.test\.ts` › .+$/.test(proof))).toEqual([]);
});

test("every named test is in its file", async () => {
  const missing: string[] = [];
  for (const { id, proof } of rows) {
    const [, file = "", name = ""] = /^`([^`]+)` › (.+)$/.exec(proof) ?? [];
    if (file === "") continue;
    const text = existsSync(join(ROOT, file)) ? await readFile(join(ROOT, file), "utf8") : "";
    if (!['"', "'", "`"].some((quote) => text.includes(quote + name + quote))) missing.push(`${id}: ${file} › ${name}`);
  }
  expect(missing).toEqual([]);
});
