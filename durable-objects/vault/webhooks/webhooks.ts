import { MINUTE_MS, SECOND_MS } from "../../../shared/clock";
import { regionalKeys } from "../../../shared/crypto/keys";
import { metric as metricOf } from "../../../shared/health/catalogue";
import { dayText, localDay, offsetAt, startOfDay } from "../../../shared/health/zone";
import { type EventId, regionOf, type WebhookId } from "../../../shared/id";
import type { Category, Grantee, ResourceKind } from "../../../shared/policy/vocabulary";
import { isProblem } from "../../../shared/problem";
import { type Fetch, type Sent, sendWebhook } from "../../../shared/webhooks/client";
import { checkEndpointUrl, localHostsOf } from "../../../shared/webhooks/endpoint-url";
import { dataEvent, labKind, wantsEvent } from "../../../shared/webhooks/events";
import { openSecret, type SealedSecret } from "../../../shared/webhooks/secret-box";
import { storesOf } from "../../doors";
import type { Door, Entry } from "../access/door";
import type { Consents } from "../consents/consents";
import type { Touched, VaultEvent, VaultState } from "../state";
import type { Store } from "../store/store";
import type { SubscriptionNews } from "../subscriptions/subscriptions";
import { EventRows, type StoredEvent } from "./event-rows";
import { type Content, dataOf, messageBody } from "./payload";
import type { Subscriber } from "./subscriber";

/** What a queue message says: events of this person are to be handed to whoever wants them. */
export interface EventsPointer {
  readonly kind: "webhook-events";
  readonly person: string;
}

/** A message that is to be sent now. */
export interface SendAsk {
  readonly event: string;
  readonly subscriber: Subscriber;
  readonly url: string;
  readonly secrets: readonly SealedSecret[];
  readonly content: Content;
  /** Its place among the endpoint's events, epoch milliseconds. */
  readonly orderedAt: number;
  /** Of an app's Subscription: whether the session in which it was made is over. */
  readonly isSessionOver?: boolean;
}

/** What came of it. `dropped`: there is nothing to send, or nobody may have it. `later`: the vault cannot say now. */
export type SendOutcome =
  | ({ readonly kind: "sent" } & Sent)
  | { readonly kind: "dropped"; readonly reason: "no_consent" | "expired" | "gone" }
  | { readonly kind: "later"; readonly afterMs: number };

/** Closed events, and to whom they may go. */
export interface Audience {
  readonly events: readonly EventId[];
  readonly grantees: readonly Grantee[];
  /** What Subscriptions are to be told, each at its own endpoint. */
  readonly subscriptions?: SubscriptionNews;
}

const TIMER = "webhook-events";
const SETTLE_MS = 5 * SECOND_MS;
/** A message can be lost with its machine: what nobody has taken for so long is announced again. */
const RECALL_MS = MINUTE_MS;
/** How far back days are told of. */
const LATEST_DAYS = 7;
const PLAIN: readonly Category[] = ["vitals", "activity", "sleep", "nutrition", "body"];
const LISTENERS: ReadonlySet<Grantee["kind"]> = new Set(["person", "organisation", "app"]);

interface Parts {
  readonly store: Store;
  readonly door: Door;
  readonly consents: Consents;
  readonly queue: Pick<Queue, "send">;
  readonly fetch: Fetch;
}

/** Notes what subscribers are to hear of, and tells them what they may hear at the moment of sending. */
export class Webhooks {
  readonly #state: VaultState;
  readonly #parts: Parts;
  readonly #rows: EventRows;
  #hasOwn: boolean | undefined;

