import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, test } from "vitest";

const ROOT = resolve(import.meta.dirname, "../..");
const read = (path: string) => readFileSync(resolve(ROOT, path), "utf8");

/** The numbers of ASVS 5.0.0 at levels 1 and 2: section, then requirements. */
const NUMBERS = `
1.1 1-2; 1.2 1-9; 1.3 1-11; 1.4 1-3; 1.5 1-2; 2.1 1-3; 2.2 1-3; 2.3 1-4; 2.4 1; 3.2 1-2; 3.3 1-4; 3.4 1-6; 3.5 1-5; 3.7 1-2; 4.1 1-3; 4.2 1;
4.3 1-2; 4.4 1-4; 5.1 1; 5.2 1-3; 5.3 1-2; 5.4 1-3; 6.1 1-3; 6.2 1-12; 6.3 1-4; 6.4 1-4; 6.5 1-5; 6.6 1-3; 6.8 1-4; 7.1 1-3; 7.2 1-4; 7.3 1-2;
7.4 1-5; 7.5 1-2; 7.6 1-2; 8.1 1-2; 8.2 1-3; 8.3 1; 8.4 1; 9.1 1-3; 9.2 1-4; 10.1 1-2; 10.2 1-2; 10.3 1-4; 10.4 1-11; 10.5 1-5; 10.6 1-2; 10.7 1-3;
11.1 1-2; 11.2 1-3; 11.3 1-3; 11.4 1-4; 11.5 1; 11.6 1; 12.1 1-3; 12.2 1-2; 12.3 1-4; 13.1 1; 13.2 1-5; 13.3 1-2; 13.4 1-5; 14.1 1-2; 14.2 1-4;
14.3 1-3; 15.1 1-3; 15.2 1-3; 15.3 1-7; 16.1 1; 16.2 1-5; 16.3 1-4; 16.4 1-3; 16.5 1-3; 17.1 1; 17.2 1-4; 17.3 1-2`;

const numbers = NUMBERS.split(";").flatMap((part) => {
  const [section = "", range = ""] = part.trim().split(" ");
  const [first = 1, last = first] = range.split("-").map(Number);
  return Array.from({ length: last - first + 1 }, (_, i) => `${section}.${first + i}`);
});

interface Row {
  readonly id: string;
  readonly state: string;
  readonly text: string;
  readonly test: string;
}

/** Rows of the tables of a page whose first cell looks like `id`. */
function rowsOf(page: string, id: RegExp): Row[] {
  const cells = page.split("\n").map((line) => line.split(/(?<!\\)\|/).map((cell) => cell.trim()));
  return cells
    .filter((line) => line.length >= 6 && id.test(line[1] ?? ""))
    .map((line) => ({ id: line[1] ?? "", state: line[2] ?? "", text: line[3] ?? "", test: line[4] ?? "" }));
}

describe("the page on ASVS", () => {
  const page = read("docs/asvs.md");
  const rows = rowsOf(page, /^\d+\.\d+\.\d+$/);

  test("has every requirement of levels 1 and 2 once, in order", () => {
    expect(numbers).toHaveLength(253);
    expect(rows.map(({ id }) => id)).toEqual(numbers);
  });

  test.each(rows.filter(({ state }) => state === "yes"))("$id names a test that exists", ({ test: cited }) => {
    const paths = [...cited.matchAll(/`([^`]+)`/g)].map(([, path]) => path ?? "");
    expect(paths).not.toEqual([]);
    for (const path of paths) expect(existsSync(resolve(ROOT, path)), path).toBe(true);
  });

  test("says why where something is not done here", () => {
    const others = rows.filter(({ state }) => state !== "yes");
    expect(new Set(others.map(({ state }) => state))).toEqual(new Set(["platform", "client", "n/a", "no"]));
    for (const { id, text } of others) expect(text.length, id).toBeGreaterThan(5);
  });

  test("counts its states rightly", () => {
    for (const state of ["yes", "platform", "client", "n/a", "no"]) {
      const said = new RegExp(`^\\| ${state} \\|.*\\| (\\d+) \\|$`, "m").exec(page)?.[1];
      expect(Number(said), state).toBe(rows.filter((row) => row.state === state).length);
    }
  });
});

describe("the page on security", () => {
  const page = read("docs/security.md");

  test("every file that it names exists", () => {
    const paths = [...page.matchAll(/`((?:\.ci|docs|durable-objects|scripts|shared|test|workers)\/[^`*{} ]+)`/g)].map(
      ([, path]) => path ?? "",
    );
    expect(paths.length).toBeGreaterThan(20);
    for (const path of paths) expect(existsSync(resolve(ROOT, path)), path).toBe(true);
  });

  test("has every technical safeguard of 45 CFR 164.312", () => {
    const safeguards = [
      "(a)(1)",
      "(a)(2)(i)",
      "(a)(2)(ii)",
      "(a)(2)(iii)",
      "(a)(2)(iv)",
      "(b)",
      "(c)(1)",
      "(c)(2)",
      "(d)",
      "(e)(1)",
      "(e)(2)(i)",
      "(e)(2)(ii)",
    ];
    for (const one of safeguards) expect(page).toContain(`| ${one} `);
  });
});
