import { problem } from "../../problem";
import { damagedDatabase, type Pages } from "./pages";
import { Cursor, sizeOf, type SqlValue, valueAt } from "./record";
import type { Column } from "./schema";

const LEAF = 0x0d;
const INTERIOR = 0x05;
/** Page 1 begins with the header of the file. */
const FILE_HEADER = 100;
/** A tree of this depth would hold more rows than there are numbers. */
const DEEPEST = 24;
/** The largest row of which a column is read. */
const MOST_PAYLOAD = 16 * 1024 * 1024;
/** How often what is in overflow pages may be read: a table is scanned, and looked up row by row. */
const OVERFLOW_TIMES = 8;

export interface Row {
  readonly rowid: number;
  /** The values asked for, in the order in which they were asked for. */
  readonly values: readonly SqlValue[];
}

/** A row in a leaf of the tree, not decoded yet. */
interface Cell {
  readonly rowid: number;
  /** Bytes of the whole record. */
  readonly size: number;
  /** Where its first part begins in the page, and how long that is. */
  readonly at: number;
  readonly local: number;
}

/** One page of a tree, taken apart as far as its cells. */
interface Leaf {
  readonly page: Uint8Array;
  readonly cells: readonly Cell[];
}

/** Where a column stands in the record of a row; -1 for one that is none: unknown, computed, or the row's own number. */
interface Place {
  readonly index: number;
  readonly isRowid: boolean;
  readonly missing: SqlValue;
}

/** Reads the rows of one table, in the order of their numbers. Only the columns asked for are decoded. */
export class Table {
  readonly name: string;
  readonly columns: readonly string[];
  readonly #pages: Pages;
  readonly #root: number;
  readonly #places: ReadonlyMap<string, Place>;
  readonly #decoder: TextDecoder;
  /** Bytes read from overflow pages. */
  #overflow = 0;
  /** The leaf in which a row was found last: the next is mostly in it too. */
  #last: Leaf | undefined;

  constructor(pages: Pages, name: string, root: number, columns: readonly Column[]) {
    this.name = name;
    this.#pages = pages;
    this.#root = root;
    this.#decoder = new TextDecoder(pages.encoding, { ignoreBOM: true, fatal: false });
    const places = new Map<string, Place>();
    let index = 0;
    for (const column of columns) {
      if (column.isVirtual) continue;
      places.set(column.name.toLowerCase(), { index: index++, isRowid: column.isRowid, missing: column.missing });
    }
    this.#places = places;
    this.columns = [...places.keys()];
  }

  /** Whether the table stores a column of the name, in any spelling. */
  has(column: string): boolean {
    return this.#places.has(column.toLowerCase());
  }

