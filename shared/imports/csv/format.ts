import { metric as metricOf } from "../../health/catalogue";
import type { Source } from "../../health/reading";
import { isTimeZone } from "../../health/zone";
import { converter } from "../../health/units";
import { problem } from "../../problem";
import { type Document, textOf } from "../documents/document";
import type { Emitter } from "../documents/emitter";
import type { Format, FormatContext } from "../documents/reader";
import { DIASTOLIC, SYSTOLIC } from "./headings";
import { doubtText, headingsOf, inferMapping } from "./infer";
import type { CsvMapping } from "./mapping";
import { type CsvRow, csvRows } from "./scanner";
import { cleanCell, numberOf, type RowTime, rowTime } from "./values";

const SOURCE: Source = { vendor: "csv", recordingMethod: "unknown" };
/** Rows whose faults are told one by one. */
const MOST_FAULTS = 100;
/** Below this, values said to be mg/dL were mmol/L. */
const GLUCOSE_TOO_LOW = 30;

/** A table whose columns are read as a mapping says, or as its headings suggest where they leave no doubt. */
export const CSV: Format = {
  name: "csv",
  recognise: ({ text }) => text !== "" && !/^\s*[<{[]/.test(text) && inferMapping(text) !== undefined,
  read: readTable,
};

/** Whether a table without a mapping says by itself what it holds. */
export function isTellingTable(text: string): boolean {
  const proposal = text === "" || /^\s*[<{[]/.test(text) ? undefined : inferMapping(text);
  return proposal !== undefined && !proposal.doubts.includes("no_time") && !proposal.doubts.includes("no_quantity");
}

async function* readTable(document: Document, context: FormatContext): AsyncGenerator<void, void> {
  const { emit, isDry } = context;
  const proposal = inferMapping((await document.head()).text);
  const mapping = context.mapping ?? proposal?.mapping;
  if (mapping === undefined) throw problem("file_unreadable", "The file is no table.");
  const doubts = context.mapping === undefined ? (proposal?.doubts ?? []) : [];
  context.columns(mapping);
  for (const doubt of doubts) emit.warn(doubt, doubtText(doubt));
  if (doubts.length > 0 && !isDry)
    throw problem(
      "invalid",
      `The columns cannot be told: ${doubts.map(doubtText).join(" ")} Try the import as a dry run and say how they are read.`,
    );
  if (doubts.includes("no_time") || doubts.includes("no_quantity")) return;
  let reader: RowReader | undefined;
  for await (const row of csvRows(textOf(document), mapping.delimiter)) {
    if (row.line < mapping.headerLine) continue;
    if (reader === undefined) reader = new RowReader(mapping, row, context);
    else {
      reader.row(row);
      yield;
    }
  }
  reader?.end();
}

/** Reads the rows of one table. */
class RowReader {
  readonly #mapping: CsvMapping;
  readonly #emit: Emitter;
  readonly #zone: string;
  readonly #date: number;
  readonly #clock: number;
  readonly #end: number;
  readonly #columns: readonly {
    readonly index: number;
    readonly column: string;
    readonly metric: string;
    readonly unit: string | undefined;
    readonly daily: boolean;
  }[];
  #faults = 0;
  /** Of columns with glucose in mg/dL: how many values, and how many that cannot be. */
  readonly #glucose = new Map<string, { n: number; low: number }>();

  constructor(mapping: CsvMapping, header: CsvRow, { emit, zone }: FormatContext) {
    this.#mapping = mapping;
    this.#emit = emit;
    this.#zone = mapping.zone ?? zone;
    if (!isTimeZone(this.#zone)) throw invalid("/mapping/zone", "There is no such time zone.");
    const headings = headingsOf(header);
    const index = (name: string, pointer: string): number => {
      const at = headings.indexOf(name);
      if (at < 0) throw invalid(pointer, "The table has no column of this heading.");
      return at;
    };
    this.#date = index(mapping.time.date, "/mapping/time/date");
    this.#clock = mapping.time.clock === undefined ? -1 : index(mapping.time.clock, "/mapping/time/clock");
    this.#end = mapping.time.end === undefined ? -1 : index(mapping.time.end, "/mapping/time/end");
    if (mapping.columns.length === 0) throw invalid("/mapping/columns", "No column is mapped.");
    this.#columns = mapping.columns.map(({ column, metric, unit, daily = false }, i) => {
      const isPressure = metric === SYSTOLIC || metric === DIASTOLIC;
      const row = metricOf(isPressure ? "blood_pressure" : metric);
      if (row === undefined || (!isPressure && row.unit === ""))
        throw invalid(`/mapping/columns/${i}/metric`, "The metric is not known, or has no number.");
      const substance = metric.includes("glucose") ? "glucose" : undefined;
      if (unit !== undefined && converter(unit, isPressure ? "mm[Hg]" : row.unit, substance) === undefined)
        throw invalid(`/mapping/columns/${i}/unit`, "The unit does not fit the metric.");
      return { index: index(column, `/mapping/columns/${i}/column`), column, metric, unit, daily };
    });
  }

  row(row: CsvRow): void {
    const { dateOrder } = this.#mapping;
    const { cells } = row;
    const time = rowTime(cells[this.#date] ?? "", this.#clock < 0 ? undefined : cells[this.#clock], dateOrder, this.#zone);
    if (time === undefined) {
      if (cells.every((cell) => cleanCell(cell) === "")) return;
      for (const { index, column } of this.#columns)
        if (cleanCell(cells[index]) !== "") this.#fault(row, column, "unreadable_time", "the time cannot be read");
      return;
    }
    const end = this.#end < 0 ? undefined : rowTime(cells[this.#end] ?? "", undefined, dateOrder, this.#zone);
    const pressure = new Map<string, number>();
    for (const { index, column, metric, unit, daily } of this.#columns) {
      const cell = cleanCell(cells[index]);
      if (cell === "") continue;
      const value = numberOf(cell, this.#mapping.decimal);
      if (value === undefined) this.#fault(row, column, "not_a_number", "the value is no number");
      else if (metric === SYSTOLIC || metric === DIASTOLIC) pressure.set(metric, converter(unit ?? "mm[Hg]", "mm[Hg]")?.(value) ?? value);
      else this.#value({ column, metric, unit, daily, value }, time, end?.at);
    }
    const [systolic, diastolic] = [pressure.get(SYSTOLIC), pressure.get(DIASTOLIC)];
    if (systolic !== undefined && diastolic !== undefined)
      this.#emit.panel({ type: "blood pressure", metric: "blood_pressure", source: SOURCE }, time, { systolic, diastolic });
    else if (pressure.size > 0) this.#fault(row, "blood pressure", "incomplete", "one of the two values is missing");
  }

  end(): void {
    for (const [column, { n, low }] of this.#glucose)
      if (low * 2 > n) this.#emit.warn("unit_suspect", `Values of ${column} are said to be mg/dL and look like mmol/L.`, low);
  }

  #value(
    { column, metric, unit, daily, value }: { column: string; metric: string; unit: string | undefined; daily: boolean; value: number },
    time: RowTime,
    end: number | undefined,
  ): void {
    const row = metricOf(metric);
    if (metric.includes("glucose") && (unit ?? "mg/dL").toLowerCase() === "mg/dl") {
      const count = this.#glucose.get(column) ?? { n: 0, low: 0 };
      this.#glucose.set(column, { n: count.n + 1, low: count.low + (value < GLUCOSE_TOO_LOW ? 1 : 0) });
    }
    const emitted = { type: column, metric, source: SOURCE, value, unit };
    if (daily || (!time.hasClock && row?.kinds.includes("daily") === true)) this.#emit.daily(emitted, time.date);
    else if (row?.kind === "interval") this.#emit.interval(emitted, time, end ?? time.at);
    else this.#emit.sample(emitted, time);
  }

  #fault({ line }: CsvRow, column: string, code: string, what: string): void {
    // The value itself is nobody's business but the person's, who has the line.
    const detail = ++this.#faults <= MOST_FAULTS ? `Line ${line}, ${column}: ${what}.` : `Further lines: ${what}.`;
    this.#emit.reject(column, code, detail);
  }
}

function invalid(pointer: string, message: string) {
  return problem("invalid", `${message} (${pointer})`, { errors: [{ pointer, code: "invalid", message }] });
}
