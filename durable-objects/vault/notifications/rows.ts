import { type Id, newId } from "../../../shared/id";
import type { NotificationType, Priority, Words } from "../../../shared/notifications/types";
import type { VaultState } from "../state";

export type NotificationId = Id<"notification">;

/** One entry. Times epoch milliseconds. Crosses RPC: plain data only. */
export interface Notification {
  readonly id: string;
  /** Its place in the list. */
  readonly seq: number;
  /** The number of its last change. */
  readonly rev: number;
  readonly type: NotificationType;
  readonly priority: Priority;
  readonly thread: string | null;
  readonly about: Readonly<Record<string, string>>;
  readonly words: Words;
  /** How many facts it tells of. */
  readonly count: number;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly readAt: number | null;
  readonly archivedAt: number | null;
  readonly snoozedUntil: number | null;
}

type Row = {
  id: string;
  seq: number;
  rev: number;
  type: NotificationType;
  priority: Priority;
  thread: string | null;
  about: string;
  words: string;
  n: number;
  created_at: number;
  updated_at: number;
  read_at: number | null;
  archived_at: number | null;
  snoozed_until: number | null;
};

/** The lists there are, as conditions that their indexes have. */
export const LISTS = {
  all: "archived_at IS NULL AND snoozed_until IS NULL",
  unread: "read_at IS NULL AND archived_at IS NULL AND snoozed_until IS NULL",
  archived: "archived_at IS NOT NULL",
  snoozed: "snoozed_until IS NOT NULL",
} as const;
export type ListName = keyof typeof LISTS;

/** Two indexes fit what is unread: the smaller one is named. */
const FROM: Readonly<Record<ListName, string>> = {
  all: "notifications",
  unread: "notifications INDEXED BY notifications_unread",
  archived: "notifications",
  snoozed: "notifications",
};

/** A page below a place, newest first, or above it, oldest first. */
export const SELECT_OLDER = (list: ListName, isOfType = false) =>
  `SELECT * FROM ${FROM[list]} WHERE ${LISTS[list]} AND seq < ?1 ${isOfType ? "AND type = ?3" : ""} ORDER BY seq DESC LIMIT ?2`;
export const SELECT_NEWER = (list: ListName, isOfType = false) =>
  `SELECT * FROM ${FROM[list]} WHERE ${LISTS[list]} AND seq > ?1 ${isOfType ? "AND type = ?3" : ""} ORDER BY seq LIMIT ?2`;
export const SELECT_CHANGED = "SELECT * FROM notifications WHERE rev > ? ORDER BY rev LIMIT ?";
export const COUNT_UNREAD = `SELECT type, count(*) AS n FROM notifications INDEXED BY notifications_unread_by_type WHERE ${LISTS.unread} GROUP BY type`;
export const FIND_OPEN =
  "SELECT * FROM notifications WHERE thread = ? AND type = ? AND read_at IS NULL AND archived_at IS NULL AND snoozed_until IS NULL";
export const UNREAD_OF_THREAD = "SELECT id FROM notifications WHERE thread = ? AND read_at IS NULL";
export const SNOOZES_OVER = "SELECT id FROM notifications WHERE snoozed_until <= ?";

/** The table of notifications, and the numbers of its changes. */
export class NotificationRows {
  readonly #state: VaultState;

  constructor(state: VaultState) {
    this.#state = state;
  }

  get(id: string): Notification | undefined {
    return this.#read("SELECT * FROM notifications WHERE id = ?", id)[0];
  }

  older(list: ListName, seq: number, limit: number, type?: NotificationType): Notification[] {
    return this.#read(SELECT_OLDER(list, type !== undefined), seq, limit, ...(type === undefined ? [] : [type]));
  }

  newer(list: ListName, seq: number, limit: number, type?: NotificationType): Notification[] {
    return this.#read(SELECT_NEWER(list, type !== undefined), seq, limit, ...(type === undefined ? [] : [type]));
  }

  changed(rev: number, limit: number): Notification[] {
    return this.#read(SELECT_CHANGED, rev, limit);
  }

  /** The unread one of a thread that more of the same joins. */
  open(thread: string, type: NotificationType): Notification | undefined {
    return this.#read(FIND_OPEN, thread, type)[0];
  }

