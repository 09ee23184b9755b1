import * as z from "zod";
import { MINUTE_MS } from "../../shared/clock";
import { directoryHashesOf, type Identity, regionalHashesOf } from "../../shared/crypto/identity-hashes";
import { noPassword } from "../../shared/crypto/password";
import { newId, type PersonId, regionOf } from "../../shared/id";
import { problem } from "../../shared/problem";
import { type Alongside, completeRegistration, limitRegistrations, type SignedIn } from "../accounts";
import { inBackground, PROVIDER_METHODS } from "../credentials";
import { claimIdentity, replaceIdentityClaim } from "./directory";
import { dropRegistration, readRegistration } from "./flows";
import { keepLabel, keepSubject } from "./labels";
import type { IdentityPorts } from "./ports";
import { PROVIDER_IDS, type ProviderId } from "./providers";
import type { RegisterWithProvider } from "./schemas";

/** A claim that leads to no linked identity and is older than this was left behind by a call that was cut off. */
const ABANDONED_MS = MINUTE_MS;

const pendingSchema = z.object({ issuer: z.string(), subject: z.string(), email: z.string(), name: z.string().optional() });

/**
 * Registers somebody whom a provider has named, in the region that they have chosen, without a password. The token is used up last, so that
 * a call that was cut off is completed by repeating it.
 *
 * Problems: `gone` for a token that is unknown, used or expired; `invalid` where neither they nor the provider say a name; `email_taken`,
 * `conflict` where address or identity have found an account meanwhile; `rate_limited`.
 */
export async function registerWithProvider(ports: IdentityPorts, input: RegisterWithProvider): Promise<SignedIn> {
  const found = await readRegistration(ports, input.registration);
  const provider = PROVIDER_IDS.find((id) => id === found?.provider);
  if (found === undefined || provider === undefined) throw problem("gone", "The registration is not valid any more. Begin again.");
  const pending = pendingSchema.parse(JSON.parse(found.content));
  const { region, timeZone, locale } = input;
  const name = input.name ?? pending.name;
  if (name === undefined) {
    const message = "The provider tells no name: give one.";
    throw problem("invalid", undefined, { errors: [{ pointer: "/name", code: "missing", message }] });
  }
  await limitRegistrations(ports, region);
  const passwordHash = noPassword(ports.random);
  const signedIn = await completeRegistration(
    ports,
    { email: pending.email, name, region, timeZone, locale },
    {
      passwordHash,
      verified: true,
      amr: PROVIDER_METHODS,
      alongside: async (person) => await alongside(ports, { person, provider, identity: pending, email: pending.email, passwordHash }),
    },
  );
  await dropRegistration(ports, input.registration);
  return signedIn;
}

interface NewIdentity {
  readonly person: PersonId;
  readonly provider: ProviderId;
  readonly identity: Identity;
  readonly email: string;
  readonly passwordHash: string;
}

async function alongside(ports: IdentityPorts, { person, provider, identity, email, passwordHash }: NewIdentity): Promise<Alongside> {
  const now = ports.now();
  await claimFor(ports, { person, provider, identity });
  const { records, keys } = ports.stores(regionOf(person));
  const [hash] = await regionalHashesOf(keys, identity);
  const id = newId("identity", regionOf(person), now, ports.random);
  inBackground(ports, "label", async () => await keepLabel(ports, person, id, email));
  inBackground(ports, "subject", async () => await keepSubject(ports, person, id, identity));
  return {
    identity: id,
    statements: [
      records
        .prepare(
          `insert into identities (id, person_id, provider, identity_hash, key_version, created_at, last_used_at)
           select ?1, ?2, ?3, ?4, ?5, ?6, ?6 where exists (select 1 from credentials where person_id = ?2 and password_hash = ?7)`,
        )
        .bind(id, person, provider, hash.hash, hash.version, now, passwordHash),
    ],
  };
}

/**
 * Makes the directory lead from an identity to a person. Problem `conflict` where it leads to somebody else who has it linked, or may be
 * about to.
 */
export async function claimFor(
  ports: IdentityPorts,
  { person, provider, identity }: { readonly person: PersonId; readonly provider: ProviderId; readonly identity: Identity },
): Promise<void> {
  const now = ports.now();
  const { records, keys } = ports.directory;
  const hashes = await directoryHashesOf(keys, identity);
  const claim = await claimIdentity(records, hashes, { provider, person, now });
  if (claim.person === person) return;
  if (await isLinked(ports, claim.person, identity)) throw taken();
  if (claim.claimedAt > now - ABANDONED_MS) throw taken();
  if (!(await replaceIdentityClaim(records, hashes, claim, { person, now }))) throw taken();
}

async function isLinked(ports: IdentityPorts, person: PersonId, identity: Identity): Promise<boolean> {
  const { records, keys } = ports.stores(regionOf(person));
  const hashes = await regionalHashesOf(keys, identity);
  const row = await records
    .prepare("select 1 from identities where person_id = ? and identity_hash in (select value from json_each(?))")
    .bind(person, JSON.stringify(hashes.map(({ hash }) => hash)))
    .first();
  return row !== null;
}

function taken() {
  return problem("conflict", "This account at the provider is linked to another account here.");
}
