import { damagedDatabase } from "../sqlite/pages";
import type { Table } from "../sqlite/table";
import { type JsonRecord, putFields } from "./records";
import type { FieldPlan } from "./tables";

/** Sessions are written one after the other, so their parts lie in runs: about one of them for each. */
const MOST_RUNS = 500_000;

/**
 * The rows of a table that belong to others by `parent_key`. What is kept of them is where each parent's rows lie, and no row: a way of a
 * hundred thousand points costs as much as one of ten.
 */
export class Parts {
  readonly #table: Table;
  readonly #fields: readonly FieldPlan[];
  /** By parent: the numbers of the first and the last row of each run. */
  readonly #runs: ReadonlyMap<number, readonly number[]>;

  private constructor(table: Table, fields: readonly FieldPlan[], runs: ReadonlyMap<number, readonly number[]>) {
    this.#table = table;
    this.#fields = fields;
    this.#runs = runs;
  }

  /** Reads the whole table once. */
  static async of(table: Table, fields: readonly FieldPlan[]): Promise<Parts> {
    const runs = new Map<number, number[]>();
    let before: number | undefined;
    let count = 0;
    for await (const rows of table.scan(["parent_key"])) {
      for (const { rowid, values } of rows) {
        const [parent] = values;
        if (typeof parent !== "number") continue;
        const known = runs.get(parent);
        if (known !== undefined && parent === before) known[known.length - 1] = rowid;
        else {
          if (++count > MOST_RUNS) throw damagedDatabase("it has more parts of sessions than can be");
          if (known === undefined) runs.set(parent, [rowid, rowid]);
          else known.push(rowid, rowid);
        }
        before = parent;
      }
    }
    return new Parts(table, fields, runs);
  }

  /** The parts of one parent; at most `most`, and one more where there are more. */
  async of(parent: number, most: number): Promise<JsonRecord[]> {
    const runs = this.#runs.get(parent) ?? [];
    const columns = ["parent_key", ...this.#fields.map(({ column }) => column)];
    const out: JsonRecord[] = [];
    for (let i = 0; i < runs.length && out.length <= most; i += 2) {
      const last = runs[i + 1]!;
      reading: for await (const rows of this.#table.scan(columns, runs[i]! - 1)) {
        for (const { rowid, values } of rows) {
          if (rowid > last || out.length > most) break reading;
          if (values[0] !== parent) continue;
          const part: JsonRecord = {};
          putFields(part, this.#fields, values, 1);
          out.push(part);
        }
      }
    }
    return out;
  }
}
