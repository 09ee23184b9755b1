import { type OrganisationId, parseId } from "../../shared/id";
import { notFound, problem } from "../../shared/problem";
import { requireSession, sessionGuard } from "../sessions";
import type { PartnerPorts } from "./ports";
import { type Deed, may, type OrganisationRole } from "./roles";

/** An organisation, and what the actor is there. */
export interface Membership {
  readonly organisation: OrganisationId;
  readonly name: string;
  readonly createdAt: number;
  readonly role: OrganisationRole;
  /** False while the invitation waits. */
  readonly joined: boolean;
}

export interface MembershipRow {
  readonly id: string;
  readonly name: string;
  readonly created_at: number;
  readonly role: OrganisationRole;
  readonly joined_at: number | null;
}

/** The organisations of a person that are not closed; add conditions and an order. */
export const SELECT_MEMBERSHIP = `select organisations.id, organisations.name, organisations.created_at, organisation_members.role, organisation_members.joined_at
  from organisation_members join organisations on organisations.id = organisation_members.organisation_id
  where organisation_members.person_id = ?1 and organisations.closed_at is null`;

/**
 * What the actor is in an organisation, with their session checked in the same round trip. Problems `session_ended`, and `not_found` for
 * whoever is neither a member nor invited: the organisation looks as if it did not exist.
 */
export async function findMembership(ports: PartnerPorts, id: string): Promise<Membership> {
  const { records, actor } = ports;
  const organisation = parseId("organisation", id);
  const [guard, rows] = await records.batch<MembershipRow>([
    sessionGuard(records, actor, ports.now()),
    records.prepare(`${SELECT_MEMBERSHIP} and organisations.id = ?2`).bind(actor.person, organisation ?? ""),
  ]);
  requireSession(guard);
  const row = rows?.results[0];
  const found = row === undefined ? undefined : membershipOf(row);
  if (found === undefined) throw notFound("organisation");
  return found;
}

/** As `findMembership`, for somebody who is to do something: problem `forbidden` where their role is not enough. */
export async function requireMembership(ports: PartnerPorts, id: string, deed: Deed): Promise<Membership> {
  const found = await findMembership(ports, id);
  if (!found.joined) throw notFound("organisation");
  if (!may(found.role, deed)) throw problem("forbidden", `Your role in the organisation is ${found.role}.`);
  return found;
}

/**
 * As `requireMembership`, for changes: problem `step_up_required` for whoever has not just proven themselves with two factors. Asked
 * last, so that it tells strangers nothing.
 */
export async function requireManager(ports: PartnerPorts, id: string, deed: Deed): Promise<Membership> {
  const found = await requireMembership(ports, id, deed);
  await requireProof(ports);
  return found;
}

/** Problem `step_up_required` without a fresh proof by two factors. */
export async function requireProof({ isProven }: PartnerPorts): Promise<void> {
  if (await isProven()) return;
  const detail = "Prove who you are with a second factor: a passkey, or an authenticator app and POST /v1/sessions/step-up.";
  throw problem("step_up_required", detail);
}

/** A stored row, or undefined where its id is none. */
export function membershipOf(row: MembershipRow): Membership | undefined {
  const organisation = parseId("organisation", row.id);
  if (organisation === undefined) return undefined;
  return { organisation, name: row.name, createdAt: row.created_at, role: row.role, joined: row.joined_at !== null };
}
