import { openCursor, sealCursor } from "../../shared/http/cursor";
import type { PageQuery } from "../../shared/http/page";
import { newId, parseId, type PersonId, regionOf } from "../../shared/id";
import { notFound, problem } from "../../shared/problem";
import { readerOf } from "../consents";
import { invalid } from "./manage-challenge";
import type { ChallengePorts } from "./ports";
import { findChallenge, type Found, notOf, ownChallenge } from "./records";
import type { InvitationInput, InvitationView, MyInvitation, RequestView, TeamView } from "./schemas";
import { tryRoom } from "./tell-room";
import { iso } from "./view";

/** Invitations of one challenge at most: each is a row. */
const MOST_INVITED = 1_000;
const MOST_TEAMS = 500;
/** While so many teams have nobody, the owner alone makes more. */
const MOST_EMPTY = 20;

/**
 * Invites people and whole groups. The owner invites whom they like that is a friend or in a group of theirs; whoever takes part in an open
 * challenge may invite friends too. Invited already is fine. Problems `not_found`, `conflict`, and `invalid` for whoever cannot be invited: who
 * has blocked somebody, is no friend, or is not there, looks the same.
 */
export async function invite(ports: ChallengePorts, text: string, { people, groups }: InvitationInput): Promise<void> {
  const found = await findChallenge(ports, text);
  const { id, row, isOwner, part, actor } = found;
  const mayInvite = isOwner || (row.joining === "open" && part?.state === "active" && groups.length === 0);
  if (!mayInvite) throw problem("forbidden", "The owner of a challenge invites to it.");
  if (row.state !== "open" && row.state !== "draft") throw problem("conflict", "The challenge is over.");
  const records = ports.recordsOf(regionOf(id));
  const known = await Promise.all(people.map(async (person) => await invitable(ports, actor.person, person)));
  const unknown = known.indexOf(undefined);
  if (unknown !== -1) throw invalid(`/people/${unknown}`, "not_invitable", "Nobody whom you can invite.");
  const isIn = await Promise.all(groups.map(async (group) => await ports.social.isInGroup(group, actor.person)));
  const foreign = isIn.indexOf(false);
  if (foreign !== -1) throw invalid(`/groups/${foreign}`, "not_invitable", "No group that you are in.");
  const insert = (person: string, group: string) =>
    records
      .prepare(
        `insert into challenge_invitations (challenge_id, person_id, group_id, created_at) select ?1, ?2, ?3, ?4
         where (select count(*) from challenge_invitations where challenge_id = ?1) < ?5
           and not exists (select 1 from challenge_people where challenge_id = ?1 and person_id = ?2 and (state in ('joining', 'active') or (?6 = 0 and state in ('removed', 'refused'))))
         on conflict do nothing`,
      )
      .bind(id, person, group, ports.now(), MOST_INVITED, isOwner ? 1 : 0);
  const invited = known.filter((person) => person !== undefined);
  await records.batch([...invited.map((person) => insert(person, "")), ...groups.map((group) => insert("", group))]);
  if (row.state === "open") {
    const owner = actor.person;
    for (const person of invited) await ports.tell(person, "challenge_invitation", `${id} ${owner}`, id, row.title);
  }
}

/** Friends, and people of a group that both are in; undefined for everybody else. */
async function invitable({ social }: ChallengePorts, actor: PersonId, text: string): Promise<PersonId | undefined> {
  const person = parseId("person", text);
  if (person === undefined || person === actor || (await social.areBlocked(actor, person))) return undefined;
  return (await social.areFriends(actor, person)) || (await social.shareGroup(actor, person)) ? person : undefined;
}

export const INVITED_QUERY = `select person_id, group_id, created_at from challenge_invitations
  where challenge_id = ?1 and (person_id, group_id) > (?2, ?3) order by person_id, group_id limit ?4`;

