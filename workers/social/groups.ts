import { type Page, type PageQuery, paged } from "../../shared/http/page";
import { newId, parseId, type PersonId, regionOf, type SocialGroupId } from "../../shared/id";
import { notFound, problem } from "../../shared/problem";
import type { Region } from "../../shared/region";
import { requireSession, sessionGuard } from "../sessions";
import type { SocialContext, SocialPorts } from "./ports";
import { type GroupRole, regionsOfGroups } from "./relations";

export const JOINING = ["open", "request", "invitation"] as const;
export type Joining = (typeof JOINING)[number];
export const STATES = ["member", "invited", "asked", "banned"] as const;
export type MemberState = (typeof STATES)[number];

/** So many groups somebody may be in, and found. */
const MOST_GROUPS = 200;
const MOST_OWNED = 50;
export const MOST_MEMBERS = 10_000;

export interface Group {
  readonly id: SocialGroupId;
  readonly name: string;
  readonly about: string;
  readonly joining: Joining;
  readonly version: number;
  /** Epoch ms. */
  readonly createdAt: number;
  readonly members: number;
  /** What the actor is there; null for whoever is nothing. */
  readonly you: { readonly state: MemberState; readonly role: GroupRole; readonly since: number } | null;
}

export interface GroupText {
  readonly name: string;
  readonly about: string;
  readonly joining: Joining;
}

interface Row {
  id: SocialGroupId;
  name: string;
  about: string;
  joining: Joining;
  version: number;
  created_at: number;
  members: number;
  state: MemberState | null;
  role: GroupRole | null;
  since_at: number | null;
}

const COLUMNS = `social_groups.id, name, about, joining, version, created_at, state, role, since_at,
  (select count(*) from social_group_members where group_id = social_groups.id and state = 'member') as members`;
/** A group and what `?1` is there; add conditions. */
const SELECT = `select ${COLUMNS} from social_groups
  left join social_group_members mine on mine.group_id = social_groups.id and mine.person_id = ?1`;

/** Groups of a region that anybody may find, newest first: before the id `?2`, so many (`?3`). Whoever is banned finds them not. */
export const FIND_QUERY = `${SELECT} where joining <> 'invitation' and social_groups.id < ?2 and coalesce(state, '') <> 'banned'
  order by social_groups.id desc limit ?3`;
/** The groups of `?1` in a state `?2`. */
export const MINE_QUERY = `select ${COLUMNS} from social_group_members mine join social_groups on social_groups.id = mine.group_id
  where mine.person_id = ?1 and mine.state = ?2 and mine.group_id > ?3 order by mine.group_id limit ?4`;

/** SQL condition that somebody else than `?2` owns the group `?1`, so that this one may go. */
export const ANOTHER_OWNER = `exists (select 1 from social_group_members other where other.group_id = ?1 and other.person_id <> ?2
  and other.state = 'member' and other.role = 'owner')`;

/**
 * A group as the actor sees it, with their session checked. Problems `session_ended`, and `not_found` for a group that is not there, for one that is
 * by invitation where the actor is nothing in it, and for whoever is banned: all look the same.
 */
export async function openGroup(ports: SocialPorts, text: string): Promise<Group> {
  const { actor, records } = ports;
  const id = parseId("socialGroup", text);
  const home = id === undefined ? records : ports.recordsOf(regionOf(id));
  const question = home.prepare(`${SELECT} where social_groups.id = ?2`).bind(actor.person, id ?? "");
  const guard = sessionGuard(records, actor, ports.now());
  const [first, rows] =
    home === records || id === undefined || regionOf(id) === ports.region
      ? await records.batch<Row>([guard, question])
      : await Promise.all([guard.all<Row>(), question.all<Row>()]);
  requireSession(first);
  const row = rows?.results[0];
  if (row === undefined || row.state === "banned" || (row.joining === "invitation" && row.state === null)) throw notFound("group");
  return groupOf(row);
}

