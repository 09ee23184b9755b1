import { createServer } from "node:net";
import { unstable_startWorker } from "wrangler";
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

/** Serves the Worker from its source on `port`, with the state's data and secrets. `vars` replace those of wrangler.toml. */
export async function startWorker(
  state: LocalState,
  port: number,
  vars: Readonly<Record<string, string>>,
): Promise<{ readonly origin: string; stop: () => Promise<void> }> {
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
      logLevel: process.env["MERIDIAN_LOG"] === "on" ? "log" : "error",
    },
  });
  await worker.ready;
  return { origin: `http://${HOST}:${port}`, stop: () => worker.dispose() };
}
