import type { AttachmentView, MessageView, PollView } from "../../shared/messaging/views";
import type { Card, PollForm, Sealed } from "../../shared/messaging/verbs";
import { authorView, type Members } from "./members";
import { iso, isoOrNull } from "./state";

/** What a message says beside its text. */
export interface MessageBody {
  readonly sealed?: Sealed;
  readonly mentions?: readonly (number | "room")[];
  readonly card?: Card;
  readonly poll?: PollForm & { readonly closedAt?: number };
  readonly system?: { readonly code: string; readonly about: Readonly<Record<string, string | number | null>> };
  readonly hasAttachments?: true;
}

/** A message as it is stored. */
export interface Message {
  readonly seq: number;
  readonly thread: number;
  readonly author: number;
  readonly at: number;
  readonly kind: MessageView["kind"];
  readonly text: string | null;
  readonly body: MessageBody;
  readonly replyTo: number | null;
  readonly editedAt: number | null;
  readonly deletedAt: number | null;
  readonly pinnedAt: number | null;
}

type Row = {
  seq: number;
  thread: number;
  author: number;
  at: number;
  kind: MessageView["kind"];
  text: string | null;
  body: string | null;
  reply_to: number | null;
  edited_at: number | null;
  deleted_at: number | null;
  pinned_at: number | null;
};

/** Members that are named at a reaction or a vote; the counts are whole. */
const MOST_NAMED = 50;

/** A part of the history of one timeline, in order. */
export interface HistoryQuery {
  readonly thread: number;
  /** The first message that the reader may see. */
  readonly from: number;
  readonly before?: number | undefined;
  readonly after?: number | undefined;
  readonly limit: number;
}

/** The messages of a room as they are now. */
export class Messages {
  readonly #sql: SqlStorage;
  readonly #members: Members;

  constructor(sql: SqlStorage, members: Members) {
    this.#sql = sql;
    this.#members = members;
  }

