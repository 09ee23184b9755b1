import { DAY_MS } from "../../shared/clock";
import { type Page, type PageQuery, paged } from "../../shared/http/page";
import { type PersonId, regionOf } from "../../shared/id";
import { notFound, type Problem, problem } from "../../shared/problem";
import { sees } from "../../shared/social/visibility";
import { type Card, shownOf } from "./cards";
import { personIn, requireOther } from "./friends";
import {
  ANOTHER_OWNER,
  type Group,
  type MemberState,
  MOST_MEMBERS,
  openAsAdmin,
  openAsMember,
  openGroup,
  pointTo,
  requireRoom,
} from "./groups";
import type { SocialPorts } from "./ports";
import { areBlocked, friendsOf, type GroupRole, hiddenFrom, peopleIn } from "./relations";

/** Somebody of a group, or who was invited, asked to join, or is banned; since when (epoch ms). */
export interface Member {
  readonly person: Card;
  readonly state: MemberState;
  readonly role: GroupRole;
  readonly since: number;
}

interface Row {
  id: string;
  state: MemberState;
  role: GroupRole;
  since_at: number;
}

/** Those of the group `?1` in the state `?2`, after the id `?3`, so many (`?4`), without those in `?5`. */
export const LIST_QUERY = `select person_id as id, state, role, since_at from social_group_members
  where group_id = ?1 and person_id > ?3 and state = ?2 and person_id not in (select value from json_each(?5)) order by person_id limit ?4`;

/** Who is in a group; for members. Who waits or is banned, owners and administrators see. Nobody sees whom they block, or who blocks them. */
export async function listMembers(
  ports: SocialPorts,
  text: string,
  { state, ...query }: PageQuery & { readonly state: MemberState },
): Promise<Page<Member>> {
  const group = state === "member" ? await openAsMember(ports, text) : await openAsAdmin(ports, text);
  const records = ports.recordsOf(regionOf(group.id));
  const hidden = state === "banned" ? [] : await hiddenFrom(ports, ports.actor.person);
  const { items, next } = await paged<Row, string>(
    ports,
    `members ${group.id} ${state}`,
    query,
    async (after, limit) =>
      (
        await records
          .prepare(LIST_QUERY)
          .bind(group.id, state, after ?? "", limit, JSON.stringify(hidden))
          .all<Row>()
      ).results,
    ({ id }) => id,
  );
  const [shown, friends] = await Promise.all([shownOf(ports, peopleIn(items)), friendsOf(ports, ports.actor.person)]);
  const near = new Set<string>([...friends, ports.actor.person]);
  return {
    items: items.flatMap(({ id, since_at, ...row }) => {
      const person = shown.get(id);
      if (person === undefined) return [];
      // Whoever asks to join introduces themselves.
      const isNamed = state === "asked" || near.has(id) || sees("groupmate", person.visibility.name);
      return { person: { id, name: isNamed ? person.name : null, handle: person.handle }, since: since_at, ...row };
    }),
    next,
  };
}

/**
 * Joins a group: at once where it is open or the actor is invited, else as soon as an administrator agrees. Done already is fine. Problems
 * `not_found` for a group by invitation, `conflict` where it is full or the actor is in too many.
 */
export async function joinGroup(ports: SocialPorts, text: string): Promise<Group> {
  const group = await openGroup(ports, text);
  const { id, you } = group;
  if (you?.state === "member") return group;
  await requireRoom(ports);
  await pointTo(ports, ports.actor.person, id);
  const state = you?.state === "invited" || group.joining === "open" ? "member" : "asked";
  if (you?.state === "asked" && state === "asked") return group;
  const { meta } = await ports
    .recordsOf(regionOf(id))
    .prepare(
      `insert into social_group_members (group_id, person_id, state, since_at)
       select social_groups.id, ?2, ?3, ?4 from social_groups where social_groups.id = ?1
         and (?3 = 'asked' or (select count(*) from social_group_members where group_id = ?1 and state = 'member') < ${MOST_MEMBERS})
         and (?3 = 'asked' or joining = 'open' or exists (select 1 from social_group_members where group_id = ?1 and person_id = ?2 and state = 'invited'))
       on conflict do update set state = excluded.state, since_at = excluded.since_at
         where social_group_members.state in ('asked', 'invited')`,
    )
    .bind(id, ports.actor.person, state, ports.now())
    .run();
  if (meta.changes !== 1) throw problem("conflict", "The group is full, or has changed: look again.");
  if (state === "asked") await tellAdmins(ports, group);
  return await openGroup(ports, id);
}

