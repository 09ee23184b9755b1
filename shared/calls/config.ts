import * as z from "zod";

const urls = z.array(z.string().regex(/^(?:stuns?|turns?):/)).max(20);
const configSchema = z.object({
  /** Servers that tell devices their own address. */
  stun: urls.default(["stun:stun.cloudflare.com:3478"]),
  /** Own relays (coturn), used with the secret `turn`. */
  turn: urls.default([]),
  /** Id of a TURN key of Cloudflare Realtime, and of an application that forwards. */
  turnKey: z.string().default(""),
  sfuApp: z.string().default(""),
  /** A stand-in on a developer's machine. */
  base: z.string().default(""),
});
const secretsSchema = z.object({ turn: z.string().default(""), turnKey: z.string().default(""), sfuApp: z.string().default("") });

const CLOUDFLARE = "https://rtc.live.cloudflare.com";

/** What a deployment has for calls. Without anything, devices find each other where their networks let them. */
export interface CallsConfig {
  readonly stun: readonly string[];
  /** A relay with a shared secret. */
  readonly relay: { readonly urls: readonly string[]; readonly secret: string } | undefined;
  readonly turnKey: { readonly id: string; readonly token: string } | undefined;
  readonly sfu: { readonly app: string; readonly secret: string } | undefined;
  readonly base: string;
}

/** Reads the variable `CALLS` and the secret `CALLS_SECRETS`, JSON both; a stand-in counts where residency is off alone. */
export function callsConfig(env: { readonly CALLS: string; readonly CALLS_SECRETS?: string; readonly RESIDENCY: string }): CallsConfig {
  const config = configSchema.parse(JSON.parse(env.CALLS === "" ? "{}" : env.CALLS));
  const secrets = secretsSchema.parse(JSON.parse(env.CALLS_SECRETS === undefined || env.CALLS_SECRETS === "" ? "{}" : env.CALLS_SECRETS));
  const isLocal = env.RESIDENCY === "off" && config.base !== "";
  return {
    stun: config.stun,
    relay: config.turn.length > 0 && secrets.turn !== "" ? { urls: config.turn, secret: secrets.turn } : undefined,
    turnKey: config.turnKey !== "" && secrets.turnKey !== "" ? { id: config.turnKey, token: secrets.turnKey } : undefined,
    sfu: config.sfuApp !== "" && secrets.sfuApp !== "" ? { app: config.sfuApp, secret: secrets.sfuApp } : undefined,
    base: isLocal ? config.base : CLOUDFLARE,
  };
}
