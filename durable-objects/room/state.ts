import type { Clock } from "../../shared/clock";
import type { RandomBytes, RoomId } from "../../shared/id";
import type { Log } from "../../shared/log";
import type { RoomKind } from "../../shared/messaging/verbs";
import type { Timers } from "../vault/timers";

/** What the parts of a room share. */
export interface RoomState {
  readonly storage: DurableObjectStorage;
  readonly sql: SqlStorage;
  readonly env: Env;
  readonly id: RoomId;
  readonly now: Clock;
  readonly random: RandomBytes;
  readonly timers: Timers;
  readonly log: Log;
}

/** What is said of the room as a whole. */
export interface RoomFacts {
  readonly kind: RoomKind;
  readonly name: string | null;
  /** Of what the room is called after. */
  readonly nameVersion: number;
  readonly isSealed: boolean;
  readonly isManaged: boolean;
  readonly whoSends: "all" | "staff";
  readonly history: "all" | "joined";
  readonly slowModeS: number;
  readonly blocklist: readonly string[];
  readonly retentionDays: number | null;
  readonly createdAt: number;
  readonly closedAt: number | null;
  readonly floor: number;
}

type Row = {
  kind: RoomKind;
  name: string | null;
  name_version: number;
  is_sealed: number;
  is_managed: number;
  who_sends: "all" | "staff";
  history: "all" | "joined";
  slow_mode_s: number;
  blocklist: string;
  retention_days: number | null;
  created_at: number;
  closed_at: number | null;
  floor: number;
};

/** The one row that describes the room; kept in memory while it does not change. */
export class Facts {
  readonly #sql: SqlStorage;
  #known: RoomFacts | undefined;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  get(): RoomFacts {
    this.#known ??= this.#read();
    return this.#known;
  }

  /** Sets columns of the row by their names. */
  set(columns: Readonly<Record<string, string | number | null>>): void {
    const names = Object.keys(columns);
    if (names.length === 0) return;
    this.#sql.exec(`UPDATE room SET ${names.map((name) => `${name} = ?`).join(", ")}`, ...Object.values(columns));
    this.#known = undefined;
  }

  #read(): RoomFacts {
    const row = this.#sql.exec<Row>("SELECT * FROM room").one();
    return {
      kind: row.kind,
      name: row.name,
      nameVersion: row.name_version,
      isSealed: row.is_sealed === 1,
      isManaged: row.is_managed === 1,
      whoSends: row.who_sends,
      history: row.history,
      slowModeS: row.slow_mode_s,
      blocklist: JSON.parse(row.blocklist) as string[],
      retentionDays: row.retention_days,
      createdAt: row.created_at,
      closedAt: row.closed_at,
      floor: row.floor,
    };
  }
}

/** Epoch milliseconds as the wire has them. */
export function iso(at: number): string {
  return new Date(at).toISOString();
}

/** The same, where there may be none. */
export function isoOrNull(at: number | null): string | null {
  return at === null ? null : iso(at);
}
