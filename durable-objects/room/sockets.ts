import { parseId, type PersonId, type SessionId } from "../../shared/id";
import { Pace } from "../../shared/live/pace";
import type { FanOut } from "./fan-out";
import { sendTo } from "./fan-out";
import type { EventLog } from "./log";
import type { Member, Members } from "./members";
import type { RoomState } from "./state";
import type { Typing } from "./typing";
import type { Unread } from "./unread";
import { MOST_SHOWN } from "./verbs";

/** Why the room closes a socket; the codes are those of the live stream. */
export const CLOSE = { sessionEnded: 4401, notAllowed: 4403, policy: 1008 } as const;

/** Most sockets of a room, and of one member of it. */
export const MOST_SOCKETS = 10_000;
export const MOST_OF_MEMBER = 20;
/** Frames a second that one socket may send; so many more refused than accepted ones end the connection. */
const FRAMES_PER_SECOND = 50;
const MOST_REFUSED = 200;
const TIMER = "sessions";
/** An eviction this soon after the last event may have kept it from somebody. */
const RECENT_MS = 15_000;

/** Who a socket belongs to, as its attachment keeps it through hibernation. */
export interface Attached {
  readonly member: number;
  readonly session: SessionId;
  /** When the session ends by itself, epoch milliseconds. */
  readonly until: number;
}

interface Parts {
  readonly members: Members;
  readonly unread: Unread;
  readonly fanOut: FanOut;
  readonly typing: Typing;
  readonly log: EventLog;
}

/** The tag of a member's sockets. */
export function memberTag(no: number): string {
  return `m${no}`;
}

/** The open sockets of a room, by member and session. Their tags and attachments are all there is to know, and survive hibernation. */
export class Sockets {
  readonly #ctx: DurableObjectState;
  readonly #state: RoomState;
  readonly #parts: Parts;
  readonly #paces = new WeakMap<WebSocket, { readonly pace: Pace; refused: number }>();
  /** The open sockets of each member, so that a room with thousands does not go through them for each that comes or goes. */
  readonly #open = new Map<number, Set<WebSocket>>();
  #size = 0;

