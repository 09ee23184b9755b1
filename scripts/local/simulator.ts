import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";

const MAIN = "test/simulator/main.ts";

/** The vendors beside Google that the simulator speaks for, each below a path of its own. */
const VENDORS: readonly string[] = ["oura", "whoop", "polar", "dexcom", "ultrahuman", "garmin"];

/** Where the vendor simulator answers, as vars of the Worker. */
export function simulatorVars(origin: string): Record<string, string> {
  return {
    GOOGLE_HEALTH_BASE: origin,
    GOOGLE_AUTH_BASE: origin,
    GOOGLE_TOKEN_BASE: origin,
    GOOGLE_KEYSET_URL: `${origin}/webhooks/public_keyset.json`,
    GOOGLE_CLIENT_ID: "meridian-local",
    VENDOR_BASES: JSON.stringify(Object.fromEntries(VENDORS.map((id) => [id, `${origin}/${id}`]))),
  };
}

/** Starts the simulated vendors as a process of their own; undefined where this checkout has none. Faults go to standard error. */
export function startSimulator(port: number): ChildProcess | undefined {
  if (!existsSync(MAIN)) return undefined;
  return spawn(process.execPath, [MAIN, "--port", String(port)], { stdio: ["ignore", "ignore", "inherit"] });
}
