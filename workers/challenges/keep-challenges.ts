import type { Prize } from "../../durable-objects/board/terms";
import { MINUTE_MS } from "../../shared/clock";
import { boardIdOf, leastOfWinner, roundNumber } from "../../shared/challenges/board";
import { type Period, periodAfter, periodFrom } from "../../shared/challenges/periods";
import { localDay, offsetAt } from "../../shared/health/zone";
import { hasReached } from "../../shared/challenges/score";
import { type ChallengeId, parseId, type PersonId, regionOf } from "../../shared/id";
import { type Entry, isNothing, type Placed } from "../../shared/ranking/terms";
import { REGIONS, type Region } from "../../shared/region";
import type { WorkPorts } from "./ports";
import { challengeRow, type ChallengeRow, COLUMNS } from "./records";
import { totalsOf } from "./standings";
import { keepRanks } from "./keep-ranks";
import { keepRooms } from "./tell-room";
import { anonymousOf } from "./veil";
import { iso } from "./view";

/** Vaults end their own counting at the close; a round is closed when they have had time to. */
const SETTLE_MS = 2 * MINUTE_MS;
/** Challenges of a region that one tick looks at; the others come with the next. */
const MOST_AT_ONCE = 50;
/** Vaults that are asked to count once more before a round is closed; where there are more, their own timers have to do. */
const MOST_ASKED = 500;
const ASKED_AT_ONCE = 20;
/** Results are written down page by page, so many a tick. */
const PAGE = 500;
const MOST_PAGES = 40;
/** People who are told that a challenge was cancelled, a tick. */
const TOLD_AT_ONCE = 200;

export const DUE_QUERY = `select ${COLUMNS} from fitness_challenges indexed by fitness_challenges_due where due_at <= ?1 order by due_at limit ?2`;

/** Opens and closes rounds of all regions, ends challenges, and tells of decisions; returns how many were looked at. */
export async function keepChallenges(ports: WorkPorts): Promise<number> {
  let count = 0;
  let failed: unknown;
  await Promise.all(
    REGIONS.map(async (region) => {
      for (const part of [keepRegion, tellDecisions, keepRooms, keepRanks]) {
        try {
          count += await part(ports, region);
        } catch (error) {
          // What fails keeps nothing else waiting, here or in another region.
          failed = error;
        }
      }
    }),
  );
  if (failed !== undefined) throw failed;
  return count;
}

async function keepRegion(ports: WorkPorts, region: Region): Promise<number> {
  const { results } = await ports.recordsOf(region).prepare(DUE_QUERY).bind(ports.now(), MOST_AT_ONCE).all();
  let failed: unknown;
  for (const found of results) {
    try {
      await keep(ports, challengeRow(found));
    } catch (error) {
      // One that fails does not stop the others.
      failed = error;
    }
  }
  if (failed !== undefined) throw failed;
  return results.length;
}

/** Does what is due of one challenge. Each step can be repeated. */
async function keep(ports: WorkPorts, row: ChallengeRow): Promise<void> {
  const id = parseId("challenge", row.id);
  if (id === undefined) return;
  if (row.state === "cancelled") await say(ports, id, row, "challenge_cancelled", {});
  const next = row.state === "cancelled" ? await dismissAll(ports, id) : await keepOpen(ports, id, row);
  if (next === null && row.state === "open") await say(ports, id, row, "challenge_ended", {});
  const records = ports.recordsOf(regionOf(id));
  await records
    .prepare(
      "update fitness_challenges set due_at = ?2, state = case when ?2 is null and state = 'open' then 'ended' else state end where id = ?1 and version = ?3",
    )
    .bind(id, next, row.version)
    .run();
}

/** Has the challenge's room say something, should it have one. Before the place is kept: said twice, it is there once. */
async function say(ports: WorkPorts, id: ChallengeId, { has_room }: ChallengeRow, ...[code, about]: Said): Promise<void> {
  if (has_room > 0) await ports.room.say(id, code, about);
}

type Said = [code: Parameters<WorkPorts["room"]["say"]>[1], about: Readonly<Record<string, string | number>>];

