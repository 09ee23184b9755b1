import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../../shared/clock";
import { newId } from "../../../shared/id";
import { sendApns } from "../../../shared/notifications/channels/apns";
import { sendFcm } from "../../../shared/notifications/channels/fcm";
import { breakerOf, breakerOfEndpoint, type Breakers } from "../../../shared/notifications/breakers";
import type { Fetch, Outcome, PushMessage } from "../../../shared/notifications/channels/outcome";
import { type BrowserPlace, sendWebPush } from "../../../shared/notifications/channels/web-push";
import { notificationCredentials, type NotificationEnv, providerBases } from "../../../shared/notifications/credentials";
import { allowedFrom, dueOf, modeOf } from "../../../shared/notifications/preferences";
import { waitAfter } from "../../../shared/notifications/retries";
import { digestOf, type Told } from "../../../shared/notifications/texts";
import {
  type News,
  type NotificationType,
  OUTER_CHANNELS,
  type OuterChannel,
  type Priority,
  specOf,
} from "../../../shared/notifications/types";
import { localHostsOf } from "../../../shared/webhooks/endpoint-url";
import type { VaultState } from "../state";
import type { Address, Addresses, SuppressionReason } from "./addresses";
import type { Notifications } from "./notifications";
import type { Notification } from "./rows";

/** What a queue message says: something of this person's is to be sent by whoever has the address. */
export interface SendPointer {
  readonly kind: "notification";
  readonly person: string;
  readonly send: string;
}

/** What becomes of a send. */
export type SendState = "waiting" | "queued" | "sending" | "sent" | "delivered" | "failed" | "dropped";

/** One line of the delivery log: which way, and what became of it; never where to. Epoch milliseconds. */
export interface Send {
  readonly id: string;
  readonly notification: string;
  readonly type: NotificationType;
  readonly channel: OuterChannel;
  /** Id of the browser, device or number; null for the account's own e-mail. */
  readonly address: string | null;
  readonly state: SendState;
  readonly reason: string | null;
  readonly attempts: number;
  readonly dueAt: number;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** A message that leaves by a Worker: which way, and what it says. Without `to` it goes to the account's own address. */
export interface Parcel {
  readonly id: string;
  readonly channel: "email" | "sms" | "push";
  readonly to: string;
  readonly type: NotificationType | "digest";
  readonly title: string;
  readonly body: string;
  readonly locale: string;
  /** How many notifications it tells of. */
  readonly count: number;
}

/** What a provider has told later of something that was sent. */
export type ProviderEvent =
  | { readonly kind: "delivered" }
  | { readonly kind: "failed"; readonly reason: string }
  | { readonly kind: "suppressed"; readonly reason: SuppressionReason; readonly address: string };

type Row = {
  id: string;
  notification: string;
  seq: number;
  type: NotificationType;
  channel: OuterChannel;
  address: string;
  priority: Priority;
  state: SendState;
  reason: string | null;
  is_digest: number;
  lead: string | null;
  attempts: number;
  due_at: number;
  expires_at: number;
  created_at: number;
  updated_at: number;
};

interface Parts {
  readonly notifications: Notifications;
  readonly addresses: Addresses;
  readonly queue: Pick<Queue, "send">;
  readonly fetch: Fetch;
  readonly breakers: Breakers;
}

const TIMER = "notification-sends";
const OPEN = "state IN ('waiting', 'queued', 'sending')";
export const DUE_SENDS = `SELECT * FROM notification_sends WHERE ${OPEN} AND due_at <= ? ORDER BY due_at LIMIT ?`;
export const NEXT_SEND = `SELECT min(due_at) AS at FROM notification_sends WHERE ${OPEN}`;
export const SENDS_OF_LEAD = "SELECT * FROM notification_sends WHERE lead = ? ORDER BY id";
/** When the last so many went out by a channel to an address: bounds what may follow. */
export const RECENT_SENDS = `SELECT updated_at AS at FROM notification_sends
  WHERE channel = ?1 AND address = ?2 AND lead = id AND state IN ('sending', 'sent', 'delivered') AND updated_at > ?3 ORDER BY updated_at`;
export const SEND_LOG = "SELECT * FROM notification_sends WHERE id < ? ORDER BY id DESC LIMIT ?";

/** Rows that one run takes up. */
const AT_ONCE = 200;
/** Messages that are on their way at the same time. */
const ABREAST = 6;
/** More than so many at once for one address become one message. */
const MOST_SINGLE = 3;
/** An attempt that has not ended by then is made again, under the same id. */
const LEASE_MS = MINUTE_MS;
/** A queue that has not brought a message by then has lost it; the next time it has twice as long. */
const QUEUE_MS = 2 * MINUTE_MS;
const PARCEL_LEASE_MS = 5 * MINUTE_MS;
const MOST_LOST = 8;
/** So much may go to one address within a time; what is more waits and is gathered. */
const CAPS: Readonly<Record<OuterChannel, { readonly n: number; readonly ms: number }>> = {
  push: { n: 30, ms: HOUR_MS },
  email: { n: 20, ms: DAY_MS },
  sms: { n: 5, ms: DAY_MS },
};

/**
 * What leaves the house: each fact, channel and address once. Rows are written with the notification; a timer sends them when they are due,
 * by the preferences of that moment. An attempt is noted before it is made, so that a kill repeats it under the same id, and loses nothing.
 */
export class Outbox {
  readonly #state: VaultState;
  readonly #parts: Parts;

