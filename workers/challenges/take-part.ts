import type { Joined, PartView, RoundDetail, RoundView } from "../../durable-objects/vault/challenges/challenges";
import { dayText } from "../../shared/health/zone";
import { pageOf, type PageQuery } from "../../shared/http/page";
import { parseId, type PersonId, regionOf } from "../../shared/id";
import { isProblem, notFound, problem } from "../../shared/problem";
import { readerOf } from "../consents";
import { invalid } from "./manage-challenge";
import type { ChallengePorts } from "./ports";
import { findChallenge, type Found, ownName } from "./records";
import type { EffortsAnswer, JoinInput, ListedPart, PartAnswer, PartChangeInput } from "./schemas";
import { tryRoom } from "./tell-room";
import { iso, timesOf } from "./view";

/**
 * Takes part, or asks to where the owner decides. Joining is the consent to a score of exactly what the challenge counts. Joined already is
 * fine. Problems `not_found`, `invalid`, and `conflict` where the challenge is a draft, over or full, or the person was taken out.
 */
export async function takePart(ports: ChallengePorts, text: string, input: JoinInput): Promise<PartAnswer> {
  const found = await findChallenge(ports, text);
  const { row, isOwner, isInvited, part } = found;
  if (part?.state === "active") return await readPart(ports, text);
  if (row.state === "draft") throw problem("conflict", "The challenge is a draft: open it first.");
  if (row.state !== "open" || ports.now() >= row.ends_at) throw problem("conflict", "The challenge takes nobody any more.");
  checkOwn(found, input);
  // Whom the owner took out comes back by an invitation of their own, and not with a group.
  if ((part?.state === "removed" || part?.state === "refused") && !found.isInvitedByName)
    throw problem("conflict", "The owner of the challenge has to invite you.");
  if (!isOwner && !isInvited && part?.state !== "joining") {
    if (row.joining === "invitation") throw problem("conflict", "One takes part in this challenge by invitation.");
    if (row.joining === "request") return await request(ports, found, input);
  }
  const team = await teamOf(ports, found, input.team);
  const inRoom = input.room ?? input.ranking === "public";
  await enter(ports, found.actor.person, found, { ...input, inRoom, team, name: nameFor(input.ranking, input.name, await ownName(ports)) });
  await tryRoom(ports, found.id);
  return await readPart(ports, text);
}

/** Asks the owner; asked already is fine. */
async function request(ports: ChallengePorts, found: Found, input: JoinInput): Promise<PartAnswer> {
  const { id, row, actor } = found;
  const name = nameFor(input.ranking, input.name, await ownName(ports));
  await ports
    .recordsOf(regionOf(id))
    .prepare(
      `insert into challenge_people (challenge_id, person_id, state, ranking, name, changed_at) values (?1, ?2, 'requested', ?3, ?4, ?5)
       on conflict do update set state = 'requested', ranking = excluded.ranking, name = excluded.name, changed_at = excluded.changed_at
       where state = 'left'`,
    )
    .bind(id, actor.person, input.ranking, name, ports.now())
    .run();
  return waiting(id, row.title, input.ranking);
}

function waiting(challenge: string, title: string, ranking: "anonymous" | "public"): PartAnswer {
  return {
    challenge,
    title,
    state: "requested",
    ranking,
    alias: null,
    own: null,
    joinedAt: null,
    leftAt: null,
    consent: null,
    unit: null,
    round: null,
    rankNews: false,
  };
}

async function stateIn(records: D1Database, id: string, person: PersonId): Promise<string | null> {
  return await records
    .prepare("select state from challenge_people where challenge_id = ? and person_id = ?")
    .bind(id, person)
    .first<string>("state");
}

/** How somebody enters. */
export interface Entering {
  readonly ranking: "anonymous" | "public";
  readonly name: string | null;
  readonly target?: number | undefined;
  readonly team: string | null;
  /** Whether they enter the challenge's room, should it have one. */
  readonly inRoom: boolean;
  readonly rankNews: boolean;
}

/** Somebody wants to hear of their rank: the clock looks at ranks from now on. */
/** After now: a look that is under way does not take it away. */
const WAKE_RANKS = "update fitness_challenges set ranks_due_at = ?2 + 1 where id = ?1";

const ENTER = `insert into challenge_people (challenge_id, person_id, state, ranking, name, team_id, changed_at)
  select id, ?2, 'joining', ?3, ?4, ?5, ?6 from fitness_challenges
  where id = ?1 and state = 'open' and version = ?7 and taken < places
    and (?5 is null or exists (select 1 from challenge_teams t where t.id = ?5 and t.challenge_id = ?1 and t.taken < coalesce(most_in_team, 1000000)))
  on conflict do update set state = 'joining', ranking = excluded.ranking, name = excluded.name, team_id = excluded.team_id, changed_at = excluded.changed_at
    where state not in ('joining', 'active')`;

