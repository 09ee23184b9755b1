import { HOUR_MS } from "../../../shared/clock";
import type { Kind, Metric } from "../../../shared/health/catalogue";
import { latestByKey } from "../../../shared/health/latest";
import { Rolls } from "../../../shared/health/rolls";
import { localDay } from "../../../shared/health/zone";
import { insertRows } from "./insert-rows";
import { addHours, clearHours } from "./rollups";

/** One row to store: a sparse sample, an interval or an event. `body` is JSON text of what is more than a number. */
export interface Row {
  readonly start: number;
  readonly end: number;
  readonly tag: string;
  readonly value: number | null;
  readonly zone: number;
  readonly date: number;
  readonly version: number;
  readonly id: string;
  readonly body: string | null;
}

export interface RowsWrite {
  accepted: number;
  duplicate: number;
  updated: number;
  readonly dates: Set<number>;
  changed: boolean;
}

/** Rows per statement: keeps the JSON text under the platform's 2 MB for a bound value. */
const ROWS_AT_ONCE = 4_000;
const LONGEST_TEXT = 1_500_000;

const FROM_JSON = `SELECT ?1, ?2, ?3, value->>0, value->>1, value->>2, value->>3, value->>4, value->>5, value->>6, ?4, value->>7, value->>8 FROM json_each(?5)`;
const COLUMNS = "(metric, source, kind, start, end, tag, value, zone, date, version, updated_at, record_id, body)";
const UPDATE = `INSERT INTO readings ${COLUMNS} ${FROM_JSON} WHERE true
  ON CONFLICT DO UPDATE SET value = excluded.value, zone = excluded.zone, date = excluded.date, version = excluded.version, kind = excluded.kind,
    revision = revision + 1, updated_at = excluded.updated_at, record_id = excluded.record_id, body = excluded.body
  WHERE excluded.version >= version AND (excluded.value IS NOT value OR excluded.body IS NOT body)
  RETURNING start, end`;

/**
 * Writes rows of one metric and source by their natural key. New rows are summarised as they are; where some were known, the hours of
 * the corrected ones are rebuilt from the rows.
 */
export function writeRows(sql: SqlStorage, metric: Metric, kind: string, source: number, rows: readonly Row[], now: number): RowsWrite {
  const { rows: distinct, repeated } = inOrder(rows) ? { rows, repeated: 0 } : latestByKey(rows, (r) => `${r.start} ${r.end} ${r.tag}`);
  const newest = newestOfEach(distinct);
  const duplicate = repeated + distinct.length - newest.length;
  const write: RowsWrite = { accepted: 0, duplicate, updated: 0, dates: new Set(), changed: false };
  for (const part of partsOf(newest)) writePart(sql, metric, kind, source, part, now, write);
  return write;
}

/** Leaves out what a record said before it moved, where a newer version of it lies elsewhere in the same delivery. */
function newestOfEach(rows: readonly Row[]): readonly Row[] {
  // The usual case: a record comes once, or everything is of one version.
  const version = rows[0]?.version;
  if (rows.every((row) => row.version === version)) return rows;
  const newest = new Map<string, Row>();
  for (const row of rows)
    if (row.id !== "" && row.version > (newest.get(row.id)?.version ?? Number.NEGATIVE_INFINITY)) newest.set(row.id, row);
  const isMoved = ({ id, start, end, version: own }: Row): boolean => {
    const last = newest.get(id);
    return last !== undefined && last.version > own && (last.start !== start || last.end !== end);
  };
  return rows.some(isMoved) ? rows.filter((row) => !isMoved(row)) : rows;
}

function writePart(
  sql: SqlStorage,
  metric: Metric,
  kind: string,
  source: number,
  delivered: readonly Row[],
  now: number,
  write: RowsWrite,
): void {
  const { rows, moved } = settleMoved(sql, metric.code, source, delivered);
  write.duplicate += delivered.length - rows.length;
  if (rows.length === 0) return;
  const inserted = insertRows(sql, metric.code, source, kind, rows, now);
  write.accepted += inserted - moved.length;
  write.updated += moved.length;
  if (inserted === rows.length && moved.length === 0) {
    write.changed = true;
    addRolls(sql, metric, source, rows, write.dates);
    return;
  }
  const text = JSON.stringify(rows.map((r) => [r.start, r.end, r.tag, r.value, r.zone, r.date, r.version, r.id, r.body]));
  const updated = sql.exec<{ start: number; end: number }>(UPDATE, metric.code, source, kind, now, text).toArray();
  write.updated += updated.length;
  write.duplicate += rows.length - inserted - updated.length;
  if (inserted === 0 && updated.length === 0) return;
  write.changed = true;
  // Which rows were new is not known here, so the hours of the whole part are rebuilt.
  rebuildRows(sql, metric, source, [...rows, ...moved], write.dates);
}

/** What is stored at other times of these records. */
export const ELSEWHERE = `SELECT j.key AS i, r.start, r.end, r.tag, r.version FROM json_each(?) j CROSS JOIN readings r INDEXED BY readings_by_record
  ON r.record_id = j.value->>0 AND r.record_id <> '' WHERE r.metric = ? AND r.source = ? AND (r.start <> j.value->>1 OR r.end <> j.value->>2)`;

/**
 * A record whose newer version lies at another time has moved: what is stored of an older version is removed, and what came late is left
 * out, so that deliveries that overtake each other end in the same rows. Returns the rows to write and what was removed.
 */
