import { problem } from "../../problem";

/** A record of a table, and the line of the file on which it begins, counted from 1. */
export interface CsvRow {
  readonly line: number;
  readonly cells: readonly string[];
}

const LONGEST_CELL = 1_000_000;
const MOST_CELLS = 4_096;
const QUOTE = 0x22;
const CR = 0x0d;
const LF = 0x0a;

/**
 * Cuts delimited text into records (RFC 4180): quoted cells with doubled quotes and line breaks, and line ends of every kind. Text may come
 * in pieces of any size. A quote within an unquoted cell stands for itself, as spreadsheets read it. Lines without any cell are passed over.
 */
export class CsvScanner {
  readonly #delimiter: number;
  #cells: string[] = [];
  #cell: string[] = [];
  #length = 0;
  #line = 1;
  #begun = 1;
  #state: "start" | "plain" | "quoted" | "quote" = "start";
  #afterReturn = false;

  constructor(delimiter: string) {
    this.#delimiter = delimiter.charCodeAt(0);
  }

  /** Takes more text and hands out the records that end in it. */
  push(text: string): CsvRow[] {
    const rows: CsvRow[] = [];
    let from = 0;
    const keep = (to: number): void => {
      if (to > from) this.#keep(text.slice(from, to));
    };
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      const wasReturn = this.#afterReturn;
      this.#afterReturn = code === CR;
      const isBreak = code === CR || code === LF;
      if (isBreak && !(code === LF && wasReturn)) this.#line++;
      if (this.#state === "quoted") {
        if (code !== QUOTE) continue;
        keep(i);
        from = i + 1;
        this.#state = "quote";
        continue;
      }
      if (code === LF && wasReturn) {
        from = i + 1;
        continue;
      }
      if (code === QUOTE && this.#state === "quote") {
        // The second of two: the first is part of the text.
        from = i;
        this.#state = "quoted";
        continue;
      }
      if (code === QUOTE && this.#state === "start") {
        from = i + 1;
        this.#state = "quoted";
        continue;
      }
      if (code === this.#delimiter) {
        keep(i);
        from = i + 1;
        this.#endCell();
        continue;
      }
      if (isBreak) {
        keep(i);
        from = i + 1;
        const row = this.#endRow();
        if (row !== undefined) rows.push(row);
        continue;
      }
      if (this.#state === "quote") from = i;
      this.#state = "plain";
    }
    keep(text.length);
    return rows;
  }

  /** The last record, where the text does not end with a line break. Problem `file_unreadable` inside a quoted cell. */
  finish(): CsvRow[] {
    if (this.#state === "quoted") throw problem("file_unreadable", `A quoted cell that begins on line ${this.#begun} does not end.`);
    const row = this.#endRow();
    return row === undefined ? [] : [row];
  }

  #keep(text: string): void {
    this.#length += text.length;
    if (this.#length > LONGEST_CELL) throw problem("file_unreadable", `A cell on line ${this.#begun} is too long.`);
    this.#cell.push(text);
  }

  #endCell(): void {
    if (this.#cells.length >= MOST_CELLS) throw problem("file_unreadable", `Line ${this.#begun} has too many cells.`);
    this.#cells.push(this.#cell.length === 1 ? this.#cell[0]! : this.#cell.join(""));
    this.#cell = [];
    this.#length = 0;
    this.#state = "start";
  }

  #endRow(): CsvRow | undefined {
    const isEmpty = this.#cells.length === 0 && this.#state === "start" && this.#cell.length === 0;
    const line = this.#begun;
    if (!isEmpty) this.#endCell();
    const cells = this.#cells;
    this.#cells = [];
    this.#begun = this.#line;
    return isEmpty ? undefined : { line, cells };
  }
}

/** The records of a table. */
export async function* csvRows(text: AsyncIterable<string>, delimiter: string): AsyncGenerator<CsvRow, void> {
  const scanner = new CsvScanner(delimiter);
  for await (const piece of text) yield* scanner.push(piece);
  yield* scanner.finish();
}

/** The records that lie wholly in the beginning of a table. */
export function headRows(text: string, delimiter: string, most = 50): CsvRow[] {
  try {
    return new CsvScanner(delimiter).push(text).slice(0, most);
  } catch {
    return [];
  }
}
