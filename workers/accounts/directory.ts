import { parseId, type PersonId } from "../../shared/id";
import type { EmailHashes } from "./email";

/** Where an address leads. */
export interface Claim {
  readonly person: PersonId;
  /** Epoch milliseconds. */
  readonly claimedAt: number;
}

interface EmailRow {
  email_hash: string;
  person_id: string;
  claimed_at: number;
}

/**
 * Claims an address for a person, in one statement, so that of any number of parallel registrations one wins and the same address
 * never leads to two regions. Rows under older key versions count as well.
 *
 * @returns the claim that stands afterwards: the caller's own, or the one that was there
 */
export async function claimEmail(directory: D1Database, hashes: EmailHashes, person: PersonId, now: number): Promise<Claim> {
  const [current] = hashes;
  const all = JSON.stringify(hashes.map(({ hash }) => hash));
  const [, found] = await directory.batch<EmailRow>([
    directory
      .prepare(
        `insert into emails (email_hash, key_version, person_id, claimed_at)
         select ?1, ?2, ?3, ?4 where not exists (select 1 from emails where email_hash in (select value from json_each(?5)))
         on conflict do nothing`,
      )
      .bind(current.hash, current.version, person, now, all),
    selectClaim(directory, all),
  ]);
  const claim = claimOf(found?.results[0]);
  if (claim === undefined) throw new TypeError("a claimed address is not in the directory");
  return claim;
}

/** The claim on an address, or undefined where nobody has one. Moves a row under an old key version to the current one. */
export async function findClaim(directory: D1Database, hashes: EmailHashes): Promise<Claim | undefined> {
  const [current] = hashes;
  const row = await selectClaim(directory, JSON.stringify(hashes.map(({ hash }) => hash))).first<EmailRow>();
  if (row !== null && row.email_hash !== current.hash) {
    await directory
      .prepare("update or ignore emails set email_hash = ?, key_version = ? where email_hash = ?")
      .bind(current.hash, current.version, row.email_hash)
      .run();
  }
  return claimOf(row ?? undefined);
}

/**
 * Takes up a claim that leads to no account, so that nobody drops it as abandoned any more. False where that has happened already.
 */
export async function renewClaim(directory: D1Database, person: PersonId): Promise<boolean> {
  const { meta } = await directory.prepare("update emails set claimed_at = claimed_at + 1 where person_id = ?").bind(person).run();
  return meta.changes === 1;
}

/** Gives an address to another person, where the claim is still the one that was found abandoned. */
export async function replaceClaim(directory: D1Database, abandoned: Claim, person: PersonId, now: number): Promise<boolean> {
  const { meta } = await directory
    .prepare("update emails set person_id = ?, claimed_at = ? where person_id = ? and claimed_at = ?")
    .bind(person, now, abandoned.person, abandoned.claimedAt)
    .run();
  return meta.changes === 1;
}

/**
 * Gives a person another address, in one batch: of parallel moves to the same address one wins. `abandoned` is a claim on the address
 * that was found to lead nowhere. Moving to the address that the person has already succeeds.
 */
export async function moveClaim(
  directory: D1Database,
  hashes: EmailHashes,
  { person, now, abandoned }: { readonly person: PersonId; readonly now: number; readonly abandoned: Claim | undefined },
): Promise<boolean> {
  const [current] = hashes;
  const all = JSON.stringify(hashes.map(({ hash }) => hash));
  const results = await directory.batch([
    directory.prepare("delete from emails where person_id = ? and claimed_at = ?").bind(abandoned?.person ?? "", abandoned?.claimedAt ?? 0),
    directory
      .prepare(
        `update or ignore emails set email_hash = ?1, key_version = ?2, claimed_at = ?3
         where person_id = ?4 and not exists (
           select 1 from emails where person_id <> ?4 and email_hash in (select value from json_each(?5)))`,
      )
      .bind(current.hash, current.version, now, person, all),
  ]);
  return results[1]?.meta.changes === 1;
}

function selectClaim(directory: D1Database, hashes: string): D1PreparedStatement {
  return directory
    .prepare("select email_hash, person_id, claimed_at from emails where email_hash in (select value from json_each(?))")
    .bind(hashes);
}

function claimOf(row: EmailRow | undefined): Claim | undefined {
  const person = row === undefined ? undefined : parseId("person", row.person_id);
  return row === undefined || person === undefined ? undefined : { person, claimedAt: row.claimed_at };
}