  /**
   * The rows after a number, leaf by leaf, each with the values of `columns`; a column that the table lacks is null. Throws
   * `file_unreadable` where the tree contradicts itself.
   */
  async *scan(columns: readonly string[], after = -Infinity): AsyncGenerator<readonly Row[], void> {
    const places = this.#placesOf(columns);
    let last = after;
    let visited = 0;
    for await (const leaf of this.#leaves(this.#root, after, 0)) {
      // A page that hangs in the tree twice would otherwise be read for ever.
      if (++visited > this.#pages.count) throw damagedDatabase("a table has more pages than the file");
      const rows: Row[] = [];
      for (const cell of leaf.cells) {
        if (cell.rowid <= after) continue;
        if (cell.rowid <= last) throw damagedDatabase("rows stand in no order");
        last = cell.rowid;
        const values = this.#decode(leaf, cell, places);
        rows.push({ rowid: cell.rowid, values: values instanceof Promise ? await values : values });
      }
      if (rows.length > 0) yield rows;
    }
  }

  /** The row of a number, or undefined. */
  async get(rowid: number, columns: readonly string[]): Promise<Row | undefined> {
    const leaf = isWithin(this.#last, rowid) ? this.#last : await this.#leafOf(rowid);
    this.#last = leaf;
    const cell = leaf?.cells[lowest(leaf.cells, rowid)];
    if (leaf === undefined || cell?.rowid !== rowid) return undefined;
    return { rowid, values: await this.#decode(leaf, cell, this.#placesOf(columns)) };
  }

  /** The number of the last row; undefined where there is none. */
  async lastRowid(): Promise<number | undefined> {
    let number = this.#root;
    for (let depth = 0; depth < DEEPEST; depth++) {
      const page = await this.#pages.page(number);
      const header = headerOf(page, number);
      if (header.type === LEAF) return this.#cellsOf(page, number).at(-1)?.rowid;
      number = header.right;
    }
    throw damagedDatabase("a table is too deep");
  }

  #placesOf(columns: readonly string[]): readonly Place[] {
    return columns.map((column) => this.#places.get(column.toLowerCase()) ?? { index: -1, isRowid: false, missing: null });
  }

  async *#leaves(number: number, after: number, depth: number): AsyncGenerator<Leaf, void> {
    if (depth >= DEEPEST) throw damagedDatabase("a table is too deep");
    const found = this.#pages.page(number);
    const page = found instanceof Promise ? await found : found;
    const { type } = headerOf(page, number);
    if (type === LEAF) {
      yield { page, cells: this.#cellsOf(page, number) };
      return;
    }
    for (const { child, key } of childrenOf(page, number)) {
      if (key <= after) continue;
      yield* this.#leaves(child, after, depth + 1);
    }
  }

  async #leafOf(rowid: number): Promise<Leaf | undefined> {
    let number = this.#root;
    for (let depth = 0; depth < DEEPEST; depth++) {
      const found = this.#pages.page(number);
      const page = found instanceof Promise ? await found : found;
      if (headerOf(page, number).type === LEAF) return { page, cells: this.#cellsOf(page, number) };
      const next = childrenOf(page, number).find(({ key }) => rowid <= key);
      if (next === undefined) return undefined;
      number = next.child;
    }
    throw damagedDatabase("a table is too deep");
  }

  #cellsOf(page: Uint8Array, number: number): readonly Cell[] {
    const { cells, pointers } = headerOf(page, number);
    const { usable } = this.#pages;
    const cursor = new Cursor(page);
    const out: Cell[] = [];
    for (let i = 0; i < cells; i++) {
      cursor.at = cursor.view.getUint16(pointers + i * 2);
      if (cursor.at < pointers + cells * 2 || cursor.at >= usable) throw damagedDatabase("a row lies outside of its page");
      const size = cursor.varint();
      const rowid = cursor.varint();
      const local = localBytes(size, usable);
      if (size < 0 || cursor.at + local + (local < size ? 4 : 0) > usable) throw damagedDatabase("a row lies outside of its page");
      out.push({ rowid, size, at: cursor.at, local });
    }
    return out;
  }

  #decode(leaf: Leaf, cell: Cell, places: readonly Place[]): readonly SqlValue[] | Promise<readonly SqlValue[]> {
    const first = leaf.page.subarray(cell.at, cell.at + cell.local);
    if (cell.local === cell.size) return this.#values(new Cursor(first), cell, places);
    return this.#whole(leaf, cell, places, first);
  }

  /** A row that goes on in other pages: those are read as far as the columns asked for reach. */
  async #whole(leaf: Leaf, cell: Cell, places: readonly Place[], first: Uint8Array): Promise<readonly SqlValue[]> {
    const until = this.#reach(first, places);
    if (until <= cell.local) return this.#values(new Cursor(first), cell, places);
    const size = Math.min(cell.size, until);
    if (size > MOST_PAYLOAD) throw problem("file_unreadable", "A row of the database is too large.");
    // Each page goes on one row: rows that share theirs would make a small file cost as much as a large one.
    this.#overflow += size;
    if (this.#overflow > this.#pages.count * this.#pages.pageSize * OVERFLOW_TIMES) throw damagedDatabase("rows share their pages");
    const bytes = new Uint8Array(size);
    bytes.set(first);
    const view = new DataView(leaf.page.buffer, leaf.page.byteOffset);
    let next = view.getUint32(cell.at + cell.local);
    const room = this.#pages.usable - 4;
    for (let at = cell.local; at < size; at += room) {
      const page = await this.#pages.page(next);
      next = new DataView(page.buffer, page.byteOffset).getUint32(0);
      bytes.set(page.subarray(4, 4 + Math.min(room, size - at)), at);
    }
    return this.#values(new Cursor(bytes), cell, places);
  }

  /** Bytes of a record that must be at hand to decode some columns; all of it where its own header does not fit the page. */
  #reach(first: Uint8Array, places: readonly Place[]): number {
    const cursor = new Cursor(first);
    const header = cursor.varint();
    if (header > first.length) return Infinity;
    const most = Math.max(-1, ...places.map(({ index }) => index));
    let body = header;
    for (let i = 0; cursor.at < header && i <= most; i++) body += sizeOf(cursor.varint());
    return body;
  }

