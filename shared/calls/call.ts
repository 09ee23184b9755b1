import { MINUTE_MS, SECOND_MS } from "../clock";
import type { Media } from "./frames";

/** So long it rings, and so long somebody whose connection is lost stays in the call. Milliseconds. */
export const RING_MS = 45 * SECOND_MS;
export const GRACE_MS = 30 * SECOND_MS;
/** A call in which nobody is ends after this, for whoever begins it alone: as long as it rings, and a little more. */
export const EMPTY_MS = 2 * MINUTE_MS;
export const LONGEST_MS = 12 * 3_600_000;

/** `ringing`: asked. `waiting`: in the lobby. `away`: lost, and may come back. */
export type PartyState = "ringing" | "declined" | "missed" | "waiting" | "refused" | "joined" | "away" | "left" | "removed";

/** Somebody in a call. Times epoch milliseconds. */
export interface Party {
  readonly member: number;
  readonly role: "host" | "participant";
  readonly state: PartyState;
  /** The connection that takes part; null where none does. */
  readonly socket: string | null;
  /** Grows with every joining: what was meant for an earlier connection is not for this one. */
  readonly peer: number;
  readonly audio: boolean;
  readonly video: boolean;
  readonly screen: boolean;
  readonly since: number;
  /** Milliseconds that they were in it before `since`. */
  readonly spent: number;
}

export type EndReason = "ended" | "left" | "missed" | "declined" | "window" | "too_long" | "closed";

export interface Call {
  readonly id: string;
  readonly media: Media;
  /** `direct`: the participants connect to each other. `sfu`: everybody to a server that forwards. */
  readonly mode: "direct" | "sfu";
  readonly lobby: boolean;
  readonly by: number;
  readonly startedAt: number;
  readonly opensAt: number | null;
  readonly closesAt: number | null;
  readonly endedAt: number | null;
  readonly reason: EndReason | null;
  /** When two were in it for the first time. */
  readonly answeredAt: number | null;
  readonly peers: number;
  readonly parties: readonly Party[];
}

/** Why something cannot be done; the room makes a problem of it. */
export type Refusal =
  | "ended"
  | "not_open_yet"
  | "window_over"
  | "not_in_call"
  | "not_host"
  | "no_such_party"
  | "refused"
  | "full"
  | "last_host";

export class CallRefusal extends Error {
  override readonly name = "CallRefusal";
  readonly why: Refusal;
  constructor(why: Refusal) {
    super(why);
    this.why = why;
  }
}

/** Most that connect to each other directly, and through a server that forwards. */
export const MOST_DIRECT = 6;
export const MOST_SFU = 50;

export type Event =
  | {
      readonly kind: "join";
      readonly member: number;
      readonly socket: string | null;
      readonly peer?: number;
      readonly media?: Partial<Pick<Party, "audio" | "video" | "screen">>;
    }
  | { readonly kind: "decline"; readonly member: number }
  | { readonly kind: "leave"; readonly member: number }
  | { readonly kind: "lost"; readonly member: number; readonly socket: string }
  | { readonly kind: "gone"; readonly member: number }
  | { readonly kind: "admit"; readonly by: number; readonly member: number; readonly admit: boolean }
  | { readonly kind: "remove"; readonly by: number; readonly member: number }
  | { readonly kind: "host"; readonly by: number; readonly member: number; readonly host: boolean }
  | { readonly kind: "mute"; readonly by: number; readonly member: number }
  | { readonly kind: "media"; readonly member: number; readonly media: Partial<Pick<Party, "audio" | "video" | "screen">> }
  | { readonly kind: "end"; readonly by: number }
  | { readonly kind: "closed" }
  | { readonly kind: "tick" };

export interface Beginning {
  readonly id: string;
  readonly media: Media;
  readonly mode: Call["mode"];
  readonly lobby: boolean;
  readonly by: number;
  readonly ring: readonly number[];
  readonly opensAt: number | null;
  readonly closesAt: number | null;
}

/** A call that begins: it rings whom it is to ring, and nobody is in it. */
export function begin({ ring, by, ...rest }: Beginning, now: number): Call {
  const asked = (member: number): Party => ({
    member,
    role: member === by ? "host" : "participant",
    state: member === by ? "left" : "ringing",
    socket: null,
    peer: 0,
    audio: false,
    video: false,
    screen: false,
    since: now,
    spent: 0,
  });
  const parties = [...new Set([by, ...ring])].map(asked);
  return { ...rest, by, startedAt: now, endedAt: null, reason: null, answeredAt: null, peers: 0, parties };
}

