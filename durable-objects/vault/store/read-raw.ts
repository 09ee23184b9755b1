import { HOUR_MS } from "../../../shared/clock";
import type { Metric } from "../../../shared/health/catalogue";
import type { IdentifiedSamples } from "../../../shared/health/merge";
import { Chooser, type SourceChoice } from "./choose";
import { readHour } from "./segments";
import type { Sources } from "./sources";

/** One stored reading. Times epoch ms, zone seconds; `body` is JSON text of `{ text?, components?, attributes? }`. */
export interface RawPoint {
  readonly at: number;
  readonly end: number;
  readonly value: number | null;
  readonly zone: number;
  readonly source: number;
  readonly kind: string;
  readonly version: number;
  readonly recordId: string;
  readonly tag: string;
  readonly body: string | null;
}

/** Position of a point in the order of raw readings. */
export interface RawPosition {
  readonly at: number;
  readonly source: number;
  readonly end: number;
  readonly tag: string;
}

export function comparePositions(a: RawPosition, b: RawPosition): number {
  return a.at - b.at || a.source - b.source || a.end - b.end || (a.tag < b.tag ? -1 : a.tag > b.tag ? 1 : 0);
}

export interface RawQuery {
  /** Inclusive, epoch ms. */
  readonly from: number;
  /** Exclusive. */
  readonly to: number;
  readonly choice: SourceChoice;
  readonly limit: number;
  /** Only points after this one. */
  readonly after?: RawPosition | undefined;
}

/** Raw readings in order of time. With `best`, each hour shows only its best source; events and panels are all shown. */
export function readRaw(sql: SqlStorage, sources: Sources, metric: Metric, query: RawQuery): RawPoint[] {
  const from = Math.max(query.from, query.after?.at ?? query.from);
  const winners = new Winners(sql, sources, metric, query.choice);
  const points = densePoints(sql, metric, from, query, winners);
  for (const point of rowPoints(sql, metric, from, query, winners)) points.push(point);
  // Mostly one source speaks, and its samples come in order.
  if (points.some((point, i) => i > 0 && comparePositions(points[i - 1]!, point) > 0)) points.sort(comparePositions);
  const { after } = query;
  const rest = after === undefined ? points : points.filter((point) => comparePositions(point, after) > 0);
  return rest.slice(0, query.limit);
}

/** The dense samples of one hour, by column, of a source that is shown. */
export interface DenseHour {
  readonly hour: number;
  readonly source: number;
  readonly samples: IdentifiedSamples;
}

/**
 * Dense samples in order of hours, as columns: a tenth of the time that points take. The first and the last hour may reach beyond
 * [from, to). Read lazily: stop when there is enough.
 */
export function readDense(
  sql: SqlStorage,
  sources: Sources,
  metric: Metric,
  from: number,
  to: number,
  choice: SourceChoice,
): Iterable<DenseHour> {
  return shownHours(sql, metric, from, to, new Winners(sql, sources, metric, choice));
}

function* shownHours(sql: SqlStorage, metric: Metric, from: number, to: number, winners: Winners): Generator<DenseHour> {
  for (const { hour, source } of denseHours(sql, metric.code, from, to)) {
    if (winners.shows(hour, source)) yield { hour, source, samples: readHour(sql, { metric: metric.code, source, hour }) };
  }
}

function densePoints(sql: SqlStorage, metric: Metric, from: number, query: RawQuery, winners: Winners): RawPoint[] {
  if (metric.storage !== "segment") return [];
  const points: RawPoint[] = [];
  // Points up to the cursor are dropped later, so an hour more than the limit asks for is read at the most.
  for (const { hour, source, samples } of shownHours(sql, metric, from, query.to, winners)) {
    if (points.length > query.limit && points.at(-1)!.at < hour * HOUR_MS && passes(points, query)) break;
    for (let i = 0; i < samples.at.length; i++) {
      const at = samples.at[i]!;
      if (at < from || at >= query.to) continue;
      const recordId = samples.ids?.[i] ?? "";
      points.push({
        at,
        end: at,
        value: samples.value[i]!,
        zone: samples.zone[i]!,
        source,
        kind: "sample",
        version: samples.version[i]!,
        recordId,
        tag: "",
        body: null,
      });
    }
  }
  return annotate(sql, metric.code, points);
}

function passes(points: readonly RawPoint[], query: RawQuery): boolean {
  const { after } = query;
  return after === undefined || points.filter((point) => comparePositions(point, after) > 0).length >= query.limit;
}