/** Leaves a group, declines an invitation, or takes the wish to join back. The last owner cannot leave while others are there; the last member takes the group along. Problems `not_found`, `conflict`. */
export async function leaveGroup(ports: SocialPorts, text: string): Promise<void> {
  const group = await openGroup(ports, text);
  if (group.you === null) throw notFound("group");
  const records = ports.recordsOf(regionOf(group.id));
  const [left] = await records.batch([
    records
      .prepare(
        `delete from social_group_members where group_id = ?1 and person_id = ?2 and (state <> 'member' or role <> 'owner' or ${ANOTHER_OWNER}
           or not exists (select 1 from social_group_members other where other.group_id = ?1 and other.person_id <> ?2 and other.state = 'member'))`,
      )
      .bind(group.id, ports.actor.person),
    records
      .prepare(
        "delete from social_groups where id = ?1 and not exists (select 1 from social_group_members where group_id = ?1 and state = 'member')",
      )
      .bind(group.id),
  ]);
  if (left?.meta.changes !== 1) throw lastOwner();
  await unpoint(ports, ports.actor.person, group);
}

/**
 * Invites somebody; whoever had asked to join is in. The answer is the same for whoever is not registered, is banned or has blocked the actor.
 * Problems `forbidden`, `invalid` for oneself, `conflict`.
 */
export async function inviteToGroup(ports: SocialPorts, text: string, person: PersonId): Promise<void> {
  requireOther(ports, person);
  const group = await openAsAdmin(ports, text);
  if ((await areBlocked(ports, ports.actor.person, person)) || !(await pointTo(ports, person, group.id))) return;
  const { meta } = await ports
    .recordsOf(regionOf(group.id))
    .prepare(
      `insert into social_group_members (group_id, person_id, state, since_at)
       select id, ?2, 'invited', ?3 from social_groups where id = ?1
         and (select count(*) from social_group_members where group_id = ?1) < ${2 * MOST_MEMBERS}
       on conflict do update set state = 'member', since_at = excluded.since_at where social_group_members.state = 'asked'`,
    )
    .bind(group.id, person, ports.now())
    .run();
  if (meta.changes === 1)
    await ports.tell(
      person,
      "group_invitation",
      `invited ${group.id} ${ports.now()}`,
      { group: group.id },
      { names: true, what: group.name },
    );
}

/** Lets somebody in who asked; in already is fine. Problems `forbidden`, `not_found`, `conflict` for a full group. */
export async function admitMember(ports: SocialPorts, text: string, id: string): Promise<void> {
  const group = await openAsAdmin(ports, text);
  const person = personIn(id);
  const found = await memberIn(ports, group, person);
  if (found?.state === "member") return;
  if (found?.state !== "asked") throw notFound("join request");
  const { meta } = await ports
    .recordsOf(regionOf(group.id))
    .prepare(
      `update social_group_members set state = 'member', since_at = ?3 where group_id = ?1 and person_id = ?2 and state = 'asked'
       and (select count(*) from social_group_members where group_id = ?1 and state = 'member') < ${MOST_MEMBERS}`,
    )
    .bind(group.id, person, ports.now())
    .run();
  if (meta.changes !== 1) throw problem("conflict", "The group is full, or the request was taken back.");
  await ports.tell(
    person,
    "group_invitation",
    `admitted ${group.id} ${ports.now()}`,
    { group: group.id },
    { names: true, what: group.name },
  );
}

/** Gives a member another role; for owners. Problems `forbidden`, `not_found`, `conflict` for the last owner. */
export async function changeRole(ports: SocialPorts, text: string, id: string, role: GroupRole): Promise<Member> {
  const group = await openAsAdmin(ports, text);
  if (group.you.role !== "owner") throw problem("forbidden", "Only owners give roles.");
  const person = personIn(id);
  const found = await memberIn(ports, group, person);
  if (found?.state !== "member") throw notFound("member");
  const { meta } = await ports
    .recordsOf(regionOf(group.id))
    .prepare(
      `update social_group_members set role = ?3 where group_id = ?1 and person_id = ?2 and state = 'member'
       and (?3 = 'owner' or role <> 'owner' or ${ANOTHER_OWNER})`,
    )
    .bind(group.id, person, role)
    .run();
  if (meta.changes !== 1) throw lastOwner();
  const shown = (await shownOf(ports, [person])).get(person);
  const name = shown !== undefined && sees("groupmate", shown.visibility.name) ? shown.name : null;
  return { person: { id: person, name, handle: shown?.handle ?? null }, state: "member", role, since: found.since_at };
}

