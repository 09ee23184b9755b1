import { type PersonId, regionOf } from "../../shared/id";
import { REGIONS, type Region } from "../../shared/region";
import { NO_TIE, REQUEST_LASTS_MS, type Step, type Tie } from "../../shared/social/ties";
import { LIVE_SESSION, requireSession, sessionGuard } from "../sessions";
import type { SocialContext, SocialPorts } from "./ports";

interface TieRow {
  person_id: string;
  other_id: string;
  rev: number;
  wants_at: number | null;
  refused_at: number;
  follows_at: number | null;
  admits_at: number | null;
  follow_refused_at: number;
  blocked_at: number | null;
  buddy_at: number | null;
  buddy_refused_at: number;
  changed_at: number;
}

/** What two people say of one another; `rev` is 0 where somebody says nothing. */
export interface Pair {
  readonly own: Tie;
  readonly theirs: Tie;
  readonly rev: number;
}

const SAID = "wants_at, refused_at, follows_at, admits_at, follow_refused_at, blocked_at, buddy_at, buddy_refused_at, changed_at";
const SELECT_PAIR = `select person_id, other_id, rev, ${SAID} from ties where (person_id = ?1 and other_id = ?2) or (person_id = ?2 and other_id = ?1)`;

/** SQL condition that the people of the ties `own` and `other` are friends: `areFriends` of shared/social/ties.ts. */
export const FRIENDS = mutual("wants_at", "refused_at");
/** The same of training together. */
export const BUDDIES = mutual("buddy_at", "buddy_refused_at");

function mutual(wish: string, refused: string): string {
  return `(own.blocked_at is null and other.blocked_at is null and own.${wish} > other.${refused} and other.${wish} > own.${refused}
    and abs(own.${wish} - other.${wish}) <= ${REQUEST_LASTS_MS})`;
}

/** How often a change is tried again after another one of the same person came between. */
const TRIES = 5;

/**
 * Takes a step about somebody: the actor's tie is changed where it is written, in one statement that does nothing where the tie was
 * changed meanwhile, and the other's region gets its copy. A copy that cannot be delivered now is delivered by the clock; the change
 * itself is durable. Problem `session_ended`.
 *
 * @returns what the two say of one another before and after; the same where the step changed nothing
 */
export async function takeStep(
  ports: SocialPorts,
  other: PersonId,
  step: (pair: Pair) => Step,
): Promise<{ readonly before: Pair; readonly after: Pair }> {
  const { actor, records } = ports;
  const now = ports.now();
  for (let tries = 0; tries < TRIES; tries++) {
    const before = await readPair(ports, other);
    const own = step(before)(before.own, before.theirs, now);
    if (sameTie(own, before.own)) return { before, after: before };
    // At least the time: a tie that was taken out and said anew is newer than any copy of what it was.
    const rev = Math.max(before.rev + 1, now);
    const isNear = regionOf(other) === ports.region;
    const [guard, written, rows] = await records.batch<TieRow>([
      sessionGuard(records, actor, now),
      records
        .prepare(
          `insert into ties (person_id, other_id, rev, sent_rev, ${SAID})
           select ?2, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?3 where ${LIVE_SESSION}
           and coalesce((select rev from ties where person_id = ?2 and other_id = ?4), 0) = ?15
           on conflict do update set rev = excluded.rev, sent_rev = case when excluded.sent_rev = 0 then ties.sent_rev else excluded.sent_rev end,
             ${setSaid()} where ties.rev = ?15`,
        )
        .bind(actor.session, actor.person, now, other, rev, isNear ? rev : 0, ...valuesOf(own), before.rev),
      records.prepare(SELECT_PAIR).bind(actor.person, other),
    ]);
    requireSession(guard);
    if (written?.meta.changes !== 1) continue;
    if (!isNear) await sendCopy(ports, actor.person, other).catch(() => undefined);
    return { before, after: pairOf(rows?.results ?? [], actor.person) };
  }
  throw new TypeError("a tie is changed by too many at once");
}

/** Takes a step for somebody who has said before that it be taken: who invites has agreed to whoever brings the code. Without a session of theirs. */
export async function stepFor(context: SocialContext, person: PersonId, other: PersonId, step: (pair: Pair) => Step): Promise<void> {
  const records = context.recordsOf(regionOf(person));
  const isNear = regionOf(person) === regionOf(other);
  for (let tries = 0; tries < TRIES; tries++) {
    const before = await exactPair(context, person, other);
    const now = context.now();
    const own = step(before)(before.own, before.theirs, now);
    if (sameTie(own, before.own)) return;
    const rev = Math.max(before.rev + 1, now);
    const { meta } = await records
      .prepare(
        `insert into ties (person_id, other_id, rev, sent_rev, ${SAID})
         select id, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13 from people where id = ?1
           and coalesce((select rev from ties where person_id = ?1 and other_id = ?2), 0) = ?14
         on conflict do update set rev = excluded.rev, sent_rev = case when excluded.sent_rev = 0 then ties.sent_rev else excluded.sent_rev end,
           ${setSaid()} where ties.rev = ?14`,
      )
      .bind(person, other, rev, isNear ? rev : 0, ...valuesOf(own), now, before.rev)
      .run();
    if (meta.changes !== 1) continue;
    if (!isNear) await sendCopy(context, person, other).catch(() => undefined);
    return;
  }
  throw new TypeError("a tie is changed by too many at once");
}

/** What the actor and somebody say of one another, as the actor's region knows it. Problem `session_ended`. */
export async function readPair(ports: SocialPorts, other: PersonId): Promise<Pair> {
  const { records, actor } = ports;
  const [guard, rows] = await records.batch<TieRow>([
    sessionGuard(records, actor, ports.now()),
    records.prepare(SELECT_PAIR).bind(actor.person, other),
  ]);
  requireSession(guard);
  return pairOf(rows?.results ?? [], actor.person);
}

