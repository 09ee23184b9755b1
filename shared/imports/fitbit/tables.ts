import type { Source } from "../../health/reading";
import { firstLine, tableObjects } from "../csv/records";
import { numberOf } from "../csv/values";
import type { Document } from "../documents/document";
import type { Emitted } from "../documents/emitter";
import { isoMoment, type Moment } from "../documents/local-time";
import type { Format, FormatContext } from "../documents/reader";
import { FITBIT_SOURCE } from "./source";

const MINUTE_MS = 60_000;
/** What stands for a minute without enough of a signal. */
const NO_SIGNAL = 50;

type Row = ReadonlyMap<string, string>;

interface TableRow {
  /** Headings that all must be there. */
  readonly headings: readonly string[];
  /** What the file must be called, where its headings do not tell. */
  readonly file?: RegExp;
  /** Files of the same archive that tell the same, so that this one is passed over. */
  readonly same?: RegExp;
  read(row: Row, emit: RowEmitter): void;
}

/**
 * The tables of a Fitbit account's export. The vendor's own notes beside them state the units: grams, millimetres, metres, milliseconds; times with
 * `Z` are UTC ("Time Series Data Export", `*_readme.txt` in `Physical Activity_GoogleData`). Nights' tables (`Heart Rate Variability`,
 * `Active Zone Minutes (AZM)`) have wall clocks without an offset, read in the person's zone. What else is known of them was seen in published
 * readers: 50.0 stands for a minute of oxygen without a signal, and an estimated variation of oxygen is a ratio of light, no saturation.
 */
const TABLES: readonly TableRow[] = [
  { headings: ["timestamp", "rmssd", "nremhr"], read: (row, emit) => emit.daily("rmssd", "hrv_rmssd", "ms", row, { context: "sleep" }) },
  { headings: ["timestamp", "rmssd", "coverage"], read: (row, emit) => emit.sample("rmssd", "hrv_rmssd", "ms", row) },
  {
    headings: ["timestamp", "daily_respiratory_rate"],
    read: (row, emit) => emit.daily("daily_respiratory_rate", "respiratory_rate", "/min", row, { context: "sleep" }),
  },
  {
    headings: ["timestamp", "full_sleep_breathing_rate"],
    same: /Daily Respiratory Rate Summary/,
    read: (row, emit) => emit.daily("full_sleep_breathing_rate", "respiratory_rate", "/min", row, { context: "sleep" }),
  },
  {
    headings: ["timestamp", "average_value", "lower_bound", "upper_bound"],
    read: (row, emit) => {
      const [low, high] = [numberOf(row.get("lower_bound") ?? "", "."), numberOf(row.get("upper_bound") ?? "", ".")];
      emit.daily("average_value", "spo2", "%", row, {
        context: "sleep",
        ...(low !== undefined && { low }),
        ...(high !== undefined && { high }),
      });
    },
  },
  {
    headings: ["timestamp", "value"],
    file: /Minute SpO2/,
    read: (row, emit) =>
      numberOf(row.get("value") ?? "", ".") === NO_SIGNAL
        ? emit.reject("no_signal", "Minutes of oxygen without a signal.")
        : emit.sample("value", "spo2", "%", row),
  },
  {
    headings: ["sleep_start", "sleep_end", "nightly_temperature"],
    read: (row, emit) => emit.daily("nightly_temperature", "skin_temp", "Cel", row, { context: "sleep" }, "sleep_end"),
  },
  {
    headings: ["sleep_log_entry_id", "overall_score"],
    read: (row, emit) => emit.daily("overall_score", "score.sleep", undefined, row, { rangeMin: 0, rangeMax: 100 }),
  },
  {
    headings: ["date", "stress_score", "calculation_failed"],
    read: (row, emit) => {
      const isFailed = row.get("calculation_failed") === "true" || numberOf(row.get("stress_score") ?? "", ".") === 0;
      if (isFailed) emit.reject("no_value", "Days without a score of stress.");
      // The vendor's scale: more is better.
      else emit.daily("stress_score", "score.stress", undefined, row, { rangeMin: 1, rangeMax: 100, better: "high" }, "date");
    },
  },
  {
    headings: ["date", "readiness_score_value"],
    read: (row, emit) => emit.daily("readiness_score_value", "score.readiness", undefined, row, { rangeMin: 1, rangeMax: 100 }, "date"),
  },
  {
    headings: ["date_time", "heart_zone_id", "total_minutes"],
    read: (row, emit) => emit.minute("total_minutes", "active_zone_minutes", undefined, row, "date_time"),
  },
  {
    headings: ["timestamp", "heart rate zone", "total minutes"],
    same: /Active Zone Minutes - /,
    read: (row, emit) => emit.minute("total minutes", "active_zone_minutes", undefined, row),
  },
  {
    headings: ["timestamp", "beats per minute"],
    file: /resting_heart_rate/,
    same: /Global Export Data\/resting_heart_rate-/,
    read: (row, emit) => emit.daily("beats per minute", "resting_heart_rate", "/min", row),
  },
  {
    headings: ["timestamp", "beats per minute"],
    file: /(?:^|\/)heart_rate_\d/,
    same: /Global Export Data\/heart_rate-/,
    read: (row, emit) => emit.sample("beats per minute", "heart_rate", "/min", row),
  },
  {
    headings: ["timestamp", "oxygen saturation percentage"],
    same: /Minute SpO2/,
    read: (row, emit) => emit.sample("oxygen saturation percentage", "spo2", "%", row),
  },
  {
    headings: ["timestamp", "root mean square of successive differences milliseconds"],
    same: /Heart Rate Variability Details/,
    read: (row, emit) => {
      emit.sample("root mean square of successive differences milliseconds", "hrv_rmssd", "ms", row);
      if ((row.get("standard deviation milliseconds") ?? "") !== "") emit.sample("standard deviation milliseconds", "hrv_sdnn", "ms", row);
    },
  },
  {
    headings: ["timestamp", "weight grams"],
    same: /Global Export Data\/weight-/,
    read: (row, emit) => emit.sample("weight grams", "body_weight", "g", row),
  },
  { headings: ["timestamp", "height millimeters"], read: (row, emit) => emit.sample("height millimeters", "body_height", "mm", row) },
  { headings: ["timestamp", "body fat percentage"], read: (row, emit) => emit.sample("body fat percentage", "body_fat_pct", "%", row) },
  {
    headings: ["timestamp", "steps"],
    same: /Global Export Data\/steps-/,
    read: (row, emit) => emit.minute("steps", "steps", "{steps}", row),
  },
  {
    headings: ["timestamp", "distance"],
    same: /Global Export Data\/distance-/,
    read: (row, emit) => emit.minute("distance", "distance_walk_run", "m", row),
  },
  {
    headings: ["timestamp", "calories"],
    same: /Global Export Data\/calories-/,
    read: (row, emit) => emit.minute("calories", "energy_total", "kcal", row),
  },
  { headings: ["timestamp", "floors"], read: (row, emit) => emit.minute("floors", "floors", "{flight}", row) },
];

