import type { Clock } from "../../shared/clock";
import { type ChallengeId, parseId, type PersonId, regionOf } from "../../shared/id";
import { isProblem } from "../../shared/problem";
import { REGIONS, type Region } from "../../shared/region";
import { type WorkPorts, workPorts } from "./ports";

/** What of a challenge's room somebody is told of at once; the clock does the rest. */
const AT_ONCE = 50;
const MOST_TURNS = 20;
const MOST_CHALLENGES = 100;

interface Untold {
  readonly person_id: string;
  readonly state: string;
  readonly alias: string | null;
  readonly name: string | null;
  readonly in_room: number;
}

export const UNTOLD_PEOPLE_QUERY = `select person_id, state, alias, name, in_room from challenge_people indexed by challenge_people_room_untold
  where challenge_id = ?1 and room_untold = 1 order by person_id limit ?2`;
export const UNTOLD_ROOMS_QUERY = `select id from fitness_challenges indexed by fitness_challenges_unopened where has_room = 1
  union select challenge_id from challenge_people indexed by challenge_people_room_untold where room_untold = 1 limit ?1`;

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

/** The same of one challenge, at once. What cannot be told now is told by the clock. */
export async function tryRoom(ports: WorkPorts, id: ChallengeId): Promise<void> {
  await tellRoom(ports, id).catch(() => undefined);
}

/** Brings a challenge's room to what the records say. Each step can be repeated. */
async function tellRoom(ports: WorkPorts, id: ChallengeId): Promise<void> {
  const { room } = ports;
  const records = ports.recordsOf(regionOf(id));
  type Row = { title: string; has_room: number; person_id: string | null; called: string | null };
  const challenge = await records
    .prepare(
      "select title, has_room, o.person_id, o.called from fitness_challenges left join challenge_owners o on o.challenge_id = id where id = ?",
    )
    .bind(id)
    .first<Row>();
  if (challenge === null || challenge.has_room === 0) return;
  const owner = parseId("person", challenge.person_id ?? "");
  if (challenge.has_room === 1) {
    await room.open(
      id,
      challenge.title,
      owner === undefined ? [] : [{ person: owner, role: "owner", alias: challenge.called ?? "", handle: "owner" }],
    );
    await records.prepare("update fitness_challenges set has_room = 2 where id = ? and has_room = 1").bind(id).run();
  }
  for (let turn = 0; turn < MOST_TURNS; turn++) {
    const { results } = await records.prepare(UNTOLD_PEOPLE_QUERY).bind(id, AT_ONCE).all<Untold>();
    for (const one of results) await tellOf(ports, id, { title: challenge.title, owner }, one);
    if (results.length < AT_ONCE) return;
  }
}

async function tellOf(
  ports: WorkPorts,
  id: ChallengeId,
  { title, owner }: { readonly title: string; readonly owner: PersonId | undefined },
  one: Untold,
): Promise<void> {
  const { person_id, state, alias, name, in_room } = one;
  const person = parseId("person", person_id);
  // The owner is there as the owner, whether or not they take part, and nothing says under which alias.
  if (person !== undefined && person !== owner) {
    const isIn = state === "active" && in_room === 1 && alias !== null;
    const comes = isIn && (owner === undefined || !(await ports.room.areBlocked(owner, person)));
    if (comes) await ports.room.open(id, title, [{ person, alias: name ?? alias, handle: alias }]).catch(isFull);
    else await ports.room.withdraw(id, person);
  }
  await ports
    .recordsOf(regionOf(id))
    .prepare(
      `update challenge_people set room_untold = 0 where challenge_id = ?1 and person_id = ?2
         and state = ?3 and alias is ?4 and name is ?5 and in_room = ?6`,
    )
    .bind(id, person_id, state, alias, name, in_room)
    .run();
}

export const BETWEEN_QUERY = `select p.challenge_id from challenge_owners o join challenge_people p on p.challenge_id = o.challenge_id
  where o.person_id = ?1 and p.person_id = ?2 and p.in_room = 1 and p.state = 'active'`;

/** One of two people has blocked the other, or does not any more: who takes part in a challenge of the other is out of its room, or in again. */
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
            `update challenge_people set room_untold = 1 where person_id = ?2 and challenge_id in (${BETWEEN_QUERY}) returning challenge_id`,
          )
          .bind(owner, other)
          .all<{ challenge_id: string }>();
        for (const { challenge_id } of results) {
          const id = parseId("challenge", challenge_id);
          if (id !== undefined) await tryRoom(ports, id);
        }
      }
    }),
  );
}

/** A room takes no more than it holds: whoever comes too late may try again. */
function isFull(error: unknown): void {
  if (!isProblem(error) || error.code !== "conflict") throw error;
}
