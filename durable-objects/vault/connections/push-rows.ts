import { LIVE_STATES } from "./connection-rows";

/** What came with a vendor's call, as it came. */
export interface Push {
  /** When, in epoch milliseconds. */
  readonly cameAt: number;
  /** JSON of `{ resource, reply }[]`. */
  readonly parts: string;
}

/** Of those that wait, later ones of a connection have later times. */
export interface KeptPush extends Push {
  readonly id: number;
}

export const WAITING = "SELECT id, size FROM connection_pushes WHERE connection = ? AND failed_at IS NULL ORDER BY id LIMIT ?";
/**
 * A push may be late: what came while the connection lived is kept, unless the data of then were removed. The clock of whoever says when it
 * came may differ by a minute from the vault's. Of two versions of a reading the later one counts, also where they came in one millisecond.
 */
export const KEEP = `INSERT INTO connection_pushes (connection, came_at, parts, size)
  SELECT id, max(?2, coalesce((SELECT came_at + 1 FROM connection_pushes WHERE connection = ?1 AND failed_at IS NULL ORDER BY id DESC LIMIT 1), 0)), ?3, ?5
  FROM connections
  WHERE id = ?1 AND ?2 > coalesce(data_removed_at, 0)
    AND (state IN (SELECT value FROM json_each(?4)) AND ?2 >= coalesce(first_connected_at, 0) - 60000 OR ?2 <= coalesce(lived_until, 0))
  RETURNING 1`;
const LIVE = JSON.stringify([...LIVE_STATES]);

/** Pushes that are kept and not read yet. */
export class PushRows {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Keeps a push; returns whether the connection lived when it came, else nothing is kept. Part of the caller's write. */
  add(connection: string, { cameAt, parts }: Push): boolean {
    return this.#sql.exec(KEEP, connection, cameAt, parts, LIVE, parts.length).toArray().length > 0;
  }

  /** Whether the person had what came then removed: nobody shall have it. */
  isRemoved(connection: string, { cameAt }: Push): boolean {
    return this.#sql.exec("SELECT 1 FROM connections WHERE id = ? AND data_removed_at >= ?", connection, cameAt).toArray().length > 0;
  }

  /** The oldest pushes of a connection: `most` of them, and no more letters than `size` beyond the first. */
  next(connection: string, most: number, size: number): readonly KeptPush[] {
    const waiting = this.#sql.exec<{ id: number; size: number }>(WAITING, connection, most).toArray();
    const ids: number[] = [];
    let letters = 0;
    for (const one of waiting) {
      letters += one.size;
      if (ids.length > 0 && letters > size) break;
      ids.push(one.id);
    }
    return this.#sql
      .exec<{ id: number; came_at: number; parts: string }>(
        "SELECT id, came_at, parts FROM connection_pushes WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id",
        JSON.stringify(ids),
      )
      .toArray()
      .map(({ id, came_at, parts }) => ({ id, cameAt: came_at, parts }));
  }

  isWaiting(connection: string): boolean {
    return this.#sql.exec(WAITING, connection, 1).toArray().length > 0;
  }

  /** These are read. */
  done(pushes: readonly KeptPush[]): void {
    this.#sql.exec(
      "DELETE FROM connection_pushes WHERE id IN (SELECT value FROM json_each(?))",
      JSON.stringify(pushes.map(({ id }) => id)),
    );
  }

  /** These cannot be read; they stay for whoever looks into it. */
  giveUp(pushes: readonly KeptPush[], now: number): void {
    this.#sql.exec(
      "UPDATE connection_pushes SET failed_at = ? WHERE id IN (SELECT value FROM json_each(?))",
      now,
      JSON.stringify(pushes.map(({ id }) => id)),
    );
  }

  /** Forgets all of a connection. */
  forget(connection: string): void {
    this.#sql.exec("DELETE FROM connection_pushes WHERE connection = ?", connection);
  }
}
