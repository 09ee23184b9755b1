import { MINUTE_MS } from "../../shared/clock";
import { erasedPersons, SHARDS } from "../../shared/erasure/tombstones";
import { newId, type PersonId } from "../../shared/id";
import { REGIONS, type Region } from "../../shared/region";
import type { ErasurePorts } from "./ports";
import { DIRECTORY_TABLES, personTables, REGIONAL_TABLES } from "./tables";

/**
 * Looks for rows of erased persons, which only a restored copy can have brought back, and erases those persons again. Goes through the
 * given shards of the region's tombstones. Returns how many came back.
 */
export async function reconcileTombstones(ports: ErasurePorts, region: Region, shards: readonly string[] = SHARDS): Promise<number> {
  const { records, files, keys } = ports.stores(region);
  let found = 0;
  for (const shard of shards) {
    for await (const persons of erasedPersons(files, keys, shard)) {
      const back = new Set<string>([
        ...(await withRows(records, personTables(REGIONAL_TABLES, "cascade", "delete"), persons)),
        ...(await withRows(ports.directory, personTables(DIRECTORY_TABLES, "delete"), persons)),
        ...(
          await Promise.all(REGIONS.map((one) => withRows(ports.stores(one).records, personTables(REGIONAL_TABLES, "everywhere"), persons)))
        ).flat(),
      ]);
      for (const person of back) if (await reopen(ports, region, person)) found++;
    }
  }
  return found;
}

/** The shards whose turn it is: all of them in 80 minutes. */
export function shardAt(now: number): readonly string[] {
  const turn = Math.floor(now / (5 * MINUTE_MS)) % SHARDS.length;
  return SHARDS.slice(turn, turn + 1);
}

async function reopen(ports: ErasurePorts, region: Region, person: string): Promise<boolean> {
  const now = ports.now();
  const { meta } = await ports
    .stores(region)
    .records.prepare(
      `insert into erasures (id, person_id, reason, state, next_at, requested_at, due_at) values (?1, ?2, 'restored', 'running', ?3, ?3, ?3)
       on conflict do nothing`,
    )
    .bind(newId("erasure", region, now, ports.random), person, now)
    .run();
  return meta.changes === 1;
}

async function withRows(database: D1Database, tables: ReturnType<typeof personTables>, persons: readonly PersonId[]): Promise<string[]> {
  if (persons.length === 0) return [];
  const list = JSON.stringify(persons);
  const results = await database.batch<{ person: string }>(
    tables.map(({ table, column }) =>
      database
        .prepare(`select one.value as person from json_each(?) as one where exists (select 1 from ${table} where ${column} = one.value)`)
        .bind(list),
    ),
  );
  return results.flatMap((result) => result.results.map(({ person }) => person));
}
