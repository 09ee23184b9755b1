import * as z from "zod";
import type { PersonActor } from "../../../shared/context";
import { parseId } from "../../../shared/id";
import type { MetricFilter } from "../../../shared/live/filter";
import { Pace } from "../../../shared/live/pace";
import { ROLE_NAMES } from "../../../shared/roles";
import type { Grant } from "./grants";
import { CLOSE } from "./protocol";

/** Most sockets of one person. */
export const MOST_SOCKETS = 1_000;
/** Most of them that one other person may have. */
export const MOST_OF_GUEST = 20;
/** Messages a second that one socket may send. */
const MESSAGES_PER_SECOND = 50;
/** So many more refused messages than accepted ones end the connection. */
const MOST_REFUSED = 200;
/** Characters that a socket may be sent beyond what its client has confirmed with `seen`. The runtime tells no backlog, so this bounds it. */
export const MOST_UNSEEN = 1_048_576;

/** What survives hibernation, in the socket's attachment: at most a few kilobytes. */
const guestSchema = z.tuple([z.array(z.enum(ROLE_NAMES)), z.enum(["aal1", "aal2"]), z.number()]);
const attachmentSchema = z.tuple([z.string(), z.string(), z.array(z.string()).nullable(), guestSchema.nullish()]);

/** Somebody else who watches by consent. What they see is decided anew whenever something changes, and kept nowhere. */
export interface Guest {
  /** What they asked for; their group's filter is what of it they may see. */
  wanted: MetricFilter;
  /** When their session ends by itself, epoch milliseconds. */
  readonly sessionEnds: number;
  grant: Grant;
}

/** What an actor may watch of what they want; undefined where nothing. */
export type GrantOf = (actor: PersonActor, wanted: MetricFilter) => Grant | undefined;

/** Watchers of one filter: they get the same texts. */
export interface Group {
  readonly key: string;
  readonly filter: MetricFilter;
  readonly metrics: ReadonlySet<string> | undefined;
  readonly watchers: Set<Watcher>;
  /** The newest entry that concerned the filter, once it was looked up. */
  last: number | undefined;
}

/** One open socket. */
export class Watcher {
  readonly ws: WebSocket;
  readonly actor: PersonActor;
  /** Absent for the person's own sockets. */
  readonly guest: Guest | undefined;
  group: Group;
  readonly #pace = new Pace(MESSAGES_PER_SECOND);
  #refused = 0;
  /** Characters sent up to `#mark` and after it, since the client confirmed. */
  #before = 0;
  #after = 0;
  #mark = 0;

  constructor(ws: WebSocket, actor: PersonActor, group: Group, guest?: Guest) {
    this.ws = ws;
    this.actor = actor;
    this.guest = guest;
    this.group = group;
  }

