import { metric as metricOf } from "../../health/catalogue";
import { converter } from "../../health/units";
import { CLOCK_HEADING, DATE_HEADING, DIASTOLIC, HEADINGS, SYSTOLIC, unitIn } from "./headings";
import { type CsvMapping, type DateOrder, type Delimiter, DELIMITERS } from "./mapping";
import { type CsvRow, headRows } from "./scanner";
import { cleanCell, dateParts, numberOf, rowTime } from "./values";

/** A mapping that a table's headings and first rows suggest, and what about it somebody must confirm. */
export interface Proposal {
  readonly mapping: CsvMapping;
  readonly doubts: readonly Doubt[];
}

export type Doubt = "no_time" | "no_quantity" | "ambiguous_date" | "ambiguous_unit";

const DOUBT_TEXTS: Readonly<Record<Doubt, string>> = {
  no_time: "No column with a date was found.",
  no_quantity: "No column with a known quantity was found.",
  ambiguous_date: "Day and month of the dates cannot be told apart.",
  ambiguous_unit: "A column does not state its unit, and its values do not tell.",
};

export function doubtText(doubt: Doubt): string {
  return DOUBT_TEXTS[doubt];
}

/** Rows that are looked at. */
const LOOKED_AT = 200;
/** Between the highest glucose in mmol/L that is survived and the lowest in mg/dL that is usual. */
const GLUCOSE_MMOL_BELOW = 36;

/** Proposes how a table is read from its beginning; undefined where it is no table. */
export function inferMapping(text: string): Proposal | undefined {
  const delimiter = delimiterOf(text);
  const rows = delimiter === undefined ? [] : headRows(text, delimiter, LOOKED_AT);
  const header = headerOf(rows);
  if (delimiter === undefined || header === undefined) return undefined;
  const headings = headingsOf(header);
  const body = rows.filter(({ line }) => line > header.line && line > 0).slice(0, -1);
  const data = body.length > 0 ? body : rows.filter(({ line }) => line > header.line);
  const cellsOf = (i: number): string[] => data.map(({ cells }) => cleanCell(cells[i])).filter((cell) => cell !== "");
  const doubts = new Set<Doubt>();
  const decimal = decimalOf(data, delimiter);
  const date = headings.findIndex((heading, i) => DATE_HEADING.test(norm(heading)) && looksLikeDates(cellsOf(i)));
  const dated = date >= 0 ? date : headings.findIndex((_heading, i) => looksLikeDates(cellsOf(i)));
  if (dated < 0) doubts.add("no_time");
  const order = orderOf(dated < 0 ? [] : cellsOf(dated));
  if (order === undefined) doubts.add("ambiguous_date");
  const clock = headings.findIndex(
    (heading, i) =>
      i !== dated &&
      CLOCK_HEADING.test(norm(heading)) &&
      cellsOf(i).every((cell) => /^\d{1,2}[:.]\d{2}/.test(cell)) &&
      cellsOf(i).length > 0,
  );
  const taken = new Set<string>();
  const columns = headings.flatMap((heading, i) => {
    if (i === dated || i === clock) return [];
    const row = HEADINGS.find(({ pattern }) => pattern.test(norm(heading)));
    const numbers = cellsOf(i)
      .map((cell) => numberOf(cell, decimal))
      .filter((value) => value !== undefined);
    if (row === undefined || numbers.length === 0 || taken.has(row.metric)) return [];
    taken.add(row.metric);
    const unit = unitFor(row.metric, unitIn(heading) ?? row.unit, numbers);
    if (unit === undefined) doubts.add("ambiguous_unit");
    return [{ column: heading, metric: row.metric, ...(unit !== undefined && { unit }) }];
  });
  if (columns.length === 0) doubts.add("no_quantity");
  return {
    mapping: {
      delimiter,
      decimal,
      headerLine: header.line,
      dateOrder: order ?? "dmy",
      time: { date: headings[Math.max(0, dated)] ?? "", ...(clock >= 0 && { clock: headings[clock]! }) },
      columns,
      headings: headings.slice(0, 200),
    },
    doubts: [...doubts],
  };
}

/** Headings by which columns are named: the n-th of the same text is `text#n`, an empty one is named by its place. */
export function headingsOf({ cells }: CsvRow): string[] {
  const seen = new Map<string, number>();
  return cells.map((cell, i) => {
    const text = cleanCell(cell).slice(0, 240) || `column ${i + 1}`;
    const n = (seen.get(text) ?? 0) + 1;
    seen.set(text, n);
    return n === 1 ? text : `${text}#${n}`;
  });
}

function norm(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[_\-.]+/g, " ")
    .trim();
}

