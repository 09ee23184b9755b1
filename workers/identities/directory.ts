import type { IdentityHashes } from "../../shared/crypto/identity-hashes";
import { parseId, type PersonId } from "../../shared/id";
import type { ProviderId } from "./providers";

/** Where an identity leads. */
export interface IdentityClaim {
  readonly person: PersonId;
  /** Epoch milliseconds. */
  readonly claimedAt: number;
}

interface Row {
  identity_hash: string;
  person_id: string;
  claimed_at: number;
}

/** The claim on an identity, or undefined where nobody has one. Moves a row under an old key version to the current one. */
export async function findIdentityClaim(directory: D1Database, all: IdentityHashes): Promise<IdentityClaim | undefined> {
  const [current] = all;
  const row = await select(directory, all).first<Row>();
  if (row !== null && row.identity_hash !== current.hash) {
    await directory
      .prepare("update or ignore identities set identity_hash = ?, key_version = ? where identity_hash = ?")
      .bind(current.hash, current.version, row.identity_hash)
      .run();
  }
  return claimOf(row ?? undefined);
}

/**
 * Claims an identity for a person, in one statement, so that of any number of parallel claims in all regions one wins. Returns the
 * claim that stands afterwards: the caller's own, or the one that was there.
 */
export async function claimIdentity(
  directory: D1Database,
  all: IdentityHashes,
  { provider, person, now }: { readonly provider: ProviderId; readonly person: PersonId; readonly now: number },
): Promise<IdentityClaim> {
  const [current] = all;
  const [, , found] = await directory.batch<Row>([
    directory
      .prepare(
        `insert into identities (identity_hash, key_version, person_id, claimed_at, provider)
         select ?1, ?2, ?3, ?4, ?6 where not exists (select 1 from identities where identity_hash in (select value from json_each(?5)))
         on conflict do nothing`,
      )
      .bind(current.hash, current.version, person, now, listOf(all), provider),
    // Whoever takes up what they had left behind begins anew: it is not cleared away under them.
    directory
      .prepare("update identities set claimed_at = ? where identity_hash in (select value from json_each(?)) and person_id = ?")
      .bind(now, listOf(all), person),
    select(directory, all),
  ]);
  const claim = claimOf(found?.results[0]);
  if (claim === undefined) throw new TypeError("a claimed identity is not in the directory");
  return claim;
}

/** Gives an identity to another person, where the claim is still the one that was found to lead nowhere. */
export async function replaceIdentityClaim(
  directory: D1Database,
  all: IdentityHashes,
  abandoned: IdentityClaim,
  { person, now }: { readonly person: PersonId; readonly now: number },
): Promise<boolean> {
  const { meta } = await directory
    .prepare(
      `update identities set person_id = ?, claimed_at = ?
       where identity_hash in (select value from json_each(?)) and person_id = ? and claimed_at = ?`,
    )
    .bind(person, now, listOf(all), abandoned.person, abandoned.claimedAt)
    .run();
  return meta.changes === 1;
}

/** Takes the claims of a person at a provider out of the directory; those that are younger than `now` stay. */
export async function dropIdentityClaims(directory: D1Database, person: PersonId, provider: ProviderId, now: number): Promise<void> {
  await directory
    .prepare("delete from identities where person_id = ? and provider = ? and claimed_at <= ?")
    .bind(person, provider, now)
    .run();
}

function select(directory: D1Database, all: IdentityHashes): D1PreparedStatement {
  return directory
    .prepare("select identity_hash, person_id, claimed_at from identities where identity_hash in (select value from json_each(?))")
    .bind(listOf(all));
}

function listOf(all: IdentityHashes): string {
  return JSON.stringify(all.map(({ hash }) => hash));
}

function claimOf(row: Row | undefined): IdentityClaim | undefined {
  const person = row === undefined ? undefined : parseId("person", row.person_id);
  return row === undefined || person === undefined ? undefined : { person, claimedAt: row.claimed_at };
}
