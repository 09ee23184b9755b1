import { DAY_MS, HOUR_MS } from "../../../shared/clock";
import { metricByCode } from "../../../shared/health/catalogue";
import { isRecord, type Origin } from "../../../shared/fhir/frame";
import { hourToObservation, readingToObservation } from "../../../shared/fhir/observation";
import { sleepToObservation, workoutToObservation } from "../../../shared/fhir/sessions";
import type { Observation } from "../../../shared/fhir/types";
import type { Kind } from "../../../shared/health/catalogue";
import type { Reading, SleepSession, Workout } from "../../../shared/health/reading";
import { decodeSegment, SegmentReader } from "../../../shared/health/segment";
import { dayText } from "../../../shared/health/zone";
import type { PersonId } from "../../../shared/id";
import type { Category } from "../../../shared/policy/vocabulary";
import { categoryOf } from "../access/narrow";
import { joinParts } from "../store/segments";
import type { SleepBody } from "../store/sleeps";
import type { Sources } from "../store/sources";

/** What turning rows into Observations needs. */
export interface RowContext {
  readonly sql: SqlStorage;
  readonly sources: Sources;
  readonly person: PersonId;
  /**
   * Of whoever is not the person: the categories they see. What vendors attached is left out then, since nobody knows of which category it
   * is, and of a workout the totals of other categories.
   */
  readonly sees?: ReadonlySet<Category>;
}

type Common = { zone: number; version: number; revision: number; updated_at: number; record_id: string };
export type ReadingRow = Common & {
  kind: Kind;
  start: number;
  end: number;
  tag: string;
  value: number | null;
  date: number;
  body: string | null;
};

/** The Observation of a row by its key, or undefined. `tags` picks among rows that share their times. */
export function readingObservation(
  ctx: RowContext,
  metric: number,
  source: number,
  start: number,
  end: number,
  fits: (tag: string) => boolean,
): Observation | undefined {
  const row = ctx.sql
    .exec<ReadingRow>(
      "SELECT kind, start, end, tag, value, zone, date, version, revision, updated_at, record_id, body FROM readings WHERE metric = ? AND source = ? AND start = ? AND end = ?",
      metric,
      source,
      start,
      end,
    )
    .toArray()
    .find(({ tag }) => fits(tag));
  return row === undefined ? undefined : readingOf(ctx, metric, source, row);
}

/** The Observation that a row of `readings` makes. */
export function readingOf(ctx: RowContext, metric: number, source: number, row: ReadingRow): Observation | undefined {
  const key = metricByCode(metric)?.key;
  if (key === undefined) return undefined;
  const { start, end } = row;
  const reading: Reading = {
    metric: key,
    kind: row.kind,
    source,
    start,
    end,
    value: row.value,
    ...bodyOf(ctx, row.body),
    zone: row.zone,
    date: dayText(row.date),
    ...idOf(row),
    version: row.version,
  };
  return withOrigin(ctx, source, row, (origin) => readingToObservation(reading, origin, row.tag));
}

export type DailyRow = Common & { value: number | null; body: string | null };

/** The Observation of a day's value, or undefined. */
export function dailyObservation(ctx: RowContext, metric: number, source: number, date: number): Observation | undefined {
  const [row] = ctx.sql
    .exec<DailyRow>(
      "SELECT value, zone, version, revision, updated_at, record_id, body FROM daily WHERE metric = ? AND date = ? AND source = ?",
      metric,
      date,
      source,
    )
    .toArray();
  return row === undefined ? undefined : dailyOf(ctx, metric, source, date, row);
}

