import * as z from "zod";
import { MINUTE_MS, SECOND_MS } from "../../../shared/clock";
import type { Reader } from "../../../shared/context";
import { newStoredId } from "../../../shared/fhir/ids";
import { type Fields, isFields, textAt } from "../../../shared/fhir/r4/issue";
import { policyScopesOf, reachOfClient } from "../../../shared/fhir/client-scopes";
import { type Grant, intersection, limitsOf, type Reach, reachOfReader, WHOLE_REACH } from "../../../shared/fhir/reach";
import { notificationBundle, type NotificationType, type ShownEvent, statusOf } from "../../../shared/fhir/subscriptions/notification";
import { type Asked, CONTENTS, KEPT, readSubscription, shownSubscription } from "../../../shared/fhir/subscriptions/read";
import type { Interaction } from "../../../shared/fhir/subscriptions/topics";
import { inRegion } from "../../../shared/erasure/moved-ids";
import { type EventId, newId, regionOf, type SessionId, type WebhookId } from "../../../shared/id";
import { isProblem, notFound, problem } from "../../../shared/problem";
import { sendWebhook, type Fetch } from "../../../shared/webhooks/client";
import { checkEndpointUrl, localHostsOf } from "../../../shared/webhooks/endpoint-url";
import { FAILING_MS, judgeAttempt } from "../../../shared/webhooks/schedule";
import type { Door } from "../access/door";
import { type Judged, judgedAs } from "../access/judge";
import type { Consents } from "../consents/consents";
import type { FhirAnswer } from "../fhir/stored/answers";
import type { OperationAnswer, SubscriptionOperation } from "../fhir/stored/operations";
import { type FhirRequest, parsed } from "../fhir/stored/requests";
import type { ResourceChange } from "../fhir/stored/resources";
import type { FhirPart } from "../fhir/part";
import type { Sealer } from "../sealer";
import type { LabChange, Labs } from "../labs/labs";
import type { Touched, VaultState } from "../state";
import type { Store } from "../store/store";
import type { Subscriber } from "../webhooks/subscriber";
import type { EventsPointer, SendAsk, SendOutcome } from "../webhooks/webhooks";
import { type EventRow, type Maker, type NotificationRow, SubscriptionRows, type SubscriptionRow } from "./rows";
import type { SubscriptionSockets } from "./sockets";

type Params = readonly (readonly [string, string])[];
/** Whether a request makes, changes or deletes a Subscription. */
export function isSubscriptionWrite(request: FhirRequest): request is SubscriptionWrite {
  return request.kind !== "bundle" && request.type === "Subscription" && ["create", "update", "delete"].includes(request.kind);
}

export type SubscriptionWrite = Extract<FhirRequest, { kind: "create" | "update" | "delete" }> & { readonly type: "Subscription" };

/** An endpoint that the records of a region are to know, or to forget. Crosses RPC: plain data only. */
export interface EndpointNews {
  readonly webhook: WebhookId;
  readonly subscription: string;
  readonly url: string;
  /** Of the app that made it. */
  readonly session: string | null;
  /** The program that made it; null for the person and their apps. */
  readonly client: { readonly id: string; readonly organisation: string } | null;
  readonly isGone: boolean;
}

/** Messages that are to be given deliveries, and the endpoints they go to. */
export interface SubscriptionNews {
  readonly endpoints: readonly EndpointNews[];
  readonly pairs: readonly { readonly event: EventId; readonly webhook: WebhookId }[];
}

const TIMER = "fhir-subscriptions";
/** Keeps one Subscription: heartbeats, and its end. */
const KEEPER = "fhir-subscription";
/** What is written within this is told together. */
const SETTLE_MS = SECOND_MS;
/** Readings come in streams: each Subscription hears of them at most so often. */
const READINGS_MS = 5 * SECOND_MS;
/** A message to the queue can be lost with its machine: what nobody has taken for so long is announced again. */
const RECALL_MS = MINUTE_MS;
/** Living ones of a vault. */
const MOST = 50;
/** Observations that one event names beside its focus. */
const MOST_CONTEXT = 20;
/** Observations of a window that are looked at, and pages of them. */
const PAGE = 200;
const MOST_PAGES = 10;
const MOST_SHOWN = 100;
const headersSchema = z.array(z.tuple([z.string(), z.string()]));

