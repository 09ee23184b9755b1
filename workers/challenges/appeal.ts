import { openCursor, sealCursor } from "../../shared/http/cursor";
import type { PageQuery } from "../../shared/http/page";
import { newId, parseId, regionOf } from "../../shared/id";
import { notFound, problem } from "../../shared/problem";
import { tellDecision } from "./keep-challenges";
import type { ChallengePorts } from "./ports";
import { findChallenge, type Found } from "./records";
import type { AppealInput, AppealView } from "./schemas";
import { iso } from "./view";
import { periodAt } from "../../shared/challenges/periods";

interface Row {
  readonly id: string;
  readonly person_id: string;
  readonly opens_at: number;
  readonly effort: string;
  readonly reason: string;
  readonly value: number;
  readonly words: string;
  readonly state: "open" | "upheld" | "rejected" | "withdrawn";
  readonly answer: string | null;
  readonly created_at: number;
  readonly decided_at: number | null;
  readonly alias: string | null;
}

const COLUMNS =
  "a.id, a.person_id, a.opens_at, a.effort, a.reason, a.value, a.words, a.state, a.answer, a.created_at, a.decided_at, p.alias";
const FROM = "from challenge_appeals a left join challenge_people p on p.challenge_id = a.challenge_id and p.person_id = a.person_id";

/**
 * Asks that an effort counts after all. What it was and why it was left out is taken from the person's own vault, and shown to whoever decides.
 * Asked already is fine. Problems `not_found` for an effort that counts, and `conflict` where the round is closed or nobody may show it.
 */
export async function makeAppeal(ports: ChallengePorts, text: string, { round, effort, words }: AppealInput): Promise<AppealView> {
  const found = await findChallenge(ports, text);
  const { id, row, part, actor } = found;
  const opensAt = Date.parse(round);
  const period = periodAt(row.terms.schedule, opensAt);
  if (part?.state !== "active" || period === undefined) throw notFound("effort");
  if (ports.now() >= period.closesAt) throw problem("conflict", "The round is closed.");
  const excluded = await ports.vault.excludedEffort(actor, id, opensAt, effort);
  if (excluded.reason === "kept_for_its_person") throw problem("conflict", "The vendor shows this to you alone: it cannot count.");
  if (excluded.reason === "no_value") throw problem("conflict", "The formula has no value on that date: there is nothing to count.");
  const appeal = newId("appeal", regionOf(id), ports.now(), ports.random);
  const records = ports.recordsOf(regionOf(id));
  await records
    .prepare(
      `insert into challenge_appeals (id, challenge_id, person_id, opens_at, effort, reason, value, words, state, created_at)
       values (?, ?, ?, ?, ?, ?, ?, ?, 'open', ?) on conflict do nothing`,
    )
    .bind(appeal, id, actor.person, opensAt, effort, excluded.reason ?? "", excluded.leftOut, words, ports.now())
    .run();
  const stored = await records
    .prepare(`select ${COLUMNS} ${FROM} where a.person_id = ?1 and a.challenge_id = ?2 and a.opens_at = ?3 and a.effort = ?4`)
    .bind(actor.person, id, opensAt, effort)
    .first<Row>();
  if (stored === null) throw notFound("appeal");
  return viewOf(stored, found);
}

export const APPEALS_QUERY = `select ${COLUMNS} ${FROM} where a.challenge_id = ?1 and (?2 is null or a.person_id = ?2) and (?3 is null or a.id < ?3)
  order by a.id desc limit ?4`;