/** As `openGroup`, for members. Problem `not_found` for everybody else. */
export async function openAsMember(ports: SocialPorts, text: string): Promise<Group & { readonly you: { readonly role: GroupRole } }> {
  const group = await openGroup(ports, text);
  if (group.you?.state !== "member") throw notFound("group");
  return { ...group, you: group.you };
}

/** As `openAsMember`, for owners and administrators. Problem `forbidden` for other members. */
export async function openAsAdmin(
  ports: SocialPorts,
  text: string,
): Promise<Group & { readonly you: { readonly role: "owner" | "admin" } }> {
  const group = await openAsMember(ports, text);
  const { role } = group.you;
  if (role === "member") throw problem("forbidden", "This is for owners and administrators of the group.");
  return { ...group, you: { ...group.you, role } };
}

/** Founds a group in the actor's region, who owns it. Problem `conflict` past fifty. */
export async function foundGroup(ports: SocialPorts, { name, about, joining }: GroupText): Promise<Group> {
  const { actor, records, region } = ports;
  const now = ports.now();
  const id = newId("socialGroup", region, now, ports.random);
  const [guard, count] = await records.batch<{ n: number }>([
    sessionGuard(records, actor, now),
    records
      .prepare("select count(*) as n from social_group_members where person_id = ? and state = 'member' and role = 'owner'")
      .bind(actor.person),
  ]);
  requireSession(guard);
  if ((count?.results[0]?.n ?? 0) >= MOST_OWNED) throw problem("conflict", `Nobody owns more than ${MOST_OWNED} groups.`);
  await requireRoom(ports);
  await records.batch([
    records
      .prepare("insert into social_groups (id, name, about, joining, created_at, updated_at) values (?1, ?2, ?3, ?4, ?5, ?5)")
      .bind(id, name, about, joining, now),
    records
      .prepare("insert into social_group_members (group_id, person_id, state, role, since_at) values (?, ?, 'member', 'owner', ?)")
      .bind(id, actor.person, now),
  ]);
  return { id, name, about, joining, version: 1, createdAt: now, members: 1, you: { state: "member", role: "owner", since: now } };
}

/** Changes a group. Problems `forbidden`, and `precondition_failed` where it is not the version any more that the actor saw. */
export async function changeGroup(
  ports: SocialPorts,
  text: string,
  change: Partial<GroupText>,
  version: number | undefined,
): Promise<Group> {
  const group = await openAsAdmin(ports, text);
  const { name = group.name, about = group.about, joining = group.joining } = change;
  const { meta } = await ports
    .recordsOf(regionOf(group.id))
    .prepare(
      `update social_groups set name = ?2, about = ?3, joining = ?4, version = version + 1, updated_at = ?5
       where id = ?1 and version = coalesce(?6, version)`,
    )
    .bind(group.id, name, about, joining, ports.now(), version ?? null)
    .run();
  if (meta.changes !== 1) throw problem("precondition_failed");
  return await openGroup(ports, group.id);
}

/** Deletes a group with everything in it. Problem `forbidden` for others than owners. */
export async function deleteGroup(ports: SocialPorts, text: string): Promise<void> {
  const group = await openAsMember(ports, text);
  if (group.you.role !== "owner") throw problem("forbidden", "Only owners delete a group.");
  await ports.recordsOf(regionOf(group.id)).prepare("delete from social_groups where id = ?").bind(group.id).run();
}

/** Groups of a region that anybody may find, newest first. */
export async function findGroups(
  ports: SocialPorts,
  { region, ...query }: PageQuery & { readonly region?: Region | undefined },
): Promise<Page<Group>> {
  const { actor, records } = ports;
  requireSession(await sessionGuard(records, actor, ports.now()).all());
  const where = region ?? ports.region;
  const { items, next } = await paged<Row, string>(
    ports,
    `groups ${where}`,
    query,
    async (after, limit) =>
      (
        await ports
          .recordsOf(where)
          .prepare(FIND_QUERY)
          .bind(actor.person, after ?? "~", limit)
          .all<Row>()
      ).results,
    ({ id }) => id,
  );
  return { items: items.map(groupOf), next };
}

