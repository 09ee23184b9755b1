import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import type { createApp as create } from "../workers/app.ts";

/**
 * Writes `docs/openapi.json` from the routes, or with `--check` says whether it is current. The application is bundled and asked for
 * its document in Node: describing routes needs no binding.
 */
const TARGET = "docs/openapi.json";

/** Modules of the Workers runtime that exist nowhere else; describing routes calls nothing in them. */
const RUNTIME = `
export class DurableObject { constructor(ctx, env) { this.ctx = ctx; this.env = env; } }
export class RpcTarget {}
export class WorkerEntrypoint {}
export const env = {};
export const exports = {};
export const waitUntil = () => {};
`;

async function describe(): Promise<string> {
  const folder = await mkdtemp(join(process.cwd(), "node_modules/.openapi-"));
  try {
    const outfile = join(folder, "app.mjs");
    await build({
      entryPoints: ["workers/app.ts"],
      outfile,
      bundle: true,
      format: "esm",
      platform: "node",
      target: "node24",
      loader: { ".sql": "text" },
      logLevel: "error",
      plugins: [
        {
          name: "workers-runtime",
          setup(bundler) {
            bundler.onResolve({ filter: /^cloudflare:/ }, ({ path }) => ({ path, namespace: "workers-runtime" }));
            bundler.onLoad({ filter: /.*/, namespace: "workers-runtime" }, () => ({ contents: RUNTIME, loader: "js" }));
          },
        },
      ],
    });
    const bundle: unknown = await import(pathToFileURL(outfile).href);
    const { createApp } = bundle as { createApp: typeof create };
    const response = await createApp({ log: () => undefined }).request(
      "http://127.0.0.1/openapi.json",
      {},
      { RESIDENCY: "on", CORS_ORIGINS: "", ORIGIN: "http://127.0.0.1" },
    );
    if (response.status !== 200) throw new Error(`the application answered ${response.status}`);
    return `${JSON.stringify(await response.json(), null, 2)}\n`;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const document = await describe();
const { paths } = JSON.parse(document) as { paths: Record<string, Record<string, unknown>> };
const operations = Object.values(paths).reduce((sum, item) => sum + Object.keys(item).length, 0);
if (process.argv.includes("--check")) {
  const committed = await readFile(TARGET, "utf8").catch(() => "");
  if (committed !== document) {
    console.error(`${TARGET} is not current: run "npm run openapi" and commit the result.`);
    process.exit(1);
  }
  console.log(`${TARGET} is current: ${operations} operations`);
} else {
  await writeFile(TARGET, document);
  console.log(`${TARGET}: ${operations} operations`);
}
