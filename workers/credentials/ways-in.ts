import type { PersonId } from "../../shared/id";
import { type Problem, problem } from "../../shared/problem";

/** What opens an account alone. A second factor does not. */
export type WayIn = "passkey" | "identity";

/**
 * SQL condition: the person can sign in without the named row, so that nobody takes away their last way in.
 *
 * @param person SQL that names the person's id
 * @param id SQL that names the id of the passkey or identity: a parameter, or the column of an aliased table
 */
export function hasOtherWayIn(way: WayIn, person: string, id: string): string {
  const but = (kind: WayIn) => (kind === way ? ` and id <> ${id}` : "");
  return `(exists (select 1 from credentials where person_id = ${person} and password_hash not like '!%')
    or exists (select 1 from passkeys where person_id = ${person}${but("passkey")})
    or exists (select 1 from identities where person_id = ${person}${but("identity")}))`;
}

/**
 * Takes away the passkeys and identities of an account whose mailbox is proven for the first time, as statements of the caller's batch
 * before it notes the proof. Whoever registered with a stranger's address may have left them behind to come back by. A second factor stays: it
 * lets nobody in, and a reset must not get around it.
 */
export function dropUnproven(records: D1Database, person: PersonId, passwordHash: string): D1PreparedStatement[] {
  return ["passkeys", "identities"].map((table) =>
    records
      .prepare(
        `delete from ${table} where person_id = ?1
         and exists (select 1 from credentials where person_id = ?1 and password_hash = ?2 and email_verified_at is null)`,
      )
      .bind(person, passwordHash),
  );
}

/** The refusal to take away the last way in. */
export function lastWayIn(): Problem {
  return problem("conflict", "This is your only way to sign in. Choose a password or add another way first.");
}