/** The Observation that a row of `daily` makes. */
export function dailyOf(ctx: RowContext, metric: number, source: number, date: number, row: DailyRow): Observation | undefined {
  const key = metricByCode(metric)?.key;
  if (key === undefined) return undefined;
  const start = date * DAY_MS - row.zone * 1_000;
  const reading: Reading = {
    metric: key,
    kind: "daily",
    source,
    start,
    end: start + DAY_MS,
    value: row.value,
    ...bodyOf(ctx, row.body),
    zone: row.zone,
    date: dayText(date),
    ...idOf(row),
    version: row.version,
  };
  return withOrigin(ctx, source, row, (origin) => readingToObservation(reading, origin));
}

export type HourPart = { hour: number; n: number; version: number; updated_at: number; data: ArrayBuffer; is_annotated: number };

/** The parts of some hours of a series, in the order of the hours. Record ids of single samples are not shown, and not read. For `+?` see decision 100. */
export function hourParts(sql: SqlStorage, metric: number, source: number, hours: readonly number[]): HourPart[] {
  return sql
    .exec<HourPart>(
      `SELECT hour, n, version, updated_at, data, EXISTS (SELECT 1 FROM annotations AS a
         WHERE a.metric = s.metric AND a.at >= s.hour * ${HOUR_MS} AND a.at < (s.hour + 1) * ${HOUR_MS} AND a.source = s.source) AS is_annotated
       FROM segments AS s WHERE metric = +? AND hour IN (SELECT value FROM json_each(?)) AND source = +? ORDER BY hour, part`,
      metric,
      JSON.stringify(hours),
      source,
    )
    .toArray();
}

/** The Observation of an hour of dense samples, or undefined. */
export function hourObservation(ctx: RowContext, metric: number, source: number, hour: number): Observation | undefined {
  return hourOf(ctx, metric, source, hourParts(ctx.sql, metric, source, [hour]));
}

const reader = new SegmentReader();

/** The Observation that the parts of an hour make; undefined for none. */
export function hourOf(ctx: RowContext, metric: number, source: number, parts: readonly HourPart[]): Observation | undefined {
  const key = metricByCode(metric)?.key;
  const [first, second] = parts;
  if (first === undefined || key === undefined) return undefined;
  const { hour } = first;
  let [n, version, updatedAt] = [0, 0, 0];
  for (const part of parts) {
    n += part.n;
    version = Math.max(version, part.version);
    updatedAt = Math.max(updatedAt, part.updated_at);
  }
  const { at, value, zone, step } =
    second === undefined
      ? reader.read(new Uint8Array(first.data))
      : { ...joinParts(parts.map(({ data }) => decodeSegment(new Uint8Array(data)))), step: undefined };
  const isTold = ctx.sees === undefined && first.is_annotated === 1;
  const annotations = isTold ? annotationsOf(ctx.sql, metric, source, at[0] ?? 0, at[at.length - 1] ?? 0) : undefined;
  const samples = { metric: key, hour, at, value, zone, step, version, ...(annotations !== undefined && { annotations }) };
  // Segments count no revisions: the time of change and the number of samples tell one state from the next.
  const stamp = { updated_at: updatedAt, revision: updatedAt * 1_000 + (n % 1_000) };
  return withOrigin(ctx, source, stamp, (origin) => hourToObservation(samples, origin));
}

export type SleepRow = Common & { end: number; date: number; nap: number; body: string };

/** The Observation of a night or nap, or undefined. */
export function sleepObservation(ctx: RowContext, source: number, start: number): Observation | undefined {
  const [row] = ctx.sql
    .exec<SleepRow>(
      "SELECT end, date, zone, nap, version, revision, updated_at, record_id, body FROM sleeps WHERE source = ? AND start = ?",
      source,
      start,
    )
    .toArray();
  return row === undefined ? undefined : sleepOf(ctx, source, start, row);
}

