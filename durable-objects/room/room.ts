import { type Connection, type ConnectionContext, Server, type WSMessage } from "partyserver";
import initial from "../../migrations/room/0001_room.sql";
import calls from "../../migrations/room/0002_calls.sql";
import unread from "../../migrations/room/0261_unread.sql";
import handles from "../../migrations/room/0290_handles.sql";
import handedReports from "../../migrations/room/0295_handed_reports.sql";
import invitedBy from "../../migrations/room/0320_invited_by.sql";
import nameVersion from "../../migrations/room/0321_name_version.sql";
import leftWaiting from "../../migrations/room/0322_left_waiting.sql";
import { systemClock } from "../../shared/clock";
import { parseWith } from "../../shared/http/validate";
import { parseId, type PersonId, type RoomId, type SessionId } from "../../shared/id";
import { type Admission, ADMISSION_HEADER, parseJson, readAdmission } from "../../shared/live/admission";
import {
  LONGEST_FRAME,
  type MemberRole,
  type RoomKind,
  type RoomSettings,
  type VerbAnswer,
  type VerbOf,
  verbSchema,
} from "../../shared/messaging/verbs";
import type { AttachmentView, MemberView, MessageView, RoomView } from "../../shared/messaging/views";
import { isProblem, notFound, problem, type Problem } from "../../shared/problem";
import { migrate, type Migration } from "../migrate";
import { exportOf, membershipOf } from "./export";
import { EXTENSIONS, extensionOf, type RoomTools, type Sender } from "./extension";
import { authorView, isStaff, type Member, memberView } from "./members";
import { type Entrant, LISTED, requireStaff } from "./membership";
import type { MessageBody } from "./messages";
import type { ActionView, Decision, ReportView } from "./moderation";
import { openParts, type Parts } from "./parts";
import type { ScheduledView } from "./scheduled";
import { MARKS, type SearchQuery } from "./search";
import { MOST_PINNED } from "./verbs";
import { memberTag, MOST_OF_MEMBER, MOST_SOCKETS, parseAttached, sendTo } from "./sockets";
import type { HandedReport } from "./handed-reports";
import { iso, isoOrNull } from "./state";

const ROOM_MIGRATIONS: readonly Migration[] = [
  ["0001_room", initial],
  ["0002_calls", calls],
  ["0261_unread", unread],
  ["0290_handles", handles],
  ["0295_handed_reports", handedReports],
  ["0320_invited_by", invitedBy],
  ["0321_name_version", nameVersion],
  ["0322_left_waiting", leftWaiting],
];

/** How a room begins. */
export interface Opening {
  readonly kind: RoomKind;
  readonly name?: string | null;
  /** Of what the room belongs to and is called after: under a later one than it knows it is called anew. */
  readonly nameVersion?: number;
  readonly members: readonly Entrant[];
  /** Which of the members asks the others in: they are told so. */
  readonly by?: PersonId;
  readonly isSealed?: boolean;
  /** Members come and go with what the room belongs to. */
  readonly isManaged?: boolean;
  readonly settings?: RoomSettings;
}

/** What the room says by itself. `key` makes a repetition the same message. */
export interface SystemMessage {
  readonly key: string;
  readonly code: string;
  readonly about?: Readonly<Record<string, string | number | null>>;
  readonly text?: string;
}

/** A part of a timeline. */
export interface HistoryAsk {
  readonly thread?: number | undefined;
  readonly before?: number | undefined;
  readonly after?: number | undefined;
  readonly around?: number | undefined;
  readonly limit: number;
}

export interface HistoryPage {
  readonly items: readonly MessageView[];
  /** What to ask for before and after the page; null where nothing is there. */
  readonly before: number | null;
  readonly after: number | null;
}

/** Who calls: a person, whose session the Worker has checked in their vault. */
type Caller = PersonId;

/** Events that a socket gets of the past before it is sent to the history instead. */
const MOST_REPLAYED = 1_000;
const REPLAYED_AT_ONCE = 200;
const PING = '{"type":"ping"}';
const PONG = '{"type":"pong"}';

/**
 * One conversation, pinned to its region. Every change gets the next number, is stored, and is told to every socket in one frame; whoever
 * missed some asks for what came after the last number they have. Methods that take a caller are for members and check them; the others are
 * for Meridian's own domains. Sockets hibernate: all that must survive is in storage or in their attachments.
 */
