import { metric } from "../../../shared/health/catalogue";
import { DAY_MS } from "../../../shared/clock";
import { latestByKey } from "../../../shared/health/latest";
import type { SleepStage } from "../../../shared/health/reading";
import { assembleSleep, looksLikeNap, SESSION_GAP_MS, type Stretch, summariseSleep, type SleepSummary } from "../../../shared/health/sleep";
import { localDay } from "../../../shared/health/zone";
import type { Touched } from "../state";
import { type DailyRow, writeDaily } from "./daily";
import { growSeries, noteSeries, recount } from "./series";

export interface StretchRow extends Stretch {
  readonly zone: number;
  readonly version: number;
  readonly id: string;
}

export interface SessionRow {
  readonly start: number;
  readonly end: number;
  readonly date: number;
  readonly zone: number;
  readonly nap: boolean;
  readonly version: number;
  readonly id: string;
  readonly stages: readonly Stretch[];
  readonly attributes?: Readonly<Record<string, unknown>> | undefined;
}

export interface SleepWrite {
  readonly accepted: number;
  readonly duplicate: number;
  readonly updated: number;
  /** Local dates whose nightly figures must be rebuilt. */
  readonly dates: readonly number[];
}

/** No session is longer than this: bounds how far a neighbouring stretch can reach. */
const LONGEST_SESSION_MS = 2 * DAY_MS;

/** Writes stretches told one by one and assembles the sessions around them anew. */
export function writeStretches(sql: SqlStorage, source: number, rows: readonly StretchRow[], now: number): SleepWrite {
  sql.exec(
    `INSERT OR IGNORE INTO sleep_stretches (source, start, end, stage, zone, version, record_id)
     SELECT ?1, value->>0, value->>1, value->>2, value->>3, value->>4, value->>5 FROM json_each(?2)`,
    source,
    JSON.stringify(rows.map((r) => [r.start, r.end, r.stage, r.zone, r.version, r.id])),
  );
  const accepted = sql.exec<{ n: number }>("SELECT changes() AS n").one().n;
  const dates = accepted === 0 ? [] : assembleAround(sql, source, rows, now);
  return { accepted, duplicate: rows.length - accepted, updated: 0, dates };
}

/** Assembles a source's sessions again around these spans. Returns the dates that may have changed. */
export function assembleAround(sql: SqlStorage, source: number, spans: readonly { start: number; end: number }[], now: number): number[] {
  const from = Math.min(...spans.map((s) => s.start)) - LONGEST_SESSION_MS;
  const to = Math.max(...spans.map((s) => s.end)) + LONGEST_SESSION_MS;
  type Stored = { start: number; end: number; stage: string; zone: number; version: number };
  const stored = sql
    .exec<Stored>(
      "SELECT start, end, stage, zone, version FROM sleep_stretches WHERE source = ? AND start >= ? AND start <= ? ORDER BY start",
      source,
      from,
      to,
    )
    .toArray();
  const sessions = assembleSleep(stored.map((s) => ({ start: s.start, end: s.end, stage: s.stage as SleepStage })));
  // Sessions cut by the window's edges are left as they are.
  const isNear = (s: { readonly start: number; readonly end: number }): boolean =>
    spans.some((span) => span.start <= s.end + SESSION_GAP_MS && span.end >= s.start - SESSION_GAP_MS);
  const touched = sessions.filter(isNear);
  const clearFrom = Math.min(...spans.map((s) => s.start), ...touched.map((s) => s.start)) - LONGEST_SESSION_MS;
  const clearTo = Math.max(...spans.map((s) => s.end), ...touched.map((s) => s.end));
  // A night between two spans that neither reaches stays as it is.
  const stale = sql
    .exec<{ start: number; end: number }>(
      "SELECT start, end FROM sleeps WHERE source = ? AND assembled = 1 AND start >= ? AND start <= ?",
      source,
      clearFrom,
      clearTo,
    )
    .toArray()
    .filter((s) => isNear(s) || touched.some((t) => t.start <= s.end && t.end >= s.start));
  const dates = sql
    .exec<{ date: number }>(
      "DELETE FROM sleeps WHERE source = ? AND assembled = 1 AND start IN (SELECT value FROM json_each(?)) RETURNING date",
      source,
      JSON.stringify(stale.map(({ start }) => start)),
    )
    .toArray()
    .map((row) => row.date);
  for (const session of touched) {
    const last = stored.findLast((s) => s.start >= session.start && s.end <= session.end);
    const zone = last?.zone ?? 0;
    const date = localDay(session.end, zone);
    const version = stored.reduce((most, s) => (s.start >= session.start && s.end <= session.end ? Math.max(most, s.version) : most), 0);
    putSession(sql, source, true, { ...session, date, zone, nap: looksLikeNap(session), version, id: "" }, now);
    dates.push(date);
  }
  return [...new Set(dates)];
}

