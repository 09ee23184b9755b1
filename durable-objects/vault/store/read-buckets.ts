import { HOUR_MS } from "../../../shared/clock";
import type { Metric } from "../../../shared/health/catalogue";
import { emptyMinutes, addMinutes, minuteRows } from "../../../shared/health/minutes";
import { slotCount, toEnergy } from "../../../shared/health/rolls";
import { Chooser, type SourceChoice } from "./choose";
import { mainSleepSource } from "./read-sessions";
import { identity } from "./samples";
import { readHour } from "./segments";
import type { Sources } from "./sources";

/** One bucket of one source. `key` is the hour or minute instant (epoch ms), or the local date for days. `sum` adds energies for decibels. */
export interface Bucket {
  readonly key: number;
  readonly source: number;
  n: number;
  min: number;
  max: number;
  sum: number;
  last: number;
  lastAt: number;
  /** Five-minute slots with data. */
  slots: number;
  /** A vendor's own daily total, not a sum of intervals. */
  daily?: true;
  /** Of a day that several sources told: how many hours each of them spoke for. */
  spoke?: ReadonlyMap<number, number>;
}

type HourRow = {
  hour: number;
  source: number;
  date: number;
  n: number;
  min: number;
  max: number;
  sum: number;
  last: number;
  last_at: number;
  slots: number;
};

/** Hourly buckets in [from, to) (epoch ms), at most `limit`, in order of time; per hour the chosen source, or every one for `all`. */
export function readHours(
  sql: SqlStorage,
  sources: Sources,
  metric: Metric,
  from: number,
  to: number,
  choice: SourceChoice,
  limit: number,
): Bucket[] {
  const rows = hourRows(sql, sources, metric.code, Math.floor(from / HOUR_MS), Math.ceil(to / HOUR_MS), choice);
  const chooser = new Chooser(sql, metric, sources);
  const buckets: Bucket[] = [];
  let group: Bucket[] = [];
  const flush = () => {
    if (group.length === 0) return;
    if (choice === "best" && group.length > 1) {
      const best = chooser.best(group.map((b) => b.source));
      group = group.filter((b) => b.source === best);
    }
    for (const bucket of group) buckets.push(bucket);
    group = [];
  };
  for (const row of rows) {
    if (choice === "best" && chooser.passesOver(row.source, row.date)) continue;
    const key = row.hour * HOUR_MS;
    if (group[0] !== undefined && group[0].key !== key) {
      flush();
      if (buckets.length >= limit) return buckets;
    }
    const same = group.find((b) => b.source === row.source);
    if (same === undefined) group.push(bucketOf(key, row, row.slots));
    else join(same, row, same.slots | row.slots);
  }
  flush();
  return buckets;
}

/**
 * Daily buckets for local dates [from, to], at most `limit`. Per date the best source speaks: its vendor's own total where it has one,
 * else its readings; where several sources have readings, each hour goes to the best source of that hour.
 */
export function readDays(
  sql: SqlStorage,
  sources: Sources,
  metric: Metric,
  from: number,
  to: number,
  choice: SourceChoice,
  limit: number,
): Bucket[] {
  const chooser = new Chooser(sql, metric, sources);
  const byDate = new Map<number, { rolled: Bucket[]; totals: Bucket[] }>();
  const at = (date: number) => {
    let day = byDate.get(date);
    if (day === undefined) {
      day = { rolled: [], totals: [] };
      byDate.set(date, day);
    }
    return day;
  };
  const isPassedOver = ({ source, key }: Bucket) => choice === "best" && chooser.passesOver(source, key);
  for (const bucket of dayRows(sql, sources, metric.code, from, to, choice)) if (!isPassedOver(bucket)) at(bucket.key).rolled.push(bucket);
  for (const bucket of dailyRows(sql, sources, metric.code, from, to, choice))
    if (!isPassedOver(bucket)) at(bucket.key).totals.push(bucket);
  const buckets: Bucket[] = [];
  for (const [date, day] of [...byDate].toSorted((a, b) => a[0] - b[0])) {
    buckets.push(...chosenDay(sql, sources, metric, chooser, date, day, choice));
    if (buckets.length >= limit) break;
  }
  return buckets;
}

function chosenDay(
  sql: SqlStorage,
  sources: Sources,
  metric: Metric,
  chooser: Chooser,
  date: number,
  day: { rolled: Bucket[]; totals: Bucket[] },
  choice: SourceChoice,
): Bucket[] {
  if (choice === "all") return [...day.totals, ...day.rolled];
  const numbers = [...day.rolled, ...day.totals].map((b) => b.source);
  const best = speakerOfNight(sql, sources, metric, date, numbers) ?? chooser.best(numbers);
  const total = day.totals.find((b) => b.source === best);
  if (total !== undefined) return [total];
  if (day.rolled.length <= 1) return day.rolled;
  return combineHours(sql, sources, chooser, metric, date);
}