/** The call after something happened; the same object where nothing changed. Throws `CallRefusal`. */
export function after(call: Call, event: Event, now: number): Call {
  if (call.endedAt !== null) {
    if (event.kind === "tick" || event.kind === "lost" || event.kind === "leave" || event.kind === "gone" || event.kind === "closed")
      return call;
    throw new CallRefusal("ended");
  }
  return settled(changed(call, event, now), now);
}

function changed(call: Call, event: Event, now: number): Call {
  switch (event.kind) {
    case "join":
      return joined(call, event, now);
    case "decline": {
      const party = partyOf(call, event.member);
      return party.state === "ringing" ? withParty(call, move(party, "declined", now)) : call;
    }
    case "leave":
    case "gone": {
      const party = call.parties.find(({ member }) => member === event.member);
      return party === undefined || !isHere(party) ? call : withParty(call, move(party, "left", now));
    }
    case "lost": {
      const party = call.parties.find(({ member }) => member === event.member);
      if (party === undefined || party.socket !== event.socket) return call;
      return withParty(call, move(party, party.state === "joined" ? "away" : "left", now));
    }
    case "admit": {
      requireHost(call, event.by);
      const party = partyOf(call, event.member);
      if (party.state !== "waiting") return call;
      if (!event.admit) return withParty(call, move(party, "refused", now));
      requireRoom(call);
      return withPeer(call, { ...party, state: "joined", since: now });
    }
    case "remove": {
      requireHost(call, event.by);
      const party = partyOf(call, event.member);
      return isHere(party) || party.state === "ringing" ? withParty(call, move(party, "removed", now)) : call;
    }
    case "host": {
      requireHost(call, event.by);
      const party = partyOf(call, event.member);
      const isLast = !event.host && call.parties.every(({ role, member }) => role !== "host" || member === event.member);
      if (isLast) throw new CallRefusal("last_host");
      return withParty(call, { ...party, role: event.host ? "host" : "participant" });
    }
    case "mute": {
      requireHost(call, event.by);
      const party = partyOf(call, event.member);
      // A host can silence, and never switch on.
      return party.audio ? withParty(call, { ...party, audio: false }) : call;
    }
    case "media": {
      const party = partyOf(call, event.member);
      if (!isHere(party)) throw new CallRefusal("not_in_call");
      return withParty(call, { ...party, ...given(event.media) });
    }
    case "end":
      requireHost(call, event.by);
      return ended(call, "ended", now);
    case "closed":
      return ended(call, "closed", now);
    case "tick":
      return call;
  }
}

function joined(call: Call, { member, socket, peer, media = {} }: Extract<Event, { kind: "join" }>, now: number): Call {
  if (call.opensAt !== null && now < call.opensAt) throw new CallRefusal("not_open_yet");
  if (call.closesAt !== null && now >= call.closesAt) throw new CallRefusal("window_over");
  const known = call.parties.find((one) => one.member === member);
  const party: Party = known ?? {
    member,
    role: "participant",
    state: "left",
    socket: null,
    peer: 0,
    audio: false,
    video: false,
    screen: false,
    since: now,
    spent: 0,
  };
  if (party.state === "removed" || party.state === "refused") throw new CallRefusal("refused");
  // The same connection again changes nothing but what it says of itself; another one takes over, on whatever device.
  if (party.state === "joined" && party.socket === socket) return withParty(call, { ...party, ...given(media) });
  const isHandedOver = party.state === "joined" || party.state === "away";
  const here = { ...party, ...given(media), socket, spent: party.spent + (isHandedOver ? now - party.since : 0), since: now };
  if (call.lobby && party.role !== "host" && !isHandedOver) return withParty(call, { ...here, state: "waiting" });
  if (!isHandedOver) requireRoom(call);
  // The same device on a new socket: what it is connected to stays.
  else if (peer === party.peer) return withParty(call, { ...here, state: "joined" });
  return withPeer(call, { ...here, state: "joined" });
}

/** When it rings: at once, or when its window opens. */
function beginOf({ startedAt, opensAt }: Call): number {
  return Math.max(startedAt, opensAt ?? 0);
}

