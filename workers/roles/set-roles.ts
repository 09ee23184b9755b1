import { regionOf } from "../../shared/id";
import { problem } from "../../shared/problem";
import type { Role } from "../../shared/roles";
import { notifyOwner } from "../credentials";
import { appendSecurityEvent } from "../security";
import { type Account, openAccount } from "./open-account";
import type { RolePorts } from "./ports";
import { type Held, heldBy, inOrder, tagOf } from "./read-roles";

/** Whether the person is not the only administrator of the region. Their index holds administrators alone. */
const HAS_ANOTHER_ADMIN = `exists (select 1 from people as other where instr(other.roles, '"admin"') > 0 and other.id <> ?1)`;

/** Sets the list where it is still the one that was read, and leaves the region an administrator. */
export const SET_ROLES = `update people set roles = ?2, updated_at = ?4 where id = ?1 and roles = ?3
  and (instr(?2, '"admin"') > 0 or instr(roles, '"admin"') = 0 or ${HAS_ANOTHER_ADMIN})`;

/**
 * Sets what roles somebody holds, the whole list at once. It counts for their very next request; they get a letter, and find the line in
 * their access log; the region's security events name both by their ids.
 *
 * Problems: `not_found`, `step_up_required`, `session_ended`; `precondition_failed` for another list than the one that was read;
 * `conflict` where nobody in the region could give roles any more; `unavailable` where a stream that the person watches could not be closed
 * yet, or the event not be written down, although the roles have changed.
 *
 * @param requireFresh throws where the caller has not proven themselves lately; asked before anything is logged as allowed
 */
export async function setRoles(
  ports: RolePorts,
  id: string,
  {
    roles,
    ifMatch,
    requireFresh,
  }: { readonly roles: readonly Role[]; readonly ifMatch: string | undefined; readonly requireFresh: () => Promise<void> },
): Promise<Held> {
  const account = await openAccount(ports, id, requireFresh);
  const { actor, person, vault } = account;
  const wanted = inOrder(roles);
  await vault.administer(actor, "manage", wanted);
  if (ifMatch === undefined) {
    const message = "Send the entity tag of the list that you read.";
    throw problem("invalid", undefined, { errors: [{ pointer: "/if-match", code: "missing", message }] });
  }
  const before = await heldBy(ports, account);
  if (before.etag !== ifMatch) throw problem("precondition_failed");
  const stored = JSON.stringify(wanted);
  const { meta } = await ports.recordsOf(regionOf(person)).prepare(SET_ROLES).bind(person, stored, before.stored, ports.now()).run();
  if (meta.changes !== 1) {
    if ((await heldBy(ports, account)).stored !== before.stored) throw problem("precondition_failed");
    throw problem("conflict", "The region would be left without an administrator.");
  }
  if (tagOf(wanted) !== before.etag) {
    notifyOwner(ports.credentials, person, "roles_changed");
    const detail = { person, roles: wanted.join(" ") };
    await Promise.all([
      appendSecurityEvent(ports.securityOf(regionOf(person)), { kind: "role_changed", actor: actor.person, detail }),
      closeStreams(vault),
    ]);
  }
  return { held: { person, roles: wanted }, etag: tagOf(wanted), stored };
}

async function closeStreams(vault: Account["vault"]): Promise<void> {
  try {
    await vault.rolesChanged();
  } catch {
    throw problem("unavailable", "The roles have changed, but not all places know yet.", { retryAfter: 1 });
  }
}
