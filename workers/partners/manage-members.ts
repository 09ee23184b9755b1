import { parseId, type PersonId, regionOf } from "../../shared/id";
import { type FieldError, notFound, type Problem, problem } from "../../shared/problem";
import { findMembership, type Membership, requireManager, requireMembership } from "./membership";
import type { PartnerPorts } from "./ports";
import { deedFor, may, type OrganisationRole } from "./roles";

const MOST_MEMBERS = 200;

/** Somebody who works in an organisation, or is invited to. Times epoch ms. */
export interface Member {
  readonly id: string;
  readonly name: string;
  readonly role: OrganisationRole;
  readonly invitedAt: number;
  readonly joinedAt: number | null;
}

interface Row {
  id: string;
  name: string;
  role: OrganisationRole;
  invited_at: number;
  joined_at: number | null;
}

const SELECT = `select people.id, people.name, organisation_members.role, organisation_members.invited_at, organisation_members.joined_at
  from organisation_members join people on people.id = organisation_members.person_id where organisation_members.organisation_id = ?1`;

/** SQL condition: somebody else is an owner too, so that this one may go. */
const ANOTHER_OWNER =
  "exists (select 1 from organisation_members as other where other.organisation_id = ?1 and other.person_id <> ?2 and other.role = 'owner' and other.joined_at is not null)";

/** Everybody of the organisation, in order of their id; for members. */
export async function listMembers(ports: PartnerPorts, id: string): Promise<Member[]> {
  const { organisation } = await requireMembership(ports, id, "read");
  const { results } = await ports.records.prepare(`${SELECT} order by organisation_members.person_id`).bind(organisation).all<Row>();
  return results.map(memberOf);
}

/** Invites a registered person of the same region. Problems `invalid`, `conflict` for who is there already, and those of a manager. */
export async function inviteMember(ports: PartnerPorts, id: string, person: PersonId, role: OrganisationRole): Promise<Member> {
  const { organisation } = await requireManager(ports, id, deedFor(role));
  if (regionOf(person) !== ports.region) throw invalid("other_region", "An organisation and its people belong to one region.");
  const { records } = ports;
  const [known, written] = await records.batch([
    records.prepare("select 1 from people where id = ?1").bind(person),
    records
      .prepare(
        `insert into organisation_members (organisation_id, person_id, role, invited_at)
         select ?1, id, ?3, ?4 from people where id = ?2
         and (select count(*) from organisation_members where organisation_id = ?1) < ${MOST_MEMBERS} on conflict do nothing`,
      )
      .bind(organisation, person, role, ports.now()),
  ]);
  if (known?.results.length !== 1) throw invalid("unknown_person", "Nobody is registered under this id.");
  if (written?.meta.changes !== 1) throw problem("conflict", "This person is a member or invited already, or the organisation is full.");
  return await memberIn(ports, organisation, person);
}

/** Accepts the invitation; accepted already is fine. Problem `not_found` for who is not invited. */
export async function acceptInvitation(ports: PartnerPorts, id: string): Promise<Membership> {
  const found = await findMembership(ports, id);
  await ports.records
    .prepare("update organisation_members set joined_at = ?3 where organisation_id = ?1 and person_id = ?2 and joined_at is null")
    .bind(found.organisation, ports.actor.person, ports.now())
    .run();
  return { ...found, joined: true };
}

/** Gives a member another role. Problems `not_found`, `forbidden`, `step_up_required`, `conflict` for the last owner. */
export async function changeMember(ports: PartnerPorts, id: string, person: string, role: OrganisationRole): Promise<Member> {
  const { organisation } = await requireManager(ports, id, "manage_owners");
  const target = await memberIn(ports, organisation, person);
  const { meta } = await ports.records
    .prepare(
      `update organisation_members set role = ?3 where organisation_id = ?1 and person_id = ?2
       and (?3 = 'owner' or role <> 'owner' or joined_at is null or ${ANOTHER_OWNER})`,
    )
    .bind(organisation, target.id, role)
    .run();
  if (meta.changes !== 1) throw lastOwner();
  return { ...target, role };
}

/**
 * Removes a member, takes an invitation back, or leaves: oneself, anybody may remove. Problems `not_found`, `forbidden`, `step_up_required`,
 * `conflict` for the last owner.
 */
export async function removeMember(ports: PartnerPorts, id: string, person: string): Promise<void> {
  const isSelf = person === ports.actor.person;
  const found = isSelf ? await findMembership(ports, id) : await requireManager(ports, id, "manage_members");
  const target = await memberIn(ports, found.organisation, person);
  if (!isSelf && !may(found.role, deedFor(target.role))) throw problem("forbidden", "Only owners may remove owners and administrators.");
  const { meta } = await ports.records
    .prepare(
      `delete from organisation_members where organisation_id = ?1 and person_id = ?2 and role = ?3
       and (role <> 'owner' or joined_at is null or ${ANOTHER_OWNER})`,
    )
    .bind(found.organisation, target.id, target.role)
    .run();
  if (meta.changes !== 1) throw lastOwner();
}

async function memberIn({ records }: PartnerPorts, organisation: string, person: string): Promise<Member> {
  const row = await records
    .prepare(`${SELECT} and people.id = ?2`)
    .bind(organisation, parseId("person", person) ?? "")
    .first<Row>();
  if (row === null) throw notFound("member");
  return memberOf(row);
}

function memberOf({ id, name, role, invited_at, joined_at }: Row): Member {
  return { id, name, role, invitedAt: invited_at, joinedAt: joined_at };
}

function lastOwner(): Problem {
  return problem("conflict", "An organisation keeps an owner: make somebody else one first, or close it.");
}

function invalid(code: string, message: string): Problem {
  return problem("invalid", undefined, { errors: [{ pointer: "/person", code, message } satisfies FieldError] });
}
