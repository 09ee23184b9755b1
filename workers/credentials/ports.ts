import { type DirectoryKeys, directoryKeys } from "../../shared/crypto/keys";
import type { SealedPlace } from "../../shared/crypto/sealing";
import type { AppContext } from "../../shared/http/app-env";
import { network } from "../../shared/http/network";
import type { PersonId } from "../../shared/id";
import type { Region } from "../../shared/region";
import { gateOf, vaultOf } from "../regional";
import { type Mailer, mailer } from "../mail";
import { type SessionPorts, sessionPorts, type SessionVault } from "../sessions";

/** What a vault does for credentials: it holds the key that seals them. */
export interface CredentialVault extends SessionVault {
  seal(place: SealedPlace, text: string): Promise<string>;
  unseal(place: SealedPlace, sealed: string): Promise<string>;
}

export interface Verdict {
  readonly allowed: boolean;
  readonly retryAfterMs: number;
}

/** The part of a gate that guards accounts. */
export interface AccountGate {
  attempt(kind: "account" | "address", now: number): Promise<Verdict>;
  clear(kind: "account"): Promise<unknown>;
  refund(kind: "account" | "address", now: number): Promise<unknown>;
  take(
    limits: readonly {
      readonly name: string;
      readonly kind: "rate";
      readonly limit: number;
      readonly windowMs: number;
      readonly burst: number;
    }[],
    now: number,
  ): Promise<Verdict>;
}

/** What the verbs of this domain need from outside. */
export interface CredentialPorts extends SessionPorts {
  readonly directory: { readonly records: D1Database; readonly keys: DirectoryKeys };
  vault(person: PersonId): CredentialVault;
  gate(region: Region, name: string): AccountGate;
  readonly mailer: Mailer;
  /** Does work once the answer is on its way, and keeps the request alive for it. The work must not fail. */
  later(work: () => Promise<void>): void;
  /** The caller's network as far as the platform knows it: an IPv4 address or an IPv6 /64. */
  readonly network: string | undefined;
  /** The call comes from the machine itself, and the deployment is a local one. */
  readonly local: boolean;
  /** What the client calls itself. */
  readonly device: string | undefined;
}

const DEVICE_LENGTH = 120;
/** By then an answer has left the isolate. */
const ANSWERED_MS = 20;

/** The ports of a request. */
export function credentialPorts(c: AppContext): CredentialPorts {
  const address = c.req.header("cf-connecting-ip");
  return {
    ...sessionPorts(c),
    directory: { records: c.env.DIRECTORY, keys: directoryKeys(c.env.DIRECTORY_KEYS) },
    vault: (person) => vaultOf(c.env, person),
    gate: (region, name) => gateOf(c.env, region, name),
    mailer: mailer(c.env, c.get("now")),
    // A turn later: work that began before the answer would delay it, and so tell what it found.
    later: (work) => c.executionCtx.waitUntil(scheduler.wait(ANSWERED_MS).then(work)),
    network: address === undefined ? undefined : network(address),
    local: c.env.RESIDENCY === "off" && (address === "127.0.0.1" || address === "::1"),
    device: c.req.header("user-agent")?.slice(0, DEVICE_LENGTH),
  };
}
