import { SYSTEM } from "../../health/codes";
import { plainName } from "../../labs/catalogue";
import { clipped, type LabCoding, type LabDraft, LONGEST_NAME, LONGEST_TEXT } from "../../labs/result";
import { numberOf, rangeOf, type ToldRange } from "../../labs/value";
import { whenOf } from "../../labs/when";
import { problem } from "../../problem";
import { type ClinicalItem, left } from "../clinical/items";
import { type DayOrder, fromWrittenDate, orderOf } from "./dates";

/** What headings mean, in plain letters. */
const HEADINGS = {
  name: ["analyte", "test", "test name", "name", "component", "parameter", "marker", "biomarker", "lab test", "observation"],
  value: ["value", "result", "results", "result value", "measurement", "numeric result"],
  unit: ["unit", "units", "uom", "unit of measure", "result unit", "result units"],
  range: ["range", "reference", "reference range", "ref range", "normal range", "reference interval", "ref interval"],
  low: ["low", "reference low", "range low", "ref low", "lower limit"],
  high: ["high", "reference high", "range high", "ref high", "upper limit"],
  flag: ["flag", "abnormal flag", "abnormal", "status flag", "interpretation"],
  date: [
    "date",
    "collected",
    "collection date",
    "date collected",
    "collected at",
    "collected on",
    "sample date",
    "test date",
    "specimen date",
    "datetime",
    "date time",
  ],
  loinc: ["loinc", "loinc code"],
  lab: ["lab", "laboratory", "facility", "performing lab"],
  specimen: ["specimen", "sample type", "specimen type"],
  method: ["method"],
  note: ["note", "notes", "comment", "comments", "remark"],
  person: ["patient", "patient id", "patient name", "person", "person id", "subject", "subject id", "mrn"],
} as const;
type Column = keyof typeof HEADINGS;
const COLUMNS: ReadonlyMap<string, Column> = new Map(
  (Object.keys(HEADINGS) as Column[]).flatMap((column) => HEADINGS[column].map((heading) => [heading, column] as const)),
);

const DELIMITERS = [",", ";", "\t", "|"] as const;
const MOST_ROWS = 500_000;

interface Layout {
  readonly delimiter: string;
  readonly columns: ReadonlyMap<Column, number>;
}

/** Columns that tables of other things do not have. */
const TELLING: readonly Column[] = ["range", "low", "high", "flag", "loinc"];

/** Whether a text is a table of results: its headings name a test, a value, a date, and something that only results have. */
export function looksLikeLabTable(text: string): boolean {
  const columns = layoutOf(text)?.columns;
  return columns !== undefined && TELLING.some((column) => columns.has(column));
}

function layoutOf(text: string): Layout | undefined {
  const head = text.replace(/^\ufeff/, "").split(/\r?\n/, 1)[0] ?? "";
  for (const delimiter of DELIMITERS) {
    const columns = new Map<Column, number>();
    (rowsOf(head, delimiter)[0] ?? []).forEach((cell, i) => {
      const column = COLUMNS.get(plainName(cell));
      if (column !== undefined && !columns.has(column)) columns.set(column, i);
    });
    if (columns.has("name") && columns.has("value") && columns.has("date")) return { delimiter, columns };
  }
  return undefined;
}

/**
 * Reads a table with a result a row: analyte, value, unit, range, flag, date and their like, in any order. Problem `file_unreadable` for what
 * is no such table, and for several persons.
 */
export function readLabTable(text: string): ClinicalItem[] {
  const layout = layoutOf(text);
  if (layout === undefined)
    throw problem("file_unreadable", "The first line does not name a column of tests, one of values and one of dates.");
  const rows = rowsOf(text, layout.delimiter).slice(1);
  if (rows.length > MOST_ROWS) throw problem("file_unreadable", `A table may have at most ${MOST_ROWS} rows.`);
  const cells = rows
    .filter((row) => row.some((one) => one.trim() !== ""))
    .map((row) => (column: Column) => row[layout.columns.get(column) ?? -1]?.trim() ?? "");
  if (new Set(cells.map((cell) => cell("person")).filter((person) => person !== "")).size > 1)
    throw problem("file_unreadable", "The table has results of more than one person.");
  const order = orderOf(cells.map((cell) => cell("date")));
  const seen = new Map<string, number>();
  return cells.map((cell) => readRow(cell, order, seen));
}

