import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";

/** A Worker that was bundled once to be started often, and how wrangler.toml binds it. */
export interface Build {
  readonly script: string;
  /** Bindings and limits as the local runtime takes them. */
  readonly workerOptions: Readonly<Record<string, unknown>>;
}

/** Bundles an entry point as a deployment does, and says how long it was. */
export async function bundle(entry: string, options: { readonly minify?: boolean } = {}): Promise<string> {
  const result = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2024",
    conditions: ["workerd", "worker", "browser"],
    mainFields: ["browser", "module", "main"],
    external: ["node:*", "cloudflare:*"],
    loader: { ".sql": "text" },
    // As in wrangler.toml.
    alias: { "zod/v4/core": "./shared/http/zod-core.ts" },
    minify: options.minify ?? false,
    logLevel: "error",
  });
  return result.outputFiles[0]!.text;
}

/** The bindings of wrangler.toml as the local runtime takes them. */
export async function workerOptions(): Promise<Record<string, unknown>> {
  process.env["WRANGLER_LOG"] ??= "error";
  const { unstable_getMiniflareWorkerOptions: optionsOf } = await import("wrangler");
  return optionsOf("wrangler.toml").workerOptions as Record<string, unknown>;
}

/** Bundles the Worker into a folder; `readBuild` finds it there. */
export async function writeBuild(folder: string): Promise<void> {
  const made: Build = { script: await bundle("workers/index.ts", { minify: true }), workerOptions: await workerOptions() };
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "worker.mjs"), made.script);
  writeFileSync(join(folder, "options.json"), JSON.stringify(made.workerOptions));
}

/** What `writeBuild` has left. */
export function readBuild(folder: string): Build {
  return {
    script: readFileSync(join(folder, "worker.mjs"), "utf8"),
    workerOptions: JSON.parse(readFileSync(join(folder, "options.json"), "utf8")) as Record<string, unknown>,
  };
}