/** Who is invited and has not answered, for the owner. */
export async function listInvitations(
  ports: ChallengePorts,
  text: string,
  query: PageQuery,
): Promise<{ items: InvitationView[]; next: string | null }> {
  const { id } = await ownChallenge(ports, text);
  const name = `challenge invitations ${id}`;
  const { keys, actor } = ports;
  const [person, group] =
    query.cursor === undefined ? ["", ""] : await openCursor<[string, string]>(keys, actor.person, name, query.cursor);
  const { results } = await ports
    .recordsOf(regionOf(id))
    .prepare(INVITED_QUERY)
    .bind(id, person, group, query.limit + 1)
    .all<{ person_id: string; group_id: string; created_at: number }>();
  const items = results.slice(0, query.limit);
  const last = items.at(-1);
  const next =
    results.length > query.limit && last !== undefined ? await sealCursor(keys, actor.person, name, [last.person_id, last.group_id]) : null;
  return {
    items: items.map((one) => ({
      person: one.person_id === "" ? null : one.person_id,
      group: one.group_id === "" ? null : one.group_id,
      invitedAt: iso(one.created_at),
    })),
    next,
  };
}

/** Takes an invitation back: the owner's of anybody, everybody's own. Done already is fine. */
export async function uninvite(ports: ChallengePorts, text: string, invited: string): Promise<void> {
  const { id, isOwner } = await findChallenge(ports, text);
  if (!isOwner && invited !== ports.actor.person) throw notFound("invitation");
  await ports
    .recordsOf(regionOf(id))
    .prepare(
      "delete from challenge_invitations where challenge_id = ?1 and ((person_id = ?2 and person_id <> '') or (person_id = '' and group_id = ?2))",
    )
    .bind(id, invited)
    .run();
}

export const MY_INVITATIONS_QUERY = `select c.id, c.title, i.created_at from challenge_invitations i join fitness_challenges c on c.id = i.challenge_id
  where i.person_id = ?1 and c.state = 'open' and ${notOf("?2")} order by i.challenge_id limit ?3`;

/** What the actor is invited to, by a person: of their own region and of the others. */
export async function myInvitations(ports: ChallengePorts): Promise<{ items: MyInvitation[]; next: null }> {
  const { recordsOf, regions, social, actor, now } = ports;
  await readerOf(recordsOf, actor, now());
  const hidden = JSON.stringify(await social.hiddenFrom(actor.person));
  const found = await Promise.all(
    regions.map(
      async (region) =>
        (
          await recordsOf(region)
            .prepare(MY_INVITATIONS_QUERY)
            .bind(actor.person, hidden, 200)
            .all<{ id: string; title: string; created_at: number }>()
        ).results,
    ),
  );
  const items = found.flat().map(({ id, title, created_at }) => ({ challenge: id, title, invitedAt: iso(created_at) }));
  return { items, next: null };
}

export const REQUESTS_QUERY = `select person_id, ranking, name, changed_at from challenge_people indexed by challenge_people_requested
  where challenge_id = ?1 and state = 'requested' and person_id > ?2 order by person_id limit ?3`;

/** Who asks to take part, for the owner. */
export async function listRequests(
  ports: ChallengePorts,
  text: string,
  query: PageQuery,
): Promise<{ items: RequestView[]; next: string | null }> {
  const { id } = await ownChallenge(ports, text);
  const { keys, actor } = ports;
  const name = `challenge requests ${id}`;
  const after = query.cursor === undefined ? "" : await openCursor<string>(keys, actor.person, name, query.cursor);
  const { results } = await ports
    .recordsOf(regionOf(id))
    .prepare(REQUESTS_QUERY)
    .bind(id, after, query.limit + 1)
    .all<{ person_id: string; ranking: "anonymous" | "public"; name: string | null; changed_at: number }>();
  const items = results.slice(0, query.limit);
  const last = items.at(-1);
  return {
    items: items.map((one) => ({ person: one.person_id, ranking: one.ranking, name: one.name, askedAt: iso(one.changed_at) })),
    next: results.length > query.limit && last !== undefined ? await sealCursor(keys, actor.person, name, last.person_id) : null,
  };
}

/**
 * Lets somebody who asks take part, or not. Letting in is an invitation: they agree to what counts when they join. Problem `not_found` for
 * somebody who does not ask.
 */
