import { spawnSync } from "node:child_process";

/** Everything that must hold before a change is merged, cheapest first. Stops at the first fault. */
const STEPS: readonly (readonly [name: string, ...command: string[]])[] = [
  ["bindings are typed", "npm", "run", "--silent", "types:check"],
  ["types", "npm", "run", "--silent", "typecheck"],
  ["lint", "npm", "run", "--silent", "lint"],
  ["format", "npm", "run", "--silent", "format:check"],
  ["API document", "npm", "run", "--silent", "openapi", "--", "--check"],
  ["tests", "npm", "run", "--silent", "test"],
];

for (const [name, command = "", ...parameters] of STEPS) {
  const startedAt = Date.now();
  // Quiet where it passes: only the tests show what they ran.
  const shown = name === "tests";
  const { status, stdout, stderr } = spawnSync(command, parameters, {
    stdio: shown ? "inherit" : "pipe",
    encoding: "utf8",
    maxBuffer: 1 << 26,
  });
  if (status !== 0) {
    if (!shown) process.stderr.write(`${stdout}${stderr}`);
    console.error(`failed: ${name}`);
    process.exit(1);
  }
  console.log(`passed: ${name} (${((Date.now() - startedAt) / 1000).toFixed(1)} s)`);
}