export class Room extends Server<Env> {
  static override readonly options = { hibernate: true };
  /** Most sockets of one member. */
  protected readonly mostOfMember: number = MOST_OF_MEMBER;
  readonly #id: RoomId;
  #open: Parts | undefined;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const id = parseId("room", ctx.id.name ?? "");
    if (id === undefined) throw new TypeError("a room is opened by its id");
    this.#id = id;
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair(PING, PONG));
    if (ctx.storage.sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'room'").toArray().length > 0) this.#build();
  }

  /**
   * Opens the room, or, where it is open already, takes in whoever is not there yet. Returns the members' numbers in the order of the
   * entrants. Problem `unavailable` where somebody came under another handle: everybody else is in, and they are with the next call.
   */
  async open(opening: Opening): Promise<number[]> {
    const { kind, name = null, nameVersion = 0, members: entrants, by, isSealed = false, isManaged = false, settings = {} } = opening;
    const isNew = this.#open === undefined;
    const parts = this.#open ?? this.#build();
    let isLater = false;
    if (isNew) {
      parts.state.sql.exec(
        "INSERT INTO room (one, kind, name, name_version, is_sealed, is_managed, who_sends, history, created_at) VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        kind,
        name,
        nameVersion,
        Number(isSealed),
        Number(isManaged),
        kind === "broadcast" ? "staff" : "all",
        kind === "broadcast" || kind === "direct" ? "all" : "joined",
        Math.floor(systemClock()),
      );
      parts.membership.add(entrants, 0, by);
      if (Object.keys(settings).length > 0) parts.membership.configure(settings, 0);
      if (settings.retentionDays !== undefined) parts.retention.wake();
    } else {
      parts.membership.rename(name, nameVersion);
      // Whoever declined to be one of two is not asked again and again; they may come by themselves.
      const isDirect = parts.facts.get().kind === "direct";
      isLater = parts.membership.add(isDirect ? entrants.filter(({ state }) => state !== "invited") : entrants, 0, by);
    }
    await parts.tells.memberships();
    if (isLater) throw inWithTheNext();
    return entrants.map(({ person }) => parts.members.byPerson(person)?.no ?? 0);
  }

  /** Whether anybody has opened it. */
  async exists(): Promise<boolean> {
    return this.#open !== undefined;
  }

  /** Takes somebody in; done already is fine. Returns their number. */
  async addMember(entrant: Entrant): Promise<number> {
    const parts = this.#parts();
    const isLater = parts.membership.add([entrant], 0);
    await parts.tells.memberships();
    if (isLater) throw inWithTheNext();
    return parts.members.byPerson(entrant.person)?.no ?? 0;
  }

  /** Takes somebody out, with their sockets; done already is fine. */
  async removeMember(person: PersonId): Promise<void> {
    const parts = this.#open;
    const member = parts?.members.byPerson(person);
    if (parts === undefined || member === undefined) return;
    // Whoever manages the members decides, the last owner or not.
    parts.membership.remove({ ...member, role: "member" }, "removed", 0);
    await parts.tells.memberships();
  }

  /**
   * Takes somebody out with what they said: their number stays, and nobody is behind it. Whom the staff banned or silenced is only taken out,
   * so that they do not come back as somebody else; what the silenced said goes when the silence is over. Done already is fine.
   */
  async withdraw(person: PersonId): Promise<void> {
    const parts = this.#open;
    const member = parts?.members.byPerson(person);
    if (parts === undefined || member === undefined) return;
    if (member.state === "banned") parts.membership.remove({ ...member, role: "member" }, "removed", 0);
    else if ((member.silencedUntil ?? 0) > parts.state.now()) parts.membership.withdrawLater(member);
    else parts.membership.withdraw(member);
    await parts.tells.memberships();
  }

  /** Says something of the room's own; the same key says it once. */
  async systemMessage({ key, code, about = {}, text }: SystemMessage): Promise<number> {
    const { log, changes, messages } = this.#parts();
    const before = log.sentAs(0, key);
    if (before !== undefined) return before.seq;
    return changes.make((append, now) => {
      const message = messages.insert({
        seq: log.head + 1,
        thread: 0,
        author: 0,
        at: now,
        kind: "system",
        text: text ?? null,
        body: { system: { code, about } },
        replyTo: null,
      });
      return append(
        { kind: "message", member: 0, message: null, data: null },
        ({ seq }) => ({ of: seq, message: messages.fresh(message) }),
        { id: key, digest: 0 },
      );
    }).seq;
  }

  /** In a room of two: one blocks the other, or does not any more. */
  async setBlocked(person: PersonId, isBlocked: boolean): Promise<void> {
    const member = this.#open?.members.byPerson(person);
    if (member !== undefined && this.#open?.facts.get().kind === "direct") this.#open.membership.block(member, isBlocked);
  }

  /** Closes a person's sockets, of one session or of all. */
  async dismiss(person: PersonId, session?: SessionId): Promise<void> {
    this.#open?.sockets.dismiss(person, session);
  }

  /** A person has moved to another region and has another id there. Idempotent. */
  async follow(from: PersonId, to: PersonId): Promise<void> {
    this.#open?.membership.follow(from, to);
    await this.#open?.tells.memberships();
  }

  /** Erases a person here; a room that nobody is left in is emptied. Idempotent. */
  async forget(person: PersonId): Promise<void> {
    const parts = this.#open;
    if (parts === undefined) return;
    if (parts.membership.erase(person)) await parts.tells.memberships();
    else await this.#destroy(parts);
  }

  /** Ends the room and empties it: what it belonged to is no more. Members' vaults are told. */
  async dissolve(): Promise<void> {
    const parts = this.#open;
    if (parts === undefined) return;
    parts.membership.close(0);
    parts.state.sql.exec("UPDATE members SET state = 'removed', is_untold = 1 WHERE state IN ('active', 'invited')");
    parts.members.forget();
    parts.sockets.endAll();
    await parts.tells.memberships();
    if (parts.members.untold(1).length > 0) throw problem("unavailable", "Not every member could be told yet.", { retryAfter: 5 });
    await this.#destroy(parts);
  }

  /** A member's verb, as on the socket. Throws problems. */
  async perform(caller: Caller, verb: unknown): Promise<VerbAnswer> {
    const member = this.#member(caller);
    return this.#parts().verbs.perform(member, parseWith(verbSchema, verb));
  }

  /** A frame of an extension by REST, as on the socket: JSON texts both ways. Throws problems. */
  async extend(caller: Caller, text: string): Promise<string> {
    const frame = frameOf(text);
    const extension = extensionOf(frame?.["type"]);
    if (frame === undefined || extension === undefined) throw notFound("verb");
    const answer = await extension.receive(this.#tools(this.#parts()), { member: this.#member(caller), socket: undefined }, frame);
    return JSON.stringify(answer ?? {});
  }

  /** What a member sees of the room as a whole; also for somebody who is invited. */
  async view(caller: Caller): Promise<RoomView> {
    return this.#view(this.#member(caller, ["active", "invited"]));
  }

  /** The same where the caller is still in it, or undefined. */
  async viewIfMember(caller: Caller): Promise<RoomView | undefined> {
    const member = this.#open?.members.byPerson(caller);
    return member !== undefined && LISTED.includes(member.state) ? this.#view(member) : undefined;
  }

  async message(caller: Caller, seq: number): Promise<MessageView & { readonly ownVotes: readonly number[] }> {
    const { messages, state } = this.#parts();
    const member = this.#member(caller);
    const message = seq < member.seesFrom ? undefined : messages.get(seq);
    if (message === undefined) throw notFound("message");
    const ownVotes = state.sql
      .exec<{ option: number }>("SELECT option FROM votes WHERE message = ? AND member = ? ORDER BY option", seq, member.no)
      .toArray();
    return { ...messages.view(message, state.now()), ownVotes: ownVotes.map(({ option }) => option) };
  }

  /** A part of the history, in order. */
  async history(caller: Caller, { thread = 0, before, after, around, limit }: HistoryAsk): Promise<HistoryPage> {
    const { messages, state } = this.#parts();
    const member = this.#member(caller);
    const ask = (query: { readonly before?: number; readonly after?: number; readonly limit: number }) =>
      messages.history({ thread, from: member.seesFrom, ...query });
    const half = Math.ceil(limit / 2);
    const found =
      around === undefined
        ? ask({ ...(before !== undefined && { before }), ...(after !== undefined && { after }), limit })
        : [...ask({ before: around + 1, limit: half }), ...ask({ after: around, limit: limit - half })];
    const [first, last] = [found[0]?.seq, found.at(-1)?.seq];
    return {
      items: messages.views(found, state.now()),
      before: first === undefined || ask({ before: first, limit: 1 }).length === 0 ? null : first,
      after: last === undefined || ask({ after: last, limit: 1 }).length === 0 ? null : last,
    };
  }

  /** What a message said before, the oldest first. */
  async edits(
    caller: Caller,
    seq: number,
  ): Promise<{ readonly at: string; readonly text: string | null; readonly sealed: MessageBody["sealed"] | null }[]> {
    const { messages } = this.#parts();
    const member = this.#member(caller);
    if (seq < member.seesFrom || messages.get(seq) === undefined) throw notFound("message");
    return messages.edits(seq).map(({ at, text, body }) => ({ at: iso(at), text, sealed: body.sealed ?? null }));
  }

  async pins(caller: Caller): Promise<MessageView[]> {
    const { messages, state } = this.#parts();
    return messages.views(messages.pinned(this.#member(caller).seesFrom, MOST_PINNED), state.now());
  }

  /** Events after a number, as JSON text of an array; `isReset` where some of them are not there any more. */
  async events(caller: Caller, after: number, limit: number): Promise<{ items: string; head: number; isReset: boolean }> {
    const { changes, log, facts } = this.#parts();
    const member = this.#member(caller);
    const from = Math.max(after, member.seesFrom - 1);
    return {
      items: JSON.stringify(changes.after(from, limit, member.seesFrom)),
      head: log.head,
      isReset: after > log.head || from < facts.get().floor,
    };
  }

  async members(caller: Caller, after: number, limit: number): Promise<MemberView[]> {
    this.#member(caller);
    return this.#parts().members.page(LISTED, after, limit).map(memberView);
  }

  /** Threads that the member follows, with what is unread in them. */
  async threads(
    caller: Caller,
    limit: number,
  ): Promise<{ readonly root: MessageView; readonly unread: number; readonly mentions: number }[]> {
    const { unread, messages, state } = this.#parts();
    const member = this.#member(caller);
    const counts = new Map(unread.view(member).threads.map((one) => [one.thread, one]));
    const roots = messages.views(messages.some(unread.followed(member.no, limit).filter((root) => root >= member.seesFrom)), state.now());
    return roots.map((root) => ({ root, unread: counts.get(root.seq)?.messages ?? 0, mentions: counts.get(root.seq)?.mentions ?? 0 }));
  }

  /** Messages with words, the newest first. Throws `conflict` in a sealed room: nobody here can read it. */
  async search(
    caller: Caller,
    { author, ...query }: SearchQuery,
  ): Promise<{ readonly message: MessageView; readonly highlights: readonly [number, number][] }[]> {
    const { search, messages, state, facts } = this.#parts();
    const member = this.#member(caller);
    if (facts.get().isSealed) throw problem("conflict", "A sealed room is searched on your device: nobody else can read it.");
    const hits = search.find({ ...query, author }, member.seesFrom);
    const views = new Map(messages.views(messages.some(hits.map(({ seq }) => seq)), state.now()).map((view) => [view.seq, view]));
    return hits.flatMap(({ seq, marked }) => {
      const message = views.get(seq);
      return message === undefined ? [] : [{ message, highlights: rangesOf(marked) }];
    });
  }

  /** Accepts or declines an invitation. */
  async answerInvitation(caller: Caller, isAccepted: boolean): Promise<void> {
    const parts = this.#parts();
    const member = this.#member(caller, ["invited", "active"]);
    if (isAccepted) parts.membership.accept(member);
    else if (member.state === "invited") parts.membership.remove(member, "left", member.no);
    else throw problem("conflict", "You are in the room: leave it instead.");
    await parts.tells.memberships();
  }

  async leave(caller: Caller): Promise<void> {
    const parts = this.#parts();
    const member = this.#member(caller, ["invited", "active"]);
    if (parts.facts.get().isManaged) throw problem("conflict", "You leave this room with what it belongs to.");
    parts.membership.remove(member, "left", member.no);
    await parts.tells.memberships();
  }

  /** Staff asks others in; they decide. Returns how they stand. */
  async invite(caller: Caller, people: readonly PersonId[]): Promise<MemberView[]> {
    const parts = this.#parts();
    const staff = this.#staff(caller);
    this.#requireOwn(parts);
    parts.membership.add(
      people.map((person) => ({ person, state: "invited" as const })),
      staff.no,
      caller,
    );
    await parts.tells.memberships();
    return people
      .map((person) => parts.members.byPerson(person))
      .filter((member) => member !== undefined)
      .map(memberView);
  }

  /** What staff changes about a member. */
  async changeMember(
    caller: Caller,
    no: number,
    change: {
      readonly role?: MemberRole | undefined;
      readonly silencedUntil?: number | null | undefined;
      readonly isBanned?: boolean | undefined;
      readonly reason?: string | undefined;
    },
  ): Promise<MemberView> {
    const parts = this.#parts();
    const staff = this.#staff(caller);
    const member = this.#other(no);
    if (change.role !== undefined) {
      parts.membership.setRole(member, change.role, staff);
      parts.moderation.note(staff.no, `role_${change.role}`, no, null, change.reason);
    }
    if (change.silencedUntil !== undefined) parts.moderation.silence(staff, this.#other(no), change.silencedUntil, change.reason);
    if (change.isBanned === true) parts.moderation.ban(staff, this.#other(no), change.reason);
    if (change.isBanned === false) parts.moderation.unban(staff, this.#other(no), change.reason);
    await parts.tells.memberships();
    return memberView(this.#other(no));
  }

  /** Staff takes somebody out. */
  async expel(caller: Caller, no: number, reason: string | undefined): Promise<void> {
    const parts = this.#parts();
    const staff = this.#staff(caller);
    this.#requireOwn(parts);
    const member = this.#other(no);
    parts.moderation.remove(staff, member, reason);
    await parts.tells.memberships();
  }

  async configure(caller: Caller, settings: RoomSettings): Promise<RoomView> {
    const parts = this.#parts();
    const { kind } = parts.facts.get();
    // The two of a direct room have no staff; either may say how long it is kept.
    const member = kind === "direct" ? this.#member(caller) : this.#staff(caller);
    if (kind === "direct" && Object.keys(settings).some((key) => key !== "retentionDays"))
      throw problem("conflict", "Of a direct room only the time that it is kept can be set.");
    parts.membership.configure(settings, member.no);
    if (settings.retentionDays !== undefined) parts.retention.wake();
    return this.#view(member);
  }

  /** An owner closes a room of their own. */
  async close(caller: Caller): Promise<void> {
    const parts = this.#parts();
    const member = this.#staff(caller);
    this.#requireOwn(parts);
    if (member.role !== "owner") throw problem("forbidden", "Only an owner closes a room.");
    parts.membership.close(member.no);
  }

  async reports(caller: Caller, state: ReportView["state"], after: number, limit: number): Promise<ReportView[]> {
    this.#staff(caller);
    return this.#parts().moderation.queue(state, after, limit);
  }

  /** A report that nobody of the room may decide and that waits for the region's moderators. */
  async reportToHand(no: number): Promise<HandedReport | undefined> {
    return this.#parts().handedReports.read(no);
  }

  /** The region's moderators have a report. */
  async reportHanded(no: number): Promise<void> {
    this.#parts().handedReports.handed(no);
  }

  /** The region's moderators have decided about a message that is theirs. Idempotent. */
  async decideHanded(seq: number, outcome: "removed" | "kept"): Promise<void> {
    this.#parts().handedReports.decide(seq, outcome);
  }

  async decideReport(
    caller: Caller,
    no: number,
    decision: Decision,
    { reason, until }: { readonly reason?: string | undefined; readonly until?: number | undefined },
  ): Promise<ReportView> {
    const parts = this.#parts();
    const view = parts.moderation.decide(this.#staff(caller), no, decision, reason, until);
    await parts.tells.memberships();
    return view;
  }

  /** What staff did: all of it to staff, to others what concerned them. */
  async actions(caller: Caller, before: number, limit: number): Promise<ActionView[]> {
    return this.#parts().moderation.actions(this.#member(caller), before, limit);
  }

  /** Whether a member may upload now; throws otherwise. Says whether the room is sealed. */
  async beginUpload(caller: Caller): Promise<{ readonly isSealed: boolean; readonly isAliased: boolean }> {
    this.#member(caller);
    const { isSealed, kind } = this.#parts().facts.get();
    return { isSealed, isAliased: kind === "challenge" };
  }

  /** Notes a file that was uploaded. */
  async noteUpload(caller: Caller, file: AttachmentView): Promise<AttachmentView> {
    return this.#parts().attachments.note(this.#member(caller).no, file);
  }

  /** A file that the member may read; throws `not_found`. */
  async attachment(caller: Caller, id: string): Promise<AttachmentView> {
    const member = this.#member(caller);
    return this.#parts().attachments.readable(member.no, member.seesFrom, id);
  }

  async attachments(caller: Caller, before: number, limit: number): Promise<(AttachmentView & { readonly message: number })[]> {
    return this.#parts().attachments.page(this.#member(caller).seesFrom, before, limit);
  }

  async schedule(caller: Caller, at: number, message: Omit<VerbOf<"send">, "type">): Promise<ScheduledView> {
    const verb = parseWith(verbSchema, { ...message, type: "send" });
    if (verb.type !== "send") throw new TypeError("a message is sent");
    return this.#parts().scheduled.add(this.#member(caller), at, verb);
  }

  /** Named so, as `scheduled` is the runtime's own. */
  async scheduledMessages(caller: Caller): Promise<ScheduledView[]> {
    return this.#parts().scheduled.list(this.#member(caller).no);
  }

  async unschedule(caller: Caller, no: number): Promise<void> {
    this.#parts().scheduled.cancel(this.#member(caller).no, no);
  }

  /** Publishes the public key of one of the member's devices; again is fine. Throws `conflict` where the room is not sealed. */
  async addKey(caller: Caller, algorithm: string, publicKey: string): Promise<number> {
    const { state, facts } = this.#parts();
    const member = this.#member(caller);
    if (!facts.get().isSealed) throw problem("conflict", "Only a sealed room has keys.");
    const { n } = state.sql.exec<{ n: number }>("SELECT count(*) AS n FROM keys WHERE member = ?", member.no).one();
    if (n >= MOST_KEYS) throw problem("conflict", "Take a key back first: a member has twenty.");
    return state.sql
      .exec<{ no: number }>(
        "INSERT INTO keys (member, algorithm, public_key, at) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET algorithm = excluded.algorithm RETURNING no",
        member.no,
        algorithm,
        publicKey,
        Math.floor(state.now()),
      )
      .one().no;
  }

  /** The public keys of everybody who is there. */
  async keys(
    caller: Caller,
  ): Promise<
    { readonly no: number; readonly member: number; readonly algorithm: string; readonly publicKey: string; readonly at: string }[]
  > {
    this.#member(caller);
    return this.#parts()
      .state.sql.exec<{ no: number; member: number; algorithm: string; public_key: string; at: number }>(
        "SELECT keys.* FROM keys JOIN members ON members.no = keys.member AND members.state = 'active' ORDER BY keys.no LIMIT 5000",
      )
      .toArray()
      .map(({ public_key: publicKey, at, ...rest }) => ({ ...rest, publicKey, at: iso(at) }));
  }

  async removeKey(caller: Caller, no: number): Promise<void> {
    const gone = this.#parts()
      .state.sql.exec("DELETE FROM keys WHERE no = ? AND member = ? RETURNING no", no, this.#member(caller).no)
      .toArray();
    if (gone.length === 0) throw notFound("key");
  }

  /** What the room gives into a member's export, after a number; the membership first: JSON text of an array. Whoever left gets what they wrote, too. */
  async exportOf(person: PersonId, after: number, limit: number): Promise<string> {
    const parts = this.#open;
    const member = parts?.members.byPerson(person);
    if (parts === undefined || member === undefined) return "[]";
    const messages = exportOf(parts.state, parts.messages, member, after, limit);
    if (after > 0) return JSON.stringify(messages);
    const { kind, name, createdAt } = parts.facts.get();
    return JSON.stringify([{ seq: 0, kind, name, createdAt: iso(createdAt), membership: membershipOf(parts.state, member) }, ...messages]);
  }

  /** Answers the Worker's upgrade request: 101 with a socket, or the code of the problem as JSON. Nothing else is served here. */
  override async fetch(request: Request): Promise<Response> {
    try {
      const admission = readAdmission(request.headers.get(ADMISSION_HEADER));
      if (admission?.sessionEnds === undefined) throw problem("unauthenticated");
      if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") throw problem("malformed", "Ask for an upgrade to a WebSocket.");
      const member = this.#member(admission.actor.person);
      const { sockets } = this.#parts();
      if (sockets.size >= MOST_SOCKETS || sockets.count(member.no) >= this.mostOfMember)
        throw problem("unavailable", "Too many connections are open.", { retryAfter: 30 });
    } catch (error) {
      if (!isProblem(error)) throw error;
      return Response.json({ code: error.code, detail: error.detail }, { status: error.status });
    }
    return await super.fetch(request);
  }

  override getConnectionTags(_: Connection, { request }: ConnectionContext): string[] {
    const admission = admitted(request);
    // What waits is older than this socket.
    this.#parts().fanOut.flush();
    return [memberTag(this.#member(admission.actor.person).no), admission.actor.session];
  }

  override onConnect(connection: Connection, { request }: ConnectionContext): void {
    const { actor, sessionEnds = 0 } = admitted(request);
    const parts = this.#parts();
    const member = this.#member(actor.person);
    connection.setState([member.no, actor.session, sessionEnds] as const);
    sendTo(connection, parts.sockets.opened(connection, member, sessionEnds));
    const after = new URL(request.url).searchParams.get("after");
    if (after !== null) this.#replay(connection, member, Number(after));
  }

  override async onMessage(connection: Connection, message: WSMessage): Promise<void> {
    const parts = this.#open;
    const attached = parseAttached(connection.state);
    if (parts === undefined || attached === undefined) return connection.close(1008, "not_allowed");
    if (!parts.sockets.pass(connection))
      return this.#refuse(connection, undefined, problem("rate_limited", "Send at most 50 frames a second."));
    const member = parts.members.byNo(attached.member);
    if (member?.state !== "active") return connection.close(4403, "not_allowed");
    if (attached.until <= parts.state.now()) return connection.close(4401, "session_ended");
    const frame = frameOf(message);
    const ref = typeof frame?.["ref"] === "string" || typeof frame?.["ref"] === "number" ? frame["ref"] : undefined;
    try {
      if (frame === undefined)
        throw problem("malformed", `A frame is one JSON object, sent as text, of at most ${LONGEST_FRAME} characters.`);
      await this.#receive(connection, { member, socket: connection.id }, frame, ref);
    } catch (error) {
      if (isProblem(error)) return this.#refuse(connection, ref, error);
      parts.state.log({ event: "room", outcome: "failed", kind: error instanceof Error ? error.name : typeof error });
      this.#refuse(connection, ref, problem("internal"));
    }
  }

  override onClose(connection: Connection): void {
    this.#gone(connection);
  }

  override onError(connection: Connection): void {
    this.#gone(connection);
  }

  override async onAlarm(): Promise<void> {
    await this.#open?.state.timers.run();
  }

  async #receive(
    connection: Connection,
    from: Sender,
    frame: Readonly<Record<string, unknown>>,
    ref: string | number | undefined,
  ): Promise<void> {
    if (frame["type"] === "resume") {
      const after = frame["after"];
      if (typeof after !== "number" || !Number.isSafeInteger(after) || after < 0) throw problem("invalid", "Say after which number.");
      return this.#replay(connection, from.member, after);
    }
    const parts = this.#parts();
    const extension = extensionOf(frame["type"]);
    const { ref: _, ...verb } = frame;
    const answer =
      extension === undefined
        ? parts.verbs.perform(from.member, parseWith(verbSchema, verb))
        : await extension.receive(this.#tools(parts), from, verb);
    sendTo(connection, JSON.stringify({ type: "ok", ...(ref !== undefined && { ref }), answer }));
  }

  /** Sends what came after a number, or says that the history is to be asked instead. */
  #replay(connection: WebSocket, member: Member, after: number): void {
    const { changes, log, facts } = this.#parts();
    const from = Math.max(after, member.seesFrom - 1);
    if (!Number.isSafeInteger(after) || after > log.head || from < facts.get().floor || log.head - from > MOST_REPLAYED)
      return sendTo(connection, JSON.stringify({ type: "snapshot", head: log.head }));
    for (let at = from; at < log.head;) {
      const events = changes.after(at, REPLAYED_AT_ONCE, member.seesFrom);
      const last = events.at(-1);
      if (last === undefined) break;
      sendTo(connection, JSON.stringify({ type: "events", events }));
      at = last.seq;
    }
    sendTo(connection, JSON.stringify({ type: "resumed", head: log.head }));
  }

  #refuse(connection: WebSocket, ref: string | number | undefined, { code, detail, errors, retryAfter }: Problem): void {
    sendTo(
      connection,
      JSON.stringify({
        type: "error",
        ...(ref !== undefined && { ref }),
        code,
        ...(detail !== undefined && { detail }),
        ...(errors !== undefined && { errors }),
        ...(retryAfter !== undefined && { retryAfter }),
      }),
    );
  }

  #gone(connection: Connection): void {
    const parts = this.#open;
    const attached = parseAttached(connection.state);
    if (parts === undefined || attached === undefined) return;
    parts.sockets.closed(connection, attached.member);
    const member = parts.members.byNo(attached.member);
    if (member === undefined) return;
    for (const extension of EXTENSIONS) extension.left?.(this.#tools(parts), { member, socket: connection.id });
  }

  #tools(parts: Parts): RoomTools {
    return {
      state: parts.state,
      member: (no) => {
        const member = parts.members.byNo(no);
        return member?.state === "active" ? member : undefined;
      },
      requireBegin: (member) => parts.verbs.requireBegin(member),
      send: (to, frame) => {
        const text = JSON.stringify(frame);
        for (const socket of "member" in to ? parts.sockets.of(to.member) : this.ctx.getWebSockets(to.socket)) sendTo(socket, text);
      },
      broadcast: (frame) => {
        parts.fanOut.flush();
        parts.fanOut.all(JSON.stringify(frame));
      },
      append: (by, data) => parts.changes.make((append) => append({ kind: "call", member: by, message: null, data }, () => data)),
    };
  }

  #view(member: Member): RoomView {
    const { facts, members, messages, log, unread, state } = this.#parts();
    const { kind, name, isSealed, isManaged, createdAt, closedAt, floor, blocklist, whoSends, history, slowModeS, retentionDays } =
      facts.get();
    const isIn = member.state === "active";
    const last = isIn ? messages.last(member.seesFrom) : undefined;
    const peer = kind === "direct" ? members.byNo(member.no === 1 ? 2 : 1) : undefined;
    return {
      id: this.#id,
      kind,
      name,
      sealed: isSealed,
      managed: isManaged,
      createdAt: iso(createdAt),
      closedAt: isoOrNull(closedAt),
      settings: { whoSends, history, slowModeS, blocklist: isIn && isStaff(member) ? blocklist : null, retentionDays },
      members: members.active,
      peer: peer === undefined ? null : authorView(peer),
      head: isIn ? log.head : 0,
      floor,
      last: last === undefined ? null : messages.view(last, state.now()),
      own: {
        member: member.no,
        role: member.role,
        state: member.state,
        receipts: member.receipts,
        presence: member.presence,
        notify: member.notify,
        mutedUntil: isoOrNull(member.mutedUntil),
        archived: member.isArchived,
        silencedUntil: isoOrNull(member.silencedUntil),
      },
      unread: isIn ? unread.view(member) : { messages: 0, mentions: 0, marked: false, readTo: 0, threads: [] },
    };
  }

  /** The caller as a member; a room that is not there and one that is not theirs look the same. */
  #member(person: PersonId, states: readonly Member["state"][] = ["active"]): Member {
    const member = this.#open?.members.byPerson(person);
    if (member === undefined || !states.includes(member.state)) throw notFound("room");
    return member;
  }

  #staff(person: PersonId): Member {
    const member = this.#member(person);
    if (this.#parts().facts.get().kind === "direct") throw problem("forbidden", "A direct room has no staff.");
    requireStaff(member);
    return member;
  }

  #other(no: number): Member {
    const member = this.#parts().members.byNo(no);
    if (member === undefined || member.state === "erased") throw notFound("member");
    return member;
  }

  #requireOwn({ facts }: Parts): void {
    const { kind, isManaged } = facts.get();
    if (isManaged) throw problem("conflict", "Members of this room come and go with what it belongs to.");
    if (kind === "direct") throw problem("conflict", "A direct room is of two.");
  }

  #parts(): Parts {
    if (this.#open === undefined) throw notFound("room");
    return this.#open;
  }

  #build(): Parts {
    const isChanged = migrate(this.ctx.storage, ROOM_MIGRATIONS);
    this.#open = openParts(this.ctx, this.env, this.#id);
    // A migration may have left something to do, and sets no alarm.
    if (isChanged) this.#open.state.timers.wake();
    for (const extension of EXTENSIONS) extension.begin?.(this.#tools(this.#open));
    return this.#open;
  }

  async #destroy(parts: Parts): Promise<void> {
    parts.sockets.endAll();
    await parts.attachments.destroy();
    await this.ctx.storage.deleteAll();
    this.#open = undefined;
  }
}

const MOST_KEYS = 20;

function inWithTheNext(): Error {
  return problem("unavailable", "Somebody comes in with the next call.", { retryAfter: 60 });
}

function admitted(request: Request): Admission {
  const admission = readAdmission(request.headers.get(ADMISSION_HEADER));
  if (admission === undefined) throw problem("unauthenticated");
  return admission;
}

/** A frame as a JSON object, or undefined where it is none. */
function frameOf(message: WSMessage): Record<string, unknown> | undefined {
  if (typeof message !== "string" || message.length > LONGEST_FRAME) return undefined;
  const value = parseJson(message);
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
}

/** Where the marks are, as offsets in the text without them. */
function rangesOf(marked: string): [number, number][] {
  const ranges: [number, number][] = [];
  let offset = 0;
  let start = 0;
  for (const char of marked) {
    if (char === MARKS[0]) start = offset;
    else if (char === MARKS[1]) ranges.push([start, offset]);
    else offset += char.length;
  }
  return ranges;
}
