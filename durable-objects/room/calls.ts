import {
  after,
  begin,
  type Call,
  CallRefusal,
  type Event,
  isHere,
  isPolite,
  LONGEST_MS,
  nextDue,
  type Party,
  type Refusal,
  RING_MS,
} from "../../shared/calls/call";
import { type CallFrame, type CallFrameOf, callFrameSchema, sfuFrameSchema, type SfuFrame } from "../../shared/calls/frames";
import { callsConfig } from "../../shared/calls/config";
import type { CallView } from "../../shared/calls/views";
import { HOUR_MS, MINUTE_MS } from "../../shared/clock";
import { parseWith } from "../../shared/http/validate";
import { notFound, problem, type ProblemCode } from "../../shared/problem";
import { vaultDoor } from "../doors";
import type { RoomExtension, RoomTools, Sender } from "./extension";
import { iso, isoOrNull } from "./state";
import { isToldAt } from "./tells";

const TIMER = "call";
/** In larger rooms it rings for those alone who are named. */
const MOST_RUNG = 50;
/** So long a signal can be asked for again, and so many of a call are kept. */
const SIGNALS_MS = MINUTE_MS;
const MOST_SIGNALS = 5_000;
const MOST_SESSIONS = 8;
/** A window begins at most so long after the call was begun. */
const LONGEST_AHEAD_MS = HOUR_MS;

type Row = { no: number; by_member: number; client_id: string; is_live: number; body: string };
type SignalRow = { seq: number; sender: number; body: string };

export const CALL_PAGE = "SELECT * FROM calls WHERE no < ? ORDER BY no DESC LIMIT ?";
export const LIVE_CALL = "SELECT * FROM calls WHERE is_live = 1 ORDER BY no DESC LIMIT 1";
export const SIGNALS_FOR =
  "SELECT seq, sender, body FROM call_signals WHERE call = ? AND recipient = ? AND seq > ? AND peer = ? ORDER BY seq";

/** Calls of a room: who is in them, and what their devices tell each other until they are connected. Media never comes here. */
export const CALLS: RoomExtension = {
  prefix: "call",

  begin(tools) {
    tools.state.timers.on(TIMER, async (ref) => {
      const call = load(tools, Number(ref));
      return call === undefined ? undefined : nextDue(happen(tools, call, { kind: "tick" }));
    });
  },

  async receive(tools, from, raw) {
    if (typeof raw["type"] === "string" && raw["type"].startsWith("call.sfu.")) {
      // What the region's own routes note of a session, and no client's word.
      if (from.socket !== undefined) throw notFound("verb");
      return noteSfu(tools, from, parseWith(sfuFrameSchema, raw));
    }
    const frame = parseWith(callFrameSchema, raw);
    try {
      return perform(tools, from, frame);
    } catch (error) {
      if (error instanceof CallRefusal) throw problem(...REFUSALS[error.why]);
      throw error;
    }
  },

  left(tools, { member, socket }) {
    const call = live(tools);
    const party = call?.parties.find((one) => one.member === member.no);
    if (call === undefined || party === undefined) return;
    if (tools.member(member.no) === undefined) happen(tools, call, { kind: "gone", member: member.no });
    else if (socket !== undefined && party.socket === socket) happen(tools, call, { kind: "lost", member: member.no, socket });
  },
};

const REFUSALS: Readonly<Record<Refusal, readonly [ProblemCode, string]>> = {
  ended: ["gone", "The call is over."],
  not_open_yet: ["conflict", "The call is not open yet."],
  window_over: ["gone", "The time of the call is over."],
  not_in_call: ["conflict", "You are not in the call on this connection."],
  not_host: ["forbidden", "A host of the call does this."],
  no_such_party: ["not_found", "Nobody like that is in the call."],
  refused: ["forbidden", "A host did not let you in."],
  full: ["conflict", "No more can be in this call."],
  last_host: ["conflict", "A call has a host."],
};