/** Rounds that have begun are written down, those that are over are closed; when the next thing is due, or null after the last. */
async function keepOpen(ports: WorkPorts, id: ChallengeId, row: ChallengeRow): Promise<number | null> {
  const records = ports.recordsOf(regionOf(id));
  const { schedule } = row.terms;
  const now = ports.now();
  type Round = { opens_at: number; ends_at: number; closes_at: number; state: "open" | "closing" | "closed"; told_to: string | null };
  const { results: known } = await records
    .prepare("select opens_at, ends_at, closes_at, state, told_to from challenge_periods where challenge_id = ? order by opens_at")
    .bind(id)
    .all<Round>();
  const opened: Period[] = [];
  const last = known.at(-1);
  let next = last === undefined ? periodFrom(schedule, schedule.startsAt) : periodFrom(schedule, last.ends_at);
  for (; next !== undefined && next.opensAt <= now; next = periodAfter(schedule, next)) opened.push(next);
  for (const { opensAt, endsAt, closesAt } of opened) {
    await say(ports, id, row, "round_started", { round: iso(opensAt) });
    await records
      .prepare(
        "insert into challenge_periods (challenge_id, opens_at, ends_at, closes_at, state, told_to) values (?, ?, ?, ?, 'open', '') on conflict do nothing",
      )
      .bind(id, opensAt, endsAt, closesAt)
      .run();
  }
  const open = [
    ...known.filter(({ state }) => state !== "closed"),
    ...opened.map((one): Round => ({ opens_at: one.opensAt, ends_at: one.endsAt, closes_at: one.closesAt, state: "open", told_to: "" })),
  ];
  let waits = next?.opensAt ?? Number.POSITIVE_INFINITY;
  for (const round of open) {
    if (round.told_to !== null && !(await tellStarted(ports, id, row, round, round.told_to))) waits = now;
    if (round.closes_at + SETTLE_MS > now) waits = Math.min(waits, round.closes_at + SETTLE_MS);
    else if (!(await closeRound(ports, id, row, round.opens_at, round.state))) waits = now;
  }
  return Number.isFinite(waits) ? waits : null;
}

export const STARTED_QUERY =
  "select person_id from challenge_people where challenge_id = ?1 and state = 'active' and person_id > ?2 order by person_id limit ?3";

/**
 * Tells those who take part that a round has begun: of one challenge once a day, however often it is reset. False where some are left for the
 * next tick. Of a round that is over nobody is told that it begins.
 */
async function tellStarted(
  ports: WorkPorts,
  id: ChallengeId,
  row: ChallengeRow,
  { opens_at, ends_at }: { readonly opens_at: number; readonly ends_at: number },
  toldTo: string,
): Promise<boolean> {
  const records = ports.recordsOf(regionOf(id));
  const note = async (to: string | null) =>
    await records
      .prepare("update challenge_periods set told_to = ?3 where challenge_id = ?1 and opens_at = ?2")
      .bind(id, opens_at, to)
      .run();
  const day = localDay(opens_at, offsetAt(row.terms.schedule.zone, opens_at));
  let after = toldTo;
  for (let page = 0; ports.now() < ends_at; page++) {
    if (page === MOST_PAGES) return false;
    const { results } = await records.prepare(STARTED_QUERY).bind(id, after, PAGE).all<{ person_id: string }>();
    const people = results.flatMap(({ person_id }) => parseId("person", person_id) ?? []);
    await tellAll(people, async (person) => await ports.tell(person, "challenge_started", `${id} ${day}`, id, row.title));
    if (results.length < PAGE) break;
    after = results.at(-1)?.person_id ?? after;
    await note(after);
  }
  await note(null);
  return true;
}

async function tellAll(people: readonly PersonId[], tell: (person: PersonId) => Promise<void>): Promise<void> {
  for (let at = 0; at < people.length; at += ASKED_AT_ONCE) await Promise.all(people.slice(at, at + ASKED_AT_ONCE).map(tell));
}

/**
 * Ends a round, exactly once however often it is cut off: the board closes and gives prizes once, results are written where they are not yet,
 * and people are told under one key. False where results are left for the next tick.
 */