/** Removes a member, says no to a request, or takes an invitation back. Owners and administrators are removed by owners. Problems `forbidden`, `not_found`, `conflict`. */
export async function removeMember(ports: SocialPorts, text: string, id: string): Promise<void> {
  const { group, person } = await overMember(ports, text, id);
  const { meta } = await ports
    .recordsOf(regionOf(group.id))
    .prepare(
      `delete from social_group_members where group_id = ?1 and person_id = ?2 and state <> 'banned'
       and (state <> 'member' or role <> 'owner' or ${ANOTHER_OWNER})`,
    )
    .bind(group.id, person)
    .run();
  if (meta.changes !== 1) throw lastOwner();
  await unpoint(ports, person, group);
}

/** Bans somebody: they are out, and the group does not exist for them any more. Problems `forbidden`, `invalid` for oneself, `conflict` for the last owner. */
export async function ban(ports: SocialPorts, text: string, person: PersonId): Promise<Member> {
  requireOther(ports, person);
  const group = await openAsAdmin(ports, text);
  const found = await memberIn(ports, group, person);
  if (found !== undefined) requireAbove(group, found);
  const now = ports.now();
  const { meta } = await ports
    .recordsOf(regionOf(group.id))
    .prepare(
      `insert into social_group_members (group_id, person_id, state, since_at) values (?1, ?2, 'banned', ?3)
       on conflict do update set state = 'banned', role = 'member', since_at = case when state = 'banned' then since_at else excluded.since_at end
         where social_group_members.role <> 'owner' or ${ANOTHER_OWNER}`,
    )
    .bind(group.id, person, now)
    .run();
  if (meta.changes !== 1) throw lastOwner();
  await unpoint(ports, person, group);
  return { person: { id: person, name: null, handle: null }, state: "banned", role: "member", since: now };
}

/** Lifts a ban; lifted already is fine. Problem `forbidden`. */
export async function unban(ports: SocialPorts, text: string, id: string): Promise<void> {
  const group = await openAsAdmin(ports, text);
  await ports
    .recordsOf(regionOf(group.id))
    .prepare("delete from social_group_members where group_id = ? and person_id = ? and state = 'banned'")
    .bind(group.id, personIn(id))
    .run();
}

async function overMember(ports: SocialPorts, text: string, id: string): Promise<{ readonly group: Group; readonly person: PersonId }> {
  const group = await openAsAdmin(ports, text);
  const person = personIn(id);
  const found = await memberIn(ports, group, person);
  if (found === undefined || found.state === "banned") throw notFound("member");
  if (person !== ports.actor.person) requireAbove(group, found);
  return { group, person };
}

function requireAbove(group: Group, { state, role }: Row): void {
  if (state === "member" && role !== "member" && group.you?.role !== "owner") {
    throw problem("forbidden", "Owners and administrators are removed by owners.");
  }
}

async function memberIn({ recordsOf }: SocialPorts, group: Group, person: PersonId): Promise<Row | undefined> {
  const row = await recordsOf(regionOf(group.id))
    .prepare("select person_id as id, state, role, since_at from social_group_members where group_id = ? and person_id = ?")
    .bind(group.id, person)
    .first<Row>();
  return row ?? undefined;
}

/** After somebody is out: their region need not look there any more. */
async function unpoint({ recordsOf }: SocialPorts, person: PersonId, { id }: Group): Promise<void> {
  if (regionOf(person) === regionOf(id)) return;
  await recordsOf(regionOf(person))
    .prepare("delete from social_groups_elsewhere where person_id = ? and group_id = ?")
    .bind(person, id)
    .run();
}

async function tellAdmins(ports: SocialPorts, { id, name }: Group): Promise<void> {
  const { results } = await ports
    .recordsOf(regionOf(id))
    .prepare("select person_id as id from social_group_members where group_id = ? and state = 'member' and role <> 'member' limit 20")
    .bind(id)
    .all<{ id: string }>();
  for (const admin of peopleIn(results))
    await ports.tell(
      admin,
      "group_request",
      `asked ${id} ${ports.actor.person} ${Math.floor(ports.now() / DAY_MS)}`,
      { group: id, person: ports.actor.person },
      { names: true, what: name },
    );
}

function lastOwner(): Problem {
  return problem("conflict", "A group keeps an owner: make somebody else one first, or delete it.");
}