/** Figures of a night come from the source whose night is shown, so that both tell the same sleep; undefined where that is no question. */
function speakerOfNight(sql: SqlStorage, sources: Sources, metric: Metric, date: number, numbers: readonly number[]): number | undefined {
  if (metric.sensitivity !== "sleep" || new Set(numbers).size < 2) return undefined;
  const night = mainSleepSource(sql, sources, date);
  return night !== undefined && numbers.includes(night) ? night : undefined;
}

/** One day out of the best source of each of its hours; named after the source that spoke for most hours. */
function combineHours(sql: SqlStorage, sources: Sources, chooser: Chooser, metric: Metric, date: number): Bucket[] {
  const rows = hourRows(sql, sources, metric.code, date * 24 - 15, (date + 1) * 24 + 15, "best").filter(
    (row) => row.date === date && !chooser.passesOver(row.source, date),
  );
  let day: Bucket | undefined;
  const hours = new Map<number, number>();
  for (const group of Map.groupBy(rows, (row) => row.hour).values()) {
    const best = chooser.best(group.map((row) => row.source));
    const row = group.find((r) => r.source === best);
    if (row === undefined) continue;
    hours.set(row.source, (hours.get(row.source) ?? 0) + 1);
    if (day === undefined) day = bucketOf(date, row, slotCount(row.slots));
    else join(day, row, day.slots + slotCount(row.slots));
  }
  if (day === undefined) return [];
  const most = [...hours].reduce((a, b) => (b[1] > a[1] ? b : a))[0];
  return [{ ...day, source: most, spoke: hours }];
}

/** The stored summary of an hour as a bucket; slots are a mask for hours and a count for days. */
function bucketOf(key: number, row: HourRow, slots: number): Bucket {
  const { source, n, min, max, sum, last, last_at: lastAt } = row;
  return { key, source, n, min, max, sum, last, lastAt, slots };
}

function join(bucket: Bucket, row: HourRow, slots: number): void {
  bucket.n += row.n;
  bucket.min = Math.min(bucket.min, row.min);
  bucket.max = Math.max(bucket.max, row.max);
  bucket.sum += row.sum;
  bucket.slots = slots;
  if (row.last_at >= bucket.lastAt) {
    bucket.last = row.last;
    bucket.lastAt = row.last_at;
  }
}

/** Buckets of dense samples by minute in [from, to): from the kept minutes where there are, else from the segments. */
export function readMinutes(
  sql: SqlStorage,
  sources: Sources,
  metric: Metric,
  from: number,
  to: number,
  choice: SourceChoice,
  limit: number,
): Bucket[] {
  const chooser = new Chooser(sql, metric, sources);
  const rows = hourRows(sql, sources, metric.code, Math.floor(from / HOUR_MS), Math.ceil(to / HOUR_MS), choice);
  const hours = choice === "best" ? rows.filter((row) => !chooser.passesOver(row.source, row.date)) : rows;
  const buckets: Bucket[] = [];
  for (const [hour, group] of Map.groupBy(hours, (row) => row.hour)) {
    const numbers = [...new Set(group.map((row) => row.source))];
    const chosen = choice === "all" ? numbers : [choice === "best" ? chooser.best(numbers) : choice];
    for (const source of chosen) {
      if (source === undefined) continue;
      for (const row of minuteRows(minutesOf(sql, metric, source, hour), hour)) {
        if (row.at < from || row.at >= to) continue;
        buckets.push({ key: row.at, source, n: row.n, min: row.min, max: row.max, sum: row.sum, last: row.max, lastAt: row.at, slots: 1 });
      }
    }
    if (buckets.length >= limit) break;
  }
  return buckets;
}

function minutesOf(sql: SqlStorage, metric: Metric, source: number, hour: number): Float64Array {
  const [kept] = sql
    .exec<{ data: ArrayBuffer }>("SELECT data FROM minutes WHERE metric = ? AND hour = ? AND source = ?", metric.code, hour, source)
    .toArray();
  if (kept !== undefined) return new Float64Array(kept.data);
  const table = emptyMinutes();
  const measure = metric.energyAverage === true ? toEnergy : identity;
  if (metric.storage === "segment") addMinutes(table, readHour(sql, { metric: metric.code, source, hour }), measure);
  addRowMinutes(sql, metric.code, source, hour, table, measure);
  return table;
}

