import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { expect, test } from "vitest";
import * as z from "zod";

/** Documents are claims: what they name must exist, and what they count must add up. */
const ROOT = resolve(import.meta.dirname, "../..");
const read = (path: string): Promise<string> => readFile(join(ROOT, path), "utf8");

interface Row {
  readonly id: string;
  /** Cells by the header of their column. */
  readonly cells: Readonly<Record<string, string>>;
}

const coverage = await read("docs/coverage.md");
const rows = rowsOf(coverage);

/** How many ids each group has; they are numbered without a gap. */
const GROUPS: readonly (readonly [prefix: string, digits: number, count: number])[] = [
  ["S0-", 3, 131],
  ["S0-T", 2, 17],
  ["S0-D", 2, 31],
  ["S0-F", 3, 208],
  ["S0-H", 2, 66],
  ["S1-E", 2, 36],
  ["S1-F", 2, 14],
  ["S2-E", 2, 9],
  ["S2-S", 2, 56],
  ["S3-", 2, 29],
  ["S4-", 2, 17],
  ["PC-", 2, 13],
  ["DEF-0-", 2, 45],
  ["DEF-1-", 2, 16],
  ["DEF-2-", 2, 12],
  ["DEF-3-", 2, 10],
  ["DEF-4-", 2, 8],
];

test("every row is there, once", () => {
  const expected = GROUPS.flatMap(([prefix, digits, count]) =>
    Array.from({ length: count }, (_, n) => `${prefix}${String(n + 1).padStart(digits, "0")}`),
  );
  expect(expected).toHaveLength(718);
  expect(rows.map(({ id }) => id).toSorted()).toEqual(expected.toSorted());
});

test("every row names what does it and what proves it, or says that it is planned or does not apply", () => {
  const wrong = rows.filter((row) => stateOf(row) === undefined).map(({ id }) => id);
  expect(wrong).toEqual([]);
});

test("every named route is in the API document", async () => {
  const { paths } = z
    .object({ paths: z.record(z.string(), z.record(z.string(), z.unknown())) })
    .parse(JSON.parse(await read("docs/openapi.json")));
  const operations = Object.entries(paths).flatMap(([path, item]) => Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`));
  const patterns = operations.map((operation) => new RegExp(`^${operation.replaceAll(/[.$]/g, "\\$&").replaceAll(/\{\w+\}/g, "[^/ ]+")}$`));
  const missing = rows.flatMap(({ id, cells }) =>
    named(cells["route"] ?? "")
      .filter((name) => /^(?:GET|POST|PUT|PATCH|DELETE) /.test(name) && !patterns.some((pattern) => pattern.test(name)))
      .map((name) => `${id}: ${name}`),
  );
  expect(missing).toEqual([]);
});

test("every named test is in its file", async () => {
  const texts = new Map<string, string>();
  const missing: string[] = [];
  for (const { id, cells } of rows) {
    for (const { file, name } of testsOf(cells["test"] ?? "")) {
      if (!existsSync(join(ROOT, file))) {
        missing.push(`${id}: ${file}`);
        continue;
      }
      const text = texts.get(file) ?? (await read(file));
      texts.set(file, text);
      if (!['"', "'", "`"].some((quote) => text.includes(quote + name + quote))) missing.push(`${id}: ${file} › ${name}`);
    }
  }
  expect(missing).toEqual([]);
});