function readRow(cell: (column: Column) => string, order: DayOrder | undefined, seen: Map<string, number>): ClinicalItem {
  const name = clipped(cell("name"), LONGEST_NAME);
  const written = cell("value");
  if (name === undefined) return left("row", "no_name", "");
  if (written === "") return left("row", "no_value", name);
  const at = fromWrittenDate(cell("date"), order);
  if (at === undefined || whenOf(at, "UTC") === undefined) return left("row", cell("date") === "" ? "no_time" : "unclear_date", name);
  const told = numberOf(written);
  const loinc = /^\d{1,7}-\d$/.exec(cell("loinc"))?.[0];
  const codings: LabCoding[] = loinc === undefined ? [] : [{ system: SYSTEM.loinc, code: loinc, display: name }];
  const place = JSON.stringify([plainName(name), loinc ?? "", at, cell("lab")]);
  const n = seen.get(place) ?? 0;
  seen.set(place, n + 1);
  const labels = {
    unit: clipped(cell("unit"), 64),
    flag: clipped(cell("flag"), 32),
    specimen: clipped(cell("specimen"), LONGEST_NAME),
    method: clipped(cell("method"), LONGEST_NAME),
    lab: clipped(cell("lab"), LONGEST_NAME),
    note: clipped(cell("note"), LONGEST_TEXT),
  };
  const draft: LabDraft = {
    ...(Object.fromEntries(Object.entries(labels).filter(([, value]) => value !== undefined)) as Partial<
      Record<keyof typeof labels, string>
    >),
    identity: JSON.stringify([place, n]),
    type: "row",
    version: 0,
    source: "csv",
    status: "final",
    at,
    name,
    codings,
    value:
      told === undefined
        ? { text: written.slice(0, LONGEST_TEXT) }
        : { number: told.number, ...(told.comparator !== null && { comparator: told.comparator }) },
    ranges: rangesOf(cell("range"), cell("low"), cell("high")),
  };
  return { kind: "result", draft };
}

function rangesOf(range: string, low: string, high: string): ToldRange[] {
  const told = rangeOf(range);
  if (told !== undefined) return [told];
  const [from, to] = [numberOf(low), numberOf(high)];
  const ends = { ...(from?.comparator === null && { low: from.number }), ...(to?.comparator === null && { high: to.number }) };
  return Object.keys(ends).length === 0 ? [] : [ends];
}

/** The cells of a table (RFC 4180): quoted cells may hold delimiters, quotes and line ends. */
function rowsOf(whole: string, delimiter: string): string[][] {
  const text = whole.replace(/^\ufeff/, "");
  const rows: string[][] = [];
  let row: string[] = [];
  let cell = "";
  let isQuoted = false;
  for (let i = 0; i < text.length; i++) {
    const character = text[i] ?? "";
    if (isQuoted) {
      if (character !== '"') cell += character;
      else if (text[i + 1] === '"') {
        cell += '"';
        i++;
      } else isQuoted = false;
    } else if (character === '"' && cell.trim() === "") {
      cell = "";
      isQuoted = true;
    } else if (character === delimiter) {
      row.push(cell);
      cell = "";
    } else if (character === "\n" || character === "\r") {
      if (character === "\r" && text[i + 1] === "\n") i++;
      rows.push([...row, cell]);
      row = [];
      cell = "";
    } else cell += character;
  }
  if (cell !== "" || row.length > 0) rows.push([...row, cell]);
  return rows;
}
