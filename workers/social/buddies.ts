import * as z from "zod";
import { DAY_MS } from "../../shared/clock";
import { type PersonId, regionOf } from "../../shared/id";
import { notFound, problem } from "../../shared/problem";
import {
  BUDDY_GOALS,
  BUDDY_LEVELS,
  type BuddyProfile,
  BUDDY_PURPOSES,
  cellsAround,
  type Match,
  matchOf,
} from "../../shared/social/buddies";
import { areBuddies, askBuddy, endBuddy, hasAskedToTrain, isBlocked, REQUEST_LASTS_MS } from "../../shared/social/ties";
import { requireSession, sessionGuard } from "../sessions";
import { type Card, cardOf, shownOf } from "./cards";
import { personIn, requireOther } from "./friends";
import type { SocialPorts } from "./ports";
import { areFriends, hiddenFrom, relationTo, peopleIn } from "./relations";
import { BUDDIES, exactPair, takeStep } from "./ties";

/** Whom one look compares: the nearest cells first, then who looked lately. */
const COMPARED = 500;
const SHOWN = 20;
const MOST_BUDDIES = 20;

export interface StoredBuddyProfile extends BuddyProfile {
  readonly version: number;
}

/** Somebody who fits, and why. */
export interface Suggestion extends Match {
  readonly person: Card;
}

/** Somebody with whom the actor trains, or who waits for an answer; since when (epoch ms). */
export interface Buddy {
  readonly person: Card;
  readonly state: "buddies" | "waiting_for_you" | "waiting_for_them";
  readonly since: number;
}

interface Row {
  person_id: PersonId;
  purpose: string;
  activities: string;
  goals: string;
  languages: string;
  level: string | null;
  times: number;
  cell_lat: number | null;
  cell_lon: number | null;
  version: number;
}

const COLUMNS = "person_id, purpose, activities, goals, languages, level, times, cell_lat, cell_lon, version";
/** Who looks near a cell: rows `?1` to `?2`, columns `?3` to `?4`, so many (`?5`). */
export const NEAR_QUERY = `select ${COLUMNS} from buddy_profiles where cell_lat between ?1 and ?2 and cell_lon between ?3 and ?4 and cell_lat is not null limit ?5`;
/** Who has looked lately, wherever they are, so many (`?1`). */
export const LATELY_QUERY = `select ${COLUMNS} from buddy_profiles order by updated_at desc, person_id desc limit ?1`;
/** The buddies of `?1`, and requests either way that are younger than `?2`. */
export const BUDDIES_QUERY = `select own.other_id as id, max(own.buddy_at, coalesce(other.buddy_at, 0)) as since_at,
    case when coalesce(${BUDDIES}, 0) then 'buddies' else 'waiting_for_them' end as state
  from ties own left join ties other on other.person_id = own.other_id and other.other_id = ?1
  where own.person_id = ?1 and own.buddy_at is not null and own.blocked_at is null
    and (coalesce(${BUDDIES}, 0) or (own.buddy_at > ?2 and own.buddy_at > coalesce(other.buddy_refused_at, 0)))
  union all select other.person_id, other.buddy_at, 'waiting_for_you' from ties other
  left join ties own on own.person_id = ?1 and own.other_id = other.person_id
  where other.other_id = ?1 and other.buddy_at is not null and other.buddy_at > ?2 and other.buddy_at > coalesce(own.buddy_refused_at, 0)
    and own.blocked_at is null and other.blocked_at is null and not coalesce(${BUDDIES}, 0)
  order by 1 limit 500`;

const profileSchema = z.object({
  purpose: z.enum(BUDDY_PURPOSES),
  activities: z.array(z.string()),
  goals: z.array(z.enum(BUDDY_GOALS)),
  languages: z.array(z.string()),
  level: z.enum(BUDDY_LEVELS).nullable(),
});

/** What the actor says of themselves to be found; undefined where they do not want to be. Problem `session_ended`. */
export async function readBuddyProfile(ports: SocialPorts): Promise<StoredBuddyProfile | undefined> {
  const { actor, records } = ports;
  const [guard, rows] = await records.batch<Row>([
    sessionGuard(records, actor, ports.now()),
    records.prepare(`select ${COLUMNS} from buddy_profiles where person_id = ?`).bind(actor.person),
  ]);
  requireSession(guard);
  const row = rows?.results[0];
  return row === undefined ? undefined : profileOf(row);
}