/** Writes sessions as their vendor states them. */
export function writeSessions(sql: SqlStorage, source: number, rows: readonly SessionRow[], now: number): SleepWrite {
  const { rows: distinct, repeated } = latestByKey(rows, (row) => String(row.start));
  let [accepted, duplicate, updated] = [0, repeated, 0];
  const dates = new Set<number>();
  for (const row of distinct) {
    const moved = forgetMoved(sql, source, row);
    if (moved === undefined) {
      duplicate++;
      continue;
    }
    for (const { date } of moved) dates.add(date);
    const revision = putSession(sql, source, false, row, now);
    if (revision === undefined) duplicate++;
    else {
      dates.add(row.date);
      if (revision === 1 && moved.length === 0) accepted++;
      else updated++;
    }
  }
  return { accepted, duplicate, updated, dates: [...dates] };
}

/** Removes what older versions of a record told of another time, and returns it; undefined where a newer one does, so that this one is late. */
function forgetMoved(
  sql: SqlStorage,
  source: number,
  { id, start, version }: SessionRow,
): readonly { readonly date: number }[] | undefined {
  if (id === "") return [];
  const others = sql
    .exec<{ start: number; date: number; version: number }>(
      "SELECT start, date, version FROM sleeps WHERE record_id = ? AND record_id <> '' AND source = ? AND start <> ?",
      id,
      source,
      start,
    )
    .toArray();
  if (others.some((other) => other.version > version)) return undefined;
  const older = others.filter((other) => other.version < version);
  for (const other of older) sql.exec("DELETE FROM sleeps WHERE source = ? AND start = ?", source, other.start);
  return older;
}

/** Stores one session; returns its revision, or undefined where nothing changed. */
function putSession(sql: SqlStorage, source: number, assembled: boolean, row: SessionRow, now: number): number | undefined {
  const [stored] = sql
    .exec<{ revision: number }>(
      `INSERT INTO sleeps (source, start, end, date, zone, assembled, nap, version, updated_at, record_id, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET end = excluded.end, date = excluded.date, zone = excluded.zone, assembled = excluded.assembled, nap = excluded.nap, version = excluded.version,
         revision = revision + 1, updated_at = excluded.updated_at, record_id = excluded.record_id, body = excluded.body
       WHERE excluded.version >= version AND (excluded.end <> end OR excluded.body <> body OR excluded.date <> date OR excluded.nap <> nap)
       RETURNING revision`,
      source,
      row.start,
      row.end,
      row.date,
      row.zone,
      assembled ? 1 : 0,
      row.nap ? 1 : 0,
      row.version,
      now,
      row.id,
      JSON.stringify({
        stages: row.stages.map((s) => [s.start, s.end, s.stage]),
        ...(row.attributes === undefined ? {} : { attributes: row.attributes }),
      }),
    )
    .toArray();
  return stored?.revision;
}

/** What `sleeps.body` holds. */
export interface SleepBody {
  readonly stages: readonly (readonly [start: number, end: number, stage: SleepStage])[];
  readonly attributes?: Readonly<Record<string, unknown>>;
}

