import { MINUTE_MS } from "../../shared/clock";
import type { PersonActor } from "../../shared/context";
import { regionOf } from "../../shared/id";
import { problem } from "../../shared/problem";
import {
  beginAttempt,
  beginNetworkAttempt,
  needsSecondFactor,
  PROVIDER_AND_CODE,
  PROVIDER_METHODS,
  type SecondProof,
  spendSecondProof,
} from "../credentials";
import { type FreshToken, renewProof, requireSession, sessionGuard } from "../sessions";
import type { Handoff } from "./flows";
import type { IdentityPorts } from "./ports";
import { proveIdentity } from "./prove-identity";
import { findPerson } from "./sign-in-with-provider";

/** The provider's clock may be a little behind ours. */
const SKEW_MS = MINUTE_MS;

/**
 * Proves anew who holds a session, at a provider: the identity must be linked to this person, and its `auth_time` must say that they proved
 * themselves there since they were sent. A second factor is wanted as well of those who have one.
 *
 * Problems: `mfa_required` where a code is missing, which leaves the handoff; `gone`, `invalid_credentials`, `vendor_failed`, `locked`,
 * `session_ended`; `step_up_required` where the provider does not say that the proof is new.
 */
export async function proveAtProvider(
  ports: IdentityPorts,
  { actor, handoff, second }: { readonly actor: PersonActor; readonly handoff: Handoff; readonly second: SecondProof | undefined },
): Promise<FreshToken> {
  const region = regionOf(actor.person);
  const { records } = ports.stores(region);
  const [guard, rows] = await records.batch<{ second: number }>([
    sessionGuard(records, actor, ports.now()),
    records.prepare(`select ${needsSecondFactor("?")} as second`).bind(actor.person),
  ]);
  requireSession(guard);
  const both = rows?.results[0]?.second === 1;
  if (both && second === undefined) throw problem("mfa_required", "Repeat the call with a code as well.");
  // A code can be guessed at; the provider's word cannot.
  const attempt = both ? await beginAttempt(ports, region, actor.person) : await beginNetworkAttempt(ports, region);
  const proven = await proveIdentity(ports, "prove", handoff, actor);
  if ((await findPerson(ports, proven))?.person !== actor.person) {
    throw problem("invalid_credentials", "This account at the provider is not linked to yours.");
  }
  if (proven.provenAt === undefined || proven.provenAt < proven.begunAt - SKEW_MS) {
    throw problem("step_up_required", "The provider does not say that you have just proven who you are. Use a passkey or a password.");
  }
  if (both && second !== undefined) await spendSecondProof(ports, actor.person, second);
  await attempt.succeeded();
  return await renewProof(ports, actor, both ? { amr: PROVIDER_AND_CODE, acr: "aal2" } : { amr: PROVIDER_METHODS, acr: "aal1" });
}