function perform(tools: RoomTools, from: Sender, frame: CallFrame): unknown {
  const { no } = from.member;
  switch (frame.type) {
    case "call.start":
      return start(tools, from, frame);
    case "call.list": {
      const rows = tools.state.sql.exec<Row>(CALL_PAGE, frame.before ?? Number.MAX_SAFE_INTEGER, frame.limit).toArray();
      return { items: rows.map((row) => viewOf(tools, JSON.parse(row.body) as Call)) };
    }
    case "call.get":
      return { call: viewOf(tools, find(tools, frame.call)) };
    case "call.join": {
      if (from.socket === undefined) throw problem("conflict", "A call is joined on the room's socket.");
      const { audio, video, screen } = frame;
      const media = {
        ...(audio !== undefined && { audio }),
        ...(video !== undefined && { video }),
        ...(screen !== undefined && { screen }),
      };
      const before = find(tools, frame.call);
      const old = before.parties.find(({ member }) => member === no)?.socket;
      const call = happen(tools, before, {
        kind: "join",
        member: no,
        socket: from.socket,
        media,
        ...(frame.peer !== undefined && { peer: frame.peer }),
      });
      // The other device of the same person learns that it is out.
      if (old !== undefined && old !== null && old !== from.socket) tools.send({ socket: old }, { type: "call.taken_over", call: call.id });
      return { call: viewOf(tools, call), own: partyView(partyOf(call, no)) };
    }
    case "call.decline":
      return { call: viewOf(tools, happen(tools, find(tools, frame.call), { kind: "decline", member: no })) };
    case "call.leave":
      return { call: viewOf(tools, happen(tools, find(tools, frame.call), { kind: "leave", member: no })) };
    case "call.end":
      return { call: viewOf(tools, happen(tools, find(tools, frame.call), { kind: "end", by: no })) };
    case "call.admit":
      return {
        call: viewOf(tools, happen(tools, find(tools, frame.call), { kind: "admit", by: no, member: frame.member, admit: frame.admit })),
      };
    case "call.remove":
      return { call: viewOf(tools, happen(tools, find(tools, frame.call), { kind: "remove", by: no, member: frame.member })) };
    case "call.host":
      return {
        call: viewOf(tools, happen(tools, find(tools, frame.call), { kind: "host", by: no, member: frame.member, host: frame.host })),
      };
    case "call.mute": {
      const call = happen(tools, find(tools, frame.call), { kind: "mute", by: no, member: frame.member });
      const { socket } = partyOf(call, frame.member);
      if (socket !== null) tools.send({ socket }, { type: "call.mute", call: call.id, by: no });
      return { call: viewOf(tools, call) };
    }
    case "call.state": {
      const { call, type: _, ...media } = frame;
      return { call: viewOf(tools, happen(tools, inCall(tools, from, call), { kind: "media", member: no, media })) };
    }
    case "call.signal":
      return signal(tools, from, frame);
    case "call.resume": {
      const call = find(tools, frame.call);
      const party = partyOf(call, no);
      const signals = tools.state.sql.exec<SignalRow>(SIGNALS_FOR, Number(call.id), no, frame.after, party.peer).toArray();
      return { call: viewOf(tools, call), signals: signals.map(({ body }) => JSON.parse(body) as unknown) };
    }
  }
}

