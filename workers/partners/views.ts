import { regionOf } from "../../shared/id";
import type { Member } from "./manage-members";
import type { Membership } from "./membership";
import type { MemberView, OrganisationView } from "./schemas";

/** An organisation as one of its members sees it. */
export function organisationView({ organisation, name, role, joined, createdAt }: Membership): OrganisationView {
  return { id: organisation, name, region: regionOf(organisation), role, state: joined ? "member" : "invited", createdAt: iso(createdAt) };
}

/** A member on the wire. */
export function memberView({ id, name, role, invitedAt, joinedAt }: Member): MemberView {
  const joined = joinedAt === null ? null : iso(joinedAt);
  return { person: { id, name }, role, state: joined === null ? "invited" : "member", invitedAt: iso(invitedAt), joinedAt: joined };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
