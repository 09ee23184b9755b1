import * as z from "zod";
import type { PersonActor } from "../../shared/context";
import { type ConsentId, parseId, type PersonId, regionOf, type SessionId } from "../../shared/id";
import type { Region } from "../../shared/region";
import { problem } from "../../shared/problem";
import { ROLE_NAMES, type Role } from "../../shared/roles";

/** The records of a region, as far as consents need them: who is registered with which roles, and who shares with whom. */
export type RecordsOf = (region: Region) => D1Database;

const rolesSchema = z.array(z.enum(ROLE_NAMES)).catch([]);

/** The roles of a person, and their living sessions that were opened with a second factor; none of either where nobody is registered. */
export async function standingOf(
  recordsOf: RecordsOf,
  person: PersonId,
  now: number,
): Promise<{ readonly roles: readonly Role[]; readonly sessions: readonly SessionId[] }> {
  const records = recordsOf(regionOf(person));
  const [roles, sessions] = await records.batch<{ value: string }>([
    records.prepare("select roles as value from people where id = ?").bind(person),
    records
      .prepare(
        `select id as value from sessions
         where person_id = ?1 and revoked_at is null and idle_expiry > ?2 and absolute_expiry > ?2 and acr = 'aal2' order by id desc limit 100`,
      )
      .bind(person, now),
  ]);
  return {
    roles: rolesIn(roles?.results[0]?.value ?? "[]"),
    sessions: (sessions?.results ?? []).map(({ value }) => parseId("session", value)).filter((id) => id !== undefined),
  };
}

/**
 * The actor with the roles that their account holds now and the assurance of their session, which is checked in the same query. Problem
 * `session_ended`: the vault of another person does not know which sessions of theirs have ended.
 */
export async function readerOf(recordsOf: RecordsOf, actor: PersonActor, now: number): Promise<PersonActor> {
  return (await readerSessionOf(recordsOf, actor, now)).actor;
}

/** The same, with when the session ends if it is not renewed (epoch milliseconds). */
export async function readerSessionOf(
  recordsOf: RecordsOf,
  actor: PersonActor,
  now: number,
): Promise<{ readonly actor: PersonActor; readonly sessionEnds: number }> {
  const row = await recordsOf(regionOf(actor.person)).prepare(SELECT_READER).bind(actor.session, actor.person, now).first<ReaderRow>();
  return readerIn(actor, row);
}

/**
 * The same, and whether somebody is registered under the id that they ask for: one query where both are of one region, two at once
 * otherwise.
 */
export async function readerAndOwner(
  recordsOf: RecordsOf,
  actor: PersonActor,
  owner: PersonId | undefined,
  now: number,
): Promise<ReaderAndOwner> {
  if (owner === undefined || regionOf(owner) !== regionOf(actor.person)) {
    const [reader, exists] = await Promise.all([
      readerSessionOf(recordsOf, actor, now),
      owner === undefined ? false : isRegistered(recordsOf, owner),
    ]);
    return { reader: reader.actor, sessionEnds: reader.sessionEnds, exists };
  }
  const row = await recordsOf(regionOf(owner))
    .prepare(SELECT_READER_AND_OWNER)
    .bind(actor.session, actor.person, now, owner)
    .first<ReaderRow & { owner_exists: number }>();
  const reader = readerIn(actor, row);
  return { reader: reader.actor, sessionEnds: reader.sessionEnds, exists: row?.owner_exists === 1 };
}

/** Who asks, until when their session lives unless renewed (epoch milliseconds), and whether there is whom they ask for. */
export interface ReaderAndOwner {
  readonly reader: PersonActor;
  readonly sessionEnds: number;
  readonly exists: boolean;
}

/** Whether a vault may be opened: ids that nobody was registered under must not leave storage behind. */
export async function isRegistered(recordsOf: RecordsOf, person: PersonId): Promise<boolean> {
  return (await recordsOf(regionOf(person)).prepare("select 1 from people where id = ?").bind(person).first()) !== null;
}

/** Notes that somebody shares with a person, in that person's region. False where nobody is registered under the id. */
export async function notePointer(recordsOf: RecordsOf, grantee: PersonId, owner: PersonId, consent: ConsentId): Promise<boolean> {
  const { meta } = await recordsOf(regionOf(grantee))
    .prepare(
      "insert into shared_with (grantee_id, owner_id, consent_id) select id, ?2, ?3 from people where id = ?1 on conflict do nothing",
    )
    .bind(grantee, owner, consent)
    .run();
  return meta.changes === 1;
}

/** Forgets it; done already is fine. */
export async function dropPointer(recordsOf: RecordsOf, grantee: PersonId, owner: PersonId, consent: ConsentId): Promise<void> {
  await recordsOf(regionOf(grantee))
    .prepare("delete from shared_with where grantee_id = ? and owner_id = ? and consent_id = ?")
    .bind(grantee, owner, consent)
    .run();
}

/** Who shares, or shared, with a person, in order of the id. */
export async function ownersFor(recordsOf: RecordsOf, grantee: PersonId, after: string | undefined, limit: number): Promise<PersonId[]> {
  const { results } = await recordsOf(regionOf(grantee))
    .prepare("select distinct owner_id from shared_with where grantee_id = ?1 and (?2 is null or owner_id > ?2) order by owner_id limit ?3")
    .bind(grantee, after ?? null, limit)
    .all<{ owner_id: string }>();
  return results.map((row) => parseId("person", row.owner_id)).filter((id) => id !== undefined);
}

interface ReaderRow {
  roles: string;
  acr: "aal1" | "aal2";
  ends: number;
}

/** SQL: the person ?2 in the session ?1, where it lives at ?3. */
const READER = `people.roles, sessions.acr, min(sessions.idle_expiry, sessions.absolute_expiry) as ends`;
const FROM_LIVING_SESSION = `from sessions join people on people.id = sessions.person_id
  where sessions.id = ?1 and sessions.person_id = ?2 and sessions.revoked_at is null
  and sessions.idle_expiry > ?3 and sessions.absolute_expiry > ?3`;
const SELECT_READER = `select ${READER} ${FROM_LIVING_SESSION}`;
const SELECT_READER_AND_OWNER = `select ${READER}, exists (select 1 from people as owners where owners.id = ?4) as owner_exists ${FROM_LIVING_SESSION}`;

function readerIn(actor: PersonActor, row: ReaderRow | null): { readonly actor: PersonActor; readonly sessionEnds: number } {
  if (row === null) throw problem("session_ended");
  return { actor: { ...actor, roles: rolesIn(row.roles), assurance: row.acr }, sessionEnds: row.ends };
}

/** A text that is no list of roles gives none. */
export function rolesIn(text: string): readonly Role[] {
  return rolesSchema.parse(JSON.parse(text));
}
