import { unitOf } from "../../shared/achievements/definitions";
import { type OrganisationDefinition, organisationDefinition, ruleSchema } from "../../shared/achievements/own-rules";
import type { Rule } from "../../shared/achievements/definitions";
import { newId, parseId, regionOf } from "../../shared/id";
import { notFound, problem } from "../../shared/problem";
import { type PartnerPorts, requireMembership } from "../partners";
import type { RewardPorts } from "./ports";
import type { NewAchievement, OrganisationAchievementView } from "./schemas";

/** So many an organisation may have at once. */
const MOST_OPEN = 100;

interface Row {
  readonly id: string;
  readonly organisation_id: string;
  readonly title: string;
  readonly body: string;
  readonly rule: string;
  readonly steps: string;
  readonly created_at: number;
}

const COLUMNS = "id, organisation_id, title, body, rule, steps, created_at";
export const OPEN_OF_ORGANISATION = `select ${COLUMNS} from organisation_achievements where organisation_id = ?1 and closed_at is null order by id limit 200`;

/** Defines an achievement of an organisation, in its region. Problems `not_found`, `forbidden`, `conflict` past the limit. */
export async function defineAchievement(
  ports: PartnerPorts,
  organisationId: string,
  body: NewAchievement,
): Promise<OrganisationAchievementView> {
  const { organisation } = await requireMembership(ports, organisationId, "manage_rewards");
  const { records } = ports;
  const id = newId("achievement", ports.region, ports.now(), ports.random);
  const { meta } = await records
    .prepare(
      `insert into organisation_achievements (${COLUMNS}) select ?1, ?2, ?3, ?4, ?5, ?6, ?7
       where (select count(*) from organisation_achievements where organisation_id = ?2 and closed_at is null) < ${MOST_OPEN}`,
    )
    .bind(id, organisation, body.title, body.text, JSON.stringify(body.rule), JSON.stringify(body.steps), ports.now())
    .run();
  if (meta.changes !== 1) throw problem("conflict", `An organisation has at most ${MOST_OPEN} achievements.`);
  const row = await records.prepare(`select ${COLUMNS} from organisation_achievements where id = ?`).bind(id).first<Row>();
  if (row === null) throw notFound("achievement");
  return viewOf(row);
}

/** Takes one back: nobody takes it up any more; who has goes on. Idempotent. Problems `not_found`, `forbidden`. */
export async function closeAchievement(ports: PartnerPorts, organisationId: string, id: string): Promise<void> {
  const { organisation } = await requireMembership(ports, organisationId, "manage_rewards");
  const { meta } = await ports.records
    .prepare("update organisation_achievements set closed_at = coalesce(closed_at, ?3) where id = ?1 and organisation_id = ?2")
    .bind(id, organisation, ports.now())
    .run();
  if (meta.changes === 0) throw notFound("achievement");
}

/** What an organisation gives its people to achieve, for those people. Problem `not_found` for everybody else. */
export async function listAchievements(ports: RewardPorts, organisationId: string): Promise<OrganisationAchievementView[]> {
  await ports.vault.admit(ports.actor, { action: "read", resource: "achievement" });
  const organisation = parseId("organisation", organisationId);
  if (organisation === undefined || !(await isOf(ports, organisation))) throw notFound("organisation");
  const { results } = await ports.recordsOf(regionOf(organisation)).prepare(OPEN_OF_ORGANISATION).bind(organisation).all<Row>();
  return results.map(viewOf);
}

/** Takes one up: from now on the actor's vault computes it, and tells nobody. Done already is fine. Problems `not_found`, `conflict`. */
export async function takeUp(ports: RewardPorts, text: string): Promise<void> {
  await ports.vault.admit(ports.actor, { action: "manage", resource: "achievement" });
  const id = parseId("achievement", text);
  const row =
    id === undefined
      ? null
      : await ports
          .recordsOf(regionOf(id))
          .prepare(`select ${COLUMNS} from organisation_achievements where id = ? and closed_at is null`)
          .bind(id)
          .first<Row>();
  if (row === null || !(await isOf(ports, row.organisation_id))) throw notFound("achievement");
  await ports.vault.adoptAchievement(ports.actor, definitionIn(row));
}

/** Who works at an organisation, or shares something with it: the staff and the clients of a gym. */
const OF_ORGANISATION = `select 1 from organisations where id = ?1 and closed_at is null and (
  exists (select 1 from organisation_members where organisation_id = ?1 and person_id = ?2 and joined_at is not null)
  or exists (select 1 from shared_with_partners where grantee_id = ?1 and owner_id = ?2))`;

async function isOf({ recordsOf, actor }: RewardPorts, text: string): Promise<boolean> {
  const organisation = parseId("organisation", text);
  if (organisation === undefined) return false;
  return (await recordsOf(regionOf(organisation)).prepare(OF_ORGANISATION).bind(organisation, actor.person).first()) !== null;
}

function definitionIn(row: Row): OrganisationDefinition {
  return organisationDefinition({
    id: row.id,
    organisation: row.organisation_id,
    title: row.title,
    text: row.body,
    rule: ruleSchema.parse(JSON.parse(row.rule)) as Rule,
    steps: JSON.parse(row.steps) as number[],
  });
}

function viewOf(row: Row): OrganisationAchievementView {
  const { id, organisation, title, text, rule, steps } = definitionIn(row);
  return {
    id,
    organisation,
    title,
    text,
    rule: { ...rule },
    unit: unitOf({ id, title, text, rule, steps }),
    steps: steps.map(({ at }) => at),
    createdAt: new Date(row.created_at).toISOString(),
  };
}