function settleMoved(
  sql: SqlStorage,
  metric: number,
  source: number,
  rows: readonly Row[],
): { readonly rows: readonly Row[]; readonly moved: readonly { start: number; end: number }[] } {
  const named = movable(rows);
  if (named.length === 0) return { rows, moved: [] };
  type Other = { i: number; start: number; end: number; tag: string; version: number };
  const keys = JSON.stringify(named.map((row) => [row.id, row.start, row.end]));
  const others = sql.exec<Other>(ELSEWHERE, keys, metric, source).toArray();
  if (others.length === 0) return { rows, moved: [] };
  const late = new Set<Row>();
  for (const { i, version } of others) if (version > named[i]!.version) late.add(named[i]!);
  const older = others.filter(({ i, version }) => version < named[i]!.version && !late.has(named[i]!));
  const moved =
    older.length === 0
      ? []
      : sql
          .exec<{ start: number; end: number }>(
            `DELETE FROM readings WHERE (metric, source, start, end, tag) IN
               (SELECT ?1, ?2, value->>0, value->>1, value->>2 FROM json_each(?3)) RETURNING start, end`,
            metric,
            source,
            JSON.stringify(older.map(({ start, end, tag }) => [start, end, tag])),
          )
          .toArray();
  return { rows: late.size === 0 ? rows : rows.filter((row) => !late.has(row)), moved };
}

/** Rows that are all of their record: one that brings many at once is not at another time because of the others. */
function movable(rows: readonly Row[]): readonly Row[] {
  const named = rows.filter((row) => row.id !== "");
  // Rows of one record come one after another.
  if (!named.some((row, i) => row.id === named[i - 1]?.id)) return named;
  const times = new Map<string, number>();
  for (const { id } of named) times.set(id, (times.get(id) ?? 0) + 1);
  return named.filter(({ id }) => times.get(id) === 1);
}

function addRolls(sql: SqlStorage, metric: Metric, source: number, rows: readonly Row[], dates: Set<number>): void {
  const rolls = new Rolls(metric.energyAverage === true);
  for (const row of rows) if (row.value !== null) rolls.add(row.start, row.end, row.value, row.zone);
  const all = rolls.values();
  for (const roll of all) dates.add(roll.date);
  addHours(sql, metric.code, source, all);
}

/** Rebuilds the hours that these spans touch from the stored rows, and names the dates that changed. */
export function rebuildRows(
  sql: SqlStorage,
  metric: Metric,
  source: number,
  spans: readonly { start: number; end: number }[],
  dates: Set<number>,
): void {
  for (const [fromHour, toHour] of hourSpans(spans)) {
    for (const date of clearHours(sql, metric.code, source, fromHour, toHour)) dates.add(date);
    const longest = longestOf(sql, metric.code, source);
    const rolls = new Rolls(metric.energyAverage === true);
    const stored = sql.exec<{ start: number; end: number; value: number; zone: number }>(
      "SELECT start, end, value, zone FROM readings WHERE metric = ? AND source = ? AND start >= ? AND start < ? AND (end > ? OR start >= ?) AND value IS NOT NULL",
      metric.code,
      source,
      fromHour * HOUR_MS - longest,
      toHour * HOUR_MS,
      fromHour * HOUR_MS,
      fromHour * HOUR_MS,
    );
    for (const row of stored) rolls.add(row.start, row.end, row.value, row.zone, fromHour, toHour);
    const all = rolls.values();
    for (const roll of all) dates.add(roll.date);
    addHours(sql, metric.code, source, all);
  }
}

/** The longest interval ever stored of a series: bounds how far back an overlapping row may begin. */
function longestOf(sql: SqlStorage, metric: number, source: number): number {
  return sql
    .exec<{ longest: number }>("SELECT coalesce(max(longest), 0) AS longest FROM series WHERE metric = ? AND source = ?", metric, source)
    .one().longest;
}

/** Spans as runs of hours [from, to), joined where they touch. */
function hourSpans(spans: readonly { start: number; end: number }[]): [number, number][] {
  const hours = spans
    .map(({ start, end }): [number, number] => [Math.floor(start / HOUR_MS), Math.floor(Math.max(start, end - 1) / HOUR_MS) + 1])
    .toSorted((a, b) => a[0] - b[0]);
  const runs: [number, number][] = [];
  for (const [from, to] of hours) {
    const last = runs.at(-1);
    if (last !== undefined && from <= last[1]) last[1] = Math.max(last[1], to);
    else runs.push([from, to]);
  }
  return runs;
}

/** Whether every row begins after the one before: the usual case, in which none can repeat another. */
function inOrder(rows: readonly Row[]): boolean {
  for (let i = 1; i < rows.length; i++) if (rows[i]!.start <= rows[i - 1]!.start) return false;
  return true;
}

function* partsOf(rows: readonly Row[]): Generator<readonly Row[]> {
  let from = 0;
  let size = 0;
  for (let i = 0; i < rows.length; i++) {
    size += 80 + (rows[i]!.body?.length ?? 0) + rows[i]!.id.length + rows[i]!.tag.length;
    if (i + 1 - from < ROWS_AT_ONCE && size < LONGEST_TEXT) continue;
    yield rows.slice(from, i + 1);
    from = i + 1;
    size = 0;
  }
  if (from < rows.length) yield from === 0 ? rows : rows.slice(from);
}

/** The local date of an instant under its zone. */
export function dateOf(at: number, zone: number): number {
  return localDay(at, zone);
}

/**
 * Whether the record id is part of a row's identity. Two foods may be logged at the same minute and two events may coincide; for all
 * other rows the same source, start and end mean the same reading, whatever id it came with.
 */
export function isTagged(metric: Metric, kind: Kind): boolean {
  return kind === "event" || metric.sensitivity === "nutrition";
}