/** Wants to be found, and says as what. The place was made a cell before it came here. */
export async function keepBuddyProfile(ports: SocialPorts, profile: BuddyProfile): Promise<StoredBuddyProfile> {
  const { actor, records } = ports;
  await readBuddyProfile(ports);
  const row = await records
    .prepare(
      `insert into buddy_profiles (person_id, purpose, activities, goals, languages, level, times, cell_lat, cell_lon, updated_at)
       values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       on conflict do update set purpose = excluded.purpose, activities = excluded.activities, goals = excluded.goals, languages = excluded.languages,
         level = excluded.level, times = excluded.times, cell_lat = excluded.cell_lat, cell_lon = excluded.cell_lon, updated_at = excluded.updated_at,
         version = buddy_profiles.version + 1 returning ${COLUMNS}`,
    )
    .bind(
      actor.person,
      profile.purpose,
      JSON.stringify(profile.activities),
      JSON.stringify(profile.goals),
      JSON.stringify(profile.languages),
      profile.level,
      profile.times,
      profile.cell?.lat ?? null,
      profile.cell?.lon ?? null,
      ports.now(),
    )
    .first<Row>();
  if (row === null) throw new TypeError("a profile that was just kept is not there");
  return profileOf(row);
}

/** Wants to be found no longer: nothing of it is kept. Those with whom the actor trains stay. */
export async function dropBuddyProfile(ports: SocialPorts): Promise<void> {
  await readBuddyProfile(ports);
  await ports.records.prepare("delete from buddy_profiles where person_id = ?").bind(ports.actor.person).run();
}

/**
 * People of the actor's region who want to be found and fit, the best first, each with reasons that add up to the score. Only who wants to be found
 * finds. Nobody who is blocked either way, trains with the actor already, has been asked, or whose wish was refused. Problem `conflict` without a profile.
 */
export async function suggestBuddies(ports: SocialPorts): Promise<Suggestion[]> {
  const { actor, records } = ports;
  const own = await readBuddyProfile(ports);
  if (own === undefined) throw problem("conflict", "Only who wants to be found finds: say first what you look for.");
  const around = own.cell === null ? undefined : cellsAround(own.cell);
  const [near, lately] = await Promise.all([
    around === undefined
      ? undefined
      : records
          .prepare(NEAR_QUERY)
          .bind(...around.lat, ...around.lon, COMPARED)
          .all<Row>(),
    records.prepare(LATELY_QUERY).bind(COMPARED).all<Row>(),
  ]);
  const hidden = new Set<string>([actor.person, ...(await hiddenFrom(ports, actor.person)), ...(await spokenTo(ports))]);
  const rows = new Map([...(near?.results ?? []), ...lately.results].map((row) => [row.person_id, row]));
  const found = [...rows.values()]
    .filter(({ person_id }) => !hidden.has(person_id))
    .flatMap((row) => {
      const match = matchOf(own, profileOf(row));
      return match === undefined || match.score < LEAST_SCORE ? [] : [{ id: row.person_id, match }];
    })
    .toSorted((a, b) => b.match.score - a.match.score || (a.id < b.id ? -1 : 1))
    .slice(0, SHOWN);
  const shown = await shownOf(
    ports,
    found.map(({ id }) => id),
  );
  return await Promise.all(
    found.map(async ({ id, match }) => ({ person: cardOf(id, shown.get(id), await relationTo(ports, actor.person, id)), ...match })),
  );
}

/** Below this two people have nothing to speak of in common. */
const LEAST_SCORE = 15;

/** With whom the matter is settled or under way. */
export const SPOKEN_QUERY = `select other_id as id from ties where person_id = ?1 and (buddy_at is not null or buddy_refused_at > 0)
  union select person_id from ties where other_id = ?1 and (buddy_at is not null or buddy_refused_at > 0)`;

async function spokenTo({ records, actor }: SocialPorts): Promise<string[]> {
  const { results } = await records.prepare(SPOKEN_QUERY).bind(actor.person).all<{ id: string }>();
  return results.map(({ id }) => id);
}

/**
 * Asks somebody to train together, who wants to be found or is a friend; who has asked the actor becomes a buddy. Problems `invalid` for oneself,
 * `conflict`, and `not_found` for everybody who neither is a friend nor wants to be found.
 */
