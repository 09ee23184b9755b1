import { DatabaseSync } from "node:sqlite";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isProblem } from "../../problem";
import { memorySource } from "../byte-source";
import { Database } from "./database";
import type { SqlValue } from "./record";
import { parseTable } from "./schema";
import type { Table } from "./table";

/** What real SQLite writes, as a file. */
function written(build: (db: DatabaseSync) => void): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), "sqlite-"));
  try {
    const path = join(folder, "x.db");
    const db = new DatabaseSync(path);
    build(db);
    db.close();
    return new Uint8Array(readFileSync(path));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function rowsOf(table: Table | undefined, columns: readonly string[], after?: number): Promise<(readonly SqlValue[])[]> {
  const out: (readonly SqlValue[])[] = [];
  if (table !== undefined) for await (const rows of table.scan(columns, after)) for (const { values } of rows) out.push(values);
  return out;
}

const open = (bytes: Uint8Array) => Database.open(memorySource(bytes), 2);

const value = fc.oneof(
  fc.constant(null),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n).map((n) => (n >= -(2n ** 53n) + 1n && n <= 2n ** 53n - 1n ? Number(n) : n)),
  fc.double({ noNaN: true }).map((n) => (Object.is(n, -0) ? 0 : n)),
  fc.string({ unit: "grapheme", maxLength: 40 }).filter((text) => !text.includes("\0")),
  fc.uint8Array({ maxLength: 60 }),
  // Beyond a page, into its overflow.
  fc.integer({ min: 400, max: 9_000 }).map((n) => "é".repeat(n)),
  fc.integer({ min: 400, max: 9_000 }).map((n) => new Uint8Array(n).fill(n % 251)),
);

describe("rows", () => {
  test("whatever SQLite stores is read back, at every size of page and in every encoding, and rows are found by number", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(512, 1_024, 4_096, 65_536),
        fc.constantFrom("UTF-8", "UTF-16le", "UTF-16be"),
        fc.array(fc.tuple(value, value, value), { minLength: 1, maxLength: 60 }),
        fc.array(fc.nat(1_000_000), { maxLength: 20 }),
        async (pageSize, encoding, rows, deleted) => {
          const bytes = written((db) => {
            db.exec(`PRAGMA page_size = ${pageSize}; PRAGMA encoding = '${encoding}';`);
            db.exec("CREATE TABLE t (a, id INTEGER PRIMARY KEY, b, half AS (id / 2), c); CREATE INDEX i ON t (b)");
            const insert = db.prepare("INSERT INTO t (a, b, c) VALUES (?, ?, ?)");
            for (const row of rows) insert.run(...row);
            for (const n of deleted) db.exec(`DELETE FROM t WHERE id = ${(n % rows.length) + 1}`);
          });
          const gone = new Set(deleted.map((n) => (n % rows.length) + 1));
          const wanted = rows.map(([a, b, c], i) => [i + 1, a, b, c]).filter(([id]) => !gone.has(Number(id)));
          const table = (await open(bytes)).table("T");
          expect(await rowsOf(table, ["id", "A", "b", "c"])).toEqual(wanted);
          for (const row of wanted.slice(0, 5)) {
            const id = Number(row[0]);
            expect((await table?.get(id, ["id", "a", "b", "c"]))?.values).toEqual(row);
          }
          for (const id of gone) expect(await table?.get(id, ["a"])).toBeUndefined();
          expect(await table?.lastRowid()).toBe(wanted.at(-1)?.[0]);
        },
      ),
      { numRuns: 60 },
    );
  });

  test("a table of many pages is read in order, from any row on, with a cache of two blocks", async () => {
    const bytes = written((db) => {
      db.exec("CREATE TABLE t (n INTEGER, text TEXT); BEGIN");
      const insert = db.prepare("INSERT INTO t (rowid, n, text) VALUES (?, ?, ?)");
      // Backwards, and with holes, so that the pages stand in no order.
      for (let i = 30_000; i > 0; i--) insert.run(i * 3, i, `row ${i}`);
      db.exec("COMMIT");
    });
    const table = (await open(bytes)).table("t");
    const all = await rowsOf(table, ["n", "text"]);
    expect(all).toHaveLength(30_000);
    expect(all[12_344]).toEqual([12_345, "row 12345"]);
    expect((await rowsOf(table, ["n"], 60_001))[0]).toEqual([20_001]);
    expect(await rowsOf(table, ["n"], 90_000)).toEqual([]);
    expect((await table?.get(3 * 777, ["n"]))?.values).toEqual([777]);
    expect(await table?.get(5, ["n"])).toBeUndefined();
  });

  test("rows are older than columns: a default stands in, or nothing", async () => {
    const bytes = written((db) => {
      db.exec("CREATE TABLE t (a); INSERT INTO t VALUES (1)");
      db.exec("ALTER TABLE t ADD COLUMN b TEXT DEFAULT 'it''s'");
      db.exec("ALTER TABLE t ADD COLUMN c REAL DEFAULT -2.5; ALTER TABLE t ADD COLUMN d; INSERT INTO t VALUES (2, 'x', 3, 4)");
    });
    expect(await rowsOf((await open(bytes)).table("t"), ["a", "b", "c", "d", "e"])).toEqual([
      [1, "it's", -2.5, null, null],
      [2, "x", 3, 4, null],
    ]);
  });

  test("a blob beyond the largest row is passed over where another column is asked for", async () => {
    const bytes = written((db) => {
      db.exec("CREATE TABLE t (name TEXT, icon BLOB, size INTEGER)");
      db.prepare("INSERT INTO t VALUES (?, ?, ?)").run("app", new Uint8Array(20_000_000), 7);
    });
    const table = (await open(bytes)).table("t");
    expect(await rowsOf(table, ["name"])).toEqual([["app"]]);
    await expect(rowsOf(table, ["size"])).rejects.toMatchObject({ code: "file_unreadable" });
  });
});

