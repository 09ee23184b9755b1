import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Everything that must hold before a change is merged, cheapest first. Stops at the first fault; the last line counts the tests. */
const STEPS: readonly (readonly [name: string, script: string, ...parameters: string[]])[] = [
  ["bindings are typed", "types:check"],
  ["types", "typecheck"],
  ["lint", "lint"],
  ["format", "format:check"],
  ["API document", "openapi", "--check"],
  ["page of vendors", "vendors", "--check"],
  ["definitions of FHIR", "fhir-definitions", "--check"],
];

for (const [name, script, ...parameters] of STEPS) {
  const startedAt = Date.now();
  const { status, stdout, stderr } = npm(["run", "--silent", script, "--", ...parameters], "pipe");
  if (status !== 0) {
    process.stderr.write(`${stdout}${stderr}`);
    console.error(`failed: ${name}`);
    process.exit(1);
  }
  console.log(`passed: ${name} (${((Date.now() - startedAt) / 1000).toFixed(1)} s)`);
}

const folder = mkdtempSync(join(tmpdir(), "meridian-verify-"));
try {
  const report = join(folder, "tests.json");
  const { status } = npm(["test", "--silent", "--", "--reporter=default", "--reporter=json", `--outputFile=${report}`], "inherit");
  const { numPassedTests, numTotalTests } = JSON.parse(readFileSync(report, "utf8")) as { numPassedTests: number; numTotalTests: number };
  console.log(`${numPassedTests} passed, ${numTotalTests - numPassedTests} failed`);
  process.exitCode = status ?? 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function npm(parameters: readonly string[], stdio: "pipe" | "inherit") {
  return spawnSync("npm", parameters, { stdio, encoding: "utf8", maxBuffer: 1 << 26 });
}
