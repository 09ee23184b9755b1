import { DAY_MS } from "../../shared/clock";
import { type Page, type PageQuery, paged } from "../../shared/http/page";
import { parseId, type PersonId, regionOf } from "../../shared/id";
import { notFound, problem } from "../../shared/problem";
import {
  areFriends,
  askFriend,
  block,
  cancelRequest,
  endFriendship,
  hasAsked,
  isBlocked,
  refuseFriend,
  REQUEST_LASTS_MS,
  unblock,
} from "../../shared/social/ties";
import { requireSession, sessionGuard } from "../sessions";
import { type Card, cardOf, shownOf } from "./cards";
import type { SocialPorts } from "./ports";
import { FRIENDS_QUERY, MOST_FRIENDS, peopleIn } from "./relations";
import { FRIENDS, takeStep } from "./ties";

/** New wishes of one person within a day. */
const MOST_WISHES_A_DAY = 50;
const MOST_BLOCKS = 1_000;

/** Somebody with whom the actor is friends, and since when (epoch ms). */
export interface Friend extends Card {
  readonly since: number;
}

/** A request that waits. */
export interface FriendRequest {
  readonly person: Card;
  readonly askedAt: number;
  readonly expiresAt: number;
}

export interface Standing {
  readonly person: Card;
  readonly state: "waiting" | "friends";
  readonly askedAt: number;
}

interface Row {
  id: string;
  since_at: number;
}

/** Requests by others that the actor `?1` has not answered, newest first. `?2`, `?3`: before which instant and id; `?4`: how many; `?5`: made after. */
export const INCOMING_QUERY = `select other.person_id as id, other.wants_at as since_at
  from ties other left join ties own on own.person_id = ?1 and own.other_id = other.person_id
  where other.other_id = ?1 and other.wants_at is not null and (other.wants_at, other.person_id) < (?2, ?3) and other.wants_at > ?5
    and other.blocked_at is null and own.blocked_at is null and other.wants_at > coalesce(own.refused_at, 0) and not coalesce(${FRIENDS}, 0)
    and not exists (select 1 from social_profiles where person_id = ?1 and asks = 'nobody')
  order by other.wants_at desc, other.person_id desc limit ?4`;

/** The actor's own requests that nobody has answered; a block looks like no answer. Same parameters, after an id. */
export const OUTGOING_QUERY = `select own.other_id as id, own.wants_at as since_at
  from ties own left join ties other on other.person_id = own.other_id and other.other_id = ?1
  where own.person_id = ?1 and own.other_id > ?2 and own.wants_at > ?4 and own.wants_at > coalesce(other.refused_at, 0) and not coalesce(${FRIENDS}, 0)
  order by own.other_id limit ?3`;

/** The actor's friends, in order of their ids. */
export async function listFriends(ports: SocialPorts, query: PageQuery): Promise<Page<Friend>> {
  const { actor, records } = ports;
  const { items, next } = await paged<Row, string>(
    ports,
    "friends",
    query,
    async (after, limit) => {
      const [guard, rows] = await records.batch<Row>([
        sessionGuard(records, actor, ports.now()),
        records.prepare(FRIENDS_QUERY).bind(actor.person, after ?? "", limit),
      ]);
      requireSession(guard);
      return rows?.results ?? [];
    },
    ({ id }) => id,
  );
  const shown = await shownOf(ports, peopleIn(items));
  return {
    items: items.flatMap(({ id, since_at }) => (shown.has(id) ? { ...cardOf(id, shown.get(id), "friend"), since: since_at } : [])),
    next,
  };
}