  #values(cursor: Cursor, { rowid }: Cell, places: readonly Place[]): readonly SqlValue[] {
    const header = cursor.varint();
    if (header > cursor.bytes.length) throw damagedDatabase("a record was cut off");
    const out: SqlValue[] = places.map(({ isRowid, missing }) => (isRowid ? rowid : missing));
    let body = header;
    for (let index = 0; cursor.at < header; index++) {
      const type = cursor.varint();
      for (let i = 0; i < places.length; i++) {
        const place = places[i]!;
        if (place.index === index && !place.isRowid) out[i] = valueAt(cursor, body, type, this.#decoder);
      }
      body += sizeOf(type);
    }
    if (cursor.at !== header) throw damagedDatabase("a record was cut off");
    return out;
  }
}

/** Bytes of a record that stand in its page; the rest is in overflow pages. */
function localBytes(size: number, usable: number): number {
  const most = usable - 35;
  if (size <= most) return size;
  const least = Math.floor(((usable - 12) * 32) / 255) - 23;
  const fitting = least + ((size - least) % (usable - 4));
  return fitting <= most ? fitting : least;
}

interface PageHeader {
  readonly type: number;
  readonly cells: number;
  /** Where the list of cells begins. */
  readonly pointers: number;
  /** The rightmost child of an inner page. */
  readonly right: number;
}

function headerOf(page: Uint8Array, number: number): PageHeader {
  const at = number === 1 ? FILE_HEADER : 0;
  const view = new DataView(page.buffer, page.byteOffset, page.byteLength);
  const type = view.getUint8(at);
  if (type !== LEAF && type !== INTERIOR) throw damagedDatabase("a page is no part of a table");
  const cells = view.getUint16(at + 3);
  const pointers = at + (type === INTERIOR ? 12 : 8);
  if (pointers + cells * 2 > page.length) throw damagedDatabase("a page has more rows than room");
  return { type, cells, pointers, right: type === INTERIOR ? view.getUint32(at + 8) : 0 };
}

/** The children of an inner page with the greatest number that is below each. */
function childrenOf(page: Uint8Array, number: number): readonly { readonly child: number; readonly key: number }[] {
  const { cells, pointers, right } = headerOf(page, number);
  const cursor = new Cursor(page);
  const out: { child: number; key: number }[] = [];
  for (let i = 0; i < cells; i++) {
    const at = cursor.view.getUint16(pointers + i * 2);
    if (at + 5 > page.length) throw damagedDatabase("a page names children outside of itself");
    cursor.at = at + 4;
    out.push({ child: cursor.view.getUint32(at), key: cursor.varint() });
  }
  out.push({ child: right, key: Infinity });
  return out;
}

function isWithin(leaf: Leaf | undefined, rowid: number): leaf is Leaf {
  const [first, last] = [leaf?.cells[0], leaf?.cells.at(-1)];
  return first !== undefined && last !== undefined && first.rowid <= rowid && rowid <= last.rowid;
}

/** The first cell whose number is not below `rowid`. */
function lowest(cells: readonly Cell[], rowid: number): number {
  let [from, to] = [0, cells.length];
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (cells[middle]!.rowid < rowid) from = middle + 1;
    else to = middle;
  }
  return from;
}
