import { boardIdOf, boardTermsOf } from "../../shared/challenges/board";
import { formulaOf, touchedBy } from "../../shared/challenges/measures";
import { type Period, periodFrom } from "../../shared/challenges/periods";
import type { Terms } from "../../shared/challenges/terms";
import { metric } from "../../shared/health/catalogue";
import { openCursor, sealCursor } from "../../shared/http/cursor";
import { newId, parseId, regionOf } from "../../shared/id";
import { type FieldError, notFound, type Problem, problem } from "../../shared/problem";
import { readerOf } from "../consents";
import type { ChallengePorts } from "./ports";
import {
  challengeRow,
  type ChallengeRow,
  COLUMNS,
  findChallenge,
  isOfOrganisation,
  notOf,
  ownChallenge,
  ownName,
  partStateSchema,
} from "./records";
import type { ChallengeChange, ChallengeInput, ChallengeQuery, ChallengeView } from "./schemas";
import { tryRoom } from "./tell-room";
import { viewOf } from "./view";

/** Drafts and open challenges that one person may have at once. */
const MOST_OWN = 50;
/** Totals of many are added up with every change. */
const MOST_TOGETHER = 10_000;

/**
 * Makes a challenge of the actor's region, as a draft or open at once. Problems `invalid` for terms that count nothing, or a time that is
 * over; `not_found` for a group or organisation that the actor is not in; `conflict` past the limit.
 */
export async function createChallenge(ports: ChallengePorts, input: ChallengeInput): Promise<ChallengeView> {
  const { recordsOf, now, random } = ports;
  const actor = await readerOf(recordsOf, ports.actor, now());
  const region = regionOf(actor.person);
  const records = recordsOf(region);
  const terms = termsOf(input);
  check(terms, input, now());
  await checkAudience(ports, input);
  await checkRewards(ports, input.rewards);
  const id = newId("challenge", region, now(), random);
  const at = now();
  const row: ChallengeRow = {
    id,
    state: input.state,
    title: input.title,
    description: input.description,
    visibility: input.visibility,
    audience: input.audience,
    joining: input.joining,
    terms,
    starts_at: terms.schedule.startsAt,
    ends_at: terms.schedule.endsAt,
    places: placesOf(terms.kind, input.mostPeople),
    taken: 0,
    most_in_team: input.mostInTeam,
    rewards: input.rewards,
    version: 1,
    created_at: at,
    updated_at: at,
    due_at: input.state === "open" ? dueAt(terms, at) : null,
    has_room: input.room ? 1 : 0,
    teams_by: input.teamsBy,
  };
  if (input.state === "open") await ports.boardOf(boardIdOf(id)).define(boardTermsOf(terms));
  const [inserted] = await records.batch([
    records
      .prepare(
        `insert into fitness_challenges (${COLUMNS}) select ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, 0, ?12, ?13, 1, ?14, ?14, ?15, ?18, ?19
         where (select count(*) from challenge_owners join fitness_challenges on id = challenge_id where person_id = ?16 and state in ('draft', 'open')) < ?17`,
      )
      .bind(
        id,
        row.state,
        row.title,
        row.description,
        row.visibility,
        row.audience,
        row.joining,
        JSON.stringify(terms),
        row.starts_at,
        row.ends_at,
        row.places,
        row.most_in_team,
        JSON.stringify(row.rewards),
        at,
        row.due_at,
        actor.person,
        MOST_OWN,
        row.has_room,
        row.teams_by,
      ),
    records
      .prepare("insert into challenge_owners (challenge_id, person_id, called) select id, ?2, ?3 from fitness_challenges where id = ?1")
      .bind(id, actor.person, input.room ? (input.roomName ?? (await ownName(ports))) : null),
  ]);
  if (inserted?.meta.changes === 0) throw problem("conflict", "You have too many challenges: end or delete one first.");
  if (input.room) await tryRoom(ports, id);
  return viewOf({ row, isOwner: true, isInvited: false, part: undefined }, at);
}

/** What many do together is added up with every look. */
function placesOf(kind: ChallengeRow["terms"]["kind"], asked: number): number {
  return kind === "individual" ? asked : Math.min(asked, MOST_TOGETHER);
}

/** One challenge; problem `not_found`. */
export async function readChallenge(ports: ChallengePorts, text: string): Promise<ChallengeView> {
  return viewOf(await findChallenge(ports, text), ports.now());
}

