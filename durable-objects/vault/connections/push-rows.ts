import { MINUTE_MS } from "../../../shared/clock";
import type { ConnectionState } from "../../../shared/vendors/connection-view";
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
export const LIFE = "SELECT state, first_connected_at, lived_until, data_removed_at FROM connections WHERE id = ?";
export const LAST = "SELECT came_at FROM connection_pushes WHERE connection = ? AND failed_at IS NULL ORDER BY id DESC LIMIT 1";

/** How far the clock of whoever says when a push came may be off. */
const SKEW_MS = MINUTE_MS;

/** `removed`: the person had what came then removed, and nobody shall have it. `refused`: the connection did not live when it came. */
export type Fate = "kept" | "removed" | "refused";

type Life = {
  state: ConnectionState;
  first_connected_at: number | null;
  lived_until: number | null;
  data_removed_at: number | null;
};

/** A push may be late: what came while the connection lived is kept, unless the data of then were removed. */
function fateOf(life: Life | undefined, { cameAt }: Push): Fate {
  if (life === undefined) return "refused";
  if (cameAt <= (life.data_removed_at ?? 0)) return "removed";
  const lived = LIVE_STATES.has(life.state) && cameAt >= (life.first_connected_at ?? 0) - SKEW_MS;
  return lived || cameAt <= (life.lived_until ?? 0) ? "kept" : "refused";
}

/** Pushes that are kept and not read yet. */
export class PushRows {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /**
   * Keeps pushes of a connection in their order; answers of each what becomes of it. Of two versions of a reading the later one counts, so each
   * is later than the one before, also where they came in one millisecond. Part of the caller's write.
   */
  add(connection: string, pushes: readonly Push[]): Fate[] {
    const [life] = this.#sql.exec<Life>(LIFE, connection).toArray();
    const fates = pushes.map((push) => fateOf(life, push));
    if (!fates.includes("kept")) return fates;
    let last = this.#sql.exec<{ came_at: number }>(LAST, connection).toArray()[0]?.came_at ?? 0;
    for (const [i, { cameAt, parts }] of pushes.entries()) {
      if (fates[i] !== "kept") continue;
      last = Math.max(cameAt, last + 1);
      this.#sql.exec(
        "INSERT INTO connection_pushes (connection, came_at, parts, size) VALUES (?, ?, ?, ?)",
        connection,
        last,
        parts,
        parts.length,
      );
    }
    return fates;
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