/** Requests that wait: those of others, or the actor's own. Whoever asks introduces themselves by name. */
export async function listRequests(ports: SocialPorts, direction: "in" | "out", query: PageQuery): Promise<Page<FriendRequest>> {
  const { actor, records } = ports;
  const open = ports.now() - REQUEST_LASTS_MS;
  const { items, next } = await paged<Row, readonly [number, string]>(
    ports,
    `friend requests ${direction}`,
    query,
    async (after, limit) => {
      const [guard, rows] = await records.batch<Row>([
        sessionGuard(records, actor, ports.now()),
        direction === "in"
          ? records.prepare(INCOMING_QUERY).bind(actor.person, after?.[0] ?? Number.MAX_SAFE_INTEGER, after?.[1] ?? "", limit, open)
          : records.prepare(OUTGOING_QUERY).bind(actor.person, after?.[1] ?? "", limit, open),
      ]);
      requireSession(guard);
      return rows?.results ?? [];
    },
    ({ since_at, id }) => [since_at, id],
  );
  const shown = await shownOf(ports, peopleIn(items));
  return {
    items: items.flatMap(({ id, since_at }) => {
      const person = shown.get(id);
      if (person === undefined && direction === "in") return [];
      const card = direction === "in" ? { id, name: person?.name ?? null, handle: person?.handle ?? null } : cardOf(id, person, "stranger");
      return { person: card, askedAt: since_at, expiresAt: since_at + REQUEST_LASTS_MS };
    }),
    next,
  };
}

/**
 * Asks somebody for friendship; who has asked the actor becomes a friend. The answer is the same whether somebody is registered under the id,
 * hears of requests, or has blocked the actor. Problems `invalid` for oneself, `conflict` for somebody whom the actor blocks, `rate_limited`.
 */
export async function askForFriendship(ports: SocialPorts, other: PersonId): Promise<Standing> {
  requireOther(ports, other);
  await requireRoom(ports);
  const { before, after } = await takeStep(ports, other, ({ own }) => {
    if (own.blockedAt !== null) throw problem("conflict", "You block this person: lift the block first.");
    return askFriend;
  });
  const isFriend = areFriends(after.own, after.theirs);
  if (isFriend && !areFriends(before.own, before.theirs))
    await ports.tell(
      other,
      "friend_accepted",
      `friends ${ports.actor.person} ${after.rev}`,
      { person: ports.actor.person },
      { names: true },
    );
  else if (
    !isFriend &&
    after.rev !== before.rev &&
    hasAsked(after.own, after.theirs, ports.now()) &&
    !isBlocked(after.own, after.theirs) &&
    (await hearsRequests(ports, other))
  )
    await ports.tell(
      other,
      "friend_request",
      `ask ${ports.actor.person} ${Math.floor(ports.now() / DAY_MS)}`,
      { person: ports.actor.person },
      { names: true },
    );
  const shown = await shownOf(ports, [other]);
  const person = cardOf(other, shown.get(other), isFriend ? "friend" : "stranger");
  return { person, state: isFriend ? "friends" : "waiting", askedAt: after.own.wantsAt ?? ports.now() };
}

/** Whether somebody hears of requests: who does not is not told of them either, and the request stands where it would. */
async function hearsRequests({ recordsOf }: SocialPorts, person: PersonId): Promise<boolean> {
  const query = "select 1 from social_profiles where person_id = ? and asks = 'nobody'";
  return (await recordsOf(regionOf(person)).prepare(query).bind(person).first()) === null;
}

/** Agrees to a request. Agreed already is fine. Problem `not_found` where nobody has asked, or the request was taken back. */
export async function acceptRequest(ports: SocialPorts, id: string): Promise<Friend> {
  const other = personIn(id);
  await requireRoom(ports);
  const { before, after } = await takeStep(ports, other, ({ own, theirs }) => {
    if (areFriends(own, theirs)) return (tie) => tie;
    if (!hasAsked(theirs, own, ports.now()) || isBlocked(own, theirs)) throw notFound("friend request");
    return askFriend;
  });
  if (!areFriends(after.own, after.theirs)) {
    // It was taken back in the same moment: nothing is left that would wait for an answer.
    await takeStep(ports, other, () => cancelRequest);
    throw notFound("friend request");
  }
  if (!areFriends(before.own, before.theirs))
    await ports.tell(
      other,
      "friend_accepted",
      `friends ${ports.actor.person} ${after.rev}`,
      { person: ports.actor.person },
      { names: true },
    );
  const shown = await shownOf(ports, [other]);
  return { ...cardOf(other, shown.get(other), "friend"), since: Math.max(after.own.wantsAt ?? 0, after.theirs.wantsAt ?? 0) };
}