  /** Ids of what is found. */
  ids(query: string, ...values: (string | number)[]): string[] {
    return this.#state.sql
      .exec<{ id: string }>(query, ...values)
      .toArray()
      .map(({ id }) => id);
  }

  unread(): { readonly total: number; readonly byType: Readonly<Partial<Record<NotificationType, number>>> } {
    const rows = this.#state.sql.exec<{ type: NotificationType; n: number }>(COUNT_UNREAD).toArray();
    return { total: rows.reduce((sum, { n }) => sum + n, 0), byType: Object.fromEntries(rows.map(({ type, n }) => [type, n])) };
  }

  /** The notification of a fact that was told already. */
  ofFact(fact: string): string | undefined {
    return this.#state.sql.exec<{ notification: string }>("SELECT notification FROM notification_facts WHERE fact = ?", fact).toArray()[0]
      ?.notification;
  }

  noteFact(fact: string, notification: string): void {
    this.#state.sql.exec(
      "INSERT INTO notification_facts (fact, notification, at) VALUES (?, ?, ?)",
      fact,
      notification,
      Math.floor(this.#state.now()),
    );
  }

  add(one: Pick<Notification, "type" | "priority" | "thread" | "about" | "words">): Notification {
    const { now, random, region, sql } = this.#state;
    const at = Math.floor(now());
    const rev = this.next();
    const id = newId("notification", region, at, random);
    sql.exec(
      `INSERT INTO notifications (id, seq, rev, type, priority, thread, about, words, n, created_at, updated_at)
       VALUES (?1, ?2, ?2, ?3, ?4, ?5, ?6, ?7, 1, ?8, ?8)`,
      id,
      rev,
      one.type,
      one.priority,
      one.thread,
      JSON.stringify(one.about),
      JSON.stringify(one.words),
      at,
    );
    return { ...one, id, seq: rev, rev, count: 1, createdAt: at, updatedAt: at, readAt: null, archivedAt: null, snoozedUntil: null };
  }

  /** One more fact of the same thread: the newest counts, and it comes to the top. */
  join(open: Notification, one: Pick<Notification, "priority" | "about" | "words">): Notification {
    const at = Math.floor(this.#state.now());
    const rev = this.next();
    this.#state.sql.exec(
      "UPDATE notifications SET seq = ?2, rev = ?2, priority = ?3, about = ?4, words = ?5, n = n + 1, updated_at = ?6 WHERE id = ?1",
      open.id,
      rev,
      one.priority,
      JSON.stringify(one.about),
      JSON.stringify(one.words),
      at,
    );
    return { ...open, ...one, seq: rev, rev, count: open.count + 1, updatedAt: at };
  }

  /** Changes one under a new number; values are bound from `?3` on. `isNews`: it comes to the top, as if it had come now. */
  change(id: string, assignments: string, values: readonly (string | number | null)[] = [], isNews = false): void {
    const rev = this.next();
    const numbers = isNews ? "rev = ?1, seq = ?1" : "rev = ?1";
    this.#state.sql.exec(`UPDATE notifications SET ${numbers}, ${assignments} WHERE id = ?2`, rev, id, ...values);
  }

  /** The number of the newest change. */
  head(): number {
    return this.#state.sql.exec<{ rev: number }>("SELECT rev FROM notification_state").toArray()[0]?.rev ?? 0;
  }

  next(): number {
    return this.#state.sql
      .exec<{ rev: number }>(
        `INSERT INTO notification_state (one, rev, preferences, version) VALUES (1, 1, '{}', 0)
         ON CONFLICT (one) DO UPDATE SET rev = rev + 1 RETURNING rev`,
      )
      .one().rev;
  }

  #read(query: string, ...values: (string | number)[]): Notification[] {
    return this.#state.sql
      .exec<Row>(query, ...values)
      .toArray()
      .map(({ n, created_at, updated_at, read_at, archived_at, snoozed_until, about, words, ...row }) => ({
        ...row,
        about: JSON.parse(about) as Record<string, string>,
        words: JSON.parse(words) as Words,
        count: n,
        createdAt: created_at,
        updatedAt: updated_at,
        readAt: read_at,
        archivedAt: archived_at,
        snoozedUntil: snoozed_until,
      }));
  }
}
