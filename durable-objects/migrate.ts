/** One migration: its name and its SQL text. Names are recorded, so the order of the list is the order of application. */
export type Migration = readonly [name: string, sql: string];

/**
 * Applies the migrations that an object has not seen. Call it in the constructor before anything else: `sql.exec` is synchronous and
 * the whole list commits with the first write, so a half-applied schema cannot be observed. Returns whether it has applied any.
 */
export function migrate(storage: DurableObjectStorage, migrations: readonly Migration[]): boolean {
  const { sql } = storage;
  sql.exec("CREATE TABLE IF NOT EXISTS _migrations (name TEXT PRIMARY KEY) STRICT, WITHOUT ROWID");
  const done = new Set(
    sql
      .exec<{ name: string }>("SELECT name FROM _migrations")
      .toArray()
      .map((row) => row.name),
  );
  const missing = migrations.filter(([name]) => !done.has(name));
  for (const [name, text] of missing) {
    storage.transactionSync(() => {
      sql.exec(text);
      sql.exec("INSERT INTO _migrations (name) VALUES (?)", name);
    });
  }
  return missing.length > 0;
}