test("the totals are those of the rows", () => {
  const count = (list: readonly Row[]): number[] => [
    list.length,
    ...(["done", "partly", "planned", "none"] as const).map((state) => list.filter((row) => stateOf(row) === state).length),
  ];
  const stated = coverage.split("\n").filter((line) => /^\| (?:`|all )/.test(line) && cellsOf(line).length === 7);
  const numbers = stated.map((line) => cellsOf(line).slice(2).map(Number));
  const groups = GROUPS.map(([prefix, digits]) => rows.filter(({ id }) => new RegExp(`^${prefix}\\d{${digits}}$`).test(id)));
  expect(numbers).toEqual([...groups.map(count), count(rows)]);
});

/** Pages that point into the code as it is. The others may speak of what was, or of what a command writes. */
const POINTING = ["README.md", "docs/architecture.md", "docs/coverage.md"];

test("every named document exists", async () => {
  const docs = await readdir(join(ROOT, "docs"), { recursive: true });
  const pages = ["README.md", ...docs.filter((path) => path.endsWith(".md")).map((path) => `docs/${path}`)];
  const missing: string[] = [];
  for (const page of pages) {
    const text = await read(page);
    const links = [...text.matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)].map(([, target = ""]) => join(dirname(page), target));
    const files = [...text.matchAll(/`((?:docs|workers|durable-objects|shared|migrations|scripts|test)\/[\w./-]+\w)`/g)];
    const named = POINTING.includes(page) ? files.map(([, path = ""]) => path) : [];
    for (const path of [...links, ...named]) if (!existsSync(join(ROOT, path))) missing.push(`${page}: ${path}`);
  }
  expect(missing).toEqual([]);
});

test("the README leads to every page", async () => {
  const readme = await read("README.md");
  const pages = (await readdir(join(ROOT, "docs"))).filter((path) => path.endsWith(".md"));
  expect(pages.filter((page) => !readme.includes(`docs/${page})`))).toEqual([]);
});

test("every named command exists, and every script has its line in the README", async () => {
  const { scripts } = z.object({ scripts: z.record(z.string(), z.string()) }).parse(JSON.parse(await read("package.json")));
  const readme = await read("README.md");
  const commands = [...`${readme}${coverage}`.matchAll(/npm run (?:--silent )?([\w:-]+)/g)].map(([, name = ""]) => name);
  expect(commands.filter((name) => scripts[name] === undefined)).toEqual([]);
  expect(Object.keys(scripts).filter((name) => !new RegExp(`\`npm (?:run )?${name}\``).test(readme))).toEqual([]);
});

test("the README explains every variable and secret", async () => {
  const config = await read("wrangler.toml");
  const vars = /^\[vars\]$([\s\S]*?)^\[/m.exec(config)?.[1] ?? "";
  const names = [...vars.matchAll(/^([A-Z0-9_]+) = /gm)].map(([, name = ""]) => name);
  const secrets = [...(/^required = \[(.*)\]$/m.exec(config)?.[1] ?? "").matchAll(/"(\w+)"/g)].map(([, name = ""]) => name);
  expect(names.length).toBeGreaterThan(5);
  expect(secrets.length).toBeGreaterThan(5);
  const readme = await read("README.md");
  expect([...names, ...secrets].filter((name) => !readme.includes(`\`${name}\``))).toEqual([]);
});

function rowsOf(page: string): Row[] {
  const found: Row[] = [];
  let header: string[] | undefined;
  for (const line of page.split("\n")) {
    if (!line.startsWith("|")) header = undefined;
    else if (line.startsWith("| id |")) header = cellsOf(line);
    else if (header !== undefined && !line.startsWith("|---")) {
      const cells = cellsOf(line);
      expect(cells, line).toHaveLength(header.length);
      found.push({ id: cells[0] ?? "", cells: Object.fromEntries(header.map((name, n) => [name, cells[n] ?? ""])) });
    }
  }
  return found;
}

function cellsOf(line: string): string[] {
  return line
    .split(/(?<!\\)\|/)
    .slice(1, -1)
    .map((cell) => cell.trim().replaceAll("\\|", "|"));
}

/** Done, partly done, planned, not applicable; undefined where the row says neither. Defects have no route: their test says it all. */
function stateOf({ cells }: Row): "done" | "partly" | "planned" | "none" | undefined {
  const proof = cells["test"] ?? "";
  const claim = cells["route"] ?? proof;
  if (/^does not apply: ./.test(claim)) return proof.startsWith("does not apply") ? "none" : undefined;
  if (/^planned: [A-Z]\w+$/.test(claim)) return proof.startsWith("planned") ? "planned" : undefined;
  const isPartly = /(?:^|<br>)planned, [A-Z]\w+: .+$/.test(claim);
  if (testsOf(proof).length === 0) return undefined;
  if (cells["route"] !== undefined && named(claim).length === 0) return undefined;
  return isPartly ? "partly" : "done";
}

/** What a cell names in backticks. */
function named(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name);
}

function testsOf(cell: string): { readonly file: string; readonly name: string }[] {
  return cell.split("<br>").flatMap((part) => {
    const [, file, name] = /^`([^`]+)` › (.+)$/.exec(part) ?? [];
    return file === undefined || name === undefined ? [] : [{ file, name }];
  });
}