export async function askToTrain(ports: SocialPorts, other: PersonId): Promise<Buddy> {
  requireOther(ports, other);
  const buddies = await listBuddies(ports);
  // Strangers who ask fill nobody's list.
  if (buddies.filter(({ state }) => state !== "waiting_for_you").length >= MOST_BUDDIES)
    throw problem("conflict", `Nobody has more than ${MOST_BUDDIES} buddies and open requests.`);
  if (!(await mayAsk(ports, other))) throw notFound("person");
  const { before, after } = await takeStep(ports, other, ({ own }) => {
    if (own.blockedAt !== null) throw problem("conflict", "You block this person: lift the block first.");
    return askBuddy;
  });
  const isBuddy = areBuddies(after.own, after.theirs);
  if (after.rev !== before.rev && !isBlocked(after.own, after.theirs)) {
    await ports.tell(
      other,
      isBuddy ? "buddy_accepted" : "buddy_request",
      `buddy ${ports.actor.person} ${Math.floor(ports.now() / DAY_MS)}`,
      {
        person: ports.actor.person,
      },
      { names: true },
    );
  }
  return await viewOf(ports, other, isBuddy ? "buddies" : "waiting_for_them", after.own.buddyAt ?? ports.now());
}

async function mayAsk(ports: SocialPorts, other: PersonId): Promise<boolean> {
  const { own, theirs } = await exactPair(ports, ports.actor.person, other);
  // Who has blocked the actor looks like somebody who does not want to be found.
  if (theirs.blockedAt !== null) return false;
  if (areBuddies(own, theirs) || hasAskedToTrain(theirs, own, ports.now())) return true;
  if (await areFriends(ports, ports.actor.person, other)) return true;
  const found = await ports.recordsOf(regionOf(other)).prepare("select 1 from buddy_profiles where person_id = ?").bind(other).first();
  return found !== null && (await readBuddyProfile(ports)) !== undefined;
}

/** Ends training together, takes the own request back, or says no: at any time, by either, without a word. Ended already is fine. */
export async function endTraining(ports: SocialPorts, id: string): Promise<void> {
  await takeStep(ports, personIn(id), ({ own, theirs }) => (own.buddyAt === null && theirs.buddyAt === null ? (tie) => tie : endBuddy));
}

/** Cheers a buddy on: at most once a day. Problem `not_found` for who is none; a second time on a day says nothing. */
export async function nudge(ports: SocialPorts, id: string): Promise<void> {
  requireSession(await sessionGuard(ports.records, ports.actor, ports.now()).all());
  const other = personIn(id);
  const { own, theirs } = await exactPair(ports, ports.actor.person, other);
  if (!areBuddies(own, theirs)) throw notFound("buddy");
  await ports.tell(
    other,
    "nudge",
    `nudge ${ports.actor.person} ${Math.floor(ports.now() / DAY_MS)}`,
    { person: ports.actor.person },
    { names: true },
  );
}

/** With whom the actor trains, and who waits for an answer. */
export async function listBuddies(ports: SocialPorts): Promise<Buddy[]> {
  const { actor, records } = ports;
  const [guard, rows] = await records.batch<{ id: string; since_at: number; state: Buddy["state"] }>([
    sessionGuard(records, actor, ports.now()),
    records.prepare(BUDDIES_QUERY).bind(actor.person, ports.now() - REQUEST_LASTS_MS),
  ]);
  requireSession(guard);
  const found = rows?.results ?? [];
  const shown = await shownOf(ports, peopleIn(found));
  // Buddies, and who asks to be one, introduce themselves by name.
  return found.flatMap(({ id, since_at, state }) => {
    const person = shown.get(id);
    if (person === undefined) return [];
    const card = state === "waiting_for_them" ? cardOf(id, person, "stranger") : { id, name: person.name, handle: person.handle };
    return [{ person: card, state, since: since_at }];
  });
}

async function viewOf(ports: SocialPorts, other: PersonId, state: Buddy["state"], since: number): Promise<Buddy> {
  const shown = await shownOf(ports, [other]);
  const person = shown.get(other);
  const card =
    state === "buddies" && person !== undefined
      ? { id: other, name: person.name, handle: person.handle }
      : cardOf(other, person, "stranger");
  return { person: card, state, since };
}

function profileOf(row: Row): StoredBuddyProfile {
  const { cell_lat: lat, cell_lon: lon } = row;
  return {
    ...profileSchema.parse({
      purpose: row.purpose,
      activities: JSON.parse(row.activities) as unknown,
      goals: JSON.parse(row.goals) as unknown,
      languages: JSON.parse(row.languages) as unknown,
      level: row.level,
    }),
    times: row.times,
    cell: lat === null || lon === null ? null : { lat, lon },
    version: row.version,
  };
}
