import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { bundle, workerOptions } from "../../scripts/local/build.ts";
import { workerdPath } from "../../scripts/local/runtime.ts";

/** The app and its bare variants in a workerd that nobody else configures. */
export interface PlainServer {
  readonly app: URL;
  readonly bare: URL;
  readonly pid: number;
  stop(): Promise<void>;
}

/** What each socket serves: an export of the module. */
const SOCKETS = { app: "", bare: ', entrypoint = "bare"' } as const;

/** A flag that dates of today imply, which the runtime remarks upon. */
const OF_ITSELF = "nodejs_compat";

/**
 * Runs `worker/main.ts` in `workerd serve` with text bindings and objects in memory, and nothing else: what reads no database is measured
 * without what a local runtime adds for its own sake. Above all that is an encoding of every log line for its parent process, which takes
 * longer than the line and has no counterpart in production.
 *
 * @param texts variables and secrets
 */
export async function startPlainServer(texts: Readonly<Record<string, string>>): Promise<PlainServer> {
  const { compatibilityDate, compatibilityFlags = [], durableObjects, bindings } = (await workerOptions()) as unknown as Options;
  const folder = mkdtempSync(join(tmpdir(), "meridian-plain-"));
  writeFileSync(join(folder, "worker.mjs"), await bundle("test/bench/worker/main.ts", { minify: true }));
  const classes = Object.entries(durableObjects);
  const all = { ...bindings, ...texts };
  writeFileSync(
    join(folder, "config.capnp"),
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [ (name = "bench", worker = .worker) ],
  sockets = [ ${Object.entries(SOCKETS)
    .map(([name, entry]) => `(name = "${name}", address = "127.0.0.1:0", http = (), service = (name = "bench"${entry}))`)
    .join(", ")} ],
);
const worker :Workerd.Worker = (
  modules = [ (name = "worker.mjs", esModule = embed "worker.mjs") ],
  compatibilityDate = "${compatibilityDate}",
  compatibilityFlags = [ ${compatibilityFlags
    .filter((flag) => flag !== OF_ITSELF)
    .map((flag) => `"${flag}"`)
    .join(", ")} ],
  durableObjectNamespaces = [ ${classes.map(([, { className }]) => `(className = "${className}", uniqueKey = "${className}", enableSql = true)`).join(", ")} ],
  durableObjectStorage = (inMemory = void),
  bindings = [
    ${[
      ...classes.map(([name, { className }]) => `(name = "${name}", durableObjectNamespace = "${className}")`),
      ...Object.entries(all).flatMap(([name, text]) =>
        typeof text === "string" ? [`(name = "${name}", text = ${JSON.stringify(text)})`] : [],
      ),
    ].join(",\n    ")}
  ],
);
`,
  );
  const child = spawn(workerdPath(), ["serve", "--control-fd=3", join(folder, "config.capnp")], {
    // Lines of the log are written and read by nobody, as their reader would run on the CPU that is measured.
    stdio: ["ignore", "ignore", "inherit", "pipe"],
  });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const stop = async (): Promise<void> => {
    child.kill();
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const ports = await listening(child);
    const at = (name: keyof typeof SOCKETS): URL => new URL(`http://127.0.0.1:${ports.get(name)}`);
    return { app: at("app"), bare: at("bare"), pid: child.pid ?? 0, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

interface Options {
  readonly compatibilityDate: string;
  readonly compatibilityFlags?: readonly string[];
  readonly durableObjects: Readonly<Record<string, { readonly className: string }>>;
  readonly bindings?: Readonly<Record<string, unknown>>;
}

/** The port of each socket, as the program says them: one JSON line a socket. Throws where it ends before. */
async function listening(child: ChildProcess): Promise<Map<string, number>> {
  const ports = new Map<string, number>();
  let text = "";
  for await (const chunk of child.stdio[3] as Readable) {
    text += String(chunk);
    for (const [, name = "", port] of text.matchAll(/"socket":"(\w+)","port":(\d+)/g)) ports.set(name, Number(port));
    if (ports.size === Object.keys(SOCKETS).length) return ports;
  }
  throw new Error("workerd did not start");
}
