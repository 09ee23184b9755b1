import { levelAllows, modeOf } from "../../../shared/notifications/preferences";
import { shownOf } from "../../../shared/notifications/texts";
import { type News, type Noted, type NotificationType, specOf } from "../../../shared/notifications/types";
import { notFound } from "../../../shared/problem";
import type { VaultState } from "../state";
import { type ListName, type Notification, NotificationRows, SNOOZES_OVER, UNREAD_OF_THREAD } from "./rows";
import { NotificationSettings } from "./settings";

export interface NotificationQuery {
  readonly list: ListName;
  readonly type?: NotificationType | undefined;
  readonly limit: number;
  /** Entries beyond a place, in one of both directions; from the top where absent. */
  readonly from?: { readonly seq: number; readonly direction: "older" | "newer" } | undefined;
}

/** How many are unread. */
export interface UnreadCounts {
  readonly total: number;
  readonly byType: Readonly<Partial<Record<NotificationType, number>>>;
}

/** One page, newest first. `older` and `newer` are places to go on from, or null where the list ends. */
export interface NotificationPage {
  readonly items: readonly Notification[];
  readonly older: number | null;
  readonly newer: number | null;
  readonly unread: UnreadCounts;
}

/** What has changed since a number, oldest change first. `rev` is where to go on. */
export interface NotificationChanges {
  readonly items: readonly Notification[];
  readonly rev: number;
  readonly isMore: boolean;
  readonly unread: UnreadCounts;
}

/** What the person does with a notification. Times epoch milliseconds. */
export type Mark = { readonly kind: "read" | "unread" | "archive" | "unarchive" } | { readonly kind: "snooze"; readonly until: number };

/** Which ones: by their ids, or all of a list, of a type, up to a place. */
export type Selection =
  | { readonly ids: readonly string[] }
  | { readonly list: ListName; readonly type?: NotificationType | undefined; readonly upTo?: number | undefined };

/** Who else hears of a notification. Called in the same transaction. */
export interface NotificationListener {
  /** Something came to the top of the list. */
  came(one: Notification, news: Pick<News, "expiresAt" | "without">): void;
  /** Entries were read or put away. */
  settled(ids: readonly string[]): void;
}

const SNOOZE_TIMER = "notification-snooze";
const BULK = 500;

/** What the person is told of: the inbox of notifications. Each fact is told once; unread ones of a thread become one. */
export class Notifications {
  readonly #state: VaultState;
  readonly rows: NotificationRows;
  readonly settings: NotificationSettings;
  readonly #listeners: NotificationListener[] = [];