export async function answerRequest(ports: ChallengePorts, text: string, person: string, accept: boolean): Promise<void> {
  const { id, row } = await ownChallenge(ports, text);
  const records = ports.recordsOf(regionOf(id));
  const asked = await records
    .prepare("select 1 from challenge_people where challenge_id = ? and person_id = ? and state = 'requested'")
    .bind(id, person)
    .first();
  const asker = parseId("person", person);
  if (asked === null || asker === undefined) throw notFound("request");
  await records.batch([
    records
      .prepare(
        "insert into challenge_invitations (challenge_id, person_id, created_at) select ?1, ?2, ?3 where ?4 = 1 on conflict do nothing",
      )
      .bind(id, person, ports.now(), accept ? 1 : 0),
    records
      .prepare(
        "update challenge_people set state = ?3, name = null, changed_at = ?4 where challenge_id = ?1 and person_id = ?2 and state = 'requested'",
      )
      .bind(id, person, accept ? "left" : "refused", ports.now()),
  ]);
  if (accept) await ports.tell(asker, "challenge_invitation", `${id} accepted`, id, row.title);
}

/** Takes somebody out, by their alias: the owner does not learn who an anonymous person is. Problem `not_found`. */
export async function removeParticipant(ports: ChallengePorts, text: string, alias: string): Promise<void> {
  const { id } = await ownChallenge(ports, text);
  const records = ports.recordsOf(regionOf(id));
  const row = await records
    .prepare("select person_id from challenge_people where challenge_id = ? and alias = ? and state = 'active'")
    .bind(id, alias)
    .first<{ person_id: string }>();
  const person = parseId("person", row?.person_id ?? "");
  if (person === undefined) throw notFound("participant");
  await ports.vaultOf(person).dismissFromChallenge(id);
  await records
    .prepare(
      "update challenge_people set state = 'removed', name = null, ranking = 'anonymous', team_id = null, in_room = 0, tells_rank = 0, changed_at = ?3 where challenge_id = ?1 and person_id = ?2",
    )
    .bind(id, person, ports.now())
    .run();
  await tryRoom(ports, id);
}

/**
 * Makes a team: the owner, and, unless the challenge says that they alone do, whoever takes part or may take part at once. Problems `not_found`,
 * `forbidden`, `conflict` for a name that is taken, or where there are no teams.
 */
export async function createTeam(ports: ChallengePorts, text: string, name: string): Promise<TeamView> {
  const found = await findChallenge(ports, text);
  const { id, row, isOwner } = found;
  if (!isOwner && !mayMakeTeam(found)) throw problem("forbidden", "You join one of the teams that there are.");
  if (row.terms.kind !== "team") throw problem("conflict", "There are no teams in this challenge.");
  if (row.state !== "open" && row.state !== "draft") throw problem("conflict", "The challenge is over.");
  const records = ports.recordsOf(regionOf(id));
  const team = newId("team", regionOf(id), ports.now(), ports.random);
  const { meta } = await records
    .prepare(
      `insert into challenge_teams (id, challenge_id, name, created_at) select ?1, ?2, ?3, ?4
       where (select count(*) from challenge_teams where challenge_id = ?2) < ?5
         and (?6 = 1 or (select count(*) from challenge_teams where challenge_id = ?2 and taken = 0) < ?7) on conflict do nothing`,
    )
    .bind(team, id, name, ports.now(), MOST_TEAMS, isOwner ? 1 : 0, MOST_EMPTY)
    .run();
  if (meta.changes === 0) throw problem("conflict", "A team has that name, or there are too many.");
  return { id: team, name, people: 0 };
}

/** Whoever has to choose a team when they join, or has one; not those who wait for the owner's word or were sent away. */
function mayMakeTeam({ row, part, isInvited }: Found): boolean {
  if (row.teams_by === "owner") return false;
  if (part?.state === "active" || part?.state === "joining") return true;
  return part?.state !== "removed" && part?.state !== "refused" && (isInvited || row.joining === "open");
}

export const TEAMS_QUERY = "select id, name, taken from challenge_teams where challenge_id = ? order by name";

/** The teams of a challenge, by name. */
export async function listTeams(ports: ChallengePorts, text: string): Promise<{ items: TeamView[]; next: null }> {
  const { id } = await findChallenge(ports, text);
  const { results } = await ports.recordsOf(regionOf(id)).prepare(TEAMS_QUERY).bind(id).all<{ id: string; name: string; taken: number }>();
  return { items: results.map(({ taken, ...team }) => ({ ...team, people: taken })), next: null };
}
