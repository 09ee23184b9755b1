import { BatchBuilder } from "../../health/batch";
import { metric as metricOf } from "../../health/catalogue";
import { type Reading, type SleepSession, type Source, type Workout, ZONE_UNKNOWN } from "../../health/reading";
import { converter } from "../../health/units";
import { parseDay } from "../../health/zone";
import { Rejection, VendorRecord } from "../../vendors/record";
import type { Tally, TypeCount } from "../tally";
import { CountedBuilder } from "./counted-builder";
import type { Moment } from "./local-time";

/** What a mapper says of one reading. `value` is in `unit`, or in the metric's own where there is none. */
export interface Emitted {
  /** The file's own name of what it is. */
  readonly type: string;
  readonly metric: string;
  readonly source: Source;
  readonly value: number | undefined;
  readonly unit?: string | undefined;
  readonly id?: string | undefined;
  readonly version?: number | undefined;
  readonly text?: string | undefined;
  readonly attributes?: Readonly<Record<string, unknown>> | undefined;
}

type Session<T> = Omit<T, "source" | "version"> & { readonly type_: string; readonly source: Source; readonly version?: number };

/**
 * Takes what the mappers of documents find, converts it, counts it by the file's types, and collects it for a batch. While it is muted
 * nothing is taken: so a document is passed over up to where it was left.
 */
export class Emitter {
  readonly builder: BatchBuilder;
  readonly tally: Tally;
  isMuted = false;
  /** What weighs beyond the number of readings. */
  #extra = 0;

  /** @param builder where readings are collected; one of its own where left out */
  constructor(tally: Tally, builder = new BatchBuilder()) {
    this.tally = tally;
    this.builder = builder;
  }

  get size(): number {
    return this.builder.size + this.#extra;
  }

  take(): ReturnType<BatchBuilder["take"]> {
    this.#extra = 0;
    return this.builder.take();
  }

  /** A sample at an instant. */
  sample(emitted: Emitted, moment: Moment): void {
    this.#numeric("sample", emitted, moment, moment.at);
  }

  /** A sum over a time. */
  interval(emitted: Emitted, moment: Moment, end: number): void {
    if (end < moment.at) return this.reject(emitted.type, "implausible_time", "The end lies before the beginning.");
    this.#numeric("interval", emitted, moment, end);
  }

  /** The value of a local date, `YYYY-MM-DD`. */
  daily(emitted: Emitted, date: string): void {
    const day = parseDay(date);
    if (day === undefined) return this.reject(emitted.type, "unreadable_time", "A date cannot be read.");
    const start = day * 86_400_000;
    this.#reading("daily", emitted, { at: start, zone: 0 }, start, date);
  }

  /** A panel: `components` in their canonical units. */
  panel(emitted: Omit<Emitted, "value">, moment: Moment, components: Readonly<Record<string, number>>): void {
    if (this.isMuted) return;
    const { type, metric, source, id, version = 0, attributes } = emitted;
    this.#count(type, metric);
    this.builder.reading({
      metric,
      kind: "sample",
      source: this.builder.source(source),
      start: moment.at,
      end: moment.at,
      value: null,
      components,
      zone: moment.zone,
      version,
      ...(id !== undefined && { id }),
      ...(attributes !== undefined && { attributes }),
    });
  }

  /** A night or nap; `type_` is the file's name of it. */
  sleep({ type_, source, version = 0, ...session }: Session<SleepSession>): void {
    if (this.isMuted) return;
    this.#count(type_, "sleep");
    this.builder.sleepSession({ ...session, version, source: this.builder.source(source) });
    this.#extra += Math.floor(session.stages.length / 4);
  }

  workout({ type_, source, version = 0, ...workout }: Session<Workout>): void {
    if (this.isMuted) return;
    this.#count(type_, "workout");
    this.builder.workout({ ...workout, version, source: this.builder.source(source) });
    this.#extra += Math.floor((workout.route?.length ?? 0) / 4);
  }

  /** One record, read by the code that reads it from the vendor's own interface. `id` is as it is there. */
  record(type: string, source: Source, id: string | undefined, map: (record: VendorRecord) => void): void {
    if (this.isMuted) return;
    const counted = new CountedBuilder(this.builder, (metric, weight) => {
      this.#count(type, metric);
      this.#extra += Math.floor(weight / 4);
    });
    try {
      map(new VendorRecord(counted, this.builder.source(source), id, 0));
    } catch (error) {
      if (!(error instanceof Rejection)) throw error;
      this.reject(type, error.reason, `${type}: ${error.reason.replaceAll("_", " ")}`);
    }
  }

  /** Something that was read and cannot be used. */
  reject(type: string, code: string, detail: string): void {
    if (this.isMuted) return;
    const count = this.tally.type(type);
    count.read++;
    this.tally.reject(count, code, detail);
  }

  /** Something the person should know. */
  warn(code: string, detail: string, count = 1): void {
    if (!this.isMuted) this.tally.warn(code, detail, count);
  }

  #numeric(kind: "sample" | "interval", emitted: Emitted, moment: Moment, end: number): void {
    if (emitted.text !== undefined || emitted.attributes !== undefined) return this.#reading(kind, emitted, moment, end);
    const value = this.#valueOf(emitted);
    if (value === undefined) return;
    const { type, metric, source, version = 0, id } = emitted;
    this.#count(type, metric);
    const index = this.builder.source(source);
    if (kind === "sample") this.builder.sample(metric, index, moment.at, value, moment.zone, version, id);
    else this.builder.interval(metric, index, moment.at, end, value, moment.zone, version, id);
  }

  #reading(kind: Reading["kind"], emitted: Emitted, moment: Moment, end: number, date?: string): void {
    const value = this.#valueOf(emitted);
    if (value === undefined) return;
    const { type, metric, source, version = 0, id, text, attributes } = emitted;
    this.#count(type, metric);
    this.builder.reading({
      metric,
      kind,
      source: this.builder.source(source),
      start: moment.at,
      end,
      value,
      zone: moment.zone,
      version,
      ...(date !== undefined && { date }),
      ...(id !== undefined && { id }),
      ...(text !== undefined && { text }),
      ...(attributes !== undefined && { attributes }),
    });
  }

  /** The value in the metric's unit; undefined, and rejected, where there is none. */
  #valueOf({ type, metric, value, unit }: Emitted): number | undefined {
    if (this.isMuted) return undefined;
    const row = metricOf(metric);
    if (row === undefined) this.reject(type, "unknown_metric", metric);
    else if (value === undefined || !Number.isFinite(value)) this.reject(type, "not_a_number", `Values of ${metric} that are no numbers.`);
    else {
      const convert =
        unit === undefined ? same : converter(unit, row.unit, metric.includes("glucose") || metric === "cgm_trend" ? "glucose" : undefined);
      if (convert !== undefined) {
        this.tally.unit(type, unit ?? row.unit);
        return convert(value);
      }
      this.reject(type, "unit_mismatch", `A unit does not fit ${metric}.`);
    }
    return undefined;
  }

  #count(type: string, metric: string): TypeCount {
    const count = this.tally.type(type);
    count.read++;
    this.tally.credit(metric, [type]).n++;
    return count;
  }
}

const same = (value: number): number => value;

/** An instant in UTC whose place is not told. */
export function utc(at: number): Moment {
  return { at, zone: ZONE_UNKNOWN };
}
