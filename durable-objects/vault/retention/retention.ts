import { DAY_MS, HOUR_MS, SECOND_MS } from "../../../shared/clock";
import { problem } from "../../../shared/problem";
import {
  refusedKinds,
  type RetainedKind,
  RETENTION_KINDS,
  type RetentionKind,
  type RetentionSettings,
  type RetentionView,
} from "../../../shared/retention";
import type { Door } from "../access/door";
import { type AccessLog, RETENTION_TIMER } from "../access/log";
import type { VaultState } from "../state";
import type { Store } from "../store/store";
import { SWEEPS } from "./sweeps";

const EVERY = DAY_MS;
/** Work is done in slices: a year at one hertz must not hold the vault. */
const NEXT_SLICE_MS = SECOND_MS;
/** What is of the person and not of the machinery: its removal is a line in the access log. */
const LOGGED: ReadonlySet<string> = new Set(["raw_samples", "quarantine", "access_log"]);

type Row = { kind: string; keep_days: number | null; keeps_summaries: number };
type Run = { kind: string; ran_at: number; removed: number; removed_in_all: number };

/** How long what is kept in a vault, by the person's choice and behind the vault's alarm. */
export class Retention {
  readonly #state: VaultState;
  readonly #store: Store;
  readonly #log: AccessLog;
  readonly #door: Door;
  #isArmed = false;

  constructor(state: VaultState, store: Store, log: AccessLog, door: Door) {
    this.#state = state;
    this.#store = store;
    this.#log = log;
    this.#door = door;
    state.timers.on(RETENTION_TIMER, async () => this.run());
    state.onRecorded(() => this.#arm());
    this.#applyHorizon();
  }

  /** The settings with what was done about them. */
  view(): RetentionView {
    const runs = new Map(
      this.#state.sql
        .exec<Run>("SELECT kind, ran_at, removed, removed_in_all FROM retention_runs")
        .toArray()
        .map((run) => [run.kind, run]),
    );
    const [timer] = this.#state.sql.exec<{ due_at: number }>("SELECT due_at FROM timers WHERE kind = ?", RETENTION_TIMER).toArray();
    const { keep, keepSummaries } = this.#settings();
    return {
      kinds: RETENTION_KINDS.map((kind) => {
        const run = runs.get(kind.kind);
        return {
          ...kind,
          keep: keepOf(kind, keep),
          lastRunAt: run?.ran_at ?? null,
          removed: run?.removed ?? 0,
          removedInAll: run?.removed_in_all ?? 0,
        };
      }),
      keepSummaries,
      nextRunAt: timer?.due_at ?? null,
    };
  }

  /** Replaces the settings; kinds that are not named go back to their defaults. Problem `invalid`. Counts from the next run, which is now. */
  set(settings: RetentionSettings): void {
    const refused = refusedKinds(settings.keep);
    if (refused.length > 0) {
      throw problem("invalid", undefined, {
        errors: refused.map(({ kind, message }) => ({ pointer: `/keep/${kind}`, code: "out_of_bounds", message })),
      });
    }
    const { sql, storage, now } = this.#state;
    storage.transactionSync(() => {
      sql.exec("DELETE FROM retention");
      for (const [kind, days] of Object.entries({ raw_samples: null, ...settings.keep })) {
        this.#write(kind, days ?? null, settings.keepSummaries);
      }
      this.#state.timers.set(RETENTION_TIMER, "", now());
    });
    this.#applyHorizon();
  }

  /** Takes settings of an export where the person has made none here. */
  restore(list: readonly { readonly kind: string; readonly keepDays: number | null; readonly keepsSummaries: boolean }[]): void {
    const { sql, storage } = this.#state;
    const fine = list.filter(({ kind, keepDays }) => refusedKinds({ [kind]: keepDays }).length === 0);
    if (fine.length === 0 || sql.exec("SELECT 1 FROM retention LIMIT 1").toArray().length > 0) return;
    storage.transactionSync(() => {
      for (const { kind, keepDays, keepsSummaries } of fine) this.#write(kind, keepDays, keepsSummaries);
      this.#arm();
    });
    this.#applyHorizon();
  }

  /** Removes what is too old, or a slice of it. Returns when to look again. */
  run(): number | undefined {
    const now = this.#state.now();
    const { keep, keepSummaries } = this.#settings();
    const removed: string[] = [];
    let isMore = false;
    for (const kind of RETENTION_KINDS) {
      const days = keepOf(kind, keep);
      if (days === null) continue;
      const done = this.#remove(kind.kind, now - days * DAY_MS, keepSummaries);
      isMore ||= done.isMore;
      this.#note(kind.kind, done.removed, now);
      if (done.removed > 0 && LOGGED.has(kind.kind)) removed.push(kind.kind);
    }
    if (removed.length > 0) this.#door.system("retention", { action: "delete", resource: "retention", about: removed });
    const next = isMore ? now + NEXT_SLICE_MS : this.#nextDue(now, keep);
    this.#isArmed = next !== undefined;
    return next;
  }

  #remove(kind: RetainedKind, before: number, keepsSummaries: boolean): { readonly removed: number; readonly isMore: boolean } {
    if (kind === "raw_samples") return this.#store.expire(Math.floor(before / HOUR_MS), keepsSummaries);
    if (kind === "access_log") return this.#log.truncate(before);
    const { table, where } = SWEEPS[kind];
    const { sql } = this.#state;
    sql.exec(`DELETE FROM ${table} WHERE ${where}`, before);
    return { removed: sql.exec<{ n: number }>("SELECT changes() AS n").one().n, isMore: false };
  }