type Mine = Record<string, unknown> & { readonly mine: string | null; readonly invited: number; readonly own: number };

/** With the actor's part, where they have one; `?1` the actor, `?2` where the page goes on, `?3` how many. */
const WITH_PART = `select ${COLUMNS.split(", ")
  .map((column) => `c.${column}`)
  .join(", ")}, (select p.state from challenge_people p where p.challenge_id = c.id and p.person_id = ?1) as mine,
    exists (select 1 from challenge_invitations i where i.challenge_id = c.id and i.person_id = ?1) as invited,
    exists (select 1 from challenge_owners o where o.challenge_id = c.id and o.person_id = ?1) as own`;
export const PUBLIC_QUERY = `${WITH_PART} from fitness_challenges c where c.visibility = 'public' and c.state = 'open' and (?2 is null or c.id < ?2) and ${notOf("?4")} order by c.id desc limit ?3`;
export const OWN_QUERY = `${WITH_PART} from challenge_owners o join fitness_challenges c on c.id = o.challenge_id
  where o.person_id = ?1 and (?2 is null or o.challenge_id < ?2) order by o.challenge_id desc limit ?3`;
export const AUDIENCE_QUERY = `${WITH_PART} from fitness_challenges c where c.audience = ?5 and c.state in ('open', 'ended') and (?2 is null or c.id < ?2) and ${notOf("?4")} order by c.id desc limit ?3`;

/** A page of challenges, newest first: public ones of a region, the actor's own, or those for a group or organisation that they are in. */
export async function listChallenges(
  ports: ChallengePorts,
  query: ChallengeQuery,
): Promise<{ items: ChallengeView[]; next: string | null }> {
  const { keys, recordsOf, social } = ports;
  const actor = await readerOf(recordsOf, ports.actor, ports.now());
  const { scope, audience, limit } = query;
  if (scope === "audience") {
    if (audience === undefined) throw invalid("/audience", "required", "Name a group or an organisation.");
    const isIn = (await social.isInGroup(audience, actor.person)) || (await isOfOrganisation(ports, audience, actor.person));
    if (!isIn) throw notFound("audience");
  }
  const region =
    scope === "audience" && audience !== undefined
      ? regionOf(audience)
      : scope === "own"
        ? regionOf(actor.person)
        : (query.region ?? regionOf(actor.person));
  const name = `challenges ${scope} ${region} ${audience ?? ""}`;
  const before = query.cursor === undefined ? null : await openCursor<string>(keys, actor.person, name, query.cursor);
  // A block hides both ways.
  const hidden = scope === "own" ? [] : [JSON.stringify(await social.hiddenFrom(actor.person))];
  const sql = { public: PUBLIC_QUERY, own: OWN_QUERY, audience: AUDIENCE_QUERY }[scope];
  const { results } = await recordsOf(region)
    .prepare(sql)
    .bind(actor.person, before, limit + 1, ...hidden, ...(scope === "audience" ? [audience ?? ""] : []))
    .all<Mine>();
  const items = results.slice(0, limit).map((found) => {
    const part = found.mine === null ? undefined : { state: partStateSchema.parse(found.mine) };
    return viewOf({ row: challengeRow(found), isOwner: found.own === 1, isInvited: found.invited === 1, part }, ports.now());
  });
  const last = items.at(-1);
  return { items, next: results.length > limit && last !== undefined ? await sealCursor(keys, actor.person, name, last.id) : null };
}

/**
 * Changes a challenge. What counts can be changed until the first round has begun and as long as nobody takes part, since whoever joins agrees
 * to exactly that; title, description and the like until it has ended. Its room is called as it is called.
 * Problems `not_found`, `precondition_failed`, `conflict`, `invalid`.
 */
