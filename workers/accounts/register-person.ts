import { MINUTE_MS } from "../../shared/clock";
import { passwordFault } from "../../shared/crypto/password-rules";
import { hashPassword } from "../../shared/crypto/password";
import { hasTombstone } from "../../shared/erasure/tombstones";
import { type Id, newId, type PersonId, regionOf } from "../../shared/id";
import { problem } from "../../shared/problem";
import { inBackground, keepAddress } from "../credentials";
import { openSession } from "../sessions";
import { type Claim, claimEmail, findClaim, renewClaim, replaceClaim } from "./directory";
import { directoryHashes, normaliseEmail, regionalHashes } from "./email";
import { limitRegistrations } from "./limits";
import type { AccountPorts } from "./ports";
import { DEFAULT_LOCALE, DEFAULT_TIME_ZONE, unitsFor } from "./profile";
import { pushProfile } from "./push-profile";
import type { Registration, SignedIn } from "./schemas";

/** A claim without an account that is older than this was left behind by a registration that failed half-way. */
const ABANDONED_MS = MINUTE_MS;

/**
 * Registers a person: claims the address in the directory, then writes person, credential and first session in one batch of the chosen
 * region, then tells the vault. A registration that failed between the two leaves a claim that leads to no account; the next one with
 * the same address completes it.
 *
 * Without e-mail verification a taken address has to be answered as such (`email_taken`), after the same hashing as a free one. That
 * lets a caller find out who is registered, as fast as the limit on registrations allows; verification by e-mail removes it.
 *
 * Problems: `invalid` for a weak password, `email_taken`, `rate_limited`, `unavailable`.
 */
export async function registerPerson(ports: AccountPorts, input: Registration): Promise<SignedIn> {
  const passwordHash = await prepareRegistration(ports, input);
  return await completeRegistration(ports, input, { passwordHash, verified: false, amr: BY_PASSWORD });
}

/** What comes before anything is looked up or written: the rules for passwords, the limit, and the hash. */
export async function prepareRegistration(ports: AccountPorts, input: Registration): Promise<string> {
  const fault = passwordFault(input.password, { email: normaliseEmail(input.email), name: input.name });
  if (fault !== undefined) throw problem("invalid", undefined, { errors: [{ pointer: "/password", ...fault }] });
  await limitRegistrations(ports, input.region);
  return await hashPassword(input.password, ports.stores(input.region).keys, ports.random);
}

/** A registration without its password. */
export type Registrant = Omit<Registration, "password">;

export const BY_PASSWORD = ["pwd"] as const;

/** What stands behind a registration. */
export interface Proven {
  /** Stored in the credentials; of somebody without a password, what `noPassword` makes. */
  readonly passwordHash: string;
  /** The mailbox is known to be theirs. */
  readonly verified: boolean;
  /** How the first session was opened. */
  readonly amr: readonly string[];
  /** Claims and writes what belongs to the account beside its address, once its id is known: statements of the account's batch. */
  readonly alongside?: ((person: PersonId) => Promise<Alongside>) | undefined;
}

export interface Alongside {
  readonly identity: Id<"identity">;
  readonly statements: readonly D1PreparedStatement[];
}

/** Writes the account, tells the vault and signs the person in. Problem `email_taken`. */
export async function completeRegistration(ports: AccountPorts, input: Registrant, proven: Proven): Promise<SignedIn> {
  const person = await claimFor(ports, input);
  const timeZone = input.timeZone ?? DEFAULT_TIME_ZONE;
  const locale = input.locale ?? DEFAULT_LOCALE;
  const tokens = await writeAccount(ports, person, { ...input, timeZone, locale }, proven);
  inBackground(ports, "address", async () => await keepAddress(ports, person, input.email));
  await pushProfile(ports, person, { timeZone, locale, name: input.name });
  return { person: { id: person, name: input.name, region: input.region }, tokens };
}

/** The id under which the address may be registered in the wanted region. */
async function claimFor(ports: AccountPorts, { email, region }: Registrant): Promise<PersonId> {
  const now = ports.now();
  const { records, keys } = ports.directory;
  const mine = newId("person", region, now, ports.random);
  const claim = await claimEmail(records, await directoryHashes(keys, email), mine, now);
  if (claim.person === mine) return mine;
  if (await hasAccount(ports, claim)) throw problem("email_taken");
  const { files, keys: ring } = ports.stores(regionOf(claim.person));
  if (await hasTombstone(files, ring, claim.person)) {
    // An erased person's id is never taken up again.
    if (!(await replaceClaim(records, claim, mine, now))) throw problem("email_taken");
    return mine;
  }
  // The same region: the id is taken up again, and if its first registration is still under way, the regional batch decides.
  if (regionOf(claim.person) === region && (await renewClaim(records, claim.person))) return claim.person;
  if (claim.claimedAt > now - ABANDONED_MS || !(await replaceClaim(records, claim, mine, now))) throw problem("email_taken");
  return mine;
}

/** Problem `email_taken` where an address leads to an account. Writes nothing: the registration decides. */
export async function requireFreeAddress(ports: AccountPorts, email: string, detail: string): Promise<void> {
  const claim = await findClaim(ports.directory.records, await directoryHashes(ports.directory.keys, email));
  if (claim !== undefined && (await hasAccount(ports, claim))) throw problem("email_taken", detail);
}

/** Whether a claim leads to an account, or was left behind by a registration that failed half-way. */
export async function hasAccount(ports: AccountPorts, { person }: Claim): Promise<boolean> {
  const { records } = ports.stores(regionOf(person));
  return (await records.prepare("select 1 from credentials where person_id = ?").bind(person).first()) !== null;
}

/** Of two registrations for the same id one writes; the other finds that its session row was not written. */
async function writeAccount(ports: AccountPorts, person: PersonId, input: Required<Registrant>, proven: Proven) {
  const now = ports.now();
  const { passwordHash } = proven;
  const { records, keys } = ports.stores(regionOf(person));
  const [emailHash] = await regionalHashes(keys, input.email);
  const alongside = await proven.alongside?.(person);
  const session = await openSession(ports, {
    person,
    amr: proven.amr,
    acr: "aal1",
    device: ports.device,
    network: ports.network,
    passwordHash,
    identity: alongside?.identity,
  });
  const written = await records.batch([
    records
      .prepare(
        `insert into people (id, name, time_zone, locale, units, roles, created_at, updated_at)
         values (?1, ?2, ?3, ?4, ?5, '["user"]', ?6, ?6) on conflict do nothing`,
      )
      .bind(person, input.name, input.timeZone, input.locale, unitsFor(input.locale), now),
    records
      .prepare(
        `insert into credentials (person_id, email_hash, key_version, password_hash, changed_at, email_verified_at)
         values (?, ?, ?, ?, ?, ?) on conflict do nothing`,
      )
      .bind(person, emailHash.hash, emailHash.version, passwordHash, now, proven.verified ? now : null),
    ...(alongside?.statements ?? []),
    session.statement,
  ]);
  if (written.at(-1)?.meta.changes !== 1) throw problem("email_taken");
  return session.tokens;
}
