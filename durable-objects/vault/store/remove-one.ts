import { DAY_MS } from "../../../shared/clock";
import { metric as metricOf, metricByCode } from "../../../shared/health/catalogue";
import { type ReadingKey, tagHash } from "../../../shared/health/reading-id";
import type { Touched } from "../state";
import type { RecordContext } from "./record";
import { removeRange, resummarise } from "./remove";
import { recount } from "./series";

/**
 * Removes the one reading, sleep session or workout that a key names, and keeps it from coming back. Returns what it touched;
 * undefined where there is no such reading.
 */
export function removeOne(ctx: RecordContext, key: ReadingKey): Touched[] | undefined {
  if (key.kind === "reading" && key.tag !== "") return removeTagged(ctx, key);
  const range = rangeOf(ctx, key);
  if (range === undefined) return undefined;
  const { count, touched } = removeRange(ctx, { ...range, sources: [key.source] });
  if (count === 0) return undefined;
  ctx.erasures.erase(range.metric, key.source, range.from, range.to, ctx.now);
  return touched;
}

function rangeOf(ctx: RecordContext, key: ReadingKey): { metric: number; from: number; to: number } | undefined {
  switch (key.kind) {
    case "reading":
      return { metric: key.metric, from: key.start, to: key.start + 1 };
    case "daily": {
      const [row] = ctx.sql
        .exec<{ zone: number }>("SELECT zone FROM daily WHERE metric = ? AND date = ? AND source = ?", key.metric, key.start, key.source)
        .toArray();
      const at = row === undefined ? undefined : key.start * DAY_MS - row.zone * 1_000;
      return at === undefined ? undefined : { metric: key.metric, from: at, to: at + 1 };
    }
    case "sleep": {
      const [row] = ctx.sql.exec<{ end: number }>("SELECT end FROM sleeps WHERE source = ? AND start = ?", key.source, key.start).toArray();
      const metric = metricOf("sleep");
      return row === undefined || metric === undefined
        ? undefined
        : { metric: metric.code, from: key.start, to: Math.max(row.end, key.start + 1) };
    }
    case "workout": {
      const metric = metricOf("workout");
      return metric === undefined ? undefined : { metric: metric.code, from: key.start, to: key.start + 1 };
    }
  }
}

/** Several records share the instant: only the one of this tag goes. */
function removeTagged(ctx: RecordContext, key: ReadingKey): Touched[] | undefined {
  const { sql } = ctx;
  const metric = metricByCode(key.metric);
  const row = sql
    .exec<{ tag: string; record_id: string; version: number }>(
      "SELECT tag, record_id, version FROM readings WHERE metric = ? AND source = ? AND start = ? AND end = ?",
      key.metric,
      key.source,
      key.start,
      key.end,
    )
    .toArray()
    .find((candidate) => tagHash(candidate.tag) === key.tag);
  if (row === undefined || metric === undefined) return undefined;
  sql.exec(
    "DELETE FROM readings WHERE metric = ? AND source = ? AND start = ? AND end = ? AND tag = ?",
    key.metric,
    key.source,
    key.start,
    key.end,
    row.tag,
  );
  const vendor = ctx.sources.get(key.source)?.vendor;
  // The person's word outlasts every later version of the record.
  if (vendor !== undefined)
    ctx.erasures.bury(vendor, [{ id: row.record_id === "" ? row.tag : row.record_id, version: Number.MAX_SAFE_INTEGER }], ctx.now);
  resummarise(ctx, metric, key.source, [{ start: key.start, end: key.end }]);
  recount(sql, key.metric, key.source);
  return [{ metric: metric.key, source: key.source, from: key.start, to: key.end }];
}
