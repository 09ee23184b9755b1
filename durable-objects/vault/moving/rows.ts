import { createHash } from "node:crypto";

/** One row as it crosses between two vaults: sealed values are open, ids are those of the new region. */
export type Row = Record<string, SqlStorageValue>;
export type Key = readonly (string | number)[];

/** A part of a table in the order of its primary key. */
export interface Span {
  /** Exclusive; undefined from the beginning. */
  readonly after: Key | undefined;
  /** Inclusive; undefined to the end. */
  readonly to: Key | undefined;
}

/** Rows of one table that cross. */
export interface Part {
  readonly table: string;
  readonly rows: readonly Row[];
}

export interface TableSpan extends Span {
  readonly table: string;
}

/** What a side has in a span: how many rows, and a hash over them as they cross. */
export interface Digest {
  readonly n: number;
  readonly hash: string;
}

/** What crosses in one call, and is in memory on both sides. */
export interface Room {
  readonly rows: number;
  readonly bytes: number;
}

export const CROSSING: Room = { rows: 1_000, bytes: 1_000_000 };

/** The columns of a table's primary key, in order. Names come from the schema, never from outside. */
export function keyOf(sql: SqlStorage, table: string): string[] {
  return sql
    .exec<{ name: string }>("SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk", table)
    .toArray()
    .map(({ name }) => name);
}

/** The rows after a place, until there is no room for more, and the room that is left. */
export function readSlice(sql: SqlStorage, table: string, after: Key | undefined, room: Room = CROSSING): { rows: Row[]; left: Room } {
  const rows: Row[] = [];
  let { bytes } = room;
  for (const row of read(sql, table, { after, to: undefined }, room.rows)) {
    rows.push(row);
    bytes -= sizeOf(row);
    if (bytes <= 0) break;
  }
  return { rows, left: { rows: room.rows - rows.length, bytes } };
}

/** Whether a table goes on after a place. */
export function goesOn(sql: SqlStorage, table: string, after: Key): boolean {
  return [...read(sql, table, { after, to: undefined }, 1)].length > 0;
}

/** The rows of a span that was handed over as a slice, and one more where there are more than it can have had. */
export function readSpan(sql: SqlStorage, table: string, span: Span): Row[] {
  return [...read(sql, table, span, CROSSING.rows + 1)];
}

function read(sql: SqlStorage, table: string, { after, to }: Span, limit: number): SqlStorageCursor<Row> {
  const key = keyOf(sql, table);
  const tuple = `(${key.join(", ")})`;
  const holes = `(${key.map(() => "?").join(", ")})`;
  const conditions = [...(after === undefined ? [] : [`${tuple} > ${holes}`]), ...(to === undefined ? [] : [`${tuple} <= ${holes}`])];
  const where = conditions.length === 0 ? "" : `WHERE ${conditions.join(" AND ")}`;
  return sql.exec<Row>(`SELECT * FROM "${table}" ${where} ORDER BY ${key.join(", ")} LIMIT ${limit}`, ...(after ?? []), ...(to ?? []));
}

/** The place of a row in its table. */
export function placeOf(sql: SqlStorage, table: string, row: Row): Key {
  return keyOf(sql, table).map((column) => {
    const value = row[column];
    if (typeof value !== "string" && typeof value !== "number") throw new TypeError("a key is a text or a number");
    return value;
  });
}

/** Of a row of the log or of its anchor, what stays as it was written: keys, signatures and hashes of the chain are the new region's. */
export function bare(how: "chain" | "anchor", row: Row): Row {
  const columns = how === "chain" ? ["seq", "at", "body"] : ["one", "seq", "at", "hash"];
  return Object.fromEntries(columns.map((column) => [column, row[column] ?? null]));
}

/** SHA-256 over rows, column by column. `chain` columns of the access log differ from region to region and are left out by the caller. */
export function hashOf(rows: readonly Row[]): string {
  const hash = createHash("sha256");
  for (const row of rows) {
    for (const column of Object.keys(row).toSorted()) {
      const value = row[column];
      hash.update(`\0${column}\0${value instanceof ArrayBuffer ? "b" : typeof value}\0`);
      hash.update(value instanceof ArrayBuffer ? new Uint8Array(value) : String(value));
    }
    hash.update("\x01");
  }
  return hash.digest("base64url");
}

function sizeOf(row: Row): number {
  let size = 0;
  for (const value of Object.values(row))
    size += value instanceof ArrayBuffer ? value.byteLength : typeof value === "string" ? value.length : 8;
  return size;
}
