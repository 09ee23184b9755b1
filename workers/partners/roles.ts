/** What somebody may be in an organisation. */
export const ORGANISATION_ROLES = ["owner", "admin", "member"] as const;
export type OrganisationRole = (typeof ORGANISATION_ROLES)[number];

/** What members may do there, by their role. Closing it, and owners, are for owners. */
const MAY = {
  read: ["owner", "admin", "member"],
  rename: ["owner", "admin"],
  manage_clients: ["owner", "admin"],
  manage_webhooks: ["owner", "admin"],
  manage_groups: ["owner", "admin", "member"],
  manage_vendors: ["owner", "admin"],
  manage_rewards: ["owner", "admin"],
  redeem_vouchers: ["owner", "admin", "member"],
  manage_members: ["owner", "admin"],
  manage_owners: ["owner"],
  close: ["owner"],
} as const satisfies Readonly<Record<string, readonly OrganisationRole[]>>;
export type Deed = keyof typeof MAY;

/** Whether a role is enough for something. */
export function may(role: OrganisationRole, deed: Deed): boolean {
  return (MAY[deed] as readonly OrganisationRole[]).includes(role);
}

/** What it takes to give somebody a role, or to take it away. */
export function deedFor(role: OrganisationRole): Deed {
  return role === "member" ? "manage_members" : "manage_owners";
}
