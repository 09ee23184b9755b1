import type { ChildProcess } from "node:child_process";
import { DEMO, loadDemo } from "./demo.ts";
import { migrateLocal } from "./local/migrate.ts";
import { notificationVars } from "./local/notifications.ts";
import { signInVars } from "./local/sign-in.ts";
import { enterHooks, simulatorVars, startSimulator } from "./local/simulator.ts";
import { openState } from "./local/state.ts";
import { portIsBusy, startWorker } from "./local/worker.ts";

/**
 * Serves Meridian on this machine: local databases, objects, files and queues, simulated vendors, and one demo person. `--fresh` begins
 * with empty state; `--no-demo` loads nobody; `--no-simulator` starts no vendors.
 */
process.env["WRANGLER_LOG"] ??= "error";
process.env["WRANGLER_SEND_METRICS"] ??= "false";
// Asks a public host about this machine's place; nothing here reads the answer.
process.env["CLOUDFLARE_CF_FETCH_ENABLED"] ??= "false";

const flags = new Set(process.argv.slice(2));
const port = portFrom("PORT", 8787);
const simulatorPort = portFrom("SIMULATOR_PORT", port + 1);
const origin = `http://127.0.0.1:${port}`;
const simulatorOrigin = `http://127.0.0.1:${simulatorPort}`;
const DEMO_SIGN_IN = { email: DEMO.email, password: DEMO.password };

for (const [name, wanted] of [
  ["PORT", port],
  ["SIMULATOR_PORT", simulatorPort],
] as const) {
  if (name === "SIMULATOR_PORT" && flags.has("--no-simulator")) continue;
  if (await portIsBusy(wanted))
    fail(`Port ${wanted} is in use. Stop what listens there, or choose another: ${name}=${wanted + 100} npm start`);
}

const startedAt = Date.now();
let simulator: ChildProcess | undefined;
let stopWorker: (() => Promise<void>) | undefined;
let stopping = false;
stopOnSignals();
process.on("exit", () => simulator?.kill("SIGKILL"));
// npm killed outright cannot pass the signal on; its death is seen by whose child this is.
const parent = process.ppid;
if (process.env["npm_lifecycle_event"] !== undefined) setInterval(() => process.ppid !== parent && void stop(0), 1_000).unref();

try {
  const state = openState({ fresh: flags.has("--fresh") });
  await migrateLocal(state);
  if (!flags.has("--no-simulator")) simulator = startSimulator(simulatorPort, { meridian: origin, ...DEMO_SIGN_IN });
  simulator?.once("exit", (code) => {
    if (!stopping) fail(`The vendor simulator has stopped (exit ${code ?? "by signal"}).`);
  });
  const worker = await startWorker(state, port, {
    RESIDENCY: "off",
    ORIGIN: origin,
    CORS_ORIGINS: [process.env["CORS_ORIGINS"], simulator && simulatorOrigin].filter(Boolean).join(" "),
    LOCAL_HOSTS: "127.0.0.1",
    ...notificationVars(process.env),
    ...signInVars(process.env),
    ...simulatorVars(simulatorOrigin),
  });
  stopWorker = worker.stop;
  stopOnSignals();
  await requireHealth();
  // The API serves without them; say so rather than stop.
  if (!flags.has("--no-demo"))
    await loadDemo(origin, Date.now()).catch((error: unknown) => console.error(`The demo person is not complete: ${String(error)}`));
  if (simulator !== undefined)
    await enterHooks(simulatorOrigin, origin, state.secrets["VENDOR_CREDENTIALS"] ?? "{}").catch((error: unknown) =>
      console.error(`Some vendors cannot tell of what is new: ${String(error)}`),
    );
  startClock();
  announce();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  await stop(1);
}

async function requireHealth(): Promise<void> {
  const response = await fetch(`${origin}/health`);
  if (response.status !== 200) throw new Error(`The Worker is not healthy: ${await response.text()}`);
}

/** The platform's clock ticks every five minutes; here nobody else lets it. Not behind the journeys' back, which tick themselves. */
function startClock(): void {
  if (flags.has("--no-simulator")) return;
  const tick = () => void fetch(`${origin}/cdn-cgi/local/scheduled`).catch(() => undefined);
  setInterval(tick, 60_000).unref();
  tick();
}

function announce(): void {
  const vendors = simulator === undefined ? "" : `\n  vendors  ${simulatorOrigin} (simulated; connect one in a browser)`;
  const today = new Date().toISOString().slice(0, 10);
  console.log(`ready ${origin} after ${((Date.now() - startedAt) / 1000).toFixed(1)} s
  docs     ${origin}/docs${vendors}
  sign-in  ${DEMO.email} / ${DEMO.password}

Try it; each line can be pasted:

  TOKEN=$(curl -s ${origin}/v1/sessions -H 'content-type: application/json' -d '{"email":"${DEMO.email}","password":"${DEMO.password}"}' | sed 's/.*"accessToken":"\\([^"]*\\)".*/\\1/')
  curl -s ${origin}/v1/me/days/${today} -H "authorization: Bearer $TOKEN"
  curl -s '${origin}/v1/me/metrics/heart_rate?resolution=hour' -H "authorization: Bearer $TOKEN"
  curl -s '${origin}/fhir/r4/Observation?code=8867-4&_count=5' -H "authorization: Bearer $TOKEN"
`);
}

/** The runtime installs handlers of its own, which exit at once with the signal's code: this program's come last and alone. */
function stopOnSignals(): void {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.removeAllListeners(signal);
    process.on(signal, () => void stop(0));
  }
}

async function stop(code: number): Promise<void> {
  if (stopping) return;
  stopping = true;
  simulator?.kill("SIGTERM");
  // The runtime may hang on a busy object; a stop is a stop.
  setTimeout(() => process.exit(code), 5_000).unref();
  await stopWorker?.().catch(() => undefined);
  process.exit(code);
}

function portFrom(name: string, fallback: number): number {
  const text = process.env[name];
  const value = text === undefined || text === "" ? fallback : Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 65_535) fail(`${name} must be a port number.`);
  return value;
}

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}
