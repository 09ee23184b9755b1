import type { Source } from "../../health/reading";
import { problem } from "../../problem";
import { firstLine, tableObjects } from "../csv/records";
import { numberOf, rowTime } from "../csv/values";
import { csvRows } from "../csv/scanner";
import { type Document, textOf } from "../documents/document";
import { isoMoment, type Moment, momentOf } from "../documents/local-time";
import { utc } from "../documents/emitter";
import type { Format, FormatContext } from "../documents/reader";
import { variabilityOf } from "./variability";

const STRAP: Source = { vendor: "rr_file", deviceType: "chest_strap", recordingMethod: "active" };
const CAMERA: Source = { vendor: "rr_file", app: "HRV4Training", recordingMethod: "active" };
/** Short-term variability is that of five minutes (Task Force 1996). */
const WINDOW_MS = 5 * 60_000;
/** Of less than a minute nothing is said. */
const SHORTEST_MS = 60_000;
/** A recording of which more is noise says nothing of the heart. */
const MOST_REJECTED = 0.2;

/** A list of numbers, one a line, perhaps below a word: at least twenty that can be intervals, in milliseconds or seconds. */
const LIST = /^[\s\u{feff}]*(?:[A-Za-z][^\n\d]{0,40}\r?\n)?(?:[ \t]*(?:\d{3,4}(?:\.\d+)?|[0-2]\.\d{2,})[ \t]*\r?\n){20}/u;
/** `2026-03-01 07-00-00`, `20260301_070000`, `2026-03-01T07:00:00` in the name of a file. */
const NAMED = /(?<!\d)(\d{4})-?(\d{2})-?(\d{2})[ T_-]?(\d{2})[-:_.]?(\d{2})(?:[-:_.]?(\d{2}))?(?!\d)/;

type Kind = "list" | "polar" | "logger" | "hrv4training";

/**
 * Recordings of the time between beats: plain lists, whose time is in the file's name (`2026-03-01 07-00-00.txt`, as Elite HRV names them),
 * `Phone timestamp;RR-interval [ms]` of Polar Sensor Logger, `date, rr, since start` of HRV Logger; and HRV4Training's table of measurements.
 * The catalogue has no beats, so RMSSD, SDNN and heart rate of each five minutes are stored, with how many beats they stand on. Forms were
 * seen in published readers of such files.
 */
export const BEATS: Format = {
  name: "beats",
  recognise: ({ text }) => kindOf(text) !== undefined,
  read: readBeats,
};

function kindOf(text: string): Kind | undefined {
  const headings = firstLine(text)?.headings ?? [];
  if (headings[0] === "phone timestamp" && headings[1]?.startsWith("rr-interval") === true) return "polar";
  if (/^(?:date|timestamp)$/.test(headings[0] ?? "") && headings[1] === "rr" && /^since.start$/.test(headings[2] ?? "")) return "logger";
  if (headings.includes("rmssd") && headings.some((heading) => /^(?:hrv4t_recovery_points|timestamp_measurement)$/.test(heading)))
    return "hrv4training";
  return LIST.test(text) ? "list" : undefined;
}

async function* readBeats(document: Document, context: FormatContext): AsyncGenerator<void, void> {
  const kind = kindOf((await document.head()).text);
  if (kind === "hrv4training") return yield* readMeasurements(document, context);
  const windows = new Windows(context);
  if (kind === "list") {
    const start = startOf(document.name, context.zone);
    let elapsed = 0;
    for await (const { cells } of csvRows(textOf(document), ",")) {
      const value = numberOf(cells[0] ?? "", ".");
      if (value === undefined) continue;
      const interval = value < 10 ? value * 1_000 : value;
      windows.add({ at: Math.round(start.at + elapsed), zone: start.zone }, interval);
      elapsed += interval;
      yield;
    }
  } else {
    for await (const { line, row } of tableObjects(document)) {
      const [time = "", interval = ""] = row.values();
      const at = timeOf(time, context.zone);
      const value = numberOf(interval, ".");
      if (at === undefined || value === undefined) context.emit.reject("rr", "unreadable", `Line ${line}: the interval cannot be read.`);
      else windows.add(at, value);
      yield;
    }
  }
  windows.end();
}

