import type { IndexEntry } from "../r4/index-entries";
import { type Family, rowsOf } from "./conditions";

/** The columns of rows of the index, beside their parameter and their resource. */
export const COLUMNS: Readonly<Record<Family, readonly string[]>> = {
  token: ["code", "system"],
  reference: ["id", "type", "url", "identifier"],
  date: ["lo", "hi"],
  string: ["plain", "exact"],
  quantity: ["canon", "amount", "value", "system", "code", "unit"],
  uri: ["value"],
  pair: ["code", "system", "second"],
};

export type Value = string | number;

/** What one or several resources are found by. */
export interface SharedRow {
  /** `Type.name`. */
  readonly param: string;
  /** In the order of the columns. */
  readonly values: readonly Value[];
  /** Of the resources. */
  readonly numbers: readonly number[];
}

interface Growing extends SharedRow {
  readonly numbers: number[];
}

/** Rows of the index, those of the same values together: resources that come together share most of what they are found by. */
export class SharedRows {
  readonly #all = new Map<Family, Growing[]>();
  /** By the names of type and parameter, and by a text that family and values make. */
  readonly #known = new Map<string, Map<string, Map<string, Growing>>>();

  get all(): ReadonlyMap<Family, readonly SharedRow[]> {
    return this.#all;
  }

  /** Adds what the resource of a number is found by. */
  add(n: number, type: string, entries: readonly IndexEntry[]): void {
    const ofType = within(this.#known, type);
    for (const { family, name, row } of rowsOf(entries)) {
      const values: Value[] = [];
      let key = `${family}\n`;
      for (const column of COLUMNS[family]) {
        const value = row[column] ?? "";
        values.push(value);
        key += `${value}\n`;
      }
      const ofName = within(ofType, name);
      const known = ofName.get(key);
      // Other values can make the same text.
      if (known !== undefined && isSame(known.values, values)) known.numbers.push(n);
      else {
        const made = { param: known?.param ?? `${type}.${name}`, values, numbers: [n] };
        ofName.set(key, made);
        const ofFamily = this.#all.get(family);
        if (ofFamily === undefined) this.#all.set(family, [made]);
        else ofFamily.push(made);
      }
    }
  }
}

function within<T>(map: Map<string, Map<string, T>>, key: string): Map<string, T> {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = new Map<string, T>();
  map.set(key, made);
  return made;
}

function isSame(some: readonly Value[], others: readonly Value[]): boolean {
  return some.every((value, i) => value === others[i]);
}