  constructor(state: VaultState, parts: Parts) {
    this.#state = state;
    this.#parts = parts;
    this.#rows = new EventRows(state);
    state.onRecorded((touched) => this.#recorded(touched));
    state.timers.on(TIMER, async () => await this.#announce());
  }

  /** Notes an event where anybody could be listening. Part of the caller's transaction. */
  emit(event: VaultEvent): void {
    if (!this.#isHeard()) return;
    this.#rows.add(event);
    this.#state.timers.setEarliest(TIMER, "", this.#state.now() + SETTLE_MS);
  }

  /** From now on events are noted for the person's own endpoints. */
  watchOwn(): void {
    this.#state.sql.exec("INSERT INTO webhook_own (one, since) VALUES (1, ?) ON CONFLICT DO NOTHING", Math.floor(this.#state.now()));
    this.#hasOwn = true;
  }

  /** Goes on with what waits, after a move. */
  wake(): void {
    this.#hasOwn = undefined;
    this.#state.timers.setEarliest(TIMER, "", this.#state.now() + SETTLE_MS);
  }

  /** What is to be handed over, and to whom it could go. */
  audience(): Audience {
    const events = this.#rows.closed();
    return { events, grantees: events.length === 0 ? [] : this.#grantees() };
  }

  /** Which of these endpoints want which of these events, and may hear of them now. */
  match(events: readonly string[], subscribers: readonly Subscriber[]): { event: EventId; webhook: WebhookId }[] {
    return events.flatMap((id) => {
      const event = this.#rows.get(id);
      if (event === undefined) return [];
      return subscribers
        .filter((one) => wantsEvent(one.filter, event) && (this.#isOwner(one) || this.#mayHear(one, event)))
        .map((one) => ({ event: event.id, webhook: one.id }));
    });
  }

  /** Notes that deliveries were made of these events. */
  routed(events: readonly string[]): void {
    this.#rows.routed(events);
  }

  /** Builds a message of what the vault holds now, by the consent of this moment, logs that, and sends it. */
  async send(ask: SendAsk): Promise<SendOutcome> {
    const event = this.#rows.get(ask.event);
    if (event === undefined) return { kind: "dropped", reason: "expired" };
    const { subscriber } = ask;
    const entry = this.#enter(subscriber, event);
    if (entry === undefined) return { kind: "dropped", reason: "no_consent" };
    const { env, now } = this.#state;
    const data = dataOf(this.#state, this.#parts.store.seenBy(entry), entry, event, ask.content);
    const body = messageBody(event.type, event.updatedAt, ask.orderedAt, data);
    let url: string;
    try {
      // Checked again: the rules may have changed since it was given.
      url = checkEndpointUrl(ask.url, localHostsOf(env)).href;
    } catch (error) {
      if (!isProblem(error)) throw error;
      return { kind: "sent", status: 400, reason: "url_not_allowed", durationMs: 0 };
    }
    const keys = regionalKeys(storesOf(env, regionOf(subscriber.id)).keys);
    const secrets = (await Promise.all(ask.secrets.map(async (one) => await openSecret(keys, one)))).filter((one) => one !== undefined);
    if (secrets.length === 0) return { kind: "sent", reason: "no_secret", durationMs: 0 };
    return { kind: "sent", ...(await sendWebhook(this.#parts.fetch, now, { url, secrets, id: event.id, body })) };
  }

  #enter(subscriber: Subscriber, event: StoredEvent): Entry | undefined {
    const { door } = this.#parts;
    const about = [event.about, subscriber.id];
    if (this.#isOwner(subscriber)) {
      door.system("webhooks", { action: "export", resource: resourceOf(event), about });
      return { isOwner: true, sees: () => true };
    }
    return door.tell(subscriber, { action: "read", resource: resourceOf(event), category: event.categories, details: ["vitals"], about });
  }

  #mayHear({ judged }: Subscriber, event: StoredEvent): boolean {
    const { judge } = this.#parts.door;
    return event.categories.some((category) => judge.access(judged, "read", resourceOf(event), category).decision.allow);
  }

  #isOwner({ owner }: Subscriber): boolean {
    return owner.kind === "person" && owner.id === this.#state.person;
  }

  #isHeard(): boolean {
    return this.#isOwnHeard() || this.#parts.consents.grantees().some(({ kind }) => LISTENERS.has(kind));
  }

  #isOwnHeard(): boolean {
    this.#hasOwn ??= this.#state.sql.exec("SELECT 1 FROM webhook_own").toArray().length > 0;
    return this.#hasOwn;
  }

  #grantees(): Grantee[] {
    const others = this.#parts.consents.grantees().filter(({ kind }) => LISTENERS.has(kind));
    return this.#isOwnHeard() ? [{ kind: "person", id: this.#state.person }, ...others] : others;
  }

  /** Lets the days and weeks that were touched be told of when they are over. What is older than a week is told of by its readings alone. */
  #schedule(touched: readonly Touched[]): void {
    const { now } = this.#state;
    const zone = this.#state.profile().timeZone;
    const today = localDay(now(), offsetAt(zone, now()));
    const days = new Set<number>();
    for (const { from, to, isDerived } of touched) {
      if (isDerived === true) continue;
      const first = Math.max(localDay(from, offsetAt(zone, from)), today - LATEST_DAYS);
      const last = Math.min(localDay(to, offsetAt(zone, to)), today);
      for (let day = first; day <= last; day++) days.add(day);
    }
    const tell = (type: "summary.daily" | "assessment.weekly", first: number, length: number) =>
      this.emit({
        type,
        about: dayText(first),
        categories: PLAIN,
        from: startOfDay(zone, first),
        to: startOfDay(zone, first + length),
      });
    for (const day of days) tell("summary.daily", day, 1);
    // 1970-01-01 was a Thursday; weeks begin on Mondays.
    for (const week of new Set([...days].map((day) => day - ((day + 3) % 7)))) tell("assessment.weekly", week, 7);
  }

  #recorded(touched: readonly Touched[]): void {
    if (!this.#isHeard()) return;
    this.#schedule(touched);
    for (const { metric, from, to, counts, isDerived } of touched) {
      const category = categoryOf(metric);
      // What was computed is told of with what it was computed from.
      if (category === undefined || isDerived === true) continue;
      const tell = (change: "created" | "updated" | "deleted", n: number) =>
        this.emit({
          type: dataEvent(metric, category, change),
          about: metric,
          categories: [category],
          from,
          to,
          n: metric === "sleep" ? 0 : n,
        });
      if (counts === undefined) tell("deleted", 0);
      else {
        if (counts.created > 0) tell("created", counts.created);
        if (counts.updated > 0) tell("updated", counts.updated);
      }
    }
  }

  async #announce(): Promise<number | undefined> {
    const { now, person } = this.#state;
    const open = this.#rows.close();
    if (this.#rows.closed().length === 0) return open;
    const pointer: EventsPointer = { kind: "webhook-events", person };
    await this.#parts.queue.send(pointer);
    return Math.min(open ?? Infinity, now() + RECALL_MS);
  }
}

/** As what access to an event's data counts. What is about no data is judged by the data that it could bring. */
function resourceOf({ type, about }: StoredEvent): ResourceKind {
  const lab = labKind(type);
  if (lab !== undefined) return lab;
  return about === "sleep" || about === "workout" ? about : "metric";
}

function categoryOf(metric: string): Category | undefined {
  if (metric === "sleep") return "sleep";
  return metric === "workout" ? "activity" : metricOf(metric)?.sensitivity;
}