function start(tools: RoomTools, { member }: Sender, frame: CallFrameOf<"call.start">): unknown {
  const { sql, storage, now, env } = tools.state;
  const [same] = sql.exec<Row>("SELECT * FROM calls WHERE by_member = ? AND client_id = ?", member.no, frame.clientId).toArray();
  if (same !== undefined) return { call: viewOf(tools, JSON.parse(same.body) as Call) };
  // One call at a time: whoever calls while somebody does comes into the same.
  const present = live(tools);
  if (present !== undefined) return { call: viewOf(tools, present) };
  tools.requireBegin(member);
  const [opensAt, closesAt] = [frame.opensAt, frame.closesAt].map((at) => (at === undefined ? null : Date.parse(at)));
  if (opensAt != null && closesAt != null && closesAt <= opensAt)
    throw problem("invalid", undefined, {
      errors: [{ pointer: "/closesAt", code: "out_of_range", message: "A window ends after it begins." }],
    });
  // Until it opens nobody else calls here, and while it is open nobody else either.
  if (opensAt != null && opensAt > now() + LONGEST_AHEAD_MS)
    throw problem("invalid", undefined, {
      errors: [{ pointer: "/opensAt", code: "out_of_range", message: "A call is begun an hour before its window at the earliest." }],
    });
  if (closesAt != null && closesAt > Math.max(now(), opensAt ?? 0) + LONGEST_MS)
    throw problem("invalid", undefined, {
      errors: [{ pointer: "/closesAt", code: "out_of_range", message: "A window is of twelve hours at most." }],
    });
  if (closesAt != null && closesAt <= now())
    throw problem("invalid", undefined, { errors: [{ pointer: "/closesAt", code: "out_of_range", message: "The window is over." }] });
  const ring = (frame.ring ?? everybody(tools)).filter((no) => no !== member.no && tools.member(no) !== undefined);
  const call = storage.transactionSync(() => {
    const { no } = sql.exec<{ no: number }>("SELECT coalesce(max(no), 0) + 1 AS no FROM calls").one();
    const made = begin(
      {
        id: String(no),
        media: frame.media,
        mode: ring.length > 1 && isForwarded(env) ? "sfu" : "direct",
        lobby: frame.lobby,
        by: member.no,
        ring,
        opensAt: opensAt ?? null,
        closesAt: closesAt ?? null,
      },
      Math.floor(now()),
    );
    sql.exec(
      "INSERT INTO calls (no, by_member, client_id, is_live, body) VALUES (?, ?, ?, 1, ?)",
      no,
      member.no,
      frame.clientId,
      JSON.stringify(made),
    );
    arm(tools, made);
    return made;
  });
  tools.append(member.no, { call: call.id, state: "started", media: call.media });
  const view = viewOf(tools, call);
  tools.broadcast({ type: "call.update", call: view });
  for (const no of ring) {
    tools.send({ member: no }, { type: "call.ring", call: view, from: member.no });
    void tell(tools, no, call);
  }
  return { call: view };
}

/** Tells somebody's vault that they are called, who may have nothing open here. Ringing is over soon: what fails is not tried again. */
async function tell(tools: RoomTools, no: number, call: Call): Promise<void> {
  const { state } = tools;
  const member = tools.member(no);
  const person = member?.person ?? null;
  if (member === undefined || person === null || !isToldAt(member, state.now())) return;
  try {
    await vaultDoor(state.env, person).notify({
      type: "call",
      key: `${state.id}/${call.id}`,
      about: { room: state.id, call: call.id },
      conversation: state.id,
      expiresAt: Math.max(call.startedAt, call.opensAt ?? 0) + RING_MS,
    });
  } catch {
    state.log({ event: "call", outcome: "untold" });
  }
}

function signal(tools: RoomTools, from: Sender, frame: CallFrameOf<"call.signal">): unknown {
  const { sql, storage, now } = tools.state;
  if ((frame.description === undefined) === (frame.candidate === undefined))
    throw problem("invalid", undefined, {
      errors: [{ pointer: "/description", code: "one_of", message: "Send a description or a candidate." }],
    });
  const call = inCall(tools, from, frame.call);
  const [sender, recipient] = [partyOf(call, from.member.no), partyOf(call, frame.to)];
  if (recipient.state !== "joined" && recipient.state !== "away") throw new CallRefusal("no_such_party");
  const id = Number(call.id);
  return storage.transactionSync(() => {
    const [same] = sql
      .exec<{ seq: number }>(
        "SELECT seq FROM call_signals WHERE call = ? AND sender = ? AND client_id = ?",
        id,
        sender.member,
        frame.clientId,
      )
      .toArray();
    if (same !== undefined) return { seq: same.seq };
    const at = Math.floor(now());
    const { last, n } = sql
      .exec<{ last: number; n: number }>("SELECT coalesce(max(seq), 0) AS last, count(*) AS n FROM call_signals WHERE call = ?", id)
      .one();
    // The newest stays, so that numbers never come twice.
    if (n >= MOST_SIGNALS) sql.exec("DELETE FROM call_signals WHERE call = ? AND seq < ? AND at < ?", id, last, at - SIGNALS_MS);
    if (n >= 2 * MOST_SIGNALS) throw problem("rate_limited", "The devices of this call say too much.", { retryAfter: 60 });
    const seq = last + 1;
    const shown = {
      type: "call.signal",
      call: call.id,
      seq,
      from: sender.member,
      peer: sender.peer,
      // Whether the one who hears it gives way where both offer at once.
      polite: isPolite(recipient.peer, sender.peer),
      ...(frame.description !== undefined && { description: frame.description }),
      ...(frame.candidate !== undefined && { candidate: frame.candidate }),
    };
    sql.exec(
      "INSERT INTO call_signals (call, seq, sender, recipient, peer, client_id, at, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
      id,
      seq,
      sender.member,
      recipient.member,
      recipient.peer,
      frame.clientId,
      at,
      JSON.stringify(shown),
    );
    if (recipient.socket !== null) tools.send({ socket: recipient.socket }, shown);
    return { seq };
  });
}

