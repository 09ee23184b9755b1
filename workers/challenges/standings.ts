import type { BoardPage } from "../../durable-objects/board/terms";
import { boardIdOf, roundNumber } from "../../shared/challenges/board";
import { periodAt, type Period, periodFrom } from "../../shared/challenges/periods";
import { hasReached } from "../../shared/challenges/score";
import { openCursor, sealCursor } from "../../shared/http/cursor";
import { type ChallengeId, type PersonId, regionOf } from "../../shared/id";
import { notFound } from "../../shared/problem";
import { type Entry, isNothing, type Placed } from "../../shared/ranking/terms";
import { invalid } from "./manage-challenge";
import type { ChallengePorts, WorkPorts } from "./ports";
import { type ChallengeRow, findChallenge, type Found } from "./records";
import type { ResultsAnswer, RoundList, StandingsAnswer, StandingsQuery, TotalsAnswer } from "./schemas";
import { anonymousIn, anonymousOf, isFew, isVeiled, LEAST_ANONYMOUS } from "./veil";
import { iso, timesOf } from "./view";

/** Where a page of standings goes on. */
interface Place {
  readonly entry: Entry;
  readonly backwards: boolean;
}

/** Scores of one page of a subset at most. */
const AT_ONCE = 1_000;

/**
 * Who stands where in a round: everybody, those around the actor, or their friends or a group. Of friends and groups those alone who show
 * their name: an alias in a short list would tell whose it is. Problems `not_found`, `invalid`.
 */
export async function readStandings(ports: ChallengePorts, text: string, query: StandingsQuery): Promise<StandingsAnswer> {
  const found = await findChallenge(ports, text);
  const { id, row, part } = found;
  const period = await roundFor(ports, found, query.round);
  const board = ports.boardOf(boardIdOf(id));
  const round = roundNumber(period.opensAt);
  const veiled = await isVeiled(ports, id);
  const base = { challenge: id, round: timesOf(period), veiled };
  switch (query.view) {
    case "around": {
      const page = part?.state === "active" && part.alias !== null ? await board.around(part.alias, query.limit, round) : null;
      return {
        ...base,
        ...(await shown(ports, found, page?.items ?? [], veiled)),
        count: page?.count ?? (await board.count(round)),
        next: null,
        previous: null,
      };
    }
    case "friends":
    case "group": {
      const people = query.view === "friends" ? await ports.social.friendsOf(ports.actor.person) : await groupOf(ports, query.group);
      const aliases = await namedAliases(ports, id, [...people, ports.actor.person], ports.actor.person);
      const items = aliases.length === 0 ? [] : await board.subset(aliases.slice(0, AT_ONCE), round);
      return { ...base, ...(await shown(ports, found, items, veiled)), count: items.length, next: null, previous: null };
    }
    case "everyone": {
      const scope = `challenge standings ${id} ${round}`;
      const place = query.cursor === undefined ? undefined : await openCursor<Place>(ports.keys, ports.actor.person, scope, query.cursor);
      const page: BoardPage = await board.page({
        key: place?.entry ?? null,
        backwards: place?.backwards ?? false,
        limit: query.limit,
        period: round,
      });
      const at = async (entry: Placed | undefined, backwards: boolean, isThere: boolean) =>
        entry === undefined || !isThere
          ? null
          : await sealCursor(ports.keys, ports.actor.person, scope, { entry, backwards } satisfies Place);
      return {
        ...base,
        ...(await shown(ports, found, page.items, veiled)),
        count: page.count,
        next: await at(page.items.at(-1), false, page.hasAfter),
        previous: await at(page.items[0], true, page.hasBefore),
      };
    }
  }
  throw new TypeError(`no view ${row.id}`);
}

async function groupOf(ports: ChallengePorts, group: string | undefined): Promise<readonly PersonId[]> {
  if (group === undefined) throw invalid("/group", "required", "Name the group.");
  if (!(await ports.social.isInGroup(group, ports.actor.person))) throw notFound("group");
  return await ports.social.membersOf(group);
}

const NAMED = `select alias from challenge_people where challenge_id = ?1 and state = 'active' and alias is not null
  and person_id in (select value from json_each(?2)) and person_id not in (select value from json_each(?4)) and (ranking = 'public' or person_id = ?3)`;

