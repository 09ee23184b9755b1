import { DAY_MS } from "../../../shared/clock";
import { ulid } from "../../../shared/id";
import type { VaultState } from "../state";

/** A window of one metric and source that a target is to get. Times epoch milliseconds. */
export interface Delivery {
  readonly id: string;
  readonly target: string;
  readonly metric: string;
  readonly source: number;
  readonly from: number;
  readonly to: number;
  readonly state: "waiting" | "sending" | "done" | "dead";
  readonly attempts: number;
  readonly dueAt: number;
  readonly forced: boolean;
  readonly sent: number;
  readonly refused: number;
  readonly reason: string | null;
  readonly createdAt: number;
  readonly updatedAt: number;
}

export interface Window {
  readonly metric: string;
  readonly source: number;
  readonly from: number;
  readonly to: number;
}

type Row = {
  id: string;
  target: string;
  metric: string;
  source: number;
  from_at: number;
  to_at: number;
  state: Delivery["state"];
  attempts: number;
  due_at: number;
  forced: number;
  sent: number;
  refused: number;
  reason: string | null;
  created_at: number;
  updated_at: number;
};

const KEPT_MS = 14 * DAY_MS;

/** The windows that targets are to get. */
export class Deliveries {
  readonly #state: VaultState;

  constructor(state: VaultState) {
    this.#state = state;
  }

  /** Adds a window, or widens the one that waits already. Part of the caller's transaction. */
  add(target: string, { metric, source, from, to }: Window, forced = false): void {
    const { sql, now, random } = this.#state;
    sql.exec(
      `INSERT INTO fhir_deliveries (id, target, metric, source, from_at, to_at, state, due_at, forced, created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'waiting', ?7, ?8, ?7, ?7)
       ON CONFLICT (target, metric, source) WHERE state = 'waiting' DO UPDATE SET from_at = min(from_at, excluded.from_at), to_at = max(to_at, excluded.to_at),
         forced = max(forced, excluded.forced), updated_at = excluded.updated_at`,
      ulid(now(), random),
      target,
      metric,
      source,
      from,
      to,
      now(),
      forced ? 1 : 0,
    );
  }

  /** The next window of a target that is due, or undefined. */
  next(target: string): Delivery | undefined {
    return this.#state.sql
      .exec<Row>(
        "SELECT * FROM fhir_deliveries WHERE target = ? AND state IN ('waiting', 'sending') AND due_at <= ? ORDER BY due_at, id LIMIT 1",
        target,
        this.#state.now(),
      )
      .toArray()
      .map(shown)[0];
  }

  /** When the earliest open window of a target is due, or undefined where none is open. */
  nextDue(target: string): number | undefined {
    return (
      this.#state.sql
        .exec<{ due: number | null }>(
          "SELECT min(due_at) AS due FROM fhir_deliveries WHERE target = ? AND state IN ('waiting', 'sending')",
          target,
        )
        .one().due ?? undefined
    );
  }

  begin(id: string): void {
    this.#state.sql.exec("UPDATE fhir_deliveries SET state = 'sending', updated_at = ? WHERE id = ?", this.#state.now(), id);
  }

  /** Notes what one bundle achieved; everything before `from` is done. */
  progress({ id, target }: Delivery, from: number, sent: number, refusals: readonly Refusal[]): void {
    const { sql, now } = this.#state;
    const kept = JSON.stringify(refusals.slice(0, REFUSALS_KEPT));
    sql.exec(
      `UPDATE fhir_deliveries SET from_at = max(from_at, ?), sent = sent + ?, refused = refused + ?, reason = iif(? = '[]', reason, ?),
         attempts = iif(? > from_at, 0, attempts), updated_at = ? WHERE id = ?`,
      from,
      sent,
      refusals.length,
      kept,
      kept,
      from,
      now(),
      id,
    );
    sql.exec(
      "UPDATE fhir_targets SET sent = sent + ?, refused = refused + ?, last_sent_at = ? WHERE id = ?",
      sent,
      refusals.length,
      now(),
      target,
    );
  }

  done({ id, target }: Delivery): void {
    const { sql, now } = this.#state;
    sql.exec("UPDATE fhir_deliveries SET state = 'done', updated_at = ? WHERE id = ?", now(), id);
    sql.exec("UPDATE fhir_targets SET last_failure = NULL WHERE id = ?", target);
    sql.exec("DELETE FROM fhir_deliveries WHERE target = ? AND state = 'done' AND updated_at < ?", target, now() - KEPT_MS);
  }

  /** How often a window has failed since it last moved on. */
  attempts({ id }: Delivery): number {
    return this.#state.sql.exec<{ attempts: number }>("SELECT attempts FROM fhir_deliveries WHERE id = ?", id).toArray()[0]?.attempts ?? 0;
  }

  /** Tries again at `dueAt`, or gives the window up where that is undefined. */
  fail({ id, target }: Delivery, reason: string, dueAt: number | undefined): void {
    const { sql, now } = this.#state;
    sql.exec(
      "UPDATE fhir_deliveries SET state = ?, attempts = attempts + 1, reason = ?, due_at = ?, updated_at = ? WHERE id = ?",
      dueAt === undefined ? "dead" : "sending",
      reason,
      dueAt ?? now(),
      now(),
      id,
    );
    sql.exec("UPDATE fhir_targets SET last_failure = ? WHERE id = ?", reason, target);
  }

  /** Gives up everything that is open at a target: its queue message ran out of attempts. */
  bury(target: string, reason: string): void {
    const { sql, now } = this.#state;
    sql.exec(
      "UPDATE fhir_deliveries SET state = 'dead', reason = ?, updated_at = ? WHERE target = ? AND state IN ('waiting', 'sending')",
      reason,
      now(),
      target,
    );
  }

  /** Lets the given-up windows of a target wait again; returns how many. */
  revive(target: string): number {
    const { sql, storage } = this.#state;
    return storage.transactionSync(() => {
      const dead = sql
        .exec<Row>("SELECT * FROM fhir_deliveries WHERE target = ? AND state = 'dead' ORDER BY id", target)
        .toArray()
        .map(shown);
      for (const delivery of dead) {
        this.add(target, delivery, delivery.forced);
        sql.exec("DELETE FROM fhir_deliveries WHERE id = ?", delivery.id);
      }
      return dead.length;
    });
  }

  /** Windows of a target, newest first, before an id. */
  page(target: string, state: Delivery["state"] | undefined, before: string | undefined, limit: number): Delivery[] {
    return this.#state.sql
      .exec<Row>(
        "SELECT * FROM fhir_deliveries WHERE target = ?1 AND (?2 IS NULL OR state = ?2) AND (?3 IS NULL OR id < ?3) ORDER BY id DESC LIMIT ?4",
        target,
        state ?? null,
        before ?? null,
        limit,
      )
      .toArray()
      .map(shown);
  }
}

/** An entry that a target refused: which Observation, with which status and issue code. */
export interface Refusal {
  readonly observation: string;
  readonly status: number;
  readonly code?: string | undefined;
}

const REFUSALS_KEPT = 20;

function shown(row: Row): Delivery {
  return {
    id: row.id,
    target: row.target,
    metric: row.metric,
    source: row.source,
    from: row.from_at,
    to: row.to_at,
    state: row.state,
    attempts: row.attempts,
    dueAt: row.due_at,
    forced: row.forced === 1,
    sent: row.sent,
    refused: row.refused,
    reason: row.reason,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
