import { DAY_MS, HOUR_MS } from "../../../shared/clock";
import { metric as metricOf, metricByCode, type Metric } from "../../../shared/health/catalogue";
import { type IdentifiedSamples, pickSamples } from "../../../shared/health/merge";
import type { Batch, Receipt } from "../../../shared/health/reading";
import { decodeIds } from "../../../shared/health/record-ids";
import { rollSamples, toEnergy } from "../../../shared/health/rolls";
import type { Touched } from "../state";
import type { RecordContext } from "./record";
import { addHours, clearHours, rebuildDays } from "./rollups";
import { rebuildRows } from "./rows";
import { identity, MINUTES_KEPT_HOURS, summariseMinutes } from "./samples";
import { readHour, replaceHour } from "./segments";
import { recount } from "./series";
import { assembleAround, rebuildNights } from "./sleeps";

/** No record brings samples that lie further apart. */
const LONGEST_RECORD_MS = 2 * DAY_MS;
export const IDS_BY_HOUR = "SELECT hour, metric, source, n, ids FROM segment_ids WHERE hour >= ? AND hour <= ? ORDER BY hour DESC";

/** A night or a workout that went, with its record. */
type Session = { id: string; source: number; start: number; end: number };

/** What part of the vault to remove: zero or undefined stands for all. `from` inclusive, `to` exclusive, epoch milliseconds. */
export interface Removal {
  /** Catalogue code; 0 for every metric, sleep and workouts included. */
  readonly metric: number;
  /** Source numbers; undefined for every source. */
  readonly sources: readonly number[] | undefined;
  readonly from: number;
  readonly to: number;
}

/** Does a batch's deletions: records by vendor id first, then ranges. */
export function removeForBatch(ctx: RecordContext, batch: Batch, receipt: Receipt): Touched[] {
  const touched: Touched[] = [];
  for (const [vendor, records] of Map.groupBy(batch.deleted, (d) => d.vendor)) {
    const known = ctx.erasures.buried(
      vendor,
      records.map((r) => r.id),
    );
    const fresh = [...new Map(records.filter((r) => (known.get(r.id) ?? -1) < r.version).map((r) => [r.id, r])).values()];
    touched.push(...removeRecords(ctx, vendor, fresh));
    ctx.erasures.bury(vendor, fresh, ctx.now);
    receipt.deleted += fresh.length;
    receipt.duplicate += records.length - fresh.length;
  }
  for (const range of batch.deletedRanges) {
    const metric = metricOf(range.metric);
    if (metric === undefined) continue;
    const sources = ctx.sources.ofVendor(range.vendor, range.connection);
    const removed = removeRange(ctx, { metric: metric.code, sources, from: range.from, to: range.to });
    receipt.deleted += removed.count;
    touched.push(...removed.touched);
  }
  return touched;
}

/** Removes a range of whatever is in it. Returns how many readings, sessions and workouts went. */
export function removeRange(ctx: RecordContext, removal: Removal): { count: number; touched: Touched[] } {
  const { sql } = ctx;
  const wanted = removal.sources === undefined ? undefined : new Set(removal.sources);
  const touched: Touched[] = [];
  let count = 0;
  const pairs = sql
    .exec<{ metric: number; source: number }>("SELECT DISTINCT metric, source FROM series WHERE ?1 = 0 OR metric = ?1", removal.metric)
    .toArray();
  for (const { metric: code, source } of pairs) {
    const metric = metricByCode(code);
    if (metric === undefined || (wanted !== undefined && !wanted.has(source))) continue;
    const removed =
      removeSamples(ctx, metric, source, removal) + removeRows(ctx, metric, source, removal) + removeDaily(ctx, metric, source, removal);
    if (removed === 0) continue;
    count += removed;
    recount(sql, code, source);
    touched.push({ metric: metric.key, source, from: removal.from, to: removal.to });
  }
  count += removeSessions(ctx, removal, wanted, touched) + removeQuarantined(ctx, removal, wanted);
  return { count, touched };
}