export const FITBIT_TABLES: Format = {
  name: "fitbit tables",
  recognise: ({ name, text }) => tableOf(name, text) !== undefined,
  read: readTable,
};

function tableOf(name: string, text: string): TableRow | undefined {
  const headings = firstLine(text)?.headings ?? [];
  // By themselves two columns are anybody's table: the vendor's have a third, or a name.
  const isTelling = headings.length > 2 || /Takeout|Fitbit|Google|SpO2|Respiratory/i.test(name);
  if (!isTelling) return undefined;
  return TABLES.find(
    (row) =>
      row.headings.every((heading) => headings.includes(heading)) &&
      (row.file?.test(name) ??
        (row.headings.length > 2 ||
          row.headings.some((heading) => /[ _]/.test(heading)) ||
          headings.includes("data source") ||
          isKnownFile(name))),
  );
}

function isKnownFile(name: string): boolean {
  return /(?:^|\/)(?:Daily|Minute|Heart Rate Variability|Respiratory|Active Zone|Computed)\b/.test(name);
}

async function* readTable(document: Document, context: FormatContext): AsyncGenerator<void, void> {
  const { emit, zone } = context;
  const { name } = document;
  const table = tableOf(name, (await document.head()).text);
  if (table === undefined) return;
  const { same } = table;
  if (same !== undefined && context.has(same))
    return emit.warn("not_mapped", `Tables that tell again what others of the archive tell: ${typeOf(name)}`);
  const rows = new RowEmitter(context, typeOf(name), zone);
  for await (const { line, row } of tableObjects(document)) {
    rows.line = line;
    table.read(row, rows);
    yield;
  }
}

/** What the vendor calls a file, without its date. */
function typeOf(name: string): string {
  const base = (name.split("/").at(-1) ?? "").replace(/\.csv$/i, "");
  return (
    base
      .replace(/[ _-]*(?:- )?\(?\d{4}-.*$/, "")
      .replace(/[ -]+$/, "")
      .slice(0, 60) || "table"
  );
}

/** Emits values of one table. */
class RowEmitter {
  line = 0;
  readonly #context: FormatContext;
  readonly #type: string;
  readonly #zone: string;

  constructor(context: FormatContext, type: string, zone: string) {
    this.#context = context;
    this.#type = type;
    this.#zone = zone;
  }

  reject(code: string, detail: string): void {
    this.#context.emit.reject(this.#type, code, detail);
  }

  sample(column: string, metric: string, unit: string | undefined, row: Row): void {
    const moment = this.#moment(row, "timestamp");
    if (moment !== undefined) this.#context.emit.sample(this.#emitted(column, metric, unit, row), moment);
  }

  /** A sum of the minute that begins then. */
  minute(column: string, metric: string, unit: string | undefined, row: Row, time = "timestamp"): void {
    const moment = this.#moment(row, time);
    if (moment !== undefined) this.#context.emit.interval(this.#emitted(column, metric, unit, row), moment, moment.at + MINUTE_MS);
  }

  /** A day's value: by the date as it is written, which is the vendor's label. */
  daily(column: string, metric: string, unit: string | undefined, row: Row, attributes?: Emitted["attributes"], time = "timestamp"): void {
    const date = /^\d{4}-\d{2}-\d{2}/.exec(row.get(time) ?? "")?.[0];
    if (date === undefined) return this.reject("unreadable_time", `Line ${this.line}: the date cannot be read.`);
    this.#context.emit.daily({ ...this.#emitted(column, metric, unit, row), ...(attributes !== undefined && { attributes }) }, date);
  }

  #emitted(column: string, metric: string, unit: string | undefined, row: Row): Emitted {
    return { type: this.#type, metric, source: sourceOf(row), value: numberOf(row.get(column) ?? "", "."), unit };
  }

  #moment(row: Row, time: string): Moment | undefined {
    const moment = isoMoment(row.get(time) ?? "", this.#zone);
    if (moment === undefined) this.reject("unreadable_time", `Line ${this.line}: the time cannot be read.`);
    return moment;
  }
}

/** Which device or app it was, where the table tells. */
function sourceOf(row: Row): Source {
  const told = row.get("data source") ?? "";
  return told === "" ? FITBIT_SOURCE : { ...FITBIT_SOURCE, deviceName: told.slice(0, 64) };
}
