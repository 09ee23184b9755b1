import { createServer } from "node:net";
import { readBuild } from "./build.ts";
import { boundIsolates, startRuntime } from "./runtime.ts";
import type { LocalState } from "./state.ts";

const HOST = "127.0.0.1";

/** Says whether somebody else listens on a port of this machine. */
export async function portIsBusy(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(true));
    server.listen(port, HOST, () => server.close(() => resolve(false)));
  });
}

export interface Served {
  readonly origin: string;
  stop(): Promise<void>;
}

/**
 * Serves the Worker on `port`, with the state's data and secrets; `vars` replace those of wrangler.toml. It is bundled from its source,
 * unless `MERIDIAN_BUILD` names a folder of `writeBuild`: whoever starts it often, as the journeys do, does that once.
 */
export async function startWorker(state: LocalState, port: number, vars: Readonly<Record<string, string>>): Promise<Served> {
  const folder = process.env["MERIDIAN_BUILD"];
  return await (folder === undefined ? fromSource(state, port, vars) : fromBuild(folder, state, port, vars));
}

async function fromBuild(folder: string, state: LocalState, port: number, vars: Readonly<Record<string, string>>): Promise<Served> {
  const { script, workerOptions } = readBuild(folder);
  const runtime = startRuntime({
    host: HOST,
    port,
    resourcePersistencePath: state.persist,
    // The clock does not tick here: whoever starts it so may let it, see `tick` of the journeys.
    unsafeTriggerHandlers: true,
    // As wrangler has it: faults always, the Worker's own events, one a request, where they are asked for.
    handleStructuredLogs({ level, message }: { readonly level: string; readonly message: string }) {
      if (level === "error") console.error(message);
      else if (logsEvents()) console.log(message);
    },
    workers: [
      {
        ...workerOptions,
        name: "meridian",
        modules: [{ type: "ESModule", path: "worker.mjs", contents: script }],
        modulesRules: undefined,
        bindings: { ...(workerOptions["bindings"] as Record<string, unknown>), ...vars, ...state.secrets },
      },
    ],
  });
  await runtime.ready;
  return { origin: `http://${HOST}:${port}`, stop: () => runtime.dispose() };
}

async function fromSource(state: LocalState, port: number, vars: Readonly<Record<string, string>>): Promise<Served> {
  boundIsolates();
  // Takes most of a second to load.
  const { unstable_startWorker } = await import("wrangler");
  const plain = Object.entries(vars).map(([name, value]) => [name, { type: "plain_text", value }] as const);
  const secret = Object.entries(state.secrets).map(([name, value]) => [name, { type: "secret_text", value }] as const);
  const worker = await unstable_startWorker({
    config: "wrangler.toml",
    envFiles: [],
    bindings: Object.fromEntries([...plain, ...secret]),
    dev: {
      server: { hostname: HOST, port },
      // The runtime adds the `v3` of `state.persist` itself.
      persist: state.folder,
      watch: process.env["MERIDIAN_WATCH"] === "on",
      liveReload: false,
      inspector: false,
      // "log" shows the Worker's own events, one a request.
      logLevel: logsEvents() ? "log" : "error",
    },
  });
  await worker.ready;
  return { origin: `http://${HOST}:${port}`, stop: () => worker.dispose() };
}

/** Whether the Worker's own events are printed. */
function logsEvents(): boolean {
  return process.env["MERIDIAN_LOG"] === "on";
}
