import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";

const MAIN = "test/simulator/main.ts";

/** Where the vendor simulator answers, as vars of the Worker. */
export function simulatorVars(origin: string): Record<string, string> {
  return {
    GOOGLE_HEALTH_BASE: origin,
    GOOGLE_AUTH_BASE: origin,
    GOOGLE_TOKEN_BASE: origin,
    GOOGLE_KEYSET_URL: `${origin}/googlehealthapi/webhooks/webhooks_public_keyset.json`,
    GOOGLE_CLIENT_ID: "meridian-local",
  };
}

/** Starts the simulated vendors as a process of their own; undefined where this checkout has none. Its output goes to standard error. */
export function startSimulator(port: number, secrets: Readonly<Record<string, string>>, api: string): ChildProcess | undefined {
  if (!existsSync(MAIN)) return undefined;
  return spawn(process.execPath, [MAIN], {
    stdio: ["ignore", "ignore", "inherit"],
    env: {
      ...process.env,
      SIMULATOR_PORT: String(port),
      MERIDIAN_ORIGIN: api,
      GOOGLE_CLIENT_ID: "meridian-local",
      GOOGLE_CLIENT_SECRET: secrets["GOOGLE_CLIENT_SECRET"] ?? "",
      GOOGLE_WEBHOOK_SECRET: secrets["GOOGLE_WEBHOOK_SECRET"] ?? "",
    },
  });
}
