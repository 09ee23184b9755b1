import { type IndexEntry, indexEntries } from "../../../../shared/fhir/r4/index-entries";
import type { Fields } from "../../../../shared/fhir/r4/issue";
import type { Family } from "../../../../shared/fhir/store/conditions";
import { COLUMNS, type SharedRow, SharedRows, type Value } from "../../../../shared/fhir/store/shared-rows";

/** The tables of the index. */
export const INDEXES: Readonly<Record<Family, { readonly table: string }>> = {
  token: { table: "fhir_tokens" },
  reference: { table: "fhir_references" },
  date: { table: "fhir_dates" },
  string: { table: "fhir_strings" },
  quantity: { table: "fhir_quantities" },
  uri: { table: "fhir_uris" },
  pair: { table: "fhir_pairs" },
};

/** So many new resources wait before they are indexed without anybody asking: what the next search does first takes some tens of ms at most. */
export const MOST_WAITING = 500;

/** So many values can be bound to a statement. */
const MOST_BOUND = 100;

/** From so many resources on, a value is bound once for all of them. */
const FEWEST_SHARED = 3;

/**
 * Inserts what resources are found by. To bind a value costs the runtime as much as to insert half a row, so what many have in common, as
 * units, codes and subjects, is bound once, beside a list of their numbers. Taking texts out of a JSON text costs more than to bind them.
 */
function insert(sql: SqlStorage, family: Family, all: readonly SharedRow[]): void {
  const { table } = INDEXES[family];
  const columns = COLUMNS[family];
  const into = `INSERT OR IGNORE INTO ${table} (param, ${columns.join(", ")}, n)`;
  const each = `${into} SELECT ?, ${columns.map(() => "?").join(", ")}, value FROM json_each(?)`;
  const single: Value[] = [];
  for (const { param, values, numbers } of all) {
    if (numbers.length >= FEWEST_SHARED) sql.exec(each, param, ...values, JSON.stringify(numbers));
    else for (const n of numbers) single.push(param, ...values, n);
  }
  const wide = columns.length + 2;
  const hole = `(${Array.from({ length: wide }, () => "?").join(", ")})`;
  const atOnce = Math.floor(MOST_BOUND / wide) * wide;
  for (let i = 0; i < single.length; i += atOnce) {
    const some = single.slice(i, i + atOnce);
    sql.exec(`${into} VALUES ${Array.from({ length: some.length / wide }, () => hole).join(", ")}`, ...some);
  }
}

const MARK = "coalesce((SELECT n FROM fhir_indexed WHERE one = 1), 0)";
/** What waits, in the order in which it came. */
export const WAITING = `SELECT n, type FROM fhir_resources WHERE n > ${MARK} AND body IS NOT NULL ORDER BY n`;

interface Entries {
  readonly type: string;
  readonly entries: readonly IndexEntry[];
}

/** An object has one storage, and so one index. */
const indexes = new WeakMap<SqlStorage, SearchIndex>();

/** The index of a vault; the same for all who write to it. `zone` is that of the person (IANA). */
export function searchIndex(sql: SqlStorage, zone: () => string): SearchIndex {
  let index = indexes.get(sql);
  if (index === undefined) indexes.set(sql, (index = new SearchIndex(sql, zone)));
  return index;
}

/**
 * What stored resources are found by. A row in each of the tables' trees for one resource alone would cost many times what the resource
 * itself does, so new ones wait for each other: which they are follows from their numbers, and what they are found by from themselves, so
 * that nothing is lost with the memory. Whoever looks into the tables calls `flush` before.
 */
export class SearchIndex {
  readonly #sql: SqlStorage;
  readonly #zone: () => string;
  /** What new resources are found by, as far as it is remembered. */
  readonly #added = new Map<number, Entries>();
  /** What changed ones are found by: those do not wait beyond their transaction. */
  readonly #changed = new Map<number, Entries>();
  /** How many new ones wait; undefined where that is not known. */
  #waiting: number | undefined;
  /** The highest number that is given, while a transaction gives more: between two of them others may fill the tables. */
  #last: number | undefined;

  constructor(sql: SqlStorage, zone: () => string) {
    this.#sql = sql;
    this.#zone = zone;
  }

  /**
   * The number of a new resource, above all that are given. Not by RETURNING: for a statement that does more than one thing SQLite copies
   * every page that it changes.
   */
  nextNumber(): number {
    const above = this.#last ?? this.#sql.exec<{ n: number }>("SELECT coalesce(max(n), 0) AS n FROM fhir_resources").one().n;
    return (this.#last = above + 1);
  }

  /** Remembers what a new resource is found by. */
  add(n: number, entries: Entries): void {
    this.#added.set(n, entries);
    if (this.#waiting !== undefined) this.#waiting++;
  }

  /** Says what a resource is found by now; what it was found by is removed already. */
  change(n: number, entries: Entries): void {
    this.#changed.set(n, entries);
  }

  /** Ends a transaction: what changed is indexed as part of it. */
  settle(): void {
    this.#last = undefined;
    if (this.#changed.size > 0) this.flush();
  }

  /**
   * Indexes what is new where much of it waits. Best behind the transaction that made it so much: within one, SQLite keeps a copy of
   * every page that changes.
   */
  relieve(): void {
    this.#waiting ??= this.#sql.exec<{ n: number }>(`SELECT count(*) AS n FROM (${WAITING})`).one().n;
    if (this.#waiting >= MOST_WAITING) this.flush();
  }

  /** Forgets what a transaction said that is taken back. */
  forget(): void {
    this.#added.clear();
    this.#changed.clear();
    this.#waiting = undefined;
    this.#last = undefined;
  }

  /** Indexes all that waits. */
  flush(): void {
    const sql = this.#sql;
    const rows = new SharedRows();
    for (const [n, { type, entries }] of this.#changed) rows.add(n, type, entries);
    this.#changed.clear();
    let last: number | undefined;
    for (const { n, type } of sql.exec<{ n: number; type: string }>(WAITING).toArray()) {
      rows.add(n, type, this.#added.get(n)?.entries ?? indexEntries(this.#body(n), this.#zone()));
      last = n;
    }
    this.#added.clear();
    this.#waiting = 0;
    for (const [family, shared] of rows.all) insert(sql, family, shared);
    if (last !== undefined) sql.exec("INSERT INTO fhir_indexed (one, n) VALUES (1, ?) ON CONFLICT DO UPDATE SET n = excluded.n", last);
  }

  /** Learns that resources were removed for good: if those were the last ones, their numbers are given again. */
  erased(): void {
    this.#last = undefined;
    this.#sql.exec("UPDATE fhir_indexed SET n = coalesce((SELECT max(n) FROM fhir_resources), 0) WHERE one = 1");
  }

  /** Removes resources from the index. Nothing waits afterwards. */
  remove(numbers: readonly number[]): void {
    this.flush();
    const list = JSON.stringify(numbers);
    for (const { table } of Object.values(INDEXES))
      this.#sql.exec(`DELETE FROM ${table} WHERE n IN (SELECT value FROM json_each(?))`, list);
  }

  #body(n: number): Fields {
    return JSON.parse(this.#sql.exec<{ body: string }>("SELECT body FROM fhir_resources WHERE n = ?", n).one().body) as Fields;
  }
}