function timeOf(text: string, zone: string): Moment | undefined {
  return /^\d{12,14}$/.test(text) ? utc(Number(text)) : isoMoment(text, zone);
}

function startOf(name: string, zone: string): Moment {
  const match = NAMED.exec(name.split("/").at(-1) ?? "");
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = (match ?? []).slice(1).map((part) => Number(part ?? 0));
  const moment = match === null ? undefined : momentOf({ year, month, day, hour, minute, second }, zone);
  if (moment !== undefined) return moment;
  throw problem(
    "file_unreadable",
    "The recording does not say when it was made. Name the file by date and time, like 2026-03-01 07-00-00.txt, and import it again.",
  );
}

/** Cuts a recording into pieces of five minutes. A pause ends a piece too. */
class Windows {
  readonly #context: FormatContext;
  #start: Moment | undefined;
  #last = 0;
  #intervals: number[] = [];

  constructor(context: FormatContext) {
    this.#context = context;
  }

  add(at: Moment, interval: number): void {
    const isOver = this.#start !== undefined && (at.at - this.#start.at >= WINDOW_MS || at.at - this.#last > 30_000 || at.at < this.#last);
    if (isOver) this.end();
    this.#start ??= at;
    this.#last = at.at;
    this.#intervals.push(interval);
  }

  end(): void {
    const [start, intervals] = [this.#start, this.#intervals];
    this.#start = undefined;
    this.#intervals = [];
    if (start === undefined) return;
    const { emit } = this.#context;
    const found = variabilityOf(intervals);
    if (found === undefined || found.durationS * 1_000 < SHORTEST_MS)
      return emit.warn("too_short", "Pieces of a recording of less than a minute of normal beats.");
    const { rmssd, sdnn, heartRate, beats, rejected, durationS } = found;
    if (rejected > intervals.length * MOST_REJECTED) return emit.warn("noise", "Pieces of a recording with too few normal beats.");
    const attributes = { derivedFrom: "rr_intervals", beats, rejected, durationS: Math.round(durationS) };
    emit.sample({ type: "rr rmssd", metric: "hrv_rmssd", source: STRAP, value: rmssd, unit: "ms", attributes }, start);
    emit.sample({ type: "rr sdnn", metric: "hrv_sdnn", source: STRAP, value: sdnn, unit: "ms", attributes }, start);
    emit.sample(
      {
        type: "rr heart rate",
        metric: "heart_rate",
        source: STRAP,
        value: heartRate,
        unit: "/min",
        attributes: { ...attributes, statistic: "mean" },
      },
      start,
    );
  }
}

/** A line a measurement, mostly one a morning. `-` stands for what was not measured. */
async function* readMeasurements(document: Document, { emit, zone, mapping }: FormatContext): AsyncGenerator<void, void> {
  for await (const { line, row } of tableObjects(document)) {
    const time = rowTime(row.get("timestamp_measurement") ?? row.get("date") ?? "", undefined, mapping?.dateOrder ?? "ymd", zone);
    for (const [heading, metric, unit] of [
      ["rmssd", "hrv_rmssd", "ms"],
      ["sdnn", "hrv_sdnn", "ms"],
      ["hr", "heart_rate", "/min"],
    ] as const) {
      const cell = row.get(heading) ?? "";
      if (cell === "" || cell === "-") continue;
      const value = numberOf(cell, ".");
      const emitted = {
        type: heading,
        metric,
        source: CAMERA,
        value,
        unit,
        ...(metric === "heart_rate" && { attributes: { statistic: "mean" } }),
      };
      if (time === undefined) emit.reject(heading, "unreadable_time", `Line ${line}: the date cannot be read.`);
      // No measurement is zero: that is a day without one.
      else if (value === 0) continue;
      else if (time.hasClock) emit.sample(emitted, time);
      else emit.daily(emitted, time.date);
    }
    yield;
  }
}
