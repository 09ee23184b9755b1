import { MINUTE_MS } from "../../shared/clock";
import { hmacHex } from "../../shared/crypto/hmac";
import { currentKey } from "../../shared/crypto/keys";
import { REGIONS, type Region } from "../../shared/region";
import { networkGate, reached, tooMany } from "../credentials";
import { normaliseEmail } from "./email";
import type { AccountPorts } from "./ports";

const REGISTRATIONS = { name: "registrations", kind: "rate", limit: 600, windowMs: 10 * MINUTE_MS, burst: 600 } as const;

/** Problem `rate_limited` where the caller's network registers too many accounts. A developer's own machine may seed as many as it likes. */
export async function limitRegistrations(ports: AccountPorts, region: Region): Promise<void> {
  if (ports.local) return;
  const gate = await networkGate(ports, region);
  const verdict = await reached(gate.take([REGISTRATIONS], ports.now()));
  if (!verdict.allowed) throw tooMany("rate_limited", verdict.retryAfterMs);
}

const LETTERS = { name: "letters", kind: "rate", limit: 5, windowMs: 60 * MINUTE_MS, burst: 5 } as const;

/** Whether a mailbox may get one more letter of a kind that strangers can ask for: five an hour. */
export async function mayWriteTo(
  ports: AccountPorts,
  region: Region,
  email: string,
  kind: "registration" | "change" | "reset",
): Promise<boolean> {
  const name = await hmacHex(currentKey(ports.directory.keys.email).key, `gate-letters-${kind}`, normaliseEmail(email));
  return (await ports.gate(region, `gate-letters:${name}`).take([LETTERS], ports.now())).allowed;
}

/**
 * The region whose gate counts for an address that nobody has registered, so that it locks in the same way as one that somebody has: as
 * good as random, and always the same.
 */
export async function regionOfUnknown(ports: AccountPorts, email: string): Promise<Region> {
  const hash = await hmacHex(currentKey(ports.directory.keys.email).key, "gate-region", normaliseEmail(email));
  return REGIONS[Number.parseInt(hash.slice(0, 8), 16) % REGIONS.length] ?? REGIONS[0];
}
