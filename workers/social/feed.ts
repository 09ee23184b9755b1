import { type Page, type PageQuery, paged } from "../../shared/http/page";
import { parseId, type PersonId, regionOf, type SocialGroupId } from "../../shared/id";
import { notFound } from "../../shared/problem";
import type { Region } from "../../shared/region";
import { reachOf } from "../../shared/social/posts";
import { requireSession, sessionGuard } from "../sessions";
import { openAsMember } from "./groups";
import type { SocialPorts } from "./ports";
import { type Post, POST_COLUMNS, type PostRow, viewPosts } from "./posts";
import { readersOf } from "./readers";
import { friendsOf, groupsOf, hiddenFrom } from "./relations";

/** Whom the person `?1` follows: candidates, whose own region says whether it counts. */
export const FOLLOWED_QUERY = "select other_id as id from ties where person_id = ?1 and follows_at is not null and blocked_at is null";

const selected = POST_COLUMNS.split(", ")
  .map((column) => `posts.${column}`)
  .join(", ");

/**
 * The newest posts before the id `?2` by the authors of `?1` (pairs of id and least reach), so many (`?3`). Of each author no more than so many are
 * read, each by one seek in an index, whatever they have posted before.
 */
export const BY_AUTHORS_QUERY = `select ${selected} from json_each(?1) author join posts on posts.id in (
    select one.id from posts one where one.person_id = author.value ->> 0 and one.group_id is null and one.removed_at is null
      and one.id < ?2 and one.reach >= author.value ->> 1 order by one.id desc limit ?3)
  order by posts.id desc limit ?3`;

/** The same in the groups of `?1`, without what people of `?4` posted. */
export const IN_GROUPS_QUERY = `select ${selected} from json_each(?1) here join posts on posts.id in (
    select one.id from posts one where one.group_id = here.value and one.removed_at is null and one.id < ?2
      and one.person_id not in (select value from json_each(?4)) order by one.id desc limit ?3)
  order by posts.id desc limit ?3`;

/** The actor's own posts of a region outside groups, those that a moderator took out included. */
export const OWN_QUERY = `select ${POST_COLUMNS} from posts where person_id = ?1 and group_id is null and id < ?2 order by id desc limit ?3`;

/** Where a page of posts goes on: the time and the random part of an id, which sort the same in every region. */
type Place = string;

/**
 * What people whom the actor is friends with or follows have posted, what was posted in the actor's groups, and the actor's own, newest first.
 * Whether something is seen is judged now, in the region where it lies: a block, a narrower audience or the end of a friendship hides at once.
 */
export async function readFeed(ports: SocialPorts, query: PageQuery): Promise<Page<Post>> {
  const { actor, records } = ports;
  const [guard, followed] = await records.batch<{ id: string }>([
    sessionGuard(records, actor, ports.now()),
    records.prepare(FOLLOWED_QUERY).bind(actor.person),
  ]);
  requireSession(guard);
  const [friends, groups, hidden] = await Promise.all([
    friendsOf(ports, actor.person),
    groupsOf(ports, actor.person),
    hiddenFrom(ports, actor.person),
  ]);
  const candidates = new Set<PersonId>([...friends, ...(followed?.results ?? []).flatMap(({ id }) => parseId("person", id) ?? [])]);
  const authors = await readersOf(ports, [...candidates]);
  return await pageOfPosts(ports, "feed", query, async (before, limit) => [
    ...(await ownPosts(ports, before, limit)),
    ...(await byAuthors(ports, authors, before, limit)),
    ...(await inGroups(ports, groups, hidden, before, limit)),
  ]);
}

/** What somebody has posted that the actor sees; of the actor's own, all but what stands in groups. Problem `not_found` for who is blocked or unknown. */
export async function listPostsOf(ports: SocialPorts, text: string, query: PageQuery): Promise<Page<Post>> {
  const { actor, records } = ports;
  requireSession(await sessionGuard(records, actor, ports.now()).all());
  const person = parseId("person", text);
  if (person === undefined) throw notFound("person");
  const authors = await readersOf(ports, [person]);
  if (authors.length === 0) throw notFound("person");
  const page = await pageOfPosts(ports, `posts of ${person}`, query, async (before, limit) =>
    person === actor.person ? await ownPosts(ports, before, limit) : await byAuthors(ports, authors, before, limit),
  );
  // Somebody who has posted nothing for strangers looks to them like nobody.
  const isNear = authors.some(({ reach }) => reach < reachOf("everybody"));
  if (!isNear && page.items.length === 0 && query.cursor === undefined) throw notFound("person");
  return page;
}

/** What was posted in a group; for members. */
export async function listPostsIn(ports: SocialPorts, text: string, query: PageQuery): Promise<Page<Post>> {
  const group = await openAsMember(ports, text);
  const hidden = await hiddenFrom(ports, ports.actor.person);
  return await pageOfPosts(
    ports,
    `posts in ${group.id}`,
    query,
    async (before, limit) => await inGroups(ports, [group.id], hidden, before, limit),
  );
}

async function pageOfPosts(
  ports: SocialPorts,
  scope: string,
  query: PageQuery,
  fetch: (before: Place, limit: number) => Promise<readonly PostRow[]>,
): Promise<Page<Post>> {
  const { items, next } = await paged<PostRow, Place>(
    ports,
    scope,
    query,
    async (before, limit) =>
      (await fetch(before ?? LAST, limit))
        .toSorted((a, b) => (placeOf(a) < placeOf(b) ? 1 : placeOf(a) > placeOf(b) ? -1 : 0))
        .slice(0, limit),
    placeOf,
  );
  return { items: await viewPosts(ports, items), next };
}

/** After the greatest id. */
const LAST = "~";

function placeOf({ id }: PostRow): Place {
  return id.slice(PREFIX);
}

const PREFIX = "pst_eu_".length;

function before(region: Region, place: Place): string {
  return `pst_${region}_${place}`;
}

async function ownPosts({ actor, records, region }: SocialPorts, place: Place, limit: number): Promise<PostRow[]> {
  return (await records.prepare(OWN_QUERY).bind(actor.person, before(region, place), limit).all<PostRow>()).results;
}

async function byAuthors(
  ports: SocialPorts,
  authors: readonly { readonly author: PersonId; readonly reach: number }[],
  place: Place,
  limit: number,
): Promise<PostRow[]> {
  const found = await Promise.all(
    [...Map.groupBy(authors, ({ author }) => regionOf(author))].map(
      async ([region, list]) =>
        (
          await ports
            .recordsOf(region)
            .prepare(BY_AUTHORS_QUERY)
            .bind(JSON.stringify(list.map(({ author, reach }) => [author, reach])), before(region, place), limit)
            .all<PostRow>()
        ).results,
    ),
  );
  return found.flat();
}

async function inGroups(
  ports: SocialPorts,
  groups: readonly SocialGroupId[],
  hidden: readonly PersonId[],
  place: Place,
  limit: number,
): Promise<PostRow[]> {
  const found = await Promise.all(
    [...Map.groupBy(groups, (group) => regionOf(group))].map(
      async ([region, list]) =>
        (
          await ports
            .recordsOf(region)
            .prepare(IN_GROUPS_QUERY)
            .bind(JSON.stringify(list), before(region, place), limit, JSON.stringify(hidden))
            .all<PostRow>()
        ).results,
    ),
  );
  return found.flat();
}
