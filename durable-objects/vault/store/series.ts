import { HOUR_MS } from "../../../shared/clock";
import type { Kind } from "../../../shared/health/catalogue";
import { readHour } from "./segments";

/** Makes sure that a series exists and knows its longest interval before rows are rebuilt with it. */
export function noteSeries(
  sql: SqlStorage,
  metric: number,
  source: number,
  kind: Kind,
  firstAt: number,
  lastAt: number,
  longest: number,
): void {
  sql.exec(
    `INSERT INTO series (metric, source, kind, n, first_at, last_at, last_value, longest) VALUES (?1, ?2, ?3, 0, ?4, ?5, NULL, ?6)
     ON CONFLICT DO UPDATE SET first_at = min(first_at, excluded.first_at), longest = max(longest, excluded.longest)
     WHERE excluded.first_at < first_at OR excluded.longest > longest`,
    metric,
    source,
    kind,
    firstAt,
    lastAt,
    longest,
  );
}

/** Counts new readings and moves the last value forward. */
export function growSeries(
  sql: SqlStorage,
  metric: number,
  source: number,
  kind: Kind,
  accepted: number,
  lastAt: number,
  lastValue: number | null,
): void {
  sql.exec(
    `UPDATE series SET n = n + ?4, last_value = iif(?5 >= last_at OR last_value IS NULL, ?6, last_value), last_at = max(last_at, ?5)
     WHERE metric = ?1 AND source = ?2 AND kind = ?3`,
    metric,
    source,
    kind,
    accepted,
    lastAt,
    lastValue,
  );
}

/** Counts new samples of a series that has no intervals, and makes it where it is new. Times epoch milliseconds. */
export function addToSeries(
  sql: SqlStorage,
  metric: number,
  source: number,
  accepted: number,
  first: { readonly at: number },
  last: { readonly at: number; readonly value: number },
): void {
  sql.exec(
    `INSERT INTO series (metric, source, kind, n, first_at, last_at, last_value, longest) VALUES (?1, ?2, 'sample', ?3, ?4, ?5, ?6, 0)
     ON CONFLICT DO UPDATE SET n = n + excluded.n, first_at = min(first_at, excluded.first_at),
       last_value = iif(excluded.last_at >= last_at OR last_value IS NULL, excluded.last_value, last_value), last_at = max(last_at, excluded.last_at)`,
    metric,
    source,
    accepted,
    first.at,
    last.at,
    last.value,
  );
}

type Extent = { n: number; first_at: number | null; last_at: number | null };

/** Counts a metric's series of a source again from what is stored; series without readings disappear. Used after deletions. */
export function recount(sql: SqlStorage, metric: number, source: number): void {
  const kinds = sql.exec<{ kind: string }>("SELECT kind FROM series WHERE metric = ? AND source = ?", metric, source).toArray();
  for (const { kind } of kinds) {
    const extents = [extentOf(sql, metric, source, kind), kind === "sample" ? segmentExtent(sql, metric, source) : undefined].filter(
      (e) => e !== undefined && e.n > 0,
    );
    const n = extents.reduce((sum, e) => sum + (e?.n ?? 0), 0);
    if (n === 0 && kind === "sample" && hasSummaries(sql, metric, source)) {
      // Its samples are past what the person keeps; what they added up to is still there.
      sql.exec("UPDATE series SET n = 0 WHERE metric = ? AND source = ? AND kind = ?", metric, source, kind);
      continue;
    }
    if (n === 0) {
      sql.exec("DELETE FROM series WHERE metric = ? AND source = ? AND kind = ?", metric, source, kind);
      continue;
    }
    const firstAt = Math.min(...extents.map((e) => e?.first_at ?? Number.POSITIVE_INFINITY));
    const lastAt = Math.max(...extents.map((e) => e?.last_at ?? Number.NEGATIVE_INFINITY));
    sql.exec(
      "UPDATE series SET n = ?, first_at = ?, last_at = ?, last_value = ? WHERE metric = ? AND source = ? AND kind = ?",
      n,
      firstAt,
      lastAt,
      lastValueOf(sql, metric, source, kind, lastAt),
      metric,
      source,
      kind,
    );
  }
}

function hasSummaries(sql: SqlStorage, metric: number, source: number): boolean {
  return sql.exec("SELECT 1 FROM days WHERE metric = ? AND source = ? LIMIT 1", metric, source).toArray().length > 0;
}

function extentOf(sql: SqlStorage, metric: number, source: number, kind: string): Extent {
  if (kind === "daily") {
    return sql
      .exec<Extent>(
        "SELECT count(*) AS n, min(date * 86400000 - zone * 1000) AS first_at, max(date * 86400000 - zone * 1000) AS last_at FROM daily WHERE metric = ? AND source = ?",
        metric,
        source,
      )
      .one();
  }
  return sql
    .exec<Extent>(
      "SELECT count(*) AS n, min(start) AS first_at, max(end) AS last_at FROM readings WHERE metric = ? AND source = ? AND kind = ?",
      metric,
      source,
      kind,
    )
    .one();
}

function segmentExtent(sql: SqlStorage, metric: number, source: number): Extent {
  return sql
    .exec<Extent>(
      "SELECT coalesce(sum(n), 0) AS n, min(first_at) AS first_at, max(last_at) AS last_at FROM segments WHERE metric = ? AND source = ?",
      metric,
      source,
    )
    .one();
}

function lastValueOf(sql: SqlStorage, metric: number, source: number, kind: string, lastAt: number): number | null {
  if (kind === "daily") {
    return (
      sql
        .exec<{ value: number | null }>(
          "SELECT value FROM daily WHERE metric = ? AND source = ? ORDER BY date DESC LIMIT 1",
          metric,
          source,
        )
        .toArray()[0]?.value ?? null
    );
  }
  const dense = kind === "sample" ? readHour(sql, { metric, source, hour: Math.floor(lastAt / HOUR_MS) }) : undefined;
  if (dense !== undefined && dense.at.at(-1) === lastAt) return dense.value.at(-1) ?? null;
  return (
    sql
      .exec<{ value: number | null }>(
        "SELECT value FROM readings WHERE metric = ? AND source = ? AND kind = ? AND end = ? ORDER BY start DESC LIMIT 1",
        metric,
        source,
        kind,
        lastAt,
      )
      .toArray()[0]?.value ?? null
  );
}