/** Says no to a request; whoever asked is not told. Problem `not_found` where nobody has asked. */
export async function rejectRequest(ports: SocialPorts, id: string): Promise<void> {
  await takeStep(ports, personIn(id), ({ own, theirs }) => {
    if (!hasAsked(theirs, own, ports.now()) || isBlocked(own, theirs)) throw notFound("friend request");
    return refuseFriend;
  });
}

/** Takes the actor's own request back; done already is fine. Problem `conflict` where the two are friends by now. */
export async function withdrawRequest(ports: SocialPorts, id: string): Promise<void> {
  await takeStep(ports, personIn(id), ({ own, theirs }) => {
    if (areFriends(own, theirs)) throw problem("conflict", "The request was accepted: remove the friend instead.");
    return cancelRequest;
  });
}

/** Ends a friendship; the other is not told. Problem `not_found` where there is none. */
export async function removeFriend(ports: SocialPorts, id: string): Promise<void> {
  await takeStep(ports, personIn(id), ({ own, theirs }) => {
    if (!areFriends(own, theirs)) throw notFound("friend");
    return endFriendship;
  });
}

/** Blocks somebody: whatever was between the two is over, and each is hidden from the other everywhere. Problem `invalid` for oneself, `conflict` past 1,000. */
export async function blockPerson(ports: SocialPorts, other: PersonId): Promise<{ person: Card; since: number }> {
  requireOther(ports, other);
  const blocks = await ports.records
    .prepare("select count(*) as n from ties where person_id = ? and blocked_at is not null")
    .bind(ports.actor.person)
    .first<number>("n");
  if ((blocks ?? 0) >= MOST_BLOCKS) throw problem("conflict", `Nobody blocks more than ${MOST_BLOCKS} people.`);
  const { after } = await takeStep(ports, other, () => block);
  const shown = await shownOf(ports, [other]);
  return { person: cardOf(other, shown.get(other), "stranger"), since: after.own.blockedAt ?? ports.now() };
}

/** Lifts a block; what was before it does not come back. Lifted already is fine. */
export async function unblockPerson(ports: SocialPorts, id: string): Promise<void> {
  await takeStep(ports, personIn(id), () => unblock);
}

export const BLOCKS_QUERY =
  "select other_id as id, blocked_at as since_at from ties where person_id = ?1 and blocked_at is not null and other_id > ?2 order by other_id limit ?3";

/** Whom the actor blocks, in order of their ids; by name where strangers see it. */
export async function listBlocks(ports: SocialPorts, query: PageQuery): Promise<Page<{ person: Card; since: number }>> {
  const { actor, records } = ports;
  const { items, next } = await paged<Row, string>(
    ports,
    "blocks",
    query,
    async (after, limit) => {
      const [guard, rows] = await records.batch<Row>([
        sessionGuard(records, actor, ports.now()),
        records.prepare(BLOCKS_QUERY).bind(actor.person, after ?? "", limit),
      ]);
      requireSession(guard);
      return rows?.results ?? [];
    },
    ({ id }) => id,
  );
  const shown = await shownOf(ports, peopleIn(items));
  return { items: items.map(({ id, since_at }) => ({ person: cardOf(id, shown.get(id), "stranger"), since: since_at })), next };
}

/** The person of a path. Problem `not_found` where the text is no person's id. */
export function personIn(id: string): PersonId {
  const person = parseId("person", id);
  if (person === undefined) throw notFound("person");
  return person;
}

/** Problem `invalid` where somebody means themselves. */
export function requireOther({ actor }: SocialPorts, other: PersonId): void {
  if (other !== actor.person) return;
  throw problem("invalid", undefined, { errors: [{ pointer: "/person", code: "yourself", message: "This is you." }] });
}

async function requireRoom({ actor, records, now }: SocialPorts): Promise<void> {
  const row = await records
    .prepare("select count(*) as wishes, sum(wants_at > ?2) as today from ties where person_id = ?1 and wants_at is not null")
    .bind(actor.person, now() - DAY_MS)
    .first<{ wishes: number; today: number | null }>();
  if ((row?.wishes ?? 0) >= MOST_FRIENDS) throw problem("conflict", `Nobody has more than ${MOST_FRIENDS} friends and open requests.`);
  if ((row?.today ?? 0) >= MOST_WISHES_A_DAY) throw problem("rate_limited", "That was enough for a day.", { retryAfter: DAY_MS / 1_000 });
}