function removeSamples(ctx: RecordContext, metric: Metric, source: number, { from, to }: Removal): number {
  const { sql, now } = ctx;
  const dates = new Set<number>();
  let count = 0;
  type HourRow = { hour: number; n: number };
  const hours = sql
    .exec<HourRow>(
      "SELECT hour, sum(n) AS n FROM segments WHERE metric = ? AND hour >= ? AND hour <= ? AND source = ? GROUP BY hour",
      metric.code,
      Math.floor(from / HOUR_MS),
      Math.floor((to - 1) / HOUR_MS),
      source,
    )
    .toArray();
  for (const { hour, n } of hours) {
    const whole = from <= hour * HOUR_MS && to >= (hour + 1) * HOUR_MS;
    const stored = whole ? undefined : readHour(sql, { metric: metric.code, source, hour });
    const kept =
      stored === undefined
        ? EMPTY
        : pickSamples(
            stored,
            indexesWhere(stored.at, (at) => at < from || at >= to),
          );
    if (kept.at.length === n) continue;
    count += n - kept.at.length;
    rewriteHour(ctx, metric, source, hour, kept, dates, now);
  }
  sql.exec("DELETE FROM annotations WHERE metric = ? AND at >= ? AND at < ? AND source = ?", metric.code, from, to, source);
  count += removeSummaries(sql, metric, source, from, to, dates);
  rebuildDays(sql, metric.code, source, dates);
  return count;
}

/** Hours of which only the summary is kept cannot be cut: one that lies in the range in part goes whole. */
function removeSummaries(sql: SqlStorage, metric: Metric, source: number, from: number, to: number, dates: Set<number>): number {
  if (metric.storage !== "segment") return 0;
  const gone = sql
    .exec<{ date: number }>(
      `DELETE FROM hours WHERE metric = ?1 AND hour >= ?2 AND hour <= ?3 AND source = ?4
         AND NOT EXISTS (SELECT 1 FROM segments s WHERE s.metric = ?1 AND s.hour = hours.hour AND s.source = ?4)
         AND NOT EXISTS (SELECT 1 FROM readings r WHERE r.metric = ?1 AND r.source = ?4 AND r.start < (hours.hour + 1) * ${HOUR_MS} AND r.start >= hours.hour * ${HOUR_MS})
       RETURNING date`,
      metric.code,
      Math.floor(from / HOUR_MS),
      Math.floor((to - 1) / HOUR_MS),
      source,
    )
    .toArray();
  for (const { date } of gone) dates.add(date);
  return gone.length;
}

/** Puts an hour's remaining samples back, with all its summaries. */
export function rewriteHour(
  ctx: RecordContext,
  metric: Metric,
  source: number,
  hour: number,
  kept: IdentifiedSamples,
  dates: Set<number>,
  now: number,
): void {
  const { sql } = ctx;
  const measure = metric.energyAverage === true ? toEnergy : identity;
  replaceHour(sql, { metric: metric.code, source, hour }, kept, measure, now);
  for (const date of clearHours(sql, metric.code, source, hour, hour + 1)) dates.add(date);
  addHours(sql, metric.code, source, rollSamples(kept, metric.energyAverage === true));
  sql.exec("DELETE FROM minutes WHERE metric = ? AND hour = ? AND source = ?", metric.code, hour, source);
  if (kept.at.length > 0 && hour >= Math.floor(now / HOUR_MS) - MINUTES_KEPT_HOURS) {
    summariseMinutes(sql, metric.code, source, hour, { samples: kept }, measure);
  }
}

function removeRows(ctx: RecordContext, metric: Metric, source: number, { from, to }: Removal): number {
  const spans = ctx.sql
    .exec<{ start: number; end: number }>(
      "DELETE FROM readings WHERE metric = ? AND source = ? AND start >= ? AND start < ? RETURNING start, end",
      metric.code,
      source,
      from,
      to,
    )
    .toArray();
  resummarise(ctx, metric, source, spans);
  return spans.length;
}

