import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { LocalState } from "./state.ts";

/** The part of D1 that migrating needs. */
interface Database {
  prepare(sql: string): Statement;
  batch(statements: Statement[]): Promise<unknown>;
}
interface Statement {
  bind(...values: string[]): Statement;
  all<T>(): Promise<{ results: T[] }>;
  run(): Promise<unknown>;
}

const DATABASES = { DIRECTORY: "directory", RECORDS_EU: "regional", RECORDS_US: "regional", RECORDS_AP: "regional" } as const;

/** Wrangler's own table, so that `wrangler d1 migrations` sees what was applied here. */
const TABLE =
  "create table if not exists d1_migrations (id integer primary key autoincrement, name text unique, applied_at timestamp default current_timestamp not null)";

/** Applies what is missing to the four local databases. Where the files are those of the last run, opens nothing. Returns the number applied. */
export async function migrateLocal(state: LocalState): Promise<number> {
  const files = { directory: migrations("directory"), regional: migrations("regional") };
  const digest = createHash("sha256").update(JSON.stringify(files)).digest("hex");
  const mark = join(state.folder, "migrations.json");
  if (existsSync(mark) && readFileSync(mark, "utf8") === digest) return 0;

  const { unstable_splitSqlQuery } = await import("wrangler");
  const { databases, close } = await openDatabases(state);
  try {
    let applied = 0;
    for (const [binding, folder] of Object.entries(DATABASES) as [keyof typeof DATABASES, keyof typeof files][]) {
      applied += await applyTo(databases[binding], files[folder], unstable_splitSqlQuery);
    }
    writeFileSync(mark, digest);
    return applied;
  } finally {
    await close();
  }
}

/** Opens the four local databases, as wrangler's own commands see them. */
export async function openDatabases(
  state: LocalState,
): Promise<{ readonly databases: Readonly<Record<keyof typeof DATABASES, Database>>; close: () => Promise<void> }> {
  // Wrangler takes most of a second to load.
  const { getPlatformProxy, unstable_readConfig } = await import("wrangler");
  const configPath = join(state.folder, "databases.json");
  const { name, compatibility_date, d1_databases } = unstable_readConfig({ config: "wrangler.toml" }, { hideWarnings: true });
  // The databases alone: objects need their classes, which are not part of a migration.
  writeFileSync(
    configPath,
    JSON.stringify({
      name,
      compatibility_date,
      d1_databases: d1_databases.map(({ binding, database_name }: { binding: string; database_name?: string }) => ({
        binding,
        database_name,
      })),
    }),
  );
  const proxy = await getPlatformProxy<Record<keyof typeof DATABASES, Database>>({
    configPath,
    persist: { path: state.persist },
    envFiles: [],
  });
  return { databases: proxy.env, close: async () => await proxy.dispose() };
}

interface Migration {
  readonly name: string;
  readonly sql: string;
}

function migrations(folder: string): Migration[] {
  const path = join("migrations", folder);
  const names = existsSync(path) ? readdirSync(path).filter((name) => name.endsWith(".sql")) : [];
  return names.sort().map((name) => ({ name, sql: readFileSync(join(path, name), "utf8") }));
}

async function applyTo(database: Database, list: readonly Migration[], split: (sql: string) => string[]): Promise<number> {
  await database.prepare(TABLE).run();
  const { results } = await database.prepare("select name from d1_migrations").all<{ name: string }>();
  const done = new Set(results.map(({ name }) => name));
  const missing = list.filter(({ name }) => !done.has(name));
  if (missing.length === 0) return 0;
  // All or none, in one call: a call for each takes longer than the rest of a first start.
  await database.batch(
    missing.flatMap(({ name, sql }) => [
      ...split(sql).map((statement) => database.prepare(statement)),
      database.prepare("insert into d1_migrations (name) values (?)").bind(name),
    ]),
  );
  return missing.length;
}
