import { type ClientId, type ConsentId, type OrganisationId, parseId, type PersonId, regionOf } from "../../shared/id";
import type { Region } from "../../shared/region";

type RecordsOf = (region: Region) => D1Database;
type PartnerId = OrganisationId | ClientId;

/** What somebody shares with a partner: by which consent, and when that ends by itself (epoch milliseconds). */
export interface Share {
  readonly owner: PersonId;
  readonly consent: ConsentId;
  readonly endsAt: number | null;
}

/** Notes that somebody shares with an organisation or a client, in its region. False where it does not live. */
export async function noteShare(
  recordsOf: RecordsOf,
  partner: PartnerId,
  living: string,
  { owner, consent, endsAt }: Share,
): Promise<boolean> {
  const records = recordsOf(regionOf(partner));
  const [, noted] = await records.batch([
    // Whose last consent has ended is out: this one does not bring them back.
    records.prepare(LEAVE_GROUPS).bind(partner, owner),
    records
      .prepare(
        `insert into shared_with_partners (grantee_id, owner_id, consent_id, ends_at) select ?1, ?2, ?3, ?4
         where exists (select 1 ${living}) on conflict do nothing`,
      )
      .bind(partner, owner, consent, endsAt),
  ]);
  return noted?.meta.changes === 1;
}

/** Notes another end of it. */
export async function noteEnd(recordsOf: RecordsOf, partner: PartnerId, { owner, consent, endsAt }: Share): Promise<void> {
  const records = recordsOf(regionOf(partner));
  await records.batch([
    records.prepare(LEAVE_GROUPS).bind(partner, owner),
    records
      .prepare("update shared_with_partners set ends_at = ?4 where grantee_id = ?1 and owner_id = ?2 and consent_id = ?3")
      .bind(partner, owner, consent, endsAt),
  ]);
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

/** SQL: a pointer `s` leads to a consent that has not ended by itself. */
export const NOT_ENDED = "(s.ends_at is null or s.ends_at > unixepoch('subsec') * 1000)";

/** SQL: somebody has a pointer to what ?2 shares with the organisation `org` or one of its clients. */
const SHARES_WITH = (org: string, person: string) =>
  `exists (select 1 from shared_with_partners as s where s.owner_id = ${person} and ${NOT_ENDED}
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
