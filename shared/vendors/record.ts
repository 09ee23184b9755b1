import type * as z from "zod";
import type { BatchBuilder } from "../health/batch";
import { type Reading, ZONE_UNKNOWN } from "../health/reading";
import { dayRange } from "./fields";
import type { PageOutcome } from "./vendor";

/** Why a record, or a part of it, was left out; the reason is a snake_case word and never carries the value. */
export class Rejection extends Error {
  readonly reason: string;
  constructor(reason: string) {
    super(reason);
    this.reason = reason;
  }
}

/** Parses a record, or rejects it as malformed. */
export function parsed<S extends z.ZodType>(schema: S, raw: unknown): z.output<S> {
  const result = schema.safeParse(raw);
  if (!result.success) throw new Rejection("malformed");
  return result.data;
}

/** One property, left out where there is no value or nothing in it. */
export function some<K extends string, V>(key: K, value: V | null | undefined): { readonly [P in K]?: V } {
  const empty = value === undefined || value === null || (typeof value === "object" && Object.keys(value).length === 0);
  return empty ? {} : ({ [key]: value } as { readonly [P in K]: V });
}

/** The object without its members that have no value. */
export function known<V>(object: Readonly<Record<string, V | null | undefined>>): Readonly<Record<string, V>> {
  return Object.fromEntries(
    Object.entries(object).flatMap(([key, value]) => (value === undefined || value === null ? [] : [[key, value]])),
  );
}

/** Start, end and offset of something that lasts. Epoch milliseconds, seconds. */
export interface Span {
  readonly start: number;
  readonly end: number;
  readonly zone: number;
}

/** The native range of a vendor's score, for its attributes: scores of two vendors are never averaged. */
export function scoreRange(rangeMin: number, rangeMax?: number): Readonly<Record<string, number | undefined>> {
  return { rangeMin, rangeMax };
}

/** Where a mapper puts what it finds in one record of a vendor. */
export class VendorRecord {
  readonly into: BatchBuilder;
  readonly source: number;
  /** The record's own id with its kind, e.g. `sleep/…`; undefined where the vendor gives none. */
  readonly id: string | undefined;
  readonly version: number;
  newestAt: number | undefined;

  constructor(into: BatchBuilder, source: number, id: string | undefined, version: number) {
    this.into = into;
    this.source = source;
    this.id = id;
    this.version = version;
  }

  /** A sample that is the record's only one of its metric. */
  sample(metric: string, at: number, zone: number, value: number): void {
    this.#see(at);
    this.into.sample(metric, this.source, at, value, zone, this.version, this.id);
  }

  /** One of many samples that stay when the record goes: it has no id. */
  oneOfMany(metric: string, at: number, zone: number, value: number): void {
    this.#see(at);
    this.into.sample(metric, this.source, at, value, zone, this.version);
  }

  /** One of many samples that go when the vendor deletes the record: they carry its id. */
  partOf(metric: string, at: number, zone: number, value: number): void {
    this.sample(metric, at, zone, value);
  }

  interval(metric: string, { start, end, zone }: Span, value: number): void {
    this.#see(end);
    this.into.interval(metric, this.source, start, end, value, zone, this.version, this.id);
  }

  /** A day's value under the vendor's own label. */
  daily(
    metric: string,
    date: string,
    value: number | null | undefined,
    attributes: Readonly<Record<string, unknown>> = {},
    text?: string,
  ): void {
    if ((value === undefined || value === null) && text === undefined) return;
    const day = dayRange(date);
    this.#see(day.start);
    this.into.reading({
      ...this.#base(metric),
      kind: "daily",
      ...day,
      zone: ZONE_UNKNOWN,
      date,
      value: value ?? null,
      ...some("text", text),
      ...some("attributes", known(attributes)),
    });
  }

  /** A reading that carries more than a number. */
  reading(
    metric: string,
    kind: "sample" | "interval" | "event",
    { start, end, zone }: Span,
    rest: { readonly value: number | null; readonly text?: string | undefined; readonly attributes?: Readonly<Record<string, unknown>> },
  ): void {
    this.#see(end);
    this.into.reading({
      ...this.#base(metric),
      kind,
      start,
      end,
      zone,
      value: rest.value,
      ...some("text", rest.text),
      ...some("attributes", known(rest.attributes ?? {})),
    });
  }

  /** A panel: several values of one moment, none of which is the top one. */
  panel(
    metric: string,
    { start, end, zone }: Span,
    components: Readonly<Record<string, number>>,
    attributes: Readonly<Record<string, unknown>> = {},
  ): void {
    this.#see(end);
    const more = some("attributes", known(attributes));
    this.into.reading({ ...this.#base(metric), kind: "sample", start, end, zone, value: null, components, ...more });
  }

  sleep(session: Omit<Parameters<BatchBuilder["sleepSession"]>[0], "source" | "version" | "id">): void {
    if (session.end <= session.start) throw new Rejection("empty_interval");
    this.#see(session.end);
    this.into.sleepSession({ ...session, source: this.source, version: this.version, ...some("id", this.id) });
  }

  workout(workout: Omit<Parameters<BatchBuilder["workout"]>[0], "source" | "version" | "id">): void {
    if (workout.end <= workout.start) throw new Rejection("empty_interval");
    this.#see(workout.end);
    this.into.workout({ ...workout, source: this.source, version: this.version, ...some("id", this.id) });
  }

  /** Something Meridian has no metric for, or no place: kept with its reason, so that it is not lost. */
  keepApart(metric: string, at: number, reason: string, value: number | null = null, unit = ""): void {
    this.#see(at);
    this.into.quarantine({ source: this.source, metric, at, value, unit, reason, ...some("id", this.id) });
  }

  /** The vendor says that the record is gone. */
  remove(vendor: string): void {
    if (this.id !== undefined) this.into.delete(vendor, this.id, this.version);
  }

  #see(at: number): void {
    if (this.newestAt === undefined || at > this.newestAt) this.newestAt = at;
  }

  #base(metric: string): Pick<Reading, "metric" | "source" | "version" | "id"> {
    return { metric, source: this.source, version: this.version, ...some("id", this.id) };
  }
}

/**
 * Reads records one by one and counts what is left out by reason. `read` answers the newest instant of a record, or throws a
 * `Rejection`; nothing else that a vendor may send makes it throw.
 */
export function readRecords(
  records: readonly unknown[],
  next: string | undefined,
  read: (raw: unknown) => number | undefined,
): PageOutcome {
  const rejected: Record<string, number> = {};
  let newestAt: number | undefined;
  for (const raw of records) {
    try {
      const at = read(raw);
      if (at !== undefined && at > (newestAt ?? -Infinity)) newestAt = at;
    } catch (error) {
      if (!(error instanceof Rejection)) throw error;
      rejected[error.reason] = (rejected[error.reason] ?? 0) + 1;
    }
  }
  return { read: records.length, rejected, ...some("newestAt", newestAt), ...(next === undefined || next === "" ? {} : { next }) };
}
