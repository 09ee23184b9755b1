import { boardIdOf, roundNumber } from "../../shared/challenges/board";
import { periodFrom } from "../../shared/challenges/periods";
import { rankNews } from "../../shared/challenges/rank-news";
import { HOUR_MS } from "../../shared/clock";
import { localDay, offsetAt } from "../../shared/health/zone";
import { type ChallengeId, parseId, regionOf } from "../../shared/id";
import type { Region } from "../../shared/region";
import type { WorkPorts } from "./ports";
import { isVeiled } from "./veil";
import { challengeRow, type ChallengeRow, COLUMNS } from "./records";

/** Challenges of a region whose ranks one tick looks at. */
const MOST_AT_ONCE = 100;
/** Those who want to hear of their rank, a page; so many pages a look. */
const PAGE = 500;
const MOST_PAGES = 20;

export const RANKS_DUE_QUERY = `select ${COLUMNS} from fitness_challenges indexed by fitness_challenges_ranks_due where ranks_due_at <= ?1 order by ranks_due_at limit ?2`;
export const WHO_HEARS_QUERY = `select person_id, alias, rank_seen, rank_round, rank_told_on from challenge_people indexed by challenge_people_tells_rank
  where challenge_id = ?1 and tells_rank = 1 and person_id > ?2 and state = 'active' order by person_id limit ?3`;

/** When a challenge is looked at next, unless somebody has asked for it since the look at `?3` began. */
const NEXT = "update fitness_challenges set ranks_due_at = ?2 where id = ?1 and ranks_due_at <= ?3";

/** Tells people of their ranks, where they want that and it is worth it, of one challenge once a day; returns how many challenges were looked at. */
export async function keepRanks(ports: WorkPorts, region: Region): Promise<number> {
  const now = ports.now();
  const records = ports.recordsOf(region);
  const { results } = await records.prepare(RANKS_DUE_QUERY).bind(now, MOST_AT_ONCE).all();
  let failed: unknown;
  for (const found of results) {
    const row = challengeRow(found);
    try {
      await look(ports, row, now);
    } catch (error) {
      // A board that does not answer keeps no other waiting, in this hour or the next.
      failed = error;
      await records
        .prepare(NEXT)
        .bind(row.id, now + HOUR_MS, now)
        .run();
    }
  }
  if (failed !== undefined) throw failed;
  return results.length;
}

async function look(ports: WorkPorts, row: ChallengeRow, now: number): Promise<void> {
  const id = parseId("challenge", row.id);
  if (id === undefined) return;
  const round = row.state === "open" ? periodFrom(row.terms.schedule, now) : undefined;
  // What everybody does together has no places; and few who are anonymous do not stand where others can tell.
  const isTold = row.terms.kind !== "cooperative" && !(await isVeiled(ports, id));
  const hears = round !== undefined && (!isTold || round.opensAt > now || (await lookAt(ports, id, row, round.opensAt)));
  // Nobody, or no round any more: whoever wants to hear of it later has it looked at again.
  const next = hears && round !== undefined ? Math.max(now, round.opensAt) + HOUR_MS : null;
  await ports.recordsOf(regionOf(id)).prepare(NEXT).bind(id, next, now).run();
}

interface Hearer {
  readonly person_id: string;
  readonly alias: string;
  readonly rank_seen: number | null;
  readonly rank_round: number | null;
  readonly rank_told_on: number | null;
}

/** Compares ranks with what people were told last. Returns whether anybody wants to hear of theirs. */
async function lookAt(ports: WorkPorts, id: ChallengeId, row: ChallengeRow, opensAt: number): Promise<boolean> {
  const records = ports.recordsOf(regionOf(id));
  const board = ports.boardOf(boardIdOf(id));
  const round = roundNumber(opensAt);
  const count = await board.count(round);
  const now = ports.now();
  const today = localDay(now, offsetAt(row.terms.schedule.zone, now));
  let after = "";
  for (let page = 0; page < MOST_PAGES; page++) {
    const { results } = await records.prepare(WHO_HEARS_QUERY).bind(id, after, PAGE).all<Hearer>();
    after = results.at(-1)?.person_id ?? after;
    const waiting = results.filter(({ rank_told_on }) => rank_told_on !== today);
    const placed =
      waiting.length === 0
        ? []
        : await board.subset(
            waiting.map(({ alias }) => alias),
            round,
          );
    const ranks = new Map(placed.map(({ alias, rank }) => [alias, rank]));
    const seen: [person: string, rank: number, toldOn: number | null][] = [];
    for (const { person_id, alias, rank_seen, rank_round, rank_told_on } of waiting) {
      const rank = ranks.get(alias);
      if (rank === undefined) continue;
      if (rank_seen === null || rank_round !== opensAt) {
        seen.push([person_id, rank, rank_told_on]);
        continue;
      }
      const person = parseId("person", person_id);
      if (person === undefined || rankNews(rank_seen, rank, count) === undefined) continue;
      // Before it is noted: told twice, it is there once.
      await ports.tell(person, "challenge_rank", `${id} ${today}`, id, row.title);
      seen.push([person_id, rank, today]);
    }
    await records
      .prepare(
        `update challenge_people set rank_seen = j.value->>1, rank_round = ?2, rank_told_on = j.value->>2 from json_each(?3) j
         where challenge_id = ?1 and person_id = j.value->>0`,
      )
      .bind(id, opensAt, JSON.stringify(seen))
      .run();
    if (results.length < PAGE) return page > 0 || results.length > 0;
  }
  return true;
}
