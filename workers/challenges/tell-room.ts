import type { Clock } from "../../shared/clock";
import { type ChallengeId, parseId, type PersonId, regionOf } from "../../shared/id";
import { isProblem } from "../../shared/problem";
import { REGIONS, type Region } from "../../shared/region";
import { hiddenFrom } from "../social";
import { type ChallengePorts, type Title, type WorkPorts, workPorts } from "./ports";

/** What of a challenge's room one tick, or its owner's request, tells of; the next tick goes on. */
const AT_ONCE = 50;
/** Whoever changed while the room was being told of them is told of anew, so often at once. */
const MOST_TURNS = 3;
const MOST_CHALLENGES = 100;

interface Untold {
  readonly person_id: string;
  readonly state: string;
  readonly alias: string | null;
  readonly name: string | null;
  readonly ranking: string;
  readonly in_room: number;
  /** Which change the room has not been told of. */
  readonly room_untold: number;
}

const UNTOLD_COLUMNS = "person_id, state, alias, name, ranking, in_room, room_untold";

/** In the order of the aliases: that of the people's ids, which the owner knows, would tell from the members' numbers who is who. */
export const UNTOLD_PEOPLE_QUERY = `select ${UNTOLD_COLUMNS} from challenge_people indexed by challenge_people_room_untold
  where challenge_id = ?1 and room_untold > 0 order by alias limit ?2`;
export const UNTOLD_OF_QUERY = `select ${UNTOLD_COLUMNS} from challenge_people
  where challenge_id = ?1 and person_id in (select value from json_each(?2)) and +room_untold > 0 order by alias`;
export const UNTOLD_ROOMS_QUERY = `select id from fitness_challenges indexed by fitness_challenges_unopened where has_room = 1
  union select p.challenge_id from challenge_people p indexed by challenge_people_room_untold
    cross join fitness_challenges c on c.id = p.challenge_id where p.room_untold > 0 and c.has_room > 0 limit ?1`;
/**
 * What the room was told of is done where nothing has changed since; the others are told of again, who may have been put back as they were.
 * `?2`: person and number of each; `?3`: whether the room was told.
 */
export const TOLD_QUERY = `update challenge_people
  set room_untold = case when room_untold = json_extract(j.value, '$[1]') and ?3 = 1 then -room_untold else abs(room_untold) + 1 end
  from json_each(?2) j where challenge_id = ?1 and person_id = json_extract(j.value, '$[0]') returning person_id, room_untold`;

/** Opens the rooms that are wanted and tells them who comes and goes, where that was cut off; returns how many challenges were looked at. */
export async function keepRooms(ports: WorkPorts, region: Region): Promise<number> {
  const { results } = await ports.recordsOf(region).prepare(UNTOLD_ROOMS_QUERY).bind(MOST_CHALLENGES).all<{ id: string }>();
  let failed: unknown;
  for (const { id: text } of results) {
    const id = parseId("challenge", text);
    if (id === undefined) continue;
    try {
      await tellRoom(ports, id);
    } catch (error) {
      // A room that does not answer keeps no other waiting.
      failed = error;
    }
  }
  if (failed !== undefined) throw failed;
  return results.length;
}

/** The same of one challenge, at once: of the actor alone, unless they are its owner. What cannot be told now is told by the clock. */
export async function tryRoom(ports: ChallengePorts, id: ChallengeId): Promise<void> {
  await tellRoom(ports, id, ports.actor.person).catch(() => undefined);
}

interface Told {
  readonly id: ChallengeId;
  readonly title: Title;
  readonly owner: PersonId | undefined;
}

/** Brings a challenge's room to what the records say of a page of people, or of one. Each step can be repeated. */
async function tellRoom(ports: WorkPorts, id: ChallengeId, only?: PersonId): Promise<void> {
  const { room } = ports;
  const records = ports.recordsOf(regionOf(id));
  type Row = Title & { has_room: number; person_id: string | null; called: string | null };
  const challenge = await records
    .prepare(
      "select title, version, has_room, o.person_id, o.called from fitness_challenges left join challenge_owners o on o.challenge_id = id where id = ?",
    )
    .bind(id)
    .first<Row>();
  if (challenge === null || challenge.has_room === 0) return;
  const owner = parseId("person", challenge.person_id ?? "");
  const title: Title = { title: challenge.title, version: challenge.version };
  if (challenge.has_room === 1) {
    await room.open(
      id,
      title,
      owner === undefined ? [] : [{ person: owner, role: "owner", alias: challenge.called ?? "", handle: "owner" }],
    );
    // Changed meanwhile, it is told again.
    await records
      .prepare("update fitness_challenges set has_room = 2 where id = ? and has_room = 1 and version = ?")
      .bind(id, title.version)
      .run();
  }
  const untoldOf = async (people: readonly string[]) =>
    (await records.prepare(UNTOLD_OF_QUERY).bind(id, JSON.stringify(people)).all<Untold>()).results;
  const isPage = only === undefined || only === owner || challenge.has_room === 1;
  let untold = isPage ? (await records.prepare(UNTOLD_PEOPLE_QUERY).bind(id, AT_ONCE).all<Untold>()).results : await untoldOf([only]);
  for (let turn = 0; untold.length > 0 && turn < MOST_TURNS; turn++) {
    const again = await tellOf(ports, { id, title, owner }, untold);
    untold = again.length === 0 ? [] : await untoldOf(again);
  }
}

