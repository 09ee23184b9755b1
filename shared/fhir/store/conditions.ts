import type { IndexEntry, IndexValue, TokenValue } from "../r4/index-entries";

/**
 * Conditions on a row of a search index. One form serves both worlds: it becomes SQL where resources are stored, and is evaluated on
 * rows in memory where they are built on the fly.
 */
export type Condition =
  | { readonly all: readonly Condition[] }
  | { readonly any: readonly Condition[] }
  | {
      readonly column: string;
      readonly op: "=" | "<>" | "<" | "<=" | ">" | ">=" | "begins" | "contains" | "ends";
      readonly value: string | number;
    }
  /** Whether there is a text at all: what indexes of few rows are of. */
  | { readonly filled: string };

/** The tables of the index, one for each kind of parameter; numbers are quantities without a unit. */
export type Family = "token" | "reference" | "date" | "string" | "quantity" | "uri" | "pair";

export type Row = Readonly<Record<string, string | number>>;

export interface IndexRow {
  readonly family: Family;
  readonly name: string;
  readonly row: Row;
}

const NO_ROWS: IndexRow[] = [];

/** The rows that stand for entries; those of which nothing can be found by a value are left out. */
export function rowsOf(entries: readonly IndexEntry[]): IndexRow[] {
  const rows: IndexRow[] = [];
  for (const { param, value } of entries) {
    const made = rowOf(value);
    if (made !== undefined) rows.push({ family: made[0], name: param, row: made[1] });
    if (value.kind === "token") rows.push(...besides(param, value));
  }
  return rows;
}

/** What the modifiers of a token look at: `:text` its words, `:of-type` the type of an identifier with its value. */
function besides(name: string, { text, types = [], code }: TokenValue): IndexRow[] {
  if (text === undefined && types.length === 0) return NO_ROWS;
  const typed = types.map((type): IndexRow => {
    const row = { code: `${type.code ?? ""}|${code ?? ""}`, system: type.system ?? "" };
    return { family: "token", name: `${name}:of-type`, row };
  });
  return text === undefined ? typed : [...typed, { family: "string", name: `${name}:text`, row: { plain: text, exact: "" } }];
}

function rowOf(value: IndexValue): [Family, Row] | undefined {
  switch (value.kind) {
    case "token":
      return value.code === undefined && value.system === undefined
        ? undefined
        : ["token", { code: value.code ?? "", system: value.system ?? "" }];
    case "reference": {
      const { system = "", value: code = "" } = value.identifier ?? {};
      const identifier = value.identifier === undefined ? "" : `${system}|${code}`;
      return ["reference", { id: value.id ?? "", type: value.type ?? "", url: value.url ?? "", identifier }];
    }
    case "date":
      return ["date", { lo: value.lo, hi: value.hi }];
    case "string":
      return ["string", { plain: value.folded, exact: value.exact }];
    case "number":
      return ["quantity", { canon: "", amount: value.value, value: value.value, system: "", code: "", unit: "" }];
    case "quantity":
      return [
        "quantity",
        {
          canon: value.canonicalCode ?? "",
          amount: value.canonicalValue ?? value.value,
          value: value.value,
          system: value.system ?? "",
          code: value.code ?? "",
          unit: value.unit ?? "",
        },
      ];
    case "uri":
      return ["uri", { value: value.uri }];
    case "composite": {
      const [first, second] = value.parts;
      if (first?.kind !== "token" || second === undefined) return undefined;
      const beside = rowOf(second)?.[1];
      return beside === undefined
        ? undefined
        : ["pair", { code: first.code ?? "", system: first.system ?? "", second: JSON.stringify(beside) }];
    }
  }
}

/** Whether a row satisfies a condition. */
export function holds(condition: Condition, row: Row): boolean {
  if ("all" in condition) return condition.all.every((one) => holds(one, row));
  if ("any" in condition) return condition.any.some((one) => holds(one, row));
  if ("filled" in condition) return valueAt(row, condition.filled) !== "";
  const { column, op, value } = condition;
  const found = valueAt(row, column);
  if (found === undefined || typeof found !== typeof value) return false;
  switch (op) {
    case "=":
      return found === value;
    case "<>":
      return found !== value;
    case "<":
      return found < value;
    case "<=":
      return found <= value;
    case ">":
      return found > value;
    case ">=":
      return found >= value;
    case "begins":
      return String(found).startsWith(String(value));
    case "contains":
      return String(found).includes(String(value));
    case "ends":
      return String(found).endsWith(String(value));
  }
}

