import { unitOf } from "../../shared/challenges/measures";
import { type Period, periodFrom } from "../../shared/challenges/periods";
import type { ChallengeRow, Found, PartRow } from "./records";
import { roomIdOf } from "../messaging";
import type { ChallengeView } from "./schemas";

export const iso = (at: number): string => new Date(at).toISOString();

/** A challenge as it is shown to somebody. */
export function viewOf(
  found: Pick<Found, "row" | "isOwner" | "isInvited"> & { readonly part: Pick<PartRow, "state"> | undefined },
  now: number,
): ChallengeView {
  const { row, isOwner, isInvited, part } = found;
  const { terms } = row;
  const { schedule } = terms;
  return {
    id: row.id,
    state: row.state,
    title: row.title,
    description: row.description,
    kind: terms.kind,
    measure: { ...terms.measure },
    unit: unitOf(terms.measure) ?? null,
    operator: terms.operator,
    order: terms.order,
    goal: { ...terms.goal },
    trust: terms.trust,
    attempts: terms.attempts,
    schedule: {
      timeZone: schedule.zone,
      startsAt: iso(schedule.startsAt),
      endsAt: iso(schedule.endsAt),
      repeat: schedule.repeat,
      windowHours: schedule.windowS === null ? null : schedule.windowS / HOUR_S,
      lateHours: schedule.lateS / HOUR_S,
    },
    visibility: row.visibility,
    audience: row.audience,
    joining: row.joining,
    people: row.taken,
    mostPeople: row.places,
    mostInTeam: row.most_in_team,
    teamsBy: row.teams_by,
    rewards: row.rewards.map((reward) => ({ ...reward })),
    version: row.version,
    createdAt: iso(row.created_at),
    updatedAt: iso(row.updated_at),
    round: roundOf(row, now),
    room: row.has_room === 0 ? null : roomIdOf(row.id),
    isOwner,
    participation: part === undefined ? (isInvited ? "invited" : "none") : part.state === "joining" ? "active" : part.state,
  };
}

function roundOf({ terms, state }: ChallengeRow, now: number): ChallengeView["round"] {
  const period = state === "cancelled" ? undefined : periodFrom(terms.schedule, now);
  return period === undefined ? null : timesOf(period);
}

/** When a round opens, ends and closes, as text. */
export function timesOf({ opensAt, endsAt, closesAt }: Period) {
  return { opensAt: iso(opensAt), endsAt: iso(endsAt), closesAt: iso(closesAt) };
}

const HOUR_S = 3_600;
