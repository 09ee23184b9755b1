import { type ChallengeId, regionOf } from "../../shared/id";
import type { WorkPorts } from "./ports";

/** Anonymous people stand among so many at least, or are not shown: an alias among few tells whose it is. */
export const LEAST_ANONYMOUS = 5;

export const ANONYMOUS_QUERY = `select count(*) as n from (select 1 from challenge_people indexed by challenge_people_anonymous
  where challenge_id = ?1 and state = 'active' and ranking = 'anonymous' limit ?2)`;

/** Whether those who take part in a challenge without a name are too few to be shown to others. Where everybody shows a name, nobody is. */
export async function isVeiled(ports: Pick<WorkPorts, "recordsOf">, id: ChallengeId): Promise<boolean> {
  return isFew(await anonymousOf(ports, id));
}

/** How many take part in a challenge without a name, counted to five. */
export async function anonymousOf({ recordsOf }: Pick<WorkPorts, "recordsOf">, id: ChallengeId): Promise<number> {
  return (await recordsOf(regionOf(id)).prepare(ANONYMOUS_QUERY).bind(id, LEAST_ANONYMOUS).first<number>("n")) ?? 0;
}

/** Whether so many anonymous people are some, and too few. */
export function isFew(anonymous: number): boolean {
  return anonymous > 0 && anonymous < LEAST_ANONYMOUS;
}

/** How many of each team show no name; of all under `everybody`. */
export async function anonymousIn({ recordsOf }: Pick<WorkPorts, "recordsOf">, id: ChallengeId): Promise<ReadonlyMap<string, number>> {
  const { results } = await recordsOf(regionOf(id)).prepare(ANONYMOUS_BY_TEAM_QUERY).bind(id).all<{ team_id: string | null; n: number }>();
  const all = results.reduce((sum, { n }) => sum + n, 0);
  return new Map([
    ...results.flatMap(({ team_id, n }): [string, number][] => (team_id === null ? [] : [[team_id, n]])),
    ["everybody", all],
  ]);
}

export const ANONYMOUS_BY_TEAM_QUERY = `select team_id, count(*) as n from challenge_people indexed by challenge_people_anonymous
  where challenge_id = ? and state = 'active' and ranking = 'anonymous' group by team_id`;