/** Tells the room of people; returns those who changed meanwhile. */
async function tellOf(ports: WorkPorts, told: Told, untold: readonly Untold[]): Promise<string[]> {
  const { id } = told;
  let isTold = false;
  let again: string[] = [];
  try {
    isTold = await bring(ports, told, untold);
  } finally {
    // Cut off or not: what the room was told may have been true no longer.
    const { results } = await ports
      .recordsOf(regionOf(id))
      .prepare(TOLD_QUERY)
      .bind(id, JSON.stringify(untold.map(({ person_id, room_untold }) => [person_id, room_untold])), Number(isTold))
      .all<{ person_id: string; room_untold: number }>();
    again = results.filter(({ room_untold }) => room_untold > 0).map(({ person_id }) => person_id);
  }
  return isTold ? again : [];
}

/** Takes people out of the room and into it; false where somebody is to come in later. */
async function bring(ports: WorkPorts, { id, title, owner }: Told, untold: readonly Untold[]): Promise<boolean> {
  const { room } = ports;
  const isIn = ({ state, in_room, alias }: Untold) => state === "active" && in_room === 1 && alias !== null;
  // Whoever has no name stays, blocked or not: an alias that went with a block would say whose it is.
  const hidden =
    owner !== undefined && untold.some((one) => isIn(one) && one.ranking === "public") ? await blockedBy(ports, owner) : undefined;
  const coming: { person: PersonId; alias: string; handle: string }[] = [];
  for (const one of untold) {
    const person = parseId("person", one.person_id);
    // The owner is there as the owner, whether or not they take part, and nothing says under which alias.
    if (person === undefined || person === owner) continue;
    const isHidden = one.ranking === "public" && hidden?.has(person) === true;
    if (one.alias !== null && isIn(one) && !isHidden) coming.push({ person, alias: one.name ?? one.alias, handle: one.alias });
    else await room.withdraw(id, person);
  }
  if (coming.length === 0) return true;
  try {
    try {
      await room.open(id, title, coming);
    } catch (error) {
      if (!isFull(error)) throw error;
      // A room takes no more than it holds: whoever comes too late may try again.
      for (const one of coming)
        await room.open(id, title, [one]).catch((still: unknown) => {
          if (!isFull(still)) throw still;
        });
    }
  } catch (error) {
    if (isProblem(error) && error.code === "unavailable") return false;
    throw error;
  }
  return true;
}

/** Whom somebody has blocked and who has blocked them, read where each of them wrote it. */
async function blockedBy({ now, recordsOf }: WorkPorts, owner: PersonId): Promise<Set<PersonId>> {
  const lists = await Promise.all(REGIONS.map(async (region) => await hiddenFrom({ now, recordsOf: () => recordsOf(region) }, owner)));
  return new Set(lists.flat());
}

export const BETWEEN_QUERY = `select p.challenge_id from challenge_owners o join challenge_people p on p.challenge_id = o.challenge_id
  join fitness_challenges c on c.id = o.challenge_id
  where o.person_id = ?1 and p.person_id = ?2 and p.in_room = 1 and p.state = 'active' and p.ranking = 'public' and c.has_room > 0`;

/**
 * One of two people has blocked the other, or does not any more: who takes part by name in a challenge of the other is out of its room, or in
 * again.
 */
export async function judgeRooms(env: Env, now: Clock, a: PersonId, b: PersonId): Promise<void> {
  const ports = workPorts(env, now);
  await Promise.all(
    REGIONS.map(async (region) => {
      const records = ports.recordsOf(region);
      for (const [owner, other] of [
        [a, b],
        [b, a],
      ] as const) {
        const { results } = await records
          .prepare(
            `update challenge_people set room_untold = abs(room_untold) + 1 where person_id = ?2 and challenge_id in (${BETWEEN_QUERY}) returning challenge_id`,
          )
          .bind(owner, other)
          .all<{ challenge_id: string }>();
        for (const { challenge_id } of results.slice(0, AT_ONCE)) {
          const id = parseId("challenge", challenge_id);
          if (id !== undefined) await tellRoom(ports, id, other).catch(() => undefined);
        }
      }
    }),
  );
}

function isFull(error: unknown): boolean {
  return isProblem(error) && error.code === "conflict";
}