  constructor(state: VaultState) {
    this.#state = state;
    this.rows = new NotificationRows(state);
    this.settings = new NotificationSettings(state);
    state.timers.on(SNOOZE_TIMER, async () => this.#wake());
  }

  onChanged(listener: NotificationListener): void {
    this.#listeners.push(listener);
  }

  /** Tells the person something, once. Part of the caller's transaction. */
  tell(news: News): Noted {
    const { type, key, about, words = {}, thread = null, conversation } = news;
    const fact = `${type}:${key}`;
    const known = this.rows.ofFact(fact);
    if (known !== undefined) return { kind: "repeated", id: known };
    if (conversation !== undefined && !levelAllows(this.settings.level(conversation), type)) return { kind: "muted" };
    if (modeOf(this.settings.read(), type, "inbox") === "off") return { kind: "muted" };
    const priority = news.priority ?? specOf(type).priority;
    const open = thread === null ? undefined : this.rows.open(thread, type);
    const one =
      open === undefined ? this.rows.add({ type, priority, thread, about, words }) : this.rows.join(open, { priority, about, words });
    this.rows.noteFact(fact, one.id);
    for (const listener of this.#listeners) listener.came(one, news);
    return { kind: "noted", id: one.id };
  }

  /** One page, newest first, in either direction. */
  page({ list, type, limit, from }: NotificationQuery): NotificationPage {
    const isUpward = from?.direction === "newer";
    const found = isUpward
      ? this.rows.newer(list, from.seq, limit + 1, type)
      : this.rows.older(list, from?.seq ?? Number.MAX_SAFE_INTEGER, limit + 1, type);
    const shown = found.slice(0, limit);
    const items = isUpward ? shown.toReversed() : shown;
    const hasMore = found.length > limit;
    const [first, last] = [items[0]?.seq, items.at(-1)?.seq];
    return {
      items,
      older: isUpward ? (last ?? from.seq + 1) : hasMore ? (last ?? null) : null,
      newer: isUpward ? (hasMore ? (first ?? null) : null) : from === undefined ? null : (first ?? from.seq - 1),
      unread: this.rows.unread(),
    };
  }

  /** What has changed since a number; 0 is the beginning. */
  changes(since: number, limit: number): NotificationChanges {
    const found = this.rows.changed(since, limit + 1);
    const items = found.slice(0, limit);
    const isMore = found.length > limit;
    // Somebody else's number, or one of a vault before a move, is no place here: everything there is follows.
    return { items, rev: isMore ? (items.at(-1)?.rev ?? since) : this.rows.head(), isMore, unread: this.rows.unread() };
  }

  /** Problem `not_found`. */
  get(id: string): Notification {
    const found = this.rows.get(id);
    if (found === undefined) throw notFound("notification");
    return found;
  }

  /** Marks one; problem `not_found`. Repeating it changes nothing. */
  mark(id: string, mark: Mark): Notification {
    this.#mark(this.get(id), mark);
    return this.get(id);
  }

  /** Marks many, up to a bound at a time; returns how many changed, and whether there are more. Ids that are not there are left out. */
  markAll(selection: Selection, mark: Mark): { readonly changed: number; readonly isMore: boolean } {
    const found =
      "ids" in selection
        ? selection.ids.map((id) => this.rows.get(id)).filter((one) => one !== undefined)
        : this.rows.older(selection.list, (selection.upTo ?? Number.MAX_SAFE_INTEGER - 1) + 1, BULK + 1, selection.type);
    const changed = found.slice(0, BULK).filter((one) => this.#mark(one, mark));
    return { changed: changed.length, isMore: found.length > BULK };
  }

  /** Everything unread of a thread is read, since the person has seen it where it belongs. */
  readThread(thread: string): void {
    for (const id of this.rows.ids(UNREAD_OF_THREAD, thread)) this.mark(id, { kind: "read" });
  }

  /** What is said of one to the person themselves, who may see everything. */
  shown(one: Notification): { readonly title: string; readonly body: string } {
    return shownOf(one, this.#state.profile().locale, "details");
  }

  /** Goes on with what waits, after a move. */
  wake(): void {
    this.#state.timers.setEarliest(SNOOZE_TIMER, "", this.#state.now());
  }

  /** Returns whether anything changed. */
  #mark(one: Notification, mark: Mark): boolean {
    const now = Math.floor(this.#state.now());
    const { id } = one;
    const settle = () => {
      for (const listener of this.#listeners) listener.settled([id]);
      return true;
    };
    switch (mark.kind) {
      case "read":
        if (one.readAt !== null) return false;
        this.rows.change(id, "read_at = ?3", [now]);
        return settle();
      case "unread":
        if (one.readAt === null) return false;
        this.rows.change(id, "read_at = NULL");
        return true;
      case "archive":
        if (one.archivedAt !== null) return false;
        this.rows.change(id, "archived_at = ?3, snoozed_until = NULL", [now]);
        return settle();
      case "unarchive":
        if (one.archivedAt === null) return false;
        this.rows.change(id, "archived_at = NULL");
        return true;
      case "snooze":
        if (one.snoozedUntil === mark.until) return false;
        this.rows.change(id, "snoozed_until = ?3, archived_at = NULL", [mark.until]);
        this.#state.timers.setEarliest(SNOOZE_TIMER, "", mark.until);
        return settle();
    }
  }

  /** Brings back what was put off until now, as if it had come now. */
  #wake(): number | undefined {
    const { sql, now } = this.#state;
    for (const id of this.rows.ids(SNOOZES_OVER, Math.floor(now()))) {
      this.rows.change(id, "snoozed_until = NULL, read_at = NULL, updated_at = ?3", [Math.floor(now())], true);
      const one = this.get(id);
      for (const listener of this.#listeners) listener.came(one, {});
    }
    return (
      sql.exec<{ at: number | null }>("SELECT min(snoozed_until) AS at FROM notifications WHERE snoozed_until IS NOT NULL").one().at ??
      undefined
    );
  }
}