/** Notes who made a session and which tracks, and says whether somebody may use them; see `workers/calls`. */
function noteSfu(tools: RoomTools, { member }: Sender, frame: SfuFrame): unknown {
  const { sql, storage } = tools.state;
  const call = find(tools, frame.call);
  const party = call.parties.find((one) => one.member === member.no);
  if (call.endedAt !== null || party?.state !== "joined") throw problem("conflict", "You are not in the call.");
  if (call.mode !== "sfu") throw problem("conflict", "The participants of this call connect to each other.");
  const id = Number(call.id);
  const owns = (session: string) =>
    sql.exec("SELECT 1 FROM call_sessions WHERE session = ? AND call = ? AND member = ?", session, id, member.no).toArray().length > 0;
  switch (frame.type) {
    case "call.sfu.may": {
      const { n } = sql.exec<{ n: number }>("SELECT count(*) AS n FROM call_sessions WHERE call = ? AND member = ?", id, member.no).one();
      if (n >= MOST_SESSIONS) throw problem("conflict", "You have many sessions in this call already.");
      return {};
    }
    case "call.sfu.own":
      sql.exec("INSERT OR IGNORE INTO call_sessions (session, call, member) VALUES (?, ?, ?)", frame.session, id, member.no);
      return {};
    case "call.sfu.use": {
      // A session is a capability: somebody else's looks as if it did not exist.
      if (!owns(frame.session)) throw notFound("session");
      for (const { session, name } of frame.pull) {
        const isOfCall =
          sql
            .exec(
              "SELECT 1 FROM call_tracks JOIN call_sessions USING (session) WHERE call_tracks.session = ? AND name = ? AND call = ?",
              session,
              name,
              id,
            )
            .toArray().length > 0;
        if (!isOfCall) throw notFound("track");
      }
      return {};
    }
    case "call.sfu.pushed": {
      if (!owns(frame.session)) throw notFound("session");
      storage.transactionSync(() => {
        for (const { name, mid } of frame.tracks)
          sql.exec(
            "INSERT INTO call_tracks (session, name, mid) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET mid = excluded.mid",
            frame.session,
            name,
            mid,
          );
      });
      tools.broadcast({
        type: "call.tracks",
        call: call.id,
        member: member.no,
        session: frame.session,
        tracks: frame.tracks.map(({ name }) => name),
      });
      return {};
    }
    case "call.sfu.closed":
      if (!owns(frame.session)) throw notFound("session");
      for (const mid of frame.mids) sql.exec("DELETE FROM call_tracks WHERE session = ? AND mid = ?", frame.session, mid);
      return {};
    case "call.sfu.tracks":
      return {
        items: sql
          .exec<{ session: string; name: string; member: number }>(
            "SELECT call_tracks.session, name, member FROM call_sessions JOIN call_tracks USING (session) WHERE call = ? ORDER BY member, name",
            id,
          )
          .toArray(),
      };
  }
}