export async function changeChallenge(
  ports: ChallengePorts,
  text: string,
  change: ChallengeChange,
  ifVersion: number | undefined,
): Promise<ChallengeView> {
  const { recordsOf } = ports;
  const found = await ownChallenge(ports, text);
  const { id, row } = found;
  const now = ports.now();
  if (ifVersion !== undefined && ifVersion !== row.version) throw problem("precondition_failed");
  if (row.state === "ended" || row.state === "cancelled") throw problem("conflict", "The challenge is over.");
  const { title = row.title, description = row.description, joining = row.joining, rewards = row.rewards, state = row.state } = change;
  const teamsBy = change.teamsBy ?? row.teams_by;
  const mostPeople = placesOf(row.terms.kind, change.mostPeople ?? row.places);
  const mostInTeam = change.mostInTeam === undefined ? row.most_in_team : change.mostInTeam;
  const terms = amended(row.terms, change);
  const hasChangedTerms = JSON.stringify(terms) !== JSON.stringify(row.terms);
  // The order is the board's, which is fixed when it is made.
  if (row.state === "open" && terms.order !== row.terms.order) throw problem("conflict", "Whether more or less is better stays as it is.");
  const hasBegun = row.state === "open" && now >= row.starts_at;
  if (hasBegun && hasChangedTerms) throw problem("conflict", "The challenge has begun: what counts does not change any more.");
  if (hasChangedTerms && row.taken > 0) throw problem("conflict", "People have agreed to what counts: make another challenge.");
  if (hasChangedTerms || (row.state === "draft" && state === "open")) check(terms, { mostInTeam }, now);
  if (state === "open" && row.state === "draft") await ports.boardOf(boardIdOf(id)).define(boardTermsOf(terms));
  if (change.rewards !== undefined) await checkRewards(ports, change.rewards);
  if (mostPeople < row.taken) throw problem("conflict", "More people than that take part already.");
  const isOpen = state === "open";
  const records = recordsOf(regionOf(id));
  const { meta } = await records
    .prepare(
      `update fitness_challenges set state = ?2, title = ?3, description = ?4, joining = ?5, terms = ?6, starts_at = ?7, ends_at = ?8, places = ?9,
         most_in_team = ?10, rewards = ?11, due_at = case when ?12 is null then due_at else ?12 end, version = version + 1, updated_at = ?13, teams_by = ?16,
         has_room = case when has_room = 2 and title <> ?3 then 1 else has_room end
       where id = ?1 and version = ?14 and (?15 = 0 or taken = 0)`,
    )
    .bind(
      id,
      state,
      title,
      description,
      joining,
      JSON.stringify(terms),
      terms.schedule.startsAt,
      terms.schedule.endsAt,
      mostPeople,
      mostInTeam,
      JSON.stringify(rewards),
      // What was cancelled is told to those who take part by the clock.
      state === "cancelled" ? now : isOpen && (hasChangedTerms || row.state === "draft") ? dueAt(terms, now) : null,
      now,
      row.version,
      hasChangedTerms ? 1 : 0,
      teamsBy,
    )
    .run();
  if (meta.changes === 0) throw problem("precondition_failed");
  if (row.has_room > 0 && title !== row.title) await tryRoom(ports, id);
  return await readChallenge(ports, text);
}

/** Deletes a draft, or a challenge that is over; problems `not_found`, `conflict` for one that is open. */
export async function deleteChallenge(ports: ChallengePorts, text: string): Promise<void> {
  const { id, row } = await ownChallenge(ports, text);
  if (row.state === "open") throw problem("conflict", "People may take part in it: cancel it first.");
  if (row.state === "cancelled" && row.taken > 0)
    throw problem("conflict", "Those who took part are being told: try again in some minutes.");
  await ports.boardOf(boardIdOf(id)).erase();
  await ports.room.dissolve(id);
  await ports.recordsOf(regionOf(id)).prepare("delete from fitness_challenges where id = ?").bind(id).run();
}

/** When the clock has to look at an open challenge next: its first round opens. */
function dueAt({ schedule }: Terms, now: number): number | null {
  const first: Period | undefined = periodFrom(schedule, now);
  return first === undefined ? null : Math.max(first.opensAt, now);
}

const HOUR_S = 3_600;

/** The terms of what somebody wrote. */
function termsOf(
  input: Pick<ChallengeInput, "kind" | "measure" | "operator" | "order" | "goal" | "trust" | "attempts" | "schedule">,
): Terms {
  const { kind, measure, operator, order, goal, attempts } = input;
  return {
    kind,
    measure,
    operator,
    order,
    goal,
    trust: input.trust ?? usualTrust(measure),
    attempts,
    schedule: scheduleOf(input.schedule),
  };
}

/** What people eat and drink no device measures: there alone what is typed in counts without being asked for. */
function usualTrust(measure: Terms["measure"]): Terms["trust"] {
  const keys = measure.kind === "workouts" ? [] : touchedBy(measure);
  return keys.length > 0 && keys.every((key) => metric(key)?.sensitivity === "nutrition") ? "manual" : "file";
}

