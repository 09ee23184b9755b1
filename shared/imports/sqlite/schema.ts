import type { SqlValue } from "./record";

/** A column as the record of a row holds it. */
export interface Column {
  readonly name: string;
  /** Computed when it is read: it takes no place in a record. */
  readonly isVirtual: boolean;
  /** Another name of the row's own number, which stands outside the record. */
  readonly isRowid: boolean;
  /** What rows have that are older than the column. */
  readonly missing: SqlValue;
}

export interface TableDefinition {
  readonly columns: readonly Column[];
  /** The rows lie in an index of their own making, which is not read. */
  readonly isWithoutRowid: boolean;
}

type Token = { readonly text: string; readonly kind: "word" | "quoted" | "text" | "sign" };

const TOKEN =
  /\s+|--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|(?<quoted>"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\])|(?<text>[xX]?'(?:[^']|'')*')|(?<word>[\p{L}_$\u0080-\uffff][\p{L}\p{N}_$\u0080-\uffff]*|[+-]?\d[\w.]*(?:[eE][+-]?\d+)?|[+-]?\.\d+)|(?<sign>[\s\S])/gu;
const MOST_SQL = 1_000_000;
const TABLE_CONSTRAINTS = new Set(["CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"]);

/**
 * The columns of a table from the words that made it (`sqlite_master.sql`), which tell what the file itself does not: the names, which
 * columns are computed, and which is the row's number. Undefined for what makes no table with rows of its own.
 */
export function parseTable(sql: string): TableDefinition | undefined {
  if (sql.length > MOST_SQL) return undefined;
  const tokens = tokensOf(sql);
  const open = tokens.findIndex(({ text, kind }) => kind === "sign" && text === "(");
  const head = tokens.slice(0, open < 0 ? 0 : open).map(upper);
  if (head[0] !== "CREATE" || !head.includes("TABLE") || head.includes("VIRTUAL")) return undefined;
  const { parts, rest } = split(tokens, open);
  const keys = parts.filter(isConstraint).flatMap(keyOf);
  const columns = parts.filter((part) => part.length > 0 && !isConstraint(part)).map((part) => columnOf(part, keys));
  const tail = rest.map(upper);
  return { columns, isWithoutRowid: tail.some((word, i) => word === "WITHOUT" && tail[i + 1] === "ROWID") };
}

function tokensOf(sql: string): Token[] {
  const tokens: Token[] = [];
  for (const { groups } of sql.matchAll(TOKEN)) {
    const { quoted, text, word, sign } = groups ?? {};
    if (quoted !== undefined) {
      const close = quoted.at(-1) ?? "";
      tokens.push({ kind: "quoted", text: quoted.slice(1, -1).replaceAll(close + close, close) });
    } else if (text !== undefined) tokens.push({ kind: "text", text });
    else if (word !== undefined) tokens.push({ kind: "word", text: word });
    else if (sign !== undefined) tokens.push({ kind: "sign", text: sign });
  }
  return tokens;
}

/** The parts between the outermost parentheses that open at `open`, and what follows them. */
function split(tokens: readonly Token[], open: number): { readonly parts: Token[][]; readonly rest: readonly Token[] } {
  const parts: Token[][] = [[]];
  let depth = 0;
  for (let i = open; i < tokens.length; i++) {
    const token = tokens[i]!;
    const sign = token.kind === "sign" ? token.text : "";
    if (sign === "(" && depth++ === 0) continue;
    if (sign === ")" && --depth === 0) return { parts, rest: tokens.slice(i + 1) };
    if (sign === "," && depth === 1) parts.push([]);
    else parts.at(-1)?.push(token);
  }
  return { parts, rest: [] };
}

/** A word in capitals; empty for what is quoted, which is no word of the language. */
function upper({ kind, text }: Token): string {
  return kind === "word" ? text.toUpperCase() : kind === "sign" ? text : "";
}

function isConstraint(part: readonly Token[]): boolean {
  return part[0] !== undefined && TABLE_CONSTRAINTS.has(upper(part[0]));
}

/** The one column of a primary key that stands by itself; nothing for a key of several. */
function keyOf(part: readonly Token[]): string[] {
  const words = part.map(upper);
  const at = words.indexOf("PRIMARY");
  if (at < 0 || words[at + 1] !== "KEY" || words[at + 2] !== "(") return [];
  const close = words.indexOf(")", at);
  const inside = part.slice(at + 3, close < 0 ? undefined : close);
  const [first, ...more] = inside;
  const isOne = first !== undefined && !more.some((token) => upper(token) === ",");
  return isOne ? [nameOf(first)] : [];
}

function columnOf(part: readonly Token[], keys: readonly string[]): Column {
  const [first, ...rest] = part;
  const name = first === undefined ? "" : nameOf(first);
  const words = outermost(rest).map(upper);
  const key = words.indexOf("PRIMARY");
  const isKey = (key >= 0 && words[key + 2] !== "DESC") || keys.some((one) => one.toLowerCase() === name.toLowerCase());
  const isInteger = words[0] === "INTEGER" && (words.length === 1 || STARTS.has(words[1] ?? ""));
  const computed = words.includes("AS");
  return {
    name,
    isVirtual: computed && !words.includes("STORED"),
    isRowid: isKey && isInteger,
    missing: defaultOf(rest),
  };
}

/** Words that end the type of a column. */
const STARTS = new Set([
  "CONSTRAINT",
  "PRIMARY",
  "NOT",
  "NULL",
  "UNIQUE",
  "CHECK",
  "DEFAULT",
  "COLLATE",
  "REFERENCES",
  "GENERATED",
  "AS",
  "ON",
]);

/** Tokens that stand in no parentheses. */
function outermost(tokens: readonly Token[]): Token[] {
  let depth = 0;
  return tokens.filter(({ kind, text }) => {
    if (kind !== "sign") return depth === 0;
    if (text === "(") depth++;
    else if (text === ")") depth--;
    return depth === 0 && text !== ")";
  });
}

/** A default that is a plain number or text; anything else is computed, and no row can be older than it. */
function defaultOf(tokens: readonly Token[]): SqlValue {
  const at = tokens.findIndex((token) => upper(token) === "DEFAULT");
  const next = at < 0 ? undefined : tokens[at + 1];
  const sign = next?.kind === "sign" && (next.text === "-" || next.text === "+") ? next.text : "";
  const stated = sign === "" ? next : tokens[at + 2];
  if (stated === undefined) return null;
  if (stated.kind === "text") return stated.text.startsWith("'") ? stated.text.slice(1, -1).replaceAll("''", "'") : null;
  if (stated.kind !== "word") return null;
  const number = Number(sign + stated.text);
  return Number.isNaN(number) ? null : number;
}

function nameOf({ kind, text }: Token): string {
  return kind === "text" ? text.slice(1, -1).replaceAll("''", "'") : text;
}
