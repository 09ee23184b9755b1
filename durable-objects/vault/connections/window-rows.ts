import { HOUR_MS } from "../../../shared/clock";
import type { PageOutcome, Range } from "../../../shared/vendors/vendor";
import type { PlannedWindow, Purpose } from "./plan";

/** A window that is to be read, or was. */
export interface SyncWindow extends PlannedWindow {
  readonly connection: string;
  readonly turn: number;
  readonly attempts: number;
  readonly page: string | undefined;
  readonly job: string | undefined;
}

/** How far a resource has been read. */
export interface ResourceProgress {
  readonly resource: string;
  readonly state: "active" | "permission_missing";
  readonly syncedTo: number | undefined;
  readonly nextAt: number;
  readonly newestAt: number | undefined;
  readonly read: number;
  readonly stored: number;
  readonly rejected: number;
}

type WindowRow = {
  connection: string;
  resource: string;
  from_at: number;
  to_at: number;
  object: string;
  purpose: Purpose;
  turn: number;
  attempts: number;
  page: string | null;
  job: string | null;
};
type ResourceRow = {
  resource: string;
  state: ResourceProgress["state"];
  synced_to: number | null;
  next_at: number;
  newest_at: number | null;
  read: number;
  stored: number;
  rejected: number;
};

const RESTARTED = "page_refused";
/** What reads on from where a resource has been read to. */
const CATCHES_UP: ReadonlySet<Purpose> = new Set(["incremental", "asked"]);
const KEY = "connection = ? AND resource = ? AND from_at = ? AND to_at = ? AND object = ?";
/** Windows that are planned by one statement: a value that is bound may have 2 MB. */
const PLANNED_AT_ONCE = 1_000;
/** Data that a vendor promised are given up after this. */
const PROMISED_MS = 24 * HOUR_MS;
/** What a device has measured within this time before the past was asked for may come by itself: it does not tell that the past comes. */
const FRESH_MS = 24 * HOUR_MS;

/** For what every slice and every push asks: the first entry of each state in the index, however many wait. For `+?` see decision 100. */
export const NEXT_WAKE = `SELECT min(due) AS due FROM (
  SELECT min(due_at) AS due FROM connection_windows WHERE connection = +?1 AND state = 'queued'
  UNION ALL SELECT min(due_at) FROM connection_windows WHERE connection = +?1 AND state = 'waiting_vendor')`;
export const ARRIVED = `UPDATE connection_windows SET state = 'done', read = read + ?1
  WHERE connection = ?2 AND state = 'waiting_vendor' AND resource IN (SELECT value FROM json_each(?3)) AND from_at <= ?5
  AND ?4 < CASE purpose WHEN 'backfill' THEN min(to_at, due_at - ?6) ELSE to_at END RETURNING purpose`;
/** Whether one of a list of windows waits as one of the first import. */
export const WAITS_IN_BACKFILL = `SELECT 1 FROM json_each(?2) CROSS JOIN connection_windows
  ON connection = ?1 AND resource = value ->> 0 AND from_at = value ->> 1 AND to_at = value ->> 2 AND object = value ->> 3
  WHERE purpose = 'backfill' AND state IN ('queued', 'waiting_vendor') LIMIT 1`;
/** Forgets windows that catch up within one of a list. One that somebody asked for gives way to another that was asked for alone: their job counts it. */
export const WITHIN_OTHERS = `DELETE FROM connection_windows INDEXED BY connection_windows_by_due
  WHERE connection = +?1 AND state = 'queued' AND page IS NULL AND object = '' AND purpose IN ('incremental', 'asked') AND EXISTS (
    SELECT 1 FROM json_each(?2) WHERE value ->> 0 = resource AND value ->> 1 <= from_at AND value ->> 2 >= to_at
    AND value ->> 2 - value ->> 1 > to_at - from_at AND value ->> 4 IN ('asked', purpose))`;
export const EXPIRED =
  "UPDATE connection_windows SET state = 'done' WHERE connection = ? AND state = 'waiting_vendor' AND due_at <= ? RETURNING purpose";

/** Windows that waited for their vendor and wait no more, by whether the first import is what they were of. */
export interface EndedWaits {
  readonly backfill: number;
  readonly other: number;
}

