import * as z from "zod";
import type { Terms } from "../../shared/challenges/terms";
import type { PersonActor } from "../../shared/context";
import { type ChallengeId, parseId, type PersonId, regionOf } from "../../shared/id";
import { notFound, problem } from "../../shared/problem";
import { readerOf } from "../consents";
import type { ChallengePorts } from "./ports";
import { JOININGS, TEAMS_BY, VISIBILITIES } from "./schemas";

const json = <T>() => z.string().transform((text) => JSON.parse(text) as T);

const rowSchema = z.object({
  id: z.string(),
  state: z.enum(["draft", "open", "ended", "cancelled"]),
  title: z.string(),
  description: z.string(),
  visibility: z.enum(VISIBILITIES),
  audience: z.string().nullable(),
  joining: z.enum(JOININGS),
  terms: json<Terms>(),
  starts_at: z.number(),
  ends_at: z.number(),
  places: z.number(),
  taken: z.number(),
  most_in_team: z.number().nullable(),
  rewards: json<readonly Reward[]>(),
  version: z.number(),
  created_at: z.number(),
  updated_at: z.number(),
  due_at: z.number().nullable(),
  /** 0 none, 1 wanted, 2 open. */
  has_room: z.number(),
  teams_by: z.enum(TEAMS_BY),
});
export type ChallengeRow = z.output<typeof rowSchema>;

/** A pointer to a reward, and who is given it. */
export interface Reward {
  readonly reward: string;
  readonly ranks?: number | undefined;
  readonly whoReach?: boolean | undefined;
}

export const COLUMNS =
  "id, state, title, description, visibility, audience, joining, terms, starts_at, ends_at, places, taken, most_in_team, rewards, version, created_at, updated_at, due_at, has_room, teams_by";

/** SQL condition that a challenge `c` is of nobody in the list of people that is bound at a place. */
export const notOf = (place: string) =>
  `not exists (select 1 from challenge_owners h where h.challenge_id = c.id and h.person_id in (select value from json_each(${place})))`;

export function challengeRow(row: unknown): ChallengeRow {
  return rowSchema.parse(row);
}

const PART_STATES = ["requested", "joining", "active", "left", "removed", "refused"] as const;
export type PartState = (typeof PART_STATES)[number];
export const partStateSchema = z.enum(PART_STATES);

/** A challenge as the records have it, and what the actor is in it. */
export interface Found {
  readonly id: ChallengeId;
  readonly row: ChallengeRow;
  readonly owner: PersonId | undefined;
  readonly isOwner: boolean;
  readonly isModerator: boolean;
  readonly isInvited: boolean;
  /** By name, and not with a group. */
  readonly isInvitedByName: boolean;
  readonly part: PartRow | undefined;
  readonly actor: PersonActor;
}

const partSchema = z.object({
  state: partStateSchema,
  alias: z.string().nullable(),
  ranking: z.enum(["anonymous", "public"]),
  name: z.string().nullable(),
  team_id: z.string().nullable(),
  in_room: z.number(),
  tells_rank: z.number(),
});
export type PartRow = Readonly<z.output<typeof partSchema>>;

/** One challenge, its owner, the actor's part and their invitations. */
export const FIND = {
  challenge: `select ${COLUMNS} from fitness_challenges where id = ?1`,
  owner: "select person_id from challenge_owners where challenge_id = ?1",
  part: "select state, alias, ranking, name, team_id, in_room, tells_rank from challenge_people where challenge_id = ?1 and person_id = ?2",
  invitation: "select 1 as found from challenge_invitations where challenge_id = ?1 and person_id = ?2",
  groups: "select group_id from challenge_invitations where challenge_id = ?1 and person_id = ''",
} as const;

/**
 * A challenge that the actor may see: their own, one that they take part in or are invited to, and one that is open to them. Problem
 * `not_found` for everything else, and where its owner and the actor have blocked each other.
 */
