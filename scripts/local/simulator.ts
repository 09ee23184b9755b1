import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";

const MAIN = "test/simulator/main.ts";

/** The vendors beside Google that the simulator speaks for, each below a path of its own. */
const VENDORS: readonly string[] = [
  "oura",
  "whoop",
  "polar",
  "dexcom",
  "ultrahuman",
  "garmin",
  "withings",
  "strava",
  "suunto",
  "aggregator",
];

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

/** The person for whom the simulator's page at `/` acts, at a Meridian on this machine. */
export interface Workbench {
  readonly meridian: string;
  readonly email: string;
  readonly password: string;
}

/**
 * Enters the addresses of webhooks in the vendors' portals, as an operator does once; vendors that have an interface for it are asked by
 * the clock.
 *
 * @param credentials the secret `VENDOR_CREDENTIALS`
 */
export async function enterHooks(simulator: string, origin: string, credentials: string): Promise<void> {
  const all = JSON.parse(credentials) as Record<string, { readonly hookSecret?: string }>;
  for (const [vendor, { hookSecret }] of Object.entries(all)) {
    if (hookSecret === undefined || !VENDORS.includes(vendor)) continue;
    const response = await fetch(`${simulator}/sim/vendors/hook`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ vendor, url: `${origin}/hooks/${vendor}/${hookSecret}` }),
    });
    if (!response.ok) throw new Error(`The simulator refused the webhook of ${vendor}: ${response.status}`);
  }
}

/** Starts the simulated vendors as a process of their own; undefined where this checkout has none. Faults go to standard error. */
export function startSimulator(port: number, workbench?: Workbench): ChildProcess | undefined {
  if (!existsSync(MAIN)) return undefined;
  const page = workbench === undefined ? [] : ["--workbench", JSON.stringify(workbench)];
  return spawn(process.execPath, [MAIN, "--port", String(port), ...page], { stdio: ["ignore", "ignore", "inherit"] });
}