/** The delimiter that cuts most lines into the same number of cells. */
export function delimiterOf(text: string): Delimiter | undefined {
  let best: { readonly delimiter: Delimiter; readonly score: number } | undefined;
  for (const delimiter of DELIMITERS) {
    const widths = headRows(text, delimiter, 60).map(({ cells }) => cells.length);
    const counts = new Map<number, number>();
    for (const width of widths) if (width > 1) counts.set(width, (counts.get(width) ?? 0) + 1);
    const most = Math.max(0, ...counts.values());
    // Many cells count a little, the same number in every line a lot.
    const score = widths.length === 0 ? 0 : (most / widths.length) * 100 + Math.min(10, Math.max(0, ...counts.keys()));
    if (most > 0 && (best === undefined || score > best.score)) best = { delimiter, score };
  }
  return best?.delimiter;
}

/** The line with the headings: the first that is as wide as what follows and has no number of its own. */
function headerOf(rows: readonly CsvRow[]): CsvRow | undefined {
  return rows.find(
    (row, i) =>
      row.cells.length > 1 &&
      row.cells.filter((cell) => cleanCell(cell) !== "").length > 1 &&
      row.cells.every((cell) => !/^[+-]?[\d.,]+$/.test(cleanCell(cell))) &&
      (rows[i + 1] === undefined || rows[i + 1]!.cells.length >= row.cells.length - 1),
  );
}

function decimalOf(rows: readonly CsvRow[], delimiter: Delimiter): "." | "," {
  let [points, commas] = [0, 0];
  for (const { cells } of rows) {
    for (const cell of cells) {
      if (/^[+-]?\d+\.\d+$/.test(cleanCell(cell))) points++;
      if (/^[+-]?\d+,\d+$/.test(cleanCell(cell))) commas++;
    }
  }
  return delimiter !== "," && commas > points ? "," : commas > 0 && points === 0 ? "," : ".";
}

/** Whether most cells are dates: some may be slips of the pen. */
function looksLikeDates(cells: readonly string[]): boolean {
  const orders: readonly DateOrder[] = ["ymd", "dmy", "mdy"];
  const dates = cells.filter(
    (cell) => isEpoch(cell) !== undefined || orders.some((order) => rowTime(cell, undefined, order, "UTC") !== undefined),
  );
  return dates.length > 0 && dates.length >= cells.length * 0.6;
}

function isEpoch(cell: string): "epoch_s" | "epoch_ms" | undefined {
  if (/^1[0-9]{9}(?:\.\d+)?$/.test(cell)) return "epoch_s";
  return /^1[0-9]{12}$/.test(cell) ? "epoch_ms" : undefined;
}

/** The order of a column of dates; undefined where no row tells. */
export function orderOf(cells: readonly string[]): DateOrder | undefined {
  const epoch = cells.length > 0 ? isEpoch(cells[0]!) : undefined;
  if (epoch !== undefined) return epoch;
  let [first, second, dots] = [0, 0, 0];
  const days = new Set<string>();
  for (const cell of cells) {
    const found = dateParts(cell);
    // A month in letters, or a year in front, leaves no doubt.
    if (found === undefined || found.parts[0].length === 4) {
      first++;
      continue;
    }
    const [a, b] = found.parts.map(Number);
    if (found.separator === ".") dots++;
    if (a! > 12 && b! <= 12) first += 2;
    if (b! > 12 && a! <= 12) second += 2;
    days.add(`${a} ${b}`);
  }
  if (cells.length === 0) return undefined;
  if (cells.every((cell) => dateParts(cell) === undefined || dateParts(cell)!.parts[0].length === 4)) return "ymd";
  if (first > 0 && second > 0) return undefined;
  if (first > 0 || dots === cells.length) return "dmy";
  return second > 0 ? "mdy" : undefined;
}

/** The unit of a column: as stated where it fits the quantity, else what its values can only be. */
function unitFor(metric: string, stated: string | undefined, values: readonly number[]): string | undefined {
  if (metric === SYSTOLIC || metric === DIASTOLIC) return "mm[Hg]";
  const row = metricOf(metric);
  const substance = metric.includes("glucose") ? "glucose" : undefined;
  if (stated !== undefined && row !== undefined && converter(stated, row.unit, substance) !== undefined) return stated;
  if (substance !== undefined)
    return values.every((value) => value < GLUCOSE_MMOL_BELOW)
      ? "mmol/L"
      : values.every((value) => value >= GLUCOSE_MMOL_BELOW)
        ? "mg/dL"
        : undefined;
  if (metric === "body_temperature") return values.every((value) => value > 80) ? "[degF]" : "Cel";
  // Kilograms and pounds overlap, and so do metres and feet: nobody can tell.
  return metric === "body_weight" || metric === "body_height" || metric === "waist" || stated !== undefined ? undefined : row?.unit;
}