async function closeRound(
  ports: WorkPorts,
  id: ChallengeId,
  row: ChallengeRow,
  opensAt: number,
  state: "open" | "closing" | "closed",
): Promise<boolean> {
  const records = ports.recordsOf(regionOf(id));
  const board = ports.boardOf(boardIdOf(id));
  const number = roundNumber(opensAt);
  if (state === "open") {
    await countAll(ports, id);
    await records
      .prepare("update challenge_periods set state = 'closing' where challenge_id = ? and opens_at = ? and state = 'open'")
      .bind(id, opensAt)
      .run();
  }
  const status = await board.close(number, prizesOf(row));
  const stored = await records
    .prepare("select cursor from challenge_periods where challenge_id = ? and opens_at = ?")
    .bind(id, opensAt)
    .first<{ cursor: string | null }>();
  let key = stored?.cursor === null || stored === null ? null : (JSON.parse(stored.cursor) as Entry);
  for (let page = 0; ; page++) {
    if (page === MOST_PAGES) return false;
    const { items, hasAfter } = await board.page({ key, limit: PAGE, period: number });
    key = items.at(-1) ?? key;
    // Before the place is kept: whoever is told twice hears it once, by its key.
    await tellResults(ports, id, row, opensAt, items);
    await records.batch([
      records.prepare(WRITE_RESULTS).bind(id, opensAt, JSON.stringify(items.map((item) => resultOf(row, item)))),
      records
        .prepare("update challenge_periods set cursor = ?3 where challenge_id = ?1 and opens_at = ?2")
        .bind(id, opensAt, JSON.stringify(key)),
    ]);
    if (!hasAfter) break;
  }
  if (!(await payRewards(ports, id))) return false;
  const teams = row.terms.kind === "individual" ? [] : await totalsOf(ports, id, row, opensAt);
  await say(ports, id, row, "round_closed", { round: iso(opensAt), entries: status.entries ?? 0 });
  const totals = teams.map(({ id: team, rank, score, anonymous }) => [
    "team",
    team === "" ? "everybody" : team,
    rank,
    score,
    reached(row, score),
    anonymous,
  ]);
  const anonymous = await anonymousOf(ports, id);
  await records.batch([
    records.prepare(WRITE_RESULTS).bind(id, opensAt, JSON.stringify(totals)),
    records
      .prepare(
        "update challenge_periods set state = 'closed', entries = ?3, closed_at = ?4, cursor = null, anonymous = ?5 where challenge_id = ?1 and opens_at = ?2 and state <> 'closed'",
      )
      .bind(id, opensAt, status.entries ?? 0, ports.now(), anonymous),
  ]);
  return true;
}

const WRITE_RESULTS = `insert into challenge_results (challenge_id, opens_at, kind, alias, person_id, rank, score, reached, anonymous)
  select ?1, ?2, j.value->>0, j.value->>1, p.person_id, j.value->>2, j.value->>3, j.value->>4, j.value->>5
  from json_each(?3) j left join challenge_people p on p.challenge_id = ?1 and p.alias = j.value->>1 and j.value->>0 = 'person' where true
  on conflict do nothing`;

function resultOf(row: ChallengeRow, { alias, rank, score }: Placed): readonly unknown[] {
  return ["person", alias, rank, score, isNothing(score) ? null : reached(row, score)];
}

function reached({ terms }: ChallengeRow, score: number): number | null {
  const found = hasReached(score, terms.goal, terms.order === "ascending");
  return found === null ? null : found ? 1 : 0;
}

/** Rewards as the board gives them: to the first ranks, and to whoever reaches the goal. */
function prizesOf({ rewards, terms, places }: ChallengeRow): Prize[] {
  const target = terms.goal.kind === "custom" ? 100 : terms.goal.target;
  return rewards.map(({ reward, ranks, whoReach }) => ({
    reward,
    from: 1,
    to: ranks ?? places,
    // With few people the last places are those of whom nothing counts: they win nothing.
    reaches: whoReach === true && target !== null ? target : leastOfWinner(terms),
  }));
}

/**
 * Has what the board gave paid, each once for its key; whoever is not there any more gets nothing. False where some is left for the next
 * tick. A payment that fails holds up no other, and is tried again then.
 */
async function payRewards(ports: WorkPorts, id: ChallengeId): Promise<boolean> {
  const board = ports.boardOf(boardIdOf(id));
  const given = await board.unsettled(PAGE);
  let failed: unknown;
  for (const one of given) {
    try {
      const row = await ports
        .recordsOf(regionOf(id))
        .prepare("select person_id from challenge_people where challenge_id = ? and alias = ? and state = 'active'")
        .bind(id, one.alias)
        .first<{ person_id: string }>();
      const person = parseId("person", row?.person_id ?? "");
      if (person !== undefined) await ports.pay(person, `${id} ${one.period} ${one.rank} ${one.reward}`, id, one.reward);
      await board.settle([one]);
    } catch (error) {
      failed = error;
    }
  }
  if (failed !== undefined) throw failed;
  return given.length < PAGE;
}