export async function findChallenge(ports: ChallengePorts, text: string): Promise<Found> {
  const { recordsOf, social } = ports;
  const actor = await readerOf(recordsOf, ports.actor, ports.now());
  const id = parseId("challenge", text);
  if (id === undefined) throw notFound("challenge");
  const records = recordsOf(regionOf(id));
  const [challenge, owners, parts, invitations, groups] = await records.batch<Record<string, string>>([
    records.prepare(FIND.challenge).bind(id),
    records.prepare(FIND.owner).bind(id),
    records.prepare(FIND.part).bind(id, actor.person),
    records.prepare(FIND.invitation).bind(id, actor.person),
    records.prepare(FIND.groups).bind(id),
  ]);
  if (challenge?.results[0] === undefined) throw notFound("challenge");
  const row = challengeRow(challenge.results[0]);
  const owner = parseId("person", owners?.results[0]?.["person_id"] ?? "");
  const isOwner = owner === actor.person;
  const isModerator = social.isModerator(actor);
  const part = partSchema.optional().parse(parts?.results[0]);
  const isInvitedByName = (invitations?.results.length ?? 0) > 0;
  const invitedGroups = groups?.results.map((group) => group["group_id"] ?? "") ?? [];
  const isInvited = isInvitedByName || (!isOwner && (await isInOneOf(ports, actor.person, invitedGroups)));
  const found: Found = { id, row, owner, isOwner, isModerator, isInvited, isInvitedByName, part, actor };
  if (isOwner) return found;
  if (row.state === "draft" || (owner !== undefined && (await social.areBlocked(owner, actor.person)))) throw notFound("challenge");
  const takesPart = part !== undefined && part.state !== "refused" && part.state !== "removed";
  if (isModerator || isInvited || takesPart || (await isOpenTo(ports, row, owner, actor.person))) return found;
  throw notFound("challenge");
}

/** The same for whoever decides about it: problem `not_found` for everybody but its owner. */
export async function ownChallenge(ports: ChallengePorts, text: string): Promise<Found> {
  const found = await findChallenge(ports, text);
  if (!found.isOwner) throw found.isModerator ? problem("forbidden", "A challenge is its owner's.") : notFound("challenge");
  return found;
}

async function isInOneOf({ social }: ChallengePorts, person: PersonId, groups: readonly string[]): Promise<boolean> {
  if (groups.length === 0) return false;
  const own = new Set<string>(await social.groupsOf(person));
  return groups.some((group) => own.has(group));
}

/** Whether somebody sees a challenge by its visibility alone. */
async function isOpenTo(ports: ChallengePorts, row: ChallengeRow, owner: PersonId | undefined, person: PersonId): Promise<boolean> {
  switch (row.visibility) {
    case "public":
      return true;
    case "friends":
      return owner !== undefined && (await ports.social.areFriends(owner, person));
    case "group":
      return row.audience !== null && (await ports.social.isInGroup(row.audience, person));
    case "organisation":
      return row.audience !== null && (await isOfOrganisation(ports, row.audience, person));
    case "private":
      return false;
  }
}

/** Who works at an organisation, or shares something with it: the members and the clients of a gym. */
export async function isOfOrganisation(
  { recordsOf }: Pick<ChallengePorts, "recordsOf">,
  organisation: string,
  person: PersonId,
): Promise<boolean> {
  const id = parseId("organisation", organisation);
  if (id === undefined) return false;
  return (await recordsOf(regionOf(id)).prepare(OF_ORGANISATION).bind(id, person).first()) !== null;
}

export const OF_ORGANISATION = `select 1 from organisations where id = ?1 and closed_at is null and (
  exists (select 1 from organisation_members where organisation_id = ?1 and person_id = ?2 and joined_at is not null)
  or exists (select 1 from shared_with_partners where grantee_id = ?1 and owner_id = ?2))`;

/** The actor's name in their own region's records. */
export async function ownName({ recordsOf, actor }: Pick<ChallengePorts, "recordsOf" | "actor">): Promise<string> {
  const row = await recordsOf(regionOf(actor.person))
    .prepare("select name from people where id = ?")
    .bind(actor.person)
    .first<{ name: string }>();
  return row?.name ?? "";
}
