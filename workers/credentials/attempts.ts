import { hmacHex } from "../../shared/crypto/hmac";
import { currentKey } from "../../shared/crypto/keys";
import { type Problem, type ProblemCode, problem } from "../../shared/problem";
import type { Region } from "../../shared/region";
import type { AccountGate, CredentialPorts } from "./ports";

/**
 * Limits in front of every proof of identity: a password's hash blocks its isolate, and a code of six digits can be guessed. They fail
 * closed: where a gate does not answer, nothing is checked. Gates are named by keyed hashes, and an account's gate lies in its own
 * region. One gate counts for an account, whatever is guessed at.
 */
export interface Attempt {
  /** The person has proven themselves with all they have: forgets the account's failures, and takes back this one of the network. */
  succeeded(): Promise<void>;
  /** This proof was right but another one is needed: takes back this one attempt, and leaves the failures before it. */
  halfWay(): Promise<void>;
}

/**
 * Counts one attempt at an account, first for the network and then for the account. Problem `locked` where either is locked.
 *
 * @param subject the id of the person, or the normalised address where it leads to nobody
 */
export async function beginAttempt(ports: CredentialPorts, region: Region, subject: string): Promise<Attempt> {
  const ofNetwork = await networkGate(ports, region);
  const ofAccount = await named(ports, region, "gate-account", subject);
  const forNetwork = await reached(ofNetwork.attempt("address", ports.now()));
  if (!forNetwork.allowed) throw tooMany("locked", forNetwork.retryAfterMs);
  const forAccount = await reached(ofAccount.attempt("account", ports.now()));
  if (!forAccount.allowed) throw tooMany("locked", forAccount.retryAfterMs);
  return {
    async succeeded() {
      await reached(Promise.all([ofAccount.clear("account"), ofNetwork.refund("address", ports.now())]));
    },
    async halfWay() {
      await reached(Promise.all([ofAccount.refund("account", ports.now()), ofNetwork.refund("address", ports.now())]));
    },
  };
}

/**
 * Counts one attempt of the network alone, for a proof that nobody can guess: it passes the lock of an account, so that nobody is locked
 * out by the guesses of others. Problem `locked`.
 */
export async function beginNetworkAttempt(ports: CredentialPorts, region: Region): Promise<Pick<Attempt, "succeeded">> {
  const gate = await networkGate(ports, region);
  const verdict = await reached(gate.attempt("address", ports.now()));
  if (!verdict.allowed) throw tooMany("locked", verdict.retryAfterMs);
  return {
    async succeeded() {
      await reached(gate.refund("address", ports.now()));
    },
  };
}

/** The gate of the caller's network in a region. Callers whose address the platform does not tell share one. */
export async function networkGate(ports: CredentialPorts, region: Region): Promise<AccountGate> {
  return await named(ports, region, "gate-network", ports.network ?? "unknown");
}

/** A gate's answer; problem `unavailable` where it gives none. */
export async function reached<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch {
    throw problem("unavailable", undefined, { retryAfter: 1 });
  }
}

/** The refusal of a limit. */
export function tooMany(code: ProblemCode, retryAfterMs: number): Problem {
  return problem(code, undefined, { retryAfter: Math.max(1, Math.ceil(retryAfterMs / 1000)) });
}

async function named(ports: CredentialPorts, region: Region, prefix: string, text: string): Promise<AccountGate> {
  return ports.gate(region, `${prefix}:${await hmacHex(currentKey(ports.directory.keys.email).key, prefix, text)}`);
}
