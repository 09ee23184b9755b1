import { type Page, type PageQuery, paged } from "../../shared/http/page";
import { type PersonId, regionOf } from "../../shared/id";
import { notFound, problem } from "../../shared/problem";
import {
  admitFollower,
  areFriends,
  follow,
  following,
  type FollowRule,
  isBlocked,
  removeFollower,
  unfollow,
} from "../../shared/social/ties";
import { requireSession, sessionGuard } from "../sessions";
import { type Card, cardOf, shownOf } from "./cards";
import { personIn, requireOther } from "./friends";
import { peopleIn } from "./relations";
import type { SocialPorts } from "./ports";
import { takeStep } from "./ties";

const MOST_FOLLOWED = 2_000;

/** Somebody who is followed, or who follows, since when (epoch ms), and whether that counts already. */
export interface Following {
  readonly person: Card;
  readonly state: "waiting" | "active";
  readonly since: number;
}

interface Row {
  id: string;
  since_at: number;
  admitted: number;
}

const NOT_BLOCKED = "own.blocked_at is null and other.blocked_at is null";

/** Whom the actor `?1` follows, after the id `?2`, so many (`?3`). */
export const FOLLOWS_QUERY = `select own.other_id as id, own.follows_at as since_at, other.admits_at is not null as admitted
  from ties own left join ties other on other.person_id = own.other_id and other.other_id = ?1
  where own.person_id = ?1 and own.other_id > ?2 and own.follows_at > coalesce(other.follow_refused_at, 0) and ${NOT_BLOCKED}
  order by own.other_id limit ?3`;

/** Who follows the actor, or waits to be let; `?4` is 1 for those who were let, 0 for the others, null for all. */
export const FOLLOWERS_QUERY = `select other.person_id as id, other.follows_at as since_at, own.admits_at is not null as admitted
  from ties other left join ties own on own.person_id = ?1 and own.other_id = other.person_id
  where other.other_id = ?1 and other.person_id > ?2 and other.follows_at is not null and other.follows_at > coalesce(own.follow_refused_at, 0)
    and ${NOT_BLOCKED} and (?4 is null or (own.admits_at is not null) = ?4) order by other.person_id limit ?3`;

/**
 * Follows somebody: at once where they let everybody, else when they agree. The answer is the same for somebody who lets nobody, is not registered,
 * or has blocked the actor. Problems `invalid` for oneself, `conflict`.
 */
export async function followPerson(ports: SocialPorts, other: PersonId): Promise<Following> {
  requireOther(ports, other);
  const followed = await ports.records
    .prepare("select count(*) as n from ties where person_id = ? and follows_at is not null")
    .bind(ports.actor.person)
    .first<number>("n");
  if ((followed ?? 0) >= MOST_FOLLOWED) throw problem("conflict", `Nobody follows more than ${MOST_FOLLOWED} people.`);
  const { before, after } = await takeStep(ports, other, ({ own }) => {
    if (own.blockedAt !== null) throw problem("conflict", "You block this person: lift the block first.");
    return follow;
  });
  const shown = await shownOf(ports, [other]);
  const rule = shown.get(other)?.followRule ?? "nobody";
  const state = following(after.own, after.theirs, rule);
  if (after.rev !== before.rev && state === "waiting")
    await ports.tell(other, "follow_request", `follow ${ports.actor.person} ${after.rev}`, { person: ports.actor.person }, { names: true });
  return {
    person: cardOf(other, shown.get(other), areFriends(after.own, after.theirs) ? "friend" : "stranger"),
    state: state === "active" ? "active" : "waiting",
    since: after.own.followsAt ?? ports.now(),
  };
}

/** Follows no longer; done already is fine. */
export async function unfollowPerson(ports: SocialPorts, id: string): Promise<void> {
  await takeStep(ports, personIn(id), () => unfollow);
}

/** Lets somebody follow who waits. Problem `not_found` where nobody waits. */
export async function admit(ports: SocialPorts, id: string): Promise<void> {
  await takeStep(ports, personIn(id), ({ own, theirs }) => {
    if (following(theirs, own, "approval") === "none") throw notFound("follower");
    return admitFollower;
  });
}

/** Removes a follower, or says no to who waits. Problem `not_found` where nobody follows. */
export async function dropFollower(ports: SocialPorts, id: string): Promise<void> {
  await takeStep(ports, personIn(id), ({ own, theirs }) => {
    if (theirs.followsAt === null || theirs.followsAt <= own.followRefusedAt || isBlocked(own, theirs)) throw notFound("follower");
    return removeFollower;
  });
}

/** Whom the actor follows. */
export async function listFollows(ports: SocialPorts, query: PageQuery): Promise<Page<Following>> {
  const { items, next } = await pageOfTies(ports, "follows", query, FOLLOWS_QUERY, []);
  const shown = await shownOf(ports, peopleIn(items));
  return {
    items: items.map(({ id, since_at, admitted }) => {
      const person = shown.get(id);
      const isActive = person?.followRule === "everybody" || (person?.followRule === "approval" && admitted === 1);
      return { person: cardOf(id, person, "stranger"), state: isActive ? "active" : "waiting", since: since_at };
    }),
    next,
  };
}

/** Who follows the actor, and who waits to be let. Followers introduce themselves by name. */
export async function listFollowers(
  ports: SocialPorts,
  { state, ...query }: PageQuery & { readonly state: "all" | "waiting" | "active" },
): Promise<Page<Following>> {
  const rule = await ruleOf(ports, ports.actor.person);
  // Whom everybody may follow has nobody waiting.
  const admitted = state === "all" || rule === "everybody" ? null : state === "active" ? 1 : 0;
  const isEmpty = (rule === "everybody" && state === "waiting") || (rule === "nobody" && state === "active");
  const { items, next } = await pageOfTies(ports, `followers ${state}`, query, isEmpty ? NO_FOLLOWERS : FOLLOWERS_QUERY, [admitted]);
  const shown = await shownOf(ports, peopleIn(items));
  return {
    items: items.flatMap((row) => {
      const person = shown.get(row.id);
      if (person === undefined) return [];
      const isActive = rule === "everybody" || (rule === "approval" && row.admitted === 1);
      return {
        person: { id: row.id, name: person.name, handle: person.handle },
        state: isActive ? "active" : "waiting",
        since: row.since_at,
      };
    }),
    next,
  };
}

const NO_FOLLOWERS = "select ?1 as id, 0 as since_at, 0 as admitted where ?2 is null and ?3 is null and ?4 is null and false";

async function pageOfTies(
  ports: SocialPorts,
  scope: string,
  query: PageQuery,
  sql: string,
  more: readonly (number | null)[],
): Promise<Page<Row>> {
  const { actor, records } = ports;
  return await paged<Row, string>(
    ports,
    scope,
    query,
    async (after, limit) => {
      const [guard, rows] = await records.batch<Row>([
        sessionGuard(records, actor, ports.now()),
        records.prepare(sql).bind(actor.person, after ?? "", limit, ...more),
      ]);
      requireSession(guard);
      return rows?.results ?? [];
    },
    ({ id }) => id,
  );
}

async function ruleOf({ recordsOf }: SocialPorts, person: PersonId): Promise<FollowRule> {
  const rule = await recordsOf(regionOf(person))
    .prepare("select follow_rule from social_profiles where person_id = ?")
    .bind(person)
    .first<FollowRule>("follow_rule");
  return rule ?? "nobody";
}
