import {
  generateRegistrationOptions,
  type PublicKeyCredentialCreationOptionsJSON,
  type VerifiedRegistrationResponse,
  verifyRegistrationResponse,
} from "@simplewebauthn/server";
import type { PersonActor } from "../../shared/context";
import { toBase64Url } from "../../shared/crypto/base64url";
import { newId, regionOf } from "../../shared/id";
import { problem } from "../../shared/problem";
import { endOthers, LIVE_SESSION, requireSession, sessionGuard, tellEnded } from "../sessions";
import { newChallenge, takeChallenge } from "./challenges";
import { notifyOwner } from "./notify";
import { challengeIn, PASSKEY_CHALLENGE_MS } from "./passkey-challenge";
import type { NewPasskey, Passkey } from "./passkey-schemas";
import { COLUMNS, type PasskeyRow, passkeyOf } from "./passkeys";
import type { CredentialPorts } from "./ports";
import type { RelyingParty } from "./relying-party";

/** ES256 and RS256: what every authenticator speaks and the platform verifies. */
const ALGORITHMS = [-7, -257];
const MOST = 25;

/** Options for making a passkey that knows its owner and verifies them. Problem `conflict` for a person who has 25 already. */
export async function beginPasskey(
  ports: CredentialPorts,
  party: RelyingParty,
  actor: PersonActor,
): Promise<PublicKeyCredentialCreationOptionsJSON> {
  const { person } = actor;
  const region = regionOf(person);
  const { records } = ports.stores(region);
  const { token, statement } = await newChallenge(ports, { kind: "pkr", region, person, content: "", lifeMs: PASSKEY_CHALLENGE_MS });
  const [guard, rows, known] = await records.batch<{ name?: string; credential_id?: string }>([
    sessionGuard(records, actor, ports.now()),
    records.prepare("select name from people where id = ?").bind(person),
    records.prepare("select credential_id from passkeys where person_id = ?").bind(person),
  ]);
  requireSession(guard);
  const ids = (known?.results ?? []).flatMap(({ credential_id: id }) => (id === undefined ? [] : [{ id }]));
  if (ids.length >= MOST) throw problem("conflict", "There are too many passkeys already.");
  await statement.run();
  const name = rows?.results[0]?.name ?? "";
  return await generateRegistrationOptions({
    rpName: "Meridian",
    rpID: party.id,
    userID: new Uint8Array(new TextEncoder().encode(person)),
    userName: name,
    userDisplayName: name,
    challenge: new Uint8Array(new TextEncoder().encode(token)),
    timeout: PASSKEY_CHALLENGE_MS,
    attestationType: "none",
    excludeCredentials: ids,
    authenticatorSelection: { residentKey: "required", userVerification: "required" },
    supportedAlgorithmIDs: ALGORITHMS,
  });
}

/**
 * Keeps a new passkey and ends all other sessions. Problems: `gone` where the challenge is used, late or another person's; `invalid`
 * where the answer does not verify; `conflict` where the passkey is known already.
 */
export async function addPasskey(
  ports: CredentialPorts,
  party: RelyingParty,
  { actor, response, name }: { readonly actor: PersonActor } & NewPasskey,
): Promise<Passkey> {
  const { person } = actor;
  const region = regionOf(person);
  const { records } = ports.stores(region);
  requireSession(await sessionGuard(records, actor, ports.now()).all());
  const token = challengeIn(response.response.clientDataJSON) ?? "";
  const taken = await takeChallenge(ports, "pkr", token);
  if (taken?.person !== person) throw problem("gone", "The challenge is not valid any more. Begin again.");
  const { credential, credentialBackedUp } = await verified(response, party, token);
  const now = ports.now();
  const row: PasskeyRow = {
    id: newId("passkey", region, now, ports.random),
    name,
    backed_up: credentialBackedUp ? 1 : 0,
    flagged_at: null,
    created_at: now,
    last_used_at: null,
  };
  const [written] = await records.batch([
    records
      .prepare(
        `insert into passkeys (person_id, credential_id, public_key, counter, transports, ${COLUMNS})
         select ?2, ?4, ?5, ?6, ?7, ?8, ?9, ?10, null, ?3, null where ${LIVE_SESSION} on conflict do nothing`,
      )
      .bind(
        actor.session,
        person,
        now,
        credential.id,
        toBase64Url(credential.publicKey),
        credential.counter,
        JSON.stringify(credential.transports ?? []),
        row.id,
        row.name,
        row.backed_up,
      ),
    endOthers(records, actor, now, "factor_changed"),
  ]);
  if (written?.meta.changes !== 1) throw problem("conflict", "This passkey is known already.");
  notifyOwner(ports, person, "factor_added");
  await tellEnded(ports, person);
  return passkeyOf(row);
}

/** The library says what is wrong by throwing; callers learn only that something is. */
async function verified(
  response: NewPasskey["response"],
  party: RelyingParty,
  token: string,
): Promise<NonNullable<VerifiedRegistrationResponse["registrationInfo"]>> {
  let found: VerifiedRegistrationResponse | undefined;
  try {
    found = await verifyRegistrationResponse({
      response,
      expectedChallenge: toBase64Url(new TextEncoder().encode(token)),
      expectedOrigin: [...party.origins],
      expectedRPID: party.id,
      requireUserVerification: true,
      supportedAlgorithmIDs: ALGORITHMS,
    });
  } catch {
    found = undefined;
  }
  if (found?.verified !== true) {
    const message = "The passkey's answer does not verify.";
    throw problem("invalid", undefined, { errors: [{ pointer: "/response", code: "not_verified", message }] });
  }
  return found.registrationInfo;
}