  /** When the oldest of what is kept for a time will be too old; not before tomorrow. */
  #nextDue(now: number, keep: RetentionSettings["keep"]): number | undefined {
    const dues = RETENTION_KINDS.flatMap((kind) => {
      const days = keepOf(kind, keep);
      const oldest = days === null ? null : this.#oldest(kind.kind);
      return oldest === null || days === null ? [] : [oldest + days * DAY_MS];
    });
    return dues.length === 0 ? undefined : Math.max(now + EVERY, Math.min(...dues));
  }

  #oldest(kind: RetainedKind): number | null {
    const { sql } = this.#state;
    const query =
      kind === "raw_samples"
        ? "SELECT min(first_at) AS at FROM series WHERE kind = 'sample' AND n > 0"
        : kind === "access_log"
          ? "SELECT at FROM access_log ORDER BY seq LIMIT 1"
          : `SELECT ${SWEEPS[kind].oldest} AS at FROM ${SWEEPS[kind].table}`;
    return sql.exec<{ at: number | null }>(query).toArray()[0]?.at ?? null;
  }

  #note(kind: string, removed: number, now: number): void {
    this.#state.sql.exec(
      `INSERT INTO retention_runs (kind, ran_at, removed, removed_in_all) VALUES (?1, ?2, ?3, ?3)
       ON CONFLICT DO UPDATE SET ran_at = excluded.ran_at, removed = excluded.removed, removed_in_all = removed_in_all + excluded.removed`,
      kind,
      Math.floor(now),
      removed,
    );
  }

  #settings(): RetentionSettings {
    const rows = this.#state.sql.exec<Row>("SELECT kind, keep_days, keeps_summaries FROM retention").toArray();
    return {
      keep: Object.fromEntries(rows.map((row) => [row.kind, row.keep_days])),
      keepSummaries: rows.every((row) => row.keeps_summaries === 1),
    };
  }

  #write(kind: string, days: number | null, keepsSummaries: boolean): void {
    this.#state.sql.exec(
      "INSERT INTO retention (kind, keep_days, keeps_summaries, changed_at) VALUES (?, ?, ?, ?)",
      kind,
      days,
      keepsSummaries ? 1 : 0,
      Math.floor(this.#state.now()),
    );
  }

  /** Tells the store how far back samples are taken. */
  #applyHorizon(): void {
    this.#store.keepSamplesFor(this.#settings().keep["raw_samples"] ?? null);
  }

  #arm(): void {
    if (this.#isArmed) return;
    this.#isArmed = true;
    this.#state.timers.setEarliest(RETENTION_TIMER, "", this.#state.now() + EVERY);
  }
}

function keepOf(kind: RetentionKind, keep: RetentionSettings["keep"]): number | null {
  const chosen = keep[kind.kind];
  return chosen === undefined ? kind.default : chosen;
}
