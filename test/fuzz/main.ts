/**
 * Sends the product thousands of requests that are made from its own description, right and wrong ones, and judges every answer:
 * `npm run fuzz -- [--seed N] [--requests N] [--operation ID [--part valid|spoiled|sequence] [--path P]]`. The code is bundled, because
 * it shares modules with the product, which only a bundler resolves.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";

const folder = await mkdtemp(join(process.cwd(), "node_modules/.fuzz-"));
process.once("exit", () => void rm(folder, { recursive: true, force: true }));
const outfile = join(folder, "run.mjs");
await build({
  entryPoints: ["test/fuzz/run.ts"],
  outfile,
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node24",
  packages: "external",
  sourcemap: "inline",
  logLevel: "error",
});
await import(pathToFileURL(outfile).href);