function scheduleOf(schedule: ChallengeInput["schedule"]): Terms["schedule"] {
  const { timeZone, startsAt, endsAt, repeat, windowHours, lateHours } = schedule;
  return {
    zone: timeZone,
    startsAt: Date.parse(startsAt),
    endsAt: Date.parse(endsAt),
    repeat,
    windowS: windowHours === null ? null : windowHours * HOUR_S,
    lateS: lateHours * HOUR_S,
  };
}

function amended(terms: Terms, change: ChallengeChange): Terms {
  const { measure, operator, order, goal, trust, attempts, schedule } = change;
  return {
    ...terms,
    measure: measure ?? terms.measure,
    operator: operator ?? terms.operator,
    order: order ?? terms.order,
    goal: goal ?? terms.goal,
    trust: trust ?? (measure === undefined ? terms.trust : usualTrust(measure)),
    attempts: attempts === undefined ? terms.attempts : attempts,
    schedule: schedule === undefined ? terms.schedule : scheduleOf(schedule),
  };
}

/** What no single field says of itself. Problem `invalid`. */
function check(terms: Terms, { mostInTeam }: { readonly mostInTeam: number | null }, now: number): void {
  const { kind, measure, goal, order, operator, schedule } = terms;
  if (measure.kind !== "workouts" && formulaOf(measure) === undefined) throw invalid("/measure", "invalid_formula", "Not a formula.");
  if ((measure.kind === "days" || measure.kind === "streak") && goal.kind === "relative") {
    throw invalid("/goal/kind", "not_measurable", "Days and streaks are not compared with what was before.");
  }
  if (kind !== "individual" && (operator !== "increment" || order !== "descending")) {
    throw invalid("/operator", "not_additive", "What a team does together is added up: `increment`, `descending`.");
  }
  if (mostInTeam !== null && kind !== "team") throw invalid("/mostInTeam", "no_teams", "There are no teams.");
  if (schedule.endsAt <= now) throw invalid("/schedule/endsAt", "over", "The end must lie in the future.");
  if (periodFrom(schedule, Math.min(now, schedule.startsAt)) === undefined)
    throw invalid("/schedule/repeat", "no_round", "No round begins in that time.");
}

/** Problem `invalid` for an audience that does not go with the visibility, `not_found` for one that the actor is not in. */
async function checkAudience(
  ports: ChallengePorts,
  { visibility, audience }: Pick<ChallengeInput, "visibility" | "audience">,
): Promise<void> {
  const needs = visibility === "group" || visibility === "organisation";
  if (needs !== (audience !== null)) {
    throw invalid(
      "/audience",
      needs ? "required" : "not_needed",
      needs ? "Name the group or the organisation." : "It is not for a group or an organisation.",
    );
  }
  if (audience === null) return;
  const { person } = ports.actor;
  const isIn = visibility === "group" ? await ports.social.isInGroup(audience, person) : await isStaff(ports, audience);
  if (!isIn) throw notFound(visibility);
}

/** Whoever gives something away gives what is theirs: rewards of an organisation that the actor leads. Problem `invalid`. */
async function checkRewards({ recordsOf, actor }: ChallengePorts, rewards: ChallengeInput["rewards"]): Promise<void> {
  for (const [i, { reward }] of rewards.entries()) {
    const id = parseId("reward", reward);
    const query = `select 1 from rewards join organisation_members m on m.organisation_id = rewards.organisation_id
      where rewards.id = ? and rewards.closed_at is null and m.person_id = ? and m.role in ('owner', 'admin') and m.joined_at is not null`;
    const found = id === undefined ? null : await recordsOf(regionOf(id)).prepare(query).bind(id, actor.person).first();
    if (found === null) throw invalid(`/rewards/${i}/reward`, "unknown_reward", "No such reward of an organisation that you lead.");
  }
}

/** Whether the actor works at an organisation of their region: challenges of a gym are made by its people. */
async function isStaff({ recordsOf, actor }: ChallengePorts, organisation: string): Promise<boolean> {
  const id = parseId("organisation", organisation);
  if (id === undefined || regionOf(id) !== regionOf(actor.person)) return false;
  const query =
    "select 1 from organisation_members join organisations on id = organisation_id where organisation_id = ? and person_id = ? and joined_at is not null and closed_at is null";
  return (await recordsOf(regionOf(id)).prepare(query).bind(id, actor.person).first()) !== null;
}

export function invalid(pointer: string, code: string, message: string): Problem {
  return problem("invalid", undefined, { errors: [{ pointer, code, message } satisfies FieldError] });
}
