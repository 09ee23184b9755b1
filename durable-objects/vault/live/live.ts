import { MINUTE_MS } from "../../../shared/clock";
import type { PersonActor } from "../../../shared/context";
import type { SessionId } from "../../../shared/id";
import { type Admission, ADMISSION_HEADER, parseJson, readAdmission } from "../../../shared/live/admission";
import { metricFilter, type MetricFilter, parseMetricFilter } from "../../../shared/live/filter";
import { isProblem, problem, type ProblemCode } from "../../../shared/problem";
import type { Door } from "../access/door";
import { judgedAs } from "../access/judge";
import type { Consents } from "../consents/consents";
import type { Notification } from "../notifications/rows";
import type { RevokedSessions } from "../sessions";
import type { Sources } from "../store/sources";
import type { Touched, VaultState } from "../state";
import { Commits } from "./commits";
import { entriesOf } from "./entries";
import { categoriesAsked, type Grant, visibleOf } from "./grants";
import { latestItems } from "./latest";
import { LiveLog } from "./log";
import { readPublish } from "./publish";
import { CLOSE, type ClientMessage, LONGEST_MESSAGE, PING, PONG, readMessage, refOf, write } from "./protocol";
import { RedeemedTickets } from "./tickets";
import { type Guest, MOST_OF_GUEST, MOST_SOCKETS, MOST_UNSEEN, type Watcher, Watchers } from "./watchers";

/** Commits and broadcasts happen at most ten times a second; the first after a pause happens at once. */
const TICK_MS = 100;
/** A longer past than this is told as a snapshot. */
const LONGEST_REPLAY = MOST_UNSEEN / 2;
const TIMER = "live";
const TIMER_EVERY = 5 * MINUTE_MS;
const GRANTS_TIMER = "live-grants";

/** Who decides about watchers. */
interface LiveParts {
  readonly sessions: RevokedSessions;
  readonly door: Door;
  readonly consents: Consents;
}

/**
 * The person's live stream: sockets publish readings and watch them, whatever path they came by. Others watch by consent, for as long as
 * it lasts: what they see is decided anew whenever a consent changes, begins or ends. Everything that must survive is in
 * storage or in the sockets' attachments, and no timer is pending while nothing happens, so the object hibernates between readings.
 */
export class Live {
  readonly #state: VaultState;
  readonly #sources: Sources;
  readonly #sessions: RevokedSessions;
  readonly #door: Door;
  readonly #consents: Consents;
  readonly #watchers: Watchers;
  readonly #log: LiveLog;
  readonly #commits: Commits;
  readonly #tickets: RedeemedTickets;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #lastTick = Number.NEGATIVE_INFINITY;