/** Which hours have dense samples, by hour and source; read lazily because a page needs few of them. */
export function denseHours(sql: SqlStorage, metric: number, from: number, to: number): Iterable<{ hour: number; source: number }> {
  return sql.exec<{ hour: number; source: number }>(
    "SELECT hour, source FROM segments WHERE metric = ? AND hour >= ? AND hour <= ? AND part = 0 ORDER BY hour, source",
    metric,
    Math.floor(from / HOUR_MS),
    Math.floor((to - 1) / HOUR_MS),
  );
}

function annotate(sql: SqlStorage, metric: number, points: RawPoint[]): RawPoint[] {
  const first = points[0];
  if (first === undefined) return points;
  const rows = sql
    .exec<{ at: number; source: number; body: string }>(
      "SELECT at, source, body FROM annotations WHERE metric = ? AND at >= ? AND at <= ?",
      metric,
      first.at,
      points.at(-1)!.at,
    )
    .toArray();
  if (rows.length === 0) return points;
  const bodies = new Map(rows.map((row) => [`${row.at} ${row.source}`, row.body]));
  return points.map((point) => ({ ...point, body: bodies.get(`${point.at} ${point.source}`) ?? null }));
}

type Row = {
  start: number;
  end: number;
  tag: string;
  kind: string;
  value: number | null;
  zone: number;
  version: number;
  record_id: string;
  body: string | null;
};

function rowPoints(sql: SqlStorage, metric: Metric, from: number, query: RawQuery, winners: Winners): RawPoint[] {
  const numbers =
    typeof query.choice === "number"
      ? [query.choice]
      : sql
          .exec<{ source: number }>("SELECT DISTINCT source FROM series WHERE metric = ?", metric.code)
          .toArray()
          .map((row) => row.source);
  const points: RawPoint[] = [];
  for (const source of numbers.filter((number) => winners.showsAny(number))) {
    let shown = 0;
    const rows = sql.exec<Row>(
      "SELECT start, end, tag, kind, value, zone, version, record_id, body FROM readings WHERE metric = ? AND source = ? AND start >= ? AND start < ? ORDER BY start, end, tag",
      metric.code,
      source,
      from,
      query.to,
    );
    for (const row of rows) {
      if (row.value !== null && row.kind !== "event" && !winners.shows(Math.floor(row.start / HOUR_MS), source)) continue;
      const point = {
        at: row.start,
        end: row.end,
        value: row.value,
        zone: row.zone,
        source,
        kind: row.kind,
        version: row.version,
        recordId: row.record_id,
        tag: row.tag,
        body: row.body,
      };
      if (query.after !== undefined && comparePositions(point, query.after) <= 0) continue;
      points.push(point);
      if (++shown >= query.limit) break;
    }
  }
  return points;
}

/** Says, hour by hour, which source is shown. Asks for a day of hours at a time. */
class Winners {
  readonly #sql: SqlStorage;
  readonly #metric: Metric;
  readonly #choice: SourceChoice;
  readonly #sources: Sources;
  readonly #chooser: Chooser;
  readonly #days = new Map<number, Map<number, number[]>>();

  constructor(sql: SqlStorage, sources: Sources, metric: Metric, choice: SourceChoice) {
    this.#sql = sql;
    this.#metric = metric;
    this.#choice = choice;
    this.#sources = sources;
    this.#chooser = new Chooser(sql, metric, sources);
  }

  /** Whether anything of a source is shown to the reader. */
  showsAny(source: number): boolean {
    return this.#sources.shows(source);
  }

  shows(hour: number, source: number): boolean {
    if (!this.#sources.shows(source)) return false;
    if (this.#choice === "all") return true;
    if (typeof this.#choice === "number") return source === this.#choice;
    const candidates = this.#hoursOf(Math.floor(hour / 24)).get(hour);
    return candidates === undefined || this.#chooser.best(candidates) === source;
  }

  #hoursOf(day: number): Map<number, number[]> {
    let hours = this.#days.get(day);
    if (hours === undefined) {
      hours = new Map();
      const rows = this.#sql.exec<{ hour: number; source: number; date: number }>(
        "SELECT hour, source, date FROM hours WHERE metric = ? AND hour >= ? AND hour < ?",
        this.#metric.code,
        day * 24,
        (day + 1) * 24,
      );
      for (const { hour, source, date } of rows) {
        const known = hours.get(hour) ?? [];
        hours.set(hour, !this.#sources.shows(source) || this.#chooser.passesOver(source, date) ? known : [...known, source]);
      }
      this.#days.set(day, hours);
    }
    return hours;
  }
}
