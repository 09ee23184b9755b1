import type { PersonActor } from "../../shared/context";
import { checkPassword, isPassword } from "../../shared/crypto/password";
import { regionOf } from "../../shared/id";
import { problem } from "../../shared/problem";
import { type FreshToken, renewProof, requireSession, sessionGuard } from "../sessions";
import { beginAttempt, beginNetworkAttempt } from "./attempts";
import type { Assertion } from "./passkey-schemas";
import type { CredentialPorts } from "./ports";
import { PASSKEY_METHODS, provePasskey } from "./prove-passkey";
import type { RelyingParty } from "./relying-party";
import { BOTH_FACTORS, needsSecondFactor, type SecondProof, spendSecondProof } from "./second-factor";

/**
 * Proves anew who holds a session: the password, and the second factor where there is one. The session's `auth_time` becomes now, and
 * the returned access token says so.
 *
 * Problems: `invalid_credentials`, `mfa_required` where the password is right and a code is missing, `locked`, `session_ended`.
 */
export async function proveAgain(
  ports: CredentialPorts,
  { actor, password, second }: { readonly actor: PersonActor; readonly password: string; readonly second: SecondProof | undefined },
): Promise<FreshToken> {
  const region = regionOf(actor.person);
  const { records, keys } = ports.stores(region);
  const [guard, rows] = await records.batch<{ password_hash: string; second: number }>([
    sessionGuard(records, actor, ports.now()),
    records
      .prepare(`select password_hash, ${needsSecondFactor("credentials.person_id")} as second from credentials where person_id = ?`)
      .bind(actor.person),
  ]);
  requireSession(guard);
  const row = rows?.results[0];
  if (row === undefined) throw problem("session_ended");
  if (!isPassword(row.password_hash))
    throw problem("invalid_credentials", "There is no password. Prove who you are at a sign-in provider, or sign in with a passkey.");
  const attempt = await beginAttempt(ports, region, actor.person);
  if (!(await checkPassword(password, row.password_hash, keys)).matches) throw problem("invalid_credentials");
  if (row.second === 1) {
    if (second === undefined) {
      await attempt.halfWay();
      throw problem("mfa_required", "Repeat the call with a code as well.");
    }
    await spendSecondProof(ports, actor.person, second);
  }
  await attempt.succeeded();
  return await renewProof(ports, actor, row.second === 1 ? { amr: BOTH_FACTORS, acr: "aal2" } : { amr: ["pwd"], acr: "aal1" });
}

/**
 * Proves anew who holds a session with one of their passkeys, which counts as both factors. The account's lock does not matter, as at
 * the sign-in. Problems: `invalid_credentials`, for another person's passkey too; `locked`; `session_ended`.
 */
export async function proveAgainByPasskey(
  ports: CredentialPorts,
  party: RelyingParty,
  { actor, response }: { readonly actor: PersonActor; readonly response: Assertion },
): Promise<FreshToken> {
  const region = regionOf(actor.person);
  const { records } = ports.stores(region);
  requireSession(await sessionGuard(records, actor, ports.now()).all());
  const attempt = await beginNetworkAttempt(ports, region);
  if ((await provePasskey(ports, party, response)) !== actor.person) throw problem("invalid_credentials", "The passkey was not accepted.");
  await attempt.succeeded();
  return await renewProof(ports, actor, { amr: PASSKEY_METHODS, acr: "aal2" });
}
