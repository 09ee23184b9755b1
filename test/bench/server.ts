import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundle, workerOptions } from "../../scripts/local/build.ts";
import { type Runtime, startRuntime, workerdPath } from "../../scripts/local/runtime.ts";
import { testSecrets } from "../secrets.ts";
import { publicKeyset, type SigningKey, signingKey } from "../simulator/webhooks/signing.ts";

/** The benchmark's own server: one workerd with the real app, the bare variants, and tools that work inside objects. */
export interface BenchServer {
  readonly app: URL;
  readonly bare: URL;
  readonly tools: URL;
  readonly pid: number;
  readonly secrets: Readonly<Record<string, string>>;
  readonly inspector: URL | undefined;
  /** Where the data lies. */
  readonly folder: string;
  /** Signs vendors' notifications; the server fetches its public half. */
  readonly webhookKey: SigningKey;
  /** Ends the server, and removes its data unless they are kept for another. */
  stop(options?: { readonly keep?: boolean }): Promise<void>;
}

export interface ServerOptions {
  /** Keep the data in memory, where there is a folder for that. */
  readonly inMemory?: boolean;
  readonly inspect?: boolean;
  /** For bare variants that do not live in the memory of an isolate. */
  readonly isBounded?: boolean;
  /** Data and secrets of a server before. */
  readonly folder?: string;
  readonly secrets?: Readonly<Record<string, string>>;
}

/** A folder in memory. */
export const MEMORY = "/dev/shm";

/** Our accounts at vendors whose webhooks are measured. */
export const VENDOR_ACCOUNTS = Object.fromEntries(
  ["oura", "whoop", "polar", "withings", "garmin"].map((id) => [
    id,
    { clientId: `bench-${id}`, clientSecret: `secret of ${id}`, hookSecret: `path-secret-of-${id}` },
  ]),
);

const ENTRIES = ["default", "bare", "tools"] as const;
const DATABASES = { DIRECTORY: "directory", RECORDS_EU: "regional", RECORDS_US: "regional", RECORDS_AP: "regional" } as const;

/**
 * Bundles `worker/main.ts` and runs it in workerd on direct sockets: the proxy of `wrangler dev` answers fewer requests than an object
 * does. Bindings are those of wrangler.toml. Data lies on disk in a temporary folder, so that commits are real.
 */
export async function startServer(options: ServerOptions = {}): Promise<BenchServer> {
  process.env["WRANGLER_LOG"] ??= "error";
  const place = options.inMemory === true && existsSync(MEMORY) ? MEMORY : tmpdir();
  const folder = options.folder ?? mkdtempSync(join(place, "meridian-bench-"));
  silenceRuntime(folder);
  const ofProduct = await workerOptions();
  const secrets = options.secrets ?? testSecrets();
  const webhookKey = signingKey(1, 0);
  const keys = await serveJson(publicKeyset([webhookKey]));
  const runtime = startRuntime(
    {
      resourcePersistencePath: join(folder, "state"),
      ...(options.inspect === true ? { inspectorPort: 0 } : {}),
      workers: [
        {
          ...ofProduct,
          name: "bench",
          modules: [{ type: "ESModule", path: "worker.mjs", contents: await bundle("test/bench/worker/main.ts", { minify: true }) }],
          modulesRules: undefined,
          cronTriggers: [],
          bindings: {
            ...(ofProduct["bindings"] as Record<string, unknown>),
            ...secrets,
            RESIDENCY: "off",
            ORIGIN: "http://meridian.test",
            GOOGLE_CLIENT_ID: "meridian-local",
            VENDOR_CREDENTIALS: JSON.stringify(VENDOR_ACCOUNTS),
            GOOGLE_KEYSET_URL: keys.url,
            LOCAL_HOSTS: "127.0.0.1",
          },
          ratelimits: { LIMITER: { namespace_id: "1001", simple: { limit: 1_000_000_000, period: 60 } } },
          durableObjects: {
            ...(ofProduct["durableObjects"] as Record<string, unknown>),
            BARE_BOARDS: { className: "BareBoard", useSQLite: true },
            BARE_ROWS: { className: "BareRows", useSQLite: true },
            BARE_ROOMS: { className: "BareRoom", useSQLite: true },
          },
          unsafeDirectSockets: ENTRIES.map((entrypoint) => ({ host: "127.0.0.1", port: 0, entrypoint })),
        },
      ],
    },
    { isBounded: options.isBounded ?? true },
  );
  await runtime.ready;
  if (options.folder === undefined) await migrate(runtime);
  const [app, bare, tools] = await Promise.all(ENTRIES.map((entry) => runtime.unsafeGetDirectURL("bench", entry)));
  return {
    app: app!,
    bare: bare!,
    tools: tools!,
    pid: runtimePid(),
    secrets,
    inspector: options.inspect === true ? await runtime.getInspectorURL() : undefined,
    folder,
    webhookKey,
    stop: async ({ keep = false } = {}) => {
      await runtime.dispose();
      keys.stop();
      if (!keep) rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A server of one document, as vendors publish their keys. */
async function serveJson(value: unknown): Promise<{ readonly url: string; readonly stop: () => void }> {
  const server = createServer((_, response) => response.setHeader("content-type", "application/json").end(JSON.stringify(value)));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/keys`, stop: () => server.close() };
}

/** The app writes an event a request. They go nowhere, as the process that would read them runs on the CPU that is measured. */
function silenceRuntime(folder: string): void {
  const script = join(folder, "workerd.sh");
  writeFileSync(script, `#!/bin/sh\nexec "${workerdPath()}" "$@" >/dev/null\n`);
  chmodSync(script, 0o755);
  process.env["MINIFLARE_WORKERD_PATH"] = script;
}

/** The runtime that was started last. */
function runtimePid(): number {
  const children = execFileSync("ps", ["-o", "pid=,comm=", "--ppid", String(process.pid)], { encoding: "utf8" });
  return Number([...children.matchAll(/(\d+) workerd/g)].at(-1)?.[1] ?? 0);
}

/** Applies all migrations to the empty databases of a runtime. */
export async function migrate(runtime: Runtime): Promise<void> {
  const { unstable_splitSqlQuery: split } = await import("wrangler");
  for (const [binding, name] of Object.entries(DATABASES)) {
    const database = await runtime.getD1Database(binding);
    const files = readdirSync(join("migrations", name))
      .filter((file) => file.endsWith(".sql"))
      .sort();
    for (const file of files) {
      const statements = split(readFileSync(join("migrations", name, file), "utf8"));
      await database.batch(statements.map((statement) => database.prepare(statement)));
    }
  }
}
