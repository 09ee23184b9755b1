import type { Roll } from "../../../shared/health/rolls";
import { slotCount } from "../../../shared/health/rolls";

type HourRow = { date: number; n: number; min: number; max: number; sum: number; last: number; last_at: number; slots: number };

const JSON_ROWS = 4_000;

const ADD_HOURS = `INSERT INTO hours (metric, source, hour, date, n, min, max, sum, last, last_at, slots)
  SELECT ?1, ?2, value->>0, value->>1, value->>2, value->>3, value->>4, value->>5, value->>6, value->>7, value->>8 FROM json_each(?3) WHERE true
  ON CONFLICT DO UPDATE SET n = n + excluded.n, min = min(min, excluded.min), max = max(max, excluded.max), sum = sum + excluded.sum,
    last = iif(excluded.last_at >= last_at, excluded.last, last), last_at = max(last_at, excluded.last_at), slots = slots | excluded.slots`;

/** The same for one hour, which is what a live stream adds: a third of the time. */
const ADD_HOUR = ADD_HOURS.replace(/SELECT .* WHERE true/s, "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)");

const ADD_TO_DAY = `INSERT INTO days (metric, source, date, n, min, max, sum, last, last_at, slots) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
  ON CONFLICT DO UPDATE SET n = n + excluded.n, min = min(min, excluded.min), max = max(max, excluded.max), sum = sum + excluded.sum,
    last = iif(excluded.last_at >= last_at, excluded.last, last), last_at = max(last_at, excluded.last_at), slots = slots + excluded.slots`;

/** Adds summaries of readings that were not there before. */
export function addHours(sql: SqlStorage, metric: number, source: number, rolls: readonly Roll[]): void {
  const [only] = rolls;
  if (only !== undefined && rolls.length === 1) {
    sql.exec(ADD_HOUR, metric, source, only.hour, only.date, only.n, only.min, only.max, only.sum, only.last, only.lastAt, only.slots);
    return;
  }
  for (let i = 0; i < rolls.length; i += JSON_ROWS) {
    const rows = rolls.slice(i, i + JSON_ROWS).map((r) => [r.hour, r.date, r.n, r.min, r.max, r.sum, r.last, r.lastAt, r.slots]);
    sql.exec(ADD_HOURS, metric, source, JSON.stringify(rows));
  }
}

/** Adds the summary of appended samples to their day; `slots` counts the five-minute slots that had no data before. */
export function addToDay(sql: SqlStorage, metric: number, source: number, roll: Roll, slots: number): void {
  sql.exec(ADD_TO_DAY, metric, source, roll.date, roll.n, roll.min, roll.max, roll.sum, roll.last, roll.lastAt, slots);
}

/** The five-minute slots with data of an hour, by local date. */
export function hourSlots(sql: SqlStorage, metric: number, source: number, hour: number): ReadonlyMap<number, number> {
  const rows = sql.exec<{ date: number; slots: number }>(
    "SELECT date, slots FROM hours WHERE metric = ? AND hour = ? AND source = ?",
    metric,
    hour,
    source,
  );
  return new Map(rows.toArray().map(({ date, slots }) => [date, slots]));
}

/** Forgets the summaries of a source's hours in [fromHour, toHour). Returns the dates they belonged to. */
export function clearHours(sql: SqlStorage, metric: number, source: number, fromHour: number, toHour: number): number[] {
  const rows = sql.exec<{ date: number }>(
    "DELETE FROM hours WHERE metric = ? AND hour >= ? AND hour < ? AND source = ? RETURNING date",
    metric,
    fromHour,
    toHour,
    source,
  );
  return [...new Set(rows.toArray().map((row) => row.date))];
}

/** Rebuilds the daily summaries of a source's dates from their hours. */
export function rebuildDays(sql: SqlStorage, metric: number, source: number, dates: Iterable<number>): void {
  const wanted = [...new Set(dates)].toSorted((a, b) => a - b);
  // Dates that lie close together share one scan of the hours.
  for (let i = 0; i < wanted.length;) {
    let j = i;
    while (j + 1 < wanted.length && wanted[j + 1]! - wanted[j]! <= 2) j++;
    rebuildRun(sql, metric, source, wanted.slice(i, j + 1));
    i = j + 1;
  }
}

function rebuildRun(sql: SqlStorage, metric: number, source: number, dates: readonly number[]): void {
  const days = new Map<number, { n: number; min: number; max: number; sum: number; last: number; lastAt: number; slots: number }>();
  const wanted = new Set(dates);
  const rows = sql.exec<HourRow>(
    "SELECT date, n, min, max, sum, last, last_at, slots FROM hours WHERE metric = ? AND hour >= ? AND hour < ? AND source = ?",
    metric,
    dates[0]! * 24 - 15,
    (dates.at(-1)! + 1) * 24 + 15,
    source,
  );
  for (const row of rows) {
    if (!wanted.has(row.date)) continue;
    const day = days.get(row.date);
    if (day === undefined) {
      days.set(row.date, {
        n: row.n,
        min: row.min,
        max: row.max,
        sum: row.sum,
        last: row.last,
        lastAt: row.last_at,
        slots: slotCount(row.slots),
      });
      continue;
    }
    day.n += row.n;
    if (row.min < day.min) day.min = row.min;
    if (row.max > day.max) day.max = row.max;
    day.sum += row.sum;
    day.slots += slotCount(row.slots);
    if (row.last_at >= day.lastAt) {
      day.last = row.last;
      day.lastAt = row.last_at;
    }
  }
  const gone = dates.filter((date) => !days.has(date));
  if (gone.length > 0) {
    sql.exec(
      "DELETE FROM days WHERE metric = ? AND source = ? AND date IN (SELECT value FROM json_each(?))",
      metric,
      source,
      JSON.stringify(gone),
    );
  }
  if (days.size === 0) return;
  const values = [...days].map(([date, d]) => [date, d.n, d.min, d.max, d.sum, d.last, d.lastAt, d.slots]);
  sql.exec(
    `INSERT OR REPLACE INTO days (metric, source, date, n, min, max, sum, last, last_at, slots)
     SELECT ?1, ?2, value->>0, value->>1, value->>2, value->>3, value->>4, value->>5, value->>6, value->>7 FROM json_each(?3)`,
    metric,
    source,
    JSON.stringify(values),
  );
}
