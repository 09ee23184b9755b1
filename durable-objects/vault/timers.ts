import type { Clock } from "../../shared/clock";
import { consoleLog, type Log } from "../../shared/log";

/**
 * Does the work of one due timer. Returns when it wants to run again (epoch milliseconds), or undefined when it is done. Runs at least
 * once: must be idempotent. A throw is retried with back-off.
 */
export type TimerHandler = (ref: string, attempts: number) => Promise<number | undefined>;

interface TimerRow extends Record<string, SqlStorageValue> {
  kind: string;
  ref: string;
  due_at: number;
  attempts: number;
}

const FIRST_RETRY_MS = 2_000;
const LONGEST_RETRY_MS = 15 * 60_000;
const AT_ONCE = 20;

/** Many due times behind the object's single alarm. */
export class Timers {
  readonly #storage: DurableObjectStorage;
  readonly #now: Clock;
  readonly #log: Log;
  readonly #handlers = new Map<string, TimerHandler>();
  #armed: number | undefined;

  constructor(storage: DurableObjectStorage, now: Clock, log: Log = consoleLog) {
    this.#storage = storage;
    this.#now = now;
    this.#log = log;
  }

  /** Names the handler of a kind; once per kind, at construction. */
  on(kind: string, handler: TimerHandler): void {
    this.#handlers.set(kind, handler);
  }

  /** Sets or moves a timer. Part of the caller's transaction. */
  set(kind: string, ref: string, dueAt: number): void {
    this.#storage.sql.exec(
      "INSERT INTO timers (kind, ref, due_at) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET due_at = excluded.due_at, attempts = 0",
      kind,
      ref,
      Math.floor(dueAt),
    );
    this.#arm();
  }

  /** Sets a timer unless it is due earlier already. */
  setEarliest(kind: string, ref: string, dueAt: number): void {
    this.#storage.sql.exec(
      "INSERT INTO timers (kind, ref, due_at) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET due_at = min(due_at, excluded.due_at)",
      kind,
      ref,
      Math.floor(dueAt),
    );
    this.#arm();
  }

  /** Sets a timer unless there is one: it keeps its time, and the pause after a failure. */
  setOnce(kind: string, ref: string, dueAt: number): void {
    this.#storage.sql.exec("INSERT INTO timers (kind, ref, due_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", kind, ref, Math.floor(dueAt));
    this.#arm();
  }

  clear(kind: string, ref: string): void {
    this.#storage.sql.exec("DELETE FROM timers WHERE kind = ? AND ref = ?", kind, ref);
  }

  /** Sets the alarm for what waits, after a pause in which it was let pass. */
  wake(): void {
    this.#armed = undefined;
    this.#arm();
  }

  /** Runs what is due; called by the object's `alarm`. A handler that fails is tried again later and does not stop the others. */
  async run(): Promise<void> {
    this.#armed = undefined;
    const due = this.#storage.sql
      .exec<TimerRow>(`SELECT kind, ref, due_at, attempts FROM timers WHERE due_at <= ? ORDER BY due_at LIMIT ${AT_ONCE}`, this.#now())
      .toArray();
    for (const row of due) await this.#runOne(row);
    this.#arm();
  }

  async #runOne(row: TimerRow): Promise<void> {
    const handler = this.#handlers.get(row.kind);
    let again: number | undefined;
    let failed = false;
    if (handler !== undefined) {
      try {
        again = await handler(row.ref, row.attempts);
      } catch (error) {
        failed = true;
        this.#log({
          event: "timer",
          kind: row.kind,
          outcome: "retry",
          attempts: row.attempts,
          reason: error instanceof Error ? error.name : typeof error,
        });
        again = this.#now() + Math.min(FIRST_RETRY_MS * 2 ** row.attempts, LONGEST_RETRY_MS);
      }
    }
    // A timer that was moved while its handler ran keeps its new time.
    if (again === undefined) {
      this.#storage.sql.exec("DELETE FROM timers WHERE kind = ? AND ref = ? AND due_at = ?", row.kind, row.ref, row.due_at);
    } else {
      this.#storage.sql.exec(
        "UPDATE timers SET due_at = ?, attempts = ? WHERE kind = ? AND ref = ? AND due_at = ?",
        Math.floor(again),
        failed ? row.attempts + 1 : 0,
        row.kind,
        row.ref,
        row.due_at,
      );
    }
  }

  #arm(): void {
    const [next] = this.#storage.sql.exec<{ due: number | null }>("SELECT min(due_at) AS due FROM timers").toArray();
    if (next?.due === null || next?.due === undefined || next.due === this.#armed) return;
    this.#armed = next.due;
    void this.#storage.setAlarm(Math.max(next.due, 1));
  }
}