/** Appeals, newest first: all of them for whoever decides, else the actor's own. */
export async function listAppeals(
  ports: ChallengePorts,
  text: string,
  query: PageQuery,
): Promise<{ items: AppealView[]; next: string | null }> {
  const found = await findChallenge(ports, text);
  const { id, actor } = found;
  const scope = `challenge appeals ${id}`;
  const before = query.cursor === undefined ? null : await openCursor<string>(ports.keys, actor.person, scope, query.cursor);
  const { results } = await ports
    .recordsOf(regionOf(id))
    .prepare(APPEALS_QUERY)
    .bind(id, decides(found) ? null : actor.person, before, query.limit + 1)
    .all<Row>();
  const items = results.slice(0, query.limit);
  const last = items.at(-1);
  return {
    items: items.map((row) => viewOf(row, found)),
    next: results.length > query.limit && last !== undefined ? await sealCursor(ports.keys, actor.person, scope, last.id) : null,
  };
}

/**
 * Decides about an appeal, once; nobody about their own. The person's vault counts by it, at once or as soon as it answers. Problems
 * `not_found`, `forbidden`, `conflict` for one that was decided otherwise.
 */
export async function decideAppeal(
  ports: ChallengePorts,
  text: string,
  appeal: string,
  uphold: boolean,
  answer: string | null,
): Promise<AppealView> {
  const found = await findChallenge(ports, text);
  const { id, row, actor } = found;
  const records = ports.recordsOf(regionOf(id));
  const stored = await read(records, id, appeal);
  if (!decides(found))
    throw stored?.person_id === actor.person ? problem("forbidden", "The owner of the challenge decides.") : notFound("appeal");
  if (stored === undefined) throw notFound("appeal");
  if (stored.person_id === actor.person) throw problem("forbidden", "Nobody decides about their own appeal: a moderator does.");
  const period = periodAt(row.terms.schedule, stored.opens_at);
  if (uphold && (period === undefined || ports.now() >= period.closesAt))
    throw problem("conflict", "The round is closed: what came to count now would change nothing.");
  const state = uphold ? "upheld" : "rejected";
  await records
    .prepare("update challenge_appeals set state = ?2, answer = ?3, decided_at = ?4, untold = ?5 where id = ?1 and state = 'open'")
    .bind(appeal, state, answer, ports.now(), uphold ? 1 : 0)
    .run();
  const decided = await read(records, id, appeal);
  if (decided?.state !== state) throw problem("conflict", "The appeal was decided, or withdrawn.");
  if (uphold) await tellDecision(ports, records, { ...decided, challenge_id: id });
  const person = parseId("person", decided.person_id);
  if (person !== undefined) await ports.tell(person, "moderation", appeal, id, row.title);
  return viewOf(decided, found);
}

/** Takes one's own appeal back; problems `not_found`, `conflict` for one that was decided. */
export async function withdrawAppeal(ports: ChallengePorts, text: string, appeal: string): Promise<void> {
  const { id, actor } = await findChallenge(ports, text);
  const records = ports.recordsOf(regionOf(id));
  const stored = await read(records, id, appeal);
  if (stored?.person_id !== actor.person) throw notFound("appeal");
  if (stored.state === "upheld" || stored.state === "rejected") throw problem("conflict", "The appeal was decided.");
  await records.prepare("update challenge_appeals set state = 'withdrawn' where id = ? and state = 'open'").bind(appeal).run();
}

async function read(records: D1Database, challenge: string, appeal: string): Promise<Row | undefined> {
  const row = await records.prepare(`select ${COLUMNS} ${FROM} where a.id = ? and a.challenge_id = ?`).bind(appeal, challenge).first<Row>();
  return row ?? undefined;
}

function decides({ isOwner, isModerator }: Pick<Found, "isOwner" | "isModerator">): boolean {
  return isOwner || isModerator;
}

/** Under the alias: whoever decides does not learn who an anonymous person is. */
function viewOf(row: Row, { actor }: Pick<Found, "actor">): AppealView {
  return {
    id: row.id,
    alias: row.alias,
    isYours: row.person_id === actor.person,
    round: iso(row.opens_at),
    effort: row.effort,
    reason: row.reason,
    value: row.value,
    words: row.words,
    state: row.state,
    answer: row.answer,
    createdAt: iso(row.created_at),
    decidedAt: row.decided_at === null ? null : iso(row.decided_at),
  };
}