/** What two people say of one another, each read where it is written. */
export async function exactPair({ recordsOf }: SocialContext, a: PersonId, b: PersonId): Promise<Pair> {
  const regions = [...new Set([regionOf(a), regionOf(b)])];
  const found = await Promise.all(
    regions.map(async (region) => (await recordsOf(region).prepare(SELECT_PAIR).bind(a, b).all<TieRow>()).results),
  );
  // A copy counts for as much as it says.
  return pairOf(
    found.flat().toSorted((x, y) => x.rev - y.rev),
    a,
  );
}

/** What a region knows of the ties between a person and each of many others. */
export async function readTies(records: D1Database, person: PersonId, others: readonly PersonId[]): Promise<(other: PersonId) => Pair> {
  const { results } = await records.prepare(MANY_TIES).bind(person, JSON.stringify(others)).all<TieRow>();
  const byOther = Map.groupBy(results, ({ person_id, other_id }) => (person_id === person ? other_id : person_id));
  return (other) => pairOf(byOther.get(other) ?? [], person);
}

export const MANY_TIES = `select person_id, other_id, rev, ${SAID} from ties where person_id = ?1 and other_id in (select value from json_each(?2))
  union all select person_id, other_id, rev, ${SAID} from ties where other_id = ?1 and person_id in (select value from json_each(?2))`;

function pairOf(rows: readonly TieRow[], person: PersonId): Pair {
  const own = rows.findLast((row) => row.person_id === person);
  const theirs = rows.findLast((row) => row.person_id !== person);
  return { own: tieOf(own), theirs: tieOf(theirs), rev: own?.rev ?? 0 };
}

function tieOf(row: TieRow | undefined): Tie {
  if (row === undefined) return NO_TIE;
  return {
    wantsAt: row.wants_at,
    refusedAt: row.refused_at,
    followsAt: row.follows_at,
    admitsAt: row.admits_at,
    followRefusedAt: row.follow_refused_at,
    blockedAt: row.blocked_at,
    buddyAt: row.buddy_at,
    buddyRefusedAt: row.buddy_refused_at,
  };
}

function valuesOf(tie: Tie): (number | null)[] {
  const { wantsAt, refusedAt, followsAt, admitsAt, followRefusedAt, blockedAt, buddyAt, buddyRefusedAt } = tie;
  return [wantsAt, refusedAt, followsAt, admitsAt, followRefusedAt, blockedAt, buddyAt, buddyRefusedAt];
}

function sameTie(a: Tie, b: Tie): boolean {
  return valuesOf(a).every((value, i) => value === valuesOf(b)[i]);
}

function setSaid(): string {
  return SAID.split(", ")
    .map((column) => `${column} = excluded.${column}`)
    .join(", ");
}

/** Brings a tie to the other's region, where the newer form of two counts; of nobody who is not there anything is kept. */
async function sendCopy({ recordsOf }: SocialContext, person: string, other: string): Promise<void> {
  const home = recordsOf(regionOf(person));
  const row = await home
    .prepare(`select person_id, other_id, rev, ${SAID} from ties where person_id = ? and other_id = ?`)
    .bind(person, other)
    .first<TieRow>();
  if (row === null) return;
  await recordsOf(regionOf(other))
    .prepare(
      `insert into ties (person_id, other_id, rev, sent_rev, ${SAID})
       select ?1, ?2, ?3, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12 where exists (select 1 from people where id = ?2)
       on conflict do update set rev = excluded.rev, sent_rev = excluded.sent_rev, ${setSaid()} where ties.rev < excluded.rev`,
    )
    .bind(row.person_id, row.other_id, row.rev, ...valuesOf(tieOf(row)), row.changed_at)
    .run();
  await home
    .prepare("update ties set sent_rev = max(sent_rev, ?3) where person_id = ?1 and other_id = ?2")
    .bind(person, other, row.rev)
    .run();
}

export const UNSENT = "select person_id, other_id from ties where sent_rev < rev order by changed_at limit ?";
/** Ties that say nothing any more, or only that somebody asked long ago. `?1`: since when nothing was changed. */
export const SILENT = `delete from ties where (person_id, other_id) in (
  select person_id, other_id from ties as own where changed_at < ?1 and follows_at is null and admits_at is null and blocked_at is null
    and (wants_at is null or not exists (select 1 from ties as other where other.person_id = own.other_id and other.other_id = own.person_id and ${FRIENDS}))
    and (buddy_at is null or not exists (select 1 from ties as other where other.person_id = own.other_id and other.other_id = own.person_id and ${BUDDIES}))
  order by changed_at limit ?2)`;

/** Delivers copies that could not be delivered, and takes out what says nothing any more. Returns how many rows it was about. */
export async function sweepTies(context: SocialContext): Promise<number> {
  const counts = await Promise.all(REGIONS.map(async (region) => await sweepRegion(context, region)));
  return counts.reduce((sum, count) => sum + count, 0);
}

const SWEPT = 500;

async function sweepRegion(context: SocialContext, region: Region): Promise<number> {
  const records = context.recordsOf(region);
  const { results } = await records.prepare(UNSENT).bind(SWEPT).all<{ person_id: string; other_id: string }>();
  // A region that does not answer keeps nobody else's waiting.
  let failed: unknown;
  for (const { person_id, other_id } of results) {
    try {
      await sendCopy(context, person_id, other_id);
    } catch (error) {
      failed = error;
    }
  }
  const { meta } = await records
    .prepare(SILENT)
    .bind(context.now() - 2 * REQUEST_LASTS_MS, SWEPT)
    .run();
  if (failed !== undefined) throw failed;
  return results.length + meta.changes;
}
