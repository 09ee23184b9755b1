import { MINUTE_MS } from "../../shared/clock";
import { hmacHex } from "../../shared/crypto/hmac";
import { currentKey } from "../../shared/crypto/keys";
import { type Problem, type ProblemCode, problem } from "../../shared/problem";
import { REGIONS, type Region } from "../../shared/region";
import { normaliseEmail } from "./email";
import type { AccountGate, AccountPorts } from "./ports";

/**
 * Limits in front of the password hash, which blocks its isolate. They fail closed: where a gate does not answer, nobody is hashed for.
 * Gates are named by keyed hashes, and an account's gate lies in its own region. An address that nobody has registered gets a region by
 * its hash, so that it locks in the same way.
 */
const REGISTRATIONS = { name: "registrations", kind: "rate", limit: 600, windowMs: 10 * MINUTE_MS, burst: 600 } as const;

/** Problem `rate_limited` where the caller's network registers too many accounts. A developer's own machine may seed as many as it likes. */
export async function limitRegistrations(ports: AccountPorts, region: Region): Promise<void> {
  if (ports.local) return;
  const gate = await networkGate(ports, region);
  const verdict = await reached(gate.take([REGISTRATIONS], ports.now()));
  if (!verdict.allowed) throw tooMany("rate_limited", verdict.retryAfterMs);
}

export interface SignInAttempt {
  /** The right password was given: forgets the account's failures, and takes back this one attempt of the network. */
  succeeded(): Promise<void>;
}

/** Counts one attempt to sign in, first for the network and then for the account. Problem `locked` where either is locked. */
export async function beginSignIn(ports: AccountPorts, region: Region, email: string): Promise<SignInAttempt> {
  const ofNetwork = await networkGate(ports, region);
  const ofAccount = await named(ports, region, "gate-account", normaliseEmail(email));
  const forNetwork = await reached(ofNetwork.attempt("address", ports.now()));
  if (!forNetwork.allowed) throw tooMany("locked", forNetwork.retryAfterMs);
  const forAccount = await reached(ofAccount.attempt("account", ports.now()));
  if (!forAccount.allowed) throw tooMany("locked", forAccount.retryAfterMs);
  return {
    async succeeded() {
      await reached(Promise.all([ofAccount.clear("account"), ofNetwork.refund("address", ports.now())]));
    },
  };
}

/** The region whose gate counts for an address that nobody has registered: as good as random, and always the same. */
export async function regionOfUnknown(ports: AccountPorts, email: string): Promise<Region> {
  const hash = await hmacHex(currentKey(ports.directory.keys).key.email, "gate-region", normaliseEmail(email));
  return REGIONS[Number.parseInt(hash.slice(0, 8), 16) % REGIONS.length] ?? REGIONS[0];
}

/** Callers whose address the platform does not tell share one gate. */
async function networkGate(ports: AccountPorts, region: Region): Promise<AccountGate> {
  return await named(ports, region, "gate-network", ports.network ?? "unknown");
}

async function named(ports: AccountPorts, region: Region, prefix: string, text: string): Promise<AccountGate> {
  return ports.gate(region, `${prefix}:${await hmacHex(currentKey(ports.directory.keys).key.email, prefix, text)}`);
}

async function reached<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch {
    throw problem("unavailable", undefined, { retryAfter: 1 });
  }
}

function tooMany(code: ProblemCode, retryAfterMs: number): Problem {
  return problem(code, undefined, { retryAfter: Math.max(1, Math.ceil(retryAfterMs / 1000)) });
}
