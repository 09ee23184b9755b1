import type { Receipt } from "../../shared/health/reading";
import type { SourceChoice } from "./store/choose";
import type { QuarantineState } from "./store/quarantine";
import type { Recording } from "./store/sources";

/** What a phone hears: the receipt and the cursor it may forget everything up to. */
export interface PushReceipt extends Receipt {
  readonly cursor: string | null;
}

/** A window of sessions. Times epoch ms, `to` exclusive. */
export interface SessionQuery {
  readonly from: number;
  readonly to: number;
  readonly choice: SourceChoice;
  readonly recording?: Recording | undefined;
  readonly purpose?: "guidance" | undefined;
  readonly limit: number;
  readonly after?: SessionPosition | undefined;
}

/** Local dates, days since 1970-01-01, both ends included; `every` shows those without data too. */
export interface DaysQuery {
  readonly from: number;
  readonly to: number;
  readonly every: boolean;
  readonly recording?: Recording | undefined;
  readonly purpose?: "guidance" | undefined;
}

/** Where a page of sessions ended. */
export interface SessionPosition {
  readonly at: number;
  readonly source: number;
}

/** `items` is JSON text of the array. */
export interface SessionPage {
  readonly items: string;
  readonly next: SessionPosition | null;
}

/** Cuts one page out of sessions that are in order of (position, source); `show` makes what the reader may see of one. */
export function pageOf<A>(
  sessions: readonly { readonly position: number; readonly source: number; readonly answer: A }[],
  query: SessionQuery,
  show: (answer: A) => unknown,
): SessionPage {
  const { after } = query;
  const rest =
    after === undefined ? sessions : sessions.filter((s) => s.position > after.at || (s.position === after.at && s.source > after.source));
  const page = rest.slice(0, query.limit);
  const last = page.at(-1);
  return {
    items: JSON.stringify(page.map((s) => show(s.answer))),
    next: rest.length > query.limit && last !== undefined ? { at: last.position, source: last.source } : null,
  };
}

/** What the person wants deleted. Without `key` every metric, without `source` every source. `to` exclusive. */
export interface EraseRange {
  readonly key?: string | undefined;
  readonly source?: number | undefined;
  readonly from: number;
  readonly to: number;
}

export interface QuarantineItem {
  /** Its number in this vault. */
  readonly id: number;
  readonly metric: string;
  readonly source: number;
  readonly at: number;
  readonly value: number | null;
  readonly unit: string;
  readonly reason: string;
  readonly recordId: string;
  readonly receivedAt: number;
  readonly state: QuarantineState;
  readonly decidedAt: number | null;
}

/** Which of them. */
export interface QuarantineQuery {
  readonly state: QuarantineState;
  readonly limit: number;
  readonly after?: QuarantinePosition | undefined;
}

/** Key of the last item of a page. */
export interface QuarantinePosition {
  readonly receivedAt: number;
  readonly id: number;
}

type QuarantineRow = {
  id: number;
  metric: string;
  source: number;
  at: number;
  value: string;
  unit: string;
  reason: string;
  record_id: string;
  received_at: number;
  state: QuarantineState;
  decided_at: number | null;
};

/** Quarantined readings in one state, newest arrivals first. */
export function readQuarantine(sql: SqlStorage, { state, limit, after }: QuarantineQuery): QuarantineItem[] {
  const past = after === undefined ? "" : "AND (received_at, id) < (?3, ?4)";
  return sql
    .exec<QuarantineRow>(
      `SELECT id, metric, source, at, value, unit, reason, record_id, received_at, state, decided_at FROM quarantine
       WHERE state = ?1 ${past} ORDER BY received_at DESC, id DESC LIMIT ?2`,
      state,
      limit,
      ...(after === undefined ? [] : [after.receivedAt, after.id]),
    )
    .toArray()
    .map((r) => ({
      id: r.id,
      metric: r.metric,
      source: r.source,
      at: r.at,
      value: r.value === "" ? null : Number(r.value),
      unit: r.unit,
      reason: r.reason,
      recordId: r.record_id,
      receivedAt: r.received_at,
      state: r.state,
      decidedAt: r.decided_at,
    }));
}