describe("definitions", () => {
  test.each([
    ['CREATE TABLE "a b" ("x y" TEXT, [z] INT, `q` BLOB)', ["x y", "z", "q"]],
    ["CREATE TABLE IF NOT EXISTS t (a DECIMAL(10, 2) NOT NULL, b TEXT CHECK (b IN ('x, y', ')')), c)", ["a", "b", "c"]],
    ["CREATE TABLE t (a -- one, two\n, b /* , c */, d, PRIMARY KEY (a, b), FOREIGN KEY (b) REFERENCES u (x))", ["a", "b", "d"]],
    ["create table t ('a' text default ('x' || ','), \"check\" integer)", ["a", "check"]],
  ])("%s", (sql, names) => {
    expect(parseTable(sql)?.columns.map(({ name }) => name)).toEqual(names);
  });

  test("what stands for the row's number and what is computed is told apart from what is stored", () => {
    const flags = (sql: string) => parseTable(sql)?.columns.map(({ isRowid, isVirtual }) => [isRowid, isVirtual]);
    expect(
      flags("CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, day INTEGER AS (id / 2), s INT GENERATED ALWAYS AS (1) STORED)"),
    ).toEqual([
      [true, false],
      [false, true],
      [false, false],
    ]);
    expect(flags("CREATE TABLE t (id INT PRIMARY KEY, a INTEGER PRIMARY KEY DESC)")).toEqual([
      [false, false],
      [false, false],
    ]);
    expect(flags('CREATE TABLE t (a, id INTEGER NOT NULL, CONSTRAINT k PRIMARY KEY ("ID"))')).toEqual([
      [false, false],
      [true, false],
    ]);
    expect(parseTable("CREATE TABLE t (a PRIMARY KEY) WITHOUT ROWID")?.isWithoutRowid).toBe(true);
    expect(parseTable("CREATE VIRTUAL TABLE t USING fts5(a)")).toBeUndefined();
  });
});

describe("damage", () => {
  const sound = written((db) => {
    db.exec("PRAGMA page_size = 512; CREATE TABLE t (a, b); BEGIN");
    const insert = db.prepare("INSERT INTO t VALUES (?, ?)");
    for (let i = 0; i < 300; i++) insert.run(i, "text ".repeat(i % 200));
    db.exec("COMMIT");
  });
  const readAll = async (bytes: Uint8Array): Promise<number> => {
    const database = await open(bytes);
    let rows = 0;
    for (const table of database.tables) rows += (await rowsOf(table, table.columns)).length;
    return rows;
  };

  test("bytes that were changed give rows or a problem, and never anything else", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(sound.length - 1), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 30 }),
        fc.nat(sound.length),
        async (changes, cut) => {
          const bytes = sound.slice(0, cut % 3 === 0 ? cut : sound.length);
          for (const [at, byte] of changes) if (at < bytes.length) bytes[at] = byte;
          try {
            expect(await readAll(bytes)).toBeLessThanOrEqual(10_000);
          } catch (error) {
            if (!isProblem(error)) throw error;
            expect(error.code).toBe("file_unreadable");
          }
        },
      ),
      { numRuns: 400 },
    );
  });

  test("a tree that leads back into itself ends", async () => {
    const bytes = sound.slice();
    const view = new DataView(bytes.buffer);
    for (let page = 1; page * 512 + 512 <= bytes.length; page++) if (bytes[page * 512] === 0x05) view.setUint32(page * 512 + 8, page + 1);
    await expect(readAll(bytes)).rejects.toMatchObject({ code: "file_unreadable" });
  });

  test.each([
    ["no database", new TextEncoder().encode("SQLite format 4\0".padEnd(200, "x"))],
    ["too short", new TextEncoder().encode("SQLite format 3\0")],
  ])("%s is refused", async (_what, bytes) => {
    await expect(open(bytes)).rejects.toMatchObject({ code: "file_unreadable" });
  });
});
