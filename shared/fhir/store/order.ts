import { indexedAs, type SearchParameter } from "../r4/search-parameters";
import type { ResourceType } from "../r4/structures";
import type { Family, IndexRow, Row } from "./conditions";

/** One key of `_sort`: an index table with the parameter's name, or what every resource has. */
export type SortKey = { readonly isDescending: boolean } & (
  | { readonly by: "id" | "updated" }
  | { readonly by: "index"; readonly family: Exclude<Family, "pair">; readonly name: string }
);

/** A value of a key; null where the resource has none: it stands last, whichever the direction. */
export type SortValue = string | number | null;

/** The expression of a family's rows by which they are ordered. */
export const SORT_COLUMNS: Readonly<Record<Exclude<Family, "pair">, string>> = {
  token: "code",
  reference: "CASE WHEN id = '' THEN url ELSE id END",
  date: "lo",
  string: "plain",
  quantity: "amount",
  uri: "value",
};

/** The key of a search parameter; undefined for a pair, which has no order. */
export function sortKey({ name, kind }: Pick<SearchParameter, "name" | "kind">, isDescending: boolean): SortKey | undefined {
  if (kind === "composite") return undefined;
  return { by: "index", family: kind === "number" ? "quantity" : kind, name, isDescending };
}

/** What a resource is ordered by: of several values the first in the direction of the order (R4 search.html#sort). */
export function sortValue(
  type: ResourceType,
  key: SortKey,
  rows: readonly IndexRow[],
  own: { readonly id: string; readonly updated: number },
): SortValue {
  if (key.by !== "index") return own[key.by];
  const names = indexedAs(type, key.name);
  let best: SortValue = null;
  for (const { family, name, row } of rows) {
    if (family !== key.family || !names.includes(name)) continue;
    const value = valueOf(key.family, row);
    if (value !== undefined && (best === null || compareValues(value, best) * (key.isDescending ? -1 : 1) < 0)) best = value;
  }
  return best;
}

function valueOf(family: Exclude<Family, "pair">, row: Row): string | number | undefined {
  return family === "reference" ? (row["id"] === "" ? row["url"] : row["id"]) : row[SORT_COLUMNS[family]];
}

function compareValues(a: string | number, b: string | number): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Which of two lists of values comes first. */
export function compareBy(keys: readonly SortKey[], a: readonly SortValue[], b: readonly SortValue[]): number {
  for (const [i, { isDescending }] of keys.entries()) {
    const [one, other] = [a[i] ?? null, b[i] ?? null];
    if (one === other) continue;
    if (one === null || other === null) return one === null ? 1 : -1;
    return compareValues(one, other) * (isDescending ? -1 : 1);
  }
  return 0;
}

/** `ORDER BY` for columns k0, k1, …, and `n` at last. */
export function orderSql(keys: readonly SortKey[]): string {
  return [...keys.flatMap(({ isDescending }, i) => [`k${i} IS NULL`, `k${i}${isDescending ? " DESC" : ""}`]), "n"].join(", ");
}

/**
 * The condition for what stands behind a place in that order; `bind` gives the expression of a value. Without a number, what has the very
 * same values stands before it.
 */
export function pastSql(
  keys: readonly SortKey[],
  { values, n }: { readonly values: readonly SortValue[]; readonly n: number | null },
  bind: (value: string | number) => string,
): string {
  const ways: string[] = [];
  const same: string[] = [];
  for (const [i, { isDescending }] of keys.entries()) {
    const value = values[i] ?? null;
    if (value !== null) ways.push([...same, `(k${i} ${isDescending ? "<" : ">"} ${bind(value)} OR k${i} IS NULL)`].join(" AND "));
    same.push(value === null ? `k${i} IS NULL` : `k${i} = ${bind(value)}`);
  }
  if (n !== null) ways.push([...same, `n > ${bind(n)}`].join(" AND "));
  return ways.length === 0 ? "0" : `(${ways.map((way) => `(${way})`).join(" OR ")})`;
}