  constructor(ctx: DurableObjectState, state: VaultState, sources: Sources, { sessions, door, consents }: LiveParts) {
    this.#state = state;
    this.#sources = sources;
    this.#sessions = sessions;
    this.#door = door;
    this.#consents = consents;
    this.#watchers = new Watchers(ctx, (actor, wanted) => this.#grantOf(actor, wanted));
    this.#log = new LiveLog(state.sql);
    this.#commits = new Commits(state);
    this.#tickets = new RedeemedTickets(state);
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair(PING, PONG));
    state.onRecorded((touched) => this.#note(touched));
    state.timers.on(TIMER, async () => this.#keep());
    state.timers.on(GRANTS_TIMER, async () => this.#reconsider(() => true));
    consents.onChanged((grantee) => {
      const next = this.#reconsider(({ actor }) => actor.person === grantee);
      if (next !== undefined) state.timers.setEarliest(GRANTS_TIMER, "", next);
    });
    // A crash between a commit and its broadcast: those who stayed connected get the rest now, perhaps for the second time.
    if (this.#log.unsent && this.#watchers.size > 0) this.#schedule();
  }

  /** Answers the Worker's upgrade request: 101 with a socket, or the code of the problem as JSON. */
  connect(request: Request): Response {
    try {
      return this.#open(request);
    } catch (error) {
      if (!isProblem(error)) throw error;
      return Response.json({ code: error.code, detail: error.detail }, { status: error.status });
    }
  }

  /** A message of a client. Invalid ones are answered with an error and change nothing. */
  receive(ws: WebSocket, message: string | ArrayBuffer): void {
    const watcher = this.#watchers.of(ws);
    if (watcher === undefined) return;
    if (this.#sessions.isEnded(watcher.actor)) return this.#close(ws, CLOSE.sessionEnded, "session_ended");
    if (watcher.guest !== undefined) this.#reconsiderDue();
    if (this.#watchers.of(ws) === undefined) return;
    const isReadable = typeof message === "string" && message.length <= LONGEST_MESSAGE;
    const value = isReadable ? parseJson(message) : undefined;
    if (!watcher.pass(this.#state.now())) return this.#refuse(watcher, "rate_limited", "Send at most 50 messages a second.", refOf(value));
    if (!isReadable && typeof message === "string")
      return this.#refuse(watcher, "too_large", `A message has at most ${LONGEST_MESSAGE} characters.`);
    if (value === undefined) return this.#refuse(watcher, "malformed", "A message is one JSON object, sent as text.");
    const read = readMessage(value);
    if ("type" in read) return this.#apply(watcher, read);
    watcher.send(write.error("invalid", "The message is not valid.", refOf(value), read));
  }

  /** A socket is gone. */
  closed(ws: WebSocket): void {
    this.#watchers.remove(ws);
    if (this.#watchers.size === 0) this.#log.watch(this.#state.now());
  }

  /** Closes the sockets of a session that has ended. */
  endSession(session: SessionId): void {
    for (const ws of this.#watchers.ofSession(session)) this.#close(ws, CLOSE.sessionEnded, "session_ended");
  }

  /** Closes what a person watches here, in one of their sessions or in all: they come back and are decided about anew. */
  dismiss(person: string, session: SessionId | undefined): void {
    for (const { ws, actor } of this.#watchers.guests()) {
      if (actor.person !== person || (session !== undefined && actor.session !== session)) continue;
      if (session === undefined) this.#close(ws, CLOSE.notAllowed, "not_allowed");
      else this.#close(ws, CLOSE.sessionEnded, "session_ended");
    }
  }

  /** Tells the person's own sockets that something has come into their inbox. What is said of it there is asked for. */
  notice(
    entry: { readonly id: string; readonly kind: string; readonly reference: string; readonly isUrgent: boolean },
    unread: number,
  ): void {
    for (const watcher of this.#watchers.own()) watcher.send(write.notice(entry, unread));
  }

  /** Tells the person's own sockets of a notification. */
  notify(
    { id, type, priority, about, count }: Pick<Notification, "id" | "type" | "priority" | "about" | "count">,
    shown: { readonly title: string; readonly body: string },
    unread: number,
  ): void {
    const text = write.notification({ id, kind: type, priority, about, ...shown, count, unread });
    for (const watcher of this.#watchers.own()) watcher.send(text);
  }

  /** Uses up a ticket that opens a stream somewhere else. Throws `unauthenticated`. */
  redeem(ticket: NonNullable<Admission["ticket"]>): void {
    this.#tickets.redeem(ticket);
  }

  /** Commits what waits and closes every socket. */
  endAll(): void {
    if (this.#timer !== undefined) this.#tick();
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const ws of this.#watchers.all()) this.#close(ws, CLOSE.sessionEnded, "session_ended");
  }

  #open(request: Request): Response {
    const admission = readAdmission(request.headers.get(ADMISSION_HEADER));
    if (admission === undefined) throw problem("unauthenticated");
    if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") throw problem("malformed", "Ask for an upgrade to a WebSocket.");
    const query = new URL(request.url).searchParams;
    const filter = parseMetricFilter(query.get("metrics") ?? undefined);
    const requestId = request.headers.get("x-request-id");
    const actor: PersonActor = { ...admission.actor, ...(requestId !== null && { requestId }) };
    const guest = this.#enter(actor, filter, admission.sessionEnds);
    const after = query.get("after");
    const ofGuest = this.#watchers.guests().filter((one) => one.actor.person === actor.person).length;
    if (this.#watchers.size >= MOST_SOCKETS || ofGuest >= MOST_OF_GUEST) throw problem("unavailable", "Too many connections are open.");
    if (admission.ticket !== undefined) this.#tickets.redeem(admission.ticket);

    const { 0: client, 1: server } = new WebSocketPair();
    this.#broadcast();
    const watcher = this.#watchers.accept(server, admission.actor, guest === undefined ? filter : guest.grant.filter, guest);
    const now = this.#state.now();
    this.#log.watch(now);
    this.#state.timers.setEarliest(TIMER, "", now + TIMER_EVERY);
    if (guest !== undefined) this.#state.timers.setEarliest(GRANTS_TIMER, "", dueAt(guest));
    this.#greet(watcher, after === null ? undefined : Number(after));
    return new Response(null, { status: 101, webSocket: client });
  }

  /** Decides about a socket and logs it: undefined for the person's own. Throws what the door throws. */
  #enter(actor: PersonActor, wanted: MetricFilter, sessionEnds: number | undefined): Guest | undefined {
    const isOwn = actor.person === this.#state.person;
    const category = isOwn ? undefined : categoriesAsked(wanted);
    this.#door.enter(actor, { action: "read", resource: "live", category, about: wanted });
    if (isOwn) return undefined;
    const grant = this.#grantOf(actor, wanted);
    if (grant === undefined) throw problem("not_found", "No such person.");
    // Without a word about the session it ends now.
    return { wanted, sessionEnds: sessionEnds ?? this.#state.now(), grant };
  }

  #grantOf(actor: PersonActor, wanted: MetricFilter): Grant | undefined {
    const judged = judgedAs(actor);
    const categories = categoriesAsked(wanted).filter(
      (category) => this.#door.judge.access(judged, "read", "live", category).decision.allow,
    );
    const filter = visibleOf(wanted, categories);
    return filter.length === 0 ? undefined : { categories, filter, until: this.#consents.nextChange({ kind: "person", id: actor.person }) };
  }

  /** Decides again about those who watch by consent. Returns when that is due the next time by itself. */
  #reconsider(concerns: (watcher: Watcher) => boolean): number | undefined {
    for (const watcher of this.#watchers.guests()) {
      if (!concerns(watcher)) continue;
      const { ws, actor, guest } = watcher;
      if (guest.sessionEnds <= this.#state.now()) {
        this.#close(ws, CLOSE.sessionEnded, "session_ended");
        continue;
      }
      const grant = this.#grantOf(actor, guest.wanted);
      if (grant === undefined) this.#close(ws, CLOSE.notAllowed, "not_allowed");
      else this.#regrant(watcher, guest, grant);
    }
    const next = Math.min(...this.#watchers.guests().map(({ guest }) => dueAt(guest)));
    return next === Infinity ? undefined : next;
  }

  /** Nothing is sent beforehand: what waits to be sent falls under the new decision. */
  #regrant(watcher: Watcher, guest: Guest, grant: Grant): void {
    const isSame = grant.filter.join() === guest.grant.filter.join();
    guest.grant = grant;
    if (isSame) return;
    this.#watchers.refilter(watcher, grant.filter);
    watcher.send(write.granted(grant.categories));
  }

  /** The timer may come late; no message goes out on a decision whose time is over. */
  #reconsiderDue(): void {
    const now = this.#state.now();
    const guests = this.#watchers.guests();
    if (guests.some(({ guest }) => dueAt(guest) <= now)) this.#reconsider(({ guest }) => guest !== undefined && dueAt(guest) <= now);
  }

  /** Says where the stream stands and tells what was missed after an entry, or how things are now where that is not known any more. */
  #greet(watcher: Watcher, after: number | undefined): void {
    const head = this.#log.head();
    const { filter, metrics } = watcher.group;
    const missed = after === undefined ? [] : this.#log.since(after, LONGEST_REPLAY);
    watcher.send(write.hello(missed === undefined ? head : (after ?? head), head));
    if (watcher.guest !== undefined) watcher.send(write.granted(watcher.guest.grant.categories));
    if (missed === undefined) {
      watcher.send(
        write.snapshot(head, latestItems(this.#state.sql, filter, watcher.guest === undefined ? [] : this.#sources.forPersonAlone())),
      );
      return;
    }
    let prev = after ?? head;
    for (const entry of missed) {
      if (!entry.concerns(metrics)) continue;
      watcher.send(entry.text(metrics, prev));
      prev = entry.seq;
    }
  }

  #apply(watcher: Watcher, message: ClientMessage): void {
    switch (message.type) {
      case "publish":
        if (watcher.guest !== undefined) return this.#refuse(watcher, "forbidden", "Only the person publishes here.", message.ref);
        this.#commits.add(watcher, readPublish(message, this.#state.now()));
        if (this.#commits.isFull) this.#tick();
        else this.#schedule();
        return;
      case "subscribe":
        return this.#subscribe(watcher, message.metrics, message.after);
      case "seen":
        return watcher.seen(message.seq, this.#log.head());
      case "ping":
        watcher.send(PONG);
    }
  }

  #subscribe(watcher: Watcher, metrics: readonly string[] | undefined, after: number | undefined): void {
    let filter: MetricFilter;
    try {
      filter = metricFilter(metrics);
    } catch (error) {
      if (!isProblem(error)) throw error;
      return this.#refuse(watcher, error.code, error.message);
    }
    this.#broadcast();
    const { actor, guest } = watcher;
    if (guest === undefined) {
      this.#watchers.refilter(watcher, filter);
      return this.#greet(watcher, after);
    }
    try {
      // Another filter is another access.
      const { grant } = this.#enter(actor, filter, guest.sessionEnds) ?? guest;
      Object.assign(guest, { wanted: filter, grant });
    } catch (error) {
      if (!isProblem(error)) throw error;
      return this.#refuse(watcher, error.code, error.message);
    }
    this.#watchers.refilter(watcher, guest.grant.filter);
    this.#state.timers.setEarliest(GRANTS_TIMER, "", dueAt(guest));
    this.#greet(watcher, after);
  }

  /** Notes what a write touched, inside its transaction. */
  #note(touched: readonly Touched[]): void {
    const now = this.#state.now();
    const hasWatchers = this.#watchers.size > 0;
    if (!hasWatchers && !this.#log.isWatched(now)) return this.#log.rest();
    const { readings, changed } = entriesOf(touched, now, (source) => this.#sources.isForPersonAlone(source));
    for (const window of changed) this.#log.appendChanged(window, now);
    if (readings !== undefined) this.#log.appendReadings(readings, now);
    if (hasWatchers) this.#schedule();
  }

  #schedule(): void {
    if (this.#timer !== undefined) return;
    const wait = Math.max(0, this.#lastTick + TICK_MS - this.#state.now());
    this.#timer = setTimeout(() => this.#tick(), wait);
  }

  #tick(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#lastTick = this.#state.now();
    const committed = this.#commits.run();
    const sent = this.#broadcast();
    // One more tick after the last: it finds nothing, keeps how far we are, and lets the object sleep.
    if (committed || sent) this.#schedule();
    else this.#log.settle();
  }

  /** Sends what was noted since the last time. Returns whether there was anything. */
  #broadcast(): boolean {
    if (!this.#log.unsent) return false;
    this.#reconsiderDue();
    const entries = this.#log.takeUnsent();
    for (const group of this.#watchers.groups()) {
      for (const entry of entries) {
        if (!entry.concerns(group.metrics)) continue;
        const prev = group.metrics === undefined ? entry.seq - 1 : (group.last ?? this.#log.lastConcerning(group.filter, entry.seq));
        group.last = entry.seq;
        const text = entry.text(group.metrics, prev);
        for (const watcher of group.watchers) if (!watcher.send(text)) this.closed(watcher.ws);
      }
    }
    return entries.length > 0;
  }

  /** The regular clean-up behind the timer. */
  #keep(): number | undefined {
    const now = this.#state.now();
    if (this.#watchers.size > 0) this.#log.watch(now);
    const hasEntries = this.#log.prune(now);
    return hasEntries || this.#log.isWatched(now) ? now + TIMER_EVERY : undefined;
  }

  #refuse(watcher: Watcher, code: ProblemCode, detail: string, about?: string): void {
    watcher.send(write.error(code, detail, about));
  }

  #close(ws: WebSocket, code: number, reason: string): void {
    ws.close(code, reason);
    this.closed(ws);
  }
}

/** When the decision about a guest is over by itself. */
function dueAt({ sessionEnds, grant }: Guest): number {
  return Math.min(sessionEnds, grant.until);
}
