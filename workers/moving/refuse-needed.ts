import type { PersonId } from "../../shared/id";
import { problem } from "../../shared/problem";

/** What somebody who leaves a region has to hand over or to close first, and how it is found. */
export const NEEDED: readonly { readonly query: string; readonly detail: string }[] = [
  {
    query: `select 1 from organisation_members as mine join organisations on organisations.id = mine.organisation_id
      where mine.person_id = ?1 and mine.role = 'owner' and mine.joined_at is not null and organisations.closed_at is null
      and not exists (
        select 1 from organisation_members as other where other.organisation_id = mine.organisation_id and other.person_id <> ?1
        and other.role = 'owner' and other.joined_at is not null
      ) limit 1`,
    detail: "You are the last owner of an organisation, which stays in its region: make somebody else one first, or close it.",
  },
  {
    query: "select 1 from programmes where researcher_id = ?1 and state = 'open' limit 1",
    detail: "You lead an open research programme, which stays in its region: close it first.",
  },
  {
    query: `select 1 from people where id = ?1 and instr(roles, '"admin"') > 0
      and not exists (select 1 from people as other where instr(other.roles, '"admin"') > 0 and other.id <> ?1)`,
    detail: "The region would be left without an administrator.",
  },
];

/** Problem `conflict` for somebody whom others of the region depend on. */
export async function refuseTheNeeded(records: D1Database, person: PersonId): Promise<void> {
  const found = await records.batch(NEEDED.map(({ query }) => records.prepare(query).bind(person)));
  const needed = NEEDED.find((_, i) => (found[i]?.results.length ?? 0) > 0);
  if (needed !== undefined) throw problem("conflict", needed.detail);
}
