import { DEFAULT_PREFERENCES, type Preferences } from "../../../shared/notifications/preferences";
import type { Level } from "../../../shared/notifications/types";
import { problem } from "../../../shared/problem";
import type { VaultState } from "../state";

/** How much of a conversation the person wants to be told. Epoch milliseconds; null for good. */
export interface ConversationLevel {
  readonly conversation: string;
  readonly level: Level;
  readonly until: number | null;
}

/** What the person has chosen, and the number of that choice. */
export type NotificationChoices = Preferences & { readonly version: number };

const MOST_LEVELS = 2_000;

/** What the person has chosen about notifications. */
export class NotificationSettings {
  readonly #state: VaultState;

  constructor(state: VaultState) {
    this.#state = state;
  }

  read(): NotificationChoices {
    const [row] = this.#state.sql
      .exec<{ preferences: string; version: number }>("SELECT preferences, version FROM notification_state")
      .toArray();
    // What is stored is what `write` has put there.
    const chosen = JSON.parse(row?.preferences ?? "{}") as Partial<Preferences>;
    return { ...DEFAULT_PREFERENCES, ...chosen, version: row?.version ?? 0 };
  }

  /** Changes what is given. Problem `precondition_failed`. */
  write(change: Partial<Preferences>, ifVersion?: number): void {
    const { version, ...known } = this.read();
    if (ifVersion !== undefined && ifVersion !== version) throw problem("precondition_failed");
    this.#state.sql.exec(
      `INSERT INTO notification_state (one, rev, preferences, version) VALUES (1, 0, ?1, 1)
       ON CONFLICT (one) DO UPDATE SET preferences = excluded.preferences, version = version + 1`,
      JSON.stringify({ ...known, ...change } satisfies Preferences),
    );
  }

  /** How much of a conversation is told now. */
  level(conversation: string): Level {
    const [row] = this.#state.sql
      .exec<{ level: Level; until_at: number | null }>(
        "SELECT level, until_at FROM notification_levels WHERE conversation = ?",
        conversation,
      )
      .toArray();
    return row === undefined || (row.until_at !== null && row.until_at <= this.#state.now()) ? "all" : row.level;
  }

  levels(): ConversationLevel[] {
    return this.#state.sql
      .exec<{ conversation: string; level: Level; until_at: number | null }>(
        "SELECT conversation, level, until_at FROM notification_levels WHERE until_at IS NULL OR until_at > ? ORDER BY conversation",
        this.#state.now(),
      )
      .toArray()
      .map(({ until_at, ...row }) => ({ ...row, until: until_at }));
  }

  /** Chooses for a conversation; `all` for good is no choice. Problem `conflict` past the limit. */
  setLevel({ conversation, level, until }: ConversationLevel): void {
    const { sql } = this.#state;
    const now = Math.floor(this.#state.now());
    if (level === "all") {
      sql.exec("DELETE FROM notification_levels WHERE conversation = ?", conversation);
      return;
    }
    sql.exec("DELETE FROM notification_levels WHERE until_at <= ?", now);
    if (sql.exec<{ n: number }>("SELECT count(*) AS n FROM notification_levels").one().n >= MOST_LEVELS)
      throw problem("conflict", "Too many conversations have a level of their own.");
    sql.exec(
      `INSERT INTO notification_levels (conversation, level, until_at, changed_at) VALUES (?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET level = excluded.level, until_at = excluded.until_at, changed_at = excluded.changed_at`,
      conversation,
      level,
      until,
      now,
    );
  }
}