  insert(message: Pick<Message, "seq" | "thread" | "author" | "at" | "kind" | "text" | "body" | "replyTo">): Message {
    const { seq, thread, author, at, kind, text, body, replyTo } = message;
    this.#sql.exec(
      "INSERT INTO messages (seq, thread, author, at, kind, text, body, reply_to) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
      seq,
      thread,
      author,
      at,
      kind,
      text,
      bodyText(body),
      replyTo,
    );
    if (body.mentions !== undefined) this.mention(seq, thread, body.mentions);
    return { ...message, editedAt: null, deletedAt: null, pinnedAt: null };
  }

  get(seq: number): Message | undefined {
    return this.#read("WHERE seq = ?", seq)[0];
  }

  /** Puts a new text or body in the place of the last, which is kept. */
  edit(message: Message, text: string | null, body: MessageBody, at: number): void {
    this.#sql.exec(
      "INSERT INTO edits (message, no, at, text, body) SELECT seq, (SELECT count(*) FROM edits WHERE message = ?1), coalesce(edited_at, at), text, body FROM messages WHERE seq = ?1",
      message.seq,
    );
    this.#sql.exec("UPDATE messages SET text = ?, body = ?, edited_at = ? WHERE seq = ?", text, bodyText(body), at, message.seq);
    this.#sql.exec("DELETE FROM mentions WHERE message = ?", message.seq);
    this.mention(message.seq, message.thread, body.mentions ?? []);
  }

  /** How often a message was edited. */
  countEdits(seq: number): number {
    return this.#sql.exec<{ n: number }>("SELECT count(*) AS n FROM edits WHERE message = ?", seq).one().n;
  }

  /** How many messages are pinned. */
  countPinned(): number {
    return this.#sql.exec<{ n: number }>("SELECT count(*) AS n FROM messages WHERE pinned_at IS NOT NULL").one().n;
  }

  /** What a message said before, the oldest first. */
  edits(seq: number): { readonly at: number; readonly text: string | null; readonly body: MessageBody }[] {
    return this.#sql
      .exec<{ at: number; text: string | null; body: string | null }>("SELECT at, text, body FROM edits WHERE message = ? ORDER BY no", seq)
      .toArray()
      .map(({ at, text, body }) => ({ at, text, body: bodyOf(body) }));
  }

  /** Leaves nothing of a message but its place. */
  bury(seq: number, at: number): void {
    this.#sql.exec("UPDATE messages SET text = NULL, body = NULL, deleted_at = ?, pinned_at = NULL WHERE seq = ?", at, seq);
    for (const table of ["edits", "reactions", "votes", "mentions"]) this.#sql.exec(`DELETE FROM ${table} WHERE message = ?`, seq);
    this.#sql.exec("DELETE FROM texts WHERE rowid = ?", seq);
  }

  pin(seq: number, at: number | null): void {
    this.#sql.exec("UPDATE messages SET pinned_at = ? WHERE seq = ?", at, seq);
  }

  /** Replaces what a message says beside its text, without a trace: a poll that closes. */
  setBody(seq: number, body: MessageBody): void {
    this.#sql.exec("UPDATE messages SET body = ? WHERE seq = ?", bodyText(body), seq);
  }

  mention(seq: number, thread: number, mentions: readonly (number | "room")[]): void {
    for (const member of new Set(mentions)) {
      this.#sql.exec(
        "INSERT INTO mentions (member, thread, message) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        member === "room" ? 0 : member,
        thread,
        seq,
      );
    }
  }

  /** The messages of a timeline before or after one, in order; the newest where neither is said. */
  history({ thread, from, before, after, limit }: HistoryQuery): Message[] {
    if (after !== undefined) {
      return this.#read("WHERE thread = ? AND seq > ? ORDER BY seq LIMIT ?", thread, Math.max(after, from - 1), limit);
    }
    return this.#read(
      "WHERE thread = ? AND seq >= ? AND seq < ? ORDER BY seq DESC LIMIT ?",
      thread,
      from,
      before ?? Number.MAX_SAFE_INTEGER,
      limit,
    ).toReversed();
  }

  /** Those of a list that are there, in the order of the list. */
  some(seqs: readonly number[]): Message[] {
    const found = new Map(
      this.#read("WHERE seq IN (SELECT value FROM json_each(?))", JSON.stringify(seqs)).map((message) => [message.seq, message]),
    );
    return seqs.map((seq) => found.get(seq)).filter((message) => message !== undefined);
  }

  pinned(from: number, limit: number): Message[] {
    return this.#read("WHERE pinned_at IS NOT NULL AND seq >= ? ORDER BY pinned_at DESC LIMIT ?", from, limit);
  }

  last(from: number): Message | undefined {
    return this.#read("WHERE thread = 0 AND seq >= ? ORDER BY seq DESC LIMIT 1", from)[0];
  }

  /** What a member wrote and still stands, after one, in order. */
  of(member: number, after: number, limit: number): Message[] {
    return this.#read("WHERE author = ? AND seq > ? AND deleted_at IS NULL ORDER BY seq LIMIT ?", member, after, limit);
  }

  /** Forgets everything up to and including a number. */
  purge(floor: number): void {
    this.#sql.exec("DELETE FROM messages WHERE seq <= ?", floor);
    for (const table of ["edits", "reactions", "votes", "mentions"]) this.#sql.exec(`DELETE FROM ${table} WHERE message <= ?`, floor);
    this.#sql.exec("DELETE FROM follows WHERE thread <= ?", floor);
    this.#sql.exec("DELETE FROM reports WHERE message <= ?", floor);
    this.#sql.exec("DELETE FROM texts WHERE rowid <= ?", floor);
  }

  /** A message that was written just now: nothing has been added to it. */
  fresh(message: Message, attachments: readonly AttachmentView[] = []): MessageView {
    return this.#view(message, {
      attachments,
      reactions: [],
      replies: 0,
      poll: message.body.poll === undefined ? null : pollView(message.body.poll, [], message.at),
    });
  }

  view(message: Message, now: number): MessageView {
    const [view] = this.views([message], now);
    if (view === undefined) throw new TypeError("a message has a view");
    return view;
  }

  /** What is shown of messages; a few queries for all of them. */
  views(messages: readonly Message[], now: number): MessageView[] {
    const living = messages.filter(({ deletedAt }) => deletedAt === null);
    const list = JSON.stringify(living.map(({ seq }) => seq));
    const reactions = Map.groupBy(
      this.#sql.exec<{ message: number; emoji: string; member: number }>(
        "SELECT message, emoji, member FROM reactions WHERE message IN (SELECT value FROM json_each(?)) ORDER BY message, at, emoji, member",
        list,
      ),
      ({ message }) => message,
    );
    const votes = living.some(({ kind }) => kind === "poll")
      ? Map.groupBy(
          this.#sql.exec<Vote>(
            "SELECT message, option, member FROM votes WHERE message IN (SELECT value FROM json_each(?)) ORDER BY message, option, at, member",
            list,
          ),
          ({ message }) => message,
        )
      : new Map<number, Vote[]>();
    const attachments = living.some(({ body }) => body.hasAttachments === true)
      ? this.#attachments(list)
      : new Map<number, AttachmentView[]>();
    const replies = new Map(
      this.#sql
        .exec<{ thread: number; n: number }>(
          "SELECT thread, count(*) AS n FROM messages WHERE thread IN (SELECT value FROM json_each(?)) AND deleted_at IS NULL AND author <> 0 GROUP BY thread",
          JSON.stringify(messages.map(({ seq }) => seq)),
        )
        .toArray()
        .map(({ thread, n }) => [thread, n]),
    );
    return messages.map((message) =>
      this.#view(message, {
        attachments: attachments.get(message.seq) ?? [],
        reactions: [...Map.groupBy(reactions.get(message.seq) ?? [], ({ emoji }) => emoji)].map(([emoji, of]) => ({
          emoji,
          count: of.length,
          members: of.slice(0, MOST_NAMED).map(({ member }) => member),
        })),
        replies: replies.get(message.seq) ?? 0,
        poll: message.body.poll === undefined ? null : pollView(message.body.poll, votes.get(message.seq) ?? [], now),
      }),
    );
  }

  #attachments(list: string): Map<number, AttachmentView[]> {
    const rows = this.#sql.exec<AttachmentRow & { message: number }>(
      "SELECT * FROM attachments WHERE message IN (SELECT value FROM json_each(?)) ORDER BY message, id",
      list,
    );
    const found = new Map<number, AttachmentView[]>();
    for (const row of rows) found.set(row.message, [...(found.get(row.message) ?? []), attachmentView(row)]);
    return found;
  }

  #view(message: Message, of: Pick<MessageView, "attachments" | "reactions" | "replies" | "poll">): MessageView {
    const author = message.author === 0 ? undefined : this.#members.byNo(message.author);
    const { sealed = null, mentions = [], card = null, system = null } = message.body;
    return {
      seq: message.seq,
      at: iso(message.at),
      thread: message.thread === 0 ? null : message.thread,
      kind: message.kind,
      author: author === undefined ? null : authorView(author),
      text: message.text,
      sealed,
      replyTo: message.replyTo,
      mentions,
      attachments: of.attachments,
      card,
      poll: of.poll,
      system,
      reactions: of.reactions,
      replies: of.replies,
      editedAt: isoOrNull(message.editedAt),
      deletedAt: isoOrNull(message.deletedAt),
      pinnedAt: isoOrNull(message.pinnedAt),
    };
  }

  #read(condition: string, ...values: (string | number)[]): Message[] {
    return this.#sql
      .exec<Row>(`SELECT * FROM messages ${condition}`, ...values)
      .toArray()
      .map((row) => ({
        seq: row.seq,
        thread: row.thread,
        author: row.author,
        at: row.at,
        kind: row.kind,
        text: row.text,
        body: bodyOf(row.body),
        replyTo: row.reply_to,
        editedAt: row.edited_at,
        deletedAt: row.deleted_at,
        pinnedAt: row.pinned_at,
      }));
  }
}