async function namedAliases(
  { recordsOf, social }: ChallengePorts,
  id: ChallengeId,
  people: readonly PersonId[],
  actor: PersonId,
): Promise<string[]> {
  const hidden = JSON.stringify(await social.hiddenFrom(actor));
  const { results } = await recordsOf(regionOf(id)).prepare(NAMED).bind(id, JSON.stringify(people), actor, hidden).all<{ alias: string }>();
  return results.map(({ alias }) => alias);
}

export const NAMES_QUERY = `select alias, name from challenge_people where challenge_id = ?1 and alias in (select value from json_each(?2)) and ranking = 'public'
  and person_id not in (select value from json_each(?3))`;

/**
 * Entries with the names that people chose to show. Where those without a name are too few they are left out, but for one's own; the owner, who
 * may have to take somebody out, is told their aliases and no scores.
 */
async function shown(
  ports: ChallengePorts,
  { id, row, part, isOwner }: Found,
  items: readonly Placed[],
  veiled: boolean,
): Promise<Pick<StandingsAnswer, "items">> {
  const names = await namesOf(
    ports,
    id,
    items.map(({ alias }) => alias),
  );
  const isBehind = (alias: string) => veiled && !names.has(alias) && part?.alias !== alias;
  return {
    items: items
      .filter(({ alias }) => isOwner || !isBehind(alias))
      .map(({ alias, rank, score, at }) => {
        const isUnknown = isNothing(score) || isBehind(alias);
        return {
          rank,
          alias,
          name: names.get(alias) ?? null,
          score: isUnknown ? null : score,
          reachedAt: isBehind(alias) ? null : iso(at),
          hasReached: isUnknown ? null : hasReached(score, row.terms.goal, row.terms.order === "ascending"),
          isYou: part?.alias === alias,
        };
      }),
  };
}

async function namesOf(
  { recordsOf, social, actor }: ChallengePorts,
  id: ChallengeId,
  aliases: readonly string[],
): Promise<ReadonlyMap<string, string | null>> {
  if (aliases.length === 0) return new Map();
  const { results } = await recordsOf(regionOf(id))
    .prepare(NAMES_QUERY)
    .bind(id, JSON.stringify(aliases), JSON.stringify(await social.hiddenFrom(actor.person)))
    .all<{ alias: string; name: string | null }>();
  return new Map(results.map(({ alias, name }) => [alias, name]));
}

/** The round that opens at an instant; without one the present or last one. Problem `not_found` where none has begun. */
export async function roundFor(ports: WorkPorts, { id, row }: Pick<Found, "id" | "row">, text: string | undefined): Promise<Period> {
  const { schedule } = row.terms;
  const now = ports.now();
  if (text !== undefined) {
    const asked = periodAt(schedule, Date.parse(text));
    if (asked === undefined || asked.opensAt > now) throw notFound("round");
    return asked;
  }
  const next = periodFrom(schedule, now);
  if (next !== undefined && next.opensAt <= now) return next;
  const last = await ports
    .recordsOf(regionOf(id))
    .prepare("select opens_at from challenge_periods where challenge_id = ? order by opens_at desc limit 1")
    .bind(id)
    .first<{ opens_at: number }>();
  const found = last === null ? undefined : periodAt(schedule, last.opens_at);
  if (found === undefined) throw notFound("round");
  return found;
}

/** What teams, or everybody together, have come to in a round, the best first. Added up when asked: exactly what the board holds. */
export async function readTotals(ports: ChallengePorts, text: string, round: string | undefined): Promise<TotalsAnswer> {
  const found = await findChallenge(ports, text);
  const period = await roundFor(ports, found, round);
  const totals = await totalsOf(ports, found.id, found.row, period.opensAt);
  const { goal } = found.row.terms;
  const score = totals.reduce((sum, team) => sum + team.score, 0);
  // What is left of all without the teams that are shown must not be that of a few either.
  const behind = totals.reduce((sum, team) => sum + (isFew(team.anonymous) ? team.anonymous : 0), 0);
  const isUnknown = isFew(behind);
  return {
    challenge: found.id,
    round: timesOf(period),
    total: isUnknown ? null : rounded(score),
    hasReached: found.row.terms.kind === "cooperative" ? hasReached(score, goal, false) : null,
    teams:
      found.row.terms.kind === "team"
        ? totals.map(({ id, name, rank, score: own, people, anonymous }) => ({
            team: id,
            name,
            rank,
            score: isFew(anonymous) ? null : own,
            people,
          }))
        : [],
  };
}

