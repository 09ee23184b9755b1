import { exportKey } from "../../shared/exports/status";
import { unpackedKey, uploadKey } from "../../shared/imports/status";
import { personKeyName } from "../../shared/erasure/tombstones";
import { REGIONS } from "../../shared/region";
import type { ErasureJob } from "./job";
import type { ErasurePorts } from "./ports";
import { DIRECTORY_TABLES, PERSON_FOLDERS, personTables, REGIONAL_TABLES } from "./tables";

/** Objects of a person that are looked at in one go. */
const AT_ONCE = 100;

/** What there is of a person, per kind; kinds of which there is nothing are left out. */
export async function inventory(ports: ErasurePorts, { person, region }: ErasureJob): Promise<Record<string, number>> {
  const { records, files } = ports.stores(region);
  const counts: Record<string, number> = {};
  const add = (kind: string, n: number) => {
    if (n > 0) counts[kind] = (counts[kind] ?? 0) + n;
  };
  for (const [table, n] of Object.entries(await ports.vault(person).inventory())) add(`vault.${table}`, n);

  const own = personTables(REGIONAL_TABLES, "cascade", "unnamed", "delete");
  await countRows(records, own, person, (table, n) => add(`records.${table}`, n));
  for (const one of REGIONS)
    await countRows(ports.stores(one).records, personTables(REGIONAL_TABLES, "everywhere"), person, (table, n) =>
      add(`records.${table}`, n),
    );
  await countRows(ports.directory, personTables(DIRECTORY_TABLES, "delete"), person, (table, n) => add(`directory.${table}`, n));

  if ((await files.head(personKeyName(person))) !== null) add("files.keys", 1);
  for (const [table, kind, keyOf] of [
    ["imports", "uploads", uploadKey],
    ["imports", "uploads", unpackedKey],
    ["exports", "exports", exportKey],
  ] as const) {
    for await (const ids of objectsOf(records, table, person)) {
      const found = await Promise.all(ids.map(async (id) => await files.head(keyOf(id))));
      add(`files.${kind}`, found.filter((file) => file !== null).length);
    }
  }
  for (const folder of PERSON_FOLDERS)
    for await (const keys of filesOf(files, `${folder}${person}/`)) add(`files.${folder.slice(0, -1)}`, keys.length);
  return counts;
}

/** The ids of what is a person's and an object of its own, a page at a time; rows may be deleted meanwhile. */
export async function* objectsOf(records: D1Database, table: "imports" | "exports", person: string): AsyncGenerator<string[]> {
  let after = "";
  for (;;) {
    const { results } = await records
      .prepare(`select id from ${table} where person_id = ? and id > ? order by id limit ?`)
      .bind(person, after, AT_ONCE)
      .all<{ id: string }>();
    const ids = results.map(({ id }) => id);
    if (ids.length > 0) yield ids;
    if (ids.length < AT_ONCE) return;
    after = ids.at(-1) ?? after;
  }
}

/** The names below a prefix, a page at a time; files may be deleted meanwhile. */
export async function* filesOf(files: R2Bucket, prefix: string): AsyncGenerator<string[]> {
  let startAfter: string | undefined;
  for (;;) {
    const page = await files.list({ prefix, ...(startAfter !== undefined && { startAfter }) });
    const keys = page.objects.map(({ key }) => key);
    if (keys.length > 0) yield keys;
    if (!page.truncated) return;
    startAfter = keys.at(-1);
  }
}

async function countRows(
  database: D1Database,
  tables: ReturnType<typeof personTables>,
  person: string,
  add: (table: string, n: number) => void,
): Promise<void> {
  const results = await database.batch<{ n: number }>(
    tables.map(({ table, column }) => database.prepare(`select count(*) as n from ${table} where ${column} = ?`).bind(person)),
  );
  results.forEach(({ results: [row] }, i) => add(tables[i]?.table ?? "", row?.n ?? 0));
}
