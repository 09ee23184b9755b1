import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";

/** What is said to hold us to SMART must be there. */
const ROOT = resolve(import.meta.dirname, "../..");
const cells = (await readFile(join(ROOT, "docs/conformance.md"), "utf8"))
  .split("\n")
  .map((line) => line.split("|").map((cell) => cell.trim()));
const rows = cells.flatMap(([, id = "", , proof]) => (/^[A-Z]\d+$/.test(id) && proof !== undefined && proof !== "" ? [{ id, proof }] : []));

test("every requirement is there once, and names its test", () => {
  expect(rows.length).toBeGreaterThan(40);
  expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length);
  expect(rows.filter(({ proof }) => !/^`[^`]+\.test\.ts` › .+$/.test(proof))).toEqual([]);
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

test("each of the 172 numbers of the specification's list is there once, at a row that there is or with a reason", () => {
  const numbered = cells.flatMap(([, first = "", numbers = "", more]) =>
    more === "" && /^\d+(?: \d+)*$/.test(numbers) ? [{ first, numbers: numbers.split(" ") }] : [],
  );
  const all = numbered.flatMap(({ numbers }) => numbers);
  expect([all.length, new Set(all).size]).toEqual([172, 172]);
  const known = new Set(rows.map(({ id }) => id));
  expect(numbered.filter(({ first }) => /^[A-Z]\d+$/.test(first) && !known.has(first))).toEqual([]);
});
