import { type Document, textOf } from "../documents/document";
import { delimiterOf } from "./infer";
import { csvRows, headRows } from "./scanner";
import { cleanCell } from "./values";

/** Columns of a known table by what their headings match; -1 for those that it lacks. */
export type Columns<K extends string> = Readonly<Record<K, number>>;

export interface TableRecord<K extends string> {
  readonly line: number;
  /** A cell without the spaces around it; empty where the table has no such column. */
  cell(key: K): string;
}

/** The columns of a row of headings. */
export function columnsOf<K extends string>(cells: readonly string[], patterns: Readonly<Record<K, RegExp>>): Columns<K> {
  const headings = cells.map((cell) => cleanCell(cell).toLowerCase());
  const found = Object.entries<RegExp>(patterns).map(([key, pattern]) => [key, headings.findIndex((heading) => pattern.test(heading))]);
  return Object.fromEntries(found) as Record<K, number>;
}

/** The row of headings of a known table within its beginning: the first that has all the required columns. */
export function headingsIn<K extends string>(
  text: string,
  patterns: Readonly<Record<K, RegExp>>,
  required: readonly NoInfer<K>[],
): { readonly line: number; readonly cells: readonly string[]; readonly delimiter: string } | undefined {
  const delimiter = delimiterOf(text);
  if (delimiter === undefined) return undefined;
  const row = headRows(text, delimiter, 20).find(({ cells }) => {
    const columns = columnsOf(cells, patterns);
    return required.every((key) => columns[key] >= 0);
  });
  return row === undefined ? undefined : { ...row, delimiter };
}

/** The records of a known table, after its headings. */
export async function* tableRecords<K extends string>(
  document: Document,
  patterns: Readonly<Record<K, RegExp>>,
  required: readonly NoInfer<K>[],
): AsyncGenerator<TableRecord<K>, void> {
  const headings = headingsIn((await document.head()).text, patterns, required);
  if (headings === undefined) return;
  const columns = columnsOf(headings.cells, patterns);
  for await (const { line, cells } of csvRows(textOf(document), headings.delimiter)) {
    if (line > headings.line) yield { line, cell: (key) => cleanCell(cells[columns[key]]) };
  }
}

/** The headings of a table whose first line they are, in lower case; undefined for what is no such table. */
export function firstLine(text: string): { readonly headings: readonly string[]; readonly delimiter: string } | undefined {
  const delimiter = /^\s*[<{[]/.test(text) ? undefined : delimiterOf(text);
  const row = delimiter === undefined ? undefined : headRows(text, delimiter, 1)[0];
  if (row === undefined || delimiter === undefined) return undefined;
  return { headings: row.cells.map((cell) => cleanCell(cell).toLowerCase()), delimiter };
}

/** The rows of a table after its first line, each by its headings. */
export async function* tableObjects(
  document: Document,
): AsyncGenerator<{ readonly line: number; readonly row: ReadonlyMap<string, string> }, void> {
  const first = firstLine((await document.head()).text);
  if (first === undefined) return;
  let isHead = true;
  for await (const { line, cells } of csvRows(textOf(document), first.delimiter)) {
    if (!isHead) yield { line, row: new Map(first.headings.map((heading, i) => [heading, cleanCell(cells[i])])) };
    isHead = false;
  }
}