interface Parts {
  readonly fhir: FhirPart;
  readonly labs: Labs;
  readonly store: Store;
  readonly door: Door;
  readonly sealer: Sealer;
  readonly consents: Consents;
  readonly sockets: SubscriptionSockets;
  readonly queue: Pick<Queue, "send">;
  readonly fetch: Fetch;
}

/**
 * Subscriptions of the R4 backport. What happens is numbered in the transaction in which it happens; messages are made of what there is when
 * they are sent, within what their Subscription's maker may see then. How often a rest-hook is tried, and when, is the business of webhooks.
 */
export class Subscriptions {
  readonly #state: VaultState;
  readonly #parts: Parts;
  readonly #rows: SubscriptionRows;
  #known: SubscriptionRow[] | undefined;
  /** Metrics and sources of which the transaction under way wrote something: what is left of them is told of with that. */
  #written = new Set<string>();

  constructor(state: VaultState, parts: Parts) {
    this.#state = state;
    this.#parts = parts;
    this.#rows = new SubscriptionRows(state);
    state.onRecorded((touched) => this.#readings(touched));
    parts.store.onWritten(() => this.#removed());
    parts.labs.onChanged((change) => this.#resulted(change));
    parts.consents.onChanged(() => this.#consentsChanged());
    parts.fhir.repository.onChanged((change) => this.#changed(change));
    state.timers.on(TIMER, async () => await this.#work());
    state.timers.on(KEEPER, async (id) => this.#keep(id));
  }

  /** Makes, changes or deletes a Subscription. `base` is where its references will lead. Problems as of every write, and `conflict` past fifty. */
  async write(actor: Reader, request: SubscriptionWrite, base: string): Promise<FhirAnswer> {
    const maker = this.#makerOf(actor);
    // What somebody else makes here is theirs alone to change.
    const reach = maker.kind === "client" ? OWN_ALONE : maker.kind === "app" ? maker.reach : WHOLE_REACH;
    if (request.kind !== "create" && request.id === undefined)
      throw problem("method_not_allowed", "A Subscription is changed and deleted by its id.");
    if (request.kind === "delete") return this.#delete(request, maker, reach);
    const { fhir, sealer } = this.#parts;
    const { now, env, storage, random, region, person } = this.#state;
    const id = request.kind === "create" ? newStoredId(person, now()) : (request.id ?? "");
    const resource = parsed(request.resource);
    fhir.repository.require("Subscription", resource);
    const read = readSubscription(resource, localHostsOf(env), { timeZone: this.#state.profile().timeZone, now: now(), lenient: false });
    if ("faults" in read) throw problem("invalid", undefined, { errors: read.faults });
    const { headers: given, isWanted, ...asked } = read.asked;
    if (maker.kind === "client" && asked.channel !== "rest-hook")
      throw problem("invalid", undefined, {
        errors: [{ pointer: "Subscription.channel.type", code: "invalid", message: "Programs of organisations take rest-hooks." }],
      });
    const known = request.kind === "create" ? undefined : this.#changeable(id, maker);
    const headers = await this.#headersOf(given, known);
    const sealed = headers.length === 0 ? null : await sealer.seal(placeOf(id), JSON.stringify(headers));
    return storage.transactionSync(() => {
      const before = request.kind === "create" ? undefined : this.#changeable(id, maker);
      // What is asked again as it is goes on as it is.
      const isSame =
        before !== undefined && JSON.stringify(before.asked) === JSON.stringify(asked) && given.every(([, value]) => value === KEPT);
      const goesOn = isWanted && isSame && before.state === "active";
      const state = goesOn ? "active" : !isWanted ? "off" : asked.channel === "websocket" ? "active" : "requested";
      const isLiving = (row: SubscriptionRow) => row.state !== "off" && row.id !== id;
      if (isWanted && this.#rows.all().filter(isLiving).length >= MOST)
        throw problem("conflict", `There can be ${MOST} Subscriptions that are not off.`);
      const shown = shownSubscription({ ...resource, ...(request.kind === "update" && { id }) }, state);
      const answer = fhir.repository.writeSubscription({ ...request, resource: JSON.stringify(shown) }, reach, id);
      if (request.kind === "create" && answer.status !== 201) return answer;
      const webhook = before?.webhook ?? newId("webhook", maker.kind === "client" ? regionOf(maker.client) : region, now(), random);
      this.#rows.put({ id, webhook, maker, asked, base, headers: sealed, state }, asked.channel === "rest-hook");
      this.#known = undefined;
      if (state === "requested") this.#message(id, "handshake");
      if (isWanted) this.#state.timers.setEarliest(KEEPER, id, now());
      else this.#parts.sockets.release(id);
      return answer;
    });
  }

  /** What the records of a region are to be told, and what is to be sent. */
  audience(): SubscriptionNews {
    const webhooks = new Map(this.#rows.all().map(({ id, webhook }) => [id, webhook]));
    return {
      endpoints: this.#rows.news().map(({ id, webhook, asked, maker, state }) => ({
        webhook,
        subscription: id,
        url: asked.url ?? "",
        session: maker.kind === "app" ? maker.session : null,
        client: maker.kind === "client" ? { id: maker.client, organisation: maker.organisation } : null,
        isGone: state === "gone",
      })),
      pairs: this.#rows.open().flatMap(({ id, subscription }) => {
        const webhook = webhooks.get(subscription);
        return webhook === undefined ? [] : [{ event: id, webhook }];
      }),
    };
  }

  /** Notes that messages have deliveries, and that the records know of endpoints. */
  routed(events: readonly string[], webhooks: readonly string[]): void {
    this.#rows.routed(events);
    this.#rows.told(webhooks);
  }

  /** Whether an event is one of these messages. */
  owns(event: string): boolean {
    return this.#rows.notification(event) !== undefined;
  }

  /** Builds a message of what there is now, within reach of its Subscription's maker, logs that, and sends it. */
  async send(ask: SendAsk): Promise<SendOutcome> {
    const message = this.#rows.notification(ask.event);
    const row = message === undefined ? undefined : this.#rows.get(message.subscription);
    if (message === undefined || row === undefined || row.state === "off") return { kind: "dropped", reason: "gone" };
    if (this.#hasEnded(row)) return this.#drop(row, null, "expired");
    const reach = ask.isSessionOver === true ? undefined : this.#enter(row, ask.subscriber);
    if (reach === undefined) return this.#drop(row, ENDED, "no_consent");
    const { env, now } = this.#state;
    let url: string;
    try {
      // Checked again: the rules may have changed since it was given.
      url = checkEndpointUrl(row.asked.url ?? "", localHostsOf(env)).href;
    } catch (error) {
      if (!isProblem(error)) throw error;
      return this.#noted(row.id, message, { kind: "sent", status: 400, reason: "url_not_allowed", durationMs: 0 });
    }
    const body = JSON.stringify(this.#bundle(row, message.kind, this.#shown(row, message, reach)));
    const headers = Object.fromEntries(await this.#openHeaders(row));
    // A last look: whoever switched it off while headers were opened gets nothing.
    if ((this.#rows.get(row.id)?.state ?? "off") === "off") return { kind: "dropped", reason: "gone" };
    const sent = await sendWebhook(this.#parts.fetch, now, {
      url,
      secrets: [],
      id: ask.event,
      body,
      contentType: "application/fhir+json",
      headers,
      timeoutMs: row.asked.timeoutS * SECOND_MS,
    });
    return this.#noted(row.id, message, { kind: "sent", ...sent });
  }

  /** One operation of Subscriptions. */
  operate(actor: Reader, { kind, id, params }: SubscriptionOperation, reach: Reach): OperationAnswer {
    const all = (...names: string[]) => params.filter(([name]) => names.includes(name)).flatMap(([, value]) => value.split(","));
    const ids = id === undefined ? all("id", "ids") : [id];
    switch (kind) {
      case "status":
        return { entries: this.status(ids, all("status"), reach).map((entry) => ({ ...entry, mode: "match" })) };
      case "events":
        return { json: this.events(id ?? "", params, reach) };
      case "get-ws-binding-token":
        return { subscriptions: this.bindable(actor, ids, reach) };
    }
  }

  /** How Subscriptions stand, each as Parameters: all within reach, or some of them. Problem `not_found` for one that is not there. */
  status(ids: readonly string[], wanted: readonly string[], reach: Reach): { readonly reference: string; readonly json: string }[] {
    const rows = ids.length > 0 ? ids.map((id) => this.#visible(id, reach)) : this.#rows.all().filter((row) => this.#sees(row, reach));
    return rows
      .filter(({ state }) => wanted.length === 0 || wanted.includes(state))
      .map((row) => ({
        reference: `Subscription/${row.id}/$status`,
        json: JSON.stringify(statusOf(this.#stateOf(row), "query-status", [], row.asked.content)),
      }));
  }

  /** Events by their numbers, as a notification: what both its maker and whoever asks may see. Problems `not_found`, `malformed`. */
  events(id: string, params: Params, reach: Reach): string {
    const row = this.#visible(id, reach);
    const given = new Map(params);
    const from = numberOf(given.get("eventsSinceNumber"), 0);
    const to = numberOf(given.get("eventsUntilNumber"), Number.MAX_SAFE_INTEGER);
    const content = CONTENTS.find((one) => one === (given.get("content") ?? row.asked.content));
    if (content === undefined) throw problem("malformed", `content is one of ${CONTENTS.join(", ")}.`);
    const own = this.#reachOf(row);
    const seen = own === undefined ? undefined : intersection(own, reach);
    const events = seen === undefined ? [] : this.#rows.events(id, from, to, MOST_SHOWN).map((event) => this.#shownEvent(event, seen));
    return JSON.stringify(notificationBundle(this.#stateOf(row), "query-event", events, content, this.#state.now()));
  }

  /**
   * The Subscriptions that a socket can be bound to: those that are named, or all of the channel. An app binds what it made alone, since a
   * message has what its maker sees. Problems `not_found`, `invalid`.
   */
  bindable(actor: Reader, ids: readonly string[], reach: Reach): string[] {
    const asker = this.#makerOf(actor);
    const rows = ids.length > 0 ? ids.map((id) => this.#visible(id, reach)) : this.#rows.all().filter((row) => this.#sees(row, reach));
    const fitting = rows.filter(
      ({ asked, state, maker }) =>
        asked.channel === "websocket" && state !== "off" && (asker.kind === "person" || isSameMaker(maker, asker)),
    );
    if (fitting.length === 0 || (ids.length > 0 && fitting.length < ids.length))
      throw problem("invalid", "A socket is bound to Subscriptions of the channel websocket that are not off; an app's to its own.");
    return fitting.slice(0, MOST_BOUND).map(({ id }) => id);
  }

  /** A message of a socket: whoever is bound is greeted. */
  async receive(ws: WebSocket, message: string | ArrayBuffer): Promise<void> {
    for (const id of await this.#parts.sockets.receive(ws, message)) {
      const row = this.#rows.get(id);
      if (row !== undefined && row.state !== "off") this.#parts.sockets.send(id, JSON.stringify(this.#bundle(row, "handshake", [])), ws);
    }
  }

  /** What others asked for is off once they may see nothing any more. */
  #consentsChanged(): void {
    for (const row of this.#rows.all())
      if (row.maker.kind === "client" && row.state !== "off" && this.#reachOf(row) === undefined) this.#setState(row.id, "off", ENDED);
  }

  /** What an app made in a session that has ended is switched off. */
  endSession(session: SessionId): void {
    this.#parts.sockets.endSession(session);
    for (const row of this.#rows.all())
      if (row.maker.kind === "app" && row.maker.session === session && row.state !== "off") this.#setState(row.id, "off", ENDED);
  }

  /**
   * Goes on with what waits. After a move endpoints have the names under which the records of the new region know them, with what is still to
   * be delivered, and what apps made is off, since their sessions did not come along.
   */
  wake(isMoved: boolean): void {
    const { region, now, timers } = this.#state;
    this.#known = undefined;
    for (const row of this.#rows.all()) {
      if (isMoved && row.asked.channel === "rest-hook" && row.maker.kind !== "client")
        this.#rows.rename(row.id, inRegion(row.webhook, region));
      if (isMoved && row.maker.kind === "app" && row.state !== "off") this.#setState(row.id, "off", ENDED);
      else if (row.state !== "off") timers.setEarliest(KEEPER, row.id, now());
    }
    if (this.#rows.all().length > 0) timers.setEarliest(TIMER, "", now() + SETTLE_MS);
  }

  #delete(request: Extract<SubscriptionWrite, { kind: "delete" }>, maker: Maker, reach: Reach): FhirAnswer {
    const id = request.id ?? "";
    return this.#state.storage.transactionSync(() => {
      const row = this.#rows.get(id);
      // The person may end what their apps made.
      if (row !== undefined && maker.kind !== "person" && !isSameMaker(row.maker, maker)) throw problem("forbidden", ONLY_MAKER);
      const answer = this.#parts.fhir.repository.writeSubscription(request, reach);
      if (row !== undefined) this.#forget(row);
      return answer;
    });
  }

  #forget({ id, asked }: SubscriptionRow): void {
    this.#rows.remove(id, asked.channel === "rest-hook");
    this.#known = undefined;
    this.#state.timers.clear(KEEPER, id);
    this.#parts.sockets.release(id);
    this.#state.timers.setEarliest(TIMER, "", this.#state.now() + SETTLE_MS);
  }

  /** The row of one that this maker may change. */
  #changeable(id: string, maker: Maker): SubscriptionRow {
    const row = this.#rows.get(id);
    if (row === undefined) throw notFound("Subscription");
    if (!isSameMaker(row.maker, maker)) throw problem("forbidden", ONLY_MAKER);
    return row;
  }

  async #headersOf(given: Asked["headers"], known: SubscriptionRow | undefined): Promise<Asked["headers"]> {
    if (!given.some(([, value]) => value === KEPT)) return given;
    const before = known === undefined ? [] : await this.#openHeaders(known);
    return given.map(([name, value]) => {
      const kept = value === KEPT ? before.find(([other]) => other.toLowerCase() === name.toLowerCase())?.[1] : value;
      if (kept === undefined)
        throw problem("invalid", undefined, {
          errors: [{ pointer: "Subscription.channel.header", code: "invalid", message: `There is no value of ${name} yet: send one.` }],
        });
      return [name, kept];
    });
  }

  async #openHeaders({ id, headers }: SubscriptionRow): Promise<[string, string][]> {
    return headers === null ? [] : headersSchema.parse(JSON.parse(await this.#parts.sealer.unseal(placeOf(id), headers)));
  }

  /** Numbers an event for everybody whom a change concerns. Part of the writing transaction. */
  #changed({ type, id, interaction, body }: ResourceChange): void {
    if (type === "Subscription") return;
    let isHeard = false;
    for (const row of this.#living()) {
      if (!this.#concerns(row, body)) continue;
      this.#rows.addEvent(row.id, { interaction, focus: `${type}/${id}` });
      isHeard = true;
    }
    if (isHeard) this.#state.timers.setEarliest(TIMER, "", this.#state.now() + SETTLE_MS);
  }

  /** Notes windows of readings for everybody who listens to Observations; which of them fit is looked at later. */
  #readings(touched: readonly Touched[]): void {
    const living = this.#listeners();
    if (living.length === 0) return;
    for (const { metric, source, from, to, counts, isDerived } of touched) {
      // What was removed is seen to at the end, but that nights come together anew; what was computed is told of with what it was computed from.
      if ((counts === undefined && metric !== "sleep") || isDerived === true) continue;
      this.#written.add(seriesOf(metric, source));
      for (const row of living) this.#rows.addWindow({ subscription: row.id, metric, source, from, to });
    }
    this.#state.timers.setEarliest(TIMER, "", this.#state.now() + READINGS_MS);
  }

  /**
   * Numbers events for Observations that the transaction under way has removed, judged by what they were, and for those of which something
   * is left. They are named in the same manner as readings, but all of them.
   */
  #removed(): void {
    const living = this.#listeners();
    if (living.length === 0) return;
    const written = this.#written;
    this.#written = new Set();
    const { view } = this.#parts.fhir;
    for (const gone of Map.groupBy(view.takeGone(), ({ metric, source }) => seriesOf(metric, source)).values()) {
      const [first] = gone;
      const left = first !== undefined && written.has(seriesOf(first.metric, first.source)) ? [] : gone.filter(({ isThere }) => isThere);
      const now = left.flatMap(({ id }) => view.find("Observation", id) ?? []);
      for (const row of living) {
        this.#name(
          row,
          "delete",
          gone.flatMap(({ isThere, was }) => (isThere ? [] : [was])),
        );
        this.#name(row, "update", now);
      }
    }
  }

  /** Numbers events for the Observations that concern a Subscription, newest first, some in each. */
  #name(row: SubscriptionRow, interaction: Interaction, observations: readonly unknown[]): void {
    const fitting = observations.flatMap((one) =>
      isFields(one) && this.#concerns(row, one) ? [`Observation/${textAt(one, "id") ?? ""}`] : [],
    );
    for (let at = 0; at < fitting.length; at += MOST_CONTEXT + 1) {
      const [focus = "", ...context] = fitting.slice(at, at + MOST_CONTEXT + 1);
      this.#rows.addEvent(row.id, { interaction, focus, context });
    }
    if (fitting.length > 0) this.#state.timers.setEarliest(TIMER, "", this.#state.now() + SETTLE_MS);
  }

  /** Numbers an event of a laboratory result or report. What goes is judged by what it was. */
  #resulted({ type, id, interaction }: LabChange): void {
    if (!this.#living().some(({ asked }) => asked.grants.some((grant) => grant.type === type))) return;
    const body = this.#parts.fhir.view.find(type, id);
    if (isFields(body)) this.#changed({ type, id, interaction, body });
  }

  /** Those that hear of Observations. */
  #listeners(): readonly SubscriptionRow[] {
    return this.#living().filter(({ asked }) => asked.grants.some(({ type }) => type === "Observation"));
  }

  #living(): readonly SubscriptionRow[] {
    this.#known ??= this.#rows.all().filter(({ state }) => state === "active" || state === "error");
    return this.#known;
  }

  #concerns(row: SubscriptionRow, resource: Fields): boolean {
    const reach = this.#reachOf(row);
    if (reach === undefined || this.#hasEnded(row)) return false;
    const { search } = this.#parts.fhir.repository;
    return search.isWithin(resource, { grants: row.asked.grants }, "r") && search.isWithin(resource, reach, "r");
  }

  /** What a maker may see now; undefined where nothing is allowed any more. `judged` where the records have just said who a program is. */
  #reachOf({ maker }: SubscriptionRow, judged?: Judged): Reach | undefined {
    if (maker.kind === "person") return WHOLE_REACH;
    if (maker.kind === "app") return maker.reach;
    const { judge } = this.#parts.door;
    const scopes = policyScopesOf(maker.names);
    const { read } = judge.allowed({ ...(judged ?? maker.judged), scopes });
    // What its scopes became since counts as well.
    const known = judged === undefined ? read : read.filter((category) => judge.allowed(judged).read.includes(category));
    if (known.length === 0) return undefined;
    this.#parts.fhir.repository.classify();
    return intersection(reachOfReader({ read: known, write: [], advise: [] }), reachOfClient(maker.names));
  }

  /** Lets a message out, and logs that; undefined where its maker may see nothing any more. */
  #enter(row: SubscriptionRow, subscriber: Subscriber): Reach | undefined {
    const { door } = this.#parts;
    if (row.maker.kind !== "client") {
      door.system("subscriptions", { action: "export", resource: "fhir", about: [row.id] });
      return this.#reachOf(row);
    }
    const entry = door.tell(subscriber, { action: "read", resource: "fhir", category: "each", about: [row.id] });
    return entry === undefined ? undefined : this.#reachOf(row, subscriber.judged);
  }

  /** As whom somebody makes a Subscription. Problem `forbidden` for other people. */
  #makerOf(actor: Reader): Maker {
    if (actor.kind === "client")
      return {
        kind: "client",
        client: actor.client,
        organisation: actor.organisation ?? "",
        judged: judgedAs(actor),
        names: actor.names ?? [],
      };
    if (actor.person !== this.#state.person)
      throw problem("forbidden", "Subscriptions are made by the person, their apps, and programs of organisations.");
    return actor.reach === undefined ? { kind: "person" } : { kind: "app", session: actor.session, reach: actor.reach };
  }

  /** What a program sees of Subscriptions: those that it made. */
  grantsOf(actor: Reader): Grant[] {
    if (actor.kind !== "client") return [];
    const own = this.#rows.all().filter(({ maker }) => maker.kind === "client" && maker.client === actor.client);
    return own.length === 0 ? [] : [{ type: "Subscription", interactions: "rs", where: [["_id", own.map(({ id }) => id).join(",")]] }];
  }

  #hasEnded({ asked }: SubscriptionRow): boolean {
    return asked.endsAt !== undefined && asked.endsAt <= this.#state.now();
  }

  /** Looks at what has changed, makes messages, sends those of sockets, and asks for the others to be delivered. */
  async #work(): Promise<number | undefined> {
    const { storage, now, person } = this.#state;
    const texts = storage.transactionSync(() => {
      for (const window of this.#rows.takeWindows()) this.#look(window);
      return this.#current().flatMap((row) => this.#cut(row));
    });
    for (const [id, text] of texts) this.#parts.sockets.send(id, text);
    if (this.#rows.open().length === 0 && this.#rows.news().length === 0) return undefined;
    const pointer: EventsPointer = { kind: "webhook-events", person };
    await this.#parts.queue.send(pointer);
    return now() + RECALL_MS;
  }

  /** As they are now: their counts change. */
  #current(): SubscriptionRow[] {
    return this.#rows.all().filter(({ state }) => state === "active" || state === "error");
  }

  /** One event for a window of a metric and source, about the newest Observation that fits, with others beside it. */
  #look({
    subscription,
    metric,
    source,
    from,
    to,
  }: {
    subscription: string;
    metric: string;
    source: number;
    from: number;
    to: number;
  }): void {
    const row = this.#rows.get(subscription);
    if (row === undefined || (row.state !== "active" && row.state !== "error")) return;
    const fitting: string[] = [];
    let after: Parameters<FhirPart["view"]["window"]>[4];
    for (let page = 0; page < MOST_PAGES; page++) {
      const { observations, last } = this.#parts.fhir.view.window(metric, source, from, to, after, PAGE);
      for (const one of observations) if (isFields(one) && this.#concerns(row, one)) fitting.push(`Observation/${textAt(one, "id") ?? ""}`);
      fitting.splice(0, Math.max(0, fitting.length - MOST_CONTEXT - 1));
      if (last === undefined || observations.length < PAGE) break;
      after = last;
    }
    const focus = fitting.pop();
    // Views change as readings come in: an hour of a series grows.
    if (focus !== undefined) this.#rows.addEvent(subscription, { interaction: "update", focus, context: fitting.toReversed() });
  }

  /** Makes messages of events that are in none yet; returns those of sockets as texts. */
  #cut(row: SubscriptionRow): [string, string][] {
    const texts: [string, string][] = [];
    const { id, asked, events, notified } = row;
    for (let from = notified + 1; from <= events; from += asked.maxCount) {
      const to = Math.min(events, from + asked.maxCount - 1);
      if (asked.channel === "rest-hook") this.#rows.addNotification(id, "event-notification", from, to);
      else if (this.#parts.sockets.isHeard(id)) {
        const reach = this.#reachOf(row) ?? { grants: [] };
        texts.push([id, JSON.stringify(this.#bundle(row, "event-notification", this.#shown(row, { from, to }, reach)))]);
        this.#rows.noteSent(id, true);
      }
    }
    if (events > notified) this.#rows.setNotified(id, events);
    return texts;
  }

  /** Ends what has ended, and says that others still live. Returns when to look again. */
  #keep(id: string): number | undefined {
    const row = this.#rows.get(id);
    if (row === undefined || row.state === "off") return undefined;
    const now = this.#state.now();
    if (this.#hasEnded(row)) {
      this.#setState(id, "off", null);
      return undefined;
    }
    const { heartbeatS, endsAt = Infinity, channel } = row.asked;
    let next = Infinity;
    if (heartbeatS !== undefined) {
      next = (row.sentAt ?? now) + heartbeatS * SECOND_MS;
      if (next <= now && row.state !== "requested") {
        if (channel === "rest-hook") this.#message(id, "heartbeat");
        else this.#parts.sockets.send(id, JSON.stringify(this.#bundle(row, "heartbeat", [])));
        this.#rows.noteSent(id, true);
      }
      if (next <= now) next = now + heartbeatS * SECOND_MS;
    }
    const due = Math.min(next, endsAt);
    return due === Infinity ? undefined : due;
  }

  #message(id: string, kind: "handshake" | "heartbeat"): void {
    this.#rows.addNotification(id, kind, 0, 0);
    this.#state.timers.set(TIMER, "", this.#state.now());
  }

  /** Notes what came of a message: what is taken is active, what is not has an error, and what fails for good is off. */
  #noted(id: string, message: NotificationRow, sent: Extract<SendOutcome, { kind: "sent" }>): SendOutcome {
    const row = this.#rows.get(id);
    if (row === undefined) return sent;
    const verdict = judgeAttempt(sent, 1, this.#state.random);
    this.#state.storage.transactionSync(() => {
      const since = this.#rows.noteSent(id, verdict.kind === "delivered");
      if (row.state === "off") return;
      if (verdict.kind === "delivered") {
        if (row.state === "error" || (row.state === "requested" && message.kind === "handshake")) this.#setState(id, "active", null);
      } else if (verdict.kind === "gone") this.#setState(id, "off", "The endpoint says that it is gone.");
      else if (since !== undefined && since <= this.#state.now() - FAILING_MS)
        this.#setState(id, "off", "The endpoint has taken nothing for five days.");
      // Before the handshake there is nothing that could fail but that.
      else if (row.state !== "error")
        this.#setState(id, row.state === "requested" ? "requested" : "error", `The last message was not taken: ${verdict.reason}.`);
    });
    return sent;
  }

  #drop(row: SubscriptionRow, error: string | null, reason: "expired" | "no_consent"): SendOutcome {
    this.#setState(row.id, "off", error);
    return { kind: "dropped", reason };
  }

  /** Sets a status, in the resource too. */
  #setState(id: string, state: "requested" | "active" | "error" | "off", error: string | null): void {
    this.#state.storage.transactionSync(() => {
      this.#rows.setState(id, state, error);
      this.#known = undefined;
      this.#parts.fhir.repository.amend("Subscription", id, (resource) => shownSubscription(resource, state, error ?? undefined));
    });
    if (state === "off") this.#parts.sockets.release(id);
    else this.#state.timers.setEarliest(KEEPER, id, this.#state.now());
  }

  #shown(row: SubscriptionRow, { from, to }: Pick<NotificationRow, "from" | "to">, reach: Reach): ShownEvent[] {
    return to === 0 ? [] : this.#rows.events(row.id, from, to, MOST_SHOWN).map((event) => this.#shownEvent(event, reach));
  }

  /** An event as it may be told now: what is out of reach has a number and nothing else. */
  #shownEvent({ number, at, interaction, focus, context }: EventRow, reach: Reach): ShownEvent {
    const { view, repository } = this.#parts.fhir;
    const { search } = repository;
    const seen = (reference: string) => {
      const [type = "", id = ""] = reference.split("/");
      const resource = search.one(type, id, reach);
      // Of what is gone its id may say whether it was within reach.
      const known = resource ?? view.outline(type, id);
      const isIn = known === undefined ? limitsOf(reach, type, "r") === "all" : search.isWithin(known, reach, "r");
      return { isIn, resource: interaction === "delete" ? undefined : resource };
    };
    const own = seen(focus);
    return {
      number,
      at,
      interaction,
      focus: own.isIn ? focus : undefined,
      resource: own.isIn ? own.resource : undefined,
      context: context.flatMap((reference) => {
        const { isIn, resource } = seen(reference);
        return isIn && (resource !== undefined || interaction === "delete") ? [{ reference, resource }] : [];
      }),
    };
  }

  #bundle(row: SubscriptionRow, type: NotificationType, shown: readonly ShownEvent[]): Fields {
    return notificationBundle(this.#stateOf(row), type, shown, row.asked.content, this.#state.now());
  }

  #stateOf({ id, base, asked, state, error, events }: SubscriptionRow) {
    return { id, base, topic: asked.topic, status: state, error: error ?? undefined, events };
  }

  #visible(id: string, reach: Reach): SubscriptionRow {
    const row = this.#rows.get(id);
    if (row === undefined || !this.#sees(row, reach)) throw notFound("Subscription");
    return row;
  }

  #sees({ id }: SubscriptionRow, reach: Reach): boolean {
    const { search } = this.#parts.fhir.repository;
    const resource = search.one("Subscription", id, WHOLE_REACH);
    return resource !== undefined && search.isWithin(resource, reach, "r");
  }
}

/** Subscriptions that one socket is bound to. */
const MOST_BOUND = 20;
const ENDED = "What was allowed has ended.";
const OWN_ALONE: Reach = { grants: [{ type: "Subscription", interactions: "cud" }] };
const ONLY_MAKER = "Whoever made a Subscription changes it.";

function isSameMaker(one: Maker, other: Maker): boolean {
  if (one.kind === "app") return other.kind === "app" && one.session === other.session;
  if (one.kind === "client") return other.kind === "client" && one.client === other.client;
  return one.kind === other.kind;
}

function seriesOf(metric: string, source: number): string {
  return `${metric} ${source}`;
}

function placeOf(id: string) {
  return { table: "fhir_subscriptions", column: "headers", row: id };
}

function numberOf(text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  const number = Number(text);
  if (!/^\d{1,15}$/.test(text)) throw problem("malformed", "Numbers of events are whole numbers.");
  return number;
}
