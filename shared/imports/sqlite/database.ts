import type { ByteSource } from "../byte-source";
import { damagedDatabase, Pages } from "./pages";
import { parseTable, type TableDefinition } from "./schema";
import { Table } from "./table";

const SCHEMA: TableDefinition["columns"] = ["type", "name", "tbl_name", "rootpage", "sql"].map((name) => ({
  name,
  isVirtual: false,
  isRowid: false,
  missing: null,
}));
const MOST_TABLES = 5_000;

/**
 * The tables of an SQLite file, to be read from beginning to end or row by row. No SQL is run and nothing is trusted: what the file says of
 * itself is checked as it is followed. Memory is bounded by the cache of pages, whatever the file's size.
 */
export class Database {
  readonly #tables: ReadonlyMap<string, Table>;

  private constructor(tables: ReadonlyMap<string, Table>) {
    this.#tables = tables;
  }

  /** Reads header and schema. Throws a Problem `file_unreadable` for what is no database, or a damaged one. */
  static async open(source: ByteSource, mostBlocks?: number): Promise<Database> {
    const pages = await Pages.open(source, mostBlocks);
    const tables = new Map<string, Table>();
    let seen = 0;
    for await (const rows of new Table(pages, "sqlite_master", 1, SCHEMA).scan(["type", "name", "rootpage", "sql"])) {
      for (const { values } of rows) {
        const [type, name, root, sql] = values;
        if (++seen > MOST_TABLES) throw damagedDatabase("it has too many tables");
        if (type !== "table" || typeof name !== "string" || typeof root !== "number" || typeof sql !== "string") continue;
        const definition = root > 0 ? parseTable(sql) : undefined;
        if (definition === undefined || definition.isWithoutRowid) continue;
        tables.set(name.toLowerCase(), new Table(pages, name, root, definition.columns));
      }
    }
    return new Database(tables);
  }

  /** A table that can be read, by its name in any spelling. */
  table(name: string): Table | undefined {
    return this.#tables.get(name.toLowerCase());
  }

  get tables(): readonly Table[] {
    return [...this.#tables.values()];
  }
}
