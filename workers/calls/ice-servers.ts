import { forBrowsers, type IceServer, relayCredential } from "../../shared/calls/ice";
import { ulid } from "../../shared/id";
import type { CallPorts } from "./ports";

/** Credentials are good for the length of most calls; a longer one asks again. */
const TTL_S = 4 * 3_600;

export interface IceAnswer {
  readonly iceServers: readonly IceServer[];
  /** Epoch milliseconds. */
  readonly expiresAt: number;
  /** Whether devices behind strict networks are relayed. */
  readonly relayed: boolean;
}

/** Servers by which devices find each other, with credentials of hours: the provider's where one is configured, else an own relay's, else none. */
export async function iceServers({ config, realtime, now }: CallPorts): Promise<IceAnswer> {
  const expiresAt = Math.floor(now()) + TTL_S * 1_000;
  if (config.turnKey !== undefined) return { iceServers: forBrowsers(await realtime.iceServers(TTL_S)), expiresAt, relayed: true };
  const stun: IceServer[] = config.stun.length === 0 ? [] : [{ urls: config.stun }];
  if (config.relay === undefined) return { iceServers: stun, expiresAt, relayed: false };
  const { urls, secret } = config.relay;
  // The relay learns of nobody who it is that calls.
  const credential = await relayCredential(secret, Math.floor(expiresAt / 1_000), ulid(now()));
  return { iceServers: [...stun, ...forBrowsers([{ urls, ...credential }])], expiresAt, relayed: true };
}