/** Spreads the rows of an hour over its minutes in proportion to time. */
function addRowMinutes(
  sql: SqlStorage,
  metric: number,
  source: number,
  hour: number,
  table: Float64Array,
  measure: (value: number) => number,
): void {
  const begin = hour * HOUR_MS;
  const { longest } = sql
    .exec<{ longest: number }>("SELECT coalesce(max(longest), 0) AS longest FROM series WHERE metric = ? AND source = ?", metric, source)
    .one();
  const rows = sql.exec<{ start: number; end: number; value: number }>(
    "SELECT start, end, value FROM readings WHERE metric = ? AND source = ? AND start >= ? AND start < ? AND (end > ? OR start >= ?) AND value IS NOT NULL",
    metric,
    source,
    begin - longest,
    begin + HOUR_MS,
    begin,
    begin,
  );
  const at: number[] = [];
  const value: number[] = [];
  for (const row of rows) {
    const minuteStart = (instant: number) => Math.floor(instant / 60_000) * 60_000;
    if (row.end === row.start) {
      at.push(row.start);
      value.push(row.value);
      continue;
    }
    for (let t = Math.max(row.start, begin); t < Math.min(row.end, begin + HOUR_MS);) {
      const next = Math.min(minuteStart(t) + 60_000, row.end);
      at.push(t);
      value.push((row.value * (next - t)) / (row.end - row.start));
      t = next;
    }
  }
  if (at.length === 0) return;
  const n = at.length;
  addMinutes(
    table,
    { at: Float64Array.from(at), value: Float64Array.from(value), zone: new Int32Array(n), version: new Float64Array(n) },
    measure,
  );
}

const HOUR_COLUMNS =
  "SELECT hour, source, date, n, min, max, sum, last, last_at, slots FROM hours WHERE metric = ? AND hour >= ? AND hour < ?";

/** Rows as lists: a month has 720 of them, and naming ten columns of each takes longer than finding them. */
type HourList = [
  hour: number,
  source: number,
  date: number,
  n: number,
  min: number,
  max: number,
  sum: number,
  last: number,
  lastAt: number,
  slots: number,
];

function hourRows(sql: SqlStorage, sources: Sources, metric: number, fromHour: number, toHour: number, choice: SourceChoice): HourRow[] {
  const lists =
    typeof choice === "number"
      ? sql.exec(`${HOUR_COLUMNS} AND source = ? ORDER BY hour`, metric, fromHour, toHour, choice).raw<HourList>()
      : sql.exec(`${HOUR_COLUMNS} ORDER BY hour`, metric, fromHour, toHour).raw<HourList>();
  const rows: HourRow[] = [];
  for (const [hour, source, date, n, min, max, sum, last, last_at, slots] of lists) {
    if (sources.shows(source)) rows.push({ hour, source, date, n, min, max, sum, last, last_at, slots });
  }
  return rows;
}

function dayRows(sql: SqlStorage, sources: Sources, metric: number, from: number, to: number, choice: SourceChoice): Bucket[] {
  const rows = sql
    .exec(
      "SELECT date, source, n, min, max, sum, last, last_at, slots FROM days WHERE metric = ? AND date >= ? AND date <= ? ORDER BY date",
      metric,
      from,
      to,
    )
    .raw<[number, number, number, number, number, number, number, number, number]>();
  const buckets: Bucket[] = [];
  for (const [key, source, n, min, max, sum, last, lastAt, slots] of rows) {
    if ((typeof choice === "number" && source !== choice) || !sources.shows(source)) continue;
    buckets.push({ key, source, n, min, max, sum, last, lastAt, slots });
  }
  return buckets;
}

function dailyRows(sql: SqlStorage, sources: Sources, metric: number, from: number, to: number, choice: SourceChoice): Bucket[] {
  const rows = sql.exec<{ date: number; source: number; value: number | null }>(
    "SELECT date, source, value FROM daily WHERE metric = ? AND date >= ? AND date <= ? ORDER BY date",
    metric,
    from,
    to,
  );
  const buckets: Bucket[] = [];
  for (const { date, source, value } of rows) {
    if (value === null || (typeof choice === "number" && source !== choice) || !sources.shows(source)) continue;
    buckets.push({
      key: date,
      source,
      n: 1,
      min: value,
      max: value,
      sum: value,
      last: value,
      lastAt: date * 24 * HOUR_MS,
      slots: 0,
      daily: true,
    });
  }
  return buckets;
}