/** The tables of what has been read and what is to be read. Methods are synchronous: callers make them one transaction. */
export class WindowRows {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /**
   * Plans windows, in their order. One of the first import that is known stays as it is, whatever it is by now; any other is read again from its
   * first page, and is of the first import no more: who cancels that does not mean what is new. What catches up takes the place of shorter
   * ones that wait and have not begun: while a vendor's limit lets nothing be read, each day would add one. Says whether nothing is left of a
   * first import of which something was left.
   */
  plan(connection: string, windows: readonly PlannedWindow[], dueAt: number, job?: string): boolean {
    let isTakenOver = false;
    for (let at = 0; at < windows.length; at += PLANNED_AT_ONCE) {
      const part = windows.slice(at, at + PLANNED_AT_ONCE);
      const rows = part.map((w) => [w.resource, w.from, w.to, w.object ?? "", w.purpose]);
      // Windows of one record are neither of the first import nor of what catches up.
      const others = JSON.stringify(rows.filter((_, i) => part[i]?.purpose !== "backfill" && part[i]?.object === undefined));
      if (others !== "[]") isTakenOver = this.#sql.exec(WAITS_IN_BACKFILL, connection, others).toArray().length > 0 || isTakenOver;
      this.#sql.exec(
        `INSERT INTO connection_windows (connection, resource, from_at, to_at, object, purpose, state, due_at, job)
         SELECT ?1, value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, 'queued', ?2, ?3 FROM json_each(?4) WHERE true ORDER BY key
         ON CONFLICT DO UPDATE SET state = 'queued', turn = turn + 1, due_at = excluded.due_at, attempts = 0, page = NULL, error_code = NULL,
           purpose = excluded.purpose, job = coalesce(excluded.job, job)
         WHERE excluded.purpose <> 'backfill'`,
        connection,
        dueAt,
        job ?? null,
        JSON.stringify(rows),
      );
      if (part.some(({ purpose }) => CATCHES_UP.has(purpose))) this.#sql.exec(WITHIN_OTHERS, connection, others);
    }
    return isTakenOver && !this.isLeft(connection, true);
  }

  /** The next window to read: what somebody waits for comes before the first import, and the newest first. */
  next(connection: string, now: number): SyncWindow | undefined {
    const [row] = this.#sql
      .exec<WindowRow>(
        `SELECT connection, resource, from_at, to_at, object, purpose, turn, attempts, page, job FROM connection_windows
         WHERE connection = +? AND state = 'queued' AND due_at <= ?
         ORDER BY CASE purpose WHEN 'asked' THEN 0 WHEN 'changed' THEN 1 WHEN 'incremental' THEN 2 ELSE 3 END, to_at DESC, from_at DESC, resource LIMIT 1`,
        connection,
        now,
      )
      .toArray();
    return row === undefined ? undefined : windowOf(row);
  }

  /** Whether windows wait to be read, or for their vendor: of the first import, or of everything else. */
  isLeft(connection: string, isBackfill: boolean): boolean {
    const rows = this.#sql.exec(
      `SELECT 1 FROM connection_windows WHERE connection = ? AND state IN ('queued', 'waiting_vendor') AND purpose ${isBackfill ? "=" : "<>"} 'backfill' LIMIT 1`,
      connection,
    );
    return rows.toArray().length > 0;
  }

  /** How many windows wait to be read. */
  queued(connection: string): number {
    return this.#sql
      .exec<{ n: number }>("SELECT count(*) AS n FROM connection_windows WHERE connection = ? AND state = 'queued'", connection)
      .one().n;
  }

  /** Whether any of these windows waits to be read, or for what its vendor has promised. */
  areOpen(connection: string, windows: readonly PlannedWindow[]): boolean {
    const isOpen = `SELECT 1 FROM connection_windows WHERE ${KEY} AND state IN ('queued', 'waiting_vendor')`;
    return windows.some((w) => this.#sql.exec(isOpen, connection, w.resource, w.from, w.to, w.object ?? "").toArray().length > 0);
  }

  /** When the earliest queued window is due, or undefined where none is queued. */
  nextDue(connection: string): number | undefined {
    const { due } = this.#sql
      .exec<{ due: number | null }>(
        "SELECT min(due_at) AS due FROM connection_windows WHERE connection = ? AND state = 'queued'",
        connection,
      )
      .one();
    return due ?? undefined;
  }

  /** When a connection's windows next want something done: to be read, or to be given up. */
  nextWake(connection: string): number | undefined {
    const { due } = this.#sql.exec<{ due: number | null }>(NEXT_WAKE, connection).one();
    return due ?? undefined;
  }

  /** Notes a page that was stored: goes on to the next one, or ends the window. Only windows of the first import are kept when done. */
  advance(w: SyncWindow, outcome: PageOutcome, stored: number, rejected: number): void {
    this.#sql.exec(
      `UPDATE connection_resources SET read = read + ?, stored = stored + ?, rejected = rejected + ?,
       newest_at = CASE WHEN ?4 IS NULL THEN newest_at ELSE max(coalesce(newest_at, ?4), ?4) END WHERE connection = ?5 AND resource = ?6`,
      outcome.read,
      stored,
      rejected,
      outcome.newestAt ?? null,
      w.connection,
      w.resource,
    );
    if (outcome.next !== undefined) {
      this.#sql.exec(
        `UPDATE connection_windows SET page = ?, read = read + ?, attempts = CASE error_code WHEN '${RESTARTED}' THEN attempts ELSE 0 END,
         error_code = CASE error_code WHEN '${RESTARTED}' THEN error_code END WHERE ${KEY} AND turn = ?`,
        outcome.next,
        outcome.read,
        ...keyOf(w),
        w.turn,
      );
    } else this.#end(w, outcome.read);
  }

  #end(w: SyncWindow, read: number): void {
    const ended = this.#sql
      .exec(
        `UPDATE connection_windows SET state = 'done', page = NULL, error_code = NULL, job = NULL, read = read + ?
         WHERE ${KEY} AND turn = ? AND state = 'queued' RETURNING turn`,
        read,
        ...keyOf(w),
        w.turn,
      )
      .toArray();
    if (ended.length === 0) return;
    if (w.purpose !== "backfill") this.#sql.exec(`DELETE FROM connection_windows WHERE ${KEY} AND purpose <> 'backfill'`, ...keyOf(w));
    // Backfill windows end in the past, and a change may concern any time: only what catches up moves the mark.
    if (CATCHES_UP.has(w.purpose)) this.syncedTo(w.connection, w.resource, w.to);
  }

  /** The vendor will send the window's data by webhook: nothing is asked for meanwhile. */
  promised(w: SyncWindow, now: number): void {
    this.#sql.exec(
      `UPDATE connection_windows SET state = 'waiting_vendor', due_at = ?, page = NULL, error_code = NULL, job = NULL WHERE ${KEY} AND turn = ?`,
      now + PROMISED_MS,
      ...keyOf(w),
      w.turn,
    );
  }

  /** Whether windows wait for what their vendor has promised. */
  awaitsVendor(connection: string): boolean {
    const waiting = this.#sql.exec(
      "SELECT 1 FROM connection_windows WHERE connection = +? AND state = 'waiting_vendor' LIMIT 1",
      connection,
    );
    return waiting.toArray().length > 0;
  }

  /**
   * Data of a range came in a call of the vendor's: the windows that wait for them are done. What is fresh comes without being asked for, and
   * ends no window of the first import.
   */
  arrived(connection: string, resources: readonly string[], { from, to }: Range, read: number): EndedWaits {
    const ended = this.#sql.exec<{ purpose: Purpose }>(
      ARRIVED,
      read,
      connection,
      JSON.stringify(resources),
      from,
      to,
      PROMISED_MS + FRESH_MS,
    );
    return this.#ended(connection, ended.toArray());
  }

  /** Ends the waiting for data that did not come in time: there were none. */
  expirePromises(connection: string, now: number): EndedWaits {
    const ended = this.#sql.exec<{ purpose: Purpose }>(EXPIRED, connection, now);
    return this.#ended(connection, ended.toArray());
  }

  /** Only windows of the first import are kept when done. */
  #ended(connection: string, ended: readonly { readonly purpose: Purpose }[]): EndedWaits {
    const backfill = ended.filter(({ purpose }) => purpose === "backfill").length;
    if (ended.length > backfill)
      this.#sql.exec("DELETE FROM connection_windows WHERE connection = ? AND state = 'done' AND purpose <> 'backfill'", connection);
    return { backfill, other: ended.length - backfill };
  }

  /** Notes data that a call of the vendor's brought itself. */
  brought(
    connection: string,
    resource: string,
    outcome: Pick<PageOutcome, "read"> & { readonly newestAt?: number | undefined },
    stored: number,
    rejected: number,
  ): void {
    this.#sql.exec(
      `UPDATE connection_resources SET read = read + ?1, stored = stored + ?2, rejected = rejected + ?3,
       newest_at = CASE WHEN ?4 IS NULL THEN newest_at ELSE max(coalesce(newest_at, ?4), ?4) END WHERE connection = ?5 AND resource = ?6`,
      outcome.read,
      stored,
      rejected,
      outcome.newestAt ?? null,
      connection,
      resource,
    );
  }

  /** Tries the window's page again later. */
  postpone(w: SyncWindow, dueAt: number, error: string): void {
    this.#sql.exec(
      `UPDATE connection_windows SET due_at = ?, attempts = attempts + 1, error_code = ? WHERE ${KEY} AND turn = ?`,
      dueAt,
      error,
      ...keyOf(w),
      w.turn,
    );
  }

  /** Leaves the first import alone until then; what is new is read meanwhile. */
  holdBackfill(connection: string, until: number): void {
    this.#sql.exec(
      "UPDATE connection_windows SET due_at = max(due_at, ?) WHERE connection = ? AND state = 'queued' AND purpose = 'backfill'",
      until,
      connection,
    );
  }

  /** Starts the window over from its first page. Its attempts are not forgotten by the pages that succeed again. */
  restart(w: SyncWindow, now: number): void {
    this.#sql.exec(
      `UPDATE connection_windows SET due_at = ?, attempts = attempts + 1, error_code = '${RESTARTED}', page = NULL WHERE ${KEY} AND turn = ?`,
      now,
      ...keyOf(w),
      w.turn,
    );
  }

  /** The vendor has nothing of what lies before: the window begins there. */
  shorten(w: SyncWindow, from: number, now: number): void {
    this.#sql.exec(
      `UPDATE OR REPLACE connection_windows SET from_at = ?, due_at = ?, attempts = attempts + 1 WHERE ${KEY} AND turn = ?`,
      from,
      now,
      ...keyOf(w),
      w.turn,
    );
  }

  /** Gives a window up. One of the first import is kept to be seen; the others are covered by later readings. */
  giveUp(w: SyncWindow, error: string): void {
    if (w.purpose === "backfill") {
      this.#sql.exec(
        `UPDATE connection_windows SET state = 'failed', error_code = ?, page = NULL, job = NULL WHERE ${KEY} AND turn = ?`,
        error,
        ...keyOf(w),
        w.turn,
      );
    } else this.#sql.exec(`DELETE FROM connection_windows WHERE ${KEY} AND turn = ?`, ...keyOf(w), w.turn);
  }

  /** Windows left of a resource whose permission is missing are skipped; it is asked again after the next consent. */
  forbid(connection: string, resource: string): void {
    this.#sql.exec(
      "UPDATE connection_resources SET state = 'permission_missing' WHERE connection = ? AND resource = ?",
      connection,
      resource,
    );
    this.#sql.exec(
      "UPDATE connection_windows SET state = 'skipped', error_code = 'permission_missing', page = NULL, job = NULL WHERE connection = ? AND resource = ? AND state IN ('queued', 'waiting_vendor')",
      connection,
      resource,
    );
  }

  /** Whether a resource is known whose permission was missing when it was last asked for. */
  isForbidden(connection: string, resource: string): boolean {
    const query = "SELECT 1 FROM connection_resources WHERE connection = ? AND resource = ? AND state = 'permission_missing'";
    return this.#sql.exec(query, connection, resource).toArray().length > 0;
  }

  /** The permission is there again: what was skipped for want of it is to be read. */
  permit(connection: string, resource: string, now: number): void {
    this.#sql.exec("UPDATE connection_resources SET state = 'active' WHERE connection = ? AND resource = ?", connection, resource);
    this.#sql.exec(
      `UPDATE connection_windows SET state = 'queued', due_at = ?, attempts = 0, turn = turn + 1, error_code = NULL
       WHERE connection = ? AND resource = ? AND state = 'skipped' AND error_code = 'permission_missing'`,
      now,
      connection,
      resource,
    );
  }

  /** Lets windows that were skipped or given up be read again, after a new consent. */
  reopen(connection: string, resources: readonly string[], now: number): void {
    this.#sql.exec(
      `UPDATE connection_windows SET state = 'queued', due_at = ?, attempts = 0, turn = turn + 1, page = NULL, error_code = NULL
       WHERE connection = ? AND state IN ('skipped', 'failed') AND resource IN (SELECT value FROM json_each(?))`,
      now,
      connection,
      JSON.stringify(resources),
    );
  }

  /** Skips what of the first import is still to be read. Returns how many windows that were. */
  skipBackfill(connection: string): number {
    return this.#sql
      .exec(
        `UPDATE connection_windows SET state = 'skipped', error_code = 'cancelled', page = NULL, job = NULL, turn = turn + 1
         WHERE connection = ? AND state IN ('queued', 'waiting_vendor') AND purpose = 'backfill' RETURNING turn`,
        connection,
      )
      .toArray().length;
  }

  /** Makes the resources of a connection exactly these; what a resource has read stays known. */
  setResources(connection: string, resources: readonly string[], now: number): void {
    const list = JSON.stringify(resources);
    this.#sql.exec(
      "UPDATE connection_resources SET state = 'permission_missing' WHERE connection = ? AND resource NOT IN (SELECT value FROM json_each(?))",
      connection,
      list,
    );
    this.#sql.exec(
      `INSERT INTO connection_resources (connection, resource, state, next_at) SELECT ?1, value, 'active', ?3 FROM json_each(?2) WHERE true
       ON CONFLICT DO UPDATE SET state = 'active', next_at = excluded.next_at`,
      connection,
      list,
      now,
    );
  }

  /** The resources that are read. */
  active(connection: string): ReadonlySet<string> {
    const query = "SELECT resource FROM connection_resources WHERE connection = ? AND state = 'active'";
    return new Set(
      this.#sql
        .exec<{ resource: string }>(query, connection)
        .toArray()
        .map(({ resource }) => resource),
    );
  }

  resources(connection: string): ResourceProgress[] {
    return this.#sql
      .exec<ResourceRow>(
        "SELECT resource, state, synced_to, next_at, newest_at, read, stored, rejected FROM connection_resources WHERE connection = ? ORDER BY resource",
        connection,
      )
      .toArray()
      .map((row) => ({
        resource: row.resource,
        state: row.state,
        syncedTo: row.synced_to ?? undefined,
        nextAt: row.next_at,
        newestAt: row.newest_at ?? undefined,
        read: row.read,
        stored: row.stored,
        rejected: row.rejected,
      }));
  }

  syncedTo(connection: string, resource: string, at: number): void {
    this.#sql.exec(
      "UPDATE connection_resources SET synced_to = max(coalesce(synced_to, ?1), ?1) WHERE connection = ?2 AND resource = ?3",
      at,
      connection,
      resource,
    );
  }

  setNext(connection: string, resource: string, at: number): void {
    this.#sql.exec("UPDATE connection_resources SET next_at = ? WHERE connection = ? AND resource = ?", at, connection, resource);
  }

  /** Windows of the first import by state. */
  backfill(connection: string): Readonly<Record<"queued" | "waiting_vendor" | "done" | "failed" | "skipped", number>> {
    const counts = { queued: 0, waiting_vendor: 0, done: 0, failed: 0, skipped: 0 };
    for (const { state, n } of this.#sql.exec<{ state: keyof typeof counts; n: number }>(
      "SELECT state, count(*) AS n FROM connection_windows WHERE connection = ? AND purpose = 'backfill' GROUP BY state",
      connection,
    )) {
      counts[state] = n;
    }
    return counts;
  }

  /** Drops what is still to be read; what has been read stays known. */
  dropQueued(connection: string): void {
    this.#sql.exec("DELETE FROM connection_windows WHERE connection = ? AND state <> 'done'", connection);
  }

  /** Forgets everything about a connection's reading. */
  forget(connection: string): void {
    this.#sql.exec("DELETE FROM connection_windows WHERE connection = ?", connection);
    this.#sql.exec("DELETE FROM connection_resources WHERE connection = ?", connection);
  }
}

function keyOf(w: SyncWindow): [string, string, number, number, string] {
  return [w.connection, w.resource, w.from, w.to, w.object ?? ""];
}

function windowOf(row: WindowRow): SyncWindow {
  return {
    connection: row.connection,
    resource: row.resource,
    from: row.from_at,
    to: row.to_at,
    ...(row.object === "" ? {} : { object: row.object }),
    purpose: row.purpose,
    turn: row.turn,
    attempts: row.attempts,
    page: row.page ?? undefined,
    job: row.job ?? undefined,
  };
}
