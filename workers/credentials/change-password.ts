import type { PersonActor } from "../../shared/context";
import { checkPassword, hashPassword } from "../../shared/crypto/password";
import { passwordFault } from "../../shared/crypto/password-rules";
import { regionOf } from "../../shared/id";
import { problem } from "../../shared/problem";
import { endOthers, LIVE_SESSION, requireSession, sessionGuard, tellEnded } from "../sessions";
import { beginAttempt } from "./attempts";
import { notifyOwner, readAddress } from "./notify";
import type { CredentialPorts } from "./ports";

export interface PasswordChange {
  readonly actor: PersonActor;
  /** The caller has proven who they are within the last minutes. */
  readonly fresh: boolean;
  readonly currentPassword: string | undefined;
  readonly newPassword: string;
}

/**
 * Replaces the person's password and ends all their other sessions, in the records and at the vault. Needs the present password, whose
 * checking counts as an attempt at the account, or a fresh proof of identity.
 *
 * Problems: `step_up_required`; `invalid` for a wrong present or a weak new password; `locked`; `conflict` where the password was
 * replaced meanwhile; `session_ended`; `unavailable`.
 */
export async function changePassword(ports: CredentialPorts, change: PasswordChange): Promise<void> {
  const { actor, currentPassword, newPassword } = change;
  const region = regionOf(actor.person);
  const { records, keys } = ports.stores(region);
  const [guard, rows] = await records.batch<{ name: string; password_hash: string }>([
    sessionGuard(records, actor, ports.now()),
    records
      .prepare("select name, password_hash from credentials join people on people.id = credentials.person_id where person_id = ?")
      .bind(actor.person),
  ]);
  requireSession(guard);
  const row = rows?.results[0];
  if (row === undefined) throw problem("session_ended");
  if (currentPassword === undefined && !change.fresh) {
    throw problem("step_up_required", "Give the present password, or sign in again.");
  }
  const fault = passwordFault(newPassword, { email: (await readAddress(ports, actor.person))?.email ?? "", name: row.name });
  if (fault !== undefined) throw problem("invalid", undefined, { errors: [{ pointer: "/newPassword", ...fault }] });

  if (currentPassword !== undefined) {
    const attempt = await beginAttempt(ports, region, actor.person);
    const { matches } = await checkPassword(currentPassword, row.password_hash, keys);
    if (!matches) {
      const message = "This is not the present password.";
      throw problem("invalid", undefined, { errors: [{ pointer: "/currentPassword", code: "wrong_password", message }] });
    }
    await attempt.halfWay();
  }

  const now = ports.now();
  const passwordHash = await hashPassword(newPassword, keys, ports.random);
  const [living, changed] = await records.batch([
    sessionGuard(records, actor, now),
    records
      .prepare(`update credentials set password_hash = ?4, changed_at = ?3 where person_id = ?2 and password_hash = ?5 and ${LIVE_SESSION}`)
      .bind(actor.session, actor.person, now, passwordHash, row.password_hash),
    endOthers(records, actor, now, "password_changed"),
  ]);
  requireSession(living);
  if (changed?.meta.changes !== 1) throw problem("conflict", "The password was replaced meanwhile.");
  notifyOwner(ports, actor.person, "password_changed");
  await tellEnded(ports, actor.person);
}
