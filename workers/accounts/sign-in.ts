import { checkNobodysPassword, checkPassword, hashPassword } from "../../shared/crypto/password";
import { newId, type PersonId, regionOf } from "../../shared/id";
import { problem } from "../../shared/problem";
import { beginAttempt, inBackground, keepAddress, needsSecondFactor, secondFactorNeeded } from "../credentials";
import { countSecurity } from "../security";
import { openSession } from "../sessions";
import { findClaim } from "./directory";
import { directoryHashes, normaliseEmail, regionalHashes } from "./email";
import { regionOfUnknown } from "./limits";
import type { AccountPorts } from "./ports";
import { pushProfile } from "./push-profile";
import type { SignedIn, SignInRequest } from "./schemas";

/**
 * Stores the password under the current pepper; returns what is stored then. Of two sign-ins at once one writes, and the other goes on
 * with that, where it is still the same password. Problem `invalid_credentials`.
 */
async function hashAgain(ports: AccountPorts, person: PersonId, password: string, before: string): Promise<string> {
  const { records, keys } = ports.stores(regionOf(person));
  const fresh = await hashPassword(password, keys, ports.random);
  const { meta } = await records
    .prepare("update credentials set password_hash = ? where person_id = ? and password_hash = ?")
    .bind(fresh, person, before)
    .run();
  if (meta.changes === 1) return fresh;
  const stored = await records
    .prepare("select password_hash from credentials where person_id = ?")
    .bind(person)
    .first<string>("password_hash");
  if (stored === null || !(await checkPassword(password, stored, keys)).matches) throw problem("invalid_credentials");
  return stored;
}

interface CredentialRow {
  name: string;
  time_zone: string;
  locale: string;
  email_hash: string;
  password_hash: string;
  second: number;
  address_kept: number;
}

/**
 * Signs a person in with e-mail and password. Attempts are counted before the hash. An address that nobody has registered costs the
 * same work and gets the same answer as a wrong password, and so does one whose registration failed half-way.
 *
 * Problems: `invalid_credentials`; `mfa_required` with a challenge where the password is right and a second factor is set up; `locked` while too many attempts lie behind, for the right password too; `unavailable` where a gate
 * does not answer.
 */
export async function signIn(ports: AccountPorts, { email, password }: SignInRequest): Promise<SignedIn> {
  const claim = await findClaim(ports.directory.records, await directoryHashes(ports.directory.keys, email));
  const region = claim === undefined ? await regionOfUnknown(ports, email) : regionOf(claim.person);
  const attempt = await beginAttempt(ports, region, claim?.person ?? normaliseEmail(email));
  const { records, keys } = ports.stores(region);
  // An id that nobody has is looked for as well, so that both take the same steps.
  const row = await readCredential(ports, claim?.person ?? newId("person", region, ports.now(), ports.random), email);
  if (claim === undefined || row === undefined) {
    await checkNobodysPassword(password, keys);
    inBackground(ports, "count", async () => await countSecurity(records, "sign_ins_unknown", ports.now()));
    throw problem("invalid_credentials");
  }

  const { matches, stale } = await checkPassword(password, row.password_hash, keys);
  if (!matches) {
    inBackground(ports, "refused_sign_in", async () => void (await ports.vault(claim.person).noteRefusedSignIn("wrong_password")));
    throw problem("invalid_credentials");
  }

  const { person } = claim;
  const passwordHash = stale ? await hashAgain(ports, person, password, row.password_hash) : row.password_hash;
  if (row.second === 1) {
    await attempt.halfWay();
    throw await secondFactorNeeded(ports, person, { passwordHash });
  }
  const session = await openSession(ports, {
    person,
    amr: ["pwd"],
    acr: "aal1",
    device: ports.device,
    network: ports.network,
    passwordHash,
  });
  const { meta } = await session.statement.run();
  // The password was replaced, or a second factor confirmed, while this one was being checked.
  if (meta.changes !== 1) throw problem("invalid_credentials");
  await attempt.succeeded();
  if (row.address_kept === 0) inBackground(ports, "address", async () => await keepAddress(ports, person, email));
  await pushProfile(ports, person, { timeZone: row.time_zone, locale: row.locale, name: row.name }, session.session);
  return { person: { id: person, name: row.name, region }, tokens: session.tokens };
}

/** The credential of the person to whom the directory leads, where the region agrees that the address is theirs. */
async function readCredential(ports: AccountPorts, person: PersonId, email: string): Promise<CredentialRow | undefined> {
  const { records, keys } = ports.stores(regionOf(person));
  const hashes = await regionalHashes(keys, email);
  const row = await records
    .prepare(
      `select people.name, people.time_zone, people.locale, credentials.email_hash, credentials.password_hash,
         ${needsSecondFactor("credentials.person_id")} as second, credentials.sealed_email is not null as address_kept
       from credentials join people on people.id = credentials.person_id
       where credentials.person_id = ? and credentials.email_hash in (select value from json_each(?))`,
    )
    .bind(person, JSON.stringify(hashes.map(({ hash }) => hash)))
    .first<CredentialRow>();
  const [current] = hashes;
  if (row !== null && row.email_hash !== current.hash) {
    await records
      .prepare("update credentials set email_hash = ?, key_version = ? where person_id = ?")
      .bind(current.hash, current.version, person)
      .run();
  }
  return row ?? undefined;
}