  constructor(state: VaultState, parts: Parts) {
    this.#state = state;
    this.#parts = parts;
    state.timers.on(TIMER, async () => await this.run());
    parts.notifications.onChanged({ came: (one, news) => this.#plan(one, news), settled: (ids) => this.#settled(ids) });
  }

  /** Goes on with what waits, after a move. */
  wake(): void {
    this.#state.timers.setEarliest(TIMER, "", this.#state.now());
  }

  /** Looks again at what waits: the person has chosen something else. */
  reconsider(): void {
    const { sql, now } = this.#state;
    const preferences = this.#parts.notifications.settings.read();
    const zone = this.#state.profile().timeZone;
    for (const row of sql.exec<Row>(`SELECT * FROM notification_sends WHERE ${OPEN} AND state = 'waiting' AND lead IS NULL`).toArray()) {
      const due = dueOf(preferences, zone, row, now());
      if (due === undefined) this.#end([row.id], "dropped", "preferences");
      else if (due.at < row.due_at) sql.exec("UPDATE notification_sends SET due_at = ? WHERE id = ?", Math.floor(due.at), row.id);
    }
    this.wake();
  }

  /** Sends what is due. Returns when to look again. Idempotent: runs at least once. */
  async run(): Promise<number | undefined> {
    const leads = this.#begin();
    for (let i = 0; i < leads.length; i += ABREAST)
      await Promise.all(leads.slice(i, i + ABREAST).map(async (lead) => await this.#attempt(lead)));
    return this.#state.sql.exec<{ at: number | null }>(NEXT_SEND).one().at ?? undefined;
  }

  /** Hands out a message that waits for a Worker, once: whoever comes second gets nothing. `email` is the account's address, if there is one. */
  async take(id: string, email: string | undefined): Promise<Parcel | undefined> {
    const row = this.#row(id);
    if (row?.state !== "queued") return undefined;
    const { notifications } = this.#parts;
    const from = allowedFrom(notifications.settings.read(), this.#state.profile().timeZone, row.priority, this.#state.now());
    if (from > this.#state.now()) {
      this.#postpone(row, from);
      this.#state.timers.setEarliest(TIMER, "", from);
      return undefined;
    }
    this.#lead(id, "state = 'sending', due_at = ?2", this.#state.now() + PARCEL_LEASE_MS);
    const message = this.#compose(id);
    if (message === undefined) return this.#drop(id, "gone");
    const to = row.channel === "email" ? email : await this.#placeFor(row);
    if (to === undefined) return this.#drop(id, "no_address");
    if (row.channel !== "push") {
      const known = await this.#parts.addresses.suppression(row.channel, to);
      if (known !== undefined) return this.#drop(id, known.reason);
    }
    const { type, title, body, count } = message;
    return { id, channel: row.channel, to, type, title, body, locale: this.#state.profile().locale, count };
  }

  /** Notes what came of a message that a Worker had. */
  async settle(id: string, outcome: Outcome, to?: string): Promise<void> {
    const row = this.#row(id);
    if (row?.state !== "sending") return;
    if (outcome.kind === "suppressed" && row.channel !== "push" && to !== undefined)
      await this.#parts.addresses.suppress(row.channel, to, outcome.reason);
    this.#conclude(row, outcome);
    this.#state.timers.setEarliest(
      TIMER,
      "",
      this.#state.sql.exec<{ at: number | null }>(NEXT_SEND).one().at ?? this.#state.now() + DAY_MS,
    );
  }

  /** Notes what a provider tells of a message afterwards. */
  async hear(id: string, event: ProviderEvent): Promise<void> {
    const row = this.#row(id);
    if (event.kind === "suppressed") {
      const channel = row?.channel === "sms" ? "sms" : "email";
      await this.#parts.addresses.suppress(channel, event.address, event.reason);
    }
    if (row === undefined || (row.state !== "sent" && row.state !== "sending")) return;
    if (event.kind === "delivered") this.#endLead(id, "delivered", null);
    else this.#endLead(id, "failed", event.reason);
  }

  /** One page of the delivery log, newest first. */
  log(before: string | undefined, limit: number): Send[] {
    return this.#state.sql
      .exec<Row>(SEND_LOG, before ?? "~", limit)
      .toArray()
      .map((row) => ({
        id: row.id,
        notification: row.notification,
        type: row.type,
        channel: row.channel,
        address: row.address === "" ? null : row.address,
        state: row.state,
        reason: row.reason,
        attempts: row.attempts,
        dueAt: row.due_at,
        createdAt: row.created_at,
        updatedAt: row.updated_at,
      }));
  }

  /** Writes down what is to be sent of a notification. Part of the transaction in which it came. */
  #plan(one: Notification, { expiresAt, without = [] }: Pick<News, "expiresAt" | "without">): void {
    const { sql, now, random, region } = this.#state;
    const at = Math.floor(now());
    const expires = Math.floor(expiresAt ?? at + specOf(one.type).ttlMs);
    const preferences = this.#parts.notifications.settings.read();
    const zone = this.#state.profile().timeZone;
    for (const channel of OUTER_CHANNELS) {
      const due = without.includes(channel) ? undefined : dueOf(preferences, zone, { type: one.type, channel, priority: one.priority }, at);
      if (due === undefined) continue;
      for (const address of this.#addressesOf(channel)) {
        // What waits of the same notification tells of this, too.
        const waiting = sql
          .exec<{ id: string }>(
            `UPDATE notification_sends SET seq = ?4, priority = ?5, expires_at = max(expires_at, ?6), due_at = min(due_at, ?7), updated_at = ?8
             WHERE notification = ?1 AND channel = ?2 AND address = ?3 AND state = 'waiting' AND lead IS NULL RETURNING id`,
            one.id,
            channel,
            address,
            one.seq,
            one.priority,
            expires,
            Math.floor(due.at),
            at,
          )
          .toArray();
        if (waiting.length === 0)
          sql.exec(
            `INSERT OR IGNORE INTO notification_sends
               (id, notification, seq, type, channel, address, priority, state, is_digest, due_at, expires_at, created_at, updated_at)
             VALUES (?, ?, ?, ?, ?, ?, ?, 'waiting', ?, ?, ?, ?, ?)`,
            newId("notificationSend", region, at, random),
            one.id,
            one.seq,
            one.type,
            channel,
            address,
            one.priority,
            due.isDigest ? 1 : 0,
            Math.floor(due.at),
            expires,
            at,
            at,
          );
        this.#state.timers.setEarliest(TIMER, "", due.at);
      }
    }
  }

  /** What the person has read or put away needs no message any more. */
  #settled(ids: readonly string[]): void {
    this.#state.sql.exec(
      `UPDATE notification_sends SET state = 'dropped', reason = 'read', updated_at = ?
       WHERE state = 'waiting' AND lead IS NULL AND notification IN (SELECT value FROM json_each(?))`,
      Math.floor(this.#state.now()),
      JSON.stringify(ids),
    );
  }

  #addressesOf(channel: OuterChannel): string[] {
    const { addresses } = this.#parts;
    if (channel === "email") return [""];
    const found =
      channel === "push"
        ? addresses.all("web_push", "fcm", "apns")
        : addresses.all("sms").filter(({ confirmedAt }) => confirmedAt !== null);
    return found.map(({ id }) => id);
  }

  /** Decides about everything that is due, and notes the attempts that follow. One transaction. */
  #begin(): string[] {
    const { sql, storage, now } = this.#state;
    return storage.transactionSync(() => {
      const at = Math.floor(now());
      const due = sql.exec<Row>(DUE_SENDS, at, AT_ONCE).toArray();
      const preferences = this.#parts.notifications.settings.read();
      const zone = this.#state.profile().timeZone;
      const fresh: Row[] = [];
      const leads: string[] = [];
      for (const row of due) {
        // Others of a message follow its first.
        if (row.lead !== null && row.lead !== row.id) continue;
        const isOff = row.lead === null && modeOf(preferences, row.type, row.channel) === "off";
        if (row.attempts >= MOST_LOST) this.#endOne(row, "failed", "no_answer");
        else if (row.expires_at <= at) this.#endOne(row, "dropped", "expired");
        else if (isOff) this.#endOne(row, "dropped", "preferences");
        else if (row.state === "sending" && row.channel !== "push") this.#again(row, { kind: "retry", reason: "no_answer" });
        else {
          const from = allowedFrom(preferences, zone, row.priority, at);
          if (from > at) this.#postpone(row, from);
          else if (row.lead === null) fresh.push(row);
          else leads.push(row.id);
        }
      }
      for (const group of Map.groupBy(fresh, ({ channel, address }) => `${channel} ${address}`).values())
        leads.push(...this.#gather(group, at));
      for (const lead of leads)
        this.#lead(lead, "state = 'sending', attempts = attempts + 1, due_at = ?2, updated_at = ?3", at + LEASE_MS, at);
      return leads;
    });
  }

  /** Makes messages of what goes to one address now: one of several, or some; none where it has had enough for a while. */
  #gather(group: readonly Row[], at: number): string[] {
    const [first] = group;
    if (first === undefined) return [];
    const { n, ms } = CAPS[first.channel];
    const recent = this.#state.sql
      .exec<{ at: number }>(RECENT_SENDS, first.channel, first.address, at - ms)
      .toArray()
      .map((row) => row.at);
    const isFree = (row: Row) => row.channel === "push" && row.priority === "high";
    const room = Math.max(0, n - recent.length);
    const isOne = group.length > MOST_SINGLE || group.some(({ is_digest }) => is_digest === 1);
    if (room === 0 && !group.some(isFree)) {
      for (const row of group) this.#postpone(row, (recent[recent.length - n] ?? at) + ms);
      return [];
    }
    if (isOne) {
      for (const row of group) this.#state.sql.exec("UPDATE notification_sends SET lead = ? WHERE id = ?", first.id, row.id);
      return [first.id];
    }
    const going = group.filter((row, i) => i < room || isFree(row));
    for (const row of group) {
      if (going.includes(row)) this.#state.sql.exec("UPDATE notification_sends SET lead = id WHERE id = ?", row.id);
      else this.#postpone(row, (recent[0] ?? at) + ms);
    }
    return going.map(({ id }) => id);
  }

  async #attempt(id: string): Promise<void> {
    const row = this.#row(id);
    if (row === undefined) return;
    try {
      const outcome = await this.#send(row);
      // The person may have erased themselves, or the row may have ended, meanwhile.
      const now = this.#row(id);
      if (outcome === undefined || now?.state !== "sending") return;
      this.#conclude(now, outcome);
    } catch (error) {
      this.#state.log({
        event: "notification",
        channel: row.channel,
        outcome: "fault",
        kind: error instanceof Error ? error.name : typeof error,
      });
      this.#conclude(row, { kind: "retry", reason: "fault" });
    }
  }

  /** Sends a message, or hands it to the queue: then nothing has come of it yet. */
  async #send(row: Row): Promise<Outcome | undefined> {
    const message = this.#compose(row.id);
    if (message === undefined) return { kind: "failed", reason: "gone" };
    const address = row.channel === "push" ? this.#parts.addresses.get(row.address) : undefined;
    if (row.channel === "push" && address === undefined) return { kind: "failed", reason: "no_address" };
    const direct = address === undefined ? undefined : await this.#push(row, address, message);
    if (direct !== undefined) return direct;
    const { now, person } = this.#state;
    this.#lead(row.id, "state = 'queued', due_at = ?2", now() + QUEUE_MS * 2 ** Math.max(0, row.attempts - 1));
    const pointer: SendPointer = { kind: "notification", person, send: row.id };
    await this.#parts.queue.send(pointer);
    return undefined;
  }

  /** Sends to a browser or device; undefined where a local run has no account there, and keeps it in its outbox. */
  async #push(row: Row, address: Address, { type, title, body, unread }: Composed): Promise<Outcome | undefined> {
    const env: Env & NotificationEnv = this.#state.env;
    const credentials = notificationCredentials(env);
    const { vapid, fcm, apns } = credentials;
    const { fetch, breakers } = this.#parts;
    const { now } = this.#state;
    const account = { web_push: vapid, fcm, apns, sms: undefined }[address.kind];
    if (account === undefined) return env.RESIDENCY === "off" ? undefined : { kind: "failed", reason: "no_provider" };
    const place = await this.#parts.addresses.open(address.id);
    if (place === undefined) return { kind: "failed", reason: "no_address" };
    const message: PushMessage = {
      id: row.id,
      collapse: row.notification,
      type,
      title,
      body,
      url: env.ORIGIN,
      unread,
      priority: row.priority,
      expiresAt: row.expires_at,
    };
    if (address.kind === "web_push" && vapid !== undefined) {
      // What is sealed is what registration has put there.
      const browser = JSON.parse(place) as BrowserPlace;
      const to = { place: browser, vapid, key: address.vapid, localHosts: localHostsOf(env) };
      return await breakers.through(await breakerOfEndpoint(browser.endpoint), async () => await sendWebPush(fetch, now, to, message));
    }
    const bases = providerBases(env);
    if (address.kind === "fcm" && fcm !== undefined)
      return await breakers.through(breakerOf("fcm"), async () => await sendFcm(fetch, now, bases, fcm, place, message));
    if (address.kind === "apns" && apns !== undefined)
      return await breakers.through(breakerOf("apns"), async () => await sendApns(fetch, now, bases, apns, place, message));
    return { kind: "failed", reason: "no_provider" };
  }

  /** What a message says now, of as many notifications as it leads; undefined where none of them is left. */
  #compose(lead: string): Composed | undefined {
    const { notifications } = this.#parts;
    const rows = this.#state.sql.exec<Row>(SENDS_OF_LEAD, lead).toArray();
    const found = rows.map(({ notification }) => notifications.rows.get(notification)).filter((one) => one !== undefined);
    const [first] = found;
    if (first === undefined) return undefined;
    const { content } = notifications.settings.read();
    const told: readonly Told[] = found;
    const shown = digestOf(told, this.#state.profile().locale, content);
    return { type: found.length === 1 ? first.type : "digest", ...shown, count: found.length, unread: notifications.rows.unread().total };
  }

  async #placeFor(row: Row): Promise<string | undefined> {
    const address = this.#parts.addresses.get(row.address);
    if (address === undefined || (address.kind === "sms" && address.confirmedAt === null)) return undefined;
    const place = await this.#parts.addresses.open(address.id);
    return address.kind === "sms" ? place : `${address.kind}:${place}`;
  }

  /** Notes what came of an attempt. */
  #conclude(row: Row, outcome: Outcome): void {
    this.#state.log({
      event: "notification",
      channel: row.channel,
      outcome: outcome.kind,
      attempts: row.attempts,
      latencyMs: Math.floor(this.#state.now()) - row.created_at,
    });
    switch (outcome.kind) {
      case "sent":
        if (row.address !== "") this.#parts.addresses.reached(row.address);
        return this.#endLead(row.id, "sent", null);
      case "gone":
        this.#parts.addresses.forget(row.address);
        return this.#endLead(row.id, "dropped", outcome.reason);
      case "suppressed":
        return this.#endLead(row.id, "dropped", outcome.reason);
      case "failed":
        return this.#endLead(row.id, "failed", outcome.reason);
      case "retry":
        return this.#again(row, outcome);
      case "deferred":
        return this.#defer(row, outcome.afterMs);
    }
  }

  #again(row: Row, outcome: Extract<Outcome, { kind: "retry" }>): void {
    const wait = waitAfter(row.attempts, outcome, this.#state.random);
    if (wait === undefined || row.attempts >= MOST_LOST) return this.#endLead(row.id, "failed", outcome.reason);
    this.#lead(row.id, "state = 'waiting', due_at = ?2, reason = ?3", this.#state.now() + wait, outcome.reason);
  }

  /** Whoever carries it is left alone: it waits, a little longer than that so that not all come back at once, and no attempt was made. */
  #defer({ id }: Row, afterMs: number): void {
    const spread = (afterMs * (this.#state.random(new Uint8Array(1))[0] ?? 0)) / 1_024;
    const due = this.#state.now() + afterMs + spread;
    this.#lead(id, "state = 'waiting', attempts = max(0, attempts - 1), due_at = ?2, reason = 'provider_down'", due);
  }

  /** Lets it wait; what is gathered already waits as one. */
  #postpone(row: Row, until: number): void {
    if (row.lead === null) this.#state.sql.exec("UPDATE notification_sends SET due_at = ? WHERE id = ?", Math.floor(until), row.id);
    else this.#lead(row.id, "state = 'waiting', due_at = ?2", until);
  }

  #endOne(row: Row, state: SendState, reason: string): void {
    if (row.lead === null) this.#end([row.id], state, reason);
    else this.#endLead(row.id, state, reason);
  }

  #drop(lead: string, reason: string): undefined {
    this.#endLead(lead, "dropped", reason);
    return undefined;
  }

  #endLead(lead: string, state: SendState, reason: string | null): void {
    this.#lead(lead, "state = ?2, reason = ?3, updated_at = ?4", state, reason, this.#state.now());
  }

  #end(ids: readonly string[], state: SendState, reason: string | null): void {
    for (const id of ids)
      this.#state.sql.exec(
        "UPDATE notification_sends SET state = ?, reason = ?, updated_at = ? WHERE id = ?",
        state,
        reason,
        Math.floor(this.#state.now()),
        id,
      );
  }

  /** Changes all rows of a message. */
  #lead(lead: string, assignments: string, ...values: (string | number | null)[]): void {
    this.#state.sql.exec(
      `UPDATE notification_sends SET ${assignments} WHERE lead = ?1`,
      lead,
      ...values.map((value) => (typeof value === "number" ? Math.floor(value) : value)),
    );
  }

  #row(id: string): Row | undefined {
    return this.#state.sql.exec<Row>("SELECT * FROM notification_sends WHERE id = ?", id).toArray()[0];
  }
}

interface Composed {
  readonly type: NotificationType | "digest";
  readonly title: string;
  readonly body: string;
  readonly count: number;
  readonly unread: number;
}
