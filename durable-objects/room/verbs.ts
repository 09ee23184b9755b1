import { SECOND_MS } from "../../shared/clock";
import { blocklist, type Blocklist } from "../../shared/messaging/blocklist";
import { digestOf } from "../../shared/messaging/digest";
import type { Verb, VerbAnswer, VerbOf } from "../../shared/messaging/verbs";
import { type Problem, notFound, problem } from "../../shared/problem";
import type { Attachments } from "./attachments";
import type { Changes } from "./changes";
import type { FanOut } from "./fan-out";
import type { EventLog } from "./log";
import { isStaff, type Member, type Members, requireBelow } from "./members";
import { isClosed, type Message, type MessageBody, type Messages } from "./messages";
import { type Facts, iso, type RoomState } from "./state";
import type { Search } from "./search";
import type { Typing } from "./typing";
import type { Unread } from "./unread";

/** Rooms of more members than this have no presence, and show nobody's receipts. */
export const MOST_SHOWN = 250;
/** All that a message said before is shown at once, and so are all messages that are pinned. */
const MOST_EDITS = 100;
export const MOST_PINNED = 100;

export interface VerbParts {
  readonly facts: Facts;
  readonly members: Members;
  readonly messages: Messages;
  readonly log: EventLog;
  readonly changes: Changes;
  readonly unread: Unread;
  readonly fanOut: FanOut;
  readonly attachments: Attachments;
  readonly search: Search;
  readonly typing: Typing;
  /** Something was said that members may want to hear of. */
  readonly onMessage: () => void;
  /** A member has read to a number. */
  readonly onRead: (member: Member, seq: number) => void;
  /** A message was reported. */
  readonly onReport: (reporter: number, message: Message) => void;
  /** Writes down what staff did. */
  readonly note: (by: Member, action: string, concerned: number, message: number) => void;
}

/**
 * The verbs of a room. Each may be repeated: a message by its client's id, the others because they change nothing the second time, and the
 * answer is the one of the first.
 */
export class Verbs {
  readonly #state: RoomState;
  readonly #parts: VerbParts;
  #blocklist: { readonly words: readonly string[]; readonly has: Blocklist } | undefined;

  constructor(state: RoomState, parts: VerbParts) {
    this.#state = state;
    this.#parts = parts;
  }

  /** Does what an active member asks for. Throws problems. */
  perform(member: Member, verb: Verb): VerbAnswer {
    switch (verb.type) {
      case "send":
        return this.#send(member, verb);
      case "edit":
        return this.#edit(member, verb);
      case "delete":
        return this.#delete(member, verb.seq);
      case "react":
      case "unreact":
        return this.#react(member, verb);
      case "pin":
      case "unpin":
        return this.#pin(member, verb);
      case "vote":
        return this.#vote(member, verb);
      case "close_poll":
        return this.#closePoll(member, verb.seq);
      case "read":
        return this.#read(member, verb);
      case "delivered":
        return this.#delivered(member, verb.seq);
      case "unread":
        return this.#unread(member, verb.seq);
      case "typing":
        this.#requireFlow(member);
        this.#parts.typing.note(member.no, verb.thread ?? 0, verb.typing, this.#state.now());
        return this.#answer(0, this.#state.now());
      case "report":
        return this.#report(member, verb);
      case "settings":
        return this.#settings(member, verb);
    }
  }

