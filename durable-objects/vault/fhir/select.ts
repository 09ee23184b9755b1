import type { Token } from "../../../shared/fhir/coding";
import { type Place, tagHash } from "../../../shared/fhir/ids";
import { labSpan, reportOfFhirId, resultOfFhirId } from "../../../shared/fhir/labs";
import type { DiagnosticReport, Identifier, Observation } from "../../../shared/fhir/types";
import { metric as metricOf, metricByCode, type Metric } from "../../../shared/health/catalogue";
import { localDay, offsetAt, parseDay, startOfDay } from "../../../shared/health/zone";
import { whenOf } from "../../../shared/labs/when";
import { type Ask, compareEntries, type Entry, type Stream } from "./entries";
import { entriesOf } from "./streams";

const FINAL = { system: "http://hl7.org/fhir/observation-status", code: "final" };

/** What a stream must have to be selected by code, category and device. */
export type Point = Pick<Stream, "table" | "metric" | "source">;

/** Where the row of an Observation's id lies. */
export function pointOf(place: Place): Point {
  switch (place.kind) {
    case "reading":
      return { table: "readings", metric: place.metric, source: place.source };
    case "segment":
      return { table: "segments", metric: place.metric, source: place.source };
    case "daily":
      return { table: "daily", metric: place.metric, source: place.source };
    case "sleep":
      return { table: "sleeps", metric: 0, source: place.source };
    case "workout":
      return { table: "workouts", metric: 0, source: place.source };
  }
}

/** The catalogue's metric of a point. */
export function metricOfPoint({ table, metric }: Point): Metric | undefined {
  if (table === "sleeps") return metricOf("sleep");
  return table === "workouts" ? metricOf("workout") : metricByCode(metric);
}

/** The first entries of all streams together. Streams that lie wholly behind what is already found are not asked. */
export function merged(sql: SqlStorage, streams: readonly Stream[], ask: Ask, timeZone: string): Entry[] {
  let best: Entry[] = [];
  for (const stream of streams.toSorted((a, b) => (ask.descending ? b.last - a.last : a.first - b.first))) {
    const worst = best.length < ask.limit ? undefined : best.at(-1);
    if (ask.by === "date" && worst !== undefined && (ask.descending ? stream.last < worst.start : stream.first > worst.start)) break;
    const entries = entriesOf(sql, stream, ask, timeZone);
    if (entries.length > 0) best = [...best, ...entries].sort((a, b) => compareEntries(a, b, ask)).slice(0, ask.limit);
  }
  return best;
}

/** The time of an Observation or DiagnosticReport as [start, end], epoch milliseconds. */
export function spanOf(
  {
    id,
    effectiveDateTime = "",
    effectivePeriod,
  }: Pick<Observation | DiagnosticReport, "id" | "effectiveDateTime"> & Pick<Observation, "effectivePeriod">,
  timeZone: string,
): { start: number; end: number } {
  if (resultOfFhirId(id) !== undefined || reportOfFhirId(id) !== undefined)
    return labSpan(whenOf(effectiveDateTime, timeZone)?.at ?? Number.NaN, effectiveDateTime);
  const day = parseDay(effectiveDateTime ?? "");
  if (day !== undefined) return { start: startOfDay(timeZone, day), end: startOfDay(timeZone, day + 1) - 1 };
  const start = Date.parse(effectivePeriod?.start ?? effectiveDateTime ?? "");
  return { start, end: effectivePeriod?.end === undefined ? start : Date.parse(effectivePeriod.end) };
}

/** The local date of an instant in a zone, days since 1970-01-01. */
export function dateAt(at: number, timeZone: string): number {
  return localDay(at, offsetAt(timeZone, at));
}

/** A tag as ids carry it. */
export function shortened(tag: string): string {
  return tag === "" ? "" : tagHash(tag);
}

/** Whether a status token means `final`, which everything in the vault is. */
export function isFinal({ system, code }: Token): boolean {
  return (system === undefined || system === FINAL.system) && (code === undefined || code === FINAL.code);
}

/** Whether an identifier is the one that a token names. */
export function isNamed({ system, value }: Identifier, token: Token): boolean {
  return value === token.code && (token.system === undefined || token.system === system);
}

/** Whether the row that an id names is still there; reads keys alone. */
export function exists(sql: SqlStorage, place: Place): boolean {
  const { source } = place;
  switch (place.kind) {
    case "reading": {
      const rows = sql.exec<{ tag: string }>(
        "SELECT tag FROM readings WHERE metric = ? AND source = ? AND start = ? AND end = ?",
        place.metric,
        source,
        place.start,
        place.end,
      );
      return rows.toArray().some(({ tag }) => shortened(tag) === place.tag);
    }
    case "daily":
      return (
        sql.exec("SELECT 1 FROM daily WHERE metric = ? AND date = ? AND source = ?", place.metric, place.date, source).toArray().length > 0
      );
    case "segment":
      return (
        sql.exec("SELECT 1 FROM segments WHERE metric = ? AND hour = ? AND source = ? LIMIT 1", place.metric, place.hour, source).toArray()
          .length > 0
      );
    case "sleep":
      return sql.exec("SELECT 1 FROM sleeps WHERE source = ? AND start = ?", source, place.start).toArray().length > 0;
    case "workout": {
      const rows = sql.exec<{ type: string }>(
        "SELECT type FROM workouts WHERE source = ? AND start = ? AND end = ?",
        source,
        place.start,
        place.end,
      );
      return rows.toArray().some(({ type }) => shortened(type) === place.tag);
    }
  }
}
