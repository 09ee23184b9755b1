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
  const records = recordsOf(regionOf(partner));
  await records.batch([
    records
      .prepare("delete from shared_with_partners where grantee_id = ? and owner_id = ? and consent_id = ?")
      .bind(partner, owner, consent),
    records.prepare(LEAVE_GROUPS).bind(partner, owner),
    records.prepare(TAKE_FILES_BACK).bind(partner, owner),
  ]);
}

/** SQL: somebody has a pointer to what ?2 shares with the organisation `org` or one of its clients. */
const SHARES_WITH = (org: string, person: string) =>
  `exists (select 1 from shared_with_partners as s where s.owner_id = ${person}
    and (s.grantee_id = ${org} or s.grantee_id in (select id from clients where organisation_id = ${org})))`;

/** SQL condition on a row of `fhir_group_members` beside its `fhir_groups`: the person still shares something with the organisation. */
export const STILL_SHARES = SHARES_WITH("fhir_groups.organisation_id", "fhir_group_members.person_id");

/** The organisation of a partner, which is one or a client. */
const ORGANISATION_OF = "(?1, (select organisation_id from clients where id = ?1))";

/** Whoever shares nothing any more is in no group of the organisation. */
const LEAVE_GROUPS = `delete from fhir_group_members where person_id = ?2 and group_id in (
  select fhir_groups.id from fhir_groups where organisation_id in ${ORGANISATION_OF} and not ${SHARES_WITH("fhir_groups.organisation_id", "?2")})`;

/** Nor can files be read that were written of them. */
const TAKE_FILES_BACK = `delete from fhir_export_files where person_id = ?2 and export_id in (
  select fhir_exports.id from fhir_exports join clients on clients.id = fhir_exports.program
  where clients.organisation_id in ${ORGANISATION_OF} and not ${SHARES_WITH("clients.organisation_id", "?2")})`;

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
