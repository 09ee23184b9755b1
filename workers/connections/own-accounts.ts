import { type RegionalKeys, regionalKeys } from "../../shared/crypto/keys";
import { type OrganisationId, parseId, type PersonId, type RandomBytes, regionOf, type VendorCredentialId } from "../../shared/id";
import type { Region } from "../../shared/region";
import { openOwnSecrets, type OwnAccount, type OwnSecrets, resealOwnSecrets } from "../../shared/vendors/own-account";
import { FROM_LIVING_ORGANISATION } from "../partners";
import { regional } from "../regional";

/** The tables and keys of a region, where the accounts of its organisations lie. */
export type OwnAccountStores = (region: Region) => { readonly records: D1Database; readonly keys: RegionalKeys };

/** Those of a deployment. */
export function ownAccountStores(env: Env): OwnAccountStores {
  return (region) => {
    const { records, keys } = regional(env, region);
    return { records, keys: regionalKeys(keys) };
  };
}

/** A row of `vendor_credentials` that was not removed. */
export interface AccountRow {
  readonly id: string;
  readonly organisation_id: string;
  readonly vendor: string;
  readonly vendor_client: string;
  readonly more: string;
  readonly sealed: string;
  readonly revision: number;
  readonly created_at: number;
  readonly updated_at: number;
}

export const ACCOUNT_COLUMNS = "id, organisation_id, vendor, vendor_client, more, sealed, revision, created_at, updated_at";

/** Opens an account. Throws where its secrets do not open: the operator has lost a key that is still needed. */
export async function openAccount(keys: RegionalKeys, row: AccountRow): Promise<OwnAccount> {
  return (await openBoth(keys, row)).own;
}

/** An account, and apart from it what was rotated away. */
async function openBoth(keys: RegionalKeys, row: AccountRow): Promise<{ own: OwnAccount; before: OwnSecrets["before"] }> {
  const secrets = await openOwnSecrets(keys, row);
  if (secrets === undefined) throw new TypeError("an account at a vendor does not open");
  const { before, ...current } = secrets;
  const own = { credential: row.id, organisation: row.organisation_id, revision: row.revision, clientId: row.vendor_client, ...current };
  return { own, before };
}

/** An account by its id; undefined where it was removed. */
export async function accountById(
  stores: OwnAccountStores,
  id: VendorCredentialId,
): Promise<{ vendor: string; own: OwnAccount; before: OwnSecrets["before"] } | undefined> {
  const { records, keys } = stores(regionOf(id));
  const row = await records
    .prepare(`select ${ACCOUNT_COLUMNS} from vendor_credentials where id = ? and removed_at is null`)
    .bind(id)
    .first<AccountRow>();
  return row === null ? undefined : { vendor: row.vendor, ...(await openBoth(keys, row)) };
}

/**
 * The account of an organisation at a vendor, for somebody who wants to connect on its behalf: who works there, or shares something with it
 * or one of its programs. `stranger` for everybody else, to whom the organisation looks as if it did not exist.
 */
export async function accountFor(
  stores: OwnAccountStores,
  organisation: OrganisationId,
  person: PersonId,
  vendor: string,
): Promise<OwnAccount | "stranger" | "none"> {
  const { records, keys } = stores(regionOf(organisation));
  const [known, rows] = await records.batch([
    records.prepare(`select 1 ${FROM_LIVING_ORGANISATION} and (${KNOWS})`).bind(organisation, person),
    records
      .prepare(`select ${ACCOUNT_COLUMNS} from vendor_credentials where organisation_id = ? and vendor = ? and removed_at is null`)
      .bind(organisation, vendor),
  ]);
  if (known?.results.length !== 1) return "stranger";
  const row = (rows as D1Result<AccountRow> | undefined)?.results[0];
  return row === undefined ? "none" : await openAccount(keys, row);
}

/** SQL condition: the person ?2 works in the organisation ?1, or shares something with it or one of its programs. */
const KNOWS = `exists (select 1 from organisation_members where organisation_id = ?1 and person_id = ?2 and joined_at is not null)
  or exists (select 1 from shared_with_partners where owner_id = ?2 and (grantee_id = ?1
    or grantee_id in (select id from clients where organisation_id = ?1 and revoked_at is null)))`;

/** An account whose secrets are sealed by an older key of its region. */
export interface OldAccount {
  readonly id: string;
  readonly sealed: string;
}

/** Accounts under one older version, a page at a time. */
export const OLD_ACCOUNTS = "select id, sealed from vendor_credentials where key_version = ? and id > ? order by id limit ?";

/** The write that brings an account under the current key, where it is still as it was read. Throws where it does not open. */
export async function resealAccount(
  records: D1Database,
  keys: RegionalKeys,
  stored: OldAccount,
  random: RandomBytes,
): Promise<D1PreparedStatement> {
  const moved = await resealOwnSecrets(keys, stored, random);
  if (moved === undefined) throw new TypeError("an account at a vendor does not open");
  return records
    .prepare("update vendor_credentials set sealed = ?, key_version = ? where id = ? and sealed = ?")
    .bind(moved.sealed, moved.version, stored.id, stored.sealed);
}

/** An account's id out of a row. */
export function credentialIn(text: string): VendorCredentialId {
  const id = parseId("vendorCredential", text);
  if (id === undefined) throw new TypeError("a row names no account at a vendor");
  return id;
}
