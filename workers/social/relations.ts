import { parseId, type PersonId, regionOf, type SocialGroupId } from "../../shared/id";
import type { Region } from "../../shared/region";
import { areFriends as friendsIn, isBlocked } from "../../shared/social/ties";
import type { Relation } from "../../shared/social/visibility";
import type { SocialContext } from "./ports";
import { exactPair, FRIENDS } from "./ties";

export const GROUP_ROLES = ["owner", "admin", "member"] as const;
export type GroupRole = (typeof GROUP_ROLES)[number];

/** So many friends somebody may have. */
export const MOST_FRIENDS = 2_000;

/** `?1`: whose; `?2`: after which id; `?3`: how many. */
export const FRIENDS_QUERY = `select own.other_id as id, max(own.wants_at, other.wants_at) as since_at
  from ties own join ties other on other.person_id = own.other_id and other.other_id = own.person_id
  where own.person_id = ?1 and own.other_id > ?2 and ${FRIENDS} order by own.other_id limit ?3`;

export const HIDDEN_QUERY = `select other_id as id from ties where person_id = ?1 and blocked_at is not null
  union select person_id from ties where other_id = ?1 and blocked_at is not null`;

export const MEMBERS_QUERY =
  "select person_id, role from social_group_members where group_id = ?1 and state = 'member' and person_id > ?2 order by person_id limit ?3";

/** Whether either of two people has blocked the other. Read where each of the two wrote it: true from the moment of the answer on. */
export async function areBlocked(context: SocialContext, a: PersonId, b: PersonId): Promise<boolean> {
  const { own, theirs } = await exactPair(context, a, b);
  return isBlocked(own, theirs);
}

export async function areFriends(context: SocialContext, a: PersonId, b: PersonId): Promise<boolean> {
  const { own, theirs } = await exactPair(context, a, b);
  return friendsIn(own, theirs);
}

/** Everybody whom the person has blocked, or who has blocked them. Two index reads in the person's own region. */
export async function hiddenFrom({ recordsOf }: SocialContext, person: PersonId): Promise<PersonId[]> {
  const { results } = await recordsOf(regionOf(person)).prepare(HIDDEN_QUERY).bind(person).all<{ id: string }>();
  return peopleIn(results);
}

/** The person's friends, in order of their ids: at most `MOST_FRIENDS`, from the person's own region. */
export async function friendsOf({ recordsOf }: SocialContext, person: PersonId): Promise<PersonId[]> {
  const { results } = await recordsOf(regionOf(person)).prepare(FRIENDS_QUERY).bind(person, "", MOST_FRIENDS).all<{ id: string }>();
  return peopleIn(results);
}

/** The members of a group with their roles, in order of their ids; `after` and `limit` page through large ones. Nobody of a group that is not there. */
export async function membersOf(
  { recordsOf }: SocialContext,
  group: SocialGroupId,
  { after = "", limit = 10_000 }: { readonly after?: string; readonly limit?: number } = {},
): Promise<{ readonly person: PersonId; readonly role: GroupRole }[]> {
  const { results } = await recordsOf(regionOf(group))
    .prepare(MEMBERS_QUERY)
    .bind(group, after, limit)
    .all<{ person_id: string; role: GroupRole }>();
  return results.flatMap(({ person_id, role }) => {
    const person = parseId("person", person_id);
    return person === undefined ? [] : [{ person, role }];
  });
}

/** What somebody is in a group; undefined where they are no member. */
export async function roleIn({ recordsOf }: SocialContext, group: SocialGroupId, person: PersonId): Promise<GroupRole | undefined> {
  const role = await recordsOf(regionOf(group))
    .prepare("select role from social_group_members where group_id = ? and person_id = ? and state = 'member'")
    .bind(group, person)
    .first<GroupRole>("role");
  return role ?? undefined;
}

/** The groups of which somebody is a member, of whatever region. */
export async function groupsOf(context: SocialContext, person: PersonId): Promise<SocialGroupId[]> {
  const found = await Promise.all(
    (await regionsOfGroups(context, person)).map(
      async (region) =>
        (
          await context
            .recordsOf(region)
            .prepare("select group_id as id from social_group_members where person_id = ? and state = 'member' order by group_id")
            .bind(person)
            .all<{ id: string }>()
        ).results,
    ),
  );
  return found.flat().flatMap(({ id }) => parseId("socialGroup", id) ?? []);
}

/** The regions in which there may be groups of a person: their own, and those to which a pointer leads. */
export async function regionsOfGroups({ recordsOf }: SocialContext, person: PersonId): Promise<Region[]> {
  const home = regionOf(person);
  const { results } = await recordsOf(home)
    .prepare("select distinct substr(group_id, 5, 2) as region from social_groups_elsewhere where person_id = ?")
    .bind(person)
    .all<{ region: Region }>();
  return [home, ...results.map(({ region }) => region).filter((region) => region !== home)];
}

/** Whether two people are members of one group. */
export async function shareGroup(context: SocialContext, a: PersonId, b: PersonId): Promise<boolean> {
  const found = await Promise.all(
    (await regionsOfGroups(context, a)).map(
      async (region) =>
        await context
          .recordsOf(region)
          .prepare(
            `select 1 from social_group_members a join social_group_members b on b.group_id = a.group_id and b.person_id = ?2
             where a.person_id = ?1 and a.state = 'member' and b.state = 'member' limit 1`,
          )
          .bind(a, b)
          .first(),
    ),
  );
  return found.some((row) => row !== null);
}

/** What a viewer is to somebody, read where it is written. */
export async function relationTo(context: SocialContext, viewer: PersonId, owner: PersonId): Promise<Relation> {
  if (viewer === owner) return "self";
  const { own, theirs } = await exactPair(context, viewer, owner);
  if (isBlocked(own, theirs)) return "blocked";
  if (friendsIn(own, theirs)) return "friend";
  return (await shareGroup(context, owner, viewer)) ? "groupmate" : "stranger";
}

/** The people of rows. */
export function peopleIn(rows: readonly { readonly id: string }[]): PersonId[] {
  return rows.flatMap(({ id }) => parseId("person", id) ?? []);
}
