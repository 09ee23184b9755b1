/** Start options and their defaults. */
import type { Workbench } from "../workbench/page.ts";

export interface OAuthClient {
  id: string;
  secret: string;
}
export interface SimulatorOptions {
  /** 0 picks a free port. */
  port?: number;
  host?: string;
  /** The same seed gives the same people. */
  seed?: number;
  /** Instant to start the clock at. */
  now?: string;
  /** Hold the clock still. */
  frozen?: boolean;
  tokenLifeSeconds?: number;
  quotaPerMinute?: number;
  /** First pause before a webhook is tried again; doubles each time. */
  retryBaseMs?: number;
  retryAttempts?: number;
  client?: OAuthClient;
  /** Serves a page at `/` for people with a browser. */
  workbench?: Workbench;
}
export type Settings = Required<Omit<SimulatorOptions, "now" | "workbench">> & { now?: string; workbench?: Workbench };

/** Fills in the defaults. */
export function settingsOf(options: SimulatorOptions): Settings {
  return {
    port: options.port ?? 8788,
    host: options.host ?? "127.0.0.1",
    seed: options.seed ?? 1,
    frozen: options.frozen ?? false,
    tokenLifeSeconds: options.tokenLifeSeconds ?? 3600,
    quotaPerMinute: options.quotaPerMinute ?? 300,
    retryBaseMs: options.retryBaseMs ?? 1000,
    retryAttempts: options.retryAttempts ?? 8,
    client: options.client ?? { id: "meridian-local", secret: "meridian-local-secret" },
    ...(options.now ? { now: options.now } : {}),
    ...(options.workbench ? { workbench: options.workbench } : {}),
  };
}