/** Rebuilds the summaries of the hours and days that these spans touch. */
export function resummarise(ctx: RecordContext, metric: Metric, source: number, spans: readonly { start: number; end: number }[]): void {
  if (spans.length === 0) return;
  const dates = new Set<number>();
  rebuildRows(ctx.sql, metric, source, spans, dates);
  rebuildDays(ctx.sql, metric.code, source, dates);
}

function removeDaily(ctx: RecordContext, metric: Metric, source: number, { from, to }: Removal): number {
  const { sql } = ctx;
  return sql
    .exec(
      "DELETE FROM daily WHERE metric = ? AND source = ? AND date * 86400000 - zone * 1000 >= ? AND date * 86400000 - zone * 1000 < ? AND date >= ? AND date <= ? RETURNING date",
      metric.code,
      source,
      from,
      to,
      Math.floor(from / DAY_MS) - 1,
      Math.ceil(to / DAY_MS) + 1,
    )
    .toArray().length;
}

function removeSessions(ctx: RecordContext, removal: Removal, wanted: ReadonlySet<number> | undefined, touched: Touched[]): number {
  const { sql } = ctx;
  const every = removal.metric === 0;
  let count = 0;
  for (const { number: source } of ctx.sources.all()) {
    if (wanted !== undefined && !wanted.has(source)) continue;
    if (every || removal.metric === metricOf("sleep")?.code) {
      const spans = sql
        .exec<{ start: number; end: number }>(
          "DELETE FROM sleep_stretches WHERE source = ? AND start >= ? AND start < ? RETURNING start, end",
          source,
          removal.from,
          removal.to,
        )
        .toArray();
      const dates = sql
        .exec<{ date: number }>(
          "DELETE FROM sleeps WHERE source = ? AND start >= ? AND start < ? RETURNING date",
          source,
          removal.from,
          removal.to,
        )
        .toArray()
        .map((row) => row.date);
      const reassembled = spans.length === 0 ? [] : assembleAround(sql, source, spans, ctx.now);
      const nights = rebuildNights(sql, source, [...new Set([...dates, ...reassembled])], ctx.now);
      count += Math.max(spans.length, dates.length);
      if (dates.length + spans.length > 0) touched.push({ metric: "sleep", source, from: removal.from, to: removal.to }, ...nights);
    }
    if (every || removal.metric === metricOf("workout")?.code) {
      const gone = sql
        .exec("DELETE FROM workouts WHERE source = ? AND start >= ? AND start < ? RETURNING start", source, removal.from, removal.to)
        .toArray().length;
      sql.exec("DELETE FROM workout_routes WHERE source = ? AND start >= ? AND start < ?", source, removal.from, removal.to);
      count += gone;
      if (gone > 0) touched.push({ metric: "workout", source, from: removal.from, to: removal.to });
    }
  }
  return count;
}

/** What was kept apart goes with the rest: nobody who deletes a range means to leave its strangest readings behind. */
function removeQuarantined(ctx: RecordContext, { metric, from, to }: Removal, wanted: ReadonlySet<number> | undefined): number {
  const key = metric === 0 ? null : (metricByCode(metric)?.key ?? "");
  const sources = wanted === undefined ? null : JSON.stringify([...wanted]);
  return ctx.sql
    .exec(
      `DELETE FROM quarantine WHERE at >= ?1 AND at < ?2 AND (?3 IS NULL OR metric = ?3)
         AND (?4 IS NULL OR source IN (SELECT value FROM json_each(?4))) RETURNING at`,
      from,
      to,
      key,
      sources,
    )
    .toArray().length;
}