  /** Whether a retry of a message asks for the same as the message did; its answer. */
  #sentBefore(member: Member, { clientId }: VerbOf<"send">, digest: number): VerbAnswer | undefined {
    const before = this.#parts.log.sentAs(member.no, clientId);
    if (before === undefined) return undefined;
    if (before.digest !== digest) throw problem("idempotency_mismatch", "The client id was used for another message.");
    return this.#answer(before.seq, before.at);
  }

  #send(member: Member, verb: VerbOf<"send">): VerbAnswer {
    const digest = digestOf(JSON.stringify(verb));
    const before = this.#sentBefore(member, verb, digest);
    if (before !== undefined) return before;
    const { log, messages, changes, attachments, unread, members } = this.#parts;
    this.#requireSend(member, verb.thread);
    this.#requireContent(member, verb);
    if (verb.thread !== undefined && this.#visible(member, verb.thread).thread !== 0)
      throw invalid("/thread", "not_a_root", "A thread begins in the main timeline.");
    if (verb.replyTo !== undefined) this.#visible(member, verb.replyTo);
    const files = attachments.claimable(member.no, verb.attachments, this.#parts.facts.get().isSealed);
    const thread = verb.thread ?? 0;
    const event = changes.make((append, now) => {
      const message: Omit<Message, "editedAt" | "deletedAt" | "pinnedAt"> = {
        seq: log.head + 1,
        thread,
        author: member.no,
        at: now,
        kind: kindOf(verb),
        text: verb.text ?? null,
        body: bodyOf(verb),
        replyTo: verb.replyTo ?? null,
      };
      const stored = messages.insert(message);
      if (files.length > 0)
        attachments.claim(
          files.map(({ id }) => id),
          message.seq,
        );
      if (thread !== 0) this.#followThread(member, thread);
      if (this.#parts.facts.get().slowModeS > 0) members.sent(member, now);
      return append(
        { kind: "message", member: member.no, message: null, data: null },
        ({ seq }) => ({ of: seq, message: messages.fresh(stored, files), clientId: verb.clientId }),
        { id: verb.clientId, digest },
      );
    });
    if (thread !== 0) unread.read(member.no, thread, "private", event.seq, event.at);
    this.#parts.typing.note(member.no, thread, false, event.at);
    this.#parts.onMessage();
    return this.#answer(event.seq, event.at);
  }

  #followThread(member: Member, thread: number): void {
    const root = this.#parts.messages.get(thread);
    if (root !== undefined && root.author !== 0) this.#parts.unread.follow(root.author, thread);
    this.#parts.unread.follow(member.no, thread);
  }

  #edit(member: Member, verb: VerbOf<"edit">): VerbAnswer {
    const message = this.#own(member, verb.seq);
    this.#requireFlow(member);
    const isSealed = message.kind === "sealed";
    if (!["text", "sealed", "files", "card"].includes(message.kind)) throw problem("conflict", "This message cannot be edited.");
    if (isSealed ? verb.sealed === undefined || verb.text !== undefined : verb.text === undefined || verb.sealed !== undefined)
      throw invalid(isSealed ? "/sealed" : "/text", "required", "Send what the message is to say.");
    if (verb.text !== undefined) this.#requireWords(verb.text);
    if (verb.mentions !== undefined) this.#requireMentions(member, verb.mentions);
    const mentions = verb.mentions ?? message.body.mentions;
    const body: MessageBody = {
      ...message.body,
      ...(verb.sealed !== undefined && { sealed: verb.sealed }),
      ...(mentions !== undefined && { mentions }),
    };
    const text = verb.text ?? null;
    if (text === message.text && JSON.stringify(body) === JSON.stringify(message.body)) {
      return this.#lastAnswer(verb.seq, ["edit"], message);
    }
    const { changes, messages, search } = this.#parts;
    if (messages.countEdits(verb.seq) >= MOST_EDITS) throw problem("conflict", "This message was edited a hundred times: write another.");
    const event = changes.make((append, now) => {
      messages.edit(message, text, body, now);
      search.changed(verb.seq, text);
      return append({ kind: "edit", member: member.no, message: verb.seq, data: null }, () => ({
        of: verb.seq,
        message: this.#isEverybodys(verb.seq) ? this.#shown(verb.seq) : null,
      }));
    });
    return this.#answer(event.seq, event.at);
  }

  #delete(member: Member, seq: number): VerbAnswer {
    const message = this.#visible(member, seq);
    if (message.author !== member.no && !isStaff(member))
      throw problem("forbidden", "Only its author and the room's staff may delete a message.");
    if (message.deletedAt !== null) return this.#lastAnswer(seq, ["delete"], message);
    if (message.author !== member.no) {
      const author = this.#parts.members.byNo(message.author);
      if (author !== undefined) requireBelow(member, author);
      this.#parts.note(member, "delete", message.author, seq);
    }
    return this.bury(member.no, message);
  }

  /** Leaves a tombstone in the place of a message. */
  bury(by: number, { seq }: Pick<Message, "seq">): VerbAnswer {
    const { changes, messages, attachments } = this.#parts;
    const event = changes.make((append, now) => {
      messages.bury(seq, now);
      attachments.drop(seq);
      return append({ kind: "delete", member: by, message: seq, data: null }, () => ({ of: seq }));
    });
    return this.#answer(event.seq, event.at);
  }

  #react(member: Member, { type, seq, emoji }: VerbOf<"react"> | VerbOf<"unreact">): VerbAnswer {
    const message = this.#living(member, seq);
    this.#requireFlow(member);
    const { changes } = this.#parts;
    const { sql } = this.#state;
    const has =
      sql.exec("SELECT 1 FROM reactions WHERE message = ? AND emoji = ? AND member = ?", seq, emoji, member.no).toArray().length > 0;
    if (has === (type === "react")) return this.#lastAnswer(seq, [type], message);
    const event = changes.make((append, now) => {
      if (type === "react") sql.exec("INSERT INTO reactions (message, emoji, member, at) VALUES (?, ?, ?, ?)", seq, emoji, member.no, now);
      else sql.exec("DELETE FROM reactions WHERE message = ? AND emoji = ? AND member = ?", seq, emoji, member.no);
      return append({ kind: type, member: member.no, message: seq, data: { emoji } }, () => ({ of: seq, emoji }));
    });
    return this.#answer(event.seq, event.at);
  }

  #pin(member: Member, { type, seq }: VerbOf<"pin"> | VerbOf<"unpin">): VerbAnswer {
    const message = this.#living(member, seq);
    if (!isStaff(member) && this.#parts.facts.get().kind !== "direct")
      throw problem("forbidden", "Only the room's staff may pin a message.");
    this.#requireFlow(member);
    if ((message.pinnedAt !== null) === (type === "pin")) return this.#lastAnswer(seq, [type], message);
    const { changes, messages } = this.#parts;
    if (type === "pin" && messages.countPinned() >= MOST_PINNED) throw problem("conflict", "Unpin a message first: a hundred are pinned.");
    const event = changes.make((append, now) => {
      messages.pin(seq, type === "pin" ? now : null);
      return append({ kind: type, member: member.no, message: seq, data: null }, () => ({ of: seq }));
    });
    return this.#answer(event.seq, event.at);
  }

  #vote(member: Member, { seq, options }: VerbOf<"vote">): VerbAnswer {
    const message = this.#living(member, seq);
    this.#requireFlow(member);
    const { poll } = message.body;
    if (poll === undefined) throw problem("conflict", "This message is no poll.");
    if (isClosed(poll, this.#state.now())) throw problem("conflict", "The poll is closed.");
    const chosen = [...new Set(options)].toSorted((a, b) => a - b);
    if (chosen.some((option) => option >= poll.options.length)) throw invalid("/options", "unknown_option", "There is no such option.");
    if (!poll.multiple && chosen.length > 1) throw invalid("/options", "one_only", "One option can be chosen.");
    const { sql } = this.#state;
    const before = sql
      .exec<{ option: number }>("SELECT option FROM votes WHERE message = ? AND member = ? ORDER BY option", seq, member.no)
      .toArray()
      .map(({ option }) => option);
    if (before.join() === chosen.join()) return this.#lastAnswer(seq, ["vote"], message);
    const event = this.#parts.changes.make((append, now) => {
      sql.exec("DELETE FROM votes WHERE message = ? AND member = ?", seq, member.no);
      for (const option of chosen)
        sql.exec("INSERT INTO votes (message, option, member, at) VALUES (?, ?, ?, ?)", seq, option, member.no, now);
      // Of an anonymous poll the log does not know who either.
      return append({ kind: "vote", member: poll.anonymous ? 0 : member.no, message: seq, data: null }, () => ({
        of: seq,
        poll: this.#isEverybodys(seq) ? this.#shown(seq).poll : null,
      }));
    });
    return this.#answer(event.seq, event.at);
  }

  #closePoll(member: Member, seq: number): VerbAnswer {
    const message = this.#living(member, seq);
    const { poll } = message.body;
    if (poll === undefined) throw problem("conflict", "This message is no poll.");
    if (message.author !== member.no && !isStaff(member))
      throw problem("forbidden", "Only its author and the room's staff may close a poll.");
    if (poll.closedAt !== undefined) return this.#lastAnswer(seq, ["close_poll"], message);
    const event = this.#parts.changes.make((append, now) => {
      this.#parts.messages.setBody(seq, { ...message.body, poll: { ...poll, closedAt: now } });
      return append({ kind: "close_poll", member: member.no, message: seq, data: null }, () => ({
        of: seq,
        poll: this.#isEverybodys(seq) ? this.#shown(seq).poll : null,
      }));
    });
    return this.#answer(event.seq, event.at);
  }

  #read(member: Member, { seq: asked, thread = 0, private: isPrivate }: VerbOf<"read">): VerbAnswer {
    const { unread, members, fanOut, log, onRead } = this.#parts;
    const seq = Math.min(asked, log.head);
    const now = Math.floor(this.#state.now());
    onRead(member, seq);
    if (member.isMarkedUnread && thread === 0) members.set(member.no, { is_marked_unread: 0 });
    const kind = isPrivate || member.receipts === "private" ? "private" : "public";
    const isNews = unread.read(member.no, thread, kind, seq, now);
    if (isNews && kind === "public" && members.active <= MOST_SHOWN)
      fanOut.signal(`read ${member.no} ${thread}`, { kind: "read", member: member.no, thread: thread === 0 ? null : thread, seq });
    return this.#answer(0, now);
  }

  #delivered(member: Member, asked: number): VerbAnswer {
    const { members, fanOut, log } = this.#parts;
    const seq = Math.min(asked, log.head);
    if (seq > member.delivered) {
      members.set(member.no, { delivered: seq });
      if (member.receipts === "public" && members.active <= MOST_SHOWN)
        fanOut.signal(`delivered ${member.no}`, { kind: "delivered", member: member.no, seq });
    }
    return this.#answer(0, this.#state.now());
  }

  #unread(member: Member, seq: number): VerbAnswer {
    const message = this.#visible(member, seq);
    const now = Math.floor(this.#state.now());
    this.#parts.unread.unread(member.no, message.thread, seq, now);
    this.#parts.members.set(member.no, { is_marked_unread: 1 });
    return this.#answer(0, now);
  }

  #report(member: Member, { seq, reason, note }: VerbOf<"report">): VerbAnswer {
    const message = this.#living(member, seq);
    if (message.author === 0 || message.author === member.no) throw problem("conflict", "This message cannot be reported.");
    const now = Math.floor(this.#state.now());
    this.#state.sql.exec(
      "INSERT INTO reports (message, reporter, reason, note, at, state) VALUES (?, ?, ?, ?, ?, 'open') ON CONFLICT DO NOTHING",
      seq,
      member.no,
      reason,
      note ?? null,
      now,
    );
    this.#parts.onReport(member.no, message);
    return this.#answer(0, now);
  }

  #settings(member: Member, settings: VerbOf<"settings">): VerbAnswer {
    const { receipts, presence, notify, mutedUntil, archived } = settings;
    const columns = {
      ...(receipts !== undefined && { receipts }),
      ...(presence !== undefined && { presence }),
      ...(notify !== undefined && { notify }),
      ...(mutedUntil !== undefined && { muted_until: mutedUntil === null ? null : Date.parse(mutedUntil) }),
      ...(archived !== undefined && { is_archived: Number(archived) }),
    };
    if (Object.keys(columns).length > 0) this.#parts.members.set(member.no, columns);
    return this.#answer(0, this.#state.now());
  }

  /** Throws where a member may not begin something that reaches all the others, such as a call. */
  requireBegin(member: Member): void {
    this.#requireFlow(member);
    const { kind, whoSends } = this.#parts.facts.get();
    // Devices tell each other their addresses.
    if (kind === "challenge") throw problem("conflict", "Nobody is called where people go by aliases.");
    if (whoSends === "staff" && !isStaff(member)) throw problem("forbidden", "Here the staff begins.");
  }

  /** Throws where messages of this member may not come in now. */
  #requireSend(member: Member, thread: number | undefined): void {
    this.#requireFlow(member);
    const { whoSends, slowModeS } = this.#parts.facts.get();
    if (isStaff(member)) return;
    if (whoSends === "staff" && thread === undefined) throw problem("forbidden", "Here the staff begins; answer in a thread.");
    const waitMs = member.lastSentAt + slowModeS * SECOND_MS - this.#state.now();
    if (slowModeS > 0 && waitMs > 0)
      throw problem("rate_limited", "This room is slow: wait before you write again.", { retryAfter: Math.ceil(waitMs / SECOND_MS) });
  }

  /** Throws where nothing of this member may reach the others. */
  #requireFlow(member: Member): void {
    const { facts, members } = this.#parts;
    const { kind, closedAt } = facts.get();
    if (closedAt !== null) throw problem("conflict", "The room is closed.");
    if (member.silencedUntil !== null && member.silencedUntil > this.#state.now()) {
      throw problem("forbidden", "The room's staff has asked you to pause.", {
        retryAfter: Math.ceil((member.silencedUntil - this.#state.now()) / SECOND_MS),
      });
    }
    if (kind !== "direct") return;
    const other = members.byNo(member.no === 1 ? 2 : 1);
    // Blocked and not accepted look the same.
    if (other?.state !== "active" || other.hasBlocked || member.hasBlocked)
      throw problem("forbidden", "Messages do not flow here until both of you want them to.");
  }

  #requireContent(member: Member, verb: VerbOf<"send">): void {
    const { isSealed } = this.#parts.facts.get();
    if (isSealed) {
      if (verb.text !== undefined || verb.card !== undefined || verb.poll !== undefined)
        throw invalid(verb.text === undefined ? "/card" : "/text", "plaintext", "This room is sealed: send what your device has sealed.");
      if (verb.sealed === undefined) throw invalid("/sealed", "required", "This room is sealed: send what your device has sealed.");
    } else {
      if (verb.sealed !== undefined) throw invalid("/sealed", "not_sealed", "This room is not sealed.");
      if (verb.text === undefined && verb.card === undefined && verb.poll === undefined && verb.attachments.length === 0)
        throw invalid("/text", "required", "A message says something.");
      if (verb.poll !== undefined && (verb.card !== undefined || verb.text !== undefined || verb.attachments.length > 0))
        throw invalid("/poll", "alone", "A poll stands alone.");
      if (verb.poll?.closesAt !== undefined && Date.parse(verb.poll.closesAt) <= this.#state.now())
        throw invalid("/poll/closesAt", "past", "A poll closes later.");
      for (const text of [verb.text, verb.poll?.question, ...(verb.poll?.options ?? [])]) if (text !== undefined) this.#requireWords(text);
    }
    this.#requireMentions(member, verb.mentions);
  }

  #requireMentions(member: Member, mentions: readonly (number | "room")[]): void {
    for (const one of mentions) {
      if (
        one === "room" ? !isStaff(member) && this.#parts.facts.get().kind !== "direct" : this.#parts.members.byNo(one)?.state !== "active"
      )
        throw invalid(
          "/mentions",
          "unknown_member",
          "One of those who are mentioned is not here, or the room as a whole is not yours to call.",
        );
    }
  }

  #requireWords(text: string): void {
    const { blocklist: words } = this.#parts.facts.get();
    if (words.length === 0) return;
    if (this.#blocklist?.words !== words) this.#blocklist = { words, has: blocklist(words) };
    if (this.#blocklist.has(text)) throw invalid("/text", "blocked_word", "The message has a word that this room does not want.");
  }

  /** A message that the member may see; throws `not_found`. */
  #visible(member: Member, seq: number): Message {
    const message = this.#parts.messages.get(seq);
    if (message === undefined || seq < member.seesFrom) throw notFound("message");
    return message;
  }

  #living(member: Member, seq: number): Message {
    const message = this.#visible(member, seq);
    if (message.deletedAt !== null) throw problem("gone", "The message has been deleted.");
    return message;
  }

  #own(member: Member, seq: number): Message {
    const message = this.#living(member, seq);
    if (message.author !== member.no) throw problem("forbidden", "Only its author may edit a message.");
    return message;
  }

  /** Whether everybody who is in the room now may see a message of the past: one frame goes to all, and whoever may not asks in vain. */
  #isEverybodys(seq: number): boolean {
    return this.#parts.members.latestSeesFrom() <= seq;
  }

  #shown(seq: number) {
    const message = this.#parts.messages.get(seq);
    if (message === undefined) throw notFound("message");
    return this.#parts.messages.view(message, this.#state.now());
  }

  /** The answer of what had made it so before; the message's own where nothing had to. */
  #lastAnswer(seq: number, kinds: Parameters<EventLog["lastOf"]>[1], message: Message): VerbAnswer {
    const last = this.#parts.log.lastOf(seq, kinds);
    return last === undefined ? this.#answer(seq, message.at) : this.#answer(last.seq, last.at);
  }

  #answer(seq: number, at: number): VerbAnswer {
    return { seq, at: iso(Math.floor(at)) };
  }
}

function kindOf(verb: VerbOf<"send">): Message["kind"] {
  if (verb.sealed !== undefined) return "sealed";
  if (verb.poll !== undefined) return "poll";
  if (verb.card !== undefined) return "card";
  return verb.text === undefined ? "files" : "text";
}

function bodyOf({ sealed, poll, card, mentions, attachments }: VerbOf<"send">): MessageBody {
  return {
    ...(sealed !== undefined && { sealed }),
    ...(poll !== undefined && { poll }),
    ...(card !== undefined && { card }),
    ...(mentions.length > 0 && { mentions }),
    ...(attachments.length > 0 && { hasAttachments: true as const }),
  };
}

function invalid(pointer: string, code: string, message: string): Problem {
  return problem("invalid", undefined, { errors: [{ pointer, code, message }] });
}
