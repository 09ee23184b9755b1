import type { D1Migration } from "cloudflare:test";

const BOOKS =
  "create table if not exists d1_migrations (id integer primary key autoincrement, name text unique, applied_at timestamp default current_timestamp not null)";

/**
 * Brings an empty database to the present, as `wrangler d1 migrations apply` leaves it, in one call; does nothing where that has been done.
 * A call for each migration and for its line in the books takes longer than most tests.
 */
export async function migrate(database: D1Database, migrations: readonly D1Migration[] = []): Promise<void> {
  const books = await database.prepare("select 1 from sqlite_master where name = 'd1_migrations'").first();
  if (books !== null) return;
  await database.batch([
    database.prepare(BOOKS),
    ...migrations.flatMap(({ name, queries }) => [
      ...queries.map((query) => database.prepare(query)),
      database.prepare("insert into d1_migrations (name) values (?)").bind(name),
    ]),
  ]);
}
