import { type ClientId, type ConsentId, type OrganisationId, parseId, type PersonId, regionOf } from "../../shared/id";
import type { Region } from "../../shared/region";

type RecordsOf = (region: Region) => D1Database;
type PartnerId = OrganisationId | ClientId;

/** Notes that somebody shares with an organisation or a client, in its region. False where it does not live. */
export async function noteShare(
  recordsOf: RecordsOf,
  partner: PartnerId,
  living: string,
  owner: PersonId,
  consent: ConsentId,
): Promise<boolean> {
  const { meta } = await recordsOf(regionOf(partner))
    .prepare(
      `insert into shared_with_partners (grantee_id, owner_id, consent_id) select ?1, ?2, ?3 where exists (select 1 ${living}) on conflict do nothing`,
    )
    .bind(partner, owner, consent)
    .run();
  return meta.changes === 1;
}

/** Forgets it; done already is fine. */
export async function dropShare(recordsOf: RecordsOf, partner: PartnerId, owner: PersonId, consent: ConsentId): Promise<void> {
  await recordsOf(regionOf(partner))
    .prepare("delete from shared_with_partners where grantee_id = ? and owner_id = ? and consent_id = ?")
    .bind(partner, owner, consent)
    .run();
}

/** Who shares, or shared, with a client or with its organisation, in order of the id. */
export const SELECT_SHARES = `
select owner_id from (select distinct owner_id from shared_with_partners where grantee_id = ?1 and owner_id > ?3 order by owner_id limit ?4)
union
select owner_id from (select distinct owner_id from shared_with_partners where grantee_id = ?2 and owner_id > ?3 order by owner_id limit ?4)
order by owner_id limit ?4`;

/** A page of them after an id. */
export async function ownersForPartners(
  records: D1Database,
  partners: readonly [ClientId, OrganisationId],
  after: string | undefined,
  limit: number,
): Promise<PersonId[]> {
  const { results } = await records
    .prepare(SELECT_SHARES)
    .bind(...partners, after ?? "", limit)
    .all<{ owner_id: string }>();
  return results.map((row) => parseId("person", row.owner_id)).filter((id) => id !== undefined);
}
