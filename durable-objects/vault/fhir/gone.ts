import { DAY_MS, HOUR_MS } from "../../../shared/clock";
import { codeOf } from "../../../shared/fhir/coding";
import { frame } from "../../../shared/fhir/frame";
import { parseObservationId, type Place } from "../../../shared/fhir/ids";
import { labOutline } from "../../../shared/fhir/labs";
import { hourToObservation } from "../../../shared/fhir/observation";
import type { Fields } from "../../../shared/fhir/r4/issue";
import { dateTime } from "../../../shared/fhir/time";
import type { Observation } from "../../../shared/fhir/types";
import { metricByCode } from "../../../shared/health/catalogue";
import { dayText } from "../../../shared/health/zone";
import { ASSEMBLED } from "../store/sleeps";
import type { Table } from "./entries";
import {
  dailyOf,
  type DailyRow,
  readingOf,
  type ReadingRow,
  type RowContext,
  sleepOf,
  type SleepRow,
  workoutOf,
  type WorkoutRow,
} from "./rows";
import { exists, metricOfPoint, pointOf } from "./select";

/** An Observation of which the transaction under way has removed a row. */
export interface Gone {
  readonly metric: string;
  readonly source: number;
  readonly id: string;
  /** Whether it is there all the same: written anew, or with less in it. */
  readonly isThere: boolean;
  /** As it was; of an hour of dense samples the lowest and the highest stand for all. */
  readonly was: Observation;
}

type GoneRow = {
  of: Exclude<Table, "lab_results" | "lab_reports">;
  metric: number;
  source: number;
  start: number;
  end: number;
  tag: string;
};
type Part = { n: number; min: number; max: number; first_at: number; last_at: number; version: number; updated_at: number };

/** Takes what triggers have noted of removed readings, newest first: each Observation once. Days that were computed of nights are no news. */
export function takeGone(ctx: RowContext): Gone[] {
  const rows = ctx.sql
    .exec<GoneRow & { row: string }>("SELECT of, metric, source, start, end, tag, row FROM fhir_gone ORDER BY n")
    .toArray();
  if (rows.length === 0) return [];
  ctx.sql.exec("DELETE FROM fhir_gone");
  const found = new Map<string, Gone & { readonly start: number }>();
  for (const group of Map.groupBy(rows, (row) => JSON.stringify([row.of, row.metric, row.source, row.start, row.end, row.tag])).values()) {
    const [first] = group;
    if (first === undefined) continue;
    const place = placeOf(first);
    const metric = metricOfPoint(pointOf(place))?.key;
    const was = formerOf(
      ctx,
      first,
      group.map(({ row }) => row),
    );
    if (metric === undefined || was === undefined) continue;
    const { source } = first;
    found.set(was.id, {
      metric,
      source,
      id: was.id,
      isThere: exists(ctx.sql, parseObservationId(ctx.person, was.id) ?? place),
      was,
      start: startOf(first),
    });
  }
  return [...found.values()].toSorted((a, b) => b.start - a.start);
}

/**
 * What the id of an Observation or DiagnosticReport says of it, whether it is there or not: what it is about, but no value. Undefined for
 * one that names no reading and no result of this person.
 */
export function outlineOf(ctx: RowContext, type: string, id: string): Fields | undefined {
  if (type !== "Observation" && type !== "DiagnosticReport") return undefined;
  const lab = labOutline(type, id, ctx.person);
  if (lab !== undefined) return { ...lab };
  const place = type === "Observation" ? parseObservationId(ctx.person, id) : undefined;
  if (place === undefined) return undefined;
  const metric = metricOfPoint(pointOf(place));
  const source = ctx.sources.get(place.source);
  if (metric === undefined || source === undefined) return undefined;
  const origin = { person: ctx.person, number: place.source, source, updatedAt: 0, revision: 0 };
  const kind = place.kind === "daily" ? "daily" : metric.kind === "daily" ? "sample" : metric.kind;
  const code = codeOf(metric, kind, source.vendor);
  // The id as it was asked for: it may bear a shortened tag.
  return { ...frame(origin, { metric, place, code, profiles: [], version: 0 }), id, ...timeOf(place) };
}

function timeOf(place: Place) {
  switch (place.kind) {
    case "daily":
      return { effectiveDateTime: dayText(place.date) };
    case "segment":
      return { effectivePeriod: { start: dateTime(place.hour * HOUR_MS, 0), end: dateTime((place.hour + 1) * HOUR_MS - 1, 0) } };
    case "sleep":
      return { effectiveDateTime: dateTime(place.start, 0) };
    case "reading":
    case "workout":
      return { effectivePeriod: { start: dateTime(place.start, 0), end: dateTime(place.end, 0) } };
  }
}

function placeOf({ of, metric, source, start, end, tag }: GoneRow): Place {
  switch (of) {
    case "readings":
      return { kind: "reading", metric, source, start, end, tag };
    case "daily":
      return { kind: "daily", metric, source, date: start };
    case "segments":
      return { kind: "segment", metric, source, hour: start };
    case "sleeps":
      return { kind: "sleep", source, start };
    case "workouts":
      return { kind: "workout", source, start, end, tag };
  }
}

function startOf({ of, start }: GoneRow): number {
  return of === "daily" ? start * DAY_MS : of === "segments" ? start * HOUR_MS : start;
}

/** The Observation of rows that the triggers have written down; those of an hour may be several. */
function formerOf(ctx: RowContext, { of, metric, source, start, end }: GoneRow, rows: readonly string[]): Observation | undefined {
  const [text = "{}"] = rows;
  switch (of) {
    case "readings":
      return readingOf(ctx, metric, source, JSON.parse(text) as ReadingRow);
    case "daily": {
      const row = JSON.parse(text) as DailyRow;
      return row.body === ASSEMBLED ? undefined : dailyOf(ctx, metric, source, start, row);
    }
    case "segments":
      return formerHour(
        ctx,
        metric,
        source,
        start,
        rows.map((row) => JSON.parse(row) as Part),
      );
    case "sleeps":
      return sleepOf(ctx, source, start, JSON.parse(text) as SleepRow);
    case "workouts":
      return workoutOf(ctx, source, start, end, JSON.parse(text) as WorkoutRow);
  }
}

function formerHour(ctx: RowContext, code: number, number: number, hour: number, parts: readonly Part[]): Observation | undefined {
  const key = metricByCode(code)?.key;
  const source = ctx.sources.get(number);
  if (key === undefined || source === undefined) return undefined;
  const all = { n: 0, min: Infinity, max: -Infinity, first: Infinity, last: -Infinity, version: 0, updatedAt: 0 };
  for (const part of parts) {
    all.n += part.n;
    all.min = Math.min(all.min, part.min);
    all.max = Math.max(all.max, part.max);
    all.first = Math.min(all.first, part.first_at);
    all.last = Math.max(all.last, part.last_at);
    all.version = Math.max(all.version, part.version);
    all.updatedAt = Math.max(all.updatedAt, part.updated_at);
  }
  const single = all.n === 1 || all.first === all.last;
  const samples = single
    ? { at: [all.first], value: [all.min], zone: [0] }
    : { at: [all.first, all.last], value: [all.min, all.max], zone: [0, 0] };
  return hourToObservation(
    { metric: key, hour, ...samples, version: all.version },
    { person: ctx.person, number, source, updatedAt: all.updatedAt, revision: all.updatedAt * 1_000 + (all.n % 1_000) },
  );
}
