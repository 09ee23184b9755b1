import { MINUTE_MS } from "../../../shared/clock";
import type { SessionId } from "../../../shared/id";
import { ADMISSION_HEADER, parseJson, readAdmission } from "../../../shared/live/admission";
import { metricFilter, type MetricFilter, parseMetricFilter } from "../../../shared/live/filter";
import { isProblem, problem, type ProblemCode } from "../../../shared/problem";
import type { Door } from "../access/door";
import type { RevokedSessions } from "../sessions";
import type { Touched, VaultState } from "../state";
import { Commits } from "./commits";
import { entriesOf } from "./entries";
import { latestItems } from "./latest";
import { LiveLog } from "./log";
import { readPublish } from "./publish";
import { CLOSE, type ClientMessage, LONGEST_MESSAGE, PING, PONG, readMessage, refOf, write } from "./protocol";
import { RedeemedTickets } from "./tickets";
import { MOST_SOCKETS, MOST_UNSEEN, type Watcher, Watchers } from "./watchers";

/** Commits and broadcasts happen at most ten times a second; the first after a pause happens at once. */
const TICK_MS = 100;
/** A longer past than this is told as a snapshot. */
const LONGEST_REPLAY = MOST_UNSEEN / 2;
const TIMER = "live";
const TIMER_EVERY = 5 * MINUTE_MS;

/**
 * The person's live stream: sockets publish readings and watch them, whatever path they came by. Everything that must survive is in
 * storage or in the sockets' attachments, and no timer is pending while nothing happens, so the object hibernates between readings.
 */
export class Live {
  readonly #state: VaultState;
  readonly #sessions: RevokedSessions;
  readonly #door: Door;
  readonly #watchers: Watchers;
  readonly #log: LiveLog;
  readonly #commits: Commits;
  readonly #tickets: RedeemedTickets;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #lastTick = Number.NEGATIVE_INFINITY;

  constructor(ctx: DurableObjectState, state: VaultState, sessions: RevokedSessions, door: Door) {
    this.#state = state;
    this.#sessions = sessions;
    this.#door = door;
    this.#watchers = new Watchers(ctx);
    this.#log = new LiveLog(state.sql);
    this.#commits = new Commits(state);
    this.#tickets = new RedeemedTickets(state);
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair(PING, PONG));
    state.onRecorded((touched) => this.#note(touched));
    state.timers.on(TIMER, async () => this.#keep());
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
    this.#door.enter({ ...admission.actor, ...(requestId !== null && { requestId }) }, { action: "read", resource: "live", about: filter });
    const after = query.get("after");
    if (this.#watchers.size >= MOST_SOCKETS) throw problem("unavailable", "Too many connections are open.");
    if (admission.ticket !== undefined) this.#tickets.redeem(admission.ticket);

    const { 0: client, 1: server } = new WebSocketPair();
    this.#broadcast();
    const watcher = this.#watchers.accept(server, admission.actor, filter);
    const now = this.#state.now();
    this.#log.watch(now);
    this.#state.timers.setEarliest(TIMER, "", now + TIMER_EVERY);
    this.#greet(watcher, after === null ? undefined : Number(after));
    return new Response(null, { status: 101, webSocket: client });
  }

  /** Says where the stream stands and tells what was missed after an entry, or how things are now where that is not known any more. */
  #greet(watcher: Watcher, after: number | undefined): void {
    const head = this.#log.head();
    const { filter, metrics } = watcher.group;
    const missed = after === undefined ? [] : this.#log.since(after, LONGEST_REPLAY);
    watcher.send(write.hello(missed === undefined ? head : (after ?? head), head));
    if (missed === undefined) {
      watcher.send(write.snapshot(head, latestItems(this.#state.sql, filter)));
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
    this.#watchers.refilter(watcher, filter);
    this.#greet(watcher, after);
  }

  /** Notes what a write touched, inside its transaction. */
  #note(touched: readonly Touched[]): void {
    const now = this.#state.now();
    const hasWatchers = this.#watchers.size > 0;
    if (!hasWatchers && !this.#log.isWatched(now)) return this.#log.rest();
    const { readings, changed } = entriesOf(touched, now);
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