/**
 * Takes a place, has the person's vault count, and writes down their alias. Each step can be repeated: where it is cut off, joining again
 * goes on. Problem `conflict` where there is no place.
 */
async function enter(ports: ChallengePorts, person: PersonId, { id, row, part }: Found, input: Entering): Promise<Joined> {
  const records = ports.recordsOf(regionOf(id));
  if (part?.state !== "joining") {
    const { meta } = await records.prepare(ENTER).bind(id, person, input.ranking, input.name, input.team, ports.now(), row.version).run();
    if (meta.changes === 0) throw problem("conflict", "There is no place left, or the challenge has changed: look at it again.");
  }
  try {
    const { ranking, target = null } = input;
    const joined = await ports.vault.joinChallenge(ports.actor, { challenge: id, title: row.title, terms: row.terms, ranking, target });
    const { meta } = await records
      .prepare(
        "update challenge_people set state = 'active', alias = ?3, ranking = ?4, name = ?5, changed_at = ?6, in_room = ?7, tells_rank = ?8 where challenge_id = ?1 and person_id = ?2 and state = 'joining'",
      )
      .bind(id, person, joined.alias, input.ranking, input.name, ports.now(), Number(input.inRoom), Number(input.rankNews))
      .run();
    if (meta.changes === 0 && (await stateIn(records, id, person)) !== "active") {
      // Taken out, left or cancelled meanwhile.
      await ports.vault.leaveChallenge(ports.actor, id);
      throw problem("conflict", "You do not take part any more.");
    }
    if (input.rankNews) await records.prepare(WAKE_RANKS).bind(id, ports.now()).run();
    await records.prepare("delete from challenge_invitations where challenge_id = ? and person_id = ?").bind(id, person).run();
    return joined;
  } catch (error) {
    // Whoever is not let in gives the place back; what was cut off keeps it until they try again.
    if (isProblem(error)) {
      await records
        .prepare("delete from challenge_people where challenge_id = ? and person_id = ? and state = 'joining'")
        .bind(id, person)
        .run();
    }
    throw error;
  }
}

/** A target where the goal is one's own, and nowhere else; a team where there are teams. Problem `invalid`. */
function checkOwn({ row }: Found, { target, team }: Pick<JoinInput, "target" | "team">): void {
  const isCustom = row.terms.goal.kind === "custom";
  if (isCustom !== (target !== undefined)) {
    throw invalid(
      "/target",
      isCustom ? "required" : "not_asked",
      isCustom ? "Choose a target of your own." : "The challenge sets its goal itself.",
    );
  }
  if (team !== undefined && row.terms.kind !== "team") throw invalid("/team", "no_teams", "There are no teams.");
  if (team === undefined && row.terms.kind === "team") throw invalid("/team", "required", "Choose a team, or make one.");
}

/** The team that somebody joins. Problem `invalid` for one of another challenge. */
async function teamOf(ports: ChallengePorts, { id }: Found, wanted: string | undefined): Promise<string | null> {
  if (wanted === undefined) return null;
  const team = parseId("team", wanted);
  const found = await ports
    .recordsOf(regionOf(id))
    .prepare("select id from challenge_teams where challenge_id = ? and id = ?")
    .bind(id, team ?? "")
    .first<{ id: string }>();
  if (found === null) throw invalid("/team", "unknown_team", "No such team in this challenge.");
  return found.id;
}

function nameFor(ranking: "anonymous" | "public", chosen: string | undefined, own: string): string | null {
  return ranking === "public" ? (chosen ?? own) : null;
}

/** How the actor takes part; problem `not_found`. */
export async function readPart(ports: ChallengePorts, text: string): Promise<PartAnswer> {
  const { id, row, part } = await findChallenge(ports, text);
  if (part?.state === "requested") return waiting(id, row.title, part.ranking);
  if (part === undefined || part.state === "refused") throw notFound("participation");
  return { ...answerOf(await ports.vault.challengePart(ports.actor, id)), rankNews: part.tells_rank === 1 };
}

/** What the actor takes part in, or took, in order of the id. Their own vault knows, whichever regions the challenges are of. */
export async function listParts(ports: ChallengePorts, query: PageQuery): Promise<{ items: ListedPart[]; next: string | null }> {
  const parts = await ports.vault.challenges(ports.actor);
  const list = { name: "challenge parts", items: parts, place: ({ challenge }: PartView) => challenge };
  const page = await pageOf(ports.keys, ports.actor.person, list, query);
  return { items: page.items.map(answerOf), next: page.next };
}

/**
 * Changes how the actor is shown, or their own target. Becoming anonymous counts at once: the name goes first, and a new alias follows.
 * Problems `not_found`, `conflict`, `invalid`.
 */