/** `second.value` lies in the JSON of the second half of a pair. */
function valueAt(row: Row, column: string): string | number | undefined {
  if (!column.startsWith("second.")) return row[column];
  return (JSON.parse(String(row["second"])) as Row)[column.slice("second.".length)];
}

/** Values of a statement, all in its one binding `?1`, a JSON array: the number of bindings is limited, that of values is not. */
export class Bindings {
  readonly #values: (string | number)[] = [];

  /** The SQL expression that stands for a value. */
  add(value: string | number): string {
    return `(?1 ->> ${this.#values.push(value) - 1})`;
  }

  get json(): string {
    return JSON.stringify(this.#values);
  }
}

/** A condition as SQL. Columns come from this code, never from outside; `rename` gives them another name. */
export function sqlOf(condition: Condition, bind: Bindings, rename: Readonly<Record<string, string>> = {}): string {
  if ("all" in condition) return joined(condition.all, " AND ", "1", bind, rename);
  if ("any" in condition) return joined(condition.any, " OR ", "0", bind, rename);
  // Word for word as the index has it, and no bound value.
  if ("filled" in condition) return `${condition.filled} <> ''`;
  const { column, op, value } = condition;
  const place = column.startsWith("second.") ? `(second ->> '$.${column.slice("second.".length)}')` : (rename[column] ?? column);
  const held = bind.add(value);
  switch (op) {
    case "begins":
      // A range, so that the index serves it.
      return `(${place} >= ${held} AND ${place} < ${held} || char(1114111))`;
    case "contains":
      return `instr(${place}, ${held}) > 0`;
    case "ends":
      return `substr(${place}, -length(${held})) = ${held}`;
    default:
      return `${place} ${op} ${held}`;
  }
}

function joined(all: readonly Condition[], by: string, empty: string, bind: Bindings, rename: Readonly<Record<string, string>>): string {
  return all.length === 0 ? empty : `(${all.map((one) => sqlOf(one, bind, rename)).join(by)})`;
}

/** The same condition on the second half of a pair. */
export function ofSecond(condition: Condition): Condition {
  if ("all" in condition) return { all: condition.all.map(ofSecond) };
  if ("any" in condition) return { any: condition.any.map(ofSecond) };
  if ("filled" in condition) return { all: [] };
  return { ...condition, column: `second.${condition.column}` };
}

/** The bounds of `lo` that follow from a condition on [lo, hi], where nothing lasts longer than `span`. */
export function startsWithin(condition: Condition, span: number): readonly [from: number, to: number] {
  if ("all" in condition) {
    const parts = condition.all.map((one) => startsWithin(one, span));
    return [
      Math.max(Number.NEGATIVE_INFINITY, ...parts.map(([from]) => from)),
      Math.min(Number.POSITIVE_INFINITY, ...parts.map(([, to]) => to)),
    ];
  }
  if ("any" in condition && condition.any.length > 0) {
    const parts = condition.any.map((one) => startsWithin(one, span));
    return [Math.min(...parts.map(([from]) => from)), Math.max(...parts.map(([, to]) => to))];
  }
  if (!("column" in condition) || typeof condition.value !== "number") return [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  const { column, op, value } = condition;
  const from = op.startsWith(">") || op === "=" ? value - (column === "hi" ? span : 0) : Number.NEGATIVE_INFINITY;
  const to = (op.startsWith("<") && op !== "<>") || op === "=" ? value : Number.POSITIVE_INFINITY;
  return column === "lo" || column === "hi" ? [from, to] : [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
}

/** The condition with those bounds said, so that an index by `lo` serves it. */
export function bounded(condition: Condition, span: number): Condition {
  const [from, to] = startsWithin(condition, span);
  return {
    all: [
      condition,
      ...(Number.isFinite(from) ? [{ column: "lo", op: ">=", value: from } as const] : []),
      ...(Number.isFinite(to) ? [{ column: "lo", op: "<=", value: to } as const] : []),
    ],
  };
}
