import { BatchBuilder } from "../../../shared/health/batch";
import { metric as metricOf } from "../../../shared/health/catalogue";
import { type Reading, type Receipt, ZONE_UNKNOWN } from "../../../shared/health/reading";
import type { Touched } from "../state";
import { recordBatch, type RecordContext } from "./record";

export const QUARANTINE_STATES = ["held", "released", "discarded"] as const;
export type QuarantineState = (typeof QUARANTINE_STATES)[number];

/** Which readings that are held: one by its number, or those of a metric, source, reason and time (epoch ms, `to` exclusive). */
export interface HeldQuery {
  readonly id?: number | undefined;
  readonly metric?: string | undefined;
  readonly source?: number | undefined;
  readonly reason?: string | undefined;
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

/** What became of them. `refused`: never understood as a whole, deleted meanwhile, or past what is kept. */
export interface Decided {
  readonly decided: number;
  readonly refused: number;
  /** Whether more of them wait: ask again. */
  readonly isMore: boolean;
}

/** Readings that one call decides about. */
const AT_ONCE = 1_000;

type HeldRow = {
  id: number;
  metric: string;
  source: number;
  at: number;
  value: string;
  unit: string;
  reason: string;
  record_id: string;
  reading: string | null;
};

/** Readings that are held and fit, oldest first; one more than are decided about at once. */
function held(sql: SqlStorage, query: HeldQuery): HeldRow[] {
  return sql
    .exec<HeldRow>(
      `SELECT id, metric, source, at, value, unit, reason, record_id, reading FROM quarantine WHERE state = 'held'
         AND (?1 IS NULL OR id = ?1) AND (?2 IS NULL OR metric = ?2) AND (?3 IS NULL OR source = ?3) AND (?4 IS NULL OR reason = ?4)
         AND (?5 IS NULL OR at >= ?5) AND (?6 IS NULL OR at < ?6) ORDER BY received_at, id LIMIT ${AT_ONCE + 1}`,
      query.id ?? null,
      query.metric ?? null,
      query.source ?? null,
      query.reason ?? null,
      query.from ?? null,
      query.to ?? null,
    )
    .toArray();
}

/** Stores readings after all, marked with why they were held. Runs inside the caller's transaction. */
export function releaseHeld(ctx: RecordContext, query: HeldQuery): { readonly done: Decided; readonly touched: Touched[] } {
  const rows = held(ctx.sql, query);
  const touched: Touched[] = [];
  let [decided, refused] = [0, 0];
  for (const row of rows.slice(0, AT_ONCE)) {
    const reading = wholeOf(row);
    const source = ctx.sources.get(row.source);
    if (reading === undefined || source === undefined) {
      refused++;
      continue;
    }
    const builder = new BatchBuilder();
    const attributes = { ...reading.attributes, quarantine: { reason: row.reason, releasedAt: new Date(ctx.now).toISOString() } };
    builder.reading({ ...reading, metric: row.metric, source: builder.source(source), attributes });
    // Whatever is released passes the screen.
    decide(ctx.sql, row.id, "released", ctx.now);
    const receipt: Receipt = { accepted: 0, duplicate: 0, updated: 0, deleted: 0, quarantined: [], rejected: [], byMetric: {} };
    touched.push(...recordBatch(ctx, builder.take(), receipt));
    if (receipt.rejected.length + receipt.quarantined.length > 0) {
      ctx.sql.exec("UPDATE quarantine SET state = 'held', decided_at = NULL WHERE id = ?", row.id);
      refused++;
    } else decided++;
  }
  return { done: { decided, refused, isMore: rows.length > AT_ONCE }, touched };
}

/** Lets readings go for good: a replay of the same is not held again. */
export function discardHeld(sql: SqlStorage, query: HeldQuery, now: number): Decided {
  const rows = held(sql, query);
  for (const { id } of rows.slice(0, AT_ONCE)) decide(sql, id, "discarded", now);
  return { decided: Math.min(rows.length, AT_ONCE), refused: 0, isMore: rows.length > AT_ONCE };
}

function decide(sql: SqlStorage, id: number, state: QuarantineState, now: number): void {
  sql.exec(
    "UPDATE quarantine SET state = ?1, decided_at = ?2, reading = iif(?1 = 'discarded', NULL, reading) WHERE id = ?3",
    state,
    Math.floor(now),
    id,
  );
}

/** The reading as it was told; of one without the whole, a plain sample where that is all there can be to it. */
function wholeOf({ metric: key, at, value, unit, record_id, reading }: HeldRow): Omit<Reading, "metric" | "source"> | undefined {
  const metric = metricOf(key);
  if (metric === undefined) return undefined;
  if (reading !== null) return JSON.parse(reading) as Omit<Reading, "metric" | "source">;
  if (value === "" || unit !== metric.unit || metric.kind !== "sample" || metric.components !== undefined) return undefined;
  return {
    kind: "sample",
    start: at,
    end: at,
    value: Number(value),
    zone: ZONE_UNKNOWN,
    version: 0,
    ...(record_id === "" ? {} : { id: record_id }),
  };
}
