import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { tablesOf } from "../../test/leaver";
import { DIRECTORY_TABLES, keptColumns, personTables, REGIONAL_TABLES } from "./tables";

const DATABASES = [
  ["regional", env.RECORDS_EU, REGIONAL_TABLES],
  ["directory", env.DIRECTORY, DIRECTORY_TABLES],
] as const;

/** Columns that name persons, whatever they are for. */
const PERSONAL =
  /(?:^|_)(?:person|people|owner|grantee|user|author|member|coach|client|subject|actor|patient|clinician|reviewer|researcher)(?:_id)?$/;
/** Columns that the pattern fits and that hold no person. */
const OTHER_THINGS: ReadonlySet<string> = new Set([
  "vendor_credentials.vendor_client",
  "client_assertions.client_id",
  "identities.sealed_subject",
  "shared_with_partners.grantee_id",
  "webhook_endpoints.client_id",
]);

describe.each(DATABASES)("the %s database", (_name, database, tables) => {
  it("has no table that erasure does not know, and erasure knows none that is not there", async () => {
    expect(Object.keys(tables).toSorted()).toEqual((await tablesOf(database)).map(({ table }) => table).toSorted());
  });

  it("has no person's column that erasure does not know", async () => {
    for (const { table, columns } of await tablesOf(database)) {
      const kind = tables[table];
      const known = kind !== undefined && "columns" in kind ? kind.columns : [];
      const unknown = columns.filter(
        (column) =>
          PERSONAL.test(column) &&
          !OTHER_THINGS.has(`${table}.${column}`) &&
          !known.includes(column) &&
          !keptColumns(kind).includes(column),
      );
      // The client of a session is a program.
      expect(
        unknown.filter((column) => `${table}.${column}` !== "sessions.client_id"),
        table,
      ).toEqual([]);
    }
  });

  it("removes what cascades with the person, and finds everything through an index", async () => {
    for (const { table, column } of personTables(tables, "cascade")) {
      const keys = await database.prepare(`select "table", "from", on_delete from pragma_foreign_key_list('${table}')`).all();
      expect(keys.results, table).toContainEqual({ table: "people", from: column, on_delete: "CASCADE" });
    }
    for (const { table, column } of personTables(tables, "unnamed")) {
      const keys = await database.prepare(`select "table", "from", on_delete from pragma_foreign_key_list('${table}')`).all();
      expect(keys.results, table).toContainEqual({ table: "people", from: column, on_delete: "SET NULL" });
    }
    for (const { table, column } of personTables(tables, "cascade", "unnamed", "delete", "everywhere")) {
      const plan = await database
        .prepare(`explain query plan select 1 from ${table} where ${column} = ?`)
        .bind("x")
        .all<{ detail: string }>();
      expect(plan.results.map(({ detail }) => detail).join("\n"), `${table}.${column}`).toMatch(/SEARCH/);
    }
  });
});
