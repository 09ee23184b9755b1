import { MINUTE_MS } from "../../shared/clock";
import { directoryHashesOf, regionalHashesOf } from "../../shared/crypto/identity-hashes";
import { type Id, parseId, type PersonId, regionOf } from "../../shared/id";
import { problem } from "../../shared/problem";
import { nameSchema, pushProfile, regionOfUnknown, requireFreeAddress, type SignedIn } from "../accounts";
import { beginNetworkAttempt, inBackground, needsSecondFactor, PROVIDER_METHODS, secondFactorNeeded } from "../credentials";
import { openSession } from "../sessions";
import { findIdentityClaim } from "./directory";
import { type Handoff, keepRegistration } from "./flows";
import { keepSubject } from "./labels";
import type { IdentityPorts } from "./ports";
import { type Proven, proveIdentity } from "./prove-identity";
import type { RegistrationNeeded } from "./schemas";

const REGISTRATION_MS = 15 * MINUTE_MS;

interface Row {
  id: string;
  identity_hash: string;
  sealed_subject: string | null;
  name: string;
  time_zone: string;
  locale: string;
  password_hash: string;
  second: number;
}

/**
 * Signs in the owner of an account at a provider, who is known by issuer and subject and never by an address. Somebody who is not known gets
 * a token with which they register once they have chosen a region. Where a second factor is set up, this was half a sign-in. It passes
 * the lock of an account, since nobody can guess at it; attempts of the network count.
 *
 * Problems: `gone`, `invalid_credentials`, `vendor_failed`, `mfa_required` with a challenge, `locked`; `email_taken` where the provider's
 * verified address belongs to an account that this identity is not linked to; `forbidden` where it gives no verified address to register with.
 */
export async function signInWithProvider(ports: IdentityPorts, handoff: Handoff): Promise<SignedIn | RegistrationNeeded> {
  const attempt = await beginNetworkAttempt(ports, await regionOfUnknown(ports, ports.network ?? ""));
  const proven = await proveIdentity(ports, "sign_in", handoff);
  const found = await findPerson(ports, proven);
  await attempt.succeeded();
  if (found === undefined) return await registrationNeeded(ports, proven);
  const { person, identity, row } = found;
  const { password_hash: passwordHash } = row;
  // A browser that is signed in at the provider proves nothing anew: where the provider does not say when its owner did, nothing counts as fresh.
  const provenAt = proven.provenAt ?? 0;
  if (row.second === 1) throw await secondFactorNeeded(ports, person, { passwordHash, identity, provenAt });
  const region = regionOf(person);
  const { records } = ports.stores(region);
  const session = await openSession(ports, {
    person,
    amr: PROVIDER_METHODS,
    acr: "aal1",
    device: ports.device,
    network: ports.network,
    passwordHash,
    identity,
    provenAt,
  });
  const [opened] = await records.batch([
    session.statement,
    records.prepare("update identities set last_used_at = ? where id = ?").bind(ports.now(), identity),
  ]);
  if (opened?.meta.changes !== 1) throw problem("invalid_credentials", "The account has changed meanwhile. Begin again.");
  await pushProfile(ports, person, { timeZone: row.time_zone, locale: row.locale, name: row.name }, session.session);
  return { person: { id: person, name: row.name, region }, tokens: session.tokens };
}

/** Whose identity it is, where the region agrees with the directory. */
export async function findPerson(
  ports: IdentityPorts,
  proven: Proven,
): Promise<{ readonly person: PersonId; readonly identity: Id<"identity">; readonly row: Row } | undefined> {
  const claim = await findIdentityClaim(ports.directory.records, await directoryHashesOf(ports.directory.keys, proven));
  if (claim === undefined) return undefined;
  const { person } = claim;
  const { records, keys } = ports.stores(regionOf(person));
  const hashes = await regionalHashesOf(keys, proven);
  const row = await records
    .prepare(
      `select identities.id, identities.identity_hash, identities.sealed_subject, people.name, people.time_zone, people.locale, credentials.password_hash,
         ${needsSecondFactor("people.id")} as second
       from identities join people on people.id = identities.person_id join credentials on credentials.person_id = people.id
       where identities.person_id = ? and identities.provider = ? and identities.identity_hash in (select value from json_each(?))`,
    )
    .bind(person, proven.provider, JSON.stringify(hashes.map(({ hash }) => hash)))
    .first<Row>();
  const identity = row === null ? undefined : parseId("identity", row.id);
  if (row === null || identity === undefined) return undefined;
  const [current] = hashes;
  if (row.identity_hash !== current.hash) {
    await records
      .prepare("update identities set identity_hash = ?, key_version = ? where id = ?")
      .bind(current.hash, current.version, row.id)
      .run();
  }
  if (row.sealed_subject === null) inBackground(ports, "subject", async () => await keepSubject(ports, person, identity, proven));
  return { person, identity, row };
}

/** Whoever reads this answer has proven the mailbox at the provider: that it has an account here is no news to others. */
async function registrationNeeded(ports: IdentityPorts, proven: Proven): Promise<RegistrationNeeded> {
  const { email, provider, issuer, subject } = proven;
  if (email === undefined) {
    throw problem("forbidden", "The provider gives no verified e-mail address. Register with a password, and link the provider then.");
  }
  await requireFreeAddress(ports, email, "An account has this address. Sign in to it, and link the provider there.");
  const name = nameSchema.safeParse(proven.name).data;
  const content = JSON.stringify({ issuer, subject, email, name });
  const token = await keepRegistration(ports, { provider, content, lifeMs: REGISTRATION_MS });
  return { registration: { token, expiresIn: REGISTRATION_MS / 1000, name: name ?? null, email } };
}
