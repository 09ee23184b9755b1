import type { ConnectionId, PersonId } from "../id";
import type { Region } from "../region";

/** Letters of the longest push that is held at a gate: longer ones go to their vault while the vendor waits. */
export const LONGEST_HELD = 200_000;

/** Data that a webhook brought itself for a connection. */
export interface AddressedPush {
  readonly vendor: string;
  readonly person: PersonId;
  readonly connection: ConnectionId;
  /** Keyed hash of the account at the vendor. */
  readonly account: string;
  /** The organisation's account that was called; null for Meridian's own. */
  readonly credential: string | null;
  /** JSON of `{ resource, reply }[]`. */
  readonly parts: string;
}

/** Name of the gate that keeps what a vendor's webhooks bring for people of a region. */
export function hookGate(region: Region, vendor: string): string {
  return `hooks:${region}:${vendor}`;
}