type Vote = { message: number; option: number; member: number };

export type AttachmentRow = {
  id: string;
  type: string;
  kind: AttachmentView["kind"];
  size: number;
  name: string | null;
  width: number | null;
  height: number | null;
  duration_ms: number | null;
};

export function attachmentView(row: AttachmentRow): AttachmentView {
  const { id, type, kind, size, name, width, height, duration_ms: durationMs } = row;
  return { id, type, kind, size, name, width, height, durationMs };
}

function bodyText(body: MessageBody): string | null {
  const text = JSON.stringify(body);
  return text === "{}" ? null : text;
}

function bodyOf(text: string | null): MessageBody {
  return text === null ? {} : (JSON.parse(text) as MessageBody);
}

function pollView(poll: NonNullable<MessageBody["poll"]>, votes: readonly Vote[], now: number): PollView {
  return {
    question: poll.question,
    multiple: poll.multiple,
    anonymous: poll.anonymous,
    closesAt: poll.closesAt ?? null,
    isClosed: isClosed(poll, now),
    voters: new Set(votes.map(({ member }) => member)).size,
    options: poll.options.map((text, i) => {
      const of = votes.filter(({ option }) => option === i);
      return { text, votes: of.length, members: poll.anonymous ? null : of.slice(0, MOST_NAMED).map(({ member }) => member) };
    }),
  };
}

/** Whether nobody may vote any more. */
export function isClosed(poll: NonNullable<MessageBody["poll"]>, now: number): boolean {
  return poll.closedAt !== undefined || (poll.closesAt !== undefined && Date.parse(poll.closesAt) <= now);
}
