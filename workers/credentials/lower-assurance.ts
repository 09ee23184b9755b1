import type { PersonActor } from "../../shared/context";

/**
 * Takes the second factor out of the actor's own session where they have none left, as a statement of the caller's batch, after the
 * removal: whoever works with other people's data must have one, not have had one.
 */
export function lowerAssurance(records: D1Database, actor: PersonActor): D1PreparedStatement {
  return records
    .prepare(
      `update sessions set acr = 'aal1' where id = ?1 and person_id = ?2
         and not exists (select 1 from totp where totp.person_id = ?2 and totp.confirmed_at is not null)
         and not exists (select 1 from passkeys where passkeys.person_id = ?2)`,
    )
    .bind(actor.session, actor.person);
}