export interface TeamTotal {
  readonly id: string;
  readonly name: string;
  readonly rank: number;
  readonly score: number;
  readonly people: number;
  /** How many of them show no name. */
  readonly anonymous: number;
}

export const MEMBERS_QUERY = `select p.alias, p.team_id, p.ranking, t.name from challenge_people p left join challenge_teams t on t.id = p.team_id
  where p.challenge_id = ?1 and p.state = 'active' and p.alias > ?2 order by p.alias limit ?3`;

/** Sums of what the people of each team have on the board; one sum of all where there are no teams. */
export async function totalsOf(
  ports: WorkPorts,
  id: ChallengeId,
  { terms }: Pick<ChallengeRow, "terms">,
  opensAt: number,
): Promise<TeamTotal[]> {
  if (terms.kind === "individual") return [];
  const board = ports.boardOf(boardIdOf(id));
  const sums = new Map<string, { name: string; score: number; people: number; anonymous: number }>();
  for (let after = ""; ;) {
    const { results } = await ports
      .recordsOf(regionOf(id))
      .prepare(MEMBERS_QUERY)
      .bind(id, after, AT_ONCE)
      .all<{ alias: string; team_id: string | null; ranking: string; name: string | null }>();
    const scores = new Map(
      (results.length === 0
        ? []
        : await board.subset(
            results.map(({ alias }) => alias),
            roundNumber(opensAt),
          )
      ).map(({ alias, score }) => [alias, isNothing(score) ? 0 : score]),
    );
    for (const { alias, team_id, ranking, name } of results) {
      const key = team_id ?? "";
      const known = sums.get(key) ?? { name: name ?? "", score: 0, people: 0, anonymous: 0 };
      sums.set(key, {
        ...known,
        score: known.score + (scores.get(alias) ?? 0),
        people: known.people + 1,
        anonymous: known.anonymous + Number(ranking === "anonymous"),
      });
    }
    after = results.at(-1)?.alias ?? after;
    if (results.length < AT_ONCE) break;
  }
  const inOrder = [...sums].toSorted(([a, one], [b, other]) => other.score - one.score || (a < b ? -1 : 1));
  return inOrder.map(([team, { name, score, people, anonymous }]) => ({
    id: team,
    name,
    people,
    anonymous,
    score: rounded(score),
    rank: inOrder.findIndex(([, other]) => rounded(other.score) === rounded(score)) + 1,
  }));
}

function rounded(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}

export const ROUNDS_QUERY = `select opens_at, ends_at, closes_at, state, entries from challenge_periods where challenge_id = ?1 and opens_at < ?2
  order by opens_at desc limit ?3`;

/** The rounds that have begun, the newest first. */
export async function listRounds(ports: ChallengePorts, text: string, limit: number, cursor: string | undefined): Promise<RoundList> {
  const { id } = await findChallenge(ports, text);
  const scope = `challenge rounds ${id}`;
  const before = cursor === undefined ? Number.MAX_SAFE_INTEGER : await openCursor<number>(ports.keys, ports.actor.person, scope, cursor);
  const { results } = await ports
    .recordsOf(regionOf(id))
    .prepare(ROUNDS_QUERY)
    .bind(id, before, limit + 1)
    .all<{ opens_at: number; ends_at: number; closes_at: number; state: "open" | "closing" | "closed"; entries: number | null }>();
  const items = results.slice(0, limit);
  const last = items.at(-1);
  return {
    items: items.map((one) => ({
      ...timesOf({ opensAt: one.opens_at, endsAt: one.ends_at, closesAt: one.closes_at }),
      state: one.state,
      entries: one.entries,
    })),
    next: results.length > limit && last !== undefined ? await sealCursor(ports.keys, ports.actor.person, scope, last.opens_at) : null,
  };
}

