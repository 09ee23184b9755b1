import { HOUR_MS } from "../../../shared/clock";
import type { Receipt } from "../../../shared/health/reading";

/** Counts of a sync that a person asked for. */
export interface SyncCounts {
  readonly read: number;
  readonly accepted: number;
  readonly duplicate: number;
  readonly updated: number;
  readonly rejected: number;
}

export interface SyncJob extends SyncCounts {
  readonly id: string;
  readonly createdAt: number;
  readonly state: "waiting" | "running" | "done" | "failed";
  /** Windows. */
  readonly done: number;
  readonly total: number;
}

type JobRow = {
  id: string;
  created_at: number;
  waiting: number;
  total: number;
  failed: number;
  read: number;
  accepted: number;
  duplicate: number;
  updated: number;
  rejected: number;
  left: number;
};

/** Jobs kept for their person to look at; younger ones than this are never dropped. */
const KEPT = 50;
const YOUNG_MS = HOUR_MS;

/** Syncs that a person asked for. */
export class JobRows {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** @param connections how many connections take part */
  add(id: string, connections: number, now: number): void {
    this.#sql.exec("INSERT INTO connection_jobs (id, created_at, waiting) VALUES (?, ?, ?)", id, now, connections);
    this.#sql.exec(
      "DELETE FROM connection_jobs WHERE created_at < ? AND id IN (SELECT id FROM connection_jobs ORDER BY created_at DESC, id DESC LIMIT -1 OFFSET ?)",
      now - YOUNG_MS,
      KEPT,
    );
  }

  /** One connection's windows are planned. */
  planned(id: string, windows: number): void {
    this.#sql.exec("UPDATE connection_jobs SET waiting = max(0, waiting - 1), total = total + ? WHERE id = ?", windows, id);
  }

  page(id: string, read: number, rejected: number, receipt: Receipt): void {
    this.#sql.exec(
      "UPDATE connection_jobs SET read = read + ?, accepted = accepted + ?, duplicate = duplicate + ?, updated = updated + ?, rejected = rejected + ? WHERE id = ?",
      read,
      receipt.accepted,
      receipt.duplicate,
      receipt.updated,
      rejected,
      id,
    );
  }

  failed(id: string): void {
    this.#sql.exec("UPDATE connection_jobs SET failed = failed + 1 WHERE id = ?", id);
  }

  /** A connection that cannot take part: the job does not wait for it. */
  leave(id: string): void {
    this.#sql.exec("UPDATE connection_jobs SET waiting = max(0, waiting - 1), failed = failed + 1 WHERE id = ?", id);
  }

  get(id: string): SyncJob | undefined {
    const [row] = this.#sql
      .exec<JobRow>(
        "SELECT j.*, (SELECT count(*) FROM connection_windows w WHERE w.job = j.id AND w.state = 'queued') AS left FROM connection_jobs j WHERE j.id = ?",
        id,
      )
      .toArray();
    if (row === undefined) return undefined;
    const { created_at: createdAt, read, accepted, duplicate, updated, rejected, total, left } = row;
    const ended = row.failed > 0 ? "failed" : "done";
    const state = row.waiting > 0 ? "waiting" : left > 0 ? "running" : ended;
    return { id, createdAt, state, done: total - left, total, read, accepted, duplicate, updated, rejected };
  }
}
