import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundle, workerOptions } from "../../scripts/local/build";
import { startRuntime, workerdPath } from "../../scripts/local/runtime";
import { migrate } from "../bench/server";
import { testSecrets } from "../secrets";
import { startSimulator } from "../simulator/simulator";
import { signBody } from "../simulator/webhooks/signing";

/** The product in one workerd, with vendors that the simulator plays, and with the log that it writes. */
export interface FuzzServer {
  readonly origin: URL;
  readonly secrets: Readonly<Record<string, string>>;
  readonly consent: (authorizeUrl: string) => Promise<string>;
  readonly signHook: (body: string) => string;
  /** Changes the records of a region, as an operator can. */
  readonly change: (region: string, sql: string, ...values: string[]) => Promise<void>;
  /** All lines that the product has written so far. */
  readonly log: () => readonly string[];
  readonly stop: () => Promise<void>;
}

/** The origin that the product takes for its own; local, so that letters can be read and the simulated vendor sends people back to it. */
export const ORIGIN = "http://localhost:8787";

/** Builds the Worker and serves it on a direct socket: the proxy of `wrangler dev` answers fewer requests than the product does. */
export async function startServer(): Promise<FuzzServer> {
  process.env["WRANGLER_LOG"] ??= "error";
  // In memory where there is such a place: no test here asks whether the disk is right.
  const folder = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "meridian-fuzz-"));
  const simulator = await startSimulator({ port: 0, retryBaseMs: 100, retryAttempts: 2 });
  const log = join(folder, "log");
  const script = join(folder, "workerd.sh");
  writeFileSync(log, "");
  writeFileSync(script, `#!/bin/sh\nexec "${workerdPath()}" "$@" >>"${log}"\n`);
  chmodSync(script, 0o755);
  process.env["MINIFLARE_WORKERD_PATH"] = script;

  const ofProduct = await workerOptions();
  const secrets = testSecrets();
  const runtime = startRuntime({
    resourcePersistencePath: join(folder, "state"),
    workers: [
      {
        ...ofProduct,
        name: "meridian",
        modules: [{ type: "ESModule", path: "worker.mjs", contents: await bundle("workers/index.ts", { minify: true }) }],
        modulesRules: undefined,
        cronTriggers: [],
        bindings: {
          ...(ofProduct["bindings"] as Record<string, unknown>),
          ...secrets,
          RESIDENCY: "off",
          ORIGIN,
          CORS_ORIGINS: "https://app.meridian.test",
          LOCAL_HOSTS: "127.0.0.1",
          GOOGLE_HEALTH_BASE: simulator.url,
          GOOGLE_AUTH_BASE: simulator.url,
          GOOGLE_TOKEN_BASE: simulator.url,
          GOOGLE_KEYSET_URL: `${simulator.url}/webhooks/public_keyset.json`,
        },
        // Limits of whole networks would end a run from one machine after some seconds; workers/app.test.ts shows them.
        ratelimits: { LIMITER: { namespace_id: "1001", simple: { limit: 1_000_000_000, period: 60 } } },
        unsafeDirectSockets: [{ host: "127.0.0.1", port: 0, entrypoint: "default" }],
      },
    ],
  });
  await runtime.ready;
  await migrate(runtime);
  return {
    origin: await runtime.unsafeGetDirectURL("meridian", "default"),
    secrets,
    consent: async (authorizeUrl) => {
      const url = new URL(authorizeUrl);
      url.searchParams.set("sim_auto", "1");
      return (await fetch(url, { redirect: "manual" })).headers.get("location") ?? "";
    },
    signHook: (body) => {
      const key = simulator.state.keys.at(-1);
      return key === undefined ? "" : signBody(key, body);
    },
    change: async (region, sql, ...values) => {
      const records = await runtime.getD1Database(`RECORDS_${region.toUpperCase()}`);
      await records.batch([records.prepare(sql).bind(...values)]);
    },
    log: () =>
      readFileSync(log, "utf8")
        .split("\n")
        .filter((line) => line !== ""),
    stop: async () => {
      await runtime.dispose();
      await simulator.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
