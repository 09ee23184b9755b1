import type { Attempts } from "./attempts";
import { type Breaker, CLOSED } from "./breaker";
import { type Learned, type Quota, UNUSED } from "./quota";

type AttemptRow = { failures: number; last_at: number; locked_until: number };
type QuotaRow = { window_start: number; used: number; arrival: number; learned_left: number; learned_until: number };
type BreakerRow = { state: Breaker["state"]; failures: number; openings: number; until: number };

/** What a gate counts, for operators. Times are epoch milliseconds; `left` is the vendor's own word and counts until `leftUntil`. */
export interface GateStanding {
  readonly quotas: readonly {
    readonly name: string;
    readonly used: number;
    readonly windowStart: number;
    readonly left: number;
    readonly leftUntil: number;
  }[];
  readonly breakers: readonly ({ readonly name: string } & Breaker)[];
}

/** The tables of a gate. Every `put…` returns when the row may be dropped (epoch ms). */
export class GateRows {
  private readonly sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.sql = sql;
  }

  attempts(kind: string): Attempts | undefined {
    const [row] = this.sql.exec<AttemptRow>("select failures, last_at, locked_until from attempts where kind = ?", kind);
    return row === undefined ? undefined : { failures: row.failures, lastAt: row.last_at, lockedUntil: row.locked_until };
  }

  putAttempts(kind: string, { failures, lastAt, lockedUntil }: Attempts, expiresAt: number): number {
    this.sql.exec(
      "insert or replace into attempts (kind, failures, last_at, locked_until, expires_at) values (?, ?, ?, ?, ?)",
      kind,
      failures,
      lastAt,
      lockedUntil,
      expiresAt,
    );
    return expiresAt;
  }

  dropAttempts(kind: string): void {
    this.sql.exec("delete from attempts where kind = ?", kind);
  }

  quota(name: string): Quota {
    const [row] = this.sql.exec<QuotaRow>(
      "select window_start, used, arrival, learned_left, learned_until from quotas where name = ?",
      name,
    );
    if (row === undefined) return UNUSED;
    return {
      windowStart: row.window_start,
      used: row.used,
      arrival: row.arrival,
      learnedLeft: row.learned_left,
      learnedUntil: row.learned_until,
    };
  }

  putQuota(name: string, { windowStart, used, arrival, learnedLeft, learnedUntil }: Quota, expiresAt: number): number {
    this.sql.exec(
      "insert or replace into quotas (name, window_start, used, arrival, learned_left, learned_until, expires_at) values (?, ?, ?, ?, ?, ?, ?)",
      name,
      windowStart,
      used,
      arrival,
      learnedLeft,
      learnedUntil,
      Math.ceil(expiresAt),
    );
    return Math.ceil(expiresAt);
  }

  learn(name: string, { left, until }: Learned): number {
    this.sql.exec(
      `insert into quotas (name, window_start, used, arrival, learned_left, learned_until, expires_at) values (?1, 0, 0, 0, ?2, ?3, ?3)
       on conflict (name) do update set learned_left = ?2, learned_until = ?3, expires_at = max(expires_at, ?3)`,
      name,
      left,
      until,
    );
    return until;
  }

  breaker(name: string): Breaker {
    const [row] = this.sql.exec<BreakerRow>("select state, failures, openings, until from breakers where name = ?", name);
    return row ?? CLOSED;
  }

  putBreaker(name: string, { state, failures, openings, until }: Breaker, expiresAt: number): number {
    this.sql.exec(
      "insert or replace into breakers (name, state, failures, openings, until, expires_at) values (?, ?, ?, ?, ?, ?)",
      name,
      state,
      failures,
      openings,
      until,
      expiresAt,
    );
    return expiresAt;
  }

  /** Every quota and breaker that is kept. */
  standing(): GateStanding {
    return {
      quotas: this.sql
        .exec<QuotaRow & { name: string }>(
          "select name, window_start, used, arrival, learned_left, learned_until from quotas order by name",
        )
        .toArray()
        .map((row) => ({
          name: row.name,
          used: row.used,
          windowStart: row.window_start,
          left: row.learned_left,
          leftUntil: row.learned_until,
        })),
      breakers: this.sql
        .exec<BreakerRow & { name: string }>("select name, state, failures, openings, until from breakers order by name")
        .toArray()
        .map(({ name, state, failures, openings, until }) => ({ name, state, failures, openings, until })),
    };
  }

  /** Drops what has expired at `now`; returns when the next row expires, or undefined where none is left. */
  dropExpired(now: number): number | undefined {
    let next: number | undefined;
    for (const table of ["attempts", "quotas", "breakers", "calls"] as const) {
      this.sql.exec(`delete from ${table} where expires_at <= ?`, now);
      const { at } = this.sql.exec<{ at: number | null }>(`select min(expires_at) as at from ${table}`).one();
      if (at !== null) next = Math.min(next ?? at, at);
    }
    return next;
  }
}
