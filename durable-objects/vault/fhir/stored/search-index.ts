import { type IndexEntry, indexEntries } from "../../../../shared/fhir/r4/index-entries";
import type { Fields } from "../../../../shared/fhir/r4/issue";
import { type Family, rowsOf } from "../../../../shared/fhir/store/conditions";

/** The tables of the index and their columns beside `param` and `n`. */
export const INDEXES: Readonly<Record<Family, { readonly table: string; readonly columns: readonly string[] }>> = {
  token: { table: "fhir_tokens", columns: ["code", "system"] },
  reference: { table: "fhir_references", columns: ["id", "type", "url", "identifier"] },
  date: { table: "fhir_dates", columns: ["lo", "hi"] },
  string: { table: "fhir_strings", columns: ["plain", "exact"] },
  quantity: { table: "fhir_quantities", columns: ["canon", "amount", "value", "system", "code", "unit"] },
  uri: { table: "fhir_uris", columns: ["value"] },
  pair: { table: "fhir_pairs", columns: ["code", "system", "second"] },
};

/** So many new resources wait before they are indexed without anybody asking: what the next search does first takes some tens of ms at most. */
export const MOST_WAITING = 500;

/** So many values can be bound to a statement. */
const MOST_BOUND = 100;

type Values = (string | number)[];

/** Inserts rows, each a list of values in the order of the columns. Values are bound: taking them out of a JSON text costs more than a row. */
function insert(sql: SqlStorage, family: Family, rows: readonly Values[]): void {
  const { table, columns } = INDEXES[family];
  const all = ["param", ...columns, "n"];
  const holes = `(${all.map(() => "?").join(", ")})`;
  const atOnce = Math.floor(MOST_BOUND / all.length);
  for (let i = 0; i < rows.length; i += atOnce) {
    const some = rows.slice(i, i + atOnce);
    sql.exec(`INSERT OR IGNORE INTO ${table} (${all.join(", ")}) VALUES ${some.map(() => holes).join(", ")}`, ...some.flat());
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

  constructor(sql: SqlStorage, zone: () => string) {
    this.#sql = sql;
    this.#zone = zone;
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
  }

  /** Indexes all that waits. */
  flush(): void {
    const sql = this.#sql;
    const rows = new Map<Family, Values[]>();
    for (const [n, entries] of this.#changed) collect(rows, n, entries);
    this.#changed.clear();
    let last: number | undefined;
    for (const { n, type } of sql.exec<{ n: number; type: string }>(WAITING).toArray()) {
      collect(rows, n, this.#added.get(n) ?? { type, entries: indexEntries(this.#body(n), this.#zone()) });
      last = n;
    }
    this.#added.clear();
    this.#waiting = 0;
    for (const [family, list] of rows) insert(sql, family, list);
    if (last !== undefined) sql.exec("INSERT INTO fhir_indexed (one, n) VALUES (1, ?) ON CONFLICT DO UPDATE SET n = excluded.n", last);
  }

  /** Learns that resources were removed for good: if those were the last ones, their numbers are given again. */
  erased(): void {
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

function collect(all: Map<Family, Values[]>, n: number, { type, entries }: Entries): void {
  for (const { family, name, row } of rowsOf(entries)) {
    const values: Values = [`${type}.${name}`];
    for (const column of INDEXES[family].columns) values.push(row[column] ?? "");
    values.push(n);
    const rows = all.get(family);
    if (rows === undefined) all.set(family, [values]);
    else rows.push(values);
  }
}