/** Removes records by the ids that their vendor gave them, wherever they lie. */
function removeRecords(ctx: RecordContext, vendor: string, records: readonly { readonly id: string }[]): Touched[] {
  const sources = ctx.sources.ofVendor(vendor);
  if (sources.length === 0 || records.length === 0) return [];
  const { sql } = ctx;
  const ids = JSON.stringify(records.map((r) => r.id));
  const own = JSON.stringify(sources);
  const touched: Touched[] = [];
  const where = "record_id IN (SELECT value FROM json_each(?)) AND record_id <> '' AND source IN (SELECT value FROM json_each(?))";

  type Gone = { id: string; metric: number; source: number; start: number; end: number };
  const rows = sql
    .exec<Gone>(`DELETE FROM readings WHERE ${where} RETURNING record_id AS id, metric, source, start, end`, ids, own)
    .toArray();
  for (const group of Map.groupBy(rows, (row) => `${row.metric} ${row.source}`).values()) {
    const metric = metricByCode(group[0]!.metric);
    if (metric === undefined) continue;
    resummarise(ctx, metric, group[0]!.source, group);
    recount(sql, metric.code, group[0]!.source);
    touched.push(spanned(metric.key, group[0]!.source, group));
  }
  const daily = sql
    .exec<{ id: string; metric: number; source: number; date: number }>(
      `DELETE FROM daily WHERE ${where} RETURNING record_id AS id, metric, source, date`,
      ids,
      own,
    )
    .toArray();
  for (const row of daily) {
    recount(sql, row.metric, row.source);
    const at = row.date * DAY_MS;
    touched.push({ metric: metricByCode(row.metric)?.key ?? "", source: row.source, from: at, to: at + DAY_MS });
  }
  const nights = removeSleepRecords(ctx, where, ids, own);
  const workouts = sql
    .exec<Session>(`DELETE FROM workouts WHERE ${where} RETURNING record_id AS id, source, start, end`, ids, own)
    .toArray();
  for (const w of workouts) {
    sql.exec("DELETE FROM workout_routes WHERE source = ? AND start = ?", w.source, w.start);
    touched.push(spanned("workout", w.source, [w]));
  }
  touched.push(
    ...nights.touched,
    ...removeSamplesOf(ctx, new Set(sources), records, [...rows, ...daily], [...nights.sessions, ...workouts]),
  );
  return touched;
}

/** Samples that records brought: those of nights and workouts lie about them, those of records that are nothing else lie anywhere. */
function removeSamplesOf(
  ctx: RecordContext,
  sources: ReadonlySet<number>,
  records: readonly { readonly id: string }[],
  readings: readonly { readonly id: string }[],
  sessions: readonly Session[],
): Touched[] {
  const known = new Set([...readings, ...sessions].map(({ id }) => id));
  const touched: Touched[] = [];
  if (sessions.length > 0) {
    const hours = {
      from: Math.floor((Math.min(...sessions.map(({ start }) => start)) - LONGEST_RECORD_MS) / HOUR_MS),
      to: Math.floor((Math.max(...sessions.map(({ end }) => end)) + LONGEST_RECORD_MS) / HOUR_MS),
    };
    touched.push(...removeSampleRecords(ctx, sources, new Set(sessions.map(({ id }) => id)), hours));
  }
  const others = new Set(records.map(({ id }) => id).filter((id) => !known.has(id)));
  if (others.size > 0) touched.push(...removeSampleRecords(ctx, sources, others));
  return touched;
}

function removeSleepRecords(
  ctx: RecordContext,
  where: string,
  ids: string,
  own: string,
): { readonly touched: readonly Touched[]; readonly sessions: readonly Session[] } {
  const { sql } = ctx;
  const touched: Touched[] = [];
  type Span = { source: number; start: number; end: number };
  const stretches = sql.exec<Span>(`DELETE FROM sleep_stretches WHERE ${where} RETURNING source, start, end`, ids, own).toArray();
  for (const [source, spans] of Map.groupBy(stretches, (s) => s.source)) {
    const dates = assembleAround(sql, source, spans, ctx.now);
    touched.push(spanned("sleep", source, spans), ...rebuildNights(sql, source, dates, ctx.now));
  }
  const sessions = sql
    .exec<Session & { date: number }>(`DELETE FROM sleeps WHERE ${where} RETURNING record_id AS id, source, start, end, date`, ids, own)
    .toArray();
  for (const [source, spans] of Map.groupBy(sessions, (s) => s.source)) {
    const dates = [...new Set(spans.map((s) => s.date))];
    touched.push(spanned("sleep", source, spans), ...rebuildNights(sql, source, dates, ctx.now));
  }
  return { touched, sessions };
}

