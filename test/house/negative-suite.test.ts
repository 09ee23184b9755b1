import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";

const ROOT = resolve(import.meta.dirname, "../..");
const page = readFileSync(join(ROOT, "docs/security/negative-suite.md"), "utf8");

/** `file`: title, up to the end of the cell or a semicolon. */
const named = [...page.matchAll(/`([\w./-]+\.test\.ts)`: ((?:[^;|`]|; (?!`|the modules|there are))+?)(?= *(?:\||;|$))/gm)].map(
  ([, file = "", title = ""]) => [file, title.trim()] as const,
);

test("every test that the page names is there", () => {
  expect(named.length).toBeGreaterThan(50);
  for (const [file, title] of named) {
    const path = join(ROOT, file);
    expect(existsSync(path), file).toBe(true);
    const source = readFileSync(path, "utf8");
    // A title in parts holds what the part names: the beginning is enough to find it.
    expect(source, `${file} has no test "${title}"`).toContain(title.replaceAll('"', '\\"'));
  }
});

test("every advisory has a test or a reason", () => {
  const rows = page
    .slice(page.indexOf("## Advisories"), page.indexOf("Advisories in short form"))
    .split("\n")
    .filter((line) => line.startsWith("| ") && !line.startsWith("| advisory"));
  expect(rows.length).toBeGreaterThan(18);
  for (const row of rows) expect(row, row).toMatch(/\.test\.ts`/);
  for (const class_ of [
    "CVE-2025-61928",
    "xg6x",
    "qq9h",
    "g38m",
    "2vg6",
    "fmh4",
    "cq3f",
    "xr8f",
    "7w99",
    "392p",
    "p2fr",
    "j8v8",
    "5rr4",
    "gv74",
    "pw9m",
    "86j7",
    "9h47",
    "#27",
    "#52",
    "#92",
    "#97",
    "22817",
    "22818",
    "47673",
    "47674",
    "47676",
    "2234-fmw7",
    "29444",
  ])
    expect(page, class_).toContain(class_);
});