/** The actor's groups, those they are invited to, or those they asked to join, of whatever region, in order of their ids. */
export async function listOwnGroups(
  ports: SocialPorts,
  { state, ...query }: PageQuery & { readonly state: Exclude<MemberState, "banned"> },
): Promise<Page<Group>> {
  const { actor } = ports;
  requireSession(await sessionGuard(ports.records, actor, ports.now()).all());
  const regions = await regionsOfGroups(ports, actor.person);
  const { items, next } = await paged<Row, string>(
    ports,
    `own groups ${state}`,
    query,
    async (after, limit) => {
      const found = await Promise.all(
        regions.map(
          async (region) =>
            (
              await ports
                .recordsOf(region)
                .prepare(MINE_QUERY)
                .bind(actor.person, state, after ?? "", limit)
                .all<Row>()
            ).results,
        ),
      );
      return found
        .flat()
        .toSorted((a, b) => (a.id < b.id ? -1 : 1))
        .slice(0, limit);
    },
    ({ id }) => id,
  );
  return { items: items.map(groupOf), next };
}

/** Notes in the region of a person that there may be something about them in a group of another region; before it is written there. */
export async function pointTo({ recordsOf }: SocialContext, person: PersonId, group: SocialGroupId): Promise<boolean> {
  const records = recordsOf(regionOf(person));
  if (regionOf(person) === regionOf(group))
    return (await records.prepare("select 1 from people where id = ?").bind(person).first()) !== null;
  const [, there] = await records.batch([
    records
      .prepare("insert into social_groups_elsewhere (person_id, group_id) select id, ?2 from people where id = ?1 on conflict do nothing")
      .bind(person, group),
    records.prepare("select 1 from people where id = ?").bind(person),
  ]);
  return there?.results.length === 1;
}

/** Problem `conflict` where somebody is in too many groups already. */
export async function requireRoom({ actor, records }: SocialPorts): Promise<void> {
  const row = await records
    .prepare(
      `select (select count(*) from social_group_members where person_id = ?1 and state = 'member')
         + (select count(*) from social_groups_elsewhere where person_id = ?1) as n`,
    )
    .bind(actor.person)
    .first<{ n: number }>();
  if ((row?.n ?? 0) >= MOST_GROUPS) throw problem("conflict", `Nobody is in more than ${MOST_GROUPS} groups.`);
}

/** Statements with which somebody leaves all groups of a region for good: where they were the last owner, the longest-standing administrator follows, else member; a group without members is deleted. */
export function leaveAllGroups(records: D1Database, person: PersonId): D1PreparedStatement[] {
  const orphaned = `select mine.group_id from social_group_members mine where mine.person_id = ?1 and mine.state = 'member' and mine.role = 'owner'
    and not exists (select 1 from social_group_members other where other.group_id = mine.group_id and other.person_id <> ?1
      and other.state = 'member' and other.role = 'owner')`;
  return [
    records
      .prepare(
        `update social_group_members set role = 'owner' where state = 'member' and (group_id, person_id) in (
           select orphan.group_id, (select heir.person_id from social_group_members heir where heir.group_id = orphan.group_id
             and heir.state = 'member' and heir.person_id <> ?1 order by heir.role = 'admin' desc, heir.since_at, heir.person_id limit 1)
           from (${orphaned}) orphan)`,
      )
      .bind(person),
    records
      .prepare(
        `delete from social_groups where id in (${orphaned})
         and not exists (select 1 from social_group_members other where other.group_id = social_groups.id and other.state = 'member' and other.person_id <> ?1)`,
      )
      .bind(person),
  ];
}

function groupOf({ created_at, state, role, since_at, ...row }: Row): Group {
  return {
    ...row,
    createdAt: created_at,
    you: state === null || state === "banned" ? null : { state, role: role ?? "member", since: since_at ?? 0 },
  };
}