export const RESULTS_QUERY = `select r.kind, r.alias, r.rank, r.score, r.reached, r.anonymous, r.person_id is ?8 as own,
    case when p.person_id in (select value from json_each(?7)) then null else p.name end as name, p.ranking from challenge_results r
  left join challenge_people p on p.challenge_id = r.challenge_id and p.alias = r.alias
  where r.challenge_id = ?1 and r.opens_at = ?2 and r.kind = ?3 and (r.rank, r.alias) > (?4, ?5) order by r.rank, r.alias limit ?6`;

/** What a closed round came to, the best first; problem `not_found` for one that is not closed. */
export async function readResults(
  ports: ChallengePorts,
  text: string,
  query: { readonly round: string; readonly kind: "person" | "team"; readonly limit: number; readonly cursor?: string | undefined },
): Promise<ResultsAnswer> {
  const found = await findChallenge(ports, text);
  const { id, part } = found;
  const opensAt = Date.parse(query.round);
  const records = ports.recordsOf(regionOf(id));
  const round = await records
    .prepare("select closed_at, entries, anonymous from challenge_periods where challenge_id = ? and opens_at = ? and state = 'closed'")
    .bind(id, opensAt)
    .first<{ closed_at: number; entries: number; anonymous: number | null }>();
  const period = periodAt(found.row.terms.schedule, opensAt);
  if (round === null || period === undefined) throw notFound("round");
  const scope = `challenge results ${id} ${opensAt} ${query.kind}`;
  const [rank, alias] =
    query.cursor === undefined ? [0, ""] : await openCursor<[number, string]>(ports.keys, ports.actor.person, scope, query.cursor);
  type Row = {
    alias: string;
    rank: number;
    score: number;
    reached: number | null;
    anonymous: number | null;
    own: number;
    name: string | null;
    ranking: string | null;
  };
  const { results } = await records
    .prepare(RESULTS_QUERY)
    .bind(
      id,
      opensAt,
      query.kind,
      rank,
      alias,
      query.limit + 1,
      JSON.stringify(await ports.social.hiddenFrom(ports.actor.person)),
      ports.actor.person,
    )
    .all<Row>();
  const teams = query.kind === "team" ? await teamNames(records, id) : new Map<string, string>();
  const items = results.slice(0, query.limit);
  const last = items.at(-1);
  const now = await anonymousOf(ports, id);
  const veiled = isFew(round.anonymous ?? 0) || isFew(now);
  // As few as there were at the close, or as there are now: whoever has become anonymous or left since is hidden as well.
  const hides = Math.min(round.anonymous ?? 0, now) < LEAST_ANONYMOUS;
  const anonymous = query.kind === "team" ? await anonymousIn(ports, id) : undefined;
  const isBehind = (one: Row) =>
    anonymous === undefined
      ? hides && one.name === null && one.own === 0
      : isFew(one.anonymous ?? 0) || isFew(anonymous.get(one.alias) ?? 0);
  return {
    challenge: id,
    round: timesOf(period),
    closedAt: iso(round.closed_at),
    count: round.entries,
    veiled: veiled || (query.kind === "person" && items.some(isBehind)),
    items: items
      .filter((one) => query.kind === "team" || found.isOwner || !isBehind(one))
      .map((one) => ({
        rank: one.rank,
        alias: one.alias,
        name: query.kind === "team" ? (teams.get(one.alias) ?? null) : one.ranking === "public" ? one.name : null,
        score: isNothing(one.score) || isBehind(one) ? null : one.score,
        hasReached: one.reached === null || (isBehind(one) && query.kind === "person") ? null : one.reached === 1,
        isYou: one.own === 1 || one.alias === part?.alias || one.alias === part?.team_id,
      })),
    next:
      results.length > query.limit && last !== undefined
        ? await sealCursor(ports.keys, ports.actor.person, scope, [last.rank, last.alias])
        : null,
  };
}

async function teamNames(records: D1Database, id: ChallengeId): Promise<Map<string, string>> {
  const { results } = await records
    .prepare("select id, name from challenge_teams where challenge_id = ?")
    .bind(id)
    .all<{ id: string; name: string }>();
  return new Map(results.map((team) => [team.id, team.name]));
}
