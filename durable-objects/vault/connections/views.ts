import { liveVendor } from "../../../shared/vendors/vendors";
import type { Connection, ConnectionEvent, ConnectionRows, ConnectionState } from "./connection-rows";
import type { ResourceProgress, WindowRows } from "./window-rows";

/** A connection as its person sees it. Times are epoch milliseconds. */
export interface ConnectionView {
  readonly id: string;
  readonly vendor: string;
  readonly title: string;
  readonly state: ConnectionState | "stale";
  readonly areas: readonly string[];
  readonly createdAt: number;
  readonly connectedAt: number | undefined;
  readonly lastSyncAt: number | undefined;
  readonly lastDataAt: number | undefined;
  readonly nextSyncAt: number | undefined;
  readonly error: { readonly code: string; readonly at: number } | undefined;
  /** Windows of the first import; `waiting` ones were asked for, and the vendor sends them. */
  readonly backfill: {
    readonly done: number;
    readonly failed: number;
    readonly skipped: number;
    readonly waiting: number;
    readonly total: number;
  };
}

/** A connection with what it reads and what has happened to it. */
export interface ConnectionDetail extends ConnectionView {
  readonly resources: readonly ResourceProgress[];
  readonly history: readonly ConnectionEvent[];
}

/** A connection that is active but has not been read for so long has a problem that nobody reported. */
const STALE_MS = 48 * 3_600_000;
const HISTORY_SHOWN = 20;

export function viewOf(connection: Connection, windows: WindowRows, now: number): ConnectionView {
  const { queued, waiting_vendor: waiting, done, failed, skipped } = windows.backfill(connection.id);
  const resources = windows.resources(connection.id).filter(({ state }) => state === "active");
  const nexts = [windows.nextDue(connection.id), ...resources.map(({ nextAt }) => nextAt)].filter((at) => at !== undefined);
  const asked = connection.state === "active" || connection.state === "degraded" || connection.state === "rate_limited";
  const quietSince = connection.lastSuccessAt ?? connection.connectedAt ?? connection.createdAt;
  return {
    id: connection.id,
    vendor: connection.vendor,
    title: liveVendor(connection.vendor).vendor.title,
    state: connection.state === "active" && now - quietSince > STALE_MS ? "stale" : connection.state,
    areas: connection.areas,
    createdAt: connection.createdAt,
    connectedAt: connection.connectedAt,
    lastSyncAt: connection.lastSuccessAt,
    lastDataAt: connection.lastDataAt,
    nextSyncAt: asked && nexts.length > 0 ? Math.max(connection.blockedUntil, Math.min(...nexts)) : undefined,
    error: connection.error,
    backfill: { done, failed, skipped, waiting, total: queued + waiting + done + failed + skipped },
  };
}

export function detailOf(connection: Connection, rows: ConnectionRows, windows: WindowRows, now: number): ConnectionDetail {
  return {
    ...viewOf(connection, windows, now),
    resources: windows.resources(connection.id),
    history: rows.events(connection.id, HISTORY_SHOWN),
  };
}
