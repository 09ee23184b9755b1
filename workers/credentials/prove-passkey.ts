import {
  generateAuthenticationOptions,
  type PublicKeyCredentialRequestOptionsJSON,
  verifyAuthenticationResponse,
  type VerifiedAuthenticationResponse,
} from "@simplewebauthn/server";
import { fromBase64Url, toBase64Url } from "../../shared/crypto/base64url";
import { parseId, type PersonId, regionOf } from "../../shared/id";
import { type Problem, problem } from "../../shared/problem";
import { challengeIn, newSignInChallenge, PASSKEY_CHALLENGE_MS, takeSignInChallenge } from "./passkey-challenge";
import type { Assertion } from "./passkey-schemas";
import type { CredentialPorts } from "./ports";
import type { RelyingParty } from "./relying-party";

/** How a passkey that verified its owner is named in tokens (RFC 8176): two factors in one. */
export const PASSKEY_METHODS = ["hwk", "user"] as const;

/** Nobody moves more often. */
const MOST_MOVES = 50;

interface Row {
  id: string;
  public_key: string;
  counter: number;
}

/** Options for asking any passkey of this site to sign in its owner. */
export async function beginPasskeySignIn(ports: CredentialPorts, party: RelyingParty): Promise<PublicKeyCredentialRequestOptionsJSON> {
  return await generateAuthenticationOptions({
    rpID: party.id,
    challenge: new Uint8Array(new TextEncoder().encode(await newSignInChallenge(ports))),
    timeout: PASSKEY_CHALLENGE_MS,
    userVerification: "required",
  });
}

/**
 * The owner of a passkey that answered a challenge of ours. The challenge is used up first, whatever comes of it. A counter that goes
 * back is noted with the passkey and locks nobody out: it says that there may be a copy. Problem `invalid_credentials` for everything
 * that does not verify, in the same words.
 */
export async function provePasskey(ports: CredentialPorts, party: RelyingParty, response: Assertion): Promise<PersonId> {
  const token = challengeIn(response.response.clientDataJSON);
  if (token === undefined || !(await takeSignInChallenge(ports, token))) throw refused();
  const handle = fromBase64Url(response.response.userHandle);
  const named = handle === undefined ? undefined : parseId("person", new TextDecoder().decode(handle));
  if (named === undefined) throw refused();
  const person = await presentId(ports, named);
  const { records } = ports.stores(regionOf(person));
  const row = await records
    .prepare("select id, public_key, counter from passkeys where credential_id = ? and person_id = ?")
    .bind(response.id, person)
    .first<Row>();
  if (row === null) throw refused();
  const { newCounter, credentialBackedUp } = await verified(response, party, token, row);
  const now = ports.now();
  const wentBack = (newCounter > 0 || row.counter > 0) && newCounter <= row.counter;
  await records
    .prepare(
      `update passkeys set counter = max(counter, ?), backed_up = ?, last_used_at = ?, flagged_at = coalesce(?, flagged_at) where id = ?`,
    )
    .bind(newCounter, credentialBackedUp ? 1 : 0, now, wentBack ? now : null, row.id)
    .run();
  if (wentBack) ports.log({ event: "passkey", outcome: "counter_went_back", region: regionOf(person) });
  return person;
}

/** A passkey names its owner by the id they had when it was made; each region they have left since leads on to the next. */
async function presentId(ports: CredentialPorts, person: PersonId, hops = MOST_MOVES): Promise<PersonId> {
  const row = await ports
    .stores(regionOf(person))
    .records.prepare("select new_person_id from moves where person_id = ? and state = 'done' limit 1")
    .bind(person)
    .first<{ new_person_id: string }>();
  const next = row === null ? undefined : parseId("person", row.new_person_id);
  return next === undefined || hops === 0 ? person : await presentId(ports, next, hops - 1);
}

async function verified(
  response: Assertion,
  party: RelyingParty,
  token: string,
  row: Row,
): Promise<VerifiedAuthenticationResponse["authenticationInfo"]> {
  const publicKey = fromBase64Url(row.public_key);
  if (publicKey === undefined) throw new TypeError("a stored key is not in base 64");
  let found: VerifiedAuthenticationResponse | undefined;
  try {
    found = await verifyAuthenticationResponse({
      response,
      expectedChallenge: toBase64Url(new TextEncoder().encode(token)),
      expectedOrigin: [...party.origins],
      expectedRPID: party.id,
      requireUserVerification: true,
      // The library refuses a counter that does not grow; a zero leaves the judgement to us.
      credential: { id: response.id, publicKey, counter: 0 },
    });
  } catch {
    found = undefined;
  }
  if (found?.verified !== true) throw refused();
  return found.authenticationInfo;
}

function refused(): Problem {
  return problem("invalid_credentials", "The passkey was not accepted.");
}
