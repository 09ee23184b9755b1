import type { LabTest } from "../../shared/labs/lab-test";
import { problem } from "../../shared/problem";

/** The two lists to which administrators add. */
export type AddedTable = "lab_tests" | "activity_types";

/** A row that was added, with how often it has changed. */
export type Added<T> = T & { readonly key: string; readonly edition: number };

/** More than a region needs; keeps a list one short read. */
const MOST_ADDED = 1_000;

interface Row {
  key: string;
  body: string;
  edition: number;
}

/** Everything that was added to a list, in order of the key. */
export async function allAdded<T>(records: D1Database, table: AddedTable): Promise<Added<T>[]> {
  const { results } = await records.prepare(`select key, body, edition from ${table} order by key limit ${MOST_ADDED}`).all<Row>();
  return results.map((row) => shown<T>(row));
}

/** One row that was added, or undefined. */
export async function oneAdded<T>(records: D1Database, table: AddedTable, key: string): Promise<Added<T> | undefined> {
  const row = await records.prepare(`select key, body, edition from ${table} where key = ?`).bind(key).first<Row>();
  return row === null ? undefined : shown<T>(row);
}

/** Adds a row; problem `conflict` where the key is taken, or the list is full. */
export async function add<T extends { readonly key: string }>(
  records: D1Database,
  table: AddedTable,
  { key, ...body }: T,
  now: number,
): Promise<void> {
  const { meta } = await records
    .prepare(
      `insert into ${table} (key, body, edition, created_at, updated_at)
       select ?1, ?2, 1, ?3, ?3 where (select count(*) from ${table}) < ${MOST_ADDED} on conflict do nothing`,
    )
    .bind(key, JSON.stringify(body), now)
    .run();
  if (meta.changes !== 1) throw problem("conflict", "This key is taken, or the list is full.");
}

/** Changes a row that is at an edition; problem `precondition_failed` where it is not any more. */
export async function change<T>(records: D1Database, table: AddedTable, { key, edition, ...body }: Added<T>, now: number): Promise<void> {
  const { meta } = await records
    .prepare(`update ${table} set body = ?3, edition = edition + 1, updated_at = ?4 where key = ?1 and edition = ?2`)
    .bind(key, edition, JSON.stringify(body), now)
    .run();
  if (meta.changes !== 1) throw problem("precondition_failed");
}

/** A test that administrators of a region added. */
export async function addedLabTest(records: D1Database, key: string): Promise<LabTest | undefined> {
  return await oneAdded<LabTest>(records, "lab_tests", key);
}

/** All tests that administrators of a region added. */
export async function addedLabTests(records: D1Database): Promise<LabTest[]> {
  return await allAdded<LabTest>(records, "lab_tests");
}

function shown<T>({ key, body, edition }: Row): Added<T> {
  // Written here alone, of a body that the schema has let through.
  return { ...(JSON.parse(body) as T), key, edition };
}
