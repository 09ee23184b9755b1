import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Builds the Worker as a deployment would and measures it: compressed size, width of its letters, and the time that its start takes on this machine. */
const MAX_GZIP_KIB = 1_024;
/** The platform allows a second; a start that takes half of that here is worth a look. */
const MAX_STARTUP_MS = 500;
const MOST_STARTS = 4;

const folder = mkdtempSync(join(tmpdir(), "meridian-deploy-"));
try {
  const built = run("wrangler", "deploy", "--dry-run", "--outdir", join(folder, "out"));
  const gzip = numberIn(built, /gzip:\s*([\d.]+)\s*KiB/);
  // One letter beyond Latin-1 in the script, and every letter of it takes two bytes of each isolate's memory.
  const wide = /.{0,40}[^\0-\xff].{0,20}/.exec(readFileSync(join(folder, "out", "index.js"), "utf8"))?.[0];
  // Whatever else the machine does makes a start longer and never shorter: the quickest of some says what it takes.
  let active = Number.POSITIVE_INFINITY;
  for (let start = 0; start < MOST_STARTS && active > MAX_STARTUP_MS; start++) {
    const started = run("wrangler", "check", "startup", "--outfile", join(folder, "startup.cpuprofile"));
    active = Math.min(active, numberIn(started, /Active:\s*([\d.]+)\s*ms/));
  }
  console.log(`size     ${gzip.toFixed(0)} KiB compressed (at most ${MAX_GZIP_KIB})`);
  console.log(`startup  ${active.toFixed(0)} ms of work on this machine (at most ${MAX_STARTUP_MS})`);
  if (wide !== undefined) console.log(`letters  the script is kept in two bytes a letter for ${JSON.stringify(wide)}`);
  if (gzip > MAX_GZIP_KIB || active > MAX_STARTUP_MS || wide !== undefined) process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function run(command: string, ...parameters: string[]): string {
  const { status, stdout, stderr } = spawnSync(command, parameters, {
    encoding: "utf8",
    env: { ...process.env, WRANGLER_SEND_METRICS: "false", NO_COLOR: "1" },
  });
  if (status !== 0) throw new Error(`${command} ${parameters[0] ?? ""} failed:\n${stdout}${stderr}`);
  return stdout;
}

function numberIn(text: string, pattern: RegExp): number {
  const found = pattern.exec(text)?.[1];
  if (found === undefined) throw new Error(`no measurement in:\n${text}`);
  return Number(found);
}