/** Has the vaults of a small challenge count what has come before the close. One that does not answer keeps nobody waiting: its timer counts. */
async function countAll(ports: WorkPorts, id: ChallengeId): Promise<void> {
  const people = await activeOf(ports, id, MOST_ASKED);
  for (let at = 0; at < people.length; at += ASKED_AT_ONCE) {
    await Promise.allSettled(people.slice(at, at + ASKED_AT_ONCE).map(async (person) => await ports.vaultOf(person).countChallenge(id)));
  }
}

export const ACTIVE_QUERY =
  "select person_id from challenge_people where challenge_id = ? and state in ('joining', 'active') order by person_id limit ?";

async function activeOf({ recordsOf }: WorkPorts, id: ChallengeId, limit: number): Promise<PersonId[]> {
  const { results } = await recordsOf(regionOf(id)).prepare(ACTIVE_QUERY).bind(id, limit).all<{ person_id: string }>();
  return results.flatMap(({ person_id }) => parseId("person", person_id) ?? []);
}

/** Ends everybody's part in a challenge that was cancelled; null when nobody is left. */
async function dismissAll(ports: WorkPorts, id: ChallengeId): Promise<number | null> {
  const records = ports.recordsOf(regionOf(id));
  const people = await activeOf(ports, id, TOLD_AT_ONCE);
  for (let at = 0; at < people.length; at += ASKED_AT_ONCE) {
    await Promise.all(people.slice(at, at + ASKED_AT_ONCE).map(async (person) => await ports.vaultOf(person).dismissFromChallenge(id)));
  }
  await records
    .prepare(
      `update challenge_people set state = 'left', name = null, ranking = 'anonymous', team_id = null, in_room = 0, tells_rank = 0, changed_at = ?3
       where challenge_id = ?1 and person_id in (select value from json_each(?2))`,
    )
    .bind(id, JSON.stringify(people), ports.now())
    .run();
  return people.length < TOLD_AT_ONCE ? null : ports.now();
}

async function tellResults(ports: WorkPorts, id: ChallengeId, row: ChallengeRow, opensAt: number, items: readonly Placed[]): Promise<void> {
  const { results } = await ports
    .recordsOf(regionOf(id))
    .prepare(
      "select person_id from challenge_people where challenge_id = ?1 and alias in (select value from json_each(?2)) and state = 'active'",
    )
    .bind(id, JSON.stringify(items.map(({ alias }) => alias)))
    .all<{ person_id: string }>();
  const people = results.flatMap(({ person_id }) => parseId("person", person_id) ?? []);
  await tellAll(people, async (person) => await ports.tell(person, "challenge_ended", `${id} ${opensAt}`, id, row.title));
}

export const UNTOLD_QUERY =
  "select id, challenge_id, person_id, opens_at, effort, state from challenge_appeals indexed by challenge_appeals_untold where untold = 1 order by id limit 100";

/** Tells vaults of decisions that they have not heard of. */
async function tellDecisions(ports: WorkPorts, region: Region): Promise<number> {
  type Row = { id: string; challenge_id: string; person_id: string; opens_at: number; effort: string; state: string };
  const records = ports.recordsOf(region);
  const { results } = await records.prepare(UNTOLD_QUERY).all<Row>();
  let failed: unknown;
  for (const one of results) {
    try {
      await tellDecision(ports, records, one);
    } catch (error) {
      // A vault that does not answer keeps nobody else waiting.
      failed = error;
    }
  }
  if (failed !== undefined) throw failed;
  return results.length;
}

/** Has a vault count, or not, what was decided about. Repeated until it has heard. */
export async function tellDecision(
  ports: WorkPorts,
  records: D1Database,
  one: { id: string; challenge_id: string; person_id: string; opens_at: number; effort: string; state: string },
): Promise<void> {
  const person = parseId("person", one.person_id);
  if (person !== undefined) await ports.vaultOf(person).judgeEffort(one.challenge_id, one.opens_at, one.effort, one.state === "upheld");
  await records.prepare("update challenge_appeals set untold = 0 where id = ?").bind(one.id).run();
}
