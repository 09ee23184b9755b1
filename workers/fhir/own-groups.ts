import * as z from "zod";
import type { PersonId } from "../../shared/id";
import { REGIONS, type Region } from "../../shared/region";
import { STILL_SHARES } from "../partners";

export const ownGroupsSchema = z
  .object({
    items: z.array(
      z.object({
        id: z.string().meta({ example: "grp_eu_01kad7wjcm0000000000000000" }),
        organisation: z.object({ id: z.string(), name: z.string() }),
        since: z.iso.datetime(),
      }),
    ),
  })
  .meta({ id: "OwnGroups" });

/** The groups of organisations in which somebody is, of all regions. */
export async function ownGroups(recordsOf: (region: Region) => D1Database, person: PersonId): Promise<z.infer<typeof ownGroupsSchema>> {
  const found = await Promise.all(
    REGIONS.map(
      async (region) =>
        await recordsOf(region)
          .prepare(
            `select fhir_groups.id, organisations.id as organisation, organisations.name, fhir_group_members.added_at
             from fhir_group_members join fhir_groups on fhir_groups.id = fhir_group_members.group_id
             join organisations on organisations.id = fhir_groups.organisation_id
             where fhir_group_members.person_id = ?1 and organisations.closed_at is null and ${STILL_SHARES} order by fhir_groups.id limit 200`,
          )
          .bind(person)
          .all<{ id: string; organisation: string; name: string; added_at: number }>(),
    ),
  );
  return {
    items: found.flatMap(({ results }) =>
      results.map(({ id, organisation, name, added_at }) => ({
        id,
        organisation: { id: organisation, name },
        since: new Date(added_at).toISOString(),
      })),
    ),
  };
}
