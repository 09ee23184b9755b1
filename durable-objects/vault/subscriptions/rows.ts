import * as z from "zod";
import type { Reach } from "../../../shared/fhir/reach";
import type { Asked } from "../../../shared/fhir/subscriptions/read";
import type { Interaction } from "../../../shared/fhir/subscriptions/topics";
import { type EventId, newId, parseId, type WebhookId } from "../../../shared/id";
import type { Judged } from "../access/judge";
import type { VaultState } from "../state";

/** Whoever made a Subscription, and as whom it is judged with each message. */
export type Maker =
  | { readonly kind: "person" }
  /** An app in a session of the person's, within what it was given. */
  | { readonly kind: "app"; readonly session: string; readonly reach: Reach }
  /** A program of an organisation, by consent; judged as it was when it was made until a message is sent, within the `names` of its token's scopes. */
  | {
      readonly kind: "client";
      readonly client: string;
      readonly organisation: string;
      readonly judged: Judged;
      readonly names: readonly string[];
    };

export type SubscriptionStatus = "requested" | "active" | "error" | "off";

/** What is kept of what was asked: all but the values of headers, and whether it is wanted, which its state says. */
export type KeptAsk = Omit<Asked, "headers" | "isWanted">;

export interface SubscriptionRow {
  readonly id: string;
  readonly webhook: WebhookId;
  readonly maker: Maker;
  readonly asked: KeptAsk;
  readonly base: string;
  /** Sealed. */
  readonly headers: string | null;
  readonly state: SubscriptionStatus | "gone";
  readonly error: string | null;
  readonly events: number;
  readonly notified: number;
  readonly failingSince: number | null;
  readonly sentAt: number | null;
}

export interface EventRow {
  readonly number: number;
  readonly at: number;
  readonly interaction: Interaction;
  readonly focus: string;
  readonly context: readonly string[];
}

export type NotificationKind = "handshake" | "heartbeat" | "event-notification";

export interface NotificationRow {
  readonly id: EventId;
  readonly subscription: string;
  readonly kind: NotificationKind;
  readonly from: number;
  readonly to: number;
}

export interface WindowRow {
  readonly subscription: string;
  readonly metric: string;
  readonly source: number;
  readonly from: number;
  readonly to: number;
}

type Raw = {
  id: string;
  webhook: string;
  maker: string;
  asked: string;
  base: string;
  headers: string | null;
  state: SubscriptionRow["state"];
  error: string | null;
  events: number;
  notified: number;
  failing_since: number | null;
  sent_at: number | null;
};

const texts = z.array(z.string());
/** What waits to be routed is handed over in slices. */
const AT_ONCE = 200;

/** The tables of Subscriptions, their events and their messages. Callers write in a transaction. */
export class SubscriptionRows {
  readonly #state: Pick<VaultState, "sql" | "now" | "random" | "region">;

  constructor(state: Pick<VaultState, "sql" | "now" | "random" | "region">) {
    this.#state = state;
  }

  get(id: string): SubscriptionRow | undefined {
    return this.#read("WHERE id = ? AND state <> 'gone'", id)[0];
  }

  /** All that are not deleted. */
  all(): SubscriptionRow[] {
    return this.#read("WHERE state <> 'gone' ORDER BY id");
  }

  /** Those whose endpoints the records are to be told of, deleted ones too. */
  news(): SubscriptionRow[] {
    return this.#read("WHERE is_news = 1 ORDER BY id LIMIT ?", AT_ONCE);
  }

  put(row: Pick<SubscriptionRow, "id" | "webhook" | "maker" | "asked" | "base" | "headers" | "state">, isNews: boolean): void {
    this.#state.sql.exec(
      `INSERT INTO fhir_subscriptions (id, webhook, maker, asked, base, headers, state, is_news, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET maker = excluded.maker, asked = excluded.asked, base = excluded.base, headers = excluded.headers,
         state = excluded.state, error = NULL, failing_since = NULL, is_news = max(is_news, excluded.is_news)`,
      row.id,
      row.webhook,
      JSON.stringify(row.maker),
      JSON.stringify(row.asked),
      row.base,
      row.headers,
      row.state,
      isNews ? 1 : 0,
      Math.floor(this.#state.now()),
    );
  }

  setState(id: string, state: SubscriptionRow["state"], error: string | null): void {
    this.#state.sql.exec("UPDATE fhir_subscriptions SET state = ?, error = ? WHERE id = ?", state, error, id);
  }

