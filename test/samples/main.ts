/**
 * Runs the real samples: pure readers first, then the served API. `MERIDIAN_SAMPLES` names their folder; without it they are looked for
 * beside the repository. Prints one line a file, and what cannot be read yet.
 */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import type { Check } from "./apple.ts";
import type * as pureReaders from "./pure.ts";
import { unreadReason } from "./unread.ts";
import { servedSamples } from "./served.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const folder = resolve(ROOT, process.env["MERIDIAN_SAMPLES"] ?? "../shared/data/samples");

if (existsSync(join(folder, "EXPECT.json"))) process.exitCode = await run();
else console.log(`skipped: there are no samples at ${folder}`);

async function run(): Promise<number> {
  const pure = await loadPure();
  const files = await listed();
  const read = [
    ...(await pure.appleSamples(folder)),
    ...(await pure.pushSamples(folder)),
    ...(await pure.googleSamples(folder)),
    ...(await pure.fileSamples(folder)),
    ...(await pure.clinicalSamples(folder)),
    ...(await pure.workoutSamples(folder)),
    ...(await pure.vendorSamples(folder)),
    ...(await pure.resourceSamples(folder)),
  ];
  const served = await servedSamples(folder, pure.seriesOfType, pure.WORKOUT_SAMPLES, {
    stored: await pure.storedFiles(folder),
    clinical: pure.CLINICAL_PLACES,
    own: pure.ownFiles(),
  });
  const results = [...summed("read  ", read, files), ...summed("served", served, files)];
  for (const { name, ok, detail } of results)
    console.log(`${ok ? "passed" : "FAILED"}  ${name}${detail === undefined ? "" : `: ${detail}`}`);

  const seen = new Set([...read, ...served].map((check) => fileOf(check.name, files)));
  const unread = Map.groupBy(
    files.filter((name) => !seen.has(name)),
    unreadReason,
  );
  for (const [reason, names] of unread) console.log(`not read: ${reason} (${names.length})`);
  const failed = results.filter(({ ok }) => !ok).length;
  console.log(`${results.length - failed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

/** The product's modules name each other without extensions, so they are bundled before Node can run them. */
async function loadPure(): Promise<typeof pureReaders> {
  const out = mkdtempSync(join(tmpdir(), "meridian-samples-"));
  try {
    const outfile = join(out, "pure.mjs");
    await build({
      entryPoints: [join(import.meta.dirname, "pure.ts")],
      bundle: true,
      platform: "node",
      format: "esm",
      outfile,
      logLevel: "warning",
    });
    return (await import(pathToFileURL(outfile).href)) as typeof pureReaders;
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

/** The names of all samples; the first column of the manifest. */
async function listed(): Promise<string[]> {
  const [, ...lines] = (await readFile(join(folder, "MANIFEST.tsv"), "utf8")).split("\n");
  return lines.map((line) => line.split("\t")[0] ?? "").filter((name) => name !== "");
}

/** One verdict a file; its name is the longest one that the check's name begins with. */
function summed(how: string, checks: readonly Check[], files: readonly string[]): Check[] {
  return [...Map.groupBy(checks, ({ name }) => fileOf(name, files))].map(([file, own]) => {
    const failures = own.filter(({ ok }) => !ok);
    const detail = failures
      .map((check) => `${check.name.slice(file.length).replace(/^[: ]+/, "")} ${check.detail ?? ""}`.trim())
      .join("; ");
    return { name: `${how} ${file}`, ok: failures.length === 0, ...(failures.length > 0 && { detail }) };
  });
}

function fileOf(name: string, files: readonly string[]): string {
  let longest = "";
  for (const file of files) if (name.startsWith(file) && file.length > longest.length) longest = file;
  return longest === "" ? name : longest;
}