const NIGHTLY: readonly (readonly [key: string, of: (summary: SleepSummary) => number | undefined, main: boolean])[] = [
  ["sleep_duration", (s) => s.asleepMin, false],
  ["sleep_deep", (s) => s.deepMin, false],
  ["sleep_light", (s) => s.lightMin, false],
  ["sleep_rem", (s) => s.remMin, false],
  ["sleep_awake", (s) => s.awakeMin, true],
  ["time_in_bed", (s) => s.inBedMin, false],
  ["sleep_latency", (s) => s.latencyMin, true],
  ["sleep_efficiency", (s) => s.efficiencyPct, true],
  ["awakenings", (s) => s.awakenings, true],
];

/**
 * Rebuilds the nightly figures of a source's dates from its sessions. Naps add to durations and to nothing else. Returns the window of
 * every figure that changed.
 */
export function rebuildNights(sql: SqlStorage, source: number, dates: readonly number[], now: number): Touched[] {
  const changed = new Map<string, Touched>();
  const thinned = new Set<number>();
  const touch = (key: string, at: number): void => {
    const known = changed.get(key) ?? { metric: key, source, from: at, to: at, isDerived: true };
    changed.set(key, { ...known, from: Math.min(known.from, at), to: Math.max(known.to, at) });
  };
  for (const date of dates) {
    type Stored = { start: number; end: number; zone: number; nap: number; body: string };
    const sessions = sql
      .exec<Stored>("SELECT start, end, zone, nap, body FROM sleeps WHERE date = ? AND source = ?", date, source)
      .toArray();
    const summaries = sessions.map((s) => {
      const stages = (JSON.parse(s.body) as SleepBody).stages.map(([start, end, stage]) => ({ start, end, stage }));
      return { nap: s.nap === 1, zone: s.zone, summary: summariseSleep({ start: s.start, end: s.end, stages }) };
    });
    // A session that only tells time in bed says nothing about sleep.
    const slept = summaries.filter((s) => s.summary.asleepMin > 0);
    const main = slept.filter((s) => !s.nap).toSorted((a, b) => b.summary.asleepMin - a.summary.asleepMin)[0] ?? slept[0];
    for (const [key, of, mainOnly] of NIGHTLY) {
      const row = metric(key);
      if (row === undefined) continue;
      const pool = key === "time_in_bed" ? summaries : slept;
      const value = mainOnly
        ? main === undefined
          ? undefined
          : of(main.summary)
        : pool.length === 0
          ? undefined
          : pool.reduce((sum, s) => sum + (of(s.summary) ?? 0), 0);
      const at =
        value === undefined
          ? removeNightly(sql, row.code, source, date)
          : putNightly(sql, row.code, source, { date, value, zone: sessions[0]?.zone ?? 0, version: now, id: "", body: ASSEMBLED }, now);
      if (at === undefined) continue;
      touch(key, at);
      if (value === undefined) thinned.add(row.code);
    }
  }
  for (const code of thinned) recount(sql, code, source);
  return [...changed.values()];
}

/** The instant at which the changed figure lies; undefined where it was so already. */
function putNightly(sql: SqlStorage, metric: number, source: number, row: DailyRow, now: number): number | undefined {
  const at = startOf(row);
  noteSeries(sql, metric, source, "daily", at, at, 0);
  const { accepted, updated } = writeDaily(sql, metric, source, [row], now);
  if (accepted + updated === 0) return undefined;
  growSeries(sql, metric, source, "daily", accepted, at, row.value);
  return at;
}

/** The instant at which the removed figure lay; undefined where there was none. */
function removeNightly(sql: SqlStorage, metric: number, source: number, date: number): number | undefined {
  const [row] = sql
    .exec<{ date: number; zone: number }>(
      "DELETE FROM daily WHERE metric = ? AND date = ? AND source = ? AND body = ? RETURNING date, zone",
      metric,
      date,
      source,
      ASSEMBLED,
    )
    .toArray();
  return row === undefined ? undefined : startOf(row);
}

/** Where a day begins, by the offset it was recorded with. */
function startOf({ date, zone }: { readonly date: number; readonly zone: number }): number {
  return date * DAY_MS - zone * 1_000;
}

/** Marks daily values that the vault computed from sessions. */
export const ASSEMBLED = JSON.stringify({ derivedFrom: "sleep" });