/**
 * Finds dense samples by record id: walks the stored ids, newest hours first, and stops when all are found and no earlier part of a record
 * can follow. Deletions are rare and mostly recent, so an index row for every sample would cost more than it saves. `hours` bounds the walk.
 */
function removeSampleRecords(
  ctx: RecordContext,
  sources: ReadonlySet<number>,
  wanted: ReadonlySet<string>,
  hours = { from: Number.MIN_SAFE_INTEGER, to: Number.MAX_SAFE_INTEGER },
): Touched[] {
  const { sql } = ctx;
  const hits = new Map<string, { metric: number; source: number; hour: number }>();
  type IdsRow = { hour: number; metric: number; source: number; n: number; ids: ArrayBuffer };
  const left = new Set(wanted);
  let newest = Number.NEGATIVE_INFINITY;
  for (const row of sql.exec<IdsRow>(IDS_BY_HOUR, hours.from, hours.to)) {
    if (left.size === 0 && row.hour < newest - LONGEST_RECORD_MS / HOUR_MS) break;
    if (!sources.has(row.source)) continue;
    for (const id of decodeIds(new Uint8Array(row.ids), row.n)) {
      if (!wanted.has(id)) continue;
      // The oldest of the records that are found decides how far back to look.
      if (left.delete(id)) newest = row.hour;
      hits.set(`${row.metric} ${row.source} ${row.hour}`, { metric: row.metric, source: row.source, hour: row.hour });
    }
  }
  const touched: Touched[] = [];
  const datesOf = new Map<string, { metric: Metric; source: number; dates: Set<number> }>();
  for (const { metric: code, source, hour } of hits.values()) {
    const metric = metricByCode(code);
    if (metric === undefined) continue;
    const stored = readHour(sql, { metric: code, source, hour });
    const kept = pickSamples(
      stored,
      indexesWhere(stored.at, (_, i) => !wanted.has(stored.ids?.[i] ?? "")),
    );
    const key = `${code} ${source}`;
    const group = datesOf.get(key) ?? { metric, source, dates: new Set<number>() };
    datesOf.set(key, group);
    rewriteHour(ctx, metric, source, hour, kept, group.dates, ctx.now);
    const gone = Array.from(stored.at).filter((_, i) => wanted.has(stored.ids?.[i] ?? ""));
    sql.exec(
      "DELETE FROM annotations WHERE metric = ? AND source = ? AND at IN (SELECT value FROM json_each(?))",
      code,
      source,
      JSON.stringify(gone),
    );
    touched.push({ metric: metric.key, source, from: hour * HOUR_MS, to: (hour + 1) * HOUR_MS - 1 });
  }
  for (const { metric, source, dates } of datesOf.values()) {
    rebuildDays(sql, metric.code, source, dates);
    recount(sql, metric.code, source);
  }
  return touched;
}

function spanned(metric: string, source: number, spans: readonly { start: number; end: number }[]): Touched {
  return { metric, source, from: Math.min(...spans.map((s) => s.start)), to: Math.max(...spans.map((s) => s.end)) };
}

function indexesWhere(at: Float64Array, keep: (at: number, index: number) => boolean): number[] {
  const kept: number[] = [];
  at.forEach((value, index) => {
    if (keep(value, index)) kept.push(index);
  });
  return kept;
}

const EMPTY: IdentifiedSamples = {
  at: new Float64Array(0),
  value: new Float64Array(0),
  zone: new Int32Array(0),
  version: new Float64Array(0),
};
