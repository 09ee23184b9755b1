import { parseId, regionOf } from "../../shared/id";
import type { Region } from "../../shared/region";

/** The names of organisations, as pairs of id and name, by one question to each region's records. Others than organisations have none. */
export async function namesOf(records: (region: Region) => D1Database, ids: readonly string[]): Promise<(readonly [string, string])[]> {
  const known = [...new Set(ids)].filter((id) => parseId("organisation", id) !== undefined);
  const found = await Promise.all(
    [...Map.groupBy(known, (id) => regionOf(id))].map(async ([region, list]) => {
      const { results } = await records(region)
        .prepare("select id, name from organisations where id in (select value from json_each(?))")
        .bind(JSON.stringify(list))
        .all<{ id: string; name: string }>();
      return results.map(({ id, name }) => [id, name] as const);
    }),
  );
  return found.flat();
}