/** Something happened: kept, told, and, where the call is over, written into the log of the room. */
function happen(tools: RoomTools, before: Call, event: Event): Call {
  const call = after(before, event, Math.floor(tools.state.now()));
  if (call === before) return call;
  const { sql, storage, timers } = tools.state;
  storage.transactionSync(() => {
    const isOver = call.endedAt !== null;
    // What somebody who is out of the call sent to the forwarding server is nobody's to pull any more.
    for (const { member, state } of call.parties) if (state === "removed" || state === "left") dropSessions(tools, call, member);
    sql.exec("UPDATE calls SET body = ?, is_live = ? WHERE no = ?", JSON.stringify(call), isOver ? 0 : 1, Number(call.id));
    if (!isOver) return arm(tools, call);
    timers.clear(TIMER, call.id);
    sql.exec("DELETE FROM call_signals WHERE call = ?", Number(call.id));
    sql.exec("DELETE FROM call_tracks WHERE session IN (SELECT session FROM call_sessions WHERE call = ?)", Number(call.id));
    sql.exec("DELETE FROM call_sessions WHERE call = ?", Number(call.id));
  });
  const view = viewOf(tools, call);
  if (call.endedAt !== null) {
    const { media, reason, durationS } = view;
    tools.append(call.by, { call: call.id, state: "ended", media, reason, durationS });
  }
  tools.broadcast({ type: "call.update", call: view });
  return call;
}

function dropSessions({ state: { sql } }: RoomTools, { id }: Call, member: number): void {
  const own = "SELECT session FROM call_sessions WHERE call = ? AND member = ?";
  sql.exec(`DELETE FROM call_tracks WHERE session IN (${own})`, Number(id), member);
  sql.exec("DELETE FROM call_sessions WHERE call = ? AND member = ?", Number(id), member);
}

function arm(tools: RoomTools, call: Call): void {
  const due = nextDue(call);
  if (due !== undefined) tools.state.timers.set(TIMER, call.id, due);
}

function load(tools: RoomTools, no: number): Call | undefined {
  const [row] = tools.state.sql.exec<Row>("SELECT * FROM calls WHERE no = ?", no).toArray();
  return row === undefined ? undefined : (JSON.parse(row.body) as Call);
}

function find(tools: RoomTools, id: string): Call {
  const call = load(tools, Number(id));
  if (call === undefined) throw notFound("call");
  return call;
}

function live(tools: RoomTools): Call | undefined {
  const [row] = tools.state.sql.exec<Row>(LIVE_CALL).toArray();
  return row === undefined ? undefined : (JSON.parse(row.body) as Call);
}

/** A call that the sender is in, by the connection that it came by. */
function inCall(tools: RoomTools, { member, socket }: Sender, id: string): Call {
  const call = find(tools, id);
  if (call.endedAt !== null) throw new CallRefusal("ended");
  const party = call.parties.find((one) => one.member === member.no);
  if (party?.state !== "joined" || party.socket !== socket) throw new CallRefusal("not_in_call");
  return call;
}

function partyOf(call: Call, member: number): Party {
  const party = call.parties.find((one) => one.member === member);
  if (party === undefined) throw new CallRefusal("no_such_party");
  return party;
}

function everybody({ state }: RoomTools): number[] {
  const found = state.sql
    .exec<{ no: number }>("SELECT no FROM members WHERE state = 'active' ORDER BY no LIMIT ?", MOST_RUNG + 1)
    .toArray()
    .map(({ no }) => no);
  return found.length > MOST_RUNG ? [] : found;
}

function isForwarded(env: Env): boolean {
  return callsConfig(env).sfu !== undefined;
}

function partyView({ member, role, state, peer, audio, video, screen, spent }: Party) {
  return { member, role, state, peer, audio, video, screen, seconds: Math.round(spent / 1_000) };
}

function viewOf(tools: RoomTools, call: Call): CallView {
  const { id, media, mode, lobby, by, startedAt, opensAt, closesAt, answeredAt, endedAt, reason, parties } = call;
  const isActive = parties.filter(isHere).length > 0;
  return {
    id,
    media,
    mode,
    lobby,
    by,
    state: endedAt !== null ? "ended" : answeredAt !== null ? "active" : isActive ? "ringing" : "waiting",
    startedAt: iso(startedAt),
    opensAt: isoOrNull(opensAt),
    closesAt: isoOrNull(closesAt),
    answeredAt: isoOrNull(answeredAt),
    endedAt: isoOrNull(endedAt),
    reason,
    durationS: answeredAt === null ? 0 : Math.round(((endedAt ?? tools.state.now()) - answeredAt) / 1_000),
    parties: parties.map(partyView),
  };
}
