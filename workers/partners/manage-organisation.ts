import { newId } from "../../shared/id";
import { problem } from "../../shared/problem";
import { LIVE_SESSION, requireSession, sessionGuard } from "../sessions";
import {
  findMembership,
  type Membership,
  membershipOf,
  type MembershipRow,
  requireManager,
  requireProof,
  SELECT_MEMBERSHIP,
} from "./membership";
import type { PartnerPorts } from "./ports";

/** So many one person may own: more is a mistake or a flood. */
const MOST_OWNED = 20;

/** Makes an organisation in the actor's region, with them as its owner. Problems `session_ended`, `step_up_required`, `conflict`. */
export async function createOrganisation(ports: PartnerPorts, name: string): Promise<Membership> {
  const { records, actor, region } = ports;
  const now = ports.now();
  if (!(await ports.isProven())) {
    const [guard] = await records.batch([sessionGuard(records, actor, now)]);
    requireSession(guard);
    await requireProof(ports);
  }
  const id = newId("organisation", region, now, ports.random);
  const [guard, written] = await records.batch([
    sessionGuard(records, actor, now),
    records
      .prepare(
        `insert into organisations (id, name, created_at, updated_at)
         select ?4, ?5, ?3, ?3 where ${LIVE_SESSION} and (
           select count(*) from organisation_members join organisations on organisations.id = organisation_members.organisation_id
           where organisation_members.person_id = ?2 and organisation_members.role = 'owner' and organisations.closed_at is null) < ${MOST_OWNED}`,
      )
      .bind(actor.session, actor.person, now, id, name),
    records
      .prepare(
        `insert into organisation_members (organisation_id, person_id, role, invited_at, joined_at)
         select id, ?2, 'owner', ?3, ?3 from organisations where id = ?1`,
      )
      .bind(id, actor.person, now),
  ]);
  requireSession(guard);
  if (written?.meta.changes !== 1) throw problem("conflict", "You own too many organisations already. Close one.");
  return { organisation: id, name, createdAt: now, role: "owner", joined: true };
}

/** The organisations of the actor, and those that have invited them, oldest first. */
export async function listOrganisations({ records, actor, now }: PartnerPorts): Promise<Membership[]> {
  const [guard, rows] = await records.batch<MembershipRow>([
    sessionGuard(records, actor, now()),
    records.prepare(`${SELECT_MEMBERSHIP} order by organisation_members.organisation_id`).bind(actor.person),
  ]);
  requireSession(guard);
  return (rows?.results ?? []).map(membershipOf).filter((found) => found !== undefined);
}

/** One organisation; problem `not_found`. */
export async function readOrganisation(ports: PartnerPorts, id: string): Promise<Membership> {
  return await findMembership(ports, id);
}

/** Gives it another name; problems `not_found`, `forbidden`, `step_up_required`. */
export async function renameOrganisation(ports: PartnerPorts, id: string, name: string): Promise<Membership> {
  const found = await requireManager(ports, id, "rename");
  await ports.records
    .prepare("update organisations set name = ?2, updated_at = ?3 where id = ?1 and closed_at is null")
    .bind(found.organisation, name, ports.now())
    .run();
  return { ...found, name };
}

/**
 * Closes it for good: its clients get no further with the next call, its webhooks and its accounts at vendors are gone, and nobody can give it a consent.
 * Consents that it has stay with the people who gave them, and let nobody in. Problems `not_found`, `forbidden`, `step_up_required`.
 */
export async function closeOrganisation(ports: PartnerPorts, id: string): Promise<void> {
  const { organisation } = await requireManager(ports, id, "close");
  const { records } = ports;
  const now = ports.now();
  await records.batch([
    records.prepare("update organisations set closed_at = ?2, updated_at = ?2 where id = ?1 and closed_at is null").bind(organisation, now),
    records
      .prepare("update clients set revoked_at = ?2, updated_at = ?2 where organisation_id = ?1 and revoked_at is null")
      .bind(organisation, now),
    records
      .prepare(
        "delete from shared_with_partners where grantee_id = ?1 or grantee_id in (select id from clients where organisation_id = ?1)",
      )
      .bind(organisation),
    records.prepare("delete from webhook_endpoints where organisation_id = ?").bind(organisation),
    // The clock lets the connections know.
    records
      .prepare(
        `update vendor_credentials set removed_at = ?2, updated_at = ?2, sealed = null, key_version = null, revision = revision + 1, told_to = ''
         where organisation_id = ?1 and removed_at is null`,
      )
      .bind(organisation, now),
  ]);
}
