import { DAY_MS, HOUR_MS } from "../../../shared/clock";
import { metricByCode, type Metric } from "../../../shared/health/catalogue";
import { type IdentifiedSamples, pickSamples } from "../../../shared/health/merge";
import type { Mark } from "../../../shared/health/marks";
import type { Touched } from "../state";
import type { ImportMarks, MarkGroup } from "./import-marks";
import type { RecordContext } from "./record";
import { resummarise, rewriteHour } from "./remove";
import { rebuildDays } from "./rollups";
import { readHour } from "./segments";
import { recount } from "./series";
import { assembleAround, rebuildNights } from "./sleeps";

/** What one call takes back at most, about; bounds a transaction. */
const MARKS_AT_ONCE = 20_000;

export interface Undone {
  /** Readings, sessions and workouts that went. */
  readonly removed: number;
  /** Whether more is left. */
  readonly isMore: boolean;
  readonly touched: Touched[];
}

/**
 * Takes back a piece of what an import brought. Nothing stands in the way of bringing it again. Runs inside the caller's transaction,
 * which also forgets that it was there: a repetition finds nothing.
 */
export function undoPiece(ctx: RecordContext, marks: ImportMarks, by: string): Undone {
  const touched: Touched[] = [];
  let [removed, seen] = [0, 0];
  for (let next = marks.next(by); next !== undefined; next = marks.next(by)) {
    if (seen > 0 && seen + next.marks.length > MARKS_AT_ONCE) return { removed, isMore: true, touched };
    seen += Math.max(1, next.marks.length);
    if (next.marks.length > 0) removed += removeMarked(ctx, next, touched);
    marks.forget(by, next.part);
  }
  return { removed, isMore: false, touched };
}

function removeMarked(ctx: RecordContext, group: MarkGroup, touched: Touched[]): number {
  const { source, marks } = group;
  const metric = metricByCode(group.metric);
  const span = (): Pick<Touched, "from" | "to"> => ({
    from: marks.reduce((least, { at }) => Math.min(least, at), Number.POSITIVE_INFINITY),
    to: marks.reduce((most, mark) => Math.max(most, mark.at + mark.span), Number.NEGATIVE_INFINITY),
  });
  switch (group.what) {
    case "stretch":
    case "sleep": {
      const gone = removeSleep(ctx, group, touched);
      if (gone > 0) touched.push({ metric: "sleep", source, ...span() });
      return gone;
    }
    case "workout": {
      const gone = ctx.sql
        .exec<{ start: number }>(
          `DELETE FROM workouts WHERE source = ?1 AND (start, end, type) IN (${FROM_MARKS}) RETURNING start`,
          source,
          textOf(marks),
        )
        .toArray();
      for (const { start } of gone) ctx.sql.exec("DELETE FROM workout_routes WHERE source = ? AND start = ?", source, start);
      if (gone.length > 0) touched.push({ metric: "workout", source, ...span() });
      return gone.length;
    }
    case "quarantine":
      return removeQuarantined(ctx.sql, source, marks);
    default: {
      if (metric === undefined) return 0;
      const gone = removeReadings(ctx, metric, group);
      if (gone === 0) return 0;
      recount(ctx.sql, metric.code, source);
      touched.push({ metric: metric.key, source, ...span() });
      return group.what === "hour" ? 0 : gone;
    }
  }
}

const FROM_MARKS = "SELECT value->>0, value->>1, value->>2 FROM json_each(?2)";

function textOf(marks: readonly Mark[]): string {
  return JSON.stringify(marks.map(({ at, span, tag }) => [at, at + span, tag]));
}