/** What follows by itself: what rang too long is missed, whoever was lost too long has left, and a call without anybody is over. */
function settled(call: Call, now: number): Call {
  if (call.endedAt !== null) return call;
  let next = call;
  for (const party of call.parties) {
    if (party.state === "ringing" && now - beginOf(call) >= RING_MS) next = withParty(next, move(party, "missed", now));
    if (party.state === "away" && now - party.since >= GRACE_MS) next = withParty(next, move(party, "left", now));
  }
  const inIt = next.parties.filter(({ state }) => state === "joined").length;
  if (next.answeredAt === null && inIt >= 2) next = { ...next, answeredAt: now };
  if (next.closesAt !== null && now >= next.closesAt) return ended(next, "window", now);
  if (now - beginOf(next) >= LONGEST_MS && (next.closesAt === null || now >= next.closesAt)) return ended(next, "too_long", now);
  const isHeld = next.parties.some(({ state }) => state === "joined" || state === "away");
  const mayStillCome = next.parties.some(({ state, member }) => (state === "ringing" || state === "waiting") && member !== next.by);
  if (isHeld) {
    // Whoever is alone waits no longer than it rings, unless it was an appointment.
    const isAnswered = next.answeredAt !== null;
    if (
      next.opensAt === null &&
      !mayStillCome &&
      !isAnswered &&
      next.parties.every((one) => one.member === next.by || isOver(one)) &&
      next.parties.length > 1
    )
      return ended(next, next.parties.some(({ state }) => state === "declined") ? "declined" : "missed", now);
    return next;
  }
  if (next.opensAt !== null) return next;
  if (next.answeredAt !== null) return ended(next, "left", now);
  const wasIn = next.peers > 0;
  if (wasIn) return ended(next, "left", now);
  return now - next.startedAt >= EMPTY_MS || (!mayStillCome && next.parties.length > 1) ? ended(next, "missed", now) : next;
}

/** When something follows by itself next, epoch milliseconds; undefined for a call that is over. */
export function nextDue(call: Call): number | undefined {
  if (call.endedAt !== null) return undefined;
  const due = [Math.max(beginOf(call) + LONGEST_MS, call.closesAt ?? 0)];
  if (call.closesAt !== null) due.push(call.closesAt);
  for (const { state, since } of call.parties) {
    if (state === "ringing") due.push(beginOf(call) + RING_MS);
    if (state === "away") due.push(since + GRACE_MS);
  }
  if (call.peers === 0 && call.opensAt === null) due.push(call.startedAt + EMPTY_MS);
  return Math.min(...due);
}

function ended(call: Call, reason: EndReason, now: number): Call {
  const parties = call.parties.map((party) => {
    if (party.state === "ringing") return move(party, "missed", now);
    return isHere(party) ? move(party, "left", now) : party;
  });
  return { ...call, parties, endedAt: now, reason };
}

function move(party: Party, state: PartyState, now: number): Party {
  const wasIn = party.state === "joined" || party.state === "away";
  const isIn = state === "joined" || state === "away";
  return {
    ...party,
    state,
    socket: null,
    since: now,
    spent: party.spent + (wasIn ? now - party.since : 0),
    ...(isIn ? {} : { audio: false, video: false, screen: false }),
  };
}

function withParty(call: Call, party: Party): Call {
  const others = call.parties.filter(({ member }) => member !== party.member);
  return { ...call, parties: [...others, party].toSorted((a, b) => a.member - b.member) };
}

function withPeer(call: Call, party: Party): Call {
  return withParty({ ...call, peers: call.peers + 1 }, { ...party, peer: call.peers + 1 });
}

function given(media: Partial<Pick<Party, "audio" | "video" | "screen">>): Partial<Pick<Party, "audio" | "video" | "screen">> {
  const { audio, video, screen } = media;
  return { ...(audio !== undefined && { audio }), ...(video !== undefined && { video }), ...(screen !== undefined && { screen }) };
}

function requireHost(call: Call, by: number): void {
  const party = call.parties.find(({ member }) => member === by);
  if (party?.role !== "host") throw new CallRefusal("not_host");
}

function requireRoom(call: Call): void {
  const inIt = call.parties.filter(({ state }) => state === "joined" || state === "away").length;
  if (inIt >= (call.mode === "sfu" ? MOST_SFU : MOST_DIRECT)) throw new CallRefusal("full");
}

function partyOf(call: Call, member: number): Party {
  const party = call.parties.find((one) => one.member === member);
  if (party === undefined) throw new CallRefusal("no_such_party");
  return party;
}

export function isHere({ state }: Party): boolean {
  return state === "joined" || state === "away" || state === "waiting";
}

function isOver({ state }: Party): boolean {
  return state === "declined" || state === "missed" || state === "left" || state === "removed" || state === "refused";
}

/**
 * Which of two gives way where both offer at once (perfect negotiation, W3C WebRTC §10.7): whoever came later. One of the two always does, and
 * both know it from the same numbers.
 */
export function isPolite(own: number, theirs: number): boolean {
  return own > theirs;
}