export async function changePart(ports: ChallengePorts, text: string, input: PartChangeInput): Promise<PartAnswer> {
  const { id, part } = await findChallenge(ports, text);
  if (part?.state !== "active") throw notFound("participation");
  const records = ports.recordsOf(regionOf(id));
  const ranking = input.ranking ?? part.ranking;
  if (input.name !== undefined && ranking !== "public") throw invalid("/name", "not_shown", "Anonymous people show no name.");
  const name = ranking === "public" ? (input.name ?? part.name ?? (await ownName(ports))) : null;
  // Who becomes anonymous leaves the room, where they were known by name, and comes back by their own choice.
  const write = async (alias: string | null) =>
    await records
      .prepare(
        "update challenge_people set ranking = ?3, name = ?4, alias = ?5, changed_at = ?6, in_room = case when ranking = 'public' and ?3 = 'anonymous' then 0 else in_room end where challenge_id = ?1 and person_id = ?2 and state = 'active'",
      )
      .bind(id, ports.actor.person, ranking, name, alias, ports.now())
      .run();
  if (input.rankNews !== undefined) {
    await records.batch([
      records
        .prepare(
          `update challenge_people set tells_rank = ?3, rank_seen = null, rank_round = null where challenge_id = ?1 and person_id = ?2 and state = 'active'`,
        )
        .bind(id, ports.actor.person, Number(input.rankNews)),
      ...(input.rankNews ? [records.prepare(WAKE_RANKS).bind(id, ports.now())] : []),
    ]);
  }
  if (ranking === "anonymous") await write(part.alias);
  const joined = await ports.vault.changeChallenge(ports.actor, id, { ranking, target: input.target });
  await write(joined.alias);
  await tryRoom(ports, id);
  return await readPart(ports, text);
}

/** Stops taking part: counts at once, everywhere. Done already is fine. Problem `not_found` for a challenge that the actor does not see. */
export async function leave(ports: ChallengePorts, text: string): Promise<void> {
  const { recordsOf, actor, vault } = ports;
  await readerOf(recordsOf, actor, ports.now());
  const id = parseId("challenge", text);
  if (id === undefined) throw notFound("challenge");
  // Consent is taken back whether or not the challenge is still there to be seen: its owner may have blocked the person, or deleted it.
  const counts = await vault.challengePart(actor, id).then(
    () => true,
    () => false,
  );
  if (!counts && (await findChallenge(ports, text)).part === undefined) return;
  await ports
    .recordsOf(regionOf(id))
    .prepare(
      `update challenge_people set state = 'left', name = null, ranking = 'anonymous', team_id = null, in_room = 0, tells_rank = 0, changed_at = ?3
       where challenge_id = ?1 and person_id = ?2 and state in ('requested', 'joining', 'active')`,
    )
    .bind(id, ports.actor.person, ports.now())
    .run();
  await vault.leaveChallenge(actor, id);
  await tryRoom(ports, id);
}

/** What of the actor's counts in a round and what does not, and why; problem `not_found`. */
export async function readEfforts(ports: ChallengePorts, text: string, round: string | undefined): Promise<EffortsAnswer> {
  await readerOf(ports.recordsOf, ports.actor, ports.now());
  const id = parseId("challenge", text);
  if (id === undefined) throw notFound("challenge");
  const [view, detail] = await Promise.all([
    ports.vault.challengePart(ports.actor, id),
    ports.vault.challengeRound(ports.actor, id, round === undefined ? undefined : Date.parse(round)),
  ]);
  return effortsOf(view, detail);
}

function effortsOf({ unit }: PartView, { round, efforts, late }: RoundDetail): EffortsAnswer {
  return {
    round: roundAnswer(round),
    unit,
    efforts: efforts.map(({ key, day, at, value, counts, leftOut, reason, isAllowed }) => ({
      effort: key,
      date: dayText(day),
      at: iso(at),
      value,
      counts,
      leftOut,
      reason,
      allowed: isAllowed,
    })),
    late: late.map(({ day, at }) => ({ date: dayText(day), arrivedAt: iso(at) })),
  };
}

function answerOf(part: PartView): ListedPart {
  const { challenge, title, state, ranking, alias, own, joinedAt, leftAt, metrics, from, until, receipt, unit, round } = part;
  return {
    challenge,
    title,
    state,
    ranking,
    alias,
    own,
    joinedAt: iso(joinedAt),
    leftAt: leftAt === null ? null : iso(leftAt),
    consent: { purpose: "challenge", metrics: [...metrics], from: iso(from), until: iso(until), receipt },
    unit,
    round: round === null ? null : roundAnswer(round),
  };
}

function roundAnswer(round: RoundView): NonNullable<PartAnswer["round"]> {
  const { score, ranked, reachedAt, efforts, hasReached, isFinal, isDue } = round;
  return { ...timesOf(round), score, ranked, reachedAt: reachedAt === null ? null : iso(reachedAt), efforts, hasReached, isFinal, isDue };
}