/** The Observation that a row of `sleeps` makes. */
export function sleepOf(ctx: RowContext, source: number, start: number, row: SleepRow): Observation | undefined {
  const { stages, attributes } = JSON.parse(row.body) as SleepBody;
  const session: SleepSession = {
    source,
    start,
    end: row.end,
    zone: row.zone,
    date: dayText(row.date),
    ...(row.nap === 1 && { nap: true }),
    stages: stages.map(([from, to, stage]) => ({ start: from, end: to, stage })),
    ...(attributes !== undefined && ctx.sees === undefined && { attributes }),
    ...idOf(row),
    version: row.version,
  };
  return withOrigin(ctx, source, row, (origin) => sleepToObservation(session, origin));
}

export type WorkoutRow = Common & { type: string; body: string };

/** The Observation of a workout, or undefined; `fits` picks among types at the same times. */
export function workoutObservation(
  ctx: RowContext,
  source: number,
  start: number,
  end: number,
  fits: (type: string) => boolean,
): Observation | undefined {
  const row = ctx.sql
    .exec<WorkoutRow>(
      "SELECT type, zone, version, revision, updated_at, record_id, body FROM workouts WHERE source = ? AND start = ? AND end = ?",
      source,
      start,
      end,
    )
    .toArray()
    .find(({ type }) => fits(type));
  return row === undefined ? undefined : workoutOf(ctx, source, start, end, row);
}

/** The Observation that a row of `workouts` makes. */
export function workoutOf(ctx: RowContext, source: number, start: number, end: number, row: WorkoutRow): Observation | undefined {
  const { points: _points, ...rest } = JSON.parse(row.body) as Pick<
    Workout,
    "totals" | "vendorType" | "durationS" | "events" | "segments" | "laps" | "attributes"
  > & { points: number };
  const told = ctx.sees === undefined ? rest : seenOf(rest, ctx.sees);
  const workout: Workout = { source, start, end, zone: row.zone, type: row.type, ...told, ...idOf(row), version: row.version };
  return withOrigin(ctx, source, row, (origin) => workoutToObservation(workout, origin));
}

/** A workout without what its vendor attached, and with those totals alone that may be seen. */
function seenOf({ totals, durationS }: Pick<Workout, "totals" | "durationS">, sees: ReadonlySet<Category>) {
  const shown = Object.entries(totals).filter(([key]) => {
    const category = categoryOf(key);
    return category !== undefined && sees.has(category);
  });
  return { totals: Object.fromEntries(shown), ...(durationS !== undefined && { durationS }) };
}

function withOrigin(
  ctx: RowContext,
  number: number,
  row: Pick<Common, "updated_at" | "revision">,
  show: (origin: Origin) => Observation,
): Observation | undefined {
  const source = ctx.sources.get(number);
  return source === undefined ? undefined : show({ person: ctx.person, number, source, updatedAt: row.updated_at, revision: row.revision });
}

/** What a row's JSON says: text, components, attributes; anything else it holds counts as attributes. */
function bodyOf({ sees }: RowContext, body: string | null): Partial<Pick<Reading, "text" | "components" | "attributes">> {
  if (body === null) return {};
  const { text, components, attributes, ...others } = JSON.parse(body) as Pick<Reading, "text" | "components" | "attributes"> &
    Record<string, unknown>;
  const more = Object.keys(others).length > 0 ? { ...attributes, ...others } : attributes;
  return {
    ...(text !== undefined && { text }),
    ...(components !== undefined && { components }),
    ...(more !== undefined && sees === undefined && { attributes: more }),
  };
}

function annotationsOf(sql: SqlStorage, metric: number, source: number, from: number, to: number): Record<string, unknown> | undefined {
  const rows = sql
    .exec<{ at: number; body: string }>(
      "SELECT at, body FROM annotations WHERE metric = ? AND at >= ? AND at <= ? AND source = ?",
      metric,
      from,
      to,
      source,
    )
    .toArray();
  const entries = rows.map(({ at, body }): [string, unknown] => [String(at), JSON.parse(body)]).filter(([, body]) => isRecord(body));
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

function idOf({ record_id }: Pick<Common, "record_id">): { id?: string } {
  return record_id === "" ? {} : { id: record_id };
}
