import { type ConnectionView } from "../../../shared/vendors/connection-view";
import { liveVendor } from "../../../shared/vendors/vendors";
import { type Connection, type ConnectionEvent, type ConnectionRows, LIVE_STATES } from "./connection-rows";
import type { LastData } from "./last-data";
import { isPolled } from "./plan";
import type { ResourceProgress, WindowRows } from "./window-rows";

/** A connection with what it reads, what it brought and what has happened to it. */
export interface ConnectionDetail extends ConnectionView {
  readonly resources: readonly ResourceProgress[];
  readonly lastData: LastData;
  readonly history: readonly ConnectionEvent[];
}

/** A connection that is active but has not been read for so long has a problem that nobody reported. */
export const STALE_MS = 48 * 3_600_000;
const HISTORY_SHOWN = 20;

/** Whether nothing has been read over an active connection for long. */
export function isStale({ state, lastSuccessAt, connectedAt, createdAt }: Connection, now: number): boolean {
  return state === "active" && now - Math.max(lastSuccessAt ?? 0, connectedAt ?? createdAt) > STALE_MS;
}

export function viewOf(connection: Connection, windows: WindowRows, now: number): ConnectionView {
  const { vendor } = liveVendor(connection.vendor);
  const { queued, waiting_vendor: waiting, done, failed, skipped } = windows.backfill(connection.id);
  const polled = windows
    .resources(connection.id)
    .filter(({ resource, state }) => state === "active" && vendor.resources[resource] !== undefined && isPolled(vendor, resource));
  const nexts = [windows.nextDue(connection.id), ...polled.map(({ nextAt }) => nextAt)].filter((at) => at !== undefined);
  return {
    id: connection.id,
    vendor: connection.vendor,
    title: vendor.title,
    state: isStale(connection, now) ? "stale" : connection.state,
    organisation: connection.behalf?.organisation,
    areas: connection.areas,
    createdAt: connection.createdAt,
    connectedAt: connection.connectedAt,
    lastSyncAt: connection.lastSuccessAt,
    lastDataAt: connection.lastDataAt,
    nextSyncAt: LIVE_STATES.has(connection.state) && nexts.length > 0 ? Math.max(connection.blockedUntil, Math.min(...nexts)) : undefined,
    error: connection.error,
    backfill: { done, failed, skipped, waiting, total: queued + waiting + done + failed + skipped },
  };
}

export function detailOf(
  connection: Connection,
  rows: ConnectionRows,
  windows: WindowRows,
  lastData: LastData,
  now: number,
): ConnectionDetail {
  return {
    ...viewOf(connection, windows, now),
    resources: windows.resources(connection.id),
    lastData,
    history: rows.events(connection.id, HISTORY_SHOWN),
  };
}