  /** Notes what came of a message; returns since when nothing was taken. */
  noteSent(id: string, isTaken: boolean): number | undefined {
    const now = Math.floor(this.#state.now());
    const { sql } = this.#state;
    if (isTaken) sql.exec("UPDATE fhir_subscriptions SET sent_at = ?, failing_since = NULL WHERE id = ?", now, id);
    else sql.exec("UPDATE fhir_subscriptions SET failing_since = coalesce(failing_since, ?) WHERE id = ?", now, id);
    const since = "SELECT failing_since AS since FROM fhir_subscriptions WHERE id = ?";
    return sql.exec<{ since: number | null }>(since, id).toArray()[0]?.since ?? undefined;
  }

  /** Forgets everything about one but, where the records are still to be told, that it is gone. */
  remove(id: string, isNews: boolean): void {
    const { sql } = this.#state;
    for (const table of ["fhir_subscription_events", "fhir_subscription_windows", "fhir_notifications"])
      sql.exec(`DELETE FROM ${table} WHERE subscription = ?`, id);
    if (isNews) sql.exec("UPDATE fhir_subscriptions SET state = 'gone', headers = NULL, is_news = 1 WHERE id = ?", id);
    else sql.exec("DELETE FROM fhir_subscriptions WHERE id = ?", id);
  }

  /** The records know of these endpoints. */
  told(webhooks: readonly string[]): void {
    const { sql } = this.#state;
    const list = JSON.stringify(webhooks);
    sql.exec("DELETE FROM fhir_subscriptions WHERE state = 'gone' AND webhook IN (SELECT value FROM json_each(?))", list);
    sql.exec("UPDATE fhir_subscriptions SET is_news = 0 WHERE webhook IN (SELECT value FROM json_each(?))", list);
  }

  /** Numbers an event: the next of the Subscription, without gaps. */
  addEvent(id: string, event: Pick<EventRow, "interaction" | "focus"> & { readonly context?: readonly string[] }): void {
    const { sql } = this.#state;
    const { events } = sql
      .exec<{ events: number }>("UPDATE fhir_subscriptions SET events = events + 1 WHERE id = ? RETURNING events", id)
      .one();
    sql.exec(
      "INSERT INTO fhir_subscription_events (subscription, number, at, interaction, focus, context) VALUES (?, ?, ?, ?, ?, ?)",
      id,
      events,
      Math.floor(this.#state.now()),
      event.interaction,
      event.focus,
      JSON.stringify(event.context ?? []),
    );
  }

  /** Events from a number to another, both included, at most `limit`. */
  events(id: string, from: number, to: number, limit: number): EventRow[] {
    return this.#state.sql
      .exec<{ number: number; at: number; interaction: Interaction; focus: string; context: string }>(
        "SELECT number, at, interaction, focus, context FROM fhir_subscription_events WHERE subscription = ? AND number BETWEEN ? AND ? ORDER BY number LIMIT ?",
        id,
        from,
        to,
        limit,
      )
      .toArray()
      .map(({ context, ...row }) => ({ ...row, context: texts.parse(JSON.parse(context)) }));
  }

  /** Notes that readings in a window changed; joins what was noted of the same metric and source. */
  addWindow({ subscription, metric, source, from, to }: WindowRow): void {
    this.#state.sql.exec(
      `INSERT INTO fhir_subscription_windows (subscription, metric, source, from_at, to_at) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET from_at = min(from_at, excluded.from_at), to_at = max(to_at, excluded.to_at)`,
      subscription,
      metric,
      source,
      Math.floor(from),
      Math.ceil(to),
    );
  }

  /** Takes the windows that wait. */
  takeWindows(): WindowRow[] {
    const rows = this.#state.sql
      .exec<{ subscription: string; metric: string; source: number; from_at: number; to_at: number }>(
        "SELECT subscription, metric, source, from_at, to_at FROM fhir_subscription_windows",
      )
      .toArray();
    this.#state.sql.exec("DELETE FROM fhir_subscription_windows");
    return rows.map(({ from_at: from, to_at: to, ...row }) => ({ ...row, from, to }));
  }

  /** Makes a message; up to `to` notifications have been made then. */
  addNotification(subscription: string, kind: NotificationKind, from: number, to: number): void {
    const { sql, now, random, region } = this.#state;
    sql.exec(
      "INSERT INTO fhir_notifications (id, subscription, kind, from_number, to_number, at) VALUES (?, ?, ?, ?, ?, ?)",
      newId("event", region, now(), random),
      subscription,
      kind,
      from,
      to,
      Math.floor(now()),
    );
  }

  setNotified(id: string, number: number): void {
    this.#state.sql.exec("UPDATE fhir_subscriptions SET notified = ? WHERE id = ?", number, id);
  }

  notification(id: string): NotificationRow | undefined {
    return this.#notifications("WHERE id = ?", id)[0];
  }

  /** Messages that have no delivery yet, oldest first. */
  open(): NotificationRow[] {
    return this.#notifications("WHERE is_routed = 0 ORDER BY id LIMIT ?", AT_ONCE);
  }

  routed(ids: readonly string[]): void {
    this.#state.sql.exec(
      "UPDATE fhir_notifications SET is_routed = 1 WHERE is_routed = 0 AND id IN (SELECT value FROM json_each(?))",
      JSON.stringify(ids),
    );
  }

  /** Gives a Subscription another endpoint, in a region it has come to. */
  rename(id: string, webhook: WebhookId): void {
    this.#state.sql.exec("UPDATE fhir_subscriptions SET webhook = ?, is_news = 1 WHERE id = ?", webhook, id);
  }

  #notifications(where: string, bind: string | number): NotificationRow[] {
    return this.#state.sql
      .exec<{ id: string; subscription: string; kind: NotificationKind; from_number: number; to_number: number }>(
        `SELECT id, subscription, kind, from_number, to_number FROM fhir_notifications ${where}`,
        bind,
      )
      .toArray()
      .flatMap(({ id, subscription, kind, from_number: from, to_number: to }) => {
        const event = parseId("event", id);
        return event === undefined ? [] : [{ id: event, subscription, kind, from, to }];
      });
  }

  #read(where: string, ...bind: (string | number)[]): SubscriptionRow[] {
    return this.#state.sql
      .exec<Raw>(
        `SELECT id, webhook, maker, asked, base, headers, state, error, events, notified, failing_since, sent_at FROM fhir_subscriptions ${where}`,
        ...bind,
      )
      .toArray()
      .map(({ webhook, maker, asked, failing_since: failingSince, sent_at: sentAt, ...row }) => {
        const id = parseId("webhook", webhook);
        if (id === undefined) throw new TypeError("a Subscription has no endpoint");
        // What the vault itself has written.
        return { ...row, webhook: id, maker: JSON.parse(maker) as Maker, asked: JSON.parse(asked) as KeptAsk, failingSince, sentAt };
      });
  }
}
