import { regionOf } from "../../shared/id";
import { notFound } from "../../shared/problem";
import { ROLE_NAMES, type Role } from "../../shared/roles";
import { rolesIn } from "../consents";
import { type Account, openAccount } from "./open-account";
import type { RolePorts } from "./ports";
import type { HeldRoles } from "./schemas";

/** A list of roles and the entity tag under which it may be changed. */
export interface Held {
  readonly held: HeldRoles;
  readonly etag: string;
  /** As it lies in the records. */
  readonly stored: string;
}

/** What roles somebody holds, for an administrator. Problems `not_found`, `step_up_required`, `session_ended`. */
export async function readRoles(ports: RolePorts, id: string, requireFresh: () => Promise<void>): Promise<Held> {
  const account = await openAccount(ports, id, requireFresh);
  await account.vault.administer(account.actor, "read", []);
  return await heldBy(ports, account);
}

/** The roles as they are stored now. */
export async function heldBy({ recordsOf }: RolePorts, { person }: Account): Promise<Held> {
  const stored = await recordsOf(regionOf(person)).prepare("select roles from people where id = ?").bind(person).first<string>("roles");
  if (stored === null) throw notFound("person");
  const roles = inOrder(rolesIn(stored));
  return { held: { person, roles }, etag: tagOf(roles), stored };
}

/** Roles in the order of the table, each once. */
export function inOrder(roles: readonly Role[]): Role[] {
  return ROLE_NAMES.filter((role) => roles.includes(role));
}

/** The list itself is its tag: the same list is the same version, whatever was between. */
export function tagOf(roles: readonly Role[]): string {
  return `"${roles.join(".")}"`;
}