function removeReadings(ctx: RecordContext, metric: Metric, { what, source, marks }: MarkGroup): number {
  const { sql } = ctx;
  if (what === "sample") return removeSamples(ctx, metric, source, marks);
  if (what === "row") {
    const spans = sql
      .exec<{ start: number; end: number }>(
        "DELETE FROM readings WHERE (metric, source, start, end, tag) IN (SELECT ?3, ?1, value->>0, value->>1, value->>2 FROM json_each(?2)) RETURNING start, end",
        source,
        textOf(marks),
        metric.code,
      )
      .toArray();
    resummarise(ctx, metric, source, spans);
    return spans.length;
  }
  if (what === "daily") {
    return sql
      .exec(
        "DELETE FROM daily WHERE metric = ? AND source = ? AND date IN (SELECT value FROM json_each(?)) RETURNING date",
        metric.code,
        source,
        JSON.stringify(marks.map(({ at }) => at / DAY_MS)),
      )
      .toArray().length;
  }
  // A summary whose samples have come by another way meanwhile is theirs.
  const dates = sql
    .exec<{ date: number }>(
      `DELETE FROM hours WHERE metric = ?1 AND source = ?2 AND hour IN (SELECT value FROM json_each(?3))
         AND NOT EXISTS (SELECT 1 FROM segments s WHERE s.metric = ?1 AND s.hour = hours.hour AND s.source = ?2)
         AND NOT EXISTS (SELECT 1 FROM readings r WHERE r.metric = ?1 AND r.source = ?2 AND r.start >= hours.hour * ${HOUR_MS} AND r.start < (hours.hour + 1) * ${HOUR_MS})
       RETURNING date`,
      metric.code,
      source,
      JSON.stringify([...new Set(marks.map(({ at }) => at / HOUR_MS))]),
    )
    .toArray();
  rebuildDays(
    sql,
    metric.code,
    source,
    dates.map(({ date }) => date),
  );
  return dates.length;
}

function removeSamples(ctx: RecordContext, metric: Metric, source: number, marks: readonly Mark[]): number {
  const { sql } = ctx;
  const dates = new Set<number>();
  let removed = 0;
  for (const [hour, list] of Map.groupBy(marks, ({ at }) => Math.floor(at / HOUR_MS))) {
    const stored = readHour(sql, { metric: metric.code, source, hour });
    const gone = new Set(list.map(({ at }) => at));
    const kept: number[] = [];
    stored.at.forEach((at, i) => {
      if (!gone.has(at)) kept.push(i);
    });
    if (kept.length === stored.at.length) continue;
    removed += stored.at.length - kept.length;
    const left: IdentifiedSamples = pickSamples(stored, kept);
    rewriteHour(ctx, metric, source, hour, left, dates, ctx.now);
  }
  sql.exec(
    "DELETE FROM annotations WHERE metric = ? AND source = ? AND at IN (SELECT value FROM json_each(?))",
    metric.code,
    source,
    JSON.stringify(marks.map(({ at }) => at)),
  );
  rebuildDays(sql, metric.code, source, dates);
  return removed;
}

function removeSleep(ctx: RecordContext, { what, source, marks }: MarkGroup, touched: Touched[]): number {
  const { sql } = ctx;
  if (what === "stretch") {
    const spans = sql
      .exec<{ start: number; end: number }>(
        `DELETE FROM sleep_stretches WHERE source = ?1 AND (start, end, stage) IN (${FROM_MARKS}) RETURNING start, end`,
        source,
        textOf(marks),
      )
      .toArray();
    if (spans.length > 0) touched.push(...rebuildNights(sql, source, assembleAround(sql, source, spans, ctx.now), ctx.now));
    return spans.length;
  }
  const dates = sql
    .exec<{ date: number }>(
      "DELETE FROM sleeps WHERE source = ? AND assembled = 0 AND start IN (SELECT value FROM json_each(?)) RETURNING date",
      source,
      JSON.stringify(marks.map(({ at }) => at)),
    )
    .toArray()
    .map(({ date }) => date);
  touched.push(...rebuildNights(sql, source, [...new Set(dates)], ctx.now));
  return dates.length;
}

function removeQuarantined(sql: SqlStorage, source: number, marks: readonly Mark[]): number {
  const rows = marks.map(({ at, tag }) => {
    const end = tag.indexOf("\n");
    return [tag.slice(0, end), at, tag.slice(end + 1)];
  });
  return sql
    .exec(
      "DELETE FROM quarantine WHERE source = ?1 AND (metric, at, value) IN (SELECT value->>0, value->>1, value->>2 FROM json_each(?2)) RETURNING at",
      source,
      JSON.stringify(rows),
    )
    .toArray().length;
}