  constructor(ctx: DurableObjectState, state: RoomState, parts: Parts) {
    this.#ctx = ctx;
    this.#state = state;
    this.#parts = parts;
    state.timers.on(TIMER, async () => this.#endOld());
    for (const socket of ctx.getWebSockets()) {
      const no = attachedTo(socket)?.member;
      if (no !== undefined && socket.readyState === WebSocket.OPEN) this.#add(no, socket);
    }
    const lastAt = parts.log.lastAt();
    // Woken soon after something happened: a crash may have come between storing and telling it. Whoever misses a number asks for it.
    if (lastAt !== undefined && state.now() - lastAt < RECENT_MS && this.size > 0) parts.fanOut.all(this.#head());
  }

  /** How many are open. */
  get size(): number {
    return this.#size;
  }

  /** How many a member has open. */
  count(member: number): number {
    return this.#open.get(member)?.size ?? 0;
  }

  of(member: number): WebSocket[] {
    return this.#ctx.getWebSockets(memberTag(member)).filter(({ readyState }) => readyState === WebSocket.OPEN);
  }

  /** A new socket of a member: says where the room stands. Presence is told where it is public and the room small. */
  opened(socket: WebSocket, member: Member, until: number): string {
    const { members, fanOut, unread, log } = this.#parts;
    this.#add(member.no, socket);
    this.#state.timers.setEarliest(TIMER, "", until);
    const isSmall = members.active <= MOST_SHOWN;
    if (isSmall && member.presence === "public" && this.count(member.no) === 1)
      fanOut.signal(`presence ${member.no}`, { kind: "presence", member: member.no, online: true });
    return JSON.stringify({
      type: "hello",
      member: member.no,
      head: log.head,
      until: new Date(until).toISOString(),
      unread: unread.view(member),
      online: isSmall ? this.#online() : null,
      receipts: isSmall ? unread.publicMarks(MOST_SHOWN) : null,
    });
  }

  /** A socket has gone. */
  closed(socket: WebSocket, member: number): void {
    const mine = this.#open.get(member);
    if (mine?.delete(socket) !== true) return;
    this.#size--;
    if (mine.size > 0) return;
    this.#open.delete(member);
    const { members, fanOut, typing } = this.#parts;
    typing.gone(member, this.#state.now());
    const who = members.byNo(member);
    if (who?.presence === "public" && who.state === "active" && members.active <= MOST_SHOWN)
      fanOut.signal(`presence ${member}`, { kind: "presence", member, online: false });
  }

  /** Counts a frame; false where it is one too many. Ends the connection of a flood. */
  pass(socket: WebSocket): boolean {
    const known = this.#paces.get(socket) ?? { pace: new Pace(FRAMES_PER_SECOND), refused: 0 };
    this.#paces.set(socket, known);
    if (known.pace.pass(this.#state.now())) {
      known.refused = Math.max(0, known.refused - 1);
      return true;
    }
    if (++known.refused === MOST_REFUSED) socket.close(CLOSE.policy, "rate_limited");
    return false;
  }

  /** Closes every socket of a member. */
  expel(member: number): void {
    for (const socket of this.of(member)) this.#end(socket, member, CLOSE.notAllowed, "not_allowed");
  }

  /** Closes a person's sockets of one session, or of all. */
  dismiss(person: PersonId, session: SessionId | undefined): void {
    const member = this.#parts.members.byPerson(person);
    if (member === undefined) return;
    for (const socket of this.of(member.no)) {
      if (session !== undefined && attachedTo(socket)?.session !== session) continue;
      this.#end(socket, member.no, CLOSE.sessionEnded, "session_ended");
    }
  }

  endAll(): void {
    for (const socket of this.#ctx.getWebSockets()) close(socket, CLOSE.notAllowed, "not_allowed");
  }

  #add(member: number, socket: WebSocket): void {
    const mine = this.#open.get(member) ?? new Set();
    this.#open.set(member, mine);
    if (mine.has(socket)) return;
    mine.add(socket);
    this.#size++;
  }

  /** Closes a socket of a member, who counts as gone from now on: whoever does not answer the closing lingers. */
  #end(socket: WebSocket, member: number, code: number, reason: string): void {
    close(socket, code, reason);
    this.closed(socket, member);
  }

  #online(): number[] {
    return [...this.#open.keys()].filter((no) => this.#parts.members.byNo(no)?.presence === "public").toSorted((a, b) => a - b);
  }

  #head(): string {
    return `{"type":"head","seq":${this.#parts.log.head}}`;
  }

  /** Closes sockets whose session has ended by itself. */
  #endOld(): number | undefined {
    const now = this.#state.now();
    let next = Number.POSITIVE_INFINITY;
    for (const socket of this.#ctx.getWebSockets()) {
      const attached = attachedTo(socket);
      if (attached === undefined) close(socket, CLOSE.sessionEnded, "session_ended");
      else if (attached.until <= now) this.#end(socket, attached.member, CLOSE.sessionEnded, "session_ended");
      else next = Math.min(next, attached.until);
    }
    return Number.isFinite(next) ? next : undefined;
  }
}

/** What the attachment of a socket says, which partyserver keeps beside its own. */
export function attachedTo(socket: WebSocket): Attached | undefined {
  const whole: unknown = WebSocket.prototype.deserializeAttachment.call(socket);
  if (typeof whole !== "object" || whole === null || !("__user" in whole)) return undefined;
  return parseAttached(whole.__user);
}

/** A connection's state as it was set, or undefined where it is none. */
export function parseAttached(value: unknown): Attached | undefined {
  if (!Array.isArray(value)) return undefined;
  const [member, sessionText, until] = value as unknown[];
  const session = typeof sessionText === "string" ? parseId("session", sessionText) : undefined;
  if (typeof member !== "number" || session === undefined || typeof until !== "number") return undefined;
  return { member, session, until };
}

function close(socket: WebSocket, code: number, reason: string): void {
  try {
    socket.close(code, reason);
  } catch {
    // It has gone already.
  }
}

export { sendTo };