  /** Counts an incoming message; false where it is one too many and must not be applied. Ends the connection of a flood. */
  pass(now: number): boolean {
    if (this.#pace.pass(now)) {
      this.#refused = Math.max(0, this.#refused - 1);
      return true;
    }
    if (++this.#refused === MOST_REFUSED) this.ws.close(CLOSE.policy, "rate_limited");
    return false;
  }

  /** Sends a text; false where the client is too far behind or gone. */
  send(text: string): boolean {
    this.#after += text.length;
    if (this.#before + this.#after > MOST_UNSEEN) {
      this.ws.close(CLOSE.tryAgainLater, "too_slow");
      return false;
    }
    try {
      this.ws.send(text);
      return true;
    } catch {
      // The socket was closed on the way here; its close event follows.
      return false;
    }
  }

  /** The client has everything up to an entry. What was sent after the last confirmation's time counts on, which errs on the safe side. */
  seen(seq: number, sent: number): void {
    if (seq < this.#mark || seq > sent) return;
    this.#before = this.#after;
    this.#after = 0;
    this.#mark = sent;
  }
}

/** The open sockets of a person, by filter. Read from the runtime when first needed, so that a vault woken for a read pays nothing. */
export class Watchers {
  readonly #ctx: DurableObjectState;
  readonly #grantOf: GrantOf;
  readonly #groups = new Map<string, Group>();
  readonly #guests = new Set<Watcher>();
  #bySocket: Map<WebSocket, Watcher> | undefined;

  constructor(ctx: DurableObjectState, grantOf: GrantOf) {
    this.#ctx = ctx;
    this.#grantOf = grantOf;
  }

  get size(): number {
    return this.#all().size;
  }

  groups(): Iterable<Group> {
    this.#all();
    return this.#groups.values();
  }

  /** Those who watch by consent. */
  guests(): (Watcher & { readonly guest: Guest })[] {
    this.#all();
    return [...this.#guests].filter((watcher): watcher is Watcher & { readonly guest: Guest } => watcher.guest !== undefined);
  }

  /** The person's own. */
  own(): Watcher[] {
    return [...this.#all().values()].filter(({ guest }) => guest === undefined);
  }

  of(ws: WebSocket): Watcher | undefined {
    return this.#all().get(ws);
  }

  /** Takes a new socket in; its session is the tag under which it is found again. */
  accept(ws: WebSocket, actor: PersonActor, filter: MetricFilter, guest?: Guest): Watcher {
    const all = this.#all();
    this.#ctx.acceptWebSocket(ws, [actor.session]);
    const watcher = this.#add(all, ws, actor, filter, guest);
    this.#attach(watcher);
    return watcher;
  }

  /** Gives a watcher another filter. */
  refilter(watcher: Watcher, filter: MetricFilter): void {
    this.#leave(watcher);
    watcher.group = this.#group(filter);
    watcher.group.watchers.add(watcher);
    this.#attach(watcher);
  }

  remove(ws: WebSocket): void {
    const watcher = this.#all().get(ws);
    if (watcher === undefined) return;
    this.#all().delete(ws);
    this.#guests.delete(watcher);
    this.#leave(watcher);
  }

  /** The sockets of one session. */
  ofSession(session: string): WebSocket[] {
    return this.#ctx.getWebSockets(session);
  }

  /** Every open socket. */
  all(): WebSocket[] {
    return [...this.#all().keys()];
  }

  #all(): Map<WebSocket, Watcher> {
    if (this.#bySocket !== undefined) return this.#bySocket;
    const all = new Map<WebSocket, Watcher>();
    this.#bySocket = all;
    for (const ws of this.#ctx.getWebSockets()) {
      const attached = attachmentSchema.safeParse(ws.deserializeAttachment());
      const [personText, sessionText, filter, reader] = attached.data ?? ["", "", null, null];
      const person = parseId("person", personText);
      const session = parseId("session", sessionText);
      if (ws.readyState !== WebSocket.OPEN || person === undefined || session === undefined) continue;
      const wanted = filter ?? undefined;
      if (reader === null || reader === undefined) {
        this.#add(all, ws, { kind: "person", person, session }, wanted);
        continue;
      }
      const [roles, assurance, sessionEnds] = reader;
      const actor: PersonActor = { kind: "person", person, session, roles, assurance };
      const grant = this.#grantOf(actor, wanted);
      if (grant === undefined) ws.close(CLOSE.notAllowed, "not_allowed");
      else this.#add(all, ws, actor, grant.filter, { wanted, sessionEnds, grant });
    }
    return all;
  }

  #add(all: Map<WebSocket, Watcher>, ws: WebSocket, actor: PersonActor, filter: MetricFilter, guest?: Guest): Watcher {
    const group = this.#group(filter);
    const watcher = new Watcher(ws, actor, group, guest);
    group.watchers.add(watcher);
    if (guest !== undefined) this.#guests.add(watcher);
    all.set(ws, watcher);
    return watcher;
  }

  #attach({ ws, actor, group, guest }: Watcher): void {
    const reader = guest === undefined ? null : [actor.roles ?? [], actor.assurance ?? "aal1", guest.sessionEnds];
    ws.serializeAttachment([actor.person, actor.session, (guest === undefined ? group.filter : guest.wanted) ?? null, reader]);
  }

  #group(filter: MetricFilter): Group {
    const key = filter?.join(",") ?? "";
    const known = this.#groups.get(key);
    if (known !== undefined) return known;
    const group: Group = { key, filter, metrics: filter === undefined ? undefined : new Set(filter), watchers: new Set(), last: undefined };
    this.#groups.set(key, group);
    return group;
  }

  #leave(watcher: Watcher): void {
    const { group } = watcher;
    group.watchers.delete(watcher);
    if (group.watchers.size === 0) this.#groups.delete(group.key);
  }
}
